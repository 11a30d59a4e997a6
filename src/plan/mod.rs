//! The promotion graph: which jobs there are, what each takes and from whom, what starts it, and which issues it
//! answers and opens. Which words of Concourse say so is [`crate::lower`]'s.

mod built;
mod gate;
mod job;
mod planner;
mod wiring;

pub(crate) use gate::{Destination, Entry, GateIssue, TakenGate};
pub use github_issues_resource::contract::StagePhase;
pub use job::{
    BuildJob, BuildPhase, Need, Opening, OpeningKind, PipelinePlan, Plan, PlannedJob, StageJob, Take, Taken,
};
pub(crate) use planner::plan;
