//! The executable, run as Concourse runs it, against a fake GitHub.
#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]
#![expect(clippy::print_stdout, reason = "what the trials came to is worth reading")]

mod account;
mod approved;
mod arrows;
mod attacks;
mod check;
mod checkout;
mod compat;
mod concurrency;
mod content;
mod destination;
mod faults;
mod get;
mod model;
mod posted;
mod protocol;
mod put;
mod real_github;
mod records;
mod schemas;
mod support;
mod text;
mod walks;
