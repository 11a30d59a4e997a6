use std::path::Path;

use github_gates::api;
use github_gates::ledger::refusal::Refusal;
use github_gates::text::MAX_TITLE;
use serde_json::json;

use super::Compat;
use super::check::is_consumed;
use super::version::IssueVersion;
use crate::error::{Error, Result};
use crate::files::write;
use crate::protocol::{Outcome, Version};

impl Compat<'_> {
    /// Writes `gh_issue.json`, and marks a closed issue as consumed in its title.
    pub(super) fn get(&self, version: Version, dir: &Path) -> Result<Outcome> {
        let wanted = IssueVersion::read(&version)?;
        let file = dir.join("gh_issue.json");
        let Some(closed_at) = wanted.closed_at else {
            write(&file, &wanted.python_json())?;
            return Ok(Outcome { version, metadata: Vec::new() });
        };
        let issue = api::issue(&self.client, wanted.number)?;
        let refusal = match (issue.closed_at, issue.state_reason.as_deref()) {
            _ if issue.is_pull_request() => Some(Refusal::PullRequest),
            _ if issue.is_open() => Some(Refusal::Withdrawn),
            (Some(at), _) if at != closed_at => Some(Refusal::ClosedAgain(at)),
            (_, Some(reason @ ("not_planned" | "duplicate"))) => Some(Refusal::NotCompleted(reason.replace('_', " "))),
            _ => None,
        };
        if let Some(refusal) = refusal {
            return Err(Error::NotApproved { issue: wanted.number, refusal });
        }
        write(&file, &wanted.python_json())?;
        if !is_consumed(&issue.title) {
            let name = self.build.name.as_deref().unwrap_or("None");
            let title: String = format!("[CONSUMED #{name}]{}", issue.title).chars().take(MAX_TITLE).collect();
            api::update(&self.client, wanted.number, &json!({"title": title}))?;
        }
        Ok(Outcome { version, metadata: Vec::new() })
    }
}
