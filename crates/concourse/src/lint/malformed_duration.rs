use crate::validate::duration;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

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
        if is_known(text) && !text.is_empty() && !node.is_null() && duration::parse(text).is_none() {
            diagnostics.push(
                Diagnostic::new(Rule::MalformedDuration, node.span, format!("`{text}` is not a duration"))
                    .label("Concourse reads it when it is used, and then it is an error")
                    .help("write numbers with the units `h`, `m` and `s`, such as `90s` or `1h30m`"),
            );
        }
    }
}
