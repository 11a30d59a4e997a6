use std::time::Duration;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::json;

use super::issues::{Found, Posted, has_nonce, is_open};
use super::page::{self, NoticePage, RecordPage, Rejected, Section};
use super::session::{Gate, label_of};
use super::{content, pins};
use crate::commits::{self, Changes};
use crate::error::{Error, Result};
use crate::files::BuildDir;
use crate::protocol::{Metadatum, Outcome};
use gate_contract::{Approve, IssueKind, OnExisting, RecordParams, RecordState, StageKey, VersionRecord, files};
use github_gates::digest::{random_hex, sha256};
use github_gates::ledger::marker::{
    Claim, Earlier, IssueMark, Marker, Notice, NoticeMark, Parsed, Record, RecordMark, text_hash,
};
use github_gates::ledger::refusal::Fault;
use github_gates::ledger::refusal::reason_in_words;
use github_gates::ledger::{Ledger, Recorded, Trust};
use github_gates::text::{MAX_TITLE, has_unfilled_variable, one_line};
use github_gates::{Issue, LOOKS, NewIssue, Snapshot, api, issues_below, together};

/// Comments on one issue before further records share one, unless the source says.
const MAX_COMMENTS: u32 = 20;
/// A file that is shown; what is longer is cut in the text anyway.
const MAX_FILE: u64 = 1 << 20;
/// A file that holds a version.
const MAX_PIN_FILE: u64 = 4 << 10;
/// Issues of a former account that one record tells.
const MAX_FORMER: usize = 5;
/// Open issues that one record closes since they lead nowhere.
const MAX_STALE: usize = 10;
/// Claims whose outcome one opening reads.
const MAX_CLAIMS_READ: usize = 5;
/// Chains of records that one record begins on an issue.
const RESTARTS: usize = 3;
/// Tries to write a body of which others write too.
const RESYNCS: usize = 8;
/// Records that move into a comment, in characters: a marker must leave room for the text.
const MAX_EARLIER: usize = 20_000;

/// A build's record before it has its place in a chain.
pub(super) struct Draft {
    pins: IndexMap<String, String>,
    approve: Approve,
    destination: Option<StageKey>,
    build: Option<String>,
    label: String,
    log: Option<String>,
    page: PageParts,
    /// A record of a preview becomes the text of the issue: of previews only the newest matters.
    rewrites_body: bool,
    unchanged: bool,
    unchanged_before: Vec<String>,
}

/// What a record shows besides its versions.
#[derive(Default)]
struct PageParts {
    sections: Vec<Section>,
    clone: Option<std::path::PathBuf>,
    note: Option<String>,
}

/// What became of a record on an issue.
enum Appended {
    /// It is there, and a closing from now on approves it.
    Done(Box<Issue>),
    /// It was there before.
    Known(u64),
    /// The issue was closed before it, or is not to be written to: the record needs another.
    Elsewhere(Option<String>),
}

impl Gate<'_> {
    pub(super) fn record(&self, params: &RecordParams, dir: &BuildDir) -> Result<Outcome> {
        let title = self.log.postable(&self.checked(params)?);
        if let Some(file) = &params.close_if_file
            && dir.resolve(file)?.is_some()
        {
            return self.unchanged(params, &title);
        }
        if let Some(file) = &params.unchanged_if_file {
            if self.source.gate.kind() != IssueKind::Deployed {
                return Err(Error::BadParams(format!(
                    "`unchanged_if_file` is for a gate `…/deployed`, and not for `{}`",
                    self.source.gate
                )));
            }
            if dir.resolve(file)?.is_none() {
                self.log.say(format_args!("{file} is not there: the preview found changes, and nothing is recorded"));
                return Ok(Outcome { version: self.put_version(None, "changed"), metadata: Vec::new() });
            }
        }
        let draft = self.draft(params, dir)?;
        let found = self.find(&title, params.ungated)?;
        if draft.unchanged
            && let Some(issue) = self.at_these_versions(&found, &draft)?
        {
            self.log.say(format_args!("these versions are recorded already: {}", issue.html_url));
            return Ok(self.recorded(&issue));
        }
        if let Some(issue) = known(&found, &draft) {
            self.log.say(format_args!("this build is recorded already: {}", issue.html_url));
            // The run before may have ended between opening the issue and signing for its number.
            if self.signer.is_some() && issue.is_open() {
                self.append(issue.number, &draft)?;
            }
            let issue = self.finish(params, issue.clone(), &found)?;
            return Ok(self.recorded(&issue));
        }
        let issue = match self.source.on_existing {
            OnExisting::Comment => self.record_on_open(&found, &draft, params, &title)?,
            OnExisting::Supersede => self.open(&found, &draft, params, &title, None)?,
        };
        let issue = self.finish(params, issue, &found)?;
        self.tell_former_accounts(&found, issue.number);
        self.close_stale(&found, Some(issue.number));
        Ok(self.recorded(&issue))
    }

    /// Checks the params that need no file, and returns the title as GitHub takes it.
    fn checked(&self, params: &RecordParams) -> Result<String> {
        let promotes = self.source.destination.is_some();
        let texts = [("title", &params.title)]
            .into_iter()
            .chain(params.labels.iter().map(|label| ("labels", label)))
            .chain(params.assignees.iter().map(|assignee| ("assignees", assignee)));
        for (field, text) in texts {
            if has_unfilled_variable(text) {
                return Err(Error::BadParams(format!(
                    "`{field}` has a variable that nothing filled: {}",
                    one_line(text, 120)
                )));
            }
            if text.trim().is_empty() {
                return Err(Error::BadParams(format!("`{field}` has an empty text")));
            }
        }
        if promotes && params.approve == Approve::Exact && params.pins.is_empty() {
            return Err(Error::BadParams("`pins` is empty: closing the issue could deploy nothing exactly".to_owned()));
        }
        if promotes && params.state == RecordState::Closed {
            return Err(Error::BadParams("`state: closed` is for an issue without `destination`".to_owned()));
        }
        if params.close_if_file.is_some() && params.unchanged_if_file.is_some() {
            return Err(Error::BadParams(
                "`close_if_file` and `unchanged_if_file` exclude each other: the first is for the gate `…/ready`, the second \
                 for `…/deployed`"
                    .to_owned(),
            ));
        }
        let title = one_line(&params.title, MAX_TITLE);
        if title.is_empty() { Err(Error::BadParams("`title` is empty".to_owned())) } else { Ok(title) }
    }

    fn recorded(&self, issue: &Issue) -> Outcome {
        Outcome {
            version: self.put_version(Some(issue.number), &issue.state),
            metadata: vec![
                Metadatum::new("issue", issue.html_url.clone()),
                Metadatum::new("state", issue.state.clone()),
            ],
        }
    }

    fn draft(&self, params: &RecordParams, dir: &BuildDir) -> Result<Draft> {
        let mut versions = IndexMap::new();
        for (name, path) in &params.pins {
            pins::check_name(name).map_err(Error::BadParams)?;
            let version = dir.read_required(path, MAX_PIN_FILE)?.trim().to_owned();
            pins::check_read(name, &version, path).map_err(|why| Error::BadFile { path: path.clone(), why })?;
            if self.log.postable(&version) != version {
                let why = "holds a secret, which cannot be the version of anything".to_owned();
                return Err(Error::BadFile { path: path.clone(), why });
            }
            versions.insert(name.clone(), version);
        }
        for (name, content) in &params.content {
            pins::check_name(name).map_err(Error::BadParams)?;
            content::check(content).map_err(|why| Error::BadParams(format!("`content` of `{name}`: {why}")))?;
            let pin = format!("{name}{}", files::CONTENT_SUFFIX);
            pins::check_name(&pin).map_err(Error::BadParams)?;
            let hash = content::hash(dir, name, content)?;
            if versions.insert(pin.clone(), hash).is_some() {
                return Err(Error::BadParams(format!("`pins` and `content` both give the pin `{pin}`")));
            }
        }
        let mut sections = Vec::new();
        for path in &params.body_files {
            // Whoever writes it may fail without failing the deployment: its absence is shown, not passed over.
            sections.push(Section { name: path.clone(), text: dir.read(path, MAX_FILE)? });
        }
        let clone = params.clone.as_deref().map(|path| dir.resolve(path)).transpose()?.flatten();
        Ok(Draft {
            pins: versions,
            approve: params.approve,
            destination: self.source.destination.clone(),
            build: self.build.key(),
            label: self.log.postable(&self.build.label()),
            log: self.build.url(),
            page: PageParts { sections, clone, note: None },
            rewrites_body: self.source.gate.kind() == IssueKind::Ready,
            unchanged: params.unchanged_if_file.is_some(),
            unchanged_before: match &params.from_record {
                Some(path) => read_record(path, dir)?.left_unchanged(),
                None => Vec::new(),
            },
        })
    }

    /// The newest issue of the gate, where its newest record names the versions of `draft`: a preview that is run again
    /// after the deployment finds nothing to change either, and asks nobody a second time.
    fn at_these_versions(&self, found: &Found, draft: &Draft) -> Result<Option<Issue>> {
        let newest = found.open.iter().chain(&found.closed).max_by_key(|issue| issue.number);
        let Some(issue) = newest else { return Ok(None) };
        let Some(snapshot) = Snapshot::read(&self.client, issue.number)? else { return Ok(None) };
        let Ok(ledger) = Ledger::read(&snapshot, &self.trust()?) else { return Ok(None) };
        let is_known = |known: &Recorded| {
            known.record.pins == draft.pins
                && known.record.approve == draft.approve
                && self.leads_on(known.record.destination.as_ref())
        };
        Ok(ledger.newest().is_some_and(is_known).then(|| issue.clone()))
    }

    /// What a mode does to the other issues and to this one once the record is there.
    fn finish(&self, params: &RecordParams, issue: Issue, found: &Found) -> Result<Issue> {
        if self.source.on_existing == OnExisting::Supersede {
            for other in found.open.iter().filter(|other| other.number < issue.number) {
                self.supersede(other.number, issue.number)?;
            }
        }
        if self.source.destination.is_none() && params.state == RecordState::Closed && issue.is_open() {
            return Ok(api::update(
                &self.client,
                issue.number,
                &json!({"state": "closed", "state_reason": "completed"}),
            )?);
        }
        Ok(issue)
    }

    /// Tells the open issues of the gate's former account, once each, that closing them approves nothing any more.
    fn tell_former_accounts(&self, found: &Found, number: u64) {
        // What came later is a copy, and no issue of a former account.
        for former in found.foreign.iter().filter(|former| former.number < number).take(MAX_FORMER) {
            let notify = || -> Result<()> {
                let Some(issue) = Snapshot::read(&self.client, former.number)?.filter(is_open) else { return Ok(()) };
                if self.was_told(&issue, Notice::Superseded, None)? {
                    return Ok(());
                }
                let page = NoticePage { former_account: true, superseded_by: Some(number), ..NoticePage::default() };
                self.notice(former.number, Notice::Superseded, None, page, None).map(|_| ())
            };
            if let Err(error) = notify() {
                self.log.say(format_args!("issue #{} could not be updated: {error}", former.number));
            }
        }
    }

    /// Says on a new issue that one before it was deleted. Whose it was nobody knows any more.
    fn tell_deleted(&self, mine: u64, number: u64) {
        self.log.say(format_args!("issue #{number} was deleted"));
        let page = NoticePage { deleted: Some(number), ..NoticePage::default() };
        if let Err(error) = self.notice(mine, Notice::Deleted, None, page, None) {
            self.log.say(format_args!("issue #{mine} could not be updated: {error}"));
        }
    }

    /// The commit of the last deployment that succeeded, as the reports on the issues of the newest claims say.
    ///
    /// It is shown and decides nothing, so what cannot be read only leaves it out.
    fn last_deployed(&self, found: &Found) -> Option<String> {
        let destination = self.promotes_to()?;
        let mut claims: Vec<(u64, Claim)> = found
            .closed
            .iter()
            .chain(&found.open)
            .filter_map(|issue| Some((issue.number, self.mark_of_issue(issue)?)))
            .flat_map(|(number, mark)| mark.claims.into_iter().map(move |claim| (number, claim)))
            .filter(|(_, claim)| destination.is(&claim.consumer))
            .collect();
        claims.sort_by_key(|(number, claim)| std::cmp::Reverse((claim.closed_at, *number)));
        claims.dedup_by_key(|(number, claim)| (*number, claim.closed_at));
        claims.into_iter().take(MAX_CLAIMS_READ).find_map(|(number, claim)| {
            let read = || {
                let Some(issue) = Snapshot::read(&self.client, number)? else { return Ok(false) };
                let ledger = Ledger::read(&issue, &self.trust()?);
                Ok(ledger.is_ok_and(|ledger| ledger.has_succeeded(destination, claim.closed_at)))
            };
            let succeeded = read().unwrap_or_else(|error: Error| {
                self.log.say(format_args!("the outcome on issue #{number} could not be read: {error}"));
                false
            });
            succeeded.then_some(claim.code).flatten()
        })
    }

    /// Closes open issues that lead nowhere since the pipeline changed: the stage that they promote to takes its
    /// approvals from another gate, or this gate promotes to another stage. `number` is the issue to decide on now.
    ///
    /// An issue that a person reopened is told once, and stays open. What fails here is only logged: the record is made,
    /// and a closing of such an issue deploys nothing.
    fn close_stale(&self, found: &Found, number: Option<u64>) {
        for stale in found.stale.iter().take(MAX_STALE) {
            let close = || -> Result<()> {
                let Some(issue) = Snapshot::read(&self.client, stale.number)?.filter(is_open) else { return Ok(()) };
                let reopened = self.was_reopened(&issue)?;
                if reopened && self.was_told(&issue, Notice::Superseded, None)? {
                    return Ok(());
                }
                let page = NoticePage { stays_open: reopened, superseded_by: number, ..self.stale_page(stale) };
                self.notice(stale.number, Notice::Superseded, None, page, Some(&issue))?;
                self.end(&issue, !reopened)
            };
            if let Err(error) = close() {
                self.log.say(format_args!("issue #{} leads nowhere, and was not closed: {error}", stale.number));
            }
        }
    }

    fn record_on_open(&self, found: &Found, draft: &Draft, params: &RecordParams, title: &str) -> Result<Issue> {
        let mut open = Found { open: found.open.clone(), highest: found.highest, ..Found::default() };
        let mut link = None;
        while let Some((target, others)) = open.choose() {
            let (target, others): (u64, Vec<u64>) = (target.number, others.iter().map(|issue| issue.number).collect());
            // The others' records first: the newest record is the one that a closing approves.
            for other in others {
                self.merge(other, target)?;
            }
            match self.append(target, draft)? {
                Appended::Done(issue) => return Ok(*issue),
                Appended::Known(number) => {
                    self.log.say(format_args!("this build is recorded already on issue #{number}"));
                    return Ok(api::issue(&self.client, number)?);
                }
                Appended::Elsewhere(locked) => {
                    link = locked.or(link);
                    open.open.retain(|issue| issue.number != target);
                }
            }
        }
        self.open(found, draft, params, title, link)
    }

    /// Adds a record to an open issue.
    ///
    /// Where another put wrote a chain back that this one had found broken, neither is believed, and a third begins.
    fn append(&self, number: u64, draft: &Draft) -> Result<Appended> {
        for _ in 0..RESTARTS {
            if let Some(appended) = self.append_once(number, draft)? {
                return Ok(appended);
            }
            self.log.say(format_args!("issue #{number} was written by another put with other records"));
        }
        Ok(Appended::Elsewhere(None))
    }

    /// None when the issue holds two chains of records now.
    fn append_once(&self, number: u64, draft: &Draft) -> Result<Option<Appended>> {
        let Some(issue) = Snapshot::read(&self.client, number)? else { return Ok(Some(Appended::Elsewhere(None))) };
        if !is_open(&issue) {
            return Ok(Some(Appended::Elsewhere(None)));
        }
        let Some(ledger) = self.ledger_or_restart(&issue, draft.destination.as_ref())? else {
            return Ok(Some(Appended::Elsewhere(None)));
        };
        if ledger.mark.ended {
            return Ok(Some(Appended::Elsewhere(None)));
        }
        let restarted = ledger.records.is_empty() && ledger.text.is_empty();
        if let Some(build) = &draft.build
            && let Some(known) = ledger
                .records
                .iter()
                .find(|known| known.record.build.as_ref() == Some(build) && known.record.pins == draft.pins)
        {
            return self.known_record(&issue, &ledger, known, draft).map(Some);
        }
        if restarted {
            // The chain first: a record that the body does not know of would be no record.
            self.write_restarted_body(&issue, &ledger, draft)?;
        }
        let before = ledger.newest().cloned();
        let rolled = self.rolled(&ledger);
        let record = draft.in_chain(&ledger);
        let hash = record.hash();
        let shown = self.changes(draft, before.as_ref());
        let text = self.log.postable(&page::record(&draft.page_of(self, &record, before.as_ref(), &rolled, &shown))?);
        let earlier: Vec<Earlier> =
            rolled.iter().map(|known| Earlier { record: known.record.clone(), at: known.at }).collect();
        let mark = RecordMark { record: record.clone(), earlier, text: text_hash(&text) };
        let at = match self.post(number, &Marker::Record(mark), &text, &hash)? {
            Posted::Done { at, .. } => at,
            Posted::Locked => {
                self.log.say(format_args!("issue #{number} is locked; a new one is opened"));
                return Ok(Some(Appended::Elsewhere(Some(issue.url.clone()))));
            }
        };
        if let Some(old) = rolled.last().and_then(|known| known.comment) {
            api::delete_comment(&self.client, old)?;
        }
        let mut mark = ledger.current_mark();
        mark.records = mark.records.max(ledger.records.len() + 1);
        let text = self.body_text(draft, &record, &ledger, &shown, restarted)?;
        let fields = self.restored_label(&issue);
        let now = self.write_body_and(number, mark, &text, fields)?;
        // Others wrote meanwhile: the body's count is of what we knew.
        let comments = issue.comments().count() as u64 + 1 - u64::from(!rolled.is_empty());
        let now = if now.comments == comments {
            now
        } else {
            match self.resync(now, &self.trust()?)? {
                Some(now) => now,
                None => return Ok(None),
            }
        };
        if !now.is_open() && now.closed_at.is_none_or(|closed_at| closed_at <= at) {
            self.log.say(format_args!("issue #{number} was closed meanwhile; the record needs another"));
            return Ok(Some(Appended::Elsewhere(None)));
        }
        Ok(Some(Appended::Done(Box::new(now))))
    }

    /// A record that is there already, from an earlier run of the same put: what that run left undone is done.
    fn known_record(&self, issue: &Snapshot, ledger: &Ledger, known: &Recorded, draft: &Draft) -> Result<Appended> {
        if ledger.unsealed || ledger.mark.records < ledger.records.len() {
            let text = self.body_text(draft, &known.record, ledger, &Changes::default(), false)?;
            let now = self.write_body(issue.number, ledger.current_mark(), &text)?;
            if !now.is_open() && now.closed_at.is_none_or(|closed_at| closed_at <= known.at) {
                return Ok(Appended::Elsewhere(None));
            }
        }
        Ok(Appended::Known(issue.number))
    }

    /// A gate's label that somebody took away comes back; with it the gate's issues are found at once.
    fn restored_label(&self, issue: &Snapshot) -> serde_json::Value {
        let label = label_of(&self.source.gate);
        if issue.has_label(&label) {
            return json!({});
        }
        let labels: Vec<&str> = issue.label_names().chain([label.as_str()]).collect();
        json!({"labels": labels})
    }

    fn write_restarted_body(&self, issue: &Snapshot, ledger: &Ledger, draft: &Draft) -> Result<()> {
        let record = draft.in_chain(ledger);
        let text = self.body_text(draft, &record, ledger, &Changes::default(), true)?;
        self.write_body(issue.number, ledger.current_mark(), &text).map(|_| ())
    }

    /// What people see of the body after this record.
    fn body_text(
        &self,
        draft: &Draft,
        record: &Record,
        ledger: &Ledger,
        shown: &Changes,
        restarted: bool,
    ) -> Result<String> {
        if draft.rewrites_body || restarted {
            page::opening(&self.opening_page(draft, record, None, None, shown))
        } else {
            Ok(ledger.text.clone())
        }
    }

    /// The body's marker after puts at the same time: each knew of its own record alone. Until nothing came between the
    /// reading and the writing, for a record that the body does not count could be deleted unseen. None when the issue
    /// holds two chains.
    pub(super) fn resync(&self, mut now: Issue, trust: &Trust<'_>) -> Result<Option<Issue>> {
        for _ in 0..RESYNCS {
            let Some(issue) = Snapshot::read(&self.client, now.number)? else { break };
            let ledger = match Ledger::read(&issue, trust) {
                Ok(ledger) => ledger,
                Err(Fault::Forked) => return Ok(None),
                Err(_) => break,
            };
            if ledger.current_mark() == ledger.mark {
                break;
            }
            now = self.write_body(now.number, ledger.current_mark(), &ledger.text)?;
            if now.comments == issue.comments().count() as u64 {
                break;
            }
        }
        Ok(Some(now))
    }

    /// The records of the comment that the next one takes the place of: none below `max_comments`.
    fn rolled(&self, ledger: &Ledger) -> Vec<Recorded> {
        let max = self.source.max_comments.unwrap_or(MAX_COMMENTS).max(1) as usize;
        let mut comments: Vec<u64> = ledger.records.iter().filter_map(|known| known.comment).collect();
        comments.sort_unstable();
        comments.dedup();
        let Some(last) = comments.last().filter(|_| comments.len() >= max) else { return Vec::new() };
        let rolled: Vec<Recorded> =
            ledger.records.iter().filter(|known| known.comment == Some(*last)).cloned().collect();
        let size: usize =
            rolled.iter().map(|known| serde_json::to_string(&known.record).unwrap_or_default().len()).sum();
        if size > MAX_EARLIER { Vec::new() } else { rolled }
    }

    /// Opens an issue with the record, and sees to it that it is the only one.
    fn open(
        &self,
        found: &Found,
        draft: &Draft,
        params: &RecordParams,
        title: &str,
        link: Option<String>,
    ) -> Result<Issue> {
        let nonce = random_hex()?;
        let mut ledger = Ledger::empty(IssueMark {
            gate: self.source.gate.clone(),
            destination: draft.destination.clone(),
            nonce: nonce.clone(),
            chain: nonce.clone(),
            records: 1,
            record: None,
            claims: Vec::new(),
            superseded_by: None,
            ended: false,
            text: String::new(),
        });
        let record = draft.in_chain(&ledger);
        let before = self.last_deployed(found);
        let shown = match (&draft.page.clone, record.pins.get(files::CODE_PIN)) {
            (Some(clone), Some(new)) => self.changes_between(clone, before.as_deref(), new),
            _ => Changes::default(),
        };
        let text =
            self.log.postable(&page::opening(&self.opening_page(draft, &record, link, self.rejected(found)?, &shown))?);
        ledger.mark.record = Some(Box::new(record));
        ledger.mark.text = text_hash(&text);
        let label = label_of(&self.source.gate);
        let mut labels = vec![label.clone()];
        labels.extend(params.labels.iter().map(|text| one_line(text, 50)));
        let new = NewIssue {
            title: title.to_owned(),
            body: Marker::Issue(ledger.mark.clone()).write(&text, self.signer.as_ref(), &self.source.gate, None),
            labels: labels.clone(),
            assignees: params.assignees.clone(),
        };
        // Where the gate has issues of the account, one request is saved, and the new issue shows it.
        if found.closed.is_empty() {
            self.verify_account()?;
        }
        let mut issue = self.client.open(&new, |issue| has_nonce(issue, &nonce))?;
        if !self.bot()?.wrote(&issue) {
            let error = self.other_account(issue.user.as_ref());
            let fields = json!({"body": page::stray()?, "state": "closed", "state_reason": "not_planned"});
            api::update(&self.client, issue.number, &fields)?;
            return Err(error);
        }
        self.require_label(&issue, &label)?;
        let dropped: Vec<&String> =
            labels.iter().filter(|label| !issue.has_label(label)).filter(|dropped| **dropped != label).collect();
        if !dropped.is_empty() {
            self.log.say(format_args!("GitHub left out labels ({dropped:?}); the credentials' role may not set them"));
        }
        if self.signer.is_some() {
            issue = self.write_body(issue.number, ledger.mark.clone(), &text)?;
        }
        self.log.say(format_args!("opened {}", issue.html_url));
        if self.source.destination.is_none() && params.state == RecordState::Closed {
            return Ok(issue);
        }
        self.settle(issue, found, draft)
    }

    /// A check sees closings by the gate's label alone.
    fn require_label(&self, issue: &Issue, label: &str) -> Result<()> {
        if issue.has_label(label) {
            return Ok(());
        }
        let set = api::add_labels(&self.client, issue.number, &[label])?;
        let there = set.as_array().is_some_and(|labels| {
            labels.iter().any(|set| set["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(label)))
        });
        if there {
            return Ok(());
        }
        Err(github_gates::Error::Forbidden {
            what: format!("labelling issue #{} with {label}", issue.number),
            why: "without it no closing is seen; the credentials need write access to issues".to_owned(),
        }
        .into())
    }

    /// After opening: looks for an issue that another put opened at the same time. Of the two the lower goes on.
    ///
    /// The list may be behind, so numbers that it does not show are asked for one by one.
    fn settle(&self, mine: Issue, found: &Found, draft: &Draft) -> Result<Issue> {
        let (mut rivals, deleted) = issues_below(&self.client, mine.number, found.last_seen())?;
        if let Some(number) = deleted {
            self.tell_deleted(mine.number, number);
        }
        let bot = self.bot()?;
        rivals.retain(|issue| {
            issue.is_open()
                && !issue.is_pull_request()
                && bot.wrote(issue)
                && together(issue, &mine)
                && self.mark_of_issue(issue).is_some_and(|mark| self.leads_on(mark.destination.as_ref()))
        });
        if self.source.on_existing == OnExisting::Supersede {
            for rival in &rivals {
                self.supersede(rival.number, mine.number)?;
            }
            return Ok(mine);
        }
        let Some(first) = rivals.iter().min_by_key(|issue| issue.number) else { return Ok(mine) };
        let copy = draft.copy();
        match self.append(first.number, &copy)? {
            Appended::Done(issue) => {
                self.close_duplicate(mine.number, issue.number, None)?;
                Ok(*issue)
            }
            Appended::Known(number) => {
                self.close_duplicate(mine.number, number, None)?;
                Ok(api::issue(&self.client, number)?)
            }
            Appended::Elsewhere(_) => Ok(mine),
        }
    }

    /// Moves the records of `other` to `target` and closes it as a duplicate, unless a person opened it again.
    fn merge(&self, other: u64, target: u64) -> Result<()> {
        let Some(issue) = Snapshot::read(&self.client, other)? else { return Ok(()) };
        if !is_open(&issue) || self.was_reopened(&issue)? {
            return Ok(());
        }
        let ledger = Ledger::read(&issue, &self.trust()?);
        if matches!(ledger, Err(Fault::Foreign | Fault::OtherGate(_) | Fault::Transferred)) {
            return Ok(());
        }
        if let Ok(ledger) = ledger {
            for known in &ledger.records {
                let copy = Draft::of(&known.record, copied_from(other));
                // A target that is closed by now keeps nothing, and the other stays open.
                if matches!(self.append(target, &copy)?, Appended::Elsewhere(_)) {
                    return Ok(());
                }
            }
        }
        self.close_duplicate(other, target, Some(&issue))
    }

    /// Of several open issues of a gate one is enough. A closing by a person that came first stands: GitHub changes
    /// the reason of a closing only together with the state.
    fn close_duplicate(&self, number: u64, of: u64, seen: Option<&Snapshot>) -> Result<()> {
        self.log.say(format_args!("issue #{number} is a duplicate of #{of}"));
        let page = NoticePage { duplicate_of: Some(of), ..NoticePage::default() };
        let told = self.notice(number, Notice::Superseded, None, page, seen)?;
        let now = api::update(&self.client, number, &json!({"state": "closed", "state_reason": "duplicate"}))?;
        let known = seen.map_or(0, |seen| seen.comments().count() as u64) + u64::from(told);
        // The answer tells how the issue stood at the closing, and whether it was ours.
        if now.comments > known && now.state_reason.as_deref() == Some("duplicate") {
            self.save_latecomers(&now, of)?;
        }
        Ok(())
    }

    /// A put that found no other issue open may have written on `closed` while this one was closing it as a duplicate of
    /// `of`, and saw it open still. Its record goes where the others went, or the issue stays.
    fn save_latecomers(&self, closed: &Issue, of: u64) -> Result<()> {
        let number = closed.number;
        for wait in [Duration::ZERO].into_iter().chain(LOOKS) {
            self.client.sleep(wait);
            let Some(issue) = Snapshot::read(&self.client, number)? else { return Ok(()) };
            // A replica that is behind does not show what came last.
            if (issue.comments().count() as u64) < closed.comments {
                continue;
            }
            let Ok(ledger) = Ledger::read(&issue, &self.trust()?) else { return Ok(()) };
            for known in &ledger.records {
                let copy = Draft::of(&known.record, copied_from(number));
                if matches!(self.append(of, &copy)?, Appended::Elsewhere(_)) {
                    return self.open_again(number);
                }
            }
            return Ok(());
        }
        self.open_again(number)
    }

    fn open_again(&self, number: u64) -> Result<()> {
        self.log.say(format_args!("issue #{number} stays open, for it holds a record that no other open issue has"));
        api::update(&self.client, number, &json!({"state": "open"}))?;
        Ok(())
    }

    fn supersede(&self, number: u64, by: u64) -> Result<()> {
        let Some(issue) = Snapshot::read(&self.client, number)? else { return Ok(()) };
        if !is_open(&issue) || self.was_reopened(&issue)? {
            return Ok(());
        }
        let page = NoticePage { superseded_by: Some(by), ..NoticePage::default() };
        self.notice(number, Notice::Superseded, None, page, Some(&issue))?;
        self.end(&issue, true)
    }

    /// A comment that says what happened to the issue: once for each build, as far as `seen` tells that an earlier run of
    /// it said so. Whether it was said now.
    pub(super) fn notice(
        &self,
        number: u64,
        what: Notice,
        closed_at: Option<Timestamp>,
        page: NoticePage,
        seen: Option<&Snapshot>,
    ) -> Result<bool> {
        let page = NoticePage { what, label: self.build.label(), log: self.build.url(), ..page };
        let nonce = sha256(&format!("{what:?} {number} {closed_at:?} {:?}", self.build.key()))[..32].to_owned();
        if let Some(seen) = seen.filter(|_| self.build.id.is_some())
            && self.comment_with(seen, &nonce)?.is_some()
        {
            return Ok(false);
        }
        let mark = NoticeMark { what, closed_at, build: self.build.key(), is_final: false, nonce: nonce.clone() };
        let text = page::notice(&page)?;
        if let Posted::Locked = self.post(number, &Marker::Notice(mark), &text, &nonce)? {
            self.log.say(format_args!("issue #{number} is locked, so no comment was added"));
            return Ok(false);
        }
        Ok(true)
    }

    /// There is nothing to approve: what is open is closed, and nothing is opened.
    fn unchanged(&self, params: &RecordParams, title: &str) -> Result<Outcome> {
        let found = self.find(title, params.ungated)?;
        self.log.say("there are no changes: nothing to approve");
        for open in &found.open {
            let Some(issue) = Snapshot::read(&self.client, open.number)? else { continue };
            if !is_open(&issue) {
                continue;
            }
            let reopened = self.was_reopened(&issue)?;
            let page = NoticePage { stays_open: reopened, ..NoticePage::default() };
            self.notice(open.number, Notice::Unchanged, None, page, Some(&issue))?;
            if !reopened {
                api::update(&self.client, open.number, &json!({"state": "closed", "state_reason": "not_planned"}))?;
            }
        }
        self.close_stale(&found, None);
        Ok(Outcome {
            version: self.put_version(found.open.first().map(|issue| issue.number), "closed"),
            metadata: Vec::new(),
        })
    }

    /// The gate's issue before, if a person rejected it.
    fn rejected(&self, found: &Found) -> Result<Option<Rejected>> {
        let Some(last) = found.closed.iter().max_by_key(|issue| issue.closed_at) else { return Ok(None) };
        if !matches!(last.state_reason.as_deref(), Some("not_planned" | "duplicate")) {
            return Ok(None);
        }
        let Some(issue) = Snapshot::read(&self.client, last.number)? else { return Ok(None) };
        let bot = self.bot()?;
        let by = issue.closing().ok().and_then(|closing| closing.actor.clone()).filter(|actor| !bot.is(actor));
        Ok(by.map(|actor| Rejected {
            number: last.number,
            by: actor.login,
            reason: reason_in_words(issue.state_reason.as_deref()),
        }))
    }

    fn opening_page<'p>(
        &'p self,
        draft: &'p Draft,
        record: &'p Record,
        link: Option<String>,
        rejected: Option<Rejected>,
        changes: &'p Changes,
    ) -> RecordPage<'p> {
        RecordPage {
            closers: Some(page::closers(self.source)),
            follows: link,
            rejected,
            ..draft.page_of(self, record, None, &[], changes)
        }
    }

    /// What changed since the record before.
    fn changes(&self, draft: &Draft, before: Option<&Recorded>) -> Changes {
        let old = before.and_then(|known| known.record.pins.get(files::CODE_PIN));
        match (&draft.page.clone, draft.pins.get(files::CODE_PIN)) {
            (Some(clone), Some(new)) => self.changes_between(clone, old.map(String::as_str), new),
            _ => Changes::default(),
        }
    }

    fn changes_between(&self, clone: &std::path::Path, old: Option<&str>, new: &str) -> Changes {
        commits::changes(clone, old, new).unwrap_or_else(|why| {
            self.log.say(format_args!("the commits are not shown: {why}"));
            Changes::default()
        })
    }
}

impl Draft {
    /// A record of another issue, to be recorded again.
    fn of(record: &Record, note: String) -> Self {
        Self {
            pins: record.pins.clone(),
            approve: record.approve,
            destination: record.destination.clone(),
            build: record.build.clone(),
            label: record.label.clone(),
            log: record.log.clone(),
            page: PageParts { note: Some(note), ..PageParts::default() },
            rewrites_body: false,
            unchanged: record.unchanged,
            unchanged_before: record.unchanged_before.clone(),
        }
    }

    fn copy(&self) -> Self {
        Self {
            pins: self.pins.clone(),
            approve: self.approve,
            destination: self.destination.clone(),
            build: self.build.clone(),
            label: self.label.clone(),
            log: self.log.clone(),
            page: PageParts {
                sections: self.page.sections.iter().map(Section::copy).collect(),
                clone: self.page.clone.clone(),
                note: None,
            },
            rewrites_body: self.rewrites_body,
            unchanged: self.unchanged,
            unchanged_before: self.unchanged_before.clone(),
        }
    }

    /// The record in its place: after all that no other follows yet.
    fn in_chain(&self, ledger: &Ledger) -> Record {
        let (seq, prev) = ledger.heads();
        Record {
            chain: ledger.mark.chain.clone(),
            seq: seq + 1,
            prev,
            pins: self.pins.clone(),
            approve: self.approve,
            destination: self.destination.clone(),
            build: self.build.clone(),
            label: self.label.clone(),
            log: self.log.clone(),
            unchanged: self.unchanged,
            unchanged_before: self.unchanged_before.clone(),
        }
    }

    fn page_of<'p>(
        &'p self,
        gate: &'p Gate<'_>,
        record: &'p Record,
        before: Option<&Recorded>,
        rolled: &'p [Recorded],
        changes: &'p Changes,
    ) -> RecordPage<'p> {
        RecordPage {
            project: gate.source.gate.stage().project(),
            environment: gate.source.gate.stage().environment(),
            preview: gate.source.gate.kind() == IssueKind::Ready,
            record,
            again: before.is_some_and(|known| known.record.pins == record.pins),
            earlier: rolled.iter().map(|known| &known.record).collect(),
            changes,
            sections: &self.page.sections,
            note: self.page.note.as_deref(),
            closers: None,
            follows: None,
            rejected: None,
        }
    }
}

/// The file `record.json` of a get of a record.
fn read_record(path: &str, dir: &BuildDir) -> Result<VersionRecord> {
    let text = dir.read_required(path, MAX_FILE)?;
    serde_json::from_str(&text)
        .map_err(|error| Error::BadFile { path: path.to_owned(), why: format!("is not a record: {error}") })
}

/// The issue that this build opened in an earlier run of the same put.
fn known<'f>(found: &'f Found, draft: &Draft) -> Option<&'f Issue> {
    let build = draft.build.as_ref()?;
    found.open.iter().chain(&found.closed).find(|issue| {
        first_record(issue).is_some_and(|record| record.build.as_ref() == Some(build) && record.pins == draft.pins)
    })
}

fn first_record(issue: &Issue) -> Option<Record> {
    match Parsed::read(issue.body()) {
        Some(Ok(Parsed { marker: Marker::Issue(mark), .. })) => mark.record.map(|record| *record),
        _ => None,
    }
}

fn copied_from(number: u64) -> String {
    format!("Copied from issue #{number}.")
}
