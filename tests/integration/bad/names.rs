//! Names of pipelines, jobs and resources, and secrets in clear.

use insta::assert_snapshot;

use crate::support::Work;

use super::{FLEET, of, report};

#[test]
fn manifest_that_the_fleet_does_not_list() {
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("projects/a.yml", "project: shop-a\nstack:\n  pulumi: {path: infra/a}\n")
        .file("projects/b.yaml", "project: shop-b\nstack:\n  pulumi: {path: infra/b}\n");
    assert_snapshot!(of(&work, 0), @"
    warning[unlisted-manifest]: no glob of this fleet's `projects` matches `projects/b.yaml`
     --> pipegen.yml:1:1
      |
    1 | version: 1
      | ^^^^^^^
      |
      = note: what is not matched is not rendered, and the pipeline that was rendered from it before is removed
      = help: end the name in `.yml`, or add a glob that ends in `.yaml`

    warning: 1 warning in 1 file
    ");
}

#[test]
fn one_name_two_meanings() {
    assert_snapshot!(report(
        r#"project: shop-cart
stack:
  pulumi: {path: "{{ values.path }}"}
groups: [a, b]
values: {path: infra/a}
overrides:
  b: {values: {path: infra/b}}
"#
    ), @"
    error[conflicting-definition]: two meanings of the resource `pulumi-shop-cart`
     --> projects/a.yml:7:22
      |
    5 | values: {path: infra/a}
      |                ------- is `infra/a` for `a.CI`
    6 | overrides:
    7 |   b: {values: {path: infra/b}}
      |                      ^^^^^^^ is `infra/b` for `b.CI`
      |
      = help: put what differs into its name, or make it equal

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn pipeline_of_two_names() {
    assert_snapshot!(report(
        r"pipeline: cart-{{ environment | lower }}
project: shop-cart
stack:
  pulumi: {path: infra/cart}
"
    ), @"
    error[conflicting-definition]: a manifest is one pipeline, of one name
     --> projects/a.yml:1:11
      |
    1 | pipeline: cart-{{ environment | lower }}
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ gives `cart-ci` for `shop-cart` CI and `cart-qa` for `shop-cart` QA
      |
      = help: leave out what differs from stage to stage; each Concourse gets a pipeline of its own anyway

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn two_jobs_with_one_name() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
groups: [a]
names: {deploy: deploy-all}
"
    ), @r#"
    error[name-collision]: `names.deploy` is the same for `a.CI`, `a.QA` and `a.Production`: `deploy-all`
     --> projects/a.yml:5:17
      |
    5 | names: {deploy: deploy-all}
      |                 ^^^^^^^^^^
      |
      = help: write what differs from stage to stage, such as `deploy: "deploy-all-{{ slug }}"`

    error: 1 error in 1 file; nothing was compared
    "#);
}

#[test]
fn name_that_concourse_refuses() {
    assert_snapshot!(report(
        r"project: Shop_Cart
stack:
  pulumi: {path: infra/cart}
"
    ), @"
    error[concourse-name]: the job's name `deploy-Shop_Cart-ci` has the illegal character `S`
     --> projects/a.yml:1:10
      |
    1 | project: Shop_Cart
      |          ^^^^^^^^^
      |
      = note: Concourse takes lowercase letters, digits, `-`, `_` and `.`, a letter or a digit first
      = help: write `project: shop_cart`

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn name_of_ones_own_that_concourse_refuses() {
    assert_snapshot!(report(
        r#"project: shop-cart
stack:
  pulumi: {path: infra/cart}
names: {deploy: "Deploy {{ environment }}"}
pipeline: Cart
"#
    ), @r#"
    error[concourse-name]: the job's name `Deploy CI` must start with a lowercase letter or a number
     --> projects/a.yml:4:17
      |
    4 | names: {deploy: "Deploy {{ environment }}"}
      |                 ^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: Concourse takes lowercase letters, digits, `-`, `_` and `.`, a letter or a digit first
    error[concourse-name]: the pipeline's name `Cart` must start with a lowercase letter or a number
     --> projects/a.yml:5:11
      |
    5 | pipeline: Cart
      |           ^^^^
      |
      = note: Concourse takes lowercase letters, digits, `-`, `_` and `.`, a letter or a digit first
      = help: write `pipeline: cart`

    error: 2 errors in 1 file; nothing was compared
    "#);
}

#[test]
fn secrets_in_clear() {
    assert_snapshot!(report(
        r#"project: shop-cart
stack:
  pulumi: {path: infra/cart}
env: {GITHUB_TOKEN: ghp_0123456789}
values: {key: hunter2}
source: {private_key: "{{ values.key }}"}
issues: {auth: {token: ghp_0123456789}}
"#
    ), @"
    error[plaintext-secret]: `GITHUB_TOKEN` is written in clear
     --> projects/a.yml:4:21
      |
    4 | env: {GITHUB_TOKEN: **************}
      |                     ^^^^^^^^^^^^^^
      |
      = help: give the name of a credential, such as ((github.token))
    error[plaintext-secret]: gives a secret in clear
     --> projects/a.yml:6:23
      |
    6 | source: {private_key: ******************}
      |                       ^^^^^^^^^^^^^^^^^^
      |
      = help: give the name of a credential, such as ((github.token))
    error[plaintext-secret]: the token of `issues` is written in clear
     --> projects/a.yml:7:24
      |
    7 | issues: {auth: {token: **************}}
      |                        ^^^^^^^^^^^^^^
      |
      = help: give the name of a credential, such as ((github.token))

    error: 3 errors in 1 file; nothing was compared
    ");
}

#[test]
fn two_pipelines_with_one_name() {
    let manifest =
        |project: &str| format!("project: {project}\npipeline: shop\nstack:\n  pulumi: {{path: {project}}}\n");
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("projects/a.yml", &manifest("shop-a"))
        .file("projects/b.yml", &manifest("shop-b"));
    assert_snapshot!(of(&work, 1), @"
    error[duplicate-pipeline]: two pipelines are named `shop`
     --> projects/b.yml:1:10
      |
    1 | project: shop-b
      |          ^^^^^^
      |
     ::: projects/a.yml:1:10
      |
    1 | project: shop-a
      |          ------ the other is made from this
      |
      = help: set `pipeline` in one of them; the default is the name of the file

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn override_that_fits_no_project() {
    let work = Work::new()
        .file("pipegen.yml", &format!("{FLEET}  overrides: {{Prodcution: {{approval: {{soak: 1h}}}}}}\n"))
        .file("projects/a.yml", "project: shop-cart\nstack:\n  pulumi: {path: infra/cart}\n");
    assert_snapshot!(of(&work, 1), @"
    error[unused-override]: no project of this fleet has the environment, group or stage `Prodcution`
     --> pipegen.yml:7:15
      |
    7 |   overrides: {Prodcution: {approval: {soak: 1h}}}
      |               ^^^^^^^^^^ these settings apply to nothing, so a gate that they set protects nothing
      |
      = help: did you mean `Production`?

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn secrets_in_clear_wherever_they_stand() {
    assert_snapshot!(report(
        "project: shop\nstack:\n  script: {image: alpine, deploy: ./deploy.sh}\n\
         source: {repository: \"https://bot:hunter2@example.com/shop.git\"}\n\
         env: {GITHUB_PAT: hunter2, DATABASE_URL: \"postgres://u:hunter2@h/d\", DB_PASSWORD: \"hunter2((\"}\n\
         approval: {code: checkout, checkout_image: {repository: git, password: hunter4}}\n\
         before:\n- task: t\n  config:\n    platform: linux\n    image_resource: {type: registry-image, source: \
         {repository: a, password: hunter3}}\n    params: {TOKEN: \"hunter{{ 2 + 3 }}\"}\n    run: {path: sh}\n"
    ), @"
    error[plaintext-secret]: `TOKEN` is written in clear
     --> projects/a.yml:1:10
      |
    1 | project: ****
      |          ^^^^
      |
      = note: in the job `deploy-shop-ci`
      = help: give the name of a credential, such as ((github.token))
    error[plaintext-secret]: `uri` is written in clear
     --> projects/a.yml:4:22
      |
    4 | source: {repository: ******************************************}
      |                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: in the resource `shop-a`
      = help: give the name of a credential, such as ((github.token))
    error[plaintext-secret]: `GITHUB_PAT` is written in clear
     --> projects/a.yml:5:19
      |
    5 | env: {GITHUB_PAT: *******, DATABASE_URL: **************************, DB_PASSWORD: ***********}
      |                   ^^^^^^^
      |
      = help: give the name of a credential, such as ((github.token))
    error[plaintext-secret]: `DATABASE_URL` is written in clear
     --> projects/a.yml:5:42
      |
    5 | env: {GITHUB_PAT: *******, DATABASE_URL: **************************, DB_PASSWORD: ***********}
      |                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: give the name of a credential, such as ((github.token))
    error[plaintext-secret]: `DB_PASSWORD` is written in clear
     --> projects/a.yml:5:83
      |
    5 | env: {GITHUB_PAT: *******, DATABASE_URL: **************************, DB_PASSWORD: ***********}
      |                                                                                   ^^^^^^^^^^^
      |
      = help: give the name of a credential, such as ((github.token))
    error[plaintext-secret]: `password` is written in clear
     --> projects/a.yml:6:72
      |
    6 | approval: {code: checkout, checkout_image: {repository: git, password: *******}}
      |                                                                        ^^^^^^^
      |
      = note: in the job `deploy-shop-qa`
      = help: give the name of a credential, such as ((github.token))
    error[plaintext-secret]: `password` is written in clear
      --> projects/a.yml:11:78
       |
    11 |     image_resource: {type: registry-image, source: {repository: a, password: *******}}
       |                                                                              ^^^^^^^
       |
       = note: in the job `deploy-shop-ci`
       = help: give the name of a credential, such as ((github.token))

    error: 7 errors in 1 file; nothing was compared
    ");
}
