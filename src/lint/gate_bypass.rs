use crate::diagnostic::{Diagnostic, Diagnostics, Rule};

use super::view::PipelineView;

/// A job that waits for an approval, and that something else starts as well: then with an approval that was used
/// before, or with none at all.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for job in &view.jobs {
        let Some(approval) = job.gets().find(|step| view.is_approval(step) && step.passed().next().is_none()) else {
            continue;
        };
        for step in job.gets().filter(|step| step.triggers() && !view.is_approval(step)) {
            diagnostics.push(
                Diagnostic::new(
                    Rule::GateBypass,
                    step.span,
                    format!("`{}` starts `{}` without an approval", step.name, job.name),
                )
                .label("any version that was approved before will do")
                .also(approval.span, "the approval")
                .help("take `trigger: true` out of it"),
            );
        }
    }
}
