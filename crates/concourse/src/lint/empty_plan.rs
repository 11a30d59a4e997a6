use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use super::view::{PipelineView, StepKind, field, list};

/// What holds no steps is green whatever happens.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for job in &view.jobs {
        if list(job.node, "plan").is_empty() {
            diagnostics.push(
                Diagnostic::new(Rule::EmptyPlan, job.span, format!("the job `{}` has no steps", job.name))
                    .help("give it a `plan`, or remove it"),
            );
        }
        for step in &job.steps {
            let (key, inner) = match step.kind {
                StepKind::Do => ("do", list(step.node, "do")),
                StepKind::InParallel => match field(step.node, "in_parallel") {
                    Some(value) => ("in_parallel", value.as_list().unwrap_or_else(|| list(value, "steps"))),
                    None => continue,
                },
                _ => continue,
            };
            if inner.is_empty() {
                diagnostics.push(
                    Diagnostic::new(Rule::EmptyPlan, step.span, format!("`{key}` without steps does nothing"))
                        .help("give it steps, or remove it"),
                );
            }
        }
    }
}
