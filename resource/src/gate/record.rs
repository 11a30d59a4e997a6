//! The action `record`: a build and its versions, as an issue or a comment.

use gate_contract::{Approve, IssueKind, OnExisting, RecordParams, RecordState, VersionRecord, files};
use github_gates::ledger::marker::{Marker, Notice, Parsed, Record};
use github_gates::ledger::{Ledger, Recorded};
use github_gates::text::{MAX_TITLE, has_unfilled_variable, one_line};
use github_gates::{Issue, Snapshot, api};
use indexmap::IndexMap;
use serde_json::json;

use super::draft::{Draft, PageParts};
use super::issues::{Found, is_open};
use super::page::{NoticePage, Section};
use super::session::Gate;
use super::stale::{Stale, StaleWhy};
use super::{content, pins};
use crate::error::{Error, Result};
use crate::files::BuildDir;
use crate::protocol::{Metadatum, Outcome};

/// A file that is shown; what is longer is cut in the text anyway.
const MAX_FILE: u64 = 1 << 20;
/// A file that holds a version.
const MAX_PIN_FILE: u64 = 4 << 10;

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
        self.notify_former_accounts(&found, issue.number);
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
        // Since then the gate promoted to another stage.
        let is_later =
            |stale: &Stale| matches!(stale.why, StaleWhy::OtherStage | StaleWhy::Ended) && stale.number > issue.number;
        if found.stale.iter().any(is_later) {
            return Ok(None);
        }
        let Some(snapshot) = Snapshot::read(&self.client, issue.number)? else { return Ok(None) };
        let Ok(ledger) = Ledger::read(&snapshot, &self.trust()?) else { return Ok(None) };
        let is_known = |known: &Recorded| {
            known.record.pins == draft.pins
                && known.record.approve == draft.approve
                && self.leads_on(known.record.destination.as_ref())
        };
        // Nobody can approve by an issue that leads nowhere.
        let is_ended = ledger.current_mark().ended;
        Ok(ledger.newest().is_some_and(|newest| !is_ended && is_known(newest)).then(|| issue.clone()))
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
