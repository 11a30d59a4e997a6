//! What the steps of a job do, as far as approvals are concerned.

use std::collections::{BTreeMap, BTreeSet};

use github_issues_resource::contract::files;
use promotion_verify::{CODE, On, Pin, Pins, Place, Seen, StageId, Step, UNKNOWN, When};

use concourse_pipeline::fixed::{is_one_version, written_version};
use concourse_pipeline::issues::{IssueId, IssueMark};
use concourse_pipeline::view::{JobView, StepKind, StepPlace, StepView, field, list, text, texts};
use yaml_source::source::Span;
use yaml_source::yaml::{Map, Node};

use crate::gates::runs_checkout;

use super::JobIndex;
use super::chain::Making;
use super::meaning::{Meaning, is_record, is_waiting, written_gate};

/// The steps of a job in the making.
pub(super) struct Planning<'p, 'm, 'r, 'n> {
    making: &'p mut Making<'m, 'r, 'n>,
    at: JobIndex,
    stage: Option<StageId>,
    /// Whether only puts deploy the stage: those that a job behind a gate does as well.
    only_puts: bool,
    /// The resources of which the plan itself deploys: a hook can deploy them as well.
    deploying: BTreeSet<&'n str>,
}

impl<'p, 'm, 'r, 'n> Planning<'p, 'm, 'r, 'n> {
    pub(super) fn of(making: &'p mut Making<'m, 'r, 'n>, at: JobIndex) -> Self {
        let reader = making.reader;
        let stage = reader.stage(at).and_then(|stage| making.stages.iter().position(|known| *known == stage));
        let puts =
            reader.job(at).steps.iter().filter(|step| step.kind == StepKind::Put && !is_in_hook(step, reader.job(at)));
        let is_world = |name: &&str| matches!(reader.meaning(at, name), Some(Meaning::World | Meaning::Constant));
        let deploying = puts.map(StepView::resource).filter(is_world).collect();
        let only_puts = reader.gated_twin(at).is_some();
        Self { stage: stage.map(StageId), only_puts, deploying, making, at }
    }

    pub(super) fn plan(&mut self) -> Step {
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
        let is_fixed = is_one_version(reader.type_of(self.at, step.resource()), written_version(step.node).into_iter());
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
    fn post(&mut self, step: &StepView<'n>, gate: &IssueId<'n>, destination: Option<&str>) -> Option<Step> {
        let action = step.param("action").and_then(text);
        if action == Some("claim") {
            let approval = step.param("approval").and_then(text)?;
            return Some(Step::Claim(self.making.names.of('a', first(approval))));
        }
        if !is_record(step, gate) {
            return None;
        }
        let id = self.making.add_gate(&written_gate(step, gate), Span::NOWHERE);
        if matches!(gate.mark, IssueMark::Title(_)) {
            let when = if step.param("close_if_file").is_some() { When::ClosedIfUnchanged } else { When::Always };
            return Some(Step::Record { gate: id, pins: Pins::Everything, destination: None, when });
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
        let reader = self.making.reader;
        let of_job = |artifact: &str| {
            let mut gets = reader.job(self.at).steps.iter().filter(|step| step.kind == StepKind::Get);
            match reader.meaning(self.at, gets.find(|get| get.name == artifact)?.resource())? {
                Meaning::Approvals { has_code, .. } => Some(*has_code),
                Meaning::Records(_) => Some(false),
                _ => None,
            }
        };
        if runs_checkout(step, of_job) {
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
        let is_meant = match self.making.reader.is_target(self.at, step.name) {
            Some(is_target) => is_target,
            None => (!self.only_puts && !in_hook) || (is_put && self.deploying.contains(step.resource())),
        };
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
