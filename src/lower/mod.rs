//! From the plan to Concourse's words: small pure functions, and a register of what they define by name.

mod conflict;
mod define;
mod guard;
mod inputs;
mod issues;
mod job;
mod old_names;
mod secrets;

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::concourse::{Core, Pipeline, Step};
use crate::diagnostic::{Diagnostic, Diagnostics, Rule};
use crate::kind::KindSet;
use crate::plan::{Job, PipelinePlan};
use crate::project::Fleet;

use define::Definitions;
pub(crate) use old_names::say_old_names;

/// A pipeline of Concourse's, from its plan.
pub(crate) fn lower(plan: &PipelinePlan<'_>, fleet: &Fleet, diagnostics: &mut Diagnostics) -> Pipeline {
    let issues = Rc::new(plan.issue_resources());
    let mut lowering =
        Lowering { kinds: &fleet.kinds, issues: Rc::clone(&issues), definitions: Definitions::default(), diagnostics };
    for job in &plan.jobs {
        lowering.job(job);
    }
    let Lowering { definitions, .. } = lowering;
    let (jobs, mut resources, mut resource_types) = definitions.into_parts(fleet);
    let mut used = Used::default();
    for job in &jobs {
        job.each_step(&mut |step| used.step(step));
    }
    // Concourse refuses a resource that nothing uses; a kind may bring one that this phase has no use for.
    resources.retain(|resource| used.resources.contains(resource.name.as_str()));
    used.types.extend(resources.iter().map(|resource| resource.type_name.to_string()));
    loop {
        let before = used.types.len();
        for resource_type in &resource_types {
            if used.types.contains(resource_type.name.as_str()) && resource_type.type_name != resource_type.name {
                used.types.insert(resource_type.type_name.to_string());
            }
        }
        if used.types.len() == before {
            break;
        }
    }
    resource_types.retain(|resource_type| used.types.contains(resource_type.name.as_str()));
    check_resources(&resources, &used, plan, diagnostics);
    check_foreign_gates(&resources, &issues, plan, diagnostics);
    let pipeline = Pipeline { resource_types, resources, jobs, ..Pipeline::default() };
    secrets::check(&pipeline, plan, fleet, diagnostics);
    pipeline
}

struct Lowering<'a> {
    kinds: &'a KindSet,
    /// The resources of gates and records.
    issues: Rc<BTreeSet<&'a str>>,
    definitions: Definitions,
    diagnostics: &'a mut Diagnostics,
}

impl<'a> Lowering<'a> {
    fn job(&mut self, job: &Job<'a>) {
        match job {
            Job::Build(job) => self.build_job(job),
            Job::Stage(job) => self.stage_job(job),
        }
    }
}

/// What the steps of a pipeline name.
#[derive(Default)]
struct Used {
    resources: BTreeSet<String>,
    types: BTreeSet<String>,
}

impl Used {
    fn step(&mut self, step: &Step) {
        match &step.core {
            Core::Get(get) => {
                self.resources.insert(get.resource.as_ref().unwrap_or(&get.get).to_string());
            }
            Core::Put(put) => {
                self.resources.insert(put.resource.as_ref().unwrap_or(&put.put).to_string());
            }
            Core::Task(task) => {
                if let Some(image) = task.config.as_ref().and_then(|config| config.image_resource.as_ref()) {
                    self.types.insert(image.type_name.clone());
                }
            }
            _ => {}
        }
    }
}

/// A resource that is not a gate's own, and yet speaks for one: what is put to it would be taken for the gate's records.
fn check_foreign_gates(
    resources: &[crate::concourse::Resource],
    issues: &BTreeSet<&str>,
    plan: &PipelinePlan<'_>,
    diagnostics: &mut Diagnostics,
) {
    let Some(stage) = plan.first_stage() else { return };
    for resource in resources.iter().filter(|resource| !issues.contains(resource.name.as_str())) {
        let says = |key: &str| resource.source.as_ref().is_some_and(|source| source.get(key).is_some());
        if says("gate") && says("role") {
            let span = stage.input_span(resource.name.as_str()).unwrap_or(stage.origin.span);
            diagnostics.push(
                Diagnostic::new(Rule::GateCollision, span, format!("`{}` would speak for a gate", resource.name))
                    .note(format!("in the pipeline `{}`", plan.name))
                    .help("a gate is made by the word `gate`; for an issue of your own leave `gate` out of its source"),
            );
        }
    }
}

/// A step of a kind, or of the manifest, may name a resource that nothing defines.
fn check_resources(
    resources: &[crate::concourse::Resource],
    used: &Used,
    plan: &PipelinePlan<'_>,
    diagnostics: &mut Diagnostics,
) {
    let Some(stage) = plan.first_stage() else { return };
    for name in &used.resources {
        if !resources.iter().any(|resource| resource.name.as_str() == name) && !diagnostics.has_errors() {
            diagnostics.push(
                Diagnostic::new(
                    Rule::KindResult,
                    stage.origin.span,
                    format!("a step names the resource `{name}`, which nothing defines"),
                )
                .note(format!("in the pipeline `{}`", plan.name))
                .help("define it in the kind's `resources`, or take it as one of the `inputs`"),
            );
        }
    }
}
