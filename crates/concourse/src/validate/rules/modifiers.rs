use crate::validate::duration;
use crate::view::{StepKind, field, is_invalid, text};
use yaml_source::diagnostic::{Diagnostics, Rule};
use yaml_source::yaml::Node;

use super::{Checked, core_place, refused};

/// A step is tried at least once; and what stops one that holds others, or that sets something, is a duration.
///
/// What stops a get, a put, a task or a run is read when it is used: there is a lint for that.
pub(super) fn check(pipeline: &Checked<'_, '_>, diagnostics: &mut Diagnostics) {
    for (job, step) in pipeline.view.steps() {
        if let Some(attempts) = field(step.node, "attempts")
            && !is_invalid(attempts)
            && (attempts.is_null() || integer(attempts).is_some_and(|attempts| attempts <= 0))
        {
            let concourse_message = format!("jobs: {}.attempts: must be greater than 0", core_place(job, step));
            diagnostics.push(
                refused(Rule::NonpositiveLimit, attempts.span, "fewer than one attempt", concourse_message)
                    .help("write 1 or more, or remove `attempts`"),
            );
        }
        let early = [StepKind::SetPipeline, StepKind::LoadVar, StepKind::Try, StepKind::Do, StepKind::InParallel];
        if let Some(timeout) = field(step.node, "timeout")
            && early.contains(&step.kind)
            && !is_invalid(timeout)
        {
            let given = text(timeout).unwrap_or_default();
            if duration::parse(given).is_none() {
                let concourse_message = format!("jobs: {}.timeout: invalid duration '{given}'", core_place(job, step));
                diagnostics.push(
                    refused(
                        Rule::InvalidDuration,
                        timeout.span,
                        format!("`{given}` is not a duration"),
                        concourse_message,
                    )
                    .help("write numbers with the units `h`, `m` and `s`, such as `90s` or `1h30m`"),
                );
            }
        }
    }
}

/// A number as it was decoded. `None` of what is none, which has been reported.
pub(super) fn integer(node: &Node) -> Option<i128> {
    let text = text(node)?;
    text.parse().ok().or_else(|| {
        #[expect(clippy::cast_possible_truncation, reason = "it saturates, and its sign is what counts")]
        text.parse::<f64>().ok().map(|number| number as i128)
    })
}
