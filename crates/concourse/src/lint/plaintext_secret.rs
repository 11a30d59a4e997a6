use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, Severity};

use crate::secrets::is_secret_in_clear;

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
            if is_secret_in_clear(key, text) && !is_public(text) && !is_template(text) {
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

/// Whether a text is no secret whatever its name. GitHub documents two constants that stand beside a token as user name or
/// password ("Authenticating to the REST API" and "Authenticating as a GitHub App installation").
fn is_public(text: &str) -> bool {
    matches!(text, "true" | "false" | "null" | "~" | "x-oauth-basic" | "x-access-token")
}

/// Whether another tool fills a text in before Concourse reads it: `${NAME}`, `{{ name }}`, `<%= name %>` or `@NAME@`.
fn is_template(text: &str) -> bool {
    let has = |open: &str, close: &str| {
        text.split_once(open)
            .and_then(|(_, rest)| rest.split_once(close))
            .is_some_and(|(name, _)| !name.trim().is_empty())
    };
    let is_marked = text.len() > 2 && text.starts_with('@') && text.ends_with('@');
    is_marked && !text.contains(' ') || has("${", "}") || has("{{", "}}") || has("<%", "%>")
}
