use camino::Utf8Path;
use concourse_pipeline::diff::{Compared, in_markdown, in_words};
use serde::Serialize;
use yaml_source::Failure;
use yaml_source::diagnostic::Diagnostics;
use yaml_source::source::{SourceText, Sources};

use crate::cli::{DiffArgs, DiffFormat, FailOn};
use crate::compare::{ReadPipeline, compare_read};
use crate::git::Commit;

use super::pipeline::{PipelineArgument, parse};
use super::revisions::Range;
use super::{Outcome, Output};

/// What `--format json` prints.
#[derive(Serialize)]
struct Report<'a> {
    version: u8,
    pipelines: &'a [Compared],
}

/// Tells what changes from one pipeline, or revision, to another.
pub(super) fn run(args: &DiffArgs, output: &mut Output) -> Result<Outcome, Failure> {
    let mut reading = PipelineReader { sources: Sources::default(), diagnostics: Diagnostics::default() };
    let compared = match (Range::parse(&args.old), &args.new) {
        (Some(range), path) => {
            let path = path.as_deref().unwrap_or(".");
            range.compare(Utf8Path::new(path), &mut reading)?
        }
        (None, Some(new)) => {
            let is_revision = |argument: &str| !Utf8Path::new(argument).exists() && Commit::of(argument).is_ok();
            if is_revision(&args.old) && is_revision(new) {
                let (old, range) = (&args.old, format!("{}..{new}", args.old));
                return Err(Failure::Usage(format!("`{old}` and `{new}` are revisions: write `{range}`")));
            }
            let (old, new) = (PipelineArgument::parse(&args.old), PipelineArgument::parse(new));
            if old == PipelineArgument::Stdin && new == PipelineArgument::Stdin {
                return Err(Failure::Usage("standard input is one pipeline: name the other one".to_owned()));
            }
            let (before, after) = (reading.place(&old)?, reading.place(&new)?);
            let changes = before.zip(after).map(|(before, after)| compare_read(&before, &after, &reading.sources));
            changes
                .map(|changes| Compared { old: Some(old.name()), new: Some(new.name()), changes, is_moved: false })
                .into_iter()
                .collect()
        }
        (None, None) => {
            return Err(Failure::Usage(format!(
                "`{}` is compared with nothing: name two pipelines, or two revisions as OLD..NEW",
                args.old
            )));
        }
    };
    let PipelineReader { sources, diagnostics } = reading;
    if output.diagnostics(&diagnostics.into_sorted(), &sources, "what cannot be read is not compared") {
        return Ok(Outcome::CouldNotRun);
    }
    match args.format {
        DiffFormat::Json => {
            let report = Report { version: 1, pipelines: &compared };
            let text = serde_json::to_string_pretty(&report).map_err(|error| Failure::Internal(error.to_string()))?;
            output.print(&format!("{text}\n"))?;
        }
        DiffFormat::Text => {
            let text = in_words(&compared, Range::parse(&args.old).is_some(), output.colour_out);
            output.print(&text)?;
        }
        DiffFormat::Markdown => output.print(&in_markdown(&compared))?,
    }
    let fails = |compared: &Compared| match args.fail_on {
        FailOn::Any => compared.differs(),
        FailOn::Weaker => compared.changes.is_of_gates(),
    };
    Ok(if compared.iter().any(fails) { Outcome::Problems } else { Outcome::Fine })
}

/// The pipelines that are read, with what is wrong with them.
pub(super) struct PipelineReader {
    pub(super) sources: Sources,
    diagnostics: Diagnostics,
}

impl PipelineReader {
    fn place(&mut self, place: &PipelineArgument) -> Result<Option<ReadPipeline>, Failure> {
        Ok(self.text(&place.name(), place.pipeline_text()?))
    }

    pub(super) fn text(&mut self, name: &str, text: impl Into<SourceText>) -> Option<ReadPipeline> {
        parse(name, text, &mut self.sources, &mut self.diagnostics)
    }
}
