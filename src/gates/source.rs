//! *Source*: what an approval names comes from where the job takes it.

use concourse_pipeline::issues::IssueSource;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::Span;
use yaml_source::yaml::{Value, escape};

use crate::lower::Author;
use crate::project::{Input, Pin, Stage};

use concourse_pipeline::Repository;

use super::facts::as_found;
use super::model::{Job, Pipeline, Resource, Unit};

/// A commit of one repository is not there in another one, unless that is a mirror. A name such as `1.2.0` can mean
/// something else in another place.
pub(super) fn check(job: &Job<'_>, pipeline: &Pipeline<'_>, unit: &Unit<'_, '_>, diagnostics: &mut Diagnostics) {
    let Some((stage, _)) = job.stage() else {
        handwritten(job, pipeline, unit, diagnostics);
        return;
    };
    let approvals = job.approvals.iter().filter(|approval| approval.is_exact);
    let approvals = approvals.filter_map(|approval| approval.gate.clone());
    let own = job.gets().filter(|(_, step)| step.author == Author::Generator);
    let records = own.filter_map(|(get, _)| pipeline.issue(get.resource).and_then(IssueSource::records));
    for gate in approvals.chain(records) {
        for record in unit.records.get(&gate).into_iter().flatten() {
            let Some((writer, _)) = record.job.stage() else { continue };
            if let Some(found) = code(stage, writer) {
                diagnostics.push(found.note(job.note()));
                return;
            }
            for found in inputs(stage, writer) {
                diagnostics.push(found.note(job.note()));
            }
        }
    }
}

/// The approved code of a handwritten job is of another repository than the code whose commit is recorded.
fn handwritten(job: &Job<'_>, pipeline: &Pipeline<'_>, unit: &Unit<'_, '_>, diagnostics: &mut Diagnostics) {
    for approval in job.approvals.iter().filter(|approval| approval.is_code) {
        let resource = pipeline.resources.get(approval.resource);
        let (Some(own), Some(gate)) = (resource.and_then(Resource::repository), &approval.gate) else { continue };
        for record in unit.records.get(gate).into_iter().flatten() {
            let Some(Value::Map(pins)) = record.put.params.and_then(|params| params.get("pins")) else { continue };
            let artifact = |path: &Value| match path {
                Value::Text(path) => path.split('/').next().map(str::to_owned),
                _ => None,
            };
            let repositories: Vec<Repository> = pins
                .values()
                .filter_map(artifact)
                .filter_map(|artifact| record.job.gets().find(|(get, _)| get.name == artifact))
                .filter_map(|(get, _)| pipeline.resources.get(get.resource)?.repository())
                .collect();
            let Some(other) = repositories.first().filter(|_| !repositories.contains(&own)) else { continue };
            diagnostics.push(as_found(
                foreign(
                    approval.span,
                    format!("the approval names a commit of {other}, and the job takes {own}"),
                    "take the repository whose commit is recorded",
                )
                .also(record.span, "the record")
                .note(job.note()),
                false,
            ));
        }
    }
}

/// The code of both stages, where it is of two repositories.
fn code(stage: &Stage, writer: &Stage) -> Option<Diagnostic> {
    let (own, other) = (&stage.code.git.repository, &writer.code.git.repository);
    if own == other {
        return None;
    }
    let (own, other) = (Repository::of_clone(own), Repository::of_clone(other));
    (own != other).then(|| {
        foreign(
            stage.own_place("/source/repository"),
            format!("an approval of {} names a commit of {other}, and {} takes {own}", writer.whom(), stage.whom()),
            "use one repository for all stages, and take the other one as a `git` input",
        )
    })
}

/// The inputs of both stages that have one name and come from two places.
fn inputs(stage: &Stage, writer: &Stage) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for input in stage.inputs.iter().filter(|input| matches!(input.pin, Pin::File(_))) {
        let other = writer.inputs.iter().find(|other| other.name == input.name && matches!(other.pin, Pin::File(_)));
        let Some(other) = other.filter(|other| !is_same(input, other)) else { continue };
        let place = stage.origin.settings.at(&format!("/inputs/{}", escape(input.name.as_str())));
        found.push(foreign(
            place.map(|node| node.span).or_else(|| stage.input_span(input.name.as_str())).unwrap_or(stage.origin.span),
            format!(
                "an approval of {} names a version of `{}` there, and {} takes it from somewhere else",
                writer.whom(),
                other.name,
                stage.whom()
            ),
            &format!("take `{}` from the same place in both", input.name),
        ));
    }
    found
}

/// Whether a version of one input means the same of the other: it is content, or both come from one place.
fn is_same(one: &Input, other: &Input) -> bool {
    let is_content = |input: &Input| input.content.is_some() || input.source.as_type().is_version_content();
    is_content(one) && is_content(other) || one.source.as_type().is_same_place(&other.source, one.pin.file())
}

fn foreign(span: Span, message: String, same: &str) -> Diagnostic {
    Diagnostic::new(Rule::ForeignVersion, span, message).help(format!(
        "{same}; for a mirror, write `# ol-pipegen: allow foreign-version because it is a mirror` above the line"
    ))
}
