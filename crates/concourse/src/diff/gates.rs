use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::flow::{IssueResource, JobFlow, PipelineFlow, Taking, is_check_of_approval, resource_of, text};
use crate::issues::IssueId;
use crate::model::{Job, JobName, PutStep, Resource, Step};
use yaml_source::diagnostic::{Count, Rule, visible};

use super::approvals::policy_changes;
use super::change::{Changes, Effect, Subject};
use super::compare::list;
use super::findings::Unapproved;
use super::held;
use super::promotions::{Promotions, promotes_alike};
use super::uses::artifacts;
use super::ways::{Elsewhere, Stretch, Ways};

/// What starts the jobs of two pipelines, and what versions they take.
pub(super) struct Gates<'p> {
    old: GateSide<'p>,
    new: GateSide<'p>,
    /// The new names of what was renamed.
    resources: HashMap<&'p str, &'p str>,
    jobs: HashMap<&'p str, &'p str>,
    promotions: &'p Promotions<'p>,
    /// What the way to a job loses, by the job's old name.
    lost: HashMap<&'p str, Stretch<'p>>,
    /// What the way to a job wins, by the job's new name.
    won: HashMap<&'p str, Stretch<'p>>,
}

struct GateSide<'p> {
    flow: &'p PipelineFlow<'p>,
    jobs: HashMap<&'p str, &'p JobFlow<'p>>,
    /// What jobs use at its newest although they go by an approval: the names of the job and of the get.
    newest: &'p Unapproved,
}

impl<'p> GateSide<'p> {
    fn new((flow, newest): (&'p PipelineFlow<'p>, &'p Unapproved)) -> Self {
        Self { flow, newest, jobs: flow.jobs.iter().map(|job| (job.job.name.as_str(), job)).collect() }
    }

    /// The issues whose closing starts a job.
    fn approvals(&self, job: &JobFlow<'p>) -> BTreeMap<&IssueId<'p>, &'p str> {
        job.own_approvals().map(|taking| (&self.flow.issues[taking.resource].id, taking.resource)).collect()
    }

    /// The gets that start a job without anybody: an approval that another job took before is one of them.
    fn starting<'j>(job: &'j JobFlow<'p>) -> impl Iterator<Item = &'j Taking<'p>> {
        let followed = job.gates.iter().filter(|taking| !taking.get.passed.is_empty());
        job.takes.iter().chain(&job.records).chain(followed).filter(|taking| taking.triggers())
    }

    /// The resources whose new versions start a job by themselves.
    fn starters(job: &JobFlow<'p>) -> BTreeSet<&'p str> {
        Self::starting(job).map(|taking| taking.resource).collect()
    }

    /// What starts a job without anybody, as a sentence.
    fn start_by_itself(job: &JobFlow<'p>) -> String {
        let jobs: BTreeSet<&str> =
            Self::starting(job).flat_map(|taking| &taking.get.passed).map(JobName::as_str).collect();
        if Self::starting(job).all(|taking| !taking.get.passed.is_empty()) {
            format!("it runs by itself after {}, with the same versions", list(jobs))
        } else {
            format!("new versions of {} start it", list(Self::starters(job)))
        }
    }

    /// Whether a job takes a version that no approval names.
    fn is_newest(&self, job: &JobFlow<'p>, taking: &Taking<'p>) -> bool {
        // Hardly a pipeline has one.
        !self.newest.is_empty() && self.newest.contains(&(job.job.name.to_string(), taking.get.get.to_string()))
    }

    /// The artifacts that a job uses at their newest, each with its resource.
    fn newest_of(&self, job: &str) -> BTreeMap<&'p str, &'p str> {
        let Some(flow) = self.jobs.get(job).filter(|_| !self.newest.is_empty()) else { return BTreeMap::new() };
        let newest = flow.takes.iter().chain(&flow.gates).filter(|taking| self.is_newest(flow, taking));
        newest.map(|taking| (taking.get.get.as_str(), taking.resource)).collect()
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
        format!("`{}` in {}", visible(issue.id.mark.text()), visible(issue.repository()))
    }
}

impl<'p> Gates<'p> {
    pub(super) fn new(
        old: (&'p PipelineFlow<'p>, &'p Unapproved),
        new: (&'p PipelineFlow<'p>, &'p Unapproved),
        resources: &[(&'p Resource, &'p Resource)],
        jobs: &[(&'p Job, &'p Job)],
        promotions: &'p Promotions<'p>,
    ) -> Self {
        let jobs: HashMap<&str, &str> = jobs.iter().map(|(old, new)| (old.name.as_str(), new.name.as_str())).collect();
        let former: HashMap<&str, &str> = jobs.iter().map(|(old, new)| (*new, *old)).collect();
        let ways = (Ways::of(old.0), Ways::of(new.0));
        let name = |names: &HashMap<&'p str, &'p str>, job| names.get(job).copied().unwrap_or(job);
        Self {
            lost: ways.0.missing(&ways.1, |job| name(&jobs, job)),
            won: ways.1.missing(&ways.0, |job| name(&former, job)),
            old: GateSide::new(old),
            new: GateSide::new(new),
            resources: resources.iter().map(|(old, new)| (old.name.as_str(), new.name.as_str())).collect(),
            jobs,
            promotions,
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
        let starters = GateSide::starters(flow);
        if !approvals.is_empty() {
            return format!("closing the issue {} starts it", approvals.join(" or "));
        }
        if starters.is_empty() {
            return "it is started by hand".to_owned();
        }
        GateSide::start_by_itself(flow)
    }

    /// Says what changes before a job begins.
    pub(super) fn compare(&self, old: &Job, new: &Job, changes: &mut Changes) {
        let (Some(before), Some(after)) = (self.old.jobs.get(old.name.as_str()), self.new.jobs.get(new.name.as_str()))
        else {
            return;
        };
        let subject = Subject::Job(new.name.to_string());
        self.start(before, after, &subject, changes);
        self.policy(before, after, &subject, changes);
        self.versions(before, after, &subject, changes);
        let renamed = |resource: &str| self.resource_name(resource);
        held::compare((self.old.flow, before), (self.new.flow, after), &renamed, &subject, changes);
        let claims = (!before.claims.is_empty(), !after.claims.is_empty());
        let exact = (self.old.is_exact(before), self.new.is_exact(after));
        // A job that waits for an approval now, or no longer, is reported as a whole.
        let is_reported = before.waits_for_approval() != after.waits_for_approval();
        let takes_approved = !after.gates.is_empty();
        for (rule, had, counts, weaker, stronger) in [
            (
                Rule::UnpinnedApproval,
                claims,
                !is_reported,
                "no longer claims its approval: one approval can deploy more than once, and a withdrawn one still deploys",
                "claims its approval: each deploys once, and none that was withdrawn",
            ),
            (
                Rule::UnapprovedArtifact,
                exact,
                takes_approved,
                "no longer takes the approved commit: it deploys what is newest",
                "takes the approved commit",
            ),
        ] {
            match had {
                (true, false) if counts => {
                    changes.push(Effect::Weaker, subject.clone(), weaker).covers = Some((rule, None));
                }
                (false, true) if !is_reported => _ = changes.push(Effect::Stronger, subject.clone(), stronger),
                _ => {}
            }
        }
    }

    /// What an approval takes, where a job waits for another issue than before.
    fn policy(&self, before: &JobFlow<'p>, after: &JobFlow<'p>, subject: &Subject, changes: &mut Changes) {
        let resource = |side: &GateSide<'p>, taking: &Taking<'p>| side.flow.resources.get(taking.resource).copied();
        for approval in after.own_approvals() {
            let Some(new) = resource(&self.new, approval) else { continue };
            let olds = || before.own_approvals().filter_map(|taking| resource(&self.old, taking));
            // The same resource for the same stage is compared as a resource.
            if olds().any(|old| self.resource(old.name.as_str()) == new.name.as_str() && promotes_alike(old, new)) {
                continue;
            }
            for old in olds() {
                changes.changes.extend(policy_changes(subject, old, new));
            }
        }
    }

    /// What changes of the stages that stand on the way to a job.
    fn way(&self, before: &JobFlow<'p>, after: &JobFlow<'p>) -> Option<(Effect, String)> {
        let jobs = |stretch: Option<&&Stretch<'p>>, wanted: Elsewhere| -> Vec<&'p str> {
            let jobs = stretch.into_iter().flat_map(|stretch| &stretch.jobs);
            jobs.filter(|(_, place)| *place == wanted).map(|(job, _)| *job).collect()
        };
        let counts = |stretch: &Stretch<'_>| [(stretch.approvals, "approval"), (stretch.previews, "preview")];
        let lost = self.lost.get(before.job.name.as_str());
        // A job that came after this one before reports itself that it comes first now.
        let won = self.won.get(after.job.name.as_str());
        let won = won.filter(|won| lost.is_some() || won.jobs.iter().any(|(_, place)| *place != Elsewhere::Behind));
        let (lost_counts, won_counts) = (lost.map(counts), won.map(counts));
        let with_state = |names: Vec<&str>, one: &str, several: &str| {
            (!names.is_empty())
                .then(|| format!("{}{}", list(names.iter().copied()), if names.len() == 1 { one } else { several }))
        };
        let mut words = Vec::new();
        let won_jobs = [
            with_state(jobs(won.as_ref(), Elsewhere::Nowhere), ", which is new", ", which are new"),
            with_state(jobs(won.as_ref(), Elsewhere::Beside), "", ""),
        ];
        let lost_jobs = [
            with_state(jobs(lost.as_ref(), Elsewhere::Nowhere), ", which is gone", ", which are gone"),
            with_state(jobs(lost.as_ref(), Elsewhere::Beside), "", ""),
        ];
        if let Some(turned) =
            with_state(jobs(lost.as_ref(), Elsewhere::Behind), ", no longer after it", ", no longer after them")
        {
            words.push(format!("comes before {turned}"));
        }
        words.extend(won_jobs.into_iter().flatten().map(|jobs| format!("comes after {jobs}")));
        words.extend(lost_jobs.into_iter().flatten().map(|jobs| format!("no longer comes after {jobs}")));
        let (mut fewer, mut more) = (Vec::new(), Vec::new());
        for kind in 0..2 {
            let count = |counts: Option<[(usize, &'static str); 2]>| counts.map_or(0, |counts| counts[kind].0);
            let name = ["approval", "preview"][kind];
            let (lost, won) = (count(lost_counts), count(won_counts));
            if lost > won {
                fewer.push(format!("{} fewer", Count(lost - won, name)));
            } else if won > lost {
                more.push(format!("{} more", Count(won - lost, name)));
            }
        }
        let effect = match (lost, won) {
            (None, None) => return None,
            (None, Some(_)) => Effect::Stronger,
            // As many people decide, about other stages.
            (Some(_), Some(_)) if fewer.is_empty() => Effect::Redirected,
            (Some(_), _) => Effect::Weaker,
        };
        let counts = [fewer, more].concat();
        let counts = if counts.is_empty() { String::new() } else { format!(" ({})", counts.join(", ")) };
        Some((effect, format!("{}{counts}", words.join(", and "))))
    }

    fn start(&self, before: &JobFlow<'p>, after: &JobFlow<'p>, subject: &Subject, changes: &mut Changes) {
        let (lost, won) = self.waits(before, after);
        let (waited, waits) = (before.waits_for_approval(), after.waits_for_approval());
        let started: BTreeSet<&str> = GateSide::starters(before).into_iter().map(|name| self.resource(name)).collect();
        let starts = GateSide::starters(after);
        let came: Vec<&str> = starts.difference(&started).copied().collect();
        let went: Vec<&str> = started.difference(&starts).copied().collect();
        let titles = |side: &GateSide<'p>, resources: &[&str]| {
            resources.iter().map(|resource| side.title(resource)).collect::<Vec<_>>().join(" and ")
        };
        let (lost, won) = (titles(&self.old, &lost), titles(&self.new, &won));
        let mut way = self.way(before, after);
        if waited && !waits {
            let start = if starts.is_empty() {
                "somebody starts it by hand".to_owned()
            } else {
                GateSide::start_by_itself(after)
            };
            let way = way.take().map_or_else(String::new, |(_, words)| format!(", and {words}"));
            let message = format!("no longer waits for an approval (the issue {lost}){way}: {start}");
            changes.push(Effect::Weaker, subject.clone(), message).is_gate_gone = true;
            return;
        }
        let is_past = waits && !came.is_empty();
        let mut report = |effect, message: String| {
            let covered = is_past.then_some((Rule::GateBypass, None));
            changes.push(effect, subject.clone(), message).covers = covered;
        };
        if !waited && waits && starts.is_empty() {
            let way = way.take_if(|(effect, _)| *effect == Effect::Stronger);
            let way = way.map_or_else(String::new, |(_, words)| format!(", and {words}"));
            report(Effect::Stronger, format!("waits until somebody closes the issue {won}{way}"));
        } else if is_past {
            // Whatever triggers starts a job, the gate notwithstanding.
            report(Effect::Weaker, format!("is started past its gate by new versions of {}", list(came)));
        } else if !waited && !waits && started.is_empty() && !starts.is_empty() {
            report(Effect::Weaker, format!("is no longer started by hand alone: {}", GateSide::start_by_itself(after)));
        } else if !waited && !waits && starts.is_empty() && !started.is_empty() {
            report(Effect::Stronger, "is started by hand alone".to_owned());
        } else {
            let waits = match (lost.is_empty(), won.is_empty()) {
                (true, true) => None,
                (false, true) => Some((Effect::Weaker, format!("no longer waits for the issue {lost}"))),
                (true, false) => Some((Effect::Changed, format!("waits for the issue {won} as well"))),
                (false, false) => Some((Effect::Changed, format!("waits for the issue {won}, no longer for {lost}"))),
            };
            match (way.take(), waits) {
                (Some((effect, way)), Some((also, waits))) => report(effect.min(also), format!("{way}; it {waits}")),
                (Some((effect, words)), None) | (None, Some((effect, words))) => report(effect, words),
                (None, None) => {}
            }
            if !came.is_empty() {
                report(Effect::Changed, format!("is started by new versions of {}, too", list(came)));
            }
            if !went.is_empty() {
                report(Effect::Changed, format!("is no longer started by new versions of {}", list(went)));
            }
        }
        if let Some((effect, words)) = way {
            report(effect, words);
        }
    }

    /// The resources of the issues that a job no longer waits for, and of those that it waits for now.
    fn waits(&self, before: &JobFlow<'p>, after: &JobFlow<'p>) -> (Vec<&'p str>, Vec<&'p str>) {
        let (asked, asks) = (self.old.approvals(before), self.new.approvals(after));
        let (old, new) = (&self.old.flow.issues, &self.new.flow.issues);
        let became =
            |old_resource: &str, new_resource: &str| self.promotions.became(&old[old_resource], &new[new_resource]);
        let lost = asked.values().filter(|old| !asks.values().any(|new| became(old, new)));
        let won = asks.values().filter(|new| !asked.values().any(|old| became(old, new)));
        (lost.copied().collect(), won.copied().collect())
    }

    /// What the steps of a job need not report, since it is reported of the gates.
    pub(super) fn reported(&self, old: &Job, new: &Job) -> Reported<'_> {
        let flows = self.old.jobs.get(old.name.as_str()).zip(self.new.jobs.get(new.name.as_str()));
        let (mut gone, mut come, mut waits_otherwise) = (HashSet::new(), HashSet::new(), false);
        if let Some((before, after)) = flows {
            let (lost, won) = self.waits(before, after);
            let (old, new): (&'p PipelineFlow<'p>, _) = (self.old.flow, self.new.flow);
            gone.extend(lost.iter().map(|resource| &old.issues[resource].id));
            come.extend(won.iter().map(|resource| &new.issues[resource].id));
            waits_otherwise = before.waits_for_approval() != after.waits_for_approval();
        }
        Reported { gates: self, gone, come, waits_otherwise }
    }

    /// Which versions it takes, and by whom they passed.
    fn versions(&self, before: &JobFlow<'p>, after: &JobFlow<'p>, subject: &Subject, changes: &mut Changes) {
        let (matched, old) = self.matched(before, after);
        let is_of_name = |taking: &Taking<'p>| taking.get.get.as_str() == taking.resource;
        let called = |taking: &Taking<'p>| {
            let name = list([self.resource(taking.resource)]);
            if is_of_name(taking) { name } else { format!("{name} as {}", list([taking.get.get.as_str()])) }
        };
        for (taking, was) in matched {
            let passed: BTreeSet<&str> = taking.get.passed.iter().map(JobName::as_str).collect();
            let Some(was) = was else {
                let repository = self.new.repository(taking.resource);
                let is_issue = self.new.flow.issues.contains_key(taking.resource);
                // The code that came as it was approved comes as a clone, or the other way round.
                let is_clone =
                    self.old.is_approved_code(before, repository) && !self.new.is_approved_code(after, repository);
                if is_issue && self.is_of_another_stage(taking, before, after) {
                    let title = self.new.title(taking.resource);
                    let message = format!("takes what was approved for another stage (the issue {title})");
                    changes.push(Effect::Weaker, subject.clone(), message);
                    continue;
                }
                // What starts the job is reported as such.
                let is_gate = is_issue && taking.triggers();
                if is_clone || is_gate && !self.new.is_newest(after, taking) {
                    continue;
                }
                let from = if passed.is_empty() {
                    String::new()
                } else {
                    format!(", as {} had it", list(passed.iter().copied()))
                };
                if self.new.is_newest(after, taking) {
                    let message =
                        format!("takes the newest version of {}{from}, which no approval names", called(taking));
                    let covered = (Rule::UnapprovedArtifact, Some(taking.get.get.to_string()));
                    changes.push(Effect::Weaker, subject.clone(), message).covers = Some(covered);
                } else {
                    changes.push(Effect::Changed, subject.clone(), format!("takes {}{from}", called(taking)));
                }
                continue;
            };
            // A record is no approval, whichever one it is.
            if self.new.flow.issues.get(taking.resource).is_some_and(IssueResource::shows_records) {
                continue;
            }
            let newest = (self.old.is_newest(before, was), self.new.is_newest(after, taking));
            // A job that deploys no approved version any more is reported as a whole.
            let is_reported = self.old.is_exact(before) && !self.new.is_exact(after);
            if newest == (false, true) && !is_reported {
                let message =
                    format!("takes the newest version of `{}`, which no approval names any more", taking.resource);
                let covered = (Rule::UnapprovedArtifact, Some(taking.get.get.to_string()));
                changes.push(Effect::Weaker, subject.clone(), message).covers = Some(covered);
            } else if newest == (true, false) {
                let message = format!("takes the approved version of `{}`", taking.resource);
                changes.push(Effect::Stronger, subject.clone(), message);
            }
            let had: BTreeSet<&str> =
                was.get.passed.iter().map(|job| self.jobs.get(job.as_str()).copied().unwrap_or(job.as_str())).collect();
            // Hardly a job needs the whole way, and it may be long.
            let whole_way = if had.is_subset(&passed) { BTreeSet::new() } else { self.whole_way(taking) };
            // A stage that is missing is reported as a whole.
            let known = |stretch: Option<&Stretch<'p>>, job: &str| {
                stretch.is_some_and(|stretch| {
                    stretch.jobs.iter().any(|(one, _)| *one == job || self.jobs.get(one).is_some_and(|new| *new == job))
                })
            };
            let lost = had.iter().copied().filter(|job| !passed.contains(job) && !whole_way.contains(job));
            let lost: Vec<&str> = lost.filter(|job| !known(self.lost.get(before.job.name.as_str()), job)).collect();
            let won = passed.difference(&had).copied();
            let won: Vec<&str> = won.filter(|job| !known(self.won.get(after.job.name.as_str()), job)).collect();
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
        let now_approved = |name: &str| {
            let old = self.resources.iter().find(|(_, new)| **new == name).map_or(name, |(old, _)| *old);
            self.new.is_approved_code(after, self.old.repository(old))
        };
        let is_gate = |taking: &Taking<'p>| taking.triggers() && self.old.flow.issues.contains_key(taking.resource);
        let left = old.iter().filter(|taking| !is_gate(taking));
        let mut gone: BTreeSet<String> = BTreeSet::new();
        for taking in left.filter(|taking| !now_approved(self.resource(taking.resource))) {
            let resource = self.resource(taking.resource);
            let is_taken = after.takes.iter().any(|other| other.resource == resource);
            let has_others = before.takes.iter().filter(|other| other.resource == taking.resource).count() > 1;
            gone.insert(if is_taken || has_others { called(taking) } else { list([resource]) });
        }
        for name in gone {
            changes.push(Effect::Changed, subject.clone(), format!("no longer takes {name}"));
        }
    }

    /// The gets of a job, each with the get that it was: of the same artifact, or else of the same resource. And those that
    /// are gone.
    fn matched<'j>(
        &self,
        before: &'j JobFlow<'p>,
        after: &'j JobFlow<'p>,
    ) -> (Vec<(&'j Taking<'p>, Option<&'j Taking<'p>>)>, Vec<&'j Taking<'p>>) {
        let all = |job: &'j JobFlow<'p>| job.takes.iter().chain(&job.gates).chain(&job.records);
        let mut left: Vec<&Taking<'p>> = all(before).collect();
        let mut matched: Vec<(&Taking<'p>, Option<&Taking<'p>>)> = all(after).map(|taking| (taking, None)).collect();
        for by_artifact in [true, false] {
            for (taking, was) in matched.iter_mut().filter(|(_, was)| was.is_none()) {
                let is_same = |old: &&Taking<'p>| {
                    self.resource(old.resource) == taking.resource && (!by_artifact || old.get.get == taking.get.get)
                };
                *was = left.iter().position(is_same).map(|at| left.remove(at));
            }
        }
        (matched, left)
    }

    /// Whether a job that waits for its approval takes, besides, what was approved for another stage.
    fn is_of_another_stage(&self, taking: &Taking<'p>, before: &JobFlow<'p>, after: &JobFlow<'p>) -> bool {
        let destination = |taking: &Taking<'p>| {
            text(self.new.flow.issues.get(taking.resource)?.resource.source.as_ref()?, "destination")
        };
        let is_record = self.new.flow.issues.get(taking.resource).is_some_and(IssueResource::shows_records);
        let is_free = !is_record && !taking.triggers() && taking.get.passed.is_empty() && before.waits_for_approval();
        let mut own = after.own_approvals().peekable();
        is_free && own.peek().is_some() && own.all(|own| destination(own) != destination(taking))
    }

    /// What a step of a job uses now although no approval names its version. The job took it before, for something else.
    pub(super) fn unapproved_uses(&self, jobs: (&Job, &Job), old: Option<&Step>, new: &Step) -> Vec<String> {
        let newest = self.new.newest_of(jobs.1.name.as_str());
        if newest.is_empty() {
            return Vec::new();
        }
        let known = self.old.newest_of(jobs.0.name.as_str());
        let used: BTreeSet<&str> =
            old.into_iter().flat_map(artifacts).filter_map(|name| known.get(name).copied()).collect();
        let used: BTreeSet<&str> = used.into_iter().map(|resource| self.resource(resource)).collect();
        let known: BTreeSet<&str> = known.values().map(|resource| self.resource(resource)).collect();
        let found: BTreeSet<&str> = artifacts(new)
            .into_iter()
            .filter(|name| {
                newest.get(name).is_some_and(|resource| known.contains(resource) && !used.contains(resource))
            })
            .collect();
        found.into_iter().map(str::to_owned).collect()
    }

    /// Whether a put writes an issue of the new pipeline.
    pub(super) fn is_issue(&self, put: &PutStep) -> bool {
        self.new.flow.issues.contains_key(resource_of(put))
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

/// What is reported of the gates of a job, and not again of its steps.
pub(super) struct Reported<'g> {
    gates: &'g Gates<'g>,
    /// The issues that the job no longer waits for.
    gone: HashSet<&'g IssueId<'g>>,
    /// The issues that the job waits for now, and did not before.
    come: HashSet<&'g IssueId<'g>>,
    /// Whether the job waits for an approval now and did not before, or the other way round.
    pub(super) waits_otherwise: bool,
}

impl Reported<'_> {
    /// Whether a put that only the old job has belongs to a gate that is reported as gone.
    pub(super) fn is_gone(&self, put: &PutStep) -> bool {
        self.gates.old.flow.issues.get(resource_of(put)).is_some_and(|issue| {
            if is_about_approval(put) { self.gone.contains(&issue.id) } else { self.gates.promotions.is_gone(issue) }
        })
    }

    /// Whether a put that only the new job has belongs to a gate that is reported as new.
    pub(super) fn is_new(&self, put: &PutStep) -> bool {
        self.gates.new.flow.issues.get(resource_of(put)).is_some_and(|issue| {
            if is_about_approval(put) { self.come.contains(&issue.id) } else { self.gates.promotions.is_new(issue) }
        })
    }

    /// Whether a put writes an issue.
    pub(super) fn writes_issue(&self, put: &PutStep) -> bool {
        self.gates.is_issue(put)
    }

    /// Whether a put writes the issue of a gate that promotes to another stage than before.
    pub(super) fn promotes_otherwise(&self, put: &PutStep) -> bool {
        let issue = self.gates.new.flow.issues.get(resource_of(put));
        issue.is_some_and(|issue| self.gates.promotions.changes_new(issue))
    }
}

/// Whether a put uses an approval up, or reports on the issue of one.
fn is_about_approval(put: &PutStep) -> bool {
    let action = put.params.as_ref().and_then(|params| text(params, "action"));
    matches!(action, Some("claim" | "report"))
}

/// Does a job put the approved versions where the newest are?
fn checks_out(job: &Job) -> bool {
    let mut found = false;
    job.each_step(&mut |step| {
        if let crate::model::Core::Task(task) = &step.core {
            found |= is_check_of_approval(task);
        }
    });
    found
}
