//! What the resource type `github-issues` does in gate mode: records, closings, claims. And what the image of MIT Open
//! Learning does with the same issues, of which it knows only that they are closed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use concourse_scheduler::{BuildId, Kind, Version};

use crate::model::{GateId, StageId};

/// Something outside of the pipeline: a repository, an image. Resources with the same source are about the same thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub usize);

/// A version of something outside of the pipeline, of which an artifact is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// The thing.
    pub source: SourceId,
    /// Its version. The first one is 1.
    pub version: Version,
}

/// What an artifact is made of.
pub type Content = BTreeSet<Origin>;

/// What a record names, by pin.
pub type Named = BTreeMap<String, Content>;

/// A closing that approves. An index of the approvals of [`Issues`], and the version that a check gives Concourse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApprovalId(pub u32);

impl ApprovalId {
    /// The version that Concourse knows the approval by.
    pub fn version(self) -> Version {
        Version(self.0)
    }
}

/// What one deployment, or one preview without changes, wrote.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    /// The gate.
    pub gate: GateId,
    /// What was deployed.
    pub named: Named,
    /// The stage that it promotes to. None if it is for whoever listens, or for nobody.
    pub destination: Option<StageId>,
}

/// The newest issue of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Issue {
    gate: GateId,
    /// The last record in it.
    record: usize,
    state: IssueState,
}

/// Whether an issue is open, and how it was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum IssueState {
    Open,
    Approved(ApprovalId),
    /// Closed as not planned.
    Rejected,
}

/// What a closing approved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Approval {
    /// The last record before the closing.
    pub record: Record,
    /// Whether the issue was not reopened since.
    pub stands: bool,
    /// The build that used the approval up.
    pub claimed_by: Option<BuildId>,
}

impl Record {
    /// Everything that the record names.
    pub fn content(&self) -> Content {
        self.named.values().flatten().copied().collect()
    }
}

/// Why a build does not get an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The artifact carries no approval.
    NoApproval,
    /// No step before the claim fetched the artifact.
    NotFetched,
    /// The issue was reopened.
    Withdrawn,
    /// The record promotes to another stage.
    OtherStage,
    /// A build used the approval up, and no person asks for another deployment.
    AlreadyUsed,
    /// A later approval of the gate for this stage was used.
    Superseded,
    /// The record names no commit.
    NoCommit,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoApproval => "there is no approval",
            Self::NotFetched => "the claim runs before the get of the approval",
            Self::Withdrawn => "the issue was reopened",
            Self::OtherStage => "the approval is for another stage",
            Self::AlreadyUsed => "the approval was used before",
            Self::Superseded => "a later approval was used",
            Self::NoCommit => "the issue names no commit",
        })
    }
}

/// The issues of all gates, and what their closings approved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Issues {
    records: Vec<Record>,
    /// The newest issue of each gate.
    of_gates: Vec<Issue>,
    approvals: Vec<Approval>,
}

impl Issues {
    /// Writes a record into the open issue of a gate. Without an open issue it opens one.
    pub fn record(&mut self, record: Record) {
        let gate = record.gate;
        self.records.push(record);
        let issue = Issue { gate, record: self.records.len() - 1, state: IssueState::Open };
        match self.issue_mut(gate) {
            Some(known) => *known = issue,
            None => self.of_gates.push(issue),
        }
    }

    /// Whether the newest record of the gate says the same. A preview that finds nothing to change does not write it again:
    /// nobody is asked a second time.
    pub fn is_newest(&self, record: &Record) -> bool {
        self.records.iter().rfind(|known| known.gate == record.gate) == Some(record)
    }

    /// Closes the open issue of a gate as not planned. It approves nothing.
    pub fn reject(&mut self, gate: GateId) {
        if let Some(issue) = self.issue_mut(gate).filter(|issue| issue.state == IssueState::Open) {
            issue.state = IssueState::Rejected;
        }
    }

    /// The record that closing the issue of a gate would approve. None without an open issue.
    pub fn closable(&self, gate: GateId) -> Option<&Record> {
        let issue = self.of_gates.iter().find(|issue| issue.gate == gate && issue.state == IssueState::Open)?;
        self.records.get(issue.record)
    }

    /// Closes the issue of a gate as completed. It approves the last record. Returns the approval, or None without an open
    /// issue.
    pub fn close(&mut self, gate: GateId) -> Option<ApprovalId> {
        let record = self.closable(gate).cloned()?;
        let id = ApprovalId(u32::try_from(self.approvals.len()).ok()?);
        if let Some(issue) = self.issue_mut(gate) {
            issue.state = IssueState::Approved(id);
        }
        self.approvals.push(Approval { record, stands: true, claimed_by: None });
        Some(id)
    }

    /// Whether the issue of a gate can be reopened.
    pub fn is_closed(&self, gate: GateId) -> bool {
        self.of_gates.iter().any(|issue| issue.gate == gate && issue.state != IssueState::Open)
    }

    /// Reopens the issue of a gate. It withdraws what the closing approved.
    pub fn reopen(&mut self, gate: GateId) {
        let Some(issue) = self.issue_mut(gate) else { return };
        if let IssueState::Approved(id) = std::mem::replace(&mut issue.state, IssueState::Open)
            && let Some(approval) = self.approvals.get_mut(index(id.0))
        {
            approval.stands = false;
        }
    }

    /// Gives a gate another name: its issues and approvals are those of the new gate.
    pub fn rename_gate(&mut self, old: GateId, new: GateId) {
        self.of_gates.retain(|issue| issue.gate != new);
        for gate in self.of_gates.iter_mut().map(|issue| &mut issue.gate).filter(|gate| **gate == old) {
            *gate = new;
        }
        for record in self.all_records().filter(|record| record.gate == old) {
            record.gate = new;
        }
    }

    /// Gives a stage another name: what was approved for it is approved for the new name.
    pub fn rename_stage(&mut self, old: StageId, new: StageId) {
        for record in self.all_records().filter(|record| record.destination == Some(old)) {
            record.destination = Some(new);
        }
    }

    fn all_records(&mut self) -> impl Iterator<Item = &mut Record> {
        self.records.iter_mut().chain(self.approvals.iter_mut().map(|approval| &mut approval.record))
    }

    /// What a check of a trigger finds: the newest approval for the stage that stands, used or not.
    pub fn check(&self, gate: GateId, stage: StageId) -> Option<ApprovalId> {
        let is_for_it =
            |approval: &Approval| approval.record.gate == gate && approval.record.destination == Some(stage);
        let at = self.approvals.iter().rposition(|approval| is_for_it(approval) && approval.stands)?;
        u32::try_from(at).ok().map(ApprovalId)
    }

    /// What a check of signals finds: all closings that stand, for anybody.
    pub fn signals(&self, gates: &[GateId]) -> Vec<ApprovalId> {
        let stands = |(_, approval): &(usize, &Approval)| approval.stands && gates.contains(&approval.record.gate);
        let found = self.approvals.iter().enumerate().filter(stands);
        found.filter_map(|(at, _)| u32::try_from(at).ok().map(ApprovalId)).collect()
    }

    /// What a check of records finds: all of a gate, the oldest first.
    pub fn records(&self, gate: GateId) -> Vec<Version> {
        let found = self.records.iter().enumerate().filter(|(_, record)| record.gate == gate);
        found.filter_map(|(at, _)| u32::try_from(at).ok().map(Version)).collect()
    }

    /// A record, by its version.
    pub fn record_of(&self, version: Version) -> Option<&Record> {
        self.records.get(index(version.0))
    }

    /// The approval of the last closing of a gate. None if it was withdrawn.
    pub fn last(&self, gate: GateId) -> Option<ApprovalId> {
        let at = self.approvals.iter().rposition(|approval| approval.record.gate == gate)?;
        u32::try_from(at).ok().map(ApprovalId).filter(|_| self.approvals[at].stands)
    }

    /// The gates with an open issue.
    pub fn open(&self) -> impl Iterator<Item = GateId> + '_ {
        self.of_gates.iter().filter(|issue| issue.state == IssueState::Open).map(|issue| issue.gate)
    }

    /// Fetches what an approval approved. What is for another stage is refused, and what was withdrawn before a build used it:
    /// a job that follows the build fetches it, whatever happened since.
    ///
    /// # Errors
    ///
    /// Why the approval is refused.
    pub fn get(&self, id: ApprovalId, stage: StageId) -> Result<&Named, Refusal> {
        let approval = self.approval(id).ok_or(Refusal::NoApproval)?;
        let is_for_stage = approval.record.destination == Some(stage);
        let is_followed = is_for_stage && approval.claimed_by.is_some();
        match (approval.stands || is_followed, is_for_stage) {
            (false, _) => Err(Refusal::Withdrawn),
            (true, false) => Err(Refusal::OtherStage),
            (true, true) => Ok(&approval.record.named),
        }
    }

    /// Uses an approval up. Whatever was true at the get is asked again. A person can ask for the same deployment once
    /// more, with `+` or a rerun, until a later approval was used.
    ///
    /// # Errors
    ///
    /// Why the approval is refused.
    pub fn claim(&mut self, id: ApprovalId, stage: StageId, build: BuildId, kind: &Kind) -> Result<(), Refusal> {
        if self.approval(id).is_some_and(|approval| !approval.stands) {
            return Err(Refusal::Withdrawn);
        }
        self.get(id, stage)?;
        let (earlier, later) = self.approvals.split_at_mut_checked(index(id.0) + 1).ok_or(Refusal::NoApproval)?;
        let approval = earlier.last_mut().ok_or(Refusal::NoApproval)?;
        if approval.claimed_by.is_some() && *kind == Kind::Triggered {
            return Err(Refusal::AlreadyUsed);
        }
        let Record { gate, destination, .. } = approval.record;
        let is_of_it = |later: &Approval| later.record.gate == gate && later.record.destination == destination;
        if later.iter().any(|later| is_of_it(later) && later.claimed_by.is_some()) {
            return Err(Refusal::Superseded);
        }
        approval.claimed_by.get_or_insert(build);
        Ok(())
    }

    /// An approval.
    pub fn approval(&self, id: ApprovalId) -> Option<&Approval> {
        self.approvals.get(index(id.0))
    }

    fn issue_mut(&mut self, gate: GateId) -> Option<&mut Issue> {
        self.of_gates.iter_mut().find(|issue| issue.gate == gate)
    }
}

fn index(id: u32) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}
