//! Kinds of stacks and builds.

use insta::assert_snapshot;

use crate::support::Work;

use super::{FLEET, of, report};

#[test]
fn kind_that_is_not_there() {
    assert_snapshot!(report(
        r"project: shop-cart
stack: {plumi: {path: a}}
inputs: {img: {image: {repository: a}, build: {with: {imge: {}}}}}
"
    ), @"
    error[unknown-kind]: there is no stack kind `plumi`
     --> projects/a.yml:2:9
      |
    2 | stack: {plumi: {path: a}}
      |         ^^^^^
      |
      = help: did you mean `pulumi`?

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn two_kinds() {
    assert_snapshot!(report(
        r"project: shop-cart
stack: {pulumi: {path: a}, script: {image: a, deploy: b}}
"
    ), @"
    error[several-kinds]: `stack` takes one entry, and has `pulumi` and `script`
     --> projects/a.yml:2:8
      |
    2 | stack: {pulumi: {path: a}, script: {image: a, deploy: b}}
      |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: keep one of them

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn kind_in_an_override() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
overrides: {QA: {stack: {script: {image: a, deploy: b}}}}
"
    ), @"
    error[several-kinds]: `shop-cart` is deployed by `pulumi`, not by `script`
     --> projects/a.yml:4:26
      |
    3 |   pulumi: {path: infra/cart}
      |   ------ said here
    4 | overrides: {QA: {stack: {script: {image: a, deploy: b}}}}
      |                          ^^^^^^
      |
      = help: write options of the same kind, or make another project for the other kind

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn build_of_several_repositories() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
inputs: {img: {image: {repository: a}, build: {from: {x: {git: {}}, y: {git: {}}}, with: {image: {}}}}}
"
    ), @"
    error[build-code-missing]: `img` is made from `x` and `y`, and one of them is its code
     --> projects/a.yml:4:54
      |
    4 | inputs: {img: {image: {repository: a}, build: {from: {x: {git: {}}, y: {git: {}}}, with: {image: {}}}}}
      |                                                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: write which one: `code: …`

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn build_code_that_is_not_there() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
inputs: {img: {image: {repository: a}, build: {from: {web: {git: {}}, lib: {git: {}}}, code: wbe, with: {image: {}}}}}
"
    ), @"
    error[unknown-input]: `from` has no `wbe`
     --> projects/a.yml:4:94
      |
    4 | inputs: {img: {image: {repository: a}, build: {from: {web: {git: {}}, lib: {git: {}}}, code: wbe, with: {image: {}}}}}
      |                                                                                              ^^^
      |
      = help: did you mean `web`?

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn kind_without_a_preview() {
    assert_snapshot!(report(
        r"project: shop-site
stack:
  script: {image: alpine, deploy: ./deploy.sh}
overrides: {Production: {gate: preview}}
"
    ), @"
    error[cannot-preview]: the stack kind `script` comes without a preview here
     --> projects/a.yml:4:32
      |
    4 | overrides: {Production: {gate: preview}}
      |                                ^^^^^^^
      |
      = help: give it the option `preview`, or another gate

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn steps_that_are_none() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
before: [{tsak: a}, {get: a, file: b}, {put: other}]
"
    ), @"
    error[kind-result]: not what Concourse reads: unknown field `tsak`
     --> projects/a.yml:4:11
      |
    4 | before: [{tsak: a}, {get: a, file: b}, {put: other}]
      |           ^^^^
      |
      = note: filled in for the deploy of `shop-cart` CI
      = help: did you mean `task`?
    error[kind-result]: not what Concourse reads: unknown field `file` of this step
     --> projects/a.yml:4:21
      |
    4 | before: [{tsak: a}, {get: a, file: b}, {put: other}]
      |                     ^^^^^^^^^^^^^^^^^
      |
      = note: filled in for the deploy of `shop-cart` CI

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn kind_that_is_wrong() {
    let kind = "\
options: {type: strin}
steps:
- task: a
";
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("kinds/stacks/own.yml", kind)
        .file("projects/a.yml", "project: shop-cart\nstack:\n  own: {}\n");
    assert_snapshot!(of(&work, 1), @"
    error[missing-field]: `version` is missing
     --> kinds/stacks/own.yml:1:1
      |
    1 | options: {type: strin}
      | ^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: begin with `version: 1`
    error[wrong-type]: JSON Schema has no type `strin`
     --> kinds/stacks/own.yml:1:17
      |
    1 | options: {type: strin}
      |                 ^^^^^
      |
      = help: did you mean `string`?

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn kind_whose_result_is_nothing_that_concourse_knows() {
    let kind = "\
version: 1
target: \"{{ project }} in {{ stack }}\"
options:
  type: object
  properties: {who: {type: string}}
phases: [deploy, teardown]
resources:
- name: Own
  type: mock
steps:
- task: \"{{ options.who }}\"
  config:
    platform: linux
    run: {path: sh, args: [-c, \"echo {{ options.who }}\"]}
- put: other
  inputs: al
";
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("kinds/stacks/own.yml", kind)
        .file("projects/a.yml", "project: shop-cart\nstack:\n  own: {who: you}\n");
    assert_snapshot!(of(&work, 1), @r#"
    error[kind-result]: a stack kind has no such phase
     --> kinds/stacks/own.yml:6:18
      |
    6 | phases: [deploy, teardown]
      |                  ^^^^^^^^
      |
      = help: write `deploy` or `preview`
    error[kind-result]: not what Concourse reads: the name `Own` must start with a lowercase letter or a number
     --> kinds/stacks/own.yml:8:9
      |
    8 | - name: Own
      |         ^^^
    warning[template-in-script]: a value filled into a script is code
      --> kinds/stacks/own.yml:14:32
       |
    14 |     run: {path: sh, args: [-c, "echo {{ options.who }}"]}
       |                                ^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: hand it over in `params`, and use the variable in the script
    error[kind-result]: not what Concourse reads: unknown word `al`
      --> kinds/stacks/own.yml:16:11
       |
    16 |   inputs: al
       |           ^^
       |
       = help: did you mean `all`?

    error: 3 errors and 1 warning in 1 file; nothing was compared
    "#);
}

#[test]
fn build_from_itself() {
    assert_snapshot!(report(
        r"project: shop-a
stack: {pulumi: {path: infra/a}}
inputs:
  one:
    image: {repository: shop/one}
    build: {from: {two: {}}, with: {image: {}}}
  two:
    image: {repository: shop/two}
    build: {from: {one: {}}, with: {image: {}}}
"
    ), @"
    error[build-cycle]: `one` is made from itself
     --> projects/a.yml:4:3
      |
    4 |   one:
      |   ^^^
      |
      = help: make it from something that is there before

    error: 1 error in 1 file; nothing was compared
    ");
}
