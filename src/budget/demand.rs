use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::flow::{IssueResource, text};
use concourse_pipeline::model::{Core, Pipeline, PutStep, Resource};
use serde::Serialize;
use yaml_source::yaml::Value;

use crate::manifest::Duration;

use super::cost::Cost;

/// How often Concourse looks for checks that are due, in seconds
/// ([resource checker](https://concourse-ci.org/docs/internals/checker/)): no interval is shorter.
const SCAN: u64 = 10;

/// How often it checks what says nothing, in seconds.
const DEFAULT: u64 = 60;

/// For so long a gate's answer may be kept, in seconds; then the list is asked for anew, and counts.
const KEPT: u64 = 3_600;

/// What pipelines ask for.
#[derive(Debug, Default)]
pub struct Demand {
    pub(super) pipelines: usize,
    /// By API and credential.
    pub(super) accounts: BTreeMap<(String, Credential), Account>,
    /// By host.
    pub(super) git: BTreeMap<String, GitHost>,
}

/// What an account asks by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Credential {
    /// A token; the name of its variable, unless it is in clear.
    Token {
        /// Its name.
        name: Option<String>,
    },
    /// An installation of an App.
    App {
        /// Its number, or the name of the variable that holds it.
        installation: Option<String>,
    },
}

/// An account, and what is asked by it.
#[derive(Debug, Serialize)]
pub struct Account {
    /// Base of the API.
    pub api: String,
    /// What it asks by.
    pub credential: Credential,
    /// Its gates, by interval.
    pub gates: Vec<Polls>,
    /// Repositories that hold the issues, with how many gates wait there without a webhook.
    pub without_webhook: BTreeMap<String, usize>,
    /// Requests when every job runs once.
    pub round: u64,
}

/// Gates that are checked alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Polls {
    /// The interval, in seconds.
    pub every: u64,
    /// How many.
    pub count: u64,
    /// Requests of one check.
    pub requests: u64,
    /// A check without news does not count against the limit.
    pub unchanged_is_free: bool,
    /// A webhook has them checked besides.
    pub webhook: bool,
}

/// A host of git repositories.
#[derive(Debug, Default, Serialize)]
pub struct GitHost {
    /// Its name.
    pub host: String,
    /// Resources that are polled.
    pub resources: u64,
    /// Checks an hour.
    pub checks_per_hour: u64,
    /// The same with Concourse's global resources, where equal sources are checked once.
    pub checks_per_hour_shared: u64,
    /// The shortest interval of each source.
    #[serde(skip)]
    sources: BTreeMap<String, u64>,
}

impl Demand {
    /// Adds a pipeline's.
    pub fn add(&mut self, pipeline: &Pipeline) {
        self.pipelines += 1;
        let gotten = gotten(pipeline);
        for resource in &pipeline.resources {
            let name = resource.name.as_str();
            if let Some(issue) = IssueResource::of(resource, &pipeline.resource_types) {
                let aliases = match issue.field("gate_aliases") {
                    Some(Value::List(keys)) => u64::try_from(keys.len()).unwrap_or(u64::MAX),
                    _ => 0,
                };
                let cost = Cost::of(&issue.id.mark, issue.field("bot").is_none(), aliases);
                let account = self.account(&issue);
                // What is only put is not checked.
                if let (Some(every), true) = (interval(resource), gotten.contains(name)) {
                    let webhook = resource.webhook_token.is_some();
                    account.poll(every, cost, webhook);
                    if !webhook {
                        *account.without_webhook.entry(issue.repository().to_owned()).or_default() += 1;
                    }
                }
                account.round += round(pipeline, name, cost);
            } else if let (Some(every), true) = (interval(resource), gotten.contains(name)) {
                self.git(resource, every);
            }
        }
    }

    fn account(&mut self, issue: &IssueResource<'_>) -> &mut Account {
        let word = |key: &str| match issue.field(key) {
            Some(Value::Text(text)) if text.starts_with("((") && text.ends_with("))") => Some(text.clone()),
            Some(Value::Integer(number)) if key != "access_token" => Some(number.to_string()),
            _ => None,
        };
        let credential = match issue.field("auth_method") {
            Some(Value::Text(method)) if method == "app" => {
                Credential::App { installation: word("app_installation_id") }
            }
            _ => Credential::Token { name: word("access_token") },
        };
        let api = issue.host().to_owned();
        self.accounts.entry((api.clone(), credential.clone())).or_insert_with(|| Account {
            api,
            credential,
            gates: Vec::new(),
            without_webhook: BTreeMap::new(),
            round: 0,
        })
    }

    fn git(&mut self, resource: &Resource, every: u64) {
        let uri = match (resource.type_name.as_str(), &resource.source) {
            ("git", Some(source)) => text(source, "uri"),
            _ => None,
        };
        let Some(host) = uri.and_then(host) else { return };
        let git =
            self.git.entry(host.to_owned()).or_insert_with(|| GitHost { host: host.to_owned(), ..<_>::default() });
        git.resources += 1;
        git.checks_per_hour += per_hour(every);
        let source = serde_json::to_string(&resource.source).unwrap_or_default();
        let shortest = git.sources.entry(source).or_insert(u64::MAX);
        let before = if *shortest == u64::MAX { 0 } else { per_hour(*shortest) };
        *shortest = every.min(*shortest);
        git.checks_per_hour_shared += per_hour(*shortest) - before;
    }
}

impl Account {
    fn poll(&mut self, every: u64, cost: Cost, webhook: bool) {
        let polls = Polls { every, count: 0, requests: cost.check, unchanged_is_free: cost.unchanged_is_free, webhook };
        let known = self.gates.iter_mut().find(|known| Polls { count: 0, ..(**known).clone() } == polls);
        if let Some(known) = known {
            known.count += 1;
            return;
        }
        self.gates.push(Polls { count: 1, ..polls });
        self.gates.sort_by_key(|polls| polls.every);
    }

    /// Is it github.com, or GitHub Enterprise Cloud with data residency, and no server of one's own?
    pub(super) fn is_github_com(&self) -> bool {
        let host = self.api.split("://").last().unwrap_or_default().split('/').next().unwrap_or_default();
        host == "api.github.com" || host.ends_with(".ghe.com")
    }

    /// How many gates are checked.
    pub fn gate_count(&self) -> u64 {
        self.gates.iter().map(|polls| polls.count).sum()
    }

    /// A check without news asks for the list alone.
    pub(super) fn sent_per_hour(&self) -> u64 {
        let sent = |polls: &Polls| if polls.unchanged_is_free { polls.checks() + polls.renewed() } else { polls.all() };
        self.gates.iter().map(sent).sum()
    }

    /// What counts when nobody closes an issue.
    pub(super) fn quiet_per_hour(&self) -> u64 {
        let free = self.is_github_com();
        let counted = |polls: &Polls| match polls.unchanged_is_free {
            true if free => polls.count * per_hour(polls.every).min(per_hour(KEPT)) * polls.requests,
            true => polls.checks() + polls.renewed(),
            false => polls.all(),
        };
        self.gates.iter().map(counted).sum()
    }

    /// What counts if every check found something new.
    pub(super) fn news_per_hour(&self) -> u64 {
        self.gates.iter().map(Polls::all).sum()
    }
}

impl Polls {
    fn checks(&self) -> u64 {
        self.count * per_hour(self.every)
    }

    fn all(&self) -> u64 {
        self.checks() * self.requests
    }

    /// What is asked besides the lists when those that were kept are too old.
    fn renewed(&self) -> u64 {
        self.count * per_hour(self.every).min(per_hour(KEPT)) * (self.requests - 1)
    }
}

/// Checks an hour, rounded up.
pub(super) fn per_hour(every: u64) -> u64 {
    3_600_u64.div_ceil(every.max(SCAN))
}

/// Seconds between checks; `None` when there are none.
fn interval(resource: &Resource) -> Option<u64> {
    match resource.check_every.as_deref() {
        Some("never") => None,
        None | Some("") => Some(DEFAULT),
        Some(interval) => Some(Duration::parse(interval).map_or(DEFAULT, |duration| duration.seconds()).max(SCAN)),
    }
}

/// The resources that jobs get.
fn gotten(pipeline: &Pipeline) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for job in &pipeline.jobs {
        job.each_step(&mut |step| {
            if let Core::Get(get) = &step.core {
                names.insert(get.resource.as_ref().unwrap_or(&get.get).as_str());
            }
        });
    }
    names
}

/// What the steps of a resource ask for when each job runs once.
fn round(pipeline: &Pipeline, name: &str, cost: Cost) -> u64 {
    let mut requests = 0;
    for job in &pipeline.jobs {
        let mut reported = false;
        job.each_step(&mut |step| match &step.core {
            Core::Get(get) if get.resource.as_ref().unwrap_or(&get.get).as_str() == name => {
                requests += cost.get + cost.closing;
            }
            Core::Put(put) if put.resource.as_ref().unwrap_or(&put.put).as_str() == name => match action(put) {
                Some("claim") => requests += cost.claim,
                // A job has several hooks that report, of which one runs.
                Some("report") if reported => {}
                Some("report") => {
                    reported = true;
                    requests += cost.report;
                }
                _ => requests += cost.record,
            },
            _ => {}
        });
    }
    requests
}

fn action(put: &PutStep) -> Option<&str> {
    text(put.params.as_ref()?, "action")
}

/// The host of a repository's address: `https://HOST/…`, `ssh://git@HOST/…` or `git@HOST:…`. None where it is a variable.
fn host(uri: &str) -> Option<&str> {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let authority = rest.split('/').next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    (!host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c))).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_is_found_in_any_address_and_no_secret_with_it() {
        for (uri, expected) in [
            ("https://github.com/o/r", Some("github.com")),
            ("git@github.com:o/r.git", Some("github.com")),
            ("ssh://git@git.example.org:22/o/r", Some("git.example.org")),
            ("https://user:secret@github.com/o/r", Some("github.com")),
            ("((repository))", None),
            ("", None),
        ] {
            assert_eq!(host(uri), expected, "{uri}");
        }
    }

    #[test]
    fn checks_are_never_more_often_than_concourse_looks() {
        assert_eq!([1, 10, 60, 900, 3_600, 5_400].map(per_hour), [360, 360, 60, 4, 1, 1]);
    }
}
