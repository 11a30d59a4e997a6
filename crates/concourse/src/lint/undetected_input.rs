use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use std::collections::BTreeSet;

use super::missing_artifact::outputs;
use super::view::{PipelineView, each_text, field};

/// From 8.0 on a put gets only the artifacts that its params name; before, it got all. Of each text only the first path is
/// looked at, and of a path only the first part that is not `.` or `..` (`atc/exec/put_inputs.go`).
pub(super) fn check(view: &PipelineView<'_>, diagnostics: &mut Diagnostics) {
    for job in &view.jobs {
        let gets = job.gets().map(|step| step.name);
        let made: BTreeSet<&str> =
            gets.chain(job.steps.iter().flat_map(|step| outputs(step).map(|(name, _)| name))).collect();
        for step in job.puts() {
            let detects = field(step.node, "inputs").is_none_or(|inputs| inputs.as_str() == Some("detect"));
            let Some(params) = field(step.node, "params").filter(|_| detects) else { continue };
            let mut seen: BTreeSet<&str> = BTreeSet::new();
            each_text("", params, &mut |_, text, _| {
                seen.insert(detected(text));
            });
            each_text("", params, &mut |_, text, span| {
                let Some(artifact) = needed(text, &made).find(|artifact| !seen.contains(artifact)) else { return };
                diagnostics.push(
                    Diagnostic::new(Rule::UndetectedInput, span, format!("the put does not get `{artifact}`"))
                        .label("only a text that begins with an artifact's name is seen to need it")
                        .help(format!("write `inputs: [{artifact}]`, or `inputs: all`")),
                );
            });
        }
    }
}

/// What Concourse takes for the name of an artifact.
fn detected(text: &str) -> &str {
    if !text.contains('/') {
        return text;
    }
    text.split('/').find(|part| !matches!(*part, "." | "..")).unwrap_or(text)
}

/// The artifacts that a text needs besides: by the whole path of a put's folder, or in a list of paths that begins with one.
fn needed<'t>(text: &'t str, made: &'t BTreeSet<&'t str>) -> impl Iterator<Item = &'t str> {
    let absolute = text.strip_prefix("/tmp/build/put/").and_then(|rest| rest.split('/').next());
    let mut paths = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| word.contains('/'));
    let is_list = paths.next().is_some_and(|first| made.contains(detected(first)));
    let others = paths.filter(move |_| is_list).map(detected);
    absolute.into_iter().chain(others).filter(|artifact| made.contains(artifact))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artifacts_are_detected_as_concourse_does() {
        for (text, artifact) in
            [("code/out", "code"), ("./code/out", "code"), (".././code/a", "code"), ("code", "code"), ("/code/a", "")]
        {
            assert_eq!(detected(text), artifact, "{text}");
        }
    }
}
