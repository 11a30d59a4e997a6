//! What the issues of a gate approve, and for whom.

use concourse_scheduler::{BuildId, Kind};
use promotion_verify::{ApprovalId, GateId, Issues, Refusal, StageId};

const GATE: GateId = GateId(0);
const QA: StageId = StageId(1);
const PRODUCTION: StageId = StageId(2);
const FIRST: ApprovalId = ApprovalId(0);
const SECOND: ApprovalId = ApprovalId(1);

/// The issues after a deployment of each of these commits, and a closing after the last one.
fn closed(commits: &[u32]) -> Issues {
    let mut issues = Issues::default();
    for commit in commits {
        issues.record(GATE, *commit, QA);
    }
    issues.close(GATE);
    issues
}

#[test]
fn a_closing_approves_the_last_record() {
    let issues = closed(&[1, 2]);
    assert_eq!(issues.get(FIRST, QA), Ok(2));
    assert_eq!(issues.check(GATE, QA), Some(FIRST));
}

#[test]
fn a_record_after_the_closing_opens_another_issue() {
    let mut issues = closed(&[1]);
    issues.record(GATE, 2, QA);
    assert_eq!(issues.get(FIRST, QA), Ok(1));
    assert_eq!(issues.closable(GATE), Some(2));
}

#[test]
fn a_reopening_withdraws_and_a_second_closing_is_another_approval() {
    let mut issues = closed(&[1]);
    issues.reopen(GATE);
    assert_eq!(issues.get(FIRST, QA), Err(Refusal::Withdrawn));
    assert_eq!(issues.check(GATE, QA), None);
    issues.close(GATE);
    assert_eq!(issues.get(FIRST, QA), Err(Refusal::Withdrawn));
    assert_eq!(issues.get(SECOND, QA), Ok(1));
}

#[test]
fn another_stage_is_refused() {
    let mut issues = closed(&[1]);
    assert_eq!(issues.check(GATE, PRODUCTION), None);
    assert_eq!(issues.get(FIRST, PRODUCTION), Err(Refusal::OtherStage));
    assert_eq!(issues.claim(FIRST, PRODUCTION, BuildId(1), &Kind::Triggered), Err(Refusal::OtherStage));
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
fn an_approval_is_refused_after_a_later_one_was_used() {
    let mut issues = closed(&[1]);
    issues.record(GATE, 2, QA);
    issues.close(GATE);
    assert_eq!(issues.claim(SECOND, QA, BuildId(1), &Kind::Triggered), Ok(()));
    assert_eq!(issues.claim(FIRST, QA, BuildId(2), &Kind::Manual), Err(Refusal::Superseded));
}
