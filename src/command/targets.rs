//! The jobs and steps that flags name.

use concourse_pipeline::validate::Decoded;
use concourse_pipeline::view::{PipelineView, StepKind};
use yaml_source::Failure;
use yaml_source::diagnostic::did_you_mean;

/// Checks `--target`: each `JOB` or `JOB/STEP` is in one of the pipelines, and has one environment.
///
/// # Errors
///
/// When no pipeline has the job, or the job has no such step that could deploy; or when two flags contradict each other.
pub(super) fn check<'d>(
    targets: &[(String, String)],
    pipelines: impl IntoIterator<Item = &'d Decoded>,
) -> Result<(), Failure> {
    let names = targets.iter().map(|(target, _)| target.as_str());
    check_names("--target", names, pipelines, |kind| {
        matches!(kind, StepKind::Task | StepKind::Put | StepKind::Run | StepKind::SetPipeline)
    })?;
    for (at, (target, environment)) in targets.iter().enumerate() {
        let mut earlier = targets[..at].iter();
        if let Some((_, other)) = earlier.find(|(known, other)| known == target && other != environment) {
            return Err(Failure::Usage(format!(
                "--target gives `{target}` two environments: `{other}` and `{environment}`"
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
    let names: Vec<String> = gets.iter().map(|(job, get)| format!("{job}/{get}")).collect();
    check_names("--unpinned", names.iter().map(String::as_str), pipelines, |kind| kind == StepKind::Get)
}

/// A run without pipelines has none to compare with.
fn check_names<'d, 't>(
    flag: &str,
    targets: impl IntoIterator<Item = &'t str>,
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
    for target in targets {
        let (job, step) = match target.split_once('/') {
            Some((job, step)) => (job, Some(step)),
            None => (target, None),
        };
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
