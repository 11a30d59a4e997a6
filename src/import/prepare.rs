//! What a manifest writes in one way only, written so: an artifact is called as its resource.

use std::collections::{BTreeMap, BTreeSet};

use crate::concourse::{Core, Pipeline, ResourceName, Step};
use crate::flow::PipelineFlow;

/// Calls each resource as the jobs call what they got of it, where they agree. New name → former name.
pub(super) fn call_by_artifact(pipeline: &mut Pipeline) -> BTreeMap<String, String> {
    let renamed = renames(pipeline);
    let new = |name: &ResourceName| renamed.get(name.as_str()).cloned();
    for resource in &mut pipeline.resources {
        if let Some(name) = new(&resource.name) {
            resource.name = name;
        }
    }
    for job in &mut pipeline.jobs {
        let hooks = [&mut job.on_success, &mut job.on_failure, &mut job.on_error, &mut job.on_abort, &mut job.ensure];
        for step in job.plan.iter_mut().chain(hooks.into_iter().flatten()) {
            rename(step, &new);
        }
    }
    renamed.into_iter().map(|(old, new)| (new.to_string(), old)).collect()
}

/// Former name → new name.
fn renames(pipeline: &Pipeline) -> BTreeMap<String, ResourceName> {
    let flow = PipelineFlow::of(pipeline);
    let mut called: BTreeMap<&str, BTreeSet<&ResourceName>> = BTreeMap::new();
    for job in &flow.jobs {
        for taking in &job.takes {
            let waits = taking.get.get.as_str().starts_with("after-");
            if !waits {
                called.entry(taking.resource).or_default().insert(&taking.get.get);
            }
        }
    }
    let mut new: BTreeSet<&str> = BTreeSet::new();
    let mut renamed = BTreeMap::new();
    for (resource, names) in called {
        let Some(name) = names.first().filter(|name| names.len() == 1 && name.as_str() != resource) else { continue };
        // What is put by its own name would be an artifact of that name.
        let put = flow.jobs.iter().any(|job| job.makes.contains(&resource));
        if !put && !flow.resources.contains_key(name.as_str()) && new.insert(name.as_str()) {
            renamed.insert(resource.to_owned(), (*name).clone());
        }
    }
    renamed
}

fn rename(step: &mut Step, new: &dyn Fn(&ResourceName) -> Option<ResourceName>) {
    match &mut step.core {
        Core::Get(get) => {
            if let Some(name) = get.resource.as_ref().and_then(new) {
                get.resource = (name != get.get).then_some(name);
            }
        }
        Core::Try { step } => rename(step, new),
        Core::Do { steps } => steps.iter_mut().for_each(|step| rename(step, new)),
        Core::InParallel { in_parallel } => in_parallel.steps.iter_mut().for_each(|step| rename(step, new)),
        Core::Put(_) | Core::Task(_) | Core::SetPipeline(_) | Core::LoadVar(_) => {}
    }
    let hooks = [&mut step.on_success, &mut step.on_failure, &mut step.on_error, &mut step.on_abort, &mut step.ensure];
    hooks.into_iter().flatten().for_each(|step| rename(step, new));
}
