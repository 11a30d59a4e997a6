use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use std::collections::{BTreeMap, BTreeSet};

use crate::job_names::Environment;

use super::view::{JobView, PipelineView, StepView};

/// A deployment that a commit reaches without an approval, in a pipeline whose others wait for one: to production, or to an
/// environment that is gated elsewhere in it.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    let mut gated: BTreeSet<Environment> = BTreeSet::new();
    let mut any = false;
    for (job, _) in view.steps().filter(|(_, step)| view.is_approval(step)) {
        any = true;
        gated.extend(job.environment().map(|(_, environment)| environment));
    }
    if !any {
        return;
    }
    gated.insert(Environment::Production);
    let mut reached: BTreeMap<&str, bool> = BTreeMap::new();
    for job in &view.jobs {
        let environment = job.environment().map(|(_, environment)| environment);
        let is_meant =
            environment.is_some_and(|environment| gated.contains(&environment)) || job.name.ends_with("default");
        if !is_meant || !job.name.contains("deploy") || !reaches(view, job, &mut reached) {
            continue;
        }
        let start = starts(view, job)
            .find(|step| step.passed().next().is_none())
            .or_else(|| starts(view, job).next())
            .map_or(job.span, |step| step.span);
        diagnostics.push(
            Diagnostic::new(Rule::UngatedDeploy, start, format!("a commit starts `{}`", job.name))
                .label("no approval is needed on the way here")
                .help("wait for an issue here or before, or remove `trigger: true`"),
        );
    }
}

/// The inputs whose new versions start a job; a clock has none that somebody made.
fn starts<'v, 'n>(
    view: &'v PipelineView<'n>,
    job: &'v JobView<'n>,
) -> impl Iterator<Item = &'v StepView<'n>> + use<'v, 'n> {
    let is_clock =
        |step: &StepView<'_>| view.resource(step.resource()).is_some_and(|resource| view.holds_only_times(resource));
    job.gets().filter(move |step| step.triggers() && !is_clock(step))
}

/// Does something that is no approval start a job, all the way from outside? By any of its inputs; one that must have
/// passed other jobs comes here when it has come through all of them.
fn reaches<'v>(view: &'v PipelineView<'_>, job: &'v JobView<'_>, known: &mut BTreeMap<&'v str, bool>) -> bool {
    // Without recursion: a chain may be thousands of jobs long.
    let mut open = vec![job];
    let mut expanded: BTreeSet<&str> = BTreeSet::new();
    while let Some(job) = open.last().copied() {
        if known.contains_key(job.name) {
            open.pop();
            continue;
        }
        if job.gets().any(|step| view.is_approval(step)) {
            known.insert(job.name, false);
            continue;
        }
        let mut ways = starts(view, job).map(|step| (step.passed().next().is_some(), view.passed(step)));
        if expanded.insert(job.name) {
            open.extend(ways.flat_map(|(_, before)| before).filter(|before| !expanded.contains(before.name)));
        } else {
            // All before it are known, but for a cycle, which Concourse refuses, and for jobs that are not there.
            let is_open = |(waits, before): (bool, Vec<&JobView<'_>>)| {
                waits != before.is_empty()
                    && before.iter().all(|before| known.get(before.name).copied().unwrap_or(false))
            };
            let reached = ways.any(is_open);
            known.insert(job.name, reached);
        }
    }
    known.get(job.name).copied().unwrap_or(false)
}
