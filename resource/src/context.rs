use github_gates::clock::Clock;
use github_gates::log::Log;

use crate::build::Build;

/// What a step has besides its request.
pub(crate) struct Context<'a> {
    pub(crate) clock: &'a dyn Clock,
    pub(crate) log: &'a Log,
    pub(crate) build: Build,
}
