//! Which stages a job deploys, and how that is known: the user says so, an approval or an issue does, or it is a guess.

use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::issues::{IssueId, IssueMark};
use concourse_pipeline::job_names::only_observes;
use concourse_pipeline::view::{JobView, StepKind, StepPlace, StepView, field, list};
use yaml_source::yaml::{Value, decode};

use crate::job_target::JobTarget;

use super::meaning::{Meaning, is_record, is_waiting};
use super::plan::is_in_hook;
use super::{DEPLOYED, JOB, JobIndex, Reader, is_deployment};

/// What a job deploys.
#[derive(Clone, Debug, Default)]
pub(super) struct Deploys {
    /// The stages of single steps, as the user names them. None of a step that deploys nothing.
    pub(super) of_steps: BTreeMap<String, Option<String>>,
    /// The stage of all other steps.
    pub(super) stage: Option<String>,
    /// How it is known.
    pub(super) reason: Reason,
    /// Whether it needs the approval of a job before it.
    pub(super) is_follower: bool,
    /// The jobs before it whose approvals it hands on or goes by, by get. Empty if it waits for approvals of its own.
    pub(super) follows: BTreeMap<String, BTreeSet<String>>,
}

/// How it is known what a job deploys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Reason {
    /// The user says so.
    Target,
    /// The approval that it waits for says so.
    Approval,
    /// It waits for an approval, and has no step that could deploy.
    Gate,
    /// It goes by the approval of a job before it.
    Followed,
    /// It puts the same as this job, which is behind a gate.
    Twin(JobIndex),
    /// It writes the issue that tells about the stage.
    Record,
    /// The job after it writes that issue, and only tests.
    RecordAfter,
    /// Its name says that it deploys something.
    Name,
    /// Its name says that it only tests or shows something.
    Observes,
    /// The pipeline does not tell that it deploys.
    #[default]
    Nothing,
}

impl Deploys {
    /// All stages that the job deploys.
    pub(super) fn stages(&self) -> impl Iterator<Item = &String> {
        self.stage.iter().chain(self.of_steps.values().flatten())
    }

    /// Whether only puts deploy the stage: those that a job behind a gate does as well.
    pub(super) fn is_twin(&self) -> bool {
        matches!(self.reason, Reason::Twin(_))
    }
}

impl<'n> Reader<'_, 'n> {
    /// What each job of the run deploys.
    pub(super) fn all_deploys(&self) -> BTreeMap<JobIndex, Deploys> {
        let jobs = self.all_jobs();
        let mut gated: BTreeMap<(usize, String), JobIndex> = BTreeMap::new();
        for at in jobs.iter().copied().filter(|at| self.is_gated(*at)) {
            gated.extend(self.first_put(at).map(|key| ((self.shape(at), key), at)));
        }
        let mut found: BTreeMap<JobIndex, Deploys> = BTreeMap::new();
        for at in &jobs {
            let twin = || self.first_put(*at).and_then(|key| gated.get(&(self.shape(*at), key))).copied();
            let own = self.own(*at, if self.is_gated(*at) { None } else { twin() });
            found.insert(*at, own);
        }
        self.records_of_tests(&jobs, &mut found);
        self.followers(&jobs, &mut found);
        for at in &jobs {
            self.say_targets(*at, &mut found);
        }
        // A twin deploys what the other job does, whatever that is.
        for at in &jobs {
            if let Reason::Twin(other) = found[at].reason {
                let stage = found[&other].stages().next().cloned();
                found.entry(*at).and_modify(|deploys| deploys.stage = stage);
            }
        }
        found
    }

    /// What a job deploys, looked at alone.
    fn own(&self, at: JobIndex, twin: Option<JobIndex>) -> Deploys {
        let job = self.job(at);
        let made = |stage: Option<String>, reason| Deploys { stage, reason, ..Deploys::default() };
        let unnamed = || Some(self.unnamed(at));
        let can_deploy = job.steps.iter().any(|step| self.may_deploy(at, step));
        if self.is_gated(at) {
            let mut own = self.own_approvals(at).filter_map(|step| match self.meaning(at, step.resource())? {
                Meaning::Approvals { destination, .. } => Some(destination.clone()),
                _ => None,
            });
            return match (self.own_approvals(at).next().is_some(), can_deploy) {
                (true, true) => made(own.next().or_else(unnamed), Reason::Approval),
                (true, false) => made(None, Reason::Gate),
                (false, true) if !only_observes(job.name) => made(unnamed(), Reason::Followed),
                (false, true) => made(None, Reason::Observes),
                (false, false) => made(None, Reason::Nothing),
            };
        }
        if let Some(twin) = twin {
            return made(None, Reason::Twin(twin));
        }
        match self.recorded(at) {
            Some(stage) => made(Some(stage), Reason::Record),
            None if is_deployment(job) => made(unnamed(), Reason::Name),
            None if only_observes(job.name) || job.name.contains("preview") => made(None, Reason::Observes),
            None => made(None, Reason::Nothing),
        }
    }

    /// The stage of a job that no approval and no issue names.
    fn unnamed(&self, at: JobIndex) -> String {
        format!("{}{JOB}{}", self.pipeline(at), self.job(at).name)
    }

    /// The gets of approvals that no other job used before.
    pub(super) fn own_approvals(&self, at: JobIndex) -> impl Iterator<Item = &StepView<'n>> {
        let steps = self.job(at).steps.iter();
        steps.filter(move |step| self.is_approval(at, step) && list(step.node, "passed").is_empty())
    }

    /// The stage that the job's issue tells about.
    fn recorded(&self, at: JobIndex) -> Option<String> {
        let recorded = |step: &StepView<'n>| match self.meaning(at, step.resource())? {
            Meaning::Post { gate, .. } if is_record(step, gate) => told_stage(gate),
            _ => None,
        };
        // A preview that finds nothing to change records the version, too.
        let is_unchanged = |step: &StepView<'n>| step.param("unchanged_if_file").is_some();
        let steps = self.job(at).steps.iter();
        steps.filter(|step| step.kind == StepKind::Put && !is_unchanged(step)).find_map(recorded)
    }

    /// A job that only tests writes the issue of the job before it: that one deploys.
    fn records_of_tests(&self, jobs: &[JobIndex], found: &mut BTreeMap<JobIndex, Deploys>) {
        for at in jobs.iter().filter(|at| only_observes(self.job(**at).name)) {
            let Some(stage) = found[at].stage.clone().filter(|_| found[at].reason == Reason::Record) else { continue };
            // Other tests can stand between.
            let (mut open, mut known, mut deploying) = (vec![*at], BTreeSet::new(), BTreeSet::new());
            while let Some(next) = open.pop() {
                for (_, before) in self.before(next).into_iter().filter(|(_, before)| known.insert(*before)) {
                    match found[&before].reason {
                        Reason::Name => _ = deploying.insert(before),
                        Reason::Observes => open.push(before),
                        _ => {}
                    }
                }
            }
            if deploying.is_empty() {
                continue;
            }
            found.insert(*at, Deploys { reason: Reason::Observes, ..Deploys::default() });
            for before in deploying {
                let deploys = Deploys { stage: Some(stage.clone()), reason: Reason::RecordAfter, ..Deploys::default() };
                found.insert(before, deploys);
            }
        }
    }

    /// The jobs that the gets of a job have passed, with the names of the gets.
    pub(super) fn before(&self, at: JobIndex) -> Vec<(&'n str, JobIndex)> {
        let view = &self.pipelines[at.0].view;
        let gets = self.job(at).steps.iter().filter(|step| step.kind == StepKind::Get && !is_waiting(step));
        let passed = gets.flat_map(|get| view.passed(get).into_iter().map(move |job| (get.name, job.name)));
        passed
            .filter_map(|(get, name)| {
                let number = view.jobs.iter().position(|job| job.name == name)?;
                Some((get, (at.0, number)))
            })
            .collect()
    }

    /// The jobs after a gate go by its approval: what starts them has passed the job of the gate.
    fn followers(&self, jobs: &[JobIndex], found: &mut BTreeMap<JobIndex, Deploys>) {
        let before: BTreeMap<JobIndex, Vec<(&'n str, JobIndex)>> =
            jobs.iter().map(|at| (*at, self.before(*at))).collect();
        // The jobs behind a gate, by themselves or through others.
        let mut behind: BTreeSet<JobIndex> = jobs.iter().copied().filter(|at| self.is_gated(*at)).collect();
        loop {
            let is_new = |at: &JobIndex| !behind.contains(at) && before[at].iter().any(|(_, at)| behind.contains(at));
            let new: Vec<JobIndex> = jobs.iter().copied().filter(is_new).collect();
            if new.is_empty() {
                break;
            }
            behind.extend(new);
        }
        let follows_of = |at: JobIndex| {
            let mut follows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for (get, before) in before[&at].iter().filter(|(_, before)| behind.contains(before)) {
                follows.entry((*get).to_owned()).or_default().insert(self.job(*before).name.to_owned());
            }
            follows
        };
        let is_follower = |at: JobIndex| {
            let follows = follows_of(at);
            let mut gets = self.job(at).steps.iter().filter(|step| step.kind == StepKind::Get && step.triggers());
            let is_clock = |step: &StepView<'n>| matches!(self.meaning(at, step.resource()), Some(Meaning::Constant));
            !follows.is_empty() && gets.all(|get| is_clock(get) || follows.contains_key(get.name))
        };
        let mut open: Vec<JobIndex> = Vec::new();
        for at in jobs.iter().copied().filter(|at| self.own_approvals(*at).next().is_none()) {
            let deploys = found.get_mut(&at).filter(|deploys| deploys.stage.is_some());
            if let Some(deploys) = deploys.filter(|_| self.is_gated(at) || is_follower(at)) {
                deploys.follows = follows_of(at);
                deploys.is_follower = true;
                if deploys.reason == Reason::Name {
                    deploys.reason = Reason::Followed;
                }
                open.push(at);
            }
        }
        let followers = open.clone();
        // The approval goes through the jobs between.
        while let Some(at) = open.pop() {
            for (_, between) in &before[&at] {
                let is_between = behind.contains(between) && self.own_approvals(*between).next().is_none();
                if let Some(deploys) = found.get_mut(between).filter(|deploys| is_between && deploys.follows.is_empty())
                {
                    deploys.follows = follows_of(*between);
                    open.push(*between);
                }
            }
        }
        self.after_gates(&followers, &before, found);
    }

    /// If the job of a gate deploys nothing, the one job after it deploys the stage of the approval.
    fn after_gates(
        &self,
        followers: &[JobIndex],
        before: &BTreeMap<JobIndex, Vec<(&'n str, JobIndex)>>,
        found: &mut BTreeMap<JobIndex, Deploys>,
    ) {
        let mut first: BTreeMap<JobIndex, BTreeSet<JobIndex>> = BTreeMap::new();
        let mut later: BTreeSet<JobIndex> = BTreeSet::new();
        for at in followers.iter().filter(|at| found[at].reason == Reason::Followed) {
            let (mut open, mut known) = (vec![*at], BTreeSet::new());
            while let Some(next) = open.pop() {
                for (_, before) in before[&next].iter().filter(|(_, before)| known.insert(*before)) {
                    if found[before].stage.is_some() {
                        later.insert(*at);
                    } else if self.own_approvals(*before).next().is_some() {
                        first.entry(*before).or_default().insert(*at);
                    } else {
                        open.push(*before);
                    }
                }
            }
        }
        for at in followers.iter().filter(|at| !later.contains(at)) {
            let gates: Vec<JobIndex> =
                first.iter().filter(|(_, after)| after.contains(at)).map(|(gate, _)| *gate).collect();
            let is_alone = !gates.is_empty() && gates.iter().all(|gate| first[gate].len() == 1);
            let destinations: BTreeSet<&String> = gates.iter().flat_map(|gate| self.destinations(*gate)).collect();
            if let (true, [destination]) = (is_alone, destinations.into_iter().collect::<Vec<_>>().as_slice()) {
                let stage = Some((*destination).clone());
                found.entry(*at).and_modify(|deploys| deploys.stage = stage);
            }
        }
    }

    /// The stages of the approvals that a job waits for.
    fn destinations(&self, at: JobIndex) -> impl Iterator<Item = &String> {
        self.own_approvals(at).filter_map(move |step| match self.meaning(at, step.resource())? {
            Meaning::Approvals { destination, .. } => Some(destination),
            _ => None,
        })
    }

    /// What the user says wins.
    fn say_targets(&self, at: JobIndex, found: &mut BTreeMap<JobIndex, Deploys>) {
        let targets: Vec<&JobTarget> = self.targets_of(at).collect();
        let Some(deploys) = found.get_mut(&at).filter(|_| !targets.is_empty()) else { return };
        let stage = |target: &JobTarget| {
            let environment = target.environment.as_ref()?;
            Some(self.destination(at, environment).unwrap_or_else(|| environment.clone()))
        };
        let of_steps = targets.iter().filter_map(|target| Some((target.step.clone()?, stage(target))));
        deploys.of_steps = of_steps.collect();
        let of_job = targets.iter().rfind(|target| target.step.is_none()).map(|target| stage(target));
        // Who names the steps that deploy says that the others do not.
        let are_named = deploys.of_steps.values().any(Option::is_some);
        if let Some(stage) = of_job.or_else(|| are_named.then_some(None)) {
            deploys.stage = stage;
        }
        deploys.reason = Reason::Target;
        if deploys.follows.is_empty() && self.own_approvals(at).next().is_none() {
            deploys.follows = self.follows_gate(at);
            deploys.is_follower = !deploys.follows.is_empty();
        }
    }

    /// The jobs with approvals of their own that a job comes right after, by get.
    fn follows_gate(&self, at: JobIndex) -> BTreeMap<String, BTreeSet<String>> {
        let mut follows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (get, before) in self.before(at).into_iter().filter(|(_, before)| self.is_gated(*before)) {
            follows.entry(get.to_owned()).or_default().insert(self.job(before).name.to_owned());
        }
        follows
    }

    /// The targets that the user names of a job.
    pub(super) fn targets_of(&self, at: JobIndex) -> impl Iterator<Item = &JobTarget> {
        let job = self.job(at).name;
        self.targets.iter().filter(move |target| target.job == job)
    }

    /// The stage that the user means by an environment: of an approval, or of an issue that tells about a deployment, whole or its
    /// environment alone. One of the job's own pipeline comes first.
    pub(super) fn destination(&self, at: JobIndex, environment: &str) -> Option<String> {
        let shape = self.shape(at);
        let others = (0..self.pipelines.len()).filter(|other| *other != at.0 && self.pipelines[*other].shape == shape);
        let meanings = || std::iter::once(at.0).chain(others.clone()).flat_map(|of| self.meanings[of].values());
        let of_approvals = meanings().filter_map(|meaning| match meaning {
            Meaning::Approvals { destination, .. } => Some(destination.clone()),
            _ => None,
        });
        let of_issues = meanings().filter_map(|meaning| match meaning {
            Meaning::Post { gate, .. } => told_stage(gate),
            _ => None,
        });
        let is_meant = |destination: &String| {
            let alone = destination.split('/').nth(2).unwrap_or_default();
            destination == environment || alone.eq_ignore_ascii_case(environment)
        };
        of_approvals.chain(of_issues).find(is_meant)
    }

    /// Whether a step could be what deploys: a task, or a put to something that is not the issue of a gate and tells nobody
    /// something.
    pub(super) fn may_deploy(&self, at: JobIndex, step: &StepView<'n>) -> bool {
        if is_in_hook(step, self.job(at)) {
            return false;
        }
        let meaning = || self.meaning(at, step.resource());
        let is_of_something = || meaning().is_some_and(|meaning| meaning.gate().is_none());
        let is_silent_put = || !is_of_something() || self.only_tells(at, step.resource());
        self.can_do_something(at, step) && !(step.kind == StepKind::Put && is_silent_put())
    }

    /// Whether a put to a resource tells people something, or takes a lock.
    pub(super) fn only_tells(&self, at: JobIndex, resource: &str) -> bool {
        self.telling[at.0].contains(resource)
    }

    /// What the first put of a job deploys, if the name of the job tells that it deploys something.
    fn first_put(&self, at: JobIndex) -> Option<String> {
        let job: &JobView<'n> = self.job(at);
        let mut puts = job.steps.iter().filter(|step| {
            step.kind == StepKind::Put && self.may_deploy(at, step) && matches!(step.place, StepPlace::Plan(_))
        });
        let put = puts.next().filter(|_| is_deployment(job))?;
        let params = field(put.node, "params").and_then(|params| decode::<Value>(params).ok());
        Some(format!("{} {params:?}", self.sources[at.0].get(put.resource())?))
    }
}

/// The stage that the issues of a gate tell about.
fn told_stage(gate: &IssueId<'_>) -> Option<String> {
    match gate.mark {
        IssueMark::Gate(key) => Some(format!("{}{}", key.strip_suffix(DEPLOYED.0)?, DEPLOYED.1)),
        IssueMark::Title(_) => None,
    }
}
