//! What a pipeline does, as far as approvals are concerned.

use std::collections::BTreeMap;

use concourse_scheduler::Pipeline;

/// A gate: the issues that one stage opens. An index of [`Model::gates`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GateId(pub usize);

/// A stage: an environment that is deployed to. An index of [`Model::stages`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StageId(pub usize);

/// A pipeline with what its steps do.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// The names of the stages.
    pub stages: Vec<Stage>,
    /// The names of the gates.
    pub gates: Vec<String>,
    /// What Concourse reads of the pipeline.
    pub pipeline: Pipeline,
    /// What a check of a resource finds. A resource that is missing here is never checked.
    pub resources: BTreeMap<String, Checked>,
    /// The steps of each job, in order.
    pub plans: BTreeMap<String, Plan>,
}

/// A stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// The name.
    pub name: String,
    /// Whether each deployment needs an approval.
    pub is_gated: bool,
}

/// The steps of a job.
pub type Plan = Vec<Step>;

/// What a check finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// Commits.
    Code,
    /// The approvals of a gate, for one stage.
    Approvals {
        /// The gate.
        gate: GateId,
        /// The stage whose jobs use the resource: the `destination` of its source.
        stage: StageId,
    },
}

/// A step that matters for approvals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Fetches the version of an input. It becomes an artifact with the name of the input.
    Get(String),
    /// Uses up the approval that an artifact carries.
    Claim(String),
    /// Deploys an artifact.
    Deploy {
        /// To where.
        stage: StageId,
        /// Which artifact.
        artifact: String,
    },
    /// Writes what was deployed into the issue of a gate.
    Record {
        /// The gate.
        gate: GateId,
        /// Which artifact.
        artifact: String,
        /// The stage that the closing of the issue deploys.
        destination: StageId,
    },
}
