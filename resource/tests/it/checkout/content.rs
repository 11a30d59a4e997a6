//! Files whose content is elsewhere: LFS and git-crypt.

use ring::digest::{SHA256, digest};

use super::*;

const ATTRIBUTES: &str = "*.bin filter=lfs diff=lfs merge=lfs -text\n";

fn oid(content: &str) -> String {
    digest(&SHA256, content.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn pointer(content: &str) -> String {
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n", oid(content), content.len())
}

/// Puts a file where git-lfs keeps those that it fetched.
fn keep(git: &Path, oid: &str, content: &str) {
    let folder = git.join("lfs/objects").join(&oid[..2]).join(&oid[2..4]);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(oid), content).unwrap();
}

/// An approved commit with an LFS file, and a newer one.
fn with_lfs() -> Build {
    let mut build = Build::new();
    let approved = build.push(&[
        (".gitattributes", ATTRIBUTES),
        ("sub dir/a.bin", &pointer("content\n")),
        ("run.bin", &pointer("#!/bin/sh\n")),
        ("plain.bin", "committed as it is\n"),
        ("empty.bin", ""),
    ]);
    build.push(&[("sub dir/a.bin", &pointer("UNAPPROVED\n"))]);
    build.clone_code();
    build.approve(&approved);
    build
}

#[test]
fn lfs_files_of_the_clone_are_content() {
    let build = with_lfs();
    let git = build.code().join(".git");
    keep(&git, &oid("content\n"), "content\n");
    keep(&git, &oid("#!/bin/sh\n"), "#!/bin/sh\n");
    let mut expected = build.fresh();
    expected.insert("sub dir/a.bin".into(), file("content\n"));
    expected.insert("run.bin".into(), file("#!/bin/sh\n"));
    build.deploys_tree(&expected);
}

#[test]
fn lfs_files_that_the_clone_lacks_are_refused() {
    let build = with_lfs();
    build.refuses(&["code: LFS files of the approved commit are not in this clone: run.bin sub dir/a.bin"]);
    keep(&build.code().join(".git"), &oid("#!/bin/sh\n"), "#!/bin/sh\n");
    build.refuses(&["code: LFS files of the approved commit are not in this clone: sub dir/a.bin"]);
}

#[test]
fn lfs_file_that_is_not_what_its_pointer_says_is_refused() {
    let build = with_lfs();
    let git = build.code().join(".git");
    keep(&git, &oid("content\n"), "UNAPPROVED\n");
    keep(&git, &oid("#!/bin/sh\n"), "#!/bin/sh\n");
    build.refuses(&["code: LFS files of the approved commit are not in this clone: sub dir/a.bin"]);
}

#[test]
fn git_lfs_of_the_image_is_not_asked() {
    let mut build = with_lfs();
    let trap = build.trap();
    let home = build.path().join("home/.gitconfig");
    let config = fs::read_to_string(&home).unwrap();
    fs::write(&home, format!("{config}[filter \"lfs\"]\nsmudge = {0}\nprocess = {0}\n", trap.display())).unwrap();
    build.set("FETCH", "yes");
    build.refuses(&["LFS files of the approved commit are not in this clone"]);
}

#[test]
fn many_lfs_files_that_the_clone_lacks_are_counted() {
    let mut build = Build::new();
    let names: Vec<String> = (0..200).map(|n| format!("file-{n:03}.bin")).collect();
    let text = pointer("x");
    let mut files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), text.as_str())).collect();
    files.push((".gitattributes", ATTRIBUTES));
    let approved = build.push(&files);
    build.push(&[("a", "2\n")]);
    build.clone_code();
    build.approve(&approved);
    build.refuses(&["file-000.bin file-001.bin", "and 161 more"]);
}

#[test]
fn pointer_that_nobody_can_follow_is_refused() {
    for text in [
        "version https://git-lfs.github.com/spec/v1\noid sha256:../../x\nsize 1\n".to_owned(),
        "version https://git-lfs.github.com/spec/v1\n".to_owned(),
        pointer("content\n").replace("oid", "ext-0-evil sha256:00\noid"),
    ] {
        let mut build = Build::new();
        let approved = build.push(&[(".gitattributes", ATTRIBUTES), ("a.bin", &text)]);
        build.push(&[("a", "2\n")]);
        build.clone_code();
        keep(&build.code().join(".git"), &oid("content\n"), "content\n");
        build.approve(&approved);
        build.refuses(&["LFS files of the approved commit are not in this clone: a.bin"]);
    }
}

#[test]
fn lfs_files_of_a_submodule_are_content_too() {
    let mut build = Build::new();
    let lib = build.repository("lib", &[(".gitattributes", ATTRIBUTES), ("a.bin", &pointer("content\n"))]);
    build.git(&build.origin(), &["submodule", "--quiet", "add", &lib.display().to_string(), "vendor"]);
    let approved = build.commit(&build.origin(), "a submodule");
    build.push(&[("a", "2\n")]);
    build.clone_code();
    build.approve(&approved);
    build.refuses(&["code, submodule vendor: LFS files of the approved commit are not in this clone: a.bin"]);
    keep(&build.code().join(".git/modules/vendor"), &oid("content\n"), "content\n");
    let mut expected = build.fresh();
    expected.insert("vendor/a.bin".into(), file("content\n"));
    build.deploys_tree(&expected);
}

#[test]
fn files_of_git_crypt_are_refused() {
    let mut build = Build::new();
    let approved = build.push(&[(".gitattributes", "secret filter=git-crypt\n"), ("secret", "\u{0}GITCRYPT\u{0}x")]);
    build.push(&[("a", "2\n")]);
    build.clone_code();
    build.approve(&approved);
    build.refuses(&["code: secret is encrypted by git-crypt, and this step has no key"]);
}
