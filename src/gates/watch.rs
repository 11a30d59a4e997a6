//! *Watch*: closing the issue of a gate starts no job but the one behind the gate.

use std::collections::BTreeSet;

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, Severity};

use super::facts::{Facts, Title, Watch};

/// A job can watch issues by their title, as MIT Open Learning's image does: in `extra`, or by an input. Where that is the
/// issue of a gate, an approval starts the job, which claims none and takes whatever is newest.
pub(super) fn check_run(facts: &[&Facts], diagnostics: &mut Diagnostics) {
    let titles = || facts.iter().flat_map(|facts| &facts.titles).filter(|title| title.is_rendered);
    let mut reported = BTreeSet::new();
    for watch in facts.iter().flat_map(|facts| &facts.watches) {
        let Some(gate) = titles().find(|title| sees(watch, title)) else { continue };
        // An input of many stages is one mistake.
        if !reported.insert(watch.span) {
            continue;
        }
        let (message, help) = if watch.triggers {
            (
                format!("closing the issue of the gate `{}` starts `{}` past the gate", gate.of.key, watch.job.name),
                "remove `trigger`, and watch issues of your own, with another title in `issue_prefix`",
            )
        } else {
            (
                format!("`{}` takes an approval of the gate `{}` and does not claim it", watch.job.name, gate.of.key),
                "watch issues of your own, with another title in `issue_prefix`",
            )
        };
        let found = Diagnostic::new(Rule::StepPastGate, watch.span, message)
            .note(format!("`{}` watches every closed issue {}", watch.resource, issues(watch)))
            .help(help);
        // A preview deploys nothing, and such a gate names no versions anyway, as `loose-approval` says.
        diagnostics.push(if gate.is_signal && watch.is_preview { found.of_severity(Severity::Warning) } else { found });
    }
}

/// Whether issues under a title can be among those that a job watches.
fn sees(watch: &Watch, title: &Title) -> bool {
    // What a build fills in can be anything.
    let (prefix, is_whole_prefix) = match watch.prefix.split_once("((") {
        Some((fixed, _)) => (fixed, false),
        None => (watch.prefix.as_str(), true),
    };
    let begins = title.fixed.starts_with(prefix)
        || (!title.is_whole || !is_whole_prefix) && prefix.starts_with(title.fixed.as_str());
    watch.place == title.of.place && begins && watch.labels.iter().all(|label| title.labels.contains(label))
}

fn issues(watch: &Watch) -> String {
    let labels = watch.labels.join("`, `");
    match (watch.prefix.is_empty(), watch.labels.is_empty()) {
        (true, true) => format!("of {}", watch.place),
        (true, false) => format!("with the label `{labels}`"),
        (false, _) => format!("whose title begins with \"{}\"", watch.prefix),
    }
}
