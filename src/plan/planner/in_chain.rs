//! A stage at its place in a chain, and what that place decides.

use crate::approval::Unchanged;
use crate::plan::job::Taken;
use crate::project::{Chain, Gate, Record, Stage};

/// A stage with what comes before and after it in its chain.
#[derive(Clone, Copy)]
pub(super) struct InChain<'p> {
    pub(super) chain: &'p Chain,
    pub(super) index: usize,
}

impl<'p> InChain<'p> {
    pub(super) fn stage(self) -> &'p Stage {
        &self.chain.stages[self.index]
    }

    pub(super) fn one_before(self) -> Option<Self> {
        self.index.checked_sub(1).map(|index| Self { index, ..self })
    }

    pub(super) fn before(self) -> Option<&'p Stage> {
        self.one_before().map(Self::stage)
    }

    pub(super) fn after(self) -> Option<&'p Stage> {
        self.chain.stages.get(self.index + 1)
    }

    /// Did the version come from another Concourse?
    pub(super) fn crosses(self) -> bool {
        self.before().is_some_and(|before| before.concourse != self.stage().concourse)
    }

    /// The nearest earlier stage on the same Concourse that takes a thing.
    pub(super) fn earlier(self, taken: Taken<'p>) -> Option<Self> {
        let earlier = (0..self.index).rev().map(|index| Self { index, ..self });
        earlier
            .filter(|earlier| earlier.stage().concourse == self.stage().concourse)
            .find(|earlier| earlier.takes(taken))
    }

    pub(super) fn takes(self, taken: Taken<'p>) -> bool {
        takes(self.stage()).any(|other| other.resource() == taken.resource())
    }

    /// The next stage, where the deployment of this one opens an issue that asks about it.
    pub(super) fn asks_about(self) -> Option<&'p Stage> {
        let across = |next: &Stage| next.concourse != self.stage().concourse;
        self.after().filter(|next| next.gate == Gate::Issue || (next.gate == Gate::Preview && across(next)))
    }

    /// Whether a version that leaves the stage unchanged goes on to the next one. Then the stage's preview writes the
    /// record that its deployment would have written.
    pub(super) fn passes_on(self) -> bool {
        let stage = self.stage();
        let settings = self.asks_about().or_else(|| (stage.record != Record::None).then_some(stage));
        self.may_pass_on() && settings.is_some_and(writes_versions)
    }

    /// The same, if the deployment of the stage writes a record.
    pub(super) fn may_pass_on(self) -> bool {
        let stage = self.stage();
        stage.gate == Gate::Preview
            && stage.kind_tells_unchanged
            && stage.approval.unchanged == Unchanged::Pass
            && writes_versions(stage)
    }

    /// Whether the preview of the stage takes its versions from the records of the stage before.
    pub(super) fn takes_records(self) -> bool {
        self.stage().gate == Gate::Preview && !self.crosses() && self.one_before().is_some_and(Self::passes_on)
    }
}

/// Whether issues of the stage name versions.
pub(super) fn writes_versions(stage: &Stage) -> bool {
    stage.issues.as_ref().is_some_and(|issues| issues.resource.names_versions())
}

/// What a stage takes: inputs, then the code.
pub(super) fn takes(stage: &Stage) -> impl Iterator<Item = Taken<'_>> {
    stage.inputs.iter().map(Taken::Input).chain([Taken::Code(&stage.code)])
}

/// What an approval that a stage's job wrote names.
pub(super) fn pins(stage: &Stage) -> Vec<&str> {
    takes(stage).filter_map(Taken::pin).map(|(name, _)| name).collect()
}
