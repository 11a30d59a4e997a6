//! The resources of issues, and the steps that write them.

mod github_issues;
mod mitodl;

use concourse_pipeline::model::{Core, Inputs, PutStep, Resource, ResourceName, ResourceType, Step};
use github_issues_resource::contract::{
    AuthMethod, ClaimParams, ContentFiles, GatePut, ReportParams, ReportStatus, files,
};
use indexmap::IndexMap;
use serde::Serialize;
use yaml_source::yaml::Value;

use crate::input::GitSource;
use crate::input::concourse::core_type;
use crate::manifest::IssuesResource;
use crate::plan::{GateIssue, Opening, TakenGate};
use crate::project::{Auth, Issues};

use self::github_issues::GithubIssues;
use self::mitodl::Mitodl;
use super::wiring::Wiring;

/// The type of approvals that are versions of the code.
const APPROVED_GIT: &str = "approved-git";

/// Which of a gate's resources is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Written.
    Post,
    /// Watched for approvals.
    Trigger,
    /// Watched for records.
    Records,
}

/// A resource type that issues can be of. What it can do, apart from how a pipeline writes it, is with its name in a
/// manifest: [`IssuesResource`].
trait BackEnd {
    /// The repository of its image, and the tag.
    fn image(&self) -> (&'static str, &'static str);

    /// The source of a resource.
    fn source(&self, issue: &GateIssue<'_>, side: Side) -> Value;

    /// The params of the put that opens an issue, or comments on the open one.
    fn record(&self, opening: &Opening<'_>, written: Written<'_>) -> Value;

    /// Whether a resource is told who started a build.
    fn knows_people(&self, side: Side) -> bool;
}

fn back_end(resource: IssuesResource) -> &'static dyn BackEnd {
    match resource {
        IssuesResource::GithubIssues => &GithubIssues,
        IssuesResource::Mitodl => &Mitodl,
    }
}

/// The resource type of issues.
pub(super) fn resource_type(resource: IssuesResource) -> ResourceType {
    let (repository, tag) = back_end(resource).image();
    image_type("github-issues", repository, tag)
}

/// The resource type of approvals that are versions of the code.
pub(super) fn approved_git_type() -> ResourceType {
    image_type(APPROVED_GIT, "mitodl/approved-git-resource", env!("CARGO_PKG_VERSION"))
}

fn image_type(name: &str, repository: &str, tag: &str) -> ResourceType {
    ResourceType {
        name: core_type(name),
        type_name: core_type("registry-image"),
        source: Some(Value::map([("repository", repository.into()), ("tag", tag.into())])),
        defaults: None,
        params: None,
        privileged: None,
        check_every: None,
        tags: Vec::new(),
    }
}

/// The resource that writes an issue.
pub(super) fn post(issue: &GateIssue<'_>, name: &ResourceName) -> Resource {
    resource(issue, name, Side::Post)
}

/// The resource whose versions are the approvals of a gate. With `code` an approval brings the approved commit.
pub(super) fn trigger(issue: &GateIssue<'_>, code: Option<&GitSource>) -> Resource {
    let watched = resource(issue, issue.trigger, Side::Trigger);
    let Some(code) = code else { return watched };
    Resource {
        type_name: core_type(APPROVED_GIT),
        icon: Some("git".into()),
        source: Some(github_issues::with_code(issue, code)),
        ..watched
    }
}

/// The resource whose versions are the records of a gate.
pub(super) fn records(issue: &GateIssue<'_>, name: &ResourceName) -> Resource {
    resource(issue, name, Side::Records)
}

fn resource(issue: &GateIssue<'_>, name: &ResourceName, side: Side) -> Resource {
    let back_end = back_end(issue.issues.resource);
    Resource {
        icon: Some("github".into()),
        source: Some(back_end.source(issue, side)),
        check_every: Some(match side {
            // What a put made needs no looking for.
            Side::Post => "never".into(),
            Side::Trigger | Side::Records => issue.issues.check_every.to_concourse(),
        }),
        webhook_token: match side {
            Side::Post => None,
            Side::Trigger | Side::Records => issue.issues.webhook.as_deref().map(Into::into),
        },
        expose_build_created_by: back_end.knows_people(side).then_some(true),
        ..Resource::named(name.clone(), core_type("github-issues"))
    }
}

/// How the resource authenticates, field by field.
struct Credentials {
    method: AuthMethod,
    token: Option<String>,
    id: Option<String>,
    installation: Option<String>,
    key: Option<String>,
}

impl Credentials {
    fn of(auth: &Auth) -> Self {
        match auth {
            Auth::Token(token) => {
                Self { method: AuthMethod::Token, token: Some(token.clone()), id: None, installation: None, key: None }
            }
            Auth::App { id, installation, key } => Self {
                method: AuthMethod::App,
                token: None,
                id: Some(id.clone()),
                installation: Some(installation.clone()),
                key: Some(key.clone()),
            },
        }
    }
}

/// What a job that succeeded writes into an issue.
pub(super) struct Written<'a> {
    /// What was deployed or previewed: pin → file.
    pub(super) pins: IndexMap<String, String>,
    /// Artifacts whose files are hashed.
    pub(super) content: IndexMap<String, ContentFiles>,
    /// The folder of the code.
    pub(super) clone: &'a ResourceName,
    /// The kind's summary.
    pub(super) summary: Option<String>,
    /// What the job did.
    pub(super) after: After,
    /// The artifact of the record that the versions come from.
    pub(super) from_record: Option<&'a str>,
}

impl Written<'_> {
    /// The files that the issue shows.
    fn body_files(&self, issues: &Issues) -> Vec<String> {
        self.summary.iter().chain(&issues.body_files).cloned().collect()
    }
}

/// What a job that writes an issue did.
pub(super) enum After {
    /// It deployed, or its preview always finds something to change.
    Deployment,
    /// It previewed. Where this file exists there is nothing to approve.
    Preview(String),
    /// It previewed. Only where this file exists are the versions recorded, in the issue of the deployment.
    Unchanged(String),
}

/// The put that opens an issue, or comments on the open one.
pub(super) fn record(opening: &Opening<'_>, written: Written<'_>) -> Step {
    let params = back_end(opening.issue.issues.resource).record(opening, written);
    put(opening.resource, Inputs::Detect, params)
}

fn labels(opening: &Opening<'_>) -> Vec<String> {
    opening.labels.iter().map(|label| (*label).to_owned()).collect()
}

/// The put that uses an approval up, before anything is done by it. `commits` are the pins that are checked out.
pub(super) fn claim(gate: &TakenGate<'_>, wiring: Wiring<'_>, commits: Vec<String>) -> Step {
    let params = GatePut::Claim(ClaimParams { approval: wiring.file(files::APPROVAL), commits });
    put(gate.issue.post, Inputs::Named(vec![wiring.artifact().to_string()]), to_value(&params))
}

/// The put that tells the closed issue what became of its approval. It takes no artifact, since the worker that held them
/// may be the reason why it runs.
pub(super) fn report(gate: &TakenGate<'_>, status: ReportStatus) -> Step {
    put(gate.issue.post, Inputs::Named(Vec::new()), to_value(&GatePut::Report(ReportParams { status })))
}

fn put(resource: &ResourceName, inputs: Inputs, params: Value) -> Step {
    Core::Put(PutStep {
        put: resource.clone(),
        resource: None,
        inputs: Some(inputs),
        params: Some(params),
        get_params: None,
        no_get: Some(true),
    })
    .into()
}

/// A type of the contract, as a value of the pipeline.
fn to_value(contract: &impl Serialize) -> Value {
    yaml_source::yaml::to_value(contract).expect("internal error: the contract with the resource is not YAML")
}
