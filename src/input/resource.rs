//! The input `resource`: a resource of any type.

use concourse_pipeline::model::{Resource, ResourceName, ResourceType, ResourceTypeName, invalid_name, is_clock};
use minijinja::Value as TemplateValue;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use yaml_source::yaml::{IndexMap, Value, decode};

use crate::formats::Check;
use crate::manifest::{CheckEvery, FreeMap, Template};
use crate::template::Filler;

use super::concourse::{ConcourseType, check_version_file, concourse_type, resource};
use super::{ContentFiles, InputSource, InputType, ReleaseSource, S3Source, SourceReader, except, skips_download};

/// A resource of any type, in Concourse's words.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceSettings {
    /// One of the fleet's `resource_types`, of a kind's, or one that every worker has.
    #[serde(default, rename = "type")]
    #[schemars(example = &"hashicorp-release")]
    pub type_name: Option<Template>,
    /// Where the versions come from.
    #[serde(default)]
    #[schemars(with = "Option<FreeMap>", extend("x-later" = true))]
    #[schemars(example = json!({"project": "vault"}))]
    pub source: Option<Value>,
    /// An icon of Material Design.
    #[serde(default)]
    #[schemars(example = &"lock-check")]
    pub icon: Option<Template>,
}

/// A resource of any type.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceSource {
    /// The resource type.
    pub type_name: ResourceTypeName,
    /// Where the versions come from.
    pub source: Option<Value>,
    /// Its icon.
    pub icon: Option<String>,
    /// Whether its versions are times, and no content.
    pub is_clock: bool,
    /// The files of a get that tell its versions apart, where its type is one of Concourse's own.
    pub version_files: Option<Vec<&'static str>>,
    /// The files of a get that can differ although the content is the same, where a name can come to mean another content.
    no_content: Option<&'static [&'static str]>,
}

impl ResourceSource {
    /// How Concourse names and writes it.
    pub(super) const CONCOURSE_TYPE: Option<ConcourseType> = None;

    /// It has no field for credentials.
    pub(super) const CREDENTIALS: Option<(&'static str, &'static str)> = None;

    /// Fields whose text has a format.
    pub(super) const FORMATS: &'static [(&'static str, Check)] = &[];

    /// Reads the settings. `None` where something is missing or wrong, which is reported.
    pub(super) fn read(settings: ResourceSettings, reader: &mut SourceReader<'_>) -> Option<Self> {
        let name = reader.needed(settings.type_name, "resource", "type")?;
        let at = |field: &str| reader.settings.at(&format!("{}/resource/{field}", reader.place.pointer));
        let type_name = match ResourceTypeName::parse(name.as_str()) {
            Ok(type_name) => type_name,
            Err(error) => {
                let span = at("type").map_or(reader.place.key_span, |node| node.span);
                let message = format!("the name `{name}` of a resource type {error}");
                reader.diagnostics.push(invalid_name(span, message, ("type", &name)));
                return None;
            }
        };
        let source = at("source").cloned();
        let source = source.and_then(|node| Filler::new(reader.diagnostics).node(&node, reader.scope));
        let source = source.and_then(|node| decode(&node).ok());
        let own = (reader.own_type)(type_name.as_str());
        let image = own.and_then(ResourceType::image);
        let is_clock = is_clock(type_name.as_str(), own.is_some(), image);
        let version_files = version_files(type_name.as_str(), (own.is_some(), image), source.as_ref());
        let no_content = match known_type(type_name.as_str(), (own.is_some(), image)) {
            Some("github-release") => Some(ReleaseSource::NO_CONTENT),
            Some("s3") if source.as_ref().is_some_and(|source| source.get("regexp").is_some()) => {
                Some(S3Source::NO_CONTENT)
            }
            _ => None,
        };
        Some(Self { type_name, source, icon: settings.icon.map(|icon| icon.0), is_clock, version_files, no_content })
    }
}

impl InputType for ResourceSource {
    fn version_file(&self) -> Option<&'static str> {
        None
    }

    fn fetched_content(&self, _params: Option<&Value>) -> Option<ContentFiles> {
        self.no_content.map(except)
    }

    fn fetches_only_its_name(&self, params: Option<&Value>) -> bool {
        self.no_content.is_some() && skips_download(params)
    }

    fn files_of_name(&self) -> &'static [&'static str] {
        match self.no_content {
            // Those of an object are among them.
            Some(_) => ReleaseSource::NAME,
            None => &[],
        }
    }

    fn is_same_place(&self, other: &InputSource, _pin: Option<&str>) -> bool {
        let InputSource::Resource(other) = other else { return false };
        let source = |one: &Self| one.source.as_ref().and_then(without_credentials);
        self.type_name.as_str() == other.type_name.as_str() && source(self) == source(other)
    }

    fn resource(&self, name: &ResourceName, check_every: Option<&CheckEvery>) -> Resource {
        let bare = resource(name, self.type_name.clone(), self.icon.as_deref(), IndexMap::default(), check_every);
        Resource { source: self.source.clone(), ..bare }
    }

    fn check_pin(&self, name: &str, file: &str) -> Result<(), (String, String)> {
        self.version_files.as_ref().map_or(Ok(()), |known| check_version_file(name, file, known))
    }

    fn target(&self) -> TemplateValue {
        TemplateValue::from_pairs([("type", self.type_name.as_str())])
    }
}

/// The type of Concourse's own that an image such as `concourse/git-resource` is.
fn type_of_image(image: &str) -> Option<&str> {
    let name = image.rsplit('/').next()?;
    name.split([':', '@']).next()?.strip_suffix("-resource")
}

/// The type of Concourse's own that a resource type is, if it is one: see [`version_files`].
fn known_type<'t>(of_type: &'t str, (is_own, image): (bool, Option<&'t str>)) -> Option<&'t str> {
    if is_own { image.and_then(type_of_image) } else { Some(of_type) }
}

/// The files of a get that tell the versions of a resource apart, where its type is one of Concourse's own. With the
/// type comes whether the pipeline defines it, and its image.
pub(crate) fn version_files(
    of_type: &str,
    (is_own, image): (bool, Option<&str>),
    source: Option<&Value>,
) -> Option<Vec<&'static str>> {
    let known = concourse_type(known_type(of_type, (is_own, image))?)?;
    let fields = source.and_then(|source| serde_json::to_value(source).ok());
    let fields = fields.and_then(|fields| fields.as_object().cloned()).unwrap_or_default();
    let mut files = vec![(known.version_file)(&fields)];
    let others: Vec<&str> = known.other_version_files.iter().filter(|file| !files.contains(file)).copied().collect();
    files.extend(others);
    Some(files)
}

/// A source without what each Concourse has a credential of its own for.
fn without_credentials(source: &Value) -> Option<Value> {
    match source {
        Value::Text(text) if text.contains("((") => None,
        Value::Map(map) => {
            let kept = map.iter().filter_map(|(key, value)| Some((key.clone(), without_credentials(value)?)));
            Some(Value::Map(kept.collect()))
        }
        Value::List(items) => Some(Value::List(items.iter().filter_map(without_credentials).collect())),
        other => Some(other.clone()),
    }
}
