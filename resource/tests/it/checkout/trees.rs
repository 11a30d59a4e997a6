//! What stands in the two trees.

use super::*;

#[test]
fn older_commit_takes_the_place_of_the_newer_one() {
    let mut build = Build::new();
    build.two_commits();
    build.deploys();
}

#[test]
fn first_commit_is_deployed() {
    let mut build = Build::new();
    let first = build.push(&[("a", "1\n")]);
    for n in 2..6 {
        build.push(&[("a", &format!("{n}\n"))]);
    }
    build.clone_code();
    build.approve(&first);
    build.deploys();
}

#[test]
fn commit_with_an_empty_tree_is_deployed() {
    let mut build = Build::new();
    let empty = build.commit(&build.origin(), "nothing");
    build.push(&[("a", "UNAPPROVED\n")]);
    build.clone_code();
    build.approve(&empty);
    build.deploys();
}

#[test]
fn work_tree_of_the_approved_commit_itself_is_made_anew() {
    let mut build = Build::new();
    let commits = build.two_commits();
    build.approve(&commits.newer);
    fs::write(build.code().join("deploy.sh"), "echo changed\n").unwrap();
    fs::write(build.code().join("more"), "more\n").unwrap();
    build.deploys();
}

#[test]
fn files_that_nobody_committed_are_gone() {
    let mut build = Build::new();
    let approved = build.push(&[(".gitignore", "ignored*\n"), ("a", "1\n")]);
    build.push(&[("a", "2\n")]);
    build.clone_code();
    build.approve(&approved);
    for name in ["ignored", "untracked", "ignored.d/deep/x", ".hidden", "..odd", "-f"] {
        let path = build.code().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "UNAPPROVED").unwrap();
    }
    fs::create_dir_all(build.code().join("empty/folder")).unwrap();
    // A repository inside, which `git clean` spares.
    build.git(&build.code(), &["init", "-q", "inner"]);
    build.deploys();
}

#[test]
fn modes_links_and_odd_names_are_kept() {
    let mut build = Build::new();
    let origin = build.origin();
    build.push(&[("run", "#!/bin/sh\n"), ("plain", "x")]);
    fs::set_permissions(origin.join("run"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("plain", origin.join("link")).unwrap();
    symlink("/etc/passwd", origin.join("outside")).unwrap();
    symlink("nowhere", origin.join("dangling")).unwrap();
    for name in ["sp ace", "nl\nname", "tab\tname", "-rf", "*", "qu\"ote", "back\\slash", "h\u{e9}", "$(id)", "'", "#x"]
    {
        fs::write(origin.join(name), "1\n").unwrap();
    }
    let binary: Vec<u8> = (0..=255).cycle().take(5_000).collect();
    fs::write(origin.join("binary"), binary).unwrap();
    // Git takes a backslash for a separator, on another system.
    fs::remove_file(origin.join("back\\slash")).unwrap();
    let approved = build.commit(&origin, "odd");
    fs::set_permissions(origin.join("run"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(origin.join("plain"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::remove_file(origin.join("link")).unwrap();
    fs::write(origin.join("link"), "UNAPPROVED").unwrap();
    build.commit(&origin, "newer");
    build.clone_code();
    build.approve(&approved);
    build.deploys();
}

#[test]
fn file_that_became_a_folder_is_a_file_again() {
    let mut build = Build::new();
    let approved = build.push(&[("a", "file\n"), ("b/c", "folder\n")]);
    build.git(&build.origin(), &["rm", "-rq", "a", "b"]);
    build.push(&[("a/x", "UNAPPROVED\n"), ("b", "UNAPPROVED\n")]);
    build.clone_code();
    build.approve(&approved);
    build.deploys();
}

#[test]
fn link_of_the_newer_commit_is_not_followed() {
    let mut build = Build::new();
    let approved = build.push(&[("config/a", "approved\n")]);
    let outside = build.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("a"), "outside\n").unwrap();
    build.git(&build.origin(), &["rm", "-rq", "config"]);
    symlink(&outside, build.origin().join("config")).unwrap();
    build.commit(&build.origin(), "newer");
    build.clone_code();
    build.approve(&approved);
    build.deploys();
    assert_eq!(fs::read_to_string(outside.join("a")).unwrap(), "outside\n");
}

#[test]
fn names_that_differ_by_case_are_both_there() {
    let mut build = Build::new();
    let approved = build.push(&[("README", "1\n"), ("readme", "2\n"), ("Lib/a", "3\n"), ("lib/a", "4\n")]);
    build.git(&build.origin(), &["rm", "-rq", "README", "Lib"]);
    build.push(&[("readme", "UNAPPROVED\n")]);
    build.clone_code();
    build.approve(&approved);
    build.deploys();
}

#[test]
fn repository_of_sha256_is_deployed() {
    let mut build = Build::with_format("sha256");
    let commits = build.two_commits();
    assert_eq!(commits.approved.len(), 64);
    build.deploys();
}

#[test]
fn commit_message_in_another_encoding_and_of_many_lines_is_kept() {
    let mut build = Build::new();
    build.push(&[("a", "1\n")]);
    build.git(&build.origin(), &["commit", "-q", "--allow-empty", "-m", "First\n\nsecond \u{fc}\n- third"]);
    let approved = build.head(&build.origin());
    build.push(&[("a", "2\n")]);
    build.clone_code();
    build.approve(&approved);
    build.deploys();
}
