use std::cell::{Cell, RefCell};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::auth::{Credentials, app_jwt};
use super::graphql::Reading;
use super::model::{App, InstallationToken, User};
use super::refusal::Place;
use super::transport::{Answer, NoAnswer, Request, Transport};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::log::Log;
use crate::text::{one_line, percent_encode};

/// Tries of a request in a check, which is asked again soon. A get and a put go on until `max_wait` is used up.
const TRIES: u32 = 4;
/// The longest wait between two tries.
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);
/// Waits before a request is sent again that GitHub refused for a new token of an App. Replicas of GitHub learn of a
/// token one after the other (octokit/auth-app.js issues 65 and 589: 401 where the token is not known yet, 403 where its
/// permissions are not).
const NEW_TOKEN_WAITS: [Duration; 3] = [Duration::from_secs(3), Duration::from_secs(10), Duration::from_secs(30)];
/// For how long a token counts as new.
const NEW_TOKEN: SignedDuration = SignedDuration::from_secs(60);
/// From how far apart on the clocks are mentioned: an App's token allows for less than a minute.
const CLOCKS_APART: i64 = 30;
/// Between two writes (GitHub Docs, "Best practices for using the REST API", pause between mutative requests).
const WRITE_PAUSE: Duration = Duration::from_secs(1);
/// The first wait for a limit that names no time (GitHub Docs, same page: at least one minute, doubling).
const BLIND_WAIT: Duration = Duration::from_secs(60);
const RENAMED: &str = include_str!("renamed.graphql");
/// Pages of one list. At 100 a page, more than this is no list of a gate.
const MAX_PAGES: usize = 500;

/// What a [`Client`] is made of.
pub struct Settings {
    /// The base of the REST API, such as `https://api.github.com`.
    pub host: String,
    /// The repository, as `OWNER/NAME`.
    pub repository: String,
    /// Whose requests these are.
    pub credentials: Credentials,
    /// A certificate to trust besides the system's, in PEM.
    pub ca_cert: Option<String>,
    /// How long one request may take.
    pub timeout: Duration,
    /// How long all waits of the step may take together.
    pub max_wait: Duration,
    /// Whether a failing request is tried until `max_wait` is used up, and not four times.
    pub persistent: bool,
}

/// How long a step waits for GitHub.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// A check is asked again soon.
    Check,
    /// A get that fails fails its build.
    Get,
    /// The deployment has happened already.
    Put,
}

impl Patience {
    /// The time to wait in all: what the source sets, else the default.
    pub fn max_wait(self, seconds: Option<u64>) -> Duration {
        Duration::from_secs(seconds.unwrap_or(match self {
            Self::Check | Self::Get => 120,
            Self::Put => 900,
        }))
    }

    /// Whether requests are repeated until `max_wait` is used up.
    pub fn is_persistent(self) -> bool {
        self != Self::Check
    }
}

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

/// An App's token.
#[derive(Clone)]
struct AppToken {
    text: String,
    /// When it was made, on this machine's clock.
    made: Timestamp,
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

/// Whose credentials these are.
#[derive(Clone, Debug)]
pub enum Identity {
    /// An account, by its numeric id: logins can be given to another.
    User {
        /// The numeric id, which stays when the login changes.
        id: u64,
        /// The login.
        login: String,
    },
    /// An App, by its slug. Its bot user is `SLUG[bot]` in REST and `SLUG` in GraphQL.
    App {
        /// The name in the address of the App's page.
        slug: String,
    },
}

impl Identity {
    /// The login under which its issues are listed.
    pub fn login(&self) -> String {
        match self {
            Self::User { login, .. } => login.clone(),
            Self::App { slug } => format!("{slug}[bot]"),
        }
    }
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

    pub(super) fn log(&self) -> &Log {
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

    /// Asks GitHub, once, whose credentials these are.
    pub fn identity(&self) -> Result<Identity> {
        if let Some(identity) = self.identity.borrow().clone() {
            return Ok(identity);
        }
        let identity = if let Credentials::App { id, key, .. } = &self.credentials {
            let jwt = app_jwt(id, key, self.clock.now())?;
            self.log.hide(&jwt);
            let request = Request {
                method: "GET",
                url: format!("{}/app", self.base()),
                headers: headers(&jwt, None),
                body: None,
            };
            let what = "asking GitHub for the App";
            let manner = Manner { what, repeat: Repeat::Safe, shape: Shape::Object, renewable: false };
            let answer = self.send(&request, manner)?;
            if answer.status != 200 {
                return Err(self.with_clock(self.place.refusal(&answer, what), &answer));
            }
            let app: App = parse(what, &answer)?;
            let slug = app.slug.ok_or_else(|| Error::Unexpected {
                what: "GET /app".to_owned(),
                why: "the App has no slug".to_owned(),
            })?;
            Identity::App { slug }
        } else {
            let user: User = self.get(&format!("{}/user", self.base()), "asking GitHub for the token's account")?;
            Identity::User { id: user.id, login: user.login }
        };
        *self.identity.borrow_mut() = Some(identity.clone());
        Ok(identity)
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
            Reading::Wrong(said) => return Err(unexpected(format!("GitHub's GraphQL answers: {said}"))),
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

    fn bearer(&self) -> Result<String> {
        match &self.credentials {
            Credentials::Token(token) => Ok(token.clone()),
            Credentials::App { .. } => {
                if let Some(token) = self.token.borrow().as_ref() {
                    return Ok(token.text.clone());
                }
                self.mint()
            }
        }
    }

    /// Has a token made for this repository. It lives an hour, in memory alone.
    fn mint(&self) -> Result<String> {
        let Credentials::App { id, installation, key } = &self.credentials else {
            return Err(Error::Internal("a token was asked of no App".to_owned()));
        };
        let jwt = app_jwt(id, key, self.clock.now())?;
        self.log.hide(&jwt);
        let (_, name) = self.owner_and_name();
        let request = Request {
            method: "POST",
            url: format!("{}/app/installations/{installation}/access_tokens", self.base()),
            headers: headers(&jwt, None),
            body: Some(json!({"repositories": [name]}).to_string()),
        };
        let what = "asking GitHub for the App's token";
        // A second token does no harm.
        let manner = Manner { what, repeat: Repeat::Safe, shape: Shape::Any, renewable: false };
        let answer = self.send(&request, manner)?;
        let (host, repository) = (self.place.host(), &self.place.repository);
        let not_found = |what: String| Err(Error::NotFound { what });
        match answer.status {
            200..=299 => {}
            404 => {
                return not_found(format!(
                    "the installation {installation} of the App {id} was not found on {host}; set \
                     `app_installation_id` to the installation of the organization that owns `{repository}`"
                ));
            }
            422 => {
                return not_found(format!(
                    "the App {id} cannot read the repository `{repository}` on {host} ({}); install the App there, or, \
                     if the repository was renamed, write its present name in `repository`",
                    answer.message()
                ));
            }
            _ => return Err(self.with_clock(self.place.refusal(&answer, what), &answer)),
        }
        let token: InstallationToken = parse(what, &answer)?;
        self.log.hide(&token.token);
        *self.token.borrow_mut() = Some(AppToken { text: token.token.clone(), made: self.clock.now() });
        Ok(token.token)
    }

    /// An App's own token holds for minutes by this machine's clock: where GitHub refuses it, the clocks are compared.
    fn with_clock(&self, error: Error, answer: &Answer) -> Error {
        let Error::Unauthorized(why) = error else { return error };
        let Some(theirs) = answer.header("date").and_then(parse_http_date) else { return Error::Unauthorized(why) };
        let ahead = self.clock.now().as_second() - theirs.as_second();
        if ahead.abs() < CLOCKS_APART {
            return Error::Unauthorized(why);
        }
        let direction = if ahead > 0 { "ahead of" } else { "behind" };
        let seconds = ahead.unsigned_abs();
        Error::Unauthorized(format!(
            "{why}; this machine's clock is {seconds} s {direction} GitHub's clock, by which an App's own token is \
             checked: correct this machine's clock"
        ))
    }

    /// The age of the App's token in seconds, while it is so new that parts of GitHub may not know it.
    fn age_of_new_token(&self) -> Option<i64> {
        let made = self.token.borrow().as_ref()?.made;
        let age = self.clock.now().duration_since(made);
        (age < NEW_TOKEN).then(|| age.as_secs().max(0))
    }

    fn send(&self, request: &Request, manner: Manner<'_>) -> Result<Answer> {
        let mut request = request.clone();
        let write = request.method != "GET" && !request.url.ends_with("/graphql");
        let mut tries = 0;
        let mut blind_waits = 0;
        let mut new_token_waits = NEW_TOKEN_WAITS.iter();
        let mut renewed = false;
        let mut hops = 0;
        loop {
            if write {
                self.pause_before_write();
            }
            let began = self.clock.now();
            let sent = self.transport.send(&request);
            if write {
                self.last_write.set(Some(self.clock.now()));
            }
            let (why, may_have_arrived) = match sent {
                Ok(mut answer) => {
                    self.note(&request, &answer);
                    if let Some(wait) = self.limited(&answer, blind_waits) {
                        blind_waits += 1;
                        self.wait_for_limit(wait)?;
                        continue;
                    }
                    if manner.renewable && is_refused(&request, &answer) {
                        if let Some(age) = self.age_of_new_token() {
                            answer.age_of_new_token = Some(age);
                            if let Some(wait) = new_token_waits.next().filter(|wait| **wait <= self.budget.get()) {
                                self.wait_for_new_token(*wait, age, &answer);
                                continue;
                            }
                        }
                        if answer.status == 401 && !renewed && matches!(self.credentials, Credentials::App { .. }) {
                            renewed = true;
                            *self.token.borrow_mut() = None;
                            let token = self.mint()?;
                            set_bearer(&mut request, &token);
                            continue;
                        }
                    }
                    if request.method == "GET"
                        && let Some(location) = redirect(&answer)
                        && !is_issue(&request.url)
                    {
                        hops += 1;
                        if hops > 5 {
                            return Err(Error::Unexpected {
                                what: manner.what.to_owned(),
                                why: "too many redirects".to_owned(),
                            });
                        }
                        request = self.redirected(&request, &location, manner.what)?;
                        continue;
                    }
                    match fault(&request, &answer, manner.shape) {
                        None => return Ok(answer),
                        Some(why) => (why, true),
                    }
                }
                Err(NoAnswer { why, may_have_arrived }) => (why, may_have_arrived),
            };
            tries += 1;
            self.log.detail(format_args!("{} {}: {why}", request.method, request.url));
            let what = manner.what.to_owned();
            if manner.repeat == Repeat::Never && may_have_arrived {
                return Err(Error::Ambiguous { what, why });
            }
            // A server that does not answer uses up the time, too.
            self.spend(self.clock.now().duration_since(began).unsigned_abs());
            let left = self.budget.get();
            let wait = if self.persistent { backoff(tries).min(left) } else { backoff(tries) };
            if left.is_zero() || wait > left || (!self.persistent && tries >= TRIES) {
                let host = self.place.host().to_owned();
                return Err(Error::Unavailable { what, host, why, tries });
            }
            self.spend(wait);
            self.clock.sleep(wait);
        }
    }

    /// Waits for parts of GitHub that do not know the App's token yet.
    fn wait_for_new_token(&self, wait: Duration, age: i64, answer: &Answer) {
        self.log.say(format_args!(
            "GitHub refuses the App's token ({} {}), which was made {age} s before: trying again in {} s",
            answer.status,
            answer.message(),
            wait.as_secs()
        ));
        self.spend(wait);
        self.clock.sleep(wait);
    }

    /// Takes from what is left of `max_wait`.
    pub(super) fn spend(&self, time: Duration) {
        self.budget.set(self.budget.get().saturating_sub(time));
    }

    /// Whether a step that should not fail may go on trying.
    pub(super) fn may_go_on(&self) -> bool {
        self.persistent && !self.budget.get().is_zero()
    }

    fn pause_before_write(&self) {
        if let Some(last) = self.last_write.get() {
            let since = self.clock.now().duration_since(last).unsigned_abs();
            if let Some(wait) = WRITE_PAUSE.checked_sub(since) {
                self.clock.sleep(wait);
            }
        }
    }

    fn note(&self, request: &Request, answer: &Answer) {
        if let Some(time) = answer.header("date").and_then(parse_http_date) {
            self.server_time.set(Some(time));
        }
        let number = |name| answer.header(name).and_then(|text| text.parse::<u64>().ok());
        let (remaining, limit) = (number("x-ratelimit-remaining"), number("x-ratelimit-limit"));
        self.log.detail(format_args!(
            "{} {} → {} ({} of {} requests left)",
            request.method,
            request.url,
            answer.status,
            remaining.map_or("?".to_owned(), |n| n.to_string()),
            limit.map_or("?".to_owned(), |n| n.to_string()),
        ));
        if let (Some(remaining), Some(limit)) = (remaining, limit)
            && remaining * 10 < limit
            && answer.status < 400
        {
            self.log.say(format_args!("rate limit: {remaining} of {limit} requests left"));
        }
    }

    /// How long GitHub wants us to wait, if it refused for a rate limit.
    ///
    /// Source: GitHub Docs, "Rate limits for the REST API", exceeding the rate limit: 403 or 429; `retry-after` first,
    /// then `x-ratelimit-reset` when nothing remains, else a minute and then twice as long. A GraphQL answer says it
    /// with status 200 and an error of type `RATE_LIMITED`.
    fn limited(&self, answer: &Answer, blind_waits: u32) -> Option<Duration> {
        let refused = match answer.status {
            403 | 429 => true,
            422 => is_too_quick(answer),
            200 => is_graphql_limit(answer),
            _ => false,
        };
        if !refused {
            return None;
        }
        let number = |name| answer.header(name).and_then(|text| text.trim().parse::<u64>().ok());
        if let Some(seconds) = number("retry-after") {
            return Some(Duration::from_secs(seconds.max(1)));
        }
        if number("x-ratelimit-remaining") == Some(0) {
            let reset = number("x-ratelimit-reset")
                .and_then(|at| Timestamp::from_second(i64::try_from(at).ok()?).ok())
                .map(|at| at.duration_since(self.now()));
            // A second more: the reset is a whole second, and we may be early in it.
            return Some(match reset {
                Some(wait) if wait.is_positive() => wait.unsigned_abs() + Duration::from_secs(1),
                _ => Duration::from_secs(1),
            });
        }
        let message = answer.message().to_ascii_lowercase();
        let blind = answer.status == 429
            || answer.status == 200
            || answer.status == 422
            || message.contains("secondary rate limit")
            || message.contains("abuse detection");
        blind.then(|| BLIND_WAIT.saturating_mul(1 << blind_waits.min(8)))
    }

    fn wait_for_limit(&self, wait: Duration) -> Result<()> {
        let until = self
            .now()
            .saturating_add(SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX))
            .unwrap_or(Timestamp::MAX);
        let left = self.budget.get();
        if wait > left {
            return Err(Error::RateLimited { wait, until, left });
        }
        self.log.say(format_args!("rate limited by GitHub: waiting {} s (until {until})", wait.as_secs()));
        self.spend(wait);
        self.clock.sleep(wait);
        Ok(())
    }

    /// The request that a redirect of a read leads to. To another server it goes without credentials.
    fn redirected(&self, request: &Request, location: &str, what: &str) -> Result<Request> {
        let bad = || Error::Unexpected { what: what.to_owned(), why: "redirected to no address".to_owned() };
        let url = resolve(&request.url, location).ok_or_else(bad)?;
        let mut next = Request { url, ..request.clone() };
        if same_origin(&next.url, self.base()) && !self.is_renaming_logged.replace(true) {
            self.log.say(format_args!(
                "warning: GitHub redirects from the repository `{}`; if it was renamed, write its present name in \
                 `repository`: GitHub takes no writes under the old name",
                self.place.repository
            ));
        }
        if !same_origin(&next.url, self.base()) {
            if self.base().starts_with("https://") && !next.url.starts_with("https://") {
                return Err(Error::Unexpected {
                    what: what.to_owned(),
                    why: "redirected from https to plain http".to_owned(),
                });
            }
            next.headers.retain(|(name, _)| *name != "authorization");
        }
        Ok(next)
    }
}

/// What is wrong with an answer that GitHub would not give if nothing had failed: the same request may get another.
fn fault(request: &Request, answer: &Answer, shape: Shape) -> Option<String> {
    match answer.status {
        408 | 500.. => return Some(format!("{} {}", answer.status, answer.message())),
        200..=299 => {}
        _ => return None,
    }
    let begins = answer.body.iter().find(|byte| !byte.is_ascii_whitespace());
    let fits = match shape {
        Shape::Object => begins == Some(&b'{'),
        Shape::List => begins == Some(&b'['),
        Shape::Any => true,
    };
    if (begins.is_some() && !is_json(answer)) || (begins.is_none() && shape != Shape::Any) {
        return Some("the answer is not JSON".to_owned());
    }
    if !fits {
        return Some(format!("the answer is of another shape: {}", answer.message()));
    }
    match graphql_reading(request, answer)? {
        Reading::Passing(why) => Some(why),
        _ => None,
    }
}

/// Did GitHub refuse the request as it refuses an account that may not see or do what was asked?
fn is_refused(request: &Request, answer: &Answer) -> bool {
    match answer.status {
        401 | 403 | 404 => true,
        200 => matches!(graphql_reading(request, answer), Some(Reading::NotFound | Reading::Forbidden(_))),
        _ => false,
    }
}

/// The answer to a GraphQL query; `None` for any other answer.
fn graphql_reading(request: &Request, answer: &Answer) -> Option<Reading> {
    if answer.status == 200 && request.url.ends_with("/graphql") { reading(answer) } else { None }
}

fn reading(answer: &Answer) -> Option<Reading> {
    serde_json::from_slice(&answer.body).ok().map(Reading::of)
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

fn set_bearer(request: &mut Request, token: &str) {
    for (name, value) in &mut request.headers {
        if *name == "authorization" {
            *value = format!("Bearer {token}");
        }
    }
}

/// 1, 2, 4 s and so on, each a little more by chance, so that many steps that failed together do not come back together.
fn backoff(tries: u32) -> Duration {
    let doubled = Duration::from_secs(1 << tries.saturating_sub(1).min(6)).min(LONGEST_BACKOFF);
    doubled + Duration::from_millis(u64::from(random_u16()) % 500)
}

/// Sixteen random bits; 0 when the machine has none to give, which costs the spread and nothing else.
pub(super) fn random_u16() -> u16 {
    use ring::rand::SecureRandom as _;
    let mut bytes = [0; 2];
    let _ = ring::rand::SystemRandom::new().fill(&mut bytes);
    u16::from_le_bytes(bytes)
}

fn parse<T: DeserializeOwned>(what: &str, answer: &Answer) -> Result<T> {
    serde_json::from_slice(&answer.body).map_err(|error| Error::Unexpected {
        what: what.to_owned(),
        why: format!("the answer is not as GitHub describes it: {error}"),
    })
}

fn is_json(answer: &Answer) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(&answer.body).is_ok()
}

fn is_graphql_limit(answer: &Answer) -> bool {
    // Cheap first: nearly no answer has it. A list, or an issue's text, may hold the words.
    let holds = |needle: &[u8]| answer.body.windows(needle.len()).any(|part| part == needle);
    (holds(b"RATE_LIMIT") || holds(b"secondary rate limit"))
        && serde_json::from_slice::<Value>(&answer.body)
            .is_ok_and(|value| value.get("errors").is_some() && matches!(Reading::of(value), Reading::Limited))
}

/// A limit on new content that comes as a validation that failed.
fn is_too_quick(answer: &Answer) -> bool {
    String::from_utf8_lossy(&answer.body).contains("was submitted too quickly")
}

fn redirect(answer: &Answer) -> Option<String> {
    matches!(answer.status, 301 | 302 | 303 | 307 | 308).then(|| answer.header("location").map(str::to_owned))?
}

/// A single issue that redirects has been transferred, and what stands there is another issue.
fn is_issue(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/').next().is_some_and(|last| last.parse::<u64>().is_ok())
}

/// The address of `rel="next"` in a `Link` header (RFC 8288).
fn next_page(answer: &Answer) -> Option<String> {
    let mut rest = answer.header("link")?;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>')?;
        let url = &rest[start + 1..end];
        let params = &rest[end + 1..];
        let stop = params.find('<').unwrap_or(params.len());
        let is_next = params[..stop].split([';', ',']).any(|param| {
            param.split_once('=').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("rel")
                    && value.trim().trim_matches('"').split(' ').any(|rel| rel.eq_ignore_ascii_case("next"))
            })
        });
        if is_next {
            return Some(url.to_owned());
        }
        rest = &params[stop..];
    }
    None
}

/// `location` seen from `url`.
fn resolve(url: &str, location: &str) -> Option<String> {
    if location.starts_with("https://") || location.starts_with("http://") {
        return Some(location.to_owned());
    }
    location.starts_with('/').then(|| format!("{}{location}", origin(url)))
}

fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    url[host..].find(['/', '?', '#']).map_or(url, |at| &url[..host + at])
}

fn same_origin(one: &str, other: &str) -> bool {
    origin(one).eq_ignore_ascii_case(origin(other))
}

fn parse_http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

fn check_base(base: &str) -> Result<()> {
    let bad = |why: &str| Err(Error::Settings(format!("`gh_host` {why}")));
    let Some((scheme @ ("https" | "http"), rest)) = base.split_once("://") else {
        return bad("is the base of GitHub's REST API, such as https://api.github.com or https://HOST/api/v3");
    };
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.contains('@') || !base.chars().all(|c| c.is_ascii_graphic()) || base.contains(['?', '#']) {
        return bad("must have neither user, query nor fragment");
    }
    let host = authority.strip_prefix('[').map_or_else(
        || authority.split(':').next().unwrap_or_default(),
        |rest| rest.split(']').next().unwrap_or_default(),
    );
    if host.is_empty() {
        return bad("names no host");
    }
    let loopback = host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if scheme == "http" && !loopback {
        return bad("must be https: credentials are sent there");
    }
    Ok(())
}

fn check_repository(repository: &str) -> Result<()> {
    let part = |part: &str| {
        !part.is_empty()
            && !matches!(part, "." | "..")
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    match repository.split_once('/') {
        Some((owner, name)) if part(owner) && part(name) => Ok(()),
        _ => Err(Error::Settings(format!("`repository` is OWNER/NAME, and not `{}`", one_line(repository, 80)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(text: &str) -> Option<String> {
        let mut headers = ureq::http::HeaderMap::new();
        headers.insert("link", text.parse().expect("a header"));
        next_page(&Answer { status: 200, headers, body: Vec::new(), age_of_new_token: None })
    }

    #[test]
    fn next_page_is_read_from_the_link_header() {
        assert_eq!(
            link(r#"<https://x/1?page=2>; rel="next", <https://x/1?page=9>; rel="last""#).as_deref(),
            Some("https://x/1?page=2")
        );
        assert_eq!(
            link(r#"<https://x/1?page=1>; rel="prev", <https://x/1?a=1,2;3&page=3>; rel="next""#).as_deref(),
            Some("https://x/1?a=1,2;3&page=3")
        );
        assert_eq!(link(r"</a?after=Y3Vyc29y>; rel=next").as_deref(), Some("/a?after=Y3Vyc29y"));
        assert_eq!(link(r#"<https://x/1?page=1>; rel="first""#), None);
        assert_eq!(link("<https://x"), None);
    }

    #[test]
    fn origin_is_scheme_host_and_port() {
        assert!(same_origin("https://x/api/v3", "https://X/repos?a"));
        assert!(!same_origin("https://x/api", "https://x.evil/api"));
        assert!(!same_origin("https://x/api", "https://x:8443/api"));
        assert!(!same_origin("https://x/api", "http://x/api"));
        assert_eq!(resolve("https://x/api/v3/a", "/repositories/1").as_deref(), Some("https://x/repositories/1"));
        assert_eq!(resolve("https://x/a", "//evil/").as_deref(), Some("https://x//evil/"));
        assert_eq!(resolve("https://x/a", "javascript:0"), None);
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for good in ["https://api.github.com", "http://127.0.0.1:80", "http://localhost:1/api/v3", "http://[::1]:1"] {
            assert!(check_base(good).is_ok(), "{good}");
        }
        for bad in [
            "http://ghe.example.org",
            "http://127.0.0.1.evil",
            "ftp://x",
            "https://",
            "https://u:p@x",
            "api.github.com",
            "http://localhost@evil/",
        ] {
            assert!(check_base(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_an_address_of_one_issue_is_an_issue() {
        assert!(is_issue("https://x/repos/o/r/issues/12"));
        assert!(!is_issue("https://x/repos/o/r/issues?page=12"));
        assert!(!is_issue("https://x/repos/o/r/issues/12/comments"));
    }
}
