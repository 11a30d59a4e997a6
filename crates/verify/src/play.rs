//! One story, event by event, as somebody else tells it: with the same states as the search.

use std::collections::BTreeMap;
use std::fmt;

use concourse_scheduler::{BuildId, JobId, SetError, Status};

use crate::events::Event;
use crate::invariants::{Violation, judge_end};
use crate::issues::{ApprovalId, Content};
use crate::model::{Found, GateId, Model, StageId};
use crate::search::{Refutation, can_be_set};
use crate::state::{Action, Bounds, Error, Machine, State};
use crate::story::{BEGINNING, Names, Teller};

/// Something that somebody does, or that Concourse does next. The names are those of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A resource gets a new version, and Concourse finds it.
    Land(String),
    /// Concourse checks a resource of issues.
    Check(String),
    /// A build goes on until it has done its next step that others can notice.
    Continue {
        /// The job.
        job: String,
        /// The number of the build. The first one is 1.
        number: usize,
        /// Whether its parallel steps run in the reverse order.
        is_reversed: bool,
    },
    /// The next deployment of a job fails.
    Fail(String),
    /// The next preview of a job finds nothing to change.
    Unchanged(String),
    /// Somebody closes the issue of a gate as completed.
    Close(GateId),
    /// Somebody closes the issue of a gate as not planned.
    Reject(GateId),
    /// Somebody reopens the issue of a gate.
    Reopen(GateId),
    /// Somebody starts a build with `+`.
    Start(String),
    /// Somebody runs a build again.
    Rerun {
        /// The job.
        job: String,
        /// The number of the build.
        number: usize,
    },
    /// Somebody pauses a job.
    Pause(String),
    /// Somebody unpauses a job.
    Unpause(String),
    /// The next pipeline is set.
    Set,
}

/// Why a deed cannot be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Impossible {
    /// The pipeline has no resource of that name that gets new versions outside of the pipeline.
    NoResource,
    /// The pipeline has no job of that name.
    NoJob,
    /// The job has no such build.
    NoBuild,
    /// The build does not run.
    NotRunning,
    /// The build runs.
    StillRunning,
    /// The gate has no open issue.
    NotOpen,
    /// The gate has no closed issue.
    NotClosed,
    /// A build runs, and the pipeline cannot be set meanwhile.
    CannotSet,
    /// No person can start the job.
    NoManualBuilds,
    /// No person can run builds of the job again.
    NoReruns,
    /// The story ended with something that must never happen.
    IsOver,
}

impl fmt::Display for Impossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoResource => "the pipeline has no such resource that gets new versions from outside",
            Self::NoJob => "the pipeline has no such job",
            Self::NoBuild => "the job has no such build",
            Self::NotRunning => "the build does not run",
            Self::StillRunning => "the build has not ended",
            Self::NotOpen => "the issue is not open",
            Self::NotClosed => "the issue is not closed",
            Self::CannotSet => "a build is running",
            Self::NoManualBuilds => {
                "the job has `disable_manual_trigger: true`: no person can start or run again a build of it"
            }
            Self::NoReruns => "the job has `disable_reruns: true`: no person can run a build of it again",
            Self::IsOver => "the story is over: something happened that must never happen",
        })
    }
}

/// What a stage runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// The versions: each resource, and the letter of its version.
    pub versions: Vec<(String, String)>,
    /// The build that deployed it.
    pub build: String,
    /// The gate whose issue was closed, and who closed it.
    pub approval: Option<(String, String)>,
}

/// A deployment that was seen.
struct SeenDeployment {
    content: Content,
    build: BuildId,
    approval: Option<ApprovalId>,
}

/// Plays a story.
pub struct Player<'m, N> {
    machine: Machine<'m>,
    names: &'m N,
    state: State,
    /// Who closed the issue, by approval.
    approvers: BTreeMap<ApprovalId, String>,
    deployed: BTreeMap<StageId, SeenDeployment>,
    violation: Option<Violation>,
}

/// Builds of one job in a story, at most.
const MOST_BUILDS: usize = 100;

impl<'m, N: Names> Player<'m, N> {
    /// Sets the first of the pipelines. Each resource has its first version. Returns the first lines of the story, too.
    ///
    /// # Errors
    ///
    /// Why Concourse does not take the pipelines, one after the other.
    pub fn new(models: &'m [Model], names: &'m N) -> Result<(Self, Vec<String>), SetError> {
        can_be_set(models)?;
        let mut machine = Machine::of(models);
        machine.most_builds = MOST_BUILDS;
        let mut events = Vec::new();
        let (state, violation) = match State::new(&machine, &mut events) {
            Ok(state) => (state, None),
            Err(Error::Violation(violation, state)) => (*state, Some(violation)),
            Err(Error::Set(error)) => return Err(error),
        };
        let mut player =
            Self { machine, names, state, approvers: BTreeMap::new(), deployed: BTreeMap::new(), violation };
        let mut lines = vec![BEGINNING.to_owned()];
        lines.extend(player.tell(events));
        Ok((player, lines))
    }

    /// Does something. Returns what comes of it, in lines.
    ///
    /// # Errors
    ///
    /// Why it cannot be done.
    pub fn play(&mut self, deed: &Deed, who: &str) -> Result<Vec<String>, Impossible> {
        if self.violation.is_some() {
            return Err(Impossible::IsOver);
        }
        match deed {
            Deed::Land(resource) => {
                let is_world = matches!(self.machine.model(&self.state).resources.get(resource), Some(Found::World));
                let found = self.state.history.resource(resource).filter(|_| is_world);
                Ok(self.act(&Action::Land(found.ok_or(Impossible::NoResource)?), who))
            }
            Deed::Check(resource) => {
                let found = self.state.history.resource(resource).ok_or(Impossible::NoResource)?;
                Ok(self.act(&Action::Check(found), who))
            }
            Deed::Continue { job, number, is_reversed } => {
                let build = self.build(job, *number)?;
                if !self.state.running().any(|running| running == build) {
                    return Err(Impossible::NotRunning);
                }
                let action = if *is_reversed { Action::StepReversed(build) } else { Action::Step(build) };
                Ok(self.act(&action, who))
            }
            Deed::Fail(job) => {
                self.state.plan_failure(self.job(job)?);
                Ok(vec![Teller { machine: &self.machine, names: self.names }.going_to_fail(job)])
            }
            Deed::Unchanged(job) => {
                self.state.plan_unchanged(self.job(job)?);
                Ok(vec![format!("the next preview of {} is going to find nothing to change", self.names.job(job))])
            }
            Deed::Close(gate) => {
                if self.state.issues.closable(*gate).is_none() {
                    return Err(Impossible::NotOpen);
                }
                let lines = self.act(&Action::Close(*gate), who);
                self.approvers.extend(self.state.issues.last(*gate).map(|approval| (approval, who.to_owned())));
                Ok(lines)
            }
            Deed::Reject(gate) => {
                if self.state.issues.closable(*gate).is_none() {
                    return Err(Impossible::NotOpen);
                }
                Ok(self.act(&Action::Reject(*gate), who))
            }
            Deed::Reopen(gate) => {
                if !self.state.issues.is_closed(*gate) {
                    return Err(Impossible::NotClosed);
                }
                Ok(self.act(&Action::Reopen(*gate), who))
            }
            Deed::Start(job) => {
                let id = self.job(job)?;
                if self.machine.model(&self.state).no_manual_builds.contains(job) {
                    return Err(Impossible::NoManualBuilds);
                }
                Ok(self.act(&Action::Start(id), who))
            }
            Deed::Rerun { job, number } => {
                let build = self.build(job, *number)?;
                let model = self.machine.model(&self.state);
                if model.no_manual_builds.contains(job) {
                    return Err(Impossible::NoManualBuilds);
                }
                if model.no_reruns.contains(job) {
                    return Err(Impossible::NoReruns);
                }
                if self.state.history.build(build).is_none_or(|build| !build.status.is_completed()) {
                    return Err(Impossible::StillRunning);
                }
                Ok(self.act(&Action::Rerun(build), who))
            }
            Deed::Pause(job) => {
                self.state.history.set_job_paused(self.job(job)?, true);
                Ok(vec![format!("{who} pauses {}", self.names.job(job))])
            }
            Deed::Unpause(job) => {
                self.state.history.set_job_paused(self.job(job)?, false);
                let mut lines = vec![format!("{who} unpauses {}", self.names.job(job))];
                let mut events = Vec::new();
                self.violation = self.state.settle(&self.machine, &mut events).err();
                lines.extend(self.tell(events));
                Ok(lines)
            }
            Deed::Set => {
                if !self.state.can_set(&self.machine) {
                    return Err(Impossible::CannotSet);
                }
                let lines = self.act(&Action::Set, who);
                for (old, new) in &self.machine.model(&self.state).formerly.stages {
                    if let Some(seen) = self.deployed.remove(old) {
                        self.deployed.insert(*new, seen);
                    }
                }
                Ok(lines)
            }
        }
    }

    /// Lets Concourse go on until it has nothing left to do: checks before builds, and the oldest build first. Returns what
    /// comes of it, in lines.
    pub fn go_on(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while self.violation.is_none() {
            let mut next = self.state.actions(&self.machine, &Bounds::default());
            next.sort_by_key(|action| !matches!(action, Action::Check(_)));
            let Some(action) = next.into_iter().find(Action::is_automatic) else { break };
            let shown = self.act(&action, "Concourse");
            // Who reads a story does not ask when Concourse looks at issues.
            lines.extend(shown.into_iter().skip(usize::from(matches!(action, Action::Check(_)))));
        }
        lines
    }

    fn act(&mut self, action: &Action, who: &str) -> Vec<String> {
        let teller = Teller { machine: &self.machine, names: self.names };
        let mut lines: Vec<String> = teller.action(&self.state, action, who).into_iter().collect();
        let mut events = Vec::new();
        self.violation = self.state.apply(&self.machine, action, &mut events).err();
        lines.extend(self.tell(events));
        lines
    }

    /// Remembers what was deployed, and tells it.
    fn tell(&mut self, events: Vec<Event>) -> Vec<String> {
        let lines = Teller { machine: &self.machine, names: self.names }.events(&self.state, &events);
        for event in events {
            let Event::Deployed { build, stage, content, approval, .. } = event else { continue };
            match self.deployed.get_mut(&stage).filter(|seen| seen.build == build) {
                Some(seen) => seen.content.extend(content),
                None => {
                    self.deployed.insert(stage, SeenDeployment { content, build, approval });
                }
            }
        }
        lines
    }

    /// What must never happen, and happened. At the end of the story also what should have happened, and did not.
    pub fn violation(&self, is_end: bool) -> Option<Violation> {
        let at_end = || is_end.then(|| judge_end(&self.machine, &self.state)).flatten();
        self.violation.clone().or_else(at_end)
    }

    /// What a stage runs.
    pub fn deployed(&self, stage: StageId) -> Option<Deployed> {
        let seen = self.deployed.get(&stage)?;
        let teller = Teller { machine: &self.machine, names: self.names };
        let approval = seen.approval.and_then(|id| {
            let gate = self.state.issues.approval(id)?.record.gate;
            Some((teller.gate(gate), self.approvers.get(&id).cloned()?))
        });
        Some(Deployed {
            versions: teller.versions(&self.state, &seen.content),
            build: teller.build(&self.state, seen.build),
            approval,
        })
    }

    /// The gates with an open issue that asks for a decision, each with the versions that closing it approves.
    pub fn open(&self) -> BTreeMap<GateId, Vec<(String, String)>> {
        let teller = Teller { machine: &self.machine, names: self.names };
        let asks = |gate: &GateId| self.machine.is_promise(&self.state, *gate);
        let versions = |gate: GateId| {
            let record = self.state.issues.closable(gate)?;
            Some((gate, teller.versions(&self.state, &record.content())))
        };
        self.state.issues.open().filter(asks).filter_map(versions).collect()
    }

    /// Whether a gate has an open issue.
    pub fn is_open(&self, gate: GateId) -> bool {
        self.state.issues.closable(gate).is_some()
    }

    /// Whether the newest issue of a gate is closed.
    pub fn is_closed(&self, gate: GateId) -> bool {
        self.state.issues.is_closed(gate)
    }

    /// Whether a job of the pipeline that is set deploys a stage.
    pub fn has_stage(&self, stage: StageId) -> bool {
        self.machine.deploys(&self.state, stage)
    }

    /// How each build of a job ended, or that it runs.
    ///
    /// # Errors
    ///
    /// If the pipeline has no such job.
    pub fn builds(&self, job: &str) -> Result<Vec<Status>, Impossible> {
        let job = self.job(job)?;
        Ok(self.state.history.builds_of(job).map(|build| build.status).collect())
    }

    fn job(&self, name: &str) -> Result<JobId, Impossible> {
        self.state.history.job(name).ok_or(Impossible::NoJob)
    }

    fn build(&self, job: &str, number: usize) -> Result<BuildId, Impossible> {
        let job = self.job(job)?;
        let at = number.checked_sub(1).ok_or(Impossible::NoBuild)?;
        self.state.history.builds_of(job).nth(at).map(|build| build.id).ok_or(Impossible::NoBuild)
    }
}

/// The deeds of a story that the search found.
pub fn script(models: &[Model], refutation: &Refutation) -> Vec<Deed> {
    let machine = Machine::of(models);
    let Ok(mut state) = State::new(&machine, &mut ()) else { return Vec::new() };
    let mut deeds = Vec::new();
    for action in &refutation.actions {
        let resource = |id| state.history.resource_name(id).unwrap_or_default().to_owned();
        let job = |id| state.history.job_name(id).unwrap_or_default().to_owned();
        let build = |id| state.build_name(id).map(|(job, number)| (job.to_owned(), number)).unwrap_or_default();
        let going_on = |id, is_reversed| {
            let (job, number) = build(id);
            Deed::Continue { job, number, is_reversed }
        };
        match action {
            Action::Land(id) => deeds.push(Deed::Land(resource(*id))),
            Action::Check(id) => deeds.push(Deed::Check(resource(*id))),
            Action::Step(id) => deeds.push(going_on(*id, false)),
            Action::StepReversed(id) => deeds.push(going_on(*id, true)),
            Action::Fail(id) => deeds.extend([Deed::Fail(build(*id).0), going_on(*id, false)]),
            Action::FailNext(id) => deeds.push(Deed::Fail(job(*id))),
            Action::Unchanged(id) => deeds.extend([Deed::Unchanged(build(*id).0), going_on(*id, false)]),
            Action::Close(gate) => deeds.push(Deed::Close(*gate)),
            Action::Reject(gate) => deeds.push(Deed::Reject(*gate)),
            Action::Reopen(gate) => deeds.push(Deed::Reopen(*gate)),
            Action::Start(id) => deeds.push(Deed::Start(job(*id))),
            Action::Rerun(id) => {
                let (job, number) = build(*id);
                deeds.push(Deed::Rerun { job, number });
            }
            Action::Set => deeds.push(Deed::Set),
        }
        // At the end of the story it is a violation.
        let _ = state.apply(&machine, action, &mut ());
    }
    deeds
}
