//! How diagnostics look, one format a file.
//!
//! A line and a column count from 1, and a column is a character: a Unicode code point. A range ends behind its last
//! character. All formats say the same in the same order, and none of them shows a secret that was found in clear.

mod by_rule;
mod github;
mod json;
mod plain;
mod sarif;
mod unified;
mod view;

pub use by_rule::by_rule;
pub use github::github;
pub use json::{json, report_schema};
pub use plain::{plain, summary};
pub use sarif::sarif;
pub use unified::unified_diff;

/// The program that reports are of.
const NAME: &str = "ol-pipegen";

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people: each problem with its lines, on standard error.
    Plain,
    /// A JSON document on standard output; `ol-pipegen schema report` prints its schema.
    Json,
    /// SARIF 2.1.0, for code scanning, on standard output.
    Sarif,
    /// Annotations of a GitHub workflow, on standard output.
    Github,
}
