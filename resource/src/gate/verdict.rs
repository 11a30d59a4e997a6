use std::fmt;

use indexmap::IndexMap;
use jiff::{SignedDuration, Timestamp};

use super::Gate;
use super::destination::Destination;
use super::ledger::{Fault, Ledger, Place, Recorded};
use super::pins;
use crate::contract::{Approval, Approve, StageKey, files};
use crate::error::Result;
use crate::github::{Actor, IssueState, NoClosing, Snapshot, api};

/// A closing that approves, and what.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) closed_at: Timestamp,
    pub(crate) closed_by: String,
    pub(crate) recorded: Recorded,
    pub(crate) ledger: Ledger,
}

/// The stage of a record, and the one that asked for an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OtherStage {
    record: StageKey,
    wanted: StageKey,
}

impl fmt::Display for OtherStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { record, wanted } = self;
        write!(
            f,
            "it approves versions for {record}, and this is {wanted}; close the issue that the next deployment opens for \
             {wanted}"
        )
    }
}

/// Why a closing does not approve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is open again.
    Withdrawn,
    /// It was closed again since.
    ClosedAgain(Timestamp),
    NotCompleted(String),
    /// It was closed twice without a reopening between.
    ClosedTwice,
    /// It is closed as completed now, and was closed for this reason.
    OtherReason(String),
    Fault(Fault),
    /// Nobody can say who closed it.
    Unknown,
    Closer {
        login: String,
        why: String,
    },
    Automatic(String),
    Label(String),
    Held(Timestamp),
    Expired(Timestamp),
    TooEarly(Timestamp),
    /// People were told that closing the issue deploys nothing any more.
    Ended,
    /// This closing was refused before, and people were told so.
    Refused,
    /// The issue is a record.
    NoPromotion,
    /// The record is for another stage than the one that asks.
    WrongDestination(Box<OtherStage>),
    NoRecord,
    NoPins,
    BadPin(String),
    PullRequest,
}

impl Refusal {
    pub(super) fn wrong_destination(record: &StageKey, wanted: Destination<'_>) -> Self {
        Self::WrongDestination(Box::new(OtherStage { record: record.clone(), wanted: wanted.stage.clone() }))
    }

    /// Whether the closing stays refused whatever changes later: people were told that it approves nothing.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::Closer { .. } | Self::Automatic(_) | Self::Label(_) | Self::WrongDestination(_))
    }

    /// What people can do to approve.
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::WrongDestination(_) | Self::Ended => {
                "Reopening this issue does not help. Decide on the issue that the next deployment opens."
            }
            Self::Fault(_) | Self::BadPin(_) | Self::NoRecord | Self::NoPins => {
                "Reopening this issue is not enough. Reopen it, wait for the record of the next deployment, and then close \
                 it as completed."
            }
            Self::Label(_) => "To approve, remove the label, reopen the issue, and close it as completed.",
            _ => "To approve, reopen the issue and ask an approver to close it as completed.",
        }
    }

    pub(crate) fn id(&self) -> &'static str {
        match self {
            Self::Withdrawn | Self::ClosedAgain(_) => "withdrawn",
            Self::NotCompleted(_) | Self::ClosedTwice | Self::OtherReason(_) => "not-completed",
            Self::Fault(Fault::Transferred) => "transferred",
            Self::Fault(Fault::Foreign | Fault::OtherGate(_)) | Self::PullRequest => "not-ours",
            Self::Fault(_) | Self::BadPin(_) => "tampered",
            Self::Unknown | Self::Closer { .. } => "closer",
            Self::Automatic(_) => "closed-by-machine",
            Self::Label(_) => "rejected",
            Self::Held(_) => "held",
            Self::Expired(_) => "expired",
            Self::TooEarly(_) => "too-early",
            Self::Ended => "ended",
            Self::Refused => "refused",
            Self::NoPromotion => "record-only",
            Self::WrongDestination(_) => "wrong-destination",
            Self::NoRecord => "no-record",
            Self::NoPins => "no-pins",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Withdrawn => {
                write!(f, "it was reopened, which withdraws the approval; closing it again as completed approves again")
            }
            Self::ClosedAgain(at) => {
                write!(f, "it was reopened and closed again at {at}, which is another approval")
            }
            Self::NotCompleted(reason) => {
                write!(f, "it was closed as {reason}, and only closing as completed approves")
            }
            Self::ClosedTwice => write!(
                f,
                "it was closed again, or the reason of its closing was changed, without reopening it; reopen the issue \
                 and close it as completed"
            ),
            Self::OtherReason(reason) => write!(
                f,
                "it was closed as {reason}, and the reason was changed to completed afterwards; reopen the issue and \
                 close it as completed"
            ),
            Self::Fault(fault) => write!(f, "{fault}"),
            Self::Unknown => write!(f, "GitHub does not show who closed it"),
            Self::Closer { login, why } => write!(f, "{login} cannot approve: {why}"),
            Self::Automatic(what) => write!(f, "{what} closed it, and not a person"),
            Self::Label(label) => write!(f, "it has the label {label}, which rejects"),
            Self::Held(until) => write!(f, "the approval waits until {until}"),
            Self::Expired(at) => write!(f, "the approval expired at {at}"),
            Self::TooEarly(at) => write!(f, "it was closed before {at} (`not_before`)"),
            Self::Ended => {
                write!(f, "closing it deploys nothing any more, as a comment on it says; decide on a newer issue")
            }
            Self::Refused => write!(f, "this closing was refused before; reopen the issue and close it as completed"),
            Self::NoPromotion => write!(f, "it is a record, and closing it does nothing"),
            Self::WrongDestination(stages) => write!(f, "{stages}"),
            Self::NoRecord => write!(f, "no build was recorded before it was closed"),
            Self::NoPins => write!(f, "its record names no version"),
            Self::BadPin(why) => write!(f, "{why}"),
            Self::PullRequest => write!(f, "it is a pull request"),
        }
    }
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
                return Ok(Err(Refusal::Fault(Fault::Unsealed(Place::Body))));
            }
            Ok(ledger) => ledger,
            Err(fault) => return Ok(Err(Refusal::Fault(fault))),
        };
        let bot = self.bot()?;
        if let Some(by) = issue.body_seen_of_other(closed_at, |actor| bot.is(actor)) {
            return Ok(Err(Refusal::Fault(Fault::Edited { what: Place::Body, by })));
        }
        if let Some(not_before) = self.not_before
            && closed_at < not_before
        {
            return Ok(Err(Refusal::TooEarly(not_before)));
        }
        let Some(recorded) = ledger.approved(closed_at).cloned() else { return Ok(Err(Refusal::NoRecord)) };
        let Some(record) = &recorded.record.destination else { return Ok(Err(Refusal::NoPromotion)) };
        if !destination.is(record) {
            return Ok(Err(Refusal::wrong_destination(record, destination)));
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
        // Last: only what is approved waits.
        if let Some(until) = after(closed_at, self.source.soak)
            && self.client.now() < until
        {
            return Ok(Err(Refusal::Held(until)));
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
            claim.closed_at == closed_at
                && claim.recorded_at == recorded.at
                && claim.code.as_ref() == code
                && destination.is(&claim.consumer)
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

pub(super) fn reason_in_words(reason: Option<&str>) -> String {
    reason.map_or_else(|| "nothing in particular".to_owned(), |reason| reason.to_ascii_lowercase().replace('_', " "))
}

fn machine_in_words(kind: &str) -> String {
    match kind {
        "Commit" => "a commit".to_owned(),
        "PullRequest" => "a pull request".to_owned(),
        "ProjectV2" => "the automation of a project".to_owned(),
        kind => format!("a {kind}"),
    }
}
