//! *Target*, of handwritten pipelines: no timer starts what a job does behind a gate.
//!
//! Nobody has said which step deploys. A step that a job before the gate does, too, such as a test, is none.

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use super::facts::{as_found, hash, thing};
use super::model::{Job, Pipeline, Step, Unit, What};
use super::sequence::Part;

pub(super) fn check(job: &Job<'_>, pipeline: &Pipeline<'_>, _: &Unit<'_, '_>, diagnostics: &mut Diagnostics) {
    if job.is_rendered() || job.is_gated() || !is_timed(job, pipeline) {
        return;
    }
    let same = job.steps.iter().find_map(|step| {
        let own = work(step, pipeline)?;
        let doing = |other: &&Job<'_>| other.steps.iter().any(|step| work(step, pipeline) == Some(own));
        let is_before = |other: &Job<'_>| !other.is_gated() && !is_timed(other, pipeline);
        let gated = pipeline.jobs.iter().filter(doing);
        let (before, gated): (Vec<&Job<'_>>, Vec<&Job<'_>>) =
            gated.filter(|other| other.is_gated() || is_before(other)).partition(|other| is_before(other));
        Some((step, *gated.first()?)).filter(|_| before.is_empty())
    });
    if let Some((step, gated)) = same {
        diagnostics.push(as_found(
            Diagnostic::new(
                Rule::SharedTarget,
                step.span,
                format!("a timer starts the step, which `{}` does behind a gate", gated.name),
            )
            .label(format!("no approval is needed for `{}`", job.name))
            .help("remove the step, or let the gate start the job"),
            job.is_rendered(),
        ));
    }
}

fn is_timed(job: &Job<'_>, pipeline: &Pipeline<'_>) -> bool {
    let is_clock = |name: &str| pipeline.resources.get(name).is_some_and(|resource| resource.is_clock);
    job.gets().any(|(get, _)| get.triggers && is_clock(get.resource))
}

/// A number that is equal for steps of plans that do the same.
fn work(step: &Step<'_>, pipeline: &Pipeline<'_>) -> Option<(u64, u64)> {
    if step.path.iter().any(|part| matches!(part, Part::Hook(_) | Part::OnSuccess)) {
        return None;
    }
    match &step.what {
        What::Task(task) => Some((0, task.same?)),
        What::Put(put) => {
            let resource = pipeline.resources.get(put.resource).filter(|resource| resource.issue.is_none())?;
            Some((thing(resource), put.params.map_or(0, hash)))
        }
        _ => None,
    }
}
