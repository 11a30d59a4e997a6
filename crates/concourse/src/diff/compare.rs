use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::flow::{PipelineFlow, is_check_of_approval, resource_of, text};
use crate::image::{PLACES, publisher};
use crate::issues::IssueId;
use crate::lint::BUILT_IN_TYPES;
use crate::model::{Core, Job, Pipeline, Resource, ResourceType};
use yaml_source::diagnostic::ticked;
use yaml_source::yaml::Value as YamlValue;

use super::approvals::policy;
use super::change::{Change, Changes, Effect, Subject};
use super::findings::{self, Judged};
use super::gates::Gates;
use super::names::{Matched, matched};
use super::promotions::{GateAddress, Promotions, place, promotes_alike};
use super::targets::{Taken, Targets};
use super::values::{Difference, differences, json};
use super::{approvals, setters, steps, words};

/// What changes when one pipeline takes the place of another. Whoever judges gates says what is wrong with both.
pub fn compare(old: &Pipeline, new: &Pipeline, judged: (&Judged<'_>, &Judged<'_>)) -> Changes {
    let mut changes = Changes::default();
    let flows = (PipelineFlow::of(old), PipelineFlow::of(new));
    let is_gated = flows.1.jobs.iter().any(|job| !job.gates.is_empty());
    rest(old, new, is_gated, &mut changes);
    resource_types(old, new, is_gated, &mut changes);
    let promotions = Promotions::new(&flows.0, &flows.1);
    let jobs = matched_jobs((old, new), (&flows.0, &flows.1), &promotions);
    promotions.compare(&gates_of_jobs(&jobs, (&flows.0, &flows.1)), &mut changes);
    let mut resources = matched(&old.resources, &new.resources, |one| one.name.as_str(), |one| one.old_name.as_deref());
    let alike = alike_resources(&resources, (&flows.0, &flows.1), &promotions);
    resources.take(alike, |one| one.name.as_str());
    self::resources(&resources, (old, new), (&flows.0, &flows.1), &promotions, &mut changes);
    let unapproved = (&judged.0.unapproved, &judged.1.unapproved);
    let gates =
        Gates::new((&flows.0, unapproved.0), (&flows.1, unapproved.1), &resources.pairs, &jobs.pairs, &promotions);
    let taken = Targets::new((old, &flows.0), (new, &flows.1), &jobs, &resources, &promotions).taken();
    self::jobs(&jobs, &gates, &taken, &mut changes);
    setters::compare(old, new, &mut changes);
    findings::compare(judged, (&jobs, &resources), (&flows.0, &flows.1), &mut changes);
    changes.changes.sort_by_key(|change| change.effect);
    changes
}

/// The jobs of two pipelines: by name, by `old_name`, or because both open the issue of the same gate or deploy the same.
pub(super) fn matched_jobs<'p>(
    (old, new): (&'p Pipeline, &'p Pipeline),
    flows: Flows<'_, 'p>,
    promotions: &Promotions<'p>,
) -> Matched<'p, Job> {
    let mut jobs = matched(&old.jobs, &new.jobs, |one| one.name.as_str(), |one| one.old_name.as_deref());
    let alike = alike_jobs(&jobs, flows, promotions);
    jobs.take(alike, |one| one.name.as_str());
    jobs
}

/// Whatever a pipeline says besides.
fn rest(old: &Pipeline, new: &Pipeline, is_gated: bool, changes: &mut Changes) {
    let name = |source: &YamlValue| source.get("name").cloned();
    for source in new.var_sources.iter().filter(|_| is_gated) {
        if old.var_sources.iter().any(|old| name(old) == name(source) && old != source) {
            let name = match name(source) {
                Some(YamlValue::Text(name)) => name,
                _ => "?".to_owned(),
            };
            let message = format!("the credentials of the variable source `{name}` come from another place");
            changes.push(Effect::Weaker, Subject::Pipeline, message);
        }
    }
    let rest = |pipeline: &Pipeline| without(json(pipeline), &["resource_types", "resources", "jobs"]);
    for difference in differences(&rest(old), &rest(new)) {
        changes.changes.push(changed(Subject::Pipeline, &difference));
    }
}

fn resource_types(old: &Pipeline, new: &Pipeline, is_gated: bool, changes: &mut Changes) {
    let types = matched(&old.resource_types, &new.resource_types, |one| one.name.as_str(), |_| None);
    let subject = |one: &ResourceType| Subject::ResourceType(one.name.to_string());
    for one in &types.added {
        changes.push(Effect::Added, subject(one), "is new");
    }
    // Whoever publishes such an image decides what gated jobs fetch: code, images of tasks, the images of gates.
    let added = types.added.iter().map(|new| (None, *new));
    let kept = types.pairs.iter().map(|(old, new)| (Some(*old), *new));
    for (before, after) in added.chain(kept).filter(|(_, new)| is_gated && BUILT_IN_TYPES.contains(&new.name.as_str()))
    {
        let was = before.map_or(CONCOURSE, publisher_of);
        if publisher_of(after) != was && publisher_of(after) != CONCOURSE {
            let image = after.image().map_or("another image".to_owned(), |image| list([image]));
            let message = format!("{image} takes the place of a built-in type, and fetches for jobs behind a gate");
            changes.push(Effect::Weaker, subject(after), message);
        }
    }
    for (before, after) in types.pairs.iter().filter(|_| is_gated) {
        let (was, is) = (json(&before.source), json(&after.source));
        let of = |source: &Value, key: &str| source.get(key).filter(|value| **value != Value::Bool(false)).cloned();
        let is_other = |key: &&&str| {
            let is_place = of(&is, key).is_some() || key.starts_with("aws_");
            is_place && of(&is, key) != of(&was, key)
        };
        if let Some(key) = PLACES.iter().find(|key| is_other(key)) {
            let message = format!("`{key}` decides where its image comes from, in a pipeline with gates");
            changes.push(Effect::Weaker, subject(after), message);
        }
    }
    for one in &types.removed {
        changes.push(Effect::Removed, subject(one), "is gone");
    }
    if types.reordered {
        changes.push(Effect::Order, Subject::Pipeline, "the resource types are in another order");
    }
    for (before, after) in &types.pairs {
        let mut image = false;
        for difference in differences(&json(before), &json(after)) {
            image |= matches!(difference.path[0].as_str(), "type" | "source" | "params" | "defaults");
            changes.changes.push(changed(subject(after), &difference));
        }
        if image {
            let message = "comes from elsewhere: the version histories of its resources start anew";
            changes.push(Effect::HistoryAnew, subject(after), message);
        }
    }
}

/// Two pipelines, looked at for who starts whom: the old one and the new one.
type Flows<'f, 'p> = (&'f PipelineFlow<'p>, &'f PipelineFlow<'p>);

/// Resources that are gone, each with the new resource that it became although nobody wrote so: it fetches the same, or
/// is the same resource of a gate with another name.
fn alike_resources<'p>(
    resources: &Matched<'p, Resource>,
    flows: Flows<'_, 'p>,
    promotions: &Promotions<'p>,
) -> Vec<(&'p Resource, &'p Resource)> {
    let role = |resource: &Resource| text(resource.source.as_ref()?, "role").map(str::to_owned);
    let mut by_gate = HashMap::new();
    let mut by_source = HashMap::new();
    for one in resources.removed.iter().rev() {
        if let Some((repository, key, _)) = flows.0.issues.get(one.name.as_str()).and_then(place) {
            by_gate.insert(((repository, key), role(one)), *one);
        } else if one.source.is_some() {
            by_source.insert((one.type_name.as_str(), json(&one.source).to_string()), *one);
        }
    }
    let mut alike = |one: &'p Resource| match flows.1.issues.get(one.name.as_str()) {
        Some(issue) => {
            promotions.former_gates(issue).iter().find_map(|former| by_gate.remove(&(former.clone(), role(one))))
        }
        None => by_source.remove(&(one.type_name.as_str(), json(&one.source).to_string())),
    };
    resources.added.iter().filter_map(|one| Some((alike(one)?, *one))).collect()
}

fn resources<'p>(
    resources: &Matched<'p, Resource>,
    (old_pipeline, pipeline): (&Pipeline, &Pipeline),
    (old_flow, flow): Flows<'_, 'p>,
    promotions: &Promotions<'p>,
    changes: &mut Changes,
) {
    let subject = |one: &Resource| Subject::Resource(one.name.to_string());
    let got: HashSet<&str> = flow
        .jobs
        .iter()
        .flat_map(|job| job.takes.iter().chain(&job.gates).chain(&job.records))
        .map(|taking| taking.resource)
        .collect();
    for one in &resources.added {
        // The gate is reported, and not again by each of its resources.
        if !flow.issues.get(one.name.as_str()).is_some_and(|issue| promotions.changes_new(issue)) {
            changes.push(Effect::Added, subject(one), format!("is new, of the type `{}`", one.type_name));
        }
    }
    for one in &resources.removed {
        if !old_flow.issues.get(one.name.as_str()).is_some_and(|issue| promotions.changes_old(issue)) {
            changes.push(Effect::Removed, subject(one), "is gone");
        }
    }
    if resources.reordered {
        changes.push(Effect::Order, Subject::Pipeline, "the resources are in another order");
    }
    let types = (Types::of(old_pipeline), Types::of(pipeline));
    let fields = |one: &Resource, types: &Types<'_>, flow: &PipelineFlow<'_>| {
        let mut fields = without(json(one), &["name", "old_name"]);
        if flow.issues.contains_key(one.name.as_str()) {
            types.lay_under(one, &mut fields);
        }
        fields
    };
    let is_same = |old: &Resource, new: &Resource| old == new && types.0.defaults(old) == types.1.defaults(new);
    let pairs: Vec<(&Resource, &Resource, Vec<Difference>)> = resources
        .pairs
        .iter()
        .map(|(old, new)| {
            let found = if is_same(old, new) {
                Vec::new()
            } else {
                approvals::differences_of_resource(&fields(old, &types.0, old_flow), &fields(new, &types.1, flow))
            };
            (*old, *new, found)
        })
        .collect();
    // What is asked of an issue stands in the resource that is written and in the one that is watched: once is enough.
    let mut watched: HashMap<&IssueId, &[Difference]> = HashMap::new();
    for (_, new, found) in &pairs {
        if let (Some(issue), true) = (flow.issues.get(new.name.as_str()), got.contains(new.name.as_str())) {
            watched.insert(&issue.id, found);
        }
    }
    for (old, new, found) in &pairs {
        let is_alike = resources.alike.contains(new.name.as_str());
        if old.name != new.name && !is_alike {
            changes.push(Effect::Renamed, subject(new), format!("was `{}`, and keeps its version history", old.name));
        }
        let is_got = got.contains(new.name.as_str());
        let reported = flow.issues.get(new.name.as_str()).filter(|_| !is_got).and_then(|issue| watched.get(&issue.id));
        let mut anew = false;
        for difference in found {
            anew |= matches!(difference.path[0].as_str(), "type" | "source");
            let field = difference.path.get(1).filter(|_| difference.path[0] == "source");
            let issue = flow.issues.get(new.name.as_str());
            let change = issue.and_then(|issue| policy(subject(new), difference, issue.resource));
            match change {
                _ if field.is_some_and(|field| promotions.reports(issue, field, difference)) => {}
                // Another stage has another policy: the jobs of both stages report what changes for them.
                Some(change) if change.effect != Effect::Redirected && !promotes_alike(old, new) => {}
                Some(_) if reported.is_some_and(|reported| reported.contains(difference)) => {}
                Some(change) => changes.changes.push(change),
                None => changes.changes.push(changed(subject(new), difference)),
            }
        }
        if flow.issues.contains_key(new.name.as_str()) && old_flow.issues.contains_key(old.name.as_str()) {
            let (was, is) = (types.0.image(old), types.1.image(new));
            if was.map(publisher) != is.map(publisher) {
                let name = |image: Option<&str>| image.map_or("no image".to_owned(), |image| list([image]));
                let message = format!("{} decides what an approval is, and no longer {}", name(is), name(was));
                changes.push(Effect::Weaker, subject(new), message);
            }
            let (were, are) = (types.0.fetchers(old), types.1.fetchers(new));
            let is_known = |one: &&ResourceType| were.iter().any(|old| publisher_of(old) == publisher_of(one));
            // A type with the name of Concourse's own is reported as such.
            let mut others = are.iter().copied().filter(|one| !BUILT_IN_TYPES.contains(&one.name.as_str()));
            if let Some(fetcher) = others.find(|one| !is_known(one)) {
                let image = fetcher.image().map_or("another image".to_owned(), |image| list([image]));
                let message = format!("{image} fetches the image that decides what an approval is");
                changes.push(Effect::Weaker, subject(new), message);
            }
        }
        // Of what is only put nobody takes an earlier version.
        if is_alike && is_got {
            let keep = if anew { String::new() } else { format!("without `old_name: {}` ", old.name) };
            let message = format!("is `{}` by another name: {keep}its version history starts anew", old.name);
            changes.push(Effect::HistoryAnew, subject(new), message);
        } else if is_alike && !flow.issues.get(new.name.as_str()).is_some_and(|issue| promotions.changes_new(issue)) {
            changes.push(Effect::Renamed, subject(new), format!("was `{}`", old.name));
        } else if anew && is_got && !is_alike {
            changes.push(Effect::HistoryAnew, subject(new), "this source changes: its version history starts anew");
        }
    }
}

/// Jobs that are gone, each with the new job that it became although nobody wrote so: it opens the issue of the same gate,
/// or deploys the same.
fn alike_jobs<'p>(
    jobs: &Matched<'p, Job>,
    flows: Flows<'_, 'p>,
    promotions: &Promotions<'p>,
) -> Vec<(&'p Job, &'p Job)> {
    let (gone, come): (HashMap<&str, &Job>, HashMap<&str, &Job>) = (
        jobs.removed.iter().map(|job| (job.name.as_str(), *job)).collect(),
        jobs.added.iter().map(|job| (job.name.as_str(), *job)).collect(),
    );
    let mut by_gate = HashMap::new();
    for job in flows.0.jobs.iter().filter(|job| gone.contains_key(job.job.name.as_str())) {
        by_gate.extend(job.stages(flows.0).filter_map(place).map(|(repository, key, _)| ((repository, key), job.job)));
    }
    let mut pairs: Vec<(&Job, &Job)> = Vec::new();
    let mut taken: HashSet<&str> = HashSet::new();
    for job in flows.1.jobs.iter().filter(|job| come.contains_key(job.job.name.as_str())) {
        let former = job.stages(flows.1).flat_map(|issue| promotions.former_gates(issue));
        if let Some(old) = former.filter_map(|place| by_gate.get(place)).find(|old| !taken.contains(old.name.as_str()))
        {
            taken.extend([old.name.as_str(), job.job.name.as_str()]);
            pairs.push((*old, job.job));
        }
    }
    let mut by_work: HashMap<String, Option<&Job>> = HashMap::new();
    for job in jobs.removed.iter().filter(|job| !taken.contains(job.name.as_str())) {
        let work = work(job);
        if !work.is_empty() {
            // Of several jobs that do the same nobody knows which one it is.
            by_work.entry(work).and_modify(|same| *same = None).or_insert(Some(job));
        }
    }
    let left = jobs.added.iter().filter(|job| !taken.contains(job.name.as_str()));
    pairs.extend(left.filter_map(|job| Some((by_work.remove(&work(job))??, *job))));
    pairs
}

/// The gates whose issues are opened by jobs that are gone or new.
fn gates_of_jobs<'p>(jobs: &Matched<'p, Job>, flows: Flows<'_, 'p>) -> HashSet<GateAddress<'p>> {
    let gates = |flow: &PipelineFlow<'p>, jobs: &[&'p Job]| -> Vec<GateAddress<'p>> {
        let names: HashSet<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
        let jobs = flow.jobs.iter().filter(|job| names.contains(job.job.name.as_str()));
        jobs.flat_map(|job| job.stages(flow).filter_map(place)).map(|(repository, key, _)| (repository, key)).collect()
    };
    gates(flows.0, &jobs.removed).into_iter().chain(gates(flows.1, &jobs.added)).collect()
}

/// What a job does, apart from what starts it: its tasks, and its puts with parameters, those to issues excepted.
fn work(job: &Job) -> String {
    let mut work = String::new();
    job.each_step(&mut |step| {
        let value = match &step.core {
            Core::Put(put) if put.params.as_ref().is_some_and(|params| params.get("action").is_none()) => json(put),
            Core::Task(task) if !is_check_of_approval(task) => json(task),
            _ => return,
        };
        work.push_str(&without(value, &["inputs"]).to_string());
    });
    work
}

/// The types of a pipeline's resources, by name.
struct Types<'p>(HashMap<&'p str, &'p ResourceType>);

impl<'p> Types<'p> {
    fn of(pipeline: &'p Pipeline) -> Self {
        Self(pipeline.resource_types.iter().map(|one| (one.name.as_str(), one)).collect())
    }

    /// What the type of a resource lays under its source.
    fn defaults(&self, resource: &Resource) -> Option<&'p yaml_source::yaml::Value> {
        self.0.get(resource.type_name.as_str())?.defaults.as_ref()
    }

    /// Lays it under the source, as Concourse does.
    fn lay_under(&self, resource: &Resource, fields: &mut Value) {
        let defaults = self.defaults(resource).map(json);
        if let (Some(Value::Object(defaults)), Value::Object(fields)) = (defaults, fields)
            && let Value::Object(source) = fields.entry("source").or_insert_with(|| Value::Object(Map::new()))
        {
            for (key, value) in defaults {
                source.entry(key).or_insert(value);
            }
        }
    }

    /// The types by which the image of a resource's type is fetched, where they are not Concourse's own.
    fn fetchers(&self, resource: &Resource) -> Vec<&'p ResourceType> {
        let mut fetchers: Vec<&ResourceType> = Vec::new();
        let mut next = self.0.get(resource.type_name.as_str());
        while let Some(fetcher) = next.and_then(|one| self.0.get(one.type_name.as_str())) {
            if fetchers.iter().any(|known| known.name == fetcher.name) {
                break;
            }
            fetchers.push(fetcher);
            next = Some(fetcher);
        }
        fetchers
    }

    /// The image behind the type of a resource.
    fn image(&self, resource: &Resource) -> Option<&'p str> {
        self.0.get(resource.type_name.as_str())?.image()
    }
}

/// Who publishes the images of Concourse's own types.
const CONCOURSE: &str = "concourse";

/// Who publishes the image of a type. Nobody where a variable, or no field, names the image.
fn publisher_of(of_type: &ResourceType) -> &str {
    of_type.image().map_or("", publisher)
}

fn jobs(jobs: &Matched<'_, Job>, gates: &Gates<'_>, taken: &[Taken<'_>], changes: &mut Changes) {
    let subject = |one: &Job| Subject::Job(one.name.to_string());
    for one in &jobs.added {
        changes.push(Effect::Added, subject(one), format!("is new: {}{}", gates.start_of_new(one), deeds(one, gates)));
    }
    changes.changes.extend(taken.iter().map(Taken::change));
    for one in &jobs.removed {
        changes.push(Effect::Removed, subject(one), "is gone");
    }
    if jobs.reordered {
        changes.push(Effect::Order, Subject::Pipeline, "the jobs are in another order");
    }
    for (old, new) in &jobs.pairs {
        if jobs.alike.contains(new.name.as_str()) {
            let message = format!("is `{0}` by another name: without `old_name: {0}` its builds are lost", old.name);
            changes.push(Effect::Renamed, subject(new), message);
        } else if old.name != new.name {
            changes.push(Effect::Renamed, subject(new), format!("was `{}`, and keeps its builds", old.name));
        }
        gates.compare(old, new, changes);
        let fields = |job: &Job| {
            without(
                json(job),
                &["name", "old_name", "plan", "on_success", "on_failure", "on_error", "on_abort", "ensure"],
            )
        };
        for difference in differences(&fields(old), &fields(new)) {
            changes.changes.push(changed(subject(new), &difference));
        }
        steps::compare(old, new, gates, taken, &subject(new), changes);
    }
}

/// What a new job does, as the end of a sentence. Issues apart.
fn deeds(job: &Job, gates: &Gates<'_>) -> String {
    let (mut runs, mut puts, mut sets) = (Vec::new(), Vec::new(), Vec::new());
    job.each_step(&mut |step| match &step.core {
        Core::Task(task) if !is_check_of_approval(task) => runs.push(task.task.as_str()),
        Core::Put(put) if !gates.is_issue(put) => puts.push(resource_of(put)),
        Core::SetPipeline(set) => sets.push(set.set_pipeline.as_str()),
        _ => {}
    });
    let words = |verb: &str, names: Vec<&str>| {
        let mut seen = HashSet::new();
        let names: Vec<String> = names.into_iter().filter(|name| seen.insert(*name)).map(|name| list([name])).collect();
        (!names.is_empty()).then(|| format!("{verb} {}", words::first_names(&names)))
    };
    let sets = words("sets the pipeline", sets);
    let deeds: Vec<String> = [words("runs", runs), words("puts to", puts), sets].into_iter().flatten().collect();
    if deeds.is_empty() { String::new() } else { format!("; it {}", deeds.join(", and ")) }
}

/// A difference in words.
pub(super) fn changed(subject: Subject, difference: &Difference) -> Change {
    words::change(subject, &[], difference)
}

fn without(mut value: Value, keys: &[&str]) -> Value {
    if let Value::Object(map) = &mut value {
        map.retain(|key, _| !keys.contains(&key.as_str()));
    }
    value
}

/// Names, each in ticks.
pub(super) fn list<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    ticked(names)
}
