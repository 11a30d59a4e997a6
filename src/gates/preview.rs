//! *Target*: a preview shows what a deployment would change. One that does what the deployment does deploys each version before
//! anybody approves it.

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use crate::lower::Author;
use crate::plan::StagePhase;

use super::model::{Job, Pipeline, Step};
use super::work::Doing;

/// Over a rendered pipeline: the previews of stages against their deployments.
pub(super) fn check(pipeline: &Pipeline<'_>, diagnostics: &mut Diagnostics) {
    let of_phase = |wanted: StagePhase| {
        pipeline.jobs.iter().filter(move |job| job.stage().is_some_and(|(_, phase)| phase == wanted))
    };
    for preview in of_phase(StagePhase::Preview) {
        let Some((stage, _)) = preview.stage() else { continue };
        let Some(deploy) = of_phase(StagePhase::Deploy).find(|job| job.owner == preview.owner) else { continue };
        let (shown, deployed) = (deeds(preview, pipeline), deeds(deploy, pipeline));
        let is_shown = |deed: &(Doing, &Step<'_>)| shown.iter().any(|(other, _)| other.is_equal(&deed.0));
        let (tasks, puts): (Vec<_>, Vec<_>) = deployed.iter().partition(|(doing, _)| doing.is_task());
        let put = puts.into_iter().find(|deed| deed.0.may_deploy() && is_shown(deed));
        let has_puts = deployed.iter().any(|(doing, _)| !doing.is_task() && doing.may_deploy());
        let tasks = tasks.into_iter().filter(|_| !has_puts);
        let same = put.or_else(|| {
            let tasks: Vec<_> = tasks.collect();
            tasks.iter().all(|deed| is_shown(deed)).then(|| tasks.first().copied()).flatten()
        });
        if let Some((_, step)) = same {
            diagnostics.push(
                Diagnostic::new(
                    Rule::CannotPreview,
                    step.span,
                    format!("the preview of {} does what its deployment does", stage.environment),
                )
                .label("each version would be deployed before anybody approves it")
                .note(preview.note())
                .help(format!(
                    "let the kind `{}` do something else in the phase `preview`, such as with the param `preview: \"{{{{ true if \
                     phase == 'preview' else none }}}}\"`",
                    stage.kind
                )),
            );
        }
    }
}

/// What the kind of a stage does in a job.
fn deeds<'p, 'a>(job: &'p Job<'a>, pipeline: &Pipeline<'_>) -> Vec<(Doing, &'p Step<'a>)> {
    let steps = job.steps.iter().filter(|step| step.author == Author::Kind);
    steps.flat_map(|step| Doing::of(step, job, (0, pipeline)).into_iter().map(move |doing| (doing, step))).collect()
}
