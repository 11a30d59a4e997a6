//! Renders a proposal in memory, and finds its differences from the pipeline that was read.

pub(crate) mod differences;
pub(crate) mod tree;
pub(crate) mod trial;
