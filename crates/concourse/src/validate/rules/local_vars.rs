use std::collections::HashMap;

use crate::view::{StepKind, StepPlace, field, list, text};
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::Span;

use super::{Checked, refused, step_place, warned, whole_place};

/// Variables of a job have one name each; one of an `across` should not hide one from outside.
///
/// The job is a scope, and each `across` is one: hooks stand outside of that of their step.
pub(super) fn check(pipeline: &Checked<'_, '_>, diagnostics: &mut Diagnostics) {
    for job in &pipeline.view.jobs {
        let mut scopes = vec![Scope::default()];
        // Of each step, the scope that it stands in, and the one within its `across`.
        let mut of: Vec<(usize, usize)> = Vec::with_capacity(job.steps.len());
        for step in &job.steps {
            let outer = match step.place {
                StepPlace::Plan(_) | StepPlace::JobHook(_) => 0,
                StepPlace::Do(parent, _) | StepPlace::InParallel(parent, _) | StepPlace::Try(parent) => of[parent].1,
                StepPlace::Hook(parent, _) => of[parent].0,
            };
            let mut inner = outer;
            if step.is_across() {
                inner = scopes.len();
                scopes.push(Scope { parent: Some(outer), vars: HashMap::new() });
                for (index, var) in list(step.node, "across").iter().enumerate() {
                    let node = field(var, "var");
                    let (name, span) = (node.and_then(text).unwrap_or_default(), node.unwrap_or(var).span);
                    let place = || format!("{}.across[{index}]", step_place(job, step));
                    if let Some(found) = declare(&mut scopes, inner, name, span, place) {
                        diagnostics.push(found);
                    }
                }
            }
            of.push((outer, inner));
            if step.kind == StepKind::LoadVar
                && let Some(found) = declare(&mut scopes, inner, step.name, step.span, || whole_place(job, step))
            {
                diagnostics.push(found);
            }
        }
    }
}

#[derive(Default)]
struct Scope<'n> {
    parent: Option<usize>,
    vars: HashMap<&'n str, Span>,
}

fn declare<'n>(
    scopes: &mut [Scope<'n>],
    scope: usize,
    name: &'n str,
    span: Span,
    place: impl Fn() -> String,
) -> Option<Diagnostic> {
    if let Some(first) = scopes[scope].vars.get(name) {
        let concourse_message = format!("jobs: {}: repeated var name", place());
        return Some(
            refused(Rule::RepeatedVar, span, format!("the variable `{name}` is set twice"), concourse_message)
                .also(*first, "first here")
                .help("give one of them another name"),
        );
    }
    let mut hidden = None;
    let mut above = scopes[scope].parent;
    while let (None, Some(outer)) = (hidden, above) {
        hidden = scopes[outer].vars.get(name).copied();
        above = scopes[outer].parent;
    }
    scopes[scope].vars.insert(name, span);
    let concourse_message = || format!("{}: shadows local var '{name}'", place());
    hidden.map(|first| {
        warned(Rule::ShadowedVar, span, format!("the variable `{name}` hides another one"), concourse_message())
            .also(first, "this one")
            .help("give one of them another name")
    })
}
