//! GitHub's API, as far as a gate needs it.
//!
//! [`Client`] is the only one that sends: it authenticates, waits for rate limits, spaces writes, and knows which
//! requests may be repeated. The other modules say what is asked ([`api`], [`Snapshot`]) and what is read.

pub(crate) mod api;
mod auth;
mod client;
mod graphql;
mod model;
mod once;
mod proxy;
mod refusal;
mod rivals;
mod snapshot;
mod transport;

pub(crate) use auth::{AuthFields, Credentials};
pub(crate) use client::{Client, Identity, Patience, Settings, Shape};
pub(crate) use model::{Comment, Issue, NewIssue, User};
pub(crate) use once::LOOKS;
pub(crate) use rivals::{issues_below, rivals_below, together};
pub(crate) use snapshot::{Actor, IssueState, Neighbour, NoClosing, Note, Snapshot};
