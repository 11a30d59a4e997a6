//! Conformance case 40: MIT Open Learning's pipelines, unchanged, without the accidents.

use std::fs;
use std::thread;

use fake_github::{Action, Phase, Response};
use serde_json::{Value, json};

use crate::support::*;

const PREFIX: &str = "[bot] Pipeline";

fn check(lab: &Lab, version: Option<&Value>) -> Run {
    let mut request = json!({"source": lab.compat_source()});
    if let Some(version) = version {
        request["version"] = version.clone();
    }
    lab.run("check", &request, lab.temp.path(), None)
}

fn versions(lab: &Lab, version: Option<&Value>) -> Vec<Value> {
    let run = check(lab, version);
    run.succeeds();
    run.json().as_array().unwrap().clone()
}

fn put(lab: &Lab, params: &Value, build: &Build) -> Run {
    let dir = lab.dir("build", &[]);
    lab.run("out", &json!({"source": lab.compat_source(), "params": params}), &dir, Some(build))
}

fn get(lab: &Lab, version: &Value, name: &str) -> (Run, std::path::PathBuf) {
    let dir = lab.dir(name, &[]);
    (lab.run("in", &json!({"source": lab.compat_source(), "version": version}), &dir, Some(&build(42))), dir)
}

/// An issue that is there and closed.
fn closed(lab: &Lab, title: &str) -> u64 {
    let number = lab.world().open(REPO, "gate-bot", title, "body", &[]);
    lab.close(number, "mallory");
    number
}

fn version_of(lab: &Lab, number: u64) -> Value {
    let issue = lab.issue(number);
    let time = |at: i64| time_text(at).trim_end_matches('Z').to_owned();
    json!({
        "issue_created_at": time(issue.created_at), "issue_number": number.to_string(),
        "issue_state": if issue.closed { "closed" } else { "open" }, "issue_title": issue.title,
        "issue_url": format!("{}/repos/{REPO}/issues/{number}", lab.endpoint.base),
        "issue_closed_at": issue.closed_at.map_or("None".to_owned(), time),
    })
}

#[test]
fn first_check_gives_the_newest_closing_that_is_not_consumed() {
    let lab = Lab::new();
    assert_eq!(versions(&lab, None), Vec::<Value>::new());
    closed(&lab, "[bot] Pipeline a");
    let newest = closed(&lab, "[bot] Pipeline b");
    closed(&lab, "[CONSUMED #7][bot] Pipeline c");
    closed(&lab, "Another prefix");
    lab.world().open(REPO, "gate-bot", "[bot] Pipeline open", "", &[]);
    let run = check(&lab, None);
    assert_eq!(run.json(), json!([version_of(&lab, newest)]));
    assert_eq!(run.requests.len(), 1);
    // In the order of the fields that the other image has.
    let keys: Vec<&str> = run.stdout.split('"').filter(|part| part.starts_with("issue_")).collect();
    assert_eq!(
        keys,
        ["issue_created_at", "issue_number", "issue_state", "issue_title", "issue_url", "issue_closed_at"]
    );
    assert_eq!(check(&lab, None).requests[0].status, Some(304));
}

#[test]
fn closings_come_in_their_order_and_none_is_lost() {
    let lab = Lab::new();
    let first = closed(&lab, "[bot] Pipeline 1");
    let known = version_of(&lab, first);
    let later: Vec<u64> =
        (0..3).map(|n| lab.world().open(REPO, "gate-bot", &format!("{PREFIX} {n}"), "", &[])).collect();
    lab.fake.time().advance(7_000);
    // Two in one second, and one before them.
    lab.world().close(REPO, later[2], "mallory", "completed");
    lab.fake.time().advance(2_000);
    for number in [later[1], later[0]] {
        lab.world().close(REPO, number, "mallory", "completed");
    }
    let wanted = [known.clone(), version_of(&lab, later[2]), version_of(&lab, later[0]), version_of(&lab, later[1])];
    for _ in 0..20 {
        assert_eq!(versions(&lab, Some(&known)), wanted);
        lab.fake.time().advance(1_000);
    }
    // The lower of two closings of one second is known: the other still comes.
    assert_eq!(versions(&lab, Some(&wanted[2])), wanted[2..]);
    // Talk on an old issue brings nothing back.
    lab.world().comment(REPO, first, "mallory", "late");
    assert_eq!(versions(&lab, Some(&wanted[3])), wanted[3..]);
}

#[test]
fn what_is_no_approval_starts_nothing() {
    let lab = Lab::new();
    for reason in ["not_planned", "duplicate"] {
        let number = lab.world().open(REPO, "gate-bot", "[bot] Pipeline x", "", &[]);
        lab.world().close(REPO, number, "alice", reason);
    }
    let number = closed(&lab, "[bot] Pipeline pull");
    lab.world().change(REPO, number, |issue| issue.pull_request = true);
    let number = closed(&lab, "[bot] Pipeline skipped");
    lab.world().label(REPO, number, "alice", "abandoned");
    let lab = lab.source("skip_if_labeled", json!(["abandoned"]));
    assert_eq!(versions(&lab, None), Vec::<Value>::new());
    let number = lab.world().open(REPO, "mallory", "[bot] Pipeline mine", "", &[]);
    lab.close(number, "mallory");
    assert_eq!(versions(&lab, None).len(), 1);
    let bot = lab.bot;
    let lab = lab.source("creator", bot);
    assert_eq!(versions(&lab, None), Vec::<Value>::new());
}

#[test]
fn labels_filter_and_limits_keep_the_newest() {
    let lab = Lab::new().source("labels", json!(["one", "two"]));
    let number = closed(&lab, "[bot] Pipeline x");
    lab.world().label(REPO, number, "alice", "one");
    assert_eq!(versions(&lab, None).len(), 0);
    lab.world().label(REPO, number, "alice", "two");
    assert_eq!(versions(&lab, None).len(), 1);

    let lab = Lab::new().source("limit_old_versions", 3);
    let first = closed(&lab, "[bot] Pipeline 0");
    let known = version_of(&lab, first);
    let numbers: Vec<u64> = (1..=5).map(|n| closed(&lab, &format!("{PREFIX} {n}"))).collect();
    assert_eq!(
        versions(&lab, Some(&known)),
        numbers[2..].iter().map(|number| version_of(&lab, *number)).collect::<Vec<_>>()
    );
}

#[test]
fn open_issues_are_watched_where_they_are_wanted() {
    let lab = Lab::new().source("issue_state", "open");
    let first = lab.world().open(REPO, "gate-bot", "[bot] Pipeline 1", "", &[]);
    lab.fake.time().advance(5_000);
    let second = lab.world().open(REPO, "gate-bot", "[bot] Pipeline 2", "", &[]);
    assert_eq!(versions(&lab, None), [version_of(&lab, second)]);
    assert_eq!(versions(&lab, Some(&version_of(&lab, first))), [version_of(&lab, first), version_of(&lab, second)]);
    let (run, dir) = get(&lab, &version_of(&lab, first), "open");
    run.succeeds();
    assert_eq!(run.requests.len(), 0);
    assert!(dir.join("gh_issue.json").exists());
}

#[test]
fn title_edited_after_the_closing_does_not_deploy_again() {
    let lab = Lab::new();
    let number = closed(&lab, "[bot] Pipeline x");
    let known = version_of(&lab, number);
    lab.world().change(REPO, number, |issue| issue.title = "[bot] Pipeline renamed".to_owned());
    assert_eq!(versions(&lab, Some(&known)), [known]);
}

#[test]
fn get_writes_the_file_and_keeps_the_title_after_the_tombstone() {
    let lab = Lab::new();
    let number = closed(&lab, "[bot] Pipeline \u{e9}");
    let version = version_of(&lab, number);
    let (run, dir) = get(&lab, &version, "got");
    run.succeeds();
    assert_eq!(run.json(), json!({"version": version, "metadata": []}));
    let text = fs::read_to_string(dir.join("gh_issue.json")).unwrap();
    let url = version["issue_url"].as_str().unwrap();
    assert_eq!(
        text,
        format!(
            "{{\"issue_created_at\": \"2026-01-05T10:00:00\", \"issue_number\": \"1\", \"issue_state\": \"closed\", \
             \"issue_title\": \"[bot] Pipeline \\u00e9\", \"issue_url\": \"{url}\", \"issue_closed_at\": \"2026-01-05T10:00:05\"}}"
        )
    );
    assert_eq!(lab.issue(number).title, "[CONSUMED #42][bot] Pipeline \u{e9}");
    // A second consumer, and the check after it.
    let (run, _) = get(&lab, &version, "again");
    run.succeeds();
    assert_eq!(run.writes(), Vec::<String>::new());
    assert_eq!(versions(&lab, Some(&version)), Vec::<Value>::new());
    // Reopened and closed again it is consumed still.
    lab.reopen(number, "mallory");
    lab.close(number, "mallory");
    assert_eq!(versions(&lab, Some(&version)), Vec::<Value>::new());
}

#[test]
fn get_refuses_what_is_withdrawn_or_gone() {
    let lab = Lab::new();
    lab.world().add_repository("acme/elsewhere");
    let fails = |number: u64, version: &Value, id: &str| {
        let before = lab.issue(number).title;
        let (run, dir) = get(&lab, version, "refused");
        run.fails(id);
        assert!(!dir.join("gh_issue.json").exists());
        assert_eq!(lab.issue(number).title, before, "a stranger's title was changed");
        assert_eq!(run.writes(), Vec::<String>::new());
    };
    let number = closed(&lab, "[bot] Pipeline 1");
    let version = version_of(&lab, number);
    lab.reopen(number, "mallory");
    fails(number, &version, "withdrawn");
    lab.fake.time().advance(5_000);
    lab.world().close(REPO, number, "mallory", "not_planned");
    fails(number, &version_of(&lab, number), "not-completed");
    let number = closed(&lab, "[bot] Pipeline 2");
    let version = version_of(&lab, number);
    lab.reopen(number, "mallory");
    lab.close(number, "mallory");
    fails(number, &version, "withdrawn");
    let number = closed(&lab, "[bot] Pipeline 3");
    let version = version_of(&lab, number);
    lab.world().transfer(REPO, number, "acme/elsewhere", "bob");
    fails(number, &version, "transferred");
    assert_eq!(lab.world().issue("acme/elsewhere", 1).unwrap().title, "[bot] Pipeline 3");
    let number = closed(&lab, "[bot] Pipeline 4");
    let version = version_of(&lab, number);
    lab.world().delete(REPO, number);
    fails(number, &version, "deleted");
    let number = closed(&lab, "[bot] Pipeline 5");
    let version = version_of(&lab, number);
    lab.world().change(REPO, number, |issue| issue.pull_request = true);
    fails(number, &version, "not-ours");
}

#[test]
fn put_opens_once_and_comments_after() {
    let lab = Lab::new().source("labels", json!(["gate"]));
    let run = put(&lab, &json!({"labels": ["promotion-to-qa"], "assignees": ["alice"]}), &build(1));
    run.succeeds();
    let issue = lab.issue(1);
    assert_eq!(issue.title, "[bot] Pipeline shop task deploy-shop-ci completed");
    assert_eq!(
        issue.body,
        "The task deploy-shop-ci in pipeline shop has completed build number 1.\nPlease refer to [the build log](https://ci.example.org/teams/main/pipelines/shop/jobs/deploy-shop-ci/builds/1) for details of what changes this includes.\nClosing this issue will trigger the next job in the pipeline shop.\n"
    );
    assert_eq!(
        (issue.labels, issue.assignees),
        (vec!["gate".to_owned(), "promotion-to-qa".to_owned()], vec!["alice".to_owned()])
    );
    assert_eq!(run.json(), json!({"version": version_of(&lab, 1), "metadata": []}));
    assert!(run.requests.iter().all(|logged| !logged.request.path.contains("search")));
    // A title that begins alike is another issue.
    let longer = build(2).with("BUILD_JOB_NAME", "deploy-shop-ci completed too");
    put(&lab, &Value::Null, &longer).succeeds();
    assert_eq!(lab.issues().len(), 2);
    put(&lab, &Value::Null, &build(3)).succeeds();
    assert_eq!((lab.issues().len(), lab.issue(1).comments.len()), (2, 1));
    assert!(lab.issue(1).comments[0].body.contains("build number 3"));
    // A consumed issue that somebody opened again is no place for news.
    lab.world().change(REPO, 1, |issue| issue.title = format!("[CONSUMED #1]{}", issue.title));
    put(&lab, &Value::Null, &build(4)).succeeds();
    assert_eq!(lab.issues().len(), 3);
}

#[test]
fn put_takes_titles_and_bodies_from_params() {
    let lab = Lab::new()
        .source("issue_title_template", "Release {BUILD_PIPELINE_NAME}")
        .source("issue_body_template", "from the source, {{BUILD_NAME}} {BUILD_NAME}");
    put(&lab, &Value::Null, &build(1)).succeeds();
    assert_eq!(
        (lab.issue(1).title.as_str(), lab.issue(1).body.as_str()),
        ("Release shop", "from the source, {BUILD_NAME} 1")
    );
    let dir = lab.dir("build", &[("notes/one.md", "# One\n"), ("notes/two.md", "# Two")]);
    let params = json!({"title_template": "Release {BUILD_PIPELINE_NAME} 1.2", "body_files": ["notes/one.md", "notes/none.md", "notes/two.md"]});
    lab.run("out", &json!({"source": lab.compat_source(), "params": params}), &dir, Some(&build(2))).succeeds();
    assert_eq!(lab.issue(2).title, "Release shop 1.2");
    assert!(lab.issue(2).body.starts_with("# One\n\n\n> :warning: `notes/none.md` was not made"));
    assert!(lab.issue(2).body.ends_with("# Two"));
    let params = json!({"title_template": "One file", "body_file": "notes/two.md"});
    lab.run("out", &json!({"source": lab.compat_source(), "params": params}), &dir, Some(&build(3))).succeeds();
    assert_eq!(lab.issue(3).body, "# Two");
    for (params, id) in [
        (json!({"body_file": "notes/none.md"}), "bad-file"),
        (json!({"body_file": "../outside"}), "bad-file"),
        (json!({"body_file": "/etc/passwd"}), "bad-file"),
        (json!({"title_template": "{NOPE}"}), "bad-params"),
        (json!({"title_template": "{}"}), "bad-params"),
        (json!({"unknown": 1}), "bad-params"),
    ] {
        let run = lab.run("out", &json!({"source": lab.compat_source(), "params": params}), &dir, Some(&build(4)));
        run.fails(id);
        assert_eq!(run.requests.len(), 0);
    }
}

#[test]
fn body_edited_in_place_keeps_what_people_ticked() {
    let lab = Lab::new().source("update_in_place", true).source("issue_title_template", "Release");
    let dir = lab.dir("build", &[("list.md", "- [ ] one\n- [ ] two\n")]);
    let put = |labels: &[&str], n: u64| {
        let params = json!({"body_file": "list.md", "labels": labels});
        lab.run("out", &json!({"source": lab.compat_source(), "params": params}), &dir, Some(&build(n))).succeeds();
    };
    put(&["release", "wrong"], 1);
    lab.world().edit_body(REPO, 1, "alice", "- [ ] one\n- [x] two\n");
    fs::write(dir.join("list.md"), "- [ ] two\n- [ ] three\n").unwrap();
    put(&["release"], 2);
    assert_eq!(lab.issue(1).body, "- [x] two\n- [ ] three\n");
    assert_eq!(lab.issue(1).labels, ["release"]);
    assert_eq!((lab.issues().len(), lab.issue(1).comments.len()), (1, 0));
}

#[test]
fn marker_file_closes_the_issue_and_starts_the_next_job() {
    let lab = Lab::new();
    let dir = lab.dir("build", &[("preview/summary.md.no-changes", "")]);
    let request = json!({"source": lab.compat_source(), "params": {"close_if_file": "preview/summary.md.no-changes"}});
    let run = lab.run("out", &request, &dir, Some(&build(1)));
    run.succeeds();
    assert_eq!(lab.issue(1).state_reason.as_deref(), Some("completed"));
    assert_eq!(run.json()["version"], version_of(&lab, 1));
    // Their chains wait for this closing: without it a stage that changes nothing would hold up those behind it.
    assert_eq!(versions(&lab, None), [version_of(&lab, 1)]);
    fs::remove_file(dir.join("preview/summary.md.no-changes")).unwrap();
    lab.run("out", &request, &dir, Some(&build(2))).succeeds();
    assert_eq!(lab.open_issues().len(), 1);
}

/// There an argument that is not given is `None`, and so is one that is given as null.
#[test]
fn null_is_no_value() {
    let lab = Lab::new();
    let mut source = lab.compat_source();
    for field in ["labels", "assignees", "skip_if_labeled", "issue_title_template", "limit_old_versions", "app_id"] {
        source[field] = Value::Null;
    }
    let params =
        json!({"labels": null, "assignees": null, "body_file": null, "body_files": null, "title_template": ""});
    let dir = lab.dir("build", &[]);
    lab.run("out", &json!({"source": source, "params": params}), &dir, Some(&build(1))).succeeds();
    assert_eq!(lab.issue(1).title, "[bot] Pipeline shop task deploy-shop-ci completed");
    lab.close(1, "alice");
    lab.run("check", &json!({"source": source}), &dir, None).succeeds();
    // An unknown key is none of these.
    source["gates"] = Value::Null;
    lab.run("check", &json!({"source": source}), &dir, None).fails("bad-source").reports("gates");
    let params = json!({"label": null});
    lab.run("out", &json!({"source": lab.compat_source(), "params": params}), &dir, Some(&build(1)))
        .fails("bad-params")
        .reports("label");
}

#[test]
fn writes_of_unknown_outcome_are_looked_for() {
    for phase in [Phase::Before, Phase::After] {
        for action in [Action::Answer(Response::error(502, "Bad Gateway")), Action::Drop, Action::Truncate(9)] {
            let lab = Lab::new();
            for n in 1..=2 {
                let (mut once, action) = (true, action.clone());
                lab.fake.hook(move |request, _, _, at| {
                    if at == phase && request.method == "POST" && once {
                        once = false;
                        return action.clone();
                    }
                    Action::Go
                });
                put(&lab, &Value::Null, &build(n)).succeeds();
                lab.fake.unhook();
            }
            if matches!(action, Action::Truncate(_)) && phase == Phase::Before {
                continue;
            }
            assert_eq!((lab.issues().len(), lab.issue(1).comments.len()), (1, 1), "{phase:?} {action:?}");
        }
    }
}

#[test]
fn trouble_with_assignees_locks_and_length_does_not_fail_the_put() {
    let lab = Lab::new();
    put(&lab, &json!({"assignees": ["left-the-company"]}), &build(1)).succeeds().reports("left out: left-the-company");
    lab.world().change(REPO, 1, |issue| issue.locked = true);
    put(&lab, &Value::Null, &build(2)).succeeds().reports("is locked");
    assert_eq!(lab.issues().len(), 2);
    put(&lab, &Value::Null, &build(3)).succeeds();
    assert_eq!((lab.issues().len(), lab.issue(2).comments.len()), (2, 1));
    let dir = lab.dir("build", &[("long.md", &"long line\n".repeat(10_000))]);
    let params = json!({"title_template": "long", "body_file": "long.md"});
    lab.run("out", &json!({"source": lab.compat_source(), "params": params}), &dir, Some(&build(4))).succeeds();
    assert!(lab.issue(3).body.contains(":warning: Cut to fit"));
}

#[test]
fn puts_at_the_same_moment_leave_one_open_issue() {
    for n in 2..=4_u64 {
        for lag in [0, 60_000] {
            let lab = Lab::new();
            lab.world().list_lag = lag;
            thread::scope(|scope| {
                for k in 1..=n {
                    let endpoint = lab.fake.listen();
                    let dir = lab.dir("build", &[]);
                    let request = json!({"source": lab.compat_source(), "params": {}});
                    let child = lab.spawn("out", &request, &dir, Some(&build(k)), &endpoint);
                    let lab = &lab;
                    scope.spawn(move || {
                        let output = child.wait_with_output().unwrap();
                        drop(endpoint);
                        lab.fake.time().leave();
                        lab.check(output).succeeds();
                    });
                }
            });
            let open = lab.open_issues();
            assert_eq!(open.len(), 1, "{n} puts, lag {lag}");
            let is_notified = |number: &u64| {
                let issue = lab.issue(open[0].number);
                let text = format!("build number {number}.");
                issue.body.contains(&text) || issue.comments.iter().any(|comment| comment.body.contains(&text))
            };
            assert!((1..=n).all(|number| is_notified(&number)), "{n} puts, lag {lag}");
            assert_eq!(versions(&lab, None), Vec::<Value>::new());
        }
    }
}

#[test]
fn both_ways_to_authenticate_and_both_servers_work() {
    for lab in [Lab::new(), Lab::ghes(), Lab::new().app(), Lab::ghes().app()] {
        let lab = { lab };
        let mut source = lab.compat_source();
        source.as_object_mut().unwrap().remove("bot");
        if source["app_id"].is_string() {
            // MIT Open Learning's pipelines give the ids as numbers.
            source["app_id"] = json!(4711);
            source["app_installation_id"] = json!(77);
        }
        let dir = lab.dir("build", &[]);
        lab.run("out", &json!({"source": source}), &dir, Some(&build(1))).succeeds();
        lab.close(1, "alice");
        let run = lab.run("check", &json!({"source": source}), &dir, None);
        run.succeeds();
        assert_eq!(run.json(), json!([version_of(&lab, 1)]));
        let got = lab.dir("got", &[]);
        lab.run("in", &json!({"source": source, "version": run.json()[0]}), &got, Some(&build(2))).succeeds();
        assert!(lab.issue(1).title.starts_with("[CONSUMED #2]"));
    }
    let lab = Lab::new();
    let mut source = lab.compat_source();
    source.as_object_mut().unwrap().remove("access_token");
    lab.run("check", &json!({"source": source}), lab.temp.path(), None).fails("bad-source").reports("access_token");
    source["gh_host"] = json!("http://github.example.org");
    source["access_token"] = json!(BOT_TOKEN);
    lab.run("check", &json!({"source": source}), lab.temp.path(), None).fails("bad-source").reports("https");
}

#[test]
fn version_of_another_form_is_refused() {
    let lab = Lab::new();
    for version in [json!({"issue_number": "1"}), json!({"ref": "x"})] {
        check(&lab, Some(&version)).fails("bad-request");
    }
}
