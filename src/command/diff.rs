use camino::Utf8Path;
use serde::Serialize;

use crate::Failure;
use crate::cli::{DiffArgs, DiffFormat};
use crate::concourse::Pipeline;
use crate::content::Content;
use crate::diagnostic::{Diagnostics, visible};
use crate::diff::{Changes, compare};
use crate::git::Commit;
use crate::source::{SourceText, Sources};

use super::pipeline::{Place, parse};
use super::{Outcome, Output};

/// What there is on both sides, and what changes.
#[derive(Serialize)]
struct Compared {
    /// The name of the old one; none when the pipeline is new.
    old: Option<String>,
    /// The name of the new one; none when the pipeline is gone.
    new: Option<String>,
    #[serde(flatten)]
    changes: Changes,
}

impl Compared {
    fn differs(&self) -> bool {
        self.old.is_none() || self.new.is_none() || !self.changes.is_empty()
    }
}

/// What `--format json` prints.
#[derive(Serialize)]
struct Report<'a> {
    version: u8,
    pipelines: &'a [Compared],
}

/// Tells what changes from one pipeline, or revision, to another.
pub(super) fn run(args: &DiffArgs, output: &mut Output) -> Result<Outcome, Failure> {
    let mut reading = Reading { sources: Sources::default(), diagnostics: Diagnostics::default() };
    let compared = match (Range::parse(&args.old), &args.new) {
        (Some(range), path) => {
            let path = path.as_deref().unwrap_or(".");
            range.compare(Utf8Path::new(path), &mut reading)?
        }
        (None, Some(new)) => {
            let (old, new) = (Place::parse(&args.old), Place::parse(new));
            if old == Place::Stdin && new == Place::Stdin {
                return Err(Failure::Usage("standard input is one pipeline: name the other one".to_owned()));
            }
            let (before, after) = (reading.place(&old)?, reading.place(&new)?);
            let changes = before.zip(after).map(|(before, after)| compare(&before, &after));
            changes
                .map(|changes| Compared { old: Some(old.name()), new: Some(new.name()), changes })
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
    let Reading { sources, diagnostics } = reading;
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
    }
    Ok(if compared.iter().any(Compared::differs) { Outcome::Problems } else { Outcome::Fine })
}

fn in_words(compared: &[Compared], named: bool, colour: bool) -> String {
    let mut parts = Vec::new();
    for Compared { old, new, changes } in compared {
        let words = match (old, new) {
            (None, Some(_)) => "a new pipeline\n".to_owned(),
            (Some(_), None) => "the pipeline is gone\n".to_owned(),
            _ => changes.to_words(colour),
        };
        if words.is_empty() {
            continue;
        }
        let name = new.as_ref().or(old.as_ref()).map_or("", String::as_str);
        parts.push(if named { format!("{}:\n{words}", visible(name)) } else { words });
    }
    if compared.iter().any(Compared::differs) {
        parts.join("\n")
    } else {
        parts.push("nothing changes\n".to_owned());
        parts.join("\n")
    }
}

struct Reading {
    sources: Sources,
    diagnostics: Diagnostics,
}

impl Reading {
    fn place(&mut self, place: &Place) -> Result<Option<Pipeline>, Failure> {
        Ok(self.text(&place.name(), place.text()?))
    }

    fn text(&mut self, name: &str, text: impl Into<SourceText>) -> Option<Pipeline> {
        parse(name, text, &mut self.sources, &mut self.diagnostics)
    }
}

/// Two revisions, as git writes them: `OLD..NEW`, or `OLD...NEW` since their ways parted.
struct Range<'a> {
    old: &'a str,
    new: &'a str,
    since_parted: bool,
}

impl<'a> Range<'a> {
    /// None when the argument is a file, or no range.
    fn parse(argument: &'a str) -> Option<Self> {
        if Utf8Path::new(argument).exists() || argument.contains(':') {
            return None;
        }
        let (old, new) = argument.split_once("..")?;
        // `../a.yml` is a file that is not there.
        if old.ends_with('/') || new.starts_with('/') {
            return None;
        }
        let (new, since_parted) = new.strip_prefix('.').map_or((new, false), |new| (new, true));
        let or_head = |revision: &'a str| if revision.is_empty() { "HEAD" } else { revision };
        Some(Self { old: or_head(old), new: or_head(new), since_parted })
    }

    /// The pipelines below a path that differ.
    fn compare(&self, below: &Utf8Path, reading: &mut Reading) -> Result<Vec<Compared>, Failure> {
        let new = Commit::of(self.new)?;
        let mut old = Commit::of(self.old)?;
        if self.since_parted {
            old = Commit::before_both(&old, &new)?;
        }
        let mut compared = Vec::new();
        for path in old.changed(&new, below)? {
            // Workflows of GitHub have jobs, too.
            if !matches!(path.extension(), Some("yml" | "yaml" | "json")) || path.starts_with(".github") {
                continue;
            }
            let side = |commit: &Commit, revision: &str| {
                let text = commit.file(&path)?.map(SourceText::from);
                let text = text.filter(|text| Content::of(&path, text.as_str()) == Content::Pipeline);
                Ok::<_, Failure>(text.map(|text| (format!("{revision}:{path}"), text)))
            };
            let (before, after) = (side(&old, self.old)?, side(&new, self.new)?);
            let name = |side: &Option<(String, SourceText)>| side.as_ref().map(|_| path.to_string());
            let (old, new) = (name(&before), name(&after));
            let changes = match (before, after) {
                (None, None) => None,
                (Some((old_name, before)), Some((new_name, after))) => {
                    let (before, after) = (reading.text(&old_name, before), reading.text(&new_name, after));
                    before.zip(after).map(|(before, after)| compare(&before, &after))
                }
                _ => Some(Changes::default()),
            };
            compared.extend(changes.map(|changes| Compared { old, new, changes }));
        }
        Ok(compared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_told_from_files() {
        let range = |text| Range::parse(text).map(|range| (range.old, range.new, range.since_parted));
        assert_eq!(range("main..topic"), Some(("main", "topic", false)));
        assert_eq!(range("v1.0...HEAD"), Some(("v1.0", "HEAD", true)));
        assert_eq!(range("main.."), Some(("main", "HEAD", false)));
        assert_eq!(range("../a.yml"), None);
        assert_eq!(range("HEAD:a/../b.yml"), None);
        assert_eq!(range("a.yml"), None);
    }
}
