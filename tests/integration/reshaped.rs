//! A manifest that changes shape: its gates promote to other stages, and `diff` and `set` say so before anything is set.

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::Work;

const FLEET: &str = "\
version: 1
concourses: {main: {target: main, team: shop}}
defaults:
  source: {repository: https://github.com/example/shop}
  issues: {repository: example/deployments, auth: {token: ((github.token))}}
";

/// Three environments, one after the other, each behind the gate of the environment before.
const BEFORE: &str = "\
project: shop
environments: [CI, QA, Production]
stack: {script: {image: alpine, tag: '3', deploy: ./deploy, preview: ./preview}}
";

fn rendered(manifest: &str) -> Work {
    let work = Work::new().file("pipegen.yml", FLEET).file("projects/shop.yml", manifest);
    work.run(&["render", "--quiet"]).fine();
    work
}

/// The stages that the gates of a manifest promote to, one a line.
fn promotions(manifest: &str) -> String {
    let pipeline: Value = serde_saphyr::from_str(&rendered(manifest).read("rendered/shop.yml")).unwrap();
    let mut lines: Vec<String> = Vec::new();
    for resource in pipeline["resources"].as_array().unwrap() {
        let source = &resource["source"];
        if let Some(gate) = source["gate"].as_str() {
            lines.push(format!("{gate} -> {}\n", source["destination"].as_str().unwrap_or("no stage")));
        }
    }
    lines.sort();
    lines.dedup();
    lines.concat()
}

/// What `diff` reports when a manifest takes the place of another.
fn diff(before: &str, after: &str) -> String {
    let work = rendered(before);
    std::fs::copy(work.path().join("rendered/shop.yml"), work.path().join("old.yml")).unwrap();
    work.write("projects/shop.yml", after);
    work.run(&["render", "--quiet"]).fine();
    let ran = work.run(&["diff", "old.yml", "rendered/shop.yml"]);
    assert_eq!(ran.stderr, "");
    ran.stdout
}

/// What `diff` says of the gates when a manifest takes the place of another.
fn gates(before: &str, after: &str) -> String {
    let words = diff(before, after);
    let mut heading = "";
    let mut kept = String::new();
    for line in words.lines() {
        if !line.starts_with(' ') {
            heading = line;
        } else if heading.starts_with("GATES") || line.starts_with("  gate ") || line.contains("estination") {
            kept.push_str(&format!("{heading}:{}\n", &line[1..]));
        }
    }
    kept
}

fn to(environments: &str) -> String {
    BEFORE.replace("[CI, QA, Production]", environments)
}

#[test]
fn each_gate_names_the_stage_that_it_promotes_to() {
    assert_snapshot!(promotions(BEFORE), @"
    shop/-/CI/deployed -> shop/-/QA/deploy
    shop/-/Production/deployed -> no stage
    shop/-/QA/deployed -> shop/-/Production/deploy
    ");
}

#[test]
fn environment_that_is_taken_out() {
    assert_snapshot!(promotions(&to("[CI, Production]")), @"
    shop/-/CI/deployed -> shop/-/Production/deploy
    shop/-/Production/deployed -> no stage
    ");
    assert_snapshot!(gates(BEFORE, &to("[CI, Production]")), @"
    GATES GET WEAKER: job deploy-shop-production: no longer comes after `deploy-shop-qa`, which is gone (1 approval fewer); it waits for the issue `shop/-/CI/deployed` in example/deployments, no longer for `shop/-/QA/deployed` in example/deployments
    GATES PROMOTE TO ANOTHER STAGE: gate shop/-/CI/deployed in example/deployments: promoted to `shop/-/QA/deploy`, and promotes to `shop/-/Production/deploy` now: open issues for `shop/-/QA/deploy` lead nowhere (the next record closes them and opens a new one), and unused approvals for `shop/-/QA/deploy` are void
    GATES PROMOTE TO ANOTHER STAGE: gate shop/-/QA/deployed in example/deployments: promoted to `shop/-/Production/deploy`, and is gone: open issues for `shop/-/Production/deploy` lead nowhere (close them as not planned), and unused approvals for `shop/-/Production/deploy` are void
    ");
}

#[test]
fn environment_that_is_inserted() {
    assert_snapshot!(promotions(&to("[CI, QA, Staging, Production]")), @"
    shop/-/CI/deployed -> shop/-/QA/deploy
    shop/-/Production/deployed -> no stage
    shop/-/QA/deployed -> shop/-/Staging/deploy
    shop/-/Staging/deployed -> shop/-/Production/deploy
    ");
    assert_snapshot!(gates(BEFORE, &to("[CI, QA, Staging, Production]")), @"GATES PROMOTE TO ANOTHER STAGE: gate shop/-/QA/deployed in example/deployments: promoted to `shop/-/Production/deploy`, and promotes to `shop/-/Staging/deploy` now: open issues for `shop/-/Production/deploy` lead nowhere (the next record closes them and opens a new one), and unused approvals for `shop/-/Production/deploy` are void");
}

#[test]
fn environment_that_is_added_at_the_end() {
    assert_snapshot!(gates(BEFORE, &to("[CI, QA, Production, Mirror]")), @"GATES PROMOTE TO ANOTHER STAGE: gate shop/-/Production/deployed in example/deployments: promoted to no stage, and promotes to `shop/-/Mirror/deploy` now: open issues lead nowhere (the next record closes them and opens a new one)");
}

#[test]
fn environments_in_another_order() {
    assert_snapshot!(promotions(&to("[QA, CI, Production]")), @"
    shop/-/CI/deployed -> shop/-/Production/deploy
    shop/-/Production/deployed -> no stage
    shop/-/QA/deployed -> shop/-/CI/deploy
    ");
    assert_snapshot!(gates(BEFORE, &to("[QA, CI, Production]")), @"
    GATES GET WEAKER: job deploy-shop-qa: no longer waits for an approval (the issue `shop/-/CI/deployed` in example/deployments), and comes before `deploy-shop-ci`, no longer after it: new versions of `shop-shop` start it
    GATES PROMOTE TO ANOTHER STAGE: gate shop/-/CI/deployed in example/deployments: promoted to `shop/-/QA/deploy`, and promotes to `shop/-/Production/deploy` now: open issues for `shop/-/QA/deploy` lead nowhere (the next record closes them and opens a new one), and unused approvals for `shop/-/QA/deploy` are void
    GATES PROMOTE TO ANOTHER STAGE: gate shop/-/QA/deployed in example/deployments: promoted to `shop/-/Production/deploy`, and promotes to `shop/-/CI/deploy` now: open issues for `shop/-/Production/deploy` lead nowhere (the next record closes them and opens a new one), and unused approvals for `shop/-/Production/deploy` are void
    ");
}

#[test]
fn environment_with_another_name() {
    let renamed = to("[CI, Staging, Production]");
    assert_snapshot!(promotions(&renamed), @"
    shop/-/CI/deployed -> shop/-/Staging/deploy
    shop/-/Production/deployed -> no stage
    shop/-/Staging/deployed -> shop/-/Production/deploy
    ");
    assert_snapshot!(gates(BEFORE, &renamed), @"
    GATES PROMOTE TO ANOTHER STAGE: job deploy-shop-production: comes after `deploy-shop-staging`, which is new, and no longer comes after `deploy-shop-qa`, which is gone; it waits for the issue `shop/-/Staging/deployed` in example/deployments, no longer for `shop/-/QA/deployed` in example/deployments
    GATES PROMOTE TO ANOTHER STAGE: gate shop/-/CI/deployed in example/deployments: promoted to `shop/-/QA/deploy`, and promotes to `shop/-/Staging/deploy` now: open issues for `shop/-/QA/deploy` lead nowhere (the next record closes them and opens a new one), and unused approvals for `shop/-/QA/deploy` are void
    GATES PROMOTE TO ANOTHER STAGE: gate shop/-/QA/deployed in example/deployments: promoted to `shop/-/Production/deploy`, and is gone: open issues for `shop/-/Production/deploy` lead nowhere (close them as not planned), and unused approvals for `shop/-/Production/deploy` are void; a stage that only has another name keeps its issues by `issues.formerly`
    ");
}

#[test]
fn former_name_keeps_what_was_approved() {
    let renamed = to("[CI, Staging, Production]") + "overrides: {Staging: {issues: {formerly: [shop/QA]}}}\n";
    assert_snapshot!(gates(BEFORE, &renamed), @"
    renamed: gate shop/-/CI/deployed in example/deployments: promotes to `shop/-/Staging/deploy`, which was `shop/-/QA/deploy`
    renamed: gate shop/-/Staging/deployed in example/deployments: was `shop/-/QA/deployed`, and keeps its issues and approvals
    ");
    let project = BEFORE.replace("project: shop", "project: store");
    let project = project + "issues: {formerly: ['shop/{{ environment }}']}\n";
    assert_snapshot!(gates(BEFORE, &project), @"
    renamed: gate store/-/CI/deployed in example/deployments: was `shop/-/CI/deployed`, and keeps its issues and approvals; it promotes to `store/-/QA/deploy`, which was `shop/-/QA/deploy`
    renamed: gate store/-/Production/deployed in example/deployments: was `shop/-/Production/deployed`, and keeps its issues and approvals
    renamed: gate store/-/QA/deployed in example/deployments: was `shop/-/QA/deployed`, and keeps its issues and approvals; it promotes to `store/-/Production/deploy`, which was `shop/-/Production/deploy`
    ");
}

#[test]
fn project_with_another_name() {
    assert_snapshot!(gates(BEFORE, &BEFORE.replace("project: shop", "project: store")), @"
    GATES PROMOTE TO ANOTHER STAGE: gate shop/-/CI/deployed in example/deployments: promoted to `shop/-/QA/deploy`, and is gone: open issues for `shop/-/QA/deploy` lead nowhere (close them as not planned), and unused approvals for `shop/-/QA/deploy` are void; a stage that only has another name keeps its issues by `issues.formerly`
    GATES PROMOTE TO ANOTHER STAGE: gate shop/-/QA/deployed in example/deployments: promoted to `shop/-/Production/deploy`, and is gone: open issues for `shop/-/Production/deploy` lead nowhere (close them as not planned), and unused approvals for `shop/-/Production/deploy` are void; a stage that only has another name keeps its issues by `issues.formerly`
    new: gate store/-/CI/deployed in example/deployments: is new, and promotes to `store/-/QA/deploy`
    new: gate store/-/Production/deployed in example/deployments: is new, and promotes to no stage
    new: gate store/-/QA/deployed in example/deployments: is new, and promotes to `store/-/Production/deploy`
    gone: gate shop/-/Production/deployed in example/deployments: is gone: it promoted to no stage
    ");
}

#[test]
fn environment_that_is_skipped() {
    let grouped = BEFORE.to_owned() + "groups: [orders, users]\n";
    let skipped = grouped.clone() + "skip: [users.QA]\n";
    assert_snapshot!(promotions(&skipped), @"
    shop/orders/CI/deployed -> shop/orders/QA/deploy
    shop/orders/Production/deployed -> no stage
    shop/orders/QA/deployed -> shop/orders/Production/deploy
    shop/users/CI/deployed -> shop/users/Production/deploy
    shop/users/Production/deployed -> no stage
    ");
    assert_snapshot!(gates(&grouped, &skipped), @"
    GATES GET WEAKER: job deploy-shop-users.production: no longer comes after `deploy-shop-users.qa`, which is gone (1 approval fewer); it waits for the issue `shop/users/CI/deployed` in example/deployments, no longer for `shop/users/QA/deployed` in example/deployments
    GATES PROMOTE TO ANOTHER STAGE: gate shop/users/CI/deployed in example/deployments: promoted to `shop/users/QA/deploy`, and promotes to `shop/users/Production/deploy` now: open issues for `shop/users/QA/deploy` lead nowhere (the next record closes them and opens a new one), and unused approvals for `shop/users/QA/deploy` are void
    GATES PROMOTE TO ANOTHER STAGE: gate shop/users/QA/deployed in example/deployments: promoted to `shop/users/Production/deploy`, and is gone: open issues for `shop/users/Production/deploy` lead nowhere (close them as not planned), and unused approvals for `shop/users/Production/deploy` are void
    ");
}

#[test]
fn stage_behind_another_gate() {
    let behind = |gate: &str| format!("{BEFORE}overrides: {{QA: {{gate: {gate}}}}}\n");
    assert_snapshot!(promotions(&behind("preview")), @"
    shop/-/CI/deployed -> no stage
    shop/-/Production/deployed -> no stage
    shop/-/QA/deployed -> shop/-/Production/deploy
    shop/-/QA/ready -> shop/-/QA/deploy
    ");
    assert_snapshot!(gates(BEFORE, &behind("preview")), @"GATES PROMOTE TO ANOTHER STAGE: gate shop/-/CI/deployed in example/deployments: promoted to `shop/-/QA/deploy`, and promotes to no stage now: open issues for `shop/-/QA/deploy` lead nowhere (the next record closes them and opens a new one), and unused approvals for `shop/-/QA/deploy` are void");
    assert_snapshot!(gates(&behind("preview"), BEFORE), @"
    GATES GET WEAKER: job deploy-shop-qa: no longer comes after `preview-shop-qa`, which is gone (1 preview fewer); it waits for the issue `shop/-/CI/deployed` in example/deployments, no longer for `shop/-/QA/ready` in example/deployments
    GATES PROMOTE TO ANOTHER STAGE: gate shop/-/CI/deployed in example/deployments: promoted to no stage, and promotes to `shop/-/QA/deploy` now: open issues lead nowhere (the next record closes them and opens a new one)
    GATES PROMOTE TO ANOTHER STAGE: gate shop/-/QA/ready in example/deployments: promoted to `shop/-/QA/deploy`, and is gone: open issues for `shop/-/QA/deploy` lead nowhere (close them as not planned), and unused approvals for `shop/-/QA/deploy` are void
    ");
    assert_snapshot!(promotions(&behind("none")), @"
    shop/-/Production/deployed -> no stage
    shop/-/QA/deployed -> shop/-/Production/deploy
    ");
    assert_snapshot!(gates(BEFORE, &behind("none")), @"
    GATES GET WEAKER: job deploy-shop-qa: no longer waits for an approval (the issue `shop/-/CI/deployed` in example/deployments): it runs by itself after `deploy-shop-ci`, with the same versions
    GATES PROMOTE TO ANOTHER STAGE: gate shop/-/CI/deployed in example/deployments: promoted to `shop/-/QA/deploy`, and is gone: open issues for `shop/-/QA/deploy` lead nowhere (close them as not planned), and unused approvals for `shop/-/QA/deploy` are void
    ");
    assert_snapshot!(gates(BEFORE, &behind("manual")), @"
    GATES GET WEAKER: job deploy-shop-qa: no longer waits for an approval (the issue `shop/-/CI/deployed` in example/deployments): somebody starts it by hand
    GATES PROMOTE TO ANOTHER STAGE: gate shop/-/CI/deployed in example/deployments: promoted to `shop/-/QA/deploy`, and is gone: open issues for `shop/-/QA/deploy` lead nowhere (close them as not planned), and unused approvals for `shop/-/QA/deploy` are void
    ");
}

#[test]
fn issues_in_another_repository() {
    let moved = BEFORE.to_owned() + "issues: {repository: example/promotions}\n";
    assert_snapshot!(gates(BEFORE, &moved), @"
    GATES PROMOTE TO ANOTHER STAGE: gate shop/-/CI/deployed in example/deployments: moves to the repository `example/promotions`: open issues in `example/deployments` lead nowhere (close them as not planned), and unused approvals there are void, unless GitHub renamed the repository
    GATES PROMOTE TO ANOTHER STAGE: gate shop/-/Production/deployed in example/deployments: moves to the repository `example/promotions`: open issues in `example/deployments` lead nowhere (close them as not planned), and unused approvals there are void, unless GitHub renamed the repository
    GATES PROMOTE TO ANOTHER STAGE: gate shop/-/QA/deployed in example/deployments: moves to the repository `example/promotions`: open issues in `example/deployments` lead nowhere (close them as not planned), and unused approvals there are void, unless GitHub renamed the repository
    ");
    // GitHub takes both for one repository.
    let same = BEFORE.to_owned() + "issues: {repository: Example/Deployments}\n";
    assert_snapshot!(gates(BEFORE, &same), @"");
}

#[test]
fn each_change_of_shape_is_reported_once() {
    // A gate that is gone.
    let overridden = |gate: &str| format!("{BEFORE}overrides: {{Production: {{gate: {gate}}}}}\n");
    assert_snapshot!(diff(BEFORE, &overridden("none")), @"
    GATES GET WEAKER
      job deploy-shop-production: no longer waits for an approval (the issue `shop/-/QA/deployed` in example/deployments): it runs by itself after `deploy-shop-qa`, with the same versions
    GATES PROMOTE TO ANOTHER STAGE
      gate shop/-/QA/deployed in example/deployments: promoted to `shop/-/Production/deploy`, and is gone: open issues for `shop/-/Production/deploy` lead nowhere (close them as not planned), and unused approvals for `shop/-/Production/deploy` are void
    ");
    // An environment that is taken out, and one that is inserted.
    assert_snapshot!(diff(BEFORE, &to("[CI, Production]")), @"
    GATES GET WEAKER
      job deploy-shop-production: no longer comes after `deploy-shop-qa`, which is gone (1 approval fewer); it waits for the issue `shop/-/CI/deployed` in example/deployments, no longer for `shop/-/QA/deployed` in example/deployments
    GATES PROMOTE TO ANOTHER STAGE
      gate shop/-/CI/deployed in example/deployments: promoted to `shop/-/QA/deploy`, and promotes to `shop/-/Production/deploy` now: open issues for `shop/-/QA/deploy` lead nowhere (the next record closes them and opens a new one), and unused approvals for `shop/-/QA/deploy` are void
      gate shop/-/QA/deployed in example/deployments: promoted to `shop/-/Production/deploy`, and is gone: open issues for `shop/-/Production/deploy` lead nowhere (close them as not planned), and unused approvals for `shop/-/Production/deploy` are void
    version histories start anew
      resource github-issues-shop-ci-trigger: this source changes: its version history starts anew
    gone
      job deploy-shop-qa: is gone
    ");
    assert_snapshot!(diff(BEFORE, &to("[QA, Production]")), @"
    GATES GET WEAKER
      job deploy-shop-qa: no longer waits for an approval (the issue `shop/-/CI/deployed` in example/deployments), and no longer comes after `deploy-shop-ci`, which is gone: new versions of `shop-shop` start it
    GATES PROMOTE TO ANOTHER STAGE
      gate shop/-/CI/deployed in example/deployments: promoted to `shop/-/QA/deploy`, and is gone: open issues for `shop/-/QA/deploy` lead nowhere (close them as not planned), and unused approvals for `shop/-/QA/deploy` are void
    gone
      job deploy-shop-ci: is gone
    ");
    assert_snapshot!(diff(BEFORE, &to("[CI, QA, Staging, Production]")), @"
    GATES PROMOTE TO ANOTHER STAGE
      gate shop/-/QA/deployed in example/deployments: promoted to `shop/-/Production/deploy`, and promotes to `shop/-/Staging/deploy` now: open issues for `shop/-/Production/deploy` lead nowhere (the next record closes them and opens a new one), and unused approvals for `shop/-/Production/deploy` are void
    version histories start anew
      resource github-issues-shop-qa-trigger: this source changes: its version history starts anew
    gates get stronger
      job deploy-shop-production: comes after `deploy-shop-staging`, which is new (1 approval more); it waits for the issue `shop/-/Staging/deployed` in example/deployments, no longer for `shop/-/QA/deployed` in example/deployments
    new
      job deploy-shop-staging: is new: closing the issue `shop/-/QA/deployed` in example/deployments starts it; it runs `deploy`
    ");
    // Another order.
    assert_snapshot!(diff(BEFORE, &to("[QA, CI, Production]")), @"
    GATES GET WEAKER
      job deploy-shop-qa: no longer waits for an approval (the issue `shop/-/CI/deployed` in example/deployments), and comes before `deploy-shop-ci`, no longer after it: new versions of `shop-shop` start it
    GATES PROMOTE TO ANOTHER STAGE
      gate shop/-/CI/deployed in example/deployments: promoted to `shop/-/QA/deploy`, and promotes to `shop/-/Production/deploy` now: open issues for `shop/-/QA/deploy` lead nowhere (the next record closes them and opens a new one), and unused approvals for `shop/-/QA/deploy` are void
      gate shop/-/QA/deployed in example/deployments: promoted to `shop/-/Production/deploy`, and promotes to `shop/-/CI/deploy` now: open issues for `shop/-/Production/deploy` lead nowhere (the next record closes them and opens a new one), and unused approvals for `shop/-/Production/deploy` are void
    version histories start anew
      resource github-issues-shop-ci-trigger: this source changes: its version history starts anew
      resource github-issues-shop-qa-trigger: this source changes: its version history starts anew
    gates get stronger
      job deploy-shop-ci: waits until somebody closes the issue `shop/-/QA/deployed` in example/deployments
    changed
      job deploy-shop-production: waits for the issue `shop/-/CI/deployed` in example/deployments, no longer for `shop/-/QA/deployed` in example/deployments
    only in another order, which changes nothing
      the resources are in another order
      the jobs are in another order
    ");
    // Another name.
    let renamed = to("[CI, Staging, Production]") + "overrides: {Staging: {issues: {formerly: [shop/QA]}}}\n";
    assert_snapshot!(diff(BEFORE, &renamed), @"
    version histories start anew
      resource github-issues-shop-ci-trigger: this source changes: its version history starts anew
      resource github-issues-shop-staging-trigger: is `github-issues-shop-qa-trigger` by another name: its version history starts anew
    renamed
      job deploy-shop-staging: is `deploy-shop-qa` by another name: without `old_name: deploy-shop-qa` its builds are lost
      gate shop/-/CI/deployed in example/deployments: promotes to `shop/-/Staging/deploy`, which was `shop/-/QA/deploy`
      gate shop/-/Staging/deployed in example/deployments: was `shop/-/QA/deployed`, and keeps its issues and approvals
    changed
      job deploy-shop-staging: of the task deploy, the variable `STACK` changes from `QA` to `Staging`
      job deploy-shop-staging: of the task deploy, the variable `ENVIRONMENT` changes from `QA` to `Staging`
      job deploy-shop-staging: of the put github-issues-shop-staging-post in `on_success`, `params.title` changes from `[bot] Script shop QA deployed.` to `[bot] Script shop Staging deployed.`
    ");
    let renamed = renamed + "old_names: {deploy-shop-staging: deploy-shop-qa}\n";
    assert_snapshot!(diff(BEFORE, &renamed), @"
    version histories start anew
      resource github-issues-shop-ci-trigger: this source changes: its version history starts anew
      resource github-issues-shop-staging-trigger: is `github-issues-shop-qa-trigger` by another name: its version history starts anew
    renamed
      job deploy-shop-staging: was `deploy-shop-qa`, and keeps its builds
      gate shop/-/CI/deployed in example/deployments: promotes to `shop/-/Staging/deploy`, which was `shop/-/QA/deploy`
      gate shop/-/Staging/deployed in example/deployments: was `shop/-/QA/deployed`, and keeps its issues and approvals
    changed
      job deploy-shop-staging: of the task deploy, the variable `STACK` changes from `QA` to `Staging`
      job deploy-shop-staging: of the task deploy, the variable `ENVIRONMENT` changes from `QA` to `Staging`
      job deploy-shop-staging: of the put github-issues-shop-staging-post in `on_success`, `params.title` changes from `[bot] Script shop QA deployed.` to `[bot] Script shop Staging deployed.`
    ");
    assert_snapshot!(diff(BEFORE, &to("[CI, Staging, Production]")), @"
    GATES PROMOTE TO ANOTHER STAGE
      job deploy-shop-production: comes after `deploy-shop-staging`, which is new, and no longer comes after `deploy-shop-qa`, which is gone; it waits for the issue `shop/-/Staging/deployed` in example/deployments, no longer for `shop/-/QA/deployed` in example/deployments
      gate shop/-/CI/deployed in example/deployments: promoted to `shop/-/QA/deploy`, and promotes to `shop/-/Staging/deploy` now: open issues for `shop/-/QA/deploy` lead nowhere (the next record closes them and opens a new one), and unused approvals for `shop/-/QA/deploy` are void
      gate shop/-/QA/deployed in example/deployments: promoted to `shop/-/Production/deploy`, and is gone: open issues for `shop/-/Production/deploy` lead nowhere (close them as not planned), and unused approvals for `shop/-/Production/deploy` are void; a stage that only has another name keeps its issues by `issues.formerly`
    version histories start anew
      resource github-issues-shop-ci-trigger: this source changes: its version history starts anew
    new
      job deploy-shop-staging: is new: closing the issue `shop/-/CI/deployed` in example/deployments starts it; it runs `deploy`
    gone
      job deploy-shop-qa: is gone
    ");
}

#[test]
fn gate_that_is_gone_comes_first() {
    let grouped = BEFORE.to_owned() + "groups: [a, z]\n";
    let words = diff(&grouped, &(grouped.clone() + "skip: [a.QA]\noverrides: {z.Production: {gate: none}}\n"));
    let second = words.lines().nth(1).unwrap();
    assert!(second.contains("deploy-shop-z.production: no longer waits for an approval"), "{words}");
}
