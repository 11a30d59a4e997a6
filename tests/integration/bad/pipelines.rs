//! Pipelines that are not made here.

use insta::assert_snapshot;

use crate::support::Work;

#[test]
fn variable_of_a_pipeline_with_a_value_that_does_not_fit() {
    let work = Work::new().file("a.yml", "jobs:\n- name: test\n  plan:\n  - {get: source-((branch)), trigger: true}\n");
    let ran = work.run(&["validate", "a.yml", "--yaml-var", "branch=[main]"]).ended(1);
    assert_snapshot!(ran.stderr, @"
    error[unfit-var]: `((branch))` is inside a text, and its value is not text
     --> a.yml:4:11
      |
    4 |   - {get: source-((branch)), trigger: true}
      |           ^^^^^^^^^^^^^^^^^
      |
      = help: give a text or a number

    error: 1 error in 1 file
    ");
}

#[test]
#[expect(clippy::too_many_lines, reason = "all in one run, as a person sees them")]
fn structural_rules_of_pipelines() {
    let pipeline = r#"
groups:
- {jobs: [no-such-*, "["]}
var_sources:
- {name: a, type: vautl}
- {name: b, type: ssm, config: {regoin: us-east-1}}
- {name: c, type: dummy, config: {vars: {x: ((d:y))}}}
- {name: d, type: dummy, config: {vars: {y: ((c:x))}}}
resources:
- {name: code}
- {name: code, type: git}
display: {background_image: "ftp://example.com/a.png"}
jobs:
- name: test
  build_log_retention: {builds: -1}
  plan:
  - {get: code, attempts: 0}
  - {task: "", config: {run: {path: ls}}}
  - {task: nothing}
  - {task: twice, file: code/a.yml, config: {platform: linux}}
  - {load_var: a}
  - {load_var: a, file: code/a}
  - {try: {get: data, resource: code}, timeout: 1 hour}
  - {run: Build, type: biulder}
  - {task: none, file: code/a.yml, across: []}
"#;
    let ran =
        Work::new().file("a.yml", pipeline.trim_start()).run(&["validate", "a.yml", "--concourse", "7.14"]).ended(1);
    assert_snapshot!(ran.stderr, @r#"
    error[missing-name]: an item of `groups` without a name
     --> a.yml:2:3
      |
    2 | - {jobs: [no-such-*, "["]}
      |   ^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: add `name`
    error[unmatched-glob]: no job matches `no-such-*`
     --> a.yml:2:11
      |
    2 | - {jobs: [no-such-*, "["]}
      |           ^^^^^^^^^
    error[malformed-glob]: `[` is not a pattern
     --> a.yml:2:22
      |
    2 | - {jobs: [no-such-*, "["]}
      |                      ^^^
      |
      = help: close each `[`; one holds a range such as `a-z`, or characters, not both
    error[unknown-credential-manager]: there is no credential manager `vautl`
     --> a.yml:4:19
      |
    4 | - {name: a, type: vautl}
      |                   ^^^^^
      |
      = help: did you mean `vault`?
    error[invalid-credential-manager]: unknown setting `regoin`
     --> a.yml:5:33
      |
    5 | - {name: b, type: ssm, config: {regoin: us-east-1}}
      |                                 ^^^^^^
      |
      = help: did you mean `region`?
    error[var-source-cycle]: variable sources wait for one another: `c` and `d`
     --> a.yml:6:10
      |
    6 | - {name: c, type: dummy, config: {vars: {x: ((d:y))}}}
      |          ^
    7 | - {name: d, type: dummy, config: {vars: {y: ((c:x))}}}
      |          - and this one
      |
      = help: remove the variable of the other source from the `config` of one
    error[missing-type]: `code` has no type
     --> a.yml:9:10
      |
    9 | - {name: code}
      |          ^^^^
      |
      = help: add `type`
    error[repeated-name]: the name `code` appears twice
      --> a.yml:10:10
       |
     9 | - {name: code}
       |          ---- first here
    10 | - {name: code, type: git}
       |          ^^^^
       |
       = help: give one of them another name
    error[invalid-background]: browsers are not sent to `ftp:`
      --> a.yml:11:29
       |
    11 | display: {background_image: "ftp://example.com/a.png"}
       |                             ^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: write a URL that begins with `https://`, or a path
    error[ungrouped-job]: job `test` is in no group
      --> a.yml:13:9
       |
    13 | - name: test
       |         ^^^^
       |
       = help: add it to the `jobs` of a group: with groups, each job belongs to one
    error[impossible-retention]: `builds` is below zero
      --> a.yml:14:33
       |
    14 |   build_log_retention: {builds: -1}
       |                                 ^^
    error[nonpositive-limit]: fewer than one attempt
      --> a.yml:16:27
       |
    16 |   - {get: code, attempts: 0}
       |                           ^
       |
       = help: write 1 or more, or remove `attempts`
    error[missing-name]: a step without a name
      --> a.yml:17:12
       |
    17 |   - {task: "", config: {run: {path: ls}}}
       |            ^^
       |
       = help: write the resource or task after the first key
    error[missing-platform]: a task without a platform
      --> a.yml:17:24
       |
    17 |   - {task: "", config: {run: {path: ls}}}
       |                        ^^^^^^^^^^^^^^^^^
       |
       = help: write `platform: linux`
    error[missing-task-config]: a task without `file` and `config`
      --> a.yml:18:12
       |
    18 |   - {task: nothing}
       |            ^^^^^^^
       |
       = help: write `file: ARTIFACT/PATH`, or `config`
    error[several-task-configs]: a task with both `file` and `config`
      --> a.yml:19:12
       |
    19 |   - {task: twice, file: code/a.yml, config: {platform: linux}}
       |            ^^^^^                            ----------------- here, and in `file`
       |
       = help: remove `file` or `config`
    error[missing-command]: a task without a command
      --> a.yml:19:45
       |
    19 |   - {task: twice, file: code/a.yml, config: {platform: linux}}
       |                                             ^^^^^^^^^^^^^^^^^
       |
       = help: write `run: {path: …}`; from 8.0 on that of the image is run, in 7.14 it is not
    error[missing-file]: a step without the `file` that it reads
      --> a.yml:20:16
       |
    20 |   - {load_var: a}
       |                ^
       |
       = help: write `file: ARTIFACT/PATH`
    error[repeated-var]: the variable `a` is set twice
      --> a.yml:21:16
       |
    20 |   - {load_var: a}
       |                - first here
    21 |   - {load_var: a, file: code/a}
       |                ^
       |
       = help: give one of them another name
    error[invalid-duration]: `1 hour` is not a duration
      --> a.yml:22:49
       |
    22 |   - {try: {get: data, resource: code}, timeout: 1 hour}
       |                                                 ^^^^^^
       |
       = help: write numbers with the units `h`, `m` and `s`, such as `90s` or `1h30m`
    error[invalid-message]: the name `Build` must start with a lowercase letter or a number
      --> a.yml:23:11
       |
    23 |   - {run: Build, type: biulder}
       |           ^^^^^
       |
       = help: use small letters, digits, `-`, `_` and `.`, and begin with a letter or a digit
    error[unknown-prototype]: there is no prototype `biulder`
      --> a.yml:23:24
       |
    23 |   - {run: Build, type: biulder}
       |                        ^^^^^^^
    error[across-without-vars]: a step across no variables
      --> a.yml:24:36
       |
    24 |   - {task: none, file: code/a.yml, across: []}
       |                                    ^^^^^^
       |
       = help: name one: `across: [{var: NAME, values: […]}]`; or remove `across`

    error: 23 errors in 1 file
    "#);
}

#[test]
fn pipeline_without_jobs() {
    let ran = Work::new().file("a.yml", "resources: []\njobs: []\n").run(&["validate", "a.yml"]).ended(1);
    assert_snapshot!(ran.stderr, @"
    error[no-jobs]: a pipeline without jobs
     --> a.yml:1:1
      |
    1 | resources: []
      | ^^^^^^^^^^^^^
      |
      = help: add one to `jobs`

    error: 1 error in 1 file
    ");
}

#[test]
fn key_that_the_server_cannot_read_back() {
    let pipeline = r#"
jobs:
- name: test
  plan:
  - {task: t, file: a/b.yml, vars: {"a\Nb": 1}}
"#;
    let ran = Work::new()
        .file("a.yml", pipeline.trim_start())
        .run(&["validate", "a.yml", "--allow", "missing-artifact"])
        .ended(1);
    assert_snapshot!(ran.stderr, @r#"
    error[unreadable-key]: a key of more than one line
     --> a.yml:4:37
      |
    4 |   - {task: t, file: a/b.yml, vars: {"a\Nb": 1}}
      |                                     ^^^^^^
      |
      = help: write another key: the server cannot read this one back

    error: 1 error in 1 file
    "#);
}

#[test]
fn pipelines_of_other_teams() {
    let pipeline = "\
resources:
- {name: code, type: git, source: {uri: https://github.com/example/shop}}
jobs:
- name: set
  plan:
  - {get: code, trigger: true}
  - {set_pipeline: self, team: edge, file: code/a.yml}
  - {set_pipeline: b, team: shop, file: code/b.yml}
  - {set_pipeline: c, team: ((team)), file: code/c.yml}
  - {set_pipeline: d, team: edge, file: code/d.yml}
";
    let work = Work::new().file("a.yml", pipeline);
    assert_snapshot!(work.run(&["validate", "a.yml", "--team", "shop"]).ended(0).stderr, @"
    warning[foreign-team]: a pipeline of the team `shop` sets one of the team `edge`
      --> a.yml:10:29
       |
    10 |   - {set_pipeline: d, team: edge, file: code/d.yml}
       |                             ^^^^ the step fails when it is run
       |
       = help: move it to the team `main`, which alone can do so, or remove `team`

    warning: 1 warning in 1 file
    ");
    for team in [&["--team", "main"][..], &[]] {
        assert_eq!(work.run(&[&["validate", "a.yml"], team].concat()).ended(0).stderr, "");
    }
}

#[test]
fn templates_that_only_old_concourses_fill() {
    let pipeline = "\
jobs:
- name: a # {{not}} this one
  plan:
  - task: b
    file: code/{{given}}.yml
    params: {STAGE: \"in {{stage}}\"}
";
    let work = Work::new().file("a.yml", pipeline);
    let old = work.run(&["validate", "a.yml", "--concourse", "7.14", "--var", "given=c"]).ended(0).stderr;
    assert_snapshot!(old, @r#"
    warning[missing-artifact]: no step of this job makes `code`
     --> a.yml:5:11
      |
    5 |     file: code/{{given}}.yml
      |           ^^^^^^^^^^^^^^^^^^ fails when it is run
      |
      = help: get it, or let a task have it as an output
    warning[old-template]: Concourse 7.14 puts `null` in the place of `{{stage}}`, within quotes as well
     --> a.yml:6:25
      |
    6 |     params: {STAGE: "in {{stage}}"}
      |                         ^^^^^^^^^
      |
      = help: write `((…))`, or give it a value by `--var`; from 8.0 on it is text

    warning: 2 warnings in 1 file
    "#);
    assert!(!work.run(&["validate", "a.yml", "--concourse", "8.0"]).ended(0).stderr.contains("old-template"));
}
