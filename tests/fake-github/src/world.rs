use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

/// Everything that GitHub knows, and everything that it knew: a list or a replica may be behind.
#[derive(Debug, Default)]
pub struct World {
    /// By login.
    pub users: BTreeMap<String, User>,
    /// Logins by token.
    pub tokens: BTreeMap<String, String>,
    /// By App id.
    pub apps: BTreeMap<u64, App>,
    /// Members, by `organization/team`.
    pub teams: BTreeMap<String, Vec<String>>,
    /// By `owner/name`.
    pub repositories: BTreeMap<String, Repository>,
    /// How far lists are behind, in milliseconds.
    pub list_lag: i64,
    /// How far reads of a single issue are behind, GraphQL's too.
    pub read_lag: i64,
    /// Whether labels of a new issue are dropped, as for a role that may not set them.
    pub drops_labels: bool,
    /// Whether GraphQL calls a duplicate completed to those who do not ask for duplicates, and not `NOT_PLANNED`.
    pub duplicates_read_completed: bool,
    /// Labels that nobody may set.
    pub refused_labels: Vec<String>,
    /// Issues on a page, at most; GitHub's is 100.
    pub page_size: Option<usize>,
    /// Requests so far, and how many there may be.
    pub requests: u64,
    /// How many requests an hour are allowed.
    pub limit: u64,
    /// Milliseconds since 1970.
    pub now: i64,
    next_id: u64,
}

/// An account.
#[derive(Clone, Debug)]
pub struct User {
    /// Numeric id.
    pub id: u64,
    /// What it is.
    pub kind: Kind,
    /// By `owner/name`.
    pub roles: BTreeMap<String, Role>,
}

/// What an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person or a machine's account.
    User,
    /// An App's.
    Bot,
}

/// What an account may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// `read` to `admin`.
    Base(&'static str),
    /// One of the organisation's own, and what it was made from.
    Custom(String, &'static str),
}

/// A GitHub App.
#[derive(Clone, Debug)]
pub struct App {
    /// Its name in addresses; its account is `SLUG[bot]`.
    pub slug: String,
    /// The public half of its key, PKCS #1.
    pub public_key: Vec<u8>,
    /// Tokens that were handed out and count.
    pub tokens: Vec<String>,
}

/// A repository.
#[derive(Debug, Default)]
pub struct Repository {
    /// Numeric id.
    pub id: u64,
    /// Every state of every issue, by number, with the time from which it holds.
    pub issues: BTreeMap<u64, Vec<(i64, Arc<Issue>)>>,
    /// Where it is now, after a renaming.
    pub renamed_to: Option<String>,
    /// Whether it is archived: it can be read and not written.
    pub archived: bool,
    /// Whether its issues are disabled.
    pub issues_disabled: bool,
    next_number: u64,
}

/// An issue or a pull request.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "GitHub's own names")]
pub struct Issue {
    pub id: u64,
    pub number: u64,
    pub title: String,
    pub body: String,
    pub closed: bool,
    pub state_reason: Option<String>,
    pub author: String,
    pub labels: Vec<String>,
    pub assignees: Vec<String>,
    pub created_at: i64,
    pub updated_at: i64,
    pub closed_at: Option<i64>,
    pub locked: bool,
    pub comments: Vec<Comment>,
    /// When and by whom the body was edited.
    pub edits: Vec<(i64, String)>,
    pub events: Vec<Event>,
    /// The reason of each closing among the events, in their order; the issue's own where there is none.
    pub closing_reasons: Vec<Option<String>>,
    pub pull_request: bool,
    /// It is not here any more.
    pub gone: Option<Gone>,
}

/// Where an issue went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gone {
    /// Deleted.
    Deleted,
    /// To a repository, under a number.
    Transferred(String, u64),
}

/// A comment.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "GitHub's own names")]
pub struct Comment {
    pub id: u64,
    pub body: String,
    pub author: String,
    pub created_at: i64,
    pub updated_at: i64,
    pub edited: Option<(i64, String)>,
    /// Whether somebody hid it.
    pub minimized: bool,
}

/// Something that happened to an issue.
#[derive(Clone, Debug)]
pub struct Event {
    /// What.
    pub kind: EventKind,
    /// When.
    pub at: i64,
    /// Who; nobody after the account was deleted.
    pub actor: Option<String>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Closed, perhaps by a `Commit`, a `PullRequest` or a `ProjectV2`.
    Closed(Option<&'static str>),
    /// Reopened.
    Reopened,
    /// Labelled.
    Labeled(String),
    /// Came from another repository.
    Transferred,
}

impl World {
    /// A new number for an object.
    pub fn id(&mut self) -> u64 {
        // GitHub's comments have outgrown 32 bits.
        self.next_id += 1;
        3_000_000_000 + self.next_id
    }

    /// Adds an account with a role in a repository.
    pub fn add_user(&mut self, login: &str, kind: Kind, repository: &str, role: Option<Role>) -> u64 {
        let id = 1_000 + self.users.len() as u64;
        let user = self.users.entry(login.to_owned()).or_insert(User { id, kind, roles: BTreeMap::new() });
        if let Some(role) = role {
            user.roles.insert(repository.to_owned(), role);
        }
        user.id
    }

    /// Adds a repository.
    pub fn add_repository(&mut self, name: &str) {
        let id = 100 + self.repositories.len() as u64;
        self.repositories.entry(name.to_owned()).or_insert_with(|| Repository { id, ..Repository::default() });
    }

    /// The newest state of an issue.
    pub fn issue(&self, repository: &str, number: u64) -> Option<&Issue> {
        self.repositories.get(repository)?.issues.get(&number)?.last().map(|(_, issue)| issue.as_ref())
    }

    /// The state of an issue as it was `lag` milliseconds ago.
    pub fn issue_behind(&self, repository: &str, number: u64, lag: i64) -> Option<&Issue> {
        let states = self.repositories.get(repository)?.issues.get(&number)?;
        states.iter().rev().find(|(at, _)| *at <= self.now - lag).map(|(_, issue)| issue.as_ref())
    }

    /// All issues as they were `lag` milliseconds ago.
    pub fn issues_behind(&self, repository: &str, lag: i64) -> impl Iterator<Item = &Issue> {
        let at = self.now - lag;
        self.repositories.get(repository).into_iter().flat_map(move |repository| {
            repository.issues.values().filter_map(move |states| {
                states.iter().rev().find(|(from, _)| *from <= at).map(|(_, issue)| issue.as_ref())
            })
        })
    }

    /// All issues as they are.
    pub fn issues(&self, repository: &str) -> impl Iterator<Item = &Issue> {
        self.issues_behind(repository, 0)
    }

    /// Changes an issue, and remembers how it was.
    ///
    /// # Panics
    ///
    /// When there is no such issue.
    pub fn change(&mut self, repository: &str, number: u64, change: impl FnOnce(&mut Issue)) {
        let now = self.now;
        let states = self
            .repositories
            .get_mut(repository)
            .and_then(|repository| repository.issues.get_mut(&number))
            .expect("an issue of this number");
        let mut issue = states.last().expect("an issue has a state").1.as_ref().clone();
        issue.updated_at = now;
        change(&mut issue);
        states.push((now, Arc::new(issue)));
    }

    /// Opens an issue.
    ///
    /// # Panics
    ///
    /// When there is no such repository.
    pub fn open(&mut self, repository: &str, author: &str, title: &str, body: &str, labels: &[String]) -> u64 {
        let id = self.id();
        let now = self.now;
        let repository = self.repositories.get_mut(repository).expect("a repository of this name");
        repository.next_number += 1;
        let number = repository.next_number;
        let issue = Issue {
            id,
            number,
            title: title.to_owned(),
            body: body.to_owned(),
            closed: false,
            state_reason: None,
            author: author.to_owned(),
            labels: labels.to_vec(),
            assignees: Vec::new(),
            created_at: now,
            updated_at: now,
            closed_at: None,
            locked: false,
            comments: Vec::new(),
            edits: Vec::new(),
            events: Vec::new(),
            closing_reasons: Vec::new(),
            pull_request: false,
            gone: None,
        };
        repository.issues.insert(number, vec![(now, Arc::new(issue))]);
        number
    }

    /// Closes an issue, as a person does on the page.
    pub fn close(&mut self, repository: &str, number: u64, actor: &str, reason: &str) {
        self.close_by(repository, number, Some(actor), reason, None);
    }

    /// Closes an issue; `closer` is what did it in the actor's stead.
    pub fn close_by(
        &mut self,
        repository: &str,
        number: u64,
        actor: Option<&str>,
        reason: &str,
        closer: Option<&'static str>,
    ) {
        let now = self.now;
        self.change(repository, number, |issue| {
            if issue.closed {
                return;
            }
            issue.closed = true;
            issue.closed_at = Some(now);
            issue.state_reason = Some(reason.to_owned());
            issue.closing_reasons.push(Some(reason.to_owned()));
            issue.events.push(Event { kind: EventKind::Closed(closer), at: now, actor: actor.map(str::to_owned) });
        });
    }

    /// Changes the reason of a closed issue, as the page offers it: GitHub shows it as closed again.
    pub fn change_reason(&mut self, repository: &str, number: u64, actor: &str, reason: &str) {
        let now = self.now;
        self.change(repository, number, |issue| {
            issue.state_reason = Some(reason.to_owned());
            issue.closing_reasons.push(Some(reason.to_owned()));
            issue.events.push(Event { kind: EventKind::Closed(None), at: now, actor: Some(actor.to_owned()) });
        });
    }

    /// Hides a comment.
    pub fn minimize(&mut self, repository: &str, number: u64, id: u64) {
        self.change(repository, number, |issue| {
            for comment in issue.comments.iter_mut().filter(|comment| comment.id == id) {
                comment.minimized = true;
            }
        });
    }

    /// Opens an issue again.
    pub fn reopen(&mut self, repository: &str, number: u64, actor: &str) {
        let now = self.now;
        self.change(repository, number, |issue| {
            if !issue.closed {
                return;
            }
            issue.closed = false;
            issue.closed_at = None;
            issue.state_reason = Some("reopened".to_owned());
            issue.events.push(Event { kind: EventKind::Reopened, at: now, actor: Some(actor.to_owned()) });
        });
    }

    /// Comments.
    pub fn comment(&mut self, repository: &str, number: u64, author: &str, body: &str) -> u64 {
        let (id, now) = (self.id(), self.now);
        self.change(repository, number, |issue| {
            issue.comments.push(Comment {
                id,
                body: body.to_owned(),
                author: author.to_owned(),
                created_at: now,
                updated_at: now,
                edited: None,
                minimized: false,
            });
        });
        id
    }

    /// Edits the body.
    pub fn edit_body(&mut self, repository: &str, number: u64, actor: &str, body: &str) {
        let now = self.now;
        self.change(repository, number, |issue| {
            if issue.body != body {
                body.clone_into(&mut issue.body);
                issue.edits.push((now, actor.to_owned()));
            }
        });
    }

    /// Edits a comment.
    pub fn edit_comment(&mut self, repository: &str, number: u64, id: u64, actor: &str, body: &str) {
        let now = self.now;
        self.change(repository, number, |issue| {
            for comment in issue.comments.iter_mut().filter(|comment| comment.id == id) {
                body.clone_into(&mut comment.body);
                comment.updated_at = now;
                comment.edited = Some((now, actor.to_owned()));
            }
        });
    }

    /// Deletes a comment.
    pub fn delete_comment(&mut self, repository: &str, number: u64, id: u64) {
        self.change(repository, number, |issue| issue.comments.retain(|comment| comment.id != id));
    }

    /// Sets a label.
    pub fn label(&mut self, repository: &str, number: u64, actor: &str, label: &str) {
        let now = self.now;
        self.change(repository, number, |issue| {
            if !issue.labels.iter().any(|set| set == label) {
                issue.labels.push(label.to_owned());
                issue.events.push(Event {
                    kind: EventKind::Labeled(label.to_owned()),
                    at: now,
                    actor: Some(actor.to_owned()),
                });
            }
        });
    }

    /// Moves an issue to another repository; the new number.
    ///
    /// # Panics
    ///
    /// When there is no such issue.
    pub fn transfer(&mut self, repository: &str, number: u64, to: &str, actor: &str) -> u64 {
        let mut issue = self.issue(repository, number).expect("an issue of this number").clone();
        let now = self.now;
        let new = self.open(to, &issue.author.clone(), "", "", &[]);
        issue.number = new;
        issue.updated_at = now;
        issue.events.push(Event { kind: EventKind::Transferred, at: now, actor: Some(actor.to_owned()) });
        self.change(to, new, |moved| *moved = issue);
        self.change(repository, number, |old| old.gone = Some(Gone::Transferred(to.to_owned(), new)));
        new
    }

    /// Deletes an issue.
    pub fn delete(&mut self, repository: &str, number: u64) {
        self.change(repository, number, |issue| issue.gone = Some(Gone::Deleted));
    }

    /// The account that a token belongs to.
    pub fn login_of(&self, token: &str) -> Option<String> {
        self.tokens.get(token).cloned().or_else(|| {
            let app = self.apps.values().find(|app| app.tokens.iter().any(|known| known == token))?;
            Some(format!("{}[bot]", app.slug))
        })
    }
}

/// A time as GitHub writes it: in whole seconds.
pub(crate) fn time_text(millis: i64) -> String {
    Timestamp::from_second(millis.div_euclid(1_000)).expect("a time of this age").to_string()
}
