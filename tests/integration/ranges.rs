//! `diff OLD..NEW`: a gate that gets weaker on the way into another file, or in a file that cannot be read, fails.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::support::Work;
use crate::weaker::{REDIRECTED, SHOP, WEAKER, again, section};

/// A repository with one commit of these files.
fn repository(files: &[(&str, &str)]) -> Work {
    let work = Work::new();
    work.git(&["init", "--quiet"]);
    for (name, text) in files {
        work.write(name, text);
    }
    commit(&work);
    work
}

fn commit(work: &Work) {
    work.git(&["add", "--all"]);
    work.git(&["commit", "--quiet", "--allow-empty", "--message", "a change"]);
}

/// What is reported when `change` is made to `files`, and the exit code of `--fail-on weaker`.
fn changed(files: &[(&str, &str)], change: impl FnOnce(&Work)) -> (String, i32) {
    let work = repository(files);
    change(&work);
    commit(&work);
    let ran = work.run(&["diff", "--fail-on", "weaker", "HEAD~1..HEAD"]);
    (ran.stdout + &ran.stderr, ran.code)
}

fn remove(work: &Work, name: &str) {
    std::fs::remove_file(work.path().join(name)).unwrap();
}

/// The shop without its last job, and that job alone in a pipeline of its own.
fn split() -> (String, String) {
    let (head, jobs) = SHOP.split_once("jobs:\n").unwrap();
    let at = jobs.find("- name: deploy-shop-production").unwrap();
    let rest = format!("{head}jobs:\n{}", &jobs[..at]);
    (rest, format!("{head}jobs:\n{}", &jobs[at..]))
}

/// Without a gate: each commit deploys.
fn ungated(text: &str) -> String {
    let claims = ["ci-post", "qa-post"].map(|post| {
        format!(
            "  - put: {post}\n    no_get: true\n    inputs: [code]\n    params: {{action: claim, approval: \
             code/.git/approval/approval.json}}\n"
        )
    });
    let text = claims.iter().fold(text.to_owned(), |text, claim| text.replace(claim.as_str(), ""));
    text.replace("{get: code, resource: ci-trigger, trigger: true}", "{get: code, trigger: true}")
        .replace("{get: code, resource: qa-trigger, trigger: true}", "{get: code, trigger: true}")
}

/// The jobs by other names.
fn with_other_jobs(text: &str) -> String {
    text.replace("- name: deploy-shop-", "- name: ship-it-to-")
}

#[track_caller]
fn is_weaker((reported, code): (String, i32), parts: &[&str]) {
    // Of each pipeline.
    let (mut is_weaker, mut lines) = (false, Vec::new());
    for line in reported.lines() {
        is_weaker = line == WEAKER || is_weaker && line.starts_with("  ");
        lines.extend(is_weaker.then_some(line));
    }
    assert!(
        lines.iter().any(|line| parts.iter().all(|part| line.contains(part))),
        "no line with {parts:?}: {reported}"
    );
    assert_eq!(code, 1, "{reported}");
}

#[track_caller]
fn is_refused((reported, code): (String, i32), parts: &[&str]) {
    assert!(parts.iter().all(|part| reported.contains(part)), "{parts:?}: {reported}");
    assert_eq!(code, 3, "{reported}");
}

#[test]
fn gated_job_that_moves_to_another_file_without_its_gate_is_weaker() {
    let (rest, production) = split();
    let bare = ungated(&production);
    let moved = |text: &str| {
        changed(&[("shop.yml", SHOP)], |work| {
            work.write("shop.yml", &rest);
            work.write("production.yml", text);
        })
    };
    is_weaker(moved(&bare), &["job deploy-shop-production", "no longer waits for an approval"]);
    is_weaker(moved(&with_other_jobs(&bare)), &["job ship-it-to-production"]);
    // Into a file that was there before.
    let other =
        bare.replace("STACK: Production", "STACK: Nightly").replace("- name: deploy-shop-production", "- name: a");
    let into = changed(&[("shop.yml", SHOP), ("other.yml", &other)], |work| {
        work.write("shop.yml", &rest);
        work.write("other.yml", &bare);
    });
    is_weaker(into, &["job deploy-shop-production", "no longer waits for an approval"]);
    // Out of a file that is gone.
    let away = changed(&[("shop.yml", SHOP)], |work| {
        remove(work, "shop.yml");
        work.write("a.yml", &rest);
        work.write("b.yml", &bare);
    });
    is_weaker(away, &["job deploy-shop-production", "no longer waits for an approval"]);
}

#[test]
fn job_of_another_file_that_deploys_an_approval_once_more_is_weaker() {
    let (head, _) = SHOP.split_once("jobs:\n").unwrap();
    let redo = format!("{head}jobs:\n{}", again(", trigger: true"));
    let parts = ["redo", "without a claim", "`unpinned-approval`"];
    // In a file that comes, beside a file that changes, or that stays as it is.
    let comes = |shop: &str| {
        changed(&[("shop.yml", SHOP)], |work| {
            work.write("shop.yml", shop);
            work.write("redo.yml", &redo);
        })
    };
    is_weaker(comes(SHOP), &parts);
    is_weaker(comes(&SHOP.replace("SIZE: large", "SIZE: huge")), &parts);
    // In a file that was there.
    let other = format!("{head}jobs:\n- name: idle\n  plan:\n  - {{get: tools, trigger: true}}\n");
    is_weaker(changed(&[("shop.yml", SHOP), ("redo.yml", &other)], |work| work.write("redo.yml", &redo)), &parts);
    // A gate that nobody had names no version from its first day.
    let unpinned = redo
        .replace("gate: shop/-/", "gate: other/-/")
        .replace("destination: shop/-/", "destination: other/-/")
        .replace("STACK: Production", "STACK: Other");
    let (reported, code) = changed(&[("shop.yml", SHOP)], |work| work.write("redo.yml", &unpinned));
    assert!(reported.contains("`unpinned-approval`") && code == 0, "{reported}");
}

#[test]
fn job_behind_a_gate_of_somebody_else_that_leads_to_the_same_stage_is_weaker() {
    let (_, production) = split();
    let other = production
        .replace("- name: deploy-shop-production", "- name: ship")
        .replace("gate: shop/-/QA/deployed", "gate: a/-/b/deployed");
    for ship in [other.clone(), other.replace("repository: example/ops", "repository: mallory/ops")] {
        let comes = changed(&[("shop.yml", SHOP)], |work| work.write("ship.yml", &ship));
        is_weaker(comes, &["job ship", "does the same as `deploy-shop-production`", "another gate", "`shared-target`"]);
    }
}

#[test]
fn gated_job_that_moves_to_another_file_with_its_gate_is_as_strong() {
    let (rest, production) = split();
    let (reported, code) = changed(&[("shop.yml", SHOP)], |work| {
        work.write("shop.yml", &rest);
        work.write("production.yml", &production);
    });
    assert!(section(&reported, WEAKER).is_empty() && section(&reported, REDIRECTED).is_empty(), "{reported}");
    assert_eq!(code, 0, "{reported}");
    // And with a gate that more people can open.
    let open =
        production.replace("access_token: ((token)), git:", "access_token: ((token)), closers: {roles: [read]}, git:");
    let opened = changed(&[("shop.yml", SHOP)], |work| {
        work.write("shop.yml", &rest);
        work.write("production.yml", &open);
    });
    is_weaker(opened, &["closers"]);
}

#[test]
fn renamed_file_is_compared_with_its_new_self() {
    let renamed = |text: &str| {
        changed(&[("shop.yml", SHOP)], |work| {
            remove(work, "shop.yml");
            work.write("store.yml", text);
        })
    };
    let (rest, production) = split();
    let bare = with_other_jobs(&(rest + ungated(&production).split_once("jobs:\n").unwrap().1));
    is_weaker(renamed(&bare), &["ship-it-to-production"]);
    let open = SHOP.replace("access_token: ((token)), git:", "access_token: ((token)), closers: {roles: [read]}, git:");
    is_weaker(renamed(&with_other_jobs(&open)), &["closers"]);
    let (reported, code) = renamed(&with_other_jobs(SHOP));
    assert!(reported.contains("in another file") && code == 0, "{reported}");
}

#[test]
fn pipeline_that_is_gone_with_its_gates_is_weaker() {
    let gone = changed(&[("shop.yml", SHOP)], |work| remove(work, "shop.yml"));
    is_weaker(gone, &["job deploy-shop-production", "no pipeline waits for an approval of `shop/-/QA/deployed`"]);
    // Only the job is gone: it may be in a file that is no pipeline to this program.
    let (rest, _) = split();
    let lost = changed(&[("shop.yml", SHOP)], |work| work.write("shop.yml", &rest));
    is_weaker(lost, &["job deploy-shop-production", "no pipeline waits for an approval of `shop/-/QA/deployed`"]);
    // Its gates are in another file.
    let copied = changed(&[("shop.yml", SHOP), ("copy.yml", SHOP)], |work| remove(work, "shop.yml"));
    assert_eq!(copied.1, 0, "{}", copied.0);
    // Without a gate it is only gone.
    let bare = ungated(SHOP);
    assert_eq!(changed(&[("shop.yml", &bare)], |work| remove(work, "shop.yml")).1, 0);
}

#[test]
fn file_that_is_not_read_fails() {
    let bare = ungated(SHOP);
    let shop = [("shop.yml", SHOP), ("data.txt", bare.as_str())];
    let link = |name: &str| {
        changed(&shop, |work| {
            if work.exists(name) {
                remove(work, name);
            }
            std::os::unix::fs::symlink("data.txt", work.path().join(name)).unwrap();
        })
    };
    is_refused(link("new.yml"), &["cannot compare new.yml: it is a link", "commit the pipeline itself"]);
    is_refused(link("shop.yml"), &["cannot compare shop.yml: it is a link"]);
    let named = |removed: &[&str], name: &[u8]| {
        changed(&shop[..1], |work| {
            for name in removed {
                remove(work, name);
            }
            std::fs::write(work.path().join(OsStr::from_bytes(name)), &bare).unwrap();
        })
    };
    is_refused(named(&[], b"new\xff.yml"), &["cannot compare new", "rename the file"]);
    is_refused(named(&["shop.yml"], b"shop\xff.yml"), &["rename the file"]);
    for ending in ["shop.YML", "shop", "shop.txt", ".github/shop.yml", "pipegen.yml"] {
        let moved = changed(&shop[..1], |work| {
            remove(work, "shop.yml");
            work.write(ending, &bare);
        });
        is_weaker(moved, &["no longer waits for an approval"]);
    }
    let twice = changed(&shop[..1], |work| work.write("new.yml", &format!("jobs: []\n{bare}")));
    is_refused(twice, &["new.yml", "what cannot be read is not compared"]);
    let utf16: Vec<u8> = "\u{feff}".encode_utf16().chain(bare.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for name in ["shop.yml", "new.yml"] {
        let written = changed(&shop[..1], |work| std::fs::write(work.path().join(name), &utf16).unwrap());
        is_refused(written, &["the file is not UTF-8"]);
    }
}

#[test]
fn files_beside_pipelines_are_no_pipelines() {
    let workflow = "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps: [{run: make}]\n";
    let (reported, code) = changed(&[("shop.yml", SHOP)], |work| {
        work.write(".github/workflows/test.yml", workflow);
        work.write("README.md", "jobs:\n\nA list of jobs.\n");
        std::fs::write(work.path().join("logo.png"), b"\x89PNG\0\xff").unwrap();
    });
    assert_eq!((reported.as_str(), code), ("nothing changes\n", 0));
}

#[test]
fn policy_of_a_fleet_that_asks_for_less_is_weaker() {
    const FLEET: &str =
        "version: 1\npolicy:\n- {environments: [Production], closers: {teams: [example/sre]}, soak: 24h}\n";
    let files = [("pipegen.yml", FLEET), ("rendered/shop.yml", SHOP)];
    let (told, code) = changed(&files, |work| work.write("pipegen.yml", &FLEET.replace("24h", "1s")));
    assert_eq!((told.contains("policy Production: asks for less in `soak`"), code), (true, 1), "{told}");
    assert!(told.contains(WEAKER), "{told}");
    let (told, code) = changed(&files, |work| remove(work, "pipegen.yml"));
    assert_eq!((told.contains("policy Production: is gone from the policy"), code), (true, 1), "{told}");
    let (told, code) = changed(&files, |work| work.write("pipegen.yml", &FLEET.replace("24h", "25h")));
    assert_eq!(code, 0, "{told}");
}

const SETTER: &str = "version: 1\nconcourses: {main: {target: main, team: shop}}\nmeta:\n  pipeline: shop-pipelines\n  \
                      source: {repository: https://github.com/example/shop, folder: deploy}\n  \
                      image: {repository: example/ol-pipegen, tag: 0.1.0}\n";

#[test]
fn fleet_whose_pipelines_are_set_from_elsewhere_is_weaker() {
    let files = [("pipegen.yml", SETTER), ("rendered/shop.yml", SHOP)];
    for (old, new, parts) in [
        ("example/shop,", "mallory/shop,", ["fleet meta.source.repository: changes from", "mallory/shop"]),
        (
            "folder: deploy",
            "branch: mallory, folder: deploy",
            ["fleet meta.source.branch: changes from `main`", "mallory"],
        ),
        ("example/ol-pipegen", "mallory/ol-pipegen", ["fleet meta.image.repository: changes", "mallory/ol-pipegen"]),
        (
            "team: shop",
            "team: mallory",
            ["fleet concourses.main.team: changes from `shop` to `mallory`", "credentials"],
        ),
    ] {
        let fleet = SETTER.replacen(old, new, 1);
        is_weaker(changed(&files, |work| work.write("pipegen.yml", &fleet)), &parts);
        // In a file of another name, too.
        let moved = changed(&files, |work| {
            remove(work, "pipegen.yml");
            work.write("fleets/pipegen.yml", &fleet);
        });
        is_weaker(moved, &parts);
    }
    let (told, code) = changed(&files, |work| work.write("pipegen.yml", &SETTER.replace("0.1.0", "0.2.0")));
    assert_eq!((told.as_str(), code), ("nothing changes\n", 0));
}

#[test]
fn refs_of_a_repository_do_not_hide_a_weaker_gate() {
    let bare = ungated(SHOP);
    let work = repository(&[("shop.yml", SHOP)]);
    work.write("shop.yml", &bare);
    commit(&work);
    let of = |range: &str| {
        let ran = work.run(&["diff", "--fail-on", "weaker", range]);
        (ran.stdout + &ran.stderr, ran.code)
    };
    is_weaker(of("HEAD~1..HEAD"), &["no longer waits for an approval"]);
    work.git(&["replace", "HEAD:shop.yml", "HEAD~1:shop.yml"]);
    is_weaker(of("HEAD~1..HEAD"), &["no longer waits for an approval"]);
    work.git(&["replace", "--delete", "HEAD:shop.yml"]);
    work.git(&["replace", "HEAD", "HEAD~1"]);
    is_weaker(of("HEAD~1..HEAD"), &["no longer waits for an approval"]);
    work.git(&["--no-replace-objects", "replace", "--delete", "HEAD"]);
    // A tag with the name of a branch.
    work.git(&["branch", "base", "HEAD~1"]);
    is_weaker(of("base..HEAD"), &["no longer waits for an approval"]);
    work.git(&["tag", "base", "HEAD"]);
    let (told, code) = of("base..HEAD");
    assert!(told.contains("`base` means refs/tags/base and refs/heads/base") && code == 2, "{told}");
    is_weaker(of("refs/heads/base..HEAD"), &["no longer waits for an approval"]);
    // Of one commit both are the same.
    work.git(&["tag", "--force", "base", "base~0"]);
    work.git(&["tag", "--force", "--annotate", "--message", "x", "base", "refs/heads/base"]);
    is_weaker(of("base..HEAD"), &["no longer waits for an approval"]);
}
