use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use std::collections::BTreeMap;

use yaml_source::source::Span;

use super::view::{Definition, PipelineView, StepKind, each_text};

/// A put to the resource whose versions are approvals: its own version is one, and its implicit get uses it up.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    let mut waiting: BTreeMap<String, (&str, Span)> = BTreeMap::new();
    for (job, step) in view.steps().filter(|(_, step)| view.is_approval(step) && step.triggers()) {
        if let Some(resource) = view.resource(step.resource()) {
            waiting.entry(identity(resource)).or_insert((job.name, step.span));
        }
    }
    for (_, step) in view.steps().filter(|(_, step)| step.kind == StepKind::Put) {
        let Some(resource) = view.resource(step.resource()) else { continue };
        let Some((job, span)) = waiting.get(&identity(resource)) else { continue };
        let found = Diagnostic::new(
            Rule::PutFiresGate,
            step.span,
            format!("the version of this put starts `{job}` as if it were an approval"),
        )
        .also(*span, "waits for this resource, or for one with the same source")
        .help("put to a resource whose source differs, such as in `issue_state` or `role`");
        diagnostics.push(if step.is("no_get") {
            found
        } else {
            found.note("without `no_get: true` a get follows the put, and uses the approval up")
        });
    }
}

/// With global resources, equal types and sources are one history of versions.
fn identity(resource: &Definition<'_>) -> String {
    let mut identity = format!("{:?}", resource.text("type"));
    if let Some(source) = resource.source() {
        let mut texts = Vec::new();
        each_text("", source, &mut |key, text, _| texts.push(format!("{key:?}{text:?}")));
        texts.sort();
        identity.extend(texts);
    }
    identity
}
