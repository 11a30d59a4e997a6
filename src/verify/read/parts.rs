//! Which jobs of a run have to do with each other: through versions that pass from one to the next, through gates, or
//! because they deploy the same stage.

use std::collections::BTreeMap;

use concourse_pipeline::issues::{IssueId, IssueMark};
use concourse_pipeline::view::{StepKind, field, list, text, texts};

use super::meaning::{Meaning, written_gate};
use super::{JobIndex, Reader};

impl Reader<'_, '_> {
    /// The parts of the run that have nothing to do with each other, each a list of jobs in order.
    pub(super) fn parts(&self) -> Vec<Vec<JobIndex>> {
        let jobs = self.all_jobs();
        let mut parts = Parts((0..jobs.len()).collect());
        let mut first: BTreeMap<String, usize> = BTreeMap::new();
        let mut made: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut fetched: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, at) in jobs.iter().enumerate() {
            let (job, view) = (self.job(*at), &self.pipelines[at.0].view);
            for bond in self.bonds(*at) {
                let other = *first.entry(bond).or_insert(number);
                parts.join(number, other);
            }
            for step in job.steps.iter().filter(|step| matches!(step.kind, StepKind::Get | StepKind::Put)) {
                if let Some(Meaning::World) = self.meaning(*at, step.resource()) {
                    let source = self.sources[at.0][step.resource()].as_str();
                    let users = if step.kind == StepKind::Get { &mut fetched } else { &mut made };
                    users.entry(source).or_default().push(number);
                }
                for passed in view.passed(step) {
                    let other = *first.entry(self.job_bond(*at, passed.name)).or_insert(number);
                    parts.join(number, other);
                }
            }
        }
        // What one job makes and another one fetches.
        for (source, makers) in made {
            let users = fetched.get(source).into_iter().flatten();
            for user in users {
                for maker in &makers {
                    parts.join(*maker, *user);
                }
            }
        }
        let mut found: BTreeMap<usize, Vec<JobIndex>> = BTreeMap::new();
        for (number, at) in jobs.iter().enumerate() {
            found.entry(parts.find(number)).or_default().push(*at);
        }
        found.into_values().collect()
    }

    /// Texts that a job shares with the jobs that it has to do with.
    fn bonds(&self, at: JobIndex) -> Vec<String> {
        let job = self.job(at);
        let mut bonds = vec![self.job_bond(at, job.name)];
        bonds.extend(field(job.node, "old_name").and_then(text).map(|old| self.job_bond(at, old)));
        let groups = texts(list(job.node, "serial_groups"));
        bonds.extend(groups.map(|(group, _)| format!("group {} {group}", self.pipeline(at))));
        bonds.extend(self.deploys(at).stages().map(|stage| format!("stage {stage}")));
        for step in job.steps.iter().filter(|step| matches!(step.kind, StepKind::Get | StepKind::Put)) {
            let Some(meaning) = self.meaning(at, step.resource()) else { continue };
            let gate = meaning
                .gate()
                .map(|gate| if step.kind == StepKind::Put { written_gate(step, gate) } else { gate.clone() });
            bonds.extend(gate.map(|gate| self.gate_bond(&gate)));
            if let Meaning::Post { destination: Some(destination), .. } = meaning {
                bonds.push(format!("stage {destination}"));
            }
            if let Some(former) = self.former[at.0].get(step.resource()) {
                bonds.extend(former.gates.iter().map(|gate| self.gate_bond(gate)));
                bonds.extend(former.destinations.iter().map(|stage| format!("stage {stage}")));
            }
        }
        bonds
    }

    fn job_bond(&self, at: JobIndex, job: &str) -> String {
        format!("job {} {job}", self.pipeline(at))
    }

    /// A text that the resources of one gate share. A watched title matches all titles that begin with it.
    fn gate_bond(&self, gate: &IssueId<'_>) -> String {
        let key = match gate.mark {
            IssueMark::Gate(key) => format!("gate {key}"),
            IssueMark::Title(title) => {
                let prefixes = self.meanings.iter().flat_map(BTreeMap::values).filter_map(|meaning| match meaning {
                    Meaning::Signals(IssueId { repository, mark: IssueMark::Title(prefix) })
                        if *repository == gate.repository =>
                    {
                        Some(*prefix)
                    }
                    _ => None,
                });
                let shortest = prefixes.filter(|prefix| title.starts_with(prefix)).min_by_key(|prefix| prefix.len());
                format!("title {}", shortest.unwrap_or(title))
            }
        };
        format!("{} {key}", gate.repository)
    }
}

/// Sets that grow together.
struct Parts(Vec<usize>);

impl Parts {
    fn find(&mut self, of: usize) -> usize {
        let mut at = of;
        while self.0[at] != at {
            at = self.0[at];
        }
        self.0[of] = at;
        at
    }

    /// The smaller number stands for both.
    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b)] = a.min(b);
    }
}
