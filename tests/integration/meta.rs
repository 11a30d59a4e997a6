//! The pipeline that sets all the others: what it does, and that no mistake can lead to an archived pipeline.

use std::fs;

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{SHOP_FLEET, Work, manifest};

const META: &str = "\
meta:
  pipeline: shop-pipelines
  source: {repository: https://github.com/example/shop, folder: deploy}
  image: {repository: example/ol-pipegen, tag: 0.1.0}
";

const KIND: &str = "\
version: 1
title: Nomad
about: runs one Nomad job
options: {type: object}
target: '{{ project }}/{{ stack }}'
steps:
- task: deploy
  config: {platform: linux, run: {path: 'true'}}
";

fn fleet(meta: &str) -> Work {
    Work::new()
        .file("pipegen.yml", &format!("{SHOP_FLEET}{meta}"))
        .file("projects/api.yml", &manifest("api"))
        .file("projects/cart.yml", &manifest("cart"))
}

fn pipeline(work: &Work, name: &str) -> Value {
    serde_saphyr::from_str(&work.read(&format!("rendered/{name}.yml"))).unwrap()
}

#[test]
fn each_pipeline_has_a_job_with_the_paths_that_it_depends_on() {
    let work = fleet(META)
        .file("kinds/stacks/nomad.yml", KIND)
        .file("kinds/stacks/other.yml", KIND)
        .file("projects/cart.yml", "project: cart\nstack: {nomad: {}}\n");
    work.run(&["render", "--quiet"]).fine();
    assert_snapshot!(work.read("rendered/shop-pipelines.yml"), @"
    # Made by ol-pipegen 0.1.0 from ../pipegen.yml
    # Do not edit: change the manifest, and run `ol-pipegen render`.
    # fly -t main set-pipeline --team shop -p shop-pipelines -c shop-pipelines.yml
    resources:
    - name: fleet
      type: git
      icon: git
      source:
        uri: https://github.com/example/shop
        branch: main
        paths:
        - deploy/pipegen.yml
        - deploy/projects/*.yml
        - deploy/kinds
        - deploy/rendered
      check_every: 5m
    - name: fleet-api
      type: git
      icon: git
      source:
        uri: https://github.com/example/shop
        branch: main
        paths:
        - deploy/pipegen.yml
        - deploy/projects/api.yml
        - deploy/rendered/api.yml
      check_every: 5m
    - name: fleet-cart
      type: git
      icon: git
      source:
        uri: https://github.com/example/shop
        branch: main
        paths:
        - deploy/pipegen.yml
        - deploy/projects/cart.yml
        - deploy/kinds/stacks/nomad.yml
        - deploy/rendered/cart.yml
      check_every: 5m
    jobs:
    - name: self
      serial: true
      plan:
      - get: fleet
        trigger: true
      - load_var: fleet
        file: fleet/deploy/pipegen.yml
        format: yaml
        reveal: true
      - task: check
        config:
          platform: linux
          image_resource:
            type: registry-image
            source:
              repository: ((.:fleet.meta.image.repository))
              tag: ((.:fleet.meta.image.tag))
          inputs:
          - name: fleet
          run:
            path: ol-pipegen
            args:
            - render
            - --check
            - --
            - deploy/pipegen.yml
            dir: fleet
      - set_pipeline: self
        file: fleet/deploy/rendered/shop-pipelines.yml
    - name: set-api
      serial: true
      plan:
      - get: fleet
        resource: fleet-api
        trigger: true
      - load_var: fleet
        file: fleet/deploy/pipegen.yml
        format: yaml
        reveal: true
      - task: check
        config:
          platform: linux
          image_resource:
            type: registry-image
            source:
              repository: ((.:fleet.meta.image.repository))
              tag: ((.:fleet.meta.image.tag))
          inputs:
          - name: fleet
          run:
            path: ol-pipegen
            args:
            - render
            - --check
            - --
            - deploy/projects/api.yml
            dir: fleet
      - set_pipeline: api
        file: fleet/deploy/rendered/api.yml
    - name: set-cart
      serial: true
      plan:
      - get: fleet
        resource: fleet-cart
        trigger: true
      - load_var: fleet
        file: fleet/deploy/pipegen.yml
        format: yaml
        reveal: true
      - task: check
        config:
          platform: linux
          image_resource:
            type: registry-image
            source:
              repository: ((.:fleet.meta.image.repository))
              tag: ((.:fleet.meta.image.tag))
          inputs:
          - name: fleet
          run:
            path: ol-pipegen
            args:
            - render
            - --check
            - --
            - deploy/projects/cart.yml
            dir: fleet
      - set_pipeline: cart
        file: fleet/deploy/rendered/cart.yml
    ");
    assert_eq!(work.run(&["render", "--check"]).fine(), "3 pipelines up to date\n");
    work.run(&["validate", "rendered/shop-pipelines.yml"]).fine();
    let drawn = work.run(&["graph", "rendered/shop-pipelines.yml"]).fine();
    assert!(drawn.contains("● fleet-cart\n") && drawn.contains("■ set-cart\n"), "{drawn}");
}

#[test]
fn nothing_but_setting_a_pipeline_lets_its_job_succeed() {
    let work = fleet(META);
    work.run(&["render", "--quiet"]).fine();
    let jobs = pipeline(&work, "shop-pipelines")["jobs"].clone();
    let jobs = jobs.as_array().unwrap();
    // Its name is a promise: with another one Concourse would archive the pipeline, and all that it has set.
    assert_eq!(jobs[0]["name"], "self");
    for job in jobs {
        let keys: Vec<&String> = job.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["name", "serial", "plan"], "no hook sets or hides anything");
        let steps: Vec<Vec<&str>> = job["plan"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step.as_object().unwrap().keys().map(String::as_str).collect())
            .collect();
        assert_eq!(steps.len(), 4);
        assert!(steps[0].contains(&"get"));
        assert_eq!(steps[1], ["load_var", "file", "format", "reveal"]);
        assert_eq!(steps[2], ["task", "config"], "a failing check ends the build");
        assert_eq!(steps[3], ["set_pipeline", "file"]);
    }
    // The job that could take others away holds the whole fleet against its files.
    assert_eq!(jobs[0]["plan"][2]["config"]["run"]["args"][3], "deploy/pipegen.yml");
    assert_eq!(jobs[1]["plan"][2]["config"]["run"]["args"][3], "deploy/projects/api.yml");
}

#[test]
fn each_concourse_has_its_own_and_main_sets_for_other_teams() {
    let concourses = "{main: {target: main, team: main}, edge: {target: edge, team: shop}, unused: {target: none}}";
    let work = fleet(&META.replace("folder: deploy", "branch: release, check_every: 1d, private_key: ((git.key))"));
    let fleet = work.read("pipegen.yml").replace("{main: {target: main, team: shop}}", concourses);
    work.write("pipegen.yml", &fleet.replace("  pipeline: shop", "  team: main\n  pipeline: shop"));
    work.write("projects/cart.yml", &format!("{}overrides: {{Production: {{concourse: edge}}}}\n", manifest("cart")));
    let reported = work.run(&["render"]).fine();
    assert!(reported.contains("fly -t edge set-pipeline --team main -p shop-pipelines-edge -c"), "{reported}");
    assert_eq!(
        work.list("rendered"),
        ["api.yml", "cart-edge.yml", "cart.yml", "shop-pipelines-edge.yml", "shop-pipelines.yml"]
    );
    let jobs = |name: &str| -> Vec<String> {
        let jobs = pipeline(&work, name)["jobs"].as_array().unwrap().clone();
        jobs.iter().map(|job| format!("{} {}", job["name"], job["plan"][3]["team"])).collect()
    };
    assert_eq!(jobs("shop-pipelines"), [r#""self" null"#, r#""set-api" null"#, r#""set-cart" null"#]);
    assert_eq!(jobs("shop-pipelines-edge"), [r#""self" null"#, r#""set-cart-edge" "shop""#]);
    let source = &pipeline(&work, "shop-pipelines-edge")["resources"][1];
    assert_eq!(source["check_every"], "24h");
    assert_eq!(source["source"]["private_key"], "((git.key))");
    assert_eq!(source["source"]["branch"], "release");
    assert_eq!(source["source"]["paths"][1], "projects/cart.yml");
}

#[test]
fn each_instance_has_a_job_of_its_own() {
    let instance = |project: &str, region: &str| {
        let stack = format!("stack: {{pulumi: {{path: db/{region}}}}}\ngate: preview\nenvironments: [QA]\n");
        format!("pipeline: db\nproject: {project}\ninstance_vars: {{region: {region}}}\n{stack}")
    };
    let work =
        fleet(META).file("projects/eu.yml", &instance("a", "EU-1")).file("projects/us.yml", &instance("b", "us"));
    work.run(&["render", "--quiet"]).fine();
    let jobs = pipeline(&work, "shop-pipelines")["jobs"].clone();
    let set: Vec<String> = [3, 4].map(|job| format!("{} {}", jobs[job]["name"], jobs[job]["plan"][3])).into();
    assert_snapshot!(set.join("\n"), @r#"
    "set-db-eu-1" {"set_pipeline":"db","file":"fleet/deploy/rendered/db,region=EU-1.yml","instance_vars":{"region":"EU-1"}}
    "set-db-us" {"set_pipeline":"db","file":"fleet/deploy/rendered/db,region=us.yml","instance_vars":{"region":"us"}}
    "#);
    work.write("projects/us.yml", &instance("b", "eu-1"));
    assert_snapshot!(work.run(&["render"]).ended(1).stderr, @"
    error[name-collision]: two pipelines would be set by jobs named `set-db-eu-1`
     --> pipegen.yml:8:3
      |
    8 |   pipeline: shop-pipelines
      |   ^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: let their names, or the `instance_vars` of their instances, differ in more than capitals and punctuation

    error: 1 error in 1 file; nothing was written
    ");
}

#[test]
fn it_follows_the_fleet_and_goes_when_nobody_asks_for_it() {
    let work = fleet(META);
    work.run(&["render", "--quiet"]).fine();
    let before = work.read("rendered/shop-pipelines.yml");
    // Who renders one manifest does not know of the others.
    work.write("projects/new.yml", &manifest("new"));
    work.run(&["render", "--quiet", "projects/new.yml"]).fine();
    assert_eq!(work.read("rendered/shop-pipelines.yml"), before);
    let check = work.run(&["render", "--check"]).ended(4);
    assert!(check.stdout.contains("+- name: set-new\n"), "{}", check.stdout);
    // Something is wrong with a manifest: nothing is written, and no job goes.
    work.write("projects/cart.yml", "project: [\n");
    work.run(&["render"]).ended(1);
    assert_eq!(work.read("rendered/shop-pipelines.yml"), before);
    fs::remove_file(work.path().join("projects/cart.yml")).unwrap();
    work.run(&["render", "--quiet"]).fine();
    let names: Vec<_> =
        pipeline(&work, "shop-pipelines")["jobs"].as_array().unwrap().iter().map(|job| job["name"].clone()).collect();
    assert_eq!(names, ["self", "set-api", "set-new"]);
    work.write("pipegen.yml", SHOP_FLEET);
    let reported = work.run(&["render"]).fine();
    assert!(reported.contains("removed rendered/shop-pipelines.yml: nothing renders it any more\n"), "{reported}");
}

#[test]
fn its_checks_are_counted() {
    let counted = |meta: &str| {
        let work = fleet(meta);
        let budget: Value = serde_json::from_str(&work.run(&["budget", "--format", "json"]).fine()).unwrap();
        (budget["pipelines"].as_u64().unwrap(), budget["git"][0]["checks_per_hour"].as_u64().unwrap())
    };
    // Three repositories more, every five minutes.
    let (without, with) = (counted(""), counted(META));
    assert_eq!((with.0 - without.0, with.1 - without.1), (1, 36));
}

/// What is said of a fleet that asks for it so.
fn wrong(meta: &str) -> String {
    let work = fleet(meta);
    let reported = work.run(&["render"]).ended(1).stderr;
    assert!(!work.exists("rendered"));
    reported
}

#[test]
fn what_has_another_shape_is_reported_at_its_place() {
    assert_snapshot!(wrong("meta: {pipeline: x, imgae: {}, source: {branch: main}}\n"), @"
    error[missing-field]: `meta` needs `image`
     --> pipegen.yml:7:7
      |
    7 | meta: {pipeline: x, imgae: {}, source: {branch: main}}
      |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    error[unknown-field]: unknown field `imgae`
     --> pipegen.yml:7:21
      |
    7 | meta: {pipeline: x, imgae: {}, source: {branch: main}}
      |                     ^^^^^ no such field of `meta`
      |
      = help: did you mean `image`?
    error[missing-field]: `source` needs `repository`
     --> pipegen.yml:7:40
      |
    7 | meta: {pipeline: x, imgae: {}, source: {branch: main}}
      |                                        ^^^^^^^^^^^^^^

    error: 3 errors in 1 file; nothing was written
    ");
    assert_snapshot!(wrong("meta: x\n"), @"
    error[wrong-type]: `meta` takes a map, not text
     --> pipegen.yml:7:7
      |
    7 | meta: x
      |       ^
      |
      = help: write it like `meta: {pipeline: shop-pipelines, source: {repository: https://github.com/example/shop}, image: {repository: example/ol-pipegen, tag: 0.1.0}}`

    error: 1 error in 1 file; nothing was written
    ");
    assert_snapshot!(wrong("meta: {pipeline: x, source: [], image: {repository: x, tag: 1.0}}\n"), @r#"
    error[wrong-type]: `source` takes a map, not a list
     --> pipegen.yml:7:29
      |
    7 | meta: {pipeline: x, source: [], image: {repository: x, tag: 1.0}}
      |                             ^^
      |
      = help: write it like `source: {repository: https://github.com/example/shop, folder: pipelines}`
    error[ambiguous-scalar]: expected text, found the number `1.0`, which would become `1`
     --> pipegen.yml:7:61
      |
    7 | meta: {pipeline: x, source: [], image: {repository: x, tag: 1.0}}
      |                                                             ^^^
      |
      = help: write "1.0"

    error: 2 errors in 1 file; nothing was written
    "#);
    assert_snapshot!(wrong(&META.replace("folder: deploy", "folder: '{{ name }}', private_key: secret")), @"
    error[template-here]: templates are not filled here
     --> pipegen.yml:9:65
      |
    9 |   source: {repository: https://github.com/example/shop, folder: '{{ name }}', private_key: ******}
      |                                                                 ^^^^^^^^^^^^
      |
      = help: write the text itself; what differs from stage to stage belongs in `overrides`
    error[plaintext-secret]: the private key of `source` is written in clear
     --> pipegen.yml:9:92
      |
    9 |   source: {repository: https://github.com/example/shop, folder: '{{ name }}', private_key: ******}
      |                                                                                            ^^^^^^
      |
      = help: give the name of a credential, such as ((git.private_key))

    error: 2 errors in 1 file; nothing was written
    ");
}

#[test]
fn what_cannot_be_is_reported_at_its_place() {
    assert_snapshot!(wrong(&META.replace("pipeline: shop-pipelines", "pipeline: cart")), @"
    error[duplicate-pipeline]: two pipelines are named `cart`
     --> pipegen.yml:8:13
      |
    8 |   pipeline: cart
      |             ^^^^
      |
      = help: give the pipeline that sets the others another name

    error: 1 error in 1 file; nothing was written
    ");
    assert_snapshot!(wrong(&META.replace("pipeline: shop-pipelines", "pipeline: Pipelines")), @"
    error[concourse-name]: the pipeline `Pipelines` must start with a lowercase letter or a number
     --> pipegen.yml:8:13
      |
    8 |   pipeline: Pipelines
      |             ^^^^^^^^^
      |
      = note: Concourse takes lowercase letters, digits, `-`, `_` and `.`, a letter or a digit first
      = help: write `pipeline: pipelines`

    error: 1 error in 1 file; nothing was written
    ");
    assert_snapshot!(wrong(&META.replace("  pipeline: shop", "  team: other\n  pipeline: shop")), @"
    error[no-effect]: the team `other` cannot set pipelines of the team `shop`: only `main` sets another team's
     --> pipegen.yml:8:9
      |
    8 |   team: other
      |         ^^^^^
      |
      = help: move the pipeline to the team `main`, or remove `team`

    error: 1 error in 1 file; nothing was written
    ");
    assert_snapshot!(wrong(&META.replace("https://", "https://me:hunter2@")), @"
    error[plaintext-secret]: the address holds a password in clear
     --> pipegen.yml:9:24
      |
    9 |   source: {repository: ******************************************, folder: deploy}
      |                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: remove it, and give a `private_key`

    error: 1 error in 1 file; nothing was written
    ");
    assert_snapshot!(wrong(&META.replace("folder: deploy", "folder: ../deploy")), @"
    error[missing-path]: `pipegen.yml` of this fleet lies outside of its repository
     --> pipegen.yml:9:11
      |
    9 |   source: {repository: https://github.com/example/shop, folder: ../deploy}
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: set `folder` to the folder of the fleet's file

    error: 1 error in 1 file; nothing was written
    ");
}

#[test]
fn secret_that_somebody_allows_does_not_take_the_pipeline_away() {
    let work = fleet(META);
    work.run(&["render", "--quiet"]).fine();
    let with_password = work
        .read("pipegen.yml")
        .replace("https://github.com/example/shop, f", "https://me:hunter2@github.com/example/shop, f");
    work.write("pipegen.yml", &with_password);
    work.run(&["render", "--quiet"]).ended(1);
    work.run(&["render", "--quiet", "--allow", "plaintext-secret"]).ended(0);
    assert!(work.exists("rendered/shop-pipelines.yml"));
}

#[test]
fn names_of_files_mean_nothing_else_to_concourse() {
    let work =
        fleet(META).file("projects/((github.token)).yml", "pipeline: x\nproject: x\nstack: {pulumi: {path: x}}\n");
    assert_snapshot!(work.run(&["render"]).ended(1).stderr, @"
    error[concourse-name]: the path `deploy/projects/((github.token)).yml` means something else to Concourse or git
     --> pipegen.yml:9:11
      |
    9 |   source: {repository: https://github.com/example/shop, folder: deploy}
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: give the file another name

    error: 1 error in 1 file; nothing was written
    ");
}

#[test]
fn what_is_discovered_is_refused() {
    let work = fleet(META)
        .file("projects/db.yml", "project: db\ndiscover: true\nstack: {pulumi: {path: db}}\n")
        .file("code/db/Pulumi.QA.yaml", "")
        .file("code/db/Pulumi.Production.yaml", "")
        .file("code/infra/api/Pulumi.QA.yaml", "")
        .file("code/infra/api/Pulumi.Production.yaml", "")
        .file("code/infra/cart/Pulumi.QA.yaml", "")
        .file("code/infra/cart/Pulumi.Production.yaml", "");
    assert_snapshot!(work.run(&["render", "--source-root", "code"]).ended(1).stderr, @"
    error[not-yet]: `db` has stages that are discovered, which `meta` cannot check yet
     --> pipegen.yml:8:3
      |
    8 |   pipeline: shop-pipelines
      |   ^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: list its `groups` and `environments`, or set it without `meta`

    error: 1 error in 1 file; nothing was written
    ");
}
