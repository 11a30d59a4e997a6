use crate::diagnostic::{Diagnostic, Diagnostics, Rule};

use std::collections::BTreeSet;

use super::view::{PipelineView, StepView};

/// A deployment that one resource starts and another one decides: it may be started before what it should deploy has
/// passed, deploys the version before, and is green (mitodl/ol-infrastructure issue 5482).
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for job in view.jobs.iter().filter(|job| job.environment().is_some() || job.name.starts_with("deploy")) {
        let is_clock = |step: &StepView<'_>| {
            view.resource(step.resource()).is_none_or(|resource| resource.text("type") == Some("time"))
        };
        let triggers: Vec<&StepView<'_>> = job.gets().filter(|step| step.triggers()).collect();
        let free = |step: &&StepView<'_>| step.passed().next().is_none();
        let Some(trigger) = triggers.first() else { continue };
        // What starts it together with what it deploys brings it back when that has passed.
        if !triggers.iter().all(free)
            || triggers.iter().any(|step| is_clock(step) || view.is_approval(step) || view.is_record(step))
        {
            continue;
        }
        let starters: BTreeSet<&str> = triggers.iter().map(|step| step.resource()).collect();
        let Some(deployed) = job.gets().find(|step| {
            let before = view.passed(step);
            !before.is_empty() && !before.iter().any(|job| job.resources().any(|taken| starters.contains(taken)))
        }) else {
            continue;
        };
        diagnostics.push(
            Diagnostic::new(
                Rule::DecoupledTrigger,
                trigger.span,
                format!("`{}` starts `{}`, and `{}` is what it deploys", trigger.name, job.name, deployed.name),
            )
            .label("may come before what belongs to it has passed")
            .also(deployed.span, "then the version before is taken, and nothing starts the job again")
            .help(format!("let `{}` trigger, or let both come from the same job by `passed`", deployed.name)),
        );
    }
}
