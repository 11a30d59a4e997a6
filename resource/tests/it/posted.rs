//! Nothing secret is posted: every text that goes to GitHub is filtered.

use std::fs;

use serde_json::{Value, json};

use tempfile::TempDir;

use crate::support::*;

/// Tokens of other systems, put together here so that no scanner takes this file for a leak.
fn foreign_tokens() -> Vec<String> {
    [
        ("ghp", "_0123456789abcdefghijABCDEFGHIJ012345"),
        ("github", "_pat_11ABCDEFG0123456789_abcdefghijabcdefghij0123456789"),
        ("AKI", "AIOSFODNN7EXAMPLE"),
        ("xox", "b-123456789012-abcdefghij"),
        ("pul", "-0123456789abcdef0123456789abcdef01234567"),
        ("eyJhbGciOiJSUzI1NiJ9", ".eyJzdWIiOiIxIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ"),
    ]
    .iter()
    .map(|(prefix, rest)| format!("{prefix}{rest}"))
    .collect()
}

/// A file as a careless tool writes it.
fn careless_text() -> String {
    let key: Vec<&str> = APP_KEY.lines().collect();
    format!(
        "token {BOT_TOKEN}\nsigning {SIGNING_KEY}\n{}\n{}\nresult: 3 to change at {}\n",
        foreign_tokens().join("\n"),
        key.join("\n"),
        commit(7),
    )
}

/// A build's folder with one file more, apart from the folders that are searched for secrets.
fn build_dir(n: u64, file: &str, text: &str) -> TempDir {
    let dir = TempDir::new().unwrap();
    for (path, text) in
        [("code/.git/ref", commit(n).as_str()), ("img/digest", format!("sha256:{n:064x}").as_str()), (file, text)]
    {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

/// Every text of the repository.
fn posted(lab: &Lab) -> String {
    let mut all = String::new();
    for issue in lab.issues() {
        for text in [&issue.title, &issue.body].into_iter().chain(&issue.labels) {
            all.push_str(text);
        }
        all.extend(issue.comments.iter().map(|comment| comment.body.as_str()));
    }
    all
}

fn assert_nothing_secret(lab: &Lab) {
    let all = posted(lab);
    let key_lines = APP_KEY.lines().filter(|line| !line.starts_with("-----")).map(str::to_owned);
    for secret in foreign_tokens().into_iter().chain(key_lines).chain([BOT_TOKEN.to_owned(), SIGNING_KEY.to_owned()]) {
        assert!(!all.contains(&secret), "{secret} was posted: {all}");
    }
}

#[test]
fn secrets_in_body_files_are_masked_and_the_approval_holds() {
    for gate in [GATE, "shop/-/QA/ready"] {
        for signed in [false, true] {
            let lab = Lab::new().source("gate", gate);
            let lab = if signed { lab.source("signing_key", SIGNING_KEY) } else { lab };
            let mut params = record_params();
            params["body_files"] = json!(["summary.md"]);
            for n in 1..=2 {
                // The key of an App is a secret of this source in another test alone: here it is known by its shape.
                let text = if signed { careless_text() } else { careless_text().replace(SIGNING_KEY, "-") };
                let dir = build_dir(n, "summary.md", &text);
                lab.put(&params, dir.path(), &build(n)).succeeds();
            }
            assert_nothing_secret(&lab);
            let all = posted(&lab);
            assert!(all.contains("[redacted]") && all.contains("result: 3 to change at") && all.contains(&commit(7)));
            lab.close(1, "alice");
            let (run, dir) = lab.get(&lab.version(1), "gate");
            run.succeeds();
            assert_eq!(fs::read_to_string(dir.join("ref")).unwrap(), format!("{}\n", commit(2)));
        }
    }
}

#[test]
fn secrets_in_titles_labels_and_names_of_builds_are_masked() {
    let lab = Lab::new();
    let token = &foreign_tokens()[0];
    let mut params = record_params();
    params["title"] = json!(format!("deployed {BOT_TOKEN} {token}"));
    params["labels"] = json!([format!("x {token}")]);
    let named = |n| build(n).with("BUILD_PIPELINE_NAME", &format!("shop {token}"));
    lab.record_as(1, &params, &named(1)).succeeds();
    lab.record_as(2, &params, &named(2)).succeeds();
    assert_nothing_secret(&lab);
    assert_eq!((lab.issues().len(), lab.issue(1).title.as_str()), (1, "deployed [redacted] [redacted]"));
    lab.close(1, "alice");
    lab.get(&lab.version(1), "gate").0.succeeds();
}

#[test]
fn secret_is_no_version() {
    let lab = Lab::new();
    for secret in [BOT_TOKEN, &foreign_tokens()[0]] {
        let dir = build_dir(1, "img/digest", secret);
        let run = lab.put(&record_params(), dir.path(), &build(1));
        run.fails("bad-file").reports("holds a secret");
        assert!(!run.stderr.contains(&foreign_tokens()[0]), "{}", run.stderr);
    }
    assert!(lab.issues().is_empty());
}

#[test]
fn secrets_are_masked_in_compatibility_mode_too() {
    for (params, in_place) in [
        (json!({"body_file": "body.md"}), false),
        (json!({"body_files": ["body.md", "body.md"]}), false),
        (json!({"body_files": ["body.md"]}), true),
    ] {
        let lab = Lab::new().source("update_in_place", in_place);
        let mut params: Value = params;
        params["title_template"] = json!(format!("[bot] Pipeline x {}", foreign_tokens()[0]));
        for n in 1..=2 {
            let dir = build_dir(n, "body.md", &careless_text().replace(SIGNING_KEY, "-"));
            let request = json!({"source": lab.compat_source(), "params": params});
            lab.run("out", &request, dir.path(), Some(&build(n))).succeeds();
        }
        assert_nothing_secret(&lab);
        assert_eq!(lab.issues().len(), 1, "the title is known again");
        assert!(posted(&lab).contains("result: 3 to change at"));
    }
}
