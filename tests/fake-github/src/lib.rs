//! A GitHub for tests, in one process with them or on its own (`fake-github --help`).
//!
//! It keeps issues, comments and who did what in a [`World`], answers the requests that the resource type
//! `github-issues` makes, and misbehaves on demand: lists and replicas that lag, failures before and after a write,
//! rate limits, redirects, broken answers. Time is its own ([`Time`]): nothing sleeps.
//!
//! It is held to GitHub's own description ([`openapi`], [`graphql`]): a request that the description does not allow,
//! and an answer that it does not describe, are [violations](FakeGithub::violations).

mod admin;
pub mod graphql;
mod http;
mod listening;
pub mod openapi;
mod rest;
mod server;
mod time;
mod tls;
mod world;

pub use http::{Request, Response};
pub use listening::Listening;
pub use server::{Action, Config, Endpoint, FakeGithub, Logged, Phase};
pub use time::Time;
pub use tls::Authority;
pub use world::{App, Comment, Event, EventKind, Gone, Issue, Kind, Role, User, World};
