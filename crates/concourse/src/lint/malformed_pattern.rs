use crate::validate::go_regex;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use super::view::{PipelineView, field};

/// A pattern that Go does not compile: the check of its resource fails. The patterns of `git` are those of `grep`.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for resource in &view.resources {
        let key = match resource.text("type") {
            Some("registry-image") => "tag_regex",
            Some("s3") => "regexp",
            Some("github-release") => "tag_filter",
            _ => continue,
        };
        let Some(pattern) = resource.source().and_then(|source| field(source, key)) else { continue };
        let Some(text) = pattern.as_str().filter(|text| !text.contains("((")) else { continue };
        if let Err(reason) = go_regex::groups(text) {
            diagnostics.push(
                Diagnostic::new(
                    Rule::MalformedPattern,
                    pattern.span,
                    format!("`{text}` is not a pattern that Go reads: {reason}"),
                )
                .help("write a regular expression of Go, which https://pkg.go.dev/regexp/syntax describes"),
            );
        }
    }
}
