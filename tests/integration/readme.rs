//! The README is true: its files are written, its commands run, and what they print is what it says.

use std::fs;
use std::process::Command;

use crate::support::{Work, root};

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

/// Runs the blocks of a page in order, in one folder.
fn run(page: &str) -> usize {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let work = Work::new();
    let mut commands = 0;
    for (kind, block) in blocks(&text) {
        if let Some(name) = kind.strip_prefix("yaml title=\"").and_then(|rest| rest.strip_suffix('"')) {
            work.write(name, &block);
            continue;
        }
        if kind != "console" {
            continue;
        }
        let (command, expected) = block.strip_prefix("$ ol-pipegen ").unwrap().split_once('\n').unwrap();
        let binary = assert_cmd::cargo::cargo_bin("ol-pipegen");
        let output = Command::new("sh")
            .args(["-c", &format!("'{}' {command} 2>&1", binary.display())])
            .current_dir(work.path())
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected, "{page}: {command}");
        commands += 1;
    }
    commands
}

#[test]
fn readme_says_what_happens() {
    assert_eq!(run("README.md"), 8);
}

#[test]
fn manifests_of_the_readme_render() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let work = Work::new();
    for (kind, block) in blocks(&text) {
        if let Some(name) = kind.strip_prefix("yaml title=\"").and_then(|rest| rest.strip_suffix('"'))
            && name != "projects/bad.yml"
        {
            work.write(name, &block);
        }
    }
    work.run(&["render", "--quiet"]).fine();
    // Each has its pipeline, and one has another for edge.
    assert_eq!(work.list("rendered").len(), work.list("projects").len() + 1);
}
