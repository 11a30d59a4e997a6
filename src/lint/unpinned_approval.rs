use crate::diagnostic::{Diagnostic, Diagnostics, Rule};

use crate::yaml::Node;

use super::view::PipelineView;

/// An issue whose closing says *now* and not *what*: whatever is newest when the job starts is deployed, and that may be
/// newer than what the issue showed.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for job in &view.jobs {
        let claims = job.puts().any(|step| step.param("action").and_then(Node::as_str) == Some("claim"));
        for step in job.gets().filter(|step| view.is_approval(step) && step.triggers()) {
            if claims || step.passed().next().is_some() || step.text("version") == Some("every") {
                continue;
            }
            diagnostics.push(
                Diagnostic::new(
                    Rule::UnpinnedApproval,
                    step.span,
                    format!("the issue of `{}` approves no version", step.name),
                )
                .label(format!("closing it starts `{}` with whatever is newest then", job.name))
                .help("record versions with the issue and claim them: `ol-pipegen` renders such gates"),
            );
        }
    }
}
