//! `budget`: what fleets ask of GitHub.

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{SHOP_FLEET, Work, manifest};

fn shop(issues: &str) -> Work {
    let fleet = SHOP_FLEET.replace("issues: {", &format!("issues: {{{issues}"));
    Work::new()
        .file("pipegen.yml", &fleet)
        .file("projects/api.yml", &manifest("api"))
        .file("projects/cart.yml", &manifest("cart"))
}

fn json(work: &Work, more: &[&str]) -> Value {
    serde_json::from_str(&work.run(&[&["budget", "--format", "json"], more].concat()).stdout).unwrap()
}

#[test]
fn numbers_of_a_fleet() {
    let work = shop("");
    assert_snapshot!(work.run(&["budget"]).fine(), @"
    https://api.github.com by ((github.token))
      limit      5,000 requests an hour of a user's token
                 https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
      checks     10 requests an hour: 2 gates every 15m
      count      4 an hour while nothing is closed; 16 if every check found something new, 1 % of the limit
      a round    52 requests, when every job runs once
      advice     a closing waits for up to 15m: with `issues: {webhook: ((…)), check_every: 1h}` for 2 gates it starts at once, and checks ask 4 times an hour at most

    git at github.com
      checks     120 an hour, of 2 resources; by git's own protocol, which the API's limits do not count

    counted for 2 pipelines, and assumed:
    - Concourse checks each resource that a job gets once in its `check_every`, by default a minute, and looks for due ones every 10 seconds
    - global resources are off, as is Concourse's default: equal resources of several pipelines are checked once each
    - one credential is one account, and nothing else asks by it
    - an answer of 304 is free on github.com, as requests are authorized; a gate keeps its answer for an hour at most
    - a round is the worst case: each job runs once, opens an issue, and is approved by a new closing
    ");
}

#[test]
fn webhooks_and_known_bots_are_counted() {
    let work = shop("webhook: ((hook)), bot: 7, check_every: 1h, ");
    let account = &json(&work, &[])["accounts"][0];
    assert_eq!(
        account["gates"][0],
        serde_json::json!({
            "every": 3600, "count": 2, "requests": 1, "unchanged_is_free": true, "webhook": true
        })
    );
    assert_eq!((&account["counted_when_quiet"], &account["counted_at_most"]), (&2.into(), &2.into()));
    assert_eq!(account["advice"], serde_json::json!([]));
    assert_eq!(account["without_webhook"], serde_json::json!({}));
}

#[test]
fn polls_beyond_the_limit_end_the_run_with_1_and_say_what_to_do() {
    let work = shop("resource: mitodl, check_every: 30s, ");
    let ran = work.run(&["budget", "--limit", "400"]).ended(1);
    assert_snapshot!(ran.stderr, @"
    warning[loose-approval]: an approval deploys whatever is newest to `api` Production
     --> pipegen.yml:6:22
      |
    6 |   issues: {resource: mitodl, check_every: 30s, repository: example/deployments, auth: {token: ((github.token))}}
      |                      ^^^^^^
      |
      = note: MIT Open Learning's image records no versions, and lets anybody who can close an issue approve
      = help: write `resource: github-issues`, which deploys what the issue names

    warning: 1 warning in 1 file
    error: the checks alone ask more than GitHub lets this fleet ask
    ");
    assert_snapshot!(ran.stdout.split("\n\n").next().unwrap(), @"
    https://api.github.com by ((github.token))
      limit      400 requests an hour, as `--limit` says
      checks     480 requests an hour: 2 gates every 30s
      count      480 an hour while nothing is closed; 480 if every check found something new, 120 % of the limit
      a round    18 requests, when every job runs once
      advice     check less often: `issues: {check_every: 3m}` takes a quarter of the limit
      advice     a closing waits for up to 30s: with `issues: {webhook: ((…)), check_every: 1h}` for 2 gates it starts at once, and checks ask 4 times an hour at most
    ");
    // What is proposed is enough.
    let interval = json(&work, &["--limit", "400"])["accounts"][0]["advice"][0]["check_every"].as_u64().unwrap();
    let calm = shop(&format!("resource: mitodl, check_every: {interval}s, "));
    assert!(json(&calm, &["--limit", "400"])["accounts"][0]["percent"].as_u64().unwrap() <= 25);
}

#[test]
fn server_of_ones_own_has_no_limit_by_default() {
    let work = shop("api: https://github.example.com/api/v3, ");
    let account = |more: &[&str]| json(&work, more)["accounts"][0].clone();
    assert_eq!(account(&[])["limit"]["per_hour"], Value::Null);
    assert_eq!(account(&[])["percent"], Value::Null);
    assert_eq!(account(&["--limit", "1000"])["limit"]["per_hour"], 1_000);
    // Nothing says that such a server gives answers of 304 for nothing.
    assert_eq!(account(&[])["counted_when_quiet"], account(&[])["sent_per_hour"]);
}

#[test]
fn mit_open_learnings_resource_asks_twice_and_never_for_nothing() {
    let account = json(&shop("resource: mitodl, check_every: 1m, "), &[])["accounts"][0].clone();
    let asked = ["sent_per_hour", "counted_when_quiet", "counted_at_most"].map(|key| account[key].as_u64().unwrap());
    assert_eq!(asked, [240; 3]);
}

#[test]
fn more_gates_than_a_repository_may_have_webhooks_need_a_relay() {
    let mut work = shop("");
    assert_eq!(json(&work, &[])["accounts"][0]["advice"][0]["relay"], false);
    for index in 0..19 {
        work = work.file(&format!("projects/p{index}.yml"), &manifest(&format!("p{index}")));
    }
    assert_eq!(json(&work, &[])["accounts"][0]["advice"][0]["relay"], true);
}

#[test]
fn equal_sources_are_counted_once_with_global_resources() {
    let text =
        manifest("api").replace("project: api", "project: other") + "names: {stack: \"other.{{ environment }}\"}\n";
    let work = shop("").file("projects/other.yml", &text);
    let git = &json(&work, &[])["git"][0];
    assert_eq!((&git["checks_per_hour"], &git["checks_per_hour_shared"]), (&180.into(), &120.into()));
}

#[test]
fn wrong_fleet_is_not_counted() {
    let work = shop("").file("projects/bad.yml", "project: x\n");
    let ran = work.run(&["budget"]).ended(1);
    assert!(ran.stdout.is_empty() && ran.stderr.ends_with("nothing was counted\n"), "{}", ran.stderr);
}
