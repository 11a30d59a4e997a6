//! Does a file fit a schema? The quick answer, for files that do: a validator that can say what is wrong takes longer to
//! make than ten pipelines take to render.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use regex_lite::Regex;
use serde_json::{Map as JsonMap, Value as Json};
use yaml_source::yaml::{Entry, Node, NodeKind, Resolved};

use super::check::REMOVABLE;

/// Whose schema it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SchemaAuthor {
    /// Ours: drafts 7 and 2020-12 agree on what it says, and so do their regular expressions and Rust's.
    Program,
    /// Somebody's.
    User,
}

/// Is it certain that the value fits? It never is where something is wrong, nor where a schema says more than is
/// understood here.
pub(super) fn surely_fits(node: &Node, schema: &Json, author: SchemaAuthor) -> bool {
    Fit { root: schema, author }.node(node, schema, false)
}

/// Formats that no draft knows, and so none holds a value against.
const OUR_FORMATS: [&str; 3] = ["path", "uint32", "uint64"];

struct Fit<'s> {
    root: &'s Json,
    author: SchemaAuthor,
}

impl Fit<'_> {
    /// `removable`: null takes an inherited entry out of this map.
    fn node(&self, node: &Node, schema: &Json, removable: bool) -> bool {
        let schema = match schema {
            Json::Bool(anything) => return *anything,
            Json::Object(schema) => schema,
            _ => return false,
        };
        let resolved = match &node.kind {
            NodeKind::Invalid => Some(Resolved::Null),
            NodeKind::Scalar(scalar) => Some(scalar.resolve()),
            NodeKind::List(_) | NodeKind::Map(_) => None,
        };
        // What is no text, list or map is nothing to the keywords that speak of them.
        let text = node.as_str().filter(|_| resolved == Some(Resolved::Text));
        let list = node.as_list();
        let entries = node.as_map().map(|map| {
            let kept = move |entry: &&Entry| !(removable && entry.value.is_null());
            map.entries().iter().filter(kept)
        });
        schema.iter().all(|(keyword, value)| match keyword.as_str() {
            "type" => is_of_type(node, resolved, value),
            "enum" => {
                value.as_array().is_some_and(|words| words.iter().any(|word| text.is_some() && word.as_str() == text))
            }
            "pattern" => text.is_none_or(|text| {
                self.author == SchemaAuthor::Program && value.as_str().is_some_and(|pattern| matches(pattern, text))
            }),
            "format" => value.as_str().is_some_and(|format| OUR_FORMATS.contains(&format)),
            "minimum" => match (resolved, value.as_i64()) {
                (Some(Resolved::Integer(number)), Some(least)) => number >= least,
                (Some(Resolved::Float(_)), _) | (_, None) => false,
                _ => true,
            },
            "items" => list.is_none_or(|items| items.iter().all(|item| self.node(item, value, false))),
            "minItems" => list.is_none_or(|items| is_at_least(items.len(), value)),
            "minProperties" => entries.clone().is_none_or(|entries| is_at_least(entries.count(), value)),
            "maxProperties" => {
                entries.clone().is_none_or(|entries| value.as_u64().is_some_and(|most| entries.count() as u64 <= most))
            }
            "required" => value.as_array().is_some_and(|names| {
                let has = |name: &Json| {
                    entries.clone().is_none_or(|mut all| all.any(|entry| Some(&*entry.key) == name.as_str()))
                };
                names.iter().all(has)
            }),
            "properties" | "patternProperties" | "additionalProperties" => {
                entries.clone().is_none_or(|mut entries| entries.all(|entry| self.entry(entry, schema, keyword, value)))
            }
            "$ref" => match (self.author, value.as_str().and_then(|target| target.strip_prefix('#'))) {
                (SchemaAuthor::Program, Some(pointer)) => {
                    self.root.pointer(pointer).is_some_and(|schema| self.node(node, schema, removable))
                }
                _ => false,
            },
            "$defs" | "default" | "description" | "examples" | "title" => true,
            other => other.starts_with("x-"),
        })
    }

    /// An entry, by one of the keywords that speak of entries.
    fn entry(&self, entry: &Entry, schema: &JsonMap<String, Json>, keyword: &str, value: &Json) -> bool {
        let fits = |schema: &Json| self.node(&entry.value, schema, REMOVABLE.contains(&entry.key.as_str()));
        match keyword {
            "properties" => value.as_object().is_some_and(|known| known.get(&entry.key).is_none_or(fits)),
            "patternProperties" => value.as_object().is_some_and(|known| {
                self.author == SchemaAuthor::Program
                    && known.iter().all(|(pattern, schema)| !matches(pattern, &entry.key) || fits(schema))
            }),
            _ => {
                let properties = schema.get("properties").and_then(Json::as_object);
                let patterns = schema.get("patternProperties").and_then(Json::as_object);
                properties.is_some_and(|known| known.contains_key(&entry.key))
                    || patterns.is_some_and(|known| known.keys().any(|pattern| matches(pattern, &entry.key)))
                    || fits(value)
            }
        }
    }
}

/// Is it certain that it is a JSON Schema? It never is where it says more than is understood here.
pub(crate) fn is_surely_schema(schema: &Json) -> bool {
    let schema = match schema {
        Json::Bool(_) => return true,
        Json::Object(schema) => schema,
        _ => return false,
    };
    let is_type = |name: &Json| name.as_str().is_some_and(|name| TYPES.contains(&name));
    let are_texts = |names: &Vec<Json>| names.iter().all(Json::is_string);
    schema.iter().all(|(keyword, value)| match keyword.as_str() {
        "type" => is_type(value),
        "enum" => value.as_array().is_some_and(|words| are_texts(words) && are_distinct(words)),
        "required" => value.as_array().is_some_and(|names| are_texts(names) && are_distinct(names)),
        "minimum" => value.is_number(),
        "minItems" | "minProperties" | "maxProperties" => value.is_u64(),
        "items" | "additionalProperties" => is_surely_schema(value),
        "properties" => value.as_object().is_some_and(|known| known.values().all(is_surely_schema)),
        "description" | "format" | "title" => value.is_string(),
        "examples" => value.is_array(),
        other => other == "default" || other.starts_with("x-"),
    })
}

const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];

fn are_distinct(items: &[Json]) -> bool {
    items.iter().enumerate().all(|(index, item)| !items[..index].contains(item))
}

fn is_of_type(node: &Node, resolved: Option<Resolved>, types: &Json) -> bool {
    let is = |name: &Json| match name.as_str() {
        Some("object") => node.as_map().is_some(),
        Some("array") => node.as_list().is_some(),
        Some("string") => resolved == Some(Resolved::Text),
        Some("boolean") => matches!(resolved, Some(Resolved::Bool(_))),
        Some("integer") => matches!(resolved, Some(Resolved::Integer(_))),
        Some("null") => resolved == Some(Resolved::Null),
        _ => false,
    };
    match types {
        Json::Array(several) => several.iter().any(is),
        one => is(one),
    }
}

fn is_at_least(count: usize, least: &Json) -> bool {
    least.as_u64().is_some_and(|least| count as u64 >= least)
}

/// Does a text match a pattern of a schema of ours? Each is compiled when it is first needed: most never are.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    static COMPILED: Mutex<BTreeMap<String, Arc<Regex>>> = Mutex::new(BTreeMap::new());
    let known = COMPILED.lock().unwrap_or_else(PoisonError::into_inner).get(pattern).cloned();
    let regex = known.or_else(|| {
        let made = Arc::new(Regex::new(pattern).ok()?);
        COMPILED.lock().unwrap_or_else(PoisonError::into_inner).insert(pattern.to_owned(), Arc::clone(&made));
        Some(made)
    });
    regex.is_some_and(|regex| regex.is_match(text))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::super::FileShape;
    use super::super::check::to_json;
    use super::*;
    use yaml_source::diagnostic::Diagnostics;
    use yaml_source::source::{FileId, Sources};
    use yaml_source::yaml::{Limits, read};

    /// What stands in place of each value of a file, in turn.
    const VALUES: &str = "[1, -1, 1.5, '', x, a.b/c, '{{ x }}', ((a.b)), 2h, never, ' ', \"a\\nb\", true, null, [], [x], {}, {x: y}, \
        {x: null}, {pulumi: {}}, {git: {}, image: {}}, https://a]";

    /// Each way of changing one value of a node or one of its keys.
    fn changed(node: &Node, values: &[Node], each: &mut dyn FnMut(&Node)) {
        for value in values {
            each(value);
        }
        match &node.kind {
            NodeKind::List(items) => {
                for index in 0..items.len() {
                    changed(&items[index], values, &mut |item| {
                        let mut items = items.clone();
                        items[index] = item.clone();
                        each(&Node::list(node.span, items));
                    });
                }
            }
            NodeKind::Map(map) => {
                for entry in map.entries() {
                    let mut without = map.clone();
                    without.remove(&entry.key);
                    each(&Node::map(node.span, without.clone()));
                    for key in ["x", "x y", "null", "env"] {
                        let mut renamed = without.clone();
                        renamed.set(Entry { key: key.to_owned(), ..entry.clone() });
                        each(&Node::map(node.span, renamed));
                    }
                    changed(&entry.value, values, &mut |value| {
                        let mut map = map.clone();
                        map.set(entry.with_value(value.clone()));
                        each(&Node::map(node.span, map));
                    });
                }
            }
            _ => {}
        }
    }

    fn files_below(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("rendered") {
                files_below(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "yml") {
                found.push(path);
            }
        }
    }

    fn parsed(sources: &mut Sources, name: &str, text: &str) -> (FileId, Option<Node>) {
        let file = sources.add(name, text);
        (file, read(sources, file, Limits::MANIFEST, &mut Diagnostics::default()))
    }

    #[test]
    fn validator_agrees_on_real_files_and_all_that_differ_in_one_place() {
        let mut sources = Sources::default();
        let values = parsed(&mut sources, "values", VALUES).1.unwrap();
        let mut paths = Vec::new();
        for folder in ["pipelines/ol-infrastructure", "tests/fixtures/examples"] {
            files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut paths);
        }
        paths.sort();
        let (mut fit, mut unfit) = (0, 0);
        for path in &paths {
            let shape = match path.file_name().and_then(|name| name.to_str()) {
                Some("pipegen.yml") => FileShape::Fleet,
                _ if path.parent().is_some_and(|folder| folder.ends_with("stacks") || folder.ends_with("builds")) => {
                    FileShape::Kind
                }
                _ => FileShape::Manifest,
            };
            let (_, node) = parsed(&mut sources, "file", &fs::read_to_string(path).unwrap());
            changed(&node.unwrap(), values.as_list().unwrap(), &mut |node| {
                let fits = surely_fits(node, shape.schema(), SchemaAuthor::Program);
                let valid = shape.validator().is_valid(&to_json(node));
                assert_eq!(fits, valid, "{}: {}", path.display(), to_json(node));
                *(if fits { &mut fit } else { &mut unfit }) += 1;
            });
        }
        assert!(fit > 1_000 && unfit > 1_000, "{fit} fit, {unfit} do not, of {} files", paths.len());
    }

    #[test]
    fn nothing_fits_a_schema_that_says_more_than_is_understood() {
        let mut sources = Sources::default();
        let node = parsed(&mut sources, "value", "{a: x}").1.unwrap();
        for (schema, fits) in [
            (r#"{"type": "object", "properties": {"a": {"type": "string"}}}"#, true),
            (r#"{"properties": {"a": {"minLength": 1}}}"#, false),
            (r#"{"properties": {"a": {"pattern": "^x$"}}}"#, false),
            (r##"{"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": true}}"##, false),
            (r#"{"properties": {"a": {"format": "email"}}}"#, false),
            (r#"{"required": ["b"]}"#, false),
            (r#"{"additionalProperties": false}"#, false),
        ] {
            let schema = serde_json::from_str(schema).unwrap();
            assert_eq!(surely_fits(&node, &schema, SchemaAuthor::User), fits, "{schema}");
        }
    }

    #[test]
    fn what_is_surely_a_schema_compiles() {
        for (schema, surely) in [
            (r#"{"type": "object", "required": ["a"], "properties": {"a": {"enum": ["b"], "default": 1}}}"#, true),
            (r#"{"properties": {"a": {"type": "text"}}}"#, false),
            (r#"{"properties": {"a": 1}}"#, false),
            (r#"{"required": ["a", "a"]}"#, false),
            (r#"{"items": []}"#, false),
            (r#"{"pattern": "("}"#, false),
        ] {
            let schema: Json = serde_json::from_str(schema).unwrap();
            assert_eq!(is_surely_schema(&schema), surely, "{schema}");
            assert!(!surely || super::super::compile(&schema).is_ok(), "{schema}");
        }
    }
}
