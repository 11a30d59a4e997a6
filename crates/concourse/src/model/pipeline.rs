use serde::{Deserialize, Serialize};

use yaml_source::yaml::Value;

use super::{Job, Resource, ResourceType};

/// A pipeline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// Resource types.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_types: Vec<ResourceType>,
    /// Resources; each must be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Resource>,
    /// Jobs, at least one.
    pub jobs: Vec<Job>,
    /// Tabs of the page: `name`, `jobs` and `resources` each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Value>,
    /// Where variables come from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub var_sources: Vec<Value>,
    /// An experiment of Concourse's: what has the fields of a resource type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prototypes: Vec<Value>,
    /// The look of the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<Value>,
    /// Whatever; Concourse 8.2 keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_data: Option<Value>,
}
