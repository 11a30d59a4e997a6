use gate_contract::calendar::{Calendar, Closed};
use gate_contract::{Approval, Approve, files};
use github_gates::ledger::destination::Destination;
use github_gates::ledger::refusal::{Fault, MarkedText, Refusal, reason_in_words};
use github_gates::ledger::{Ledger, Recorded};
use github_gates::{Actor, IssueState, NoClosing, Snapshot, api};
use indexmap::IndexMap;
use jiff::{SignedDuration, Timestamp};

use super::pins;
use super::session::Gate;
use crate::error::Result;

/// A closing that approves, and what.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) closed_at: Timestamp,
    pub(crate) closed_by: String,
    pub(crate) recorded: Recorded,
    pub(crate) ledger: Ledger,
}

impl Gate<'_> {
    /// Whether the closing at `closed_at` approves something for `destination`, and what.
    ///
    /// The outer error is that it cannot be told (GitHub does not answer, credentials do not suffice): that is never
    /// taken for a yes or a no.
    pub(crate) fn judge(
        &self,
        issue: &Snapshot,
        closed_at: Timestamp,
        destination: Destination<'_>,
    ) -> Result<Result<Verdict, Refusal>> {
        match issue.closed_at {
            _ if issue.state == IssueState::Open => return Ok(Err(Refusal::Withdrawn)),
            None => return Ok(Err(Refusal::Withdrawn)),
            Some(at) if at != closed_at => return Ok(Err(Refusal::ClosedAgain(at))),
            Some(_) => {}
        }
        if issue.state_reason.as_deref() != Some("COMPLETED") {
            return Ok(Err(Refusal::NotCompleted(reason_in_words(issue.state_reason.as_deref()))));
        }
        let ledger = match Ledger::read(issue, &self.trust()?) {
            Ok(ledger) if ledger.unsealed => {
                return Ok(Err(Refusal::Fault(Fault::Unsealed(MarkedText::Body))));
            }
            Ok(ledger) => ledger,
            Err(fault) => return Ok(Err(Refusal::Fault(fault))),
        };
        let bot = self.bot()?;
        if let Some(by) = issue.body_seen_of_other(closed_at, |actor| bot.is(actor)) {
            return Ok(Err(Refusal::Fault(Fault::Edited { what: MarkedText::Body, by })));
        }
        if let Some(not_before) = self.not_before
            && closed_at < not_before
        {
            return Ok(Err(Refusal::TooEarly(not_before)));
        }
        let Some(recorded) = ledger.approved(closed_at).cloned() else { return Ok(Err(Refusal::NoRecord)) };
        let Some(record) = &recorded.record.destination else { return Ok(Err(Refusal::NoPromotion)) };
        if !destination.is(record) {
            return Ok(Err(Refusal::wrong_destination(record, destination.stage)));
        }
        if ledger.mark.ended {
            return Ok(Err(Refusal::Ended));
        }
        if ledger.is_refused_for_good(closed_at) {
            return Ok(Err(Refusal::Refused));
        }
        let names_nothing = recorded.record.pins.is_empty() && recorded.record.approve == Approve::Exact;
        if names_nothing || self.source.git.is_some() && !recorded.record.pins.contains_key(files::CODE_PIN) {
            return Ok(Err(Refusal::NoPins));
        }
        if let Err(why) = pins::check_all(&recorded.record.pins) {
            return Ok(Err(Refusal::BadPin(why)));
        }
        if let Some(label) = self.source.reject_labels.iter().find(|label| issue.has_label(label)) {
            return Ok(Err(Refusal::Label(label.clone())));
        }
        let closing = match issue.closing() {
            Ok(closing) => closing,
            Err(NoClosing::NoEvent) => return Ok(Err(Refusal::Unknown)),
            Err(NoClosing::Twice) => return Ok(Err(Refusal::ClosedTwice)),
            Err(NoClosing::OtherReason(reason)) => {
                return Ok(Err(Refusal::OtherReason(reason_in_words(reason.as_deref()))));
            }
        };
        if let Some(closer) = &closing.closer
            && (!self.source.allow_commit_close || !matches!(closer.kind.as_str(), "Commit" | "PullRequest"))
        {
            return Ok(Err(Refusal::Automatic(machine_in_words(&closer.kind))));
        }
        let Some(actor) = &closing.actor else { return Ok(Err(Refusal::Unknown)) };
        // Before the question about the role, which is a request.
        if let Some(end) = after(closed_at, self.source.expires)
            && self.client.now() >= end
        {
            return Ok(Err(Refusal::Expired(end)));
        }
        if let Some(why) = self.may_not_approve(actor)? {
            return Ok(Err(Refusal::Closer { login: actor.login.clone(), why }));
        }
        let soaked = after(recorded.at, self.source.soak);
        if let Some(soaked) = soaked
            && let Some(newer) = ledger.replaced(&recorded).filter(|newer| *newer < soaked)
        {
            return Ok(Err(Refusal::Replaced(newer)));
        }
        // Last: only what is approved waits.
        let now = self.client.now();
        let waits = after(closed_at, self.source.delay).max(soaked).filter(|until| now < *until);
        let calendar = Calendar { windows: &self.source.windows, freezes: &self.source.freezes };
        if let Some(Closed { until, why }) = calendar.closed(waits.unwrap_or(now)) {
            return Ok(Err(Refusal::Held { until, why: Some(why) }));
        }
        if let Some(until) = waits {
            return Ok(Err(Refusal::Held { until, why: None }));
        }
        Ok(Ok(Verdict { closed_at, closed_by: actor.login.clone(), recorded, ledger }))
    }

    /// The approval that a closing was when a claim used it, whatever became of the issue since.
    ///
    /// A job behind the one that used it, and a build that is started again, get it for the first time when the issue may
    /// be open again. Only a claim decides whether something is deployed once more, and it judges as ever.
    pub(crate) fn used(
        &self,
        issue: &Snapshot,
        closed_at: Timestamp,
        destination: Destination<'_>,
    ) -> Result<Option<Verdict>> {
        let Ok(ledger) = Ledger::read(issue, &self.trust()?) else { return Ok(None) };
        let Some(recorded) = ledger.approved(closed_at).filter(|_| !ledger.unsealed).cloned() else { return Ok(None) };
        let code = recorded.record.pins.get(files::CODE_PIN);
        let is_used = ledger.claims.iter().any(|(_, claim)| {
            claim.closed_at == closed_at && claim.recorded_at == recorded.at && claim.code.as_ref() == code
        });
        if !is_used
            || !recorded.record.destination.as_ref().is_some_and(|record| destination.is(record))
            || self.source.git.is_some() && code.is_none()
            || pins::check_all(&recorded.record.pins).is_err()
        {
            return Ok(None);
        }
        let closed_by = issue.closed_by(closed_at).map_or("ghost", |actor| actor.login.as_str()).to_owned();
        Ok(Some(Verdict { closed_at, closed_by, recorded, ledger }))
    }

    /// Why `actor` may not approve; `None` when they may.
    pub(crate) fn may_not_approve(&self, actor: &Actor) -> Result<Option<String>> {
        let closers = &self.source.closers;
        if self.bot()?.is(actor) {
            return Ok(Some("it is the account that writes the issues".to_owned()));
        }
        match actor.kind.as_str() {
            "User" => {}
            "Bot" if closers.apps.iter().any(|app| app.eq_ignore_ascii_case(&actor.login)) => return Ok(None),
            "Bot" => return Ok(Some("it is an App, and `closers.apps` does not name it".to_owned())),
            kind => return Ok(Some(format!("it is a {kind}, and no person"))),
        }
        if !closers.users.is_empty() || !closers.teams.is_empty() {
            // Logins change hands, ids do not.
            let account = actor.database_id.map(|id| api::account(&self.client, id)).transpose()?.flatten();
            let Some(account) = account else {
                return Ok(Some(format!("GitHub does not know the account of {} any more", actor.login)));
            };
            if closers.users.iter().any(|user| user.eq_ignore_ascii_case(&account.login)) {
                return Ok(None);
            }
            for team in &closers.teams {
                if api::is_in_team(&self.client, team, &account.login)? {
                    return Ok(None);
                }
            }
        }
        let asks_role = !closers.roles.is_empty() || closers.is_empty();
        if !asks_role {
            return Ok(Some("neither `closers.users` nor `closers.teams` names them".to_owned()));
        }
        let Some(permission) = api::permission(&self.client, &actor.login)? else {
            return Ok(Some("they have no role in the repository".to_owned()));
        };
        // The login could have been given to somebody else since.
        if permission.user.as_ref().map(|user| user.id) != actor.database_id || actor.database_id.is_none() {
            return Ok(Some("the login belongs to another account now".to_owned()));
        }
        let role = permission.role_name.as_str();
        let may = if closers.is_empty() {
            // A role of the organisation's own is at least what it was made from.
            matches!(role, "triage" | "write" | "maintain" | "admin")
                || matches!(permission.base.as_str(), "write" | "admin")
        } else {
            closers.roles.iter().any(|allowed| allowed.eq_ignore_ascii_case(role))
        };
        let wanted = if closers.is_empty() { "triage or more".to_owned() } else { closers.roles.join(", ") };
        Ok((!may).then(|| format!("their role is {role}, and it takes {wanted}")))
    }
}

impl Verdict {
    /// When what is approved has been there for `soak` seconds.
    pub(crate) fn soaked(&self, soak: Option<u64>) -> Option<Timestamp> {
        after(self.recorded.at, soak)
    }

    /// The file `approval.json`.
    pub(crate) fn approval(&self, issue: &Snapshot) -> Approval {
        Approval {
            issue: issue.number,
            url: issue.url.clone(),
            closed_by: self.closed_by.clone(),
            closed_at: self.closed_at.to_string(),
            pins: self.pins().clone(),
            build: self.recorded.record.log.clone().unwrap_or_default(),
            builds: self
                .ledger
                .records
                .iter()
                .filter(|recorded| recorded.at < self.closed_at)
                .filter_map(|recorded| recorded.record.log.clone())
                .collect(),
        }
    }

    pub(crate) fn pins(&self) -> &IndexMap<String, String> {
        &self.recorded.record.pins
    }
}

/// `seconds` after `at`; none when there is no such rule, the end of time when that is too far away to be told.
fn after(at: Timestamp, seconds: Option<u64>) -> Option<Timestamp> {
    let seconds = i64::try_from(seconds?).unwrap_or(i64::MAX);
    Some(at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX))
}

fn machine_in_words(kind: &str) -> String {
    match kind {
        "Commit" => "a commit".to_owned(),
        "PullRequest" => "a pull request".to_owned(),
        "ProjectV2" => "the automation of a project".to_owned(),
        kind => format!("a {kind}"),
    }
}
