use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use std::collections::BTreeMap;

use yaml_source::source::Span;
use yaml_source::yaml::Node;

use super::view::{PipelineView, field, list};

/// Of two inputs or caches at one path, and of two outputs with one name, one hides the other. One input may well stand at
/// two paths (`atc/exec/task_step.go`: inputs are mounted one by one, outputs kept by their names).
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for (_, step) in view.steps() {
        let Some(config) = step.config() else { continue };
        for (list_name, keys) in [("inputs", &["path", "name"][..]), ("outputs", &["name"]), ("caches", &["path"])] {
            let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
            for node in list(config, list_name).iter().filter_map(|item| name_of(item, keys)) {
                let Some(text) = node.as_str() else { continue };
                if let Some(first) = seen.insert(cleaned(text), node.span) {
                    diagnostics.push(
                        Diagnostic::new(
                            Rule::RepeatedArtifact,
                            node.span,
                            format!("`{text}` appears twice in `{list_name}`"),
                        )
                        .also(first, "the other")
                        .help("remove one of them, since it hides the other, or give it a place of its own"),
                    );
                }
            }
        }
    }
}

/// The first of some keys that says something.
fn name_of<'n>(item: &'n Node, keys: &[&str]) -> Option<&'n Node> {
    keys.iter().find_map(|key| field(item, key).filter(|node| node.as_str().is_some_and(|text| !text.is_empty())))
}

/// A path, however it is written.
fn cleaned(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path).trim_end_matches('/')
}
