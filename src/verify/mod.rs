//! Whether pipelines can deploy what nobody approved: their chains are searched for the shortest story in which they do.
//!
//! [`read`] makes models of pipelines, the crate `promotion_verify` searches them. Chains of one shape are searched once.
//! [`whole`] makes one model of all pipelines, for somebody who plays a story.

mod read;

use std::collections::{BTreeSet, HashMap};

use concourse_pipeline::validate::Decoded;
use concourse_pipeline::view::PipelineView;
use promotion_verify::{
    Bounds, MOST_BUILDS, Model, Outcome, Refutation, Step, Violation, ViolationKind, When, ending, story, verify,
};
use yaml_source::Failure;
use yaml_source::diagnostic::{Count, Diagnostic, Diagnostics, Rule};
use yaml_source::source::Span;

use crate::job_target::JobTarget;
use crate::progress::Progress;

use read::Assumed;
pub(crate) use read::{ChainNames, ModelChain};
use read::{Read, Reader};

/// A pipeline to verify.
pub(crate) struct Subject<'s> {
    /// Its name. A pipeline that is set in the place of another one has the same name.
    pub(crate) name: String,
    /// How many times pipelines were set before.
    pub(crate) shape: usize,
    /// The pipeline.
    pub(crate) pipeline: &'s Decoded,
    /// The gets that take the newest version, although their job waits for an approval, because somebody wrote why: job
    /// and name.
    pub(crate) unpinned: BTreeSet<(String, String)>,
    /// Whether a put without `inputs` gets the artifacts that its params mention: from Concourse 8.0 on.
    pub(crate) detects_inputs: bool,
    /// Whether a person wrote the pipeline, so that it has to be guessed what its jobs deploy.
    pub(crate) is_handwritten: bool,
}

/// How far a run looked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    chains: usize,
    shapes: usize,
    states: usize,
    /// Searches of all shapes.
    searches: usize,
    /// Searches that had more states than the limit.
    cut: usize,
    /// Stages whose gates no pipeline of the run writes.
    open_ended: usize,
    assumed: Assumed,
}

/// Lines about one pipeline, at most. Who has more jobs names targets.
const MOST_LINES: usize = 40;

impl Extent {
    /// Whether each search ended by itself, so that what was found is a verdict.
    pub(crate) fn is_complete(&self) -> bool {
        self.cut == 0
    }

    /// Which searches stopped before their end: `2 of 9 searches stopped after 100 states`.
    pub(crate) fn stopped(&self, most: usize) -> String {
        format!("{} of {} searches stopped after {most} states", self.cut, self.searches)
    }

    /// What was looked at, in a few lines.
    pub(crate) fn text(&self, is_refuted: bool, most: usize) -> String {
        let Self { chains, shapes, states, open_ended, .. } = self;
        if *chains == 0 {
            return "no job waits for an approval: nothing to verify\n".to_owned() + &self.assumed();
        }
        let bound = format!(
            "2 versions of one resource, 4 closings (at most one more than the chain has gates), 1 reopening, 1 \
                     build that a person starts, 1 deployment that fails, {MOST_BUILDS} builds of each job"
        );
        let mut text = match (is_refuted, self.is_complete()) {
            (true, _) => format!("searched up to {bound}\n"),
            (false, true) => format!("no way past a gate was found: verified up to {bound}\n"),
            (false, false) => "no way past a gate was found in the part that was searched\n".to_owned(),
        };
        let (chains, shapes) = (Count(*chains, "chain"), Count(*shapes, "shape"));
        text += &format!("{chains} of {shapes}, {states} states\n");
        if is_refuted && !self.is_complete() {
            text += &format!("{}: more may be wrong; raise `--states`\n", self.stopped(most));
        }
        if *open_ended > 0 {
            let stages = Count(*open_ended, "stage");
            text += &format!("{stages} not judged: no pipeline of this run writes the gate\n");
        }
        text + &self.assumed()
    }

    /// What was taken for granted, and what was left out, in a few lines.
    fn assumed(&self) -> String {
        let Assumed { deploys, left_out, unused } = &self.assumed;
        let mut text = String::new();
        let mut list = |title: String, lines: &[String]| {
            text += &format!("{title}\n");
            lines.iter().take(MOST_LINES).for_each(|line| text += &format!("  {line}\n"));
            if lines.len() > MOST_LINES {
                text += &format!("  and {} more\n", lines.len() - MOST_LINES);
            }
        };
        for (pipeline, lines) in deploys {
            let title = format!(
                "what the jobs of {pipeline} deploy (change it with `--target JOB[/STEP]=ENV`, or `JOB=` for nothing):"
            );
            list(title, lines);
        }
        if !left_out.is_empty() {
            list("left out of the search:".to_owned(), left_out);
        }
        if !unused.is_empty() {
            list("targets without effect, because nothing near the job waits for an approval:".to_owned(), unused);
        }
        text
    }
}

/// What a search found, for somebody who plays it again.
pub(crate) struct Refuted {
    /// The models.
    pub(crate) chain: ModelChain,
    /// The story.
    pub(crate) refutation: Refutation,
}

/// Searches all chains of pipelines that belong together. `targets` are jobs, each with the environment that it deploys to.
/// A search looks at no more than `most` states. Returns the first refutation, too.
///
/// # Errors
///
/// If a person interrupts the run.
pub(crate) fn check(
    subjects: &[Subject<'_>],
    targets: &[JobTarget],
    most: usize,
    progress: &Progress,
    diagnostics: &mut Diagnostics,
) -> Result<(Extent, Option<Refuted>), Failure> {
    let read = read(subjects);
    let reader = Reader::new(&read, targets);
    let chains = reader.chains();
    let mut extent = Extent { chains: chains.len(), assumed: reader.assumed(), ..Extent::default() };
    let mut known: HashMap<&[Model], Found> = HashMap::new();
    let searching = progress.part("searching", chains.len());
    let mut first = None;
    for (number, chain) in chains.iter().enumerate() {
        searching.step()?;
        let models = chain.models.as_slice();
        if !known.contains_key(models) {
            let found = Found::of(chain, most);
            extent.shapes += 1;
            extent.states += found.states;
            extent.searches += found.searches;
            extent.cut += found.cut;
            known.insert(models, found);
        }
        let Some(found) = known.get(models) else { continue };
        for refutation in &found.refutations {
            diagnostics.push(refuted(chain, refutation));
            first.get_or_insert((number, refutation.clone()));
        }
        extent.open_ended += chain.is_open_ended.iter().filter(|is_open| **is_open).count();
        diagnostics.extend(unreachable(chain, found));
    }
    drop(known);
    let refuted = first.and_then(|(number, refutation)| {
        let chain = chains.into_iter().nth(number)?;
        Some(Refuted { chain, refutation })
    });
    Ok((extent, refuted))
}

/// All pipelines as one chain.
pub(crate) fn whole(subjects: &[Subject<'_>], targets: &[JobTarget]) -> ModelChain {
    Reader::new(&read(subjects), targets).whole()
}

fn read<'s>(subjects: &'s [Subject<'_>]) -> Vec<Read<'s>> {
    let read = subjects.iter().map(|subject| Read {
        name: subject.name.clone(),
        shape: subject.shape,
        view: PipelineView::of(&subject.pipeline.node),
        unpinned: subject.unpinned.clone(),
        detects_inputs: subject.detects_inputs,
        is_handwritten: subject.is_handwritten,
    });
    read.collect()
}

/// What the searches of a chain found.
#[derive(Default)]
struct Found {
    refutations: Vec<Refutation>,
    deployed: BTreeSet<promotion_verify::StageId>,
    states: usize,
    searches: usize,
    cut: usize,
    is_first_complete: bool,
}

impl Found {
    fn of(chain: &ModelChain, most: usize) -> Self {
        let mut found = Self::default();
        for (at, bounds) in searches(chain).iter().enumerate() {
            let Ok(Outcome { states, is_complete, deployed, refutations }) = verify(&chain.models, bounds, most) else {
                // A pipeline that cannot be set is reported by the reader.
                continue;
            };
            found.states += states;
            found.searches += 1;
            found.cut += usize::from(!is_complete);
            found.is_first_complete |= at == 0 && is_complete;
            found.deployed.extend(deployed);
            // One mistake is reported once: of each stage, and of each gate, the first violation.
            let is_known = |new: &Refutation| {
                found.refutations.iter().any(|known| place(&known.violation) == place(&new.violation))
            };
            let new: Vec<Refutation> = refutations.into_iter().filter(|refutation| !is_known(refutation)).collect();
            found.refutations.extend(new);
        }
        found
    }
}

/// The stage or the gate that a violation is about.
fn place(violation: &Violation) -> (bool, usize) {
    let (_, at) = subject(violation);
    (matches!(violation.kind, ViolationKind::NothingStarted { .. } | ViolationKind::OvertakenRecord { .. }), at)
}

/// The rule of a violation, and the number of the stage or of the gate that it is about.
pub(crate) fn subject(violation: &Violation) -> (Rule, usize) {
    match violation.kind {
        ViolationKind::Unapproved { stage } => (Rule::UnapprovedDeployment, stage.0),
        ViolationKind::WrongVersion { stage, .. } => (Rule::WrongVersion, stage.0),
        ViolationKind::DeployedTwice { stage } => (Rule::DeployedTwice, stage.0),
        ViolationKind::NothingStarted { gate } => (Rule::ClosingStartsNothing, gate.0),
        ViolationKind::Overtaken { stage } => (Rule::OvertakenDeployment, stage.0),
        ViolationKind::OvertakenRecord { gate } => (Rule::OvertakenDeployment, gate.0),
        ViolationKind::NotDeployed { stage } => (Rule::UndeployedRecord, stage.0),
        ViolationKind::StalePreview { stage } => (Rule::StalePreview, stage.0),
    }
}

/// How far each search of a chain looks. The first one follows one version through all gates.
fn searches(chain: &ModelChain) -> Vec<Bounds> {
    let of_model = |model: &Model| model.gates.iter().filter(|gate| gate.is_promise).count();
    let gates = chain.models.iter().map(of_model).max().unwrap_or(0);
    let gates = u32::try_from(gates).unwrap_or(u32::MAX);
    let always = Bounds { changes: chain.models.len() - 1, ..Bounds::default() };
    let through = Bounds { closings: gates, ..always.clone() };
    let closings = gates.saturating_add(1).min(4);
    let mut searches = vec![through];
    let mut plans = chain.models.iter().flat_map(|model| model.plans.values());
    let has_previews = plans.any(has_preview);
    for source in &chain.world {
        let of_source = Bounds { source: Some(source.clone()), versions: 1, ..always.clone() };
        searches.push(Bounds { closings, ..of_source.clone() });
        if has_previews && searches.len() == 2 {
            searches.push(Bounds { closings: 2, unchanged: 1, ..of_source });
        }
    }
    searches.push(Bounds { closings: closings.min(3), reopenings: 1, ..always.clone() });
    searches.push(Bounds { closings: gates.min(2), manual_builds: 1, failures: 1, ..always });
    searches
}

/// Whether a step records what a preview found.
fn has_preview(step: &Step) -> bool {
    match step {
        Step::Record { when, .. } => *when != When::Always,
        Step::Do(steps) | Step::InParallel(steps) => steps.iter().any(has_preview),
        Step::Try(step) => has_preview(step),
        Step::Hook { step, hook, .. } => has_preview(step) || has_preview(hook),
        Step::Get { .. } | Step::Run { .. } | Step::CheckOut { .. } | Step::Claim(_) => false,
    }
}

fn refuted(chain: &ModelChain, refutation: &Refutation) -> Diagnostic {
    let lines = story(&chain.models, &chain.names, refutation);
    let lines = lines.iter().enumerate().map(|(number, line)| format!("{:>2}. {line}", number + 1));
    lines.fold(violated(chain, &refutation.violation), Diagnostic::note)
}

/// The report of a violation, at its place in the pipeline.
pub(crate) fn violated(chain: &ModelChain, violation: &Violation) -> Diagnostic {
    let (rule, at) = subject(violation);
    let is_of_gate = place(violation).0;
    let place = match violation.place {
        Some(place) => chain.places.get(place.0),
        None if is_of_gate => chain.gate_places.get(at),
        None => chain.stage_places.get(at),
    };
    let help = match violation.kind {
        ViolationKind::Unapproved { .. } | ViolationKind::DeployedTwice { .. } => {
            "claim the approval before the first step that deploys"
        }
        ViolationKind::WrongVersion { .. } => {
            "check out or compare what the approval names before the step; or do not give the artifact to the step"
        }
        ViolationKind::NothingStarted { .. } if chain.models.len() > 1 => {
            "use up or withdraw each approval before you set the new pipeline, or list former names with `formerly`"
        }
        ViolationKind::NothingStarted { gate } if chain.is_triggering.contains(&gate) => {
            "the approval starts a job, and the story shows why that job does not use the approval: claim it after its get"
        }
        ViolationKind::NothingStarted { .. } => {
            "add `trigger: true` to the get of the approval, in the job that the issue promises"
        }
        ViolationKind::Overtaken { .. } => "add `serial: true` to each job that deploys the stage",
        ViolationKind::OvertakenRecord { .. } => "add `serial: true` to the job that writes the issue",
        ViolationKind::NotDeployed { .. } => {
            "write the record in `on_success`, so that no failed deployment is recorded"
        }
        ViolationKind::StalePreview { .. } => {
            "give the job of the preview and the job of the deployment the same `serial_groups`"
        }
    };
    let place = place.copied().unwrap_or(Span::NOWHERE);
    Diagnostic::new(rule, place, ending(&chain.models, &chain.names, violation)).help(help)
}

/// The stages that no story deploys.
fn unreachable(chain: &ModelChain, found: &Found) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    // One mistake is reported once: a story that ends early reaches nothing.
    let [model] = chain.models.as_slice() else { return diagnostics };
    if !found.refutations.is_empty() || !found.is_first_complete || chain.is_open_ended.contains(&true) {
        return diagnostics;
    }
    for (at, stage) in model.stages.iter().enumerate().filter(|(_, stage)| stage.is_gated) {
        if found.deployed.contains(&promotion_verify::StageId(at)) {
            continue;
        }
        let name = promotion_verify::Names::stage(&chain.names, &stage.name);
        diagnostics.push(
            Diagnostic::new(
                Rule::UnreachableEnvironment,
                chain.stage_places[at],
                format!("no version can reach {name}, whatever people close"),
            )
            .note("every job that deploys it waits for something that never happens")
            .help("check which job writes the gate, which versions it records, and what `passed` requires"),
        );
        break;
    }
    diagnostics
}
