//! The file of a story that `verify` found.

use camino::Utf8PathBuf;
use promotion_verify::{Deed, GateId, Names, ending, script};

use crate::job_target::JobTarget;
use crate::verify::{ModelChain, Refuted, subject};
use yaml_source::Failure;
use yaml_source::yaml::emit;

use super::fields::{ExpectFields, ScenarioFields, StepFields, ViolationWord};

/// What `verify` was arguments.
pub(crate) struct SearchArguments<'t> {
    /// The files that are set one after the other.
    pub(crate) lists: &'t [Vec<Utf8PathBuf>],
    /// The environments of jobs.
    pub(crate) targets: &'t [JobTarget],
    /// The gets whose versions need no approval: job and name.
    pub(crate) unpinned: &'t [(String, String)],
}

/// The scenario of a refutation. It is to be in the working folder, for its paths are those of the command line.
///
/// # Errors
///
/// If it cannot be written as YAML.
pub(crate) fn scenario(
    arguments: &SearchArguments<'_>,
    Refuted { chain, refutation }: &Refuted,
) -> Result<String, Failure> {
    let paths = |at: usize| -> Vec<String> {
        let list = arguments.lists.get(at).map(Vec::as_slice).unwrap_or_default();
        if list.is_empty() { vec![".".to_owned()] } else { list.iter().map(ToString::to_string).collect() }
    };
    let mut sets = 0;
    let mut steps: Vec<StepFields> = Vec::new();
    for deed in script(&chain.models, refutation) {
        if deed == Deed::Set {
            sets += 1;
            steps.push(StepFields { set: paths(sets), ..StepFields::default() });
        } else {
            steps.push(step(chain, &deed));
        }
    }
    let violation = ViolationWord::of(subject(&refutation.violation).0);
    let expect = Some(ExpectFields { violation, ..ExpectFields::default() });
    steps.push(StepFields { expect, ..StepFields::default() });
    // A pipeline that is set later is a pipeline that is played, whether the story comes that far or not.
    let fields = ScenarioFields {
        scenario: Some(ending(&chain.models, &chain.names, &refutation.violation)),
        pipelines: paths(0),
        target: arguments.targets.iter().map(|target| (target.place(), target.environment().to_owned())).collect(),
        unpinned: arguments.unpinned.iter().map(|(job, get)| format!("{job}/{get}")).collect(),
        automatic: Some(false),
        steps,
    };
    emit(&fields).map_err(|error| Failure::Internal(error.to_string()))
}

fn step(chain: &ModelChain, deed: &Deed) -> StepFields {
    let names = &chain.names;
    let issue = |gate: &GateId| names.of_gates.get(gate.0).and_then(|names| names.first()).cloned();
    let build = |job: &str, number: usize| Some(format!("{}/{number}", names.job(job)));
    let mut step = StepFields::default();
    match deed {
        Deed::Land(name) if names.repositories.contains(name) => step.commit = Some(names.resource(name)),
        Deed::Land(name) => step.push = Some(names.resource(name)),
        Deed::Check(name) => step.check = Some(names.resource(name)),
        Deed::Continue { job, number, is_reversed } => {
            step.r#continue = build(job, *number);
            step.reversed = *is_reversed;
        }
        Deed::Fail(job) => step.fail = Some(names.job(job)),
        Deed::Unchanged(job) => step.unchanged = Some(names.job(job)),
        Deed::Close(gate) => step.close = issue(gate),
        Deed::Reject(gate) => {
            step.close = issue(gate);
            step.r#as = Some(super::fields::ClosedAs::NotPlanned);
        }
        Deed::Reopen(gate) => step.reopen = issue(gate),
        Deed::Start(job) => step.start = Some(names.job(job)),
        Deed::Rerun { job, number } => step.rerun = build(job, *number),
        Deed::Pause(job) => step.pause = Some(names.job(job)),
        Deed::Unpause(job) => step.unpause = Some(names.job(job)),
        Deed::Set => {}
    }
    step
}
