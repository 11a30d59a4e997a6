//! Patterns of Go.

use concourse_pipeline::validate::go_regex;

use super::{FormatError, wrong};

pub(crate) fn pattern(text: &str) -> Result<(), FormatError> {
    let Err(reason) = go_regex::groups(text) else { return Ok(()) };
    wrong(
        format!("`{text}` is not a pattern that Go reads: {reason}"),
        "write a regular expression of Go, which https://pkg.go.dev/regexp/syntax describes",
    )
}

/// A pattern in which a group names the version.
pub(crate) fn pattern_of_names(text: &str) -> Result<(), FormatError> {
    match go_regex::groups(text) {
        Ok(0) => wrong(
            format!("`{text}` has no group that names the version"),
            "put parentheses around the part that is the version, such as app/release-(.*).tgz",
        ),
        _ => pattern(text),
    }
}
