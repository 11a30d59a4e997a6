//! When Concourse creates and starts builds: `scheduler/scheduler.go`, `scheduler/buildstarter.go`, `scheduler/build.go`.

use crate::history::{Build, BuildId, History, JobId, Kind, Status};
use crate::resolve::{Resolution, resolve};

/// What one run of the scheduler did for a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// What it found for the inputs before it started builds.
    pub resolution: Resolution,
    /// The builds that it started, in order.
    pub started: Vec<BuildId>,
    /// Whether a build waits for its turn or for a check, so that the scheduler runs again by itself.
    pub waits: bool,
}

/// Runs the scheduler once for a job. None if the job or its pipeline is paused.
///
/// It resolves the inputs, creates a build if some input triggers and no build is pending, and starts pending builds in
/// order, the rerun of an older build first (`scheduler/scheduler.go` `Schedule`, `db/job.go` `EnsurePendingBuildExists`,
/// `GetPendingBuilds`).
///
/// Concourse runs this for a job after each event that can change the result.
pub fn schedule(history: &mut History, job: JobId) -> Option<Pass> {
    if history.is_idle(job) {
        return None;
    }
    let resolution = resolve(history, job);
    let would_trigger = resolution.would_trigger;
    history.save_next(job, resolution.clone());
    if would_trigger && !history.builds_of(job).any(|build| build.status == Status::Pending) {
        history.create(job, Kind::Triggered);
    }
    let mut pass = Pass { resolution, started: Vec::new(), waits: false };
    for id in pending(history, job) {
        match start(history, job, id) {
            Outcome::Started => pass.started.push(id),
            Outcome::Ended => {}
            Outcome::Waits => {
                pass.waits = true;
                break;
            }
            // A rerun without inputs does not hold up others.
            Outcome::NoInputs if is_rerun(history, id) => {}
            Outcome::NoInputs => break,
        }
    }
    Some(pass)
}

fn pending(history: &History, job: JobId) -> Vec<BuildId> {
    let mut builds: Vec<&Build> = history.builds_of(job).filter(|build| build.status == Status::Pending).collect();
    builds.sort_by_key(|build| build.place());
    builds.into_iter().map(|build| build.id).collect()
}

fn is_rerun(history: &History, build: BuildId) -> bool {
    history.build(build).is_some_and(|build| matches!(build.kind, Kind::Rerun(_)))
}

enum Outcome {
    Started,
    Ended,
    Waits,
    NoInputs,
}

/// Starts a pending build if it can (`scheduler/buildstarter.go` `tryStartNextPendingBuild`).
///
/// A manual build waits for checks, then resolves the inputs anew. A triggered build takes what was saved last. A rerun
/// takes the inputs of its original (`scheduler/build.go`). A build that got its turn counts for `max_in_flight` from then on,
/// even while it waits for checks or has no inputs.
fn start(history: &mut History, job: JobId, id: BuildId) -> Outcome {
    let Some(build) = history.build(id) else { return Outcome::Ended };
    if build.is_aborted {
        history.finish(id, Status::Aborted);
        return Outcome::Ended;
    }
    if !build.is_scheduled && !has_turn(history, job, id) {
        return Outcome::Waits;
    }
    let is_manual = build.kind == Kind::Manual;
    let is_checked = history.is_checked(build);
    history.set_scheduled(id);
    if is_manual {
        if !is_checked {
            return Outcome::Waits;
        }
        let resolution = resolve(history, job);
        history.save_next(job, resolution);
    }
    if !history.adopt_inputs(id) {
        return Outcome::NoInputs;
    }
    if history.start(id) {
        Outcome::Started
    } else {
        history.finish(id, Status::Aborted);
        Outcome::Ended
    }
}

/// Whether `max_in_flight` and the serial groups let a build start.
///
/// Fewer builds than the limit may be under way in all jobs that share a group, and the build must be the first of the
/// builds that are pending in these jobs. Jobs that are paused, or had no inputs when they were scheduled last, do not hold
/// up others (`db/job.go` `isMaxInFlightReached`, `getRunningBuildsBySerialGroup`, `getNextPendingBuildBySerialGroup`).
fn has_turn(history: &History, job: JobId, id: BuildId) -> bool {
    let Some(saved) = history.saved_job(job) else { return false };
    if saved.max_in_flight == 0 {
        return true;
    }
    let sharing = history.saved_jobs().iter().filter(|other| !other.serial_groups.is_disjoint(&saved.serial_groups));
    let mut under_way = 0;
    let mut first: Option<&Build> = None;
    for other in sharing {
        let is_ready = !other.is_paused && other.next.as_ref().is_some_and(Resolution::is_resolved);
        for build in history.builds_of(other.id) {
            if build.is_scheduled && !build.status.is_completed() {
                under_way += 1;
            }
            if is_ready && build.status == Status::Pending && first.is_none_or(|first| build.place() < first.place()) {
                first = Some(build);
            }
        }
    }
    under_way < saved.max_in_flight && first.is_some_and(|first| first.id == id)
}
