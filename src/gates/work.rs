//! What a step of a handwritten job does, and whether another step does the same.
//!
//! Nobody has named what these steps change. Two puts to equal resources do the same, and so do two tasks that run the same.
//! Names of a target that both have decide, whatever else differs: see [`super::naming`]. Without such names all params that
//! both have count, and params that only one of them has do not.

use std::borrow::Cow;
use std::collections::BTreeSet;

use concourse_pipeline::Repository;
use concourse_pipeline::params::{has_words, shows_only};
use yaml_source::yaml::Value;

use super::across::{ANY, filled, runs};
use super::facts::hash;
use super::model::{Job, Pipeline, Put, Resource, Step, Task, What};
use super::naming::{Names, Relation};
use super::spelling::plain;

/// What a step does, with its params.
#[derive(Debug)]
pub(super) struct Doing {
    /// What it does, whatever its params are: steps that do the same have one of them in common.
    pub(super) works: Vec<Work>,
    pub(super) names: Names,
    params: Option<Value>,
    /// The file and the arguments of a task.
    words: Vec<String>,
    /// The name of its resource says that it tells people something, or takes a lock; or the name of its file that it fetches
    /// something, such as credentials.
    only_tells: bool,
    /// The number of its pipeline, among those that are judged together.
    pipeline: Option<usize>,
    /// The repositories of what a task sees.
    repositories: BTreeSet<Repository>,
}

/// What a step does, whatever its params are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Work {
    /// A put to a resource of that type and source.
    Put(u64),
    /// A put by that image to what is named so.
    Aim(u64),
    /// A task that runs that program.
    Task(u64),
}

impl Doing {
    /// What a step does, for each value of the variables that it runs across. Nothing for a step that changes nothing outside,
    /// such as a get.
    pub(super) fn of(step: &Step<'_>, job: &Job<'_>, at: (usize, &Pipeline<'_>)) -> Vec<Self> {
        if !matches!(step.what, What::Task(_) | What::Put(_)) {
            return Vec::new();
        }
        let runs = runs(&step.across);
        runs.iter().filter_map(|run| Self::of_run(step, job, at, run)).collect()
    }

    fn of_run(
        step: &Step<'_>,
        job: &Job<'_>,
        (number, pipeline): (usize, &Pipeline<'_>),
        run: &[(&str, Option<&Value>)],
    ) -> Option<Self> {
        match &step.what {
            What::Task(task) => {
                let folders = Folders::of_task(task, job, pipeline);
                let params = folders.spelt_all(&filled(&task.script.params(), run));
                let parts = task.script.parts();
                let parts =
                    parts.each_ref().map(|part| part.as_ref().map(|part| folders.spelt_all(&filled(part, run))));
                let seen =
                    job.gets().filter(|(get, _)| task.inputs.contains(&get.name) || task.runs.contains(&get.name));
                let resources = seen.filter_map(|(get, _)| pipeline.resources.get(get.resource));
                Some(Self {
                    works: vec![Work::Task(program(&parts))],
                    names: Names::of(None, Some(&params), &str::to_owned),
                    params: Some(params),
                    only_tells: only_prepares(&parts) && does_more(job, pipeline),
                    words: words(&parts),
                    pipeline: Some(number),
                    repositories: resources.filter_map(Resource::repository).collect(),
                })
            }
            What::Put(put) => {
                let resource = pipeline.resources.get(put.resource).filter(|resource| resource.issue.is_none())?;
                let params = put.params.map(|params| filled(params, run));
                let (names, params) = of_put(put, params.as_ref(), resource, job, pipeline);
                let aim = names.aim(resource.maker()).map(Work::Aim);
                Some(Self {
                    works: [Work::Put(resource.thing())].into_iter().chain(aim).collect(),
                    names,
                    params,
                    words: Vec::new(),
                    only_tells: only_tells(put.resource, resource),
                    pipeline: Some(number),
                    repositories: BTreeSet::new(),
                })
            }
            _ => None,
        }
    }

    /// The same, for steps of all manifests of a run, whose pipelines are not numbered together.
    pub(super) fn of_other_manifests(self) -> Self {
        Self { pipeline: None, ..self }
    }

    /// Whether another step can change the same thing.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        // What tells people something is of the type and source of what deploys, or deploys nothing.
        if self.only_tells && other.only_tells || !self.is_of_one_repository(other) {
            return false;
        }
        let has_work =
            |is_meant: fn(&Work) -> bool| self.works.iter().any(|work| is_meant(work) && other.works.contains(work));
        let are_alike =
            || self.params.as_ref().zip(other.params.as_ref()).is_none_or(|(own, other)| are_alike(own, other));
        match self.names.relation(&other.names) {
            Relation::Apart => false,
            Relation::Same { by_step: true } => has_work(|_| true),
            Relation::Same { by_step: false } => has_work(|_| true) && are_alike(),
            Relation::Unnamed => has_work(|work| !matches!(work, Work::Aim(_))) && are_alike(),
        }
    }

    /// Whether another step does the same with the same params.
    pub(super) fn is_equal(&self, other: &Self) -> bool {
        self.works == other.works && self.words == other.words && self.params == other.params
    }

    /// Whether both can run the same file: in two pipelines one path may be of two repositories.
    fn is_of_one_repository(&self, other: &Self) -> bool {
        self.pipeline.is_some() && self.pipeline == other.pipeline
            || !self.is_task()
            || self.repositories.is_empty() && other.repositories.is_empty()
            || !self.repositories.is_disjoint(&other.repositories)
    }

    /// Whether it is a task.
    pub(super) fn is_task(&self) -> bool {
        matches!(self.works.as_slice(), [Work::Task(_)])
    }

    /// Whether it could be what deploys.
    pub(super) const fn may_deploy(&self) -> bool {
        !self.only_tells
    }

    /// Whether its params, its file or its arguments name an environment.
    pub(super) fn name(&self, environment: &str) -> bool {
        let is_word_of_tests = ["test", "ci"].iter().any(|word| environment.eq_ignore_ascii_case(word));
        self.names.name(environment) || !is_word_of_tests && self.words.iter().any(|word| has_words(word, environment))
    }

    /// Whether its params say that it only shows what would change.
    pub(super) fn changes_nothing(&self) -> bool {
        let Some(Value::Map(params)) = &self.params else { return false };
        params.iter().any(|(key, value)| match value {
            Value::Bool(true) => shows_only(key, "true"),
            Value::Text(text) => shows_only(key, text),
            _ => false,
        })
    }
}

/// What a put names, and its params, both in their one spelling.
fn of_put(
    put: &Put<'_>,
    params: Option<&Value>,
    resource: &Resource<'_>,
    job: &Job<'_>,
    pipeline: &Pipeline<'_>,
) -> (Names, Option<Value>) {
    let folders = Folders::of_put(put, job, pipeline);
    let params = params.map(|params| folders.spelt_all(params));
    (Names::of(Some(resource.source), params.as_ref(), &|text| folders.spelt(text).into_owned()), params)
}

/// What a put names, in its one spelling.
pub(super) fn names_of_put(put: &Put<'_>, resource: &Resource<'_>, job: &Job<'_>, pipeline: &Pipeline<'_>) -> Names {
    let folders = Folders::of_put(put, job, pipeline);
    Names::of(Some(resource.source), put.params, &|text| folders.spelt(text).into_owned())
}

/// The folders of a step that hold a repository. An artifact can have any name.
struct Folders<'a>(Vec<(&'a str, Repository)>);

impl<'a> Folders<'a> {
    fn of_task(task: &Task<'a>, job: &Job<'a>, pipeline: &Pipeline<'_>) -> Self {
        if task.is_elsewhere {
            let mut folders = Self::of_job(job, pipeline, |_| true);
            folders.0.retain(|(name, _)| !task.folders.contains(name) || task.runs.contains(name));
            folders.0.extend(Self::of_inputs(task, job, pipeline).0);
            return folders;
        }
        let mut folders = Self::of_inputs(task, job, pipeline);
        folders.0.extend(Self::of_job(job, pipeline, |name| task.runs.contains(&name)).0);
        folders
    }

    fn of_inputs(task: &Task<'a>, job: &Job<'a>, pipeline: &Pipeline<'_>) -> Self {
        let of = |(folder, artifact): (&&'a str, &&'a str)| {
            let (get, _) = job.gets().find(|(get, _)| get.name == *artifact)?;
            Some((*folder, pipeline.resources.get(get.resource)?.repository()?))
        };
        Self(task.folders.iter().zip(&task.inputs).filter_map(of).collect())
    }

    fn of_put(put: &Put<'_>, job: &Job<'a>, pipeline: &Pipeline<'_>) -> Self {
        Self::of_job(job, pipeline, |name| put.sees_all || put.inputs.contains(&name))
    }

    fn of_job(job: &Job<'a>, pipeline: &Pipeline<'_>, is_seen: impl Fn(&str) -> bool) -> Self {
        let gets = job.gets().filter(|(get, _)| is_seen(get.name));
        Self(
            gets.filter_map(|(get, _)| Some((get.name, pipeline.resources.get(get.resource)?.repository()?))).collect(),
        )
    }

    /// A text in its one spelling: a path begins with its repository.
    fn spelt<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if text.contains(char::is_whitespace) {
            return Cow::Borrowed(text);
        }
        let plain = plain(text);
        let (first, rest) = plain.split_once('/').map_or((plain.as_ref(), None), |(first, rest)| (first, Some(rest)));
        match self.0.iter().find(|(folder, _)| *folder == first) {
            Some((_, repository)) => Cow::Owned(match rest {
                Some(rest) => format!("<{repository}>/{rest}"),
                None => format!("<{repository}>"),
            }),
            None => plain,
        }
    }

    fn spelt_all(&self, value: &Value) -> Value {
        match value {
            Value::Text(text) => Value::Text(self.spelt(text).into_owned()),
            Value::List(items) => Value::List(items.iter().map(|item| self.spelt_all(item)).collect()),
            Value::Map(map) => {
                Value::Map(map.iter().map(|(key, value)| (key.clone(), self.spelt_all(value))).collect())
            }
            value => value.clone(),
        }
    }
}

/// A number that is equal for equal files, programs and arguments: of a file, a path and arguments in their one spelling.
fn program([file, path, args]: &[Option<Value>; 3]) -> u64 {
    const FOLDERS: [&str; 6] = ["/bin/", "/usr/bin/", "/usr/local/bin/", "/sbin/", "/usr/sbin/", "/usr/local/sbin/"];
    const SHELLS: [&str; 6] = ["sh", "bash", "dash", "ash", "ksh", "zsh"];
    let mut path = path.clone();
    let mut args: Vec<Value> = match args {
        Some(Value::List(args)) => args.iter().map(one_spaced).collect(),
        Some(other) => vec![other.clone()],
        None => Vec::new(),
    };
    if let Some(Value::Text(path)) = &mut path {
        let name = FOLDERS.iter().find_map(|folder| path.strip_prefix(folder)).unwrap_or(path);
        let is_flag = |arg: &Value| matches!(arg, Value::Text(text) if text.starts_with(['-', '+']));
        if SHELLS.contains(&name) && args.iter().any(|arg| !is_flag(arg)) {
            args.retain(|arg| !is_flag(arg));
            "sh".clone_into(path);
        } else {
            *path = name.to_owned();
        }
    }
    let part = |part: Option<Value>| part.unwrap_or(Value::Null);
    hash(&Value::List(vec![part(file.clone()), part(path), Value::List(args)]))
}

/// A text without what parts its words.
fn one_spaced(value: &Value) -> Value {
    match value {
        Value::Text(text) => Value::Text(text.split_whitespace().collect::<Vec<_>>().join(" ")),
        value => value.clone(),
    }
}

/// Whether the name of the file that a task runs says that the task fetches something for the steps after it: credentials, or
/// the name of a commit.
fn only_prepares([file, path, _]: &[Option<Value>; 3]) -> bool {
    const VERBS: [&str; 5] = ["assume", "authenticate", "fetch", "get", "login"];
    let Some(Value::Text(file)) = file.as_ref().or(path.as_ref()) else { return false };
    let name = file.rsplit('/').next().unwrap_or_default();
    VERBS.contains(&name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default())
}

/// Whether a job has a step that may use what other steps prepare. Without one, whatever a task is called, it is what the job is
/// there for.
fn does_more(job: &Job<'_>, pipeline: &Pipeline<'_>) -> bool {
    job.steps.iter().any(|step| match &step.what {
        What::Task(task) => {
            let is_check = || job.sees_approval(task) && task.held().next().is_some();
            !only_prepares(&task.script.parts()) && !is_check()
        }
        What::Put(put) => {
            let resource = pipeline.resources.get(put.resource);
            resource.is_some_and(|resource| resource.issue.is_none() && !only_tells(put.resource, resource))
        }
        What::Get(_) | What::LoadVar { .. } | What::SetPipeline { .. } => false,
    })
}

/// The file and the arguments that are single words.
fn words([file, path, args]: &[Option<Value>; 3]) -> Vec<String> {
    let args = match args {
        Some(Value::List(args)) => args.as_slice(),
        _ => &[],
    };
    let texts = file.iter().chain(path).chain(args).filter_map(|value| match value {
        Value::Text(text) if !text.contains(char::is_whitespace) => Some(text.clone()),
        _ => None,
    });
    texts.collect()
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
        (Value::Text(one), Value::Text(other)) => {
            one == other || one.contains(ANY) || other.contains(ANY) || is_verb(one) && is_verb(other)
        }
        _ => true,
    }
}

/// Whether a text says what is done, and not to what.
pub(super) fn is_verb(text: &str) -> bool {
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
    let image = resource.image.and_then(|image| image.rsplit('/').next()).unwrap_or_default();
    [name, resource.type_name, image].into_iter().any(has_word_of_telling)
}

/// Whether a type of resources says, or the image behind it, that a put only tells people something, counts or takes a lock.
/// The name of a resource says less: what is called `notify` can be a service that is deployed. So can what calls a webhook.
pub(crate) fn type_only_tells(type_name: &str, image: Option<&str>) -> bool {
    let image = image.and_then(|image| image.rsplit('/').next()).unwrap_or_default();
    [type_name, image].into_iter().any(|text| has_word_of_telling(text) && !text.contains("webhook"))
}

fn has_word_of_telling(text: &str) -> bool {
    const WORDS: [&str; 22] = [
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
        "token",
        "tokens",
    ];
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| WORDS.contains(&word))
}
