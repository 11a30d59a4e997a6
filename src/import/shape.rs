//! Which jobs of a pipeline are stages of a promotion chain, which of them build, and which are neither.

use std::collections::{BTreeMap, BTreeSet};

use crate::concourse::{Core, Job};
use crate::flow::{IssueId, IssueMark, JobFlow, PipelineFlow, Taking};

use super::graph::{flat, json};

/// What a pipeline is taken for.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// The chains, each of stages in the order of promotion.
    pub(super) chains: Vec<Vec<StageJobs>>,
    /// The jobs that make what stages take: resource → job.
    pub(super) builds: BTreeMap<String, usize>,
    /// The jobs that look whether a build would work: resource → job.
    pub(super) checks: BTreeMap<String, usize>,
    /// The jobs that are no part of a chain, and why.
    pub(super) outside: Vec<(usize, String)>,
}

/// The jobs of one stage.
#[derive(Clone, Debug)]
pub(super) struct StageJobs {
    pub(super) deploy: usize,
    pub(super) preview: Option<usize>,
    /// The resource of the code.
    pub(super) code: String,
    pub(super) gate: GateShape,
}

/// What starts the deployment of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GateShape {
    None,
    Manual,
    Issue,
    Preview,
}

impl GateShape {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Manual => "manual",
            Self::Issue => "issue",
            Self::Preview => "preview",
        }
    }
}

/// Why a pipeline is none of promotions.
pub(super) const NO_CHAIN: &str =
    "no job takes what another job had (`passed`), and none waits for an issue that another one opens";

impl Shape {
    pub(super) fn of(flow: &PipelineFlow<'_>) -> Self {
        Finder::new(flow).find()
    }

    pub(super) fn stages(&self) -> impl Iterator<Item = &StageJobs> {
        self.chains.iter().flatten()
    }
}

/// Does a job set pipelines?
pub(super) fn sets_pipelines(job: &Job) -> bool {
    let mut sets = false;
    job.each_step(&mut |step| sets |= matches!(step.core, Core::SetPipeline(_)));
    sets
}

struct Finder<'p, 'f> {
    flow: &'f PipelineFlow<'p>,
    index: BTreeMap<&'p str, usize>,
    /// The jobs that open an issue.
    opens: BTreeMap<IssueId, Vec<usize>>,
}

/// A stage, with the stage that its versions come from.
struct Unit {
    jobs: StageJobs,
    before: Option<usize>,
}

impl<'p, 'f> Finder<'p, 'f> {
    fn new(flow: &'f PipelineFlow<'p>) -> Self {
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
        Self { flow, index, opens }
    }

    fn job(&self, index: usize) -> &JobFlow<'p> {
        &self.flow.jobs[index]
    }

    fn find(self) -> Shape {
        let (builds, checks) = self.builds();
        let building: BTreeSet<usize> = builds.values().chain(checks.values()).copied().collect();
        let previews = self.previews(&building);
        let previewing: BTreeSet<usize> = previews.values().copied().collect();
        let mut units: Vec<Unit> = Vec::new();
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
            let Some(code) = self.code(index, preview).or_else(|| fallback.clone()) else {
                let why = "it takes no repository, and what deploys has code".to_owned();
                outside.extend(preview.map(|preview| (preview, why.clone())));
                outside.push((index, why));
                continue;
            };
            unit_of.insert(index, units.len());
            unit_of.extend(preview.map(|preview| (preview, units.len())));
            units.push(Unit { jobs: StageJobs { deploy: index, preview, code, gate: GateShape::None }, before: None });
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
        self.drop_lone_builds(&mut shape);
        shape
    }

    fn sets_pipelines(&self, index: usize) -> bool {
        sets_pipelines(self.job(index).job)
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

    /// What is made by a job that starts by itself, or once another job has looked at the same, and taken by others as it
    /// made it.
    fn builds(&self) -> (BTreeMap<String, usize>, BTreeMap<String, usize>) {
        let (mut builds, mut checks) = (BTreeMap::new(), BTreeMap::new());
        let taken_as_made: BTreeSet<(&str, &str)> = self
            .flow
            .jobs
            .iter()
            .flat_map(|job| &job.takes)
            .flat_map(|taking| taking.get.passed.iter().map(|passed| (taking.resource, passed.as_str())))
            .collect();
        for (index, job) in self.flow.jobs.iter().enumerate() {
            // What it is made of may be made by another build.
            let is_made = |taking: &Taking<'p>| {
                taking.get.passed.iter().all(|before| {
                    self.index
                        .get(before.as_str())
                        .is_some_and(|before| self.job(*before).makes.contains(&taking.resource))
                })
            };
            let for_itself = job.takes.iter().all(is_made);
            let check = if for_itself { None } else { self.check_of(index) };
            if !for_itself && check.is_none()
                || !job.gates.is_empty()
                || !job.opens.is_empty()
                || !job.claims.is_empty()
            {
                continue;
            }
            let made: BTreeSet<&str> = job.makes.iter().copied().collect();
            let takes_its_own = |name: &str| job.takes.iter().any(|taking| taking.resource == name);
            let taken: Vec<&&str> =
                made.iter().filter(|made| taken_as_made.contains(&(**made, job.job.name.as_str()))).collect();
            let made_by_others = |name: &str| {
                let others = self.flow.jobs.iter().enumerate().filter(|(other, _)| *other != index);
                { others }.any(|(_, job)| job.makes.contains(&name))
            };
            let is_git =
                |name: &str| self.flow.resources.get(name).is_some_and(|found| found.type_name.as_str() == "git");
            if let [only] = taken.as_slice()
                && !takes_its_own(only)
                && !is_git(only)
                && !made_by_others(only)
                && !self.sets_pipelines(index)
            {
                builds.insert((**only).to_owned(), index);
                checks.extend(check.map(|check| ((**only).to_owned(), check)));
            }
        }
        (builds, checks)
    }

    /// The job that everything passed that a job takes, where it takes the same and nothing else follows it.
    fn check_of(&self, index: usize) -> Option<usize> {
        let job = self.job(index);
        let [first, ..] = job.takes.as_slice() else { return None };
        let [check] = first.get.passed.as_slice() else { return None };
        let same = job.takes.iter().all(|taking| taking.get.passed == first.get.passed);
        let found = *self.index.get(check.as_str())?;
        let before = self.job(found);
        let takes = |job: &JobFlow<'p>| job.takes.iter().map(|taking| taking.resource).collect::<BTreeSet<_>>();
        let bare = before.gates.is_empty()
            && before.opens.is_empty()
            && before.takes.iter().all(|taking| taking.get.passed.is_empty());
        let others = self.flow.jobs.iter().enumerate().filter(|(other, _)| *other != index);
        let followed = { others }.any(|(_, job)| job.takes.iter().any(|taking| taking.get.passed.contains(check)));
        (same && bare && !followed && takes(job) == takes(before)).then_some(found)
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
        let mut best: Option<(usize, usize, &str)> = None;
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
            for (place, taking) in job.takes.iter().enumerate() {
                let is_git =
                    self.flow.resources.get(taking.resource).is_some_and(|found| found.type_name.as_str() == "git");
                if !is_git || taking.get.get.as_str().starts_with("after-") {
                    continue;
                }
                let name = taking.get.get.as_str();
                let within = |text: &str| {
                    text.matches(&format!("{name}/")).count() + text.matches(&format!("\"{name}\"")).count()
                };
                let weight = within(&steps) + within(&made);
                if best.is_none_or(|(known, at, _)| (known, at) <= (weight, place)) {
                    best = Some((weight, place, taking.resource));
                }
            }
        }
        best.map(|(_, _, name)| name.to_owned())
    }

    /// The stages that a stage's versions or approvals come from.
    fn before(&self, unit: usize, jobs: &StageJobs, unit_of: &BTreeMap<usize, usize>) -> BTreeSet<usize> {
        let entered = self.job(jobs.preview.unwrap_or(jobs.deploy));
        let of_jobs = |names: &[crate::concourse::JobName]| -> BTreeSet<usize> {
            names
                .iter()
                .filter_map(|name| unit_of.get(self.index.get(name.as_str())?).copied())
                .filter(|other| *other != unit)
                .collect()
        };
        let from = |takes: &mut dyn Iterator<Item = &Taking<'p>>| -> BTreeSet<usize> {
            takes.flat_map(|taking| of_jobs(&taking.get.passed)).collect()
        };
        let is_need = |taking: &&Taking<'p>| taking.get.get.as_str().starts_with("after-");
        let mut before =
            from(&mut entered.takes.iter().filter(|taking| taking.resource == jobs.code && !is_need(taking)));
        for taking in &entered.gates {
            let issue = &self.flow.issues[taking.resource];
            let openers = self.opens.get(&issue.id).into_iter().flatten();
            before.extend(openers.filter_map(|job| unit_of.get(job).copied()).filter(|other| *other != unit));
            before.extend(of_jobs(&taking.get.passed));
        }
        if before.is_empty() {
            before = from(&mut entered.takes.iter().filter(|taking| !is_need(taking)));
        }
        before
    }

    fn gate(&self, unit: &Unit) -> GateShape {
        let job = self.job(unit.jobs.deploy);
        let own = |taking: &&Taking<'p>| self.opens.contains_key(&self.flow.issues[taking.resource].id);
        let waits = job.gates.iter().filter(own).any(|taking| taking.triggers() && taking.get.passed.is_empty());
        if unit.jobs.preview.is_some() {
            GateShape::Preview
        } else if waits && unit.before.is_some() {
            GateShape::Issue
        } else if job.takes.iter().chain(&job.gates).any(Taking::triggers) {
            GateShape::None
        } else {
            GateShape::Manual
        }
    }

    fn chain(&self, units: &[Unit], shape: &mut Shape) {
        let mut after: Vec<Vec<usize>> = vec![Vec::new(); units.len()];
        for (unit, Unit { before, .. }) in units.iter().enumerate() {
            if let Some(before) = before {
                after[*before].push(unit);
            }
        }
        let length = lengths(&after);
        let name = |unit: usize| self.job(units[unit].jobs.deploy).job.name.as_str();
        let mut chains: Vec<Vec<usize>> = Vec::new();
        let mut dropped: Vec<(usize, String)> = Vec::new();
        let mut seen = BTreeSet::new();
        for start in (0..units.len()).filter(|unit| units[*unit].before.is_none()) {
            let mut chain = vec![start];
            let mut last = start;
            seen.insert(start);
            loop {
                let longest = after[last].iter().map(|next| length[*next]).max();
                let Some(next) = after[last].iter().copied().find(|next| Some(length[*next]) == longest) else { break };
                for other in after[last].iter().filter(|other| **other != next) {
                    let why =
                        format!("it follows `{}`, as `{}` does, and a chain does not branch", name(last), name(next));
                    dropped.push((*other, why));
                }
                if !seen.insert(next) {
                    break;
                }
                chain.push(next);
                last = next;
            }
            chains.push(chain);
        }
        // What follows a job that was dropped is dropped with it.
        while let Some((unit, why)) = dropped.pop() {
            seen.insert(unit);
            for next in &after[unit] {
                dropped.push((*next, format!("it follows `{}`, which is not carried over", name(unit))));
            }
            let StageJobs { deploy, preview, .. } = units[unit].jobs;
            shape.outside.extend(preview.map(|preview| (preview, why.clone())));
            shape.outside.push((deploy, why));
        }
        for unit in (0..units.len()).filter(|unit| !seen.contains(unit)) {
            shape.outside.push((units[unit].jobs.deploy, "it waits for itself".to_owned()));
        }
        let promotes = |chain: &Vec<usize>| chain.len() > 1 || units[chain[0]].jobs.preview.is_some();
        let some_promote = chains.iter().any(promotes);
        for chain in chains {
            // A job alone is a chain where the pipeline has no others, or where it is deployed as theirs are.
            let deploys = || self.is_alike(&chain, units) || units.len() == 1;
            if promotes(&chain) || deploys() {
                shape.chains.push(chain.into_iter().map(|unit| units[unit].jobs.clone()).collect());
                continue;
            }
            let why = if some_promote {
                "no other job has what it had, and it has what no other job had: it promotes nothing".to_owned()
            } else {
                NO_CHAIN.to_owned()
            };
            shape.outside.extend(chain.into_iter().map(|unit| (units[unit].jobs.deploy, why.clone())));
        }
    }

    /// Does a job alone put what stages of other chains put?
    fn is_alike(&self, chain: &[usize], units: &[Unit]) -> bool {
        let makes = |unit: usize| &self.job(units[unit].jobs.deploy).makes;
        let mine = makes(chain[0]);
        !mine.is_empty()
            && units.iter().enumerate().any(|(other, unit)| {
                other != chain[0] && unit.before.is_some() && makes(other).iter().any(|made| mine.contains(made))
            })
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

/// Of the stages before one, that which the others are before as well; the last of several that are not.
fn nearest(unit: usize, before: &[BTreeSet<usize>]) -> Option<usize> {
    let ancestors = |of: usize| {
        let mut all = BTreeSet::new();
        let mut open = vec![of];
        while let Some(next) = open.pop() {
            for other in &before[next] {
                if all.insert(*other) {
                    open.push(*other);
                }
            }
        }
        all
    };
    let candidates = &before[unit];
    if candidates.len() <= 1 {
        return candidates.first().copied();
    }
    candidates.iter().copied().max_by_key(|candidate| {
        let above = ancestors(*candidate);
        (candidates.iter().filter(|other| above.contains(other)).count(), *candidate)
    })
}

/// How many stages follow each, at most.
fn lengths(after: &[Vec<usize>]) -> Vec<usize> {
    let mut length = vec![0; after.len()];
    // A chain is no longer than there are stages; what waits for itself does not grow beyond that.
    for _ in 0..after.len() {
        let mut changed = false;
        for unit in 0..after.len() {
            let longest = after[unit].iter().map(|next| length[*next] + 1).max().unwrap_or(0).min(after.len());
            if longest > length[unit] {
                length[unit] = longest;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    length
}
