//! What can happen next, and what comes of it.

use std::collections::{BTreeMap, BTreeSet};

use concourse_scheduler::{BuildId, History, JobId, Kind, ResourceId, SetError, Status, Version, schedule};

use crate::invariants::{Violation, judge};
use crate::issues::{ApprovalId, Commit, Issues};
use crate::model::{Checked, GateId, Model, StageId, Step};

/// How often each thing that does not come from Concourse can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Commits that land.
    pub commits: u32,
    /// Closings, of all gates together.
    pub closings: u32,
    /// Reopenings, of all gates together.
    pub reopenings: u32,
    /// Builds that people start with `+`, or run again.
    pub manual_builds: u32,
    /// Deployments that fail.
    pub failures: u32,
}

/// Something that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A commit lands.
    Land,
    /// Concourse checks a resource.
    Check(ResourceId),
    /// The scheduler runs for a job.
    Schedule(JobId),
    /// A build does its next step that others can notice.
    Step(BuildId),
    /// The next step of a build fails.
    Fail(BuildId),
    /// A person closes the issue of a gate as completed.
    Close(GateId),
    /// A person reopens the issue of a gate.
    Reopen(GateId),
    /// A person starts a build with `+`.
    Start(JobId),
    /// A person runs a build again.
    Rerun(BuildId),
}

impl Action {
    /// Whether Concourse does this by itself.
    pub(crate) fn is_automatic(&self) -> bool {
        matches!(self, Action::Check(_) | Action::Schedule(_) | Action::Step(_))
    }
}

/// What a step can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Artifact {
    commit: Commit,
    approval: Option<(ApprovalId, StageId)>,
}

/// A build that runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Run {
    next_step: usize,
    artifacts: BTreeMap<String, Artifact>,
    claimed: Option<ApprovalId>,
}

/// A deployment that is about to happen.
pub(crate) struct Deployment {
    pub(crate) stage: StageId,
    pub(crate) commit: Commit,
    /// The approval that the build got, in whatever artifact.
    pub(crate) approval: Option<ApprovalId>,
    pub(crate) claimed: Option<ApprovalId>,
    /// Whether a person started the build.
    pub(crate) is_asked_for: bool,
}

/// Everything at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    history: History,
    pub(crate) issues: Issues,
    runs: BTreeMap<BuildId, Run>,
    /// The approvals that a deployment without a person has used.
    pub(crate) started_by_itself: BTreeSet<ApprovalId>,
    /// The approvals for which a build did its first step after its gets.
    pub(crate) acted_on: BTreeSet<ApprovalId>,
    landed: u32,
    closings: u32,
    reopenings: u32,
    manual_builds: u32,
    failures: u32,
}

impl State {
    /// The state in which the pipeline was set, and nothing happened yet.
    ///
    /// # Errors
    ///
    /// Why the pipeline cannot be set.
    pub fn new(model: &Model) -> Result<State, SetError> {
        let mut history = History::default();
        history.set(&model.pipeline)?;
        Ok(State {
            history,
            issues: Issues::default(),
            runs: BTreeMap::new(),
            started_by_itself: BTreeSet::new(),
            acted_on: BTreeSet::new(),
            landed: 0,
            closings: 0,
            reopenings: 0,
            manual_builds: 0,
            failures: 0,
        })
    }

    /// What can happen next. Checks and runs of the scheduler that change nothing are left out.
    pub fn actions(&self, model: &Model, bounds: &Bounds) -> Vec<Action> {
        let mut actions = Vec::new();
        for (build, run) in &self.runs {
            actions.push(Action::Step(*build));
            if self.failures < bounds.failures && matches!(self.step(model, *build, run), Some(Step::Deploy { .. })) {
                actions.push(Action::Fail(*build));
            }
        }
        for name in model.resources.keys() {
            if let Some(resource) = self.history.resource(name)
                && self.checked(model, resource) != self.history
            {
                actions.push(Action::Check(resource));
            }
        }
        for job in self.history.jobs() {
            let mut after = self.history.clone();
            schedule(&mut after, job);
            if after != self.history {
                actions.push(Action::Schedule(job));
            }
            if self.manual_builds < bounds.manual_builds {
                actions.push(Action::Start(job));
                let completed = self.history.builds_of(job).filter(|build| build.status.is_completed());
                actions.extend(completed.map(|build| Action::Rerun(build.id)));
            }
        }
        if self.landed < bounds.commits {
            actions.push(Action::Land);
        }
        for gate in (0..model.gates.len()).map(GateId) {
            if self.closings < bounds.closings && self.issues.closable(gate).is_some() {
                actions.push(Action::Close(gate));
            }
            if self.reopenings < bounds.reopenings && self.issues.is_closed(gate) {
                actions.push(Action::Reopen(gate));
            }
        }
        actions
    }

    /// The state after an action.
    ///
    /// # Errors
    ///
    /// What must never happen, and happens now.
    pub fn after(&self, model: &Model, action: &Action) -> Result<State, Violation> {
        let mut state = self.clone();
        match action {
            Action::Land => state.landed += 1,
            Action::Check(resource) => state.history = self.checked(model, *resource),
            Action::Schedule(job) => {
                if let Some(pass) = schedule(&mut state.history, *job) {
                    state.runs.extend(pass.started.into_iter().map(|build| (build, Run::default())));
                }
            }
            Action::Step(build) => state.run(model, *build)?,
            Action::Fail(build) => {
                state.failures += 1;
                state.finish(*build, Status::Failed);
            }
            Action::Close(gate) => {
                state.closings += 1;
                state.issues.close(*gate);
            }
            Action::Reopen(gate) => {
                state.reopenings += 1;
                state.issues.reopen(*gate);
            }
            Action::Start(job) => {
                state.manual_builds += 1;
                state.history.create(*job, Kind::Manual);
            }
            Action::Rerun(of) => {
                state.manual_builds += 1;
                if let Some(job) = self.history.build(*of).map(|build| build.job) {
                    state.history.create(job, Kind::Rerun(*of));
                }
            }
        }
        Ok(state)
    }

    /// The history after a check of a resource.
    fn checked(&self, model: &Model, resource: ResourceId) -> History {
        let name = self.history.resource_name(resource).unwrap_or_default();
        let found: Vec<Version> = match model.resources.get(name) {
            Some(Checked::Code) => (1..=self.landed).map(Version).collect(),
            Some(Checked::Approvals { gate, stage }) => {
                self.issues.check(*gate, *stage).map(ApprovalId::version).into_iter().collect()
            }
            None => return self.history.clone(),
        };
        let mut history = self.history.clone();
        history.check(resource, &found);
        history
    }

    fn step<'m>(&self, model: &'m Model, build: BuildId, run: &Run) -> Option<&'m Step> {
        let job = self.history.build(build)?.job;
        model.plans.get(self.history.job_name(job)?)?.get(run.next_step)
    }

    /// Does the next step of a build. Gets of code go before it, and the end of the build follows its last step at once.
    fn run(&mut self, model: &Model, build: BuildId) -> Result<(), Violation> {
        let Some(mut run) = self.runs.remove(&build) else { return Ok(()) };
        self.get_code(model, build, &mut run);
        if let Some(step) = self.step(model, build, &run) {
            run.next_step += 1;
            if !self.perform(model, build, &mut run, step)? {
                self.finish(build, Status::Failed);
                return Ok(());
            }
        }
        if self.step(model, build, &run).is_some() {
            self.runs.insert(build, run);
        } else {
            self.finish(build, Status::Succeeded);
        }
        Ok(())
    }

    /// Does the gets of code that are next: nobody else can notice or change them.
    fn get_code(&self, model: &Model, build: BuildId, run: &mut Run) {
        while let Some(Step::Get(input)) = self.step(model, build, run)
            && let Some(artifact) = self.get(model, build, input)
            && artifact.approval.is_none()
        {
            run.artifacts.insert(input.clone(), artifact);
            run.next_step += 1;
        }
    }

    fn finish(&mut self, build: BuildId, status: Status) {
        self.runs.remove(&build);
        self.history.finish(build, status);
    }

    /// Returns whether the step succeeds.
    fn perform(&mut self, model: &Model, build: BuildId, run: &mut Run, step: &Step) -> Result<bool, Violation> {
        let kind = self.history.build(build).map_or(Kind::Triggered, |build| build.kind.clone());
        match step {
            Step::Get(input) => {
                let Some(artifact) = self.get(model, build, input) else { return Ok(false) };
                run.artifacts.insert(input.clone(), artifact);
                return Ok(true);
            }
            Step::Claim(name) => {
                let approval = run.artifacts.get(name).and_then(|artifact| artifact.approval);
                let Some((id, stage)) = approval else { return Ok(false) };
                if self.issues.claim(id, stage, build, &kind).is_err() {
                    return Ok(false);
                }
                run.claimed = Some(id);
            }
            Step::Deploy { stage, artifact } => {
                let Some(artifact) = run.artifacts.get(artifact) else { return Ok(false) };
                let approval = run.artifacts.values().find_map(|artifact| artifact.approval).map(|(id, _)| id);
                let is_asked_for = kind != Kind::Triggered;
                let deployment =
                    Deployment { stage: *stage, commit: artifact.commit, approval, claimed: run.claimed, is_asked_for };
                if let Some(violation) = judge(model, self, &deployment) {
                    return Err(violation);
                }
                if !is_asked_for {
                    self.started_by_itself.extend(approval);
                }
            }
            Step::Record { gate, artifact, destination } => {
                let Some(artifact) = run.artifacts.get(artifact) else { return Ok(false) };
                self.issues.record(*gate, artifact.commit, *destination);
            }
        }
        self.acted_on.extend(run.artifacts.values().filter_map(|artifact| artifact.approval).map(|(id, _)| id));
        Ok(true)
    }

    /// What an input of a build holds. None if the approval is refused.
    fn get(&self, model: &Model, build: BuildId, input: &str) -> Option<Artifact> {
        let inputs = self.history.build(build)?.inputs.as_ref()?;
        let input = inputs.iter().find(|other| other.name == input)?;
        match model.resources.get(self.history.resource_name(input.resource)?)? {
            Checked::Code => Some(Artifact { commit: input.version.0, approval: None }),
            Checked::Approvals { stage, .. } => {
                let id = ApprovalId(input.version.0);
                let commit = self.issues.get(id, *stage).ok()?;
                Some(Artifact { commit, approval: Some((id, *stage)) })
            }
        }
    }

    /// An action in plain words, before it happens. None if nobody would notice it: a check that finds nothing new, or a
    /// run of the scheduler without a build.
    pub fn describe(&self, model: &Model, action: &Action) -> Option<String> {
        let gate = |gate: &GateId| model.gates.get(gate.0).map_or("?", String::as_str);
        let job = |job: JobId| self.history.job_name(job).unwrap_or("?");
        Some(match action {
            Action::Land => format!("commit {} lands", self.landed + 1),
            Action::Check(resource) => {
                let after = self.checked(model, *resource);
                if after.versions(*resource) == self.history.versions(*resource) {
                    return None;
                }
                let name = self.history.resource_name(*resource).unwrap_or("?");
                format!("Concourse checks {name} and finds a version")
            }
            Action::Schedule(of) => {
                let mut after = self.history.clone();
                let pass = schedule(&mut after, *of)?;
                let builds = after.builds_of(*of).count();
                match pass.started.first() {
                    Some(build) => format!("Concourse starts {} #{}", job(*of), build.0),
                    None if builds > self.history.builds_of(*of).count() => {
                        format!("Concourse creates a build of {}, which waits", job(*of))
                    }
                    None => return None,
                }
            }
            Action::Fail(id) => format!("{} fails", self.build_name(*id)),
            Action::Close(of) => {
                let commit = self.issues.closable(*of)?;
                format!("a person closes the issue of {} for commit {commit}", gate(of))
            }
            Action::Reopen(of) => format!("a person reopens the issue of {}", gate(of)),
            Action::Start(of) => format!("a person starts {} with +", job(*of)),
            Action::Rerun(of) => format!("a person runs {} again", self.build_name(*of)),
            Action::Step(id) => {
                let before = self.runs.get(id)?;
                let mut run = before.clone();
                self.get_code(model, *id, &mut run);
                let next = self.history.build(*id).and_then(|build| model.plans.get(job(build.job)));
                let steps = next.into_iter().flatten().skip(before.next_step);
                let does = steps.map(|step| match step {
                    Step::Get(input) => format!("gets {input}"),
                    Step::Claim(_) => "claims its approval".to_owned(),
                    Step::Deploy { stage, .. } => {
                        format!("deploys to {}", model.stages.get(stage.0).map_or("?", |stage| &stage.name))
                    }
                    Step::Record { gate: of, .. } => format!("writes into the issue of {}", gate(of)),
                });
                let does: Vec<String> = does.take(run.next_step - before.next_step + 1).collect();
                format!("{} {}", self.build_name(*id), does.join(" and "))
            }
        })
    }

    fn build_name(&self, id: BuildId) -> String {
        let job = self.history.build(id).and_then(|build| self.history.job_name(build.job));
        format!("{} #{}", job.unwrap_or("?"), id.0)
    }
}
