use serde::{Deserialize, Serialize};

use yaml_source::yaml::Value;

use super::{ResourceName, ResourceTypeName};

/// A resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Its name.
    pub name: ResourceName,
    /// A former name, whose versions are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_name: Option<String>,
    /// A resource type of the pipeline, or one of the workers.
    #[serde(rename = "type")]
    pub type_name: ResourceTypeName,
    /// An icon of Material Design.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// Where the versions come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Value>,
    /// A Go duration, or `never`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_every: Option<String>,
    /// A Go duration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_timeout: Option<String>,
    /// Lets a webhook start a check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_token: Option<String>,
    /// Tells puts who started a build, in `BUILD_CREATED_BY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expose_build_created_by: Option<bool>,
    /// Shows versions to everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public: Option<bool>,
    /// Workers that may check it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The one version to use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Value>,
}

impl Resource {
    /// A resource of that name and type, of which nothing else is said.
    pub fn named(name: ResourceName, type_name: ResourceTypeName) -> Self {
        Self {
            name,
            old_name: None,
            type_name,
            icon: None,
            source: None,
            check_every: None,
            check_timeout: None,
            webhook_token: None,
            expose_build_created_by: None,
            public: None,
            tags: Vec::new(),
            version: None,
        }
    }
}

/// A resource type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceType {
    /// Its name.
    pub name: ResourceTypeName,
    /// The resource type that fetches its image.
    #[serde(rename = "type")]
    pub type_name: ResourceTypeName,
    /// Where its image comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Value>,
    /// Laid under the source of each resource of the type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defaults: Option<Value>,
    /// Of the get of its image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Value>,
    /// Does it run privileged?
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privileged: Option<bool>,
    /// A Go duration, or `never`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_every: Option<String>,
    /// Workers that may run it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl ResourceType {
    /// The repository of its image.
    pub fn image(&self) -> Option<&str> {
        match self.source.as_ref()?.get("repository")? {
            Value::Text(image) => Some(image),
            _ => None,
        }
    }
}

/// Whether the versions of a resource are times, which hold no content: those of Concourse's own type `time`, or of one of
/// that name with the same image. `image` is the image of a type that the pipeline defines under that name.
pub fn is_clock(type_name: &str, is_defined: bool, image: Option<&str>) -> bool {
    let name =
        |image: &str| image.rsplit('/').next().and_then(|name| name.split([':', '@']).next()) == Some("time-resource");
    type_name == "time" && (!is_defined || image.is_some_and(name))
}
