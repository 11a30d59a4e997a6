//! *Version*, of variables: what decides on a deployment behind a gate is not loaded from something that nobody approved.

use std::collections::BTreeMap;

use concourse_pipeline::variables::of_build;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::secrets::names_secret;
use yaml_source::yaml::Value;

use super::lowered::artifact_of;
use super::model::{Job, Pipeline, Step, Unit, What};
use super::version::{any_text, is_exact};
use super::work::Doing;

/// A variable that is loaded from what a task made, when that task got nothing approved. What is loaded from a get is judged by
/// the get's version.
pub(super) fn check(job: &Job<'_>, pipeline: &Pipeline<'_>, _: &Unit<'_, '_>, diagnostics: &mut Diagnostics) {
    if !is_exact(job) || !job.steps.iter().any(|step| matches!(step.what, What::LoadVar { .. })) {
        return;
    }
    let mut approved = job.held();
    let mut unapproved: BTreeMap<&str, &Step<'_>> = BTreeMap::new();
    for (at, step) in job.steps.iter().enumerate() {
        match &step.what {
            What::Task(task) => {
                let is_of_approved = task.inputs.iter().chain(&task.runs).any(|name| approved.contains(name));
                for output in &task.outputs {
                    if is_of_approved {
                        unapproved.remove(output);
                        approved.insert(output);
                    } else {
                        approved.remove(output);
                        unapproved.insert(output, step);
                    }
                }
            }
            What::LoadVar { name, file } => {
                let Some(maker) = artifact_of(file).and_then(|artifact| unapproved.get(artifact)) else { continue };
                let mut users = job.steps[at + 1..].iter();
                let Some(user) = users.find(|user| is_decided(user, name, job, pipeline)) else { continue };
                diagnostics.push(
                    Diagnostic::new(
                        Rule::UnapprovedArtifact,
                        step.span,
                        format!("the variable `{name}` decides what is deployed, and no approval decides on its value"),
                    )
                    .also(maker.span, "this task made it, and has no approved input")
                    .also(user.span, "this step deploys with it")
                    .note(job.note())
                    .help("use an approved artifact, or what a task makes of one"),
                );
            }
            What::Get(_) | What::Put(_) | What::SetPipeline { .. } => {}
        }
    }
}

/// Whether a variable of the build decides what a step deploys. A secret, as its key tells, decides nothing.
fn is_decided(step: &Step<'_>, variable: &str, job: &Job<'_>, pipeline: &Pipeline<'_>) -> bool {
    let is_used = |text: &str| of_build(text).any(|name| name == variable);
    let by_param = |params: &Value| match params {
        Value::Map(map) => map.iter().any(|(key, value)| !names_secret(key) && any_text(value, &is_used)),
        _ => false,
    };
    let is_named = match &step.what {
        What::Task(task) => {
            let parts = task.script.parts();
            by_param(&task.script.params()) || parts.iter().flatten().any(|part| any_text(part, &is_used))
        }
        What::Put(put) => put.params.is_some_and(by_param),
        What::Get(_) | What::LoadVar { .. } | What::SetPipeline { .. } => false,
    };
    is_named && Doing::of(step, job, (0, pipeline)).iter().any(Doing::may_deploy)
}
