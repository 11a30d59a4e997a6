use std::collections::{HashMap, HashSet};

use crate::model::ConcourseVersion;
use crate::view::{JobView, PipelineView, StepView, is_pattern};
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean};
use yaml_source::source::Span;

use super::references::is_unread;
use super::{Checked, refused, whole_place};

/// What a `passed` names are jobs, and each of them has the resource.
pub(super) fn check(pipeline: &Checked<'_, '_>, diagnostics: &mut Diagnostics) {
    let view = pipeline.view;
    let mut jobs = PassedJobs::of(view, pipeline.version);
    let has: HashSet<(usize, &str)> =
        view.jobs.iter().flat_map(|job| job.resources().map(move |resource| (job.index, resource))).collect();
    for job in &view.jobs {
        for step in job.gets() {
            for (name, span) in step.passed() {
                let named = jobs.named(name);
                if named.is_empty() {
                    if pipeline.knows_jobs {
                        diagnostics.push(unknown(pipeline, job, step, name, span));
                    }
                    continue;
                }
                let resource = step.resource();
                for other in named.iter().filter(|other| !has.contains(&(**other, resource))) {
                    let other = &view.jobs[*other];
                    if !other.is_broken && !is_unread(step, "resource") {
                        diagnostics.push(unrelated(job, step, span, other));
                    }
                }
            }
        }
    }
}

fn unknown(pipeline: &Checked<'_, '_>, job: &JobView<'_>, step: &StepView<'_>, name: &str, span: Span) -> Diagnostic {
    let place = whole_place(job, step);
    let (message, concourse_message) = if pipeline.version < ConcourseVersion::V8_1 {
        (format!("there is no job `{name}`"), format!("jobs: {place}.passed: unknown job '{name}'"))
    } else {
        (format!("no job matches `{name}`"), format!("jobs: {place}.passed: no matching job(s) for '{name}'"))
    };
    let help = if pipeline.version < ConcourseVersion::V8_1 && is_pattern(name) {
        Some(format!("{} knows no patterns here; 8.1 is the first that does", pipeline.version))
    } else if pipeline.version >= ConcourseVersion::V8_1 && pipeline.view.job(name).is_some() {
        Some("from 8.1 on it is a pattern: write `\\` before each `*`, `?`, `[` and `\\` of the name".to_owned())
    } else {
        did_you_mean(name, pipeline.view.jobs.iter().map(|job| job.name))
            .map(|meant| format!("did you mean `{meant}`?"))
    };
    refused(Rule::UnknownJob, span, message, concourse_message).maybe_help(help)
}

fn unrelated(job: &JobView<'_>, step: &StepView<'_>, span: Span, other: &JobView<'_>) -> Diagnostic {
    let resource = step.resource();
    let place = whole_place(job, step);
    refused(
        Rule::UnrelatedPassed,
        span,
        format!("`{}` neither gets nor puts `{resource}`", other.name),
        format!("jobs: {place}.passed: job '{}' does not interact with resource '{resource}'", other.name),
    )
    .also(other.span, "this job")
    .help(format!(
        "get or put `{resource}` in that job, or name another job: no version of it can have passed this one"
    ))
}

/// The jobs that a `passed` names: by a name; from 8.1 on by a pattern, which each job of that name matches.
pub(super) struct PassedJobs<'v, 'n> {
    view: &'v PipelineView<'n>,
    version: ConcourseVersion,
    by_name: HashMap<&'n str, Vec<usize>>,
    by_pattern: HashMap<&'n str, Vec<usize>>,
}

impl<'v, 'n> PassedJobs<'v, 'n> {
    pub(super) fn of(view: &'v PipelineView<'n>, version: ConcourseVersion) -> Self {
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::with_capacity(view.jobs.len());
        for job in &view.jobs {
            let named = by_name.entry(job.name).or_default();
            if named.is_empty() || version >= ConcourseVersion::V8_1 {
                named.push(job.index);
            }
        }
        Self { view, version, by_name, by_pattern: HashMap::new() }
    }

    /// Is it read as a pattern?
    pub(super) fn is_pattern(&self, name: &str) -> bool {
        self.version >= ConcourseVersion::V8_1 && is_pattern(name)
    }

    pub(super) fn named(&mut self, name: &'n str) -> &[usize] {
        if !self.is_pattern(name) {
            return self.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
        }
        let (view, by_name) = (self.view, &self.by_name);
        self.by_pattern.entry(name).or_insert_with(|| {
            let first = view.matching(name).into_iter();
            let mut all: Vec<usize> = first.flat_map(|job| by_name[view.jobs[job].name].iter().copied()).collect();
            all.sort_unstable();
            all
        })
    }
}
