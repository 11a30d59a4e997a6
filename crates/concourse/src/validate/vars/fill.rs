use std::sync::LazyLock;

use regex::Regex;

use crate::model::ConcourseVersion;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Refusal, Rule, visible};
use yaml_source::source::Span;
use yaml_source::yaml::{Entry, Limits, Map, Node, NodeKind, Scalar, ScalarStyle};

use super::{Found, Missing, Reference, Vars, is_text};

/// A variable in a text (Concourse's `vars/template.go`); whatever else has two parentheses is text.
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\(\((([-/.0-9A-Za-z_\p{L}]+:)?[-/.:@"0-9A-Za-z_\p{L}]+)\)\)"#)
        .expect("internal error: a pattern of this program does not compile")
});

/// Fills in the variables of a pipeline that are given: keys and values. One that is all of a text keeps its type.
pub(in crate::validate) fn fill(
    node: &mut Node,
    vars: &Vars,
    version: ConcourseVersion,
    diagnostics: &mut Diagnostics,
) {
    let mut filler = Filler { vars, version, diagnostics, nodes: 0, bytes: 0, is_full: false };
    filler.node(node);
}

struct Filler<'a> {
    vars: &'a Vars,
    version: ConcourseVersion,
    diagnostics: &'a mut Diagnostics,
    /// Values and bytes that were filled in.
    nodes: usize,
    bytes: usize,
    is_full: bool,
}

/// What becomes of a text.
enum Filled {
    Unchanged,
    Text(String),
    Value(Node),
    /// It has been reported.
    Refused,
}

impl Filler<'_> {
    fn node(&mut self, node: &mut Node) {
        let span = node.span;
        match &mut node.kind {
            NodeKind::Scalar(scalar) => match self.text(&scalar.text, span) {
                Filled::Unchanged => {}
                Filled::Text(text) => *scalar = Scalar::new(text, ScalarStyle::Quoted),
                Filled::Value(value) => *node = value,
                Filled::Refused => node.kind = NodeKind::Invalid,
            },
            NodeKind::List(items) => items.iter_mut().for_each(|item| self.node(item)),
            NodeKind::Map(map) => self.map(map),
            NodeKind::Invalid => {}
        }
    }

    fn map(&mut self, map: &mut Map) {
        let mut keys_changed = false;
        for entry in map.entries_mut() {
            self.node(&mut entry.value);
            match self.text(&entry.key, entry.key_span) {
                Filled::Unchanged | Filled::Refused => {}
                Filled::Text(key) => {
                    entry.key = key;
                    keys_changed = true;
                }
                Filled::Value(Node { kind: NodeKind::Scalar(scalar), .. }) => {
                    entry.key = scalar.text;
                    keys_changed = true;
                }
                Filled::Value(value) => {
                    self.refuse(Rule::UnfitVar, value.span, "a key becomes a list or a map".to_owned());
                }
            }
        }
        if keys_changed {
            let mut distinct = Map::default();
            std::mem::take(map).into_entries().into_iter().for_each(|entry| distinct.set(entry));
            *map = distinct;
        }
        self.merge(map);
    }

    /// `"<<"` in quotes is a key like any other until the filled pipeline is written and read again: then it merges.
    fn merge(&mut self, map: &mut Map) {
        let Some(Entry { key_span, value, .. }) = map.remove("<<") else { return };
        let merged: Vec<Map> = match value.kind {
            NodeKind::Map(merged) => vec![merged],
            NodeKind::List(items) if items.iter().all(|item| item.as_map().is_some()) => {
                let maps = items.into_iter().filter_map(|item| match item.kind {
                    NodeKind::Map(map) => Some(map),
                    _ => None,
                });
                maps.collect()
            }
            NodeKind::Invalid => return,
            NodeKind::List(_) | NodeKind::Scalar(_) => {
                let diagnostic = Diagnostic::new(
                    Rule::WrongType,
                    value.span,
                    "`<<` merges a map, or a list of maps, and nothing else",
                );
                self.diagnostics.push(diagnostic.refused_by(Refusal::EVERYWHERE));
                return;
            }
        };
        for entry in merged.into_iter().flat_map(Map::into_entries) {
            match map.entry(&entry.key) {
                None => map.set(entry),
                Some(there) => {
                    let message = format!("`{}` is merged, and is in this map as well", visible(&entry.key));
                    let diagnostic =
                        Diagnostic::new(Rule::DuplicateKey, key_span, message).also(there.key_span, "it is here");
                    self.diagnostics.push(diagnostic.refused_by(Refusal::STRICT));
                }
            }
        }
    }

    fn text(&mut self, text: &str, span: Span) -> Filled {
        if !text.contains("((") {
            return Filled::Unchanged;
        }
        let mut filled: Option<String> = None;
        for found in VARIABLE.captures_iter(text) {
            let name = &found[1];
            let reference = match Reference::parse(name, self.version) {
                Ok(reference) => reference,
                Err(why) => {
                    let message = format!("`(({}))` is not a variable: {why}", visible(name));
                    self.refuse(Rule::MalformedVar, span, message);
                    return Filled::Refused;
                }
            };
            let Found { value, is_file } = match self.vars.get(&reference) {
                Ok(Some(found)) => found,
                Ok(None) => continue,
                Err(missing) => {
                    let message = match missing {
                        Missing::Field(field) => format!("`(({reference}))` is given without a field `{field}`"),
                        Missing::NoMap(field) => {
                            format!("`(({reference}))` is given as no map, and has no field `{field}`")
                        }
                    };
                    self.refuse(Rule::UnfitVar, span, message);
                    return Filled::Refused;
                }
            };
            let so_far = filled.as_deref().unwrap_or(text);
            let is_whole = VARIABLE.find(so_far).is_some_and(|found| found.range() == (0..so_far.len()));
            if is_whole {
                return self.copy(value, span).map_or(Filled::Refused, Filled::Value);
            }
            let is_a_number = value.as_scalar().is_some_and(is_number);
            let Some(word) = value.as_str().filter(|_| is_text(value) || is_a_number && !is_file) else {
                let message = format!("`(({reference}))` is inside a text, and its value is not text");
                let diagnostic = Diagnostic::new(Rule::UnfitVar, span, message);
                let help = if is_a_number {
                    "write the number in its file with quotes: `fly` takes none of a file within a text"
                } else {
                    "give a text or a number"
                };
                self.diagnostics.push(diagnostic.help(help).refused_by(Refusal::EVERYWHERE));
                return Filled::Refused;
            };
            let whole = &found[0];
            let length = so_far.len() + so_far.matches(whole).count() * word.len();
            self.bytes += length;
            if self.is_beyond(span) {
                return Filled::Refused;
            }
            filled = Some(so_far.replace(whole, word));
        }
        filled.map_or(Filled::Unchanged, Filled::Text)
    }

    /// The value as it stands at a place.
    fn copy(&mut self, value: &Node, span: Span) -> Option<Node> {
        self.nodes += 1;
        self.bytes += value.as_str().map_or(0, str::len);
        if self.is_beyond(span) {
            return None;
        }
        let kind = match &value.kind {
            NodeKind::List(items) => {
                NodeKind::List(items.iter().map(|item| self.copy(item, span)).collect::<Option<_>>()?)
            }
            NodeKind::Map(map) => {
                let entry = |entry: &Entry| {
                    let value = self.copy(&entry.value, span)?;
                    Some(Entry { key: entry.key.clone(), key_span: span, value })
                };
                NodeKind::Map(map.entries().iter().map(entry).collect::<Option<_>>()?)
            }
            kind => kind.clone(),
        };
        Some(Node { span, kind })
    }

    /// Values that are given may be used many times over.
    fn is_beyond(&mut self, span: Span) -> bool {
        let limits = Limits::PIPELINE;
        if self.nodes <= limits.nodes && self.bytes <= limits.size {
            return false;
        }
        if !std::mem::replace(&mut self.is_full, true) {
            self.refuse(Rule::YamlLimit, span, "what variables fill in grows beyond measure".to_owned());
        }
        true
    }

    fn refuse(&mut self, rule: Rule, span: Span, message: String) {
        self.diagnostics.push(Diagnostic::new(rule, span, message).refused_by(Refusal::EVERYWHERE));
    }
}

fn is_number(scalar: &Scalar) -> bool {
    matches!(scalar.resolve(), yaml_source::yaml::Resolved::Integer(_) | yaml_source::yaml::Resolved::Float(_))
}
