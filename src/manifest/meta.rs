use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scalars::{CheckEvery, Name, Secret};

/// The pipeline that sets all the others of a fleet.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetaSettings {
    /// Its name; on another Concourse than the fleet's first `NAME-CONCOURSE`. No other fleet's may have it, too.
    #[schemars(example = &"shop-pipelines")]
    pub pipeline: Name,
    /// The team that it lives in, where that is not the team of the pipelines that it sets: Concourse lets `main` alone
    /// set another team's.
    #[serde(default)]
    #[schemars(example = &"main")]
    pub team: Option<Name>,
    /// Where this fleet is committed, rendered pipelines and all.
    #[schemars(example = serde_json::json!({"repository": "https://github.com/example/shop", "folder": "pipelines"}))]
    pub source: MetaSource,
    /// An image with this version of ol-pipegen on its path. What is to be set is held against its manifest there.
    #[schemars(example = serde_json::json!({"repository": "example/ol-pipegen", "tag": "0.1.0"}))]
    pub image: MetaImage,
}

/// Where a fleet is committed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetaSource {
    /// The repository's address.
    #[schemars(example = &"https://github.com/example/shop")]
    pub repository: String,
    /// The branch whose pipelines are set. Default: `main`.
    #[serde(default)]
    #[schemars(example = &"main")]
    pub branch: Option<String>,
    /// The folder of the fleet's file, from the repository's root. Default: the root.
    #[serde(default)]
    #[schemars(example = &"pipelines")]
    pub folder: Option<String>,
    /// How often to look for commits, for each pipeline. Default: `5m`.
    #[serde(default)]
    #[schemars(example = &"5m")]
    pub check_every: Option<CheckEvery>,
    /// For a repository that not everybody may read.
    #[serde(default)]
    #[schemars(example = &"((git.private_key))")]
    pub private_key: Option<Secret>,
}

/// An image with ol-pipegen. Which one it is, each build reads from the fleet of the commit that it sets, so that a new
/// version and what it renders come in one commit.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetaImage {
    /// Its name, with a registry's where it is not the default one.
    #[schemars(example = &"example/ol-pipegen")]
    pub repository: String,
    /// The tag.
    #[schemars(example = &"0.1.0")]
    pub tag: String,
    /// Account at the registry.
    #[serde(default)]
    #[schemars(example = &"((registry.username))")]
    pub username: Option<String>,
    /// Its password.
    #[serde(default)]
    #[schemars(example = &"((registry.password))")]
    pub password: Option<Secret>,
}
