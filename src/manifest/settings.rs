//! What can be set for a stage, wherever it is written: in the fleet's defaults, in a manifest, in an override.
//!
//! A layer says any part of it. The layers are merged as they were written ([`super::layers`]), what is built in being
//! the farthest; only what comes out is read into these types. So a field is an `Option` where absence means
//! something, and not where a default is built in (`templates/defaults.yml`).

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::json;
use yaml_source::yaml::{IndexMap, Value};

use crate::approval::ApprovalSettings;
use crate::input::{GitSettings, ImageSettings, ReleaseSettings, ResourceSettings, S3Settings};

use super::free::{Choice, Free, FreeMap};
use super::issues::IssuesSettings;
use super::jobs::{ExtraSettings, JobSettings, NotifySettings};
use super::scalars::{CheckEvery, ContentPath, Duration, InputFile, Name, Secret, Template};

/// Settings of one stage.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageSettings {
    /// What deploys: a stack kind and its options. An override may change options, not the kind.
    #[serde(default)]
    #[schemars(with = "Option<Choice>", extend("x-later" = true))]
    #[schemars(example = json!({"pulumi": {"path": "infra/cart"}}))]
    pub stack: Option<Value>,
    /// The code.
    #[schemars(example = json!({"repository": "https://github.com/example/shop", "paths": ["lib"]}))]
    pub source: SourceSettings,
    /// What must be true before a version enters the stage. Default: `none` for the first stage of a chain, and `issue` for
    /// the others. A chain of a single stage must have it.
    #[serde(default)]
    #[schemars(example = &"issue")]
    pub gate: Option<GateWord>,
    /// Projects of the manifest that are deployed first, in the same group and environment. It orders; it hands nothing
    /// over.
    #[serde(default)]
    #[schemars(example = ["shop-network"])]
    pub needs: Vec<String>,
    /// What counts as an approval, for the gates `issue` and `preview`.
    #[schemars(example = json!({"closers": {"teams": ["example/sre"]}, "soak": "24h"}))]
    pub approval: ApprovalSettings,
    /// What a deployment takes besides the code, by the name of its resource.
    #[serde(default)]
    #[schemars(extend("x-template-keys" = true, "x-removable" = true))]
    #[schemars(
        example = json!({"cart-image": {"image": {"repository": "shop/cart"}, "env": {"CART_IMAGE_DIGEST": "digest"}}})
    )]
    pub inputs: IndexMap<String, InputSettings>,
    /// Words of your own for templates: `{{ values.X }}`.
    #[serde(default)]
    #[schemars(with = "IndexMap<Name, Free>", extend("x-later" = true, "x-removable" = true))]
    #[schemars(example = json!({"size": "small"}))]
    pub values: IndexMap<String, Value>,
    /// Environment variables for the kind.
    #[serde(default)]
    #[schemars(extend("x-template-keys" = true, "x-removable" = true))]
    #[schemars(example = json!({"AWS_REGION": "us-east-1", "SIZE": "{{ values.size }}"}))]
    pub env: IndexMap<String, Template>,
    /// Environment variables for the preview alone, each in place of the one in `env`. A preview runs code that nobody
    /// approved, so give it credentials that can only read.
    #[serde(default)]
    #[schemars(extend("x-template-keys" = true, "x-removable" = true))]
    #[schemars(example = json!({"AWS_ACCESS_KEY_ID": "((aws.read_only.id))"}))]
    pub preview_env: IndexMap<String, Template>,
    /// Steps before the kind's own, in the deploy job: Concourse's words, with templates.
    #[serde(default)]
    #[schemars(with = "Vec<FreeMap>", extend("x-later" = true))]
    #[schemars(example = json!([{"load_var": "version", "file": "{{ code }}/VERSION"}]))]
    pub before: Vec<Value>,
    /// Steps behind them.
    #[serde(default)]
    #[schemars(with = "Vec<FreeMap>", extend("x-later" = true))]
    #[schemars(example = json!([{"task": "smoke-test", "file": "{{ code }}/ci/smoke-test.yml"}]))]
    pub after: Vec<Value>,
    /// Where the issues live.
    #[schemars(example = json!({"repository": "example/deployments", "auth": {"token": "((github.token))"}}))]
    pub issues: IssuesSettings,
    /// The issue of a deployment that opens no gate. Default: `open` at the end of a chain and everywhere in a chain with
    /// previews, else `none`.
    #[serde(default)]
    #[schemars(example = &"closed")]
    pub record: Option<RecordWord>,
    /// How long each of the kind's steps may take.
    #[serde(default)]
    #[schemars(example = &"1h30m")]
    pub timeout: Option<Duration>,
    /// How often each of the kind's steps is tried.
    #[serde(default)]
    #[schemars(range(min = 1))]
    #[schemars(example = 3)]
    pub attempts: Option<u32>,
    /// Options of the jobs that preview and deploy the stage, as in Concourse. The job of a build has those that all
    /// stages which take what it makes have alike.
    #[serde(default)]
    #[schemars(example = json!({"build_log_retention": {"builds": 100}, "public": true}))]
    pub job: JobSettings,
    /// Who is told what becomes of a preview or a deployment.
    #[serde(default)]
    #[schemars(example = json!({"slack": {"url": "((slack.url))", "channel": "#deployments"}}))]
    pub notify: NotifySettings,
    /// The tab of the pipeline's page on which the stage's jobs and its builds stand. When there are tabs, what has none
    /// stands on `other`.
    #[serde(default)]
    #[schemars(example = &"{{ group }}")]
    pub tab: Option<Template>,
    /// More of the pipeline, in Concourse's own words, with templates. It is filled stage by stage; what comes out with
    /// one name has to be equal.
    #[serde(default)]
    #[schemars(with = "Option<ExtraSettings>", extend("x-later" = true))]
    #[schemars(example = json!({"jobs": [{"name": "smoke-test", "plan": [{"get": "{{ code }}", "trigger": true}]}]}))]
    pub extra: Option<Value>,
    /// All generated names.
    #[schemars(example = json!({"deploy": "deploy-{{ project }}-{{ slug }}"}))]
    pub names: NamesSettings,
    /// The instance of the stage. Default: the fleet's first.
    #[serde(default)]
    #[schemars(example = &"main")]
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
    #[schemars(example = &"https://github.com/example/shop")]
    pub repository: Option<Template>,
    /// The branch. Null leaves it to the repository which branch that is; a gate with approvals needs one.
    #[serde(default)]
    #[schemars(extend("x-null" = true))]
    #[schemars(example = &"main")]
    pub branch: Option<Template>,
    /// Watched besides the kind's own and the common ones.
    #[schemars(example = ["lib", "infra/common"])]
    pub paths: Vec<Template>,
    /// Watched by every project of the fleet. `[]` watches nothing common.
    #[schemars(example = ["lib"])]
    pub common_paths: Vec<Template>,
    /// New code starts the stage, where its gate lets code start it.
    #[schemars(example = false)]
    pub trigger: bool,
    /// Jobs that a commit passes before the stage takes it, besides the stage before: jobs of `extra`, such as tests.
    #[serde(default)]
    #[schemars(example = ["unit-tests", "lint"])]
    pub passed: Vec<Template>,
    /// The stage takes the newest commit, and not the one that the stage before deployed: for a chain that promotes an
    /// input, with code that only says how. A chain with approvals cannot have it.
    #[serde(default)]
    #[schemars(example = true)]
    pub newest: bool,
    /// Params of the get, where no approval names the commit.
    #[serde(default)]
    #[schemars(with = "Option<FreeMap>")]
    #[schemars(example = json!({"depth": 1}))]
    pub params: Option<Value>,
    /// How often to look for commits.
    #[schemars(example = &"5m")]
    pub check_every: CheckEvery,
    /// For a repository that not everybody may read.
    #[serde(default)]
    #[schemars(example = &"((git.private_key))")]
    pub private_key: Option<Secret>,
    /// Lets a webhook have Concourse look for commits at once: the token of its address.
    #[serde(default)]
    #[schemars(example = &"((concourse.webhook_token))")]
    pub webhook: Option<Secret>,
    /// More of the git resource's `source`, in Concourse's own words.
    #[serde(default)]
    #[schemars(with = "Option<FreeMap>")]
    #[schemars(example = json!({"tag_filter": "v*", "username": "((git.username))", "password": "((git.password))"}))]
    pub extra: Option<Value>,
}

/// All generated names. A title may hold local variables of the build, `((.:version))`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamesSettings {
    /// What the kind is told.
    #[schemars(example = &"{{ environment }}")]
    pub stack: Template,
    /// The code resource.
    #[schemars(example = &"{{ repository }}-{{ pipeline }}")]
    pub code: Template,
    /// The job that deploys.
    #[schemars(example = &"deploy-{{ project }}-{{ slug }}")]
    pub deploy: Template,
    /// The job that previews.
    #[schemars(example = &"preview-{{ project }}-{{ slug }}")]
    pub preview: Template,
    /// The job that builds an input.
    #[schemars(extend("x-later" = true))]
    #[schemars(example = &"build-{{ input }}")]
    pub build: Template,
    /// The job that checks before a build.
    #[schemars(extend("x-later" = true))]
    #[schemars(example = &"check-{{ input }}")]
    pub check: Template,
    /// Shared by a stage's preview and deployment, that they take turns.
    #[schemars(example = &"{{ project | lower }}-{{ slug }}")]
    pub serial_group: Template,
    /// `…-post` and `…-trigger` of an issue gate, and `…-records` for a preview of the next stage, of the stage that was
    /// deployed.
    #[schemars(example = &"github-issues-{{ project | lower }}-{{ slug }}")]
    pub deployed: Template,
    /// `…-post` and `…-trigger` of a preview gate.
    #[schemars(example = &"gh-{{ project | lower }}-{{ slug }}-gate")]
    pub ready: Template,
    /// The resource of a record. Default: `deployed` with `-post`.
    #[serde(default)]
    #[schemars(example = &"gh-{{ project | lower }}-{{ slug }}-deployed")]
    pub record: Option<Template>,
    /// The resource of `notify.slack`.
    #[schemars(example = &"slack-alert-{{ project }}")]
    pub alert: Template,
    /// Title of an issue gate and of a record, of the stage that was deployed.
    #[schemars(example = &"[bot] {{ kind_title }} {{ project }} {{ stack }} deployed.")]
    pub deployed_title: Template,
    /// Title of a preview gate.
    #[schemars(example = &"[bot] {{ kind_title }} {{ project }} {{ stack }} ready to deploy.")]
    pub ready_title: Template,
    /// Label of every gate, of the stage that is entered. An empty label is no label.
    #[schemars(example = &"promotion-to-{{ environment | lower }}")]
    pub promotion_label: Template,
    /// Label of records.
    #[schemars(example = &"deployed")]
    pub deployed_label: Template,
    /// Label of records at the end of a chain.
    #[schemars(example = &"finalized-deployment")]
    pub final_label: Template,
}

/// An input: what it is, and how a deployment takes it. One that does not say what it is refers to the one of that name
/// elsewhere in the manifest.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InputSettings {
    /// A repository.
    #[serde(default)]
    #[schemars(example = json!({"repository": "https://github.com/example/charts", "branch": "main"}))]
    pub git: Option<GitSettings>,
    /// An image.
    #[serde(default)]
    #[schemars(example = json!({"repository": "shop/cart", "region": "us-east-1"}))]
    pub image: Option<ImageSettings>,
    /// A file in a bucket of S3.
    #[serde(default)]
    #[schemars(example = json!({"bucket": "releases", "regexp": "app/release-(.*).tgz"}))]
    pub s3: Option<S3Settings>,
    /// A release on GitHub.
    #[serde(default)]
    #[schemars(example = json!({"repository": "prometheus/prometheus"}))]
    pub github_release: Option<ReleaseSettings>,
    /// A resource of any type.
    #[serde(default)]
    #[schemars(example = json!({"type": "hashicorp-release", "source": {"project": "vault"}}))]
    pub resource: Option<ResourceSettings>,
    /// One input of every item, which is `{{ each }}` in its name and in all that it says.
    #[serde(default)]
    #[schemars(example = ["mailer", "billing"])]
    pub each: Vec<Template>,
    /// How often to look for new versions.
    #[serde(default)]
    #[schemars(example = &"1h")]
    pub check_every: Option<CheckEvery>,
    /// The file that names the version. Default: `.git/ref` of a repository, or `.git/HEAD` with `tag_filter`; `digest` of
    /// an image; `version` of a file in S3; `tag` of a release. Null leaves the input out of approvals.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend(
        "x-null" = true,
        "pattern" = r"^\.?[A-Za-z0-9_-][A-Za-z0-9._-]*(/\.?[A-Za-z0-9_-][A-Za-z0-9._-]*)*$",
        "x-expected" = "a file of the input",
    ))]
    #[schemars(example = &"digest")]
    pub pin: PinSetting,
    /// Why the newest version may be used behind a gate, instead of a version that an approval names.
    #[serde(default)]
    #[schemars(extend("pattern" = r"\S", "x-expected" = "a reason"))]
    #[schemars(example = &"only its linter runs, which deploys nothing")]
    pub unpinned: Option<String>,
    /// Files and folders whose content an approval names besides the version, by a hash. Default: of a release and of a file
    /// in S3 that is found by `regexp`, all that is fetched; of anything else none.
    #[serde(default)]
    #[schemars(example = ["app.tgz"])]
    pub content: Option<Vec<ContentPath>>,
    /// How it is made here.
    #[serde(default)]
    #[schemars(example = json!({"with": {"image": {"dockerfile": "docker/Dockerfile"}}}))]
    pub build: Option<BuildSettings>,
    /// The environments that take it. Default: all. With `[]` it is built here, and deployed nowhere.
    #[serde(default)]
    #[schemars(example = ["QA", "Production"])]
    pub only: Option<Vec<Name>>,
    /// A new version starts what takes it, where the gate lets it.
    #[serde(default)]
    #[schemars(example = true)]
    pub trigger: Option<bool>,
    /// Params of the get. An image is not downloaded unless this says so: `{skip_download: false}`.
    #[serde(default)]
    #[schemars(with = "Option<FreeMap>")]
    #[schemars(example = json!({"skip_download": false}))]
    pub params: Option<Value>,
    /// Environment variables for the kind, each from a file of the input.
    #[serde(default)]
    #[schemars(extend("x-template-keys" = true, "x-removable" = true))]
    #[schemars(example = json!({"CART_IMAGE_DIGEST": "digest"}))]
    pub env: IndexMap<String, InputFile>,
}

/// How an input is made here.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuildSettings {
    /// A build kind and its options.
    #[serde(default)]
    #[schemars(with = "Option<Choice>", extend("x-later" = true))]
    #[schemars(example = json!({"image": {"dockerfile": "docker/Dockerfile"}}))]
    pub with: Option<Value>,
    /// What it is made from. Default: the project's code.
    #[serde(default)]
    #[schemars(extend("x-template-keys" = true, "x-removable" = true))]
    #[schemars(example = json!({"cart": {"git": {"repository": "https://github.com/example/cart"}}}))]
    pub from: IndexMap<String, FromSettings>,
    /// Which of `from` is the code, where there are several.
    #[serde(default)]
    #[schemars(example = &"cart")]
    pub code: Option<Template>,
    /// Steps before the kind's own.
    #[serde(default)]
    #[schemars(with = "Vec<FreeMap>", extend("x-later" = true))]
    #[schemars(example = json!([{"task": "test", "file": "cart/ci/test.yml"}]))]
    pub before: Vec<Value>,
    /// Steps behind them.
    #[serde(default)]
    #[schemars(with = "Vec<FreeMap>", extend("x-later" = true))]
    #[schemars(example = json!([{"task": "scan", "file": "cart/ci/scan.yml"}]))]
    pub after: Vec<Value>,
    /// The job. Default: `names.build`.
    #[serde(default)]
    #[schemars(extend("x-later" = true))]
    #[schemars(example = &"build-{{ input }}")]
    pub job: Option<Template>,
    /// Fetches all of `from` at the same time.
    #[serde(default)]
    #[schemars(example = true)]
    pub parallel_gets: Option<bool>,
}

/// What something is made from. What does not say what it is refers to the input of that name elsewhere in the manifest.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FromSettings {
    /// A repository.
    #[serde(default)]
    #[schemars(example = json!({"repository": "https://github.com/example/cart"}))]
    pub git: Option<GitSettings>,
    /// An image.
    #[serde(default)]
    #[schemars(example = json!({"repository": "shop/base"}))]
    pub image: Option<ImageSettings>,
    /// A file in a bucket of S3.
    #[serde(default)]
    #[schemars(example = json!({"bucket": "releases", "regexp": "app/release-(.*).tgz"}))]
    pub s3: Option<S3Settings>,
    /// A release on GitHub.
    #[serde(default)]
    #[schemars(example = json!({"repository": "prometheus/prometheus"}))]
    pub github_release: Option<ReleaseSettings>,
    /// A resource of any type.
    #[serde(default)]
    #[schemars(example = json!({"type": "hashicorp-release", "source": {"project": "vault"}}))]
    pub resource: Option<ResourceSettings>,
    /// One of every item, which is `{{ each }}` in its name and in all that it says.
    #[serde(default)]
    #[schemars(example = ["mailer", "billing"])]
    pub each: Vec<Template>,
    /// How often to look for new versions.
    #[serde(default)]
    #[schemars(example = &"5m")]
    pub check_every: Option<CheckEvery>,
    /// A new version starts the build.
    #[serde(default)]
    #[schemars(example = true)]
    pub trigger: Option<bool>,
    /// It starts the build and is no input of its steps.
    #[serde(default)]
    #[schemars(example = true)]
    pub starts_only: Option<bool>,
    /// Params of the get. An image comes whole to a build unless this says otherwise.
    #[serde(default)]
    #[schemars(with = "Option<FreeMap>")]
    #[schemars(example = json!({"skip_download": true}))]
    pub params: Option<Value>,
    /// Environment variables of the build, each from a file of the input. For an image they are build arguments.
    #[serde(default)]
    #[schemars(extend("x-template-keys" = true, "x-removable" = true))]
    #[schemars(example = json!({"GIT_REF": ".git/ref"}))]
    pub env: IndexMap<String, InputFile>,
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
