//! What a manifest renders, and what would go wrong with it on Concourse.

use insta::assert_snapshot;

use super::FLEET;
use crate::support::{Work, manifest};

/// The report of a command on a manifest.
fn reported(command: &str, manifest: &str) -> String {
    let work = Work::new().file("pipegen.yml", FLEET).file("projects/a.yml", manifest);
    work.run(&[command, "projects/a.yml"]).stderr
}

const SCRIPT: &str = "\
project: shop
stack:
  script:
    image: alpine
    tag: '3'
    deploy: |
      one
      left=$((RETRIES)); while ((left)); do sleep $(( left )); done
";

/// A task around the kind's own steps.
fn before(argument: &str) -> String {
    format!(
        "{}before:\n- task: look\n  config:\n    platform: linux\n    image_resource: {{type: registry-image, source: \
         {{repository: alpine, tag: '3'}}}}\n    run: {{path: sh, args: [-c, '{argument}']}}\n",
        manifest("shop")
    )
}

#[test]
fn arithmetic_of_a_shell_is_no_variable() {
    let report = reported("render", SCRIPT);
    assert_snapshot!(report, @"
    warning[shell-arithmetic]: Concourse reads `$((RETRIES))` as the variable `RETRIES`, and not as arithmetic of the shell, in the job `deploy-shop-ci` of the pipeline `a`
     --> projects/a.yml:8:12
      |
    8 |       left=$((RETRIES)); while ((left)); do sleep $(( left )); done
      |            ^^^^^^^^^^^^
      |
      = note: line 107 of rendered/a.yml
      = note: and in 2 more places
      = help: write `$(( RETRIES ))`
    warning[shell-arithmetic]: Concourse reads `((left))` as the variable `left`, and not as arithmetic of the shell, in the job `deploy-shop-ci` of the pipeline `a`
     --> projects/a.yml:8:32
      |
    8 |       left=$((RETRIES)); while ((left)); do sleep $(( left )); done
      |                                ^^^^^^^^
      |
      = note: line 107 of rendered/a.yml
      = note: and in 2 more places
      = help: write `(( left ))`

    warning: 2 warnings in 1 file
    ");
    assert_eq!(reported("validate", SCRIPT), report);
    for sound in ["echo $(( N ))", "echo $((N+1))", "echo ((db.name)) $((db.port))", "((make))"] {
        assert_eq!(reported("render", &before(sound)), "", "{sound}");
    }
    for arithmetic in ["echo $((N))", "echo $((N-1))", "if ((N)); then echo; fi", "until ! ((N)); do sleep 1; done"] {
        assert!(reported("render", &before(arithmetic)).contains("warning[shell-arithmetic]"), "{arithmetic}");
    }
}

#[test]
fn arithmetic_in_a_kind_is_reported_there() {
    let kind = "\
version: 1
title: Mine
about: deploys
target: '{{ stack }}'
options: {type: object, properties: {}}
phases: [deploy]
steps:
- task: deploy
  config:
    platform: linux
    image_resource: {type: registry-image, source: {repository: alpine, tag: '3'}}
    run: {path: sh, args: [-c, 'sleep $((DELAY))']}
";
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("kinds/stacks/mine.yml", kind)
        .file("projects/a.yml", "project: shop\nstack: {mine: {}}\n");
    assert_snapshot!(work.run(&["render"]).stderr, @"
    warning[shell-arithmetic]: Concourse reads `$((DELAY))` as the variable `DELAY`, and not as arithmetic of the shell
      --> kinds/stacks/mine.yml:12:39
       |
    12 |     run: {path: sh, args: [-c, 'sleep $((DELAY))']}
       |                                       ^^^^^^^^^^
       |
       = help: write `$(( DELAY ))`

    warning: 1 warning in 1 file
    ");
}

#[test]
fn lints_look_at_what_a_manifest_renders() {
    assert_snapshot!(reported("validate", &before("echo ((db.password))")), @"
    warning[leaked-secret]: `((db.password))` is on the command line, which the build's page and every process shows, in the job `deploy-shop-ci` of the pipeline `a`
     --> projects/a.yml:9:33
      |
    9 |     run: {path: sh, args: [-c, 'echo ((db.password))']}
      |                                 ^^^^^^^^^^^^^^^^^^^^
      |
      = note: line 114 of rendered/a.yml
      = note: and in 2 more places
      = help: hand it over in `params`, as a variable of the environment

    warning: 1 warning in 1 file
    ");
    assert_eq!(reported("validate", &before("echo ((.:version))")), "");
}

#[test]
fn resource_type_that_nothing_defines() {
    let input = "inputs: {tool: {resource: {type: frobnicate, source: {a: b}}, pin: version}}\n";
    let report = reported("render", &(manifest("shop") + input));
    assert_snapshot!(report, @"
    warning[unknown-resource-type]: there is no resource type `frobnicate`
     --> projects/a.yml:4:34
      |
    4 | inputs: {tool: {resource: {type: frobnicate, source: {a: b}}, pin: version}}
      |                                  ^^^^^^^^^^
      |
      = help: define the type in the fleet's `resource_types`

    warning: 1 warning in 1 file
    ");
    assert_eq!(reported("validate", &(manifest("shop") + input)), report);
}

#[test]
fn variable_that_two_steps_set() {
    let two =
        "before:\n- {load_var: version, file: '{{ code }}/VERSION'}\n- {load_var: version, file: '{{ code }}/OTHER'}\n";
    assert_snapshot!(reported("render", &(manifest("shop") + two)), @"
    error[name-collision]: two steps set the variable `version`
     --> projects/a.yml:6:3
      |
    5 | - {load_var: version, file: '{{ code }}/VERSION'}
      |   ----------------------------------------------- the other one
    6 | - {load_var: version, file: '{{ code }}/OTHER'}
      |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: in the deploy of `shop` CI
      = help: give one of the variables another name

    error: 1 error in 1 file; nothing was written
    ");
    // `env` of an input loads a variable, too.
    let script = "project: shop\ngate: none\nenvironments: [CI]\nstack: {script: {image: alpine, deploy: ./deploy}}\n\
                  inputs: {app: {image: {repository: shop/app}, env: {APP_DIGEST: digest}}}\n\
                  before: [{load_var: app_digest, file: '{{ code }}/DIGEST'}]\n";
    assert_snapshot!(reported("render", script), @"
    error[name-collision]: two steps set the variable `app_digest`
     --> projects/a.yml:6:10
      |
    1 | project: shop
      |          ---- the other one
    ...
    6 | before: [{load_var: app_digest, file: '{{ code }}/DIGEST'}]
      |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: in the deploy of `shop` CI
      = help: give one of the variables another name

    error: 1 error in 1 file; nothing was written
    ");
}

#[test]
fn resource_that_nothing_checks() {
    let never = "source: {check_every: never}\nissues: {check_every: never}\n\
                 inputs: {app: {image: {repository: shop/app}, check_every: never}}\n";
    assert_snapshot!(reported("render", &(manifest("shop") + never)), @"
    error[never-checked]: Concourse never looks for versions of `shop-a`, so no job that takes it starts
     --> projects/a.yml:4:23
      |
    4 | source: {check_every: never}
      |                       ^^^^^
      |
      = note: for `shop` CI
      = help: write how often to look, such as 1h, or name a `webhook` that says when to look
    error[never-checked]: Concourse never looks for versions of `github-issues-shop-ci-trigger`, so no job that takes it starts
     --> projects/a.yml:5:23
      |
    5 | issues: {check_every: never}
      |                       ^^^^^
      |
      = note: for `shop` QA
      = help: write how often to look, such as 1h, or name a `webhook` that says when to look
    error[never-checked]: Concourse never looks for versions of `github-issues-shop-qa-trigger`, so no job that takes it starts
     --> projects/a.yml:5:23
      |
    5 | issues: {check_every: never}
      |                       ^^^^^
      |
      = note: for `shop` Production
      = help: write how often to look, such as 1h, or name a `webhook` that says when to look
    error[never-checked]: Concourse never looks for versions of `app`, so no job that takes it starts
     --> projects/a.yml:6:60
      |
    6 | inputs: {app: {image: {repository: shop/app}, check_every: never}}
      |                                                            ^^^^^
      |
      = note: for `shop` CI
      = help: write how often to look, such as 1h, or name a `webhook` that says when to look

    error: 4 errors in 1 file; nothing was written
    ");
    let hooks = "source: {check_every: never, webhook: ((hook))}\nissues: {check_every: never, webhook: ((hook))}\n";
    assert_eq!(reported("render", &(manifest("shop") + hooks)), "");
    // What a job of the pipeline makes needs no looking for.
    let built = "inputs: {app: {image: {repository: shop/app}, check_every: never, build: {with: {image: {}}}}}\n";
    assert_eq!(reported("render", &(manifest("shop") + built)), "");
}

/// The rule, the place and the text at the place of each report of `validate`.
fn places(manifest: &str, kind: &str) -> Vec<String> {
    let files = [("pipegen.yml", FLEET), ("projects/a.yml", manifest), ("kinds/stacks/mine.yml", kind)];
    let work = files.iter().fold(Work::new(), |work, (name, text)| work.file(name, text));
    let report: serde_json::Value =
        serde_json::from_str(&work.run(&["validate", "--format", "json"]).stdout).expect("a report");
    let number = |value: &serde_json::Value| usize::try_from(value.as_u64().expect("a number")).expect("small");
    let place = |problem: &serde_json::Value| {
        let file = problem["place"]["file"].as_str().expect("a path");
        let (_, text) = files.iter().find(|(name, _)| *name == file).expect("a file of the test");
        let (line, column) = (number(&problem["place"]["start"]["line"]), number(&problem["place"]["start"]["column"]));
        let rest: String = text.lines().nth(line - 1).expect("a line").chars().skip(column - 1).collect();
        format!("{} {file}:{line}: {rest}", problem["rule"].as_str().expect("a rule"))
    };
    report["diagnostics"].as_array().expect("a list").iter().map(place).collect()
}

const KIND: &str = "\
version: 1
title: Mine
about: deploys
target: '{{ stack }}'
steps:
- task: deploy
  config:
    platform: linux
    image_resource: {type: registry-image, source: {repository: alpine, tag: '3'}}
    run: {path: sh}
";

/// What Concourse refuses in steps of a manifest or a kind is reported of the step, and not of the project.
#[test]
fn places_are_those_of_the_step_that_is_wrong() {
    let of = |more: &str| places(&format!("project: shop\nstack: {{mine: {{}}}}\n{more}"), KIND);
    assert_eq!(of(""), [""; 0]);
    for (more, found) in [
        ("before:\n- get: nothing\n", "kind-result projects/a.yml:4: nothing"),
        ("after:\n- try:\n    put: nothing\n", "kind-result projects/a.yml:5: nothing"),
        ("before:\n- task: look\n  file: nowhere/x.yml\n", "missing-artifact projects/a.yml:5: nowhere/x.yml"),
        (
            "before:\n- in_parallel:\n  - {task: look, file: a/b.yml, attempts: 0}\n",
            "nonpositive-limit projects/a.yml:5: 0}",
        ),
        ("after:\n- {task: look, file: shop-a/b.yml, timeout: 1x}\n", "malformed-duration projects/a.yml:4: 1x}"),
        (
            "extra:\n  jobs:\n  - name: a\n    plan:\n    - {get: code-a, passed: [deploy-nope]}\n",
            "unknown-name projects/a.yml:7: deploy-nope]}",
        ),
        (
            "extra:\n  jobs:\n  - name: a\n    plan:\n    - {task: a, file: b/c.yml, attempts: 0}\n",
            "nonpositive-limit projects/a.yml:7: 0}",
        ),
        (
            "extra:\n  jobs:\n  - {name: a, plan: [{task: b, file: c/d.yml}]}\n  - {name: a, plan: []}\n",
            "conflicting-definition projects/a.yml:6: {name: a, plan: []}",
        ),
        (
            "extra:\n  var_sources:\n  - {name: v, type: vaul, config: {}}\n",
            "unknown-credential-manager projects/a.yml:5: vaul, config: {}}",
        ),
        (
            "extra:\n  jobs:\n  - {name: a, plan: [], on_failure: {put: nothing}}\n",
            "kind-result projects/a.yml:5: nothing}}",
        ),
        (
            "extra:\n  jobs:\n  - {name: a, plan: [{get: r}], serial: false}\n  resources:\n  - {name: r, type: time, source: {}, \
             check_every: '{{ environment }}'}\n",
            "conflicting-definition projects/a.yml:7: '{{ environment }}'}",
        ),
    ] {
        assert_eq!(of(more), [found], "{more}");
    }
    let of_kind = |from: &str, to: &str| {
        assert!(KIND.contains(from), "{from}");
        places("project: shop\nstack: {mine: {}}\n", &KIND.replace(from, to))
    };
    for (from, to, found) in [
        ("- task: deploy\n", "- get: nothing\n- task: deploy\n", "kind-result kinds/stacks/mine.yml:6: nothing"),
        (
            "- task: deploy\n",
            "- {task: look, file: a/b.yml, attempts: 0}\n- task: deploy\n",
            "nonpositive-limit kinds/stacks/mine.yml:6: 0}",
        ),
        (
            "steps:\n",
            "resources:\n- {name: r, type: time, source: {}, tags: ['{{ environment }}']}\nsteps:\n- put: r\n",
            "conflicting-definition kinds/stacks/mine.yml:6: '{{ environment }}']}",
        ),
    ] {
        assert_eq!(of_kind(from, to), [found], "{to}");
    }
}
