//! A manifest in the making: the settings of every stage, each said in full.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::concourse::{Core, GetStep, Pipeline, PutStep, Resource, Step};
use crate::flow::{IssueMark, JobFlow, PipelineFlow, Taking, duration};
use crate::manifest::Secret;

use super::graph::{beside, flat, json};
use super::inputs::input;
use super::own::escape;
use super::place::Place;
use super::shape::{GateShape, Shape, StageJobs};
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
}

/// The task that puts approved versions where the newest are, in pipelines of this program.
const CHECKOUT: &str = "checkout-approved";

/// The pins of an approval.
const PINS: &str = "gate/pins/";

impl<'p> Read<'p> {
    pub(super) fn job(&self, index: usize) -> &'p JobFlow<'p> {
        &self.flow.jobs[index]
    }

    /// What a job does itself: its steps but for gets, and for what belongs to gates.
    pub(super) fn body(&self, index: usize) -> Vec<&'p Step> {
        let is_own = |step: &&Step| match &step.core {
            Core::Get(_) => false,
            Core::Put(put) => !self.flow.issues.contains_key(resource_of(put)),
            Core::Task(task) => task.task.as_str() != CHECKOUT,
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

    fn resource(&self, name: &str) -> Option<&'p Resource> {
        self.flow.resources.get(name).copied()
    }

    /// The settings of every stage, chain by chain.
    pub(super) fn stages(
        &self,
        places: &[Vec<Place>],
        deploys: &dyn Fn(&StageJobs) -> Deploys,
        builds: &BTreeMap<String, Deploys>,
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
        for (key, steps) in [("before", &deploys.before), ("after", &deploys.after)] {
            let mut steps: Json = steps.clone().into();
            escape(&mut steps);
            say(key, steps);
        }
        say("issues", self.issues(at));
        say("record", self.record(at).map_or(Json::Null, Json::from));
        say("timeout", deploys.timeout.clone().map_or(Json::Null, Json::from));
        say("attempts", deploys.attempts.map_or(Json::Null, Json::from));
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
        said.extend(code.check_every.as_ref().map(|every| ("check_every".to_owned(), every.as_str().into())));
        let webhook = code.webhook_token.as_ref().filter(|token| Secret::is_reference(token));
        said.extend(webhook.map(|token| ("webhook".to_owned(), token.as_str().into())));
        let built_from_it =
            self.shape.builds.values().any(|job| {
                self.job(*job).takes.iter().any(|taking| taking.resource == at.jobs.code && taking.triggers())
            });
        if self.is_quiet(&at.jobs.code) && !built_from_it {
            said.insert("trigger".to_owned(), false.into());
        }
        said.into()
    }

    /// Is there a job that goes by itself, and not for this resource?
    fn is_quiet(&self, resource: &str) -> bool {
        self.shape.stages().any(|stage| {
            let by_itself = stage.preview.is_some() || stage.gate == GateShape::None;
            let entering = self.job(stage.preview.unwrap_or(stage.deploy));
            let starts = |taking: &Taking<'_>| taking.triggers();
            by_itself
                && entering.takes.iter().any(starts)
                && (entering.takes.iter().any(|taking| taking.resource == resource && !taking.triggers())
                    || stage.code == resource && entering.takes.iter().all(|taking| taking.resource != resource))
        })
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

    fn approval(&self, at: &InChain<'_>) -> Json {
        let Some((watched, put)) = self.gate_of(at) else { return Json::Null };
        let mut said = Map::new();
        let Some(source) = watched.source.as_ref() else { return Json::Null };
        let params = put.params.as_ref().map(json).unwrap_or_default();
        for key in ["closers", "on_existing", "reject_labels"] {
            said.extend(source.get(key).map(|value| (key.to_owned(), json(value))));
        }
        for key in ["expires", "soak"] {
            let seconds = source.get(key).and_then(|value| json(value).as_i64());
            said.extend(seconds.map(|seconds| (key.to_owned(), duration(seconds).into())));
        }
        said.extend(params.get("approve").map(|value| ("approve".to_owned(), value.clone())));
        let deploy = self.job(at.jobs.deploy).job;
        let mut image = None;
        deploy.each_step(&mut |step| {
            if let Core::Task(task) = &step.core
                && task.task.as_str() == CHECKOUT
            {
                let config = task.config.as_ref().and_then(|config| config.image_resource.as_ref());
                image = config.and_then(|image| image.source.as_ref()).map(json);
            }
        });
        said.extend(image.map(|image| ("checkout_image".to_owned(), image)));
        said.into()
    }

    /// The resource that is watched for the gate into a stage, and the put that opens its issue.
    fn gate_of(&self, at: &InChain<'_>) -> Option<(&'p Resource, &'p PutStep)> {
        let opener = match at.jobs.gate {
            GateShape::Preview => at.jobs.preview?,
            GateShape::Issue => at.before?.deploy,
            GateShape::None | GateShape::Manual => return None,
        };
        let put = self.opens(opener)?;
        let id = &self.flow.issues.get(resource_of(put))?.id;
        let gates = self.job(at.jobs.deploy).gates.iter();
        let watched = gates.map(|taking| taking.resource).find(|name| self.flow.issues[name].id == *id)?;
        Some((self.resource(watched)?, put))
    }

    /// The put of a record: of an issue whose closing starts nothing here.
    fn record_of(&self, at: &InChain<'_>) -> Option<&'p PutStep> {
        if at.next.is_some_and(|next| next.gate == GateShape::Issue) {
            return None;
        }
        self.opens(at.jobs.deploy)
    }

    fn record(&self, at: &InChain<'_>) -> Option<&'static str> {
        if at.next.is_some_and(|next| next.gate == GateShape::Issue) {
            return None;
        }
        Some(match self.record_of(at).map(|put| put.params.as_ref().and_then(|params| params.get("state"))) {
            None => "none",
            Some(Some(state)) if *state == "closed".into() => "closed",
            Some(_) => "open",
        })
    }

    /// The hooks of a job, but for what belongs to gates: nothing of this program's language says them.
    pub(super) fn hooks(&self, index: usize) -> Vec<(&'static str, Json)> {
        let job = self.job(index).job;
        let hooks = [
            ("on_success", &job.on_success),
            ("on_failure", &job.on_failure),
            ("on_error", &job.on_error),
            ("on_abort", &job.on_abort),
            ("ensure", &job.ensure),
        ];
        let is_own =
            |step: &&Step| !matches!(&step.core, Core::Put(put) if self.flow.issues.contains_key(resource_of(put)));
        let mut found = Vec::new();
        for (key, hook) in hooks {
            let steps: Vec<&Step> = hook.iter().flat_map(beside).filter(is_own).collect();
            match steps.as_slice() {
                [] => {}
                [only] => found.push((key, json(only))),
                several => {
                    found.push((key, json!({"in_parallel": {"steps": several.iter().map(json).collect::<Vec<_>>()}})))
                }
            }
        }
        found
    }

    fn issues(&self, at: &InChain<'_>) -> Json {
        let gate = self.gate_of(at);
        let record = self.record_of(at).and_then(|put| Some((self.resource(resource_of(put))?, put)));
        let Some((resource, put)) = gate.or(record) else { return Json::Null };
        let mut said = Map::new();
        let text = |key: &str| resource.source.as_ref()?.get(key).map(json);
        for (key, name) in [("repository", "repository"), ("gh_host", "api"), ("bot", "bot")] {
            said.extend(text(key).map(|value| (name.to_owned(), value)));
        }
        let token = text("access_token").filter(|token| token.as_str().is_some_and(Secret::is_reference));
        said.extend(token.map(|token| ("auth".to_owned(), json!({"token": token}))));
        let params = put.params.as_ref().map(json).unwrap_or_default();
        let own = self.own_labels(at);
        let labels: Vec<&String> = at.labels.iter().chain(&own).collect();
        if !labels.is_empty() {
            said.insert("labels".to_owned(), json!(labels));
        }
        if let Some(Json::Array(assignees)) =
            params.get("assignees").filter(|list| !list.as_array().is_none_or(Vec::is_empty))
        {
            said.insert("assignees".to_owned(), assignees.clone().into());
        }
        if let Some((watched, _)) = gate {
            let every = watched.check_every.as_deref().unwrap_or("1m");
            said.insert("check_every".to_owned(), every.into());
            let webhook = watched.webhook_token.as_ref().filter(|token| Secret::is_reference(token));
            said.extend(webhook.map(|token| ("webhook".to_owned(), token.as_str().into())));
        }
        let ours = resource.source.as_ref().is_some_and(|source| source.get("gate").is_some());
        said.insert("resource".to_owned(), if ours { "github-issues" } else { "mitodl" }.into());
        said.into()
    }

    /// The labels that all issues begin with.
    fn common_labels(&self, places: &[Vec<Place>]) -> Vec<String> {
        let puts: Vec<(Vec<String>, String)> = self
            .shape
            .chains
            .iter()
            .zip(places)
            .flat_map(|(chain, places)| {
                chain.iter().enumerate().flat_map(|(index, stage)| {
                    let environment =
                        |at: usize| places.get(at).map(|place| place.environment.to_lowercase()).unwrap_or_default();
                    let of = |job: usize, entered: String| self.opens(job).map(|put| (labels_of(put), entered));
                    [
                        stage.preview.and_then(|job| of(job, environment(index))),
                        of(stage.deploy, environment(index + 1)),
                    ]
                })
            })
            .flatten()
            .collect();
        let Some(((first, entered), rest)) = puts.split_first() else { return Vec::new() };
        if rest.is_empty() || rest.iter().all(|(labels, _)| labels == first) {
            // Which of them is derived is told by what is derived otherwise.
            let derived = [format!("promotion-to-{entered}"), "finalized-deployment".into(), "deployed".into()];
            return first.iter().take_while(|label| !derived.contains(label)).cloned().collect();
        }
        let same = |at: &usize| rest.iter().all(|(labels, _)| labels.get(*at) == first.get(*at));
        (0..first.len()).take_while(same).map(|at| first[at].clone()).collect()
    }

    /// Labels of a gate's issue that are neither common nor the last one.
    fn own_labels(&self, at: &InChain<'_>) -> Vec<String> {
        let Some((_, put)) = self.gate_of(at) else { return Vec::new() };
        let labels = labels_of(put);
        let rest = labels.get(at.labels.len()..).unwrap_or_default();
        rest.iter().take(rest.len().saturating_sub(1)).cloned().collect()
    }

    fn inputs(&self, at: &InChain<'_>, deploys: &Deploys, builds: &BTreeMap<String, Deploys>) -> Map<String, Json> {
        let mut inputs = Map::new();
        let foreign = |job: usize| self.job(job).gates.iter().filter(|taking| !self.is_gate_of_ours(taking));
        let jobs = [at.jobs.preview, Some(at.jobs.deploy)].into_iter().flatten();
        for taking in jobs.flat_map(|job| self.takes(job).chain(foreign(job))) {
            if taking.resource == at.jobs.code || is_need(taking) || inputs.contains_key(taking.resource) {
                continue;
            }
            let Some(resource) = self.resource(taking.resource) else { continue };
            let mut said = input(resource);
            if !self.flow.issues.contains_key(taking.resource) && self.is_quiet(taking.resource) {
                said.insert("trigger".to_owned(), false.into());
            }
            self.params(at, resource, taking.get, &mut said);
            self.pin(at, resource, &mut said);
            let mut env = Map::new();
            for (variable, file) in &deploys.env_files {
                if let Some(file) = file.strip_prefix(&format!("{}/", resource.name)) {
                    env.insert(variable.clone(), file.into());
                } else if file.strip_prefix(PINS) == Some(resource.name.as_str()) {
                    let pin = said.get("pin").and_then(Json::as_str).unwrap_or(usual_pin(resource));
                    env.insert(variable.clone(), pin.into());
                }
            }
            if !env.is_empty() {
                said.insert("env".to_owned(), env.into());
            }
            if let (Some(job), Some(build)) = (self.shape.builds.get(taking.resource), builds.get(taking.resource)) {
                said.insert("build".to_owned(), self.build(*job, &at.jobs.code, build));
            }
            inputs.insert(taking.resource.to_owned(), said.into());
        }
        inputs
    }

    /// The approvals of this program's own that no job here asks for: jobs, and the resource that they wait for.
    pub(super) fn foreign_gates(&self) -> Vec<(usize, &'p str)> {
        let stages = self.shape.stages().flat_map(|stage| [stage.preview, Some(stage.deploy)]).flatten();
        stages
            .flat_map(|job| self.job(job).gates.iter().map(move |taking| (job, taking)))
            .filter(|(_, taking)| matches!(self.flow.issues[taking.resource].id.mark, IssueMark::Gate(_)))
            .filter(|(_, taking)| !self.is_gate_of_ours(taking))
            .map(|(job, taking)| (job, taking.resource))
            .collect()
    }

    /// Does a job of this pipeline open the issue?
    fn is_gate_of_ours(&self, taking: &Taking<'_>) -> bool {
        let id = &self.flow.issues[taking.resource].id;
        self.flow
            .jobs
            .iter()
            .flat_map(|job| &job.opens)
            .any(|put| self.flow.issues.get(resource_of(put)).is_some_and(|issue| issue.id == *id))
    }

    fn params(&self, at: &InChain<'_>, resource: &Resource, get: &GetStep, said: &mut Map<String, Json>) {
        match &get.params {
            Some(params) => {
                let mut params = json(params);
                escape(&mut params);
                said.insert("params".to_owned(), params);
            }
            None if said.contains_key("image") && self.reads_image(at, resource.name.as_str()) => {
                said.insert("params".to_owned(), json!({"skip_download": false}));
            }
            None => {}
        }
    }

    /// Does a step read more of an image than what it is called?
    fn reads_image(&self, at: &InChain<'_>, name: &str) -> bool {
        let steps = [Some(at.jobs.deploy), at.jobs.preview].into_iter().flatten().flat_map(|job| self.body(job));
        let text: String = steps.map(|step| json(step).to_string()).collect();
        let whole = format!("{name}/");
        let small = ["digest", "tag", "repository"];
        text.contains(&format!("\"image\":\"{name}\""))
            || text
                .match_indices(&whole)
                .any(|(at, _)| !small.iter().any(|file| text[at + whole.len()..].starts_with(file)))
    }

    /// Which version an approval names, where the pipeline says so.
    fn pin(&self, at: &InChain<'_>, resource: &Resource, said: &mut Map<String, Json>) {
        let puts = [Some(at.jobs.deploy), at.jobs.preview].into_iter().flatten().filter_map(|job| self.opens(job));
        for put in puts {
            let Some(pins) = put.params.as_ref().and_then(|params| params.get("pins")) else { continue };
            match pins.get(resource.name.as_str()).map(json) {
                None => _ = said.insert("pin".to_owned(), Json::Null),
                Some(Json::String(file)) => {
                    if let Some(file) = file.strip_prefix(&format!("{}/", resource.name)) {
                        said.insert("pin".to_owned(), file.into());
                    }
                }
                Some(_) => {}
            }
        }
    }

    fn build(&self, index: usize, code: &str, build: &Deploys) -> Json {
        let job = self.job(index);
        let mut said = Map::new();
        said.insert("job".to_owned(), literal(job.job.name.as_str()).into());
        let only_code = matches!(job.takes.as_slice(), [only] if only.resource == code);
        if !only_code {
            let mut from = Map::new();
            for taking in &job.takes {
                let Some(resource) = self.resource(taking.resource) else { continue };
                let mut thing = input(resource);
                thing.shift_remove("pin");
                if !taking.triggers() {
                    thing.insert("trigger".to_owned(), false.into());
                }
                if let Some(params) = &taking.get.params {
                    thing.insert("params".to_owned(), json(params));
                }
                let env: Map<String, Json> = build
                    .env_files
                    .iter()
                    .filter_map(|(variable, file)| {
                        Some((variable.clone(), file.strip_prefix(&format!("{}/", resource.name))?.into()))
                    })
                    .collect();
                if !env.is_empty() {
                    thing.insert("env".to_owned(), env.into());
                }
                from.insert(taking.resource.to_owned(), thing.into());
            }
            if from.len() > 1 {
                let is_git = |taking: &&Taking<'_>| {
                    self.resource(taking.resource).is_some_and(|found| found.type_name.as_str() == "git")
                };
                let code = job.takes.iter().rfind(is_git).or(job.takes.last());
                said.extend(code.map(|taking| ("code".to_owned(), taking.resource.into())));
            }
            said.insert("from".to_owned(), from.into());
        }
        said.insert("with".to_owned(), json!({&build.kind: build.options}));
        for (key, steps) in [("before", &build.before), ("after", &build.after)] {
            if !steps.is_empty() {
                let mut steps: Json = steps.clone().into();
                escape(&mut steps);
                said.insert(key.to_owned(), steps);
            }
        }
        said.into()
    }

    fn names(&self, at: &InChain<'_>, place: &Place) -> Json {
        let mut said = Map::new();
        let mut say = |key: &str, text: &str| {
            said.insert(key.to_owned(), literal(text).into());
        };
        say("stack", &place.stack);
        say("code", &at.jobs.code);
        say("deploy", self.job(at.jobs.deploy).job.name.as_str());
        let checks = self.takes(at.jobs.deploy).filter_map(|taking| self.shape.checks.get(taking.resource));
        for check in checks {
            say("check", self.job(*check).job.name.as_str());
        }
        if let Some(preview) = at.jobs.preview {
            let preview = self.job(preview).job;
            say("preview", preview.name.as_str());
            let deploy = self.job(at.jobs.deploy).job;
            if let Some(group) = preview.serial_groups.iter().find(|group| deploy.serial_groups.contains(group)) {
                say("serial_group", group);
            }
            if let Some(put) = self.opens(at.jobs.preview.unwrap_or_default()) {
                say_resource(&mut say, "ready", resource_of(put), "-post");
                self.title(put, "ready_title", &mut say);
            }
        }
        if let Some(put) = self.opens(at.jobs.deploy) {
            self.title(put, "deployed_title", &mut say);
            if at.next.is_some_and(|next| next.gate == GateShape::Issue) {
                say_resource(&mut say, "deployed", resource_of(put), "-post");
            } else {
                say("record", resource_of(put));
                let labels = labels_of(put);
                let rest = labels.get(at.labels.len()..).unwrap_or_default();
                match (rest, at.previewed, at.next.is_none()) {
                    ([final_label], false, true) => say("final_label", final_label),
                    ([.., deployed, final_label], true, true) => {
                        say("deployed_label", deployed);
                        say("final_label", final_label);
                    }
                    ([.., deployed], ..) => say("deployed_label", deployed),
                    ([], ..) => {}
                }
            }
        }
        if let Some((_, put)) = self.gate_of(at) {
            let labels = labels_of(put);
            let label = labels.get(at.labels.len()..).and_then(<[String]>::last);
            say("promotion_label", label.map_or("", String::as_str));
        }
        said.into()
    }

    fn title(&self, put: &PutStep, key: &str, say: &mut dyn FnMut(&str, &str)) {
        let title = put.params.as_ref().and_then(|params| params.get("title")).map(json);
        if let Some(title) = title.as_ref().and_then(Json::as_str) {
            say(key, title);
            return;
        }
        let Some(issue) = self.flow.issues.get(resource_of(put)) else { return };
        if let Some(title) = issue.title() {
            say(key, title);
        } else if let IssueMark::Title(title) = &issue.id.mark {
            say(key, title);
        }
    }
}

/// A stage with what stands before and behind it.
struct InChain<'a> {
    jobs: &'a StageJobs,
    before: Option<&'a StageJobs>,
    next: Option<&'a StageJobs>,
    previewed: bool,
    labels: &'a [String],
    /// Deploy job → project.
    projects: &'a BTreeMap<&'a str, &'a str>,
}

fn say_resource(say: &mut dyn FnMut(&str, &str), key: &str, name: &str, ending: &str) {
    if let Some(stem) = name.strip_suffix(ending) {
        say(key, stem);
    }
}

/// The resource that a put writes.
pub(super) fn resource_of(put: &PutStep) -> &str {
    put.resource.as_ref().unwrap_or(&put.put).as_str()
}

fn labels_of(put: &PutStep) -> Vec<String> {
    let labels = put.params.as_ref().and_then(|params| params.get("labels")).map(json);
    let labels = labels.as_ref().and_then(Json::as_array).into_iter().flatten();
    labels.filter_map(Json::as_str).map(str::to_owned).collect()
}

/// A get that only waits, as this program writes it for `needs`.
pub(super) fn is_need(taking: &Taking<'_>) -> bool {
    taking.get.get.as_str().starts_with("after-") && taking.get.resource.is_some()
}

fn usual_pin(resource: &Resource) -> &'static str {
    match resource.type_name.as_str() {
        "git" => ".git/ref",
        "s3" => "version",
        "github-release" => "tag",
        _ => "digest",
    }
}
