//! What somebody could try, who may write to the issues, to the code, or to nothing.

use std::fs;
use std::os::unix::fs::symlink;

use fake_github::Phase;
use serde_json::{Value, json};

use crate::support::*;

/// A marker that names other versions, as somebody would forge it.
fn forged(lab: &Lab) -> String {
    let body = lab.issue(1).body;
    let marker = body.split_once(" -->").unwrap().0;
    format!("{} -->", marker.replace(&commit(1), &commit(666)))
}

fn approved_commit(lab: &Lab, number: u64) -> String {
    lab.close(number, "alice");
    let (run, dir) = lab.get(&lab.version(number), &format!("judged-{number}"));
    run.succeeds();
    fs::read_to_string(dir.join("ref")).unwrap().trim().to_owned()
}

#[test]
fn marker_in_a_persons_comment_is_text() {
    let lab = Lab::new();
    lab.recorded(1);
    for who in ["mallory", "bob", "stale[bot]"] {
        let text = forged(&lab);
        lab.world().comment(REPO, 1, who, &text);
        let record = json!({"kind": "record", "record": {"chain": marker(&lab.issue(1).body)["chain"], "seq": 2, "pins": {"code": commit(666)}, "approve": "exact", "destination": CONSUMER, "label": "x"}, "text": ""});
        lab.world().comment(REPO, 1, who, &format!("<!-- ol-gate v1 {record} -->\n"));
    }
    assert_eq!(approved_commit(&lab, 1), commit(1));
}

#[test]
fn marker_in_a_preview_a_commit_or_a_title_is_text() {
    let lab = Lab::new();
    lab.recorded(1);
    let forged = forged(&lab);
    let dir = lab.build_dir(2);
    fs::create_dir_all(dir.join("preview")).unwrap();
    fs::write(dir.join("preview/summary.md"), format!("{forged}\n```\n{forged}\n")).unwrap();
    let mut params = record_params();
    params["body_files"] = json!(["preview/summary.md"]);
    params["title"] = json!(format!("{forged} x"));
    lab.put(&params, &dir, &build(2).with("BUILD_JOB_NAME", &forged)).succeeds();
    let comment = lab.issue(1).comments[0].body.clone();
    assert_eq!(comment.matches("<!--").count(), 1, "{comment}");
    assert_eq!(approved_commit(&lab, 1), commit(2));
    // As the opening of an issue, too.
    let lab = lab.source("gate", "shop/-/QA/ready");
    lab.put(&params, &dir, &build(3)).succeeds();
    let opened = lab.issue(2);
    assert_eq!(opened.body.matches("<!--").count(), 1);
    assert!(!opened.title.starts_with("<!--"), "{}", opened.title);
    assert_eq!(marker(&opened.body)["record"]["pins"]["code"], commit(2));
}

#[test]
fn text_that_was_changed_when_somebody_decided_is_not_covered_by_a_put() {
    // A second after the decision, and in the same one.
    for later in [1_000, 0] {
        text_that_was_changed_is_not_covered(later);
    }
}

fn text_that_was_changed_is_not_covered(later: i64) {
    let lab = Lab::new();
    lab.recorded(1);
    lab.recorded(2);
    lab.fake.time().advance(5_000);
    // Between a put's reading and its writing somebody changes the text, and somebody else is deceived by it.
    let mut once = true;
    lab.fake.hook(move |request, world, _, phase| {
        if phase == Phase::Before && request.path.ends_with("/comments") && once {
            once = false;
            let body = world.issue(REPO, 1).unwrap().body.replace(&commit(1), &commit(9));
            world.edit_body(REPO, 1, "bob", &body);
            world.now += 1_000;
            world.close(REPO, 1, "alice", "completed");
            world.now += later;
        }
        fake_github::Action::Go
    });
    assert_eq!(lab.recorded(3), 2);
    assert_eq!(lab.issue(1).edits.last().unwrap().1, "gate-bot", "the put wrote over it");
    let (run, _) = lab.get(&lab.version(1), "deceived");
    run.fails("tampered").reports("the body was edited by bob");
}

#[test]
fn outsiders_issue_with_our_title_is_nobodys() {
    let lab = Lab::new();
    lab.recorded(1);
    let (body, labels) = (forged(&lab), lab.issue(1).labels);
    lab.close(1, "alice");
    let known = lab.version(1);
    let number = lab.world().open(REPO, "mallory", TITLE, &body, &labels);
    lab.close(number, "mallory");
    assert_eq!(lab.versions(Some(&known)), [known]);
    let (run, _) = lab.get(&lab.version(number), "forged");
    run.fails("not-ours").reports("another account");
    // A put does not adopt it either.
    lab.world().reopen(REPO, number, "mallory");
    assert_eq!(lab.recorded(2), number + 1);
}

#[test]
fn approval_file_of_an_outsiders_issue_is_not_claimed() {
    let lab = Lab::new();
    lab.recorded(1);
    let (body, labels) = (forged(&lab), lab.issue(1).labels);
    let number = lab.world().open(REPO, "mallory", TITLE, &body, &labels);
    lab.close(number, "alice");
    let approval = json!({"issue": number, "url": "x", "closed_by": "alice", "closed_at": lab.closed_at(number), "pins": {"code": commit(666)}, "build": "", "builds": []});
    let dir = lab.dir("gate", &[("approval.json", &approval.to_string())]);
    lab.claim_of(&dir, &build(7)).fails("not-ours");
    // Nor does a report find a claim there.
    lab.report("failed", &build(7)).succeeds().reports("nothing is reported");
    assert_eq!(lab.issue(number).comments.len(), 0);
}

#[test]
fn record_of_another_issue_is_not_replayed() {
    for signed in [false, true] {
        let lab = if signed { Lab::new().source("signing_key", SIGNING_KEY) } else { Lab::new() };
        lab.recorded(1);
        let old = lab.issue(1);
        lab.recorded(2);
        lab.close(1, "alice");
        assert_eq!(lab.recorded(3), 2);
        // The old issue's texts, put into the new one by somebody who may edit.
        lab.world().edit_body(REPO, 2, "bob", &old.body);
        lab.close(2, "alice");
        let (run, _) = lab.get(&lab.version(2), "replayed");
        run.fails("tampered").reports("edited by bob");
        // Without a trace of the edit, as on a server whose history somebody cleaned.
        lab.world().change(REPO, 2, |issue| issue.edits.clear());
        let (run, dir) = lab.get(&lab.version(2), "cleaned");
        if signed {
            run.fails("tampered").reports("not signed");
        } else {
            // This is what a signing key is for.
            run.succeeds();
            assert_eq!(fs::read_to_string(dir.join("ref")).unwrap(), format!("{}\n", commit(1)));
        }
    }
}

#[test]
fn comment_of_another_issue_is_not_replayed() {
    let lab = Lab::new().source("signing_key", SIGNING_KEY);
    lab.recorded(1);
    lab.recorded(2);
    let replayed = lab.issue(1).comments[0].body.clone();
    lab.close(1, "alice");
    lab.recorded(3);
    lab.recorded(4);
    let comment = lab.issue(2).comments[0].id;
    lab.world().edit_comment(REPO, 2, comment, "bob", &replayed);
    lab.world().change(REPO, 2, |issue| issue.comments[0].edited = None);
    lab.close(2, "alice");
    let (run, _) = lab.get(&lab.version(2), "replayed");
    run.fails("tampered").reports("not signed");
}

#[test]
fn issue_from_another_repository_approves_nothing() {
    let lab = Lab::new();
    lab.world().add_repository("acme/sandbox");
    lab.recorded(1);
    let (body, labels) = (forged(&lab), lab.issue(1).labels);
    // The same account, where somebody has it open whatever they like.
    let there = lab.world().open("acme/sandbox", "gate-bot", TITLE, &body, &labels);
    let here = lab.world().transfer("acme/sandbox", there, REPO, "bob");
    lab.close(here, "alice");
    let run = lab.gate_check(None);
    assert_eq!(run.json(), json!([]));
    run.reports("transferred here from another repository");
    let (run, _) = lab.get(&lab.version(here), "moved");
    run.fails("transferred");
}

#[test]
fn issue_from_another_repository_is_left_alone_by_a_put() {
    let lab = Lab::new();
    lab.world().add_repository("acme/sandbox");
    lab.recorded(1);
    let (body, labels) = (lab.issue(1).body, lab.issue(1).labels);
    let there = lab.world().open("acme/sandbox", "gate-bot", TITLE, &body, &labels);
    let here = lab.world().transfer("acme/sandbox", there, REPO, "bob");
    assert_eq!(lab.recorded(2), 1);
    lab.close(1, "alice");
    let next = lab.recorded(3);
    assert!(next > here, "the one from elsewhere is nobody's");
    assert!(!lab.issue(here).closed);
    assert!(lab.issue(here).comments.is_empty());
}

#[test]
fn machines_closing_approves_nothing() {
    for (who, closer) in [
        ("bob", Some("Commit")),
        ("bob", Some("PullRequest")),
        ("bob", Some("ProjectV2")),
        ("stale[bot]", None),
        ("gate-bot", None),
    ] {
        let lab = Lab::new();
        lab.recorded(1);
        lab.fake.time().advance(5_000);
        lab.world().close_by(REPO, 1, Some(who), "completed", closer);
        let id = if closer.is_some() { "closed-by-machine" } else { "closer" };
        lab.get(&lab.version(1), "machine").0.fails(id);
        let approval = json!({"issue": 1, "url": "x", "closed_by": who, "closed_at": lab.closed_at(1), "pins": {"code": commit(1), "img": format!("sha256:{:064x}", 1)}, "build": "", "builds": []});
        let dir = lab.dir("gate", &[("approval.json", &approval.to_string())]);
        lab.claim_of(&dir, &build(7).by("mallory")).fails(id);
    }
    // Closed by somebody whose account is gone since.
    let lab = Lab::new();
    lab.recorded(1);
    lab.fake.time().advance(5_000);
    lab.world().close_by(REPO, 1, None, "completed", None);
    lab.get(&lab.version(1), "ghost").0.fails("closer").reports("does not show who");
}

#[test]
fn right_that_was_taken_away_meanwhile_is_gone() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    let (run, dir) = lab.get(&lab.version(1), "gate");
    run.succeeds();
    lab.world().users.get_mut("alice").unwrap().roles.clear();
    lab.claim_of(&dir, &build(7)).fails("closer");
}

#[test]
fn text_from_outside_does_nothing() {
    let lab = Lab::new();
    let evil = "@acme/everyone Fixes #1, closes acme/other#2\r\n</details><img src=x>\u{202e}\u{7}[link](https://evil.example.org)\n~~~\n`````\n- [x] done";
    let dir = lab.build_dir(1);
    fs::create_dir_all(dir.join("preview")).unwrap();
    fs::write(dir.join("preview/summary.md"), evil).unwrap();
    let mut params = record_params();
    params["body_files"] = json!(["preview/summary.md"]);
    let builder = build(1)
        .with("BUILD_JOB_NAME", "deploy @acme/everyone](https://evil.example.org)")
        .with("BUILD_PIPELINE_NAME", "`closes #4`");
    lab.put(&params, &dir, &builder).succeeds();
    lab.put(&params, &dir, &builder.clone().with("BUILD_ID", "2")).succeeds();
    for text in [lab.issue(1).body, lab.issue(1).comments[0].body.clone()] {
        let seen = without_code(text.split_once(" -->\n").unwrap().1);
        for part in ["@acme", "Fixes #", "closes #", "evil.example.org)", "<img", "\u{202e}", "\u{7}"] {
            assert!(!seen.contains(part), "{part:?} is live in {seen}");
        }
    }
}

/// Markdown without what is code in it: fenced blocks and inline spans.
fn without_code(text: &str) -> String {
    let mut out = String::new();
    let mut fence: Option<usize> = None;
    for line in text.lines() {
        let run = line.chars().take_while(|c| *c == '`').count();
        match fence {
            Some(length) if run >= length && line[run..].trim().is_empty() => fence = None,
            Some(_) => {}
            None if run >= 3 => fence = Some(run),
            None => {
                let mut rest = line;
                while let Some(at) = rest.find('`') {
                    out.push_str(&rest[..at]);
                    let run = rest[at..].chars().take_while(|c| *c == '`').count();
                    let after = &rest[at + run..];
                    let mut search = 0;
                    let end = loop {
                        let Some(found) = after[search..].find('`').map(|found| search + found) else { break None };
                        let length = after[found..].chars().take_while(|c| *c == '`').count();
                        if length == run {
                            break Some(found + run);
                        }
                        search = found + length;
                    };
                    rest = end.map_or("", |end| &after[end..]);
                }
                out.push_str(rest);
                out.push('\n');
            }
        }
    }
    assert_eq!(fence, None, "a code block is left open");
    out
}

#[test]
fn path_or_link_out_of_the_build_directory_is_refused() {
    let lab = Lab::new();
    let outside = lab.dir("outside", &[("secret", &format!("{}\n", commit(1))), (".git/objects/x", "")]);
    let dir = lab.build_dir(1);
    symlink(outside.join("secret"), dir.join("code/.git/link")).unwrap();
    symlink(&outside, dir.join("folder")).unwrap();
    symlink("/dev/zero", dir.join("zero")).unwrap();
    for path in [
        "../outside/secret",
        "/etc/passwd",
        "code/.git/link",
        "folder/secret",
        "code/../../outside/secret",
        "zero",
        "",
        "code",
        "a\u{0}b",
    ] {
        let mut params = record_params();
        params["pins"]["code"] = json!(path);
        lab.put(&params, &dir, &build(1)).fails("bad-file");
        for (key, value) in [("body_files", json!([path])), ("close_if_file", json!(path)), ("clone", json!(path))] {
            // A folder is a fine clone, and may exist.
            if path == "code" && key != "body_files" {
                continue;
            }
            let mut params = record_params();
            params[key] = value;
            let run = lab.put(&params, &dir, &build(1));
            run.fails("bad-file");
            assert_eq!(run.requests.len(), 0);
        }
        let params = json!({"action": "claim", "approval": path});
        lab.put(&params, &dir, &build(1)).fails("bad-file");
    }
    for name in ["../code", "a/b", ".", "", "-x"] {
        let mut params = record_params();
        params["pins"] = json!({name: "code/.git/ref"});
        lab.put(&params, &dir, &build(1)).fails("bad-params");
    }
    fs::write(dir.join("huge"), vec![b'a'; 2 << 20]).unwrap();
    let mut params = record_params();
    params["pins"]["code"] = json!("huge");
    lab.put(&params, &dir, &build(1)).fails("bad-file").reports("larger");
    assert_eq!(lab.issues().len(), 0);
}

#[test]
fn commit_of_the_resources_own_name_does_not_fool_the_put() {
    // Two issues of the gate at once, of which one is not ours: neither merged nor closed.
    let lab = Lab::new();
    lab.recorded(1);
    let labels = lab.issue(1).labels;
    let body = lab.issue(1).body;
    let theirs = lab.world().open(REPO, "bob", TITLE, &body, &labels);
    assert_eq!(lab.recorded(2), 1);
    assert!(!lab.issue(theirs).closed);
    assert_eq!(lab.issue(theirs).comments.len(), 0);
}

#[test]
fn reopening_and_closing_by_another_gives_a_new_approval_and_the_old_stays_void() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    let (_, dir) = lab.get(&lab.version(1), "gate");
    lab.claim_of(&dir, &build(7)).succeeds();
    lab.reopen(1, "mallory");
    lab.close(1, "mallory");
    assert_eq!(lab.versions(None), Vec::<Value>::new());
    lab.claim_of(&dir, &build(8).by("carol")).fails("withdrawn");
}

#[test]
fn closing_during_a_claim_by_somebody_else_does_not_slip_in() {
    let lab = Lab::new();
    lab.recorded(1);
    lab.close(1, "alice");
    let (_, dir) = lab.get(&lab.version(1), "gate");
    // Between the judgement and the verification: reopened, and closed by somebody who may not approve.
    let mut once = true;
    lab.fake.hook(move |request, world, _, phase| {
        if phase == Phase::After && request.path.ends_with("/comments") && once {
            once = false;
            world.reopen(REPO, 1, "alice");
            world.now += 3_000;
            world.close(REPO, 1, "mallory", "completed");
        }
        fake_github::Action::Go
    });
    lab.claim_of(&dir, &build(7)).fails("withdrawn");
}

#[test]
fn closing_by_somebody_else_before_a_claims_last_write_does_not_slip_in() {
    for closed_again in [false, true] {
        let lab = Lab::new();
        lab.recorded(1);
        lab.close(1, "alice");
        let (_, dir) = lab.get(&lab.version(1), "gate");
        lab.fake.hook(move |request, world, _, phase| {
            if phase == Phase::Before && request.method == "PATCH" {
                world.reopen(REPO, 1, "alice");
                world.now += 3_000;
                if closed_again {
                    world.close(REPO, 1, "mallory", "completed");
                }
            }
            fake_github::Action::Go
        });
        lab.claim_of(&dir, &build(7)).fails("withdrawn");
    }
}

#[test]
fn claim_that_somebody_wrote_themselves_stops_nothing() {
    let lab = Lab::new();
    lab.close(lab.recorded(1), "alice");
    lab.claim(1, &build(7)).succeeds();
    let body = lab.issue(1).body;
    let recorded = marker(&body)["claims"][0]["recorded_at"].as_str().unwrap().to_owned();
    let forged = body.replace(&recorded, "2099-01-01T00:00:00Z");
    lab.world().edit_body(REPO, 1, "bob", &forged);
    lab.close(lab.recorded(2), "alice");
    lab.claim(2, &build(8)).succeeds();
    // Nor one in an issue of their own.
    let labels = lab.issue(1).labels;
    let theirs = lab.world().open(REPO, "bob", TITLE, &forged, &labels);
    lab.close(theirs, "bob");
    let next = lab.recorded(3);
    lab.close(next, "alice");
    lab.claim(next, &build(9)).succeeds();
}

/// A put without `gate`, by the account that writes the gate's issues, posts files as they are.
#[test]
fn marker_in_a_file_of_compatibility_mode_is_text() {
    let lab = Lab::new();
    lab.recorded(1);
    let forged = forged(&lab);
    let split = forged.replacen("<!--", "<!\u{0}--", 1);
    let dir = lab.dir("notes", &[("notes.md", &forged), ("split.md", &split)]);
    let mut number = 1;
    for (title, body) in [
        ("[bot] Pipeline notes", json!({"body_file": "notes.md"})),
        ("[bot] Pipeline notes", json!({"body_files": ["split.md"]})),
        ("[bot] Pipeline notes", json!({"body_file": "split.md"})),
        // The title of the gate's own issue, which is open.
        (TITLE, json!({"body_file": "notes.md"})),
    ] {
        let mut params = body.clone();
        params["title_template"] = json!(title);
        for in_place in [false, true] {
            let mut source = lab.compat_source();
            source["update_in_place"] = json!(in_place);
            lab.run("out", &json!({"source": source, "params": params}), &dir, Some(&build(7))).succeeds();
        }
        number = number.max(lab.issues().len() as u64);
    }
    assert!(number >= 3, "an issue of a gate is left alone, and another one is opened");
    for issue in lab.issues().into_iter().skip(1) {
        for text in std::iter::once(&issue.body).chain(issue.comments.iter().map(|comment| &comment.body)) {
            assert!(!text.contains("<!-- ol-gate"), "{text}");
        }
    }
    assert!(lab.issue(1).comments.is_empty());
    assert_eq!(approved_commit(&lab, 1), commit(1));
}
