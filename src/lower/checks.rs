//! What Concourse would refuse, or never do, with the pipeline of a manifest.

use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::lint::BUILT_IN_TYPES;
use concourse_pipeline::model::{Core, Pipeline, Step};
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, Severity, did_you_mean};
use yaml_source::source::Span;
use yaml_source::yaml::{Value, escape};

use crate::formats::registry::wrong_image;
use crate::plan::{PipelinePlan, PlannedJob};
use crate::project::Fleet;

use super::Lowered;
use super::origin::{Author, JobRole};
use super::secrets::{find, place};

/// Reports types of resources that nothing defines, and resources whose versions nobody looks for.
pub(super) fn check(pipeline: &Pipeline, plan: &PipelinePlan<'_>, fleet: &Fleet, diagnostics: &mut Diagnostics) {
    types(pipeline, plan, diagnostics);
    images(pipeline, plan, fleet, diagnostics);
    never_checked(pipeline, plan, diagnostics);
}

/// Reports variables that two steps of a job load, unless the pass over gates has reported the step.
pub(crate) fn repeated_variables(lowered: &[Lowered<'_>], diagnostics: &mut Diagnostics) {
    let jobs = lowered.iter().flat_map(|lowered| lowered.pipeline.jobs.iter().zip(&lowered.origins));
    for (job, origin) in jobs {
        if matches!(origin.role, JobRole::Extra | JobRole::Handwritten) {
            continue;
        }
        let mut known: BTreeMap<&str, (Author, Span)> = BTreeMap::new();
        for (step, at) in job.plan.iter().zip(&origin.plan) {
            let mut loaded = Vec::new();
            loads(step, &mut loaded);
            for name in loaded {
                let Some((_, first)) = known.insert(name, *at) else { continue };
                // What a person wrote is the place to change.
                let (span, other) = if at.0.is_brought() { (at.1, first) } else { (first, at.1) };
                if diagnostics.speaks_of(span) {
                    continue;
                }
                let diagnostic =
                    Diagnostic::new(Rule::NameCollision, span, format!("two steps set the variable `{name}`"));
                let diagnostic = if span == other { diagnostic } else { diagnostic.also(other, "the other one") };
                diagnostics.push(
                    diagnostic.note(format!("in {}", origin.whom)).help("give one of the variables another name"),
                );
            }
        }
    }
}

/// The variables that a step loads, and those within the step. An `across` is a scope of its own.
fn loads<'s>(step: &'s Step, names: &mut Vec<&'s str>) {
    if !step.across.is_empty() {
        return;
    }
    match &step.core {
        Core::LoadVar(load) => names.push(load.load_var.as_str()),
        Core::Do { steps } => steps.iter().for_each(|step| loads(step, names)),
        Core::InParallel { in_parallel } => in_parallel.steps.iter().for_each(|step| loads(step, names)),
        Core::Try { step } => loads(step, names),
        _ => {}
    }
}

/// A type that neither the pipeline nor a usual worker has: each check of it errors.
fn types(pipeline: &Pipeline, plan: &PipelinePlan<'_>, diagnostics: &mut Diagnostics) {
    // A type that another error is about may be missing for that reason.
    if diagnostics.has_errors() {
        return;
    }
    let defined: BTreeSet<&str> = pipeline.resource_types.iter().map(|one| one.name.as_str()).collect();
    let used: BTreeSet<&str> = pipeline
        .resources
        .iter()
        .map(|resource| resource.type_name.as_str())
        .chain(pipeline.resource_types.iter().map(|one| one.type_name.as_str()))
        .collect();
    for name in used.into_iter().filter(|name| !defined.contains(name) && !BUILT_IN_TYPES.contains(name)) {
        let settings = plan.jobs.iter().map(|job| match job {
            PlannedJob::Stage(job) => &job.stage.origin,
            PlannedJob::Build(job) => &job.stage.origin,
        });
        let mut settings = settings.peekable();
        let Some(first) = settings.peek().map(|origin| origin.span) else { return };
        let span = settings.find_map(|origin| find(&origin.settings, name)).unwrap_or(first);
        let meant = did_you_mean(name, BUILT_IN_TYPES.into_iter().chain(defined.iter().copied()));
        diagnostics.push(
            Diagnostic::new(Rule::UnknownResourceType, span, format!("there is no resource type `{name}`")).help(
                meant.map_or_else(
                    || "define the type in the fleet's `resource_types`".to_owned(),
                    |meant| format!("did you mean `{meant}`?"),
                ),
            ),
        );
    }
}

/// Names of images that no registry has, wherever they were written: in an option of a kind, in `extra`, in the fleet.
fn images(pipeline: &Pipeline, plan: &PipelinePlan<'_>, fleet: &Fleet, diagnostics: &mut Diagnostics) {
    let types = pipeline.resource_types.iter().map(|one| (one.type_name.as_str(), one.source.as_ref()));
    let resources = pipeline.resources.iter().map(|one| (one.type_name.as_str(), one.source.as_ref()));
    let mut sources: Vec<(&str, Option<&Value>)> = types.chain(resources).collect();
    for job in &pipeline.jobs {
        job.each_step(&mut |step| {
            let Core::Task(task) = &step.core else { return };
            let image = task.config.as_ref().and_then(|config| config.image_resource.as_ref());
            sources.extend(image.map(|image| (image.type_name.as_str(), image.source.as_ref())));
        });
    }
    for (_, source) in sources.into_iter().filter(|(type_name, _)| *type_name == "registry-image") {
        let Some(Value::Text(name)) = source.and_then(|source| source.get("repository")) else { continue };
        if let Some(wrong) = wrong_image(name, || place(plan, fleet, name))
            && !diagnostics.speaks_of(wrong.span())
        {
            diagnostics.push(wrong);
        }
    }
}

/// A resource that is never checked, neither by the clock nor by a webhook, and that no job of the pipeline puts to: no
/// version of it is ever found, so that no job takes one.
fn never_checked(pipeline: &Pipeline, plan: &PipelinePlan<'_>, diagnostics: &mut Diagnostics) {
    let (mut got, mut put) = (BTreeSet::new(), BTreeSet::new());
    for job in &pipeline.jobs {
        job.each_step(&mut |step| match &step.core {
            Core::Get(get) => _ = got.insert(get.resource.as_ref().unwrap_or(&get.get).as_str()),
            Core::Put(step) => _ = put.insert(step.resource.as_ref().unwrap_or(&step.put).as_str()),
            _ => {}
        });
    }
    let is_found = |name: &str| {
        let resource = pipeline.resources.iter().find(|resource| resource.name.as_str() == name);
        resource.is_none_or(|resource| {
            resource.check_every.as_deref() != Some("never")
                || resource.webhook_token.is_some()
                || !got.contains(name)
                || put.contains(name)
        })
    };
    let mut known = BTreeSet::new();
    for job in &plan.jobs {
        let PlannedJob::Stage(job) = job else { continue };
        let code = (job.stage.code.resource.as_str(), "/source/check_every".to_owned());
        let gate = job.gate.iter().map(|gate| (gate.watched().as_str(), "/issues/check_every".to_owned()));
        let inputs = job.stage.inputs.iter().map(|input| {
            let name = input.name.as_str();
            (name, format!("/inputs/{}/check_every", escape(name)))
        });
        for (name, pointer) in std::iter::once(code).chain(gate).chain(inputs) {
            if is_found(name) || !known.insert((name, job.stage.span_of(&pointer))) {
                continue;
            }
            diagnostics.push(
                Diagnostic::new(
                    Rule::NeverChecked,
                    job.stage.span_of(&pointer),
                    format!("Concourse never looks for versions of `{name}`, so no job that takes it starts"),
                )
                .note(format!("for {}", job.stage.whom()))
                .help("write how often to look, such as 1h, or name a `webhook` that says when to look")
                .of_severity(Severity::Error),
            );
        }
    }
}
