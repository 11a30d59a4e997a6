//! What a manifest writes in one way only, written so: an artifact is called as its resource.

use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::flow::PipelineFlow;
use concourse_pipeline::job_names::{JobRole, job_role};
use concourse_pipeline::model::{
    Core, GetStep, InParallel, Pipeline, PutStep, Resource, ResourceName, ResourceType, ResourceTypeName, Step,
};

use crate::input::concourse::core_type;

use super::steps::{is_bare, only_gets};

/// Calls each resource as the jobs call what they got of it, where they agree. New name → former name.
pub(crate) fn call_by_artifact(pipeline: &mut Pipeline) -> BTreeMap<String, String> {
    let renamed = renames(pipeline);
    let new = |name: &ResourceName| renamed.get(name.as_str()).cloned();
    call(pipeline, &new, &mut |step| {
        if let Core::Get(get) = &mut step.core
            && let Some(name) = get.resource.as_ref().and_then(new)
        {
            get.resource = (name != get.get).then_some(name);
        }
    });
    renamed.into_iter().map(|(old, new)| (new.to_string(), old)).collect()
}

/// Calls the type of issues as this program does. Was it called otherwise?
pub(crate) fn call_issues(pipeline: &mut Pipeline) -> bool {
    let name = ResourceTypeName::parse("github-issues").expect("internal error: the name of a type is none");
    let is_issues = |found: &&ResourceType| {
        found.name != name && found.image().is_some_and(|image| image.ends_with("github-issues-resource"))
    };
    let called: Vec<ResourceTypeName> =
        pipeline.resource_types.iter().filter(is_issues).map(|found| found.name.clone()).collect();
    let [called] = called.as_slice() else { return false };
    if pipeline.resource_types.iter().any(|found| found.name == name) {
        return false;
    }
    let types = pipeline.resource_types.iter_mut().map(|found| &mut found.name);
    let resources = pipeline.resources.iter_mut().map(|found| &mut found.type_name);
    for found in types.chain(resources).filter(|found| *found == called) {
        found.clone_from(&name);
    }
    true
}

/// Lets the gets of a plan come first, out of the steps that they are in. The names of the jobs whose gets moved.
///
/// A get between other steps fetches the version that the build began with, so that it may as well come first; one that
/// comes after a put of its resource, or of its name, does not move.
pub(crate) fn bring_gets_forward(pipeline: &mut Pipeline) -> Vec<String> {
    let mut moved = Vec::new();
    // What tests or publishes by its name stays as it is.
    for job in pipeline.jobs.iter_mut().filter(|job| job_role(job.name.as_str()) != JobRole::Other) {
        let mut put: BTreeSet<String> = BTreeSet::new();
        let mut gets = Vec::new();
        for step in &mut job.plan {
            if !matches!(step.core, Core::Get(_)) {
                // Gets beside one another are first already.
                let are_first = is_bare(step) && only_gets(step);
                if !are_first {
                    take_gets(step, &mut put, &mut gets);
                }
            }
        }
        if !gets.is_empty() {
            job.plan.retain(|step| !is_empty(step));
            job.plan.splice(0..0, gets);
            moved.push(job.name.to_string());
        }
    }
    moved
}

/// Takes the gets out of a step that does more than to get.
fn take_gets(step: &mut Step, put: &mut BTreeSet<String>, gets: &mut Vec<Step>) {
    let is_repeated = step.attempts.is_some() || step.timeout.is_some() || !step.across.is_empty();
    match &mut step.core {
        Core::Put(made) => {
            put.insert(made.put.to_string());
            put.extend(made.resource.as_ref().map(ToString::to_string));
        }
        Core::Do { steps } | Core::InParallel { in_parallel: InParallel { steps, .. } } if !is_repeated => {
            let mut index = 0;
            while index < steps.len() {
                let is_free = match &steps[index].core {
                    Core::Get(get) => {
                        let resource = get.resource.as_ref().unwrap_or(&get.get);
                        is_bare(&steps[index]) && !put.contains(get.get.as_str()) && !put.contains(resource.as_str())
                    }
                    _ => false,
                };
                if is_free {
                    gets.push(steps.remove(index));
                } else {
                    take_gets(&mut steps[index], put, gets);
                    index += 1;
                }
            }
            steps.retain(|step| !is_empty(step));
        }
        _ => {}
    }
}

fn is_empty(step: &Step) -> bool {
    match &step.core {
        Core::Do { steps } | Core::InParallel { in_parallel: InParallel { steps, .. } } => steps.is_empty(),
        _ => false,
    }
}

/// Adds the repositories whose code comes only as it was approved: a manifest names a repository by what its artifact is
/// called.
pub(crate) fn add_approved_code(pipeline: &mut Pipeline) {
    let flow = PipelineFlow::of(pipeline);
    let mut missing: BTreeMap<ResourceName, Resource> = BTreeMap::new();
    for taking in flow.jobs.iter().flat_map(|job| &job.gates) {
        let name = &taking.get.get;
        let issue = &flow.issues[taking.resource];
        if issue.code().is_some() && !flow.resources.contains_key(name.as_str()) && !name.as_str().starts_with("after-")
        {
            let code = Resource {
                name: name.clone(),
                old_name: None,
                type_name: core_type("git"),
                source: issue.field("git").cloned(),
                check_every: None,
                webhook_token: None,
                ..issue.resource.clone()
            };
            missing.insert(name.clone(), code);
        }
    }
    pipeline.resources.extend(missing.into_values());
}

/// The same with resources by other names: former name → new name.
pub(crate) fn call_resources(pipeline: &mut Pipeline, names: &BTreeMap<String, String>) {
    let new = |name: &ResourceName| ResourceName::parse(names.get(name.as_str())?.as_str()).ok();
    call(pipeline, &new, &mut |step| {
        if let Core::Get(GetStep { get: name, resource, .. }) | Core::Put(PutStep { put: name, resource, .. }) =
            &mut step.core
        {
            let of_step = resource.as_mut().unwrap_or(name);
            *of_step = new(of_step).unwrap_or_else(|| of_step.clone());
        }
    });
}

/// Gives resources the names that `new` knows, and shows each step to `use_name`, which does the same.
fn call(
    pipeline: &mut Pipeline,
    new: &dyn Fn(&ResourceName) -> Option<ResourceName>,
    use_name: &mut dyn FnMut(&mut Step),
) {
    for resource in &mut pipeline.resources {
        if let Some(name) = new(&resource.name) {
            resource.name = name;
        }
    }
    for job in &mut pipeline.jobs {
        job.each_step_mut(use_name);
    }
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
