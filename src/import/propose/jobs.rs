//! The jobs of stages: their names, hooks, tabs, notifications and options.

use concourse_pipeline::issues::IssueMark;
use concourse_pipeline::model::{Core, PutStep, ResourceName, Step};
use serde_json::{Map, Value as Json, json};

use crate::import::read::shape::GateShape;
use crate::import::read::source::{SourcePipeline, resource_of};
use crate::import::read::steps::{beside, json};
use crate::lower::OTHER_TAB;
use crate::manifest::Secret;

use super::issues::labels_of;
use super::places::StagePlace;
use super::settings::StageContext;
use super::templates::{escape, literal};

impl SourcePipeline<'_> {
    /// The hooks of a job, but for what belongs to gates: nothing of this program's language says them.
    pub(crate) fn hooks(&self, index: usize) -> Vec<(&'static str, Json)> {
        let is_of_gate =
            |step: &Step| matches!(&step.core, Core::Put(put) if self.flow.issues.contains_key(resource_of(put)));
        let is_own = |step: &&Step| !is_of_gate(step) && self.alert(step).is_none();
        let mut found = Vec::new();
        for (key, hook) in self.job(index).job.hooks() {
            let steps: Vec<&Step> = hook.into_iter().flat_map(beside).filter(is_own).collect();
            match steps.as_slice() {
                [] => {}
                [only] => found.push((key, json(only))),
                several => {
                    found.push((key, json!({"in_parallel": {"steps": several.iter().map(json).collect::<Vec<_>>()}})));
                }
            }
        }
        found
    }

    /// The put by which this program tells of a job in Slack.
    fn alert<'s>(&self, step: &'s Step) -> Option<&'s PutStep> {
        let Core::Try { step } = &step.core else { return None };
        let Core::Put(put) = &step.core else { return None };
        let is_slack = self.resource(resource_of(put))?.type_name.as_str() == "slack-notification";
        (is_slack && put.params.as_ref()?.get("alert_type").is_some()).then_some(put)
    }

    /// Who gets messages about the jobs of a stage.
    pub(crate) fn notify(&self, at: &StageContext<'_>) -> Json {
        let job = self.job(at.jobs.deploy).job;
        let hooks = [
            ("failed", &job.on_failure),
            ("errored", &job.on_error),
            ("aborted", &job.on_abort),
            ("succeeded", &job.on_success),
        ];
        let mut alert: Option<&PutStep> = None;
        let mut events: Vec<&str> = Vec::new();
        for (event, hook) in hooks {
            if let Some(put) = hook.iter().flat_map(beside).find_map(|step| self.alert(step)) {
                alert = Some(put);
                events.push(event);
            }
        }
        let source = alert.and_then(|put| self.resource(resource_of(put))?.source.as_ref());
        let Some(source) = source else { return Json::Null };
        let url = source.get("url").map(json).filter(|url| url.as_str().is_some_and(Secret::is_reference));
        let mut slack = Map::new();
        slack.extend(url.map(|url| ("url".to_owned(), url)));
        slack.extend(source.get("channel").map(|channel| {
            let mut channel = json(channel);
            escape(&mut channel);
            ("channel".to_owned(), channel)
        }));
        slack.insert("events".to_owned(), json!(events));
        json!({"slack": slack})
    }

    /// The tab that the jobs of a stage are on.
    pub(crate) fn tab(&self, at: &StageContext<'_>) -> Json {
        let deploy = self.job(at.jobs.deploy).job.name.as_str();
        let groups: Vec<Json> = self.pipeline.groups.iter().map(json).collect();
        let has = |group: &Json| {
            let jobs = group.get("jobs").and_then(Json::as_array).into_iter().flatten();
            { jobs }.any(|job| job.as_str() == Some(deploy))
        };
        let names = groups.iter().filter(|group| has(group)).filter_map(|group| group.get("name")?.as_str());
        names
            .filter(|name| *name != OTHER_TAB && ResourceName::parse(*name).is_ok())
            .map(literal)
            .next()
            .map_or(Json::Null, Json::from)
    }

    pub(crate) fn names(&self, at: &StageContext<'_>, place: &StagePlace) -> Json {
        let mut settings = Map::new();
        let mut set = |key: &str, text: &str| {
            settings.insert(key.to_owned(), literal(text).into());
        };
        set("stack", &place.stack);
        set("code", &at.jobs.code);
        let hooks = [&self.job(at.jobs.deploy).job.on_failure, &self.job(at.jobs.deploy).job.on_success];
        if let Some(put) = hooks.into_iter().flatten().flat_map(beside).find_map(|step| self.alert(step)) {
            set("alert", resource_of(put));
        }
        set("deploy", self.job(at.jobs.deploy).job.name.as_str());
        let checks = self.takes(at.jobs.deploy).filter_map(|taking| self.shape.checks.get(taking.resource));
        for check in checks {
            set("check", self.job(*check).job.name.as_str());
        }
        if let Some(preview) = at.jobs.preview {
            let preview = self.job(preview).job;
            set("preview", preview.name.as_str());
            let deploy = self.job(at.jobs.deploy).job;
            if let Some(group) = preview.serial_groups.iter().find(|group| deploy.serial_groups.contains(group)) {
                set("serial_group", group);
            }
            if let Some(put) = self.opens(at.jobs.preview.unwrap_or_default()) {
                set_resource(&mut set, "ready", resource_of(put), "-post");
                self.title(put, "ready_title", &mut set);
            }
        }
        if let Some(put) = self.opens(at.jobs.deploy) {
            self.title(put, "deployed_title", &mut set);
            if at.next.is_some_and(|next| next.gate == GateShape::Issue) {
                set_resource(&mut set, "deployed", resource_of(put), "-post");
            } else {
                set("record", resource_of(put));
                let labels = labels_of(put);
                let rest = labels.get(at.labels.len()..).unwrap_or_default();
                match (rest, at.previewed, at.next.is_none()) {
                    ([final_label], false, true) => set("final_label", final_label),
                    ([.., deployed, final_label], true, true) => {
                        set("deployed_label", deployed);
                        set("final_label", final_label);
                    }
                    ([.., deployed], ..) => set("deployed_label", deployed),
                    ([], ..) => {}
                }
            }
        }
        if let Some((_, put)) = self.gate_of(at) {
            let labels = labels_of(put);
            let label = labels.get(at.labels.len()..).and_then(<[String]>::last);
            set("promotion_label", label.map_or("", String::as_str));
        }
        settings.into()
    }

    /// The options of the jobs of a stage.
    pub(crate) fn job_options(&self, at: &StageContext<'_>) -> Json {
        let deploy = self.job(at.jobs.deploy).job;
        let preview = at.jobs.preview.map(|preview| self.job(preview).job);
        let mut settings = Map::new();
        if let Some(kept) = &deploy.build_log_retention {
            settings.insert("build_log_retention".to_owned(), json(kept));
        }
        let shared = |group: &&String| {
            let others =
                self.pipeline.jobs.iter().filter(|job| job.name != deploy.name && job.serial_groups.contains(group));
            let of_preview = preview.is_some_and(|preview| preview.serial_groups.contains(group));
            { others }.count() > usize::from(of_preview)
        };
        let groups: Vec<String> = deploy.serial_groups.iter().filter(shared).map(|group| literal(group)).collect();
        if !groups.is_empty() {
            settings.insert("serial_groups".to_owned(), json!(groups));
        }
        let mut tags: Option<Vec<String>> = None;
        deploy.each_step(&mut |step| {
            if matches!(step.core, Core::Get(_) | Core::Put(_) | Core::Task(_)) {
                match &mut tags {
                    Some(all) => all.retain(|tag| step.tags.contains(tag)),
                    None => tags = Some(step.tags.clone()),
                }
            }
        });
        let tags: Vec<String> = tags.unwrap_or_default().iter().map(|tag| literal(tag)).collect();
        if !tags.is_empty() {
            settings.insert("tags".to_owned(), json!(tags));
        }
        for (key, is_set) in [("public", deploy.public), ("interruptible", deploy.interruptible)] {
            if is_set {
                settings.insert(key.to_owned(), true.into());
            }
        }
        settings.into()
    }

    fn title(&self, put: &PutStep, key: &str, set: &mut dyn FnMut(&str, &str)) {
        let title = put.params.as_ref().and_then(|params| params.get("title")).map(json);
        if let Some(title) = title.as_ref().and_then(Json::as_str) {
            set(key, title);
            return;
        }
        let Some(issue) = self.flow.issues.get(resource_of(put)) else { return };
        if let Some(title) = issue.title() {
            set(key, title);
        } else if let IssueMark::Title(title) = &issue.id.mark {
            set(key, title);
        }
    }
}

fn set_resource(set: &mut dyn FnMut(&str, &str), key: &str, name: &str, ending: &str) {
    if let Some(stem) = name.strip_suffix(ending) {
        set(key, stem);
    }
}
