use crate::diagnostic::{Diagnostic, Diagnostics, Rule};

use super::view::PipelineView;

/// One commit starts a job twice: by itself, and by what is built from it. The first time the job has the new commit and
/// the old build.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for job in &view.jobs {
        let triggers: Vec<_> = job.gets().filter(|step| step.triggers()).collect();
        for early in triggers.iter().filter(|step| step.passed().next().is_none()) {
            let late = triggers.iter().find(|late| {
                late.resource() != early.resource()
                    && view.passed(late).iter().any(|build| {
                        build.puts().any(|put| put.resource() == late.resource())
                            && build.gets().any(|get| get.resource() == early.resource() && get.triggers())
                    })
            });
            let Some(late) = late else { continue };
            diagnostics.push(
                Diagnostic::new(
                    Rule::RacingTriggers,
                    early.span,
                    format!("one commit of `{}` starts `{}` twice", early.name, job.name),
                )
                .label("at once, with what was built of the commit before")
                .also(late.span, "and again, when it has been built")
                .help(format!(
                    "let `{}` have passed the job that builds `{}`, and only one of them trigger",
                    early.name, late.name
                )),
            );
        }
    }
}
