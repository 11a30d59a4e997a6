//! One name, two meanings: what differs, and which lines of the user's make the difference.

use std::sync::Arc;

use serde::Serialize;
use yaml_source::diagnostic::{Diagnostic, Rule};
use yaml_source::source::Span;
use yaml_source::yaml::{Node, NodeKind, escape};

use crate::project::Origin;
use crate::template::{ParsedTemplate, Scope, is_template};

/// Says that two definitions of one name differ. `written` is the place of the second, and
/// the file, where a kind of one's own or `extra` has it.
pub(super) fn describe<T: Serialize>(
    noun: &str,
    name: &str,
    written: Option<(&Node, Span)>,
    (first, first_origin): (&T, &Arc<Origin>),
    (second, second_origin): (&T, &Arc<Origin>),
) -> Diagnostic {
    let message = format!("two meanings of the {noun} `{name}`");
    let json = |value: &T| serde_json::to_value(value).unwrap_or_default();
    let difference = difference(&json(first), &json(second), String::new());
    let (at, was, is) = difference.unwrap_or_default();
    let help = "put what differs into its name, or make it equal";
    if let Some((first, second)) = blame(first_origin, second_origin, &was, &is) {
        let described = |leaf: &Leaf, origin: &Origin| format!("is `{}` for `{}`", leaf.text, origin.stage);
        let diagnostic =
            Diagnostic::new(Rule::ConflictingDefinition, second.span, message).label(described(&second, second_origin));
        let first_value = described(&first, first_origin);
        let diagnostic = if first.span == second.span {
            diagnostic.note(first_value)
        } else {
            diagnostic.also(first.span, first_value)
        };
        return diagnostic.help(help);
    }
    let shown = |text: &str| if text.is_empty() { "nothing".to_owned() } else { format!("`{text}`") };
    let part = || written.and_then(|(file, span)| Some(deepest(file.spanning(span)?, &at)));
    Diagnostic::new(Rule::ConflictingDefinition, part().unwrap_or(second_origin.span), message)
        .note(format!(
            "its {} is {} for {} and {} for {}",
            at.trim_start_matches('.'),
            shown(&was),
            first_origin.whom(),
            shown(&is),
            second_origin.whom()
        ))
        .help(help)
}

/// The place of a field such as `.source.uri` or `.tags[0]` in a definition, as deep as it is written there.
fn deepest(written: &Node, at: &str) -> Span {
    let mut node = written;
    for part in at.split(['.', '[']).map(|part| part.trim_end_matches(']')).filter(|part| !part.is_empty()) {
        let Some(inner) = node.at(&format!("/{}", escape(part))) else { break };
        node = inner;
    }
    node.span
}

/// The first leaf in which two values differ: where, and both as text.
fn difference(a: &serde_json::Value, b: &serde_json::Value, at: String) -> Option<(String, String, String)> {
    use serde_json::Value as Json;
    match (a, b) {
        (Json::Object(a_map), Json::Object(b_map)) => {
            for (key, value) in a_map {
                let below = format!("{at}.{key}");
                let found = difference(value, b_map.get(key).unwrap_or(&Json::Null), below);
                if found.is_some() {
                    return found;
                }
            }
            let (key, value) = b_map.iter().find(|(key, _)| !a_map.contains_key(*key))?;
            Some((format!("{at}.{key}"), String::new(), text(value)))
        }
        (Json::Array(a_items), Json::Array(b_items)) if a_items.len() == b_items.len() => a_items
            .iter()
            .zip(b_items)
            .enumerate()
            .find_map(|(index, (a, b))| difference(a, b, format!("{at}[{index}]"))),
        (a, b) if a == b => None,
        (a, b) => Some((at, text(a), text(b))),
    }
}

fn text(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A text of a stage's settings as it comes out.
struct Leaf {
    pointer: String,
    span: Span,
    text: String,
}

/// The settings of two stages that came out as the two values, or went into them. Where two lines say different things
/// those are meant, rather than the one that brings both together.
fn blame(first: &Origin, second: &Origin, was: &str, is: &str) -> Option<(Leaf, Leaf)> {
    if was.is_empty() || is.is_empty() {
        return None;
    }
    let mut others = leaves(second);
    leaves(first)
        .into_iter()
        .filter_map(|leaf| {
            let other = others.iter().position(|other| other.pointer == leaf.pointer)?;
            let other = others.swap_remove(other);
            let goes_in = leaf.text != other.text
                && !leaf.text.is_empty()
                && !other.text.is_empty()
                && was.contains(&leaf.text)
                && is.contains(&other.text);
            goes_in.then_some((leaf, other))
        })
        .max_by_key(|(leaf, other)| (leaf.span != other.span, leaf.text == was && other.text == is))
}

/// The texts of a stage's settings. Generated names say nothing of what differs.
fn leaves(origin: &Origin) -> Vec<Leaf> {
    let mut found = Vec::new();
    collect(&origin.settings, &origin.scope, String::new(), &mut found);
    found.retain(|leaf| !leaf.pointer.starts_with("/names/"));
    found
}

fn collect(node: &Node, scope: &Scope, pointer: String, out: &mut Vec<Leaf>) {
    match &node.kind {
        NodeKind::Invalid => {}
        NodeKind::Scalar(scalar) => {
            let text = if is_template(&scalar.text) {
                ParsedTemplate::parse(&scalar.text).and_then(|template| template.text(scope)).unwrap_or_default()
            } else {
                scalar.text.clone()
            };
            out.push(Leaf { pointer, span: node.span, text });
        }
        NodeKind::List(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, scope, format!("{pointer}/{index}"), out);
            }
        }
        NodeKind::Map(map) => {
            for entry in map.entries() {
                collect(&entry.value, scope, format!("{pointer}/{}", entry.key), out);
            }
        }
    }
}
