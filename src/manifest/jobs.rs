//! Jobs: their options, who hears of them, and more of them.

use concourse_pipeline::model::BuildLogRetention;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use yaml_source::yaml::Value;

use super::free::FreeMap;
use super::scalars::{Secret, Template};

/// Options of jobs, as in Concourse.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobSettings {
    /// How long logs are kept.
    #[serde(default)]
    #[schemars(with = "Option<RetentionSettings>")]
    #[schemars(example = json!({"builds": 100, "days": 90}))]
    pub build_log_retention: Option<BuildLogRetention>,
    /// Jobs of one group take turns.
    #[serde(default)]
    #[schemars(example = ["shop-{{ environment | lower }}"])]
    pub serial_groups: Vec<Template>,
    /// Shows builds to everybody.
    #[serde(default)]
    #[schemars(example = true)]
    pub public: bool,
    /// A worker that goes away does not wait for its builds.
    #[serde(default)]
    #[schemars(example = true)]
    pub interruptible: bool,
    /// Workers that may run its steps.
    #[serde(default)]
    #[schemars(example = ["{{ environment | lower }}"])]
    pub tags: Vec<Template>,
}

/// How long the logs of a job are kept.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
#[expect(dead_code, reason = "only its schema is used")]
struct RetentionSettings {
    /// Builds.
    #[schemars(range(min = 1))]
    #[schemars(example = 100)]
    builds: Option<u32>,
    /// Days.
    #[schemars(range(min = 1))]
    #[schemars(example = 90)]
    days: Option<u32>,
    /// Successful ones among the builds.
    #[schemars(range(min = 1))]
    #[schemars(example = 1)]
    minimum_succeeded_builds: Option<u32>,
}

/// Who is told what becomes of a job.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotifySettings {
    /// A channel of Slack.
    #[serde(default)]
    #[schemars(example = json!({"url": "((slack.url))", "events": ["failed", "succeeded"]}))]
    pub slack: Option<SlackSettings>,
}

/// A channel of Slack.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlackSettings {
    /// The incoming webhook.
    #[serde(default)]
    #[schemars(example = &"((slack.url))")]
    pub url: Option<Secret>,
    /// The channel. Default: the webhook's own.
    #[serde(default)]
    #[schemars(example = &"#deployments")]
    pub channel: Option<Template>,
    /// A text below the line that says what became of the job.
    #[serde(default)]
    #[schemars(example = &"Runbook: https://wiki.example.com/{{ project }}")]
    pub text: Option<Template>,
    /// What is told. Default: `failed`, `errored` and `aborted`. To tell nothing, write `[]`.
    #[serde(default)]
    #[schemars(example = ["failed", "succeeded"])]
    pub events: Option<Vec<EventWord>>,
}

/// What becomes of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum EventWord {
    /// A step failed.
    Failed,
    /// Concourse could not run a step.
    Errored,
    /// Somebody stopped the build.
    Aborted,
    /// All went well.
    Succeeded,
}

/// More of the pipeline, in Concourse's own words.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtraSettings {
    /// Resource types.
    #[serde(default)]
    #[schemars(with = "Vec<FreeMap>")]
    #[schemars(
        example = json!([{"name": "terraform", "type": "registry-image", "source": {"repository": "tools/terraform"}}])
    )]
    pub resource_types: Vec<Value>,
    /// Resources.
    #[serde(default)]
    #[schemars(with = "Vec<FreeMap>")]
    #[schemars(example = json!([{"name": "nightly", "type": "time", "source": {"interval": "24h"}}]))]
    pub resources: Vec<Value>,
    /// Jobs.
    #[serde(default)]
    #[schemars(with = "Vec<FreeMap>")]
    #[schemars(example = json!([{"name": "smoke-test", "plan": [{"get": "nightly", "trigger": true}]}]))]
    pub jobs: Vec<Value>,
    /// Where variables come from.
    #[serde(default)]
    #[schemars(with = "Vec<FreeMap>")]
    #[schemars(example = json!([{"name": "vault", "type": "vault", "config": {"url": "https://vault.example.com", "auth_backend": "approle"}}]))]
    pub var_sources: Vec<Value>,
    /// The look of the page.
    #[serde(default)]
    #[schemars(with = "Option<FreeMap>")]
    #[schemars(example = json!({"background_image": "https://example.com/background.png"}))]
    pub display: Option<Value>,
}
