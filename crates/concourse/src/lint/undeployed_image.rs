use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use std::collections::{BTreeMap, BTreeSet};

use super::view::{JobView, PipelineView, StepKind};

/// An image that a job builds and that the deployment behind it does not take: what is deployed is not what was built.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    let taken: BTreeSet<&str> = view
        .steps()
        .filter(|(_, step)| step.kind == StepKind::Get)
        .map(|(_, step)| step.resource())
        .chain(view.steps().filter_map(|(_, step)| step.text("image")))
        .collect();
    // The first deployment behind each job.
    let mut behind: BTreeMap<&str, &JobView<'_>> = BTreeMap::new();
    for job in view.jobs.iter().filter(|job| job.name.contains("deploy")) {
        for step in job.gets() {
            for (before, _) in step.passed() {
                behind.entry(before).or_insert(job);
            }
        }
    }
    for (job, step) in view.steps().filter(|(_, step)| step.kind == StepKind::Put) {
        let is_image = view
            .resource(step.resource())
            .is_some_and(|resource| matches!(resource.text("type"), Some("registry-image" | "docker-image")));
        let Some(deployment) = behind.get(job.name) else { continue };
        // One that is given a tag of its own can be asked for by that.
        let is_tagged = ["additional_tags", "tag", "tag_file", "tag_prefix", "version", "bump_aliases"]
            .iter()
            .any(|param| step.param(param).is_some());
        if !is_image || is_tagged || taken.contains(step.resource()) {
            continue;
        }
        diagnostics.push(
            Diagnostic::new(
                Rule::UndeployedImage,
                step.span,
                format!("no job takes the image `{}` that is built here", step.resource()),
            )
            .also(deployment.span, "deploys behind it, whatever image is there by then")
            .help(format!("get `{}` in `{}`, passed by `{}`", step.resource(), deployment.name, job.name)),
        );
    }
}
