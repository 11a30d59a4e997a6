//! Attributes, which shape what a checkout writes.

use super::*;

/// A clone whose attributes of some other place would give every file CRs.
fn shaped(place: impl Fn(&Build)) {
    let mut build = Build::new();
    build.two_commits();
    place(&build);
    build.deploys();
}

#[test]
fn attributes_of_the_newer_commit_shape_nothing() {
    let mut build = Build::new();
    let approved = build.push(&[("deploy.sh", "x=1\necho approved\n")]);
    build.push(&[(".gitattributes", "*.sh text eol=crlf\n")]);
    build.clone_code();
    fs::remove_file(build.code().join("deploy.sh")).unwrap();
    build.git(&build.code(), &["checkout", "-q", "deploy.sh"]);
    assert!(fs::read_to_string(build.code().join("deploy.sh")).unwrap().contains('\r'));
    build.approve(&approved);
    build.deploys();
}

#[test]
fn attributes_of_the_approved_commit_shape_as_in_a_fresh_clone() {
    let mut build = Build::new();
    let attributes = "*.bat text eol=crlf\n*.id ident\n*.u16 text working-tree-encoding=UTF-16LE\n";
    let approved = build.push(&[
        (".gitattributes", attributes),
        ("run.bat", "echo\nhello\n"),
        ("a.id", "$Id$\n"),
        ("sub/.gitattributes", "*.bat text eol=lf\n"),
        ("sub/run.bat", "echo\n"),
    ]);
    build.git(&build.origin(), &["rm", "-q", ".gitattributes", "sub/.gitattributes"]);
    build.push(&[("run.bat", "UNAPPROVED\n")]);
    build.clone_code();
    build.approve(&approved);
    assert_eq!(build.fresh()[Path::new("run.bat")], file("echo\r\nhello\r\n"));
    fs::remove_dir_all(build.path().join("fresh")).unwrap();
    build.deploys();
}

#[test]
fn attributes_of_the_git_directory_shape_nothing() {
    shaped(|build| fs::write(build.code().join(".git/info/attributes"), "* text eol=crlf\n").unwrap());
}

#[test]
fn attributes_that_the_configuration_names_shape_nothing() {
    shaped(|build| {
        let attributes = build.path().join("attributes");
        fs::write(&attributes, "* text eol=crlf\n").unwrap();
        configure(&build.code().join(".git"), &format!("[core]\nattributesFile = {}\n", attributes.display()));
    });
}

#[test]
fn line_ends_of_the_configuration_shape_nothing() {
    shaped(|build| configure(&build.code().join(".git"), "[core]\nautocrlf = true\neol = crlf\n"));
}

#[test]
fn filters_of_the_configuration_run_nothing() {
    let mut build = Build::new();
    let approved = build.push(&[(".gitattributes", "*.sh filter=evil\n"), ("deploy.sh", "echo approved\n")]);
    build.push(&[("deploy.sh", "UNAPPROVED\n")]);
    build.clone_code();
    build.approve(&approved);
    let trap = build.trap();
    configure(
        &build.code().join(".git"),
        &format!("[filter \"evil\"]\nsmudge = {0}\nclean = {0}\nprocess = {0}\nrequired = true\n", trap.display()),
    );
    build.deploys_tree(&Tree::from([
        (".gitattributes".into(), file("*.sh filter=evil\n")),
        ("deploy.sh".into(), file("echo approved\n")),
    ]));
}

#[test]
fn configuration_of_the_image_shapes_nothing() {
    let mut build = Build::new();
    build.two_commits();
    let expected = build.fresh();
    let home = build.path().join("home");
    let trap = build.trap();
    let config = fs::read_to_string(home.join(".gitconfig")).unwrap();
    fs::create_dir_all(home.join(".config/git")).unwrap();
    fs::write(home.join(".config/git/attributes"), "* text eol=crlf\n").unwrap();
    fs::write(home.join(".gitconfig"), format!("{config}[core]\nautocrlf = true\nfsmonitor = {}\n", trap.display()))
        .unwrap();
    for shell in shells() {
        let ran = build.run(shell);
        assert_eq!((ran.code, tree(&ran.code_folder)), (Some(0), expected.clone()), "{}", ran.text);
    }
}
