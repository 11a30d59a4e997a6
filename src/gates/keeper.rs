//! *Keeper*: no job changes the gates at run time.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Diagnostics, Rule};

use super::facts::{Facts, as_found};

/// A step that sets a pipeline with gates could set it without them.
pub(super) fn check(facts: &[&Facts], diagnostics: &mut Diagnostics) {
    let all = || facts.iter().flat_map(|facts| &facts.sets);
    if all().next().is_none() {
        return;
    }
    let gated: BTreeSet<&str> = facts.iter().flat_map(|facts| &facts.gated_pipelines).map(String::as_str).collect();
    if gated.is_empty() {
        return;
    }
    for set in all().filter(|set| gated.contains(set.pipeline.as_str()) || set.pipeline.contains("((")) {
        let message = if set.pipeline.contains("((") {
            format!("the step could set any pipeline, also one with gates: `{}`", set.pipeline)
        } else {
            format!("the step sets the pipeline `{}`, and could set it without its gates", set.pipeline)
        };
        diagnostics.push(as_found(
            Diagnostic::new(Rule::SetPipelinePastGate, set.span, message)
                .note(format!("in {}", set.whom))
                .help("remove the step; `meta` in the fleet's file sets pipelines from what was reviewed"),
            set.is_rendered,
        ));
    }
}
