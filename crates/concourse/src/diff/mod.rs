//! What changes when one pipeline takes the place of another: in terms of what Concourse does, not of lines.
//!
//! A change of a gate says whether it gets weaker or stronger. A change of a resource says whether its version history
//! starts anew. What changes nothing, the order of jobs for one, is no change.

mod approvals;
mod change;
mod compare;
mod findings;
mod gates;
mod held;
mod moves;
mod names;
mod promotions;
mod report;
mod setters;
mod steps;
mod targets;
mod uses;
mod values;
mod waited;
mod ways;
mod words;

pub use change::{Change, Changes, Effect, Subject};
pub use compare::compare;
pub use findings::{Finding, Judged, Unapproved, added};
pub use moves::{common_gates, gone, lost_jobs, moved};
pub use report::{Compared, in_markdown, in_words};
pub use waited::WaitedFor;
