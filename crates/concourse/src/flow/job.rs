use std::collections::HashMap;

use crate::model::{Core, GetStep, Job, Pipeline, PutStep, Resource, TaskStep};
use yaml_source::diagnostic::Count;
use yaml_source::yaml::Value;

use super::issue::{IssueResource, text};

/// A pipeline, looked at for who starts whom.
pub struct PipelineFlow<'p> {
    /// The resources, by name.
    pub resources: HashMap<&'p str, &'p Resource>,
    /// The resources that are issues, by name.
    pub issues: HashMap<&'p str, IssueResource<'p>>,
    /// The jobs, in order.
    pub jobs: Vec<JobFlow<'p>>,
}

/// What a job takes, goes by and makes.
#[derive(Clone, Debug)]
pub struct JobFlow<'p> {
    /// The job.
    pub job: &'p Job,
    /// What it takes, issues apart.
    pub takes: Vec<Taking<'p>>,
    /// The closed issues that it takes.
    pub gates: Vec<Taking<'p>>,
    /// The records of issues that it takes.
    pub records: Vec<Taking<'p>>,
    /// Puts that open an issue, or comment on the open one.
    pub opens: Vec<&'p PutStep>,
    /// Puts that use an approval up.
    pub claims: Vec<&'p PutStep>,
    /// Resources that it puts, issues apart.
    pub makes: Vec<&'p str>,
}

/// A get, by its resource.
#[derive(Clone, Copy, Debug)]
pub struct Taking<'p> {
    /// The name of the resource.
    pub resource: &'p str,
    /// The step that takes it.
    pub get: &'p GetStep,
}

impl Taking<'_> {
    /// Does a new version start the job?
    pub fn triggers(&self) -> bool {
        self.get.trigger == Some(true)
    }

    /// Whether the get only waits until another job has deployed. Its version says nothing about what the job deploys.
    pub(crate) fn only_waits(&self) -> bool {
        self.get.get.as_str().starts_with("after-") && !self.get.passed.is_empty()
    }
}

impl<'p> PipelineFlow<'p> {
    /// Reads a pipeline.
    pub fn of(pipeline: &'p Pipeline) -> Self {
        let resources = pipeline.resources.iter().map(|resource| (resource.name.as_str(), resource)).collect();
        let issues: HashMap<&str, IssueResource<'p>> = pipeline
            .resources
            .iter()
            .filter_map(|resource| {
                Some((resource.name.as_str(), IssueResource::of(resource, &pipeline.resource_types)?))
            })
            .collect();
        let jobs = pipeline.jobs.iter().map(|job| JobFlow::of(job, &issues)).collect();
        Self { resources, issues, jobs }
    }
}

impl<'p> JobFlow<'p> {
    fn of(job: &'p Job, issues: &HashMap<&str, IssueResource<'p>>) -> Self {
        let mut flow = Self {
            job,
            takes: Vec::new(),
            gates: Vec::new(),
            records: Vec::new(),
            opens: Vec::new(),
            claims: Vec::new(),
            makes: Vec::new(),
        };
        job.each_step(&mut |step| match &step.core {
            Core::Get(get) => {
                let resource = get.resource.as_ref().unwrap_or(&get.get).as_str();
                let taking = Taking { resource, get };
                // What only waits for a deployment goes by no approval, though it may be one that passed there.
                match issues.get(resource).filter(|_| !taking.only_waits()) {
                    Some(issue) if issue.shows_records() => flow.records.push(taking),
                    Some(_) => flow.gates.push(taking),
                    None => flow.takes.push(taking),
                }
            }
            Core::Put(put) => {
                let resource = resource_of(put);
                let action = put.params.as_ref().and_then(|params| text(params, "action"));
                match (issues.contains_key(resource), action) {
                    (false, _) => flow.makes.push(resource),
                    (true, Some("claim")) => flow.claims.push(put),
                    (true, Some("report")) => {}
                    (true, _) => flow.opens.push(put),
                }
            }
            _ => {}
        });
        flow
    }

    /// The approvals that start it. An approval that another job took before is not among them.
    pub(crate) fn own_approvals(&self) -> impl Iterator<Item = &Taking<'p>> {
        self.gates.iter().filter(|taking| taking.triggers() && taking.get.passed.is_empty())
    }

    /// Whether it waits until somebody closes an issue.
    pub(crate) fn waits_for_approval(&self) -> bool {
        self.own_approvals().next().is_some()
    }

    /// The issues that say what it did. That a preview found nothing to deploy is not among them.
    pub(crate) fn stages<'f>(&'f self, flow: &'f PipelineFlow<'p>) -> impl Iterator<Item = &'f IssueResource<'p>> {
        self.opens.iter().filter(|put| !is_unchanged(put)).filter_map(|put| flow.issues.get(resource_of(put)))
    }

    /// Does nothing start it but the + button?
    pub(crate) fn only_by_hand(&self) -> bool {
        !self.takes.iter().chain(&self.gates).chain(&self.records).any(Taking::triggers)
    }
}

/// Whether a task checks approved versions out or compares them, in pipelines of this program.
pub fn is_check_of_approval(task: &TaskStep) -> bool {
    matches!(task.task.as_str(), "checkout-approved" | "compare-approved")
}

/// Whether a put opens an issue of a deployment although a preview found nothing to deploy.
pub fn is_unchanged(put: &PutStep) -> bool {
    put.params.as_ref().is_some_and(|params| params.get("unchanged_if_file").is_some())
}

/// The resource that a put writes.
pub fn resource_of(put: &PutStep) -> &str {
    put.resource.as_ref().unwrap_or(&put.put).as_str()
}

/// So many watched paths are named.
const SHOWN_PATHS: usize = 2;

/// What a resource fetches, in a few words, without anything that is secret.
pub(crate) fn what(resource: &Resource) -> Vec<String> {
    let mut words = vec![resource.type_name.to_string()];
    let Some(source) = &resource.source else { return words };
    for key in ["uri", "repository", "bucket", "owner", "url", "location", "interval", "start"] {
        if let Some(value) = text(source, key) {
            words.push(without_account(value));
            break;
        }
    }
    for key in ["branch", "tag", "tag_regex", "tag_filter", "regexp", "versioned_file"] {
        if let Some(value) = text(source, key) {
            words.push(value.to_owned());
        }
    }
    if let Some(Value::List(paths)) = source.get("paths") {
        // What is watched for its own sake comes behind what every project watches.
        let (more, shown) = paths.split_at(paths.len().saturating_sub(SHOWN_PATHS));
        let texts = |path: &Value| if let Value::Text(path) = path { Some(path.clone()) } else { None };
        words.extend(shown.iter().filter_map(texts));
        if !more.is_empty() {
            words.push(format!("and {}", Count(more.len(), "other path")));
        }
    }
    words
}

/// An address without `USER:PASSWORD@`.
fn without_account(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = rest[..end].rsplit_once('@').map_or(&rest[..end], |(_, host)| host);
    format!("{scheme}://{host}{}", &rest[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_of_an_address_is_not_shown() {
        assert_eq!(without_account("https://bot:hunter2@example.com/a@b.git"), "https://example.com/a@b.git");
        assert_eq!(without_account("git@github.com:a/b"), "git@github.com:a/b");
    }
}
