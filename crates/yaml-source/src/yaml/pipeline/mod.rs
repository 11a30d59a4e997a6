//! Pipelines as Concourse reads them: through go-yaml v2, in which YAML 1.1 is spoken, keys merge, tags count, and of
//! several documents the first one is taken.
//!
//! The parser under it speaks YAML 1.2. What is known to differ and not bridged, all of it found by chance alone: the
//! line breaks U+2028 and U+2029 within quotes and blocks, `...` before the first document, a `#` right behind `|` or
//! `>`, a directive within a document or one that is not known, a single `-`, a leading `?` or a `:` at the end within brackets, `*alias:` as a
//! key, what comes behind a document in brackets, UTF-16.

mod aliasing;
mod breaks;
mod map;
mod number;
mod quirks;
mod read;
mod scalar;
mod tabs;

use super::node::Scalar;
use super::scalar::{Resolved, ScalarStyle};

pub use number::{as_json, as_text};
pub use read::{Dialect, DuplicateKeys, read_pipeline};

/// The text that a key becomes in JSON.
fn key_of(scalar: Scalar) -> String {
    match scalar.resolve() {
        Resolved::Float(value) if scalar.style == ScalarStyle::Plain && value.is_finite() => as_text(value),
        _ => scalar.text,
    }
}
