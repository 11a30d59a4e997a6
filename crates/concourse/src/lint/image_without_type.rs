use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use super::view::{PipelineView, field};

/// Concourse asks for the type of a task's image only when the task is run.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for (_, step) in view.steps() {
        let Some(image) = step.config().and_then(|config| field(config, "image_resource")) else { continue };
        if image.as_map().is_some() && field(image, "type").is_none() {
            diagnostics.push(
                Diagnostic::new(Rule::ImageWithoutType, image.span, "an image without `type`")
                    .label(format!("the task `{}` fails when it is run", step.name))
                    .help("write `type: registry-image`"),
            );
        }
    }
}
