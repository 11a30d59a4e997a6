use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean};

use std::collections::BTreeSet;

use super::view::{PipelineView, field, is_known};

/// Types that come with Concourse's workers (the `resource-types` folder of its release, 7.14 to 8.3).
pub const BUILT_IN: [&str; 12] = [
    "bosh-io-release",
    "bosh-io-stemcell",
    "docker-image",
    "git",
    "github-release",
    "hg",
    "mock",
    "pool",
    "registry-image",
    "s3",
    "semver",
    "time",
];

/// A type that neither the pipeline nor a usual worker has: each check of it errors.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    let declared: BTreeSet<&str> = view.resource_types.iter().map(|definition| definition.name).collect();
    let of_resources = view.resources.iter().chain(&view.resource_types).chain(&view.prototypes);
    let images = view.steps().filter_map(|(_, step)| field(step.config()?, "image_resource"));
    let kinds = of_resources.map(|definition| definition.node).chain(images).filter_map(|node| field(node, "type"));
    for kind in kinds {
        let Some(name) = kind.as_str() else { continue };
        if BUILT_IN.contains(&name) || declared.contains(name) || !is_known(name) || name.is_empty() {
            continue;
        }
        let meant = did_you_mean(name, BUILT_IN.into_iter().chain(declared.iter().copied()));
        diagnostics.push(
            Diagnostic::new(Rule::UnknownResourceType, kind.span, format!("there is no resource type `{name}`"))
                .label("neither in `resource_types` nor built into Concourse")
                .help(meant.map_or_else(
                    || "declare it in `resource_types`".to_owned(),
                    |meant| format!("did you mean `{meant}`?"),
                )),
        );
    }
}
