//! *Claim*: a job claims its approval before it does anything else.

use concourse_pipeline::issues::IssueSource;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, ticked};

use crate::lower::Author;

use super::model::{Approval, Get, Job, Pipeline, Put, Step, Unit, What};
use super::sequence::{Order, order, why_apart};
use super::spelling::plain;
use super::work::Doing;

pub(super) fn check(job: &Job<'_>, pipeline: &Pipeline<'_>, _: &Unit<'_, '_>, diagnostics: &mut Diagnostics) {
    foreign(job, pipeline, diagnostics);
    if !job.is_rendered() {
        unclaimed(job, pipeline, diagnostics);
        of_another_file(job, pipeline, diagnostics);
        parallel(job, pipeline, diagnostics);
        failed(job, pipeline, diagnostics);
        too_early(job, pipeline, diagnostics);
        weak(job, pipeline, diagnostics);
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
fn unclaimed(job: &Job<'_>, pipeline: &Pipeline<'_>, diagnostics: &mut Diagnostics) {
    let is_claimed = |approval: &Approval<'_>| {
        let claims = job.claims();
        let mut gates = claims.map(|(put, _)| pipeline.issue(put.resource).and_then(IssueSource::id));
        gates.any(|gate| gate.is_none() || approval.gate.is_none() || gate == approval.gate)
    };
    let approvals = job.gets().filter(|(get, _)| {
        let mut own = job.approvals.iter().filter(|approval| approval.artifact == get.name && !approval.is_followed);
        // Only what names no version is taken one by one: each closing starts one build. Whoever starts a job by hand deploys
        // the last approval that names versions, also one that was used or withdrawn.
        let is_meant = |approval: &Approval<'_>| {
            if approval.is_exact {
                get.triggers || does_something(job, pipeline)
            } else {
                get.triggers && !get.is_every
            }
        };
        own.any(|approval| !is_claimed(approval) && is_meant(approval))
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

/// Whether a job has a step that could deploy.
fn does_something(job: &Job<'_>, pipeline: &Pipeline<'_>) -> bool {
    job.steps.iter().any(|step| match &step.what {
        What::Task(task) => !job.sees_approval(task) || task.held().next().is_none(),
        What::Put(_) => Doing::of(step, job, (0, pipeline)).iter().any(Doing::may_deploy),
        What::SetPipeline { .. } => true,
        What::Get(_) | What::LoadVar { .. } => false,
    })
}

/// A claim uses up the approval that its file names. A file that no get of the gate wrote can name another one.
pub(super) fn of_another_file(job: &Job<'_>, pipeline: &Pipeline<'_>, diagnostics: &mut Diagnostics) {
    for (put, step) in job.claims() {
        let gate = pipeline.issue(put.resource).and_then(IssueSource::id);
        let of_gate = |approval: &&Approval<'_>| approval.is_exact && gate.is_some() && approval.gate == gate;
        let files: Vec<String> = job.approvals.iter().filter(of_gate).map(Approval::file).collect();
        let (Some(file), Some(own)) = (put.text("approval"), files.first()) else { continue };
        if !files.iter().any(|known| *known == plain(file)) {
            diagnostics.push(
                Diagnostic::new(
                    Rule::UnpinnedApproval,
                    step.span,
                    format!("the claim takes `{file}`, which the get of the approval does not write"),
                )
                .label("it can use up another approval than the one that is deployed")
                .note(job.note())
                .help(format!("write `approval: {own}`")),
            );
        }
    }
}

/// Two builds of a job would deploy two approvals at once, and nobody knows which of them is deployed at the end.
fn parallel(job: &Job<'_>, pipeline: &Pipeline<'_>, diagnostics: &mut Diagnostics) {
    let writes = |(put, _): &(&Put<'_>, &Step<'_>)| {
        let is_of_gate = pipeline.issue(put.resource).and_then(IssueSource::id).is_some();
        is_of_gate && matches!(put.action(), Some("claim" | "record"))
    };
    if let Some((put, step)) = job.puts().find(writes).filter(|_| job.is_parallel) {
        let does = if put.is_claim() { "claims an approval" } else { "records what it deployed" };
        diagnostics.push(
            Diagnostic::new(
                Rule::ParallelDeployment,
                job.span,
                format!("`{}` {does}, and its builds can run at the same time", job.name),
            )
            .also(step.span, "the put")
            .help("add `serial: true` to the job"),
        );
    }
}

/// What does not wait for the claim runs again with every approval, also with one that was used or withdrawn.
fn late(job: &Job<'_>, pipeline: &Pipeline<'_>, diagnostics: &mut Diagnostics) {
    let is_claim = |step: &Step<'_>| matches!(&step.what, What::Put(put) if put.is_claim());
    let claims: Vec<usize> = (0..job.steps.len()).filter(|at| is_claim(&job.steps[*at])).collect();
    let Some(&first) = claims.first() else { return };
    let acts = |step: &Step<'_>| match &step.what {
        What::Task(_) | What::SetPipeline { .. } => true,
        What::Put(put) => pipeline.issue(put.resource).is_none(),
        What::Get(_) | What::LoadVar { .. } => false,
    };
    let of_claims = |at: usize| claims.iter().map(move |claim| order(&job.steps, at, *claim));
    let is_after = |at: usize| of_claims(at).any(|order| order == Order::After);
    let (after, others): (Vec<usize>, Vec<usize>) =
        (0..job.steps.len()).filter(|at| acts(&job.steps[*at])).partition(|at| is_after(*at));
    // Hooks tell people, and clean up; one that does what the job does deploys, and so does one in a job that does no more.
    let is_check = |at: &usize| matches!(&job.steps[*at].what, What::Task(task) if job.sees_approval(task));
    let deploys = |at: usize| {
        after.iter().all(is_check)
            || after.iter().any(|done| is_same((&job.steps[at], &job.steps[*done]), job, pipeline))
    };
    let is_late = |at: &usize| of_claims(*at).all(|order| order == Order::Apart) || deploys(*at);
    let Some(at) = others.into_iter().find(is_late) else { return };
    let claim = &job.steps[first];
    let (message, why) = match why_apart(claim) {
        Some(why) => ("the step does not wait for the claim of the approval", format!("the claim is in {why}")),
        None if of_claims(at).any(|order| order == Order::OnFailure) => {
            ("the step runs also when the claim of the approval fails", "the claim".to_owned())
        }
        None => ("the step runs before the approval is claimed", "the claim".to_owned()),
    };
    diagnostics.push(
        Diagnostic::new(Rule::LateClaim, job.steps[at].span, message)
            .also(claim.span, why)
            .note(job.note())
            .help("move the claim out of other steps, to a place before all steps that are not gets"),
    );
}

/// Whether a step records versions for a gate.
fn is_record(step: &Step<'_>, pipeline: &Pipeline<'_>) -> bool {
    matches!(&step.what, What::Put(put) if put.action() == Some("record")
        && pipeline.issue(put.resource).and_then(IssueSource::id).is_some())
}

/// A record after a failure promotes what was not deployed.
fn failed(job: &Job<'_>, pipeline: &Pipeline<'_>, diagnostics: &mut Diagnostics) {
    let acts = |step: &Step<'_>| match &step.what {
        What::Task(_) => true,
        What::Put(put) => pipeline.issue(put.resource).is_none(),
        _ => false,
    };
    for (at, record) in job.steps.iter().enumerate().filter(|(_, step)| is_record(step, pipeline)) {
        let mut deeds = (0..job.steps.len()).filter(|deed| acts(&job.steps[*deed]));
        if let Some(deed) = deeds.find(|deed| order(&job.steps, at, *deed) == Order::OnFailure) {
            diagnostics.push(
                Diagnostic::new(Rule::FailedRecord, record.span, "the job records a deployment that failed, too")
                    .also(job.steps[deed].span, "fails or succeeds")
                    .note(job.note())
                    .help("record in `on_success`, or as a later step of the plan"),
            );
        }
    }
}

/// A record that waits for no deployment of its job tells of one that may fail, or never begin.
pub(super) fn too_early(job: &Job<'_>, pipeline: &Pipeline<'_>, diagnostics: &mut Diagnostics) {
    let deploys = |step: &Step<'_>| Doing::of(step, job, (0, pipeline)).iter().any(Doing::may_deploy);
    let deeds: Vec<usize> = (0..job.steps.len())
        .filter(|at| match &job.steps[*at].what {
            What::Task(task) => !job.sees_approval(task) && deploys(&job.steps[*at]),
            What::Put(_) => deploys(&job.steps[*at]),
            What::Get(_) | What::LoadVar { .. } | What::SetPipeline { .. } => false,
        })
        .collect();
    for record in (0..job.steps.len()).filter(|at| is_record(&job.steps[*at], pipeline)) {
        let waits = |deed: &usize| matches!(order(&job.steps, record, *deed), Order::After | Order::OnFailure);
        let Some(deed) = deeds.first().filter(|_| !deeds.iter().any(waits)) else { continue };
        diagnostics.push(
            Diagnostic::new(
                Rule::FailedRecord,
                job.steps[record].span,
                "the job records a deployment before it has succeeded",
            )
            .also(job.steps[*deed].span, "may fail after that")
            .note(job.note())
            .help("record in `on_success`, or as a later step of the plan"),
        );
    }
}

/// A claim asks GitHub again by the policy of its own resource: what that lacks is not asked.
fn weak(job: &Job<'_>, pipeline: &Pipeline<'_>, diagnostics: &mut Diagnostics) {
    const POLICY: [&str; 8] =
        ["closers", "soak", "delay", "windows", "freezes", "expires", "reject_labels", "signing_key"];
    for (put, step) in job.claims() {
        let gate = pipeline.issue(put.resource).and_then(IssueSource::id);
        let (Some(claim), Some(gate)) = (pipeline.source(put.resource), gate) else { continue };
        let mut triggers = job.approvals.iter().filter(|approval| approval.gate.as_ref() == Some(&gate));
        let Some(trigger) = triggers.next().and_then(|approval| pipeline.source(approval.resource)) else { continue };
        let missing: Vec<&str> =
            POLICY.into_iter().filter(|key| trigger.get(key).is_some() && trigger.get(key) != claim.get(key)).collect();
        if !missing.is_empty() {
            let other = pipeline.resources.get(put.resource).map_or(step.span, |resource| resource.span);
            diagnostics.push(
                Diagnostic::new(
                    Rule::WeakClaim,
                    step.span,
                    format!("the claim does not check {} again", ticked(&missing)),
                )
                .label("the resource of the trigger has them, and the resource of the claim does not")
                .also(other, "the resource of the claim")
                .note(job.note())
                .help(format!("give both resources of the gate the same {}", ticked(&missing))),
            );
        }
    }
}

/// Whether two steps of a job do the same.
pub(super) fn is_same((a, b): (&Step<'_>, &Step<'_>), job: &Job<'_>, pipeline: &Pipeline<'_>) -> bool {
    if let (What::SetPipeline { name: a, .. }, What::SetPipeline { name: b, .. }) = (&a.what, &b.what) {
        return a == b;
    }
    let doing = |step| Doing::of(step, job, (0, pipeline));
    let others = doing(b);
    doing(a).iter().any(|a| others.iter().any(|b| a.is_like(b)))
}
