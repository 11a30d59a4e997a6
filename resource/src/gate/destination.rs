//! Where an approval leads: each record names the stage that it promotes to, and no other stage may act on it.

use super::Gate;
use crate::contract::{GateSource, Role, StageKey};
use crate::error::{Error, Result};

/// A stage that takes approvals, by its name and its former ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Destination<'a> {
    pub(crate) stage: &'a StageKey,
    former: &'a [StageKey],
}

impl Destination<'_> {
    /// Whether `name` is this stage: the name that it has, or one that it had.
    pub(crate) fn is(&self, name: &StageKey) -> bool {
        self.stage == name || self.former.contains(name)
    }
}

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

fn missing() -> Error {
    Error::BadSource(
        "`destination` is missing: name the stage that uses the approvals of this gate, such as \
         `destination: shop/-/QA/deploy`"
            .to_owned(),
    )
}

impl Gate<'_> {
    /// The stage whose approvals this resource gives, claims and reports.
    ///
    /// # Errors
    ///
    /// When the source names none.
    pub(super) fn destination(&self) -> Result<Destination<'_>> {
        self.promotes_to().ok_or_else(missing)
    }

    /// The stage that an issue of this gate promotes to; none for an issue that is only a record.
    pub(super) fn promotes_to(&self) -> Option<Destination<'_>> {
        let stage = self.source.destination.as_ref()?;
        Some(Destination { stage, former: &self.source.former_destinations })
    }

    /// Whether an issue that promotes to `marked` still leads where this gate leads now.
    pub(super) fn leads_on(&self, marked: Option<&StageKey>) -> bool {
        match (self.promotes_to(), marked) {
            (Some(destination), Some(marked)) => destination.is(marked),
            (None, None) => true,
            _ => false,
        }
    }
}
