//! A build's record before it has its place in a chain.

use gate_contract::{Approve, IssueKind, StageKey};
use github_gates::ledger::marker::Record;
use github_gates::ledger::{Ledger, Recorded};
use indexmap::IndexMap;

use super::page::{RecordPage, Section};
use super::session::Gate;
use crate::commits::Changes;

/// A build's record before it has its place in a chain.
pub(super) struct Draft {
    pub(super) pins: IndexMap<String, String>,
    pub(super) approve: Approve,
    pub(super) destination: Option<StageKey>,
    pub(super) build: Option<String>,
    pub(super) label: String,
    pub(super) log: Option<String>,
    pub(super) page: PageParts,
    /// A record of a preview becomes the text of the issue: of previews only the newest matters.
    pub(super) rewrites_body: bool,
    pub(super) unchanged: bool,
    pub(super) unchanged_before: Vec<String>,
}

/// What a record shows besides its versions.
#[derive(Default)]
pub(super) struct PageParts {
    pub(super) sections: Vec<Section>,
    pub(super) clone: Option<std::path::PathBuf>,
    pub(super) note: Option<String>,
}

impl Draft {
    /// A record of another issue, to be recorded again.
    pub(super) fn of(record: &Record, note: String) -> Self {
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

    pub(super) fn copy(&self) -> Self {
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
    pub(super) fn in_chain(&self, ledger: &Ledger) -> Record {
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

    pub(super) fn page_of<'p>(
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

/// Returns the note of a record that came from another issue.
pub(super) fn copied_from(number: u64) -> String {
    format!("Copied from issue #{number}.")
}
