//! The texts that a run reads, and places in them.

use camino::{Utf8Path, Utf8PathBuf};

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
#[derive(Debug)]
pub struct SourceText {
    text: String,
    not_utf8_from: Option<usize>,
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

/// Invisible, it would move each column of the first line.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// All files of a run.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
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
