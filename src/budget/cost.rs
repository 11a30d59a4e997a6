//! Requests of one step, as measured (`resource/README.md`, "Requests and rate limits").

use concourse_pipeline::issues::IssueMark;

/// What the steps of a resource of issues cost, in requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    /// A check.
    pub(super) check: u64,
    /// A check that is answered 304 counts nothing.
    pub(super) unchanged_is_free: bool,
    /// A check that finds a new closing, besides.
    pub(super) closing: u64,
    pub(super) get: u64,
    /// A record that opens an issue, the first of its gate, and verifies it.
    pub(super) record: u64,
    pub(super) claim: u64,
    pub(super) report: u64,
}

impl Cost {
    /// `asks_who` says that the source has no `bot`: each step then asks whose credentials these are. `aliases` counts the
    /// former keys of the gate, which are looked for as well.
    pub(super) const fn of(mark: &IssueMark, asks_who: bool, aliases: u64) -> Self {
        let who = asks_who as u64;
        match mark {
            IssueMark::Gate(_) => Self {
                check: 1 + who + aliases,
                unchanged_is_free: true,
                closing: 2,
                get: 2 + who,
                record: 5 + who + aliases,
                claim: 5 + who + aliases,
                report: 2 + who,
            },
            // MIT Open Learning's resource asks for the repository before all else, and repeats nothing conditionally.
            // It searches before it writes, and reads and writes the issue in a get.
            IssueMark::Title(_) => {
                Self { check: 2, unchanged_is_free: false, closing: 0, get: 3, record: 3, claim: 3, report: 3 }
            }
        }
    }
}
