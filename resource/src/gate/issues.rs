//! The issues of a gate: finding them without a search, and writing to them so that nothing is lost or doubled.

use std::collections::BTreeMap;

use gate_contract::{GateKey, IssueKind, StageKey, StagePhase};
use github_gates::api::{self, Query};
use github_gates::digest::sha256;
use github_gates::ledger::marker::{IssueMark, Marker, Parsed, text_hash};
use github_gates::ledger::refusal::Fault;
use github_gates::ledger::{Ledger, Trust};
use github_gates::together;
use github_gates::{Comment, Identity, Issue, IssueState, Shape, Snapshot, User};
use jiff::Timestamp;
use serde_json::json;

use super::page::{self, NoticePage};
use super::session::{Gate, label_of};
use super::stale::{Stale, StaleWhy};
use crate::error::{Error, Result};

/// The issues of a gate, as the list shows them.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) open: Vec<Issue>,
    /// Those that were touched last.
    pub(super) closed: Vec<Issue>,
    /// Open ones of this gate by another account: the gate's former one, or nobody's.
    pub(super) foreign: Vec<Issue>,
    /// Open ones that lead nowhere since the pipeline changed.
    pub(super) stale: Vec<Stale>,
    /// The highest number seen: what is opened after has a higher one.
    pub(super) highest: u64,
}

/// What became of a comment.
#[derive(Debug)]
pub(super) enum Posted {
    Done {
        id: u64,
        at: Timestamp,
    },
    /// The issue is locked against comments.
    Locked,
}

impl Gate<'_> {
    /// The gate's issues: by its label, and when none of those is open by their author, for people can take labels
    /// away. An issue without a marker is ours when author and title are. `ungated` says that no gate is in front of this
    /// stage, so that issues which promote to it are stale.
    pub(super) fn find(&self, title: &str, ungated: bool) -> Result<Found> {
        let bot = self.bot()?;
        let mut listed = BTreeMap::new();
        let what = "listing the gate's issues";
        for key in &self.keys {
            let label = label_of(key);
            let url = Query::new("all")
                .with("labels", &label)
                .with("sort", "updated")
                .with("direction", "desc")
                .url(&self.client);
            let answer = self.client.get_answer(&url, None, Shape::List, what)?;
            if answer.status != 200 {
                return Err(self.client.refusal(&answer, what).into());
            }
            let more = answer.header("link").is_some_and(|link| link.contains("next"));
            let mut page: Vec<Issue> = api::parse(&answer, what)?;
            if more {
                // The open ones are needed to the last.
                page.extend(
                    self.client.list::<Issue>(&Query::new("open").with("labels", &label).url(&self.client), what)?,
                );
            }
            listed.extend(page.into_iter().map(|issue| (issue.number, issue)));
        }
        let mut found = self.sort(listed, title, ungated)?;
        if found.open.is_empty() {
            let login = match found.closed.iter().find_map(|issue| issue.user.as_ref()) {
                Some(user) => user.login.clone(),
                None => self.client.identity()?.login(),
            };
            let more = self.sort(self.listed_by_author(&login)?, title, ungated)?;
            found.open = more.open;
            let known: Vec<u64> = found.stale.iter().map(|stale| stale.number).collect();
            found.stale.extend(more.stale.into_iter().filter(|stale| !known.contains(&stale.number)));
            found.highest = found.highest.max(more.highest);
            self.restore_label(&mut found, more.closed)?;
        }
        debug_assert!(found.open.iter().all(|issue| bot.wrote(issue)));
        Ok(found)
    }

    /// The account's open issues, and those that were touched last.
    fn listed_by_author(&self, login: &str) -> Result<BTreeMap<u64, Issue>> {
        let what = "listing the account's issues";
        let query = |state: &str| {
            Query::new(state).with("creator", login).with("sort", "updated").with("direction", "desc").url(&self.client)
        };
        let answer = self.client.get_answer(&query("all"), None, Shape::List, what)?;
        if answer.status != 200 {
            return Err(self.client.refusal(&answer, what).into());
        }
        let mut issues: Vec<Issue> = api::parse(&answer, what)?;
        if answer.header("link").is_some_and(|link| link.contains("next")) {
            issues.extend(self.client.list::<Issue>(&query("open"), what)?);
        }
        Ok(issues.into_iter().map(|issue| (issue.number, issue)).collect())
    }

    /// Gives the gate's newest closed issue its label back, if somebody took it off: without it no check sees whether the
    /// closing approves. It is the newest of all, so that a label that was deleted in the whole repository does not bring
    /// old closings up.
    fn restore_label(&self, found: &mut Found, by_author: Vec<Issue>) -> Result<()> {
        let newest = found.closed.iter().filter_map(|issue| issue.closed_at).max();
        let is_labelled = |issue: &Issue| self.keys.iter().any(|key| issue.has_label(&label_of(key)));
        let lost = by_author
            .into_iter()
            .filter(|issue| {
                self.mark_of_issue(issue).is_some() && issue.closed_at.is_some() && issue.closed_at > newest
            })
            .max_by_key(|issue| issue.closed_at);
        let Some(lost) = lost.filter(|issue| !is_labelled(issue)) else { return Ok(()) };
        let label = label_of(&self.source.gate);
        self.log.say(format_args!(
            "somebody took the label {label} off issue #{}; it is set again, so that the next check sees the closing",
            lost.number
        ));
        api::add_labels(&self.client, lost.number, &[label.as_str()])?;
        found.closed.push(lost);
        Ok(())
    }

    fn sort(&self, listed: BTreeMap<u64, Issue>, title: &str, ungated: bool) -> Result<Found> {
        let bot = self.bot()?;
        let mut found = Found::default();
        for issue in listed.into_values() {
            found.highest = found.highest.max(issue.number);
            if issue.is_pull_request() {
                continue;
            }
            if !bot.wrote(&issue) {
                if issue.is_open() && self.mark_of_issue(&issue).is_some() {
                    found.foreign.push(issue);
                }
                continue;
            }
            let ours = match Parsed::read(issue.body()) {
                Some(Ok(Parsed { marker: Marker::Issue(mark), .. })) => {
                    let is_own = self.keys.contains(&mark.gate);
                    // Nothing is recorded on an issue that people were told to leave.
                    let ended = (is_own && mark.ended).then_some(StaleWhy::Ended);
                    if let Some(why) = self.stale(&mark, ungated).or(ended).filter(|_| issue.is_open()) {
                        found.stale.push(Stale { number: issue.number, promotes_to: mark.destination, why });
                        continue;
                    }
                    is_own
                }
                // The marker is gone or broken: ours by its title.
                _ => issue.title == title,
            };
            if ours && issue.is_open() {
                found.open.push(issue);
            } else if ours {
                found.closed.push(issue);
            }
        }
        found.closed.sort_by_key(|issue| std::cmp::Reverse(issue.updated_at));
        Ok(found)
    }

    /// Why an open issue leads nowhere, if it does. One of this gate does when it promotes to another stage than the gate does
    /// now. One of another gate of the project does when this gate leads to its stage now, for a stage takes its approvals
    /// from one gate alone; or when its stage is this one, and has no gate at all.
    pub(super) fn stale(&self, mark: &IssueMark, ungated: bool) -> Option<StaleWhy> {
        if self.keys.contains(&mark.gate) {
            return (!self.leads_on(mark.destination.as_ref())).then_some(StaleWhy::OtherStage);
        }
        let promotes_to = mark.destination.as_ref()?;
        let gate = &self.source.gate;
        let is_here = || {
            promotes_to.stage() == gate.stage()
                && (gate.kind() == IssueKind::Deployed || promotes_to.phase() == StagePhase::Preview)
        };
        if mark.gate.stage().project() != gate.stage().project() {
            None
        } else if self.promotes_to().is_some_and(|destination| destination.is(promotes_to)) {
            Some(StaleWhy::OtherGate)
        } else {
            (ungated && is_here()).then_some(StaleWhy::Ungated)
        }
    }

    /// Writes into the body that closing the issue deploys nothing any more, and closes the issue if wanted. Where the texts
    /// of the issue are not believed it can approve nothing anyway.
    pub(super) fn end(&self, issue: &Snapshot, closes: bool) -> Result<()> {
        let fields = if closes { json!({"state": "closed", "state_reason": "not_planned"}) } else { json!({}) };
        // The issue may be of another gate of the project.
        let keys: Vec<GateKey> = match Parsed::read(&issue.body) {
            Some(Ok(Parsed { marker: Marker::Issue(mark), .. })) => vec![mark.gate],
            _ => Vec::new(),
        };
        let trust = Trust { keys: &keys, ..self.trust()? };
        let ledger = match Ledger::read(issue, &trust) {
            Ok(ledger) => ledger,
            Err(_) if closes => {
                api::update(&self.client, issue.number, &fields)?;
                return Ok(());
            }
            Err(_) => return Ok(()),
        };
        let mark = ledger.current_mark();
        let mut now =
            self.write_body_and(issue.number, IssueMark { ended: true, ..mark.clone() }, &ledger.text, fields)?;
        if !now.is_open() && now.state_reason.as_deref() == Some("completed") {
            // A person closed the issue first, and that approval stands.
            now = self.write_body(issue.number, mark, &ledger.text)?;
        }
        // Another put, or a claim, wrote meanwhile.
        self.resync(now, &trust).map(|_| ())
    }

    /// What is said on an issue that leads nowhere.
    pub(super) fn stale_page(&self, stale: &Stale) -> NoticePage {
        let name = |stage: &StageKey| stage.stage().in_project();
        NoticePage {
            stale: Some(stale.why),
            promoted_to: stale.promotes_to.as_ref().map(name),
            promotes_to: self.source.destination.as_ref().map(name),
            ..NoticePage::default()
        }
    }

    /// The marker of an issue of this gate.
    pub(super) fn mark_of_issue(&self, issue: &Issue) -> Option<IssueMark> {
        self.mark_in(issue.body())
    }

    /// Comments, and knows the comment again when GitHub does not say whether it took it.
    pub(super) fn post(&self, number: u64, marker: &Marker, text: &str, nonce: &str) -> Result<Posted> {
        let gate = self.gate_of(number)?;
        let body = marker.write(text, self.signer.as_ref(), &gate, Some(number));
        let bot = self.bot()?;
        let write = || match api::comment(&self.client, number, &body) {
            Ok(Comment { id, user, .. }) if !user.as_ref().is_some_and(|user| bot.is_user(user)) => {
                // Nothing of another account is believed: a claim there would be no claim.
                api::delete_comment(&self.client, id)?;
                Err(self.other_account(user.as_ref()))
            }
            Ok(Comment { id, created_at, .. }) => Ok(Posted::Done { id, at: created_at }),
            Err(github_gates::Error::Forbidden { why, .. }) if why.contains("issue is locked") => Ok(Posted::Locked),
            Err(error) => Err(error.into()),
        };
        self.client.once(write, || {
            let Some(issue) = Snapshot::read(&self.client, number)? else { return Ok(None) };
            Ok(self.comment_with(&issue, nonce)?.map(|(id, at)| Posted::Done { id, at }))
        })
    }

    /// Sees that the credentials are those of the account that `bot` names, before anything is written in its name.
    /// Where GitHub does not say whose credentials they are, the first write shows it.
    pub(super) fn verify_account(&self) -> Result<()> {
        if self.source.bot.is_none() {
            return Ok(());
        }
        let account = match self.client.identity() {
            Ok(Identity::User { id, login }) => User { id, login, kind: "User".to_owned() },
            Ok(Identity::App { slug }) => api::bot_of_app(&self.client, &slug)?,
            Err(github_gates::Error::Forbidden { .. } | github_gates::Error::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if self.bot()?.is_user(&account) { Ok(()) } else { Err(self.other_account(Some(&account))) }
    }

    pub(super) fn other_account(&self, account: Option<&User>) -> Error {
        let configured = self.source.bot.map(|id| format!("`bot` is {id}")).unwrap_or_default();
        Error::BadSource(match account {
            Some(User { id, login, .. }) => format!(
                "{configured}, and these credentials belong to `{login}`, whose id is {id}; set `bot` to {id}, or use the \
                 credentials of the account that `bot` names"
            ),
            None => format!("{configured}, and GitHub does not show whose credentials these are"),
        })
    }

    /// The comment of ours that carries `nonce`: a record's is its hash.
    pub(super) fn comment_with(&self, issue: &Snapshot, nonce: &str) -> Result<Option<(u64, Timestamp)>> {
        let bot = self.bot()?;
        Ok(issue
            .comments()
            .filter(|comment| comment.author.as_ref().is_some_and(|author| bot.is(author)))
            .find(|comment| match Parsed::read(&comment.body) {
                Some(Ok(parsed)) => match &parsed.marker {
                    Marker::Record(mark) => mark.record.hash() == nonce,
                    Marker::Claim(mark) => mark.nonce == nonce,
                    Marker::Report(mark) => mark.nonce == nonce,
                    Marker::Notice(mark) => mark.nonce == nonce,
                    Marker::Issue(_) | Marker::Void => false,
                },
                _ => false,
            })
            .map(|comment| (comment.id, comment.created_at)))
    }

    /// Seals are made for the key that stands in the issue's body: a former one after a renaming.
    fn gate_of(&self, number: u64) -> Result<GateKey> {
        if self.signer.is_none() || self.keys.len() == 1 {
            return Ok(self.source.gate.clone());
        }
        let issue = api::issue(&self.client, number)?;
        Ok(self.mark_of_issue(&issue).map_or_else(|| self.source.gate.clone(), |mark| mark.gate))
    }

    /// Writes the body anew; the answer tells how the issue stands at that moment.
    pub(super) fn write_body(&self, number: u64, mark: IssueMark, text: &str) -> Result<Issue> {
        self.write_body_and(number, mark, text, json!({}))
    }

    /// As [`write_body`](Self::write_body), with further fields of the issue.
    pub(super) fn write_body_and(
        &self,
        number: u64,
        mark: IssueMark,
        text: &str,
        mut fields: serde_json::Value,
    ) -> Result<Issue> {
        let gate = mark.gate.clone();
        let text = &self.log.postable(text);
        let mark = IssueMark { text: text_hash(text), ..mark };
        fields["body"] = json!(Marker::Issue(mark).write(text, self.signer.as_ref(), &gate, Some(number)));
        Ok(api::update(&self.client, number, &fields)?)
    }

    /// The ledger of an open issue. Where it is not to be believed, it begins anew: the chain of records starts over, so
    /// that nothing recorded before counts any more. The comments that somebody changed come with it.
    ///
    /// None for an issue that can never be this gate's.
    pub(super) fn ledger_or_restart(
        &self,
        issue: &Snapshot,
        destination: Option<&StageKey>,
    ) -> Result<Option<(Ledger, Option<Changed>)>> {
        let trust = self.trust()?;
        let fault = match Ledger::read(issue, &trust) {
            Ok(ledger) => return Ok(Some((ledger, None))),
            Err(fault) => fault,
        };
        if matches!(fault, Fault::Foreign | Fault::OtherGate(_) | Fault::Transferred) {
            self.log.say(format_args!("issue #{}: {fault}; it is left alone", issue.number));
            return Ok(None);
        }
        self.verify_account()?;
        self.log.say(format_args!("issue #{}: {fault}; what was recorded there so far counts no more", issue.number));
        let gate = self.mark_in(&issue.body).map_or_else(|| self.source.gate.clone(), |mark| mark.gate);
        let changed = Changed {
            issue: issue.number,
            comments: trust.bad_comments(issue, &gate),
            gate: gate.clone(),
            why: fault.to_string(),
        };
        // Of what was found, so that two puts that find the same agree on the chain.
        let chain = sha256(&format!("{} {}", issue.number, issue.body))[..32].to_owned();
        let ledger = Ledger::empty(IssueMark {
            gate,
            destination: destination.cloned(),
            nonce: chain.clone(),
            chain,
            records: 0,
            record: None,
            claims: Vec::new(),
            superseded_by: None,
            ended: false,
            text: String::new(),
        });
        Ok(Some((ledger, Some(changed))))
    }

    /// Tells of comments that somebody changed that they count no more.
    ///
    /// Only when the chain began anew: without them the records before would be in order, and a closing would approve
    /// an older one than its person saw.
    pub(super) fn void(&self, changed: &Changed) -> Result<()> {
        let text = page::void(&changed.why)?;
        let text = Marker::Void.write(&text, self.signer.as_ref(), &changed.gate, Some(changed.issue));
        changed.comments.iter().try_for_each(|comment| Ok(api::edit_comment(&self.client, *comment, &text).map(drop)?))
    }

    /// The marker at the head of a text, where it is one of this gate.
    pub(super) fn mark_in(&self, body: &str) -> Option<IssueMark> {
        match Parsed::read(body) {
            Some(Ok(Parsed { marker: Marker::Issue(mark), .. })) if self.keys.contains(&mark.gate) => Some(mark),
            _ => None,
        }
    }

    /// Did a person open it again? Then it is theirs to close.
    pub(super) fn was_reopened(&self, issue: &Snapshot) -> Result<bool> {
        let bot = self.bot()?;
        Ok(issue.was_reopened_by_other_than(|actor| bot.is(actor)))
    }
}

/// Comments of an issue that somebody changed.
pub(super) struct Changed {
    issue: u64,
    comments: Vec<u64>,
    gate: GateKey,
    why: String,
}

impl Found {
    /// The number after which an issue of the gate can have been opened and deleted: that of its newest issue; of a gate
    /// that has none, the highest of all that were listed.
    pub(super) fn last_seen(&self) -> u64 {
        let listed = self.open.iter().chain(&self.closed).map(|issue| issue.number);
        listed.chain(self.stale.iter().map(|stale| stale.number)).max().unwrap_or(self.highest)
    }

    /// The issue that goes on, and the others: of those opened together the lowest, for it was there first.
    pub(super) fn choose(&self) -> Option<(&Issue, Vec<&Issue>)> {
        let newest = self.open.iter().max_by_key(|issue| (issue.created_at, issue.number))?;
        let chosen = self.open.iter().filter(|issue| together(newest, issue)).min_by_key(|issue| issue.number)?;
        Some((chosen, self.open.iter().filter(|issue| issue.number != chosen.number).collect()))
    }
}

pub(super) fn is_open(issue: &Snapshot) -> bool {
    issue.state == IssueState::Open
}

pub(super) fn has_nonce(issue: &Issue, nonce: &str) -> bool {
    matches!(
        Parsed::read(issue.body()),
        Some(Ok(Parsed { marker: Marker::Issue(mark), .. })) if mark.nonce == nonce
    )
}
