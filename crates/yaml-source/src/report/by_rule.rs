use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::diagnostic::{Count, Diagnostic, Rule, Severity};
use crate::source::FileId;

/// What a rule reports in a run.
#[derive(Default)]
struct Reports {
    count: usize,
    files: BTreeSet<FileId>,
    is_error: bool,
}

/// A table of rules: how often each reports something, and in how many files. Errors come first, then what is reported
/// most often.
pub fn by_rule(diagnostics: &[Diagnostic]) -> String {
    let mut rules: BTreeMap<Rule, Reports> = BTreeMap::new();
    for diagnostic in diagnostics {
        let reports = rules.entry(diagnostic.rule).or_default();
        reports.count += 1;
        reports.files.insert(diagnostic.span().file);
        reports.is_error |= diagnostic.severity() == Severity::Error;
    }
    let mut rules: Vec<(Rule, Reports)> = rules.into_iter().collect();
    rules.sort_by_key(|(rule, reports)| (!reports.is_error, std::cmp::Reverse(reports.count), rule.name()));
    let width = rules.iter().map(|(rule, _)| rule.name().len()).max().unwrap_or_default();
    let mut out = String::new();
    for (rule, reports) in &rules {
        let severity = if reports.is_error { "error" } else { "warning" };
        let _ = writeln!(
            out,
            "{severity:<7}  {:width$}  {} in {}",
            rule.name(),
            Count(reports.count, "report"),
            Count(reports.files.len(), "file")
        );
    }
    out
}
