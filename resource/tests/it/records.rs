//! Previews that find nothing to change: what they record, what the record starts, and what it cannot do.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::*;

const NONE: &[Value] = &[];

/// What the preview of CI writes when it finds nothing to change, on a gate that a closing opens.
fn unchanged_params() -> Value {
    let mut params = record_params();
    params["unchanged_if_file"] = json!("summary/no-changes");
    params
}

/// The preview of commit `n`, which finds nothing to change.
fn unchanged(lab: &Lab, n: u64) -> Run {
    unchanged_by(lab, n, n)
}

fn unchanged_by(lab: &Lab, n: u64, build_number: u64) -> Run {
    lab.build_dir(n);
    let dir = lab.dir(&format!("build-{n}"), &[("summary/no-changes", "")]);
    lab.put(&unchanged_params(), &dir, &build(build_number))
}

fn records(lab: &Lab, version: Option<&Value>) -> Vec<Value> {
    let run = lab.run("check", &request(lab, version), lab.temp.path(), None);
    run.succeeds();
    run.json().as_array().unwrap().clone()
}

fn request(lab: &Lab, version: Option<&Value>) -> Value {
    let mut request = json!({"source": lab.gate_source("records")});
    if let Some(version) = version {
        request["version"] = version.clone();
    }
    request
}

fn get(lab: &Lab, version: &Value, dir: &str) -> (Run, PathBuf) {
    let dir = lab.dir(dir, &[]);
    (lab.run("in", &request(lab, Some(version)), &dir, Some(&build(900))), dir)
}

fn newest(lab: &Lab) -> Value {
    records(lab, None).pop().unwrap()
}

#[test]
fn preview_without_changes_records_its_versions_as_unchanged() {
    let lab = Lab::new();
    let run = unchanged(&lab, 1);
    run.succeeds();
    let issue = lab.issue(1);
    let record = &marker(&issue.body)["record"];
    assert_eq!((&record["unchanged"], &record["pins"]["code"]), (&json!(true), &json!(commit(1))));
    assert!(issue.body.contains("`CI`: **unchanged by this version, not deployed there**"), "{}", issue.body);
    assert!(!issue.body.contains("was deployed to"), "{}", issue.body);
    // On an issue that is open already it is a comment.
    unchanged(&lab, 2).succeeds();
    let comment = &lab.issue(1).comments[0];
    assert_eq!(marker(&comment.body)["record"]["unchanged"], true);
    assert!(comment.body.contains("`CI`: **unchanged by this version, not deployed there**"), "{}", comment.body);
    assert!(!comment.body.contains("Deployed to"), "{}", comment.body);
}

#[test]
fn preview_with_changes_records_no_version() {
    let lab = Lab::new();
    let run = lab.record_as(1, &unchanged_params(), &build(1));
    run.succeeds().reports("the preview found changes");
    assert_eq!(run.requests.len(), 0);
    assert_eq!(run.json()["version"], json!({"state": "changed", "build": "1"}));
    assert!(lab.issues().is_empty());
}

#[test]
fn record_of_a_deployment_says_nothing_of_unchanged() {
    let lab = Lab::new();
    lab.recorded(1);
    assert_eq!(marker(&lab.issue(1).body)["record"].get("unchanged"), None);
    assert!(!lab.issue(1).body.contains("unchanged"));
}

#[test]
fn closing_an_unchanged_record_approves_its_versions() {
    let lab = Lab::new();
    lab.recorded(1);
    unchanged(&lab, 2).succeeds();
    lab.close(1, "alice");
    let (run, dir) = lab.get(&lab.version(1), "gate");
    run.succeeds();
    assert_eq!(fs::read_to_string(dir.join("ref")).unwrap(), format!("{}\n", commit(2)));
    lab.claim_of(&dir, &build(9)).succeeds();
}

#[test]
fn soak_after_an_unchanged_record_counts_from_that_record() {
    let lab = Lab::new().source("soak", 600);
    unchanged(&lab, 1).succeeds();
    lab.close(1, "alice");
    assert_eq!(lab.versions(None), NONE);
    lab.fake.time().advance(601_000);
    assert_eq!(lab.versions(None), [lab.version(1)]);
}

#[test]
fn unchanged_record_without_a_closing_is_no_approval() {
    let lab = Lab::new();
    unchanged(&lab, 1).succeeds();
    assert_eq!(lab.versions(None), NONE);
}

#[test]
fn preview_asks_again_after_the_gate_promoted_to_another_stage() {
    let to = |lab: Lab, stage: &str| lab.source("destination", stage);
    let unchanged_as = |lab: &Lab, number: u64| {
        let run = unchanged_by(lab, 1, number);
        run.succeeds();
        run.json()["version"]["issue_number"].clone()
    };
    // The issue of the other stage is still open when the preview runs.
    let lab = Lab::new();
    assert_eq!(unchanged_as(&lab, 1), "1");
    let lab = to(lab, "shop/-/Production/deploy");
    assert_eq!(unchanged_as(&lab, 2), "2");
    let lab = to(lab, CONSUMER);
    assert_eq!(unchanged_as(&lab, 3), "3");
    assert_eq!(lab.open_issues().iter().map(|issue| issue.number).collect::<Vec<_>>(), [3]);
    // Or another gate promoted to the stage, whose record ended the issue.
    let lab = lab.source("gate", "shop/-/RC/deployed");
    assert_eq!(unchanged_as(&lab, 4), "4");
    assert!(marker(&lab.issue(3).body)["ended"] == true && lab.issue(3).closed);
    assert_eq!(unchanged_as(&lab.source("gate", GATE), 5), "5");
}

#[test]
fn preview_that_is_run_again_asks_nobody_a_second_time() {
    let lab = Lab::new();
    lab.recorded(1);
    // After the deployment its preview finds nothing to change.
    let run = unchanged_by(&lab, 1, 50);
    run.succeeds().reports("recorded already");
    assert_eq!(run.writes(), Vec::<String>::new());
    // Nor once somebody has decided about these versions.
    lab.close(1, "alice");
    let run = unchanged_by(&lab, 1, 51);
    run.succeeds().reports("recorded already");
    assert_eq!((run.writes(), lab.issues().len()), (Vec::new(), 1));
    // Other versions are another question.
    unchanged(&lab, 2).succeeds();
    assert_eq!(lab.open_issues().len(), 1);
}

#[test]
fn killed_put_of_an_unchanged_record_is_finished_by_its_repetition() {
    let lab = Lab::new();
    unchanged(&lab, 1).succeeds();
    let run = unchanged(&lab, 1);
    run.succeeds().reports("recorded already");
    assert_eq!((run.writes(), lab.issues().len()), (Vec::new(), 1));
}

#[test]
fn records_are_versions_in_their_order() {
    let lab = Lab::new();
    assert_eq!(records(&lab, None), NONE);
    lab.recorded(1);
    let first = newest(&lab);
    lab.fake.time().advance(60_000);
    unchanged(&lab, 2).succeeds();
    let second = newest(&lab);
    lab.fake.time().advance(60_000);
    lab.recorded(3);
    let third = newest(&lab);
    assert_eq!(records(&lab, Some(&first)), [first.clone(), second.clone(), third.clone()]);
    assert_eq!(records(&lab, Some(&second)), [second, third.clone()]);
    // Whether the issue is open or closed, and which issue it is.
    lab.close(1, "alice");
    lab.fake.time().advance(60_000);
    unchanged(&lab, 4).succeeds();
    assert_eq!(lab.issues().len(), 2);
    assert_eq!(records(&lab, Some(&third)), [third, newest(&lab)]);
    assert_eq!(newest(&lab)["issue_number"], "2");
}

#[test]
fn first_check_gives_the_newest_record_alone() {
    let lab = Lab::new();
    for n in 1..=3 {
        lab.recorded(n);
        lab.close(n, "alice");
    }
    // Somebody touched an older one last.
    lab.world().comment(REPO, 1, "alice", "looks good");
    let found = records(&lab, None);
    assert_eq!((found.len(), &found[0]["issue_number"]), (1, &json!("3")));
}

#[test]
fn check_of_records_that_finds_nothing_new_costs_one_request() {
    let lab = Lab::new();
    lab.recorded(1);
    let version = newest(&lab);
    records(&lab, Some(&version));
    let run = lab.run("check", &request(&lab, Some(&version)), lab.temp.path(), None);
    assert_eq!((run.json(), run.requests.len()), (json!([version]), 1));
}

#[test]
fn get_of_a_record_is_no_approval_and_no_claim_takes_it() {
    let lab = Lab::new();
    unchanged(&lab, 1).succeeds();
    let version = newest(&lab);
    let (run, dir) = get(&lab, &version, "gate");
    run.succeeds();
    assert_eq!(run.writes(), Vec::<String>::new());
    let read = |name: &str| fs::read_to_string(dir.join(name)).unwrap();
    assert_eq!(read("ref"), format!("{}\n", commit(1)));
    assert_eq!(read("pins/code"), format!("{}\n", commit(1)));
    assert_eq!(read("version"), format!("{version}\n"));
    let log = "https://ci.example.org/teams/main/pipelines/shop/jobs/deploy-shop-ci/builds/1";
    assert_eq!(
        serde_json::from_str::<Value>(&read("record.json")).unwrap(),
        json!({
            "issue": 1, "url": format!("https://github.test/{REPO}/issues/1"), "environment": "CI", "unchanged": true,
            "unchanged_before": [], "recorded_at": version["recorded_at"],
            "pins": {"code": commit(1), "img": format!("sha256:{:064x}", 1)}, "build": log,
        })
    );
    assert!(!dir.join("approval.json").exists());
    lab.claim_of(&dir, &build(9)).fails("bad-file");
    // Nor under the approval's name, for whoever moves files.
    fs::copy(dir.join("record.json"), dir.join("approval.json")).unwrap();
    lab.claim_of(&dir, &build(9).by("mallory")).fails("bad-file").reports("is not an approval");
    // The same issue, closed: a record's version is none of a trigger's.
    lab.close(1, "alice");
    let (run, _) = lab.get(&version, "other");
    run.fails("bad-request");
    let (run, _) = get(&lab, &lab.version(1), "another");
    run.fails("bad-request").reports("not a record");
}

#[test]
fn record_that_somebody_changed_starts_nothing() {
    let lab = Lab::new();
    lab.recorded(1);
    let known = newest(&lab);
    lab.fake.time().advance(60_000);
    unchanged(&lab, 2).succeeds();
    let version = newest(&lab);
    let comment = lab.issue(1).comments[0].clone();
    lab.world().edit_comment(REPO, 1, comment.id, "bob", &comment.body.replace(&commit(2), &commit(9)));
    lab.fake.time().advance(60_000);
    assert_eq!(records(&lab, Some(&known)), NONE);
    let (run, dir) = get(&lab, &version, "gate");
    run.fails("tampered");
    assert!(fs::read_dir(dir).unwrap().next().is_none());
}

#[test]
fn record_of_another_account_starts_nothing() {
    let lab = Lab::new();
    unchanged(&lab, 1).succeeds();
    let (body, labels) = (lab.issue(1).body.clone(), lab.issue(1).labels.clone());
    lab.world().change(REPO, 1, |issue| issue.author = "mallory".to_owned());
    assert_eq!(records(&lab, None), NONE);
    assert!(body.starts_with("<!-- ol-gate") && !labels.is_empty());
}

#[test]
fn unsigned_record_starts_nothing_where_records_are_signed() {
    let lab = Lab::new();
    unchanged(&lab, 1).succeeds();
    let lab = lab.source("signing_key", SIGNING_KEY);
    assert_eq!(records(&lab, None), NONE);
    let lab = Lab::new().source("signing_key", SIGNING_KEY);
    unchanged(&lab, 1).succeeds();
    let (run, _) = get(&lab, &newest(&lab), "gate");
    run.succeeds();
}

#[test]
fn next_issue_names_the_environments_that_were_left_unchanged() {
    let lab = Lab::new();
    unchanged(&lab, 1).succeeds();
    let (run, dir) = get(&lab, &newest(&lab), "gate");
    run.succeeds();
    // The preview of the next stage, whose record names where its versions come from.
    let next = |gate: &str, title: &str, n: u64, files: &[(&str, &str)]| {
        let lab = &lab;
        let record = fs::read_to_string(dir.join("record.json")).unwrap();
        lab.build_dir(n);
        let files: Vec<(&str, &str)> = files.iter().copied().chain([("gate/record.json", record.as_str())]).collect();
        let dir = lab.dir(&format!("build-{n}"), &files);
        let mut source = lab.gate_source("post");
        source["gate"] = json!(gate);
        let mut params = record_params();
        params["title"] = json!(title);
        params["from_record"] = json!("gate/record.json");
        if !files.iter().all(|(name, _)| *name != "no-changes") {
            params["unchanged_if_file"] = json!("no-changes");
        }
        lab.run("out", &json!({"source": source, "params": params}), &dir, Some(&build(n)))
    };
    next("shop/-/QA/ready", "shop QA ready", 1, &[]).succeeds();
    let body = lab.issue(2).body;
    assert!(body.contains("`CI`: **unchanged by this version, not deployed there**."), "{body}");
    assert_eq!(marker(&body)["record"]["unchanged_before"], json!(["CI"]));
    // And through a second stage that these versions leave unchanged.
    next("shop/-/QA/deployed", "shop QA deployed", 1, &[("no-changes", "")]).succeeds();
    let mut source = lab.gate_source("records");
    source["gate"] = json!("shop/-/QA/deployed");
    let run = lab.run("check", &json!({"source": source}), lab.temp.path(), None);
    let version = run.json()[0].clone();
    let dir = lab.dir("second", &[]);
    lab.run("in", &json!({"source": source, "version": version}), &dir, Some(&build(901))).succeeds();
    let record: Value = serde_json::from_slice(&fs::read(dir.join("record.json")).unwrap()).unwrap();
    assert_eq!((&record["environment"], &record["unchanged_before"]), (&json!("QA"), &json!(["CI"])));
}

#[test]
fn source_and_params_that_make_no_sense_are_refused() {
    let lab = Lab::new();
    let mut params = unchanged_params();
    params["close_if_file"] = json!("summary/no-changes");
    lab.record_as(1, &params, &build(1)).fails("bad-params");
    let ready = Lab::new().source("gate", "shop/-/QA/ready");
    unchanged(&ready, 1).fails("bad-params").reports("shop/-/QA/ready");
    ready.run("check", &request(&ready, None), ready.temp.path(), None).fails("bad-source");
    let put = json!({"source": lab.gate_source("records"), "params": record_params()});
    lab.run("out", &put, &lab.build_dir(1), Some(&build(1))).fails("bad-source");
    let mut params = record_params();
    params["from_record"] = json!("gate/record.json");
    lab.record_as(1, &params, &build(1)).fails("bad-file");
}

#[test]
fn unchanged_versions_are_recorded_again_for_another_stage() {
    let lab = Lab::new().source("gate", "shop/-/QA/deployed").source("destination", "shop/-/Production/deploy");
    lab.recorded(1);
    lab.close(1, "alice");
    let lab = lab.source("destination", "shop/-/Stage/deploy");
    let run = unchanged_by(&lab, 1, 2);
    run.succeeds();
    assert_eq!(lab.issues().len(), 2, "{}", run.stderr);
    assert_eq!(marker(&lab.issue(2).body)["record"]["destination"], "shop/-/Stage/deploy");
}
