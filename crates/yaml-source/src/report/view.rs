//! What reports share: places in numbers, and texts without secrets.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Rule};
use crate::source::{FileId, Lines, Sources, Span};

/// The texts of the files that diagnostics speak of, with each secret that was found in clear made unreadable: a
/// report ends up in logs.
pub(super) struct Texts<'s> {
    files: BTreeMap<FileId, Cow<'s, str>>,
    secrets: Vec<&'s str>,
}

impl<'s> Texts<'s> {
    pub(super) fn of(diagnostics: &[Diagnostic], sources: &'s Sources) -> Self {
        let mut files: BTreeMap<FileId, Cow<'s, str>> = BTreeMap::new();
        for label in diagnostics.iter().flat_map(|diagnostic| &diagnostic.labels) {
            let file = label.span.file;
            files.entry(file).or_insert_with(|| Cow::Borrowed(sources.get(file).text.as_str()));
        }
        let mut secrets = Vec::new();
        for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.rule == Rule::PlaintextSecret) {
            let span = diagnostic.span();
            let secret = sources.slice(span);
            let Some(text) = files.get_mut(&span.file) else { continue };
            if secret.is_empty() {
                continue;
            }
            secrets.push(secret.trim_matches(['"', '\'', '\n', ' ']));
            // As many bytes as before, so that all other places stay where they are; lines stay lines.
            let hidden: String = secret.bytes().map(|byte| if byte == b'\n' { '\n' } else { '*' }).collect();
            text.to_mut().replace_range(span.range(), &hidden);
        }
        // What is hidden is hidden whole, though another secret is a part of it.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        // Of what is shorter, it would be the words of the message that are hidden.
        secrets.retain(|secret| secret.chars().count() >= 6);
        Self { files, secrets }
    }

    pub(super) fn file(&self, file: FileId) -> &str {
        self.files.get(&file).map_or("", |text| text.as_ref())
    }

    /// What is said, should it quote a secret.
    pub(super) fn without_secrets<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut shown = Cow::Borrowed(text);
        for secret in &self.secrets {
            if shown.contains(secret) {
                shown = Cow::Owned(shown.replace(secret, "***"));
            }
        }
        shown
    }
}

/// A range of a file in lines and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) start: (usize, usize),
    pub(super) end: (usize, usize),
}

/// Where things are, for a report that asks for many places.
pub(super) struct Places<'s> {
    sources: &'s Sources,
    lines: BTreeMap<FileId, Lines<'s>>,
}

impl<'s> Places<'s> {
    pub(super) fn of(sources: &'s Sources) -> Self {
        Self { sources, lines: BTreeMap::new() }
    }

    /// The range of a place; the white space at its end, which belongs to a block of YAML, is left out.
    pub(super) fn region(&mut self, span: Span) -> Region {
        let sources = self.sources;
        let lines = self.lines.entry(span.file).or_insert_with(|| Lines::of(&sources.get(span.file).text));
        let start = span.start as usize;
        let end = start + sources.slice(span).trim_end().len();
        Region { start: lines.position(start), end: lines.position(end) }
    }
}

/// A document of JSON.
pub(super) fn document(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("internal error: what is written as JSON is none") + "\n"
}
