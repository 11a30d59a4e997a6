//! What `validate` finds of the gates of two pipelines: what only the new one has makes its gates weaker.

use std::collections::{BTreeSet, HashMap};

use yaml_source::diagnostic::Rule;

use crate::flow::PipelineFlow;
use crate::model::{Job, Pipeline, Resource};

use super::change::{Changes, Effect, Subject};
use super::names::Matched;
use super::waited::WaitedFor;

/// The names of a job and of one of its gets: the job goes by an approval, and no approval names the version of the get.
pub type Unapproved = BTreeSet<(String, String)>;

/// What is known of the gates of a pipeline before it is compared.
#[derive(Default)]
pub struct Judged<'j> {
    /// The name by which it was judged.
    pub name: &'j str,
    /// What jobs take at its newest although they go by an approval.
    pub unapproved: Unapproved,
    /// Ways past its gates.
    pub findings: &'j [Finding],
    /// Of an old pipeline: the gates for which jobs waited then, its own and those of pipelines beside it.
    pub waited_for: Option<&'j WaitedFor<'j>>,
}

/// A way past a gate.
pub struct Finding {
    /// The rule that found it.
    pub rule: Rule,
    /// The job that it is in, where that is known.
    pub job: Option<String>,
    /// What is wrong. Names stand in ticks.
    pub message: String,
}

impl Finding {
    fn subject(&self) -> Subject {
        self.job.as_ref().map_or(Subject::Pipeline, |job| Subject::Job(job.clone()))
    }

    fn words(&self) -> String {
        format!("{} (`{}`)", self.message, self.rule.name())
    }
}

/// Says which findings are new.
pub(super) fn compare(
    (old, new): (&Judged<'_>, &Judged<'_>),
    (jobs, resources): (&Matched<'_, Job>, &Matched<'_, Resource>),
    (old_flow, flow): (&PipelineFlow<'_>, &PipelineFlow<'_>),
    changes: &mut Changes,
) {
    if new.findings.is_empty() {
        return;
    }
    let mut names: HashMap<&str, &str> = HashMap::from([(old.name, new.name)]);
    names.extend(resources.pairs.iter().map(|(old, new)| (old.name.as_str(), new.name.as_str())));
    names.extend(jobs.pairs.iter().map(|(old, new)| (old.name.as_str(), new.name.as_str())));
    let renamed = |name: &str| names.get(name).copied().unwrap_or(name).to_owned();
    let mut known: HashMap<(Rule, Option<String>, String), usize> = HashMap::new();
    for Finding { rule, job, message } in old.findings {
        let own = job.as_deref().map(|job| artifacts(job, (old_flow, flow), &names)).unwrap_or_default();
        let message: Vec<String> = message
            .split('`')
            .enumerate()
            .map(|(index, part)| match own.get(part) {
                Some(now) if index % 2 == 1 => now.clone(),
                None if index % 2 == 1 => renamed(part),
                _ => part.to_owned(),
            })
            .collect();
        *known.entry((*rule, job.as_deref().map(renamed), message.join("`"))).or_default() += 1;
    }
    let former: HashMap<&str, &str> =
        jobs.pairs.iter().map(|(old, new)| (new.name.as_str(), old.name.as_str())).collect();
    let gated = |name: &str| {
        let job = old_flow.jobs.iter().find(|job| job.job.name.as_str() == name);
        job.is_some_and(|job| !job.gates.is_empty())
    };
    let is_gate_gone = || jobs.removed.iter().any(|job| gated(job.name.as_str()));
    for finding @ Finding { rule, job, message } in new.findings {
        if let Some(left) = known.get_mut(&(*rule, job.clone(), message.clone())).filter(|left| **left > 0) {
            *left -= 1;
            continue;
        }
        if is_covered(finding, changes) {
            continue;
        }
        let is_weaker = *rule != Rule::UnpinnedApproval
            || job.as_ref().is_none_or(|job| {
                let is_in_place_of_gated = former.get(job.as_str()).map_or_else(is_gate_gone, |old| gated(old));
                is_in_place_of_gated || is_of_known_gate(job, flow, old.waited_for)
            });
        let effect = if is_weaker { Effect::Weaker } else { Effect::Changed };
        changes.push(effect, finding.subject(), finding.words());
    }
}

/// That a new gate names no version weakens none that was there. A gate for which a job waited before has somebody who goes by
/// it.
fn is_of_known_gate(job: &str, flow: &PipelineFlow<'_>, waited_for: Option<&WaitedFor<'_>>) -> bool {
    waited_for.is_some_and(|waited_for| waited_for.has_one_of(job, flow))
}

/// What findings say of a pipeline that was not there before. `waited_for` are the gates of those that were.
pub fn added(new: &Pipeline, findings: &[Finding], waited_for: &WaitedFor<'_>) -> Changes {
    let mut changes = Changes::default();
    if findings.is_empty() {
        return changes;
    }
    let flow = PipelineFlow::of(new);
    for finding in findings {
        let is_weaker = finding.rule != Rule::UnpinnedApproval
            || finding.job.as_ref().is_some_and(|job| is_of_known_gate(job, &flow, Some(waited_for)));
        let effect = if is_weaker { Effect::Weaker } else { Effect::Changed };
        changes.push(effect, finding.subject(), finding.words());
    }
    changes.changes.sort_by_key(|change| change.effect);
    changes
}

/// The new names of artifacts that a job gets by another name than before.
fn artifacts(
    job: &str,
    (old_flow, flow): (&PipelineFlow<'_>, &PipelineFlow<'_>),
    names: &HashMap<&str, &str>,
) -> HashMap<String, String> {
    let gets = |flow: &PipelineFlow<'_>, name: &str| -> Vec<(String, String)> {
        let job = flow.jobs.iter().find(|job| job.job.name.as_str() == name);
        let takings = job.into_iter().flat_map(|job| job.takes.iter().chain(&job.gates));
        takings.map(|taking| (taking.get.get.to_string(), taking.resource.to_owned())).collect()
    };
    let now = |name: &str| names.get(name).copied().unwrap_or(name).to_owned();
    let (before, after) = (gets(old_flow, job), gets(flow, &now(job)));
    let is_in = |all: &[(String, String)], artifact: &str| all.iter().any(|(name, _)| name == artifact);
    let mut come: Vec<&(String, String)> = after.iter().filter(|(name, _)| !is_in(&before, name)).collect();
    let gone = before.iter().filter(|(name, _)| !is_in(&after, name));
    gone.filter_map(|(name, resource)| {
        let at = come.iter().position(|(_, other)| *other == now(resource))?;
        Some((name.clone(), come.remove(at).0.clone()))
    })
    .collect()
}

/// Whether a change says the same.
fn is_covered(finding: &Finding, changes: &Changes) -> bool {
    let subject = finding.subject();
    changes.changes.iter().filter(|change| change.subject == subject).any(|change| {
        let covers = change.covers.as_ref().is_some_and(|(covered, name)| {
            *covered == finding.rule && name.as_ref().is_none_or(|name| finding.message.contains(&format!("`{name}`")))
        });
        change.is_gate_gone || covers
    })
}
