//! Reading files and folders, with errors that name them.

use camino::{Utf8Path, Utf8PathBuf};

use crate::Failure;
use crate::source::SourceText;

/// Reads what is meant to be a text. What is no UTF-8 in it is for the reader of the text to report.
///
/// # Errors
///
/// When it cannot be read.
pub(crate) fn read(path: &Utf8Path) -> Result<SourceText, Failure> {
    std::fs::read(path).map(SourceText::from).map_err(|error| Failure::io("read", path, error))
}

/// The entries of a folder, in no particular order. Names that are no UTF-8 are passed over: nothing of ours has one.
///
/// # Errors
///
/// When it cannot be read.
pub(crate) fn list(folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>, Failure> {
    let failure = |error| Failure::io("read", folder, error);
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failure)? {
        if let Ok(path) = Utf8PathBuf::from_path_buf(entry.map_err(failure)?.path()) {
            entries.push(path);
        }
    }
    Ok(entries)
}
