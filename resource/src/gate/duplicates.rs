//! Other open issues of a gate: their records move to the one that goes on.

use std::time::Duration;

use github_gates::ledger::Ledger;
use github_gates::ledger::marker::Notice;
use github_gates::ledger::refusal::Fault;
use github_gates::{Issue, LOOKS, Snapshot, api};
use serde_json::json;

use super::append::Appended;
use super::draft::{Draft, copied_from};
use super::issues::is_open;
use super::page::NoticePage;
use super::session::Gate;
use crate::error::Result;

impl Gate<'_> {
    /// Moves the records of `other` to `target` and closes it as a duplicate, unless a person opened it again.
    pub(super) fn merge(&self, other: u64, target: u64) -> Result<()> {
        let Some(issue) = Snapshot::read(&self.client, other)? else { return Ok(()) };
        if !is_open(&issue) || self.was_reopened(&issue)? {
            return Ok(());
        }
        let ledger = Ledger::read(&issue, &self.trust()?);
        if matches!(ledger, Err(Fault::Foreign | Fault::OtherGate(_) | Fault::Transferred)) {
            return Ok(());
        }
        if let Ok(ledger) = ledger {
            for known in &ledger.records {
                let copy = Draft::of(&known.record, copied_from(other));
                // A target that is closed by now keeps nothing, and the other stays open.
                if matches!(self.append(target, &copy)?, Appended::Elsewhere(_)) {
                    return Ok(());
                }
            }
        }
        self.close_duplicate(other, target, Some(&issue))
    }

    /// Of several open issues of a gate one is enough. A closing by a person that came first stands: GitHub changes
    /// the reason of a closing only together with the state.
    pub(super) fn close_duplicate(&self, number: u64, of: u64, seen: Option<&Snapshot>) -> Result<()> {
        self.log.say(format_args!("issue #{number} is a duplicate of #{of}"));
        let page = NoticePage { duplicate_of: Some(of), ..NoticePage::default() };
        let is_new = self.notice(number, Notice::Superseded, None, page, seen)?;
        let now = api::update(&self.client, number, &json!({"state": "closed", "state_reason": "duplicate"}))?;
        let known = seen.map_or(0, |seen| seen.comments().count() as u64) + u64::from(is_new);
        // The answer tells how the issue stood at the closing, and whether it was ours.
        if now.comments > known && now.state_reason.as_deref() == Some("duplicate") {
            self.save_latecomers(&now, of)?;
        }
        Ok(())
    }

    /// A put that found no other issue open may have written on `closed` while this one was closing it as a duplicate of
    /// `of`, and saw it open still. Its record goes where the others went, or the issue stays.
    pub(super) fn save_latecomers(&self, closed: &Issue, of: u64) -> Result<()> {
        let number = closed.number;
        for wait in [Duration::ZERO].into_iter().chain(LOOKS) {
            self.client.sleep(wait);
            let Some(issue) = Snapshot::read(&self.client, number)? else { return Ok(()) };
            // A replica that is behind does not show what came last.
            if (issue.comments().count() as u64) < closed.comments {
                continue;
            }
            let Ok(ledger) = Ledger::read(&issue, &self.trust()?) else { return Ok(()) };
            for known in &ledger.records {
                let copy = Draft::of(&known.record, copied_from(number));
                if matches!(self.append(of, &copy)?, Appended::Elsewhere(_)) {
                    return self.open_again(number);
                }
            }
            return Ok(());
        }
        self.open_again(number)
    }

    pub(super) fn open_again(&self, number: u64) -> Result<()> {
        self.log.say(format_args!("issue #{number} stays open, for it holds a record that no other open issue has"));
        api::update(&self.client, number, &json!({"state": "open"}))?;
        Ok(())
    }

    pub(super) fn supersede(&self, number: u64, by: u64) -> Result<()> {
        let Some(issue) = Snapshot::read(&self.client, number)? else { return Ok(()) };
        if !is_open(&issue) || self.was_reopened(&issue)? {
            return Ok(());
        }
        let page = NoticePage { superseded_by: Some(by), ..NoticePage::default() };
        self.notice(number, Notice::Superseded, None, page, Some(&issue))?;
        self.end(&issue, true)
    }
}
