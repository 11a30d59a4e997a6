use crate::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean};

use std::collections::BTreeMap;

use crate::source::Span;

use super::view::{PipelineView, list, texts};

/// A serial group keeps jobs from running at the same time, and one job alone has none to keep off.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    let mut groups: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
    for job in &view.jobs {
        for (group, span) in texts(list(job.node, "serial_groups")) {
            groups.entry(group).or_default().push(span);
        }
    }
    let several = || groups.iter().filter(|(_, spans)| spans.len() > 1).map(|(group, _)| *group);
    for (group, spans) in &groups {
        let [span] = spans.as_slice() else { continue };
        diagnostics.push(
            Diagnostic::new(Rule::LonelySerialGroup, *span, format!("no other job is in the serial group `{group}`"))
                .label("holds back no other job")
                .help(match did_you_mean(group, several()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "write `serial: true`, which means the same".to_owned(),
                }),
        );
    }
}
