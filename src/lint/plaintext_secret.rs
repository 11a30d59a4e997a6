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
        let run = config.and_then(|config| field(config, "run"));
        let own = ["params", "vars", "instance_vars"].into_iter().filter_map(|key| field(step.node, key));
        own.chain([params, image, run].into_iter().flatten())
    });
    let tokens = view.resources.iter().filter_map(|resource| field(resource.node, "webhook_token"));
    let named = tokens.map(|token| ("webhook_token", token));
    for (name, node) in sources.chain(of_var_sources).chain(of_steps).map(|node| ("", node)).chain(named) {
        each_text(name, node, &mut |key, text, span| {
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
