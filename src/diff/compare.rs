use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::concourse::{Job, Pipeline, Resource, ResourceType};
use crate::diagnostic::{Count, ticked};
use crate::flow::{IssueId, PipelineFlow};
use crate::gates;

use super::change::{Change, Changes, Effect, Subject};
use super::gates::Gates;
use super::names::{Matched, matched};
use super::promotions::Promotions;
use super::values::{Difference, DifferenceKind, differences, json};
use super::{steps, words};

/// What changes when one pipeline takes the place of another.
pub fn compare(old: &Pipeline, new: &Pipeline) -> Changes {
    let mut changes = Changes::default();
    let flows = (PipelineFlow::of(old), PipelineFlow::of(new));
    rest(old, new, &mut changes);
    resource_types(old, new, &mut changes);
    let resources = matched(&old.resources, &new.resources, |one| one.name.as_str(), |one| one.old_name.as_deref());
    let promotions = Promotions::new(&flows.0, &flows.1);
    promotions.compare(&mut changes);
    self::resources(&resources, &flows.1, &promotions, &mut changes);
    let jobs = matched(&old.jobs, &new.jobs, |one| one.name.as_str(), |one| one.old_name.as_deref());
    let newest = (gates::newest(old), gates::newest(new));
    let gates = Gates::new((&flows.0, newest.0), (&flows.1, newest.1), &resources.pairs, &jobs.pairs);
    self::jobs(&jobs, &gates, &mut changes);
    changes.changes.sort_by_key(|change| change.effect);
    changes
}

/// Whatever a pipeline says besides.
fn rest(old: &Pipeline, new: &Pipeline, changes: &mut Changes) {
    let rest = |pipeline: &Pipeline| without(json(pipeline), &["resource_types", "resources", "jobs"]);
    for difference in differences(&rest(old), &rest(new)) {
        changes.changes.push(changed(Subject::Pipeline, &difference));
    }
}

fn resource_types(old: &Pipeline, new: &Pipeline, changes: &mut Changes) {
    let types = matched(&old.resource_types, &new.resource_types, |one| one.name.as_str(), |_| None);
    let subject = |one: &ResourceType| Subject::ResourceType(one.name.to_string());
    for one in &types.added {
        changes.push(Effect::Added, subject(one), "is new");
    }
    for one in &types.removed {
        changes.push(Effect::Removed, subject(one), "is gone");
    }
    if types.reordered {
        changes.push(Effect::Order, Subject::Pipeline, "the resource types are in another order");
    }
    for (before, after) in &types.pairs {
        let mut image = false;
        for difference in differences(&json(before), &json(after)) {
            image |= matches!(difference.path[0].as_str(), "type" | "source" | "params" | "defaults");
            changes.changes.push(changed(subject(after), &difference));
        }
        if image {
            let count = new.resources.iter().filter(|resource| resource.type_name == after.name).count();
            changes.push(
                Effect::HistoryAnew,
                subject(after),
                format!("comes from elsewhere: the version histories of its {} start anew", Count(count, "resource")),
            );
        }
    }
}

fn resources(
    resources: &Matched<'_, Resource>,
    flow: &PipelineFlow<'_>,
    promotions: &Promotions<'_>,
    changes: &mut Changes,
) {
    let subject = |one: &Resource| Subject::Resource(one.name.to_string());
    let got: HashSet<&str> = flow
        .jobs
        .iter()
        .flat_map(|job| job.takes.iter().chain(&job.gates).chain(&job.records))
        .map(|taking| taking.resource)
        .collect();
    for one in &resources.added {
        let same = resources.removed.iter().find(|gone| gone.type_name == one.type_name && gone.source == one.source);
        match same {
            Some(gone) if got.contains(one.name.as_str()) => {
                changes.push(
                    Effect::HistoryAnew,
                    subject(one),
                    format!(
                        "is `{0}` by another name: without `old_name: {0}` its version history starts anew",
                        gone.name
                    ),
                );
            }
            _ => {
                changes.push(Effect::Added, subject(one), format!("is new, of the type `{}`", one.type_name));
            }
        }
    }
    for one in &resources.removed {
        changes.push(Effect::Removed, subject(one), "is gone");
    }
    if resources.reordered {
        changes.push(Effect::Order, Subject::Pipeline, "the resources are in another order");
    }
    let fields = |one: &Resource| without(json(one), &["name", "old_name"]);
    let pairs: Vec<(&Resource, &Resource, Vec<Difference>)> = resources
        .pairs
        .iter()
        .map(|(old, new)| (*old, *new, if old == new { Vec::new() } else { differences(&fields(old), &fields(new)) }))
        .collect();
    // What is asked of an issue stands in the resource that is written and in the one that is watched: once is enough.
    let mut watched: HashMap<&IssueId, &[Difference]> = HashMap::new();
    for (_, new, found) in &pairs {
        if let (Some(issue), true) = (flow.issues.get(new.name.as_str()), got.contains(new.name.as_str())) {
            watched.insert(&issue.id, found);
        }
    }
    for (old, new, found) in &pairs {
        if old.name != new.name {
            changes.push(Effect::Renamed, subject(new), format!("was `{}`, and keeps its version history", old.name));
        }
        let is_got = got.contains(new.name.as_str());
        let said = flow.issues.get(new.name.as_str()).filter(|_| !is_got).and_then(|issue| watched.get(&issue.id));
        let mut anew = false;
        for difference in found {
            anew |= matches!(difference.path[0].as_str(), "type" | "source");
            let field = difference.path.get(1).filter(|_| difference.path[0] == "source");
            let issue = flow.issues.get(new.name.as_str());
            match policy(subject(new), difference) {
                _ if field.is_some_and(|field| promotions.reports(issue, field, difference)) => {}
                Some(_) if said.is_some_and(|said| said.contains(difference)) => {}
                Some(change) => changes.changes.push(change),
                None => changes.changes.push(changed(subject(new), difference)),
            }
        }
        // Of what is only put nobody takes an earlier version.
        if anew && is_got {
            changes.push(Effect::HistoryAnew, subject(new), "this source changes: its version history starts anew");
        }
    }
}

/// A change of what counts as a yes, in the source of an issue.
fn policy(subject: Subject, difference: &Difference) -> Option<Change> {
    let [source, field, ..] = difference.path.as_slice() else { return None };
    if source != "source" {
        return None;
    }
    let (old, new) = match &difference.kind {
        DifferenceKind::Value { old, new } => (old.as_ref(), new.as_ref()),
        _ => (None, None),
    };
    let number = |value: Option<&Value>| value.and_then(Value::as_u64);
    let weaker = match (field.as_str(), &difference.kind) {
        // Who is named may close, and nobody else; without any names whoever may triage.
        ("closers", DifferenceKind::Items { added, .. }) => !added.is_empty(),
        ("closers", _) if difference.path.len() == 2 => old.is_some(),
        ("closers", _) => new.is_some(),
        ("reject_labels", DifferenceKind::Items { removed, .. }) => !removed.is_empty(),
        ("reject_labels" | "signing_key", _) if old.is_some() != new.is_some() => old.is_some(),
        ("soak", _) => number(new) < number(old),
        // Nothing is longer than any time.
        ("expires", _) => new.is_none() || old.is_some() && number(new) > number(old),
        ("allow_commit_close", _) => new == Some(&Value::Bool(true)),
        _ => return None,
    };
    let effect = if weaker { Effect::Weaker } else { Effect::Stronger };
    Some(Change { effect, ..changed(subject, difference) })
}

fn jobs(jobs: &Matched<'_, Job>, gates: &Gates<'_>, changes: &mut Changes) {
    let subject = |one: &Job| Subject::Job(one.name.to_string());
    let alike: HashMap<String, &str> = jobs.removed.iter().map(|gone| (body(gone), gone.name.as_str())).collect();
    for one in &jobs.added {
        let message = match alike.get(&body(one)) {
            Some(gone) => format!("is `{gone}` by another name: without `old_name: {gone}` its builds are lost"),
            None => format!("is new: {}", gates.start_of_new(one)),
        };
        changes.push(Effect::Added, subject(one), message);
    }
    for one in &jobs.removed {
        changes.push(Effect::Removed, subject(one), "is gone");
    }
    if jobs.reordered {
        changes.push(Effect::Order, Subject::Pipeline, "the jobs are in another order");
    }
    for (old, new) in &jobs.pairs {
        if old.name != new.name {
            changes.push(Effect::Renamed, subject(new), format!("was `{}`, and keeps its builds", old.name));
        }
        gates.compare(old, new, changes);
        let fields = |job: &Job| {
            without(
                json(job),
                &["name", "old_name", "plan", "on_success", "on_failure", "on_error", "on_abort", "ensure"],
            )
        };
        for difference in differences(&fields(old), &fields(new)) {
            changes.changes.push(changed(subject(new), &difference));
        }
        steps::compare(old, new, gates, &subject(new), changes);
    }
}

/// A job but for its names.
fn body(job: &Job) -> String {
    without(json(job), &["name", "old_name"]).to_string()
}

/// A difference in words.
fn changed(subject: Subject, difference: &Difference) -> Change {
    words::change(subject, &[], difference)
}

fn without(mut value: Value, keys: &[&str]) -> Value {
    if let Value::Object(map) = &mut value {
        map.retain(|key, _| !keys.contains(&key.as_str()));
    }
    value
}

/// Names, each in ticks.
pub(super) fn list<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    ticked(names)
}
