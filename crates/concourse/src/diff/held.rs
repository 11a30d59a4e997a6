//! What holds a deployment to its approval, besides the claim: hashes of files, the file that tells versions apart, what a preview
//! showed, and the image in which approved versions are checked.

use std::collections::{BTreeMap, BTreeSet};

use crate::flow::{JobFlow, PipelineFlow, is_check_of_approval, resource_of, text};
use crate::image::{PLACES, publisher};
use crate::model::{Core, Inputs, Job, PutStep, Step, TaskStep};
use github_issues_resource::contract::files;
use yaml_source::yaml::Value;

use super::change::{Changes, Effect, Subject};
use super::compare::list;

/// A job, in its pipeline.
pub(super) type Side<'f, 'p> = (&'f PipelineFlow<'p>, &'f JobFlow<'p>);

/// Says what a job is held to no longer. `renamed` is the new name of an old resource.
pub(super) fn compare(
    old: Side<'_, '_>,
    new: Side<'_, '_>,
    renamed: &dyn Fn(&str) -> String,
    subject: &Subject,
    changes: &mut Changes,
) {
    let mut weaker = |message: String| _ = changes.push(Effect::Weaker, subject.clone(), message);
    records(old, new, renamed, &mut weaker);
    if !new.1.gates.is_empty() {
        images(old, new, &mut weaker);
        hashes(old.1.job, new.1.job, &mut weaker);
        pins(old, new, renamed, &mut weaker);
    }
}

/// The tasks that check approved versions out, or compare them.
fn checks(job: &Job) -> Vec<&TaskStep> {
    let is_script = |text: &str| text.rsplit('/').next() == Some(files::CHECKOUT);
    let mut found = Vec::new();
    job.each_step(&mut |step| {
        let Core::Task(task) = &step.core else { return };
        let run = task.config.as_ref().and_then(|config| config.run.as_ref());
        let runs = run.is_some_and(|run| {
            run.path.as_deref().is_some_and(is_script) || run.args.iter().any(|argument| is_script(argument))
        });
        if runs || is_check_of_approval(task) {
            found.push(&**task);
        }
    });
    found
}

/// Where the image of a task comes from: who publishes it, and what else decides. The tag does not count.
#[derive(PartialEq)]
struct Image<'t> {
    place: &'t str,
    publisher: &'t str,
    fetched: Vec<(&'t str, &'t Value)>,
}

impl<'t> Image<'t> {
    fn of(task: &'t TaskStep) -> Self {
        let of_task = |place, publisher| Self { place, publisher, fetched: Vec::new() };
        if let Some(artifact) = &task.image {
            return of_task("an artifact", artifact);
        }
        if let Some(file) = &task.file {
            return of_task("a file", file);
        }
        let Some(config) = &task.config else { return of_task("", "") };
        let Some(image) = &config.image_resource else {
            return of_task("the worker", config.rootfs_uri.as_deref().unwrap_or_default());
        };
        let field = |key: &'static str| Some((key, image.source.as_ref()?.get(key)?));
        let is_given = |(_, value): &(&str, &Value)| !matches!(value, Value::Null | Value::Bool(false));
        Self {
            place: &image.type_name,
            publisher: image.source.as_ref().and_then(|source| text(source, "repository")).map_or("", publisher),
            fetched: PLACES.into_iter().filter_map(field).filter(is_given).collect(),
        }
    }

    /// The default of manifests.
    const fn usual() -> Self {
        Self { place: "registry-image", publisher: "alpine", fetched: Vec::new() }
    }
}

/// The script that checks approved versions is run by the shell of an image: who publishes it decides what is deployed.
fn images(old: Side<'_, '_>, new: Side<'_, '_>, weaker: &mut dyn FnMut(String)) {
    let own = checks(old.1.job);
    let all = || old.0.jobs.iter().flat_map(|job| checks(job.job)).collect();
    let known: Vec<&TaskStep> = if own.is_empty() { all() } else { own };
    let known: Vec<Image<'_>> = known.into_iter().map(Image::of).collect();
    for task in checks(new.1.job) {
        let image = Image::of(task);
        if known.contains(&image) || known.is_empty() && image == Image::usual() {
            continue;
        }
        let of_config = || {
            let source = task.config.as_ref()?.image_resource.as_ref()?.source.as_ref()?;
            text(source, "repository")
        };
        let name = task.image.as_deref().or_else(of_config);
        let image = name.map_or("another image".to_owned(), |name| format!("the image {}", list([name])));
        weaker(format!(
            "the task {} checks approved versions in {image}, which comes from elsewhere",
            list([task.task.as_str()])
        ));
    }
}

/// Which files of an artifact are hashed.
#[derive(Clone, PartialEq)]
enum Hashed {
    Only(BTreeSet<String>),
    Except(BTreeSet<String>),
    Unknown(String),
}

impl Hashed {
    /// As a line of `CONTENT` has it, behind the name of the artifact.
    fn of_line(words: &[&str]) -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        match words {
            [first, rest @ ..] if !words.iter().any(|word| word.contains("((")) => match *first {
                "only" => Self::Only(names(rest)),
                "except" => Self::Except(names(rest)),
                _ => Self::Unknown(words.join(" ")),
            },
            _ => Self::Unknown(words.join(" ")),
        }
    }

    /// As `content` of a record has it.
    fn of_record(value: &Value) -> Self {
        let Value::Map(map) = value else { return Self::Unknown(format!("{value:?}")) };
        let mut words = Vec::new();
        for (word, names) in map {
            words.push(word.as_str());
            let Value::List(names) = names else { return Self::Unknown(format!("{value:?}")) };
            words.extend(names.iter().map(|name| if let Value::Text(name) = name { name.as_str() } else { "((" }));
        }
        Self::of_line(&words)
    }

    /// Whether files that were hashed are not hashed any more.
    fn is_less_than(&self, old: &Self) -> bool {
        match (old, self) {
            (old, new) if old == new => false,
            (Self::Except(old), Self::Except(new)) => !new.is_subset(old),
            (Self::Only(old), Self::Only(new)) => !old.is_subset(new),
            (Self::Only(old), Self::Except(new)) => !old.is_disjoint(new),
            _ => true,
        }
    }
}

/// A variable of a task: those of the step are laid over those of its config.
fn variable<'t>(task: &'t TaskStep, name: &str) -> &'t str {
    let of_step = task.params.as_ref().and_then(|params| params.get(name));
    let of_config = || task.config.as_ref().and_then(|config| config.params.get(name));
    match of_step.or_else(of_config) {
        Some(Value::Text(text)) => text,
        _ => "",
    }
}

/// The artifacts whose versions the tasks of a job compare by name, and those whose files they hash.
fn compared(job: &Job) -> (BTreeSet<&str>, BTreeMap<&str, Hashed>) {
    let (mut named, mut hashed) = (BTreeSet::new(), BTreeMap::new());
    for task in checks(job) {
        let lines = variable(task, "COMPARE").split_whitespace();
        named.extend(lines.map(|line| line.split_once('=').map_or(line, |(artifact, _)| artifact)));
        for line in variable(task, "CONTENT").lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if let [artifact, rest @ ..] = words.as_slice() {
                hashed.insert(*artifact, Hashed::of_line(rest));
            }
        }
    }
    (named, hashed)
}

/// A release or an object can be replaced under its name: only a hash of its files tells.
fn hashes(old: &Job, new: &Job, weaker: &mut dyn FnMut(String)) {
    let ((_, were), (named, are)) = (compared(old), compared(new));
    for (artifact, was) in &were {
        let name = list([*artifact]);
        match are.get(artifact) {
            None if named.contains(artifact) => weaker(format!(
                "no longer compares a hash of the files of {name}: other files under the same name are deployed, too"
            )),
            Some(is) if is.is_less_than(was) => {
                weaker(format!("compares a hash of fewer files of {name}: the others can be replaced"));
            }
            _ => {}
        }
    }
}

/// The records of a job, by their resources.
fn records_of<'j>(job: &JobFlow<'j>) -> impl Iterator<Item = (&'j str, &'j PutStep)> {
    let is_record = |put: &&&PutStep| put.params.as_ref().and_then(|params| text(params, "action")) == Some("record");
    job.opens.iter().filter(is_record).map(|put| (resource_of(put), *put))
}

fn entries<'p>(put: &'p PutStep, field: &str) -> BTreeMap<&'p str, &'p Value> {
    match put.params.as_ref().and_then(|params| params.get(field)) {
        Some(Value::Map(map)) => map.iter().map(|(key, value)| (key.as_str(), value)).collect(),
        _ => BTreeMap::new(),
    }
}

/// What an issue names no longer: the next job deploys it unseen.
fn records(old: Side<'_, '_>, new: Side<'_, '_>, renamed: &dyn Fn(&str) -> String, weaker: &mut dyn FnMut(String)) {
    for (resource, was) in records_of(old.1) {
        let resource = renamed(resource);
        let Some((_, is)) = records_of(new.1).find(|(name, _)| *name == resource) else { continue };
        let (pinned, pins) = (entries(was, "pins"), entries(is, "pins"));
        let (hashed, hashes) = (entries(was, "content"), entries(is, "content"));
        for (artifact, files) in hashed.iter().filter(|(artifact, _)| pins.contains_key(*artifact)) {
            let name = list([*artifact]);
            match hashes.get(artifact) {
                None => {
                    weaker(format!(
                        "the issue of {} names no hash of the files of {name} any more",
                        list([&*resource])
                    ));
                }
                Some(now) if Hashed::of_record(now).is_less_than(&Hashed::of_record(files)) => {
                    weaker(format!("the issue of {} names a hash of fewer files of {name}", list([&*resource])));
                }
                Some(_) => {}
            }
        }
        for (name, path) in &pinned {
            let Value::Text(path) = path else { continue };
            match pins.get(name) {
                Some(Value::Text(now)) if tells_content(path) && !tells_content(now) => weaker(format!(
                    "the issue of {} names {} by {}, and no longer by {}",
                    list([&*resource]),
                    list([*name]),
                    list([now.as_str()]),
                    list([path.as_str()])
                )),
                None if has_artifact(new.1.job, path, &pins_before(new)) => weaker(format!(
                    "the issue of {} names no version of {} any more",
                    list([&*resource]),
                    list([*name])
                )),
                _ => {}
            }
        }
    }
}

/// Whether a file is one that tells content: a digest, a commit, or what an approval names.
fn tells_content(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "digest" | "ref" | "HEAD" | "commit_sha") || path.contains(&format!("/{}/", files::PINS))
}

/// Whether a job still has what a pin is of. What an approval hands on is there as long as it names it.
fn has_artifact(job: &Job, path: &str, handed_on: &BTreeSet<&str>) -> bool {
    if let Some((_, pin)) = path.split_once(&format!("/{}/", files::PINS)) {
        return handed_on.contains(pin);
    }
    let artifact = path.split('/').next().unwrap_or_default();
    let mut found = false;
    job.each_step(&mut |step| {
        found |= match &step.core {
            Core::Get(get) => get.get.as_str() == artifact,
            Core::Put(put) => put.put.as_str() == artifact && put.no_get != Some(true),
            Core::Task(task) => {
                let outputs = task.config.iter().flat_map(|config| &config.outputs);
                let mut outputs =
                    outputs.map(|output| task.output_mapping.get(&output.name).unwrap_or(&output.name).as_str());
                outputs.any(|output| output == artifact)
            }
            _ => false,
        };
    });
    found
}

/// What the approvals of a job name, as far as the pipeline tells.
fn pins_before<'p>(side: Side<'_, 'p>) -> BTreeSet<&'p str> {
    let mut found = BTreeSet::new();
    for taking in &side.1.gates {
        let Some(gate) = side.0.issues.get(taking.resource) else { continue };
        for (resource, put) in side.0.jobs.iter().flat_map(records_of) {
            if side.0.issues.get(resource).is_some_and(|issue| issue.id == gate.id) {
                found.extend(entries(put, "pins").into_keys());
            }
        }
    }
    found
}

/// Whether nothing in the pipeline tells what the approvals of a job name: another pipeline records it.
fn is_recorded_elsewhere(side: Side<'_, '_>) -> bool {
    side.1.gates.iter().filter_map(|taking| side.0.issues.get(taking.resource)).any(|gate| {
        let mut records = side.0.jobs.iter().flat_map(records_of);
        !records.any(|(resource, _)| side.0.issues.get(resource).is_some_and(|issue| issue.id == gate.id))
    })
}

/// What a step is called, and what it reads of an approval.
struct Reader {
    name: String,
    pins: BTreeSet<String>,
}

/// What the steps of a job read of its approvals.
fn readers((flow, job): Side<'_, '_>, renamed: &dyn Fn(&str) -> String) -> Vec<Reader> {
    let approvals: Vec<(&str, &str)> = job
        .gates
        .iter()
        .map(|taking| {
            let is_code = flow.issues.get(taking.resource).is_some_and(|issue| issue.code().is_some());
            (taking.get.get.as_str(), if is_code { "/.git/approval" } else { "" })
        })
        .collect();
    let mut found = Vec::new();
    job.job.each_step(&mut |step| {
        let (name, folders) = match &step.core {
            Core::Task(task) => (format!("task {}", task.task), folders(task)),
            Core::Put(put) => {
                let inputs = if let Some(Inputs::Named(names)) = &put.inputs { Some(names) } else { None };
                let sees = |artifact: &str| inputs.is_none_or(|names| names.iter().any(|name| name == artifact));
                let seen = approvals.iter().map(|(artifact, _)| *artifact).filter(|artifact| sees(artifact));
                (format!("put {}", renamed(resource_of(put))), seen.map(|artifact| (artifact, artifact)).collect())
            }
            Core::LoadVar(load) => (
                format!("load_var {}", load.load_var),
                approvals.iter().map(|(artifact, _)| (*artifact, *artifact)).collect(),
            ),
            _ => return,
        };
        let mut pins = BTreeSet::new();
        let prefixes: Vec<String> = folders
            .into_iter()
            .filter_map(|(folder, artifact)| {
                let (_, within) = approvals.iter().find(|(approval, _)| *approval == artifact)?;
                Some(format!("{folder}{within}/{}/", files::PINS))
            })
            .collect();
        each_text(step, &mut |text| {
            for prefix in &prefixes {
                for (at, _) in text.match_indices(prefix.as_str()) {
                    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
                    let rest = &text[at + prefix.len()..];
                    let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
                    pins.insert(rest[..end].to_owned());
                }
            }
        });
        found.push(Reader { name, pins });
    });
    found
}

/// The folders in which a task sees artifacts, each with the artifact.
fn folders(task: &TaskStep) -> Vec<(&str, &str)> {
    let Some(config) = &task.config else {
        return task.input_mapping.iter().map(|(folder, artifact)| (folder.as_str(), artifact.as_str())).collect();
    };
    let inputs = config.inputs.iter().map(|input| {
        let artifact = task.input_mapping.get(&input.name).unwrap_or(&input.name);
        (input.path.as_deref().unwrap_or(&input.name), artifact.as_str())
    });
    inputs.collect()
}

/// Shows a visitor the texts that a step is told, without those of steps within it.
fn each_text<'s>(step: &'s Step, visit: &mut dyn FnMut(&'s str)) {
    let mut values: Vec<&Value> = Vec::new();
    match &step.core {
        Core::Task(task) => {
            values.extend(task.params.iter().chain(&task.vars));
            if let Some(config) = &task.config {
                values.extend(config.params.values());
                let run = config.run.iter();
                run.flat_map(|run| run.path.iter().chain(&run.args)).for_each(|text| visit(text));
            }
        }
        Core::Put(put) => values.extend(put.params.iter().chain(&put.get_params)),
        Core::LoadVar(load) => visit(&load.file),
        _ => {}
    }
    while let Some(value) = values.pop() {
        match value {
            Value::Text(text) => visit(text),
            Value::List(items) => values.extend(items),
            Value::Map(map) => values.extend(map.values()),
            Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) => {}
        }
    }
}

/// What an approval still names, and a step reads no longer, such as the plan that a preview showed.
fn pins(old: Side<'_, '_>, new: Side<'_, '_>, renamed: &dyn Fn(&str) -> String, weaker: &mut dyn FnMut(String)) {
    let (were, mut are) = (readers(old, renamed), readers(new, &str::to_owned));
    let recorded = pins_before(new);
    let is_elsewhere = is_recorded_elsewhere(new);
    let (named, hashed) = compared(new.1.job);
    let is_named = |pin: &str| {
        let is_compared = named.contains(pin) || hashed.contains_key(pin);
        (is_elsewhere || recorded.contains(pin)) && !is_compared
    };
    let read: BTreeSet<String> = are.iter().flat_map(|reader| reader.pins.clone()).collect();
    for was in were {
        let same = are.iter().position(|is| is.name == was.name).map(|at| are.remove(at));
        for pin in was.pins.iter().filter(|pin| is_named(pin)) {
            let is_lost = match &same {
                Some(is) => !is.pins.contains(pin),
                None => !read.contains(pin),
            };
            if is_lost {
                weaker(format!(
                    "the {} is no longer held to {}, which the approval names",
                    was.name,
                    list([pin.as_str()])
                ));
            }
        }
    }
}
