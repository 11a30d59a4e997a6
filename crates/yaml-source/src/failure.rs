use std::io;

use camino::{Utf8Path, Utf8PathBuf};

/// Why a run could not be done at all: nothing is wrong with the input that a diagnostic could point at.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file or folder could not be read or written.
    #[error("cannot {action} {path}: {}", reason(error))]
    Io {
        /// `read`, `write`, …
        action: &'static str,
        /// The file or folder.
        path: Utf8PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file that was named is not there.
    #[error("cannot read {path}: no such file; {help}")]
    NoFile {
        /// The file.
        path: Utf8PathBuf,
        /// What to name instead.
        help: String,
    },
    /// What was asked for on the command line cannot be.
    #[error("{0}")]
    Usage(String),
    /// A signal, of that number, said to end.
    #[error("interrupted")]
    Interrupted(usize),
    /// A bug of this program.
    #[error("internal error: {0}; please report it, with the manifest that brings it out")]
    Internal(String),
}

/// The reason in plain words, without the number of the system's error.
fn reason(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        return "no such file or folder".to_owned();
    }
    let text = error.to_string();
    text.split_once(" (os error ").map_or(text.as_str(), |(text, _)| text).to_lowercase()
}

impl Failure {
    /// A file or folder that could not be read or written.
    pub fn io(action: &'static str, path: &Utf8Path, error: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), error }
    }
}
