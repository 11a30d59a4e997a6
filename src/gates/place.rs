//! *Place*: nothing takes the place of an approved artifact.

use std::collections::BTreeSet;

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::yaml::Value;

use crate::lower::Author;

use super::model::{Job, Pipeline, Put, Step, Unit, What};
use super::spelling::{has_variable, plain};

/// A job that records versions is held to the same as one behind a gate: its record must name what it deployed.
pub(super) fn check(job: &Job<'_>, pipeline: &Pipeline<'_>, _: &Unit<'_, '_>, diagnostics: &mut Diagnostics) {
    if !job.is_gated() && !job.records(pipeline) {
        return;
    }
    stand_ins(job, diagnostics);
    let held = job.held();
    let is_approval = |artifact: &str| job.approvals.iter().any(|approval| approval.artifact == artifact);
    for (at, step) in job.steps.iter().enumerate() {
        if let What::Task(task) = &step.what
            && let Some(artifact) = task.cached.iter().find(|name| held.contains(*name) && job.is_gated())
        {
            diagnostics.push(
                Diagnostic::new(
                    if step.author.is_brought() { Rule::StepPastGate } else { Rule::UnapprovedArtifact },
                    step.span,
                    format!("a cache of the step lies over `{artifact}`: files of an earlier build take the place of what was approved"),
                )
                .note(job.note())
                .help("move the cache to a folder outside of the inputs"),
            );
        }
        if let What::Put(put) = &step.what
            && let Some((artifact, resource)) = renews(put, step, job, pipeline)
        {
            let help = if resource == put.resource {
                "put to another resource, with `no_get: true`"
            } else {
                "add `no_get: true` to the put, and use the artifact that the job has"
            };
            diagnostics.push(
                Diagnostic::new(
                    Rule::StepPastGate,
                    step.span,
                    format!(
                        "the put to `{}` makes another version of `{artifact}`, whose version an issue names",
                        put.resource
                    ),
                )
                .note(job.note())
                .help(help),
            );
            continue;
        }
        let is_brought = step.author.is_brought();
        // Behind another pipeline's gate only what an approval names is approved.
        let is_taken = |artifact: &str| {
            if is_brought {
                job.taken().any(|(taken, _)| taken == artifact)
            } else {
                step.author == Author::Person
                    && (held.contains(artifact) || recorded(job, at, pipeline).contains(&artifact))
            }
        };
        let written: Vec<&str> = match &step.what {
            What::Put(put) if put.gets => vec![put.name],
            What::LoadVar { name, .. } if is_brought && job.is_gated() => {
                variable(name, step, job, diagnostics);
                continue;
            }
            // A task that sees the approval, or the record, puts its versions in the place of others.
            What::Task(task) if is_brought || !job.sees_versions(task, pipeline) => task.outputs.clone(),
            What::Task(task) => task.outputs.iter().copied().filter(|output| is_approval(output)).collect(),
            _ => continue,
        };
        if is_brought && let Some(name) = written.iter().find(|name| has_variable(name)) {
            diagnostics.push(
                Diagnostic::new(
                    Rule::StepPastGate,
                    step.span,
                    format!("the step makes the artifact `{name}`, which can be any artifact of the job"),
                )
                .note("a variable could put it in the place of an approved artifact")
                .note(job.note())
                .help("write the name of the artifact without a variable"),
            );
            continue;
        }
        for artifact in written.into_iter().filter(|artifact| is_taken(artifact)) {
            diagnostics.push(
                Diagnostic::new(
                    if is_brought { Rule::StepPastGate } else { Rule::UnapprovedArtifact },
                    step.span,
                    format!("the step replaces the artifact `{artifact}`, whose version an issue names"),
                )
                .note(job.note())
                .help("give the artifact another name"),
            );
        }
    }
}

/// Artifacts that handwritten tasks take in the folder of an approved one, and that no get brings. What a get brings is judged by
/// its version.
fn stand_ins(job: &Job<'_>, diagnostics: &mut Diagnostics) {
    if job.is_rendered() || !job.is_gated() {
        return;
    }
    let held = job.held();
    for step in &job.steps {
        let What::Task(task) = &step.what else { continue };
        for (folder, artifact) in task.folders.iter().zip(&task.inputs) {
            let folder = plain(folder);
            let is_made = !held.contains(artifact) && !job.gets().any(|(get, _)| get.name == *artifact);
            let replaced = held.iter().find(|held| {
                let is_inside = folder.strip_prefix(**held).is_some_and(|rest| rest.starts_with('/'));
                folder == **held || is_inside && task.inputs.contains(held)
            });
            let Some(replaced) = replaced.filter(|_| is_made) else { continue };
            diagnostics.push(
                Diagnostic::new(
                    Rule::UnapprovedArtifact,
                    step.span,
                    format!("the step takes `{artifact}` in the place of `{replaced}`, whose version an issue names"),
                )
                .note(job.note())
                .help("use the approved artifact, or give the input another name"),
            );
        }
    }
}

/// The artifact, and its resource, of which a put of a kind or a manifest makes another version in a job of a stage: the job
/// could use it, and jobs behind it would take it by `passed`.
pub(super) fn renews<'a>(
    put: &Put<'_>,
    step: &Step<'_>,
    job: &Job<'a>,
    pipeline: &Pipeline<'_>,
) -> Option<(&'a str, &'a str)> {
    job.stage().filter(|_| step.author.is_brought())?;
    let written = pipeline.resources.get(put.resource)?;
    job.taken().find(|(_, resource)| {
        let Some(taken) = pipeline.resources.get(resource) else { return false };
        let is_same = || *resource == put.resource || written.is_same_thing(taken);
        let is_of_repository = || written.repository().is_some_and(|written| taken.repository() == Some(written));
        is_same() || (put.gets && is_of_repository())
    })
}

/// The artifacts of gets whose versions a handwritten job records after a step.
fn recorded<'a>(job: &Job<'a>, at: usize, pipeline: &Pipeline<'_>) -> Vec<&'a str> {
    let pins = job.steps[at..].iter().filter_map(|step| match &step.what {
        What::Put(put) if put.action() == Some("record") && pipeline.issue(put.resource).is_some() => {
            put.params?.get("pins")
        }
        _ => None,
    });
    let mut named: BTreeSet<&str> = BTreeSet::new();
    for pins in pins {
        let Value::Map(pins) = pins else { continue };
        named.extend(pins.values().filter_map(|path| match path {
            Value::Text(path) => path.split('/').next(),
            _ => None,
        }));
    }
    job.gets().map(|(get, _)| get.name).filter(|artifact| named.contains(artifact)).collect()
}

/// A variable of the job that holds an approved version.
fn variable(name: &str, step: &Step<'_>, job: &Job<'_>, diagnostics: &mut Diagnostics) {
    let is_own = |step: &Step<'_>| {
        step.author == Author::Generator && matches!(&step.what, What::LoadVar { name: own, .. } if *own == name)
    };
    if job.steps.iter().any(is_own) {
        diagnostics.push(
            Diagnostic::new(
                Rule::StepPastGate,
                step.span,
                format!("the step replaces the variable `{name}`, which holds an approved version"),
            )
            .note(job.note())
            .help("give the variable another name"),
        );
    }
}
