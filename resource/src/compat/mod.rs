//! Compatibility mode: the fields, versions and files of MIT Open Learning's image, without its accidents.
//!
//! A closing as not planned or as a duplicate starts nothing, a pull request is no issue, versions come in the order
//! of the closings, and nothing is found by a search. What stays is that a closing is an untyped signal: it names no
//! version, and everybody who may close an issue may approve. Gate mode is the answer to that.

mod body;
mod check;
mod format;
mod get;
mod put;
mod version;

use std::path::Path;
use std::time::Duration;

use gate_contract::{CompatPut, CompatSource};
use github_gates::log::Log;
use github_gates::{AuthFields, Client, Credentials, Patience, Settings};

use crate::build::Build;
use crate::context::Context;
use crate::error::Result;
use crate::files::BuildDir;
use crate::protocol::{Outcome, Version};

const TIMEOUT: u64 = 30;

/// A source of this mode, as a step sees it.
struct Compat<'a> {
    source: &'a CompatSource,
    client: Client<'a>,
    build: &'a Build,
    log: &'a Log,
}

pub(crate) fn check(source: &CompatSource, version: Option<&Version>, context: &Context<'_>) -> Result<Vec<Version>> {
    Compat::new(source, context, Patience::Check)?.check(version)
}

pub(crate) fn get(source: &CompatSource, version: Version, dir: &Path, context: &Context<'_>) -> Result<Outcome> {
    Compat::new(source, context, Patience::Get)?.get(version, dir)
}

pub(crate) fn put(source: &CompatSource, params: &CompatPut, dir: &Path, context: &Context<'_>) -> Result<Outcome> {
    Compat::new(source, context, Patience::Put)?.put(params, &BuildDir::new(dir)?)
}

impl<'a> Compat<'a> {
    fn new(source: &'a CompatSource, context: &'a Context<'a>, patience: Patience) -> Result<Self> {
        let credentials = Credentials::of(&AuthFields {
            method: source.auth_method,
            access_token: source.access_token.as_ref(),
            app_id: source.app_id.as_ref(),
            app_installation_id: source.app_installation_id.as_ref(),
            private_ssh_key: source.private_ssh_key.as_ref(),
        })?;
        let client = Client::new(
            Settings {
                host: source.gh_host.clone(),
                repository: source.repository.clone(),
                credentials,
                ca_cert: source.ca_cert.clone(),
                timeout: Duration::from_secs(source.timeout.unwrap_or(TIMEOUT).max(1)),
                max_wait: patience.max_wait(None),
                persistent: patience.is_persistent(),
            },
            context.clock,
            context.log,
        )?;
        Ok(Self { source, client, build: &context.build, log: context.log })
    }
}
