//! Resources as inputs of a manifest.

use concourse_pipeline::model::Resource;
use serde_json::{Map, Value as Json, json};

use crate::manifest::Secret;

use super::draft::commit_file;
use super::graph::json;
use super::own::escape;

/// What an input is, in the words of a manifest: `git`, `image`, `s3`, `github_release`, or `resource` for all that
/// these cannot say.
pub(super) fn input(resource: &Resource) -> Map<String, Json> {
    let source = resource.source.as_ref().map(json).unwrap_or_default();
    let source = source.as_object().cloned().unwrap_or_default();
    let words = match resource.type_name.as_str() {
        // Without a branch it is that of the repository, and not `main`.
        "git" if source.contains_key("branch") => words(&source, "git", GIT, &[("fetch_tags", Json::Bool(false))]),
        "registry-image" => image(&source),
        "s3" => words(&source, "s3", S3, &[]),
        "github-release" => release(&source),
        _ => None,
    };
    let mut said = words.unwrap_or_else(|| any(resource, &source));
    escape_all(&mut said);
    // What a manifest takes for granted is less often than what Concourse does.
    let granted = matches!(resource.type_name.as_str(), "git" | "github-release").then_some("1m");
    let check_every = resource.check_every.as_deref().or(granted);
    said.extend(check_every.map(|every| ("check_every".to_owned(), every.into())));
    if let (Some(token), Some(git)) = (&resource.webhook_token, said.get_mut("git").and_then(Json::as_object_mut)) {
        git.insert("webhook".to_owned(), token.as_str().into());
    }
    said
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
fn words(
    source: &Map<String, Json>,
    kind: &str,
    fields: &[Field],
    granted: &[(&str, Json)],
) -> Option<Map<String, Json>> {
    let mut said = Map::new();
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
        said.insert(
            (*name).to_owned(),
            if *name == "paths" || *name == "aws_role" { value.clone() } else { text(value).into() },
        );
    }
    Some(Map::from_iter([(kind.to_owned(), said.into())]))
}

fn image(source: &Map<String, Json>) -> Option<Map<String, Json>> {
    if source.get("created_at_sort").is_some_and(|sort| *sort != true) {
        return None;
    }
    let mut said = words(source, "image", IMAGE, &[])?;
    if let Some(newest) = said.get_mut("image").and_then(|image| image.get_mut("newest_by")) {
        *newest = "created".into();
    }
    Some(said)
}

fn release(source: &Map<String, Json>) -> Option<Map<String, Json>> {
    let mut rest = source.clone();
    let (owner, repository) = (rest.shift_remove("owner")?, rest.shift_remove("repository")?);
    let fields: &[Field] =
        &[("tag_filter", "tag_filter", false), ("order_by", "order_by", false), ("access_token", "token", true)];
    let mut said = words(&rest, "github_release", fields, &[])?;
    let name = format!("{}/{}", owner.as_str()?, repository.as_str()?);
    if let Some(release) = said.get_mut("github_release").and_then(Json::as_object_mut) {
        release.shift_insert(0, "repository".to_owned(), name.into());
    }
    Some(said)
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
    let mut said = Map::from_iter([("resource".to_owned(), any)]);
    let pin = match resource.type_name.as_str() {
        "git" => Some(commit_file(resource)),
        "registry-image" | "docker-image" => Some("digest"),
        "s3" => Some("version"),
        "github-release" => Some("tag"),
        "semver" => Some("number"),
        _ => None,
    };
    said.extend(pin.map(|pin| ("pin".to_owned(), pin.into())));
    said
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn escape_all(said: &mut Map<String, Json>) {
    said.values_mut().for_each(escape);
}
