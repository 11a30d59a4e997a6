use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest part of a name, in characters.
const MAX_PART: usize = 200;

/// A stage: `PROJECT/CHAIN/ENVIRONMENT`. A chain without a group is written `-`.
///
/// It names no pipeline, team or Concourse, so renaming or moving one of them changes nothing here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageName {
    project: String,
    chain: String,
    environment: String,
}

impl StageName {
    /// The stage of `project` in `environment`; `group` names its chain.
    ///
    /// # Errors
    ///
    /// When a part is empty, too long, or has a character other than a letter, a digit, `-`, `_` or `.`.
    pub fn new(project: &str, group: Option<&str>, environment: &str) -> Result<Self, InvalidStage> {
        let chain = group.unwrap_or("-");
        if [project, chain, environment].into_iter().all(|part| check_part(part).is_ok()) {
            Ok(Self { project: project.into(), chain: chain.into(), environment: environment.into() })
        } else {
            Err(InvalidStage { text: format!("{project}/{chain}/{environment}") })
        }
    }

    /// The project.
    pub fn project(&self) -> &str {
        &self.project
    }

    /// The group that its chain is of.
    pub fn group(&self) -> Option<&str> {
        (self.chain != "-").then_some(self.chain.as_str())
    }

    /// The environment.
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// The stage as people name it within its project: `QA`, or `GROUP.QA`.
    pub fn in_project(&self) -> String {
        match self.group() {
            None => self.environment.clone(),
            Some(group) => format!("{group}.{}", self.environment),
        }
    }
}

/// Why a text cannot be the project, the group or the environment of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidPart {
    /// It has no characters.
    Empty,
    /// It has more bytes than a part may have.
    TooLong(usize),
    /// It has a character that is not a letter, a digit, `-`, `_` or `.`.
    Character(char),
}

impl fmt::Display for InvalidPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::TooLong(length) => write!(f, "has {length} characters: {MAX_PART} at most are possible"),
            Self::Character(illegal) => write!(f, "has the illegal character `{}`", illegal.escape_debug()),
        }
    }
}

impl std::error::Error for InvalidPart {}

/// Whether a text can be the project, the group or the environment of a stage.
///
/// # Errors
///
/// When it is empty, too long, or has a character other than a letter, a digit, `-`, `_` or `.`.
pub fn check_part(part: &str) -> Result<(), InvalidPart> {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match part.chars().find(|c| !is_legal(*c)) {
        _ if part.is_empty() => Err(InvalidPart::Empty),
        Some(illegal) => Err(InvalidPart::Character(illegal)),
        None if part.len() > MAX_PART => Err(InvalidPart::TooLong(part.len())),
        None => Ok(()),
    }
}

impl fmt::Display for StageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.project, self.chain, self.environment)
    }
}

impl FromStr for StageName {
    type Err = InvalidStage;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split('/').collect::<Vec<_>>().as_slice() {
            [project, chain, environment] => Self::new(project, Some(chain), environment),
            _ => Err(InvalidStage { text: text.to_owned() }),
        }
    }
}

/// What a job of a stage does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StagePhase {
    /// It shows what a deployment would change.
    Preview,
    /// It deploys.
    Deploy,
}

impl StagePhase {
    /// The word that kinds and keys use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Deploy => "deploy",
        }
    }
}

/// Where a version goes: `PROJECT/CHAIN/ENVIRONMENT/preview` or `…/deploy`.
///
/// A record names the stage that closing its issue promotes to. Only the job of that stage may use the approval.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageKey {
    stage: StageName,
    phase: StagePhase,
}

impl StageKey {
    /// The job of `stage` that does `phase`.
    pub const fn new(stage: StageName, phase: StagePhase) -> Self {
        Self { stage, phase }
    }

    /// The stage.
    pub const fn stage(&self) -> &StageName {
        &self.stage
    }

    /// What its job does.
    pub const fn phase(&self) -> StagePhase {
        self.phase
    }
}

impl fmt::Display for StageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.stage, self.phase.as_str())
    }
}

impl FromStr for StageKey {
    type Err = InvalidStage;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidStage { text: text.to_owned() };
        let (stage, phase) = text.rsplit_once('/').ok_or_else(invalid)?;
        let phase = match phase {
            "preview" => StagePhase::Preview,
            "deploy" => StagePhase::Deploy,
            _ => return Err(invalid()),
        };
        Ok(Self::new(stage.parse().map_err(|_: InvalidStage| invalid())?, phase))
    }
}

impl Serialize for StageKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StageKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for StageKey {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "StageKey".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "The job of a stage: PROJECT/CHAIN/ENVIRONMENT/preview or …/deploy.",
            "pattern": "^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+/(preview|deploy)$",
            "examples": ["shop-cart/-/QA/deploy"],
        })
    }
}

/// A text that does not name a stage.
#[derive(Debug, PartialEq, Eq)]
pub struct InvalidStage {
    text: String,
}

impl fmt::Display for InvalidStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "expected a stage such as shop/-/QA/deploy (PROJECT/CHAIN/ENVIRONMENT/preview or …/deploy; letters, digits, \
             `-`, `_` and `.`), found `{}`",
            self.text.escape_debug()
        )
    }
}

impl std::error::Error for InvalidStage {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stage_key_reads_back_as_it_was_written() {
        for (text, in_project) in
            [("shop/-/QA/deploy", "QA"), ("shop-db/orders/Production/preview", "orders.Production")]
        {
            let key: StageKey = text.parse().unwrap();
            assert_eq!(key.to_string(), text);
            assert_eq!(key.stage().in_project(), in_project);
        }
        let key = StageKey::new(StageName::new("shop", None, "QA").unwrap(), StagePhase::Deploy);
        assert_eq!(key, "shop/-/QA/deploy".parse().unwrap());
    }

    #[test]
    fn text_of_another_shape_is_not_a_stage_key() {
        for text in [
            "",
            "QA",
            "shop/-/QA",
            "shop/-/QA/destroy",
            "shop/-/QA/deployed",
            "a/b/c/d/deploy",
            "shop//QA/deploy",
            "shop/-/Q A/deploy",
            "shop/-/QA\n/deploy",
            "shop/-/QA/deploy/",
            "/shop/-/QA/deploy",
            "shop/-/QÄ/deploy",
        ] {
            assert!(text.parse::<StageKey>().is_err(), "{text:?} was read as a stage key");
        }
        assert!(StageName::new(&"x".repeat(201), None, "QA").is_err());
    }
}
