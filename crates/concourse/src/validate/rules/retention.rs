use crate::model::ConcourseVersion;
use crate::view::field;
use yaml_source::diagnostic::{Diagnostics, Rule};
use yaml_source::yaml::Node;

use super::modifiers::integer;
use super::{Checked, job_place, refused, warned};

/// How long logs are kept is said once, and can be.
pub(super) fn check(pipeline: &Checked<'_, '_>, diagnostics: &mut Diagnostics) {
    for job in &pipeline.view.jobs {
        let place = job_place(job);
        let old = number(job.node, "build_logs_to_retain");
        let retention = field(job.node, "build_log_retention").filter(|retention| !retention.is_null());
        let impossible = |node: &Node, message: String, concourse_message: &str| {
            refused(Rule::ImpossibleRetention, node.span, message, format!("jobs: {place} {concourse_message}"))
        };
        if let Some((node, count)) = old.filter(|(_, count)| *count != 0) {
            if pipeline.version >= ConcourseVersion::V8_0 {
                let concourse_message =
                    format!("{place}.build_logs_to_retain is deprecated. Use build_log_retention instead.");
                diagnostics.push(
                    warned(Rule::DeprecatedField, node.span, "`build_logs_to_retain` is deprecated", concourse_message)
                        .help(format!("write `build_log_retention: {{builds: {count}}}`")),
                );
            }
            if let Some(retention) = retention {
                diagnostics.push(
                    impossible(
                        node,
                        "the number of logs to keep is set twice".to_owned(),
                        "can't use both build_log_retention and build_logs_to_retain",
                    )
                    .also(retention.span, "here as well")
                    .help("remove `build_logs_to_retain`"),
                );
            } else if count < 0 {
                let message = format!("{count} logs cannot be kept");
                diagnostics.push(impossible(node, message, &format!("has negative build_logs_to_retain: {count}")));
            }
        }
        let Some(retention) = retention else { continue };
        let of = |key| number(retention, key);
        for (key, word) in [("builds", "builds"), ("days", "days"), ("minimum_succeeded_builds", "min_success_builds")]
        {
            if let Some((node, count)) = of(key).filter(|(_, count)| *count < 0) {
                let concourse_message = format!("has negative build_log_retention.{word}: {count}");
                diagnostics.push(impossible(node, format!("`{key}` is below zero"), &concourse_message));
            }
        }
        if let (Some((_, builds)), Some((node, least))) = (of("builds"), of("minimum_succeeded_builds"))
            && builds > 0
            && least > builds
        {
            // Concourse names the same field twice.
            let concourse_message = format!(
                "has build_log_retention.min_success_builds: {least} greater than \
                 build_log_retention.min_success_builds: {builds}"
            );
            diagnostics.push(
                impossible(
                    node,
                    format!("{least} builds that succeeded cannot be kept of {builds}"),
                    &concourse_message,
                )
                .help("write at most the number of `builds`"),
            );
        }
    }
}

fn number<'n>(node: &'n Node, key: &str) -> Option<(&'n Node, i128)> {
    let node = field(node, key)?;
    Some((node, integer(node)?))
}
