use concourse_pipeline::model::{JobName, ResourceName};
use github_issues_resource::contract::{Approve, GateKey, IssueKind, StageKey};
use yaml_source::yaml::Value;

use crate::approval::{ApprovalSettings, ApprovedCode};
use crate::input::InputSource;
use crate::project::{Input, Issues, Pin, Stage};

use super::job::Taken;

/// An issue that belongs to a stage: what it is about, where it lives, and whose closing counts.
#[derive(Clone, Debug)]
pub struct GateIssue<'p> {
    /// Its identity.
    pub(crate) key: GateKey,
    /// Its title.
    pub(crate) title: &'p str,
    /// The resource that writes it.
    pub(crate) post: &'p ResourceName,
    /// The resource that watches it.
    pub(crate) trigger: &'p ResourceName,
    /// The stage that it belongs to.
    pub(crate) of: &'p Stage,
    /// Where it lives.
    pub(crate) issues: &'p Issues,
    /// What counts as an approval, for an issue that asks for one.
    pub(crate) approval: Option<&'p ApprovalSettings>,
    /// The stage that closing it promotes to.
    pub(crate) destination: Option<Destination<'p>>,
}

/// A stage that an approval promotes to.
#[derive(Clone, Debug)]
pub(crate) struct Destination<'p> {
    /// Its identity.
    pub(crate) key: StageKey,
    /// The stage.
    pub(crate) stage: &'p Stage,
}

impl Destination<'_> {
    /// Its former identities.
    pub(crate) fn former_keys(&self) -> impl Iterator<Item = StageKey> {
        let former = self.stage.former.iter().map(|stage| StageKey::new(stage.clone(), self.key.phase()));
        former.filter(|key| *key != self.key)
    }
}

impl GateIssue<'_> {
    /// Does an approval name versions, and are those deployed?
    pub(crate) fn is_exact(&self) -> bool {
        self.issues.resource.names_versions()
            && self.approval.is_some_and(|approval| approval.approve == Approve::Exact)
    }

    /// What its identity was before.
    pub(crate) fn former_keys(&self) -> impl Iterator<Item = GateKey> {
        let former = self.of.former.iter().map(|stage| GateKey::new(stage.clone(), self.key.kind()));
        former.filter(|key| *key != self.key)
    }

    /// Is it the issue of a preview?
    pub(crate) fn is_preview(&self) -> bool {
        self.key.kind() == IssueKind::Ready
    }
}

/// Where the versions of a job come from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Entry<'p> {
    /// An approval, which the job claims.
    Approval,
    /// The approval that this job before claimed. `passed` alone would bring the newer versions.
    Following(&'p JobName),
    /// A record of the stage before, watched by this resource. It approves nothing, so only a preview takes it.
    Record(&'p ResourceName),
}

/// The gate whose versions a job goes by.
#[derive(Clone, Debug)]
pub struct TakenGate<'p> {
    /// The issue.
    pub(crate) issue: GateIssue<'p>,
    /// Where the versions come from.
    pub(crate) entry: Entry<'p>,
    /// A new approval or record starts the job.
    pub(crate) trigger: bool,
    /// What the approval names: the code, and inputs by name.
    pub(crate) pins: Vec<&'p str>,
    /// How the job gets the approved commit of the code.
    pub(crate) code: ApprovedCode,
    /// For a checkout: the commit may not be in the clone yet, for no job here had it before.
    pub(crate) fetch: bool,
}

impl<'p> TakenGate<'p> {
    /// Whether the job claims the approval.
    pub(crate) fn is_claimed(&self) -> bool {
        matches!(self.entry, Entry::Approval)
    }

    /// The job before that claimed the approval.
    pub(crate) fn passed(&self) -> Option<&'p JobName> {
        if let Entry::Following(job) = self.entry { Some(job) } else { None }
    }

    /// The resource that is watched.
    pub(crate) fn watched(&self) -> &'p ResourceName {
        if let Entry::Record(records) = self.entry { records } else { self.issue.trigger }
    }

    /// Whether the job takes exactly the versions that the gate names.
    pub(crate) fn is_exact(&self) -> bool {
        matches!(self.entry, Entry::Record(_)) || self.issue.is_exact()
    }

    /// Is it the approval of what the stage's own preview showed, and is the deployment held to that?
    pub(crate) fn is_of_preview_of(&self, stage: &Stage) -> bool {
        self.is_claimed() && self.issue.is_exact() && self.issue.is_preview() && std::ptr::eq(self.issue.of, stage)
    }

    /// Is a thing held to the version that the gate names?
    pub(crate) fn holds(&self, pin: &str) -> bool {
        self.is_exact() && self.pins.contains(&pin)
    }

    /// Whether the approval itself hands an image over: the deployment reads nothing of the image but its digest, as
    /// variables, and those hold the approved one.
    pub(crate) fn hands_over(&self, taken: Taken<'_>) -> bool {
        let Taken::Input(input @ Input { source: InputSource::Image(_), pin: Pin::File(pin), content: None, .. }) =
            taken
        else {
            return false;
        };
        let param = input.params.as_ref().and_then(|params| params.get("skip_download"));
        param == Some(&Value::Bool(true))
            && self.holds(input.name.as_str())
            && !input.env.is_empty()
            && input.env.iter().all(|env| env.file == *pin)
    }
}
