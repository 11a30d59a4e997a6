//! What steps deploy: whether a job deploys what another one deployed before, past that one's gate or by another gate.
//!
//! Nobody has named what a step deploys. What tells the deployments of a pipeline apart are texts of their steps: the name of
//! a stack, a namespace, a file or a credential that names the environment. A text that one stage alone had, and that a step
//! of another job has now, is such a move.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use serde_json::Value as Json;

use crate::flow::{JobFlow, PipelineFlow, resource_of, text};
use crate::model::{Core, Job, Pipeline, Resource};
use crate::params::{Meaning, has_words, shows_only};
use yaml_source::yaml::Value;

use super::change::{Change, Effect, Subject};
use super::compare::list;
use super::names::Matched;
use super::promotions::Promotions;
use super::values::{Difference, DifferenceKind};
use super::words;

/// A text that a step of a job took over from another job.
pub(super) struct Taken<'p> {
    job: &'p str,
    /// The step, in words.
    step: String,
    /// The keys that lead to the text.
    path: Vec<String>,
    /// What stood there before; nothing where the step or the key is new.
    old: Option<&'p str>,
    new: &'p str,
    /// The job that had the text.
    from: &'p str,
    /// An approval decides on the job.
    is_gated: bool,
}

impl Taken<'_> {
    /// It, in words.
    pub(super) fn change(&self) -> Change {
        let text = |text: &str| Json::String(text.to_owned());
        let kind = DifferenceKind::Value { old: self.old.map(text), new: Some(text(self.new)) };
        let difference = Difference { path: self.path.clone(), kind };
        let change = words::change(Subject::Job(self.job.to_owned()), std::slice::from_ref(&self.step), &difference);
        let from = list([self.from]);
        let (effect, end) = if self.is_gated {
            (Effect::Redirected, format!("an approval for this job deploys what {from} deployed"))
        } else {
            (Effect::Weaker, format!("no approval is needed for what {from} deploys behind a gate"))
        };
        let covers = Some((yaml_source::diagnostic::Rule::SharedTarget, None));
        Change { effect, message: format!("{}: {end}", change.message), covers, ..change }
    }

    /// Whether a difference of a step is this one.
    pub(super) fn is(&self, job: &str, step: &str, difference: &Difference) -> bool {
        self.job == job && self.step == step && self.path == difference.path
    }
}

/// Two pipelines, looked at for what their steps deploy.
pub(super) struct Targets<'c, 'p> {
    old: TargetSide<'c, 'p>,
    new: TargetSide<'c, 'p>,
    jobs: &'c Matched<'p, Job>,
    /// The old names of jobs of the new pipeline.
    former: HashMap<&'p str, &'p str>,
    /// New names of resources that are not what they were.
    changed: HashSet<&'p str>,
    promotions: &'c Promotions<'p>,
}

struct TargetSide<'c, 'p> {
    pipeline: &'p Pipeline,
    flow: &'c PipelineFlow<'p>,
    jobs: HashMap<&'p str, &'c JobFlow<'p>>,
}

/// A step that may deploy something.
struct Deed<'p> {
    /// In words.
    step: String,
    work: Work<'p>,
    texts: Vec<(Vec<&'p str>, &'p str)>,
}

/// What a step does, whatever its params are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work<'p> {
    /// A put by an image.
    Put(&'p str),
    /// A task: its name, and the command or the file that it runs.
    Task(&'p str, Option<(Option<&'p str>, &'p [String])>),
}

impl Work<'_> {
    /// Tasks are alike that have one name, or run the same.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Put(image), Self::Put(other)) => image == other,
            (Self::Task(name, run), Self::Task(other, other_run)) => name == other || run.is_some() && run == other_run,
            _ => false,
        }
    }
}

impl<'c, 'p> TargetSide<'c, 'p> {
    fn new((pipeline, flow): (&'p Pipeline, &'c PipelineFlow<'p>)) -> Self {
        Self { pipeline, flow, jobs: flow.jobs.iter().map(|job| (job.job.name.as_str(), job)).collect() }
    }

    /// The resources whose approvals decide on a job: its own, or those of the jobs that all it takes has passed.
    fn gates(&self, job: &str) -> Vec<&'p str> {
        let Some(job) = self.jobs.get(job) else { return Vec::new() };
        let own: Vec<&str> = job.gates.iter().map(|taking| taking.resource).collect();
        if !own.is_empty() || job.takes.is_empty() {
            return own;
        }
        let of_passed = |passed: &str| self.jobs.get(passed).into_iter().flat_map(|job| &job.gates);
        let of_taking = job.takes.iter().map(|taking| {
            let gates = taking.get.passed.iter().flat_map(|job| of_passed(job.as_str()));
            gates.map(|taking| taking.resource).collect::<Vec<&str>>()
        });
        let all: Vec<Vec<&str>> = of_taking.collect();
        if all.iter().all(|gates| !gates.is_empty()) { all.concat() } else { Vec::new() }
    }

    /// The environment that a job deploys to: that of its approval, or the last word of its name.
    fn environment(&self, job: &'p str) -> &'p str {
        let approvals = self.jobs.get(job).into_iter().flat_map(|job| job.own_approvals());
        let mut destinations = approvals
            .filter_map(|taking| text(self.flow.issues[taking.resource].resource.source.as_ref()?, "destination"));
        let of_destination = destinations.find_map(|destination| destination.split('/').nth(2));
        of_destination.or_else(|| job.rsplit(['-', '_']).next()).unwrap_or_default()
    }

    /// The steps of a job that may deploy something. One that only shows what would change does not.
    fn deeds(&self, job: &'p Job) -> Vec<Deed<'p>> {
        let mut deeds = Vec::new();
        job.each_step(&mut |step| {
            let mut texts = Vec::new();
            let (step, work) = match &step.core {
                Core::Put(put) => {
                    let name = resource_of(put);
                    let Some(resource) = self.flow.resources.get(name).filter(|_| !self.flow.issues.contains_key(name))
                    else {
                        return;
                    };
                    for (key, value) in [("source", &resource.source), ("params", &put.params)] {
                        if let Some(value) = value {
                            each_text(value, &mut vec![key], &mut texts);
                        }
                    }
                    (format!("put {name}"), Work::Put(self.image(resource)))
                }
                Core::Task(task) if !crate::flow::is_check_of_approval(task) => {
                    let config = task.config.as_ref();
                    let of_config = config.into_iter().flat_map(|config| &config.params);
                    let is_set = |key: &str| task.params.as_ref().is_some_and(|params| params.get(key).is_some());
                    let key = if config.is_some() { "env" } else { "params" };
                    for (name, value) in of_config.filter(|(name, _)| !is_set(name)) {
                        each_text(value, &mut vec![key, name], &mut texts);
                    }
                    task.params.iter().for_each(|params| each_text(params, &mut vec![key], &mut texts));
                    task.vars.iter().for_each(|vars| each_text(vars, &mut vec!["vars"], &mut texts));
                    texts.extend(task.file.as_deref().map(|file| (vec!["file"], file)));
                    let run = config.and_then(|config| config.run.as_ref());
                    let args = run.map(|run| run.args.as_slice()).unwrap_or_default();
                    texts.extend(args.iter().map(|arg| (vec!["config", "run", "args"], arg.as_str())));
                    let program = run.map(|run| (run.path.as_deref(), args));
                    (format!("task {}", task.task), Work::Task(task.task.as_str(), program))
                }
                _ => return,
            };
            deeds.push(Deed { step, work, texts });
        });
        deeds.retain(|deed| !deed.shows());
        deeds
    }

    fn image(&self, resource: &'p Resource) -> &'p str {
        let of_type = self.pipeline.resource_types.iter().find(|of_type| of_type.name == resource.type_name);
        of_type.and_then(|of_type| of_type.image()).unwrap_or(resource.type_name.as_str())
    }
}

/// The names of the jobs that are behind a gate: their own, or that of the jobs that all they take has passed.
pub(super) fn gated_jobs<'p>((pipeline, flow): (&'p Pipeline, &PipelineFlow<'p>)) -> Vec<&'p str> {
    let side = TargetSide::new((pipeline, flow));
    let names = pipeline.jobs.iter().map(|job| job.name.as_str());
    names.filter(|name| !side.gates(name).is_empty()).collect()
}

impl<'p> Deed<'p> {
    /// Whether it only shows what would change.
    fn shows(&self) -> bool {
        self.texts.iter().any(|(path, text)| match path.as_slice() {
            ["params" | "env", key] => shows_only(key, text),
            _ => false,
        })
    }

    /// The texts that none of a job's own steps of the same work has.
    fn texts_besides<'d>(&'d self, own: &'d [Self]) -> impl Iterator<Item = &'d (Vec<&'p str>, &'p str)> {
        let same = move |own: &&Self| own.work.is_like(&self.work);
        self.texts.iter().filter(move |(path, text)| !own.iter().filter(same).any(|own| own.has(path, text)))
    }

    fn has(&self, path: &[&str], text: &str) -> bool {
        self.texts.iter().any(|(own, value)| own == path && *value == text)
    }
}

/// The text of each value, with the keys that lead to it. What is `true` is a text as well.
fn each_text<'p>(value: &'p Value, path: &mut Vec<&'p str>, texts: &mut Vec<(Vec<&'p str>, &'p str)>) {
    match value {
        Value::Text(text) if !text.is_empty() => texts.push((path.clone(), text)),
        Value::Bool(true) => texts.push((path.clone(), "true")),
        Value::Map(map) => {
            for (key, value) in map {
                path.push(key);
                each_text(value, path, texts);
                path.pop();
            }
        }
        Value::List(items) => items.iter().for_each(|item| each_text(item, path, texts)),
        _ => {}
    }
}

/// What the last key of a path says of a text.
fn meaning(path: &[&str]) -> Meaning {
    Meaning::of(path.last().copied().unwrap_or_default())
}

impl<'c, 'p> Targets<'c, 'p> {
    pub(super) fn new(
        old: (&'p Pipeline, &'c PipelineFlow<'p>),
        new: (&'p Pipeline, &'c PipelineFlow<'p>),
        jobs: &'c Matched<'p, Job>,
        resources: &'c Matched<'p, Resource>,
        promotions: &'c Promotions<'p>,
    ) -> Self {
        let changed = resources.pairs.iter().filter(|(old, new)| old.source != new.source);
        let changed = changed.map(|(_, new)| new.name.as_str());
        Self {
            changed: changed.chain(resources.added.iter().map(|new| new.name.as_str())).collect(),
            former: jobs.pairs.iter().map(|(old, new)| (new.name.as_str(), old.name.as_str())).collect(),
            old: TargetSide::new(old),
            new: TargetSide::new(new),
            jobs,
            promotions,
        }
    }

    /// What jobs took over from others.
    pub(super) fn taken(&self) -> Vec<Taken<'p>> {
        let pairs = self.jobs.pairs.iter().map(|(old, new)| (Some(*old), *new));
        let all: Vec<(Option<&'p Job>, &'p Job)> =
            pairs.chain(self.jobs.added.iter().map(|new| (None, *new))).collect();
        let is_other = |(old, new): &&(Option<&'p Job>, &'p Job)| {
            let makes = self.new.jobs.get(new.name.as_str()).map(|job| job.makes.as_slice()).unwrap_or_default();
            old.is_none_or(|old| old != *new) || makes.iter().any(|made| self.changed.contains(made))
        };
        let others: Vec<&(Option<&'p Job>, &'p Job)> = all.iter().filter(is_other).collect();
        if others.is_empty() {
            return Vec::new();
        }
        let deeds = others.iter().map(|(old, new)| {
            let own = old.map(|old| self.old.deeds(old)).unwrap_or_default();
            (*new, own, self.new.deeds(new))
        });
        let deeds: Vec<(&'p Job, Vec<Deed<'p>>, Vec<Deed<'p>>)> = deeds.collect();
        let wanted: HashSet<&'p str> = deeds
            .iter()
            .flat_map(|(_, own, deeds)| deeds.iter().flat_map(|deed| deed.texts_besides(own)).map(|(_, text)| *text))
            .collect();
        let holders = if wanted.is_empty() { HashMap::new() } else { self.holders(&wanted) };
        let mut taken = Vec::new();
        for (new, own, deeds) in &deeds {
            for deed in deeds {
                for (path, text) in deed.texts_besides(own) {
                    let held = holders.get(text).map(Vec::as_slice).unwrap_or_default();
                    let is_same =
                        |other: &&(&'p str, Deed<'p>)| other.1.work.is_like(&deed.work) && other.1.has(path, text);
                    let held: Vec<&(&'p str, Deed<'p>)> = held.iter().map(AsRef::as_ref).filter(is_same).collect();
                    let mut was = own
                        .iter()
                        .filter(|own| own.work.is_like(&deed.work))
                        .flat_map(|own| own.texts.iter().filter(|(other, _)| other == path));
                    // Of several nobody knows which one it was. One that is there still was none of them.
                    let was = was.next().filter(|_| was.next().is_none()).map(|(_, text)| *text);
                    let is_left = |was: &str| deeds.iter().any(|other| other.work == deed.work && other.has(path, was));
                    let was = was.filter(|was| !is_left(was));
                    if let Some((from, is_gated)) = self.past(new, deed, (path, was, text), &held) {
                        taken.push(Taken {
                            job: new.name.as_str(),
                            step: deed.step.clone(),
                            path: path.iter().map(|key| (*key).to_owned()).collect(),
                            old: was,
                            new: text,
                            from,
                            is_gated,
                        });
                    }
                }
            }
        }
        taken
    }

    /// The steps of the old pipeline that have one of these texts, each with its job.
    fn holders(&self, wanted: &HashSet<&'p str>) -> HashMap<&'p str, Vec<Rc<(&'p str, Deed<'p>)>>> {
        let mut holders: HashMap<&str, Vec<Rc<(&str, Deed<'p>)>>> = HashMap::new();
        for job in &self.old.pipeline.jobs {
            for deed in self.old.deeds(job) {
                let deed = Rc::new((job.name.as_str(), deed));
                for (_, text) in deed.1.texts.iter().filter(|(_, text)| wanted.contains(text)) {
                    holders.entry(text).or_default().push(Rc::clone(&deed));
                }
            }
        }
        holders
    }

    /// The job of another stage that alone had a text, and whether the job that has it now is behind a gate.
    fn past(
        &self,
        job: &'p Job,
        deed: &Deed<'p>,
        (path, was, text): (&[&'p str], Option<&'p str>, &'p str),
        held: &[&(&'p str, Deed<'p>)],
    ) -> Option<(&'p str, bool)> {
        let is_own = |other: &str| self.former.get(job.name.as_str()).is_some_and(|former| *former == other);
        // A pipeline of several projects has a stage of that name in each.
        let stem = |name: &'p str| name.rsplit_once(['-', '_', '.']).map(|(stem, _)| stem);
        let is_kin = |other: &'p str| stem(other).is_some() && stem(other) == stem(job.name.as_str());
        let has_kin = held.iter().any(|(other, _)| !is_own(other) && is_kin(other));
        let held = || held.iter().filter(|(other, _)| !is_own(other) && (!has_kin || is_kin(other)));
        let (from, first) = held().next()?;
        let from = *from;
        let all = || held().map(|(other, _)| *other);
        let gates = self.new.gates(job.name.as_str());
        let past = self.old.gates(from);
        // What several stages have in common tells none of them apart.
        let is_of_stage = |other: &str| other == from || self.old.gates(other).iter().any(|gate| past.contains(gate));
        if !all().all(is_of_stage) {
            return None;
        }
        if gates.is_empty() {
            if past.is_empty() {
                return None;
            }
        } else {
            let became = |other: &str| {
                let (old, new) = (&self.old.flow.issues, &self.new.flow.issues);
                let before = self.old.gates(other);
                before.iter().any(|before| gates.iter().any(|gate| self.promotions.became(&old[before], &new[gate])))
            };
            let is_kept = |other: &str| self.former.values().any(|former| *former == other);
            // A job that is gone became the new one, in all that matters here.
            let is_new = !self.former.contains_key(job.name.as_str());
            if all().any(became) || is_new && !all().any(is_kept) {
                return None;
            }
        }
        let names_environment = || all().any(|other| has_words(text, self.old.environment(other)));
        let are_apart = || {
            let own = |wanted: &[&str]| deed.texts.iter().find(|(path, _)| path == wanted).map(|(_, text)| *text);
            let mut targets = first.texts.iter().filter(|(path, _)| meaning(path) == Meaning::Target);
            targets.any(|(path, text)| own(path).is_some_and(|own| own != *text))
        };
        let change_places = || {
            let then = self.jobs.pairs.iter().find(|(old, _)| old.name.as_str() == from).map(|(_, new)| *new);
            let is_mine =
                |deed: &Deed<'_>| was.is_some_and(|was| deed.work.is_like(&first.work) && deed.has(path, was));
            then.is_some_and(|then| self.new.deeds(then).iter().any(is_mine))
        };
        let is_target = match meaning(path) {
            Meaning::Target => true,
            Meaning::Location => !are_apart() || change_places(),
            Meaning::Subject | Meaning::Other => names_environment() || change_places(),
        };
        is_target.then_some((from, !gates.is_empty()))
    }
}
