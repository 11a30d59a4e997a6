//! Issues of GitHub as promotion gates: the client of GitHub's API, and the ledger that it reads from the issues.
//!
//! [`Client`] is the only one that sends: it authenticates, waits for rate limits, spaces writes, and knows which
//! requests may be repeated. [`api`] and [`Snapshot`] are the requests and their answers. [`ledger`] is what the issues of
//! a gate record, as far as it is believed. Nothing here knows of Concourse's protocol.
#![expect(clippy::missing_errors_doc, reason = "each is the error of a request, and `Error` says which there are")]

pub mod api;
mod auth;
mod client;
/// What time it is, and how to wait.
pub mod clock;
pub mod digest;
mod error;
mod graphql;
pub mod ledger;
/// The lines that a person reads, without secrets.
pub mod log;
mod model;
mod once;
mod proxy;
mod refusal;
mod rivals;
mod secrets;
mod snapshot;
pub mod text;
mod transport;

pub use auth::{AuthFields, Credentials};
pub use client::{Client, Identity, Patience, Settings, Shape};
pub use error::{Error, Result};
pub use model::{Comment, Issue, NewIssue, User};
pub use once::{Attempt, LOOKS};
pub use rivals::{issues_below, rivals_below, together};
pub use snapshot::{Actor, IssueState, Neighbour, NoClosing, Note, Snapshot};
