//! The jobs and steps that flags name.

use concourse_pipeline::validate::Decoded;
use concourse_pipeline::view::{PipelineView, StepKind};
use yaml_source::Failure;
use yaml_source::diagnostic::did_you_mean;

use crate::job_target::JobTarget;

/// Checks `--target`: each `JOB` or `JOB/STEP` is in one of the pipelines, and has one environment.
///
/// # Errors
///
/// When no pipeline has the job, or the job has no such step that could deploy; or when two flags contradict each other.
pub(super) fn check<'d>(
    targets: &[JobTarget],
    pipelines: impl IntoIterator<Item = &'d Decoded>,
) -> Result<(), Failure> {
    let names = targets.iter().map(|target| (target.job.as_str(), target.step.as_deref()));
    check_names("--target", names, pipelines, |kind| {
        matches!(kind, StepKind::Task | StepKind::Put | StepKind::Run | StepKind::SetPipeline)
    })?;
    for (at, target) in targets.iter().enumerate() {
        let is_same = |other: &&JobTarget| (&other.job, &other.step) == (&target.job, &target.step);
        let mut earlier = targets[..at].iter().filter(is_same);
        if let Some(other) = earlier.find(|other| other.environment != target.environment) {
            return Err(Failure::Usage(format!(
                "--target gives `{}` two environments: `{}` and `{}`",
                target.place(),
                other.environment(),
                target.environment()
            )));
        }
    }
    Ok(())
}

/// Checks `--unpinned`: each `JOB/GET` is in one of the pipelines.
///
/// # Errors
///
/// When no pipeline has the job, or the job has no such get.
pub(super) fn check_gets<'d>(
    gets: &[(String, String)],
    pipelines: impl IntoIterator<Item = &'d Decoded>,
) -> Result<(), Failure> {
    let names = gets.iter().map(|(job, get)| (job.as_str(), Some(get.as_str())));
    check_names("--unpinned", names, pipelines, |kind| kind == StepKind::Get)
}

/// A run without pipelines has none to compare with.
fn check_names<'d, 't>(
    flag: &str,
    targets: impl IntoIterator<Item = (&'t str, Option<&'t str>)>,
    pipelines: impl IntoIterator<Item = &'d Decoded>,
    is_meant: impl Fn(StepKind) -> bool,
) -> Result<(), Failure> {
    let mut targets = targets.into_iter().peekable();
    if targets.peek().is_none() {
        return Ok(());
    }
    let views: Vec<PipelineView<'_>> = pipelines.into_iter().map(|pipeline| PipelineView::of(&pipeline.node)).collect();
    if views.is_empty() {
        return Ok(());
    }
    let jobs = || views.iter().flat_map(|view| &view.jobs);
    let meant = |name: &str, names: Vec<&str>| {
        did_you_mean(name, names).map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"))
    };
    for (job, step) in targets {
        let of_name: Vec<_> = jobs().filter(|known| known.name == job).collect();
        if of_name.is_empty() {
            let meant = meant(job, jobs().map(|job| job.name).collect());
            return Err(Failure::Usage(format!(
                "{flag} names the job `{job}`, which is in no pipeline of this run{meant}"
            )));
        }
        let Some(step) = step else { continue };
        let steps = || of_name.iter().flat_map(|job| &job.steps).filter(|step| is_meant(step.kind));
        if !steps().any(|known| known.name == step) {
            let meant = meant(step, steps().map(|step| step.name).collect());
            let what = if is_meant(StepKind::Get) { "get" } else { "task or put" };
            return Err(Failure::Usage(format!(
                "{flag} names the step `{step}` of `{job}`, and the job has no such {what}{meant}"
            )));
        }
    }
    Ok(())
}
