//! What a step of a handwritten job does, and whether another step does the same.
//!
//! Nobody has named what these steps change. Two puts to equal resources do the same, and so do two tasks that run the same.
//! Params that name another thing, such as another stack, tell them apart; params that only one of them has do not.

use std::borrow::Cow;

use concourse_pipeline::params::shows_only;
use yaml_source::yaml::Value;

use super::facts::{hash, thing};
use super::model::{Pipeline, Resource, Step, What};

/// What a step does, with its params.
pub(super) struct Doing<'p> {
    pub(super) work: Work,
    params: Option<Cow<'p, Value>>,
}

/// What a step does, whatever its params are.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Work {
    /// A put to a resource of that type and source.
    Put(u64),
    /// A task of the pipeline of that number: the same file in two pipelines may be of two repositories.
    Task { pipeline: usize, program: u64 },
}

impl<'p> Doing<'p> {
    /// `None` for a step that changes nothing outside, such as a get, or a put that tells people something.
    pub(super) fn of(step: &'p Step<'_>, number: usize, pipeline: &'p Pipeline<'_>) -> Option<Self> {
        match &step.what {
            What::Task(task) => {
                let program = task.script.program();
                Some(Self { work: Work::Task { pipeline: number, program }, params: Some(task.script.params()) })
            }
            What::Put(put) => {
                let resource = pipeline.resources.get(put.resource)?;
                let changes = resource.issue.is_none() && !only_tells(put.resource, resource);
                changes.then(|| Self { work: Work::Put(thing(resource)), params: put.params.map(Cow::Borrowed) })
            }
            _ => None,
        }
    }

    /// Whether another step can change the same thing.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let params = self.params.as_ref().zip(other.params.as_ref());
        self.work == other.work && params.is_none_or(|(own, other)| are_alike(own, other))
    }

    /// Whether its params say that it only shows what would change.
    pub(super) fn changes_nothing(&self) -> bool {
        let Some(Value::Map(params)) = self.params.as_deref() else { return false };
        params.iter().any(|(key, value)| match value {
            Value::Bool(true) => shows_only(key, "true"),
            Value::Text(text) => shows_only(key, text),
            _ => false,
        })
    }
}

/// A number that is equal for equal files, programs and arguments.
pub(super) fn program(parts: [Option<Value>; 3]) -> u64 {
    hash(&Value::List(parts.map(|part| part.unwrap_or(Value::Null)).into()))
}

/// Params over params, the last ones on top.
pub(super) fn merged(params: [Option<Value>; 3]) -> Value {
    let maps = params.into_iter().flatten().filter_map(|params| match params {
        Value::Map(map) => Some(map),
        _ => None,
    });
    Value::Map(maps.flatten().collect())
}

/// Whether nothing in two params tells apart what they are for.
fn are_alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Map(one), Value::Map(other)) => {
            one.iter().all(|(key, value)| other.get(key).is_none_or(|other| are_alike(value, other)))
        }
        (Value::List(one), Value::List(other)) => {
            let (few, many) = if one.len() < other.len() { (one, other) } else { (other, one) };
            few.iter().all(|item| many.iter().any(|other| are_alike(item, other)))
        }
        (Value::Text(one), Value::Text(other)) => one == other || is_verb(one) && is_verb(other),
        _ => true,
    }
}

/// Whether a text says what is done, and not to what.
fn is_verb(text: &str) -> bool {
    const VERBS: [&str; 16] = [
        "apply",
        "create",
        "delete",
        "deploy",
        "destroy",
        "down",
        "install",
        "push",
        "refresh",
        "replace",
        "rollback",
        "sync",
        "uninstall",
        "up",
        "update",
        "upgrade",
    ];
    VERBS.contains(&text.to_ascii_lowercase().as_str())
}

/// Whether a resource tells people, counts or locks something: no put to it deploys.
fn only_tells(name: &str, resource: &Resource<'_>) -> bool {
    const WORDS: [&str; 20] = [
        "slack",
        "notification",
        "notify",
        "notifier",
        "alert",
        "mail",
        "email",
        "teams",
        "discord",
        "chat",
        "gchat",
        "pagerduty",
        "status",
        "webhook",
        "annotation",
        "metric",
        "metrics",
        "pool",
        "lock",
        "semver",
    ];
    let has_word = |text: &str| text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| WORDS.contains(&word));
    let image = resource.image.and_then(|image| image.rsplit('/').next()).unwrap_or_default();
    has_word(name) || has_word(resource.type_name) || has_word(image)
}
