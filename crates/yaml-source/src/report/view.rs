//! What reports share: places in numbers, and texts without secrets.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Rule};
use crate::secrets::{Hidden, hidden, without_secrets};
use crate::source::{FileId, Lines, Sources, Span};

/// The texts of the files that diagnostics speak of, with each secret made unreadable: what was found in clear, what is
/// one by its look, and what stands under the key of one. A report ends up in logs.
pub(super) struct Texts {
    files: BTreeMap<FileId, String>,
    secrets: Vec<String>,
}

impl Texts {
    pub(super) fn of(diagnostics: &[Diagnostic], sources: &Sources) -> Self {
        let mut found: BTreeMap<FileId, Hidden> = BTreeMap::new();
        let is_wrong = |diagnostic: &&Diagnostic| diagnostic.rule == Rule::WrongType;
        let wrong: BTreeSet<Span> = diagnostics.iter().filter(is_wrong).map(Diagnostic::span).collect();
        for label in diagnostics.iter().flat_map(|diagnostic| &diagnostic.labels) {
            let file = label.span.file;
            found.entry(file).or_insert_with(|| hidden(file, &sources.get(file).text, &wrong));
        }
        for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.rule == Rule::PlaintextSecret) {
            let span = diagnostic.span();
            if let Some(hidden) = found.get_mut(&span.file) {
                hidden.texts.push(sources.slice(span).trim_matches(['"', '\'', '\n', ' ']).to_owned());
                hidden.ranges.push(span.range());
            }
        }
        let files = found.iter().map(|(file, hidden)| (*file, hidden.masked(&sources.get(*file).text))).collect();
        // Of what is shorter, it would be the words of the message that are hidden.
        let is_long = |secret: &String| secret.chars().count() >= 6;
        let secrets: BTreeSet<String> = found.into_values().flat_map(|hidden| hidden.texts).filter(is_long).collect();
        let mut secrets: Vec<String> = secrets.into_iter().collect();
        // What is hidden is hidden whole, though another secret is a part of it.
        secrets.sort_by_key(|secret| Reverse(secret.len()));
        Self { files, secrets }
    }

    pub(super) fn file(&self, file: FileId) -> &str {
        self.files.get(&file).map_or("", String::as_str)
    }

    /// Returns a text of a report without secrets that it may quote.
    pub(super) fn without_secrets(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        for secret in &self.secrets {
            if shown.contains(secret) {
                shown = shown.replace(secret, "***");
            }
        }
        without_secrets(&shown).into_owned()
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
