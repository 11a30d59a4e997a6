use std::collections::HashMap;

use crate::model::ConcourseVersion;
use yaml_source::diagnostic::{Diagnostics, Rule};

use crate::view::StepView;

use super::passed::PassedJobs;
use super::{Checked, refused};

/// No job waits for itself: by its `passed`, theirs, and so on, whatever the resource.
///
/// Concourse looks from each job anew, which takes the square of their number and more; what was looked at from one job
/// need not be looked at from another. A pattern is a node of its own, so that a job has one edge to it and not one to
/// each job that it matches.
pub(super) fn check(pipeline: &Checked<'_, '_>, diagnostics: &mut Diagnostics) {
    let graph = WaitGraph::of(pipeline);
    let Some(cycle) = graph.cycle() else { return };
    let jobs: Vec<_> = cycle.iter().map(|name| &pipeline.view.jobs[graph.first[*name]]).collect();
    let start = jobs[0];
    let names: Vec<String> = jobs.iter().chain(&jobs[..1]).map(|job| format!("`{}`", job.name)).collect();
    let message = match jobs.len() {
        1 => format!("`{}` waits for itself", start.name),
        _ => format!("jobs wait for one another: {}", shortened(&names)),
    };
    let mut found = refused(
        Rule::JobCycle,
        start.span,
        message,
        format!("jobs: pipeline contains a cycle that starts at Job '{}'", start.name),
    )
    .help("remove one of the `passed`");
    for job in jobs.iter().skip(1).take(LONGEST) {
        found = found.also(job.span, "and this one");
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

/// Who waits for whom. Nodes are names of jobs, then patterns.
struct WaitGraph {
    /// The first job of each name, which is the one that others find.
    first: Vec<usize>,
    edges: Vec<Vec<usize>>,
    /// What each job of the pipeline is called, and if others are called so before, for whom it waits.
    jobs: Vec<(usize, Option<Vec<usize>>)>,
    /// The name that is empty, where that of a job that is not there is the same.
    nameless: Option<usize>,
}

/// Of a job that is not there Concourse makes one without a name.
const NOWHERE: usize = usize::MAX;

/// A pipeline with a name that stands twice, or without any, is refused anyway: from that many such jobs it is looked anew.
const MOST_LOOKED_AT_ANEW: usize = 64;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

impl WaitGraph {
    fn of(pipeline: &Checked<'_, '_>) -> Self {
        let view = pipeline.view;
        let mut name_of: HashMap<&str, usize> = HashMap::with_capacity(view.jobs.len());
        let mut first = Vec::new();
        for job in &view.jobs {
            name_of.entry(job.name).or_insert_with(|| {
                first.push(job.index);
                first.len() - 1
            });
        }
        let mut passed = PassedJobs::of(view, pipeline.version);
        let mut edges: Vec<Vec<usize>> = vec![Vec::new(); first.len()];
        let mut patterns: HashMap<&str, usize> = HashMap::new();
        let mut jobs = Vec::with_capacity(view.jobs.len());
        for job in &view.jobs {
            let mut of_job = Vec::new();
            for (name, _) in job.gets().flat_map(StepView::passed) {
                if passed.is_pattern(name) {
                    let next = edges.len();
                    let node = *patterns.entry(name).or_insert(next);
                    if node == next {
                        edges.push(passed.named(name).iter().map(|job| name_of[view.jobs[*job].name]).collect());
                    }
                    of_job.push(node);
                } else {
                    match name_of.get(name) {
                        Some(node) => of_job.push(*node),
                        None if pipeline.version < ConcourseVersion::V8_1 => of_job.push(NOWHERE),
                        None => {}
                    }
                }
            }
            let name = name_of[job.name];
            if first[name] == job.index {
                edges[name] = of_job;
                jobs.push((name, None));
            } else {
                jobs.push((name, Some(of_job)));
            }
        }
        let nameless = name_of.get("").filter(|_| pipeline.version < ConcourseVersion::V8_1);
        Self { first, edges, jobs, nameless: nameless.copied() }
    }

    /// The names of the first cycle that is come upon, beginning with the one that is come upon twice.
    fn cycle(&self) -> Option<Vec<usize>> {
        let new = || vec![State::New; self.edges.len()];
        let mut states = new();
        let mut left = MOST_LOOKED_AT_ANEW;
        for (name, again) in &self.jobs {
            // Who waits for a job that is not there waits for a nameless one, if it is from that one that it is looked.
            let is_nameless = self.nameless == Some(*name);
            let found = match again {
                None if is_nameless || (self.nameless.is_some() && left > 0) => {
                    left = left.saturating_sub(1);
                    self.cycle_from(*name, &self.edges[*name], &mut new())
                }
                None if states[*name] == State::New => self.cycle_from(*name, &self.edges[*name], &mut states),
                Some(edges) if left > 0 => {
                    left -= 1;
                    self.cycle_from(*name, edges, &mut new())
                }
                _ => None,
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn cycle_from(&self, root: usize, of_root: &[usize], states: &mut [State]) -> Option<Vec<usize>> {
        states[root] = State::Open;
        // A node, for whom it waits, and how many of those were looked at.
        let mut path = vec![(root, of_root, 0)];
        while let Some((node, edges, taken)) = path.last_mut() {
            let Some(next) = edges.get(*taken).copied() else {
                states[*node] = State::Done;
                path.pop();
                continue;
            };
            *taken += 1;
            let next = match self.nameless {
                Some(nameless) if next == NOWHERE => {
                    if states[nameless] == State::New {
                        states[nameless] = State::Done;
                    }
                    nameless
                }
                _ if next == NOWHERE => continue,
                _ => next,
            };
            match states[next] {
                State::Done => {}
                State::New => {
                    states[next] = State::Open;
                    path.push((next, &self.edges[next], 0));
                }
                State::Open => return Some(self.names_from(&path, next)),
            }
        }
        None
    }

    fn names_from(&self, path: &[(usize, &[usize], usize)], start: usize) -> Vec<usize> {
        let from = path.iter().position(|(node, ..)| *node == start).unwrap_or_default();
        path[from..].iter().map(|(node, ..)| *node).filter(|node| *node < self.first.len()).collect()
    }
}
