//! `diff`: what changes from one pipeline to another, and what does not.

use std::process::Command;

use insta::assert_snapshot;
use ol_pipegen::concourse::Pipeline;
use ol_pipegen::diff::{Changes, compare};
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
      job deploy-shop-cart-production: no longer waits for the issue `shop-cart/-/QA/deployed` in example/deployments: new versions of `shop-cart` start it
    GATES PROMOTE TO ANOTHER STAGE
      gate shop-cart/-/QA/deployed in example/deployments: promoted to `shop-cart/-/Production/deploy`, and is gone: open issues for `shop-cart/-/Production/deploy` lead nowhere (close them as not planned), and unused approvals for `shop-cart/-/Production/deploy` are void
    gone
      resource github-issues-shop-cart-qa-post: is gone
      resource github-issues-shop-cart-qa-trigger: is gone
      resource type approved-git: is gone
    changed
      job deploy-shop-cart-production: the put github-issues-shop-cart-production-post moves from on_success, in_parallel to on_success
      job deploy-shop-cart-production: of the put github-issues-shop-cart-production-post in `on_success`, `params.ungated` is now `true`
      job deploy-shop-cart-production: no longer has the put github-issues-shop-cart-qa-post in `on_success`, `on_failure`, `on_error` and `on_abort`
      job deploy-shop-cart-qa: no longer has the put github-issues-shop-cart-qa-post in `on_success`
    ");
    assert_snapshot!(after(&(manifest("shop-cart") + "overrides: {Production: {gate: manual}}\n")), @"
    GATES GET WEAKER
      job deploy-shop-cart-production: no longer waits for the issue `shop-cart/-/QA/deployed` in example/deployments: somebody starts it by hand
    GATES PROMOTE TO ANOTHER STAGE
      gate shop-cart/-/QA/deployed in example/deployments: promoted to `shop-cart/-/Production/deploy`, and is gone: open issues for `shop-cart/-/Production/deploy` lead nowhere (close them as not planned), and unused approvals for `shop-cart/-/Production/deploy` are void
    gone
      resource github-issues-shop-cart-qa-post: is gone
      resource github-issues-shop-cart-qa-trigger: is gone
      resource type approved-git: is gone
    changed
      job deploy-shop-cart-production: the put github-issues-shop-cart-production-post moves from on_success, in_parallel to on_success
      job deploy-shop-cart-production: of the put github-issues-shop-cart-production-post in `on_success`, `params.ungated` is now `true`
      job deploy-shop-cart-production: no longer has the put github-issues-shop-cart-qa-post in `on_success`, `on_failure`, `on_error` and `on_abort`
      job deploy-shop-cart-qa: no longer has the put github-issues-shop-cart-qa-post in `on_success`
    ");
}

#[test]
fn gate_by_a_preview() {
    assert_snapshot!(after(&(manifest("shop-cart") + "overrides: {Production: {gate: preview}}\n")), @r#"
    GATES PROMOTE TO ANOTHER STAGE
      gate shop-cart/-/QA/deployed in example/deployments: promoted to `shop-cart/-/Production/deploy`, and promotes to no stage now: open issues for `shop-cart/-/Production/deploy` lead nowhere (the next record closes them and opens a new one), and unused approvals for `shop-cart/-/Production/deploy` are void
    new
      job preview-shop-cart-production: is new: new versions of `shop-cart` start it
      resource gh-shop-cart-production-gate-post: is new, of the type `github-issues`
      resource gh-shop-cart-production-gate-trigger: is new, of the type `approved-git`
    gone
      resource github-issues-shop-cart-qa-trigger: is gone
    changed
      job deploy-shop-cart-production: goes by the issue `shop-cart/-/Production/ready` in example/deployments, not `shop-cart/-/QA/deployed` in example/deployments
      job deploy-shop-cart-production: `serial_groups` is now `["shop-cart-production"]`
      job deploy-shop-cart-production: `serial` is gone, it was `true`
      job deploy-shop-cart-production: of the put github-issues-shop-cart-production-post in `on_success`, `params.labels` gain `deployed`
      job deploy-shop-cart-production: has the put gh-shop-cart-production-gate-post in `on_success`, `on_failure`, `on_error` and `on_abort`
      job deploy-shop-cart-production: no longer has the put github-issues-shop-cart-qa-post in `on_success`, `on_failure`, `on_error` and `on_abort`
      job deploy-shop-cart-qa: of the put github-issues-shop-cart-qa-post in `on_success`, `params.labels` gain `deployed` and lose `promotion-to-production`
    "#);
}

#[test]
fn policy() {
    let strict = "approval: {closers: {teams: [example/sre]}, soak: 24h, expires: 48h, reject_labels: [hold]}\n";
    let loose = "approval: {closers: {teams: [example/sre], users: [ann]}, soak: 1h, expires: 9d, approve: latest}\n";
    assert_snapshot!(after(&(manifest("shop-cart") + strict)), @r#"
    version histories start anew
      resource github-issues-shop-cart-qa-trigger: this source changes: its version history starts anew
    gates get stronger
      resource github-issues-shop-cart-qa-trigger: `source.closers` is now `{"teams":["example/sre"]}`
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
      resource github-issues-shop-cart-qa-trigger: `source.closers.users` is now `["ann"]`
      resource github-issues-shop-cart-qa-trigger: `source.expires` changes from `2d` to `9d`
      resource github-issues-shop-cart-qa-trigger: `source.soak` changes from `1d` to `1h`
      resource github-issues-shop-cart-qa-trigger: `source.reject_labels` is gone, it was `["hold"]`
    version histories start anew
      resource github-issues-shop-cart-qa-trigger: this source changes: its version history starts anew
    gone
      resource type approved-git: is gone
    changed
      job deploy-shop-cart-production: of the get github-issues-shop-cart-qa-trigger, `get` changes from `shop-cart` to `gate`
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
    new
      job ship-production: is `deploy-shop-cart-production` by another name: without `old_name: deploy-shop-cart-production` its builds are lost
    gone
      job deploy-shop-cart-production: is gone
    renamed
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
    new
      job release: is new: new versions of `code` start it
    gone
      job publish: is gone
    changed
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
    new
      job release: is new: new versions of `kode` start it
    gone
      job publish: is gone
      resource code: is gone
    changed
      job test: is started by new versions of `kode`, too
      job test: is no longer started by new versions of `code`
      job test: takes `kode`
      job test: no longer takes `code`
    ");
}

#[test]
fn whatever_changes_is_told() {
    let work = shop();
    work.write(
        "projects/cart.yml",
        &(manifest("shop-cart") + "approval: {soak: 24h, closers: {teams: [example/sre]}}\n"),
    );
    work.run(&["render", "--quiet"]).fine();
    for text in [work.read("rendered/cart.yml"), TESTS.to_owned()] {
        let said: Value = serde_saphyr::from_str(&text).unwrap();
        let pipeline: Pipeline = serde_json::from_value(said.clone()).unwrap();
        assert_eq!(compare(&pipeline, &pipeline), Changes::default());
        let mut changed = 0;
        for other in mutations(&said) {
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
fn what_cannot_be_compared_is_said() {
    let work = Work::new().file("old.yml", TESTS).file("bad.yml", "jobs: 3\n");
    let said = |arguments: &[&str], code| work.run(arguments).ended(code).stderr;
    assert_snapshot!(said(&["diff", "old.yml", "bad.yml"], 3), @"
    error[wrong-type]: `jobs` of a pipeline takes a list, not the number `3`
     --> bad.yml:1:7
      |
    1 | jobs: 3
      |       ^

    error: 1 error in 1 file; what cannot be read is not compared
    ");
    assert_snapshot!(said(&["diff", "old.yml"], 2), @"error: `old.yml` is compared with nothing: name two pipelines, or two revisions as OLD..NEW");
    assert_snapshot!(said(&["diff", "-", "-"], 2), @"error: standard input is one pipeline: name the other one");
    assert!(said(&["diff", "old.yml", "none.yml"], 3).starts_with("error: cannot read none.yml"));
}

#[test]
fn revisions_of_git() {
    let work = shop();
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .current_dir(work.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message=one"]);
    work.write("projects/cart.yml", &(manifest("shop-cart") + "source: {check_every: 5m}\n"));
    work.write("projects/mail.yml", &manifest("shop-mail"));
    work.run(&["render", "--quiet"]).fine();
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message=two"]);
    assert_snapshot!(work.run(&["diff", "HEAD~1..HEAD"]).ended(1).stdout, @"
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
    let said = |arguments: &[&str]| work.run(arguments).ended(2).stderr;
    assert_snapshot!(said(&["diff", "HEAD:none.yml", "old.yml"]), @"error: the revision `HEAD` has no file none.yml");
}
