//! *Tree*: nothing in git's configuration makes a clone of a gated job hold something else than its commit.

use std::collections::BTreeSet;

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use crate::lower::git_config::{message, refused};

use super::facts::as_found;
use super::model::Pipeline;

/// Reports entries of `git_config` in what handwritten jobs behind a gate get. What is rendered is judged where the manifest
/// says it.
pub(super) fn check(pipeline: &Pipeline<'_>, diagnostics: &mut Diagnostics) {
    let gated = pipeline.jobs.iter().filter(|job| !job.is_rendered() && job.is_gated());
    let used: BTreeSet<&str> = gated.flat_map(|job| job.gets().map(|(get, _)| get.resource)).collect();
    for (name, resource) in used.into_iter().filter_map(|name| Some((name, pipeline.resources.get(name)?))) {
        let sources = resource.source.own.into_iter().chain(resource.source.of_type);
        for variable in sources.flat_map(refused) {
            let found = Diagnostic::new(Rule::VariablePlace, resource.span, message(variable))
                .label(format!("`{name}` is got by a job behind a gate"))
                .help("write the address of the repository in `uri`, and remove the entry");
            diagnostics.push(as_found(found, false));
        }
    }
}
