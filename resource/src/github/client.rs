use std::cell::{Cell, RefCell};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::auth::{Credentials, app_jwt};
use super::model::{App, InstallationToken, User};
use super::transport::{Answer, Request, Transport};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::log::Log;
use crate::text::percent_encode;

/// Tries of a request that may be repeated.
const TRIES: u32 = 4;
/// Between two writes (GitHub Docs, "Best practices for using the REST API", pause between mutative requests).
const WRITE_PAUSE: Duration = Duration::from_secs(1);
/// The first wait for a limit that names no time (GitHub Docs, same page: at least one minute, doubling).
const BLIND_WAIT: Duration = Duration::from_secs(60);
/// Pages of one list. At 100 a page, more than this is no list of a gate.
const MAX_PAGES: usize = 500;

/// What a [`Client`] is made of.
pub(crate) struct Settings {
    pub(crate) host: String,
    pub(crate) repository: String,
    pub(crate) credentials: Credentials,
    pub(crate) ca_cert: Option<String>,
    pub(crate) timeout: Duration,
    pub(crate) max_wait: Duration,
}

/// May a request be sent again when it is not known whether the first one arrived?
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// A read, or a write that ends in the same state however often it is done.
    Safe,
    /// A write that would happen twice.
    Never,
}

/// Speaks to GitHub: one request at a time, with credentials, within the rate limits.
pub(crate) struct Client<'a> {
    transport: Transport,
    clock: &'a dyn Clock,
    log: &'a Log,
    base: String,
    repository: String,
    credentials: Credentials,
    token: RefCell<Option<String>>,
    /// What is left of `max_wait`.
    budget: Cell<Duration>,
    last_write: Cell<Option<Timestamp>>,
    /// GitHub's clock in the newest answer.
    server_time: Cell<Option<Timestamp>>,
    identity: RefCell<Option<Identity>>,
}

/// Whose credentials these are.
#[derive(Clone, Debug)]
pub(crate) enum Identity {
    /// An account, by its numeric id: logins can be given to another.
    User { id: u64, login: String },
    /// An App, by its slug. Its bot user is `SLUG[bot]` in REST and `SLUG` in GraphQL.
    App { slug: String },
}

impl Identity {
    /// The login under which its issues are listed.
    pub(crate) fn login(&self) -> String {
        match self {
            Self::User { login, .. } => login.clone(),
            Self::App { slug } => format!("{slug}[bot]"),
        }
    }
}

impl<'a> Client<'a> {
    pub(crate) fn new(settings: Settings, clock: &'a dyn Clock, log: &'a Log) -> Result<Self> {
        let base = settings.host.trim_end_matches('/').to_owned();
        check_base(&base)?;
        check_repository(&settings.repository)?;
        let transport = Transport::new(&base, settings.ca_cert.as_deref(), settings.timeout)?;
        match &settings.credentials {
            Credentials::Token(token) => log.hide(token),
            Credentials::App { key, .. } => log.hide(key),
        }
        Ok(Self {
            transport,
            clock,
            log,
            base,
            repository: settings.repository,
            credentials: settings.credentials,
            token: RefCell::new(None),
            budget: Cell::new(settings.max_wait),
            last_write: Cell::new(None),
            server_time: Cell::new(None),
            identity: RefCell::new(None),
        })
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn owner_and_name(&self) -> (&str, &str) {
        self.repository.split_once('/').unwrap_or((&self.repository, ""))
    }

    /// GitHub's clock as of its newest answer, else this machine's.
    pub(crate) fn now(&self) -> Timestamp {
        self.server_time.get().unwrap_or_else(|| self.clock.now())
    }

    pub(super) fn log(&self) -> &Log {
        self.log
    }

    pub(crate) fn sleep(&self, time: Duration) {
        self.clock.sleep(time);
    }

    /// `…/repos/OWNER/NAME` and `path` below it.
    pub(crate) fn repo_url(&self, path: &str) -> String {
        let (owner, name) = self.owner_and_name();
        format!("{}/repos/{}/{}{path}", self.base, percent_encode(owner), percent_encode(name))
    }

    /// Asks GitHub, once, whose credentials these are.
    pub(crate) fn identity(&self) -> Result<Identity> {
        if let Some(identity) = self.identity.borrow().clone() {
            return Ok(identity);
        }
        let identity = if let Credentials::App { id, key, .. } = &self.credentials {
            let jwt = app_jwt(id, key, self.clock.now())?;
            self.log.hide(&jwt);
            let request =
                Request { method: "GET", url: format!("{}/app", self.base), headers: headers(&jwt, None), body: None };
            let app: App = parse("GET /app", &self.expect(&request, Repeat::Safe, "asking who the App is", false)?)?;
            let slug = app.slug.ok_or_else(|| Error::Unexpected {
                what: "GET /app".to_owned(),
                why: "the App has no slug".to_owned(),
            })?;
            Identity::App { slug }
        } else {
            let user: User = self.get(&format!("{}/user", self.base), "asking whose token this is")?;
            Identity::User { id: user.id, login: user.login }
        };
        *self.identity.borrow_mut() = Some(identity.clone());
        Ok(identity)
    }

    /// Reads one thing.
    pub(crate) fn get<T: DeserializeOwned>(&self, url: &str, what: &str) -> Result<T> {
        parse(what, &self.request("GET", url, None, Repeat::Safe, what)?)
    }

    /// Reads one thing; the caller looks at the status.
    pub(crate) fn get_answer(&self, url: &str, etag: Option<&str>, what: &str) -> Result<Answer> {
        let request =
            Request { method: "GET", url: url.to_owned(), headers: headers(&self.bearer()?, etag), body: None };
        self.send(&request, Repeat::Safe, what, true)
    }

    /// Writes.
    pub(crate) fn write<T: DeserializeOwned>(
        &self,
        method: &'static str,
        url: &str,
        body: &Value,
        repeat: Repeat,
        what: &str,
    ) -> Result<T> {
        let answer = self.request(method, url, Some(body), repeat, what)?;
        // The write happened; an answer that cannot be read leaves its result unknown, not undone.
        parse(what, &answer).map_err(|error| match repeat {
            Repeat::Safe => error,
            Repeat::Never => Error::Ambiguous { what: what.to_owned(), why: error.to_string() },
        })
    }

    /// Deletes; what is gone already is as good.
    pub(crate) fn delete(&self, url: &str, what: &str) -> Result<()> {
        match self.request("DELETE", url, None, Repeat::Safe, what) {
            Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The data of a GraphQL query; a query in whose answer anything is amiss has no data.
    ///
    /// `None` when what was asked for is not there.
    pub(crate) fn graphql<T: DeserializeOwned>(&self, query: &str, variables: &Value, what: &str) -> Result<Option<T>> {
        // GitHub Docs, "Forming calls with GraphQL": a server of one's own has it beside, not below, the REST API.
        let url = match self.base.strip_suffix("/api/v3") {
            Some(root) => format!("{root}/api/graphql"),
            None => format!("{}/graphql", self.base),
        };
        let body = json!({"query": query, "variables": variables});
        let answer = self.request("POST", &url, Some(&body), Repeat::Safe, what)?;
        let mut value: Value = parse(what, &answer)?;
        let errors = value.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
        if errors.iter().any(|error| error.get("type").and_then(Value::as_str) == Some("NOT_FOUND")) {
            return Ok(None);
        }
        if !errors.is_empty() {
            let text: Vec<&str> =
                errors.iter().filter_map(|error| error.get("message").and_then(Value::as_str)).collect();
            let why = crate::text::one_line(&text.join("; "), 400);
            let forbidden =
                errors.iter().any(|error| error.get("type").and_then(Value::as_str).is_some_and(|t| t == "FORBIDDEN"));
            return Err(if forbidden {
                Error::Forbidden { what: what.to_owned(), why }
            } else {
                Error::Unexpected { what: what.to_owned(), why: format!("GitHub's GraphQL says: {why}") }
            });
        }
        let data = value.get_mut("data").map(Value::take).unwrap_or_default();
        serde_json::from_value(data).map(Some).map_err(|error| Error::Unexpected {
            what: what.to_owned(),
            why: format!("the answer is not as described: {error}"),
        })
    }

    /// All pages of a list, as GitHub links them.
    pub(crate) fn list<T: DeserializeOwned>(&self, url: &str, what: &str) -> Result<Vec<T>> {
        let answer = self.request("GET", url, None, Repeat::Safe, what)?;
        self.rest_of_list(&answer, what, |_| true)
    }

    /// The items of a list whose first page came already, page by page for as long as `more` of the newest page says.
    pub(crate) fn rest_of_list<T: DeserializeOwned>(
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
            let url = resolve(&self.base, &url).filter(|url| same_origin(url, &self.base)).ok_or_else(|| {
                Error::Unexpected { what: what.to_owned(), why: "the next page is on another server".to_owned() }
            })?;
            let answer = self.request("GET", &url, None, Repeat::Safe, what)?;
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
        what: &str,
    ) -> Result<Answer> {
        let request = Request {
            method,
            url: url.to_owned(),
            headers: headers(&self.bearer()?, None),
            body: body.map(Value::to_string),
        };
        self.expect(&request, repeat, what, true)
    }

    /// Sends and turns every status but a success into an error.
    fn expect(&self, request: &Request, repeat: Repeat, what: &str, renew: bool) -> Result<Answer> {
        let answer = self.send(request, repeat, what, renew)?;
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        Err(status_error(&answer, what))
    }

    fn bearer(&self) -> Result<String> {
        match &self.credentials {
            Credentials::Token(token) => Ok(token.clone()),
            Credentials::App { .. } => {
                if let Some(token) = self.token.borrow().clone() {
                    return Ok(token);
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
            url: format!("{}/app/installations/{installation}/access_tokens", self.base),
            headers: headers(&jwt, None),
            body: Some(json!({"repositories": [name]}).to_string()),
        };
        let what = "asking for the App's token";
        // A second token does no harm.
        let answer = self.expect(&request, Repeat::Safe, what, false)?;
        let token: InstallationToken = parse(what, &answer)?;
        self.log.hide(&token.token);
        *self.token.borrow_mut() = Some(token.token.clone());
        Ok(token.token)
    }

    fn send(&self, request: &Request, repeat: Repeat, what: &str, renew: bool) -> Result<Answer> {
        let mut request = request.clone();
        let write = request.method != "GET" && !request.url.ends_with("/graphql");
        let mut tries = 0;
        let mut blind_waits = 0;
        let mut renewed = false;
        let mut hops = 0;
        loop {
            if write {
                self.pause_before_write();
            }
            let sent = self.transport.send(&request);
            if write {
                self.last_write.set(Some(self.clock.now()));
            }
            let why = match sent {
                Ok(answer) => {
                    self.note(&request, &answer);
                    if let Some(wait) = self.limited(&answer, blind_waits) {
                        blind_waits += 1;
                        self.wait_for_limit(wait)?;
                        continue;
                    }
                    if answer.status == 401 && renew && !renewed && matches!(self.credentials, Credentials::App { .. })
                    {
                        renewed = true;
                        *self.token.borrow_mut() = None;
                        let token = self.mint()?;
                        set_bearer(&mut request, &token);
                        continue;
                    }
                    if request.method == "GET"
                        && let Some(location) = redirect(&answer)
                        && !is_issue(&request.url)
                    {
                        hops += 1;
                        if hops > 5 {
                            return Err(Error::Unexpected {
                                what: what.to_owned(),
                                why: "too many redirects".to_owned(),
                            });
                        }
                        request = self.redirected(&request, &location, what)?;
                        continue;
                    }
                    if answer.status < 500 {
                        if answer.status < 300 && !answer.body.is_empty() && !is_json(&answer) {
                            "the answer is no JSON".to_owned()
                        } else {
                            return Ok(answer);
                        }
                    } else {
                        format!("{} {}", answer.status, answer.message())
                    }
                }
                Err(why) => why,
            };
            tries += 1;
            self.log.detail(format_args!("{} {}: {why}", request.method, request.url));
            if repeat == Repeat::Never {
                return Err(Error::Ambiguous { what: what.to_owned(), why });
            }
            let wait = backoff(tries);
            if tries >= TRIES || wait > self.budget.get() {
                return Err(Error::Unavailable { what: what.to_owned(), why, tries });
            }
            self.budget.set(self.budget.get().saturating_sub(wait));
            self.clock.sleep(wait);
        }
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
        self.budget.set(left.saturating_sub(wait));
        self.clock.sleep(wait);
        Ok(())
    }

    /// The request that a redirect of a read leads to. To another server it goes without credentials.
    fn redirected(&self, request: &Request, location: &str, what: &str) -> Result<Request> {
        let bad = || Error::Unexpected { what: what.to_owned(), why: "redirected to no address".to_owned() };
        let url = resolve(&request.url, location).ok_or_else(bad)?;
        let mut next = Request { url, ..request.clone() };
        if !same_origin(&next.url, &self.base) {
            if self.base.starts_with("https://") && !next.url.starts_with("https://") {
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

/// The error that a status is, for a request that has no use of its own for it.
pub(crate) fn status_error(answer: &Answer, what: &str) -> Error {
    let what = what.to_owned();
    let why = answer.message();
    match answer.status {
        301 | 302 | 303 | 307 | 308 => {
            Error::Redirected { what, to: crate::text::one_line(answer.header("location").unwrap_or("nowhere"), 300) }
        }
        401 => Error::Unauthorized(why),
        403 => Error::Forbidden { what, why },
        404 => Error::NotFound { what },
        422 => Error::Invalid { what, why },
        status => Error::Unexpected { what, why: format!("GitHub answered {status}: {why}") },
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

fn set_bearer(request: &mut Request, token: &str) {
    for (name, value) in &mut request.headers {
        if *name == "authorization" {
            *value = format!("Bearer {token}");
        }
    }
}

/// 1, 2, 4 s, each a little more by chance, so that many steps that failed together do not come back together.
fn backoff(tries: u32) -> Duration {
    Duration::from_millis((1_000 << tries.saturating_sub(1).min(6)) + u64::from(random_u16()) % 500)
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
    // Cheap first: nearly no answer has it.
    let needle = b"RATE_LIMITED";
    answer.body.windows(needle.len()).any(|part| part == needle)
        && serde_json::from_slice::<Value>(&answer.body).is_ok_and(|value| {
            value["errors"].as_array().is_some_and(|errors| errors.iter().any(|error| error["type"] == "RATE_LIMITED"))
        })
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
    let bad = |why: &str| Err(Error::BadSource(format!("`gh_host` {why}")));
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
        _ => Err(Error::BadSource(format!(
            "`repository` is OWNER/NAME, and not `{}`",
            crate::text::one_line(repository, 80)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(text: &str) -> Option<String> {
        let mut headers = ureq::http::HeaderMap::new();
        headers.insert("link", text.parse().expect("a header"));
        next_page(&Answer { status: 200, headers, body: Vec::new() })
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
