//! What only a rendering tells: what the kind and the fleet bring by themselves, and what could not keep its name.

use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::flow::{IssueResource, PipelineFlow};
use concourse_pipeline::model::{Job, JobName, Pipeline};
use serde_json::{Map, Value as Json, json};
use yaml_source::yaml::Node;

use crate::import::explain::expected::Evidence;
use crate::import::read::shape::StageJobs;
use crate::import::read::source::resource_of;
use crate::import::read::steps::json;

use super::attempts::Attempts;
use super::settings::ProposedStage;
use super::templates::literal;

impl Attempts<'_, '_> {
    /// Adds the settings that only a rendering shows. False when there is nothing to add.
    pub(crate) fn adjust(
        &self,
        stages: &mut [Vec<ProposedStage>],
        top: &mut Map<String, Json>,
        rendered: &Pipeline,
    ) -> bool {
        let before = (json!(stages.iter().flatten().map(|stage| &stage.settings).collect::<Vec<_>>()), top.clone());
        for (chain, jobs) in stages.iter_mut().zip(&self.read.shape.chains) {
            for (stage, jobs) in chain.iter_mut().zip(jobs) {
                self.paths(stage, &jobs.code, rendered);
                self.body_files(stage, jobs, rendered);
            }
        }
        self.old_names(top, rendered);
        before != (json!(stages.iter().flatten().map(|stage| &stage.settings).collect::<Vec<_>>()), top.clone())
    }

    fn paths(&self, stage: &mut ProposedStage, code: &str, rendered: &Pipeline) {
        let of = |pipeline: &Pipeline| -> Vec<String> {
            let resource = pipeline.resources.iter().find(|resource| resource.name.as_str() == code);
            let paths = resource.and_then(|resource| resource.source.as_ref()?.get("paths")).map(json);
            let paths = paths.as_ref().and_then(Json::as_array).into_iter().flatten();
            paths.filter_map(Json::as_str).map(str::to_owned).collect()
        };
        let (theirs, ours) = (of(self.read.pipeline), of(rendered));
        let Some(source) = stage.settings.get_mut("source").and_then(Json::as_object_mut) else { return };
        if source.contains_key("paths") {
            return;
        }
        let plain = |path: &str| path.trim_end_matches('/').to_owned();
        let within = |path: &String, all: &[String]| {
            all.iter()
                .any(|other| plain(path) == plain(other) || path.strip_prefix(&format!("{}/", plain(other))).is_some())
        };
        if !ours.iter().all(|path| within(path, &theirs)) && !source.contains_key("common_paths") {
            source.insert("common_paths".to_owned(), json!([]));
            return;
        }
        let rest: Vec<String> = theirs.iter().filter(|path| !within(path, &ours)).map(|path| literal(path)).collect();
        if theirs.is_empty() && !ours.is_empty() {
            source.insert("paths".to_owned(), json!(["."]));
        } else if !rest.is_empty() {
            source.insert("paths".to_owned(), json!(rest));
        }
    }

    fn body_files(&self, stage: &mut ProposedStage, jobs: &StageJobs, rendered: &Pipeline) {
        let files = |pipeline: &Pipeline, name: &JobName| -> Vec<String> {
            let Some(job) = pipeline.jobs.iter().find(|job| job.name == *name) else { return Vec::new() };
            let flow = PipelineFlow::of(pipeline);
            let mut found = Vec::new();
            job.each_step(&mut |step| {
                if let concourse_pipeline::model::Core::Put(put) = &step.core
                    && flow.issues.contains_key(resource_of(put))
                {
                    let files = put.params.as_ref().and_then(|params| params.get("body_files")).map(json);
                    let files = files.as_ref().and_then(Json::as_array).into_iter().flatten();
                    found.extend(files.filter_map(Json::as_str).map(str::to_owned));
                }
            });
            found
        };
        let Some(issues) = stage.settings.get_mut("issues").and_then(Json::as_object_mut) else { return };
        if issues.contains_key("body_files") {
            return;
        }
        // The settings of a stage are those of the issue that lets into it.
        let opener = jobs.preview.unwrap_or(jobs.deploy);
        let name = &self.read.job(opener).job.name;
        let ours = files(rendered, name);
        let more: Vec<String> =
            files(self.read.pipeline, name).into_iter().filter(|file| !ours.contains(file)).collect();
        if !more.is_empty() {
            issues.insert("body_files".to_owned(), json!(more));
        }
    }

    /// What could not keep its name keeps its history.
    pub(crate) fn old_names(&self, top: &mut Map<String, Json>, rendered: &Pipeline) {
        let mut old_names: Map<String, Json> = Map::new();
        let resources = || rendered.resources.iter().map(|resource| resource.name.as_str());
        let is_there = |name: &str| resources().any(|known| known == name);
        let came_out = |name: &str| is_there(name) || rendered.jobs.iter().any(|job| job.name.as_str() == name);
        let jobs = self.read.pipeline.jobs.iter().map(|job| (job.name.as_str(), job.old_name.as_deref()));
        let of_resources = self.read.pipeline.resources.iter();
        let of_resources = of_resources.map(|resource| (resource.name.as_str(), resource.old_name.as_deref()));
        for (new, old) in jobs.chain(of_resources) {
            // The history of what is still there stays with it.
            if let Some(old) = old.filter(|old| came_out(new) && !came_out(old)) {
                old_names.insert(new.to_owned(), old.into());
            }
        }
        for (new, old) in self.renamed {
            if is_there(new) && !is_there(old) {
                old_names.insert(new.clone(), old.as_str().into());
            }
        }
        let flow = PipelineFlow::of(rendered);
        let watched = |flow: &PipelineFlow<'_>, name: &str| {
            flow.jobs.iter().any(|job| job.gates.iter().chain(&job.records).any(|taking| taking.resource == name))
        };
        let sorted: BTreeMap<&str, &IssueResource<'_>> =
            self.read.flow.issues.iter().map(|(name, issue)| (*name, issue)).collect();
        for (old, issue) in sorted {
            if is_there(old) {
                continue;
            }
            let same = flow.issues.iter().find(|(name, other)| {
                other.id == issue.id
                    && watched(&flow, name) == watched(self.read.flow, old)
                    && !self.read.flow.issues.contains_key(*name)
            });
            if let Some((new, _)) = same {
                old_names.insert((*new).to_owned(), (*old).into());
            }
        }
        if !old_names.is_empty() {
            let mut sorted: Vec<(String, Json)> = old_names.into_iter().collect();
            sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
            top.insert("old_names".to_owned(), sorted.into_iter().collect::<Map<_, _>>().into());
        }
    }

    /// Collects what is known of both pipelines, to recognise expected differences.
    pub(crate) fn evidence(&self, rendered: &Pipeline, scripts: BTreeSet<String>) -> Evidence {
        let read = self.read;
        let flow = PipelineFlow::of(rendered);
        let mut direct: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for job in &flow.jobs {
            let passed = job.takes.iter().chain(&job.gates).flat_map(|taking| &taking.get.passed);
            direct.insert(job.job.name.to_string(), passed.map(ToString::to_string).collect());
        }
        let mut ancestors: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for name in direct.keys() {
            let mut all = BTreeSet::new();
            let mut open = vec![name];
            while let Some(next) = open.pop() {
                for before in direct.get(next).into_iter().flatten() {
                    if all.insert(before.clone()) {
                        open.push(before);
                    }
                }
            }
            ancestors.insert(name.clone(), all);
        }
        let env = self.trial.fleet().defaults.at("/env").and_then(Node::as_map);
        let mut used: BTreeSet<String> = BTreeSet::new();
        let setters: BTreeSet<String> = read.setters().map(|job| job.name.to_string()).collect();
        let kept: Vec<&Job> = read.pipeline.jobs.iter().filter(|job| !setters.contains(job.name.as_str())).collect();
        for job in &kept {
            job.each_step(&mut |step| match &step.core {
                concourse_pipeline::model::Core::Get(get) => {
                    used.insert(get.resource.as_ref().unwrap_or(&get.get).to_string());
                }
                concourse_pipeline::model::Core::Put(put) => _ = used.insert(resource_of(put).to_owned()),
                _ => {}
            });
        }
        let unused: BTreeSet<String> = read
            .pipeline
            .resources
            .iter()
            .map(|resource| resource.name.to_string())
            .filter(|name| !used.contains(name))
            .collect();
        let jobs = json(&kept).to_string();
        let types = read.pipeline.resource_types.iter().filter(|found| {
            let of_resource = read
                .pipeline
                .resources
                .iter()
                .any(|resource| resource.type_name == found.name && !unused.contains(resource.name.as_str()));
            let of_type = read
                .pipeline
                .resource_types
                .iter()
                .any(|other| other.type_name == found.name && other.name != found.name);
            !of_resource && !of_type && !jobs.contains(&format!("\"type\":\"{}\"", found.name))
        });
        let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
        for group in read.pipeline.jobs.iter().flat_map(|job| &job.serial_groups) {
            *groups.entry(group).or_default() += 1;
        }
        Evidence {
            lonely: groups.into_iter().filter(|(_, count)| *count == 1).map(|(group, _)| group.to_owned()).collect(),
            code: read.shape.stages().map(|stage| stage.code.clone()).collect(),
            fleet_env: env
                .map(yaml_source::yaml::Map::entries)
                .unwrap_or_default()
                .iter()
                .map(|entry| entry.key.clone())
                .collect(),
            ancestors,
            issues: read.flow.issues.keys().chain(flow.issues.keys()).map(|name| (*name).to_owned()).collect(),
            unused_types: types.map(|found| found.name.to_string()).collect(),
            unused,
            scripts,
            setters,
        }
    }
}
