//! What Concourse and a resource type exchange. Source: Concourse, "Implementing a resource type".

use std::borrow::Cow;

use github_gates::log::Log;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A version as Concourse has it: texts by names.
pub(crate) type Version = serde_json::Map<String, Value>;

/// The answer of a get or a put.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) version: Version,
    pub(crate) metadata: Vec<Metadatum>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Metadatum {
    name: Cow<'static, str>,
    value: String,
}

impl Outcome {
    /// It as the page of the build may show it: a commit's message can hold a secret.
    pub(crate) fn without_secrets(mut self, log: &Log) -> Self {
        for metadatum in &mut self.metadata {
            metadatum.value = log.postable(&metadatum.value);
        }
        self
    }
}

impl Metadatum {
    pub(crate) fn new(name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}
