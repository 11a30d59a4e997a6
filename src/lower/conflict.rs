//! One name, two meanings: what differs, and which lines of the user's make the difference.

use std::sync::Arc;

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Rule};
use crate::project::Origin;
use crate::source::Span;
use crate::template::{Scope, Template, is_template};
use crate::yaml::{Node, NodeKind};

/// Says that two definitions of one name differ.
pub(super) fn describe<T: Serialize>(
    noun: &str,
    name: &str,
    (first, first_origin): (&T, &Arc<Origin>),
    (second, second_origin): (&T, &Arc<Origin>),
) -> Diagnostic {
    let message = format!("two meanings of the {noun} `{name}`");
    let json = |value: &T| serde_json::to_value(value).unwrap_or_default();
    let difference = difference(&json(first), &json(second), String::new());
    let (at, was, is) = difference.unwrap_or_default();
    let help = "put what differs into its name, or make it equal";
    if let Some((first_span, second_span)) = blame(first_origin, second_origin, &was, &is) {
        let of = |origin: &Origin| format!("`{}`", origin.stage);
        let mut diagnostic = Diagnostic::new(Rule::ConflictingDefinition, second_span, message)
            .label(format!("comes out as `{is}` for {}", of(second_origin)));
        if first_span == second_span {
            diagnostic = diagnostic.note(format!("comes out as `{was}` for {}", of(first_origin)));
        } else {
            diagnostic = diagnostic.also(first_span, format!("comes out as `{was}` for {}", of(first_origin)));
        }
        return diagnostic.help(help);
    }
    let shown = |text: &str| if text.is_empty() { "nothing".to_owned() } else { format!("`{text}`") };
    Diagnostic::new(Rule::ConflictingDefinition, second_origin.span, message)
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

/// The settings of two stages that came out as the two values, or went into them.
fn blame(first: &Origin, second: &Origin, was: &str, is: &str) -> Option<(Span, Span)> {
    if was.is_empty() || is.is_empty() {
        return None;
    }
    let (a, b) = (leaves(first), leaves(second));
    let mut part = None;
    for (pointer, a_span, a_text) in &a {
        let Some((_, b_span, b_text)) = b.iter().find(|(other, _, _)| other == pointer) else { continue };
        if a_text == b_text || a_text.is_empty() || b_text.is_empty() {
            continue;
        }
        if a_text == was && b_text == is {
            return Some((*a_span, *b_span));
        }
        if part.is_none() && was.contains(a_text.as_str()) && is.contains(b_text.as_str()) {
            part = Some((*a_span, *b_span));
        }
    }
    part
}

/// The texts of a stage's settings as they come out, with their places. Generated names say nothing of what differs.
fn leaves(origin: &Origin) -> Vec<(String, Span, String)> {
    let mut found = Vec::new();
    collect(&origin.settings, &origin.scope, String::new(), &mut found);
    found.retain(|(pointer, _, _)| !pointer.starts_with("/names/"));
    found
}

fn collect(node: &Node, scope: &Scope, pointer: String, out: &mut Vec<(String, Span, String)>) {
    match &node.kind {
        NodeKind::Invalid => {}
        NodeKind::Scalar(scalar) => {
            let text = if is_template(&scalar.text) {
                Template::parse(&scalar.text).and_then(|template| template.text(scope)).unwrap_or_default()
            } else {
                scalar.text.clone()
            };
            out.push((pointer, node.span, text));
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

/// The place of a setting where it is the user's own, else that of the project.
pub(super) fn place(origin: &Origin, pointer: &str) -> Span {
    origin
        .settings
        .at(pointer)
        .map(|node| node.span)
        .filter(|span| span.file == origin.span.file)
        .unwrap_or(origin.span)
}
