//! Fields and values that the language does not have.

use insta::assert_snapshot;

use crate::support::Work;

use super::{FLEET, of, report};

#[test]
fn unknown_field_far_from_any() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
zzz: 1
"
    ), @"
    error[unknown-field]: unknown field `zzz`
     --> projects/a.yml:4:1
      |
    4 | zzz: 1
      | ^^^ no such field of a manifest
      |
      = help: run `ol-pipegen schema project`, which lists all fields

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn unknown_field_below() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
source: {pahts: [a]}
"
    ), @"
    error[unknown-field]: unknown field `pahts`
     --> projects/a.yml:4:10
      |
    4 | source: {pahts: [a]}
      |          ^^^^^ no such field of `source`
      |
      = help: did you mean `paths`?

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn missing_fields() {
    assert_snapshot!(report(
        r"gate: preview
"
    ), @"
    error[missing-field]: the manifest and its fleet lack `project`
     --> projects/a.yml:1:1
      |
    1 | gate: preview
      | ^^^^
      |
      = help: name the thing that is deployed: `project: shop-cart`
    error[missing-field]: the manifest and its fleet lack `stack`
     --> projects/a.yml:1:1
      |
    1 | gate: preview
      | ^^^^
      |
      = help: write what deploys it: `stack: {KIND: …}`, with `helm`, `opentofu`, `pulumi` and `script`

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn missing_option() {
    assert_snapshot!(report(
        r"project: shop-cart
stack: {pulumi: {}}
"
    ), @"
    error[missing-field]: the stack kind `pulumi` needs `path`
     --> projects/a.yml:2:9
      |
    2 | stack: {pulumi: {}}
      |         ^^^^^^
      |
      = help: add it, such as `path: infra/cart`

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn wrong_types() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
environments: CI
timeout: 90
attempts: 0
source: {trigger: yes, check_every: 5 minutes}
record: opne
groups: [a b]
issues: {labels: ~}
"
    ), @"
    error[wrong-type]: `environments` takes a list, not text
     --> projects/a.yml:4:15
      |
    4 | environments: CI
      |               ^^
      |
      = help: write [CI]
    error[wrong-type]: `timeout` needs a unit
     --> projects/a.yml:5:10
      |
    5 | timeout: 90
      |          ^^
      |
      = help: write 90s, 90m, 90h or 90d
    error[wrong-type]: `attempts` takes 1 or more, not 0
     --> projects/a.yml:6:11
      |
    6 | attempts: 0
      |           ^
      |
      = help: write 1 or more, or remove the line for the default
    error[wrong-type]: `trigger` takes true or false, not text
     --> projects/a.yml:7:19
      |
    7 | source: {trigger: yes, check_every: 5 minutes}
      |                   ^^^
      |
      = help: write true
    error[wrong-type]: `5 minutes` is not a duration, such as 90s, 15m or 4h, or `never`
     --> projects/a.yml:7:37
      |
    7 | source: {trigger: yes, check_every: 5 minutes}
      |                                     ^^^^^^^^^
      |
      = help: write 5m
    error[wrong-type]: `record` cannot be `opne`
     --> projects/a.yml:8:9
      |
    8 | record: opne
      |         ^^^^
      |
      = help: did you mean `open`?
    error[wrong-type]: `a b` is not a name of letters, digits, `-` and `_`
     --> projects/a.yml:9:10
      |
    9 | groups: [a b]
      |          ^^^
      |
      = help: write [a, b]
    error[wrong-type]: `labels` takes a list, not nothing
      --> projects/a.yml:10:18
       |
    10 | issues: {labels: ~}
       |                  ^
       |
       = help: remove the line for the default

    error: 8 errors in 1 file; nothing was compared
    ");
}

#[test]
fn version_of_the_future() {
    assert_snapshot!(report(
        r"version: 2
project: shop-cart
stack:
  pulumi: {path: infra/cart}
"
    ), @"
    error[unknown-version]: expected version 1 of the language, found version 2
     --> projects/a.yml:1:10
      |
    1 | version: 2
      |          ^
      |
      = help: use a newer ol-pipegen, or write `version: 1`

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn not_supported_yet() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
issues: {auth: {app: {id: 1}}}
approval: {not_author: true}
"
    ), @"
    error[missing-field]: `app` needs `installation`
     --> projects/a.yml:4:17
      |
    4 | issues: {auth: {app: {id: 1}}}
      |                 ^^^
      |
      = help: write the `id` of the App, the id of its `installation`, and its private `key`
    error[missing-field]: `app` needs `key`
     --> projects/a.yml:4:17
      |
    4 | issues: {auth: {app: {id: 1}}}
      |                 ^^^
      |
      = help: write the `id` of the App, the id of its `installation`, and its private `key`
    error[not-yet]: `not_author` is not supported yet
     --> projects/a.yml:5:12
      |
    5 | approval: {not_author: true}
      |            ^^^^^^^^^^ part of the language, but not of this version of ol-pipegen
      |
      = help: name who can approve in `closers`: a commit names its author by an address that anybody can write

    error: 3 errors in 1 file; nothing was compared
    ");
}

#[test]
fn chart_by_address_without_its_version() {
    assert_snapshot!(report(
        r"project: shop-cart
stack: {helm: {chart: oci://registry.example.com/cart, namespace: shop, kubeconfig: hunter2}}
"
    ), @"
    error[missing-field]: the stack kind `helm` needs `chart_version`
     --> projects/a.yml:2:9
      |
    2 | stack: {helm: {chart: oci://registry.example.com/cart, namespace: shop, kubeconfig: *******}}
      |         ^^^^
    error[plaintext-secret]: the kubeconfig of `helm` is written in clear
     --> projects/a.yml:2:85
      |
    2 | stack: {helm: {chart: oci://registry.example.com/cart, namespace: shop, kubeconfig: *******}}
      |                                                                                     ^^^^^^^
      |
      = help: give the name of a credential, such as ((helm.kubeconfig))

    error: 2 errors in 1 file; nothing was compared
    ");
    assert_snapshot!(report(
        r"project: shop-cart
stack: {helm: {chart: oci://registry.example.com/cart, chart_version: ^1.2, namespace: shop, set: {image.digest: $DIGEST}}}
"
    ), @"
    error[wrong-type]: `^1.2` is not a whole version, such as `1.4.2`
     --> projects/a.yml:2:71
      |
    2 | stack: {helm: {chart: oci://registry.example.com/cart, chart_version: ^1.2, namespace: shop, set: {image.digest: $DIGEST}}}
      |                                                                       ^^^^
    error[wrong-type]: `$DIGEST` is not the name of a variable
     --> projects/a.yml:2:114
      |
    2 | stack: {helm: {chart: oci://registry.example.com/cart, chart_version: ^1.2, namespace: shop, set: {image.digest: $DIGEST}}}
      |                                                                                                                  ^^^^^^^

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn setting_without_effect() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
record: open
environments: [QA, Production]
overrides:
  QA: {approval: {soak: 1h}, record: none}
"
    ), @"
    error[no-effect]: `approval` has no effect: no stage that it holds for has the gate `issue` or `preview`
     --> projects/a.yml:7:8
      |
    7 |   QA: {approval: {soak: 1h}, record: none}
      |        ^^^^^^^^
      |
      = help: write `gate: issue` or `gate: preview`, or remove `approval`
    error[no-effect]: `record` has no effect: the deployment opens an issue for the next stage
     --> projects/a.yml:7:30
      |
    7 |   QA: {approval: {soak: 1h}, record: none}
      |                              ^^^^^^
      |
      = help: remove `record`

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn lists_with_nothing_in_them() {
    assert_snapshot!(report(
        "project: shop\nenvironments: []\nstack:\n  pulumi: {path: infra}\n\
         inputs:\n  img: {image: {repository: shop/img}, only: []}\n"
    ), @"
    error[wrong-type]: `environments` has nothing in it
     --> projects/a.yml:2:15
      |
    2 | environments: []
      |               ^^
      |
      = help: list them in the order of promotion: `environments: [CI, QA, Production]`
    error[no-effect]: no environment takes `img`, and nothing here builds it
     --> projects/a.yml:6:46
      |
    6 |   img: {image: {repository: shop/img}, only: []}
      |                                              ^^
      |
      = help: write the environments that take it, or how it is built: `build: {with: …}`

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn numbers_and_durations_that_concourse_cannot_hold() {
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\nsource: {check_every: 9999999999h}\n\
         inputs:\n  a: {image: {repository: a}, params: {x: .inf}}\n"
    ), @"
    error[wrong-type]: `9999999999h` is not a duration, such as 90s, 15m or 4h, nor `never`
     --> projects/a.yml:4:23
      |
    4 | source: {check_every: 9999999999h}
      |                       ^^^^^^^^^^^
      |
      = note: `shop` CI

    error: 1 error in 1 file; nothing was compared
    ");
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\n\
         inputs:\n  a: {image: {repository: a}, params: {x: 123456789012345678901234567890}}\n"
    ), @"
    error[wrong-type]: a whole number beyond 64 bits: write it as text, in quotes
     --> projects/a.yml:5:43
      |
    5 |   a: {image: {repository: a}, params: {x: 123456789012345678901234567890}}
      |                                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: `shop` CI

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn paths_outside_of_the_repository() {
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: ../../etc}\nsource: {paths: [/etc/passwd]}\n"
    ), @"
    error[missing-path]: `../../etc` is outside of the repository
     --> projects/a.yml:3:18
      |
    3 |   pulumi: {path: ../../etc}
      |                  ^^^^^^^^^
      |
      = help: write a path from the root of the repository, such as lib
    error[missing-path]: `/etc/passwd` is outside of the repository
     --> projects/a.yml:4:18
      |
    4 | source: {paths: [/etc/passwd]}
      |                  ^^^^^^^^^^^
      |
      = help: write `etc/passwd`: paths begin at the root of the repository

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn option_of_a_kind_that_has_none() {
    let kind = "version: 1\ntitle: A\nabout: a\nphases: [deploy]\nsteps:\n- {task: deploy, file: a/b.yml}\n";
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("kinds/stacks/plain.yml", kind)
        .file("projects/a.yml", "project: shop-a\nstack: {plain: {path: a, size: 1}}\n");
    assert_snapshot!(of(&work, 1), @"
    error[unknown-field]: unknown option `path` of the stack kind `plain`
     --> projects/a.yml:2:17
      |
    2 | stack: {plain: {path: a, size: 1}}
      |                 ^^^^
      |
      = help: it takes no options
    error[unknown-field]: unknown option `size` of the stack kind `plain`
     --> projects/a.yml:2:26
      |
    2 | stack: {plain: {path: a, size: 1}}
      |                          ^^^^
      |
      = help: it takes no options

    error: 2 errors in 1 file; nothing was compared
    ");
}
