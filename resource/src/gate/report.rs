use super::Gate;
use super::claim::{closing_of, once, parse_approval};
use super::issues::Posted;
use super::ledger::Ledger;
use super::marker::{Marker, ReportMark};
use super::page;
use super::record::random_hex;
use super::verdict::Refusal;
use crate::contract::{ReportParams, ReportStatus};
use crate::error::{Error, Result};
use crate::files::BuildDir;
use crate::github::Snapshot;
use crate::step::{Metadatum, Outcome};

const MAX_APPROVAL: u64 = 1 << 20;

impl Gate<'_> {
    /// Tells the issue whose approval was used what became of it: once for each build and status.
    pub(super) fn report(&self, params: &ReportParams, dir: &BuildDir) -> Result<Outcome> {
        let consumer = self.consumer(&params.consumer)?;
        // A hook runs after a get that failed, too: then there is no approval, and nobody to tell.
        let Some(text) = dir.read(&params.approval, MAX_APPROVAL)? else {
            self.log.say(format_args!(
                "{} is not there: the build took no approval, and nothing is reported",
                params.approval
            ));
            return Ok(Outcome { version: self.put_version(None, "unreported"), metadata: Vec::new() });
        };
        let approval = parse_approval(&params.approval, &text)?;
        let closed_at = closing_of(&approval)?;
        let number = approval.issue;
        let issue = Snapshot::read_required(&self.client, number)?;
        if !issue.author.as_ref().map_or(Ok(false), |author| self.bot().map(|bot| bot.is(author)))? {
            return Err(Error::BadParams(format!("issue #{number} is not one of this account's")));
        }
        // Where nobody can read what was approved, the job has failed by that, and still says so.
        if let Ok(ledger) = Ledger::read(&issue, &self.trust()?)
            && let Some(record) = ledger.approved(closed_at).and_then(|recorded| recorded.record.destination.as_ref())
            && !consumer.is(record)
        {
            return Err(Error::NotApproved { issue: number, refusal: Refusal::wrong_destination(record, consumer) });
        }
        let nonce = match self.build.key() {
            Some(build) => {
                once(&[&build, &params.consumer.to_string(), status_name(params.status), &approval.closed_at])
            }
            None => random_hex()?,
        };
        let outcome = Outcome {
            version: self.put_version(Some(number), status_name(params.status)),
            metadata: vec![Metadatum::new("issue", issue.url.clone())],
        };
        if self.comment_with(&issue, &nonce)?.is_some() {
            return Ok(outcome);
        }
        let text = page::report(params.status, &params.consumer, &self.build.label(), self.build.url().as_deref())?;
        let marker = Marker::Report(ReportMark {
            consumer: params.consumer.clone(),
            closed_at,
            status: params.status,
            build: self.build.key(),
            nonce: nonce.clone(),
        });
        if let Posted::Locked = self.post(number, &marker, &text, &nonce)? {
            self.log.say(format_args!("issue #{number} is locked, and was told nothing"));
        }
        Ok(outcome)
    }
}

fn status_name(status: ReportStatus) -> &'static str {
    match status {
        ReportStatus::Started => "started",
        ReportStatus::Succeeded => "succeeded",
        ReportStatus::Failed => "failed",
        ReportStatus::Errored => "errored",
        ReportStatus::Aborted => "aborted",
    }
}
