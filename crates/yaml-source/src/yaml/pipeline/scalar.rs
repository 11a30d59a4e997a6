//! What go-yaml v2 makes of a scalar: YAML 1.1, with its own ideas of it (its `resolve.go`).

use std::sync::LazyLock;

use regex::Regex;

use super::super::node::Scalar;
use super::super::scalar::{Resolved, ScalarStyle, resolve as resolve_1_2};
use super::number;

/// A scalar as Concourse sees it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// 64 bits, with a sign or without.
    Integer(i128),
    Float(f64),
    Text(String),
}

impl Value {
    /// The same, written so that any reader reads it so: what is left after it went through Concourse once.
    pub(super) fn into_scalar(self, written: ScalarStyle) -> Scalar {
        let plain = |text: String| Scalar::new(text, ScalarStyle::Plain);
        match self {
            Self::Null => plain("null".to_owned()),
            Self::Bool(value) => plain(value.to_string()),
            Self::Integer(value) => plain(value.to_string()),
            Self::Float(value) => plain(match number::as_yaml(value) {
                // An integer when it is read again.
                zero if zero == "-0" => "0".to_owned(),
                text => text,
            }),
            Self::Text(text) => {
                let style = match written {
                    ScalarStyle::Plain if resolve_1_2(&text) != Resolved::Text => ScalarStyle::Quoted,
                    style => style,
                };
                Scalar::new(text, style)
            }
        }
    }
}

const PREFIX: &str = "tag:yaml.org,2002:";

/// What a tag makes of a text.
///
/// # Errors
///
/// When the text is not what its tag says.
pub(super) fn tagged(tag: &str, text: &str) -> Result<Value, String> {
    let as_tagged = |fits: fn(&Value) -> bool| match plain(text) {
        value if fits(&value) => Ok(value),
        _ => Err(format!("`{text}` is not a `!!{}`", tag.strip_prefix(PREFIX).unwrap_or(tag))),
    };
    match tag.strip_prefix(PREFIX) {
        Some("bool") => as_tagged(|value| matches!(value, Value::Bool(_))),
        Some("null") => as_tagged(|value| matches!(value, Value::Null)),
        Some("int") => as_tagged(|value| matches!(value, Value::Integer(_))),
        Some("float") => match plain(text) {
            // What has no sign to it is no `int` of Go's, and stays refused.
            #[expect(clippy::cast_precision_loss, reason = "it is what Go does")]
            Value::Integer(value) if i64::try_from(value).is_ok() => Ok(Value::Float(value as f64)),
            Value::Float(value) => Ok(Value::Float(value)),
            _ => Err(format!("`{text}` is not a `!!float`")),
        },
        Some("timestamp") if !TIMESTAMP.is_match(text) => Err(format!("`{text}` is not a `!!timestamp`")),
        Some("binary") => match binary(text) {
            Some(bytes) => Ok(Value::Text(String::from_utf8_lossy(&bytes).into_owned())),
            None => Err("a `!!binary` that is not base64".to_owned()),
        },
        _ => Ok(Value::Text(text.to_owned())),
    }
}

/// What a text without quotes and tag is.
pub(super) fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Value::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Value::Float(f64::NEG_INFINITY),
        _ => {}
    }
    let number = match text.as_bytes()[0] {
        b'.' => float(text).filter(|_| DOTTED.is_match(text)),
        b'+' | b'-' | b'0'..=b'9' => {
            let digits = text.replace('_', "");
            integer(&digits).map(Value::Integer).or_else(|| float(&digits).filter(|_| FLOAT.is_match(&digits)))
        }
        _ => None,
    };
    number.unwrap_or_else(|| Value::Text(text.to_owned()))
}

/// As `strconv.ParseInt` and `ParseUint` read it with base 0, underscores gone.
fn integer(text: &str) -> Option<i128> {
    let (negative, signed, digits) = match text.as_bytes() {
        [b'-', ..] => (true, true, &text[1..]),
        [b'+', ..] => (false, true, &text[1..]),
        _ => (false, false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    // A second sign would be one to Rust.
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    let value = if negative { -i128::from(magnitude) } else { i128::from(magnitude) };
    (i64::try_from(value).is_ok() || !signed).then_some(value)
}

fn float(text: &str) -> Option<Value> {
    text.replace('_', "").parse().ok().filter(|value: &f64| value.is_finite()).map(Value::Float)
}

/// Whatever else looks like a number is text.
static FLOAT: LazyLock<Regex> = LazyLock::new(|| regex(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"));

/// What begins with a dot is read by `strconv.ParseFloat`.
static DOTTED: LazyLock<Regex> = LazyLock::new(|| regex(r"^\.[0-9]+([eE][-+]?[0-9]+)?$"));

/// The forms that go-yaml v2 knows of a timestamp; it stays a text all the same.
static TIMESTAMP: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}.*)?$"));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("internal error: a pattern of this program does not compile")
}

/// Base64 with its padding, line breaks passed over.
fn binary(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let mut bytes = Vec::new();
    let mut groups = digits.chunks(4).peekable();
    while let Some(group) = groups.next() {
        let padding = group.iter().rev().take_while(|byte| **byte == b'=').count();
        if group.len() != 4 || padding > 2 || (padding > 0 && groups.peek().is_some()) {
            return None;
        }
        let mut bits = 0_u32;
        for byte in &group[..4 - padding] {
            let digit = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(digit);
        }
        bits <<= 6 * padding;
        bytes.extend_from_slice(&bits.to_be_bytes()[1..4 - padding]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_say_what_a_text_is() {
        let tagged = |tag: &str, text| super::tagged(&format!("{PREFIX}{tag}"), text);
        assert_eq!(tagged("str", "5"), Ok(Value::Text("5".into())));
        assert_eq!(tagged("int", "5"), Ok(Value::Integer(5)));
        assert_eq!(tagged("float", "5"), Ok(Value::Float(5.0)));
        assert_eq!(tagged("bool", "yes"), Ok(Value::Bool(true)));
        assert_eq!(tagged("null", ""), Ok(Value::Null));
        assert_eq!(tagged("binary", "aGk="), Ok(Value::Text("hi".into())));
        assert_eq!(tagged("binary", "aGlq\n aGk="), Err("a `!!binary` that is not base64".into()));
        assert_eq!(super::tagged("!foo", "5"), Ok(Value::Text("5".into())));
        for (tag, text) in [("int", "x"), ("int", "1.5"), ("bool", "5"), ("null", "x"), ("float", "x"), ("binary", "a")]
        {
            assert!(tagged(tag, text).is_err(), "!!{tag} {text}");
        }
    }

    #[test]
    fn base64_is_decoded() {
        for (text, bytes) in [("", ""), ("YQ==", "a"), ("YWI=", "ab"), ("YWJj", "abc"), ("YW\nJj", "abc")] {
            assert_eq!(binary(text).as_deref(), Some(bytes.as_bytes()), "{text:?}");
        }
        for text in ["Y", "YQ", "YQ=", "YQ==YQ==", "Y===", "Y@=="] {
            assert_eq!(binary(text), None, "{text:?}");
        }
    }
}
