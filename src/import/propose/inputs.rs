//! What stages take besides their code, and how it is made.

use std::collections::BTreeMap;

use concourse_pipeline::flow::Taking;
use concourse_pipeline::issues::IssueMark;
use concourse_pipeline::model::{GetStep, Resource};
use serde_json::{Map, Value as Json, json};

use crate::import::read::source::{SourcePipeline, is_need, pinned, resource_of};
use crate::import::read::steps::json;

use super::input::{input, usual_pin};
use super::settings::{KindUse, StageContext};
use super::templates::{escape, literal};

impl<'p> SourcePipeline<'p> {
    pub(crate) fn inputs(
        &self,
        at: &StageContext<'_>,
        kind_use: &KindUse,
        builds: &BTreeMap<String, KindUse>,
    ) -> Map<String, Json> {
        let mut inputs = Map::new();
        let foreign = |job: usize| self.job(job).gates.iter().filter(|taking| !self.is_gate_of_ours(taking));
        let jobs = [at.jobs.preview, Some(at.jobs.deploy)].into_iter().flatten();
        for taking in jobs.flat_map(|job| self.takes(job).chain(foreign(job))) {
            if taking.resource == at.jobs.code
                || is_need(taking)
                || self.is_verbatim(at.jobs, taking)
                || inputs.contains_key(taking.resource)
            {
                continue;
            }
            let Some(resource) = self.resource(taking.resource) else { continue };
            let mut settings = input(resource);
            if !self.flow.issues.contains_key(taking.resource) && self.is_quiet(at.jobs, taking.resource) {
                settings.insert("trigger".to_owned(), false.into());
            }
            self.params(at, resource, taking.get, &mut settings);
            self.pin(at, resource, &mut settings);
            let mut env = Map::new();
            for (variable, file) in &kind_use.env_files {
                if let Some(file) = file.strip_prefix(&format!("{}/", resource.name)) {
                    env.insert(variable.clone(), file.into());
                } else if pinned(file) == Some(resource.name.as_str()) {
                    let pin = settings.get("pin").and_then(Json::as_str).unwrap_or(usual_pin(resource));
                    env.insert(variable.clone(), pin.into());
                }
            }
            if !env.is_empty() {
                settings.insert("env".to_owned(), env.into());
            }
            if let (Some(job), Some(build)) = (self.shape.builds.get(taking.resource), builds.get(taking.resource)) {
                settings.insert("build".to_owned(), self.build(*job, &at.jobs.code, build));
            }
            inputs.insert(taking.resource.to_owned(), settings.into());
        }
        self.handed_over(at, kind_use, &mut inputs);
        inputs
    }

    /// Adds the images whose digest the approval hands over, which the stage has no get of.
    fn handed_over(&self, at: &StageContext<'_>, kind_use: &KindUse, inputs: &mut Map<String, Json>) {
        for (variable, file) in &kind_use.env_files {
            let Some(resource) = pinned(file).and_then(|name| self.resource(name)) else { continue };
            let name = resource.name.as_str();
            let settings = inputs.entry(name.to_owned()).or_insert_with(|| {
                let mut settings = input(resource);
                if self.is_quiet(at.jobs, name) {
                    settings.insert("trigger".to_owned(), false.into());
                }
                settings.into()
            });
            if let Some(settings) = settings.as_object_mut() {
                let env = settings.entry("env").or_insert_with(|| Map::new().into());
                if let Some(env) = env.as_object_mut() {
                    env.insert(variable.clone(), usual_pin(resource).into());
                }
            }
        }
    }

    /// The approvals of this program's own that no job here asks for: jobs, and the resource that they wait for.
    pub(crate) fn foreign_gates(&self) -> Vec<(usize, &'p str)> {
        let stages = self.shape.stages().flat_map(|stage| [stage.preview, Some(stage.deploy)]).flatten();
        stages
            .flat_map(|job| self.job(job).gates.iter().map(move |taking| (job, taking)))
            .filter(|(_, taking)| matches!(self.flow.issues[taking.resource].id.mark, IssueMark::Gate(_)))
            .filter(|(_, taking)| !self.is_gate_of_ours(taking))
            .map(|(job, taking)| (job, taking.resource))
            .collect()
    }

    /// Does a job of this pipeline open the issue?
    fn is_gate_of_ours(&self, taking: &Taking<'_>) -> bool {
        let id = &self.flow.issues[taking.resource].id;
        self.flow
            .jobs
            .iter()
            .flat_map(|job| &job.opens)
            .any(|put| self.flow.issues.get(resource_of(put)).is_some_and(|issue| issue.id == *id))
    }

    fn params(&self, at: &StageContext<'_>, resource: &Resource, get: &GetStep, settings: &mut Map<String, Json>) {
        match &get.params {
            Some(params) => {
                let mut params = json(params);
                escape(&mut params);
                settings.insert("params".to_owned(), params);
            }
            None if settings.contains_key("image") && self.reads_image(at, resource.name.as_str()) => {
                settings.insert("params".to_owned(), json!({"skip_download": false}));
            }
            None => {}
        }
    }

    /// Does a step read more of an image than what it is called?
    fn reads_image(&self, at: &StageContext<'_>, name: &str) -> bool {
        let steps = [Some(at.jobs.deploy), at.jobs.preview].into_iter().flatten().flat_map(|job| self.body(job));
        let text: String = steps.map(|step| json(step).to_string()).collect();
        let whole = format!("{name}/");
        let small = ["digest", "tag", "repository"];
        text.contains(&format!("\"image\":\"{name}\""))
            || text
                .match_indices(&whole)
                .any(|(at, _)| !small.iter().any(|file| text[at + whole.len()..].starts_with(file)))
    }

    /// Which version an approval names, where the pipeline says so.
    fn pin(&self, at: &StageContext<'_>, resource: &Resource, settings: &mut Map<String, Json>) {
        let puts = [Some(at.jobs.deploy), at.jobs.preview].into_iter().flatten().filter_map(|job| self.opens(job));
        for put in puts {
            let Some(pins) = put.params.as_ref().and_then(|params| params.get("pins")) else { continue };
            match pins.get(resource.name.as_str()).map(json) {
                None => _ = settings.insert("pin".to_owned(), Json::Null),
                Some(Json::String(file)) => {
                    if let Some(file) = file.strip_prefix(&format!("{}/", resource.name)) {
                        // A repository is pinned by its commit, even where the name of a tag was.
                        let file = if settings.contains_key("git") { usual_pin(resource) } else { file };
                        settings.insert("pin".to_owned(), file.into());
                    }
                }
                Some(_) => {}
            }
        }
    }

    fn build(&self, index: usize, code: &str, build: &KindUse) -> Json {
        let job = self.job(index);
        let mut settings = Map::new();
        settings.insert("job".to_owned(), literal(job.job.name.as_str()).into());
        let only_code = matches!(job.takes.as_slice(), [only] if only.resource == code);
        // What starts the build says so itself where the stage does not start by it.
        if !only_code || self.is_quiet_code(code) {
            let mut from = Map::new();
            for taking in &job.takes {
                let Some(resource) = self.resource(taking.resource) else { continue };
                let mut thing = input(resource);
                thing.shift_remove("pin");
                if !taking.triggers() {
                    thing.insert("trigger".to_owned(), false.into());
                }
                if let Some(params) = &taking.get.params {
                    thing.insert("params".to_owned(), json(params));
                }
                let env: Map<String, Json> = build
                    .env_files
                    .iter()
                    .filter_map(|(variable, file)| {
                        Some((variable.clone(), file.strip_prefix(&format!("{}/", resource.name))?.into()))
                    })
                    .collect();
                if !env.is_empty() {
                    thing.insert("env".to_owned(), env.into());
                }
                from.insert(taking.resource.to_owned(), thing.into());
            }
            if from.len() > 1 {
                let is_git = |taking: &&Taking<'_>| {
                    self.resource(taking.resource).is_some_and(|found| found.type_name.as_str() == "git")
                };
                let code = job.takes.iter().rfind(is_git).or(job.takes.last());
                settings.extend(code.map(|taking| ("code".to_owned(), taking.resource.into())));
            }
            settings.insert("from".to_owned(), from.into());
        }
        settings.insert("with".to_owned(), json!({&build.kind: build.options}));
        for (key, steps) in [("before", &build.before), ("after", &build.after)] {
            if !steps.is_empty() {
                let mut steps: Json = steps.clone().into();
                escape(&mut steps);
                settings.insert(key.to_owned(), steps);
            }
        }
        settings.into()
    }
}
