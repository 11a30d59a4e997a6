//! What a step of a handwritten job does, and whether another step does the same.
//!
//! Nobody has named what these steps change. Two puts to equal resources do the same, and so do two tasks that run the same.
//! Params that name another thing, such as another stack, tell them apart; params that only one of them has do not.

use std::borrow::Cow;
use std::collections::BTreeSet;

use concourse_pipeline::params::shows_only;
use yaml_source::yaml::Value;

use super::facts::hash;
use super::model::{Job, Pipeline, Resource, Step, What};
use concourse_pipeline::Repository;

/// What a step does, with its params.
pub(super) struct Doing<'p> {
    pub(super) work: Work,
    params: Option<Cow<'p, Value>>,
    /// The number of its pipeline.
    pipeline: usize,
    /// The repositories of what a task sees.
    repositories: BTreeSet<Repository>,
}

/// What a step does, whatever its params are.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Work {
    /// A put to a resource of that type and source.
    Put(u64),
    /// A task that runs that program.
    Task(u64),
}

impl<'p> Doing<'p> {
    /// `None` for a step that changes nothing outside, such as a get, or a put that tells people something.
    pub(super) fn of(step: &'p Step<'_>, job: &Job<'_>, (number, pipeline): (usize, &'p Pipeline<'_>)) -> Option<Self> {
        let doing = |work, params| Self { work, params, pipeline: number, repositories: BTreeSet::new() };
        match &step.what {
            What::Task(task) => {
                let seen =
                    job.gets().filter(|(get, _)| task.inputs.contains(&get.name) || task.runs.contains(&get.name));
                let resources = seen.filter_map(|(get, _)| pipeline.resources.get(get.resource));
                Some(Self {
                    repositories: resources.filter_map(Resource::repository).collect(),
                    ..doing(Work::Task(task.script.program()), Some(task.script.params()))
                })
            }
            What::Put(put) => {
                let resource = pipeline.resources.get(put.resource)?;
                let changes = resource.issue.is_none() && !only_tells(put.resource, resource);
                changes.then(|| doing(Work::Put(resource.thing()), put.params.map(Cow::Borrowed)))
            }
            _ => None,
        }
    }

    /// Whether another step can change the same thing.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let params = self.params.as_ref().zip(other.params.as_ref());
        self.work == other.work
            && self.is_of_one_repository(other)
            && params.is_none_or(|(own, other)| are_alike(own, other))
    }

    /// Whether both can run the same file: in two pipelines one path may be of two repositories.
    fn is_of_one_repository(&self, other: &Self) -> bool {
        self.pipeline == other.pipeline
            || matches!(self.work, Work::Put(_))
            || self.repositories.is_empty() && other.repositories.is_empty()
            || !self.repositories.is_disjoint(&other.repositories)
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
