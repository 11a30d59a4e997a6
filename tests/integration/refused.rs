//! What Concourse would refuse a rendered pipeline for, told by `validate` of the manifest.

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{Ran, SHOP_FLEET, Work};

/// A kind of one's own, whose task is whatever a test says.
fn kind(task: &str) -> String {
    "version: 1\ntitle: Own\nabout: a kind of one's own\noptions:\n  type: object\n  additionalProperties: false\n  examples: [{path: a}]\n  properties:\n    path: {type: string, description: Where it is., examples: [a]}\ntarget: \"{{ project }}/{{ stack }}\"\nsteps:\n- ".to_owned() + task + "\n"
}

const TASK: &str = "{task: deploy, config: {platform: linux, image_resource: {type: registry-image, source: {repository: a}}, run: {path: sh}}}";

fn shop(task: &str, more: &str) -> Work {
    Work::new()
        .file("pipegen.yml", SHOP_FLEET)
        .file("kinds/stacks/own.yml", &kind(task))
        .file("projects/cart.yml", &format!("project: cart\nstack: {{own: {{path: a}}}}\n{more}"))
}

fn of_version(version: &str) -> String {
    SHOP_FLEET.replace("team: shop", &format!("team: shop, version: \"{version}\""))
}

fn rules(ran: &Ran) -> Vec<String> {
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    let problems = report["diagnostics"].as_array().unwrap();
    problems.iter().map(|problem| problem["rule"].as_str().unwrap().to_owned()).collect()
}

const LOOP: &str = "\
extra:
  resources: [{name: nightly, type: time, source: {interval: 24h}}]
  jobs:
  - {name: a, plan: [{get: nightly, passed: [b]}]}
  - {name: b, plan: [{get: nightly, passed: [a]}]}
";

/// Of the stage, or of `extra`, that brings it about, and once where several jobs have it alike.
#[test]
fn what_concourse_refuses_is_reported_of_the_manifest() {
    let ran = shop("{task: deploy, file: a/b.yml, attempts: 0}", "").run(&["validate"]).ended(1);
    assert_snapshot!(ran.stderr, @"
    error[nonpositive-limit]: fewer than one attempt, in the job `deploy-cart-qa` of the pipeline `cart`
      --> kinds/stacks/own.yml:12:43
       |
    12 | - {task: deploy, file: a/b.yml, attempts: 0}
       |                                           ^
       |
       = note: line 66 of rendered/cart.yml, as Concourse 8.3 reads it
       = note: and in one more place
       = help: write 1 or more, or remove `attempts`

    error: 1 error in 1 file
    ");
    let ran = shop(TASK, LOOP).run(&["validate"]).ended(1);
    assert_snapshot!(ran.stderr, @"
    error[job-cycle]: jobs wait for one another: `a` → `b` → `a`, in the job `a` of the pipeline `cart`
     --> projects/cart.yml:6:12
      |
    6 |   - {name: a, plan: [{get: nightly, passed: [b]}]}
      |            ^
      |
      = note: line 153 of rendered/cart.yml, as Concourse 8.3 reads it
      = help: remove one of the `passed`

    error: 1 error in 1 file
    ");
}

/// A step whose fields are not known is refused where it is written, and so is one of a resource that is not there.
#[test]
fn steps_of_a_kind_are_concourses() {
    for (task, rule) in [
        ("{task: deploy, hermetic: true, file: a/b.yml}", "kind-result"),
        ("{task: deploy, file: a/b.yml, colour: red}", "kind-result"),
        ("{get: nothing}", "kind-result"),
        ("{in_parallel: {limit: 2, steps: [{try: {task: a, file: a/b.yml, attempts: 0}}]}}", "nonpositive-limit"),
    ] {
        let ran = shop(task, "").run(&["validate", "--format", "json"]).ended(1);
        assert_eq!(rules(&ran), [rule], "{task}");
    }
}

#[test]
fn rules_are_those_of_the_version_that_the_fleet_says() {
    let source = "extra: {var_sources: [{name: v, type: idtoken, config: {}}]}\n";
    let codes = |version: Option<&str>, flags: &[&str]| {
        let work = shop(TASK, source);
        if let Some(version) = version {
            work.write("pipegen.yml", &of_version(version));
        }
        work.run(&[&["validate"], flags].concat()).code
    };
    assert_eq!(codes(Some("7.14.2"), &[]), 1);
    assert_eq!(codes(Some("8.0"), &[]), 0);
    assert_eq!(codes(Some("9.1"), &[]), 0, "one that is not known yet has the rules of the newest");
    assert_eq!(codes(None, &[]), 0);
    assert_eq!(codes(None, &["--concourse", "7.14"]), 1);
    assert_eq!(codes(Some("7.14"), &["--concourse", "8.3"]), 0);
}

#[test]
fn what_only_strict_refuses_is_a_warning() {
    let work = shop(&TASK.replace("task: deploy", "task: deploy, image: cart"), "");
    let ran = work.run(&["validate", "--format", "json"]);
    assert_eq!((ran.code, rules(&ran)), (0, vec!["overridden-image".to_owned()]));
    assert_eq!(work.run(&["validate", "--strict"]).code, 1);
    let allowed = work.run(&["validate", "--strict", "--allow", "overridden-image"]);
    assert_eq!(allowed.code, 0, "{}", allowed.stderr);
}

/// It would cost each `render` as much again.
#[test]
fn render_does_not_ask() {
    shop("{task: deploy, file: a/b.yml, attempts: 0}", "").run(&["render"]).ended(0);
}
