//! Typed values out of [`Node`]s. Errors know their place, since they are made where the node is at hand.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor};

use crate::diagnostic::{did_you_mean, one_of};
use crate::source::Span;

use super::node::{Entry, Node, NodeKind};
use super::scalar::Resolved;

/// What could not be read, and where.
#[derive(Debug)]
pub struct NodeError {
    /// Where it is, if that is known.
    pub span: Option<Span>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl NodeError {
    fn at(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for NodeError {}

impl de::Error for NodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { span: None, message: message.to_string(), help: None }
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let message = format!("expected {}, found {}", expected_noun(&expected.to_string()), found_noun(found));
        Self { span: None, message, help: None }
    }

    fn missing_field(field: &'static str) -> Self {
        Self { span: None, message: format!("`{field}` is missing"), help: None }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self { span: None, message: format!("unknown field `{field}`"), help: meant(field, expected) }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self { span: None, message: format!("unknown word `{variant}`"), help: meant(variant, expected) }
    }
}

/// What a type expects, in the words of YAML.
fn expected_noun(expected: &str) -> String {
    match expected {
        "a string" | "string" => "text".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        _ if expected.starts_with("struct ") => "a map".to_owned(),
        _ => expected.to_owned(),
    }
}

/// What a file has in its place.
fn found_noun(found: de::Unexpected<'_>) -> String {
    match found {
        de::Unexpected::Bool(value) => value.to_string(),
        de::Unexpected::Unsigned(value) => format!("the number {value}"),
        de::Unexpected::Signed(value) => format!("the number {value}"),
        de::Unexpected::Float(value) => format!("the number {value:?}"),
        de::Unexpected::Str(text) => format!("text: {text:?}"),
        de::Unexpected::Unit => "nothing".to_owned(),
        de::Unexpected::Seq => "a list".to_owned(),
        de::Unexpected::Map => "a map".to_owned(),
        other => other.to_string(),
    }
}

/// The word that was meant, or all there are when they are few.
fn meant(word: &str, known: &'static [&'static str]) -> Option<String> {
    match did_you_mean(word, known.iter().copied()) {
        Some(meant) => Some(format!("did you mean `{meant}`?")),
        None if known.len() <= 8 => Some(format!("it is {}", one_of(known))),
        None => None,
    }
}

/// Reads a type out of a node.
///
/// # Errors
///
/// At the first thing that does not fit, with its place.
pub fn decode<T: DeserializeOwned>(node: &Node) -> Result<T, NodeError> {
    T::deserialize(NodeDeserializer { node, is_lenient: false }).map_err(|error| error.at(node.span))
}

/// As [`decode`], but takes what Concourse takes: unknown fields are left out, null is an empty list, map or text, and
/// a name of which Concourse only warns is a name.
///
/// # Errors
///
/// At the first thing that does not fit, with its place.
pub fn decode_leniently<T: DeserializeOwned>(node: &Node) -> Result<T, NodeError> {
    T::deserialize(NodeDeserializer { node, is_lenient: true }).map_err(|error| error.at(node.span))
}

/// The name under which types that check a text are deserialized, as newtypes. A lenient deserializer hands them the text
/// with `visit_str`, and they take it without the check.
pub const CHECKED_TEXT: &str = "CheckedText";

#[derive(Clone, Copy)]
struct NodeDeserializer<'n> {
    node: &'n Node,
    is_lenient: bool,
}

impl<'n> NodeDeserializer<'n> {
    fn items(self, items: &'n [Node]) -> Items<'n> {
        Items { items: items.iter(), is_lenient: self.is_lenient }
    }

    fn entries(self, entries: &'n [Entry], known: Option<&'static [&'static str]>) -> Entries<'n> {
        Entries { rest: entries.iter(), known, value: None, is_lenient: self.is_lenient }
    }

    /// Whether the node is what Concourse takes for something empty.
    fn is_empty(self) -> bool {
        self.is_lenient && self.node.is_null()
    }

    fn scalar<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        let NodeKind::Scalar(scalar) = &self.node.kind else { return self.any(visitor) };
        match scalar.resolve() {
            Resolved::Null => visitor.visit_unit(),
            Resolved::Bool(value) => visitor.visit_bool(value),
            Resolved::Integer(value) => match u64::try_from(value) {
                Ok(value) => visitor.visit_u64(value),
                Err(_) => visitor.visit_i64(value),
            },
            Resolved::Float(value) => visitor.visit_f64(value),
            Resolved::Text => visitor.visit_str(&scalar.text),
        }
    }

    fn any<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        match &self.node.kind {
            NodeKind::Scalar(_) => self.scalar(visitor),
            NodeKind::List(items) => visitor.visit_seq(self.items(items)),
            NodeKind::Map(map) => visitor.visit_map(self.entries(map.entries(), None)),
            NodeKind::Invalid => visitor.visit_unit(),
        }
    }
}

impl<'de> de::Deserializer<'de> for NodeDeserializer<'_> {
    type Error = NodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        self.any(visitor).map_err(|error| error.at(self.node.span))
    }

    /// A plain `1.10` is text where text is due: that it is ambiguous has been reported where the file was checked.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        match &self.node.kind {
            NodeKind::Scalar(scalar) if scalar.resolve() != Resolved::Null => visitor.visit_str(&scalar.text),
            _ if self.is_empty() => visitor.visit_str(""),
            _ => self.any(visitor),
        }
        .map_err(|error| error.at(self.node.span))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        if self.node.is_null() || matches!(self.node.kind, NodeKind::Invalid) {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, NodeError> {
        if self.is_lenient && name == CHECKED_TEXT {
            self.deserialize_str(visitor)
        } else {
            visitor.visit_newtype_struct(self)
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        if self.is_empty() {
            return visitor.visit_seq(self.items(&[]));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        if self.is_empty() {
            return visitor.visit_map(self.entries(&[], None));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, NodeError> {
        match &self.node.kind {
            NodeKind::Map(map) if self.is_lenient => {
                let known = visitor.visit_map(self.entries(map.entries(), Some(fields)));
                known.map_err(|error| error.at(self.node.span))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, NodeError> {
        match &self.node.kind {
            NodeKind::Scalar(scalar) => {
                let variant: StrDeserializer<'_, NodeError> = scalar.text.as_str().into_deserializer();
                visitor.visit_enum(variant)
            }
            NodeKind::Map(map) => visitor.visit_enum(MapAccessDeserializer::new(self.entries(map.entries(), None))),
            _ => self.any(visitor),
        }
        .map_err(|error| error.at(self.node.span))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple
        tuple_struct identifier ignored_any
    }
}

struct Items<'n> {
    items: std::slice::Iter<'n, Node>,
    is_lenient: bool,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = NodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, NodeError> {
        // What was reported as wrong is passed over: the other items still have something to say.
        let Some(node) = self.items.by_ref().find(|node| !matches!(node.kind, NodeKind::Invalid)) else {
            return Ok(None);
        };
        seed.deserialize(NodeDeserializer { node, is_lenient: self.is_lenient })
            .map(Some)
            .map_err(|error| error.at(node.span))
    }
}

struct Entries<'n> {
    rest: std::slice::Iter<'n, Entry>,
    /// The keys that are wanted: all without this.
    known: Option<&'static [&'static str]>,
    value: Option<&'n Entry>,
    is_lenient: bool,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = NodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, NodeError> {
        let is_known = |entry: &Entry| self.known.is_none_or(|known| known.contains(&entry.key.as_str()));
        let is_wanted = |entry: &&Entry| !matches!(entry.value.kind, NodeKind::Invalid) && is_known(entry);
        let Some(entry) = self.rest.by_ref().find(is_wanted) else {
            return Ok(None);
        };
        self.value = Some(entry);
        let key: StrDeserializer<'_, NodeError> = entry.key.as_str().into_deserializer();
        seed.deserialize(key).map(Some).map_err(|error| error.at(entry.key_span))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, NodeError> {
        let entry = self.value.take().expect("internal error: a value was asked for before its key");
        seed.deserialize(NodeDeserializer { node: &entry.value, is_lenient: self.is_lenient })
            .map_err(|error| error.at(entry.value.span))
    }
}
