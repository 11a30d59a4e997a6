//! What a step does with each value of the variables of `across`.

use std::borrow::Cow;

use yaml_source::yaml::Value;

/// Stands in a text where a variable could have put anything.
pub(super) const ANY: char = '\0';

/// A variable of `across`.
#[derive(Clone, Debug)]
pub(super) struct Local<'a> {
    pub(super) name: &'a str,
    /// Its values, where they are written in the pipeline.
    pub(super) values: Option<Cow<'a, [Value]>>,
}

impl<'a> Local<'a> {
    /// A variable with what is written as its values.
    pub(super) fn new(name: &'a str, values: Option<Cow<'a, [Value]>>) -> Self {
        Self { name, values: values.filter(|values| !values.iter().any(has_variable)) }
    }
}

/// The value of each variable, for each time that a step runs. A value that is not known is `None`.
pub(super) fn runs<'l>(locals: &'l [Local<'_>]) -> Vec<Vec<(&'l str, Option<&'l Value>)>> {
    let count = locals.iter().map(|local| local.values.as_ref().map_or(1, |values| values.len()));
    let is_many = count.fold(1, usize::saturating_mul) > MOST;
    let mut runs = vec![Vec::new()];
    for local in locals {
        let values: Vec<Option<&Value>> = match &local.values {
            Some(values) if !is_many => values.iter().map(Some).collect(),
            _ => vec![None],
        };
        let with = |run: &Vec<(&'l str, Option<&'l Value>)>, value| {
            let mut run = run.clone();
            run.push((local.name, value));
            run
        };
        runs = runs.iter().flat_map(|run| values.iter().map(|value| with(run, *value)).collect::<Vec<_>>()).collect();
    }
    runs
}

/// A value with those of variables in it.
pub(super) fn filled(value: &Value, run: &[(&str, Option<&Value>)]) -> Value {
    match value {
        Value::Text(text) if text.contains("((") => fill(text, run),
        Value::List(items) => Value::List(items.iter().map(|item| filled(item, run)).collect()),
        Value::Map(map) => {
            let text = |key: &str| match fill(key, run) {
                Value::Text(key) => key,
                _ => key.to_owned(),
            };
            Value::Map(map.iter().map(|(key, value)| (text(key), filled(value, run))).collect())
        }
        value => value.clone(),
    }
}

fn fill(text: &str, run: &[(&str, Option<&Value>)]) -> Value {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("((") {
        let Some(end) = rest[at..].find("))") else { break };
        made.push_str(&rest[..at]);
        let variable = &rest[at..at + end + 2];
        let name = rest[at + 2..at + end].trim().strip_prefix(".:").map(|name| name.replace('"', ""));
        let mut parts = name.as_deref().unwrap_or_default().split('.').map(str::trim);
        let first = parts.next().unwrap_or_default();
        // The innermost of two with one name counts.
        match run.iter().rfind(|(known, _)| *known == first) {
            Some((_, Some(value))) => match parts.try_fold(*value, |value, part| value.get(part)) {
                Some(value) if variable == text => return value.clone(),
                Some(Value::Text(value)) => made.push_str(value),
                Some(Value::Integer(value)) => made.push_str(&value.to_string()),
                Some(Value::Bool(value)) => made.push_str(&value.to_string()),
                Some(_) | None => made.push(ANY),
            },
            Some((_, None)) => made.push(ANY),
            None => made.push_str(variable),
        }
        rest = &rest[at + end + 2..];
    }
    made.push_str(rest);
    Value::Text(made)
}

fn has_variable(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.contains("(("),
        Value::List(items) => items.iter().any(has_variable),
        Value::Map(map) => map.values().any(has_variable),
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) => false,
    }
}

/// With more runs than that, the variables could hold anything.
const MOST: usize = 64;
