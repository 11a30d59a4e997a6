//! The resources of code and inputs.

use concourse_pipeline::model::{Resource, ResourceName, ResourceTypeName};
use indexmap::IndexMap;
use yaml_source::yaml::Value;

use crate::manifest::{CheckEvery, NewestBy, OrderBy};
use crate::project::{GitSource, ImageSource, Input, ReleaseSource, S3Source, What};

use super::define::core_type;

/// The resource of an input.
pub(super) fn input_resource(input: &Input) -> Resource {
    match &input.what {
        What::Git(git) => git_resource(&input.name, git, input.check_every.as_ref()),
        What::Image(image) => image_resource(&input.name, image, input.check_every.as_ref()),
        What::S3(s3) => s3_resource(&input.name, s3, input.check_every.as_ref()),
        What::Release(release) => release_resource(&input.name, release, input.check_every.as_ref()),
        What::Resource(any) => Resource {
            source: any.source.clone(),
            ..resource(
                &input.name,
                any.type_name.clone(),
                any.icon.as_deref(),
                IndexMap::new(),
                input.check_every.as_ref(),
            )
        },
    }
}

/// The resource of a repository.
pub(super) fn git_resource(name: &ResourceName, git: &GitSource, check_every: Option<&CheckEvery>) -> Resource {
    let mut source: IndexMap<String, Value> = IndexMap::new();
    source.insert("uri".into(), git.repository.as_str().into());
    if let Some(branch) = &git.branch {
        source.insert("branch".into(), branch.as_str().into());
    }
    if !git.paths.is_empty() {
        let paths = git.paths.iter().map(|path| Value::from(path.as_str())).collect();
        source.insert("paths".into(), Value::List(paths));
    }
    match &git.tag_filter {
        Some(filter) => source.insert("tag_filter".into(), filter.as_str().into()),
        None if git.commit_file() != ".git/ref" => None,
        // Nobody here reads tags, and a repository has many.
        None => source.insert("fetch_tags".into(), false.into()),
    };
    if let Some(key) = &git.private_key {
        source.insert("private_key".into(), key.as_str().into());
    }
    source.extend(git.extra.clone());
    Resource {
        webhook_token: git.webhook.clone(),
        ..resource(name, core_type("git"), Some("git"), source, check_every)
    }
}

fn image_resource(name: &ResourceName, image: &ImageSource, check_every: Option<&CheckEvery>) -> Resource {
    let mut source: IndexMap<String, Value> = IndexMap::new();
    source.insert("repository".into(), image.repository.as_str().into());
    let texts = [
        ("tag", &image.tag),
        ("semver_constraint", &image.versions),
        ("tag_regex", &image.tag_regex),
        ("aws_region", &image.region),
        ("username", &image.username),
        ("password", &image.password),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            source.insert(key.into(), text.as_str().into());
        }
    }
    match image.newest_by {
        Some(NewestBy::Created) => _ = source.insert("created_at_sort".into(), true.into()),
        // Without any constraint the resource takes the tag `latest` for newer than all versions.
        Some(NewestBy::Version) => _ = source.entry("semver_constraint".into()).or_insert_with(|| ">=0.0.0".into()),
        None => {}
    }
    resource(name, core_type("registry-image"), None, source, check_every)
}

fn s3_resource(name: &ResourceName, s3: &S3Source, check_every: Option<&CheckEvery>) -> Resource {
    let mut source: IndexMap<String, Value> = IndexMap::new();
    source.insert("bucket".into(), s3.bucket.as_str().into());
    let texts = [
        ("regexp", &s3.regexp),
        ("versioned_file", &s3.versioned_file),
        ("region_name", &s3.region),
        ("access_key_id", &s3.access_key),
        ("secret_access_key", &s3.secret_key),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            source.insert(key.into(), text.as_str().into());
        }
    }
    if s3.aws_role {
        source.insert("enable_aws_creds_provider".into(), true.into());
    }
    resource(name, core_type("s3"), Some("bucket"), source, check_every)
}

fn release_resource(name: &ResourceName, release: &ReleaseSource, check_every: Option<&CheckEvery>) -> Resource {
    let mut source: IndexMap<String, Value> = IndexMap::new();
    source.insert("owner".into(), release.owner.as_str().into());
    source.insert("repository".into(), release.repository.as_str().into());
    let order_by = release.order_by.map(OrderBy::as_str);
    let texts = [
        ("tag_filter", release.tag_filter.as_deref()),
        ("order_by", order_by),
        ("access_token", release.token.as_deref()),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            source.insert(key.into(), text.into());
        }
    }
    resource(name, core_type("github-release"), Some("github"), source, check_every)
}

fn resource(
    name: &ResourceName,
    type_name: ResourceTypeName,
    icon: Option<&str>,
    source: IndexMap<String, Value>,
    check_every: Option<&CheckEvery>,
) -> Resource {
    Resource {
        name: name.clone(),
        old_name: None,
        type_name,
        icon: icon.map(String::from),
        source: Some(Value::Map(source)),
        check_every: check_every.map(CheckEvery::to_concourse),
        check_timeout: None,
        webhook_token: None,
        expose_build_created_by: None,
        public: None,
        tags: Vec::new(),
        version: None,
    }
}
