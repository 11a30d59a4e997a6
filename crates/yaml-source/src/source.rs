//! The texts that a run reads, and places in them.

use camino::{Utf8Path, Utf8PathBuf};

use crate::{Failure, files};

/// One of the [`Sources`] of a run. Files are numbered in the order in which they are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// A range of bytes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// The byte behind the last.
    pub end: u32,
}

impl Span {
    /// The place of something that no message points at.
    pub const NOWHERE: Self = Self { file: FileId(u32::MAX), start: 0, end: 0 };
}

impl Span {
    /// The range as an index into the file's text.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A file: what a person calls it, and its text.
#[derive(Debug)]
pub struct SourceFile {
    /// As it is shown to people: relative to the working folder where that is possible.
    pub path: Utf8PathBuf,
    /// The text, without a byte order mark.
    pub text: String,
    /// Where it ceases to be UTF-8, if it does: from there on the text is not what the file says.
    pub not_utf8_from: Option<usize>,
}

/// What a file says, as far as that is a text.
#[derive(Clone, Debug)]
pub struct SourceText {
    text: String,
    not_utf8_from: Option<usize>,
}

impl SourceText {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl From<Vec<u8>> for SourceText {
    fn from(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::from(text),
            Err(error) => {
                let whole = Self::from(String::from_utf8_lossy(error.as_bytes()).into_owned());
                let mark =
                    if error.as_bytes().starts_with(BYTE_ORDER_MARK.as_bytes()) { BYTE_ORDER_MARK.len() } else { 0 };
                Self { not_utf8_from: Some(error.utf8_error().valid_up_to() - mark), ..whole }
            }
        }
    }
}

impl From<String> for SourceText {
    fn from(mut text: String) -> Self {
        if text.starts_with(BYTE_ORDER_MARK) {
            text.drain(..BYTE_ORDER_MARK.len());
        }
        Self { text, not_utf8_from: None }
    }
}

impl From<&str> for SourceText {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

/// How the paths of what is built in begin.
const BUILT_IN: &str = "built in: ";

/// Invisible, it would move each column of the first line.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A text that stands for a file: what an editor holds and has not saved.
#[derive(Clone, Debug)]
pub struct Unsaved {
    /// The file, which need not be there.
    pub path: Utf8PathBuf,
    /// Its text.
    pub text: SourceText,
}

/// All files of a run.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
    unsaved: Option<(Utf8PathBuf, SourceText)>,
}

impl Sources {
    /// No files yet, and one of which not the saved text counts.
    pub fn with_unsaved(unsaved: Option<Unsaved>) -> Self {
        Self { files: Vec::new(), unsaved: unsaved.map(|unsaved| (files::real(&unsaved.path), unsaved.text)) }
    }

    /// Reads a file, which is not added yet.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn read(&self, path: &Utf8Path) -> Result<SourceText, Failure> {
        match &self.unsaved {
            Some((unsaved, text)) if files::real(path) == *unsaved => Ok(text.clone()),
            _ => files::read(path),
        }
    }

    /// Adds a file.
    ///
    /// # Panics
    ///
    /// With more than 2³² files.
    pub fn add(&mut self, path: impl Into<Utf8PathBuf>, text: impl Into<SourceText>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).expect("internal error: more files than can be numbered"));
        let SourceText { text, not_utf8_from } = text.into();
        self.files.push(SourceFile { path: path.into(), text, not_utf8_from });
        id
    }

    /// The file of that number.
    pub fn get(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// Those that somebody wrote: all but what is built in.
    pub fn written(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        let numbered = (0..).map(FileId).zip(&self.files);
        numbered.filter(|(_, file)| !file.path.as_str().starts_with(BUILT_IN))
    }

    /// The path of a file.
    pub fn path(&self, id: FileId) -> &Utf8Path {
        &self.get(id).path
    }

    /// What stands at a place.
    pub fn slice(&self, span: Span) -> &str {
        self.get(span.file).text.get(span.range()).unwrap_or_default()
    }

    /// Line and column, both from 1, of the first character of a place; a column is a character.
    pub fn line_column(&self, span: Span) -> (usize, usize) {
        let text = &self.get(span.file).text;
        let before = text.get(..span.start as usize).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// Where the lines of a text begin: for who asks for many places of one file.
#[derive(Debug)]
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    /// How many characters there are before each block, and in all: a line may be as long as the file.
    blocks: Vec<usize>,
}

/// In bytes.
const BLOCK: usize = 4096;

/// How many begin in a piece of UTF-8.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0b1100_0000 != 0b1000_0000).count()
}

impl<'t> Lines<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut blocks = vec![0];
        blocks.extend(text.as_bytes().chunks(BLOCK).scan(0, |before, block| {
            *before += characters(block);
            Some(*before)
        }));
        Self { text, starts, blocks }
    }

    /// Line and column, both from 1, of a byte; a column is a character, that is a Unicode code point.
    pub(crate) fn position(&self, byte: usize) -> (usize, usize) {
        let byte = byte.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= byte);
        (line, self.characters_before(byte) - self.characters_before(self.starts[line - 1]) + 1)
    }

    fn characters_before(&self, byte: usize) -> usize {
        let block = byte / BLOCK;
        self.blocks[block] + characters(&self.text.as_bytes()[block * BLOCK..byte])
    }

    /// The first byte of a line, which counts from 1.
    pub(crate) fn start(&self, line: usize) -> usize {
        self.starts.get(line - 1).copied().unwrap_or(self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn column_counts_characters() {
        let mut sources = Sources::default();
        let file = sources.add("a.yml", "a: ä\nüb: x\n");
        let span = |start, end| Span { file, start, end };
        assert_eq!(sources.line_column(span(0, 1)), (1, 1));
        assert_eq!(sources.line_column(span(6, 8)), (2, 1));
        assert_eq!(sources.line_column(span(11, 12)), (2, 5));
        assert_eq!(sources.slice(span(6, 9)), "üb");
    }

    #[test]
    fn lines_tell_what_sources_tell() {
        // Blocks end within characters, at the ends of lines, and at the end of the text.
        for text in ["", "a", &"ä".repeat(3 * BLOCK / 2), &"abcü\n".repeat(BLOCK), &"abc\n".repeat(BLOCK / 2)] {
            let mut sources = Sources::default();
            let file = sources.add("a.yml", text);
            let lines = Lines::of(text);
            for (at, _) in text.char_indices().step_by(97).chain([(text.len(), ' ')]) {
                let start = u32::try_from(at).unwrap();
                assert_eq!(lines.position(at), sources.line_column(Span { file, start, end: start }), "{at}");
            }
        }
    }

    #[test]
    fn byte_order_mark_takes_no_column() {
        let mut sources = Sources::default();
        let file = sources.add("a.yml", "\u{feff}a: b\n");
        assert_eq!(sources.line_column(Span { file, start: 3, end: 4 }), (1, 4));
    }

    #[test]
    fn bytes_that_are_no_text_are_placed() {
        let mut sources = Sources::default();
        for bytes in [&b"a: \xff\n"[..], b"\xef\xbb\xbfa: \xff\n"] {
            let file = sources.add("a.yml", bytes.to_vec());
            assert_eq!(sources.get(file).not_utf8_from, Some(3));
            assert_eq!(sources.get(file).text, "a: \u{fffd}\n");
        }
    }
}
