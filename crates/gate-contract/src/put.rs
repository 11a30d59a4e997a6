use std::fmt;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::source::is_default;

/// The `params` of a put in gate mode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum GatePut {
    /// After a deployment or a preview: opens the gate's issue, or comments on the open one, and records the versions.
    Record(Box<RecordParams>),
    /// Before a deployment: uses an approval up, unless it was withdrawn or used already.
    Claim(ClaimParams),
    /// After a deployment: tells the closed issue what became of its approval.
    Report(ReportParams),
}

/// What closing the issue lets the next stage deploy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Approve {
    /// Exactly the versions that the issue names.
    #[default]
    Exact,
    /// The newest versions that are there by then.
    Latest,
}

/// What becomes of an issue that asks nothing of anybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RecordState {
    /// It stays open.
    #[default]
    Open,
    /// It is closed by the put that opened it: a log that does not pile up.
    Closed,
}

/// Which files of an artifact are its content. Paths begin at the artifact; a folder counts with all that it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ContentFiles {
    /// These, and all must be there.
    Only(Vec<String>),
    /// All but these, which a get writes about the version.
    Except(Vec<String>),
}

impl fmt::Display for ContentFiles {
    /// As the parameter `CONTENT` of the script `checkout-approved` has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, names) = match self {
            Self::Only(names) => ("only", names),
            Self::Except(names) => ("except", names),
        };
        f.write_str(word)?;
        names.iter().try_for_each(|name| write!(f, " {name}"))
    }
}

/// `action: record`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RecordParams {
    /// Title of an issue that is opened.
    pub title: String,
    /// The versions that were deployed or previewed: name → file below the build directory. `code` is the commit.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub pins: IndexMap<String, String>,
    /// Artifacts whose files are hashed, since their pin is a name that can come to mean other files: name → which files of
    /// the artifact of that name. The hash becomes the pin `NAME.sha256`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub content: IndexMap<String, ContentFiles>,
    /// No gate is in front of this stage: it deploys by itself. Issues of an older pipeline that still promote to it are
    /// closed, since no job takes their approvals.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ungated: bool,
    /// What closing the issue lets the source's `destination` deploy.
    #[serde(default, skip_serializing_if = "is_default")]
    pub approve: Approve,
    /// Labels of an issue that is opened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Its assignees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assignees: Vec<String>,
    /// Files whose texts are shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub body_files: Vec<String>,
    /// The folder of the code's clone, from which the commits are listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clone: Option<String>,
    /// Where this file exists there is nothing to approve: the issue is closed as not planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_if_file: Option<String>,
    /// A file that a preview writes when it finds nothing to change. Only where the file exists are the versions
    /// recorded, marked as unchanged: the stage is at these versions, and nothing was deployed there. For a gate
    /// `…/deployed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unchanged_if_file: Option<String>,
    /// The file `record.json` of the record that these versions come from. The issue names the environments that the
    /// record left unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_record: Option<String>,
    /// For an issue that promotes nowhere: its source has no `destination`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub state: RecordState,
}

/// `action: claim`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ClaimParams {
    /// The file `approval.json` of the gate's get. Each approval starts one deployment of the source's `destination` by
    /// itself, whatever pipeline or job deploys that stage.
    pub approval: String,
    /// Pins that the job checks out besides `code`. The claim is refused unless each is the full hash of a commit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commits: Vec<String>,
}

/// What became of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReportStatus {
    /// It began.
    Started,
    /// It was deployed.
    Succeeded,
    /// A step failed.
    Failed,
    /// Concourse could not run it.
    Errored,
    /// Somebody stopped it.
    Aborted,
}

/// `action: report`: a comment on the issue whose approval this build claimed. The issue is found by the number of the
/// build, so the put needs no input, and no worker has to be there still.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReportParams {
    /// Said by the hook, for Concourse 7.14 does not say it: `BUILD_STATUS` is unset there.
    pub status: ReportStatus,
}
