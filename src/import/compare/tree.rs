//! A pipeline as a tree in which everything has its name, and what Concourse takes for granted is left out: so two
//! pipelines that do the same are equal, and a difference says where it is.

use concourse_pipeline::model::{Core, Job, Pipeline, Step};
use serde_json::{Map, Value as Json};

use crate::import::read::steps::{beside, flat, is_bare, json, within};
use crate::manifest::Duration;

/// The tree of a pipeline: `jobs`, `resources` and `resource_types` by name, and whatever else it says.
pub(crate) fn tree(pipeline: &Pipeline) -> Json {
    let named = |items: Vec<Json>| -> Json {
        let mut map = Map::new();
        for mut item in items {
            let Some(name) = item.as_object_mut().and_then(|item| item.shift_remove("name")) else { continue };
            normalize(&mut item);
            map.insert(name.as_str().unwrap_or_default().to_owned(), item);
        }
        map.into()
    };
    let mut rest =
        json(&Pipeline { resource_types: Vec::new(), resources: Vec::new(), jobs: Vec::new(), ..pipeline.clone() });
    if let Some(rest) = rest.as_object_mut() {
        rest.shift_remove("jobs");
        rest.insert(
            "jobs".to_owned(),
            pipeline.jobs.iter().map(|job| (job.name.to_string(), of_job(job))).collect::<Map<_, _>>().into(),
        );
        rest.insert("resources".to_owned(), named(pipeline.resources.iter().map(json).collect()));
        rest.insert("resource_types".to_owned(), named(pipeline.resource_types.iter().map(json).collect()));
    }
    rest
}

fn of_job(job: &Job) -> Json {
    let mut job_tree = json(job);
    let Some(map) = job_tree.as_object_mut() else { return job_tree };
    let hooks = job.hooks();
    for key in ["name", "plan"].into_iter().chain(hooks.map(|(key, _)| key)) {
        map.shift_remove(key);
    }
    normalize(&mut job_tree);
    let Some(map) = job_tree.as_object_mut() else { return Json::Null };
    let mut steps = flat(&job.plan);
    // What is around all steps but gets is as good as around the job.
    let around = match steps.iter().filter(|step| !matches!(step.core, Core::Get(_))).collect::<Vec<_>>().as_slice() {
        [only] if matches!(only.core, Core::Do { .. }) && !is_bare(only) => Some(**only),
        _ => None,
    };
    let inner: Vec<Vec<&Step>> = match around {
        Some(around) => {
            steps.retain(|step| !std::ptr::eq(*step, around));
            steps.extend(flat(within(around).unwrap_or_default()));
            around.hooks().into_iter().map(|(_, hook)| hook.into_iter().flat_map(beside).collect()).collect()
        }
        None => vec![Vec::new(); hooks.len()],
    };
    let order: Vec<Json> =
        steps.iter().map(|step| name(step)).filter(|name| !name.starts_with("get ")).map(Json::from).collect();
    map.insert("plan".to_owned(), by_name(&steps));
    if order.len() > 1 {
        map.insert("order".to_owned(), order.into());
    }
    for ((key, hook), inner) in hooks.into_iter().zip(inner) {
        let steps: Vec<&Step> = hook.into_iter().flat_map(beside).chain(inner).collect();
        if !steps.is_empty() {
            map.insert(key.to_owned(), by_name(&steps));
        }
    }
    job_tree
}

/// What a step is called among those of its job.
pub(crate) fn name(step: &Step) -> String {
    match &step.core {
        Core::Get(get) => format!("get {}", get.resource.as_ref().unwrap_or(&get.get)),
        Core::Put(put) => format!("put {}", put.resource.as_ref().unwrap_or(&put.put)),
        Core::Task(task) => format!("task {}", task.task),
        Core::SetPipeline(set) => format!("set_pipeline {}", set.set_pipeline),
        Core::LoadVar(load) => format!("load_var {}", load.load_var),
        Core::Try { step } => format!("try {}", self::name(step)),
        Core::Do { .. } => "do".to_owned(),
        Core::InParallel { .. } => "in_parallel".to_owned(),
    }
}

fn by_name(steps: &[&Step]) -> Json {
    let mut map = Map::new();
    for step in steps {
        let name = name(step);
        let mut item = json(step);
        normalize(&mut item);
        let free = (1..).map(|nth| if nth == 1 { name.clone() } else { format!("{name} #{nth}") });
        // There is always one more.
        if let Some(free) = { free }.find(|name| !map.contains_key(name)) {
            map.insert(free, item);
        }
    }
    map.into()
}

/// Takes out what Concourse takes for granted, and writes in one way what can be written in several.
pub(crate) fn normalize(value: &mut Json) {
    match value {
        Json::Array(items) => items.iter_mut().for_each(normalize),
        Json::Object(map) => {
            for (key, inner) in map.iter_mut() {
                if matches!(key.as_str(), "params" | "vars" | "instance_vars") {
                    continue;
                }
                if matches!(key.as_str(), "check_every" | "timeout" | "check_timeout")
                    && let Some(seconds) = inner.as_str().and_then(Duration::parse).map(|duration| duration.seconds())
                {
                    *inner = format!("{seconds}s").into();
                }
                normalize(inner);
            }
            task_variables(map);
            let own = ["get", "put"].iter().find_map(|key| map.get(*key)).cloned();
            map.retain(|key, inner| {
                let granted = match key.as_str() {
                    "trigger" | "no_get" | "serial" | "public" | "update_in_place" => *inner == false,
                    "resource" => own.as_ref() == Some(inner),
                    "version" => *inner == "latest",
                    _ => false,
                };
                let empty = match inner {
                    Json::Null => true,
                    Json::Array(items) => items.is_empty(),
                    Json::Object(inner) => inner.is_empty(),
                    _ => false,
                };
                !granted && !empty
            });
        }
        _ => {}
    }
}

/// The variables of a task in one place: those of the step are laid over those of its config. Concourse gives them to it
/// as texts (`atc/task.go`, `TaskEnv`).
fn task_variables(map: &mut Map<String, Json>) {
    if !map.contains_key("task") {
        return;
    }
    let mut env = Map::new();
    if let Some(config) = map.get_mut("config").and_then(Json::as_object_mut) {
        if let Some(Json::Object(params)) = config.shift_remove("params") {
            env.extend(params);
        }
        if let Some(Json::Object(params)) = map.shift_remove("params") {
            env.extend(params);
        }
        for value in env.values_mut() {
            if matches!(value, Json::Number(_) | Json::Bool(_)) {
                *value = value.to_string().into();
            }
        }
        map.insert("params".to_owned(), env.into());
    }
}

/// Where two trees differ.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    /// The keys that lead there.
    pub(crate) at: Vec<String>,
    /// What the pipeline says that was read; null for nothing.
    pub(crate) theirs: Json,
    /// What the manifest's pipeline says.
    pub(crate) ours: Json,
}

/// The differences of two trees, in the order of the first.
pub(crate) fn differences(theirs: &Json, ours: &Json) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(&mut Vec::new(), theirs, ours, &mut found);
    found
}

fn compare(at: &mut Vec<String>, theirs: &Json, ours: &Json, found: &mut Vec<Difference>) {
    match (theirs, ours) {
        (Json::Object(their_map), Json::Object(our_map)) => {
            let new = our_map.keys().filter(|key| !their_map.contains_key(*key));
            for key in their_map.keys().chain(new) {
                at.push(key.clone());
                let [theirs, ours] = [their_map, our_map].map(|map| map.get(key).unwrap_or(&Json::Null));
                compare(at, theirs, ours, found);
                at.pop();
            }
        }
        (theirs, ours) if theirs == ours => {}
        (theirs, ours) => found.push(Difference { at: at.clone(), theirs: theirs.clone(), ours: ours.clone() }),
    }
}
