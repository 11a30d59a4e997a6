//! What `verify` takes for a deployment of what in handwritten pipelines, and what it says about that.

use crate::support::{Ran, Work};

const HEAD: &str = "\
resource_types:
- {name: github-issues, type: registry-image, source: {repository: mitodl/github-issues-resource, tag: \"0.1.0\"}}
- {name: approved-git, type: registry-image, source: {repository: mitodl/approved-git-resource, tag: \"0.1.0\"}}
- {name: slack, type: registry-image, source: {repository: example/slack, tag: \"1\"}}
resources:
- {name: code, type: git, source: {uri: https://github.com/example/shop}}
- {name: tools, type: git, source: {uri: https://github.com/example/tools}}
- {name: image, type: registry-image, source: {repository: example/shop}}
- {name: notify, type: slack, source: {url: https://hooks.example.com}}
- {name: lock, type: pool, source: {uri: https://github.com/example/locks, branch: main, pool: qa}}
- {name: ci-post, type: github-issues, source: {repository: example/ops, gate: shop/-/CI/deployed, role: post, destination: shop/-/QA/deploy}}
- name: ci-trigger
  type: approved-git
  source: {repository: example/ops, gate: shop/-/CI/deployed, role: trigger, destination: shop/-/QA/deploy, git: {uri: https://github.com/example/shop}}
jobs:
";

/// Deploys CI, and asks for an approval of QA.
const CI: &str = "\
- name: deploy-shop-ci
  serial: true
  plan:
  - {get: code, trigger: true}
  - {task: deploy, file: code/deploy.yml, params: {STAGE: CI}}
  - put: ci-post
    no_get: true
    inputs: [code]
    params: {action: record, title: shop CI deployed., pins: {code: code/.git/ref}}
";

const CLAIM: &str = "  - {put: ci-post, no_get: true, inputs: [code], params: {action: claim, approval: code/.git/approval/approval.json}}\n";

const APPLY: &str = "  - {task: apply, file: code/deploy.yml, params: {STAGE: QA}}\n";

/// A job that gets the approval of QA and claims it, with further steps before and after the claim.
fn qa(before: &str, after: &str) -> String {
    format!(
        "- name: deploy-shop-qa\n  serial: true\n  plan:\n  - {{get: code, resource: ci-trigger, trigger: true}}\n{before}{CLAIM}{after}"
    )
}

/// The jobs, with the resources that they use.
fn pipeline(jobs: &[&str]) -> String {
    let jobs = jobs.concat();
    let is_used = |line: &&str| {
        let name = line.strip_prefix("- {name: ").and_then(|rest| rest.split(',').next());
        let is_idle = |name: &str| ["tools", "image", "notify", "lock", "slack"].contains(&name);
        let is_named = |name: &str| jobs.contains(&format!("et: {name}")) || jobs.contains(&format!("ut: {name}"));
        name.is_none_or(|name| !is_idle(name) || is_named(name) || name == "slack" && is_named("notify"))
    };
    let head: Vec<&str> = HEAD.lines().filter(is_used).collect();
    format!("{}\n{CI}{jobs}", head.join("\n"))
}

fn verify(text: &str, flags: &[&str]) -> Ran {
    let work = Work::new().file("a.yml", text);
    work.run(&["verify", "a.yml"].iter().chain(flags).copied().collect::<Vec<_>>())
}

fn rules(ran: &Ran) -> Vec<&str> {
    ran.stderr.lines().filter_map(|line| Some(line.strip_prefix("error[")?.split_once(']')?.0)).collect()
}

/// The job of the gate, and the job after it.
fn gate(task: &str, get: &str) -> String {
    let gate = qa("", task).replace("deploy-shop-qa", "the-gate");
    format!(
        "{gate}- name: deploy-shop-qa\n  serial: true\n  plan:\n  - {{{get}, passed: [the-gate], trigger: true}}\n{APPLY}"
    )
}

#[test]
fn a_job_after_a_gate_needs_the_approval_of_the_gate() {
    // The job of the gate takes the newest commit beside the approved one.
    let announce = "  - {task: announce, config: {platform: linux, image_resource: {type: mock}, inputs: [{name: approved}], run: {path: a}}}\n";
    let text = pipeline(&[&gate(announce, "get: code")]);
    let text = text.replace(
        "  - {get: code, resource: ci-trigger, trigger: true}\n",
        "  - {get: approved, resource: ci-trigger, trigger: true}\n  - {get: code, passed: [deploy-shop-ci]}\n",
    );
    let claim = CLAIM.replace("code/.git/approval", "approved/.git/approval").replace("[code]", "[approved]");
    let text = text.replace(CLAIM, &claim);
    let ran = verify(&text, &["--target", "the-gate="]).ended(1);
    assert_eq!(rules(&ran), ["wrong-version"], "{}", ran.stderr);
    assert!(ran.stderr.contains("with version B of code, although version A was approved"), "{}", ran.stderr);
    // The task of the gate counts as a deployment of QA, and the job after it is judged nevertheless.
    let ran = verify(&text, &[]).ended(1);
    assert!(ran.stderr.contains("deploy-shop-qa #1 deploys "), "{}", ran.stderr);
}

#[test]
fn what_the_job_of_a_gate_makes_is_made_of_the_approved_versions() {
    let build = "  - {put: image, inputs: [code], params: {image: code/image.tar}}\n";
    let text = pipeline(&[&gate(build, "get: image")])
        .replace("file: code/deploy.yml, params: {STAGE: QA}", "file: image/deploy.yml");
    let ran = verify(&text, &["--target", "the-gate="]).ended(0);
    assert!(ran.stdout.contains("it goes by the approval of the job before it"), "{}", ran.stdout);
}

#[test]
fn a_job_that_follows_nothing_but_versions_is_no_deployment_behind_the_gate() {
    // It starts for each commit, and only takes along what QA runs.
    let docs = "- name: deploy-docs\n  serial: true\n  plan:\n  - {get: tools, trigger: true}\n  - {get: code, resource: ci-trigger, passed: [deploy-shop-qa]}\n";
    let docs = docs.replace(
        "{get: code, resource: ci-trigger, passed: [deploy-shop-qa]}",
        "{get: image, passed: [deploy-shop-qa]}",
    );
    let docs = format!("{docs}  - {{task: publish, file: tools/publish.yml}}\n");
    let get = "  - {get: image, version: {digest: sha256:0}}\n";
    let ran = verify(&pipeline(&[&qa(get, APPLY), &docs]), &[]).ended(0);
    assert!(
        ran.stdout.contains("deploy-docs deploys docs: its name says that it deploys; it needs no approval"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_job_after_a_gate_that_deploys_nothing_deploys_the_stage_of_the_approval() {
    let ran = verify(&pipeline(&[&gate("", "get: code, resource: ci-trigger")]), &[]).ended(0);
    assert!(
        ran.stdout.contains("the-gate deploys nothing: it waits for an approval, and has no step that could deploy")
    );
    assert!(ran.stdout.contains("deploy-shop-qa deploys shop QA: it goes by the approval"), "{}", ran.stdout);
}

#[test]
fn a_closing_that_starts_a_gate_without_deployment_starts_something() {
    let text = "\
resources:
- {name: code, type: git, source: {uri: https://github.com/example/shop}}
- {name: posted, type: github-issues, source: {repository: example/ops, issue_state: open, issue_title_template: \"[bot] shop staging deployed.\"}}
- {name: closed, type: github-issues, source: {repository: example/ops, issue_state: closed, issue_prefix: \"[bot] shop staging deployed.\"}}
resource_types:
- {name: github-issues, type: registry-image, source: {repository: mitodl/concourse-github-issues-resource, tag: \"1\"}}
jobs:
- name: deploy-staging
  serial: true
  plan:
  - {get: code, trigger: true}
  - {task: deploy, file: code/deploy.yml}
  - {put: posted, no_get: true, inputs: []}
- name: the-gate
  serial: true
  plan:
  - {get: closed, trigger: true}
  - {get: code, passed: [deploy-staging]}
- name: deploy-production
  serial: true
  plan:
  - {get: code, passed: [the-gate], trigger: true}
  - {task: deploy, file: code/deploy.yml}
";
    let ran = verify(text, &[]).ended(1);
    assert_eq!(rules(&ran), ["wrong-version"], "{}", ran.stderr);
    assert!(ran.stderr.contains("production can be deployed with version B of code, although version A was approved"));
}

#[test]
fn each_target_names_its_own_step_in_whatever_order() {
    let steps = "  - {task: to-qa, file: code/deploy.yml}\n  - {task: to-production, file: code/deploy.yml}\n";
    let text = pipeline(&[&qa("", steps)]);
    let (one, other) = ("deploy-shop-qa/to-qa=QA", "deploy-shop-qa/to-production=production");
    for (first, second) in [(one, other), (other, one)] {
        let ran = verify(&text, &["--target", first, "--target", second]).ended(1);
        assert_eq!(rules(&ran), ["unapproved-deployment"], "{}", ran.stderr);
        assert!(ran.stderr.contains(": production can be deployed although nobody approved"), "{}", ran.stderr);
    }
    verify(&text, &["--target", one]).ended(0);
    // All steps deploy QA, but one.
    verify(&text, &["--target", "deploy-shop-qa=QA", "--target", "deploy-shop-qa/to-production="]).ended(0);
}

#[test]
fn a_target_that_names_nothing_is_a_usage_error() {
    let text = pipeline(&[&qa("", APPLY)]);
    for command in ["verify", "validate"] {
        let work = Work::new().file("a.yml", &text);
        let ran = work.run(&[command, "--target", "deploy-shop-qa/aply=QA", "a.yml"]).ended(2);
        let expected = "the job has no such task or put; did you mean `apply`?";
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
        let twice = ["--target", "deploy-shop-qa=QA", "--target", "deploy-shop-qa=CI"];
        let ran = work.run(&[&[command, "a.yml"][..], &twice].concat()).ended(2);
        assert!(ran.stderr.contains("two environments: `QA` and `CI`"), "{}", ran.stderr);
        work.run(&[command, "--target", "deploy-shop-qa/apply=QA", "a.yml"]).ended(0);
    }
    let ran = verify(&text, &["--unpinned", "deploy-shop-qa/tools"]).ended(2);
    assert!(ran.stderr.contains("the job has no such get"), "{}", ran.stderr);
}

#[test]
fn without_an_issue_the_report_says_what_seems_to_deploy() {
    let text = "\
resources:
- {name: code, type: git, source: {uri: https://github.com/example/shop}}
jobs:
- name: deploy-staging
  plan:
  - {get: code, trigger: true}
  - {task: deploy, file: code/deploy.yml}
- name: deploy-production
  plan:
  - {get: code, passed: [deploy-staging]}
  - {task: deploy, file: code/deploy.yml}
- name: build
  plan:
  - {get: code, trigger: true}
  - {task: build, file: code/build.yml}
";
    let out = verify(text, &["--target", "deploy-production=production"]).ended(0).stdout;
    let expected = "\
no job waits for an approval: nothing to verify
what the jobs of a deploy (change it with `--target JOB[/STEP]=ENV`, or `JOB=` for nothing):
  deploy-staging deploys staging: its name says that it deploys; it needs no approval, and each new version of `code` starts it
  deploy-production deploys production: `--target` says so; it needs no approval, and only a person starts it, with `+`
  no deployment, as far as the pipeline tells: build
targets without effect, because nothing near the job waits for an approval:
  deploy-production=production
";
    assert_eq!(out, expected);
}

#[test]
fn a_notification_or_a_lock_deploys_nothing() {
    for put in [
        "  - {put: notify, no_get: true, inputs: [], params: {text: deployment begins}}\n",
        "  - {put: lock, no_get: true, inputs: [], params: {acquire: true}}\n",
    ] {
        // Two jobs that begin with it do not deploy the same.
        let docs = format!(
            "- name: deploy-docs\n  serial: true\n  plan:\n  - {{get: tools, trigger: true}}\n{put}  - {{task: publish, file: tools/publish.yml}}\n"
        );
        verify(&pipeline(&[&qa("", &format!("{put}{APPLY}")), &docs]), &[]).ended(0);
        // It can stand before the claim.
        verify(&pipeline(&[&qa(put, APPLY)]), &[]).ended(0);
    }
    // The name of a resource alone says nothing: a service can be called like that.
    let service = pipeline(&[&qa("  - {put: notify, no_get: true, inputs: []}\n", APPLY)])
        .replace("type: slack", "type: registry-image");
    assert_eq!(rules(&verify(&service, &[]).ended(1)), ["unapproved-deployment"]);
}

#[test]
fn a_test_that_writes_the_issue_is_not_what_deploys() {
    let test = "\
- name: smoke-test-ci
  plan:
  - {get: code, passed: [deploy-shop-ci], trigger: true}
  - {task: smoke, file: code/smoke.yml}
";
    let deploy = "  - {task: deploy, file: code/deploy.yml, params: {STAGE: CI}}\n";
    let text = pipeline(&[&qa("", APPLY)]).replacen(deploy, &format!("{deploy}{test}"), 1);
    for flags in [&[][..], &["--target", "deploy-shop-ci=CI"]] {
        let ran = verify(&text, flags).ended(1);
        assert_eq!(rules(&ran), ["overtaken-deployment"], "{}", ran.stderr);
        assert!(
            ran.stderr.contains("an older build can write into the issue of `shop/-/CI/deployed` after a newer one")
        );
        assert!(ran.stdout.contains("deploy-shop-ci deploys shop CI: "), "{}", ran.stdout);
        assert!(ran.stdout.contains(" only tests or shows something: smoke-test-ci\n"), "{}", ran.stdout);
    }
    // Another test can stand between.
    let two = "- name: e2e-ci\n  plan:\n  - {get: code, passed: [deploy-shop-ci], trigger: true}\n  - {task: e2e, file: code/e2e.yml}\n";
    let between = text.replace("passed: [deploy-shop-ci]", "passed: [e2e-ci]");
    let between = between.replacen("- name: smoke-test-ci\n", &format!("{two}- name: smoke-test-ci\n"), 1);
    assert!(verify(&between, &[]).stdout.contains("deploy-shop-ci deploys shop CI: the job after it writes the issue"));
    let serial = text.replace("- name: smoke-test-ci\n", "- name: smoke-test-ci\n  serial: true\n");
    verify(&serial, &[]).ended(0);
}

#[test]
fn a_job_can_deploy_nothing() {
    let after = |name: &str| {
        format!(
            "- name: {name}\n  serial: true\n  plan:\n  - {{get: code, resource: ci-trigger, passed: [deploy-shop-qa], trigger: true}}\n  - {{get: tools, trigger: true}}\n  - {{task: look, file: tools/look.yml}}\n"
        )
    };
    let text = |name: &str| pipeline(&[&qa("", APPLY), &after(name)]);
    let ran = verify(&text("smoke-test-qa"), &[]).ended(0);
    assert!(ran.stdout.contains(" only tests or shows something: smoke-test-qa\n"));
    assert_eq!(rules(&verify(&text("look-at-qa"), &[]).ended(1)), ["wrong-version"]);
    let ran = verify(&text("look-at-qa"), &["--target", "look-at-qa="]).ended(0);
    assert!(ran.stdout.contains("look-at-qa deploys nothing: `--target` says so"), "{}", ran.stdout);
}

#[test]
fn a_loaded_variable_is_made_of_its_file() {
    let task = |variable: &str| {
        format!(
            "  - {{load_var: tag, file: image/digest}}\n  - task: apply\n    config:\n      platform: linux\n      image_resource: {{type: registry-image, source: {{repository: alpine, tag: \"3\"}}}}\n      inputs: [{{name: code}}]\n      params: {{IMAGE: {variable}}}\n      run: {{path: code/deploy.sh}}\n"
        )
    };
    let text = |variable: &str| pipeline(&[&qa("  - {get: image}\n", &task(variable))]);
    for variable in ["((.:tag))", "\"x-((.:tag.digest))\""] {
        let ran = verify(&text(variable), &[]).ended(1);
        assert_eq!(rules(&ran), ["wrong-version"], "{variable}: {}", ran.stderr);
        assert!(ran.stderr.contains("version A of image, which no approval names"), "{}", ran.stderr);
    }
    verify(&text("latest"), &[]).ended(0);
}

#[test]
fn a_step_across_values_deploys_each_environment_among_them() {
    let step = |values: &str| {
        format!(
            "  - across: [{{var: stage, values: {values}}}]\n    task: apply\n    file: code/deploy.yml\n    params: {{STAGE: ((.:stage))}}\n"
        )
    };
    let ran = verify(&pipeline(&[&qa("", &step("[QA, production]"))]), &[]).ended(1);
    assert_eq!(rules(&ran), ["unapproved-deployment"], "{}", ran.stderr);
    assert!(ran.stderr.contains(": production can be deployed although nobody approved"), "{}", ran.stderr);
    verify(&pipeline(&[&qa("", &step("[QA]"))]), &[]).ended(0);
    verify(&pipeline(&[&qa("", &step("[us, eu]"))]), &[]).ended(0);
    let ran = verify(&pipeline(&[&qa("", &step("((stages))"))]), &[]).ended(0);
    assert!(
        ran.stdout.contains("`apply` of deploy-shop-qa: the values that the step runs across are not in the pipeline"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_hook_that_rolls_back_deploys_and_other_hooks_are_reported() {
    let hook = |hook: &str, task: &str| {
        let step = "  - {task: apply, config: {platform: linux, image_resource: {type: mock}, inputs: [{name: code}], run: {path: make}}";
        pipeline(&[&qa("  - {get: tools}\n", &format!("{step}, {hook}: {{task: {task}, file: tools/a.yml}}}}\n"))])
    };
    let ran = verify(&hook("on_failure", "rollback"), &[]).ended(1);
    assert_eq!(rules(&ran), ["wrong-version"], "{}", ran.stderr);
    let ran = verify(&hook("on_failure", "clean-up"), &[]).ended(0);
    assert!(
        ran.stdout.contains("`clean-up` of deploy-shop-qa: searched as a hook that deploys nothing"),
        "{}",
        ran.stdout
    );
    let ran = verify(&hook("on_abort", "rollback"), &[]).ended(0);
    assert!(ran.stdout.contains("`rollback` of deploy-shop-qa: `on_abort` and `on_error` never run"), "{}", ran.stdout);
}

#[test]
fn what_is_not_searched_is_reported() {
    // A pipeline that sets itself anew, from a commit that nobody approved.
    let set = "  - {set_pipeline: self, file: code/pipeline.yml}\n";
    let deploy = "  - {task: deploy, file: code/deploy.yml, params: {STAGE: CI}}\n";
    let ran = verify(&pipeline(&[&qa("", APPLY)]).replacen(deploy, &format!("{set}{deploy}"), 1), &[]).ended(0);
    assert!(ran.stderr.contains("warning[set-pipeline-past-gate]"), "{}", ran.stderr);
    assert!(ran.stdout.contains("`set_pipeline: self` of deploy-shop-ci: "), "{}", ran.stdout);
    // A task that makes an artifact in the place of the approved one.
    let task = "  - {task: clone, config: {platform: linux, image_resource: {type: mock}, outputs: [{name: code}], run: {path: make}}}\n";
    let ran = verify(&pipeline(&[&qa("", &format!("{task}{APPLY}"))]), &[]);
    assert!(
        ran.stderr.contains("warning[unapproved-artifact]: the step replaces the artifact `code`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_job_without_manual_trigger_is_started_by_nobody() {
    let text = pipeline(&[&qa("", APPLY)]).replacen(
        "- name: deploy-shop-qa\n",
        "- name: deploy-shop-qa\n  disable_manual_trigger: true\n",
        1,
    );
    for (step, number) in [("{start: deploy-shop-qa}", 1), ("{rerun: deploy-shop-qa/1}", 1)] {
        let scenario = format!("pipelines: [a.yml]\nsteps:\n- close: CI deployed\n- {step}\n");
        let work = Work::new().file("a.yml", &text).file("s.yml", &scenario);
        let ran = work.run(&["simulate", "s.yml"]).ended(number);
        assert!(ran.stderr.contains("the job has `disable_manual_trigger: true`"), "{}", ran.stderr);
    }
    // No person can start it: the missing claim is found only through what happens by itself.
    let ran = verify(&text, &[]).ended(0);
    assert!(ran.stdout.contains("verified"), "{}", ran.stdout);
}

#[test]
fn a_put_without_inputs_gets_what_its_params_mention_from_concourse_8_on() {
    let put = "  - {put: image, no_get: true, params: {image: code/image.tar}}\n";
    let text = pipeline(&[&qa("  - {get: tools}\n", put)]);
    assert_eq!(rules(&verify(&text, &["--concourse", "7.14"]).ended(1)), ["wrong-version"]);
    verify(&text, &["--concourse", "8.0"]).ended(0);
}

#[test]
fn the_shortest_story_goes_once_through_a_loop() {
    let bump = "- name: bump\n  serial: true\n  plan:\n  - {get: code, trigger: true}\n  - {task: bump, file: code/bump.yml}\n  - {put: code, params: {repository: bumped}}\n";
    let step = "  - {task: apply, file: tools/deploy.yml}\n";
    let ran = verify(&pipeline(&[&qa("  - {get: tools}\n", step), bump]), &[]).ended(1);
    assert!(ran.stderr.contains("bump #1 makes version B of code"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("version C of code"), "{}", ran.stderr);
    assert!(ran.stdout.contains(", 8 builds of each job\n"), "{}", ran.stdout);
}

#[test]
fn a_claim_before_its_get_is_named() {
    let get = "  - {get: code, resource: ci-trigger, trigger: true}\n";
    let text = pipeline(&[&qa("", APPLY)]).replacen(&format!("{get}{CLAIM}"), &format!("{CLAIM}{get}"), 1);
    let ran = verify(&text, &[]).ended(1);
    assert_eq!(rules(&ran), ["closing-starts-nothing"]);
    assert!(ran.stderr.contains("the claim runs before the get of the approval"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("add `trigger: true`"), "{}", ran.stderr);
    let warned = Work::new().file("a.yml", &text).run(&["validate", "a.yml"]).ended(0).stderr;
    assert!(warned.contains("the claim runs before the get of `code`, which writes its file"), "{warned}");
}

#[test]
fn a_task_that_fetches_credentials_and_the_release_of_a_lock_are_not_reported() {
    let role = "  - {task: assume-role, file: code/ci/assume-role.yml, params: {ROLE: a}}\n";
    let docs = format!(
        "- name: deploy-docs\n  serial: true\n  plan:\n  - {{get: code, trigger: true}}\n{role}  - {{task: apply, file: code/deploy.yml, params: {{APP: docs}}}}\n"
    );
    let apply = "  - task: apply\n    file: code/deploy.yml\n    params: {APP: shop}\n    ensure: {put: lock, params: {release: lock}}\n";
    let lock = "  - {put: lock, params: {acquire: true}}\n";
    let text = pipeline(&[&qa("", &format!("{lock}{role}{apply}")), &docs]);
    let work = Work::new().file("a.yml", &text);
    let ran = work.run(&["validate", "a.yml"]).ended(0);
    assert!(!ran.stderr.contains("shared-target") && !ran.stderr.contains("unapproved-artifact"), "{}", ran.stderr);
}
