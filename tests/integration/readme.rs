//! The README and the pages of the pipelines are true: their commands run, and what they print is what they say.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{NO_CACHE, Work, root};

/// A fenced block: what stands behind the fence, and its lines.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(kind)) => open = Some((kind.to_owned(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some((_, block)), None) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

/// The name of a block that is a file.
fn title(kind: &str) -> Option<&str> {
    kind.strip_prefix("yaml title=\"").and_then(|rest| rest.strip_suffix('"'))
}

/// What a command of a page prints.
fn printed(command: &str, folder: &Path) -> String {
    let binary = assert_cmd::cargo::cargo_bin("ol-pipegen");
    let output = Command::new("sh")
        .args(["-c", &format!("'{}' {command} 2>&1", binary.display())])
        .current_dir(folder)
        .envs([NO_CACHE])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The command of a block, and what it is said to print.
fn command(block: &str) -> (&str, &str) {
    block.strip_prefix("$ ol-pipegen ").unwrap().split_once('\n').unwrap()
}

/// Runs the blocks of a page in order, in one folder.
fn run(page: &str) -> usize {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let work = Work::new();
    let mut commands = 0;
    for (kind, block) in blocks(&text) {
        if let Some(name) = title(&kind) {
            work.write(name, &block);
        } else if kind == "console" {
            let (command, expected) = command(&block);
            assert_eq!(printed(command, work.path()), expected, "{page}: {command}");
            commands += 1;
        }
    }
    commands
}

#[test]
fn readme_says_what_happens() {
    assert_eq!(run("README.md"), 9);
}

#[test]
fn manifests_of_the_readme_render() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let work = Work::new();
    for (kind, block) in blocks(&text) {
        if let Some(name) = title(&kind)
            && name != "projects/bad.yml"
        {
            work.write(name, &block);
        }
    }
    work.run(&["render", "--quiet"]).fine();
    // Each has its pipeline, and one has another for edge.
    assert_eq!(work.list("rendered").len(), work.list("projects").len() + 1);
}

/// The page of each fleet quotes its files and runs where it stands. `OL_PIPEGEN_BLESS` writes what commands print.
#[test]
fn pages_of_the_pipelines_say_what_happens() {
    let mut pages = 0;
    for folder in fs::read_dir(root().join("pipelines")).unwrap().map(|entry| entry.unwrap().path()) {
        if !folder.is_dir() {
            continue;
        }
        let page = folder.join("README.md");
        let text = fs::read_to_string(&page).unwrap();
        let mut reported = text.clone();
        let mut commands = 0;
        for (kind, block) in blocks(&text) {
            if let Some(name) = title(&kind) {
                assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), block, "{}: {name}", page.display());
            } else if kind == "console" {
                let (command, _) = command(&block);
                let happens = format!("```console\n$ ol-pipegen {command}\n{}```", printed(command, &folder));
                reported = reported.replacen(&format!("```console\n{block}```"), &happens, 1);
                commands += 1;
            }
        }
        assert!(commands > 0, "{} shows nothing", page.display());
        if std::env::var_os("OL_PIPEGEN_BLESS").is_some() {
            fs::write(&page, reported).unwrap();
        } else {
            assert_eq!(text, reported, "{}\nor: OL_PIPEGEN_BLESS=1 cargo test --test integration", page.display());
        }
        pages += 1;
    }
    assert_eq!(pages, 4);
}
