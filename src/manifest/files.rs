//! The fields of files: of a manifest, of a fleet, and of the chains that both speak of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use yaml_source::yaml::{IndexMap, Value};

use super::free::FreeMap;
use super::freeze::FreezeSettings;
use super::meta::MetaSettings;
use super::policy::PolicySettings;
use super::scalars::{Name, Template};

/// What only a manifest says.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManifestFields {
    /// Version of the language. Default: the fleet's, else 1.
    #[serde(default)]
    #[schemars(example = 1)]
    pub version: Option<u64>,
    /// The pipeline's name.
    #[serde(default)]
    #[schemars(example = &"cart")]
    pub pipeline: Option<Template>,
    /// The project: a thing that is deployed.
    #[serde(default)]
    #[schemars(example = &"shop-cart")]
    pub project: Option<Template>,
    /// What tells instances of one pipeline apart: name → value, given on the `fly` line that is printed. They are shown
    /// in the pipeline's address, and are the values of `((NAME))` in it.
    #[serde(default)]
    #[schemars(example = json!({"region": "eu-west-1"}))]
    pub instance_vars: IndexMap<Name, Template>,
    /// What is made of a rule in this manifest, in the words of the command line, which goes before.
    #[serde(default)]
    #[schemars(extend("x-rules" = true))]
    #[schemars(example = json!({"loose-approval": "deny", "unused-value": "allow"}))]
    pub rules: IndexMap<String, LevelWord>,
    /// New name → former name of a job or resource, whose history Concourse then keeps.
    #[serde(default)]
    #[schemars(example = json!({"deploy-shop-cart-qa": "deploy-cart-qa"}))]
    pub old_names: IndexMap<String, String>,
}

/// What a manifest and the fleet's defaults say of chains.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChainFields {
    /// The places where a project runs, in the order of promotion.
    #[serde(default)]
    #[schemars(length(min = 1))]
    #[schemars(example = ["CI", "QA", "Production"])]
    pub environments: Option<Vec<Name>>,
    /// Parallel chains through the same environments.
    #[serde(default)]
    #[schemars(example = ["campus", "partners"])]
    pub groups: Vec<Name>,
    /// Stages that do not exist, `GROUP.ENVIRONMENT`.
    #[serde(default)]
    #[schemars(example = ["campus.CI"])]
    pub skip: Vec<String>,
    /// Find groups and stages by the stack files in `--source-root`.
    #[serde(default)]
    #[schemars(example = true)]
    pub discover: bool,
}

/// What only a fleet says.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FleetFields {
    /// Version of the language: 1.
    #[serde(default)]
    #[schemars(example = 1)]
    pub version: Option<u64>,
    /// Globs of the manifests, from the fleet's folder down.
    #[serde(default)]
    #[schemars(example = ["projects/*.yml"])]
    pub projects: Option<Vec<String>>,
    /// The folder of the rendered pipelines.
    #[serde(default)]
    #[schemars(example = &"rendered")]
    pub output: Option<String>,
    /// The folder of kinds of one's own, below the fleet's folder.
    #[serde(default)]
    #[schemars(example = &"kinds")]
    pub kinds: Option<String>,
    /// The installations of Concourse. A stage without `concourse` is on the first one.
    #[serde(default)]
    #[schemars(example = json!({"main": {"target": "main", "team": "shop"}}))]
    pub concourses: IndexMap<Name, ConcourseSettings>,
    /// What is made of a rule in the fleet and its manifests, unless a manifest says otherwise.
    #[serde(default)]
    #[schemars(extend("x-rules" = true))]
    #[schemars(example = json!({"loose-approval": "deny", "unused-value": "allow"}))]
    pub rules: IndexMap<String, LevelWord>,
    /// Resource types in one place: laid over what kinds bring, emitted where they are used.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, FreeMap>")]
    #[schemars(
        example = json!({"terraform": {"source": {"repository": "ljfranklin/terraform-resource", "tag": "1.9"}}})
    )]
    pub resource_types: IndexMap<String, Value>,
    /// What stages must have at least, whatever their manifests say. People whom the repository asks to review the fleet's
    /// file decide on it.
    #[serde(default)]
    #[schemars(example = json!([{"environments": ["Production"], "gate": "issue", "closers": {"teams": ["example/sre"]}}]))]
    pub policy: Vec<PolicySettings>,
    /// Times in which no approval starts a deployment. What is approved then waits. A stage without an approval is not held.
    #[serde(default)]
    #[schemars(example = json!([{"from": "2026-12-24", "to": "2027-01-02", "zone": "America/New_York", "why": "end of the year"}]))]
    pub freezes: Vec<FreezeSettings>,
    /// A pipeline that sets all the others, and itself, whenever a commit brings what is to be set.
    #[serde(default)]
    #[schemars(example = json!({
        "pipeline": "shop-pipelines",
        "source": {"repository": "https://github.com/example/shop"},
        "image": {"repository": "example/ol-pipegen", "tag": "0.1.0"},
    }))]
    pub meta: Option<MetaSettings>,
}

/// An instance of Concourse.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConcourseSettings {
    /// The target of `fly` for the command that is printed.
    #[serde(default)]
    #[schemars(extend("pattern" = ONE_LINE, "x-expected" = "one line without control characters"))]
    #[schemars(example = &"main")]
    pub target: Option<String>,
    /// The team whose pipelines these are.
    #[serde(default)]
    #[schemars(extend("pattern" = ONE_LINE, "x-expected" = "one line without control characters"))]
    #[schemars(example = &"shop")]
    pub team: Option<String>,
    /// Where people look at it, for the links of `ol-pipegen explain`.
    #[serde(default)]
    #[schemars(extend("pattern" = WEB_ADDRESS, "x-expected" = "an address that begins with http:// or https://"))]
    #[schemars(example = &"https://ci.example.com")]
    pub url: Option<String>,
    /// Its version. `render` writes nothing that this version does not know.
    #[serde(default)]
    #[schemars(extend("pattern" = VERSION, "x-expected" = "a version, such as \"7.14\""))]
    #[schemars(example = &"7.14.1")]
    pub version: Option<String>,
}

/// What is made of what a rule finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum LevelWord {
    /// It is an error: nothing is written.
    Deny,
    /// It is told.
    Warn,
    /// It is passed over.
    Allow,
}

/// `MAJOR.MINOR`, and a patch that says nothing of what a pipeline may hold.
const VERSION: &str = r"^[0-9]{1,4}\.[0-9]{1,4}(\.[0-9]{1,4})?$";

/// It ends up in links, where nothing of it may end them.
const WEB_ADDRESS: &str = r#"^https?://[^\u0000-\u0020"'<>()\[\]{}|\\^`\u007f-\u009f\u2028\u2029]+$"#;

/// It ends up in a comment, and on terminals.
const ONE_LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$";
