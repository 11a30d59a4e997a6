//! The manifest as text: what all stages have in common stands once, and what is not needed is left out.

pub(crate) mod layers;
pub(crate) mod minimize;
pub(crate) mod text;
