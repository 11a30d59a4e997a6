//! What is no part of a chain and stays in the pipeline all the same: a manifest's `extra` has it in Concourse's own words.

use std::collections::BTreeSet;

use concourse_pipeline::model::{Core, Job, JobName, Step};
use serde_json::{Map, Value as Json};

use crate::import::read::source::{SourcePipeline, resource_of};
use crate::import::read::steps::json;

use super::templates::escape;

impl SourcePipeline<'_> {
    /// The resources that the rest of a manifest makes: the code, inputs, what builds take and make, and issues.
    fn made_otherwise(&self) -> BTreeSet<&str> {
        let mut made: BTreeSet<&str> = self.flow.issues.keys().copied().collect();
        for stage in self.shape.stages() {
            made.insert(&stage.code);
            for job in [Some(stage.deploy), stage.preview].into_iter().flatten() {
                let inputs = self.takes(job).filter(|taking| !self.is_verbatim(stage, taking));
                made.extend(inputs.map(|taking| taking.resource));
            }
        }
        for (input, job) in &self.shape.builds {
            made.insert(input);
            made.extend(self.job(*job).takes.iter().map(|taking| taking.resource));
        }
        made
    }

    /// What a pipeline has of these jobs, of the steps of stages, and of what is about the pipeline as a whole, that the
    /// rest of the manifest does not make. `defined` is what the kinds define.
    pub(crate) fn extra(&self, jobs: &[&Job], stages: &[&Job], defined: &BTreeSet<String>) -> Map<String, Json> {
        let mut used: BTreeSet<&str> = BTreeSet::new();
        for job in jobs.iter().chain(stages) {
            job.each_step(&mut |step| used.extend(used_by(step)));
        }
        let made = self.made_otherwise();
        let is_made = |name: &str| made.contains(name) || defined.contains(name);
        let resources: Vec<_> = self
            .pipeline
            .resources
            .iter()
            .filter(|resource| used.contains(resource.name.as_str()) && !is_made(resource.name.as_str()))
            .collect();
        let images = jobs.iter().map(|job| json(job).to_string()).collect::<String>();
        let mut types: BTreeSet<&str> = resources.iter().map(|resource| resource.type_name.as_str()).collect();
        let known = self.pipeline.resource_types.iter();
        types.extend(
            known.map(|found| found.name.as_str()).filter(|name| images.contains(&format!("\"type\":\"{name}\""))),
        );
        // A type may be of a type itself.
        for _ in 0..self.pipeline.resource_types.len() {
            let of = self.pipeline.resource_types.iter().filter(|found| types.contains(found.name.as_str()));
            types.extend(of.map(|found| found.type_name.as_str()).collect::<Vec<_>>());
        }
        let types = self.pipeline.resource_types.iter().filter(|found| types.contains(found.name.as_str()));
        let setters: BTreeSet<JobName> = self.setters().map(|job| job.name.clone()).collect();
        let mut extra = Map::new();
        let mut set = |key: &str, values: Vec<Json>| {
            if !values.is_empty() {
                extra.insert(key.to_owned(), values.into());
            }
        };
        set("resource_types", types.map(json).collect());
        // A former name is said in `old_names`.
        let without_old_name = |mut value: Json| {
            if let Some(map) = value.as_object_mut() {
                map.shift_remove("old_name");
            }
            value
        };
        set("resources", resources.into_iter().map(json).map(without_old_name).collect());
        let without_setters = |job: &&Job| {
            let mut job = (*job).clone();
            forget_jobs(&mut job, &setters);
            job
        };
        set("jobs", jobs.iter().map(without_setters).map(|job| json(&job)).map(without_old_name).collect());
        set("var_sources", self.pipeline.var_sources.iter().map(json).collect());
        if let Some(display) = &self.pipeline.display {
            extra.insert("display".to_owned(), json(display));
        }
        let mut extra = Json::from(extra);
        escape(&mut extra);
        if let Json::Object(extra) = extra { extra } else { Map::new() }
    }
}

/// Takes out what a job asks of these jobs.
pub(crate) fn forget_jobs(job: &mut Job, names: &BTreeSet<JobName>) {
    job.each_step_mut(&mut |step| {
        if let Core::Get(get) = &mut step.core {
            get.passed.retain(|name| !names.contains(name));
        }
    });
}

fn used_by(step: &Step) -> Option<&str> {
    match &step.core {
        Core::Get(get) => Some(get.resource.as_ref().unwrap_or(&get.get).as_str()),
        Core::Put(put) => Some(resource_of(put)),
        _ => None,
    }
}
