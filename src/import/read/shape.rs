//! Which jobs of a pipeline are stages of a promotion chain, which of them build, and which are neither.

mod builds;
mod find;
mod order;

use std::collections::BTreeMap;

use concourse_pipeline::flow::PipelineFlow;
use concourse_pipeline::model::{Core, Job};

use find::Finder;

/// What a pipeline is taken for.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    /// The chains, each of stages in the order of promotion.
    pub(crate) chains: Vec<Vec<StageJobs>>,
    /// The jobs that make what stages take: resource → job.
    pub(crate) builds: BTreeMap<String, usize>,
    /// The jobs that look whether a build would work: resource → job.
    pub(crate) checks: BTreeMap<String, usize>,
    /// The jobs that are no part of a chain, and why.
    pub(crate) outside: Vec<(usize, String)>,
}

/// The jobs of one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StageJobs {
    pub(crate) deploy: usize,
    pub(crate) preview: Option<usize>,
    /// The resource of the code.
    pub(crate) code: String,
    pub(crate) gate: GateShape,
}

/// What starts the deployment of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GateShape {
    None,
    Manual,
    Issue,
    Preview,
}

impl GateShape {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Manual => "manual",
            Self::Issue => "issue",
            Self::Preview => "preview",
        }
    }
}

/// Why a pipeline is none of promotions.
pub(crate) const NO_CHAIN: &str =
    "no job takes what another job had (`passed`), and none waits for an issue that another one opens";

/// Which jobs may be what, when a pipeline is taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShapeRules {
    /// A job that makes what stages take is a build of theirs.
    pub(crate) builds: bool,
    /// A job whose name says that it tests or publishes is no stage.
    pub(crate) names: bool,
}

impl Shape {
    /// The ways to take a pipeline apart that find a chain, the likeliest first.
    pub(crate) fn all(flow: &PipelineFlow<'_>) -> Vec<Self> {
        let readings = [(true, true), (false, true), (true, false), (false, false)];
        let readings = readings.into_iter().map(|(builds, names)| ShapeRules { builds, names });
        let mut found: Vec<Self> = Vec::new();
        for shape in readings.map(|reading| Finder::new(flow, reading).find()) {
            let is_new = !found.iter().any(|known| known.chains == shape.chains && known.builds == shape.builds);
            if found.is_empty() || is_new {
                found.push(shape);
            }
        }
        // A pipeline that is read as no chain in every way has the reasons of the first.
        if found.iter().any(|shape| !shape.chains.is_empty()) {
            found.retain(|shape| !shape.chains.is_empty());
        }
        found
    }

    pub(crate) fn stages(&self) -> impl Iterator<Item = &StageJobs> {
        self.chains.iter().flatten()
    }
}

/// Does a job set pipelines?
pub(crate) fn sets_pipelines(job: &Job) -> bool {
    let mut sets = false;
    job.each_step(&mut |step| sets |= matches!(step.core, Core::SetPipeline(_)));
    sets
}
