use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use yaml_source::yaml::Node;

use super::view::{PipelineView, StepKind, field};

/// Limits below zero are taken, and mean something else than their number.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for job in &view.jobs {
        one(field(job.node, "max_in_flight"), "means that there is no limit", diagnostics);
        for step in &job.steps {
            if step.kind == StepKind::InParallel {
                let limit = field(step.node, "in_parallel").and_then(|value| field(value, "limit"));
                one(limit, "means that there is no limit", diagnostics);
            }
            for limits in [Some(step.node), step.config()].into_iter().flatten() {
                let cpu = field(limits, "container_limits").and_then(|limits| field(limits, "cpu"));
                one(cpu, "becomes a number beyond all processors", diagnostics);
            }
        }
    }
}

fn one(node: Option<&Node>, means: &str, diagnostics: &mut Diagnostics) {
    let Some((node, text)) = node.and_then(|node| Some((node, node.as_str()?))) else { return };
    if text.parse::<f64>().is_ok_and(|number| number < 0.0) {
        diagnostics.push(
            Diagnostic::new(Rule::NegativeLimit, node.span, format!("a limit of {text}"))
                .label(means)
                .help("remove the limit for no limit"),
        );
    }
}
