//! *Start*: nothing but the gate starts a job behind it.

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use crate::plan::StagePhase;
use crate::project::Gate;

use super::model::{Job, Pipeline, Unit};

/// Concourse starts a job for a new version of any get that triggers.
pub(super) fn check(job: &Job<'_>, _: &Pipeline<'_>, _: &Unit<'_, '_>, diagnostics: &mut Diagnostics) {
    // A deployment that no approval and nobody by hand starts may be started by anything.
    let is_free = !job.is_gated()
        && job.stage().is_some_and(|(stage, phase)| stage.gate == Gate::None && phase == StagePhase::Deploy);
    for (get, step) in job.gets().filter(|(get, step)| step.author.is_brought() && get.triggers && !is_free) {
        diagnostics.push(
            Diagnostic::new(
                Rule::StepPastGate,
                step.span,
                format!("the get of `{}` starts the job past its gate", get.name),
            )
            .note(job.note())
            .help("remove `trigger`; what may start a deployment belongs in its `inputs`"),
        );
    }
    if job.is_rendered() {
        return;
    }
    // An approval that was used before satisfies its get for ever: any other trigger deploys by it again.
    let Some(approval) = job.approvals.iter().find(|approval| !approval.is_followed) else { return };
    let is_approval = |name: &str| job.approvals.iter().any(|approval| approval.artifact == name);
    for (get, step) in job.gets().filter(|(get, _)| get.triggers && !is_approval(get.name)) {
        diagnostics.push(
            Diagnostic::new(
                Rule::GateBypass,
                step.span,
                format!("`{}` starts `{}` without an approval", get.name, job.name),
            )
            .label("starts the job again with an approval that was already used")
            .also(approval.span, "the approval")
            .help("remove `trigger: true`"),
        );
    }
}
