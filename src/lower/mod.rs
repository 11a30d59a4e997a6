//! From the plan to Concourse's words: small pure functions, and a register of what they define by name.

mod conflict;
mod define;
mod extra;
mod guard;
mod inputs;
mod issues;
mod job;
mod notify;
mod old_names;
mod options;
mod secrets;
mod tabs;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::concourse::{Core, JobName, Pipeline, ResourceType, Step};
use crate::diagnostic::{Diagnostic, Diagnostics, Rule};
use crate::kind::KindSet;
use crate::plan::{Job, PipelinePlan, Plan};
use crate::project::{Fleet, Project};
use crate::source::Span;
use crate::yaml::Value;

use define::Definitions;
use extra::Added;
use old_names::write_old_names;
pub(crate) use tabs::OTHER_TAB;
use tabs::Tabs;

/// The pipelines of a manifest, in Concourse's words.
pub(crate) fn lower(plan: &Plan<'_>, project: &Project, fleet: &Fleet, diagnostics: &mut Diagnostics) -> Vec<Pipeline> {
    // What one pipeline has no use for may be what another one needs.
    let mut needless: BTreeMap<Span, Option<String>> = BTreeMap::new();
    let mut pipelines: Vec<Pipeline> =
        plan.pipelines.iter().map(|plan| lower_one(plan, fleet, &mut needless, diagnostics)).collect();
    for (span, name) in needless.into_iter().filter_map(|(span, name)| Some((span, name?))) {
        // A fleet's defaults are for whoever has a use for them.
        if plan.first_stage().is_some_and(|stage| stage.origin.span.file == span.file) {
            diagnostics
                .push(Diagnostic::new(Rule::NoEffect, span, format!("no step uses `{name}`")).help("take it out"));
        }
    }
    if !project.chains.is_empty() {
        write_old_names(&mut pipelines, &project.old_names, diagnostics);
    }
    pipelines
}

fn lower_one(
    plan: &PipelinePlan<'_>,
    fleet: &Fleet,
    needless: &mut BTreeMap<Span, Option<String>>,
    diagnostics: &mut Diagnostics,
) -> Pipeline {
    let issues = Rc::new(plan.issue_resources());
    let mut lowering = Lowering {
        kinds: &fleet.kinds,
        issues: Rc::clone(&issues),
        shared: options::shared(plan),
        deploying: BTreeSet::new(),
        puts: Vec::new(),
        added: Vec::new(),
        definitions: Definitions::default(),
        diagnostics,
    };
    for job in &plan.jobs {
        lowering.job(job);
    }
    lowering.check_own_puts();
    let mut tabs = Tabs::of(plan);
    lowering.extra(plan, fleet, &mut tabs);
    let Lowering { definitions, added, .. } = lowering;
    let Pipeline { mut resources, mut resource_types, jobs, var_sources, display, .. } =
        definitions.into_pipeline(fleet);
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
    check_foreign_gates(&resources, &resource_types, &issues, &added, plan, diagnostics);
    for Added { name, span, is_type } in added {
        let names = if is_type { &used.types } else { &used.resources };
        let unused = (!names.contains(&name)).then_some(name);
        let known = needless.entry(span).or_insert_with(|| unused.clone());
        *known = known.take().and(unused);
    }
    let groups = tabs.groups(&jobs);
    let pipeline = Pipeline { resource_types, resources, jobs, groups, var_sources, display, ..Pipeline::default() };
    secrets::check(&pipeline, plan, fleet, diagnostics);
    pipeline
}

struct Lowering<'a> {
    kinds: &'a KindSet,
    /// The resources of gates and records.
    issues: Rc<BTreeSet<&'a str>>,
    /// What a build's job has from its stages.
    shared: BTreeMap<&'a JobName, options::Shared>,
    /// The resources by which kinds deploy behind a gate.
    deploying: BTreeSet<String>,
    /// What steps of the manifest put to: the resource, where, and for whom.
    puts: Vec<(String, Span, String)>,
    /// What `extra` defines.
    added: Vec<Added>,
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

impl Lowering<'_> {
    /// Notes what steps beside those of a stack kind put to. Which resources deploy behind a gate is known when all jobs
    /// are.
    fn own_puts(&mut self, steps: &[(Step, Span)], whom: &str) {
        for (step, span) in steps {
            step.each(&mut |step| {
                if let Core::Put(put) = &step.core {
                    let resource = put.resource.as_ref().unwrap_or(&put.put);
                    self.puts.push((resource.to_string(), *span, whom.to_owned()));
                }
            });
        }
    }

    /// A put of one's own to what deploys behind a gate would deploy wherever its params say.
    fn check_own_puts(&mut self) {
        for (resource, span, whom) in std::mem::take(&mut self.puts) {
            if self.deploying.contains(&resource) {
                self.diagnostics.push(past_gate(&resource, span).note(format!("in {whom}")));
            }
        }
    }
}

/// A put that deploys past a gate.
fn past_gate(resource: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Rule::StepPastGate, span, format!("a put to `{resource}` would deploy past a gate"))
        .help("what deploys is a stage, whose gate lets it; use a resource of another name for something else")
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
    resource_types: &[ResourceType],
    issues: &BTreeSet<&str>,
    added: &[Added],
    plan: &PipelinePlan<'_>,
    diagnostics: &mut Diagnostics,
) {
    let Some(stage) = plan.first_stage() else { return };
    for resource in resources.iter().filter(|resource| !issues.contains(resource.name.as_str())) {
        // Concourse lays the source of a resource over the defaults of its type.
        let of_type = resource_types.iter().find(|known| known.name == resource.type_name);
        let defaults = of_type.and_then(|of_type| of_type.defaults.as_ref());
        // A variable as a key could come to be any.
        let any = |source: &Value| matches!(source, Value::Map(map) if map.keys().any(|key| key.contains("((")));
        let has =
            |source: Option<&Value>, key: &str| source.is_some_and(|source| source.get(key).is_some() || any(source));
        let says = |key: &str| has(resource.source.as_ref(), key) || has(defaults, key);
        if says("gate") && says("role") {
            let name = resource.name.as_str();
            let extra = added.iter().find(|added| !added.is_type && added.name == name).map(|added| added.span);
            let span = stage.input_span(name).or(extra).unwrap_or(stage.origin.span);
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
