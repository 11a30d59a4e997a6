use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use std::collections::BTreeMap;

use yaml_source::source::Span;

use super::view::{PipelineView, StepKind, each_text, field, is_known};

/// Two steps that set one pipeline from different files: each undoes what the other has set.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    let mut seen: BTreeMap<String, (Option<&str>, Span)> = BTreeMap::new();
    for (_, step) in view.steps().filter(|(_, step)| step.kind == StepKind::SetPipeline) {
        if !is_known(step.name) {
            continue;
        }
        let mut instance = String::new();
        if let Some(vars) = field(step.node, "instance_vars") {
            each_text("", vars, &mut |key, text, _| instance.push_str(&format!("{key:?}{text:?}")));
        }
        if !is_known(&instance) {
            continue;
        }
        let identity = format!("{:?} {} {instance}", step.text("team"), step.name);
        let file = step.text("file");
        match seen.get(&identity) {
            Some((other, at)) if *other != file => diagnostics.push(
                Diagnostic::new(
                    Rule::PipelineSetTwice,
                    step.span,
                    format!("the pipeline `{}` is set from two files", step.name),
                )
                .also(*at, "the other")
                .help("give one of them another name, or `instance_vars`"),
            ),
            Some(_) => {}
            None => {
                seen.insert(identity, (file, step.span));
            }
        }
    }
}
