//! Objects and refs, which are all that is taken from a clone.

use super::*;

#[test]
fn replaced_commit_is_deployed_as_it_is() {
    for packed in [false, true] {
        let mut build = Build::new();
        let commits = build.two_commits();
        build.git(&build.code(), &["replace", &commits.approved, &commits.newer]);
        if packed {
            build.git(&build.code(), &["pack-refs", "--all"]);
        }
        let same = build.git(&build.code(), &["show", &format!("{}:deploy.sh", commits.approved)]);
        assert_eq!(same, "echo UNAPPROVED", "git itself takes the replacement");
        build.deploys();
        // A later step does not take it, either.
        let ran = build.run(&shells()[0]);
        assert_eq!(build.git(&ran.code_folder, &["show", "HEAD:deploy.sh"]), "echo approved");
    }
}

#[test]
fn replaced_file_is_deployed_as_it_is() {
    let mut build = Build::new();
    let commits = build.two_commits();
    let blob = |commit: &str| build.git(&build.code(), &["rev-parse", &format!("{commit}:deploy.sh")]);
    build.git(&build.code(), &["replace", &blob(&commits.approved), &blob(&commits.newer)]);
    build.deploys();
}

/// A commit that is not on the branch, though something that git obeys would put it there.
fn grafted(graft: impl Fn(&Build, &Commits)) {
    let mut build = Build::new();
    let first = build.push(&[("a", "1\n")]);
    let gone = build.push(&[("a", "gone\n")]);
    build.git(&build.origin(), &["tag", "kept"]);
    build.git(&build.origin(), &["reset", "-q", "--hard", &first]);
    let newer = build.push(&[("a", "2\n")]);
    build.clone_code();
    build.git(&build.code(), &["fetch", "-q", "origin", "tag", "kept"]);
    build.approve(&gone);
    graft(&build, &Commits { approved: gone, newer });
    build.refuses(&["is not on the branch"]);
}

#[test]
fn graft_puts_no_commit_on_the_branch() {
    grafted(|build, commits| {
        let grafts = format!("{} {}\n", commits.newer, commits.approved);
        fs::write(build.code().join(".git/info/grafts"), grafts).unwrap();
    });
}

#[test]
fn replacement_puts_no_commit_on_the_branch() {
    grafted(|build, commits| {
        build.git(&build.code(), &["replace", "--graft", &commits.newer, &commits.approved]);
    });
}

#[test]
fn objects_of_another_repository_are_not_taken() {
    let mut build = Build::new();
    build.two_commits();
    let other = build.repository("other", &[("a", "other\n")]);
    let strange = build.head(&other);
    let alternates = build.code().join(".git/objects/info/alternates");
    fs::write(alternates, format!("{}\n", other.join(".git/objects").display())).unwrap();
    assert_eq!(build.git(&build.code(), &["cat-file", "-t", &strange]), "commit");
    build.deploys();
    build.approve(&strange);
    build.refuses(&["is not in this clone"]);
}

#[test]
fn clone_that_borrows_its_objects_is_refused() {
    let mut build = Build::new();
    let approved = build.push(&[("a", "1\n")]);
    build.push(&[("a", "2\n")]);
    build.git(&build.path().join("build"), &["clone", "-q", "--shared", &build.origin().display().to_string(), "code"]);
    build.approve(&approved);
    build.refuses(&["code: "]);
}

#[test]
fn packed_objects_commit_graphs_and_loose_objects_are_read() {
    for commands in [
        &[&["gc", "-q"][..], &["commit-graph", "write", "--reachable"], &["multi-pack-index", "write"]][..],
        &[&["repack", "-q", "-A", "-d", "--write-bitmap-index"], &["pack-refs", "--all"]],
    ] {
        let mut build = Build::new();
        build.two_commits();
        for command in commands {
            build.git(&build.code(), command);
        }
        build.deploys();
    }
    let mut build = Build::new();
    build.two_commits();
    unpack(&build);
    build.deploys();
}

#[test]
fn commit_graph_that_lies_is_not_read() {
    let mut build = Build::new();
    build.two_commits();
    // The graph of another history, of which no commit is here.
    let other = build.repository("other", &[("a", "1\n")]);
    build.push_to(&other, &[("a", "2\n")]);
    build.git(&other, &["commit-graph", "write", "--reachable"]);
    fs::create_dir_all(build.code().join(".git/objects/info")).unwrap();
    let graph = fs::read(other.join(".git/objects/info/commit-graph")).unwrap();
    let lies: Vec<u8> = graph.iter().enumerate().map(|(at, byte)| if at > 1_100 { !byte } else { *byte }).collect();
    fs::write(build.code().join(".git/objects/info/commit-graph"), lies).unwrap();
    build.deploys();
}

/// Makes each object of the clone a file of its own.
fn unpack(build: &Build) {
    let packs = build.code().join(".git/objects/pack");
    for entry in fs::read_dir(&packs).unwrap() {
        let path = entry.unwrap().path();
        let aside = build.path().join(path.file_name().unwrap());
        fs::rename(&path, &aside).unwrap();
        if aside.extension().is_some_and(|extension| extension == "pack") {
            let pack = fs::File::open(aside).unwrap();
            let status = build.command(&build.code()).args(["unpack-objects", "-q"]).stdin(pack).status().unwrap();
            assert!(status.success());
        }
    }
}

fn loose(build: &Build, hash: &str) -> PathBuf {
    build.code().join(".git/objects").join(&hash[..2]).join(&hash[2..])
}

#[test]
fn object_that_is_not_what_its_name_says_is_refused() {
    for what in ["deploy.sh", ""] {
        let mut build = Build::new();
        let commits = build.two_commits();
        unpack(&build);
        let hash = |commit: &str| build.git(&build.code(), &["rev-parse", &format!("{commit}:{what}")]);
        let good = loose(&build, &hash(&commits.approved));
        fs::set_permissions(&good, fs::Permissions::from_mode(0o644)).unwrap();
        fs::copy(loose(&build, &hash(&commits.newer)), &good).unwrap();
        let read = build.git(&build.code(), &["show", &format!("{}:deploy.sh", commits.approved)]);
        assert_eq!(read, "echo UNAPPROVED", "git itself reads the wrong object");
        build.refuses(&["code: ", &commits.approved]);
    }
}

#[test]
fn object_that_is_gone_is_refused() {
    for what in [":deploy.sh", "^{tree}"] {
        let mut build = Build::new();
        let commits = build.two_commits();
        unpack(&build);
        let hash = build.git(&build.code(), &["rev-parse", &format!("{}{what}", commits.approved)]);
        fs::remove_file(loose(&build, &hash)).unwrap();
        build.refuses(&["code: objects of the approved commit", "are not in this clone"]);
    }
}
