//! The scheduler of Concourse 7.14 as a function: which versions it chooses for the inputs of a job, and when it starts a
//! build.
//!
//! The crate knows resources, versions, jobs, builds and inputs. It does not know YAML, steps, workers or time. A
//! [`Pipeline`] is what `fly set-pipeline` saves, a [`History`] is what the database of Concourse holds. [`resolve()`] reads
//! a history, and [`schedule()`] runs the scheduler once for a job.
//!
//! Each rule names the Go function that it follows, with its path below `atc/` of Concourse
//! `v1.6.1-0.20250808200302-ff09ee64fcce`, which is the module of version 7.14.0. `tests/scheduler/run` compares this crate
//! with that code on random histories.
//!
//! # Where Concourse has no single answer
//!
//! - An input whose passed jobs belong to two groups joins one of them by the order of a Go map.
//!   [`variants`] returns all answers, and [`resolve()`] the first one.
//! - A build with two versions of one resource among its inputs offers them downstream in the order of a Go map. Here the
//!   order is by the name of the input.
//! - A job with `version: every` and `passed` continues after *any* build that used the newest version. In practice
//!   the database returns the oldest build, and so does this crate.
//! - When two builds of one passed job went into one build, Concourse continues after either of them. Here it is the newest.

mod history;
mod pipeline;
mod resolve;
mod start;

pub use history::{Build, BuildId, BuildInput, History, JobId, JobInput, Kind, ResourceId, SetError, Status};
pub use pipeline::{Input, Job, Output, Pipeline, Resource, Version, VersionChoice};
pub use resolve::{Chosen, Failure, Resolution, resolve, variants};
pub use start::{Pass, schedule};
