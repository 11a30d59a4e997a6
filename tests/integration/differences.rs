//! `diff`: what changes from one pipeline to another, and what does not.

use concourse_pipeline::diff::Changes;
use concourse_pipeline::model::Pipeline;
use insta::assert_snapshot;
use ol_pipegen::compare;
use serde_json::Value;

use crate::support::{SHOP_FLEET, Work, manifest};

fn shop() -> Work {
    let work = Work::new().file("pipegen.yml", SHOP_FLEET).file("projects/cart.yml", &manifest("shop-cart"));
    work.run(&["render", "--quiet"]).fine();
    std::fs::copy(work.path().join("rendered/cart.yml"), work.path().join("old.yml")).unwrap();
    work
}

/// What changes when the pipeline of that manifest takes the place of the shop's.
fn after(manifest: &str) -> String {
    let work = shop();
    work.write("projects/cart.yml", manifest);
    work.run(&["render", "--quiet"]);
    let ran = work.run(&["diff", "old.yml", "rendered/cart.yml"]).ended(1);
    assert_eq!(ran.stderr, "");
    ran.stdout
}

#[test]
fn nothing_changes() {
    let work = shop();
    assert_eq!(work.run(&["diff", "old.yml", "rendered/cart.yml"]).fine(), "nothing changes\n");
    // Live pipelines come as JSON, in another order.
    let mut pipeline: Value = serde_saphyr::from_str(&work.read("old.yml")).unwrap();
    for list in ["jobs", "resources"] {
        pipeline[list].as_array_mut().unwrap().reverse();
    }
    work.write("live.json", &pipeline.to_string());
    assert_snapshot!(work.run(&["diff", "live.json", "old.yml"]).fine(), @"
    only in another order, which changes nothing
      the resources are in another order
      the jobs are in another order

    nothing changes
    ");
}

#[test]
fn gate_that_is_left_out_comes_first() {
    assert_snapshot!(after(&(manifest("shop-cart") + "overrides: {Production: {gate: none}}\n")), @"
    GATES GET WEAKER
      job deploy-shop-cart-production: no longer waits for an approval (the issue `shop-cart/-/QA/deployed` in example/deployments): it runs by itself after `deploy-shop-cart-qa`, with the same versions
    GATES PROMOTE TO ANOTHER STAGE
      gate shop-cart/-/QA/deployed in example/deployments: promoted to `shop-cart/-/Production/deploy`, and is gone: open issues for `shop-cart/-/Production/deploy` lead nowhere (close them as not planned), and unused approvals for `shop-cart/-/Production/deploy` are void
    gone
      resource type approved-git: is gone
    ");
    assert_snapshot!(after(&(manifest("shop-cart") + "overrides: {Production: {gate: manual}}\n")), @"
    GATES GET WEAKER
      job deploy-shop-cart-production: no longer waits for an approval (the issue `shop-cart/-/QA/deployed` in example/deployments): somebody starts it by hand
    GATES PROMOTE TO ANOTHER STAGE
      gate shop-cart/-/QA/deployed in example/deployments: promoted to `shop-cart/-/Production/deploy`, and is gone: open issues for `shop-cart/-/Production/deploy` lead nowhere (close them as not planned), and unused approvals for `shop-cart/-/Production/deploy` are void
    gone
      resource type approved-git: is gone
    ");
}

#[test]
fn gate_by_a_preview() {
    assert_snapshot!(after(&(manifest("shop-cart") + "overrides: {Production: {gate: preview}}\n")), @r#"
    GATES PROMOTE TO ANOTHER STAGE
      gate shop-cart/-/QA/deployed in example/deployments: promoted to `shop-cart/-/Production/deploy`, and promotes to no stage now: open issues for `shop-cart/-/Production/deploy` lead nowhere (the next record closes them and opens a new one), and unused approvals for `shop-cart/-/Production/deploy` are void
    gates get stronger
      job deploy-shop-cart-production: comes after `preview-shop-cart-production`, which is new (1 preview more); it waits for the issue `shop-cart/-/Production/ready` in example/deployments, no longer for `shop-cart/-/QA/deployed` in example/deployments
    new
      job preview-shop-cart-production: is new: it runs by itself after `deploy-shop-cart-qa`, with the same versions; it puts to `pulumi-shop-cart`
    changed
      job deploy-shop-cart-production: `serial_groups` is now `["shop-cart-production"]`
      job deploy-shop-cart-production: `serial` is gone, it was `true`
      job deploy-shop-cart-production: of the put github-issues-shop-cart-production-post in `on_success`, `params.labels` gain `deployed`
    "#);
}

#[test]
fn policy() {
    let strict = "approval: {closers: {teams: [example/sre]}, soak: 24h, expires: 48h, reject_labels: [hold]}\n";
    let loose = "approval: {closers: {teams: [example/sre], users: [ann]}, soak: 1h, expires: 9d, approve: latest}\n";
    assert_snapshot!(after(&(manifest("shop-cart") + strict)), @r#"
    GATES GET WEAKER
      resource github-issues-shop-cart-qa-trigger: `source.closers` is now `{"teams":["example/sre"]}`; who could not approve before, and can now: team `example/sre`
    version histories start anew
      resource github-issues-shop-cart-qa-trigger: this source changes: its version history starts anew
    gates get stronger
      resource github-issues-shop-cart-qa-trigger: `source.expires` is now `2d`
      resource github-issues-shop-cart-qa-trigger: `source.soak` is now `1d`
      resource github-issues-shop-cart-qa-trigger: `source.reject_labels` is now `["hold"]`
    "#);
    let work = shop();
    work.write("projects/cart.yml", &(manifest("shop-cart") + strict));
    work.run(&["render", "--quiet"]).fine();
    std::fs::rename(work.path().join("rendered/cart.yml"), work.path().join("strict.yml")).unwrap();
    work.write("projects/cart.yml", &(manifest("shop-cart") + loose));
    work.run(&["render", "--quiet"]);
    assert_snapshot!(work.run(&["diff", "strict.yml", "rendered/cart.yml"]).ended(1).stdout, @r#"
    GATES GET WEAKER
      job deploy-shop-cart-production: no longer takes the approved commit: it deploys what is newest
      job deploy-shop-cart-qa: of the put github-issues-shop-cart-qa-post in `on_success`, `params.approve` is now `latest`
      resource github-issues-shop-cart-qa-trigger: `source.closers` changes from `{"teams":["example/sre"]}` to `{"users":["ann"],"teams":["example/sre"]}`; who could not approve before, and can now: account `ann`
      resource github-issues-shop-cart-qa-trigger: `source.expires` changes from `2d` to `9d`
      resource github-issues-shop-cart-qa-trigger: `source.soak` changes from `1d` to `1h`
      resource github-issues-shop-cart-qa-trigger: `source.reject_labels` is gone, it was `["hold"]`
    version histories start anew
      resource github-issues-shop-cart-qa-trigger: this source changes: its version history starts anew
    gone
      resource type approved-git: is gone
    changed
      job deploy-shop-cart-production: of the get github-issues-shop-cart-qa-trigger, `artifact` changes from `shop-cart` to `gate`
      job deploy-shop-cart-production: of the put github-issues-shop-cart-qa-post, `inputs` gain `gate` and lose `shop-cart`
      job deploy-shop-cart-production: of the put github-issues-shop-cart-qa-post, `params.approval` changes from `shop-cart/.git/approval/approval.json` to `gate/approval.json`
      resource github-issues-shop-cart-qa-trigger: `type` changes from `approved-git` to `github-issues`
      resource github-issues-shop-cart-qa-trigger: `icon` changes from `git` to `github`
      resource github-issues-shop-cart-qa-trigger: `source.git` is gone, it was `{"uri":"https://github.com/example/shop","branch":"main"}`
    "#);
}

#[test]
fn sources_intervals_and_renames() {
    let text = "source: {branch: release, check_every: 5m}\nenv: {SIZE: large}\ntimeout: 2h\n";
    assert_snapshot!(after(&(manifest("shop-cart") + text)), @"
    version histories start anew
      resource github-issues-shop-cart-qa-trigger: this source changes: its version history starts anew
      resource shop-cart: this source changes: its version history starts anew
    changed
      job deploy-shop-cart-production: of the put pulumi-shop-cart, `params.env_os.SIZE` is now `large`
      job deploy-shop-cart-production: of the put pulumi-shop-cart, `timeout` is now `2h`
      job deploy-shop-cart-qa: of the put pulumi-shop-cart, `params.env_os.SIZE` is now `large`
      job deploy-shop-cart-qa: of the put pulumi-shop-cart, `timeout` is now `2h`
      resource github-issues-shop-cart-qa-trigger: `source.git.branch` changes from `main` to `release`
      resource shop-cart: `source.branch` changes from `main` to `release`
      resource shop-cart: `check_every` changes from `1m` to `5m`
    ");
    let renamed = "names: {deploy: 'ship-{{ slug }}'}\nold_names: {ship-qa: deploy-shop-cart-qa}\n";
    assert_snapshot!(after(&(manifest("shop-cart") + renamed)), @"
    renamed
      job ship-production: is `deploy-shop-cart-production` by another name: without `old_name: deploy-shop-cart-production` its builds are lost
      job ship-qa: was `deploy-shop-cart-qa`, and keeps its builds
    ");
}

/// A pipeline of somebody else's.
const TESTS: &str = "\
resources:
- {name: code, type: git, source: {uri: https://example.com/code, password: hunter2}}
- {name: image, type: registry-image, source: {repository: example/app}}
jobs:
- name: test
  plan:
  - in_parallel:
    - {get: code, trigger: true}
    - {get: image}
  - task: unit
    config:
      platform: linux
      image_resource: {type: registry-image, source: {repository: golang, tag: '1.25'}}
      inputs: [{name: code}]
      params: {RETRIES: 3}
      run:
        path: sh
        args:
        - -c
        - |
          cd code
          go vet ./...
          go test ./...
- name: publish
  plan:
  - {get: code, passed: [test], trigger: true}
  - {put: image, inputs: [code], params: {image: code/image.tar}}
";

fn diff(new: &str, code: i32) -> String {
    let work = Work::new().file("old.yml", TESTS).file("new.yml", new);
    let ran = work.run(&["diff", "old.yml", "new.yml"]).ended(code);
    assert_eq!(ran.stderr, "");
    ran.stdout
}

#[test]
fn scripts_images_and_passed() {
    let new = TESTS
        .replace("go vet ./...", "go vet -v ./...")
        .replace("'1.25'", "'1.26'")
        .replace("passed: [test], trigger: true", "trigger: true")
        .replace("hunter2", "hunter3");
    let words = diff(&new, 1);
    assert!(!words.contains("hunter"), "{words}");
    assert_snapshot!(words, @"
    GATES GET WEAKER
      job publish: takes versions of `code` that did not pass `test`
    version histories start anew
      resource code: this source changes: its version history starts anew
    changed
      job test: of the task unit, `image_resource.source.tag` changes from `1.25` to `1.26`
      job test: of the task unit, the text of the script changes
          @@ -1,3 +1,3 @@
           cd code
          -go vet ./...
          +go vet -v ./...
           go test ./...
      resource code: `source.password` changes
    ");
}

#[test]
fn configuration_of_a_task_that_becomes_a_file() {
    let (before, rest) = TESTS.split_once("    config:\n").unwrap();
    let (_, after) = rest.split_once("- name: publish").unwrap();
    let words = diff(&format!("{before}    file: code/unit.yml\n- name: publish{after}"), 1);
    assert!(words.contains("`config` is gone"), "{words}");
}

#[test]
fn order_counts_where_concourse_goes_by_it() {
    let turned = TESTS.replace(
        "    - {get: code, trigger: true}\n    - {get: image}\n",
        "    - {get: image}\n    - {get: code, trigger: true}\n",
    );
    let turned = turned.replace("params: {RETRIES: 3}", "params: {RETRIES: '3'}");
    assert_snapshot!(diff(&turned, 0), @"
    only in another order, which changes nothing
      job test: steps are in another order, which changes nothing

    nothing changes
    ");
    let new = TESTS.replace(
        "  - {get: code, passed: [test], trigger: true}\n  - {put: image, inputs: [code], params: {image: code/image.tar}}\n",
        "  - {put: image, inputs: [code], params: {image: code/image.tar}}\n  - {get: code, passed: [test], trigger: true}\n",
    );
    assert_snapshot!(diff(&new, 1), @"
    changed
      job publish: the get code comes after the put image
    ");
}

#[test]
fn resource_of_a_get_with_the_same_name_changes_nothing() {
    let new = TESTS.replace("{get: image}", "{get: image, resource: image}");
    assert_eq!(diff(&new, 0), "nothing changes\n");
}

#[test]
fn what_else_a_pipeline_says() {
    let more =
        "groups: [{name: all, jobs: [test, publish]}]\ndisplay: {background_image: 'https://example.com/a.png'}\n";
    assert_snapshot!(diff(&(TESTS.to_owned() + more), 1), @r#"
    changed
      `groups` is now `[{"name":"all","jobs":["test","publish"]}]`
      `display` is now `{"background_image":"https://example.com/a.png"}`
    "#);
    let limits = TESTS.replace("- name: publish\n", "- name: publish\n  build_logs_to_retain: 5\n  tags: [fast]\n");
    assert_snapshot!(diff(&limits, 1), @r#"
    changed
      job publish: `build_logs_to_retain` is now `5`
      job publish: `tags` is now `["fast"]`
    "#);
}

#[test]
fn jobs_and_steps_that_come_and_go() {
    let new = TESTS
        .replace("- name: publish\n", "- name: release\n  serial: true\n")
        .replace(
            "  - in_parallel:\n",
            "  - load_var: v\n    file: code/v\n  - in_parallel:\n      limit: 1\n      steps:\n",
        )
        .replace("    - {get", "      - {get");
    assert_snapshot!(diff(&new, 1), @"
    renamed
      job release: is `publish` by another name: without `old_name: publish` its builds are lost
    changed
      job release: `serial` is now `true`
      job test: of the in_parallel, `in_parallel.limit` is now `1`
      job test: has the load_var v
    ");
    let lost = TESTS
        .replace("- name: publish\n", "- name: release\n")
        .replace("name: code,", "name: kode,")
        .replace("get: code", "get: kode");
    assert_snapshot!(diff(&lost, 1), @"
    version histories start anew
      resource kode: is `code` by another name: without `old_name: code` its version history starts anew
    renamed
      job release: is `publish` by another name: without `old_name: publish` its builds are lost
    ");
}

#[test]
fn steps_in_other_groups() {
    let serial =
        "jobs: [{name: a, plan: [{load_var: u, file: a/u}, {load_var: v, file: a/v}, {load_var: w, file: a/w}]}]\n";
    let diff = |old: &str, new: &str| {
        let work = Work::new().file("old.yml", old).file("new.yml", new);
        let ran = work.run(&["diff", "old.yml", "new.yml"]);
        assert_eq!(ran.stderr, "");
        ran.stdout
    };
    let parallel = serial.replace("[{load_var: u", "[{in_parallel: [{load_var: u").replace("a/v}", "a/v}]}");
    assert_snapshot!(diff(serial, &parallel), @"
    changed
      job a: the load_var u, the load_var v: run at the same time now, before one after the other
    ");
    assert_snapshot!(diff(&parallel, serial), @"
    changed
      job a: the load_var u, the load_var v: run one after the other now, before at the same time
    ");
    let once = serial.replace("{load_var: u, file: a/u}", "{do: [{load_var: u, file: a/u}]}");
    assert_snapshot!(diff(serial, &once), @"
    only in another order, which changes nothing
      job a: the load_var u: grouped otherwise

    nothing changes
    ");
    let tried = serial.replace("{load_var: u, file: a/u}", "{try: {load_var: u, file: a/u}}");
    assert_snapshot!(diff(serial, &tried), @"
    changed
      job a: the load_var u: may fail now, and the build goes on (`try`)
    ");
    assert_snapshot!(diff(&tried, serial), @"
    changed
      job a: the load_var u: ends the build now when it fails (no longer in `try`)
    ");
    let turned = serial.replace(
        "{load_var: u, file: a/u}, {load_var: v, file: a/v}",
        "{do: [{load_var: v, file: a/v}]}, {load_var: u, file: a/u}",
    );
    assert_snapshot!(diff(serial, &turned), @"
    changed
      job a: the load_var u comes after the load_var v
    only in another order, which changes nothing
      job a: the load_var v: grouped otherwise
    ");
    let hook = serial.replace(", {load_var: w, file: a/w}]}", "], ensure: {load_var: w, file: a/w}}");
    assert_snapshot!(diff(serial, &hook), @"
    changed
      job a: the load_var w: moved from the plan to `ensure`
    ");
}

#[test]
fn whatever_changes_is_reported() {
    let work = shop();
    work.write(
        "projects/cart.yml",
        &(manifest("shop-cart") + "approval: {soak: 24h, closers: {teams: [example/sre]}}\n"),
    );
    work.run(&["render", "--quiet"]).fine();
    for text in [work.read("rendered/cart.yml"), TESTS.to_owned()] {
        let reported: Value = serde_saphyr::from_str(&text).unwrap();
        let pipeline: Pipeline = serde_json::from_value(reported.clone()).unwrap();
        assert_eq!(compare(&pipeline, &pipeline), Changes::default());
        let mut changed = 0;
        for other in mutations(&reported) {
            let Ok(other) = serde_json::from_value::<Pipeline>(other.clone()) else { continue };
            assert_ne!(pipeline, other);
            assert!(!compare(&pipeline, &other).changes.is_empty(), "{other:?}");
            assert!(!compare(&other, &pipeline).changes.is_empty(), "{other:?}");
            changed += 1;
        }
        assert!(changed > 40, "{changed}");
    }
}

/// The value with each of its parts changed or left out, one at a time.
fn mutations(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Bool(value) => vec![(!value).into()],
        Value::Number(number) => vec![(number.as_i64().unwrap() + 1).into()],
        Value::String(text) => vec![format!("{text}x").into()],
        Value::Array(items) => {
            let mut all = Vec::new();
            for (index, item) in items.iter().enumerate() {
                let with = |other: Option<Value>| {
                    let mut items = items.clone();
                    items.splice(index..=index, other);
                    Value::from(items)
                };
                all.push(with(None));
                all.extend(mutations(item).into_iter().map(|other| with(Some(other))));
            }
            all
        }
        Value::Object(map) => {
            let mut all = Vec::new();
            for (key, item) in map {
                let mut without = map.clone();
                without.remove(key);
                all.push(without.into());
                for other in mutations(item) {
                    let mut with = map.clone();
                    with.insert(key.clone(), other);
                    all.push(with.into());
                }
            }
            all
        }
    }
}

#[test]
fn json_is_for_programs() {
    let new = TESTS.replace("passed: [test], ", "");
    let work = Work::new().file("old.yml", TESTS).file("new.yml", &new);
    assert_snapshot!(work.run(&["diff", "old.yml", "new.yml", "--format", "json"]).ended(1).stdout, @r#"
    {
      "version": 1,
      "pipelines": [
        {
          "old": "old.yml",
          "new": "new.yml",
          "changes": [
            {
              "effect": "weaker",
              "kind": "job",
              "name": "publish",
              "message": "takes versions of `code` that did not pass `test`"
            }
          ]
        }
      ]
    }
    "#);
}

#[test]
fn what_cannot_be_compared_is_reported() {
    let work = Work::new().file("old.yml", TESTS).file("bad.yml", "jobs: 3\n");
    let reported = |arguments: &[&str], code| work.run(arguments).ended(code).stderr;
    assert_snapshot!(reported(&["diff", "old.yml", "bad.yml"], 3), @"
    error[wrong-type]: `jobs` of a pipeline takes a list, not the number `3`
     --> bad.yml:1:7
      |
    1 | jobs: 3
      |       ^

    error: 1 error in 1 file; what cannot be read is not compared
    ");
    assert_snapshot!(reported(&["diff", "old.yml"], 2), @"error: `old.yml` is compared with nothing: name two pipelines, or two revisions as OLD..NEW");
    assert_snapshot!(reported(&["diff", "-", "-"], 2), @"error: standard input is one pipeline: name the other one");
    assert!(reported(&["diff", "old.yml", "none.yml"], 3).starts_with("error: cannot read none.yml"));
    assert_eq!(
        reported(&["diff", "HEAD~1..HEAD"], 2),
        "error: there is no git repository here, so no revision `HEAD`\n"
    );
    let revisions = fleet(&["cart"], |_| ()).run(&["diff", "HEAD~1", "HEAD"]).ended(2).stderr;
    assert_eq!(revisions, "error: `HEAD~1` and `HEAD` are revisions: write `HEAD~1..HEAD`\n");
}

/// A repository of a fleet in which each name is a project, with a commit before and after the change.
fn fleet(names: &[&str], change: impl Fn(&Work)) -> Work {
    let work = Work::new().file("pipegen.yml", SHOP_FLEET);
    for name in names {
        work.write(&format!("projects/{name}.yml"), &manifest(name));
    }
    work.git(&["init", "--quiet", "--initial-branch=main"]);
    for (message, change) in [("one", None), ("two", Some(change))] {
        if let Some(change) = change {
            change(&work);
        }
        work.run(&["render", "--quiet"]).fine();
        work.git(&["add", "."]);
        work.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
    }
    work
}

#[test]
fn path_without_pipelines_is_an_error() {
    let work = fleet(&["cart"], |work| work.write("projects/cart.yml", "project: cart\nstack: {pulumi: {path: a}}\n"));
    let diff = |path: &str| work.run(&["diff", "HEAD~1..HEAD", path]).ended(2).stderr;
    assert_snapshot!(diff("projects"), @"error: `projects` has no pipelines at `HEAD~1` or `HEAD`: name a rendered pipeline, or a folder of them");
    assert_snapshot!(diff("pipegen.yml"), @"error: `pipegen.yml` has no pipelines at `HEAD~1` or `HEAD`: name a rendered pipeline, or a folder of them");
    assert_snapshot!(diff("rendred"), @"error: there is no `rendred` at `HEAD~1` or `HEAD`: name a rendered pipeline, or a folder of them");
    assert_snapshot!(diff("rendered/none.yml"), @"error: there is no `rendered/none.yml` at `HEAD~1` or `HEAD`: name a rendered pipeline, or a folder of them");
    // A folder in which nothing changes is no mistake.
    assert_eq!(work.run(&["diff", "HEAD..HEAD", "rendered"]).fine(), "nothing changes\n");
    assert_eq!(work.run(&["diff", "HEAD..HEAD"]).fine(), "nothing changes\n");
}

#[test]
fn fleet_has_a_summary() {
    let work = fleet(&["cart", "mail", "shop", "stock", "users"], |work| {
        let fleet = SHOP_FLEET.replace("source: {", "source: {check_every: 5m, ");
        work.write("pipegen.yml", &fleet);
        work.write("projects/users.yml", &(manifest("users") + "overrides: {Production: {gate: none}}\n"));
        work.write("projects/stock.yml", &(manifest("stock") + "timeout: 2h\n"));
    });
    assert_snapshot!(work.run(&["diff", "HEAD~1..HEAD"]).ended(1).stdout, @"
    5 pipelines differ; in 1 of them gates get weaker, or promote to another stage

    rendered/users.yml:
    GATES GET WEAKER
      job deploy-users-production: no longer waits for an approval (the issue `users/-/QA/deployed` in example/deployments): it runs by itself after `deploy-users-qa`, with the same versions
    GATES PROMOTE TO ANOTHER STAGE
      gate users/-/QA/deployed in example/deployments: promoted to `users/-/Production/deploy`, and is gone: open issues for `users/-/Production/deploy` lead nowhere (close them as not planned), and unused approvals for `users/-/Production/deploy` are void
    gone
      resource type approved-git: is gone

    in 5 pipelines (rendered/cart.yml, rendered/mail.yml, rendered/shop.yml, rendered/stock.yml, rendered/users.yml):
    changed
      resources shop-cart, shop-mail, shop-shop, shop-stock, shop-users: `check_every` changes from `1m` to `5m`

    rendered/stock.yml:
    changed
      job deploy-stock-production: of the put pulumi-stock, `timeout` is now `2h`
      job deploy-stock-qa: of the put pulumi-stock, `timeout` is now `2h`
    ");
    assert_snapshot!(work.run(&["diff", "HEAD~1..HEAD", "--format", "markdown"]).ended(1).stdout, @r"
    **5 pipelines differ; in 1 of them gates get weaker, or promote to another stage**

    ### `rendered/users.yml`

    **GATES GET WEAKER**

    - job `deploy-users-production`: no longer waits for an approval \(the issue `users/-/QA/deployed` in example/deployments\): it runs by itself after `deploy-users-qa`, with the same versions

    **GATES PROMOTE TO ANOTHER STAGE**

    - gate `users/-/QA/deployed in example/deployments`: promoted to `users/-/Production/deploy`, and is gone: open issues for `users/-/Production/deploy` lead nowhere \(close them as not planned\), and unused approvals for `users/-/Production/deploy` are void

    **gone**

    - resource type `approved-git`: is gone

    ### in 5 pipelines (`rendered/cart.yml`, `rendered/mail.yml`, `rendered/shop.yml`, `rendered/stock.yml`, `rendered/users.yml`)

    **changed**

    - resources `shop-cart`, `shop-mail`, `shop-shop`, `shop-stock`, `shop-users`: `check_every` changes from `1m` to `5m`

    ### `rendered/stock.yml`

    **changed**

    - job `deploy-stock-production`: of the put pulumi-stock, `timeout` is now `2h`
    - job `deploy-stock-qa`: of the put pulumi-stock, `timeout` is now `2h`
    ");
    assert_eq!(work.run(&["diff", "HEAD..HEAD", "--format", "markdown"]).fine(), "Nothing changes.\n");
}

#[test]
fn fails_on_weaker_gates_alone_when_asked() {
    let harmless = fleet(&["cart"], |work| work.write("projects/cart.yml", &(manifest("cart") + "timeout: 2h\n")));
    let diff = ["diff", "HEAD~1..HEAD", "--fail-on", "weaker"];
    assert_eq!(harmless.run(&diff).fine(), harmless.run(&diff[..2]).ended(1).stdout);
    let ungated = manifest("cart") + "overrides: {Production: {gate: none}}\n";
    fleet(&["cart"], |work| work.write("projects/cart.yml", &ungated)).run(&diff).ended(1);
    // Another file is no way around.
    let moved = fleet(&["cart"], |work| {
        std::fs::remove_file(work.path().join("projects/cart.yml")).unwrap();
        std::fs::remove_file(work.path().join("rendered/cart.yml")).unwrap();
        work.write("projects/trolley.yml", &ungated);
    });
    assert_snapshot!(moved.run(&diff).ended(1).stdout, @"
    rendered/trolley.yml:
    in another file: a pipeline with another name starts without builds and versions
    GATES GET WEAKER
      job deploy-cart-production: no longer waits for an approval (the issue `cart/-/QA/deployed` in example/deployments): it runs by itself after `deploy-cart-qa`, with the same versions
    GATES PROMOTE TO ANOTHER STAGE
      gate cart/-/QA/deployed in example/deployments: promoted to `cart/-/Production/deploy`, and is gone: open issues for `cart/-/Production/deploy` lead nowhere (close them as not planned), and unused approvals for `cart/-/Production/deploy` are void
    version histories start anew
      resource shop-trolley: is `shop-cart` by another name: without `old_name: shop-cart` its version history starts anew
    gone
      resource type approved-git: is gone
    changed
      job deploy-cart-production: of the put github-issues-cart-production-post in `on_success`, `params.pins.code` changes from `shop-cart/.git/ref` to `shop-trolley/.git/ref`
      job deploy-cart-production: of the put github-issues-cart-production-post in `on_success`, `params.clone` changes from `shop-cart` to `shop-trolley`
      resource pulumi-cart: `source.source_dir` changes from `shop-cart/infra/cart` to `shop-trolley/infra/cart`
    ");
}

#[test]
fn markdown_is_text_and_code_alone() {
    let hostile = TESTS
        .replace("go vet ./...", "go vet ``` </details> @all")
        .replace("RETRIES: 3", "RETRIES: '`</b>@all`[a](b)'");
    let work = Work::new().file("old.yml", TESTS).file("new.yml", &hostile);
    assert_snapshot!(work.run(&["diff", "old.yml", "new.yml", "--format", "markdown"]).ended(1).stdout, @r"
    ### `new.yml`

    **changed**

    - job `test`: of the task unit, the text of the script changes

      ````diff
      @@ -1,3 +1,3 @@
       cd code
      -go vet ./...
      +go vet ``` </details> @all
       go test ./...
      ````
    - job `test`: of the task unit, the variable `RETRIES` changes from `3` to \</b\>&#64;all`[a](b)`
    ");
}

#[test]
fn revisions_of_git() {
    let work = shop();
    work.git(&["init", "--quiet", "--initial-branch=main"]);
    work.git(&["add", "."]);
    work.git(&["commit", "--quiet", "--message=one"]);
    work.write("projects/cart.yml", &(manifest("shop-cart") + "source: {check_every: 5m}\n"));
    work.write("projects/mail.yml", &manifest("shop-mail"));
    work.run(&["render", "--quiet"]).fine();
    work.git(&["add", "."]);
    work.git(&["commit", "--quiet", "--message=two"]);
    assert_snapshot!(work.run(&["diff", "HEAD~1..HEAD"]).ended(1).stdout, @"
    2 pipelines differ; no gate gets weaker or promotes to another stage

    rendered/cart.yml:
    changed
      resource shop-cart: `check_every` changes from `1m` to `5m`

    rendered/mail.yml:
    a new pipeline
    ");
    assert_snapshot!(work.run(&["diff", "HEAD~1...", "rendered/cart.yml"]).ended(1).stdout, @"
    rendered/cart.yml:
    changed
      resource shop-cart: `check_every` changes from `1m` to `5m`
    ");
    assert_eq!(work.run(&["diff", "HEAD~1:rendered/cart.yml", "old.yml"]).fine(), "nothing changes\n");
    assert_eq!(work.run(&["diff", "HEAD..HEAD"]).fine(), "nothing changes\n");
    for hostile in ["--output=x..HEAD", "--all..", "HEAD; touch x..HEAD", "$(touch x)..HEAD"] {
        let ran = work.run(&["diff", "--", hostile]).ended(2);
        assert!(ran.stderr.starts_with("error: git knows no revision"), "{}", ran.stderr);
    }
    assert!(!work.exists("x"));
    let reported = |arguments: &[&str]| work.run(arguments).ended(2).stderr;
    assert_snapshot!(reported(&["diff", "HEAD:none.yml", "old.yml"]), @"error: the revision `HEAD` has no file none.yml");
}
