//! What the approval names.

use serde_json::{Value, json};

use super::*;
use crate::support::{Run, build, commit, record_params};

/// Each pin is refused as no full hash.
fn refused(pin: impl Fn(&Build, &Commits) -> String) {
    let mut build = Build::new();
    let commits = build.two_commits();
    let pin = pin(&build, &commits);
    build.approve(&pin);
    build.refuses(&["code: the approval names", "not the full hash of a commit"]);
}

#[test]
fn tag_that_moved_is_refused() {
    refused(|build, commits| {
        build.git(&build.origin(), &["tag", "v1", &commits.approved]);
        build.git(&build.code(), &["tag", "v1"]);
        "v1".to_owned()
    });
}

#[test]
fn name_of_a_branch_is_refused() {
    refused(|_, _| "main".to_owned());
}

#[test]
fn short_hash_is_refused() {
    refused(|_, commits| commits.approved[..39].to_owned());
}

#[test]
fn hash_with_more_behind_it_is_refused() {
    refused(|_, commits| format!("{}^", commits.approved));
}

#[test]
fn hash_in_capitals_is_refused() {
    refused(|_, commits| commits.approved.to_uppercase());
}

#[test]
fn two_hashes_are_refused() {
    refused(|_, commits| format!("{}\n{}", commits.approved, commits.newer));
}

#[test]
fn revisions_are_refused() {
    for revision in ["HEAD", "HEAD~1", "HEAD@{0}", "@", "refs/remotes/origin/main", ":/approved", "--all", "0abc"] {
        refused(|_, _| revision.to_owned());
    }
}

#[test]
fn ref_that_is_named_like_a_hash_is_not_taken_for_it() {
    let mut build = Build::new();
    let commits = build.two_commits();
    let name = "a".repeat(40);
    build.git(&build.code(), &["update-ref", &format!("refs/heads/{name}"), &commits.approved]);
    build.approve(&name);
    build.refuses(&["the approved commit", "is not in this clone"]);
}

#[test]
fn hash_of_a_tag_a_tree_or_a_file_is_refused() {
    for what in ["v1", "HEAD^{tree}", "HEAD:same"] {
        let mut build = Build::new();
        build.push(&[("same", "same\n")]);
        build.git(&build.origin(), &["tag", "-a", "-m", "one", "v1"]);
        let hash = build.git(&build.origin(), &["rev-parse", what]);
        build.push(&[("a", "2\n")]);
        build.clone_code();
        build.approve(&hash);
        build.refuses(&["is not in this clone"]);
    }
}

#[test]
fn unknown_hash_is_refused_with_both_commits() {
    let mut build = Build::new();
    let commits = build.two_commits();
    build.approve(&"1".repeat(40));
    build.refuses(&[&"1".repeat(40), "is not in this clone", &commits.newer]);
    build.approve(&"1".repeat(64));
    build.refuses(&[&"1".repeat(64)]);
}

#[test]
fn missing_pin_is_refused() {
    let mut build = Build::new();
    build.two_commits();
    build.pins.clear();
    build.refuses(&["the approval names no version of code"]);
}

/// Records `lib` from a file of its clone.
fn record_lib(lab: &Lab, n: u64, file: &str, version: &str) -> Run {
    let dir = lab.build_dir(n);
    fs::create_dir_all(dir.join("lib/.git")).unwrap();
    fs::write(dir.join("lib").join(file), format!("{version}\n")).unwrap();
    let mut params = record_params();
    params["pins"] = json!({"code": "code/.git/ref", "lib": format!("lib/{file}")});
    lab.put(&params, &dir, &build(n))
}

#[test]
fn record_of_a_tag_that_a_clone_tells_is_refused() {
    let lab = Lab::new();
    for file in [".git/ref", ".git/tags", ".git/describe_ref"] {
        let run = record_lib(&lab, 1, file, "v1.2");
        run.fails("bad-file")
            .reports("the pin `lib` must be the full hash of a commit, found `v1.2`")
            .reports("`.git/HEAD`");
    }
    record_lib(&lab, 1, ".git/short_ref", &commit(7)[..7]).fails("bad-file");
    record_lib(&lab, 1, ".git/HEAD", "ref: refs/heads/main").fails("bad-file");
    assert_eq!(lab.issues().len(), 0);
    record_lib(&lab, 1, ".git/HEAD", &commit(7)).succeeds();
    record_lib(&lab, 2, "version", "v1.2").succeeds();
}

#[test]
fn claim_of_a_tag_that_the_job_checks_out_is_refused_and_uses_nothing_up() {
    let lab = Lab::new();
    record_lib(&lab, 1, "version", "v1.2").succeeds();
    lab.close(1, "alice");
    let (run, dir) = lab.get(&lab.version(1), "gate");
    run.succeeds();
    let claim = |commits: Value| {
        let params = json!({
            "action": "claim", "approval": "gate/approval.json", "commits": commits,
        });
        lab.put(&params, dir.parent().unwrap(), &build(7))
    };
    let refused = claim(json!(["lib"]));
    refused.fails("not-a-commit").reports("the pin `lib` must be the full hash of a commit, found `v1.2`");
    assert_eq!(refused.writes(), Vec::<String>::new());
    claim(json!(["other"])).fails("not-a-commit").reports("no version of `other` is approved");
    claim(json!(["code"])).succeeds();
}
