//! What can happen next, and what comes of it.
//!
//! Concourse runs the scheduler whenever something changed, so it runs here after each action, for all jobs, until nothing
//! changes any more. Steps that nobody else can notice or change (gets of code, tasks, puts) happen together with the step
//! before them. A resource that is no resource of issues is checked as soon as it has a new version.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use concourse_scheduler::{BuildId, History, JobId, Kind, ResourceId, SetError, Status, Version, schedule};

use crate::events::{Event, Watch};
use crate::invariants::{Carried, Deployment, Recording, Violation, judge, judge_order, judge_record};
use crate::issues::{ApprovalId, Content, Issues, Named, Origin, Record, Refusal, SourceId};
use crate::model::{Found, Gate, GateId, Model, Pin, Pins, Place, Seen, StageId, Step, When};
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
    /// Pipelines that are set in the place of the first one.
    pub changes: usize,
}

/// Builds of one job in a search, at most.
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
    /// The next deployment of a job is going to fail.
    FailNext(JobId),
    /// A preview finds nothing to change.
    Unchanged(BuildId),
    /// A person closes the issue of a gate as completed.
    Close(GateId),
    /// A person closes the issue of a gate as not planned.
    Reject(GateId),
    /// A person reopens the issue of a gate.
    Reopen(GateId),
    /// A person starts a build with `+`.
    Start(JobId),
    /// A person runs a build again.
    Rerun(BuildId),
    /// The next pipeline is set.
    Set,
}

impl Action {
    /// Whether Concourse does this by itself.
    pub(crate) fn is_automatic(&self) -> bool {
        matches!(self, Action::Check(_) | Action::Step(_) | Action::StepReversed(_))
    }
}

/// The pipelines of a story, in the order in which they are set, and what is needed of them again and again.
#[derive(Debug)]
pub(crate) struct Machine<'m> {
    shapes: Vec<Shape<'m>>,
    /// Builds of one job, at most.
    pub(crate) most_builds: usize,
}

/// A pipeline of a story.
#[derive(Debug)]
struct Shape<'m> {
    model: &'m Model,
    /// The programs of each job: one for each order of its parallel steps.
    programs: BTreeMap<&'m str, Vec<Program>>,
    /// Resources of one source have the same versions, in whatever pipeline they are.
    alike: BTreeMap<&'m str, Vec<&'m str>>,
    /// The sources of the resources. Each source has the same number in all pipelines.
    sources: BTreeMap<&'m str, SourceId>,
    /// The stages that a job deploys.
    deployed: BTreeSet<StageId>,
    /// The jobs that write into an issue although a deployment of a stage without approvals failed.
    records_failures: BTreeSet<&'m str>,
    /// The stage that each job previews.
    previews: BTreeMap<&'m str, StageId>,
    /// The jobs that deploy, claim and record nothing: an approval that starts one of them has started something.
    idle: BTreeSet<&'m str>,
    /// The jobs whose approvals other jobs follow.
    followed: BTreeSet<&'m str>,
}

impl<'m> Machine<'m> {
    pub(crate) fn of(models: &'m [Model]) -> Self {
        let mut numbers: BTreeMap<&str, SourceId> = BTreeMap::new();
        let shapes = models.iter().map(|model| {
            let programs: BTreeMap<&str, Vec<Program>> =
                model.plans.iter().map(|(job, plan)| (job.as_str(), Program::of(plan))).collect();
            let mut by_source: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            let mut sources = BTreeMap::new();
            for resource in &model.pipeline.resources {
                by_source.entry(&resource.source).or_default().push(&resource.name);
                let next = SourceId(numbers.len());
                sources.insert(resource.name.as_str(), *numbers.entry(&resource.source).or_insert(next));
            }
            let alike = model.pipeline.resources.iter().map(|resource| {
                let alike = by_source.get(resource.source.as_str()).cloned().unwrap_or_default();
                (resource.name.as_str(), alike)
            });
            let lines = programs.values().flatten().flat_map(|program| &program.lines);
            let deployed = lines.filter_map(|line| match line.step {
                Step::Run { deploys, .. } => deploys,
                _ => None,
            });
            let deployed = deployed.collect();
            let is_free = |stage: StageId| model.stages.get(stage.0).is_some_and(|stage| !stage.is_gated);
            let records_failures =
                programs.iter().filter(|(_, of_job)| of_job.iter().any(|it| it.records_failure(is_free)));
            let records_failures = records_failures.map(|(job, _)| *job).collect();
            let previews = programs.iter().filter_map(|(job, of_job)| {
                let mut lines = of_job.iter().flat_map(|program| &program.lines);
                let stage = lines.find_map(|line| match line.step {
                    Step::Record { when: When::Changed, destination, .. } => destination,
                    _ => None,
                });
                Some((*job, stage?))
            });
            let previews = previews.collect();
            let idle = programs.iter().filter(|(_, of_job)| of_job.iter().all(Program::is_idle));
            let idle = idle.map(|(job, _)| *job).collect();
            let mut followed = BTreeSet::new();
            model.plans.values().for_each(|plan| add_followed(plan, &mut followed));
            let alike = alike.collect();
            Shape { model, programs, alike, sources, deployed, records_failures, previews, idle, followed }
        });
        Self { shapes: shapes.collect(), most_builds: MOST_BUILDS }
    }

    fn shape(&self, number: usize) -> &Shape<'m> {
        &self.shapes[number]
    }

    /// The model of the pipeline that is set.
    pub(crate) fn model(&self, state: &State) -> &'m Model {
        self.shape(state.shape).model
    }

    /// Whether a pipeline up to now promises that closing the issue of a gate starts something.
    pub(crate) fn is_promise(&self, state: &State, gate: GateId) -> bool {
        self.shapes[..=state.shape]
            .iter()
            .any(|shape| shape.model.gates.get(gate.0).is_some_and(|gate| gate.is_promise))
    }

    /// Whether a job of the pipeline that is set deploys a stage.
    pub(crate) fn deploys(&self, state: &State, stage: StageId) -> bool {
        self.shape(state.shape).deployed.contains(&stage)
    }

    /// Whether a stage is deployed without approvals now.
    pub(crate) fn is_free(&self, state: &State, stage: StageId) -> bool {
        let shape = self.shape(state.shape);
        self.deploys(state, stage) && shape.model.stages.get(stage.0).is_some_and(|stage| !stage.is_gated)
    }

    /// The name of a resource with a source: of the pipeline that is set, or else of an earlier one.
    pub(crate) fn resource_of(&self, state: &State, source: SourceId) -> Option<&'m str> {
        let named =
            |shape: &Shape<'m>| shape.sources.iter().find(|(_, known)| **known == source).map(|(name, _)| *name);
        self.shapes[..=state.shape].iter().rev().find_map(named)
    }

    /// The name of a resource with a source, in whatever pipeline it is.
    pub(crate) fn resource_of_all(&self, source: SourceId) -> Option<&'m str> {
        let mut all = self.shapes.iter().rev().flat_map(|shape| &shape.sources);
        all.find(|(_, known)| **known == source).map(|(name, _)| *name)
    }

    /// A gate. All pipelines have the same gates.
    pub(crate) fn gate(&self, gate: GateId) -> Option<&'m Gate> {
        self.shapes.first()?.model.gates.get(gate.0)
    }

    /// The resources that have the source of one, which is among them.
    fn alike(&self, state: &State, resource: ResourceId) -> Vec<ResourceId> {
        let name = state.history.resource_name(resource).unwrap_or_default();
        let names = self.shape(state.shape).alike.get(name).map_or(&[][..], Vec::as_slice);
        names.iter().filter_map(|name| state.history.resource(name)).collect()
    }
}

/// The jobs whose approvals the gets of a plan follow.
fn add_followed<'m>(step: &'m Step, found: &mut BTreeSet<&'m str>) {
    match step {
        Step::Get { follows, .. } => found.extend(follows.iter().map(String::as_str)),
        Step::Do(steps) | Step::InParallel(steps) => steps.iter().for_each(|step| add_followed(step, found)),
        Step::Try(step) => add_followed(step, found),
        Step::Hook { step, hook, .. } => {
            add_followed(step, found);
            add_followed(hook, found);
        }
        Step::Run { .. } | Step::CheckOut { .. } | Step::Claim(_) | Step::Record { .. } => {}
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
    /// The stage that it failed to deploy.
    failed: Option<StageId>,
    /// Of a preview: the stage, and which build had deployed it when the preview began.
    previewed: Option<(StageId, Option<BuildId>)>,
}

/// Everything at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    /// The number of the pipeline that is set.
    shape: usize,
    pub(crate) history: History,
    pub(crate) issues: Issues,
    runs: BTreeMap<BuildId, Run>,
    /// The approvals that a deployment without a person has used, for which stage.
    pub(crate) started_by_itself: BTreeSet<(ApprovalId, StageId)>,
    /// The approvals for which a build claimed, deployed or recorded something, or failed to deploy.
    pub(crate) acted_on: BTreeSet<ApprovalId>,
    /// The build that deployed a stage last.
    pub(crate) last: BTreeMap<StageId, BuildId>,
    /// The build that wrote into the issue of a gate last, if it deployed nothing itself.
    pub(crate) writers: BTreeMap<GateId, BuildId>,
    /// The approval that a build went by, of the jobs that other jobs follow.
    carried: BTreeMap<BuildId, Carried>,
    /// How the versions came about that the pipeline makes itself.
    made: BTreeMap<Origin, Made>,
    /// The jobs whose next deployment fails.
    failing: BTreeSet<JobId>,
    /// The jobs whose next preview finds nothing to change.
    unchanging: BTreeSet<JobId>,
    used: Used,
}

/// How a version came about that a put made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Made {
    /// What it was made of.
    content: Content,
    /// The build that made it.
    build: BuildId,
    /// The job that made it, and the jobs that made what it was made from.
    jobs: BTreeSet<JobId>,
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
    /// The state in which the first pipeline was set, and each resource got its first version.
    pub(crate) fn new(machine: &Machine<'_>, watch: &mut impl Watch) -> Result<State, Error> {
        let mut state = State {
            shape: 0,
            history: History::default(),
            issues: Issues::default(),
            runs: BTreeMap::new(),
            started_by_itself: BTreeSet::new(),
            acted_on: BTreeSet::new(),
            last: BTreeMap::new(),
            writers: BTreeMap::new(),
            carried: BTreeMap::new(),
            made: BTreeMap::new(),
            failing: BTreeSet::new(),
            unchanging: BTreeSet::new(),
            used: Used::default(),
        };
        state.set(machine).map_err(Error::Set)?;
        match state.settle(machine, watch) {
            Ok(()) => Ok(state),
            Err(violation) => Err(Error::Violation(violation, Box::new(state))),
        }
    }

    /// Sets the pipeline of the number [`State::shape`]. Each new resource gets the newest version that is there.
    fn set(&mut self, machine: &Machine<'_>) -> Result<(), SetError> {
        let model = machine.model(self);
        let mut newest: BTreeMap<SourceId, Version> = BTreeMap::new();
        for shape in &machine.shapes[..self.shape] {
            for (name, source) in &shape.sources {
                let known = self.history.resource(name).and_then(|resource| self.history.versions(resource).last());
                if let Some(version) = known {
                    newest.entry(*source).and_modify(|newest| *newest = (*newest).max(*version)).or_insert(*version);
                }
            }
        }
        self.history.set(&model.pipeline)?;
        for (name, found) in &model.resources {
            if matches!(found, Found::World | Found::Constant)
                && let Some(resource) = self.history.resource(name)
                && self.history.versions(resource).is_empty()
            {
                let source = machine.shape(self.shape).sources.get(name.as_str());
                let version = source.and_then(|source| newest.get(source)).copied().unwrap_or(Version(1));
                self.history.check(resource, &[version]);
            }
        }
        for (old, new) in &model.formerly.gates {
            self.issues.rename_gate(*old, *new);
            if let Some(writer) = self.writers.remove(old) {
                self.writers.insert(*new, writer);
            }
        }
        for (old, new) in &model.formerly.stages {
            self.issues.rename_stage(*old, *new);
            let renamed = |(approval, stage)| (approval, if stage == *old { *new } else { stage });
            self.started_by_itself = self.started_by_itself.iter().copied().map(renamed).collect();
            if let Some(last) = self.last.remove(old) {
                self.last.insert(*new, last);
            }
            let carried = self.carried.values_mut().filter(|carried| carried.stage == Some(*old));
            carried.for_each(|carried| carried.stage = Some(*new));
        }
        Ok(())
    }

    /// Whether the next pipeline can be set: there is one, and nothing runs.
    pub(crate) fn can_set(&self, machine: &Machine<'_>) -> bool {
        self.shape + 1 < machine.shapes.len() && self.runs.is_empty()
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
            let is_preview = matches!(&line.step, Step::Record { when, .. } if *when != When::Always);
            if used.unchanged < bounds.unchanged && is_preview && !run.is_unchanged {
                actions.push(Action::Unchanged(*build));
            }
        }
        for id in (0..machine.model(self).gates.len()).map(GateId) {
            let can_close = self.issues.closable(id).is_some() && machine.is_promise(self, id);
            if used.closings < bounds.closings && can_close {
                actions.push(Action::Close(id));
            }
            if used.reopenings < bounds.reopenings && self.issues.is_closed(id) {
                actions.push(Action::Reopen(id));
            }
        }
        if used.failures < bounds.failures {
            let jobs = machine.shape(self.shape).records_failures.iter().filter_map(|job| self.history.job(job));
            actions.extend(jobs.filter(|job| !self.failing.contains(job)).map(Action::FailNext));
        }
        if self.shape < bounds.changes && self.can_set(machine) {
            actions.push(Action::Set);
        }
        for (name, found) in &machine.model(self).resources {
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
            let model = machine.model(self);
            let has = |names: &BTreeSet<String>, job| self.history.job_name(job).is_some_and(|job| names.contains(job));
            let mut jobs: Vec<JobId> = self.history.jobs().collect();
            jobs.retain(|job| self.history.builds_of(*job).count() < machine.most_builds);
            jobs.retain(|job| !has(&model.no_manual_builds, *job));
            for job in jobs {
                actions.push(Action::Start(job));
                if has(&model.no_reruns, job) {
                    continue;
                }
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
        state.apply(machine, action, &mut ())?;
        Ok(state)
    }

    /// Does an action.
    ///
    /// # Errors
    ///
    /// What must never happen, and happens now.
    pub(crate) fn apply(
        &mut self,
        machine: &Machine<'_>,
        action: &Action,
        watch: &mut impl Watch,
    ) -> Result<(), Violation> {
        match action {
            Action::Land(resource) => {
                self.used.versions += 1;
                for resource in machine.alike(self, *resource) {
                    let mut versions = self.history.versions(resource).to_vec();
                    versions.push(next_version(&versions));
                    self.history.check(resource, &versions);
                }
            }
            Action::Check(resource) => {
                let name = self.history.resource_name(*resource).unwrap_or_default();
                if let Some(found) = machine.model(self).resources.get(name) {
                    let found = self.found(found);
                    self.history.check(*resource, &found);
                }
            }
            Action::Step(build) => self.advance(machine, *build, true, watch)?,
            Action::StepReversed(build) => {
                let entry = self.programs(machine, *build).get(1).map(|program| program.entry);
                if let (Some(run), Some(line)) = (self.runs.get_mut(build), entry) {
                    *run = Run { order: 1, line, previewed: run.previewed, ..Run::default() };
                }
                self.advance(machine, *build, false, watch)?;
                self.advance(machine, *build, true, watch)?;
            }
            Action::Fail(build) => {
                self.used.failures += 1;
                self.failing.extend(self.history.build(*build).map(|build| build.job));
                self.advance(machine, *build, true, watch)?;
            }
            Action::FailNext(job) => {
                self.used.failures += 1;
                self.plan_failure(*job);
            }
            Action::Unchanged(build) => {
                self.used.unchanged += 1;
                self.unchanging.extend(self.history.build(*build).map(|build| build.job));
                self.advance(machine, *build, true, watch)?;
            }
            Action::Close(gate) => {
                self.used.closings += 1;
                self.issues.close(*gate);
            }
            Action::Reject(gate) => self.issues.reject(*gate),
            Action::Reopen(gate) => {
                self.used.reopenings += 1;
                self.issues.reopen(*gate);
            }
            Action::Start(job) => {
                self.used.manual_builds += 1;
                self.history.create(*job, Kind::Manual);
                self.check_inputs(*job);
            }
            Action::Rerun(of) => {
                self.used.manual_builds += 1;
                if let Some(job) = self.history.build(*of).map(|build| build.job) {
                    self.history.create(job, Kind::Rerun(*of));
                }
            }
            Action::Set => {
                self.shape += 1;
                // That the pipeline can be set was found out before the story began.
                let _ = self.set(machine);
            }
        }
        self.settle(machine, watch)
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
    pub(crate) fn settle(&mut self, machine: &Machine<'_>, watch: &mut impl Watch) -> Result<(), Violation> {
        loop {
            let mut has_started = false;
            let jobs: Vec<JobId> = self.history.jobs().collect();
            for job in jobs {
                if self.history.builds_of(job).count() >= machine.most_builds
                    && !self.history.builds_of(job).any(|build| build.status == Status::Pending)
                {
                    continue;
                }
                let Some(pass) = schedule(&mut self.history, job) else { continue };
                for build in pass.started {
                    has_started = true;
                    let line = self.programs(machine, build).first().map_or(SUCCEEDED, |program| program.entry);
                    let previewed = self.previewed(machine, job);
                    self.runs.insert(build, Run { line, previewed, ..Run::default() });
                    watch.saw(|| Event::Started(build));
                    self.advance(machine, build, false, watch)?;
                }
            }
            if !has_started {
                return Ok(());
            }
        }
    }

    /// The stage that a job previews, and the build that deployed it last.
    fn previewed(&self, machine: &Machine<'_>, job: JobId) -> Option<(StageId, Option<BuildId>)> {
        let stage = *machine.shape(self.shape).previews.get(self.history.job_name(job)?)?;
        Some((stage, self.last.get(&stage).copied()))
    }

    fn programs<'p>(&self, machine: &'p Machine<'_>, build: BuildId) -> &'p [Program] {
        let name = self.history.build(build).and_then(|build| self.history.job_name(build.job));
        name.and_then(|name| machine.shape(self.shape).programs.get(name)).map_or(&[], Vec::as_slice)
    }

    fn line<'p>(&self, machine: &'p Machine<'_>, build: BuildId, run: &Run) -> Option<&'p Line> {
        self.programs(machine, build).get(run.order)?.lines.get(run.line)
    }

    /// Does the next step of a build if it `may` be noticed, and all steps after it that nobody notices.
    fn advance(
        &mut self,
        machine: &Machine<'_>,
        build: BuildId,
        mut may: bool,
        watch: &mut impl Watch,
    ) -> Result<(), Violation> {
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
            let is_ok = self.perform(machine, build, &mut run, &line.step, watch)?;
            run.line = if is_ok { line.ok } else { line.failed };
        }
        let status = if run.line == FAILED { Status::Failed } else { Status::Succeeded };
        let job = self.history.build(build).and_then(|build| self.history.job_name(build.job));
        if status == Status::Succeeded && job.is_some_and(|job| machine.shape(self.shape).followed.contains(job)) {
            let is_claimed = |carried: &&Carried| run.claimed == Some(carried.id);
            let carried = run.approvals.iter().find(is_claimed).or_else(|| run.approvals.first());
            let is_asked_for = self.kind(build) != Kind::Triggered;
            let handed_on = |carried: &Carried| Carried {
                is_followed: true,
                is_asked_for: carried.is_asked_for || is_asked_for,
                ..*carried
            };
            self.carried.extend(carried.map(|carried| (build, handed_on(carried))));
        }
        self.history.finish(build, status);
        Ok(())
    }

    /// Whether others can notice a step, or can change what comes of it.
    fn is_noticed(&self, machine: &Machine<'_>, build: BuildId, run: &Run, step: &Step) -> bool {
        match step {
            Step::Get { input, .. } => {
                let input = self.input(build, input);
                let name = input.and_then(|(resource, _)| self.history.resource_name(resource));
                let found = name.and_then(|name| machine.model(self).resources.get(name));
                matches!(found, Some(Found::Approvals { .. } | Found::Signals(_)))
            }
            Step::Claim(_) | Step::Record { .. } => true,
            Step::Run { deploys: Some(stage), .. } => {
                machine.model(self).stages.get(stage.0).is_some_and(|stage| stage.is_gated)
                    && !run.deployed.contains(stage)
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
        watch: &mut impl Watch,
    ) -> Result<bool, Violation> {
        match step {
            Step::Get { input, is_followed, follows, is_exempt } => {
                let mut artifact = match self.get(machine, build, input, *is_followed) {
                    Ok(artifact) => artifact,
                    Err(refusal) => {
                        watch.saw(|| Event::Refused { build, refusal });
                        return Ok(false);
                    }
                };
                self.follow(machine, build, (input, follows), &mut artifact);
                if *is_exempt {
                    artifact.content.clear();
                }
                let job = self.history.build(build).and_then(|build| self.history.job_name(build.job));
                if job.is_some_and(|job| machine.shape(self.shape).idle.contains(job)) {
                    self.acted_on.extend(artifact.approval.map(|carried| carried.id));
                }
                if let Some((resource, _)) = self.input(build, input).filter(|_| artifact.approval.is_some()) {
                    watch.saw(|| Event::Got { build, resource });
                }
                run.approvals.extend(artifact.approval);
                run.artifacts.insert(input.clone(), artifact);
            }
            Step::Run { seen, outputs, deploys, makes, place } => {
                let content: Content = run.seen(seen).flat_map(|artifact| &artifact.content).copied().collect();
                if let Some(stage) = deploys {
                    if self.is_planned(build, |state| &mut state.failing) {
                        watch.saw(|| Event::Failed { build, stage: *stage });
                        run.failed = Some(*stage);
                        self.acted_on.extend(run.approvals.iter().map(|carried| carried.id));
                        return Ok(false);
                    }
                    self.deploy(machine, build, run, (*stage, *place), &content, watch)?;
                }
                if let Some(resource) = makes.as_ref().and_then(|name| self.history.resource(name)) {
                    let Some(version) = self.make(machine, build, resource, &content) else {
                        // The put finds that there is nothing new.
                        run.output(outputs, &content);
                        return Ok(true);
                    };
                    self.history.put(build, resource, version);
                    for other in machine.alike(self, resource).into_iter().filter(|other| *other != resource) {
                        let mut versions = self.history.versions(other).to_vec();
                        versions.push(version);
                        self.history.check(other, &versions);
                    }
                    watch.saw(|| Event::Made { build, resource, version });
                    run.has_begun = true;
                }
                run.output(outputs, &content);
            }
            Step::CheckOut { seen, clones, compared } => {
                if !run.check_out(seen, clones, compared) {
                    watch.saw(|| Event::NotCheckedOut(build));
                    return Ok(false);
                }
            }
            Step::Claim(name) => {
                let artifact = run.artifacts.get(name);
                let claimed = match artifact.and_then(|artifact| artifact.approval) {
                    Some(Carried { id, stage: Some(stage), .. }) => {
                        self.issues.claim(id, stage, build, &self.kind(build)).map(|()| id)
                    }
                    _ if artifact.is_none() => Err(Refusal::NotFetched),
                    _ => Err(Refusal::NoApproval),
                };
                match claimed {
                    Ok(approval) => {
                        watch.saw(|| Event::Claimed { build, approval });
                        run.claimed = Some(approval);
                        self.acted_on.insert(approval);
                    }
                    Err(refusal) => {
                        watch.saw(|| Event::Refused { build, refusal });
                        return Ok(false);
                    }
                }
            }
            Step::Record { gate, pins, destination, when } => {
                if *when != When::Always && self.is_planned(build, |state| &mut state.unchanging) {
                    watch.saw(|| Event::Unchanged(build));
                    run.is_unchanged = true;
                }
                let record = Record { gate: *gate, named: run.named(pins), destination: *destination };
                self.record(machine, build, run, (record, *when), watch)?;
                self.acted_on.extend(run.approvals.iter().map(|carried| carried.id));
            }
            Step::Do(_) | Step::InParallel(_) | Step::Try(_) | Step::Hook { .. } => {}
        }
        Ok(true)
    }

    /// Writes a record into the issue of a gate, or what else follows from a preview.
    fn record(
        &mut self,
        machine: &Machine<'_>,
        build: BuildId,
        run: &Run,
        (record, when): (Record, When),
        watch: &mut impl Watch,
    ) -> Result<(), Violation> {
        let gate = record.gate;
        match (when, run.is_unchanged) {
            (When::Changed, true) => self.issues.reject(gate),
            (When::Unchanged, false) => {}
            (When::Unchanged, true) if self.issues.is_newest(&record) => {}
            (When::Always | When::ClosedIfUnchanged, _) | (When::Changed, false) | (When::Unchanged, true) => {
                watch.saw(|| Event::Recorded {
                    build,
                    gate,
                    content: record.content(),
                    is_opened: self.issues.closable(gate).is_none(),
                });
                let Run { deployed, failed, previewed, .. } = run;
                let is_asked_for = self.kind(build) != Kind::Triggered;
                let recording =
                    Recording { build, gate, is_asked_for, deployed, failed: *failed, previewed: *previewed };
                if let Some(violation) = judge_record(self, &recording).filter(|_| machine.is_promise(self, gate)) {
                    return Err(violation);
                }
                self.issues.record(record);
                if deployed.is_empty() && previewed.is_none() && when != When::Unchanged {
                    self.writers.insert(gate, build);
                }
                if when == When::ClosedIfUnchanged && run.is_unchanged {
                    self.issues.close(gate);
                }
            }
        }
        Ok(())
    }

    /// Whether it was planned for the job of a build. A plan holds once.
    fn is_planned(&mut self, build: BuildId, planned: impl Fn(&mut Self) -> &mut BTreeSet<JobId>) -> bool {
        let job = self.history.build(build).map(|build| build.job);
        job.is_some_and(|job| planned(self).remove(&job))
    }

    /// Plans that the next deployment of a job fails.
    pub(crate) fn plan_failure(&mut self, job: JobId) {
        self.failing.insert(job);
    }

    /// Plans that the next preview of a job finds nothing to change.
    pub(crate) fn plan_unchanged(&mut self, job: JobId) {
        self.unchanging.insert(job);
    }

    fn deploy(
        &mut self,
        machine: &Machine<'_>,
        build: BuildId,
        run: &mut Run,
        (stage, place): (StageId, Place),
        content: &Content,
        watch: &mut impl Watch,
    ) -> Result<(), Violation> {
        let is_claimed = |carried: &&Carried| run.claimed == Some(carried.id);
        let is_for_stage = |carried: &&Carried| carried.stage == Some(stage);
        let all = || run.approvals.iter();
        let approval = all().find(is_claimed).or_else(|| all().find(is_for_stage)).or_else(|| all().next()).copied();
        // Who starts the job of a gate asks for what the jobs after it deploy.
        let is_asked_for =
            self.kind(build) != Kind::Triggered || approval.is_some_and(|carried: Carried| carried.is_asked_for);
        let is_continued = run.deployed.contains(&stage);
        watch.saw(|| {
            let approval = approval.map(|carried| carried.id);
            Event::Deployed { build, stage, content: content.clone(), approval, is_continued }
        });
        let claimed = run.claimed;
        let deployment = Deployment { stage, place, content, approval, claimed, is_asked_for, is_continued };
        let violation = judge(machine.model(self), self, &deployment);
        if let Some(violation) = violation.or_else(|| judge_order(self, &deployment, build)) {
            return Err(violation);
        }
        if !is_asked_for {
            self.started_by_itself.extend(approval.map(|carried| (carried.id, stage)));
        }
        self.acted_on.extend(approval.map(|carried| carried.id));
        self.last.insert(stage, build);
        run.deployed.insert(stage);
        Ok(())
    }

    /// Adds the approval of the build that the version of an input passed. What that build made is made of what it had.
    fn follow(
        &self,
        machine: &Machine<'_>,
        build: BuildId,
        (input, follows): (&str, &BTreeSet<String>),
        artifact: &mut Artifact,
    ) {
        let Some((resource, version)) = self.input(build, input).filter(|_| !follows.is_empty()) else { return };
        let followed: BTreeSet<JobId> = follows.iter().filter_map(|job| self.history.job(job)).collect();
        let pipes = self.history.build(build).into_iter().flat_map(|build| &build.pipes);
        let builds = pipes.filter_map(|pipe| self.history.build(*pipe));
        let builds = builds.filter(|from| followed.contains(&from.job) && from.offers.contains(&(resource, version)));
        let newest = builds.max_by_key(|from| from.id);
        let Some(carried) = newest.and_then(|from| self.carried.get(&from.id)) else { return };
        artifact.approval.get_or_insert(*carried);
        let name = self.history.resource_name(resource).unwrap_or_default();
        let source = machine.shape(self.shape).sources.get(name).copied().unwrap_or_default();
        let made = self.made.get(&Origin { source, version });
        if let Some(made) = made.filter(|made| self.carried.contains_key(&made.build)) {
            artifact.content.clone_from(&made.content);
        }
    }

    /// The version that a put makes. None if it makes none: a job that what it made itself has started, through whatever other
    /// jobs, finds nothing new. Otherwise a loop of jobs would make versions without end.
    fn make(
        &mut self,
        machine: &Machine<'_>,
        build: BuildId,
        resource: ResourceId,
        content: &Content,
    ) -> Option<Version> {
        let sources = &machine.shape(self.shape).sources;
        let source_of = |resource: ResourceId| {
            let name = self.history.resource_name(resource).unwrap_or_default();
            sources.get(name).copied().unwrap_or_default()
        };
        let known = self.history.build(build)?;
        let inputs = known.inputs.iter().flatten();
        let origins = inputs.map(|input| Origin { source: source_of(input.resource), version: input.version });
        let mut jobs: BTreeSet<JobId> =
            origins.filter_map(|origin| self.made.get(&origin)).flat_map(|made| made.jobs.iter().copied()).collect();
        if !jobs.insert(known.job) {
            return None;
        }
        let version = next_version(self.history.versions(resource));
        let origin = Origin { source: source_of(resource), version };
        self.made.insert(origin, Made { content: content.clone(), build, jobs });
        Some(version)
    }

    fn kind(&self, build: BuildId) -> Kind {
        self.history.build(build).map_or(Kind::Triggered, |build| build.kind.clone())
    }

    fn input(&self, build: BuildId, name: &str) -> Option<(ResourceId, Version)> {
        let inputs = self.history.build(build)?.inputs.as_ref()?;
        inputs.iter().find(|input| input.name == name).map(|input| (input.resource, input.version))
    }

    /// What an input of a build holds, or why the approval is refused.
    fn get(&self, machine: &Machine<'_>, build: BuildId, input: &str, is_followed: bool) -> Result<Artifact, Refusal> {
        let (resource, version) = self.input(build, input).ok_or(Refusal::NoApproval)?;
        let carried = |stage| Some(Carried { id: ApprovalId(version.0), stage, is_followed, is_asked_for: false });
        let name = self.history.resource_name(resource).unwrap_or_default();
        Ok(match machine.model(self).resources.get(name).ok_or(Refusal::NoApproval)? {
            Found::World | Found::Nothing => {
                let source = machine.shape(self.shape).sources.get(name).copied().unwrap_or_default();
                Artifact { content: Content::from([Origin { source, version }]), ..Artifact::default() }
            }
            Found::Constant => Artifact::default(),
            Found::Approvals { stage, has_code, .. } => {
                let named = self.issues.get(ApprovalId(version.0), *stage)?;
                // Without a commit there is nothing to check out.
                let code = || named.get(CODE).cloned().ok_or(Refusal::NoCommit);
                let content = if *has_code { code()? } else { Content::new() };
                Artifact { content, approval: carried(Some(*stage)), named: Some(named.clone()) }
            }
            Found::Records(_) => {
                let record = self.issues.record_of(version).ok_or(Refusal::NoApproval)?;
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

    /// The builds that run.
    pub(crate) fn running(&self) -> impl Iterator<Item = BuildId> + '_ {
        self.runs.keys().copied()
    }
}

/// The pin of the commit that a get of an approval checks out.
pub const CODE: &str = "code";

/// Stands for the outputs of a task that the pipeline does not list, because another file does.
pub const UNKNOWN: &str = "*";

impl Run {
    /// Adds artifacts that are made of that.
    fn output(&mut self, names: &[String], content: &Content) {
        for name in names {
            self.artifacts.insert(name.clone(), Artifact { content: content.clone(), ..Artifact::default() });
        }
    }

    fn seen<'r>(&'r self, seen: &'r Seen) -> impl Iterator<Item = &'r Artifact> {
        // What is not there was made by a task whose outputs are not known.
        let is_seen = |name: &String| match seen {
            Seen::All => true,
            Seen::Named(names) if name == UNKNOWN => names.iter().any(|name| !self.artifacts.contains_key(name)),
            Seen::Named(names) => names.contains(name),
        };
        self.artifacts.iter().filter(move |(name, _)| is_seen(name)).map(|(_, artifact)| artifact)
    }

    /// Checks out and compares what an approval or a record names. Returns whether all of it is there.
    fn check_out(
        &mut self,
        seen: &BTreeSet<String>,
        clones: &BTreeMap<String, String>,
        compared: &BTreeSet<String>,
    ) -> bool {
        let named = seen.iter().find_map(|name| self.artifacts.get(name)?.named.clone());
        let Some(named) = named else { return false };
        let is_equal =
            |name: &String| self.artifacts.get(name).is_some_and(|artifact| named.get(name) == Some(&artifact.content));
        if !compared.iter().all(is_equal) {
            return false;
        }
        for (clone, pin) in clones {
            let Some(content) = named.get(pin).cloned() else { return false };
            self.artifacts.insert(clone.clone(), Artifact { content, ..Artifact::default() });
        }
        true
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
    /// It happens in that state.
    Violation(Violation, Box<State>),
}
