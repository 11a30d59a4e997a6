//! Former names, by which Concourse keeps the history of what is called otherwise now.

use std::collections::{BTreeMap, HashSet};

use concourse_pipeline::model::Pipeline;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean};
use yaml_source::source::Span;

use crate::project::OldName;

/// Writes the former names of jobs and resources. A manifest may make several pipelines: each gets the names that it has.
///
/// Concourse moves the history of a name that is gone (`old_name` of a job or resource), and never that of a name that is
/// still in use. A former name that the manifest gives is an error where it cannot be moved; one that an earlier version
/// of this program made is left out there.
pub(super) fn write_old_names(pipelines: &mut [Pipeline], old_names: &[OldName], diagnostics: &mut Diagnostics) {
    let used: HashSet<String> = pipelines.iter().flat_map(names).map(str::to_owned).collect();
    let mut moved: BTreeMap<&str, (&str, Span)> = BTreeMap::new();
    for OldName { new, old, span } in old_names {
        let Some(span) = *span else { continue };
        if let Some((other, first)) = moved.insert(old, (new, span)) {
            let message = format!("`{other}` and `{new}` have the same former name `{old}`");
            diagnostics.push(
                Diagnostic::new(Rule::NameCollision, span, message)
                    .also(first, "the other one")
                    .help("keep one of the two lines"),
            );
            continue;
        }
        if used.contains(old) {
            let message = format!("`{old}` is the former name of `{new}`, and the name of a job or resource today");
            diagnostics.push(
                Diagnostic::new(Rule::NameCollision, span, message)
                    .help("remove the line, or give the job or resource of that name another name"),
            );
            continue;
        }
        if !write(pipelines, new, old) {
            let help = did_you_mean(new, pipelines.iter().flat_map(names));
            let help = help.map(|meant| format!("did you mean `{meant}`?"));
            diagnostics.push(
                Diagnostic::new(Rule::UnknownName, span, format!("no rendered job or resource is named `{new}`"))
                    .help(help.unwrap_or_else(|| "write the new name first: `old_names: {NEW: OLD}`".to_owned())),
            );
        }
    }
    // Old name → new name; `None` where two things would have had the old name, so that neither was ever rendered.
    let mut implied: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for OldName { new, old, .. } in old_names.iter().filter(|name| name.span.is_none()) {
        implied.entry(old).and_modify(|first| *first = first.filter(|first| first == new)).or_insert(Some(new));
    }
    for (old, new) in implied {
        if let Some(new) = new.filter(|_| !moved.contains_key(old) && !used.contains(old)) {
            write(pipelines, new, old);
        }
    }
}

/// Writes a former name, unless there is one already. Returns whether anything has the new name.
fn write(pipelines: &mut [Pipeline], new: &str, old: &str) -> bool {
    let mut found = false;
    for pipeline in pipelines {
        let jobs = pipeline.jobs.iter_mut().map(|job| (job.name.as_str(), &mut job.old_name));
        let resources = pipeline.resources.iter_mut().map(|resource| (resource.name.as_str(), &mut resource.old_name));
        for (_, old_name) in jobs.chain(resources).filter(|(name, _)| *name == new) {
            old_name.get_or_insert_with(|| old.to_owned());
            found = true;
        }
    }
    found
}

/// What may have had another name.
fn names(pipeline: &Pipeline) -> impl Iterator<Item = &str> {
    let jobs = pipeline.jobs.iter().map(|job| job.name.as_str());
    jobs.chain(pipeline.resources.iter().map(|resource| resource.name.as_str()))
}
