//! What starts a build, what its steps use, and where what it makes is deployed.

use insta::assert_snapshot;

use crate::graph::graph;
use crate::words::{rendered, report, section};

#[test]
fn release_that_starts_a_build_is_no_input_of_its_task() {
    let yaml = rendered(
        "project: shop\nstack: {pulumi: {path: infra}}\ninputs:\n  shop-image:\n    image: {repository: shop/app, region: us-east-1}\n    \
         build:\n      with: {image: {context: app}}\n      from:\n        base: {github_release: {repository: example/base, extra: {release: true}}, starts_only: true}\n",
    );
    let build: Vec<String> = graph(&yaml).lines().take(5).map(str::to_owned).collect();
    assert_snapshot!(build.join("\n"), @r#"
    build-shop-image
      get base, starts
      get shop-shop, starts
      task build-container-image {"CONTEXT":"shop-shop/app","DOCKERFILE":"shop-shop/app/Dockerfile","PROGRESS":"plain"}
      task ensure-ecr-repository {"AWS_PAGER":"cat","AWS_REGION":"us-east-1","REPO_NAME":"shop/app"}
    "#);
    let task = yaml.lines().skip_while(|line| !line.contains("task: build-container-image")).skip(1);
    let inputs: Vec<&str> = task.skip_while(|line| line.trim() != "inputs:").take(3).collect();
    assert_snapshot!(inputs.join("\n"), @"
    inputs:
    - name: shop-shop
    outputs:
    ");
    assert_snapshot!(section(&yaml, "resources").lines().take(12).collect::<Vec<_>>().join("\n"), @"
    resources:
    - name: base
      type: github-release
      icon: github
      source:
        owner: example
        repository: base
        release: true
      check_every: 24h
    - name: shop-shop
      type: git
      icon: git
    ");
}

#[test]
fn build_fetches_all_at_the_same_time() {
    let yaml = rendered(
        "project: shop\nstack: {pulumi: {path: infra}}\ninputs:\n  shop-image:\n    image: {repository: shop/app, region: us-east-1}\n    \
         build:\n      parallel_gets: true\n      with: {image: {context: app}}\n      code: app\n      from:\n        \
         app: {git: {repository: https://github.com/example/app}}\n        base: {image: {repository: shop/base}}\n",
    );
    let job = yaml.lines().skip_while(|line| *line != "- name: build-shop-image");
    let gets: Vec<&str> = job.take_while(|line| !line.contains("- task:")).collect();
    assert_snapshot!(gets.join("\n"), @"
    - name: build-shop-image
      build_log_retention:
        builds: 10
      plan:
      - in_parallel:
          steps:
          - get: app
            trigger: true
          - get: base
            trigger: true
    ");
}

// A base image, say, that only other builds use.
#[test]
fn image_is_built_and_deployed_nowhere() {
    let yaml = rendered(
        "project: shop\nstack: {pulumi: {path: infra}}\ninputs:\n  base-image:\n    only: []\n    image: {repository: shop/base, region: us-east-1}\n    \
         build: {with: {image: {context: base}}}\n  shop-image:\n    image: {repository: shop/app, region: us-east-1}\n    \
         build:\n      with: {image: {context: app}}\n      code: app\n      from: {app: {git: {repository: https://github.com/example/app}}, base-image: {}}\n",
    );
    let gets: Vec<String> = graph(&yaml)
        .lines()
        .filter(|line| !line.starts_with(' ') || line.starts_with("  get") || line.starts_with("  put"))
        .map(str::to_owned)
        .collect();
    assert_snapshot!(gets.join("\n"), @r#"
    build-shop-image
      get app, starts
      get base-image from build-base-image, starts
      put shop-image {"image":"image/image.tar","additional_tags":"app/.git/short_ref"}
    build-base-image
      get shop-shop, starts
      put base-image {"image":"image/image.tar","additional_tags":"shop-shop/.git/short_ref"}
    deploy-shop-ci (serial)
      get shop-image from build-shop-image, starts {"skip_download":true}
      get shop-shop, starts
      put pulumi-shop {"env_os":{},"env_vars_from_files":{},"stack_name":"CI"}
    deploy-shop-qa (serial)
      get shop-image from deploy-shop-ci {"skip_download":true}
      get shop-shop of github-issues-shop-ci-trigger, starts
      put pulumi-shop {"env_os":{},"env_vars_from_files":{},"stack_name":"QA"}
    "#);
}

#[test]
fn input_that_is_deployed_nowhere_and_not_built_has_no_effect() {
    let manifest =
        "project: shop\nstack: {pulumi: {path: infra}}\ninputs: {base: {image: {repository: shop/base}, only: []}}\n";
    assert_snapshot!(report(manifest), @"
    error[no-effect]: no environment takes `base`, and nothing here builds it
     --> projects/shop.yml:3:55
      |
    3 | inputs: {base: {image: {repository: shop/base}, only: []}}
      |                                                       ^^
      |
      = help: write the environments that take it, or how it is built: `build: {with: …}`

    error: 1 error in 1 file; nothing was written
    ");
}

#[test]
fn field_of_a_source_that_has_a_word_has_no_place_in_extra() {
    let manifest = "project: shop\nstack: {pulumi: {path: infra}}\ninputs:\n  \
         app: {image: {repository: shop/app, extra: {Tag: '1', variant: alpine}}}\n  \
         base: {github_release: {repository: example/base, extra: {access_token: ((a.b)), pre_release: true}}}\n";
    assert_snapshot!(report(manifest), @"
    error[unknown-field]: `Tag` has no place in `extra`
     --> projects/shop.yml:4:52
      |
    4 |   app: {image: {repository: shop/app, extra: {Tag: '1', variant: alpine}}}
      |                                                    ^^^
      |
      = help: write `tag` in `image`
    error[unknown-field]: `access_token` has no place in `extra`
     --> projects/shop.yml:5:75
      |
    5 |   base: {github_release: {repository: example/base, extra: {access_token: ((a.b)), pre_release: true}}}
      |                                                                           ^^^^^^^
      |
      = help: write `token` in `github_release`

    error: 2 errors in 1 file; nothing was written
    ");
}
