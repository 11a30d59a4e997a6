//! *Place*: nothing takes the place of an approved artifact.

use crate::diagnostic::{Diagnostic, Diagnostics, Rule};
use crate::lower::Author;

use super::model::{Job, Pipeline, Step, Unit, What};

pub(super) fn check(job: &Job<'_>, _: &Pipeline<'_>, _: &Unit<'_, '_>, diagnostics: &mut Diagnostics) {
    if !job.is_gated() {
        return;
    }
    let held = job.held();
    let is_approval = |artifact: &str| job.approvals.iter().any(|approval| approval.artifact == artifact);
    for step in &job.steps {
        let is_brought = step.author.is_brought();
        // Behind another pipeline's gate only what an approval names is approved.
        let is_taken = |artifact: &str| {
            if is_brought {
                job.taken().any(|(taken, _)| taken == artifact)
            } else {
                step.author == Author::Person && held.contains(artifact)
            }
        };
        let written: Vec<&str> = match &step.what {
            What::Put(put) if put.gets => vec![put.name],
            What::LoadVar { name, .. } if is_brought => {
                variable(name, step, job, diagnostics);
                continue;
            }
            // A task that sees the approval puts approved versions in the place of others.
            What::Task(task) if is_brought || !job.sees_approval(task) => task.outputs.clone(),
            What::Task(task) => task.outputs.iter().copied().filter(|output| is_approval(output)).collect(),
            _ => continue,
        };
        for artifact in written.into_iter().filter(|artifact| is_taken(artifact)) {
            diagnostics.push(
                Diagnostic::new(
                    if is_brought { Rule::StepPastGate } else { Rule::UnapprovedArtifact },
                    step.span,
                    format!("the step replaces the artifact `{artifact}`, which was approved"),
                )
                .note(job.note())
                .help("give the artifact another name"),
            );
        }
    }
}

/// A variable of the job that holds an approved version.
fn variable(name: &str, step: &Step<'_>, job: &Job<'_>, diagnostics: &mut Diagnostics) {
    let is_own = |step: &Step<'_>| {
        step.author == Author::Generator && matches!(&step.what, What::LoadVar { name: own, .. } if *own == name)
    };
    if job.steps.iter().any(is_own) {
        diagnostics.push(
            Diagnostic::new(
                Rule::StepPastGate,
                step.span,
                format!("the step replaces the variable `{name}`, which holds an approved version"),
            )
            .note(job.note())
            .help("give the variable another name"),
        );
    }
}
