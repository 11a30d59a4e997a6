use std::collections::HashSet;

use yaml_source::diagnostic::{Diagnostics, Rule, did_you_mean};

use crate::view::{JobView, field, is_invalid};

use super::{Checked, refused};

/// Each resource is got or put somewhere; groups and images of tasks do not count.
pub(super) fn check(pipeline: &Checked<'_, '_>, diagnostics: &mut Diagnostics) {
    let view = pipeline.view;
    if is_invalid(view.root)
        || field(view.root, "jobs").is_some_and(is_invalid)
        || view.jobs.iter().any(|job| job.is_broken)
    {
        return;
    }
    let used: HashSet<&str> = view.jobs.iter().flat_map(JobView::resources).collect();
    let known: HashSet<&str> = view.resources.iter().map(|resource| resource.name).collect();
    let mut unknown: Vec<&str> = used.difference(&known).copied().collect();
    unknown.sort_unstable();
    for resource in &view.resources {
        if !used.contains(resource.name) {
            diagnostics.push(
                refused(
                    Rule::UnusedResource,
                    resource.span,
                    if resource.name.is_empty() {
                        "no job gets or puts this resource".to_owned()
                    } else {
                        format!("no job gets or puts `{}`", resource.name)
                    },
                    format!("resources: resource '{}' is not used", resource.name),
                )
                .help(
                    match unknown.iter().find(|name| did_you_mean(name, [resource.name]).is_some()) {
                        Some(name) => format!("write `{}` in the place of `{name}`", resource.name),
                        None => "use it, or remove it".to_owned(),
                    },
                ),
            );
        }
    }
}
