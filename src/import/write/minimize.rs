//! Leaves out of a manifest what it renders the same without.

use serde_json::{Map, Value as Json};
use yaml_source::Failure;

/// So many manifests are tried for it to become smaller.
const MOST: usize = 1_500;

/// A manifest without whatever it can do without: what is left out one by one, and the pipeline stays the same.
///
/// # Errors
///
/// When it could not be tried.
pub(crate) fn minimize(
    mut manifest: Json,
    fits: &mut dyn FnMut(&Json) -> Result<bool, Failure>,
) -> Result<Json, Failure> {
    let mut left = MOST;
    shrink(&mut manifest, &mut Vec::new(), &mut left, fits)?;
    Ok(manifest)
}

fn shrink(
    whole: &mut Json,
    path: &mut Vec<String>,
    left: &mut usize,
    fits: &mut dyn FnMut(&Json) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let Some(map) = at(whole, path) else { return Ok(()) };
    let mut keys: Vec<String> = map.keys().cloned().collect();
    // What is said of single stages before what is said of all of them: a default may take its place.
    keys.sort_by_key(|key| key != "overrides");
    for key in keys {
        if *left == 0 {
            return Ok(());
        }
        let Some(value) = at(whole, path).and_then(|map| map.get(&key).cloned()) else { continue };
        *left -= 1;
        let place = at(whole, path).and_then(|map| map.keys().position(|known| *known == key)).unwrap_or_default();
        if let Some(map) = at(whole, path) {
            map.shift_remove(&key);
        }
        if fits(whole)? {
            continue;
        }
        if let Some(map) = at(whole, path) {
            map.shift_insert(place, key.clone(), value.clone());
        }
        if value.is_object() {
            path.push(key);
            shrink(whole, path, left, fits)?;
            path.pop();
        }
    }
    Ok(())
}

fn at<'j>(whole: &'j mut Json, path: &[String]) -> Option<&'j mut Map<String, Json>> {
    let mut value = whole;
    for key in path {
        value = value.get_mut(key)?;
    }
    value.as_object_mut()
}
