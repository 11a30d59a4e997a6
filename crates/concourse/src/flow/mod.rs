//! Who starts whom in pipelines of Concourse: jobs, what they take and from whom, and the issues that they open and
//! answer. It is read from the pipelines alone, so that it holds for any of them, whoever wrote it.

mod graph;
mod issue;
mod job;

pub use graph::{Edge, EdgeKind, Graph, Node, NodeKind, Placed};
pub use issue::{IssueResource, duration, text};
pub use job::{JobFlow, PipelineFlow, Taking, is_check_of_approval, is_unchanged, resource_of};
