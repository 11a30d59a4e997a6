use std::path::Path;

use gate_contract::{Approval, GitSource, files};
use github_gates::Snapshot;
use github_gates::ledger::marker::Notice;
use indexmap::IndexMap;
use serde_json::Value;

use super::check::{ApprovalId, ClosingId};
use super::page::NoticePage;
use super::session::Gate;
use crate::error::{Error, Result};
use crate::files::{write, write_executable};
use crate::git::{GitResource, check_clone};
use crate::protocol::{Metadatum, Outcome, Version};

/// Puts the approved versions into the clones of a build. Jobs run the script of the get, so that the script always
/// agrees with the files beside it.
const CHECKOUT_APPROVED: &str = include_str!("checkout-approved.sh");

impl Gate<'_> {
    /// Writes an approval's files. It writes nothing on GitHub: Concourse keeps what a get made and does not run it
    /// again, and runs it for everybody who takes the version.
    pub(super) fn get(&self, version: Version, dir: &Path) -> Result<Outcome> {
        if version.contains_key("state") && !version.contains_key("issue_closed_at") {
            return Self::get_put(version, dir);
        }
        let id = ApprovalId::of(&version, self.source)?;
        let (_, approval) = self.approval(id.closing)?;
        write_approval(&approval, &version, dir)?;
        let mut metadata = vec![Metadatum::new("issue", approval.url)];
        metadata.extend(approval.pins.get(files::CODE_PIN).map(|code| Metadatum::new("ref", code.clone())));
        metadata.push(Metadatum::new("approved_by", approval.closed_by));
        metadata.push(Metadatum::new("approved_at", approval.closed_at));
        Ok(Outcome { version, metadata })
    }

    /// Has git's own resource clone the code at the approved commit, and writes the approval's files into the clone.
    ///
    /// Where git does not bring the commit, the issue is told once for each closing.
    pub(super) fn get_code(
        &self,
        resource: &GitResource,
        git: &GitSource,
        version: Version,
        params: Option<&Value>,
        dir: &Path,
    ) -> Result<Outcome> {
        let id = ApprovalId::of(&version, self.source)?;
        let (issue, approval) = self.approval(id.closing)?;
        let commit = approval.pins.get(files::CODE_PIN);
        let Some(commit) = commit.filter(|commit| id.commit.as_ref() == Some(commit)) else {
            return Err(Error::OtherCommit {
                issue: id.closing.number,
                version: id.commit.unwrap_or_default(),
                approved: commit.cloned().unwrap_or_default(),
            });
        };
        let fetched = resource
            .fetch(git, commit, params, dir, self.log)
            .and_then(|shown| check_clone(dir, commit, &git.branch, self.log).map(|()| shown));
        let shown = match fetched {
            Ok(shown) => shown,
            Err(error) => {
                if let Error::NotFetched { .. } | Error::NotOnBranch { .. } = error {
                    self.notify_not_fetched(&issue, id.closing, &error);
                }
                return Err(error);
            }
        };
        write_approval(&approval, &version, &dir.join(files::IN_CLONE))?;
        let mut metadata = vec![
            Metadatum::new("issue", approval.url),
            Metadatum::new("approved_by", approval.closed_by),
            Metadatum::new("approved_at", approval.closed_at),
        ];
        metadata.extend(shown);
        Ok(Outcome { version, metadata })
    }

    /// The approval that a closing is, or was when it was used.
    fn approval(&self, id: ClosingId) -> Result<(Snapshot, Approval)> {
        let issue = Snapshot::read_required(&self.client, id.number)?;
        let verdict = match self.judge(&issue, id.closed_at, self.destination()?)? {
            Ok(verdict) => verdict,
            Err(refusal) => {
                let used = self.used(&issue, id.closed_at, self.destination()?)?;
                let verdict = used.ok_or(Error::NotApproved { issue: id.number, refusal: refusal.clone() })?;
                self.log.say(format_args!(
                    "issue #{}: this approval was used before, and approves nothing more: {refusal}",
                    id.number
                ));
                verdict
            }
        };
        let approval = verdict.approval(&issue);
        Ok((issue, approval))
    }

    /// Tells the people on the issue, once for each closing, that git did not bring the commit. The job's own reports
    /// need the approval's files, which are not there.
    fn notify_not_fetched(&self, issue: &Snapshot, id: ClosingId, error: &Error) {
        let what = Notice::NotFetched;
        let notified = self.was_notified(issue, what, Some(id.closed_at)).and_then(|was_notified| {
            let page = NoticePage { refusal: error.to_string(), ..NoticePage::default() };
            if was_notified { Ok(false) } else { self.notice(id.number, what, Some(id.closed_at), page, None) }
        });
        if let Err(error) = notified {
            self.log.say(format_args!("issue #{} could not be updated: {error}", id.number));
        }
    }

    /// The get that Concourse runs after a put: what was put, and nothing that could be deployed.
    fn get_put(version: Version, dir: &Path) -> Result<Outcome> {
        write(&dir.join(files::VERSION), &format!("{}\n", Value::Object(version.clone())))?;
        Ok(Outcome { version, metadata: Vec::new() })
    }
}

fn write_approval(approval: &Approval, version: &Version, dir: &Path) -> Result<()> {
    let json = serde_json::to_string_pretty(approval).map_err(|error| Error::Internal(error.to_string()))?;
    write(&dir.join(files::APPROVAL), &format!("{json}\n"))?;
    write_versions(&approval.pins, version, dir)
}

/// Writes the version that was got, the versions of the pins, and the script that checks them out.
pub(super) fn write_versions(pins: &IndexMap<String, String>, version: &Version, dir: &Path) -> Result<()> {
    write(&dir.join(files::VERSION), &format!("{}\n", Value::Object(version.clone())))?;
    for (name, pin) in pins {
        write(&dir.join(files::PINS).join(name), &format!("{pin}\n"))?;
    }
    if let Some(code) = pins.get(files::CODE_PIN) {
        write(&dir.join(files::REF), &format!("{code}\n"))?;
    }
    write_executable(&dir.join(files::CHECKOUT), CHECKOUT_APPROVED)
}
