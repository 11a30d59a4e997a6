use std::fmt::Write;
use std::time::SystemTime;

use camino::Utf8Path;
use yaml_source::files;
use yaml_source::parallel::in_parallel;

use super::looked::Looked;
use super::signature::Signature;

/// A run that had nothing to say, as it is remembered: texts that each end in NUL, which no path holds.
pub(super) struct QuietRun<'t> {
    pipelines: usize,
    /// In turn a path, and how it was found.
    looked: Vec<&'t str>,
}

/// The first text: what is written otherwise is not understood.
const FORMAT: &str = "ol-pipegen: unchanged 1";

/// Behind the last, for a record that is cut off.
const END: &str = "end";

/// A path that led nowhere. What led somewhere is told by a signature, which begins with a digit, or by where that really
/// is, which begins with a slash.
const NOTHING: &str = "-";

impl<'t> QuietRun<'t> {
    /// What a run looked at, unless some of it is so new that a change would not be seen.
    pub(super) fn text(asked: &str, pipelines: usize, looked: &Looked, begun: SystemTime) -> Option<String> {
        let mut text = format!("{FORMAT}\0{asked}\0{pipelines}\0");
        for place in &looked.places {
            // Writing to a string does not fail.
            let _ = write!(text, "{place}\0{}\0", files::real(place));
        }
        for path in &looked.paths {
            let signature = Signature::of(path);
            if signature.is_some_and(|signature| !signature.is_older(begun)) {
                return None;
            }
            let _ = match signature {
                Some(signature) => write!(text, "{path}\0{signature}\0"),
                None => write!(text, "{path}\0{NOTHING}\0"),
            };
        }
        text.push_str(END);
        Some(text)
    }

    /// Reads what was remembered, if it is that.
    pub(super) fn parse(text: &'t str, asked: &str) -> Option<Self> {
        let text = text.strip_prefix(FORMAT)?.strip_prefix('\0')?;
        let text = text.strip_prefix(asked)?.strip_prefix('\0')?;
        let (pipelines, looked) = text.split_once('\0')?;
        let looked: Vec<&str> = looked.strip_suffix(END)?.split_terminator('\0').collect();
        let is_whole = looked.len().is_multiple_of(2) && !looked.is_empty();
        Some(Self { pipelines: pipelines.parse().ok()?, looked }).filter(|_| is_whole)
    }

    /// How many pipelines are up to date, if all is as it was found.
    pub(super) fn pipelines_if_unchanged(&self) -> Option<usize> {
        let parts: Vec<&[&str]> = self.looked.chunks(512).collect();
        let unchanged = in_parallel(&parts, 1, |part| {
            part.chunks_exact(2).all(|pair| is_unchanged(Utf8Path::new(pair[0]), pair[1]))
        });
        unchanged.into_iter().all(|unchanged| unchanged).then_some(self.pipelines)
    }
}

fn is_unchanged(path: &Utf8Path, found: &str) -> bool {
    if found.starts_with('/') {
        return files::real(path) == found;
    }
    Signature::of(path).map_or_else(|| found == NOTHING, |signature| signature.to_string() == found)
}
