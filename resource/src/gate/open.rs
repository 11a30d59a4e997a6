//! Opens an issue for a record, and sees to it that it is the only one.

use gate_contract::{OnExisting, RecordParams, RecordState, files};
use github_gates::digest::random_hex;
use github_gates::ledger::Ledger;
use github_gates::ledger::marker::{Claim, IssueMark, Marker, Notice, text_hash};
use github_gates::ledger::refusal::reason_in_words;
use github_gates::text::one_line;
use github_gates::{Issue, NewIssue, Snapshot, api, issues_below, together};
use serde_json::json;

use super::append::Appended;
use super::draft::Draft;
use super::issues::{Found, has_nonce};
use super::page::{self, NoticePage, Rejected};
use super::session::{Gate, label_of};
use crate::commits::Changes;
use crate::error::{Error, Result};

/// Claims whose outcome one opening reads.
const MAX_CLAIMS_READ: usize = 5;

impl Gate<'_> {
    /// Opens an issue with the record, and sees to it that it is the only one.
    pub(super) fn open(
        &self,
        found: &Found,
        draft: &Draft,
        params: &RecordParams,
        title: &str,
        link: Option<String>,
    ) -> Result<Issue> {
        let nonce = random_hex()?;
        let mut ledger = Ledger::empty(IssueMark {
            gate: self.source.gate.clone(),
            destination: draft.destination.clone(),
            nonce: nonce.clone(),
            chain: nonce.clone(),
            records: 1,
            record: None,
            claims: Vec::new(),
            superseded_by: None,
            ended: false,
            text: String::new(),
        });
        let record = draft.in_chain(&ledger);
        let before = self.last_deployed(found);
        let shown = match (&draft.page.clone, record.pins.get(files::CODE_PIN)) {
            (Some(clone), Some(new)) => self.changes_between(clone, before.as_deref(), new),
            _ => Changes::default(),
        };
        let text =
            self.log.postable(&page::opening(&self.opening_page(draft, &record, link, self.rejected(found)?, &shown))?);
        ledger.mark.record = Some(Box::new(record));
        ledger.mark.text = text_hash(&text);
        let label = label_of(&self.source.gate);
        let mut labels = vec![label.clone()];
        labels.extend(params.labels.iter().map(|text| one_line(text, 50)));
        let new = NewIssue {
            title: title.to_owned(),
            body: Marker::Issue(ledger.mark.clone()).write(&text, self.signer.as_ref(), &self.source.gate, None),
            labels: labels.clone(),
            assignees: params.assignees.clone(),
        };
        // Where the gate has issues of the account, one request is saved, and the new issue shows it.
        if found.closed.is_empty() {
            self.verify_account()?;
        }
        let mut issue = self.client.open(&new, |issue| has_nonce(issue, &nonce))?;
        if !self.bot()?.wrote(&issue) {
            let error = self.other_account(issue.user.as_ref());
            let fields = json!({"body": page::stray()?, "state": "closed", "state_reason": "not_planned"});
            api::update(&self.client, issue.number, &fields)?;
            return Err(error);
        }
        self.require_label(&issue, &label)?;
        let dropped: Vec<&String> =
            labels.iter().filter(|label| !issue.has_label(label)).filter(|dropped| **dropped != label).collect();
        if !dropped.is_empty() {
            self.log.say(format_args!("GitHub left out labels ({dropped:?}); the credentials' role may not set them"));
        }
        if self.signer.is_some() {
            issue = self.write_body(issue.number, ledger.mark.clone(), &text)?;
        }
        self.log.say(format_args!("opened {}", issue.html_url));
        if self.source.destination.is_none() && params.state == RecordState::Closed {
            return Ok(issue);
        }
        self.join_rival(issue, found, draft)
    }

    /// A check sees closings by the gate's label alone.
    pub(super) fn require_label(&self, issue: &Issue, label: &str) -> Result<()> {
        if issue.has_label(label) {
            return Ok(());
        }
        let set = api::add_labels(&self.client, issue.number, &[label])?;
        let there = set.as_array().is_some_and(|labels| {
            labels.iter().any(|set| set["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(label)))
        });
        if there {
            return Ok(());
        }
        Err(github_gates::Error::Forbidden {
            what: format!("labelling issue #{} with {label}", issue.number),
            why: "without it no closing is seen; the credentials need write access to issues".to_owned(),
        }
        .into())
    }

    /// After opening: looks for an issue that another put opened at the same time. Of the two the lower goes on.
    ///
    /// The list may be behind, so numbers that it does not show are asked for one by one.
    pub(super) fn join_rival(&self, mine: Issue, found: &Found, draft: &Draft) -> Result<Issue> {
        let (mut rivals, deleted) = issues_below(&self.client, mine.number, found.last_seen())?;
        if let Some(number) = deleted {
            self.comment_deleted(mine.number, number);
        }
        let bot = self.bot()?;
        rivals.retain(|issue| {
            issue.is_open()
                && !issue.is_pull_request()
                && bot.wrote(issue)
                && together(issue, &mine)
                && self.mark_of_issue(issue).is_some_and(|mark| self.leads_on(mark.destination.as_ref()))
        });
        if self.source.on_existing == OnExisting::Supersede {
            for rival in &rivals {
                self.supersede(rival.number, mine.number)?;
            }
            return Ok(mine);
        }
        let Some(first) = rivals.iter().min_by_key(|issue| issue.number) else { return Ok(mine) };
        let copy = draft.copy();
        match self.append(first.number, &copy)? {
            Appended::Done(issue) => {
                self.close_duplicate(mine.number, issue.number, None)?;
                Ok(*issue)
            }
            Appended::Known(number) => {
                self.close_duplicate(mine.number, number, None)?;
                Ok(api::issue(&self.client, number)?)
            }
            Appended::Elsewhere(_) => Ok(mine),
        }
    }

    /// Says on a new issue that one before it was deleted. Whose it was nobody knows any more.
    pub(super) fn comment_deleted(&self, mine: u64, number: u64) {
        self.log.say(format_args!("issue #{number} was deleted"));
        let page = NoticePage { deleted: Some(number), ..NoticePage::default() };
        if let Err(error) = self.notice(mine, Notice::Deleted, None, page, None) {
            self.log.say(format_args!("issue #{mine} could not be updated: {error}"));
        }
    }

    /// The commit of the last deployment that succeeded, as the reports on the issues of the newest claims say.
    ///
    /// It is shown and decides nothing, so what cannot be read only leaves it out.
    pub(super) fn last_deployed(&self, found: &Found) -> Option<String> {
        let destination = self.promotes_to()?;
        let mut claims: Vec<(u64, Claim)> = found
            .closed
            .iter()
            .chain(&found.open)
            .filter_map(|issue| Some((issue.number, self.mark_of_issue(issue)?)))
            .flat_map(|(number, mark)| mark.claims.into_iter().map(move |claim| (number, claim)))
            .filter(|(_, claim)| destination.is(&claim.consumer))
            .collect();
        claims.sort_by_key(|(number, claim)| std::cmp::Reverse((claim.closed_at, *number)));
        claims.dedup_by_key(|(number, claim)| (*number, claim.closed_at));
        claims.into_iter().take(MAX_CLAIMS_READ).find_map(|(number, claim)| {
            let read = || {
                let Some(issue) = Snapshot::read(&self.client, number)? else { return Ok(false) };
                let ledger = Ledger::read(&issue, &self.trust()?);
                Ok(ledger.is_ok_and(|ledger| ledger.has_succeeded(destination, claim.closed_at)))
            };
            let succeeded = read().unwrap_or_else(|error: Error| {
                self.log.say(format_args!("the outcome on issue #{number} could not be read: {error}"));
                false
            });
            succeeded.then_some(claim.code).flatten()
        })
    }

    /// The gate's issue before, if a person rejected it.
    pub(super) fn rejected(&self, found: &Found) -> Result<Option<Rejected>> {
        let Some(last) = found.closed.iter().max_by_key(|issue| issue.closed_at) else { return Ok(None) };
        if !matches!(last.state_reason.as_deref(), Some("not_planned" | "duplicate")) {
            return Ok(None);
        }
        let Some(issue) = Snapshot::read(&self.client, last.number)? else { return Ok(None) };
        let bot = self.bot()?;
        let by = issue.closing().ok().and_then(|closing| closing.actor.clone()).filter(|actor| !bot.is(actor));
        Ok(by.map(|actor| Rejected {
            number: last.number,
            by: actor.login,
            reason: reason_in_words(issue.state_reason.as_deref()),
        }))
    }
}
