//! The only one that sends: authenticates, waits for rate limits, spaces writes, and knows which requests may be repeated.

mod address;
mod answer;
mod send;
mod settings;
mod token;

use std::cell::{Cell, RefCell};
use std::time::Duration;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use self::address::{check_base, check_repository, resolve, same_origin};
use self::answer::{next_page, parse, reading};
pub(crate) use self::send::random_u16;
pub use self::settings::{Patience, Settings};
use self::token::AppToken;
pub use self::token::Identity;
use super::auth::Credentials;
use super::graphql::Reading;
use super::refusal::Place;
use super::transport::{Answer, Request, Transport};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::log::Log;
use crate::text::percent_encode;

const RENAMED: &str = include_str!("../renamed.graphql");
/// Pages of one list. At 100 a page, more than this is no list of a gate.
const MAX_PAGES: usize = 500;

/// May a request be sent again when it is not known whether the first one arrived?
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// A read, or a write that ends in the same state however often it is done.
    Safe,
    /// A write that would happen twice.
    Never,
}

/// What the body of a successful answer begins as: an answer of another shape is not GitHub's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A JSON object.
    Object,
    /// A JSON list.
    List,
    /// Any, or no body at all.
    Any,
}

/// How a request is sent.
#[derive(Clone, Copy)]
struct Manner<'a> {
    /// For messages.
    what: &'a str,
    repeat: Repeat,
    shape: Shape,
    /// Whether it carries a token that can be made anew, and not an App's own.
    renewable: bool,
}

/// Speaks to GitHub: one request at a time, with credentials, within the rate limits.
pub struct Client<'a> {
    transport: Transport,
    clock: &'a dyn Clock,
    log: &'a Log,
    place: Place,
    credentials: Credentials,
    token: RefCell<Option<AppToken>>,
    /// What is left of `max_wait`.
    budget: Cell<Duration>,
    persistent: bool,
    /// Whether the log says already that the repository was renamed.
    is_renaming_logged: Cell<bool>,
    last_write: Cell<Option<Timestamp>>,
    /// GitHub's clock in the newest answer.
    server_time: Cell<Option<Timestamp>>,
    identity: RefCell<Option<Identity>>,
}

impl<'a> Client<'a> {
    /// Returns a client for one repository; sends nothing yet.
    pub fn new(settings: Settings, clock: &'a dyn Clock, log: &'a Log) -> Result<Self> {
        let base = settings.host.trim_end_matches('/').to_owned();
        check_base(&base)?;
        check_repository(&settings.repository)?;
        let transport = Transport::new(&base, settings.ca_cert.as_deref(), settings.timeout)?;
        match &settings.credentials {
            Credentials::Token(token) => log.hide(token),
            Credentials::App { key, .. } => log.hide(key),
        }
        let place = Place { base, repository: settings.repository };
        if let Some(doubt) = place.doubt() {
            log.say(format_args!("warning: {doubt}"));
        }
        Ok(Self {
            transport,
            clock,
            log,
            place,
            credentials: settings.credentials,
            token: RefCell::new(None),
            budget: Cell::new(settings.max_wait),
            persistent: settings.persistent,
            is_renaming_logged: Cell::new(false),
            last_write: Cell::new(None),
            server_time: Cell::new(None),
            identity: RefCell::new(None),
        })
    }

    /// Returns the base of the REST API, without a slash at its end.
    pub fn base(&self) -> &str {
        &self.place.base
    }

    /// The repository and its host, for messages.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Returns the owner and the name of the repository.
    pub fn owner_and_name(&self) -> (&str, &str) {
        self.place.repository.split_once('/').unwrap_or((&self.place.repository, ""))
    }

    /// GitHub's clock as of its newest answer, else this machine's.
    pub fn now(&self) -> Timestamp {
        self.server_time.get().unwrap_or_else(|| self.clock.now())
    }

    pub(crate) fn log(&self) -> &Log {
        self.log
    }

    /// Waits.
    pub fn sleep(&self, time: Duration) {
        self.clock.sleep(time);
    }

    /// `…/repos/OWNER/NAME` and `path` below it.
    pub fn repo_url(&self, path: &str) -> String {
        let (owner, name) = self.owner_and_name();
        format!("{}/repos/{}/{}{path}", self.base(), percent_encode(owner), percent_encode(name))
    }

    /// Reads one thing.
    pub fn get<T: DeserializeOwned>(&self, url: &str, what: &str) -> Result<T> {
        parse(what, &self.request("GET", url, None, Repeat::Safe, Shape::Object, what)?)
    }

    /// Reads the first page of a list.
    pub fn get_page<T: DeserializeOwned>(&self, url: &str, what: &str) -> Result<Vec<T>> {
        parse(what, &self.request("GET", url, None, Repeat::Safe, Shape::List, what)?)
    }

    /// Reads one thing of a shape; the caller looks at the status.
    pub fn get_answer(&self, url: &str, etag: Option<&str>, shape: Shape, what: &str) -> Result<Answer> {
        let request =
            Request { method: "GET", url: url.to_owned(), headers: headers(&self.bearer()?, etag), body: None };
        self.send(&request, Manner { what, repeat: Repeat::Safe, shape, renewable: true })
    }

    /// Writes.
    pub fn write<T: DeserializeOwned>(
        &self,
        method: &'static str,
        url: &str,
        body: &Value,
        repeat: Repeat,
        what: &str,
    ) -> Result<T> {
        let answer = self.request(method, url, Some(&self.postable(body)), repeat, Shape::Any, what)?;
        // The write happened; an answer that cannot be read leaves its result unknown, not undone.
        parse(what, &answer).map_err(|error| match repeat {
            Repeat::Safe => error,
            Repeat::Never => Error::Ambiguous { what: what.to_owned(), why: error.to_string() },
        })
    }

    /// A body without secrets. Whoever hashes a text takes them out before; this is the last of the two doors.
    fn postable(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.log.postable(text)),
            Value::Array(values) => values.iter().map(|value| self.postable(value)).collect(),
            Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), self.postable(value))).collect(),
            other => other.clone(),
        }
    }

    /// Deletes; what is gone already is as good.
    pub fn delete(&self, url: &str, what: &str) -> Result<()> {
        match self.request("DELETE", url, None, Repeat::Safe, Shape::Any, what) {
            Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The data of a GraphQL query; a query in whose answer anything is amiss has no data.
    ///
    /// `None` when what was asked for is not there.
    pub fn graphql<T: DeserializeOwned>(&self, query: &str, variables: &Value, what: &str) -> Result<Option<T>> {
        let manner = Manner { what, repeat: Repeat::Safe, shape: Shape::Object, renewable: true };
        let answer = self.expect(&self.query(query, variables)?, manner)?;
        let unexpected = |why: String| Error::Unexpected { what: what.to_owned(), why };
        let data = match Reading::of(parse(what, &answer)?) {
            Reading::Data(data) => data,
            Reading::NotFound => return Ok(None),
            Reading::Forbidden(message) => {
                let why = self.place.single_sign_on(answer.header("x-github-sso"), &message).unwrap_or(message);
                return Err(Error::Forbidden { what: what.to_owned(), why });
            }
            // Both were waited for when the answer came.
            Reading::Limited | Reading::Passing(_) => return Err(unexpected("a fault that should pass".to_owned())),
            Reading::Wrong(message) => return Err(unexpected(format!("GitHub's GraphQL answers: {message}"))),
        };
        serde_json::from_value(data)
            .map(Some)
            .map_err(|error| unexpected(format!("the answer is not as GitHub describes it: {error}")))
    }

    fn query(&self, query: &str, variables: &Value) -> Result<Request> {
        // GitHub Docs, "Forming calls with GraphQL": a server of one's own has it beside, not below, the REST API.
        let url = match self.base().strip_suffix("/api/v3") {
            Some(root) => format!("{root}/api/graphql"),
            None => format!("{}/graphql", self.base()),
        };
        let body = json!({"query": query, "variables": variables}).to_string();
        Ok(Request { method: "POST", url, headers: headers(&self.bearer()?, None), body: Some(body) })
    }

    /// All pages of a list, as GitHub links them.
    pub fn list<T: DeserializeOwned>(&self, url: &str, what: &str) -> Result<Vec<T>> {
        let answer = self.request("GET", url, None, Repeat::Safe, Shape::List, what)?;
        self.rest_of_list(&answer, what, |_| true)
    }

    /// The items of a list whose first page came already, page by page for as long as `more` of the newest page says.
    pub fn rest_of_list<T: DeserializeOwned>(
        &self,
        first: &Answer,
        what: &str,
        more: impl Fn(&[T]) -> bool,
    ) -> Result<Vec<T>> {
        let mut items: Vec<T> = parse(what, first)?;
        let mut next = next_page(first);
        let mut pages = 1;
        let mut seen = 0;
        while let Some(url) = next {
            if !more(&items[seen..]) {
                break;
            }
            seen = items.len();
            if pages >= MAX_PAGES {
                return Err(Error::Unexpected { what: what.to_owned(), why: format!("more than {MAX_PAGES} pages") });
            }
            let url = resolve(self.base(), &url).filter(|url| same_origin(url, self.base())).ok_or_else(|| {
                Error::Unexpected { what: what.to_owned(), why: "the next page is on another server".to_owned() }
            })?;
            let answer = self.request("GET", &url, None, Repeat::Safe, Shape::List, what)?;
            items.extend(parse::<Vec<T>>(what, &answer)?);
            next = next_page(&answer);
            pages += 1;
        }
        Ok(items)
    }

    fn request(
        &self,
        method: &'static str,
        url: &str,
        body: Option<&Value>,
        repeat: Repeat,
        shape: Shape,
        what: &str,
    ) -> Result<Answer> {
        let request = Request {
            method,
            url: url.to_owned(),
            headers: headers(&self.bearer()?, None),
            body: body.map(Value::to_string),
        };
        self.expect(&request, Manner { what, repeat, shape, renewable: true })
    }

    /// Sends and turns every status but a success into an error.
    fn expect(&self, request: &Request, manner: Manner<'_>) -> Result<Answer> {
        let answer = self.send(request, manner)?;
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        Err(self.refusal(&answer, manner.what))
    }

    /// The error that a status is, for a request that has no use of its own for it.
    pub fn refusal(&self, answer: &Answer, what: &str) -> Error {
        match self.place.refusal(answer, what) {
            Error::Redirected { what, repository, to } => {
                let to = self.present_name().unwrap_or(to);
                Error::Redirected { what, repository, to }
            }
            error => error,
        }
    }

    /// The repository's name after a renaming; `None` when it cannot be read.
    fn present_name(&self) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Data {
            repository: Name,
        }
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Name {
            name_with_owner: String,
        }
        let (owner, name) = self.owner_and_name();
        let variables = json!({"owner": owner, "name": name});
        let what = "asking GitHub for the repository's name";
        let manner = Manner { what, repeat: Repeat::Safe, shape: Shape::Object, renewable: true };
        let answer = self.send(&self.query(RENAMED, &variables).ok()?, manner).ok()?;
        let Reading::Data(data) = reading(&answer)? else { return None };
        let data: Data = serde_json::from_value(data).ok()?;
        Some(data.repository.name_with_owner).filter(|present| check_repository(present).is_ok())
    }
}

fn headers(token: &str, etag: Option<&str>) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("accept", "application/vnd.github+json".to_owned()),
        ("x-github-api-version", "2022-11-28".to_owned()),
        ("authorization", format!("Bearer {token}")),
        ("content-type", "application/json".to_owned()),
    ];
    if let Some(etag) = etag {
        headers.push(("if-none-match", etag.to_owned()));
    }
    headers
}
