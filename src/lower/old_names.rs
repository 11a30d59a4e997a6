//! Former names, by which Concourse keeps the history of what is called otherwise now.

use std::collections::BTreeMap;

use crate::concourse::Pipeline;
use crate::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean};
use crate::project::OldName;
use crate::source::Span;

/// Says the former names of jobs and resources. A manifest may make several pipelines: each has those that it knows.
///
/// Concourse moves the history of a name that is gone (`old_name` of a job or resource); of one that is still there it
/// cannot be.
pub(crate) fn say_old_names(pipelines: &mut [Pipeline], old_names: &[OldName], diagnostics: &mut Diagnostics) {
    let mut moved: BTreeMap<&str, Span> = BTreeMap::new();
    for OldName { new, old, span } in old_names {
        if let Some(first) = moved.insert(old, *span) {
            diagnostics.push(
                Diagnostic::new(Rule::NameCollision, *span, format!("the history of `{old}` goes to two"))
                    .also(first, "here, too")
                    .help("keep one of them"),
            );
            continue;
        }
        let mut found = false;
        for pipeline in &mut *pipelines {
            let names = || {
                let jobs = pipeline.jobs.iter().map(|job| job.name.as_str());
                jobs.chain(pipeline.resources.iter().map(|resource| resource.name.as_str()))
            };
            if names().any(|name| name == old) {
                diagnostics.push(
                    Diagnostic::new(Rule::NameCollision, *span, format!("`{old}` is still there"))
                        .help("take the line out, or give what has the name another one"),
                );
                return;
            }
            let job = pipeline.jobs.iter_mut().find(|job| job.name.as_str() == new).map(|job| &mut job.old_name);
            let resource = pipeline
                .resources
                .iter_mut()
                .find(|resource| resource.name.as_str() == new)
                .map(|resource| &mut resource.old_name);
            for old_name in job.into_iter().chain(resource) {
                *old_name = Some(old.clone());
                found = true;
            }
        }
        if !found {
            let names: Vec<&str> = pipelines
                .iter()
                .flat_map(|pipeline| {
                    let jobs = pipeline.jobs.iter().map(|job| job.name.as_str());
                    jobs.chain(pipeline.resources.iter().map(|resource| resource.name.as_str()))
                })
                .collect();
            let help = did_you_mean(new, names).map(|meant| format!("did you mean `{meant}`?"));
            diagnostics.push(
                Diagnostic::new(Rule::UnknownName, *span, format!("no job or resource comes out as `{new}`"))
                    .help(help.unwrap_or_else(|| "`old_names` has the new name first: `NEW: OLD`".to_owned())),
            );
        }
    }
}
