use std::path::Path;

use serde_json::Value;

use super::Gate;
use super::check::ClosingId;
use crate::contract::files;
use crate::error::{Error, Result};
use crate::files::{write, write_executable};
use crate::github::{Snapshot, api};
use crate::step::{Metadatum, Outcome, Version};

/// Puts the approved versions into the clones of a build. Jobs run the script of the get, so that the script always
/// agrees with the files beside it.
const CHECKOUT_APPROVED: &str = include_str!("checkout-approved.sh");

impl Gate<'_> {
    /// Writes an approval's files. It writes nothing on GitHub: Concourse keeps what a get made and does not run it
    /// again, and runs it for everybody who takes the version.
    pub(super) fn get(&self, version: Version, dir: &Path) -> Result<Outcome> {
        if version.contains_key("state") && !version.contains_key("issue_closed_at") {
            return Self::get_put(version, dir);
        }
        let id = ClosingId::of(&version)?;
        let Some(issue) = Snapshot::read(&self.client, id.number)? else {
            return Err(api::missing(&self.client, id.number));
        };
        let verdict =
            self.judge(&issue, id.closed_at)?.map_err(|refusal| Error::NotApproved { issue: id.number, refusal })?;
        let approval = verdict.approval(&issue);
        let json = serde_json::to_string_pretty(&approval).map_err(|error| Error::Internal(error.to_string()))?;
        write(&dir.join(files::APPROVAL), &format!("{json}\n"))?;
        write(&dir.join(files::VERSION), &format!("{}\n", Value::Object(version.clone())))?;
        for (name, pin) in &approval.pins {
            write(&dir.join(files::PINS).join(name), &format!("{pin}\n"))?;
        }
        let code = approval.pins.get(files::CODE_PIN);
        if let Some(code) = code {
            write(&dir.join(files::REF), &format!("{code}\n"))?;
        }
        write_executable(&dir.join(files::CHECKOUT), CHECKOUT_APPROVED)?;
        let mut metadata = vec![Metadatum::new("issue", approval.url.clone())];
        metadata.extend(code.map(|code| Metadatum::new("ref", code.clone())));
        metadata.push(Metadatum::new("approved_by", approval.closed_by.clone()));
        metadata.push(Metadatum::new("approved_at", approval.closed_at.clone()));
        Ok(Outcome { version, metadata })
    }

    /// The get that Concourse runs after a put: what was put, and nothing that could be deployed.
    fn get_put(version: Version, dir: &Path) -> Result<Outcome> {
        write(&dir.join(files::VERSION), &format!("{}\n", Value::Object(version.clone())))?;
        Ok(Outcome { version, metadata: Vec::new() })
    }
}
