//! How diagnostics look.

mod plain;

pub use plain::{plain, summary};
