//! What the approval names.

use super::*;

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
