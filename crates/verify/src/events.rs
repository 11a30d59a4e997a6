//! What a build does, and what comes of it, for those who want to know.

use concourse_scheduler::{BuildId, ResourceId, Version};

use crate::issues::{ApprovalId, Content, Refusal};
use crate::model::{GateId, StageId};

/// Something that a build does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Concourse starts the build.
    Started(BuildId),
    /// The build gets an approval.
    Got {
        /// The build.
        build: BuildId,
        /// The resource of the approval.
        resource: ResourceId,
    },
    /// A get or a claim of an approval is refused.
    Refused {
        /// The build.
        build: BuildId,
        /// Why.
        refusal: Refusal,
    },
    /// What the approval names cannot be checked out, or another version than the approved one is there.
    NotCheckedOut(BuildId),
    /// The build uses an approval up.
    Claimed {
        /// The build.
        build: BuildId,
        /// The approval.
        approval: ApprovalId,
    },
    /// The build deploys a stage.
    Deployed {
        /// The build.
        build: BuildId,
        /// The stage.
        stage: StageId,
        /// What is deployed.
        content: Content,
        /// The approval.
        approval: Option<ApprovalId>,
        /// Whether an earlier step of the build deployed the stage.
        is_continued: bool,
    },
    /// The build fails to deploy a stage.
    Failed {
        /// The build.
        build: BuildId,
        /// The stage.
        stage: StageId,
    },
    /// The build writes into the issue of a gate.
    Recorded {
        /// The build.
        build: BuildId,
        /// The gate.
        gate: GateId,
        /// What the record names.
        content: Content,
        /// Whether it opens the issue.
        is_opened: bool,
    },
    /// A preview finds nothing to change.
    Unchanged(BuildId),
    /// The build makes a version.
    Made {
        /// The build.
        build: BuildId,
        /// The resource of the version.
        resource: ResourceId,
        /// The version.
        version: Version,
    },
}

/// Somebody who wants to know what happens.
pub(crate) trait Watch {
    fn saw(&mut self, event: impl FnOnce() -> Event);
}

/// The search does not want to know.
impl Watch for () {
    fn saw(&mut self, _: impl FnOnce() -> Event) {}
}

impl Watch for Vec<Event> {
    fn saw(&mut self, event: impl FnOnce() -> Event) {
        self.push(event());
    }
}
