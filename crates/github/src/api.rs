//! The requests of the REST API that a gate makes.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::client::{Client, Repeat, Shape};
use super::model::{Comment, Issue, NewIssue, Permission, TeamMembership, User};
use super::transport::Answer;
use crate::error::{Error, Result};
use crate::text::{one_line, percent_encode};

/// Which issues are listed, and in which order. Every value comes escaped into the address.
#[derive(Clone, Debug, Default)]
pub struct Query(String);

impl Query {
    /// Returns a query for the issues in a state: `open`, `closed` or `all`.
    pub fn new(state: &str) -> Self {
        Self(format!("?state={state}&per_page=100"))
    }

    /// Adds a parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push('&');
        self.0.push_str(name);
        self.0.push('=');
        self.0.push_str(&percent_encode(value));
        self
    }

    /// Returns the address of the query.
    pub fn url(&self, client: &Client<'_>) -> String {
        client.repo_url(&format!("/issues{}", self.0))
    }
}

/// The issue, or which of the three ways it went.
pub fn issue(client: &Client<'_>, number: u64) -> Result<Issue> {
    let what = format!("reading issue #{number}");
    let url = client.repo_url(&format!("/issues/{number}"));
    let answer = client.get_answer(&url, None, Shape::Object, &what)?;
    match answer.status {
        200 => parse(&answer, &what),
        301 => Err(Error::Moved {
            issue: number,
            to: one_line(answer.header("location").unwrap_or("another repository"), 300),
        }),
        // A repository whose issues are disabled answers the same status for each of them.
        410 if !answer.message().to_ascii_lowercase().contains("disabled") => Err(Error::Deleted { issue: number }),
        _ => Err(client.refusal(&answer, &what)),
    }
}

/// What a number stands for.
pub enum Probed {
    /// The issue, or the pull request, of this number.
    Issue(Box<Issue>),
    /// An issue of this number was deleted.
    Deleted,
    /// No issue, or one that cannot be seen, or not yet.
    Nothing,
}

/// Asks what a number stands for.
pub fn probe(client: &Client<'_>, number: u64) -> Result<Probed> {
    match issue(client, number) {
        Ok(issue) => Ok(Probed::Issue(Box::new(issue))),
        Err(Error::Deleted { .. }) => Ok(Probed::Deleted),
        Err(Error::NotFound { .. } | Error::Moved { .. }) => Ok(Probed::Nothing),
        Err(error) => Err(error),
    }
}

/// The newest issues and pull requests of the repository, whatever they are: one page.
pub fn newest(client: &Client<'_>) -> Result<Vec<Issue>> {
    let url = Query::new("all").with("sort", "created").with("direction", "desc").url(client);
    client.get_page(&url, "listing the newest issues")
}

/// Opens an issue.
pub fn create(client: &Client<'_>, issue: &NewIssue) -> Result<Issue> {
    let body = serde_json::to_value(issue).map_err(|error| Error::Internal(error.to_string()))?;
    client.write("POST", &client.repo_url("/issues"), &body, Repeat::Never, "opening the issue")
}

/// Adds a comment to an issue.
pub fn comment(client: &Client<'_>, number: u64, text: &str) -> Result<Comment> {
    let url = client.repo_url(&format!("/issues/{number}/comments"));
    client.write("POST", &url, &json!({"body": text}), Repeat::Never, &format!("commenting on issue #{number}"))
}

/// The comments of an issue since a moment.
pub fn comments_since(client: &Client<'_>, number: u64, since: Timestamp) -> Result<Vec<Comment>> {
    let since = percent_encode(&since.to_string());
    let url = client.repo_url(&format!("/issues/{number}/comments?per_page=100&since={since}"));
    client.list(&url, &format!("listing the comments of issue #{number}"))
}

/// Changes fields of an issue; the answer is the issue as GitHub then has it.
pub fn update(client: &Client<'_>, number: u64, fields: &Value) -> Result<Issue> {
    let url = client.repo_url(&format!("/issues/{number}"));
    client.write("PATCH", &url, fields, Repeat::Safe, &format!("changing issue #{number}"))
}

/// Adds labels to an issue, and returns the labels that it has now.
pub fn add_labels(client: &Client<'_>, number: u64, labels: &[&str]) -> Result<Value> {
    let url = client.repo_url(&format!("/issues/{number}/labels"));
    client.write("POST", &url, &json!({"labels": labels}), Repeat::Safe, &format!("labelling issue #{number}"))
}

/// Writes a comment of our own anew.
pub fn edit_comment(client: &Client<'_>, id: u64, text: &str) -> Result<Comment> {
    let url = client.repo_url(&format!("/issues/comments/{id}"));
    client.write("PATCH", &url, &json!({"body": text}), Repeat::Safe, "changing a comment of our own")
}

/// Deletes a comment.
pub fn delete_comment(client: &Client<'_>, id: u64) -> Result<()> {
    client.delete(&client.repo_url(&format!("/issues/comments/{id}")), "deleting a comment of our own")
}

/// The account of a numeric id; `None` when it is gone.
pub fn account(client: &Client<'_>, id: u64) -> Result<Option<User>> {
    match client.get::<User>(&format!("{}/user/{id}", client.base()), &format!("asking GitHub for the account {id}")) {
        Ok(user) => Ok((user.id == id).then_some(user)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The bot user of an App.
pub fn bot_of_app(client: &Client<'_>, slug: &str) -> Result<User> {
    let url = format!("{}/users/{}", client.base(), percent_encode(&format!("{slug}[bot]")));
    client.get(&url, &format!("asking GitHub for the bot user of the App {slug}"))
}

/// Whether `login` can be assigned to issues of the repository.
pub fn is_assignable(client: &Client<'_>, login: &str) -> Result<bool> {
    let url = client.repo_url(&format!("/assignees/{}", percent_encode(login)));
    let what = format!("asking GitHub whether {login} can be assigned");
    let answer = client.get_answer(&url, None, Shape::Any, &what)?;
    match answer.status {
        204 => Ok(true),
        404 => Ok(false),
        _ => Err(client.refusal(&answer, &what)),
    }
}

/// What `login` may do in the repository; `None` when that is nothing.
pub fn permission(client: &Client<'_>, login: &str) -> Result<Option<Permission>> {
    let url = client.repo_url(&format!("/collaborators/{}/permission", percent_encode(login)));
    match client.get(&url, &format!("asking for the role of {login}")) {
        Ok(permission) => Ok(Some(permission)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Is `login` an active member of `organization/team`?
pub fn is_in_team(client: &Client<'_>, team: &str, login: &str) -> Result<bool> {
    let (organization, slug) = team
        .split_once('/')
        .ok_or_else(|| Error::Settings(format!("`closers.teams` has `{team}`, which is not ORGANIZATION/TEAM")))?;
    let url = format!(
        "{}/orgs/{}/teams/{}/memberships/{}",
        client.base(),
        percent_encode(organization),
        percent_encode(slug),
        percent_encode(login)
    );
    match client.get::<TeamMembership>(&url, &format!("asking whether {login} is in {team}")) {
        Ok(membership) => Ok(membership.state == "active"),
        Err(Error::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Parses the JSON of an answer.
pub fn parse<T: serde::de::DeserializeOwned>(answer: &Answer, what: &str) -> Result<T> {
    serde_json::from_slice(&answer.body).map_err(|error| Error::Unexpected {
        what: what.to_owned(),
        why: format!("the answer is not as GitHub describes it: {error}"),
    })
}
