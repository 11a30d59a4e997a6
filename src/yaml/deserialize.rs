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
pub(crate) struct NodeError {
    pub(crate) span: Option<Span>,
    pub(crate) message: String,
    /// What to do.
    pub(crate) help: Option<String>,
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

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self { span: None, message: format!("unknown field `{field}`"), help: meant(field, expected) }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self { span: None, message: format!("unknown word `{variant}`"), help: meant(variant, expected) }
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
pub(crate) fn decode<T: DeserializeOwned>(node: &Node) -> Result<T, NodeError> {
    T::deserialize(NodeDeserializer(node)).map_err(|error| error.at(node.span))
}

#[derive(Clone, Copy)]
struct NodeDeserializer<'n>(&'n Node);

impl NodeDeserializer<'_> {
    fn scalar<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        let NodeKind::Scalar(scalar) = &self.0.kind else { return self.any(visitor) };
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
        match &self.0.kind {
            NodeKind::Scalar(_) => self.scalar(visitor),
            NodeKind::List(items) => visitor.visit_seq(Items(items.iter())),
            NodeKind::Map(map) => visitor.visit_map(Entries { entries: map.entries().iter(), value: None }),
            NodeKind::Invalid => visitor.visit_unit(),
        }
    }
}

impl<'de> de::Deserializer<'de> for NodeDeserializer<'_> {
    type Error = NodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        self.any(visitor).map_err(|error| error.at(self.0.span))
    }

    /// A plain `1.10` is text where text is due: that it is ambiguous has been reported where the file was checked.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        match &self.0.kind {
            NodeKind::Scalar(scalar) if scalar.resolve() != Resolved::Null => visitor.visit_str(&scalar.text),
            _ => self.any(visitor),
        }
        .map_err(|error| error.at(self.0.span))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        if self.0.is_null() || matches!(self.0.kind, NodeKind::Invalid) {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, NodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, NodeError> {
        match &self.0.kind {
            NodeKind::Scalar(scalar) => {
                let variant: StrDeserializer<'_, NodeError> = scalar.text.as_str().into_deserializer();
                visitor.visit_enum(variant)
            }
            NodeKind::Map(map) => {
                let access = Entries { entries: map.entries().iter(), value: None };
                visitor.visit_enum(MapAccessDeserializer::new(access))
            }
            _ => self.any(visitor),
        }
        .map_err(|error| error.at(self.0.span))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

struct Items<'n>(std::slice::Iter<'n, Node>);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = NodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, NodeError> {
        // What was reported as wrong is passed over: the other items still have something to say.
        let Some(node) = self.0.by_ref().find(|node| !matches!(node.kind, NodeKind::Invalid)) else {
            return Ok(None);
        };
        seed.deserialize(NodeDeserializer(node)).map(Some).map_err(|error| error.at(node.span))
    }
}

struct Entries<'n> {
    entries: std::slice::Iter<'n, Entry>,
    value: Option<&'n Entry>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = NodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, NodeError> {
        let Some(entry) = self.entries.by_ref().find(|entry| !matches!(entry.value.kind, NodeKind::Invalid)) else {
            return Ok(None);
        };
        self.value = Some(entry);
        let key: StrDeserializer<'_, NodeError> = entry.key.as_str().into_deserializer();
        seed.deserialize(key).map(Some).map_err(|error| error.at(entry.key_span))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, NodeError> {
        let entry = self.value.take().expect("internal error: a value was asked for before its key");
        seed.deserialize(NodeDeserializer(&entry.value)).map_err(|error| error.at(entry.value.span))
    }
}
