//! Stages, their places, and what they take.

use insta::assert_snapshot;

use crate::support::Work;

use super::{FLEET, of, report, warning};

#[test]
fn example_of_the_language() {
    let ran = Work::copy_of("tests/fixtures/bad").run(&["render"]).ended(1);
    assert_eq!(ran.stdout, "");
    assert_snapshot!(ran.stderr, @r#"
    error[unknown-field]: unknown field `enviroments`
     --> projects/bad.yml:2:1
      |
    2 | enviroments: [CI, QA, Production]
      | ^^^^^^^^^^^ no such field of a manifest
      |
      = help: did you mean `environments`?
    error[issue-gate-first]: nothing comes before `CI` that could open its issue
     --> projects/bad.yml:3:7
      |
    3 | gate: issue
      |       ^^^^^ holds for every environment of `shop-api`, the first one too
      |
      = help: remove it, for `issue` is the default of all others, or add `overrides: {CI: {gate: none}}`
    error[unknown-field]: unknown option `refrsh` of the stack kind `pulumi`
     --> projects/bad.yml:5:29
      |
    5 |   pulumi: {path: infra/api, refrsh: false}
      |                             ^^^^^^
      |
      = help: did you mean `refresh`?
    error[ambiguous-scalar]: expected text, found the number `1.10`, which would become `1.1`
     --> projects/bad.yml:8:40
      |
    8 |     image: {repository: shop/api, tag: 1.10, password: *******}
      |                                        ^^^^
      |
      = help: write "1.10"
    error[plaintext-secret]: the password of `api-image` is written in clear
     --> projects/bad.yml:8:56
      |
    8 |     image: {repository: shop/api, tag: 1.10, password: *******}
      |                                                        ^^^^^^^
      |
      = help: give the name of a credential, such as ((registry.password))
    error[unknown-environment]: `shop-api` has no environment `Prod`
     --> projects/bad.yml:9:12
      |
    9 |     only: [Prod]
      |            ^^^^
      |
      = help: it has `CI`, `QA` and `Production`
    error[unknown-selector]: `Prodution` fits no stage of `shop-api`
      --> projects/bad.yml:11:3
       |
    11 |   Prodution: {gate: preview}
       |   ^^^^^^^^^
       |
       = help: did you mean `Production`?
    error[unknown-concourse]: the fleet has no Concourse `edgy`
      --> projects/bad.yml:12:19
       |
    12 |   QA: {concourse: edgy}
       |                   ^^^^
       |
       = help: did you mean `edge`?

    error: 8 errors in 1 file; nothing was written
    "#);
}

#[test]
fn selector_that_fits_nothing() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
groups: [a]
overrides:
  Prodution: {gate: none}
  a.QAA: {gate: none}
"
    ), @"
    error[unknown-selector]: `Prodution` fits no stage of `shop-cart`
     --> projects/a.yml:6:3
      |
    6 |   Prodution: {gate: none}
      |   ^^^^^^^^^
      |
      = help: did you mean `Production`?
    error[unknown-selector]: `a.QAA` fits no stage of `shop-cart`
     --> projects/a.yml:7:3
      |
    7 |   a.QAA: {gate: none}
      |   ^^^^^
      |
      = help: did you mean `a.QA`?

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn group_that_is_an_environment() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
groups: [QA, other]
"
    ), @"
    error[ambiguous-selector]: `QA` is an environment, too
     --> projects/a.yml:4:10
      |
    4 | groups: [QA, other]
      |          ^^
      |
      = help: give the group another name: `overrides` cannot tell them apart

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn stage_that_is_not_there() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
groups: [a, b]
skip: [a.Prod, c.QA]
"
    ), @"
    error[unknown-stage]: there is no stage `a.Prod` to skip
     --> projects/a.yml:5:8
      |
    5 | skip: [a.Prod, c.QA]
      |        ^^^^^^
      |
      = help: write `GROUP.ENVIRONMENT`, with `a` or `b` and `CI`, `QA` or `Production`
    error[unknown-stage]: there is no stage `c.QA` to skip
     --> projects/a.yml:5:16
      |
    5 | skip: [a.Prod, c.QA]
      |                ^^^^
      |
      = help: did you mean `a.QA`?

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn chain_of_nothing() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
groups: [a, b]
skip: [a.CI, a.QA, a.Production]
"
    ), @"
    error[empty-chain]: every stage of `a` is skipped
     --> projects/a.yml:4:10
      |
    4 | groups: [a, b]
      |          ^
      |
      = help: remove the group

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn concourse_and_environment_that_are_not_there() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
overrides: {QA: {concourse: nowhere}}
inputs: {img: {image: {repository: a}, only: [Qa]}}
"
    ), @"
    error[unknown-concourse]: the fleet has no Concourse `nowhere`
     --> projects/a.yml:4:29
      |
    4 | overrides: {QA: {concourse: nowhere}}
      |                             ^^^^^^^
      |
      = help: it has `main` and `edge`
    error[unknown-environment]: `shop-cart` has no environment `Qa`
     --> projects/a.yml:5:47
      |
    5 | inputs: {img: {image: {repository: a}, only: [Qa]}}
      |                                               ^^
      |
      = help: did you mean `QA`?

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn input_that_is_two_things() {
    assert_snapshot!(report(
        r#"project: shop-cart
stack:
  pulumi: {path: infra/cart}
inputs: {a: {git: {}, image: {repository: a}}, b: {trigger: false}, c: {image: {tag: "1"}}}
"#
    ), @r#"
    error[several-sources]: the input `a` has more than one type: `git` and `image`
     --> projects/a.yml:4:10
      |
    4 | inputs: {a: {git: {}, image: {repository: a}}, b: {trigger: false}, c: {image: {tag: "1"}}}
      |          ^
      |
      = help: keep one of them
    error[missing-field]: the input `b` has no type
     --> projects/a.yml:4:48
      |
    4 | inputs: {a: {git: {}, image: {repository: a}}, b: {trigger: false}, c: {image: {tag: "1"}}}
      |                                                ^
      |
      = note: no other input has this name
      = help: write `git`, `image`, `s3`, `github_release` or `resource`
    error[missing-field]: `image` of `c` needs `repository`
     --> projects/a.yml:4:80
      |
    4 | inputs: {a: {git: {}, image: {repository: a}}, b: {trigger: false}, c: {image: {tag: "1"}}}
      |                                                                                ^^^^^^^^^^

    error: 3 errors in 1 file; nothing was compared
    "#);
}

#[test]
fn input_that_would_hide_something() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
inputs: {gate: {image: {repository: a}}, Img: {image: {repository: a}}}
"
    ), @"
    error[name-collision]: `gate` is the approval that a deployment goes by
     --> projects/a.yml:4:10
      |
    4 | inputs: {gate: {image: {repository: a}}, Img: {image: {repository: a}}}
      |          ^^^^
      |
      = help: give the input another name
    error[concourse-name]: the name `Img` must start with a lowercase letter or a number
     --> projects/a.yml:4:42
      |
    4 | inputs: {gate: {image: {repository: a}}, Img: {image: {repository: a}}}
      |                                          ^^^
      |
      = note: Concourse takes lowercase letters, digits, `-`, `_` and `.`, a letter or a digit first
      = help: write `img`

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn needs_the_code() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
discover: true
"
    ), @"
    error[needs-source-root]: `discover` looks for files of the code
     --> projects/a.yml:4:1
      |
    4 | discover: true
      | ^^^^^^^^
      |
      = help: add `--source-root DIR` with the folder of the code

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn project_that_is_not_there() {
    let work = Work::new().file("pipegen.yml", &format!("{FLEET}projects: [apps/*.yml, more/*.yml]\n"));
    assert_snapshot!(of(&work, 1), @"
    error[no-projects]: no manifest matches `apps/*.yml` or `more/*.yml`
     --> pipegen.yml:7:11
      |
    7 | projects: [apps/*.yml, more/*.yml]
      |           ^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: write `project: cart` and `stack: {KIND: …}` in `apps/cart.yml`, or correct `projects`

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn code_that_is_not_as_the_manifest_says() {
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("projects/a.yml", "project: shop-cart\nstack:\n  pulumi: {path: infra/cart}\n")
        .file("projects/b.yml", "project: shop-api\nstack:\n  pulumi: {path: infra/ap}\n")
        .file("projects/c.yml", "project: shop-db\ndiscover: true\nstack:\n  pulumi: {path: infra/db}\n")
        .file("projects/d.yml", "project: shop-out\nstack:\n  pulumi: {path: ../../etc}\n")
        .file("code/infra/cart/Pulumi.CI.yaml", "")
        .file("code/infra/cart/Pulumi.QA.yaml", "")
        .file("code/infra/cart/Pulumi.Staging.yaml", "")
        .file("code/infra/db/Pulumi.yaml", "");
    let ran = work.run(&["render", "--source-root", "code"]).ended(1);
    assert_snapshot!(ran.stderr, @"
    warning[undeclared-stack]: no stage deploys `infra/cart/Pulumi.Staging.yaml`
     --> projects/a.yml:2:1
      |
    2 | stack:
      | ^^^^^
      |
      = note: looked in code
      = help: add the stage, or remove the file
    error[missing-stack-file]: `shop-cart` Production has no stack file `infra/cart/Pulumi.Production.yaml`
     --> projects/a.yml:3:3
      |
    3 |   pulumi: {path: infra/cart}
      |   ^^^^^^
      |
      = note: looked in code
      = help: add the file, or take the stage out of `environments`, or `skip` it
    error[missing-path]: `infra/ap` is not in the code
     --> projects/b.yml:3:18
      |
    3 |   pulumi: {path: infra/ap}
      |                  ^^^^^^^^
      |
      = note: looked in code
    error[nothing-discovered]: no stack file `infra/db/Pulumi.STACK.yaml` for any of the environments
     --> projects/c.yml:2:1
      |
    2 | discover: true
      | ^^^^^^^^
      |
      = help: check that `code` is the checkout of the code
    error[missing-path]: `../../etc` is outside of the repository
     --> projects/d.yml:3:18
      |
    3 |   pulumi: {path: ../../etc}
      |                  ^^^^^^^^^
      |
      = help: write a path from the root of the repository, such as lib

    error: 4 errors and 1 warning in 4 files; nothing was written
    ");
}

#[test]
fn version_of_a_repository_that_is_no_commit() {
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\ninputs:\n  \
         charts: {git: {repository: https://github.com/example/charts}, pin: .git/branch}\n"
    ), @"
    error[wrong-type]: what is approved of the repository `charts` is a commit, and no `.git/branch`
     --> projects/a.yml:5:71
      |
    5 |   charts: {git: {repository: https://github.com/example/charts}, pin: .git/branch}
      |                                                                       ^^^^^^^^^^^
      |
      = help: remove `pin`; or write why the newest version may be used: `unpinned: REASON`

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn more_stages_than_a_manifest_may_have() {
    let names = |prefix: &str| (0..60).map(|index| format!("{prefix}{index}")).collect::<Vec<_>>().join(", ");
    let report = report(&format!(
        "project: shop\nenvironments: [{}]\ngroups: [{}]\nstack:\n  pulumi: {{path: infra}}\n",
        names("e"),
        names("g")
    ));
    assert!(report.starts_with("error[yaml-limit]: more than 2000 stages\n"), "{report}");
}

#[test]
fn artifacts_that_a_job_has_already() {
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\nnames: {code: gate}\n"
    ), @"
    error[name-collision]: `gate` is the approval that a deployment goes by
     --> projects/a.yml:4:15
      |
    4 | names: {code: gate}
      |               ^^^^
      |
      = help: give the code another name

    error: 1 error in 1 file; nothing was compared
    ");
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\nnames: {code: mine}\n\
         inputs:\n  mine: {image: {repository: a}}\n"
    ), @"
    error[name-collision]: `mine` is the project's own code
     --> projects/a.yml:6:3
      |
    6 |   mine: {image: {repository: a}}
      |   ^^^^
      |
      = help: give the input another name

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn discovery_that_does_not_find_what_is_reported() {
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file(
            "projects/a.yml",
            "project: shop-{{ group }}\ndiscover: true\nenvironments: [CI, QA]\ngroups: [one, two]\n\
             skip: [one.QA, two.QA]\nstack:\n  pulumi: {path: infra}\n",
        )
        .file("code/infra/Pulumi.one.CI.yaml", "")
        .file("code/infra/Pulumi.one.QA.yaml", "");
    let ran = work.run(&["render", "--check", "--source-root", "code"]).ended(1);
    assert_snapshot!(ran.stderr, @"
    error[gate-missing]: `a` has a single stage, `one.CI`, and no `gate`
     --> projects/a.yml:3:1
      |
    3 | environments: [CI, QA]
      | ^^^^^^^^^^^^
      |
      = help: write `gate: preview` to see first what a deployment would change, `gate: manual` to start it by hand, or `gate: none` to deploy every commit
    error[nothing-discovered]: no stack file `infra/Pulumi.STACK.yaml` for any environment of `two`
     --> projects/a.yml:4:15
      |
    4 | groups: [one, two]
      |               ^^^
      |
      = help: remove the group, or add the file
    error[unknown-stage]: there is no stage `two.QA` to skip
     --> projects/a.yml:5:16
      |
    5 | skip: [one.QA, two.QA]
      |                ^^^^^^
      |
      = help: remove it, or add the stack file `infra/Pulumi.two.QA.yaml`

    error: 3 errors in 1 file; nothing was compared
    ");
}

#[test]
fn one_project_and_several() {
    assert_snapshot!(report(
        r"project: shop-a
projects:
  shop-b: {stack: {pulumi: {path: infra/b}}}
  shop-c: {overrides: {Prod: {gate: manual}}, stak: {}}
overrides: {PRODUCTION: {gate: manual}}
"
    ), @"
    error[one-project-field]: a manifest has `project` or `projects`, not both
     --> projects/a.yml:2:1
      |
    1 | project: shop-a
      | ------- the other
    2 | projects:
      | ^^^^^^^^
      |
      = help: move its settings into `projects: {NAME: …}`, and remove `project`
    error[unknown-selector]: `Prod` fits no stage of `shop-c`
     --> projects/a.yml:4:24
      |
    4 |   shop-c: {overrides: {Prod: {gate: manual}}, stak: {}}
      |                        ^^^^
      |
      = help: there are `CI`, `Production` and `QA`
    error[unknown-field]: unknown field `stak`
     --> projects/a.yml:4:47
      |
    4 |   shop-c: {overrides: {Prod: {gate: manual}}, stak: {}}
      |                                               ^^^^ no such field of `shop-c`
      |
      = help: did you mean `stack`?
    error[unknown-selector]: `PRODUCTION` fits no stage of `shop-a`
     --> projects/a.yml:5:13
      |
    5 | overrides: {PRODUCTION: {gate: manual}}
      |             ^^^^^^^^^^
      |
      = help: did you mean `Production`?

    error: 4 errors in 1 file; nothing was compared
    ");
}

#[test]
fn needs_that_nobody_can_meet() {
    assert_snapshot!(report(
        r"stack: {pulumi: {path: '{{ project }}'}}
projects:
  shop-network:
    environments: [QA]
    needs: [shop-network]
  shop-cluster:
    needs: [shop-netwrk, shop-network]
  shop-far:
    environments: [QA]
    concourse: edge
    needs: [shop-network]
"
    ), @"
    error[gate-missing]: `shop-network` has a single stage, `QA`, and no `gate`
     --> projects/a.yml:4:5
      |
    4 |     environments: [QA]
      |     ^^^^^^^^^^^^
      |
      = help: write `gate: preview` to see first what a deployment would change, `gate: manual` to start it by hand, or `gate: none` to deploy every commit
    error[unknown-project]: `shop-network` cannot wait for itself
     --> projects/a.yml:5:13
      |
    5 |     needs: [shop-network]
      |             ^^^^^^^^^^^^
      |
      = help: there are `shop-cluster` and `shop-far`
    error[unknown-project]: the manifest has no other project `shop-netwrk`
     --> projects/a.yml:7:13
      |
    7 |     needs: [shop-netwrk, shop-network]
      |             ^^^^^^^^^^^
      |
      = help: did you mean `shop-network`?
    error[unmet-need]: `shop-network` has no stage where `shop-cluster` CI could wait for it
     --> projects/a.yml:7:26
      |
    7 |     needs: [shop-netwrk, shop-network]
      |                          ^^^^^^^^^^^^
      |
      = help: write `needs` in `overrides`, for the stages where it holds
    error[gate-missing]: `shop-far` has a single stage, `QA`, and no `gate`
     --> projects/a.yml:9:5
      |
    9 |     environments: [QA]
      |     ^^^^^^^^^^^^
      |
      = help: write `gate: preview` to see first what a deployment would change, `gate: manual` to start it by hand, or `gate: none` to deploy every commit
    error[unmet-need]: `shop-network` QA lives on another Concourse than `shop-far` QA
      --> projects/a.yml:11:13
       |
    11 |     needs: [shop-network]
       |             ^^^^^^^^^^^^
       |
       = help: write `needs` in `overrides`, for the stages where it holds

    error: 6 errors in 1 file; nothing was compared
    ");
}

#[test]
fn needs_in_a_circle() {
    assert_snapshot!(report(
        r"stack: {pulumi: {path: '{{ project }}'}}
projects:
  shop-a: {needs: [shop-b]}
  shop-b: {needs: [shop-c]}
  shop-c: {needs: [shop-a]}
"
    ), @"
    error[needs-cycle]: `shop-a` CI and `shop-b` CI wait for one another
     --> projects/a.yml:3:20
      |
    3 |   shop-a: {needs: [shop-b]}
      |                    ^^^^^^
      |
      = help: remove one of the `needs`

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn inputs_that_say_too_little() {
    assert_snapshot!(report(
        r"project: shop-a
stack: {pulumi: {path: infra/a}}
inputs:
  nothing: {env: {X: digest}}
  file: {s3: {bucket: b}}
  files: {s3: {bucket: b, regexp: a-(.*), versioned_file: a, secret_key: hunter2}}
  release: {github_release: {repository: prometheus}}
  thing: {resource: {source: {uri: x}}}
  odd: {resource: {type: A b, source: {}}}
  '{{ each }}-image': {each: [a, a], image: {repository: r}}
"
    ), @"
    error[missing-field]: the input `nothing` has no type
     --> projects/a.yml:4:3
      |
    4 |   nothing: {env: {X: digest}}
      |   ^^^^^^^
      |
      = note: no other input has this name
      = help: write `git`, `image`, `s3`, `github_release` or `resource`
    error[missing-field]: the files of `file` need `regexp` or `versioned_file`
     --> projects/a.yml:5:14
      |
    5 |   file: {s3: {bucket: b}}
      |              ^^^^^^^^^^^
      |
      = help: write `regexp`, a pattern with a group for the version, or `versioned_file`, a file whose versions the bucket keeps
    error[plaintext-secret]: the secret key of `files` is written in clear
     --> projects/a.yml:6:74
      |
    6 |   files: {s3: {bucket: b, regexp: a-(.*), versioned_file: a, secret_key: *******}}
      |                                                                          ^^^^^^^
      |
      = help: give the name of a credential, such as ((aws.secret_key))
    error[wrong-type]: `prometheus` is not a repository on GitHub
     --> projects/a.yml:7:42
      |
    7 |   release: {github_release: {repository: prometheus}}
      |                                          ^^^^^^^^^^
      |
      = help: write OWNER/NAME, such as example/deployments
    error[missing-field]: `resource` of `thing` needs `type`
     --> projects/a.yml:8:21
      |
    8 |   thing: {resource: {source: {uri: x}}}
      |                     ^^^^^^^^^^^^^^^^^^
    error[concourse-name]: the name `A b` of a resource type must start with a lowercase letter or a number
     --> projects/a.yml:9:26
      |
    9 |   odd: {resource: {type: A b, source: {}}}
      |                          ^^^
      |
      = note: Concourse takes lowercase letters, digits, `-`, `_` and `.`, a letter or a digit first
      = help: write `type: a-b`
    error[name-collision]: gives the key `a-image`, which exists already
      --> projects/a.yml:10:3
       |
    10 |   '{{ each }}-image': {each: [a, a], image: {repository: r}}
       |   ^^^^^^^^^^^^^^^^^^
       |   |
       |   `a-image`

    error: 7 errors in 1 file; nothing was compared
    ");
}

#[test]
fn resource_whose_version_nothing_names() {
    assert_snapshot!(warning(
        r"project: shop-a
stack: {pulumi: {path: infra/a}}
inputs:
  ready: {resource: {type: time, source: {interval: 24h}}}
"
    ), @"
    warning[unpinned-input]: no issue can name the version of `ready` that `shop-a` QA deploys
     --> projects/a.yml:4:3
      |
    4 |   ready: {resource: {type: time, source: {interval: 24h}}}
      |   ^^^^^
      |
      = note: the file that names the version is not known for this resource type
      = help: write `pin: FILE`; or why the newest version may be used: `unpinned: REASON`

    warning: 1 warning in 1 file
    ");
}

#[test]
fn watched_paths_do_not_fit_the_code() {
    let work = crate::watched::estate()
        .file(
            "projects/tika.yml",
            "project: tika\nstack:\n  pulumi: {path: src/ol_infrastructure/applications/tika}\nsource:\n  paths:\n  - \
             src/bridge/lib/version_pins/TIKA_CHART\n  - src/bridge/secrets/tika\n  - src/bridge/secrets/gone\n",
        )
        .file(
            "projects/vault.yml",
            "project: vault\nstack:\n  pulumi: {path: src/ol_infrastructure/applications/vault}\nsource:\n  paths:\n  - \
             src/bridge/lib/versions.py\n  - src/bridge/settings\n  - src/pipelines_of_old\n  - src/bridge/secrets/*.nothing\n",
        );
    let ran = work.run(&["render", "--source-root", "code"]).ended(1);
    assert_snapshot!(ran.stderr, @"
    warning[unwatched-import]: `src/ol_infrastructure/applications/tika` imports `src/bridge/lib/magic_numbers.py` and `src/bridge/lib/versions.py`, which no watched path holds
     --> projects/tika.yml:3:18
      |
    3 |   pulumi: {path: src/ol_infrastructure/applications/tika}
      |                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: src/ol_infrastructure/applications/tika/__main__.py:6 imports `bridge.lib.magic_numbers`
      = note: src/ol_infrastructure/applications/tika/__main__.py:9 imports `bridge.lib.versions`
      = help: add it to `source.paths` (or the fleet's `common_paths`), so that a change there is deployed
    error[missing-path]: `src/bridge/secrets/gone` is watched, and is not in the code
     --> projects/tika.yml:8:5
      |
    8 |   - src/bridge/secrets/gone
      |     ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: looked in code
      = help: correct the path, which begins at the root of the repository, or remove it
    warning[unread-path]: nothing that is deployed reads `src/pipelines_of_old`
     --> projects/vault.yml:8:5
      |
    8 |   - src/pipelines_of_old
      |     ^^^^^^^^^^^^^^^^^^^^
      |
      = note: it holds 2 files of code, which the project never imports
      = help: remove it: every change there starts a deployment
    error[missing-path]: `src/bridge/secrets/*.nothing` is watched, and is not in the code
     --> projects/vault.yml:9:5
      |
    9 |   - src/bridge/secrets/*.nothing
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: looked in code
      = help: correct the path, which begins at the root of the repository, or remove it

    error: 2 errors and 2 warnings in 2 files; nothing was written
    ");
}
