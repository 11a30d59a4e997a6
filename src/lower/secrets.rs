//! Secrets in clear, wherever they came from: the last look before a pipeline is written.

use concourse_pipeline::model::{Core, Pipeline, Step};
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::Span;
use yaml_source::yaml::{Node, NodeKind, Value};

use crate::kind::{Family, Kind};
use crate::manifest::{is_secret_in_clear, names_secret};
use crate::plan::{PipelinePlan, PlannedJob};
use crate::project::Fleet;

/// Reports secrets in the sources and params of a pipeline.
pub(super) fn check(pipeline: &Pipeline, plan: &PipelinePlan<'_>, fleet: &Fleet, diagnostics: &mut Diagnostics) {
    let mut search = SecretSearch { plan, fleet, diagnostics };
    for resource_type in &pipeline.resource_types {
        search.map(resource_type.source.as_ref(), &format!("the resource type `{}`", resource_type.name));
    }
    for resource in &pipeline.resources {
        search.map(resource.source.as_ref(), &format!("the resource `{}`", resource.name));
    }
    for source in &pipeline.var_sources {
        search.map(Some(source), "a variable source");
    }
    for job in &pipeline.jobs {
        let of = format!("the job `{}`", job.name);
        job.each_step(&mut |step| search.step(step, &of));
    }
}

struct SecretSearch<'d> {
    plan: &'d PipelinePlan<'d>,
    fleet: &'d Fleet,
    diagnostics: &'d mut Diagnostics,
}

impl SecretSearch<'_> {
    fn step(&mut self, step: &Step, of: &str) {
        match &step.core {
            Core::Get(get) => self.map(get.params.as_ref(), of),
            Core::Put(put) => {
                self.map(put.params.as_ref(), of);
                self.map(put.get_params.as_ref(), of);
            }
            Core::SetPipeline(set) => {
                self.map(set.vars.as_ref(), of);
                self.map(set.instance_vars.as_ref(), of);
            }
            Core::Task(task) => {
                self.map(task.params.as_ref(), of);
                self.map(task.vars.as_ref(), of);
                if let Some(config) = &task.config {
                    config.params.iter().for_each(|(key, value)| self.value(key, value, of));
                    self.map(config.image_resource.as_ref().and_then(|image| image.source.as_ref()), of);
                }
            }
            _ => {}
        }
    }

    /// An instance var goes before a credential of its name, and everybody reads it.
    fn instance_var(&mut self, key: &str, text: &str, of: &str) {
        let mut vars = self.plan.instance_vars.iter().map(|(name, _)| name);
        let Some(var) = vars.find(|var| names_variable(text, var)).filter(|_| names_secret(key)) else { return };
        let span = place(self.plan, self.fleet, text);
        self.diagnostics.push(
            Diagnostic::new(Rule::PlaintextSecret, span, format!("`{key}` would come from the instance var `{var}`"))
                .note(format!("in {of}; everybody who sees the pipeline reads it"))
                .help("give the instance var another name than the credential"),
        );
    }

    fn map(&mut self, value: Option<&Value>, of: &str) {
        if let Some(value) = value {
            self.value("", value, of);
        }
    }

    fn value(&mut self, key: &str, value: &Value, of: &str) {
        match value {
            // Its keys are names of inputs, and its values are files.
            Value::Map(map) if key == "pins" => map.iter().for_each(|(_, value)| self.value("", value, of)),
            Value::Map(map) => map.iter().for_each(|(key, value)| self.value(key, value, of)),
            Value::List(items) => items.iter().for_each(|item| self.value(key, item, of)),
            Value::Text(text) if is_secret_in_clear(key, text) => {
                let span = place(self.plan, self.fleet, text);
                if !self.diagnostics.speaks_of(span) {
                    self.diagnostics.push(
                        Diagnostic::new(Rule::PlaintextSecret, span, format!("`{key}` is written in clear"))
                            .note(format!("in {of}"))
                            .help("give the name of a credential, such as ((github.token))"),
                    );
                }
            }
            Value::Text(text) => self.instance_var(key, text, of),
            Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) => {}
        }
    }
}

/// Does a text hold `((VAR))` or `((VAR.FIELD))`?
fn names_variable(text: &str, var: &str) -> bool {
    text.split("((").skip(1).any(|rest| {
        let name = rest.split_once("))").map_or(rest, |(name, _)| name).trim();
        name.strip_prefix(var).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// Where somebody wrote a text of the pipeline.
pub(super) fn place(plan: &PipelinePlan<'_>, fleet: &Fleet, text: &str) -> Span {
    let settings = plan.jobs.iter().filter_map(|job| match job {
        PlannedJob::Stage(job) => Some(&*job.stage.origin.settings),
        PlannedJob::Build(_) => None,
    });
    let kinds = [Family::Stack, Family::Build].into_iter().flat_map(|family| fleet.kinds.of(family));
    let found =
        settings.chain(fleet.resource_types_node.iter()).chain(kinds.map(Kind::node)).find_map(|node| find(node, text));
    found
        .or_else(|| plan.first_stage().map(|stage| stage.origin.span))
        .expect("internal error: a pipeline without a stage")
}

/// Where a text stands in the settings of somebody.
pub(super) fn find(node: &Node, text: &str) -> Option<Span> {
    match &node.kind {
        NodeKind::Scalar(scalar) => (scalar.text == text).then_some(node.span),
        NodeKind::List(items) => items.iter().find_map(|item| find(item, text)),
        NodeKind::Map(map) => map.entries().iter().find_map(|entry| find(&entry.value, text)),
        NodeKind::Invalid => None,
    }
}
