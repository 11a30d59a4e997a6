//! `validate`: what it takes, and what rules may be asked to be.

use std::fs;

use insta::assert_snapshot;
use yaml_source::yaml::Value;

use crate::support::{SHOP_FLEET, Work, manifest, root};

const LOOSE: &str = "project: shop-a\nstack:\n  pulumi: {path: infra/a}\napproval: {approve: latest}\n";

fn work() -> Work {
    Work::new().file("pipegen.yml", SHOP_FLEET).file("projects/a.yml", &manifest("shop-a"))
}

#[test]
fn fleets_manifests_and_kinds_are_distinguished_and_nothing_is_written() {
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
    error[unknown-field]: unknown field `stak`
     --> projects/a.yml:2:1
      |
    2 | stak: {}
      | ^^^^ no such field of a manifest
      |
      = help: did you mean `stack`?

    error: 1 error in 1 file
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
    let in_fleet = Work::new().file("pipegen.yml", SHOP_FLEET).file("projects/a.yml", &manifest("a"));
    let unnamed = in_fleet.run_with(&["validate", "-"], &manifest("shop"));
    assert!(!unnamed.stderr.contains("unlisted-manifest"), "{}", unnamed.stderr);
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
fn secret_that_would_be_thrown_away_cannot_be_allowed() {
    let key = "S3cretSigningKey01";
    for text in [
        format!("issues: {{signing_key: {key}}}\n"),
        format!("issues:\n  # ol-pipegen: allow plaintext-secret because I say so\n  signing_key: {key}\n"),
        format!("values: {{k: {key}}}\nissues: {{signing_key: \"{{{{ values.k }}}}\"}}\n"),
        format!("issues: {{auth: {{token: {key}}}}}\n"),
    ] {
        let work = work().file("projects/a.yml", &(manifest("shop-a") + &text));
        for flags in [&["render"][..], &["render", "--allow", "plaintext-secret"]] {
            let ran = work.run(flags).ended(1);
            assert!(ran.stderr.contains("error[plaintext-secret]"), "{text}: {}", ran.stderr);
            assert!(!ran.stderr.contains(key), "{}", ran.stderr);
        }
    }
    // What is allowed in an instance var is one: without it the pipeline would be another one.
    let work = work().file("projects/a.yml", &(manifest("shop-a") + "instance_vars: {db_password: hunter2hunter2}\n"));
    work.run(&["render"]).ended(1);
    let ran = work.run(&["render", "--allow", "plaintext-secret"]).ended(0);
    assert!(ran.stdout.contains("db_password") && !work.exists("rendered/a.yml"), "{}", ran.stdout);
}

#[test]
fn what_rules_cannot_be_is_reported() {
    let work = work();
    let reported = |arguments: &[&str]| work.run(&[&["validate"], arguments].concat()).ended(2).stderr;
    assert_snapshot!(reported(&["--deny", "lose-approval"]), @"
    error: invalid value 'lose-approval' for '--deny <RULE>': unknown rule `lose-approval`; did you mean `loose-approval`?

    For more information, try '--help'.
    ");
    assert_snapshot!(reported(&["--allow", "unknown-field"]), @"error: --allow unknown-field: this rule is always an error: a file with this error cannot be rendered or set");
    assert_snapshot!(reported(&["--allow", "loose-approval", "--deny", "loose-approval"]), @"error: --deny loose-approval and --allow loose-approval: keep one of them");
}

#[test]
fn comments_allow_what_they_give_a_reason_for() {
    let allow = "# ol-pipegen: allow loose-approval because the site has one author";
    let behind = LOOSE.replace("latest}", &format!("latest}} {allow}"));
    let before = LOOSE.replace("approval:", &format!("{allow}\n# and this is another comment\napproval:"));
    for text in [behind, before] {
        let work = work().file("projects/a.yml", &text);
        assert_eq!(work.run(&["validate"]).fine(), "2 files: nothing wrong\n", "{text}");
        work.run(&["validate", "--deny", "warnings"]).fine();
        work.run(&["render", "--quiet"]).fine();
    }
    // A password that is none, of the fleet, which each of its manifests brings up.
    let fleet = SHOP_FLEET.to_owned()
        + "  env:\n    # ol-pipegen: allow plaintext-secret because the database of the tests takes any\n    DB_PASSWORD: none\n";
    let work = work().file("pipegen.yml", &fleet);
    assert_eq!(work.run(&["validate"]).fine(), "2 files: nothing wrong\n");
    work.run(&["render", "--quiet"]).fine();
    let pipeline = "\
resources:
- {name: code, type: git, source: {uri: https://github.com/example/a}}
# ol-pipegen: allow unknown-resource-type because our workers have it
- {name: infra, type: terraform}
jobs:
- name: plan
  plan:
  - {get: code, trigger: true}
  - {put: infra, inputs: al} # ol-pipegen: allow ignored-word because nothing is needed here
";
    work.write("pipeline.yml", pipeline);
    assert_eq!(work.run(&["validate", "pipeline.yml"]).fine(), "1 file: nothing wrong\n");
}

#[test]
fn comments_that_allow_nothing_are_reported() {
    let text = "\
project: shop-a # ol-pipegen: allow loose-approval because it is here by mistake
stack: # ol-pipegen: allow loose-approval
  pulumi: {path: infra/a} # ol-pipegen: allow lose-approval because of a slip
# ol-pipegen: deny warnings
# ol-pipegen: allow unknown-field because we want it so
approval: {approve: latest} # ol-pipegen: allow
values: {url: 'x# ol-pipegen: allow'} # ol-pipegen: allow unused-value because it is to be used soon
";
    let work = work().file("projects/a.yml", text);
    assert_snapshot!(work.run(&["validate"]).ended(1).stderr, @"
    warning[unused-allow]: `loose-approval` finds nothing here
     --> projects/a.yml:1:37
      |
    1 | project: shop-a # ol-pipegen: allow loose-approval because it is here by mistake
      |                                     ^^^^^^^^^^^^^^
      |
      = help: remove the comment
    error[malformed-allow]: `loose-approval` is allowed without a reason
     --> projects/a.yml:2:8
      |
    2 | stack: # ol-pipegen: allow loose-approval
      |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: write `# ol-pipegen: allow RULE because …`
    error[malformed-allow]: unknown rule `lose-approval`; did you mean `loose-approval`?
     --> projects/a.yml:3:47
      |
    3 |   pulumi: {path: infra/a} # ol-pipegen: allow lose-approval because of a slip
      |                                               ^^^^^^^^^^^^^
      |
      = help: run `ol-pipegen rule`, which lists all rules
    error[malformed-allow]: a comment for ol-pipegen that allows nothing
     --> projects/a.yml:4:1
      |
    4 | # ol-pipegen: deny warnings
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: write `# ol-pipegen: allow RULE because …`
    error[malformed-allow]: `unknown-field` is always an error
     --> projects/a.yml:5:21
      |
    5 | # ol-pipegen: allow unknown-field because we want it so
      |                     ^^^^^^^^^^^^^ a file with this error cannot be rendered or set
    warning[loose-approval]: an approval deploys whatever is newest to `shop-a` Production
     --> projects/a.yml:6:21
      |
    6 | approval: {approve: latest} # ol-pipegen: allow
      |                     ^^^^^^
      |
      = help: write `approve: exact`, which deploys what the issue names
    error[malformed-allow]: a comment that names no rule
     --> projects/a.yml:6:29
      |
    6 | approval: {approve: latest} # ol-pipegen: allow
      |                             ^^^^^^^^^^^^^^^^^^^
      |
      = help: write `# ol-pipegen: allow RULE because …`

    error: 5 errors and 2 warnings in 1 file
    ");
    let fine = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(" #").next().unwrap().to_owned() + "\n");
    let mistaken = fine.collect::<String>().replace("project: shop-a", text.lines().next().unwrap());
    work.write("projects/a.yml", &mistaken);
    assert_snapshot!(work.run(&["validate"]).ended(0).stderr, @"
    warning[unused-allow]: `loose-approval` finds nothing here
     --> projects/a.yml:1:37
      |
    1 | project: shop-a # ol-pipegen: allow loose-approval because it is here by mistake
      |                                     ^^^^^^^^^^^^^^
      |
      = help: remove the comment
    warning[loose-approval]: an approval deploys whatever is newest to `shop-a` Production
     --> projects/a.yml:4:21
      |
    4 | approval: {approve: latest}
      |                     ^^^^^^
      |
      = help: write `approve: exact`, which deploys what the issue names
    warning[unused-value]: nothing uses `{{ values.url }}`
     --> projects/a.yml:5:10
      |
    5 | values: {url: 'x# ol-pipegen: allow'}
      |          ^^^
      |
      = help: remove it

    warning: 3 warnings in 1 file
    ");
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

#[test]
fn two_fleets_that_set_one_pipeline_are_reported() {
    let fleet = |team: &str| SHOP_FLEET.replace("team: shop", &format!("team: {team}"));
    let work = |team: &str| {
        Work::new()
            .file("a/pipegen.yml", &fleet("shop"))
            .file("a/projects/cart.yml", &manifest("shop-cart"))
            .file("b/pipegen.yml", &fleet(team))
            .file("b/projects/cart.yml", &manifest("shop-basket"))
    };
    let printed = work("shop").run(&["validate"]).ended(0).stderr;
    assert!(
        printed
            .contains("warning[duplicate-pipeline]: two fleets set the pipeline `cart` of the team `shop` on `main`"),
        "{printed}"
    );
    assert!(printed.contains("b/projects/cart.yml") && printed.contains("a/projects/cart.yml"), "{printed}");
    work("other").run(&["validate"]).fine();
}
