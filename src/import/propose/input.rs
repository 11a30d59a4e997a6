//! Resources as inputs of a manifest.

use concourse_pipeline::model::Resource;
use serde_json::{Map, Value as Json, json};

use crate::import::read::steps::json;
use crate::input::concourse::concourse_type;

use super::templates::escape;

/// The settings of an input: of the input type that its resource type belongs to, or `resource` when that type cannot
/// express them.
pub(crate) fn input(resource: &Resource) -> Map<String, Json> {
    let source = resource.source.as_ref().map(json).unwrap_or_default();
    let source = source.as_object().cloned().unwrap_or_default();
    let known = concourse_type(resource.type_name.as_str());
    let settings = known.as_ref().and_then(|known| (known.settings)(&source));
    let mut settings = settings.unwrap_or_else(|| any(resource, &source));
    escape_all(&mut settings);
    // A manifest's default is less often than Concourse's.
    let of_concourse = known.is_some_and(|known| known.has_default_check).then_some("1m");
    let check_every = resource.check_every.as_deref().or(of_concourse);
    settings.extend(check_every.map(|every| ("check_every".to_owned(), every.into())));
    if let (Some(token), Some(git)) = (&resource.webhook_token, settings.get_mut("git").and_then(Json::as_object_mut)) {
        git.insert("webhook".to_owned(), token.as_str().into());
    }
    settings
}

/// The file that names the version of a resource.
pub(crate) fn usual_pin(resource: &Resource) -> &'static str {
    let source = resource.source.as_ref().map(json).unwrap_or_default();
    let source = source.as_object().cloned().unwrap_or_default();
    concourse_type(resource.type_name.as_str()).map_or("digest", |known| (known.version_file)(&source))
}

fn any(resource: &Resource, source: &Map<String, Json>) -> Map<String, Json> {
    let mut any = json!({"type": resource.type_name.as_str()});
    if let Some(any) = any.as_object_mut() {
        if resource.source.is_some() {
            any.insert("source".to_owned(), source.clone().into());
        }
        if let Some(icon) = &resource.icon {
            any.insert("icon".to_owned(), icon.as_str().into());
        }
    }
    let mut settings = Map::from_iter([("resource".to_owned(), any)]);
    let pin = match (resource.type_name.as_str(), concourse_type(resource.type_name.as_str())) {
        (_, Some(known)) => Some((known.version_file)(source)),
        ("docker-image", None) => Some("digest"),
        ("semver", None) => Some("number"),
        _ => None,
    };
    settings.extend(pin.map(|pin| ("pin".to_owned(), pin.into())));
    settings
}

fn escape_all(settings: &mut Map<String, Json>) {
    settings.values_mut().for_each(escape);
}
