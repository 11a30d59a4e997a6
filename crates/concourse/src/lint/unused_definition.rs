use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use std::collections::BTreeSet;

use super::unknown_var_source::references;
use super::view::{Definition, PipelineView, StepKind, each_text, field};

/// Resource types, prototypes and variable sources that nothing here uses. What a task's file uses is not known: where
/// there is one, nothing is claimed.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    if view.steps().any(|(_, step)| step.kind == StepKind::Task && step.config().is_none()) {
        return;
    }
    let mut types: BTreeSet<&str> = BTreeSet::new();
    types.extend(view.resources.iter().filter_map(|definition| definition.text("type")));
    for definitions in [&view.resource_types, &view.prototypes] {
        // What is called like a type of Concourse's and made of it does not use itself.
        let others = definitions.iter().filter(|definition| definition.text("type") != Some(definition.name));
        types.extend(others.filter_map(|definition| definition.text("type")));
    }
    let mut prototypes: BTreeSet<&str> = BTreeSet::new();
    for (_, step) in view.steps() {
        let image = step.config().and_then(|config| field(config, "image_resource"));
        types.extend(image.and_then(|image| field(image, "type")?.as_str()));
        if step.kind == StepKind::Run {
            prototypes.extend(step.text("type"));
        }
    }
    let mut sources: BTreeSet<String> = BTreeSet::new();
    each_text("", view.root, &mut |_, text, _| sources.extend(references(text).map(|(source, _)| source.to_owned())));
    let unused = |kind: &str, list: &str, definition: &Definition<'_>| {
        Diagnostic::new(
            Rule::UnusedDefinition,
            definition.span,
            format!("nothing uses the {kind} `{}`", definition.name),
        )
        .help(format!("remove it from `{list}`"))
    };
    for definition in view.resource_types.iter().filter(|definition| !types.contains(definition.name)) {
        diagnostics.push(unused("resource type", "resource_types", definition));
    }
    for definition in view.prototypes.iter().filter(|definition| !prototypes.contains(definition.name)) {
        diagnostics.push(unused("prototype", "prototypes", definition));
    }
    let sets_pipelines = view.steps().any(|(_, step)| step.kind == StepKind::SetPipeline);
    for definition in view.var_sources.iter().filter(|definition| !sources.contains(definition.name) && !sets_pipelines)
    {
        diagnostics.push(unused("variable source", "var_sources", definition));
    }
}
