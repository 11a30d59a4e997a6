//! `simulate`: the stories of the documentation are true, and what is wrong with a scenario has a place and a remedy.

use std::fs;
use std::io::{Read, Write};

use crate::support::{Ran, Work, root};
use crate::waiting::terminal;

/// The quickstart, with a scenario.
fn quickstart(scenario: &str) -> Work {
    let work = Work::copy_of("pipelines/quickstart");
    work.write("scenario.yml", scenario);
    work
}

fn played(steps: &str) -> Ran {
    let scenario = format!("scenario: a test\npipelines: [projects/cart.yml]\nsteps:\n{steps}");
    quickstart(&scenario).run(&["simulate", "scenario.yml"])
}

/// A report of one problem: its rule with its message, the line of the scenario, and the help.
fn problem(ran: &Ran) -> (String, String, String) {
    let line = |start: &str| {
        let found = ran.stderr.lines().find_map(|line| line.trim_start().strip_prefix(start));
        found.unwrap_or_default().to_owned()
    };
    (line("error["), line("--> "), line("= help: "))
}

fn finds(steps: &str, message: &str, place: &str, help: &str) {
    let ran = played(steps).ended(1);
    let (found, at, remedy) = problem(&ran);
    assert_eq!((found.as_str(), at.as_str(), remedy.as_str()), (message, place, help), "{}", ran.stderr);
}

#[test]
fn stories_of_the_documentation_are_true() {
    let mut stories = 0;
    for pattern in ["pipelines/*/stories/*.yml", "docs/stories/*/*.yml"] {
        for path in glob::glob(root().join(pattern).to_str().unwrap()).unwrap().map(Result::unwrap) {
            if !fs::read_to_string(&path).unwrap().contains("\nscenario: ") {
                continue;
            }
            let ran = Work::new().run(&["simulate", path.to_str().unwrap()]);
            assert_eq!(ran.code, 0, "{}: {}{}", path.display(), ran.stdout, ran.stderr);
            assert!(ran.stdout.ends_with(": all true\n"), "{}: {}", path.display(), ran.stdout);
            stories += 1;
        }
    }
    assert!(stories >= 10, "{stories} stories");
}

#[test]
fn a_story_tells_what_is_deployed_where_and_why() {
    let steps = "- commit: shop-cart\n- {close: CI deployed, by: alice}\n- expect: {deployed: {QA: B}}\n";
    let out = played(steps).fine();
    let code = "shop-cart";
    let expected = format!(
        "\
a test

     version A of each resource is there
       Concourse starts deploy-shop-cart-ci #1
       deploy-shop-cart-ci #1 deploys shop-cart CI, with version A of {code}
       deploy-shop-cart-ci #1 opens the issue of `shop-cart/-/CI/deployed`, with version A of {code}
  1  version B of {code} lands
       Concourse starts deploy-shop-cart-ci #2
       deploy-shop-cart-ci #2 deploys shop-cart CI, with version B of {code}
       deploy-shop-cart-ci #2 writes into the issue of `shop-cart/-/CI/deployed`, with version B of {code}
  2  alice closes the issue of `shop-cart/-/CI/deployed`, with version B of {code}
       Concourse starts deploy-shop-cart-qa #1
       deploy-shop-cart-qa #1 gets github-issues-shop-cart-ci-trigger
       deploy-shop-cart-qa #1 claims its approval
       deploy-shop-cart-qa #1 deploys shop-cart QA, with version B of {code}
       deploy-shop-cart-qa #1 opens the issue of `shop-cart/-/QA/deployed`, with version B of {code}
  3  QA runs {code} B, as expected

deployed
  shop-cart CI          {code} B by deploy-shop-cart-ci #2
  shop-cart QA          {code} B by deploy-shop-cart-qa #1, approved by alice in the issue of `shop-cart/-/CI/deployed`
  shop-cart Production  nothing
open
  QA deployed: closing it approves {code} B

1 expectation: all true
"
    );
    assert_eq!(out, expected);
}

#[test]
fn a_story_as_json() {
    let scenario = "scenario: a test\npipelines: [projects/cart.yml]\nsteps:\n- {close: CI deployed, by: alice}\n";
    let out = quickstart(scenario).run(&["simulate", "--format", "json", "scenario.yml"]).fine();
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    let qa = &json["deployed"][1];
    assert_eq!(qa["stage"], "shop-cart QA");
    assert_eq!(qa["versions"][0]["version"], "A");
    assert_eq!(qa["build"], "deploy-shop-cart-qa #1");
    assert_eq!((&qa["approved_by"], &qa["gate"]), (&"alice".into(), &"shop-cart/-/CI/deployed".into()));
    assert_eq!((&json["fine"], &json["steps"][1]["step"]), (&true.into(), &1.into()));
    assert_eq!(json["open"][0]["issue"], "QA deployed");
}

#[test]
fn an_expectation_that_is_not_true_has_its_line() {
    finds(
        "- commit: shop-cart\n- expect: {deployed: {CI: B, QA: B}}\n",
        "false-expectation]: expected B in QA, found nothing",
        "scenario.yml:5:34",
        "",
    );
    finds(
        "- expect: {open: []}\n",
        "false-expectation]: expected no open issue, found the open issue `CI deployed`",
        "scenario.yml:4:18",
        "",
    );
    finds(
        "- expect: {builds: {deploy-shop-cart-ci: [failed]}}\n",
        "false-expectation]: expected the builds of deploy-shop-cart-ci: failed; found: succeeded",
        "scenario.yml:4:42",
        "",
    );
    finds(
        "- expect: {violation: wrong-version}\n",
        "false-expectation]: expected wrong-version, and nothing of the kind happens",
        "scenario.yml:4:23",
        "remove the expectation, if the pipelines are right",
    );
}

#[test]
fn a_step_that_cannot_be_done_has_its_line() {
    finds(
        "- close: QA deployed\n",
        "impossible-step]: this step cannot be done: the issue is not open",
        "scenario.yml:4:10",
        "close one that is open: `CI deployed`",
    );
    finds(
        "- close: CI deploid\n",
        "impossible-step]: no issue of these pipelines is named `CI deploid`",
        "scenario.yml:4:3",
        "did you mean `CI deployed`?",
    );
    finds(
        "- push: shop-cart\n",
        "impossible-step]: `shop-cart` is a git resource",
        "scenario.yml:4:3",
        "write `commit: shop-cart`",
    );
    finds(
        "- rerun: deploy-shop-cart-qa/2\n",
        "impossible-step]: this step cannot be done: the job has no such build",
        "scenario.yml:4:10",
        "",
    );
}

#[test]
fn the_shape_of_a_scenario_is_checked() {
    finds(
        "- {close: CI deployed, start: deploy-shop-cart-qa}\n",
        "impossible-step]: this step does two things: `close` and `start`",
        "scenario.yml:4:3",
        "write one step for each",
    );
    finds(
        "- {by: alice}\n",
        "impossible-step]: this step does nothing",
        "scenario.yml:4:3",
        "write what happens, such as `commit: RESOURCE`, `close: ISSUE` or `expect: {…}`",
    );
    finds(
        "- {commit: shop-cart, by: alice}\n",
        "impossible-step]: `commit` takes no `by`",
        "scenario.yml:4:23",
        "remove it, or use it with `close`, `reopen`, `start`, `rerun`, `pause`, `unpause` or `set`",
    );
    finds(
        "- check: github-issues-shop-cart-ci-trigger\n",
        "impossible-step]: Concourse does `check` by itself here",
        "scenario.yml:4:3",
        "remove the step, or write `automatic: false` at the top of the file",
    );
    finds(
        "- {comit: shop-cart}\n",
        "unknown-field]: unknown field `comit`",
        "scenario.yml:4:4",
        "did you mean `commit`?",
    );
}

#[test]
fn a_scenario_names_its_pipelines() {
    let ran = Work::new().file("scenario.yml", "scenario: a test\nsteps: []\n").run(&["simulate", "scenario.yml"]);
    let (message, ..) = problem(&ran.ended(1));
    assert_eq!(message, "missing-field]: `pipelines` is missing: a scenario names what it is played against");
}

#[test]
fn steps_need_a_terminal() {
    let ran = quickstart("scenario: a\npipelines: [projects/cart.yml]\n").run(&["simulate", "--step", "scenario.yml"]);
    assert_eq!(ran.ended(2).stderr, "error: `--step` waits for Enter, and needs a terminal\n");
}

#[test]
fn on_a_terminal_each_step_waits_for_enter() {
    let work =
        quickstart("scenario: a\npipelines: [projects/cart.yml]\nsteps:\n- commit: shop-cart\n- close: CI deployed\n");
    let (mut master, slave) = terminal();
    let mut command = work.command(&["simulate", "--step", "--color=never", "scenario.yml"]);
    command.stdin(slave.try_clone().unwrap()).stdout(slave.try_clone().unwrap()).stderr(slave);
    let mut child = command.spawn().unwrap();
    // It holds an end of the terminal as well.
    drop(command);
    master.write_all(b"\n\n\n").unwrap();
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    // Linux reports the end as an error.
    while let Ok(read @ 1..) = master.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..read]);
    }
    assert!(child.wait().unwrap().success());
    let seen = String::from_utf8(seen).unwrap();
    // The beginning, and two steps.
    assert_eq!(seen.matches("Enter: next step").count(), 3, "{seen}");
    let at = |text: &str| seen.find(text).unwrap_or_else(|| panic!("{text}: {seen}"));
    assert!(
        at("Enter: next step") < at("  1  version B") && at("  1  version B") < at("  2  a person closes"),
        "{seen}"
    );
}

#[test]
fn a_violation_that_nobody_expects_is_a_problem() {
    let work = Work::copy_of("pipelines/quickstart");
    let rendered = work.read("rendered/cart.yml");
    let trigger = "resource: github-issues-shop-cart-ci-trigger\n    trigger: true\n";
    assert!(rendered.contains(trigger));
    work.write("cart.yml", &rendered.replacen(trigger, "resource: github-issues-shop-cart-ci-trigger\n", 1));
    work.write("scenario.yml", "scenario: a\npipelines: [cart.yml]\nsteps:\n- close: CI deployed\n");
    let ran = work.run(&["simulate", "scenario.yml"]).ended(1);
    let message = "closing-starts-nothing]: closing the issue of `shop-cart/-/CI/deployed` can start nothing";
    assert_eq!(problem(&ran).0, message, "{}", ran.stderr);
}

#[test]
fn a_scenario_is_no_pipeline() {
    let work = quickstart("scenario: a\npipelines: [projects/cart.yml]\n");
    let ran = work.run(&["verify", "scenario.yml"]).ended(2);
    assert_eq!(ran.stderr, "error: `scenario.yml` is a scenario: name a fleet, a manifest or a pipeline\n");
}
