//! What a plain scalar means, to YAML 1.2 and to the older readers on the way to Concourse.

use std::sync::LazyLock;

use regex::Regex;

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalarStyle {
    /// Without quotes.
    Plain,
    /// With single or double quotes.
    Quoted,
    /// As a block, `|` or `>`.
    Block,
}

/// What a plain scalar is in the core schema of YAML 1.2 (section 10.3).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Resolved {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text,
}

/// Resolves a plain scalar.
pub fn resolve(text: &str) -> Resolved {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Resolved::Null,
        "true" | "True" | "TRUE" => return Resolved::Bool(true),
        "false" | "False" | "FALSE" => return Resolved::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Resolved::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Resolved::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Resolved::Float(f64::NEG_INFINITY),
        _ => {}
    }
    let first = text.as_bytes()[0];
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return Resolved::Text;
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return i64::from_str_radix(hex, 16).map_or(Resolved::Text, Resolved::Integer);
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return i64::from_str_radix(octal, 8).map_or(Resolved::Text, Resolved::Integer);
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return match text.parse::<i64>() {
            Ok(number) => Resolved::Integer(number),
            Err(_) => Resolved::Float(text.parse().unwrap_or(f64::INFINITY)),
        };
    }
    if text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) && FLOAT.is_match(text) {
        return text.parse().map_or(Resolved::Text, Resolved::Float);
    }
    Resolved::Text
}

static FLOAT: LazyLock<Regex> = LazyLock::new(|| regex(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"));

/// What an older reader makes of a plain scalar that YAML 1.2 reads otherwise: go-yaml v2, through which Concourse
/// reads, and `PyYAML`.
///
/// Measured with both: `on` and its like are booleans, `y` is one to go-yaml, `012` is octal, `1_000` a number and
/// `12:30` a number to base 60 to `PyYAML`.
pub fn trap(text: &str) -> Option<&'static str> {
    let first = *text.as_bytes().first()?;
    if matches!(first, b'y' | b'Y' | b'n' | b'N' | b'o' | b'O') {
        return match text {
            "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some("true"),
            "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some("false"),
            _ => None,
        };
    }
    if first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.') {
        // A pattern is only made where it may match.
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        if digits.len() > 1 && digits.starts_with('0') && LEADING_ZERO.is_match(text) {
            return Some("a number to base 8");
        }
        if text.contains('_') && UNDERSCORED.is_match(text) {
            return Some("a number");
        }
        if text.contains(':') && SEXAGESIMAL.is_match(text) {
            return Some("a number to base 60");
        }
        if digits.starts_with('0') && BASED.is_match(text) {
            return Some("a number");
        }
    }
    None
}

static LEADING_ZERO: LazyLock<Regex> = LazyLock::new(|| regex(r"^[-+]?0[0-9_]+$"));
static UNDERSCORED: LazyLock<Regex> = LazyLock::new(|| regex(r"^[-+]?([0-9][0-9_]*)?\.?[0-9_]*([eE][-+]?[0-9]+)?$"));
static SEXAGESIMAL: LazyLock<Regex> = LazyLock::new(|| regex(r"^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$"));
static BASED: LazyLock<Regex> = LazyLock::new(|| regex(r"^[-+]?0([bB][01_]+|[xX][0-9a-fA-F_]+|[oO][0-7_]+)$"));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("internal error: a pattern of this program does not compile")
}

/// What is left of a number once it was read and written again.
pub fn canonical(resolved: Resolved) -> String {
    match resolved {
        Resolved::Null => "null".to_owned(),
        Resolved::Bool(value) => value.to_string(),
        Resolved::Integer(value) => value.to_string(),
        Resolved::Float(value) => value.to_string(),
        Resolved::Text => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_schema() {
        for (text, expected) in [
            ("", Resolved::Null),
            ("~", Resolved::Null),
            ("true", Resolved::Bool(true)),
            ("12", Resolved::Integer(12)),
            ("-12", Resolved::Integer(-12)),
            ("012", Resolved::Integer(12)),
            ("0x1f", Resolved::Integer(31)),
            ("0o17", Resolved::Integer(15)),
            ("1.10", Resolved::Float(1.1)),
            ("1e3", Resolved::Float(1000.0)),
            (".5", Resolved::Float(0.5)),
            ("-", Resolved::Text),
            (".", Resolved::Text),
            ("yes", Resolved::Text),
            ("y", Resolved::Text),
            ("1_000", Resolved::Text),
            ("12:30", Resolved::Text),
            ("2001-01-01", Resolved::Text),
            ("1.2.3", Resolved::Text),
            ("0x", Resolved::Text),
        ] {
            assert_eq!(resolve(text), expected, "{text:?}");
        }
    }

    #[test]
    fn older_readers_are_known() {
        for text in
            ["y", "no", "On", "OFF", "012", "-07", "1_000", "12:30", "1:20:30", "0b101", "0o14", "0x1F", "1_0.5"]
        {
            assert!(trap(text).is_some(), "{text:?} is a trap");
        }
        for text in ["", "yess", "nobody", "1.2.3", "2001-01-01", "-", "12:", "12:61", "a_b", "0xg", "offset"] {
            assert!(trap(text).is_none(), "{text:?} is none");
        }
    }
}
