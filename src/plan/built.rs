//! Inputs that two Concourses build.

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::yaml::escape;

use crate::project::{Chain, Stage};

use super::gate::TakenGate;
use super::job::Taken;

/// Two builds of one commit are two versions. A stage that builds an input itself and goes by the approval of what another
/// Concourse built would wait for a version that it never sees. An approval that hands the version over needs no build.
pub(super) fn check(chain: &Chain, index: usize, gate: Option<&TakenGate<'_>>, diagnostics: &mut Diagnostics) {
    let stage = &chain.stages[index];
    let Some(gate) = gate else { return };
    for input in stage.inputs.iter().filter(|input| input.build.is_some()) {
        let name = input.name.as_str();
        if !gate.holds(name) || gate.hands_over(Taken::Input(input)) {
            continue;
        }
        let builds = |before: &&Stage| {
            let mut inputs = before.inputs.iter();
            before.concourse != stage.concourse && inputs.any(|other| other.name == input.name && other.build.is_some())
        };
        let Some(before) = chain.stages[..index].iter().find(builds) else { continue };
        let pointer = format!("/inputs/{}/build", escape(name));
        let build = stage.origin.settings.at(&pointer).map(|node| node.span);
        diagnostics.push(
            Diagnostic::new(
                Rule::BuiltTwice,
                build.or_else(|| stage.input_span(name)).unwrap_or(stage.origin.span),
                format!("`{name}` is built on two Concourses, and two builds of one commit are two versions"),
            )
            .note(format!("the approval of {} names what its own Concourse built, and {} never has that version", before.whom(), stage.whom()))
            .help(format!(
                "write `build` in `overrides` for `{0}` alone: `overrides: {{{0}: {{inputs: {{{name}: {{build: …}}}}}}}}`",
                before.environment
            )),
        );
    }
}
