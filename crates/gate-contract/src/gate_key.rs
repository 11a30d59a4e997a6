use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{InvalidStage, StageName};

/// What an issue of a stage is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IssueKind {
    /// The stage was deployed; closing the issue lets the next stage begin.
    Deployed,
    /// The stage was previewed; closing the issue deploys what was previewed.
    Ready,
}

impl IssueKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Deployed => "deployed",
            Self::Ready => "ready",
        }
    }
}

/// The identity of a gate, unique within a fleet: `PROJECT/CHAIN/ENVIRONMENT/deployed` or `…/ready`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GateKey {
    stage: StageName,
    kind: IssueKind,
}

impl GateKey {
    /// The key of the issue of `kind` that belongs to `stage`.
    pub const fn new(stage: StageName, kind: IssueKind) -> Self {
        Self { stage, kind }
    }

    /// The stage that the issue belongs to.
    pub const fn stage(&self) -> &StageName {
        &self.stage
    }

    /// What the issue is about.
    pub const fn kind(&self) -> IssueKind {
        self.kind
    }
}

impl fmt::Display for GateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.stage, self.kind.as_str())
    }
}

/// A text that is not a [`GateKey`].
#[derive(Debug, PartialEq, Eq)]
pub struct InvalidGateKey {
    key: String,
}

impl fmt::Display for InvalidGateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "expected a gate such as shop/-/QA/deployed (PROJECT/CHAIN/ENVIRONMENT/deployed or …/ready; letters, digits, \
             `-`, `_` and `.`), found `{}`",
            self.key.escape_debug()
        )
    }
}

impl std::error::Error for InvalidGateKey {}

impl FromStr for GateKey {
    type Err = InvalidGateKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidGateKey { key: text.to_owned() };
        let (stage, kind) = text.rsplit_once('/').ok_or_else(invalid)?;
        let kind = match kind {
            "deployed" => IssueKind::Deployed,
            "ready" => IssueKind::Ready,
            _ => return Err(invalid()),
        };
        Ok(Self::new(stage.parse().map_err(|_: InvalidStage| invalid())?, kind))
    }
}

impl Serialize for GateKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GateKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for GateKey {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "GateKey".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "The identity of a gate, unique within a fleet.",
            "pattern": "^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+/(deployed|ready)$",
            "examples": ["shop-cart/-/QA/deployed"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_reads_back_as_it_was_written() {
        let key = GateKey::new(StageName::new("shop-db", Some("orders"), "QA").unwrap(), IssueKind::Deployed);
        assert_eq!(key.to_string(), "shop-db/orders/QA/deployed");
        assert_eq!(key.to_string().parse::<GateKey>().unwrap(), key);
        let alone = GateKey::new(StageName::new("shop-cart", None, "CI").unwrap(), IssueKind::Ready);
        assert_eq!(alone.to_string(), "shop-cart/-/CI/ready");
    }

    #[test]
    fn text_of_another_shape_is_no_key() {
        for text in ["", "a", "a/b/c", "a/b/c/d", "a/b/c/deployed/e", "a//c/ready", "a/b/c d/ready", "a/b/c\n/ready"] {
            assert!(text.parse::<GateKey>().is_err(), "{text:?} was read as a key");
        }
    }
}
