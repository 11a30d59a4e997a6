//! What the steps of a scenario mean: names of people become names of the model.

use std::collections::BTreeMap;

use promotion_verify::{Deed, GateId, Player, StageId};

use crate::verify::ChainNames;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean, one_of};
use yaml_source::source::Span;
use yaml_source::yaml::Node;

use super::Scenario;
use super::fields::{ClosedAs, StepFields};

/// The verbs of steps.
const VERBS: [&str; 14] = [
    "commit",
    "push",
    "close",
    "reopen",
    "fail",
    "unchanged",
    "start",
    "rerun",
    "pause",
    "unpause",
    "set",
    "check",
    "continue",
    "expect",
];

/// The verbs of steps that a person does.
const OF_PEOPLE: [&str; 7] = ["close", "reopen", "start", "rerun", "pause", "unpause", "set"];

/// The verbs of Concourse itself.
const OF_CONCOURSE: [&str; 2] = ["check", "continue"];

/// What cannot be found, or cannot be told apart.
pub(super) struct Unknown {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Scenario {
    /// The node of a step.
    pub(super) fn step(&self, number: usize) -> &Node {
        self.node.at(&format!("/steps/{number}")).unwrap_or(&self.node)
    }

    /// The place of a field of a step.
    pub(super) fn place(&self, number: usize, field: &str) -> Span {
        let step = self.step(number);
        step.at(&format!("/{field}")).unwrap_or(step).span
    }

    /// Whether Concourse goes on by itself.
    pub(super) fn is_automatic(&self) -> bool {
        self.fields.automatic.unwrap_or(true)
    }

    /// Each step does one thing, and has no word that belongs to another one.
    pub(super) fn check_steps(&self, diagnostics: &mut Diagnostics) {
        for number in 0..self.fields.steps.len() {
            let step = self.step(number);
            let has = |key: &str| step.as_map().and_then(|map| map.entry(key));
            let verbs: Vec<&str> = VERBS.into_iter().filter(|verb| has(verb).is_some()).collect();
            let mut wrong = |span, message: String, help: &str| {
                diagnostics.push(Diagnostic::new(Rule::ImpossibleStep, span, message).help(help));
            };
            match verbs.as_slice() {
                [] => wrong(
                    step.span,
                    "this step does nothing".to_owned(),
                    "write what happens, such as `commit: RESOURCE`, `close: ISSUE` or `expect: {…}`",
                ),
                [verb] => {
                    for (word, allowed) in
                        [("as", &["close"][..]), ("by", &OF_PEOPLE[..]), ("reversed", &["continue"][..])]
                    {
                        if let Some(entry) = has(word)
                            && !allowed.contains(verb)
                        {
                            let help = format!("remove it, or use it with {}", one_of(allowed));
                            wrong(entry.key_span, format!("`{verb}` takes no `{word}`"), &help);
                        }
                    }
                    if self.is_automatic() && OF_CONCOURSE.contains(verb) {
                        let message = format!("Concourse does `{verb}` by itself here");
                        wrong(
                            step.span,
                            message,
                            "remove the step, or write `automatic: false` at the top of the file",
                        );
                    }
                }
                [first, second, ..] => wrong(
                    step.span,
                    format!("this step does two things: `{first}` and `{second}`"),
                    "write one step for each",
                ),
            }
        }
    }
}

/// Somebody whose name is not known.
const SOMEBODY: &str = "a person";

/// Who does a step.
pub(super) fn who(step: &StepFields) -> &str {
    step.by.as_deref().unwrap_or(SOMEBODY)
}

/// What a step does, and the field that says so. None of an expectation.
pub(super) fn deed(
    step: &StepFields,
    names: &ChainNames,
    player: &Player<'_, ChainNames>,
) -> Result<Option<(&'static str, Deed)>, Unknown> {
    let resource = |name: &String| find(&names.resources, name, "resource");
    let job = |name: &String| find(&names.jobs, name, "job");
    let StepFields { commit, push, close, reopen, fail, unchanged, start, rerun, pause, unpause, check, .. } = step;
    let found = if let Some(name) = commit {
        let found = resource(name)?;
        if !names.repositories.contains(&found) {
            return Err(Unknown {
                message: format!("`{name}` is not a git resource"),
                help: Some(format!("write `push: {name}`")),
            });
        }
        ("commit", Deed::Land(found))
    } else if let Some(name) = push {
        let found = resource(name)?;
        if names.repositories.contains(&found) {
            return Err(Unknown {
                message: format!("`{name}` is a git resource"),
                help: Some(format!("write `commit: {name}`")),
            });
        }
        ("push", Deed::Land(found))
    } else if let Some(name) = close {
        match step.r#as.unwrap_or_default() {
            ClosedAs::Completed => ("close", Deed::Close(open_gate(names, name, player)?)),
            ClosedAs::NotPlanned => ("close", Deed::Reject(open_gate(names, name, player)?)),
        }
    } else if let Some(name) = reopen {
        ("reopen", Deed::Reopen(GateId(among(&names.of_gates, name, "issue", |at| player.is_closed(GateId(at)))?)))
    } else if let Some(name) = fail {
        ("fail", Deed::Fail(job(name)?))
    } else if let Some(name) = unchanged {
        ("unchanged", Deed::Unchanged(job(name)?))
    } else if let Some(name) = start {
        ("start", Deed::Start(job(name)?))
    } else if let Some(name) = pause {
        ("pause", Deed::Pause(job(name)?))
    } else if let Some(name) = unpause {
        ("unpause", Deed::Unpause(job(name)?))
    } else if let Some(name) = rerun {
        let (job, number) = build(names, name)?;
        ("rerun", Deed::Rerun { job, number })
    } else if let Some(name) = check {
        ("check", Deed::Check(resource(name)?))
    } else if let Some(name) = &step.r#continue {
        let (job, number) = build(names, name)?;
        ("continue", Deed::Continue { job, number, is_reversed: step.reversed })
    } else if step.set.is_empty() {
        return Ok(None);
    } else {
        ("set", Deed::Set)
    };
    Ok(Some(found))
}

/// A job and the number of a build: `deploy-qa/1`.
fn build(names: &ChainNames, text: &str) -> Result<(String, usize), Unknown> {
    let parsed = text.rsplit_once('/').and_then(|(job, number)| Some((job, number.parse().ok()?)));
    let Some((job, number)) = parsed else {
        return Err(Unknown {
            message: format!("`{text}` is not a build"),
            help: Some("write the job and the number of the build, such as `deploy-qa/1`".to_owned()),
        });
    };
    Ok((find(&names.jobs, job, "job")?, number))
}

/// The gate of an issue. A gate that was renamed has the same names as before: the one with an open issue is meant.
pub(super) fn open_gate(names: &ChainNames, name: &str, player: &Player<'_, ChainNames>) -> Result<GateId, Unknown> {
    among(&names.of_gates, name, "issue", |at| player.is_open(GateId(at))).map(GateId)
}

/// A stage. The pipeline that is set decides between two stages of one name.
pub(super) fn stage(names: &ChainNames, name: &str, player: &Player<'_, ChainNames>) -> Result<StageId, Unknown> {
    among(&names.of_stages, name, "stage", |at| player.has_stage(StageId(at))).map(StageId)
}

/// A job, as the model knows it.
pub(super) fn job(names: &ChainNames, name: &str) -> Result<String, Unknown> {
    find(&names.jobs, name, "job")
}

/// The name in the model. Where several pipelines are played, their names stand before a slash, and can be left out.
fn find(known: &BTreeMap<String, String>, name: &str, noun: &str) -> Result<String, Unknown> {
    let exact = known.iter().filter(|(_, shown)| *shown == name);
    let loose = known.iter().filter(|(_, shown)| shown.rsplit_once('/').is_some_and(|(_, own)| own == name));
    let mut found: Vec<(&String, &String)> = exact.collect();
    if found.is_empty() {
        found = loose.collect();
    }
    match found.as_slice() {
        [(short, _)] => Ok((*short).clone()),
        [] => Err(unknown(noun, name, known.values().map(String::as_str))),
        several => Err(ambiguous(noun, name, several.iter().map(|(_, shown)| shown.as_str()))),
    }
}

/// The number of what has a name among others. Where several have it, `is_meant` decides.
fn among(known: &[Vec<String>], name: &str, noun: &str, is_meant: impl Fn(usize) -> bool) -> Result<usize, Unknown> {
    let mut found: Vec<usize> = (0..known.len()).filter(|at| known[*at].iter().any(|known| known == name)).collect();
    if found.len() > 1 && found.iter().any(|at| is_meant(*at)) {
        found.retain(|at| is_meant(*at));
    }
    match found.as_slice() {
        [at] => Ok(*at),
        [] => Err(unknown(noun, name, known.iter().flatten().map(String::as_str))),
        several => Err(ambiguous(noun, name, several.iter().filter_map(|at| Some(known[*at].first()?.as_str())))),
    }
}

fn unknown<'k>(noun: &str, name: &str, known: impl Iterator<Item = &'k str>) -> Unknown {
    let known: Vec<&str> = known.collect();
    let help = match did_you_mean(name, known.iter().copied()) {
        Some(meant) => Some(format!("did you mean `{meant}`?")),
        None if known.is_empty() => None,
        None => Some(format!("write one of these: {}", one_of(&known[..known.len().min(MOST)]))),
    };
    Unknown { message: format!("no {noun} of these pipelines is named `{name}`"), help }
}

fn ambiguous<'k>(noun: &str, name: &str, known: impl Iterator<Item = &'k str>) -> Unknown {
    let known: Vec<&str> = known.collect();
    Unknown {
        message: format!("`{name}` can be more than one {noun}"),
        help: Some(format!("write {}", one_of(&known))),
    }
}

/// So many names are listed.
const MOST: usize = 8;
