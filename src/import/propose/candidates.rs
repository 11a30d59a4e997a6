//! What could deploy the stages of a pipeline: a kind that exists, the kind `script`, or a new kind made of the steps.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::import::compare::trial::Trial;
use crate::import::read::shape::StageJobs;
use crate::import::read::source::{SourcePipeline, resource_of};
use crate::import::read::steps::json;
use crate::kind::{Family, Kind};

use super::match_kind::{self, KindMatch, match_kind};
use super::new_kind::{JobBody, NewKind, new_kind};
use super::places::{OptionNames, StagePlace};
use super::script::{Shell, script};
use super::settings::KindUse;
use super::templates::{TemplateValues, escape};

/// What deploys the stages.
#[derive(Clone, Debug)]
pub(crate) enum Candidate {
    /// A kind that is there: deploy job → what it was given.
    Existing { kind: String, given: BTreeMap<usize, KindMatch> },
    /// Shell text of the manifest.
    Script { given: BTreeMap<usize, Shell> },
    /// A kind of the steps that the jobs have.
    New,
}

impl Candidate {
    /// All that could be, the ones that are there first.
    pub(crate) fn all(read: &SourcePipeline<'_>, trial: &Trial) -> Vec<Self> {
        let mut found: Vec<Self> =
            trial.fleet().kinds.of(Family::Stack).filter_map(|kind| existing(kind, read)).collect();
        found.extend(script(read));
        found.push(Self::New);
        found
    }

    pub(crate) fn option_names(&self, stage: &StageJobs) -> OptionNames {
        match self {
            Self::Existing { given, .. } => {
                given.get(&stage.deploy).map_or_else(OptionNames::default, |given| OptionNames {
                    project: given.text("project").map(str::to_owned),
                    stack: given.text("stack").map(str::to_owned),
                })
            }
            Self::Script { .. } | Self::New => OptionNames::default(),
        }
    }
}

pub(crate) fn resources(read: &SourcePipeline<'_>) -> BTreeMap<String, Json> {
    read.pipeline.resources.iter().map(|resource| (resource.name.to_string(), json(resource))).collect()
}

fn existing(kind: &Kind, read: &SourcePipeline<'_>) -> Option<Candidate> {
    let resources = resources(read);
    let mut given = BTreeMap::new();
    for stage in read.shape.stages() {
        let mut all: Option<KindMatch> = None;
        for (job, phase) in [(Some(stage.deploy), "deploy"), (stage.preview, "preview")] {
            let Some(job) = job else { continue };
            let steps: Vec<Json> = read.body(job).into_iter().map(json).collect();
            let body = match_kind::JobSteps {
                steps: &steps,
                resources: &resources,
                known: vec![("code", stage.code.clone()), ("phase", phase.to_owned())],
            };
            let found = match_kind(kind, &body)?;
            match &mut all {
                None => all = Some(found),
                Some(all) => {
                    for (name, value) in found.names {
                        all.names.entry(name).or_insert(value);
                    }
                }
            }
        }
        given.insert(stage.deploy, all?);
    }
    Some(Candidate::Existing { kind: kind.name().to_owned(), given })
}

/// What a kind was given, in the words of a manifest.
pub(crate) fn use_of_existing(kind: &str, given: &KindMatch) -> KindUse {
    let object = |name: &str| given.names.get(name).and_then(Json::as_object).cloned().unwrap_or_default();
    let mut env = object("env");
    let mut before = given.before.clone();
    let files = object("env_files");
    let mut env_files: Vec<(String, String)> =
        files.iter().filter_map(|(variable, file)| Some((variable.clone(), file.as_str()?.to_owned()))).collect();
    // A file that is read into a variable for nothing but another variable.
    before.retain(|step| {
        let (Some(name), Some(file)) = (step["load_var"].as_str(), step["file"].as_str()) else { return true };
        let local = format!("((.:{name}))");
        let variables: Vec<String> =
            env.iter().filter(|(_, value)| **value == local).map(|(key, _)| key.clone()).collect();
        let [variable] = variables.as_slice() else { return true };
        env.shift_remove(variable);
        env_files.push((variable.clone(), file.to_owned()));
        false
    });
    for value in env.values_mut() {
        if matches!(value, Json::Number(_) | Json::Bool(_)) {
            *value = value.to_string().into();
        }
    }
    let mut options: Json = given.options().into();
    escape(&mut options);
    KindUse {
        kind: kind.to_owned(),
        options: options.as_object().cloned().unwrap_or_default(),
        env,
        env_files,
        before,
        after: given.after.clone(),
        timeout: given.timeout.clone(),
        attempts: given.attempts,
    }
}

/// A kind of the steps of all stages, and the options of each, by deploy job.
pub(crate) fn new(
    name: &str,
    read: &SourcePipeline<'_>,
    places: &[Vec<StagePlace>],
    words: &dyn Fn(&StagePlace, &StageJobs) -> TemplateValues,
) -> (Json, BTreeMap<usize, Map<String, Json>>) {
    let mut bodies = Vec::new();
    let mut jobs = Vec::new();
    let grouped = places.iter().flatten().any(|place| place.group.is_some() || place.project != places[0][0].project);
    for (stage, place) in read.shape.stages().zip(places.iter().flatten()) {
        for (job, phase) in [(Some(stage.deploy), "deploy"), (stage.preview, "preview")] {
            let Some(job) = job else { continue };
            let put = read.opens(job).and_then(|put| put.params.as_ref());
            let file = |key: &str| put.and_then(|params| params.get(key)).map(json);
            bodies.push(JobBody {
                stage: jobs.len(),
                phase,
                words: words(place, stage),
                only: if grouped {
                    format!(
                        "(project == '{}' and group == '{}' and environment == '{}')",
                        place.project,
                        place.group.as_deref().unwrap_or(""),
                        place.environment
                    )
                } else {
                    format!("environment == '{}'", place.environment)
                },
                steps: read.body(job).into_iter().map(json).collect(),
                hooks: read.hooks(job),
                resources: made(read, job),
                summary: file("body_files").and_then(|files| Some(files.as_array()?.first()?.as_str()?.to_owned())),
                no_changes: file("close_if_file").and_then(|file| Some(file.as_str()?.to_owned())),
            });
        }
        jobs.push(stage.deploy);
    }
    let types = types(read, &bodies);
    let about = format!("what `{name}` does; read from a pipeline");
    let NewKind { text, options } = new_kind(&title(name), &about, &bodies, jobs.len(), &types, false);
    (text, jobs.into_iter().zip(options).collect())
}

/// The resources that a job's own steps put, but for issues and for what is taken as an input.
pub(crate) fn made(read: &SourcePipeline<'_>, index: usize) -> Vec<Json> {
    let inputs: Vec<&str> =
        (0..read.flow.jobs.len()).flat_map(|job| read.takes(job)).map(|taking| taking.resource).collect();
    let codes: Vec<&str> = read.shape.stages().map(|stage| stage.code.as_str()).collect();
    let mut found: Vec<Json> = Vec::new();
    let job = read.job(index).job;
    let hooks = job.hooks().into_iter().filter_map(|(_, hook)| hook);
    for step in read.body(index).into_iter().chain(hooks) {
        step.each(&mut |step| {
            let name = match &step.core {
                concourse_pipeline::model::Core::Put(put) => resource_of(put),
                concourse_pipeline::model::Core::Get(get) => get.resource.as_ref().unwrap_or(&get.get).as_str(),
                _ => return,
            };
            let resource =
                read.flow.resources.get(name).filter(|_| {
                    !inputs.contains(&name) && !codes.contains(&name) && !read.flow.issues.contains_key(name)
                });
            if let Some(resource) = resource.map(json).filter(|resource| !found.contains(resource)) {
                found.push(resource);
            }
        });
    }
    found
}

/// The resource types that steps and inputs need, and that the pipeline defines.
pub(crate) fn types(read: &SourcePipeline<'_>, bodies: &[JobBody]) -> Vec<Json> {
    let mut names: Vec<String> = Vec::new();
    let inputs =
        read.flow.jobs.iter().flat_map(|job| &job.takes).filter_map(|taking| read.flow.resources.get(taking.resource));
    names.extend(inputs.map(|resource| resource.type_name.to_string()));
    for body in bodies {
        names.extend(body.hooks.iter().flat_map(|(_, hook)| {
            let mut found = Vec::new();
            image_types(hook, &mut found);
            found
        }));
        names.extend(body.resources.iter().filter_map(|resource| resource["type"].as_str()).map(str::to_owned));
        let steps = Json::Array(body.steps.clone());
        let mut images = Vec::new();
        image_types(&steps, &mut images);
        names.extend(images);
    }
    let mut found: Vec<Json> = Vec::new();
    let mut at = 0;
    while at < names.len() {
        let defined = read.pipeline.resource_types.iter().find(|defined| defined.name.as_str() == names[at]);
        if let Some(defined) = defined.map(json).filter(|defined| !found.contains(defined)) {
            if let Some(of) = defined["type"].as_str().filter(|of| defined["name"] != **of) {
                names.push(of.to_owned());
            }
            found.push(defined);
        }
        at += 1;
    }
    found
}

fn image_types(value: &Json, found: &mut Vec<String>) {
    match value {
        Json::Object(map) => {
            found.extend(map.get("image_resource").and_then(|image| Some(image.get("type")?.as_str()?.to_owned())));
            map.values().for_each(|inner| image_types(inner, found));
        }
        Json::Array(items) => items.iter().for_each(|item| image_types(item, found)),
        _ => {}
    }
}

pub(crate) fn title(name: &str) -> String {
    let mut title = name.replace(['-', '_'], " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}

/// A name that a kind can have.
pub(crate) fn plain(name: &str) -> String {
    let clean: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c.to_ascii_lowercase() } else { '-' })
        .collect();
    if clean.starts_with(|c: char| c.is_ascii_lowercase()) { clean } else { format!("k-{clean}") }
}

/// The stack of a kind of one's own.
pub(crate) fn use_of_new(name: &str, options: &Map<String, Json>) -> KindUse {
    KindUse { kind: name.to_owned(), options: options.clone(), ..KindUse::default() }
}

/// A kind's file.
pub(crate) fn text(kind: &Json) -> Result<String, yaml_source::Failure> {
    let text = yaml_source::yaml::emit(kind).map_err(|error| yaml_source::Failure::Internal(error.to_string()))?;
    Ok(text)
}
