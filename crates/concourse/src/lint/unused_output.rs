use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use std::collections::{BTreeMap, BTreeSet};

use super::missing_artifact::outputs;
use super::view::{PipelineView, StepKind, StepView, each_text, field, is_known};

/// Outputs that no other step speaks of. A put that takes all artifacts may need them, and so may a task whose
/// configuration is a file: then nothing is claimed.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for job in &view.jobs {
        let takes_unknown = |step: &StepView<'_>| match step.kind {
            StepKind::Put => field(step.node, "inputs").is_none_or(|inputs| inputs.as_str() == Some("all")),
            StepKind::Task => step.config().is_none(),
            StepKind::Run => true,
            _ => false,
        };
        if job.steps.iter().any(takes_unknown) {
            continue;
        }
        let mut spoken: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for (at, step) in job.steps.iter().enumerate() {
            if matches!(step.kind, StepKind::Try | StepKind::Do | StepKind::InParallel) {
                continue;
            }
            each_text("", step.node, &mut |_, text, _| {
                for word in text.split(|c: char| !(c.is_alphanumeric() || "-_.".contains(c))) {
                    spoken.entry(word).or_default().insert(at);
                }
            });
        }
        for (at, step) in job.steps.iter().enumerate() {
            for (name, node) in outputs(step) {
                let elsewhere = spoken.get(name).is_some_and(|steps| steps.iter().any(|step| *step != at));
                if !elsewhere && is_known(name) {
                    diagnostics.push(
                        Diagnostic::new(Rule::UnusedOutput, node.span, format!("no other step takes `{name}`"))
                            .help("remove the output, or let a step have it as an input"),
                    );
                }
            }
        }
    }
}
