//! What must never happen.

use std::fmt;

use crate::issues::{ApprovalId, Commit};
use crate::model::Model;
use crate::state::{Deployment, State};

/// Something that must never happen, and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// (a) A gated stage got a deployment without an approval for that stage.
    Unapproved {
        /// The stage.
        stage: String,
        /// What was deployed.
        commit: Commit,
    },
    /// (b) What was deployed is not what was approved.
    WrongVersion {
        /// The stage.
        stage: String,
        /// What was deployed.
        commit: Commit,
        /// What was approved.
        approved: Commit,
    },
    /// (c) An approval started a second deployment by itself.
    DeployedTwice {
        /// The stage.
        stage: String,
        /// What was deployed.
        commit: Commit,
    },
    /// (c) Nothing happens any more, and the newest approval of a gate started no deployment.
    NothingStarted {
        /// The gate.
        gate: String,
        /// What was approved.
        approved: Commit,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Violation::Unapproved { stage, commit } => {
                write!(f, "{stage} can deploy commit {commit}, which nobody approved for {stage}")
            }
            Violation::WrongVersion { stage, commit, approved } => {
                write!(f, "{stage} can deploy commit {commit} where commit {approved} was approved")
            }
            Violation::DeployedTwice { stage, commit } => {
                write!(f, "{stage} can deploy commit {commit} twice by itself for one approval")
            }
            Violation::NothingStarted { gate, approved } => {
                write!(f, "closing the issue of {gate} for commit {approved} can start nothing")
            }
        }
    }
}

/// (a), (b), and the first half of (c), for a deployment that is about to happen.
pub(crate) fn judge(model: &Model, state: &State, deployment: &Deployment) -> Option<Violation> {
    let stage = model.stages.get(deployment.stage.0).filter(|stage| stage.is_gated)?;
    let commit = deployment.commit;
    let approved = deployment.approval.and_then(|id| Some((id, state.issues.approval(id)?)));
    // (a) An approval for this stage that the build used up, or that stands.
    let Some((id, approval)) = approved.filter(|(id, approval)| {
        approval.destination == deployment.stage && (deployment.claimed == Some(*id) || approval.stands)
    }) else {
        return Some(Violation::Unapproved { stage: stage.name.clone(), commit });
    };
    // (b) The approved commit.
    if approval.commit != commit {
        return Some(Violation::WrongVersion { stage: stage.name.clone(), commit, approved: approval.commit });
    }
    // (c) Once by itself. A person can deploy it again.
    if !deployment.is_asked_for && state.started_by_itself.contains(&id) {
        return Some(Violation::DeployedTwice { stage: stage.name.clone(), commit });
    }
    None
}

/// The second half of (c), for a state in which Concourse has nothing left to do.
pub(crate) fn judge_end(model: &Model, state: &State) -> Option<Violation> {
    model.gates.iter().enumerate().find_map(|(gate, name)| {
        let newest: ApprovalId = state.issues.newest(crate::model::GateId(gate))?;
        let approval = state.issues.approval(newest)?;
        let has_started = state.acted_on.contains(&newest);
        (!has_started).then(|| Violation::NothingStarted { gate: name.clone(), approved: approval.commit })
    })
}
