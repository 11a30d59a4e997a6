use crate::diagnostic::{Diagnostic, Diagnostics, Rule};

use std::collections::BTreeMap;

use crate::source::Span;

use super::view::PipelineView;

/// A job that stands twice among those that a version must have passed.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for (_, step) in view.steps() {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for (name, span) in step.passed() {
            match seen.get(name) {
                None => {
                    seen.insert(name, span);
                }
                Some(first) => diagnostics.push(
                    Diagnostic::new(Rule::NeedlessPassed, span, format!("`{name}` is in this list already"))
                        .also(*first, "here")
                        .help("take one of them out, or name the job that was meant"),
                ),
            }
        }
    }
}
