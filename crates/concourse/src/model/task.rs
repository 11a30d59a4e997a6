use serde::{Deserialize, Serialize};

use yaml_source::yaml::{IndexMap, Value};

/// What a task runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskConfig {
    /// `linux`, `darwin` or `windows`.
    pub platform: String,
    /// The image that it runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_resource: Option<ImageResource>,
    /// Where an image lies on the worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rootfs_uri: Option<String>,
    /// Artifacts that it sees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<TaskInput>,
    /// Artifacts that it makes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<TaskOutput>,
    /// Folders kept from run to run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caches: Vec<Cache>,
    /// Its environment.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub params: IndexMap<String, Value>,
    /// The command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<TaskRun>,
    /// `cpu` and `memory`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_limits: Option<Value>,
}

/// The image of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "RawImageResource")]
pub struct ImageResource {
    /// The resource type that fetches it.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Value>,
    /// Of the get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Value>,
    /// The one version to use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Value>,
    /// Workers that may fetch it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// An image as Concourse takes it, and as it tells it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawImageResource {
    #[serde(rename = "type")]
    type_name: String,
    source: Option<Value>,
    params: Option<Value>,
    version: Option<Value>,
    #[serde(default)]
    tags: Vec<String>,
    /// Concourse's own, which says nothing: it tells it, empty, of each image (`atc/task.go`).
    #[expect(dead_code, reason = "it is taken, and passed over")]
    name: Option<String>,
}

impl From<RawImageResource> for ImageResource {
    fn from(raw: RawImageResource) -> Self {
        let RawImageResource { type_name, source, params, version, tags, name: _ } = raw;
        Self { type_name, source, params, version, tags }
    }
}

/// An artifact that a task sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskInput {
    /// The artifact.
    pub name: String,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// It may be absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
}

/// An artifact that a task makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskOutput {
    /// The artifact.
    pub name: String,
    /// Where it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// A folder kept from run to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// The folder.
    pub path: String,
}

/// A command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskRun {
    /// The program; the image's own from Concourse 8.0 on when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Its arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// The folder that it runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dir: Option<String>,
    /// The account that it runs as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}
