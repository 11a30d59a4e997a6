//! Text from outside, made harmless: it is shown, and nothing in it acts.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// GitHub's limit for a body and for a comment, in characters.
pub const MAX_BODY: usize = 65_536;
/// GitHub's limit for a title, in characters.
pub const MAX_TITLE: usize = 256;

/// `text` with control and direction-changing characters made visible, and no start of an HTML comment.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\n' | '\t' => out.push(c),
            '\u{0}'..='\u{1f}' => out.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}')),
            '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}' => {
                let _ = write!(out, "<U+{:04X}>", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.replace("<!--", "<! --")
}

/// A code block with `text`, fenced by more backticks than `text` has in a row: nothing in it is Markdown, so that no
/// mention notifies, no keyword closes and no link is live.
pub fn fenced(text: &str) -> String {
    let text = visible(text);
    let fence = "`".repeat(longest_run(&text).max(2) + 1);
    format!("{fence}text\n{}\n{fence}", text.trim_end_matches('\n'))
}

/// `text` on one line, as inline code.
pub fn code(text: &str) -> String {
    let text = visible(text).replace(['\n', '\t'], " ");
    let text = text.trim();
    if text.is_empty() {
        return "(empty)".to_owned();
    }
    let fence = "`".repeat(longest_run(text) + 1);
    // GitHub strips one space at both ends; without it a text that begins with a backtick would lengthen the fence.
    if fence.len() > 1 { format!("{fence} {text} {fence}") } else { format!("`{text}`") }
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

/// At most `limit` characters of `text`, cut at the end of a line where there is one, and saying so.
pub fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let notice = "\n… cut here: the whole text is in the build's log";
    let cut: String = text.chars().take(limit.saturating_sub(notice.chars().count())).collect();
    let cut = cut.rfind('\n').filter(|at| *at > cut.len() / 2).map_or(cut.as_str(), |at| &cut[..at]);
    format!("{cut}{notice}")
}

/// `text` on one line and without what a title cannot hold.
pub fn one_line(text: &str, limit: usize) -> String {
    let text = visible(text).replace(['\n', '\t'], " ");
    text.trim().chars().take(limit).collect()
}

/// `text` for a path segment or a query value: all but RFC 3986's unreserved characters are escaped.
pub fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Is a variable of Concourse's left in `text` that nobody filled?
pub fn has_unfilled_variable(text: &str) -> bool {
    text.find("((").is_some_and(|at| text[at..].contains("))"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fence_is_longer_than_any_inside() {
        assert_eq!(fenced("a\n````\nb\n"), "`````text\na\n````\nb\n`````");
        assert_eq!(fenced(""), "```text\n\n```");
        assert_eq!(code("a``b"), "``` a``b ```");
        assert_eq!(code("a\nb"), "`a b`");
    }

    #[test]
    fn what_hides_or_turns_text_becomes_visible() {
        assert_eq!(visible("a\u{202e}b\u{7}c<!--d-->"), "a<U+202E>b\u{2407}c<! --d-->");
        assert_eq!(visible("x\r\ny\rz"), "x\ny\u{240d}z");
    }

    #[test]
    fn cut_text_keeps_the_limit_and_says_so() {
        let text = "line\n".repeat(100);
        let cut = shortened(&text, 120);
        assert!(cut.chars().count() <= 120, "{}", cut.len());
        assert!(cut.ends_with("in the build's log"));
        assert_eq!(shortened("short", 120), "short");
        assert!(shortened(&"é".repeat(500), 60).chars().count() <= 60);
    }

    #[test]
    fn variable_of_concourse_is_seen() {
        assert!(has_unfilled_variable("deploy ((name))"));
        assert!(!has_unfilled_variable("deploy (name)) (("));
    }
}
