//! Reports the differences between a pipeline and its manifest: those that are expected with their reasons, and the others
//! as not carried over.

use serde_json::Value as Json;
use yaml_source::diagnostic::{Count, Diagnostic, Diagnostics, Rule, visible};
use yaml_source::source::Span;
use yaml_source::yaml::{Node, NodeKind};

use crate::import::compare::differences::FoundDifference;
use crate::import::compare::tree::Difference;
use crate::manifest::is_secret_in_clear;

use super::gaps::Lost;

/// The expected differences: name, reason, and where.
pub(crate) fn expected(
    differences: &[FoundDifference],
    added: &[(&'static str, &'static str, String)],
) -> Vec<(&'static str, &'static str, Vec<String>)> {
    let mut found: Vec<(&'static str, &'static str, Vec<String>)> = Vec::new();
    let meant = differences.iter().filter_map(|found| Some((found.expected?, &found.difference)));
    let meant = meant.map(|(expected, difference)| (expected.name, expected.why, subject(&difference.at)));
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

/// Reports what is not carried over, and returns it.
pub(crate) fn not_carried_over(
    differences: &[FoundDifference],
    outside: &[&str],
    pipeline: &Node,
    diagnostics: &mut Diagnostics,
) -> Vec<Lost> {
    let mut lost = Vec::new();
    // A job as a whole was reported with its reason, and what is left without it is no news.
    let is_news = |at: &[String]| !matches!(at, [list, job, ..] if list == "jobs" && outside.contains(&job.as_str()));
    let unexpected = differences.iter().filter(|found| found.expected.is_none()).map(|found| &found.difference);
    let mut groups: Vec<Vec<&Difference>> = Vec::new();
    for difference in unexpected.filter(|difference| is_news(&difference.at)) {
        match groups.iter_mut().find(|group| is_alike(group[0], difference)) {
            Some(group) => group.push(difference),
            None => groups.push(vec![difference]),
        }
    }
    for group in groups {
        let Difference { at, theirs, ours } = group[0];
        let span = place(pipeline, at).unwrap_or(pipeline.span);
        let what = what(at);
        let key = at.last().map_or("", String::as_str);
        let message = match (theirs, ours) {
            (_, Json::Null) => format!("{what} is not carried over"),
            (Json::Null, _) => format!("{what} comes besides"),
            _ => format!("{what} comes out otherwise"),
        };
        let jobs = group.iter().filter_map(|difference| match difference.at.as_slice() {
            [list, job, ..] if list == "jobs" => Some(Some(job.clone())),
            _ => None,
        });
        let mut jobs: Vec<Option<String>> = jobs.collect();
        jobs.dedup();
        if jobs.is_empty() {
            jobs.push(None);
        }
        let text = format!("{message}; {}", help(at));
        lost.extend(jobs.into_iter().map(|job| Lost { job, text: text.clone() }));
        let mut diagnostic = Diagnostic::new(Rule::NotCarriedOver, span, message);
        if !theirs.is_null() && !ours.is_null() || theirs.is_null() {
            diagnostic = diagnostic.note(format!("as {}", shown(key, ours)));
        }
        if let Some(note) = others(&group[1..]) {
            diagnostic = diagnostic.note(note);
        }
        diagnostics.push(diagnostic.help(help(at)));
    }
    lost
}

/// Is it the same difference, in another place?
fn is_alike(a: &Difference, b: &Difference) -> bool {
    // Of a step what it does, and not what it is called.
    let kind = |at: &'_ [String]| -> Vec<String> {
        let verb = |part: &String| part.split(' ').next().unwrap_or_default().to_owned();
        match at {
            [list, _, part, step, rest @ ..] if list == "jobs" && part == "plan" && !rest.is_empty() => {
                [list.clone(), part.clone(), verb(step)].into_iter().chain(rest.iter().cloned()).collect()
            }
            [list, _, rest @ ..] if !rest.is_empty() => {
                [list.clone()].into_iter().chain(rest.iter().cloned()).collect()
            }
            whole => whole.to_vec(),
        }
    };
    a.theirs == b.theirs && a.ours == b.ours && kind(&a.at) == kind(&b.at)
}

/// Where else, in a line.
fn others(group: &[&Difference]) -> Option<String> {
    const SHOWN: usize = 3;
    let mut names: Vec<&str> = group.iter().filter_map(|difference| difference.at.get(1).map(String::as_str)).collect();
    names.dedup();
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(SHOWN);
    match (shown.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(format!("so is that of {}", shown.join(", "))),
        (false, more) => Some(format!("so is that of {} and {}", shown.join(", "), Count(more, "other"))),
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
        ["prototypes", ..] => "a manifest has none: it is an experimental feature of Concourse",
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
pub(crate) fn job_span(pipeline: &Node, name: &str) -> Span {
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
            let value = |key: &str| map.get(key).and_then(Node::as_str);
            if value(verb).is_some() && (value("resource").or(value(verb)) == Some(name) || value(verb) == Some(name)) {
                return Some(node);
            }
            map.entries().iter().find_map(|entry| find_step(&entry.value, verb, name))
        }
        NodeKind::List(items) => items.iter().find_map(|item| find_step(item, verb, name)),
        _ => None,
    }
}
