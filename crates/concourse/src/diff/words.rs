use std::fmt::Write;

use serde_json::Value;

use yaml_source::diagnostic::visible;
use yaml_source::markdown::{as_code, escaped};
use yaml_source::report::unified_diff;

use super::change::{Change, Changes, Effect, Subject};
use super::compare::list;
use super::values::{Difference, DifferenceKind, both_shown, is_open, shown, shown_items};

/// Lines of a text's diff that are shown.
const MOST_LINES: usize = 60;

/// A difference in words, of a part of what changes.
pub(super) fn change(subject: Subject, part: &[String], difference: &Difference) -> Change {
    let key = difference.path.last().map_or("", String::as_str);
    let place = place(&difference.path);
    let part = if part.is_empty() { String::new() } else { format!("of the {}, ", part.join(" ")) };
    let mut lines = None;
    let (effect, what) = match &difference.kind {
        DifferenceKind::Order => (order_effect(&difference.path), format!("{place} are in another order")),
        DifferenceKind::Items { added, removed } => {
            let names = |verb: &str, names: &[String], others: &[String]| {
                format!("{verb} {}", list(shown_items(names, others).iter().map(String::as_str)))
            };
            let mut words = Vec::new();
            if !added.is_empty() {
                words.push(names("gain", added, removed));
            }
            if !removed.is_empty() {
                words.push(names("lose", removed, added));
            }
            (Effect::Changed, format!("{place} {}", words.join(" and ")))
        }
        DifferenceKind::Value { old: Some(Value::String(old)), new: Some(Value::String(new)) }
            if old.contains('\n') || new.contains('\n') =>
        {
            if is_open(key, old) && is_open(key, new) && !is_only_credential(old) && !is_only_credential(new) {
                lines = Some(text_diff(old, new));
            }
            (Effect::Changed, format!("the text of {place} changes"))
        }
        DifferenceKind::Value { old: None, new } => {
            (Effect::Changed, format!("{place} is now {}", shown(key, new.as_ref())))
        }
        DifferenceKind::Value { old, new: None } => {
            (Effect::Changed, format!("{place} is gone, it was {}", shown(key, old.as_ref())))
        }
        DifferenceKind::Value { old, new } => {
            let (old, new) = both_shown(key, old.as_ref(), new.as_ref());
            // Of secrets no more can be said, and neither of what differs behind what is shown.
            let what = if old == new { "changes".to_owned() } else { format!("changes from {old} to {new}") };
            (Effect::Changed, format!("{place} {what}"))
        }
    };
    let message = format!("{part}{what}");
    Change { effect, subject, others: Vec::new(), message, lines, is_gate_gone: false, covers: None }
}

/// Lists in which the order says nothing to Concourse.
fn order_effect(path: &[String]) -> Effect {
    match path.last().map(String::as_str) {
        Some(
            "passed" | "tags" | "serial_groups" | "inputs" | "outputs" | "caches" | "labels" | "users" | "teams"
            | "roles",
        ) => Effect::Order,
        _ => Effect::Changed,
    }
}

/// Whether a text is a credential of Concourse, and nothing else.
fn is_only_credential(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("((") && text.ends_with("))") && !text.contains('\n')
}

fn place(path: &[String]) -> String {
    let strip = |path: &[String]| format!("`{}`", visible(&path.join(".")));
    match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["env", variable] => format!("the variable `{}`", visible(variable)),
        ["config", "run", "args", ..] => "the script".to_owned(),
        ["config", _, ..] => strip(&path[1..]),
        _ => strip(path),
    }
}

fn text_diff(old: &str, new: &str) -> String {
    let diff = unified_diff(old, new, "", "", false);
    // Without the names of files.
    let lines: Vec<&str> = diff.lines().skip(2).collect();
    let mut text: String = lines.iter().take(MOST_LINES).map(|line| format!("{}\n", visible(line))).collect();
    if lines.len() > MOST_LINES {
        let _ = writeln!(text, "… {} more lines", lines.len() - MOST_LINES);
    }
    text
}

/// The effects, each with its heading and colour, in the order in which they are reported.
const HEADINGS: [(Effect, &str, &str); 9] = [
    (Effect::Weaker, "GATES GET WEAKER", "1;31"),
    (Effect::Redirected, "GATES PROMOTE TO ANOTHER STAGE", "1;31"),
    (Effect::HistoryAnew, "version histories start anew", "1;33"),
    (Effect::Stronger, "gates get stronger", "1;32"),
    (Effect::Added, "new", "1"),
    (Effect::Removed, "gone", "1"),
    (Effect::Renamed, "renamed", "1"),
    (Effect::Changed, "changed", "1"),
    (Effect::Order, "only in another order, which changes nothing", "2"),
];

impl Changes {
    /// Returns the changes by their effect: what makes a gate weaker first, and each thing's changes together.
    fn by_effect(&self) -> impl Iterator<Item = (&'static str, &'static str, Vec<&Change>)> {
        HEADINGS.into_iter().filter_map(|(effect, heading, paint)| {
            let mut changes: Vec<&Change> = self.of(effect).collect();
            changes.sort_by(|one, other| (!one.is_gate_gone, &one.subject).cmp(&(!other.is_gate_gone, &other.subject)));
            (!changes.is_empty()).then_some((heading, paint, changes))
        })
    }

    /// In words, for people. Nothing where nothing changes.
    pub fn to_words(&self, colour: bool) -> String {
        let mut out = String::new();
        for (heading, paint, changes) in self.by_effect() {
            let _ = writeln!(out, "{}", painted(colour, paint, heading));
            for change in changes {
                let _ = writeln!(out, "  {}", sentence(change, colour));
                for line in change.lines.iter().flat_map(|lines| lines.lines()) {
                    let code = match line.as_bytes().first() {
                        Some(b'+') => "32",
                        Some(b'-') => "31",
                        Some(b'@') => "36",
                        _ => "",
                    };
                    let _ = writeln!(out, "      {}", painted(colour, code, line));
                }
            }
        }
        out
    }

    /// In Markdown, for a pull request. What only stands in another order is left out.
    pub fn to_markdown(&self) -> String {
        let mut out = String::new();
        for (heading, _, changes) in self.by_effect() {
            if changes.iter().all(|change| change.effect == Effect::Order) {
                continue;
            }
            let _ = writeln!(out, "**{heading}**\n");
            for change in changes {
                let subject = subject(change, as_code).map_or_else(String::new, |subject| format!("{subject}: "));
                let _ = writeln!(out, "- {subject}{}", with_code(&change.message));
                if let Some(lines) = &change.lines {
                    // Longer than any row of backticks in the text.
                    let longest = lines.split(|c| c != '`').map(str::len).max().unwrap_or_default();
                    let fence = "`".repeat(longest.max(2) + 1);
                    let lines: String = lines.lines().map(|line| format!("  {line}\n")).collect();
                    let _ = writeln!(out, "\n  {fence}diff\n{lines}  {fence}");
                }
            }
            out.push('\n');
        }
        out
    }
}

/// A message as Markdown that is text and code alone: nothing in it is a link, HTML or a mention.
fn with_code(message: &str) -> String {
    let parts = message.split('`').enumerate();
    parts
        .map(|(index, part)| match index % 2 {
            0 => escaped(part).replace('@', "&#64;"),
            _ if part.is_empty() => String::new(),
            _ => as_code(part),
        })
        .collect()
}

fn sentence(change: &Change, colour: bool) -> String {
    let subject = subject(change, |name| painted(colour, "1", &visible(name)));
    subject.map_or_else(|| change.message.clone(), |subject| format!("{subject}: {}", change.message))
}

/// What changes, in words: `job a`, `jobs a, b and 20 more`.
fn subject(change: &Change, write: impl Fn(&str) -> String) -> Option<String> {
    let (kind, name) = change.subject.parts();
    if kind.is_empty() {
        return None;
    }
    let names: Vec<String> = std::iter::once(name).chain(change.others.iter().map(String::as_str)).map(write).collect();
    let plural = if names.len() == 1 { "" } else { "s" };
    Some(format!("{kind}{plural} {}", first_names(&names)))
}

/// So many names are listed.
const MOST_NAMES: usize = 20;

/// Names in a row. Of very many the first ones, and how many there are besides.
pub(super) fn first_names(names: &[String]) -> String {
    let (shown, more) = names.split_at(names.len().min(MOST_NAMES));
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    format!("{}{more}", shown.join(", "))
}

fn painted(colour: bool, code: &str, text: &str) -> String {
    if colour && !code.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}
