//! What an approval names, and the steps of a job read.

use std::collections::BTreeSet;

use crate::flow::resource_of;
use crate::model::{Core, Inputs, Step, TaskStep};
use github_issues_resource::contract::files;
use yaml_source::yaml::Value;

use super::Side;
use super::hash::compared;
use super::record::{is_recorded_elsewhere, pins_before};
use crate::diff::compare::list;

/// What a step is called, and what it reads of an approval.
struct Reader {
    name: String,
    pins: BTreeSet<String>,
}

/// What the steps of a job read of its approvals.
fn readers((flow, job): Side<'_, '_>, renamed: &dyn Fn(&str) -> String) -> Vec<Reader> {
    let approvals: Vec<(&str, &str)> = job
        .gates
        .iter()
        .map(|taking| {
            let is_code = flow.issues.get(taking.resource).is_some_and(|issue| issue.code().is_some());
            (taking.get.get.as_str(), if is_code { "/.git/approval" } else { "" })
        })
        .collect();
    let mut found = Vec::new();
    job.job.each_step(&mut |step| {
        let (name, folders) = match &step.core {
            Core::Task(task) => (format!("task {}", task.task), folders(task)),
            Core::Put(put) => {
                let inputs = if let Some(Inputs::Named(names)) = &put.inputs { Some(names) } else { None };
                let sees = |artifact: &str| inputs.is_none_or(|names| names.iter().any(|name| name == artifact));
                let seen = approvals.iter().map(|(artifact, _)| *artifact).filter(|artifact| sees(artifact));
                (format!("put {}", renamed(resource_of(put))), seen.map(|artifact| (artifact, artifact)).collect())
            }
            Core::LoadVar(load) => (
                format!("load_var {}", load.load_var),
                approvals.iter().map(|(artifact, _)| (*artifact, *artifact)).collect(),
            ),
            _ => return,
        };
        let mut pins = BTreeSet::new();
        let prefixes: Vec<String> = folders
            .into_iter()
            .filter_map(|(folder, artifact)| {
                let (_, within) = approvals.iter().find(|(approval, _)| *approval == artifact)?;
                Some(format!("{folder}{within}/{}/", files::PINS))
            })
            .collect();
        each_text(step, &mut |text| {
            for prefix in &prefixes {
                for (at, _) in text.match_indices(prefix.as_str()) {
                    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
                    let rest = &text[at + prefix.len()..];
                    let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
                    pins.insert(rest[..end].to_owned());
                }
            }
        });
        found.push(Reader { name, pins });
    });
    found
}

/// The folders in which a task sees artifacts, each with the artifact.
fn folders(task: &TaskStep) -> Vec<(&str, &str)> {
    let Some(config) = &task.config else {
        return task.input_mapping.iter().map(|(folder, artifact)| (folder.as_str(), artifact.as_str())).collect();
    };
    let inputs = config.inputs.iter().map(|input| {
        let artifact = task.input_mapping.get(&input.name).unwrap_or(&input.name);
        (input.path.as_deref().unwrap_or(&input.name), artifact.as_str())
    });
    inputs.collect()
}

/// Shows a visitor the texts that a step is told, without those of steps within it.
fn each_text<'s>(step: &'s Step, visit: &mut dyn FnMut(&'s str)) {
    let mut values: Vec<&Value> = Vec::new();
    match &step.core {
        Core::Task(task) => {
            values.extend(task.params.iter().chain(&task.vars));
            if let Some(config) = &task.config {
                values.extend(config.params.values());
                let run = config.run.iter();
                run.flat_map(|run| run.path.iter().chain(&run.args)).for_each(|text| visit(text));
            }
        }
        Core::Put(put) => values.extend(put.params.iter().chain(&put.get_params)),
        Core::LoadVar(load) => visit(&load.file),
        _ => {}
    }
    while let Some(value) = values.pop() {
        match value {
            Value::Text(text) => visit(text),
            Value::List(items) => values.extend(items),
            Value::Map(map) => values.extend(map.values()),
            Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) => {}
        }
    }
}

/// What an approval still names, and a step reads no longer, such as the plan that a preview showed.
pub(super) fn compare(
    old: Side<'_, '_>,
    new: Side<'_, '_>,
    renamed: &dyn Fn(&str) -> String,
    weaker: &mut dyn FnMut(String),
) {
    let (were, mut are) = (readers(old, renamed), readers(new, &str::to_owned));
    let recorded = pins_before(new);
    let is_elsewhere = is_recorded_elsewhere(new);
    let (named, hashed) = compared(new.1.job);
    let is_named = |pin: &str| {
        let is_compared = named.contains(pin) || hashed.contains_key(pin);
        (is_elsewhere || recorded.contains(pin)) && !is_compared
    };
    let read: BTreeSet<String> = are.iter().flat_map(|reader| reader.pins.clone()).collect();
    for was in were {
        let same = are.iter().position(|is| is.name == was.name).map(|at| are.remove(at));
        for pin in was.pins.iter().filter(|pin| is_named(pin)) {
            let is_lost = match &same {
                Some(is) => !is.pins.contains(pin),
                None => !read.contains(pin),
            };
            if is_lost {
                weaker(format!(
                    "the {} is no longer held to {}, which the approval names",
                    was.name,
                    list([pin.as_str()])
                ));
            }
        }
    }
}
