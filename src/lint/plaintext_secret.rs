use crate::diagnostic::{Diagnostic, Diagnostics, Rule, Severity};

use crate::manifest::is_secret_in_clear;

use super::view::{Definition, PipelineView, each_text, field};

/// What looks like a secret, in clear, where everybody sees it who sees the pipeline.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    let of_resources = view.resources.iter().chain(&view.resource_types).chain(&view.prototypes);
    let sources = of_resources.filter_map(Definition::source);
    // What a dummy holds is for trying out.
    let of_var_sources = view.var_sources.iter().filter(|source| source.text("type") != Some("dummy"));
    let of_var_sources = of_var_sources.filter_map(|definition| field(definition.node, "config"));
    let of_steps = view.steps().flat_map(|(_, step)| {
        let config = step.config();
        let params = config.and_then(|config| field(config, "params"));
        let image = config.and_then(|config| field(field(config, "image_resource")?, "source"));
        [field(step.node, "params"), field(step.node, "vars"), params, image].into_iter().flatten()
    });
    for node in sources.chain(of_var_sources).chain(of_steps) {
        each_text("", node, &mut |key, text, span| {
            if is_secret_in_clear(key, text) && !matches!(text, "true" | "false" | "null" | "~") {
                diagnostics.push(
                    Diagnostic::new(Rule::PlaintextSecret, span, format!("`{key}` is written in clear"))
                        .help("give the name of a credential, such as ((github.token))")
                        // Concourse takes it.
                        .of_severity(Severity::Warning),
                );
            }
        });
    }
}
