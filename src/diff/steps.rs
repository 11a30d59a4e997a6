use std::collections::HashMap;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::concourse::{Core, Job, Step};
use crate::flow::is_check_of_approval;

use super::change::{Changes, Effect, Subject};
use super::compare::list;
use super::gates::Gates;
use super::values::{differences, json};
use super::words;

/// A step, alone: without those within it and behind it.
struct Alone {
    /// Where it stands: `in_parallel`, `on_failure of task build`.
    place: Vec<String>,
    /// What it is: `task build`.
    what: String,
    /// Which of those that are the same in name and place.
    nth: usize,
    /// What it says.
    said: Value,
    /// The steps around it have an order.
    ordered: bool,
    /// The gates speak of it already.
    of_gate: bool,
}

/// Says how the steps of a job differ.
pub(super) fn compare(old: &Job, new: &Job, gates: &Gates<'_>, subject: &Subject, changes: &mut Changes) {
    let old_steps = flattened(old, |resource| gates.resource_name(resource));
    let new_steps = flattened(new, str::to_owned);
    let mut known: HashMap<(&[String], &str, usize), usize> = HashMap::new();
    for (index, step) in old_steps.iter().enumerate() {
        known.insert((&step.place, &step.what, step.nth), index);
    }
    let mut matched: Vec<Option<usize>> =
        new_steps.iter().map(|step| known.remove(&(step.place.as_slice(), step.what.as_str(), step.nth))).collect();
    // What is left over may have moved to another place.
    let mut moved: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut left: Vec<usize> = known.into_values().collect();
    left.sort_unstable();
    for index in left.iter().rev() {
        moved.entry(&old_steps[*index].what).or_default().push(*index);
    }
    for (step, found) in new_steps.iter().zip(&mut matched) {
        if found.is_none() && !is_container(&step.what) {
            *found = moved.get_mut(step.what.as_str()).and_then(Vec::pop);
            if let Some(index) = *found {
                let message = format!("the {} moves {}", step.what, placed(&step.place, &old_steps[index].place));
                changes.push(Effect::Changed, subject.clone(), message);
            }
        }
    }
    for (step, found) in new_steps.iter().zip(&matched) {
        let Some(index) = found else { continue };
        for difference in differences(&old_steps[*index].said, &step.said) {
            let mut change = words::change(subject.clone(), &described(step), &difference);
            // What an issue says of its approval stands in the put that opens it.
            if difference.path == ["params", "approve"] {
                let exact = step.said["params"]["approve"].as_str().unwrap_or("exact") == "exact";
                change.effect = if exact { Effect::Stronger } else { Effect::Weaker };
            }
            changes.changes.push(change);
        }
    }
    let came = new_steps.iter().zip(&matched).filter(|(_, found)| found.is_none()).map(|(step, _)| step);
    let mut gone: Vec<usize> = moved.into_values().flatten().collect();
    gone.sort_unstable();
    whole("has", came, subject, changes);
    whole("no longer has", gone.iter().map(|index| &old_steps[*index]), subject, changes);
    order(&new_steps, &matched, subject, changes);
}

/// Steps that came or went, the same ones of several hooks together.
fn whole<'s>(verb: &str, steps: impl Iterator<Item = &'s Alone>, subject: &Subject, changes: &mut Changes) {
    let mut places: IndexMap<&str, Vec<&str>> = IndexMap::new();
    for step in steps.filter(|step| !step.of_gate && !is_container(&step.what)) {
        places.entry(&step.what).or_default().extend(hook(step));
    }
    for (what, hooks) in places {
        let hooks = if hooks.is_empty() { String::new() } else { format!(" in {}", list(hooks)) };
        changes.push(Effect::Changed, subject.clone(), format!("{verb} the {what}{hooks}"));
    }
}

/// Steps of one place in another order.
fn order(steps: &[Alone], matched: &[Option<usize>], subject: &Subject, changes: &mut Changes) {
    let mut last: HashMap<&[String], (usize, &Alone)> = HashMap::new();
    let mut harmless = false;
    for (step, index) in steps.iter().zip(matched) {
        let Some(index) = index else { continue };
        match last.get(step.place.as_slice()) {
            Some((before, other)) if before > index => {
                // Of gets that follow one another none waits for what another one brings.
                let both_get = step.what.starts_with("get ") && other.what.starts_with("get ");
                if step.ordered && !both_get {
                    let message = format!("the {} comes after the {}", step.what, other.what);
                    changes.push(Effect::Changed, subject.clone(), message);
                } else {
                    harmless = true;
                }
            }
            _ => _ = last.insert(&step.place, (*index, step)),
        }
    }
    if harmless {
        changes.push(Effect::Order, subject.clone(), "steps are in another order, which changes nothing");
    }
}

fn placed(new: &[String], old: &[String]) -> String {
    let words = |place: &[String]| if place.is_empty() { "the plan".to_owned() } else { place.join(", ") };
    format!("from {} to {}", words(old), words(new))
}

/// The step in words, with the hook that it stands in.
fn described(step: &Alone) -> Vec<String> {
    let mut words = vec![step.what.clone()];
    words.extend(hook(step).map(|hook| format!("in `{hook}`")));
    words
}

/// The innermost hook that a step stands in.
fn hook(step: &Alone) -> Option<&str> {
    let mut places = step.place.iter().rev().map(String::as_str);
    places.find(|place| place.starts_with("on_") || place.starts_with("ensure"))
}

fn is_container(what: &str) -> bool {
    matches!(what, "do" | "in_parallel" | "try")
}

/// The steps of a job, one by one, each resource by the name that `resource` gives it.
fn flattened(job: &Job, resource: impl Fn(&str) -> String) -> Vec<Alone> {
    let mut steps = Vec::new();
    // A stack of its own: how deep steps lie in one another is the input's choice.
    let mut open: Vec<(Vec<String>, bool, &Step)> = Vec::new();
    let hooks = [
        ("on_success", &job.on_success),
        ("on_failure", &job.on_failure),
        ("on_error", &job.on_error),
        ("on_abort", &job.on_abort),
        ("ensure", &job.ensure),
    ];
    for (hook, step) in hooks.into_iter().rev() {
        open.extend(step.as_ref().map(|step| (vec![hook.to_owned()], true, step)));
    }
    open.extend(job.plan.iter().rev().map(|step| (Vec::new(), true, step)));
    let mut seen: HashMap<(Vec<String>, String), usize> = HashMap::new();
    while let Some((place, ordered, step)) = open.pop() {
        let what = what(step, &resource);
        let hooks = [
            ("on_success", &step.on_success),
            ("on_failure", &step.on_failure),
            ("on_error", &step.on_error),
            ("on_abort", &step.on_abort),
            ("ensure", &step.ensure),
        ];
        for (hook, inner) in hooks.into_iter().rev() {
            if let Some(inner) = inner {
                let mut place = place.clone();
                place.push(format!("{hook} of {what}"));
                open.push((place, true, inner));
            }
        }
        let (within, one_by_one): (Vec<&Step>, bool) = match &step.core {
            Core::Try { step } => (vec![step], true),
            Core::Do { steps } => (steps.iter().collect(), true),
            Core::InParallel { in_parallel } => (in_parallel.steps.iter().collect(), in_parallel.limit == Some(1)),
            _ => (Vec::new(), true),
        };
        for inner in within.into_iter().rev() {
            let mut place = place.clone();
            place.push(what.clone());
            open.push((place, one_by_one, inner));
        }
        let nth = seen.entry((place.clone(), what.clone())).or_default();
        steps.push(Alone { nth: *nth, said: said(step, &resource), of_gate: of_gate(step), place, what, ordered });
        *nth += 1;
    }
    steps
}

fn what(step: &Step, resource: &impl Fn(&str) -> String) -> String {
    match &step.core {
        Core::Get(get) => format!("get {}", resource(get.resource.as_ref().unwrap_or(&get.get).as_str())),
        Core::Put(put) => format!("put {}", resource(put.resource.as_ref().unwrap_or(&put.put).as_str())),
        Core::Task(task) => format!("task {}", task.task),
        Core::SetPipeline(set) => format!("set_pipeline {}", set.set_pipeline),
        Core::LoadVar(load) => format!("load_var {}", load.load_var),
        Core::Try { .. } => "try".to_owned(),
        Core::Do { .. } => "do".to_owned(),
        Core::InParallel { .. } => "in_parallel".to_owned(),
    }
}

/// Is it a step that belongs to a gate and is spoken of as such?
fn of_gate(step: &Step) -> bool {
    match &step.core {
        Core::Get(_) => true,
        Core::Put(put) => {
            put.params.as_ref().and_then(|params| params.get("action")).is_some_and(|action| *action == "claim".into())
        }
        Core::Task(task) => is_check_of_approval(task),
        _ => false,
    }
}

/// What a step says itself, but for the names by which it was matched and what the gates speak of.
fn said(step: &Step, resource: &impl Fn(&str) -> String) -> Value {
    let mut alone = step.clone();
    alone.on_success = None;
    alone.on_failure = None;
    alone.on_error = None;
    alone.on_abort = None;
    alone.ensure = None;
    let mut left_out: &[&str] = &[];
    match &mut alone.core {
        Core::Get(get) => {
            get.passed.clear();
            get.trigger = None;
            left_out = &["resource"];
            if get.resource.is_none() {
                left_out = &["resource", "get"];
            }
        }
        Core::Put(put) => {
            left_out = &["resource", "put"];
            put.resource = None;
        }
        Core::Try { step } => **step = nothing(),
        Core::Do { steps } => steps.clear(),
        Core::InParallel { in_parallel } => in_parallel.steps.clear(),
        Core::Task(_) | Core::SetPipeline(_) | Core::LoadVar(_) => {}
    }
    let mut value = json(&alone);
    if let Value::Object(map) = &mut value {
        map.retain(|key, _| !left_out.contains(&key.as_str()));
        if let Core::Get(get) = &step.core {
            let name = get.get.as_str();
            let artifact = if get.resource.is_some() { name.to_owned() } else { resource(name) };
            map.insert("artifact".to_owned(), artifact.into());
        }
        variables(map);
    }
    value
}

/// The variables of a task in one place, and named as such: those of the step are laid over those of its config.
fn variables(map: &mut Map<String, Value>) {
    let mut env = Map::new();
    if let Some(Value::Object(config)) = map.get_mut("config") {
        if let Some(Value::Object(params)) = config.remove("params") {
            env.extend(params);
        }
        if let Some(Value::Object(params)) = map.remove("params") {
            env.extend(params);
        }
    }
    if !env.is_empty() {
        map.insert("env".to_owned(), env.into());
    }
}

fn nothing() -> Step {
    Core::Do { steps: Vec::new() }.into()
}
