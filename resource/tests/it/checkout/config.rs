//! The clone's git directory: configuration, hooks, and what else git obeys.

use super::*;

/// A clone of two commits whose git directory was changed deploys the approved tree all the same.
fn changed(change: impl Fn(&Build, &Path)) {
    let mut build = Build::new();
    build.two_commits();
    change(&build, &build.code().join(".git"));
    build.deploys();
}

/// … or is refused.
fn refused(change: impl Fn(&Build, &Path), words: &[&str]) {
    let mut build = Build::new();
    build.two_commits();
    change(&build, &build.code().join(".git"));
    build.refuses(words);
}

#[test]
fn commands_of_the_configuration_are_not_run() {
    changed(|build, git| {
        let trap = build.trap();
        let trap = trap.display();
        configure(
            git,
            &format!(
                "[core]\nfsmonitor = {trap}\nsshCommand = {trap}\npager = {trap}\neditor = {trap}\ngitProxy = \
                 {trap}\nalternateRefsCommand = {trap}\n[diff]\nexternal = {trap}\n[credential]\nhelper = \
                 {trap}\n[gpg]\nprogram = {trap}\n[log]\nshowSignature = true\n[sequence]\neditor = {trap}\n[alias]\nlog = \
                 !{trap}\nread-tree = !{trap}\n"
            ),
        );
    });
}

#[test]
fn hooks_are_not_run() {
    changed(|build, git| {
        let trap = build.trap();
        let elsewhere = build.path().join("hooks");
        fs::create_dir(&elsewhere).unwrap();
        fs::create_dir_all(git.join("hooks")).unwrap();
        for hook in ["post-checkout", "post-index-change", "reference-transaction", "pre-auto-gc", "fsmonitor-watchman"]
        {
            fs::copy(&trap, git.join("hooks").join(hook)).unwrap();
            fs::copy(&trap, elsewhere.join(hook)).unwrap();
        }
    });
    changed(|build, git| {
        let trap = build.trap();
        let elsewhere = build.path().join("hooks");
        fs::create_dir(&elsewhere).unwrap();
        for hook in ["post-checkout", "post-index-change", "reference-transaction"] {
            fs::copy(&trap, elsewhere.join(hook)).unwrap();
        }
        configure(git, &format!("[core]\nhooksPath = {}\n", elsewhere.display()));
    });
}

#[test]
fn included_configuration_is_not_read() {
    changed(|build, git| {
        let more = build.path().join("more");
        let trap = build.trap();
        fs::write(&more, format!("[core]\nfsmonitor = {}\nautocrlf = true\nbare = true\n", trap.display())).unwrap();
        configure(git, &format!("[include]\npath = {0}\n[includeIf \"gitdir:/\"]\npath = {0}\n", more.display()));
    });
}

#[test]
fn work_tree_elsewhere_is_left_alone() {
    let mut build = Build::new();
    build.two_commits();
    let elsewhere = build.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("deploy.sh"), "mine\n").unwrap();
    configure(&build.code().join(".git"), &format!("[core]\nworktree = {}\n", elsewhere.display()));
    build.deploys();
    assert_eq!(tree(&elsewhere), Tree::from([("deploy.sh".into(), file("mine\n"))]));
}

#[test]
fn configuration_that_git_does_not_know_or_cannot_read_does_no_harm() {
    changed(|_, git| configure(git, "[core]\nbare = true\n"));
    changed(|_, git| configure(git, "[core]\nrepositoryformatversion = 1\n[extensions]\nunknown = true\n"));
    changed(|_, git| configure(git, "[core\n"));
    changed(|_, git| fs::remove_file(git.join("config")).unwrap());
}

#[test]
fn configuration_that_is_a_pipe_is_not_waited_for() {
    changed(|_, git| {
        fs::remove_file(git.join("config")).unwrap();
        assert!(Command::new("mkfifo").arg(git.join("config")).status().unwrap().success());
    });
}

#[test]
fn sparse_checkout_leaves_nothing_out() {
    changed(|build, _| {
        build.git(&build.code(), &["sparse-checkout", "set", "--no-cone", "/same"]);
        assert!(!build.code().join("deploy.sh").exists());
    });
}

#[test]
fn files_that_the_index_holds_unchanged_are_written() {
    for flag in ["--skip-worktree", "--assume-unchanged"] {
        changed(|build, _| {
            build.git(&build.code(), &["update-index", flag, "deploy.sh", "same"]);
            fs::write(build.code().join("same"), "UNAPPROVED\n").unwrap();
        });
    }
}

#[test]
fn index_of_another_program_or_none_does_no_harm() {
    changed(|_, git| fs::write(git.join("index"), "no index").unwrap());
    changed(|_, git| fs::remove_file(git.join("index")).unwrap());
    changed(|build, _| {
        build.git(&build.code(), &["update-index", "--split-index"]);
    });
}

#[test]
fn locks_that_somebody_left_do_no_harm() {
    changed(|_, git| {
        for lock in ["index.lock", "HEAD.lock", "config.lock", "packed-refs.lock", "shallow.lock"] {
            fs::write(git.join(lock), "").unwrap();
        }
    });
}

#[test]
fn merge_that_somebody_began_is_forgotten() {
    changed(|_, git| {
        for file in ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REBASE_HEAD", "BISECT_LOG"] {
            fs::write(git.join(file), "x\n").unwrap();
        }
    });
}

#[test]
fn git_directory_elsewhere_is_refused() {
    refused(
        |build, git| {
            let elsewhere = build.path().join("elsewhere");
            fs::rename(git, &elsewhere).unwrap();
            fs::write(git, format!("gitdir: {}\n", elsewhere.display())).unwrap();
        },
        &["is not a folder, so this is not a plain clone"],
    );
    refused(
        |build, git| {
            let elsewhere = build.path().join("elsewhere");
            fs::rename(git, &elsewhere).unwrap();
            symlink(elsewhere, git).unwrap();
        },
        &["is not a folder, so this is not a plain clone"],
    );
    refused(|_, git| fs::remove_dir_all(git).unwrap(), &["is not a folder, so this is not a plain clone"]);
}

#[test]
fn work_tree_of_another_repository_is_refused() {
    let mut build = Build::new();
    build.two_commits();
    let main = build.path().join("main");
    fs::rename(build.code(), &main).unwrap();
    build.git(&main, &["worktree", "add", "-q", "--detach", &build.code().display().to_string()]);
    build.refuses(&["is not a folder, so this is not a plain clone"]);
}

#[test]
fn clone_with_a_work_tree_besides_is_deployed() {
    changed(|build, _| {
        build.git(
            &build.code(),
            &["worktree", "add", "-q", "--detach", &build.path().join("besides").display().to_string()],
        );
    });
}

#[test]
fn links_in_the_git_directory_are_refused_and_not_followed() {
    for part in ["objects", "refs", "HEAD", "packed-refs"] {
        let mut build = Build::new();
        build.two_commits();
        let git = build.code().join(".git");
        let elsewhere = build.path().join("elsewhere");
        fs::rename(git.join(part), &elsewhere).unwrap();
        symlink(&elsewhere, git.join(part)).unwrap();
        build.refuses(&["is neither a file nor a folder, so this is not a plain clone"]);
        assert!(elsewhere.exists());
    }
}

#[test]
fn clone_of_another_owner_is_deployed() {
    let mut build = Build::new();
    build.two_commits();
    // Git's own tests take every folder for somebody else's by this.
    build.variables.insert("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1".to_owned());
    let expected = build.fresh();
    let refuses = build.command(&build.code()).env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1").arg("log").output().unwrap();
    assert!(!refuses.status.success(), "git itself takes the clone of another owner");
    build.deploys_tree(&expected);
}

#[test]
fn variables_of_git_lead_nowhere_else() {
    let mut build = Build::new();
    let commits = build.two_commits();
    let other = build.repository("other", &[("a", "other\n")]);
    let other = other.join(".git").display().to_string();
    let trap = build.trap().display().to_string();
    for (variable, value) in [
        ("GIT_DIR", other.as_str()),
        ("GIT_WORK_TREE", "/"),
        ("GIT_OBJECT_DIRECTORY", "/nonexistent"),
        ("GIT_ALTERNATE_OBJECT_DIRECTORIES", "/nonexistent"),
        ("GIT_INDEX_FILE", "/nonexistent/index"),
        ("GIT_COMMON_DIR", &other),
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "core.fsmonitor"),
        ("GIT_CONFIG_VALUE_0", &trap),
        ("GIT_NAMESPACE", "x"),
        ("GIT_LITERAL_PATHSPECS", "1"),
        ("GIT_EXTERNAL_DIFF", &trap),
        ("GIT_TEMPLATE_DIR", "/nonexistent"),
        ("GIT_DEFAULT_HASH", "sha256"),
        ("LC_ALL", "en_US.UTF-8"),
    ] {
        build.variables.insert(variable, value.to_owned());
    }
    build.approve(&commits.approved);
    build.deploys();
}
