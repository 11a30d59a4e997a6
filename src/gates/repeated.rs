//! *Target*: no job does without an approval what another one does behind a gate.
//!
//! In handwritten pipelines, and for jobs of `extra`: nobody has said which of their steps deploys. A put behind a gate counts as
//! a deployment of its resource, and a task counts unless a job before the gate runs the same, as it does with tests.
//! [`super::work`] says when two steps do the same.

use std::collections::{BTreeSet, HashMap};

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use crate::lower::{Author, JobRole};
use crate::plan::StagePhase;

use super::facts::as_found;
use super::model::{Job, Pipeline, Step};
use super::sequence::PathPart;
use super::work::{Doing, Work};

/// Over pipelines that are judged together.
pub(super) fn check(pipelines: &[Pipeline<'_>], diagnostics: &mut Diagnostics) {
    if !pipelines.iter().any(|pipeline| pipeline.jobs.iter().any(|job| is_free(job, pipeline))) {
        return;
    }
    let (mut gated, mut before): (Of<GatedStep<'_, '_>>, Of<Doing<'_>>) = (HashMap::new(), HashMap::new());
    for (number, pipeline) in pipelines.iter().enumerate() {
        let upstream = upstream(pipeline);
        for job in &pipeline.jobs {
            let is_before = !job.is_gated() && upstream.contains(job.name);
            for step in job.steps.iter().filter(|step| is_meant(step, job)) {
                let Some(doing) = Doing::of(step, job, (number, pipeline)) else { continue };
                if job.is_gated() && !is_hook(step) {
                    gated.entry(doing.work).or_default().push(GatedStep { job, doing });
                } else if is_before && matches!(doing.work, Work::Task(_)) {
                    before.entry(doing.work).or_default().push(doing);
                }
            }
        }
    }
    for (number, pipeline) in pipelines.iter().enumerate() {
        for job in pipeline.jobs.iter().filter(|job| is_free(job, pipeline) || is_elsewhere(job)) {
            let mut reported: BTreeSet<&str> = BTreeSet::new();
            for step in &job.steps {
                // Puts of rendered pipelines are compared by `target`.
                let Some(doing) = Doing::of(step, job, (number, pipeline)) else { continue };
                if job.is_rendered() && matches!(doing.work, Work::Put(_)) || doing.changes_nothing() {
                    continue;
                }
                // Jobs behind different gates run the same tests.
                if job.is_gated() && (is_hook(step) || matches!(doing.work, Work::Task(_))) {
                    continue;
                }
                if before.get(&doing.work).into_iter().flatten().any(|other| other.is_like(&doing)) {
                    continue;
                }
                for gated in gated.get(&doing.work).into_iter().flatten() {
                    let is_other = gated.job.owner != job.owner
                        && !job.gates().any(|gate| gated.job.gates().any(|other| other == gate));
                    let is_same = is_other && gated.doing.is_like(&doing);
                    if is_same && reported.insert(gated.job.name) {
                        diagnostics.push(found(job, step, gated.job));
                    }
                }
            }
        }
    }
}

type Of<T> = HashMap<Work, Vec<T>>;

/// Whether a job of which nobody said what it deploys needs no approval.
fn is_free(job: &Job<'_>, pipeline: &Pipeline<'_>) -> bool {
    matches!(job.role, JobRole::Handwritten | JobRole::Extra) && !job.is_gated() && !follows_a_gate(job, pipeline)
}

/// Whether a job is behind a gate of its own, of a handwritten pipeline.
fn is_elsewhere(job: &Job<'_>) -> bool {
    job.is_gated() && !job.is_rendered()
}

/// Whether a step of a job could be what deploys.
fn is_meant(step: &Step<'_>, job: &Job<'_>) -> bool {
    matches!(step.author, Author::Person | Author::Kind)
        && job.stage().is_none_or(|(_, phase)| phase == StagePhase::Deploy)
}

fn found(job: &Job<'_>, step: &Step<'_>, gated: &Job<'_>) -> Diagnostic {
    let (message, label) = if job.is_gated() {
        (
            format!("`{}` does the same as `{}`, which waits for the approval of another gate", job.name, gated.name),
            format!("an approval for `{}` starts it, too", job.name),
        )
    } else {
        (
            format!("`{}` needs no approval, and does the same as `{}`, which waits for one", job.name, gated.name),
            format!("the gate of `{}` does not stop it", gated.name),
        )
    };
    as_found(
        Diagnostic::new(Rule::SharedTarget, step.span, message)
            .label(label)
            .help("remove the step, or let the gate start the job"),
        job.is_rendered(),
    )
}

/// A step of a job behind a gate.
struct GatedStep<'p, 'a> {
    job: &'p Job<'a>,
    doing: Doing<'p>,
}

fn is_hook(step: &Step<'_>) -> bool {
    step.path.iter().any(|part| matches!(part, PathPart::Hook(_)))
}

/// The jobs whose versions come to a gate: those that write into it, and those that these wait for.
fn upstream<'p>(pipeline: &'p Pipeline<'_>) -> BTreeSet<&'p str> {
    let mut open: Vec<&str> = pipeline.jobs.iter().filter(|job| job.records(pipeline)).map(|job| job.name).collect();
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        if found.insert(name)
            && let Some(job) = pipeline.job(name)
        {
            open.extend(job.gets().flat_map(|(get, _)| get.passed.iter().copied()));
        }
    }
    found
}

/// Whether everything that a job takes has passed a job behind a gate.
fn follows_a_gate(job: &Job<'_>, pipeline: &Pipeline<'_>) -> bool {
    let is_gated = |name: &&str| pipeline.job(name).is_some_and(Job::is_gated);
    let mut gets = job.gets().peekable();
    gets.peek().is_some() && gets.all(|(get, _)| get.passed.iter().any(is_gated))
}
