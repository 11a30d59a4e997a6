//! Comments that allow what a rule finds: `# ol-pipegen: allow RULE because …`, at the end of the line, or on a line of
//! its own before it. Each says why, so that whoever comes later can tell whether that still holds.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::{ALWAYS_AN_ERROR, Diagnostic, Rule, UnknownRule};
use crate::source::{FileId, Lines, Sources, Span};

/// How such a comment begins.
const START: &str = "# ol-pipegen:";

/// Takes out what comments allow; reports comments that are wrong, and those that allow nothing.
///
/// A comment that allows nothing is only reported where all was looked at: not in a file that has errors, and not of a
/// rule that looks at more than one file.
pub fn allow(mut diagnostics: Vec<Diagnostic>, sources: &Sources) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (file, text) in sources.written() {
        // Nearly no file has one, and looking for it is all that most files cost.
        if text.text.contains(START) {
            let mut allowances = Vec::new();
            in_file(file, &text.text, &mut allowances, &mut found);
            apply(file, &text.text, allowances, &mut diagnostics, &mut found);
        }
    }
    if !found.is_empty() {
        diagnostics.extend(found);
        diagnostics.sort_by_key(|diagnostic| (diagnostic.span(), diagnostic.rule));
    }
    diagnostics
}

/// A comment that allows a rule.
struct Allowance {
    rule: Rule,
    /// The name of the rule in the comment.
    span: Span,
    /// The line that it speaks of, from 1.
    line: usize,
}

fn in_file(file: FileId, text: &str, allowances: &mut Vec<Allowance>, found: &mut Vec<Diagnostic>) {
    // Those on lines of their own speak of the next line that is no comment.
    let mut waiting: Vec<(Rule, Span)> = Vec::new();
    let mut offset = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let comment = line.match_indices(START).map(|(at, _)| at).find(|at| {
            let before = &line[..*at];
            before.is_empty() || before.ends_with([' ', '\t'])
        });
        let read = comment.and_then(|at| match read(file, offset + at, line[at..].trim_end()) {
            Ok(read) => Some(read),
            Err(wrong) => {
                found.push(wrong);
                None
            }
        });
        if line.trim_start().starts_with('#') {
            waiting.extend(read);
        } else {
            let all = waiting.drain(..).chain(read);
            allowances.extend(all.map(|(rule, span)| Allowance { rule, span, line: index + 1 }));
        }
        offset += line.len();
    }
    allowances.extend(waiting.into_iter().map(|(rule, span)| Allowance { rule, span, line: 0 }));
}

/// The rule that a comment allows, and where it names it.
fn read(file: FileId, start: usize, comment: &str) -> Result<(Rule, Span), Diagnostic> {
    let place = |range: Range<usize>| {
        let bytes = |at: usize| u32::try_from(start + at).unwrap_or(u32::MAX);
        Span { file, start: bytes(range.start), end: bytes(range.end) }
    };
    let wrong = |range, message: String| Diagnostic::new(Rule::MalformedAllow, place(range), message);
    let whole = 0..comment.len();
    let how = "write `# ol-pipegen: allow RULE because …`";
    let words = comment[START.len()..].trim_start();
    let Some(rest) = words.strip_prefix("allow").filter(|rest| rest.is_empty() || rest.starts_with(' ')) else {
        return Err(wrong(whole, "a comment for ol-pipegen that allows nothing".to_owned()).help(how));
    };
    let rest = rest.trim_start();
    let (name, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let name_at = comment.len() - rest.len();
    let of_name = name_at..name_at + name.len();
    if name.is_empty() {
        return Err(wrong(whole, "a comment that names no rule".to_owned()).help(how));
    }
    let rule: Rule = name.parse().map_err(|unknown: UnknownRule| {
        wrong(of_name.clone(), unknown.to_string()).help("run `ol-pipegen rule`, which lists all rules")
    })?;
    if !rule.may_be_allowed() {
        return Err(wrong(of_name, format!("`{rule}` is always an error")).label(ALWAYS_AN_ERROR));
    }
    if reason.trim_start().strip_prefix("because").is_none_or(|reason| reason.trim().is_empty()) {
        return Err(wrong(whole, format!("`{rule}` is allowed without a reason")).help(how));
    }
    Ok((rule, place(of_name)))
}

fn apply(
    file: FileId,
    text: &str,
    allowances: Vec<Allowance>,
    diagnostics: &mut Vec<Diagnostic>,
    found: &mut Vec<Diagnostic>,
) {
    let lines = Lines::of(text);
    let allowed: BTreeMap<(usize, Rule), usize> =
        allowances.iter().enumerate().map(|(index, allowance)| ((allowance.line, allowance.rule), index)).collect();
    let mut used: BTreeSet<usize> = BTreeSet::new();
    let mut has_errors = false;
    diagnostics.retain(|diagnostic| {
        let span = diagnostic.span();
        if span.file != file {
            return true;
        }
        has_errors |= !diagnostic.may_be_allowed();
        let line = lines.position(span.start as usize).0;
        match allowed.get(&(line, diagnostic.rule)).filter(|_| diagnostic.may_be_allowed()) {
            Some(index) => {
                used.insert(*index);
                false
            }
            None => true,
        }
    });
    if has_errors {
        return;
    }
    for (index, Allowance { rule, span, .. }) in allowances.into_iter().enumerate() {
        if !used.contains(&index) && !rule.looks_at_several_files() {
            found.push(
                Diagnostic::new(Rule::UnusedAllow, span, format!("`{rule}` finds nothing here"))
                    .help("remove the comment"),
            );
        }
    }
}
