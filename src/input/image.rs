//! The input `image`: an image of a registry.

use concourse_pipeline::model::{Resource, ResourceName};
use minijinja::Value as TemplateValue;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use yaml_source::diagnostic::{Diagnostic, Rule, did_you_mean};
use yaml_source::markdown::as_code;
use yaml_source::yaml::{IndexMap, Value, escape};

use crate::formats::{Check, pattern, registry};
use crate::manifest::{CheckEvery, FreeMap, InputFile, Secret, Template};

use super::concourse::{ConcourseType, Field, core_type, resource, settings_of};
use super::{InputSource, InputType, SourceReader, text_or_none};

/// An image.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageSettings {
    /// Its name, with a registry's where it is not the default one.
    #[serde(default)]
    #[schemars(example = &"docker.io/typesense/typesense")]
    pub repository: Option<Template>,
    /// The tag.
    #[serde(default)]
    #[schemars(example = &"27.1")]
    pub tag: Option<Template>,
    /// The versions that count, as a constraint on tags that are semantic versions. The highest of them is the newest.
    #[serde(default)]
    #[schemars(example = &"27.x")]
    pub versions: Option<Template>,
    /// The tags that count, of which the youngest image is the newest: needs `newest_by: created`.
    #[serde(default)]
    #[schemars(example = &r"^27\.[0-9]+$")]
    pub tag_regex: Option<Template>,
    /// Which of several tags is the newest.
    #[serde(default)]
    #[schemars(example = &"version")]
    pub newest_by: Option<NewestBy>,
    /// Region of an Amazon registry.
    #[serde(default)]
    #[schemars(example = &"us-east-1")]
    pub region: Option<Template>,
    /// Account at the registry.
    #[serde(default)]
    #[schemars(example = &"((registry.username))")]
    pub username: Option<Template>,
    /// Its password.
    #[serde(default)]
    #[schemars(example = &"((registry.password))")]
    pub password: Option<Secret>,
    /// More of the `source` of Concourse's `registry-image` type, in its own words.
    #[serde(default)]
    #[schemars(with = "Option<FreeMap>")]
    #[schemars(example = json!({"variant": "alpine"}))]
    pub extra: Option<Value>,
}

/// Which of several tags is the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum NewestBy {
    /// The highest semantic version.
    Version,
    /// The youngest image.
    Created,
}

/// An image in a registry.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageSource {
    /// Its name.
    pub repository: String,
    /// The tag.
    pub tag: Option<String>,
    /// A constraint on tags that are semantic versions.
    pub versions: Option<String>,
    /// Tags that count as versions.
    pub tag_regex: Option<String>,
    /// What the newest tag is.
    pub newest_by: Option<NewestBy>,
    /// Region of an Amazon registry.
    pub region: Option<String>,
    /// Account.
    pub username: Option<String>,
    /// The name of a credential.
    pub password: Option<String>,
    /// More of the resource's source.
    pub extra: IndexMap<String, Value>,
}

impl ImageSource {
    /// How Concourse names and writes it.
    pub(super) const CONCOURSE_TYPE: Option<ConcourseType> = Some(ConcourseType {
        name: "registry-image",
        settings: |source| {
            if source.get("created_at_sort").is_some_and(|sort| *sort != true) {
                return None;
            }
            let mut settings = settings_of(source, "image", FIELDS, &[])?;
            if let Some(newest) = settings.get_mut("image").and_then(|image| image.get_mut("newest_by")) {
                *newest = "created".into();
            }
            Some(settings)
        },
        version_file: |_| "digest",
        other_version_files: &["tag"],
        has_default_check: false,
    });

    /// What variables with its credentials are called.
    pub(super) const CREDENTIALS: Option<(&'static str, &'static str)> = Some(("image", "registry"));

    /// Fields whose text has a format.
    pub(super) const FORMATS: &'static [(&'static str, Check)] = &[
        ("/image/repository", registry::image),
        ("/image/tag", registry::image_tag),
        ("/image/versions", registry::constraint),
        ("/image/tag_regex", pattern::pattern),
    ];

    /// Reads the settings. `None` where something is missing or wrong, which is reported.
    pub(super) fn read(settings: ImageSettings, reader: &mut SourceReader<'_>) -> Option<Self> {
        check_order_of_tags(&settings, reader);
        let repository = reader.needed(settings.repository, "image", "repository")?;
        Some(Self {
            repository,
            tag: settings.tag.map(|text| text.0),
            versions: settings.versions.map(|text| text.0),
            tag_regex: settings.tag_regex.map(|text| text.0),
            newest_by: settings.newest_by,
            region: settings.region.map(|text| text.0),
            username: settings.username.map(|text| text.0),
            password: settings.password.map(|secret| secret.0),
            extra: reader.more(settings.extra, "image", FIELDS),
        })
    }
}

impl InputType for ImageSource {
    fn version_file(&self) -> Option<&'static str> {
        Some("digest")
    }

    /// A digest is content, whatever registry has it.
    fn is_same_place(&self, other: &InputSource, pin: Option<&str>) -> bool {
        let InputSource::Image(other) = other else { return false };
        pin == Some("digest") || (&self.repository, &self.region) == (&other.repository, &other.region)
    }

    fn resource(&self, name: &ResourceName, check_every: Option<&CheckEvery>) -> Resource {
        let mut source: IndexMap<String, Value> = IndexMap::default();
        source.insert("repository".into(), self.repository.as_str().into());
        let texts = [
            ("tag", &self.tag),
            ("semver_constraint", &self.versions),
            ("tag_regex", &self.tag_regex),
            ("aws_region", &self.region),
            ("username", &self.username),
            ("password", &self.password),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                source.insert(key.into(), text.as_str().into());
            }
        }
        match self.newest_by {
            Some(NewestBy::Created) => _ = source.insert("created_at_sort".into(), true.into()),
            // Without any constraint the resource takes the tag `latest` for newer than all versions.
            Some(NewestBy::Version) => _ = source.entry("semver_constraint".into()).or_insert_with(|| ">=0.0.0".into()),
            None => {}
        }
        source.extend(self.extra.clone());
        resource(name, core_type("registry-image"), None, source, check_every)
    }

    fn target(&self) -> TemplateValue {
        TemplateValue::from_pairs([
            ("repository", TemplateValue::from(self.repository.as_str())),
            ("tag", text_or_none(self.tag.as_deref())),
            ("versions", text_or_none(self.versions.as_deref())),
            ("tag_regex", text_or_none(self.tag_regex.as_deref())),
            (
                "newest_by",
                self.newest_by.map_or(TemplateValue::from(()), |newest| match newest {
                    NewestBy::Version => "version".into(),
                    NewestBy::Created => "created".into(),
                }),
            ),
            ("region", text_or_none(self.region.as_deref())),
            ("username", text_or_none(self.username.as_deref())),
            ("password", text_or_none(self.password.as_deref())),
        ])
    }

    fn made_elsewhere(&self) -> String {
        format!("the image {}, which is made elsewhere", as_code(&self.repository))
    }

    fn check_pin(&self, name: &str, file: &str) -> Result<(), (String, String)> {
        if VERSION_FILES.contains(&file) {
            return Ok(());
        }
        Err((
            format!("`{file}` of the image `{name}` names no version"),
            "remove `pin`, so that an approval names the digest".to_owned(),
        ))
    }

    /// A deployment gets the digest, and has no use for the image itself.
    fn default_params(&self) -> Option<Value> {
        Some(Value::map([("skip_download", true.into())]))
    }

    /// Reports variables that are made from files which no get of an image writes.
    fn check_files(&self, env: &IndexMap<String, InputFile>, reader: &mut SourceReader<'_>) {
        // The files of a get are known of Concourse's own type.
        if (reader.own_type)("registry-image").is_some() {
            return;
        }
        for (variable, InputFile(file)) in env {
            let is_below = ["rootfs/", "oci/"].iter().any(|folder| file.starts_with(folder));
            let is_file = IMAGE_FILES.contains(&file.as_str()) || is_below;
            let place = reader.settings.at(&format!("{}/env/{}", reader.place.pointer, escape(variable)));
            let Some(place) = place.filter(|_| !is_file) else { continue };
            let help = if IMAGE_FILES.contains(&variable.as_str()) {
                format!("write `{{{file}: {variable}}}`")
            } else {
                did_you_mean(file, IMAGE_FILES).map_or_else(
                    || "write `digest`, `repository` or `tag`".to_owned(),
                    |meant| format!("did you mean `{meant}`?"),
                )
            };
            let message = format!("an image has no file `{file}`");
            reader.diagnostics.push(Diagnostic::new(Rule::WrongType, place.span, message).help(help));
        }
    }
}

/// The files that name the version of an image.
const VERSION_FILES: [&str; 2] = ["digest", "tag"];

/// Files that a get of an image writes, without those of its root file system and of its layout
/// ([registry-image](https://github.com/concourse/registry-image-resource), `in`).
const IMAGE_FILES: [&str; 6] = ["digest", "repository", "tag", "labels.json", "metadata.json", "image.tar"];

/// The fields of a source that have a word in a manifest.
const FIELDS: &[Field] = &[
    ("repository", "repository", false),
    ("tag", "tag", false),
    ("semver_constraint", "versions", false),
    ("tag_regex", "tag_regex", false),
    ("created_at_sort", "newest_by", false),
    ("aws_region", "region", false),
    ("username", "username", false),
    ("password", "password", true),
];

/// Reports tags whose newest one the fields do not say, or say twice. With `tag_regex` alone Concourse takes the last
/// tag of the registry's own list, where 27.9 comes after 27.10.
fn check_order_of_tags(settings: &ImageSettings, reader: &mut SourceReader<'_>) {
    let image = format!("{}/image", reader.place.pointer);
    let at =
        |field: &str| reader.settings.at(&format!("{image}/{field}")).map_or(reader.place.key_span, |node| node.span);
    let name = reader.place.name;
    if settings.tag.is_some() {
        let others = [
            ("versions", settings.versions.is_some()),
            ("tag_regex", settings.tag_regex.is_some()),
            ("newest_by", settings.newest_by.is_some()),
        ];
        for (field, _) in others.into_iter().filter(|(_, is_set)| *is_set) {
            reader.diagnostics.push(
                Diagnostic::new(Rule::NoEffect, at(field), format!("`{field}` has no effect beside `tag`"))
                    .help(format!("remove `tag`, or remove `{field}`")),
            );
        }
        return;
    }
    let Some(regex) = &settings.tag_regex else {
        if settings.versions.is_some() && settings.newest_by == Some(NewestBy::Created) {
            reader.diagnostics.push(
                Diagnostic::new(
                    Rule::NoEffect,
                    at("newest_by"),
                    format!("`versions` of `{name}` takes the highest version, not the youngest image"),
                )
                .help("remove `newest_by`, or write `tag_regex` in place of `versions`"),
            );
        }
        return;
    };
    let constraint = constraint_of(&regex.0);
    let diagnostic = if settings.versions.is_some() {
        Diagnostic::new(Rule::NoEffect, at("tag_regex"), format!("`{name}` has both `versions` and `tag_regex`"))
            .help("keep `versions` for the highest version, or `tag_regex` with `newest_by: created`")
    } else {
        match settings.newest_by {
            Some(NewestBy::Created) => return,
            Some(NewestBy::Version) => Diagnostic::new(
                Rule::NoEffect,
                at("tag_regex"),
                format!("Concourse does not order the tags of `{name}` by version when there is a `tag_regex`"),
            )
            .help(format!("write `versions: {constraint}` in place of `tag_regex`")),
            None => Diagnostic::new(
                Rule::UnorderedTags,
                at("tag_regex"),
                format!("the newest tag of `{name}` is the last one that the registry lists"),
            )
            .note("most registries list tags by letters, where 27.9 comes after 27.10")
            .help(format!("write `versions: {constraint}` in place of `tag_regex`, or add `newest_by: created`")),
        }
    };
    reader.diagnostics.push(diagnostic);
}

/// A constraint on versions that a pattern of tags may have meant: `27.x` of `^27\.[0-9]+$`.
fn constraint_of(regex: &str) -> String {
    let rest = regex.trim_start_matches('^').trim_start_matches('v').replace("\\.", ".");
    let numbers: Vec<&str> = rest
        .split('.')
        .take(2)
        .take_while(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()))
        .collect();
    if numbers.is_empty() { "\">=0.0.0\"".to_owned() } else { format!("{}.x", numbers.join(".")) }
}
