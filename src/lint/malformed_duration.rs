use crate::diagnostic::{Diagnostic, Diagnostics, Rule};

use super::view::{PipelineView, StepKind, field, is_known};

/// Concourse reads the timeouts of these steps, and of checks, only when it uses them: then the build errors.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    let resources = view.resources.iter().chain(&view.resource_types).chain(&view.prototypes);
    let of_resources = resources.filter_map(|resource| field(resource.node, "check_timeout"));
    let late = [StepKind::Get, StepKind::Put, StepKind::Task, StepKind::Run];
    let of_steps =
        view.steps().filter(|(_, step)| late.contains(&step.kind)).filter_map(|(_, step)| field(step.node, "timeout"));
    for node in of_resources.chain(of_steps) {
        let Some(text) = node.as_str() else { continue };
        // An empty text is none (`atc/exec/maybe_timeout.go`).
        if is_known(text) && !text.is_empty() && !node.is_null() && !is_duration(text) {
            diagnostics.push(
                Diagnostic::new(Rule::MalformedDuration, node.span, format!("`{text}` is no duration"))
                    .label("Concourse reads it when it is used, and then it is an error")
                    .help("numbers with units, from `h`, `m` and `s`: `90s`, `1h30m`"),
            );
        }
    }
}

/// As Go's `time.ParseDuration` has it.
fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    let some = !rest.is_empty();
    while !rest.is_empty() {
        let number = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let digits = &rest[..rest.len() - number.len()];
        if !digits.contains(|c: char| c.is_ascii_digit()) || digits.matches('.').count() > 1 {
            return false;
        }
        let units = ["ns", "us", "µs", "μs", "ms", "s", "m", "h"];
        let Some(after) = units.iter().find_map(|unit| number.strip_prefix(unit)) else { return false };
        rest = after;
    }
    some
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        for text in ["0", "1h", "1h30m", ".5s", "1.5h", "-1m", "100µs", "300ms"] {
            assert!(is_duration(text), "{text}");
        }
        for text in ["", "1", "1d", "h", "1.2.3s", "1h 30m", "1H", "-", "."] {
            assert!(!is_duration(text), "{text}");
        }
    }
}
