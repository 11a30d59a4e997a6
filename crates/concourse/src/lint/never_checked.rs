use std::collections::BTreeSet;

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use super::view::{PipelineView, StepKind, field};

/// A resource that neither the clock nor a webhook has checked, and that no job puts to: no version of it is ever found,
/// unless somebody asks for a check.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    let (mut got, mut put) = (BTreeSet::new(), BTreeSet::new());
    for (_, step) in view.steps() {
        let names = match step.kind {
            StepKind::Get => &mut got,
            StepKind::Put => &mut put,
            _ => continue,
        };
        names.insert(step.resource());
    }
    for resource in &view.resources {
        let Some(never) = field(resource.node, "check_every").filter(|node| node.as_str() == Some("never")) else {
            continue;
        };
        // A version that the pipeline pins is there without a check.
        let is_known = field(resource.node, "webhook_token").is_some() || field(resource.node, "version").is_some();
        if !is_known && got.contains(resource.name) && !put.contains(resource.name) {
            diagnostics.push(
                Diagnostic::new(
                    Rule::NeverChecked,
                    never.span,
                    format!("Concourse never looks for versions of `{}`", resource.name),
                )
                .label("no webhook, and no job puts to it")
                .help("write how often to look, such as 1h, or give the resource a `webhook_token`"),
            );
        }
    }
}
