//! Manifests that could make the pipeline: which kind deploys the stages, and the settings of every stage.

mod adjust;
pub(crate) mod attempts;
mod builds;
mod candidates;
mod extra;
mod input;
mod inputs;
mod issues;
mod jobs;
mod match_kind;
mod new_kind;
mod places;
mod proposal;
mod script;
pub(crate) mod settings;
pub(crate) mod templates;
