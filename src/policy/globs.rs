//! Names of a fleet's file that are globs.

use glob::{MatchOptions, Pattern};
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::yaml::Node;

/// A list of globs. Names are compared with it in whatever case.
#[derive(Debug)]
pub(crate) struct Globs {
    patterns: Vec<Pattern>,
    /// Nothing stands in the list. One whose globs are all wrong is not empty.
    is_empty: bool,
}

impl Globs {
    /// The globs in a field of an entry. One that is none is reported.
    pub(crate) fn of(globs: &[String], entry: &Node, field: &str, diagnostics: &mut Diagnostics) -> Self {
        let mut patterns = Vec::new();
        for (index, glob) in globs.iter().enumerate() {
            match Pattern::new(glob) {
                Ok(pattern) => patterns.push(pattern),
                Err(error) => {
                    let span = entry.at(&format!("/{field}/{index}")).unwrap_or(entry).span;
                    let message = format!("`{glob}` is not a pattern: {}", error.msg);
                    diagnostics.push(
                        Diagnostic::new(Rule::WrongType, span, message)
                            .help("write a name, or a glob such as `shop-*`"),
                    );
                }
            }
        }
        Self { patterns, is_empty: globs.is_empty() }
    }

    /// Whether one of them fits a name.
    pub(crate) fn fit(&self, name: &str) -> bool {
        let anyhow = MatchOptions { case_sensitive: false, ..MatchOptions::new() };
        self.patterns.iter().any(|glob| glob.matches_with(name, anyhow))
    }

    /// Whether there are none, which lets all names through.
    pub(crate) const fn are_all(&self) -> bool {
        self.is_empty
    }

    /// Whether one of them fits a name, or there are none.
    pub(crate) fn allow(&self, name: &str) -> bool {
        self.is_empty || self.fit(name)
    }
}
