//! Help for a field that stands in the wrong place, and for a value that has the wrong shape.

use serde_json::{Map as Object, Value as Json};
use yaml_source::yaml::{Map, Node};

use crate::kind::{BUILT_IN_KINDS, Family};

use super::misfit::Wording;
use super::schema::FileShape;

/// So many maps a field may lie deeper than it was written.
const DEEPEST: usize = 3;

/// Words of other tools, or of other places, and what to write here.
const SYNONYMS: [(&str, &str); 20] = [
    ("approvers", "write `approval: {closers: {users: […]}}`"),
    ("cells", "write `groups: […]`"),
    ("clusters", "write `groups: […]`"),
    ("depends_on", "write `needs: […]`"),
    ("environment", "write `environments: […]`"),
    ("environment_variables", "write `env: {…}`"),
    ("git", "write `source: {repository: …}`"),
    ("lint", "write `rules: {RULE: …}`"),
    ("name", "write `project: …`"),
    ("params", "write `env: {…}`"),
    ("project_name", "write `project: …`"),
    ("promotion", "write `gate: issue`, `preview`, `manual` or `none`"),
    ("regions", "write `groups: […]`"),
    ("repo", "write `source: {repository: …}`"),
    ("repository", "write `source: {repository: …}`"),
    ("slack", "write `notify: {slack: …}`"),
    ("stack_prefix", "write `groups: […]`, or `names: {stack: …}` for another name of the stacks"),
    ("stacks", "write `stack: {KIND: …}`, and `environments: […]`"),
    ("stages", "write `environments: […]`"),
    ("variables", "write `env: {…}`"),
];

/// So many right places are named.
const MOST: usize = 2;

/// Returns how to write an unknown field where the language has it. `owner` is the schema of the map that it was
/// written in, and `value` what was written.
pub(super) fn right_place(
    key: &str,
    value: &Node,
    pointer: &str,
    owner: Option<&Json>,
    shape: FileShape,
) -> Option<String> {
    if shape == FileShape::Scenario {
        return None;
    }
    if shape == FileShape::Fleet && pointer == "/project" {
        return Some("write it into a manifest, such as projects/NAME.yml".to_owned());
    }
    let root = shape.schema();
    let is_top = pointer.rfind('/') == Some(0);
    let is_layer = match shape {
        FileShape::Manifest => is_top,
        FileShape::Fleet => pointer.strip_prefix("/defaults/").is_some_and(|rest| !rest.contains('/')),
        FileShape::Kind | FileShape::Scenario => false,
    };
    if is_layer {
        if let Some((_, help)) = SYNONYMS.iter().find(|(word, _)| *word == key) {
            return Some((*help).to_owned());
        }
        if FileShape::Fleet.schema()["properties"].get(key).is_some() {
            let file = if shape == FileShape::Fleet { "this file" } else { "the fleet's file" };
            return Some(format!("move `{key}` to the top level of {file}"));
        }
    }
    if shape == FileShape::Manifest && is_top {
        if is_stack_kind(key) {
            return Some(format!("write `stack: {{{key}: …}}`"));
        }
        if let Some(kind) = value.as_str().filter(|kind| key == "kind" && is_stack_kind(kind)) {
            return Some(format!("write `stack: {{{kind}: …}}`"));
        }
        let settings = value.as_map().map(Map::entries).unwrap_or_default();
        if !settings.is_empty() && settings.iter().all(|entry| FileShape::is_stage_setting(&entry.key)) {
            return Some(format!("write `overrides: {{{key}: …}}`"));
        }
    }
    let below = places_below(key, owner?, root);
    if !below.is_empty() {
        let written: Vec<String> = below.iter().take(MOST).map(|path| format!("`{}`", nested(path, key))).collect();
        return Some(format!("write {}", written.join(" or ")));
    }
    let (parent, _) = pointer.rsplit_once('/')?;
    let parent = parent.rsplit('/').next().filter(|parent| !parent.is_empty())?;
    let is_setting = root["properties"].get(key).is_some() || FileShape::is_stage_setting(key);
    is_setting.then(|| {
        let place = match shape {
            FileShape::Fleet if FileShape::is_stage_setting(key) => "`defaults`",
            FileShape::Fleet => "the top level of this file",
            _ => "the top level of the manifest",
        };
        format!("move `{key}` from `{parent}` to {place}")
    })
}

/// Returns the map right below that has most of some fields, and which of them: two at least.
pub(super) fn common_place<'s>(keys: &[String], owner: &'s Json, root: &'s Json) -> Option<(&'s str, Vec<String>)> {
    let places = children(owner, root).filter(|(name, _)| *name != "NAME").map(|(name, child)| {
        let has = |key: &&String| child.pointer("/properties").is_some_and(|known| known.get(key.as_str()).is_some());
        (name, keys.iter().filter(has).cloned().collect::<Vec<_>>())
    });
    // Of several places with as many the first is the usual one.
    let best = places.reduce(|best, place| if place.1.len() > best.1.len() { place } else { best });
    best.filter(|(_, fields)| fields.len() > 1)
}

/// Returns how to write an unknown option of a kind where the language has it.
pub(super) fn right_place_of_option(key: &str, kind: &str) -> Option<String> {
    let root = FileShape::Manifest.schema();
    let source = resolved(root.pointer("/properties/source")?, root);
    if source.pointer("/properties").is_some_and(|known| known.get(key).is_some()) {
        return Some(format!("write `source: {{{key}: …}}` beside `stack`"));
    }
    if key == "stack" {
        return Some("write `names: {stack: …}` for another name of the stack".to_owned());
    }
    root["properties"]
        .get(key)
        .is_some()
        .then(|| format!("move `{key}` from `{kind}` to the top level of the manifest"))
}

/// Returns how to write a required field, where its schema has an example.
pub(super) fn example_of(schema: &Json, path: &str, field: &str, wording: &Wording<'_>) -> Option<String> {
    let explained = match wording {
        Wording::File(shape) => &shape.explained_schema(),
        Wording::Options(..) => schema,
    };
    let (site, _) = path.rsplit_once("/required")?;
    let property = schema_at(explained, site)?.pointer("/properties")?.get(field)?;
    let property = resolved(property, explained);
    if property.get("x-secret").is_some() {
        return None;
    }
    Some(format!("add it, such as `{field}: {}`", flow(property.pointer("/examples/0")?)))
}

/// Returns the example of what a keyword stands in, by the path to the keyword, where a field has one of its own.
pub(super) fn example_of_value(schema: &Json, path: &str, wording: &Wording<'_>) -> Option<String> {
    let value = match wording {
        Wording::File(shape) => example_at(&shape.explained_schema(), path)?.clone(),
        Wording::Options(..) => example_at(schema, path)?.clone(),
    };
    Some(flow(&value))
}

fn is_stack_kind(name: &str) -> bool {
    BUILT_IN_KINDS.iter().any(|kind| kind.family == Family::Stack && kind.name == name)
}

/// `a: {b: {key: …}}`.
fn nested(path: &[&str], key: &str) -> String {
    path.iter().rev().fold(format!("{key}: …"), |inner, name| format!("{name}: {{{inner}}}"))
}

/// The shortest ways down to maps that have a field. A name that the user chooses is `NAME`.
fn places_below<'s>(key: &str, owner: &'s Json, root: &'s Json) -> Vec<Vec<&'s str>> {
    let mut level: Vec<(Vec<&str>, &Json)> = vec![(Vec::new(), owner)];
    for _ in 0..DEEPEST {
        let mut next = Vec::new();
        for (path, schema) in level {
            next.extend(children(schema, root).map(|(name, child)| ([path.as_slice(), &[name]].concat(), child)));
        }
        let found: Vec<Vec<&str>> = next
            .iter()
            .filter(|(_, schema)| schema.pointer("/properties").is_some_and(|known| known.get(key).is_some()))
            .map(|(path, _)| path.clone())
            .collect();
        if !found.is_empty() {
            return found;
        }
        level = next;
    }
    Vec::new()
}

/// The maps in a map. `names` has words of its own for what has a place elsewhere.
fn children<'s>(schema: &'s Json, root: &'s Json) -> impl Iterator<Item = (&'s str, &'s Json)> {
    let known = schema.get("properties").and_then(Json::as_object).into_iter().flat_map(Object::iter);
    let known = known.map(|(name, child)| (name.as_str(), child)).filter(|(name, _)| *name != "names");
    let chosen = schema.get("additionalProperties").filter(|child| child.is_object()).map(|child| ("NAME", child));
    known.chain(chosen).map(|(name, child)| (name, resolved(child, root)))
}

pub(super) fn resolved<'s>(schema: &'s Json, root: &'s Json) -> &'s Json {
    let target = schema.get("$ref").and_then(Json::as_str).and_then(|target| target.strip_prefix('#'));
    target.and_then(|target| root.pointer(target)).unwrap_or(schema)
}

/// Returns how to write a map or a list, where something else was written. `path` leads to the keyword that failed, and
/// `schema` is what it stands in.
pub(super) fn right_shape(
    field: &str,
    node: &Node,
    schema: Option<&Json>,
    shape: FileShape,
    path: &str,
) -> Option<String> {
    let has = |name: &str| schema.and_then(|schema| schema.pointer("/properties")?.get(name)).is_some();
    if let Some(text) = node.as_str() {
        if field == "stack" && is_stack_kind(text) {
            return Some(format!("write `stack: {{{text}: …}}`; `ol-pipegen kind show {text}` shows its options"));
        }
        if has("git") && (text.contains("://") || text.starts_with("git@")) {
            return Some(format!("write `{field}: {{git: {{repository: {}}}}}`", flow(&text.into())));
        }
        if has("repository") && !text.contains("((") {
            return Some(format!("write `{field}: {{repository: {}}}`", flow(&text.into())));
        }
        if has("image") && has("git") {
            let (name, tag) = match text.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) {
                Some((name, tag)) => (name, format!(", tag: {}", Json::from(tag))),
                None => (text, String::new()),
            };
            return Some(format!("write `{field}: {{image: {{repository: {}{tag}}}}}`", flow(&name.into())));
        }
        if has("teams") {
            let who = if text.contains('/') { "teams" } else { "users" };
            return Some(format!("write `{field}: {{{who}: [{}]}}`", flow(&text.into())));
        }
        if has("gate") && matches!(text, "issue" | "preview" | "manual" | "none") {
            return Some(format!("write `{field}: {{gate: {text}}}`"));
        }
        if has("channel") {
            let setting = if text.contains("((") { "url" } else { "channel" };
            return Some(format!("write `{field}: {{{setting}: {}}}`", flow(&text.into())));
        }
    }
    if let Some(items) = node.as_list()
        && has("teams")
    {
        let (teams, users): (Vec<&str>, Vec<&str>) =
            items.iter().filter_map(Node::as_str).partition(|name| name.contains('/'));
        let lists = [("teams", teams), ("users", users)];
        let lists = lists.iter().filter(|(_, names)| !names.is_empty());
        let lists: Vec<String> = lists.map(|(who, names)| format!("{who}: {}", flow(&names.clone().into()))).collect();
        if !lists.is_empty() {
            return Some(format!("write `{field}: {{{}}}`", lists.join(", ")));
        }
    }
    if let Some(map) = node.as_map()
        && matches!(field, "environments" | "groups")
    {
        let names: Vec<&str> = map.entries().iter().map(|entry| entry.key.as_str()).collect();
        return Some(format!("write `{field}: [{}]`; put settings into `overrides`", names.join(", ")));
    }
    if let Some(items) = node.as_list()
        && schema.is_some_and(|schema| schema.get("type").and_then(Json::as_str) == Some("object"))
        && let Some(written) = as_map(items)
    {
        return Some(format!("write `{field}: {{{written}}}`"));
    }
    let (key, example) = example(field, shape, path)?;
    Some(format!("write it like `{key}: {}`", flow(&example)))
}

/// A list of maps of one entry, of maps with a `name`, or of texts `NAME=VALUE`, as the entries of one map.
fn as_map(items: &[Node]) -> Option<String> {
    let entry = |item: &Node| {
        if let Some((name, value)) = item.as_str().and_then(|text| text.split_once('=')) {
            return Some(format!("{}: {}", name.trim(), flow(&value.trim().into())));
        }
        let entries = item.as_map()?.entries();
        let text = |key: &str| entries.iter().find(|entry| entry.key == key).and_then(|entry| entry.value.as_str());
        match (entries, text("name"), text("value")) {
            (_, Some(name), Some(value)) => Some(format!("{name}: {}", flow(&value.into()))),
            (_, Some(name), None) => Some(format!("{name}: {{…}}")),
            ([only], None, _) => Some(match only.value.as_str() {
                Some(value) => format!("{}: {}", only.key, flow(&value.into())),
                None => format!("{}: {{…}}", only.key),
            }),
            _ => None,
        }
    };
    let written: Option<Vec<String>> = items.iter().map(entry).collect();
    Some(written?.join(", ")).filter(|written| !written.is_empty())
}

/// The first example of what a keyword stands in, by the path to the keyword.
fn example(field: &str, shape: FileShape, path: &str) -> Option<(String, Json)> {
    let explained = shape.explained_schema();
    let (site, _) = path.rsplit_once('/')?;
    let site = site.strip_suffix("/$ref").unwrap_or(site);
    let around = site
        .strip_suffix("/additionalProperties")
        .or_else(|| site.rsplit_once("/patternProperties/").map(|(around, _)| around));
    if let Some(around) = around {
        // The user chooses the name, so that the example is that of the map around.
        let around = schema_at(&explained, around)?;
        let (key, value) = around.pointer("/examples/0")?.as_object()?.iter().next()?;
        return Some((key.clone(), value.clone()));
    }
    Some((field.to_owned(), example_at(&explained, path)?.clone()))
}

/// The first example of what a keyword stands in, by the path to the keyword, where it has one of its own.
fn example_at<'s>(explained: &'s Json, path: &str) -> Option<&'s Json> {
    let (site, _) = path.rsplit_once('/')?;
    schema_at(explained, site.strip_suffix("/$ref").unwrap_or(site))?.pointer("/examples/0")
}

/// The schema at a path of an evaluation, references followed.
fn schema_at<'s>(root: &'s Json, path: &str) -> Option<&'s Json> {
    path.split('/').skip(1).try_fold(root, |at, part| {
        if part == "$ref" {
            return root.pointer(at.get("$ref")?.as_str()?.strip_prefix('#')?);
        }
        at.get(part.replace("~1", "/").replace("~0", "~"))
    })
}

/// A value on one line, as people write YAML.
fn flow(value: &Json) -> String {
    match value {
        Json::String(text) => {
            let is_plain = !text.is_empty()
                && !text.contains([',', '[', ']', '{', '}', '#', '"', '\\', '\n'])
                && !text.contains(": ")
                && !text.starts_with(['&', '*', '!', '|', '>', '%', '@', '`', '\'', '-', '?', ' ']);
            let is_simple = text.contains('"') && !text.contains(['\'', '\n', '\\']);
            match (is_plain, is_simple) {
                (true, _) => text.clone(),
                (false, true) => format!("'{text}'"),
                (false, false) => value.to_string(),
            }
        }
        Json::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Json::Object(map) => {
            let entries = map.iter().map(|(key, value)| format!("{key}: {}", flow(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
