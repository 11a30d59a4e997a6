//! What the user learns: which differences are expected and why, and what is not carried over, as diagnostics and as comments
//! in the manifest.

pub(crate) mod expected;
pub(crate) mod gaps;
pub(crate) mod jobs;
pub(crate) mod report;
