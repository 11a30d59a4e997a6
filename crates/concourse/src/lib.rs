//! Any pipeline of Concourse, whoever wrote it: read, checked, drawn and compared. Nothing here knows of manifests.
//!
//! - [`model`] is a pipeline as Concourse defines it.
//! - [`validate`] reads a pipeline as a version of Concourse reads it, and tells what that version refuses; [`lint`] tells
//!   what it takes without a word.
//! - [`fixed`] says which versions stay the same, and [`image`] where images come from; [`issues`] says which resources are
//!   those of gates; [`job_names`] and [`params`] say what the words in a pipeline tell of it, and [`variables`] which variables
//!   its texts use.
//! - [`flow`] is who starts whom; [`graph`] draws it, and [`diff`] tells what changes from one pipeline to another.

pub mod address;
pub mod diff;
pub mod fixed;
pub mod flow;
pub mod graph;
pub mod image;
pub mod issues;
pub mod job_names;
pub mod lint;
pub mod model;
pub mod params;
mod policy;
mod repository;
pub mod secrets;
pub mod validate;
pub mod variables;
pub mod view;

pub use repository::Repository;
