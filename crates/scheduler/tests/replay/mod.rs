//! Replays a case of `tests/scheduler` and compares each answer with that of Concourse. `tests/scheduler/README.md`
//! describes the format.

use std::collections::{BTreeMap, BTreeSet};

use concourse_scheduler::{
    Build, BuildId, History, Input, Job, JobId, Kind, Output, Pipeline, Resolution, Resource, ResourceId, Status,
    Version, VersionChoice, resolve, schedule, variants,
};
use serde_json::{Map, Value, json};

/// Returns the number of answers that were compared, or where this crate and Concourse differ.
pub(crate) fn compare(case: &Value, judged: &Value) -> Result<usize, String> {
    if let Some(error) = judged["error"].as_str() {
        return Err(format!("Concourse does not take the case: {error}"));
    }
    let mut replay = Replay { steps: list(&judged["steps"]).iter(), ..Replay::default() };
    replay.set(&case["pipeline"])?;
    for (at, event) in list(&case["events"]).iter().enumerate() {
        replay.play(at, event).map_err(|error| format!("event {at} {event}: {error}"))?;
    }
    if let Some(step) = replay.steps.next() {
        return Err(format!("Concourse has one more step: {step}"));
    }
    let jobs: Vec<JobId> = replay.history.jobs().collect();
    for job in &jobs {
        let name = replay.history.job_name(*job).unwrap_or_default().to_owned();
        replay.agree(*job, &judged["jobs"][&name]).map_err(|error| format!("at the end, job {name}: {error}"))?;
    }
    if jobs.len() != judged["jobs"].as_object().map_or(0, Map::len) {
        return Err("Concourse has other jobs".into());
    }
    Ok(replay.compared)
}

#[derive(Default)]
struct Replay<'a> {
    history: History,
    /// The names that events give to builds.
    builds: BTreeMap<String, BuildId>,
    names: BTreeMap<BuildId, String>,
    /// The answers of Concourse that are not compared yet.
    steps: std::slice::Iter<'a, Value>,
    compared: usize,
}

impl<'a> Replay<'a> {
    fn set(&mut self, pipeline: &Value) -> Result<(), String> {
        self.history.set(&read_pipeline(pipeline)?).map_err(|error| error.to_string())
    }

    fn play(&mut self, at: usize, event: &Value) -> Result<(), String> {
        match text(event, "do") {
            "set_pipeline" => self.set(&event["pipeline"])?,
            "check" => {
                let versions = list(&event["versions"]).iter().map(read_version).collect::<Result<Vec<_>, _>>()?;
                let resource = self.resource(event)?;
                self.history.check(resource, &versions);
            }
            "pin" => {
                let (resource, version) = (self.resource(event)?, read_version(&event["version"])?);
                self.history.pin(resource, version);
            }
            "unpin" => {
                let resource = self.resource(event)?;
                self.history.unpin(resource);
            }
            "disable" => {
                let (resource, version) = (self.resource(event)?, read_version(&event["version"])?);
                self.history.disable(resource, version);
            }
            "enable" => {
                let (resource, version) = (self.resource(event)?, read_version(&event["version"])?);
                self.history.enable(resource, version);
            }
            "pause" | "unpause" => {
                let is_paused = text(event, "do") == "pause";
                if event["job"].is_null() {
                    self.history.set_paused(is_paused);
                } else {
                    let job = self.job(event)?;
                    self.history.set_job_paused(job, is_paused);
                }
            }
            "build" => self.build(at, event)?,
            "trigger" => {
                let job = self.job(event)?;
                self.create(event, job, Kind::Manual);
            }
            "rerun" => self.rerun(event)?,
            "finish" => {
                if let Some(build) = self.of(event, |build| build.status == Status::Started)? {
                    self.finish(build, event)?;
                }
            }
            "abort" => {
                if let Some(build) = self.of(event, |build| !build.status.is_completed())? {
                    self.history.abort(build);
                    if self.history.build(build).is_some_and(|build| build.status == Status::Started) {
                        self.history.finish(build, Status::Aborted);
                    }
                }
            }
            "schedule" => self.schedule(at, event)?,
            other => return Err(format!("unknown event {other}")),
        }
        Ok(())
    }

    /// A build that gets its inputs at once, whatever limits the job has.
    fn build(&mut self, at: usize, event: &Value) -> Result<(), String> {
        let job = self.job(event)?;
        if event["inputs"].is_null() {
            let step = self.step(at, event)?;
            let next = self.agree(job, &step["answer"])?;
            if step["built"].as_bool() != Some(next.is_resolved()) {
                return Err("Concourse makes a build, or makes none".into());
            }
            if !next.is_resolved() {
                return Ok(());
            }
            self.history.save_next(job, next);
        } else {
            return Err("a build takes the inputs that Concourse chooses".into());
        }
        let build = self.create(event, job, Kind::Manual);
        if text(event, "status") != "pending" {
            self.history.adopt_inputs(build);
            self.end(build, event)?;
        }
        Ok(())
    }

    fn rerun(&mut self, event: &Value) -> Result<(), String> {
        let Some(of) = self.of(event, |build| build.inputs.is_some())? else { return Ok(()) };
        let Some(job) = self.history.build(of).map(|build| build.job) else { return Ok(()) };
        if !self.history.jobs().any(|other| other == job) {
            return Ok(());
        }
        let build = self.create(event, job, Kind::Rerun(of));
        if !event["of"].is_null() && self.history.adopt_inputs(build) {
            self.end(build, event)?;
        }
        Ok(())
    }

    fn schedule(&mut self, at: usize, event: &Value) -> Result<(), String> {
        let job = self.job(event)?;
        let step = self.step(at, event)?;
        let pass = schedule(&mut self.history, job);
        let builds: Vec<&Build> = self.history.builds_of(job).collect();
        for build in &builds {
            self.names.entry(build.id).or_insert_with(|| format!("#{}", build.id.0));
        }
        let builds: Vec<Value> = builds.into_iter().map(|build| self.describe(build)).collect();
        let ours = json!({ "builds": builds, "waits": pass.is_some_and(|pass| pass.waits) });
        self.compared += 1;
        same(&ours, &step["scheduled"])
    }

    fn describe(&self, build: &Build) -> Value {
        let inputs: Map<String, Value> = build
            .inputs
            .iter()
            .flatten()
            .map(|input| (input.name.clone(), json!(input.version.0.to_string())))
            .collect();
        let status = match build.status {
            Status::Pending => "pending",
            Status::Started => "started",
            Status::Succeeded => "succeeded",
            Status::Failed => "failed",
            Status::Errored => "errored",
            Status::Aborted => "aborted",
        };
        json!({
            "build": self.names[&build.id], "status": status, "scheduled": build.is_scheduled,
            "aborted": build.is_aborted, "inputs": inputs,
        })
    }

    fn create(&mut self, event: &Value, job: JobId, kind: Kind) -> BuildId {
        let build = self.history.create(job, kind);
        let name = event["as"].as_str().map_or_else(|| format!("#{}", build.0), str::to_owned);
        self.names.insert(build, name.clone());
        self.builds.insert(name, build);
        build
    }

    /// Starts a build and, unless the event leaves it running, finishes it.
    fn end(&mut self, build: BuildId, event: &Value) -> Result<(), String> {
        if text(event, "status") == "started" {
            self.history.start(build);
            return Ok(());
        }
        self.finish(build, event)
    }

    fn finish(&mut self, build: BuildId, event: &Value) -> Result<(), String> {
        self.put(build, event)?;
        self.history.finish(build, read_status(event)?);
        Ok(())
    }

    /// Puts of steps that the job no longer has are left out.
    fn put(&mut self, build: BuildId, event: &Value) -> Result<(), String> {
        let outputs: BTreeMap<&String, &Value> = event["outputs"].as_object().into_iter().flatten().collect();
        for (step, version) in outputs {
            let job = self.history.build(build).map(|build| build.job);
            if let Some(resource) = job.and_then(|job| self.history.output(job, step)) {
                self.history.put(build, resource, read_version(version)?);
            }
        }
        Ok(())
    }

    /// The build that an event is about: the named one, or the first one of a job, if it fits.
    fn of(&self, event: &Value, fits: impl Fn(&Build) -> bool) -> Result<Option<BuildId>, String> {
        let found = if let Some(name) = event["of"].as_str() {
            let build = self.builds.get(name).and_then(|build| self.history.build(*build));
            build.filter(|build| fits(build))
        } else {
            let job = self.job(event)?;
            self.history.builds_of(job).find(|build| fits(build))
        };
        Ok(found.map(|build| build.id))
    }

    fn step(&mut self, at: usize, event: &Value) -> Result<&'a Value, String> {
        let step = self.steps.next().ok_or("Concourse has no answer here")?;
        if step["event"].as_u64() != u64::try_from(at).ok() || step["job"] != event["job"] {
            return Err(format!("Concourse answers another question: {step}"));
        }
        Ok(step)
    }

    /// Compares what is next for a job, and returns it: if there are several answers, the one that Concourse gave.
    fn agree(&mut self, job: JobId, judged: &Value) -> Result<Resolution, String> {
        self.compared += 1;
        let pending = self.history.builds_of(job).filter(|build| build.status == Status::Pending).count();
        let mut theirs = judged.clone();
        let others = theirs.as_object_mut().and_then(|answer| answer.remove("variants"));
        if pending > 0 {
            same(&json!(pending), &theirs["pending"])?;
        }
        let ours = variants(&self.history, job);
        for other in list(&others.unwrap_or_default()) {
            if !ours.iter().any(|next| self.answer(next, pending) == *other) {
                return Err(format!("Concourse has one more answer: {other}"));
            }
        }
        if let Some(next) = ours.iter().find(|next| self.answer(next, pending) == theirs) {
            return Ok(next.clone());
        }
        let next = resolve(&self.history, job);
        same(&self.answer(&next, pending), &theirs)?;
        Ok(next)
    }

    fn answer(&self, next: &Resolution, pending: usize) -> Value {
        let inputs: Map<String, Value> = next
            .inputs
            .iter()
            .map(|(name, chosen)| {
                let value = match chosen {
                    Ok(chosen) => {
                        let mut value = json!({
                            "resource": self.history.resource_name(chosen.resource),
                            "version": chosen.version.0.to_string(),
                            "first_occurrence": chosen.first_occurrence,
                        });
                        let mut passed: Vec<&String> =
                            chosen.passed_builds.iter().map(|build| &self.names[build]).collect();
                        passed.sort();
                        if !passed.is_empty() {
                            value["passed_builds"] = json!(passed);
                        }
                        value
                    }
                    Err(failure) => json!({ "error": failure.to_string() }),
                };
                (name.clone(), value)
            })
            .collect();
        let mut answer = json!({
            "inputs": inputs, "resolved": next.is_resolved(), "has_next": next.has_next,
            "would_trigger": next.would_trigger,
        });
        if pending > 0 {
            answer["pending"] = json!(pending);
        }
        answer
    }

    fn job(&self, event: &Value) -> Result<JobId, String> {
        let name = text(event, "job");
        self.history.job(name).ok_or_else(|| format!("no job {name}"))
    }

    fn resource(&self, event: &Value) -> Result<ResourceId, String> {
        let name = text(event, "resource");
        self.history.resource(name).ok_or_else(|| format!("no resource {name}"))
    }
}

fn same(ours: &Value, theirs: &Value) -> Result<(), String> {
    if ours == theirs { Ok(()) } else { Err(format!("\n  this crate: {ours}\n  Concourse:  {theirs}")) }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn read_version(version: &Value) -> Result<Version, String> {
    let number = version.as_str().and_then(|text| text.parse().ok());
    number.map(Version).ok_or_else(|| format!("not a version: {version}"))
}

fn read_status(event: &Value) -> Result<Status, String> {
    match text(event, "status") {
        "" | "succeeded" => Ok(Status::Succeeded),
        "failed" => Ok(Status::Failed),
        "errored" => Ok(Status::Errored),
        "aborted" => Ok(Status::Aborted),
        other => Err(format!("not a status: {other}")),
    }
}

/// Reads a pipeline of Concourse, as far as the cases use it.
fn read_pipeline(pipeline: &Value) -> Result<Pipeline, String> {
    let mut read = Pipeline::default();
    for resource in list(&pipeline["resources"]) {
        let version = &resource["version"];
        read.resources.push(Resource {
            name: text(resource, "name").into(),
            old_name: resource["old_name"].as_str().map(str::to_owned),
            source: format!("{} {}", resource["type"], resource["source"]),
            version: if version.is_null() { None } else { Some(read_version(&version["v"])?) },
        });
    }
    for job in list(&pipeline["jobs"]) {
        let mut read_job = Job {
            name: text(job, "name").into(),
            old_name: job["old_name"].as_str().map(str::to_owned),
            serial: job["serial"] == true,
            serial_groups: strings(&job["serial_groups"]),
            max_in_flight: job["max_in_flight"].as_u64().and_then(|limit| limit.try_into().ok()).unwrap_or(0),
            ..Job::default()
        };
        read_steps(&job["plan"], &mut read_job)?;
        for hook in HOOKS {
            read_step_or_nothing(&job[hook], &mut read_job)?;
        }
        read.jobs.push(read_job);
    }
    Ok(read)
}

const HOOKS: [&str; 5] = ["on_success", "on_failure", "on_error", "on_abort", "ensure"];

fn read_steps(steps: &Value, job: &mut Job) -> Result<(), String> {
    list(steps).iter().try_for_each(|step| read_step(step, job))
}

fn read_step(step: &Value, job: &mut Job) -> Result<(), String> {
    let resource = |kind: &str| step["resource"].as_str().unwrap_or(text(step, kind)).to_owned();
    if step["get"].is_string() {
        job.inputs.push(Input {
            name: text(step, "get").into(),
            resource: resource("get"),
            passed: strings(&step["passed"]),
            trigger: step["trigger"] == true,
            version: match &step["version"] {
                Value::Null => VersionChoice::Latest,
                Value::String(word) if word == "latest" => VersionChoice::Latest,
                Value::String(word) if word == "every" => VersionChoice::Every,
                pin => VersionChoice::Pinned(read_version(&pin["v"])?),
            },
        });
    }
    if step["put"].is_string() {
        job.outputs.push(Output { name: text(step, "put").into(), resource: resource("put") });
    }
    read_steps(&step["do"], job)?;
    read_steps(&step["in_parallel"], job)?;
    read_step_or_nothing(&step["try"], job)?;
    HOOKS.iter().try_for_each(|hook| read_step_or_nothing(&step[hook], job))
}

fn read_step_or_nothing(step: &Value, job: &mut Job) -> Result<(), String> {
    if step.is_object() { read_step(step, job) } else { Ok(()) }
}

fn strings(value: &Value) -> Vec<String> {
    let unique: BTreeSet<&str> = list(value).iter().filter_map(Value::as_str).collect();
    unique.into_iter().map(str::to_owned).collect()
}
