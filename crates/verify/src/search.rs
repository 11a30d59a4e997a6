//! The search for the shortest story in which something happens that must never happen.

use std::collections::{HashMap, VecDeque};

use concourse_scheduler::SetError;

use crate::invariants::{Violation, judge_end};
use crate::model::Model;
use crate::state::{Action, Bounds, State};

/// What the search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No state up to the bounds violates an invariant.
    Verified {
        /// How many states there are.
        states: usize,
    },
    /// A shortest story ends with a violation.
    Refuted {
        /// What happens at the end.
        violation: Violation,
        /// What happens before, one line each. What nobody would notice is left out.
        story: Vec<String>,
    },
}

/// How a state was reached: from which state, and by what.
type Origin = Option<(usize, Action)>;

/// Looks at all states that the model can reach, nearest first.
///
/// # Errors
///
/// Why the pipeline cannot be set.
pub fn verify(model: &Model, bounds: &Bounds) -> Result<Verdict, SetError> {
    let first = State::new(model)?;
    let mut origins: Vec<Origin> = vec![None];
    let mut numbers: HashMap<State, usize> = HashMap::from([(first.clone(), 0)]);
    let mut waiting: VecDeque<(usize, State)> = VecDeque::from([(0, first)]);
    while let Some((number, state)) = waiting.pop_front() {
        let actions = state.actions(model, bounds);
        if !actions.iter().any(Action::is_automatic)
            && let Some(violation) = judge_end(model, &state)
        {
            return refuted(model, &origins, number, None, violation);
        }
        for action in actions {
            let next = match state.after(model, &action) {
                Ok(next) => next,
                Err(violation) => return refuted(model, &origins, number, Some(action), violation),
            };
            if !numbers.contains_key(&next) {
                numbers.insert(next.clone(), origins.len());
                waiting.push_back((origins.len(), next));
                origins.push(Some((number, action)));
            }
        }
    }
    Ok(Verdict::Verified { states: origins.len() })
}

/// Plays the actions that lead to a state once more, and describes each.
fn refuted(
    model: &Model,
    origins: &[Origin],
    mut number: usize,
    last: Option<Action>,
    violation: Violation,
) -> Result<Verdict, SetError> {
    let mut actions: Vec<Action> = last.into_iter().collect();
    while let Some((from, action)) = &origins[number] {
        actions.push(action.clone());
        number = *from;
    }
    let mut state = State::new(model)?;
    let mut story = Vec::new();
    for action in actions.iter().rev() {
        story.extend(state.describe(model, action));
        if let Ok(next) = state.after(model, action) {
            state = next;
        }
    }
    Ok(Verdict::Refuted { violation, story })
}
