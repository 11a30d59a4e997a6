use crate::view::field;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Refusal, Rule};
use yaml_source::yaml::{Map, Node};

use super::Checked;

/// Keys are on one line, and not too long: the server writes what `fly` brings as JSON and reads that as YAML
/// (`UnmarshalConfig` of `atc/config.go`), in which a key ends with its line, and after 1,024 characters.
pub(super) fn check(pipeline: &Checked<'_, '_>, diagnostics: &mut Diagnostics) {
    for section in ["groups", "var_sources", "resources", "resource_types", "prototypes", "jobs", "display"] {
        if let Some(node) = field(pipeline.view.root, section) {
            below(node, diagnostics);
        }
    }
}

const LONGEST: usize = 1_022;

fn below(node: &Node, diagnostics: &mut Diagnostics) {
    for item in node.as_list().unwrap_or_default() {
        below(item, diagnostics);
    }
    for entry in node.as_map().into_iter().flat_map(Map::entries) {
        // Of the other breaks, the JSON has escapes.
        let wrong = if entry.key.contains('\u{85}') {
            Some("a key of more than one line")
        } else if entry.key.len() > LONGEST && entry.key.chars().count() > LONGEST {
            Some("a key of more than 1,022 characters")
        } else {
            None
        };
        if let Some(message) = wrong {
            diagnostics.push(
                Diagnostic::new(Rule::UnreadableKey, entry.key_span, message)
                    .refused_by(Refusal::SERVER)
                    .help("write another key: the server cannot read this one back"),
            );
        }
        below(&entry.value, diagnostics);
    }
}
