use std::collections::BTreeMap;

use crate::model::ConcourseVersion;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::Span;

use super::view::{PipelineView, is_pattern};

/// A job that stands twice among those that a version must have passed, and a pattern (8.1 and newer) for one job alone:
/// whoever reads it looks for others.
pub(super) fn check(view: &PipelineView<'_>, version: ConcourseVersion, diagnostics: &mut Diagnostics) {
    for (_, step) in view.steps() {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for (name, span) in step.passed() {
            if let Some(first) = seen.insert(name, span) {
                diagnostics.push(
                    Diagnostic::new(Rule::NeedlessPassed, span, format!("`{name}` is in this list already"))
                        .also(first, "here")
                        .help("remove one of them, or name the job that was meant"),
                );
            } else if version >= ConcourseVersion::V8_1
                && is_pattern(name)
                && view.job(name).is_none()
                && let [only] = view.matching(name)[..]
            {
                let job = &view.jobs[only];
                diagnostics.push(
                    Diagnostic::new(Rule::NeedlessPassed, span, format!("`{name}` matches `{}` alone", job.name))
                        .help(format!("name it: `{}`", job.name)),
                );
            }
        }
    }
}
