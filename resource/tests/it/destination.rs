//! An approval is for one stage: a record names it, and no other stage can act on the approval.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::*;

/// The stage that takes the approvals of `GATE` once the environment between was removed.
const PRODUCTION: &str = "shop/-/Production/deploy";

/// The pipeline after a change: the gate promotes to `destination`.
fn after_change(lab: Lab, destination: impl Into<Value>) -> Lab {
    lab.source("destination", destination)
}

fn no_file_in(dir: &Path) -> bool {
    fs::read_dir(dir).unwrap().next().is_none()
}

fn is_rejected(lab: &Lab, number: u64) -> bool {
    let issue = lab.issue(number);
    issue.closed && issue.state_reason.as_deref() == Some("not_planned")
}

fn last_comment(lab: &Lab, number: u64) -> String {
    lab.issue(number).comments.last().unwrap().body.clone()
}

#[test]
fn approval_for_another_stage_is_refused_by_check_get_and_claim() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    let (got, dir) = lab.get(&lab.version(1), "gate");
    got.succeeds();

    let lab = after_change(lab, PRODUCTION);
    let check = lab.gate_check(None);
    check.succeeds().reports(CONSUMER).reports(PRODUCTION);
    assert_eq!(check.json(), json!([]));
    let comment_text = last_comment(&lab, 1);
    assert!(
        comment_text.contains(&format!("approves versions for `{CONSUMER}`, and for nothing else"))
            && !comment_text.contains("To approve, reopen"),
        "{comment_text}"
    );
    let (get, refused) = lab.get(&lab.version(1), "refused");
    get.fails("wrong-destination").reports(CONSUMER).reports(PRODUCTION).reports("the next deployment opens");
    assert!(no_file_in(&refused));
    lab.claim_of(&dir, &build(7)).fails("wrong-destination").reports(CONSUMER).reports(PRODUCTION);
    // A person who starts the job by hand gets no further.
    lab.claim_of(&dir, &build(8).by("carol")).fails("wrong-destination");
    let issue = lab.issue(1);
    assert!(marker(&issue.body)["claims"].is_null(), "{}", issue.body);

    // Who asks for another stage changes nothing for the stage that the record is for.
    after_change(lab, CONSUMER).claim_of(&dir, &build(10)).succeeds();
}

#[test]
fn check_for_another_stage_does_not_refuse_a_closing_for_good() {
    let lab = after_change(Lab::new(), CONSUMER);
    lab.recorded(1);
    lab.close(1, "eve");
    let lab = after_change(lab, PRODUCTION);
    for _ in 0..2 {
        assert_eq!(lab.versions(None), Vec::<Value>::new());
    }
    assert_eq!(lab.issue(1).comments.len(), 1, "told once");
    // What is wrong with the closing itself is still told, and stays so.
    let lab = after_change(lab, CONSUMER);
    assert_eq!(lab.versions(None), Vec::<Value>::new());
    assert!(last_comment(&lab, 1).contains("**Not approved:** `eve cannot approve"), "{}", last_comment(&lab, 1));
    lab.get(&lab.version(1), "refused").0.fails("refused");
    // A good closing is as good as before.
    lab.reopen(1, "alice");
    lab.close(1, "alice");
    let lab = after_change(lab, PRODUCTION);
    assert_eq!(lab.versions(None), Vec::<Value>::new());
    let lab = after_change(lab, CONSUMER);
    assert_eq!(lab.versions(None), [lab.version(1)]);
    lab.claim(1, &build(7)).succeeds();
}

#[test]
fn check_for_another_stage_does_not_end_an_open_issue() {
    let lab = Lab::new();
    lab.recorded(1);
    let lab = after_change(lab, PRODUCTION);
    for _ in 0..2 {
        assert_eq!(lab.versions(None), Vec::<Value>::new());
    }
    assert_eq!(lab.issue(1).comments.len(), 1, "told once");
    let lab = after_change(lab, CONSUMER);
    assert_eq!(lab.recorded(2), 1, "the issue goes on");
    lab.close(1, "alice");
    lab.claim(1, &build(7)).succeeds();
}

#[test]
fn preview_and_deployment_of_one_stage_are_two_destinations() {
    let lab = after_change(Lab::new(), "shop/-/QA/preview");
    lab.recorded(1);
    lab.close(1, "alice");
    let (get, dir) = lab.get(&lab.version(1), "gate");
    get.succeeds();
    let lab = after_change(lab, CONSUMER);
    lab.claim_of(&dir, &build(7)).fails("wrong-destination");
    after_change(lab, "shop/-/QA/preview").claim_of(&dir, &build(7)).succeeds();
}

#[test]
fn destination_is_a_stage_of_the_project_of_the_gate() {
    let lab = after_change(Lab::new(), "billing/-/QA/deploy");
    lab.gate_check(None).fails("bad-source").reports("another project");
    let put = lab.record(1);
    put.fails("bad-source").reports("another project");
    assert_eq!(put.requests.len(), 0);
    for wrong in ["QA", "shop/-/QA", "shop/-/QA/destroy", "a/b/c/d/deploy", "shop/-/Q A/deploy", "((env))"] {
        let lab = after_change(Lab::new(), wrong);
        lab.gate_check(None).fails("bad-source").reports(&format!("found `{wrong}`"));
        lab.record(1).fails("bad-source");
    }
}

#[test]
fn approval_is_not_taken_without_a_destination() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    let (_, dir) = lab.get(&lab.version(1), "gate");
    let lab = after_change(lab, Value::Null);
    lab.gate_check(None).fails("bad-source").reports("`destination` is missing");
    lab.claim_of(&dir, &build(7)).fails("bad-source").reports("`destination` is missing");
    lab.report("failed", &build(7)).fails("bad-source").reports("`destination` is missing");
    assert!(lab.issue(1).comments.is_empty());
}

#[test]
fn open_issue_for_another_stage_is_closed_by_the_next_record() {
    for (destination, text) in [
        (json!(PRODUCTION), "its place in the pipeline now leads to `Production`"),
        (Value::Null, "nothing follows its stage now"),
    ] {
        let lab = Lab::new();
        lab.recorded(1);
        let lab = after_change(lab, destination);
        assert_eq!(lab.recorded(2), 2, "the versions are on an issue of their own");
        assert!(is_rejected(&lab, 1));
        let comment_text = last_comment(&lab, 1);
        assert!(
            comment_text.contains("this issue was for `QA`")
                && comment_text.contains(text)
                && comment_text.contains("Decide on #2"),
            "{comment_text}"
        );
        assert!(!lab.issue(2).closed);
        // Nothing more is said by the records that follow.
        let count = lab.issue(1).comments.len();
        assert_eq!(lab.recorded(3), 2);
        assert_eq!(lab.issue(1).comments.len(), count);
    }
    // A record becomes a decision, too.
    let lab = after_change(Lab::new(), Value::Null);
    lab.recorded(1);
    let lab = after_change(lab, CONSUMER);
    assert_eq!(lab.recorded(2), 2);
    assert!(is_rejected(&lab, 1) && last_comment(&lab, 1).contains("was a record"), "{}", last_comment(&lab, 1));
    lab.close(2, "alice");
    lab.claim(2, &build(7)).succeeds();
}

#[test]
fn open_issue_for_another_stage_that_a_person_reopened_stays_open() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    lab.reopen(1, "alice");
    let lab = after_change(lab, PRODUCTION);
    for n in 2..=4 {
        assert_eq!(lab.recorded(n), 2);
    }
    let issue = lab.issue(1);
    assert!(!issue.closed);
    let comment_text: Vec<&str> = issue.comments.iter().map(|comment| comment.body.as_str()).collect();
    assert_eq!(comment_text.len(), 1, "{comment_text:?}");
    assert!(
        comment_text[0].contains("Closing this issue deploys nothing") && comment_text[0].contains("stays open"),
        "{comment_text:?}"
    );
    // And it deploys nothing.
    lab.close(1, "alice");
    assert_eq!(lab.versions(None), Vec::<Value>::new());
    lab.get(&lab.version(1), "gate").0.fails("wrong-destination");
}

#[test]
fn open_issue_for_another_stage_is_reported_by_the_first_check() {
    let lab = Lab::new();
    lab.recorded(1);
    let lab = after_change(lab, PRODUCTION);
    for _ in 0..2 {
        assert_eq!(lab.versions(None), Vec::<Value>::new());
    }
    let issue = lab.issue(1);
    assert!(!issue.closed && issue.comments.len() == 1, "{issue:?}");
    let comment_text = last_comment(&lab, 1);
    assert!(
        comment_text.contains(&format!("**Not for `{PRODUCTION}`:**"))
            && comment_text.contains("the issue that the next deployment opens"),
        "{comment_text}"
    );
    // The next record still says where the decision is now, and closes it.
    assert_eq!(lab.recorded(2), 2);
    assert!(is_rejected(&lab, 1) && last_comment(&lab, 1).contains("Decide on #2"));
}

#[test]
fn open_issue_of_a_removed_environment_is_closed_by_the_gate_that_leads_on() {
    let qa = || Lab::new().source("gate", "shop/-/QA/deployed").source("destination", PRODUCTION);
    let lab = qa();
    lab.recorded(1);
    // QA is gone: CI promotes to Production.
    let lab = after_change(lab.source("gate", GATE), PRODUCTION);
    assert_eq!(lab.recorded(2), 2);
    assert!(is_rejected(&lab, 1) && last_comment(&lab, 1).contains("Decide on #2"), "{}", last_comment(&lab, 1));

    // CI promotes to QA as before: what QA asks about Production is nobody else's to close.
    let lab = qa();
    lab.recorded(1);
    let lab = after_change(lab.source("gate", GATE), CONSUMER);
    assert_eq!(lab.recorded(2), 2);
    assert!(!lab.issue(1).closed && lab.issue(1).comments.is_empty());

    // The same stage of another project or another group is another stage.
    for other in ["billing/-/QA", "shop/eu/QA"] {
        let project = other.split_once("/QA").unwrap().0;
        let lab = Lab::new()
            .source("gate", format!("{other}/deployed"))
            .source("destination", format!("{project}/Production/deploy"));
        lab.recorded(1);
        let lab = after_change(lab.source("gate", GATE), PRODUCTION);
        assert_eq!(lab.recorded(2), 2);
        assert!(!lab.issue(1).closed, "{other}");
    }
}

#[test]
fn open_issue_that_promotes_to_a_stage_without_a_gate_is_closed() {
    for ungated in [false, true] {
        let lab = Lab::new();
        lab.recorded(1);
        // CI is gone, so QA deploys by itself.
        let lab = after_change(lab.source("gate", "shop/-/QA/deployed"), PRODUCTION);
        let mut params = record_params();
        params["ungated"] = json!(ungated);
        lab.record_as(2, &params, &build(2)).succeeds();
        assert_eq!(is_rejected(&lab, 1), ungated);
        assert!(!lab.issue(2).closed);
    }
}

#[test]
fn issue_that_a_person_closes_while_it_is_reported_keeps_its_closing() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    let closed_at = lab.closed_at(1);
    let lab = after_change(lab, PRODUCTION);
    assert_eq!(lab.recorded(2), 2);
    let issue = lab.issue(1);
    assert_eq!((issue.state_reason.as_deref(), lab.closed_at(1)), (Some("completed"), closed_at));
}

#[test]
fn issue_that_was_declared_to_lead_nowhere_stays_so() {
    // By a record, and by a record that supersedes.
    for way in ["record", "reopened", "supersede", "ungated"] {
        let lab = Lab::new();
        lab.recorded(1);
        if way == "reopened" {
            lab.close(1, "alice");
            lab.reopen(1, "alice");
        }
        let lab = match way {
            "supersede" => {
                let lab = lab.source("on_existing", "supersede");
                lab.fake.time().advance(3_600_000);
                lab.recorded(2);
                lab
            }
            "ungated" => {
                let lab = after_change(lab.source("gate", "shop/-/QA/deployed"), PRODUCTION);
                let mut params = record_params();
                params["ungated"] = json!(true);
                lab.record_as(2, &params, &build(2)).succeeds();
                assert!(
                    last_comment(&lab, 1).contains("`QA` is deployed without an approval now"),
                    "{}",
                    last_comment(&lab, 1)
                );
                lab.source("gate", GATE)
            }
            _ => {
                let lab = after_change(lab, PRODUCTION);
                lab.recorded(2);
                lab
            }
        };
        assert!(last_comment(&lab, 1).contains("deploys nothing any more"), "{way}: {}", last_comment(&lab, 1));
        if lab.issue(1).closed {
            lab.reopen(1, "bob");
        }
        lab.close(1, "bob");
        // The manifest is as it was.
        let lab = after_change(lab, CONSUMER);
        let versions = lab.versions(None);
        assert!(versions.iter().all(|version| version["issue_number"] != "1"), "{way}: {versions:?}");
        let (get, dir) = lab.get(&lab.version(1), "ended");
        get.fails("ended");
        assert!(no_file_in(&dir));
        // The next record does not go on with it either.
        lab.reopen(1, "bob");
        let next = lab.recorded(9);
        assert!(next > 1, "{way}: {next}");
    }
}

#[test]
fn renamed_stage_goes_on_with_its_open_issue() {
    let lab = Lab::new();
    lab.recorded(1);
    let lab = lab.renamed();
    assert_eq!(lab.recorded(2), 1);
    assert_eq!(lab.versions(None), Vec::<Value>::new());
    assert_eq!(lab.issue(1).comments.len(), 1, "only the record");
    lab.close(1, "alice");
    lab.claim(1, &build(7)).succeeds();
}

#[test]
fn used_approval_stays_used_under_another_name() {
    // The environment that deploys is renamed; the environment before it is; the project is.
    type Rename = fn(Lab) -> Lab;
    let renames: [(&str, Rename); 3] = [
        ("the stage", |lab| {
            lab.source("destination", "shop/-/RC/deploy").source("former_destinations", json!([CONSUMER]))
        }),
        ("the stage before", |lab| lab.source("gate", "shop/-/Build/deployed").source("gate_aliases", json!([GATE]))),
        ("the project", Lab::renamed),
    ];
    for (what, rename) in renames {
        let lab = Lab::new();
        lab.recorded(1);
        lab.close(1, "alice");
        lab.claim(1, &build(7)).succeeds();
        let lab = rename(lab);
        // Concourse knows no version of the changed source, and starts no build for the first that a check returns. A job
        // that was new too would start: its claim is refused.
        let (get, dir) = lab.get(&lab.version(1), "renamed");
        get.succeeds();
        lab.claim_of(&dir, &build(8)).fails("already-used").reports("was used already by");
        assert_eq!(lab.issue(1).comments.len(), 1, "{what}");
        // The next approval works.
        assert_eq!(lab.recorded(2), 2, "{what}");
        lab.close(2, "alice");
        lab.claim(2, &build(9)).succeeds();
    }
}

#[test]
fn approval_that_another_name_used_is_used() {
    // The pipeline of the former name stays on Concourse, or the rename is reverted: it knows nothing of the new name.
    type Rename = fn(Lab) -> Lab;
    let renames: [(&str, Rename); 2] = [
        ("the stage", |lab| {
            lab.source("destination", "shop/-/RC/deploy").source("former_destinations", json!([CONSUMER]))
        }),
        ("the project", Lab::renamed),
    ];
    for (what, rename) in renames {
        let lab = Lab::new();
        lab.recorded(1);
        lab.close(1, "alice");
        let lab = rename(lab);
        lab.claim(1, &build(7)).succeeds();
        let lab = lab.by_the_former_name();
        let (get, dir) = lab.get(&lab.version(1), "former");
        get.succeeds();
        lab.claim_of(&dir, &build(8)).fails("already-used").reports("was used already by");
        assert_eq!(lab.issue(1).comments.len(), 1, "{what}");
        // A person deploys the same versions again, as by the same name.
        lab.claim_of(&dir, &build(9).by("carol")).succeeds();
        // The build that claimed, run again.
        rename(lab).claim_of(&dir, &build(7)).succeeds();
    }
}

#[test]
fn approval_behind_one_that_another_name_used_is_refused() {
    let lab = Lab::new();
    for n in 1..=2 {
        assert_eq!(lab.recorded(n), n);
        lab.close(n, "alice");
    }
    let lab = lab.renamed();
    lab.claim(2, &build(7)).succeeds();
    lab.by_the_former_name().claim(1, &build(8)).fails("out-of-order").reports("#2 was deployed already");
}

#[test]
fn approval_that_another_name_used_is_not_reported_as_passed_over() {
    let lab = Lab::new();
    for n in 1..=2 {
        assert_eq!(lab.recorded(n), n);
        lab.close(n, "alice");
    }
    let lab = lab.renamed();
    lab.claim(1, &build(7)).succeeds();
    let lab = lab.by_the_former_name();
    lab.claim(2, &build(8)).succeeds();
    assert_eq!(lab.issue(1).comments.len(), 1, "{}", last_comment(&lab, 1));
}

#[test]
fn approval_that_another_name_used_is_got_though_the_issue_was_reopened() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    let version = lab.version(1);
    let lab = lab.renamed();
    lab.claim(1, &build(7)).succeeds();
    lab.reopen(1, "alice");
    lab.by_the_former_name().get(&version, "former").0.succeeds();
}

#[test]
fn used_approval_stays_used_when_its_issues_move() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    let (_, dir) = lab.get(&lab.version(1), "gate");
    lab.claim_of(&dir, &build(7)).succeeds();
    // Another repository begins without approvals, and knows none of the former one.
    lab.world().add_repository("acme/elsewhere");
    let lab = lab.source("repository", "acme/elsewhere");
    assert_eq!(lab.versions(None), Vec::<Value>::new());
    lab.get(&lab.version(1), "moved").0.fails("not-found");
    lab.claim_of(&dir, &build(8)).fails("not-found");
}

#[test]
fn changes_are_reported_since_the_last_deployment_that_succeeded() {
    let lab = Lab::new();
    let deployed = |lab: &Lab, n: u64, status: Option<&str>| {
        let number = lab.recorded(n);
        lab.close(number, "alice");
        lab.claim(number, &build(100 + n)).succeeds();
        if let Some(status) = status {
            lab.report(status, &build(100 + n)).succeeds();
        }
    };
    let since = |lab: &Lab, n: u64| {
        let dir = lab.build_dir(n);
        fs::create_dir_all(dir.join("code/.git/objects")).unwrap();
        let config = "[remote \"origin\"]\n\turl = https://github.com/acme/shop.git\n";
        fs::write(dir.join("code/.git/config"), config).unwrap();
        let mut params = record_params();
        params["clone"] = json!("code");
        lab.put(&params, &dir, &build(n)).succeeds();
        let body = lab.open_issues().pop().unwrap().body;
        let found = body.split_once("/compare/").map(|(_, rest)| rest.split_once("...").unwrap().0.to_owned());
        (found, body)
    };
    deployed(&lab, 1, Some("succeeded"));
    deployed(&lab, 2, Some("failed"));
    deployed(&lab, 3, None);
    let (found, body) = since(&lab, 4);
    assert_eq!(found, Some(commit(1)), "{body}");
    assert!(body.contains("Since the last deployment to `QA`"), "{body}");

    // What another stage deployed is not this stage's.
    let lab = after_change(lab, PRODUCTION);
    assert_eq!(since(&lab, 5).0, None);
}
