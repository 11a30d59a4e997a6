//! From pipelines as they are written to chains: jobs that depend on each other through gates, with what their steps do.
//!
//! - [`meaning`] says what a resource is.
//! - [`parts`] finds the jobs that have to do with each other.
//! - [`chain`] makes the models of such jobs, one for each pipeline that is set in the place of another.
//! - [`plan`] says what the steps of a job do.

mod chain;
mod meaning;
mod parts;
mod plan;

use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::issues::IssueMark;
use concourse_pipeline::view::{Definition, JobView, PipelineView, StepKind, StepPlace, StepView, field, list};
use yaml_source::yaml::{Value, decode};

pub(crate) use chain::{ChainNames, ModelChain};
use meaning::{Former, Meaning, former_names, is_record, is_waiting, meanings};

/// A pipeline of the run.
pub(super) struct Read<'n> {
    /// Its name. A pipeline that is set in the place of another one has the same name.
    pub(super) name: String,
    /// How many pipelines were set in its place before.
    pub(super) shape: usize,
    pub(super) view: PipelineView<'n>,
    /// The gets whose versions nobody has to approve: job and name.
    pub(super) unpinned: BTreeSet<(String, String)>,
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
    targets: &'r [(String, String)],
    /// What each resource is, by pipeline and name.
    meanings: Vec<BTreeMap<&'n str, Meaning<'n>>>,
    /// The former names that each resource lists.
    former: Vec<BTreeMap<&'n str, Former<'n>>>,
    /// Type and source of each resource, as text.
    sources: Vec<BTreeMap<&'n str, String>>,
    /// The gated deployments by what they put: resource and params, and the number of pipelines set before.
    deployed: BTreeMap<(usize, String), JobIndex>,
    /// The stages for which an issue asks for an approval, each with the number of pipelines set before.
    promised: BTreeSet<(usize, String)>,
}

impl<'r, 'n> Reader<'r, 'n> {
    pub(super) fn new(pipelines: &'r [Read<'n>], targets: &'r [(String, String)]) -> Self {
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
        let (deployed, promised) = (BTreeMap::new(), BTreeSet::new());
        let mut reader = Self { pipelines, targets, meanings, former, sources, deployed, promised };
        let mut deployed = BTreeMap::new();
        let mut promised = BTreeSet::new();
        for at in reader.all_jobs() {
            let shape = reader.shape(at);
            if reader.is_gated(at)
                && let Some(key) = reader.first_put(at)
            {
                deployed.insert((shape, key), at);
            }
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
        reader.deployed = deployed;
        reader.promised = promised;
        reader
    }

    /// The chains of the run that have a gate, in order of their first jobs.
    pub(super) fn chains(&self) -> Vec<ModelChain> {
        self.parts()
            .into_iter()
            .filter(|jobs| jobs.iter().any(|at| self.needs_approval(*at)))
            .map(|jobs| ModelChain::of(self, &jobs))
            .collect()
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

    /// Whether a job deploys a stage that needs approvals: it waits for one, or an issue asks for one.
    fn needs_approval(&self, at: JobIndex) -> bool {
        self.is_gated(at) || self.stage(at).is_some_and(|stage| self.promised.contains(&(self.shape(at), stage)))
    }

    /// The targets that the user names of a job: each the step, if there is one, and the environment.
    fn targets_of(&self, at: JobIndex) -> impl Iterator<Item = (Option<&str>, &str)> {
        let job = self.job(at).name;
        self.targets.iter().filter_map(move |(target, environment)| {
            let (name, step) = match target.split_once('/') {
                Some((name, step)) => (name, Some(step)),
                None => (target.as_str(), None),
            };
            (name == job).then_some((step, environment.as_str()))
        })
    }

    /// The stage that the user means by an environment: the destination of a gate, whole or its environment alone. A gate of the
    /// job's own pipeline comes first.
    fn destination(&self, at: JobIndex, environment: &str) -> Option<&str> {
        let shape = self.shape(at);
        let others = (0..self.pipelines.len()).filter(|other| *other != at.0 && self.pipelines[*other].shape == shape);
        let destinations = std::iter::once(at.0).chain(others).flat_map(|pipeline| {
            self.meanings[pipeline].values().filter_map(|meaning| match meaning {
                Meaning::Approvals { destination, .. } => Some(destination.as_str()),
                _ => None,
            })
        });
        let is_meant = |destination: &&str| {
            let alone = destination.split('/').nth(2).unwrap_or_default();
            *destination == environment || alone.eq_ignore_ascii_case(environment)
        };
        { destinations }.find(is_meant)
    }

    /// Whether the user names a step as one that deploys. None if the user names no step of the job.
    fn is_target(&self, at: JobIndex, step: &str) -> Option<bool> {
        let mut steps = self.targets_of(at).filter_map(|(step, _)| step).peekable();
        steps.peek()?;
        Some(steps.any(|target| target == step))
    }

    /// What the first put of a job deploys, if the name of the job tells that it deploys something.
    fn first_put(&self, at: JobIndex) -> Option<String> {
        let job = self.job(at);
        let mut puts = job.steps.iter().filter(|step| {
            let is_issue = self.meaning(at, step.resource()).is_none_or(|meaning| meaning.gate().is_some());
            step.kind == StepKind::Put && !is_issue && matches!(step.place, StepPlace::Plan(_))
        });
        let put = puts.next().filter(|_| is_deployment(job))?;
        let params = field(put.node, "params").and_then(|params| decode::<Value>(params).ok());
        Some(format!("{} {params:?}", self.sources[at.0].get(put.resource())?))
    }

    /// The job behind a gate that puts the same as a job without a gate.
    fn gated_twin(&self, at: JobIndex) -> Option<JobIndex> {
        if self.is_gated(at) {
            return None;
        }
        self.deployed.get(&(self.shape(at), self.first_put(at)?)).copied()
    }

    /// The stage that a job deploys. None of a job that deploys nothing, as far as its name and its issues tell.
    fn stage(&self, at: JobIndex) -> Option<String> {
        let job = self.job(at);
        if let Some((_, environment)) = self.targets_of(at).next() {
            return Some(self.destination(at, environment).unwrap_or(environment).to_owned());
        }
        let unnamed = || format!("{}{JOB}{}", self.pipeline(at), job.name);
        if self.is_gated(at) {
            let own = |step: &StepView<'n>| match self.meaning(at, step.resource())? {
                Meaning::Approvals { destination, .. } if list(step.node, "passed").is_empty() => {
                    Some(destination.clone())
                }
                _ => None,
            };
            let own = job.steps.iter().filter(|step| self.is_approval(at, step)).find_map(own);
            return Some(own.unwrap_or_else(unnamed));
        }
        if let Some(twin) = self.gated_twin(at) {
            return self.stage(twin);
        }
        let recorded = |step: &StepView<'n>| match self.meaning(at, step.resource())? {
            Meaning::Post { gate, .. } if is_record(step, gate) => match gate.mark {
                IssueMark::Gate(key) => Some(format!("{}{}", key.strip_suffix(DEPLOYED.0)?, DEPLOYED.1)),
                IssueMark::Title(_) => None,
            },
            _ => None,
        };
        // A preview that finds nothing to change records the version, too.
        let is_unchanged = |step: &StepView<'n>| step.param("unchanged_if_file").is_some();
        let mut puts = job.steps.iter().filter(|step| step.kind == StepKind::Put && !is_unchanged(step));
        puts.find_map(recorded).or_else(|| is_deployment(job).then(unnamed))
    }
}

/// Whether the name of a job tells that it deploys something.
fn is_deployment(job: &JobView<'_>) -> bool {
    job.deploys() && !job.name.contains("preview")
}
