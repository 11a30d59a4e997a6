use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use super::view::{PipelineView, StepKind, field, is_known};

/// The team of administrators (`atc.DefaultTeamName`).
const MAIN: &str = "main";

/// A step that sets a pipeline of another team. Concourse lets only those of the team `main` do so, and refuses when the
/// step is run (`atc/exec/set_pipeline_step.go`); of `self` it passes over the team.
pub(super) fn check(view: &PipelineView<'_>, own: Option<&str>, diagnostics: &mut Diagnostics) {
    let Some(own) = own.filter(|own| *own != MAIN) else { return };
    for (_, step) in view.steps().filter(|(_, step)| step.kind == StepKind::SetPipeline && step.name != "self") {
        let Some((node, team)) = field(step.node, "team").and_then(|node| Some((node, node.as_str()?))) else {
            continue;
        };
        if team.is_empty() || team == own || !is_known(team) {
            continue;
        }
        diagnostics.push(
            Diagnostic::new(
                Rule::ForeignTeam,
                node.span,
                format!("a pipeline of the team `{own}` sets one of the team `{team}`"),
            )
            .label("the step fails when it is run")
            .help(format!("move it to the team `{MAIN}`, which alone can do so, or remove `team`")),
        );
    }
}
