use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// What a get of an approval or of a record writes into its artifact.
pub mod files {
    /// The whole [`Approval`](super::Approval), JSON.
    pub const APPROVAL: &str = "approval.json";
    /// The whole [`VersionRecord`](super::VersionRecord), JSON. A get of a record writes it, and no [`APPROVAL`].
    pub const RECORD: &str = "record.json";
    /// The commit of the code, approved or recorded, a line.
    pub const REF: &str = "ref";
    /// The version that was got, JSON.
    pub const VERSION: &str = "version";
    /// A folder with one file for each pin, which holds its version.
    pub const PINS: &str = "pins";
    /// The script that puts the approved versions into the clones of a build; run by `sh` in the build directory, with
    /// the parameters that its head describes.
    pub const CHECKOUT: &str = "checkout-approved";
    /// Where a get of the resource type `approved-git` puts these files, below the clone.
    pub const IN_CLONE: &str = ".git/approval";
    /// The name that the code has among the pins.
    pub const CODE_PIN: &str = "code";
    /// What the name of the pin that holds the hash of an artifact's files ends with.
    pub const CONTENT_SUFFIX: &str = ".sha256";
}

/// An approval: the file `approval.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Number of the issue.
    pub issue: u64,
    /// Its page.
    pub url: String,
    /// Login of the person who closed it.
    pub closed_by: String,
    /// When, RFC 3339, on GitHub's clock.
    pub closed_at: String,
    /// The approved versions, by the names that the record gave them.
    pub pins: IndexMap<String, String>,
    /// Log of the build that recorded them.
    pub build: String,
    /// Logs of all builds that the issue tells of, oldest first.
    pub builds: Vec<String>,
}

/// The versions that a stage is at: the file `record.json`. It approves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionRecord {
    /// Number of the issue.
    pub issue: u64,
    /// Its page.
    pub url: String,
    /// The environment of the stage.
    pub environment: String,
    /// Whether a preview found nothing to change for these versions, so that nothing was deployed.
    pub unchanged: bool,
    /// The environments before this one that these versions left unchanged, in their order.
    pub unchanged_before: Vec<String>,
    /// When GitHub took the record, RFC 3339.
    pub recorded_at: String,
    /// The versions, by the names that the record gave them.
    pub pins: IndexMap<String, String>,
    /// Log of the build that recorded them.
    pub build: String,
}

impl VersionRecord {
    /// The environments that these versions left unchanged on their way to the next one, in their order.
    pub fn left_unchanged(&self) -> Vec<String> {
        if !self.unchanged {
            return Vec::new();
        }
        self.unchanged_before.iter().chain([&self.environment]).cloned().collect()
    }
}
