//! *Claim*: a job claims its approval before it does anything else.

use crate::diagnostic::{Diagnostic, Diagnostics, Rule};
use crate::lower::Author;

use super::model::{Get, Job, Pipeline, Step, Unit, What};

pub(super) fn check(job: &Job<'_>, pipeline: &Pipeline<'_>, _: &Unit<'_, '_>, diagnostics: &mut Diagnostics) {
    foreign(job, pipeline, diagnostics);
    if !job.is_rendered() {
        unclaimed(job, diagnostics);
    }
    late(job, pipeline, diagnostics);
}

/// A get that a kind or a manifest brings acts on an approval, and does not use it up.
fn foreign(job: &Job<'_>, pipeline: &Pipeline<'_>, diagnostics: &mut Diagnostics) {
    let is_foreign = |author: Author| author.is_brought() || author == Author::Extra;
    for (get, step) in job.gets().filter(|(_, step)| is_foreign(step.author)) {
        // A second get of the job's own approval is reported as such.
        let is_own = job.taken().any(|(_, resource)| resource == get.resource);
        if pipeline.is_gates_own(get.resource) && !is_own && !follows(get, step, pipeline) {
            diagnostics.push(
                Diagnostic::new(
                    Rule::StepPastGate,
                    step.span,
                    format!("the get of `{}` acts on an approval and does not claim it", get.resource),
                )
                .note(job.note())
                .help("remove the get: only jobs of stages take approvals"),
            );
        }
    }
}

/// Whether a job of `extra` takes the approved commit that another job deployed: a version like any other.
fn follows(get: &Get<'_>, step: &Step<'_>, pipeline: &Pipeline<'_>) -> bool {
    let takes = |job: &Job<'_>| {
        let mut gets = job.gets().filter(|(other, _)| other.resource == get.resource);
        gets.any(|(other, _)| job.approvals.iter().any(|approval| approval.is_code && approval.artifact == other.name))
    };
    step.author == Author::Extra && get.passed.iter().filter_map(|name| pipeline.job(name)).any(takes)
}

/// Without a claim an approval says *now* and not *what*: the job deploys whatever is newest when it starts.
fn unclaimed(job: &Job<'_>, diagnostics: &mut Diagnostics) {
    if job.puts().any(|(put, _)| put.action() == Some("claim")) {
        return;
    }
    let approvals = job.gets().filter(|(get, _)| {
        let is_approval = job.approvals.iter().any(|approval| approval.artifact == get.name && !approval.is_followed);
        is_approval && get.triggers && !get.is_every
    });
    for (get, step) in approvals {
        if job.approvals.iter().any(|approval| approval.artifact == get.name && approval.is_code) {
            diagnostics.push(
                Diagnostic::new(
                    Rule::UnpinnedApproval,
                    step.span,
                    format!("`{}` deploys the approval `{}` without a claim", job.name, get.name),
                )
                .label("one approval can deploy more than once, and a withdrawn one still deploys")
                .help("put `action: claim` to the resource with `role: post` before all other steps but gets"),
            );
            continue;
        }
        diagnostics.push(
            Diagnostic::new(
                Rule::UnpinnedApproval,
                step.span,
                format!("the issue of `{}` approves no version", get.name),
            )
            .label(format!("closing it starts `{}` with whatever is newest then", job.name))
            .help("record versions with the issue and claim them: `ol-pipegen` renders such gates"),
        );
    }
}

/// What runs before the claim runs again with every approval, also with one that was used or withdrawn.
fn late(job: &Job<'_>, pipeline: &Pipeline<'_>, diagnostics: &mut Diagnostics) {
    let is_claim = |step: &Step<'_>| matches!(&step.what, What::Put(put) if put.action() == Some("claim"));
    let Some(claim) = job.steps.iter().position(is_claim) else { return };
    let does_something = |step: &&Step<'_>| match &step.what {
        What::Task(_) | What::SetPipeline(_) => true,
        What::Put(put) => pipeline.issue(put.resource).is_none(),
        What::Get(_) | What::LoadVar { .. } => false,
    };
    if let Some(step) = job.steps[..claim].iter().find(does_something) {
        diagnostics.push(
            Diagnostic::new(Rule::LateClaim, step.span, "the step runs before the approval is claimed")
                .also(job.steps[claim].span, "the claim")
                .note(job.note())
                .help("move the claim before all other steps but gets"),
        );
    }
}
