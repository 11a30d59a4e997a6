use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::concourse::{Job, JobName, Resource};
use crate::diagnostic::visible;
use crate::flow::{IssueId, IssueMark, JobFlow, PipelineFlow, Taking, is_check_of_approval, text};

use super::change::{Changes, Effect, Subject};
use super::compare::list;

/// What starts the jobs of two pipelines, and what versions they take.
pub(super) struct Gates<'p> {
    old: Side<'p>,
    new: Side<'p>,
    /// The new names of what was renamed.
    resources: HashMap<&'p str, &'p str>,
    jobs: HashMap<&'p str, &'p str>,
}

struct Side<'p> {
    flow: &'p PipelineFlow<'p>,
    jobs: HashMap<&'p str, &'p JobFlow<'p>>,
    /// What jobs use at its newest although they go by an approval: the names of the job and of the get.
    newest: BTreeSet<(String, String)>,
}

impl<'p> Side<'p> {
    fn new((flow, newest): (&'p PipelineFlow<'p>, BTreeSet<(String, String)>)) -> Self {
        Self { flow, newest, jobs: flow.jobs.iter().map(|job| (job.job.name.as_str(), job)).collect() }
    }

    /// The issues whose closing starts a job.
    fn approvals(&self, job: &JobFlow<'p>) -> BTreeMap<&IssueId, &'p str> {
        let gates = job.gates.iter().filter(|taking| taking.triggers());
        gates.map(|taking| (&self.flow.issues[taking.resource].id, taking.resource)).collect()
    }

    /// The resources whose new versions start a job by themselves.
    fn starters(job: &JobFlow<'p>) -> BTreeSet<&'p str> {
        job.takes.iter().chain(&job.records).filter(|taking| taking.triggers()).map(|taking| taking.resource).collect()
    }

    /// Whether a job takes a version that no approval names.
    fn is_newest(&self, job: &JobFlow<'p>, taking: &Taking<'p>) -> bool {
        // Hardly a pipeline has one.
        !self.newest.is_empty() && self.newest.contains(&(job.job.name.to_string(), taking.get.get.to_string()))
    }

    /// The repositories of the code that a job gets as it was approved.
    fn approved_code(&self, job: &JobFlow<'p>) -> impl Iterator<Item = &'p str> {
        job.gates.iter().filter_map(|taking| self.flow.issues[taking.resource].code())
    }

    /// Whether a job deploys the versions that an approval names: it gets or checks out approved code, or compares.
    fn is_exact(&self, job: &JobFlow<'p>) -> bool {
        checks_out(job.job) || self.approved_code(job).next().is_some()
    }

    /// Whether a resource is a repository of the code that a job gets as it was approved.
    fn is_approved_code(&self, job: &JobFlow<'p>, repository: Option<&str>) -> bool {
        repository.is_some_and(|repository| self.approved_code(job).any(|code| code == repository))
    }

    /// The repository that a resource is.
    fn repository(&self, resource: &str) -> Option<&'p str> {
        text(self.flow.resources.get(resource)?.source.as_ref()?, "uri")
    }

    fn title(&self, resource: &str) -> String {
        let issue = &self.flow.issues[resource];
        let (IssueMark::Gate(mark) | IssueMark::Title(mark)) = &issue.id.mark;
        format!("`{}` in {}", visible(mark), visible(&issue.id.repository))
    }
}

impl<'p> Gates<'p> {
    pub(super) fn new(
        old: (&'p PipelineFlow<'p>, BTreeSet<(String, String)>),
        new: (&'p PipelineFlow<'p>, BTreeSet<(String, String)>),
        resources: &[(&'p Resource, &'p Resource)],
        jobs: &[(&'p Job, &'p Job)],
    ) -> Self {
        Self {
            old: Side::new(old),
            new: Side::new(new),
            resources: resources.iter().map(|(old, new)| (old.name.as_str(), new.name.as_str())).collect(),
            jobs: jobs.iter().map(|(old, new)| (old.name.as_str(), new.name.as_str())).collect(),
        }
    }

    /// The name by which the new pipeline knows a resource of the old one.
    pub(super) fn resource(&self, old: &'p str) -> &'p str {
        self.resources.get(old).copied().unwrap_or(old)
    }

    /// The same, of any text.
    pub(super) fn resource_name(&self, old: &str) -> String {
        self.resources.get(old).copied().unwrap_or(old).to_owned()
    }

    /// What starts a job of the new pipeline.
    pub(super) fn start_of_new(&self, job: &Job) -> String {
        let Some(flow) = self.new.jobs.get(job.name.as_str()) else { return String::new() };
        let approvals: Vec<String> =
            self.new.approvals(flow).values().map(|resource| self.new.title(resource)).collect();
        let starters = Side::starters(flow);
        if !approvals.is_empty() {
            return format!("closing the issue {} starts it", approvals.join(" or "));
        }
        if starters.is_empty() {
            return "it is started by hand".to_owned();
        }
        format!("new versions of {} start it", list(starters))
    }

    /// Says what changes before a job begins.
    pub(super) fn compare(&self, old: &Job, new: &Job, changes: &mut Changes) {
        let (Some(before), Some(after)) = (self.old.jobs.get(old.name.as_str()), self.new.jobs.get(new.name.as_str()))
        else {
            return;
        };
        let subject = Subject::Job(new.name.to_string());
        self.start(before, after, &subject, changes);
        self.versions(before, after, &subject, changes);
        let claims = (!before.claims.is_empty(), !after.claims.is_empty());
        let exact = (self.old.is_exact(before), self.new.is_exact(after));
        // Where nothing is approved any more that is what was said.
        let asks = !self.new.approvals(after).is_empty();
        for (had, weaker, stronger) in [
            (
                claims,
                "no longer claims its approval: one approval can deploy more than once, and a withdrawn one still deploys",
                "claims its approval: each deploys once, and none that was withdrawn",
            ),
            (exact, "no longer takes the approved commit: it deploys what is newest", "takes the approved commit"),
        ] {
            match had {
                (true, false) if asks => _ = changes.push(Effect::Weaker, subject.clone(), weaker),
                (false, true) => _ = changes.push(Effect::Stronger, subject.clone(), stronger),
                _ => {}
            }
        }
    }

    fn start(&self, before: &JobFlow<'p>, after: &JobFlow<'p>, subject: &Subject, changes: &mut Changes) {
        let (asked, asks) = (self.old.approvals(before), self.new.approvals(after));
        let started: BTreeSet<&str> = Side::starters(before).into_iter().map(|name| self.resource(name)).collect();
        let starts = Side::starters(after);
        let came: Vec<&str> = starts.difference(&started).copied().collect();
        let went: Vec<&str> = started.difference(&starts).copied().collect();
        let mut say = |effect, message: String| _ = changes.push(effect, subject.clone(), message);
        let titles = |side: &Side<'p>, these: &BTreeMap<&IssueId, &'p str>, others: &BTreeMap<&IssueId, &'p str>| {
            let only: Vec<String> = these
                .iter()
                .filter(|(id, _)| !others.contains_key(*id))
                .map(|(_, resource)| side.title(resource))
                .collect();
            only.join(" and ")
        };
        let (lost, won) = (titles(&self.old, &asked, &asks), titles(&self.new, &asks, &asked));
        match (asked.is_empty(), asks.is_empty()) {
            (false, true) if starts.is_empty() => {
                say(Effect::Weaker, format!("no longer waits for the issue {lost}: somebody starts it by hand"));
            }
            (false, true) => say(
                Effect::Weaker,
                format!(
                    "no longer waits for the issue {lost}: new versions of {} start it",
                    list(starts.iter().copied())
                ),
            ),
            (true, false) if starts.is_empty() => {
                say(Effect::Stronger, format!("waits until somebody closes the issue {won}"));
            }
            // Whatever triggers starts a job, the gate notwithstanding.
            (_, false) if !came.is_empty() => {
                say(Effect::Weaker, format!("is started past its gate by new versions of {}", list(came)));
            }
            (true, true) if started.is_empty() && !starts.is_empty() => say(
                Effect::Weaker,
                format!(
                    "is no longer started by hand alone: new versions of {} start it",
                    list(starts.iter().copied())
                ),
            ),
            (true, true) if starts.is_empty() && !started.is_empty() => {
                say(Effect::Stronger, "is started by hand alone".to_owned());
            }
            _ => {
                if !lost.is_empty() || !won.is_empty() {
                    let from = if lost.is_empty() { String::new() } else { format!(", not {lost}") };
                    let to = if won.is_empty() { "fewer issues".to_owned() } else { format!("the issue {won}") };
                    say(Effect::Changed, format!("goes by {to}{from}"));
                }
                if !came.is_empty() {
                    say(Effect::Changed, format!("is started by new versions of {}, too", list(came)));
                }
                if !went.is_empty() {
                    say(Effect::Changed, format!("is no longer started by new versions of {}", list(went)));
                }
            }
        }
    }

    /// Which versions it takes, and by whom they passed.
    fn versions(&self, before: &JobFlow<'p>, after: &JobFlow<'p>, subject: &Subject, changes: &mut Changes) {
        let mut old: HashMap<&str, Vec<&Taking<'p>>> = HashMap::new();
        for taking in before.takes.iter().chain(&before.gates).rev() {
            old.entry(self.resource(taking.resource)).or_default().push(taking);
        }
        for taking in after.takes.iter().chain(&after.gates) {
            let passed: BTreeSet<&str> = taking.get.passed.iter().map(JobName::as_str).collect();
            let Some(was) = old.get_mut(taking.resource).and_then(Vec::pop) else {
                // The code that came as it was approved comes as a clone, or the other way round.
                if self.new.flow.issues.contains_key(taking.resource)
                    || self.old.is_approved_code(before, self.new.repository(taking.resource))
                {
                    continue;
                }
                let from = if passed.is_empty() {
                    String::new()
                } else {
                    format!(", as {} had it", list(passed.iter().copied()))
                };
                let change = if self.new.is_newest(after, taking) {
                    (
                        Effect::Weaker,
                        format!("takes the newest version of `{}`{from}, which no approval names", taking.resource),
                    )
                } else {
                    (Effect::Changed, format!("takes `{}`{from}", taking.resource))
                };
                changes.push(change.0, subject.clone(), change.1);
                continue;
            };
            let newest = (self.old.is_newest(before, was), self.new.is_newest(after, taking));
            // A job that deploys no approved version any more is reported as a whole.
            let is_reported = self.old.is_exact(before) && !self.new.is_exact(after);
            if newest == (false, true) && !is_reported {
                let message =
                    format!("takes the newest version of `{}`, which no approval names any more", taking.resource);
                changes.push(Effect::Weaker, subject.clone(), message);
            } else if newest == (true, false) {
                let message = format!("takes the approved version of `{}`", taking.resource);
                changes.push(Effect::Stronger, subject.clone(), message);
            }
            let had: BTreeSet<&str> =
                was.get.passed.iter().map(|job| self.jobs.get(job.as_str()).copied().unwrap_or(job.as_str())).collect();
            let whole_way = self.whole_way(taking);
            let lost: Vec<&str> = had.difference(&whole_way).copied().collect();
            let won: Vec<&str> = passed.difference(&had).copied().collect();
            if !lost.is_empty() {
                changes.push(
                    Effect::Weaker,
                    subject.clone(),
                    format!("takes versions of `{}` that did not pass {}", taking.resource, list(lost)),
                );
            }
            if !won.is_empty() {
                changes.push(
                    Effect::Stronger,
                    subject.clone(),
                    format!("takes only versions of `{}` that passed {}", taking.resource, list(won)),
                );
            }
        }
        let mut gone: Vec<&str> = old
            .into_iter()
            .filter(|(_, left)| left.iter().any(|taking| !self.old.flow.issues.contains_key(taking.resource)))
            .map(|(resource, _)| resource)
            .collect();
        gone.sort_unstable();
        let now_approved = |name: &str| {
            let old = self.resources.iter().find(|(_, new)| **new == name).map_or(name, |(old, _)| *old);
            self.new.is_approved_code(after, self.old.repository(old))
        };
        for resource in gone.into_iter().filter(|name| !now_approved(name)) {
            changes.push(Effect::Changed, subject.clone(), format!("no longer takes `{resource}`"));
        }
    }
}

impl Gates<'_> {
    /// The jobs that a version passed before it is taken: those that are named, and those that they had it from.
    fn whole_way<'g>(&'g self, taking: &Taking<'g>) -> BTreeSet<&'g str> {
        let mut way = BTreeSet::new();
        let mut open: Vec<&str> = taking.get.passed.iter().map(JobName::as_str).collect();
        while let Some(job) = open.pop() {
            if way.insert(job) {
                let before = self.new.jobs.get(job).into_iter().flat_map(|job| job.takes.iter().chain(&job.gates));
                let same = before.filter(|before| before.resource == taking.resource);
                open.extend(same.flat_map(|before| &before.get.passed).map(JobName::as_str));
            }
        }
        way
    }
}

/// Does a job put the approved versions where the newest are?
fn checks_out(job: &Job) -> bool {
    let mut found = false;
    job.each_step(&mut |step| {
        if let crate::concourse::Core::Task(task) = &step.core {
            found |= is_check_of_approval(task);
        }
    });
    found
}
