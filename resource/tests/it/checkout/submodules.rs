//! Submodules: those of the approved commit, at their commits, and no others.

use super::*;

/// Adds a submodule to the code's repository, and commits it.
fn add(build: &Build, repository: &Path, path: &str) -> String {
    let url = format!("file://{}", repository.display());
    build.git(&build.origin(), &["submodule", "--quiet", "add", "--force", &url, path]);
    build.commit(&build.origin(), "a submodule")
}

/// Brings a submodule of the code's repository to the newest commit of its own.
fn update(build: &Build, path: &str) -> String {
    build.git(&build.origin().join(path), &["pull", "-q", "origin", "main"]);
    build.commit(&build.origin(), "a newer submodule")
}

#[test]
fn submodule_at_a_path_that_the_approved_commit_ignores_is_gone() {
    let mut build = Build::new();
    let evil = build.repository("evil", &[("run.sh", "UNAPPROVED\n")]);
    let approved = build.push(&[(".gitignore", "plugins/\n"), ("deploy.sh", "x\n")]);
    add(&build, &evil, "plugins/evil");
    build.clone_code();
    build.approve(&approved);
    build.deploys();
}

#[test]
fn submodule_of_a_newer_submodule_is_gone() {
    let mut build = Build::new();
    let evil = build.repository("evil", &[("run.sh", "UNAPPROVED\n")]);
    let lib = build.repository("lib", &[("a", "1\n")]);
    let approved = add(&build, &lib, "vendor");
    build.git(&lib, &["submodule", "--quiet", "add", &evil.display().to_string(), "plugins"]);
    build.commit(&lib, "newer");
    update(&build, "vendor");
    build.clone_code();
    build.approve(&approved);
    build.deploys();
}

#[test]
fn submodule_is_at_the_commit_of_the_approved_commit() {
    let mut build = Build::new();
    let lib = build.repository("lib", &[("a", "1\n")]);
    let approved = add(&build, &lib, "libs/lib");
    build.push_to(&lib, &[("a", "UNAPPROVED\n"), ("b", "UNAPPROVED\n")]);
    update(&build, "libs/lib");
    build.clone_code();
    build.approve(&approved);
    build.deploys();
}

#[test]
fn submodules_of_submodules_are_at_their_commits_and_work_elsewhere() {
    let mut build = Build::new();
    let deep = build.repository("deep", &[("deep", "1\n")]);
    let lib = build.repository("lib", &[("a", "1\n")]);
    build.git(&lib, &["submodule", "--quiet", "add", &deep.display().to_string(), "x/y"]);
    build.commit(&lib, "deep");
    let approved = add(&build, &lib, "libs/a/lib");
    build.push_to(&deep, &[("deep", "UNAPPROVED\n")]);
    build.git(&lib.join("x/y"), &["pull", "-q", "origin", "main"]);
    build.push_to(&lib, &[("a", "UNAPPROVED\n")]);
    update(&build, "libs/a/lib");
    build.clone_code();
    build.approve(&approved);
    build.deploys();
    // The next step has the artifact at another place.
    let ran = build.run(&shells()[0]);
    let moved = build.path().join("moved");
    fs::rename(&ran.code_folder, &moved).unwrap();
    for folder in ["", "libs/a/lib", "libs/a/lib/x/y"] {
        assert_eq!(build.git(&moved.join(folder), &["status", "--porcelain"]), "", "{folder}");
    }
    let status = build.git(&moved, &["submodule", "status", "--recursive"]);
    assert_eq!(status.lines().filter(|line| !line.starts_with(['-', '+', 'U'])).count(), 2, "{status}");
}

#[test]
fn submodule_that_the_newer_commit_moved_is_where_it_was() {
    let mut build = Build::new();
    let lib = build.repository("lib", &[("a", "1\n")]);
    let approved = add(&build, &lib, "old/place");
    build.git(&build.origin(), &["mv", "old/place", "new place"]);
    build.commit(&build.origin(), "moved");
    build.clone_code();
    build.approve(&approved);
    build.deploys();
}

#[test]
fn submodule_that_the_newer_commit_has_no_more_is_not_fetched() {
    let mut build = Build::new();
    let lib = build.repository("lib", &[("a", "1\n")]);
    let approved = add(&build, &lib, "vendor");
    build.git(&build.origin(), &["rm", "-q", "vendor"]);
    build.push(&[("vendor/a", "UNAPPROVED\n")]);
    build.clone_code();
    build.approve(&approved);
    build.refuses(&["code: the approved commit has the submodule vendor, which is not in this clone"]);
    build.set("FETCH", "yes");
    build.refuses(&["the submodule vendor", "is not in this clone"]);
}

#[test]
fn commit_that_the_submodule_lacks_is_not_fetched() {
    let mut build = Build::new();
    let lib = build.repository("lib", &[("a", "1\n")]);
    let first = build.head(&lib);
    build.push_to(&lib, &[("a", "gone\n")]);
    let approved = add(&build, &lib, "vendor");
    // Nobody's branch has it any more, though the server would give it.
    build.git(&lib, &["config", "uploadpack.allowAnySHA1InWant", "true"]);
    build.git(&lib, &["reset", "-q", "--hard", &first]);
    build.git(&build.origin().join("vendor"), &["checkout", "-q", &first]);
    build.commit(&build.origin(), "newer");
    build.clone_code();
    build.approve(&approved);
    build.refuses(&["code, submodule vendor: the approved commit", "is not in this clone"]);
}

#[test]
fn folder_of_the_newer_commit_at_the_path_of_a_submodule_is_gone() {
    let mut build = Build::new();
    let lib = build.repository("lib", &[("a", "1\n")]);
    let approved = add(&build, &lib, "vendor");
    // Another path keeps the submodule of that name.
    build.git(&build.origin(), &["mv", "vendor", "elsewhere"]);
    build.push(&[("vendor/a", "UNAPPROVED\n"), ("vendor/b", "UNAPPROVED\n")]);
    build.clone_code();
    build.approve(&approved);
    build.deploys();
}

#[test]
fn submodule_that_nothing_describes_is_an_empty_folder() {
    let mut build = Build::new();
    let lib = build.repository("lib", &[("a", "1\n")]);
    build.push(&[("a", "1\n")]);
    let entry = format!("160000,{},nested", build.head(&lib));
    build.git(&build.origin(), &["update-index", "--add", "--cacheinfo", &entry]);
    build.git(&build.origin(), &["commit", "-q", "-m", "nested"]);
    let approved = build.head(&build.origin());
    build.git(&build.origin(), &["commit", "-q", "--allow-empty", "-m", "newer"]);
    let url = format!("file://{}", build.origin().display());
    build.git(&build.path().join("build"), &["clone", "-q", &url, "code"]);
    build.approve(&approved);
    build.deploys_tree(&Tree::from([("a".into(), file("1\n")), ("nested".into(), Entry::EmptyFolder)]));
}

#[test]
fn submodules_stay_out_where_the_get_leaves_them_out() {
    let mut build = Build::new();
    let lib = build.repository("lib", &[("a", "1\n")]);
    let approved = add(&build, &lib, "vendor");
    build.push(&[("a", "2\n")]);
    let url = format!("file://{}", build.origin().display());
    build.git(&build.path().join("build"), &["clone", "-q", &url, "code"]);
    build.approve(&approved);
    build.refuses(&["the submodule vendor", "is not in this clone"]);
    build.set("NO_SUBMODULES", "other\ncode");
    let mut expected = build.fresh();
    expected.remove(Path::new("vendor/a"));
    expected.insert("vendor".into(), Entry::EmptyFolder);
    build.deploys_tree(&expected);
}

#[test]
fn submodule_that_its_own_commit_leaves_out_is_an_empty_folder() {
    let mut build = Build::new();
    let lib = build.repository("lib", &[("a", "1\n")]);
    add(&build, &lib, "vendor");
    build.git(&build.origin(), &["config", "--file", ".gitmodules", "submodule.vendor.update", "none"]);
    let approved = build.commit(&build.origin(), "left out");
    build.git(&build.origin(), &["config", "--file", ".gitmodules", "submodule.vendor.update", "checkout"]);
    build.push(&[("a", "UNAPPROVED\n")]);
    build.clone_code();
    build.approve(&approved);
    build.deploys();
}

#[test]
fn submodule_that_only_the_newer_commit_leaves_out_is_not_left_out() {
    let mut build = Build::new();
    let lib = build.repository("lib", &[("a", "1\n")]);
    let approved = add(&build, &lib, "vendor");
    build.git(&build.origin(), &["config", "--file", ".gitmodules", "submodule.vendor.update", "none"]);
    build.commit(&build.origin(), "left out");
    build.clone_code();
    build.approve(&approved);
    build.refuses(&["the submodule vendor", "is not in this clone"]);
}

#[test]
fn configuration_and_hooks_of_a_submodule_run_nothing() {
    let mut build = Build::new();
    let lib = build.repository("lib", &[("a", "1\n"), (".gitattributes", "* filter=evil\n")]);
    let approved = add(&build, &lib, "vendor");
    build.push_to(&lib, &[("a", "UNAPPROVED\n")]);
    update(&build, "vendor");
    build.clone_code();
    build.approve(&approved);
    let trap = build.trap();
    let module = build.code().join(".git/modules/vendor");
    configure(
        &module,
        &format!("[core]\nfsmonitor = {0}\n[filter \"evil\"]\nsmudge = {0}\nclean = {0}\n", trap.display()),
    );
    fs::create_dir_all(module.join("hooks")).unwrap();
    fs::copy(&trap, module.join("hooks/post-checkout")).unwrap();
    build.deploys();
    let ran = build.run(&shells()[0]);
    build.git(&ran.code_folder.join("vendor"), &["status"]);
    assert!(!build.canary().exists());
}

#[test]
fn name_of_a_submodule_may_have_slashes_and_spaces() {
    let mut build = Build::new();
    let lib = build.repository("lib", &[("a", "1\n")]);
    let url = lib.display().to_string();
    let name = "group/a lib.path";
    build.git(&build.origin(), &["submodule", "--quiet", "add", "--name", name, &url, "my libs/\u{e9}"]);
    let approved = build.commit(&build.origin(), "a submodule");
    build.push_to(&lib, &[("a", "UNAPPROVED\n")]);
    update(&build, "my libs/\u{e9}");
    build.clone_code();
    build.approve(&approved);
    build.deploys();
}

/// A commit with a submodule of this name at `vendor`, which git itself would not make.
fn named(build: &mut Build, name: &str) {
    let lib = build.repository("lib", &[("a", "1\n")]);
    let url = lib.display();
    build.push(&[(".gitmodules", &format!("[submodule \"{name}\"]\n\tpath = vendor\n\turl = {url}\n"))]);
    let entry = format!("160000,{},vendor", build.head(&lib));
    build.git(&build.origin(), &["update-index", "--add", "--cacheinfo", &entry]);
    build.git(&build.origin(), &["commit", "-q", "-m", "vendor"]);
    let approved = build.head(&build.origin());
    build.git(&build.origin(), &["commit", "-q", "--allow-empty", "-m", "newer"]);
    let url = format!("file://{}", build.origin().display());
    build.git(&build.path().join("build"), &["clone", "-q", &url, "code"]);
    build.approve(&approved);
}

#[test]
fn name_that_leads_out_of_the_clone_is_refused() {
    for name in ["../../../../outside", "a/../../b", "/outside", "..", "a//b", "-x"] {
        let mut build = Build::new();
        named(&mut build, name);
        let outside = build.path().join("outside");
        build.git(build.path(), &["clone", "-q", "--bare", &build.path().join("lib").display().to_string(), "outside"]);
        build.refuses(&["the submodule at vendor has a name that cannot be used"]);
        assert!(outside.join("config").exists());
    }
}

#[test]
fn two_submodules_with_one_git_directory_are_refused() {
    let mut build = Build::new();
    let lib = build.repository("lib", &[("a", "1\n")]);
    let approved = add(&build, &lib, "vendor");
    let text = fs::read_to_string(build.origin().join(".gitmodules")).unwrap();
    let more =
        text.replace("path = vendor", "path = twin").replace("submodule \"vendor\"", "submodule \"vendor/objects\"");
    build.push(&[(".gitmodules", &(text + &more))]);
    let entry = format!("160000,{},twin", build.head(&lib));
    build.git(&build.origin(), &["update-index", "--add", "--cacheinfo", &entry]);
    build.git(&build.origin(), &["commit", "-q", "-m", "twin"]);
    let twin = build.head(&build.origin());
    // The clone is that of the commit before.
    build.git(&build.origin(), &["branch", "twin"]);
    build.git(&build.origin(), &["reset", "-q", "--hard", &approved]);
    build.clone_code();
    build.git(&build.code(), &["fetch", "-q", "origin", "twin"]);
    build.git(&build.code(), &["update-ref", "--no-deref", "HEAD", &twin]);
    build.approve(&twin);
    build.refuses(&["the submodule twin, which is not in this clone"]);
}

/// A commit whose `.gitmodules` is no file.
fn described_by(entry: impl Fn(&Build) -> String, words: &[&str]) {
    let mut build = Build::new();
    let first = build.push(&[("a", "1\n")]);
    let entry = entry(&build);
    fs::write(build.path().join("entry"), entry + "\t.gitmodules\n").unwrap();
    let entry = fs::File::open(build.path().join("entry")).unwrap();
    let made = build.command(&build.origin()).arg("mktree").stdin(entry).output().unwrap();
    let tree = String::from_utf8(made.stdout).unwrap();
    let approved = build.git(&build.origin(), &["commit-tree", "-p", &first, "-m", "odd", tree.trim()]);
    let newer =
        build.git(&build.origin(), &["commit-tree", "-p", &approved, "-m", "newer", &format!("{first}^{{tree}}")]);
    build.git(&build.origin(), &["reset", "-q", "--hard", &newer]);
    build.clone_code();
    build.approve(&approved);
    build.refuses(words);
}

#[test]
fn description_of_submodules_that_is_no_file_is_refused() {
    described_by(
        |build| format!("040000 tree {}", build.git(&build.origin(), &["rev-parse", "HEAD^{tree}"])),
        &["code: .gitmodules is not a file"],
    );
    described_by(
        |build| format!("120000 blob {}", build.git(&build.origin(), &["rev-parse", "HEAD:a"])),
        &["code: git cannot check out the approved commit"],
    );
}

#[test]
fn description_of_submodules_that_git_cannot_read_is_refused() {
    let mut build = Build::new();
    let approved = build.push(&[(".gitmodules", "[submodule \"a\npath = a\n")]);
    build.git(&build.origin(), &["rm", "-q", ".gitmodules"]);
    build.push(&[("a", "2\n")]);
    build.clone_code();
    build.approve(&approved);
    build.refuses(&["git cannot read .gitmodules"]);
}

#[test]
fn git_directory_of_a_submodule_that_is_a_link_is_refused() {
    let mut build = Build::new();
    let lib = build.repository("lib", &[("a", "1\n")]);
    let approved = add(&build, &lib, "vendor");
    build.push(&[("a", "2\n")]);
    build.clone_code();
    build.approve(&approved);
    let module = build.code().join(".git/modules/vendor");
    let elsewhere = build.path().join("elsewhere");
    fs::rename(&module, &elsewhere).unwrap();
    symlink(&elsewhere, &module).unwrap();
    build.refuses(&["code, submodule vendor", "is not a plain clone"]);
    assert!(elsewhere.join("config").exists());
}
