use std::collections::HashMap;

use crate::flow::{JobFlow, PipelineFlow, Taking, is_unchanged, resource_of};
use crate::issues::{IssueId, IssueMark};

/// The way of versions through a pipeline: for each job, the jobs that a version passed before the job takes it.
pub(super) struct Ways<'p> {
    jobs: &'p [JobFlow<'p>],
    index: HashMap<&'p str, usize>,
    /// The jobs that show what a deployment would change: they open the issue that says so.
    previews: Indexes,
    /// By the index of a job: the jobs before it.
    before: Vec<Indexes>,
}

/// What people lose or win on the way to a job.
pub(super) struct Stretch<'p> {
    /// The jobs, in the order of the pipeline.
    pub(super) jobs: Vec<(&'p str, Elsewhere)>,
    /// How many of them wait for the closing of an issue.
    pub(super) approvals: usize,
    /// How many of them show what a deployment would change.
    pub(super) previews: usize,
}

/// Where a job stands in the other pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Elsewhere {
    /// The other pipeline does not have it.
    Nowhere,
    /// It comes after the job that it came before.
    Behind,
    /// It is on another way.
    Beside,
}

impl<'p> Ways<'p> {
    pub(super) fn of(flow: &'p PipelineFlow<'p>) -> Self {
        let jobs = flow.jobs.as_slice();
        let index: HashMap<&str, usize> =
            jobs.iter().enumerate().map(|(index, job)| (job.job.name.as_str(), index)).collect();
        let writers = writers(flow);
        let sources: Vec<Vec<Vec<usize>>> = jobs
            .iter()
            .map(|job| {
                let takings = job.takes.iter().chain(&job.gates).chain(&job.records);
                takings
                    .filter(|taking| !taking.only_waits())
                    .flat_map(|taking| sources(taking, flow, &index, &writers))
                    .collect()
            })
            .collect();
        let is_preview = |job: &JobFlow<'_>| {
            job.opens.iter().any(
                |put| matches!(&flow.issues[resource_of(put)].id.mark, IssueMark::Gate(key) if key.ends_with("/ready")),
            )
        };
        let previews = (0..jobs.len()).filter(|job| is_preview(&jobs[*job])).collect();
        let mut ways = Self { jobs, index, previews, before: vec![Indexes::default(); jobs.len()] };
        // A stack of its own: how many jobs follow one another is the input's choice.
        let mut open: Vec<(usize, bool)> = (0..jobs.len()).rev().map(|job| (job, false)).collect();
        let (mut seen, mut done) = (vec![false; jobs.len()], vec![false; jobs.len()]);
        while let Some((job, is_ready)) = open.pop() {
            if is_ready {
                ways.before[job] = ways.before(&sources[job], &done);
                done[job] = true;
            } else if !seen[job] {
                seen[job] = true;
                open.push((job, true));
                open.extend(sources[job].iter().flatten().map(|before| (*before, false)));
            }
        }
        ways
    }

    /// The jobs before a job: every source adds its jobs. Of the writers of one gate any lets a version through, so that
    /// only the jobs before all of them count.
    fn before(&self, sources: &[Vec<usize>], done: &[bool]) -> Indexes {
        let mut all = Indexes::default();
        for writers in sources {
            // Jobs that take from one another in a circle add nothing.
            let mut ways = writers.iter().filter(|writer| done[**writer]).map(|writer| {
                let mut way = self.before[*writer].clone();
                way.insert(*writer);
                way
            });
            if let Some(first) = ways.next() {
                all.insert_all(&ways.fold(first, |common, way| common.and(&way)));
            }
        }
        all
    }

    /// The stages that stand before a job here, and no longer before the same job elsewhere. By the name of the job here.
    /// What a deployment before the job misses as well is reported there, and not again.
    pub(super) fn missing(
        &self,
        elsewhere: &Self,
        name_elsewhere: impl Fn(&'p str) -> &'p str,
    ) -> HashMap<&'p str, Stretch<'p>> {
        let same: Vec<Option<usize>> =
            self.jobs.iter().map(|job| elsewhere.index.get(name_elsewhere(job.job.name.as_str())).copied()).collect();
        let mut here = vec![None; elsewhere.jobs.len()];
        for (job, same) in same.iter().enumerate() {
            if let Some(same) = same {
                here[*same] = Some(job);
            }
        }
        let is_aligned = same.iter().enumerate().all(|(job, same)| same.is_none_or(|same| same == job));
        let kept: Indexes = (0..self.jobs.len()).filter(|job| same[*job].is_some()).collect();
        let stages: Indexes = (0..self.jobs.len()).filter(|job| is_stage(&self.jobs[*job])).collect();
        let all: Vec<Indexes> = (0..self.jobs.len())
            .map(|job| {
                let Some(same) = same[job] else { return Indexes::default() };
                let mut missing = self.before[job].and(&stages);
                if is_aligned {
                    missing.remove_all(&elsewhere.before[same].and(&kept));
                } else {
                    missing.remove_all(&elsewhere.before[same].iter().filter_map(|before| here[before]).collect());
                }
                missing
            })
            .collect();
        let is_before = |job: usize, other: usize| {
            same[job].zip(same[other]).is_some_and(|(job, other)| elsewhere.before[other].contains(job))
        };
        let mut stretches = HashMap::new();
        for (index, job) in self.jobs.iter().enumerate() {
            if all[index].is_empty() || self.previews.contains(index) {
                continue;
            }
            let mut own = all[index].clone();
            for before in self.before[index].iter().filter(|before| is_before(*before, index)) {
                if !self.previews.contains(before) {
                    own.remove_all(&all[before]);
                }
            }
            let missed: Vec<usize> = own.iter().collect();
            if missed.is_empty() {
                continue;
            }
            let place = |missed: usize| match same[missed] {
                None => Elsewhere::Nowhere,
                Some(_) if is_before(index, missed) => Elsewhere::Behind,
                Some(_) => Elsewhere::Beside,
            };
            let stretch = Stretch {
                jobs: missed.iter().map(|job| (self.jobs[*job].job.name.as_str(), place(*job))).collect(),
                approvals: missed.iter().filter(|job| self.jobs[**job].waits_for_approval()).count(),
                previews: missed.iter().filter(|job| self.previews.contains(**job)).count(),
            };
            stretches.insert(job.job.name.as_str(), stretch);
        }
        stretches
    }
}

/// Where a version comes from: a list of jobs for each condition. A version passed one job of each list.
fn sources(
    taking: &Taking<'_>,
    flow: &PipelineFlow<'_>,
    index: &HashMap<&str, usize>,
    writers: &HashMap<&IssueId, Vec<usize>>,
) -> Vec<Vec<usize>> {
    if !taking.get.passed.is_empty() {
        return taking.get.passed.iter().filter_map(|job| Some(vec![*index.get(job.as_str())?])).collect();
    }
    let writers = flow.issues.get(taking.resource).and_then(|issue| writers.get(&issue.id));
    writers.into_iter().cloned().collect()
}

/// The jobs that open each issue. A preview also records that there was nothing to deploy; where a deployment opens the
/// same issue the preview does not count.
fn writers<'f>(flow: &'f PipelineFlow<'_>) -> HashMap<&'f IssueId<'f>, Vec<usize>> {
    let mut all: HashMap<&IssueId, (Vec<usize>, Vec<usize>)> = HashMap::new();
    for (index, job) in flow.jobs.iter().enumerate() {
        for put in &job.opens {
            let (deployments, previews) = all.entry(&flow.issues[resource_of(put)].id).or_default();
            if is_unchanged(put) { previews } else { deployments }.push(index);
        }
    }
    all.into_iter()
        .map(|(id, (deployments, previews))| (id, if deployments.is_empty() { previews } else { deployments }))
        .collect()
}

/// Whether a job is part of a stage: it waits for an approval, or opens an issue about what it did.
fn is_stage(job: &JobFlow<'_>) -> bool {
    job.waits_for_approval() || !job.opens.is_empty()
}

/// Indexes of jobs.
#[derive(Clone, Debug, Default, PartialEq)]
struct Indexes(Vec<u64>);

impl Indexes {
    fn insert(&mut self, index: usize) {
        let word = index / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (index % 64);
    }

    fn contains(&self, index: usize) -> bool {
        self.0.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    fn insert_all(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word |= other);
    }

    fn remove_all(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word &= !other);
    }

    fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(word, other)| word & other).collect())
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(place, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(place * 64 + bit)
            })
        })
    }
}

impl FromIterator<usize> for Indexes {
    fn from_iter<I: IntoIterator<Item = usize>>(indexes: I) -> Self {
        let mut all = Self::default();
        indexes.into_iter().for_each(|index| all.insert(index));
        all
    }
}
