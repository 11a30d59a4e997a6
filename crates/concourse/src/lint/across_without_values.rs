use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use super::view::{PipelineView, field, list};

/// A step across no values does nothing, and is green.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for (_, step) in view.steps() {
        for var in list(step.node, "across") {
            let empty = field(var, "values").is_none_or(|values| values.as_list().is_some_and(<[_]>::is_empty));
            if empty {
                let name = field(var, "var").and_then(|name| name.as_str()).unwrap_or_default();
                diagnostics.push(
                    Diagnostic::new(Rule::AcrossWithoutValues, var.span, format!("`{name}` has no values"))
                        .label("the step runs for no value, and succeeds")
                        .help("give `values`, or remove `across`"),
                );
            }
        }
    }
}
