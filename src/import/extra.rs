//! What is no part of a chain and stays in the pipeline all the same: a manifest's `extra` has it in Concourse's own words.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use crate::concourse::{Core, Job, Pipeline};

use super::draft::resource_of;
use super::graph::json;
use super::own::escape;

/// What a pipeline has of these jobs, and of what is about the pipeline as a whole, that `rendered` does not make.
pub(super) fn extra(theirs: &Pipeline, jobs: &[&Job], rendered: &Pipeline) -> Map<String, Json> {
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for job in jobs {
        job.each_step(&mut |step| match &step.core {
            Core::Get(get) => _ = used.insert(get.resource.as_ref().unwrap_or(&get.get).as_str()),
            Core::Put(put) => _ = used.insert(resource_of(put)),
            _ => {}
        });
    }
    let is_made = |name: &str| rendered.resources.iter().any(|resource| resource.name.as_str() == name);
    let resources: Vec<_> = theirs
        .resources
        .iter()
        .filter(|resource| used.contains(resource.name.as_str()) && !is_made(resource.name.as_str()))
        .collect();
    let images = jobs.iter().map(|job| json(job).to_string()).collect::<String>();
    let types = theirs.resource_types.iter().filter(|found| {
        let is_made = rendered.resource_types.iter().any(|made| made.name == found.name);
        let of_resource = resources.iter().any(|resource| resource.type_name == found.name);
        !is_made && (of_resource || images.contains(&format!("\"type\":\"{}\"", found.name)))
    });
    let mut said = Map::new();
    let mut say = |key: &str, values: Vec<Json>| {
        if !values.is_empty() {
            said.insert(key.to_owned(), values.into());
        }
    };
    say("resource_types", types.map(json).collect());
    // A former name is said in `old_names`.
    let without_old_name = |mut value: Json| {
        if let Some(map) = value.as_object_mut() {
            map.shift_remove("old_name");
        }
        value
    };
    say("resources", resources.into_iter().map(json).map(without_old_name).collect());
    say("jobs", jobs.iter().map(json).map(without_old_name).collect());
    say("var_sources", theirs.var_sources.iter().map(json).collect());
    if let Some(display) = &theirs.display {
        said.insert("display".to_owned(), json(display));
    }
    let mut said = Json::from(said);
    escape(&mut said);
    if let Json::Object(said) = said { said } else { Map::new() }
}
