//! What the pipeline is: brought into the form that a manifest writes, and its jobs sorted into stages, builds and others.

pub(crate) mod normalize;
pub(crate) mod secrets;
pub(crate) mod shape;
pub(crate) mod source;
pub(crate) mod steps;
