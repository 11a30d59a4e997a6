use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use std::collections::{BTreeMap, BTreeSet};

use yaml_source::yaml::Node;

use crate::job_names::{Environment, environment_of, only_observes, without_verb};

use super::view::{JobView, PipelineView, upstream};

/// A version that starts a deployment to an environment, though the environment before has never had it.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    let prepared = prepared(view);
    let mut stages: BTreeMap<&str, Vec<(Environment, &JobView<'_>)>> = BTreeMap::new();
    for job in &view.jobs {
        if let Some((stem, environment)) = job.environment()
            && !only_observes(stem)
        {
            stages.entry(without_verb(stem)).or_default().push((environment, job));
        }
    }
    for jobs in stages.values() {
        for (environment, job) in jobs {
            let claims = job.puts().any(|step| step.param("action").and_then(Node::as_str) == Some("claim"));
            let steps = job.gets().filter(|step| {
                let is_clock = view.resource(step.resource()).is_some_and(|resource| view.is_clock(resource));
                let is_prepared = prepared.contains(&(job.name, step.resource()));
                step.triggers() && !claims && !is_clock && !is_prepared && !view.is_approval(step)
            });
            for step in steps {
                let resource = step.resource();
                let before = |other: &&(Environment, &JobView<'_>)| {
                    other.0 < *environment && other.1.gets().any(|get| get.resource() == resource)
                };
                let Some((_, earlier)) = jobs.iter().filter(before).max_by_key(|(environment, _)| *environment) else {
                    continue;
                };
                let Some(upstream) = upstream(view, job, resource) else { continue };
                // What the other way round is a chain has another order than names tell.
                if is_upstream(view, job, earlier, resource) {
                    continue;
                }
                let passes = jobs.iter().filter(before).any(|(_, job)| upstream.iter().any(|up| up.name == job.name));
                if !passes {
                    diagnostics.push(
                        Diagnostic::new(
                            Rule::SkippedEnvironment,
                            step.span,
                            format!("`{}` starts `{}` before `{}` has had it", step.name, job.name, earlier.name),
                        )
                        .also(earlier.span, "the environment before")
                        .help(format!("add `passed: [{}]`", earlier.name)),
                    );
                }
            }
        }
    }
}

/// Jobs, each with a resource, behind which a later job waits for an earlier environment, too: only what they prepare is
/// early.
fn prepared<'n>(view: &PipelineView<'n>) -> BTreeSet<(&'n str, &'n str)> {
    let mut prepared = BTreeSet::new();
    for get in view.jobs.iter().flat_map(JobView::gets) {
        let passed: Vec<(&str, Environment)> =
            get.passed().filter_map(|(name, _)| Some((name, environment_of(name)?.1))).collect();
        let Some(first) = passed.iter().map(|(_, environment)| *environment).min() else { continue };
        let later = passed.iter().filter(|(_, environment)| *environment > first);
        prepared.extend(later.map(|(name, _)| (*name, get.resource())));
    }
    prepared
}

/// Must a version have passed a job before it comes to another one?
fn is_upstream(view: &PipelineView<'_>, job: &JobView<'_>, of: &JobView<'_>, resource: &str) -> bool {
    upstream(view, of, resource).is_none_or(|upstream| upstream.iter().any(|up| up.name == job.name))
}
