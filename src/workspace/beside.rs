//! The other manifests of a fleet, when a run renders only some of them: what both do to one another.

use yaml_source::diagnostic::Diagnostics;

/// What is known of the manifests of a run, and of the others of their fleets.
#[derive(Debug)]
pub(super) struct Beside<T> {
    pub(super) rendered: Vec<T>,
    pub(super) others: Vec<T>,
}

impl<T> Default for Beside<T> {
    fn default() -> Self {
        Self { rendered: Vec::new(), others: Vec::new() }
    }
}

impl<T> Beside<T> {
    /// Checks all together. What a check of the others alone finds, too, does not concern the run.
    pub(super) fn check(&self, check: impl Fn(&[&T], &mut Diagnostics), diagnostics: &mut Diagnostics) {
        let others: Vec<&T> = self.others.iter().collect();
        let mut found = Diagnostics::default();
        check(&others.iter().copied().chain(&self.rendered).collect::<Vec<_>>(), &mut found);
        if !others.is_empty() {
            let mut known = Diagnostics::default();
            check(&others, &mut known);
            found.leave_out(&known);
        }
        diagnostics.extend(found);
    }

    pub(super) fn extend(&mut self, more: Self) {
        self.rendered.extend(more.rendered);
        self.others.extend(more.others);
    }
}
