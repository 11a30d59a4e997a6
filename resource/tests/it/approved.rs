//! The resource type `approved-git`: approvals as versions of the code.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::*;

/// A git resource as Concourse's own behaves. It keeps its request, fails with the text of the file `fails`, and prints
/// what it was given.
const GIT_IN: &str = r#"#!/bin/sh
set -eu
here=$(dirname "$0")
cat >"$here/request"
if [ -e "$here/fails" ]; then cat "$here/fails" >&2; exit 128; fi
value() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$here/request"; }
git clone --quiet --branch main "$(value uri)" "$1" >&2
ref=$(value ref)
if [ -e "$here/other" ]; then ref=HEAD; fi
git -C "$1" -c advice.detachedHead=false checkout --quiet --detach "$ref" >&2
git -C "$1" rev-parse HEAD >"$1/.git/ref"
printf '{"version":{"ref":"%s"},"metadata":[{"name":"commit","value":"%s"},{"name":"message","value":"%s"}]}\n' \
  "$ref" "$ref" "$(git -C "$1" log -1 --format=%s)"
"#;

const PASSWORD: &str = "password-of-the-code-TOPSECRET";

/// A repository of code, and a gate whose approvals are its versions.
struct Approved {
    lab: Lab,
    repository: PathBuf,
}

impl Approved {
    fn new() -> Self {
        Self::with_format("sha1")
    }

    fn with_format(format: &str) -> Self {
        let lab = Lab::new().beside_git(GIT_IN);
        let repository = lab.temp.path().join("repository");
        fs::create_dir(&repository).unwrap();
        // By its protocol, so that a clone has what can be reached and nothing else.
        let uri = format!("file://{}", repository.display());
        let git = json!({"uri": uri, "branch": "main", "password": PASSWORD});
        let approved = Self { lab: lab.source("git", git), repository };
        approved.git(&["init", "--quiet", "--initial-branch=main", &format!("--object-format={format}")]);
        approved
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-C"])
            .arg(&self.repository)
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn commit(&self, text: &str) -> String {
        fs::write(self.repository.join("file"), text).unwrap();
        self.git(&["add", "file"]);
        self.git(&["commit", "--quiet", "-m", text]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Build `n` deploys a commit and records it; the issue's number.
    fn recorded(&self, n: u64, commit: &str) -> u64 {
        let files: [(&str, &str); 2] = [("code/.git/ref", commit), ("img/digest", "sha256:00")];
        let dir = self.lab.dir(&format!("build-{n}"), &files);
        let run = self.lab.put(&record_params(), &dir, &build(n));
        run.succeeds();
        run.json()["version"]["issue_number"].as_str().unwrap().parse().unwrap()
    }

    /// An issue for a commit, which `alice` closes.
    fn approved(&self, n: u64, commit: &str) -> u64 {
        let number = self.recorded(n, commit);
        self.lab.close(number, "alice");
        number
    }

    fn version(&self, number: u64, commit: &str) -> Value {
        let mut version = self.lab.version(number);
        version["ref"] = json!(commit);
        version
    }

    fn claim(&self, dir: &Path, build: &Build) -> Run {
        let artifact = dir.file_name().unwrap().to_str().unwrap();
        let approval = format!("{artifact}/.git/approval/approval.json");
        let params = json!({"action": "claim", "approval": approval});
        self.lab.put(&params, dir.parent().unwrap(), build)
    }

    fn file_of_git(&self, name: &str) -> PathBuf {
        self.lab.image.as_ref().unwrap().path().join("git").join(name)
    }

    /// What the git resource was asked.
    fn request(&self) -> Value {
        serde_json::from_slice(&fs::read(self.file_of_git("request")).unwrap()).unwrap()
    }

    /// The comments that say that nothing was deployed.
    fn notices(&self, number: u64) -> Vec<String> {
        let comments = self.lab.issue(number).comments.into_iter().map(|comment| comment.body);
        comments.filter(|body| body.contains("**Not deployed**")).collect()
    }
}

#[test]
fn version_is_the_approval_with_its_commit() {
    let approved = Approved::new();
    let a = approved.commit("a");
    let number = approved.approved(1, &a);
    let version = json!({"issue_number": "1", "issue_closed_at": approved.lab.closed_at(number), "ref": a});
    assert_eq!(approved.lab.versions(None), std::slice::from_ref(&version));
    assert_eq!(approved.lab.versions(Some(&version)), std::slice::from_ref(&version));
    let b = approved.commit("b");
    let second = approved.approved(2, &b);
    assert_eq!(approved.lab.versions(Some(&version)), [version, approved.version(second, &b)]);
}

#[test]
fn known_version_is_echoed_as_concourse_has_it() {
    let approved = Approved::new();
    let a = approved.commit("a");
    let number = approved.approved(1, &a);
    // Whatever it names: Concourse would take another answer for a new version, and start the job.
    let known = approved.version(number, &commit(7));
    assert_eq!(approved.lab.versions(Some(&known)), std::slice::from_ref(&known));
}

#[test]
fn first_check_also_returns_used_approvals() {
    let approved = Approved::new();
    let (a, b, c) = (approved.commit("a"), approved.commit("b"), approved.commit("c"));
    let first = approved.approved(1, &a);
    let (run, dir) = approved.lab.get(&approved.version(first, &a), "first");
    run.succeeds();
    approved.claim(&dir, &build(7)).succeeds();
    // Approved, and nobody used it: only the newest of these is returned.
    let skipped = approved.approved(2, &b);
    let newest = approved.approved(3, &c);
    assert_ne!(skipped, newest);
    assert_eq!(approved.lab.versions(None), [approved.version(first, &a), approved.version(newest, &c)]);
}

#[test]
fn first_check_also_returns_an_approval_that_another_name_used() {
    let mut approved = Approved::new();
    let (a, b) = (approved.commit("a"), approved.commit("b"));
    let first = approved.approved(1, &a);
    approved.lab = approved.lab.renamed();
    let (run, dir) = approved.lab.get(&approved.version(first, &a), "first");
    run.succeeds();
    approved.claim(&dir, &build(7)).succeeds();
    approved.lab = approved.lab.by_the_former_name();
    let newest = approved.approved(2, &b);
    assert_eq!(approved.lab.versions(None), [approved.version(first, &a), approved.version(newest, &b)]);
}

#[test]
fn first_check_returns_so_many_used_approvals_and_no_more() {
    let approved = Approved::new();
    let a = approved.commit("a");
    for n in 1..=12 {
        let number = approved.approved(n, &a);
        let (run, dir) = approved.lab.get(&approved.version(number, &a), &format!("code-{n}"));
        run.succeeds();
        approved.claim(&dir, &build(100 + n)).succeeds();
    }
    let run = approved.lab.gate_check(None);
    let numbers: Vec<u64> =
        run.json().as_array().unwrap().iter().map(|v| v["issue_number"].as_str().unwrap().parse().unwrap()).collect();
    assert_eq!(numbers, (3..=12).collect::<Vec<u64>>());
    assert_eq!(run.count("graphql"), 1, "only the newest is judged");
}

#[test]
fn approval_without_a_commit_is_not_a_version() {
    let approved = Approved::new();
    let mut params = record_params();
    params["pins"] = json!({"img": "img/digest"});
    approved.lab.record_as(1, &params, &build(1)).succeeds();
    approved.lab.close(1, "alice");
    assert_eq!(approved.lab.versions(None), Vec::<Value>::new());
    let (run, _) = approved.lab.get(&approved.version(1, &commit(1)), "code");
    run.fails("no-pins");
}

#[test]
fn get_fetches_the_approved_commit_and_no_newer_one() {
    for format in ["sha1", "sha256"] {
        let approved = Approved::with_format(format);
        let a = approved.commit("a");
        let number = approved.approved(1, &a);
        approved.commit("b");
        let version = approved.version(number, &a);
        let (run, dir) = approved.lab.get(&version, "code");
        run.succeeds();
        assert_eq!(fs::read_to_string(dir.join("file")).unwrap(), "a");
        let read = |name: &str| fs::read_to_string(dir.join(".git/approval").join(name)).unwrap();
        assert_eq!(read("ref"), format!("{a}\n"));
        assert_eq!(read("pins/code"), format!("{a}\n"));
        assert_eq!(read("pins/img"), "sha256:00\n");
        assert_eq!(read("version"), format!("{version}\n"));
        let approval: Value = serde_json::from_str(&read("approval.json")).unwrap();
        assert_eq!(approval["pins"]["code"], a);
        assert_eq!(
            run.json(),
            json!({"version": version, "metadata": [
                {"name": "issue", "value": format!("https://github.test/{REPO}/issues/{number}")},
                {"name": "approved_by", "value": "alice"},
                {"name": "approved_at", "value": approved.lab.closed_at(number)},
                {"name": "commit", "value": a},
                {"name": "message", "value": "a"},
            ]})
        );
        assert_eq!(run.writes(), Vec::<String>::new());
        approved.claim(&dir, &build(7)).succeeds();
        assert!(!approved.git(&["-C", dir.to_str().unwrap(), "status", "--porcelain"]).contains("approval"));
    }
}

#[test]
fn secrets_in_what_the_git_resource_tells_are_masked() {
    let approved = Approved::new();
    let token = ["ghp", "_0123456789abcdefghijABCDEFGHIJ012345"].concat();
    let a = approved.commit(&format!("uses {token} and {PASSWORD}."));
    let number = approved.approved(1, &a);
    let (run, dir) = approved.lab.get(&approved.version(number, &a), "code");
    run.succeeds();
    assert_eq!(run.json()["metadata"][4], json!({"name": "message", "value": "uses [redacted] and [redacted]."}));
    // The code stays what was approved.
    assert!(fs::read_to_string(dir.join("file")).unwrap().contains(PASSWORD));
}

#[test]
fn git_resource_is_given_the_code_alone() {
    let approved = Approved::new();
    let a = approved.commit("a");
    let number = approved.approved(1, &a);
    let (run, _) = approved.lab.get(&approved.version(number, &a), "code");
    run.succeeds();
    let mut git = approved.lab.source["git"].clone();
    assert!(git["fetch_tags"].is_null(), "the source does not ask for tags");
    git["fetch_tags"] = json!(false);
    assert_eq!(approved.request(), json!({"source": git, "version": {"ref": a}}));
}

#[test]
fn params_go_to_the_git_resource() {
    let approved = Approved::new();
    let a = approved.commit("a");
    let number = approved.approved(1, &a);
    let get = |params: Value, name: &str| {
        let source = approved.lab.gate_source("trigger");
        let request = json!({"source": source, "version": approved.version(number, &a), "params": params});
        approved.lab.run("in", &request, &approved.lab.dir(name, &[]), Some(&build(900)))
    };
    get(json!({"depth": 1, "submodules": "none"}), "shallow").succeeds();
    assert_eq!(approved.request()["params"], json!({"depth": 1, "submodules": "none"}));
    fs::remove_file(approved.file_of_git("request")).unwrap();
    get(json!({"submodule_remote": true}), "newest").fails("bad-params").reports("nobody approved");
    assert!(!approved.file_of_git("request").exists());
}

#[test]
fn version_that_is_not_the_approvals_is_refused() {
    let approved = Approved::new();
    let (a, b) = (approved.commit("a"), approved.commit("b"));
    let number = approved.approved(1, &a);
    let (run, dir) = approved.lab.get(&approved.version(number, &b), "other");
    run.fails("tampered").reports(&b).reports(&a);
    assert_eq!(fs::read_dir(dir).unwrap().count(), 0);
    let closed_at = approved.lab.closed_at(number);
    for version in [
        json!({"ref": a}),
        approved.lab.version(number),
        json!({"issue_number": "1", "issue_closed_at": closed_at, "ref": &a[..12]}),
        json!({"issue_number": "1", "issue_closed_at": closed_at, "ref": a.to_uppercase()}),
        json!({"issue_number": "1", "issue_closed_at": closed_at, "ref": "main"}),
        json!({"issue_number": "1", "issue_closed_at": closed_at, "ref": "--upload-pack=x"}),
        json!({"issue_number": "1", "issue_closed_at": closed_at, "ref": a, "branch": "main"}),
        json!({"issue_number": "1", "state": "open", "build": "1"}),
    ] {
        let (run, _) = approved.lab.get(&version, "refused");
        run.fails("bad-request");
    }
    assert!(!approved.file_of_git("request").exists(), "git was asked");
}

#[test]
fn used_approval_is_got_though_the_issue_was_reopened() {
    let approved = Approved::new();
    let a = approved.commit("a");
    let number = approved.approved(1, &a);
    let version = approved.version(number, &a);
    let (run, dir) = approved.lab.get(&version, "code");
    run.succeeds();
    approved.claim(&dir, &build(7)).succeeds();
    approved.lab.reopen(number, "alice");
    let get = |name: &str| {
        let (run, dir) = approved.lab.get(&version, name);
        run.succeeds().reports("used before");
        assert_eq!(fs::read_to_string(dir.join("file")).unwrap(), "a");
        let approval: Value =
            serde_json::from_slice(&fs::read(dir.join(".git/approval/approval.json")).unwrap()).unwrap();
        assert_eq!(approval["closed_by"], "alice");
        // It deploys nothing once more.
        approved.claim(&dir, &build(8).by("bob")).fails("withdrawn");
    };
    get("behind");
    // Another round on the same issue changes nothing about the one before.
    let b = approved.commit("b");
    assert_eq!(approved.recorded(2, &b), number);
    approved.lab.close(number, "bob");
    get("behind-again");
    let (run, dir) = approved.lab.get(&approved.version(number, &b), "next");
    run.succeeds();
    approved.claim(&dir, &build(9)).succeeds();
}

#[test]
fn approval_that_nobody_used_is_refused_after_a_reopening() {
    let approved = Approved::new();
    let a = approved.commit("a");
    let number = approved.approved(1, &a);
    let version = approved.version(number, &a);
    approved.lab.reopen(number, "alice");
    let (run, _) = approved.lab.get(&version, "withdrawn");
    run.fails("withdrawn");
    assert!(!approved.file_of_git("request").exists(), "git was asked");
}

#[test]
fn failure_of_git_is_reported_once_on_the_issue() {
    let approved = Approved::new();
    let a = approved.commit("a");
    let number = approved.approved(1, &a);
    let version = approved.version(number, &a);
    fs::write(approved.file_of_git("fails"), format!("fatal: no access with {PASSWORD}\n")).unwrap();
    for name in ["once", "twice"] {
        let (run, _) = approved.lab.get(&version, name);
        run.fails("not-fetched").reports("fatal: no access with [redacted]").reports(&a);
        assert!(!run.stderr.contains(PASSWORD));
    }
    let notices = approved.notices(number);
    assert_eq!(notices.len(), 1);
    assert!(
        notices[0].contains(&a) && notices[0].contains("builds/900") && !notices[0].contains("fatal"),
        "{}",
        notices[0]
    );
    // It was told of this closing, and of no other.
    approved.lab.reopen(number, "alice");
    approved.lab.close(number, "alice");
    let (run, _) = approved.lab.get(&approved.version(number, &a), "again");
    run.fails("not-fetched");
    assert_eq!(approved.notices(number).len(), 2);
    // And the approval is as good as before.
    fs::remove_file(approved.file_of_git("fails")).unwrap();
    let (run, dir) = approved.lab.get(&approved.version(number, &a), "at-last");
    run.succeeds();
    approved.claim(&dir, &build(7)).succeeds();
}

#[test]
fn failure_of_git_is_one_where_nobody_can_be_reported() {
    let approved = Approved::new();
    let a = approved.commit("a");
    let number = approved.approved(1, &a);
    fs::write(approved.file_of_git("fails"), "fatal\n").unwrap();
    approved.lab.world().change(REPO, number, |issue| issue.locked = true);
    let (run, _) = approved.lab.get(&approved.version(number, &a), "code");
    run.fails("not-fetched");
    assert_eq!(approved.notices(number), Vec::<String>::new());
}

#[test]
fn commit_that_is_not_on_the_branch_is_refused() {
    let approved = Approved::new();
    let a = approved.commit("a");
    let b = approved.commit("b");
    let number = approved.approved(1, &b);
    // The branch goes another way, and a tag keeps the commit.
    approved.git(&["tag", "keep"]);
    approved.git(&["reset", "--quiet", "--hard", &a]);
    approved.commit("c");
    let (run, _) = approved.lab.get(&approved.version(number, &b), "code");
    run.fails("not-on-branch").reports("main");
    let notices = approved.notices(number);
    assert_eq!(notices.len(), 1);
    assert!(notices[0].contains("is not on the branch main"), "{}", notices[0]);
    // Without the tag there is no such commit.
    approved.git(&["tag", "--delete", "keep"]);
    let (run, _) = approved.lab.get(&approved.version(number, &b), "gone");
    run.fails("not-fetched");
}

#[test]
fn clone_of_another_commit_is_refused() {
    let approved = Approved::new();
    let a = approved.commit("a");
    let number = approved.approved(1, &a);
    let b = approved.commit("b");
    fs::write(approved.file_of_git("other"), "").unwrap();
    let (run, _) = approved.lab.get(&approved.version(number, &a), "code");
    run.fails("not-fetched").reports(&b);
}

#[test]
fn nothing_is_put_to_the_code() {
    let approved = Approved::new();
    let dir = approved.lab.build_dir(1);
    let request = json!({"source": approved.lab.gate_source("trigger"), "params": record_params()});
    approved.lab.run("out", &request, &dir, Some(&build(1))).fails("bad-source").reports("not put to");
    let mut post = request.clone();
    post["source"]["role"] = json!("post");
    for step in ["check", "in", "out"] {
        let mut request = post.clone();
        if step != "out" {
            request.as_object_mut().unwrap().remove("params");
            request["version"] =
                json!({"issue_number": "1", "issue_closed_at": "2026-01-01T00:00:00Z", "ref": commit(1)});
        }
        approved.lab.run(step, &request, &dir, Some(&build(1))).fails("bad-source");
    }
}

#[test]
fn image_without_git_refuses_the_code() {
    let git = json!({"uri": "https://example.org/r", "branch": "main"});
    let lab = Lab::new().source("git", git);
    lab.gate_check(None).fails("unsupported").reports("approved-git");
    let version = json!({"issue_number": "1", "issue_closed_at": "2026-01-01T00:00:00Z", "ref": commit(1)});
    lab.get(&version, "code").0.fails("unsupported");
}

#[test]
fn code_needs_an_address_and_a_branch() {
    for git in [json!({"uri": "x"}), json!({"branch": "main"}), json!("x"), json!({"uri": 1, "branch": "main"})] {
        let lab = Lab::new().beside_git(GIT_IN).source("git", git);
        lab.gate_check(None).fails("bad-source");
    }
}

#[test]
fn secrets_of_the_code_are_not_shown() {
    let secrets = ["key-of-the-code-0123456789", "account-of-the-tunnel-0123", "token-in-the-address-0123"];
    let approved = Approved::new();
    let a = approved.commit("a");
    let number = approved.approved(1, &a);
    let mut source = approved.lab.gate_source("trigger");
    source["git"] = json!({
        "uri": format!("https://user:{}@example.org/r", secrets[2]), "branch": "main", "private_key": secrets[0],
        "https_tunnel": {"proxy_password": secrets[1]},
    });
    fs::write(approved.file_of_git("fails"), secrets.join(", ")).unwrap();
    let request = json!({"source": source, "version": approved.version(number, &a)});
    let run = approved.lab.run("in", &request, &approved.lab.dir("code", &[]), Some(&build(900)));
    run.fails("not-fetched");
    assert!(secrets.iter().all(|secret| !run.stderr.contains(secret)), "{}", run.stderr);
    // Where they are in the wrong place, too.
    source["git"]["branch"] = json!([secrets[0]]);
    let request = json!({"source": source});
    let run = approved.lab.run("check", &request, approved.lab.temp.path(), None);
    run.fails("bad-source");
    assert!(secrets.iter().all(|secret| !run.stderr.contains(secret)), "{}", run.stderr);
}
