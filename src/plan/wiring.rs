//! How a plan's gated jobs get their code, and what they need not get at all.

use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::model::{JobName, ResourceName};
use github_issues_resource::contract::files::CODE_PIN;

use crate::approval::ApprovedCode;
use crate::input::InputSource;
use crate::project::CodeSource;

use super::gate::TakenGate;
use super::job::{PipelinePlan, PlannedJob, StageJob, Take, Taken};

/// Decides for each gate how its jobs get the code, and for each image whether a job gets it at all.
pub(super) fn wire(pipeline: &mut PipelinePlan<'_>) {
    let fetched = fetched(pipeline);
    for job in stage_jobs(pipeline) {
        if let Some(gate) = &mut job.gate
            && fetched.contains(gate.issue.trigger)
        {
            gate.code = ApprovedCode::Fetch;
        }
    }
    hand_over(pipeline);
}

fn stage_jobs<'a, 'p>(pipeline: &'a mut PipelinePlan<'p>) -> impl Iterator<Item = &'a mut StageJob<'p>> {
    pipeline.jobs.iter_mut().filter_map(|job| match job {
        PlannedJob::Stage(job) => Some(&mut **job),
        PlannedJob::Build(_) => None,
    })
}

/// The gates whose jobs get the code as the approved commit, by the resource that watches the gate. It is one resource
/// for all jobs of a gate, and so one way.
///
/// A job that takes the code as another job had it must find the code's own resource there.
fn fetched<'p>(pipeline: &PipelinePlan<'p>) -> BTreeSet<&'p ResourceName> {
    let jobs: Vec<&StageJob<'p>> = pipeline
        .jobs
        .iter()
        .filter_map(|job| match job {
            PlannedJob::Stage(job) => Some(&**job),
            PlannedJob::Build(_) => None,
        })
        .collect();
    let gate_of = |job: &StageJob<'p>| job.gate.as_ref().map(|gate| gate.issue.trigger);
    let mut codes: BTreeMap<&ResourceName, Option<&CodeSource>> = BTreeMap::new();
    for job in &jobs {
        let Some(gate) = &job.gate else { continue };
        let code = code_of(job).filter(|_| can_be_fetched(gate, job));
        let known = codes.entry(gate.issue.trigger).or_insert(code);
        if known.zip(code).is_none_or(|(known, code)| !is_same_code(known, code)) {
            *known = None;
        }
    }
    let mut fetched: BTreeSet<&ResourceName> =
        codes.into_iter().filter_map(|(gate, code)| code.map(|_| gate)).collect();
    loop {
        let from_clone = jobs.iter().filter(|job| gate_of(job).is_none_or(|gate| !fetched.contains(gate)));
        let passed: BTreeSet<_> =
            from_clone.flat_map(|job| &job.takes).filter(|take| is_code(take)).flat_map(|take| &take.passed).collect();
        let needed: Vec<&ResourceName> =
            jobs.iter().filter(|job| passed.contains(&job.name)).filter_map(|job| gate_of(job)).collect();
        let before = fetched.len();
        fetched.retain(|gate| !needed.contains(gate));
        if fetched.len() == before {
            return fetched;
        }
    }
}

/// Can a job get its code as the approved commit? Where it takes other git inputs their commits have to be checked out
/// in clones, and one way for all of them is enough.
fn can_be_fetched(gate: &TakenGate<'_>, job: &StageJob<'_>) -> bool {
    let other_git = job.takes.iter().any(|take| match take.taken {
        Taken::Input(input) => matches!(input.source, InputSource::Git(_)) && gate.holds(input.name.as_str()),
        Taken::Code(_) => false,
    });
    let wanted = gate.issue.approval.is_some_and(|approval| approval.code == ApprovedCode::Fetch);
    wanted && gate.holds(CODE_PIN) && !other_git
}

fn is_code(take: &Take<'_>) -> bool {
    matches!(take.taken, Taken::Code(_))
}

fn code_of<'p>(job: &StageJob<'p>) -> Option<&'p CodeSource> {
    job.takes.iter().find_map(|take| match take.taken {
        Taken::Code(code) => Some(code),
        Taken::Input(_) => None,
    })
}

fn is_same_code(one: &CodeSource, other: &CodeSource) -> bool {
    (&one.resource, &one.git.repository, &one.git.branch) == (&other.resource, &other.git.repository, &other.git.branch)
}

/// Takes out the gets of images whose approved digest is handed over, unless a later job takes the version that passed
/// there.
fn hand_over(pipeline: &mut PipelinePlan<'_>) {
    let mut needed: BTreeSet<(&JobName, &ResourceName)> = BTreeSet::new();
    for job in pipeline.jobs.iter_mut().rev() {
        let PlannedJob::Stage(job) = job else { continue };
        let gate = job.gate.as_ref();
        for take in &mut job.takes {
            let resource = take.taken.resource();
            let handed_over = gate.is_some_and(|gate| gate.hands_over(take.taken));
            take.handed_over = handed_over && !needed.contains(&(job.name, resource));
            if !take.handed_over {
                needed.extend(take.passed.iter().map(|passed| (*passed, resource)));
            }
        }
    }
}
