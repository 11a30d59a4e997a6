//! Adds a record to an open issue.

use gate_contract::{RecordParams, files};
use github_gates::ledger::marker::{Earlier, Marker, Record, RecordMark, text_hash};
use github_gates::ledger::refusal::Fault;
use github_gates::ledger::{Ledger, Recorded, Trust};
use github_gates::{Issue, Snapshot, api};
use serde_json::json;

use super::draft::Draft;
use super::issues::{Found, Posted, is_open};
use super::page::{self, RecordPage, Rejected};
use super::session::{Gate, label_of};
use crate::commits::{self, Changes};
use crate::error::Result;

/// Comments on one issue before further records share one, unless the source says.
const MAX_COMMENTS: u32 = 20;
/// Chains of records that one record begins on an issue.
const RESTARTS: usize = 3;
/// Tries to write a body of which others write too.
const RESYNCS: usize = 8;
/// Records that move into a comment, in characters: a marker must leave room for the text.
const MAX_EARLIER: usize = 20_000;

/// What became of a record on an issue.
pub(super) enum Appended {
    /// It is there, and a closing from now on approves it.
    Done(Box<Issue>),
    /// It was there before.
    Known(u64),
    /// The issue was closed before it, or is not to be written to: the record needs another.
    Elsewhere(Option<String>),
}

impl Gate<'_> {
    pub(super) fn record_on_open(
        &self,
        found: &Found,
        draft: &Draft,
        params: &RecordParams,
        title: &str,
    ) -> Result<Issue> {
        let mut open = Found { open: found.open.clone(), highest: found.highest, ..Found::default() };
        let mut link = None;
        while let Some((target, others)) = open.choose() {
            let (target, others): (u64, Vec<u64>) = (target.number, others.iter().map(|issue| issue.number).collect());
            // The others' records first: the newest record is the one that a closing approves.
            for other in others {
                self.merge(other, target)?;
            }
            match self.append(target, draft)? {
                Appended::Done(issue) => return Ok(*issue),
                Appended::Known(number) => {
                    self.log.say(format_args!("this build is recorded already on issue #{number}"));
                    return Ok(api::issue(&self.client, number)?);
                }
                Appended::Elsewhere(locked) => {
                    link = locked.or(link);
                    open.open.retain(|issue| issue.number != target);
                }
            }
        }
        self.open(found, draft, params, title, link)
    }

    /// Adds a record to an open issue.
    ///
    /// Where another put wrote a chain back that this one had found broken, neither is believed, and a third begins.
    pub(super) fn append(&self, number: u64, draft: &Draft) -> Result<Appended> {
        for _ in 0..RESTARTS {
            if let Some(appended) = self.append_once(number, draft)? {
                return Ok(appended);
            }
            self.log.say(format_args!("issue #{number} was written by another put with other records"));
        }
        Ok(Appended::Elsewhere(None))
    }

    /// None when the issue holds two chains of records now.
    pub(super) fn append_once(&self, number: u64, draft: &Draft) -> Result<Option<Appended>> {
        let Some(issue) = Snapshot::read(&self.client, number)? else { return Ok(Some(Appended::Elsewhere(None))) };
        if !is_open(&issue) {
            return Ok(Some(Appended::Elsewhere(None)));
        }
        let Some((ledger, changed)) = self.ledger_or_restart(&issue, draft.destination.as_ref())? else {
            return Ok(Some(Appended::Elsewhere(None)));
        };
        if ledger.mark.ended {
            return Ok(Some(Appended::Elsewhere(None)));
        }
        if let Some(build) = &draft.build
            && let Some(known) = ledger
                .records
                .iter()
                .find(|known| known.record.build.as_ref() == Some(build) && known.record.pins == draft.pins)
        {
            return self.known_record(&issue, &ledger, known, draft).map(Some);
        }
        if let Some(changed) = &changed {
            // The chain first: a record that the body does not know of would be no record.
            self.write_restarted_body(&issue, &ledger, draft)?;
            self.void(changed)?;
        }
        let before = ledger.newest().cloned();
        let rolled = self.rolled(&ledger);
        let record = draft.in_chain(&ledger);
        let hash = record.hash();
        let shown = self.changes(draft, before.as_ref());
        let text = self.log.postable(&page::record(&draft.page_of(self, &record, before.as_ref(), &rolled, &shown))?);
        let earlier: Vec<Earlier> =
            rolled.iter().map(|known| Earlier { record: known.record.clone(), at: known.at }).collect();
        let mark = RecordMark { record: record.clone(), earlier, text: text_hash(&text) };
        let at = match self.post(number, &Marker::Record(mark), &text, &hash)? {
            Posted::Done { at, .. } => at,
            Posted::Locked => {
                self.log.say(format_args!("issue #{number} is locked; a new one is opened"));
                return Ok(Some(Appended::Elsewhere(Some(issue.url.clone()))));
            }
        };
        if let Some(old) = rolled.last().and_then(|known| known.comment) {
            api::delete_comment(&self.client, old)?;
        }
        let mut mark = ledger.current_mark();
        mark.records = mark.records.max(ledger.records.len() + 1);
        let text = self.body_text(draft, &record, &ledger, &shown, changed.is_some())?;
        let fields = self.restored_label(&issue);
        let now = self.write_body_and(number, mark, &text, fields)?;
        // Others wrote meanwhile: the body's count is of what we knew.
        let comments = issue.comments().count() as u64 + 1 - u64::from(!rolled.is_empty());
        let now = if now.comments == comments {
            now
        } else {
            match self.resync(now, &self.trust()?)? {
                Some(now) => now,
                None => return Ok(None),
            }
        };
        if !now.is_open() && now.closed_at.is_none_or(|closed_at| closed_at <= at) {
            self.log.say(format_args!("issue #{number} was closed meanwhile; the record needs another"));
            return Ok(Some(Appended::Elsewhere(None)));
        }
        Ok(Some(Appended::Done(Box::new(now))))
    }

    /// A record that is there already, from an earlier run of the same put: what that run left undone is done.
    pub(super) fn known_record(
        &self,
        issue: &Snapshot,
        ledger: &Ledger,
        known: &Recorded,
        draft: &Draft,
    ) -> Result<Appended> {
        if ledger.unsealed || ledger.mark.records < ledger.records.len() {
            let text = self.body_text(draft, &known.record, ledger, &Changes::default(), false)?;
            let now = self.write_body(issue.number, ledger.current_mark(), &text)?;
            if !now.is_open() && now.closed_at.is_none_or(|closed_at| closed_at <= known.at) {
                return Ok(Appended::Elsewhere(None));
            }
        }
        Ok(Appended::Known(issue.number))
    }

    /// A gate's label that somebody took away comes back; with it the gate's issues are found at once.
    pub(super) fn restored_label(&self, issue: &Snapshot) -> serde_json::Value {
        let label = label_of(&self.source.gate);
        if issue.has_label(&label) {
            return json!({});
        }
        let labels: Vec<&str> = issue.label_names().chain([label.as_str()]).collect();
        json!({"labels": labels})
    }

    pub(super) fn write_restarted_body(&self, issue: &Snapshot, ledger: &Ledger, draft: &Draft) -> Result<()> {
        let record = draft.in_chain(ledger);
        let text = self.body_text(draft, &record, ledger, &Changes::default(), true)?;
        self.write_body(issue.number, ledger.current_mark(), &text).map(|_| ())
    }

    /// What people see of the body after this record.
    pub(super) fn body_text(
        &self,
        draft: &Draft,
        record: &Record,
        ledger: &Ledger,
        shown: &Changes,
        restarted: bool,
    ) -> Result<String> {
        if draft.rewrites_body || restarted {
            page::opening(&self.opening_page(draft, record, None, None, shown))
        } else {
            Ok(ledger.text.clone())
        }
    }

    /// The body's marker after puts at the same time: each knew of its own record alone. Until nothing came between the
    /// reading and the writing, for a record that the body does not count could be deleted unseen. None when the issue
    /// holds two chains.
    pub(super) fn resync(&self, mut now: Issue, trust: &Trust<'_>) -> Result<Option<Issue>> {
        for _ in 0..RESYNCS {
            let Some(issue) = Snapshot::read(&self.client, now.number)? else { break };
            let ledger = match Ledger::read(&issue, trust) {
                Ok(ledger) => ledger,
                Err(Fault::Forked) => return Ok(None),
                Err(_) => break,
            };
            if ledger.current_mark() == ledger.mark {
                break;
            }
            now = self.write_body(now.number, ledger.current_mark(), &ledger.text)?;
            if now.comments == issue.comments().count() as u64 {
                break;
            }
        }
        Ok(Some(now))
    }

    /// The records of the comment that the next one takes the place of: none below `max_comments`.
    pub(super) fn rolled(&self, ledger: &Ledger) -> Vec<Recorded> {
        let max = self.source.max_comments.unwrap_or(MAX_COMMENTS).max(1) as usize;
        let mut comments: Vec<u64> = ledger.records.iter().filter_map(|known| known.comment).collect();
        comments.sort_unstable();
        comments.dedup();
        let Some(last) = comments.last().filter(|_| comments.len() >= max) else { return Vec::new() };
        let rolled: Vec<Recorded> =
            ledger.records.iter().filter(|known| known.comment == Some(*last)).cloned().collect();
        let size: usize =
            rolled.iter().map(|known| serde_json::to_string(&known.record).unwrap_or_default().len()).sum();
        if size > MAX_EARLIER { Vec::new() } else { rolled }
    }

    /// What changed since the record before.
    pub(super) fn changes(&self, draft: &Draft, before: Option<&Recorded>) -> Changes {
        let old = before.and_then(|known| known.record.pins.get(files::CODE_PIN));
        match (&draft.page.clone, draft.pins.get(files::CODE_PIN)) {
            (Some(clone), Some(new)) => self.changes_between(clone, old.map(String::as_str), new),
            _ => Changes::default(),
        }
    }

    pub(super) fn changes_between(&self, clone: &std::path::Path, old: Option<&str>, new: &str) -> Changes {
        commits::changes(clone, old, new).unwrap_or_else(|why| {
            self.log.say(format_args!("the commits are not shown: {why}"));
            Changes::default()
        })
    }

    pub(super) fn opening_page<'p>(
        &'p self,
        draft: &'p Draft,
        record: &'p Record,
        link: Option<String>,
        rejected: Option<Rejected>,
        changes: &'p Changes,
    ) -> RecordPage<'p> {
        RecordPage {
            closers: Some(page::closers(self.source)),
            follows: link,
            rejected,
            ..draft.page_of(self, record, None, &[], changes)
        }
    }
}
