//! What the issue of a gate names.

use std::collections::{BTreeMap, BTreeSet};

use crate::flow::{JobFlow, resource_of, text};
use crate::model::{Core, Job, PutStep};
use github_issues_resource::contract::files;
use yaml_source::yaml::Value;

use super::Side;
use super::hash::Hashed;
use crate::diff::compare::list;

/// The records of a job, by their resources.
fn records_of<'j>(job: &JobFlow<'j>) -> impl Iterator<Item = (&'j str, &'j PutStep)> {
    let is_record = |put: &&&PutStep| put.params.as_ref().and_then(|params| text(params, "action")) == Some("record");
    job.opens.iter().filter(is_record).map(|put| (resource_of(put), *put))
}

fn entries<'p>(put: &'p PutStep, field: &str) -> BTreeMap<&'p str, &'p Value> {
    match put.params.as_ref().and_then(|params| params.get(field)) {
        Some(Value::Map(map)) => map.iter().map(|(key, value)| (key.as_str(), value)).collect(),
        _ => BTreeMap::new(),
    }
}

/// What an issue names no longer: the next job deploys it unseen.
pub(super) fn compare(
    old: Side<'_, '_>,
    new: Side<'_, '_>,
    renamed: &dyn Fn(&str) -> String,
    weaker: &mut dyn FnMut(String),
) {
    for (resource, was) in records_of(old.1) {
        let resource = renamed(resource);
        let Some((_, is)) = records_of(new.1).find(|(name, _)| *name == resource) else { continue };
        let (pinned, pins) = (entries(was, "pins"), entries(is, "pins"));
        let (hashed, hashes) = (entries(was, "content"), entries(is, "content"));
        for (artifact, files) in hashed.iter().filter(|(artifact, _)| pins.contains_key(*artifact)) {
            let name = list([*artifact]);
            match hashes.get(artifact) {
                None => {
                    weaker(format!(
                        "the issue of {} names no hash of the files of {name} any more",
                        list([&*resource])
                    ));
                }
                Some(now) if Hashed::of_record(now).is_less_than(&Hashed::of_record(files)) => {
                    weaker(format!("the issue of {} names a hash of fewer files of {name}", list([&*resource])));
                }
                Some(_) => {}
            }
        }
        for (name, path) in &pinned {
            let Value::Text(path) = path else { continue };
            match pins.get(name) {
                Some(Value::Text(now)) if tells_content(path) && !tells_content(now) => weaker(format!(
                    "the issue of {} names {} by {}, and no longer by {}",
                    list([&*resource]),
                    list([*name]),
                    list([now.as_str()]),
                    list([path.as_str()])
                )),
                None if has_artifact(new.1.job, path, &pins_before(new)) => weaker(format!(
                    "the issue of {} names no version of {} any more",
                    list([&*resource]),
                    list([*name])
                )),
                _ => {}
            }
        }
    }
}

/// Whether a file is one that tells content: a digest, a commit, or what an approval names.
fn tells_content(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "digest" | "ref" | "HEAD" | "commit_sha") || path.contains(&format!("/{}/", files::PINS))
}

/// Whether a job still has what a pin is of. What an approval hands on is there as long as it names it.
fn has_artifact(job: &Job, path: &str, handed_on: &BTreeSet<&str>) -> bool {
    if let Some((_, pin)) = path.split_once(&format!("/{}/", files::PINS)) {
        return handed_on.contains(pin);
    }
    let artifact = path.split('/').next().unwrap_or_default();
    let mut found = false;
    job.each_step(&mut |step| {
        found |= match &step.core {
            Core::Get(get) => get.get.as_str() == artifact,
            Core::Put(put) => put.put.as_str() == artifact && put.no_get != Some(true),
            Core::Task(task) => {
                let outputs = task.config.iter().flat_map(|config| &config.outputs);
                let mut outputs =
                    outputs.map(|output| task.output_mapping.get(&output.name).unwrap_or(&output.name).as_str());
                outputs.any(|output| output == artifact)
            }
            _ => false,
        };
    });
    found
}

/// What the approvals of a job name, as far as the pipeline tells.
pub(super) fn pins_before<'p>(side: Side<'_, 'p>) -> BTreeSet<&'p str> {
    let mut found = BTreeSet::new();
    for taking in &side.1.gates {
        let Some(gate) = side.0.issues.get(taking.resource) else { continue };
        for (resource, put) in side.0.jobs.iter().flat_map(records_of) {
            if side.0.issues.get(resource).is_some_and(|issue| issue.id == gate.id) {
                found.extend(entries(put, "pins").into_keys());
            }
        }
    }
    found
}

/// Whether nothing in the pipeline tells what the approvals of a job name: another pipeline records it.
pub(super) fn is_recorded_elsewhere(side: Side<'_, '_>) -> bool {
    side.1.gates.iter().filter_map(|taking| side.0.issues.get(taking.resource)).any(|gate| {
        let mut records = side.0.jobs.iter().flat_map(records_of);
        !records.any(|(resource, _)| side.0.issues.get(resource).is_some_and(|issue| issue.id == gate.id))
    })
}
