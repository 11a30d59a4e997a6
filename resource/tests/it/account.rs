//! The account that writes the issues, the people who close them, and what becomes of issues in between.

use fake_github::{Action, Kind, Phase, Role};
use serde_json::{Value, json};

use crate::support::*;

const NONE: &[Value] = &[];
const OTHER_TOKEN: &str = "ghp_another0123456789TOPSECRET";

/// Gives the source the token of another account, which may write.
fn with_other_token(lab: Lab) -> Lab {
    {
        let mut world = lab.world();
        world.add_user("other-bot", Kind::User, REPO, Some(Role::Base("write")));
        world.tokens.insert(OTHER_TOKEN.to_owned(), "other-bot".to_owned());
    }
    lab.source("access_token", OTHER_TOKEN)
}

#[test]
fn wrong_bot_is_seen_before_anything_is_written() {
    let lab = Lab::new().source("bot", 99_999);
    for n in 1..=3 {
        let run = lab.record(n);
        run.fails("bad-source").reports(&format!("these credentials belong to `gate-bot`, whose id is {}", lab.bot));
        assert_eq!(run.writes(), Vec::<String>::new());
    }
    assert!(lab.issues().is_empty());
    // The App's own id in place of its bot user's.
    let lab = Lab::new().app().source("bot", 4_711);
    let run = lab.record(1);
    run.fails("bad-source").reports("gatekeeper[bot]");
    assert!(lab.issues().is_empty());
    let id = lab.world().users["gatekeeper[bot]"].id;
    let lab = lab.source("bot", id);
    lab.record(1).succeeds();
}

#[test]
fn issue_that_the_wrong_account_opened_is_closed_at_once() {
    let lab = Lab::new();
    lab.close(lab.recorded(1), "alice");
    let lab = with_other_token(lab);
    for n in 2..=3 {
        let run = lab.record(n);
        run.fails("bad-source").reports("these credentials belong to `other-bot`");
        let stray = lab.issue(n);
        assert_eq!((stray.closed, stray.state_reason.as_deref()), (true, Some("not_planned")));
        assert!(!stray.body.contains("as completed") && stray.body.contains("does nothing"), "{}", stray.body);
    }
    assert!(lab.open_issues().is_empty());
}

#[test]
fn comment_of_the_wrong_account_is_taken_back() {
    let lab = Lab::new();
    lab.recorded(1);
    let lab = with_other_token(lab);
    let before = lab.issue(1);
    lab.record(2).fails("bad-source").reports("other-bot");
    let after = lab.issue(1);
    assert_eq!((after.comments.len(), &after.body), (0, &before.body));
    lab.close(1, "alice");
    lab.claim(1, &build(7)).fails("bad-source").reports("other-bot");
    assert!(lab.issue(1).comments.is_empty(), "nothing looks like a claim");
}

#[test]
fn closing_of_an_issue_without_its_label_is_seen_after_the_next_record() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.world().change(REPO, 1, |issue| issue.labels.clear());
    lab.close(1, "alice");
    assert_eq!(lab.versions(None), NONE);
    let run = lab.record(2);
    run.succeeds().reports("off issue #1");
    assert_eq!(lab.issues().len(), 2);
    assert_eq!(lab.versions(None), [lab.version(1)]);
    lab.claim(1, &build(7)).succeeds();
}

#[test]
fn label_that_was_deleted_in_the_repository_brings_no_old_closing_up() {
    let lab = Lab::new();
    for n in 1..=3 {
        lab.close(lab.recorded(n), "alice");
    }
    for n in 1..=3 {
        lab.world().change(REPO, n, |issue| issue.labels.clear());
    }
    lab.record(4).succeeds();
    let labelled: Vec<u64> =
        lab.issues().iter().filter(|issue| !issue.labels.is_empty()).map(|issue| issue.number).collect();
    assert_eq!(labelled, [3, 4]);
}

#[test]
fn open_issue_of_the_former_account_is_reported_once_that_it_leads_nowhere() {
    let lab = Lab::new();
    lab.recorded(1);
    let lab = with_other_token(lab);
    let id = lab.world().users["other-bot"].id;
    let lab = lab.source("bot", id);
    for n in 2..=3 {
        lab.record(n).succeeds();
    }
    let former = lab.issue(1);
    assert_eq!(former.comments.len(), 1, "told once");
    let text = &former.comments[0].body;
    assert!(text.contains("approves nothing any more") && text.contains("Decide on #2"), "{text}");
    assert_eq!(lab.issues().len(), 2);
    lab.close(1, "alice");
    assert_eq!(lab.versions(None), NONE);
    // Nobody can have it told of an issue that is none of this gate's, or that they cannot label.
    let body = lab.issue(2).body;
    let copied = lab.world().open(REPO, "mallory", TITLE, &body, &[]);
    lab.record(4).succeeds();
    assert!(lab.issue(copied).comments.is_empty());
}

#[test]
fn former_account_on_a_locked_issue_does_not_fail_the_record() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.world().change(REPO, 1, |issue| issue.locked = true);
    let lab = with_other_token(lab);
    let id = lab.world().users["other-bot"].id;
    lab.source("bot", id).record(2).succeeds();
}

/// How many times the closed issue says that its closing is not an approval.
fn refusals(lab: &Lab) -> Vec<String> {
    let comments = lab.issue(1).comments;
    comments.into_iter().map(|comment| comment.body).filter(|body| body.contains("**Not approved:**")).collect()
}

#[test]
fn closing_that_github_shows_nobody_for_is_reported_after_a_while() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    lab.world().change(REPO, 1, |issue| issue.events.clear());
    assert_eq!(lab.versions(None), NONE);
    assert!(refusals(&lab).is_empty(), "perhaps a replica is behind");
    lab.fake.time().advance(700_000);
    for _ in 0..2 {
        let run = lab.gate_check(None);
        assert_eq!(run.json(), json!([]));
    }
    assert_eq!(refusals(&lab).len(), 1);
    assert!(refusals(&lab)[0].contains("GitHub does not show who closed it"));
    lab.get(&lab.version(1), "gate").0.fails("closer");
    // The account was deleted.
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    lab.world().change(REPO, 1, |issue| issue.events.last_mut().unwrap().actor = None);
    lab.fake.time().advance(700_000);
    assert_eq!(lab.versions(None), NONE);
    assert_eq!(refusals(&lab).len(), 1);
}

#[test]
fn reason_is_the_closings_own_and_a_second_closing_approves_nothing() {
    type Change = fn(&Lab);
    let cases: [(&str, Change); 5] = [
        // Rejected, and made an approval without a new event, or with one.
        ("not_planned", |lab| lab.world().change(REPO, 1, |issue| issue.state_reason = Some("completed".to_owned()))),
        ("duplicate", |lab| lab.world().change(REPO, 1, |issue| issue.state_reason = Some("completed".to_owned()))),
        ("not_planned", |lab| lab.world().change_reason(REPO, 1, "alice", "completed")),
        ("completed", |lab| lab.world().change_reason(REPO, 1, "eve", "completed")),
        // A closing for which GitHub shows no reason at all.
        ("completed", |lab| lab.world().change(REPO, 1, |issue| issue.closing_reasons = vec![None])),
    ];
    for (reason, change) in cases {
        let lab = Lab::new();
        lab.recorded(1);
        lab.fake.time().advance(5_000);
        lab.world().close(REPO, 1, "alice", reason);
        change(&lab);
        assert_eq!(lab.versions(None), NONE, "{reason}");
        assert_eq!(refusals(&lab).len(), 1, "{reason}");
        lab.get(&lab.version(1), "gate").0.fails("not-completed");
        // Reopened and closed again it is an approval.
        lab.reopen(1, "alice");
        lab.close(1, "alice");
        assert_eq!(lab.versions(None), [lab.version(1)], "{reason}");
    }
    // An approval that somebody made a rejection is none, and stays none when the reason is changed back.
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    let (run, dir) = lab.get(&lab.version(1), "gate");
    run.succeeds();
    lab.world().change_reason(REPO, 1, "eve", "not_planned");
    lab.claim_of(&dir, &build(7)).fails("not-completed");
    lab.world().change_reason(REPO, 1, "eve", "completed");
    lab.claim_of(&dir, &build(7)).fails("not-completed");
}

#[test]
fn hidden_record_approves_nothing() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.recorded(2);
    let record = lab.issue(1).comments[0].id;
    lab.world().minimize(REPO, 1, record);
    lab.close(1, "alice");
    let run = lab.gate_check(None);
    assert_eq!(run.json(), json!([]));
    run.reports("was hidden");
    lab.get(&lab.version(1), "gate").0.fails("tampered").reports("was hidden");
    // Begun anew by the next record.
    lab.reopen(1, "alice");
    lab.record(3).succeeds();
    lab.close(1, "alice");
    let (run, dir) = lab.get(&lab.version(1), "anew");
    run.succeeds();
    assert_eq!(std::fs::read_to_string(dir.join("ref")).unwrap(), format!("{}\n", commit(3)));
}

#[test]
fn hidden_report_changes_nothing_and_a_hidden_claim_counts() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    let (_, dir) = lab.get(&lab.version(1), "gate");
    lab.claim_of(&dir, &build(7)).succeeds();
    lab.report("failed", &build(7)).succeeds();
    for comment in lab.issue(1).comments {
        lab.world().minimize(REPO, 1, comment.id);
    }
    lab.get(&lab.version(1), "again").0.succeeds();
    lab.claim_of(&dir, &build(8)).fails("already-used");
}

#[test]
fn record_of_an_account_that_is_gone_approves_nothing() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.recorded(2);
    lab.world().change(REPO, 1, |issue| issue.comments[0].author = "ghost".to_owned());
    lab.close(1, "alice");
    assert_eq!(lab.versions(None), NONE);
    lab.get(&lab.version(1), "gate").0.fails("tampered");
}

#[test]
fn people_are_known_by_their_account_and_not_by_a_login_that_changed_hands() {
    for closers in [json!({"users": ["eve"]}), json!({"teams": ["acme/deployers"]})] {
        let lab = Lab::new().source("closers", closers);
        lab.world().teams.insert("acme/deployers".to_owned(), vec!["eve".to_owned()]);
        lab.close(lab.recorded(1), "eve");
        assert_eq!(lab.versions(None).len(), 1);
        // Between the two questions the login comes to belong to somebody else.
        lab.fake.hook(|request, world, _, phase| {
            if phase == Phase::Before && request.path.starts_with("/user/") {
                world.users.get_mut("eve").unwrap().id = 999_999;
            }
            Action::Go
        });
        lab.get(&lab.version(1), "gate").0.fails("closer").reports("does not know the account of eve");
    }
}

#[test]
fn refused_assignee_leaves_the_others() {
    let lab = Lab::new();
    let mut params = record_params();
    params["assignees"] = json!(["alice", "nobody-of-this-name", "bob", "mallory"]);
    let run = lab.record_as(1, &params, &build(1));
    run.succeeds().reports("left out: nobody-of-this-name, mallory");
    assert_eq!(lab.issue(1).assignees, ["alice", "bob"]);
    // Eleven are one too many.
    let lab = Lab::new();
    let people: Vec<String> = (0..11).map(|n| format!("person-{n}")).collect();
    for person in &people {
        lab.world().add_user(person, Kind::User, REPO, Some(Role::Base("triage")));
    }
    params["assignees"] = json!(people);
    lab.record_as(1, &params, &build(1)).succeeds().reports("left out: person-10");
    assert_eq!(lab.issue(1).assignees.len(), 10);
    // In compatibility mode too.
    let lab = Lab::new();
    let put = json!({"source": lab.compat_source(), "params": {"assignees": ["nobody-of-this-name", "bob"]}});
    lab.run("out", &put, &lab.build_dir(1), Some(&build(1))).succeeds();
    assert_eq!(lab.issue(1).assignees, ["bob"]);
}

#[test]
fn rejected_issue_gets_a_word_on_the_next() {
    for reason in ["not_planned", "duplicate"] {
        let lab = Lab::new();
        lab.recorded(1);
        lab.fake.time().advance(5_000);
        lab.world().close(REPO, 1, "alice", reason);
        lab.record(2).succeeds();
        let body = lab.issue(2).body;
        let words = format!("`alice` closed #1 as {}", reason.replace('_', " "));
        assert!(body.contains(&words), "{words}: {body}");
        // Once an issue was approved there is nothing more to say of it.
        lab.close(2, "alice");
        lab.record(3).succeeds();
        assert!(!lab.issue(3).body.contains("was closed as"));
    }
    // What this account closes itself is no rejection.
    let lab = Lab::new().source("on_existing", "supersede");
    for n in 1..=3 {
        lab.fake.time().advance(3_600_000);
        lab.record(n).succeeds();
    }
    assert!(!lab.issue(3).body.contains("was closed as"), "{}", lab.issue(3).body);
}

#[test]
fn deleted_issue_gets_a_word_on_the_next() {
    let notices = |lab: &Lab, number: u64| {
        lab.issue(number).comments.iter().any(|comment| comment.body.contains("Issue #1 was deleted"))
    };
    let lab = Lab::new();
    lab.recorded(1);
    lab.world().delete(REPO, 1);
    lab.record(2).succeeds();
    assert!(notices(&lab, 2));
    lab.recorded(3);
    lab.close(2, "alice");
    assert_eq!(lab.versions(None), [lab.version(2)]);
    // An issue between that belongs to other people is no deleted one.
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    lab.world().open(REPO, "mallory", "hello", "", &[]);
    lab.record(2).succeeds();
    assert!(lab.issue(3).comments.is_empty());
}

#[test]
fn closing_that_was_refused_approves_nothing_later() {
    // The label is taken off.
    let lab = Lab::new().source("reject_labels", json!(["no"]));
    lab.recorded(1);
    lab.world().label(REPO, 1, "alice", "no");
    lab.close(1, "alice");
    assert_eq!(lab.versions(None), NONE);
    assert!(refusals(&lab)[0].contains("remove the label"), "{:?}", refusals(&lab));
    lab.world().change(REPO, 1, |issue| issue.labels.retain(|label| label != "no"));
    assert_eq!(lab.versions(None), NONE);
    lab.get(&lab.version(1), "gate").0.fails("refused");
    // Closed again, it is an approval.
    lab.reopen(1, "bob");
    lab.close(1, "bob");
    lab.claim(1, &build(7)).succeeds();

    // The rule is loosened.
    let lab = Lab::new().source("closers", json!({"users": ["bob"]}));
    lab.recorded(1);
    lab.close(1, "alice");
    assert_eq!(lab.versions(None), NONE);
    let lab = lab.source("closers", json!({"users": ["alice", "bob"]}));
    assert_eq!(lab.versions(None), NONE);
    lab.get(&lab.version(1), "gate").0.fails("refused");
}

#[test]
fn who_cannot_approve_is_reported_and_not_to_wait() {
    let lab = Lab::new().source("delay", 600).source("closers", json!({"users": ["bob"]}));
    lab.recorded(1);
    lab.close(1, "alice");
    assert_eq!(lab.versions(None), NONE);
    let notices: Vec<String> = lab.issue(1).comments.into_iter().map(|comment| comment.body).collect();
    assert!(notices.len() == 1 && notices[0].contains("alice cannot approve"), "{notices:?}");
}
