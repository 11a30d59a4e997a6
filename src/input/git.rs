//! The input `git`: a branch of a repository, or its tags.

use concourse_pipeline::Repository;
use concourse_pipeline::model::{Resource, ResourceName};
use minijinja::Value as TemplateValue;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use yaml_source::yaml::{IndexMap, Value};

use crate::formats::{Check, git};
use crate::manifest::{CheckEvery, FreeMap, Secret, Template};

use super::concourse::{ConcourseType, Field, core_type, resource, settings_of};
use super::{InputSource, InputType, SourceReader, paths, text_or_none};

/// A repository.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GitSettings {
    /// Its address. Default: the code's.
    #[serde(default)]
    #[schemars(example = &"https://github.com/example/charts")]
    pub repository: Option<Template>,
    /// The branch. Default: the code's, or `main` of another repository.
    #[serde(default)]
    #[schemars(example = &"main")]
    pub branch: Option<Template>,
    /// Watched paths. Default: all.
    #[serde(default)]
    #[schemars(example = ["charts/cart"])]
    pub paths: Vec<Template>,
    /// Only commits with a tag that this glob matches.
    #[serde(default)]
    #[schemars(example = &"v*")]
    pub tag_filter: Option<Template>,
    /// For a repository that not everybody may read.
    #[serde(default)]
    #[schemars(example = &"((git.private_key))")]
    pub private_key: Option<Secret>,
    /// Lets a webhook have Concourse look for commits at once: the token of its address.
    #[serde(default)]
    #[schemars(example = &"((concourse.webhook_token))")]
    pub webhook: Option<Secret>,
    /// More of the `source` of Concourse's `git` type, in its own words.
    #[serde(default)]
    #[schemars(with = "Option<FreeMap>")]
    #[schemars(example = json!({"submodule_credentials": []}))]
    pub extra: Option<Value>,
}

/// A git resource.
#[derive(Clone, Debug, PartialEq)]
pub struct GitSource {
    /// Its address.
    pub repository: String,
    /// The branch; the repository's default without.
    pub branch: Option<String>,
    /// Watched paths; all when there are none.
    pub paths: Vec<String>,
    /// Only commits with such a tag.
    pub tag_filter: Option<String>,
    /// The name of a credential.
    pub private_key: Option<String>,
    /// The name of the token by which a webhook has Concourse look.
    pub webhook: Option<String>,
    /// More of the resource's source.
    pub extra: IndexMap<String, Value>,
}

impl GitSource {
    /// How Concourse names and writes it.
    pub(super) const CONCOURSE_TYPE: Option<ConcourseType> = Some(ConcourseType {
        name: "git",
        settings: |source| {
            // Without a branch it is the default branch of the repository, and not `main`.
            if !source.contains_key("branch") {
                return None;
            }
            settings_of(source, "git", FIELDS, &[("fetch_tags", Json::Bool(false))])
        },
        version_file: |source| {
            if source.contains_key("tag_filter") || source.contains_key("tag_regex") { ".git/HEAD" } else { ".git/ref" }
        },
        other_version_files: &[],
        has_default_check: true,
    });

    /// Variables with its credentials are called `git`, as all that no other type claims.
    pub(super) const CREDENTIALS: Option<(&'static str, &'static str)> = None;

    /// Fields whose text has a format.
    pub(super) const FORMATS: &'static [(&'static str, Check)] =
        &[("/git/repository", git::clone_address), ("/git/branch", git::branch), ("/git/paths/*", git::path_of_code)];

    /// The file of a clone that names its commit. Under a filter of tags `.git/ref` holds the name of the tag, which can
    /// be moved.
    pub fn commit_file(&self) -> &'static str {
        let filters = |key: &str| self.extra.contains_key(key);
        if self.tag_filter.is_some() || filters("tag_filter") || filters("tag_regex") {
            ".git/HEAD"
        } else {
            ".git/ref"
        }
    }

    /// Reads the settings, whose fields all have a default.
    #[expect(clippy::unnecessary_wraps, reason = "the other types can lack a field")]
    pub(super) fn read(settings: GitSettings, reader: &mut SourceReader<'_>) -> Option<Self> {
        let code = reader.code;
        let own = settings.repository.as_ref().is_none_or(|repository| repository.0 == code.repository);
        let inherited = |secret: &Option<String>| if own { secret.clone() } else { None };
        Some(Self {
            repository: settings.repository.map_or_else(|| code.repository.clone(), |text| text.0),
            branch: settings
                .branch
                .map_or_else(|| if own { code.branch.clone() } else { Some("main".to_owned()) }, |text| Some(text.0)),
            paths: paths(settings.paths.into_iter().map(|path| path.0)),
            tag_filter: settings.tag_filter.map(|text| text.0),
            private_key: settings.private_key.map(|secret| secret.0).or_else(|| inherited(&code.private_key)),
            webhook: settings.webhook.map(|secret| secret.0).or_else(|| inherited(&code.webhook)),
            extra: reader.more(settings.extra, "git", FIELDS),
        })
    }
}

impl InputType for GitSource {
    fn version_file(&self) -> Option<&'static str> {
        Some(self.commit_file())
    }

    fn is_same_place(&self, other: &InputSource, _pin: Option<&str>) -> bool {
        matches!(other, InputSource::Git(other) if Repository::of_clone(&self.repository) == Repository::of_clone(&other.repository))
    }

    fn resource(&self, name: &ResourceName, check_every: Option<&CheckEvery>) -> Resource {
        let mut source: IndexMap<String, Value> = IndexMap::default();
        source.insert("uri".into(), self.repository.as_str().into());
        if let Some(branch) = &self.branch {
            source.insert("branch".into(), branch.as_str().into());
        }
        if !self.paths.is_empty() {
            let paths = self.paths.iter().map(|path| Value::from(path.as_str())).collect();
            source.insert("paths".into(), Value::List(paths));
        }
        match &self.tag_filter {
            Some(filter) => source.insert("tag_filter".into(), filter.as_str().into()),
            None if self.commit_file() != ".git/ref" => None,
            // Nobody here reads tags, and a repository has many.
            None => source.insert("fetch_tags".into(), false.into()),
        };
        if let Some(key) = &self.private_key {
            source.insert("private_key".into(), key.as_str().into());
        }
        source.extend(self.extra.clone());
        Resource {
            webhook_token: self.webhook.clone(),
            ..resource(name, core_type("git"), Some("git"), source, check_every)
        }
    }

    fn target(&self) -> TemplateValue {
        TemplateValue::from_pairs([
            ("repository", TemplateValue::from(self.repository.as_str())),
            ("branch", text_or_none(self.branch.as_deref())),
            ("tag_filter", text_or_none(self.tag_filter.as_deref())),
        ])
    }

    /// A commit is what everybody waits for: a repository is checked as often as the code.
    fn default_check(&self, code: &CheckEvery) -> Option<CheckEvery> {
        Some(code.clone())
    }

    fn check_pin(&self, name: &str, file: &str) -> Result<(), (String, String)> {
        if file == self.commit_file() {
            return Ok(());
        }
        Err((
            format!("what is approved of the repository `{name}` is a commit, and no `{file}`"),
            "remove `pin`; or write why the newest version may be used: `unpinned: REASON`".to_owned(),
        ))
    }
}

/// The fields of a source, for `import`.
const FIELDS: &[Field] = &[
    ("uri", "repository", false),
    ("branch", "branch", false),
    ("paths", "paths", false),
    ("tag_filter", "tag_filter", false),
    ("private_key", "private_key", true),
];
