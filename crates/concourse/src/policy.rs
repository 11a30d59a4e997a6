//! What counts as an approval, as the source of a gate's resource has it: in words, and compared. `ol-pipegen` writes these
//! fields, and `gate_contract::GateSource` defines them.

use serde_json::Value as Json;
use yaml_source::yaml::Value;

use crate::flow::duration;

/// The fields in seconds, with what a drawing says of them.
const DURATIONS: [(&str, &str); 3] = [("soak", "in place for"), ("delay", "waits"), ("expires", "void after")];

/// Whether a field holds seconds.
pub(crate) fn is_duration(key: &str) -> bool {
    DURATIONS.iter().any(|(known, _)| *known == key)
}

/// Who can approve, and when, for people: a few words each. `field` is a field of the source.
pub(crate) fn words<'p>(field: impl Fn(&str) -> Option<&'p Value>) -> Vec<String> {
    let mut words = Vec::new();
    let closers: Vec<String> = field("closers").map(closers).unwrap_or_default();
    if !closers.is_empty() {
        words.push(format!("by {}", closers.join(", ")));
    }
    for (key, before) in DURATIONS {
        if let Some(Value::Integer(seconds)) = field(key) {
            words.push(format!("{before} {}", duration(*seconds)));
        }
    }
    let is_given = |key| matches!(field(key), Some(Value::List(items)) if !items.is_empty());
    for (key, word) in [("windows", "at some times"), ("freezes", "not in freezes")] {
        if is_given(key) {
            words.push(word.to_owned());
        }
    }
    words
}

/// Who may close, a text for each.
fn closers(value: &Value) -> Vec<String> {
    let Value::Map(map) = value else { return Vec::new() };
    map.iter()
        .flat_map(|(kind, names)| {
            let names = if let Value::List(names) = names { names.as_slice() } else { &[] };
            names.iter().filter_map(move |name| match name {
                Value::Text(name) => Some(match kind.as_str() {
                    "users" => format!("@{name}"),
                    "teams" => format!("team {name}"),
                    "roles" => format!("role {name}"),
                    _ => format!("{kind} {name}"),
                }),
                _ => None,
            })
        })
        .collect()
}

/// What changes of a field.
pub(crate) struct FieldChange<'v> {
    /// Of a list: whether items were added, and whether items were removed.
    pub(crate) items: Option<(bool, bool)>,
    pub(crate) old: Option<&'v Json>,
    pub(crate) new: Option<&'v Json>,
}

/// Whether a list has an item that the other has not. What is no list could have anything.
fn has_more(list: Option<&Json>, other: Option<&Json>) -> bool {
    let items = |value: Option<&Json>| match value {
        None => Some(Vec::new()),
        Some(Json::Array(items)) => Some(items.clone()),
        Some(_) => None,
    };
    items(list).zip(items(other)).is_none_or(|(list, other)| list.iter().any(|item| !other.contains(item)))
}

/// Whether a change of a field makes approving easier. `None` for a field that has no part in it. What a variable decides could
/// be anything.
pub(crate) fn is_weaker(field: &str, change: &FieldChange<'_>) -> Option<bool> {
    // Null is what is not there, and a list without windows lets every time through.
    let is_given = |value: &&Json| match value {
        Json::Null => false,
        Json::Array(items) => field != "windows" || !items.is_empty(),
        _ => true,
    };
    let FieldChange { items, old, new } = *change;
    let (old, new) = (old.filter(is_given), new.filter(is_given));
    if items.is_none() && old.is_none() && new.is_none() {
        return None;
    }
    let number = |value: Option<&Json>| value.and_then(Json::as_u64);
    let is_unknown = |value: Option<&Json>| value.is_some_and(|value| !value.is_null()) && number(value).is_none();
    let is_any_unknown = is_unknown(old) || is_unknown(new);
    let is_switch = old.is_some() != new.is_some();
    Some(match (field, items) {
        ("reject_labels" | "skip_if_labeled" | "labels" | "freezes", Some((_, removed))) => removed,
        ("reject_labels" | "skip_if_labeled" | "labels" | "signing_key" | "creator", None) => {
            !is_switch || old.is_some()
        }
        // More windows are more time, but the first one takes time away.
        ("windows", Some((added, _))) => added,
        ("windows", None) => new.is_none() || old.is_some_and(|old| has_more(new, Some(old))),
        ("freezes", None) => has_more(old, new),
        ("soak" | "delay", _) => is_any_unknown || number(new) < number(old),
        // Nothing is longer than any time.
        ("expires", _) => new.is_none() || old.is_some() && (is_any_unknown || number(new) > number(old)),
        ("allow_commit_close", _) => !matches!(new, None | Some(Json::Bool(false))),
        ("not_author", _) => new != Some(&Json::Bool(true)),
        ("approvals", _) => is_any_unknown || number(new).unwrap_or(1) < number(old).unwrap_or(1),
        // Whose records count.
        ("bot", _) => true,
        ("ca_cert", _) => new.is_some(),
        ("issue_state", _) => new.and_then(Json::as_str) == Some("open"),
        _ => return None,
    })
}
