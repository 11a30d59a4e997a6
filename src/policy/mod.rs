//! What a fleet asks of stages, and their manifests cannot take back: its `policy` and its `freezes`.
//!
//! - [`floor`] is an entry of `policy`, and what a stage has less; [`freeze`] is one of `freezes`.
//! - [`stages`] says which stages an entry is for, by names and [`globs`]; [`met`] reports an entry that is for none.
//! - [`lowered`] compares the `policy` of two revisions, and [`setter`] from where their pipelines are set.
//! - [`image`] holds the image in which approved versions are checked to that of the fleet.

mod floor;
mod freeze;
mod globs;
mod image;
mod lowered;
mod met;
mod setter;
mod stages;

use std::collections::BTreeMap;

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use crate::lower::{JobRole, Lowered};
use crate::plan::StagePhase;
use crate::project::{Fleet, Stage};

pub(crate) use floor::Floor;
pub(crate) use freeze::FleetFreeze;
pub(crate) use lowered::lowered;
pub(crate) use met::Met;
pub(crate) use setter::{meta_name, moved};
use stages::Deployed;

/// What a stage has too little of: the place of the setting, what is wrong, and what to write.
type Shortfall = (&'static str, String, String);

/// Reports each stage of a manifest that has less than the fleet's policy asks for, or that a freeze does not reach, and
/// returns which entries are for some of them.
pub(crate) fn check(lowered: &[Lowered<'_>], fleet: &Fleet, diagnostics: &mut Diagnostics) -> Met {
    let mut met = Met::default();
    if fleet.policy.is_empty() && fleet.freezes.is_empty() {
        return met;
    }
    let mut projects: BTreeMap<&str, Vec<Deployed<'_>>> = BTreeMap::new();
    for origin in lowered.iter().flat_map(|lowered| &lowered.origins) {
        if let JobRole::Stage { stage, phase: StagePhase::Deploy, target, .. } = &origin.role {
            let deployed = Deployed { stage, target: target.as_deref() };
            projects.entry(stage.project.as_str()).or_default().push(deployed);
        }
    }
    for (stages, deployed) in projects.values().flat_map(|stages| stages.iter().map(move |stage| (stages, stage))) {
        if !fleet.policy.is_empty()
            && let Some(shortfall) = image::of_another_publisher(deployed.stage, fleet)
        {
            diagnostics.push(report(deployed.stage, shortfall, fleet));
        }
        for (number, floor) in fleet.policy.iter().enumerate().filter(|(_, floor)| floor.meant.has(deployed, stages)) {
            met.policy.insert(number);
            for shortfall in floor.shortfalls(deployed.stage) {
                let (pointer, message, help) = shortfall;
                let message = format!("{message}, and the policy of the fleet does not allow that");
                diagnostics
                    .push(report(deployed.stage, (pointer, message, help), fleet).also(floor.span, "the policy"));
            }
        }
        for (number, freeze) in
            fleet.freezes.iter().enumerate().filter(|(_, freeze)| freeze.meant.has(deployed, stages))
        {
            met.freezes.insert(number);
            if let Some(shortfall) = freeze.misses(deployed.stage) {
                diagnostics.push(report(deployed.stage, shortfall, fleet).also(freeze.span, "the freeze"));
            }
        }
    }
    met
}

fn report<P: AsRef<str>>(stage: &Stage, (pointer, message, help): (P, String, String), fleet: &Fleet) -> Diagnostic {
    let settings = &stage.origin.settings;
    let written = settings.at(pointer.as_ref()).map(|node| node.span).filter(|span| span.file != fleet.built_in);
    let span = written.unwrap_or(stage.origin.span);
    Diagnostic::new(Rule::BelowPolicy, span, format!("{} {message}", stage.whom())).help(help)
}

/// GitHub tells names of people, teams and labels apart without regard to case.
fn contains(names: &[String], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}
