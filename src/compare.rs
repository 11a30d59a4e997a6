use concourse_pipeline::diff::{self, Changes};
use concourse_pipeline::model::Pipeline;

use crate::gates;

/// What changes when one pipeline takes the place of another.
pub fn compare(old: &Pipeline, new: &Pipeline) -> Changes {
    diff::compare(old, new, (gates::newest(old), gates::newest(new)))
}
