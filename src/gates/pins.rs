//! *Pins*: what a job compares with its approval, or with the record that starts it, is recorded by whoever writes that gate,
//! from a file of the same name.

use concourse_pipeline::issues::{IssueId, IssueSource};
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, one_of};
use yaml_source::yaml::{Value, escape};

use crate::input::version_files;
use crate::project::Pin;

use github_issues_resource::contract::files;

use super::facts::as_found;
use super::model::{Job, Pipeline, Put, RecordPut, Resource, Unit, What};
use super::spelling::{has_variable, plain};

/// A version that is recorded from one file and compared from another never passes.
pub(super) fn check(job: &Job<'_>, pipeline: &Pipeline<'_>, unit: &Unit<'_, '_>, diagnostics: &mut Diagnostics) {
    if !job.is_rendered() {
        unpinned(job, pipeline, diagnostics);
        unknown(job, pipeline, diagnostics);
    }
    let approvals = job.approvals.iter().filter(|approval| approval.is_exact);
    let approvals = approvals.filter_map(|approval| Some(("approval", approval.gate.clone()?)));
    let records = job.gets().filter_map(|(get, _)| Some(("record", pipeline.issue(get.resource)?.records()?)));
    for (what, gate) in approvals.chain(records) {
        for (name, file, span) in compared(job) {
            let Some((recorded, writer)) = recorded(&gate, name, unit, 0).into_iter().find(|(known, _)| *known != file)
            else {
                continue;
            };
            diagnostics.push(as_found(
                Diagnostic::new(
                    Rule::UnrecordedPin,
                    span,
                    format!("the {what} names the file `{recorded}` of `{name}`, and the job compares `{file}`"),
                )
                .label("every build of the job fails")
                .note(format!("{} records `{recorded}`", writer.whom))
                .note(job.note())
                .help(format!("use the same file of `{name}` in both")),
                job.is_rendered(),
            ));
        }
    }
}

/// A record that names no version approves whatever is newest.
fn unpinned(job: &Job<'_>, pipeline: &Pipeline<'_>, diagnostics: &mut Diagnostics) {
    for (put, step) in job.puts().filter(|(put, _)| put.action() == Some("record")) {
        let promotes = pipeline.issue(put.resource).and_then(IssueSource::id).is_some()
            && pipeline.source(put.resource).is_some_and(|source| source.get("destination").is_some());
        let is_pinned = match put.params.and_then(|params| params.get("pins")) {
            Some(Value::Map(pins)) => !pins.is_empty(),
            Some(Value::Null) | None => false,
            // A variable may hold them.
            Some(_) => true,
        };
        if promotes && !is_pinned {
            diagnostics.push(
                Diagnostic::new(
                    Rule::UnpinnedApproval,
                    step.span,
                    "the issue that the step writes approves no version",
                )
                .note(job.note())
                .help("record the versions that the job deployed, such as `pins: {code: code/.git/ref}`"),
            );
        }
    }
}

/// A version is named by a file that a get writes. What a repository or a task brings can hold any text.
pub(super) fn unknown(job: &Job<'_>, pipeline: &Pipeline<'_>, diagnostics: &mut Diagnostics) {
    let is_record = |put: &Put<'_>| {
        put.action() == Some("record") && pipeline.issue(put.resource).and_then(IssueSource::id).is_some()
    };
    for (put, step) in job.puts().filter(|(put, _)| is_record(put)) {
        let Some(Value::Map(pins)) = put.params.and_then(|params| params.get("pins")) else { continue };
        for (name, path) in pins {
            let Value::Text(path) = path else { continue };
            let is_input = name == files::CODE_PIN || job.gets().any(|(get, _)| get.name == name);
            let path = plain(path);
            let (artifact, file) = path.split_once('/').unwrap_or((&path, ""));
            let got = job.gets().find(|(get, _)| get.name == artifact).map(|(get, _)| get.resource);
            let put = || job.puts().find(|(put, _)| put.name == artifact && put.gets).map(|(put, _)| put.resource);
            let is_of_git = |resource: &str| {
                pipeline.resources.get(resource).is_none_or(|resource| {
                    resource.repository().is_some() || resource.issue.is_some() || version_files_of(resource).is_none()
                })
            };
            let own_file =
                || format!("record a file that a get writes, such as `{name}/{}`", example(name, job, pipeline));
            let (message, help) = match got.or_else(|| put().filter(|_| !is_input)) {
                _ if is_handed_on(&path, job) => continue,
                _ if has_variable(&path) && is_input => {
                    (format!("a variable chooses the version of `{name}`: `{path}`"), own_file())
                }
                _ if has_variable(&path) => continue,
                // What a preview made is approved by its content.
                None if !is_input => continue,
                None => (
                    format!(
                        "`{path}` is not in an artifact of a get: what runs in the job chooses the version of `{name}`"
                    ),
                    own_file(),
                ),
                Some(_) if name != files::CODE_PIN && is_input && artifact != name => {
                    (format!("`{path}` names a version of `{artifact}`, and not of `{name}`"), own_file())
                }
                Some(resource) if name == files::CODE_PIN && !is_of_git(resource) => {
                    (format!("`{path}` names a version of `{artifact}`, and not a commit of the code"), own_file())
                }
                Some(resource) => {
                    let known = pipeline.resources.get(resource).and_then(version_files_of);
                    let Some(known) = known.filter(|known| !known.contains(&file)) else { continue };
                    (
                        format!("`{path}` names no version of `{artifact}`"),
                        format!("record {} of `{artifact}`", one_of(&known)),
                    )
                }
            };
            let found = Diagnostic::new(Rule::UnrecordedPin, step.span, message).note(job.note()).help(help);
            diagnostics.push(as_found(found, false));
        }
    }
}

/// A file that tells the versions of an input apart.
fn example(name: &str, job: &Job<'_>, pipeline: &Pipeline<'_>) -> &'static str {
    let get = job.gets().find(|(get, _)| get.name == name);
    let resource = get.and_then(|(get, _)| pipeline.resources.get(get.resource));
    resource.and_then(version_files_of).and_then(|files| files.first().copied()).unwrap_or(".git/ref")
}

/// The files of a get that tell the versions of a resource apart, as far as its type is known.
fn version_files_of(resource: &Resource<'_>) -> Option<Vec<&'static str>> {
    if resource.repository().is_some() {
        return Some(vec![".git/ref", ".git/HEAD"]);
    }
    version_files(resource.type_name, (resource.image.is_some(), resource.image), resource.source.own)
}

/// Whether a file is a version that an approval of the job names.
fn is_handed_on(path: &str, job: &Job<'_>) -> bool {
    job.own_approvals().any(|approval| path.starts_with(&approval.pins()))
}

/// The inputs that a job holds to an approval, each with the file that names its version.
fn compared<'a>(job: &Job<'a>) -> Vec<(&'a str, &'a str, yaml_source::source::Span)> {
    if let Some((stage, _)) = job.stage() {
        let inputs = stage.inputs.iter().filter_map(|input| match &input.pin {
            Pin::File(file) => {
                let name = input.name.as_str();
                let place = stage.input_span(name).unwrap_or(job.span);
                let pin = stage.origin.settings.at(&format!("/inputs/{}/pin", escape(name)));
                Some((name, file.as_str(), pin.map_or(place, |pin| pin.span)))
            }
            _ => None,
        });
        return inputs.collect();
    }
    let tasks = job.steps.iter().filter_map(|step| match &step.what {
        What::Task(task) => Some((task, step.span)),
        _ => None,
    });
    tasks.flat_map(|(task, span)| task.compared().map(move |(name, file)| (name, file, span))).collect()
}

/// The files from which the writers of a gate record a pin. What they hand on of an approval of their own is what that
/// approval names.
fn recorded<'u, 'a>(
    gate: &IssueId<'a>,
    name: &str,
    unit: &'u Unit<'_, 'a>,
    depth: usize,
) -> Vec<(&'a str, &'u Job<'a>)> {
    let mut found = Vec::new();
    // Gates that hand on to one another in a circle say nothing.
    if depth > 64 {
        return found;
    }
    for RecordPut { job, put, .. } in unit.records.get(gate).into_iter().flatten() {
        let Some(Value::Text(path)) = put.params.and_then(|params| params.get("pins")?.get(name)) else { continue };
        let handed_on = job.approvals.iter().find_map(|approval| {
            let pin = path.strip_prefix(&approval.pins())?;
            Some((approval.gate.as_ref()?, pin))
        });
        match (handed_on, path.split_once('/')) {
            (Some((gate, pin)), _) => found.extend(recorded(gate, pin, unit, depth + 1)),
            (None, Some((artifact, file))) if artifact == name => found.push((file, *job)),
            _ => {}
        }
    }
    found
}
