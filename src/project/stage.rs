use std::sync::Arc;

use concourse_pipeline::model::{BuildLogRetention, InstanceVars, JobName, PipelineName, ResourceName};
use github_issues_resource::contract::{ContentFiles, InvalidStage, StageName};
use yaml_source::source::Span;
use yaml_source::yaml::{Entry, Node, Value};

use crate::approval::ApprovalSettings;
use crate::input::{GitSource, InputSource};
use crate::manifest::{CheckEvery, EventWord, IssuesResource};
use crate::template::{ParsedTemplate, Scope, is_template};

/// What a manifest deploys: one project or several, each through one chain or several. The name of a project may differ
/// from chain to chain.
#[derive(Debug, Default)]
pub struct Project {
    /// The chains.
    pub chains: Vec<Chain>,
    /// What jobs and resources were called before.
    pub old_names: Vec<OldName>,
}

/// The place of a stage among all of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StageId {
    pub(crate) chain: usize,
    pub(crate) stage: usize,
}

impl Project {
    /// The stage in that place.
    pub(crate) fn stage(&self, id: StageId) -> &Stage {
        &self.chains[id.chain].stages[id.stage]
    }
}

/// What a job or resource was called before.
#[derive(Clone, Debug)]
pub struct OldName {
    /// Its name.
    pub new: String,
    /// Its former name.
    pub old: String,
    /// Where the manifest gives it; `None` for a name that an earlier version of this program made.
    pub span: Option<Span>,
}

/// Stages in the order of promotion.
#[derive(Debug)]
pub struct Chain {
    /// The project, as the manifest's `needs` call it.
    pub project: String,
    /// The group, where there are several chains.
    pub group: Option<String>,
    /// Does a stage have a preview gate?
    pub previewed: bool,
    /// The stages.
    pub stages: Vec<Stage>,
}

/// A place of a manifest that something came from, for errors about what it led to.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The project.
    pub project: String,
    /// The stage, `GROUP.ENVIRONMENT` or `ENVIRONMENT`.
    pub stage: String,
    /// The stage's settings as they were merged, templates and all.
    pub(crate) settings: Arc<Node>,
    /// The names that their templates were filled with.
    pub(crate) scope: Scope,
    /// Where to point when nothing better is found.
    pub span: Span,
    /// The `defaults` of the fleet: where to point when every manifest lacks the same.
    pub(crate) fleet_defaults: Option<Span>,
}

/// One project in one group in one environment: one deploy job.
#[derive(Debug)]
pub struct Stage {
    /// The project's name.
    pub project: String,
    /// The group.
    pub group: Option<String>,
    /// The environment.
    pub environment: String,
    /// What the kind is told.
    pub stack: String,
    /// The instance of Concourse that it lives on, by its place in the fleet.
    pub concourse: usize,
    /// The pipeline there.
    pub pipeline: PipelineName,
    /// Which of its instances.
    pub instance_vars: InstanceVars,
    /// What must be true before a version enters.
    pub gate: Gate,
    /// What counts as an approval.
    pub approval: ApprovalSettings,
    /// The issue of a deployment that opens no gate.
    pub record: Record,
    /// Stages of other projects that are deployed first.
    pub needs: Vec<StageId>,
    /// The code.
    pub code: CodeSource,
    /// What it takes besides.
    pub inputs: Vec<Input>,
    /// What is built here, and deployed nowhere.
    pub built_only: Vec<Input>,
    /// The stack kind, by name.
    pub kind: String,
    /// Whether a preview of the kind can find nothing to change.
    pub kind_tells_unchanged: bool,
    /// Variables that the kind is given for a deployment.
    pub env: Vec<(String, String)>,
    /// Variables that the kind is given for a preview.
    pub preview_env: Vec<(String, String)>,
    /// Where its issues live. Required where one is written.
    pub issues: Option<Issues>,
    /// Options of its jobs.
    pub job: JobOptions,
    /// Who is told what becomes of them.
    pub alert: Option<Alert>,
    /// The tab that its jobs stand on.
    pub tab: Option<String>,
    /// Its former names, by which its gates and their approvals were known.
    pub former: Vec<StageName>,
    /// Generated names.
    pub names: Names,
    /// What an earlier version of this program called the stage's jobs and resources.
    pub old_names: Vec<OldName>,
    /// A Go duration for each of the kind's steps.
    pub timeout: Option<String>,
    /// How often each of them is tried.
    pub attempts: Option<u32>,
    /// What its templates are filled with, `options` among them.
    pub(crate) scope: Scope,
    /// Where it came from.
    pub origin: Arc<Origin>,
}

impl Stage {
    /// The stage in words: `` `shop-cart` QA ``.
    pub fn whom(&self) -> String {
        self.origin.whom()
    }

    /// The name by which gates and approvals know the stage.
    ///
    /// # Errors
    ///
    /// When a part of the name is not valid there.
    pub fn identity(&self) -> Result<StageName, InvalidStage> {
        StageName::new(&self.project, self.group.as_deref(), &self.environment)
    }

    /// The stage among those of its project, `GROUP.ENVIRONMENT` or `ENVIRONMENT`.
    pub fn name(&self) -> &str {
        &self.origin.stage
    }

    /// The place of an input, under the name that it comes out with.
    pub(crate) fn input_span(&self, name: &str) -> Option<Span> {
        let inputs = self.origin.settings.at("/inputs").and_then(Node::as_map)?;
        let comes_out = |entry: &&Entry| {
            let filled = |scope: &Scope| ParsedTemplate::parse(&entry.key).and_then(|key| key.text(scope));
            match entry.value.at("/each").and_then(Node::as_list) {
                _ if !is_template(&entry.key) => entry.key == name,
                None => filled(&self.scope).is_ok_and(|key| key == name),
                Some(items) => items.iter().any(|item| {
                    let item = item.as_str().unwrap_or_default();
                    filled(&self.scope.with([("each", item.into())])).is_ok_and(|key| key == name)
                }),
            }
        };
        let entries = inputs.entries().iter();
        let literal = entries.clone().find(|entry| entry.key == name);
        literal.or_else(|| entries.clone().find(comes_out)).map(|entry| entry.key_span)
    }

    /// The place of a setting where the manifest itself has it, else that of the project.
    pub(crate) fn own_place(&self, pointer: &str) -> Span {
        self.origin.own_place(pointer)
    }

    /// The place of a setting, or that of the whole when it is not in a file of the user's.
    pub(crate) fn span_of(&self, pointer: &str) -> Span {
        self.origin.settings.at(pointer).map_or(self.origin.span, |node| node.span)
    }
}

impl Origin {
    /// The place of a setting where the manifest itself has it, else that of the project.
    pub(crate) fn own_place(&self, pointer: &str) -> Span {
        let own = self.settings.at(pointer).map(|node| node.span).filter(|span| span.file == self.span.file);
        own.unwrap_or(self.span)
    }

    /// The stage in words: `` `shop-cart` QA ``.
    pub fn whom(&self) -> String {
        format!("`{}` {}", self.project, self.stage)
    }
}

/// What must be true before a version enters a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Nothing.
    None,
    /// The issue of the stage before was closed.
    Issue,
    /// The issue of this stage's preview was closed.
    Preview,
    /// Somebody pressed the + button.
    Manual,
}

/// What becomes of the issue of a deployment that opens no gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// It stays open.
    Open,
    /// It is opened and closed at once.
    Closed,
    /// There is none.
    None,
}

/// Options of jobs, as in Concourse.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobOptions {
    /// How long logs are kept.
    pub build_log_retention: Option<BuildLogRetention>,
    /// Jobs of one group take turns.
    pub serial_groups: Vec<String>,
    /// Shows builds to everybody.
    pub public: bool,
    /// A worker that goes away does not wait for its builds.
    pub interruptible: bool,
    /// Workers that may run its steps.
    pub tags: Vec<String>,
}

/// A channel of Slack that is told what becomes of jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The resource.
    pub resource: ResourceName,
    /// The name of a credential.
    pub url: String,
    /// The channel; the webhook's own without.
    pub channel: Option<String>,
    /// What is written below the line that says what became of the job.
    pub text: Option<String>,
    /// What is told.
    pub events: Vec<EventWord>,
}

impl Alert {
    /// What it has in common with another one.
    pub(crate) fn alike(&self, other: &Self) -> Option<Self> {
        let events: Vec<EventWord> = self.events.iter().filter(|event| other.events.contains(event)).copied().collect();
        let same = (&self.resource, &self.url, &self.channel) == (&other.resource, &other.url, &other.channel);
        let text = self.text.clone().filter(|_| self.text == other.text);
        (same && !events.is_empty()).then(|| Self { text, events, ..self.clone() })
    }
}

/// The code of a stage.
#[derive(Clone, Debug)]
pub struct CodeSource {
    /// The resource.
    pub resource: ResourceName,
    /// Where it comes from.
    pub git: GitSource,
    /// How often to look.
    pub check_every: CheckEvery,
    /// New code starts the stage.
    pub trigger: bool,
    /// Jobs that a commit passes before the stage takes it, besides the stage before.
    pub passed: Vec<JobName>,
    /// The stage takes the newest commit, whatever the stage before deployed.
    pub newest: bool,
    /// Params of the get.
    pub params: Option<Value>,
}

/// Which version of an input an approval names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pin {
    /// That in this file.
    File(String),
    /// None, by `pin: null`.
    LeftOut,
    /// None, for this reason.
    Unpinned(String),
    /// None, since nobody said which file it stands in.
    Unknown,
}

impl Pin {
    /// The file that names the version.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::File(file) => Some(file),
            Self::LeftOut | Self::Unpinned(_) | Self::Unknown => None,
        }
    }
}

/// An environment variable, and the file of an input that it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvSource {
    /// The variable.
    pub variable: String,
    /// The file, within the input.
    pub file: String,
}

/// Something versioned that a deployment or a build takes.
#[derive(Debug)]
pub struct Input {
    /// The resource, and the artifact.
    pub name: ResourceName,
    /// What it is.
    pub source: InputSource,
    /// How often to look.
    pub check_every: Option<CheckEvery>,
    /// The version that approvals name.
    pub pin: Pin,
    /// The files that approvals name by a hash, besides the version.
    pub content: Option<ContentFiles>,
    /// How it is made here.
    pub build: Option<Build>,
    /// A new version starts what takes it.
    pub trigger: bool,
    /// Params of the get.
    pub params: Option<Value>,
    /// It starts a build, whose steps do not use it.
    pub starts_only: bool,
    /// Variables from its files.
    pub env: Vec<EnvSource>,
}

/// How an input is made here.
#[derive(Debug)]
pub struct Build {
    /// The job.
    pub job: JobName,
    /// The job before it, where the kind has the phase `check`.
    pub check: Option<JobName>,
    /// What it is made from. Where its steps use none of it, they use the project's code.
    pub from: Vec<Input>,
    /// The build kind, by name.
    pub kind: String,
    /// The artifact that is the code.
    pub code: ResourceName,
    /// Whether its gets run at the same time.
    pub parallel_gets: bool,
    /// What its templates are filled with.
    pub(crate) scope: Scope,
    /// Steps of the manifest's before and after the kind's own.
    pub(crate) before: Option<Node>,
    pub(crate) after: Option<Node>,
}

impl Build {
    /// Whether it takes the project's code: nothing else is there for its steps to use.
    pub(crate) fn takes_code(&self) -> bool {
        self.from.iter().all(|input| input.starts_only)
    }
}

/// Where issues live.
#[derive(Clone, Debug)]
pub struct Issues {
    /// `owner/name`.
    pub repository: String,
    /// Base of the API.
    pub api: String,
    /// Who writes them.
    pub auth: Auth,
    /// The account's id.
    pub bot: Option<u64>,
    /// The name of a credential that signs what they record.
    pub signing_key: Option<String>,
    /// The server's certificate authority.
    pub ca_cert: Option<String>,
    /// Labels besides the derived ones.
    pub labels: Vec<String>,
    /// Who is assigned.
    pub assignees: Vec<String>,
    /// Files added to the body.
    pub body_files: Vec<String>,
    /// How often to look.
    pub check_every: CheckEvery,
    /// The name of the token by which a webhook has Concourse look.
    pub webhook: Option<String>,
    /// Seconds for a request.
    pub timeout: Option<u64>,
    /// Seconds to wait for a limit.
    pub max_wait: Option<u64>,
    /// Comments before further ones share one.
    pub max_comments: Option<u32>,
    /// The resource type.
    pub resource: IssuesResource,
}

/// Who writes issues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// By the name of a credential.
    Token(String),
    /// A GitHub App.
    App {
        /// Its id, or its client id.
        id: String,
        /// The id of its installation.
        installation: String,
        /// The name of a credential.
        key: String,
    },
}

/// Generated names of a stage.
#[derive(Clone, Debug)]
pub struct Names {
    /// The deploy job.
    pub deploy: JobName,
    /// The preview job.
    pub preview: JobName,
    /// Shared by both.
    pub serial_group: String,
    /// Resources of the issue that tells of the deployment: written, and watched.
    pub deployed_post: ResourceName,
    /// Watched.
    pub deployed_trigger: ResourceName,
    /// Resources of the issue that tells of the preview: written.
    pub ready_post: ResourceName,
    /// Watched.
    pub ready_trigger: ResourceName,
    /// Resource of a record: written.
    pub record: ResourceName,
    /// Resource of the records, watched by the preview of the next stage.
    pub records: ResourceName,
    /// Title of the issue that tells of the deployment.
    pub deployed_title: String,
    /// Title of the issue that tells of the preview.
    pub ready_title: String,
    /// Label of a gate into this stage; empty is none.
    pub promotion_label: String,
    /// Label of records; empty is none.
    pub deployed_label: String,
    /// Label of records at the end of a chain; empty is none.
    pub final_label: String,
}
