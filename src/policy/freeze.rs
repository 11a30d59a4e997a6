//! The fleet's freezes: times in which no approval starts a deployment.

use github_issues_resource::contract::calendar::Freeze;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::Span;
use yaml_source::yaml::Node;

use crate::manifest::{FreezeSettings, IssuesResource};
use crate::project::{Gate, Stage};

use super::Shortfall;
use super::stages::MeantStages;

/// One of a fleet's `freezes`.
#[derive(Debug)]
pub(crate) struct FleetFreeze {
    freeze: Freeze,
    pub(super) meant: MeantStages,
    pub(super) span: Span,
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

    /// Why approvals of a stage would not wait, though it is for that stage.
    pub(super) fn misses(&self, stage: &Stage) -> Option<Shortfall> {
        if !matches!(stage.gate, Gate::Issue | Gate::Preview) {
            return None;
        }
        if stage.issues.as_ref().is_some_and(|issues| issues.resource == IssuesResource::Mitodl) {
            let help = "write `resource: github-issues`, or name in the freeze the stages that it is for".to_owned();
            return Some((
                "/issues/resource",
                "has issues of a resource type that knows no freezes, so its approvals would not wait".to_owned(),
                help,
            ));
        }
        let is_named = self.meant.has_named(&stage.project, &stage.environment, &stage.stack);
        (!is_named).then(|| {
            let message =
                "deploys what the freeze is for under another name, so its approvals would not wait".to_owned();
            let help = "name the environment or the stack after what is deployed, or write their names into the freeze";
            ("/names/stack", message, help.to_owned())
        })
    }
}
