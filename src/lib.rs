//! Generates Concourse pipelines whose promotions are approved by closing GitHub issues.
//!
//! In one sentence: **manifest → project → plan → pipeline → YAML**; each arrow is one function, pure until the last one
//! writes.
//!
//! - [`manifest`] is what the user wrote: its shape, its schema, and how layers of it are merged.
//! - [`project`] is what it means: defaults applied, references resolved, templates filled, names made.
//! - [`kind`] is what deploys a stage or builds an input: files in Concourse's own words.
//! - [`plan`] is the promotion graph: jobs, what they take and from whom, gates, issues.
//! - `lower` says a plan in the types of [`concourse`].
//! - `gates` judges whether a job can go past a gate: one pass over everything that a run renders, or reads.
//! - [`workspace`] finds fleets and manifests, and does all of that in one place, `compile`; [`render`] writes the result as
//!   YAML in memory; [`command`] writes files, compares, prints or sets what comes out. What was
//!   found to be up to date is remembered by `unchanged`, outside of the repository.
//! - `verify` searches pipelines for a story in which they deploy what nobody approved.
//! - [`budget`] counts what pipelines ask of GitHub.
//! - `import` goes the way back: it proposes the manifest of a pipeline, renders it, and tells what differs.
//!
//! The page for developers is written from the plan by `explain`.
//!
//! Files, YAML and reports are the crate `yaml_source`. Any pipeline, whoever wrote it, is the crate `concourse_pipeline`: its
//! types, its reader, its lints, who starts whom, drawings and differences. Neither knows of manifests.
//!
//! What is wrong with the input is a [`diagnostic::Diagnostic`] with its place in a [`source::Sources`], and is shown by
//! [`report`]. What keeps a run from being done at all is a [`Failure`].

pub mod budget;
pub mod cli;
pub mod command;
mod compare;
mod content;
mod explain;
mod fly;
mod gates;
mod git;
mod import;
mod interrupt;
pub mod kind;
mod lower;
pub mod manifest;
pub mod plan;
pub mod progress;
pub mod project;
pub mod render;
mod template;
mod unchanged;
mod verify;
pub mod workspace;
mod write;

pub use compare::compare;
pub use gates::judge_handwritten;
// What the crates below call by these names.
pub(crate) use concourse_pipeline::{address, view};
pub use concourse_pipeline::{diff, flow, graph, lint, model as concourse, validate};
pub use yaml_source::{Failure, diagnostic, report, source, yaml};
pub(crate) use yaml_source::{files, markdown, parallel};
