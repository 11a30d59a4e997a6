use std::collections::{HashMap, HashSet};

use crate::validate::GroupPattern;
use crate::view::{Definition, definitions, field, is_invalid, is_pattern, list, texts};
use yaml_source::diagnostic::{Diagnostics, Rule, did_you_mean};

use super::{Checked, called, refused};

/// Groups name jobs, by patterns, and resources, by their names; and where there are groups, each job is in one.
pub(super) fn check(pipeline: &Checked<'_, '_>, diagnostics: &mut Diagnostics) {
    let view = pipeline.view;
    let groups = definitions(view.root, "groups");
    let mut grouped: HashSet<&str> = HashSet::new();
    let mut jobs_of: HashMap<&str, Option<Vec<&str>>> = HashMap::new();
    for group in &groups {
        for (glob, span) in texts(list(group.node, "jobs")) {
            let matched = jobs_of.entry(glob).or_insert_with(|| {
                // Nearly all are names, and looking each up is all that they cost.
                if !is_pattern(glob) && !glob.contains('{') {
                    return Some(view.job(glob).map(|job| job.name).into_iter().collect());
                }
                let pattern = GroupPattern::new(glob)?;
                Some(view.jobs.iter().map(|job| job.name).filter(|name| pattern.matches(name)).collect())
            });
            match matched {
                None => diagnostics.push(
                    refused(
                        Rule::MalformedGlob,
                        span,
                        format!("`{glob}` is not a pattern"),
                        format!("groups: invalid glob expression '{glob}' for group '{}'", group.name),
                    )
                    .help("close each `[`; one holds a range such as `a-z`, or characters, not both"),
                ),
                Some(matched) if matched.is_empty() && pipeline.knows_jobs => diagnostics.push(
                    refused(
                        Rule::UnmatchedGlob,
                        span,
                        format!("no job matches `{glob}`"),
                        format!("groups: no jobs match '{glob}' for group '{}'", group.name),
                    )
                    .maybe_help(
                        did_you_mean(glob, view.jobs.iter().map(|job| job.name))
                            .map(|meant| format!("did you mean `{meant}`?")),
                    ),
                ),
                Some(matched) => grouped.extend(matched.iter()),
            }
        }
        for (name, span) in texts(list(group.node, "resources")) {
            if view.resource(name).is_none() && pipeline.knows_resources {
                diagnostics.push(
                    refused(
                        Rule::UnknownResource,
                        span,
                        format!("there is no resource `{name}`"),
                        format!("groups: group '{}' has unknown resource '{name}'", group.name),
                    )
                    .maybe_help(super::references::resource_meant(view, name)),
                );
            }
        }
    }
    let is_unread = |group: &Definition<'_>| {
        is_invalid(group.node)
            || field(group.node, "jobs").is_some_and(is_invalid)
            || list(group.node, "jobs").iter().any(is_invalid)
    };
    if groups.is_empty() || groups.iter().any(is_unread) {
        return;
    }
    for job in &view.jobs {
        if grouped.insert(job.name) {
            diagnostics.push(
                refused(
                    Rule::UngroupedJob,
                    job.span,
                    format!("{} is in no group", called(job)),
                    format!("groups: job '{}' belongs to no group", job.name),
                )
                .help("add it to the `jobs` of a group: with groups, each job belongs to one"),
            );
        }
    }
}
