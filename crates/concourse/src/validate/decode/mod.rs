//! Decodes a pipeline as Concourse's types decode it, and reports all that does not fit.

mod custom;
mod model;
mod seen;
mod step;
mod unite;
mod walk;

use yaml_source::diagnostic::Diagnostics;
use yaml_source::source::Sources;
use yaml_source::yaml::Node;

use crate::model::ConcourseVersion;
use walk::Walk;

/// Decodes a pipeline. The tree is then written as Concourse sees it.
pub(super) fn decode(node: &mut Node, version: ConcourseVersion, sources: &Sources, diagnostics: &mut Diagnostics) {
    Walk { version, sources, diagnostics, is_silent: false }.pipeline(node);
}
