//! Generates Concourse pipelines whose promotions are approved by closing GitHub issues.
//!
//! In one sentence: **manifest → project → plan → pipeline → YAML**. Each arrow is one function: `project::resolve`,
//! `plan::plan`, `lower::lower` and [`yaml_source::yaml::emit`]. `workspace::compile` calls the first three for one manifest,
//! and [`render`] the last one. `resolve` reads files of the code that a manifest names; the others read nothing. None of
//! them writes a file: `write` does, for [`command`] and for `unchanged`.
//!
//! - [`manifest`] is what the user wrote: its shape, its schema, and how layers of it are merged.
//! - [`input`] has the types of inputs, one file each; `formats` checks texts that GitHub, git or a registry reads.
//! - [`project`] is what it means: defaults applied, references resolved, templates filled, names made.
//! - [`kind`] is what deploys a stage or builds an input: files in Concourse's own words.
//! - [`plan`] is the promotion graph: jobs, what they take and from whom, gates, issues.
//! - [`approval`] is what counts as an approval, from the manifest to the resource; `policy` is what a fleet asks of all its
//!   stages.
//! - `lower` turns a plan into the types of [`concourse_pipeline::model`].
//! - `gates` judges whether a job can go past a gate: one pass over everything that a run renders, or reads.
//! - [`workspace`] finds fleets and manifests, and compiles them; [`render`] makes YAML of the result in memory; [`command`]
//!   writes files, compares, prints or sets what comes out. `unchanged` remembers what was found to be up to date, outside of
//!   the repository.
//! - `verify` searches pipelines for a sequence of events in which they deploy what nobody approved; `simulate` plays
//!   one that somebody wrote.
//! - [`budget`] counts the requests that pipelines send to GitHub.
//! - `import` goes the way back: it proposes the manifest of a pipeline, renders it, and lists what differs.
//! - `explain` writes the page for developers from the plan.
//!
//! Two crates below know nothing of manifests. [`yaml_source`] has files, YAML and reports. [`concourse_pipeline`] has any
//! pipeline, whoever wrote it: its types, its reader, its lints, who starts whom, drawings and differences.
//!
//! An error in the input is a [`yaml_source::diagnostic::Diagnostic`] with its place in a [`yaml_source::source::Sources`];
//! [`yaml_source::report`] prints it. What keeps a run from finishing is a [`yaml_source::Failure`].

pub mod approval;
pub mod budget;
pub mod cli;
pub mod command;
mod compare;
mod content;
mod explain;
mod fly;
mod formats;
mod gates;
mod git;
mod import;
pub mod input;
mod interrupt;
mod job_target;
pub mod kind;
mod lower;
pub mod manifest;
pub mod plan;
mod policy;
pub mod progress;
pub mod project;
pub mod render;
mod simulate;
mod template;
mod unchanged;
mod verify;
pub mod workspace;
mod write;

pub use compare::compare;
pub use gates::judge_handwritten;
