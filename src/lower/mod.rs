//! From the plan to Concourse's words: small pure functions, and a register of what they define by name.

mod checks;
mod conflict;
mod define;
mod extra;
pub(crate) mod git_config;
mod issues;
mod job;
mod notify;
mod old_names;
mod options;
mod origin;
mod secrets;
mod tabs;
mod wiring;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use concourse_pipeline::model::{Core, Job, JobName, Pipeline, Resource, ResourceName, Step};
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean};
use yaml_source::source::Span;

use crate::kind::{Kind, KindSet};
use crate::plan::{PipelinePlan, Plan, PlannedJob};
use crate::project::{Fleet, Project};

pub(crate) use checks::repeated_variables;
use define::Definitions;
use extra::Added;
use old_names::write_old_names;
pub(crate) use origin::{Author, JobOrigin, JobRole};
pub(crate) use tabs::OTHER_TAB;
use tabs::Tabs;

/// A pipeline in Concourse's words, with what those who judge it have to know of where it came from.
pub(crate) struct Lowered<'p> {
    /// The pipeline.
    pub(crate) pipeline: Pipeline,
    /// What each of its jobs was made from, in the order of its jobs.
    pub(crate) origins: Vec<JobOrigin<'p>>,
    /// The resources of its gates and records.
    pub(crate) issues: BTreeSet<&'p str>,
    /// Resources of `extra`, and where they are defined.
    pub(crate) extra: Vec<(String, Span)>,
    /// Where `resources` and `resource_types` of kinds and of `extra` are defined, by their names.
    pub(crate) defined: BTreeMap<(&'static str, String), Span>,
}

/// The pipelines of a manifest, in Concourse's words.
pub(crate) fn lower<'p>(
    plan: &Plan<'p>,
    project: &Project,
    fleet: &Fleet,
    diagnostics: &mut Diagnostics,
) -> Vec<Lowered<'p>> {
    // What one pipeline has no use for may be what another one needs.
    let mut needless: BTreeMap<Span, Option<String>> = BTreeMap::new();
    let mut lowered: Vec<Lowered<'p>> =
        plan.pipelines.iter().map(|plan| lower_one(plan, fleet, &mut needless, diagnostics)).collect();
    for (span, name) in needless.into_iter().filter_map(|(span, name)| Some((span, name?))) {
        // A fleet's defaults are for whoever has a use for them.
        if plan.first_stage().is_some_and(|stage| stage.origin.span.file == span.file) {
            diagnostics.push(Diagnostic::new(Rule::NoEffect, span, format!("no step uses `{name}`")).help("remove it"));
        }
    }
    if !project.chains.is_empty() {
        let mut pipelines: Vec<Pipeline> =
            lowered.iter_mut().map(|lowered| std::mem::take(&mut lowered.pipeline)).collect();
        write_old_names(&mut pipelines, &project.old_names, diagnostics);
        for (lowered, pipeline) in lowered.iter_mut().zip(pipelines) {
            lowered.pipeline = pipeline;
        }
    }
    lowered
}

fn lower_one<'p>(
    plan: &PipelinePlan<'p>,
    fleet: &Fleet,
    needless: &mut BTreeMap<Span, Option<String>>,
    diagnostics: &mut Diagnostics,
) -> Lowered<'p> {
    let mut lowering = Lowering {
        kinds: &fleet.kinds,
        shared: options::shared(plan),
        approved_code: plan.approved_code(),
        added: Vec::new(),
        defined: BTreeMap::new(),
        origins: HashMap::new(),
        definitions: Definitions::default(),
        diagnostics,
    };
    for job in &plan.jobs {
        lowering.job(job);
    }
    let mut tabs = Tabs::of(plan);
    lowering.extra(plan, fleet, &mut tabs);
    lowering.check_passed_code(plan);
    let Lowering { definitions, added, mut origins, defined, .. } = lowering;
    let Pipeline { mut resources, mut resource_types, jobs, var_sources, display, .. } =
        definitions.into_pipeline(fleet);
    let mut used = UsedNames::default();
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
    check_resources(&resources, &jobs, &origins, (plan, fleet), diagnostics);
    let mut extra = Vec::new();
    for Added { name, span, is_type } in added {
        if !is_type {
            extra.push((name.clone(), span));
        }
        let names = if is_type { &used.types } else { &used.resources };
        let unused = (!names.contains(&name)).then_some(name);
        let known = needless.entry(span).or_insert_with(|| unused.clone());
        *known = known.take().and(unused);
    }
    let groups = tabs.groups(&jobs);
    let pipeline = Pipeline { resource_types, resources, jobs, groups, var_sources, display, ..Pipeline::default() };
    secrets::check(&pipeline, plan, fleet, diagnostics);
    git_config::check(&pipeline, plan, fleet, diagnostics);
    let origins = pipeline.jobs.iter().filter_map(|job| origins.remove(job.name.as_str())).collect();
    checks::check(&pipeline, plan, fleet, diagnostics);
    Lowered { pipeline, origins, issues: plan.issue_resources(), extra, defined }
}

struct Lowering<'d, 'a> {
    kinds: &'d KindSet,
    /// What a build's job has from its stages.
    shared: BTreeMap<&'a JobName, options::Shared>,
    /// The resource that brings the approved commit, by the job that gets it.
    approved_code: BTreeMap<&'a JobName, &'a ResourceName>,
    /// What `extra` defines.
    added: Vec<Added>,
    /// Where `resources` and `resource_types` of kinds and of `extra` are defined, by their names.
    defined: BTreeMap<(&'static str, String), Span>,
    /// What each job was made from, by its name.
    origins: HashMap<String, JobOrigin<'a>>,
    definitions: Definitions,
    diagnostics: &'d mut Diagnostics,
}

impl<'a> Lowering<'_, 'a> {
    fn job(&mut self, job: &PlannedJob<'a>) {
        match job {
            PlannedJob::Build(job) => self.build_job(job),
            PlannedJob::Stage(job) => self.stage_job(job),
        }
    }
}

/// What the steps of a pipeline name.
#[derive(Default)]
struct UsedNames {
    resources: BTreeSet<String>,
    types: BTreeSet<String>,
}

impl UsedNames {
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

/// A step of a kind, or of the manifest, may name a resource that nothing defines.
fn check_resources(
    resources: &[Resource],
    jobs: &[Job],
    origins: &HashMap<String, JobOrigin<'_>>,
    (plan, fleet): (&PipelinePlan<'_>, &Fleet),
    diagnostics: &mut Diagnostics,
) {
    let Some(stage) = plan.first_stage() else { return };
    let is_defined = |name: &str| resources.iter().any(|resource| resource.name.as_str() == name);
    let mut known = BTreeSet::new();
    if diagnostics.has_errors() {
        return;
    }
    for job in jobs {
        let Some(origin) = origins.get(job.name.as_str()) else { continue };
        let steps = job.plan.iter().enumerate().map(|(index, step)| {
            let mut used = UsedNames::default();
            step.each(&mut |step| used.step(step));
            (origin.plan.get(index).copied(), used)
        });
        // The hooks of a job come last.
        let mut all = UsedNames::default();
        job.each_step(&mut |step| all.step(step));
        for (place, used) in steps.chain([(Some((origin.hooks, origin.span)), all)]) {
            for name in used.resources.into_iter().filter(|name| !is_defined(name)) {
                if !known.insert(name.clone()) {
                    continue;
                }
                let (author, span) = place.unwrap_or((Author::Generator, stage.origin.span));
                let meant = did_you_mean(&name, resources.iter().map(|resource| resource.name.as_str()));
                let help = match (meant, author) {
                    (Some(meant), _) => format!("did you mean `{meant}`?"),
                    (None, Author::Around | Author::Extra) => {
                        "define it in `extra: {resources: […]}`, or take it as one of the `inputs`".to_owned()
                    }
                    (None, _) => "define it in the kind's `resources`, or take it as one of the `inputs`".to_owned(),
                };
                diagnostics.push(
                    Diagnostic::new(
                        Rule::KindResult,
                        place_of_name(span, &name, plan, fleet).unwrap_or(stage.origin.span),
                        format!("a step names the resource `{name}`, which nothing defines"),
                    )
                    .note(format!("in {} of the pipeline `{}`", origin.whom, plan.name))
                    .help(help),
                );
            }
        }
    }
}

/// Where a name stands in what is written at a place: in the settings of a stage, or in a kind of one's own. `None` of a kind
/// that comes with the program, which the manifest uses.
fn place_of_name(span: Span, name: &str, plan: &PipelinePlan<'_>, fleet: &Fleet) -> Option<Span> {
    let settings = plan.jobs.iter().map(|job| match job {
        PlannedJob::Stage(job) => &*job.stage.origin.settings,
        PlannedJob::Build(job) => &*job.stage.origin.settings,
    });
    let own = fleet.kinds.own().iter().map(Kind::node);
    let written = settings.chain(own).find_map(|node| node.spanning(span))?;
    Some(secrets::find(written, name).unwrap_or(written.span))
}
