use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use super::view::{PipelineView, StepKind, is_known};

/// A pipeline's name is a part of addresses: Concourse refuses one with a slash, but only when the step is run.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for (_, step) in view.steps().filter(|(_, step)| step.kind == StepKind::SetPipeline) {
        if step.name.contains('/') && is_known(step.name) {
            diagnostics.push(
                Diagnostic::new(
                    Rule::SlashInPipelineName,
                    step.span,
                    format!("the pipeline's name `{}` has a `/`", step.name),
                )
                .label("the step fails when it is run")
                .help("use `-`, or `instance_vars` for what there are several of"),
            );
        }
    }
}
