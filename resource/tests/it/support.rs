//! A fake GitHub, a build directory, and the real executable between them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use fake_github::{App, Config, Endpoint, FakeGithub, Issue, Kind, Listening, Logged, Role, World};
use ring::signature::KeyPair as _;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

pub(crate) const REPO: &str = "acme/workflow";
pub(crate) const BOT_TOKEN: &str = "ghp_0123456789abcdefTOPSECRET";
pub(crate) const SIGNING_KEY: &str = "signing-key-TOPSECRET-0123456789";
pub(crate) const APP_KEY: &str = include_str!("app.pem");
pub(crate) const GATE: &str = "shop/-/CI/deployed";
pub(crate) const CONSUMER: &str = "shop/-/QA/deploy";
pub(crate) const TITLE: &str = "[bot] shop CI deployed.";

/// Everything that one test needs.
pub(crate) struct Lab {
    pub(crate) fake: FakeGithub,
    pub(crate) endpoint: Endpoint,
    pub(crate) temp: TempDir,
    clock: Listening,
    /// Fields over the default source.
    pub(crate) source: Map<String, Value>,
    pub(crate) bot: u64,
    /// Whether runs print their requests.
    pub(crate) verbose: bool,
    executable: PathBuf,
    /// The image of `approved-git`: apart, for the executable is large and holds no secret of a test.
    pub(crate) image: Option<TempDir>,
}

/// A build's environment.
#[derive(Clone, Debug)]
pub(crate) struct Build {
    pub(crate) id: String,
    pub(crate) env: BTreeMap<String, String>,
}

/// What a run of the executable gave.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) requests: Vec<Logged>,
}

pub(crate) fn build(number: u64) -> Build {
    let env = [
        ("BUILD_ID", number.to_string()),
        ("BUILD_NAME", number.to_string()),
        ("BUILD_JOB_NAME", "deploy-shop-ci".to_owned()),
        ("BUILD_PIPELINE_NAME", "shop".to_owned()),
        ("BUILD_TEAM_NAME", "main".to_owned()),
        ("ATC_EXTERNAL_URL", "https://ci.example.org".to_owned()),
    ];
    Build { id: number.to_string(), env: env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect() }
}

impl Build {
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Started by a person.
    pub(crate) fn by(self, person: &str) -> Self {
        self.with("BUILD_CREATED_BY", person)
    }
}

/// The executable as it is shipped: that of the image where one is named, else the one built with the tests.
pub(crate) fn shipped() -> PathBuf {
    std::env::var_os("GITHUB_ISSUES_RESOURCE")
        .map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_github-issues-resource")), PathBuf::from)
}

/// A commit's hash for tests.
pub(crate) fn commit(n: u64) -> String {
    format!("{n:040x}")
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    /// A server of one's own.
    pub(crate) fn ghes() -> Self {
        Self::with(Config { prefix: "/api/v3".to_owned(), ..Config::default() })
    }

    pub(crate) fn with(config: Config) -> Self {
        let fake = FakeGithub::new(config);
        let endpoint = fake.listen();
        let clock = fake.time().listen();
        let bot = {
            let mut world = fake.world();
            world.add_repository(REPO);
            let bot = world.add_user("gate-bot", Kind::User, REPO, Some(Role::Base("write")));
            world.tokens.insert(BOT_TOKEN.to_owned(), "gate-bot".to_owned());
            world.add_user("alice", Kind::User, REPO, Some(Role::Base("triage")));
            world.add_user("bob", Kind::User, REPO, Some(Role::Base("admin")));
            world.add_user("eve", Kind::User, REPO, Some(Role::Base("read")));
            world.add_user("mallory", Kind::User, REPO, None);
            world.add_user("stale[bot]", Kind::Bot, REPO, Some(Role::Base("write")));
            bot
        };
        Self {
            fake,
            endpoint,
            temp: TempDir::new().unwrap(),
            clock,
            source: Map::new(),
            bot,
            verbose: false,
            executable: PathBuf::from(env!("CARGO_BIN_EXE_github-issues-resource-virtual")),
            image: None,
        }
    }

    /// The executable as it is shipped, on the machine's clock.
    pub(crate) fn shipped(mut self) -> Self {
        self.executable = shipped();
        self
    }

    /// The executable in the image of `approved-git`: beside a git resource that runs `script`.
    pub(crate) fn beside_git(mut self, script: &str) -> Self {
        let image = TempDir::new().unwrap();
        fs::create_dir_all(image.path().join("git")).unwrap();
        let executable = image.path().join("github-issues-resource");
        fs::hard_link(&self.executable, &executable)
            .or_else(|_| fs::copy(&self.executable, &executable).map(|_| ()))
            .unwrap();
        let step = image.path().join("git/in");
        fs::write(&step, script).unwrap();
        fs::set_permissions(&step, fs::Permissions::from_mode(0o755)).unwrap();
        self.executable = executable;
        self.image = Some(image);
        self
    }

    /// On a machine whose clock is so many milliseconds ahead of GitHub's.
    pub(crate) fn clock_ahead(mut self, millis: i64) -> Self {
        self.clock = self.fake.time().listen_ahead(millis);
        self
    }

    /// With one field of the source.
    pub(crate) fn source(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.source.insert(name.to_owned(), value.into());
        self
    }

    /// After its project `shop` was renamed to `store`.
    pub(crate) fn renamed(self) -> Self {
        self.source("gate", "store/-/CI/deployed")
            .source("gate_aliases", json!([GATE]))
            .source("destination", "store/-/QA/deploy")
            .source("former_destinations", json!([CONSUMER]))
    }

    /// By the name that the project had before: the rename was reverted, or the pipeline of that name still runs.
    pub(crate) fn by_the_former_name(self) -> Self {
        self.source("gate", GATE)
            .source("gate_aliases", Value::Null)
            .source("destination", CONSUMER)
            .source("former_destinations", Value::Null)
    }

    /// Authenticating as an App.
    pub(crate) fn app(self) -> Self {
        let pair = {
            let der: Vec<u8> = {
                use base64::Engine as _;
                let text: String = APP_KEY.lines().filter(|line| !line.starts_with("-----")).collect();
                base64::prelude::BASE64_STANDARD.decode(text).unwrap()
            };
            ring::signature::RsaKeyPair::from_pkcs8(&der).unwrap()
        };
        {
            let mut world = self.fake.world();
            world.add_user("gatekeeper[bot]", Kind::Bot, REPO, Some(Role::Base("write")));
            world.apps.insert(
                4711,
                App {
                    slug: "gatekeeper".to_owned(),
                    public_key: pair.public_key().as_ref().to_vec(),
                    tokens: Vec::new(),
                },
            );
        }
        let mut lab = self
            .source("auth_method", "app")
            .source("app_id", "4711")
            .source("app_installation_id", "77")
            .source("private_ssh_key", APP_KEY)
            .source("bot", Value::Null);
        lab.source.insert("access_token".to_owned(), Value::Null);
        lab
    }

    pub(crate) fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.fake.world()
    }

    pub(crate) fn issue(&self, number: u64) -> Issue {
        self.world().issue(REPO, number).unwrap().clone()
    }

    pub(crate) fn issues(&self) -> Vec<Issue> {
        self.world().issues(REPO).cloned().collect()
    }

    pub(crate) fn open_issues(&self) -> Vec<Issue> {
        self.issues().into_iter().filter(|issue| !issue.closed).collect()
    }

    /// A moment later, a person closes the issue.
    pub(crate) fn close(&self, number: u64, who: &str) -> String {
        self.fake.time().advance(5_000);
        self.world().close(REPO, number, who, "completed");
        self.closed_at(number)
    }

    pub(crate) fn reopen(&self, number: u64, who: &str) {
        self.fake.time().advance(5_000);
        self.world().reopen(REPO, number, who);
    }

    pub(crate) fn closed_at(&self, number: u64) -> String {
        time_text(self.issue(number).closed_at.unwrap())
    }

    pub(crate) fn version(&self, number: u64) -> Value {
        version_of(number, self.issue(number).closed_at.unwrap())
    }

    pub(crate) fn gate_source(&self, role: &str) -> Value {
        let mut source = json!({
            "gate": GATE, "role": role, "repository": REPO, "gh_host": self.endpoint.base,
            "access_token": BOT_TOKEN, "bot": self.bot, "destination": CONSUMER,
        });
        for (name, value) in &self.source {
            // The code belongs to the approvals alone.
            if name != "git" || role == "trigger" {
                source[name] = value.clone();
            }
        }
        without_nulls(source)
    }

    pub(crate) fn compat_source(&self) -> Value {
        let mut source = json!({
            "repository": REPO, "gh_host": self.endpoint.base, "access_token": BOT_TOKEN,
            "issue_prefix": "[bot] Pipeline", "labels": [],
        });
        for (name, value) in &self.source {
            source[name] = value.clone();
        }
        without_nulls(source)
    }

    /// Runs the executable to its end.
    pub(crate) fn run(&self, step: &str, request: &Value, dir: &Path, build: Option<&Build>) -> Run {
        self.fake.take_log();
        let output = self.spawn(step, request, dir, build, &self.endpoint).wait_with_output().unwrap();
        self.fake.time().leave();
        self.check(output)
    }

    /// Starts it. Whoever waits for its end calls [`fake_github::Time::leave`] then.
    pub(crate) fn spawn(
        &self,
        step: &str,
        request: &Value,
        dir: &Path,
        build: Option<&Build>,
        endpoint: &Endpoint,
    ) -> Child {
        let mut request = request.clone();
        if request["source"]["gh_host"] == json!(self.endpoint.base) {
            request["source"]["gh_host"] = json!(endpoint.base);
        }
        let mut command = Command::new(&self.executable);
        command.args(self.verbose.then_some("-v")).arg(step);
        if step != "check" {
            command.arg(dir);
        }
        let cache = self.temp.path().join("cache");
        fs::create_dir_all(&cache).unwrap();
        command
            .env_clear()
            .env("TMPDIR", cache)
            .env("GITHUB_ISSUES_VIRTUAL_CLOCK", self.clock.address().to_string())
            .envs(build.map(|build| build.env.clone()).unwrap_or_default())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        self.fake.time().enter();
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(request.to_string().as_bytes()).unwrap();
        child
    }

    /// What every run must keep: GitHub's description, and secrets.
    pub(crate) fn check(&self, output: Output) -> Run {
        let run = Run {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            requests: self.fake.log(),
        };
        assert_eq!(self.fake.violations(), Vec::<String>::new(), "not as GitHub describes it; {}", run.stderr);
        for secret in self.secrets() {
            assert!(!run.stdout.contains(&secret) && !run.stderr.contains(&secret), "a secret was printed: {run:?}");
            for issue in self.issues() {
                let texts = issue.comments.iter().map(|comment| &comment.body).chain([&issue.body, &issue.title]);
                assert!(
                    texts.into_iter().all(|text| !text.contains(&secret)),
                    "a secret is in issue #{}",
                    issue.number
                );
            }
            assert!(!any_file_contains(self.temp.path(), &secret), "a secret is in a file");
        }
        run
    }

    /// What must not be found anywhere: whole secrets, since a part of one may be found in any random text.
    fn secrets(&self) -> Vec<String> {
        let mut secrets = vec![BOT_TOKEN.to_owned(), SIGNING_KEY.to_owned()];
        if self.source.contains_key("private_ssh_key") {
            secrets.extend(APP_KEY.lines().filter(|line| line.len() == 64).map(str::to_owned));
        }
        secrets.extend(self.world().apps.values().flat_map(|app| app.tokens.clone()));
        // The tokens by which an App asks for others.
        let sent = self.fake.log().into_iter().filter_map(|call| {
            let credentials = call.request.headers.get("authorization")?.split_once(' ')?.1.to_owned();
            (credentials.matches('.').count() == 2).then_some(credentials)
        });
        secrets.extend(sent);
        secrets
    }

    /// A folder for a step, with files.
    pub(crate) fn dir(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let dir = self.temp.path().join(name);
        fs::create_dir_all(&dir).unwrap();
        for (path, text) in files {
            let path = dir.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    pub(crate) fn gate_check(&self, version: Option<&Value>) -> Run {
        let mut request = json!({"source": self.gate_source("trigger")});
        if let Some(version) = version {
            request["version"] = version.clone();
        }
        self.run("check", &request, self.temp.path(), None)
    }

    /// The versions of a check that succeeds.
    pub(crate) fn versions(&self, version: Option<&Value>) -> Vec<Value> {
        let run = self.gate_check(version);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run.json().as_array().unwrap().clone()
    }

    pub(crate) fn get(&self, version: &Value, dir: &str) -> (Run, PathBuf) {
        let dir = self.dir(dir, &[]);
        let run = self.run(
            "in",
            &json!({"source": self.gate_source("trigger"), "version": version}),
            &dir,
            Some(&build(900)),
        );
        (run, dir)
    }

    pub(crate) fn put(&self, params: &Value, dir: &Path, build: &Build) -> Run {
        self.run("out", &json!({"source": self.gate_source("post"), "params": params}), dir, Some(build))
    }

    /// Records a build of commit `n` in the gate.
    pub(crate) fn record(&self, n: u64) -> Run {
        self.record_as(n, &record_params(), &build(n))
    }

    pub(crate) fn record_as(&self, n: u64, params: &Value, build: &Build) -> Run {
        let dir = self.build_dir(n);
        self.put(params, &dir, build)
    }

    pub(crate) fn build_dir(&self, n: u64) -> PathBuf {
        self.dir(
            &format!("build-{n}"),
            &[("code/.git/ref", &format!("{}\n", commit(n))), ("img/digest", &format!("sha256:{n:064x}\n"))],
        )
    }

    /// A record that succeeds; the issue's number.
    pub(crate) fn recorded(&self, n: u64) -> u64 {
        let run = self.record(n);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run.json()["version"]["issue_number"].as_str().unwrap().parse().unwrap()
    }

    /// Gets the approval of a closed issue, and claims it.
    pub(crate) fn claim(&self, number: u64, build: &Build) -> Run {
        let (run, dir) = self.get(&self.version(number), &format!("gate-{number}-{}", build.id));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        self.claim_of(&dir, build)
    }

    /// Claims what was got into `dir`.
    pub(crate) fn claim_of(&self, dir: &Path, build: &Build) -> Run {
        let params = json!({"action": "claim", "approval": format!("{}/approval.json", dir.file_name().unwrap().to_str().unwrap())});
        self.put(&params, dir.parent().unwrap(), build)
    }

    /// Reports what became of the approval that `build` claimed.
    pub(crate) fn report(&self, status: &str, build: &Build) -> Run {
        let params = json!({"action": "report", "status": status});
        self.put(&params, self.temp.path(), build)
    }
}

impl Run {
    /// Standard output, which is one JSON value.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Fails, says so by its identifier, and prints nothing.
    pub(crate) fn fails(&self, id: &str) -> &Self {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        assert!(self.stderr.contains(&format!("error[{id}]")), "not {id}: {}", self.stderr);
        self
    }

    pub(crate) fn succeeds(&self) -> &Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self
    }

    pub(crate) fn reports(&self, text: &str) -> &Self {
        assert!(self.stderr.contains(text), "does not say {text:?}: {}", self.stderr);
        self
    }

    /// The writes among the requests.
    pub(crate) fn writes(&self) -> Vec<String> {
        self.requests
            .iter()
            .filter(|logged| logged.request.method != "GET" && logged.operation != "graphql")
            .map(|logged| format!("{} {}", logged.request.method, logged.request.path))
            .collect()
    }

    pub(crate) fn count(&self, operation: &str) -> usize {
        self.requests.iter().filter(|logged| logged.operation == operation).count()
    }
}

/// Numbers by chance, the same for a seed wherever it runs.
#[derive(Debug, Default)]
pub(crate) struct Draws(u64);

impl Draws {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

pub(crate) fn record_params() -> Value {
    json!({
        "action": "record", "title": TITLE, "pins": {"code": "code/.git/ref", "img": "img/digest"},
        "labels": ["promotion-to-qa"],
    })
}

/// The version by which Concourse knows a closing.
pub(crate) fn version_of(number: u64, closed_at: i64) -> Value {
    json!({"issue_number": number.to_string(), "issue_closed_at": time_text(closed_at)})
}

pub(crate) fn time_text(millis: i64) -> String {
    jiff::Timestamp::from_second(millis.div_euclid(1000)).unwrap().to_string()
}

/// The JSON of the marker at the beginning of a body or comment.
pub(crate) fn marker(body: &str) -> Value {
    let json = body.strip_prefix("<!-- ol-gate v1 ").unwrap_or_else(|| panic!("no marker: {body}"));
    let json = json.split(" -->").next().unwrap();
    let json = json.rsplit_once(" mac=").map_or(json, |(json, _)| json);
    serde_json::from_str(json).unwrap()
}

fn without_nulls(mut source: Value) -> Value {
    source.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    source
}

fn any_file_contains(dir: &Path, text: &str) -> bool {
    fs::read_dir(dir).into_iter().flatten().flatten().any(|entry| {
        let path = entry.path();
        // Another process may have taken it away meanwhile.
        let Ok(data) = fs::symlink_metadata(&path) else { return false };
        if data.is_dir() {
            any_file_contains(&path, text)
        } else {
            data.is_file()
                && fs::read(&path).is_ok_and(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
        }
    })
}
