use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::api;
use super::client::Client;
use super::once::LOOKS;
use crate::error::{Error, Result};

const ISSUE: &str = include_str!("issue.graphql");
const NEIGHBOURS: &str = include_str!("neighbours.graphql");
const TOUCHED: &str = include_str!("touched.graphql");

/// Pages of comments of one issue; 100 comments each.
const MAX_COMMENT_PAGES: usize = 50;

/// Pages of issues that were touched since a moment; 100 issues each.
const MAX_TOUCHED_PAGES: usize = 50;

/// How far an event's time and the issue's may lie apart.
const EVENT_SLACK: SignedDuration = SignedDuration::from_secs(2);

/// One issue with everything that decides about it, read in one request, so that its parts belong together.
///
/// REST has neither who edited a text last nor what closed an issue; GraphQL has both (GitHub GraphQL API, objects
/// `Issue`, `IssueComment`, `ClosedEvent`).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "GitHub's own names")]
pub struct Snapshot {
    pub number: u64,
    pub url: String,
    pub body: String,
    pub state: IssueState,
    pub state_reason: Option<String>,
    pub created_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    pub last_edited_at: Option<Timestamp>,
    pub author: Option<Actor>,
    pub editor: Option<Actor>,
    newest_edits: Option<Nodes<Edit>>,
    oldest_edits: Option<Nodes<Edit>>,
    labels: Option<Nodes<LabelName>>,
    comments: Page<Note>,
    closings: Nodes<Closing>,
    transfers: Count,
    labelings: Nodes<Labeling>,
}

/// Whether an issue is open or closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "GitHub's own names")]
pub enum IssueState {
    Open,
    Closed,
}

/// Who did something. A deleted account is no actor at all.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "GitHub's own names")]
pub struct Actor {
    #[serde(rename = "__typename")]
    pub kind: String,
    pub login: String,
    /// Users and bots have one.
    #[serde(default)]
    pub database_id: Option<u64>,
}

/// A comment.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "GitHub's own names")]
pub struct Note {
    /// A `BigInt`, written as a string: comments have outgrown the 32 bits of `databaseId`.
    #[serde(rename = "fullDatabaseId", deserialize_with = "big_int")]
    pub id: u64,
    pub body: String,
    pub created_at: Timestamp,
    pub last_edited_at: Option<Timestamp>,
    /// Whether somebody hid it: the page shows that it is there, and not what it says.
    pub is_minimized: bool,
    pub author: Option<Actor>,
    pub editor: Option<Actor>,
}

/// A change of the body. GitHub does not say in which order it lists them.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Edit {
    edited_at: Timestamp,
    editor: Option<Actor>,
}

/// What closed an issue in a person's stead: `Commit`, `PullRequest` or `ProjectV2`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Closer {
    #[serde(rename = "__typename")]
    pub kind: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Closing {
    #[serde(rename = "__typename")]
    kind: String,
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    #[serde(default)]
    state_reason: Option<String>,
    #[serde(default)]
    pub actor: Option<Actor>,
    #[serde(default)]
    pub closer: Option<Closer>,
}

/// Why nobody can be held to have closed an issue as it is closed now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoClosing {
    /// GitHub has no event of that moment, or not yet.
    NoEvent,
    /// It was closed more than once without a reopening between: whose closing, and with which reason, cannot be told.
    Twice,
    /// The event has another reason than the issue: somebody changed it. The event's, if it has one.
    OtherReason(Option<String>),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Labeling {
    #[serde(default)]
    created_at: Option<Timestamp>,
    #[serde(default)]
    actor: Option<Actor>,
    #[serde(default)]
    label: Option<LabelName>,
}

#[derive(Clone, Debug, Deserialize)]
struct LabelName {
    name: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Nodes<T> {
    nodes: Option<Vec<Option<T>>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Count {
    total_count: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<T> {
    page_info: PageInfo,
    nodes: Option<Vec<Option<T>>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

/// Another issue of the same gate.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "GitHub's own names")]
pub struct Neighbour {
    pub number: u64,
    pub body: String,
    pub created_at: Timestamp,
    pub state: IssueState,
    pub state_reason: Option<String>,
    pub closed_at: Option<Timestamp>,
    pub last_edited_at: Option<Timestamp>,
    pub author: Option<Actor>,
    pub editor: Option<Actor>,
}

#[derive(Deserialize)]
struct Data {
    repository: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    issue: Option<Snapshot>,
    #[serde(default)]
    issues: Option<Page<Neighbour>>,
}

impl<T> Page<T> {
    fn into_items(self) -> impl Iterator<Item = T> {
        self.nodes.into_iter().flatten().flatten()
    }
}

impl Neighbour {
    /// All issues of the repository that were touched since a moment, whatever their labels are: the role triage is enough
    /// to take a label off, or to set it on so many issues that the one that counts is not among the newest.
    ///
    /// # Errors
    ///
    /// When GitHub does not answer, and when there are too many to read.
    pub fn touched_since(client: &Client<'_>, since: Timestamp) -> Result<Vec<Self>> {
        let query = format!("{TOUCHED}\n{}\n{}", from_fragment(NEIGHBOURS, "Near"), from_fragment(ISSUE, "Who"));
        let what = "listing the issues that were touched since the approved record";
        let mut found = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..MAX_TOUCHED_PAGES {
            let more = json!({"since": since.to_string(), "after": after});
            let page = ask_with(client, &query, more, what)?.and_then(|repository| repository.issues);
            let Some(page) = page else { return Err(client.place().not_found(what, "")) };
            let PageInfo { has_next_page, end_cursor } = page.page_info.clone();
            found.extend(page.into_items());
            if !has_next_page {
                return Ok(found);
            }
            after = end_cursor;
        }
        Err(Error::Unexpected { what: what.to_owned(), why: format!("more than {} issues", MAX_TOUCHED_PAGES * 100) })
    }
}

/// A document from one of its fragments on.
fn from_fragment<'d>(document: &'d str, name: &str) -> &'d str {
    &document[document.find(&format!("fragment {name} ")).unwrap_or_default()..]
}

impl<T: Clone> Nodes<T> {
    fn iter(&self) -> impl Iterator<Item = &T> {
        self.nodes.iter().flatten().flatten()
    }
}

fn big_int<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum BigInt {
        Text(String),
        Number(u64),
    }
    match BigInt::deserialize(deserializer)? {
        BigInt::Text(text) => text.parse().map_err(serde::de::Error::custom),
        BigInt::Number(number) => Ok(number),
    }
}

impl Snapshot {
    /// The issue as it is now; `None` when it is not there (deleted, transferred, or not to be seen).
    pub fn read(client: &Client<'_>, number: u64) -> Result<Option<Self>> {
        let Some(repository) = ask(client, ISSUE, number, None, None)? else { return Ok(None) };
        repository.issue.map(|issue| issue.with_all_comments(client)).transpose()
    }

    /// The issue that must be there.
    ///
    /// # Errors
    ///
    /// When it is not: which of the three ways it went.
    pub fn read_required(client: &Client<'_>, number: u64) -> Result<Self> {
        required(client, number, || Self::read(client, number))
    }

    /// The issue, which must be there, and those of the same gate that were touched last.
    pub fn read_with_neighbours(client: &Client<'_>, number: u64, label: &str) -> Result<(Self, Vec<Neighbour>)> {
        required(client, number, || Self::read_neighbours(client, number, label))
    }

    fn read_neighbours(client: &Client<'_>, number: u64, label: &str) -> Result<Option<(Self, Vec<Neighbour>)>> {
        let query = format!("{NEIGHBOURS}\n{}", from_fragment(ISSUE, "Whole"));
        let Some(repository) = ask(client, &query, number, None, Some(label))? else { return Ok(None) };
        let neighbours = repository.issues.map(|page| page.into_items().collect()).unwrap_or_default();
        let Some(issue) = repository.issue else { return Ok(None) };
        Ok(Some((issue.with_all_comments(client)?, neighbours)))
    }

    fn with_all_comments(mut self, client: &Client<'_>) -> Result<Self> {
        for _ in 0..MAX_COMMENT_PAGES {
            if !self.comments.page_info.has_next_page {
                return Ok(self);
            }
            let after = self.comments.page_info.end_cursor.as_deref();
            let more = ask(client, ISSUE, self.number, after, None)?
                .and_then(|repository| repository.issue)
                .ok_or_else(|| client.place().not_found(&format!("reading issue #{}", self.number), ""))?;
            self.comments.page_info = more.comments.page_info;
            self.comments.nodes.get_or_insert_default().extend(more.comments.nodes.unwrap_or_default());
        }
        Err(Error::Unexpected {
            what: format!("issue #{}", self.number),
            why: format!("more than {} comments", MAX_COMMENT_PAGES * 100),
        })
    }

    /// Returns the comments, oldest first.
    pub fn comments(&self) -> impl Iterator<Item = &Note> {
        self.comments.nodes.iter().flatten().flatten()
    }

    /// Returns the names of the labels.
    pub fn label_names(&self) -> impl Iterator<Item = &str> {
        self.labels.iter().flat_map(Nodes::iter).map(|label| label.name.as_str())
    }

    /// Whether the issue has a label; case does not matter.
    pub fn has_label(&self, name: &str) -> bool {
        self.label_names().any(|label| label.eq_ignore_ascii_case(name))
    }

    /// Whether the issue came from another repository.
    pub fn was_transferred(&self) -> bool {
        self.transfers.total_count > 0
    }

    /// The closing that `closed_at` and the reason are of: the only one since the issue was opened or reopened.
    ///
    /// On the page the reason of a closed issue can be changed without reopening it, and GitHub shows that as another
    /// closing (cli/cli issue 14364): were the last event taken, whoever rejects could be made the approver. GitHub writes
    /// the issue and its event one after the other, so that their seconds may differ by one.
    pub fn closing(&self) -> Result<&Closing, NoClosing> {
        let events: Vec<&Closing> = self.closings.iter().collect();
        let since = events.iter().rposition(|event| event.kind != "ClosedEvent").map_or(0, |reopened| reopened + 1);
        let closing = match events[since..] {
            [] => return Err(NoClosing::NoEvent),
            [closing] => closing,
            _ => return Err(NoClosing::Twice),
        };
        let apart = closing.created_at.zip(self.closed_at).map(|(event, issue)| event.duration_since(issue).abs());
        if apart.is_none_or(|apart| apart > EVENT_SLACK) {
            return Err(NoClosing::NoEvent);
        }
        if closing.state_reason != self.state_reason {
            return Err(NoClosing::OtherReason(closing.state_reason.clone()));
        }
        Ok(closing)
    }

    /// Who closed it at `closed_at`, which need not be the last closing.
    pub fn closed_by(&self, closed_at: Timestamp) -> Option<&Actor> {
        let of_then = |event: &&Closing| {
            event.kind == "ClosedEvent"
                && event.created_at.is_some_and(|at| at.duration_since(closed_at).abs() <= EVENT_SLACK)
        };
        self.closings.iter().filter(of_then).last()?.actor.as_ref()
    }

    /// Who had written the body that people saw at `moment`, where that was not an account that `is_bot` knows.
    ///
    /// The newest writing tells who wrote what is there now; a writing of the resource's own may have covered another
    /// that stood there when somebody decided. GitHub tells time in seconds: of the writings in the second of `moment`
    /// nobody knows which people saw, so they saw those of the second before, too.
    pub fn body_seen_of_other(&self, moment: Timestamp, is_bot: impl Fn(&Actor) -> bool) -> Option<String> {
        let edits = || self.newest_edits.iter().chain(&self.oldest_edits).flat_map(Nodes::iter);
        let last = edits().map(|edit| edit.edited_at).filter(|at| *at < moment).max();
        let other = edits()
            .filter(|edit| edit.edited_at == moment || Some(edit.edited_at) == last)
            .find(|edit| !edit.editor.as_ref().is_some_and(&is_bot))?;
        Some(other.editor.as_ref().map_or_else(|| "an account that is gone".to_owned(), |editor| editor.login.clone()))
    }

    /// Was it opened again, and not by an account that `is_bot` knows?
    pub fn was_reopened_by_other_than(&self, is_bot: impl Fn(&Actor) -> bool) -> bool {
        let last = self.closings.iter().filter(|event| event.kind == "ReopenedEvent").last();
        last.is_some_and(|event| !event.actor.as_ref().is_some_and(is_bot))
    }

    /// Who set `label` last, and when, if it is set.
    pub fn labeled_by(&self, label: &str) -> Option<(&Actor, Timestamp)> {
        if !self.has_label(label) {
            return None;
        }
        let set = |event: &&Labeling| event.label.as_ref().is_some_and(|set| set.name.eq_ignore_ascii_case(label));
        let last = self.labelings.iter().filter(set).last()?;
        last.actor.as_ref().zip(last.created_at)
    }

    /// Whether an account commented at `moment` or later.
    pub fn has_comment_of(&self, account: &Actor, moment: Timestamp) -> bool {
        let is_same = |author: &Actor| author.database_id.is_some() && author.database_id == account.database_id;
        self.comments().any(|comment| comment.created_at >= moment && comment.author.as_ref().is_some_and(is_same))
    }
}

/// What `read` finds. Where it finds nothing, REST says why; where REST knows the issue, GraphQL is behind, and is asked
/// again.
fn required<T>(client: &Client<'_>, number: u64, read: impl Fn() -> Result<Option<T>>) -> Result<T> {
    for wait in LOOKS {
        if let Some(found) = read()? {
            return Ok(found);
        }
        let issue = api::issue(client, number)?;
        if issue.is_pull_request() {
            break;
        }
        client.log().say(format_args!("GitHub's GraphQL does not know issue #{number} yet, and is asked again"));
        client.sleep(wait);
    }
    read()?.ok_or_else(|| client.place().not_found(&format!("reading issue #{number}"), ""))
}

fn ask(
    client: &Client<'_>,
    query: &str,
    number: u64,
    after: Option<&str>,
    label: Option<&str>,
) -> Result<Option<Repository>> {
    let mut variables = json!({"number": number, "after": after});
    if let Some(label) = label {
        variables["label"] = json!(label);
    }
    ask_with(client, query, variables, &format!("reading issue #{number}"))
}

fn ask_with(client: &Client<'_>, query: &str, mut variables: Value, what: &str) -> Result<Option<Repository>> {
    let (owner, name) = client.owner_and_name();
    variables["owner"] = json!(owner);
    variables["name"] = json!(name);
    let data: Option<Data> = client.graphql(query, &variables, what)?;
    Ok(data.and_then(|data| data.repository))
}
