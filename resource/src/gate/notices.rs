//! Comments that tell people what happened to an issue.

use github_gates::Snapshot;
use github_gates::digest::sha256;
use github_gates::ledger::marker::{Marker, Notice, NoticeMark, Parsed};
use jiff::Timestamp;

use super::issues::{Found, Posted, is_open};
use super::page::{self, NoticePage};
use super::session::Gate;
use crate::error::Result;

/// Issues of a former account that one record tells.
const MAX_FORMER: usize = 5;
/// Open issues that one record closes since they lead nowhere.
const MAX_STALE: usize = 10;

impl Gate<'_> {
    /// A comment that says what happened to the issue: once for each build, as far as `seen` tells that an earlier run of
    /// it said so. Whether it was said now.
    pub(super) fn notice(
        &self,
        number: u64,
        what: Notice,
        closed_at: Option<Timestamp>,
        page: NoticePage,
        seen: Option<&Snapshot>,
    ) -> Result<bool> {
        let page = NoticePage { what, label: self.build.label(), log: self.build.url(), ..page };
        let nonce = sha256(&format!("{what:?} {number} {closed_at:?} {:?}", self.build.key()))[..32].to_owned();
        if let Some(seen) = seen.filter(|_| self.build.id.is_some())
            && self.comment_with(seen, &nonce)?.is_some()
        {
            return Ok(false);
        }
        let mark = NoticeMark { what, closed_at, build: self.build.key(), is_final: false, nonce: nonce.clone() };
        let text = page::notice(&page)?;
        if let Posted::Locked = self.post(number, &Marker::Notice(mark), &text, &nonce)? {
            self.log.say(format_args!("issue #{number} is locked, so no comment was added"));
            return Ok(false);
        }
        Ok(true)
    }

    /// Tells the open issues of the gate's former account, once each, that closing them approves nothing any more.
    pub(super) fn notify_former_accounts(&self, found: &Found, number: u64) {
        // What came later is a copy, and no issue of a former account.
        for former in found.foreign.iter().filter(|former| former.number < number).take(MAX_FORMER) {
            let notify = || -> Result<()> {
                let Some(issue) = Snapshot::read(&self.client, former.number)?.filter(is_open) else { return Ok(()) };
                if self.was_notified(&issue, Notice::Superseded, None)? {
                    return Ok(());
                }
                let page = NoticePage { former_account: true, superseded_by: Some(number), ..NoticePage::default() };
                self.notice(former.number, Notice::Superseded, None, page, None).map(|_| ())
            };
            if let Err(error) = notify() {
                self.log.say(format_args!("issue #{} could not be updated: {error}", former.number));
            }
        }
    }

    /// Closes open issues that lead nowhere since the pipeline changed: the stage that they promote to takes its
    /// approvals from another gate, or this gate promotes to another stage. `number` is the issue to decide on now.
    ///
    /// An issue that a person reopened is told once, and stays open. What fails here is only logged: the record is made,
    /// and a closing of such an issue deploys nothing.
    pub(super) fn close_stale(&self, found: &Found, number: Option<u64>) {
        for stale in found.stale.iter().take(MAX_STALE) {
            let close = || -> Result<()> {
                let Some(issue) = Snapshot::read(&self.client, stale.number)?.filter(is_open) else { return Ok(()) };
                let reopened = self.was_reopened(&issue)?;
                if reopened && self.was_notified(&issue, Notice::Superseded, None)? {
                    return Ok(());
                }
                let page = NoticePage { stays_open: reopened, superseded_by: number, ..self.stale_page(stale) };
                self.notice(stale.number, Notice::Superseded, None, page, Some(&issue))?;
                self.end(&issue, !reopened)
            };
            if let Err(error) = close() {
                self.log.say(format_args!("issue #{} leads nowhere, and was not closed: {error}", stale.number));
            }
        }
    }

    /// Looks at our own comments alone, believing them or not: a forged notice can but silence a notice.
    pub(super) fn was_notified(&self, issue: &Snapshot, what: Notice, closed_at: Option<Timestamp>) -> Result<bool> {
        let bot = self.bot()?;
        Ok(issue.comments().any(|comment| {
            comment.author.as_ref().is_some_and(|author| bot.is(author))
                && matches!(
                    Parsed::read(&comment.body),
                    Some(Ok(Parsed { marker: Marker::Notice(mark), .. }))
                        if mark.what == what && mark.closed_at == closed_at
                )
        }))
    }
}
