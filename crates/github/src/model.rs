use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is read of an issue in a list or alone. Source: GitHub REST API, "Issues"; the conformance tests compare these
/// fields with GitHub's `OpenAPI` description.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "GitHub's own names")]
pub struct Issue {
    pub number: u64,
    pub title: String,
    #[serde(default)]
    pub body: Option<String>,
    pub state: String,
    #[serde(default)]
    pub state_reason: Option<String>,
    #[serde(default)]
    pub user: Option<User>,
    #[serde(default)]
    pub labels: Vec<Label>,
    /// Present on a pull request, which the issues API lists too.
    #[serde(default)]
    pub pull_request: Option<PullRequest>,
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub created_at: Timestamp,
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub updated_at: Timestamp,
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub closed_at: Option<Timestamp>,
    pub html_url: String,
    pub url: String,
    #[serde(default)]
    pub comments: u64,
}

impl Issue {
    /// Whether the issue is open.
    pub fn is_open(&self) -> bool {
        self.state == "open"
    }

    /// Whether the issue is a pull request.
    pub fn is_pull_request(&self) -> bool {
        self.pull_request.is_some()
    }

    /// Returns the body; GitHub gives none for an empty one.
    pub fn body(&self) -> &str {
        self.body.as_deref().unwrap_or_default()
    }

    /// Whether the issue has a label; case does not matter.
    pub fn has_label(&self, name: &str) -> bool {
        // GitHub holds labels apart without regard to case.
        self.labels.iter().any(|label| label.name().eq_ignore_ascii_case(name))
    }
}

/// An account, as REST shows it.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "GitHub's own names")]
pub struct User {
    pub id: u64,
    pub login: String,
    #[serde(rename = "type")]
    pub kind: String,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PullRequest {}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Label {
    Name(String),
    Object { name: String },
}

impl Label {
    pub fn name(&self) -> &str {
        match self {
            Self::Name(name) | Self::Object { name } => name,
        }
    }
}

/// A GitHub App: the answer of `GET /app`.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct App {
    #[serde(default)]
    pub slug: Option<String>,
}

/// A comment, and the answer to a new one.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "GitHub's own names")]
pub struct Comment {
    pub id: u64,
    #[serde(default)]
    pub body: Option<String>,
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub created_at: Timestamp,
    #[serde(default)]
    pub user: Option<User>,
}

/// What somebody may do in a repository.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Permission {
    #[serde(rename = "permission")]
    pub base: String,
    pub role_name: String,
    #[serde(default)]
    pub user: Option<User>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct TeamMembership {
    pub state: String,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct InstallationToken {
    pub token: String,
}

/// An issue to open.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "GitHub's own names")]
pub struct NewIssue {
    pub title: String,
    pub body: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assignees: Vec<String>,
}

#[cfg(all(test, feature = "schema"))]
mod tests {
    use super::*;

    /// Every field that is read is in GitHub's description of the answer that it is read from.
    #[test]
    fn every_field_read_is_described_by_github() {
        use fake_github::openapi::Description;

        for description in [Description::github(), Description::ghes()] {
            for (operation, status, schema) in [
                ("issues/list-for-repo", 200, schemars::schema_for!(Vec<Issue>)),
                ("issues/get", 200, schemars::schema_for!(Issue)),
                ("issues/create", 201, schemars::schema_for!(Issue)),
                ("issues/update", 200, schemars::schema_for!(Issue)),
                ("issues/create-comment", 201, schemars::schema_for!(Comment)),
                ("issues/list-comments", 200, schemars::schema_for!(Vec<Comment>)),
                ("repos/get-collaborator-permission-level", 200, schemars::schema_for!(Permission)),
                ("teams/get-membership-for-user-in-org", 200, schemars::schema_for!(TeamMembership)),
                ("apps/create-installation-access-token", 201, schemars::schema_for!(InstallationToken)),
                ("apps/get-authenticated", 200, schemars::schema_for!(App)),
                ("users/get-authenticated", 200, schemars::schema_for!(User)),
                ("users/get-by-id", 200, schemars::schema_for!(User)),
                ("users/get-by-username", 200, schemars::schema_for!(User)),
            ] {
                let unknown = description.undescribed(operation, status, schema.as_value());
                assert_eq!(unknown, Vec::<String>::new(), "read from {operation}, not described");
            }
        }
    }
}
