//! From where a pipeline sets others: who can push there decides on their gates.

use std::collections::BTreeMap;

use crate::flow::text;
use crate::model::{Core, Pipeline};
use crate::repository::Repository;

use super::change::{Changes, Effect, Subject};
use super::compare::list;

/// The repository and the branch, in words. `None` for what no git resource brings.
type Place = Option<String>;

/// Says which pipelines are set from another place than before.
pub(super) fn compare(old: &Pipeline, new: &Pipeline, changes: &mut Changes) {
    let were = places(old);
    for (name, (job, place)) in places(new) {
        let Some((_, Some(was))) = were.get(name) else { continue };
        if place.as_ref() == Some(was) {
            continue;
        }
        let from = place.as_ref().map_or("what a step makes".to_owned(), |place| list([place.as_str()]));
        let message =
            format!("sets the pipeline {} from {from}, and no longer from {}", list([name]), list([was.as_str()]));
        changes.push(Effect::Weaker, Subject::Job(job.to_owned()), message);
    }
}

/// The pipelines that a pipeline sets, each with the job that sets it.
fn places(pipeline: &Pipeline) -> BTreeMap<&str, (&str, Place)> {
    let place_of = |name: &str| -> Place {
        let resource = pipeline.resources.iter().find(|resource| resource.name.as_str() == name)?;
        let source = resource.source.as_ref()?;
        let repository = Repository::of_clone(text(source, "uri")?);
        Some(format!("{repository}, branch {}", text(source, "branch").unwrap_or("of the default")))
    };
    let mut found = BTreeMap::new();
    for job in &pipeline.jobs {
        let mut got: BTreeMap<&str, &str> = BTreeMap::new();
        job.each_step(&mut |step| match &step.core {
            Core::Get(get) => {
                got.insert(get.get.as_str(), get.resource.as_ref().unwrap_or(&get.get).as_str());
            }
            Core::SetPipeline(set) => {
                let artifact = set.file.split('/').next().unwrap_or_default();
                let place = got.get(artifact).and_then(|resource| place_of(resource));
                found.insert(set.set_pipeline.as_str(), (job.name.as_str(), place));
            }
            _ => {}
        });
    }
    found
}
