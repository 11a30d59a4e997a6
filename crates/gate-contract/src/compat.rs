use serde::{Deserialize, Serialize};

use super::AuthMethod;
use super::source::{default_host, null_is_default, text_or_number};

/// The `source` of MIT Open Learning's image, field by field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CompatSource {
    /// The repository of the issues, `owner/name`.
    pub repository: String,
    /// Base of GitHub's REST API.
    #[serde(default = "default_host")]
    pub gh_host: String,
    /// How to authenticate.
    #[serde(default)]
    pub auth_method: AuthMethod,
    /// For `auth_method: token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
    /// For `auth_method: app`.
    #[serde(default, deserialize_with = "text_or_number", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<super::source::TextOrNumber>"))]
    pub app_id: Option<String>,
    /// For `auth_method: app`.
    #[serde(default, deserialize_with = "text_or_number", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<super::source::TextOrNumber>"))]
    pub app_installation_id: Option<String>,
    /// For `auth_method: app`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_ssh_key: Option<String>,
    /// Which issues a check sees.
    #[serde(default)]
    pub issue_state: IssueState,
    /// How the titles begin of the issues that a check sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue_prefix: Option<String>,
    /// Labels that an issue must carry for a check to see it.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Labels that hide an issue from a check.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "Vec::is_empty")]
    pub skip_if_labeled: Vec<String>,
    /// How many issues a check returns at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_old_versions: Option<u32>,
    /// Title of an issue that a put opens; Python's `str.format` over the build's variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue_title_template: Option<String>,
    /// Its body, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue_body_template: Option<String>,
    /// Accepted, and without effect, as there.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "Vec::is_empty")]
    pub assignees: Vec<String>,
    /// Seconds for one HTTP request. Default: 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    /// Certificate authority of a GitHub server of one's own, PEM. This image's own field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_cert: Option<String>,
    /// A put edits the body of the open issue instead of commenting on it.
    #[serde(default)]
    pub update_in_place: bool,
    /// Numeric id of the account whose issues count. Default: every author's. This image's own field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creator: Option<u64>,
}

/// The state of the issues that a check sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum IssueState {
    /// Open issues.
    Open,
    /// Closed issues.
    #[default]
    Closed,
}

/// The `params` of a put in compatibility mode.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CompatPut {
    /// Labels of an issue that is opened.
    #[serde(default, deserialize_with = "null_is_default")]
    pub labels: Vec<String>,
    /// Its assignees.
    #[serde(default, deserialize_with = "null_is_default")]
    pub assignees: Vec<String>,
    /// A file whose text is the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_file: Option<String>,
    /// Files whose texts are added to the body.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "Vec::is_empty")]
    pub body_files: Vec<String>,
    /// A title that takes the place of `issue_title_template`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_template: Option<String>,
    /// Where this file exists the issue is closed again at once, as completed: the next job starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_if_file: Option<String>,
}
