//! Generates Concourse pipelines whose promotions are approved by closing GitHub issues.
//!
//! In one sentence: **manifest → project → plan → pipeline → YAML**; each arrow is one function, pure until the last one
//! writes.
//!
//! - [`yaml`] reads files into nodes that know their places, and writes what Concourse reads as it was meant.
//! - [`manifest`] is what the user wrote: its shape, its schema, and how layers of it are merged.
//! - [`project`] is what it means: defaults applied, references resolved, templates filled, names made.
//! - [`kind`] is what deploys a stage or builds an input: files in Concourse's own words.
//! - [`plan`] is the promotion graph: jobs, what they take and from whom, gates, issues.
//! - [`concourse`] is the pipeline as Concourse defines it; a plan is lowered to it.
//! - `gates` judges whether a job can go past a gate: one pass over everything that a run renders.
//! - [`render`] does all of that for a fleet, in memory; [`command`] writes, compares, prints or sets what comes out. What was
//!   found to be up to date is remembered by `unchanged`, outside of the repository.
//! - [`flow`] is who starts whom in any pipeline, read from it alone; [`graph`] draws it, and [`diff`] tells what changes from
//!   one pipeline to another; [`budget`] counts what it asks of GitHub.
//! - [`validate`] reads any pipeline as a version of Concourse reads it, and tells what that version refuses; [`lint`] tells
//!   what it takes without a word.
//! - `import` goes the way back: it proposes the manifest of a pipeline, renders it, and tells what differs.
//!
//! The page for developers is written from the plan by `explain`.
//!
//! What is wrong with the input is a [`diagnostic::Diagnostic`] with its place in a [`source::Sources`], and is shown by
//! [`report`]. What keeps a run from being done at all is a [`Failure`].

mod address;
pub mod budget;
pub mod cli;
pub mod command;
pub mod concourse;
mod content;
pub mod diagnostic;
pub mod diff;
mod explain;
mod failure;
mod files;
pub mod flow;
mod fly;
mod gates;
mod git;
pub mod graph;
mod import;
mod interrupt;
pub mod kind;
pub mod lint;
mod lower;
pub mod manifest;
mod markdown;
mod parallel;
pub mod plan;
pub mod progress;
pub mod project;
pub mod render;
pub mod report;
pub mod source;
mod template;
mod unchanged;
pub mod validate;
mod view;
mod write;
pub mod yaml;

pub use failure::Failure;
