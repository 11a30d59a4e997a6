//! A manifest in the making: the settings of every stage, each said in full.

use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::flow::{JobFlow, PipelineFlow, Taking, duration, is_check_of_approval, text};
use concourse_pipeline::model::{Core, GetStep, Job, JobName, Pipeline, PutStep, Resource, Step};
use serde_json::{Map, Value as Json, json};

use crate::manifest::Secret;

use super::graph::{flat, json};
use super::own::escape;
use super::place::Place;
use super::shape::{GateShape, Shape, StageJobs, sets_pipelines};
use super::words::literal;

/// The settings of a stage.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    pub(super) place: Place,
    pub(super) settings: Map<String, Json>,
}

/// What deploys a stage, or builds an input, in the words of a manifest.
#[derive(Clone, Debug, Default)]
pub(super) struct Deploys {
    pub(super) kind: String,
    pub(super) options: Map<String, Json>,
    pub(super) env: Map<String, Json>,
    /// Variables from files: variable → `INPUT/FILE`.
    pub(super) env_files: Vec<(String, String)>,
    pub(super) before: Vec<Json>,
    pub(super) after: Vec<Json>,
    pub(super) timeout: Option<String>,
    pub(super) attempts: Option<u64>,
}

/// The pipeline that is read, and what it was taken for.
pub(super) struct Read<'p> {
    pub(super) pipeline: &'p Pipeline,
    pub(super) flow: &'p PipelineFlow<'p>,
    pub(super) shape: &'p Shape,
    /// Resources that stages take in Concourse's own words: no input is taken so.
    pub(super) verbatim: BTreeSet<String>,
}

/// The jobs of no chain that come along.
pub(super) type Along<'a> = BTreeSet<&'a str>;

/// The input whose approved version a file holds, if it is a pin of an approval.
pub(super) fn pinned(file: &str) -> Option<&str> {
    file.strip_prefix("gate/pins/").or_else(|| Some(file.split_once("/.git/approval/pins/")?.1))
}

impl<'p> Read<'p> {
    pub(super) fn job(&self, index: usize) -> &'p JobFlow<'p> {
        &self.flow.jobs[index]
    }

    /// The jobs that set pipelines.
    pub(super) fn sets(&self) -> impl Iterator<Item = &'p Job> {
        self.pipeline.jobs.iter().filter(|job| sets_pipelines(job))
    }

    /// What a job does itself: its steps but for gets, and for what belongs to gates.
    pub(super) fn body(&self, index: usize) -> Vec<&'p Step> {
        let is_own = |step: &&Step| match &step.core {
            Core::Get(_) => false,
            Core::Put(put) => !self.flow.issues.contains_key(resource_of(put)),
            Core::Task(task) => !is_check_of_approval(task),
            _ => true,
        };
        flat(&self.job(index).job.plan).into_iter().filter(is_own).collect()
    }

    /// What a job fetches for itself, issues apart: gets within other steps belong to those.
    pub(super) fn takes(&self, index: usize) -> impl Iterator<Item = &'p Taking<'p>> + use<'p> {
        let job = self.job(index);
        let plan: Vec<&GetStep> = flat(&job.job.plan)
            .into_iter()
            .filter_map(|step| if let Core::Get(get) = &step.core { Some(get) } else { None })
            .collect();
        job.takes.iter().filter(move |taking| plan.iter().any(|get| std::ptr::eq(*get, taking.get)))
    }

    /// The put that opens the issue of a job.
    pub(super) fn opens(&self, index: usize) -> Option<&'p PutStep> {
        self.job(index).opens.first().copied()
    }

    pub(super) fn resource(&self, name: &str) -> Option<&'p Resource> {
        self.flow.resources.get(name).copied()
    }

    /// The settings of every stage, chain by chain.
    pub(super) fn stages(
        &self,
        places: &[Vec<Place>],
        deploys: &dyn Fn(&StageJobs) -> Deploys,
        builds: &BTreeMap<String, Deploys>,
        along: &Along<'_>,
    ) -> Vec<Vec<Stage>> {
        let labels = self.common_labels(places);
        let jobs = self.shape.stages().zip(places.iter().flatten());
        let projects: BTreeMap<&str, &str> =
            jobs.map(|(jobs, place)| (self.job(jobs.deploy).job.name.as_str(), place.project.as_str())).collect();
        let mut stages = Vec::new();
        for (chain, places) in self.shape.chains.iter().zip(places) {
            let previewed = chain.iter().any(|stage| stage.preview.is_some());
            let mut found: Vec<Stage> = Vec::new();
            for (index, (jobs, place)) in chain.iter().zip(places).enumerate() {
                let at = InChain {
                    jobs,
                    before: index.checked_sub(1).map(|index| &chain[index]),
                    next: chain.get(index + 1),
                    previewed,
                    labels: &labels,
                    projects: &projects,
                    chain,
                    along,
                };
                found.push(Stage { place: place.clone(), settings: self.settings(&at, place, &deploys(jobs), builds) });
            }
            stages.push(found);
        }
        stages
    }

    fn settings(
        &self,
        at: &InChain<'_>,
        place: &Place,
        deploys: &Deploys,
        builds: &BTreeMap<String, Deploys>,
    ) -> Map<String, Json> {
        let mut settings = Map::new();
        let mut say = |key: &str, value: Json| {
            let empty = match &value {
                Json::Null => true,
                Json::Array(items) => items.is_empty(),
                Json::Object(map) => map.is_empty(),
                _ => false,
            };
            if !empty {
                settings.insert(key.to_owned(), value);
            }
        };
        say("stack", json!({&deploys.kind: deploys.options}));
        say("source", self.source(at));
        say("gate", at.jobs.gate.as_str().into());
        say("needs", self.needs(at));
        say("approval", self.approval(at));
        say("inputs", self.inputs(at, deploys, builds).into());
        let mut env: Json = deploys.env.clone().into();
        escape(&mut env);
        say("env", env);
        let before: Vec<Json> = self.verbatim_gets(at).into_iter().chain(deploys.before.iter().cloned()).collect();
        for (key, steps) in [("before", before), ("after", deploys.after.clone())] {
            let mut steps: Json = steps.into();
            escape(&mut steps);
            say(key, steps);
        }
        say("issues", self.issues(at));
        say("record", self.record(at).map_or(Json::Null, Json::from));
        say("timeout", deploys.timeout.clone().map_or(Json::Null, Json::from));
        say("attempts", deploys.attempts.map_or(Json::Null, Json::from));
        say("job", self.job_options(at));
        say("notify", self.notify(at));
        say("tab", self.tab(at));
        say("names", self.names(at, place));
        settings
    }

    fn source(&self, at: &InChain<'_>) -> Json {
        let Some(code) = self.resource(&at.jobs.code) else { return Json::Null };
        let mut said = Map::new();
        let text = |key: &str| code.source.as_ref()?.get(key).map(json).filter(Json::is_string);
        for (key, name) in [("uri", "repository"), ("branch", "branch"), ("private_key", "private_key")] {
            let value =
                text(key).filter(|value| key != "private_key" || value.as_str().is_some_and(Secret::is_reference));
            said.extend(value.map(|mut value| {
                escape(&mut value);
                (name.to_owned(), value)
            }));
        }
        if said.contains_key("repository") && text("branch").is_none() {
            said.insert("branch".to_owned(), Json::Null);
        }
        let more: Map<String, Json> = code
            .source
            .as_ref()
            .map(json)
            .and_then(|source| Some(source.as_object()?.iter().filter(is_more).map(owned).collect()))
            .unwrap_or_default();
        if !more.is_empty() {
            let mut more: Json = more.into();
            escape(&mut more);
            said.insert("extra".to_owned(), more);
        }
        if self.shape.stages().any(|stage| stage.code != at.jobs.code && self.takes_any(stage, &at.jobs.code)) {
            // Who takes it as something else says what of it is watched.
            said.extend(code.source.as_ref().and_then(|source| source.get("paths")).map(|paths| {
                let mut paths = json(paths);
                escape(&mut paths);
                ("paths".to_owned(), paths)
            }));
        }
        said.extend(code.check_every.as_ref().map(|every| ("check_every".to_owned(), every.as_str().into())));
        let webhook = code.webhook_token.as_ref().filter(|token| Secret::is_reference(token));
        said.extend(webhook.map(|token| ("webhook".to_owned(), token.as_str().into())));
        if self.is_quiet(at.jobs, &at.jobs.code) {
            said.insert("trigger".to_owned(), false.into());
        }
        self.versions_of_code(at, &mut said);
        said.into()
    }

    /// Which versions of the code a stage takes, where the chain alone does not say so.
    fn versions_of_code(&self, at: &InChain<'_>, said: &mut Map<String, Json>) {
        if at.jobs.preview.is_some() || !self.flow.issues.is_empty() {
            return;
        }
        let Some(get) = self.code_get(at.jobs) else { return };
        if let Some(params) = &get.params {
            let mut params = json(params);
            escape(&mut params);
            said.insert("params".to_owned(), params);
        }
        let in_chain: BTreeSet<&str> = at.chain.iter().map(|stage| self.job(stage.deploy).job.name.as_str()).collect();
        let is_newest = at.before.is_some_and(|before| !self.come_after(&get.passed, before.deploy));
        if is_newest {
            said.insert("newest".to_owned(), true.into());
        }
        let comes_out = |name: &&JobName| {
            let is_stage = self.shape.stages().any(|stage| self.job(stage.deploy).job.name == **name);
            let is_said = !is_newest && in_chain.contains(name.as_str());
            !is_said && (is_stage || at.along.contains(name.as_str()))
        };
        let passed: Vec<Json> = get.passed.iter().filter(comes_out).map(|name| literal(name.as_str()).into()).collect();
        if !passed.is_empty() {
            said.insert("passed".to_owned(), passed.into());
        }
    }

    /// Is a job among these, or one of those whose versions they took?
    fn come_after(&self, names: &[JobName], job: usize) -> bool {
        let of = |name: &JobName| self.flow.jobs.iter().position(|job| job.job.name == *name);
        let mut open: Vec<usize> = names.iter().filter_map(of).collect();
        let mut seen = BTreeSet::new();
        while let Some(next) = open.pop() {
            if next == job {
                return true;
            }
            if seen.insert(next) {
                open.extend(self.job(next).takes.iter().flat_map(|taking| &taking.get.passed).filter_map(of));
            }
        }
        false
    }

    /// Does a stage take a resource, however it does?
    fn takes_any(&self, stage: &StageJobs, resource: &str) -> bool {
        let jobs = [Some(stage.deploy), stage.preview].into_iter().flatten();
        { jobs }.any(|job| self.takes(job).any(|taking| taking.resource == resource))
    }

    /// The get by which a stage takes its code under the code's own name.
    pub(super) fn code_get(&self, stage: &StageJobs) -> Option<&'p GetStep> {
        let mut takes = self.takes(stage.deploy);
        takes
            .find(|taking| taking.resource == stage.code && taking.get.get.as_str() == stage.code)
            .map(|taking| taking.get)
    }

    /// The gets of a stage that a manifest says in Concourse's own words.
    pub(super) fn verbatim_gets(&self, at: &InChain<'_>) -> Vec<Json> {
        if at.jobs.preview.is_some() {
            return Vec::new();
        }
        let comes_out = |name: &str| {
            let chain = self.shape.stages().any(|stage| self.job(stage.deploy).job.name.as_str() == name);
            let builds = self.shape.builds.values().any(|job| self.job(*job).job.name.as_str() == name);
            chain || builds || at.along.contains(name)
        };
        let gets = self.takes(at.jobs.deploy).filter(|taking| self.is_verbatim(at.jobs, taking));
        gets.map(|taking| {
            let mut get = taking.get.clone();
            get.passed.retain(|name| comes_out(name.as_str()));
            let step = self.step_of(at.jobs.deploy, taking).cloned();
            json(&Step { core: Core::Get(get.clone()), ..step.unwrap_or_else(|| Core::Get(get).into()) })
        })
        .collect()
    }

    /// The step of a get, which may say more than the get itself.
    fn step_of(&self, job: usize, taking: &Taking<'p>) -> Option<&'p Step> {
        let steps = flat(&self.job(job).job.plan);
        { steps }.into_iter().find(|step| matches!(&step.core, Core::Get(get) if std::ptr::eq(get, taking.get)))
    }

    /// Does a step say more of a get than which version it takes? Workers that all steps of a job have are those of the job.
    fn says_more(&self, job: usize, taking: &Taking<'p>) -> bool {
        let Some(step) = self.step_of(job, taking) else { return false };
        let mut of_all = true;
        self.job(job).job.each_step(&mut |other| {
            let has_tags = matches!(other.core, Core::Get(_) | Core::Put(_) | Core::Task(_));
            of_all &= !has_tags || other.tags == step.tags;
        });
        let bare = Step { tags: step.tags.clone(), ..Step::from(step.core.clone()) };
        *step != bare || !of_all && !step.tags.is_empty()
    }

    /// Is a get said in Concourse's own words?
    pub(super) fn is_verbatim(&self, stage: &StageJobs, taking: &Taking<'p>) -> bool {
        if !self.flow.issues.is_empty() || stage.preview.is_some() {
            return false;
        }
        if taking.resource == stage.code {
            return self.code_get(stage).is_none_or(|get| !std::ptr::eq(get, taking.get));
        }
        self.verbatim.contains(taking.resource)
    }

    /// Finds what is taken as no input is: under another name, at its newest in every stage, past a job that is no stage.
    pub(super) fn find_verbatim(&mut self) {
        if !self.flow.issues.is_empty() {
            return;
        }
        let codes: BTreeSet<&str> = self.shape.stages().map(|stage| stage.code.as_str()).collect();
        let mut found: BTreeSet<String> = BTreeSet::new();
        for chain in &self.shape.chains {
            let mut before: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for stage in chain {
                let name = self.job(stage.deploy).job.name.as_str();
                let mut taken: BTreeSet<&str> = BTreeSet::new();
                for taking in self.takes(stage.deploy).filter(|taking| taking.resource != stage.code) {
                    let resource = taking.resource;
                    let stages = before.get(resource).map_or(&[][..], Vec::as_slice);
                    let passed: Vec<&str> = taking.get.passed.iter().map(JobName::as_str).collect();
                    let build = self.shape.builds.get(resource).map(|job| self.job(*job).job.name.as_str());
                    let from_build = self
                        .shape
                        .builds
                        .values()
                        .any(|job| self.job(*job).takes.iter().any(|taking| taking.resource == resource));
                    let expected = stages.last().copied().or(build);
                    let is_expected = from_build
                        || match expected {
                            Some(expected) => {
                                passed.contains(&expected)
                                    && passed
                                        .iter()
                                        .all(|job| *job == expected || stages.contains(job) || Some(*job) == build)
                            }
                            None => passed.is_empty(),
                        };
                    let is_put = self.shape.stages().any(|stage| self.job(stage.deploy).makes.contains(&resource));
                    if codes.contains(resource)
                        || taking.get.get.as_str() != resource
                        || taking.get.version.is_some()
                        || !taken.insert(resource)
                        || !is_expected
                        || self.says_more(stage.deploy, taking)
                        || is_put
                    {
                        found.insert(resource.to_owned());
                    }
                    before.entry(resource).or_default().push(name);
                }
            }
        }
        self.verbatim = found;
    }

    /// Does the stage go by itself, and not for this resource?
    pub(super) fn is_quiet(&self, stage: &StageJobs, resource: &str) -> bool {
        let by_itself = stage.preview.is_some() || stage.gate == GateShape::None;
        let entering = self.job(stage.preview.unwrap_or(stage.deploy));
        let brings_code = |taking: &Taking<'_>| self.flow.issues[taking.resource].code().is_some();
        let mut takes = entering.takes.iter().filter(|taking| taking.resource == resource);
        by_itself
            && !entering.gates.iter().any(brings_code)
            && entering.takes.iter().any(Taking::triggers)
            && !takes.any(|taking| {
                taking.triggers()
                    && (resource != stage.code || taking.get.get.as_str() == resource || !self.flow.issues.is_empty())
            })
    }

    /// Does a stage go by itself, and not for the code that it shares with a build?
    pub(super) fn is_quiet_code(&self, code: &str) -> bool {
        self.shape.stages().any(|stage| stage.code == code && self.is_quiet(stage, code))
    }

    /// The projects whose deployments a stage waits for.
    fn needs(&self, at: &InChain<'_>) -> Json {
        let waits = self.job(at.jobs.deploy).takes.iter().filter(|taking| is_need(taking));
        let mut needs: Vec<&str> = Vec::new();
        for project in waits.flat_map(|taking| &taking.get.passed).filter_map(|job| at.projects.get(job.as_str())) {
            if !needs.contains(project) {
                needs.push(project);
            }
        }
        json!(needs)
    }

    /// Whether a preview that finds nothing to change closes its issue, and records nothing.
    fn stops_unchanged(&self, preview: usize) -> bool {
        let has = |key: &str| {
            let params = self.job(preview).opens.iter().filter_map(|put| put.params.as_ref());
            params.filter(|params| text(params, "action").is_some()).any(|params| params.get(key).is_some())
        };
        has("close_if_file") && !has("unchanged_if_file")
    }

    fn approval(&self, at: &InChain<'_>) -> Json {
        let Some((watched, put)) = self.gate_of(at) else { return Json::Null };
        let mut said = Map::new();
        let Some(source) = watched.source.as_ref() else { return Json::Null };
        let params = put.params.as_ref().map(json).unwrap_or_default();
        for key in ["allow_commit_close", "closers", "not_before", "on_existing", "reject_labels"] {
            said.extend(source.get(key).map(|value| (key.to_owned(), json(value))));
        }
        for key in ["expires", "soak"] {
            let seconds = source.get(key).and_then(|value| json(value).as_i64());
            said.extend(seconds.map(|seconds| (key.to_owned(), duration(seconds).into())));
        }
        if at.jobs.preview.is_some_and(|preview| self.stops_unchanged(preview)) {
            said.insert("unchanged".to_owned(), "stop".into());
        }
        said.extend(params.get("approve").map(|value| ("approve".to_owned(), value.clone())));
        let deploy = self.job(at.jobs.deploy).job;
        let mut image = None;
        deploy.each_step(&mut |step| {
            if let Core::Task(task) = &step.core
                && is_check_of_approval(task)
            {
                let config = task.config.as_ref().and_then(|config| config.image_resource.as_ref());
                image = config.and_then(|image| image.source.as_ref()).map(json);
            }
        });
        said.extend(image.map(|image| ("checkout_image".to_owned(), image)));
        if source.get("gate").is_some() && source.get("git").is_none() {
            said.insert("code".to_owned(), "checkout".into());
        }
        said.into()
    }
}

/// A stage with what stands before and behind it.
pub(super) struct InChain<'a> {
    pub(super) jobs: &'a StageJobs,
    pub(super) before: Option<&'a StageJobs>,
    pub(super) next: Option<&'a StageJobs>,
    pub(super) previewed: bool,
    pub(super) labels: &'a [String],
    /// Deploy job → project.
    pub(super) projects: &'a BTreeMap<&'a str, &'a str>,
    /// The chain.
    pub(super) chain: &'a [StageJobs],
    pub(super) along: &'a Along<'a>,
}

/// Has the field of a git resource no word of its own?
fn is_more((key, value): &(&String, &Json)) -> bool {
    let is_default = *key == "fetch_tags" && **value == false;
    !is_default && !matches!(key.as_str(), "uri" | "branch" | "paths" | "private_key")
}

fn owned((key, value): (&String, &Json)) -> (String, Json) {
    (key.clone(), value.clone())
}

/// The resource that a put writes.
pub(super) fn resource_of(put: &PutStep) -> &str {
    put.resource.as_ref().unwrap_or(&put.put).as_str()
}

/// A get that only waits, as this program writes it for `needs`.
pub(super) fn is_need(taking: &Taking<'_>) -> bool {
    taking.get.get.as_str().starts_with("after-") && taking.get.resource.is_some()
}

/// The file that names the version of a resource of these types.
pub(super) fn usual_pin(resource: &Resource) -> &'static str {
    match resource.type_name.as_str() {
        "git" => commit_file(resource),
        "s3" => "version",
        "github-release" => "tag",
        _ => "digest",
    }
}

/// The file that names the commit of a clone. Under a filter of tags `.git/ref` names the tag.
pub(super) fn commit_file(resource: &Resource) -> &'static str {
    let filters_tags = resource.source.as_ref().is_some_and(|source| source.get("tag_filter").is_some());
    if filters_tags { ".git/HEAD" } else { ".git/ref" }
}
