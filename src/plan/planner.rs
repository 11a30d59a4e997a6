use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::model::JobName;
use github_issues_resource::contract::{Approve, GateKey, InvalidStage, IssueKind, StageKey, StageName, StagePhase};
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::yaml::{Map, Node, NodeKind};

use crate::input::InputSource;
use crate::manifest::IssuesResource;
use crate::policy::{ApprovalSettings, ApprovedCode, Unchanged};
use crate::project::{Chain, Gate, Pin, Project, Record, Stage};

use super::built;
use super::gate::{Destination, Entry, GateIssue, TakenGate};
use super::job::{BuildJob, BuildPhase, Job, Need, Opening, OpeningKind, PipelinePlan, Plan, StageJob, Take, Taken};
use super::wiring::wire;

/// Plans the jobs of a project.
pub(crate) fn plan<'p>(project: &'p Project, diagnostics: &mut Diagnostics) -> Plan<'p> {
    let mut planner = Planner { project, pipelines: Vec::new(), built: built(project), diagnostics };
    planner.check_builds();
    for chain in &project.chains {
        planner.chain(chain);
    }
    planner.pipelines.sort_by_key(|pipeline| pipeline.concourse);
    planner.pipelines.iter_mut().for_each(wire);
    Plan { pipelines: planner.pipelines }
}

struct Planner<'p, 'd> {
    project: &'p Project,
    /// What is built here: Concourse and resource → job.
    built: BTreeMap<(usize, &'p str), &'p JobName>,
    pipelines: Vec<PipelinePlan<'p>>,
    diagnostics: &'d mut Diagnostics,
}

/// A stage with what comes before and after it in its chain.
#[derive(Clone, Copy)]
struct InChain<'p> {
    chain: &'p Chain,
    index: usize,
}

impl<'p> InChain<'p> {
    fn stage(self) -> &'p Stage {
        &self.chain.stages[self.index]
    }

    fn one_before(self) -> Option<Self> {
        self.index.checked_sub(1).map(|index| Self { index, ..self })
    }

    fn before(self) -> Option<&'p Stage> {
        self.one_before().map(Self::stage)
    }

    fn after(self) -> Option<&'p Stage> {
        self.chain.stages.get(self.index + 1)
    }

    /// Did the version come from another Concourse?
    fn crosses(self) -> bool {
        self.before().is_some_and(|before| before.concourse != self.stage().concourse)
    }

    /// The nearest earlier stage on the same Concourse that takes a thing.
    fn earlier(self, taken: Taken<'p>) -> Option<Self> {
        let earlier = (0..self.index).rev().map(|index| Self { index, ..self });
        earlier
            .filter(|earlier| earlier.stage().concourse == self.stage().concourse)
            .find(|earlier| earlier.takes(taken))
    }

    fn takes(self, taken: Taken<'p>) -> bool {
        takes(self.stage()).any(|other| other.resource() == taken.resource())
    }

    /// The next stage, where the deployment of this one opens an issue that asks about it.
    fn asks_about(self) -> Option<&'p Stage> {
        let across = |next: &Stage| next.concourse != self.stage().concourse;
        self.after().filter(|next| next.gate == Gate::Issue || (next.gate == Gate::Preview && across(next)))
    }

    /// Whether a version that leaves the stage unchanged goes on to the next one. Then the stage's preview writes the
    /// record that its deployment would have written.
    fn passes_on(self) -> bool {
        let stage = self.stage();
        let settings = self.asks_about().or_else(|| (stage.record != Record::None).then_some(stage));
        self.may_pass_on() && settings.is_some_and(writes_versions)
    }

    /// The same, if the deployment of the stage writes a record.
    fn may_pass_on(self) -> bool {
        let stage = self.stage();
        stage.gate == Gate::Preview
            && stage.kind_tells_unchanged
            && stage.approval.unchanged == Unchanged::Pass
            && writes_versions(stage)
    }

    /// Whether the preview of the stage takes its versions from the records of the stage before.
    fn takes_records(self) -> bool {
        self.stage().gate == Gate::Preview && !self.crosses() && self.one_before().is_some_and(Self::passes_on)
    }
}

/// Whether issues of the stage name versions.
fn writes_versions(stage: &Stage) -> bool {
    stage.issues.as_ref().is_some_and(|issues| issues.resource == IssuesResource::GithubIssues)
}

/// What a stage takes: inputs, then the code.
fn takes(stage: &Stage) -> impl Iterator<Item = Taken<'_>> {
    stage.inputs.iter().map(Taken::Input).chain([Taken::Code(&stage.code)])
}

/// What an approval that a stage's job wrote names.
fn pins(stage: &Stage) -> Vec<&str> {
    takes(stage).filter_map(Taken::pin).map(|(name, _)| name).collect()
}

impl<'p> Planner<'p, '_> {
    fn chain(&mut self, chain: &'p Chain) {
        // The gate that rules a stage's versions, for those that follow without one of their own.
        let mut ruling: Option<TakenGate<'p>> = None;
        for index in 0..chain.stages.len() {
            let at = InChain { chain, index };
            let stage = at.stage();
            self.builds(stage);
            let inherited = ruling.take().filter(|gate| gate.issue.is_exact());
            let after_deploy = self.after_deploy(at);
            let deploy_gate = match stage.gate {
                Gate::Preview => {
                    let gate = if at.crosses() {
                        self.issue_gate(at, StagePhase::Preview)
                    } else if at.takes_records() {
                        self.record_gate(at)
                    } else {
                        follow(inherited, at, stage.code.trigger)
                    };
                    built::check(chain, index, gate.as_ref(), self.diagnostics);
                    let unchanged = after_deploy.clone().filter(|_| at.passes_on());
                    let opens = self.ready(at);
                    self.push(
                        stage,
                        StageJob {
                            name: &stage.names.preview,
                            stage,
                            phase: StagePhase::Preview,
                            takes: self.takes_of(at, StagePhase::Preview),
                            needs: self.needs(at, StagePhase::Preview),
                            gate,
                            opens,
                            unchanged,
                            serial_group: Some(&stage.names.serial_group),
                        },
                    );
                    self.preview_gate(at)
                }
                Gate::Issue => self.issue_gate(at, StagePhase::Deploy),
                Gate::None => follow(inherited, at, stage.code.trigger),
                Gate::Manual => follow(inherited, at, false),
            };
            let mut takes = self.takes_of(at, StagePhase::Deploy);
            if let Some(before) = deploy_gate.as_ref().and_then(TakenGate::passed) {
                // Behind a gate only what came through the gate starts a job.
                for take in &mut takes {
                    take.trigger &= take.passed.contains(&before);
                }
            }
            self.push(
                stage,
                StageJob {
                    name: &stage.names.deploy,
                    stage,
                    phase: StagePhase::Deploy,
                    takes,
                    needs: self.needs(at, StagePhase::Deploy),
                    gate: deploy_gate.clone(),
                    opens: after_deploy,
                    unchanged: None,
                    serial_group: (stage.gate == Gate::Preview).then_some(stage.names.serial_group.as_str()),
                },
            );
            built::check(chain, index, deploy_gate.as_ref(), self.diagnostics);
            self.warn(at, deploy_gate.as_ref());
            self.warn_of_missing_record(at);
            ruling = deploy_gate;
        }
    }

    fn push(&mut self, stage: &'p Stage, job: StageJob<'p>) {
        self.pipeline(stage).jobs.push(Job::Stage(Box::new(job)));
    }

    fn pipeline(&mut self, stage: &'p Stage) -> &mut PipelinePlan<'p> {
        let found = self.pipelines.iter().position(|pipeline| pipeline.concourse == stage.concourse);
        let index = found.unwrap_or_else(|| {
            self.pipelines.push(PipelinePlan {
                name: &stage.pipeline,
                instance_vars: &stage.instance_vars,
                concourse: stage.concourse,
                jobs: Vec::new(),
            });
            self.pipelines.len() - 1
        });
        &mut self.pipelines[index]
    }

    fn builds(&mut self, stage: &'p Stage) {
        for input in &stage.inputs {
            let Some(build) = &input.build else { continue };
            let from: Vec<Taken<'p>> = if build.from.is_empty() {
                vec![Taken::Code(&stage.code)]
            } else {
                build.from.iter().map(Taken::Input).collect()
            };
            let built = &self.built;
            let from_build = |taken: &Taken<'p>| match taken {
                Taken::Code(_) => None,
                Taken::Input(input) => built.get(&(stage.concourse, input.name.as_str())).copied(),
            };
            let job = |name: &'p JobName, phase: BuildPhase, check: Option<&'p JobName>| BuildJob {
                name,
                phase,
                input,
                build,
                stage,
                takes: from
                    .iter()
                    .map(|taken| Take {
                        taken: *taken,
                        passed: check.or_else(|| from_build(taken)).into_iter().collect(),
                        trigger: triggers(*taken),
                        handed_over: false,
                    })
                    .collect(),
            };
            let mut jobs = Vec::new();
            if let Some(check) = &build.check {
                jobs.push(job(check, BuildPhase::Check, None));
                jobs.push(job(&build.job, BuildPhase::Build, Some(check)));
            } else {
                jobs.push(job(&build.job, BuildPhase::Build, None));
            }
            self.pipeline(stage).jobs.extend(jobs.into_iter().map(Job::Build));
        }
    }

    /// The issue that the deployment of a stage writes, as the stage that is entered by it has it.
    fn issue(
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
        let by_prefix = issues.resource == IssuesResource::Mitodl;
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
    fn stage_name(&mut self, stage: &Stage) -> Option<StageName> {
        stage
            .identity()
            .map_err(|error: InvalidStage| {
                self.diagnostics.push(Diagnostic::new(Rule::ConcourseName, stage.origin.span, error.to_string()));
            })
            .ok()
    }

    fn missing_issues(&mut self, stage: &Stage) {
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
    fn issue_gate(&mut self, at: InChain<'p>, phase: StagePhase) -> Option<TakenGate<'p>> {
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
    fn record_gate(&mut self, at: InChain<'p>) -> Option<TakenGate<'p>> {
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
    fn preview_gate(&mut self, at: InChain<'p>) -> Option<TakenGate<'p>> {
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
    fn ready_issue(&mut self, stage: &'p Stage) -> Option<GateIssue<'p>> {
        self.issue(IssueKind::Ready, stage, stage, Some(&stage.approval), Some((stage, StagePhase::Deploy)))
    }

    fn ready(&mut self, at: InChain<'p>) -> Option<Opening<'p>> {
        let stage = at.stage();
        let issue = self.ready_issue(stage)?;
        let resource = issue.post;
        let labels = labels(stage, [&stage.names.promotion_label]);
        self.check_labels(stage, &labels);
        Some(Opening { issue, resource, kind: OpeningKind::Preview, ungated: !at.crosses(), labels })
    }

    /// A label that every issue of a gate has would reject every approval of it.
    fn check_labels(&mut self, stage: &Stage, labels: &[&str]) {
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
    fn after_deploy(&mut self, at: InChain<'p>) -> Option<Opening<'p>> {
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
        if stage.record == Record::Closed && issue.issues.resource == IssuesResource::Mitodl {
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

    /// In which versions a job takes what it takes:
    ///
    /// 1. as the nearest earlier stage deployed it, or as it was previewed;
    /// 2. else from its build;
    /// 3. else as a build of this stage's inputs took it, so that both belong together;
    /// 4. else the newest.
    fn takes_of(&self, at: InChain<'p>, phase: StagePhase) -> Vec<Take<'p>> {
        let stage = at.stage();
        let previewed = stage.gate == Gate::Preview && phase == StagePhase::Deploy;
        let by_itself = by_itself(at, phase);
        takes(stage)
            .map(|taken| {
                let build = match taken {
                    Taken::Input(input) => self.built.get(&(stage.concourse, input.name.as_str())),
                    Taken::Code(_) => None,
                };
                let mut passed = if previewed {
                    vec![&stage.names.preview]
                } else if let Some(earlier) = at.earlier(taken) {
                    vec![passed_by(earlier, at)]
                } else if let Some(build) = build {
                    vec![*build]
                } else {
                    builds_of(stage, taken)
                };
                if let Taken::Code(code) = taken {
                    if code.newest {
                        passed.clear();
                    }
                    let more: Vec<_> = code.passed.iter().filter(|job| !passed.contains(job)).collect();
                    passed.extend(more);
                }
                // A record names what the stage before takes, and comes once for all of it.
                let recorded = at.takes_records()
                    && stage.code.trigger
                    && at.one_before().is_some_and(|before| before.takes(taken));
                Take { taken, passed, trigger: by_itself && !recorded && triggers(taken), handed_over: false }
            })
            .collect()
    }

    /// What a job waits for. At the beginning of a chain a deployment there starts it, too.
    fn needs(&self, at: InChain<'p>, phase: StagePhase) -> Vec<Need<'p>> {
        let trigger = at.index == 0 && by_itself(at, phase);
        let needed = at.stage().needs.iter().map(|id| self.project.stage(*id));
        needed.map(|needed| Need { job: &needed.names.deploy, code: &needed.code, trigger }).collect()
    }

    /// A build that takes what is made of its own result would wait for ever.
    fn check_builds(&mut self) {
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
    fn warn_of_missing_record(&mut self, at: InChain<'p>) {
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

    fn warn(&mut self, at: InChain<'p>, gate: Option<&TakenGate<'p>>) {
        let stage = at.stage();
        let Some(gate) = gate else { return };
        let follows = gate.passed().is_some();
        let ours = gate.issue.issues.resource == IssuesResource::GithubIssues;
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

/// What is built here, by Concourse and resource.
fn built(project: &Project) -> BTreeMap<(usize, &str), &JobName> {
    let stages = project.chains.iter().flat_map(|chain| &chain.stages);
    stages
        .flat_map(|stage| {
            let builds = stage.inputs.iter().filter_map(|input| Some((input, input.build.as_ref()?)));
            builds.map(|(input, build)| ((stage.concourse, input.name.as_str()), &build.job))
        })
        .collect()
}

/// Does a job start for new versions of what it takes?
fn by_itself(at: InChain<'_>, phase: StagePhase) -> bool {
    match at.stage().gate {
        Gate::None => true,
        // A preview that waits for an issue of another Concourse starts by that alone.
        Gate::Preview => phase == StagePhase::Preview && !at.crosses(),
        Gate::Issue | Gate::Manual => false,
    }
}

/// The gate that an earlier stage went by, for one that follows it without a gate of its own.
fn follow<'p>(inherited: Option<TakenGate<'p>>, at: InChain<'p>, trigger: bool) -> Option<TakenGate<'p>> {
    let before = at.before()?;
    inherited.map(|gate| TakenGate { entry: Entry::Following(&before.names.deploy), trigger, ..gate })
}

/// The job that a version passes at an earlier stage before a later one takes it. What leaves the stage unchanged passes
/// its preview alone; it goes on to previews and to gates that ask somebody.
fn passed_by<'p>(earlier: InChain<'p>, later: InChain<'p>) -> &'p JobName {
    let names = &earlier.stage().names;
    let asks = matches!(later.stage().gate, Gate::Preview | Gate::Issue);
    let next = later.before().is_some_and(|before| std::ptr::eq(before, earlier.stage()));
    if asks && next && earlier.passes_on() { &names.preview } else { &names.deploy }
}

fn triggers(taken: Taken<'_>) -> bool {
    match taken {
        Taken::Code(code) => code.trigger,
        Taken::Input(input) => input.trigger,
    }
}

/// The builds of a stage's inputs that take a thing, too.
fn builds_of<'p>(stage: &'p Stage, taken: Taken<'p>) -> Vec<&'p JobName> {
    let mut jobs = Vec::new();
    for build in stage.inputs.iter().filter_map(|input| input.build.as_ref()) {
        let takes_it = if build.from.is_empty() {
            stage.code.resource == *taken.resource()
        } else {
            build.from.iter().any(|input| input.name == *taken.resource())
        };
        if takes_it && !jobs.contains(&&build.job) {
            jobs.push(&build.job);
        }
    }
    jobs
}

/// Whether a label is one by which the resource finds the issues of a gate: `gate:` and 16 hexadecimal digits.
fn is_gates_own_label(label: &str) -> bool {
    let label = label.to_ascii_lowercase();
    let digits = label.strip_prefix("gate:");
    digits.is_some_and(|digits| digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn labels<'p>(
    settings: &'p Stage,
    derived: impl IntoIterator<Item = &'p (impl AsRef<str> + ?Sized + 'p)>,
) -> Vec<&'p str> {
    let own = settings.issues.iter().flat_map(|issues| &issues.labels).map(String::as_str);
    own.chain(derived.into_iter().map(AsRef::as_ref)).filter(|label| !label.is_empty()).collect()
}
