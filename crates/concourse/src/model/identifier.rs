use std::borrow::Borrow;
use std::fmt;
use std::sync::LazyLock;

use regex::Regex;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use yaml_source::diagnostic::{Diagnostic, Rule};
use yaml_source::source::Span;
use yaml_source::yaml::CHECKED_TEXT;

/// Why a text is no identifier: Concourse, `atc/configwarning.go`, `ValidateIdentifier`.
///
/// Only `fly --strict` refuses such a name, but a later Concourse will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidIdentifier {
    /// What is wrong, to stand behind "the name".
    pub reason: String,
}

impl fmt::Display for InvalidIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for InvalidIdentifier {}

/// What Concourse takes as a name.
const NAMES: &str = "Concourse takes lowercase letters, digits, `-`, `_` and `.`, a letter or a digit first";

/// The error for a name that Concourse does not take. `written` is what the file has in its place, and `field` the field;
/// a template is not corrected.
pub fn invalid_name(span: Span, message: String, (field, written): (&str, &str)) -> Diagnostic {
    let right = Some(written).filter(|text| !text.contains("{{")).and_then(nearest_identifier);
    let right =
        right.map(|name| if field.is_empty() { format!("write `{name}`") } else { format!("write `{field}: {name}`") });
    Diagnostic::new(Rule::ConcourseName, span, message).maybe_help(right).note(NAMES)
}

/// Is a text an identifier?
pub(crate) fn check_identifier(name: &str) -> Result<(), InvalidIdentifier> {
    static LETTER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[\p{Ll}\p{Lt}\p{Lm}\p{Lo}]$").expect("internal error: a pattern of this program does not compile")
    });
    // What nearly all names are: it takes a byte at a time.
    if let [b'a'..=b'z', rest @ ..] = name.as_bytes()
        && rest.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'))
    {
        return Ok(());
    }
    let invalid = |reason: String| Err(InvalidIdentifier { reason });
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_first = |c: char| plain(c) || !c.is_ascii() && LETTER.is_match(c.encode_utf8(&mut [0; 4]));
    let is_other = |c: char| is_first(c) || "-_.".contains(c);
    let mut characters = name.chars();
    let Some(first) = characters.next() else {
        return invalid("is empty".to_owned());
    };
    if !is_first(first) {
        return invalid("must start with a lowercase letter or a number".to_owned());
    }
    if let Some(illegal) = characters.find(|c| !is_other(*c)) {
        return invalid(format!("has the illegal character `{}`", illegal.escape_debug()));
    }
    if name.chars().all(|c| c.is_ascii_digit()) {
        return invalid("cannot be just numbers".to_owned());
    }
    Ok(())
}

/// The identifier that a text was probably meant to be: in lowercase and without accents, with a dash in place of what is
/// illegal.
pub fn nearest_identifier(text: &str) -> Option<String> {
    let name = plain_name(&text.to_lowercase())?;
    check_identifier(&name).ok().map(|()| name)
}

/// The name of ASCII letters, digits, `-`, `_` and `.` that a text was probably meant to be.
pub fn plain_name(text: &str) -> Option<String> {
    let mut name = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            _ if letter.is_ascii_alphanumeric() || "-_.".contains(letter) => name.push(letter),
            // A mark that stands behind its letter.
            '\u{300}'..='\u{36f}' => {}
            _ => name += without_accent(letter).unwrap_or(if name.ends_with('-') { "" } else { "-" }),
        }
    }
    let name = name.trim_matches(['-', '_', '.']);
    (!name.is_empty()).then(|| name.to_owned())
}

/// A letter of Latin script without its accent.
fn without_accent(letter: char) -> Option<&'static str> {
    const PLAIN: [(&str, &str, &str); 23] = [
        ("àáâãäåāăą", "a", "A"),
        ("æ", "ae", "Ae"),
        ("çćĉċč", "c", "C"),
        ("ďđð", "d", "D"),
        ("èéêëēĕėęě", "e", "E"),
        ("ĝğġģ", "g", "G"),
        ("ĥħ", "h", "H"),
        ("ìíîïĩīĭįı", "i", "I"),
        ("ĵ", "j", "J"),
        ("ķ", "k", "K"),
        ("ĺļľł", "l", "L"),
        ("ñńņňŋ", "n", "N"),
        ("òóôõöøōŏő", "o", "O"),
        ("œ", "oe", "Oe"),
        ("ŕŗř", "r", "R"),
        ("śŝşšș", "s", "S"),
        ("ß", "ss", "SS"),
        ("ţťŧț", "t", "T"),
        ("þ", "th", "Th"),
        ("ùúûüũūŭůűų", "u", "U"),
        ("ŵ", "w", "W"),
        ("ýÿŷ", "y", "Y"),
        ("źżž", "z", "Z"),
    ];
    let lower = letter.to_lowercase().next()?;
    let (_, small, large) = PLAIN.iter().find(|(letters, ..)| letters.contains(lower))?;
    Some(if letter == lower { small } else { large })
}

/// Takes a name that Concourse takes without a warning; from a lenient deserializer, any name.
struct Name;

impl<'de> Visitor<'de> for Name {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        let name = String::deserialize(deserializer)?;
        match check_identifier(&name) {
            Ok(()) => Ok(name),
            Err(error) => Err(D::Error::custom(format!("the name `{name}` {error}"))),
        }
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<String, E> {
        Ok(name.to_owned())
    }
}

macro_rules! identifiers {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(String);

            impl $name {
                /// Reads a name.
                ///
                /// # Errors
                ///
                /// When Concourse would refuse it.
                pub fn parse(name: impl Into<String>) -> Result<Self, InvalidIdentifier> {
                    let name = name.into();
                    check_identifier(&name)?;
                    Ok(Self(name))
                }

                /// The name.
                pub fn as_str(&self) -> &str {
                    &self.0
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(&self.0)
                }
            }

            impl Borrow<str> for $name {
                fn borrow(&self) -> &str {
                    &self.0
                }
            }

            impl Serialize for $name {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    self.0.serialize(serializer)
                }
            }

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    deserializer.deserialize_newtype_struct(CHECKED_TEXT, Name).map(Self)
                }
            }
        )+
    };
}

identifiers! {
    /// Name of a pipeline.
    PipelineName;
    /// Name of a job.
    JobName;
    /// Name of a resource, of what a step gets or puts, of an artifact or of a task.
    ResourceName;
    /// Name of a resource type.
    ResourceTypeName;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_concourse_takes() {
        for name in ["a", "1a", "deploy-shop.ci", "a_b", "ähnlich", "日本"] {
            assert!(JobName::parse(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn names_that_concourse_refuses() {
        for (name, reason) in [
            ("", "is empty"),
            ("Deploy", "must start with a lowercase letter or a number"),
            ("-a", "must start with a lowercase letter or a number"),
            ("a b", "has the illegal character ` `"),
            ("aB", "has the illegal character `B`"),
            ("a/b", "has the illegal character `/`"),
            ("123", "cannot be just numbers"),
        ] {
            assert_eq!(JobName::parse(name).map_err(|error| error.reason), Err(reason.to_owned()), "{name}");
        }
    }

    #[test]
    fn plain_names_have_no_accents() {
        for (text, name) in [
            ("café", Some("cafe")),
            ("cafe\u{301}", Some("cafe")),
            ("Straße & Söhne", Some("Strasse-Sohne")),
            ("Æther", Some("Aether")),
            (" a  b ", Some("a-b")),
            ("商店", None),
            ("", None),
        ] {
            assert_eq!(plain_name(text).as_deref(), name, "{text}");
        }
        assert_eq!(nearest_identifier("Shop Cart").as_deref(), Some("shop-cart"));
        assert_eq!(nearest_identifier("123"), None);
    }
}
