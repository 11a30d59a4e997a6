use crate::diagnostic::{Diagnostic, Diagnostics, Rule};

use std::collections::BTreeSet;

use super::missing_artifact::outputs;
use super::view::{PipelineView, each_text, field};

/// From 8.0 on a put gets only the artifacts that its params begin with; before, it got all. A path that leads there
/// another way is not seen, and the file is not there.
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for job in &view.jobs {
        let gets = job.gets().map(|step| step.name);
        let made: BTreeSet<&str> =
            gets.chain(job.steps.iter().flat_map(|step| outputs(step).map(|(name, _)| name))).collect();
        for step in job.puts() {
            let detects = field(step.node, "inputs").is_none_or(|inputs| inputs.as_str() == Some("detect"));
            let Some(params) = field(step.node, "params").filter(|_| detects) else { continue };
            let mut detected: BTreeSet<&str> = BTreeSet::new();
            each_text("", params, &mut |_, text, _| {
                detected.extend(text.split('/').next());
            });
            each_text("", params, &mut |_, text, span| {
                let behind = ["./", "../", "/tmp/build/put/"].iter().find_map(|start| text.strip_prefix(start));
                let Some(artifact) = behind.and_then(|rest| rest.split('/').next()) else { return };
                if made.contains(artifact) && !detected.contains(artifact) {
                    diagnostics.push(
                        Diagnostic::new(Rule::UndetectedInput, span, format!("the put does not get `{artifact}`"))
                            .label("only a path that begins with an artifact's name is seen to need it")
                            .help(format!("say `inputs: [{artifact}]`, or `inputs: all`")),
                    );
                }
            });
        }
    }
}
