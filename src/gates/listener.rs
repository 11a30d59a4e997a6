//! *Listener*: a gate that a job waits for is written by another job.
//!
//! That a promise is kept by a job that waits is the lint `issue-without-listener`.

use std::collections::{BTreeSet, HashSet};

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean};

use super::facts::{Facts, GateName};

/// The writer may be in a pipeline that this run does not see. So a gate is only reported when the run has other gates of
/// its project.
pub(super) fn check(facts: &[&Facts], diagnostics: &mut Diagnostics) {
    let written = || facts.iter().flat_map(|facts| &facts.writers).map(|writer| writer.gate.as_ref());
    let known: HashSet<&GateName> = written().collect();
    let consumers = facts.iter().flat_map(|facts| &facts.consumers);
    let mut waiting = consumers.filter(|consumer| !known.contains(consumer.gate.as_ref())).peekable();
    // All of a run are put in order only for a message.
    let written: BTreeSet<&GateName> = if waiting.peek().is_some() { written().collect() } else { BTreeSet::new() };
    for consumer in waiting {
        let gate = consumer.gate.as_ref();
        let project = gate.key.split('/').next().unwrap_or_default();
        let is_of_project = |other: &&&GateName| {
            let rest = other.key.strip_prefix(project);
            other.place == gate.place && rest.is_some_and(|rest| rest.starts_with('/'))
        };
        let known: Vec<&str> = written.iter().filter(is_of_project).map(|other| other.key.as_str()).collect();
        if known.is_empty() {
            continue;
        }
        let meant = did_you_mean(&gate.key, known).map(|meant| format!("did you mean `{meant}`?"));
        diagnostics.push(
            Diagnostic::new(Rule::UnwrittenGate, consumer.span, format!("no job writes the gate `{}`", gate.key))
                .label(format!("`{}` never starts", consumer.job.name))
                .help(meant.unwrap_or_else(|| "write the record of that gate, or wait for another one".to_owned())),
        );
    }
}
