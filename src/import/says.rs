//! What stages say: their issues, with titles and labels, and their names.

use concourse_pipeline::flow::{IssueMark, duration};
use concourse_pipeline::model::{Core, PutStep, Resource, ResourceName, Step};
use github_issues_resource::contract::GateKey;
use serde_json::{Map, Value as Json, json};

use crate::lower::OTHER_TAB;
use crate::manifest::Secret;

use super::draft::{InChain, Read, resource_of};
use super::graph::{beside, json};
use super::own::escape;
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
        let is_of_gate =
            |step: &Step| matches!(&step.core, Core::Put(put) if self.flow.issues.contains_key(resource_of(put)));
        let is_own = |step: &&Step| !is_of_gate(step) && self.alert(step).is_none();
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
        let formerly = self.formerly(at).map(|places| ("formerly".to_owned(), json!(places)));
        let Some((resource, put)) = gate.or(record) else {
            return formerly.into_iter().collect::<Map<_, _>>().into();
        };
        let mut said = Map::new();
        let text = |key: &str| resource.source.as_ref()?.get(key).map(json);
        for (key, name) in [
            ("repository", "repository"),
            ("gh_host", "api"),
            ("bot", "bot"),
            ("ca_cert", "ca_cert"),
            ("max_comments", "max_comments"),
        ] {
            said.extend(text(key).map(|value| (name.to_owned(), value)));
        }
        for key in ["timeout", "max_wait"] {
            let seconds = text(key).and_then(|value| value.as_i64());
            said.extend(seconds.map(|seconds| (key.to_owned(), duration(seconds).into())));
        }
        let secret = |key: &str| text(key).filter(|value| value.as_str().is_some_and(Secret::is_reference));
        said.extend(secret("signing_key").map(|key| ("signing_key".to_owned(), key)));
        let app = (text("app_id"), text("app_installation_id"), secret("private_ssh_key"));
        if let (Some(id), Some(installation), Some(key)) = app {
            let app = json!({"id": id, "installation": installation, "key": key});
            said.insert("auth".to_owned(), json!({"app": app}));
        } else if let Some(token) = secret("access_token") {
            said.insert("auth".to_owned(), json!({"token": token}));
        }
        said.extend(formerly);
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

    /// What the issues that a stage opens were called before.
    fn formerly(&self, at: &InChain<'_>) -> Option<Vec<String>> {
        let puts = [Some(at.jobs.deploy), at.jobs.preview].into_iter().flatten().filter_map(|job| self.opens(job));
        let mut places: Vec<String> = Vec::new();
        for put in puts {
            let aliases =
                self.resource(resource_of(put)).and_then(|resource| resource.source.as_ref()?.get("gate_aliases"));
            for place in former_places(aliases.map(json).as_ref().and_then(Json::as_array).map_or(&[], Vec::as_slice)) {
                if !places.contains(&place) {
                    places.push(place);
                }
            }
        }
        (!places.is_empty()).then_some(places)
    }

    /// The put by which this program tells of a job in Slack.
    fn alert<'s>(&self, step: &'s Step) -> Option<&'s PutStep> {
        let Core::Try { step } = &step.core else { return None };
        let Core::Put(put) = &step.core else { return None };
        let is_slack = self.resource(resource_of(put))?.type_name.as_str() == "slack-notification";
        (is_slack && put.params.as_ref()?.get("alert_type").is_some()).then_some(put)
    }

    /// Who is told what becomes of the jobs of a stage.
    pub(super) fn notify(&self, at: &InChain<'_>) -> Json {
        let job = self.job(at.jobs.deploy).job;
        let hooks = [
            ("failed", &job.on_failure),
            ("errored", &job.on_error),
            ("aborted", &job.on_abort),
            ("succeeded", &job.on_success),
        ];
        let mut told: Option<&PutStep> = None;
        let mut events: Vec<&str> = Vec::new();
        for (event, hook) in hooks {
            if let Some(put) = hook.iter().flat_map(beside).find_map(|step| self.alert(step)) {
                told = Some(put);
                events.push(event);
            }
        }
        let source = told.and_then(|put| self.resource(resource_of(put))?.source.as_ref());
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
    pub(super) fn tab(&self, at: &InChain<'_>) -> Json {
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
        let hooks = [&self.job(at.jobs.deploy).job.on_failure, &self.job(at.jobs.deploy).job.on_success];
        if let Some(put) = hooks.into_iter().flatten().flat_map(beside).find_map(|step| self.alert(step)) {
            say("alert", resource_of(put));
        }
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

    /// What Concourse is told of the jobs of a stage.
    pub(super) fn job_options(&self, at: &InChain<'_>) -> Json {
        let deploy = self.job(at.jobs.deploy).job;
        let preview = at.jobs.preview.map(|preview| self.job(preview).job);
        let mut said = Map::new();
        if let Some(kept) = &deploy.build_log_retention {
            said.insert("build_log_retention".to_owned(), json(kept));
        }
        let shared = |group: &&String| {
            let others =
                self.pipeline.jobs.iter().filter(|job| job.name != deploy.name && job.serial_groups.contains(group));
            let of_preview = preview.is_some_and(|preview| preview.serial_groups.contains(group));
            { others }.count() > usize::from(of_preview)
        };
        let groups: Vec<String> = deploy.serial_groups.iter().filter(shared).map(|group| literal(group)).collect();
        if !groups.is_empty() {
            said.insert("serial_groups".to_owned(), json!(groups));
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
            said.insert("tags".to_owned(), json!(tags));
        }
        for (key, is_said) in [("public", deploy.public), ("interruptible", deploy.interruptible)] {
            if is_said {
                said.insert(key.to_owned(), true.into());
            }
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

/// The stages that the keys of issues are of, as a manifest says them.
fn former_places(keys: &[Json]) -> Vec<String> {
    let mut places: Vec<String> = Vec::new();
    for key in keys.iter().filter_map(Json::as_str).filter_map(|key| key.parse::<GateKey>().ok()) {
        // A chain without groups is called `-`.
        let place = key.stage().to_string().replacen("/-/", "/", 1);
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

fn labels_of(put: &PutStep) -> Vec<String> {
    let labels = put.params.as_ref().and_then(|params| params.get("labels")).map(json);
    let labels = labels.as_ref().and_then(Json::as_array).into_iter().flatten();
    labels.filter_map(Json::as_str).map(str::to_owned).collect()
}
