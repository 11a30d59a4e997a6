//! The resource type of this project: an approval names versions and a stage, and is used once.

use github_issues_resource::contract::{self, GatePut, GateSource, RecordParams, RecordState, Role, Source, files};
use yaml_source::yaml::Value;

use crate::input::GitSource;
use crate::plan::{Destination, GateIssue, Opening, OpeningKind};
use crate::project::Issues;

use super::{After, BackEnd, Credentials, Side, Written, labels, to_value};

pub(super) struct GithubIssues;

impl BackEnd for GithubIssues {
    fn image(&self) -> (&'static str, &'static str) {
        ("mitodl/github-issues-resource", env!("CARGO_PKG_VERSION"))
    }

    fn source(&self, issue: &GateIssue<'_>, side: Side) -> Value {
        to_value(&Source::Gate(Box::new(source(issue, side))))
    }

    fn record(&self, opening: &Opening<'_>, written: Written<'_>) -> Value {
        let issues = opening.issue.issues;
        let body_files = written.body_files(issues);
        let (close_if_file, unchanged_if_file) = match written.after {
            After::Deployment => (None, None),
            After::Preview(file) => (Some(file), None),
            After::Unchanged(file) => (None, Some(file)),
        };
        to_value(&GatePut::Record(Box::new(RecordParams {
            title: opening.issue.title.to_owned(),
            pins: written.pins,
            content: written.content,
            approve: opening.issue.approval.map(|approval| approval.approve).unwrap_or_default(),
            ungated: opening.ungated,
            labels: labels(opening),
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
        })))
    }

    fn knows_people(&self, side: Side) -> bool {
        // A claim lets a person deploy again what a machine may deploy once.
        side == Side::Post
    }
}

/// The source of the approvals of a gate, each of which brings the approved commit.
pub(super) fn with_code(issue: &GateIssue<'_>, code: &GitSource) -> Value {
    let source = GateSource { git: Some(approved_code(code)), ..source(issue, Side::Trigger) };
    to_value(&Source::Gate(Box::new(source)))
}

fn source(issue: &GateIssue<'_>, side: Side) -> GateSource {
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
