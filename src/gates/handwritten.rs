//! The model of a pipeline that somebody wrote, or of a rendered one that is read back.

use std::borrow::Cow;
use std::collections::BTreeMap;

use concourse_pipeline::fixed::{is_one_version, written_version};
use concourse_pipeline::issues::IssueSource;
use concourse_pipeline::model::is_clock;
use concourse_pipeline::view::{
    Definition, JobView, PipelineView, StepKind, StepPlace, StepView, field, list, text, texts,
};
use yaml_source::yaml::{Node, Value, decode};

use crate::job_target::JobTarget;
use crate::lower::{Author, JobRole};

use super::across::Local;
use super::checkout_script::runs_checkout;
use super::lowered::artifact_of;
use super::model::{Environment, Get, Home, Job, Owner, Pipeline, Put, Resource, Script, Source, Step, Task, What};
use super::sequence::{Path, PathPart};
use super::spelling::overlap;
use super::work::merged;

/// What the model borrows of pipelines that are read as nodes.
pub(crate) struct Handwritten<'v, 'n> {
    view: &'v PipelineView<'n>,
    name: String,
    /// The environments that jobs deploy to, as the user names them.
    targets: &'v [JobTarget],
    /// The sources of resources, and the defaults of resource types, by their places in the lists.
    sources: Vec<Option<Value>>,
    defaults: Vec<Option<Value>>,
    jobs: Vec<JobValues>,
}

struct JobValues {
    whom: String,
    /// The params of each step.
    params: Vec<Option<Value>>,
}

impl<'v, 'n> Handwritten<'v, 'n> {
    /// Reads a pipeline of that name. `targets` are jobs with the environments that they deploy to.
    pub(crate) fn of(view: &'v PipelineView<'n>, name: &str, targets: &'v [JobTarget]) -> Self {
        let value = |node: Option<&Node>| node.and_then(|node| decode::<Value>(node).ok());
        let sources = view.resources.iter().map(|resource| value(resource.source())).collect();
        let defaults = view.resource_types.iter().map(|of_type| value(field(of_type.node, "defaults"))).collect();
        let jobs = view.jobs.iter().map(|job| JobValues {
            whom: format!("the job `{}`", job.name),
            params: job.steps.iter().map(|step| value(field(step.node, "params"))).collect(),
        });
        Self { view, name: name.to_owned(), targets, sources, defaults, jobs: jobs.collect() }
    }

    /// The model of it.
    pub(crate) fn model(&self) -> Pipeline<'_> {
        let mut resources = BTreeMap::new();
        for (resource, own) in self.view.resources.iter().zip(&self.sources) {
            resources.entry(resource.name).or_insert_with(|| self.resource(resource, own.as_ref()));
        }
        let jobs = self.view.jobs.iter().zip(&self.jobs).map(|(job, values)| {
            let steps = job.steps.iter().enumerate().zip(&values.params);
            Job {
                name: job.name,
                span: job.span,
                whom: &values.whom,
                role: &JobRole::Handwritten,
                is_parallel: is_parallel(job.node),
                environment: self.environment(job),
                owner: Owner { file: job.span.file, name: owner(job) },
                steps: steps
                    .filter_map(|((at, step), params)| {
                        self.step((job, step), (path(job, at), locals(job, at)), params.as_ref(), &resources)
                    })
                    .collect(),
                approvals: Vec::new(),
            }
        });
        let jobs = jobs.collect();
        Pipeline::new(&self.name, Home::default(), resources, jobs)
    }

    /// The environment of a job: the user's word, or the last word of the name of a job that deploys.
    fn environment(&self, job: &JobView<'n>) -> Option<Environment<'_>> {
        let own = self.targets.iter().filter(|target| target.job == job.name);
        let whole = own.clone().find(|target| target.step.is_none());
        // Of single steps it is known if all of them are for one.
        let are_one = |target: &&JobTarget| own.clone().all(|other| other.environment == target.environment);
        let one = || own.clone().find(|target| target.environment.is_some() && are_one(target));
        if let Some(target) = whole.or_else(one) {
            return target.environment.as_deref().map(|name| Environment { name, is_guessed: false });
        }
        let (stem, _) = job.environment().filter(|_| job.deploys())?;
        Some(Environment { name: &job.name[stem.len() + 1..], is_guessed: true })
    }

    fn resource(&self, resource: &Definition<'n>, own: Option<&'_ Value>) -> Resource<'_> {
        // The lifetime of what is kept here, and not of the call.
        let own = own.and_then(|_| self.sources[resource.index].as_ref());
        let kind = resource.text("type").unwrap_or_default();
        let of_type = self.view.resource_types.iter().find(|of_type| of_type.name == kind);
        let image = of_type.and_then(|of_type| text(field(of_type.source()?, "repository")?));
        let is_clock = is_clock(kind, of_type.is_some(), image);
        let of_type = of_type.and_then(|of_type| self.defaults[of_type.index].as_ref());
        let mut made = Resource::new(resource.span, kind, image, Source { own, of_type });
        made.is_fixed = is_one_version(kind, written_version(resource.node).into_iter());
        made.is_clock = is_clock;
        made
    }

    fn step<'s>(
        &'s self,
        (job, step): (&'s JobView<'n>, &'s StepView<'n>),
        (path, across): (Path, Vec<Local<'s>>),
        params: Option<&'s Value>,
        resources: &BTreeMap<&str, Resource<'_>>,
    ) -> Option<Step<'s>> {
        let what = match step.kind {
            StepKind::Get => What::Get(Get {
                name: step.name,
                resource: step.resource(),
                triggers: step.triggers(),
                passed: self.view.passed(step).into_iter().map(|job| job.name).collect(),
                version: written_version(step.node),
                is_every: step.text("version") == Some("every"),
                is_unpinned: false,
            }),
            StepKind::Put => What::Put(Put {
                name: step.name,
                resource: step.resource(),
                gets: !step.is("no_get"),
                params,
                inputs: texts(list(step.node, "inputs")).map(|(name, _)| name).collect(),
                sees_all: field(step.node, "inputs").is_none_or(|inputs| inputs.as_list().is_none()),
            }),
            StepKind::Task => What::Task(task(step, |artifact| {
                let mut gets = job.steps.iter().filter(|step| step.kind == StepKind::Get);
                let resource = resources.get(gets.find(|get| get.name == artifact)?.resource())?;
                resource.issue.as_ref().is_some_and(IssueSource::has_key).then(|| resource.brings_code())
            })),
            StepKind::LoadVar => What::LoadVar { name: step.name, file: step.text("file").unwrap_or_default() },
            StepKind::SetPipeline => What::SetPipeline {
                name: step.name,
                files: step
                    .text("file")
                    .into_iter()
                    .chain(list(step.node, "var_files").iter().filter_map(text))
                    .collect(),
                vars: Cow::Owned(values(["vars", "instance_vars"].map(|key| field(step.node, key)))),
            },
            StepKind::Run | StepKind::Try | StepKind::Do | StepKind::InParallel => return None,
        };
        Some(Step { what, path, across, author: Author::Person, span: step.span })
    }
}

/// Jobs that take turns in a group of their own are those of one stage.
fn owner(job: &JobView<'_>) -> String {
    let groups = list(job.node, "serial_groups");
    match groups {
        [group] => group.as_str().unwrap_or(job.name).to_owned(),
        _ => job.name.to_owned(),
    }
}

/// What a task runs. Its image and its artifacts do not count: with another one it still changes the same thing.
fn script<'n>(step: &StepView<'n>) -> Script<'n> {
    let value = |node: Option<&Node>| node.and_then(|node| decode::<Value>(node).ok());
    let of_config = |key: &str| step.config().and_then(|config| field(config, key));
    let of_run = |key: &str| value(of_config("run").and_then(|run| field(run, key)));
    let parts = [value(field(step.node, "file")), of_run("path"), of_run("args")];
    // Those of the step win over those of its configuration.
    let params = [of_config("params"), field(step.node, "params"), field(step.node, "vars")].map(value);
    let image = values([of_config("image_resource")]);
    Script::Read { parts: Box::new(parts), params: Box::new(merged(params)), image: Box::new(image) }
}

/// The values of nodes that are there.
fn values<const N: usize>(nodes: [Option<&Node>; N]) -> Value {
    Value::List(nodes.into_iter().flatten().filter_map(|node| decode(node).ok()).collect())
}

/// The artifacts of inputs that a cache lies over.
fn cached<'n>(step: &StepView<'n>) -> Vec<&'n str> {
    let Some(config) = step.config() else { return Vec::new() };
    let caches: Vec<&str> = list(config, "caches").iter().filter_map(|cache| text(field(cache, "path")?)).collect();
    let mapping = field(step.node, "input_mapping").and_then(Node::as_map);
    let inputs = list(config, "inputs").iter().filter_map(|input| {
        let name = text(field(input, "name")?)?;
        let path = field(input, "path").and_then(text).unwrap_or(name);
        let artifact = mapping.and_then(|mapping| text(mapping.get(name)?)).unwrap_or(name);
        caches.iter().any(|cache| overlap(cache, path)).then_some(artifact)
    });
    inputs.collect()
}

/// The folders in which a task sees its inputs, as far as the pipeline tells.
fn folders<'n>(step: &StepView<'n>) -> Vec<&'n str> {
    let Some(config) = step.config() else {
        let mapping = field(step.node, "input_mapping").and_then(Node::as_map);
        let entries = mapping.map(yaml_source::yaml::Map::entries).unwrap_or_default();
        return entries.iter().filter(|entry| text(&entry.value).is_some()).map(|entry| entry.key.as_str()).collect();
    };
    let inputs = list(config, "inputs").iter().filter_map(|input| {
        let name = text(field(input, "name")?)?;
        Some(field(input, "path").and_then(text).unwrap_or(name))
    });
    inputs.collect()
}

/// Whether builds of a job can run at the same time.
fn is_parallel(job: &Node) -> bool {
    let is_one = field(job, "max_in_flight").and_then(text) == Some("1");
    let is_serial = field(job, "serial").and_then(text) == Some("true");
    !is_one && !is_serial && list(job, "serial_groups").is_empty()
}

/// The way to the step of that number.
fn path(job: &JobView<'_>, at: usize) -> Path {
    let mut path = Vec::new();
    let mut is_core = true;
    let mut open = Some(at);
    while let Some(at) = open {
        let step = &job.steps[at];
        // Hooks run once, after all values.
        if is_core && step.is_across() {
            path.push(PathPart::Across);
        }
        is_core = true;
        let hook = |name| if name == "on_success" { PathPart::OnSuccess } else { PathPart::Hook(name) };
        let (part, within) = match step.place {
            StepPlace::Plan(index) => (PathPart::Next(index), None),
            StepPlace::JobHook(name) => (hook(name), None),
            StepPlace::Do(within, index) => (PathPart::Next(index), Some(within)),
            StepPlace::InParallel(within, index) => (PathPart::Beside(index), Some(within)),
            StepPlace::Try(within) => (PathPart::Try, Some(within)),
            StepPlace::Hook(within, name) => {
                is_core = false;
                (hook(name), Some(within))
            }
        };
        path.push(part);
        open = within;
    }
    path.reverse();
    path
}

/// The variables that the step of that number runs across, the outermost first.
fn locals<'n>(job: &JobView<'n>, at: usize) -> Vec<Local<'n>> {
    let mut locals = Vec::new();
    let mut is_core = true;
    let mut open = Some(at);
    while let Some(at) = open {
        let step = &job.steps[at];
        if is_core && step.is_across() {
            let of_step = list(step.node, "across").iter().rev().filter_map(|variable| {
                let values = field(variable, "values").and_then(|values| decode::<Value>(values).ok());
                let values = match values {
                    Some(Value::List(values)) => Some(Cow::Owned(values)),
                    _ => None,
                };
                Some(Local::new(text(field(variable, "var")?)?, values))
            });
            locals.extend(of_step);
        }
        (is_core, open) = match step.place {
            StepPlace::Plan(_) | StepPlace::JobHook(_) => (true, None),
            StepPlace::Do(within, _) | StepPlace::InParallel(within, _) | StepPlace::Try(within) => {
                (true, Some(within))
            }
            StepPlace::Hook(within, _) => (false, Some(within)),
        };
    }
    locals.reverse();
    locals
}

/// What a task does. `approval` says of an artifact whether it is an approval, and whether it has the code, too.
fn task<'n>(step: &StepView<'n>, approval: impl Fn(&str) -> Option<bool>) -> Task<'n> {
    let mapping = |key: &str| field(step.node, key).and_then(Node::as_map);
    let named = |list_of: &str, mapping: Option<&'n yaml_source::yaml::Map>| -> Vec<&'n str> {
        let Some(config) = step.config() else {
            let entries = mapping.map(yaml_source::yaml::Map::entries).unwrap_or_default();
            return entries.iter().filter_map(|entry| text(&entry.value)).collect();
        };
        let names = list(config, list_of).iter().filter_map(|item| text(field(item, "name")?));
        names.map(|name| mapping.and_then(|mapping| text(mapping.get(name)?)).unwrap_or(name)).collect()
    };
    let run = step.config().and_then(|config| field(config, "run"));
    // Those of the step win over those of its configuration.
    let param = |name: &str| {
        let of_config = || step.config().and_then(|config| field(field(config, "params")?, name));
        step.param(name).or_else(of_config).and_then(text).unwrap_or_default()
    };
    let runs_script = runs_checkout(step, approval);
    let outputs = named("outputs", mapping("output_mapping"));
    let names = step.config().map(|config| list(config, "outputs")).unwrap_or_default();
    let is_named = |output: &Node| {
        let name = field(output, "name").and_then(text);
        param("CHECKOUT").split_whitespace().any(|clone| Some(clone) == name)
    };
    let checked_out = names.iter().zip(&outputs).filter(|(output, _)| runs_script && is_named(output));
    let clones = checked_out.map(|(_, name)| *name).collect();
    let is_empty = |name: &str| param(name).trim().is_empty();
    Task {
        inputs: named("inputs", mapping("input_mapping")),
        folders: folders(step),
        compare: runs_script.then(|| param("COMPARE")),
        clones: Some(clones),
        checks_nothing: runs_script && ["CHECKOUT", "COMPARE", "CONTENT"].into_iter().all(is_empty),
        content: runs_script.then(|| param("CONTENT")),
        script: script(step),
        cached: cached(step),
        outputs,
        is_elsewhere: step.config().is_none(),
        runs: step.text("image").into_iter().chain(step.text("file").and_then(artifact_of)).collect(),
        checks_render: run.is_some_and(|run| {
            let program = field(run, "path").and_then(text).unwrap_or_default();
            let is_checked = list(run, "args").iter().any(|argument| argument.as_str() == Some("--check"));
            program.rsplit('/').next() == Some("ol-pipegen") && is_checked
        }),
    }
}
