use std::collections::HashMap;

use serde_json::{Map, Value};
use yaml_source::yaml::IndexMap;

use crate::flow::is_check_of_approval;
use crate::model::{Core, Job, PutStep, Step};
use yaml_source::diagnostic::Rule;

use super::change::{Changes, Effect, Subject};
use super::compare::list;
use super::gates::{Gates, Reported};
use super::targets::Taken;
use super::values::{Difference, DifferenceKind, differences, json};
use super::words;

/// A step, alone: without those within it and behind it.
struct Alone<'s> {
    /// Where it stands: `in_parallel`, `on_failure of task build`.
    place: Vec<String>,
    /// What it is: `task build`.
    what: String,
    /// Which of those that are the same in name and place.
    nth: usize,
    /// What it says.
    fields: Value,
    /// The steps around it have an order.
    ordered: bool,
    /// The gates speak of it already.
    of_gate: bool,
    /// The put that it is.
    put: Option<&'s PutStep>,
    step: &'s Step,
}

/// Says how the steps of a job differ.
pub(super) fn compare(
    old: &Job,
    new: &Job,
    gates: &Gates<'_>,
    taken: &[Taken<'_>],
    subject: &Subject,
    changes: &mut Changes,
) {
    let reported = gates.reported(old, new);
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
    let mut moves: IndexMap<(Effect, String), Vec<&str>> = IndexMap::default();
    let company = (company(&old_steps), company(&new_steps));
    for (step, found) in new_steps.iter().zip(&mut matched) {
        if found.is_none() && !is_container(&step.what) {
            *found = moved.get_mut(step.what.as_str()).and_then(Vec::pop);
            let Some(before) = found.map(|index| &old_steps[index]) else { continue };
            if reported.waits_otherwise && step.put.is_some_and(|put| reported.writes_issue(put)) {
                continue;
            }
            let has_company = company.0[&hooks(&before.place)] > 1 && company.1[&hooks(&step.place)] > 1;
            if let Some(change) = moved_to(&before.place, &step.place, has_company) {
                moves.entry(change).or_default().push(&step.what);
            }
        }
    }
    for ((effect, message), steps) in moves {
        let names = steps.iter().map(|what| format!("the {what}")).collect::<Vec<_>>().join(", ");
        changes.push(effect, subject.clone(), format!("{names}: {message}"));
    }
    for (step, found) in new_steps.iter().zip(&matched) {
        let Some(index) = found else { continue };
        for difference in differences(&old_steps[*index].fields, &step.fields) {
            let is_told = taken.iter().any(|taken| taken.is(new.name.as_str(), &step.what, &difference));
            if is_told || step.put.is_some_and(|put| follows_from_gate(&difference, put, &reported)) {
                continue;
            }
            let mut change = words::change(subject.clone(), &described(step), &difference);
            // What an issue says of its approval stands in the put that opens it.
            if difference.path == ["params", "approve"] {
                let exact = step.fields["params"]["approve"].as_str().unwrap_or("exact") == "exact";
                change.effect = if exact { Effect::Stronger } else { Effect::Weaker };
            }
            changes.changes.push(change);
        }
    }
    for (step, found) in new_steps.iter().zip(&matched).filter(|(step, _)| !step.of_gate) {
        let before = found.map(|index| old_steps[index].step);
        for artifact in gates.unapproved_uses((old, new), before, step.step) {
            let message =
                format!("the {} uses {} now, of which no approval names a version", step.what, list([&*artifact]));
            changes.push(Effect::Weaker, subject.clone(), message).covers =
                Some((Rule::UnapprovedArtifact, Some(artifact)));
        }
    }
    let came = new_steps.iter().zip(&matched).filter(|(_, found)| found.is_none()).map(|(step, _)| step);
    let came = came.filter(|step| !step.put.is_some_and(|put| reported.is_new(put)));
    let mut gone: Vec<usize> = moved.into_values().flatten().collect();
    gone.sort_unstable();
    let gone = gone.iter().map(|index| &old_steps[*index]);
    let gone = gone.filter(|step| !step.put.is_some_and(|put| reported.is_gone(put)));
    whole("has", came, subject, changes);
    whole("no longer has", gone, subject, changes);
    order(&new_steps, &matched, subject, changes);
}

/// Whether a difference of a put follows from what is reported of its gate.
fn follows_from_gate(difference: &Difference, put: &PutStep, reported: &Reported<'_>) -> bool {
    match difference.path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["params", "ungated"] => reported.waits_otherwise && reported.writes_issue(put),
        ["params", "labels"] => {
            let of_promotion = |label: &String| label.starts_with("promotion-to-") || label == "finalized-deployment";
            let DifferenceKind::Items { added, removed } = &difference.kind else { return false };
            reported.promotes_otherwise(put)
                && added.iter().chain(removed).all(|label| of_promotion(label) || label == "deployed")
        }
        _ => false,
    }
}

/// Steps that came or went, the same ones of several hooks together.
fn whole<'s>(verb: &str, steps: impl Iterator<Item = &'s Alone<'s>>, subject: &Subject, changes: &mut Changes) {
    let mut places: IndexMap<&str, Vec<&str>> = IndexMap::default();
    for step in steps.filter(|step| !step.of_gate && !is_container(&step.what)) {
        places.entry(&step.what).or_default().extend(hook(step));
    }
    for (what, hooks) in places {
        let hooks = if hooks.is_empty() { String::new() } else { format!(" in {}", list(hooks)) };
        changes.push(Effect::Changed, subject.clone(), format!("{verb} the {what}{hooks}"));
    }
}

/// Steps of one place in another order.
fn order<'s>(steps: &'s [Alone<'s>], matched: &[Option<usize>], subject: &Subject, changes: &mut Changes) {
    // A `do` in a list of steps changes no order.
    let group = |step: &'s Alone<'s>| -> Vec<&'s str> {
        let parts = step.place.iter().map(String::as_str);
        let is_parallel = step.place.iter().any(|part| part == "in_parallel");
        parts.filter(|part| is_parallel || *part != "do").collect()
    };
    let mut last: HashMap<Vec<&str>, (usize, &Alone<'_>)> = HashMap::new();
    let mut harmless = false;
    for (step, index) in steps.iter().zip(matched) {
        let Some(index) = index else { continue };
        match last.get(&group(step)) {
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
            _ => _ = last.insert(group(step), (*index, step)),
        }
    }
    if harmless {
        changes.push(Effect::Order, subject.clone(), "steps are in another order, which changes nothing");
    }
}

/// What follows from another place of a step. Nothing where the step runs as before.
fn moved_to(old: &[String], new: &[String], has_company: bool) -> Option<(Effect, String)> {
    let is_within = |place: &[String], container| place.iter().any(|part| part == container);
    if hooks(old) != hooks(new) {
        let words = |place: &[String]| {
            let hooks = hooks(place);
            if hooks.is_empty() { "the plan".to_owned() } else { list(hooks) }
        };
        return Some((Effect::Changed, format!("moved from {} to {}", words(old), words(new))));
    }
    match (is_within(old, "try"), is_within(new, "try")) {
        (false, true) => return Some((Effect::Changed, "may fail now, and the build goes on (`try`)".to_owned())),
        (true, false) => {
            return Some((Effect::Changed, "ends the build now when it fails (no longer in `try`)".to_owned()));
        }
        _ => {}
    }
    match (is_within(old, "in_parallel"), is_within(new, "in_parallel")) {
        _ if !has_company => None,
        (false, true) => Some((Effect::Changed, "run at the same time now, before one after the other".to_owned())),
        (true, false) => Some((Effect::Changed, "run one after the other now, before at the same time".to_owned())),
        // Steps that lie in a `do` run one after the other as they do without it.
        (false, false) => Some((Effect::Order, "grouped otherwise".to_owned())),
        (true, true) => Some((Effect::Changed, "grouped with other steps".to_owned())),
    }
}

/// The hooks that a place lies in, from the outermost.
fn hooks(place: &[String]) -> Vec<&str> {
    place.iter().map(String::as_str).filter(|part| is_hook(part)).collect()
}

fn is_hook(part: &str) -> bool {
    part.starts_with("on_") || part.starts_with("ensure")
}

/// How many steps lie in the same hooks, by the hooks.
fn company<'s>(steps: &'s [Alone<'_>]) -> HashMap<Vec<&'s str>, usize> {
    let mut company = HashMap::new();
    for step in steps.iter().filter(|step| !is_container(&step.what)) {
        *company.entry(hooks(&step.place)).or_default() += 1;
    }
    company
}

/// The step in words, with the hook that it stands in.
fn described(step: &Alone<'_>) -> Vec<String> {
    let mut words = vec![step.what.clone()];
    words.extend(hook(step).map(|hook| format!("in `{hook}`")));
    words
}

/// The innermost hook that a step stands in.
fn hook<'s>(step: &'s Alone<'_>) -> Option<&'s str> {
    let mut places = step.place.iter().rev().map(String::as_str);
    places.find(|place| is_hook(place))
}

fn is_container(what: &str) -> bool {
    matches!(what, "do" | "in_parallel" | "try")
}

/// The steps of a job, one by one, each resource by the name that `resource` gives it.
fn flattened(job: &Job, resource: impl Fn(&str) -> String) -> Vec<Alone<'_>> {
    let mut steps = Vec::new();
    // A stack of its own: how deep steps lie in one another is the input's choice.
    let mut open: Vec<(Vec<String>, bool, &Step)> = Vec::new();
    for (hook, step) in job.hooks().into_iter().rev() {
        open.extend(step.map(|step| (vec![hook.to_owned()], true, step)));
    }
    open.extend(job.plan.iter().rev().map(|step| (Vec::new(), true, step)));
    let mut seen: HashMap<(Vec<String>, String), usize> = HashMap::new();
    while let Some((place, ordered, step)) = open.pop() {
        let what = what(step, &resource);
        for (hook, inner) in step.hooks().into_iter().rev() {
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
        let put = if let Core::Put(put) = &step.core { Some(put) } else { None };
        steps.push(Alone {
            put,
            step,
            nth: *nth,
            fields: fields(step, &resource),
            of_gate: of_gate(step),
            place,
            what,
            ordered,
        });
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
fn fields(step: &Step, resource: &impl Fn(&str) -> String) -> Value {
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
            // The name of the artifact is compared, however it is written.
            left_out = &["resource", "get"];
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
