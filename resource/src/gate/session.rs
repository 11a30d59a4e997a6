use std::cell::OnceCell;
use std::time::Duration;

use gate_contract::{GateKey, GatePut, GateSource, IssueKind, Role, StageKey};
use github_gates::digest::sha256;
use github_gates::ledger::Trust;
use github_gates::ledger::bot::Bot;
use github_gates::ledger::destination::Destination;
use github_gates::ledger::signature::Signer;
use github_gates::log::Log;
use github_gates::{AuthFields, Client, Credentials, Patience, Settings};
use jiff::Timestamp;
use serde_json::Value;

use super::destination;
use crate::build::Build;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::protocol::Version;

const TIMEOUT: u64 = 30;

/// One gate, as a step sees it: its source, the client for its repository, and whom to believe.
pub(crate) struct Gate<'a> {
    pub(super) source: &'a GateSource,
    pub(super) client: Client<'a>,
    pub(super) build: &'a Build,
    pub(super) log: &'a Log,
    pub(super) signer: Option<Signer>,
    /// The gate's key, then its former ones.
    pub(super) keys: Vec<GateKey>,
    pub(super) not_before: Option<Timestamp>,
    pub(super) bot: OnceCell<Bot>,
}

impl<'a> Gate<'a> {
    pub(super) fn new(source: &'a GateSource, context: &'a Context<'a>, patience: Patience) -> Result<Self> {
        refuse_unsupported(source)?;
        if source.git.is_some() && source.role != Role::Trigger {
            return Err(Error::BadSource(
                "`git` belongs to the resource with `role: trigger`; remove it from the one with `role: post`"
                    .to_owned(),
            ));
        }
        destination::check_source(source)?;
        let not_before = source.not_before.as_deref().map(parse_not_before).transpose()?;
        let credentials = Credentials::of(&AuthFields {
            method: source.auth_method,
            access_token: source.access_token.as_ref(),
            app_id: source.app_id.as_ref(),
            app_installation_id: source.app_installation_id.as_ref(),
            private_ssh_key: source.private_ssh_key.as_ref(),
        })?;
        let client = Client::new(
            Settings {
                host: source.gh_host.clone(),
                repository: source.repository.clone(),
                credentials,
                ca_cert: source.ca_cert.clone(),
                timeout: Duration::from_secs(source.timeout.unwrap_or(TIMEOUT).max(1)),
                max_wait: patience.max_wait(source.max_wait),
                persistent: patience.is_persistent(),
            },
            context.clock,
            context.log,
        )?;
        let signer = match source.signing_key.as_deref() {
            Some(key) if key.len() < 16 => {
                return Err(Error::BadSource(
                    "`signing_key` is too short to sign with: 16 characters at the least".to_owned(),
                ));
            }
            key => key.map(|key| Signer::new(key, &source.gh_host, &source.repository)),
        };
        let keys = std::iter::once(&source.gate).chain(&source.gate_aliases).cloned().collect();
        Ok(Self {
            source,
            client,
            build: &context.build,
            log: context.log,
            signer,
            keys,
            not_before,
            bot: OnceCell::new(),
        })
    }

    /// The account that writes the issues: as the source says, else whose credentials these are.
    pub(super) fn bot(&self) -> Result<&Bot> {
        if let Some(bot) = self.bot.get() {
            return Ok(bot);
        }
        let bot = match self.source.bot {
            Some(id) => Bot::Id(id),
            None => Bot::of(&self.client.identity()?),
        };
        Ok(self.bot.get_or_init(|| bot))
    }

    /// Adds to an error of GitHub's, after a deployment that happened, what is missing and how to make up for it.
    pub(super) fn with_recovery(&self, error: Error, params: &GatePut) -> Error {
        if !error.is_of_github() {
            return error;
        }
        let again = match self.build.rerun() {
            Some(command) => format!("`{command}`"),
            None => "the step again".to_owned(),
        };
        let help = match params {
            // Nothing was deployed yet, and nothing used up.
            GatePut::Claim(_) => return error,
            GatePut::Record(_) => format!(
                "the build itself is done, and only its record is missing: nobody can approve its versions yet. Fix the \
                 cause, then run {again}: it runs the build again with the same versions, and records them. The next \
                 build of the job records its own versions, too"
            ),
            GatePut::Report(_) => {
                "the deployment itself is not affected, and nothing has to run again; only the comment \
                                   with its outcome is missing on the issue"
                    .to_owned()
            }
        };
        Error::Unfinished { error: Box::new(error), help }
    }

    /// The stage whose approvals this resource gives, claims and reports.
    ///
    /// # Errors
    ///
    /// When the source names none.
    pub(super) fn destination(&self) -> Result<Destination<'_>> {
        self.promotes_to().ok_or_else(destination::missing)
    }

    /// The stage that an issue of this gate promotes to; none for an issue that is only a record.
    pub(super) fn promotes_to(&self) -> Option<Destination<'_>> {
        let stage = self.source.destination.as_ref()?;
        Some(Destination::new(stage, &self.source.former_destinations))
    }

    /// Whether an issue that promotes to `marked` still leads where this gate leads now.
    pub(super) fn leads_on(&self, marked: Option<&StageKey>) -> bool {
        match (self.promotes_to(), marked) {
            (Some(destination), Some(marked)) => destination.is(marked),
            (None, None) => true,
            _ => false,
        }
    }

    pub(super) fn trust(&self) -> Result<Trust<'_>> {
        Ok(Trust { bot: self.bot()?, keys: &self.keys, signer: self.signer.as_ref() })
    }

    /// The version that a put emits. It starts nothing: a post resource has no trigger.
    pub(super) fn put_version(&self, issue: Option<u64>, state: &str) -> Version {
        let mut version = Version::new();
        if let Some(number) = issue {
            version.insert("issue_number".to_owned(), Value::from(number.to_string()));
        }
        version.insert("state".to_owned(), Value::from(state));
        version.insert("build".to_owned(), Value::from(self.build.id.clone().unwrap_or_else(|| "none".to_owned())));
        version
    }
}

/// The label by which GitHub finds the issues of a gate. It filters and proves nothing; labels hold 50 characters.
pub(super) fn label_of(key: &GateKey) -> String {
    format!("gate:{}", &sha256(&key.to_string())[..16])
}

fn parse_not_before(text: &str) -> Result<Timestamp> {
    text.parse().map_err(|_| {
        Error::BadSource(format!("`not_before` is a moment such as 2026-01-31T12:00:00Z, and not `{text}`"))
    })
}

/// What cannot be kept is refused, and never ignored.
fn refuse_unsupported(source: &GateSource) -> Result<()> {
    if source.role == Role::Records && source.gate.kind() != IssueKind::Deployed {
        return Err(Error::BadSource(format!(
            "`role: records` is for a gate `…/deployed`: previews are recorded in `{}`, and a preview starts nothing",
            source.gate
        )));
    }
    if source.approvals.is_some_and(|approvals| approvals != 1) {
        return Err(Error::Unsupported {
            field: "approvals",
            why: "closing an issue is the act of one person, and GitHub ties no second one to it; leave it at 1",
        });
    }
    if let Some(freeze) = source.freezes.iter().find(|freeze| !freeze.is_some_time()) {
        return Err(Error::BadSource(format!("a freeze ends before it begins: {freeze}")));
    }
    if source.not_author {
        return Err(Error::Unsupported {
            field: "not_author",
            why: "a commit names its author by an address that anybody can write, so that who made a change cannot be \
                  established; name who may approve in `closers` instead",
        });
    }
    Ok(())
}
