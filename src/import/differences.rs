use concourse_pipeline::diff::Change;

use super::remains::Remains;

/// In what a proposal differs from the pipeline that was read, once it is rendered.
#[derive(Debug)]
pub(super) struct Differences {
    pub(super) remains: Vec<Remains>,
    /// What asks for less than it did.
    pub(super) weaker: Vec<Change>,
    /// Whose version history starts anew.
    pub(super) anew: Vec<Change>,
}
