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
mod english;
mod examples;
mod explain;
mod extra;
mod files;
mod gates;
mod graph;
mod import;
mod incidents;
mod language;
mod lints;
mod meta;
mod mitodl;
mod passed_on;
mod previewed;
mod public;
mod readers;
mod readme;
mod refused;
mod render;
mod report;
mod reshaped;
mod rules;
mod schemas;
mod set;
mod simulate;
mod support;
mod unchanged;
mod validate;
mod verify;
mod versions;
mod waiting;
mod watched;
mod weaker;
mod wiring;
mod words;
