//! Options of jobs: those that a stage says, and those that the stages of a build have alike.

use std::collections::BTreeMap;

use concourse_pipeline::model::{Core, Job, JobName};

use crate::plan::{self, PipelinePlan};
use crate::project::{Alert, JobOptions};

/// Lays options over a job.
pub(super) fn apply(job: &mut Job, options: &JobOptions) {
    job.build_log_retention = options.build_log_retention.or(job.build_log_retention);
    for group in &options.serial_groups {
        if !job.serial_groups.contains(group) {
            job.serial_groups.push(group.clone());
        }
    }
    job.public |= options.public;
    job.interruptible |= options.interruptible;
    if !options.tags.is_empty() {
        // Every version of Concourse knows the tags of a step; those of a job are of 8.3.
        job.each_step_mut(&mut |step| {
            if matches!(step.core, Core::Get(_) | Core::Put(_) | Core::Task(_)) && step.tags.is_empty() {
                step.tags.clone_from(&options.tags);
            }
        });
    }
}

/// What the job of a build has from its stages.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared {
    pub(super) options: JobOptions,
    pub(super) alert: Option<Alert>,
}

/// What the stages that take what a build makes have alike, by the build's job.
pub(super) fn shared<'p>(plan: &PipelinePlan<'p>) -> BTreeMap<&'p JobName, Shared> {
    let mut shared: BTreeMap<&JobName, Shared> = BTreeMap::new();
    for job in &plan.jobs {
        let plan::PlannedJob::Build(job) = job else { continue };
        let (options, alert) = (&job.stage.job, job.stage.alert.as_ref());
        shared
            .entry(job.name)
            .and_modify(|known| {
                known.options = alike(&known.options, options);
                known.alert = known.alert.as_ref().zip(alert).and_then(|(known, alert)| known.alike(alert));
            })
            .or_insert_with(|| Shared { options: options.clone(), alert: alert.cloned() });
    }
    shared
}

fn alike(a: &JobOptions, b: &JobOptions) -> JobOptions {
    let both = |a: &[String], b: &[String]| a.iter().filter(|item| b.contains(item)).cloned().collect();
    JobOptions {
        build_log_retention: a.build_log_retention.filter(|_| a.build_log_retention == b.build_log_retention),
        serial_groups: both(&a.serial_groups, &b.serial_groups),
        public: a.public && b.public,
        interruptible: a.interruptible && b.interruptible,
        tags: both(&a.tags, &b.tags),
    }
}
