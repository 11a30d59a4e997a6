mod gates;
mod in_chain;
mod warnings;

use std::collections::BTreeMap;

use concourse_pipeline::model::JobName;
use github_issues_resource::contract::StagePhase;
use yaml_source::diagnostic::Diagnostics;

use crate::project::{Chain, Gate, Input, Project, Stage};

use gates::follow;
use in_chain::{InChain, takes};

use super::built;
use super::gate::TakenGate;
use super::job::{BuildJob, BuildPhase, Need, PipelinePlan, Plan, PlannedJob, StageJob, Take, Taken};
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

impl<'p> Planner<'p, '_> {
    fn chain(&mut self, chain: &'p Chain) {
        // The gate that rules a stage's versions, for those that follow without one of their own.
        let mut ruling: Option<TakenGate<'p>> = None;
        for index in 0..chain.stages.len() {
            let at = InChain { chain, index };
            let stage = at.stage();
            self.builds(at);
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
        self.pipeline(stage).jobs.push(PlannedJob::Stage(Box::new(job)));
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

    fn builds(&mut self, at: InChain<'p>) {
        let stage = at.stage();
        for input in stage.inputs.iter().chain(built_only(at.chain, stage)) {
            let Some(build) = &input.build else { continue };
            let code = build.takes_code().then_some(Taken::Code(&stage.code));
            let from: Vec<Taken<'p>> = build.from.iter().map(Taken::Input).chain(code).collect();
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
            self.pipeline(stage).jobs.extend(jobs.into_iter().map(PlannedJob::Build));
        }
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
}

/// What is built here, by Concourse and resource.
fn built(project: &Project) -> BTreeMap<(usize, &str), &JobName> {
    let stages = project.chains.iter().flat_map(|chain| chain.stages.iter().map(move |stage| (chain, stage)));
    stages
        .flat_map(|(chain, stage)| {
            let inputs = stage.inputs.iter().chain(built_only(chain, stage));
            let builds = inputs.filter_map(|input| Some((input, input.build.as_ref()?)));
            builds.map(|(input, build)| ((stage.concourse, input.name.as_str()), &build.job))
        })
        .collect()
}

/// What is built beside a stage, and deployed nowhere. Where the first stage lives it is built, and nowhere else.
fn built_only<'p>(chain: &'p Chain, stage: &'p Stage) -> &'p [Input] {
    let is_here = chain.stages.first().is_some_and(|first| first.concourse == stage.concourse);
    if is_here { &stage.built_only } else { &[] }
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
        let takes_it = build.takes_code() && stage.code.resource == *taken.resource()
            || build.from.iter().any(|input| input.name == *taken.resource());
        if takes_it && !jobs.contains(&&build.job) {
            jobs.push(&build.job);
        }
    }
    jobs
}
