//! *Target*, over the manifests of a run: what one of them adds to its jobs does what the stage of another one does behind a
//! gate.

use std::sync::Arc;

use yaml_source::diagnostic::Diagnostics;
use yaml_source::source::Span;

use super::behind::{Behind, followed_environment};
use super::deeds::Deeds;
use super::facts::{Facts, JobAt};
use super::model::{Job, Pipeline, Step, What};
use super::repeated::{does_the_same, environment, is_free, is_hook, is_judged, is_meant};
use super::work::Doing;

/// A task of a rendered job, kept until all manifests of a run were looked at.
#[derive(Debug)]
pub(super) struct Deed {
    doing: Doing,
    part: Part,
    span: Span,
    job: Arc<JobAt>,
}

/// What a task is to the others of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// A stage behind a gate runs it.
    Gated { names_environment: bool },
    /// A stage before a gate runs it.
    Before,
    /// Nothing but a manifest says that it runs, perhaps behind a gate of its own.
    Added { is_gated: bool },
}

/// The tasks of a job that other manifests could run, or that run what theirs do.
pub(super) fn deeds(job: &Job<'_>, pipeline: &Pipeline<'_>, at: &Arc<JobAt>) -> Vec<Deed> {
    let could_count = |step: &Step<'_>| is_meant(step, job) || is_judged(step, job);
    let is_task = |step: &&Step<'_>| matches!(step.what, What::Task(_)) && could_count(step);
    if !job.is_rendered() || !job.steps.iter().any(|step| is_task(&step)) {
        return Vec::new();
    }
    let is_free = is_free(job, pipeline);
    let is_gated = is_free && !Behind::of(job, pipeline).is_none();
    let own = environment(job, pipeline).or_else(|| followed_environment(job, pipeline));
    let mut found = Vec::new();
    for step in job.steps.iter().filter(is_task) {
        for doing in Doing::of(step, job, (0, pipeline)) {
            let of_stage = is_meant(step, job) && job.stage().is_some();
            let names_environment = own.is_some_and(|own| doing.name(own));
            let part = if of_stage && job.is_gated() && !is_hook(step) {
                Part::Gated { names_environment }
            } else if of_stage && !job.is_gated() {
                Part::Before
            } else if is_free && is_judged(step, job) && !doing.changes_nothing() && !(is_gated && names_environment) {
                Part::Added { is_gated }
            } else {
                continue;
            };
            found.push(Deed { doing: doing.of_other_manifests(), part, span: step.span, job: Arc::clone(at) });
        }
    }
    found
}

/// Over a run.
pub(super) fn check(facts: &[&Facts], diagnostics: &mut Diagnostics) {
    let all = || facts.iter().flat_map(|facts| &facts.deeds);
    let is_added = |deed: &&Deed| matches!(deed.part, Part::Added { .. });
    if !all().any(|deed| is_added(&deed)) {
        return;
    }
    let mut of_stages: Deeds<&Doing, &Deed> = Deeds::default();
    for deed in all().filter(|deed| !is_added(deed)) {
        of_stages.add(&deed.doing, deed);
    }
    for deed in all() {
        let Part::Added { is_gated } = deed.part else { continue };
        let alike: Vec<&Deed> = of_stages.alike(&deed.doing).map(|(_, other)| *other).collect();
        // Jobs behind different gates run the same tests.
        let is_test = is_gated || alike.iter().any(|other| other.part == Part::Before);
        let gated = alike.iter().find(|other| {
            let is_other = other.job.owner.file != deed.job.owner.file && !other.job.replaces(&deed.job);
            is_other && matches!(other.part, Part::Gated { names_environment } if names_environment || !is_test)
        });
        if let Some(gated) = gated {
            let found = does_the_same(&deed.job.name, is_gated, &gated.job.whom, deed.span);
            diagnostics.push(
                found
                    .label("the gate of that stage does not stop it")
                    .help("remove the step; or make it a stage, which has a gate"),
            );
        }
    }
}
