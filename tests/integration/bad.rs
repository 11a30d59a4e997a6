//! What is wrong is said with its place, and what to do: the whole report, rule by rule.

mod files;
mod formats;
mod gates;
mod kinds;
mod names;
mod once;
mod pipelines;
mod rendered;
mod shape;
mod stages;
mod templates;

use ol_pipegen::diagnostic::Rule;

use crate::support::Work;

const FLEET: &str = "\
version: 1
concourses: {main: {target: main}, edge: {target: edge}}
defaults:
  environments: [CI, QA, Production]
  source: {repository: https://github.com/example/shop}
  issues: {repository: example/deployments, auth: {token: ((github.token))}}
";

/// The report on a manifest of a small fleet. It must be an error unless only warnings are said to come.
#[track_caller]
fn report(manifest: &str) -> String {
    of(&Work::new().file("pipegen.yml", FLEET).file("projects/a.yml", manifest), 1)
}

#[track_caller]
fn warning(manifest: &str) -> String {
    of(&Work::new().file("pipegen.yml", FLEET).file("projects/a.yml", manifest), 0)
}

#[track_caller]
fn of(work: &Work, code: i32) -> String {
    let ran = work.run(&["render", "--check"]);
    // With --check a manifest that is fine is out of date: nothing was rendered before.
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_eq!(code == 0, ran.stderr.contains("error: out of date"), "{}", ran.stderr);
    ran.stderr.replace("\nerror: out of date: 1 file; run `ol-pipegen render`", "")
}

#[test]
fn every_rule_is_shown_here() {
    let cases = concat!(
        include_str!("bad/files.rs"),
        include_str!("bad/formats.rs"),
        include_str!("bad/gates.rs"),
        include_str!("bad/kinds.rs"),
        include_str!("bad/names.rs"),
        include_str!("bad/pipelines.rs"),
        include_str!("bad/shape.rs"),
        include_str!("bad/stages.rs"),
        include_str!("bad/templates.rs"),
        include_str!("extra.rs"),
        include_str!("files.rs"),
        include_str!("gates.rs"),
        include_str!("words.rs"),
        include_str!("../fixtures/import/every-commit.txt"),
        include_str!("../fixtures/import/periodic.txt"),
        include_str!("../fixtures/import/tested-and-smoked.txt"),
    );
    // What has a page fails and passes there.
    let without_page = Rule::ALL.iter().filter(|rule| rule.page().is_none());
    let missing: Vec<&str> =
        without_page.map(|rule| rule.name()).filter(|name| !cases.contains(&format!("[{name}]"))).collect();
    assert_eq!(missing, Vec::<&str>::new());
}
