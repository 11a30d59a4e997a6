//! What is left of a difference between the pipeline that was read and that of its manifest.

use serde_json::Value as Json;

use crate::diagnostic::{Diagnostic, Diagnostics, Rule, visible};
use crate::manifest::is_secret_in_clear;
use crate::source::Span;
use crate::yaml::{Node, NodeKind};

use super::graph::{Difference, differences};
use super::named::{Known, Named, named};

/// A difference, and its name if it is meant.
#[derive(Debug)]
pub(super) struct Remains {
    pub(super) difference: Difference,
    pub(super) named: Option<&'static Named>,
}

/// The differences of two pipelines.
pub(super) fn remains(theirs: &Json, ours: &Json, known: &Known) -> Vec<Remains> {
    let found = differences(theirs, ours);
    found.into_iter().map(|difference| Remains { named: named(&difference, known), difference }).collect()
}

/// The differences that are meant: name, reason, and where.
pub(super) fn by_name(
    remains: &[Remains],
    added: &[(&'static str, &'static str, String)],
) -> Vec<(&'static str, &'static str, Vec<String>)> {
    let mut found: Vec<(&'static str, &'static str, Vec<String>)> = Vec::new();
    let meant = remains.iter().filter_map(|remains| Some((remains.named?, &remains.difference)));
    let meant = meant.map(|(named, difference)| (named.name, named.why, subject(&difference.at)));
    for (name, why, place) in meant.chain(added.iter().cloned()) {
        match found.iter_mut().find(|(known, ..)| *known == name) {
            Some((.., places)) if places.contains(&place) => {}
            Some((.., places)) => places.push(place),
            None => found.push((name, why, vec![place])),
        }
    }
    found
}

/// What a difference is of.
fn subject(at: &[String]) -> String {
    match at {
        [_, name, ..] => name.clone(),
        [only] => only.clone(),
        [] => String::new(),
    }
}

/// Reports what is not carried over.
pub(super) fn report(remains: &[Remains], outside: &[&str], pipeline: &Node, diagnostics: &mut Diagnostics) {
    for Remains { difference, .. } in remains.iter().filter(|remains| remains.named.is_none()) {
        let Difference { at, theirs, ours } = difference;
        // A job as a whole was reported with its reason, and what is left without it is no news.
        if at.first().is_some_and(|list| list == "jobs") && at.get(1).is_some_and(|job| outside.contains(&job.as_str()))
        {
            continue;
        }
        let span = place(pipeline, at).unwrap_or(pipeline.span);
        let what = what(at);
        let key = at.last().map_or("", String::as_str);
        let message = match (theirs, ours) {
            (_, Json::Null) => format!("{what} is not carried over"),
            (Json::Null, _) => format!("{what} comes besides"),
            _ => format!("{what} comes out otherwise"),
        };
        let mut diagnostic = Diagnostic::new(Rule::NotCarriedOver, span, message);
        if !theirs.is_null() && !ours.is_null() || theirs.is_null() {
            diagnostic = diagnostic.note(format!("as {}", shown(key, ours)));
        }
        diagnostics.push(diagnostic.help(help(at)));
    }
}

fn what(at: &[String]) -> String {
    let words: Vec<&str> = at.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["jobs", job] => format!("the job `{job}`"),
        ["jobs", job, "plan", step] | ["jobs", job, "plan", step, "get" | "put" | "task"] => {
            format!("the step `{step}` of `{job}`")
        }
        ["jobs", job, "plan", step, rest @ ..] => format!("`{}` of the step `{step}` of `{job}`", rest.join(".")),
        ["jobs", job, "order"] => format!("the order of the steps of `{job}`"),
        ["jobs", job, hook] => format!("`{hook}` of `{job}`"),
        ["jobs", job, rest @ ..] => format!("`{}` of `{job}`", rest.join(".")),
        ["resources", name] => format!("the resource `{name}`"),
        ["resources", name, rest @ ..] => format!("`{}` of the resource `{name}`", rest.join(".")),
        ["resource_types", name] => format!("the resource type `{name}`"),
        ["resource_types", name, rest @ ..] => format!("`{}` of the resource type `{name}`", rest.join(".")),
        rest => format!("`{}`", rest.join(".")),
    }
}

/// What to do about it.
fn help(at: &[String]) -> &'static str {
    let words: Vec<&str> = at.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["resource_types", ..] => "define it in the fleet's `resource_types`",
        ["jobs", _, "on_success" | "on_failure" | "on_error" | "on_abort" | "ensure", ..] => {
            "hooks of jobs are the program's; put the hook on a step, in a kind of your own or in `after`"
        }
        ["jobs", _, "plan", step, "params", ..] if step.starts_with("get ") => {
            "the code is fetched whole, since an approved commit is checked out of it"
        }
        ["jobs", _, "plan", step, "passed" | "trigger"] if step.starts_with("get ") => {
            "a stage takes what the stage before it deployed; see which jobs the pipeline is about, and whether another chain is meant"
        }
        ["resources", _, "source", ..] => "see whether it is needed; a manifest's `source` does not have it",
        ["var_sources" | "prototypes", ..] => "a manifest has none: configure it for the whole Concourse",
        _ => "see whether it is needed; `ol-pipegen diff` shows the rest of the way",
    }
}

fn shown(key: &str, value: &Json) -> String {
    let text = match value {
        Json::Null => return "nothing".to_owned(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    if is_secret_in_clear(key, &text) {
        return "something that is not shown".to_owned();
    }
    let text = visible(&text).into_owned();
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// The name of a job, where it stands.
pub(super) fn job_span(pipeline: &Node, name: &str) -> Span {
    item(pipeline, "jobs", name).map_or(pipeline.span, |item| item.at("/name").unwrap_or(item).span)
}

fn item<'n>(pipeline: &'n Node, list: &str, name: &str) -> Option<&'n Node> {
    let items = pipeline.at(&format!("/{list}"))?.as_list()?;
    items.iter().find(|item| item.at("/name").and_then(Node::as_str) == Some(name))
}

/// The nearest place of a difference that the pipeline has.
fn place(pipeline: &Node, at: &[String]) -> Option<Span> {
    let [list, name, rest @ ..] = at else {
        let key = at.first()?;
        return pipeline.entry_at(&format!("/{key}")).map(|entry| entry.key_span);
    };
    let item = item(pipeline, list, name)?;
    let mut span = item.at("/name").unwrap_or(item).span;
    let mut node = item;
    let mut rest = rest;
    if list == "jobs"
        && let [part, step, more @ ..] = rest
        && let Some((verb, of)) = step.split(" #").next().and_then(|step| step.split_once(' '))
    {
        let within = item.at(&format!("/{part}"))?;
        if let Some(found) = find_step(within, verb, of) {
            span = found.at(&format!("/{verb}")).unwrap_or(found).span;
            node = found;
            rest = more;
        }
    }
    for key in rest {
        let Some(entry) = node.as_map().and_then(|map| map.entry(key)) else { break };
        span = entry.key_span;
        node = &entry.value;
    }
    Some(span)
}

fn find_step<'n>(node: &'n Node, verb: &str, name: &str) -> Option<&'n Node> {
    match &node.kind {
        NodeKind::Map(map) => {
            let said = |key: &str| map.get(key).and_then(Node::as_str);
            if said(verb).is_some() && (said("resource").or(said(verb)) == Some(name) || said(verb) == Some(name)) {
                return Some(node);
            }
            map.entries().iter().find_map(|entry| find_step(&entry.value, verb, name))
        }
        NodeKind::List(items) => items.iter().find_map(|item| find_step(item, verb, name)),
        _ => None,
    }
}
