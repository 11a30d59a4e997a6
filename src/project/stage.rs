use std::sync::Arc;

use github_issues_resource::contract::{Approve, Closers, OnExisting};

use crate::concourse::{JobName, PipelineName, ResourceName};
use crate::manifest::{CheckEvery, IssuesResource, NewestBy};
use crate::source::Span;
use crate::template::Scope;
use crate::yaml::{Node, Value};

/// A thing that is deployed, through one chain or several. Its name may differ from chain to chain.
#[derive(Debug, Default)]
pub struct Project {
    /// The chains.
    pub chains: Vec<Chain>,
    /// What jobs and resources were called before.
    pub old_names: Vec<OldName>,
}

/// What a job or resource was called before.
#[derive(Clone, Debug)]
pub struct OldName {
    /// Its name.
    pub new: String,
    /// Its former name.
    pub old: String,
    /// Where it is said.
    pub span: Span,
}

/// Stages in the order of promotion.
#[derive(Debug)]
pub struct Chain {
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
    /// What must be true before a version enters.
    pub gate: Gate,
    /// What counts as a yes.
    pub approval: Approval,
    /// The issue of a deployment that opens no gate.
    pub record: Record,
    /// The code.
    pub code: CodeSource,
    /// What it takes besides.
    pub inputs: Vec<Input>,
    /// The stack kind, by name.
    pub kind: String,
    /// Variables that the kind is given.
    pub env: Vec<(String, String)>,
    /// Where its issues live. Required where one is written.
    pub issues: Option<Issues>,
    /// Generated names.
    pub names: Names,
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

    /// The stage among those of its project, `GROUP.ENVIRONMENT` or `ENVIRONMENT`.
    pub fn name(&self) -> &str {
        &self.origin.stage
    }

    /// The place of a setting, or that of the whole when it is not in a file of the user's.
    pub(crate) fn span_of(&self, pointer: &str) -> Span {
        self.origin.settings.at(pointer).map_or(self.origin.span, |node| node.span)
    }
}

impl Origin {
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

/// What counts as a yes.
#[derive(Clone, Debug)]
pub struct Approval {
    /// What it lets through.
    pub approve: Approve,
    /// Who may close.
    pub closers: Closers,
    /// Seconds after which it is void.
    pub expires: Option<u64>,
    /// Seconds for which it waits.
    pub soak: Option<u64>,
    /// With an issue still open.
    pub on_existing: OnExisting,
    /// Labels that are a no.
    pub reject_labels: Vec<String>,
    /// Where the approved commit is checked out.
    pub checkout_image: Value,
}

/// A git resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitSource {
    /// Its address.
    pub repository: String,
    /// The branch.
    pub branch: String,
    /// Watched paths; all when there are none.
    pub paths: Vec<String>,
    /// Only commits with such a tag.
    pub tag_filter: Option<String>,
    /// The name of a credential.
    pub private_key: Option<String>,
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
}

/// An image in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSource {
    /// Its name.
    pub repository: String,
    /// The tag.
    pub tag: Option<String>,
    /// Tags that count as versions.
    pub tag_regex: Option<String>,
    /// What the newest tag is.
    pub newest_by: Option<NewestBy>,
    /// Region of an Amazon registry.
    pub region: Option<String>,
    /// Account.
    pub username: Option<String>,
    /// The name of a credential.
    pub password: Option<String>,
}

/// What an input is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A repository.
    Git(GitSource),
    /// An image.
    Image(ImageSource),
}

impl What {
    /// The file of the artifact that names its version.
    pub const fn version_file(&self) -> &'static str {
        match self {
            Self::Git(_) => ".git/ref",
            Self::Image(_) => "digest",
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
    pub what: What,
    /// How often to look.
    pub check_every: Option<CheckEvery>,
    /// The file that names the version, unless it is left out of approvals.
    pub pin: Option<String>,
    /// How it is made here.
    pub build: Option<Build>,
    /// A new version starts what takes it.
    pub trigger: bool,
    /// Params of the get.
    pub params: Option<Value>,
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
    /// What it is made from; nothing of its own means the project's code.
    pub from: Vec<Input>,
    /// The build kind, by name.
    pub kind: String,
    /// The artifact that is the code.
    pub code: ResourceName,
    /// What its templates are filled with.
    pub(crate) scope: Scope,
    /// Steps of the manifest's before and after the kind's own.
    pub(crate) before: Option<Node>,
    pub(crate) after: Option<Node>,
}

/// Where issues live.
#[derive(Clone, Debug)]
pub struct Issues {
    /// `owner/name`.
    pub repository: String,
    /// Base of the API.
    pub api: String,
    /// The name of a credential.
    pub token: String,
    /// Who writes them.
    pub bot: Option<u64>,
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
    /// The resource type.
    pub resource: IssuesResource,
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
    /// Resource of a record.
    pub record: ResourceName,
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
