//! A pipeline of Concourse's, from wherever it is.

use std::io::Read;

use camino::{Utf8Path, Utf8PathBuf};
use concourse_pipeline::model::ConcourseVersion;
use concourse_pipeline::validate::{self, Decoded};
use yaml_source::diagnostic::Diagnostics;
use yaml_source::source::{SourceText, Sources};
use yaml_source::{Failure, files};

use crate::compare::ReadPipeline;
use crate::content::Content;
use crate::git::Commit;
use crate::manifest::ForeignFile;

/// Where a pipeline is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PipelineArgument {
    /// Standard input.
    Stdin,
    /// A file.
    File(Utf8PathBuf),
    /// A file of a revision.
    Revision(String, Utf8PathBuf),
}

impl PipelineArgument {
    /// What an argument means: `-`, a file, or `REVISION:PATH` where no file is called so.
    pub(super) fn parse(argument: &str) -> Self {
        let path = Utf8Path::new(argument);
        match argument.split_once(':') {
            _ if argument == "-" => Self::Stdin,
            Some((revision, file)) if !revision.is_empty() && !file.is_empty() && !path.exists() => {
                Self::Revision(revision.to_owned(), file.into())
            }
            _ => Self::File(path.to_owned()),
        }
    }

    /// Its text.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(super) fn text(&self) -> Result<SourceText, Failure> {
        match self {
            Self::Stdin => {
                let mut text = Vec::new();
                let read = std::io::stdin().lock().read_to_end(&mut text);
                read.map_err(|error| Failure::io("read", Utf8Path::new("standard input"), error))?;
                Ok(text.into())
            }
            Self::File(path) => files::read(path),
            Self::Revision(revision, path) => {
                let text = Commit::of(revision)?.file(path)?;
                text.map(Into::into)
                    .ok_or_else(|| Failure::Usage(format!("the revision `{revision}` has no file {path}")))
            }
        }
    }

    /// Its text, as that of a pipeline.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is a manifest or another file of this program.
    pub(super) fn pipeline_text(&self) -> Result<SourceText, Failure> {
        let text = self.text()?;
        let path = match self {
            Self::Stdin => Utf8Path::new(""),
            Self::File(path) | Self::Revision(_, path) => path,
        };
        if let Some(foreign) = ForeignFile::of_text(text.as_str()) {
            return Err(Failure::Usage(format!("{} is {}: name a pipeline", self.name(), foreign.noun)));
        }
        let content = Content::recognized(path, text.as_str());
        let Some(content) = content.filter(|content| *content != Content::Pipeline) else { return Ok(text) };
        let example = match (content, path.file_name()) {
            (Content::Manifest, Some(file)) => format!(", such as rendered/{file}"),
            _ => String::new(),
        };
        let (name, noun) = (self.name(), content.noun());
        Err(Failure::Usage(format!("{name} is {noun}: name a rendered pipeline{example}")))
    }

    /// What to call it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Stdin => "standard input".to_owned(),
            Self::File(path) => path.to_string(),
            Self::Revision(revision, path) => format!("{revision}:{path}"),
        }
    }
}

/// Reads a pipeline, as the newest Concourse reads it. What is wrong with it is among the diagnostics; what there is to
/// warn of is for `validate` to say.
pub(super) fn parse(
    name: &str,
    text: impl Into<SourceText>,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Option<ReadPipeline> {
    let file = sources.add(name, text);
    let (node, pipeline) = validate::pipeline(sources, file, |_, _| {}, diagnostics)?;
    Some(ReadPipeline { pipeline, decoded: Decoded { node, version: ConcourseVersion::default() } })
}
