//! YAML files with the place of every value, and reports of what is wrong with them.
//!
//! - [`source`] holds the files of a run, and names places in them.
//! - [`yaml`] reads files into nodes that know their places, and writes values as YAML.
//! - [`diagnostic`] is something that is wrong at a place: its rule, its severity, and what to do about it.
//! - [`boundary`] says which files someone else's input may name.
//! - [`secrets`] tells what nobody may read.
//! - [`report`] shows diagnostics to people and to programs.

pub mod boundary;
pub mod diagnostic;
mod failure;
pub mod files;
pub mod markdown;
pub mod parallel;
pub mod report;
pub mod secrets;
pub mod source;
pub mod yaml;

pub use failure::Failure;
