//! The issues of stages: which resource has them, their labels, and how the resource reaches GitHub.

use concourse_pipeline::flow::duration;
use concourse_pipeline::model::{PutStep, Resource};
use github_issues_resource::contract::GateKey;
use serde_json::{Map, Value as Json, json};

use crate::import::read::shape::GateShape;
use crate::import::read::source::{SourcePipeline, resource_of};
use crate::import::read::steps::json;
use crate::manifest::Secret;

use super::places::StagePlace;
use super::settings::StageContext;

impl<'p> SourcePipeline<'p> {
    /// The resource that is watched for the gate into a stage, and the put that opens its issue.
    pub(crate) fn gate_of(&self, at: &StageContext<'_>) -> Option<(&'p Resource, &'p PutStep)> {
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
    fn record_of(&self, at: &StageContext<'_>) -> Option<&'p PutStep> {
        if at.next.is_some_and(|next| next.gate == GateShape::Issue) {
            return None;
        }
        self.opens(at.jobs.deploy)
    }

    pub(crate) fn record(&self, at: &StageContext<'_>) -> Option<&'static str> {
        if at.next.is_some_and(|next| next.gate == GateShape::Issue) {
            return None;
        }
        Some(match self.record_of(at).map(|put| put.params.as_ref().and_then(|params| params.get("state"))) {
            None => "none",
            Some(Some(state)) if *state == "closed".into() => "closed",
            Some(_) => "open",
        })
    }

    pub(crate) fn issues(&self, at: &StageContext<'_>) -> Json {
        let gate = self.gate_of(at);
        let record = self.record_of(at).and_then(|put| Some((self.resource(resource_of(put))?, put)));
        let formerly = self.formerly(at).map(|places| ("formerly".to_owned(), json!(places)));
        let Some((resource, put)) = gate.or(record) else {
            return formerly.into_iter().collect::<Map<_, _>>().into();
        };
        let mut settings = Map::new();
        let text = |key: &str| resource.source.as_ref()?.get(key).map(json);
        for (key, name) in [
            ("repository", "repository"),
            ("gh_host", "api"),
            ("bot", "bot"),
            ("ca_cert", "ca_cert"),
            ("max_comments", "max_comments"),
        ] {
            settings.extend(text(key).map(|value| (name.to_owned(), value)));
        }
        for key in ["timeout", "max_wait"] {
            let seconds = text(key).and_then(|value| value.as_i64());
            settings.extend(seconds.map(|seconds| (key.to_owned(), duration(seconds).into())));
        }
        let secret = |key: &str| text(key).filter(|value| value.as_str().is_some_and(Secret::is_reference));
        settings.extend(secret("signing_key").map(|key| ("signing_key".to_owned(), key)));
        let app = (text("app_id"), text("app_installation_id"), secret("private_ssh_key"));
        if let (Some(id), Some(installation), Some(key)) = app {
            let app = json!({"id": id, "installation": installation, "key": key});
            settings.insert("auth".to_owned(), json!({"app": app}));
        } else if let Some(token) = secret("access_token") {
            settings.insert("auth".to_owned(), json!({"token": token}));
        }
        settings.extend(formerly);
        let params = put.params.as_ref().map(json).unwrap_or_default();
        let own = self.own_labels(at);
        let labels: Vec<&String> = at.labels.iter().chain(&own).collect();
        if !labels.is_empty() {
            settings.insert("labels".to_owned(), json!(labels));
        }
        if let Some(Json::Array(assignees)) =
            params.get("assignees").filter(|list| !list.as_array().is_none_or(Vec::is_empty))
        {
            settings.insert("assignees".to_owned(), assignees.clone().into());
        }
        if let Some((watched, _)) = gate {
            let every = watched.check_every.as_deref().unwrap_or("1m");
            settings.insert("check_every".to_owned(), every.into());
            let webhook = watched.webhook_token.as_ref().filter(|token| Secret::is_reference(token));
            settings.extend(webhook.map(|token| ("webhook".to_owned(), token.as_str().into())));
        }
        let ours = resource.source.as_ref().is_some_and(|source| source.get("gate").is_some());
        settings.insert("resource".to_owned(), if ours { "github-issues" } else { "mitodl" }.into());
        settings.into()
    }

    /// What the issues that a stage opens were called before.
    fn formerly(&self, at: &StageContext<'_>) -> Option<Vec<String>> {
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

    /// The labels that all issues begin with.
    pub(crate) fn common_labels(&self, places: &[Vec<StagePlace>]) -> Vec<String> {
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
    fn own_labels(&self, at: &StageContext<'_>) -> Vec<String> {
        let Some((_, put)) = self.gate_of(at) else { return Vec::new() };
        let labels = labels_of(put);
        let rest = labels.get(at.labels.len()..).unwrap_or_default();
        rest.iter().take(rest.len().saturating_sub(1)).cloned().collect()
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

pub(crate) fn labels_of(put: &PutStep) -> Vec<String> {
    let labels = put.params.as_ref().and_then(|params| params.get("labels")).map(json);
    let labels = labels.as_ref().and_then(Json::as_array).into_iter().flatten();
    labels.filter_map(Json::as_str).map(str::to_owned).collect()
}
