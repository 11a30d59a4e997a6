//! Why the markers of an issue are not believed, and why a closing does not approve.

use std::fmt;

use jiff::Timestamp;

use gate_contract::StageKey;

/// Why the markers of an issue are not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Another account opened it.
    Foreign,
    /// It has no marker.
    Unmarked,
    /// It is the issue of another gate.
    OtherGate(String),
    /// It came from another repository.
    Transferred,
    /// Somebody else changed a text of ours.
    Edited {
        /// The text.
        what: MarkedText,
        /// The login of the editor.
        by: String,
    },
    /// Somebody hid a record, so that nobody sees what would be approved.
    Hidden(MarkedText),
    /// A marker cannot be read.
    Broken(MarkedText),
    /// A marker is not sealed with our key.
    Unsealed(MarkedText),
    /// The text does not fit its marker.
    TextChanged(MarkedText),
    /// A record is missing.
    Deleted,
    /// Somebody changed a comment, which was taken out since.
    Voided,
    /// It holds records of two chains, and the body's is not the later one.
    Forked,
}

/// Which text of ours it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkedText {
    /// The body of the issue.
    Body,
    /// A comment, by its id.
    Comment(u64),
}

impl fmt::Display for MarkedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body => write!(f, "the body"),
            Self::Comment(id) => write!(f, "comment {id}"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => write!(f, "another account than the resource's opened it"),
            Self::Unmarked => write!(f, "its marker is gone"),
            Self::OtherGate(key) => write!(f, "it belongs to the gate {key}"),
            Self::Transferred => write!(f, "it was transferred here from another repository"),
            Self::Edited { what, by } => write!(f, "{what} was edited by {by}"),
            Self::Hidden(what) => write!(f, "{what}, which records a build, was hidden"),
            Self::Broken(what) => write!(f, "the marker of {what} cannot be read"),
            Self::Unsealed(what) => write!(f, "the marker of {what} is not signed with `signing_key`"),
            Self::TextChanged(what) => write!(f, "the text of {what} is not the one that was written"),
            Self::Deleted => write!(f, "a record was deleted"),
            Self::Voided => {
                write!(f, "somebody changed a comment of this account, so the records before it do not count")
            }
            Self::Forked => write!(f, "its records contradict each other, since two builds wrote at the same time"),
        }
    }
}

/// The stage of a record, and the one that asked for an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherStage {
    /// The stage of the record.
    pub record: StageKey,
    /// The stage that asked.
    pub wanted: StageKey,
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
pub enum Refusal {
    /// It is open again.
    Withdrawn,
    /// It was closed again since.
    ClosedAgain(Timestamp),
    /// It was closed for this reason, which is not "completed".
    NotCompleted(String),
    /// It was closed twice without a reopening between.
    ClosedTwice,
    /// It is closed as completed now, and was closed for this reason.
    OtherReason(String),
    /// The markers of the issue are not believed.
    Fault(Fault),
    /// Nobody can say who closed it.
    Unknown,
    /// This person cannot approve.
    Closer {
        /// The login.
        login: String,
        /// The reason.
        why: String,
    },
    /// This closed it, and not a person.
    Automatic(String),
    /// It has this label, which rejects.
    Label(String),
    /// The approval counts from this time on.
    Held {
        /// The time.
        until: Timestamp,
        /// What holds it besides the time since the approval or the record.
        why: Option<String>,
    },
    /// A newer version was recorded at this time, before the approved one had been there for as long as it must.
    Replaced(Timestamp),
    /// The approval counted until this time.
    Expired(Timestamp),
    /// It was closed before this time, the first that counts.
    TooEarly(Timestamp),
    /// People were told that closing the issue deploys nothing any more.
    Ended,
    /// This closing was refused before, and people were told so.
    Refused,
    /// The issue is a record.
    NoPromotion,
    /// The record is for another stage than the one that asks.
    WrongDestination(Box<OtherStage>),
    /// No build was recorded before it was closed.
    NoRecord,
    /// Its record names no version.
    NoPins,
    /// Its record has an invalid version.
    BadPin(String),
    /// It is a pull request.
    PullRequest,
}

impl Refusal {
    /// Returns the refusal of a record for another stage.
    pub fn wrong_destination(record: &StageKey, wanted: &StageKey) -> Self {
        Self::WrongDestination(Box::new(OtherStage { record: record.clone(), wanted: wanted.clone() }))
    }

    /// Whether the closing stays refused whatever changes later: people were told that it approves nothing.
    ///
    /// A stage that asks for an approval of another stage says nothing about the closing: that stage can still use it.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Closer { .. } | Self::Automatic(_) | Self::Label(_))
    }

    /// What people can do to approve.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Replaced(_) => {
                "This version cannot be approved any more. Decide on the newer one: reopen its issue if it is closed, and \
                 close it as completed."
            }
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

    /// Returns the identifier, as in `error[withdrawn]`.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Withdrawn | Self::ClosedAgain(_) => "withdrawn",
            Self::NotCompleted(_) | Self::ClosedTwice | Self::OtherReason(_) => "not-completed",
            Self::Fault(Fault::Transferred) => "transferred",
            Self::Fault(Fault::Foreign | Fault::OtherGate(_)) | Self::PullRequest => "not-ours",
            Self::Fault(_) | Self::BadPin(_) => "tampered",
            Self::Unknown | Self::Closer { .. } => "closer",
            Self::Automatic(_) => "closed-by-machine",
            Self::Label(_) => "rejected",
            Self::Held { .. } => "held",
            Self::Replaced(_) => "replaced",
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
            Self::Held { why: Some(why), .. } => write!(f, "the approval waits: {why}"),
            Self::Held { until, why: None } => write!(f, "the approval waits until {until}"),
            Self::Replaced(at) => write!(
                f,
                "a newer version was recorded at {at}, before this one had been there for as long as the gate asks"
            ),
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

/// Returns the reason of a closing as people read it.
pub fn reason_in_words(reason: Option<&str>) -> String {
    reason.map_or_else(|| "nothing in particular".to_owned(), |reason| reason.to_ascii_lowercase().replace('_', " "))
}
