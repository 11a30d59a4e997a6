use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::Value;

use crate::http::{Request, Response};
use crate::listening::Listening;
use crate::openapi::Description;
use crate::rest::{self, Call, Caller};
use crate::time::Time;
use crate::tls::Authority;
use crate::world::World;
use crate::{admin, graphql};

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before the request takes effect.
    Before,
    /// After it did, before its answer is sent.
    After,
}

/// What becomes of a request instead of the answer that it should have.
#[derive(Clone, Debug, Default)]
pub enum Action {
    /// Nothing special.
    #[default]
    Go,
    /// This answer.
    Answer(Response),
    /// The connection is closed.
    Drop,
    /// The answer breaks off after so many bytes of its body.
    Truncate(usize),
    /// No answer comes, until the client goes away.
    Freeze,
}

type Hook = Box<dyn FnMut(&Request, &mut World, usize, Phase) -> Action + Send>;

/// A request that came.
#[derive(Clone, Debug)]
pub struct Logged {
    /// The request.
    pub request: Request,
    /// GitHub's name of the operation.
    pub operation: String,
    /// The status that was sent; none when the connection was closed.
    pub status: Option<u16>,
    /// Which endpoint it came to.
    pub client: usize,
}

/// How a fake is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// Below which path the API is: `/api/v3` on a server of one's own, empty on api.github.com.
    pub prefix: String,
    /// Milliseconds since 1970 at the start.
    pub now: i64,
    /// Milliseconds that each request takes.
    pub latency: i64,
    /// Whether the clock of the machine moves the fake's time too.
    pub real_time: bool,
}

impl Default for Config {
    fn default() -> Self {
        // 2026-01-05T10:00:00Z, a Monday.
        Self { prefix: String::new(), now: 1_767_607_200_000, latency: 100, real_time: false }
    }
}

/// A running fake.
#[derive(Clone)]
pub struct FakeGithub {
    shared: Arc<Shared>,
}

struct Shared {
    config: Config,
    time: Time,
    world: Mutex<World>,
    hooks: Mutex<Vec<Hook>>,
    log: Mutex<Vec<Logged>>,
    violations: Mutex<Vec<String>>,
    clients: Mutex<usize>,
}

/// An address of a fake.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The base of the REST API.
    pub base: String,
    /// Its number, for the log and the hooks.
    pub client: usize,
    /// Where it listens, until the last clone of this endpoint is dropped.
    pub listening: Arc<Listening>,
}

impl FakeGithub {
    /// A fake with an empty world.
    pub fn new(config: Config) -> Self {
        let time = Time::new(config.now);
        let mut world = World::default();
        world.now = config.now;
        world.limit = 5_000;
        Self {
            shared: Arc::new(Shared {
                config,
                time,
                world: Mutex::new(world),
                hooks: Mutex::default(),
                log: Mutex::default(),
                violations: Mutex::default(),
                clients: Mutex::default(),
            }),
        }
    }

    /// Its clock.
    pub fn time(&self) -> &Time {
        &self.shared.time
    }

    /// What it knows, at the present time.
    pub fn world(&self) -> MutexGuard<'_, World> {
        let now = self.shared.time.now();
        let mut world = lock(&self.shared.world);
        world.now = now;
        world
    }

    /// Has `hook` look at every request, before and after it takes effect.
    pub fn hook(&self, hook: impl FnMut(&Request, &mut World, usize, Phase) -> Action + Send + 'static) {
        lock(&self.shared.hooks).push(Box::new(hook));
    }

    /// Takes all hooks away.
    pub fn unhook(&self) {
        lock(&self.shared.hooks).clear();
    }

    /// The requests since the last call.
    pub fn take_log(&self) -> Vec<Logged> {
        std::mem::take(&mut lock(&self.shared.log))
    }

    /// The requests so far.
    pub fn log(&self) -> Vec<Logged> {
        lock(&self.shared.log).clone()
    }

    /// What was not as GitHub describes it.
    pub fn violations(&self) -> Vec<String> {
        lock(&self.shared.violations).clone()
    }

    /// Opens an address of plain HTTP on this machine.
    ///
    /// # Panics
    ///
    /// When this machine has no port left.
    pub fn listen(&self) -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        self.serve(listener, None)
    }

    /// Opens a given address of plain HTTP.
    ///
    /// # Errors
    ///
    /// When the address is taken.
    pub fn listen_on(&self, address: &str) -> io::Result<Endpoint> {
        Ok(self.serve(TcpListener::bind(address)?, None))
    }

    /// Opens an address of HTTPS.
    ///
    /// # Errors
    ///
    /// When the address is taken.
    pub fn listen_tls(&self, address: &str, authority: &Authority, names: &[String]) -> io::Result<Endpoint> {
        Ok(self.serve(TcpListener::bind(address)?, Some((authority.server(names), names[0].clone()))))
    }

    fn serve(&self, listener: TcpListener, tls: Option<(Arc<rustls::ServerConfig>, String)>) -> Endpoint {
        let address = listener.local_addr().expect("a bound socket has an address");
        let client = {
            let mut clients = lock(&self.shared.clients);
            *clients += 1;
            *clients - 1
        };
        let root = match &tls {
            Some((_, name)) => format!("https://{name}:{}", address.port()),
            None => format!("http://{address}"),
        };
        let base = format!("{root}{}", self.shared.config.prefix);
        let (fake, own) = (self.clone(), base.clone());
        let listening = Listening::start(listener, move |stream| {
            let _ = stream.set_nodelay(true);
            match &tls {
                None => fake.connection(stream, client, &own),
                Some((config, _)) => {
                    if let Ok(session) = rustls::ServerConnection::new(Arc::clone(config)) {
                        fake.connection(rustls::StreamOwned::new(session, stream), client, &own);
                    }
                }
            }
        });
        Endpoint { base, client, listening: Arc::new(listening) }
    }

    fn connection(&self, mut stream: impl Read + Write + Hold, client: usize, base: &str) {
        while let Ok(Some(request)) = Request::read(&mut stream) {
            let (response, action) = self.handle(&request, client, base);
            let sent = match action {
                Action::Go | Action::Answer(_) => response.write(&mut stream, None),
                Action::Truncate(keep) => {
                    response.write(&mut stream, Some(keep)).and_then(|()| Err(io::Error::other("cut")))
                }
                Action::Drop => return,
                Action::Freeze => {
                    stream.hold();
                    return;
                }
            };
            if sent.is_err() {
                return;
            }
        }
    }

    fn handle(&self, request: &Request, client: usize, base: &str) -> (Response, Action) {
        if request.path.starts_with("/_admin/") {
            return (admin::answer(self, request), Action::Go);
        }
        self.shared.time.turn(client);
        if !self.shared.config.real_time {
            self.shared.time.advance(self.shared.config.latency);
        }
        let mut world = self.world();
        let action = self.run_hooks(request, &mut world, client, Phase::Before);
        let (response, operation, action) = match action {
            Action::Go => {
                let (response, operation) = self.answer(&mut world, request, base);
                let action = self.run_hooks(request, &mut world, client, Phase::After);
                match action {
                    Action::Answer(response) => (response.clone(), operation, Action::Answer(response)),
                    action => (response, operation, action),
                }
            }
            Action::Answer(response) => (response, "fault".to_owned(), Action::Go),
            // One without a body cannot be cut: it would be a whole answer on a connection that then ends, and a client that
            // takes the connection for its next request may find it closed.
            action => (Response::error(500, "Server Error"), "fault".to_owned(), action),
        };
        let status = (!matches!(action, Action::Drop | Action::Freeze)).then_some(response.status);
        lock(&self.shared.log).push(Logged { request: request.clone(), operation, status, client });
        let response = Self::with_common_headers(&mut world, response);
        (response, action)
    }

    fn run_hooks(&self, request: &Request, world: &mut World, client: usize, phase: Phase) -> Action {
        let mut action = Action::Go;
        for hook in lock(&self.shared.hooks).iter_mut() {
            action = hook(request, world, client, phase);
            if !matches!(action, Action::Go) {
                break;
            }
        }
        // What a hook has people do takes time for everybody.
        self.shared.time.advance((world.now - self.shared.time.now()).max(0));
        action
    }

    fn with_common_headers(world: &mut World, mut response: Response) -> Response {
        // An answer that nothing changed does not count.
        if response.status != 304 {
            world.requests += 1;
        }
        let has = |response: &Response, name: &str| response.headers.iter().any(|(known, _)| known == name);
        if !has(&response, "x-ratelimit-limit") {
            response = response.with("x-ratelimit-limit", &world.limit.to_string());
        }
        if !has(&response, "x-ratelimit-remaining") {
            response = response.with("x-ratelimit-remaining", &world.limit.saturating_sub(world.requests).to_string());
        }
        let date = jiff::Timestamp::from_millisecond(world.now).expect("a time of this age");
        response.with("date", &date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
    }

    fn answer(&self, world: &mut World, request: &Request, base: &str) -> (Response, String) {
        let prefix = &self.shared.config.prefix;
        let description = if prefix.is_empty() { Description::github() } else { Description::ghes() };
        let web = "https://github.test";
        let caller = rest::caller(world, request);
        let graphql_path = if prefix.is_empty() { "/graphql" } else { "/api/graphql" };
        if request.path == graphql_path {
            if !matches!(caller, Caller::Account(_)) {
                return (Response::error(401, "Bad credentials"), "graphql".to_owned());
            }
            let body = request.json().unwrap_or_default();
            let (value, wrong) = graphql::answer(world, &body, web);
            self.violate(wrong);
            return (Response::json(200, &value), "graphql".to_owned());
        }
        let Some(path) = request.path.strip_prefix(prefix.as_str()) else {
            return (Response::error(404, "Not Found"), "nowhere".to_owned());
        };
        // What a renamed repository's redirects lead to.
        let path = by_id(world, path);
        let Some((operation, values)) = description.operation(&request.method, &path) else {
            self.violate(vec![format!("{} {path} is not described", request.method)]);
            return (Response::error(404, "Not Found"), "nowhere".to_owned());
        };
        let body: Option<Value> = if request.body.is_empty() { None } else { request.json() };
        self.violate(description.check_request(operation, &values, &request.query, body.as_ref()));
        let response = match caller {
            Caller::Nobody => Response::error(401, "Bad credentials"),
            Caller::App(id) if operation.id.starts_with("apps/") => rest::app(world, &operation.id, id, &values),
            Caller::App(_) => Response::error(401, "A JSON web token could not be decoded"),
            Caller::Account(login) => {
                let request = Request { path: path.clone(), ..request.clone() };
                rest::answer(
                    world,
                    &Call { request: &request, operation: &operation.id, path: &values, base, web, login },
                )
            }
        };
        // These GitHub describes once for all, under conditional requests, redirects, authentication, permissions and
        // rate limits.
        if !matches!(response.status, 301 | 304 | 401 | 403 | 404 | 410 | 429 | 451) {
            let body = serde_json::from_slice(&response.body).ok();
            self.violate(description.check_answer(operation, response.status, body.as_ref()));
        }
        (response, operation.id.clone())
    }

    fn violate(&self, wrong: Vec<String>) {
        lock(&self.shared.violations).extend(wrong);
    }
}

/// `/repositories/ID/…` as `/repos/OWNER/NAME/…`.
fn by_id(world: &World, path: &str) -> String {
    let named = path.strip_prefix("/repositories/").and_then(|rest| {
        let (id, rest) = rest.split_once('/')?;
        let id: u64 = id.parse().ok()?;
        let (name, _) =
            world.repositories.iter().find(|(_, repository)| repository.id == id && repository.renamed_to.is_none())?;
        Some(format!("/repos/{name}/{rest}"))
    });
    named.unwrap_or_else(|| path.to_owned())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Waits until the other side goes away.
trait Hold {
    fn hold(&mut self);
}

impl Hold for TcpStream {
    fn hold(&mut self) {
        let _ = self.set_read_timeout(Some(Duration::from_secs(120)));
        let _ = self.read(&mut [0; 1]);
    }
}

impl Hold for rustls::StreamOwned<rustls::ServerConnection, TcpStream> {
    fn hold(&mut self) {
        self.sock.hold();
    }
}
