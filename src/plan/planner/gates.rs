//! The gates that a stage takes and opens, and their issues.

use github_issues_resource::contract::{GateKey, InvalidStage, IssueKind, StageKey, StageName, StagePhase};
use yaml_source::diagnostic::{Diagnostic, Rule};
use yaml_source::yaml::{Map, Node, NodeKind};

use crate::approval::{ApprovalSettings, ApprovedCode};
use crate::plan::gate::{Destination, Entry, GateIssue, TakenGate};
use crate::plan::job::{Opening, OpeningKind};
use crate::project::{Gate, Record, Stage};

use super::Planner;
use super::in_chain::{InChain, pins};

impl<'p> Planner<'p, '_> {
    /// The issue that the deployment of a stage writes, as the stage that is entered by it has it.
    pub(super) fn issue(
        &mut self,
        kind: IssueKind,
        of: &'p Stage,
        settings: &'p Stage,
        approval: Option<&'p ApprovalSettings>,
        destination: Option<(&'p Stage, StagePhase)>,
    ) -> Option<GateIssue<'p>> {
        let key = GateKey::new(self.stage_name(of)?, kind);
        let destination = match destination {
            Some((stage, phase)) => Some(Destination { key: StageKey::new(self.stage_name(stage)?, phase), stage }),
            None => None,
        };
        let Some(issues) = &settings.issues else {
            self.missing_issues(settings);
            return None;
        };
        let names = &of.names;
        let (title, post, trigger) = match kind {
            IssueKind::Deployed => (&names.deployed_title, &names.deployed_post, &names.deployed_trigger),
            IssueKind::Ready => (&names.ready_title, &names.ready_post, &names.ready_trigger),
        };
        let by_prefix = issues.resource.finds_by_title();
        if title.trim().is_empty() || by_prefix && title.starts_with("((") {
            let pointer = match kind {
                IssueKind::Deployed => "/names/deployed_title",
                IssueKind::Ready => "/names/ready_title",
            };
            self.diagnostics.push(
                Diagnostic::new(Rule::TitleCollision, of.span_of(pointer), "the title of an issue begins with no text")
                    .note(format!("for {}", of.whom()))
                    .help("name the project and the stage in it"),
            );
            return None;
        }
        Some(GateIssue { key, title, post, trigger, of, issues, approval, destination })
    }

    /// The identity of a stage.
    pub(super) fn stage_name(&mut self, stage: &Stage) -> Option<StageName> {
        stage
            .identity()
            .map_err(|error: InvalidStage| {
                self.diagnostics.push(Diagnostic::new(Rule::ConcourseName, stage.origin.span, error.to_string()));
            })
            .ok()
    }

    pub(super) fn missing_issues(&mut self, stage: &Stage) {
        let settings = &stage.origin.settings;
        // What was wrong has been reported, and is not missing.
        let is_reported = |node: &Node| matches!(node.kind, NodeKind::Invalid);
        let issues = settings.at("/issues").and_then(Node::as_map).map(Map::entries).unwrap_or_default();
        if settings.at("/issues").is_some_and(is_reported) || issues.iter().any(|entry| is_reported(&entry.value)) {
            return;
        }
        // What every manifest of a fleet lacks is reported once.
        let is_own = issues.iter().any(|entry| entry.key_span.file == stage.origin.span.file);
        let place = stage.origin.fleet_defaults.filter(|_| !is_own);
        if settings.at("/issues/repository").is_none() && settings.at("/issues/auth").is_none() {
            let layer = if place.is_some() { " to `defaults`" } else { "" };
            let message = "`issues` is missing: the repository of the gate issues, and the token that writes them";
            self.diagnostics.push(
                Diagnostic::new(Rule::MissingField, place.unwrap_or(stage.origin.span), message).help(format!(
                    "add `issues: {{repository: OWNER/NAME, auth: {{token: ((github.token))}}}}`{layer}"
                )),
            );
            return;
        }
        for (pointer, message, help) in [
            ("/issues/repository", "`issues.repository` is missing", "write `issues: {repository: OWNER/NAME}`"),
            ("/issues/auth/token", "`issues.auth` is missing", "write `issues: {auth: {token: ((github.token))}}`"),
        ] {
            if settings.at(pointer).is_none()
                && !self.diagnostics.speaks_within(settings.at("/issues").map_or(settings.span, |node| node.span))
            {
                self.diagnostics.push(
                    Diagnostic::new(Rule::MissingField, stage.origin.span, message)
                        .note(format!("{} has a gate or a record", stage.whom()))
                        .help(format!("{help}, here or in the fleet's `defaults`")),
                );
            }
        }
    }

    /// The gate into a stage whose key is the issue of the stage before.
    pub(super) fn issue_gate(&mut self, at: InChain<'p>, phase: StagePhase) -> Option<TakenGate<'p>> {
        let (stage, before) = (at.stage(), at.before()?);
        let issue = self.issue(IssueKind::Deployed, before, stage, Some(&stage.approval), Some((stage, phase)))?;
        Some(TakenGate {
            issue,
            entry: Entry::Approval,
            trigger: true,
            pins: pins(before),
            code: ApprovedCode::Checkout,
            fetch: at.crosses(),
        })
    }

    /// The records of the stage before, from which a preview starts. They approve nothing.
    pub(super) fn record_gate(&mut self, at: InChain<'p>) -> Option<TakenGate<'p>> {
        let before = at.before()?;
        let issue = self.issue(IssueKind::Deployed, before, before, None, None)?;
        Some(TakenGate {
            issue,
            entry: Entry::Record(&before.names.records),
            trigger: at.stage().code.trigger,
            pins: pins(before),
            code: ApprovedCode::Checkout,
            // The record may be seen before Concourse knows that the build that wrote it is done.
            fetch: true,
        })
    }

    /// The gate into a stage whose key is the issue of its preview.
    pub(super) fn preview_gate(&mut self, at: InChain<'p>) -> Option<TakenGate<'p>> {
        let stage = at.stage();
        let issue = self.ready_issue(stage)?;
        Some(TakenGate {
            issue,
            entry: Entry::Approval,
            trigger: true,
            pins: pins(stage),
            code: ApprovedCode::Checkout,
            // What was previewed may have come from another Concourse, ahead of what this one has seen.
            fetch: at.crosses(),
        })
    }

    /// The issue of a stage's preview, which promotes to the stage's own deployment.
    pub(super) fn ready_issue(&mut self, stage: &'p Stage) -> Option<GateIssue<'p>> {
        self.issue(IssueKind::Ready, stage, stage, Some(&stage.approval), Some((stage, StagePhase::Deploy)))
    }

    pub(super) fn ready(&mut self, at: InChain<'p>) -> Option<Opening<'p>> {
        let stage = at.stage();
        let issue = self.ready_issue(stage)?;
        let resource = issue.post;
        let labels = labels(stage, [&stage.names.promotion_label]);
        self.check_labels(stage, &labels);
        Some(Opening { issue, resource, kind: OpeningKind::Preview, ungated: !at.crosses(), labels })
    }

    /// A label that every issue of a gate has would reject every approval of it.
    pub(super) fn check_labels(&mut self, stage: &Stage, labels: &[&str]) {
        for (index, rejects) in stage.approval.reject_labels.iter().enumerate() {
            let is_on_each = |label: &&&str| label.eq_ignore_ascii_case(rejects);
            let own = is_gates_own_label(rejects).then_some(rejects.as_str());
            let Some(label) = labels.iter().find(is_on_each).copied().or(own) else { continue };
            self.diagnostics.push(
                Diagnostic::new(
                    Rule::WrongType,
                    stage.span_of(&format!("/approval/reject_labels/{index}")),
                    format!("every issue of the gate has the label `{label}`, so nothing can be approved"),
                )
                .note(format!("for {}", stage.whom()))
                .help("write a label that people set to reject, such as hold"),
            );
        }
    }

    /// What the deployment of a stage writes: the issue of the gate that it opens, or a record.
    pub(super) fn after_deploy(&mut self, at: InChain<'p>) -> Option<Opening<'p>> {
        let stage = at.stage();
        let ungated = matches!(stage.gate, Gate::None | Gate::Manual);
        if let Some(next) = at.asks_about() {
            let phase = if next.gate == Gate::Preview { StagePhase::Preview } else { StagePhase::Deploy };
            let issue = self.issue(IssueKind::Deployed, stage, next, Some(&next.approval), Some((next, phase)))?;
            let resource = issue.post;
            let labels = labels(next, [&next.names.promotion_label]);
            self.check_labels(next, &labels);
            return Some(Opening { issue, resource, kind: OpeningKind::Gate, ungated, labels });
        }
        let kind = match stage.record {
            Record::None => return None,
            Record::Open => OpeningKind::Record,
            Record::Closed => OpeningKind::ClosedRecord,
        };
        let issue = self.issue(IssueKind::Deployed, stage, stage, None, None)?;
        if stage.record == Record::Closed && !issue.issues.resource.closes_records() {
            self.diagnostics.push(
                Diagnostic::new(
                    Rule::NoEffect,
                    stage.span_of("/record"),
                    "MIT Open Learning's image cannot close a record",
                )
                .help("write `record: open` or `none`, or use `resource: github-issues`"),
            );
        }
        let last = at.after().is_none();
        let final_label = if last { stage.names.final_label.as_str() } else { "" };
        let labels = labels(stage, [stage.names.deployed_label.as_str(), final_label]);
        Some(Opening { issue, resource: &stage.names.record, kind, ungated, labels })
    }
}

/// Whether a label is one by which the resource finds the issues of a gate: `gate:` and 16 hexadecimal digits.
pub(super) fn is_gates_own_label(label: &str) -> bool {
    let label = label.to_ascii_lowercase();
    let digits = label.strip_prefix("gate:");
    digits.is_some_and(|digits| digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

pub(super) fn labels<'p>(
    settings: &'p Stage,
    derived: impl IntoIterator<Item = &'p (impl AsRef<str> + ?Sized + 'p)>,
) -> Vec<&'p str> {
    let own = settings.issues.iter().flat_map(|issues| &issues.labels).map(String::as_str);
    own.chain(derived.into_iter().map(AsRef::as_ref)).filter(|label| !label.is_empty()).collect()
}

/// The gate that an earlier stage went by, for one that follows it without a gate of its own.
pub(super) fn follow<'p>(inherited: Option<TakenGate<'p>>, at: InChain<'p>, trigger: bool) -> Option<TakenGate<'p>> {
    let before = at.before()?;
    inherited.map(|gate| TakenGate { entry: Entry::Following(&before.names.deploy), trigger, ..gate })
}
