//! Kinds read backwards: which options must a stage have given, that the kind's steps come out as those of its job?
//!
//! What is found is a proposal. Whether it is right is seen when it is rendered.

use std::collections::BTreeMap;

use minijinja::Value;
use regex::Regex;
use serde_json::{Map, Value as Json};
use yaml_source::yaml::{Node, NodeKind, decode};

use crate::kind::Kind;
use crate::template::{ParsedTemplate, Piece, Scope, is_template, pieces};

/// What a kind was given, that its steps come out as those of a job.
#[derive(Clone, Debug, Default)]
pub(crate) struct KindMatch {
    /// The names of templates, dotted: `options.path`, `stack`, `env`.
    pub(crate) names: BTreeMap<String, Json>,
    /// Steps before the kind's own.
    pub(crate) before: Vec<Json>,
    /// Steps behind them.
    pub(crate) after: Vec<Json>,
    /// The resources that the kind defines.
    pub(crate) resources: Vec<String>,
    pub(crate) timeout: Option<String>,
    pub(crate) attempts: Option<u64>,
}

impl KindMatch {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.names.get(name)?.as_str()
    }

    pub(crate) fn options(&self) -> Map<String, Json> {
        let options = self.names.iter().filter_map(|(name, value)| Some((name.strip_prefix("options.")?, value)));
        options.filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }
}

/// A job's steps, but for gets and what belongs to its gate, and what is known of it.
pub(crate) struct JobSteps<'a> {
    pub(crate) steps: &'a [Json],
    pub(crate) resources: &'a BTreeMap<String, Json>,
    /// Names of templates that are known: `code`, `phase`.
    pub(crate) known: Vec<(&'static str, String)>,
}

/// Reads a kind backwards. `None` when the job's steps are others than the kind's.
pub(crate) fn match_kind(kind: &Kind, body: &JobSteps<'_>) -> Option<KindMatch> {
    let steps = kind.node().at("/steps").and_then(Node::as_list)?;
    let defined = kind.node().at("/resources").and_then(Node::as_list).unwrap_or_default();
    let mut found = KindMatch::default();
    found.names.extend(body.known.iter().map(|(name, value)| ((*name).to_owned(), Json::from(value.as_str()))));
    let mut unsolved: Vec<(String, Json)> = Vec::new();
    let mut at = 0;
    let mut first = None;
    let mut end = 0;
    for template in steps {
        let optional = template.at("/when").is_some();
        let matched = (at..body.steps.len()).find_map(|index| {
            let mut names = found.names.clone();
            is_same_step(template, &body.steps[index], &mut names).then_some((index, names))
        });
        let Some((index, names)) = matched else {
            if optional {
                continue;
            }
            return None;
        };
        if first.is_none() {
            found.before = body.steps[..index].to_vec();
            first = Some(index);
        } else if index != at {
            // What stands between its steps has no place before or behind them.
            return None;
        }
        found.names = names;
        let mut actual = body.steps[index].clone();
        if let Some(map) = actual.as_object_mut() {
            if let Some(Json::String(timeout)) = map.shift_remove("timeout") {
                found.timeout = Some(timeout);
            }
            found.attempts = map.shift_remove("attempts").and_then(|attempts| attempts.as_u64()).or(found.attempts);
        }
        // The resource says more of the names than the step does.
        let put = actual.get("put").and_then(Json::as_str).map(str::to_owned);
        if let Some(resource) = put.as_ref().and_then(|put| body.resources.get(put)) {
            let defines = |template: &&Node| {
                let mut names = found.names.clone();
                let is = |key: &str, names: &mut BTreeMap<String, Json>| {
                    template
                        .at(&format!("/{key}"))
                        .is_some_and(|node| text(node, &resource[key], names, &mut Vec::new()))
                };
                is("name", &mut names) && is("type", &mut names)
            };
            if let Some(template) = defined.iter().find(defines) {
                unify(template, resource, &mut found.names, &mut unsolved);
                found.resources.extend(put);
            } else if !defined.is_empty() {
                return None;
            }
        }
        unify(template, &actual, &mut found.names, &mut unsolved);
        at = index + 1;
        end = at;
    }
    first?;
    found.after = body.steps[end..].to_vec();
    solve(kind, &mut found.names, &unsolved);
    Some(found)
}

/// Is it the kind's step, by what it does and what it is called?
fn is_same_step(template: &Node, step: &Json, names: &mut BTreeMap<String, Json>) -> bool {
    ["put", "task", "load_var", "set_pipeline", "do", "try", "in_parallel"].into_iter().any(|key| {
        let (Some(node), Some(actual)) = (template.at(&format!("/{key}")), step.get(key)) else { return false };
        actual.is_string() && text(node, actual, names, &mut Vec::new())
    })
}

/// Finds the names in a template for it to come out as a value. What differs is passed over: the round trip tells.
fn unify(template: &Node, actual: &Json, names: &mut BTreeMap<String, Json>, unsolved: &mut Vec<(String, Json)>) {
    match (&template.kind, actual) {
        (NodeKind::Scalar(_), _) => {
            text(template, actual, names, unsolved);
        }
        (NodeKind::Map(map), Json::Object(actual)) => {
            for entry in map.entries().iter().filter(|entry| entry.key != "..." && entry.key != "when") {
                unify(&entry.value, actual.get(&entry.key).unwrap_or(&Json::Null), names, unsolved);
            }
            let Some(over) = map.get("...") else { return };
            let mut rest: Map<String, Json> = actual
                .iter()
                .filter(|(key, _)| map.get(key).is_none())
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            let layers = over.as_list().unwrap_or_else(|| std::slice::from_ref(over));
            for layer in layers {
                lay_off(layer, &mut rest, names);
            }
        }
        (NodeKind::List(items), Json::Array(actual)) if items.len() == actual.len() => {
            for (item, actual) in items.iter().zip(actual) {
                unify(item, actual, names, unsolved);
            }
        }
        _ => {}
    }
}

/// Takes what a map must have been that was laid over another one.
fn lay_off(layer: &Node, rest: &mut Map<String, Json>, names: &mut BTreeMap<String, Json>) {
    let Some([Piece::Hole(expression)]) = layer.as_str().and_then(pieces).as_deref().map(|pieces| match pieces {
        [one] => [*one],
        _ => [Piece::Text("")],
    }) else {
        return;
    };
    let (name, prefix) = match expression.split_once("| prefix_keys(") {
        Some((name, prefix)) => (name.trim(), prefix.trim_end_matches(')').trim_matches(['\'', '"', ' '])),
        None => (expression, ""),
    };
    if !is_dotted(name) {
        return;
    }
    let known: Map<String, Json> = names.get(name).and_then(Json::as_object).cloned().unwrap_or_default();
    // Variables of files come by themselves; what they are called is known by then.
    if name == "env" && !prefix.is_empty() {
        rest.retain(|key, _| !key.strip_prefix(prefix).is_some_and(|key| known.contains_key(key)));
        return;
    }
    let mut taken = Map::new();
    rest.retain(|key, value| match key.strip_prefix(prefix) {
        Some(key) => {
            taken.insert(key.to_owned(), value.clone());
            false
        }
        None => true,
    });
    if !taken.is_empty() {
        names.insert(name.to_owned(), taken.into());
    }
}

/// Does a template come out as a text, and with which names?
fn text(
    template: &Node,
    actual: &Json,
    names: &mut BTreeMap<String, Json>,
    unsolved: &mut Vec<(String, Json)>,
) -> bool {
    let Some(scalar) = template.as_scalar() else { return false };
    if !is_template(&scalar.text) {
        return decode::<Json>(template).is_ok_and(|literal| literal == *actual);
    }
    let phase = names.get("phase").and_then(Json::as_str).unwrap_or_default();
    let source = scalar.text.replace("options[phase]", &format!("options.{phase}"));
    let Some(parts) = pieces(&source) else { return false };
    if let [Piece::Hole(name)] = parts.as_slice() {
        if !is_dotted(name) {
            unsolved.push((source.clone(), actual.clone()));
            return true;
        }
        return match names.get(*name) {
            Some(known) => known == actual,
            None if actual.is_null() || *name == "task_inputs" => true,
            None => {
                names.insert((*name).to_owned(), actual.clone());
                true
            }
        };
    }
    let Some(actual_text) = actual.as_str() else { return false };
    let mut pattern = String::from("(?s)^");
    let mut found = Vec::new();
    for part in &parts {
        match part {
            Piece::Text(text) => pattern += &regex::escape(text),
            Piece::Hole(name) => match names.get(*name).and_then(Json::as_str) {
                Some(known) => pattern += &regex::escape(known),
                None if is_dotted(name) => {
                    pattern += "(.+?)";
                    found.push(*name);
                }
                None => {
                    pattern += "(?:.*)";
                    unsolved.push((source.clone(), actual.clone()));
                }
            },
        }
    }
    pattern.push('$');
    let Some(captures) = Regex::new(&pattern).ok().and_then(|pattern| pattern.captures(actual_text)) else {
        return false;
    };
    for (index, name) in found.into_iter().enumerate() {
        if let Some(capture) = captures.get(index + 1) {
            names.insert(name.to_owned(), capture.as_str().into());
        }
    }
    true
}

/// Options that stand in expressions: those values are taken by which the most of these come out as they should.
fn solve(kind: &Kind, names: &mut BTreeMap<String, Json>, unsolved: &[(String, Json)]) {
    let properties = kind.node().at("/options/properties").and_then(Node::as_map);
    for option in properties.map(yaml_source::yaml::Map::entries).unwrap_or_default() {
        let name = format!("options.{}", option.key);
        if names.contains_key(&name) {
            continue;
        }
        let concerned: Vec<&(String, Json)> =
            unsolved.iter().filter(|(template, _)| template.contains(&name)).collect();
        if concerned.is_empty() {
            continue;
        }
        let default = option.value.at("/default").filter(|node| !node.as_str().is_some_and(is_template));
        let default = default.and_then(|node| decode::<Json>(node).ok()).unwrap_or_default();
        let mut candidates = vec![default];
        if option.value.at("/type").and_then(Node::as_str) == Some("boolean") {
            candidates.extend([Json::Bool(true), Json::Bool(false)]);
        }
        let code = names.get("code").and_then(Json::as_str).unwrap_or_default().to_owned();
        for (_, actual) in &concerned {
            if let Some(text) = actual.as_str() {
                candidates.extend(text.strip_prefix(&format!("{code}/")).map(Json::from));
                candidates.push(text.into());
            }
        }
        let mut best: Option<(usize, Json)> = None;
        for candidate in candidates {
            names.insert(name.clone(), candidate.clone());
            let scope = scope(kind, names);
            let right = concerned
                .iter()
                .filter(|(template, actual)| comes_out(template, &scope) == Some(of_json(actual)))
                .count();
            if best.as_ref().is_none_or(|(known, _)| right > *known) {
                best = Some((right, candidate));
            }
        }
        match best {
            Some((right, value)) if right > 0 && !value.is_null() => names.insert(name, value),
            _ => names.remove(&name),
        };
    }
}

/// The names that kinds' templates have, besides those of options.
const NAMES: [&str; 10] =
    ["code", "phase", "stack", "project", "environment", "group", "slug", "input", "env", "env_files"];

/// What is known, for templates: an option that is not is as it is by default, or none.
fn scope(kind: &Kind, names: &BTreeMap<String, Json>) -> Scope {
    let properties = kind.node().at("/options/properties").and_then(Node::as_map);
    let mut options: Map<String, Json> = Map::new();
    for option in properties.map(yaml_source::yaml::Map::entries).unwrap_or_default() {
        let default = option.value.at("/default").filter(|node| !node.as_str().is_some_and(is_template));
        let value = names.get(&format!("options.{}", option.key)).cloned();
        let value = value.or_else(|| default.and_then(|node| decode::<Json>(node).ok()));
        options.insert(option.key.clone(), value.unwrap_or_default());
    }
    let named = |name: &'static str| {
        let value = names.get(name).cloned().unwrap_or_default();
        (name, of_json(&value))
    };
    Scope::default().with(NAMES.into_iter().map(named)).with([("options", of_json(&options.into()))])
}

fn comes_out(template: &str, scope: &Scope) -> Option<Value> {
    ParsedTemplate::parse(template).ok()?.value(scope).ok()
}

fn of_json(value: &Json) -> Value {
    match value {
        Json::Null => Value::from(()),
        Json::Bool(value) => Value::from(*value),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| number.as_f64().map(Value::from).unwrap_or_default(), Value::from)
        }
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => items.iter().map(of_json).collect(),
        Json::Object(map) => Value::from_pairs(map.iter().map(|(key, value)| (key.as_str(), of_json(value)))),
    }
}

/// A name, or one within another: `options.path`.
fn is_dotted(name: &str) -> bool {
    !name.is_empty()
        && name.split('.').all(|part| {
            part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        })
}
