//! What the database of Concourse holds about one pipeline, and the events that change it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::pipeline::{Job, Pipeline, Resource, Version, VersionChoice};
use crate::resolve::Resolution;

/// A resource of a pipeline. A greater number is a resource that was saved later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceId(pub u32);

/// A job of a pipeline. A greater number is a job that was saved later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u32);

/// A build. A greater number is a build that was created later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BuildId(pub u32);

/// A resource, as the database holds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct SavedResource {
    id: ResourceId,
    name: String,
    source: String,
    is_active: bool,
    /// The versions that were found, the oldest first: the check order.
    versions: Vec<Version>,
    /// The source that the versions were found with. None until the first check or put.
    checked_source: Option<String>,
    /// Whether there was a check or put since the source changed.
    is_found: bool,
    pin: Option<Pin>,
    disabled: BTreeSet<Version>,
}

/// The pin of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Pin {
    version: Version,
    /// Whether the file of the pipeline pins the version.
    is_in_file: bool,
}

/// A job, as the database holds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SavedJob {
    pub(crate) id: JobId,
    name: String,
    pub(crate) is_active: bool,
    pub(crate) is_paused: bool,
    /// By name.
    pub(crate) inputs: Vec<JobInput>,
    /// The name of the step, and its resource.
    outputs: BTreeMap<String, ResourceId>,
    pub(crate) serial_groups: BTreeSet<String>,
    pub(crate) max_in_flight: usize,
    /// The inputs that the scheduler found when it ran last.
    pub(crate) next: Option<Resolution>,
}

/// A `get` step of a job.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JobInput {
    /// The name of the step.
    pub name: String,
    /// The resource.
    pub resource: ResourceId,
    /// The jobs that the version must have passed.
    pub passed: BTreeSet<JobId>,
    /// Whether a new version starts a build.
    pub trigger: bool,
    /// `version` of the step.
    pub version: VersionChoice,
}

/// Why there is a build.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The scheduler created the build for a new version.
    Triggered,
    /// A person created the build. It waits until each resource has been checked again.
    Manual,
    /// A person ran a build again. A rerun of a rerun is a rerun of the original.
    Rerun(BuildId),
}

/// The state of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It has not started.
    Pending,
    /// It runs.
    Started,
    /// All steps succeeded.
    Succeeded,
    /// A step failed.
    Failed,
    /// A step ended with an error.
    Errored,
    /// A person aborted the build.
    Aborted,
}

impl Status {
    /// Whether the build has ended.
    pub fn is_completed(self) -> bool {
        !matches!(self, Status::Pending | Status::Started)
    }
}

/// A version that a build got.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BuildInput {
    /// The name of the step.
    pub name: String,
    /// The resource.
    pub resource: ResourceId,
    /// The version.
    pub version: Version,
}

/// A build.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Build {
    /// The id.
    pub id: BuildId,
    /// The job.
    pub job: JobId,
    /// Why there is a build.
    pub kind: Kind,
    /// The state.
    pub status: Status,
    /// Whether the build counts for `max_in_flight` until it has ended.
    pub is_scheduled: bool,
    /// Whether a person has aborted the build.
    pub is_aborted: bool,
    /// What the build got, by name. None until the scheduler has given it its inputs.
    pub inputs: Option<Vec<BuildInput>>,
    /// What the build put, in order.
    pub outputs: Vec<(ResourceId, Version)>,
    /// The builds whose versions the build got through `passed`: `build_pipes` of the database.
    pub pipes: BTreeSet<BuildId>,
    /// What a job downstream can take from the build, by resource. Empty unless the build succeeded.
    pub offers: Vec<(ResourceId, Version)>,
    /// The resources that were checked after the build was created. Kept while a manual build waits.
    checked: BTreeSet<ResourceId>,
}

impl Build {
    /// The place of the build among others: a rerun stands at the place of its original.
    ///
    /// `ORDER BY COALESCE(rerun_of, id), id` in `db/versions_db.go` and `db/job.go`.
    pub(crate) fn place(&self) -> (BuildId, BuildId) {
        let original = match self.kind {
            Kind::Rerun(of) => of,
            Kind::Triggered | Kind::Manual => self.id,
        };
        (original, self.id)
    }
}

/// Why a pipeline cannot be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetError {
    /// A job uses a resource that the pipeline does not have.
    UnknownResource(String),
    /// An input names a job in `passed` that the pipeline does not have.
    UnknownJob(String),
    /// Two `old_name` exchange their names.
    SwappedNames,
}

impl fmt::Display for SetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetError::UnknownResource(name) => write!(f, "no resource is named `{name}`"),
            SetError::UnknownJob(name) => write!(f, "no job is named `{name}`"),
            SetError::SwappedNames => write!(f, "Concourse cannot exchange two names"),
        }
    }
}

impl std::error::Error for SetError {}

/// What Concourse remembers of a pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct History {
    resources: Vec<SavedResource>,
    jobs: Vec<SavedJob>,
    builds: Vec<Build>,
    is_paused: bool,
    resources_so_far: u32,
    jobs_so_far: u32,
    builds_so_far: u32,
}

impl History {
    /// Sets the pipeline, as `fly set-pipeline` does.
    ///
    /// A job or resource that is no longer in the file keeps its row and comes back under its name. `old_name` gives a row
    /// another name, and deletes what had that name (`db/team.go` `savePipeline`, `updateJobsName`, `updateResourcesName`).
    ///
    /// # Errors
    ///
    /// The pipeline names something that it does not have, or exchanges names. The history is as before then.
    pub fn set(&mut self, pipeline: &Pipeline) -> Result<(), SetError> {
        check_names(pipeline)?;
        let resource_renames = self
            .renames(pipeline.resources.iter().map(|r| (&r.name, r.old_name.as_ref())), |history, name| {
                history.resources.iter().any(|saved| saved.name == name)
            })?;
        let job_renames = self
            .renames(pipeline.jobs.iter().map(|job| (&job.name, job.old_name.as_ref())), |history, name| {
                history.jobs.iter().any(|saved| saved.name == name)
            })?;

        for saved in &mut self.resources {
            saved.is_active = false;
        }
        for saved in &mut self.jobs {
            saved.is_active = false;
            saved.serial_groups.clear();
            saved.inputs.clear();
            saved.outputs.clear();
        }
        for (old, new) in resource_renames {
            self.delete_resource(&new);
            if let Some(saved) = self.resources.iter_mut().find(|saved| saved.name == old) {
                saved.name = new;
            }
        }
        for resource in &pipeline.resources {
            self.save_resource(resource);
        }
        for (old, new) in job_renames {
            self.delete_job(&new);
            if let Some(saved) = self.jobs.iter_mut().find(|saved| saved.name == old) {
                saved.name = new;
            }
        }
        for job in &pipeline.jobs {
            self.save_job(job);
        }
        for job in &pipeline.jobs {
            self.save_steps(job);
        }
        Ok(())
    }

    /// The renames of rows that exist, each after the rename that frees its new name.
    fn renames<'a>(
        &self,
        names: impl Iterator<Item = (&'a String, Option<&'a String>)>,
        exists: impl Fn(&History, &str) -> bool,
    ) -> Result<Vec<(String, String)>, SetError> {
        let mut waiting: Vec<(String, String)> = names
            .filter_map(|(new, old)| Some((old?.clone(), new.clone())))
            .filter(|(old, new)| old != new && exists(self, old))
            .collect();
        let mut ordered = Vec::new();
        while !waiting.is_empty() {
            let free = waiting
                .iter()
                .position(|(_, new)| !waiting.iter().any(|(old, _)| old == new))
                .ok_or(SetError::SwappedNames)?;
            ordered.push(waiting.remove(free));
        }
        Ok(ordered)
    }

    fn delete_resource(&mut self, name: &str) {
        let Some(at) = self.resources.iter().position(|saved| saved.name == name) else {
            return;
        };
        let id = self.resources.remove(at).id;
        for build in &mut self.builds {
            if let Some(inputs) = &mut build.inputs {
                inputs.retain(|input| input.resource != id);
            }
            build.outputs.retain(|(resource, _)| *resource != id);
        }
    }

    fn delete_job(&mut self, name: &str) {
        let Some(at) = self.jobs.iter().position(|saved| saved.name == name) else {
            return;
        };
        let id = self.jobs.remove(at).id;
        let deleted: BTreeSet<BuildId> = self.builds_of(id).map(|build| build.id).collect();
        self.builds.retain(|build| build.job != id);
        for build in &mut self.builds {
            build.pipes.retain(|from| !deleted.contains(from));
        }
    }

    /// With another source, the resource has no versions until the next check or put
    /// (`db/team.go` `saveResources`, `resetResourcePins`).
    fn save_resource(&mut self, resource: &Resource) {
        let at = self.resources.iter().position(|saved| saved.name == resource.name);
        let at = at.unwrap_or_else(|| {
            self.resources_so_far += 1;
            self.resources.push(SavedResource {
                id: ResourceId(self.resources_so_far),
                name: resource.name.clone(),
                source: resource.source.clone(),
                is_active: true,
                versions: Vec::new(),
                checked_source: None,
                is_found: false,
                pin: None,
                disabled: BTreeSet::new(),
            });
            self.resources.len() - 1
        });
        let saved = &mut self.resources[at];
        saved.is_active = true;
        if saved.source != resource.source {
            saved.source.clone_from(&resource.source);
            saved.is_found = false;
        }
        saved.pin = match resource.version {
            Some(version) => Some(Pin { version, is_in_file: true }),
            None => saved.pin.filter(|pin| !pin.is_in_file),
        };
    }

    /// `serial` and `serial_groups` are a limit of 1. A job with a limit and without groups has a group of its own
    /// (`job_config.go` `MaxInFlight`, `db/team.go` `saveJobsAndSerialGroups`).
    fn save_job(&mut self, job: &Job) {
        let at = self.jobs.iter().position(|saved| saved.name == job.name);
        let at = at.unwrap_or_else(|| {
            self.jobs_so_far += 1;
            self.jobs.push(SavedJob {
                id: JobId(self.jobs_so_far),
                name: job.name.clone(),
                is_active: true,
                is_paused: false,
                inputs: Vec::new(),
                outputs: BTreeMap::new(),
                serial_groups: BTreeSet::new(),
                max_in_flight: 0,
                next: None,
            });
            self.jobs.len() - 1
        });
        let saved = &mut self.jobs[at];
        saved.is_active = true;
        if job.serial || !job.serial_groups.is_empty() {
            saved.max_in_flight = 1;
        } else {
            saved.max_in_flight = job.max_in_flight;
        }
        if !job.serial_groups.is_empty() {
            saved.serial_groups = job.serial_groups.iter().cloned().collect();
        } else if saved.max_in_flight > 0 {
            saved.serial_groups = BTreeSet::from([job.name.clone()]);
        }
    }

    fn save_steps(&mut self, job: &Job) {
        let mut inputs: Vec<JobInput> = job
            .inputs
            .iter()
            .filter_map(|input| {
                Some(JobInput {
                    name: input.name.clone(),
                    resource: self.resource(&input.resource)?,
                    passed: input.passed.iter().filter_map(|name| self.job(name)).collect(),
                    trigger: input.trigger,
                    version: input.version,
                })
            })
            .collect();
        inputs.sort_by(|a, b| a.name.cmp(&b.name));
        let outputs = job
            .outputs
            .iter()
            .filter_map(|output| Some((output.name.clone(), self.resource(&output.resource)?)))
            .collect();
        if let Some(saved) = self.jobs.iter_mut().find(|saved| saved.name == job.name) {
            saved.inputs = inputs;
            saved.outputs = outputs;
        }
    }

    /// Saves what a check of a resource found, the oldest version first.
    ///
    /// If one of the versions is new, all of them go to the end of the list in their order. If none is new, nothing moves
    /// (`db/resource_config_scope.go` `saveVersions`, `incrementCheckOrder`).
    pub fn check(&mut self, resource: ResourceId, versions: &[Version]) {
        let Some(known) = self.found_versions(resource) else {
            return;
        };
        if versions.iter().any(|version| !known.contains(version)) {
            for version in versions {
                known.retain(|other| other != version);
                known.push(*version);
            }
        }
        for build in &mut self.builds {
            if build.kind == Kind::Manual && build.status == Status::Pending {
                build.checked.insert(resource);
            }
        }
    }

    /// The versions of a resource, to add to them. The first check or put with another source forgets what the source before
    /// had; if the source changes back before that, nothing is lost
    /// (`db/resource_config.go` `findOrCreateResourceConfigScope`).
    fn found_versions(&mut self, resource: ResourceId) -> Option<&mut Vec<Version>> {
        let at = self.resources.iter().position(|saved| saved.id == resource)?;
        let saved = &mut self.resources[at];
        if saved.checked_source.as_ref() != Some(&saved.source) {
            saved.checked_source = Some(saved.source.clone());
            saved.versions.clear();
            for build in &mut self.builds {
                build.checked.remove(&resource);
            }
        }
        saved.is_found = true;
        Some(&mut saved.versions)
    }

    /// Pins a resource to a version that was found. Returns whether the version is pinned now: a pin in the file stays
    /// (`db/resource.go` `PinVersion`).
    pub fn pin(&mut self, resource: ResourceId, version: Version) -> bool {
        let is_found = self.versions(resource).contains(&version);
        match self.saved_mut(resource) {
            Some(saved) if is_found && !saved.pin.is_some_and(|pin| pin.is_in_file) => {
                saved.pin = Some(Pin { version, is_in_file: false });
                true
            }
            _ => false,
        }
    }

    /// Removes the pin of a resource (`db/resource.go` `UnpinVersion`).
    pub fn unpin(&mut self, resource: ResourceId) {
        if let Some(saved) = self.saved_mut(resource) {
            saved.pin = None;
        }
    }

    /// Disables a version of a resource (`db/resource.go` `DisableVersion`).
    pub fn disable(&mut self, resource: ResourceId, version: Version) {
        if self.versions(resource).contains(&version)
            && let Some(saved) = self.saved_mut(resource)
        {
            saved.disabled.insert(version);
        }
    }

    /// Enables a version of a resource (`db/resource.go` `EnableVersion`).
    pub fn enable(&mut self, resource: ResourceId, version: Version) {
        if self.versions(resource).contains(&version)
            && let Some(saved) = self.saved_mut(resource)
        {
            saved.disabled.remove(&version);
        }
    }

    /// Pauses or unpauses a job.
    pub fn set_job_paused(&mut self, job: JobId, is_paused: bool) {
        if let Some(saved) = self.saved_job_mut(job) {
            saved.is_paused = is_paused;
        }
    }

    /// Pauses or unpauses the pipeline.
    pub fn set_paused(&mut self, is_paused: bool) {
        self.is_paused = is_paused;
    }

    /// Creates a pending build.
    ///
    /// A rerun of a rerun is a rerun of the original (`db/job.go` `CreateBuild`, `tryRerunBuild`).
    pub fn create(&mut self, job: JobId, kind: Kind) -> BuildId {
        let kind = match kind {
            Kind::Rerun(of) => Kind::Rerun(self.build(of).map_or(of, |build| build.place().0)),
            other => other,
        };
        self.builds_so_far += 1;
        let id = BuildId(self.builds_so_far);
        self.builds.push(Build {
            id,
            job,
            kind,
            status: Status::Pending,
            is_scheduled: false,
            is_aborted: false,
            inputs: None,
            outputs: Vec::new(),
            pipes: BTreeSet::new(),
            offers: Vec::new(),
            checked: BTreeSet::new(),
        });
        id
    }

    /// Saves what the scheduler found for the next build of a job (`db/job.go` `SaveNextInputMapping`).
    pub fn save_next(&mut self, job: JobId, resolution: Resolution) {
        if let Some(saved) = self.saved_job_mut(job) {
            saved.next = Some(resolution);
        }
    }

    /// Gives a pending build its inputs. Returns whether there are inputs for it.
    ///
    /// A rerun copies the inputs and the pipes of its original; another build takes what was saved for the job. When a
    /// version of the original is not in the list of its resource any more, the rerun is aborted
    /// (`db/build.go` `AdoptInputsAndPipes`, `AdoptRerunInputsAndPipes`).
    pub fn adopt_inputs(&mut self, build: BuildId) -> bool {
        let Some(at) = self.position(build) else { return false };
        let (inputs, pipes) = if let Kind::Rerun(of) = self.builds[at].kind {
            let Some(original) = self.build(of) else { return false };
            let Some(inputs) = original.inputs.clone() else { return false };
            let pipes = original.pipes.clone();
            if !inputs.iter().all(|input| self.versions(input.resource).contains(&input.version)) {
                self.abort(build);
                return false;
            }
            (inputs, pipes)
        } else {
            let next = self.saved_job(self.builds[at].job).and_then(|job| job.next.as_ref());
            match next.and_then(Resolution::complete) {
                Some(complete) => complete,
                None => return false,
            }
        };
        self.builds[at].inputs = Some(inputs);
        self.builds[at].pipes = pipes;
        true
    }

    /// Starts a build that has its inputs. Returns whether it runs: an aborted build does not start (`db/build.go` `Start`).
    pub fn start(&mut self, build: BuildId) -> bool {
        let Some(at) = self.position(build) else { return false };
        let build = &mut self.builds[at];
        let starts = build.status == Status::Pending && !build.is_aborted;
        if starts {
            build.status = Status::Started;
            build.checked.clear();
        }
        starts
    }

    /// Aborts a build. A pending build ends when the scheduler runs next, and whoever runs a started build finishes it
    /// (`db/build.go` `MarkAsAborted`).
    pub fn abort(&mut self, build: BuildId) {
        if let Some(at) = self.position(build) {
            self.builds[at].is_aborted = true;
        }
    }

    /// Saves what a put of a build made.
    ///
    /// An unknown version goes to the end of the list, a known version keeps its place (`db/build.go` `SaveOutput`).
    pub fn put(&mut self, build: BuildId, resource: ResourceId, version: Version) {
        let Some(known) = self.found_versions(resource) else { return };
        if !known.contains(&version) {
            known.push(version);
        }
        if let Some(at) = self.position(build) {
            self.builds[at].outputs.push((resource, version));
        }
    }

    /// Ends a build.
    ///
    /// A build that succeeded offers its outputs, then its inputs, by resource. What it offers never changes afterwards
    /// (`db/build.go` `Finish`).
    pub fn finish(&mut self, build: BuildId, status: Status) {
        let Some(at) = self.position(build) else { return };
        let build = &mut self.builds[at];
        build.status = status;
        build.checked.clear();
        if status == Status::Succeeded {
            let inputs = build.inputs.iter().flatten().map(|input| (input.resource, input.version));
            let mut offers: Vec<(ResourceId, Version)> = Vec::new();
            for offer in build.outputs.iter().copied().chain(inputs) {
                if !offers.contains(&offer) {
                    offers.push(offer);
                }
            }
            offers.sort_by_key(|(resource, _)| *resource);
            build.offers = offers;
        }
    }

    /// The resource of that name in the pipeline.
    pub fn resource(&self, name: &str) -> Option<ResourceId> {
        self.resources.iter().find(|saved| saved.is_active && saved.name == name).map(|saved| saved.id)
    }

    /// The name of a resource.
    pub fn resource_name(&self, resource: ResourceId) -> Option<&str> {
        self.saved(resource).map(|saved| saved.name.as_str())
    }

    /// The job of that name in the pipeline.
    pub fn job(&self, name: &str) -> Option<JobId> {
        self.jobs.iter().find(|saved| saved.is_active && saved.name == name).map(|saved| saved.id)
    }

    /// The name of a job.
    pub fn job_name(&self, job: JobId) -> Option<&str> {
        self.saved_job(job).map(|saved| saved.name.as_str())
    }

    /// The jobs of the pipeline.
    pub fn jobs(&self) -> impl Iterator<Item = JobId> + '_ {
        self.jobs.iter().filter(|saved| saved.is_active).map(|saved| saved.id)
    }

    /// The inputs of a job, by name.
    pub fn inputs(&self, job: JobId) -> &[JobInput] {
        self.saved_job(job).map_or(&[], |saved| &saved.inputs)
    }

    /// The resource that a put step of a job writes to.
    pub fn output(&self, job: JobId, step: &str) -> Option<ResourceId> {
        self.saved_job(job)?.outputs.get(step).copied()
    }

    /// The versions of a resource, the oldest first.
    pub fn versions(&self, resource: ResourceId) -> &[Version] {
        match self.saved(resource) {
            Some(saved) if saved.is_found => &saved.versions,
            _ => &[],
        }
    }

    /// Whether a version of a resource is disabled.
    pub fn is_disabled(&self, resource: ResourceId, version: Version) -> bool {
        self.saved(resource).is_some_and(|saved| saved.disabled.contains(&version))
    }

    /// The version that an input is pinned to: by its step, or else by its resource (`db/job.go` `AlgorithmInputs`).
    pub fn pinned(&self, input: &JobInput) -> Option<Version> {
        match input.version {
            VersionChoice::Pinned(version) => Some(version),
            VersionChoice::Latest | VersionChoice::Every => self.saved(input.resource)?.pin.map(|pin| pin.version),
        }
    }

    /// A build.
    pub fn build(&self, id: BuildId) -> Option<&Build> {
        self.position(id).map(|at| &self.builds[at])
    }

    /// The builds of a job, in the order in which they were created.
    pub fn builds_of(&self, job: JobId) -> impl DoubleEndedIterator<Item = &Build> + '_ {
        self.builds.iter().filter(move |build| build.job == job)
    }

    /// Whether the scheduler passes over a job: the job or the pipeline is paused, or the job is not in the file any more
    /// (`db/job_factory.go` `JobsToSchedule`).
    pub(crate) fn is_idle(&self, job: JobId) -> bool {
        self.is_paused || self.saved_job(job).is_none_or(|saved| saved.is_paused || !saved.is_active)
    }

    /// Whether each resource of the job has been checked after the build was created. Resources that are pinned, or were
    /// never checked, do not count (`db/build.go` `ResourcesChecked`).
    pub(crate) fn is_checked(&self, build: &Build) -> bool {
        self.inputs(build.job)
            .iter()
            .filter_map(|input| self.saved(input.resource))
            .all(|saved| saved.pin.is_some() || !saved.is_found || build.checked.contains(&saved.id))
    }

    pub(crate) fn set_scheduled(&mut self, build: BuildId) {
        if let Some(at) = self.position(build) {
            self.builds[at].is_scheduled = true;
        }
    }

    pub(crate) fn saved_job(&self, job: JobId) -> Option<&SavedJob> {
        self.jobs.iter().find(|saved| saved.id == job)
    }

    pub(crate) fn saved_jobs(&self) -> &[SavedJob] {
        &self.jobs
    }

    fn saved_job_mut(&mut self, job: JobId) -> Option<&mut SavedJob> {
        self.jobs.iter_mut().find(|saved| saved.id == job)
    }

    fn saved(&self, resource: ResourceId) -> Option<&SavedResource> {
        self.resources.iter().find(|saved| saved.id == resource)
    }

    fn saved_mut(&mut self, resource: ResourceId) -> Option<&mut SavedResource> {
        self.resources.iter_mut().find(|saved| saved.id == resource)
    }

    fn position(&self, build: BuildId) -> Option<usize> {
        self.builds.binary_search_by_key(&build, |build| build.id).ok()
    }
}

fn check_names(pipeline: &Pipeline) -> Result<(), SetError> {
    for job in &pipeline.jobs {
        let used = job.inputs.iter().map(|input| &input.resource);
        for name in used.chain(job.outputs.iter().map(|output| &output.resource)) {
            if !pipeline.resources.iter().any(|resource| resource.name == *name) {
                return Err(SetError::UnknownResource(name.clone()));
            }
        }
        for name in job.inputs.iter().flat_map(|input| &input.passed) {
            if !pipeline.jobs.iter().any(|other| other.name == *name) {
                return Err(SetError::UnknownJob(name.clone()));
            }
        }
    }
    Ok(())
}
