use std::collections::BTreeMap;

use concourse_pipeline::model::BuildLogRetention;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use yaml_source::yaml::Value;

use crate::manifest::{Free, FreeMap, Template};

/// The fields of a kind's file. Every text in it is a template, with the devices that shape structure.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KindFields {
    /// Version of the language: 1.
    #[serde(default)]
    #[schemars(example = 1)]
    pub(crate) version: Option<u64>,
    /// What stands in the titles of issues.
    #[serde(default)]
    #[schemars(example = &"Nomad")]
    pub(crate) title: Option<String>,
    /// What it is for, in a line.
    #[serde(default)]
    #[schemars(example = &"runs one Nomad job")]
    pub(crate) about: Option<String>,
    /// What a manifest may give: a JSON Schema of type object. Defaults are filled in, and may be templates. A declared
    /// option that was not given is `none`.
    #[serde(default)]
    #[schemars(with = "FreeMap")]
    #[schemars(
        example = json!({"type": "object", "properties": {"job": {"type": "string", "format": "path"}}})
    )]
    pub(crate) options: Option<Value>,
    /// The file of one stack.
    #[serde(default)]
    #[schemars(example = &"{{ options.path }}/Pulumi.{{ stack }}.yaml")]
    pub(crate) stack_files: Option<Template>,
    /// Paths that join those of the code.
    #[serde(default)]
    #[schemars(with = "Vec<Free>")]
    #[schemars(example = ["{{ options.path }}"])]
    pub(crate) watch: Vec<Value>,
    /// Who reads the files behind environment variables: `loaded`, steps before the kind's; `native`, the kind.
    #[serde(default)]
    #[schemars(example = &"native")]
    pub(crate) env_files: EnvFiles,
    /// Environment variables that would change what the kind deploys, each with what to do instead. No manifest can set
    /// them in `env`.
    #[serde(default)]
    #[schemars(example = json!({"NOMAD_NAMESPACE": "write the namespace in the option `namespace`"}))]
    pub(crate) reserved_env: BTreeMap<String, String>,
    /// Resource types, in Concourse's words.
    #[serde(default)]
    #[schemars(with = "Vec<FreeMap>")]
    #[schemars(
        example = json!([{"name": "terraform", "type": "registry-image", "source": {"repository": "tools/terraform"}}])
    )]
    pub(crate) resource_types: Vec<Value>,
    /// Resources, in Concourse's words.
    #[serde(default)]
    #[schemars(with = "Vec<FreeMap>")]
    #[schemars(
        example = json!([{"name": "terraform", "type": "terraform", "source": {"env_name": "{{ stack }}"}}])
    )]
    pub(crate) resources: Vec<Value>,
    /// `deploy` and `preview` of a stack kind, `check` and `build` of a build kind. Default: the first of each.
    #[serde(default)]
    #[schemars(example = ["deploy", "preview"])]
    pub(crate) phases: Vec<Template>,
    /// The steps of every phase, in Concourse's words; `phase` says which.
    #[serde(default)]
    #[schemars(with = "Vec<Free>")]
    #[schemars(
        example = json!([{"put": "terraform", "params": {"plan_only": "{{ phase == 'preview' }}"}}])
    )]
    pub(crate) steps: Vec<Value>,
    /// The file for the body, by phase.
    #[serde(default)]
    #[schemars(example = &"summary/{{ phase }}.md")]
    pub(crate) summary: Option<Template>,
    /// A file whose existence after a preview says that there is nothing to approve.
    #[serde(default)]
    #[schemars(example = &"summary/preview.md.no-changes")]
    pub(crate) no_changes: Option<Template>,
    /// What a stack kind deploys, in words that are equal for the same thing and differ for another one: no job that is
    /// not behind the same gate may deploy it.
    #[serde(default)]
    #[schemars(example = &"Nomad job {{ project }} in {{ environment }}")]
    pub(crate) target: Option<Template>,
    /// More to record in the issue: name → file.
    #[serde(default)]
    #[schemars(example = json!({"plan": "terraform/plan-id"}))]
    pub(crate) pins: BTreeMap<String, Template>,
    /// Options of a build kind's job.
    #[serde(default)]
    #[schemars(example = json!({"build_log_retention": {"builds": 10}}))]
    pub(crate) job: KindJob,
}

/// Options of a kind's job.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KindJob {
    /// How long logs are kept.
    #[serde(default)]
    #[schemars(with = "FreeMap")]
    #[schemars(example = json!({"builds": 10}))]
    pub(crate) build_log_retention: Option<BuildLogRetention>,
}

/// Who reads the files behind environment variables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EnvFiles {
    /// `load_var` steps before the kind's; `env` holds the variables.
    #[default]
    Loaded,
    /// The kind itself, from `env_files`.
    Native,
}
