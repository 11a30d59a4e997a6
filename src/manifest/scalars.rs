//! The scalars of the language: texts with a meaning.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A text that may have holes; once a stage is filled in, the text that came out.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Template(pub String);

impl JsonSchema for Template {
    fn schema_name() -> Cow<'static, str> {
        "Template".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "x-template": true})
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a credential: a template that comes out as `((…))` and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl Secret {
    /// Is it the name of a credential, and not one in clear?
    pub fn is_reference(text: &str) -> bool {
        text.strip_prefix("((")
            .and_then(|rest| rest.strip_suffix("))"))
            .is_some_and(|name| !name.is_empty() && !name.contains(['(', ')']) && !has_bare_space(name))
    }
}

/// Whether white space stands outside of quotes: Concourse fills no such name.
fn has_bare_space(name: &str) -> bool {
    name.split('"').step_by(2).any(|bare| bare.contains(char::is_whitespace)) || name.contains('\n')
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "x-template": true,
            "x-secret": true,
            "x-expected": "the name of a credential, such as ((github.token))",
            "pattern": r#"^\(\(([^()\s"]|"[^()"\n]*")+\)\)$|\{\{"#,
        })
    }
}

/// A name of letters, digits, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Name(pub String);

impl Name {
    /// Is a text such a name?
    pub fn is_name(text: &str) -> bool {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    }
}

impl JsonSchema for Name {
    fn schema_name() -> Cow<'static, str> {
        "Name".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[A-Za-z0-9_-]+$",
            "x-expected": "a name of letters, digits, `-` and `_`",
        })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A file or folder of an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentPath(pub String);

impl JsonSchema for ContentPath {
    fn schema_name() -> Cow<'static, str> {
        "ContentPath".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$",
            "x-expected": "a file or folder of the input, such as app.tgz",
        })
    }
}

/// A file of an input, which a variable is read from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InputFile(pub String);

impl JsonSchema for InputFile {
    fn schema_name() -> Cow<'static, str> {
        "InputFile".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // Parts between slashes: none is empty, `.` or `..`.
        let part = r"([^/.][^/]*|\.[^/.][^/]*|\.\.[^/]+)";
        json_schema!({
            "type": "string",
            "pattern": format!("^{part}(/{part})*$"),
            "x-expected": "a file of the input, such as digest",
        })
    }
}

/// An id: a number, or a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(pub String);

impl JsonSchema for Id {
    fn schema_name() -> Cow<'static, str> {
        "Id".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "integer"], "x-template": true})
    }
}

/// A moment, as RFC 3339 writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(pub String);

impl JsonSchema for Moment {
    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": MOMENT,
            "x-expected": "a moment with its offset, such as 2026-03-01T08:00:00Z",
        })
    }
}

const MOMENT: &str = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$";

/// A span of time, such as `90s`, `15m`, `4h`, `14d` or `1h30m`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duration {
    text: String,
    seconds: u64,
}

impl Duration {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut seconds: u64 = 0;
        let mut number = String::new();
        for c in text.chars() {
            if c.is_ascii_digit() {
                number.push(c);
                continue;
            }
            let unit = match c {
                's' => 1,
                'm' => 60,
                'h' => 3_600,
                'd' => 86_400,
                _ => return None,
            };
            let amount: u64 = number.parse().ok()?;
            seconds = amount.checked_mul(unit).and_then(|more| seconds.checked_add(more))?;
            number.clear();
        }
        (number.is_empty() && !text.is_empty() && seconds <= LONGEST).then(|| Self { text: text.to_owned(), seconds })
    }

    /// How long it is, in seconds.
    pub fn seconds(&self) -> u64 {
        self.seconds
    }

    /// As Go reads it: as it was written, but for days, which Go does not know.
    pub fn to_go(&self) -> String {
        if self.text.contains('d') {
            format!("{}h", self.seconds / 3_600) + &rest(self.seconds % 3_600)
        } else {
            self.text.clone()
        }
    }
}

impl fmt::Display for Duration {
    /// As it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn rest(seconds: u64) -> String {
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    match (minutes, seconds) {
        (0, 0) => String::new(),
        (minutes, 0) => format!("{minutes}m"),
        (minutes, seconds) => format!("{minutes}m{seconds}s"),
    }
}

/// What a Go `time.Duration` holds, in seconds.
const LONGEST: u64 = i64::MAX as u64 / 1_000_000_000;

const DURATION: &str = "^([0-9]+[smhd])+$";

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": DURATION,
            "x-expected": "a duration, such as 90s, 15m, 4h or 14d",
            "examples": ["90s", "15m", "4h", "14d"],
        })
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| de::Error::custom(format!("`{text}` is not a duration, such as 90s, 15m, 4h or 14d")))
    }
}

/// How often Concourse looks for new versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckEvery {
    /// Only when it is asked to.
    Never,
    /// After that time.
    Every(Duration),
}

impl CheckEvery {
    /// Once a day, for what changes rarely.
    pub fn daily() -> Self {
        Self::Every(Duration { text: "24h".to_owned(), seconds: 86_400 })
    }

    /// As Concourse reads it.
    pub fn to_concourse(&self) -> String {
        match self {
            Self::Never => "never".to_owned(),
            Self::Every(duration) => duration.to_go(),
        }
    }
}

impl JsonSchema for CheckEvery {
    fn schema_name() -> Cow<'static, str> {
        "CheckEvery".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^(never|([0-9]+[smhd])+)$",
            "x-expected": "a duration, such as 90s, 15m or 4h, or `never`",
            "examples": ["1m", "15m", "4h", "never"],
        })
    }
}

impl Serialize for CheckEvery {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Never => "never".serialize(serializer),
            Self::Every(duration) => duration.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for CheckEvery {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "never" {
            return Ok(Self::Never);
        }
        Duration::parse(&text).map(Self::Every).ok_or_else(|| {
            de::Error::custom(format!("`{text}` is not a duration, such as 90s, 15m or 4h, nor `never`"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_come_out_as_go_reads_them() {
        for (text, seconds, go) in [
            ("90s", 90, "90s"),
            ("15m", 900, "15m"),
            ("1h30m", 5_400, "1h30m"),
            ("14d", 1_209_600, "336h"),
            ("1d90s", 86_490, "24h1m30s"),
            ("1d90m", 91_800, "25h30m"),
        ] {
            let duration = Duration::parse(text).expect(text);
            assert_eq!((duration.seconds(), duration.to_go().as_str()), (seconds, go), "{text}");
        }
        for text in ["", "5", "m", "5 m", "5w", "-5m", "1.5h", "99999999999999999999d", "9999999999h"] {
            assert!(Duration::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn only_a_name_is_a_credential() {
        assert!(Secret::is_reference("((github.token))"));
        assert!(Secret::is_reference("((vault:a/b.\"c\"))"));
        for text in ["hunter2", "x((a))", "((a))((b))", "((a", "(())", "((a)) ", "((a b))", "(( a ))"] {
            assert!(!Secret::is_reference(text), "{text:?}");
        }
    }
}
