//! The steps of jobs, whatever groups them.

use concourse_pipeline::model::{Core, Step};
use serde::Serialize;
use serde_json::Value as Json;

/// A part of a pipeline as JSON. All keys of its maps are texts, so this cannot fail.
pub(crate) fn json(value: &impl Serialize) -> Json {
    serde_json::to_value(value).expect("internal error: a part of a pipeline is not JSON")
}

/// The steps of a plan, one by one: gets that stand beside one another as if they followed one another.
pub(crate) fn flat(plan: &[Step]) -> Vec<&Step> {
    let mut steps = Vec::new();
    for step in plan {
        match within(step) {
            Some(inner) if is_bare(step) && (inner.len() == 1 || is_do(step) || only_gets(step)) => {
                steps.extend(flat(inner));
            }
            _ => steps.push(step),
        }
    }
    steps
}

/// The steps of a hook, which are done whatever becomes of the others.
pub(crate) fn beside(hook: &Step) -> Vec<&Step> {
    match within(hook) {
        Some(inner) if is_bare(hook) => inner.iter().flat_map(beside).collect(),
        _ => vec![hook],
    }
}

pub(crate) fn within(step: &Step) -> Option<&[Step]> {
    match &step.core {
        Core::Do { steps } => Some(steps),
        Core::InParallel { in_parallel } => Some(&in_parallel.steps),
        _ => None,
    }
}

fn is_do(step: &Step) -> bool {
    matches!(step.core, Core::Do { .. })
}

/// Does a step fetch and nothing else?
pub(crate) fn only_gets(step: &Step) -> bool {
    match (&step.core, within(step)) {
        (Core::Get(_), _) => true,
        (_, Some(inner)) => is_bare(step) && !inner.is_empty() && inner.iter().all(only_gets),
        _ => false,
    }
}

/// Is nothing said of a step but what it does?
pub(crate) fn is_bare(step: &Step) -> bool {
    *step == Step::from(step.core.clone())
}
