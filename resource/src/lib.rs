//! The `github-issues` resource type: the gate between two environments, as a GitHub issue.
//!
//! [`contract`] is what a pipeline may write in `source` and `params`, and what a step finds in the artifact of a
//! get. The generator `ol-pipegen` emits these very types, so it cannot emit a field that the resource does not know.

pub mod contract;
