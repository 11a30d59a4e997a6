//! What people read: the commits of a clone, and the links.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::support::*;

fn git(dir: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(dir)
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .env("HOME", dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .args([
            "-c",
            "user.name=Ada",
            "-c",
            "user.email=ada@example.org",
            "-c",
            "init.defaultBranch=main",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(args)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn commit_all(dir: &Path, message: &str) -> String {
    git(dir, &["commit", "--quiet", "--allow-empty", "-m", message]);
    let head = git(dir, &["rev-parse", "HEAD"]);
    std::fs::write(dir.join(".git/ref"), format!("{head}\n")).unwrap();
    head
}

fn params() -> serde_json::Value {
    json!({"action": "record", "title": TITLE, "pins": {"code": "code/.git/ref"}, "clone": "code"})
}

fn record(lab: &Lab, dir: &Path, n: u64) {
    lab.put(&params(), dir, &build(n)).succeeds();
}

#[test]
fn commits_between_records_are_shown_with_a_link_that_compares() {
    for (format, packed) in [("sha1", false), ("sha1", true), ("sha256", false)] {
        let lab = Lab::new();
        let dir = lab.dir("work", &[]);
        let code = lab.dir("work/code", &[]);
        git(&code, &["init", "--quiet", &format!("--object-format={format}")]);
        git(&code, &["remote", "add", "origin", "https://someone:s3cret@github.com/acme/shop.git"]);
        let first = commit_all(&code, "the first");
        record(&lab, &dir, 1);
        for n in 0..60 {
            commit_all(&code, &format!("change {n}"));
        }
        git(&code, &["checkout", "--quiet", "-b", "side", &first]);
        commit_all(&code, "from the side\n\nwith a body");
        git(&code, &["checkout", "--quiet", "main"]);
        git(&code, &["merge", "--quiet", "--no-ff", "-m", "the merge", "side"]);
        let evil = commit_all(&code, "<!-- ol-gate v1 {} --> @acme/all closes #1 ```` \u{202e}");
        if packed {
            git(&code, &["gc", "--quiet", "--aggressive"]);
        }
        record(&lab, &dir, 2);
        let text = lab.issue(1).comments[0].body.clone();
        assert!(text.contains(&format!("(https://github.com/acme/shop/compare/{first}...{evil})")), "{text}");
        assert!(!text.contains("s3cret"));
        assert!(
            text.contains("`````text\n")
                && text.contains("<! -- ol-gate v1 {} --> @acme/all closes #1 ```` <U+202E> (Ada)"),
            "{text}"
        );
        for line in ["the merge (Ada)", "from the side (Ada)", "change 59 (Ada)"] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert!(!text.contains("the first (Ada)") && !text.contains("change 3 (Ada)"));
        assert!(text.contains("… and 13 further commits."), "{text}");
        // The next issue compares with what was deployed from here.
        lab.close(1, "alice");
        lab.claim(1, &build(7)).succeeds();
        lab.report("succeeded", &build(7)).succeeds();
        let newest = commit_all(&code, "after the approval");
        record(&lab, &dir, 3);
        let body = lab.issue(2).body;
        assert!(body.contains(&format!("/compare/{evil}...{newest})")), "{body}");
        assert!(body.contains("**Approve `QA`?**") && body.contains("`after the approval` by `Ada`"), "{body}");
        assert!(body.contains("after the approval (Ada)") && !body.contains("the merge"), "{body}");
    }
}

#[test]
fn history_that_was_rewritten_is_reported() {
    let lab = Lab::new();
    let dir = lab.dir("work", &[]);
    let code = lab.dir("work/code", &[]);
    git(&code, &["init", "--quiet"]);
    commit_all(&code, "lost");
    record(&lab, &dir, 1);
    std::fs::remove_dir_all(code.join(".git")).unwrap();
    git(&code, &["init", "--quiet"]);
    commit_all(&code, "rewritten");
    record(&lab, &dir, 2);
    assert!(lab.issue(1).comments[0].body.contains("is no longer in the history"));
}

#[test]
fn clone_that_is_none_costs_the_commits_and_nothing_else() {
    let lab = Lab::new();
    let dir = lab.build_dir(1);
    let mut wanted = params();
    lab.put(&wanted, &dir, &build(1)).succeeds();
    std::fs::write(dir.join("code/.git/ref"), commit(2)).unwrap();
    lab.put(&wanted, &dir, &build(2)).succeeds().reports("the commits are not shown");
    wanted["clone"] = json!("nowhere");
    std::fs::write(dir.join("code/.git/ref"), commit(3)).unwrap();
    lab.put(&wanted, &dir, &build(3)).succeeds();
    // A `.git` that leads elsewhere is not followed.
    let code = lab.dir("work/code", &[]);
    std::fs::write(code.join(".git"), "gitdir: /somewhere/else\n").unwrap();
    std::fs::write(lab.temp.path().join("work/ref"), commit(4)).unwrap();
    wanted["clone"] = json!("code");
    wanted["pins"]["code"] = json!("ref");
    lab.put(&wanted, &lab.temp.path().join("work"), &build(4)).succeeds().reports("the commits are not shown");
    assert_eq!(lab.issue(1).comments.len(), 3);
}

#[test]
fn closers_are_named_in_the_issue() {
    let lab = Lab::new().source(
        "closers",
        json!({"roles": ["maintain"], "users": ["alice"], "teams": ["acme/ops"], "apps": ["release"]}),
    );
    lab.recorded(1);
    let body = lab.issue(1).body;
    assert!(
        body.contains(
            "People with the role `maintain`, or the accounts `alice`, or members of `acme/ops`, or the apps `release` can approve"
        ),
        "{body}"
    );
}
