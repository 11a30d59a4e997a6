//! Which stage comes before which, and what starts it.

use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::flow::Taking;
use concourse_pipeline::job_names::{JobRole, job_role};

use super::find::Finder;
use super::{GateShape, NO_CHAIN, Shape, StageJobs};

/// A stage, with the stage that its versions come from.
pub(super) struct StageUnit {
    pub(super) jobs: StageJobs,
    pub(super) before: Option<usize>,
}

impl<'p> Finder<'p, '_> {
    /// The stages that a stage's versions or approvals come from.
    pub(super) fn before(&self, unit: usize, jobs: &StageJobs, unit_of: &BTreeMap<usize, usize>) -> BTreeSet<usize> {
        let entered = self.job(jobs.preview.unwrap_or(jobs.deploy));
        let of_jobs = |names: &[concourse_pipeline::model::JobName]| -> BTreeSet<usize> {
            self.stages_before(names, unit_of).into_iter().filter(|other| *other != unit).collect()
        };
        let from = |takes: &mut dyn Iterator<Item = &Taking<'p>>| -> BTreeSet<usize> {
            takes.flat_map(|taking| of_jobs(&taking.get.passed)).collect()
        };
        let is_need = |taking: &&Taking<'p>| taking.get.get.as_str().starts_with("after-");
        let mut before =
            from(&mut entered.takes.iter().filter(|taking| taking.resource == jobs.code && !is_need(taking)));
        for taking in entered.gates.iter().chain(&entered.records) {
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

    /// The stages that these jobs are, or that come before them where they are none.
    fn stages_before(
        &self,
        names: &[concourse_pipeline::model::JobName],
        unit_of: &BTreeMap<usize, usize>,
    ) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open: Vec<usize> = names.iter().filter_map(|name| self.index.get(name.as_str()).copied()).collect();
        while let Some(job) = open.pop() {
            if !seen.insert(job) {
                continue;
            }
            if let Some(unit) = unit_of.get(&job) {
                found.insert(*unit);
            } else {
                let passed = self.job(job).takes.iter().flat_map(|taking| &taking.get.passed);
                open.extend(passed.filter_map(|name| self.index.get(name.as_str()).copied()));
            }
        }
        found
    }

    pub(super) fn gate(&self, unit: &StageUnit) -> GateShape {
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

    pub(super) fn chain(&self, units: &[StageUnit], shape: &mut Shape) {
        let mut after: Vec<Vec<usize>> = vec![Vec::new(); units.len()];
        for (unit, StageUnit { before, .. }) in units.iter().enumerate() {
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
            // So is a deployment of what others tested, where nothing else is promoted.
            let follows = || {
                let job = self.job(units[chain[0]].jobs.deploy);
                !some_promote && job.takes.iter().any(|taking| !taking.get.passed.is_empty())
            };
            if promotes(&chain) || deploys() || follows() {
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
    fn is_alike(&self, chain: &[usize], units: &[StageUnit]) -> bool {
        let makes = |unit: usize| &self.job(units[unit].jobs.deploy).makes;
        let mine = makes(chain[0]);
        // What only tells somebody of a build is put by all jobs.
        let is_stage = |unit: usize| job_role(self.job(units[unit].jobs.deploy).job.name.as_str()) == JobRole::Stage;
        let is_named = is_stage(chain[0]) || !(0..units.len()).any(is_stage);
        is_named
            && !mine.is_empty()
            && units.iter().enumerate().any(|(other, unit)| {
                other != chain[0] && unit.before.is_some() && makes(other).iter().any(|made| mine.contains(made))
            })
    }
}

/// Of the stages before one, that which the others are before as well; the last of several that are not.
pub(super) fn nearest(unit: usize, before: &[BTreeSet<usize>]) -> Option<usize> {
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
