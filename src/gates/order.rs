//! *Order*: a stage that is not the first of its chain gets its code by `passed` from the stage before it, or as an approval
//! or a record names it.

use std::collections::BTreeMap;

use concourse_pipeline::issues::IssueSource;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::Span;

use crate::lower::Author;
use crate::project::Stage;

use super::model::{Get, Job, Pipeline, Resource, What};

/// A stage, and its jobs: the preview and the deployment.
struct OfStage<'p, 'a> {
    stage: &'a Stage,
    jobs: Vec<&'p Job<'a>>,
}

/// Another name of the code is another resource, and `passed` works for one resource alone: so the job would take the
/// newest commit past all stages before it.
///
/// Only an issue leads to a stage on another Concourse, so that the chain is judged within each pipeline. Of a chain one
/// stage is reported: what is wrong behind it may follow from it.
pub(super) fn check(pipeline: &Pipeline<'_>, diagnostics: &mut Diagnostics) {
    for chain in chains(pipeline) {
        let pairs = chain.iter().zip(chain.iter().skip(1));
        let jobs = pairs.flat_map(|(before, at)| at.jobs.iter().map(move |job| (before, at, *job)));
        let mut newest =
            jobs.filter_map(|(before, at, job)| Some((before, at, job, newest(before, at, job, pipeline)?)));
        if let Some((before, at, job, code)) = newest.next() {
            diagnostics.push(skips(before.stage, at.stage, job, code));
        }
    }
}

/// The stages of each chain, in the order of promotion: a pipeline has its jobs in that order.
fn chains<'p, 'a>(pipeline: &'p Pipeline<'a>) -> Vec<Vec<OfStage<'p, 'a>>> {
    let mut chains: BTreeMap<(&str, Option<&str>), Vec<OfStage<'p, 'a>>> = BTreeMap::new();
    for job in &pipeline.jobs {
        let Some((stage, _)) = job.stage() else { continue };
        let chain = chains.entry((&stage.project, stage.group.as_deref())).or_default();
        match chain.iter_mut().find(|known| std::ptr::eq(known.stage, stage)) {
            Some(known) => known.jobs.push(job),
            None => chain.push(OfStage { stage, jobs: vec![job] }),
        }
    }
    chains.into_values().collect()
}

/// The get of the code, where it brings commits that the stage before may never have had.
fn newest<'p, 'a>(
    before: &OfStage<'_, 'a>,
    at: &OfStage<'_, 'a>,
    job: &'p Job<'a>,
    pipeline: &Pipeline<'a>,
) -> Option<&'p Get<'a>> {
    // `source: {newest: true}` says so of a chain without approvals.
    if at.stage.code.newest {
        return None;
    }
    let code = at.stage.code.resource.as_str();
    let (get, _) = job.gets().find(|(get, _)| get.name == code)?;
    // The deployment takes what the stage's own preview had, and the preview is judged, too.
    let others = at.jobs.iter().filter(|other| other.name != job.name);
    let mut known = before.jobs.iter().chain(others);
    let has_passed = known.any(|known| get.passed.contains(&known.name));
    (!has_passed && !is_named(code, job, pipeline)).then_some(get)
}

/// Whether an approval or a record names the commit of the code.
fn is_named(code: &str, job: &Job<'_>, pipeline: &Pipeline<'_>) -> bool {
    let approvals = job.approvals.iter().filter(|approval| approval.is_exact).map(|approval| approval.artifact);
    let is_records = |get: &Get<'_>| pipeline.issue(get.resource).is_some_and(IssueSource::is_records);
    let records = job.gets().filter(|(get, _)| is_records(get)).map(|(get, _)| get.name);
    let mut naming = approvals.chain(records);
    naming.any(|artifact| {
        let has_code = job.gets().any(|(get, _)| {
            get.name == artifact && pipeline.resources.get(get.resource).is_some_and(Resource::brings_code)
        });
        (artifact == code && has_code) || is_checked_out(code, artifact, job)
    })
}

/// Whether a task of this program checks the commit out that an approval or a record names.
fn is_checked_out(code: &str, naming: &str, job: &Job<'_>) -> bool {
    job.steps.iter().any(|step| match &step.what {
        What::Task(task) => {
            let replaces = task.inputs.contains(&code) && task.outputs.contains(&code);
            step.author == Author::Generator && replaces && task.inputs.contains(&naming)
        }
        _ => false,
    })
}

fn skips(before: &Stage, stage: &Stage, job: &Job<'_>, code: &Get<'_>) -> Diagnostic {
    let by = match code.passed.as_slice() {
        [] => format!("the newest commit of `{}`", code.name),
        passed => format!("the newest commit of `{}` that passed `{}`", code.name, passed.join("`, `")),
    };
    Diagnostic::new(
        Rule::StepPastGate,
        place(stage),
        format!("{} takes {by}, even if {} never had it", stage.whom(), before.whom()),
    )
    .note(job.note())
    .note(format!("the code of {} is `{}`", before.whom(), before.code.resource))
    .help(format!(
        "use the code of {}; or set `gate: issue`, whose approval names the commit; or make it a project of its own",
        before.whom()
    ))
}

/// The line that gives the stage its code.
fn place(stage: &Stage) -> Span {
    let own =
        |pointer: &&str| stage.origin.settings.at(pointer).is_some_and(|node| node.span.file == stage.origin.span.file);
    let pointer = ["/names/code", "/source/repository", "/source/branch"].into_iter().find(own);
    pointer.map_or(stage.origin.span, |pointer| stage.own_place(pointer))
}
