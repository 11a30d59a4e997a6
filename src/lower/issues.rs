//! The resources of issues, and the steps that write them.

use concourse_pipeline::model::{Core, Inputs, PutStep, Resource, ResourceName, ResourceType, Step};
use github_issues_resource::contract::{
    self, AuthMethod, ClaimParams, CompatPut, CompatSource, ContentFiles, GatePut, GateSource, IssueState,
    RecordParams, RecordState, ReportParams, ReportStatus, Role, Source, files,
};
use indexmap::IndexMap;
use serde::Serialize;
use yaml_source::yaml::Value;

use crate::input::GitSource;
use crate::input::concourse::core_type;
use crate::manifest::IssuesResource;
use crate::plan::{Destination, GateIssue, Opening, OpeningKind, TakenGate};
use crate::project::{Auth, Issues};

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

/// The resource type of issues.
pub(super) fn resource_type(resource: IssuesResource) -> ResourceType {
    let (repository, tag) = match resource {
        IssuesResource::GithubIssues => ("mitodl/github-issues-resource", env!("CARGO_PKG_VERSION")),
        IssuesResource::Mitodl => ("mitodl/concourse-github-issues-resource", "latest"),
    };
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
    let source = GateSource { git: Some(approved_code(code)), ..gate_source(issue, Side::Trigger) };
    Resource {
        type_name: core_type(APPROVED_GIT),
        icon: Some("git".into()),
        source: Some(to_value(&Source::Gate(Box::new(source)))),
        ..watched
    }
}

/// The resource whose versions are the records of a gate.
pub(super) fn records(issue: &GateIssue<'_>, name: &ResourceName) -> Resource {
    resource(issue, name, Side::Records)
}

/// A value of the git resource's source.
fn json(value: &Value) -> serde_json::Value {
    serde_json::to_value(value).expect("internal error: a YAML value cannot be JSON")
}

/// The code, as far as it matters to who fetches a commit that is known: watched paths do not, and a change of the
/// source would begin the history of versions anew.
fn approved_code(code: &GitSource) -> contract::GitSource {
    let mut options = serde_json::Map::new();
    if let Some(key) = &code.private_key {
        options.insert("private_key".to_owned(), key.as_str().into());
    }
    // Which commits are looked at matters as little.
    let is_watched = |key: &str| {
        matches!(key, "ignore_paths" | "tag_filter" | "tag_regex" | "tag_behaviour" | "fetch_tags" | "commit_filter")
            || matches!(key, "disable_ci_skip" | "version_depth" | "search_remote_refs")
    };
    let fetched = code.extra.iter().filter(|(key, _)| !is_watched(key));
    options.extend(fetched.map(|(key, value)| (key.clone(), json(value))));
    contract::GitSource { uri: code.repository.clone(), branch: code.branch.clone().unwrap_or_default(), options }
}

fn resource(issue: &GateIssue<'_>, name: &ResourceName, side: Side) -> Resource {
    let source = match issue.issues.resource {
        IssuesResource::GithubIssues => Source::Gate(Box::new(gate_source(issue, side))),
        IssuesResource::Mitodl => Source::Compat(Box::new(compat_source(issue, side))),
    };
    Resource {
        icon: Some("github".into()),
        source: Some(to_value(&source)),
        check_every: Some(match side {
            // What a put made needs no looking for.
            Side::Post => "never".into(),
            Side::Trigger | Side::Records => issue.issues.check_every.to_concourse(),
        }),
        webhook_token: match side {
            Side::Post => None,
            Side::Trigger | Side::Records => issue.issues.webhook.as_deref().map(Into::into),
        },
        // A claim lets a person deploy again what a machine may deploy once.
        expose_build_created_by: (side == Side::Post || issue.issues.resource == IssuesResource::Mitodl)
            .then_some(true),
        ..Resource::named(name.clone(), core_type("github-issues"))
    }
}

fn gate_source(issue: &GateIssue<'_>, side: Side) -> GateSource {
    let Issues { repository, api, auth, bot, signing_key, ca_cert, timeout, max_wait, max_comments, .. } = issue.issues;
    let auth = Credentials::of(auth);
    let role = match side {
        Side::Post => Role::Post,
        Side::Trigger => Role::Trigger,
        Side::Records => Role::Records,
    };
    let mut source = GateSource {
        gate_aliases: issue.former_keys().collect(),
        destination: issue.destination.as_ref().map(|destination| destination.key.clone()),
        former_destinations: issue.destination.iter().flat_map(Destination::former_keys).collect(),
        gh_host: api.clone(),
        auth_method: auth.method,
        access_token: auth.token,
        app_id: auth.id,
        app_installation_id: auth.installation,
        private_ssh_key: auth.key,
        bot: *bot,
        signing_key: signing_key.clone(),
        ca_cert: ca_cert.clone(),
        timeout: *timeout,
        max_wait: *max_wait,
        max_comments: *max_comments,
        ..GateSource::new(issue.key.clone(), role, repository.clone())
    };
    if let Some(approval) = issue.approval {
        approval.apply(&mut source);
    }
    source
}

/// A title that only a build can complete: it belongs to the put, since nothing fills its variables in a check.
fn local_title(issue: &GateIssue<'_>) -> Option<String> {
    issue.title.contains("((").then(|| issue.title.to_owned())
}

fn compat_source(issue: &GateIssue<'_>, side: Side) -> CompatSource {
    let Issues { repository, api, auth, timeout, .. } = issue.issues;
    let auth = Credentials::of(auth);
    // A variable of a build is filled in where a build writes the title, and not where issues are looked for.
    let prefix = issue.title.split("((").next().unwrap_or_default();
    CompatSource {
        repository: repository.clone(),
        gh_host: api.clone(),
        auth_method: auth.method,
        access_token: auth.token,
        app_id: auth.id,
        app_installation_id: auth.installation,
        private_ssh_key: auth.key,
        issue_state: match side {
            Side::Post => IssueState::Open,
            Side::Trigger | Side::Records => IssueState::Closed,
        },
        issue_prefix: Some(prefix.to_owned()),
        labels: Vec::new(),
        skip_if_labeled: Vec::new(),
        limit_old_versions: None,
        issue_title_template: local_title(issue).is_none().then(|| issue.title.to_owned()),
        issue_body_template: None,
        assignees: Vec::new(),
        timeout: *timeout,
        ca_cert: None,
        update_in_place: side == Side::Post && issue.is_preview(),
        creator: None,
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
    let issues = opening.issue.issues;
    let labels: Vec<String> = opening.labels.iter().map(|label| (*label).to_owned()).collect();
    let body_files: Vec<String> = written.summary.into_iter().chain(issues.body_files.iter().cloned()).collect();
    let (close_if_file, unchanged_if_file) = match written.after {
        After::Deployment => (None, None),
        After::Preview(file) => (Some(file), None),
        After::Unchanged(file) => (None, Some(file)),
    };
    let params = match issues.resource {
        IssuesResource::GithubIssues => to_value(&GatePut::Record(Box::new(RecordParams {
            title: opening.issue.title.to_owned(),
            pins: written.pins,
            content: written.content,
            approve: opening.issue.approval.map(|approval| approval.approve).unwrap_or_default(),
            ungated: opening.ungated,
            labels,
            assignees: issues.assignees.clone(),
            body_files,
            clone: Some(written.clone.to_string()),
            close_if_file,
            unchanged_if_file,
            from_record: written.from_record.map(|artifact| format!("{artifact}/{}", files::RECORD)),
            state: match opening.kind {
                OpeningKind::ClosedRecord => RecordState::Closed,
                _ => RecordState::Open,
            },
        }))),
        IssuesResource::Mitodl => to_value(&CompatPut {
            labels,
            assignees: issues.assignees.clone(),
            body_file: None,
            body_files,
            title_template: local_title(&opening.issue),
            close_if_file,
        }),
    };
    put(opening.resource, Inputs::Detect, params)
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
