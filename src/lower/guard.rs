//! Steps that kinds and manifests bring. They are free but for one thing: what a job goes by is the gate's business.

use std::collections::{BTreeMap, BTreeSet};

use crate::concourse::{Core, Step};
use crate::diagnostic::{Diagnostic, Diagnostics, Rule};
use crate::source::Span;

use super::issues::GATE;

/// What the steps of a job must leave alone.
pub(super) struct Guard<'a> {
    /// The artifacts that the job takes, and the resource of each.
    taken: BTreeMap<&'a str, &'a str>,
    /// An approval decides on their versions.
    gated: bool,
    /// The resources of the pipeline's gates and records.
    issues: &'a BTreeSet<&'a str>,
    /// For whom, in errors.
    whom: &'a str,
    /// Artifacts that a step brought.
    brought: Vec<String>,
}

impl<'a> Guard<'a> {
    /// The guard of a job that takes these artifacts, each from a resource.
    pub(super) fn new(
        taken: impl IntoIterator<Item = (&'a str, &'a str)>,
        gated: bool,
        issues: &'a BTreeSet<&'a str>,
        whom: &'a str,
    ) -> Self {
        Self { taken: taken.into_iter().collect(), gated, issues, whom, brought: Vec::new() }
    }

    /// Looks at steps, and gives them on.
    ///
    /// - A get that triggers starts the job without the gate (Concourse starts a job for any of its triggers).
    /// - A second get of what the job takes brings the newest version, not the approved one; and Concourse refuses two
    ///   gets of one name.
    /// - A step that writes over what an approval decided on puts something else in its place.
    /// - A put to the issue of a gate could tell of versions that nobody deployed, or use an approval up.
    pub(super) fn pass(&mut self, steps: Vec<(Step, Span)>, diagnostics: &mut Diagnostics) -> Vec<Step> {
        for (step, span) in &steps {
            step.each(&mut |step| self.step(step, *span, diagnostics));
        }
        steps.into_iter().map(|(step, _)| step).collect()
    }

    fn step(&mut self, step: &Step, span: Span, diagnostics: &mut Diagnostics) {
        match &step.core {
            Core::Get(get) => {
                let name = get.get.as_str();
                let resource = get.resource.as_ref().map_or(name, |resource| resource.as_str());
                if get.trigger == Some(true) {
                    diagnostics.push(self.refusal(
                        span,
                        format!("the get of `{name}` would start the job past its gate"),
                        "leave `trigger` out; what may start a deployment is one of its `inputs`",
                    ));
                } else if self.taken.contains_key(name) || self.brought.iter().any(|brought| brought == name) {
                    diagnostics.push(
                        Diagnostic::new(Rule::NameCollision, span, format!("the job has an artifact `{name}` already"))
                            .note(format!("in {}", self.whom))
                            .help("give the get another name"),
                    );
                } else if self.taken.values().any(|taken| *taken == resource) {
                    diagnostics.push(self.refusal(
                        span,
                        format!("`{name}` would be the newest version of `{resource}`, whatever was promoted"),
                        "use the artifact that the job has",
                    ));
                }
                self.brought.push(name.to_owned());
            }
            Core::Put(put) => {
                let resource = put.resource.as_ref().unwrap_or(&put.put);
                if self.issues.contains(resource.as_str()) {
                    diagnostics.push(self.refusal(
                        span,
                        format!("a put to `{resource}` would speak for a gate"),
                        "leave the issues of gates to the gates; write to an issue of your own",
                    ));
                }
                if put.no_get != Some(true) {
                    self.written(put.put.as_str(), span, diagnostics);
                }
            }
            Core::Task(task) => {
                let outputs = task.config.iter().flat_map(|config| &config.outputs);
                let mapped =
                    |name: &str| task.output_mapping.get(name).map_or_else(|| name.to_owned(), ToString::to_string);
                for output in outputs {
                    self.written(&mapped(&output.name), span, diagnostics);
                }
                if task.config.is_none() {
                    for name in task.output_mapping.values() {
                        self.written(name, span, diagnostics);
                    }
                }
            }
            _ => {}
        }
    }

    fn written(&self, artifact: &str, span: Span, diagnostics: &mut Diagnostics) {
        if self.gated && (artifact == GATE || self.taken.contains_key(artifact)) {
            diagnostics.push(self.refusal(
                span,
                format!("a step would put something else in the place of `{artifact}`, which was approved"),
                "give the artifact another name",
            ));
        }
    }

    fn refusal(&self, span: Span, message: String, help: &str) -> Diagnostic {
        Diagnostic::new(Rule::StepPastGate, span, message).note(format!("in {}", self.whom)).help(help)
    }
}
