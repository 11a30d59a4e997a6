//! The image in which approved versions are checked.

use crate::flow::text;
use crate::image::{PLACES, publisher};
use crate::model::TaskStep;
use yaml_source::yaml::Value;

use super::{Side, checks};
use crate::diff::compare::list;

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
pub(super) fn compare(old: Side<'_, '_>, new: Side<'_, '_>, weaker: &mut dyn FnMut(String)) {
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
