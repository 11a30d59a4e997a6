use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean, ticked};

use yaml_source::yaml::{Map, Node};

use super::view::{PipelineView, field, list};

/// Keys that Concourse passes over without a word, `--strict` or not. (An unknown key of a task's `config` is an error
/// from 8.1 on, and reported as one.)
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for (_, step) in view.steps() {
        let in_parallel = field(step.node, "in_parallel").filter(|value| value.as_map().is_some());
        known(in_parallel, "in_parallel", &["steps", "limit", "fail_fast"], diagnostics);
        known(field(step.node, "container_limits"), "container_limits", &["cpu", "memory"], diagnostics);
        let Some(config) = step.config() else { continue };
        known(field(config, "container_limits"), "container_limits", &["cpu", "memory"], diagnostics);
        known(field(config, "run"), "run", &["path", "args", "dir", "user"], diagnostics);
        let image = ["name", "type", "source", "params", "version", "tags"];
        known(field(config, "image_resource"), "image_resource", &image, diagnostics);
        for (key, fields) in [
            ("inputs", &["name", "path", "optional"][..]),
            ("outputs", &["name", "path"]),
            ("caches", &["path", "ttl"]),
        ] {
            for item in list(config, key) {
                known(Some(item), key, fields, diagnostics);
            }
        }
    }
}

fn known(node: Option<&Node>, place: &str, fields: &[&str], diagnostics: &mut Diagnostics) {
    for entry in node.and_then(Node::as_map).map(Map::entries).into_iter().flatten() {
        // Go takes a key whatever its case.
        if fields.iter().any(|field| field.eq_ignore_ascii_case(&entry.key)) {
            continue;
        }
        diagnostics.push(
            Diagnostic::new(
                Rule::IgnoredField,
                entry.key_span,
                format!("`{place}` has no field `{}`, and Concourse passes over it", entry.key),
            )
            .help(match did_you_mean(&entry.key, fields.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("there are {}", ticked(fields)),
            }),
        );
    }
}
