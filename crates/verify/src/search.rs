//! The search for the shortest story in which something happens that must never happen.

use std::collections::{BTreeSet, HashSet, VecDeque};

use concourse_scheduler::{History, SetError};

use crate::invariants::{Violation, judge_end};
use crate::model::{Model, StageId};
use crate::state::{Action, Bounds, Error, Machine, State};

/// What the search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How many states were looked at.
    pub states: usize,
    /// Whether all states up to the bounds were looked at.
    pub is_complete: bool,
    /// The stages that were deployed in some state.
    pub deployed: BTreeSet<StageId>,
    /// What must never happen, and can: each at the end of a shortest story. A gate whose closing starts nothing does not end
    /// the search, and what a step does wrong ends it.
    pub refutations: Vec<Refutation>,
}

/// A shortest story that ends with a violation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refutation {
    /// What happens at the end.
    pub violation: Violation,
    /// What happens before. The last action ends with the violation, if a step of the pipeline does it.
    pub actions: Vec<Action>,
}

/// How a state was reached: from which state, and by what.
type Origins = Vec<Option<(usize, Action)>>;

/// Looks at all states that the models can reach, nearest first, but at no more than `most`. The first model is set at the
/// beginning, and each other one may be set after the one before it.
///
/// # Errors
///
/// Why a pipeline cannot be set.
pub fn verify(models: &[Model], bounds: &Bounds, most: usize) -> Result<Outcome, SetError> {
    can_be_set(models)?;
    let machine = Machine::of(models);
    let mut outcome = Outcome { states: 0, is_complete: true, deployed: BTreeSet::new(), refutations: Vec::new() };
    let first = match State::new(&machine, &mut ()) {
        Ok(first) => first,
        Err(Error::Set(error)) => return Err(error),
        Err(Error::Violation(violation, _)) => {
            outcome.refutations.push(Refutation { violation, actions: Vec::new() });
            return Ok(outcome);
        }
    };
    let mut origins: Origins = vec![None];
    // Of a state that is known only a fingerprint is kept.
    let mut known: HashSet<u128> = HashSet::from([first.fingerprint()]);
    let mut waiting: VecDeque<(usize, State)> = VecDeque::from([(0, first)]);
    'search: while let Some((number, state)) = waiting.pop_front() {
        outcome.deployed.extend(state.last.keys());
        let actions = state.actions(&machine, bounds);
        if !actions.iter().any(Action::is_automatic)
            && let Some(violation) = judge_end(&machine, &state)
            && outcome.refutations.iter().all(|known| known.violation != violation)
        {
            outcome.refutations.push(Refutation { violation, actions: path(&origins, number, None) });
        }
        for action in actions {
            match state.after(&machine, &action) {
                Ok(next) => {
                    if !known.insert(next.fingerprint()) {
                        continue;
                    }
                    if origins.len() >= most {
                        outcome.is_complete = false;
                        break 'search;
                    }
                    waiting.push_back((origins.len(), next));
                    origins.push(Some((number, action)));
                }
                Err(violation) => {
                    let actions = path(&origins, number, Some(action));
                    outcome.refutations.push(Refutation { violation, actions });
                    break 'search;
                }
            }
        }
    }
    outcome.states = origins.len();
    Ok(outcome)
}

/// Whether Concourse takes the pipelines one after the other.
///
/// # Errors
///
/// Why it does not take one of them.
pub(crate) fn can_be_set(models: &[Model]) -> Result<(), SetError> {
    let mut history = History::default();
    models.iter().try_for_each(|model| history.set(&model.pipeline))
}

/// The actions that lead to a state, and one more.
fn path(origins: &Origins, mut number: usize, last: Option<Action>) -> Vec<Action> {
    let mut actions: Vec<Action> = last.into_iter().collect();
    while let Some(Some((from, action))) = origins.get(number) {
        actions.push(action.clone());
        number = *from;
    }
    actions.reverse();
    actions
}
