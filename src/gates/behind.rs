//! The gates that a job is behind.

use std::collections::BTreeSet;

use concourse_pipeline::issues::{IssueId, IssueSource};

use super::model::{Job, Pipeline};
use super::repeated::environment;
use super::version::{Newest, is_used, newest_of};

/// The gates whose approvals decide on what a job uses. A job that takes something at its newest, whatever else it takes, is
/// behind none.
pub(super) struct Behind<'p, 'a> {
    /// Those that decide on all of it.
    of_all: BTreeSet<&'p IssueId<'a>>,
    is_none: bool,
}

impl<'p, 'a> Behind<'p, 'a> {
    pub(super) fn of(job: &'p Job<'a>, pipeline: &'p Pipeline<'a>) -> Self {
        if job.stage().is_some() && job.is_gated() {
            return Self { of_all: job.gates().collect(), is_none: false };
        }
        let parts = if job.is_gated() { own(job, pipeline) } else { followed(job, pipeline) };
        let Some((first, others)) = parts.as_deref().and_then(<[_]>::split_first) else {
            return Self { of_all: BTreeSet::new(), is_none: true };
        };
        let is_everywhere = |gate: &&&IssueId<'_>| others.iter().all(|gates| gates.contains(**gate));
        Self { of_all: first.iter().filter(is_everywhere).copied().collect(), is_none: false }
    }

    /// Whether no approval is needed for what the job uses.
    pub(super) const fn is_none(&self) -> bool {
        self.is_none
    }

    /// Whether an approval of one gate decides on all of this job, and on another one.
    pub(super) fn is_shared_with(&self, other: &Job<'_>) -> bool {
        other.gates().any(|gate| self.of_all.contains(gate))
    }
}

type Gates<'p, 'a> = BTreeSet<&'p IssueId<'a>>;

/// The gates of each thing that a job with approvals uses; `None` when it takes something at its newest. What it claims
/// counts, and code that another approval brings. An approval that nothing uses decides on nothing.
fn own<'p, 'a>(job: &'p Job<'a>, pipeline: &'p Pipeline<'a>) -> Option<Vec<Gates<'p, 'a>>> {
    if newest_of(job, pipeline).iter().any(Newest::may_be_deployed) {
        return None;
    }
    let claims = job.claims();
    let claimed: Vec<IssueId<'_>> =
        claims.filter_map(|(put, _)| pipeline.issue(put.resource).and_then(IssueSource::id)).collect();
    let is_seen = job.puts().any(|(put, _)| put.sees_all && pipeline.issue(put.resource).is_none());
    let (of_claims, others): (Gates<'_, '_>, Gates<'_, '_>) = job
        .approvals
        .iter()
        .filter(|approval| {
            claimed.is_empty() || approval.is_code || claimed.iter().any(|gate| Some(gate) == approval.gate.as_ref())
        })
        .filter(|approval| is_seen || is_used(approval.artifact, job))
        .filter_map(|approval| approval.gate.as_ref())
        .partition(|gate| claimed.contains(*gate));
    let parts = others.into_iter().map(|gate| BTreeSet::from([gate]));
    Some(parts.chain((!of_claims.is_empty()).then_some(of_claims)).collect())
}

/// The gates of the jobs that each thing has passed; `None` when one has passed no job behind a gate.
fn followed<'p, 'a>(job: &Job<'a>, pipeline: &'p Pipeline<'a>) -> Option<Vec<Gates<'p, 'a>>> {
    let of_get = |passed: &[&str]| {
        let gates: Gates<'_, '_> = passed.iter().filter_map(|name| pipeline.job(name)).flat_map(Job::gates).collect();
        (!gates.is_empty()).then_some(gates)
    };
    job.gets().map(|(get, _)| of_get(&get.passed)).collect()
}

/// The environment of the gated jobs that a job follows.
pub(super) fn followed_environment<'a>(job: &Job<'a>, pipeline: &Pipeline<'a>) -> Option<&'a str> {
    let mut before = job.gets().flat_map(|(get, _)| &get.passed).filter_map(|name| pipeline.job(name));
    before.find(|before| before.is_gated()).and_then(|before| environment(before, pipeline))
}
