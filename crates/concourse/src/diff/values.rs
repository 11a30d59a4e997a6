use serde::Serialize;
use serde_json::{Map, Value};

use crate::flow::duration;
use crate::policy;
use crate::secrets::{has_reference, is_secret_in_clear};
use crate::validate::duration;
use yaml_source::diagnostic::visible;

/// A difference of two values.
#[derive(Debug, PartialEq)]
pub(super) struct Difference {
    /// The keys that lead to it.
    pub(super) path: Vec<String>,
    pub(super) kind: DifferenceKind,
}

/// How two values differ.
#[derive(Debug, PartialEq)]
pub(super) enum DifferenceKind {
    /// One is there and the other is not, or they say something else.
    Value { old: Option<Value>, new: Option<Value> },
    /// Words of a list came and went.
    Items { added: Vec<String>, removed: Vec<String> },
    /// The order of a list in which the order means something.
    Order,
}

/// Something typed as what it says. It has no keys but texts, so that JSON can say it.
pub(super) fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("internal error: a part of a pipeline is not JSON")
}

/// The differences of two maps, by key.
pub(super) fn differences(old: &Value, new: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(old, new, &mut Vec::new(), &mut found);
    found
}

fn compare(old: &Value, new: &Value, path: &mut Vec<String>, found: &mut Vec<Difference>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => maps(old, new, path, found),
        (Value::Array(old), Value::Array(new)) if old != new => lists(old, new, path, found),
        _ if same(old, new, path) => {}
        _ => found.push(Difference {
            path: path.clone(),
            kind: DifferenceKind::Value { old: Some(old.clone()), new: Some(new.clone()) },
        }),
    }
}

fn maps(old: &Map<String, Value>, new: &Map<String, Value>, path: &mut Vec<String>, found: &mut Vec<Difference>) {
    let gone = old.keys().filter(|key| !new.contains_key(*key));
    for key in new.keys().chain(gone) {
        path.push(key.clone());
        match (old.get(key), new.get(key)) {
            (Some(old), Some(new)) => compare(old, new, path, found),
            (old, new) => found.push(Difference {
                path: path.clone(),
                kind: DifferenceKind::Value { old: old.cloned(), new: new.cloned() },
            }),
        }
        path.pop();
    }
}

fn lists(old: &[Value], new: &[Value], path: &mut Vec<String>, found: &mut Vec<Difference>) {
    let names = |items: &[Value]| items.iter().map(name_of).collect::<Option<Vec<String>>>();
    if let (Some(old_names), Some(new_names)) = (names(old), names(new)) {
        let only = |some: &[String], others: &[String]| -> Vec<String> {
            let others: std::collections::HashSet<&String> = others.iter().collect();
            some.iter().filter(|name| !others.contains(name)).cloned().collect()
        };
        let (added, removed) = (only(&new_names, &old_names), only(&old_names, &new_names));
        let command = path.last().is_some_and(|key| key == "args");
        if !command && (!added.is_empty() || !removed.is_empty()) {
            found.push(Difference { path: path.clone(), kind: DifferenceKind::Items { added, removed } });
            return;
        }
        if !command && old_names.len() == new_names.len() && old != new {
            let mut by_name: std::collections::HashMap<&String, &Value> = old_names.iter().zip(old).collect();
            let before = found.len();
            for (name, value) in new_names.iter().zip(new) {
                if let Some(old) = by_name.remove(name) {
                    path.push(name.clone());
                    compare(old, value, path, found);
                    path.pop();
                }
            }
            if found.len() == before {
                found.push(Difference { path: path.clone(), kind: DifferenceKind::Order });
            }
            return;
        }
    }
    if old.len() == new.len() {
        for (index, (old, new)) in old.iter().zip(new).enumerate() {
            path.push(index.to_string());
            compare(old, new, path, found);
            path.pop();
        }
        return;
    }
    found.push(Difference {
        path: path.clone(),
        kind: DifferenceKind::Value { old: Some(old.into()), new: Some(new.into()) },
    });
}

/// What an item of a list is known by: itself, or its name.
fn name_of(item: &Value) -> Option<String> {
    match item {
        Value::String(text) if !text.contains('\n') => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(map) => match map.get("name") {
            Some(Value::String(name)) => Some(name.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Concourse gives a task its variables as texts, and tells them so (`atc/task.go`, `TaskEnv`); and it tells an interval
/// as Go writes it, `15m0s` (`atc/resource_config.go`, `CheckEvery`).
fn same(old: &Value, new: &Value, path: &[String]) -> bool {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let span = |value: &Value| value.as_str().and_then(duration::parse);
    let is_time = || matches!(path.last().map(String::as_str), Some("check_every" | "check_timeout" | "timeout"));
    old == new
        || path.first().is_some_and(|first| first == "env") && text(old) == text(new)
        || is_time() && span(old).is_some() && span(old) == span(new)
}

/// A value in a few words. What its name says to be secret is not shown.
pub(super) fn shown(key: &str, value: Option<&Value>) -> String {
    let Some(value) = value else { return "nothing".to_owned() };
    let hidden = hide(key, value);
    let text = match &hidden {
        // Of the resource of issues, in seconds.
        Value::Number(number) if policy::is_duration(key) => number.as_i64().map_or(number.to_string(), duration),
        Value::String(text) if !text.is_empty() => text.clone(),
        other => other.to_string(),
    };
    let text = visible(&text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// Characters of a value that are shown.
const LONGEST: usize = 80;

fn hide(key: &str, value: &Value) -> Value {
    match value {
        Value::String(text) if is_secret_in_clear(key, text) => NOT_SHOWN.into(),
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.clone(), hide(key, value))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(|item| hide(key, item)).collect::<Vec<_>>().into(),
        other => other.clone(),
    }
}

/// Two values in a few words. Where one holds a credential of Concourse, the other one is what the credential is.
pub(super) fn both_shown(key: &str, old: Option<&Value>, new: Option<&Value>) -> (String, String) {
    let hides = |other: Option<&Value>, value: Option<&Value>| {
        let is_text = value.is_some_and(|value| value.is_string() || value.is_number());
        is_text && is_credential(other) && !is_credential(value)
    };
    let show = |value: Option<&Value>, other| {
        if hides(other, value) { format!("`{NOT_SHOWN}`") } else { shown(key, value) }
    };
    (show(old, new), show(new, old))
}

/// Whether a text holds `((x))`.
fn is_credential(value: Option<&Value>) -> bool {
    value.and_then(Value::as_str).is_some_and(has_reference)
}

/// Words that came to a list or went. Where a credential of Concourse went the other way, the others could be what it is.
pub(super) fn shown_items(items: &[String], others: &[String]) -> Vec<String> {
    let hides = others.iter().any(|other| has_reference(other));
    let show = |item: &String| if hides && !has_reference(item) { NOT_SHOWN.to_owned() } else { item.clone() };
    items.iter().map(show).collect()
}

/// What stands in the place of a secret.
const NOT_SHOWN: &str = "(not shown)";

/// May a text be shown line by line?
pub(super) fn is_open(key: &str, text: &str) -> bool {
    !is_secret_in_clear(key, text) && !text.contains("-----BEGIN ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn differences_have_their_path() {
        let old = json!({"a": 1, "b": {"c": "x", "d": [1, 2]}, "e": true});
        let new = json!({"a": 1, "b": {"c": "y", "d": [2, 3]}, "f": null});
        let paths: Vec<String> = differences(&old, &new).iter().map(|found| found.path.join(".")).collect();
        assert_eq!(paths, ["b.c", "b.d", "f", "e"]);
        assert_eq!(differences(&old, &old), []);
    }

    #[test]
    fn lists_of_named_things_are_compared_by_name() {
        let old = json!({"inputs": [{"name": "a", "path": "x"}, {"name": "b"}]});
        let new = json!({"inputs": [{"name": "b"}, {"name": "a", "path": "y"}]});
        let found = differences(&old, &new);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, ["inputs", "a", "path"]);
        let turned = json!({"inputs": [{"name": "b"}, {"name": "a", "path": "x"}]});
        assert_eq!(differences(&old, &turned)[0].kind, DifferenceKind::Order);
    }

    #[test]
    fn variables_of_tasks_are_texts() {
        assert_eq!(differences(&json!({"env": {"A": 1, "B": true}}), &json!({"env": {"A": "1", "B": "true"}})), []);
        assert_eq!(differences(&json!({"a": 1}), &json!({"a": "1"})).len(), 1);
    }

    #[test]
    fn times_are_the_same_however_they_are_written() {
        let of = |key: &str, old: &str, new: &str| differences(&json!({key: old}), &json!({key: new})).len();
        assert_eq!(of("check_every", "15m", "15m0s"), 0);
        assert_eq!(of("check_every", "90m", "1h30m0s"), 0);
        assert_eq!(of("timeout", "60s", "1m"), 0);
        assert_eq!(of("check_every", "15m", "15m1s"), 1);
        assert_eq!(of("check_every", "never", "never "), 1);
        assert_eq!(of("text", "15m", "15m0s"), 1);
    }

    #[test]
    fn secrets_are_not_shown() {
        assert_eq!(shown("password", Some(&json!("hunter2"))), "`(not shown)`");
        assert_eq!(
            shown("source", Some(&json!({"password": "hunter2", "user": "bot"}))),
            r#"`{"password":"(not shown)","user":"bot"}`"#
        );
        assert_eq!(shown("password", Some(&json!("((vault.password))"))), "`((vault.password))`");
        let both = |key, old, new| both_shown(key, Some(&json!(old)), Some(&json!(new)));
        let (hidden, credential) = ("`(not shown)`".to_owned(), "`((x))`".to_owned());
        assert_eq!(both("LOCK", "((x))", "hunter2"), (credential.clone(), hidden.clone()));
        assert_eq!(both("LOCK", "hunter2", "((x))"), (hidden.clone(), credential));
        assert_eq!(both("LOCK", "((x))", "((y))").1, "`((y))`");
        assert_eq!(both_shown("LOCK", Some(&json!("((x))")), Some(&json!(1234))).1, hidden);
        assert_eq!(both("LOCK", "a", "b").1, "`b`");
        let items =
            |items: [&str; 1], others: [&str; 1]| shown_items(&items.map(str::to_owned), &others.map(str::to_owned));
        assert_eq!(items(["hunter2"], ["((x))"]), ["(not shown)"]);
        assert_eq!(items(["a"], ["b"]), ["a"]);
        assert!(!is_open("data", "-----BEGIN RSA PRIVATE KEY-----\nx"));
    }
}
