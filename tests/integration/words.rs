//! The words that shape a pipeline besides its promotions: options of jobs, tabs, who is told,
//! rules, and the whole of `issues`. Bad cases are told with their whole report.

use insta::assert_snapshot;

use crate::support::Work;

pub(crate) const FLEET: &str = "\
version: 1
concourses: {main: {target: main}, edge: {target: edge}}
defaults:
  environments: [CI, QA]
  source: {repository: https://github.com/example/shop}
  issues: {repository: example/deployments, auth: {token: ((github.token))}}
";

pub(crate) fn work(manifest: &str) -> Work {
    Work::new().file("pipegen.yml", FLEET).file("projects/shop.yml", manifest)
}

/// The pipeline below its banner.
#[track_caller]
pub(crate) fn rendered(manifest: &str) -> String {
    let work = work(manifest);
    work.run(&["render", "--quiet"]).fine();
    work.read("rendered/shop.yml")
}

/// What a report says of a manifest.
#[track_caller]
pub(crate) fn report(manifest: &str) -> String {
    work(manifest).run(&["render"]).ended(1).stderr
}

/// The lines of a section of a pipeline, up to the next one.
pub(crate) fn section(yaml: &str, name: &str) -> String {
    let mut lines = yaml.lines().skip_while(|line| *line != format!("{name}:"));
    let head = lines.next().unwrap_or_default();
    let body = lines.take_while(|line| line.starts_with(['-', ' ']));
    [head].into_iter().chain(body).collect::<Vec<_>>().join("\n")
}

/// A job or resource, by its name.
pub(crate) fn named(yaml: &str, name: &str) -> String {
    let mut lines = yaml.lines().skip_while(|line| *line != format!("- name: {name}"));
    let head = lines.next().unwrap_or_else(|| panic!("no {name} in\n{yaml}"));
    let body = lines.take_while(|line| line.starts_with(' ') || line.starts_with("- ") && !line.starts_with("- name"));
    [head].into_iter().chain(body).collect::<Vec<_>>().join("\n")
}

const BUILT: &str = "\
inputs:
  shop-image:
    image: {repository: example/shop}
    env: {SHOP_DIGEST: digest}
    build: {from: {shop: {git: {repository: https://github.com/example/image}}}, with: {image: {}}}
";

/// Of a job only what stands before its steps.
fn options(job: &str) -> String {
    job.lines().take_while(|line| *line != "  plan:").collect::<Vec<_>>().join("\n")
}

#[test]
fn options_of_jobs_are_those_of_their_stage() {
    let yaml = rendered(&format!(
        "project: shop\ngate: preview\nstack: {{pulumi: {{path: a}}}}\n{BUILT}\
         job: {{public: true, build_log_retention: {{builds: 50}}, tags: [eu]}}\n\
         overrides:\n  QA: {{job: {{interruptible: true, serial_groups: [\"all-{{{{ environment | lower }}}}\"], tags: []}}}}\n"
    ));
    assert_snapshot!(options(&named(&yaml, "deploy-shop-ci")), @"
    - name: deploy-shop-ci
      serial_groups:
      - shop-ci
      build_log_retention:
        builds: 50
      public: true
    ");
    assert_snapshot!(options(&named(&yaml, "deploy-shop-qa")), @"
    - name: deploy-shop-qa
      serial_groups:
      - shop-qa
      - all-qa
      build_log_retention:
        builds: 50
      public: true
      interruptible: true
    ");
    // The build has what both have alike: no tags.
    assert_snapshot!(options(&named(&yaml, "build-shop-image")), @"
    - name: build-shop-image
      build_log_retention:
        builds: 50
      public: true
    ");
}

#[test]
fn tags_reach_every_step_that_a_worker_runs() {
    let yaml = rendered("project: shop\nstack: {pulumi: {path: a}}\njob: {tags: [eu]}\n");
    let is_step = |line: &&str| {
        let line = line.trim_start().trim_start_matches("- ");
        ["get: ", "put: ", "task: "].iter().any(|step| line.starts_with(step))
    };
    let steps = yaml.lines().filter(is_step).count();
    assert_eq!(yaml.matches("tags:\n").count(), steps, "{yaml}");
}

#[test]
fn tabs_hold_every_job() {
    let yaml = rendered(&format!(
        "groups: [eu, us]\nprojects:\n  shop:\n    stack: {{pulumi: {{path: a}}}}\n    tab: \"{{{{ group }}}}\"\n\
         {}  audit: {{groups: [all], stack: {{pulumi: {{path: b}}}}}}\n",
        BUILT.lines().map(|line| format!("    {line}\n")).collect::<String>(),
    ));
    assert_snapshot!(section(&yaml, "groups"), @"
    groups:
    - name: eu
      jobs:
      - build-shop-image
      - deploy-shop-eu.ci
      - deploy-shop-eu.qa
    - name: us
      jobs:
      - build-shop-image
      - deploy-shop-us.ci
      - deploy-shop-us.qa
    - name: other
      jobs:
      - deploy-audit-all.ci
      - deploy-audit-all.qa
    ");
    let without = rendered("project: shop\nstack: {pulumi: {path: a}}\ntab: \"{{ group }}\"\n");
    assert!(!without.contains("groups:"), "an empty tab is none: {without}");
}

#[test]
fn tab_that_concourse_would_refuse() {
    assert_snapshot!(report("project: shop\nstack: {pulumi: {path: a}}\ntab: \"{{ environment }}\"\n"), @r#"
    error[concourse-name]: the tab's name `CI` must start with a lowercase letter or a number
     --> projects/shop.yml:3:6
      |
    3 | tab: "{{ environment }}"
      |      ^^^^^^^^^^^^^^^^^^^
      |
      = note: Concourse takes lowercase letters, digits, `-`, `_` and `.`, a letter or a digit first

    error: 1 error in 1 file; nothing was written
    "#);
}

const SLACK: &str = r##"
names:
  stack: "{{ environment }}"
  deploy: deploy-{{ environment | lower }}
  preview: preview-{{ environment | lower }}
  deployed: deployed-{{ environment | lower }}
  ready: ready-{{ environment | lower }}
  deployed_title: "{{ environment }}"
  ready_title: "{{ environment }} ready"
notify: {slack: {url: ((slack.url)), channel: "#{{ project }}"}}
overrides: {QA: {notify: {slack: {events: [failed, succeeded]}}}}
"##;

/// What a job does at its end.
fn hooks(yaml: &str, job: &str) -> String {
    let job = named(yaml, job);
    job.lines().skip_while(|line| !line.starts_with("  on_")).collect::<Vec<_>>().join("\n")
}

#[test]
fn slack_gets_what_becomes_of_jobs() {
    let yaml = rendered(&format!("project: shop\nstack: {{pulumi: {{path: a}}}}\n{BUILT}{SLACK}"));
    assert_snapshot!(named(&yaml, "slack-alert-shop"), @r##"
    - name: slack-alert-shop
      type: slack-notification
      icon: slack
      source:
        url: ((slack.url))
        channel: "#shop"
      check_every: never
    "##);
    assert_snapshot!(named(&yaml, "slack-notification"), @"
    - name: slack-notification
      type: registry-image
      source:
        repository: arbourd/concourse-slack-alert-resource
        tag: v0.15.0
    ");
    assert_snapshot!(hooks(&yaml, "deploy-ci"), @"
    on_success:
      put: deployed-ci-post
      inputs: detect
      params:
        action: record
        title: CI
        pins:
          code: shop-shop/.git/ref
          shop-image: shop-image/digest
        ungated: true
        labels:
        - promotion-to-qa
        body_files:
        - pulumi-shop/deploy_summary.md
        clone: shop-shop
      no_get: true
    on_failure:
      try:
        put: slack-alert-shop
        inputs: []
        params:
          alert_type: failed
          message: Pulumi shop CI failed
        no_get: true
    on_error:
      try:
        put: slack-alert-shop
        inputs: []
        params:
          alert_type: errored
          message: Pulumi shop CI errored
        no_get: true
    on_abort:
      try:
        put: slack-alert-shop
        inputs: []
        params:
          alert_type: aborted
          message: Pulumi shop CI aborted
        no_get: true
    ");
    // A credential stands in the resource alone, where nobody is sent it.
    assert_eq!(yaml.matches("((slack.url))").count(), 1, "{yaml}");
}

#[test]
fn slack_gets_a_text_below_the_message() {
    let yaml = rendered(
        "project: shop\nstack: {pulumi: {path: a}}\n\
         notify: {slack: {url: ((slack.url)), events: [failed], text: \"Runbook of {{ project }}, never ((a.b))\"}}\n",
    );
    assert_snapshot!(hooks(&yaml, "deploy-shop-ci").lines().skip_while(|line| *line != "  on_failure:").collect::<Vec<_>>().join("\n"), @"
    on_failure:
      try:
        put: slack-alert-shop
        inputs: []
        params:
          alert_type: failed
          message: Pulumi shop CI failed
          text: Runbook of shop, never ( (a.b))
        no_get: true
    ");
}

#[test]
fn slack_gets_a_message_beside_the_issue() {
    let yaml = rendered(&format!("project: shop\nstack: {{pulumi: {{path: a}}}}\n{BUILT}{SLACK}"));
    assert_snapshot!(hooks(&yaml, "deploy-qa"), @"
    on_success:
      in_parallel:
        steps:
        - put: deployed-qa-post
          inputs: detect
          params:
            action: record
            title: QA
            pins:
              code: shop-shop/.git/ref
              shop-image: shop-shop/.git/approval/pins/shop-image
            labels:
            - finalized-deployment
            body_files:
            - pulumi-shop/deploy_summary.md
            clone: shop-shop
          no_get: true
        - put: deployed-ci-post
          inputs: []
          params:
            action: report
            status: succeeded
          no_get: true
        - try:
            put: slack-alert-shop
            inputs: []
            params:
              alert_type: success
              message: Pulumi shop QA succeeded
            no_get: true
    on_failure:
      in_parallel:
        steps:
        - put: deployed-ci-post
          inputs: []
          params:
            action: report
            status: failed
          no_get: true
        - try:
            put: slack-alert-shop
            inputs: []
            params:
              alert_type: failed
              message: Pulumi shop QA failed
            no_get: true
    on_error:
      put: deployed-ci-post
      inputs: []
      params:
        action: report
        status: errored
      no_get: true
    on_abort:
      put: deployed-ci-post
      inputs: []
      params:
        action: report
        status: aborted
      no_get: true
    ");
    assert_snapshot!(hooks(&yaml, "build-shop-image"), @"
    on_failure:
      try:
        put: slack-alert-shop
        inputs: []
        params:
          alert_type: failed
          message: build of shop-image failed
        no_get: true
    ");
}

#[test]
fn slack_is_sent_nothing_where_nothing_is_to_be_reported() {
    let yaml = rendered(
        "project: shop\nstack: {pulumi: {path: a}}\nnotify: {slack: {url: ((slack.url))}}\n\
         overrides: {QA: {notify: {slack: {events: []}}}}\n",
    );
    assert!(named(&yaml, "deploy-shop-ci").contains("slack-alert-shop"), "{yaml}");
    assert!(!named(&yaml, "deploy-shop-qa").contains("slack-alert-shop"), "{yaml}");
}

#[test]
fn steps_of_a_build_stand_around_its_kinds_own() {
    let yaml = rendered(&format!(
        "project: shop\nstack: {{pulumi: {{path: a}}}}\n{}",
        BUILT.replace(
            "with: {image: {}}",
            "with: {image: {}}, before: [{task: \"lint-{{ input }}\", file: \"{{ code }}/lint.yml\"}], after: [{task: scan, file: shop/scan.yml}]",
        )
    ));
    let build = named(&yaml, "build-shop-image");
    let steps: Vec<&str> = build.lines().filter(|line| line.starts_with("  - ")).map(str::trim).collect();
    assert_snapshot!(steps.join("\n"), @"
    - get: shop
    - task: lint-shop-image
    - task: build-container-image
    - put: shop-image
    - task: scan
    ");
}

#[test]
fn slack_without_its_webhook_or_with_one_in_clear() {
    let slack =
        |slack: &str| report(&format!("project: shop\nstack: {{pulumi: {{path: a}}}}\nnotify: {{slack: {slack}}}\n"));
    assert_snapshot!(slack("{channel: a}"), @"
    error[missing-field]: `slack` needs `url`
     --> projects/shop.yml:3:10
      |
    3 | notify: {slack: {channel: a}}
      |          ^^^^^
      |
      = help: give the name of a credential, such as ((slack.url))

    error: 1 error in 1 file; nothing was written
    ");
    assert_snapshot!(slack("{url: https://hooks.slack.com/services/T/B/x, events: [fialed]}"), @"
    error[plaintext-secret]: the url of `slack` is written in clear
     --> projects/shop.yml:3:23
      |
    3 | notify: {slack: {url: **************************************, events: [fialed]}}
      |                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: give the name of a credential, such as ((slack.url))
    error[wrong-type]: `events` cannot be `fialed`
     --> projects/shop.yml:3:72
      |
    3 | notify: {slack: {url: **************************************, events: [fialed]}}
      |                                                                        ^^^^^^
      |
      = help: did you mean `failed`?

    error: 2 errors in 1 file; nothing was written
    ");
}

#[test]
fn former_name_that_is_another_gates() {
    let work =
        work("project: shop\nstack: {pulumi: {path: a}}\nissues: {formerly: [\"api/{{ environment }}\", basket/CI]}\n")
            .file("projects/api.yml", "project: api\nstack: {pulumi: {path: b}}\n");
    assert_snapshot!(work.run(&["render"]).ended(1).stderr, @r#"
    error[gate-collision]: `api/-/CI` is a former name of the stage `shop/-/CI`, and the name of a stage today
     --> projects/shop.yml:3:21
      |
    3 | issues: {formerly: ["api/{{ environment }}", basket/CI]}
      |                     ^^^^^^^^^^^^^^^^^^^^^^^
      |
     ::: projects/api.yml:1:10
      |
    1 | project: api
      |          --- the stage `api/-/CI`
      |
      = note: an approval of the one stage would deploy the other stage
      = help: write names in `formerly` that no other stage has or had, such as OLD/{{ environment }}
    error[gate-collision]: the stages `shop/-/CI` and `shop/-/QA` have the same former name `basket/-/CI`
     --> projects/shop.yml:3:46
      |
    3 | issues: {formerly: ["api/{{ environment }}", basket/CI]}
      |                                              ^^^^^^^^^
      |
      = note: an approval of the one stage would deploy the other stage
      = help: write names in `formerly` that no other stage has or had, such as OLD/{{ environment }}

    error: 2 errors in 1 file; nothing was written
    "#);
}

#[test]
fn former_name_that_is_a_name_today() {
    // Swapped names, and the names of stages that write no issue and wait for none.
    for rest in ["", "record: none\n", "record: none\ngate: none\n"] {
        let manifest = format!(
            "project: shop\nstack: {{pulumi: {{path: a}}}}\nenvironments: [QA, Production]\n{rest}overrides:\n  \
             Production: {{issues: {{formerly: [shop/QA]}}}}\n  QA: {{issues: {{formerly: [shop/Production]}}}}\n"
        );
        let errors = report(&manifest);
        for message in [
            "`shop/-/QA` is a former name of the stage `shop/-/Production`, and the name of a stage today",
            "`shop/-/Production` is a former name of the stage `shop/-/QA`, and the name of a stage today",
        ] {
            assert!(errors.contains(message), "{rest}: {errors}");
        }
    }
    // Its own name does no harm.
    rendered("project: shop\nstack: {pulumi: {path: a}}\nissues: {formerly: ['shop/{{ environment }}']}\n");
}

#[test]
fn former_name_of_two_stages() {
    let cart = "project: cart\nstack: {pulumi: {path: b}}\nenvironments: [Production]\nrecord: none\ngate: none\n\
                issues: {formerly: [basket/Production]}\n";
    let shop = "project: shop\nstack: {pulumi: {path: a}}\nissues: {formerly: ['basket/{{ environment }}']}\n\
                environments: [QA, Production]\n";
    assert_snapshot!(work(shop).file("projects/cart.yml", cart).run(&["render"]).ended(1).stderr, @"
    error[gate-collision]: the stages `cart/-/Production` and `shop/-/Production` have the same former name `basket/-/Production`
     --> projects/shop.yml:3:21
      |
    3 | issues: {formerly: ['basket/{{ environment }}']}
      |                     ^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
     ::: projects/cart.yml:6:21
      |
    6 | issues: {formerly: [basket/Production]}
      |                     ----------------- of the stage `cart/-/Production`
      |
      = note: an approval of the one stage would deploy the other stage
      = help: write names in `formerly` that no other stage has or had, such as OLD/{{ environment }}

    error: 1 error in 1 file; nothing was written
    ");
    // Approvals of another repository are not confused.
    let elsewhere = cart.replace("issues: {", "issues: {repository: example/elsewhere, ");
    work(shop).file("projects/cart.yml", &elsewhere).run(&["render", "--quiet"]).fine();
}

#[test]
fn everything_that_the_resource_knows_can_be_named() {
    let yaml = rendered(
        "project: shop\nstack: {pulumi: {path: a}}\n\
         issues:\n  api: https://github.example.com/api/v3\n  auth: {app: {id: 12345, installation: \"((app.installation))\", key: ((app.key))}}\n  \
         bot: 7\n  signing_key: ((issues.key))\n  ca_cert: ((github.ca))\n  timeout: 1m\n  max_wait: 5m\n  max_comments: 50\n  \
         webhook: ((hook))\n  check_every: 1h\n  formerly: [\"basket/{{ environment }}\", \"basket/eu/{{ environment }}\"]\n\
         approval:\n  closers: {teams: [example/sre]}\n  allow_commit_close: true\n  not_before: 2026-03-01T08:00:00Z\n  \
         expires: 14d\n  soak: 1h\n  reject_labels: [no]\n  on_existing: supersede\n"
            .replace("[no]", "[wontfix]")
            .as_str(),
    );
    assert_snapshot!(named(&yaml, "github-issues-shop-ci-trigger"), @r#"
    - name: github-issues-shop-ci-trigger
      type: approved-git
      icon: git
      source:
        gate: shop/-/CI/deployed
        role: trigger
        gate_aliases:
        - basket/-/CI/deployed
        - basket/eu/CI/deployed
        destination: shop/-/QA/deploy
        former_destinations:
        - basket/-/QA/deploy
        - basket/eu/QA/deploy
        repository: example/deployments
        gh_host: https://github.example.com/api/v3
        auth_method: app
        app_id: "12345"
        app_installation_id: ((app.installation))
        private_ssh_key: ((app.key))
        bot: 7
        signing_key: ((issues.key))
        ca_cert: ((github.ca))
        closers:
          teams:
          - example/sre
        allow_commit_close: true
        expires: 1209600
        soak: 3600
        reject_labels:
        - wontfix
        on_existing: supersede
        not_before: "2026-03-01T08:00:00Z"
        timeout: 60
        max_wait: 300
        max_comments: 50
        git:
          uri: https://github.com/example/shop
          branch: main
      check_every: 1h
      webhook_token: ((hook))
    "#);
}

#[test]
fn app_that_is_not_whole() {
    assert_snapshot!(
        report("project: shop\nstack: {pulumi: {path: a}}\nissues: {auth: {app: {id: [1], key: abc}}}\n"),
        @"
    error[missing-field]: `app` needs `installation`
     --> projects/shop.yml:3:17
      |
    3 | issues: {auth: {app: {id: [1], key: ***}}}
      |                 ^^^
      |
      = help: write the `id` of the App, the id of its `installation`, and its private `key`
    error[wrong-type]: `id` takes text or a whole number, not a list
     --> projects/shop.yml:3:27
      |
    3 | issues: {auth: {app: {id: [1], key: ***}}}
      |                           ^^^
      |
      = help: write it like `id: 12345`
    error[plaintext-secret]: the key of `app` is written in clear
     --> projects/shop.yml:3:37
      |
    3 | issues: {auth: {app: {id: [1], key: ***}}}
      |                                     ^^^
      |
      = help: give the name of a credential, such as ((github.key))

    error: 3 errors in 1 file; nothing was written
    "
    );
    assert_snapshot!(
        report("project: shop\nstack: {pulumi: {path: a}}\nissues: {auth: {app: {id: 1, installation: 2, key: ((k))}, token: ((t))}}\n"),
        @"
    error[several-kinds]: `auth` takes one entry, and has `app` and `token`
     --> projects/shop.yml:3:16
      |
    3 | issues: {auth: {app: {id: 1, installation: 2, key: ((k))}, token: ((t))}}
      |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: keep one of them

    error: 1 error in 1 file; nothing was written
    "
    );
}

#[test]
fn moment_or_former_place_that_is_none() {
    assert_snapshot!(
        report(
            "project: shop\nstack: {pulumi: {path: a}}\nissues: {formerly: [basket, a/b c]}\napproval: {not_before: 2026-03-01}\n"
        ),
        @"
    error[wrong-type]: `basket` is not a former name of a stage
     --> projects/shop.yml:3:21
      |
    3 | issues: {formerly: [basket, a/b c]}
      |                     ^^^^^^
      |
      = help: write PROJECT/ENVIRONMENT or PROJECT/GROUP/ENVIRONMENT, of letters, digits, `-`, `_` and `.`
    error[wrong-type]: `a/b c` is not a former name of a stage
     --> projects/shop.yml:3:29
      |
    3 | issues: {formerly: [basket, a/b c]}
      |                             ^^^^^
      |
      = help: write PROJECT/ENVIRONMENT or PROJECT/GROUP/ENVIRONMENT, of letters, digits, `-`, `_` and `.`
    error[wrong-type]: `2026-03-01` is not a moment with its offset, such as 2026-03-01T08:00:00Z
     --> projects/shop.yml:4:24
      |
    4 | approval: {not_before: 2026-03-01}
      |                        ^^^^^^^^^^

    error: 3 errors in 1 file; nothing was written
    "
    );
}

#[test]
fn image_of_the_resource_is_the_fleets_to_say() {
    let of = |resource_type: &str| {
        let fleet = format!("{FLEET}resource_types: {{github-issues: {resource_type}}}\n");
        let work = Work::new()
            .file("pipegen.yml", &fleet)
            .file("projects/shop.yml", "project: shop\nstack: {pulumi: {path: a}}\n");
        work.run(&["render", "--quiet"]).fine();
        named(&work.read("rendered/shop.yml"), "github-issues")
    };
    assert_snapshot!(of("{source: {repository: registry.example.com/github-issues, tag: 1.2.3}}"), @r#"
    - name: github-issues
      type: registry-image
      source:
        repository: registry.example.com/github-issues
        tag: "1.2.3"
    "#);
    assert_snapshot!(of("{type: docker-image, check_every: 24h}"), @r#"
    - name: github-issues
      type: docker-image
      source:
        repository: mitodl/github-issues-resource
        tag: "0.1.0"
      check_every: 24h
    "#);
}

#[test]
fn rules_of_files_are_those_of_the_command_line() {
    let loose = "project: shop\nstack: {pulumi: {path: a}}\napproval: {approve: latest}\n";
    let run = |fleet: &str, manifest: &str, flags: &[&str]| {
        let fleet = format!("{FLEET}{fleet}");
        let work = Work::new().file("pipegen.yml", &fleet).file("projects/shop.yml", &format!("{loose}{manifest}"));
        let ran = work.run(&[&["render", "--quiet"], flags].concat());
        let reported = ran.stderr.lines().next().unwrap_or("nothing").split(':').next().unwrap().to_owned();
        format!("{reported}, {}", ran.code)
    };
    let cases: [(&str, &str, &[&str], &str); 9] = [
        ("", "", &[], "warning[loose-approval], 0"),
        ("rules: {loose-approval: deny}\n", "", &[], "error[loose-approval], 1"),
        ("rules: {loose-approval: allow}\n", "", &[], "nothing, 0"),
        ("rules: {loose-approval: deny}\n", "rules: {loose-approval: warn}\n", &[], "warning[loose-approval], 0"),
        ("rules: {loose-approval: deny}\n", "rules: {loose-approval: allow}\n", &[], "nothing, 0"),
        ("", "rules: {loose-approval: allow}\n", &["--deny", "loose-approval"], "error[loose-approval], 1"),
        ("", "rules: {loose-approval: deny}\n", &["--allow", "loose-approval"], "nothing, 0"),
        ("", "rules: {loose-approval: allow}\n", &["--deny", "warnings"], "nothing, 0"),
        ("", "rules: {unused-value: allow}\n", &["--deny", "warnings"], "error[loose-approval], 1"),
    ];
    for (fleet, manifest, flags, expected) in cases {
        assert_eq!(run(fleet, manifest, flags), expected, "{fleet}{manifest}{flags:?}");
    }
}

#[test]
fn what_one_manifest_allows_another_reports() {
    let fleet = FLEET.replace("defaults:\n", "defaults:\n  approval: {approve: latest}\n");
    let manifest = |name: &str| format!("project: {name}\nstack: {{pulumi: {{path: {name}}}}}\n");
    let work = Work::new()
        .file("pipegen.yml", &fleet)
        .file("projects/a.yml", &format!("{}rules: {{loose-approval: allow}}\n", manifest("a")))
        .file("projects/b.yml", &manifest("b"));
    assert_snapshot!(work.run(&["render", "--quiet"]).ended(0).stderr, @"
    warning[loose-approval]: an approval deploys whatever is newest to `b` QA
     --> pipegen.yml:4:23
      |
    4 |   approval: {approve: latest}
      |                       ^^^^^^
      |
      = help: write `approve: exact`, which deploys what the issue names

    warning: 1 warning in 1 file
    ");
    work.write("projects/b.yml", &format!("{}rules: {{loose-approval: allow}}\n", manifest("b")));
    work.run(&["render", "--quiet"]).fine();
}

#[test]
fn rule_that_is_none_or_stays_an_error() {
    assert_snapshot!(
        report("project: shop\nstack: {pulumi: {path: a}}\nrules: {lose-approval: deny, unknown-field: allow, gate-missing: deny, unused-value: of}\n"),
        @"
    error[unknown-rule]: there is no rule `lose-approval`
     --> projects/shop.yml:3:9
      |
    3 | rules: {lose-approval: deny, unknown-field: allow, gate-missing: deny, unused-value: of}
      |         ^^^^^^^^^^^^^
      |
      = help: did you mean `loose-approval`?
    error[no-effect]: `unknown-field` is always an error
     --> projects/shop.yml:3:45
      |
    3 | rules: {lose-approval: deny, unknown-field: allow, gate-missing: deny, unused-value: of}
      |                                             ^^^^^
      |
      = note: a file with this error cannot be rendered or set
      = help: remove it
    error[wrong-type]: `unused-value` cannot be `of`
     --> projects/shop.yml:3:86
      |
    3 | rules: {lose-approval: deny, unknown-field: allow, gate-missing: deny, unused-value: of}
      |                                                                                      ^^
      |
      = help: write `deny`, `warn` or `allow`

    error: 3 errors in 1 file; nothing was written
    "
    );
}

#[test]
fn instance_var_that_everybody_would_read_or_nobody_could() {
    assert_snapshot!(
        report("project: shop\nstack: {pulumi: {path: a}}\ninstance_vars: {token: hunter2, a: ((x)), b: \"1\\n2\", c.d: e, f: 1}\n"),
        @r#"
        error[plaintext-secret]: `token` would stand in the pipeline's address
         --> projects/shop.yml:3:24
          |
        3 | instance_vars: {token: *******, a: ((x)), b: "1\n2", c.d: e, f: 1}
          |                        ^^^^^^^
          |
          = help: name the credential where it is used, such as ((github.token))
        error[no-effect]: nothing fills credentials in an instance var
         --> projects/shop.yml:3:36
          |
        3 | instance_vars: {token: *******, a: ((x)), b: "1\n2", c.d: e, f: 1}
          |                                    ^^^^^
          |
          = help: name the credential where it is used
        error[wrong-type]: `b` is not one line
         --> projects/shop.yml:3:46
          |
        3 | instance_vars: {token: *******, a: ((x)), b: "1\n2", c.d: e, f: 1}
          |                                              ^^^^^^
          |
          = help: it stands on a command line
        error[unknown-field]: unknown field `c.d`
         --> projects/shop.yml:3:54
          |
        3 | instance_vars: {token: *******, a: ((x)), b: "1\n2", c.d: e, f: 1}
          |                                                      ^^^ no such field of `instance_vars`
          |
          = help: use letters, digits, `-` and `_` in a name
        error[ambiguous-scalar]: expected text, found the number `1`
         --> projects/shop.yml:3:65
          |
        3 | instance_vars: {token: *******, a: ((x)), b: "1\n2", c.d: e, f: 1}
          |                                                                 ^
          |
          = help: write "1"

        error: 5 errors in 1 file; nothing was written
        "#
    );
    assert_snapshot!(
        report("project: shop\nstack: {pulumi: {path: a}}\ninstance_vars: {at: \"{{ environment }}\"}\n"),
        @r#"
        error[conflicting-definition]: a manifest is one instance of a pipeline
         --> projects/shop.yml:3:16
          |
        3 | instance_vars: {at: "{{ environment }}"}
          |                ^^^^^^^^^^^^^^^^^^^^^^^^^ gives `shop at=CI` for `shop` CI and `shop at=QA` for `shop` QA
          |
          = help: leave out what differs from stage to stage; each Concourse gets a pipeline of its own anyway

        error: 1 error in 1 file; nothing was written
        "#
    );
}

#[test]
fn credential_that_an_instance_var_goes_before() {
    assert_snapshot!(
        report("project: shop\nstack: {pulumi: {path: a}}\ninstance_vars: {github: x, git: z}\nissues: {auth: {token: ((github.token))}}\n"),
        @"
    error[plaintext-secret]: `access_token` would come from the instance var `github`
     --> projects/shop.yml:4:24
      |
    4 | issues: {auth: {token: ****************}}
      |                        ^^^^^^^^^^^^^^^^
      |
      = note: in the resource `github-issues-shop-ci-post`; everybody who sees the pipeline reads it
      = help: give the instance var another name than the credential

    error: 1 error in 1 file; nothing was written
    "
    );
}

#[test]
fn what_mit_open_learnings_image_does_not_know_is_not_lost_silently() {
    assert_snapshot!(
        report(
            "project: shop\nstack: {pulumi: {path: a}}\nissues: {resource: mitodl, signing_key: ((k)), max_comments: 5, formerly: [a/CI]}\n\
             approval: {not_before: 2026-03-01T08:00:00Z, allow_commit_close: false, on_existing: supersede}\n"
        ),
        @"
    warning[loose-approval]: an approval deploys whatever is newest to `shop` QA
     --> projects/shop.yml:3:20
      |
    3 | issues: {resource: mitodl, signing_key: ((k)), max_comments: 5, formerly: [a/CI]}
      |                    ^^^^^^
      |
      = note: MIT Open Learning's image records no versions, and lets anybody who can close an issue approve
      = help: write `resource: github-issues`, which deploys what the issue names
    error[no-effect]: `issues.signing_key` would be lost: MIT Open Learning's image signs nothing
     --> projects/shop.yml:3:28
      |
    3 | issues: {resource: mitodl, signing_key: ((k)), max_comments: 5, formerly: [a/CI]}
      |                            ^^^^^^^^^^^
      |
      = help: write `issues: {resource: github-issues}`, or remove this field
    error[no-effect]: `issues.max_comments` has no effect: MIT Open Learning's image does not know it
     --> projects/shop.yml:3:48
      |
    3 | issues: {resource: mitodl, signing_key: ((k)), max_comments: 5, formerly: [a/CI]}
      |                                                ^^^^^^^^^^^^
      |
      = help: write `resource: github-issues`, or remove this field
    error[no-effect]: `issues.formerly` has no effect: MIT Open Learning's image finds issues by their titles
     --> projects/shop.yml:3:65
      |
    3 | issues: {resource: mitodl, signing_key: ((k)), max_comments: 5, formerly: [a/CI]}
      |                                                                 ^^^^^^^^
      |
      = help: write `resource: github-issues`, or remove this field
    error[no-effect]: `approval.not_before` would be lost: MIT Open Learning's image does not know it
     --> projects/shop.yml:4:12
      |
    4 | approval: {not_before: 2026-03-01T08:00:00Z, allow_commit_close: false, on_existing: supersede}
      |            ^^^^^^^^^^
      |
      = help: write `issues: {resource: github-issues}`, or remove this field
    error[no-effect]: `approval.allow_commit_close` would be lost: MIT Open Learning's image does not know it
     --> projects/shop.yml:4:46
      |
    4 | approval: {not_before: 2026-03-01T08:00:00Z, allow_commit_close: false, on_existing: supersede}
      |                                              ^^^^^^^^^^^^^^^^^^
      |
      = help: write `issues: {resource: github-issues}`, or remove this field
    error[no-effect]: `approval.on_existing` would be lost: MIT Open Learning's image does not know it
     --> projects/shop.yml:4:73
      |
    4 | approval: {not_before: 2026-03-01T08:00:00Z, allow_commit_close: false, on_existing: supersede}
      |                                                                         ^^^^^^^^^^^
      |
      = help: write `issues: {resource: github-issues}`, or remove this field

    error: 6 errors and 1 warning in 1 file; nothing was written
    "
    );
}

#[test]
fn show_tells_where_these_words_come_from() {
    let shown = work(
        "project: shop\nstack: {pulumi: {path: a}}\ntab: \"{{ project }}\"\n\
         job: {public: true, build_log_retention: {builds: 5}}\nnotify: {slack: {url: ((slack.url))}}\n\
         extra: {resources: [{name: tick, type: time}]}\nafter: [{get: tick}]\n",
    )
    .run(&["show", "projects/shop.yml", "QA"])
    .fine();
    let printed = |line: &&str| {
        ["tab", "public", "builds", "url", "resources", "alert"]
            .iter()
            .any(|key| line.trim_start().starts_with(&format!("{key}:")))
    };
    assert_snapshot!(shown.lines().filter(printed).collect::<Vec<_>>().join("\n"), @r#"
      alert: slack-alert-shop                                                # built in: defaults.yml
    tab: shop                                                                # projects/shop.yml:3
      public: true                                                           # projects/shop.yml:4
        builds: 5                                                            # projects/shop.yml:4
        url: "((slack.url))"                                                 # projects/shop.yml:5
      resources: [… 1 …]                                                     # projects/shop.yml:6
    "#);
}
