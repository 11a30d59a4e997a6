//! Which versions Concourse chooses for the inputs of a job: `scheduler/algorithm` and `db/versions_db.go`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::history::{Build, BuildId, BuildInput, History, JobId, JobInput, Kind, ResourceId, Status};
use crate::pipeline::{Version, VersionChoice};

/// What Concourse finds for the inputs of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Resolution {
    /// For each input the version, or why there is none.
    pub inputs: BTreeMap<String, Result<Chosen, Failure>>,
    /// Whether an input with `version: every` has more to offer after this version.
    pub has_next: bool,
    /// Whether some input with `trigger` has a version that the job has never used under this name, and all inputs have
    /// versions.
    pub would_trigger: bool,
}

impl Resolution {
    /// Whether each input has a version. Only then can a build start.
    pub fn is_resolved(&self) -> bool {
        self.inputs.values().all(Result::is_ok)
    }

    /// The inputs and the pipes of a build, if each input has a version.
    pub(crate) fn complete(&self) -> Option<(Vec<BuildInput>, BTreeSet<BuildId>)> {
        let mut inputs = Vec::new();
        let mut pipes = BTreeSet::new();
        for (name, chosen) in &self.inputs {
            let chosen = chosen.as_ref().ok()?;
            inputs.push(BuildInput { name: name.clone(), resource: chosen.resource, version: chosen.version });
            pipes.extend(&chosen.passed_builds);
        }
        Some((inputs, pipes))
    }
}

/// The version of an input.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Chosen {
    /// The resource.
    pub resource: ResourceId,
    /// The version.
    pub version: Version,
    /// Whether no build of the job, of whatever status, had this version under this name.
    pub first_occurrence: bool,
    /// The builds of the jobs in `passed` that had the version.
    pub passed_builds: BTreeSet<BuildId>,
}

/// Why an input has no version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// The resource does not have the pinned version.
    PinnedVersionNotFound(Version),
    /// The resource has no version that is enabled.
    LatestVersionNotFound,
    /// The resource has no version that is enabled, and the input wants every version.
    VersionNotFound,
    /// No builds of the jobs in `passed` fit together.
    NoSatisfiableBuilds,
}

impl fmt::Display for Failure {
    /// The text that Concourse shows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::PinnedVersionNotFound(Version(version)) => {
                write!(f, "pinned version v:{version} not found")
            }
            Failure::LatestVersionNotFound => write!(f, "latest version of resource not found"),
            Failure::VersionNotFound => write!(f, "version of resource not found"),
            Failure::NoSatisfiableBuilds => {
                write!(f, "no satisfiable builds from passed jobs found for set of inputs")
            }
        }
    }
}

/// Chooses versions for all inputs of a job.
///
/// Inputs without `passed` are resolved one by one, inputs with `passed` in groups that share a passed job. One input
/// without a version does not keep others from theirs (`scheduler/algorithm/compute.go` `computeResolvers`).
pub fn resolve(history: &History, job: JobId) -> Resolution {
    let mut first = |_: &[usize]| 0;
    resolve_groups(history, job, &group(history.inputs(job), &mut first))
}

/// All answers that Concourse can give, because an input that belongs to two groups joins one of them by chance.
pub fn variants(history: &History, job: JobId) -> Vec<Resolution> {
    let inputs = history.inputs(job);
    let mut answers: Vec<Resolution> = Vec::new();
    // The choices of one run, as digits of a number that counts up.
    let mut digits: Vec<usize> = Vec::new();
    loop {
        let mut sizes = Vec::new();
        let mut choose = |groups: &[usize]| {
            let digit = digits.get(sizes.len()).copied().unwrap_or(0);
            sizes.push(groups.len());
            digit.min(groups.len() - 1)
        };
        let groups = group(inputs, &mut choose);
        let answer = resolve_groups(history, job, &groups);
        if !answers.contains(&answer) {
            answers.push(answer);
        }
        digits.resize(sizes.len(), 0);
        let Some(at) = (0..sizes.len()).rev().find(|&at| digits[at] + 1 < sizes[at]) else {
            return answers;
        };
        digits[at] += 1;
        digits.truncate(at + 1);
    }
}

/// Puts inputs with `passed` into groups. An input joins a group that has one of its passed jobs. When several groups have
/// one, `choose` says which (`scheduler/algorithm/resolver.go` `groupInputsConfigsByPassedJobs`).
fn group<'a>(inputs: &'a [JobInput], choose: &mut impl FnMut(&[usize]) -> usize) -> Vec<Vec<&'a JobInput>> {
    let mut groups: Vec<(BTreeSet<JobId>, Vec<&JobInput>)> = Vec::new();
    for input in inputs.iter().filter(|input| !input.passed.is_empty()) {
        let sharing: Vec<usize> = (0..groups.len()).filter(|&at| !groups[at].0.is_disjoint(&input.passed)).collect();
        let at = match sharing.as_slice() {
            [] => {
                groups.push((BTreeSet::new(), Vec::new()));
                groups.len() - 1
            }
            [only] => *only,
            several => several[choose(several)],
        };
        groups[at].0.extend(&input.passed);
        groups[at].1.push(input);
    }
    groups.into_iter().map(|(_, inputs)| inputs).collect()
}

fn resolve_groups(history: &History, job: JobId, groups: &[Vec<&JobInput>]) -> Resolution {
    let mut resolution = Resolution::default();
    for input in history.inputs(job).iter().filter(|input| input.passed.is_empty()) {
        let found = alone(history, job, input);
        resolution.has_next |= found.is_ok_and(|(_, has_next)| has_next);
        let chosen = found.map(|(version, _)| Candidate { version, ..Candidate::default() });
        resolution.inputs.insert(input.name.clone(), chosen.map(|c| c.choose(history, job, input)));
    }
    for inputs in groups {
        let found = Group::new(history, job, inputs).resolve();
        for (at, input) in inputs.iter().enumerate() {
            let chosen = match &found {
                Ok(candidates) => {
                    resolution.has_next |= candidates[at].has_next;
                    Ok(candidates[at].clone().choose(history, job, input))
                }
                Err(failure) => Err(*failure),
            };
            resolution.inputs.insert(input.name.clone(), chosen);
        }
    }
    resolution.would_trigger = resolution.is_resolved()
        && history.inputs(job).iter().any(|input| {
            let chosen = resolution.inputs.get(&input.name).and_then(|chosen| chosen.as_ref().ok());
            input.trigger && chosen.is_some_and(|chosen| chosen.first_occurrence)
        });
    resolution
}

/// Resolves an input without `passed`. The second value is whether more versions follow.
///
/// A pin comes first: the version must have been found, and may be disabled (`scheduler/algorithm/pinned_resolver.go`
/// `Resolve`). A pin beats `every`. Else it is the next or the newest version that is enabled
/// (`scheduler/algorithm/individual_resolver.go` `Resolve`).
fn alone(history: &History, job: JobId, input: &JobInput) -> Result<(Version, bool), Failure> {
    if let Some(version) = history.pinned(input) {
        return if history.versions(input.resource).contains(&version) {
            Ok((version, false))
        } else {
            Err(Failure::PinnedVersionNotFound(version))
        };
    }
    if input.version == VersionChoice::Every {
        return next_of_every(history, job, input.resource).ok_or(Failure::VersionNotFound);
    }
    newest(history, input.resource, history.versions(input.resource))
        .map(|version| (version, false))
        .ok_or(Failure::LatestVersionNotFound)
}

/// The newest version that is enabled (`db/versions_db.go` `latestVersionOfResource`).
fn newest(history: &History, resource: ResourceId, versions: &[Version]) -> Option<Version> {
    versions.iter().rev().find(|version| !history.is_disabled(resource, **version)).copied()
}

/// The next version of an input with `version: every`, and whether another one follows.
///
/// It continues after the newest version that any build of the job used, whatever its status and the name of the input. An
/// older version that was never used stays unused. Without any used version it is the newest version. With nothing after
/// the used version it is the newest version up to that (`db/versions_db.go` `NextEveryVersion`).
fn next_of_every(history: &History, job: JobId, resource: ResourceId) -> Option<(Version, bool)> {
    let versions = history.versions(resource);
    let Some(used) = newest_used(history, job, resource) else {
        return newest(history, resource, versions).map(|version| (version, false));
    };
    let mut after = versions[used + 1..].iter().filter(|version| !history.is_disabled(resource, **version));
    match after.next() {
        Some(version) => Some((*version, after.next().is_some())),
        None => newest(history, resource, &versions[..=used]).map(|version| (version, false)),
    }
}

/// The place of the newest version of a resource that any build of the job used.
fn newest_used(history: &History, job: JobId, resource: ResourceId) -> Option<usize> {
    history
        .versions(resource)
        .iter()
        .rposition(|version| history.builds_of(job).any(|build| used(build, resource, *version)))
}

fn used(build: &Build, resource: ResourceId, version: Version) -> bool {
    build.inputs.iter().flatten().any(|input| input.resource == resource && input.version == version)
}

/// A version that may become the version of an input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Candidate {
    version: Version,
    /// The passed jobs of which a build has the version.
    vouching: BTreeSet<JobId>,
    builds: BTreeSet<BuildId>,
    has_next: bool,
}

impl Candidate {
    /// A version is a first occurrence when no build of the job had it under this name
    /// (`db/versions_db.go` `IsFirstOccurrence`).
    fn choose(self, history: &History, job: JobId, input: &JobInput) -> Chosen {
        let first_occurrence = !history.builds_of(job).any(|build| {
            build.inputs.iter().flatten().any(|other| {
                other.name == input.name && other.resource == input.resource && other.version == self.version
            })
        });
        Chosen { resource: input.resource, version: self.version, first_occurrence, passed_builds: self.builds }
    }
}

/// Inputs that share passed jobs, while versions are tried for them: `scheduler/algorithm/group_resolver.go`.
struct Group<'a> {
    history: &'a History,
    job: JobId,
    inputs: &'a [&'a JobInput],
    candidates: Vec<Option<Candidate>>,
    /// The last set of versions that did not work. It is not tried twice in a row.
    doomed: Vec<Option<Version>>,
    /// Where inputs with `version: every` continue: for each passed job the place of a build.
    cursors: Option<BTreeMap<JobId, Cursor>>,
}

/// The place of a build among the builds of its job: `BuildCursor` of `db/versions_db.go`.
#[derive(Clone, Copy)]
struct Cursor {
    id: BuildId,
    rerun_of: Option<BuildId>,
}

impl Cursor {
    fn of(build: &Build) -> Cursor {
        let rerun_of = match build.kind {
            Kind::Rerun(of) => Some(of),
            Kind::Triggered | Kind::Manual => None,
        };
        Cursor { id: build.id, rerun_of }
    }

    /// Whether a build is newer than the cursor. A rerun is not newer than its original (`NewerBuilds`).
    fn is_before(self, build: &Build) -> bool {
        let (original, id) = build.place();
        match self.rerun_of {
            Some(of) => original > of || (original == of && id > self.id),
            None => original > self.id,
        }
    }

    /// Whether a build is the one of the cursor, or older. A rerun is not older than its original (`OlderBuilds`).
    fn is_at_or_after(self, build: &Build) -> bool {
        let (original, id) = build.place();
        id == self.id
            || match self.rerun_of {
                Some(of) => original < of || id == of || (original == of && id < self.id),
                None => original < self.id,
            }
    }
}

impl<'a> Group<'a> {
    fn new(history: &'a History, job: JobId, inputs: &'a [&'a JobInput]) -> Group<'a> {
        Group {
            history,
            job,
            inputs,
            candidates: vec![None; inputs.len()],
            doomed: vec![None; inputs.len()],
            cursors: None,
        }
    }

    /// A pinned version that does not exist fails the whole group (`Resolve`).
    fn resolve(mut self) -> Result<Vec<Candidate>, Failure> {
        for input in self.inputs {
            if let Some(version) = self.history.pinned(input)
                && !self.history.versions(input.resource).contains(&version)
            {
                return Err(Failure::PinnedVersionNotFound(version));
            }
        }
        if !self.satisfy_all() {
            return Err(Failure::NoSatisfiableBuilds);
        }
        self.candidates.into_iter().collect::<Option<_>>().ok_or(Failure::NoSatisfiableBuilds)
    }

    /// Each input in turn, by name: the order that the database gives Concourse in practice (`tryResolve`, and
    /// `AlgorithmInputs` in `db/job.go`).
    fn satisfy_all(&mut self) -> bool {
        (0..self.inputs.len()).all(|at| self.satisfy(at))
    }

    /// Finds builds of the passed jobs of an input, in the order of the ids of the jobs. The first job that has not vouched
    /// decides: its builds are tried, and each of them tries everything else (`trySatisfyPassedConstraintsForInput`).
    fn satisfy(&mut self, at: usize) -> bool {
        let candidate = self.candidates[at].clone();
        let input = self.inputs[at];
        for &passed in &input.passed {
            if candidate.as_ref().is_some_and(|candidate| candidate.vouching.contains(&passed)) {
                continue;
            }
            if let Some(builds) = self.builds(input, candidate.is_some(), passed) {
                return builds.into_iter().any(|(build, is_unused)| self.try_build(at, passed, build, is_unused));
            }
        }
        true
    }

    /// The builds of a passed job to try, in order, each with whether the input has not used it. None leaves the choice to
    /// another job.
    ///
    /// Without a candidate: the builds that succeeded, newest first. With a candidate: of these only builds that have all
    /// candidates of inputs that pass this job (`SuccessfulBuilds`, `SuccessfulBuildsVersionConstrained`).
    ///
    /// With `version: every`, and after a build that used this passed job: first the newer builds, the oldest of them first,
    /// then that build and older ones, newest first (`UnusedBuilds`, `UnusedBuildsVersionConstrained`). A job that was not
    /// used waits for another job to give a candidate (`paginatedBuilds`). Each of the newer builds counts as one that has
    /// more to offer after it, the last one too (`HasNext`).
    fn builds(&mut self, input: &JobInput, has_candidate: bool, passed: JobId) -> Option<Vec<(BuildId, bool)>> {
        let mut newest_first: Vec<&Build> =
            self.history.builds_of(passed).filter(|build| build.status == Status::Succeeded).collect();
        newest_first.sort_by_key(|build| std::cmp::Reverse(build.place()));

        let mut unused = Vec::new();
        let mut older = newest_first.clone();
        if input.version == VersionChoice::Every {
            let cursors = self.cursors(input.resource);
            if let Some(cursor) = cursors.get(&passed) {
                unused = newest_first.iter().rev().filter(|build| cursor.is_before(build)).copied().collect();
                older.retain(|build| cursor.is_at_or_after(build));
            } else if !has_candidate && input.passed.iter().any(|job| cursors.contains_key(job)) {
                return None;
            }
        }
        if has_candidate {
            older.retain(|build| self.has_all_candidates(build, passed));
        }
        let unused = unused.into_iter().map(|build| (build.id, true));
        Some(unused.chain(older.into_iter().map(|build| (build.id, false))).collect())
    }

    /// Whether a build has the candidates of all inputs that pass its job (`constrainingCandidates`).
    fn has_all_candidates(&self, build: &Build, passed: JobId) -> bool {
        self.inputs.iter().zip(&self.candidates).all(|(input, candidate)| match candidate {
            Some(candidate) if input.passed.contains(&passed) => {
                build.offers.contains(&(input.resource, candidate.version))
            }
            _ => true,
        })
    }

    /// Where `version: every` continues: after the builds that went into a build of this job with the newest version that
    /// the job ever used. The first input of the group that asks, and has such a build, decides for all
    /// (`db/versions_db.go` `LatestBuildUsingLatestVersion`, `LatestBuildPipes`).
    fn cursors(&mut self, resource: ResourceId) -> BTreeMap<JobId, Cursor> {
        if self.cursors.is_none() {
            let version = newest_used(self.history, self.job, resource).map(|at| self.history.versions(resource)[at]);
            let latest = version
                .and_then(|version| self.history.builds_of(self.job).find(|build| used(build, resource, version)));
            self.cursors = latest.map(|latest| {
                let pipes = latest.pipes.iter().filter_map(|from| self.history.build(*from));
                pipes.map(|build| (build.job, Cursor::of(build))).collect()
            });
        }
        self.cursors.clone().unwrap_or_default()
    }

    /// Takes the versions of a build for all inputs that can have them, then tries the rest (`tryBuildOutputs`).
    ///
    /// An input can have a version of its resource if it passes the job of the build, the version is enabled, and no pin asks
    /// for another one (`outputIsRelatedAndMatches`). A version that its resource no longer has ends the list of versions, but
    /// not the attempt. If the rest fails, the inputs are as before (`vouchForCandidate`, `candidatesAreDoomed`).
    ///
    /// The first version of a resource wins for each input. A version that differs from a candidate ends the attempt, even
    /// if the build has the right version as well.
    fn try_build(&mut self, at: usize, passed: JobId, build: BuildId, is_unused: bool) -> bool {
        let history = self.history;
        let mut before: BTreeMap<usize, Option<Candidate>> = BTreeMap::new();
        let mut mismatch = false;
        let offers = history.build(build).map_or(&[][..], |build| &build.offers);
        'offers: for (resource, version) in offers {
            for other in 0..self.inputs.len() {
                if before.contains_key(&other) {
                    continue;
                }
                let input = self.inputs[other];
                if input.resource != *resource || !input.passed.contains(&passed) {
                    continue;
                }
                let candidate = self.candidates[other].clone();
                if candidate.as_ref().is_some_and(|candidate| candidate.version != *version) {
                    mismatch = true;
                    break 'offers;
                }
                let pin = history.pinned(input);
                if history.is_disabled(*resource, *version) || pin.is_some_and(|pin| pin != *version) {
                    continue;
                }
                if candidate.is_none() && !history.versions(*resource).contains(version) {
                    break 'offers;
                }
                let mut vouched = candidate.clone().unwrap_or(Candidate { version: *version, ..Candidate::default() });
                vouched.vouching.insert(passed);
                vouched.builds.insert(build);
                vouched.has_next |= is_unused;
                before.insert(other, candidate);
                self.candidates[other] = Some(vouched);
            }
        }
        let is_vouched = self.candidates[at].as_ref().is_some_and(|candidate| candidate.vouching.contains(&passed));
        if is_vouched && !mismatch && !self.is_doomed() {
            if self.satisfy_all() {
                return true;
            }
            self.doomed = self.versions();
        }
        for (other, candidate) in before {
            self.candidates[other] = candidate;
        }
        false
    }

    fn is_doomed(&self) -> bool {
        self.doomed == self.versions()
    }

    fn versions(&self) -> Vec<Option<Version>> {
        self.candidates.iter().map(|candidate| candidate.as_ref().map(|c| c.version)).collect()
    }
}
