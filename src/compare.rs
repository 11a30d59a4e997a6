use concourse_pipeline::diff::{self, Changes, Finding, Judged};
use concourse_pipeline::model::Pipeline;
use concourse_pipeline::validate::Decoded;
use concourse_pipeline::view::PipelineView;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, visible};
use yaml_source::source::{Sources, Span};

use crate::gates;

/// A pipeline that was read.
pub(crate) struct ReadPipeline {
    /// In Concourse's types.
    pub(crate) pipeline: Pipeline,
    /// With the places of what it says.
    pub(crate) decoded: Decoded,
}

/// What changes when one pipeline takes the place of another, as far as types tell.
pub fn compare(old: &Pipeline, new: &Pipeline) -> Changes {
    diff::compare(old, new, (&judged(old), &judged(new)))
}

/// What changes when one pipeline takes the place of another. What `validate` finds of the gates of the new one alone is
/// among it.
pub(crate) fn compare_read(old: &ReadPipeline, new: &ReadPipeline, sources: &Sources) -> Changes {
    if old.pipeline == new.pipeline {
        return compare(&old.pipeline, &new.pipeline);
    }
    let all = |read: &ReadPipeline| Judged {
        name: name(read, sources).to_owned(),
        findings: findings(read, sources),
        ..judged(&read.pipeline)
    };
    diff::compare(&old.pipeline, &new.pipeline, (&all(old), &all(new)))
}

/// The name that a pipeline has for what judges it.
fn name<'s>(read: &ReadPipeline, sources: &'s Sources) -> &'s str {
    sources.path(read.decoded.node.span.file).file_stem().unwrap_or_default()
}

fn judged(pipeline: &Pipeline) -> Judged {
    Judged { unapproved: gates::newest(pipeline), ..Judged::default() }
}

/// Ways past the gates of a pipeline.
fn findings(read: &ReadPipeline, sources: &Sources) -> Vec<Finding> {
    let mut found = Diagnostics::default();
    gates::judge_handwritten(std::slice::from_ref(&read.decoded), sources, &mut found);
    if found.is_empty() {
        return Vec::new();
    }
    let view = PipelineView::of(&read.decoded.node);
    let is_way = |diagnostic: &Diagnostic| diagnostic.rule != Rule::UnwrittenGate;
    let all = found.into_sorted().into_iter().filter(is_way);
    all.map(|diagnostic| Finding {
        rule: diagnostic.rule,
        job: job(&diagnostic, &view),
        message: message(&diagnostic, sources),
    })
    .collect()
}

/// The job that something was found in. What an alias stands for is in another place, and then a note tells.
fn job(found: &Diagnostic, view: &PipelineView<'_>) -> Option<String> {
    let of_note = found.notes.iter().find_map(|note| note.strip_prefix("in the job `")?.strip_suffix('`'));
    let is_within = |inner: Span, outer: Span| inner.start >= outer.start && inner.end <= outer.end;
    let of_place = || {
        let mut jobs = view.jobs.iter();
        jobs.find(|job| is_within(found.span(), job.node.span)).map(|job| job.name)
    };
    of_note.or_else(of_place).map(str::to_owned)
}

/// It in one line, with the name of the step.
fn message(found: &Diagnostic, sources: &Sources) -> String {
    let step = visible(sources.slice(found.span()));
    let message = match found.message.strip_prefix("the step ") {
        Some(rest) if !step.contains(['\n', '`', ' ']) => format!("the step `{step}` {rest}"),
        _ => found.message.clone(),
    };
    let mut labels = found.labels.iter().map(|label| label.text.as_str());
    let own = labels.next().filter(|text| !text.is_empty());
    let why = own.or_else(|| labels.find(|text| text.contains(" is in ")));
    let whole = why.map_or(message.clone(), |why| format!("{message}: {why}"));
    visible(&whole).into_owned()
}
