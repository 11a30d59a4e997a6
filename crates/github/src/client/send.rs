//! Sending: again after what passes, later after a limit, elsewhere after a redirect, and never longer than `max_wait`.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::address::{is_issue, resolve, same_origin};
use super::answer::{fault, is_graphql_limit, is_refused, is_too_quick, parse_http_date, redirect};
use super::{Client, Manner, Repeat};
use crate::auth::Credentials;
use crate::error::{Error, Result};
use crate::transport::{Answer, NoAnswer, Request};

/// Tries of a request in a check, which is asked again soon. A get and a put go on until `max_wait` is used up.
const TRIES: u32 = 4;
/// The longest wait between two tries.
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);
/// Waits before a request is sent again that GitHub refused for a new token of an App. Replicas of GitHub learn of a
/// token one after the other (octokit/auth-app.js issues 65 and 589: 401 where the token is not known yet, 403 where its
/// permissions are not).
const NEW_TOKEN_WAITS: [Duration; 3] = [Duration::from_secs(3), Duration::from_secs(10), Duration::from_secs(30)];
/// Between two writes (GitHub Docs, "Best practices for using the REST API", pause between mutative requests).
const WRITE_PAUSE: Duration = Duration::from_secs(1);
/// The first wait for a limit that names no time (GitHub Docs, same page: at least one minute, doubling).
const BLIND_WAIT: Duration = Duration::from_secs(60);

impl Client<'_> {
    /// Returns the answer, whatever its status, once nothing is left to wait for.
    pub(super) fn send(&self, request: &Request, manner: Manner<'_>) -> Result<Answer> {
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
    pub(crate) fn spend(&self, time: Duration) {
        self.budget.set(self.budget.get().saturating_sub(time));
    }

    /// Whether a step that should not fail may go on trying.
    pub(crate) fn may_go_on(&self) -> bool {
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
pub(crate) fn random_u16() -> u16 {
    use ring::rand::SecureRandom as _;
    let mut bytes = [0; 2];
    let _ = ring::rand::SystemRandom::new().fill(&mut bytes);
    u16::from_le_bytes(bytes)
}
