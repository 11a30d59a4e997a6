//! Conformance cases 1 to 21: what a check sees.

use std::fs;

use fake_github::{Action, Phase, Response};
use serde_json::{Value, json};

use crate::support::*;

const NONE: &[Value] = &[];

/// Issues 1 to `n`, each recorded and approved.
fn approved(lab: &Lab, n: u64) {
    for number in 1..=n {
        assert_eq!(lab.recorded(number), number);
        lab.close(number, "alice");
    }
}

fn answer_once(lab: &Lab, path: &'static str, response: Response) {
    answer_times(lab, path, response, 1);
}

fn answer_times(lab: &Lab, path: &'static str, response: Response, mut times: u32) {
    lab.fake.hook(move |request, _, _, phase| {
        if phase == Phase::Before && request.path.ends_with(path) && times > 0 {
            times -= 1;
            return Action::Answer(response.clone());
        }
        Action::Go
    });
}

// 1
#[test]
fn no_issue_is_no_version() {
    let lab = Lab::new();
    let run = lab.gate_check(None);
    assert_eq!((run.code, run.json(), run.requests.len()), (Some(0), json!([]), 1), "{run:?}");
}

// 2
#[test]
fn approval_is_one_version() {
    let lab = Lab::new();
    let number = lab.recorded(1);
    assert_eq!(lab.versions(None), NONE);
    lab.close(number, "alice");
    assert_eq!(lab.versions(None), [json!({"issue_number": "1", "issue_closed_at": lab.closed_at(1)})]);
}

// 3, 18
#[test]
fn first_check_gives_the_newest_used_or_not() {
    let lab = Lab::new();
    approved(&lab, 3);
    assert_eq!(lab.versions(None), [lab.version(3)]);
    lab.claim(3, &build(70)).succeeds();
    assert_eq!(lab.versions(None), [lab.version(3)]);
    let lab = lab.source("not_before", "2027-01-01T00:00:00Z");
    assert_eq!(lab.versions(None), NONE);
}

// 4
#[test]
fn approvals_come_by_their_closing_each_time_the_same() {
    let lab = Lab::new();
    approved(&lab, 3);
    lab.reopen(2, "alice");
    lab.close(2, "alice");
    let first = lab.version(1);
    let wanted = [lab.version(1), lab.version(3), lab.version(2)];
    for run in 0..50 {
        if run % 2 == 0 {
            fs::remove_dir_all(lab.temp.path().join("cache")).unwrap();
        }
        assert_eq!(lab.versions(Some(&first)), wanted);
    }
}

// 5
#[test]
fn nothing_new_is_the_known_version() {
    let lab = Lab::new();
    approved(&lab, 2);
    let run = lab.gate_check(Some(&lab.version(2)));
    assert_eq!(run.json(), json!([lab.version(2)]));
    assert_eq!(run.requests.len(), 1, "the known version is not asked about again");
}

// 6, 7
#[test]
fn reopening_withdraws_and_closing_again_is_another_version() {
    let lab = Lab::new();
    approved(&lab, 1);
    let before = lab.version(1);
    lab.reopen(1, "alice");
    assert_eq!(lab.versions(Some(&before)), NONE);
    lab.close(1, "bob");
    let after = lab.version(1);
    assert_ne!(before, after);
    assert_eq!(lab.versions(Some(&before)), [after]);
}

// 8
#[test]
fn what_is_edited_after_the_closing_changes_no_version() {
    let lab = Lab::new();
    approved(&lab, 1);
    let version = lab.version(1);
    lab.fake.time().advance(60_000);
    {
        let mut world = lab.world();
        let body = world.issue(REPO, 1).unwrap().body.clone();
        world.change(REPO, 1, |issue| issue.title = "Another title".to_owned());
        world.label(REPO, 1, "alice", "another-label");
        world.edit_body(REPO, 1, "alice", &format!("{body}\nmore"));
    }
    assert_eq!(lab.versions(Some(&version)), [version]);
}

// 9
#[test]
fn comment_on_an_old_issue_does_not_bring_it_back() {
    let lab = Lab::new();
    approved(&lab, 2);
    let known = lab.version(2);
    lab.world().comment(REPO, 1, "mallory", "still talking");
    assert_eq!(lab.versions(Some(&known)), std::slice::from_ref(&known));
    assert_eq!(lab.recorded(3), 3);
    lab.close(3, "alice");
    lab.world().comment(REPO, 1, "mallory", "and on");
    assert_eq!(lab.versions(Some(&known)), [known, lab.version(3)]);
}

// 10
#[test]
fn closings_of_one_second_come_by_number() {
    let lab = Lab::new();
    approved(&lab, 1);
    assert_eq!(lab.recorded(2), 2);
    lab.reopen(1, "alice");
    lab.fake.time().advance(10_000);
    for number in [2, 1] {
        lab.world().close(REPO, number, "alice", "completed");
    }
    assert_eq!(lab.closed_at(1), lab.closed_at(2));
    assert_eq!(lab.versions(Some(&lab.version(1))), [lab.version(1), lab.version(2)]);
}

// 11
#[test]
fn only_closing_as_completed_counts() {
    for reason in ["not_planned", "duplicate"] {
        let lab = Lab::new();
        let number = lab.recorded(1);
        lab.fake.time().advance(5_000);
        lab.world().close(REPO, number, "alice", reason);
        let run = lab.gate_check(None);
        assert_eq!((run.json(), run.requests.len()), (json!([]), 1), "{reason}");
    }
    let lab = Lab::new();
    let number = lab.recorded(1);
    lab.close(number, "alice");
    lab.world().change(REPO, number, |issue| issue.state_reason = None);
    assert_eq!(lab.versions(None), NONE);
    let lab = Lab::new();
    let number = lab.recorded(1);
    lab.close(number, "gate-bot");
    let run = lab.gate_check(None);
    assert_eq!(run.json(), json!([]));
    run.reports("gate-bot cannot approve");
}

// 12, 13, 14
#[test]
fn only_our_own_issues_of_this_gate_count() {
    let lab = Lab::new();
    let number = lab.recorded(1);
    let ours = lab.issue(number);
    lab.world().change(REPO, number, |issue| issue.pull_request = true);
    lab.close(number, "alice");
    let open = |author: &str, body: &str| {
        let number = lab.world().open(REPO, author, TITLE, body, &ours.labels);
        lab.close(number, "alice");
    };
    for key in ["shop/-/CI2/deployed", "xshop/-/CI/deployed", "shop/-/CI/ready", "shop/-/C/deployed"] {
        open("gate-bot", &ours.body.replace(GATE, key));
    }
    open("alice", &ours.body);
    open("mallory", &ours.body);
    open("gate-bot", &format!(" {}", ours.body));
    open("gate-bot", &format!("Look:\n{}", ours.body));
    open("gate-bot", "no marker");
    assert_eq!(lab.versions(None), NONE);
    // The same issues without what is wrong with them do count.
    open("gate-bot", &ours.body);
    assert_eq!(lab.versions(None).len(), 1);
}

// 14
#[test]
fn marker_with_a_wrong_signature_is_refused_aloud() {
    let lab = Lab::new().source("signing_key", SIGNING_KEY);
    let number = lab.recorded(1);
    lab.close(number, "alice");
    assert_eq!(lab.versions(None), [lab.version(1)]);
    let lab = lab.source("signing_key", "another key of enough characters");
    let run = lab.gate_check(None);
    assert_eq!(run.json(), json!([]));
    run.reports("not signed");
}

/// Records, has `who` close the issue by `closer`, and gives what a check sees and says.
fn closed_by(lab: &Lab, who: &str, closer: Option<&'static str>) -> (Vec<Value>, String) {
    let number = lab.recorded(1);
    lab.fake.time().advance(5_000);
    lab.world().close_by(REPO, number, Some(who), "completed", closer);
    let run = lab.gate_check(None);
    run.succeeds();
    (run.json().as_array().unwrap().clone(), run.stderr)
}

// 15
#[test]
fn closer_without_the_right_counts_for_nothing_and_is_reported() {
    let machines = ["Commit", "PullRequest", "ProjectV2"].map(Some);
    let cases = [("eve", None), ("mallory", None), ("stale[bot]", None)];
    for (who, closer) in cases.into_iter().chain(machines.map(|machine| ("bob", machine))) {
        let lab = Lab::new();
        let (versions, log_text) = closed_by(&lab, who, closer);
        assert_eq!(versions, NONE, "{who} {closer:?}");
        assert!(log_text.contains("issue #1, closed at"), "{log_text}");
        let notice_count = |lab: &Lab| {
            lab.issue(1).comments.iter().filter(|comment| comment.body.contains("**Not approved:**")).count()
        };
        assert_eq!(notice_count(&lab), 1, "{who} {closer:?}");
        // Once, however often it is checked.
        lab.gate_check(None).succeeds();
        fs::remove_dir_all(lab.temp.path().join("cache")).unwrap();
        lab.gate_check(None).succeeds();
        assert_eq!(notice_count(&lab), 1, "{who} {closer:?}");
    }
}

// 15
#[test]
fn closer_with_the_right_approves() {
    let closers = |closers: Value| Lab::new().source("closers", closers);
    let accepted = [
        (Lab::new(), "alice", None),
        (closers(json!({"apps": ["stale"]})), "stale[bot]", None),
        (closers(json!({"users": ["EVE"]})), "eve", None),
        (closers(json!({"roles": ["triage"]})), "alice", None),
        (closers(json!({"teams": ["acme/deployers"]})), "eve", None),
        (Lab::new().source("allow_commit_close", true), "bob", Some("Commit")),
        (Lab::new().source("allow_commit_close", true), "bob", Some("PullRequest")),
    ];
    for (lab, who, closer) in accepted {
        lab.world().teams.insert("acme/deployers".to_owned(), vec!["eve".to_owned()]);
        assert_eq!(closed_by(&lab, who, closer).0.len(), 1, "{who} {closer:?} {:?}", lab.source);
    }
    let refused = [
        (closers(json!({"users": ["alice"]})), "bob", None),
        (closers(json!({"roles": ["maintain"]})), "alice", None),
        (closers(json!({"teams": ["acme/others"]})), "alice", None),
        (closers(json!({"apps": ["other"]})), "stale[bot]", None),
        (closers(json!({"apps": ["stale"]})), "alice", None),
        (Lab::new().source("allow_commit_close", true), "bob", Some("ProjectV2")),
        (Lab::new().source("allow_commit_close", true), "eve", Some("Commit")),
        (Lab::new().source("reject_labels", json!(["promotion-to-qa"])), "alice", None),
    ];
    for (lab, who, closer) in refused {
        assert_eq!(closed_by(&lab, who, closer).0, NONE, "{who} {closer:?} {:?}", lab.source);
    }
}

#[test]
fn closing_is_the_last_event_and_of_its_moment() {
    let seen = |change: fn(&mut fake_github::Issue)| {
        let lab = Lab::new();
        lab.recorded(1);
        lab.close(1, "alice");
        lab.world().change(REPO, 1, change);
        lab.versions(None).len()
    };
    // GitHub writes the event a moment after the issue.
    assert_eq!(seen(|issue| issue.events[0].at += 1_000), 1);
    assert_eq!(seen(|issue| issue.events[0].at += 10_000), 0);
    assert_eq!(seen(|issue| issue.events.clear()), 0);
    assert_eq!(
        seen(|issue| {
            let at = issue.events[0].at;
            issue.events.push(fake_github::Event {
                kind: fake_github::EventKind::Reopened,
                at,
                actor: Some("eve".to_owned()),
            });
        }),
        0
    );
}

#[test]
fn role_of_the_organisations_own_is_known_by_name() {
    let lab = Lab::new();
    lab.world().add_user(
        "carol",
        fake_github::Kind::User,
        REPO,
        Some(fake_github::Role::Custom("deployer".into(), "triage")),
    );
    assert_eq!(closed_by(&lab, "carol", None).0, NONE);
    let lab = Lab::new().source("closers", json!({"roles": ["deployer"]}));
    lab.world().add_user(
        "carol",
        fake_github::Kind::User,
        REPO,
        Some(fake_github::Role::Custom("deployer".into(), "triage")),
    );
    assert_eq!(closed_by(&lab, "carol", None).0.len(), 1);
}

#[test]
fn login_that_was_given_to_another_account_approves_nothing() {
    let lab = Lab::new();
    let number = lab.recorded(1);
    lab.close(number, "alice");
    let mut first = true;
    // Between the two questions the login changes hands.
    lab.fake.hook(move |request, world, _, phase| {
        if phase == Phase::Before && request.path.ends_with("/permission") && first {
            first = false;
            world.users.get_mut("alice").unwrap().id = 999_999;
        }
        Action::Go
    });
    let run = lab.gate_check(None);
    assert_eq!(run.json(), json!([]));
    run.reports("belongs to another account");
}

#[test]
fn delay_holds_an_approval_and_expiry_voids_it() {
    let lab = Lab::new().source("delay", 3_600);
    let number = lab.recorded(1);
    lab.close(number, "alice");
    let run = lab.gate_check(None);
    assert_eq!(run.json(), json!([]));
    run.reports("waits until");
    assert!(lab.issue(1).comments.iter().any(|comment| comment.body.contains("**Approved, and waiting:**")));
    // The answer that was kept is not taken for the one of later.
    lab.fake.time().advance(3_599_000);
    lab.gate_check(None).succeeds();
    lab.fake.time().advance(2_000);
    assert_eq!(lab.versions(None), [lab.version(1)]);

    let lab = Lab::new().source("expires", 3_600);
    let number = lab.recorded(1);
    lab.close(number, "alice");
    assert_eq!(lab.versions(None), [lab.version(1)]);
    lab.fake.time().advance(3_600_000);
    let (run, _) = lab.get(&lab.version(1), "late");
    run.fails("expired");
    fs::remove_dir_all(lab.temp.path().join("cache")).unwrap();
    assert_eq!(lab.versions(None), NONE);
}

#[test]
fn soak_counts_from_the_record_and_not_from_the_closing() {
    let lab = Lab::new().source("soak", 3_600);
    let number = lab.recorded(1);
    lab.fake.time().advance(3_000_000);
    lab.close(number, "alice");
    let run = lab.gate_check(None);
    assert_eq!(run.json(), json!([]));
    run.reports("waits until");
    lab.fake.time().advance(601_000);
    assert_eq!(lab.versions(None), [lab.version(1)]);
    // The one that counts is the later of both.
    let lab = Lab::new().source("soak", 60).source("delay", 3_600);
    lab.close(lab.recorded(1), "alice");
    lab.fake.time().advance(61_000);
    assert_eq!(lab.versions(None), NONE);
    lab.fake.time().advance(3_540_000);
    assert_eq!(lab.versions(None), [lab.version(1)]);
}

#[test]
fn version_that_was_replaced_before_the_soak_was_over_cannot_be_approved() {
    // While its issue is open the newer one takes its place there, and is what a closing approves.
    let lab = Lab::new().source("soak", 3_600);
    let number = lab.recorded(1);
    lab.close(number, "alice");
    lab.reopen(number, "alice");
    lab.record(2).succeeds();
    lab.fake.time().advance(3_700_000);
    lab.close(number, "alice");
    assert_eq!(lab.versions(None), [lab.version(1)]);
    // On another issue: the claim finds it.
    let lab = Lab::new().source("soak", 3_600);
    let number = lab.recorded(1);
    lab.close(number, "alice");
    lab.fake.time().advance(1_000_000);
    lab.record(2).succeeds();
    assert_eq!(lab.issues().len(), 2);
    lab.fake.time().advance(2_700_000);
    let (run, dir) = lab.get(&lab.version(number), "gate");
    run.succeeds();
    lab.claim_of(&dir, &build(9)).fails("replaced").reports("a newer version was recorded at");
    // Whoever takes the label off that issue does not hide it.
    let labels = lab.issue(2).labels;
    lab.world().change(REPO, 2, |issue| issue.labels.clear());
    lab.claim_of(&dir, &build(10)).fails("replaced");
    lab.world().change(REPO, 2, |issue| issue.labels = labels);
    // The newer one, after its own time.
    lab.close(2, "alice");
    lab.fake.time().advance(1_000_000);
    let (run, dir) = lab.get(&lab.version(2), "newer");
    run.succeeds();
    lab.claim_of(&dir, &build(10)).succeeds();
}

#[test]
fn version_that_is_deployed_again_replaces_nothing() {
    let lab = Lab::new().source("soak", 3_600);
    let number = lab.recorded(1);
    lab.close(number, "alice");
    lab.fake.time().advance(1_000_000);
    lab.put(&record_params(), &lab.build_dir(1), &build(50)).succeeds();
    lab.fake.time().advance(2_700_000);
    let (run, dir) = lab.get(&lab.version(number), "gate");
    run.succeeds();
    lab.claim_of(&dir, &build(9)).succeeds();
}

#[test]
fn window_holds_an_approval_until_it_opens() {
    let lab = Lab::new().source("windows", json!([{"from": "23:00", "to": "00:00", "zone": "UTC"}]));
    lab.close(lab.recorded(1), "alice");
    let run = lab.gate_check(None);
    assert_eq!(run.json(), json!([]));
    run.reports("the approval waits: outside of the hours for deployments, until ").reports("23:00 in UTC");
    assert!(lab.issue(1).comments.iter().any(|comment| comment.body.contains("**Approved, and waiting:**")));
    // A claim asks again, and `+` is no way past.
    let (run, dir) = lab.get(&lab.version(1), "gate");
    run.fails("held");
    drop(dir);
    // In a day it opens once, for an hour.
    let mut open = 0;
    for _ in 0..48 {
        lab.fake.time().advance(1_800_000);
        open += usize::from(lab.gate_check(None).json() == json!([lab.version(1)]));
    }
    assert_eq!(open, 2);
}

#[test]
fn freeze_holds_what_a_window_would_let_through() {
    let freeze = json!([{"from": "2000-01-01", "to": "2999-01-01", "zone": "Europe/Berlin", "why": "for ever"}]);
    let lab = Lab::new().source("freezes", freeze);
    lab.close(lab.recorded(1), "alice");
    let run = lab.gate_check(None);
    assert_eq!(run.json(), json!([]));
    run.reports("the approval waits: frozen (for ever), until 2999-01-01 00:00 in Europe/Berlin");
}

#[test]
fn window_or_freeze_that_cannot_be_read_is_refused() {
    for (field, value, message) in [
        ("windows", json!([{"from": "9:00", "to": "16:00", "zone": "UTC"}]), "is not a time of the day"),
        ("windows", json!([{"from": "09:00", "to": "24:01", "zone": "UTC"}]), "is not a time of the day"),
        ("windows", json!([{"from": "09:00", "to": "16:00", "zone": "Mars/Base"}]), "there is no time zone"),
        ("windows", json!([{"from": "09:00", "to": "16:00"}]), "zone"),
        ("freezes", json!([{"from": "2026-02-30", "to": "2026-03-01", "zone": "UTC", "why": "x"}]), "is not a day"),
        (
            "freezes",
            json!([{"from": "2026-03-02", "to": "2026-03-01", "zone": "UTC", "why": "x"}]),
            "ends before it begins",
        ),
    ] {
        Lab::new().source(field, value).gate_check(None).fails("bad-source").reports(message);
    }
}

#[test]
fn policy_that_cannot_be_kept_is_refused() {
    for (field, value) in [("approvals", json!(2)), ("approvals", json!(0)), ("not_author", json!(true))] {
        let lab = Lab::new().source(field, value);
        lab.gate_check(None).fails("unsupported").reports(field);
        lab.record(1).fails("unsupported");
        assert_eq!(lab.fake.log().len(), 0);
    }
    let lab = Lab::new().source("approvals", 1);
    lab.gate_check(None).succeeds();
}

/// A list of people that a variable leaves empty means nobody, and not everybody with the role triage.
#[test]
fn closers_that_name_nobody_are_refused() {
    for closers in [json!({}), json!({"users": []}), json!({"users": [], "teams": [], "roles": [], "apps": []})] {
        let lab = Lab::new().source("closers", closers);
        lab.gate_check(None).fails("bad-source").reports("closers");
        assert_eq!(lab.fake.log().len(), 0);
    }
}

/// A list of windows that a variable leaves empty means no time, and not every time.
#[test]
fn windows_without_a_window_are_refused() {
    let lab = Lab::new().source("windows", json!([]));
    lab.gate_check(None).fails("bad-source").reports("windows");
    assert_eq!(lab.fake.log().len(), 0);
}

#[test]
fn roles_of_the_two_resources_are_kept_apart() {
    let lab = Lab::new();
    let request = json!({"source": lab.gate_source("post")});
    lab.run("check", &request, lab.temp.path(), None).fails("bad-source").reports("role: post");
    let request = json!({"source": lab.gate_source("trigger"), "params": record_params()});
    lab.run("out", &request, &lab.build_dir(1), Some(&build(1))).fails("bad-source").reports("role: trigger");
}

// 16
#[test]
fn all_pages_are_read_and_a_page_that_fails_is_asked_for_again() {
    let lab = Lab::new();
    approved(&lab, 1);
    let ours = lab.issue(1);
    {
        let mut world = lab.world();
        for _ in 0..249 {
            let number = world.open(REPO, "gate-bot", TITLE, &ours.body, &ours.labels);
            world.now += 1_500;
            world.close(REPO, number, "alice", "completed");
        }
    }
    lab.fake.time().advance(1_000_000);
    let mut failed = false;
    lab.fake.hook(move |request, _, _, phase| {
        if phase == Phase::Before && request.param("page") == Some("2") && !failed {
            failed = true;
            return Action::Answer(Response::error(502, "Bad Gateway"));
        }
        Action::Go
    });
    let run = lab.gate_check(Some(&lab.version(1)));
    run.succeeds();
    let versions = run.json();
    assert_eq!(versions.as_array().unwrap().len(), 250);
    assert_eq!(versions[0], lab.version(1));
    assert_eq!(versions[249], lab.version(250));
    assert_eq!(run.requests.iter().filter(|logged| logged.operation == "issues/list-for-repo").count(), 3);
    assert_eq!(run.requests.iter().filter(|logged| logged.status == Some(502)).count(), 1);
}

#[test]
fn first_check_of_a_large_repository_reads_what_it_needs() {
    let lab = Lab::new();
    approved(&lab, 2);
    let ours = lab.issue(1);
    {
        let mut world = lab.world();
        // Other people's issues, and five pages of this gate's older ones.
        for n in 0..10_000 {
            let (author, labels) = if n < 500 { ("gate-bot", ours.labels.clone()) } else { ("mallory", vec![]) };
            let number = world.open(REPO, author, "noise", if n < 500 { &ours.body } else { "" }, &labels);
            if n < 500 {
                world.close(REPO, number, "alice", "not_planned");
            }
        }
    }
    lab.close(lab.recorded(7), "alice");
    let run = lab.gate_check(None);
    assert_eq!(run.json(), json!([lab.version(10_003)]));
    assert_eq!(run.count("issues/list-for-repo"), 1, "the newest update is the newest closing");
}

// 17
#[test]
fn unchanged_list_costs_nothing_against_the_limit() {
    let lab = Lab::new();
    approved(&lab, 2);
    let first = lab.gate_check(Some(&lab.version(1)));
    let left = |lab: &Lab| lab.world().requests;
    let before = left(&lab);
    let second = lab.gate_check(Some(&lab.version(1)));
    assert_eq!((second.requests.len(), second.requests[0].status), (1, Some(304)));
    assert_eq!(left(&lab), before);
    assert_eq!(second.json(), first.json());
    // A cache that somebody broke is no cache.
    for entry in fs::read_dir(lab.temp.path().join("cache/github-issues-resource")).unwrap() {
        fs::write(entry.unwrap().path(), "{\"etag\": 1").unwrap();
    }
    let third = lab.gate_check(Some(&lab.version(1)));
    assert_eq!(third.requests[0].status, Some(200));
    assert_eq!(third.json(), first.json());
}

#[test]
fn list_of_several_pages_is_not_taken_for_unchanged() {
    let lab = Lab::new();
    approved(&lab, 3);
    lab.world().page_size = Some(2);
    let known = lab.version(1);
    assert_eq!(lab.versions(Some(&known)).len(), 3);
    // The first page stays as it is; the new approval comes on the last.
    lab.recorded(4);
    lab.close(4, "alice");
    assert_eq!(lab.versions(Some(&known)).last(), Some(&lab.version(4)));
}

#[test]
fn approval_that_a_lagging_replica_hid_is_not_lost() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.fake.time().advance(100_000);
    lab.close(1, "alice");
    lab.world().read_lag = 60_000;
    // The list has the closing, the issue itself has not yet.
    assert_eq!(lab.versions(None), NONE);
    lab.fake.time().advance(61_000);
    let run = lab.gate_check(None);
    assert_eq!(run.json(), json!([lab.version(1)]), "the list did not change meanwhile");
    assert!(lab.issue(1).comments.is_empty(), "nobody was told anything wrong");
}

#[test]
fn answer_is_kept_for_an_hour_at_most() {
    let lab = Lab::new();
    let number = lab.recorded(1);
    lab.close(number, "eve");
    for _ in 0..3 {
        assert_eq!(lab.versions(None), NONE);
    }
    assert_eq!(lab.fake.log().last().unwrap().status, Some(304));
    lab.world().users.get_mut("eve").unwrap().roles.insert(REPO.to_owned(), fake_github::Role::Base("triage"));
    lab.fake.time().advance(3_700_000);
    // The answer is asked for again. The closing stays refused, since eve was told so.
    assert_eq!(lab.versions(None), NONE);
    assert_eq!(lab.fake.log().last().unwrap().status, Some(200));
    lab.reopen(number, "eve");
    lab.close(number, "eve");
    assert_eq!(lab.versions(None), [lab.version(number)]);
}

#[test]
fn account_that_is_not_the_named_one_is_reported() {
    let lab = Lab::new();
    lab.close(lab.recorded(1), "alice");
    let lab = lab.source("bot", 424_242);
    let run = lab.gate_check(None);
    assert_eq!(run.json(), json!([]));
    run.reports("issue #1 is of gate-bot, and not of the gate's account");
}

// 19
#[test]
fn older_version_is_followed_by_all_since() {
    let lab = Lab::new();
    approved(&lab, 4);
    let wanted: Vec<Value> = (2..=4).map(|number| lab.version(number)).collect();
    assert_eq!(lab.versions(Some(&lab.version(2))), wanted);
}

// 20
#[test]
fn used_up_limit_is_waited_for_within_reason() {
    let limited = |lab: &Lab, seconds: i64| {
        let reset = (lab.fake.time().now() / 1_000 + seconds).to_string();
        Response::error(403, "API rate limit exceeded")
            .with("x-ratelimit-remaining", "0")
            .with("x-ratelimit-reset", &reset)
    };
    let lab = Lab::new();
    approved(&lab, 1);
    let start = lab.fake.time().now();
    answer_once(&lab, "/issues", limited(&lab, 2));
    assert_eq!(lab.versions(None), [lab.version(1)]);
    let waited = lab.fake.time().now() - start;
    assert!((2_000..6_000).contains(&waited), "{waited}");

    let lab = Lab::new();
    answer_once(&lab, "/issues", limited(&lab, 3_600));
    let start = lab.fake.time().now();
    let run = lab.gate_check(None);
    run.fails("rate-limited").reports("2026-01-05T11:00:0");
    assert!(lab.fake.time().now() - start < 120_000);
    assert_eq!(run.requests.len(), 1);
    let lab = lab.source("max_wait", 4_000);
    answer_once(&lab, "/issues", limited(&lab, 3_600));
    lab.gate_check(None).succeeds();
}

// 21
#[test]
fn secondary_limits_are_waited_for_and_permissions_are_not() {
    let waited = |response: Response, times: u32| {
        let lab = Lab::new().source("max_wait", 1_000);
        answer_times(&lab, "/issues", response, times);
        let start = lab.fake.time().now();
        lab.gate_check(None).succeeds();
        (lab.fake.time().now() - start) / 1_000
    };
    assert_eq!(waited(Response::error(429, "Too Many Requests").with("retry-after", "1"), 1), 1);
    assert_eq!(waited(Response::error(403, "You have exceeded a secondary rate limit."), 1), 60);
    assert_eq!(waited(Response::error(403, "You have exceeded a secondary rate limit."), 2), 180);
    assert_eq!(waited(Response::error(429, "Too Many Requests"), 1), 60);

    let lab = Lab::new();
    answer_once(&lab, "/issues", Response::error(403, "Resource not accessible by personal access token"));
    let run = lab.gate_check(None);
    run.fails("forbidden").reports("Resource not accessible");
    assert_eq!(run.requests.len(), 1);
}

#[test]
fn limit_of_graphql_comes_with_status_200() {
    let lab = Lab::new();
    approved(&lab, 1);
    let reset = (lab.fake.time().now() / 1_000 + 10).to_string();
    let body = json!({"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]});
    answer_once(
        &lab,
        "/graphql",
        Response::json(200, &body).with("x-ratelimit-remaining", "0").with("x-ratelimit-reset", &reset),
    );
    assert_eq!(lab.versions(None), [lab.version(1)]);
}

#[test]
fn low_limit_is_reported() {
    let lab = Lab::new();
    lab.world().requests = 4_600;
    lab.gate_check(None).succeeds().reports("rate limit: 399 of 5000 requests left");
}

#[test]
fn answer_that_graphql_gives_in_part_is_no_answer() {
    let lab = Lab::new();
    approved(&lab, 1);
    let body = json!({"data": {"repository": {"issue": null}}, "errors": [{"type": "FORBIDDEN", "message": "Resource not accessible by integration", "path": ["repository", "issue", "closings"]}]});
    answer_once(&lab, "/graphql", Response::json(200, &body));
    lab.gate_check(None).fails("forbidden");
}

#[test]
fn former_key_of_the_gate_is_still_its_own() {
    let lab = Lab::new();
    approved(&lab, 1);
    let lab = lab.renamed();
    assert_eq!(lab.versions(None), [lab.version(1)]);
    assert_eq!(lab.versions(Some(&lab.version(1))), [lab.version(1)]);
}

#[test]
fn credentials_are_asked_for_their_account_where_none_is_named() {
    let lab = Lab::new();
    approved(&lab, 1);
    let lab = lab.source("bot", Value::Null);
    let run = lab.gate_check(None);
    assert_eq!(run.json(), json!([lab.version(1)]));
    assert_eq!(run.count("users/get-authenticated"), 1);
}
