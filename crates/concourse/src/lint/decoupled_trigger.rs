use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use std::collections::BTreeSet;

use super::view::{PipelineView, StepKind, StepView};

/// A deployment that one resource starts and another one decides: it may be started before what it should deploy has
/// passed, deploys the version before, and is green (mitodl/ol-infrastructure issue 5482).
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for job in view.jobs.iter().filter(|job| job.environment().is_some() || job.name.starts_with("deploy")) {
        let is_clock =
            |step: &StepView<'_>| view.resource(step.resource()).is_none_or(|resource| view.is_clock(resource));
        let triggers: Vec<&StepView<'_>> = job.gets().filter(|step| step.triggers()).collect();
        let free = |step: &&StepView<'_>| step.passed().next().is_none();
        let Some(trigger) = triggers.first() else { continue };
        // What starts it together with what it deploys brings it back when that has passed.
        if !triggers.iter().all(free)
            || triggers.iter().any(|step| is_clock(step) || view.is_approval(step) || view.is_record(step))
        {
            continue;
        }
        // Where a task runs from what starts the job, the other may be a helper of it.
        let runs = |step: &&StepView<'_>| {
            job.of_kind(StepKind::Task)
                .filter_map(|task| task.text("file"))
                .any(|file| file.split('/').next() == Some(step.name))
        };
        if triggers.iter().any(runs) {
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
                format!("`{}` starts `{}` without waiting for `{}`", trigger.name, job.name, deployed.name),
            )
            .label("a new version starts the job at once")
            .also(deployed.span, "a version that passes later does not start the job")
            .help(format!("let `{}` trigger, or let both come from the same job by `passed`", deployed.name)),
        );
    }
}
