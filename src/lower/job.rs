//! Jobs: the gets, what a gate asks for, the kind's steps, and what is written afterwards.

mod checks;
mod env;

use concourse_pipeline::Repository;
use concourse_pipeline::model::{Core, GetStep, InParallel, Job, JobName, Resource, ResourceName, Step};
use github_issues_resource::contract::{ContentFiles, ReportStatus, files};
use indexmap::IndexMap;
use yaml_source::diagnostic::{Diagnostic, Rule};
use yaml_source::source::Span;
use yaml_source::yaml::{Value, escape};

use crate::input::{InputSource, InputType};
use crate::kind::{Family, Kind, KindScope, Made};
use crate::manifest::EventWord;
use crate::plan::{BuildJob, BuildPhase, Entry, Opening, StageJob, StagePhase, Take, Taken, TakenGate};
use crate::project::{Alert, Input, Pin, Stage};

use env::settings_of_env;

use super::Lowering;
use super::define::Definer;
use super::issues::{self, After, Written};
use super::origin::{Author, JobOrigin, JobRole, Steps};
use super::wiring::{GATE, Wiring};
use super::{notify, options};

/// The gate of a job, and how the job gets its code.
type WiredGate<'g, 'a> = (&'g TakenGate<'a>, Wiring<'a>);

impl<'a> Lowering<'_, 'a> {
    pub(super) fn stage_job(&mut self, job: &StageJob<'a>) {
        let stage = job.stage;
        let Some(kind) = self.kinds.get(Family::Stack, &stage.kind) else { return };
        let gate: Option<WiredGate<'_, 'a>> = job.gate.as_ref().map(|gate| (gate, Wiring::of(gate, &stage.code)));
        let ours = gate.filter(|(gate, _)| gate.issue.issues.resource.names_versions());
        let here = stage.origin.span;
        let mut plan = Steps::default();
        plan.add(Author::Need, here, self.needs(job));
        plan.add(Author::Generator, here, self.gets(&job.takes, stage, gate));
        if let Some((gate, wiring)) = ours {
            if gate.is_claimed() {
                let commits = checked_out_inputs(gate, job).map(|input| input.name.to_string()).collect();
                plan.add(Author::Generator, here, [issues::claim(gate, wiring, commits)]);
            }
            plan.add(Author::Generator, here, wiring.check(gate, job));
        }
        if job.phase == StagePhase::Preview {
            self.warn_of_credentials(kind, stage);
        }
        let env = self.env(kind, settings_of_env(job), job.takes.iter().map(|take| take.taken), gate, stage);
        plan.add(Author::Generator, here, env.load.iter().cloned());
        // What the approval hands over itself is not there in the version that came with the build.
        let mut artifacts: Vec<&str> = job
            .takes
            .iter()
            .filter(|take| !gate.is_some_and(|(gate, _)| gate.hands_over(take.taken)))
            .map(|take| take.taken.resource().as_str())
            .collect();
        let previewed = ours.filter(|(gate, _)| gate.is_of_preview_of(stage)).map(|(_, wiring)| wiring);
        if let Some(Wiring::CheckedOut) = previewed {
            artifacts.push(GATE);
        }
        let approved = previewed.map(Wiring::folder);
        let whom = format!("the {} of {}", job.phase.as_str(), stage.whom());
        let repository = Repository::of_clone(&stage.code.git.repository).to_string();
        let scope = KindScope {
            repository: &repository,
            scope: &stage.scope,
            whom: &whom,
            phase: job.phase.as_str(),
            env: &env.values,
            env_files: &env.files,
            artifacts: &artifacts,
            approved: approved.as_deref(),
        };
        let mut made = self.make(kind, &scope, stage);
        let around = |pointer: &str| stage.origin.settings.at(pointer).filter(|_| job.phase == StagePhase::Deploy);
        self.check_variables(&env.values, &made.steps, kind, stage);
        self.check_target(made.target.as_deref(), kind, stage);
        plan.bring(Author::Around, Kind::make_steps(around("/before"), &scope, self.diagnostics));
        let own = std::mem::take(&mut made.steps).into_iter().map(|(step, span)| {
            let timeout = step.timeout.or_else(|| stage.timeout.clone());
            (Step { timeout, attempts: step.attempts.or(stage.attempts), ..step }, span)
        });
        plan.bring(Author::Kind, own.collect());
        plan.bring(Author::Around, Kind::make_steps(around("/after"), &scope, self.diagnostics));

        let mut after = self.records(job, gate, &made, kind);
        let claimed = ours.map(|(gate, _)| gate).filter(|gate| gate.is_claimed());
        let reported = |status| claimed.map(|gate| issues::report(gate, status));
        after.extend(reported(ReportStatus::Succeeded));
        let alert = self.alert(stage.alert.as_ref(), stage);
        let alerts = |event| {
            let what = match job.phase {
                StagePhase::Deploy => "",
                StagePhase::Preview => " preview",
            };
            let subject = format!("{} {} {}{what}", kind.title(), stage.project, stage.stack);
            alert.and_then(|alert| notify::alert_step(alert, event, &subject))
        };
        let hook = |status, event| together(reported(status).into_iter().chain(alerts(event)).collect());
        after.extend(alerts(EventWord::Succeeded));
        let mut lowered = Job {
            plan: plan.steps,
            on_success: together(after),
            on_failure: hook(ReportStatus::Failed, EventWord::Failed),
            on_error: hook(ReportStatus::Errored, EventWord::Errored),
            on_abort: hook(ReportStatus::Aborted, EventWord::Aborted),
            ..Job::named(job.name.clone())
        };
        lowered.serial_groups.extend(job.serial_group.map(String::from));
        options::apply(&mut lowered, &stage.job);
        // Every job that puts to a gate runs once at a time; a group of its own is as good.
        lowered.serial = lowered.serial_groups.is_empty();
        let given =
            || stage.origin.settings.at(&format!("/stack/{}", escape(&stage.kind))).unwrap_or(&stage.origin.settings);
        let unnamed = made.is_unnamed.then(|| kind.place_of_target(given()));
        self.origin(job.name, || JobOrigin {
            whom,
            span: here,
            role: JobRole::Stage {
                stage,
                phase: job.phase,
                target: made.target,
                unnamed,
                target_options: kind.target_options(),
            },
            plan: plan.origins,
            hooks: Author::Generator,
        });
        self.definitions.own_job(lowered, &stage.origin, self.diagnostics);
    }

    /// The puts by which a job that succeeded writes its issues.
    fn records(&mut self, job: &StageJob<'a>, gate: Option<WiredGate<'_, 'a>>, made: &Made, kind: &Kind) -> Vec<Step> {
        let stage = job.stage;
        let mut steps: Vec<Step> = Vec::new();
        let from_record = gate.filter(|(gate, _)| matches!(gate.entry, Entry::Record(_))).map(|_| GATE);
        let written = |pins, after| Written {
            content: content(job),
            pins,
            clone: &stage.code.resource,
            summary: made.summary.clone(),
            after,
            from_record,
        };
        let no_changes = made.no_changes.clone().filter(|_| job.phase == StagePhase::Preview);
        if let Some(opening) = &job.opens {
            self.define_opening(opening, stage);
            let pins = self.pins(job, gate, made.pins.clone(), kind);
            let phase = no_changes.clone().map_or(After::Deployment, After::Preview);
            steps.push(issues::record(opening, written(pins, phase)));
        }
        if let Some((opening, file)) = job.unchanged.as_ref().zip(no_changes) {
            self.define_opening(opening, stage);
            // As the deployment would have written it: without what the kind records of a preview.
            let pins = self.pins(job, gate, Vec::new(), kind);
            steps.push(issues::record(opening, written(pins, After::Unchanged(file))));
        }
        steps
    }

    pub(super) fn build_job(&mut self, job: &BuildJob<'a>) {
        let (stage, build) = (job.stage, job.build);
        let Some(kind) = self.kinds.get(Family::Build, &build.kind) else { return };
        let here = stage.origin.span;
        let mut plan = Steps::default();
        let gets = self.gets(&job.takes, stage, None);
        let gets = if build.parallel_gets && gets.len() > 1 { together(gets).into_iter().collect() } else { gets };
        plan.add(Author::Generator, here, gets);
        let from = job.takes.iter().map(|take| take.taken);
        let env = self.env(kind, &[], from, None, stage);
        plan.add(Author::Generator, here, env.load.iter().cloned());
        let is_used = |take: &&Take<'_>| !matches!(take.taken, Taken::Input(Input { starts_only: true, .. }));
        let artifacts: Vec<&str> =
            job.takes.iter().filter(is_used).map(|take| take.taken.resource().as_str()).collect();
        let whom = format!("the build of `{}` for {}", job.input.name, stage.whom());
        let phase = match job.phase {
            BuildPhase::Check => "check",
            BuildPhase::Build => "build",
        };
        let scope = KindScope {
            repository: "",
            scope: &build.scope,
            whom: &whom,
            phase,
            env: &env.values,
            env_files: &env.files,
            artifacts: &artifacts,
            approved: None,
        };
        self.definitions.resource(input_resource(job.input), &stage.origin, self.diagnostics);
        let made = self.make(kind, &scope, stage);
        plan.bring(Author::Around, Kind::make_steps(build.before.as_ref(), &scope, self.diagnostics));
        plan.bring(Author::Kind, made.steps);
        plan.bring(Author::Around, Kind::make_steps(build.after.as_ref(), &scope, self.diagnostics));
        let shared = self.shared.get(job.name).cloned().unwrap_or_default();
        let alert = self.alert(shared.alert.as_ref(), stage);
        let subject = format!("{} of {}", phase, job.input.name);
        let alerts = |event| alert.and_then(|alert| notify::alert_step(alert, event, &subject));
        let mut lowered = Job {
            build_log_retention: kind.build_log_retention(),
            plan: plan.steps,
            on_success: alerts(EventWord::Succeeded),
            on_failure: alerts(EventWord::Failed),
            on_error: alerts(EventWord::Errored),
            on_abort: alerts(EventWord::Aborted),
            ..Job::named(job.name.clone())
        };
        options::apply(&mut lowered, &shared.options);
        self.origin(job.name, || JobOrigin {
            whom,
            span: here,
            role: JobRole::Build,
            plan: plan.origins,
            hooks: Author::Generator,
        });
        self.definitions.shared_job(lowered, &stage.origin, self.diagnostics);
    }

    /// Notes what a job is made from. A job that several stages make has the origin of the first.
    pub(super) fn origin(&mut self, name: &JobName, origin: impl FnOnce() -> JobOrigin<'a>) {
        if !self.origins.contains_key(name.as_str()) {
            self.origins.insert(name.to_string(), origin());
        }
    }

    /// Defines what tells somebody of a job, if anything does.
    fn alert<'s>(&mut self, alert: Option<&'s Alert>, stage: &Stage) -> Option<&'s Alert> {
        let alert = alert?;
        self.definitions.resource_type(notify::resource_type(), &stage.origin, self.diagnostics);
        self.definitions.resource(notify::resource(alert), &stage.origin, self.diagnostics);
        Some(alert)
    }

    /// The gets that hold a job back until others have deployed. Their artifacts are nobody's business.
    fn needs(&mut self, job: &StageJob<'a>) -> Vec<Step> {
        let mut steps = Vec::new();
        for need in &job.needs {
            let code = need.code;
            let resource = code.git.resource(&code.resource, Some(&code.check_every));
            self.definitions.code_resource(resource, &job.stage.origin, self.diagnostics);
            // What passed there is what that job has a get of.
            let resource = self.approved_code.get(need.job).copied().unwrap_or(&code.resource);
            let name = format!("after-{}", need.job);
            if job.takes.iter().any(|take| take.taken.resource().as_str() == name) {
                let span = job.stage.span_of("/needs");
                let message = format!("`{name}` is what {} waits by", job.stage.whom());
                self.diagnostics.push(
                    Diagnostic::new(Rule::NameCollision, span, message).help("give the input of that name another one"),
                );
                continue;
            }
            steps.push(
                Core::Get(GetStep {
                    get: artifact(&name),
                    resource: Some(resource.clone()),
                    version: None,
                    trigger: need.trigger.then_some(true),
                    passed: vec![need.job.clone()],
                    params: None,
                    unpinned: None,
                })
                .into(),
            );
        }
        steps
    }

    /// The gets of a job: inputs, the gate's approval, the code.
    fn gets(&mut self, takes: &[Take<'a>], stage: &'a Stage, gate: Option<WiredGate<'_, 'a>>) -> Vec<Step> {
        let mut steps = Vec::new();
        for take in takes {
            match take.taken {
                Taken::Input(input) => {
                    self.definitions.resource(input_resource(input), &stage.origin, self.diagnostics);
                    if !take.handed_over {
                        steps.push(get(take, input.params.clone()));
                    }
                }
                Taken::Code(code) => {
                    // Whoever takes it watches what this job needs, too.
                    let resource = code.git.resource(&code.resource, Some(&code.check_every));
                    self.definitions.code_resource(resource, &stage.origin, self.diagnostics);
                    if let Some((gate, wiring)) = gate {
                        self.define_gate(gate, wiring, stage);
                        steps.push(wiring.get(gate));
                    }
                    if !matches!(gate, Some((_, Wiring::Fetched(_)))) {
                        steps.push(get(take, code.params.clone()));
                    }
                }
            }
        }
        steps
    }

    /// Defines the resource that brings a gate's approvals, and where the job claims them that one, too.
    fn define_gate(&mut self, gate: &TakenGate<'a>, wiring: Wiring<'a>, stage: &Stage) {
        let issue = &gate.issue;
        let code = match wiring {
            Wiring::Fetched(code) => Some(&code.git),
            Wiring::CheckedOut | Wiring::Signal(_) => None,
        };
        let type_of_code = code.map(|_| issues::approved_git_type());
        let resource_type = type_of_code.unwrap_or_else(|| issues::resource_type(issue.issues.resource));
        self.definitions.resource_type(resource_type, &stage.origin, self.diagnostics);
        let resource = match gate.entry {
            Entry::Record(records) => issues::records(issue, records),
            Entry::Approval | Entry::Following(_) => issues::trigger(issue, code),
        };
        self.definitions.resource(resource, &stage.origin, self.diagnostics);
        let ours = issue.issues.resource.names_versions();
        if ours && gate.is_claimed() {
            self.definitions.resource_type(
                issues::resource_type(issue.issues.resource),
                &stage.origin,
                self.diagnostics,
            );
            let resource = issues::post(issue, issue.post);
            self.definitions.resource(resource, &stage.origin, self.diagnostics);
        }
    }

    fn define_opening(&mut self, opening: &Opening<'a>, stage: &Stage) {
        let issue = &opening.issue;
        self.definitions.resource_type(issues::resource_type(issue.issues.resource), &stage.origin, self.diagnostics);
        let resource = issues::post(issue, opening.resource);
        self.definitions.resource(resource, &stage.origin, self.diagnostics);
    }

    fn make(&mut self, kind: &Kind, scope: &KindScope<'_>, stage: &Stage) -> Made {
        let made = kind.make(scope, self.diagnostics);
        let by = |span: Span| {
            if kind.is_built_in() {
                return Definer::from(&stage.origin);
            }
            Definer::written(&stage.origin, kind.node(), span)
        };
        for (resource_type, span) in &made.resource_types {
            self.defined.insert(("resource_types", resource_type.name.to_string()), *span);
            self.definitions.resource_type(resource_type.clone(), by(*span), self.diagnostics);
        }
        for (resource, span) in &made.resources {
            self.defined.insert(("resources", resource.name.to_string()), *span);
            self.definitions.resource(resource.clone(), by(*span), self.diagnostics);
        }
        made
    }

    /// What an issue is told was deployed. What was held to an approval is what the approval says.
    fn pins(
        &mut self,
        job: &StageJob<'a>,
        gate: Option<WiredGate<'_, 'a>>,
        more: Vec<(String, String)>,
        kind: &Kind,
    ) -> IndexMap<String, String> {
        let mut pins = IndexMap::new();
        // The code first: it is what people look for.
        let takes = job.takes.iter().rev().take(1).chain(job.takes.iter().take(job.takes.len().saturating_sub(1)));
        for take in takes {
            let Some((name, file)) = take.taken.pin() else { continue };
            let is_image = matches!(take.taken, Taken::Input(input) if matches!(input.source, InputSource::Image(_)));
            let file = match gate {
                Some((gate, wiring)) if is_image && gate.holds(name) => wiring.pin(name),
                _ => format!("{}/{file}", take.taken.resource()),
            };
            pins.insert(name.to_owned(), file);
        }
        let content = content(job);
        for (name, file) in more {
            // What a kind records never takes the place of what an approval is held to.
            let is_content = name.strip_suffix(files::CONTENT_SUFFIX).is_some_and(|of| content.contains_key(of));
            if pins.contains_key(&name) || is_content {
                let span = job.stage.input_span(&name).unwrap_or(job.stage.origin.span);
                let message = format!("`{name}` is what the stack kind `{}` records in the issue", kind.name());
                self.diagnostics
                    .push(Diagnostic::new(Rule::NameCollision, span, message).help("give the input another name"));
                continue;
            }
            pins.insert(name, file);
        }
        pins
    }
}

fn get(take: &Take<'_>, params: Option<Value>) -> Step {
    Core::Get(GetStep {
        get: take.taken.resource().clone(),
        resource: None,
        version: None,
        trigger: take.trigger.then_some(true),
        passed: take.passed.iter().map(|job| (*job).clone()).collect(),
        params,
        unpinned: match take.taken {
            Taken::Input(Input { pin: Pin::Unpinned(reason), .. }) => Some(reason.clone()),
            Taken::Input(_) | Taken::Code(_) => None,
        },
    })
    .into()
}

/// The resource of an input.
fn input_resource(input: &Input) -> Resource {
    input.source.as_type().resource(&input.name, input.check_every.as_ref())
}

/// The inputs that are checked out at the commit that the approval names.
fn checked_out_inputs<'j>(gate: &'j TakenGate<'_>, job: &'j StageJob<'_>) -> impl Iterator<Item = &'j Input> {
    job.takes.iter().filter_map(|take| match take.taken {
        Taken::Input(input) if matches!(input.source, InputSource::Git(_)) && gate.holds(input.name.as_str()) => {
            Some(input)
        }
        Taken::Input(_) | Taken::Code(_) => None,
    })
}

/// The artifacts whose files an approval names by a hash.
fn content(job: &StageJob<'_>) -> IndexMap<String, ContentFiles> {
    let inputs = job.takes.iter().filter_map(|take| match take.taken {
        Taken::Input(input) => Some((input.name.to_string(), input.content.clone()?)),
        Taken::Code(_) => None,
    });
    inputs.collect()
}

/// Several steps at the same time: each is done, whatever becomes of the others.
fn together(mut steps: Vec<Step>) -> Option<Step> {
    match steps.len() {
        0 => None,
        1 => steps.pop(),
        _ => Some(Core::InParallel { in_parallel: InParallel { steps, limit: None, fail_fast: None } }.into()),
    }
}

/// The name of an artifact that this program chose.
pub(super) fn artifact(name: &str) -> ResourceName {
    ResourceName::parse(name).expect("internal error: the name of an artifact is none")
}
