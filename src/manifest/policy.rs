//! What the fleet's `policy` asks of stages.

use github_issues_resource::contract::Closers;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::issues::IssuesResource;
use super::scalars::{Duration, Name};

/// What some stages must have at least, whatever their manifests say. Without `environments`, `projects` and `targets` it is
/// for all stages of the fleet.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicySettings {
    /// Environments whose stages are meant, in whatever case the name is written. A stage of another name is meant, too, if
    /// the name of its stack, or of what it deploys, has such a word that its project's other stages have not.
    #[serde(default)]
    #[schemars(example = ["Production"])]
    pub environments: Vec<Name>,
    /// Projects whose stages are meant, as globs. Default: all. A project that is renamed is another one; `targets` finds what
    /// it deploys.
    #[serde(default)]
    #[schemars(example = ["shop-*"])]
    pub projects: Vec<String>,
    /// What is deployed by the stages that are meant, as globs: what their kinds have as `target`. They are meant besides
    /// those of `environments`.
    #[serde(default)]
    #[schemars(example = ["Helm release production/*"])]
    pub targets: Vec<String>,
    /// The gate. `issue`: somebody approves each deployment, with a preview or without. `preview`: with a preview.
    /// Default: `issue` if the policy has `closers`, `delay`, `soak`, `expires` or `reject_labels`.
    #[serde(default)]
    #[schemars(example = &"issue")]
    pub gate: Option<PolicyGate>,
    /// Nobody else can approve: a manifest names some of them, or all.
    #[serde(default)]
    #[schemars(example = json!({"teams": ["example/sre"]}))]
    pub closers: Closers,
    /// The least time between an approval and the deployment.
    #[serde(default)]
    #[schemars(example = &"10m")]
    pub delay: Option<Duration>,
    /// The least time for which a version must have been in the environment before.
    #[serde(default)]
    #[schemars(example = &"24h")]
    pub soak: Option<Duration>,
    /// The longest time after which an approval is void.
    #[serde(default)]
    #[schemars(example = &"14d")]
    pub expires: Option<Duration>,
    /// Labels that reject, besides which a manifest can have more.
    #[serde(default)]
    #[schemars(example = ["wontfix"])]
    pub reject_labels: Vec<String>,
    /// Where the issues live, and whose word counts.
    #[serde(default)]
    #[schemars(example = json!({"repository": "example/deployments"}))]
    pub issues: PolicyIssues,
}

impl PolicySettings {
    /// The weakest gate that it lets through: what only an approval can have needs one.
    pub(crate) fn least_gate(&self) -> Option<PolicyGate> {
        let needs_an_approval = !self.closers.is_empty()
            || self.delay.is_some()
            || self.soak.is_some()
            || self.expires.is_some()
            || !self.reject_labels.is_empty();
        self.gate.or_else(|| needs_an_approval.then_some(PolicyGate::Issue))
    }

    /// Whether every stage has enough.
    pub(crate) fn asks_for_nothing(&self) -> bool {
        self.least_gate().is_none() && self.issues == PolicyIssues::default()
    }
}

/// The weakest gate that a policy lets through. In the order of what they ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum PolicyGate {
    /// Somebody approves, with a preview or without.
    Issue,
    /// Somebody approves what a preview shows.
    Preview,
}

/// Where a policy has the issues live, and whose word counts. What it does not name is free.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyIssues {
    /// `owner/name`.
    #[serde(default)]
    #[schemars(example = &"example/deployments")]
    pub repository: Option<String>,
    /// Base of GitHub's REST API.
    #[serde(default)]
    #[schemars(example = &"https://api.github.com")]
    pub api: Option<String>,
    /// Numeric id of the account that writes them.
    #[serde(default)]
    #[schemars(example = 41_898_282)]
    pub bot: Option<u64>,
    /// The credential that signs what the issues record.
    #[serde(default)]
    #[schemars(example = &"((github.signing_key))")]
    pub signing_key: Option<String>,
    /// The resource type.
    #[serde(default)]
    #[schemars(example = &"github-issues")]
    pub resource: Option<IssuesResource>,
}
