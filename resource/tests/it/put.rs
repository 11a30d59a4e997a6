//! Conformance cases 28 to 38: what a put opens, records, claims and reports.

use std::fs;
use std::thread;

use fake_github::{Action, Phase, Response};
use serde_json::{Value, json};

use crate::support::*;

fn on_write(lab: &Lab, phase: Phase, ends_with: &'static str, mut times: u32, action: Action) {
    lab.fake.hook(move |request, _, _, at| {
        if at == phase && request.method == "POST" && request.path.ends_with(ends_with) && times > 0 {
            times -= 1;
            return action.clone();
        }
        Action::Go
    });
}

fn bad_gateway() -> Action {
    Action::Answer(Response::error(502, "Bad Gateway"))
}

/// The commit of each record that an issue shows, in order.
fn recorded_commits(lab: &Lab, number: u64) -> Vec<String> {
    let issue = lab.issue(number);
    let first = marker(&issue.body)["record"]["pins"]["code"].clone();
    let later =
        issue.comments.iter().filter_map(|comment| Some(marker(&comment.body).get("record")?["pins"]["code"].clone()));
    std::iter::once(first).chain(later).filter_map(|code| code.as_str().map(str::to_owned)).collect()
}

// 28
#[test]
fn first_build_opens_the_issue() {
    let lab = Lab::new();
    let mut params = record_params();
    params["assignees"] = json!(["alice"]);
    let run = lab.record_as(1, &params, &build(1));
    run.succeeds();
    assert_eq!(run.count("issues/create"), 1);
    assert_eq!(run.json()["version"], json!({"issue_number": "1", "state": "open", "build": "1"}));
    let issue = lab.issue(1);
    assert_eq!(
        (issue.title.as_str(), issue.author.as_str(), issue.assignees.as_slice()),
        (TITLE, "gate-bot", ["alice".to_owned()].as_slice())
    );
    assert!(
        issue.labels.contains(&"promotion-to-qa".to_owned())
            && issue.labels.iter().any(|label| label.starts_with("gate:")),
        "{:?}",
        issue.labels
    );
    assert_eq!(marker(&issue.body)["gate"], GATE);
    for text in [
        "| **as completed** | approved: exactly the versions",
        "| as not planned, or as a duplicate | rejected: nothing is deployed |",
        &commit(1),
        "/builds/1)",
    ] {
        assert!(issue.body.contains(text), "{text:?} is not in {}", issue.body);
    }
}

#[test]
fn calm_puts_cost_four_requests_and_a_probe() {
    let lab = Lab::new();
    let first = lab.record(1);
    first.succeeds();
    assert_eq!(first.requests.len(), 4 + 1, "opening: two lists, the account, the issue; and the list that verifies");
    let second = lab.record(2);
    second.succeeds();
    assert_eq!(second.requests.len(), 4, "commenting: a list, the issue, the comment, the body");
    lab.close(1, "alice");
    let third = lab.record(3);
    third.succeeds();
    assert_eq!(third.requests.len(), 3 + 1, "opening the next: the account is known from the last");
    let (_, dir) = lab.get(&lab.version(1), "gate");
    let claim = lab.claim_of(&dir, &build(9));
    claim.succeeds();
    assert_eq!(
        claim.requests.len(),
        5 + 1,
        "claiming: the issue, what was touched since, the role, the comment, the body; and the reading that verifies"
    );
    let report = lab.report("succeeded", &build(9));
    report.succeeds();
    assert_eq!(report.requests.len(), 3, "reporting: the list that shows the claim, the issue, the comment");
    // An issue after that says what changed since, and reads for it what became of the claim.
    assert_eq!(lab.recorded(4), 2);
    lab.close(2, "alice");
    let fourth = lab.record(5);
    fourth.succeeds();
    assert_eq!(fourth.requests.len(), 3 + 1 + 1, "opening: and what became of the last claim");
}

// 29
#[test]
fn later_build_comments_on_the_open_issue() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.world().change(REPO, 1, |issue| issue.title = "A title that a person likes better".to_owned());
    let run = lab.record(2);
    run.succeeds();
    assert_eq!((run.count("issues/create"), run.count("issues/create-comment")), (0, 1));
    assert_eq!(lab.issues().len(), 1);
    assert_eq!(recorded_commits(&lab, 1), [commit(1), commit(2)]);
    assert_eq!(lab.issue(1).title, "A title that a person likes better");
    assert!(lab.issue(1).comments[0].body.contains("to deploy exactly these versions to `QA`"));
}

// 30
#[test]
fn issue_whose_marker_or_label_is_gone_is_adopted() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.world().change(REPO, 1, |issue| issue.labels.clear());
    lab.recorded(2);
    assert_eq!(lab.issues().len(), 1);
    assert!(lab.issue(1).labels.iter().any(|label| label.starts_with("gate:")), "the label is back");

    lab.world().edit_body(REPO, 1, "alice", "Somebody cleaned up.");
    lab.recorded(3);
    assert_eq!(lab.issues().len(), 1);
    assert_eq!(marker(&lab.issue(1).body)["gate"], GATE);
    // Only what was recorded since counts.
    lab.close(1, "alice");
    let (run, dir) = lab.get(&lab.version(1), "gate");
    run.succeeds();
    assert_eq!(fs::read_to_string(dir.join("ref")).unwrap(), format!("{}\n", commit(3)));
    let approval: Value = serde_json::from_slice(&fs::read(dir.join("approval.json")).unwrap()).unwrap();
    assert_eq!(approval["builds"].as_array().unwrap().len(), 1);
}

#[test]
fn issue_with_a_changed_record_starts_over_with_the_next_build() {
    let lab = Lab::new();
    for n in 1..=3 {
        lab.recorded(n);
    }
    let comment = lab.issue(1).comments[1].clone();
    lab.world().edit_comment(REPO, 1, comment.id, "bob", &comment.body.replace(&commit(3), &commit(9)));
    let run = lab.record(4);
    run.succeeds().reports("was edited by bob");
    assert_eq!(lab.issues().len(), 1);
    assert!(lab.issue(1).comments[1].body.contains("no longer counts"));
    lab.recorded(5);
    lab.close(1, "alice");
    let (run, dir) = lab.get(&lab.version(1), "gate");
    run.succeeds();
    assert_eq!(fs::read_to_string(dir.join("ref")).unwrap(), format!("{}\n", commit(5)));
}

#[test]
fn chain_that_was_written_back_is_no_chain() {
    let lab = Lab::new();
    for n in 1..=2 {
        lab.recorded(n);
    }
    // A put that read before somebody meddled, and writes after another put began anew.
    let old = lab.issue(1).body;
    let comment = lab.issue(1).comments[0].clone();
    lab.world().edit_comment(REPO, 1, comment.id, "bob", "gone");
    lab.recorded(3);
    lab.world().edit_body(REPO, 1, "gate-bot", &old);
    lab.world().edit_comment(REPO, 1, comment.id, "gate-bot", &comment.body);
    lab.close(1, "alice");
    let (run, _) = lab.get(&lab.version(1), "forked");
    run.fails("tampered").reports("its records contradict each other");
    lab.reopen(1, "alice");
    assert_eq!(lab.recorded(4), 1);
    lab.close(1, "alice");
    let (run, dir) = lab.get(&lab.version(1), "again");
    run.succeeds();
    assert_eq!(fs::read_to_string(dir.join("ref")).unwrap(), format!("{}\n", commit(4)));
}

#[test]
fn chain_that_was_written_back_with_another_record_is_no_chain() {
    let lab = Lab::new();
    for n in 1..=2 {
        lab.recorded(n);
    }
    let before = lab.issue(1);
    lab.recorded(3);
    let after = lab.issue(1);
    // The put of build 3 is late: it writes what it read before somebody meddled, after build 4 began anew.
    lab.world().delete_comment(REPO, 1, after.comments[1].id);
    lab.world().edit_body(REPO, 1, "gate-bot", &before.body);
    lab.world().edit_comment(REPO, 1, before.comments[0].id, "bob", "gone");
    lab.recorded(4);
    lab.fake.time().advance(5_000);
    lab.world().edit_comment(REPO, 1, before.comments[0].id, "gate-bot", &before.comments[0].body);
    lab.world().comment(REPO, 1, "gate-bot", &after.comments[1].body);
    lab.world().edit_body(REPO, 1, "gate-bot", &after.body);
    lab.close(1, "alice");
    let (run, _) = lab.get(&lab.version(1), "forked");
    run.fails("tampered").reports("its records contradict each other");
    // The next build begins anew.
    lab.reopen(1, "alice");
    assert_eq!(lab.recorded(5), 1);
    lab.close(1, "alice");
    let (run, dir) = lab.get(&lab.version(1), "again");
    run.succeeds();
    assert_eq!(fs::read_to_string(dir.join("ref")).unwrap(), format!("{}\n", commit(5)));
}

#[test]
fn claim_that_came_while_a_put_waited_stays() {
    let lab = Lab::new();
    lab.recorded(1);
    // Between the comment of a record and its body somebody closes the issue, and a build claims the approval.
    let claimed = std::sync::Arc::new(std::sync::Mutex::new(None));
    let (seen, mut once) = (std::sync::Arc::clone(&claimed), true);
    let nonce = "0123456789abcdef0123456789abcdef";
    lab.fake.hook(move |request, world, _, phase| {
        if phase == Phase::Before && request.method == "PATCH" && request.path.ends_with("/issues/1") && once {
            once = false;
            world.now += 5_000;
            world.close(REPO, 1, "alice", "completed");
            let closed_at = time_text(world.now);
            world.now += 5_000;
            let claim = json!({"kind": "claim", "claim": {"consumer": CONSUMER, "closed_at": closed_at, "recorded_at": closed_at, "build": "https://ci.example.org#77", "label": "x"}, "nonce": nonce});
            world.comment(REPO, 1, "gate-bot", &format!("<!-- ol-gate v1 {claim} -->\nDeploying"));
            *seen.lock().unwrap() = Some(closed_at);
        }
        fake_github::Action::Go
    });
    lab.record(2).succeeds();
    let claims = marker(&lab.issue(1).body)["claims"].clone();
    assert_eq!(claims[0]["closed_at"], json!(claimed.lock().unwrap().clone().unwrap()), "{claims}");
    assert_eq!(marker(&lab.issue(1).body)["records"], 2);
}

#[test]
fn claim_of_an_approval_that_is_withdrawn_meanwhile_leaves_no_word() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    let (got, dir) = lab.get(&lab.version(1), "gate");
    got.succeeds();
    let mut once = true;
    lab.fake.hook(move |request, world, _, phase| {
        if phase == Phase::After && request.method == "POST" && request.path.ends_with("/1/comments") && once {
            once = false;
            world.reopen(REPO, 1, "alice");
        }
        Action::Go
    });
    lab.claim_of(&dir, &build(7)).fails("withdrawn");
    assert!(lab.issue(1).comments.is_empty(), "{:?}", lab.issue(1).comments);
    lab.close(1, "alice");
    lab.claim(1, &build(8)).succeeds();
}

#[test]
fn report_finds_a_claim_that_ended_before_the_body_was_reported() {
    let lab = Lab::new();
    lab.recorded(1);
    let before = lab.issue(1).body;
    lab.close(1, "alice");
    lab.claim(1, &build(7)).succeeds();
    lab.world().edit_body(REPO, 1, "gate-bot", &before);
    lab.report("aborted", &build(7)).succeeds();
    assert!(lab.issue(1).comments.last().unwrap().body.contains("**Not deployed to `QA`:** the build was aborted"));
}

// 31
#[test]
fn build_is_recorded_once_and_its_repetition_says_so() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.record(1).succeeds().reports("recorded already");
    assert_eq!((lab.issues().len(), lab.issue(1).comments.len()), (1, 0));
    lab.recorded(2);
    let again = lab.record(2);
    again.succeeds().reports("recorded already");
    assert_eq!(again.writes(), Vec::<String>::new());
    assert_eq!(lab.issue(1).comments.len(), 1);
    // The same versions by another build: people see that it was deployed again.
    lab.record_as(2, &record_params(), &build(3)).succeeds();
    assert_eq!(lab.issue(1).comments.len(), 2);
    assert!(lab.issue(1).comments[1].body.contains("**Deployed to `CI` again**"));
}

#[test]
fn build_of_another_concourse_is_another_build() {
    let lab = Lab::new();
    lab.recorded(1);
    let other = build(1).with("ATC_EXTERNAL_URL", "https://ci.example.net");
    lab.record_as(2, &record_params(), &other).succeeds();
    assert_eq!(recorded_commits(&lab, 1), [commit(1), commit(2)]);
}

/// `n` puts at the same moment.
fn together(lab: &Lab, n: u64) -> Vec<Run> {
    let runs = thread::scope(|scope| {
        let puts: Vec<_> = (1..=n)
            .map(|k| {
                let endpoint = lab.fake.listen();
                let dir = lab.build_dir(k);
                let request = json!({"source": lab.gate_source("post"), "params": record_params()});
                let child = lab.spawn("out", &request, &dir, Some(&build(k)), &endpoint);
                scope.spawn(move || {
                    let output = child.wait_with_output().unwrap();
                    drop(endpoint);
                    lab.fake.time().leave();
                    lab.check(output)
                })
            })
            .collect();
        puts.into_iter().map(|put| put.join().unwrap()).collect::<Vec<_>>()
    });
    for run in &runs {
        run.succeeds();
    }
    runs
}

// 32
#[test]
fn puts_at_the_same_moment_leave_one_issue_with_all_versions() {
    let lab = Lab::new();
    together(&lab, 2);
    let open = lab.open_issues();
    assert_eq!(open.len(), 1);
    let mut commits = recorded_commits(&lab, open[0].number);
    commits.sort();
    assert_eq!(commits, [commit(1), commit(2)]);

    let lab = Lab::new();
    lab.world().list_lag = 60_000;
    together(&lab, 4);
    lab.fake.time().advance(120_000);
    lab.world().list_lag = 0;
    lab.recorded(5);
    let open = lab.open_issues();
    assert_eq!(open.len(), 1);
    let mut commits = recorded_commits(&lab, open[0].number);
    commits.sort();
    commits.dedup();
    assert_eq!(commits, (1..=5).map(commit).collect::<Vec<_>>());
    for closed in lab.issues().iter().filter(|issue| issue.closed) {
        assert_eq!(closed.state_reason.as_deref(), Some("duplicate"));
    }
}

// 33
#[test]
fn opening_of_unknown_outcome_is_looked_for_before_it_is_repeated() {
    let cases = [
        (Phase::After, bad_gateway()),
        (Phase::Before, bad_gateway()),
        (Phase::After, Action::Drop),
        (Phase::Before, Action::Drop),
        (Phase::After, Action::Truncate(20)),
        (Phase::After, Action::Answer(Response::json(201, &json!({"weird": true})))),
    ];
    for (phase, action) in cases {
        let lab = Lab::new();
        // Another that the account opened just before is not the one.
        lab.world().open(REPO, "gate-bot", "something else", "", &[]);
        on_write(&lab, phase, "/issues", 1, action.clone());
        let run = lab.record(1);
        run.succeeds().reports("whether it was carried out is not known");
        assert_eq!(lab.issues().len(), 2, "{phase:?} {action:?}");
        assert_eq!(run.json()["version"]["issue_number"], "2", "{phase:?} {action:?}");
        let posts = run
            .requests
            .iter()
            .filter(|logged| logged.request.method == "POST" && logged.request.path.ends_with("/issues"))
            .count();
        assert_eq!(posts, if phase == Phase::After { 1 } else { 2 }, "{phase:?} {action:?}");
    }
}

#[test]
fn opening_that_a_lagging_list_hides_is_found_by_its_number() {
    let lab = Lab::new();
    on_write(&lab, Phase::After, "/issues", 1, bad_gateway());
    lab.world().list_lag = 60_000;
    lab.record(1).succeeds();
    let open = lab.open_issues();
    assert_eq!(open.len(), 1, "the first came to light by its number");
    assert_eq!(open[0].number, 1);
}

#[test]
fn put_whose_opening_never_succeeds_says_so() {
    let lab = Lab::new();
    on_write(&lab, Phase::Before, "/issues", 99, bad_gateway());
    lab.record(1).fails("ambiguous");
    assert_eq!(lab.issues().len(), 0);
}

// 34
#[test]
fn comment_of_unknown_outcome_is_looked_for_before_it_is_repeated() {
    for (phase, action) in [
        (Phase::After, bad_gateway()),
        (Phase::Before, bad_gateway()),
        (Phase::After, Action::Drop),
        (Phase::After, Action::Truncate(5)),
    ] {
        let lab = Lab::new();
        lab.recorded(1);
        on_write(&lab, phase, "/comments", 1, action.clone());
        lab.record(2).succeeds();
        assert_eq!(recorded_commits(&lab, 1), [commit(1), commit(2)], "{phase:?} {action:?}");
        assert_eq!(lab.issue(1).comments.len(), 1, "{phase:?} {action:?}");
        lab.close(1, "alice");
        let (run, _) = lab.get(&lab.version(1), "gate");
        run.succeeds();
    }
}

#[test]
fn comment_that_a_lagging_replica_hides_counts_once() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.fake.time().advance(200_000);
    lab.world().read_lag = 60_000;
    on_write(&lab, Phase::After, "/comments", 1, bad_gateway());
    lab.record(2).succeeds();
    lab.world().read_lag = 0;
    lab.recorded(3);
    lab.close(1, "alice");
    let (run, dir) = lab.get(&lab.version(1), "gate");
    run.succeeds();
    let approval: Value = serde_json::from_slice(&fs::read(dir.join("approval.json")).unwrap()).unwrap();
    assert_eq!(approval["builds"].as_array().unwrap().len(), 3, "one record, two comments");
}

// 35
#[test]
fn several_open_issues_become_one() {
    let lab = Lab::new();
    lab.recorded(1);
    let copy = lab.issue(1);
    // Another put's, which did not see the first.
    let body = copy
        .body
        .replace(&marker(&copy.body)["nonce"].as_str().unwrap()[..8], "deadbeef")
        .replace(&commit(1), &commit(2))
        .replace("ci.example.org#1", "ci.example.org#2");
    let text = body.split_once(" -->\n").unwrap().1;
    let hash = {
        let digest = ring::digest::digest(&ring::digest::SHA256, text.trim_end().as_bytes());
        format!("{digest:?}").trim_start_matches("SHA256:").to_owned()
    };
    let body = body.replace(marker(&copy.body)["text"].as_str().unwrap(), &hash);
    lab.world().open(REPO, "gate-bot", TITLE, &body, &copy.labels);
    assert_eq!(lab.recorded(3), 1);
    assert_eq!(lab.open_issues().len(), 1);
    assert_eq!(lab.issue(2).state_reason.as_deref(), Some("duplicate"));
    assert!(lab.issue(2).comments.iter().any(|comment| comment.body.contains("duplicate of #1")));
    assert_eq!(recorded_commits(&lab, 1), [commit(1), commit(2), commit(3)]);
    assert!(lab.issue(1).comments[0].body.contains("Copied from issue #2"));
}

/// A put that found but the second of two issues writes on it, while another put is closing it as a duplicate.
#[test]
fn record_that_comes_while_its_issue_is_closed_as_a_duplicate_is_not_lost() {
    for first_is_closed in [false, true] {
        let lab = Lab::new();
        assert_eq!(lab.recorded(1), 1);
        (lab.world().list_lag, lab.world().read_lag) = (600_000, 600_000);
        assert_eq!(lab.recorded(2), 2);
        (lab.world().list_lag, lab.world().read_lag) = (0, 0);
        // What such a put writes.
        let before = lab.issue(2);
        lab.world().change(REPO, 1, |issue| issue.closed = true);
        assert_eq!(lab.recorded(4), 2);
        let late = lab.issue(2).comments[0].clone();
        lab.world().change(REPO, 1, |issue| issue.closed = false);
        lab.world().change(REPO, 2, |issue| (issue.body, issue.edits, issue.comments) = (before.body, vec![], vec![]));
        let mut late = Some(late);
        lab.fake.hook(move |request, world, _, phase| {
            let closes = request.method == "PATCH" && request.json().is_some_and(|body| body["state"] == "closed");
            if phase == Phase::Before
                && closes
                && request.path.ends_with("/issues/2")
                && let Some(mut late) = late.take()
            {
                late.created_at = world.now;
                world.change(REPO, 2, |issue| issue.comments.push(late));
                if first_is_closed {
                    world.close(REPO, 1, "alice", "completed");
                }
            }
            Action::Go
        });
        lab.record(3).succeeds();
        lab.fake.unhook();
        let open = lab.open_issues();
        assert_eq!(open.len(), 1, "{first_is_closed}");
        let commits = recorded_commits(&lab, open[0].number);
        for n in [3, 4] {
            assert!(commits.contains(&commit(n)), "{first_is_closed}: {n} is not among {commits:?}");
        }
        lab.fake.time().advance(10_000);
        lab.close(open[0].number, "alice");
        let (run, dir) = lab.get(&lab.version(open[0].number), "gate");
        run.succeeds();
        assert_eq!(fs::read_to_string(dir.join("ref")).unwrap(), format!("{}\n", commit(3)));
    }
}

#[test]
fn issue_that_a_person_opened_again_is_left_open() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    lab.fake.time().advance(3_600_000);
    assert_eq!(lab.recorded(2), 2);
    lab.reopen(1, "alice");
    lab.recorded(3);
    assert_eq!(lab.open_issues().len(), 2);
    assert_eq!(recorded_commits(&lab, 2), [commit(2), commit(3)]);
    assert_eq!(recorded_commits(&lab, 1), [commit(1)]);
}

// 36
#[test]
fn build_after_the_closing_gets_an_issue_of_its_own() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.fake.time().advance(5_000);
    let mut once = true;
    lab.fake.hook(move |request, world, _, phase| {
        if phase == Phase::Before && request.path.ends_with("/comments") && once {
            once = false;
            world.close(REPO, 1, "alice", "completed");
        }
        Action::Go
    });
    assert_eq!(lab.recorded(2), 2);
    assert_eq!(recorded_commits(&lab, 2), [commit(2)]);
    let (run, dir) = lab.get(&lab.version(1), "gate");
    run.succeeds();
    assert_eq!(fs::read_to_string(dir.join("ref")).unwrap(), format!("{}\n", commit(1)));
}

// 37
#[test]
fn assignee_that_github_refuses_is_left_out() {
    let lab = Lab::new();
    let mut params = record_params();
    params["assignees"] = json!(["alice", "left-the-company"]);
    lab.record_as(1, &params, &build(1)).succeeds().reports("left-the-company");
    assert_eq!(lab.issues().len(), 1);
    assert_eq!(lab.issue(1).assignees, ["alice"]);
}

// 37
#[test]
fn locked_issue_is_followed_by_a_new_one() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.world().change(REPO, 1, |issue| issue.locked = true);
    assert_eq!(lab.recorded(2), 2);
    assert!(lab.issue(2).body.contains("/issues/1, which is locked"));
    assert_eq!(lab.recorded(3), 2, "and the next one goes there");
    assert_eq!(recorded_commits(&lab, 2), [commit(2), commit(3)]);
}

// 37
#[test]
fn long_text_is_cut_and_keeps_marker_and_link() {
    let lab = Lab::new();
    let mut params = record_params();
    params["body_files"] = json!(["preview/one.md", "preview/two.md", "preview/none.md"]);
    let dir = lab.build_dir(1);
    fs::create_dir_all(dir.join("preview")).unwrap();
    fs::write(dir.join("preview/one.md"), "line of a preview 😀\n".repeat(4_000)).unwrap();
    fs::write(dir.join("preview/two.md"), "````\nshort\n").unwrap();
    lab.put(&params, &dir, &build(1)).succeeds();
    let body = lab.issue(1).body;
    assert!(body.encode_utf16().count() <= 65_536);
    assert_eq!(marker(&body)["gate"], GATE);
    for text in [
        "/builds/1)",
        "cut here",
        "`````text\n````\nshort\n`````",
        "This build did not make the file `preview/none.md`",
    ] {
        assert!(body.contains(text), "{text:?}");
    }
    assert_eq!(body.matches("<details>").count(), body.matches("</details>").count());
    lab.put(&params, &dir, &build(2)).succeeds();
    lab.close(1, "alice");
    let (run, _) = lab.get(&lab.version(1), "gate");
    run.succeeds();
}

#[test]
fn label_that_github_drops_is_reported_and_the_gates_own_is_required() {
    let lab = Lab::new();
    lab.world().refused_labels = vec!["promotion-to-qa".to_owned()];
    lab.record(1).succeeds().reports("promotion-to-qa");
    let lab = Lab::new();
    lab.world().drops_labels = true;
    lab.record(1).fails("forbidden").reports("without it no closing is seen");
}

#[test]
fn account_other_than_the_named_one_is_refused() {
    let lab = Lab::new().source("bot", 424_242);
    lab.record(1).fails("bad-source").reports("`bot` is 424242, and these credentials belong to `gate-bot`");
}

// 38
#[test]
fn approval_starts_one_deployment_by_itself() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    let (_, dir) = lab.get(&lab.version(1), "gate");
    let first = lab.claim_of(&dir, &build(7));
    first.succeeds();
    assert_eq!(first.json()["version"], json!({"issue_number": "1", "state": "claimed", "build": "7"}));
    let claims =
        |lab: &Lab| lab.issue(1).comments.iter().filter(|comment| marker(&comment.body)["kind"] == "claim").count();
    assert_eq!(claims(&lab), 1);
    // The same build again, as after a retry.
    lab.claim_of(&dir, &build(7)).succeeds();
    assert_eq!(claims(&lab), 1);
    // Another one: of a pipeline that was set anew, or of a job that was renamed.
    let other = build(8).with("BUILD_PIPELINE_NAME", "shop-2").with("BUILD_JOB_NAME", "deploy");
    lab.claim_of(&dir, &other).fails("already-used").reports("shop/deploy-shop-ci #7");
    assert_eq!(claims(&lab), 1);
    // By a person.
    lab.claim_of(&dir, &build(9).by("carol")).succeeds();
    assert_eq!(claims(&lab), 2);
    assert!(lab.issue(1).comments.last().unwrap().body.contains("`carol` started this build by hand"));
    // Deleting the comments gives nothing back.
    for comment in lab.issue(1).comments {
        lab.world().delete_comment(REPO, 1, comment.id);
    }
    lab.claim_of(&dir, &build(10)).fails("already-used");
}

#[test]
fn issue_that_is_deployed_again_and_again_keeps_its_claims() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    let (_, dir) = lab.get(&lab.version(1), "gate");
    lab.claim_of(&dir, &build(7)).succeeds();
    for n in 0..30 {
        lab.claim_of(&dir, &build(100 + n).by("carol")).succeeds();
    }
    assert!(marker(&lab.issue(1).body)["claims"].as_array().unwrap().len() <= 20);
    lab.claim_of(&dir, &build(8)).fails("already-used");
}

// 38
#[test]
fn withdrawn_approval_is_not_claimed() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    let (_, dir) = lab.get(&lab.version(1), "gate");
    lab.reopen(1, "alice");
    lab.claim_of(&dir, &build(7)).fails("withdrawn");
    lab.close(1, "alice");
    lab.claim_of(&dir, &build(7).by("alice")).fails("withdrawn");
    assert!(lab.issue(1).comments.is_empty());
    // Reopened between the comment and the last write.
    let (_, dir) = lab.get(&lab.version(1), "gate");
    lab.fake.hook(|request, world, _, phase| {
        if phase == Phase::Before && request.method == "PATCH" {
            world.reopen(REPO, 1, "alice");
        }
        Action::Go
    });
    lab.claim_of(&dir, &build(8)).fails("withdrawn");
}

// 38
#[test]
fn approval_behind_a_used_one_is_refused_and_reported() {
    let lab = Lab::new();
    for n in 1..=3 {
        assert_eq!(lab.recorded(n), n);
        lab.close(n, "alice");
    }
    let (_, first) = lab.get(&lab.version(1), "gate-1");
    lab.claim(1, &build(70)).succeeds();
    lab.claim(3, &build(71)).succeeds();
    let notices = |lab: &Lab, number: u64| {
        lab.issue(number).comments.iter().filter(|comment| comment.body.contains("Superseded by #3")).count()
    };
    assert_eq!([notices(&lab, 1), notices(&lab, 2)], [0, 1], "the one between was passed over");
    for who in [build(72), build(73).by("carol")] {
        lab.claim_of(&first, &who).fails(if who.env.contains_key("BUILD_CREATED_BY") {
            "out-of-order"
        } else {
            "already-used"
        });
    }
    // Closing an old issue again is a new approval of old versions.
    lab.reopen(2, "alice");
    lab.close(2, "alice");
    let again = lab.claim(2, &build(74));
    again.fails("out-of-order").reports("rollback");
    // The label of somebody who cannot approve allows nothing.
    lab.world().label(REPO, 2, "eve", "rollback");
    lab.claim(2, &build(75)).fails("out-of-order");
    lab.world().change(REPO, 2, |issue| issue.labels.retain(|label| label != "rollback"));
    lab.world().label(REPO, 2, "alice", "rollback");
    lab.world().comment(REPO, 2, "alice", "Back to the second version.");
    lab.claim(2, &build(76)).succeeds();
    assert_eq!([notices(&lab, 1), notices(&lab, 2)], [0, 1], "told once");
}

/// Issue 1 was deployed, then issue 2. The approver closes issue 1 again.
fn back_to_the_first() -> Lab {
    let lab = Lab::new();
    for n in 1..=2 {
        assert_eq!(lab.recorded(n), n);
        lab.close(n, "alice");
        lab.claim(n, &build(70 + n)).succeeds();
    }
    lab.reopen(1, "alice");
    lab.close(1, "alice");
    lab
}

fn roll_back(lab: &Lab, who: &str) {
    lab.fake.time().advance(5_000);
    lab.world().label(REPO, 1, who, "rollback");
    lab.fake.time().advance(5_000);
    lab.world().comment(REPO, 1, who, "Back to the first version: the second one is slow.");
}

#[test]
fn label_allows_one_rollback() {
    let lab = back_to_the_first();
    roll_back(&lab, "alice");
    lab.claim(1, &build(80)).succeeds();
    // A build that a person starts again deploys the same once more.
    lab.claim(1, &build(81).by("carol")).succeeds();
    // The second version is deployed again, and the label is still there.
    lab.reopen(2, "alice");
    lab.close(2, "alice");
    lab.claim(2, &build(82)).succeeds();
    lab.reopen(1, "wendy");
    lab.close(1, "alice");
    lab.claim(1, &build(83)).fails("out-of-order").reports("rollback");
    // Without another closing of the second one, either.
    lab.world().change(REPO, 1, |issue| issue.labels.retain(|label| label != "rollback"));
    roll_back(&lab, "alice");
    lab.claim(1, &build(84)).succeeds();
    lab.claim(2, &build(85).by("carol")).succeeds();
    lab.reopen(1, "wendy");
    lab.close(1, "alice");
    lab.claim(1, &build(86)).fails("out-of-order");
}

#[test]
fn label_needs_a_comment_of_the_same_person_after_it() {
    let lab = back_to_the_first();
    lab.world().comment(REPO, 1, "alice", "Is this the one?");
    lab.fake.time().advance(5_000);
    lab.world().label(REPO, 1, "alice", "rollback");
    lab.claim(1, &build(80)).fails("out-of-order").reports("comment");
    lab.fake.time().advance(5_000);
    lab.world().comment(REPO, 1, "bob", "Go ahead.");
    lab.claim(1, &build(81)).fails("out-of-order");
    lab.world().comment(REPO, 1, "alice", "Going back.");
    lab.claim(1, &build(82)).succeeds();
}

#[test]
fn claim_compares_the_versions_that_were_got() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    let (_, dir) = lab.get(&lab.version(1), "gate");
    let file = dir.join("approval.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace(&commit(1), &commit(9))).unwrap();
    lab.claim_of(&dir, &build(7)).fails("out-of-order").reports("approves other versions");
}

#[test]
fn two_claims_at_the_same_moment_are_one_deployment() {
    for seed in 0..12 {
        claims_at_the_same_moment(if seed < 4 { 0 } else { 1_900 }, seed);
    }
}

/// Four claims at once, while reads are behind by `lag` milliseconds.
fn claims_at_the_same_moment(lag: i64, seed: u64) {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    let (_, dir) = lab.get(&lab.version(1), "gate");
    lab.fake.time().advance(60_000);
    lab.world().read_lag = lag;
    lab.fake.time().simulate(seed);
    let runs: Vec<Run> = thread::scope(|scope| {
        let claims: Vec<_> = (1..=4)
            .map(|k| {
                let endpoint = lab.fake.listen();
                let params = json!({"action": "claim", "approval": "gate/approval.json"});
                let request = json!({"source": lab.gate_source("post"), "params": params});
                let child = lab.spawn("out", &request, dir.parent().unwrap(), Some(&build(100 + k)), &endpoint);
                let lab = &lab;
                scope.spawn(move || {
                    let output = child.wait_with_output().unwrap();
                    drop(endpoint);
                    lab.fake.time().leave();
                    lab.check(output)
                })
            })
            .collect();
        claims.into_iter().map(|claim| claim.join().unwrap()).collect()
    });
    assert_eq!(runs.iter().filter(|run| run.code == Some(0)).count(), 1, "{runs:#?}");
    assert_eq!(runs.iter().filter(|run| run.stderr.contains("error[already-used]")).count(), 3);
    assert_eq!(lab.issue(1).comments.len(), 1, "the losers take their claims back");
}

#[test]
fn issue_tells_what_became_of_its_approval() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    let (_, dir) = lab.get(&lab.version(1), "gate");
    lab.claim_of(&dir, &build(7)).succeeds();
    for (status, text) in [
        ("started", "**Deploying to `QA`**"),
        ("failed", "**Not deployed to `QA`:** a step failed"),
        ("errored", "**Not deployed to `QA`:** Concourse could not run the job"),
        ("aborted", "**Not deployed to `QA`:** the build was aborted"),
        ("succeeded", "**Deployed to `QA`**"),
    ] {
        lab.report(status, &build(7)).succeeds();
        let last = lab.issue(1).comments.last().unwrap().body.clone();
        assert!(last.contains(text) && last.contains("/builds/7)"), "{last}");
        let count = lab.issue(1).comments.len();
        let again = lab.report(status, &build(7));
        again.succeeds();
        assert_eq!(lab.issue(1).comments.len(), count, "said once");
    }
    // A hook of a build whose get failed.
    let run = lab.report("failed", &build(8));
    run.succeeds().reports("nothing is reported");
    assert_eq!(run.json()["version"], json!({"state": "unreported", "build": "8"}));
    lab.claim_of(&dir, &build(9).by("carol")).succeeds();
    lab.world().change(REPO, 1, |issue| issue.locked = true);
    lab.report("failed", &build(9)).succeeds().reports("is locked");
}

#[test]
fn preview_without_changes_leaves_nothing_waiting() {
    let lab = Lab::new().source("gate", "shop/-/QA/ready");
    let mut params = record_params();
    params["close_if_file"] = json!("preview/no-changes");
    params["body_files"] = json!(["preview/summary.md"]);
    let empty = lab.dir("unchanged", &[("preview/no-changes", "")]);
    let run = lab.put(&params, &empty, &build(1));
    run.succeeds().reports("nothing to approve");
    assert_eq!(run.json()["version"], json!({"state": "closed", "build": "1"}));
    assert_eq!(lab.issues().len(), 0);
    // With changes an issue, then without any: it is closed, and says so.
    let dir = lab.build_dir(2);
    fs::create_dir_all(dir.join("preview")).unwrap();
    fs::write(dir.join("preview/summary.md"), "one change\n").unwrap();
    lab.put(&params, &dir, &build(2)).succeeds();
    fs::write(dir.join("preview/summary.md"), "two changes\n").unwrap();
    fs::write(dir.join("code/.git/ref"), commit(3)).unwrap();
    lab.put(&params, &dir, &build(3)).succeeds();
    assert!(
        lab.issue(1).body.contains("two changes") && !lab.issue(1).body.contains("one change"),
        "the body is the newest preview"
    );
    assert!(lab.issue(1).body.contains("was previewed for `QA`"));
    assert!(!lab.issue(1).body.contains("did not make"));
    // What has no text is not shown.
    fs::write(dir.join("preview/summary.md"), "\n").unwrap();
    lab.put(&params, &dir, &build(33)).succeeds();
    assert!(!lab.issue(1).body.contains("<details>"), "{}", lab.issue(1).body);
    lab.put(&params, &empty, &build(4)).succeeds();
    assert_eq!((lab.issue(1).closed, lab.issue(1).state_reason.as_deref()), (true, Some("not_planned")));
    assert!(lab.issue(1).comments.last().unwrap().body.contains("**Nothing to approve:**"));
    assert_eq!(lab.versions(None), Vec::<Value>::new());
    // A person who opens it again keeps it.
    lab.reopen(1, "alice");
    lab.put(&params, &empty, &build(5)).succeeds();
    assert!(!lab.issue(1).closed);
}

#[test]
fn preview_edited_in_place_is_approved_at_its_newest() {
    let lab = Lab::new().source("gate", "shop/-/QA/ready");
    let params = record_params();
    for n in 1..=3 {
        lab.record_as(n, &params, &build(n)).succeeds();
    }
    lab.close(1, "alice");
    let (run, dir) = lab.get(&lab.version(1), "gate");
    run.succeeds();
    assert_eq!(fs::read_to_string(dir.join("ref")).unwrap(), format!("{}\n", commit(3)));
    assert!(lab.issue(1).body.contains(&format!("| `code` | `{}` |", commit(3))));
}

#[test]
fn record_that_asks_nothing_is_closed_with_the_put() {
    let lab = Lab::new().source("destination", Value::Null);
    let params = json!({"action": "record", "title": "done", "pins": {"code": "code/.git/ref"}, "labels": ["finalized-deployment"], "state": "closed"});
    for n in 1..=2 {
        let run = lab.record_as(n, &params, &build(n));
        run.succeeds();
        assert_eq!(run.json()["version"]["state"], "closed");
        lab.record_as(n, &params, &build(n)).succeeds();
    }
    assert_eq!(lab.issues().len(), 2);
    assert_eq!(lab.open_issues().len(), 0);
    let lab = lab.source("destination", CONSUMER);
    let params = json!({"action": "record", "title": "t", "pins": {"code": "code/.git/ref"}, "state": "closed"});
    lab.record_as(3, &params, &build(3)).fails("bad-params");
}

#[test]
fn newer_issue_supersedes_the_older_where_that_is_wanted() {
    let lab = Lab::new().source("on_existing", "supersede");
    assert_eq!(lab.recorded(1), 1);
    lab.fake.time().advance(3_600_000);
    assert_eq!(lab.recorded(2), 2);
    assert_eq!(lab.issue(1).state_reason.as_deref(), Some("not_planned"));
    assert!(lab.issue(1).comments[0].body.contains("Superseded by #2"));
    assert_eq!(lab.record(2).json()["version"]["issue_number"], "2");
    assert_eq!(lab.issues().len(), 2);
    // A person was first: that approval stands.
    let mut once = true;
    lab.fake.hook(move |request, world, _, phase| {
        if phase == Phase::Before && request.method == "PATCH" && request.path.ends_with("/2") && once {
            once = false;
            world.close(REPO, 2, "alice", "completed");
        }
        Action::Go
    });
    assert_eq!(lab.recorded(3), 3);
    assert_eq!(lab.issue(2).state_reason.as_deref(), Some("completed"));
    assert_eq!(lab.versions(None), [lab.version(2)]);
}

#[test]
fn comments_beyond_the_limit_share_one() {
    let lab = Lab::new().source("max_comments", 3);
    for n in 1..=8 {
        assert_eq!(lab.recorded(n), 1);
        lab.fake.time().advance(60_000);
    }
    let issue = lab.issue(1);
    assert_eq!(issue.comments.len(), 3);
    let last = &issue.comments[2].body;
    for n in 4..=8 {
        assert!(last.contains(&format!("/builds/{n})")), "build {n} is not told of in {last}");
    }
    lab.close(1, "alice");
    let (run, dir) = lab.get(&lab.version(1), "gate");
    run.succeeds();
    let approval: Value = serde_json::from_slice(&fs::read(dir.join("approval.json")).unwrap()).unwrap();
    assert_eq!(approval["builds"].as_array().unwrap().len(), 8, "all records stay");
    assert_eq!(approval["pins"]["code"], commit(8));
}

#[test]
fn closing_between_shared_records_approves_the_one_before() {
    let lab = Lab::new().source("max_comments", 1);
    for n in 1..=3 {
        lab.recorded(n);
        lab.fake.time().advance(10_000);
    }
    let mut once = true;
    lab.fake.hook(move |request, world, _, phase| {
        if phase == Phase::Before && request.method == "POST" && request.path.ends_with("/comments") && once {
            once = false;
            world.close(REPO, 1, "alice", "completed");
            world.now += 5_000;
        }
        Action::Go
    });
    assert_eq!(lab.recorded(4), 2);
    let (run, dir) = lab.get(&lab.version(1), "gate");
    run.succeeds();
    assert_eq!(fs::read_to_string(dir.join("ref")).unwrap(), format!("{}\n", commit(3)));
}

#[test]
fn renamed_gate_goes_on_with_its_issue() {
    let lab = Lab::new();
    lab.recorded(1);
    let lab = lab.renamed();
    assert_eq!(lab.recorded(2), 1);
    lab.close(1, "alice");
    assert_eq!(lab.versions(None), [lab.version(1)]);
    lab.claim(1, &build(7)).succeeds();
}

#[test]
fn renamed_gate_still_knows_what_was_used() {
    let lab = Lab::new();
    for n in 1..=2 {
        assert_eq!(lab.recorded(n), n);
        lab.close(n, "alice");
        lab.claim(n, &build(70 + n)).succeeds();
    }
    let lab = lab.renamed();
    lab.reopen(1, "alice");
    lab.close(1, "alice");
    lab.claim(1, &build(80)).fails("out-of-order").reports("#2 was deployed already");
}

/// What GitHub's GraphQL says of a duplicate to those who do not ask for duplicates is not written anywhere.
#[test]
fn reason_that_became_another_before_the_claim_is_no_approval() {
    for reason in ["duplicate", "not_planned"] {
        let lab = Lab::new();
        lab.recorded(1);
        lab.close(1, "alice");
        let (_, dir) = lab.get(&lab.version(1), "gate");
        lab.world().duplicates_read_completed = true;
        // On the page the reason of a closed issue can be changed.
        lab.world().change(REPO, 1, |issue| issue.state_reason = Some(reason.to_owned()));
        lab.claim_of(&dir, &build(7)).fails("not-completed").reports(&reason.replace('_', " "));
    }
}

#[test]
fn signed_records_survive_everything_that_a_put_does() {
    let lab = Lab::new().source("signing_key", SIGNING_KEY);
    for n in 1..=3 {
        assert_eq!(lab.recorded(n), 1);
    }
    lab.close(1, "alice");
    assert_eq!(lab.versions(None), [lab.version(1)]);
    lab.claim(1, &build(7)).succeeds();
    // A put that was killed before it could sign for the number: the next run of it does.
    lab.fake.hook(|request, _, _, phase| match (request.method.as_str(), phase) {
        ("PATCH", Phase::Before) => Action::Drop,
        _ => Action::Go,
    });
    assert_eq!(lab.record(4).code, Some(1));
    lab.fake.unhook();
    assert_eq!(lab.issues().len(), 2);
    lab.close(2, "alice");
    let (run, _) = lab.get(&lab.version(2), "unsigned");
    run.fails("tampered").reports("not signed");
    lab.reopen(2, "alice");
    assert_eq!(lab.recorded(4), 2);
    lab.close(2, "alice");
    let (run, _) = lab.get(&lab.version(2), "signed");
    run.succeeds();
    let lab = lab.source("signing_key", "short");
    lab.record(5).fails("bad-source").reports("too short");
}

#[test]
fn params_that_say_nothing_sensible_are_refused_before_any_request() {
    let lab = Lab::new();
    for (key, value, words) in [
        ("title", json!("((title))"), "a variable that nothing filled"),
        ("labels", json!(["((label))"]), "a variable that nothing filled"),
        ("title", json!(" "), "empty"),
        ("nonsense", json!(1), "nonsense"),
        ("action", json!("destroy"), "destroy"),
    ] {
        let mut params = record_params();
        params[key] = value;
        let run = lab.record_as(1, &params, &build(1));
        run.fails("bad-params").reports(words);
        assert_eq!(run.requests.len(), 0);
    }
    for (file, text) in [("code/.git/ref", "main\n"), ("img/digest", "two words"), ("img/digest", "")] {
        let dir = lab.build_dir(1);
        fs::write(dir.join(file), text).unwrap();
        lab.put(&record_params(), &dir, &build(1)).fails("bad-file").reports(file);
        lab.build_dir(1);
    }
    let empty = lab.dir("empty", &[]);
    lab.put(&record_params(), &empty, &build(1)).fails("bad-file").reports("is not there");
}

/// The second version was deployed. The approval of the first one, given before, was never used.
fn older_approval_left() -> Lab {
    let lab = Lab::new();
    for n in 1..=2 {
        assert_eq!(lab.recorded(n), n);
        lab.close(n, "alice");
    }
    // The claim of the second one does not see the first, and does not say that it was passed over.
    let labels = lab.issue(1).labels;
    lab.world().change(REPO, 1, |issue| issue.labels.clear());
    lab.claim(2, &build(70)).succeeds();
    lab.world().change(REPO, 1, |issue| issue.labels.clone_from(&labels));
    lab.fake.time().advance(5_000);
    lab
}

#[test]
fn used_approval_counts_whatever_others_do_to_its_issue() {
    type Way<'w> = (&'w str, &'w dyn Fn(&Lab));
    let label_off = |lab: &Lab| lab.world().change(REPO, 2, |issue| issue.labels.clear());
    let edit = |lab: &Lab, change: &dyn Fn(&str) -> String| {
        let body = change(&lab.issue(2).body);
        lab.world().edit_body(REPO, 2, "wendy", &body);
    };
    let many_others = |lab: &Lab| {
        let labels = lab.issue(1).labels;
        for _ in 0..120 {
            let number = lab.world().open(REPO, "eve", "Another", "", &labels);
            lab.world().comment(REPO, number, "eve", "Hello.");
        }
    };
    let ways: [Way<'_>; 6] = [
        ("the label is taken off", &label_off),
        ("the claim is taken out of the body", &|lab| edit(lab, &|body| body.replace("claims", "clams"))),
        ("the text is changed", &|lab| edit(lab, &|body| format!("{body}\nMore."))),
        ("the body and the label are gone", &|lab| {
            edit(lab, &|_| String::new());
            label_off(lab);
        }),
        ("it is open again, and changed", &|lab| {
            lab.reopen(2, "eve");
            edit(lab, &|_| "Nothing.".to_owned());
        }),
        ("other issues with the label are newer", &many_others),
    ];
    for (way, hide) in ways {
        let lab = older_approval_left();
        hide(&lab);
        let run = lab.claim(1, &build(80));
        assert!(run.stderr.contains("error[out-of-order]"), "{way}: {}", run.stderr);
        run.reports("#2").reports("rollback");
        roll_back(&lab, "alice");
        lab.claim(1, &build(81)).succeeds();
    }
    // What was passed over knows by what, wherever that went.
    let lab = Lab::new();
    for n in 1..=2 {
        assert_eq!(lab.recorded(n), n);
        lab.close(n, "alice");
    }
    lab.claim(2, &build(70)).succeeds();
    lab.world().add_repository("octo/elsewhere");
    lab.world().transfer(REPO, 2, "octo/elsewhere", "wendy");
    lab.claim(1, &build(80)).fails("out-of-order").reports("passed over by #2, which is gone");
}

#[test]
fn changed_issue_of_another_gate_is_in_nobodys_way() {
    let lab = Lab::new();
    lab.close(lab.recorded(1), "alice");
    // Another gate's, one of the account's other uses, and a person's.
    let body = lab.issue(1).body.replace(GATE, "other/-/CI/deployed");
    let other = lab.world().open(REPO, "gate-bot", "Another", &body, &[]);
    lab.world().edit_body(REPO, other, "wendy", &format!("{body}\nMore."));
    let plain = lab.world().open(REPO, "gate-bot", "Plain", "No marker.", &[]);
    lab.world().comment(REPO, plain, "wendy", "Hello.");
    let person = lab.world().open(REPO, "wendy", "Mine", "", &[]);
    lab.world().edit_body(REPO, person, "alice", "Changed.");
    lab.claim(1, &build(80)).succeeds();
}
