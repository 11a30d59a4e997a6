use std::collections::BTreeMap;

use gate_contract::{GateSource, StageKey, files};
use github_gates::api::Query;
use github_gates::digest::sha256;
use github_gates::ledger::destination::Destination;
use github_gates::ledger::marker::{Claim, Marker, Notice, NoticeMark, Parsed};
use github_gates::ledger::refusal::{Fault, Refusal};
use github_gates::text::one_line;
use github_gates::{Issue, Shape, Snapshot};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::issues::is_open;
use super::page::{self, NoticePage};
use super::pins;
use super::session::{Gate, label_of};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::protocol::Version;

/// How far before the known version the list begins: GitHub lists what was updated "after" a time, and does not say
/// whether the second itself is meant, in which another issue may have been closed.
pub(super) const OVERLAP: SignedDuration = SignedDuration::from_mins(5);

/// Used approvals that a first check of the code returns: so many of the newest.
const MAX_USED: usize = 10;

/// After this time GitHub's replicas agree on a closing: what is missing then is missing for good.
const SETTLED: SignedDuration = SignedDuration::from_mins(10);

/// How long an answer may be kept.
pub(super) const MAX_AGE: SignedDuration = SignedDuration::from_hours(1);

/// Issues by their numbers, and the tag by which GitHub says whether the list changed.
pub(super) struct Listed {
    pub(super) issues: BTreeMap<u64, Issue>,
    pub(super) etag: Option<String>,
}

/// A closing, in the order in which Concourse sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ClosingId {
    pub(super) closed_at: Timestamp,
    pub(super) number: u64,
}

/// An approval as Concourse knows it: a closing, and for the resource type `approved-git` the commit that it approves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApprovalId {
    pub(super) closing: ClosingId,
    pub(super) commit: Option<String>,
}

impl ApprovalId {
    /// The version's format is public and frozen: Concourse knows a version by its JSON, and starts a job for each
    /// that it did not know.
    pub(super) fn version(self) -> Version {
        let mut version = Version::new();
        version.insert("issue_number".to_owned(), Value::from(self.closing.number.to_string()));
        version.insert("issue_closed_at".to_owned(), Value::from(self.closing.closed_at.to_string()));
        version.extend(self.commit.map(|commit| ("ref".to_owned(), Value::from(commit))));
        version
    }

    /// Reads a version of the gate's approvals.
    pub(super) fn of(version: &Version, source: &GateSource) -> Result<Self> {
        let field = |name: &str| version.get(name).and_then(Value::as_str);
        let number = field("issue_number").and_then(|text| text.parse().ok());
        let closed_at = field("issue_closed_at").and_then(|text| text.parse().ok());
        let commit = field("ref").filter(|commit| pins::check_version(files::CODE_PIN, commit).is_ok());
        let (fields, has_commit) = if source.git.is_some() { (3, true) } else { (2, false) };
        match (number, closed_at) {
            (Some(number), Some(closed_at)) if version.len() == fields && commit.is_some() == has_commit => {
                Ok(Self { closing: ClosingId { closed_at, number }, commit: commit.map(str::to_owned) })
            }
            _ => Err(Error::BadRequest(format!(
                "`version` is not an approval of this gate: expected {}, found {}",
                if has_commit { "issue_number, issue_closed_at and ref" } else { "issue_number and issue_closed_at" },
                one_line(&Value::Object(version.clone()).to_string(), 200)
            ))),
        }
    }
}

impl Gate<'_> {
    pub(super) fn check(&self, version: Option<&Version>) -> Result<Vec<Version>> {
        let known = version.map(|version| ApprovalId::of(version, self.source)).transpose()?;
        let known_closing = known.as_ref().map(|known| known.closing);
        let path = Cache::path(self.source, version);
        // One list has one ETag: with former keys there are several lists.
        let cached = Cache::read(&path).filter(|_| self.keys.len() == 1);

        let url = |label: &str| self.closed_url(label, known_closing);
        let more = |issues: &BTreeMap<u64, Issue>, page: &[Issue]| known.is_some() || self.may_hold_newer(issues, page);
        let Some(Listed { issues, etag }) = self.listed("listing the closed issues", url, cached.as_ref(), more)?
        else {
            return Ok(cached.map(|cache| cache.versions).unwrap_or_default());
        };

        let bot = self.bot()?;
        let mut closings = BTreeMap::new();
        for issue in issues.into_values() {
            if issue.is_open() {
                self.notify_stale(&issue);
                continue;
            }
            let Some(id) = self.candidate(&issue) else { continue };
            if bot.wrote(&issue) {
                closings.insert(id, issue);
            } else {
                let who = issue.user.as_ref().map_or("an account that is gone", |user| user.login.as_str());
                self.log.say(format_args!("issue #{} is of {who}, and not of the gate's account", issue.number));
            }
        }
        // A role that was given since, or an answer that GitHub would give otherwise by now, is not missed for long.
        let mut until = self.client.now().checked_add(MAX_AGE).ok();
        let versions = match known {
            Some(known) => self.since(&known, &closings, &mut until)?,
            None => self.first(&closings, &mut until)?,
        };
        let versions: Vec<Version> = versions.into_iter().map(ApprovalId::version).collect();
        if let (Some(etag), true) = (etag, until.is_some()) {
            Cache { etag, versions: versions.clone(), until }.store(&path);
        }
        Ok(versions)
    }

    /// The issues of the gate's labels, as far as `more` asks for further pages. `None` when nothing changed since
    /// `cached`.
    pub(super) fn listed(
        &self,
        what: &str,
        url: impl Fn(&str) -> String,
        cached: Option<&Cache>,
        more: impl Fn(&BTreeMap<u64, Issue>, &[Issue]) -> bool,
    ) -> Result<Option<Listed>> {
        let mut listed = Listed { issues: BTreeMap::new(), etag: None };
        for key in &self.keys {
            let url = url(&label_of(key));
            let mut answer =
                self.client.get_answer(&url, cached.map(|cache| cache.etag.as_str()), Shape::List, what)?;
            if answer.status == 304 {
                if cached.is_some_and(|cache| cache.holds_at(self.client.now())) {
                    return Ok(None);
                }
                answer = self.client.get_answer(&url, None, Shape::List, what)?;
            }
            if answer.status != 200 {
                return Err(self.client.refusal(&answer, what).into());
            }
            // The first page's ETag says nothing about the pages after it.
            if self.keys.len() == 1 && answer.header("link").is_none() {
                listed.etag = answer.header("etag").map(str::to_owned);
            }
            let page = self.client.rest_of_list(&answer, what, |page: &[Issue]| more(&listed.issues, page))?;
            listed.issues.extend(page.into_iter().map(|issue| (issue.number, issue)));
        }
        Ok(Some(listed))
    }

    fn closed_url(&self, label: &str, known: Option<ClosingId>) -> String {
        // A first check also tells the open issues that lead nowhere since the source changed.
        let state = if known.is_some() { "closed" } else { "all" };
        let query = Query::new(state).with("labels", label).with("sort", "updated");
        let since = match known {
            Some(known) => known.closed_at.checked_sub(OVERLAP).ok(),
            None => self.not_before,
        };
        // What is looked for lies at the end that comes first.
        let query = query.with("direction", if known.is_some() { "asc" } else { "desc" });
        match since {
            Some(since) => query.with("since", &since.to_string()),
            None => query,
        }
        .url(&self.client)
    }

    /// Could a page after this one, with older updates, hold a newer closing than those seen?
    fn may_hold_newer(&self, before: &BTreeMap<u64, Issue>, page: &[Issue]) -> bool {
        let newest = before.values().chain(page).filter_map(|issue| self.candidate(issue)).max();
        let oldest_update = page.iter().map(|issue| issue.updated_at).min();
        match (newest, oldest_update) {
            (Some(newest), Some(oldest)) => newest.closed_at < oldest,
            _ => true,
        }
    }

    /// The closing of an issue that could be an approval by what the list says of it.
    fn candidate(&self, issue: &Issue) -> Option<ClosingId> {
        let closed_at = issue.closed_at?;
        let candidate = self.mark_of_issue(issue).is_some_and(|mark| !mark.ended)
            && !issue.is_open()
            && !issue.is_pull_request()
            && issue.state_reason.as_deref() == Some("completed")
            && self.not_before.is_none_or(|not_before| closed_at >= not_before);
        candidate.then_some(ClosingId { closed_at, number: issue.number })
    }

    /// The approvals from the known one on, itself included while it holds. It was judged when it was new.
    fn since(
        &self,
        known: &ApprovalId,
        closings: &BTreeMap<ClosingId, Issue>,
        until: &mut Option<Timestamp>,
    ) -> Result<Vec<ApprovalId>> {
        let mut approvals = Vec::new();
        for id in closings.range(known.closing..).map(|(id, _)| *id) {
            if id == known.closing {
                approvals.push(known.clone());
            } else {
                approvals.extend(self.approval_of(id, until)?);
            }
        }
        Ok(approvals)
    }

    /// The approvals of a first check.
    ///
    /// For the resource type `approved-git` these are also the newest used ones. A job behind the gate and a build that
    /// is started again name such a version, and Concourse keeps none across a change of the source or the image.
    fn first(&self, closings: &BTreeMap<ClosingId, Issue>, until: &mut Option<Timestamp>) -> Result<Vec<ApprovalId>> {
        let newest = self.newest_approval(closings, until)?;
        let mut approvals = BTreeMap::new();
        if self.source.git.is_some() {
            let destination = self.destination()?;
            let used =
                closings.iter().rev().filter_map(|(id, issue)| Some((*id, used_commit(issue, *id, destination)?)));
            approvals.extend(used.take(MAX_USED).map(|(id, commit)| (id, Some(commit))));
        }
        approvals.extend(newest.map(|newest| (newest.closing, newest.commit)));
        Ok(approvals.into_iter().map(|(closing, commit)| ApprovalId { closing, commit }).collect())
    }

    /// The newest approval, used or not: with an older one a first check would start what is past, and with none the
    /// jobs could not be started by hand after the resource's image or source changed.
    fn newest_approval(
        &self,
        closings: &BTreeMap<ClosingId, Issue>,
        until: &mut Option<Timestamp>,
    ) -> Result<Option<ApprovalId>> {
        for id in closings.keys().rev() {
            if let Some(approval) = self.approval_of(*id, until)? {
                return Ok(Some(approval));
            }
        }
        Ok(None)
    }

    /// The approval that a closing is, if it is one.
    fn approval_of(&self, id: ClosingId, until: &mut Option<Timestamp>) -> Result<Option<ApprovalId>> {
        // Gone since it was listed.
        let Some(issue) = Snapshot::read(&self.client, id.number)? else {
            *until = None;
            return Ok(None);
        };
        let refusal = match self.judge(&issue, id.closed_at, self.destination()?)? {
            Ok(verdict) => {
                let commit = self.source.git.as_ref().and_then(|_| verdict.pins().get(files::CODE_PIN).cloned());
                return Ok(Some(ApprovalId { closing: id, commit }));
            }
            Err(refusal) => refusal,
        };
        self.log.say(format_args!("issue #{}, closed at {}: {refusal}", id.number, id.closed_at));
        match refusal {
            Refusal::Held { until: at, .. } => *until = until.map(|known| known.min(at)),
            // Perhaps a replica is behind the list: to be asked again, and nothing to tell anybody.
            Refusal::Withdrawn | Refusal::ClosedAgain(_) => {
                *until = None;
                return Ok(None);
            }
            Refusal::Unknown | Refusal::NoRecord if self.client.now().duration_since(id.closed_at) < SETTLED => {
                *until = None;
                return Ok(None);
            }
            _ => {}
        }
        // A check that cannot tell is still a check: it tells the next time.
        if let Err(error) = self.notify(&issue, id, &refusal) {
            self.log.say(format_args!("issue #{} could not be updated: {error}", issue.number));
            *until = None;
        }
        Ok(None)
    }

    /// Tells an open issue, once, that it is for another stage than the one of this check. Only a record can end it: a check
    /// with a wrong destination must not.
    fn notify_stale(&self, issue: &Issue) {
        let notify = || -> Result<()> {
            let Some(mark) = self.mark_of_issue(issue).filter(|mark| !mark.ended) else { return Ok(()) };
            if self.stale(&mark, false).is_none() || !self.bot()?.wrote(issue) {
                return Ok(());
            }
            let Some(snapshot) = Snapshot::read(&self.client, issue.number)?.filter(is_open) else { return Ok(()) };
            if !self.was_notified(&snapshot, Notice::Moved, None)? {
                let page = moved_page(mark.destination.as_ref(), self.destination()?.stage);
                self.notice(issue.number, Notice::Moved, None, page, None)?;
            }
            Ok(())
        };
        if let Err(error) = notify() {
            self.log
                .say(format_args!("issue #{} is for another stage, and could not be updated: {error}", issue.number));
        }
    }

    /// Tells the people on the issue, once for each closing, that it approves nothing.
    fn notify(&self, issue: &Snapshot, id: ClosingId, refusal: &Refusal) -> Result<()> {
        let what = match refusal {
            Refusal::Held { .. } => Notice::Held,
            // Apart from what is wrong with the closing itself, which has to be told as well.
            Refusal::WrongDestination(_) => Notice::Moved,
            Refusal::Fault(Fault::Foreign | Fault::OtherGate(_))
            | Refusal::NotCompleted(_)
            | Refusal::NoPromotion
            | Refusal::Ended
            | Refusal::Refused
            | Refusal::TooEarly(_) => return Ok(()),
            _ => Notice::Refused,
        };
        if self.was_notified(issue, what, Some(id.closed_at))? {
            return Ok(());
        }
        let mark = NoticeMark {
            what,
            closed_at: Some(id.closed_at),
            build: None,
            is_final: refusal.is_final(),
            nonce: sha256(&format!("{what:?} {} {}", id.number, id.closed_at))[..32].to_owned(),
        };
        let page = match refusal {
            Refusal::WrongDestination(stages) => moved_page(Some(&stages.record), &stages.wanted),
            _ => NoticePage { refusal: refusal.to_string(), advice: refusal.advice(), ..NoticePage::default() },
        };
        let text = page::notice(&NoticePage { what, ..page })?;
        self.post(issue.number, &Marker::Notice(mark.clone()), &text, &mark.nonce).map(|_| ())
    }
}

/// What is said on an issue for another stage, or for none.
fn moved_page(promotes_to: Option<&StageKey>, wanted: &StageKey) -> NoticePage {
    NoticePage {
        promoted_to: promotes_to.map(StageKey::to_string),
        promotes_to: Some(wanted.to_string()),
        ..NoticePage::default()
    }
}

/// The commit that a used approval named, as the body of its issue says. The get verifies it.
fn used_commit(issue: &Issue, id: ClosingId, destination: Destination<'_>) -> Option<String> {
    let Some(Ok(Parsed { marker: Marker::Issue(mark), .. })) = Parsed::read(issue.body()) else { return None };
    let is_here = mark.destination.is_some_and(|stage| destination.is(&stage));
    let is_ours = |claim: &Claim| claim.closed_at == id.closed_at && (is_here || destination.is(&claim.consumer));
    let claim = mark.claims.into_iter().find(is_ours)?;
    claim.code.filter(|code| pins::check_version(files::CODE_PIN, code).is_ok())
}
