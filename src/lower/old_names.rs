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
pub(super) fn say_old_names(pipelines: &mut [Pipeline], old_names: &[OldName], diagnostics: &mut Diagnostics) {
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
        if pipelines.iter().flat_map(names).any(|name| name == old) {
            diagnostics.push(
                Diagnostic::new(Rule::NameCollision, *span, format!("`{old}` is still there"))
                    .help("take the line out, or give what has the name another one"),
            );
            continue;
        }
        let mut found = false;
        for pipeline in &mut *pipelines {
            let jobs = pipeline.jobs.iter_mut().map(|job| (job.name.as_str(), &mut job.old_name));
            let resources =
                pipeline.resources.iter_mut().map(|resource| (resource.name.as_str(), &mut resource.old_name));
            for (_, old_name) in jobs.chain(resources).filter(|(name, _)| name == new) {
                *old_name = Some(old.clone());
                found = true;
            }
        }
        if !found {
            let help = did_you_mean(new, pipelines.iter().flat_map(names));
            let help = help.map(|meant| format!("did you mean `{meant}`?"));
            diagnostics.push(
                Diagnostic::new(Rule::UnknownName, *span, format!("no job or resource comes out as `{new}`"))
                    .help(help.unwrap_or_else(|| "`old_names` has the new name first: `NEW: OLD`".to_owned())),
            );
        }
    }
}

/// What may have had another name.
fn names(pipeline: &Pipeline) -> impl Iterator<Item = &str> {
    let jobs = pipeline.jobs.iter().map(|job| job.name.as_str());
    jobs.chain(pipeline.resources.iter().map(|resource| resource.name.as_str()))
}
