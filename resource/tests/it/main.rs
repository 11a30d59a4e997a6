//! The executable, run as Concourse runs it, against a fake GitHub.
#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod check;
mod get;
mod put;
mod support;
