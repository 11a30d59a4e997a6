//! What must never happen.

use std::collections::BTreeSet;

use concourse_scheduler::{BuildId, Job, Status};

use crate::issues::{ApprovalId, Content, Origin, SourceId};
use crate::model::{Found, GateId, Model, Place, StageId};
use crate::state::{Machine, State};

/// Something that must never happen, and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What happened.
    pub kind: ViolationKind,
    /// The step that did it. None where something did not happen.
    pub place: Option<Place>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ViolationKind {
    /// (a) A gated stage got a deployment without an approval for that stage.
    Unapproved {
        /// The stage.
        stage: StageId,
    },
    /// (b) What was deployed is not what was approved.
    WrongVersion {
        /// The stage.
        stage: StageId,
        /// What was deployed.
        deployed: Origin,
        /// What was approved of the same resource. None if no version of it was.
        approved: Option<Origin>,
    },
    /// (c) An approval started a second deployment by itself.
    DeployedTwice {
        /// The stage.
        stage: StageId,
    },
    /// (d) Nothing happens any more, and the newest approval of a gate started nothing.
    NothingStarted {
        /// The gate.
        gate: GateId,
    },
    /// (f) A stage runs something else than the newest approval, or than its newest issue names: an older build deployed it
    /// after a newer one.
    Overtaken {
        /// The stage.
        stage: StageId,
    },
    /// (f) The newest issue of a gate names what an older build tells of: it wrote after a newer one.
    OvertakenRecord {
        /// The gate.
        gate: GateId,
    },
    /// (g) An issue asks for an approval of something that its stage does not run, because the deployment failed.
    NotDeployed {
        /// The stage.
        stage: StageId,
    },
    /// (h) An issue shows a preview from before the last deployment of its stage.
    StalePreview {
        /// The stage.
        stage: StageId,
    },
}

/// A deployment that is about to happen.
pub(crate) struct Deployment<'d> {
    pub(crate) stage: StageId,
    pub(crate) place: Place,
    /// What the step sees, and so can deploy.
    pub(crate) content: &'d Content,
    /// The approval that the build got.
    pub(crate) approval: Option<Carried>,
    /// The approval that the build used up.
    pub(crate) claimed: Option<ApprovalId>,
    /// Whether a person started the build.
    pub(crate) is_asked_for: bool,
    /// Whether an earlier step of the same build deployed the stage.
    pub(crate) is_continued: bool,
}

/// An approval in an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Carried {
    pub(crate) id: ApprovalId,
    /// The stage that the resource is for. None if the closing is a signal for anybody.
    pub(crate) stage: Option<StageId>,
    /// Whether another job used the approval up before.
    pub(crate) is_followed: bool,
    /// Whether a person started the build of that job.
    pub(crate) is_asked_for: bool,
}

/// (a), (b), and (c), for a deployment that is about to happen.
pub(crate) fn judge(model: &Model, state: &State, deployment: &Deployment<'_>) -> Option<Violation> {
    let stage = deployment.stage;
    model.stages.get(stage.0).filter(|stage| stage.is_gated)?;
    let violation = |kind| Some(Violation { kind, place: Some(deployment.place) });
    // (a) An approval for this stage that the build used up, that it follows, or that stands.
    let carried = deployment.approval.and_then(|carried| Some((carried, state.issues.approval(carried.id)?)));
    let Some((carried, approval)) = carried.filter(|(carried, approval)| {
        let is_used = deployment.claimed == Some(carried.id) || (carried.is_followed && approval.claimed_by.is_some());
        let is_for_it = carried.stage.is_none() || carried.is_followed || approval.record.destination == Some(stage);
        is_for_it && (is_used || approval.stands)
    }) else {
        return violation(ViolationKind::Unapproved { stage });
    };
    // (b) The approved versions, and no other.
    let approved = approval.record.content();
    if let Some(deployed) = deployment.content.difference(&approved).next().copied() {
        let same = |source: SourceId| approved.iter().find(|origin| origin.source == source).copied();
        return violation(ViolationKind::WrongVersion { stage, deployed, approved: same(deployed.source) });
    }
    // (c) Once by itself. A person can deploy it again.
    let is_again = state.started_by_itself.contains(&(carried.id, stage));
    if is_again && !deployment.is_asked_for && !deployment.is_continued {
        return violation(ViolationKind::DeployedTwice { stage });
    }
    None
}

/// (f), for a build that deploys a stage, after another build did. A person can deploy an older version again.
pub(crate) fn judge_order(state: &State, deployment: &Deployment<'_>, build: BuildId) -> Option<Violation> {
    let Deployment { stage, place, .. } = *deployment;
    let is_overtaken = state.last.get(&stage).is_some_and(|last| *last > build);
    let violation = Violation { kind: ViolationKind::Overtaken { stage }, place: Some(place) };
    (is_overtaken && !deployment.is_asked_for).then_some(violation)
}

/// What a build did before it writes into the issue of a gate.
pub(crate) struct Recording<'r> {
    pub(crate) build: BuildId,
    pub(crate) gate: GateId,
    /// Whether a person started the build.
    pub(crate) is_asked_for: bool,
    /// The stages that it deployed.
    pub(crate) deployed: &'r BTreeSet<StageId>,
    /// The stage that it failed to deploy.
    pub(crate) failed: Option<StageId>,
    /// Of a preview: the stage, and which build had deployed it when the preview began.
    pub(crate) previewed: Option<(StageId, Option<BuildId>)>,
}

/// (f), (g) and (h), for a build that writes into an issue that asks for an approval.
pub(crate) fn judge_record(state: &State, recording: &Recording<'_>) -> Option<Violation> {
    let violation = |kind| Some(Violation { kind, place: None });
    if let Some(stage) = recording.failed {
        return violation(ViolationKind::NotDeployed { stage });
    }
    if let Some((stage, before)) = recording.previewed {
        let is_stale = state.last.get(&stage).copied() != before;
        return if is_stale { violation(ViolationKind::StalePreview { stage }) } else { None };
    }
    let newer = state.writers.get(&recording.gate).is_some_and(|writer| *writer > recording.build);
    if newer && !recording.is_asked_for && recording.deployed.is_empty() {
        return violation(ViolationKind::OvertakenRecord { gate: recording.gate });
    }
    let is_overtaken = |stage: &&StageId| state.last.get(stage) != Some(&recording.build);
    let stage = *recording.deployed.iter().find(is_overtaken)?;
    violation(ViolationKind::Overtaken { stage })
}

/// (d), for a state in which Concourse has nothing left to do. Who closes an issue that an earlier pipeline opened waits for
/// the same: unless its stage needs no approval any more.
pub(crate) fn judge_end(machine: &Machine<'_>, state: &State) -> Option<Violation> {
    let gates = (0..machine.model(state).gates.len()).map(GateId);
    gates.filter(|gate| machine.is_promise(state, *gate)).find_map(|gate| {
        let newest = state.issues.last(gate)?;
        let stage = state.issues.approval(newest)?.record.destination;
        let is_needless = stage.is_some_and(|stage| machine.is_free(state, stage));
        let has_started = state.acted_on.contains(&newest);
        (!has_started && !is_needless && !waits_for_another(machine.model(state), state, gate))
            .then_some(Violation { kind: ViolationKind::NothingStarted { gate }, place: None })
    })
}

/// Whether the jobs of a gate wait for a version that has passed a job of another gate, no build of which has succeeded yet:
/// `needs` of a manifest. The closing starts something as soon as one has.
fn waits_for_another(model: &Model, state: &State, gate: GateId) -> bool {
    let gate_of = |resource: &str| match model.resources.get(resource) {
        Some(Found::Approvals { gate, .. }) => Some(*gate),
        _ => None,
    };
    let gates = |job: &Job| job.inputs.iter().filter_map(|input| gate_of(&input.resource)).collect::<BTreeSet<_>>();
    let has_succeeded = |job: &Job| {
        let id = state.history.job(&job.name);
        id.is_some_and(|id| state.history.builds_of(id).any(|build| build.status == Status::Succeeded))
    };
    let waits = |job: &Job| {
        let passed: BTreeSet<&str> = job.inputs.iter().flat_map(|input| &input.passed).map(String::as_str).collect();
        let mut before = model.pipeline.jobs.iter().filter(|other| passed.contains(other.name.as_str()));
        before.any(|other| gates(other).iter().any(|of| *of != gate) && !has_succeeded(other))
    };
    model.pipeline.jobs.iter().any(|job| gates(job).contains(&gate) && waits(job))
}
