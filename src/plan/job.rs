use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::model::{InstanceVars, JobName, PipelineName, ResourceName};
use github_issues_resource::contract::StagePhase;

use crate::approval::ApprovedCode;
use crate::project::{Build, CodeSource, Input, Stage};

use super::gate::{GateIssue, TakenGate};

/// What a manifest comes to, one pipeline for each Concourse that it lives on.
#[derive(Debug)]
pub struct Plan<'p> {
    /// The pipelines, in the order in which the chains come to their Concourses.
    pub pipelines: Vec<PipelinePlan<'p>>,
}

impl<'p> Plan<'p> {
    /// A stage to speak of when it is the manifest that something is wrong with.
    pub(crate) fn first_stage(&self) -> Option<&'p Stage> {
        self.pipelines.iter().find_map(PipelinePlan::first_stage)
    }
}

/// A pipeline.
#[derive(Debug)]
pub struct PipelinePlan<'p> {
    /// Its name.
    pub name: &'p PipelineName,
    /// Which of its instances.
    pub instance_vars: &'p InstanceVars,
    /// Its Concourse, by its place in the fleet.
    pub concourse: usize,
    /// Its jobs, in order.
    pub jobs: Vec<PlannedJob<'p>>,
}

impl<'p> PipelinePlan<'p> {
    /// The resources of its gates and records.
    pub(crate) fn issue_resources(&self) -> BTreeSet<&'p str> {
        let mut names = BTreeSet::new();
        for job in &self.jobs {
            let PlannedJob::Stage(job) = job else { continue };
            let gate = job.gate.iter().flat_map(|gate| [gate.issue.post, gate.issue.trigger, gate.watched()]);
            let opens = job.opens.iter().chain(&job.unchanged).map(|opening| opening.resource);
            names.extend(gate.chain(opens).map(ResourceName::as_str));
        }
        names
    }

    /// The resources that bring the approved commit of the code, by the jobs that get it from there.
    pub(crate) fn approved_code(&self) -> BTreeMap<&'p JobName, &'p ResourceName> {
        let gated = self.jobs.iter().filter_map(|job| match job {
            PlannedJob::Stage(job) => Some((job.name, job.gate.as_ref()?)),
            PlannedJob::Build(_) => None,
        });
        gated
            .filter(|(_, gate)| gate.code == ApprovedCode::Fetch)
            .map(|(job, gate)| (job, gate.issue.trigger))
            .collect()
    }

    /// A stage to speak of when it is the pipeline that something is wrong with.
    pub(crate) fn first_stage(&self) -> Option<&'p Stage> {
        self.jobs.iter().find_map(|job| match job {
            PlannedJob::Stage(job) => Some(job.stage),
            PlannedJob::Build(_) => None,
        })
    }
}

/// A job.
#[derive(Debug)]
pub enum PlannedJob<'p> {
    /// Makes an input.
    Build(BuildJob<'p>),
    /// Previews or deploys a stage.
    Stage(Box<StageJob<'p>>),
}

impl PlannedJob<'_> {
    /// Its name.
    pub fn name(&self) -> &JobName {
        match self {
            Self::Build(job) => job.name,
            Self::Stage(job) => job.name,
        }
    }
}

/// What a build job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildPhase {
    /// Looks whether a build would work.
    Check,
    /// Builds.
    Build,
}

/// A job that makes an input.
#[derive(Debug)]
pub struct BuildJob<'p> {
    /// Its name.
    pub name: &'p JobName,
    /// What it does.
    pub phase: BuildPhase,
    /// What it makes.
    pub input: &'p Input,
    /// How.
    pub build: &'p Build,
    /// The stage whose settings say so.
    pub stage: &'p Stage,
    /// What it takes.
    pub takes: Vec<Take<'p>>,
}

/// A job that previews or deploys a stage.
#[derive(Debug)]
pub struct StageJob<'p> {
    /// Its name.
    pub name: &'p JobName,
    /// The stage.
    pub stage: &'p Stage,
    /// What it does.
    pub phase: StagePhase,
    /// What it takes: inputs, then the code.
    pub takes: Vec<Take<'p>>,
    /// The deployments of other projects that it waits for.
    pub needs: Vec<Need<'p>>,
    /// The gate whose approval it goes by.
    pub gate: Option<TakenGate<'p>>,
    /// The issue that it writes when it succeeds.
    pub opens: Option<Opening<'p>>,
    /// The issue of the deployment, in which a preview that finds nothing to change records its versions.
    pub unchanged: Option<Opening<'p>>,
    /// Takes turns with the other job of its stage.
    pub serial_group: Option<&'p str>,
}

/// A deployment of another project that a job waits for. Nothing of it is handed over.
#[derive(Clone, Debug)]
pub struct Need<'p> {
    /// The job that deploys it.
    pub job: &'p JobName,
    /// Its code, of which some version has to have passed that job.
    pub code: &'p CodeSource,
    /// A new deployment there starts the job.
    pub trigger: bool,
}

/// A thing that a job takes, and in which version.
#[derive(Clone, Debug)]
pub struct Take<'p> {
    /// The thing.
    pub taken: Taken<'p>,
    /// The version that these jobs had; the newest, without any.
    pub passed: Vec<&'p JobName>,
    /// A new version starts the job.
    pub trigger: bool,
    /// The approval hands its version over: the job has no get of it.
    pub handed_over: bool,
}

/// A thing that a job takes.
#[derive(Clone, Copy, Debug)]
pub enum Taken<'p> {
    /// The project's code.
    Code(&'p CodeSource),
    /// An input, or what a build is made from.
    Input(&'p Input),
}

impl<'p> Taken<'p> {
    /// Its resource.
    pub fn resource(self) -> &'p ResourceName {
        match self {
            Self::Code(code) => &code.resource,
            Self::Input(input) => &input.name,
        }
    }

    /// Its name among the pins of an approval, and the file that names its version. None when it is left out.
    pub fn pin(self) -> Option<(&'p str, &'p str)> {
        match self {
            Self::Code(code) => Some((github_issues_resource::contract::files::CODE_PIN, code.git.commit_file())),
            Self::Input(input) => input.pin.file().map(|file| (input.name.as_str(), file)),
        }
    }
}

/// The issue that a job writes.
#[derive(Clone, Debug)]
pub struct Opening<'p> {
    /// The issue.
    pub issue: GateIssue<'p>,
    /// The resource that writes it.
    pub resource: &'p ResourceName,
    /// What it asks for.
    pub kind: OpeningKind,
    /// No issue promotes to the job: it starts by itself, or by hand.
    pub ungated: bool,
    /// Its labels.
    pub labels: Vec<&'p str>,
}

/// What an issue asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpeningKind {
    /// Closing it promotes to the next stage.
    Gate,
    /// Closing it deploys what was previewed.
    Preview,
    /// Nothing: it stays open as a record.
    Record,
    /// Nothing: it is a record, and closed at once.
    ClosedRecord,
}
