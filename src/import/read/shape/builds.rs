use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::flow::{JobFlow, Taking};

use super::find::Finder;

impl<'p> Finder<'p, '_> {
    /// What is made by a job that starts by itself, or once another job has looked at the same, and taken by others as it
    /// made it.
    pub(super) fn builds(&self) -> (BTreeMap<String, usize>, BTreeMap<String, usize>) {
        let (mut builds, mut checks) = (BTreeMap::new(), BTreeMap::new());
        let taken_as_made: BTreeSet<(&str, &str)> = self
            .flow
            .jobs
            .iter()
            .flat_map(|job| &job.takes)
            .flat_map(|taking| taking.get.passed.iter().map(|passed| (taking.resource, passed.as_str())))
            .collect();
        for (index, job) in self.flow.jobs.iter().enumerate() {
            // What it is made of may be made by another build.
            let is_made = |taking: &Taking<'p>| {
                taking.get.passed.iter().all(|before| {
                    self.index
                        .get(before.as_str())
                        .is_some_and(|before| self.job(*before).makes.contains(&taking.resource))
                })
            };
            let for_itself = job.takes.iter().all(is_made);
            let check = if for_itself { None } else { self.check_of(index) };
            if !for_itself && check.is_none()
                || !job.gates.is_empty()
                || !job.opens.is_empty()
                || !job.claims.is_empty()
            {
                continue;
            }
            let made: BTreeSet<&str> = job.makes.iter().copied().collect();
            let takes_its_own = |name: &str| job.takes.iter().any(|taking| taking.resource == name);
            let taken: Vec<&&str> =
                made.iter().filter(|made| taken_as_made.contains(&(**made, job.job.name.as_str()))).collect();
            let made_by_others = |name: &str| {
                let others = self.flow.jobs.iter().enumerate().filter(|(other, _)| *other != index);
                { others }.any(|(_, job)| job.makes.contains(&name))
            };
            let is_git =
                |name: &str| self.flow.resources.get(name).is_some_and(|found| found.type_name.as_str() == "git");
            if let [only] = taken.as_slice()
                && !takes_its_own(only)
                && !is_git(only)
                && !made_by_others(only)
                && !self.sets_pipelines(index)
            {
                builds.insert((**only).to_owned(), index);
                checks.extend(check.map(|check| ((**only).to_owned(), check)));
            }
        }
        (builds, checks)
    }

    /// The job that everything passed that a job takes, where it takes the same and nothing else follows it.
    fn check_of(&self, index: usize) -> Option<usize> {
        let job = self.job(index);
        let [first, ..] = job.takes.as_slice() else { return None };
        let [check] = first.get.passed.as_slice() else { return None };
        let same = job.takes.iter().all(|taking| taking.get.passed == first.get.passed);
        let found = *self.index.get(check.as_str())?;
        let before = self.job(found);
        let takes = |job: &JobFlow<'p>| job.takes.iter().map(|taking| taking.resource).collect::<BTreeSet<_>>();
        let bare = before.gates.is_empty()
            && before.opens.is_empty()
            && before.takes.iter().all(|taking| taking.get.passed.is_empty());
        let others = self.flow.jobs.iter().enumerate().filter(|(other, _)| *other != index);
        let followed = { others }.any(|(_, job)| job.takes.iter().any(|taking| taking.get.passed.contains(check)));
        (same && bare && !followed && takes(job) == takes(before)).then_some(found)
    }
}
