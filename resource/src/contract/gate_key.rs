use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
///
/// It names no pipeline, team or Concourse, so that renaming or moving one of them orphans no open issue. A chain
/// without a group is written `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GateKey {
    project: String,
    chain: String,
    environment: String,
    kind: IssueKind,
}

impl GateKey {
    /// The key of the issue of `kind` that belongs to one stage.
    ///
    /// # Errors
    ///
    /// When a part is empty or holds a character that a key cannot carry.
    pub fn new(project: &str, group: Option<&str>, environment: &str, kind: IssueKind) -> Result<Self, InvalidGateKey> {
        let chain = group.unwrap_or("-");
        for part in [project, chain, environment] {
            if part.is_empty() || part.len() > 200 || !part.chars().all(is_part_char) {
                return Err(InvalidGateKey { key: format!("{project}/{chain}/{environment}/{}", kind.as_str()) });
            }
        }
        Ok(Self { project: project.into(), chain: chain.into(), environment: environment.into(), kind })
    }

    /// The stage that the key belongs to, `PROJECT/CHAIN/ENVIRONMENT`: who may use an approval is said in such names.
    pub fn stage(&self) -> String {
        format!("{}/{}/{}", self.project, self.chain, self.environment)
    }

    /// The project.
    pub fn project(&self) -> &str {
        &self.project
    }

    /// The environment.
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// What the issue is about.
    pub fn kind(&self) -> IssueKind {
        self.kind
    }
}

fn is_part_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

impl fmt::Display for GateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.project, self.chain, self.environment, self.kind.as_str())
    }
}

/// A text that is no [`GateKey`].
#[derive(Debug, PartialEq, Eq)]
pub struct InvalidGateKey {
    key: String,
}

impl fmt::Display for InvalidGateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no gate: it is PROJECT/CHAIN/ENVIRONMENT/deployed or …/ready, of letters, digits, `-`, `_` and `.`",
            self.key
        )
    }
}

impl std::error::Error for InvalidGateKey {}

impl FromStr for GateKey {
    type Err = InvalidGateKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidGateKey { key: text.to_owned() };
        let [project, chain, environment, kind] =
            text.split('/').collect::<Vec<_>>().try_into().map_err(|_| invalid())?;
        let kind = match kind {
            "deployed" => IssueKind::Deployed,
            "ready" => IssueKind::Ready,
            _ => return Err(invalid()),
        };
        Self::new(project, Some(chain), environment, kind).map_err(|_| invalid())
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
        let key = GateKey::new("shop-db", Some("orders"), "QA", IssueKind::Deployed).unwrap();
        assert_eq!(key.to_string(), "shop-db/orders/QA/deployed");
        assert_eq!(key.to_string().parse::<GateKey>().unwrap(), key);
        assert_eq!(key.stage(), "shop-db/orders/QA");
        let alone = GateKey::new("shop-cart", None, "CI", IssueKind::Ready).unwrap();
        assert_eq!(alone.to_string(), "shop-cart/-/CI/ready");
    }

    #[test]
    fn text_of_another_shape_is_no_key() {
        for text in ["", "a", "a/b/c", "a/b/c/d", "a/b/c/deployed/e", "a//c/ready", "a/b/c d/ready", "a/b/c\n/ready"] {
            assert!(text.parse::<GateKey>().is_err(), "{text:?} was read as a key");
        }
    }
}
