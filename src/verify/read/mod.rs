//! From pipelines as they are written to chains: jobs that depend on each other through gates, with what their steps do.
//!
//! - [`meaning`] says what a resource is.
//! - [`parts`] finds the jobs that have to do with each other.
//! - [`chain`] makes the models of such jobs, one for each pipeline that is set in the place of another.
//! - [`deploys`] says which stages a job deploys, and how that is known.
//! - [`plan`] says what the steps of a job do.
//! - [`report`] says it for people, with what the search leaves out.

mod chain;
mod deploys;
mod meaning;
mod parts;
mod plan;
mod report;

use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::view::{Definition, JobView, PipelineView, StepKind, StepView, field, text};
use yaml_source::yaml::{Value, decode};

use crate::gates::type_only_tells;
use crate::job_target::JobTarget;

pub(crate) use chain::{ChainNames, ModelChain};
use deploys::Deploys;
use meaning::{Former, Meaning, former_names, is_record, is_waiting, meanings};
pub(crate) use report::Assumed;

/// A pipeline of the run.
pub(super) struct Read<'n> {
    /// Its name. A pipeline that is set in the place of another one has the same name.
    pub(super) name: String,
    /// How many pipelines were set in its place before.
    pub(super) shape: usize,
    pub(super) view: PipelineView<'n>,
    /// The gets whose versions nobody has to approve: job and name.
    pub(super) unpinned: BTreeSet<(String, String)>,
    /// Whether a put without `inputs` gets the artifacts that its params mention: from Concourse 8.0 on.
    pub(super) detects_inputs: bool,
    /// Whether a person wrote the pipeline, so that it has to be guessed what its jobs deploy.
    pub(super) is_handwritten: bool,
}

/// Between a pipeline and its job, in the name of a stage that has no other.
const JOB: &str = " job ";

/// The end of the key of a gate whose issues tell about deployments, and that of the stage that is deployed.
const DEPLOYED: (&str, &str) = ("/deployed", "/deploy");

/// A job, as the run knows it: the numbers of its pipeline and of the job there.
type JobIndex = (usize, usize);

/// Everything that is known of a run before chains are told apart.
pub(super) struct Reader<'r, 'n> {
    pipelines: &'r [Read<'n>],
    /// The environments of jobs, or of single steps (`JOB/STEP`), as the user names them.
    targets: &'r [JobTarget],
    /// What each resource is, by pipeline and name.
    meanings: Vec<BTreeMap<&'n str, Meaning<'n>>>,
    /// The former names that each resource lists.
    former: Vec<BTreeMap<&'n str, Former<'n>>>,
    /// Type and source of each resource, as text.
    sources: Vec<BTreeMap<&'n str, String>>,
    /// The resources of each pipeline whose puts tell people something, or take a lock: they deploy nothing.
    telling: Vec<BTreeSet<&'n str>>,
    /// What each job deploys.
    deploys: BTreeMap<JobIndex, Deploys>,
    /// The stages for which an issue asks for an approval, each with the number of pipelines set before.
    promised: BTreeSet<(usize, String)>,
}

impl<'r, 'n> Reader<'r, 'n> {
    pub(super) fn new(pipelines: &'r [Read<'n>], targets: &'r [JobTarget]) -> Self {
        let meanings = pipelines.iter().map(|read| meanings(&read.view)).collect();
        let former = pipelines.iter().map(|read| former_names(&read.view)).collect();
        let sources = pipelines.iter().map(|read| {
            let of = |resource: &Definition<'n>| {
                let source = resource.source().and_then(|source| decode::<Value>(source).ok());
                (resource.name, format!("{} {source:?}", resource.text("type").unwrap_or_default()))
            };
            read.view.resources.iter().map(of).collect()
        });
        let sources = sources.collect();
        let telling = pipelines.iter().map(|read| telling(&read.view)).collect();
        let (deploys, promised) = (BTreeMap::new(), BTreeSet::new());
        let mut reader = Self { pipelines, targets, meanings, former, sources, telling, deploys, promised };
        let mut promised = BTreeSet::new();
        for at in reader.all_jobs() {
            let shape = reader.shape(at);
            for step in &reader.job(at).steps {
                if let Some(Meaning::Post { gate, destination: Some(destination) }) =
                    reader.meaning(at, step.resource())
                    && step.kind == StepKind::Put
                    && is_record(step, gate)
                {
                    promised.insert((shape, destination.clone()));
                }
            }
        }
        reader.promised = promised;
        reader.deploys = reader.all_deploys();
        reader
    }

    /// The chains of the run that have a gate, in order of their first jobs.
    pub(super) fn chains(&self) -> Vec<ModelChain> {
        self.searched().iter().map(|jobs| ModelChain::of(self, jobs)).collect()
    }

    /// The jobs of each of these chains.
    fn searched(&self) -> Vec<Vec<JobIndex>> {
        let mut parts = self.parts();
        parts.retain(|jobs| jobs.iter().any(|at| self.is_searched(*at)));
        parts
    }

    /// Whether the chain of a job is searched: the job waits for an approval, or deploys what needs one.
    fn is_searched(&self, at: JobIndex) -> bool {
        self.is_gated(at) || self.deploys(at).stages().any(|stage| self.needs_approval(at, stage))
    }

    /// All jobs of the run as one chain.
    pub(super) fn whole(&self) -> ModelChain {
        ModelChain::of(self, &self.all_jobs())
    }

    fn all_jobs(&self) -> Vec<JobIndex> {
        let of =
            |(at, read): (usize, &Read<'n>)| (0..read.view.jobs.len()).map(move |job| (at, job)).collect::<Vec<_>>();
        self.pipelines.iter().enumerate().flat_map(of).collect()
    }

    /// How many pipelines are set one after the other.
    fn shapes(&self) -> usize {
        self.pipelines.iter().map(|read| read.shape + 1).max().unwrap_or(1)
    }

    fn shape(&self, (pipeline, _): JobIndex) -> usize {
        self.pipelines[pipeline].shape
    }

    /// The name of a pipeline.
    fn pipeline(&self, (pipeline, _): JobIndex) -> &str {
        &self.pipelines[pipeline].name
    }

    fn job(&self, (pipeline, job): JobIndex) -> &JobView<'n> {
        &self.pipelines[pipeline].view.jobs[job]
    }

    fn meaning(&self, (pipeline, _): JobIndex, resource: &str) -> Option<&Meaning<'n>> {
        self.meanings[pipeline].get(resource)
    }

    fn type_of(&self, (pipeline, _): JobIndex, resource: &str) -> &'n str {
        let resources = &self.pipelines[pipeline].view.resources;
        let found = resources.iter().find(|known| known.name == resource);
        found.and_then(|resource| resource.text("type")).unwrap_or_default()
    }

    /// Whether a get brings an approval, which decides on what the job deploys.
    fn is_approval(&self, at: JobIndex, step: &StepView<'n>) -> bool {
        let is_approval = self.meaning(at, step.resource()).is_some_and(Meaning::is_approval);
        step.kind == StepKind::Get && is_approval && !is_waiting(step)
    }

    fn is_gated(&self, at: JobIndex) -> bool {
        self.job(at).steps.iter().any(|step| self.is_approval(at, step))
    }

    /// What a job deploys.
    fn deploys(&self, at: JobIndex) -> &Deploys {
        &self.deploys[&at]
    }

    /// Whether a stage that a job deploys needs approvals: the job waits for one or follows one, or an issue asks for one.
    fn needs_approval(&self, at: JobIndex, stage: &str) -> bool {
        self.is_gated(at) || self.deploys(at).is_follower || self.promised.contains(&(self.shape(at), stage.to_owned()))
    }
}

/// Whether the name of a job tells that it deploys something.
fn is_deployment(job: &JobView<'_>) -> bool {
    job.deploys() && !job.name.contains("preview")
}

/// The resources whose type says that a put to them deploys nothing.
fn telling<'n>(view: &PipelineView<'n>) -> BTreeSet<&'n str> {
    let of_type = |name: &str| view.resource_types.iter().find(|of_type| of_type.name == name);
    let tells = |resource: &&Definition<'n>| {
        let kind = resource.text("type").unwrap_or_default();
        let image = of_type(kind).and_then(|of_type| text(field(of_type.source()?, "repository")?));
        type_only_tells(kind, image)
    };
    view.resources.iter().filter(tells).map(|resource| resource.name).collect()
}
