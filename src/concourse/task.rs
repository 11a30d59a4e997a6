use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::yaml::{Text, Value};

/// What a task runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskConfig {
    /// `linux`, `darwin` or `windows`.
    pub platform: Text,
    /// The image that it runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_resource: Option<ImageResource>,
    /// Where an image lies on the worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rootfs_uri: Option<Text>,
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
    pub params: IndexMap<Text, Value>,
    /// The command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<TaskRun>,
    /// `cpu` and `memory`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_limits: Option<Value>,
}

/// The image of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageResource {
    /// The resource type that fetches it.
    #[serde(rename = "type")]
    pub type_name: Text,
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Value>,
    /// Of the get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Value>,
    /// The one version to use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Value>,
}

/// An artifact that a task sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskInput {
    /// The artifact.
    pub name: Text,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Text>,
    /// It may be absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
}

/// An artifact that a task makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskOutput {
    /// The artifact.
    pub name: Text,
    /// Where it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Text>,
}

/// A folder kept from run to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// The folder.
    pub path: Text,
}

/// A command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskRun {
    /// The program; the image's own from Concourse 8.0 on when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Text>,
    /// Its arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<Text>,
    /// The folder that it runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dir: Option<Text>,
    /// The account that it runs as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Text>,
}
