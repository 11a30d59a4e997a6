use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use std::collections::BTreeMap;

use yaml_source::source::Span;

use crate::job_names::environment_of;

use super::view::PipelineView;

/// Names that differ in nothing but the characters between their words, or in the way that they name environments:
/// people take one for the other, and programs that make one name of another do not tell them apart.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    let jobs = view.jobs.iter().map(|job| (job.name, job.span));
    one("job", jobs, diagnostics);
    one("resource", view.resources.iter().map(|resource| (resource.name, resource.span)), diagnostics);
}

fn one<'n>(kind: &str, names: impl Iterator<Item = (&'n str, Span)>, diagnostics: &mut Diagnostics) {
    let mut folded: BTreeMap<String, (&str, Span)> = BTreeMap::new();
    let mut stems: BTreeMap<String, (char, &str, Span)> = BTreeMap::new();
    for (name, span) in names {
        let fold = |text: &str| text.to_lowercase().replace(['.', '_'], "-");
        match folded.get(&fold(name)) {
            Some((other, at)) if *other != name => {
                diagnostics.push(
                    Diagnostic::new(
                        Rule::ConfusableName,
                        span,
                        format!("the {kind}s `{other}` and `{name}` differ only in what separates their words"),
                    )
                    .also(*at, "the other")
                    .help("put what differs into words"),
                );
                continue;
            }
            Some(_) => continue,
            None => {
                folded.insert(fold(name), (name, span));
            }
        }
        let Some((stem, _)) = environment_of(name) else { continue };
        let separator = name[stem.len()..].chars().next().unwrap_or('-');
        match stems.get(&fold(stem)) {
            Some((other_separator, other, at)) if *other_separator != separator => diagnostics.push(
                Diagnostic::new(
                    Rule::ConfusableName,
                    span,
                    format!("`{name}` names its environment in another way than `{other}`"),
                )
                .also(*at, format!("`{other_separator}` before the environment, and `{separator}` there"))
                .help("name both of them in one way"),
            ),
            Some(_) => {}
            None => {
                stems.insert(fold(stem), (separator, name, span));
            }
        }
    }
}
