//! The models of jobs that have to do with each other.

use std::collections::{BTreeMap, BTreeSet};

use concourse_scheduler as scheduler;
use promotion_verify as model;
use promotion_verify::{CODE, Found, Gate, GateId, Stage, StageId, UNKNOWN};

use concourse_pipeline::issues::{IssueId, IssueMark};
use concourse_pipeline::view::{StepKind, StepView, field, list, text, texts};
use yaml_source::source::Span;

use super::meaning::{Meaning, is_record, watches, written_gate};
use super::plan::Planning;
use super::{DEPLOYED, JOB, JobIndex, Reader};

/// A chain, ready to be searched or played.
pub(crate) struct ModelChain {
    /// The pipelines of the chain, in the order in which they are set.
    pub(crate) models: Vec<model::Model>,
    /// The names that people know, by those of the models.
    pub(crate) names: ChainNames,
    /// The places of the models in the files.
    pub(crate) places: Vec<Span>,
    /// The places of the jobs that deploy stages, by the number of the stage.
    pub(crate) stage_places: Vec<Span>,
    /// The places of the jobs that write gates, by the number of the gate.
    pub(crate) gate_places: Vec<Span>,
    /// The resources that can get new versions, by their names in the models.
    pub(crate) world: Vec<String>,
    /// The gates whose approvals start a job.
    pub(crate) is_triggering: BTreeSet<GateId>,
    /// The stages that nothing in the run can open: the gate is written elsewhere.
    pub(crate) is_open_ended: Vec<bool>,
}

/// The names of a chain.
#[derive(Default)]
pub(crate) struct ChainNames {
    pub(crate) jobs: BTreeMap<String, String>,
    pub(crate) resources: BTreeMap<String, String>,
    stages: BTreeMap<String, String>,
    gates: BTreeMap<String, String>,
    /// All names of each stage, the most precise first.
    pub(crate) of_stages: Vec<Vec<String>>,
    /// All names of each gate, the most precise first.
    pub(crate) of_gates: Vec<Vec<String>>,
    /// The resources that are git repositories.
    pub(crate) repositories: BTreeSet<String>,
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

/// The name of a stage for people.
pub(super) fn shown_stage(name: &str) -> String {
    match name.split_once(JOB) {
        Some((_, job)) => job.strip_prefix("deploy-").unwrap_or(job).to_owned(),
        None => name.strip_suffix(DEPLOYED.1).unwrap_or(name).replace("/-/", " ").replace('/', " "),
    }
}

fn known(names: &BTreeMap<String, String>, name: &str) -> String {
    names.get(name).cloned().unwrap_or_else(|| name.to_owned())
}

impl ModelChain {
    pub(super) fn of(reader: &Reader<'_, '_>, jobs: &[JobIndex]) -> Self {
        let mut making = Making {
            reader,
            several: jobs.iter().any(|at| reader.pipeline(*at) != reader.pipeline(jobs[0])),
            names: Interned::default(),
            stages: Vec::new(),
            gates: Vec::new(),
            gated: BTreeSet::new(),
            promised: BTreeSet::new(),
            makes: BTreeSet::new(),
            chain: ModelChain {
                models: vec![model::Model::default(); reader.shapes()],
                names: ChainNames::default(),
                places: Vec::new(),
                stage_places: Vec::new(),
                gate_places: Vec::new(),
                world: Vec::new(),
                is_triggering: BTreeSet::new(),
                is_open_ended: Vec::new(),
            },
        };
        for at in jobs {
            let fetched = reader.job(*at).steps.iter().filter(|step| step.kind == StepKind::Get);
            making
                .makes
                .extend(fetched.map(|step| reader.sources[at.0].get(step.resource()).cloned().unwrap_or_default()));
        }
        for shape in 0..reader.shapes() {
            let jobs: Vec<JobIndex> = jobs.iter().copied().filter(|at| reader.shape(*at) == shape).collect();
            making.stages_and_gates(shape, &jobs);
        }
        for at in jobs {
            making.job(*at);
        }
        making.finish(jobs)
    }
}

/// Short names in the order in which things are met, so that chains of one shape are equal.
#[derive(Default)]
pub(super) struct Interned(BTreeMap<(char, String), String>);

impl Interned {
    pub(super) fn of(&mut self, kind: char, name: &str) -> String {
        if kind == 'a' && (name == CODE || name == UNKNOWN) {
            return name.to_owned();
        }
        let next = self.0.keys().filter(|(known, _)| *known == kind).count();
        self.0.entry((kind, name.to_owned())).or_insert_with(|| format!("{kind}{next}")).clone()
    }
}

/// A chain in the making.
pub(super) struct Making<'m, 'r, 'n> {
    pub(super) reader: &'m Reader<'r, 'n>,
    /// Whether jobs of several pipelines are in the chain, so that names need the pipeline.
    several: bool,
    pub(super) names: Interned,
    pub(super) stages: Vec<String>,
    gates: Vec<IssueId<'n>>,
    /// The stages that need approvals, by the number of pipelines set before.
    gated: BTreeSet<(usize, StageId)>,
    /// The gates that promise something, by the number of pipelines set before.
    promised: BTreeSet<(usize, GateId)>,
    /// The sources of resources that a job fetches: a put makes a version for them.
    pub(super) makes: BTreeSet<String>,
    pub(super) chain: ModelChain,
}

impl<'n> Making<'_, '_, 'n> {
    fn stages_and_gates(&mut self, shape: usize, jobs: &[JobIndex]) {
        let reader = self.reader;
        let mut awaited = BTreeSet::new();
        let mut written = BTreeSet::new();
        for at in jobs {
            let job = reader.job(*at);
            for step in &job.steps {
                let Some(meaning) = reader.meaning(*at, step.resource()) else { continue };
                match (step.kind, meaning) {
                    (StepKind::Put, Meaning::Post { gate, .. } | Meaning::Signals(gate)) if is_record(step, gate) => {
                        let gate = written_gate(step, gate);
                        let id = self.add_gate(&gate, job.span);
                        let title = step.param("title").and_then(text).map(str::to_owned);
                        self.chain.names.of_gates[id.0].extend(title);
                        written.insert(gate);
                    }
                    (StepKind::Get, Meaning::Approvals { gate, .. }) => awaited.extend([gate.clone()]),
                    _ => {}
                }
            }
        }
        // A signal is for whoever watches the beginning of the title.
        for gate in self.gates.clone() {
            let is_watched = jobs.iter().any(|at| {
                let signals = reader.job(*at).steps.iter().filter(|step| step.kind == StepKind::Get);
                let mut signals = signals.filter_map(|step| reader.meaning(*at, step.resource()));
                signals.any(|meaning| matches!(meaning, Meaning::Signals(watched) if watches(watched, &gate)))
            });
            if is_watched {
                awaited.insert(gate);
            }
        }
        for gate in &awaited {
            let id = self.add_gate(gate, Span::NOWHERE);
            if written.contains(gate) {
                self.promised.insert((shape, id));
            }
        }
        for at in jobs {
            let job = reader.job(*at);
            let mut of_job = Vec::new();
            for name in reader.stages_of(*at) {
                let id = self.add_stage(&name, job.span);
                self.chain.names.of_stages[id.0].push(job.name.to_owned());
                if reader.needs_approval(*at, &name) {
                    self.gated.insert((shape, id));
                }
                of_job.push(id);
            }
            let is_elsewhere = |step: &StepView<'n>| match reader.meaning(*at, step.resource()) {
                Some(Meaning::Approvals { gate, .. }) => !written.contains(gate),
                Some(Meaning::Signals(watched)) => !written.iter().any(|gate| watches(watched, gate)),
                _ => false,
            };
            let is_elsewhere = job.steps.iter().any(|step| reader.is_approval(*at, step) && is_elsewhere(step));
            for id in of_job {
                self.chain.is_open_ended[id.0] |= is_elsewhere;
            }
        }
    }

    pub(super) fn add_stage(&mut self, name: &str, span: Span) -> StageId {
        if let Some(at) = self.stages.iter().position(|known| known == name) {
            return StageId(at);
        }
        let short = self.names.of('s', name);
        let shown = shown_stage(name);
        let environment = name.strip_suffix(DEPLOYED.1).and_then(|stage| stage.rsplit('/').next()).map(str::to_owned);
        let all = [name.to_owned(), shown.clone()].into_iter().chain(environment).collect();
        self.chain.names.stages.insert(short, shown);
        self.chain.names.of_stages.push(all);
        self.chain.stage_places.push(span);
        self.chain.is_open_ended.push(false);
        self.stages.push(name.to_owned());
        StageId(self.stages.len() - 1)
    }

    pub(super) fn add_gate(&mut self, gate: &IssueId<'n>, span: Span) -> GateId {
        if let Some(at) = self.gates.iter().position(|known| known == gate) {
            return GateId(at);
        }
        let name = gate.mark.text();
        let mut all = vec![name.to_owned()];
        if let IssueMark::Gate(key) = gate.mark {
            // `shop/-/QA/deployed` is `QA deployed` for people.
            let mut parts = key.rsplit('/');
            if let (Some(what), Some(environment)) = (parts.next(), parts.next()) {
                all.push(format!("{environment} {what}"));
            }
            all.push(key.replace("/-/", " ").replace('/', " "));
        }
        let short = self.names.of('g', &format!("{gate:?}"));
        self.chain.names.gates.insert(short, format!("`{name}`"));
        self.chain.names.of_gates.push(all);
        self.chain.gate_places.push(span);
        self.gates.push(gate.clone());
        GateId(self.gates.len() - 1)
    }

    fn shown(&self, at: JobIndex, name: &str) -> String {
        if self.several { format!("{}/{name}", self.reader.pipeline(at)) } else { name.to_owned() }
    }

    /// The model of the pipeline that a job is in.
    fn model(&mut self, at: JobIndex) -> &mut model::Model {
        &mut self.chain.models[self.reader.shape(at)]
    }

    fn resource_name(&mut self, at: JobIndex, name: &str) -> String {
        let short = self.names.of('r', &format!("{} {name}", self.reader.pipeline(at)));
        let shown = self.shown(at, name);
        self.chain.names.resources.entry(short.clone()).or_insert(shown);
        short
    }

    /// The name of a resource in the model. A resource that is new there is added.
    pub(super) fn resource(&mut self, at: JobIndex, name: &str) -> Option<String> {
        let reader = self.reader;
        let meaning = reader.meaning(at, name)?;
        let short = self.resource_name(at, name);
        if self.model(at).resources.contains_key(&short) {
            return Some(short);
        }
        let found = match meaning {
            Meaning::World => Found::World,
            Meaning::Constant => Found::Constant,
            Meaning::Post { .. } => Found::Nothing,
            Meaning::Approvals { gate, destination, has_code } => {
                let gate = self.add_gate(gate, Span::NOWHERE);
                let stage = self.add_stage(destination, Span::NOWHERE);
                Found::Approvals { gate, stage, has_code: *has_code }
            }
            Meaning::Records(gate) => Found::Records(self.add_gate(gate, Span::NOWHERE)),
            Meaning::Signals(watched) => {
                let gates = self.gates.iter().enumerate().filter(|(_, gate)| watches(watched, gate));
                Found::Signals(gates.map(|(at, _)| GateId(at)).collect())
            }
        };
        if found == Found::World && !self.chain.world.contains(&short) {
            self.chain.world.push(short.clone());
        }
        let defined = reader.pipelines[at.0].view.resources.iter().find(|resource| resource.name == name)?;
        if defined.text("type") == Some("git") {
            self.chain.names.repositories.insert(short.clone());
        }
        let old_name = defined.text("old_name").map(|old| self.resource_name(at, old));
        let source = self.names.of('t', &reader.sources[at.0][name]);
        let made = scheduler::Resource { name: short.clone(), old_name, source, version: None };
        self.model(at).pipeline.resources.push(made);
        self.model(at).resources.insert(short.clone(), found);
        Some(short)
    }

    pub(super) fn job_name(&mut self, at: JobIndex, name: &str) -> String {
        let short = self.names.of('j', &format!("{} {name}", self.reader.pipeline(at)));
        let shown = self.shown(at, name);
        self.chain.names.jobs.insert(short.clone(), shown);
        short
    }

    fn job(&mut self, at: JobIndex) {
        let reader = self.reader;
        let job = reader.job(at);
        let view = &reader.pipelines[at.0].view;
        let name = self.job_name(at, job.name);
        let mut made = scheduler::Job { name: name.clone(), ..scheduler::Job::default() };
        made.old_name = field(job.node, "old_name").and_then(text).map(|old| self.job_name(at, old));
        made.serial = field(job.node, "serial").and_then(text) == Some("true");
        let groups = texts(list(job.node, "serial_groups"));
        made.serial_groups = groups.map(|(group, _)| format!("{} {group}", reader.pipeline(at))).collect();
        made.serial_groups = made.serial_groups.iter().map(|group| self.names.of('p', group)).collect();
        made.max_in_flight = field(job.node, "max_in_flight").and_then(text).and_then(|n| n.parse().ok()).unwrap_or(0);
        for step in &job.steps {
            match step.kind {
                StepKind::Get => {
                    let Some(resource) = self.resource(at, step.resource()) else { continue };
                    if step.triggers() {
                        let gates = match self.model(at).resources.get(&resource) {
                            Some(Found::Approvals { gate, .. }) => vec![*gate],
                            Some(Found::Signals(gates)) => gates.clone(),
                            _ => Vec::new(),
                        };
                        self.chain.is_triggering.extend(gates);
                    }
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
        self.model(at).pipeline.jobs.push(made);
        let is = |key: &str| field(job.node, key).and_then(text) == Some("true");
        if is("disable_manual_trigger") {
            self.model(at).no_manual_builds.insert(name.clone());
        }
        if is("disable_reruns") {
            self.model(at).no_reruns.insert(name.clone());
        }
        let plan = Planning::of(self, at).plan();
        self.model(at).plans.insert(name, plan);
    }

    /// The numbers of stages and gates are the same in all models.
    fn finish(mut self, jobs: &[JobIndex]) -> ModelChain {
        let gate_names: Vec<String> = self.gates.iter().map(|gate| self.names.of('g', &format!("{gate:?}"))).collect();
        let stage_names: Vec<String> = self.stages.iter().map(|stage| self.names.of('s', stage)).collect();
        for (shape, model) in self.chain.models.iter_mut().enumerate() {
            let stages = stage_names.iter().cloned().enumerate();
            let is_gated = |at| self.gated.contains(&(shape, StageId(at)));
            model.stages = stages.map(|(at, name)| Stage { name, is_gated: is_gated(at) }).collect();
            let gates = gate_names.iter().cloned().enumerate();
            let is_promise = |at| self.promised.contains(&(shape, GateId(at)));
            model.gates = gates.map(|(at, name)| Gate { name, is_promise: is_promise(at) }).collect();
        }
        for at in jobs.iter().filter(|at| self.reader.shape(**at) > 0) {
            for step in &self.reader.job(*at).steps {
                self.former_names(*at, step);
            }
        }
        self.chain
    }

    /// The former names that the resource of a step lists, as far as an earlier pipeline has them.
    fn former_names(&mut self, at: JobIndex, step: &StepView<'n>) {
        let reader = self.reader;
        let (Some(meaning), Some(former)) =
            (reader.meaning(at, step.resource()), reader.former[at.0].get(step.resource()))
        else {
            return;
        };
        let gate = |key: &IssueId<'n>| self.gates.iter().position(|known| known == key).map(GateId);
        let stage = |name: &String| self.stages.iter().position(|known| known == name).map(StageId);
        let gates: Vec<_> = match meaning.gate().and_then(gate) {
            Some(new) => former.gates.iter().filter_map(gate).map(|old| (old, new)).collect(),
            None => Vec::new(),
        };
        let destination = match meaning {
            Meaning::Post { destination, .. } => destination.as_ref(),
            Meaning::Approvals { destination, .. } => Some(destination),
            _ => None,
        };
        let stages: Vec<_> = match destination.and_then(stage) {
            Some(new) => former.destinations.iter().filter_map(stage).map(|old| (old, new)).collect(),
            None => Vec::new(),
        };
        let model = self.model(at);
        model.formerly.gates.extend(gates);
        model.formerly.stages.extend(stages);
    }
}
