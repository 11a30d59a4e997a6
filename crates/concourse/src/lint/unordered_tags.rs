use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::yaml::{NodeKind, Resolved};

use super::view::{PipelineView, field};

/// Tags in the order of the registry: the `registry-image` resource takes the last one that it lists for the newest, and
/// most registries list by letters (README of the resource: "order of tags is not guaranteed").
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for definition in view.resources.iter().chain(&view.resource_types) {
        if definition.text("type") != Some("registry-image") {
            continue;
        }
        let Some(source) = definition.source() else { continue };
        let Some(regex) = field(source, "tag_regex").filter(|regex| regex.as_str().is_some()) else { continue };
        // One tag by its name takes the place of the pattern; what a variable says nobody knows.
        let is_false = |key: &str| match field(source, key).map(|node| &node.kind) {
            None => true,
            Some(NodeKind::Scalar(scalar)) => scalar.resolve() == Resolved::Bool(false),
            Some(_) => false,
        };
        if field(source, "tag").is_some() || !is_false("created_at_sort") {
            continue;
        }
        diagnostics.push(
            Diagnostic::new(
                Rule::UnorderedTags,
                regex.span,
                format!("the newest tag of `{}` is the last one that the registry lists", definition.name),
            )
            .label("27.9 comes after 27.10 where tags are listed by letters")
            .help("write a `semver_constraint` in place of `tag_regex`, or add `created_at_sort: true`"),
        );
    }
}
