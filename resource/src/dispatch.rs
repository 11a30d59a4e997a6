//! Reads a request of Concourse and dispatches it to a mode.

use std::path::Path;

use gate_contract::Source;
use github_gates::log::Log;
use serde::Serialize;
use serde_json::Value;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::protocol::Version;
use crate::{compat, gate};

/// What Concourse runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    Check,
    In(&'a Path),
    Out(&'a Path),
}

/// Reads a request, does what it asks for, and returns what belongs on standard output.
pub(crate) fn run(step: Step<'_>, request: &str, context: &Context<'_>) -> Result<String> {
    let value: Value = serde_json::from_str(request)
        .map_err(|error| Error::BadRequest(format!("standard input is not the JSON that Concourse sends: {error}")))?;
    let Value::Object(mut request) = value else {
        return Err(Error::BadRequest("standard input is not a JSON object".to_owned()));
    };
    let source = request.remove("source").unwrap_or(Value::Null);
    // First of all: no error from here on may show them.
    hide_secrets(&source, context.log);
    let source: Source =
        serde_json::from_value(source).map_err(|error| Error::BadSource(format!("`source`: {error}")))?;
    let params = request.remove("params").filter(|params| !params.is_null());
    let version = version_of(request.remove("version"))?;
    if let Some(key) = request.keys().next() {
        return Err(Error::BadRequest(format!("the request has `{key}`, which Concourse does not send")));
    }
    let outcome = match (step, source) {
        (Step::Check, Source::Gate(source)) => return Ok(json(&gate::check(&source, version.as_ref(), context)?)),
        (Step::Check, Source::Compat(source)) => return Ok(json(&compat::check(&source, version.as_ref(), context)?)),
        (Step::In(dir), source) => {
            let version = version.ok_or_else(|| Error::BadRequest("a get needs a version".to_owned()))?;
            match source {
                Source::Gate(source) => {
                    if let Some(git) = &source.git {
                        gate::get_code(&source, git, version, params.as_ref(), dir, context)?
                    } else {
                        no_params(params.as_ref())?;
                        gate::get(&source, version, dir, context)?
                    }
                }
                Source::Compat(source) => {
                    no_params(params.as_ref())?;
                    compat::get(&source, version, dir, context)?
                }
            }
        }
        (Step::Out(dir), Source::Gate(source)) => {
            let params = params.ok_or_else(|| Error::BadParams("a put needs `params` with an `action`".to_owned()))?;
            let params = gate_contract::read(params).map_err(|error| Error::BadParams(format!("`params`: {error}")))?;
            gate::put(&source, &params, dir, context)?
        }
        (Step::Out(dir), Source::Compat(source)) => {
            let params = params.unwrap_or_else(|| Value::Object(Version::new()));
            let params = gate_contract::read(params).map_err(|error| Error::BadParams(format!("`params`: {error}")))?;
            compat::put(&source, &params, dir, context)?
        }
    };
    Ok(json(&outcome.without_secrets(context.log)))
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

fn no_params(params: Option<&Value>) -> Result<()> {
    match params.and_then(Value::as_object).and_then(|params| params.keys().next()) {
        Some(key) => Err(Error::BadParams(format!("a get takes no params, and has `{key}`"))),
        None => Ok(()),
    }
}

fn version_of(value: Option<Value>) -> Result<Option<Version>> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(version)) if version.values().all(Value::is_string) => {
            Ok((!version.is_empty()).then_some(version))
        }
        Some(_) => Err(Error::BadRequest("`version` is not a map of texts".to_owned())),
    }
}

/// Secrets are known by their keys, whatever else is wrong with the source.
fn hide_secrets(source: &Value, log: &Log) {
    for key in ["access_token", "private_ssh_key", "signing_key"] {
        if let Some(value) = source.get(key) {
            hide_all(value, log);
        }
    }
    if let Some(Value::Object(git)) = source.get("git") {
        for key in ["password", "private_key", "private_key_passphrase", "git_crypt_key", "https_tunnel"] {
            if let Some(value) = git.get(key) {
                hide_all(value, log);
            }
        }
        let account = git.get("uri").and_then(Value::as_str).and_then(|uri| uri.rsplit_once('@'));
        if let Some((_, account)) = account.and_then(|(before, _)| before.split_once("://")) {
            log.hide(account);
            log.hide(account.split_once(':').map_or(account, |(_, password)| password));
        }
    }
    // A proxy's password.
    for name in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        if let Ok(proxy) = std::env::var(name)
            && let Some((user, _)) = proxy.rsplit_once('@')
        {
            log.hide(user.rsplit_once("//").map_or(user, |(_, user)| user));
        }
    }
}

fn hide_all(value: &Value, log: &Log) {
    match value {
        Value::String(text) => {
            log.hide(text);
            log.hide(&text.replace("\\n", "\n"));
        }
        Value::Array(values) => values.iter().for_each(|value| hide_all(value, log)),
        Value::Object(values) => values.values().for_each(|value| hide_all(value, log)),
        Value::Number(number) => log.hide(&number.to_string()),
        Value::Null | Value::Bool(_) => {}
    }
}
