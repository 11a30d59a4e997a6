use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// What a get of an approval writes into its artifact.
pub mod files {
    /// The whole [`Approval`](super::Approval), JSON.
    pub const APPROVAL: &str = "approval.json";
    /// The approved commit of the code, a line.
    pub const REF: &str = "ref";
    /// The version that was got, JSON.
    pub const VERSION: &str = "version";
    /// A folder with one file a pinned thing, each holding the approved version.
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
