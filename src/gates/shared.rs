//! *Shared*: one gate has one writer and one consumer, in one repository however its address is spelt.

use std::collections::BTreeMap;
use std::collections::hash_map::{Entry, HashMap};

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::Span;

use crate::lower::Author;

use concourse_pipeline::Repository;

use super::facts::{Facts, GateName, JobAt, Title, Use};
use super::model::{Job, Pipeline};

/// Within a pipeline.
pub(super) fn check(pipeline: &Pipeline<'_>, diagnostics: &mut Diagnostics) {
    for job in &pipeline.jobs {
        foreign_puts(job, pipeline, diagnostics);
    }
    foreign_gates(pipeline, diagnostics);
}

/// A put to the issue of a gate could record versions that nobody deployed, or use an approval up.
fn foreign_puts(job: &Job<'_>, pipeline: &Pipeline<'_>, diagnostics: &mut Diagnostics) {
    for (put, step) in job.puts() {
        if (step.author.is_brought() || step.author == Author::Extra) && pipeline.is_gates_own(put.resource) {
            diagnostics.push(
                Diagnostic::new(
                    Rule::StepPastGate,
                    step.span,
                    format!("the put to `{}` writes to the issue of a gate", put.resource),
                )
                .note(job.note())
                .help("write to an issue of your own, with another title"),
            );
        }
    }
}

/// A resource with the source of a gate's: what is put to it would be taken for the gate's records.
fn foreign_gates(pipeline: &Pipeline<'_>, diagnostics: &mut Diagnostics) {
    for (name, resource) in &pipeline.resources {
        let is_rendered = pipeline.jobs.iter().all(Job::is_rendered);
        if !is_rendered || resource.is_gates_own || !resource.may_speak_for_a_gate() {
            continue;
        }
        let mut stages = pipeline.jobs.iter().filter_map(Job::stage);
        let input = stages.next().and_then(|(stage, _)| stage.input_span(name));
        diagnostics.push(
            Diagnostic::new(
                Rule::GateCollision,
                input.unwrap_or(resource.span),
                format!("`{name}` has the source of a gate"),
            )
            .note(format!("in the pipeline `{}`", pipeline.name))
            .help("make gates by the word `gate`; for an issue of your own remove `gate` from its source"),
        );
    }
}

/// Over a run.
pub(super) fn check_run(facts: &[&Facts], diagnostics: &mut Diagnostics) {
    writers(facts, diagnostics);
    consumers(facts, diagnostics);
    titles(facts, diagnostics);
}

/// With one key, the approval of one project would deploy the other.
fn writers(facts: &[&Facts], diagnostics: &mut Diagnostics) {
    let mut first: HashMap<&GateName, (&JobAt, Span)> = HashMap::new();
    for Use { gate, job, span, .. } in facts.iter().flat_map(|facts| &facts.writers) {
        let (known, at) = match first.entry(gate) {
            Entry::Vacant(entry) => {
                entry.insert((job, *span));
                continue;
            }
            Entry::Occupied(entry) => *entry.get(),
        };
        if known.owner == job.owner || known.replaces(job) {
            continue;
        }
        let both = known.is_rendered && job.is_rendered;
        let (rule, message) = if both {
            (Rule::GateCollision, format!("two projects have the gate `{}`", gate.key))
        } else {
            (Rule::SharedGate, format!("two jobs write the gate `{}`", gate.key))
        };
        let found = Diagnostic::new(rule, *span, message);
        let found = if at == *span { found } else { found.also(at, "the other") };
        diagnostics.push(
            found
                .note(format!("in the repository {}", gate.place))
                .note("an approval of the one would deploy the other")
                .help(if both { "give each `project` a name of its own" } else { "give each its own `gate`" }),
        );
    }
}

/// A stage uses an approval up once: two jobs that claim for one stage would use up one another's approvals.
fn consumers(facts: &[&Facts], diagnostics: &mut Diagnostics) {
    let mut of_gate: HashMap<&GateName, &Use> = HashMap::new();
    // The first of each further destination.
    let mut further: HashMap<(&GateName, &str), &Use> = HashMap::new();
    for consumer in facts.iter().flat_map(|facts| &facts.consumers) {
        let Use { gate, destination, span, job } = consumer;
        let other = match of_gate.entry(gate) {
            Entry::Vacant(entry) => {
                entry.insert(consumer);
                continue;
            }
            Entry::Occupied(entry) => *entry.get(),
        };
        let is_further = other.destination != *destination;
        let known = if is_further { *further.entry((gate, destination)).or_insert(consumer) } else { other };
        if known.job.replaces(job) || other.job.replaces(job) {
            continue;
        }
        let (message, known) = if known.job.owner != job.owner || known.job.name != job.name {
            (format!("two jobs claim the approvals of `{}` for `{destination}`", gate.key), known)
        } else if is_further {
            (format!("the approvals of `{}` lead to two jobs", gate.key), other)
        } else {
            continue;
        };
        let both = known.job.is_rendered && job.is_rendered;
        let rule = if both { Rule::GateCollision } else { Rule::SharedGate };
        let found = Diagnostic::new(rule, *span, message);
        let found = if known.span == *span { found } else { found.also(known.span, "the other") };
        diagnostics.push(found.help("let each gate lead to one job"));
    }
}

/// An issue that somebody else writes under the title of a gate looks like the gate's to whoever approves.
fn titles(facts: &[&Facts], diagnostics: &mut Diagnostics) {
    let written = || facts.iter().flat_map(|facts| &facts.compat_titles);
    if written().next().is_none() {
        return;
    }
    let titles: BTreeMap<(&Repository, &str), &Title> = facts
        .iter()
        .flat_map(|facts| &facts.titles)
        .map(|title| ((&title.of.place, title.fixed.as_str()), title))
        .collect();
    for own in written() {
        let from = titles.range((&own.of.place, own.fixed.as_str())..);
        let mut alike = from.take_while(|((place, title), _)| {
            **place == own.of.place && title.starts_with(&own.fixed) && (!own.is_whole || *title == own.fixed)
        });
        let Some((_, gate)) = alike.next() else { continue };
        let both = own.is_rendered && gate.is_rendered;
        let rule = if both { Rule::GateCollision } else { Rule::SharedGate };
        diagnostics.push(
            Diagnostic::new(rule, own.span, format!("`{}` writes issues under the title of a gate", own.of.key))
                .label(if own.is_whole {
                    format!("the title \"{}\" is that of the gate `{}`", own.fixed, gate.of.key)
                } else {
                    format!("a title that begins with \"{}\" can be that of the gate `{}`", own.fixed, gate.of.key)
                })
                .note("people approve by the title, and could close the wrong issue")
                .help("give the issue another title, in `issue_title_template` and `issue_prefix`"),
        );
    }
}
