//! The jobs that flags name.

use concourse_pipeline::validate::Decoded;
use concourse_pipeline::view::PipelineView;
use yaml_source::Failure;
use yaml_source::diagnostic::did_you_mean;

/// Checks that every job that a flag names is in one of the pipelines. `JOB/STEP` names a step of the job.
///
/// # Errors
///
/// When no pipeline has the job. A run without pipelines has none to compare with.
pub(super) fn check<'d, 't>(
    flag: &str,
    targets: impl IntoIterator<Item = &'t str>,
    pipelines: impl IntoIterator<Item = &'d Decoded>,
) -> Result<(), Failure> {
    let mut targets = targets.into_iter().peekable();
    if targets.peek().is_none() {
        return Ok(());
    }
    let views: Vec<PipelineView<'_>> = pipelines.into_iter().map(|pipeline| PipelineView::of(&pipeline.node)).collect();
    let jobs = || views.iter().flat_map(|view| &view.jobs).map(|job| job.name);
    let job_of = |target: &str| target.split('/').next().unwrap_or_default().to_owned();
    let is_there = |target: &str| jobs().any(|name| name == target || name == job_of(target));
    let Some(target) = targets.find(|target| !views.is_empty() && !is_there(target)) else {
        return Ok(());
    };
    let job = job_of(target);
    let meant = did_you_mean(&job, jobs()).map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
    Err(Failure::Usage(format!("{flag} names the job `{job}`, which is in no pipeline of this run{meant}")))
}
