//! The fleet's freezes: times in which no approval starts a deployment.

use github_issues_resource::contract::calendar::Freeze;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::Span;
use yaml_source::yaml::Node;

use crate::manifest::FreezeSettings;
use crate::meant::MeantStages;

/// One of a fleet's `freezes`.
#[derive(Debug)]
pub(crate) struct FleetFreeze {
    freeze: Freeze,
    pub(crate) meant: MeantStages,
    pub(crate) span: Span,
}

impl FleetFreeze {
    /// The entries of `freezes`. One that ends before it begins is reported.
    pub(crate) fn all(freezes: Vec<FreezeSettings>, fleet: &Node, diagnostics: &mut Diagnostics) -> Vec<Self> {
        let nodes = fleet.at("/freezes").and_then(Node::as_list).unwrap_or_default();
        let mut found = Vec::new();
        for (settings, node) in freezes.into_iter().zip(nodes) {
            let FreezeSettings { from, to, zone, why, environments, projects } = settings;
            let freeze = Freeze { from, to, zone, why };
            if !freeze.is_some_time() {
                let span = node.at("/to").unwrap_or(node).span;
                diagnostics.push(
                    Diagnostic::new(Rule::WrongType, span, "the freeze ends before it begins")
                        .help("write in `to` the first moment after the freeze"),
                );
            }
            let meant = MeantStages::of(environments, &projects, &[], node, diagnostics);
            found.push(Self { freeze, meant, span: node.span });
        }
        found
    }

    /// Those of a fleet that hold a stage, by its names.
    pub(crate) fn of_stage(freezes: &[Self], project: &str, environment: &str, stack: &str) -> Vec<Freeze> {
        let held = freezes.iter().filter(|freeze| freeze.meant.has_named(project, environment, stack));
        held.map(|freeze| freeze.freeze.clone()).collect()
    }
}
