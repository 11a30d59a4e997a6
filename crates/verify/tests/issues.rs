//! What the issues of a gate approve, and for whom.

use concourse_scheduler::{BuildId, Kind, Version};
use promotion_verify::{ApprovalId, GateId, Issues, Named, Origin, Record, Refusal, SourceId, StageId};

const GATE: GateId = GateId(0);
const QA: StageId = StageId(1);
const PRODUCTION: StageId = StageId(2);
const FIRST: ApprovalId = ApprovalId(0);
const SECOND: ApprovalId = ApprovalId(1);

fn named(commit: u32) -> Named {
    let origin = Origin { source: SourceId(0), version: Version(commit) };
    [("code".to_owned(), [origin].into())].into()
}

fn record(commit: u32) -> Record {
    Record { gate: GATE, named: named(commit), destination: Some(QA) }
}

/// The issues after a deployment of each of these commits, and a closing after the last one.
fn closed(commits: &[u32]) -> Issues {
    let mut issues = Issues::default();
    for commit in commits {
        issues.record(record(*commit));
    }
    issues.close(GATE);
    issues
}

#[test]
fn a_closing_approves_the_last_record() {
    let issues = closed(&[1, 2]);
    assert_eq!(issues.get(FIRST, QA), Ok(&named(2)));
    assert_eq!(issues.check(GATE, QA), Some(FIRST));
}

#[test]
fn a_record_after_the_closing_opens_another_issue() {
    let mut issues = closed(&[1]);
    issues.record(record(2));
    assert_eq!(issues.get(FIRST, QA), Ok(&named(1)));
    assert_eq!(issues.closable(GATE), Some(&record(2)));
}

#[test]
fn a_reopening_withdraws_and_a_second_closing_is_another_approval() {
    let mut issues = closed(&[1]);
    issues.reopen(GATE);
    assert_eq!(issues.get(FIRST, QA), Err(Refusal::Withdrawn));
    assert_eq!(issues.check(GATE, QA), None);
    assert_eq!(issues.signals(&[GATE]), []);
    issues.close(GATE);
    assert_eq!(issues.get(FIRST, QA), Err(Refusal::Withdrawn));
    assert_eq!(issues.get(SECOND, QA), Ok(&named(1)));
    assert_eq!(issues.signals(&[GATE]), [SECOND]);
}

#[test]
fn a_closing_as_not_planned_approves_nothing() {
    let mut issues = Issues::default();
    issues.record(record(1));
    issues.reject(GATE);
    issues.close(GATE);
    assert_eq!(issues.check(GATE, QA), None);
    assert!(issues.is_closed(GATE));
}

#[test]
fn a_reopened_rejection_withdraws_no_earlier_approval() {
    let mut issues = closed(&[1]);
    issues.record(record(2));
    issues.reject(GATE);
    issues.reopen(GATE);
    assert_eq!(issues.get(FIRST, QA), Ok(&named(1)));
    assert_eq!(issues.closable(GATE), Some(&record(2)));
}

#[test]
fn the_newest_record_is_known_whatever_became_of_it() {
    let mut issues = closed(&[1, 2]);
    assert!(issues.is_newest(&record(2)), "it was approved");
    assert!(!issues.is_newest(&record(1)) && !issues.is_newest(&Record { destination: None, ..record(2) }));
    issues.record(Record { gate: GateId(1), ..record(3) });
    assert!(issues.is_newest(&record(2)), "of its gate");
}

#[test]
fn another_stage_is_refused() {
    let mut issues = closed(&[1]);
    assert_eq!(issues.check(GATE, PRODUCTION), None);
    assert_eq!(issues.get(FIRST, PRODUCTION), Err(Refusal::OtherStage));
    assert_eq!(issues.claim(FIRST, PRODUCTION, BuildId(1), &Kind::Triggered), Err(Refusal::OtherStage));
}

#[test]
fn a_later_approval_for_another_stage_hides_nothing() {
    let mut issues = closed(&[1]);
    issues.record(Record { destination: Some(PRODUCTION), ..record(2) });
    issues.close(GATE);
    assert_eq!(issues.check(GATE, QA), Some(FIRST));
    assert_eq!(issues.check(GATE, PRODUCTION), Some(SECOND));
}

#[test]
fn an_approval_is_used_once_unless_a_person_asks() {
    let mut issues = closed(&[1]);
    assert_eq!(issues.claim(FIRST, QA, BuildId(1), &Kind::Triggered), Ok(()));
    assert_eq!(issues.claim(FIRST, QA, BuildId(2), &Kind::Triggered), Err(Refusal::AlreadyUsed));
    assert_eq!(issues.claim(FIRST, QA, BuildId(3), &Kind::Manual), Ok(()));
    assert_eq!(issues.claim(FIRST, QA, BuildId(4), &Kind::Rerun(BuildId(1))), Ok(()));
}

#[test]
fn a_used_approval_is_fetched_by_followers_and_not_used_again_once_it_is_withdrawn() {
    let mut issues = closed(&[1]);
    assert_eq!(issues.claim(FIRST, QA, BuildId(1), &Kind::Triggered), Ok(()));
    issues.reopen(GATE);
    assert_eq!(issues.get(FIRST, QA), Ok(&named(1)));
    assert_eq!(issues.claim(FIRST, QA, BuildId(2), &Kind::Manual), Err(Refusal::Withdrawn));
}

#[test]
fn an_approval_is_refused_after_a_later_one_was_used() {
    let mut issues = closed(&[1]);
    issues.record(record(2));
    issues.close(GATE);
    assert_eq!(issues.claim(SECOND, QA, BuildId(1), &Kind::Triggered), Ok(()));
    assert_eq!(issues.claim(FIRST, QA, BuildId(2), &Kind::Manual), Err(Refusal::Superseded));
}

#[test]
fn a_later_approval_for_another_stage_supersedes_nothing() {
    let mut issues = closed(&[1]);
    issues.record(Record { destination: Some(PRODUCTION), ..record(2) });
    issues.close(GATE);
    assert_eq!(issues.claim(SECOND, PRODUCTION, BuildId(1), &Kind::Triggered), Ok(()));
    assert_eq!(issues.claim(FIRST, QA, BuildId(2), &Kind::Triggered), Ok(()));
}
