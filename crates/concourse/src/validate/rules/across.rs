use crate::view::{field, is_invalid, list, text};
use yaml_source::diagnostic::{Diagnostics, Rule};

use super::modifiers::integer;
use super::{Checked, refused, step_place};

/// A step across values has variables, and runs at least one at a time.
pub(super) fn check(pipeline: &Checked<'_, '_>, diagnostics: &mut Diagnostics) {
    for (job, step) in pipeline.view.steps() {
        let Some(across) = step.node.as_map().and_then(|map| map.entry("across")) else { continue };
        if is_invalid(&across.value) {
            continue;
        }
        let vars = list(step.node, "across");
        if vars.is_empty() {
            let concourse_message = format!("jobs: {}.across: no vars specified", step_place(job, step));
            diagnostics.push(
                refused(Rule::AcrossWithoutVars, across.key_span, "a step across no variables", concourse_message)
                    .help("name one: `across: [{var: NAME, values: […]}]`; or remove `across`"),
            );
        }
        for (index, var) in vars.iter().enumerate() {
            let Some(limit) = field(var, "max_in_flight").filter(|limit| !limit.is_null()) else { continue };
            if text(limit) != Some("all") && integer(limit).is_some_and(|limit| limit <= 0) {
                let place = format!("{}.across[{index}].max_in_flight", step_place(job, step));
                diagnostics.push(
                    refused(
                        Rule::NonpositiveLimit,
                        limit.span,
                        "fewer than one at a time",
                        format!("jobs: {place}: must be greater than 0"),
                    )
                    .help("write 1 or more, or `all`"),
                );
            }
        }
    }
}
