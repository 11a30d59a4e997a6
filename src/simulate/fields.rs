//! The fields of a scenario's file.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use yaml_source::diagnostic::Rule;
use yaml_source::yaml::IndexMap;

/// The fields of a scenario's file.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScenarioFields {
    /// What the scenario shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"a closed issue deploys the commit that it names")]
    pub(crate) scenario: Option<String>,
    /// The pipelines, manifests or fleets that are set at the beginning. Paths are relative to this file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    #[schemars(example = ["projects/cart.yml"])]
    pub(crate) pipelines: Vec<String>,
    /// The environments of jobs, or of the steps that deploy (`JOB/STEP`), as `--target` of `verify`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = json!({"ship": "QA"}))]
    pub(crate) target: IndexMap<String, String>,
    /// The gets, each `JOB/GET`, whose versions need no approval, as `--unpinned` of `verify`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = ["deploy-shop/linter"])]
    pub(crate) unpinned: Vec<String>,
    /// Whether Concourse goes on by itself after each step, until it has nothing left to do [default: true]. With `false`,
    /// the steps `check` and `continue` decide what Concourse does next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = false)]
    pub(crate) automatic: Option<bool>,
    /// What happens, one thing in each step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        example = json!([{"commit": "shop-cart"}, {"close": "CI deployed", "by": "alice"}, {"expect": {"deployed": {"QA": "B"}}}])
    )]
    pub(crate) steps: Vec<StepFields>,
}

/// One thing that happens. Each resource has version A at the beginning, then B, C and so on.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepFields {
    /// A git resource gets a new commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"shop-cart")]
    pub(crate) commit: Option<String>,
    /// Another resource, such as an image, gets a new version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"cart-image")]
    pub(crate) push: Option<String>,
    /// Somebody closes an issue: the key of its gate, its title, or for example `CI deployed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"CI deployed")]
    pub(crate) close: Option<String>,
    /// How the issue is closed [default: completed].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"not planned")]
    pub(crate) r#as: Option<ClosedAs>,
    /// Somebody reopens an issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"CI deployed")]
    pub(crate) reopen: Option<String>,
    /// The person [default: a person].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"alice")]
    pub(crate) by: Option<String>,
    /// The next deployment of this job fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"deploy-shop-cart-qa")]
    pub(crate) fail: Option<String>,
    /// The next preview of this job finds nothing to change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"preview-shop-cart-qa")]
    pub(crate) unchanged: Option<String>,
    /// Somebody starts a build of this job with `+`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"deploy-shop-cart-qa")]
    pub(crate) start: Option<String>,
    /// Somebody runs this build again: `JOB/NUMBER`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"deploy-shop-cart-qa/1")]
    pub(crate) rerun: Option<String>,
    /// Somebody pauses a job: no build of it starts until it is unpaused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"deploy-shop-cart-qa")]
    pub(crate) pause: Option<String>,
    /// Somebody unpauses a job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"deploy-shop-cart-qa")]
    pub(crate) unpause: Option<String>,
    /// These pipelines, manifests or fleets are set. Others stay as they are. Paths are relative to this file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    #[schemars(example = ["renamed/cart.yml"])]
    pub(crate) set: Vec<String>,
    /// With `automatic: false`: Concourse checks this resource of issues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"github-issues-shop-cart-ci-trigger")]
    pub(crate) check: Option<String>,
    /// With `automatic: false`: this build, `JOB/NUMBER`, goes on until it has done its next step that others can notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"deploy-shop-cart-qa/1")]
    pub(crate) r#continue: Option<String>,
    /// Whether the parallel steps of the build run in the reverse order.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schemars(example = true)]
    pub(crate) reversed: bool,
    /// What is true now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = json!({"deployed": {"QA": "B", "Production": "nothing"}}))]
    pub(crate) expect: Option<ExpectFields>,
}

/// How an issue is closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum ClosedAs {
    /// Approves the last record before the closing.
    #[default]
    #[serde(rename = "completed")]
    Completed,
    /// Approves nothing.
    #[serde(rename = "not planned")]
    NotPlanned,
}

/// What is true at a moment of a scenario.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectFields {
    /// What runs in a stage: the letter of its version, `nothing`, or the letter for each resource. A stage has the name of
    /// its environment, its key, or the name of its job.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = json!({"CI": "B", "QA": {"shop-cart": "A", "cart-image": "B"}, "Production": "nothing"}))]
    pub(crate) deployed: IndexMap<String, Versions>,
    /// All issues that are open and ask for a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = ["CI deployed"])]
    pub(crate) open: Option<Vec<String>>,
    /// How all builds of a job ended so far, the oldest first.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = json!({"deploy-shop-cart-qa": ["failed", "succeeded"]}))]
    pub(crate) builds: IndexMap<String, Vec<BuildWord>>,
    /// The rule that the pipelines violate here. Nothing can happen after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"wrong-version")]
    pub(crate) violation: Option<ViolationWord>,
}

/// The versions that a stage runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Versions {
    /// The letter of the only version, or `nothing`.
    One(String),
    /// The letter for each resource.
    Each(IndexMap<String, String>),
}

/// What a stage runs that was never deployed.
pub(crate) const NOTHING: &str = "nothing";

/// How a build ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BuildWord {
    /// It waits for its turn.
    Pending,
    /// It runs.
    Started,
    /// All steps succeeded.
    Succeeded,
    /// A step failed.
    Failed,
}

/// A rule of `verify`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ViolationWord {
    /// A stage behind a gate is deployed without an approval.
    UnapprovedDeployment,
    /// A stage is deployed with a version that nobody approved.
    WrongVersion,
    /// One approval starts two deployments.
    DeployedTwice,
    /// Closing the issue of a gate starts nothing.
    ClosingStartsNothing,
    /// An older build deploys a stage after a newer one.
    OvertakenDeployment,
    /// An issue asks for an approval although the deployment failed.
    UndeployedRecord,
    /// An issue shows a preview from before the last deployment of its stage.
    StalePreview,
}

impl ViolationWord {
    /// Each, with its rule.
    const RULES: [(Self, Rule); 7] = [
        (Self::UnapprovedDeployment, Rule::UnapprovedDeployment),
        (Self::WrongVersion, Rule::WrongVersion),
        (Self::DeployedTwice, Rule::DeployedTwice),
        (Self::ClosingStartsNothing, Rule::ClosingStartsNothing),
        (Self::OvertakenDeployment, Rule::OvertakenDeployment),
        (Self::UndeployedRecord, Rule::UndeployedRecord),
        (Self::StalePreview, Rule::StalePreview),
    ];

    /// Whether a rule reports it.
    pub(super) fn is(self, rule: Rule) -> bool {
        Self::RULES.contains(&(self, rule))
    }

    /// The word for what a rule reports; none for a rule without a story.
    pub(super) fn of(rule: Rule) -> Option<Self> {
        Self::RULES.iter().find(|(_, known)| *known == rule).map(|(word, _)| *word)
    }

    /// The name of its rule.
    pub(super) fn name(self) -> &'static str {
        Self::RULES.iter().find(|(word, _)| *word == self).map_or("", |(_, rule)| rule.name())
    }
}
