//! For people: what was taken for a deployment of what, and what the search leaves out of the pipelines at hand.

use std::collections::BTreeSet;

use concourse_pipeline::view::{StepKind, StepView, list, text};
use yaml_source::diagnostic::ticked;

use crate::job_target::JobTarget;

use super::chain::shown_stage;
use super::deploys::Reason;
use super::meaning::Meaning;
use super::plan::{is_in_hook, runs_across_unknown, undoes};
use super::{JobIndex, Reader};

/// What a run took for granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Assumed {
    /// Of each handwritten pipeline: its name, and one line for each job.
    pub(crate) deploys: Vec<(String, Vec<String>)>,
    /// What was not searched.
    pub(crate) left_out: Vec<String>,
    /// The targets that change nothing: `JOB=ENV`.
    pub(crate) unused: Vec<String>,
}

impl<'n> Reader<'_, 'n> {
    /// What is assumed of the pipelines that are there at the end.
    pub(crate) fn assumed(&self) -> Assumed {
        let searched: BTreeSet<JobIndex> = self.searched().into_iter().flatten().collect();
        let last = self.shapes() - 1;
        let mut assumed = Assumed::default();
        let pipelines = self.pipelines.iter().enumerate().filter(|(_, read)| read.shape == last);
        for (number, read) in pipelines.filter(|(_, read)| read.is_handwritten) {
            let jobs: Vec<JobIndex> = (0..read.view.jobs.len()).map(|job| (number, job)).collect();
            // A pipeline without a gate beside others that have some is no subject of the run.
            if !searched.is_empty() && !jobs.iter().any(|at| searched.contains(at)) {
                continue;
            }
            let mut lines: Vec<String> = jobs.iter().filter_map(|at| self.job_line(*at)).collect();
            let names = |reason: Reason| -> Vec<&str> {
                let acts = |at: &JobIndex| self.job(*at).steps.iter().any(|step| self.may_deploy(*at, step));
                let jobs = jobs.iter().filter(|at| self.deploys(**at).reason == reason && acts(at));
                jobs.map(|at| self.job(*at).name).collect()
            };
            for (reason, title) in [
                (Reason::Observes, "no deployment, because the name says that the job only tests or shows something"),
                (Reason::Nothing, "no deployment, as far as the pipeline tells"),
            ] {
                let names = names(reason);
                if !names.is_empty() && !lines.is_empty() {
                    lines.push(format!("{title}: {}", names.join(", ")));
                }
            }
            if !lines.is_empty() {
                assumed.deploys.push((read.name.clone(), lines));
            }
            for at in jobs.iter().filter(|at| searched.contains(at)) {
                self.left_out(*at, &mut assumed.left_out);
            }
        }
        let is_used = |target: &&JobTarget| searched.iter().any(|at| target.job == self.job(*at).name);
        let unused = self.targets.iter().filter(|target| !is_used(target));
        assumed.unused = unused.map(ToString::to_string).collect();
        assumed
    }

    /// What a job deploys, and why that is assumed. None of a job that deploys nothing, as far as the pipeline tells.
    fn job_line(&self, at: JobIndex) -> Option<String> {
        let (job, deploys) = (self.job(at), self.deploys(at));
        let stages: Vec<String> = self.stages_of(at).iter().map(|stage| shown_stage(stage)).collect();
        let why = match deploys.reason {
            Reason::Target => "`--target` says so".to_owned(),
            Reason::Approval => "it waits for the approval".to_owned(),
            Reason::Gate => "it waits for an approval, and has no step that could deploy".to_owned(),
            Reason::Followed => "it goes by the approval of the job before it".to_owned(),
            Reason::Twin(other) => format!("it puts the same as `{}`", self.job(other).name),
            Reason::Record => "it writes the issue about that stage".to_owned(),
            Reason::RecordAfter => "the job after it writes the issue about that stage".to_owned(),
            Reason::Name => "its name says that it deploys".to_owned(),
            Reason::Observes | Reason::Nothing => return None,
        };
        if stages.is_empty() {
            return Some(format!("{} deploys nothing: {why}", job.name));
        }
        let needs = deploys.stages().any(|stage| self.needs_approval(at, stage));
        let free = if needs { String::new() } else { format!("; it needs no approval, and {}", self.starts(at)) };
        Some(format!("{} deploys {}: {why}{free}", job.name, stages.join(" and ")))
    }

    /// What starts a job.
    fn starts(&self, at: JobIndex) -> String {
        let gets = self.job(at).steps.iter().filter(|step| step.kind == StepKind::Get && step.triggers());
        let (mut news, mut before): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
        for get in gets {
            let passed = list(get.node, "passed");
            if passed.is_empty() {
                news.push(get.name);
            }
            before.extend(passed.iter().filter_map(text));
        }
        before.dedup();
        match (news.is_empty(), before.is_empty()) {
            (true, true) => "only a person starts it, with `+`".to_owned(),
            (true, false) => format!("it starts after {}", ticked(&before)),
            (false, _) => format!("each new version of {} starts it", ticked(&news)),
        }
    }

    /// What the search leaves out of a job.
    fn left_out(&self, at: JobIndex, found: &mut Vec<String>) {
        let job = self.job(at);
        let has_stage = self.deploys(at).stages().next().is_some();
        for (number, step) in job.steps.iter().enumerate() {
            let name = if step.kind == StepKind::SetPipeline {
                format!("set_pipeline: {}", step.name)
            } else {
                step.name.to_owned()
            };
            let mut add = |what: &str| found.push(format!("`{name}` of {}: {what}", job.name));
            let acts = matches!(step.kind, StepKind::Task | StepKind::Put | StepKind::Run);
            if step.kind == StepKind::SetPipeline {
                add("what the pipeline does that the step sets is not searched");
            }
            if acts && runs_across_unknown(number, job) {
                add("the values that the step runs across are not in the pipeline, and it is searched as one run");
            }
            let is_issue = self.meaning(at, step.resource()).and_then(Meaning::gate).is_some();
            let is_silent = step.kind == StepKind::Put && (is_issue || self.only_tells(at, step.resource()));
            if !has_stage || !acts || is_silent || !is_in_hook(step, job) {
                continue;
            }
            if self.never_runs(at, step) {
                add("`on_abort` and `on_error` never run in the search");
            } else if self.stages_of_hook(at, number).is_empty() {
                add("searched as a hook that deploys nothing");
            }
        }
    }

    /// Whether a step is in a hook that no story runs.
    fn never_runs(&self, at: JobIndex, step: &StepView<'n>) -> bool {
        super::plan::hooks_of(step, self.job(at)).any(|hook| matches!(hook, "on_abort" | "on_error")) && undoes(step)
    }
}
