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
        (None, Role::Trigger) => Err(Error::BadSource(
            "`destination` is missing: name the stage whose approvals this resource takes, such as \
             `destination: shop/-/QA/deploy`"
                .to_owned(),
        )),
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

impl Gate<'_> {
    /// The stage whose approvals a check and a get give.
    pub(super) fn destination(&self) -> Result<Destination<'_>> {
        let stage = self.source.destination.as_ref();
        let stage = stage.ok_or_else(|| Error::Internal("a trigger without `destination` was read".to_owned()))?;
        Ok(Destination { stage, former: &self.source.former_destinations })
    }

    /// The stage that a claim or a report is of.
    ///
    /// # Errors
    ///
    /// When it is of another project than the gate, or not the stage that the source names.
    pub(super) fn consumer<'c>(&'c self, consumer: &'c StageKey) -> Result<Destination<'c>> {
        self.check_destination("consumer", Some(consumer))?;
        Ok(Destination { stage: consumer, former: &self.source.former_destinations })
    }

    /// Checks a stage that params name against the gate's project and the stage that the source names.
    pub(super) fn check_destination(&self, field: &str, given: Option<&StageKey>) -> Result<()> {
        let gate = &self.source.gate;
        if let Some(given) = given
            && given.stage().project() != gate.stage().project()
        {
            return Err(Error::WrongDestination(format!(
                "`{field}` {given} is a stage of another project than the gate {gate}; name a stage of the project `{}`",
                gate.stage().project()
            )));
        }
        match &self.source.destination {
            Some(destination) if given != Some(destination) => Err(Error::WrongDestination(format!(
                "`{field}` {}, and the gate {gate} promotes to {destination}; name {destination}, or use the resource of \
                 the other gate",
                given.map_or_else(|| "is missing".to_owned(), |given| format!("is {given}"))
            ))),
            _ => Ok(()),
        }
    }
}
