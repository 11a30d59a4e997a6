//! The fake as a process: HTTPS with its own authority, and people who act by request.
#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

struct Process {
    child: Child,
    base: String,
    agent: ureq::Agent,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(dir: &std::path::Path) -> Process {
    let ca = dir.join("ca.pem");
    let mut child = Command::new(env!("CARGO_BIN_EXE_fake-github"))
        .args(["--name", "localhost", "--prefix", "/api/v3", "--ca"])
        .arg(&ca)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut base = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut base).unwrap();
    let cert = Certificate::from_pem(&fs::read(ca).unwrap()).unwrap();
    let tls = TlsConfig::builder().root_certs(RootCerts::Specific(Arc::new(vec![cert]))).build();
    let agent = ureq::Agent::config_builder().tls_config(tls).http_status_as_error(false).build().new_agent();
    Process { child, base: base.trim().to_owned(), agent }
}

impl Process {
    fn admin(&self, action: &str, body: &Value) -> Value {
        let root = self.base.trim_end_matches("/api/v3");
        let mut answer = self.agent.post(format!("{root}/_admin/{action}")).send(body.to_string()).unwrap();
        assert_eq!(answer.status(), 200, "{action}");
        serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
    }

    fn get(&self, path: &str) -> (u16, Value) {
        let mut answer =
            self.agent.get(format!("{}{path}", self.base)).header("authorization", "Bearer token").call().unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or_default())
    }
}

#[test]
fn process_serves_what_people_did() {
    let dir = std::env::temp_dir().join(format!("fake-github-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    let fake = start(&dir);
    assert!(fake.base.starts_with("https://localhost:") && fake.base.ends_with("/api/v3"), "{}", fake.base);
    fake.admin("add-repository", &json!({"repository": "o/r"}));
    fake.admin("add-user", &json!({"repository": "o/r", "login": "bot", "role": "write", "token": "token"}));
    fake.admin("add-user", &json!({"repository": "o/r", "login": "alice", "role": "triage"}));
    assert_eq!(fake.get("/repos/o/r/issues"), (200, json!([])));
    let issue = fake.admin("open", &json!({"repository": "o/r", "actor": "bot", "title": "t", "labels": ["x"]}));
    assert_eq!(issue, json!({"number": 1}));
    fake.admin("close", &json!({"repository": "o/r", "actor": "alice", "number": 1}));
    let (_, listed) = fake.get("/repos/o/r/issues?state=closed&labels=x");
    assert_eq!((&listed[0]["number"], &listed[0]["state_reason"]), (&json!(1), &json!("completed")));
    fake.admin("faults", &json!({"method": "GET", "path": "/issues", "status": 502}));
    assert_eq!(fake.get("/repos/o/r/issues").0, 502);
    assert_eq!(fake.get("/repos/o/r/issues").0, 200);
    fake.admin("transfer", &json!({"repository": "o/r", "actor": "alice", "number": 1, "to": "o/r"}));
    fake.admin("delete", &json!({"repository": "o/r", "actor": "alice", "number": 2}));
    assert_eq!(fake.get("/repos/o/r/issues/2").0, 410);
    let state = fake.admin("state", &json!({}));
    assert_eq!(state["repositories"]["o/r"][1]["gone"], "deleted");
    assert_eq!(fake.admin("violations", &json!({})), json!([]));
    fs::remove_dir_all(&dir).unwrap();
}
