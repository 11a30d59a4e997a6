//! From the settings of every stage to the layers of a manifest: what all stages say is said once.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use crate::import::propose::settings::ProposedStage;
use crate::import::propose::templates::{TemplateValues, common_template};

/// The keys of a manifest in the order in which people read them.
const ORDER: [&str; 26] = [
    "pipeline",
    "instance_vars",
    "project",
    "environments",
    "groups",
    "skip",
    "gate",
    "needs",
    "names",
    "stack",
    "source",
    "inputs",
    "env",
    "before",
    "after",
    "issues",
    "approval",
    "record",
    "timeout",
    "attempts",
    "job",
    "notify",
    "tab",
    "overrides",
    "projects",
    "extra",
];

/// Fields whose texts are no templates.
const PLAIN: [&str; 12] = [
    "gate",
    "record",
    "timeout",
    "attempts",
    "check_every",
    "trigger",
    "approve",
    "resource",
    "pin",
    "on_existing",
    "order_by",
    "newest_by",
];

/// The manifest of chains. `words` says what templates can say of a stage; without it every stage says all for itself.
pub(crate) fn manifest(
    chains: &[Vec<ProposedStage>],
    top: &Map<String, Json>,
    words: Option<&dyn Fn(&ProposedStage) -> TemplateValues>,
) -> Json {
    let mut names: Vec<&str> = Vec::new();
    for chain in chains {
        let name = chain[0].place.project.as_str();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let of = |name: &str| -> Vec<&Vec<ProposedStage>> {
        chains.iter().filter(|chain| chain[0].place.project == name).collect()
    };
    let mut whole = top.clone();
    if let [name] = names.as_slice() {
        whole.insert("project".to_owned(), (*name).into());
        whole.extend(project(&of(name), words));
        return ordered(whole);
    }
    let mut projects: Vec<(String, Map<String, Json>)> =
        names.iter().map(|name| ((*name).to_owned(), project(&of(name), words))).collect();
    if words.is_some() {
        lift(&mut projects, &mut whole);
    }
    let projects: Map<String, Json> = projects.into_iter().map(|(name, settings)| (name, ordered(settings))).collect();
    whole.insert("projects".to_owned(), projects.into());
    ordered(whole)
}

/// What all projects say is said once.
fn lift(projects: &mut [(String, Map<String, Json>)], whole: &mut Map<String, Json>) {
    let keys: Vec<String> = projects[0].1.keys().filter(|key| *key != "stack").cloned().collect();
    for key in keys {
        let first = projects[0].1[&key].clone();
        if projects.iter().all(|(_, settings)| settings.get(&key) == Some(&first)) {
            for (_, settings) in projects.iter_mut() {
                settings.shift_remove(&key);
            }
            whole.insert(key, first);
        }
    }
}

fn project(
    chains: &[&Vec<ProposedStage>],
    words: Option<&dyn Fn(&ProposedStage) -> TemplateValues>,
) -> Map<String, Json> {
    let mut environments: Vec<&str> = Vec::new();
    for chain in chains {
        let mut at = 0;
        for stage in *chain {
            let name = stage.place.environment.as_str();
            let found = environments.iter().position(|known| *known == name).unwrap_or_else(|| {
                environments.insert(at, name);
                at
            });
            at = found + 1;
        }
    }
    let groups: Vec<&str> = chains.iter().filter_map(|chain| chain[0].place.group.as_deref()).collect();
    let stages: Vec<&ProposedStage> = chains.iter().flat_map(|chain| chain.iter()).collect();
    let there: BTreeSet<String> = stages.iter().map(|stage| stage.place.selector()).collect();
    let skip: Vec<String> = groups
        .iter()
        .flat_map(|group| environments.iter().map(move |environment| format!("{group}.{environment}")))
        .filter(|stage| !there.contains(stage))
        .collect();
    let mut project = Map::new();
    project.insert("environments".to_owned(), json!(environments));
    if !groups.is_empty() {
        project.insert("groups".to_owned(), json!(groups));
    }
    if !skip.is_empty() {
        project.insert("skip".to_owned(), json!(skip));
    }
    let mut overrides = Map::new();
    match words {
        Some(words) => factor(&stages, words, &mut project, &mut overrides),
        None => {
            for stage in &stages {
                let mut settings = stage.settings.clone();
                // The kind is one for all; its options need not be.
                if let Some(kind) =
                    settings.get("stack").and_then(Json::as_object).and_then(|stack| stack.keys().next())
                {
                    project.insert("stack".to_owned(), json!({kind: {}}));
                }
                settings.retain(|_, value| !value.is_null());
                overrides.insert(stage.place.selector(), settings.into());
            }
        }
    }
    if !overrides.is_empty() {
        project.insert("overrides".to_owned(), overrides.into());
    }
    project
}

/// Puts every setting where it holds for all stages that have it, and for no other.
fn factor(
    stages: &[&ProposedStage],
    words: &dyn Fn(&ProposedStage) -> TemplateValues,
    base: &mut Map<String, Json>,
    overrides: &mut Map<String, Json>,
) {
    // The kind is one for all; its options need not be.
    if let Some(kind) = stages[0].settings.get("stack").and_then(Json::as_object).and_then(|stack| stack.keys().next())
    {
        base.insert("stack".to_owned(), json!({kind: {}}));
    }
    let leaves_of_stages: Vec<Vec<(Vec<String>, Json)>> = stages.iter().map(|stage| leaves(&stage.settings)).collect();
    let words: Vec<TemplateValues> = stages.iter().map(|stage| words(stage)).collect();
    let mut paths: Vec<&Vec<String>> = Vec::new();
    let mut seen = BTreeSet::new();
    for (path, _) in leaves_of_stages.iter().flatten() {
        if seen.insert(path) {
            paths.push(path);
        }
    }
    for path in paths {
        let values: Vec<Option<&Json>> = leaves_of_stages
            .iter()
            .map(|leaves| leaves.iter().find(|(known, _)| known == path).map(|(_, value)| value))
            .collect();
        if values.iter().all(Option::is_some) {
            let all: Vec<&Json> = values.iter().flatten().copied().collect();
            if all.iter().all(|value| *value == all[0]) {
                set(base, path, all[0].clone());
                continue;
            }
            if let Some(template) = template(path, &all, &words) {
                set(base, path, template.into());
                continue;
            }
        }
        let by = |of: &dyn Fn(&ProposedStage) -> Option<String>| -> Option<Vec<(String, Json)>> {
            let mut found: Vec<(String, Option<&Json>)> = Vec::new();
            for (stage, value) in stages.iter().zip(&values) {
                let key = of(stage)?;
                match found.iter().find(|(known, _)| *known == key) {
                    Some((_, known)) if known == value => {}
                    Some(_) => return None,
                    None => found.push((key, *value)),
                }
            }
            Some(found.into_iter().filter_map(|(key, value)| Some((key, value?.clone()))).collect())
        };
        let placed = by(&|stage| Some(stage.place.environment.clone()))
            .or_else(|| by(&|stage| stage.place.group.clone()))
            .or_else(|| by(&|stage| Some(stage.place.selector())));
        let mut placed = placed.unwrap_or_default();
        // What most stages have stands for all, and what is different stands at its stage.
        if values.iter().all(Option::is_some) && placed.len() > 2 {
            let count = |value: &Json| placed.iter().filter(|(_, other)| other == value).count();
            if let Some(most) = placed.iter().map(|(_, value)| value).max_by_key(|value| count(value)).cloned()
                && count(&most) > 1
            {
                set(base, path, most.clone());
                placed.retain(|(_, value)| *value != most);
            }
        }
        for (selector, value) in placed {
            let at = overrides.entry(selector).or_insert_with(|| Json::Object(Map::new()));
            if let Some(at) = at.as_object_mut() {
                set(at, path, value);
            }
        }
    }
    let order = |overrides: &mut Map<String, Json>| {
        let mut entries: Vec<(String, Json)> = std::mem::take(overrides).into_iter().collect();
        let place = |key: &str| {
            let environment = stages.iter().position(|stage| stage.place.environment == key);
            environment.unwrap_or(usize::MAX)
        };
        entries.sort_by_key(|(key, _)| place(key));
        overrides.extend(entries.into_iter().map(|(key, value)| match value {
            Json::Object(map) => (key, ordered(map)),
            other => (key, other),
        }));
    };
    order(overrides);
}

fn template(path: &[String], values: &[&Json], words: &[TemplateValues]) -> Option<String> {
    if path.iter().any(|key| PLAIN.contains(&key.as_str())) && path[0] != "stack" {
        return None;
    }
    // What is filled in before cannot name what is filled in later.
    let early: &[&str] = match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["names", "stack"] | ["source", "repository"] => &["stack", "slug", "code"],
        ["names", "code"] => &["code"],
        _ => &[],
    };
    let words: Vec<TemplateValues> = words
        .iter()
        .map(|words| TemplateValues(words.0.iter().filter(|(name, _)| !early.contains(name)).cloned().collect()))
        .collect();
    let texts: Option<Vec<(&TemplateValues, &str)>> = values
        .iter()
        .zip(&words)
        .map(|(value, words)| Some((words, value.as_str().filter(|text| !text.contains("{{"))?)))
        .collect();
    common_template(&texts?)
}

/// The settings below a map, each with the keys that lead there.
fn leaves(map: &Map<String, Json>) -> Vec<(Vec<String>, Json)> {
    let mut found = Vec::new();
    collect(map, &mut Vec::new(), &mut found);
    found
}

fn collect(map: &Map<String, Json>, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, Json)>) {
    for (key, value) in map {
        path.push(key.clone());
        match value {
            Json::Object(inner) if !inner.is_empty() => collect(inner, path, found),
            other => found.push((path.clone(), other.clone())),
        }
        path.pop();
    }
}

fn set(map: &mut Map<String, Json>, path: &[String], value: Json) {
    match path {
        [] => {}
        [key] => _ = map.insert(key.clone(), value),
        [key, rest @ ..] => {
            let inner = map.entry(key.clone()).or_insert_with(|| Json::Object(Map::new()));
            if !inner.is_object() {
                *inner = Json::Object(Map::new());
            }
            if let Some(inner) = inner.as_object_mut() {
                set(inner, rest, value);
            }
        }
    }
}

/// The same in the order of reading.
fn ordered(map: Map<String, Json>) -> Json {
    let mut entries: Vec<(String, Json)> = map.into_iter().collect();
    entries.sort_by_key(|(key, _)| ORDER.iter().position(|known| known == key).unwrap_or(ORDER.len() - 3));
    entries.into_iter().collect::<Map<_, _>>().into()
}
