//! *Former*: a former name of a handwritten gate, or of the stage that it leads to, is nobody's name today, and no other one had
//! it. Approvals of a former name count: where it is another one's, an approval of the one deploys the other.

use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::Repository;
use concourse_pipeline::issues::{IssueMark, IssueSource};
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::Span;
use yaml_source::yaml::Value;

use super::model::{Job, Pipeline, Resource};

/// What has a name today, and had others before: all that is called so, in words, and the field with the former names.
struct Named<'p> {
    what: &'static str,
    field: &'static str,
    place: Repository,
    name: &'p str,
    former: Vec<&'p str>,
    span: Span,
}

/// Over pipelines that are judged together. Those of manifests are judged where the names are written.
pub(super) fn check(pipelines: &[Pipeline<'_>], diagnostics: &mut Diagnostics) {
    let handwritten = pipelines.iter().filter(|pipeline| !pipeline.jobs.iter().all(Job::is_rendered));
    let named: Vec<Named<'_>> = handwritten.flat_map(|pipeline| pipeline.resources.values()).flat_map(names).collect();
    if named.iter().all(|named| named.former.is_empty()) {
        return;
    }
    let current: BTreeSet<(&str, &Repository, &str)> =
        named.iter().map(|named| (named.what, &named.place, named.name)).collect();
    let mut claimed: BTreeMap<(&str, &Repository, &str), &Named<'_>> = BTreeMap::new();
    // The two resources of a gate list the same names.
    let mut reported: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
    for own in &named {
        let Named { what, field, name, span, .. } = own;
        for former in own.former.iter().filter(|former| *former != name) {
            let key = (*what, &own.place, *former);
            let first = *claimed.entry(key).or_insert(own);
            let found = if current.contains(&key) {
                let message =
                    format!("`{former}` is a former name of the {what} `{name}`, and the name of a {what} today");
                Diagnostic::new(Rule::GateCollision, *span, message)
            } else if first.name != *name {
                let message = format!("the {what}s `{}` and `{name}` have the same former name `{former}`", first.name);
                Diagnostic::new(Rule::GateCollision, *span, message).also(first.span, "the other")
            } else {
                continue;
            };
            if reported.insert((*what, *name, *former)) {
                diagnostics.push(
                    found
                        .note("an approval of the one would deploy the other")
                        .help(format!("remove `{former}` from `{field}`")),
                );
            }
        }
    }
}

/// The gate of a resource, and the stage that the gate leads to.
fn names<'p>(resource: &Resource<'p>) -> Vec<Named<'p>> {
    let Some(id) = resource.issue.as_ref().and_then(IssueSource::id) else { return Vec::new() };
    let IssueMark::Gate(gate) = id.mark else { return Vec::new() };
    let of = |what, field, name| {
        let former = match resource.source.get(field) {
            Some(Value::List(items)) => items.iter().filter_map(text).collect(),
            _ => Vec::new(),
        };
        Named { what, field, place: id.repository.clone(), name, former, span: resource.span }
    };
    let stage = resource.source.text("destination").map(|stage| of("stage", "former_destinations", stage));
    [of("gate", "gate_aliases", gate)].into_iter().chain(stage).collect()
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}
