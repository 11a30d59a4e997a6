use std::time::Duration;

use gate_contract::{Approval, ClaimParams, files};
use github_gates::digest::random_hex;
use github_gates::ledger::Ledger;
use github_gates::ledger::bot::Bot;
use github_gates::ledger::destination::Destination;
use github_gates::ledger::marker::{Claim, ClaimMark, IssueMark, Marker, Notice, Parsed};
use github_gates::ledger::refusal::{Fault, Refusal, reason_in_words};
use github_gates::text::one_line;
use github_gates::{IssueState, Neighbour, Snapshot, api};
use indexmap::IndexMap;
use jiff::{SignedDuration, Timestamp};

use super::issues::Posted;
use super::page::{self, NoticePage};
use super::pins;
use super::session::{Gate, label_of};
use super::verdict::Verdict;
use crate::error::{Error, Result};
use crate::files::BuildDir;
use crate::protocol::{Metadatum, Outcome};

/// An approval's file.
const MAX_APPROVAL: u64 = 1 << 20;
/// After claiming, before looking whether another claimed at the same moment.
const VERIFY: Duration = Duration::from_secs(2);
/// GitHub tells time in seconds, and lists what was touched after a moment.
const SECOND: SignedDuration = SignedDuration::from_secs(1);
/// The label that lets an older approval be used after a newer one.
const ROLLBACK: &str = "rollback";
/// Closings that one claim tells that they were passed over.
const MAX_TOLD: usize = 10;

impl Gate<'_> {
    /// Uses an approval up: before anything is deployed, and after asking GitHub once more.
    pub(super) fn claim(&self, params: &ClaimParams, dir: &BuildDir) -> Result<Outcome> {
        let destination = self.destination()?;
        let approval = read_approval(&params.approval, dir)?;
        let closed_at = closing_of(&approval)?;
        let number = approval.issue;
        let (issue, mut neighbours) =
            Snapshot::read_with_neighbours(&self.client, number, &label_of(&self.source.gate))?;
        self.add_neighbours_of_former_keys(number, &mut neighbours)?;
        let verdict = self
            .judge(&issue, closed_at, destination)?
            .map_err(|refusal| Error::NotApproved { issue: number, refusal })?;
        if *verdict.pins() != approval.pins {
            return Err(Error::OutOfOrder(format!(
                "issue #{number} approves other versions than `{}` says: {} and not {}",
                params.approval,
                shown(verdict.pins()),
                shown(&approval.pins)
            )));
        }
        check_commits(&params.commits, verdict.pins()).map_err(|why| Error::NotACommit { issue: number, why })?;
        if self.is_claimed_by_this_build(&verdict)? {
            // The run before may have ended before the body was told.
            let mark = verdict.ledger.current_mark();
            if mark != verdict.ledger.mark {
                self.last_word(&issue, mark, &verdict.ledger.text, closed_at)?;
            }
        } else {
            self.add_touched_since(&verdict, number, &mut neighbours)?;
            self.refuse_replaced(&verdict, &neighbours, number, destination)?;
            self.refuse_older(&issue, &verdict, &neighbours, destination)?;
            self.make_claim(&issue, &verdict, destination)?;
            self.notify_passed_over(number, closed_at, &neighbours)?;
        }
        let mut metadata =
            vec![Metadatum::new("issue", issue.url.clone()), Metadatum::new("approved_by", verdict.closed_by.clone())];
        metadata.extend(verdict.pins().get(files::CODE_PIN).map(|code| Metadatum::new("ref", code.clone())));
        Ok(Outcome { version: self.put_version(Some(number), "claimed"), metadata })
    }

    /// What was used before the gate was renamed was used, too.
    fn add_neighbours_of_former_keys(&self, number: u64, neighbours: &mut Vec<Neighbour>) -> Result<()> {
        for key in &self.source.gate_aliases {
            let (_, former) = Snapshot::read_with_neighbours(&self.client, number, &label_of(key))?;
            for neighbour in former {
                if neighbours.iter().all(|known| known.number != neighbour.number) {
                    neighbours.push(neighbour);
                }
            }
        }
        Ok(())
    }

    /// Whoever can take a label off an issue must not hide it: what counts against an approval was written after its record,
    /// so the issues that were touched since are all that matter.
    fn add_touched_since(&self, verdict: &Verdict, number: u64, neighbours: &mut Vec<Neighbour>) -> Result<()> {
        let bot = self.bot()?;
        for other in Neighbour::touched_since(&self.client, verdict.recorded.at - SECOND)? {
            let is_known = other.number == number || neighbours.iter().any(|known| known.number == other.number);
            // One that says nothing any more could have been of this gate, if somebody changed it.
            let may_be_ours = || {
                self.mark_in(&other.body).is_some() || is_changed(&other, bot) && Parsed::read(&other.body).is_none()
            };
            if !is_known && other.author.as_ref().is_some_and(|author| bot.is(author)) && may_be_ours() {
                neighbours.push(other);
            }
        }
        Ok(())
    }

    /// Is the approval this build's already (an earlier run of the same put)? Another build's is refused, unless a
    /// person started this one: that deploys the same versions again.
    ///
    /// A closing is for one stage, so every claim of it counts, by whatever name of the stage: a pipeline with a former
    /// name does not know the present one.
    fn is_claimed_by_this_build(&self, verdict: &Verdict) -> Result<bool> {
        let mut of_others = None;
        for (_, claim) in &verdict.ledger.claims {
            if claim.closed_at != verdict.closed_at {
                continue;
            }
            if claim.build.is_some() && claim.build == self.build.key() {
                // Among claims at the same moment this one may have lost: then it is the other's.
                return match first_claim(&verdict.ledger, verdict.closed_at) {
                    Some((_, first)) if first.build != claim.build && claim.by.is_none() => Err(already_used(first)),
                    _ => Ok(true),
                };
            }
            of_others = Some(claim);
        }
        match of_others {
            Some(claim) if self.build.created_by.is_none() => Err(already_used(claim)),
            _ => Ok(false),
        }
    }

    /// Refuses what another issue of the gate replaced before it had been there for the gate's `soak`. What its own issue
    /// says of that is judged before.
    fn refuse_replaced(
        &self,
        verdict: &Verdict,
        neighbours: &[Neighbour],
        number: u64,
        destination: Destination<'_>,
    ) -> Result<()> {
        let Some(soaked) = verdict.soaked(self.source.soak) else { return Ok(()) };
        let bot = self.bot()?;
        let replaced = neighbours
            .iter()
            .filter(|other| other.number != number)
            .filter(|other| other.author.as_ref().is_some_and(|author| bot.is(author)))
            .filter(|other| other.created_at > verdict.recorded.at && other.created_at < soaked)
            .filter(|other| {
                // A body that cannot be read could have replaced it.
                self.mark_in(&other.body).is_none_or(|mark| {
                    mark.destination.as_ref().is_some_and(|stage| destination.is(stage))
                        && mark.record.is_none_or(|record| record.replaces(&verdict.recorded.record))
                })
            })
            .map(|other| other.created_at)
            .min();
        match replaced {
            Some(at) => Err(Error::NotApproved { issue: number, refusal: Refusal::Replaced(at) }),
            None => Ok(()),
        }
    }

    /// Refuses to go back behind a record that was deployed from this gate already, by accident or by closing an old
    /// issue again; the label `rollback`, set by somebody who may approve and who comments on it, allows it once.
    fn refuse_older(
        &self,
        issue: &Snapshot,
        verdict: &Verdict,
        neighbours: &[Neighbour],
        destination: Destination<'_>,
    ) -> Result<()> {
        let bot = self.bot()?;
        let others: Vec<&Neighbour> = neighbours
            .iter()
            .filter(|other| other.number != issue.number)
            .filter(|other| other.author.as_ref().is_some_and(|author| bot.is(author)))
            .collect();
        let elsewhere = others
            .iter()
            .filter(|neighbour| !is_changed(neighbour, bot))
            .filter_map(|neighbour| Some((neighbour.number, self.mark_in(&neighbour.body)?)))
            .flat_map(|(number, mark)| {
                // Of an issue for this stage every claim counts, by whatever name of the stage.
                let is_here = mark.destination.is_some_and(|stage| destination.is(&stage));
                let counts = move |claim: &Claim| is_here || destination.is(&claim.consumer);
                mark.claims.into_iter().filter(counts).map(move |claim| (number, claim))
            });
        let elsewhere: Vec<(u64, Claim)> = elsewhere.collect();
        let here = verdict.ledger.claims.iter().map(|(_, claim)| (issue.number, claim.clone()));
        let newest = elsewhere.iter().cloned().chain(here).max_by_key(|(_, claim)| claim.recorded_at);
        let newest = newest.filter(|(_, newest)| newest.recorded_at > verdict.recorded.at);
        let what = match newest {
            Some((number, Claim { recorded_at, label, .. })) => {
                Some(format!("#{number} was deployed already, recorded at {recorded_at} ({label})"))
            }
            None => match changed_since(verdict, &others, bot) {
                Some(what) => Some(what),
                None => self.lost(verdict, &others)?,
            },
        };
        let Some(what) = what else { return Ok(()) };
        let last = last_deployment(issue, verdict, &elsewhere);
        if let Some((actor, at)) = issue.labeled_by(ROLLBACK)
            && last.is_none_or(|last| at > last)
            && issue.has_comment_of(actor, at)
            && self.may_not_approve(actor)?.is_none()
        {
            self.log.say(format_args!("going back, as the label `{ROLLBACK}` of {} allows", actor.login));
            return Ok(());
        }
        Err(Error::OutOfOrder(format!(
            "issue #{} approves what was recorded at {}, and {what}; to go back, somebody who can approve sets the label \
             `{ROLLBACK}` on #{} anew, and says why in a comment after that",
            issue.number, verdict.recorded.at, issue.number
        )))
    }

    /// What passed this approval over, when it is not there any more: somebody moved it to another repository, or deleted it.
    fn lost(&self, verdict: &Verdict, others: &[&Neighbour]) -> Result<Option<String>> {
        let Some(by) = verdict.ledger.mark.superseded_by else { return Ok(None) };
        if others.iter().any(|other| other.number == by) || Snapshot::read(&self.client, by)?.is_some() {
            return Ok(None);
        }
        Ok(Some(format!("it was passed over by #{by}, which is gone")))
    }

    fn make_claim(&self, issue: &Snapshot, verdict: &Verdict, destination: Destination<'_>) -> Result<()> {
        let number = issue.number;
        let claim = Claim {
            consumer: destination.stage.clone(),
            closed_at: verdict.closed_at,
            recorded_at: verdict.recorded.at,
            build: self.build.key(),
            by: self.build.created_by.clone(),
            code: verdict.pins().get(files::CODE_PIN).cloned(),
            label: self.build.label(),
            log: self.build.url(),
        };
        let text = page::claim(&claim, verdict.pins())?;
        let nonce = random_hex()?;
        let id = match self.post(
            number,
            &Marker::Claim(ClaimMark { claim: claim.clone(), nonce: nonce.clone() }),
            &text,
            &nonce,
        )? {
            Posted::Done { id, .. } => id,
            Posted::Locked => {
                return Err(github_gates::Error::Forbidden {
                    what: format!("claiming the approval of issue #{number}"),
                    why: "the issue is locked; unlock it and start the job again".to_owned(),
                }
                .into());
            }
        };
        // Two that claim at the same moment both see the comments of both, and agree on the first.
        self.client.sleep(VERIFY);
        let now = Snapshot::read_required(&self.client, number)?;
        let ledger = match self.still_approves(&now, verdict)? {
            Ok(ledger) => ledger,
            Err(refusal) => {
                // The body does not hold the claim yet, and its comment says that the build deploys.
                if let Err(error) = api::delete_comment(&self.client, id) {
                    self.log.say(format_args!("the comment about this build stays on issue #{number}: {error}"));
                }
                return Err(Error::NotApproved { issue: number, refusal });
            }
        };
        if self.build.created_by.is_none()
            && let Some((first, other)) = first_claim(&ledger, verdict.closed_at)
            && first != Some(id)
            && other.build != claim.build
        {
            let error = already_used(other);
            api::delete_comment(&self.client, id)?;
            return Err(error);
        }
        let mut mark = ledger.current_mark();
        if !mark.claims.contains(&claim) {
            mark.claims.push(claim);
        }
        self.last_word(&now, mark, &ledger.text, verdict.closed_at)
    }

    /// Whether an issue approves what a verdict said, when it is read again. A put that had read the issue before it was
    /// closed may have begun its records anew.
    fn still_approves(&self, now: &Snapshot, verdict: &Verdict) -> Result<Result<Ledger, Refusal>> {
        match (now.state, now.closed_at) {
            (IssueState::Closed, Some(at)) if at == verdict.closed_at => {}
            (IssueState::Closed, Some(at)) => return Ok(Err(Refusal::ClosedAgain(at))),
            _ => return Ok(Err(Refusal::Withdrawn)),
        }
        let ledger = match Ledger::read(now, &self.trust()?) {
            Ok(ledger) => ledger,
            Err(fault) => return Ok(Err(Refusal::Fault(fault))),
        };
        let approved = ledger.approved(verdict.closed_at).map(|recorded| &recorded.hash);
        let is_same = approved == Some(&verdict.recorded.hash);
        Ok(if is_same { Ok(ledger) } else { Err(Refusal::Fault(Fault::Forked)) })
    }

    /// Tells the body of the claim. How the issue stood when GitHub took that write is the last word: what happens to
    /// it from then on comes after the approval was used.
    fn last_word(&self, seen: &Snapshot, mark: IssueMark, text: &str, closed_at: Timestamp) -> Result<()> {
        let number = seen.number;
        let mut answer = self.write_body(number, mark, text)?;
        if answer.comments != seen.comments().count() as u64
            // A put recorded meanwhile, and this write took its record out of the count.
            && let Some(last) = self.resync(answer.clone(), &self.trust()?)?
        {
            answer = last;
        }
        let refusal = match (answer.closed_at, answer.state_reason.as_deref()) {
            _ if answer.is_open() => Refusal::Withdrawn,
            (None, _) => Refusal::Withdrawn,
            (Some(at), _) if at != closed_at => Refusal::ClosedAgain(at),
            (Some(_), Some("completed")) => return Ok(()),
            // On the page the reason of a closed issue can be changed, and GraphQL does not promise to tell a duplicate.
            (Some(_), reason) => Refusal::NotCompleted(reason_in_words(reason)),
        };
        Err(Error::NotApproved { issue: number, refusal })
    }

    /// Tells the approvals before this one, which nobody used, that they were passed over: once each.
    fn notify_passed_over(&self, number: u64, closed_at: Timestamp, neighbours: &[Neighbour]) -> Result<()> {
        let bot = self.bot()?;
        let passed = neighbours.iter().filter(|other| {
            other.number != number
                && other.state == IssueState::Closed
                && other.state_reason.as_deref() == Some("COMPLETED")
                && other.closed_at.is_some_and(|at| at < closed_at)
                && other.author.as_ref().is_some_and(|author| bot.is(author))
        });
        for other in passed.take(MAX_TOLD) {
            let Some(mark) = self.mark_in(&other.body) else { continue };
            let used = mark.claims.iter().any(|claim| Some(claim.closed_at) == other.closed_at);
            if used
                || mark.superseded_by.is_some()
                || mark.record.as_ref().is_some_and(|record| record.destination.is_none())
            {
                continue;
            }
            // The markers alone do not say whether it was an approval, and a wrong word harms nothing: still, only
            // what is in order is touched.
            let Some(issue) = Snapshot::read(&self.client, other.number)? else { continue };
            let Ok(ledger) = Ledger::read(&issue, &self.trust()?) else { continue };
            if issue.state == IssueState::Open || issue.closed_at != other.closed_at {
                continue;
            }
            if !ledger.has_notice(Notice::Superseded, issue.closed_at) {
                let page = NoticePage { superseded_by: Some(number), ..NoticePage::default() };
                self.notice(other.number, Notice::Superseded, issue.closed_at, page, Some(&issue))?;
            }
            let mark = IssueMark { superseded_by: Some(number), ..ledger.current_mark() };
            self.write_body(other.number, mark, &ledger.text)?;
        }
        Ok(())
    }
}

/// Why nobody can tell whether something newer was deployed: somebody changed an issue that could say so.
fn changed_since(verdict: &Verdict, others: &[&Neighbour], bot: &Bot) -> Option<String> {
    let recorded = verdict.recorded.at;
    let is_newer = |other: &Neighbour| {
        other.created_at > recorded
            || other.state == IssueState::Open
            || other.closed_at.is_some_and(|closed| closed > recorded)
    };
    let changed = others.iter().find(|other| is_changed(other, bot) && is_newer(other));
    changed.map(|other| {
        let who = other.editor.as_ref().map_or("an account that is gone", |editor| editor.login.as_str());
        format!("{who} changed #{}, so nobody can tell whether that was deployed", other.number)
    })
}

/// Whether somebody else wrote the body of an issue last.
fn is_changed(issue: &Neighbour, bot: &Bot) -> bool {
    issue.last_edited_at.is_some() && !issue.editor.as_ref().is_some_and(|editor| bot.is(editor))
}

/// The file `approval.json` of a get of this gate.
pub(super) fn read_approval(path: &str, dir: &BuildDir) -> Result<Approval> {
    let text = dir.read_required(path, MAX_APPROVAL)?;
    parse_approval(path, &text)
}

pub(super) fn parse_approval(path: &str, text: &str) -> Result<Approval> {
    serde_json::from_str(text)
        .map_err(|error| Error::BadFile { path: path.to_owned(), why: format!("is not an approval: {error}") })
}

pub(super) fn closing_of(approval: &Approval) -> Result<Timestamp> {
    approval.closed_at.parse().map_err(|_| {
        Error::BadParams(format!("the approval's `closed_at` is not a moment: `{}`", one_line(&approval.closed_at, 60)))
    })
}

/// A name, such as a tag's, is refused before the approval is used: the checkout would refuse it afterwards.
fn check_commits(names: &[String], pins: &IndexMap<String, String>) -> Result<(), String> {
    names.iter().try_for_each(|name| match pins.get(name) {
        Some(version) => pins::check_commit(name, version),
        None => Err(format!("no version of `{name}` is approved")),
    })
}

/// When something was deployed last by another closing than this one: a label from before that allowed another rollback.
///
/// A claim on this issue has the time of its comment. Of another issue only the body is read, which has the time of the
/// closing, a little earlier.
fn last_deployment(issue: &Snapshot, verdict: &Verdict, elsewhere: &[(u64, Claim)]) -> Option<Timestamp> {
    let claimed_at = |id: u64| issue.comments().find(|comment| comment.id == id).map(|comment| comment.created_at);
    let here = verdict.ledger.claims.iter().filter(|(_, claim)| claim.closed_at != verdict.closed_at);
    let here = here.map(|(id, claim)| id.and_then(claimed_at).unwrap_or(claim.closed_at));
    here.chain(elsewhere.iter().map(|(_, claim)| claim.closed_at)).max()
}

/// Of the claims that builds made by themselves, the one whose comment came first. One that only the body remembers
/// came before all.
fn first_claim(ledger: &Ledger, closed_at: Timestamp) -> Option<(Option<u64>, &Claim)> {
    ledger
        .claims
        .iter()
        .filter(|(_, claim)| claim.closed_at == closed_at && claim.by.is_none())
        .map(|(id, claim)| (*id, claim))
        .min_by_key(|(id, _)| *id)
}

fn already_used(claim: &Claim) -> Error {
    Error::AlreadyUsed(format!(
        "the approval was used already by {}{}: it starts nothing by itself a second time; to deploy the same versions \
         again, start the job by hand in Concourse (the put needs `expose_build_created_by: true` on its resource)",
        claim.label,
        claim.log.as_ref().map(|log| format!(" ({log})")).unwrap_or_default()
    ))
}

fn shown(pins: &IndexMap<String, String>) -> String {
    if pins.is_empty() {
        return "(none)".to_owned();
    }
    pins.iter().map(|(name, version)| format!("{name} {version}")).collect::<Vec<_>>().join(", ")
}
