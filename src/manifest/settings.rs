//! What can be set for a stage, wherever it is written: in the fleet's defaults, in a manifest, in an override.
//!
//! A layer says any part of it. The layers are merged as they were written ([`super::layers`]), what is built in being
//! the farthest; only what comes out is read into these types. So a field is an `Option` where absence means
//! something, and not where a default is built in (`templates/defaults.yml`).

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use github_issues_resource::contract::{Approve, Closers, OnExisting};

use crate::yaml::Value;

use super::free::{Choice, Free, FreeMap};
use super::scalars::{CheckEvery, Duration, Name, Secret, Template};

/// Settings of one stage.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageSettings {
    /// What deploys: a stack kind and its options. An override may change options, not the kind.
    #[serde(default)]
    #[schemars(with = "Option<Choice>", extend("x-later" = true))]
    pub stack: Option<Value>,
    /// The code.
    pub source: SourceSettings,
    /// What must be true before a version enters the stage. `none` for the first stage of a chain and `issue` for the
    /// others unless said; a chain of a single stage must say it.
    #[serde(default)]
    pub gate: Option<GateWord>,
    /// What counts as a yes, for the gates `issue` and `preview`.
    pub approval: ApprovalSettings,
    /// What a deployment takes besides the code, by the name of its resource.
    #[serde(default)]
    #[schemars(extend("x-template-keys" = true, "x-removable" = true))]
    pub inputs: IndexMap<String, InputSettings>,
    /// Words of your own for templates: `{{ values.X }}`.
    #[serde(default)]
    #[schemars(with = "IndexMap<Name, Free>", extend("x-later" = true, "x-removable" = true))]
    pub values: IndexMap<String, Value>,
    /// Environment variables for the kind.
    #[serde(default)]
    #[schemars(extend("x-template-keys" = true, "x-removable" = true))]
    pub env: IndexMap<String, Template>,
    /// Steps before the kind's own, in the deploy job: Concourse's words, with templates.
    #[serde(default)]
    #[schemars(with = "Vec<FreeMap>", extend("x-later" = true))]
    pub before: Vec<Value>,
    /// Steps behind them.
    #[serde(default)]
    #[schemars(with = "Vec<FreeMap>", extend("x-later" = true))]
    pub after: Vec<Value>,
    /// Where the issues live.
    pub issues: IssuesSettings,
    /// The issue of a deployment that opens no gate. `open` at the end of a chain and everywhere in a chain with
    /// previews, else `none`, unless said.
    #[serde(default)]
    pub record: Option<RecordWord>,
    /// How long each of the kind's steps may take.
    #[serde(default)]
    pub timeout: Option<Duration>,
    /// How often each of the kind's steps is tried.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub attempts: Option<u32>,
    /// All generated names.
    pub names: NamesSettings,
    /// The instance of the stage; the fleet's first unless said.
    #[serde(default)]
    pub concourse: Option<Name>,
}

/// What starts the deployment to a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum GateWord {
    /// The closing of the issue that the deployment of the stage before opened.
    Issue,
    /// The closing of the issue that this stage's preview opened.
    Preview,
    /// Any new version, once the stage before deployed it.
    None,
    /// The + button.
    Manual,
}

impl GateWord {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Preview => "preview",
            Self::None => "none",
            Self::Manual => "manual",
        }
    }
}

/// What becomes of the issue of a deployment that opens no gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum RecordWord {
    /// It stays open.
    Open,
    /// It is opened and closed at once: a log that does not pile up.
    Closed,
    /// There is none.
    None,
}

/// The code.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceSettings {
    /// The repository's address.
    #[serde(default)]
    pub repository: Option<Template>,
    /// The branch.
    pub branch: Template,
    /// Watched besides the kind's own and the common ones.
    pub paths: Vec<Template>,
    /// Watched by every project of the fleet. `[]` watches nothing common.
    pub common_paths: Vec<Template>,
    /// New code starts the stage, where its gate lets code start it.
    pub trigger: bool,
    /// How often to look for commits.
    pub check_every: CheckEvery,
    /// For a repository that not everybody may read.
    #[serde(default)]
    pub private_key: Option<Secret>,
}

/// What counts as a yes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalSettings {
    /// `exact`: the versions that the issue names are deployed, or nothing. `latest`: whatever is newest by then.
    pub approve: Approve,
    /// Who may close; everybody with the role triage or more unless said.
    #[serde(default)]
    pub closers: Closers,
    /// An older approval is void.
    #[serde(default)]
    pub expires: Option<Duration>,
    /// An approval waits this long before it counts.
    #[serde(default)]
    pub soak: Option<Duration>,
    /// What a deployment does while an issue is still open.
    pub on_existing: OnExisting,
    /// Closing with one of these labels is a no.
    #[serde(default)]
    pub reject_labels: Vec<String>,
    /// The image in which the approved commit is checked out, as the `source` of a `registry-image`. It needs `sh` and
    /// `git`.
    #[schemars(with = "FreeMap")]
    pub checkout_image: Value,
}

/// Where the issues live.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IssuesSettings {
    /// `owner/name`.
    #[serde(default)]
    pub repository: Option<Template>,
    /// Base of GitHub's REST API; `https://HOST/api/v3` of a server of one's own.
    pub api: Template,
    /// Who writes them: exactly one way.
    #[serde(default)]
    pub auth: Option<AuthSettings>,
    /// Numeric id of the account that writes them. Logins can be reused, ids cannot; without it the resource asks
    /// GitHub each time.
    #[serde(default)]
    pub bot: Option<u64>,
    /// Labels besides the derived ones.
    #[serde(default)]
    pub labels: Vec<Template>,
    /// Who is assigned.
    #[serde(default)]
    pub assignees: Vec<Template>,
    /// Files added to the body.
    #[serde(default)]
    pub body_files: Vec<Template>,
    /// How often to look for closed issues.
    pub check_every: CheckEvery,
    /// Lets a webhook of GitHub's have Concourse look at once: the token of its address.
    #[serde(default)]
    pub webhook: Option<Secret>,
    /// The resource type: ours, or MIT Open Learning's image without pins.
    pub resource: IssuesResource,
}

/// Who writes the issues.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub struct AuthSettings {
    /// An access token.
    #[serde(default)]
    pub token: Option<Secret>,
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

/// All generated names. A title may hold local variables of the build, `((.:version))`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamesSettings {
    /// What the kind is told.
    pub stack: Template,
    /// The code resource.
    pub code: Template,
    /// The job that deploys.
    pub deploy: Template,
    /// The job that previews.
    pub preview: Template,
    /// The job that builds an input.
    #[schemars(extend("x-later" = true))]
    pub build: Template,
    /// The job that checks before a build.
    #[schemars(extend("x-later" = true))]
    pub check: Template,
    /// Shared by a stage's preview and deployment, that they take turns.
    pub serial_group: Template,
    /// `…-post` and `…-trigger` of an issue gate, of the stage that was deployed.
    pub deployed: Template,
    /// `…-post` and `…-trigger` of a preview gate.
    pub ready: Template,
    /// The resource of a record; `deployed` and `-post`, or with previews `gh-…-deployed`, unless said.
    #[serde(default)]
    pub record: Option<Template>,
    /// Title of an issue gate and of a record, of the stage that was deployed.
    pub deployed_title: Template,
    /// Title of a preview gate.
    pub ready_title: Template,
    /// Label of every gate, of the stage that is entered. An empty label is no label.
    pub promotion_label: Template,
    /// Label of records.
    pub deployed_label: Template,
    /// Label of records at the end of a chain.
    pub final_label: Template,
}

/// An input: what it is, and how a deployment takes it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InputSettings {
    /// A repository.
    #[serde(default)]
    pub git: Option<GitSettings>,
    /// An image.
    #[serde(default)]
    pub image: Option<ImageSettings>,
    /// How often to look for new versions.
    #[serde(default)]
    pub check_every: Option<CheckEvery>,
    /// The file that names the version; `.git/ref` of a repository and `digest` of an image unless said. Null leaves
    /// the input out of approvals.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend(
        "x-null" = true,
        "pattern" = "^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$",
        "x-expected" = "a file of the input",
    ))]
    pub pin: PinSetting,
    /// How it is made here.
    #[serde(default)]
    pub build: Option<BuildSettings>,
    /// The environments that take it; all unless said.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub only: Option<Vec<Name>>,
    /// A new version starts what takes it, where the gate lets it.
    #[serde(default)]
    pub trigger: Option<bool>,
    /// Params of the get. An image is not downloaded unless this says so: `{skip_download: false}`.
    #[serde(default)]
    #[schemars(with = "Option<FreeMap>")]
    pub params: Option<Value>,
    /// Environment variables for the kind, each from a file of the input.
    #[serde(default)]
    #[schemars(extend("x-template-keys" = true, "x-removable" = true))]
    pub env: IndexMap<String, String>,
}

/// A repository.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GitSettings {
    /// Its address; the code's unless said.
    #[serde(default)]
    pub repository: Option<Template>,
    /// The branch; the code's, or `main` of another repository, unless said.
    #[serde(default)]
    pub branch: Option<Template>,
    /// Watched paths; all unless said.
    #[serde(default)]
    pub paths: Vec<Template>,
    /// Only commits with a tag that this glob matches.
    #[serde(default)]
    pub tag_filter: Option<Template>,
    /// For a repository that not everybody may read.
    #[serde(default)]
    pub private_key: Option<Secret>,
}

/// An image.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageSettings {
    /// Its name, with a registry's where it is not the default one.
    #[serde(default)]
    pub repository: Option<Template>,
    /// The tag.
    #[serde(default)]
    pub tag: Option<Template>,
    /// The tags that count as versions.
    #[serde(default)]
    pub tag_regex: Option<Template>,
    /// What the newest of several tags is.
    #[serde(default)]
    pub newest_by: Option<NewestBy>,
    /// Region of an Amazon registry.
    #[serde(default)]
    pub region: Option<Template>,
    /// Account at the registry.
    #[serde(default)]
    pub username: Option<Template>,
    /// Its password.
    #[serde(default)]
    pub password: Option<Secret>,
}

/// What the newest of several tags is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum NewestBy {
    /// The highest semantic version.
    Version,
    /// The youngest image.
    Created,
}

/// How an input is made here.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuildSettings {
    /// A build kind and its options.
    #[serde(default)]
    #[schemars(with = "Option<Choice>", extend("x-later" = true))]
    pub with: Option<Value>,
    /// What it is made from; the project's code unless said.
    #[serde(default)]
    #[schemars(extend("x-template-keys" = true, "x-removable" = true))]
    pub from: IndexMap<String, FromSettings>,
    /// Which of `from` is the code, where there are several.
    #[serde(default)]
    pub code: Option<Template>,
    /// Steps before the kind's own.
    #[serde(default)]
    #[schemars(with = "Vec<FreeMap>", extend("x-later" = true))]
    pub before: Vec<Value>,
    /// Steps behind them.
    #[serde(default)]
    #[schemars(with = "Vec<FreeMap>", extend("x-later" = true))]
    pub after: Vec<Value>,
    /// The job; `names.build` unless said.
    #[serde(default)]
    #[schemars(extend("x-later" = true))]
    pub job: Option<Template>,
}

/// What something is made from.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FromSettings {
    /// A repository.
    #[serde(default)]
    pub git: Option<GitSettings>,
    /// How often to look for new versions.
    #[serde(default)]
    pub check_every: Option<CheckEvery>,
    /// A new version starts the build.
    #[serde(default)]
    pub trigger: Option<bool>,
    /// Environment variables of the build, each from a file of the input. For an image they are build arguments.
    #[serde(default)]
    #[schemars(extend("x-template-keys" = true, "x-removable" = true))]
    pub env: IndexMap<String, String>,
}

/// The file that names the version of an input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PinSetting {
    /// The usual one of what the input is.
    #[default]
    Usual,
    /// That file.
    File(String),
    /// None: approvals do not name the input.
    LeftOut,
}

impl Serialize for PinSetting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::File(file) => file.serialize(serializer),
            Self::Usual | Self::LeftOut => serializer.serialize_none(),
        }
    }
}

impl<'de> Deserialize<'de> for PinSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::LeftOut, Self::File))
    }
}
