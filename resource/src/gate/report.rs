use std::time::Duration;

use gate_contract::{ReportParams, ReportStatus};
use github_gates::api::{self, Query};
use github_gates::digest::nonce_of;
use github_gates::ledger::Ledger;
use github_gates::ledger::marker::{Claim, Marker, ReportMark};
use github_gates::{Issue, LOOKS, Shape, Snapshot};

use super::issues::Posted;
use super::page;
use super::session::{Gate, label_of};
use crate::error::{Error, Result};
use crate::protocol::{Metadatum, Outcome};

/// Issues whose comments are read for a claim that no body has.
const MAX_READ: usize = 3;

impl Gate<'_> {
    /// Tells the issue whose approval this build claimed what became of it: once for each build and status.
    ///
    /// The claim is found by the build that made it. So the put needs no artifact, and reports even when the worker that
    /// held them is gone.
    pub(super) fn report(&self, params: &ReportParams) -> Result<Outcome> {
        self.destination()?;
        let build = self.build.key().ok_or_else(|| {
            Error::BadRequest("`BUILD_ID` is not set: a report belongs to a build of Concourse".to_owned())
        })?;
        // A hook also runs when the build claimed nothing: then there is nobody to tell.
        let Some((number, claim)) = self.claim_of(&build)? else {
            self.log.say(format_args!("this build claimed no approval, and nothing is reported"));
            return Ok(Outcome { version: self.put_version(None, "unreported"), metadata: Vec::new() });
        };
        let issue = Snapshot::read_required(&self.client, number)?;
        let outcome = Outcome {
            version: self.put_version(Some(number), status_name(params.status)),
            metadata: vec![Metadatum::new("issue", issue.url.clone())],
        };
        let closed_at = claim.closed_at.to_string();
        let nonce = nonce_of(&[&build, &claim.consumer.to_string(), status_name(params.status), &closed_at]);
        if self.comment_with(&issue, &nonce)?.is_some() {
            return Ok(outcome);
        }
        let text = page::report(params.status, &claim, &self.build.label(), self.build.url().as_deref())?;
        let marker = Marker::Report(ReportMark {
            consumer: claim.consumer,
            closed_at: claim.closed_at,
            status: params.status,
            build: Some(build),
            nonce: nonce.clone(),
        });
        if let Posted::Locked = self.post(number, &marker, &text, &nonce)? {
            self.log.say(format_args!("issue #{number} is locked, so no comment was added"));
        }
        Ok(outcome)
    }

    /// The claim that a build made, and its issue. The claim changed the issue, so the list shows it among the first; a
    /// list that is behind is asked again for a while.
    fn claim_of(&self, build: &str) -> Result<Option<(u64, Claim)>> {
        let what = "listing the gate's issues";
        let bot = self.bot()?;
        for wait in [Duration::ZERO].into_iter().chain(LOOKS) {
            self.client.sleep(wait);
            for key in &self.keys {
                let url = Query::new("all")
                    .with("labels", &label_of(key))
                    .with("sort", "updated")
                    .with("direction", "desc")
                    .url(&self.client);
                let answer = self.client.get_answer(&url, None, Shape::List, what)?;
                if answer.status != 200 {
                    return Err(self.client.refusal(&answer, what).into());
                }
                let issues: Vec<Issue> = api::parse(&answer, what)?;
                let ours: Vec<(u64, Vec<Claim>)> = issues
                    .iter()
                    .filter(|issue| bot.wrote(issue))
                    .filter_map(|issue| Some((issue.number, self.mark_of_issue(issue)?.claims)))
                    .collect();
                let is_its = |claim: &Claim| claim.build.as_deref() == Some(build);
                let found =
                    ours.iter().find_map(|(number, claims)| Some((*number, claims.iter().find(|it| is_its(it))?)));
                if let Some((number, claim)) = found {
                    return Ok(Some((number, claim.clone())));
                }
                // A claim that ended between its comment and the body is in the comment alone. One look is enough: the
                // claim is older than this build's end.
                let looked_into = if wait.is_zero() { MAX_READ } else { 0 };
                for (number, _) in ours.iter().take(looked_into) {
                    let Some(issue) = Snapshot::read(&self.client, *number)? else { continue };
                    let Ok(ledger) = Ledger::read(&issue, &self.trust()?) else { continue };
                    if let Some((_, claim)) = ledger.claims.into_iter().find(|(_, claim)| is_its(claim)) {
                        return Ok(Some((*number, claim)));
                    }
                }
            }
        }
        Ok(None)
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
