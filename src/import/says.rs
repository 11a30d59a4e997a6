//! What stages say: their issues, with titles and labels, and their names.

use serde_json::{Map, Value as Json, json};

use crate::concourse::{Core, PutStep, Resource, Step};
use crate::flow::IssueMark;
use crate::manifest::Secret;

use super::draft::{InChain, Read, resource_of};
use super::graph::{beside, json};
use super::place::Place;
use super::shape::GateShape;
use super::words::literal;

impl<'p> Read<'p> {
    /// The resource that is watched for the gate into a stage, and the put that opens its issue.
    pub(super) fn gate_of(&self, at: &InChain<'_>) -> Option<(&'p Resource, &'p PutStep)> {
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

    pub(super) fn record(&self, at: &InChain<'_>) -> Option<&'static str> {
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
                    found.push((key, json!({"in_parallel": {"steps": several.iter().map(json).collect::<Vec<_>>()}})));
                }
            }
        }
        found
    }

    pub(super) fn issues(&self, at: &InChain<'_>) -> Json {
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
    pub(super) fn common_labels(&self, places: &[Vec<Place>]) -> Vec<String> {
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

    pub(super) fn names(&self, at: &InChain<'_>, place: &Place) -> Json {
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

fn say_resource(say: &mut dyn FnMut(&str, &str), key: &str, name: &str, ending: &str) {
    if let Some(stem) = name.strip_suffix(ending) {
        say(key, stem);
    }
}

fn labels_of(put: &PutStep) -> Vec<String> {
    let labels = put.params.as_ref().and_then(|params| params.get("labels")).map(json);
    let labels = labels.as_ref().and_then(Json::as_array).into_iter().flatten();
    labels.filter_map(Json::as_str).map(str::to_owned).collect()
}
