use crate::model::ConcourseVersion;
use crate::view::{JobView, StepKind, StepView, field, is_invalid, list, text};
use yaml_source::diagnostic::{Diagnostics, Rule};
use yaml_source::yaml::Node;

use super::names::is_given;
use super::{Checked, refused, warned, whole_place};

/// A task has one configuration, and that says where it runs, and what.
///
/// `atc/task.go`, `Validate`.
pub(super) fn check(pipeline: &Checked<'_, '_>, diagnostics: &mut Diagnostics) {
    for (job, step) in pipeline.view.steps().filter(|(_, step)| step.kind == StepKind::Task) {
        let config = step.config().filter(|config| !config.is_null());
        let file = is_given(field(step.node, "file"));
        let place = || whole_place(job, step);
        if config.is_none() && !file {
            let concourse_message = format!("jobs: {}: must specify either `file:` or `config:`", place());
            diagnostics.push(
                refused(Rule::MissingTaskConfig, step.span, "a task without `file` and `config`", concourse_message)
                    .help("write `file: ARTIFACT/PATH`, or `config`"),
            );
        }
        if let Some(config) = config
            && file
        {
            let concourse_message = format!("jobs: {}: must specify one of `file:` or `config:`, not both", place());
            diagnostics.push(
                refused(Rule::SeveralTaskConfigs, step.span, "a task with both `file` and `config`", concourse_message)
                    .also(config.span, "here, and in `file`")
                    .help("remove `file` or `config`"),
            );
        }
        let image = field(step.node, "image").filter(|image| text(image).is_some_and(|image| !image.is_empty()));
        if let (Some(config), Some(image)) = (config, image)
            && (is_given(field(config, "rootfs_uri"))
                || field(config, "image_resource").is_some_and(|image| !image.is_null()))
        {
            let concourse_message = format!(
                "{}: specifies image: on the step but also specifies an image under config: - the image: on the step \
                 takes precedence",
                place()
            );
            diagnostics.push(
                warned(Rule::OverriddenImage, image.span, "the image of `config` is not used", concourse_message)
                    .help("remove it, or this `image`"),
            );
        }
        if let Some(hermetic) = field(step.node, "hermetic").filter(|_| step.is("hermetic")) {
            let concourse_message =
                format!("{}: specifies `hermetic:` only works against worker containerd runtime", place());
            diagnostics.push(
                warned(
                    Rule::HermeticTask,
                    hermetic.span,
                    "only workers with containerd keep a task off the network",
                    concourse_message,
                )
                .help("make sure that yours have it"),
            );
        }
        if let Some(config) = config {
            check_config(pipeline.version, job, step, config, diagnostics);
        }
    }
}

fn check_config(
    version: ConcourseVersion,
    job: &JobView<'_>,
    step: &StepView<'_>,
    config: &Node,
    diagnostics: &mut Diagnostics,
) {
    if config.as_map().is_none() {
        return;
    }
    let concourse_message = |what: &str| format!("jobs: {}.config: {what}", whole_place(job, step));
    if !is_given(field(config, "platform")) {
        diagnostics.push(
            refused(
                Rule::MissingPlatform,
                config.span,
                "a task without a platform",
                concourse_message("missing 'platform'"),
            )
            .help("write `platform: linux`"),
        );
    }
    let run = field(config, "run");
    let is_run_given = run.is_some_and(|run| is_given(field(run, "path")) || is_invalid(run));
    if version < ConcourseVersion::V8_0 && !is_run_given {
        diagnostics.push(
            refused(
                Rule::MissingCommand,
                run.unwrap_or(config).span,
                "a task without a command",
                concourse_message("missing path to executable to run"),
            )
            .help(format!("write `run: {{path: …}}`; from 8.0 on that of the image is run, in {version} it is not")),
        );
    }
    for (key, word) in [("inputs", "input"), ("outputs", "output")] {
        for (index, item) in list(config, key).iter().enumerate() {
            if !is_given(field(item, "name")) && !is_invalid(item) {
                let what = format!("  {word} in position {index} is missing a name");
                diagnostics.push(
                    refused(
                        Rule::MissingName,
                        item.span,
                        format!("an {word} without a name"),
                        concourse_message(&what),
                    )
                    .help("add `name`"),
                );
            }
        }
    }
}
