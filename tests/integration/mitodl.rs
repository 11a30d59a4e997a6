//! 29 real pipelines of MIT Open Learning, rendered in the flavour of their own image, against the promotion graphs of
//! the pipelines that they have.
//!
//! `tests/fixtures/ol-infrastructure/` holds those graphs as facts: jobs, steps in order, gets with `passed` and
//! `trigger`, puts with params, hooks, resources with their sources, titles, labels, paths and intervals.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::support::{Work, root};

/// A leaf in which the two graphs differ.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) at: String,
    pub(crate) theirs: Value,
    pub(crate) ours: Value,
}

/// A difference that is meant.
struct Deliberate {
    name: &'static str,
    /// The weakness of theirs that it mends.
    mends: &'static str,
    fits: fn(&Difference) -> bool,
}

#[test]
fn graphs_are_those_of_the_real_pipelines_but_for_what_is_meant() {
    let work = Work::copy_of("pipelines/ol-infrastructure");
    let fleet = work.read("pipegen.yml");
    work.write("pipegen.yml", &fleet.replace("    check_every: 15m\n", "    check_every: 15m\n    resource: mitodl\n"));
    let ran = work.run(&["render", "--out", "mitodl"]).ended(0);
    assert!(
        ran.stderr.contains("records no versions") && ran.stderr.ends_with("1 warning in 1 file\n"),
        "{}",
        ran.stderr
    );

    // Those that set the others are made from the fleet, and no pipeline of theirs is like them.
    let mut rendered = work.list("mitodl");
    rendered.retain(|name| !name.starts_with("simple-pulumi-meta"));
    let facts: BTreeMap<String, PathBuf> = ["", "larger"]
        .iter()
        .flat_map(|folder| fs::read_dir(root().join("tests/fixtures/ol-infrastructure").join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned() + ".yml", path))
        .collect();
    rendered.sort();
    assert_eq!(rendered, facts.keys().cloned().collect::<Vec<_>>(), "29 pipelines");

    let mut unexplained = Vec::new();
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    for name in &rendered {
        let pipeline = name.trim_end_matches(".yml");
        let mut theirs = fs::read_to_string(&facts[name]).unwrap();
        for (_, old, new, _) in RENAMED.iter().filter(|(of, ..)| *of == pipeline) {
            assert!(theirs.contains(old), "`{old}` is nowhere in {pipeline}: remove it from the list");
            theirs = theirs.replace(old, new);
        }
        let theirs: Value = serde_json::from_str(&theirs).unwrap();
        let ours: Value = serde_saphyr::from_str(&work.read(&format!("mitodl/{name}"))).unwrap();
        let mut differences = Vec::new();
        compare(pipeline.to_owned(), &their_graph(theirs), &our_graph(&ours), &mut differences);
        for difference in differences {
            match deliberate(&difference) {
                Some(deliberate) => *used.entry(deliberate).or_default() += 1,
                None => unexplained
                    .push(format!("{}: theirs {} ours {}", difference.at, difference.theirs, difference.ours)),
            }
        }
    }
    assert!(unexplained.is_empty(), "{} differences that nobody meant:\n{}", unexplained.len(), unexplained.join("\n"));
    for Deliberate { name, mends, .. } in DELIBERATE {
        assert!(used.contains_key(name), "`{name}` ({mends}) happens nowhere any more: remove it from the list");
    }
}

/// The name of a difference that is meant.
pub(crate) fn deliberate(difference: &Difference) -> Option<&'static str> {
    DELIBERATE.iter().find(|deliberate| (deliberate.fits)(difference)).map(|deliberate| deliberate.name)
}

/// Names that are meant to differ: pipeline, theirs, ours, and the weakness that it mends.
const RENAMED: &[(&str, &str, &str, &str)] = &[
    ("pulumi-starrocks-substructure-ci", "starrocks-lakehouse.ci", "starrocks-lakehouse-ci", DOTS_AND_DASHES),
    ("pulumi-starrocks-substructure", "starrocks-lakehouse.qa", "starrocks-lakehouse-qa", DOTS_AND_DASHES),
    (
        "pulumi-starrocks-substructure-qa",
        "gh-ol-substructure-starrocks-lakehouse-qa-deployed",
        "github-issues-ol-substructure-starrocks-lakehouse-qa-post",
        "closing the issue of QA led to Production by accident: now it is a gate, and is called like one",
    ),
];

const DOTS_AND_DASHES: &str = "one project, one way of writing its stages: the others of its chain have dashes already";

const DELIBERATE: &[Deliberate] = &[
    Deliberate {
        name: "serial",
        mends: "`max_in_flight: 1.0`; one build at a time is what `serial` says",
        fits: |it| {
            it.at.ends_with("/max_in_flight") && it.theirs == 1 && it.ours.is_null()
                || it.at.ends_with("/serial") && it.theirs.is_null() && it.ours == true
        },
    },
    Deliberate {
        name: "inputs of puts",
        mends: "a default that Concourse 8.0 changed from all artifacts to those that params name",
        fits: |it| {
            it.at.ends_with("/inputs")
                && (it.theirs.is_null() && (it.ours == "detect" || it.ours.is_array())
                    || it.at.contains("/put dagster-") && it.theirs == "all" && it.ours.is_array())
        },
    },
    Deliberate {
        name: "no get after a put to an issue",
        mends: "a container and two requests to an overloaded server after each deployment, for nothing",
        fits: |it| it.at.ends_with("/on_success/no_get") && it.theirs == false && it.ours == true,
    },
    Deliberate {
        name: "no checks of what is only put",
        mends: "checks of 135 resources that start nothing",
        fits: |it| it.at.ends_with("/check_every") && it.theirs == 3_600 && it.ours == "never",
    },
    Deliberate {
        name: "labels by the place in the chain",
        mends: "labels guessed from the end of a name: the end of a chain was told by the word `production`",
        fits: |it| {
            it.at.ends_with("/on_success/params/labels")
                && it.theirs.as_array().is_some_and(|labels| {
                    let labels = labels.iter().cloned().chain(["finalized-deployment".into()]);
                    labels.collect::<Vec<Value>>() == *it.ours.as_array().unwrap()
                })
        },
    },
    Deliberate {
        name: "credentials in every put",
        mends: "previews and what follows them went without `GITHUB_TOKEN`",
        fits: |it| it.at.ends_with("/env_os/GITHUB_TOKEN") && it.theirs.is_null() && it.ours.is_string(),
    },
    Deliberate {
        name: "nothing to approve",
        mends: "issues that ask for the approval of no change at all, and pile up",
        fits: |it| {
            it.at.contains("/preview-")
                && it.at.ends_with("/params/close_if_file")
                && it.theirs.is_null()
                && it.ours.as_str().is_some_and(|file| file.ends_with("/preview_summary.md.no-changes"))
        },
    },
    Deliberate {
        name: "images are not downloaded",
        mends: "a download of the whole image in each job, of which only the digest is used",
        fits: |it| it.at.ends_with("-image/params") && it.theirs.is_null() && it.ours == json!({"skip_download": true}),
    },
    Deliberate {
        name: "what was previewed",
        mends: "a second, looser path to the image: what passed the preview has passed the build",
        fits: |it| {
            it.at.ends_with("deploy-ol-infrastructure-release-bot-default/plan/get release-bot-docker-image/passed")
                && it.theirs == json!(["build-release-bot-image", "preview-ol-infrastructure-release-bot-default"])
                && it.ours == json!(["preview-ol-infrastructure-release-bot-default"])
        },
    },
    Deliberate {
        name: "the repository of an image",
        mends: "a script with unquoted variables, in a region that nobody said",
        fits: |it| {
            it.at.contains("/task ensure-ecr-repository/run/args")
                || it.at.contains("/task ensure-ecr-repository/params/AWS_")
        },
    },
    Deliberate {
        name: "a path that names its artifact",
        mends: "two ways of writing one path",
        fits: |it| {
            it.at.ends_with("/params/additional_tags") && it.theirs == format!("./{}", it.ours.as_str().unwrap())
        },
    },
    Deliberate {
        name: "paths in one order, each once",
        mends: "two orders in one estate, and paths that stand twice",
        fits: |it| it.at.ends_with("/source/paths") && it.theirs.is_array() && only(it) == (vec![], vec![]),
    },
    Deliberate {
        name: "a serial group of one job",
        mends: "a group that nothing else is in",
        fits: |it| it.at.ends_with("-ci/serial_groups") && items(&it.theirs).len() == 1 && it.ours.is_null(),
    },
    Deliberate {
        name: "tags from the file that has them",
        mends: "a task as root that copies one file, in an image that moves",
        fits: |it| {
            it.at.contains("/build-dagster-") && it.at.ends_with("/task collect-tags") && it.ours.is_null()
                || it.at.contains("/put dagster-")
                    && it.at.ends_with("/params/additional_tags")
                    && it.ours.as_str().is_some_and(|file| file.ends_with("/.git/describe_ref"))
                || it.at.contains("/build-dagster-")
                    && it.at.ends_with("/plan/order")
                    && only(it) == (vec![&json!("task collect-tags")], vec![])
        },
    },
    Deliberate {
        name: "the logs of image builds",
        mends: "logs that are kept for ever, long as they are",
        fits: |it| {
            it.at.contains("/build-dagster-")
                && it.at.ends_with("/build_log_retention")
                && it.theirs.is_null()
                && it.ours == json!({"builds": 10})
        },
    },
    Deliberate {
        name: "progress in plain lines",
        mends: "logs full of the control characters of a progress bar",
        fits: |it| it.at.ends_with("/task build-container-image/params/PROGRESS") && it.ours == "plain",
    },
    Deliberate {
        name: "old images are dropped by a step that says so",
        mends: "unquoted variables, and the settings of scans, which belong to the registry",
        fits: |it| {
            it.at.contains("/build-witan-image/")
                && (it.at.ends_with("/task configure-ecr-repository") && it.ours.is_null()
                    || it.at.ends_with("/task drop-old-images") && it.theirs.is_null()
                    || it.at.ends_with("/plan/order")
                        && only(it)
                            == (vec![&json!("task configure-ecr-repository")], vec![&json!("task drop-old-images")]))
        },
    },
    Deliberate {
        name: "QA follows CI, Production follows QA",
        mends: "the chain over three instances of Concourse: QA did not know of CI, and Production started by any commit",
        fits: |it| {
            let ours = "github-issues-ol-substructure-starrocks-lakehouse";
            it.at.starts_with("pulumi-starrocks-substructure")
                && (it.at.contains("/preview-") && it.at.ends_with("/trigger") && it.theirs == true && it.ours == false
                    || it.at.ends_with("/plan/order")
                    || it.at.ends_with(&format!("/get {ours}-ci-trigger")) && it.theirs.is_null()
                    || it.at.ends_with(&format!("/resources/{ours}-ci-trigger")) && it.theirs.is_null()
                    || it.at.contains("/deploy-")
                        && it.at.ends_with(&format!("/get {ours}-qa-trigger"))
                        && it.ours.is_null()
                    || it.at.ends_with(&format!("/resources/{ours}-qa-trigger/check_every")) && it.theirs == 14_400
                    || it.at.ends_with("/on_success/params/labels")
                        && it.ours.as_array().unwrap().contains(&json!("promotion-to-production")))
        },
    },
];

/// The names in the differences of one list: what only they have, and what only we.
fn only(it: &Difference) -> (Vec<&Value>, Vec<&Value>) {
    let (theirs, ours) = (items(&it.theirs), items(&it.ours));
    (
        theirs.iter().copied().filter(|item| !ours.contains(item)).collect(),
        ours.iter().copied().filter(|item| !theirs.contains(item)).collect(),
    )
}

fn items(value: &Value) -> Vec<&Value> {
    value.as_array().into_iter().flatten().collect()
}

/// Steps and resources by name, so that a difference says where it is.
pub(crate) fn their_graph(mut graph: Value) -> Value {
    for job in graph["jobs"].as_object_mut().unwrap().values_mut() {
        let steps = job["plan"].take();
        job["plan"] = by_name(steps.as_array().unwrap().clone());
    }
    for resource in graph["resources"].as_object_mut().unwrap().values_mut() {
        interval(resource);
    }
    graph
}

pub(crate) fn our_graph(pipeline: &Value) -> Value {
    let named = |list: &str| -> Map<String, Value> {
        pipeline[list]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| {
                let mut item = item.clone();
                let name = item.as_object_mut().unwrap().remove("name").unwrap();
                interval(&mut item);
                (name.as_str().unwrap().to_owned(), item)
            })
            .collect()
    };
    let mut jobs = named("jobs");
    for job in jobs.values_mut() {
        let steps = job["plan"].as_array().unwrap().iter().map(step).collect();
        job["plan"] = by_name(steps);
        for hook in ["on_success", "on_failure", "on_error", "on_abort"] {
            if let Some(put) = job.get(hook).map(step) {
                job[hook] = put;
            }
        }
    }
    json!({"jobs": jobs, "resources": named("resources"), "resource_types": named("resource_types")})
}

/// A step with what Concourse takes for granted, in the words of the facts.
fn step(step: &Value) -> Value {
    let mut step = step.clone();
    let object = step.as_object_mut().unwrap();
    if object.contains_key("get") {
        object.entry("trigger").or_insert(json!(false));
        object.entry("passed").or_insert(json!([]));
    } else if object.contains_key("put") {
        object.entry("no_get").or_insert(json!(false));
        object.entry("params").or_insert(json!({}));
    } else if object.contains_key("task") {
        let config = object.remove("config").unwrap();
        object.insert("image_resource".to_owned(), image(&config["image_resource"]["source"]).into());
        for (list, key) in [("inputs", "name"), ("outputs", "name"), ("caches", "path")] {
            if let Some(items) = config[list].as_array() {
                let names: Vec<Value> = items.iter().map(|item| item[key].clone()).collect();
                object.insert(list.to_owned(), names.into());
            }
        }
        object.insert("params".to_owned(), config["params"].clone());
        let run = &config["run"];
        object.insert("run".to_owned(), json!({"path": run["path"], "args": run.get("args").unwrap_or(&json!([]))}));
    }
    step
}

fn image(source: &Value) -> String {
    let mut text = source["repository"].as_str().unwrap().to_owned();
    if let Some(tag) = source["tag"].as_str() {
        text += &format!(":{tag}");
    }
    if let Some(region) = source["aws_region"].as_str() {
        text += &format!(" aws_region={region}");
    }
    text
}

/// One step beside no other is that step.
fn alone(step: Value) -> Value {
    match step["in_parallel"]["steps"].as_array().map(Vec::as_slice) {
        Some([only]) => self::step(only),
        _ => step,
    }
}

/// The steps, each under its kind and name, and their order.
fn by_name(steps: Vec<Value>) -> Value {
    let mut order = Vec::new();
    let mut named = Map::new();
    for step in steps.into_iter().map(alone) {
        let kind = ["get", "put", "task", "load_var"].into_iter().find(|kind| step.get(kind).is_some()).unwrap();
        let name = format!("{kind} {}", step[kind].as_str().unwrap());
        order.push(Value::from(name.as_str()));
        assert!(named.insert(name, step).is_none());
    }
    named.insert("order".to_owned(), order.into());
    named.into()
}

/// Intervals in seconds.
fn interval(resource: &mut Value) {
    let Some(Value::String(text)) = resource.get("check_every").cloned() else { return };
    let (number, unit) = text.split_at(text.len() - 1);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return,
    };
    resource["check_every"] = (number.parse::<u64>().unwrap() * seconds).into();
}

pub(crate) fn compare(at: String, theirs: &Value, ours: &Value, out: &mut Vec<Difference>) {
    match (theirs, ours) {
        (Value::Object(their_map), Value::Object(our_map)) => {
            let mut keys: Vec<&String> = their_map.keys().chain(our_map.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let value = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or(Value::Null);
                compare(format!("{at}/{key}"), &value(their_map), &value(our_map), out);
            }
        }
        (theirs, ours) if theirs == ours => {}
        (theirs, ours) => out.push(Difference { at, theirs: theirs.clone(), ours: ours.clone() }),
    }
}
