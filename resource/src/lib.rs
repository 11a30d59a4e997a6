//! The `github-issues` resource type: the gate between two environments, as a GitHub issue.
//!
//! [`contract`] is what a pipeline may write in `source` and `params`, and what a step finds in the artifact of a
//! get. The generator `ol-pipegen` emits these very types, so it cannot emit a field that the resource does not know.
//!
//! The rest, behind the feature `binary`, is the executable: **request → step → GitHub → version**. [`run`] reads the
//! arguments, `dispatch` reads the request and calls one of two modes, `gate` and `compat`. Both modes speak to GitHub
//! through [`github_gates`], which alone knows how a request is repeated, and when it must not be; its ledger is what the
//! issues of a gate record. `protocol` and `error` are the words that both modes share. No file uses one that stands above
//! it: `tests/it/arrows.rs` has the order.

pub use gate_contract as contract;

#[cfg(feature = "binary")]
mod build;
#[cfg(feature = "binary")]
mod cache;
#[cfg(feature = "binary")]
mod cli;
#[cfg(feature = "binary")]
mod commits;
#[cfg(feature = "binary")]
mod compat;
#[cfg(feature = "binary")]
mod context;
#[cfg(feature = "binary")]
mod dispatch;
#[cfg(feature = "binary")]
mod error;
#[cfg(feature = "binary")]
mod files;
#[cfg(feature = "binary")]
mod gate;
#[cfg(feature = "binary")]
mod git;
#[cfg(feature = "binary")]
mod protocol;

#[cfg(feature = "binary")]
pub use cli::run;
#[cfg(feature = "virtual-clock")]
pub use github_gates::clock::VirtualClock;
#[cfg(feature = "binary")]
pub use github_gates::clock::{Clock, SystemClock};
