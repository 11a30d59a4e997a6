use crate::diagnostic::{Diagnostic, Diagnostics, Rule};

use std::collections::BTreeMap;

use crate::source::Span;

use super::view::{PipelineView, field, list};

/// Of two inputs, outputs or caches with one name or path, one hides the other.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for (_, step) in view.steps() {
        let Some(config) = step.config() else { continue };
        for (list_name, key) in [("inputs", "name"), ("outputs", "name"), ("caches", "path")] {
            let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
            for node in list(config, list_name).iter().filter_map(|item| field(item, key)) {
                let Some(text) = node.as_str() else { continue };
                if let Some(first) = seen.insert(text, node.span) {
                    diagnostics.push(
                        Diagnostic::new(
                            Rule::RepeatedArtifact,
                            node.span,
                            format!("`{text}` stands twice in `{list_name}`"),
                        )
                        .also(first, "the other")
                        .help("one of them hides the other: take it out, or give it a name of its own"),
                    );
                }
            }
        }
    }
}
