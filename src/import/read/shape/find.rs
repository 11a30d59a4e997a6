use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::flow::{JobFlow, PipelineFlow, Taking};
use concourse_pipeline::issues::{IssueId, IssueMark};
use concourse_pipeline::job_names::{
    JobRole, job_role, job_role_beside_deployments, names_deployment, names_environment,
};
use concourse_pipeline::model::{Core, GetStep};

use crate::import::read::steps::{flat, json};

use super::order::{StageUnit, nearest};
use super::{GateShape, Shape, ShapeRules, StageJobs, sets_pipelines};

/// Why a job that tests, builds or publishes is no stage.
const NO_ENVIRONMENT: &str = "its name says that it deploys to no environment";

/// Takes a pipeline apart.
pub(super) struct Finder<'p, 'f> {
    pub(super) flow: &'f PipelineFlow<'p>,
    pub(super) index: BTreeMap<&'p str, usize>,
    /// The jobs that open an issue.
    pub(super) opens: BTreeMap<IssueId<'p>, Vec<usize>>,
    reading: ShapeRules,
}

impl<'p, 'f> Finder<'p, 'f> {
    pub(super) fn new(flow: &'f PipelineFlow<'p>, reading: ShapeRules) -> Self {
        let mut opens: BTreeMap<IssueId, Vec<usize>> = BTreeMap::new();
        for (index, job) in flow.jobs.iter().enumerate() {
            for put in &job.opens {
                let resource = put.resource.as_ref().unwrap_or(&put.put);
                if let Some(issue) = flow.issues.get(resource.as_str()) {
                    opens.entry(issue.id.clone()).or_default().push(index);
                }
            }
        }
        let index = flow.jobs.iter().enumerate().map(|(index, job)| (job.job.name.as_str(), index)).collect();
        Self { flow, index, opens, reading }
    }

    pub(super) fn job(&self, index: usize) -> &JobFlow<'p> {
        &self.flow.jobs[index]
    }

    pub(super) fn find(self) -> Shape {
        let (builds, checks) = if self.reading.builds { self.builds() } else { (BTreeMap::new(), BTreeMap::new()) };
        let building: BTreeSet<usize> = builds.values().chain(checks.values()).copied().collect();
        let previews = self.previews(&building);
        let previewing: BTreeSet<usize> = previews.values().copied().collect();
        let mut units: Vec<StageUnit> = Vec::new();
        let mut outside: Vec<(usize, String)> = Vec::new();
        let mut unit_of: BTreeMap<usize, usize> = BTreeMap::new();
        let fallback = self.most_taken();
        for index in 0..self.flow.jobs.len() {
            if self.sets_pipelines(index) {
                let why = "it sets pipelines, and would put the former one back in the place of what is rendered";
                outside.push((index, why.to_owned()));
                continue;
            }
            if building.contains(&index) || previewing.contains(&index) {
                continue;
            }
            let preview = previews.get(&index).copied();
            if preview.is_none() && self.is_no_stage(index, &building) {
                outside.push((index, NO_ENVIRONMENT.to_owned()));
                continue;
            }
            let fallback = || fallback.clone().filter(|name| !self.is_name_taken(index, name));
            let Some(code) = self.code(index, preview).or_else(fallback) else {
                let why = "it takes no repository as its code".to_owned();
                outside.extend(preview.map(|preview| (preview, why.clone())));
                outside.push((index, why));
                continue;
            };
            unit_of.insert(index, units.len());
            unit_of.extend(preview.map(|preview| (preview, units.len())));
            units.push(StageUnit {
                jobs: StageJobs { deploy: index, preview, code, gate: GateShape::None },
                before: None,
            });
        }
        let before: Vec<BTreeSet<usize>> =
            (0..units.len()).map(|unit| self.before(unit, &units[unit].jobs, &unit_of)).collect();
        let nearest: Vec<Option<usize>> = (0..before.len()).map(|unit| nearest(unit, &before)).collect();
        for (unit, before) in units.iter_mut().zip(nearest) {
            unit.before = before;
            let gate = self.gate(unit);
            unit.jobs.gate = gate;
        }
        let mut shape = Shape { chains: Vec::new(), builds, checks, outside };
        self.chain(&units, &mut shape);
        for chain in &mut shape.chains {
            self.unite_code(chain);
        }
        self.drop_chains_without_environments(&mut shape);
        self.drop_lone_builds(&mut shape);
        shape
    }

    pub(super) fn sets_pipelines(&self, index: usize) -> bool {
        sets_pipelines(self.job(index).job)
    }

    /// Does a job do something else than to deploy, as far as its name tells, where others deploy? A job that takes part in
    /// approvals is a stage, whatever its name is.
    fn is_no_stage(&self, index: usize, building: &BTreeSet<usize>) -> bool {
        let job = self.job(index);
        let has_approvals = !job.gates.is_empty() || !job.records.is_empty() || !job.opens.is_empty();
        let name_of = |index: usize| self.job(index).job.name.as_str();
        let others =
            || (0..self.flow.jobs.len()).filter(|other| !building.contains(other) && !self.sets_pipelines(*other));
        let is_deployed = others().any(|other| job_role(name_of(other)) == JobRole::Stage);
        let role = if others().any(|other| names_deployment(name_of(other))) {
            job_role_beside_deployments(name_of(index))
        } else {
            job_role(name_of(index))
        };
        self.reading.names && !has_approvals && is_deployed && role == JobRole::Other
    }

    /// Leaves out chains of which no name says anything but tests, builds and publications.
    fn drop_chains_without_environments(&self, shape: &mut Shape) {
        let is_stage = |stage: &StageJobs| {
            let job = self.job(stage.deploy);
            let has_approvals = !job.gates.is_empty() || !job.records.is_empty() || !job.opens.is_empty();
            let name = job.job.name.as_str();
            has_approvals || stage.preview.is_some() || job_role(name) != JobRole::Other || names_environment(name)
        };
        let (chains, dropped): (Vec<_>, Vec<_>) =
            std::mem::take(&mut shape.chains).into_iter().partition(|chain| chain.iter().any(is_stage));
        shape.chains = chains;
        shape.outside.extend(dropped.into_iter().flatten().map(|stage| (stage.deploy, NO_ENVIRONMENT.to_owned())));
    }

    /// Is a resource what jobs hand on, version by version?
    fn is_promoted(&self, index: usize, resource: &str) -> bool {
        let name = &self.job(index).job.name;
        self.flow.jobs.iter().enumerate().any(|(other, job)| {
            let takings = job.takes.iter().filter(|taking| taking.resource == resource);
            { takings }
                .any(|taking| !taking.get.passed.is_empty() && (other == index || taking.get.passed.contains(name)))
        })
    }

    /// Does a step within others, a hook, or a get of something else bring an artifact of that name? A job has one of each
    /// name.
    fn is_name_taken(&self, index: usize, name: &str) -> bool {
        let job = self.job(index).job;
        let first: Vec<&GetStep> = flat(&job.plan)
            .into_iter()
            .filter_map(|step| if let Core::Get(get) = &step.core { Some(get) } else { None })
            .collect();
        let mut taken = false;
        job.each_step(&mut |step| {
            if let Core::Get(get) = &step.core {
                let is_code = first.iter().any(|known| std::ptr::eq(*known, get))
                    && get.resource.as_ref().unwrap_or(&get.get).as_str() == name;
                taken |= get.get.as_str() == name && !is_code;
            }
        });
        taken && self.flow.issues.is_empty()
    }

    /// The repository that most jobs take: a stage without one of its own belongs to that.
    fn most_taken(&self) -> Option<String> {
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        for taking in self.flow.jobs.iter().flat_map(|job| &job.takes) {
            if self.flow.resources.get(taking.resource).is_some_and(|found| found.type_name.as_str() == "git") {
                *count.entry(taking.resource).or_default() += 1;
            }
        }
        count.into_iter().max_by_key(|(_, count)| *count).map(|(name, _)| name.to_owned())
    }

    /// Deploy job → the preview whose issue starts it.
    fn previews(&self, building: &BTreeSet<usize>) -> BTreeMap<usize, usize> {
        let mut previews = BTreeMap::new();
        for (index, job) in self.flow.jobs.iter().enumerate().filter(|(index, _)| !building.contains(index)) {
            for taking in job.gates.iter().filter(|taking| taking.triggers()) {
                let issue = &self.flow.issues[taking.resource];
                let Some([opener]) = self.opens.get(&issue.id).map(Vec::as_slice) else { continue };
                let ready = match &issue.id.mark {
                    IssueMark::Gate(key) => key.ends_with("/ready"),
                    IssueMark::Title(title) => {
                        let before = self.job(*opener).job;
                        title.contains("ready to deploy")
                            || before.serial_groups.iter().any(|group| job.job.serial_groups.contains(group))
                                && job.job.name != before.name
                            || looks_like_preview(before.name.as_str())
                    }
                };
                if ready && *opener != index {
                    previews.insert(index, *opener);
                }
            }
        }
        previews
    }

    /// The repository that a stage is deployed from: the one that its steps speak of.
    fn code(&self, deploy: usize, preview: Option<usize>) -> Option<String> {
        let mut best: Option<(bool, usize, usize, &str)> = None;
        for index in [Some(deploy), preview].into_iter().flatten() {
            let job = self.job(index);
            let steps: String = flat(&job.job.plan)
                .into_iter()
                .filter(|step| !matches!(step.core, Core::Get(_)))
                .map(|step| json(step).to_string())
                .collect();
            let made: String = job
                .makes
                .iter()
                .filter_map(|made| Some(json(self.flow.resources.get(made)?.source.as_ref()?).to_string()))
                .collect();
            // An approval brings the code by the name that the repository has.
            let approved = job.gates.iter().filter(|taking| self.flow.issues[taking.resource].code().is_some());
            let approved = approved.map(|taking| taking.get.get.as_str()).map(|name| (name, name));
            let takes = job.takes.iter().map(|taking| (taking.get.get.as_str(), taking.resource));
            for (place, (name, resource)) in takes.chain(approved).enumerate() {
                let is_git = self.flow.resources.get(resource).is_some_and(|found| found.type_name.as_str() == "git");
                if !is_git || name.starts_with("after-") || self.is_name_taken(index, resource) {
                    continue;
                }
                let within = |text: &str| {
                    text.matches(&format!("{name}/")).count() + text.matches(&format!("\"{name}\"")).count()
                };
                let weight = within(&steps) + within(&made);
                // A repository of helpers is taken at its newest everywhere: what is handed on is the code.
                let is_promoted = self.flow.issues.is_empty() && self.is_promoted(index, resource);
                if best.is_none_or(|(promoted, known, at, _)| (promoted, known, at) <= (is_promoted, weight, place)) {
                    best = Some((is_promoted, weight, place, resource));
                }
            }
        }
        best.map(|(.., name)| name.to_owned())
    }

    /// Gives a chain one code where its steps speak of several: what all of its stages take and hand on.
    fn unite_code(&self, chain: &mut [StageJobs]) {
        let Some((first, rest)) = chain.split_first() else { return };
        if !self.flow.issues.is_empty() || rest.iter().all(|stage| stage.code == first.code) {
            return;
        }
        let taking = |stage: &StageJobs, name: &str| {
            let mut takes = self.job(stage.deploy).takes.iter();
            takes.find(|taking| taking.resource == name && taking.get.get.as_str() == name)
        };
        let is_code = |name: &str| {
            self.flow.resources.get(name).is_some_and(|found| found.type_name.as_str() == "git")
                && chain.iter().all(|stage| !self.is_name_taken(stage.deploy, name))
                && rest.iter().all(|stage| taking(stage, name).is_some_and(|taking| !taking.get.passed.is_empty()))
        };
        let weight = |name: &str| {
            let triggers = taking(first, name).is_some_and(Taking::triggers);
            (triggers, chain.iter().filter(|stage| stage.code == name).count())
        };
        let of_first = self.job(first.deploy).takes.iter().map(|taking| taking.resource);
        let best = of_first.filter(|name| is_code(name)).max_by_key(|name| weight(name)).map(str::to_owned);
        if let Some(code) = best {
            for stage in chain {
                stage.code.clone_from(&code);
            }
        }
    }

    /// A build whose result no stage takes is no build of theirs.
    fn drop_lone_builds(&self, shape: &mut Shape) {
        loop {
            let mut wanted: BTreeSet<String> = BTreeSet::new();
            let takes = |index: usize| self.job(index).takes.iter().map(|taking| taking.resource.to_owned());
            for stage in shape.stages() {
                wanted.extend(takes(stage.deploy));
                wanted.extend(stage.preview.into_iter().flat_map(takes));
            }
            wanted.extend(shape.builds.values().flat_map(|job| takes(*job)));
            let lone: Vec<String> = shape.builds.keys().filter(|name| !wanted.contains(*name)).cloned().collect();
            if lone.is_empty() {
                return;
            }
            for name in lone {
                if let Some(check) = shape.checks.remove(&name) {
                    shape.outside.push((check, format!("no stage takes the `{name}` that it is about")));
                }
                if let Some(job) = shape.builds.remove(&name) {
                    shape.outside.push((job, format!("no stage takes the `{name}` that it makes")));
                }
            }
        }
    }
}

/// Is it called like one?
fn looks_like_preview(name: &str) -> bool {
    name.split(['-', '_', '.']).any(|word| matches!(word, "preview" | "plan" | "diff"))
}
