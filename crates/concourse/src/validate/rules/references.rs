use std::collections::HashSet;

use crate::view::{JobView, PipelineView, StepKind, StepView, field, is_invalid};
use yaml_source::diagnostic::{Diagnostics, Rule, did_you_mean};
use yaml_source::source::Span;

use super::names::is_given;
use super::{Checked, refused, whole_place};

/// What a step names is there: a resource, a prototype, a file; and what a get takes has one name in its job.
pub(super) fn check(pipeline: &Checked<'_, '_>, diagnostics: &mut Diagnostics) {
    for job in &pipeline.view.jobs {
        let mut gets: std::collections::HashMap<&str, Span> = std::collections::HashMap::new();
        for step in &job.steps {
            match step.kind {
                StepKind::Get => {
                    if let Some(first) = gets.insert(step.name, step.span) {
                        let concourse_message = format!("jobs: {}: repeated name", whole_place(job, step));
                        diagnostics.push(
                            refused(
                                Rule::RepeatedGet,
                                step.span,
                                format!("`{}` is got twice in one job", step.name),
                                concourse_message,
                            )
                            .also(first, "here as well")
                            .help("get it once, or give one of them another name and say `resource`"),
                        );
                    }
                    resource(pipeline, job, step, diagnostics);
                }
                StepKind::Put => resource(pipeline, job, step, diagnostics),
                StepKind::Run => prototype(pipeline, job, step, diagnostics),
                StepKind::SetPipeline | StepKind::LoadVar if !is_given(field(step.node, "file")) => {
                    let concourse_message = format!("jobs: {}: no file specified", whole_place(job, step));
                    diagnostics.push(
                        refused(
                            Rule::MissingFile,
                            step.span,
                            "a step without the `file` that it reads",
                            concourse_message,
                        )
                        .help("write `file: ARTIFACT/PATH`"),
                    );
                }
                _ => {}
            }
        }
    }
}

fn resource(pipeline: &Checked<'_, '_>, job: &JobView<'_>, step: &StepView<'_>, diagnostics: &mut Diagnostics) {
    let (view, name) = (pipeline.view, step.resource());
    if view.resource(name).is_some() || !pipeline.knows_resources || is_unread(step, "resource") {
        return;
    }
    let span =
        field(step.node, "resource").filter(|node| node.as_str() == Some(name)).map_or(step.span, |node| node.span);
    let concourse_message = format!("jobs: {}: unknown resource '{name}'", whole_place(job, step));
    let message =
        if name.is_empty() { "a step of no resource".to_owned() } else { format!("there is no resource `{name}`") };
    diagnostics
        .push(refused(Rule::UnknownResource, span, message, concourse_message).maybe_help(resource_meant(view, name)));
}

/// Could not be read what it is of?
pub(super) fn is_unread(step: &StepView<'_>, key: &str) -> bool {
    let is_at = |key: &str| field(step.node, key).is_some_and(is_invalid);
    is_at(key) || is_at("get") || is_at("put")
}

pub(super) fn resource_meant(view: &PipelineView<'_>, name: &str) -> Option<String> {
    let meant = did_you_mean(name, view.resources.iter().map(|resource| resource.name))?;
    Some(format!("did you mean `{meant}`?"))
}

fn prototype(pipeline: &Checked<'_, '_>, job: &JobView<'_>, step: &StepView<'_>, diagnostics: &mut Diagnostics) {
    let name = step.text("type").unwrap_or_default();
    let prototypes: HashSet<&str> = pipeline.view.prototypes.iter().map(|prototype| prototype.name).collect();
    if prototypes.contains(name) || !pipeline.knows_prototypes || is_unread(step, "type") {
        return;
    }
    let span = field(step.node, "type").map_or(step.span, |node| node.span);
    let concourse_message = format!("jobs: {}: unknown prototype '{name}'", whole_place(job, step));
    let message =
        if name.is_empty() { "a step of no prototype".to_owned() } else { format!("there is no prototype `{name}`") };
    let meant = did_you_mean(name, prototypes).map(|meant| format!("did you mean `{meant}`?"));
    diagnostics.push(refused(Rule::UnknownPrototype, span, message, concourse_message).maybe_help(meant));
}
