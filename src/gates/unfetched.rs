//! *Unfetched*: the claim runs after the get whose file it reads.

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use super::lowered::artifact_of;
use super::model::{Job, Pipeline, Unit, What};
use super::sequence::{Order, order};

/// A claim before the get of its approval finds no file, and each build of the job fails.
pub(super) fn check(job: &Job<'_>, _: &Pipeline<'_>, _: &Unit<'_, '_>, diagnostics: &mut Diagnostics) {
    if job.is_rendered() {
        return;
    }
    for (at, step) in job.steps.iter().enumerate() {
        let What::Put(put) = &step.what else { continue };
        let file = put.text("approval").filter(|_| put.is_claim());
        let Some(artifact) = file.and_then(artifact_of) else { continue };
        let mut gets = job
            .steps
            .iter()
            .enumerate()
            .filter(|(_, step)| matches!(&step.what, What::Get(get) if get.name == artifact));
        let Some((_, get)) = gets.next().filter(|(get, _)| order(&job.steps, *get, at) == Order::After) else {
            continue;
        };
        diagnostics.push(
            Diagnostic::new(
                Rule::UnpinnedApproval,
                step.span,
                format!("the claim runs before the get of `{artifact}`, which writes its file"),
            )
            .label("each build of the job fails here")
            .also(get.span, "the get")
            .note(job.note())
            .help("move the get to a place before the claim"),
        );
    }
}
