use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use crate::secrets::is_secret_in_clear;
use yaml_source::source::Span;

use super::view::{PipelineView, StepKind, each_text, field, list, texts};

/// A credential where it can be read: on a command line, in an address that tools print, in a variable that is shown.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for (_, step) in view.steps() {
        let run = step.config().and_then(|config| field(config, "run"));
        for (text, span) in run.map(|run| texts(list(run, "args"))).into_iter().flatten() {
            // A script's text is one argument of many lines, and as visible as a word.
            if let Some(name) = secrets(text).next() {
                diagnostics.push(
                    leak(span, name, "is on the command line, which the build's page and every process shows")
                        .help("hand it over in `params`, as a variable of the environment"),
                );
            }
        }
        if let Some(vars) = field(step.node, "instance_vars") {
            each_text("", vars, &mut |_, text, span| {
                if let Some(name) = secrets(text).next() {
                    diagnostics.push(
                        leak(span, name, "becomes a part of the pipeline's name, which everybody sees")
                            .help("hand it over in `vars`"),
                    );
                }
            });
        }
        if step.kind == StepKind::LoadVar && step.is("reveal") && names_secret(step.name) {
            diagnostics.push(
                Diagnostic::new(Rule::LeakedSecret, step.span, format!("`{}` is shown in the build's log", step.name))
                    .help("remove `reveal: true`"),
            );
        }
    }
    for resource in view.resources.iter().chain(&view.resource_types) {
        let Some(uri) = resource.source().and_then(|source| field(source, "uri")) else { continue };
        let text = uri.as_str().unwrap_or_default();
        let user = text.split_once("://").and_then(|(_, rest)| rest.split('/').next()?.rsplit_once('@'));
        if let Some((user, _)) = user
            && user.contains("((")
        {
            diagnostics.push(
                Diagnostic::new(Rule::LeakedSecret, uri.span, "a credential in an address")
                    .label("git keeps it in the clone, and prints it in its errors")
                    .help("give `username` and `password`, or `private_key`"),
            );
        }
    }
}

fn leak(span: Span, name: &str, how: &str) -> Diagnostic {
    Diagnostic::new(Rule::LeakedSecret, span, format!("`(({name}))` {how}"))
}

/// The names of the variables of a text that hold secrets, told by how they are called.
fn secrets(text: &str) -> impl Iterator<Item = &str> {
    text.split("((").skip(1).filter_map(|rest| {
        let (name, _) = rest.split_once("))")?;
        let plain = name.chars().all(|c| c.is_alphanumeric() || "-_/.:@\"".contains(c));
        (plain && names_secret(name)).then_some(name)
    })
}

fn names_secret(name: &str) -> bool {
    let last = name.rsplit(['.', ':', '/']).next().unwrap_or_default().trim_matches('"');
    is_secret_in_clear(last, "x")
}
