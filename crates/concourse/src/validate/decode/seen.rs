use std::fmt;

use yaml_source::diagnostic::visible;
use yaml_source::yaml::{Node, NodeKind, Resolved};

/// A value as JSON has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Seen<'n> {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(&'n str),
    List,
    Map,
    /// It was reported before.
    Invalid,
}

impl<'n> Seen<'n> {
    pub(super) fn of(node: &'n Node) -> Self {
        let scalar = match &node.kind {
            NodeKind::Scalar(scalar) => scalar,
            NodeKind::List(_) => return Self::List,
            NodeKind::Map(_) => return Self::Map,
            NodeKind::Invalid => return Self::Invalid,
        };
        match scalar.resolve() {
            Resolved::Null => Self::Null,
            Resolved::Bool(value) => Self::Bool(value),
            Resolved::Integer(value) => Self::Integer(value.into()),
            // 64 bits without a sign are a whole number to Go.
            Resolved::Float(value) => {
                scalar.text.parse::<u64>().map_or(Self::Float(value), |it| Self::Integer(it.into()))
            }
            Resolved::Text => Self::Text(&scalar.text),
        }
    }
}

impl fmt::Display for Seen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null | Self::Invalid => f.write_str("nothing"),
            Self::Bool(value) => write!(f, "`{value}`"),
            Self::Integer(value) => write!(f, "the number `{value}`"),
            Self::Float(value) => write!(f, "the number `{value}`"),
            Self::Text("") => f.write_str("an empty text"),
            Self::Text(text) if text.chars().count() > 40 || text.contains('\n') => f.write_str("a text"),
            Self::Text(text) => write!(f, "the text `{}`", visible(text)),
            Self::List => f.write_str("a list"),
            Self::Map => f.write_str("a map"),
        }
    }
}
