//! What a pipeline does, as far as approvals are concerned.

use std::collections::{BTreeMap, BTreeSet};

use concourse_scheduler::Pipeline;

/// A gate: the issues that one job opens and another one waits for. An index of the names of gates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GateId(pub usize);

/// A stage: what is deployed to. An index of [`Model::stages`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StageId(pub usize);

/// A place in the file of the pipeline. It numbers the steps of a model, so that a report can point at one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place(pub usize);

/// A pipeline with what its steps do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Model {
    /// The stages.
    pub stages: Vec<Stage>,
    /// The gates.
    pub gates: Vec<Gate>,
    /// What Concourse reads of the pipeline.
    pub pipeline: Pipeline,
    /// What a check of a resource finds.
    pub resources: BTreeMap<String, Found>,
    /// The steps of each job.
    pub plans: BTreeMap<String, Step>,
    /// Former names of stages and gates.
    pub formerly: Formerly,
    /// The jobs that no person can start or run again: `disable_manual_trigger`.
    pub no_manual_builds: BTreeSet<String>,
    /// The jobs whose builds no person can run again: `disable_reruns`.
    pub no_reruns: BTreeSet<String>,
}

/// Former names, each with the new one. A pipeline that is set in the place of another one knows the issues of its gates by
/// them. Stages and gates of both pipelines have the same numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Formerly {
    /// The gates: `gate_aliases`.
    pub gates: BTreeSet<(GateId, GateId)>,
    /// The stages: `former_destinations`.
    pub stages: BTreeSet<(StageId, StageId)>,
}

/// A stage.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stage {
    /// The name.
    pub name: String,
    /// Whether each deployment needs an approval.
    pub is_gated: bool,
}

/// A gate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gate {
    /// The name.
    pub name: String,
    /// Whether closing the issue promises that something starts.
    pub is_promise: bool,
}

/// What a check of a resource finds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Found {
    /// Versions of something that changes outside of the pipeline: commits, images, releases. A put adds a version.
    World,
    /// One version that says nothing about what is deployed: a clock, or a version that is pinned in the file.
    Constant,
    /// Nothing. Only a put adds a version.
    Nothing,
    /// The approvals of a gate, for one stage: the role `trigger` of the resource type `github-issues`.
    Approvals {
        /// The gate.
        gate: GateId,
        /// The stage whose jobs use the resource: the `destination` of its source.
        stage: StageId,
        /// Whether a get checks the approved commit out.
        has_code: bool,
    },
    /// The records of a gate: the role `records`.
    Records(GateId),
    /// The closed issues of gates, for anybody: what the image of MIT Open Learning finds.
    Signals(Vec<GateId>),
}

/// The artifacts that a step sees.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Seen {
    /// All artifacts that the build has.
    All,
    /// These, as far as the build has them.
    Named(BTreeSet<String>),
}

/// What a record says was deployed, by the name of the pin.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Pins {
    /// The version of an artifact.
    OfArtifacts(BTreeMap<String, Pin>),
    /// Whatever the build got: an issue that names no versions is about all of it.
    Everything,
}

/// Where the version of a pin comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Pin {
    /// It is the version of an artifact.
    Artifact(String),
    /// An approval or a record in an artifact names it, and it is handed on.
    HandedOn {
        /// The artifact with the approval or record.
        from: String,
        /// The name of the pin there.
        pin: String,
    },
}

/// When a build writes a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum When {
    /// Always.
    Always,
    /// Unless the preview finds nothing to change. Then it closes the issue as not planned.
    Changed,
    /// Only if the preview finds nothing to change.
    Unchanged,
    /// Always. If the preview finds nothing to change, it closes the issue as completed, as MIT Open Learning's image does.
    ClosedIfUnchanged,
}

/// A step of a job.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Fetches the version of an input. It becomes an artifact with the name of the input.
    Get {
        /// The name of the input.
        input: String,
        /// Whether another job used the approval up before: the input has `passed`.
        is_followed: bool,
        /// The jobs that the version passed and that go by approvals: the approval of their build is that of this one, too.
        follows: BTreeSet<String>,
        /// Whether the versions are no part of what has to be approved.
        is_exempt: bool,
    },
    /// Runs something. Its outputs are made of everything that it sees.
    Run {
        /// What it sees.
        seen: Seen,
        /// The artifacts that it makes. An artifact of the same name is replaced.
        outputs: Vec<String>,
        /// The stage that it deploys.
        deploys: Option<StageId>,
        /// The resource that gets a new version, if a job fetches it.
        makes: Option<String>,
        /// Where it stands.
        place: Place,
    },
    /// Checks out and compares what an approval or a record names.
    CheckOut {
        /// The artifacts, one of which has the approval or record.
        seen: BTreeSet<String>,
        /// Each artifact that is checked out, with the name of its pin.
        clones: BTreeMap<String, String>,
        /// The artifacts whose version must be that of the pin of the same name.
        compared: BTreeSet<String>,
    },
    /// Uses up the approval that an artifact carries.
    Claim(String),
    /// Writes what was deployed into the issue of a gate.
    Record {
        /// The gate.
        gate: GateId,
        /// What is written.
        pins: Pins,
        /// The stage that the closing of the issue deploys. None if it deploys nothing by itself, or whoever listens.
        destination: Option<StageId>,
        /// When it is written.
        when: When,
    },
    /// Runs steps one after the other, until one fails.
    Do(Vec<Step>),
    /// Runs steps at the same time, all of them.
    InParallel(Vec<Step>),
    /// Runs a step, and succeeds even if it fails.
    Try(Box<Step>),
    /// Runs a step, then a hook.
    Hook {
        /// The step.
        step: Box<Step>,
        /// When the hook runs.
        on: On,
        /// The hook.
        hook: Box<Step>,
    },
}

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum On {
    /// After success.
    Success,
    /// After a failure.
    Failure,
    /// Always.
    Ensure,
}
