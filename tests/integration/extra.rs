//! What a manifest adds in Concourse's own words, and what of it would go past a gate.

use insta::assert_snapshot;

use crate::support::Work;
use crate::words::{FLEET, named, rendered, report, section};

const EXTRA: &str = r#"project: shop
groups: [eu, us]
stack: {pulumi: {path: a}}
tab: "{{ group }}"
extra:
  resource_types:
  - {name: slack, type: registry-image, source: {repository: example/slack, tag: "1"}}
  resources:
  - {name: nightly, type: time, source: {interval: 24h}}
  - {name: chat, type: slack, source: {url: ((chat.url))}}
  jobs:
  - name: test-{{ group }}
    plan:
    - {get: nightly, trigger: true}
    - {get: "{{ code }}", passed: ["deploy-{{ project }}-{{ group }}.ci"]}
    - {when: "{{ group == 'eu' }}", put: chat, params: {text: hello}}
  var_sources:
  - {name: vault, type: vault, config: {url: https://vault.example.com}}
  display: {background_image: "https://example.com/{{ project }}.png"}
"#;

#[test]
fn extra_is_filled_stage_by_stage_and_merged_by_name() {
    let yaml = rendered(EXTRA);
    assert_eq!(yaml.matches("- name: nightly\n").count(), 1, "{yaml}");
    assert_snapshot!(named(&yaml, "test-eu"), @"
    - name: test-eu
      plan:
      - get: nightly
        trigger: true
      - get: shop-shop
        passed:
        - deploy-shop-eu.ci
      - put: chat
        params:
          text: hello
    ");
    assert_snapshot!(named(&yaml, "test-us"), @"
    - name: test-us
      plan:
      - get: nightly
        trigger: true
      - get: shop-shop
        passed:
        - deploy-shop-us.ci
    ");
    assert_snapshot!(section(&yaml, "groups"), @"
    groups:
    - name: eu
      jobs:
      - deploy-shop-eu.ci
      - deploy-shop-eu.qa
      - test-eu
    - name: us
      jobs:
      - deploy-shop-us.ci
      - deploy-shop-us.qa
      - test-us
    ");
    let rest = yaml.split("\nvar_sources:\n").nth(1).unwrap();
    assert_snapshot!(rest, @"
    - name: vault
      type: vault
      config:
        url: https://vault.example.com
    display:
      background_image: https://example.com/shop.png
    ");
}

#[test]
fn extra_of_the_fleet_is_for_whoever_has_a_use_for_it() {
    let fleet = format!("{FLEET}  extra: {{resources: [{{name: nightly, type: time, source: {{interval: 24h}}}}]}}\n");
    let manifest = "project: shop\nstack: {pulumi: {path: a}}\n";
    let with = format!("{manifest}after: [{{get: nightly}}]\n");
    let work = Work::new()
        .file("pipegen.yml", &fleet)
        .file("projects/shop.yml", manifest)
        .file("projects/other.yml", &with.replace("project: shop", "project: other").replace("path: a", "path: b"));
    work.run(&["render", "--quiet"]).fine();
    assert!(!work.read("rendered/shop.yml").contains("nightly"));
    assert!(work.read("rendered/other.yml").contains("- name: nightly\n"));
}

#[test]
fn extra_is_no_way_past_a_gate() {
    let jobs = |plan: &str| {
        report(&format!(
            "project: shop\nstack: {{pulumi: {{path: a}}}}\nextra:\n  jobs:\n  - name: mine\n    plan:\n    - {plan}\n"
        ))
    };
    // An approval that is acted on and not used up.
    assert_snapshot!(jobs("{get: gate, resource: github-issues-shop-ci-trigger, trigger: true}"), @"
    error[step-past-gate]: the get of `github-issues-shop-ci-trigger` acts on an approval and does not claim it
     --> projects/shop.yml:5:5
      |
    5 |   - name: mine
      |     ^^^^^^^^^^
      |
      = note: in the job `mine` of `shop` CI
      = help: remove the get: only jobs of stages take approvals

    error: 1 error in 1 file; nothing was written
    ");
    // The newest version that passed, whatever was approved last.
    assert_snapshot!(jobs("{get: code, resource: shop-shop, passed: [deploy-shop-qa]}"), @"
    error[step-past-gate]: `shop-shop` is the newest version that passed `deploy-shop-qa`, whatever was approved last
     --> projects/shop.yml:5:5
      |
    5 |   - name: mine
      |     ^^^^^^^^^^
      |
      = note: in the job `mine` of `shop` CI
      = help: take `github-issues-shop-ci-trigger` with `passed: [deploy-shop-qa]`, which brings the code; or run the steps in `after`

    error: 1 error in 1 file; nothing was written
    ");
    // Within other steps, and in hooks.
    assert_snapshot!(jobs("{try: {do: [{put: pulumi-shop, params: {stack_name: QA}}]}}"), @"
    error[step-past-gate]: the put to `pulumi-shop` deploys past a gate
     --> projects/shop.yml:5:5
      |
    5 |   - name: mine
      |     ^^^^^^^^^^
      |
      = note: in the job `mine` of `shop` CI
      = help: make it a stage, which has a gate; for something else use a resource of its own

    error: 1 error in 1 file; nothing was written
    ");
    assert_snapshot!(
        jobs("{task: t, file: a/t.yml, on_failure: {put: issue, resource: github-issues-shop-ci-post}}"),
        @"
    error[step-past-gate]: the put to `github-issues-shop-ci-post` writes to the issue of a gate
     --> projects/shop.yml:5:5
      |
    5 |   - name: mine
      |     ^^^^^^^^^^
      |
      = note: in the job `mine` of `shop` CI
      = help: write to an issue of your own, with another title

    error: 1 error in 1 file; nothing was written
    "
    );
}

#[test]
fn steps_around_a_kinds_own_deploy_nothing_past_a_gate() {
    assert_snapshot!(
        report(
            "project: shop\nstack: {pulumi: {path: a}}\noverrides:\n  CI:\n    \
             after: [{try: {put: again, resource: pulumi-shop, params: {stack_name: QA}}}]\n"
        ),
        @"
    error[step-past-gate]: the put to `pulumi-shop` deploys past a gate
     --> projects/shop.yml:5:13
      |
    5 |     after: [{try: {put: again, resource: pulumi-shop, params: {stack_name: QA}}}]
      |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: in the deploy of `shop` CI
      = help: make it a stage, which has a gate; for something else use a resource of its own

    error: 1 error in 1 file; nothing was written
    "
    );
}

#[test]
fn key_that_a_variable_makes_may_be_any() {
    assert_snapshot!(
        report(
            "project: shop\nstack: {pulumi: {path: a}}\ninstance_vars: {k: gate, r: role}\nextra:\n  \
             resources: [{name: own, type: github-issues, source: {((k)): shop/-/CI/deployed, ((r)): post}}]\n  \
             jobs: [{name: mine, plan: [{put: own}]}]\n"
        ),
        @"
    error[gate-collision]: `own` has the source of a gate
     --> projects/shop.yml:5:15
      |
    5 |   resources: [{name: own, type: github-issues, source: {((k)): shop/-/CI/deployed, ((r)): post}}]
      |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: in the pipeline `shop`
      = help: make gates by the word `gate`; for an issue of your own remove `gate` from its source

    error: 1 error in 1 file; nothing was written
    "
    );
}

#[test]
fn extra_takes_the_name_of_nothing_that_is_there() {
    let manifest = |extra: &str| report(&format!("project: shop\nstack: {{pulumi: {{path: a}}}}\nextra:\n{extra}"));
    assert_snapshot!(manifest("  jobs: [{name: deploy-shop-qa, plan: [{get: shop-shop, trigger: true}]}]\n"), @"
    error[conflicting-definition]: two meanings of the job `deploy-shop-qa`
     --> projects/shop.yml:4:10
      |
    4 |   jobs: [{name: deploy-shop-qa, plan: [{get: shop-shop, trigger: true}]}]
      |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: the other is what the rest of the manifest makes
      = help: give it another name

    error: 1 error in 1 file; nothing was written
    ");
    assert_snapshot!(
        manifest(
            "  resources: [{name: github-issues-shop-ci-trigger, type: time, source: {interval: 1m}}]\n"
        ),
        @"
    error[conflicting-definition]: two meanings of the resource `github-issues-shop-ci-trigger`
     --> projects/shop.yml:4:15
      |
    4 |   resources: [{name: github-issues-shop-ci-trigger, type: time, source: {interval: 1m}}]
      |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: the other is what the rest of the manifest makes
      = help: give it another name

    error: 1 error in 1 file; nothing was written
    "
    );
    assert_snapshot!(
        manifest(
            "  jobs: [{name: mine, old_name: deploy-shop-qa, plan: [{get: tick, trigger: true}]}]\n  \
               resources: [{name: tick, old_name: shop-shop, type: time, source: {interval: 1m}}]\n"
        ),
        @"
    error[unknown-field]: `old_name` is set in `old_names`
     --> projects/shop.yml:4:10
      |
    4 |   jobs: [{name: mine, old_name: deploy-shop-qa, plan: [{get: tick, trigger: true}]}]
      |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: write `old_names: {NEW: deploy-shop-qa}` in the manifest
    error[unknown-field]: `old_name` is set in `old_names`
     --> projects/shop.yml:5:15
      |
    5 |   resources: [{name: tick, old_name: shop-shop, type: time, source: {interval: 1m}}]
      |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: write `old_names: {NEW: shop-shop}` in the manifest

    error: 2 errors in 1 file; nothing was written
    "
    );
}

#[test]
fn extra_is_not_in_the_place_of_what_is_used() {
    let manifest = |extra: &str| report(&format!("project: shop\nstack: {{pulumi: {{path: a}}}}\nextra:\n{extra}"));
    // Another image behind `git` or `registry-image` would bring whatever it likes.
    assert_snapshot!(
        manifest(
            "  resource_types:\n  - {name: git, type: registry-image, source: {repository: mine}}\n  \
               - {name: registry-image, type: registry-image, source: {repository: mine}}\n"
        ),
        @"
    error[conflicting-definition]: two meanings of the resource type `git`
     --> projects/shop.yml:5:5
      |
    5 |   - {name: git, type: registry-image, source: {repository: mine}}
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: the other is what the rest of the manifest makes
      = help: define the type in the fleet's `resource_types`, which is for inputs too
    error[conflicting-definition]: two meanings of the resource type `registry-image`
     --> projects/shop.yml:6:5
      |
    6 |   - {name: registry-image, type: registry-image, source: {repository: mine}}
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: the other is what the rest of the manifest makes
      = help: define the type in the fleet's `resource_types`, which is for inputs too

    error: 2 errors in 1 file; nothing was written
    "
    );
    assert_snapshot!(manifest("  var_sources: [{name: ., type: vault, config: {url: x}}]\n"), @"
    error[concourse-name]: the variable source's name `.` must start with a lowercase letter or a number
     --> projects/shop.yml:4:17
      |
    4 |   var_sources: [{name: ., type: vault, config: {url: x}}]
      |                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: Concourse takes lowercase letters, digits, `-`, `_` and `.`, a letter or a digit first

    error: 1 error in 1 file; nothing was written
    ");
    // The defaults of a type are part of the source.
    assert_snapshot!(
        manifest(
            "  resource_types: [{name: mine, type: registry-image, source: {repository: a, tag: '1'}, defaults: {gate: shop/-/CI/deployed, role: post}}]\n  \
               resources: [{name: own, type: mine, source: {repository: example/deployments}}]\n  \
               jobs: [{name: mine, plan: [{put: own}]}]\n"
        ),
        @"
    error[gate-collision]: `own` has the source of a gate
     --> projects/shop.yml:5:15
      |
    5 |   resources: [{name: own, type: mine, source: {repository: example/deployments}}]
      |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: in the pipeline `shop`
      = help: make gates by the word `gate`; for an issue of your own remove `gate` from its source

    error: 1 error in 1 file; nothing was written
    "
    );
}

#[test]
fn extra_that_does_nothing_or_cannot_be() {
    let manifest = |extra: &str| report(&format!("project: shop\nstack: {{pulumi: {{path: a}}}}\nextra:\n{extra}"));
    assert_snapshot!(
        manifest(
            "  resources: [{name: tick, type: time, source: {interval: 1m}}]\n  \
               resource_types: [{name: own, type: registry-image, source: {repository: a}}]\n"
        ),
        @"
    error[no-effect]: no step uses `tick`
     --> projects/shop.yml:4:15
      |
    4 |   resources: [{name: tick, type: time, source: {interval: 1m}}]
      |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: remove it
    error[no-effect]: no step uses `own`
     --> projects/shop.yml:5:20
      |
    5 |   resource_types: [{name: own, type: registry-image, source: {repository: a}}]
      |                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: remove it

    error: 2 errors in 1 file; nothing was written
    "
    );
    assert_snapshot!(manifest("  jobs: [{name: mine, plan: [{get: shop-shop, passed: [deploy-shop-c]}]}]\n"), @"
    error[unknown-name]: no rendered job is named `deploy-shop-c`
     --> projects/shop.yml:4:56
      |
    4 |   jobs: [{name: mine, plan: [{get: shop-shop, passed: [deploy-shop-c]}]}]
      |                                                        ^^^^^^^^^^^^^
      |
      = note: the job `mine` takes `shop-shop` with `passed: [deploy-shop-c]`
      = help: did you mean `deploy-shop-ci`?

    error: 1 error in 1 file; nothing was written
    ");
    assert_snapshot!(manifest("  jobs: [{name: mine, plna: []}]\n  var_sources: [{type: vault}]\n"), @"
    error[kind-result]: not what Concourse reads: unknown field `plna`
     --> projects/shop.yml:4:23
      |
    4 |   jobs: [{name: mine, plna: []}]
      |                       ^^^^
      |
      = note: filled in for `shop` CI
      = help: did you mean `plan`?
    error[kind-result]: not what Concourse reads: a variable source needs `name`
     --> projects/shop.yml:5:17
      |
    5 |   var_sources: [{type: vault}]
      |                 ^^^^^^^^^^^^^
      |
      = help: write its `name`, `type` and `config`

    error: 2 errors in 1 file; nothing was written
    ");
    assert_snapshot!(
        manifest("  jobs: [{name: mine, max_in_flight: \"{{ 1 if environment == 'CI' else 2 }}\", plan: [{get: shop-shop}]}]\n"),
        @r#"
    error[conflicting-definition]: two meanings of the job `mine`
     --> projects/shop.yml:4:38
      |
    4 |   jobs: [{name: mine, max_in_flight: "{{ 1 if environment == 'CI' else 2 }}", plan: [{get: shop-shop}]}]
      |                                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ is `2` for `QA`
      |
      = note: is `1` for `CI`
      = help: put what differs into its name, or make it equal

    error: 1 error in 1 file; nothing was written
    "#
    );
    assert_snapshot!(manifest("  var_sources: [{name: v, type: vault, config: {client_token: s3cret}}]\n"), @"
    error[plaintext-secret]: `client_token` is written in clear
     --> projects/shop.yml:4:63
      |
    4 |   var_sources: [{name: v, type: vault, config: {client_token: ******}}]
      |                                                               ^^^^^^
      |
      = note: in a variable source
      = help: give the name of a credential, such as ((github.token))

    error: 1 error in 1 file; nothing was written
    ");
}

#[test]
fn what_a_concourse_does_not_know_yet_is_not_rendered_for_it() {
    let manifest = "project: shop\nstack: {pulumi: {path: a}}\nextra: {jobs: [{name: mine, tags: [eu], disable_reruns: true, plan: [{get: shop-shop, trigger: true}]}]}\n";
    let on = |version: &str| {
        let fleet = FLEET.replace("main: {target: main}", &format!("main: {{target: main, version: \"{version}\"}}"));
        Work::new().file("pipegen.yml", &fleet).file("projects/shop.yml", manifest).run(&["render", "--quiet"])
    };
    on("8.3").fine();
    assert_snapshot!(on("8.2.5").ended(1).stderr, @"
    error[concourse-version]: `tags` of the job `mine` is of Concourse 8.3, and this one is 8.2
     --> projects/shop.yml:3:16
      |
    3 | extra: {jobs: [{name: mine, tags: [eu], disable_reruns: true, plan: [{get: shop-shop, trigger: true}]}]}
      |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: remove it, or set a newer `version` in `concourses`

    error: 1 error in 1 file; nothing was written
    ");
    assert_snapshot!(on("7.11.2").ended(1).stderr, @r#"
    error[concourse-version]: pipelines are made for Concourse 7.14 and later, not for 7.11.2
     --> pipegen.yml:2:44
      |
    2 | concourses: {main: {target: main, version: "7.11.2"}, edge: {target: edge}}
      |                                            ^^^^^^^^
      |
      = note: what they use was not seen to work there
      = help: update that Concourse to 7.14 or later, and set `version` to it

    error: 1 error in 1 file; nothing was written
    "#);
}

const WITH_TESTS: &str = "
project: shop
environments: [QA, Production]
gate: none
record: none
stack:
  script: {image: alpine, deploy: ./deploy}
source:
  repository: https://example.com/shop
  branch: ~
  params: {depth: 1}
  extra: {tag_filter: 'v*', username: '((git.name))', password: '((git.password))'}
overrides:
  QA: {source: {passed: [unit]}}
extra:
  jobs:
  - {name: unit, plan: [{get: '{{ code }}', trigger: true}, {task: unit, file: '{{ code }}/unit.yml'}]}
";

/// What a git resource has besides the words of `source`, and which commits of it a stage takes.
#[test]
fn code_says_what_the_words_of_source_do_not() {
    let work = Work::new().file("shop.yml", WITH_TESTS);
    let rendered = work.run(&["render", "--stdout", "shop.yml"]).ended(0).stdout;
    let pipeline: serde_json::Value = serde_saphyr::from_str(&rendered).unwrap();
    let source = &pipeline["resources"][0]["source"];
    let expected = serde_json::json!({
        "uri": "https://example.com/shop",
        "tag_filter": "v*",
        "username": "((git.name))",
        "password": "((git.password))",
    });
    assert_eq!(*source, expected);
    let job = |name: &str| {
        let jobs = pipeline["jobs"].as_array().unwrap();
        jobs.iter().find(|job| job["name"] == name).unwrap().clone()
    };
    let get = serde_json::json!({
        "get": "shop-shop", "trigger": true, "passed": ["unit"], "params": {"depth": 1},
    });
    assert_eq!(job("deploy-shop-qa")["plan"][0], get);
    assert_eq!(job("deploy-shop-production")["plan"][0]["passed"], serde_json::json!(["deploy-shop-qa"]));
    work.write("shop.yml", &WITH_TESTS.replace("branch: ~", "newest: true"));
    let rendered = work.run(&["render", "--stdout", "shop.yml"]).ended(0).stdout;
    assert!(!rendered.contains("- deploy-shop-qa\n"), "{rendered}");
}

#[test]
fn code_of_a_chain_with_approvals_is_what_was_approved() {
    let gated = WITH_TESTS.replace("gate: none\n", "issues: {repository: a/b, auth: {token: '((t))'}}\n");
    let refused = |text: &str, words: &[&str]| {
        let work = Work::new().file("shop.yml", text);
        let ran = work.run(&["render", "--stdout", "shop.yml"]).ended(1);
        for word in words {
            assert!(ran.stderr.contains(word), "{word}: {}", ran.stderr);
        }
    };
    refused(&gated, &["a gate with approvals needs the branch", "`params` has no effect behind a gate with approvals"]);
    refused(
        &gated.replace("branch: ~", "newest: true").replace("params: {depth: 1}", ""),
        &["a chain with approvals cannot take the newest commit everywhere"],
    );
    refused(
        &gated.replace("branch: ~", "").replace("params: {depth: 1}", "").replace("  QA: {", "  Production: {"),
        &["`passed` has no effect behind a gate with approvals"],
    );
    refused(&WITH_TESTS.replace("[unit]", "[unti]"), &["no rendered job is named `unti`", "did you mean `unit`?"]);
    for field in ["uri", "URI"] {
        let fields = format!("{field}: x");
        refused(&WITH_TESTS.replace("tag_filter: 'v*'", &fields), &["write `repository` in `source`"]);
    }
    // The record names the commit, and not the tag, which can be moved.
    let work = Work::new().file("shop.yml", &gated.replace("branch: ~", "").replace("params: {depth: 1}", ""));
    let rendered = work.run(&["render", "--stdout", "shop.yml"]).ended(0).stdout;
    assert!(rendered.contains("shop-shop/.git/HEAD") && !rendered.contains("shop-shop/.git/ref"), "{rendered}");
}
