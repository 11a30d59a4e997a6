use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use super::view::{PipelineView, field};

/// A type's image without a tag or digest: what runs with the pipeline's credentials changes when somebody pushes.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for definition in view.resource_types.iter().chain(&view.prototypes) {
        if !matches!(definition.text("type"), Some("registry-image" | "docker-image")) {
            continue;
        }
        let Some(source) = definition.source() else { continue };
        let repository = definition.source_text("repository").unwrap_or_default();
        let pinned_by = ["digest", "semver_constraint", "tag_regex"].iter().any(|key| field(source, key).is_some())
            || field(definition.node, "version").is_some()
            || repository.contains('@');
        let tag = field(source, "tag").and_then(|tag| tag.as_str());
        if pinned_by || tag.is_some_and(|tag| tag != "latest") {
            continue;
        }
        let span = field(source, "tag").or_else(|| field(source, "repository")).map_or(definition.span, |at| at.span);
        diagnostics.push(
            Diagnostic::new(
                Rule::UnpinnedResourceType,
                span,
                format!("the image of `{}` is whatever is newest", definition.name),
            )
            .help("write a version: `tag: \"1.2.3\"` in its `source`, or a digest in its `version`"),
        );
    }
}
