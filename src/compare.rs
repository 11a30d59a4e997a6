use std::collections::HashMap;

use concourse_pipeline::diff::{self, Change, Changes, Finding, Judged, WaitedFor};
use concourse_pipeline::model::Pipeline;
use concourse_pipeline::validate::Decoded;
use concourse_pipeline::view::PipelineView;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, visible};
use yaml_source::source::{FileId, Sources, Span};

use crate::gates;

/// A pipeline that was read.
pub(crate) struct ReadPipeline {
    /// In Concourse's types.
    pub(crate) pipeline: Pipeline,
    /// With the places of what it says.
    pub(crate) decoded: Decoded,
}

impl ReadPipeline {
    /// The file that it was read from.
    pub(crate) fn file(&self) -> FileId {
        self.decoded.node.span.file
    }
}

/// What changes when one pipeline takes the place of another, as far as types tell.
pub fn compare(old: &Pipeline, new: &Pipeline) -> Changes {
    let judged = |pipeline| Judged { unapproved: gates::newest(pipeline), ..Judged::default() };
    diff::compare(old, new, (&judged(old), &judged(new)))
}

/// What changes when one pipeline takes the place of another. What `validate` finds of the gates of the new one alone is
/// among it.
pub(crate) fn compare_read(old: &ReadPipeline, new: &ReadPipeline, sources: &Sources) -> Changes {
    if old.pipeline == new.pipeline {
        return compare(&old.pipeline, &new.pipeline);
    }
    let found = (WaysPast::of([old], |_| true, sources), WaysPast::of([new], |_| true, sources));
    compare_among((old, &found.0), (new, &found.1), &WaitedFor::of([&old.pipeline]), sources)
}

/// What changes when one pipeline takes the place of another, each among others. Among it are the ways past the gates of all
/// of them that only the new ones have. `waited_for` are the gates of all old ones.
pub(crate) fn compare_among(
    old: (&ReadPipeline, &WaysPast),
    new: (&ReadPipeline, &WaysPast),
    waited_for: &WaitedFor<'_>,
    sources: &Sources,
) -> Changes {
    let before = Judged { waited_for: Some(waited_for), ..judged(old, sources) };
    diff::compare(&old.0.pipeline, &new.0.pipeline, (&before, &judged(new, sources)))
}

/// What is to be said of the gates of a pipeline that comes to others. `waited_for` are the gates of all old ones.
pub(crate) fn added_among(new: &ReadPipeline, found: &WaysPast, waited_for: &WaitedFor<'_>) -> Changes {
    diff::added(&new.pipeline, found.of_pipeline(new), waited_for)
}

/// Returns what makes gates weaker when jobs behind a gate, which `old` loses, are in another pipeline. `other` is that
/// pipeline as it was, if it was there, and as it is now.
pub(crate) fn moved_to(
    (old, lost): (&ReadPipeline, &[&str]),
    (before, new): (Option<&ReadPipeline>, &ReadPipeline),
) -> Vec<Change> {
    let judged = |read: &ReadPipeline| Judged { unapproved: gates::newest(&read.pipeline), ..Judged::default() };
    let other = (before.map(|read| &read.pipeline), &new.pipeline);
    diff::moved((&old.pipeline, lost), other, (&judged(old), &judged(new)))
}

/// Ways past the gates of pipelines that are there together.
pub(crate) struct WaysPast {
    by_file: HashMap<FileId, Vec<Finding>>,
}

impl WaysPast {
    /// Those that the pipelines which are `meant` have a part in. Where the one with the mistake is not meant, another one
    /// that has a part in it has the finding.
    pub(crate) fn of<'r>(
        pipelines: impl IntoIterator<Item = &'r ReadPipeline>,
        meant: impl Fn(FileId) -> bool,
        sources: &Sources,
    ) -> Self {
        let pipelines: Vec<&Decoded> = pipelines.into_iter().map(|read| &read.decoded).collect();
        let mut found = Diagnostics::default();
        gates::judge_handwritten(pipelines.iter().copied(), sources, &mut found);
        let mut by_file: HashMap<FileId, Vec<Finding>> = HashMap::new();
        let mut views: HashMap<FileId, PipelineView<'_>> = HashMap::new();
        for diagnostic in found.into_sorted().into_iter().filter(|found| found.rule != Rule::UnwrittenGate) {
            let mut files = diagnostic.labels.iter().map(|label| label.span.file);
            let Some(file) = files.find(|file| meant(*file)) else { continue };
            let pipeline = pipelines.iter().find(|pipeline| pipeline.node.span.file == file);
            let Some(pipeline) = pipeline else { continue };
            let view = views.entry(file).or_insert_with(|| PipelineView::of(&pipeline.node));
            let finding = Finding {
                rule: diagnostic.rule,
                job: job(&diagnostic, file, view),
                message: message(&diagnostic, sources),
            };
            by_file.entry(file).or_default().push(finding);
        }
        Self { by_file }
    }

    fn of_pipeline(&self, read: &ReadPipeline) -> &[Finding] {
        self.by_file.get(&read.file()).map(Vec::as_slice).unwrap_or_default()
    }
}

/// The name that a pipeline has for what judges it.
fn name<'s>(read: &ReadPipeline, sources: &'s Sources) -> &'s str {
    sources.path(read.file()).file_stem().unwrap_or_default()
}

fn judged<'j>((read, found): (&'j ReadPipeline, &'j WaysPast), sources: &'j Sources) -> Judged<'j> {
    Judged {
        name: name(read, sources),
        unapproved: gates::newest(&read.pipeline),
        findings: found.of_pipeline(read),
        ..Judged::default()
    }
}

/// The job of a pipeline that something was found in. What an alias stands for is in another place, and then a note tells.
fn job(found: &Diagnostic, file: FileId, view: &PipelineView<'_>) -> Option<String> {
    let of_note = found.notes.iter().find_map(|note| note.strip_prefix("in the job `")?.strip_suffix('`'));
    let of_note = of_note.filter(|_| found.span().file == file);
    let is_within = |inner: Span, outer: Span| inner.start >= outer.start && inner.end <= outer.end;
    let of_place = || {
        let span = found.labels.iter().map(|label| label.span).find(|span| span.file == file)?;
        let mut jobs = view.jobs.iter();
        jobs.find(|job| is_within(span, job.node.span)).map(|job| job.name)
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
