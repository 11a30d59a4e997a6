//! A manifest as people write it: short things on a line, long ones in blocks.

use std::fmt::Write;

use serde_json::{Map, Value as Json};
use yaml_source::Failure;
use yaml_source::yaml::{Resolved, emit, resolve, trap};

/// Columns of a line.
const WIDTH: usize = 110;

/// The text of a manifest.
///
/// # Errors
///
/// When it cannot be said in YAML: a bug of this program.
pub(crate) fn manifest(value: &Json) -> Result<String, Failure> {
    let mut out = String::new();
    if let Some(map) = value.as_object() {
        block(map, 0, &mut out)?;
    }
    Ok(out)
}

fn block(map: &Map<String, Json>, indent: usize, out: &mut String) -> Result<(), Failure> {
    for (key, value) in map {
        let head = format!("{:indent$}{}:", "", scalar(key));
        let inline = flow(value).filter(|text| head.len() + 1 + text.len() <= WIDTH && is_short(key, value, indent));
        match (inline, value) {
            (Some(text), _) => _ = writeln!(out, "{head} {text}"),
            (None, Json::Object(inner)) if !inner.is_empty() => {
                let _ = writeln!(out, "{head}");
                block(inner, indent + 2, out)?;
            }
            _ => nested(key, value, indent, out)?,
        }
    }
    Ok(())
}

/// May a value stand on one line? `stack` is what the file is about, and a map of maps is read from top to bottom.
fn is_short(key: &str, value: &Json, indent: usize) -> bool {
    match value {
        Json::Object(map) => {
            let whole = indent == 0 && matches!(key, "stack" | "inputs" | "overrides" | "projects");
            let deep = map.values().filter(|inner| inner.is_object()).count();
            !whole && (deep == 0 || deep == 1 && map.len() == 1)
        }
        Json::Array(items) => items.iter().all(|item| !item.is_array() && !item.is_object()),
        _ => true,
    }
}

/// Whatever is left, as the writer of pipelines writes it.
fn nested(key: &str, value: &Json, indent: usize, out: &mut String) -> Result<(), Failure> {
    let text = emit(&Map::from_iter([(key.to_owned(), value.clone())]))
        .map_err(|error| Failure::Internal(error.to_string()))?;
    for line in text.lines() {
        let _ = if line.is_empty() { writeln!(out) } else { writeln!(out, "{:indent$}{line}", "") };
    }
    Ok(())
}

/// A value on one line, if it has its place there.
fn flow(value: &Json) -> Option<String> {
    Some(match value {
        Json::Null => "~".to_owned(),
        Json::Bool(_) | Json::Number(_) => value.to_string(),
        Json::String(text) if text.contains('\n') => return None,
        Json::String(text) => scalar(text),
        Json::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Option<Vec<_>>>()?.join(", ")),
        Json::Object(map) => {
            let entry = |(key, value): (&String, &Json)| Some(format!("{}: {}", scalar(key), flow(value)?));
            format!("{{{}}}", map.iter().map(entry).collect::<Option<Vec<_>>>()?.join(", "))
        }
    })
}

/// A text on one line, in quotes where a reader would otherwise read something else.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./()@+=^$*?<>~ :;%".contains(c);
    let first = |c: char| c.is_ascii_alphanumeric() || "_./(".contains(c);
    let is_plain = text.starts_with(first)
        && text.chars().all(plain)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && resolve(text) == Resolved::Text
        && trap(text).is_none();
    if is_plain {
        text.to_owned()
    } else if text.contains('\\') && !text.contains('\'') && text.chars().all(|c| !c.is_control()) {
        format!("'{text}'")
    } else {
        quoted(text)
    }
}

/// JSON's quotes are YAML's; what JSON leaves as it is and YAML takes for the end of a line is escaped.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    for c in Json::from(text).to_string().chars() {
        match c {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}
