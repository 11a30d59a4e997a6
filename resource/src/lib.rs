//! The `github-issues` resource type: the gate between two environments, as a GitHub issue.
//!
//! [`contract`] is what a pipeline may write in `source` and `params`, and what a step finds in the artifact of a
//! get. The generator `ol-pipegen` emits these very types, so it cannot emit a field that the resource does not know.
//!
//! The rest, behind the feature `binary`, is the executable: **request → step → GitHub → version**. [`run`] reads a
//! request of Concourse's and dispatches it to one of two modes, `gate` and `compat`; both speak to GitHub through
//! `github`, which alone knows how a request is repeated, and when it must not be.

pub mod contract;

#[cfg(feature = "binary")]
mod build;
#[cfg(feature = "binary")]
mod cache;
#[cfg(feature = "binary")]
mod cli;
#[cfg(feature = "binary")]
mod clock;
#[cfg(feature = "binary")]
mod commits;
#[cfg(feature = "binary")]
mod compat;
#[cfg(feature = "binary")]
mod error;
#[cfg(feature = "binary")]
mod files;
#[cfg(feature = "binary")]
mod gate;
#[cfg(feature = "binary")]
mod git;
#[cfg(feature = "binary")]
mod github;
#[cfg(feature = "binary")]
mod log;
#[cfg(feature = "binary")]
mod secrets;
#[cfg(feature = "binary")]
mod step;
#[cfg(feature = "binary")]
mod text;

#[cfg(feature = "binary")]
pub use cli::run;
#[cfg(feature = "virtual-clock")]
pub use clock::VirtualClock;
#[cfg(feature = "binary")]
pub use clock::{Clock, SystemClock};
