use std::sync::LazyLock;

use regex::Regex;

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::{Sources, Span};
use yaml_source::yaml::{Node, NodeKind};

use super::view::{PipelineView, StepKind, each_text, field};

/// Arithmetic of a shell that has the form of a variable of Concourse, which Concourse fills before the shell sees it.
pub(super) fn check(view: &PipelineView<'_>, sources: &Sources, diagnostics: &mut Diagnostics) {
    for (_, step) in view.steps().filter(|(_, step)| step.kind == StepKind::Task) {
        let config = step.config();
        let run = config.and_then(|config| field(config, "run"));
        let texts = [run, config.and_then(|config| field(config, "params")), field(step.node, "params")];
        for node in texts.into_iter().flatten() {
            each_text("", node, &mut |_, text, span| {
                for found in arithmetic(text) {
                    diagnostics.push(warning(found, place(sources, span, found)));
                }
            });
        }
    }
}

/// Reports arithmetic in the steps of a kind.
pub fn check_kind(node: &Node, diagnostics: &mut Diagnostics) {
    match &node.kind {
        NodeKind::Scalar(scalar) if scalar.text.contains("((") => {
            for found in arithmetic(&scalar.text) {
                let start = scalar.text.find(found).unwrap_or_default();
                diagnostics.push(warning(found, scalar.place(node.span, &(start..start + found.len()))));
            }
        }
        NodeKind::List(items) => items.iter().for_each(|item| check_kind(item, diagnostics)),
        NodeKind::Map(map) => {
            let steps = map.entries().iter().filter(|entry| !matches!(entry.key.as_str(), "about" | "description"));
            steps.for_each(|entry| check_kind(&entry.value, diagnostics));
        }
        NodeKind::Scalar(_) | NodeKind::Invalid => {}
    }
}

fn warning(found: &str, span: Span) -> Diagnostic {
    let word = found.trim_start_matches("$((").trim_start_matches("((").trim_end_matches("))");
    let dollar = if found.starts_with('$') { "$" } else { "" };
    let message = format!("Concourse reads `{found}` as the variable `{word}`, and not as arithmetic of the shell");
    Diagnostic::new(Rule::ShellArithmetic, span, message).help(format!("write `{dollar}(( {word} ))`"))
}

/// Whether a text can hold arithmetic: a quick look.
pub fn may_have_arithmetic(text: &str) -> bool {
    text.contains("((") && arithmetic(text).next().is_some()
}

/// Arithmetic that has the form of a variable: `$((N))`, or `((N))` behind a word that wants a condition.
fn arithmetic(text: &str) -> impl Iterator<Item = &str> {
    static ARITHMETIC: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(\$\(\([A-Za-z0-9_/-]+\)\))|\b(?:if|elif|while|until)\s+(?:!\s+)?(\(\([A-Za-z0-9_]+\)\))")
            .expect("a pattern of our own")
    });
    ARITHMETIC.captures_iter(text).filter_map(|found| found.get(1).or_else(|| found.get(2))).map(|found| found.as_str())
}

/// Where a part of a text stands, as far as the file shows the text as it is.
fn place(sources: &Sources, span: Span, part: &str) -> Span {
    let Some(at) = sources.slice(span).find(part) else { return span };
    let offset = |length: usize| u32::try_from(length).unwrap_or(0);
    let start = span.start + offset(at);
    Span { start, end: start + offset(part.len()), ..span }
}

/// The first place of a part of a text in the settings of somebody.
pub fn find(node: &Node, part: &str) -> Option<Span> {
    match &node.kind {
        NodeKind::Scalar(scalar) => {
            let start = scalar.text.find(part)?;
            Some(scalar.place(node.span, &(start..start + part.len())))
        }
        NodeKind::List(items) => items.iter().find_map(|item| find(item, part)),
        NodeKind::Map(map) => map.entries().iter().find_map(|entry| find(&entry.value, part)),
        NodeKind::Invalid => None,
    }
}
