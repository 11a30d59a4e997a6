use std::collections::HashMap;

use crate::view::{Definition, definitions, field, is_invalid, text};
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Refusal, Rule};
use yaml_source::source::Span;

use super::{Checked, item, refused};

/// What has a name and a type has both, and no other has that name.
pub(super) fn check(pipeline: &Checked<'_, '_>, diagnostics: &mut Diagnostics) {
    let view = pipeline.view;
    if view.jobs.is_empty() && pipeline.knows_jobs {
        diagnostics.push(
            refused(
                Rule::NoJobs,
                view.root.span,
                "a pipeline without jobs",
                "jobs: jobs: pipeline must contain at least one job",
            )
            .help("add one to `jobs`"),
        );
    }
    group_names(&definitions(view.root, "groups"), diagnostics);
    let section = |name, group, typed| Section { name, group, typed };
    let mut seen = HashMap::new();
    section("resources", "resources", true).check(&view.resources, &mut seen, diagnostics);
    let mut seen = HashMap::new();
    section("resource_types", "resource types", true).check(&view.resource_types, &mut seen, diagnostics);
    section("prototypes", "prototypes", true).check(&view.prototypes, &mut seen, diagnostics);
    let mut seen = HashMap::new();
    section("jobs", "jobs", false).check(&definitions(view.root, "jobs"), &mut seen, diagnostics);
}

struct Section {
    name: &'static str,
    /// What Concourse calls it in its report.
    group: &'static str,
    typed: bool,
}

impl Section {
    fn check<'n>(
        &self,
        items: &[Definition<'n>],
        seen: &mut HashMap<&'n str, (String, Span)>,
        diagnostics: &mut Diagnostics,
    ) {
        let Self { name: section, group, typed } = self;
        for definition in items {
            let called = item(section, definition);
            if definition.name.is_empty() && !is_broken_at(definition, "name") {
                diagnostics.push(
                    refused(
                        Rule::MissingName,
                        definition.span,
                        format!("an item of `{section}` without a name"),
                        format!("{group}: {called}: identifier cannot be an empty string"),
                    )
                    .concourse_message(format!("{group}: {called} has no name"))
                    .help("add `name`"),
                );
            } else if !definition.name.is_empty() {
                let place = format!("{section}[{}]", definition.index);
                if let Some((other, first)) = seen.get(definition.name) {
                    diagnostics.push(repeated(
                        definition,
                        *first,
                        format!("{group}: {other} and {place} have the same name ('{}')", definition.name),
                    ));
                } else {
                    seen.insert(definition.name, (place, definition.span));
                }
            }
            let has_type = definition.text("type").is_some_and(|kind| !kind.is_empty());
            if *typed && !has_type && !is_broken_at(definition, "type") {
                diagnostics.push(
                    refused(
                        Rule::MissingType,
                        definition.span,
                        if definition.name.is_empty() {
                            format!("an item of `{section}` without a type")
                        } else {
                            format!("`{}` has no type", definition.name)
                        },
                        format!("{group}: {called} has no type"),
                    )
                    .help("add `type`"),
                );
            }
        }
    }
}

fn is_broken_at(definition: &Definition<'_>, key: &str) -> bool {
    is_invalid(field(definition.node, key).unwrap_or(definition.node))
}

fn repeated(definition: &Definition<'_>, first: Span, concourse_message: String) -> Diagnostic {
    refused(
        Rule::RepeatedName,
        definition.span,
        format!("the name `{}` appears twice", definition.name),
        concourse_message,
    )
    .also(first, "first here")
    .help("give one of them another name")
}

/// Concourse counts them, and tells each name once.
fn group_names(groups: &[Definition<'_>], diagnostics: &mut Diagnostics) {
    let mut times: HashMap<&str, (usize, Span)> = HashMap::new();
    for group in groups {
        let (count, _) = times.entry(group.name).or_insert((0, group.span));
        *count += 1;
    }
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for group in groups {
        let (count, first) = times[group.name];
        let nth = seen.entry(group.name).or_default();
        *nth += 1;
        if *nth == 2 {
            let concourse_message =
                format!("groups: group '{}' appears {count} times. Duplicate names are not allowed.", group.name);
            diagnostics.push(repeated(group, first, concourse_message));
        }
        if group.name.is_empty() && !is_broken_at(group, "name") {
            diagnostics.push(
                refused(
                    Rule::MissingName,
                    group.span,
                    "an item of `groups` without a name",
                    format!("groups: {}: identifier cannot be an empty string", item("groups", group)),
                )
                .help("add `name`"),
            );
        }
    }
}

pub(super) fn unnamed_var_sources(sources: &[Definition<'_>], diagnostics: &mut Diagnostics) {
    for source in sources.iter().filter(|source| source.name.is_empty() && !is_broken_at(source, "name")) {
        diagnostics.push(
            refused(
                Rule::MissingName,
                source.span,
                "an item of `var_sources` without a name",
                format!("variable sources: {}: identifier cannot be an empty string", item("var_sources", source)),
            )
            .help("add `name`"),
        );
    }
}

/// Those of known types, who says so of whose names.
pub(super) fn repeated_var_sources(known: &[&Definition<'_>], by: Refusal, diagnostics: &mut Diagnostics) {
    let mut seen: HashMap<&str, (usize, Span)> = HashMap::new();
    for source in known {
        // The place of the one before counts, not that of the first.
        let Some((other, span)) = seen.insert(source.name, (source.index, source.span)) else { continue };
        let concourse_message = format!(
            "variable sources: var_sources[{other}] and var_sources[{}] have the same name ('{}')",
            source.index, source.name
        );
        diagnostics.push(repeated(source, span, concourse_message).refused_by(by));
    }
}

/// A field that a step cannot do without.
pub(super) fn is_given(node: Option<&yaml_source::yaml::Node>) -> bool {
    node.is_some_and(|node| text(node).is_some_and(|text| !text.is_empty()) || is_invalid(node))
}
