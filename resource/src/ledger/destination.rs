use crate::contract::StageKey;

/// A stage that takes approvals, by its name and its former ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Destination<'a> {
    pub(crate) stage: &'a StageKey,
    former: &'a [StageKey],
}

impl<'a> Destination<'a> {
    pub(crate) fn new(stage: &'a StageKey, former: &'a [StageKey]) -> Self {
        Self { stage, former }
    }

    /// Whether `name` is this stage: the name that it has, or one that it had.
    pub(crate) fn is(&self, name: &StageKey) -> bool {
        self.stage == name || self.former.contains(name)
    }
}
