//! `validate`: what it takes, and what rules may be asked to be.

use std::fs;

use insta::assert_snapshot;
use ol_pipegen::yaml::Value;

use crate::support::{SHOP_FLEET, Work, manifest, root};

const LOOSE: &str = "project: shop-a\nstack:\n  pulumi: {path: infra/a}\napproval: {approve: latest}\n";

fn work() -> Work {
    Work::new().file("pipegen.yml", SHOP_FLEET).file("projects/a.yml", &manifest("shop-a"))
}

#[test]
fn fleets_manifests_and_kinds_are_told_apart_and_nothing_is_written() {
    let work = work()
        .file("kinds/stacks/own.yml", "version: 1\nabout: deploys\nsteps: []\n")
        .file("other/fleet.yml", "version: 1\nprojects: [x.yml]\nconcourses: {main: {target: m}}\n")
        .file("other/x.yml", "project: x\n");
    assert_eq!(work.run(&["validate", "kinds/stacks/own.yml"]).fine(), "1 file: nothing wrong\n");
    // The fleet brings its kind along.
    assert_eq!(work.run(&["validate", "projects/a.yml"]).fine(), "3 files: nothing wrong\n");
    assert_eq!(work.run(&["validate", "kinds/stacks/own.yml", "pipegen.yml"]).fine(), "3 files: nothing wrong\n");
    assert_eq!(work.run(&["validate"]).fine(), "3 files: nothing wrong\n");
    assert!(!work.exists("rendered"));
    let ran = work.run(&["validate", "other/fleet.yml"]).ended(1);
    assert!(ran.stderr.contains("error[missing-field]") && ran.stderr.contains("other/x.yml:1:1"), "{}", ran.stderr);
    work.write("kinds/stacks/own.yml", "version: 1\nabut: deploys\nsteps: []\n");
    assert!(work.run(&["validate", "kinds/stacks/own.yml"]).ended(1).stderr.contains("did you mean `about`?"));
}

#[test]
fn standard_input_stands_for_a_file() {
    let work = work();
    let mut arguments = vec!["validate", "-", "--stdin-filename", "projects/a.yml"];
    assert_eq!(work.run_with(&arguments, &manifest("shop-a")).fine(), "2 files: nothing wrong\n");
    let ran = work.run_with(&arguments, "project: shop-a\nstak: {}\n").ended(1);
    assert_snapshot!(ran.stderr, @"
    error[missing-field]: the manifest and its fleet lack `stack`
     --> projects/a.yml:1:1
      |
    1 | project: shop-a
      | ^^^^^^^
      |
      = help: say what deploys it: `stack: {KIND: …}`, with `pulumi` and `script`
    error[unknown-field]: unknown field `stak`
     --> projects/a.yml:2:1
      |
    2 | stak: {}
      | ^^^^ no such field of a manifest
      |
      = help: did you mean `stack`?

    error: 2 errors in 1 file
    ");
    // A file that is not saved yet, and a fleet whose manifests are.
    arguments[3] = "projects/new.yml";
    assert!(work.run_with(&arguments, "project: {}\n").ended(1).stderr.contains("projects/new.yml:1:10"));
    arguments[3] = "pipegen.yml";
    let other = SHOP_FLEET.replace("environments: [QA, Production]", "environments: [QA]");
    let ran = work.run_with(&arguments, &other).ended(1);
    assert!(ran.stderr.contains("gate-missing") && ran.stderr.contains("pipegen.yml:4:3"), "{}", ran.stderr);
    arguments[3] = "kinds/builds/x.yml";
    assert!(work.run_with(&arguments, "version: 2\nsteps: []\n").ended(1).stderr.contains("kinds/builds/x.yml:1:10"));
    // Without a name it has no fleet.
    assert!(work.run_with(&["validate", "-"], "project: x\n").ended(1).stderr.contains("stdin.yml:1:1"));
    assert!(work.run_with(&["validate", "-", "pipegen.yml"], "").ended(2).stderr.contains("no other file beside it"));
}

#[test]
fn rules_are_denied_and_allowed() {
    let work = work().file("projects/a.yml", LOOSE);
    let run = |arguments: &[&str]| {
        let ran = work.run(&[&["validate"], arguments].concat());
        (ran.code, ran.stderr.lines().filter(|line| line.contains('[')).map(str::to_owned).collect::<Vec<_>>())
    };
    let (code, lines) = run(&[]);
    assert_eq!(code, 0);
    assert!(lines[0].starts_with("warning[loose-approval]"), "{lines:?}");
    for (arguments, code, start) in [
        (&["--deny", "loose-approval"][..], 1, Some("error[loose-approval]")),
        (&["--deny", "warnings"], 1, Some("error[loose-approval]")),
        (&["--deny", "warnings", "--warn", "loose-approval"], 0, Some("warning[loose-approval]")),
        (&["--deny", "warnings", "--allow", "loose-approval"], 0, None),
        (&["--allow", "loose-approval"], 0, None),
        (&["--warn", "loose-approval"], 0, Some("warning[loose-approval]")),
    ] {
        let (ended, lines) = run(arguments);
        assert_eq!(ended, code, "{arguments:?}");
        assert_eq!(lines.first().map(|line| line.split(':').next().unwrap()), start, "{arguments:?}");
    }
    // What is denied is not rendered, either.
    let ran = work.run(&["render", "--deny", "loose-approval"]).ended(1);
    assert!(ran.stderr.ends_with("error: 1 error in 1 file; nothing was written\n"), "{}", ran.stderr);
}

#[test]
fn secret_that_is_none_can_be_allowed() {
    let text = manifest("shop-a") + "env: {DB_PASSWORD: not-needed}\n";
    let work = work().file("projects/a.yml", &text);
    work.run(&["validate"]).ended(1);
    work.run(&["validate", "--allow", "plaintext-secret"]).fine();
    work.run(&["render", "--quiet", "--allow", "plaintext-secret"]).fine();
    assert!(work.read("rendered/a.yml").contains("not-needed"));
}

#[test]
fn what_rules_cannot_be_is_said() {
    let work = work();
    let said = |arguments: &[&str]| work.run(&[&["validate"], arguments].concat()).ended(2).stderr;
    assert_snapshot!(said(&["--deny", "lose-approval"]), @"
    error: invalid value 'lose-approval' for '--deny <RULE>': there is no rule `lose-approval`; did you mean `loose-approval`?

    For more information, try '--help'.
    ");
    assert_snapshot!(said(&["--allow", "unknown-field"]), @"error: --allow unknown-field: nothing right comes of what it finds, so that it stays an error");
    assert_snapshot!(said(&["--allow", "loose-approval", "--deny", "loose-approval"]), @"error: --deny loose-approval and --allow loose-approval: say one of them");
}

#[test]
fn pre_commit_hooks_do_what_they_say() {
    let text = fs::read_to_string(root().join(".pre-commit-hooks.yaml")).unwrap();
    let hooks: Vec<Value> = serde_saphyr::from_str(&text).unwrap();
    let hooks: Vec<serde_json::Value> = hooks.iter().map(|hook| serde_json::to_value(hook).unwrap()).collect();
    let work = work();
    work.run(&["render", "--quiet"]).fine();
    let run = |hook: &serde_json::Value, file: &str| {
        let mut words: Vec<&str> = hook["entry"].as_str().unwrap().split(' ').collect();
        assert_eq!(words.remove(0), "ol-pipegen");
        if hook["pass_filenames"] != false {
            words.push(file);
        }
        work.run(&words).code
    };
    assert_eq!(hooks.len(), 2);
    for hook in &hooks {
        assert_eq!(run(hook, "projects/a.yml"), 0, "{hook}");
    }
    work.write("projects/a.yml", "project: shop-a\n");
    for hook in &hooks {
        assert_eq!(run(hook, "projects/a.yml"), 1, "{hook}");
    }
    let files = regex::Regex::new(hooks[0]["files"].as_str().unwrap()).unwrap();
    for (path, expected) in [
        ("pipegen.yml", true),
        ("ci/pipegen.yml", true),
        ("projects/a.yml", true),
        ("ci/kinds/stacks/x.yml", true),
        ("rendered/a.yml", false),
        ("docs/a.yml", false),
    ] {
        assert_eq!(files.is_match(path), expected, "{path}");
    }
}
