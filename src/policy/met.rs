//! Entries of a fleet that are for no stage.

use std::collections::BTreeSet;

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::Span;

use crate::project::Fleet;

use super::stages::MeantStages;

/// The entries of a fleet that are for some stage, by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Met {
    pub(super) policy: BTreeSet<usize>,
    pub(super) freezes: BTreeSet<usize>,
}

impl Met {
    /// Reports the entries of a fleet that are for no stage of all its manifests.
    pub(crate) fn check(all: &[&Self], fleet: &Fleet, diagnostics: &mut Diagnostics) {
        for (number, floor) in fleet.policy.iter().enumerate() {
            if !all.iter().any(|met| met.policy.contains(&number)) {
                for_no_stage(&floor.meant, "policy", floor.span, diagnostics);
            }
        }
        for (number, freeze) in fleet.freezes.iter().enumerate() {
            if !all.iter().any(|met| met.freezes.contains(&number)) {
                for_no_stage(&freeze.meant, "freeze", freeze.span, diagnostics);
            }
        }
    }
}

fn for_no_stage(meant: &MeantStages, what: &str, span: Span, diagnostics: &mut Diagnostics) {
    let Some(field) = meant.field() else { return };
    diagnostics.push(
        Diagnostic::new(Rule::UnmatchedPolicy, span, format!("no stage of the fleet matches `{field}`"))
            .label(format!("this {what} has no effect"))
            .help("correct the names; if the stages come later, allow the rule with that reason"),
    );
}
