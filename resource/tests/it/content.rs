//! Versions are content: what a name stood for when it was recorded is what is deployed under it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::*;

/// The shells that jobs run the script with: that of Debian, of Alpine, and of Fedora.
const SHELLS: [&[&str]; 3] = [&["dash"], &["busybox", "sh"], &["bash"]];

fn params(content: &Value) -> Value {
    let mut params = record_params();
    params["pins"]["tool"] = json!("tool/tag");
    params["content"] = json!({"tool": content});
    params
}

fn except() -> Value {
    json!({"except": ["body", "timestamp", "url"]})
}

/// Writes a release as the `github-release` resource fetches it.
fn fetch(dir: &Path, asset: &str, timestamp: &str) {
    let tool = dir.join("tool");
    let _ = fs::remove_dir_all(&tool);
    fs::create_dir_all(tool.join("unpacked/deep")).unwrap();
    for (name, text) in [
        ("tag", "v1.2"),
        ("version", "1.2"),
        ("body", &format!("notes of {timestamp}")),
        ("timestamp", timestamp),
        ("url", "https://github.com/x"),
        ("tool.tgz", asset),
        ("a b -*? é", "spaces"),
        ("unpacked/deep/empty", ""),
        ("unpacked/body", "not the release's notes"),
    ] {
        fs::write(tool.join(name), text).unwrap();
    }
    symlink("../tool.tgz", tool.join("unpacked/link")).unwrap();
}

/// An approval of a record of that content, and the folder of a build that got it.
fn approved(lab: &Lab, content: &Value) -> std::path::PathBuf {
    let dir = lab.build_dir(1);
    fetch(&dir, "first", "10:00");
    lab.put(&params(content), &dir, &build(1)).succeeds();
    lab.close(1, "alice");
    let job = lab.dir("job", &[]);
    lab.get(&lab.version(1), "job/gate").0.succeeds();
    job
}

fn checked_out(shell: &[&str], dir: &Path, content: &str) -> Output {
    Command::new(shell[0])
        .args(&shell[1..])
        .arg("gate/checkout-approved")
        .current_dir(dir)
        .envs([("CODE", "code"), ("CHECKOUT", ""), ("COMPARE", "tool=tag"), ("FETCH", ""), ("CONTENT", content)])
        .output()
        .unwrap()
}

#[track_caller]
fn agrees(dir: &Path, content: &str, expected: bool, what: &str) {
    for shell in SHELLS {
        let output = checked_out(shell, dir, content);
        let output_text =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), expected, "{what} with {shell:?}: {output_text}");
        let word = if expected { "the approved content sha256:" } else { "not deployed" };
        assert!(output_text.contains(word), "{what} with {shell:?}: {output_text}");
    }
}

#[test]
fn release_made_anew_under_its_tag_is_not_deployed() {
    let lab = Lab::new();
    let job = approved(&lab, &except());
    let line = "tool except body timestamp url";
    fetch(&job, "first", "12:00");
    agrees(&job, line, true, "notes and times that were edited");
    fetch(&job, "second", "10:00");
    agrees(&job, line, false, "another asset");
    for (what, change) in [
        ("an asset more", (|tool| fs::write(tool.join("body url"), "x").unwrap()) as fn(&Path)),
        ("an asset less", |tool| fs::remove_file(tool.join("a b -*? é")).unwrap()),
        ("a link that leads elsewhere", |tool| {
            fs::remove_file(tool.join("unpacked/link")).unwrap();
            symlink("/etc/passwd", tool.join("unpacked/link")).unwrap();
        }),
        ("a file in the place of a link", |tool| {
            fs::remove_file(tool.join("unpacked/link")).unwrap();
            fs::write(tool.join("unpacked/link"), "first").unwrap();
        }),
        ("a file of an excluded name in a folder", |tool| fs::write(tool.join("unpacked/body"), "x").unwrap()),
        // Line by line, its path is that of two files that are there.
        ("a file more with two lines in its path", |tool| {
            fs::create_dir(tool.join("tag\n.")).unwrap();
            fs::write(tool.join("tag\n./tool.tgz"), "x").unwrap();
        }),
        ("a moved file", |tool| fs::rename(tool.join("tool.tgz"), tool.join("unpacked/tool.tgz")).unwrap()),
        ("nothing at all", |tool| {
            for entry in fs::read_dir(tool).unwrap() {
                let path = entry.unwrap().path();
                if path.file_name().unwrap() != "tag" {
                    if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }.unwrap();
                }
            }
        }),
    ] {
        fetch(&job, "first", "10:00");
        change(&job.join("tool"));
        agrees(&job, line, false, what);
    }
}

#[test]
fn only_the_named_files_count_where_files_are_named() {
    let lab = Lab::new();
    let job = approved(&lab, &json!({"only": ["tool.tgz", "unpacked"]}));
    let line = "tool only tool.tgz unpacked";
    fetch(&job, "first", "10:00");
    fs::write(job.join("tool/other"), "x").unwrap();
    agrees(&job, line, true, "a file that is not named");
    fs::write(job.join("tool/unpacked/other"), "x").unwrap();
    agrees(&job, line, false, "a file more in a folder that is named");
    fetch(&job, "first", "10:00");
    fs::remove_file(job.join("tool/tool.tgz")).unwrap();
    agrees(&job, line, false, "a named file that is missing");
}

#[test]
fn approval_without_a_hash_deploys_nothing_where_one_is_compared() {
    let lab = Lab::new();
    let dir = lab.build_dir(1);
    fetch(&dir, "first", "10:00");
    let mut old = params(&except());
    old.as_object_mut().unwrap().remove("content");
    lab.put(&old, &dir, &build(1)).succeeds();
    lab.close(1, "alice");
    let job = lab.dir("job", &[]);
    lab.get(&lab.version(1), "job/gate").0.succeeds();
    fetch(&job, "first", "10:00");
    for shell in SHELLS {
        let output = checked_out(shell, &job, "tool except body timestamp url");
        assert!(!output.status.success(), "{shell:?}");
        let output_text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output_text.contains("the approval names no version of tool.sha256"), "{output_text}");
    }
}

#[test]
fn content_that_cannot_be_hashed_alike_is_refused() {
    for (content, why) in [
        (json!({"only": []}), "`only` names no file"),
        (json!({"only": ["../secret"]}), "is not a path"),
        (json!({"only": ["/etc/passwd"]}), "is not a path"),
        (json!({"only": ["a b"]}), "is not a path"),
        (json!({"except": ["a/b"]}), "lies in a folder"),
        (json!({"only": ["missing"]}), "tool/missing"),
    ] {
        let lab = Lab::new();
        let dir = lab.build_dir(1);
        fetch(&dir, "first", "10:00");
        let run = lab.put(&params(&content), &dir, &build(1));
        assert_eq!(run.code, Some(1), "{content}");
        assert!(run.stderr.contains(why), "{content}: {}", run.stderr);
        assert_eq!(lab.issues().len(), 0, "{content}");
    }
    let lab = Lab::new();
    let dir = lab.build_dir(1);
    fetch(&dir, "first", "10:00");
    fs::write(dir.join("tool/x\ny"), "").unwrap();
    lab.put(&params(&except()), &dir, &build(1)).fails("bad-file").reports("control character");
    fs::remove_file(dir.join("tool/x\ny")).unwrap();
    let mut twice = params(&except());
    twice["pins"]["tool.sha256"] = json!("tool/tag");
    lab.put(&twice, &dir, &build(1)).fails("bad-params").reports("both give the pin `tool.sha256`");
}
