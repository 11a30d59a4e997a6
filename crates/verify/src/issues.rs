//! What the resource type `github-issues` does in gate mode: records, closings, claims.

use concourse_scheduler::{BuildId, Kind, Version};

use crate::model::{GateId, StageId};

/// The number of a commit, the first one is 1.
pub type Commit = u32;

/// A closing that approves. An index of the approvals of [`Issues`], and the version that a check gives Concourse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApprovalId(pub u32);

impl ApprovalId {
    /// The version that Concourse knows the approval by.
    pub fn version(self) -> Version {
        Version(self.0)
    }
}

/// What one deployment wrote into an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Record {
    commit: Commit,
    destination: StageId,
}

/// The newest issue of a gate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Issue {
    gate: GateId,
    records: Vec<Record>,
    is_open: bool,
}

/// What a closing approved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Approval {
    /// The gate.
    pub gate: GateId,
    /// The last record before the closing.
    pub commit: Commit,
    /// The stage that the record promotes to.
    pub destination: StageId,
    /// Whether the issue was not reopened since.
    pub stands: bool,
    /// The build that used the approval up.
    pub claimed_by: Option<BuildId>,
}

/// Why a build does not get an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The artifact carries no approval.
    NoApproval,
    /// The issue was reopened.
    Withdrawn,
    /// The record promotes to another stage.
    OtherStage,
    /// A build used the approval up, and no person asks for another deployment.
    AlreadyUsed,
    /// A later approval of the gate was used.
    Superseded,
}

/// The issues of all gates, and what their closings approved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Issues {
    issues: Vec<Issue>,
    approvals: Vec<Approval>,
}

impl Issues {
    /// Writes a record into the open issue of a gate. Without an open issue it opens one.
    pub fn record(&mut self, gate: GateId, commit: Commit, destination: StageId) {
        let record = Record { commit, destination };
        match self.issue_mut(gate) {
            Some(issue) if issue.is_open => issue.records.push(record),
            Some(issue) => *issue = Issue { gate, records: vec![record], is_open: true },
            None => self.issues.push(Issue { gate, records: vec![record], is_open: true }),
        }
    }

    /// The commit that closing the issue of a gate would approve. None without an open issue.
    pub fn closable(&self, gate: GateId) -> Option<Commit> {
        let issue = self.issues.iter().find(|issue| issue.gate == gate && issue.is_open)?;
        issue.records.last().map(|record| record.commit)
    }

    /// Closes the issue of a gate as completed. It approves the last record.
    pub fn close(&mut self, gate: GateId) {
        let Some(issue) = self.issue_mut(gate).filter(|issue| issue.is_open) else { return };
        issue.is_open = false;
        if let Some(Record { commit, destination }) = issue.records.last().copied() {
            self.approvals.push(Approval { gate, commit, destination, stands: true, claimed_by: None });
        }
    }

    /// Whether the issue of a gate can be reopened.
    pub fn is_closed(&self, gate: GateId) -> bool {
        self.issues.iter().any(|issue| issue.gate == gate && !issue.is_open)
    }

    /// Reopens the issue of a gate. It withdraws what the closing approved.
    pub fn reopen(&mut self, gate: GateId) {
        if let Some(issue) = self.issue_mut(gate) {
            issue.is_open = true;
        }
        if let Some(approval) = self.approvals.iter_mut().rfind(|approval| approval.gate == gate) {
            approval.stands = false;
        }
    }

    /// What a check of a trigger finds: the newest approval that stands, used or not, if it is for the stage.
    pub fn check(&self, gate: GateId, stage: StageId) -> Option<ApprovalId> {
        let newest = self.newest(gate)?;
        (self.approval(newest)?.destination == stage).then_some(newest)
    }

    /// The newest approval of a gate that stands.
    pub fn newest(&self, gate: GateId) -> Option<ApprovalId> {
        let at = self.approvals.iter().rposition(|approval| approval.gate == gate && approval.stands)?;
        u32::try_from(at).ok().map(ApprovalId)
    }

    /// Fetches what an approval approved. A withdrawn approval, or one for another stage, is refused.
    ///
    /// # Errors
    ///
    /// Why the approval is refused.
    pub fn get(&self, id: ApprovalId, stage: StageId) -> Result<Commit, Refusal> {
        let approval = self.approval(id).ok_or(Refusal::NoApproval)?;
        if approval.destination != stage {
            return Err(Refusal::OtherStage);
        }
        if !approval.stands {
            return Err(Refusal::Withdrawn);
        }
        Ok(approval.commit)
    }

    /// Uses an approval up. Whatever was true at the get is asked again. A person can ask for the same deployment once
    /// more, with `+` or a rerun, until a later approval was used.
    ///
    /// # Errors
    ///
    /// Why the approval is refused.
    pub fn claim(&mut self, id: ApprovalId, stage: StageId, build: BuildId, kind: &Kind) -> Result<(), Refusal> {
        self.get(id, stage)?;
        let gate = self.approval(id).map(|approval| approval.gate);
        let is_superseded = self
            .approvals
            .iter()
            .skip(index(id) + 1)
            .any(|later| Some(later.gate) == gate && later.claimed_by.is_some());
        if is_superseded {
            return Err(Refusal::Superseded);
        }
        let approval = self.approvals.get_mut(index(id)).ok_or(Refusal::NoApproval)?;
        match (approval.claimed_by, kind) {
            (Some(_), Kind::Triggered) => Err(Refusal::AlreadyUsed),
            (Some(_), Kind::Manual | Kind::Rerun(_)) => Ok(()),
            (None, _) => {
                approval.claimed_by = Some(build);
                Ok(())
            }
        }
    }

    /// An approval.
    pub fn approval(&self, id: ApprovalId) -> Option<&Approval> {
        self.approvals.get(index(id))
    }

    fn issue_mut(&mut self, gate: GateId) -> Option<&mut Issue> {
        self.issues.iter_mut().find(|issue| issue.gate == gate)
    }
}

fn index(id: ApprovalId) -> usize {
    usize::try_from(id.0).unwrap_or(usize::MAX)
}
