//! Tabs of the pipeline's page, Concourse's groups.

use concourse_pipeline::model::Job;
use yaml_source::yaml::{IndexMap, Value};

use crate::plan::{self, PipelinePlan};

/// Where a job stands whose stage has no tab: with groups Concourse shows no job that is in none.
pub(crate) const OTHER_TAB: &str = "other";

/// The tabs of jobs.
#[derive(Default)]
pub(super) struct Tabs(IndexMap<String, Vec<String>>);

impl Tabs {
    /// Those that the stages of a plan say for their jobs and builds.
    pub(super) fn of(plan: &PipelinePlan<'_>) -> Self {
        let mut tabs = Self::default();
        for job in &plan.jobs {
            let stage = match job {
                plan::PlannedJob::Stage(job) => job.stage,
                plan::PlannedJob::Build(job) => job.stage,
            };
            tabs.add(job.name().as_str(), stage.tab.as_deref());
        }
        tabs
    }

    /// Puts a job on a tab.
    pub(super) fn add(&mut self, job: &str, tab: Option<&str>) {
        let Some(tab) = tab else { return };
        let known = self.0.entry(job.to_owned()).or_default();
        if known.iter().all(|other| other != tab) {
            known.push(tab.to_owned());
        }
    }

    /// The groups of these jobs, each of which is in one at least; none without a tab.
    pub(super) fn groups(&self, jobs: &[Job]) -> Vec<Value> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let mut groups: IndexMap<&str, Vec<Value>> = IndexMap::default();
        let mut other: Vec<Value> = Vec::new();
        for job in jobs {
            let name = job.name.as_str();
            match self.0.get(name) {
                Some(tabs) => tabs.iter().for_each(|tab| groups.entry(tab).or_default().push(name.into())),
                None => other.push(name.into()),
            }
        }
        if !other.is_empty() {
            groups.entry(OTHER_TAB).or_default().extend(other);
        }
        let groups = groups.into_iter();
        groups.map(|(name, jobs)| Value::map([("name", name.into()), ("jobs", Value::List(jobs))])).collect()
    }
}
