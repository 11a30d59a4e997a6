use crate::flow::{IssueResource, JobFlow, PipelineFlow};
use crate::model::Pipeline;

use super::moves::is_same_gate;

/// The gates for which the jobs of some pipelines wait.
pub struct WaitedFor<'p>(Vec<IssueResource<'p>>);

impl<'p> WaitedFor<'p> {
    /// Those of these pipelines.
    pub fn of(pipelines: impl IntoIterator<Item = &'p Pipeline>) -> Self {
        let of_pipeline = |pipeline| {
            let flow = PipelineFlow::of(pipeline);
            flow.jobs.iter().flat_map(|job| gates(job, &flow)).cloned().collect::<Vec<_>>()
        };
        Self(pipelines.into_iter().flat_map(of_pipeline).collect())
    }

    /// Whether a job of a pipeline waits for one of them, maybe by another key than before.
    pub(super) fn has_one_of(&self, job: &str, flow: &PipelineFlow<'_>) -> bool {
        let own = flow.jobs.iter().filter(|own| own.job.name.as_str() == job);
        let mut own = own.flat_map(|own| gates(own, flow));
        own.any(|gate| self.0.iter().any(|known| is_same_gate(known, gate)))
    }
}

/// The gates for which a job waits.
fn gates<'f, 'p>(job: &'f JobFlow<'p>, flow: &'f PipelineFlow<'p>) -> impl Iterator<Item = &'f IssueResource<'p>> {
    job.gates.iter().filter_map(|taking| flow.issues.get(taking.resource))
}
