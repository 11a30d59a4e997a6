//! What must never happen.

use concourse_scheduler::ResourceId;

use crate::issues::{ApprovalId, Content, Origin};
use crate::model::{GateId, Model, Place, StageId};
use crate::state::State;

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
    let approved = approval.content();
    if let Some(deployed) = deployment.content.difference(&approved).next().copied() {
        let same = |resource: ResourceId| approved.iter().find(|origin| origin.resource == resource).copied();
        return violation(ViolationKind::WrongVersion { stage, deployed, approved: same(deployed.resource) });
    }
    // (c) Once by itself. A person can deploy it again.
    let is_again = state.started_by_itself.contains(&(carried.id, stage));
    if is_again && !deployment.is_asked_for && !deployment.is_continued {
        return violation(ViolationKind::DeployedTwice { stage });
    }
    None
}

/// (d), for a state in which Concourse has nothing left to do.
pub(crate) fn judge_end(model: &Model, state: &State) -> Option<Violation> {
    model.gates.iter().enumerate().filter(|(_, gate)| gate.is_promise).find_map(|(gate, _)| {
        let gate = GateId(gate);
        let newest = state.issues.last(gate)?;
        let has_started = state.acted_on.contains(&newest);
        (!has_started).then_some(Violation { kind: ViolationKind::NothingStarted { gate }, place: None })
    })
}
