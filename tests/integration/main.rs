//! The program as its users see it: the real binary, real files, exact output.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod bad;
mod budget;
mod commands;
mod committed;
mod conformance;
mod decoding;
mod differences;
mod drawings;
mod examples;
mod explain;
mod files;
mod graph;
mod incidents;
mod language;
mod meta;
mod mitodl;
mod readers;
mod readme;
mod render;
mod report;
mod rules;
mod schemas;
mod set;
mod support;
mod validate;
mod watched;
