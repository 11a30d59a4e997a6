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
        let shown = deeds(preview, pipeline);
        let is_shown = |(doing, _): &&(Doing, &Step<'_>)| shown.iter().any(|(other, _)| other.is_equal(doing));
        let (tasks, puts): (Vec<_>, Vec<_>) =
            deeds(deploy, pipeline).into_iter().partition(|(doing, _)| doing.is_task());
        let mut puts = puts.iter().filter(|(doing, _)| doing.may_deploy()).peekable();
        // Beside a put that deploys, tasks prepare it, and run in the preview, too.
        let same = match puts.peek() {
            Some(_) => puts.find(is_shown),
            None => tasks.first().filter(|_| tasks.iter().all(|task| is_shown(&task))),
        };
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
