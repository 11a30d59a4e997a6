//! What goes wrong between the resource and GitHub, and a process that is killed at any moment.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use fake_github::{Action, Config, FakeGithub, Phase, Request, Response, World};
use serde_json::{Value, json};

use crate::support::*;

/// Runs a put and kills it at its `nth` request, before the request takes effect or after. Whether it came that far.
fn killed_at(lab: &Lab, params: &Value, dir: &Path, build: &Build, nth: usize, phase: Phase) -> bool {
    let mut count = 0;
    killed_when(lab, params, dir, build, move |_, _, at| {
        if at == Phase::Before {
            count += 1;
        }
        count == nth && at == phase
    })
}

/// Runs a put and kills it at the first request that is meant. Whether it came that far.
fn killed_when(
    lab: &Lab,
    params: &Value,
    dir: &Path,
    build: &Build,
    mut is_meant: impl FnMut(&Request, &mut World, Phase) -> bool + Send + 'static,
) -> bool {
    let (sender, frozen) = mpsc::channel();
    lab.fake.hook(move |request, world, _, at| {
        if is_meant(request, world, at) {
            let _ = sender.send(());
            return Action::Freeze;
        }
        Action::Go
    });
    let request = json!({"source": lab.gate_source("post"), "params": params});
    let mut child = lab.spawn("out", &request, dir, Some(build), &lab.endpoint);
    let reached = loop {
        if frozen.recv_timeout(Duration::from_millis(5)).is_ok() {
            child.kill().unwrap();
            break true;
        }
        if child.try_wait().unwrap().is_some() {
            break false;
        }
    };
    child.wait().unwrap();
    lab.fake.time().leave();
    lab.fake.unhook();
    reached
}

/// Kills a put at every request of its, before and after, runs it again, and has `then` look at what came of it.
fn killed_anywhere(prepare: impl Fn() -> (Lab, Value, std::path::PathBuf, Build), then: impl Fn(&Lab, usize, Phase)) {
    for phase in [Phase::Before, Phase::After] {
        for nth in 1.. {
            let (lab, params, dir, build) = prepare();
            if !killed_at(&lab, &params, &dir, &build, nth, phase) {
                assert!(nth > 3, "the put was killed nowhere");
                break;
            }
            lab.fake.time().advance(30_000);
            lab.put(&params, &dir, &build).succeeds();
            then(&lab, nth, phase);
        }
    }
}

/// The commits that an approval of the only open issue would name, and how many builds it tells of.
fn approve_and_count(lab: &Lab) -> (String, usize) {
    let open = lab.open_issues();
    assert_eq!(open.len(), 1, "open issues: {:?}", open.iter().map(|issue| issue.number).collect::<Vec<_>>());
    lab.close(open[0].number, "alice");
    let (run, dir) = lab.get(&lab.version(open[0].number), "judged");
    run.succeeds();
    let approval: Value = serde_json::from_slice(&std::fs::read(dir.join("approval.json")).unwrap()).unwrap();
    (approval["pins"]["code"].as_str().unwrap().to_owned(), approval["builds"].as_array().unwrap().len())
}

#[test]
fn put_killed_anywhere_opens_one_issue() {
    for signed in [false, true] {
        let prepare = || {
            let lab = if signed { Lab::new().source("signing_key", SIGNING_KEY) } else { Lab::new() };
            let dir = lab.build_dir(1);
            (lab, record_params(), dir, build(1))
        };
        killed_anywhere(prepare, |lab, nth, phase| {
            assert_eq!(lab.issues().len(), 1, "{phase:?} request {nth}");
            assert_eq!(approve_and_count(lab), (commit(1), 1), "{phase:?} request {nth}");
        });
    }
}

#[test]
fn put_killed_anywhere_adds_one_record() {
    let prepare = || {
        let lab = Lab::new().source("max_comments", 2);
        for n in 1..=3 {
            lab.recorded(n);
        }
        let dir = lab.build_dir(4);
        (lab, record_params(), dir, build(4))
    };
    killed_anywhere(prepare, |lab, nth, phase| {
        assert_eq!(lab.issues().len(), 1, "{phase:?} request {nth}");
        lab.recorded(5);
        assert_eq!(approve_and_count(lab), (commit(5), 5), "{phase:?} request {nth}");
    });
}

#[test]
fn put_killed_anywhere_supersedes_once() {
    let prepare = || {
        let lab = Lab::new().source("on_existing", "supersede");
        lab.recorded(1);
        lab.fake.time().advance(3_600_000);
        let dir = lab.build_dir(2);
        (lab, record_params(), dir, build(2))
    };
    killed_anywhere(prepare, |lab, nth, phase| {
        assert_eq!(lab.issues().len(), 2, "{phase:?} request {nth}");
        assert_eq!(lab.issue(1).comments.len(), 1, "{phase:?} request {nth}: told once");
        assert_eq!(approve_and_count(lab), (commit(2), 1), "{phase:?} request {nth}");
    });
}

#[test]
fn healing_killed_anywhere_is_finished() {
    let prepare = || {
        let lab = Lab::new();
        assert_eq!(lab.recorded(1), 1);
        // Another put that sees nothing of it.
        (lab.world().list_lag, lab.world().read_lag) = (600_000, 600_000);
        assert_eq!(lab.recorded(2), 2);
        (lab.world().list_lag, lab.world().read_lag) = (0, 0);
        let dir = lab.build_dir(3);
        (lab, record_params(), dir, build(3))
    };
    killed_anywhere(prepare, |lab, nth, phase| {
        assert_eq!(lab.issues().len(), 2, "{phase:?} request {nth}");
        assert_eq!(lab.issue(2).state_reason.as_deref(), Some("duplicate"), "{phase:?} request {nth}");
        let comment_count = lab.issue(2).comments.len();
        assert_eq!(comment_count, 1, "{phase:?} request {nth}: told {comment_count} times that it is a duplicate");
        assert_eq!(approve_and_count(lab), (commit(3), 3), "{phase:?} request {nth}");
    });
}

#[test]
fn preview_without_changes_killed_anywhere_is_finished() {
    let prepare = || {
        let lab = Lab::new().source("gate", "shop/-/QA/ready");
        lab.recorded(1);
        let dir = lab.build_dir(2);
        std::fs::write(dir.join("no-changes"), "").unwrap();
        let mut params = record_params();
        params["close_if_file"] = json!("no-changes");
        (lab, params, dir, build(2))
    };
    for phase in [Phase::Before, Phase::After] {
        for nth in 1.. {
            let (lab, params, dir, build) = prepare();
            if !killed_at(&lab, &params, &dir, &build, nth, phase) {
                assert!(nth > 3, "the put was killed nowhere");
                break;
            }
            lab.put(&params, &dir, &build).succeeds();
            assert_eq!((lab.issues().len(), lab.open_issues().len()), (1, 0), "{phase:?} request {nth}");
            assert_eq!(lab.issue(1).state_reason.as_deref(), Some("not_planned"), "{phase:?} request {nth}");
            assert_eq!(lab.issue(1).comments.len(), 1, "{phase:?} request {nth}");
        }
    }
}

#[test]
fn restart_of_a_changed_issue_killed_anywhere_is_finished() {
    let prepare = || {
        let lab = Lab::new();
        lab.recorded(1);
        lab.recorded(2);
        let comment = lab.issue(1).comments[0].id;
        lab.world().edit_comment(REPO, 1, comment, "bob", "changed");
        let dir = lab.build_dir(3);
        (lab, record_params(), dir, build(3))
    };
    killed_anywhere(prepare, |lab, nth, phase| {
        assert_eq!(lab.issues().len(), 1, "{phase:?} request {nth}");
        assert_eq!(approve_and_count(lab), (commit(3), 1), "{phase:?} request {nth}");
    });
}

#[test]
fn restart_killed_anywhere_makes_no_older_record_approved() {
    for nth in 1.. {
        let lab = Lab::new();
        lab.recorded(1);
        // The body does not count the second record yet.
        let is_count = |request: &Request, _: &mut World, at| at == Phase::Before && request.method == "PATCH";
        assert!(killed_when(&lab, &record_params(), &lab.build_dir(2), &build(2), is_count));
        let comment = lab.issue(1).comments[0].id;
        lab.world().edit_comment(REPO, 1, comment, "bob", "changed");
        lab.fake.time().advance(30_000);
        let mut writes = 0;
        let is_write = move |request: &Request, world: &mut World, at| {
            if at == Phase::After || request.method == "GET" || request.path.ends_with("/graphql") {
                return false;
            }
            writes += 1;
            if writes == 1 {
                // Somebody closes it after the put looked: what was changed approves nothing.
                world.close(REPO, 1, "alice", "completed");
                world.now += 2_000;
            }
            writes == nth
        };
        let is_killed = killed_when(&lab, &record_params(), &lab.build_dir(3), &build(3), is_write);
        lab.fake.time().advance(30_000);
        assert_eq!(lab.versions(None), Vec::<Value>::new(), "write {nth}");
        assert_eq!(lab.get(&lab.version(1), "gate").0.code, Some(1), "write {nth}");
        if !is_killed {
            assert!(nth > 3, "the put was killed nowhere");
            break;
        }
    }
}

#[test]
fn chain_that_is_written_back_behind_a_changed_comment_approves_nothing() {
    let lab = Lab::new();
    lab.recorded(1);
    let before = lab.issue(1).body;
    let is_count = |request: &Request, _: &mut World, at| at == Phase::Before && request.method == "PATCH";
    assert!(killed_when(&lab, &record_params(), &lab.build_dir(2), &build(2), is_count));
    let comment = lab.issue(1).comments[0].id;
    lab.world().edit_comment(REPO, 1, comment, "bob", "changed");
    lab.recorded(3);
    // A put that read the issue before all of this writes its body, and its record is gone.
    lab.world().edit_body(REPO, 1, "gate-bot", &before);
    let last = lab.issue(1).comments[1].id;
    lab.world().delete_comment(REPO, 1, last);
    lab.close(1, "alice");
    assert_eq!(lab.versions(None), Vec::<Value>::new());
    lab.get(&lab.version(1), "gate").0.fails("tampered").reports("changed a comment");
    lab.reopen(1, "alice");
    lab.recorded(4);
    lab.close(1, "alice");
    lab.get(&lab.version(1), "again").0.succeeds();
}

#[test]
fn claim_of_a_record_that_counts_no_more_is_taken_back() {
    let lab = Lab::new();
    lab.close(lab.recorded(1), "alice");
    lab.get(&lab.version(1), "gate").0.succeeds();
    // A put that had read the issue before begins its records anew.
    lab.fake.hook(|request, world, _, at| {
        if at == Phase::After && request.method == "POST" && request.path.ends_with("/comments") {
            let body = world.issue(REPO, 1).unwrap().body.clone();
            let text = body.split_once(" -->\n").unwrap().1;
            let mut mark = marker(&body);
            mark["chain"] = json!("another");
            mark["records"] = json!(0);
            mark.as_object_mut().unwrap().remove("record");
            world.edit_body(REPO, 1, "gate-bot", &format!("<!-- ol-gate v1 {mark} -->\n{text}"));
        }
        Action::Go
    });
    let params = json!({"action": "claim", "approval": "gate/approval.json"});
    lab.put(&params, lab.temp.path(), &build(7)).fails("tampered");
    lab.fake.unhook();
    assert!(lab.issue(1).comments.is_empty(), "{:?}", lab.issue(1).comments);
}

#[test]
fn claim_killed_anywhere_is_this_builds_and_no_others() {
    let prepare = || {
        let lab = Lab::new();
        // One that is passed over, so that telling it is killed too.
        lab.close(lab.recorded(1), "alice");
        lab.close(lab.recorded(2), "alice");
        lab.get(&lab.version(2), "gate").0.succeeds();
        let params = json!({"action": "claim", "approval": "gate/approval.json"});
        let dir = lab.temp.path().to_owned();
        (lab, params, dir, build(7))
    };
    killed_anywhere(prepare, |lab, nth, phase| {
        let claims = lab.issue(2).comments.iter().filter(|comment| marker(&comment.body)["kind"] == "claim").count();
        assert_eq!(claims, 1, "{phase:?} request {nth}");
        // The body knows it too: deleting the comment gives nothing back.
        for comment in lab.issue(2).comments {
            lab.world().delete_comment(REPO, 2, comment.id);
        }
        let params = json!({"action": "claim", "approval": "gate/approval.json"});
        lab.put(&params, lab.temp.path(), &build(8)).fails("already-used");
    });
}

#[test]
fn preview_killed_anywhere_shows_the_newest() {
    let prepare = || {
        let lab = Lab::new().source("gate", "shop/-/QA/ready");
        lab.recorded(1);
        let dir = lab.build_dir(2);
        (lab, record_params(), dir, build(2))
    };
    killed_anywhere(prepare, |lab, nth, phase| {
        let body = lab.issue(1).body;
        let shown = body.split_once(" -->\n").unwrap().1;
        assert!(shown.contains(&commit(2)) && !shown.contains(&commit(1)), "{phase:?} request {nth}: {shown}");
        assert_eq!(approve_and_count(lab), (commit(2), 2), "{phase:?} request {nth}");
    });
}

#[test]
fn claim_killed_anywhere_is_never_another_builds() {
    for phase in [Phase::Before, Phase::After] {
        for nth in 1.. {
            let lab = Lab::new();
            lab.close(lab.recorded(1), "alice");
            lab.get(&lab.version(1), "gate").0.succeeds();
            let params = json!({"action": "claim", "approval": "gate/approval.json"});
            if !killed_at(&lab, &params, lab.temp.path(), &build(7), nth, phase) {
                break;
            }
            let claimed = lab.issue(1).comments.iter().any(|comment| marker(&comment.body)["kind"] == "claim");
            let other = lab.put(&params, lab.temp.path(), &build(8));
            assert_eq!(other.code == Some(0), !claimed, "{phase:?} request {nth}: {}", other.stderr);
        }
    }
}

#[test]
fn report_killed_anywhere_is_made_once() {
    let prepare = || {
        let lab = Lab::new();
        lab.close(lab.recorded(1), "alice");
        lab.claim(1, &build(7)).succeeds();
        let params = json!({"action": "report", "status": "failed"});
        let dir = lab.temp.path().to_owned();
        (lab, params, dir, build(7))
    };
    for phase in [Phase::Before, Phase::After] {
        for nth in 1..=3 {
            let (lab, params, dir, build) = prepare();
            assert!(killed_at(&lab, &params, &dir, &build, nth, phase));
            lab.put(&params, &dir, &build).succeeds();
            assert_eq!(lab.issue(1).comments.len(), 2, "the claim and the report");
        }
    }
}

fn fail_reads(lab: &Lab, mut times: u32, action: Action) {
    lab.fake.hook(move |request, _, _, phase| {
        if phase == Phase::Before && (request.method == "GET" || request.path.ends_with("/graphql")) && times > 0 {
            times -= 1;
            return action.clone();
        }
        Action::Go
    });
}

#[test]
fn failing_reads_are_tried_four_times() {
    let failures = [
        Action::Answer(Response::error(500, "Server Error")),
        Action::Answer(Response::error(503, "Unavailable")),
        Action::Answer(Response { status: 502, headers: vec![], body: b"<html>Unicorn!</html>".to_vec() }),
        Action::Answer(Response { status: 200, headers: vec![], body: b"[{\"number\":".to_vec() }),
        Action::Drop,
        Action::Truncate(1),
    ];
    for failure in failures {
        let lab = Lab::new();
        lab.close(lab.recorded(1), "alice");
        fail_reads(&lab, 3, failure.clone());
        assert_eq!(lab.versions(None), [lab.version(1)], "{failure:?}");
        lab.fake.unhook();
        fail_reads(&lab, 4, failure.clone());
        let lab = lab.source("max_wait", 100);
        let run = lab.gate_check(None);
        run.fails("unavailable").reports("in 4 tries");
        assert!(!run.stderr.contains("Unicorn") || run.stderr.lines().count() < 3);
    }
}

#[test]
fn server_that_does_not_answer_is_given_up() {
    let lab = Lab::new().source("timeout", 1);
    fail_reads(&lab, 1, Action::Freeze);
    lab.gate_check(None).succeeds();
    fail_reads(&lab, 99, Action::Freeze);
    let lab = lab.source("max_wait", 0);
    lab.gate_check(None).fails("unavailable").reports("timeout");
}

#[test]
fn writes_that_end_alike_are_repeated() {
    let lab = Lab::new();
    lab.recorded(1);
    let mut times = 3;
    lab.fake.hook(move |request, _, _, phase| {
        if phase == Phase::After && request.method == "PATCH" && times > 0 {
            times -= 1;
            return Action::Answer(Response::error(502, "Bad Gateway"));
        }
        Action::Go
    });
    lab.recorded(2);
    lab.close(1, "alice");
    let (run, _) = lab.get(&lab.version(1), "gate");
    run.succeeds();
}

#[test]
fn answer_of_another_form_is_refused() {
    for body in ["{}", "[{\"number\": \"one\"}]", "null", "[]extra"] {
        let lab = Lab::new().source("max_wait", 0);
        fail_reads(&lab, 9, Action::Answer(Response { status: 200, headers: vec![], body: body.as_bytes().to_vec() }));
        let run = lab.gate_check(None);
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{body}: {}", run.stderr);
    }
}

#[test]
fn renamed_repository_is_read_and_not_written() {
    let lab = Lab::new();
    lab.close(lab.recorded(1), "alice");
    {
        let mut world = lab.world();
        let repository = world.repositories.remove(REPO).unwrap();
        world.repositories.insert("acme/decisions".to_owned(), repository);
        world.add_repository(REPO);
        let (id, old) = (999, REPO.to_owned());
        let repository = world.repositories.get_mut(&old).unwrap();
        repository.id = id;
        repository.renamed_to = Some("acme/decisions".to_owned());
        for user in world.users.values_mut() {
            if let Some(role) = user.roles.get(REPO).cloned() {
                user.roles.insert("acme/decisions".to_owned(), role);
            }
        }
    }
    let run = lab.gate_check(None);
    run.succeeds();
    assert_eq!(run.json().as_array().unwrap().len(), 1, "{}", run.stderr);
    let run = lab.record(2);
    run.fails("redirected").reports("write the present name in `repository`");
}

#[test]
fn redirect_to_another_server_gets_no_credentials() {
    let other = FakeGithub::new(Config::default());
    let elsewhere = other.listen();
    other.hook(|_, _, _, phase| match phase {
        Phase::Before => Action::Answer(Response::json(200, &json!([]))),
        Phase::After => Action::Go,
    });
    let lab = Lab::new();
    let target = format!("{}/stolen", elsewhere.base);
    lab.fake.hook(move |request, _, _, phase| match phase {
        Phase::Before if request.path.ends_with("/issues") => {
            Action::Answer(Response::json(302, &json!({})).with("location", &target))
        }
        _ => Action::Go,
    });
    lab.gate_check(None).succeeds();
    let log = other.log();
    assert_eq!(log.len(), 1);
    assert!(!log[0].request.headers.contains_key("authorization"), "{:?}", log[0].request.headers);
    assert!(lab.fake.log()[0].request.headers.contains_key("authorization"));
}

#[test]
fn link_to_a_page_of_another_server_is_refused() {
    let lab = Lab::new();
    lab.fake.hook(|request, _, _, phase| match phase {
        Phase::Before if request.path.ends_with("/issues") => Action::Answer(
            Response::json(200, &json!([])).with("link", "<https://evil.example.org/issues?page=2>; rel=\"next\""),
        ),
        _ => Action::Go,
    });
    lab.gate_check(None).fails("unexpected-answer").reports("another server");
}

#[test]
fn endless_redirects_and_pages_end() {
    let lab = Lab::new();
    let base = lab.endpoint.base.clone();
    lab.fake.hook(move |request, _, _, phase| match phase {
        Phase::Before if request.path.ends_with("/issues") => {
            Action::Answer(Response::json(301, &json!({})).with("location", &format!("{base}/repos/{REPO}/issues")))
        }
        _ => Action::Go,
    });
    lab.gate_check(None).fails("unexpected-answer").reports("too many redirects");
    lab.fake.unhook();
    let base = lab.endpoint.base.clone();
    lab.fake.hook(move |request, _, _, phase| match phase {
        Phase::Before if request.path.ends_with("/issues") => Action::Answer(
            Response::json(200, &json!([])).with("link", &format!("<{base}/repos/{REPO}/issues?page=2>; rel=\"next\"")),
        ),
        _ => Action::Go,
    });
    lab.gate_check(None).fails("unexpected-answer").reports("more than 500 pages");
}

#[test]
fn put_finds_its_issue_among_ten_thousand() {
    let lab = Lab::new();
    {
        let mut world = lab.world();
        for n in 0..10_000 {
            let number =
                world.open(REPO, if n % 10 == 0 { "gate-bot" } else { "mallory" }, &format!("issue {n}"), "", &[]);
            if n % 2 == 0 {
                world.close(REPO, number, "mallory", "completed");
            }
        }
    }
    assert_eq!(lab.recorded(1), 10_001);
    let run = lab.record(2);
    run.succeeds();
    assert_eq!((run.requests.len(), run.json()["version"]["issue_number"].as_str()), (4, Some("10001")));
}

#[test]
fn issue_with_hundreds_of_comments_is_read_to_the_last() {
    let lab = Lab::new();
    lab.recorded(1);
    for _ in 0..250 {
        lab.world().comment(REPO, 1, "mallory", "me too");
    }
    lab.recorded(2);
    lab.close(1, "alice");
    let (run, dir) = lab.get(&lab.version(1), "gate");
    run.succeeds();
    assert_eq!(std::fs::read_to_string(dir.join("ref")).unwrap(), format!("{}\n", commit(2)));
    assert_eq!(run.count("graphql"), 3);
}

#[test]
fn server_of_ones_own_is_spoken_to_at_its_paths() {
    let lab = Lab::ghes();
    lab.close(lab.recorded(1), "alice");
    assert_eq!(lab.versions(None), [lab.version(1)]);
    lab.claim(1, &build(7)).succeeds();
}
