//! Clones that are not whole.

use super::*;

#[test]
fn shallow_clone_that_has_the_commit_is_deployed() {
    let mut build = Build::new();
    build.push(&[("a", "0\n")]);
    let approved = build.push(&[("a", "1\n")]);
    build.push(&[("a", "2\n")]);
    build.clone_as("code", &build.origin(), &["--depth", "2"]);
    build.approve(&approved);
    build.deploys();
}

#[test]
fn shallow_clone_that_lacks_the_commit_is_refused() {
    let mut build = Build::new();
    let approved = build.push(&[("a", "1\n")]);
    build.push(&[("a", "2\n")]);
    build.clone_as("code", &build.origin(), &["--depth", "1"]);
    build.approve(&approved);
    build.refuses(&[&approved, "is not in this clone"]);
}

#[test]
fn clone_that_left_out_files_fetches_none() {
    let mut build = Build::new();
    build.git(&build.origin(), &["config", "uploadpack.allowFilter", "true"]);
    let approved = build.push(&[("a", "1\n")]);
    build.push(&[("a", "2\n")]);
    build.clone_as("code", &build.origin(), &["--filter=blob:none"]);
    build.approve(&approved);
    build.refuses(&["objects of the approved commit", "are not in this clone"]);
}

#[test]
fn clone_that_left_out_only_other_files_is_deployed() {
    let mut build = Build::new();
    build.git(&build.origin(), &["config", "uploadpack.allowFilter", "true"]);
    let approved = build.push(&[("a", "1\n")]);
    build.push(&[("big", &"2".repeat(5_000))]);
    build.clone_as("code", &build.origin(), &["--filter=blob:limit=1k"]);
    build.approve(&approved);
    build.deploys();
}

#[test]
fn clone_without_a_commit_is_refused() {
    let mut build = Build::new();
    build.two_commits();
    fs::remove_dir_all(build.code()).unwrap();
    build.git(&build.path().join("build"), &["init", "-q", "code"]);
    build.refuses(&["code: this clone is at no commit"]);
}

#[test]
fn clone_that_is_on_a_branch_is_deployed() {
    let mut build = Build::new();
    build.two_commits();
    build.git(&build.code(), &["checkout", "-q", "main"]);
    build.deploys();
}

#[test]
fn history_and_tags_stay_for_later_steps() {
    let mut build = Build::new();
    let commits = build.two_commits();
    build.git(&build.code(), &["tag", "v1", &commits.approved]);
    build.deploys();
    let ran = build.run(&shells()[0]);
    assert_eq!(build.git(&ran.code_folder, &["describe", "--tags"]), "v1");
    assert_eq!(build.git(&ran.code_folder, &["status", "--porcelain"]), "");
    let url = format!("file://{}", build.origin().display());
    assert_eq!(build.git(&ran.code_folder, &["remote", "get-url", "origin"]), url);
    assert_eq!(build.git(&ran.code_folder, &["log", "--format=%H", "origin/main"]).lines().count(), 2);
}

#[test]
fn several_clones_are_each_at_their_own_commit() {
    let mut build = Build::new();
    let commits = build.two_commits();
    let lib = build.repository("lib", &[("a", "lib\n")]);
    let approved = build.head(&lib);
    build.push_to(&lib, &[("a", "UNAPPROVED\n")]);
    build.clone_as("lib", &lib, &[]);
    build.set("CHECKOUT", "code\nlib");
    build.refuses(&["the approval names no version of lib"]);
    build.pins.insert("lib".to_owned(), approved);
    build.deploys();
    let ran = build.run(&shells()[0]);
    assert_eq!(tree(&ran.code_folder.join("../lib")), Tree::from([("a".into(), file("lib\n"))]));
    // The pin of another clone is not that of the code.
    build.pins.insert("lib".to_owned(), commits.approved);
    build.refuses(&["lib: the approved commit", "is not in this clone"]);
}

#[test]
fn folder_outside_of_the_build_is_refused() {
    for name in ["../origin", "/", ".", "-x", "gate/pins"] {
        let mut build = Build::new();
        build.two_commits();
        build.set("CHECKOUT", name);
        build.refuses(&["CHECKOUT names", "which is not a folder of the build"]);
    }
}

#[test]
fn pins_are_read_beside_the_script_or_in_the_gate() {
    for places in [["tools/checkout", "gate/pins"], ["code-d/.git/approval/checkout", "code-d/.git/approval/pins"]] {
        let mut build = Build::new();
        build.two_commits();
        build.places = places;
        build.deploys();
    }
}
