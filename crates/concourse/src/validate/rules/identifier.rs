use crate::model::check_identifier;
use crate::view::{Definition, JobView, StepKind, StepView, definitions, is_invalid};
use yaml_source::diagnostic::{Diagnostics, Rule};

use super::{Checked, item, refused, warned, whole_place};

/// Names are identifiers. `--strict` refuses those that are none, as a later Concourse will.
///
/// `ValidateIdentifier` of `atc/configwarning.go`.
pub(super) fn check(pipeline: &Checked<'_, '_>, diagnostics: &mut Diagnostics) {
    let view = pipeline.view;
    let groups = definitions(view.root, "groups");
    let jobs = definitions(view.root, "jobs");
    for (section, items) in [
        ("groups", &groups),
        ("resources", &view.resources),
        ("resource_types", &view.resource_types),
        ("prototypes", &view.prototypes),
        ("var_sources", &view.var_sources),
        ("jobs", &jobs),
    ] {
        for definition in items.iter().filter(|definition| !definition.name.is_empty()) {
            of_item(section, definition, diagnostics);
        }
    }
    for (job, step) in view.steps() {
        if !matches!(step.kind, StepKind::Try | StepKind::Do | StepKind::InParallel) {
            of_step(job, step, diagnostics);
        }
    }
}

fn of_item(section: &str, definition: &Definition<'_>, diagnostics: &mut Diagnostics) {
    if let Err(invalid) = check_identifier(definition.name) {
        let concourse_message = concourse_message_of(&item(section, definition), definition.name);
        let message = format!("the name `{}` {invalid}", definition.name);
        diagnostics.push(warned(Rule::InvalidIdentifier, definition.span, message, concourse_message).help(HELP));
    }
}

fn of_step(job: &JobView<'_>, step: &StepView<'_>, diagnostics: &mut Diagnostics) {
    if step.name.is_empty() {
        let core = step.node.as_map().and_then(|map| map.entries().iter().find(|entry| entry.key_span == step.span));
        if !core.is_some_and(|entry| is_invalid(&entry.value)) {
            // Concourse says twice where it is.
            let place = whole_place(job, step);
            let concourse_message = format!("jobs: {place}: {place}: identifier cannot be an empty string");
            diagnostics.push(
                refused(Rule::MissingName, step.span, "a step without a name", concourse_message)
                    .help("write the resource or task after the first key"),
            );
        }
        return;
    }
    let Err(invalid) = check_identifier(step.name) else { return };
    if is_exempt(step) {
        return;
    }
    let place = whole_place(job, step);
    let message = format!("the name `{}` {invalid}", step.name);
    if step.kind == StepKind::Run {
        let concourse_message = format!("jobs: {place}: {}", concourse_message_of(&place, step.name));
        diagnostics.push(refused(Rule::InvalidMessage, step.span, message, concourse_message).help(HELP));
    } else {
        diagnostics.push(
            warned(Rule::InvalidIdentifier, step.span, message, concourse_message_of(&place, step.name)).help(HELP),
        );
    }
}

const HELP: &str = "use small letters, digits, `-`, `_` and `.`, and begin with a letter or a digit";

/// Tasks and pipelines across values may have variables in their names. Concourse finds them by the words `task` and
/// `set_pipeline` in what it calls the step, its name included.
fn is_exempt(step: &StepView<'_>) -> bool {
    let own = super::own_place(step);
    step.is_across() && (own.contains("task") || own.contains("set_pipeline"))
}

fn concourse_message_of(place: &str, name: &str) -> String {
    format!("{place}: '{name}' is not a valid identifier: {}", reason(name))
}

/// In Concourse's words.
fn reason(name: &str) -> String {
    if name.bytes().all(|byte| byte.is_ascii_digit()) {
        return "cannot be just numbers".to_owned();
    }
    let first = name.chars().next().unwrap_or_default();
    if check_identifier(&format!("{first}a")).is_err() {
        return "must start with a lowercase letter or a number".to_owned();
    }
    if !first.is_ascii() {
        // It looks for it behind the first byte, and finds the second one of a letter.
        return format!("illegal character '{}'", char::REPLACEMENT_CHARACTER);
    }
    let illegal = name.chars().skip(1).find(|c| check_identifier(&format!("a{c}")).is_err());
    format!("illegal character '{}'", illegal.unwrap_or_default())
}
