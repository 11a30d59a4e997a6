//! *Target*: no job does without an approval what another one does behind a gate.
//!
//! In handwritten pipelines, and for what a manifest adds: jobs of `extra`, `before`, `after`, and builds. Nobody has said which
//! of their steps deploys. A put behind a gate counts as a deployment of its resource, and a task counts unless a job before the
//! gate runs the same, as it does with tests. A task that names the environment behind the gate is no test.
//! [`super::work`] says when two steps do the same.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use concourse_pipeline::issues::IssueId;
use concourse_pipeline::params::has_words;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::Span;

use crate::lower::{Author, JobRole};
use crate::plan::StagePhase;

use super::facts::{Facts, JobAt, as_found};
use super::model::{Job, Owner, Pipeline, Step, What};
use super::naming::names;
use super::sequence::PathPart;
use super::spelling::has_variable;
use super::version::{Newest, newest_of};
use super::work::{Doing, Work};

/// Over pipelines that are judged together.
pub(super) fn check(pipelines: &[Pipeline<'_>], diagnostics: &mut Diagnostics) {
    let is_judged_job = |job: &Job<'_>, pipeline: &Pipeline<'_>| is_free(job, pipeline) || is_elsewhere(job);
    if !pipelines.iter().any(|pipeline| pipeline.jobs.iter().any(|job| is_judged_job(job, pipeline))) {
        return;
    }
    let (mut gated, mut before): (Deeds<GatedStep<'_, '_>>, Deeds<()>) = (Deeds::default(), Deeds::default());
    for at in pipelines.iter().enumerate() {
        let (_, pipeline) = at;
        let upstream = upstream(pipeline);
        for job in &pipeline.jobs {
            let is_before = !job.is_gated() && upstream.contains(job.name);
            let environment = environment(job, pipeline);
            for step in job.steps.iter().filter(|step| is_meant(step, job)) {
                if !is_before && (!job.is_gated() || is_hook(step)) {
                    continue;
                }
                for doing in Doing::of(step, job, at) {
                    if job.is_gated() && doing.may_deploy() {
                        let names_environment = environment.is_some_and(|environment| doing.name(environment));
                        gated.add(doing, GatedStep { job, names_environment });
                    } else if is_before && doing.is_task() {
                        before.add(doing, ());
                    }
                }
            }
        }
    }
    let mut known: BTreeSet<(&Owner, &str)> = BTreeSet::new();
    for at in pipelines.iter().enumerate() {
        let (_, pipeline) = at;
        for job in pipeline.jobs.iter().filter(|job| is_judged_job(job, pipeline)) {
            let mut reported: BTreeSet<&str> = BTreeSet::new();
            let own = environment(job, pipeline);
            let behind = Behind::of(job, pipeline);
            for step in job.steps.iter().filter(|step| is_judged(step, job)) {
                // Jobs behind different gates run the same checks in their hooks.
                if is_elsewhere(job) && is_hook(step) {
                    continue;
                }
                for doing in Doing::of(step, job, at) {
                    // Puts of rendered pipelines are compared by `target`.
                    if job.is_rendered() && !doing.is_task() || doing.changes_nothing() {
                        continue;
                    }
                    // Jobs behind different gates run the same tests. What names the stage of another one is none.
                    let is_other_stage = (is_elsewhere(job) || !behind.0.is_empty()) && doing.is_task();
                    let own = own.or_else(|| followed_environment(job, pipeline));
                    if is_other_stage && own.map_or(is_elsewhere(job), |own| doing.name(own)) {
                        continue;
                    }
                    let is_test = before.alike(&doing).next().is_some();
                    for GatedStep { job: gated, names_environment } in gated.alike(&doing) {
                        let is_excused = !names_environment && (is_test || is_other_stage);
                        let is_other = gated.owner != job.owner && !gated.gates().any(|gate| behind.0.contains(gate));
                        if is_other && !is_excused && reported.insert(gated.name) {
                            known.extend([(&job.owner, job.name), (&gated.owner, gated.name)]);
                            diagnostics.push(found(job, step, gated));
                        }
                    }
                }
            }
        }
    }
    changed_places(pipelines, &gated, &known, diagnostics);
}

/// A task of a rendered job, kept until all manifests of a run were looked at.
#[derive(Debug)]
pub(super) struct Deed {
    doing: Doing,
    part: Part,
    span: Span,
    job: Arc<JobAt>,
}

/// What a task is to the others of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// A stage behind a gate runs it.
    Gated { names_environment: bool },
    /// A stage before a gate runs it.
    Before,
    /// No gate is before it, and no kind of a stage runs it.
    Free,
}

/// The tasks of a job that other manifests could run, or that run what theirs do.
pub(super) fn deeds(job: &Job<'_>, pipeline: &Pipeline<'_>, at: &Arc<JobAt>) -> Vec<Deed> {
    let could_count = |step: &Step<'_>| is_meant(step, job) || is_judged(step, job);
    let is_task = |step: &&Step<'_>| matches!(step.what, What::Task(_)) && could_count(step);
    if !job.is_rendered() || !job.steps.iter().any(|step| is_task(&step)) {
        return Vec::new();
    }
    let is_free = is_free(job, pipeline) && (job.stage().is_some() || Behind::of(job, pipeline).0.is_empty());
    let environment = environment(job, pipeline);
    let mut found = Vec::new();
    for step in job.steps.iter().filter(is_task) {
        for doing in Doing::of(step, job, (0, pipeline)) {
            let of_stage = is_meant(step, job) && job.stage().is_some();
            let part = if of_stage && job.is_gated() && !is_hook(step) {
                Part::Gated { names_environment: environment.is_some_and(|environment| doing.name(environment)) }
            } else if of_stage && !job.is_gated() {
                Part::Before
            } else if is_free && is_judged(step, job) && !doing.changes_nothing() {
                Part::Free
            } else {
                continue;
            };
            found.push(Deed { doing: doing.into_kept(), part, span: step.span, job: Arc::clone(at) });
        }
    }
    found
}

/// Over the manifests of a run: what one of them adds to its jobs does what the stage of another one does behind a gate.
pub(super) fn check_run(facts: &[&Facts], diagnostics: &mut Diagnostics) {
    let all = || facts.iter().flat_map(|facts| &facts.deeds);
    if !all().any(|deed| deed.part == Part::Free) {
        return;
    }
    let mut by_work: HashMap<Work, Vec<&Deed>> = HashMap::new();
    for deed in all().filter(|deed| deed.part != Part::Free) {
        for work in &deed.doing.works {
            by_work.entry(*work).or_default().push(deed);
        }
    }
    for deed in all().filter(|deed| deed.part == Part::Free) {
        let others = deed.doing.works.iter().filter_map(|work| by_work.get(work)).flatten();
        let alike: Vec<&Deed> = others.copied().filter(|other| other.doing.is_like_elsewhere(&deed.doing)).collect();
        let is_test = alike.iter().any(|other| other.part == Part::Before);
        let gated = alike.iter().find(|other| {
            let is_other = other.job.owner.file != deed.job.owner.file && !other.job.replaces(&deed.job);
            is_other
                && match other.part {
                    Part::Gated { names_environment } => names_environment || !is_test,
                    Part::Before | Part::Free => false,
                }
        });
        if let Some(gated) = gated {
            diagnostics.push(
                Diagnostic::new(
                    Rule::SharedTarget,
                    deed.span,
                    format!(
                        "`{}` needs no approval, and does the same as {}, which waits for one",
                        deed.job.name, gated.job.whom
                    ),
                )
                .label("no gate stops it")
                .help("remove the step; or make it a stage, which has a gate"),
            );
        }
    }
}

/// A job behind a gate deploys what has the name of the stage behind another gate. Of `known` jobs it was reported what they
/// deploy.
fn changed_places(
    pipelines: &[Pipeline<'_>],
    gated: &Deeds<GatedStep<'_, '_>>,
    known: &BTreeSet<(&Owner, &str)>,
    diagnostics: &mut Diagnostics,
) {
    let mut deeds: BTreeMap<(&Owner, &str), Vec<&Doing>> = BTreeMap::new();
    for (doing, step) in gated.all.iter().filter(|(doing, step)| !step.job.is_rendered() && !doing.changes_nothing()) {
        deeds.entry((&step.job.owner, step.job.name)).or_default().push(doing);
    }
    for pipeline in pipelines {
        let stages = || pipeline.jobs.iter().filter(|job| job.is_gated()).filter_map(|job| environment(job, pipeline));
        let environments: BTreeSet<&str> = stages().collect();
        let jobs = pipeline.jobs.iter().filter(|job| is_elsewhere(job) && !known.contains(&(&job.owner, job.name)));
        for job in jobs {
            let Some(own) = environment(job, pipeline) else { continue };
            let deeds = deeds.get(&(&job.owner, job.name)).map(Vec::as_slice).unwrap_or_default();
            let other = |text: &str| {
                let mut others = environments.iter().filter(|other| !other.eq_ignore_ascii_case(own));
                others.find(|other| has_words(text, other)).copied()
            };
            let targets = || deeds.iter().flat_map(|doing| doing.names.targets());
            if targets().any(|text| has_words(text, own) || names(text, own) && other(text).is_none()) {
                continue;
            }
            let Some((target, other)) = targets().find_map(|text| Some((text, other(text)?))) else { continue };
            diagnostics.push(as_found(
                Diagnostic::new(
                    Rule::SharedTarget,
                    job.span,
                    format!("`{}` deploys `{target}`, which has the name of the stage {other}", job.name),
                )
                .label(format!("an approval for {own} deploys it"))
                .help("let the gate of each stage start the job that deploys that stage"),
                false,
            ));
        }
    }
}

/// What steps do, to be found by what others do.
struct Deeds<T> {
    all: Vec<(Doing, T)>,
    by_work: HashMap<Work, Vec<usize>>,
    /// By a text that names the target, where a step has one.
    by_name: HashMap<(Work, Option<u64>), Vec<usize>>,
}

impl<T> Default for Deeds<T> {
    fn default() -> Self {
        Self { all: Vec::new(), by_work: HashMap::new(), by_name: HashMap::new() }
    }
}

impl<T> Deeds<T> {
    fn add(&mut self, doing: Doing, of: T) {
        let at = self.all.len();
        let pairs = doing.names.pairs();
        for work in &doing.works {
            self.by_work.entry(*work).or_default().push(at);
            if pairs.is_empty() {
                self.by_name.entry((*work, None)).or_default().push(at);
            }
            for pair in &pairs {
                self.by_name.entry((*work, Some(*pair))).or_default().push(at);
            }
        }
        self.all.push((doing, of));
    }

    /// Those that can change what a step changes.
    fn alike<'d>(&'d self, doing: &'d Doing) -> impl Iterator<Item = &'d T> {
        let mut found: BTreeSet<usize> = BTreeSet::new();
        let pairs = doing.names.pairs();
        for work in &doing.works {
            let all = self.by_work.get(work).map(Vec::as_slice).unwrap_or_default();
            // Thousands of stages run one script: those with another name of a target are not looked at.
            if all.len() <= MOST || pairs.is_empty() {
                found.extend(all);
                continue;
            }
            for pair in pairs.iter().copied().map(Some).chain([None]) {
                found.extend(self.by_name.get(&(*work, pair)).into_iter().flatten());
            }
        }
        let all = found.into_iter().map(|at| &self.all[at]);
        all.filter(|(other, _)| other.is_like(doing)).map(|(_, of)| of)
    }
}

/// So many steps that run one thing are all compared.
const MOST: usize = 64;

/// Whether a job needs no approval, or one of another gate, or has steps that do not come from the kind of its stage.
fn is_free(job: &Job<'_>, pipeline: &Pipeline<'_>) -> bool {
    match job.role {
        JobRole::Handwritten => !job.is_gated() || Behind::of(job, pipeline).0.is_empty(),
        JobRole::Extra | JobRole::Build => true,
        JobRole::Stage { .. } => job.steps.iter().any(|step| step.author == Author::Around),
    }
}

/// The gates whose approvals decide on all that a job uses. A job that takes something at its newest, whatever else it takes,
/// is behind none.
struct Behind<'p, 'a>(BTreeSet<&'p IssueId<'a>>);

impl<'p, 'a> Behind<'p, 'a> {
    fn of(job: &'p Job<'a>, pipeline: &'p Pipeline<'a>) -> Self {
        let is_stage = job.stage().is_some();
        let own = || job.gates().collect();
        if job.is_gated() {
            let has_newest = !is_stage && newest_of(job, pipeline).iter().any(Newest::may_be_deployed);
            return Self(if has_newest { BTreeSet::new() } else { own() });
        }
        let gated = |name: &&str| pipeline.job(name).filter(|job| job.is_gated());
        let mut gates = BTreeSet::new();
        for (get, _) in job.gets() {
            let Some(before) = get.passed.iter().find_map(gated) else { return Self(BTreeSet::new()) };
            gates.extend(before.gates());
        }
        Self(gates)
    }
}

/// The environment of the gated jobs that a job follows.
fn followed_environment<'a>(job: &Job<'a>, pipeline: &Pipeline<'a>) -> Option<&'a str> {
    let mut before = job.gets().flat_map(|(get, _)| &get.passed).filter_map(|name| pipeline.job(name));
    before.find(|before| before.is_gated()).and_then(|before| environment(before, pipeline))
}

/// Whether a step of a free job is compared with what is done behind gates. A kind of stages names what it deploys.
fn is_judged(step: &Step<'_>, job: &Job<'_>) -> bool {
    match step.author {
        Author::Person | Author::Extra | Author::Around => true,
        Author::Kind => matches!(job.role, JobRole::Build),
        Author::Generator | Author::Need => false,
    }
}

/// Whether a job is behind a gate of its own, of a handwritten pipeline.
fn is_elsewhere(job: &Job<'_>) -> bool {
    job.is_gated() && !job.is_rendered()
}

/// Whether a step of a job could be what deploys.
fn is_meant(step: &Step<'_>, job: &Job<'_>) -> bool {
    matches!(step.author, Author::Person | Author::Kind)
        && job.stage().is_none_or(|(_, phase)| phase == StagePhase::Deploy)
}

/// The environment that a job deploys to: that of its stage, the one that its gate leads to, or the one in its name.
fn environment<'a>(job: &Job<'a>, pipeline: &Pipeline<'a>) -> Option<&'a str> {
    if let Some((stage, _)) = job.stage() {
        return Some(&stage.environment);
    }
    let destination = |resource: &str| pipeline.source(resource)?.text("destination")?.split('/').nth(2);
    let mut destinations = job.approvals.iter().filter_map(|approval| destination(approval.resource));
    let of_gate = destinations.next().filter(|environment| !environment.is_empty() && !has_variable(environment));
    of_gate.or_else(|| Some(job.environment.as_ref()?.short_name()))
}

fn found(job: &Job<'_>, step: &Step<'_>, gated: &Job<'_>) -> Diagnostic {
    let (message, label) = if job.is_gated() {
        (
            format!("`{}` does the same as `{}`, which waits for the approval of another gate", job.name, gated.name),
            format!("an approval for `{}` starts it, too", job.name),
        )
    } else {
        (
            format!("`{}` needs no approval, and does the same as `{}`, which waits for one", job.name, gated.name),
            format!("the gate of `{}` does not stop it", gated.name),
        )
    };
    as_found(
        Diagnostic::new(Rule::SharedTarget, step.span, message)
            .label(label)
            .help("remove the step, or let the gate start the job"),
        job.is_rendered(),
    )
}

/// A step of a job behind a gate.
struct GatedStep<'p, 'a> {
    job: &'p Job<'a>,
    /// It names the environment of its job.
    names_environment: bool,
}

fn is_hook(step: &Step<'_>) -> bool {
    step.path.iter().any(|part| matches!(part, PathPart::Hook(_)))
}

/// The jobs whose versions come to a gate: those that write into it, and those that these wait for.
fn upstream<'p>(pipeline: &'p Pipeline<'_>) -> BTreeSet<&'p str> {
    let mut open: Vec<&str> = pipeline.jobs.iter().filter(|job| job.records(pipeline)).map(|job| job.name).collect();
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        if found.insert(name)
            && let Some(job) = pipeline.job(name)
        {
            open.extend(job.gets().flat_map(|(get, _)| get.passed.iter().copied()));
        }
    }
    found
}
