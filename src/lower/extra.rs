//! What a manifest adds to the pipeline in Concourse's own words. Whether it goes past a gate is judged by `gates`.

use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::model::invalid_name;
use concourse_pipeline::model::{ConcourseVersion, Core, Job, JobName, Resource, ResourceName, ResourceType, Step};
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean};
use yaml_source::source::Span;
use yaml_source::yaml::{Entry, Map, Node};

use crate::kind::Extra;
use crate::plan::{self, PipelinePlan, StageJob, StagePhase};
use crate::project::Fleet;

use super::Lowering;
use super::define::{Definer, Definitions};
use super::origin::{Author, JobOrigin, JobRole};
use super::secrets::find;
use super::tabs::Tabs;

/// A definition of `extra` that a pipeline may have no use for.
pub(super) struct Added {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) is_type: bool,
}

impl<'a> Lowering<'_, 'a> {
    /// Adds what the stages of a plan bring besides.
    pub(super) fn extra(&mut self, plan: &PipelinePlan<'a>, fleet: &Fleet, tabs: &mut Tabs) {
        let stages = || {
            plan.jobs.iter().filter_map(|job| match job {
                plan::PlannedJob::Stage(job) if job.phase == StagePhase::Deploy => {
                    Some((job, job.stage.origin.settings.at("/extra")?))
                }
                _ => None,
            })
        };
        // Hardly a manifest says it.
        if stages().next().is_none() {
            return;
        }
        let version = fleet.concourses[plan.concourse].version;
        let own = Own {
            jobs: self.definitions.jobs().map(|job| job.name.to_string()).collect(),
            resources: by_name(self.definitions.resources(), |resource| resource.name.to_string()),
            resource_types: by_name(self.definitions.resource_types(), |resource_type| resource_type.name.to_string()),
        };
        let mut jobs: Vec<(Job, Span, &StageJob<'a>)> = Vec::new();
        for (job, node) in stages().filter(|(_, node)| node.as_map().is_some()) {
            let (stage, origin) = (job.stage, &job.stage.origin);
            let by = |span: Span| Definer::written(origin, &origin.settings, span);
            let mut named: BTreeMap<(&'static str, String), Span> = BTreeMap::new();
            let extra = Extra::make(node, &stage.scope, &stage.whom(), self.diagnostics);
            for (resource_type, span) in extra.resource_types {
                let name = resource_type.name.to_string();
                if self.is_repeated("resource type", &name, span, &mut named) {
                    continue;
                }
                if own.is_another_type(&resource_type) {
                    self.two_meanings("resource type", &name, span);
                    continue;
                }
                self.defined.insert(("resource_types", name.clone()), span);
                self.added.push(Added { name, span, is_type: true });
                self.definitions.resource_type(resource_type, by(span), self.diagnostics);
            }
            for (resource, span) in extra.resources {
                let name = resource.name.to_string();
                if self.is_repeated("resource", &name, span, &mut named) {
                    continue;
                }
                if own.resources.get(&name).is_some_and(|own| *own != resource) {
                    self.two_meanings("resource", &name, span);
                    continue;
                }
                self.defined.insert(("resources", name.clone()), span);
                self.added.push(Added { name, span, is_type: false });
                self.no_old_name(resource.old_name.as_deref(), span);
                self.definitions.resource(resource, by(span), self.diagnostics);
            }
            for (name, source, span) in extra.var_sources {
                if !self.may_be_var_source(&name, span, fleet) {
                    continue;
                }
                if self.is_repeated("variable source", &name, span, &mut named) {
                    continue;
                }
                self.definitions.var_source(name, source, by(span), self.diagnostics);
            }
            if let Some((display, span)) = extra.display {
                self.definitions.display(display, by(span), self.diagnostics);
            }
            for (extra, span) in extra.jobs {
                if self.is_repeated("job", extra.name.as_str(), span, &mut named) {
                    continue;
                }
                if own.jobs.contains(extra.name.as_str()) {
                    self.two_meanings("job", extra.name.as_str(), span);
                    continue;
                }
                self.no_old_name(extra.old_name.as_deref(), span);
                check_version(&extra, span, version, self.diagnostics);
                tabs.add(extra.name.as_str(), stage.tab.as_deref());
                jobs.push((extra, span, job));
            }
        }
        for (job, span, of) in &jobs {
            let by = Definer::written(&of.stage.origin, &of.stage.origin.settings, *span);
            self.origin(&job.name, || JobOrigin {
                whom: format!("the job `{}` of {}", job.name, of.stage.whom()),
                span: *span,
                role: JobRole::Extra,
                plan: vec![(Author::Extra, *span); job.plan.len()],
                hooks: Author::Extra,
            });
            self.definitions.shared_job(job.clone(), by, self.diagnostics);
        }
        for (job, span, of) in &jobs {
            let written = of.stage.origin.settings.at("/extra").and_then(|extra| extra.spanning(*span));
            check_passed(job, *span, written, &self.definitions, self.diagnostics);
        }
    }

    /// Reports the jobs of `source.passed` that the pipeline does not have, or that have no code.
    pub(super) fn check_passed_code(&mut self, plan: &PipelinePlan<'a>) {
        for job in &plan.jobs {
            let plan::PlannedJob::Stage(job) = job else { continue };
            if job.phase != StagePhase::Deploy {
                continue;
            }
            let code = &job.stage.code;
            for (index, passed) in code.passed.iter().enumerate() {
                let span = job.stage.own_place(&format!("/source/passed/{index}"));
                look_for(passed, code.resource.as_str(), job.name.as_str(), span, &self.definitions, self.diagnostics);
            }
        }
    }

    /// Whether a manifest can define a variable source of that name. If not, that is reported.
    fn may_be_var_source(&mut self, name: &str, span: Span, fleet: &Fleet) -> bool {
        if let Err(error) = ResourceName::parse(name) {
            let message = format!("the variable source's name `{name}` {error}");
            self.diagnostics.push(invalid_name(span, message, ("name", name)));
            return false;
        }
        let is_replaced =
            !fleet.policy.is_empty() && span.file != fleet.defaults.span.file && has_var_source(fleet, name);
        if is_replaced {
            let message =
                format!("`{name}` is a variable source of the fleet: with a `policy`, no manifest can replace it");
            self.diagnostics
                .push(Diagnostic::new(Rule::BelowPolicy, span, message).help("remove it, or give it another name"));
        }
        !is_replaced
    }

    /// Reports a second definition of a name in the `extra` of one stage. `named` are the places of those before.
    fn is_repeated(
        &mut self,
        noun: &'static str,
        name: &str,
        span: Span,
        named: &mut BTreeMap<(&'static str, String), Span>,
    ) -> bool {
        let first = *named.entry((noun, name.to_owned())).or_insert(span);
        if first == span {
            return false;
        }
        self.diagnostics.push(
            Diagnostic::new(Rule::ConflictingDefinition, span, format!("two definitions of the {noun} `{name}`"))
                .also(first, "the other one")
                .help("remove one of them, or give it another name"),
        );
        true
    }

    fn two_meanings(&mut self, noun: &str, name: &str, span: Span) {
        self.diagnostics.push(
            Diagnostic::new(Rule::ConflictingDefinition, span, format!("two meanings of the {noun} `{name}`"))
                .note("the other is what the rest of the manifest makes")
                .help(if noun == "resource type" {
                    "define the type in the fleet's `resource_types`, which is for inputs too"
                } else {
                    "give it another name"
                }),
        );
    }

    /// The history of a gate could be moved away by it.
    fn no_old_name(&mut self, old_name: Option<&str>, span: Span) {
        if let Some(old) = old_name {
            self.diagnostics.push(
                Diagnostic::new(Rule::UnknownField, span, "`old_name` is set in `old_names`")
                    .help(format!("write `old_names: {{NEW: {old}}}` in the manifest")),
            );
        }
    }
}

/// Concourse refuses a `passed` of a job that is not there, or has nothing of the kind.
fn check_passed(job: &Job, span: Span, written: Option<&Node>, known: &Definitions, diagnostics: &mut Diagnostics) {
    let mut look = |step: &Step| {
        let Core::Get(get) = &step.core else { return };
        let resource = get.resource.as_ref().unwrap_or(&get.get).as_str();
        for passed in &get.passed {
            let span = written.and_then(|written| passed_in(written, passed.as_str())).unwrap_or(span);
            look_for(passed, resource, job.name.as_str(), span, known, diagnostics);
        }
    };
    job.each_step(&mut |step| look(step));
}

/// Where a job stands in a `passed`.
fn passed_in(node: &Node, name: &str) -> Option<Span> {
    let of_entry = |entry: &Entry| match entry.key.as_str() {
        "passed" => find(&entry.value, name),
        _ => passed_in(&entry.value, name),
    };
    let entries = node.as_map().map(Map::entries).unwrap_or_default().iter();
    let items = node.as_list().unwrap_or_default().iter();
    entries.filter_map(of_entry).chain(items.filter_map(|item| passed_in(item, name))).next()
}

/// Reports a `passed` of a job that is not there, or that has nothing of the resource.
fn look_for(
    passed: &JobName,
    resource: &str,
    job: &str,
    span: Span,
    known: &Definitions,
    diagnostics: &mut Diagnostics,
) {
    let (message, meant) = match known.jobs().find(|known| known.name == *passed) {
        Some(known) if uses(known, resource) => return,
        Some(_) => (format!("`{passed}` has no `{resource}`"), None),
        None => {
            let meant = did_you_mean(passed.as_str(), known.jobs().map(|job| job.name.as_str()));
            (format!("no rendered job is named `{passed}`"), meant.map(str::to_owned))
        }
    };
    diagnostics.push(
        Diagnostic::new(Rule::UnknownName, span, message)
            .note(format!("the job `{job}` takes `{resource}` with `passed: [{passed}]`"))
            .maybe_help(meant.map(|meant| format!("did you mean `{meant}`?"))),
    );
}

fn uses(job: &Job, resource: &str) -> bool {
    let mut found = false;
    job.each_step(&mut |step| {
        found |= match &step.core {
            // An approval brings the code by the code's name: that such a get goes past the gate is said elsewhere.
            Core::Get(get) => {
                [Some(&get.get), get.resource.as_ref()].into_iter().flatten().any(|name| name.as_str() == resource)
            }
            Core::Put(put) => put.resource.as_ref().unwrap_or(&put.put).as_str() == resource,
            _ => false,
        };
    });
    found
}

/// What the rest of the manifest makes.
struct Own {
    jobs: BTreeSet<String>,
    resources: BTreeMap<String, Resource>,
    resource_types: BTreeMap<String, ResourceType>,
}

impl Own {
    /// Would it be another type than the one that something of the manifest's is of, and uses by that name?
    fn is_another_type(&self, resource_type: &ResourceType) -> bool {
        let name = &resource_type.name;
        if let Some(own) = self.resource_types.get(name.as_str()) {
            return own != resource_type;
        }
        // One that every worker has.
        let of_resources = self.resources.values().map(|resource| &resource.type_name);
        let of_types = self.resource_types.values().map(|resource_type| &resource_type.type_name);
        of_resources.chain(of_types).any(|used| used == name)
    }
}

fn by_name<'d, T: Clone + 'd>(all: impl Iterator<Item = &'d T>, name: impl Fn(&T) -> String) -> BTreeMap<String, T> {
    all.map(|one| (name(one), one.clone())).collect()
}

fn check_version(job: &Job, span: Span, version: Option<ConcourseVersion>, diagnostics: &mut Diagnostics) {
    let Some(version) = version else { return };
    let known = [
        ("disable_reruns", job.disable_reruns, ConcourseVersion::V8_1),
        ("tags", !job.tags.is_empty(), ConcourseVersion::V8_3),
    ];
    for (field, used, since) in known {
        if used && version < since {
            diagnostics.push(
                Diagnostic::new(
                    Rule::ConcourseVersion,
                    span,
                    format!("`{field}` of the job `{}` is of Concourse {since}, and this one is {version}", job.name),
                )
                .help("remove it, or set a newer `version` in `concourses`"),
            );
        }
    }
}

/// Whether the defaults of a fleet have a variable source of that name.
fn has_var_source(fleet: &Fleet, name: &str) -> bool {
    let sources = fleet.defaults.at("/extra/var_sources").and_then(Node::as_list).unwrap_or_default();
    sources.iter().any(|source| source.at("/name").and_then(Node::as_str) == Some(name))
}
