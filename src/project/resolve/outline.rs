//! The stages of a chain before they are filled in: their settings as layers leave them, their Concourse, their gate.

use std::sync::Arc;

use yaml_source::diagnostic::{Diagnostic, Rule, did_you_mean, ticked};
use yaml_source::yaml::{Node, decode};

use crate::manifest::{FileShape, GateWord, merge};
use crate::project::chain::ChainOutline;
use crate::project::stage::Gate;

use super::Resolver;

/// A stage of which no more is known than its place, its settings as they were written, and its gate.
pub(super) struct StageOutline {
    pub(super) environment: String,
    /// Shared by the stages that have no overrides.
    pub(super) settings: Arc<Node>,
    pub(super) gate: Gate,
    pub(super) concourse: usize,
}

impl Resolver<'_, '_> {
    /// The stages of a chain, with their settings as they were written and their gates.
    pub(super) fn outline(&mut self, chain: &ChainOutline) -> Vec<StageOutline> {
        let base = Arc::new(self.only(FileShape::is_stage_setting));
        let overrides = self.layer.node.at("/overrides").and_then(Node::as_map);
        let mut outlines: Vec<StageOutline> = Vec::new();
        for (index, environment) in chain.environments.iter().enumerate() {
            let mut settings = Arc::clone(&base);
            let stage_name = chain.stage_name(environment);
            let mut selectors = vec![environment.as_str()];
            if let Some(group) = &chain.group {
                selectors.push(group);
                selectors.push(&stage_name);
            }
            for selector in selectors {
                if let Some(over) = overrides.and_then(|map| map.get(selector)) {
                    self.check_kind_kept(&settings, over);
                    settings = Arc::new(merge(&settings, over));
                }
            }
            let concourse = self.concourse(&settings);
            let gate = self.gate(&settings, chain, index);
            let crosses = outlines.last().is_some_and(|before| before.concourse != concourse);
            if crosses && matches!(gate, Gate::None | Gate::Manual) {
                let span = settings.at("/gate").map_or_else(|| self.begin(), |node| node.span);
                let word = if gate == Gate::None { "none" } else { "manual" };
                self.diagnostics.push(
                    Diagnostic::new(
                        Rule::GateCannotCross,
                        span,
                        format!("`{word}` cannot bring a version to `{environment}` from another Concourse"),
                    )
                    .help("write `gate: issue` or `gate: preview`: only an issue can"),
                );
            }
            outlines.push(StageOutline { environment: environment.clone(), settings, gate, concourse });
        }
        outlines
    }

    fn check_kind_kept(&mut self, settings: &Node, over: &Node) {
        let kind = |node: &Node| Some(node.at("/stack")?.as_map()?.entries().first()?.clone());
        if let (Some(kept), Some(other)) = (kind(settings), kind(over))
            && kept.key != other.key
        {
            self.diagnostics.push(
                Diagnostic::new(
                    Rule::SeveralKinds,
                    other.key_span,
                    format!("`{}` is deployed by `{}`, not by `{}`", self.label(), kept.key, other.key),
                )
                .also(kept.key_span, "said here")
                .help("write options of the same kind, or make another project for the other kind"),
            );
        }
    }

    fn concourse(&mut self, settings: &Node) -> usize {
        let Some(node) = settings.at("/concourse") else { return 0 };
        let Some(name) = node.as_str() else { return 0 };
        let known: Vec<&str> = self.fleet.concourses.iter().filter_map(|concourse| concourse.name.as_deref()).collect();
        if let Some(index) = self.fleet.concourses.iter().position(|concourse| concourse.name.as_deref() == Some(name))
        {
            return index;
        }
        let help = match did_you_mean(name, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if known.is_empty() => "name it in the fleet's `concourses`".to_owned(),
            None => format!("it has {}", ticked(known)),
        };
        self.diagnostics.push(
            Diagnostic::new(Rule::UnknownConcourse, node.span, format!("the fleet has no Concourse `{name}`"))
                .help(help),
        );
        0
    }

    fn gate(&mut self, settings: &Node, chain: &ChainOutline, index: usize) -> Gate {
        let first = index == 0;
        let environment = &chain.environments[index];
        let Some(node) = settings.at("/gate") else {
            let listed = self.layer.node.at("/environments").and_then(Node::as_list).unwrap_or_default();
            // One that appears twice has been reported.
            if first
                && chain.environments.len() == 1
                && !listed.iter().any(|item| self.diagnostics.speaks_of(item.span))
            {
                let whom = self.label().to_owned();
                self.diagnostics.push(
                    Diagnostic::new(
                        Rule::GateMissing,
                        self.layer.node.entry_at("/environments").map_or_else(|| self.begin(), |entry| entry.key_span),
                        format!("`{whom}` has a single stage, `{}`, and no `gate`", chain.stage_name(environment)),
                    )
                    .help("write `gate: preview` to see first what a deployment would change, `gate: manual` to start it by hand, or `gate: none` to deploy every commit"),
                );
            }
            return if first { Gate::None } else { Gate::Issue };
        };
        let word = decode::<GateWord>(node).ok();
        match word {
            Some(GateWord::None) => Gate::None,
            Some(GateWord::Manual) => Gate::Manual,
            Some(GateWord::Preview) => Gate::Preview,
            Some(GateWord::Issue) if !first => Gate::Issue,
            None => {
                if first {
                    Gate::None
                } else {
                    Gate::Issue
                }
            }
            Some(GateWord::Issue) => {
                let everywhere = self.layer.node.at("/gate").is_some_and(|base| base.span == node.span);
                let label = if everywhere {
                    format!("holds for every environment of `{}`, the first one too", self.label())
                } else {
                    format!("`{environment}` is the first of its chain")
                };
                let help = if everywhere {
                    format!(
                        "remove it, for `issue` is the default of all others, or add `overrides: {{{environment}: {{gate: none}}}}`"
                    )
                } else {
                    "remove it: `issue` is the default of all others".to_owned()
                };
                self.diagnostics.push(
                    Diagnostic::new(
                        Rule::IssueGateFirst,
                        node.span,
                        format!("nothing comes before `{environment}` that could open its issue"),
                    )
                    .label(label)
                    .help(help),
                );
                Gate::None
            }
        }
    }
}

/// Does the deployment of a stage open the gate of the next?
pub(super) fn opens_gate(outlines: &[StageOutline], index: usize) -> bool {
    outlines.get(index + 1).is_some_and(|next| match next.gate {
        Gate::Issue => true,
        Gate::Preview => next.concourse != outlines[index].concourse,
        Gate::None | Gate::Manual => false,
    })
}
