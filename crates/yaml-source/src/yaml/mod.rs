//! YAML, read with places and limits, written so that every reader on the way reads the same.
//!
//! This is the only module that names the YAML crate.

mod deserialize;
mod emit;
mod filled;
mod keys;
mod node;
mod pipeline;
mod read;
mod scalar;
mod text;
mod to_value;
mod value;
mod writer;

pub use deserialize::{CHECKED_TEXT, NodeError, decode, decode_leniently};
pub use emit::{EmitError, emit};
pub use keys::top_level_keys;
pub use node::escape;
pub use node::{Entry, Map, Node, NodeKind, Scalar};
pub use pipeline::{Dialect, DuplicateKeys, as_json, as_text, read_pipeline};
pub use read::read_text;
pub use read::{Limits, read};
pub use scalar::{Resolved, ScalarStyle};
pub use scalar::{canonical, resolve, trap};
pub use to_value::to_value;
pub use value::{IndexMap, Value};
