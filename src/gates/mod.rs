//! Whether a job can go past a gate: one pass over all pipelines of a run, one invariant a file.
//!
//! An approval says what may be deployed, where, and how often. The jobs of a pipeline keep that promise only together:
//! a second job that deploys the same thing, or a step that fetches something newer, breaks it. So everything that a
//! run renders is judged here, after it was lowered and before it is written, and handwritten pipelines are judged by
//! the same code.
//!
//! - [`model`] is what the pass needs of a pipeline: jobs, steps, who wrote each step and where, and the resources of
//!   gates. [`lowered`] makes it of a rendered pipeline, [`handwritten`] of any other.
//! - [`judge`] looks at pipelines that belong together: those of a manifest, or the handwritten ones of a run. It reports
//!   what shows there, and returns [`Facts`].
//! - [`judge_run`] compares the facts of a whole run: all manifests, all fleets.
//!
//! The invariants: [`claim`], [`unfetched`], [`start`], [`version`], [`loaded`], [`place`], [`pins`], [`destination`], [`target`],
//! [`shared`], [`listener`], [`keeper`], [`order`], [`source`], [`posted`], [`preview`], [`git_config`], [`watch`], [`repeated`],
//! [`elsewhere`], [`former`].

mod across;
mod behind;
mod checkout_script;
mod claim;
mod deeds;
mod destination;
mod elsewhere;
mod facts;
mod former;
mod git_config;
mod handwritten;
mod keeper;
mod likeness;
mod listener;
mod loaded;
mod lowered;
mod model;
mod naming;
mod order;
mod pins;
mod place;
mod posted;
mod preview;
mod repeated;
mod sequence;
mod shared;
mod source;
mod spelling;
mod start;
mod target;
mod unfetched;
mod version;
mod watch;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::validate::Decoded;
use concourse_pipeline::view::PipelineView;
use yaml_source::diagnostic::Diagnostics;
use yaml_source::source::{Sources, Span};

use crate::job_target::JobTarget;
use crate::lower::Lowered;
use crate::plan::{PipelinePlan, Plan};
use crate::project::Fleet;

pub(crate) use checkout_script::runs_checkout;
pub(crate) use facts::Facts;
use handwritten::Handwritten;
use model::Home;
pub(crate) use model::Pipeline;
use model::Unit;
pub(crate) use spelling::plain;
pub(crate) use work::type_only_tells;

/// The models of a manifest's pipelines. `fallback` is where to point when nothing better is known.
pub(crate) fn models<'a>(
    plan: &'a Plan<'_>,
    lowered: &'a [Lowered<'a>],
    fleet: &'a Fleet,
    fallback: Span,
) -> Vec<Pipeline<'a>> {
    let place = plan.first_stage().map_or(fallback, |stage| stage.origin.span);
    let model = |(plan, lowered): (&'a PipelinePlan<'_>, &'a Lowered<'a>)| {
        let concourse = &fleet.concourses[plan.concourse];
        let home = Home {
            target: concourse.target.as_deref(),
            team: concourse.team.as_deref(),
            instance: Some(plan.instance_vars),
        };
        let mut model = Pipeline::of_lowered(plan.name.as_str(), home, lowered, place);
        model.keepers = (0..fleet.concourses.len()).filter_map(|index| fleet.meta_pipeline(index)).collect();
        model
    };
    plan.pipelines.iter().zip(lowered).map(model).collect()
}

/// Judges pipelines that belong together, and returns what the whole run has to know of them.
pub(crate) fn judge(pipelines: &[Pipeline<'_>], diagnostics: &mut Diagnostics) -> Facts {
    let unit = Unit::of(pipelines);
    // What these report could follow from an error that is known.
    let is_sound = !diagnostics.has_errors();
    for pipeline in pipelines {
        for job in &pipeline.jobs {
            for check in JOB {
                check(job, pipeline, &unit, diagnostics);
            }
            if is_sound {
                source::check(job, pipeline, &unit, diagnostics);
            }
        }
        if is_sound {
            order::check(pipeline, diagnostics);
        }
        posted::check(pipeline, diagnostics);
        preview::check(pipeline, diagnostics);
        git_config::check(pipeline, diagnostics);
        shared::check(pipeline, diagnostics);
    }
    repeated::check(pipelines, diagnostics);
    former::check(pipelines, diagnostics);
    destination::names(pipelines, diagnostics);
    Facts::of(pipelines)
}

/// Judges pipelines that were read, and returns what the whole run has to know of them. `targets` are jobs, each with the
/// environment that it deploys to, where that is known.
pub(crate) fn judge_read<'d>(
    pipelines: impl IntoIterator<Item = &'d Decoded>,
    targets: &[JobTarget],
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) -> Facts {
    with_models(pipelines, targets, sources, |models| judge(models, diagnostics))
}

/// Judges handwritten pipelines of one run.
pub fn judge_handwritten<'d>(
    pipelines: impl IntoIterator<Item = &'d Decoded>,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) {
    let facts = judge_read(pipelines, &[], sources, diagnostics);
    judge_run(&[&facts], diagnostics);
}

/// Reports what a search of all that builds can do does not see: jobs that do without an approval what other jobs do behind a
/// gate, former names that are another one's, files and artifacts in the place of those that a gate writes or an approval
/// names, variables that nothing approved decides, steps that set pipelines with gates, and clones that do not hold their commit. Each pipeline comes with the number of
/// times that pipelines were set before it: only those of one number are there together.
pub(crate) fn judge_unsearched<'d>(
    pipelines: impl Iterator<Item = (usize, &'d Decoded)>,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) {
    let mut shapes: BTreeMap<usize, Vec<&Decoded>> = BTreeMap::new();
    for (shape, pipeline) in pipelines {
        shapes.entry(shape).or_default().push(pipeline);
    }
    for pipelines in shapes.values() {
        with_models(pipelines.iter().copied(), &[], sources, |models| {
            repeated::check(models, diagnostics);
            former::check(models, diagnostics);
            keeper::check(&[&Facts::of(models)], diagnostics);
            let unit = Unit::of(models);
            for pipeline in models {
                git_config::check(pipeline, diagnostics);
                for job in &pipeline.jobs {
                    claim::of_another_file(job, pipeline, diagnostics);
                    claim::too_early(job, pipeline, diagnostics);
                    place::check(job, pipeline, &unit, diagnostics);
                    pins::unknown(job, pipeline, diagnostics);
                    loaded::check(job, pipeline, &unit, diagnostics);
                }
            }
        });
    }
}

/// Calls `look` with the models of pipelines that were read.
fn with_models<'d, T>(
    pipelines: impl IntoIterator<Item = &'d Decoded>,
    targets: &[JobTarget],
    sources: &Sources,
    look: impl FnOnce(&[Pipeline<'_>]) -> T,
) -> T {
    let pipelines: Vec<&Decoded> = pipelines.into_iter().collect();
    let views: Vec<PipelineView<'_>> = pipelines.iter().map(|pipeline| PipelineView::of(&pipeline.node)).collect();
    let read = views.iter().zip(pipelines).map(|(view, pipeline)| {
        let name = sources.path(pipeline.node.span.file).file_stem().unwrap_or_default();
        Handwritten::of(view, name, targets)
    });
    let read: Vec<Handwritten<'_, '_>> = read.collect();
    let models: Vec<Pipeline<'_>> = read.iter().map(Handwritten::model).collect();
    look(&models)
}

/// Judges what the pipelines of a run do to one another.
pub(crate) fn judge_run(facts: &[&Facts], diagnostics: &mut Diagnostics) {
    shared::check_run(facts, diagnostics);
    target::check_run(facts, diagnostics);
    elsewhere::check(facts, diagnostics);
    listener::check(facts, diagnostics);
    watch::check_run(facts, diagnostics);
    keeper::check(facts, diagnostics);
}

/// What jobs use at its newest although they go by an approval: the names of the job and of the get.
pub(crate) fn newest(pipeline: &concourse_pipeline::model::Pipeline) -> BTreeSet<(String, String)> {
    let model = Pipeline::without_places(pipeline);
    let of_job = |job| {
        let found = version::newest_of(job, &model).into_iter();
        found.map(move |newest| (job.name.to_owned(), newest.get.name.to_owned())).collect::<Vec<_>>()
    };
    model.jobs.iter().flat_map(of_job).collect()
}

type JobCheck = fn(&model::Job<'_>, &Pipeline<'_>, &Unit<'_, '_>, &mut Diagnostics);

/// The invariants of a job.
const JOB: &[JobCheck] = &[
    claim::check,
    unfetched::check,
    start::check,
    version::check,
    loaded::check,
    place::check,
    pins::check,
    destination::check,
    target::check,
];
