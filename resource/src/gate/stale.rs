//! Open issues that lead nowhere since the pipeline changed.

use serde::Serialize;

use gate_contract::StageKey;

/// An open issue that promotes to a stage which takes no approval from it any more.
#[derive(Clone, Debug)]
pub(super) struct Stale {
    pub(super) number: u64,
    /// The stage that its records promote to; none for an issue that is only a record.
    pub(super) promotes_to: Option<StageKey>,
    pub(super) why: StaleWhy,
}

/// Why an open issue leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StaleWhy {
    /// Its gate promotes to another stage now.
    OtherStage,
    /// Its stage takes its approvals from another gate now.
    OtherGate,
    /// Its stage has no gate now.
    Ungated,
    /// It led nowhere before, and its people were told so.
    Ended,
}
