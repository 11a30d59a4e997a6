//! From pipelines as they are written to chains: jobs that depend on each other through gates, with what their steps do.

use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::Repository;
use concourse_pipeline::model::is_clock;
use concourse_pipeline::view::{
    Definition, JobView, PipelineView, StepKind, StepPlace, StepView, field, list, text, texts,
};
use concourse_scheduler as scheduler;
use github_issues_resource::contract::files;
use promotion_verify as model;
use promotion_verify::{CODE, Found, Gate, GateId, On, Pin, Pins, Place, Seen, Stage, StageId, Step, UNKNOWN, When};
use yaml_source::source::Span;
use yaml_source::yaml::{Map, Node, Value, decode};

/// A pipeline of the run.
pub(super) struct Read<'n> {
    pub(super) name: String,
    pub(super) view: PipelineView<'n>,
    /// The gets whose versions nobody has to approve: job and name.
    pub(super) unpinned: BTreeSet<(String, String)>,
}

/// How an issue is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// By the key of its gate.
    Gate(String),
    /// By the beginning of its title.
    Title(String),
}

/// What a resource is.
enum Meaning {
    World,
    Constant,
    /// Puts to it are claims, records and reports of a gate.
    Post {
        gate: (Repository, Key),
        destination: Option<String>,
    },
    Approvals {
        gate: (Repository, Key),
        destination: String,
        has_code: bool,
    },
    Records((Repository, Key)),
    Signals((Repository, Key)),
}

impl Meaning {
    fn gate(&self) -> Option<&(Repository, Key)> {
        match self {
            Meaning::World | Meaning::Constant => None,
            Meaning::Post { gate, .. }
            | Meaning::Approvals { gate, .. }
            | Meaning::Records(gate)
            | Meaning::Signals(gate) => Some(gate),
        }
    }

    fn is_approval(&self) -> bool {
        matches!(self, Meaning::Approvals { .. } | Meaning::Signals(_))
    }
}

/// Between a pipeline and its job, in the name of a stage that has no other.
const JOB: &str = " job ";

/// A job, as the run knows it: the numbers of its pipeline and of the job there.
type JobAt = (usize, usize);

/// Everything that is known of a run before chains are told apart.
pub(super) struct Reader<'r, 'n> {
    pipelines: &'r [Read<'n>],
    /// The environments of jobs, as the user names them.
    targets: &'r [(String, String)],
    /// What each resource is, by pipeline and name.
    meanings: Vec<BTreeMap<&'n str, Meaning>>,
    /// Type and source of each resource, as text.
    sources: Vec<BTreeMap<&'n str, String>>,
    /// The gated deployments by what they put: resource and params.
    deployed: BTreeMap<String, JobAt>,
}

/// A chain, ready to be searched.
pub(super) struct Chain {
    pub(super) model: model::Model,
    /// The names that people know, by those of the model.
    pub(super) names: ChainNames,
    /// The places of the model in the files.
    pub(super) places: Vec<Span>,
    /// The places of the jobs that deploy stages, by the number of the stage.
    pub(super) stage_places: Vec<Span>,
    /// The places of the jobs that write gates, by the number of the gate.
    pub(super) gate_places: Vec<Span>,
    /// The resources that can get new versions, by their names in the model.
    pub(super) world: Vec<String>,
    /// The stages that nothing in the run can open: the gate is written elsewhere.
    pub(super) is_open_ended: Vec<bool>,
}

/// The names of a chain.
#[derive(Default)]
pub(super) struct ChainNames {
    jobs: BTreeMap<String, String>,
    resources: BTreeMap<String, String>,
    stages: BTreeMap<String, String>,
    gates: BTreeMap<String, String>,
}

impl model::Names for ChainNames {
    fn resource(&self, name: &str) -> String {
        known(&self.resources, name)
    }

    fn job(&self, name: &str) -> String {
        known(&self.jobs, name)
    }

    fn stage(&self, name: &str) -> String {
        known(&self.stages, name)
    }

    fn gate(&self, name: &str) -> String {
        known(&self.gates, name)
    }
}

fn known(names: &BTreeMap<String, String>, name: &str) -> String {
    names.get(name).cloned().unwrap_or_else(|| name.to_owned())
}

impl<'r, 'n> Reader<'r, 'n> {
    pub(super) fn new(pipelines: &'r [Read<'n>], targets: &'r [(String, String)]) -> Self {
        let meanings = pipelines.iter().map(|read| meanings(&read.view)).collect();
        let sources = pipelines.iter().map(|read| {
            let of = |resource: &Definition<'n>| {
                let source = resource.source().and_then(|source| decode::<Value>(source).ok());
                (resource.name, format!("{} {source:?}", resource.text("type").unwrap_or_default()))
            };
            read.view.resources.iter().map(of).collect()
        });
        let mut reader = Self { pipelines, targets, meanings, sources: sources.collect(), deployed: BTreeMap::new() };
        let mut deployed = BTreeMap::new();
        for at in reader.all_jobs() {
            if reader.is_gated(at)
                && let Some(key) = reader.first_put(at)
            {
                deployed.insert(key, at);
            }
        }
        reader.deployed = deployed;
        reader
    }

    /// The chains of the run that have a gate, in order of their first jobs.
    pub(super) fn chains(&self) -> Vec<Chain> {
        self.parts()
            .into_iter()
            .filter(|jobs| jobs.iter().any(|at| self.is_gated(*at)))
            .map(|jobs| self.chain(&jobs))
            .collect()
    }

    fn all_jobs(&self) -> Vec<JobAt> {
        let of =
            |(at, read): (usize, &Read<'n>)| (0..read.view.jobs.len()).map(move |job| (at, job)).collect::<Vec<_>>();
        self.pipelines.iter().enumerate().flat_map(of).collect()
    }

    fn job(&self, (pipeline, job): JobAt) -> &JobView<'n> {
        &self.pipelines[pipeline].view.jobs[job]
    }

    fn meaning(&self, (pipeline, _): JobAt, resource: &str) -> Option<&Meaning> {
        self.meanings[pipeline].get(resource)
    }

    /// Whether a get brings an approval, which decides on what the job deploys.
    fn is_approval(&self, at: JobAt, step: &StepView<'n>) -> bool {
        let is_approval = self.meaning(at, step.resource()).is_some_and(Meaning::is_approval);
        step.kind == StepKind::Get && is_approval && !is_waiting(step)
    }

    fn is_gated(&self, at: JobAt) -> bool {
        self.job(at).steps.iter().any(|step| self.is_approval(at, step))
    }

    /// What the first put of a job deploys, if the name of the job tells that it deploys something.
    fn first_put(&self, at: JobAt) -> Option<String> {
        let job = self.job(at);
        let deploys = job.deploys() && !job.name.contains("preview");
        let mut puts = job.steps.iter().filter(|step| {
            let is_issue = self.meaning(at, step.resource()).is_none_or(|meaning| meaning.gate().is_some());
            step.kind == StepKind::Put && !is_issue && matches!(step.place, StepPlace::Plan(_))
        });
        let put = puts.next().filter(|_| deploys)?;
        let params = field(put.node, "params").and_then(|params| decode::<Value>(params).ok());
        Some(format!("{} {params:?}", self.sources[at.0].get(put.resource())?))
    }

    /// The stage that a job deploys. None of a job whose deployments need no approval.
    fn stage(&self, at: JobAt) -> Option<String> {
        let job = self.job(at);
        if let Some((_, environment)) = self.targets.iter().find(|(name, _)| name == job.name) {
            return Some(environment.clone());
        }
        if !self.is_gated(at) {
            let gated = *self.deployed.get(&self.first_put(at)?)?;
            return self.stage(gated);
        }
        let own = |step: &StepView<'n>| match self.meaning(at, step.resource())? {
            Meaning::Approvals { destination, .. } if list(step.node, "passed").is_empty() => Some(destination.clone()),
            _ => None,
        };
        let own = job.steps.iter().filter(|step| self.is_approval(at, step)).find_map(own);
        Some(own.unwrap_or_else(|| format!("{}{JOB}{}", self.pipelines[at.0].name, job.name)))
    }

    /// The parts of the run that have nothing to do with each other, each a list of jobs in order.
    fn parts(&self) -> Vec<Vec<JobAt>> {
        let jobs = self.all_jobs();
        let mut parts = Parts((0..jobs.len()).collect());
        let mut first: BTreeMap<String, usize> = BTreeMap::new();
        let mut made: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut fetched: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, at) in jobs.iter().enumerate() {
            let (job, view) = (self.job(*at), &self.pipelines[at.0].view);
            let mut bonds: Vec<String> = Vec::new();
            let groups = texts(list(job.node, "serial_groups"));
            bonds.extend(groups.map(|(group, _)| format!("group {} {group}", at.0)));
            bonds.push(format!("job {} {}", at.0, job.name));
            bonds.extend(self.stage(*at).map(|stage| format!("stage {stage}")));
            for step in &job.steps {
                bonds.extend(view.passed(step).iter().map(|passed| format!("job {} {}", at.0, passed.name)));
                let meaning =
                    self.meaning(*at, step.resource()).filter(|_| matches!(step.kind, StepKind::Get | StepKind::Put));
                match meaning {
                    Some(Meaning::World) => {
                        let source = self.sources[at.0][step.resource()].as_str();
                        let users = if step.kind == StepKind::Get { &mut fetched } else { &mut made };
                        users.entry(source).or_default().push(number);
                    }
                    Some(meaning) => bonds.extend(meaning.gate().map(|gate| self.bond(gate))),
                    None => {}
                }
            }
            for bond in bonds {
                let other = *first.entry(bond).or_insert(number);
                parts.join(number, other);
            }
        }
        // What one job makes and another one fetches.
        for (source, makers) in made {
            let users = fetched.get(source).into_iter().flatten();
            for user in users {
                for maker in &makers {
                    parts.join(*maker, *user);
                }
            }
        }
        let mut found: BTreeMap<usize, Vec<JobAt>> = BTreeMap::new();
        for (number, at) in jobs.iter().enumerate() {
            found.entry(parts.find(number)).or_default().push(*at);
        }
        found.into_values().collect()
    }

    /// A text that the resources of one gate share. A watched title matches all titles that begin with it.
    fn bond(&self, (place, key): &(Repository, Key)) -> String {
        let key = match key {
            Key::Gate(key) => format!("gate {key}"),
            Key::Title(title) => {
                let prefixes = self.meanings.iter().flat_map(BTreeMap::values).filter_map(|meaning| match meaning {
                    Meaning::Signals((other, Key::Title(prefix))) if other == place => Some(prefix),
                    _ => None,
                });
                let shortest =
                    prefixes.filter(|prefix| title.starts_with(prefix.as_str())).min_by_key(|prefix| prefix.len());
                format!("title {}", shortest.unwrap_or(title))
            }
        };
        format!("{place:?} {key}")
    }

    fn chain(&self, jobs: &[JobAt]) -> Chain {
        let mut making = Making {
            reader: self,
            several: jobs.iter().any(|at| at.0 != jobs[0].0),
            names: Interned::default(),
            stages: Vec::new(),
            gates: Vec::new(),
            makes: BTreeSet::new(),
            chain: Chain {
                model: model::Model::default(),
                names: ChainNames::default(),
                places: Vec::new(),
                stage_places: Vec::new(),
                gate_places: Vec::new(),
                world: Vec::new(),
                is_open_ended: Vec::new(),
            },
        };
        for at in jobs {
            let fetched = self.job(*at).steps.iter().filter(|step| step.kind == StepKind::Get);
            making
                .makes
                .extend(fetched.map(|step| self.sources[at.0].get(step.resource()).cloned().unwrap_or_default()));
        }
        making.stages_and_gates(jobs);
        for at in jobs {
            making.job(*at);
        }
        making.finish()
    }
}

/// Sets that grow together.
struct Parts(Vec<usize>);

impl Parts {
    fn find(&mut self, of: usize) -> usize {
        let mut at = of;
        while self.0[at] != at {
            at = self.0[at];
        }
        self.0[of] = at;
        at
    }

    /// The smaller number stands for both.
    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b)] = a.min(b);
    }
}

/// Short names in the order in which things are met, so that chains of one shape are equal.
#[derive(Default)]
struct Interned(BTreeMap<(char, String), String>);

impl Interned {
    fn of(&mut self, kind: char, name: &str) -> String {
        if kind == 'a' && (name == CODE || name == UNKNOWN) {
            return name.to_owned();
        }
        let next = self.0.keys().filter(|(known, _)| *known == kind).count();
        self.0.entry((kind, name.to_owned())).or_insert_with(|| format!("{kind}{next}")).clone()
    }
}

/// A chain in the making.
struct Making<'m, 'r, 'n> {
    reader: &'m Reader<'r, 'n>,
    /// Whether jobs of several pipelines are in the chain, so that names need the pipeline.
    several: bool,
    names: Interned,
    stages: Vec<String>,
    gates: Vec<(Repository, Key)>,
    /// The sources of resources that a job fetches: a put makes a version for them.
    makes: BTreeSet<String>,
    chain: Chain,
}

impl<'n> Making<'_, '_, 'n> {
    fn stages_and_gates(&mut self, jobs: &[JobAt]) {
        let mut promised = BTreeSet::new();
        let mut written = BTreeSet::new();
        for at in jobs {
            let job = self.reader.job(*at);
            for step in &job.steps {
                let Some(meaning) = self.reader.meaning(*at, step.resource()) else { continue };
                match (step.kind, meaning) {
                    (StepKind::Put, Meaning::Post { gate, .. } | Meaning::Signals(gate))
                        if is_record(step, &gate.1) =>
                    {
                        self.add_gate(gate, job.span);
                        written.insert(gate.clone());
                    }
                    (StepKind::Get, Meaning::Approvals { gate, .. }) => promised.extend([gate.clone()]),
                    _ => {}
                }
            }
        }
        // A signal is for whoever watches the beginning of the title.
        for gate in self.gates.clone() {
            let is_watched = jobs.iter().any(|at| {
                let signals = self.reader.job(*at).steps.iter().filter(|step| step.kind == StepKind::Get);
                let mut signals = signals.filter_map(|step| self.reader.meaning(*at, step.resource()));
                signals.any(|meaning| matches!(meaning, Meaning::Signals(watched) if watches(watched, &gate)))
            });
            if is_watched {
                promised.insert(gate);
            }
        }
        for gate in &promised {
            self.add_gate(gate, Span::NOWHERE);
        }
        let listened = |gate: &(Repository, Key)| promised.contains(gate) && written.contains(gate);
        for (number, gate) in self.gates.clone().iter().enumerate() {
            self.chain.model.gates[number].is_promise = listened(gate);
        }
        for at in jobs {
            let Some(name) = self.reader.stage(*at) else { continue };
            let job = self.reader.job(*at);
            let is_gated = self.reader.is_gated(*at);
            let id = self.add_stage(&name, job.span);
            self.chain.model.stages[id.0].is_gated |= is_gated;
            let is_elsewhere = |step: &StepView<'n>| match self.reader.meaning(*at, step.resource()) {
                Some(Meaning::Approvals { gate, .. }) => !written.contains(gate),
                Some(Meaning::Signals(watched)) => !written.iter().any(|gate| watches(watched, gate)),
                _ => false,
            };
            let is_elsewhere = job.steps.iter().any(|step| self.reader.is_approval(*at, step) && is_elsewhere(step));
            self.chain.is_open_ended[id.0] |= is_elsewhere;
        }
    }

    fn add_stage(&mut self, name: &str, span: Span) -> StageId {
        if let Some(at) = self.stages.iter().position(|known| known == name) {
            return StageId(at);
        }
        let short = self.names.of('s', name);
        let shown = match name.split_once(JOB) {
            Some((_, job)) => job.strip_prefix("deploy-").unwrap_or(job).to_owned(),
            None => name.strip_suffix("/deploy").unwrap_or(name).replace("/-/", " ").replace('/', " "),
        };
        self.chain.names.stages.insert(short.clone(), shown);
        self.chain.model.stages.push(Stage { name: short, is_gated: false });
        self.chain.stage_places.push(span);
        self.chain.is_open_ended.push(false);
        self.stages.push(name.to_owned());
        StageId(self.stages.len() - 1)
    }

    fn add_gate(&mut self, gate: &(Repository, Key), span: Span) -> GateId {
        if let Some(at) = self.gates.iter().position(|known| known == gate) {
            return GateId(at);
        }
        let name = match &gate.1 {
            Key::Gate(key) => format!("`{key}`"),
            Key::Title(title) => format!("`{title}`"),
        };
        let short = self.names.of('g', &format!("{gate:?}"));
        self.chain.names.gates.insert(short.clone(), name);
        self.chain.model.gates.push(Gate { name: short, is_promise: false });
        self.chain.gate_places.push(span);
        self.gates.push(gate.clone());
        GateId(self.gates.len() - 1)
    }

    fn shown(&self, at: JobAt, name: &str) -> String {
        if self.several { format!("{}/{name}", self.reader.pipelines[at.0].name) } else { name.to_owned() }
    }

    /// The name of a resource in the model. A resource that is new there is added.
    fn resource(&mut self, at: JobAt, name: &str) -> Option<String> {
        let meaning = self.reader.meaning(at, name)?;
        let short = self.names.of('r', &format!("{} {name}", at.0));
        if self.chain.names.resources.contains_key(&short) {
            return Some(short);
        }
        self.chain.names.resources.insert(short.clone(), self.shown(at, name));
        let source = &self.reader.sources[at.0][name];
        let found = match meaning {
            Meaning::World => Found::World,
            Meaning::Constant => Found::Constant,
            Meaning::Post { .. } => Found::Nothing,
            Meaning::Approvals { gate, destination, has_code } => {
                let gate = self.add_gate(&gate.clone(), Span::NOWHERE);
                let stage = self.add_stage(destination, Span::NOWHERE);
                Found::Approvals { gate, stage, has_code: *has_code }
            }
            Meaning::Records(gate) => Found::Records(self.add_gate(&gate.clone(), Span::NOWHERE)),
            Meaning::Signals(watched) => {
                let gates = self.gates.iter().enumerate().filter(|(_, gate)| watches(watched, gate));
                Found::Signals(gates.map(|(at, _)| GateId(at)).collect())
            }
        };
        let source = self.names.of('t', source);
        let resource = scheduler::Resource { name: short.clone(), source, ..scheduler::Resource::default() };
        self.chain.model.pipeline.resources.push(resource);
        if found == Found::World {
            self.chain.world.push(short.clone());
        }
        self.chain.model.resources.insert(short.clone(), found);
        Some(short)
    }

    fn job_name(&mut self, at: JobAt, name: &str) -> String {
        let short = self.names.of('j', &format!("{} {name}", at.0));
        let shown = self.shown(at, name);
        self.chain.names.jobs.insert(short.clone(), shown);
        short
    }

    fn job(&mut self, at: JobAt) {
        let reader = self.reader;
        let job = reader.job(at);
        let view = &reader.pipelines[at.0].view;
        let name = self.job_name(at, job.name);
        let mut made = scheduler::Job { name: name.clone(), ..scheduler::Job::default() };
        made.serial = field(job.node, "serial").and_then(text) == Some("true");
        let groups = texts(list(job.node, "serial_groups"));
        made.serial_groups = groups.map(|(group, _)| format!("{} {group}", at.0)).collect();
        made.serial_groups = made.serial_groups.iter().map(|group| self.names.of('p', group)).collect();
        made.max_in_flight = field(job.node, "max_in_flight").and_then(text).and_then(|n| n.parse().ok()).unwrap_or(0);
        for step in &job.steps {
            match step.kind {
                StepKind::Get => {
                    let Some(resource) = self.resource(at, step.resource()) else { continue };
                    let passed: Vec<&str> = view.passed(step).iter().map(|job| job.name).collect();
                    made.inputs.push(scheduler::Input {
                        name: self.names.of('a', step.name),
                        resource,
                        passed: passed.into_iter().map(|job| self.job_name(at, job)).collect(),
                        trigger: step.triggers(),
                        version: match step.text("version") {
                            Some("every") => scheduler::VersionChoice::Every,
                            _ => scheduler::VersionChoice::Latest,
                        },
                    });
                }
                StepKind::Put => {
                    let Some(resource) = self.resource(at, step.resource()) else { continue };
                    made.outputs.push(scheduler::Output { name: self.names.of('a', step.name), resource });
                }
                _ => {}
            }
        }
        self.chain.model.pipeline.jobs.push(made);
        let mut planning = Planning::of(self, at);
        let plan = planning.plan();
        self.chain.model.plans.insert(name, plan);
    }

    fn finish(self) -> Chain {
        self.chain
    }
}

/// The steps of a job in the making.
struct Planning<'p, 'm, 'r, 'n> {
    making: &'p mut Making<'m, 'r, 'n>,
    at: JobAt,
    stage: Option<StageId>,
    is_gated: bool,
    /// The resources of which the plan itself deploys: a hook can deploy them as well.
    deploying: BTreeSet<&'n str>,
}

impl<'p, 'm, 'r, 'n> Planning<'p, 'm, 'r, 'n> {
    fn of(making: &'p mut Making<'m, 'r, 'n>, at: JobAt) -> Self {
        let reader = making.reader;
        let stage = reader.stage(at).and_then(|stage| making.stages.iter().position(|known| *known == stage));
        let puts =
            reader.job(at).steps.iter().filter(|step| step.kind == StepKind::Put && !is_in_hook(step, reader.job(at)));
        let is_world = |name: &&str| matches!(reader.meaning(at, name), Some(Meaning::World | Meaning::Constant));
        let deploying = puts.map(StepView::resource).filter(is_world).collect();
        Self { stage: stage.map(StageId), is_gated: reader.is_gated(at), deploying, making, at }
    }

    fn plan(&mut self) -> Step {
        let job = self.making.reader.job(self.at);
        let own = |wanted: &dyn Fn(StepPlace) -> bool| -> Vec<usize> {
            (0..job.steps.len()).filter(|at| wanted(job.steps[*at].place)).collect()
        };
        let steps = own(&|place| matches!(place, StepPlace::Plan(_)));
        let steps = steps.into_iter().filter_map(|step| self.step(step)).collect();
        let mut plan = Step::Do(steps);
        for (name, on) in HOOKS {
            for hook in own(&|place| matches!(place, StepPlace::JobHook(hook) if hook == name)) {
                plan = self.hooked(plan, on, hook);
            }
        }
        plan
    }

    fn hooked(&mut self, step: Step, on: On, hook: usize) -> Step {
        match self.step(hook) {
            Some(hook) => Step::Hook { step: Box::new(step), on, hook: Box::new(hook) },
            None => step,
        }
    }

    /// The step of that number with its hooks. None if nothing of it counts.
    fn step(&mut self, at: usize) -> Option<Step> {
        let job = self.making.reader.job(self.at);
        let step = &job.steps[at];
        let within = |wanted: &dyn Fn(StepPlace) -> bool| -> Vec<usize> {
            (0..job.steps.len()).filter(|other| wanted(job.steps[*other].place)).collect()
        };
        let mut all =
            |numbers: Vec<usize>| numbers.into_iter().filter_map(|number| self.step(number)).collect::<Vec<_>>();
        let core = match step.kind {
            StepKind::Do => Some(Step::Do(all(within(&|place| matches!(place, StepPlace::Do(of, _) if of == at))))),
            StepKind::InParallel => {
                let steps = all(within(&|place| matches!(place, StepPlace::InParallel(of, _) if of == at)));
                Some(Step::InParallel(steps))
            }
            StepKind::Try => {
                let tried = all(within(&|place| matches!(place, StepPlace::Try(of) if of == at)));
                Some(Step::Try(Box::new(Step::Do(tried))))
            }
            StepKind::Get => self.get(step),
            StepKind::Put => self.put(step),
            StepKind::Task | StepKind::Run => Some(self.task(step)),
            StepKind::SetPipeline => {
                let seen = step.text("file").map(|file| first(file).to_owned());
                Some(self.run(step, Seen::Named(seen.into_iter().collect()), &[], None))
            }
            StepKind::LoadVar => None,
        };
        let mut core = core.unwrap_or_else(|| Step::Do(Vec::new()));
        for (name, on) in HOOKS {
            for hook in within(&|place| matches!(place, StepPlace::Hook(of, hook) if of == at && hook == name)) {
                core = self.hooked(core, on, hook);
            }
        }
        (core != Step::Do(Vec::new())).then_some(core)
    }

    fn get(&mut self, step: &StepView<'n>) -> Option<Step> {
        let reader = self.making.reader;
        let job = reader.job(self.at);
        reader.meaning(self.at, step.resource())?;
        if is_waiting(step) && reader.meaning(self.at, step.resource()).is_some_and(Meaning::is_approval) {
            return None;
        }
        let unpinned = &reader.pipelines[self.at.0].unpinned;
        let is_fixed = field(step.node, "version").is_some_and(|version| version.as_map().is_some());
        Some(Step::Get {
            input: self.making.names.of('a', step.name),
            is_followed: !list(step.node, "passed").is_empty(),
            is_exempt: is_fixed || unpinned.contains(&(job.name.to_owned(), step.name.to_owned())),
        })
    }

    fn put(&mut self, step: &StepView<'n>) -> Option<Step> {
        let reader = self.making.reader;
        let meaning = reader.meaning(self.at, step.resource())?;
        match meaning {
            Meaning::Post { gate, destination } => return self.post(step, gate, destination.as_deref()),
            // One resource can open issues and find the closed ones.
            Meaning::Signals(gate) => return self.post(step, gate, None),
            Meaning::Approvals { .. } | Meaning::Records(_) => return None,
            Meaning::World | Meaning::Constant => {}
        }
        let seen = match field(step.node, "inputs") {
            None => Seen::All,
            Some(inputs) => match inputs.as_str() {
                Some("detect") => Seen::Named(mentioned(field(step.node, "params"))),
                Some(_) => Seen::All,
                None => {
                    Seen::Named(texts(inputs.as_list().unwrap_or_default()).map(|(name, _)| name.to_owned()).collect())
                }
            },
        };
        let source = &reader.sources[self.at.0][step.resource()];
        let makes =
            self.making.makes.contains(source).then(|| self.making.resource(self.at, step.resource())).flatten();
        let outputs = if step.is("no_get") { Vec::new() } else { vec![step.name.to_owned()] };
        Some(self.run(step, seen, &outputs, makes))
    }

    /// A put to the issues of a gate.
    fn post(&mut self, step: &StepView<'n>, gate: &(Repository, Key), destination: Option<&str>) -> Option<Step> {
        let action = step.param("action").and_then(text);
        if action == Some("claim") {
            let approval = step.param("approval").and_then(text)?;
            return Some(Step::Claim(self.making.names.of('a', first(approval))));
        }
        if !is_record(step, &gate.1) {
            return None;
        }
        let id = self.making.add_gate(gate, Span::NOWHERE);
        if matches!(gate.1, Key::Title(_)) {
            return Some(Step::Record { gate: id, pins: Pins::Everything, destination: None, when: When::Always });
        }
        let pins = step.param("pins").and_then(Node::as_map).map(Map::entries).unwrap_or_default();
        let pins = pins
            .iter()
            .filter_map(|entry| Some((self.making.names.of('a', &entry.key), self.pin(text(&entry.value)?))));
        let pins: Vec<(String, Pin)> = pins.collect();
        let when = match (step.param("close_if_file"), step.param("unchanged_if_file")) {
            (Some(_), _) => When::Changed,
            (None, Some(_)) => When::Unchanged,
            (None, None) => When::Always,
        };
        let destination = destination.map(|stage| self.making.add_stage(stage, Span::NOWHERE));
        Some(Step::Record { gate: id, pins: Pins::OfArtifacts(pins.into_iter().collect()), destination, when })
    }

    /// Where the version in a file comes from.
    fn pin(&mut self, file: &str) -> Pin {
        let parts: Vec<&str> = file.split('/').collect();
        match parts.as_slice() {
            [artifact, .., pins, pin] if *pins == files::PINS => {
                Pin::HandedOn { from: self.making.names.of('a', artifact), pin: self.making.names.of('a', pin) }
            }
            _ => Pin::Artifact(self.making.names.of('a', first(file))),
        }
    }

    fn task(&mut self, step: &StepView<'n>) -> Step {
        let Some(config) = step.config() else {
            let mapped = field(step.node, "output_mapping").and_then(Node::as_map).map(Map::entries);
            let mapped = mapped.unwrap_or_default().iter().filter_map(|entry| text(&entry.value));
            let outputs: Vec<String> = mapped.map(str::to_owned).chain([UNKNOWN.to_owned()]).collect();
            return self.run(step, Seen::All, &outputs, None);
        };
        let mapped = |list_of: &str, mapping: &str| -> Vec<(String, String)> {
            let mapping = field(step.node, mapping).and_then(Node::as_map);
            let names = list(config, list_of).iter().filter_map(|item| text(field(item, "name")?));
            let mapped = |name: &str| mapping.and_then(|mapping| text(mapping.get(name)?)).unwrap_or(name).to_owned();
            names.map(|name| (name.to_owned(), mapped(name))).collect()
        };
        let inputs = mapped("inputs", "input_mapping");
        let outputs = mapped("outputs", "output_mapping");
        let seen: BTreeSet<String> = inputs.into_iter().map(|(_, artifact)| artifact).collect();
        if runs_checkout(config) {
            return self.check_out(step, &seen, &outputs);
        }
        let outputs: Vec<String> = outputs.into_iter().map(|(_, artifact)| artifact).collect();
        let image = step.text("image").map(str::to_owned);
        let seen = seen.into_iter().chain(image).collect();
        self.run(step, Seen::Named(seen), &outputs, None)
    }

    /// The script of an approval or a record: it checks out clones, and compares the versions of other artifacts.
    fn check_out(&mut self, step: &StepView<'n>, seen: &BTreeSet<String>, outputs: &[(String, String)]) -> Step {
        let param = |name: &str| {
            let of_config = || step.config().and_then(|config| field(field(config, "params")?, name));
            step.param(name).or_else(of_config).and_then(text).unwrap_or_default()
        };
        let mut clones = BTreeMap::new();
        for clone in param("CHECKOUT").split_whitespace() {
            let artifact = outputs.iter().find(|(name, _)| name == clone).map_or(clone, |(_, artifact)| artifact);
            let pin = if clone == param("CODE") { CODE } else { clone };
            clones.insert(self.making.names.of('a', artifact), self.making.names.of('a', pin));
        }
        let compared = param("COMPARE").split_whitespace().filter_map(|line| Some(line.split_once('=')?.0));
        let content = param("CONTENT").lines().filter_map(|line| line.split_whitespace().next());
        let compared: Vec<&str> = compared.chain(content).collect();
        let compared = compared.into_iter().map(|name| self.making.names.of('a', name)).collect();
        let seen = seen.iter().map(|name| self.making.names.of('a', name)).collect();
        Step::CheckOut { seen, clones, compared }
    }

    fn run(&mut self, step: &StepView<'n>, seen: Seen, outputs: &[String], makes: Option<String>) -> Step {
        let job = self.making.reader.job(self.at);
        let is_put = step.kind == StepKind::Put;
        let in_hook = is_in_hook(step, job);
        // A task in a hook tells people, as far as anybody knows.
        let is_meant = (self.is_gated && !in_hook) || (is_put && self.deploying.contains(step.resource()));
        let place = Place(self.making.chain.places.len());
        self.making.chain.places.push(step.span);
        let seen = match seen {
            Seen::All => Seen::All,
            Seen::Named(names) => Seen::Named(names.iter().map(|name| self.making.names.of('a', name)).collect()),
        };
        let outputs = outputs.iter().map(|name| self.making.names.of('a', name)).collect();
        Step::Run { seen, outputs, deploys: self.stage.filter(|_| is_meant), makes, place }
    }
}

/// The hooks that count, in the order in which Concourse puts them around a step.
const HOOKS: [(&str, On); 3] = [("on_success", On::Success), ("on_failure", On::Failure), ("ensure", On::Ensure)];

/// Whether a step runs only after a failure, or whatever happens.
fn is_in_hook(step: &StepView<'_>, job: &JobView<'_>) -> bool {
    let mut place = step.place;
    loop {
        place = match place {
            StepPlace::Plan(_) => return false,
            StepPlace::JobHook(hook) => return hook != "on_success",
            StepPlace::Hook(_, hook) if hook != "on_success" => return true,
            StepPlace::Hook(within, _)
            | StepPlace::Do(within, _)
            | StepPlace::InParallel(within, _)
            | StepPlace::Try(within) => job.steps[within].place,
        };
    }
}

/// Whether a get waits for another project, as this program renders it.
fn is_waiting(step: &StepView<'_>) -> bool {
    step.name.starts_with("after-") && !list(step.node, "passed").is_empty()
}

/// Whether a put writes what was deployed into an issue. MIT Open Learning's image has no other action.
fn is_record(step: &StepView<'_>, key: &Key) -> bool {
    match key {
        Key::Gate(_) => step.param("action").and_then(text) == Some("record"),
        Key::Title(_) => true,
    }
}

/// Whether closing an issue is a signal for a resource.
fn watches((place, prefix): &(Repository, Key), (of, title): &(Repository, Key)) -> bool {
    match (prefix, title) {
        (Key::Title(prefix), Key::Title(title)) => place == of && title.starts_with(prefix),
        _ => false,
    }
}

fn runs_checkout(config: &Node) -> bool {
    let is_script = |text: &str| text.rsplit_once('/').is_some_and(|(_, name)| name == files::CHECKOUT);
    field(config, "run").is_some_and(|run| {
        field(run, "path").and_then(text).is_some_and(is_script)
            || list(run, "args").iter().filter_map(text).any(is_script)
    })
}

/// The artifact that a file is in.
fn first(file: &str) -> &str {
    file.split('/').next().unwrap_or(file)
}

/// The artifacts that params mention, as `inputs: detect` finds them: what stands before a slash.
fn mentioned(params: Option<&Node>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&Node> = params.into_iter().collect();
    while let Some(node) = open.pop() {
        found.extend(text(node).map(|text| first(text).to_owned()));
        open.extend(node.as_list().unwrap_or_default());
        open.extend(node.as_map().into_iter().flat_map(|map| map.entries().iter().map(|entry| &entry.value)));
    }
    found
}

fn meanings<'n>(view: &PipelineView<'n>) -> BTreeMap<&'n str, Meaning> {
    let mut found = BTreeMap::new();
    for resource in &view.resources {
        let kind = resource.text("type").unwrap_or_default();
        let of_type = view.resource_types.iter().find(|of_type| of_type.name == kind);
        let image = of_type.and_then(|of_type| text(field(of_type.source()?, "repository")?));
        let defaults = of_type.and_then(|of_type| field(of_type.node, "defaults"));
        let value = |key: &str| {
            resource.source().and_then(|own| field(own, key)).or_else(|| defaults.and_then(|node| field(node, key)))
        };
        let source = |key: &str| value(key).and_then(text);
        let place = || Repository::of_issues(source("gh_host"), source("repository").unwrap_or_default());
        let is_fixed = field(resource.node, "version").is_some_and(|version| version.as_map().is_some());
        let is_of_issues = kind == "github-issues" || image.is_some_and(|image| image.contains("github-issues"));
        let meaning = match (source("gate"), source("role")) {
            (Some(gate), Some(role)) => {
                let gate = (place(), Key::Gate(gate.to_owned()));
                let destination = source("destination").map(str::to_owned);
                match role {
                    "trigger" => Meaning::Approvals {
                        gate,
                        destination: destination.unwrap_or_default(),
                        has_code: value("git").is_some(),
                    },
                    "records" => Meaning::Records(gate),
                    _ => Meaning::Post { gate, destination },
                }
            }
            _ if is_of_issues && source("issue_state") == Some("open") => {
                let title = source("issue_title_template").or(source("issue_prefix")).unwrap_or(resource.name);
                Meaning::Post { gate: (place(), Key::Title(title.to_owned())), destination: None }
            }
            _ if is_of_issues => {
                let prefix = source("issue_prefix").or(source("issue_title_template")).unwrap_or_default();
                Meaning::Signals((place(), Key::Title(prefix.to_owned())))
            }
            _ if is_fixed || is_clock(kind, of_type.is_some(), image) => Meaning::Constant,
            _ => Meaning::World,
        };
        found.entry(resource.name).or_insert(meaning);
    }
    found
}
