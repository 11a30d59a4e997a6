//! Resources as inputs of a manifest.

use concourse_pipeline::model::Resource;
use serde_json::{Map, Value as Json, json};

use crate::import::read::source::commit_file;
use crate::import::read::steps::json;
use crate::manifest::Secret;

use super::templates::escape;

/// What an input is, in the words of a manifest: `git`, `image`, `s3`, `github_release`, or `resource` for all that
/// these cannot say.
pub(crate) fn input(resource: &Resource) -> Map<String, Json> {
    let source = resource.source.as_ref().map(json).unwrap_or_default();
    let source = source.as_object().cloned().unwrap_or_default();
    let known = match resource.type_name.as_str() {
        // Without a branch it is that of the repository, and not `main`.
        "git" if source.contains_key("branch") => {
            known_fields(&source, "git", GIT, &[("fetch_tags", Json::Bool(false))])
        }
        "registry-image" => image(&source),
        "s3" => known_fields(&source, "s3", S3, &[]),
        "github-release" => release(&source),
        _ => None,
    };
    let mut settings = known.unwrap_or_else(|| any(resource, &source));
    escape_all(&mut settings);
    // What a manifest takes for granted is less often than what Concourse does.
    let granted = matches!(resource.type_name.as_str(), "git" | "github-release").then_some("1m");
    let check_every = resource.check_every.as_deref().or(granted);
    settings.extend(check_every.map(|every| ("check_every".to_owned(), every.into())));
    if let (Some(token), Some(git)) = (&resource.webhook_token, settings.get_mut("git").and_then(Json::as_object_mut)) {
        git.insert("webhook".to_owned(), token.as_str().into());
    }
    settings
}

/// A key of a source, what it is called in a manifest, and whether only the name of a credential may stand there.
type Field = (&'static str, &'static str, bool);

const GIT: &[Field] = &[
    ("uri", "repository", false),
    ("branch", "branch", false),
    ("paths", "paths", false),
    ("tag_filter", "tag_filter", false),
    ("private_key", "private_key", true),
];

const S3: &[Field] = &[
    ("bucket", "bucket", false),
    ("regexp", "regexp", false),
    ("versioned_file", "versioned_file", false),
    ("region_name", "region", false),
    ("enable_aws_creds_provider", "aws_role", false),
    ("access_key_id", "access_key", true),
    ("secret_access_key", "secret_key", true),
];

const IMAGE: &[Field] = &[
    ("repository", "repository", false),
    ("tag", "tag", false),
    ("semver_constraint", "versions", false),
    ("tag_regex", "tag_regex", false),
    ("created_at_sort", "newest_by", false),
    ("aws_region", "region", false),
    ("username", "username", false),
    ("password", "password", true),
];

/// The source in the manifest's words. None when it says something that they cannot.
fn known_fields(
    source: &Map<String, Json>,
    kind: &str,
    fields: &[Field],
    granted: &[(&str, Json)],
) -> Option<Map<String, Json>> {
    let mut settings = Map::new();
    for (key, value) in source {
        if granted.iter().any(|(name, granted)| name == key && granted == value) {
            continue;
        }
        let (_, name, secret) = fields.iter().find(|(name, ..)| name == key)?;
        if *secret && !value.as_str().is_some_and(Secret::is_reference) {
            return None;
        }
        let fits = match *name {
            "paths" => value.as_array().is_some_and(|paths| paths.iter().all(Json::is_string)),
            "aws_role" => value.is_boolean(),
            _ => value.is_string() || value.is_number() || value.is_boolean(),
        };
        if !fits {
            return None;
        }
        settings.insert(
            (*name).to_owned(),
            if *name == "paths" || *name == "aws_role" { value.clone() } else { text(value).into() },
        );
    }
    Some(Map::from_iter([(kind.to_owned(), settings.into())]))
}

fn image(source: &Map<String, Json>) -> Option<Map<String, Json>> {
    if source.get("created_at_sort").is_some_and(|sort| *sort != true) {
        return None;
    }
    let mut settings = known_fields(source, "image", IMAGE, &[])?;
    if let Some(newest) = settings.get_mut("image").and_then(|image| image.get_mut("newest_by")) {
        *newest = "created".into();
    }
    Some(settings)
}

fn release(source: &Map<String, Json>) -> Option<Map<String, Json>> {
    let mut rest = source.clone();
    let (owner, repository) = (rest.shift_remove("owner")?, rest.shift_remove("repository")?);
    let fields: &[Field] =
        &[("tag_filter", "tag_filter", false), ("order_by", "order_by", false), ("access_token", "token", true)];
    let mut settings = known_fields(&rest, "github_release", fields, &[])?;
    let name = format!("{}/{}", owner.as_str()?, repository.as_str()?);
    if let Some(release) = settings.get_mut("github_release").and_then(Json::as_object_mut) {
        release.shift_insert(0, "repository".to_owned(), name.into());
    }
    Some(settings)
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
    let pin = match resource.type_name.as_str() {
        "git" => Some(commit_file(resource)),
        "registry-image" | "docker-image" => Some("digest"),
        "s3" => Some("version"),
        "github-release" => Some("tag"),
        "semver" => Some("number"),
        _ => None,
    };
    settings.extend(pin.map(|pin| ("pin".to_owned(), pin.into())));
    settings
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn escape_all(settings: &mut Map<String, Json>) {
    settings.values_mut().for_each(escape);
}
