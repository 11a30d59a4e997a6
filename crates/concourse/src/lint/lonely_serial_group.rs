use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean};

use std::collections::BTreeMap;

use yaml_source::source::Span;

use super::view::{PipelineView, field, list, text, texts};

/// A serial group keeps jobs from running at the same time, and one job alone has none to keep off.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    // By group: where it is written, and whether that job is serial anyway.
    let mut groups: BTreeMap<&str, Vec<(Span, bool)>> = BTreeMap::new();
    for job in &view.jobs {
        let is_serial = field(job.node, "serial").and_then(text) == Some("true");
        for (group, span) in texts(list(job.node, "serial_groups")) {
            groups.entry(group).or_default().push((span, is_serial));
        }
    }
    let several = || groups.iter().filter(|(_, spans)| spans.len() > 1).map(|(group, _)| *group);
    for (group, spans) in &groups {
        let [(span, is_serial)] = spans.as_slice() else { continue };
        diagnostics.push(
            Diagnostic::new(Rule::LonelySerialGroup, *span, format!("no other job is in the serial group `{group}`"))
                .label("holds back no other job")
                .help(match did_you_mean(group, several()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None if *is_serial => "remove the group: the job has `serial: true`".to_owned(),
                    None => "write `serial: true` instead, which means the same".to_owned(),
                }),
        );
    }
}
