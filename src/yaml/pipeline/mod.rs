//! Pipelines as Concourse reads them: through go-yaml v2, in which YAML 1.1 is spoken, keys merge, tags count, and of
//! several documents the first one is taken.

mod aliasing;
mod map;
mod number;
mod read;
mod scalar;

use super::node::Scalar;
use super::scalar::{Resolved, ScalarStyle};

pub(crate) use number::{as_json, as_text};
pub(crate) use read::{Dialect, DuplicateKeys, read_pipeline};

/// The text that a key becomes in JSON.
fn key_of(scalar: Scalar) -> String {
    match scalar.resolve() {
        Resolved::Float(value) if scalar.style == ScalarStyle::Plain && value.is_finite() => as_text(value),
        _ => scalar.text,
    }
}
