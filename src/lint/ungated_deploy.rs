use crate::diagnostic::{Diagnostic, Diagnostics, Rule};

use std::collections::BTreeMap;

use super::view::{Environment, JobView, PipelineView};

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
    while let Some(job) = open.last().copied() {
        if known.contains_key(job.name) {
            open.pop();
            continue;
        }
        let triggers: Vec<_> = job.gets().filter(|step| step.triggers()).collect();
        let before: Vec<&JobView<'_>> = job.gets().flat_map(|step| view.passed(step)).collect();
        if job.gets().any(|step| view.is_approval(step)) || triggers.is_empty() {
            known.insert(job.name, false);
            continue;
        }
        let unknown: Vec<_> = before
            .iter()
            .copied()
            .filter(|before| !known.contains_key(before.name) && !open.iter().any(|open| open.name == before.name))
            .collect();
        if unknown.is_empty() {
            let all = before.iter().all(|before| known.get(before.name).copied().unwrap_or(false));
            known.insert(job.name, all);
        } else {
            open.extend(unknown);
        }
    }
    known.get(job.name).copied().unwrap_or(false)
}
