//! Where an approval leads: each record names the stage that it promotes to, and no other stage may act on it.

use gate_contract::{GateSource, Role};

use crate::error::{Error, Result};

/// The stage whose approvals a resource takes, for one with `role: trigger`.
///
/// # Errors
///
/// When the source names none, or one that cannot be its gate's.
pub(super) fn check_source(source: &GateSource) -> Result<()> {
    match (&source.destination, source.role) {
        (None, Role::Trigger) => Err(missing()),
        (None, Role::Post) if !source.former_destinations.is_empty() => Err(Error::BadSource(
            "`former_destinations` needs `destination`: name the stage that these are former names of".to_owned(),
        )),
        (Some(destination), _) if destination.stage().project() != source.gate.stage().project() => {
            Err(Error::BadSource(format!(
                "`destination` {destination} is a stage of another project than the gate {}; a gate promotes within its \
                 project",
                source.gate
            )))
        }
        _ => Ok(()),
    }
}

pub(super) fn missing() -> Error {
    Error::BadSource(
        "`destination` is missing: name the stage that uses the approvals of this gate, such as \
         `destination: shop/-/QA/deploy`"
            .to_owned(),
    )
}
