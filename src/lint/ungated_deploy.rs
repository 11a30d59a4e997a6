use crate::diagnostic::{Diagnostic, Diagnostics, Rule};

use std::collections::{BTreeMap, BTreeSet};

use super::view::{Environment, JobView, PipelineView, StepView};

/// A deployment to the last environment that a commit reaches without an approval, in a pipeline whose others wait for
/// one.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    if !view.steps().any(|(_, step)| view.is_approval(step)) {
        return;
    }
    let mut reached: BTreeMap<&str, bool> = BTreeMap::new();
    for job in &view.jobs {
        let last = matches!(job.environment(), Some((_, Environment::Production))) || job.name.ends_with("default");
        if !last || !job.name.contains("deploy") || !reaches(view, job, &mut reached) {
            continue;
        }
        let start = job.gets().find(|step| step.triggers()).map_or(job.span, |step| step.span);
        diagnostics.push(
            Diagnostic::new(Rule::UngatedDeploy, start, format!("a commit starts `{}`", job.name))
                .label("no approval stands on the way here")
                .help("wait for an issue here or before, or take `trigger: true` out"),
        );
    }
}

/// Does something that is no approval start a job, all the way from outside?
fn reaches<'v>(view: &'v PipelineView<'_>, job: &'v JobView<'_>, known: &mut BTreeMap<&'v str, bool>) -> bool {
    // Without recursion: a chain may be thousands of jobs long.
    let mut open = vec![job];
    let mut expanded: BTreeSet<&str> = BTreeSet::new();
    while let Some(job) = open.last().copied() {
        if known.contains_key(job.name) {
            open.pop();
            continue;
        }
        if job.gets().any(|step| view.is_approval(step)) || !job.gets().any(StepView::triggers) {
            known.insert(job.name, false);
            continue;
        }
        let before: Vec<&JobView<'_>> = job.gets().flat_map(|step| view.passed(step)).collect();
        if expanded.insert(job.name) {
            open.extend(before.into_iter().filter(|before| !expanded.contains(before.name)));
        } else {
            // All before it are known, but for a cycle, which Concourse refuses.
            let all = before.iter().all(|before| known.get(before.name).copied().unwrap_or(false));
            known.insert(job.name, all);
        }
    }
    known.get(job.name).copied().unwrap_or(false)
}
