//! The manifest that is proposed, with what the user learns about it.

use yaml_source::diagnostic::Count;

use crate::import::KindText;
use crate::import::compare::differences::Differences;
use crate::import::read::source::SourcePipeline;

use super::settings::ProposedStage;

/// The proposal that was chosen.
pub(crate) struct Proposal {
    pub(crate) text: String,
    pub(crate) kinds: Vec<KindText>,
    pub(crate) differences: Differences,
    /// Differences that come with the fleet's choice of the issues' resource.
    pub(crate) added: Vec<(&'static str, &'static str, String)>,
    /// Jobs of no chain that come along.
    pub(crate) extra_jobs: Vec<String>,
    pub(crate) stages: Vec<Vec<ProposedStage>>,
    pub(crate) kind: String,
}

impl Proposal {
    /// What was carried over, a line each.
    pub(crate) fn carried(&self, read: &SourcePipeline<'_>, outside: &[&str]) -> Vec<String> {
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
