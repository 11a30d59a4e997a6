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
