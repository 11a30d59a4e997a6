use std::collections::HashMap;

use crate::diagnostic::{Diagnostics, Rule};

use super::passed::PassedJobs;
use super::{Checked, refused};

/// No job waits for itself: by its `passed`, theirs, and so on, whatever the resource.
///
/// Concourse looks from each job anew, which takes the square of their number and more; what was looked at from one job
/// need not be looked at from another. A pattern is a node of its own, so that a job has one edge to it and not one to
/// each job that it matches.
pub(super) fn check(pipeline: &Checked<'_, '_>, diagnostics: &mut Diagnostics) {
    let graph = Graph::of(pipeline);
    let Some(cycle) = graph.cycle() else { return };
    let jobs = &pipeline.view.jobs;
    let start = &jobs[cycle[0]];
    let names: Vec<String> = cycle.iter().chain(&cycle[..1]).map(|job| format!("`{}`", jobs[*job].name)).collect();
    let message = match cycle.len() {
        1 => format!("`{}` waits for itself", start.name),
        _ => format!("jobs wait for one another: {}", shortened(&names)),
    };
    let mut found = refused(
        Rule::JobCycle,
        start.span,
        message,
        format!("jobs: pipeline contains a cycle that starts at Job '{}'", start.name),
    )
    .help("take out one of the `passed`");
    for job in cycle.iter().skip(1).take(LONGEST) {
        found = found.also(jobs[*job].span, "and this one");
    }
    diagnostics.push(found);
}

/// More jobs than that are not named.
const LONGEST: usize = 8;

fn shortened(names: &[String]) -> String {
    if names.len() <= LONGEST {
        return names.join(" → ");
    }
    let (front, back) = (&names[..LONGEST / 2], &names[names.len() - LONGEST / 2..]);
    format!("{} → … → {}", front.join(" → "), back.join(" → "))
}

/// Who waits for whom. Nodes are jobs, then patterns.
struct Graph {
    jobs: usize,
    edges: Vec<Vec<usize>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

impl Graph {
    fn of(pipeline: &Checked<'_, '_>) -> Self {
        let view = pipeline.view;
        let mut passed = PassedJobs::of(view, pipeline.version);
        let mut edges: Vec<Vec<usize>> = vec![Vec::new(); view.jobs.len()];
        let mut patterns: HashMap<&str, usize> = HashMap::new();
        for job in &view.jobs {
            for (name, _) in job.gets().flat_map(|step| step.passed()) {
                if passed.is_pattern(name) {
                    let next = edges.len();
                    let node = *patterns.entry(name).or_insert(next);
                    if node == next {
                        edges.push(passed.named(name).to_vec());
                    }
                    edges[job.index].push(node);
                } else {
                    edges[job.index].extend_from_slice(passed.named(name));
                }
            }
        }
        Self { jobs: view.jobs.len(), edges }
    }

    /// The jobs of the first cycle that is come upon, beginning with the one that is come upon twice.
    fn cycle(&self) -> Option<Vec<usize>> {
        let mut states = vec![State::New; self.edges.len()];
        for root in 0..self.jobs {
            if states[root] != State::New {
                continue;
            }
            states[root] = State::Open;
            // A node, and how many of its edges were taken.
            let mut path = vec![(root, 0)];
            while let Some((node, taken)) = path.last_mut() {
                let Some(next) = self.edges[*node].get(*taken).copied() else {
                    states[*node] = State::Done;
                    path.pop();
                    continue;
                };
                *taken += 1;
                match states[next] {
                    State::Done => {}
                    State::New => {
                        states[next] = State::Open;
                        path.push((next, 0));
                    }
                    State::Open => return Some(self.jobs_from(&path, next)),
                }
            }
        }
        None
    }

    fn jobs_from(&self, path: &[(usize, usize)], start: usize) -> Vec<usize> {
        let from = path.iter().position(|(node, _)| *node == start).unwrap_or_default();
        path[from..].iter().map(|(node, _)| *node).filter(|node| *node < self.jobs).collect()
    }
}
