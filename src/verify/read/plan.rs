//! What the steps of a job do, as far as approvals are concerned.

use std::collections::{BTreeMap, BTreeSet};

use github_issues_resource::contract::files;
use promotion_verify::{CODE, On, Pin, Pins, Place, Seen, StageId, Step, UNKNOWN, When};

use concourse_pipeline::fixed::{is_one_version, written_version};
use concourse_pipeline::issues::{IssueId, IssueMark};
use concourse_pipeline::job_names::{environment, is_one_environment};
use concourse_pipeline::variables::of_build;
use concourse_pipeline::view::{JobView, StepKind, StepPlace, StepView, each_text, field, list, text, texts};
use yaml_source::source::Span;
use yaml_source::yaml::{Map, Node};

use crate::gates::runs_checkout;

use super::chain::Making;
use super::meaning::{Meaning, is_record, is_waiting, written_gate};
use super::{JobIndex, Reader};

/// The steps of a job in the making.
pub(super) struct Planning<'p, 'm, 'r, 'n> {
    making: &'p mut Making<'m, 'r, 'n>,
    at: JobIndex,
    /// The resources of which the plan itself deploys: a hook can deploy them as well.
    deploying: BTreeSet<&'n str>,
}

impl<'p, 'm, 'r, 'n> Planning<'p, 'm, 'r, 'n> {
    pub(super) fn of(making: &'p mut Making<'m, 'r, 'n>, at: JobIndex) -> Self {
        let reader = making.reader;
        let deploying = reader.deploying(at);
        Self { making, at, deploying }
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
            StepKind::Put => self.put(at),
            StepKind::Task | StepKind::Run => Some(self.task(at)),
            StepKind::SetPipeline => {
                let seen = step.text("file").map(|file| first(file).to_owned());
                Some(self.run(at, Seen::Named(seen.into_iter().collect()), &[], None))
            }
            StepKind::LoadVar => {
                // The variable is made of the artifact, and what uses the variable is made of it, too.
                let seen = step.text("file").map(|file| first(file).to_owned());
                Some(self.run(at, Seen::Named(seen.into_iter().collect()), &[variable(step.name)], None))
            }
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
        if only_waits(step, job) && reader.meaning(self.at, step.resource()).is_some_and(Meaning::is_approval) {
            return None;
        }
        let unpinned = &reader.pipelines[self.at.0].unpinned;
        let is_fixed = is_one_version(reader.type_of(self.at, step.resource()), written_version(step.node).into_iter());
        let follows = reader.deploys(self.at).follows.get(step.name).cloned().unwrap_or_default();
        // An approval that the get itself brings is the one that counts.
        let follows = if reader.is_approval(self.at, step) { BTreeSet::new() } else { follows };
        Some(Step::Get {
            input: self.making.names.of('a', step.name),
            follows: follows.iter().map(|job| self.making.job_name(self.at, job)).collect(),
            is_followed: !list(step.node, "passed").is_empty(),
            is_exempt: is_fixed
                || only_waits(step, job)
                || unpinned.contains(&(job.name.to_owned(), step.name.to_owned())),
        })
    }

    fn put(&mut self, number: usize) -> Option<Step> {
        let reader = self.making.reader;
        let step = &reader.job(self.at).steps[number];
        let meaning = reader.meaning(self.at, step.resource())?;
        match meaning {
            Meaning::Post { gate, destination } => return self.post(step, gate, destination.as_deref()),
            // One resource can open issues and find the closed ones.
            Meaning::Signals(gate) => return self.post(step, gate, None),
            Meaning::Approvals { .. } | Meaning::Records(_) => return None,
            Meaning::World | Meaning::Constant => {}
        }
        let detected = || Seen::Named(mentioned(field(step.node, "params")));
        let seen = match field(step.node, "inputs") {
            None if reader.pipelines[self.at.0].detects_inputs => detected(),
            None => Seen::All,
            Some(inputs) => match inputs.as_str() {
                Some("detect") => detected(),
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
        Some(self.run(number, seen, &outputs, makes.as_deref()))
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

    fn task(&mut self, number: usize) -> Step {
        let step = &self.making.reader.job(self.at).steps[number];
        let Some(config) = step.config() else {
            let mapped = field(step.node, "output_mapping").and_then(Node::as_map).map(Map::entries);
            let mapped = mapped.unwrap_or_default().iter().filter_map(|entry| text(&entry.value));
            let outputs: Vec<String> = mapped.map(str::to_owned).chain([UNKNOWN.to_owned()]).collect();
            return self.run(number, Seen::All, &outputs, None);
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
        if self.making.reader.is_checkout(self.at, step) {
            return self.check_out(step, &seen, &outputs);
        }
        let outputs: Vec<String> = outputs.into_iter().map(|(_, artifact)| artifact).collect();
        let image = step.text("image").map(str::to_owned);
        let seen = seen.into_iter().chain(image).collect();
        self.run(number, Seen::Named(seen), &outputs, None)
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

    fn run(&mut self, number: usize, seen: Seen, outputs: &[String], makes: Option<&str>) -> Step {
        let reader = self.making.reader;
        let job = reader.job(self.at);
        let step = &job.steps[number];
        let place = Place(self.making.chain.places.len());
        self.making.chain.places.push(step.span);
        let seen = match seen {
            Seen::All => Seen::All,
            Seen::Named(names) => {
                let names = names.into_iter().chain(variables(number, job).map(variable));
                Seen::Named(names.map(|name| self.making.names.of('a', &name)).collect())
            }
        };
        let outputs: Vec<String> = outputs.iter().map(|name| self.making.names.of('a', name)).collect();
        let stages = reader.stages_of_step(self.at, number, &self.deploying);
        let ids = stages.iter().filter_map(|stage| self.making.stages.iter().position(|known| known == stage));
        let mut ids: Vec<Option<StageId>> = ids.map(|id| Some(StageId(id))).collect();
        if ids.is_empty() {
            ids.push(None);
        }
        let mut runs = ids.into_iter().map(|deploys| Step::Run {
            seen: seen.clone(),
            outputs: outputs.clone(),
            deploys,
            makes: makes.map(str::to_owned),
            place,
        });
        match (runs.next(), runs.len()) {
            (Some(run), 0) => run,
            (first, _) => Step::Do(first.into_iter().chain(runs).collect()),
        }
    }
}

impl<'n> Reader<'_, 'n> {
    /// The stages that a job deploys, with those of values that its steps run across.
    pub(super) fn stages_of(&self, at: JobIndex) -> Vec<String> {
        let mut stages: Vec<String> = self.deploys(at).stages().cloned().collect();
        let deploying = self.deploying(at);
        for number in 0..self.job(at).steps.len() {
            for stage in self.stages_of_step(at, number, &deploying) {
                if !stages.contains(&stage) {
                    stages.push(stage);
                }
            }
        }
        stages
    }

    /// The resources of which the plan of a job itself deploys: a hook can deploy them as well.
    fn deploying(&self, at: JobIndex) -> BTreeSet<&'n str> {
        let puts = self.job(at).steps.iter().filter(|step| step.kind == StepKind::Put && self.may_deploy(at, step));
        puts.map(StepView::resource).collect()
    }

    /// The stages that a step deploys: one, unless it runs across values that name stages.
    fn stages_of_step(&self, at: JobIndex, number: usize, deploying: &BTreeSet<&'n str>) -> Vec<String> {
        let (job, deploys) = (self.job(at), self.deploys(at));
        let step = &job.steps[number];
        let stage = match deploys.of_steps.get(step.name).filter(|_| self.can_do_something(at, step)) {
            Some(stage) => stage.clone(),
            None if self.is_meant(at, step, deploying) => deploys.stage.clone(),
            None => None,
        };
        let Some(stage) = stage else { return Vec::new() };
        let own = stage.split('/').nth(2).unwrap_or(&stage).to_owned();
        let stages = values(number, job).into_iter().filter_map(|value| {
            let named = self.destination(at, value);
            let is_other = !is_one_environment(value, &own) && (named.is_some() || environment(value).is_some());
            is_other.then(|| named.unwrap_or_else(|| value.to_owned()))
        });
        let others: BTreeSet<String> = stages.filter(|other| *other != stage).collect();
        std::iter::once(stage).chain(others).collect()
    }

    /// Whether a step acts on something outside of the build.
    pub(super) fn can_do_something(&self, at: JobIndex, step: &StepView<'n>) -> bool {
        match step.kind {
            StepKind::Task => !self.is_checkout(at, step),
            StepKind::Put | StepKind::Run | StepKind::SetPipeline => true,
            StepKind::Get | StepKind::LoadVar | StepKind::Try | StepKind::Do | StepKind::InParallel => false,
        }
    }

    /// Whether a task runs the script of an approval or a record, which checks out and compares versions.
    pub(super) fn is_checkout(&self, at: JobIndex, step: &StepView<'n>) -> bool {
        let of_job = |artifact: &str| {
            let mut gets = self.job(at).steps.iter().filter(|step| step.kind == StepKind::Get);
            match self.meaning(at, gets.find(|get| get.name == artifact)?.resource())? {
                Meaning::Approvals { has_code, .. } => Some(*has_code),
                Meaning::Records(_) => Some(false),
                _ => None,
            }
        };
        runs_checkout(step, of_job)
    }

    /// The same, of a step in a hook.
    pub(super) fn stages_of_hook(&self, at: JobIndex, number: usize) -> Vec<String> {
        self.stages_of_step(at, number, &self.deploying(at))
    }

    /// Whether a step deploys the stage of its job, as far as its kind, its place and its name tell.
    fn is_meant(&self, at: JobIndex, step: &StepView<'n>, deploying: &BTreeSet<&'n str>) -> bool {
        let is_put = step.kind == StepKind::Put;
        if !self.can_do_something(at, step) || is_put && self.only_tells(at, step.resource()) {
            return false;
        }
        if is_put && deploying.contains(step.resource()) {
            return true;
        }
        // Most hooks tell people something.
        let in_hook = is_in_hook(step, self.job(at));
        !self.deploys(at).is_twin() && (!in_hook || undoes(step))
    }
}

/// Whether the name of a step in a hook, or of its file, says that it deploys again what was there before.
pub(super) fn undoes(step: &StepView<'_>) -> bool {
    const UNDO: [&str; 6] = ["rollback", "redeploy", "revert", "restore", "undo", "roll"];
    const DO: [&str; 3] = ["deploy", "apply", "promote"];
    let file = step.text("file").and_then(|file| file.rsplit('/').next()).unwrap_or_default();
    let begins = |text: &str| {
        let first = text.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        // The resource of a put can be called after what it tells about.
        let verbs = UNDO.iter().chain(DO.iter().filter(|_| step.kind != StepKind::Put));
        { verbs }.any(|verb| verb.eq_ignore_ascii_case(first))
    };
    begins(step.name) || begins(file)
}

/// Stands for a variable among artifacts. No artifact has such a name.
fn variable(name: &str) -> String {
    format!(".:{name}")
}

/// The variables of the build that a step uses, itself or in what it runs across.
fn variables<'n>(number: usize, job: &JobView<'n>) -> impl Iterator<Item = &'n str> {
    let mut found = BTreeSet::new();
    let mut see = |node: &'n Node| {
        each_text("", node, &mut |_, text, _| found.extend(of_build(text)));
    };
    let own = job.steps[number].node.as_map().map(Map::entries).unwrap_or_default();
    let is_hook = |key: &str| ["on_success", "on_failure", "on_abort", "on_error", "ensure"].contains(&key);
    own.iter().filter(|entry| !is_hook(&entry.key)).for_each(|entry| see(&entry.value));
    around(number, job).into_iter().filter_map(|step| field(step.node, "across")).for_each(see);
    found.into_iter()
}

/// A step, and the steps that it is in.
fn around<'j, 'n>(number: usize, job: &'j JobView<'n>) -> Vec<&'j StepView<'n>> {
    let mut found = vec![&job.steps[number]];
    let mut place = job.steps[number].place;
    loop {
        place = match place {
            StepPlace::Plan(_) | StepPlace::JobHook(_) => return found,
            // A hook runs once, after all values.
            StepPlace::Hook(within, _) => job.steps[within].place,
            StepPlace::Do(within, _) | StepPlace::InParallel(within, _) | StepPlace::Try(within) => {
                found.push(&job.steps[within]);
                job.steps[within].place
            }
        };
    }
}

/// The values that a step runs across, as far as the pipeline has them.
fn values<'n>(number: usize, job: &JobView<'n>) -> Vec<&'n str> {
    let across = around(number, job).into_iter().flat_map(|step| list(step.node, "across"));
    across.flat_map(|of| texts(list(of, "values"))).map(|(value, _)| value).collect()
}

/// Whether a step runs across values that are not in the pipeline.
pub(super) fn runs_across_unknown(number: usize, job: &JobView<'_>) -> bool {
    let mut across = around(number, job).into_iter().flat_map(|step| list(step.node, "across"));
    across.any(|of| {
        let values = list(of, "values");
        values.is_empty() || values.iter().any(|value| text(value).is_some_and(|value| value.contains("((")))
    })
}

/// The hooks that count, in the order in which Concourse puts them around a step.
const HOOKS: [(&str, On); 3] = [("on_success", On::Success), ("on_failure", On::Failure), ("ensure", On::Ensure)];

/// Whether a step runs only after a failure, or whatever happens.
pub(super) fn is_in_hook(step: &StepView<'_>, job: &JobView<'_>) -> bool {
    hooks_of(step, job).any(|hook| hook != "on_success")
}

/// The hooks that a step is in, the innermost first.
pub(super) fn hooks_of(step: &StepView<'_>, job: &JobView<'_>) -> impl Iterator<Item = &'static str> {
    let mut place = step.place;
    let mut found = Vec::new();
    loop {
        place = match place {
            StepPlace::Plan(_) => break,
            StepPlace::JobHook(hook) => {
                found.push(hook);
                break;
            }
            StepPlace::Hook(within, hook) => {
                found.push(hook);
                job.steps[within].place
            }
            StepPlace::Do(within, _) | StepPlace::InParallel(within, _) | StepPlace::Try(within) => {
                job.steps[within].place
            }
        };
    }
    found.into_iter()
}

/// Whether a get waits for another project, and no step names what it fetches: a put that takes all artifacts sees it, and it
/// is no version of what is deployed.
fn only_waits(get: &StepView<'_>, job: &JobView<'_>) -> bool {
    let is_named = |step: &StepView<'_>| step.kind != StepKind::Get && mentioned(Some(step.node)).contains(get.name);
    is_waiting(get) && !job.steps.iter().any(is_named)
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
