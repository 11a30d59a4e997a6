//! What a pipeline may write for the resource, and the files that the resource writes for a job.
//!
//! There are two modes. A `source` with a `gate` is in **gate mode**: approvals are typed, name versions and are used
//! once. A `source` without one is in **compatibility mode**: the fields, versions and files of MIT Open Learning's
//! image `mitodl/concourse-github-issues-resource`.
//!
//! An unknown key is an error in both: a misspelt `closers` must not loosen a gate, and a misspelt `gate` must not
//! select the other mode.

mod approval;
pub mod calendar;
mod compat;
mod gate_key;
mod put;
mod source;
mod stage_key;

pub use approval::{Approval, VersionRecord, files};
pub use compat::{CompatPut, CompatSource, IssueState};
pub use gate_key::{GateKey, InvalidGateKey, IssueKind};
pub use put::{Approve, ClaimParams, ContentFiles, GatePut, RecordParams, RecordState, ReportParams, ReportStatus};
pub use source::{AuthMethod, Closers, GateSource, GitSource, OnExisting, Role, Source, read};
pub use stage_key::{InvalidPart, InvalidStage, StageKey, StageName, StagePhase, check_part};
