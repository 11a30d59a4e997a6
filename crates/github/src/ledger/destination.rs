use gate_contract::StageKey;

/// A stage that takes approvals, by its name and its former ones.
#[derive(Clone, Copy, Debug)]
pub struct Destination<'a> {
    /// The stage's present name.
    pub stage: &'a StageKey,
    former: &'a [StageKey],
}

impl<'a> Destination<'a> {
    /// Returns the destination of a stage with its former names.
    pub fn new(stage: &'a StageKey, former: &'a [StageKey]) -> Self {
        Self { stage, former }
    }

    /// Whether `name` is this stage: the name that it has, or one that it had.
    pub fn is(&self, name: &StageKey) -> bool {
        self.stage == name || self.former.contains(name)
    }
}
