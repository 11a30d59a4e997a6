use yaml_source::diagnostic::Count;

use super::KindText;
use super::differences::Differences;
use super::draft::{Read, Stage};

/// The proposal that was taken.
pub(super) struct Best {
    pub(super) text: String,
    pub(super) kinds: Vec<KindText>,
    pub(super) differences: Differences,
    /// Differences that come with the fleet's choice of the issues' resource.
    pub(super) added: Vec<(&'static str, &'static str, String)>,
    /// Jobs of no chain that come along.
    pub(super) extra_jobs: Vec<String>,
    pub(super) stages: Vec<Vec<Stage>>,
    pub(super) kind: String,
}

impl Best {
    /// What was carried over, a line each.
    pub(super) fn carried(&self, read: &Read<'_>, outside: &[&str]) -> Vec<String> {
        let all = read.pipeline.jobs.len();
        let mut lines = vec![format!("{} of {}", all - outside.len(), Count(all, "job"))];
        for (chain, jobs) in self.stages.iter().zip(&read.shape.chains) {
            let first = &chain[0].place;
            let mut line = format!("`{}`", first.project);
            if let Some(group) = &first.group {
                line += &format!(" {group}");
            }
            line += ": ";
            for (index, (stage, jobs)) in chain.iter().zip(jobs).enumerate() {
                if index > 0 {
                    line += " → ";
                }
                line += &stage.place.environment;
                line += &format!(" ({})", jobs.gate.as_str());
            }
            lines.push(line);
        }
        lines.push(format!("the stack kind `{}`", self.kind));
        for input in read.shape.builds.keys() {
            lines.push(format!("the build of `{input}`"));
        }
        for job in &self.extra_jobs {
            lines.push(format!("the job `{job}` as it is, in `extra`"));
        }
        lines
    }
}
