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
    assert_eq!(ran.code, if code == 0 { 4 } else { code }, "{}", ran.stderr);
    assert_eq!(code == 0, ran.stderr.contains("error: out of date"), "{}", ran.stderr);
    ran.stderr.replace("\nerror: out of date: 1 file; run `ol-pipegen render`", "")
}
