//! What a stage waits for: the stages of other projects in the same place.

use std::collections::BTreeSet;

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean, ticked};
use yaml_source::source::Span;
use yaml_source::yaml::Node;

use crate::project::stage::{Project, Stage, StageId};

use super::several::ProjectLayer;

/// Finds the stages that are needed, in each stage's own group and environment; where the other project has not that
/// group, in all that it has.
pub(super) fn resolve(project: &mut Project, layers: &[ProjectLayer], diagnostics: &mut Diagnostics) {
    let mut found: Vec<(StageId, Vec<(StageId, Span)>)> = Vec::new();
    for (chain_index, chain) in project.chains.iter().enumerate() {
        for (index, stage) in chain.stages.iter().enumerate() {
            let written = stage.origin.settings.at("/needs").and_then(Node::as_list).unwrap_or_default();
            let mut needed = Vec::new();
            for node in written {
                let Some(name) = node.as_str() else { continue };
                needed.extend(
                    of(project, &chain.project, stage, name, node.span, layers, diagnostics)
                        .into_iter()
                        .map(|id| (id, node.span)),
                );
            }
            if !needed.is_empty() {
                found.push((StageId { chain: chain_index, stage: index }, needed));
            }
        }
    }
    check_cycles(project, &found, diagnostics);
    for (id, needed) in found {
        let mut ids: Vec<StageId> = Vec::new();
        for (id, _) in needed {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        project.chains[id.chain].stages[id.stage].needs = ids;
    }
}

fn of(
    project: &Project,
    own: &str,
    stage: &Stage,
    name: &str,
    span: Span,
    layers: &[ProjectLayer],
    diagnostics: &mut Diagnostics,
) -> Vec<StageId> {
    let others = || layers.iter().map(|layer| layer.key.as_str()).filter(|key| *key != own);
    if !others().any(|key| key == name) {
        let help = match did_you_mean(name, others()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if layers.len() < 2 => {
                "put both projects under `projects` of one manifest: `needs` works only there".to_owned()
            }
            None => format!("there are {}", ticked(others())),
        };
        let message = if name == own {
            format!("`{name}` cannot wait for itself")
        } else {
            format!("the manifest has no other project `{name}`")
        };
        diagnostics.push(Diagnostic::new(Rule::UnknownProject, span, message).help(help));
        return Vec::new();
    }
    let in_place = |same_group: bool| -> Vec<StageId> {
        let chains = project.chains.iter().enumerate().filter(|(_, chain)| chain.project == name);
        chains
            .filter(|(_, chain)| !same_group || chain.group == stage.group)
            .flat_map(|(index, chain)| {
                let stages = chain.stages.iter().enumerate();
                stages
                    .filter(|(_, other)| other.environment == stage.environment)
                    .map(move |(place, _)| StageId { chain: index, stage: place })
            })
            .collect()
    };
    let has_group = project.chains.iter().any(|chain| chain.project == name && chain.group == stage.group);
    let needed = in_place(has_group);
    let elsewhere = needed.iter().find(|id| project.stage(**id).concourse != stage.concourse);
    let problem = match elsewhere {
        Some(id) => Some(format!("{} lives on another Concourse than {}", project.stage(*id).whom(), stage.whom())),
        None if needed.is_empty() => Some(format!("`{name}` has no stage where {} could wait for it", stage.whom())),
        None => None,
    };
    if let Some(message) = problem {
        diagnostics.push(
            Diagnostic::new(Rule::UnmetNeed, span, message)
                .help("write `needs` in `overrides`, for the stages where it holds"),
        );
        return Vec::new();
    }
    needed
}

/// A stage waits for those that it needs, and for the one before it in its chain: none of them may wait for it.
fn check_cycles(project: &Project, found: &[(StageId, Vec<(StageId, Span)>)], diagnostics: &mut Diagnostics) {
    let needed = |id: StageId| found.iter().filter(move |(of, _)| *of == id).flat_map(|(_, needed)| needed);
    for (id, wanted) in found {
        for (first, span) in wanted {
            let mut seen: BTreeSet<StageId> = BTreeSet::new();
            let mut open = vec![*first];
            while let Some(at) = open.pop() {
                if !seen.insert(at) {
                    continue;
                }
                open.extend(needed(at).map(|(id, _)| *id));
                open.extend(at.stage.checked_sub(1).map(|stage| StageId { stage, ..at }));
            }
            if seen.contains(id) {
                let (stage, other) = (project.stage(*id), project.stage(*first));
                diagnostics.push(
                    Diagnostic::new(
                        Rule::NeedsCycle,
                        *span,
                        format!("{} and {} wait for one another", stage.whom(), other.whom()),
                    )
                    .help("remove one of the `needs`"),
                );
                return;
            }
        }
    }
}
