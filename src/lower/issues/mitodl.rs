//! MIT Open Learning's image: an issue is known by its title, and closing it is a signal without versions.

use github_issues_resource::contract::{CompatPut, CompatSource, IssueState, Source};
use yaml_source::yaml::Value;

use crate::plan::{GateIssue, Opening};
use crate::project::Issues;

use super::{After, BackEnd, Credentials, Side, Written, labels, to_value};

pub(super) struct Mitodl;

impl BackEnd for Mitodl {
    fn image(&self) -> (&'static str, &'static str) {
        ("mitodl/concourse-github-issues-resource", "latest")
    }

    fn source(&self, issue: &GateIssue<'_>, side: Side) -> Value {
        to_value(&Source::Compat(Box::new(source(issue, side))))
    }

    fn record(&self, opening: &Opening<'_>, written: Written<'_>) -> Value {
        let issues = opening.issue.issues;
        to_value(&CompatPut {
            labels: labels(opening),
            assignees: issues.assignees.clone(),
            body_file: None,
            body_files: written.body_files(issues),
            title_template: local_title(&opening.issue),
            close_if_file: match written.after {
                After::Preview(file) => Some(file),
                After::Deployment | After::Unchanged(_) => None,
            },
        })
    }

    fn knows_people(&self, _: Side) -> bool {
        true
    }
}

fn source(issue: &GateIssue<'_>, side: Side) -> CompatSource {
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

/// A title that only a build can complete: it belongs to the put, since nothing fills its variables in a check.
fn local_title(issue: &GateIssue<'_>) -> Option<String> {
    issue.title.contains("((").then(|| issue.title.to_owned())
}
