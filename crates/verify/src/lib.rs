//! Whether a pipeline can deploy what nobody approved: all states that a [`Model`] can reach, up to [`Bounds`].
//!
//! | file | what it says |
//! | --- | --- |
//! | `model.rs` | what a pipeline does: jobs, steps, gates |
//! | `issues.rs` | what the resource type of GitHub issues does |
//! | `state.rs` | what can happen next, and what comes of it |
//! | `invariants.rs` | what must never happen |
//! | `search.rs` | the search for the shortest story in which it happens |
//!
//! `concourse-scheduler` says which versions a build gets, and when it starts.
//!
//! # What is left out
//!
//! Labels, comments, policies and roles: whoever closes an issue can approve. People close and reopen the newest issue of a
//! gate, and no older one. Builds are not aborted, nothing is pinned or disabled, and the pipeline is not set again. A build
//! ends together with its last step, and the steps of a job run one after the other.

mod invariants;
mod issues;
mod model;
mod search;
mod state;

pub use invariants::Violation;
pub use issues::{Approval, ApprovalId, Commit, Issues, Refusal};
pub use model::{Checked, GateId, Model, Plan, Stage, StageId, Step};
pub use search::{Verdict, verify};
pub use state::{Action, Bounds, State};
