use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean, ticked};

use super::view::{PipelineView, StepKind, field, is_known};

/// Words that Concourse takes without knowing them: a misspelt one means something else than was meant.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for (_, step) in view.steps() {
        let (key, words, instead) = match step.kind {
            StepKind::Get => ("version", &["latest", "every"][..], "the newest version is taken"),
            StepKind::Put => ("inputs", &["all", "detect"][..], "the step gets no artifacts at all"),
            StepKind::LoadVar => {
                ("format", &["json", "yaml", "yml", "trim", "raw"][..], "the step fails when it is run")
            }
            _ => continue,
        };
        let Some((node, text)) = field(step.node, key).and_then(|node| Some((node, node.as_str()?))) else { continue };
        if node.is_null() || words.contains(&text) || !is_known(text) {
            continue;
        }
        diagnostics.push(
            Diagnostic::new(Rule::IgnoredWord, node.span, format!("`{key}` knows no `{text}`")).label(instead).help(
                match did_you_mean(text, words.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("there are {}", ticked(words)),
                },
            ),
        );
    }
}
