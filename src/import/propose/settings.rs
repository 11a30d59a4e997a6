//! The settings of every stage, each written in full.

use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::flow::{is_check_of_approval, text};
use concourse_pipeline::model::{Core, JobName, Step};
use serde_json::{Map, Value as Json, json};

use crate::approval;
use crate::import::read::shape::StageJobs;
use crate::import::read::source::{SourcePipeline, is_need};
use crate::import::read::steps::json;
use crate::manifest::Secret;

use super::places::StagePlace;
use super::templates::{escape, literal};

/// The settings of a stage.
#[derive(Clone, Debug)]
pub(crate) struct ProposedStage {
    pub(crate) place: StagePlace,
    pub(crate) settings: Map<String, Json>,
}

/// What deploys a stage, or builds an input, in the words of a manifest.
#[derive(Clone, Debug, Default)]
pub(crate) struct KindUse {
    pub(crate) kind: String,
    pub(crate) options: Map<String, Json>,
    pub(crate) env: Map<String, Json>,
    /// Variables from files: variable → `INPUT/FILE`.
    pub(crate) env_files: Vec<(String, String)>,
    pub(crate) before: Vec<Json>,
    pub(crate) after: Vec<Json>,
    pub(crate) timeout: Option<String>,
    pub(crate) attempts: Option<u64>,
}

/// The jobs of no chain that come along.
pub(crate) type ExtraJobs<'a> = BTreeSet<&'a str>;

/// A stage with what stands before and behind it.
pub(crate) struct StageContext<'a> {
    pub(crate) jobs: &'a StageJobs,
    pub(crate) before: Option<&'a StageJobs>,
    pub(crate) next: Option<&'a StageJobs>,
    pub(crate) previewed: bool,
    pub(crate) labels: &'a [String],
    /// Deploy job → project.
    pub(crate) projects: &'a BTreeMap<&'a str, &'a str>,
    /// The chain.
    pub(crate) chain: &'a [StageJobs],
    pub(crate) extra_jobs: &'a ExtraJobs<'a>,
}

impl SourcePipeline<'_> {
    /// The settings of every stage, chain by chain.
    pub(crate) fn stages(
        &self,
        places: &[Vec<StagePlace>],
        kind_use: &dyn Fn(&StageJobs) -> KindUse,
        builds: &BTreeMap<String, KindUse>,
        extra_jobs: &ExtraJobs<'_>,
    ) -> Vec<Vec<ProposedStage>> {
        let labels = self.common_labels(places);
        let jobs = self.shape.stages().zip(places.iter().flatten());
        let projects: BTreeMap<&str, &str> =
            jobs.map(|(jobs, place)| (self.job(jobs.deploy).job.name.as_str(), place.project.as_str())).collect();
        let mut stages = Vec::new();
        for (chain, places) in self.shape.chains.iter().zip(places) {
            let previewed = chain.iter().any(|stage| stage.preview.is_some());
            let mut found: Vec<ProposedStage> = Vec::new();
            for (index, (jobs, place)) in chain.iter().zip(places).enumerate() {
                let at = StageContext {
                    jobs,
                    before: index.checked_sub(1).map(|index| &chain[index]),
                    next: chain.get(index + 1),
                    previewed,
                    labels: &labels,
                    projects: &projects,
                    chain,
                    extra_jobs,
                };
                found.push(ProposedStage {
                    place: place.clone(),
                    settings: self.settings(&at, place, &kind_use(jobs), builds),
                });
            }
            stages.push(found);
        }
        stages
    }

    fn settings(
        &self,
        at: &StageContext<'_>,
        place: &StagePlace,
        kind_use: &KindUse,
        builds: &BTreeMap<String, KindUse>,
    ) -> Map<String, Json> {
        let mut settings = Map::new();
        let mut set = |key: &str, value: Json| {
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
        set("stack", json!({&kind_use.kind: kind_use.options}));
        set("source", self.source(at));
        set("gate", at.jobs.gate.as_str().into());
        set("needs", self.needs(at));
        set("approval", self.approval(at));
        set("inputs", self.inputs(at, kind_use, builds).into());
        let mut env: Json = kind_use.env.clone().into();
        escape(&mut env);
        set("env", env);
        let before: Vec<Json> = self.verbatim_gets(at).into_iter().chain(kind_use.before.iter().cloned()).collect();
        for (key, steps) in [("before", before), ("after", kind_use.after.clone())] {
            let mut steps: Json = steps.into();
            escape(&mut steps);
            set(key, steps);
        }
        set("issues", self.issues(at));
        set("record", self.record(at).map_or(Json::Null, Json::from));
        set("timeout", kind_use.timeout.clone().map_or(Json::Null, Json::from));
        set("attempts", kind_use.attempts.map_or(Json::Null, Json::from));
        set("job", self.job_options(at));
        set("notify", self.notify(at));
        set("tab", self.tab(at));
        set("names", self.names(at, place));
        settings
    }

    fn source(&self, at: &StageContext<'_>) -> Json {
        let Some(code) = self.resource(&at.jobs.code) else { return Json::Null };
        let mut settings = Map::new();
        let text = |key: &str| code.source.as_ref()?.get(key).map(json).filter(Json::is_string);
        for (key, name) in [("uri", "repository"), ("branch", "branch"), ("private_key", "private_key")] {
            let value =
                text(key).filter(|value| key != "private_key" || value.as_str().is_some_and(Secret::is_reference));
            settings.extend(value.map(|mut value| {
                escape(&mut value);
                (name.to_owned(), value)
            }));
        }
        if settings.contains_key("repository") && text("branch").is_none() {
            settings.insert("branch".to_owned(), Json::Null);
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
            settings.insert("extra".to_owned(), more);
        }
        if self.shape.stages().any(|stage| stage.code != at.jobs.code && self.takes_any(stage, &at.jobs.code)) {
            // Who takes it as something else says what of it is watched.
            settings.extend(code.source.as_ref().and_then(|source| source.get("paths")).map(|paths| {
                let mut paths = json(paths);
                escape(&mut paths);
                ("paths".to_owned(), paths)
            }));
        }
        settings.extend(code.check_every.as_ref().map(|every| ("check_every".to_owned(), every.as_str().into())));
        let webhook = code.webhook_token.as_ref().filter(|token| Secret::is_reference(token));
        settings.extend(webhook.map(|token| ("webhook".to_owned(), token.as_str().into())));
        if self.is_quiet(at.jobs, &at.jobs.code) {
            settings.insert("trigger".to_owned(), false.into());
        }
        self.versions_of_code(at, &mut settings);
        settings.into()
    }

    /// Which versions of the code a stage takes, where the chain alone does not say so.
    fn versions_of_code(&self, at: &StageContext<'_>, settings: &mut Map<String, Json>) {
        if at.jobs.preview.is_some() || !self.flow.issues.is_empty() {
            return;
        }
        let Some(get) = self.code_get(at.jobs) else { return };
        if let Some(params) = &get.params {
            let mut params = json(params);
            escape(&mut params);
            settings.insert("params".to_owned(), params);
        }
        let in_chain: BTreeSet<&str> = at.chain.iter().map(|stage| self.job(stage.deploy).job.name.as_str()).collect();
        let is_newest = at.before.is_some_and(|before| !self.come_after(&get.passed, before.deploy));
        if is_newest {
            settings.insert("newest".to_owned(), true.into());
        }
        let comes_out = |name: &&JobName| {
            let is_stage = self.shape.stages().any(|stage| self.job(stage.deploy).job.name == **name);
            let is_in_chain = !is_newest && in_chain.contains(name.as_str());
            !is_in_chain && (is_stage || at.extra_jobs.contains(name.as_str()))
        };
        let passed: Vec<Json> = get.passed.iter().filter(comes_out).map(|name| literal(name.as_str()).into()).collect();
        if !passed.is_empty() {
            settings.insert("passed".to_owned(), passed.into());
        }
    }

    /// The gets of a stage that a manifest says in Concourse's own words.
    pub(crate) fn verbatim_gets(&self, at: &StageContext<'_>) -> Vec<Json> {
        if at.jobs.preview.is_some() {
            return Vec::new();
        }
        let comes_out = |name: &str| {
            let chain = self.shape.stages().any(|stage| self.job(stage.deploy).job.name.as_str() == name);
            let builds = self.shape.builds.values().any(|job| self.job(*job).job.name.as_str() == name);
            chain || builds || at.extra_jobs.contains(name)
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

    /// The projects whose deployments a stage waits for.
    fn needs(&self, at: &StageContext<'_>) -> Json {
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

    fn approval(&self, at: &StageContext<'_>) -> Json {
        let Some((watched, put)) = self.gate_of(at) else { return Json::Null };
        let Some(source) = watched.source.as_ref() else { return Json::Null };
        let mut settings = approval::settings_of(|key| source.get(key).map(json));
        let params = put.params.as_ref().map(json).unwrap_or_default();
        if at.jobs.preview.is_some_and(|preview| self.stops_unchanged(preview)) {
            settings.insert("unchanged".to_owned(), "stop".into());
        }
        settings.extend(params.get("approve").map(|value| ("approve".to_owned(), value.clone())));
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
        settings.extend(image.map(|image| ("checkout_image".to_owned(), image)));
        if source.get("gate").is_some() && source.get("git").is_none() {
            settings.insert("code".to_owned(), "checkout".into());
        }
        settings.into()
    }
}

/// Has the field of a git resource no word of its own?
fn is_more((key, value): &(&String, &Json)) -> bool {
    let is_default = *key == "fetch_tags" && **value == false;
    !is_default && !matches!(key.as_str(), "uri" | "branch" | "paths" | "private_key")
}

fn owned((key, value): (&String, &Json)) -> (String, Json) {
    (key.clone(), value.clone())
}
