//! The fleet's freezes: times in which no approval starts a deployment.

use github_issues_resource::contract::calendar::Freeze;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::yaml::Node;

use crate::globs::Globs;
use crate::manifest::{FreezeSettings, Name};

/// One of a fleet's `freezes`.
#[derive(Debug)]
pub(crate) struct FleetFreeze {
    freeze: Freeze,
    environments: Vec<Name>,
    projects: Globs,
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
            let projects = Globs::of(&projects, node, "projects", diagnostics);
            found.push(Self { freeze, environments, projects });
        }
        found
    }

    /// Those of a fleet that hold a stage.
    pub(crate) fn of_stage(freezes: &[Self], project: &str, environment: &str) -> Vec<Freeze> {
        let is_for = |freeze: &&Self| {
            let mut environments = freeze.environments.iter();
            let is_environment =
                freeze.environments.is_empty() || environments.any(|name| name.0.eq_ignore_ascii_case(environment));
            is_environment && freeze.projects.allow(project)
        };
        freezes.iter().filter(is_for).map(|freeze| freeze.freeze.clone()).collect()
    }
}
