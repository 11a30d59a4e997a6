//! An approval is for one stage: a record names it, and no other stage can act on the approval.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::*;

/// The stage that takes the approvals of `GATE` once the environment between was removed.
const PRODUCTION: &str = "shop/-/Production/deploy";

fn record_for(destination: &str) -> Value {
    let mut params = record_params();
    params["destination"] = json!(destination);
    params
}

fn claim_params(consumer: &str) -> Value {
    json!({"action": "claim", "approval": "gate/approval.json", "consumer": consumer})
}

/// A lab whose trigger takes the approvals of `destination`.
fn lab_of(destination: &str) -> Lab {
    Lab::new().source("destination", destination)
}

/// The file that a get of the old shape wrote.
fn approval_of_old_shape(lab: &Lab, number: u64) -> std::path::PathBuf {
    let dir = lab.dir("gate", &[]);
    let mut source = lab.gate_source("trigger");
    source["destination"] = json!(CONSUMER);
    let request = json!({"source": source, "version": lab.version(number)});
    lab.run("in", &request, &dir, Some(&build(900))).succeeds();
    dir
}

fn no_file_in(dir: &Path) -> bool {
    fs::read_dir(dir).unwrap().next().is_none()
}

#[test]
fn approval_for_another_stage_is_refused_by_check_get_and_claim() {
    let lab = lab_of(PRODUCTION);
    let old_shape = record_for(CONSUMER);
    let mut post = lab.gate_source("post");
    post["destination"] = Value::Null;
    post.as_object_mut().unwrap().remove("destination");
    let put = |params: &Value, dir: &Path, number: u64| {
        lab.run("out", &json!({"source": post, "params": params}), dir, Some(&build(number)))
    };
    put(&old_shape, &lab.build_dir(1), 1).succeeds();
    lab.close(1, "alice");

    let check = lab.gate_check(None);
    check.succeeds().says(CONSUMER).says(PRODUCTION);
    assert_eq!(check.json(), json!([]));
    let told = lab.issue(1).comments.last().unwrap().body.clone();
    assert!(told.contains("Reopening this issue does not help") && !told.contains("To approve, reopen"), "{told}");
    let (get, dir) = lab.get(&lab.version(1), "refused");
    get.fails("wrong-destination").says(CONSUMER).says(PRODUCTION).says("the next deployment opens");
    assert!(no_file_in(&dir));
    let gate = approval_of_old_shape(&lab, 1);
    let claim = put(&claim_params(PRODUCTION), gate.parent().unwrap(), 7);
    claim.fails("wrong-destination").says(CONSUMER).says(PRODUCTION);
    // A person who starts the job by hand gets no further.
    let request = json!({"source": post, "params": claim_params(PRODUCTION)});
    let by_hand = lab.run("out", &request, gate.parent().unwrap(), Some(&build(8).by("carol")));
    by_hand.fails("wrong-destination");
    let report =
        json!({"action": "report", "status": "failed", "approval": "gate/approval.json", "consumer": PRODUCTION});
    put(&report, gate.parent().unwrap(), 9).fails("wrong-destination");
    let issue = lab.issue(1);
    assert!(marker(&issue.body)["claims"].is_null(), "{}", issue.body);

    // The stage that the record is for can still use it.
    put(&claim_params(CONSUMER), gate.parent().unwrap(), 10).succeeds();
}

#[test]
fn preview_and_deployment_of_one_stage_are_two_destinations() {
    let lab = lab_of("shop/-/QA/preview");
    lab.put(&record_for("shop/-/QA/preview"), &lab.build_dir(1), &build(1)).succeeds();
    lab.close(1, "alice");
    let (get, _) = lab.get(&lab.version(1), "gate");
    get.succeeds();
    lab.put(&claim_params("shop/-/QA/deploy"), lab.temp.path(), &build(7)).fails("wrong-destination");
    lab.put(&claim_params("shop/-/QA/preview"), lab.temp.path(), &build(7)).succeeds();
}

#[test]
fn consumer_and_destination_belong_to_the_project_of_the_gate() {
    let other = "billing/-/QA/deploy";
    let lab = Lab::new();
    let record = lab.put(&record_for(other), &lab.build_dir(1), &build(1));
    record.fails("wrong-destination").says("another project");
    assert_eq!(record.requests.len(), 0);
    lab.recorded(1);
    lab.close(1, "alice");
    let (get, dir) = lab.get(&lab.version(1), "gate");
    get.succeeds();
    lab.put(&claim_params(other), dir.parent().unwrap(), &build(7)).fails("wrong-destination").says("another project");
    lab_of(other).gate_check(None).fails("bad-source").says("another project");
}

#[test]
fn post_that_names_a_destination_takes_no_other() {
    let lab = lab_of(CONSUMER);
    lab.put(&record_for(PRODUCTION), &lab.build_dir(1), &build(1)).fails("wrong-destination").says(PRODUCTION);
    let mut none = record_params();
    none.as_object_mut().unwrap().remove("destination");
    lab.put(&none, &lab.build_dir(1), &build(1)).fails("wrong-destination").says("`destination` is missing");
    lab.recorded(1);
    lab.close(1, "alice");
    let (_, dir) = lab.get(&lab.version(1), "gate");
    lab.put(&claim_params(PRODUCTION), dir.parent().unwrap(), &build(7)).fails("wrong-destination");
    assert!(lab.issue(1).comments.is_empty());
    lab.claim_of(&dir, &build(7)).succeeds();
}

#[test]
fn trigger_without_a_destination_takes_nothing() {
    let lab = Lab::new().source("destination", Value::Null);
    lab.gate_check(None).fails("bad-source").says("`destination` is missing");
    let lab = Lab::new().source("destination", "QA");
    lab.gate_check(None).fails("bad-source").says("found `QA`");
}
