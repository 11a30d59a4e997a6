use gate_contract::CompatPut;
use github_gates::api::{self, Query};
use github_gates::ledger::marker::{is_marked, without_markers};
use github_gates::text::{MAX_BODY, MAX_TITLE, one_line};
use github_gates::{Comment, Issue, NewIssue};
use github_gates::{rivals_below, together};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::Compat;
use super::body;
use super::check::is_consumed;
use super::format::format;
use super::version::IssueVersion;
use crate::error::{Error, Result};
use crate::files::BuildDir;
use crate::protocol::Outcome;

const TITLE: &str = "[bot] Pipeline {BUILD_PIPELINE_NAME} task {BUILD_JOB_NAME} completed";
const BODY: &str = "\
The task {BUILD_JOB_NAME} in pipeline {BUILD_PIPELINE_NAME} has completed build number {BUILD_NAME}.
Please refer to [the build log]({BUILD_URL}) for details of what changes this includes.
Closing this issue will trigger the next job in the pipeline {BUILD_PIPELINE_NAME}.
";
/// A file of a body; what is longer is cut anyway.
const MAX_FILE: u64 = 4 << 20;

impl Compat<'_> {
    pub(super) fn put(&self, params: &CompatPut, dir: &BuildDir) -> Result<Outcome> {
        let title = self.log.postable(&self.title(params)?);
        // A file could hold a copied marker, and this may be the account of a gate.
        let text = body::cut(&without_markers(&self.log.postable(&self.body(params, dir)?)), MAX_BODY);
        let close = match &params.close_if_file {
            Some(path) => dir.resolve(path)?.is_some(),
            None => false,
        };
        let labels = self.labels(params);
        let mut issue = self.open_or_add(&title, &text, &labels, &params.assignees)?;
        if close && issue.is_open() {
            // As completed: the chains that use it wait for this closing, for a preview that changes nothing asks nobody
            // and must not hold up the stages behind it.
            issue = api::update(&self.client, issue.number, &json!({"state": "closed", "state_reason": "completed"}))?;
        }
        Ok(Outcome { version: IssueVersion::of_issue(&issue).write(), metadata: Vec::new() })
    }

    fn title(&self, params: &CompatPut) -> Result<String> {
        let given = params.title_template.as_ref().filter(|template| !template.is_empty());
        let template = given.or(self.source.issue_title_template.as_ref());
        let title = format(template.map_or(TITLE, String::as_str), self.build)
            .map_err(|why| Error::BadParams(format!("the template of the title: {why}")))?;
        let title: String = title.replace(['\n', '\r'], " ").trim().chars().take(MAX_TITLE).collect();
        if title.is_empty() {
            return Err(Error::BadParams("the title is empty".to_owned()));
        }
        Ok(title)
    }

    fn body(&self, params: &CompatPut, dir: &BuildDir) -> Result<String> {
        if !params.body_files.is_empty() {
            let mut texts = Vec::new();
            for path in &params.body_files {
                // Whoever writes it may fail without failing the deployment: its absence is shown, not passed over.
                let text = dir.read(path, MAX_FILE)?;
                texts.push(text.unwrap_or_else(|| {
                    format!("\n> :warning: `{}` was not made by this build.\n", one_line(path, 200).replace('`', "'"))
                }));
            }
            return Ok(body::joined(&texts));
        }
        if let Some(path) = &params.body_file {
            return Ok(body::cut(&dir.read_required(path, MAX_FILE)?, MAX_BODY));
        }
        let template = self.source.issue_body_template.as_deref().unwrap_or(BODY);
        let text =
            format(template, self.build).map_err(|why| Error::BadParams(format!("the template of the body: {why}")))?;
        Ok(body::cut(&text, MAX_BODY))
    }

    /// The source's, by which a check finds the issue, and the put's own.
    fn labels(&self, params: &CompatPut) -> Vec<String> {
        let mut labels = self.source.labels.clone();
        for label in &params.labels {
            if !labels.contains(label) {
                labels.push(label.clone());
            }
        }
        labels
    }

    fn open_or_add(&self, title: &str, text: &str, labels: &[String], assignees: &[String]) -> Result<Issue> {
        let url = Query::new("open").with("sort", "created").with("direction", "desc").url(&self.client);
        let all: Vec<Issue> = self.client.list(&url, "listing the open issues")?;
        let highest = all.iter().map(|issue| issue.number).max().unwrap_or_default();
        let mut found: Vec<Issue> = all.into_iter().filter(|issue| self.is(issue, title)).collect();
        found.sort_by_key(|issue| issue.number);
        if found.len() > 1 {
            self.log.say(format_args!(
                "{} open issues have this title; the lowest is taken: #{}",
                found.len(),
                found[0].number
            ));
        }
        for issue in found {
            if let Some(issue) = self.add(issue, text, labels)? {
                return Ok(issue);
            }
        }
        let issue = self.create(title, text, labels, assignees)?;
        self.join_rival(issue, title, text, labels, highest)
    }

    fn is(&self, issue: &Issue, title: &str) -> bool {
        issue.title == title
            // An issue of a gate is not written to, whatever its title says.
            && !is_marked(issue.body())
            && !is_consumed(&issue.title)
            && !issue.is_pull_request()
            && self.source.creator.is_none_or(|creator| issue.user.as_ref().is_some_and(|user| user.id == creator))
    }

    /// Adds to an open issue; none when it is locked.
    fn add(&self, issue: Issue, text: &str, labels: &[String]) -> Result<Option<Issue>> {
        if self.source.update_in_place {
            let mut fields = json!({"body": body::cut(&body::with_ticks(issue.body(), text), MAX_BODY)});
            if labels.len() != issue.labels.len() || !labels.iter().all(|label| issue.has_label(label)) {
                fields["labels"] = json!(labels);
            }
            return Ok(Some(api::update(&self.client, issue.number, &fields)?));
        }
        let since = self.just_now();
        let write = || match api::comment(&self.client, issue.number, text) {
            Ok(_) => Ok(true),
            Err(github_gates::Error::Forbidden { why, .. }) if why.contains("issue is locked") => Ok(false),
            Err(error) => Err(error),
        };
        let taken = self.client.once(write, || {
            let comments = api::comments_since(&self.client, issue.number, since)?;
            let is_it = |comment: &Comment| comment.created_at >= since && same(comment.body.as_deref(), text);
            Ok(comments.iter().any(is_it).then_some(true))
        })?;
        if !taken {
            self.log.say(format_args!("issue #{} is locked; a new one is opened", issue.number));
        }
        Ok(taken.then_some(issue))
    }

    fn create(&self, title: &str, text: &str, labels: &[String], assignees: &[String]) -> Result<Issue> {
        let new = NewIssue {
            title: title.to_owned(),
            body: text.to_owned(),
            labels: labels.to_vec(),
            assignees: assignees.to_vec(),
        };
        let since = self.just_now();
        Ok(self.client.open(&new, |issue| {
            self.is(issue, title) && issue.created_at >= since && same(issue.body.as_deref(), text)
        })?)
    }

    /// Another put may have opened one at the same time: the lower goes on.
    fn join_rival(&self, mine: Issue, title: &str, text: &str, labels: &[String], highest: u64) -> Result<Issue> {
        let mut rivals = rivals_below(&self.client, mine.number, highest)?;
        rivals.retain(|issue| issue.is_open() && self.is(issue, title) && together(issue, &mine));
        let Some(first) = rivals.into_iter().min_by_key(|issue| issue.number) else { return Ok(mine) };
        let number = first.number;
        let Some(kept) = self.add(first, text, labels)? else { return Ok(mine) };
        // Closed meanwhile, it asks nobody any more, and mine has to.
        if !api::issue(&self.client, number)?.is_open() {
            return Ok(mine);
        }
        self.log.say(format_args!("issue #{} is a duplicate of #{number}", mine.number));
        api::update(&self.client, mine.number, &json!({"state": "closed", "state_reason": "duplicate"}))?;
        Ok(kept)
    }

    /// A second before GitHub's present one: it tells time in seconds.
    fn just_now(&self) -> Timestamp {
        self.client.now().checked_sub(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MIN)
    }
}

fn same(one: Option<&str>, other: &str) -> bool {
    one.is_some_and(|one| one.replace("\r\n", "\n").trim_end() == other.replace("\r\n", "\n").trim_end())
}
