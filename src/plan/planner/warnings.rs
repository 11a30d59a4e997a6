//! Plans that are possible, and that nobody wants.

use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::model::JobName;
use github_issues_resource::contract::Approve;
use yaml_source::diagnostic::{Diagnostic, Rule};

use crate::input::InputSource;
use crate::plan::gate::TakenGate;
use crate::project::{Gate, Pin};

use super::Planner;
use super::in_chain::InChain;

impl<'p> Planner<'p, '_> {
    /// A build that takes what is made of its own result would wait for ever.
    pub(super) fn check_builds(&mut self) {
        let stages = || self.project.chains.iter().flat_map(|chain| &chain.stages);
        let mut takes: BTreeMap<(usize, &JobName), BTreeSet<&JobName>> = BTreeMap::new();
        let builds = || {
            stages().flat_map(|stage| {
                stage.inputs.iter().filter_map(move |input| Some((stage, input, input.build.as_ref()?)))
            })
        };
        for (stage, _, build) in builds() {
            let from = build.from.iter().filter_map(|from| self.built.get(&(stage.concourse, from.name.as_str())));
            takes.entry((stage.concourse, &build.job)).or_default().extend(from);
        }
        for (stage, input, build) in builds() {
            let mut seen: BTreeSet<&JobName> = BTreeSet::new();
            let mut open = vec![&build.job];
            while let Some(job) = open.pop() {
                for next in takes.get(&(stage.concourse, job)).into_iter().flatten() {
                    if seen.insert(next) {
                        open.push(next);
                    }
                }
            }
            if seen.contains(&build.job) {
                let place = stage.input_span(input.name.as_str()).unwrap_or(stage.origin.span);
                self.diagnostics.push(
                    Diagnostic::new(Rule::BuildCycle, place, format!("`{}` is made from itself", input.name))
                        .help("make it from something that is there before"),
                );
                return;
            }
        }
    }

    /// Without a record there is nothing from which the next preview could start.
    pub(super) fn warn_of_missing_record(&mut self, at: InChain<'p>) {
        let Some(next) = at.after() else { return };
        if at.may_pass_on() && !at.passes_on() && next.gate == Gate::Preview {
            let stage = at.stage();
            self.diagnostics.push(
                Diagnostic::new(
                    Rule::UnrecordedVersion,
                    stage.span_of("/record"),
                    format!("a version that leaves `{}` unchanged ends there", stage.name()),
                )
                .note(format!(
                    "the preview of `{0}` starts from records of `{1}`, and `{1}` has none",
                    next.name(),
                    stage.name()
                ))
                .help(format!(
                    "use `record: closed`; or set `approval: {{unchanged: stop}}` for `{}` to end such versions there",
                    stage.name()
                )),
            );
        }
    }

    pub(super) fn warn(&mut self, at: InChain<'p>, gate: Option<&TakenGate<'p>>) {
        let stage = at.stage();
        let Some(gate) = gate else { return };
        let follows = gate.passed().is_some();
        let ours = gate.issue.issues.resource.names_versions();
        if follows && !ours {
            return;
        }
        if ours && !follows && stage.approval.approve == Approve::Latest {
            self.diagnostics.push(
                Diagnostic::new(
                    Rule::LooseApproval,
                    stage.span_of("/approval/approve"),
                    format!("an approval deploys whatever is newest to {}", stage.whom()),
                )
                .help("write `approve: exact`, which deploys what the issue names"),
            );
            return;
        }
        if !ours {
            self.diagnostics.push(
                Diagnostic::new(
                    Rule::LooseApproval,
                    stage.span_of("/issues/resource"),
                    format!("an approval deploys whatever is newest to {}", stage.whom()),
                )
                .note("MIT Open Learning's image records no versions, and lets anybody who can close an issue approve")
                .help("write `resource: github-issues`, which deploys what the issue names"),
            );
            return;
        }
        for input in &stage.inputs {
            let place = || stage.input_span(input.name.as_str()).unwrap_or(stage.origin.span);
            // A clock has no content.
            let is_clock = matches!(&input.source, InputSource::Resource(any) if any.is_clock);
            if input.pin == Pin::LeftOut && !is_clock {
                self.diagnostics.push(
                    Diagnostic::new(
                        Rule::UnpinnedInput,
                        place(),
                        format!(
                            "{} takes the newest version of `{}`, which no approval names",
                            stage.whom(),
                            input.name
                        ),
                    )
                    .help("write why that is right, `unpinned: REASON` instead of `pin: null`; or remove `pin`"),
                );
            }
            if input.pin == Pin::Unknown {
                self.diagnostics.push(
                    Diagnostic::new(
                        Rule::UnpinnedInput,
                        place(),
                        format!("no issue can name the version of `{}` that {} deploys", input.name, stage.whom()),
                    )
                    .note("the file that names the version is not known for this resource type")
                    .help("write `pin: FILE`; or why the newest version may be used: `unpinned: REASON`"),
                );
            }
            if input.pin.file().is_some() && !gate.pins.contains(&input.name.as_str()) {
                let span = place();
                self.diagnostics.push(
                    Diagnostic::new(
                        Rule::UnapprovedInput,
                        span,
                        format!("no issue can name the version of `{}` that {} deploys", input.name, stage.whom()),
                    )
                    .note("no stage before it takes the input")
                    .help("write `gate: preview`, which names every version"),
                );
            }
        }
    }
}
