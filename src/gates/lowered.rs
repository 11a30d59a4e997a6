//! The model of a pipeline in Concourse's types: one that was rendered, or any other.

use std::borrow::Cow;
use std::collections::BTreeMap;

use concourse_pipeline::fixed::is_one_version;
use concourse_pipeline::model::{
    self as concourse, Core, Inputs, JobName, Pipeline as Written, ResourceType, TaskStep, Version, is_clock,
};
use yaml_source::source::Span;
use yaml_source::yaml::Value;

use crate::lower::{Author, JobRole, Lowered};

use super::across::Local;
use super::model::{Get, Home, Job, Owner, Pipeline, Put, Resource, Script, Source, Step, Task, What};
use super::spelling::overlap;

impl<'a> Pipeline<'a> {
    /// The model of a lowered pipeline. `fallback` is where to point when nothing better is known.
    pub(crate) fn of_lowered(name: &'a str, home: Home<'a>, lowered: &'a Lowered<'a>, fallback: Span) -> Self {
        let Lowered { pipeline, origins, issues, extra, .. } = lowered;
        let mut resources = resources(pipeline, fallback);
        for (name, resource) in &mut resources {
            resource.is_gates_own = issues.contains(name);
            if let Some((_, span)) = extra.iter().find(|(added, _)| added == name) {
                resource.span = *span;
            }
        }
        let jobs = pipeline.jobs.iter().zip(origins).map(|(job, origin)| Job {
            name: job.name.as_str(),
            span: origin.span,
            whom: &origin.whom,
            role: &origin.role,
            is_parallel: false,
            environment: None,
            owner: Owner {
                file: origin.span.file,
                name: match &origin.role {
                    JobRole::Stage { stage, .. } => stage.whom(),
                    _ => job.name.to_string(),
                },
            },
            steps: steps(job, origin.plan.iter().copied(), (origin.hooks, origin.span)),
            approvals: Vec::new(),
        });
        let jobs = jobs.collect();
        Self::new(name, home, resources, jobs)
    }

    /// The model of any pipeline, of which nobody asks where it says what.
    pub(crate) fn without_places(pipeline: &'a Written) -> Self {
        let nowhere = (Author::Person, Span::NOWHERE);
        let jobs = pipeline.jobs.iter().map(|job| Job {
            name: job.name.as_str(),
            span: Span::NOWHERE,
            whom: job.name.as_str(),
            role: &JobRole::Handwritten,
            is_parallel: false,
            environment: None,
            owner: Owner { file: Span::NOWHERE.file, name: job.name.to_string() },
            steps: steps(job, std::iter::repeat(nowhere), nowhere),
            approvals: Vec::new(),
        });
        let jobs = jobs.collect();
        Self::new("", Home::default(), resources(pipeline, Span::NOWHERE), jobs)
    }
}

fn resources(pipeline: &Written, span: Span) -> BTreeMap<&str, Resource<'_>> {
    let mut found = BTreeMap::new();
    for resource in &pipeline.resources {
        let of_type = pipeline.resource_types.iter().find(|of_type| of_type.name == resource.type_name);
        let image = of_type.and_then(ResourceType::image);
        let source =
            Source { own: resource.source.as_ref(), of_type: of_type.and_then(|of_type| of_type.defaults.as_ref()) };
        let mut made = Resource::new(span, resource.type_name.as_str(), image, source);
        made.is_fixed = match &resource.version {
            Some(Value::Map(version)) => {
                is_one_version(made.type_name, version.iter().map(|(key, value)| (key.as_str(), text_of(value))))
            }
            _ => false,
        };
        made.is_clock = is_clock(resource.type_name.as_str(), of_type.is_some(), image);
        found.insert(resource.name.as_str(), made);
    }
    found
}

/// A text. Empty where the value is something else.
fn text_of(value: &Value) -> &str {
    match value {
        Value::Text(text) => text,
        _ => "",
    }
}

/// The steps of a job, with who wrote each step of its plan, and its hooks.
fn steps(
    job: &concourse::Job,
    plan: impl Iterator<Item = (Author, Span)>,
    (author, span): (Author, Span),
) -> Vec<Step<'_>> {
    let mut steps = Vec::with_capacity(job.plan.len() + 4);
    for (step, (author, span)) in job.plan.iter().zip(plan) {
        leaves(step, author, span, &mut steps);
    }
    for hook in job.hooks().into_iter().filter_map(|(_, hook)| hook) {
        leaves(hook, author, span, &mut steps);
    }
    steps
}

fn leaves<'a>(step: &'a concourse::Step, author: Author, span: Span, steps: &mut Vec<Step<'a>>) {
    // Those of steps around a step come before it. One of a step beside it has another name, or is as good as its own.
    let mut across: Vec<Local<'a>> = Vec::new();
    step.each(&mut |step| {
        across.extend(step.across.iter().map(|variable| {
            let values = match &variable.values {
                Some(Value::List(values)) => Some(Cow::Borrowed(values.as_slice())),
                _ => None,
            };
            Local::new(&variable.var, values)
        }));
        let what = match &step.core {
            Core::Get(get) => What::Get(Get {
                name: get.get.as_str(),
                resource: get.resource.as_ref().unwrap_or(&get.get).as_str(),
                triggers: get.trigger == Some(true),
                passed: get.passed.iter().map(JobName::as_str).collect(),
                version: match &get.version {
                    Some(Version::Pinned(version)) => {
                        version.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
                    }
                    Some(Version::Latest | Version::Every) | None => Vec::new(),
                },
                is_every: get.version == Some(Version::Every),
                is_unpinned: get.unpinned.is_some(),
            }),
            Core::Put(put) => What::Put(Put {
                name: put.put.as_str(),
                resource: put.resource.as_ref().unwrap_or(&put.put).as_str(),
                gets: put.no_get != Some(true),
                params: put.params.as_ref(),
                inputs: match &put.inputs {
                    Some(Inputs::Named(names)) => names.iter().map(String::as_str).collect(),
                    _ => Vec::new(),
                },
                sees_all: !matches!(put.inputs, Some(Inputs::Named(_))),
            }),
            Core::Task(task) => What::Task(Task {
                inputs: inputs(task),
                folders: folders(task),
                outputs: outputs(task),
                compare: task.config.as_ref().and_then(|config| match config.params.get("COMPARE") {
                    Some(Value::Text(compare)) => Some(compare.as_str()),
                    _ => None,
                }),
                clones: None,
                checks_nothing: false,
                content: None,
                script: Script::Typed(task),
                cached: cached(task),
                is_elsewhere: task.config.is_none(),
                runs: task
                    .image
                    .iter()
                    .map(String::as_str)
                    .chain(task.file.iter().filter_map(|file| artifact_of(file)))
                    .collect(),
                checks_render: false,
            }),
            Core::LoadVar(load) => What::LoadVar { name: load.load_var.as_str(), file: &load.file },
            Core::SetPipeline(set) => What::SetPipeline {
                name: set.set_pipeline.as_str(),
                files: std::iter::once(set.file.as_str()).chain(set.var_files.iter().map(String::as_str)).collect(),
                vars: Cow::Owned(Value::List([&set.vars, &set.instance_vars].into_iter().flatten().cloned().collect())),
            },
            Core::Try { .. } | Core::Do { .. } | Core::InParallel { .. } => return,
        };
        steps.push(Step { what, path: Vec::new(), across: across.clone(), author, span });
    });
}

/// The artifact that a file is in.
pub(super) fn artifact_of(file: &str) -> Option<&str> {
    file.split('/').next()
}

/// The artifacts that a task sees, as far as the pipeline tells.
fn inputs(task: &TaskStep) -> Vec<&str> {
    match &task.config {
        Some(config) => {
            let mapped = |name: &'_ String| task.input_mapping.get(name).map(String::as_str);
            config.inputs.iter().map(|input| mapped(&input.name).unwrap_or(input.name.as_str())).collect()
        }
        None => task.input_mapping.values().map(String::as_str).collect(),
    }
}

/// The folders in which a task sees its inputs, as far as the pipeline tells.
fn folders(task: &TaskStep) -> Vec<&str> {
    match &task.config {
        Some(config) => {
            config.inputs.iter().map(|input| input.path.as_deref().unwrap_or(input.name.as_str())).collect()
        }
        None => task.input_mapping.keys().map(String::as_str).collect(),
    }
}

/// The artifacts of inputs that a cache lies over.
fn cached(task: &TaskStep) -> Vec<&str> {
    let Some(config) = task.config.as_ref().filter(|config| !config.caches.is_empty()) else { return Vec::new() };
    let is_cached = |path: &str| config.caches.iter().any(|cache| overlap(&cache.path, path));
    let inputs = config.inputs.iter().filter(|input| is_cached(input.path.as_deref().unwrap_or(&input.name)));
    inputs.map(|input| task.input_mapping.get(&input.name).map_or(input.name.as_str(), String::as_str)).collect()
}

/// The artifacts that a task makes, as far as the pipeline tells.
fn outputs(task: &TaskStep) -> Vec<&str> {
    match &task.config {
        Some(config) => {
            let mapped = |name: &'_ String| task.output_mapping.get(name).map(String::as_str);
            config.outputs.iter().map(|output| mapped(&output.name).unwrap_or(output.name.as_str())).collect()
        }
        None => task.output_mapping.values().map(String::as_str).collect(),
    }
}
