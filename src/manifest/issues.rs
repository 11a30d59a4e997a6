//! Where the issues of gates live.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::scalars::{CheckEvery, Duration, Id, Secret, Template};

/// Where the issues live.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IssuesSettings {
    /// `owner/name`.
    #[serde(default)]
    #[schemars(example = &"example/deployments")]
    pub repository: Option<Template>,
    /// Base of GitHub's REST API; `https://HOST/api/v3` of a server of one's own.
    #[schemars(example = &"https://api.github.com")]
    pub api: Template,
    /// Who writes them: exactly one way.
    #[serde(default)]
    #[schemars(example = json!({"token": "((github.token))"}))]
    pub auth: Option<AuthSettings>,
    /// Numeric id of the account that writes them. Logins can be reused, ids cannot; without it the resource asks
    /// GitHub each time.
    #[serde(default)]
    #[schemars(example = 41_898_282)]
    pub bot: Option<u64>,
    /// Signs what the issue records, so that nobody who can edit it can forge an approval: a secret of 16 characters at
    /// least.
    #[serde(default)]
    #[schemars(example = &"((github.signing_key))")]
    pub signing_key: Option<Secret>,
    /// Certificate authority of a GitHub server of one's own, PEM.
    #[serde(default)]
    #[schemars(example = &"((github.ca))")]
    pub ca_cert: Option<Template>,
    /// Labels besides the derived ones.
    #[serde(default)]
    #[schemars(example = ["deployments"])]
    pub labels: Vec<Template>,
    /// Who is assigned.
    #[serde(default)]
    #[schemars(example = ["octocat"])]
    pub assignees: Vec<Template>,
    /// Files added to the body.
    #[serde(default)]
    #[schemars(example = ["{{ code }}/docs/checklist.md"])]
    pub body_files: Vec<Template>,
    /// How often to look for closed issues.
    #[schemars(example = &"15m")]
    pub check_every: CheckEvery,
    /// Lets a webhook of GitHub's have Concourse look at once: the token of its address.
    #[serde(default)]
    #[schemars(example = &"((github.webhook_token))")]
    pub webhook: Option<Secret>,
    /// How long one request to GitHub may take. Default: 30s.
    #[serde(default)]
    #[schemars(example = &"1m")]
    pub timeout: Option<Duration>,
    /// How long to wait for a limit of GitHub's. Default: 2m of a check and 15m of a step.
    #[serde(default)]
    #[schemars(example = &"5m")]
    pub max_wait: Option<Duration>,
    /// Comments on one issue before further ones share a single comment. Default: 20.
    #[serde(default)]
    #[schemars(range(min = 1))]
    #[schemars(example = 50)]
    pub max_comments: Option<u32>,
    /// What the stage was called before, `PROJECT/ENVIRONMENT` or `PROJECT/GROUP/ENVIRONMENT`: issues that are still open
    /// under that name are its own.
    #[serde(default)]
    #[schemars(example = ["shop-basket/{{ environment }}"])]
    pub formerly: Vec<Template>,
    /// The resource type: ours, or MIT Open Learning's image without pins.
    #[schemars(example = &"github-issues")]
    pub resource: IssuesResource,
}

/// Who writes the issues.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub struct AuthSettings {
    /// An access token.
    #[serde(default)]
    #[schemars(example = &"((github.token))")]
    pub token: Option<Secret>,
    /// A GitHub App.
    #[serde(default)]
    #[schemars(example = json!({"id": 12345, "installation": 67890, "key": "((github_app.key))"}))]
    pub app: Option<AppSettings>,
}

/// A GitHub App, and where it is installed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppSettings {
    /// Its id, or its client id.
    #[serde(default)]
    #[schemars(example = 12345)]
    pub id: Option<Id>,
    /// The id of its installation.
    #[serde(default)]
    #[schemars(example = 67890)]
    pub installation: Option<Id>,
    /// Its private key, PEM.
    #[serde(default)]
    #[schemars(example = &"((github_app.key))")]
    pub key: Option<Secret>,
}

/// The resource type behind the gates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum IssuesResource {
    /// Ours: an approval names versions, and is used once.
    GithubIssues,
    /// MIT Open Learning's image: the same names and titles, without pins.
    Mitodl,
}

impl IssuesResource {
    /// As it is written.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::GithubIssues => "github-issues",
            Self::Mitodl => "mitodl",
        }
    }

    /// Whether an approval names versions and a stage, and is used once. Of any other, closing an issue is a signal.
    pub(crate) fn names_versions(self) -> bool {
        self == Self::GithubIssues
    }

    /// Whether its issues are known by what their titles begin with.
    pub(crate) fn finds_by_title(self) -> bool {
        self == Self::Mitodl
    }

    /// Whether it can write an issue that is closed at once.
    pub(crate) fn closes_records(self) -> bool {
        self == Self::GithubIssues
    }
}
