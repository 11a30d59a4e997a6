use gate_contract::IssueState;
use github_gates::api::Query;
use github_gates::{Issue, Shape};
use jiff::{SignedDuration, Timestamp};

use super::Compat;
use super::version::IssueVersion;
use crate::cache::Cache;
use crate::error::Result;
use crate::protocol::Version;

/// How far before the known version the list begins: GitHub lists what was updated "after" a time, and does not say
/// whether the second itself is meant, in which another issue may have been closed.
const OVERLAP: SignedDuration = SignedDuration::from_mins(5);

impl Compat<'_> {
    pub(super) fn check(&self, version: Option<&Version>) -> Result<Vec<Version>> {
        let known = version.map(IssueVersion::read).transpose()?;
        let path = Cache::path(self.source, version);
        let cached = Cache::read(&path);
        let url = self.list_url(known.as_ref());
        let what = "listing the issues";
        let etag = cached.as_ref().map(|cache| cache.etag.as_str());
        let answer = self.client.get_answer(&url, etag, Shape::List, what)?;
        match answer.status {
            200 => {}
            304 if cached.is_some() => return Ok(cached.map(|cache| cache.versions).unwrap_or_default()),
            _ => return Err(self.client.refusal(&answer, what).into()),
        }
        // The first page's ETag says nothing about the pages after it.
        let etag = answer.header("etag").filter(|_| answer.header("link").is_none()).map(str::to_owned);
        let issues: Vec<Issue> =
            self.client.rest_of_list(&answer, what, |page: &[Issue]| known.is_some() || self.may_hold_newer(page))?;
        let mut versions: Vec<IssueVersion> =
            issues.iter().filter(|issue| self.counts(issue)).map(IssueVersion::of_issue).collect();
        versions.sort_by_key(|version| self.order(version));
        versions.dedup_by_key(|version| version.number);
        match &known {
            // What lies before the known version was seen, and would come after it in Concourse's eyes.
            Some(known) => {
                versions.retain(|version| self.order(version) >= self.order(known));
                // The same closing: as Concourse has it, whatever became of the title since.
                for version in versions.iter_mut().filter(|version| self.order(version) == self.order(known)) {
                    version.clone_from(known);
                }
            }
            None => {
                versions.drain(..versions.len().saturating_sub(1));
            }
        }
        if let Some(limit) = self.source.limit_old_versions.and_then(|limit| usize::try_from(limit).ok()) {
            versions.drain(..versions.len().saturating_sub(limit.max(1)));
        }
        let versions: Vec<Version> = versions.iter().map(IssueVersion::write).collect();
        if let Some(etag) = etag {
            Cache { etag, versions: versions.clone(), until: None }.store(&path);
        }
        Ok(versions)
    }

    fn is_closed_wanted(&self) -> bool {
        self.source.issue_state == IssueState::Closed
    }

    fn list_url(&self, known: Option<&IssueVersion>) -> String {
        let closed = self.is_closed_wanted();
        let query = Query::new(if closed { "closed" } else { "open" })
            .with("sort", if closed { "updated" } else { "created" })
            .with("direction", if known.is_some() { "asc" } else { "desc" });
        let query =
            if self.source.labels.is_empty() { query } else { query.with("labels", &self.source.labels.join(",")) };
        let since = known.and_then(|known| self.order(known).0.checked_sub(OVERLAP).ok());
        match since {
            Some(since) => query.with("since", &since.to_string()),
            None => query,
        }
        .url(&self.client)
    }

    /// By the closing, or by the opening where open issues are wanted; immutable for each, so that the order is total.
    fn order(&self, version: &IssueVersion) -> (Timestamp, u64) {
        let at = if self.is_closed_wanted() { version.closed_at } else { Some(version.created_at) };
        (at.unwrap_or(version.created_at), version.number)
    }

    /// Could an older page still hold the newest? Closed issues come by their last update, which no closing is after.
    fn may_hold_newer(&self, page: &[Issue]) -> bool {
        let newest = page
            .iter()
            .filter(|issue| self.counts(issue))
            .map(|issue| self.order(&IssueVersion::of_issue(issue)))
            .max();
        let oldest =
            page.iter().map(|issue| if self.is_closed_wanted() { issue.updated_at } else { issue.created_at }).min();
        match (newest, oldest) {
            (Some((newest, _)), Some(oldest)) => newest < oldest,
            _ => true,
        }
    }

    fn counts(&self, issue: &Issue) -> bool {
        !issue.is_pull_request()
            && issue.is_open() != self.is_closed_wanted()
            && !matches!(issue.state_reason.as_deref(), Some("not_planned" | "duplicate"))
            && issue.title.starts_with(self.source.issue_prefix.as_deref().unwrap_or_default())
            && !is_consumed(&issue.title)
            && !self.source.skip_if_labeled.iter().any(|label| issue.has_label(label))
            && self.source.creator.is_none_or(|creator| issue.user.as_ref().is_some_and(|user| user.id == creator))
    }
}

/// `[CONSUMED #12]` at the beginning: a get renamed it.
pub(super) fn is_consumed(title: &str) -> bool {
    title.strip_prefix("[CONSUMED #").is_some_and(|rest| rest.contains(']'))
}
