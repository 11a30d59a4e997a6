//! Conformance cases 39 and 40 (authentication): what Concourse sees, and what nobody may see.

use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use fake_github::{Action, Phase, Response};
use serde_json::{Value, json};

use crate::support::*;

#[test]
fn error_names_the_field() {
    let lab = Lab::new();
    for (source, field) in [
        (
            json!({"gate": GATE, "role": "trigger", "destination": CONSUMER, "repository": REPO, "max_wait": "3s"}),
            "max_wait",
        ),
        (json!({"gate": GATE, "role": "trigger", "destination": CONSUMER, "repository": 3}), "repository"),
        (
            json!({"gate": GATE, "role": "trigger", "destination": CONSUMER, "repository": REPO, "closers": {"teams": [1]}}),
            "closers.teams[0]",
        ),
    ] {
        let run = lab.run("check", &json!({"source": source}), lab.temp.path(), None);
        assert!(run.stderr.contains(&format!("`source`: `{field}`: ")), "{}", run.stderr);
        run.fails("bad-source");
    }
}

/// Secrets are looked for after every run of every test; these runs are the ones most likely to show them.
#[test]
fn secrets_are_not_shown_on_any_fault() {
    type Fault = fn(&Lab);
    let echo: Fault = |lab| {
        lab.fake.hook(|request, _, _, phase| match phase {
            // A server that repeats everything it was sent.
            Phase::Before => Action::Answer(Response::error(
                403,
                &format!("{:?} {}", request.headers, String::from_utf8_lossy(&request.body)),
            )),
            Phase::After => Action::Go,
        });
    };
    let echo_422: Fault = |lab| {
        lab.fake.hook(|request, _, _, phase| match phase {
            Phase::Before => Action::Answer(Response::error(422, &format!("{:?}", request.headers))),
            Phase::After => Action::Go,
        });
    };
    let echo_html: Fault = |lab| {
        lab.fake.hook(|request, _, _, phase| match phase {
            Phase::Before => Action::Answer(Response {
                status: 500,
                headers: vec![],
                body: format!("<pre>{:?}</pre>", request.headers).into_bytes(),
            }),
            Phase::After => Action::Go,
        });
    };
    let echo_location: Fault = |lab| {
        lab.fake.hook(|request, _, _, phase| match phase {
            Phase::Before => Action::Answer(
                Response::error(301, "")
                    .with("location", &format!("https://x.example.org/{}", request.headers["authorization"])),
            ),
            Phase::After => Action::Go,
        });
    };
    let unauthorized: Fault = |lab| {
        lab.fake.hook(|request, _, _, phase| match phase {
            Phase::Before => {
                Action::Answer(Response::error(401, &format!("Bad credentials {}", request.headers["authorization"])))
            }
            Phase::After => Action::Go,
        });
    };
    let drop: Fault = |lab| lab.fake.hook(|_, _, _, _| Action::Drop);
    for fault in [echo, echo_422, echo_html, echo_location, unauthorized, drop] {
        for (app, verbose) in [(false, false), (false, true), (true, false), (true, true)] {
            let mut lab = Lab::new().source("signing_key", SIGNING_KEY).source("max_wait", 10);
            lab.verbose = verbose;
            let lab = if app { lab.app() } else { lab };
            fault(&lab);
            let source = lab.gate_source("trigger");
            let run = lab.run("check", &json!({"source": source}), lab.temp.path(), None);
            assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
            assert!(!run.requests.is_empty());
            assert_eq!(run.stderr.contains("GET http") || run.stderr.contains("POST http"), verbose, "{}", run.stderr);
            assert_eq!(lab.record(1).code, Some(1));
            let version = json!({"issue_number": "1", "issue_closed_at": "2026-01-01T00:00:00Z"});
            assert_eq!(lab.get(&version, "fault").0.code, Some(1));
            let mut lab = lab;
            for field in ["signing_key", "max_wait", "bot"] {
                lab.source.remove(field);
            }
            let compat = json!({"source": lab.compat_source()});
            let run = lab.run("check", &compat, lab.temp.path(), None);
            assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{}", run.stderr);
            assert!(!run.requests.is_empty());
            assert_eq!(lab.run("out", &compat, lab.temp.path(), Some(&build(1))).code, Some(1));
        }
    }
}

/// A token is put together here, so that no scanner of repositories takes this file for a leak.
fn secrets_of_others() -> Vec<String> {
    let parts = [
        ["ghp", "_0123456789abcdefghijABCDEFGHIJ012345"],
        ["AKIA", "ABCDEFGHIJKLMNOP"],
        ["https://bot:", "pass1word@host"],
        ["-----BEGIN RSA PRIVATE KEY----- ", "MIIEabcdef"],
    ];
    parts.iter().map(|parts| parts.concat()).collect()
}

#[test]
fn secrets_of_a_known_shape_in_answers_are_not_shown() {
    for secret in secrets_of_others() {
        for verbose in [false, true] {
            let mut lab = Lab::new().source("max_wait", 10);
            lab.verbose = verbose;
            let text = format!("see {secret} there");
            lab.fake.hook(move |_, _, _, phase| match phase {
                Phase::Before => Action::Answer(Response::error(400, &text)),
                Phase::After => Action::Go,
            });
            let run = lab.run("check", &json!({"source": lab.gate_source("trigger")}), lab.temp.path(), None);
            let tail = secret.split_at(secret.len() / 2).1;
            assert!(run.code == Some(1) && run.stderr.contains("[redacted]"), "{}", run.stderr);
            assert!(!run.stderr.contains(&secret) && !run.stderr.contains("pass1word"), "{}", run.stderr);
            assert!(
                !run.stderr.contains("MIIE") && (tail.contains("host") || !run.stderr.contains(tail)),
                "{}",
                run.stderr
            );
            let record = lab.record(1);
            assert!(record.code == Some(1) && !record.stderr.contains(&secret), "{}", record.stderr);
        }
    }
}

#[test]
fn secrets_are_not_shown_when_verbose_or_misplaced() {
    let lab = Lab::new().source("signing_key", SIGNING_KEY).app();
    let request = json!({"source": lab.gate_source("trigger")});
    let output = {
        lab.fake.time().enter();
        let mut child = Command::new(shipped())
            .args(["-v", "check"])
            .env_clear()
            .env("TMPDIR", lab.temp.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), request.to_string().as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    lab.fake.time().leave();
    let run = lab.check(output);
    // The fake's clock stands in 2026-01, the shipped executable's does not: its JWT is refused there.
    assert!(run.stderr.contains("POST") && run.stderr.contains("/access_tokens → 401"), "{}", run.stderr);
    // Wrong in every way that a source can be wrong.
    for source in [
        json!({"gate": "nonsense", "access_token": BOT_TOKEN, "signing_key": SIGNING_KEY}),
        json!({"gate": GATE, "role": "trigger", "destination": CONSUMER, "repository": REPO, "access_token": [BOT_TOKEN]}),
        json!({"gate": GATE, "role": "trigger", "destination": CONSUMER, "repository": REPO, "access_token": {"token": BOT_TOKEN}}),
        json!({"gate": GATE, "role": "trigger", "destination": CONSUMER, "repository": REPO, "access_token": BOT_TOKEN, "auth_method": BOT_TOKEN}),
        json!({"gate": GATE, "role": "trigger", "destination": CONSUMER, "repository": BOT_TOKEN, "access_token": BOT_TOKEN}),
        json!({"gate": GATE, "role": "trigger", "destination": CONSUMER, "repository": REPO, "access_token": format!("{BOT_TOKEN}\nX-Header: 1")}),
        json!({"gate": GATE, "role": "trigger", "destination": CONSUMER, "repository": REPO, "auth_method": "app", "app_id": 1, "app_installation_id": 77, "private_ssh_key": APP_KEY.replace("PRIVATE", "PUBLIC")}),
        json!({"gate": GATE, "role": "trigger", "destination": CONSUMER, "repository": REPO, "auth_method": "app", "app_id": 1, "app_installation_id": 77, "private_ssh_key": &APP_KEY[..APP_KEY.len() / 2]}),
        json!({"gate": GATE, "role": "trigger", "destination": CONSUMER, "repository": REPO, "gh_host": format!("https://x:{BOT_TOKEN}@h"), "access_token": BOT_TOKEN}),
    ] {
        lab.run("check", &json!({"source": source}), lab.temp.path(), None).fails("bad-source");
    }
}

#[test]
fn answer_is_one_json_value_of_texts() {
    let lab = Lab::new();
    let put = lab.record(1);
    lab.close(1, "alice");
    let check = lab.gate_check(None);
    let (get, dir) = lab.get(&lab.version(1), "gate");
    let claim = lab.claim_of(&dir, &build(7));
    let report = lab.report("succeeded", &build(7));
    for run in [&put, &get, &claim, &report] {
        let value = run.json();
        assert_eq!(run.stdout.trim_end().lines().count(), 1);
        assert!(value["version"].as_object().unwrap().values().all(Value::is_string));
        assert!(
            value["metadata"]
                .as_array()
                .unwrap()
                .iter()
                .all(|entry| entry["name"].is_string() && entry["value"].is_string())
        );
    }
    assert!(
        check.json().as_array().unwrap().iter().all(|version| version
            .as_object()
            .unwrap()
            .values()
            .all(Value::is_string))
    );
}

#[test]
fn unknown_key_is_named_and_refused_in_both_modes() {
    let lab = Lab::new();
    for key in ["closer", "gates", "allow_commit_closes"] {
        let mut source = lab.gate_source("trigger");
        source[key] = json!(true);
        lab.run("check", &json!({"source": source}), lab.temp.path(), None).fails("bad-source").reports(key);
        let mut source = lab.compat_source();
        source[key] = json!(true);
        lab.run("check", &json!({"source": source}), lab.temp.path(), None).fails("bad-source").reports(key);
    }
    let mut source = lab.gate_source("trigger");
    source["closers"] = json!({"user": ["alice"]});
    lab.run("check", &json!({"source": source}), lab.temp.path(), None).fails("bad-source").reports("user");
    lab.run("check", &json!({"source": lab.gate_source("trigger"), "versions": {}}), lab.temp.path(), None)
        .fails("bad-request")
        .reports("versions");
    let request = json!({"source": lab.gate_source("trigger"), "version": {"issue_number": "1", "issue_closed_at": "2026-01-01T00:00:00Z"}, "params": {"skip": true}});
    lab.run("in", &request, lab.temp.path(), None).fails("bad-params").reports("skip");
    for (text, words) in [("", "JSON"), ("[]", "not a JSON object"), ("{\"source\": 1}", "source"), ("{}", "source")] {
        let request: Value = serde_json::from_str(text).unwrap_or(Value::Null);
        let run = lab.run("check", &request, lab.temp.path(), None);
        assert_eq!(run.code, Some(1), "{text}");
        assert!(run.stderr.contains(words) || text.is_empty(), "{}", run.stderr);
    }
}

#[test]
fn executable_goes_by_the_name_it_is_called() {
    let lab = Lab::new();
    let opt = lab.dir("opt/resource", &[]);
    for step in ["check", "in", "out"] {
        symlink(shipped(), opt.join(step)).unwrap();
    }
    let run = |step: &str, request: &Value, args: &[&str], env: &[(&str, &str)]| {
        let mut child = Command::new(opt.join(step))
            .args(args)
            .env_clear()
            .env("TMPDIR", lab.temp.path())
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), request.to_string().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let dir = lab.build_dir(1);
    let put = json!({"source": lab.gate_source("post"), "params": record_params()});
    let answer = run("out", &put, &[dir.to_str().unwrap()], &[("BUILD_ID", "1")]);
    assert_eq!(answer["version"]["issue_number"], "1");
    lab.close(1, "alice");
    let versions = run("check", &json!({"source": lab.gate_source("trigger")}), &[], &[]);
    assert_eq!(versions, json!([lab.version(1)]));
    let gate = lab.dir("gate", &[]);
    run("in", &json!({"source": lab.gate_source("trigger"), "version": versions[0]}), &[gate.to_str().unwrap()], &[]);
    assert!(gate.join("approval.json").exists());
}

#[test]
fn help_and_bad_command_lines_say_what_there_is() {
    let run = |args: &[&str]| Command::new(shipped()).args(args).stdin(Stdio::null()).output().unwrap();
    let help = run(&["--help"]);
    assert!(help.status.success());
    let text = String::from_utf8(help.stdout).unwrap();
    for word in ["check", "in", "out", "github-issues-resource check < request.json"] {
        assert!(text.contains(word), "{text}");
    }
    assert_eq!(run(&[]).status.code(), Some(2));
    assert_eq!(run(&["in"]).status.code(), Some(2));
    assert_eq!(run(&["chekc"]).status.code(), Some(2));
    assert_eq!(run(&["check"]).status.code(), Some(1));
}

#[test]
fn search_for_secrets_finds_whole_secrets_and_nothing_else() {
    let lab = Lab::new().app();
    let dir = lab.dir("build", &[("random.txt", "MTIeyJ0")]);
    lab.gate_check(None).succeeds();
    let sent = lab.fake.log().into_iter().find_map(|call| {
        let credentials = call.request.headers.get("authorization")?.strip_prefix("Bearer eyJ")?;
        Some(format!("eyJ{credentials}"))
    });
    std::fs::write(dir.join("token.txt"), format!("x{}y", sent.unwrap())).unwrap();
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| lab.gate_check(None)));
    assert!(found.is_err(), "the App's token was not found");
}

/// The clock of the tests is a feature that the shipped executable is built without, and does not heed where it is
/// built with it.
#[test]
fn shipped_executable_keeps_the_machines_clock() {
    let lab = Lab::new().shipped();
    let mut once = true;
    lab.fake.hook(move |_, _, _, phase| {
        if phase == Phase::Before && once {
            once = false;
            return Action::Answer(Response::error(429, "Too Many Requests").with("retry-after", "1"));
        }
        Action::Go
    });
    let (start, virtual_start) = (std::time::Instant::now(), lab.fake.time().now());
    lab.gate_check(None).succeeds();
    assert!(start.elapsed() >= std::time::Duration::from_secs(1), "it did not wait");
    // Two requests, and no jump.
    assert_eq!(lab.fake.time().now() - virtual_start, 200);
    let bytes = std::fs::read(shipped()).unwrap();
    let name = b"GITHUB_ISSUES_VIRTUAL_CLOCK";
    assert!(!bytes.windows(name.len()).any(|part| part == name), "the shipped executable knows the tests' clock");
}

#[test]
fn certificate_is_asked_for_and_authorities_of_ones_own_are_believed() {
    let lab = Lab::new().shipped();
    let authority = fake_github::Authority::new();
    let endpoint = lab.fake.listen_tls("127.0.0.1:0", &authority, &["localhost".to_owned()]).unwrap();
    let source = |ca: Option<&str>| {
        let mut source = lab.gate_source("trigger");
        source["gh_host"] = json!(endpoint.base);
        source["timeout"] = json!(5);
        source["max_wait"] = json!(0);
        if let Some(ca) = ca {
            source["ca_cert"] = json!(ca);
        }
        json!({"source": source})
    };
    lab.run("check", &source(None), lab.temp.path(), None).fails("unavailable").reports("ertificate");
    assert_eq!(lab.fake.take_log().len(), 0, "a request went to a server that proved nothing");
    lab.run("check", &source(Some(authority.pem())), lab.temp.path(), None).succeeds();
    let other = fake_github::Authority::new();
    lab.run("check", &source(Some(other.pem())), lab.temp.path(), None).fails("unavailable");
    for bad in ["no PEM", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"] {
        lab.run("check", &source(Some(bad)), lab.temp.path(), None).fails("bad-source").reports("ca_cert");
    }
    // As a worker of Concourse's gives it.
    let file = lab.temp.path().join("ca.pem");
    std::fs::write(&file, authority.pem()).unwrap();
    let path = file.to_str().unwrap().to_owned();
    lab.run("check", &source(None), lab.temp.path(), Some(&build(1).with("SSL_CERT_FILE", &path))).succeeds();
}

// 40
#[test]
fn app_proves_itself_and_renews_its_token() {
    let lab = Lab::new().app();
    let run = lab.record(1);
    run.succeeds();
    assert_eq!(lab.issue(1).author, "gatekeeper[bot]");
    assert_eq!(run.count("apps/create-installation-access-token"), 1, "one token a step");
    let token = run.requests.iter().find(|logged| logged.operation == "apps/create-installation-access-token").unwrap();
    assert_eq!(token.request.json().unwrap(), json!({"repositories": ["workflow"]}));
    lab.close(1, "alice");
    assert_eq!(lab.versions(None), [lab.version(1)]);
    lab.claim(1, &build(7)).succeeds();
    // A token that ended in the middle: once more, and no oftener.
    let mut times = 1;
    lab.fake.hook(move |request, world, _, phase| {
        if phase == Phase::Before && request.path.ends_with("/graphql") && times > 0 {
            times -= 1;
            world.apps.get_mut(&4711).unwrap().tokens.clear();
        }
        Action::Go
    });
    let (run, _) = lab.get(&lab.version(1), "renewed");
    run.succeeds();
    assert_eq!(run.count("apps/create-installation-access-token"), 2);
    lab.fake.hook(|request, world, _, phase| {
        if phase == Phase::Before && !request.path.ends_with("/access_tokens") {
            world.apps.get_mut(&4711).unwrap().tokens.clear();
        }
        Action::Go
    });
    let (run, _) = lab.get(&lab.version(1), "refused");
    run.fails("unauthorized");
    assert_eq!(run.count("apps/create-installation-access-token"), 2);
}

#[test]
fn apps_bot_is_the_app_and_no_person_of_a_like_name() {
    let lab = Lab::new().app();
    lab.recorded(1);
    let body = lab.issue(1).body;
    lab.world().add_user("gatekeeper", fake_github::Kind::User, REPO, Some(fake_github::Role::Base("write")));
    let labels = lab.issue(1).labels;
    let number = lab.world().open(REPO, "gatekeeper", TITLE, &body, &labels);
    lab.close(number, "alice");
    assert_eq!(lab.versions(None), Vec::<Value>::new());
    let (run, _) = lab.get(&lab.version(number), "like");
    run.fails("not-ours");
}
