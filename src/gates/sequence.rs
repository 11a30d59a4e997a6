//! Whether a step of a handwritten job runs, and succeeds, before another one does.

use super::model::Step;

/// How a step is reached from its job, the outermost part first.
pub(super) type Path = Vec<PathPart>;

/// A part of the way to a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PathPart {
    /// The step of that number among steps that run one after the other.
    Next(usize),
    /// The step of that number among steps that run together.
    Beside(usize),
    /// Within `try`, whose failure changes nothing.
    Try,
    /// Within `across`, which may have no values.
    Across,
    /// The hook of a step that succeeded.
    OnSuccess,
    /// A hook that runs after a failure, too.
    Hook(&'static str),
}

/// Whether a step waits for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The other one succeeded before.
    After,
    /// The step is a hook that also runs when the other one failed.
    OnFailure,
    /// It does not wait.
    Apart,
}

/// Whether a step of a job runs only after the one at `other` succeeded. Without ways, steps run in order.
pub(super) fn order(steps: &[Step<'_>], step: usize, other: usize) -> Order {
    let (own, before) = (&steps[step].path, &steps[other].path);
    if own.is_empty() {
        return if other < step { Order::After } else { Order::Apart };
    }
    let common = own.iter().zip(before).take_while(|(a, b)| a == b).count();
    let (own, before) = (&own[common..], &before[common..]);
    let is_sure = |parts: &[PathPart]| {
        parts.iter().all(|part| matches!(part, PathPart::Next(_) | PathPart::Beside(_) | PathPart::OnSuccess))
    };
    match (own.first(), before.first()) {
        (Some(PathPart::Hook(_)), _) => Order::OnFailure,
        (Some(PathPart::OnSuccess), _) if is_sure(before) => Order::After,
        (Some(PathPart::Next(at)), Some(PathPart::Next(first))) if first < at && is_sure(before) => Order::After,
        _ => Order::Apart,
    }
}

/// What keeps steps from waiting for a step, as a person reads it.
pub(super) fn why_apart(step: &Step<'_>) -> Option<&'static str> {
    step.path.iter().find_map(|part| match part {
        PathPart::Try => Some("`try`: the job goes on after a failure"),
        PathPart::Across => Some("`across`: without values it does not run"),
        PathPart::Beside(_) => Some("`in_parallel`: steps beside it do not wait for it"),
        PathPart::Hook(_) => Some("a hook: no later step waits for it"),
        PathPart::Next(_) | PathPart::OnSuccess => None,
    })
}
