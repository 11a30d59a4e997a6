//! The ledger of a gate: what the markers of its issues say, as far as they are believed.
//!
//! The [`marker`] at the head of a text holds the records, the [`signature`] seals it, and the [`bot`] is the account that
//! wrote it. A [`destination`] is the stage that a record promotes to.

/// The account that writes the issues.
pub mod bot;
/// The stage that a record promotes to.
pub mod destination;
/// What the program writes at the head of its texts.
pub mod marker;
pub mod refusal;
/// The seal of a marker.
pub mod signature;

use std::collections::BTreeMap;

use gate_contract::{GateKey, ReportStatus};
use jiff::Timestamp;

use self::bot::Bot;
use self::destination::Destination;
use self::marker::{Claim, IssueMark, Marker, Notice, NoticeMark, Parsed, Record, ReportMark, text_hash};
use self::signature::Signer;
use crate::ledger::refusal::{Fault, MarkedText};
use crate::{Actor, Note, Snapshot};

/// Claims that a body remembers.
const MAX_CLAIMS: usize = 20;

/// What an issue's markers say, once it is known that nobody but the resource wrote them.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The marker of the body.
    pub mark: IssueMark,
    /// What people see of the body.
    pub text: String,
    /// Of the chain that counts, oldest first.
    pub records: Vec<Recorded>,
    /// Claims, by the id of their comment; those that only the body remembers come with none.
    pub claims: Vec<(Option<u64>, Claim)>,
    /// The outcomes of deployments.
    pub reports: Vec<ReportMark>,
    /// The notices to the people on the issue.
    pub notices: Vec<NoticeMark>,
    /// The body's seal is not renewed for its number yet.
    pub unsealed: bool,
    /// When comments were written that somebody changed and that were taken out.
    voided: Vec<Timestamp>,
}

/// A record and when GitHub took it.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The record.
    pub record: Record,
    /// When GitHub took the record.
    pub at: Timestamp,
    /// The comment that holds it now; the body holds the first.
    pub comment: Option<u64>,
    /// The hash of the record, by which others refer to it.
    pub hash: String,
}

/// Whom to believe.
pub struct Trust<'a> {
    /// The account that writes the issues.
    pub bot: &'a Bot,
    /// The gate's key and its former ones.
    pub keys: &'a [GateKey],
    /// The key of the seals; without one, markers need no seal.
    pub signer: Option<&'a Signer>,
}

impl Ledger {
    /// One without records.
    pub fn empty(mark: IssueMark) -> Self {
        Self {
            mark,
            text: String::new(),
            records: Vec::new(),
            claims: Vec::new(),
            reports: Vec::new(),
            notices: Vec::new(),
            unsealed: false,
            voided: Vec::new(),
        }
    }

    /// Reads an issue's markers, or says why they are not to be believed.
    pub fn read(issue: &Snapshot, trust: &Trust<'_>) -> Result<Self, Fault> {
        if !issue.author.as_ref().is_some_and(|author| trust.bot.is(author)) {
            return Err(Fault::Foreign);
        }
        if issue.was_transferred() {
            return Err(Fault::Transferred);
        }
        let body = MarkedText::Body;
        let parsed = match Parsed::read(&issue.body) {
            None => return Err(Fault::Unmarked),
            Some(Err(_)) => return Err(Fault::Broken(body)),
            Some(Ok(parsed)) => parsed,
        };
        let Marker::Issue(mark) = &parsed.marker else { return Err(Fault::Broken(body)) };
        if !trust.keys.contains(&mark.gate) {
            return Err(Fault::OtherGate(mark.gate.to_string()));
        }
        trust.unedited(body, issue.last_edited_at, issue.editor.as_ref())?;
        let mut unsealed = false;
        if let Some(signer) = trust.signer
            && !parsed.is_sealed(signer, &mark.gate, Some(issue.number))
        {
            if !parsed.is_sealed(signer, &mark.gate, None) {
                return Err(Fault::Unsealed(body));
            }
            unsealed = true;
        }
        if text_hash(parsed.text) != mark.text {
            return Err(Fault::TextChanged(body));
        }
        let mut ledger = Self {
            text: parsed.text.to_owned(),
            claims: mark.claims.iter().map(|claim| (None, claim.clone())).collect(),
            unsealed,
            ..Self::empty(mark.clone())
        };
        let mut found = BTreeMap::new();
        if let Some(record) = &mark.record {
            found.insert(record.hash(), (Record::clone(record), issue.created_at, None));
        }
        ledger.read_comments(issue, trust, &mut found)?;
        ledger.chain(found)?;
        Ok(ledger)
    }

    fn read_comments(
        &mut self,
        issue: &Snapshot,
        trust: &Trust<'_>,
        found: &mut BTreeMap<String, (Record, Timestamp, Option<u64>)>,
    ) -> Result<(), Fault> {
        for comment in issue.comments() {
            let Some(parsed) = trust.comment(comment, &self.mark.gate, issue.number)? else { continue };
            match &parsed.marker {
                Marker::Record(mark) => {
                    for earlier in &mark.earlier {
                        found
                            .entry(earlier.record.hash())
                            .or_insert_with(|| (earlier.record.clone(), earlier.at, Some(comment.id)));
                    }
                    // The same record twice is a comment that GitHub took without saying so: the first time counts.
                    found
                        .entry(mark.record.hash())
                        .or_insert_with(|| (mark.record.clone(), comment.created_at, Some(comment.id)));
                }
                Marker::Claim(mark) => {
                    self.claims.retain(|(id, claim)| id.is_some() || *claim != mark.claim);
                    self.claims.push((Some(comment.id), mark.claim.clone()));
                }
                Marker::Report(mark) => {
                    self.reports.push(mark.clone());
                }
                Marker::Notice(mark) => {
                    self.notices.push(mark.clone());
                }
                Marker::Void => self.voided.push(comment.created_at),
                Marker::Issue(_) => {}
            }
        }
        Ok(())
    }

    /// Orders the records, and sees that none is missing.
    ///
    /// Each names the ones that it follows by their hash, and the body knows how many there were at the least. So no
    /// record can be taken away unseen but the newest ones of puts at the same moment, before the body was told.
    fn chain(&mut self, found: BTreeMap<String, (Record, Timestamp, Option<u64>)>) -> Result<(), Fault> {
        let mut records: Vec<Recorded> =
            found.into_iter().map(|(hash, (record, at, comment))| Recorded { record, at, comment, hash }).collect();
        records.sort_by_key(|recorded| (recorded.at, recorded.comment, recorded.record.seq));
        let is_of_chain = |recorded: &Recorded| recorded.record.chain == self.mark.chain;
        let began = records.iter().find(|recorded| is_of_chain(recorded)).map(|recorded| recorded.at);
        let newest_counts = records.last().is_none_or(is_of_chain);
        // A new chain comes after all others. Where it does not, a put that knew nothing of it wrote the old one back, and
        // people saw other versions than those that count.
        if began.is_some_and(|began| {
            !newest_counts || records.iter().any(|recorded| !is_of_chain(recorded) && recorded.at > began)
        }) {
            return Err(Fault::Forked);
        }
        // Whatever was taken out was seen by people: a chain that goes back behind it was written back.
        if began.is_some_and(|began| self.voided.iter().any(|at| *at >= began)) {
            return Err(Fault::Voided);
        }
        records.retain(|recorded| recorded.record.chain == self.mark.chain);
        let seqs: BTreeMap<&str, u32> =
            records.iter().map(|recorded| (recorded.hash.as_str(), recorded.record.seq)).collect();
        for recorded in &records {
            let mut follows = 0;
            for prev in &recorded.record.prev {
                follows = follows.max(*seqs.get(prev.as_str()).ok_or(Fault::Deleted)?);
            }
            if recorded.record.seq != follows + 1 {
                return Err(Fault::Deleted);
            }
        }
        if records.len() < self.mark.records {
            return Err(Fault::Deleted);
        }
        self.records = records;
        Ok(())
    }

    /// When other versions were recorded after a record for the first time. A preview that found nothing to change replaces
    /// nothing, and neither does a deployment of the same versions again.
    pub fn replaced(&self, recorded: &Recorded) -> Option<Timestamp> {
        self.records
            .iter()
            .filter(|later| later.at > recorded.at && later.record.replaces(&recorded.record))
            .map(|later| later.at)
            .min()
    }

    /// The record that a closing at `closed_at` approves: the newest that GitHub took before.
    ///
    /// One of the same second does not count: GitHub tells time in seconds, and nobody can have read it.
    pub fn approved(&self, closed_at: Timestamp) -> Option<&Recorded> {
        self.records.iter().rev().find(|recorded| recorded.at < closed_at)
    }

    /// Returns the newest record.
    pub fn newest(&self) -> Option<&Recorded> {
        self.records.last()
    }

    /// The records that no other follows.
    pub fn heads(&self) -> (u32, Vec<String>) {
        let followed: Vec<&String> = self.records.iter().flat_map(|recorded| &recorded.record.prev).collect();
        let heads = self.records.iter().filter(|recorded| !followed.contains(&&recorded.hash));
        let seq = self.records.iter().map(|recorded| recorded.record.seq).max().unwrap_or_default();
        (seq, heads.map(|recorded| recorded.hash.clone()).collect())
    }

    /// Whether a deployment of the approval that was given at `closed_at` succeeded.
    pub fn has_succeeded(&self, destination: Destination<'_>, closed_at: Timestamp) -> bool {
        self.reports.iter().any(|report| {
            report.status == ReportStatus::Succeeded
                && report.closed_at == closed_at
                && destination.is(&report.consumer)
        })
    }

    /// Whether people were told that the closing at `closed_at` is refused for good.
    pub fn is_refused_for_good(&self, closed_at: Timestamp) -> bool {
        self.notices.iter().any(|notice| notice.is_final && notice.closed_at == Some(closed_at))
    }

    /// Whether people were notified of `what` about the closing at `closed_at`.
    pub fn has_notice(&self, what: Notice, closed_at: Option<Timestamp>) -> bool {
        self.notices.iter().any(|notice| notice.what == what && notice.closed_at == closed_at)
    }

    /// What the body's marker should say.
    pub fn current_mark(&self) -> IssueMark {
        let mut mark = self.mark.clone();
        mark.records = mark.records.max(self.records.len());
        for (_, claim) in &self.claims {
            if !mark.claims.contains(claim) {
                mark.claims.push(claim.clone());
            }
        }
        // A body has room for so many. The newest matter, and of a closing the first.
        if mark.claims.len() > MAX_CLAIMS {
            mark.claims.sort_by_key(|claim| std::cmp::Reverse(claim.closed_at));
            let mut seen = Vec::new();
            mark.claims.retain(|claim| {
                let of = (claim.consumer.clone(), claim.closed_at);
                let first = !seen.contains(&of);
                seen.push(of);
                first
            });
            mark.claims.truncate(MAX_CLAIMS);
        }
        mark
    }
}

impl Trust<'_> {
    /// The marker of a comment; none when it is no comment of ours.
    fn comment<'c>(&self, comment: &'c Note, gate: &GateKey, number: u64) -> Result<Option<Parsed<'c>>, Fault> {
        if !comment.author.as_ref().is_some_and(|author| self.bot.is(author)) {
            return Ok(None);
        }
        let what = MarkedText::Comment(comment.id);
        // Before the marker is looked for: an edit may have taken it away.
        self.unedited(what, comment.last_edited_at, comment.editor.as_ref())?;
        let parsed = match Parsed::read(&comment.body) {
            // The account may have other uses.
            None => return Ok(None),
            Some(Err(_)) => return Err(Fault::Broken(what)),
            Some(Ok(parsed)) => parsed,
        };
        if let Some(signer) = self.signer
            && !parsed.is_sealed(signer, gate, Some(number))
        {
            return Err(Fault::Unsealed(what));
        }
        match &parsed.marker {
            Marker::Record(_) if comment.is_minimized => Err(Fault::Hidden(what)),
            Marker::Record(mark) if text_hash(parsed.text) != mark.text => Err(Fault::TextChanged(what)),
            Marker::Issue(_) => Err(Fault::Broken(what)),
            _ => Ok(Some(parsed)),
        }
    }

    /// The comments of ours that are not to be believed.
    pub fn bad_comments(&self, issue: &Snapshot, gate: &GateKey) -> Vec<u64> {
        issue
            .comments()
            .filter(|comment| self.comment(comment, gate, issue.number).is_err())
            .map(|comment| comment.id)
            .collect()
    }

    /// A text of ours is as we left it when we were the last to write it: what we write, we make of what we trust.
    fn unedited(&self, what: MarkedText, edited_at: Option<Timestamp>, editor: Option<&Actor>) -> Result<(), Fault> {
        match (edited_at, editor) {
            (None, None) => Ok(()),
            (_, Some(editor)) if self.bot.is(editor) => Ok(()),
            (_, editor) => Err(Fault::Edited {
                what,
                by: editor.map_or_else(|| "an account that is gone".to_owned(), |editor| editor.login.clone()),
            }),
        }
    }
}
