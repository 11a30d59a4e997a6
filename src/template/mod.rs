//! Templates: text with holes `{{ expression }}`, and nothing else.
//!
//! Expressions are minijinja's. There are no statements, comments, functions, files, clock or environment: the same
//! input gives the same text. A manifest may be hostile, so what an expression can build is bounded.

mod engine;
mod fill;
mod parse;
mod scope;

pub(crate) use fill::{Filler, has_templates, to_value};
pub(crate) use parse::{ParsedTemplate, Piece, is_template, pieces};
pub(crate) use scope::Scope;
