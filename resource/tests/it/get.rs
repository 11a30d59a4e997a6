//! Conformance cases 22 to 27: what a get writes, and refuses.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use fake_github::{Action, Phase};
use serde_json::{Value, json};

use crate::support::*;

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).unwrap().next().is_none()
}

/// A get that fails writes nothing, here and there.
fn refused(lab: &Lab, version: &Value, id: &str) -> Run {
    let (run, dir) = lab.get(version, "refused");
    run.fails(id);
    assert_eq!(run.writes(), Vec::<String>::new());
    assert!(is_empty(&dir), "files of a refused approval");
    run
}

// 22
#[test]
fn approval_is_written_byte_for_byte() {
    let lab = Lab::new();
    let number = lab.recorded(1);
    lab.close(number, "alice");
    let version = lab.version(number);
    let (run, dir) = lab.get(&version, "gate");
    run.succeeds();
    let read = |name: &str| fs::read_to_string(dir.join(name)).unwrap();
    assert_eq!(read("ref"), format!("{}\n", commit(1)));
    assert_eq!(read("pins/code"), format!("{}\n", commit(1)));
    assert_eq!(read("pins/img"), format!("sha256:{:064x}\n", 1));
    assert_eq!(read("version"), format!("{version}\n"));
    let approval: Value = serde_json::from_str(&read("approval.json")).unwrap();
    let log = "https://ci.example.org/teams/main/pipelines/shop/jobs/deploy-shop-ci/builds/1";
    assert_eq!(
        approval,
        json!({
            "issue": number, "url": format!("https://github.test/{REPO}/issues/{number}"), "closed_by": "alice",
            "closed_at": lab.closed_at(number), "pins": {"code": commit(1), "img": format!("sha256:{:064x}", 1)},
            "build": log, "builds": [log],
        })
    );
    assert_eq!(
        run.json(),
        json!({"version": version, "metadata": [
            {"name": "issue", "value": format!("https://github.test/{REPO}/issues/{number}")},
            {"name": "ref", "value": commit(1)},
            {"name": "approved_by", "value": "alice"},
            {"name": "approved_at", "value": lab.closed_at(number)},
        ]})
    );
    assert_eq!(run.writes(), Vec::<String>::new());
}

// A rendered job runs this file, so the script is fixed with the resource.
#[test]
fn get_writes_the_checkout_script_for_everybody_to_run() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    let (run, dir) = lab.get(&lab.version(1), "gate");
    run.succeeds();
    let script = dir.join("checkout-approved");
    assert!(fs::read_to_string(&script).unwrap().starts_with("#!/bin/sh\n"));
    assert_eq!(fs::metadata(&script).unwrap().permissions().mode() & 0o777, 0o755);
}

#[test]
fn approval_names_all_builds_and_the_newest_pins() {
    let lab = Lab::new();
    for n in 1..=3 {
        assert_eq!(lab.recorded(n), 1);
    }
    lab.close(1, "alice");
    let (run, dir) = lab.get(&lab.version(1), "gate");
    run.succeeds();
    let approval: Value = serde_json::from_slice(&fs::read(dir.join("approval.json")).unwrap()).unwrap();
    assert_eq!(approval["pins"]["code"], commit(3));
    let builds: Vec<&str> = approval["builds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|build| build.as_str().unwrap().rsplit('/').next().unwrap())
        .collect();
    assert_eq!(builds, ["1", "2", "3"]);
}

#[test]
fn used_approval_can_be_got_again() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    lab.claim(1, &build(7)).succeeds();
    let (run, dir) = lab.get(&lab.version(1), "later");
    run.succeeds();
    assert_eq!(fs::read_to_string(dir.join("ref")).unwrap(), format!("{}\n", commit(1)));
}

/// A job behind the one that used it may get it only then.
#[test]
fn used_approval_can_be_got_after_a_reopening_and_not_used() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    let version = lab.version(1);
    lab.claim(1, &build(7)).succeeds();
    lab.reopen(1, "alice");
    let (run, dir) = lab.get(&version, "behind");
    run.succeeds().reports("used before");
    assert_eq!(fs::read_to_string(dir.join("ref")).unwrap(), format!("{}\n", commit(1)));
    lab.claim_of(&dir, &build(8).by("bob")).fails("withdrawn");
    // What somebody touched since is not believed.
    let body = lab.issue(1).body;
    lab.world().edit_body(REPO, 1, "alice", &body.replace(&commit(1), &commit(9)));
    refused(&lab, &version, "withdrawn");
}

// 23
#[test]
fn withdrawn_approval_is_refused() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    let version = lab.version(1);
    lab.reopen(1, "alice");
    refused(&lab, &version, "withdrawn").reports("was reopened");
    lab.close(1, "alice");
    refused(&lab, &version, "withdrawn").reports("closed again");
    let (run, _) = lab.get(&lab.version(1), "gate");
    run.succeeds();
}

#[test]
fn closing_as_anything_but_completed_is_refused() {
    for reason in ["not_planned", "duplicate"] {
        let lab = Lab::new();
        lab.recorded(1);
        lab.fake.time().advance(5_000);
        lab.world().close(REPO, 1, "alice", reason);
        refused(&lab, &lab.version(1), "not-completed").reports("only closing as completed approves");
    }
}

// 24
#[test]
fn issue_that_went_is_refused_and_each_way_is_named() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    let version = lab.version(1);
    refused(&lab, &json!({"issue_number": "99", "issue_closed_at": lab.closed_at(1)}), "not-found")
        .reports("issue #99: not found in the repository `acme/workflow`");
    lab.world().add_repository("acme/elsewhere");
    lab.world().transfer(REPO, 1, "acme/elsewhere", "bob");
    refused(&lab, &version, "transferred").reports("was transferred to");
    lab.world().delete(REPO, 1);
    refused(&lab, &version, "deleted").reports("was deleted");
}

// 25
#[test]
fn record_after_the_closing_is_not_approved() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.recorded(2);
    lab.fake.time().advance(5_000);
    // Closed between the put's reading and its comment.
    let mut once = true;
    lab.fake.hook(move |request, world, _, phase| {
        if phase == Phase::Before && request.method == "POST" && request.path.ends_with("/1/comments") && once {
            once = false;
            world.close(REPO, 1, "alice", "completed");
            world.now += 2_000;
        }
        Action::Go
    });
    let after = lab.recorded(3);
    assert_ne!(after, 1);
    let (run, dir) = lab.get(&lab.version(1), "gate");
    run.succeeds();
    assert_eq!(fs::read_to_string(dir.join("ref")).unwrap(), format!("{}\n", commit(2)));
}

#[test]
fn record_of_the_closings_own_second_is_not_approved() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.recorded(2);
    let at = lab.issue(1).comments[0].created_at;
    // A person's click of the very second in which the comment came.
    lab.world().close(REPO, 1, "alice", "completed");
    lab.world().change(REPO, 1, |issue| {
        issue.closed_at = Some(at);
        issue.events.last_mut().unwrap().at = at;
    });
    let (run, dir) = lab.get(&lab.version(1), "gate");
    run.succeeds();
    assert_eq!(
        fs::read_to_string(dir.join("ref")).unwrap(),
        format!("{}\n", commit(1)),
        "nobody can have read the newer"
    );
}

// 25
#[test]
fn record_that_somebody_touched_is_refused() {
    type Tamper = fn(&Lab);
    let tampers: [(&str, Tamper); 9] = [
        ("a record was deleted", |lab| {
            // As if another record had stood between.
            lab.world().change(REPO, 1, |issue| {
                issue.comments[1].body = issue.comments[1].body.replace("\"seq\":3", "\"seq\":4");
            });
        }),
        ("the body was edited by alice", |lab| {
            let body = lab.issue(1).body.replace(&commit(1), &commit(9));
            lab.world().edit_body(REPO, 1, "alice", &body);
        }),
        ("was edited by bob", |lab| {
            let comment = lab.issue(1).comments[1].clone();
            lab.world().edit_comment(REPO, 1, comment.id, "bob", &comment.body.replace(&commit(3), &commit(9)));
        }),
        ("was edited by bob", |lab| {
            let comment = lab.issue(1).comments[0].id;
            lab.world().edit_comment(REPO, 1, comment, "bob", "never mind");
        }),
        ("a record was deleted", |lab| {
            let comment = lab.issue(1).comments[0].id;
            lab.world().delete_comment(REPO, 1, comment);
        }),
        ("a record was deleted", |lab| {
            let comment = lab.issue(1).comments[1].id;
            lab.world().delete_comment(REPO, 1, comment);
        }),
        ("its marker is gone", |lab| {
            lab.world().change(REPO, 1, |issue| issue.body = issue.body.split_once('\n').unwrap().1.to_owned());
        }),
        ("cannot be read", |lab| {
            lab.world().change(REPO, 1, |issue| issue.body = issue.body.replacen("\"records\"", "\"recs\"", 1));
        }),
        ("is not the one that was written", |lab| {
            lab.world()
                .change(REPO, 1, |issue| issue.body = issue.body.replace("exactly the versions", "the best versions"));
        }),
    ];
    for (words, tamper) in tampers {
        let lab = Lab::new();
        for n in 1..=3 {
            lab.recorded(n);
        }
        let version = {
            lab.close(1, "alice");
            lab.fake.time().advance(5_000);
            lab.version(1)
        };
        tamper(&lab);
        refused(&lab, &version, "tampered").reports(words);
        let run = lab.gate_check(None);
        assert_eq!(run.json(), json!([]), "{words}");
    }
}

#[test]
fn edit_by_an_account_that_is_gone_is_an_edit() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    lab.world().edit_body(REPO, 1, "ghost", "x");
    lab.world().change(REPO, 1, |issue| issue.body.clear());
    refused(&lab, &lab.version(1), "tampered");
}

// 26
#[test]
fn issue_that_names_no_version_approves_nothing() {
    let lab = Lab::new();
    let mut params = record_params();
    params["pins"] = json!({});
    lab.record_as(1, &params, &build(1)).fails("bad-params").reports("`pins` is empty");
    params["approve"] = json!("latest");
    lab.record_as(1, &params, &build(1)).succeeds();
    lab.close(1, "alice");
    let (run, dir) = lab.get(&lab.version(1), "gate");
    run.succeeds();
    assert!(!dir.join("ref").exists());
}

#[test]
fn record_without_a_promotion_approves_nothing() {
    let lab = Lab::new().source("destination", Value::Null);
    lab.recorded(1);
    assert!(lab.issue(1).body.contains("This issue is a record"));
    lab.close(1, "alice");
    let lab = lab.source("destination", CONSUMER);
    assert_eq!(lab.versions(None), Vec::<Value>::new());
    refused(&lab, &lab.version(1), "record-only");
}

// 27
#[test]
fn version_of_a_put_is_got_without_anything_to_deploy() {
    let lab = Lab::new();
    let run = lab.record(1);
    let version = run.json()["version"].clone();
    assert_eq!(version, json!({"issue_number": "1", "state": "open", "build": "1"}));
    let (run, dir) = lab.get(&version, "implicit");
    run.succeeds();
    assert_eq!(run.json(), json!({"version": version, "metadata": []}));
    assert_eq!(run.requests.len(), 0);
    let files: Vec<_> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["version"]);
}

#[test]
fn version_of_another_form_is_refused() {
    let lab = Lab::new();
    for version in [
        json!({"ref": "abc"}),
        json!({"issue_number": "1"}),
        json!({"issue_number": "x", "issue_closed_at": "2026-01-01T00:00:00Z"}),
        json!({"issue_number": "1", "issue_closed_at": "yesterday"}),
        json!({"issue_number": "1", "issue_closed_at": "2026-01-01T00:00:00Z", "more": "x"}),
        json!({"issue_number": 1, "issue_closed_at": "2026-01-01T00:00:00Z"}),
    ] {
        refused(&lab, &version, "bad-request");
    }
    let (run, _) = lab.get(&Value::Null, "none");
    run.fails("bad-request").reports("a get needs a version");
}
