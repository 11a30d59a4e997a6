//! What stands under the key of a secret in a file of YAML, whether it can be read or not.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostic::Diagnostics;
use crate::source::{FileId, Span};
use crate::yaml::{Limits, Map, Node, NodeKind, read_text};

use super::{has_reference, names_secret, secret_parts};

/// What nobody may read of a file.
#[derive(Debug, Default)]
pub(crate) struct Hidden {
    /// Where it is, in no order. Ranges may overlap.
    pub(crate) ranges: Vec<Range<usize>>,
    /// Its texts, quotes and escapes undone.
    pub(crate) texts: Vec<String>,
}

impl Hidden {
    /// Returns a text of as many bytes and lines in which it is hidden.
    pub(crate) fn masked(&self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        for range in &self.ranges {
            for byte in bytes.get_mut(range.clone()).into_iter().flatten().filter(|byte| **byte != b'\n') {
                *byte = b'*';
            }
        }
        // A range begins and ends between characters.
        String::from_utf8(bytes).unwrap_or_default()
    }
}

/// Returns what nobody may read of a file: what is a secret by its look, and what stands under the key of a secret. A map
/// under such a key hides its values only where it was found to be wrong: elsewhere the key is a name that somebody gave.
pub(crate) fn hidden(file: FileId, text: &str, wrong: &BTreeSet<Span>) -> Hidden {
    let mut hidden = Hidden::default();
    for part in secret_parts(text) {
        hidden.texts.push(text[part.range.clone()].to_owned());
        hidden.ranges.push(part.range);
    }
    let mut diagnostics = Diagnostics::default();
    let node = read_text(text, file, Limits::PIPELINE, &mut diagnostics);
    if let Some(node) = &node {
        Search { text, wrong, hidden: &mut hidden }.below(node, false);
    }
    // What is wrong, such as a key that is there twice, is not among the nodes.
    if node.is_none() || !diagnostics.is_empty() {
        of_lines(text, &mut hidden);
    }
    hidden
}

/// Whether a key stands before a secret. Under `auth` stands a map, so that a text there is meant to be the token itself.
fn is_before_secret(key: &str) -> bool {
    names_secret(key) || key == "auth" || key.eq_ignore_ascii_case("authorization")
}

/// Whether a text is filled in later, or is meant to be.
fn is_filled(text: &str) -> bool {
    let is_variable = (text.starts_with('(') || text.ends_with(')'))
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:()\"".contains(&byte));
    let is_hole = text.starts_with("{{") && text.ends_with("}}") && !text.contains(['"', '\'']);
    text.is_empty() || has_reference(text) || is_variable || is_hole
}

struct Search<'a> {
    text: &'a str,
    wrong: &'a BTreeSet<Span>,
    hidden: &'a mut Hidden,
}

impl Search<'_> {
    fn below(&mut self, node: &Node, is_secret: bool) {
        match &node.kind {
            NodeKind::Scalar(scalar) => {
                if is_secret && !is_filled(&scalar.text) {
                    self.hide(node.span, &scalar.text);
                }
            }
            NodeKind::Invalid => {
                if is_secret {
                    self.hide(node.span, "");
                }
            }
            NodeKind::List(items) => items.iter().for_each(|item| self.below(item, is_secret)),
            NodeKind::Map(map) => self.map(map, is_secret),
        }
    }

    fn map(&mut self, map: &Map, is_secret: bool) {
        for entry in map.entries() {
            let is_before = is_before_secret(&entry.key);
            let is_map = entry.value.as_map().is_some();
            let is_secret = is_secret || is_before && (!is_map || self.wrong.contains(&entry.value.span));
            self.below(&entry.value, is_secret);
        }
    }

    fn hide(&mut self, span: Span, text: &str) {
        let written = self.text.get(span.range()).unwrap_or_default();
        // The white space at the end of a block does not count, and keeps lines lines.
        let end = span.start as usize + written.trim_end().len();
        self.hidden.ranges.push(span.start as usize..end);
        self.hidden.texts.extend([text.trim().to_owned(), written.trim_matches(['"', '\'', '\n', ' ']).to_owned()]);
        self.hidden.texts.extend(text.lines().map(|line| line.trim().to_owned()));
    }
}

/// Of a file that is no YAML: what stands behind a key up to the end of its value, as far as lines tell.
fn of_lines(text: &str, hidden: &mut Hidden) {
    static KEY: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"(?:^|[\s{\[,?"'-])([A-Za-z0-9_.-]+)["']?[ \t]*:(?:[ \t]|$)"#).ok());
    let mut within: Option<usize> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let indent = content.len() - content.trim_start_matches([' ', '-']).len();
        let from = start;
        start += line.len();
        if let Some(outer) = within {
            if content.is_empty() || indent > outer {
                hide_line(content, from, indent, hidden);
                continue;
            }
            within = None;
        }
        for found in KEY.iter().flat_map(|key| key.captures_iter(content)) {
            let (Some(whole), Some(key)) = (found.get(0), found.get(1)) else { continue };
            if !is_before_secret(key.as_str()) {
                continue;
            }
            let value = &content[whole.end()..];
            let unquoted = value.trim_matches([' ', '"', '\'', '}', ']', ',']);
            if !unquoted.is_empty() && is_filled(unquoted) || unquoted.starts_with("((") && unquoted.contains("))") {
                continue;
            }
            hide_line(content, from, whole.end(), hidden);
            within = Some(indent);
            break;
        }
    }
}

/// Hides a line from a place on.
fn hide_line(line: &str, start: usize, from: usize, hidden: &mut Hidden) {
    let Some(rest) = line.get(from..).filter(|rest| !rest.is_empty()) else { return };
    hidden.ranges.push(start + from..start + line.len());
    hidden
        .texts
        .extend([rest.trim().to_owned(), rest.trim_matches([' ', '"', '\'', '[', ']', '{', '}', ',']).to_owned()]);
}

#[cfg(test)]
mod tests {
    use super::super::masked;
    use super::*;

    #[test]
    fn what_stands_under_the_key_of_a_secret_is_hidden() {
        for (text, shown) in [
            ("a: {password: hunter2, b: c}", "a: {password: *******, b: c}"),
            ("password: [hunter2, ((a.b))]", "password: [*******, ((a.b))]"),
            ("auth: hunter2", "auth: *******"),
            ("auth: {token: hunter2}", "auth: {token: *******}"),
            ("TOKEN: |\n  one\n  two\nb: c", "TOKEN: |\n  ***\n*****\nb: c"),
            ("token: \"{{ values.token }}\"\nx: y", "token: \"{{ values.token }}\"\nx: y"),
            ("token: \"{{ 'hunter2' }}\"", "token: *****************"),
            ("token: (github.token)", "token: (github.token)"),
            ("tokens: {one: two}", "tokens: {one: two}"),
            ("k: ghp_0123456789abcdefghijABCDEFGHIJ012345", "k: ****************************************"),
            // No YAML.
            ("a: [\npassword: hunter2", "a: [\npassword: *******"),
            ("a: {token: \"hunter2\n  three\nb: c", "a: {token: ********\n  *****\nb: c"),
            ("a: \"b\n- token: hunter2\n  c: d", "a: \"b\n- token: *******\n  c: d"),
            ("a: ]\ntoken: ((a.token))", "a: ]\ntoken: ((a.token))"),
        ] {
            assert_eq!(masked(text), shown, "{text}");
        }
    }

    #[test]
    fn texts_are_those_that_a_message_may_quote() {
        let hidden = hidden(Span::NOWHERE.file, "password: \"hunt\\x65r2\"", &BTreeSet::new());
        assert!(hidden.texts.contains(&"hunter2".to_owned()), "{hidden:?}");
    }
}
