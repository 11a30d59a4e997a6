//! The input `github_release`: the releases of a repository on GitHub.

use concourse_pipeline::model::{Resource, ResourceName};
use github_issues_resource::contract::ContentFiles;
use minijinja::Value as TemplateValue;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use yaml_source::diagnostic::{Diagnostic, Rule};
use yaml_source::yaml::{IndexMap, Value};

use crate::formats::{Check, github, pattern};
use crate::manifest::{CheckEvery, FreeMap, Secret, Template};

use super::concourse::{ConcourseType, Field, check_version_file, core_type, resource, settings_of};
use super::{InputSource, InputType, SourceReader, except, text_or_none};

/// A release on GitHub.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseSettings {
    /// `owner/name`.
    #[serde(default)]
    #[schemars(example = &"prometheus/prometheus")]
    pub repository: Option<Template>,
    /// The tags that count as versions; a group names the version: `v(.*)`.
    #[serde(default)]
    #[schemars(example = &"v(.*)")]
    pub tag_filter: Option<Template>,
    /// What the newest of several releases is. Default: the highest version.
    #[serde(default)]
    #[schemars(example = &"time")]
    pub order_by: Option<OrderBy>,
    /// An access token, for a repository that not everybody may read.
    #[serde(default)]
    #[schemars(example = &"((github.token))")]
    pub token: Option<Secret>,
    /// More of the `source` of Concourse's `github-release` type, in its own words.
    #[serde(default)]
    #[schemars(with = "Option<FreeMap>")]
    #[schemars(example = json!({"pre_release": true}))]
    pub extra: Option<Value>,
}

/// What the newest of several releases is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum OrderBy {
    /// The highest semantic version.
    Version,
    /// The youngest.
    Time,
}

impl OrderBy {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Time => "time",
        }
    }
}

/// A release on GitHub.
#[derive(Clone, Debug, PartialEq)]
pub struct ReleaseSource {
    /// Whose.
    pub owner: String,
    /// Of what.
    pub repository: String,
    /// Tags that count as versions.
    pub tag_filter: Option<String>,
    /// What the newest is.
    pub order_by: Option<OrderBy>,
    /// The name of a credential.
    pub token: Option<String>,
    /// More of the resource's source.
    pub extra: IndexMap<String, Value>,
}

impl ReleaseSource {
    /// The files of a get that hold the name of the version, and nothing of its content.
    pub(super) const NAME: &'static [&'static str] = &["body", "commit_sha", "tag", "timestamp", "url", "version"];

    /// The files of a get that can differ although the files of the release are the same.
    pub(super) const NO_CONTENT: &'static [&'static str] = &["body", "timestamp", "url"];

    /// How Concourse names and writes it.
    pub(super) const CONCOURSE_TYPE: Option<ConcourseType> = Some(ConcourseType {
        name: "github-release",
        settings: |source| {
            let mut rest = source.clone();
            let (owner, repository) = (rest.shift_remove("owner")?, rest.shift_remove("repository")?);
            let mut settings = settings_of(&rest, "github_release", FIELDS, &[])?;
            let name = format!("{}/{}", owner.as_str()?, repository.as_str()?);
            if let Some(release) = settings.get_mut("github_release").and_then(Json::as_object_mut) {
                release.shift_insert(0, "repository".to_owned(), name.into());
            }
            Some(settings)
        },
        version_file: |_| "tag",
        other_version_files: &["version", "commit_sha"],
        has_default_check: true,
    });

    /// What variables with its credentials are called.
    pub(super) const CREDENTIALS: Option<(&'static str, &'static str)> = Some(("github_release", "github"));

    /// Fields whose text has a format.
    pub(super) const FORMATS: &'static [(&'static str, Check)] =
        &[("/github_release/repository", github::repository), ("/github_release/tag_filter", pattern::pattern)];

    /// Reads the settings. `None` where something is missing or wrong, which is reported.
    pub(super) fn read(settings: ReleaseSettings, reader: &mut SourceReader<'_>) -> Option<Self> {
        let whole = reader.needed(settings.repository, "github_release", "repository")?;
        let Some((owner, repository)) =
            whole.split_once('/').filter(|(owner, name)| !owner.is_empty() && !name.is_empty() && !name.contains('/'))
        else {
            let pointer = format!("{}/github_release/repository", reader.place.pointer);
            let span = reader.settings.at(&pointer).map_or(reader.place.key_span, |node| node.span);
            if !reader.diagnostics.speaks_of(span) {
                reader.diagnostics.push(
                    Diagnostic::new(Rule::WrongType, span, format!("`{whole}` is not a repository on GitHub"))
                        .help("write OWNER/NAME, such as example/shop"),
                );
            }
            return None;
        };
        Some(Self {
            owner: owner.to_owned(),
            repository: repository.to_owned(),
            tag_filter: settings.tag_filter.map(|text| text.0),
            order_by: settings.order_by,
            token: settings.token.map(|secret| secret.0),
            extra: reader.more(settings.extra, "github_release", FIELDS),
        })
    }
}

impl InputType for ReleaseSource {
    /// The tag, since two tags, `v1.2` and `1.2`, come out as one version.
    fn version_file(&self) -> Option<&'static str> {
        Some("tag")
    }

    /// An asset of a release can be replaced.
    ///
    /// Source: what the `in` of Concourse's `github-release` resource writes besides the assets.
    fn fetched_content(&self, _params: Option<&Value>) -> Option<ContentFiles> {
        Some(except(Self::NO_CONTENT))
    }

    fn files_of_name(&self) -> &'static [&'static str] {
        Self::NAME
    }

    fn check_pin(&self, name: &str, file: &str) -> Result<(), (String, String)> {
        check_version_file(name, file, &["tag", "version", "commit_sha"])
    }

    fn is_same_place(&self, other: &InputSource, _pin: Option<&str>) -> bool {
        let InputSource::Release(other) = other else { return false };
        // A server of one's own has repositories of the same names.
        let server = |extra: &IndexMap<String, Value>| extra.get("github_api_url").cloned();
        (&self.owner, &self.repository, server(&self.extra)) == (&other.owner, &other.repository, server(&other.extra))
    }

    fn resource(&self, name: &ResourceName, check_every: Option<&CheckEvery>) -> Resource {
        let mut source: IndexMap<String, Value> = IndexMap::default();
        source.insert("owner".into(), self.owner.as_str().into());
        source.insert("repository".into(), self.repository.as_str().into());
        let order_by = self.order_by.map(OrderBy::as_str);
        let texts = [
            ("tag_filter", self.tag_filter.as_deref()),
            ("order_by", order_by),
            ("access_token", self.token.as_deref()),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                source.insert(key.into(), text.into());
            }
        }
        source.extend(self.extra.clone());
        resource(name, core_type("github-release"), Some("github"), source, check_every)
    }

    fn target(&self) -> TemplateValue {
        TemplateValue::from_pairs([
            ("owner", TemplateValue::from(self.owner.as_str())),
            ("repository", TemplateValue::from(self.repository.as_str())),
            ("tag_filter", text_or_none(self.tag_filter.as_deref())),
        ])
    }

    fn made_elsewhere(&self) -> String {
        "a release, which is made elsewhere".to_owned()
    }

    /// A release is rare.
    fn default_check(&self, _code: &CheckEvery) -> Option<CheckEvery> {
        Some(CheckEvery::daily())
    }
}

/// The fields of a source that have a word in a manifest.
const FIELDS: &[Field] = &[
    ("owner", "repository", false),
    ("repository", "repository", false),
    ("tag_filter", "tag_filter", false),
    ("order_by", "order_by", false),
    ("access_token", "token", true),
];
