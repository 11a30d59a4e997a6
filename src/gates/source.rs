//! *Source*: what an approval names comes from where the job takes it.

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::Span;
use yaml_source::yaml::{Value, escape};

use crate::lower::Author;
use crate::project::{GitSource, ImageSource, Input, Pin, ResourceSource, S3Source, Stage, What};

use concourse_pipeline::Repository;

use super::model::{Issue, Job, Pipeline, Unit};

/// A commit of one repository is not there in another one, unless that is a mirror. A name such as `1.2.0` can mean
/// something else in another place.
pub(super) fn check(job: &Job<'_>, pipeline: &Pipeline<'_>, unit: &Unit<'_, '_>, diagnostics: &mut Diagnostics) {
    let Some((stage, _)) = job.stage() else { return };
    let approvals = job.approvals.iter().filter(|approval| approval.is_exact);
    let approvals = approvals.filter_map(|approval| approval.gate.clone());
    let own = job.gets().filter(|(_, step)| step.author == Author::Generator);
    let records = own.filter_map(|(get, _)| pipeline.issue(get.resource).and_then(Issue::records));
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

/// The code of both stages, where it is of two repositories.
fn code(stage: &Stage, writer: &Stage) -> Option<Diagnostic> {
    let (own, other) =
        (Repository::of_clone(&stage.code.git.repository), Repository::of_clone(&writer.code.git.repository));
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
    let is_content =
        |input: &Input| input.content.is_some() || matches!(input.what, What::S3(S3Source { regexp: None, .. }));
    if is_content(one) && is_content(other) {
        return true;
    }
    match (&one.what, &other.what) {
        (What::Git(GitSource { repository: one, .. }), What::Git(GitSource { repository: other, .. })) => {
            Repository::of_clone(one) == Repository::of_clone(other)
        }
        (What::Image(image), What::Image(known)) => {
            let place = |ImageSource { repository, region, .. }: &ImageSource| (repository.clone(), region.clone());
            one.pin.file() == Some("digest") || place(image) == place(known)
        }
        (What::Release(one), What::Release(other)) => {
            (&one.owner, &one.repository) == (&other.owner, &other.repository)
        }
        (What::S3(one), What::S3(other)) => (&one.bucket, &one.regexp) == (&other.bucket, &other.regexp),
        (What::Resource(one), What::Resource(other)) => {
            let place = |ResourceSource { type_name, source, .. }: &ResourceSource| {
                (type_name.to_string(), source.as_ref().and_then(without_credentials))
            };
            place(one) == place(other)
        }
        _ => false,
    }
}

/// A source without what each Concourse has a credential of its own for.
fn without_credentials(source: &Value) -> Option<Value> {
    match source {
        Value::Text(text) if text.contains("((") => None,
        Value::Map(map) => {
            let kept = map.iter().filter_map(|(key, value)| Some((key.clone(), without_credentials(value)?)));
            Some(Value::Map(kept.collect()))
        }
        Value::List(items) => Some(Value::List(items.iter().filter_map(without_credentials).collect())),
        other => Some(other.clone()),
    }
}

fn foreign(span: Span, message: String, same: &str) -> Diagnostic {
    Diagnostic::new(Rule::ForeignVersion, span, message).help(format!(
        "{same}; for a mirror, write `# ol-pipegen: allow foreign-version because it is a mirror` above the line"
    ))
}
