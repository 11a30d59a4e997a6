//! The pipeline that is read, with its flow and its shape: what its jobs take, put and open.

use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::flow::{JobFlow, PipelineFlow, Taking, is_check_of_approval};
use concourse_pipeline::model::{Core, GetStep, Job, JobName, Pipeline, PutStep, Resource, Step};

use super::shape::{GateShape, Shape, StageJobs, sets_pipelines};
use super::steps::flat;

/// The pipeline that is read, and what it was taken for.
pub(crate) struct SourcePipeline<'p> {
    pub(crate) pipeline: &'p Pipeline,
    pub(crate) flow: &'p PipelineFlow<'p>,
    pub(crate) shape: &'p Shape,
    /// Resources that stages take in Concourse's own words: no input is taken so.
    pub(crate) verbatim: BTreeSet<String>,
}

/// The input whose approved version a file holds, if it is a pin of an approval.
pub(crate) fn pinned(file: &str) -> Option<&str> {
    file.strip_prefix("gate/pins/").or_else(|| Some(file.split_once("/.git/approval/pins/")?.1))
}

impl<'p> SourcePipeline<'p> {
    pub(crate) fn job(&self, index: usize) -> &'p JobFlow<'p> {
        &self.flow.jobs[index]
    }

    /// The jobs that set pipelines.
    pub(crate) fn setters(&self) -> impl Iterator<Item = &'p Job> {
        self.pipeline.jobs.iter().filter(|job| sets_pipelines(job))
    }

    /// What a job does itself: its steps but for gets, and for what belongs to gates.
    pub(crate) fn body(&self, index: usize) -> Vec<&'p Step> {
        let is_own = |step: &&Step| match &step.core {
            Core::Get(_) => false,
            Core::Put(put) => !self.flow.issues.contains_key(resource_of(put)),
            Core::Task(task) => !is_check_of_approval(task),
            _ => true,
        };
        flat(&self.job(index).job.plan).into_iter().filter(is_own).collect()
    }

    /// What a job fetches for itself, issues apart: gets within other steps belong to those.
    pub(crate) fn takes(&self, index: usize) -> impl Iterator<Item = &'p Taking<'p>> + use<'p> {
        let job = self.job(index);
        let plan: Vec<&GetStep> = flat(&job.job.plan)
            .into_iter()
            .filter_map(|step| if let Core::Get(get) = &step.core { Some(get) } else { None })
            .collect();
        job.takes.iter().filter(move |taking| plan.iter().any(|get| std::ptr::eq(*get, taking.get)))
    }

    /// The put that opens the issue of a job.
    pub(crate) fn opens(&self, index: usize) -> Option<&'p PutStep> {
        self.job(index).opens.first().copied()
    }

    pub(crate) fn resource(&self, name: &str) -> Option<&'p Resource> {
        self.flow.resources.get(name).copied()
    }

    /// Is a job among these, or one of those whose versions they took?
    pub(crate) fn come_after(&self, names: &[JobName], job: usize) -> bool {
        let of = |name: &JobName| self.flow.jobs.iter().position(|job| job.job.name == *name);
        let mut open: Vec<usize> = names.iter().filter_map(of).collect();
        let mut seen = BTreeSet::new();
        while let Some(next) = open.pop() {
            if next == job {
                return true;
            }
            if seen.insert(next) {
                open.extend(self.job(next).takes.iter().flat_map(|taking| &taking.get.passed).filter_map(of));
            }
        }
        false
    }

    /// Does a stage take a resource, however it does?
    pub(crate) fn takes_any(&self, stage: &StageJobs, resource: &str) -> bool {
        let jobs = [Some(stage.deploy), stage.preview].into_iter().flatten();
        { jobs }.any(|job| self.takes(job).any(|taking| taking.resource == resource))
    }

    /// The get by which a stage takes its code under the code's own name.
    pub(crate) fn code_get(&self, stage: &StageJobs) -> Option<&'p GetStep> {
        let mut takes = self.takes(stage.deploy);
        takes
            .find(|taking| taking.resource == stage.code && taking.get.get.as_str() == stage.code)
            .map(|taking| taking.get)
    }

    /// The step of a get, which may say more than the get itself.
    pub(crate) fn step_of(&self, job: usize, taking: &Taking<'p>) -> Option<&'p Step> {
        let steps = flat(&self.job(job).job.plan);
        { steps }.into_iter().find(|step| matches!(&step.core, Core::Get(get) if std::ptr::eq(get, taking.get)))
    }

    /// Does a step say more of a get than which version it takes? Workers that all steps of a job have are those of the job.
    fn sets_more(&self, job: usize, taking: &Taking<'p>) -> bool {
        let Some(step) = self.step_of(job, taking) else { return false };
        let mut of_all = true;
        self.job(job).job.each_step(&mut |other| {
            let has_tags = matches!(other.core, Core::Get(_) | Core::Put(_) | Core::Task(_));
            of_all &= !has_tags || other.tags == step.tags;
        });
        let bare = Step { tags: step.tags.clone(), ..Step::from(step.core.clone()) };
        *step != bare || !of_all && !step.tags.is_empty()
    }

    /// Is a get said in Concourse's own words?
    pub(crate) fn is_verbatim(&self, stage: &StageJobs, taking: &Taking<'p>) -> bool {
        if !self.flow.issues.is_empty() || stage.preview.is_some() {
            return false;
        }
        if taking.resource == stage.code {
            return self.code_get(stage).is_none_or(|get| !std::ptr::eq(get, taking.get));
        }
        self.verbatim.contains(taking.resource)
    }

    /// Finds what is taken as no input is: under another name, at its newest in every stage, past a job that is no stage.
    pub(crate) fn find_verbatim(&mut self) {
        if !self.flow.issues.is_empty() {
            return;
        }
        let codes: BTreeSet<&str> = self.shape.stages().map(|stage| stage.code.as_str()).collect();
        let mut found: BTreeSet<String> = BTreeSet::new();
        for chain in &self.shape.chains {
            let mut before: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for stage in chain {
                let name = self.job(stage.deploy).job.name.as_str();
                let mut taken: BTreeSet<&str> = BTreeSet::new();
                for taking in self.takes(stage.deploy).filter(|taking| taking.resource != stage.code) {
                    let resource = taking.resource;
                    let stages = before.get(resource).map_or(&[][..], Vec::as_slice);
                    let passed: Vec<&str> = taking.get.passed.iter().map(JobName::as_str).collect();
                    let build = self.shape.builds.get(resource).map(|job| self.job(*job).job.name.as_str());
                    let from_build = self
                        .shape
                        .builds
                        .values()
                        .any(|job| self.job(*job).takes.iter().any(|taking| taking.resource == resource));
                    let expected = stages.last().copied().or(build);
                    let is_expected = from_build
                        || match expected {
                            Some(expected) => {
                                passed.contains(&expected)
                                    && passed
                                        .iter()
                                        .all(|job| *job == expected || stages.contains(job) || Some(*job) == build)
                            }
                            None => passed.is_empty(),
                        };
                    let is_put = self.shape.stages().any(|stage| self.job(stage.deploy).makes.contains(&resource));
                    if codes.contains(resource)
                        || taking.get.get.as_str() != resource
                        || taking.get.version.is_some()
                        || !taken.insert(resource)
                        || !is_expected
                        || self.sets_more(stage.deploy, taking)
                        || is_put
                    {
                        found.insert(resource.to_owned());
                    }
                    before.entry(resource).or_default().push(name);
                }
            }
        }
        self.verbatim = found;
    }

    /// Does the stage go by itself, and not for this resource?
    pub(crate) fn is_quiet(&self, stage: &StageJobs, resource: &str) -> bool {
        let by_itself = stage.preview.is_some() || stage.gate == GateShape::None;
        let entering = self.job(stage.preview.unwrap_or(stage.deploy));
        let brings_code = |taking: &Taking<'_>| self.flow.issues[taking.resource].code().is_some();
        let mut takes = entering.takes.iter().filter(|taking| taking.resource == resource);
        by_itself
            && !entering.gates.iter().any(brings_code)
            && entering.takes.iter().any(Taking::triggers)
            && !takes.any(|taking| {
                taking.triggers()
                    && (resource != stage.code || taking.get.get.as_str() == resource || !self.flow.issues.is_empty())
            })
    }

    /// Does a stage go by itself, and not for the code that it shares with a build?
    pub(crate) fn is_quiet_code(&self, code: &str) -> bool {
        self.shape.stages().any(|stage| stage.code == code && self.is_quiet(stage, code))
    }
}

/// The resource that a put writes.
pub(crate) fn resource_of(put: &PutStep) -> &str {
    put.resource.as_ref().unwrap_or(&put.put).as_str()
}

/// A get that only waits, as this program writes it for `needs`.
pub(crate) fn is_need(taking: &Taking<'_>) -> bool {
    taking.get.get.as_str().starts_with("after-") && taking.get.resource.is_some()
}
