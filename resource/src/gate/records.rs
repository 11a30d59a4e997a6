//! Records as versions: what a stage is at, so that a preview of the next stage can start.
//!
//! A record approves nothing. Its get writes `record.json` and no `approval.json`, so that no claim can use it.

use std::collections::BTreeMap;
use std::path::Path;

use gate_contract::{VersionRecord, files};
use github_gates::api::Query;
use github_gates::ledger::refusal::Refusal;
use github_gates::ledger::{Ledger, Recorded};
use github_gates::text::one_line;
use github_gates::{Issue, Snapshot};
use jiff::Timestamp;
use serde_json::Value;

use super::check::{Listed, MAX_AGE, OVERLAP};
use super::get::write_versions;
use super::pins;
use super::session::Gate;
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::files::write;
use crate::protocol::{Metadatum, Outcome, Version};

/// A record, in the order in which Concourse sees them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct RecordId {
    recorded_at: Timestamp,
    number: u64,
    /// The record's place in its chain, for records of one second.
    seq: u32,
    hash: String,
}

impl RecordId {
    fn of(number: u64, recorded: &Recorded) -> Self {
        Self { recorded_at: recorded.at, number, seq: recorded.record.seq, hash: recorded.hash.clone() }
    }

    /// The version's format is public and frozen, as that of a closing is. Its keys differ, so that no get takes the
    /// one for the other.
    fn version(&self) -> Version {
        [
            ("issue_number", self.number.to_string()),
            ("recorded_at", self.recorded_at.to_string()),
            ("record", format!("{}-{}", self.seq, self.hash)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect()
    }

    fn read(version: &Version) -> Result<Self> {
        let field = |name: &str| version.get(name).and_then(Value::as_str);
        let read = || {
            let (seq, hash) = field("record")?.split_once('-')?;
            Some(Self {
                recorded_at: field("recorded_at")?.parse().ok()?,
                number: field("issue_number")?.parse().ok()?,
                seq: seq.parse().ok()?,
                hash: hash.to_owned(),
            })
        };
        read().filter(|_| version.len() == 3).ok_or_else(|| {
            Error::BadRequest(format!(
                "`version` is not a record: {}",
                one_line(&Value::Object(version.clone()).to_string(), 200)
            ))
        })
    }
}

impl Gate<'_> {
    /// The records from the known one on. Without a known one it is the newest, so that nothing past starts a job.
    pub(super) fn check_records(&self, version: Option<&Version>) -> Result<Vec<Version>> {
        let known = version.map(RecordId::read).transpose()?;
        let path = Cache::path(self.source, version);
        // One list has one ETag: with former keys there are several lists.
        let cached = Cache::read(&path).filter(|_| self.keys.len() == 1);
        let url = |label: &str| {
            let query = Query::new("all").with("labels", label).with("sort", "updated").with("direction", "desc");
            match known.as_ref().and_then(|known| known.recorded_at.checked_sub(OVERLAP).ok()) {
                Some(since) => query.with("since", &since.to_string()),
                None => query,
            }
            .url(&self.client)
        };
        // The newest record is on an issue that was touched since: without a known record one page shows it.
        let more = |_: &BTreeMap<u64, Issue>, _: &[Issue]| known.is_some();
        let Some(Listed { issues, etag }) = self.listed("listing the gate's issues", url, cached.as_ref(), more)?
        else {
            return Ok(cached.map(|cache| cache.versions).unwrap_or_default());
        };

        let bot = self.bot()?;
        let mut issues: Vec<Issue> =
            issues.into_values().filter(|issue| !issue.is_pull_request() && bot.wrote(issue)).collect();
        issues.sort_by_key(|issue| std::cmp::Reverse((issue.updated_at, issue.number)));
        let mut complete = true;
        let mut records: Vec<RecordId> = Vec::new();
        for issue in issues {
            let newest = records.iter().max();
            if known.is_none() && newest.is_some_and(|newest| newest.recorded_at > issue.updated_at) {
                break;
            }
            let Some(ledger) = self.ledger_of(issue.number)? else {
                complete = false;
                continue;
            };
            let found = ledger.records.iter().map(|recorded| RecordId::of(issue.number, recorded));
            records.extend(found.filter(|id| known.as_ref().is_none_or(|known| id >= known)));
        }
        records.sort_unstable();
        if known.is_none() {
            records.drain(..records.len().saturating_sub(1));
        }
        let versions: Vec<Version> = records.iter().map(RecordId::version).collect();
        if let (Some(etag), true) = (etag, complete) {
            let until = self.client.now().checked_add(MAX_AGE).ok();
            Cache { etag, versions: versions.clone(), until }.store(&path);
        }
        Ok(versions)
    }

    /// The ledger of an issue; `None` when the issue is gone, or its records are not to be believed.
    fn ledger_of(&self, number: u64) -> Result<Option<Ledger>> {
        let Some(issue) = Snapshot::read(&self.client, number)? else { return Ok(None) };
        match Ledger::read(&issue, &self.trust()?) {
            Ok(ledger) if !ledger.unsealed => Ok(Some(ledger)),
            Ok(_) => Ok(None),
            Err(fault) => {
                self.log.say(format_args!("issue #{number}: {fault}; its records start nothing"));
                Ok(None)
            }
        }
    }

    /// Writes a record's files, and nothing on GitHub.
    pub(super) fn get_record(&self, version: Version, dir: &Path) -> Result<Outcome> {
        let id = RecordId::read(&version)?;
        let issue = Snapshot::read_required(&self.client, id.number)?;
        let refused = |refusal| Error::NotApproved { issue: id.number, refusal };
        let ledger = Ledger::read(&issue, &self.trust()?).map_err(|fault| refused(Refusal::Fault(fault)))?;
        let recorded = ledger
            .records
            .iter()
            .find(|recorded| RecordId::of(id.number, recorded) == id)
            .ok_or_else(|| refused(Refusal::NoRecord))?;
        pins::check_all(&recorded.record.pins).map_err(|why| refused(Refusal::BadPin(why)))?;
        let record = VersionRecord {
            issue: id.number,
            url: issue.url.clone(),
            environment: self.source.gate.stage().environment().to_owned(),
            unchanged: recorded.record.unchanged,
            unchanged_before: recorded.record.unchanged_before.clone(),
            recorded_at: recorded.at.to_string(),
            pins: recorded.record.pins.clone(),
            build: recorded.record.log.clone().unwrap_or_default(),
        };
        let json = serde_json::to_string_pretty(&record).map_err(|error| Error::Internal(error.to_string()))?;
        write(&dir.join(files::RECORD), &format!("{json}\n"))?;
        let mut metadata = vec![Metadatum::new("issue", record.url.clone())];
        metadata.extend(record.pins.get(files::CODE_PIN).map(|code| Metadatum::new("ref", code.clone())));
        if record.unchanged {
            metadata.push(Metadatum::new("deployed", "no: unchanged by this version"));
        }
        write_versions(&record.pins, &version, dir)?;
        Ok(Outcome { version, metadata })
    }
}
