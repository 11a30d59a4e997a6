//! Which commits are on the branch, and what is fetched.

use super::*;

#[test]
fn second_parent_of_a_merge_is_deployed() {
    let mut build = Build::new();
    let origin = build.origin();
    build.push(&[("a", "1\n")]);
    build.git(&origin, &["checkout", "-qb", "side"]);
    let side = build.push(&[("b", "side\n")]);
    build.git(&origin, &["checkout", "-q", "main"]);
    build.push(&[("a", "2\n")]);
    build.git(&origin, &["merge", "-q", "--no-edit", "side"]);
    build.clone_code();
    build.approve(&side);
    build.deploys();
}

/// A commit that was pushed off the branch; the clone has it by a tag.
fn pushed_off(build: &mut Build) -> Commits {
    let first = build.push(&[("a", "1\n")]);
    let gone = build.push(&[("a", "gone\n")]);
    build.git(&build.origin(), &["tag", "kept"]);
    build.git(&build.origin(), &["reset", "-q", "--hard", &first]);
    let newer = build.push(&[("a", "2\n")]);
    build.clone_as("code", &build.origin(), &["--tags"]);
    build.git(&build.code(), &["fetch", "-q", "origin", "tag", "kept"]);
    build.approve(&gone);
    Commits { approved: gone, newer }
}

#[test]
fn commit_that_was_pushed_off_the_branch_is_refused() {
    let mut build = Build::new();
    let commits = pushed_off(&mut build);
    build.refuses(&[&commits.approved, "is not on the branch", &commits.newer]);
    build.set("FETCH", "yes");
    build.refuses(&[&commits.approved, "is not on the branch", &commits.newer]);
}

#[test]
fn newer_commit_than_that_of_the_build_is_refused() {
    let mut build = Build::new();
    let commits = build.two_commits();
    build.git(&build.code(), &["checkout", "-q", "--detach", &commits.approved]);
    build.approve(&commits.newer);
    build.refuses(&["is not on the branch", &commits.approved]);
}

#[test]
fn newer_commit_than_that_of_the_build_is_deployed_where_no_job_had_it() {
    let mut build = Build::new();
    let commits = build.two_commits();
    build.git(&build.code(), &["checkout", "-q", "--detach", &commits.approved]);
    build.approve(&commits.newer);
    build.set("FETCH", "yes");
    build.deploys();
}

#[test]
fn commit_that_the_clone_lacks_is_fetched_where_no_job_had_it() {
    let mut build = Build::new();
    build.two_commits();
    let newest = build.push(&[("deploy.sh", "echo newest\n")]);
    build.approve(&newest);
    build.refuses(&["is not in this clone"]);
    build.set("FETCH", "yes");
    build.deploys();
}

#[test]
fn commit_of_another_branch_is_not_fetched() {
    let mut build = Build::new();
    build.two_commits();
    build.git(&build.origin(), &["checkout", "-qb", "side"]);
    let side = build.push(&[("deploy.sh", "echo UNAPPROVED\n")]);
    build.approve(&side);
    build.set("FETCH", "yes");
    build.refuses(&[&side, "is not in this clone"]);
}

#[test]
fn fetching_runs_no_command_of_the_clone() {
    let mut build = Build::new();
    build.two_commits();
    let newest = build.push(&[("deploy.sh", "echo newest\n")]);
    let trap = build.trap();
    let hooks = build.path().join("hooks");
    fs::create_dir(&hooks).unwrap();
    for hook in ["reference-transaction", "post-checkout", "post-index-change", "pre-auto-gc"] {
        fs::copy(&trap, hooks.join(hook)).unwrap();
    }
    configure(
        &build.code().join(".git"),
        &format!(
            "[remote \"origin\"]\nuploadpack = {0}\n[core]\nhooksPath = {1}\nfsmonitor = {0}\n[credential]\nhelper = \
             {0}\n[uploadpack]\npackObjectsHook = {0}\n",
            trap.display(),
            hooks.display()
        ),
    );
    build.approve(&newest);
    build.set("FETCH", "yes");
    build.deploys();
}

#[test]
fn fetching_never_runs_a_command_that_an_address_names() {
    let mut build = Build::new();
    build.two_commits();
    let trap = build.trap();
    fs::write(
        build.path().join("home/.gitconfig"),
        "[protocol]\nallow = always\n[protocol \"ext\"]\nallow = always\n[user]\nname = a\nemail = a@example.org\n",
    )
    .unwrap();
    build.git(&build.code(), &["config", "remote.origin.url", &format!("ext::{}", trap.display())]);
    build.approve(&"1".repeat(40));
    build.set("FETCH", "yes");
    build.refuses(&["is not in this clone"]);
}
