//! Texts that GitHub, git, a registry or Go reads, and what is wrong with a text that they cannot read.

pub(crate) mod git;
pub(crate) mod github;
pub(crate) mod pattern;
pub(crate) mod registry;

use yaml_source::files;

/// What is wrong with a text, and what to write instead.
pub(crate) struct FormatError {
    pub(crate) message: String,
    pub(crate) help: String,
}

/// Fails with what is wrong with the text.
pub(crate) type Check = fn(&str) -> Result<(), FormatError>;

fn wrong(message: String, help: impl Into<String>) -> Result<(), FormatError> {
    Err(FormatError { message, help: help.into() })
}

/// A file of an artifact of the build. Without a text there is no file.
pub(crate) fn file_of_build(text: &str) -> Result<(), FormatError> {
    if files::is_inside(text) {
        return Ok(());
    }
    wrong(
        format!("`{text}` is outside of what the build has"),
        "write the file below its artifact, such as {{ code }}/docs/checklist.md",
    )
}
