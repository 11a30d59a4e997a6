//! The input `s3`: files of a bucket.

use concourse_pipeline::model::{Resource, ResourceName};
use github_issues_resource::contract::ContentFiles;
use minijinja::Value as TemplateValue;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use yaml_source::diagnostic::{Diagnostic, Rule};
use yaml_source::yaml::{IndexMap, Value};

use crate::formats::{Check, pattern};
use crate::manifest::{CheckEvery, FreeMap, Secret, Template};

use super::concourse::{ConcourseType, Field, check_version_file, core_type, resource, settings_of};
use super::{InputSource, InputType, SourceReader, except, skips_download, text_or_none};

/// A file in a bucket of S3: one whose name holds its version, or one of which the bucket keeps versions.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct S3Settings {
    /// The bucket.
    #[serde(default)]
    #[schemars(example = &"releases")]
    pub bucket: Option<Template>,
    /// The files that count as versions; a group names the version: `app/release-(.*).tgz`.
    #[serde(default)]
    #[schemars(example = &"app/release-(.*).tgz")]
    pub regexp: Option<Template>,
    /// The file, in a bucket that keeps versions.
    #[serde(default)]
    #[schemars(example = &"app/release.tgz")]
    pub versioned_file: Option<Template>,
    /// Region of the bucket.
    #[serde(default)]
    #[schemars(example = &"us-east-1")]
    pub region: Option<Template>,
    /// Uses the role that the worker has.
    #[serde(default)]
    #[schemars(example = true)]
    pub aws_role: Option<bool>,
    /// Id of an access key.
    #[serde(default)]
    #[schemars(example = &"((aws.access_key))")]
    pub access_key: Option<Secret>,
    /// The secret of that key.
    #[serde(default)]
    #[schemars(example = &"((aws.secret_key))")]
    pub secret_key: Option<Secret>,
    /// More of the `source` of Concourse's `s3` type, in its own words.
    #[serde(default)]
    #[schemars(with = "Option<FreeMap>")]
    #[schemars(example = json!({"endpoint": "https://minio.example.com"}))]
    pub extra: Option<Value>,
}

/// A file in a bucket of S3. It has a `regexp` or a `versioned_file`.
#[derive(Clone, Debug, PartialEq)]
pub struct S3Source {
    /// The bucket.
    pub bucket: String,
    /// Files that count as versions.
    pub regexp: Option<String>,
    /// The file of which the bucket keeps versions.
    pub versioned_file: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// Uses the worker's role.
    pub aws_role: bool,
    /// The name of a credential.
    pub access_key: Option<String>,
    /// The name of a credential.
    pub secret_key: Option<String>,
    /// More of the resource's source.
    pub extra: IndexMap<String, Value>,
}

impl S3Source {
    /// The files of a get that hold the name of the version, and nothing of its content.
    pub(super) const NAME: &'static [&'static str] = &["url", "version"];

    /// The files of a get that can differ although the object is the same.
    pub(super) const NO_CONTENT: &'static [&'static str] = &["url"];

    /// How Concourse names and writes it.
    pub(super) const CONCOURSE_TYPE: Option<ConcourseType> = Some(ConcourseType {
        name: "s3",
        settings: |source| settings_of(source, "s3", FIELDS, &[]),
        version_file: |_| "version",
        other_version_files: &["url"],
        has_default_check: false,
    });

    /// What variables with its credentials are called.
    pub(super) const CREDENTIALS: Option<(&'static str, &'static str)> = Some(("s3", "aws"));

    /// Fields whose text has a format.
    pub(super) const FORMATS: &'static [(&'static str, Check)] = &[("/s3/regexp", pattern::pattern_of_names)];

    /// Reads the settings. `None` where something is missing or wrong, which is reported.
    pub(super) fn read(settings: S3Settings, reader: &mut SourceReader<'_>) -> Option<Self> {
        let bucket = reader.needed(settings.bucket, "s3", "bucket")?;
        let (regexp, versioned_file) = (settings.regexp.map(|text| text.0), settings.versioned_file.map(|text| text.0));
        if regexp.is_some() == versioned_file.is_some() {
            let span = reader
                .settings
                .at(&format!("{}/s3", reader.place.pointer))
                .map_or(reader.place.key_span, |node| node.span);
            if !reader.diagnostics.speaks_within(span) {
                let message = format!("the files of `{}` need `regexp` or `versioned_file`", reader.place.name);
                let help = "write `regexp`, a pattern with a group for the version, or `versioned_file`, a file whose versions the bucket keeps";
                reader.diagnostics.push(Diagnostic::new(Rule::MissingField, span, message).help(help));
            }
            return None;
        }
        Some(Self {
            bucket,
            regexp,
            versioned_file,
            region: settings.region.map(|text| text.0),
            aws_role: settings.aws_role.unwrap_or(false),
            access_key: settings.access_key.map(|secret| secret.0),
            secret_key: settings.secret_key.map(|secret| secret.0),
            extra: reader.more(settings.extra, "s3", FIELDS),
        })
    }
}

impl InputType for S3Source {
    fn version_file(&self) -> Option<&'static str> {
        Some("version")
    }

    /// An object can be replaced. A version that the bucket keeps cannot.
    ///
    /// Source: what the `in` of Concourse's `s3` resource writes besides the object.
    fn fetched_content(&self, params: Option<&Value>) -> Option<ContentFiles> {
        self.regexp.as_ref()?;
        let tags = params.and_then(|params| params.get("download_tags")) == Some(&Value::Bool(true));
        Some(except(if tags { &["tags.json", "url"] } else { Self::NO_CONTENT }))
    }

    fn fetches_only_its_name(&self, params: Option<&Value>) -> bool {
        skips_download(params)
    }

    fn files_of_name(&self) -> &'static [&'static str] {
        Self::NAME
    }

    fn check_pin(&self, name: &str, file: &str) -> Result<(), (String, String)> {
        check_version_file(name, file, &["version", "url"])
    }

    fn is_version_content(&self) -> bool {
        self.regexp.is_none()
    }

    fn is_same_place(&self, other: &InputSource, _pin: Option<&str>) -> bool {
        let InputSource::S3(other) = other else { return false };
        // Another server has buckets of the same names.
        let server = |extra: &IndexMap<String, Value>| extra.get("endpoint").cloned();
        (&self.bucket, &self.regexp, server(&self.extra)) == (&other.bucket, &other.regexp, server(&other.extra))
    }

    fn resource(&self, name: &ResourceName, check_every: Option<&CheckEvery>) -> Resource {
        let mut source: IndexMap<String, Value> = IndexMap::default();
        source.insert("bucket".into(), self.bucket.as_str().into());
        let texts = [
            ("regexp", &self.regexp),
            ("versioned_file", &self.versioned_file),
            ("region_name", &self.region),
            ("access_key_id", &self.access_key),
            ("secret_access_key", &self.secret_key),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                source.insert(key.into(), text.as_str().into());
            }
        }
        if self.aws_role {
            source.insert("enable_aws_creds_provider".into(), true.into());
        }
        source.extend(self.extra.clone());
        resource(name, core_type("s3"), Some("bucket"), source, check_every)
    }

    fn target(&self) -> TemplateValue {
        TemplateValue::from_pairs([
            ("bucket", TemplateValue::from(self.bucket.as_str())),
            ("regexp", text_or_none(self.regexp.as_deref())),
            ("versioned_file", text_or_none(self.versioned_file.as_deref())),
            ("region", text_or_none(self.region.as_deref())),
        ])
    }

    fn made_elsewhere(&self) -> String {
        "a file of a bucket, which is made elsewhere".to_owned()
    }
}

/// The fields of a source that have a word in a manifest.
const FIELDS: &[Field] = &[
    ("bucket", "bucket", false),
    ("regexp", "regexp", false),
    ("versioned_file", "versioned_file", false),
    ("region_name", "region", false),
    ("enable_aws_creds_provider", "aws_role", false),
    ("access_key_id", "access_key", true),
    ("secret_access_key", "secret_key", true),
];
