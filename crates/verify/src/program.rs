//! The steps of a job as lines with jumps, as a build runs them: hooks, `try`, `do` and `in_parallel`.
//!
//! The rules are those of `atc/exec` of Concourse: `on_success.go`, `on_failure.go`, `ensure.go`, `try.go` and
//! `in_parallel.go`.

use std::collections::BTreeSet;

use crate::model::{On, StageId, Step, When};

/// A line of a program.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// A step without steps in it.
    pub(crate) step: Step,
    /// The line after success.
    pub(crate) ok: usize,
    /// The line after a failure.
    pub(crate) failed: usize,
}

/// The line at which a build has succeeded.
pub(crate) const SUCCEEDED: usize = usize::MAX;
/// The line at which a build has failed.
pub(crate) const FAILED: usize = usize::MAX - 1;

/// A program.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    pub(crate) lines: Vec<Line>,
    /// The first line.
    pub(crate) entry: usize,
}

/// The order in which steps of `in_parallel` run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    AsWritten,
    Reversed,
}

impl Program {
    /// The programs of a job: one for each order of its parallel steps that is looked at.
    pub(crate) fn of(plan: &Step) -> Vec<Program> {
        let orders: &[Order] =
            if is_parallel(plan) { &[Order::AsWritten, Order::Reversed] } else { &[Order::AsWritten] };
        let program = |order: &Order| {
            let mut program = Program::default();
            program.entry = program.add(plan, *order, SUCCEEDED, FAILED);
            program
        };
        orders.iter().map(program).collect()
    }

    /// Whether it writes into an issue after a deployment failed of a stage for which `counts`.
    pub(crate) fn records_failure(&self, counts: impl Fn(StageId) -> bool) -> bool {
        let failed = self.lines.iter().filter_map(|line| match line.step {
            Step::Run { deploys: Some(stage), .. } if counts(stage) => Some(line.failed),
            _ => None,
        });
        let mut open: Vec<usize> = failed.collect();
        let mut known = BTreeSet::new();
        while let Some(at) = open.pop() {
            let Some(line) = self.lines.get(at).filter(|_| known.insert(at)) else { continue };
            if matches!(line.step, Step::Record { when: When::Always, .. }) {
                return true;
            }
            open.extend([line.ok, line.failed]);
        }
        false
    }

    /// Whether it deploys, claims or records nothing: a job that only lets versions pass.
    pub(crate) fn is_idle(&self) -> bool {
        self.lines.iter().all(|line| match line.step {
            Step::Claim(_) | Step::Record { .. } => false,
            Step::Run { deploys, .. } => deploys.is_none(),
            _ => true,
        })
    }

    /// Adds a step, and returns its first line. The lines that follow are known, so the last step is added first.
    fn add(&mut self, step: &Step, order: Order, ok: usize, failed: usize) -> usize {
        match step {
            Step::Get { .. } | Step::Run { .. } | Step::CheckOut { .. } | Step::Claim(_) | Step::Record { .. } => {
                self.lines.push(Line { step: step.clone(), ok, failed });
                self.lines.len() - 1
            }
            Step::Do(steps) => steps.iter().rev().fold(ok, |next, step| self.add(step, order, next, failed)),
            Step::InParallel(steps) => {
                let mut steps: Vec<&Step> = steps.iter().collect();
                if order == Order::AsWritten {
                    steps.reverse();
                }
                // A step that fails does not keep others from running, and the whole fails after all of them.
                let (mut fine, mut broken) = (ok, failed);
                for step in steps {
                    let (next_fine, next_broken) = (fine, broken);
                    broken = self.add(step, order, next_broken, next_broken);
                    fine = self.add(step, order, next_fine, next_broken);
                }
                fine
            }
            Step::Try(step) => self.add(step, order, ok, ok),
            Step::Hook { step, on, hook } => {
                let after_ok = match on {
                    On::Success | On::Ensure => self.add(hook, order, ok, failed),
                    On::Failure => ok,
                };
                let after_failed = match on {
                    On::Failure | On::Ensure => self.add(hook, order, failed, failed),
                    On::Success => failed,
                };
                self.add(step, order, after_ok, after_failed)
            }
        }
    }
}

/// Whether several steps run at the same time.
fn is_parallel(step: &Step) -> bool {
    match step {
        Step::InParallel(steps) => steps.len() > 1 || steps.iter().any(is_parallel),
        Step::Do(steps) => steps.iter().any(is_parallel),
        Step::Try(step) => is_parallel(step),
        Step::Hook { step, hook, .. } => is_parallel(step) || is_parallel(hook),
        Step::Get { .. } | Step::Run { .. } | Step::CheckOut { .. } | Step::Claim(_) | Step::Record { .. } => false,
    }
}
