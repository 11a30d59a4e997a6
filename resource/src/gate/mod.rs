//! Gate mode: an issue asks for a decision, a closing is an approval of versions, and an approval is used once.
//!
//! [`record`] opens issues and records builds, [`check`] sees closings, [`get`](mod@get) writes what was approved,
//! [`claim`] uses it up, [`report`] says what became of it. [`records`] shows the records themselves, which approve
//! nothing, to previews. What an issue says is believed as far as its [`ledger`](github_gates::ledger)
//! holds, and a closing counts as far as its [`verdict`] goes.

mod append;
mod check;
mod claim;
mod content;
mod destination;
mod draft;
mod duplicates;
mod get;
mod issues;
mod notices;
mod open;
mod page;
mod pins;
mod record;
mod records;
mod report;
mod session;
mod stale;
mod verdict;

use std::path::Path;

use gate_contract::{GatePut, GateSource, GitSource, Role};
use github_gates::Patience;
use serde_json::Value;

use self::session::Gate;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::files::BuildDir;
use crate::git::GitResource;
use crate::protocol::{Outcome, Version};

pub(crate) fn check(source: &GateSource, version: Option<&Version>, context: &Context<'_>) -> Result<Vec<Version>> {
    let gate = Gate::new(source, context, Patience::Check)?;
    if source.git.is_some() {
        // Better now than in the get of the first approval.
        GitResource::find()?;
    }
    match source.role {
        Role::Trigger => gate.check(version),
        Role::Records => gate.check_records(version),
        Role::Post => Err(Error::BadSource(
            "a resource with `role: post` is put to and not checked; set `check_every: never`".to_owned(),
        )),
    }
}

pub(crate) fn get(source: &GateSource, version: Version, dir: &Path, context: &Context<'_>) -> Result<Outcome> {
    let gate = Gate::new(source, context, Patience::Get)?;
    match source.role {
        Role::Records => gate.get_record(version, dir),
        Role::Trigger | Role::Post => gate.get(version, dir),
    }
}

/// A get of the resource type `approved-git`: the approved commit of the code, with the approval inside the clone.
pub(crate) fn get_code(
    source: &GateSource,
    git: &GitSource,
    version: Version,
    params: Option<&Value>,
    dir: &Path,
    context: &Context<'_>,
) -> Result<Outcome> {
    let resource = GitResource::find()?;
    Gate::new(source, context, Patience::Get)?.get_code(&resource, git, version, params, dir)
}

pub(crate) fn put(source: &GateSource, params: &GatePut, dir: &Path, context: &Context<'_>) -> Result<Outcome> {
    if source.role != Role::Post {
        return Err(Error::BadSource(
            "a resource with `role: trigger` or `role: records` is checked and not put to".to_owned(),
        ));
    }
    let gate = Gate::new(source, context, Patience::Put)?;
    let dir = BuildDir::new(dir)?;
    let outcome = match params {
        GatePut::Record(params) => gate.record(params, &dir),
        GatePut::Claim(params) => gate.claim(params, &dir),
        GatePut::Report(params) => gate.report(params),
    };
    outcome.map_err(|error| gate.with_recovery(error, params))
}
