use crate::diagnostic::{Diagnostic, Diagnostics, Rule};

use std::collections::BTreeMap;

use crate::yaml::Node;

use super::view::{Environment, JobView, PipelineView, upstream};

/// A version that starts a deployment to an environment, though the environment before has never had it.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    let mut stages: BTreeMap<&str, Vec<(Environment, &JobView<'_>)>> = BTreeMap::new();
    for job in &view.jobs {
        if let Some((stem, environment)) = job.environment() {
            stages.entry(without_verb(stem)).or_default().push((environment, job));
        }
    }
    for jobs in stages.values() {
        for (environment, job) in jobs {
            let claims = job.puts().any(|step| step.param("action").and_then(Node::as_str) == Some("claim"));
            let steps = job.gets().filter(|step| step.triggers() && !claims && !view.is_approval(step));
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

/// Must a version have passed a job before it comes to another one?
fn is_upstream(view: &PipelineView<'_>, job: &JobView<'_>, of: &JobView<'_>, resource: &str) -> bool {
    upstream(view, of, resource).is_none_or(|upstream| upstream.iter().any(|up| up.name == job.name))
}

/// What is deployed, whatever is done with it.
fn without_verb(stem: &str) -> &str {
    ["compile-and-deploy-", "deploy-", "preview-"].iter().find_map(|verb| stem.strip_prefix(verb)).unwrap_or(stem)
}
