//! What can happen next, and what comes of it.
//!
//! Concourse runs the scheduler whenever something changed, so it runs here after each action, for all jobs, until nothing
//! changes any more. Steps that nobody else can notice or change (gets of code, tasks, puts) happen together with the step
//! before them. A resource that is no resource of issues is checked as soon as it has a new version.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use concourse_scheduler::{BuildId, History, JobId, Kind, ResourceId, SetError, Status, Version, schedule};

use crate::invariants::{Carried, Deployment, Violation, judge};
use crate::issues::{ApprovalId, Content, Issues, Named, Origin, Record};
use crate::model::{Found, GateId, Model, Pin, Pins, Place, Seen, StageId, Step, When};
use crate::program::{FAILED, Line, Program, SUCCEEDED};

/// How often each thing that does not come from Concourse can happen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// The resource that gets new versions after the first. All others keep their first version.
    pub source: Option<String>,
    /// New versions of that resource.
    pub versions: u32,
    /// Closings, of all gates together.
    pub closings: u32,
    /// Reopenings, of all gates together.
    pub reopenings: u32,
    /// Builds that people start with `+`, or run again.
    pub manual_builds: u32,
    /// Deployments that fail.
    pub failures: u32,
    /// Previews that find nothing to change.
    pub unchanged: u32,
}

/// Builds of one job, at most. A job that starts itself would have builds without end.
pub const MOST_BUILDS: usize = 8;

/// Something that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A resource gets a new version, and Concourse finds it.
    Land(ResourceId),
    /// Concourse checks a resource of issues.
    Check(ResourceId),
    /// A build does its next step that others can notice.
    Step(BuildId),
    /// A build does its next step, with its parallel steps in another order.
    StepReversed(BuildId),
    /// The next step of a build fails.
    Fail(BuildId),
    /// A preview finds nothing to change.
    Unchanged(BuildId),
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
        matches!(self, Action::Check(_) | Action::Step(_) | Action::StepReversed(_))
    }
}

/// A model, and what the search needs of it again and again.
#[derive(Debug)]
pub(crate) struct Machine<'m> {
    pub(crate) model: &'m Model,
    /// The programs of each job: one for each order of its parallel steps.
    programs: BTreeMap<&'m str, Vec<Program>>,
    /// Resources of one source have the same versions, in whatever pipeline they are.
    alike: BTreeMap<&'m str, Vec<&'m str>>,
}

impl<'m> Machine<'m> {
    pub(crate) fn of(model: &'m Model) -> Self {
        let programs = model.plans.iter().map(|(job, plan)| (job.as_str(), Program::of(plan))).collect();
        let mut by_source: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for resource in &model.pipeline.resources {
            by_source.entry(&resource.source).or_default().push(&resource.name);
        }
        let alike = model.pipeline.resources.iter().map(|resource| {
            let alike = by_source.get(resource.source.as_str()).cloned().unwrap_or_default();
            (resource.name.as_str(), alike)
        });
        Self { model, programs, alike: alike.collect() }
    }

    /// The resources that have the source of one, which is among them.
    fn alike(&self, history: &History, resource: ResourceId) -> Vec<ResourceId> {
        let name = history.resource_name(resource).unwrap_or_default();
        let names = self.alike.get(name).map_or(&[][..], Vec::as_slice);
        names.iter().filter_map(|name| history.resource(name)).collect()
    }
}

/// What a step can use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Artifact {
    content: Content,
    /// The approval inside.
    approval: Option<Carried>,
    /// What an approval or a record inside names.
    named: Option<Named>,
}

/// A build that runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Run {
    /// Which of the programs of the job.
    order: usize,
    line: usize,
    /// Whether it did something that others can notice, so that the order of its steps is decided.
    has_begun: bool,
    artifacts: BTreeMap<String, Artifact>,
    approvals: Vec<Carried>,
    claimed: Option<ApprovalId>,
    is_unchanged: bool,
    deployed: BTreeSet<StageId>,
}

/// Everything at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) history: History,
    pub(crate) issues: Issues,
    runs: BTreeMap<BuildId, Run>,
    /// The approvals that a deployment without a person has used, for which stage.
    pub(crate) started_by_itself: BTreeSet<(ApprovalId, StageId)>,
    /// The approvals for which a build claimed, deployed or recorded something, or failed to deploy.
    pub(crate) acted_on: BTreeSet<ApprovalId>,
    /// The stages that something was deployed to.
    pub(crate) deployed: BTreeSet<StageId>,
    used: Used,
}

/// How much of the bounds is used up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Used {
    versions: u32,
    closings: u32,
    reopenings: u32,
    manual_builds: u32,
    failures: u32,
    unchanged: u32,
}

impl State {
    /// The state in which the pipeline was set, and each resource got its first version.
    pub(crate) fn new(machine: &Machine<'_>) -> Result<State, Error> {
        let mut history = History::default();
        history.set(&machine.model.pipeline).map_err(Error::Set)?;
        for (name, found) in &machine.model.resources {
            if matches!(found, Found::World | Found::Constant)
                && let Some(resource) = history.resource(name)
            {
                history.check(resource, &[Version(1)]);
            }
        }
        let mut state = State {
            history,
            issues: Issues::default(),
            runs: BTreeMap::new(),
            started_by_itself: BTreeSet::new(),
            acted_on: BTreeSet::new(),
            deployed: BTreeSet::new(),
            used: Used::default(),
        };
        state.settle(machine).map_err(Error::Violation)?;
        Ok(state)
    }

    /// A number that only equal states have, as far as anybody will ever see.
    pub(crate) fn fingerprint(&self) -> u128 {
        let hash = |salt: u64| {
            let mut hasher = DefaultHasher::new();
            salt.hash(&mut hasher);
            self.hash(&mut hasher);
            u128::from(hasher.finish())
        };
        hash(1) << 64 | hash(2)
    }

    /// What can happen next. Checks that find nothing are left out.
    pub(crate) fn actions(&self, machine: &Machine<'_>, bounds: &Bounds) -> Vec<Action> {
        let mut actions = Vec::new();
        let used = &self.used;
        for (build, run) in &self.runs {
            actions.push(Action::Step(*build));
            let Some(line) = self.line(machine, *build, run) else { continue };
            if !run.has_begun && self.programs(machine, *build).len() > 1 {
                actions.push(Action::StepReversed(*build));
            }
            if used.failures < bounds.failures && matches!(line.step, Step::Run { deploys: Some(_), .. }) {
                actions.push(Action::Fail(*build));
            }
            let is_preview = matches!(line.step, Step::Record { when: When::Changed | When::Unchanged, .. });
            if used.unchanged < bounds.unchanged && is_preview && !run.is_unchanged {
                actions.push(Action::Unchanged(*build));
            }
        }
        for (at, gate) in machine.model.gates.iter().enumerate() {
            let id = GateId(at);
            let can_close = self.issues.closable(id).is_some() && gate.is_promise;
            if used.closings < bounds.closings && can_close {
                actions.push(Action::Close(id));
            }
            if used.reopenings < bounds.reopenings && self.issues.is_closed(id) {
                actions.push(Action::Reopen(id));
            }
        }
        for (name, found) in &machine.model.resources {
            let Some(resource) = self.history.resource(name) else { continue };
            if used.versions < bounds.versions && bounds.source.as_ref() == Some(name) {
                actions.push(Action::Land(resource));
            }
            let known = self.history.versions(resource);
            if self.found(found).iter().any(|version| !known.contains(version)) {
                actions.push(Action::Check(resource));
            }
        }
        if used.manual_builds < bounds.manual_builds {
            for job in self.history.jobs().filter(|job| self.history.builds_of(*job).count() < MOST_BUILDS) {
                actions.push(Action::Start(job));
                let completed = self.history.builds_of(job).filter(|build| build.status.is_completed());
                actions.extend(completed.map(|build| Action::Rerun(build.id)));
            }
        }
        actions
    }

    /// The state after an action.
    ///
    /// # Errors
    ///
    /// What must never happen, and happens now.
    pub(crate) fn after(&self, machine: &Machine<'_>, action: &Action) -> Result<State, Violation> {
        let mut state = self.clone();
        match action {
            Action::Land(resource) => {
                state.used.versions += 1;
                for resource in machine.alike(&self.history, *resource) {
                    let mut versions = state.history.versions(resource).to_vec();
                    versions.push(next_version(&versions));
                    state.history.check(resource, &versions);
                }
            }
            Action::Check(resource) => {
                let name = self.history.resource_name(*resource).unwrap_or_default();
                if let Some(found) = machine.model.resources.get(name) {
                    state.history.check(*resource, &self.found(found));
                }
            }
            Action::Step(build) => state.advance(machine, *build, true)?,
            Action::StepReversed(build) => {
                if let Some(run) = state.runs.get_mut(build) {
                    *run = Run { order: 1, line: self.programs(machine, *build)[1].entry, ..Run::default() };
                }
                state.advance(machine, *build, false)?;
                state.advance(machine, *build, true)?;
            }
            Action::Fail(build) => {
                state.used.failures += 1;
                if let Some(failed) = self.runs.get(build).and_then(|run| self.line(machine, *build, run))
                    && let Some(run) = state.runs.get_mut(build)
                {
                    run.line = failed.failed;
                    state.acted_on.extend(run.approvals.iter().map(|carried| carried.id));
                }
                state.advance(machine, *build, false)?;
            }
            Action::Unchanged(build) => {
                state.used.unchanged += 1;
                if let Some(run) = state.runs.get_mut(build) {
                    run.is_unchanged = true;
                }
                state.advance(machine, *build, true)?;
            }
            Action::Close(gate) => {
                state.used.closings += 1;
                state.issues.close(*gate);
            }
            Action::Reopen(gate) => {
                state.used.reopenings += 1;
                state.issues.reopen(*gate);
            }
            Action::Start(job) => {
                state.used.manual_builds += 1;
                state.history.create(*job, Kind::Manual);
                state.check_inputs(*job);
            }
            Action::Rerun(of) => {
                state.used.manual_builds += 1;
                if let Some(job) = self.history.build(*of).map(|build| build.job) {
                    state.history.create(job, Kind::Rerun(*of));
                }
            }
        }
        state.settle(machine)?;
        Ok(state)
    }

    /// Concourse checks all inputs of a job before a build that a person asks for. What is found elsewhere stays as it is.
    fn check_inputs(&mut self, job: JobId) {
        let resources: BTreeSet<ResourceId> = self.history.inputs(job).iter().map(|input| input.resource).collect();
        for resource in resources {
            let versions = self.history.versions(resource).to_vec();
            if !versions.is_empty() {
                self.history.check(resource, &versions);
            }
        }
    }

    /// What a check of a resource of issues finds.
    fn found(&self, found: &Found) -> Vec<Version> {
        match found {
            Found::World | Found::Constant | Found::Nothing => Vec::new(),
            Found::Approvals { gate, stage, .. } => {
                self.issues.check(*gate, *stage).map(ApprovalId::version).into_iter().collect()
            }
            Found::Records(gate) => self.issues.records(*gate),
            Found::Signals(gates) => self.issues.signals(gates).into_iter().map(ApprovalId::version).collect(),
        }
    }

    /// Runs the scheduler, and what nobody can notice of the builds that it starts, until nothing changes.
    fn settle(&mut self, machine: &Machine<'_>) -> Result<(), Violation> {
        loop {
            let mut has_started = false;
            let jobs: Vec<JobId> = self.history.jobs().collect();
            for job in jobs {
                if self.history.builds_of(job).count() >= MOST_BUILDS
                    && !self.history.builds_of(job).any(|build| build.status == Status::Pending)
                {
                    continue;
                }
                let Some(pass) = schedule(&mut self.history, job) else { continue };
                for build in pass.started {
                    has_started = true;
                    let line = self.programs(machine, build).first().map_or(SUCCEEDED, |program| program.entry);
                    self.runs.insert(build, Run { line, ..Run::default() });
                    self.advance(machine, build, false)?;
                }
            }
            if !has_started {
                return Ok(());
            }
        }
    }

    fn programs<'p>(&self, machine: &'p Machine<'_>, build: BuildId) -> &'p [Program] {
        let name = self.history.build(build).and_then(|build| self.history.job_name(build.job));
        name.and_then(|name| machine.programs.get(name)).map_or(&[], Vec::as_slice)
    }

    fn line<'p>(&self, machine: &'p Machine<'_>, build: BuildId, run: &Run) -> Option<&'p Line> {
        self.programs(machine, build).get(run.order)?.lines.get(run.line)
    }

    /// Does the next step of a build if it `may` be noticed, and all steps after it that nobody notices.
    fn advance(&mut self, machine: &Machine<'_>, build: BuildId, mut may: bool) -> Result<(), Violation> {
        let Some(mut run) = self.runs.remove(&build) else { return Ok(()) };
        while let Some(line) = self.line(machine, build, &run) {
            if self.is_noticed(machine, build, &run, &line.step) {
                if !may {
                    self.runs.insert(build, run);
                    return Ok(());
                }
                may = false;
                run.has_begun = true;
            }
            let is_ok = self.perform(machine, build, &mut run, &line.step)?;
            run.line = if is_ok { line.ok } else { line.failed };
        }
        let status = if run.line == FAILED { Status::Failed } else { Status::Succeeded };
        self.history.finish(build, status);
        Ok(())
    }

    /// Whether others can notice a step, or can change what comes of it.
    fn is_noticed(&self, machine: &Machine<'_>, build: BuildId, run: &Run, step: &Step) -> bool {
        match step {
            Step::Get { input, .. } => {
                let input = self.input(build, input);
                let name = input.and_then(|(resource, _)| self.history.resource_name(resource));
                let found = name.and_then(|name| machine.model.resources.get(name));
                matches!(found, Some(Found::Approvals { .. } | Found::Signals(_)))
            }
            Step::Claim(_) | Step::Record { .. } => true,
            Step::Run { deploys: Some(stage), .. } => {
                machine.model.stages.get(stage.0).is_some_and(|stage| stage.is_gated) && !run.deployed.contains(stage)
            }
            Step::Run { .. }
            | Step::CheckOut { .. }
            | Step::Do(_)
            | Step::InParallel(_)
            | Step::Try(_)
            | Step::Hook { .. } => false,
        }
    }

    /// Returns whether the step succeeds.
    fn perform(
        &mut self,
        machine: &Machine<'_>,
        build: BuildId,
        run: &mut Run,
        step: &Step,
    ) -> Result<bool, Violation> {
        match step {
            Step::Get { input, is_followed, is_exempt } => {
                let Some(mut artifact) = self.get(machine, build, input, *is_followed) else { return Ok(false) };
                if *is_exempt {
                    artifact.content.clear();
                }
                run.approvals.extend(artifact.approval);
                run.artifacts.insert(input.clone(), artifact);
            }
            Step::Run { seen, outputs, deploys, makes, place } => {
                let content: Content = run.seen(seen).flat_map(|artifact| &artifact.content).copied().collect();
                if let Some(stage) = deploys {
                    self.deploy(machine.model, build, run, *stage, *place, &content)?;
                }
                if let Some(resource) = makes.as_ref().and_then(|name| self.history.resource(name)) {
                    let version = next_version(self.history.versions(resource));
                    self.history.put(build, resource, version);
                    for other in machine.alike(&self.history, resource).into_iter().filter(|other| *other != resource) {
                        let mut versions = self.history.versions(other).to_vec();
                        versions.push(version);
                        self.history.check(other, &versions);
                    }
                    run.has_begun = true;
                }
                for output in outputs {
                    let made = Artifact { content: content.clone(), ..Artifact::default() };
                    run.artifacts.insert(output.clone(), made);
                }
            }
            Step::CheckOut { seen, clones, compared } => {
                let named = seen.iter().find_map(|name| run.artifacts.get(name)?.named.clone());
                let Some(named) = named else { return Ok(false) };
                let is_equal = |name: &String| {
                    run.artifacts.get(name).is_some_and(|artifact| named.get(name) == Some(&artifact.content))
                };
                if !compared.iter().all(is_equal) {
                    return Ok(false);
                }
                for (clone, pin) in clones {
                    let Some(content) = named.get(pin).cloned() else { return Ok(false) };
                    run.artifacts.insert(clone.clone(), Artifact { content, ..Artifact::default() });
                }
            }
            Step::Claim(name) => {
                let carried = run.artifacts.get(name).and_then(|artifact| artifact.approval);
                let Some(Carried { id, stage: Some(stage), .. }) = carried else { return Ok(false) };
                if self.issues.claim(id, stage, build, &self.kind(build)).is_err() {
                    return Ok(false);
                }
                run.claimed = Some(id);
                self.acted_on.insert(id);
            }
            Step::Record { gate, pins, destination, when } => {
                let record = Record { gate: *gate, named: run.named(pins), destination: *destination };
                match (when, run.is_unchanged) {
                    (When::Always, _) | (When::Changed, false) => self.issues.record(record),
                    (When::Changed, true) => self.issues.reject(*gate),
                    (When::Unchanged, true) => self.issues.record_unchanged(record),
                    (When::Unchanged, false) => {}
                }
                self.acted_on.extend(run.approvals.iter().map(|carried| carried.id));
            }
            Step::Do(_) | Step::InParallel(_) | Step::Try(_) | Step::Hook { .. } => {}
        }
        Ok(true)
    }

    fn deploy(
        &mut self,
        model: &Model,
        build: BuildId,
        run: &mut Run,
        stage: StageId,
        place: Place,
        content: &Content,
    ) -> Result<(), Violation> {
        let is_claimed = |carried: &&Carried| run.claimed == Some(carried.id);
        let is_for_stage = |carried: &&Carried| carried.stage == Some(stage);
        let all = || run.approvals.iter();
        let approval = all().find(is_claimed).or_else(|| all().find(is_for_stage)).or_else(|| all().next()).copied();
        let is_asked_for = self.kind(build) != Kind::Triggered;
        let deployment = Deployment {
            stage,
            place,
            content,
            approval,
            claimed: run.claimed,
            is_asked_for,
            is_continued: run.deployed.contains(&stage),
        };
        if let Some(violation) = judge(model, self, &deployment) {
            return Err(violation);
        }
        if !is_asked_for {
            self.started_by_itself.extend(approval.map(|carried| (carried.id, stage)));
        }
        self.acted_on.extend(approval.map(|carried| carried.id));
        self.deployed.insert(stage);
        run.deployed.insert(stage);
        Ok(())
    }

    fn kind(&self, build: BuildId) -> Kind {
        self.history.build(build).map_or(Kind::Triggered, |build| build.kind.clone())
    }

    fn input(&self, build: BuildId, name: &str) -> Option<(ResourceId, Version)> {
        let inputs = self.history.build(build)?.inputs.as_ref()?;
        inputs.iter().find(|input| input.name == name).map(|input| (input.resource, input.version))
    }

    /// What an input of a build holds. None if the approval is refused.
    fn get(&self, machine: &Machine<'_>, build: BuildId, input: &str, is_followed: bool) -> Option<Artifact> {
        let (resource, version) = self.input(build, input)?;
        let carried = |stage| Some(Carried { id: ApprovalId(version.0), stage, is_followed });
        Some(match machine.model.resources.get(self.history.resource_name(resource)?)? {
            Found::World | Found::Nothing => {
                let resource = machine.alike(&self.history, resource).first().copied().unwrap_or(resource);
                Artifact { content: Content::from([Origin { resource, version }]), ..Artifact::default() }
            }
            Found::Constant => Artifact::default(),
            Found::Approvals { stage, has_code, .. } => {
                let named = self.issues.get(ApprovalId(version.0), *stage).ok()?;
                // Without a commit there is nothing to check out.
                let content = if *has_code { named.get(CODE)?.clone() } else { Content::new() };
                Artifact { content, approval: carried(Some(*stage)), named: Some(named.clone()) }
            }
            Found::Records(_) => {
                let record = self.issues.record_of(version)?;
                Artifact { named: Some(record.named.clone()), ..Artifact::default() }
            }
            Found::Signals(_) => Artifact { approval: carried(None), ..Artifact::default() },
        })
    }

    /// The name of a build.
    pub(crate) fn build_name(&self, id: BuildId) -> Option<(&str, usize)> {
        let build = self.history.build(id)?;
        let number = self.history.builds_of(build.job).position(|other| other.id == id)? + 1;
        Some((self.history.job_name(build.job)?, number))
    }

    /// The step that a build does next, when others can notice it.
    pub(crate) fn next_step<'p>(&self, machine: &'p Machine<'_>, build: BuildId) -> Option<&'p Step> {
        let run = self.runs.get(&build)?;
        self.line(machine, build, run).map(|line| &line.step)
    }

    /// What a build would deploy with a step.
    pub(crate) fn content_of(&self, build: BuildId, step: &Step) -> Content {
        let run = self.runs.get(&build);
        match (step, run) {
            (Step::Run { seen, .. }, Some(run)) => {
                run.seen(seen).flat_map(|artifact| &artifact.content).copied().collect()
            }
            (Step::Record { pins, .. }, Some(run)) => run.named(pins).into_values().flatten().collect(),
            _ => Content::new(),
        }
    }
}

/// The pin of the commit that a get of an approval checks out.
pub const CODE: &str = "code";

/// Stands for the outputs of a task that the pipeline does not list, because another file does.
pub const UNKNOWN: &str = "*";

impl Run {
    fn seen<'r>(&'r self, seen: &'r Seen) -> impl Iterator<Item = &'r Artifact> {
        // What is not there was made by a task whose outputs are not known.
        let is_seen = |name: &String| match seen {
            Seen::All => true,
            Seen::Named(names) if name == UNKNOWN => names.iter().any(|name| !self.artifacts.contains_key(name)),
            Seen::Named(names) => names.contains(name),
        };
        self.artifacts.iter().filter(move |(name, _)| is_seen(name)).map(|(_, artifact)| artifact)
    }

    /// What a record of these pins names.
    fn named(&self, pins: &Pins) -> Named {
        let content = |pin: &Pin| match pin {
            Pin::Artifact(name) => Some(self.artifacts.get(name)?.content.clone()),
            Pin::HandedOn { from, pin } => match &self.artifacts.get(from)?.named {
                Some(named) => named.get(pin).cloned(),
                None => Some(self.artifacts.get(from)?.content.clone()),
            },
        };
        match pins {
            Pins::OfArtifacts(pins) => {
                pins.iter().filter_map(|(name, pin)| Some((name.clone(), content(pin)?))).collect()
            }
            Pins::Everything => {
                self.artifacts.iter().map(|(name, artifact)| (name.clone(), artifact.content.clone())).collect()
            }
        }
    }
}

fn next_version(versions: &[Version]) -> Version {
    Version(versions.iter().map(|version| version.0).max().unwrap_or(0) + 1)
}

/// Why a model cannot be searched from its first state.
#[derive(Debug)]
pub(crate) enum Error {
    Set(SetError),
    Violation(Violation),
}
