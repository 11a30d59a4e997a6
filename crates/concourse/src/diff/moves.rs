//! Jobs behind a gate that leave their file: in another file they can come without their gate, or with a weaker one.

use crate::flow::{IssueResource, JobFlow, PipelineFlow};
use crate::model::{Core, Pipeline};
use yaml_source::diagnostic::{ticked, visible};
use yaml_source::yaml::Value;

use super::change::{Change, Changes, Effect, Subject};
use super::compare::{compare, matched_jobs};
use super::findings::Judged;
use super::promotions::{Promotions, place};
use super::targets::gated_jobs;

/// Returns the names of the jobs behind a gate that a pipeline loses. `new` is the pipeline afterwards, and `None` when
/// its file is gone.
pub fn lost_jobs<'p>(old: &'p Pipeline, new: Option<&'p Pipeline>) -> Vec<&'p str> {
    let flow = PipelineFlow::of(old);
    let gated = gated_jobs((old, &flow));
    let Some(new) = new.filter(|_| !gated.is_empty()) else { return gated };
    let flows = (flow, PipelineFlow::of(new));
    let promotions = Promotions::new(&flows.0, &flows.1);
    let jobs = matched_jobs((old, new), (&flows.0, &flows.1), &promotions);
    gated.into_iter().filter(|name| jobs.removed.iter().any(|job| job.name.as_str() == *name)).collect()
}

/// Returns what makes gates weaker when `lost` jobs of one pipeline are in another pipeline. `before` is that other
/// pipeline as it was, and `None` when its file is new: what it had already is no change.
pub fn moved(
    (old, lost): (&Pipeline, &[&str]),
    (before, new): (Option<&Pipeline>, &Pipeline),
    judged: (&Judged<'_>, &Judged<'_>),
) -> Vec<Change> {
    let flow = PipelineFlow::of(old);
    let gated = gated_jobs((old, &flow));
    let is_lost = |name: &str| lost.contains(&name);
    // A job that follows a gated one needs that one to be behind its gate.
    let leads_to_lost = |name: &str| {
        gated.contains(&name)
            && old.jobs.iter().filter(|job| is_lost(job.name.as_str())).any(|job| {
                let mut passed = false;
                job.each_step(&mut |step| {
                    if let Core::Get(get) = &step.core {
                        passed |= get.passed.iter().any(|job| job.as_str() == name);
                    }
                });
                passed
            })
    };
    let mut alone = old.clone();
    alone.jobs.retain(|job| is_lost(job.name.as_str()) || leads_to_lost(job.name.as_str()));
    let flow_of_new = PipelineFlow::of(new);
    let is_new_job = |name: &str| {
        let find = |pipeline: &'_ Pipeline| pipeline.jobs.iter().find(|job| job.name.as_str() == name).cloned();
        find(new) != before.and_then(find)
    };
    let is_gate_of_old = |name: &str| {
        let gate = flow_of_new.issues.get(name);
        gate.is_some_and(|gate| flow.issues.values().any(|old| is_same_gate(old, gate)))
    };
    let mut changes = compare(&alone, new, judged).changes;
    changes.retain(|change| match &change.subject {
        Subject::Job(name) => change.effect <= Effect::Redirected && is_new_job(name),
        Subject::Resource(name) => change.effect == Effect::Weaker && is_gate_of_old(name),
        _ => false,
    });
    changes
}

/// Returns what is to be said of the `lost` jobs of a pipeline: those for whose approvals no pipeline of `new` waits.
pub fn gone(old: &Pipeline, lost: &[&str], new: &[&Pipeline]) -> Changes {
    let mut changes = Changes::default();
    let flow = PipelineFlow::of(old);
    let is_awaited = |gate: &IssueResource<'_>| {
        new.iter().any(|pipeline| {
            let flow = PipelineFlow::of(pipeline);
            let mut awaited = flow.jobs.iter().flat_map(JobFlow::own_approvals);
            awaited.any(|taking| is_same_gate(gate, &flow.issues[taking.resource]))
        })
    };
    for job in flow.jobs.iter().filter(|job| lost.contains(&job.job.name.as_str())) {
        let gates = job.own_approvals().map(|taking| &flow.issues[taking.resource]);
        let lost: Vec<&IssueResource<'_>> = gates.filter(|gate| !is_awaited(gate)).collect();
        if lost.is_empty() {
            continue;
        }
        let gates = lost
            .iter()
            .map(|gate| format!("{} in {}", ticked([gate.id.mark.text()]), visible(gate.repository())))
            .collect::<Vec<_>>()
            .join(" and ");
        let message = format!(
            "is gone, and no pipeline waits for an approval of {gates} any more: see that nothing else deploys what this \
             job deployed"
        );
        changes.push(Effect::Weaker, Subject::Job(job.job.name.to_string()), message);
    }
    changes
}

/// Returns how many gates of a pipeline another one has, too.
pub fn common_gates(old: &Pipeline, new: &Pipeline) -> usize {
    let flows = (PipelineFlow::of(old), PipelineFlow::of(new));
    let is_kept = |gate: &&IssueResource<'_>| flows.1.issues.values().any(|now| is_same_gate(gate, now));
    flows.0.issues.values().filter(is_kept).count()
}

/// Whether a gate of an old pipeline is a gate of a new one, maybe by a former key.
pub(super) fn is_same_gate(old: &IssueResource<'_>, new: &IssueResource<'_>) -> bool {
    let by_alias = || {
        let ((repository, key, _), (now, ..)) = place(old).zip(place(new))?;
        let Some(Value::List(aliases)) = new.field("gate_aliases") else { return None };
        let is_key = |alias: &Value| matches!(alias, Value::Text(alias) if alias == key);
        Some(repository == now && aliases.iter().any(is_key))
    };
    old.id == new.id || by_alias().unwrap_or(false)
}
