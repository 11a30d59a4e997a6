use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use std::collections::BTreeMap;

use super::view::{PipelineView, StepView};

/// One version starts a job twice: by itself, and by what is built from it. The first time the job has the new version and
/// the old build.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for job in &view.jobs {
        let triggers: Vec<_> = job.gets().filter(|step| step.triggers()).collect();
        // By what starts its build: what comes later.
        let mut built: BTreeMap<&str, &StepView<'_>> = BTreeMap::new();
        for late in triggers.iter().filter(|step| step.passed().next().is_some()) {
            for build in view.passed(late) {
                if build.puts().any(|put| put.resource() == late.resource()) {
                    for get in build.gets().filter(|get| get.triggers() && get.resource() != late.resource()) {
                        built.entry(get.resource()).or_insert(late);
                    }
                }
            }
        }
        for early in triggers.iter().filter(|step| step.passed().next().is_none()) {
            let Some(late) = built.get(early.resource()) else { continue };
            diagnostics.push(
                Diagnostic::new(
                    Rule::RacingTriggers,
                    early.span,
                    format!("one version of `{}` starts `{}` twice", early.name, job.name),
                )
                .label("starts it at once, with the previous build")
                .also(late.span, "starts it again, when the new build is done")
                .help(format!(
                    "let `{}` have passed the job that builds `{}`, and only one of them trigger",
                    early.name, late.name
                )),
            );
        }
    }
}
