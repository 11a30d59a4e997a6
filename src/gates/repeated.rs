//! *Target*: no job does without an approval what another one does behind a gate.
//!
//! In handwritten pipelines, and for what a manifest adds: jobs of `extra`, `before`, `after`, and builds. Nobody has said which
//! of their steps deploys. A put behind a gate counts as a deployment of its resource, and a task counts unless a job before the
//! gate runs the same, as it does with tests. A task that names the environment behind the gate is no test.
//! [`super::work`] says when two steps do the same.

use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::job_names::{environment_of, is_preview};
use concourse_pipeline::params::has_words;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::Span;

use crate::lower::{Author, JobRole};
use crate::plan::StagePhase;

use super::behind::{Behind, followed_environment};
use super::deeds::Deeds;
use super::facts::as_found;
use super::model::{Job, Owner, Pipeline, Step};
use super::naming::names;
use super::sequence::PathPart;
use super::spelling::has_variable;
use super::work::Doing;

/// Over pipelines that are judged together.
pub(super) fn check(pipelines: &[Pipeline<'_>], diagnostics: &mut Diagnostics) {
    let is_judged_job = |job: &Job<'_>, pipeline: &Pipeline<'_>| is_free(job, pipeline) || is_elsewhere(job);
    if !pipelines.iter().any(|pipeline| pipeline.jobs.iter().any(|job| is_judged_job(job, pipeline))) {
        return;
    }
    let (mut gated, mut before): (Deeds<Doing, GatedStep<'_, '_>>, Deeds<Doing, ()>) =
        (Deeds::default(), Deeds::default());
    for at in pipelines.iter().enumerate() {
        let (_, pipeline) = at;
        let upstream = upstream(pipeline);
        for job in &pipeline.jobs {
            let is_before = !job.is_gated() && upstream.contains(job.name);
            let environment = environment(job, pipeline);
            for step in job.steps.iter().filter(|step| is_meant(step, job)) {
                if !is_before && (!job.is_gated() || is_hook(step)) {
                    continue;
                }
                for doing in Doing::of(step, job, at) {
                    if job.is_gated() && doing.may_deploy() {
                        let names_environment = environment.is_some_and(|environment| doing.name(environment));
                        gated.add(doing, GatedStep { job, names_environment, destination: destination(job, pipeline) });
                    } else if is_before && doing.is_task() {
                        before.add(doing, ());
                    }
                }
            }
        }
    }
    let mut known: BTreeSet<(&Owner, &str)> = BTreeSet::new();
    for at in pipelines.iter().enumerate() {
        let (_, pipeline) = at;
        for job in pipeline.jobs.iter().filter(|job| is_judged_job(job, pipeline)) {
            let mut reported: BTreeSet<&str> = BTreeSet::new();
            let own = environment(job, pipeline);
            let own_destination = destination(job, pipeline);
            let behind = Behind::of(job, pipeline);
            for step in job.steps.iter().filter(|step| is_judged(step, job)) {
                // Jobs behind different gates run the same checks in their hooks.
                if is_elsewhere(job) && is_hook(step) {
                    continue;
                }
                for doing in Doing::of(step, job, at) {
                    // Puts of rendered pipelines are compared by `target`.
                    if job.is_rendered() && !doing.is_task() || doing.changes_nothing() {
                        continue;
                    }
                    // Jobs behind different gates run the same tests. What names the stage of another one is none.
                    let is_other_stage = (is_elsewhere(job) || !behind.is_none()) && doing.is_task();
                    let own = own.or_else(|| followed_environment(job, pipeline));
                    let is_of_own = is_other_stage && own.map_or(is_elsewhere(job), |own| doing.name(own));
                    let is_test = before.alike(&doing).next().is_some();
                    for (deployment, GatedStep { job: gated, names_environment, destination }) in gated.alike(&doing) {
                        // Whoever writes another gate can name any stage as its destination.
                        if is_of_own && (destination.is_none() || *destination != own_destination) {
                            continue;
                        }
                        let is_excused = !names_environment && (is_test || is_other_stage);
                        let is_own = gated.owner == job.owner
                            && (job.is_rendered() || are_of_one_stage(job, gated, doing.is_equal(deployment)));
                        let is_other = !is_own && !behind.is_shared_with(gated);
                        if is_other && !is_excused && reported.insert(gated.name) {
                            known.extend([(&job.owner, job.name), (&gated.owner, gated.name)]);
                            diagnostics.push(found(job, step, gated));
                        }
                    }
                }
            }
        }
    }
    changed_places(pipelines, &gated, &known, diagnostics);
}

/// A job behind a gate deploys what has the name of the stage behind another gate. Of `known` jobs it was reported what they
/// deploy.
fn changed_places(
    pipelines: &[Pipeline<'_>],
    gated: &Deeds<Doing, GatedStep<'_, '_>>,
    known: &BTreeSet<(&Owner, &str)>,
    diagnostics: &mut Diagnostics,
) {
    let mut deeds: BTreeMap<(&Owner, &str), Vec<&Doing>> = BTreeMap::new();
    for (doing, step) in gated.all().filter(|(doing, step)| !step.job.is_rendered() && !doing.changes_nothing()) {
        deeds.entry((&step.job.owner, step.job.name)).or_default().push(doing);
    }
    for pipeline in pipelines {
        let stages = || pipeline.jobs.iter().filter(|job| job.is_gated()).filter_map(|job| environment(job, pipeline));
        let environments: BTreeSet<&str> = stages().collect();
        let jobs = pipeline.jobs.iter().filter(|job| is_elsewhere(job) && !known.contains(&(&job.owner, job.name)));
        for job in jobs {
            let Some(own) = environment(job, pipeline) else { continue };
            let deeds = deeds.get(&(&job.owner, job.name)).map(Vec::as_slice).unwrap_or_default();
            let other = |text: &str| {
                let mut others = environments.iter().filter(|other| !other.eq_ignore_ascii_case(own));
                others.find(|other| has_words(text, other)).copied()
            };
            let targets = || deeds.iter().flat_map(|doing| doing.names.targets());
            if targets().any(|text| has_words(text, own) || names(text, own) && other(text).is_none()) {
                continue;
            }
            let Some((target, other)) = targets().find_map(|text| Some((text, other(text)?))) else { continue };
            diagnostics.push(as_found(
                Diagnostic::new(
                    Rule::SharedTarget,
                    job.span,
                    format!("`{}` deploys `{target}`, which has the name of the stage {other}", job.name),
                )
                .label(format!("an approval for {own} deploys it"))
                .help("let the gate of each stage start the job that deploys that stage"),
                false,
            ));
        }
    }
}

/// Whether two handwritten jobs that take turns are one job, or the preview and the deployment of one stage. Many pipelines
/// have all deployments take turns. A preview that is the deployment itself, with a gate before it or none, is not a preview.
fn are_of_one_stage(job: &Job<'_>, gated: &Job<'_>, are_equal: bool) -> bool {
    let word = |name: &str| environment_of(name).map(|(stem, _)| name[stem.len()..].to_ascii_lowercase());
    let are_apart = || word(job.name).zip(word(gated.name)).is_some_and(|(one, other)| one != other);
    let is_pair = || is_preview(job.name) != is_preview(gated.name);
    job.name == gated.name || is_pair() && !are_equal && !are_apart()
}

/// Whether a job needs no approval, or one of another gate, or has steps that do not come from the kind of its stage.
pub(super) fn is_free(job: &Job<'_>, pipeline: &Pipeline<'_>) -> bool {
    match job.role {
        JobRole::Handwritten => !job.is_gated() || Behind::of(job, pipeline).is_none(),
        JobRole::Extra | JobRole::Build => true,
        JobRole::Stage { .. } => job.steps.iter().any(|step| step.author == Author::Around),
    }
}

/// Whether a step of a free job is compared with what is done behind gates. A kind of stages names what it deploys.
pub(super) fn is_judged(step: &Step<'_>, job: &Job<'_>) -> bool {
    match step.author {
        Author::Person | Author::Extra | Author::Around => true,
        Author::Kind => matches!(job.role, JobRole::Build),
        Author::Generator | Author::Need => false,
    }
}

/// Whether a job is behind a gate of its own, of a handwritten pipeline.
fn is_elsewhere(job: &Job<'_>) -> bool {
    job.is_gated() && !job.is_rendered()
}

/// Whether a step of a job could be what deploys.
pub(super) fn is_meant(step: &Step<'_>, job: &Job<'_>) -> bool {
    matches!(step.author, Author::Person | Author::Kind)
        && job.stage().is_none_or(|(_, phase)| phase == StagePhase::Deploy)
}

/// The environment that a job deploys to: that of its stage, the one that its gate leads to, or the one in its name.
pub(super) fn environment<'a>(job: &Job<'a>, pipeline: &Pipeline<'a>) -> Option<&'a str> {
    if let Some((stage, _)) = job.stage() {
        return Some(&stage.environment);
    }
    let of_gate = destination(job, pipeline).and_then(|destination| destination.split('/').nth(2));
    let of_gate = of_gate.filter(|environment| !environment.is_empty() && !has_variable(environment));
    of_gate.or_else(|| Some(job.environment.as_ref()?.short_name()))
}

/// The stage that the gate of a handwritten job leads to, as its first approval names it.
fn destination<'a>(job: &Job<'a>, pipeline: &Pipeline<'a>) -> Option<&'a str> {
    job.approvals.iter().find_map(|approval| pipeline.source(approval.resource)?.text("destination"))
}

fn found(job: &Job<'_>, step: &Step<'_>, gated: &Job<'_>) -> Diagnostic {
    let label = if job.is_gated() {
        format!("an approval for `{}` starts it, too", job.name)
    } else {
        format!("the gate of `{}` does not stop it", gated.name)
    };
    let found = does_the_same(job.name, job.is_gated(), &format!("`{}`", gated.name), step.span).label(label);
    as_found(found.help("remove the step, or let the gate start the job"), job.is_rendered())
}

/// The report that a job does what another one does behind a gate.
pub(super) fn does_the_same(job: &str, is_gated: bool, other: &str, span: Span) -> Diagnostic {
    let message = if is_gated {
        format!("`{job}` does the same as {other}, which waits for the approval of another gate")
    } else {
        format!("`{job}` needs no approval, and does the same as {other}, which waits for one")
    };
    Diagnostic::new(Rule::SharedTarget, span, message)
}

/// A step of a job behind a gate.
struct GatedStep<'p, 'a> {
    job: &'p Job<'a>,
    /// It names the environment of its job.
    names_environment: bool,
    /// The stage that its gate leads to.
    destination: Option<&'a str>,
}

pub(super) fn is_hook(step: &Step<'_>) -> bool {
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
