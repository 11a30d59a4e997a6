//! *Target*: no job does without an approval what another one does behind a gate.
//!
//! In handwritten pipelines, and for jobs of `extra`: nobody has said which of their steps deploys. A put behind a gate counts as a deployment of its resource, and a task counts unless a job before the
//! gate runs the same, as it does with tests.
//! [`super::work`] says when two steps do the same.

use std::collections::{BTreeSet, HashMap};

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use crate::lower::{Author, JobRole};
use crate::plan::StagePhase;

use super::facts::as_found;
use super::model::{Job, Pipeline, Step};
use super::sequence::PathPart;
use super::work::{Doing, Work};

/// Over pipelines that are judged together.
pub(super) fn check(pipelines: &[Pipeline<'_>], diagnostics: &mut Diagnostics) {
    let is_judged_job = |job: &Job<'_>, pipeline: &Pipeline<'_>| is_free(job, pipeline) || is_elsewhere(job);
    if !pipelines.iter().any(|pipeline| pipeline.jobs.iter().any(|job| is_judged_job(job, pipeline))) {
        return;
    }
    let (mut gated, mut before): (Deeds<&Job<'_>>, Deeds<()>) = (Deeds::default(), Deeds::default());
    for at in pipelines.iter().enumerate() {
        let (_, pipeline) = at;
        let upstream = upstream(pipeline);
        for job in &pipeline.jobs {
            let is_before = !job.is_gated() && upstream.contains(job.name);
            for step in job.steps.iter().filter(|step| is_meant(step, job)) {
                if !is_before && (!job.is_gated() || is_hook(step)) {
                    continue;
                }
                for doing in Doing::of(step, job, at) {
                    if job.is_gated() && doing.may_deploy() {
                        gated.add(doing, job);
                    } else if is_before && doing.is_task() {
                        before.add(doing, ());
                    }
                }
            }
        }
    }
    for at in pipelines.iter().enumerate() {
        let (_, pipeline) = at;
        for job in pipeline.jobs.iter().filter(|job| is_judged_job(job, pipeline)) {
            let mut reported: BTreeSet<&str> = BTreeSet::new();
            for step in &job.steps {
                for doing in Doing::of(step, job, at) {
                    // Puts of rendered pipelines are compared by `target`.
                    if job.is_rendered() && !doing.is_task() || doing.changes_nothing() {
                        continue;
                    }
                    // Jobs behind different gates run the same tests.
                    if is_elsewhere(job) && (is_hook(step) || doing.is_task()) {
                        continue;
                    }
                    if before.alike(&doing).next().is_some() {
                        continue;
                    }
                    for gated in gated.alike(&doing) {
                        let is_other = gated.owner != job.owner
                            && !job.gates().any(|gate| gated.gates().any(|other| other == gate));
                        if is_other && reported.insert(gated.name) {
                            diagnostics.push(found(job, step, gated));
                        }
                    }
                }
            }
        }
    }
}

/// What steps do, to be found by what others do.
struct Deeds<T> {
    all: Vec<(Doing, T)>,
    by_work: HashMap<Work, Vec<usize>>,
    /// By a text that names the target, where a step has one.
    by_name: HashMap<(Work, Option<u64>), Vec<usize>>,
}

impl<T> Default for Deeds<T> {
    fn default() -> Self {
        Self { all: Vec::new(), by_work: HashMap::new(), by_name: HashMap::new() }
    }
}

impl<T> Deeds<T> {
    fn add(&mut self, doing: Doing, of: T) {
        let at = self.all.len();
        let pairs = doing.names.pairs();
        for work in &doing.works {
            self.by_work.entry(*work).or_default().push(at);
            if pairs.is_empty() {
                self.by_name.entry((*work, None)).or_default().push(at);
            }
            for pair in &pairs {
                self.by_name.entry((*work, Some(*pair))).or_default().push(at);
            }
        }
        self.all.push((doing, of));
    }

    /// Those that can change what a step changes.
    fn alike<'d>(&'d self, doing: &'d Doing) -> impl Iterator<Item = &'d T> {
        let mut found: BTreeSet<usize> = BTreeSet::new();
        let pairs = doing.names.pairs();
        for work in &doing.works {
            let all = self.by_work.get(work).map(Vec::as_slice).unwrap_or_default();
            // Thousands of stages run one script: those with another name of a target are not looked at.
            if all.len() <= MOST || pairs.is_empty() {
                found.extend(all);
                continue;
            }
            for pair in pairs.iter().copied().map(Some).chain([None]) {
                found.extend(self.by_name.get(&(*work, pair)).into_iter().flatten());
            }
        }
        let all = found.into_iter().map(|at| &self.all[at]);
        all.filter(|(other, _)| other.is_like(doing)).map(|(_, of)| of)
    }
}

/// So many steps that run one thing are all compared.
const MOST: usize = 64;

/// Whether a job of which nobody said what it deploys needs no approval.
fn is_free(job: &Job<'_>, pipeline: &Pipeline<'_>) -> bool {
    matches!(job.role, JobRole::Handwritten | JobRole::Extra) && !job.is_gated() && !follows_a_gate(job, pipeline)
}

/// Whether a job is behind a gate of its own, of a handwritten pipeline.
fn is_elsewhere(job: &Job<'_>) -> bool {
    job.is_gated() && !job.is_rendered()
}

/// Whether a step of a job could be what deploys.
fn is_meant(step: &Step<'_>, job: &Job<'_>) -> bool {
    matches!(step.author, Author::Person | Author::Kind)
        && job.stage().is_none_or(|(_, phase)| phase == StagePhase::Deploy)
}

fn found(job: &Job<'_>, step: &Step<'_>, gated: &Job<'_>) -> Diagnostic {
    let (message, label) = if job.is_gated() {
        (
            format!("`{}` does the same as `{}`, which waits for the approval of another gate", job.name, gated.name),
            format!("an approval for `{}` starts it, too", job.name),
        )
    } else {
        (
            format!("`{}` needs no approval, and does the same as `{}`, which waits for one", job.name, gated.name),
            format!("the gate of `{}` does not stop it", gated.name),
        )
    };
    as_found(
        Diagnostic::new(Rule::SharedTarget, step.span, message)
            .label(label)
            .help("remove the step, or let the gate start the job"),
        job.is_rendered(),
    )
}

fn is_hook(step: &Step<'_>) -> bool {
    step.path.iter().any(|part| matches!(part, PathPart::Hook(_)))
}

/// The jobs whose versions come to a gate: those that write into it, and those that these wait for.
fn upstream<'p>(pipeline: &'p Pipeline<'_>) -> BTreeSet<&'p str> {
    let mut open: Vec<&str> = pipeline.jobs.iter().filter(|job| job.records(pipeline)).map(|job| job.name).collect();
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        if found.insert(name)
            && let Some(job) = pipeline.job(name)
        {
            open.extend(job.gets().flat_map(|(get, _)| get.passed.iter().copied()));
        }
    }
    found
}

/// Whether everything that a job takes has passed a job behind a gate.
fn follows_a_gate(job: &Job<'_>, pipeline: &Pipeline<'_>) -> bool {
    let is_gated = |name: &&str| pipeline.job(name).is_some_and(Job::is_gated);
    let mut gets = job.gets().peekable();
    gets.peek().is_some() && gets.all(|(get, _)| get.passed.iter().any(is_gated))
}
