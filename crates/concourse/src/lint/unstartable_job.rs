use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use yaml_source::yaml::Node;

use super::view::{PipelineView, StepView, field};

/// A job that nothing starts: no input triggers, and nobody may press the button.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for job in &view.jobs {
        let manual = field(job.node, "disable_manual_trigger").and_then(Node::as_str) != Some("true");
        if !manual && !job.gets().any(StepView::triggers) {
            diagnostics.push(
                Diagnostic::new(Rule::UnstartableJob, job.span, format!("nothing can start the job `{}`", job.name))
                    .note("no input has `trigger: true`, and `disable_manual_trigger` takes the button away")
                    .help("let an input trigger, or remove `disable_manual_trigger`"),
            );
        }
    }
}
