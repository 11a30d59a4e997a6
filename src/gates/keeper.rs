//! *Keeper*: no job changes the gates at run time.

use std::collections::BTreeSet;

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use super::facts::{Facts, as_found};

/// A step that sets a pipeline with gates could set it without them. So could one that sets the pipeline of `meta`, which
/// sets the pipelines with gates.
pub(super) fn check(facts: &[&Facts], diagnostics: &mut Diagnostics) {
    let all = || facts.iter().flat_map(|facts| &facts.sets);
    if all().next().is_none() {
        return;
    }
    let gated: BTreeSet<&str> = facts.iter().flat_map(|facts| &facts.gated_pipelines).map(String::as_str).collect();
    if gated.is_empty() {
        return;
    }
    let is_unknown = |name: &str| name.contains("((");
    let keepers = facts.iter().flat_map(|facts| &facts.keepers);
    let keepers: BTreeSet<&str> = keepers
        .filter(|keeper| gated.contains(keeper.sets.as_str()) || is_unknown(&keeper.sets))
        .map(|keeper| keeper.name.as_str())
        .collect();
    for set in all() {
        let message = match set.pipeline.as_deref() {
            None => "the step could set any pipeline, also one with gates".to_owned(),
            Some(name) if gated.contains(name) => {
                format!("the step sets the pipeline `{name}`, and could set it without its gates")
            }
            Some(name) if keepers.contains(name) => {
                format!("the step sets the pipeline `{name}`, which sets pipelines with gates")
            }
            Some(_) => continue,
        };
        diagnostics.push(as_found(
            Diagnostic::new(Rule::SetPipelinePastGate, set.span, message)
                .note(format!("in {}", set.whom))
                .help("remove the step; `meta` in the fleet's file sets pipelines from what was reviewed"),
            set.is_rendered,
        ));
    }
}
