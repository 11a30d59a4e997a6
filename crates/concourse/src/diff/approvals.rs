//! What counts as an approval: who gives it, whose records it is of, and when.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::Resource;
use crate::policy::{FieldChange, is_weaker};

use super::change::{Change, Effect, Subject};
use super::compare::changed;
use super::values::{Difference, DifferenceKind, differences, json};

/// The differences of two resources. Who can approve is one thing, however it is written.
pub(super) fn differences_of_resource(old: &Value, new: &Value) -> Vec<Difference> {
    let mut found = differences(old, new);
    // Windows that are gone are all windows, and no list of what went.
    for difference in &mut found {
        if difference.path.iter().map(String::as_str).eq(["source", "windows"]) {
            let windows = |resource: &Value| resource.get("source").and_then(|source| source.get("windows")).cloned();
            difference.kind = DifferenceKind::Value { old: windows(old), new: windows(new) };
        }
    }
    let closers = |resource: &Value| resource.get("source").and_then(|source| source.get("closers")).cloned();
    let (was, is) = (closers(old), closers(new));
    let of_closers =
        |difference: &Difference| difference.path.iter().map(String::as_str).take(2).eq(["source", "closers"]);
    if Closers::of(was.as_ref()) != Closers::of(is.as_ref())
        && let Some(at) = found.iter().position(of_closers)
    {
        found.retain(|difference| !of_closers(difference));
        let path = vec!["source".to_owned(), "closers".to_owned()];
        found.insert(at, Difference { path, kind: DifferenceKind::Value { old: was, new: is } });
    }
    found
}

/// A change of what counts as an approval, in the source of an issue. What a variable decides could be anything.
pub(super) fn policy(subject: Subject, difference: &Difference, new_resource: &Resource) -> Option<Change> {
    let [source, field, ..] = difference.path.as_slice() else { return None };
    if source != "source" {
        return None;
    }
    let (old, new) = match &difference.kind {
        // Null is what is not there.
        DifferenceKind::Value { old, new } => {
            (old.as_ref().filter(|old| !old.is_null()), new.as_ref().filter(|new| !new.is_null()))
        }
        _ => (None, None),
    };
    let has = |field: &str| new_resource.source.as_ref().is_some_and(|source| source.get(field).is_some());
    let items = match &difference.kind {
        DifferenceKind::Items { added, removed } => Some((!added.is_empty(), !removed.is_empty())),
        _ => None,
    };
    let weaker = match (field.as_str(), items) {
        ("closers", _) => return closers(subject, difference, old, new),
        ("access_token" | "auth_method" | "app_id", _) if has("gate") && !has("bot") => true,
        ("not_before", _) => !is_later(old, new),
        ("gate_aliases" | "former_destinations", Some((true, _))) => {
            return Some(claims_of_others(subject, difference));
        }
        ("gate_aliases" | "former_destinations", None) if new.is_some() => {
            return Some(claims_of_others(subject, difference));
        }
        (field, items) => is_weaker(field, &FieldChange { items, old, new })?,
    };
    let effect = if weaker { Effect::Weaker } else { Effect::Stronger };
    let mut change = Change { effect, ..changed(subject, difference) };
    match field.as_str() {
        "bot" | "signing_key" if weaker => change.message += ": what others write can count as a record",
        "access_token" | "auth_method" | "app_id" => {
            change.message += ": without `bot`, these credentials say whose records count";
        }
        _ => {}
    }
    Some(change)
}

/// What changes of what counts as an approval, when a job waits for an issue of another resource.
pub(super) fn policy_changes(subject: &Subject, old: &Resource, new: &Resource) -> Vec<Change> {
    let source = |resource: &Resource| match json(resource) {
        Value::Object(mut map) => map.remove("source").unwrap_or_default(),
        _ => Value::Null,
    };
    let (was, is) = (serde_json::json!({"source": source(old)}), serde_json::json!({"source": source(new)}));
    let found = differences_of_resource(&was, &is);
    let changes = found.iter().filter_map(|difference| policy(subject.clone(), difference, new));
    // Each gate has its own names.
    changes.filter(|change| change.effect != Effect::Redirected).collect()
}

/// Issues or approvals of another name count here as well.
fn claims_of_others(subject: Subject, difference: &Difference) -> Change {
    let change = changed(subject, difference);
    Change {
        effect: Effect::Redirected,
        message: format!("{}: what was for those counts here now", change.message),
        ..change
    }
}

/// Whether a moment, before which nothing counts, moved on.
fn is_later(old: Option<&Value>, new: Option<&Value>) -> bool {
    match (old.and_then(Value::as_str), new.and_then(Value::as_str)) {
        (None, Some(_)) => old.is_none(),
        // Both of one shape, and in one zone.
        (Some(old), Some(new)) => old.len() == new.len() && old.ends_with('Z') && new.ends_with('Z') && old < new,
        _ => false,
    }
}

/// A change of who can approve: stronger only if everybody who can now could before.
fn closers(subject: Subject, difference: &Difference, old: Option<&Value>, new: Option<&Value>) -> Option<Change> {
    if difference.path.len() != 2 {
        return None;
    }
    let (was, is) = (Closers::of(old), Closers::of(new));
    let added: Vec<String> = is.0.difference(&was.0).map(|(kind, name)| format!("{kind}{}", ticks(name))).collect();
    let change = changed(subject, difference);
    if was == is {
        return None;
    }
    Some(if added.is_empty() {
        Change { effect: Effect::Stronger, ..change }
    } else {
        let message = format!("{}; who could not approve before, and can now: {}", change.message, added.join(", "));
        Change { effect: Effect::Weaker, message, ..change }
    })
}

fn ticks(name: &str) -> String {
    super::compare::list([name])
}

/// Who can approve, as a set: what they are, with a space behind it, and their names. GitHub ignores the case of names.
#[derive(PartialEq)]
struct Closers(BTreeSet<(&'static str, String)>);

impl Closers {
    fn of(value: Option<&Value>) -> Self {
        let mut all = BTreeSet::new();
        match value {
            Some(Value::Object(map)) => {
                for (kind, names) in map {
                    let noun = match kind.as_str() {
                        "roles" => "role ",
                        "users" => "account ",
                        "teams" => "team ",
                        "apps" => "App ",
                        _ => "",
                    };
                    match names {
                        Value::Array(names) => {
                            all.extend(
                                names.iter().map(|name| (noun, name.as_str().unwrap_or_default().to_lowercase())),
                            );
                        }
                        Value::String(variable) => _ = all.insert((noun, variable.to_lowercase())),
                        _ => {}
                    }
                }
            }
            Some(Value::String(variable)) => _ = all.insert(("", variable.clone())),
            _ => {}
        }
        if all.is_empty() {
            // Where nobody is named, everybody with the role triage or more.
            all.extend(["triage", "write", "maintain", "admin"].map(|role| ("role ", role.to_owned())));
        }
        Self(all)
    }
}
