//! Whether a pipeline can deploy what nobody approved: all states that a [`Model`] can reach, up to [`Bounds`].
//!
//! | file | what it says |
//! | --- | --- |
//! | `model.rs` | what a pipeline does: jobs, steps, artifacts, gates |
//! | `program.rs` | in which order the steps of a job run: hooks, `try`, `do`, `in_parallel` |
//! | `issues.rs` | what the resource types of GitHub issues do |
//! | `state.rs` | what can happen next, and what comes of it |
//! | `invariants.rs` | what must never happen |
//! | `events.rs` | what a build does, for those who want to know |
//! | `search.rs` | the search for the shortest story in which it happens |
//! | `story.rs` | a story in plain words |
//! | `play.rs` | one story, event by event, as somebody else tells it |
//!
//! `concourse-scheduler` says which versions a build gets, and when it starts.
//!
//! # What is left out
//!
//! - Labels, comments, policies and roles: whoever closes an issue can approve. People close and reopen the newest issue of
//!   a gate, and no older one.
//! - Only one resource gets new versions in a search. Nothing is pinned or disabled, and only a [`Player`] pauses jobs. A
//!   pipeline is set in the place of another one while nothing runs.
//! - A put makes no version if its build was started by what the same job made before.
//! - Builds are not aborted and do not error: `on_abort` and `on_error` never run. A deployment fails, or it succeeds.
//! - Parallel steps run in the order of the file or in the reverse order, one after the other.
//! - A job has at most [`MOST_BUILDS`] builds.

mod events;
mod invariants;
mod issues;
mod model;
mod play;
mod program;
mod search;
mod state;
mod story;

pub use invariants::{Violation, ViolationKind};
pub use issues::{Approval, ApprovalId, Content, Issues, Named, Origin, Record, Refusal, SourceId};
pub use model::{Formerly, Found, Gate, GateId, Model, On, Pin, Pins, Place, Seen, Stage, StageId, Step, When};
pub use play::{Deed, Deployed, Impossible, Player, script};
pub use search::{Outcome, Refutation, verify};
pub use state::{Action, Bounds, CODE, MOST_BUILDS, UNKNOWN};
pub use story::{Names, SameNames, ending, story};
