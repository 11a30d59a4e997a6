//! Gates of pipelines that somebody wrote by hand, as `validate` and `verify` judge them.

use insta::assert_snapshot;

use crate::support::Work;

use super::{SCRIPT, report};

const RESOURCES: &str = "\
resource_types:
- {name: github-issues, type: registry-image, source: {repository: mitodl/github-issues-resource, tag: \"0.1.0\"}}
resources:
- {name: code, type: git, source: {uri: https://github.com/example/shop, branch: main}}
- {name: ci-post, type: github-issues, source: {repository: example/ops, gate: shop/-/CI/deployed, role: post, destination: shop/-/QA/deploy}}
- name: ci-trigger
  type: github-issues
  source: {repository: example/ops, gate: shop/-/CI/deployed, role: trigger, destination: shop/-/QA/deploy}
";

const CI: &str = "\
jobs:
- name: deploy-shop-ci
  serial: true
  plan:
  - {get: code, trigger: true}
  - task: deploy
    config: {platform: linux, inputs: [{name: code}], run: {path: code/deploy}}
  - put: ci-post
    no_get: true
    inputs: [code]
    params: {action: record, title: shop CI deployed., pins: {code: code/.git/ref}}
";

const CLAIM: &str = "\
- put: ci-post
  no_get: true
  inputs: [gate]
  params: {action: claim, approval: gate/approval.json}
";

const CHECKOUT: &str = "\
- task: checkout-approved
  config:
    platform: linux
    image_resource: {type: registry-image, source: {repository: alpine/git, tag: v2.49.1}}
    inputs: [{name: gate}, {name: code}]
    outputs: [{name: code}]
    params: {CODE: code, CHECKOUT: code}
    run: {path: sh, args: [gate/checkout-approved]}
";

const DEPLOY: &str = "- task: deploy\n  config: {platform: linux, inputs: [{name: code}], run: {path: code/deploy}}\n";

/// A handwritten pipeline whose job behind the gate takes the approval and the code, and then does these steps.
fn by_hand(steps: &[&str]) -> String {
    let gets = "- {get: gate, resource: ci-trigger, trigger: true}\n- {get: code, passed: [deploy-shop-ci]}\n";
    let plan = format!("{gets}{}", steps.concat());
    let plan = plan.trim_end().replace('\n', "\n  ");
    format!("{RESOURCES}{CI}- name: deploy-shop-qa\n  serial: true\n  plan:\n  {plan}\n")
}

/// The rules that `validate` reports, each with its line.
#[track_caller]
fn judged(pipeline: &str) -> Vec<String> {
    let work = Work::new().file("shop.yml", pipeline);
    let ran = work.run(&["validate", "--format", "json", "shop.yml"]);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let problems = report["diagnostics"].as_array().unwrap();
    problems.iter().map(|problem| problem["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn handwritten_job_checks_out_what_was_approved() {
    assert_eq!(judged(&by_hand(&[CLAIM, CHECKOUT, DEPLOY])), Vec::<String>::new());
    assert_eq!(judged(&by_hand(&[CLAIM, DEPLOY])), ["unapproved-artifact"]);
}

#[test]
fn handwritten_checkout_is_the_script_of_the_approval_and_not_only_named() {
    let with = |run: &str, inputs: &str| {
        let checkout = CHECKOUT
            .replace("{path: sh, args: [gate/checkout-approved]}", run)
            .replace("[{name: gate}, {name: code}]", inputs);
        judged(&by_hand(&[CLAIM, &checkout, DEPLOY]))
    };
    let inputs = "[{name: gate}, {name: code}]";
    for run in [
        "{path: gate/checkout-approved}",
        "{path: /bin/sh, args: [gate/checkout-approved]}",
        "{path: bash, args: [-eu, gate/checkout-approved]}",
    ] {
        assert_eq!(with(run, inputs), Vec::<String>::new(), "{run}");
    }
    assert_eq!(
        with("{path: sh, args: [g/checkout-approved]}", "[{name: gate, path: g}, {name: code}]"),
        Vec::<String>::new()
    );
    for run in [
        "{path: echo, args: [gate/checkout-approved]}",
        "{path: sh, args: [-c, \"true # gate/checkout-approved\"]}",
        "{path: sh, args: [-ec, gate/checkout-approved]}",
        "{path: sh, args: [code/deploy, gate/checkout-approved]}",
        "{path: sh, args: [-s]}",
        "{path: sh, args: [-n, gate/checkout-approved]}",
        "{path: sh, args: [-en, gate/checkout-approved]}",
        "{path: sh, args: [-s, gate/checkout-approved]}",
        "{path: bash, args: [--version, gate/checkout-approved]}",
        "{path: code/sh, args: [gate/checkout-approved]}",
        "{path: sh, dir: code, args: [gate/checkout-approved]}",
        "{path: sh, args: [code/checkout-approved]}",
        "{path: sh, args: [code/gate/checkout-approved]}",
        "{path: sh, args: [gate/.git/approval/checkout-approved]}",
        "{path: code/checkout-approved}",
    ] {
        let found = with(run, inputs);
        assert!(found.contains(&"unapproved-artifact".to_owned()), "{run}: {found:?}");
    }
    // What it is told decides which programs it runs.
    for param in ["PATH: code/bin", "HOME: code", "LD_PRELOAD: code/lib.so", "GIT_CONFIG_GLOBAL: code/config"] {
        let checkout = CHECKOUT.replace("CHECKOUT: code", &format!("CHECKOUT: code, {param}"));
        let found = judged(&by_hand(&[CLAIM, &checkout, DEPLOY]));
        assert!(found.contains(&"unapproved-artifact".to_owned()), "{param}: {found:?}");
    }
    let checkout = CHECKOUT.replace("CHECKOUT: code", "CHECKOUT: code, FETCH: code, https_proxy: http://proxy:3128");
    assert_eq!(judged(&by_hand(&[CLAIM, &checkout, DEPLOY])), Vec::<String>::new());
    // The folder of that name is another artifact.
    let found = with("{path: sh, args: [gate/checkout-approved]}", "[{name: gate, path: g}, {name: code, path: gate}]");
    assert!(found.contains(&"unapproved-artifact".to_owned()), "{found:?}");
    // What is checked out is written in the pipeline.
    let checkout = CHECKOUT.replace("CHECKOUT: code", "CHECKOUT: ((clones))");
    let found = judged(&by_hand(&[CLAIM, &checkout, DEPLOY]));
    assert!(found.contains(&"unapproved-artifact".to_owned()), "{found:?}");
}

#[test]
fn handwritten_hook_of_a_checkout_deploys_what_was_not_approved() {
    let indented = |text: &str, by: usize| text.trim_end().replace('\n', &format!("\n{}", " ".repeat(by)));
    let as_hook = |task: &str| indented(&task.replacen("- ", "  ", 1), 2);
    let found = |steps: &[&str]| judged(&by_hand(steps));
    for hook in ["on_failure", "on_error", "on_abort", "ensure"] {
        let with = |task: &str| format!("{}  {hook}:\n  {}\n", CHECKOUT, as_hook(task));
        assert_eq!(found(&[CLAIM, &with(DEPLOY), DEPLOY]), ["unapproved-artifact"], "{hook}");
        // In the place of the deployment.
        assert_eq!(found(&[CLAIM, &with(DEPLOY)]), ["unapproved-artifact"], "{hook}");
        // Whoever tells people does not deploy.
        let told = DEPLOY.replace("code/deploy", "code/tell").replace("task: deploy", "task: tell");
        assert_eq!(found(&[CLAIM, &with(&told), DEPLOY]), Vec::<String>::new(), "{hook}");
        for around in ["do", "in_parallel"] {
            let both = format!("- {around}:\n  {}\n  {hook}:\n  {}\n", indented(CHECKOUT, 2), as_hook(DEPLOY));
            assert_eq!(found(&[CLAIM, &both, DEPLOY]), ["unapproved-artifact"], "{around} {hook}");
        }
    }
}

#[test]
fn handwritten_version_is_one_version_whatever_a_variable_holds() {
    let of_type = |name: &str, version: &str| {
        let more = format!("resources:\n- {{name: tools, type: {name}, source: {{uri: https://example.com/tools}}}}\n");
        let get = format!("- {{get: tools, version: {version}}}\n");
        let task = DEPLOY.replace("{name: code}", "{name: code}, {name: tools}");
        judged(&by_hand(&[&get, CLAIM, CHECKOUT, &task]).replace("resources:\n", &more))
    };
    for (name, version) in [
        ("git", "{ref: abc}"),
        ("registry-image", "{digest: \"sha256:0\"}"),
        ("s3", "{path: a-1.tgz}"),
        ("pool", "{ref: abc}"),
    ] {
        assert_eq!(of_type(name, version), Vec::<String>::new(), "{name} {version}");
    }
    for (name, version) in [
        ("git", "latest"),
        ("git", "{}"),
        ("git", "{ref: ((ref))}"),
        ("git", "{ref: \"\"}"),
        ("git", "{branch: main}"),
        ("registry-image", "{tag: latest}"),
        ("pool", "{a: b, c: ((d))}"),
    ] {
        assert_eq!(of_type(name, version), ["unapproved-artifact"], "{name} {version}");
    }
}

#[test]
fn handwritten_jobs_take_turns_and_are_no_previews() {
    let put = "{put: pul-qa, no_get: true, inputs: [code], params: {action: update, env: {A: b}}}";
    let job = |name: &str, step: &str| {
        format!("- name: {name}\n  serial_groups: [all]\n  plan:\n  - {{get: code, trigger: true}}\n  - {step}\n")
    };
    let found = |name: &str, step: &str| -> Vec<String> {
        let pipeline = by_puts("", &job(name, step)).replace("  serial: true\n", "  serial_groups: [all]\n");
        judged(&pipeline).into_iter().filter(|rule| rule == "shared-target").collect()
    };
    for name in ["quick", "quick-qa", "apply-qa", "deploy-other-qa"] {
        assert_eq!(found(name, put), ["shared-target"], "{name}");
    }
    // A preview that is the deployment; and one that is none.
    assert_eq!(found("preview-shop-qa", put), ["shared-target"]);
    let preview = put.replace("action: update", "action: update, refresh: true");
    assert_eq!(found("preview-shop-qa", &preview), Vec::<String>::new());
}

#[test]
fn handwritten_job_claims_first() {
    assert_eq!(judged(&by_hand(&[CHECKOUT, DEPLOY, CLAIM])), ["late-claim"]);
}

#[test]
fn handwritten_job_follows_the_gate_and_not_only_passed() {
    let sound = by_hand(&[CLAIM, CHECKOUT, DEPLOY]);
    let follower = |get_gate: &str, checkout: &str| {
        let steps = format!("{get_gate}- {{get: code, passed: [deploy-shop-qa], trigger: true}}\n{checkout}{DEPLOY}");
        format!("{sound}- name: smoke-test\n  plan:\n  {}\n", steps.trim_end().replace('\n', "\n  "))
    };
    assert_eq!(judged(&follower("", "")), ["unapproved-artifact"]);
    let gate = "- {get: gate, resource: ci-trigger, passed: [deploy-shop-qa], trigger: true}\n";
    assert_eq!(judged(&follower(gate, "")), ["unapproved-artifact"]);
    assert_eq!(judged(&follower(gate, CHECKOUT)), Vec::<String>::new());
}

#[test]
fn handwritten_job_gets_the_approved_commit_itself() {
    let approved = "- name: approved-code\n  type: approved-git\n  source:\n    repository: example/ops\n    \
                    gate: shop/-/CI/deployed\n    role: trigger\n    destination: shop/-/QA/deploy\n    \
                    git: {uri: https://github.com/example/shop, branch: main}\n";
    let types = RESOURCES.replace(
        "resources:\n",
        "- {name: approved-git, type: registry-image, source: {repository: example/approved-git, tag: \"0.1.0\"}}\nresources:\n",
    );
    let types = types.split("- name: ci-trigger").next().unwrap().to_owned();
    let claim = CLAIM.replace("[gate]", "[code]").replace("gate/approval.json", "code/.git/approval/approval.json");
    let plan = format!("- {{get: code, resource: approved-code, trigger: true}}\n{claim}{DEPLOY}");
    let after = format!("- {{get: code, resource: approved-code, passed: [deploy-shop-qa], trigger: true}}\n{DEPLOY}");
    let job = |name: &str, plan: &str| {
        format!("- name: {name}\n  serial: true\n  plan:\n  {}\n", plan.trim_end().replace('\n', "\n  "))
    };
    let pipeline = format!("{types}{approved}{CI}{}{}", job("deploy-shop-qa", &plan), job("smoke-test", &after));
    assert_eq!(judged(&pipeline), Vec::<String>::new());
    // What a task puts in its place was not approved.
    let forged = DEPLOY.replace("run:", "outputs: [{name: code}], run:").replace("deploy\n", "build\n");
    let pipeline = format!("{types}{approved}{CI}{}", job("deploy-shop-qa", &plan.replace(DEPLOY, &(forged + DEPLOY))));
    assert_eq!(judged(&pipeline), ["unapproved-artifact"]);
}

#[test]
fn handwritten_gate_has_one_consumer_of_its_stage() {
    let sound = by_hand(&[CLAIM, CHECKOUT, DEPLOY]);
    let other = sound.replace("role: post, destination: shop/-/QA", "role: post, destination: shop/-/Production");
    // The record promotes to another stage, and so does the claim.
    assert_eq!(judged(&other), ["wrong-destination", "wrong-destination"]);
    let (first, second) = sound.split_once("- name: deploy-shop-qa").unwrap();
    let twice = format!("{first}- name: deploy-shop-qa{second}- name: deploy-shop-qa-2{second}");
    assert_eq!(judged(&twice), ["shared-gate"]);
}

#[test]
fn handwritten_pipeline_does_not_set_itself() {
    let sound = by_hand(&[CLAIM, CHECKOUT, DEPLOY]);
    let job = "- name: set\n  plan: [{get: code, trigger: true}, {set_pipeline: self, file: code/ci.yml}]\n";
    assert_eq!(judged(&format!("{sound}{job}")), ["set-pipeline-past-gate"]);
    // Without a gate there is nothing to lose.
    assert_eq!(
        judged(&format!("resources:\n- {{name: code, type: git, source: {{uri: a}}}}\njobs:\n{job}")),
        Vec::<String>::new()
    );
}

#[test]
fn environment_of_a_handwritten_job_is_named_or_guessed() {
    let pipeline = by_hand(&[CLAIM, CHECKOUT, DEPLOY]);
    let work = Work::new().file("shop.yml", &pipeline);
    assert_snapshot!(work.run(&["validate", "shop.yml"]).fine(), @"
    shop.yml: guessed from names: deploy-shop-qa deploys to qa; to name it, use --target JOB=ENVIRONMENT
    1 file: nothing wrong
    ");
    // A name that tells nothing.
    let unknown = pipeline.replace("- name: deploy-shop-qa", "- name: ship");
    work.write("shop.yml", &unknown);
    assert_snapshot!(work.run(&["validate", "shop.yml"]).fine(), @"
    shop.yml: target and destination not judged: ship; to name it, use --target JOB=ENVIRONMENT
    1 file: nothing wrong
    ");
    assert_eq!(work.run(&["validate", "--target", "ship=QA", "shop.yml"]).fine(), "1 file: nothing wrong\n");
    assert_eq!(work.run(&["validate", "--quiet", "shop.yml"]).fine(), "");
    let ran = work.run(&["validate", "--target", "ship=Production", "shop.yml"]).ended(0);
    assert!(
        ran.stderr.contains("the job deploys to Production, and takes approvals for `shop/-/QA/deploy`"),
        "{}",
        ran.stderr
    );
    // Two jobs that deploy to one environment are behind one gate.
    let ran = work.run(&["validate", "--target", "ship=QA", "--target", "deploy-shop-ci=QA", "shop.yml"]).ended(0);
    assert!(
        ran.stderr.contains(
            "the job `deploy-shop-ci` deploys `QA of shop`, which the job `ship` deploys behind another gate"
        ),
        "{}",
        ran.stderr
    );
    work.run(&["validate", "--target", "ship", "shop.yml"]).ended(2);
    // The stage, as the gate writes it.
    assert_eq!(
        work.run(&["validate", "--target", "ship=shop/-/QA/deploy", "shop.yml"]).fine(),
        "1 file: nothing wrong\n"
    );
    let told = work.run(&["validate", "--target", "shop=QA", "shop.yml"]).ended(2).stderr;
    assert!(told.contains("names the job `shop`, which is in no pipeline of this run; did you mean `ship`?"), "{told}");
    // What is named is compared with what is guessed.
    let night = "- name: nightly\n  plan: [{get: code, trigger: true}, {task: x, file: code/other.yml}]\n";
    work.write("shop.yml", &format!("{pipeline}{night}"));
    for environment in ["qa", "QA", "shop/-/QA/deploy"] {
        let target = format!("nightly={environment}");
        let told = work.run(&["validate", "--target", &target, "shop.yml"]).ended(0).stderr;
        assert!(told.contains("which the job `deploy-shop-qa` deploys behind another gate"), "{told}");
    }
}

#[test]
fn first_stage_deploys_what_it_records() {
    let printed = report(&format!(
        "project: shop\nenvironments: [CI, Production]\n{SCRIPT}overrides:\n  CI:\n    before:\n    - task: patch\n      \
         config: {{platform: linux, outputs: [{{name: shop-shop}}], run: {{path: sh}}}}\n"
    ));
    assert_snapshot!(printed, @"
    error[step-past-gate]: the step replaces the artifact `shop-shop`, whose version an issue names
     --> projects/shop.yml:7:7
      |
    7 |     - task: patch
      |       ^^^^^^^^^^^
      |
      = note: in the deploy of `shop` CI
      = help: give the artifact another name

    error: 1 error in 1 file; nothing was written
    ");
    let forged = CI.replace("run: {path: code/deploy}", "outputs: [{name: code}], run: {path: code/deploy}");
    let sound = by_hand(&[CLAIM, CHECKOUT, DEPLOY]);
    assert_eq!(judged(&sound.replace(CI, &forged)), ["unapproved-artifact"]);
}

#[test]
fn handwritten_claim_is_before_the_deployment_whatever_happens() {
    let late = |steps: &[&str]| assert_eq!(judged(&by_hand(steps)), ["late-claim"], "{steps:?}");
    late(&[&within("try", CLAIM), CHECKOUT, DEPLOY]);
    let beside = format!("- in_parallel:\n  {}\n", format!("{CLAIM}{DEPLOY}").trim_end().replace('\n', "\n  "));
    late(&[CHECKOUT, &beside]);
    late(&[
        &CLAIM.replace("  no_get: true", "  across: [{var: x, values: ((values))}]\n  no_get: true"),
        CHECKOUT,
        DEPLOY,
    ]);
    for name in ["on_failure", "on_error", "on_abort", "ensure"] {
        let hooked = hook("- load_var: x\n  file: gate/ref\n", name, CLAIM);
        late(&[&hooked, CHECKOUT, DEPLOY]);
    }
    // The hook of a job runs after a failed claim, too.
    let failing = format!(
        "{}  on_failure:\n    {}\n",
        by_hand(&[CLAIM, CHECKOUT, DEPLOY]),
        DEPLOY[2..].trim_end().replace('\n', "\n  ")
    );
    assert_eq!(judged(&failing), ["late-claim"]);
    // These wait for the claim.
    for steps in [
        vec![within("try", &format!("{CLAIM}{CHECKOUT}{DEPLOY}"))],
        vec![hook("- load_var: x\n  file: gate/ref\n", "on_success", CLAIM), CHECKOUT.to_owned(), DEPLOY.to_owned()],
        vec![hook(CLAIM, "on_success", &format!("{CHECKOUT}{DEPLOY}"))],
    ] {
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        assert_eq!(judged(&by_hand(&steps)), Vec::<String>::new(), "{steps:?}");
    }
    // A job that does nothing else deploys in its hook.
    let job = by_hand(&[CLAIM, CHECKOUT]);
    let hooked = format!("{job}  ensure:\n    {}\n", DEPLOY[2..].trim_end().replace('\n', "\n  "));
    assert_eq!(judged(&hooked), ["late-claim"]);
    // A hook that tells people deploys nothing.
    let printed = "- task: tell\n  config: {platform: linux, run: {path: curl}}\n";
    let hooked = format!(
        "{}  on_failure:\n    {}\n",
        by_hand(&[CLAIM, CHECKOUT, DEPLOY]),
        printed[2..].trim_end().replace('\n', "\n  ")
    );
    assert_eq!(judged(&hooked), Vec::<String>::new());
}

#[test]
fn handwritten_job_claims_the_approval_that_it_takes() {
    let other = RESOURCES.to_owned()
        + "- {name: other-post, type: github-issues, source: {repository: example/ops, gate: shop/-/QA/deployed, role: post, \
           destination: shop/-/QA/deploy}}\n";
    let pipeline = by_hand(&[&CLAIM.replace("ci-post", "other-post"), CHECKOUT, DEPLOY]).replace(RESOURCES, &other);
    assert!(judged(&pipeline).contains(&"unpinned-approval".to_owned()), "{:?}", judged(&pipeline));
}

#[test]
fn handwritten_checkout_happens_before_the_deployment() {
    let idle = CHECKOUT.replace("    params: {CODE: code, CHECKOUT: code}\n", "");
    assert_eq!(judged(&by_hand(&[CLAIM, &idle, DEPLOY])), ["unapproved-artifact"]);
    let empty = CHECKOUT.replace("CHECKOUT: code", "CHECKOUT: \"\"");
    assert_eq!(judged(&by_hand(&[CLAIM, &empty, DEPLOY])), ["unapproved-artifact"]);
    let other = CHECKOUT.replace("CHECKOUT: code", "CHECKOUT: other");
    assert_eq!(judged(&by_hand(&[CLAIM, &other, DEPLOY])), ["unapproved-artifact"]);
    // The step's own parameters win.
    let of_step = format!("{CHECKOUT}  params: {{CHECKOUT: \"\"}}\n");
    assert_eq!(judged(&by_hand(&[CLAIM, &of_step, DEPLOY])), ["unapproved-artifact"]);
    let late = |steps: &[&str]| assert_eq!(judged(&by_hand(steps)), ["unapproved-artifact"], "{steps:?}");
    late(&[CLAIM, DEPLOY, CHECKOUT]);
    late(&[CLAIM, &within("try", CHECKOUT), DEPLOY]);
    let beside = format!("- in_parallel:\n  {}\n", format!("{CHECKOUT}{DEPLOY}").trim_end().replace('\n', "\n  "));
    late(&[CLAIM, &beside]);
}

#[test]
fn handwritten_gate_names_versions_and_stage_and_runs_one_build() {
    let sound = by_hand(&[CLAIM, CHECKOUT, DEPLOY]);
    for pins in [", pins: {}", ""] {
        let pipeline = sound.replace(", pins: {code: code/.git/ref}", pins);
        assert_eq!(judged(&pipeline), ["unpinned-approval"], "{pins}");
    }
    let pipeline = sound.replace("role: trigger, destination: shop/-/QA/deploy", "role: trigger");
    assert_eq!(judged(&pipeline), ["wrong-destination"]);
    let (first, second) = sound.split_once("- name: deploy-shop-qa\n  serial: true\n").unwrap();
    assert_eq!(judged(&format!("{first}- name: deploy-shop-qa\n{second}")), ["parallel-deployment"]);
    for one in ["serial: true", "max_in_flight: 1"] {
        assert_eq!(judged(&format!("{first}- name: deploy-shop-qa\n  {one}\n{second}")), Vec::<String>::new(), "{one}");
    }
}

#[test]
fn handwritten_timer_does_what_a_gated_job_does() {
    let sound = by_hand(&[CLAIM, CHECKOUT, &DEPLOY.replace("code/deploy}", "code/deploy, args: [QA]}")]);
    let night = |step: &str| {
        let clock = "resources:\n- {name: night, type: time, source: {interval: 24h}}\n";
        let job = format!(
            "- name: nightly\n  plan:\n  - {{get: night, trigger: true}}\n  - get: code\n  {}\n",
            step.trim_end().replace('\n', "\n  ")
        );
        format!("{}{job}", sound.replace("resources:\n", clock))
    };
    assert_eq!(judged(&night(&DEPLOY.replace("code/deploy}", "code/deploy, args: [QA]}"))), ["shared-target"]);
    // The first stage does it, too; and another task is another thing.
    assert_eq!(judged(&night(DEPLOY)), Vec::<String>::new());
    assert_eq!(judged(&night(&DEPLOY.replace("code/deploy}", "code/deploy, args: [audit]}"))), Vec::<String>::new());
}

#[test]
fn handwritten_record_is_of_a_deployment_that_succeeded() {
    let sound = by_hand(&[CLAIM, CHECKOUT, DEPLOY]);
    let at = CI.find("  - put: ci-post").unwrap();
    let record = CI[at..].replace("  - put", "    put");
    for (hook, rules) in
        [("on_success", vec![]), ("ensure", vec!["failed-record"]), ("on_failure", vec!["failed-record"])]
    {
        let job = format!("{}  {hook}:\n{record}", &CI[..at]);
        assert_eq!(judged(&sound.replace(CI, &job)), rules, "{job}");
    }
    // Before the deployment, or beside it.
    let (head, task) = CI[..at].split_at(CI.find("  - task: deploy").unwrap());
    let record = &CI[at..];
    let deeper = |step: &str| step.lines().map(|line| format!("    {line}\n")).collect::<String>();
    for job in [
        format!("{head}{record}{task}"),
        format!("{head}  - in_parallel:\n{}{}", deeper(task), deeper(record)),
        format!("{head}  - try:\n{}{record}", deeper(task).replacen("- ", "  ", 1)),
    ] {
        assert_eq!(judged(&sound.replace(CI, &job)), ["failed-record"], "{job}");
    }
}

/// A handwritten pipeline that deploys by puts, with more steps in the job before the gate and more jobs.
fn by_puts(in_ci: &str, more: &str) -> String {
    let types = RESOURCES.replace(
        "resources:\n",
        "- {name: pulumi, type: registry-image, source: {repository: example/pulumi, tag: \"1\"}}\nresources:\n\
         - {name: pul-qa, type: pulumi, source: {project_name: shop, stack_name: QA}}\n\
         - {name: also-qa, type: pulumi, source: {stack_name: QA, project_name: shop}}\n\
         - {name: pul-ci, type: pulumi, source: {project_name: shop, stack_name: CI}}\n\
         - {name: alerts, type: slack-notification, source: {url: ((slack.url))}}\n",
    );
    let put = "- {put: pul-qa, no_get: true, inputs: [code], params: {action: update, env: {A: b}}}\n\
               - {put: alerts, no_get: true, inputs: [code], params: {channel: \"#ops\"}}\n";
    let sound = by_hand(&[CLAIM, CHECKOUT, put]).replace(RESOURCES, &types);
    let (before, gated) = sound.split_once("- name: deploy-shop-qa").unwrap();
    format!("{before}{in_ci}- name: deploy-shop-qa{gated}{more}")
}

#[test]
fn handwritten_job_puts_without_an_approval_to_what_a_gated_job_puts_to() {
    let put = "{put: pul-qa, no_get: true, inputs: [code], params: {action: update, env: {A: b}}}";
    let job = |name: &str, step: &str| {
        format!("- name: {name}\n  serial: true\n  plan:\n  - {{get: code, trigger: true}}\n  - {step}\n")
    };
    let found = |pipeline: &str| -> Vec<String> {
        judged(pipeline)
            .into_iter()
            .filter(|rule| !matches!(rule.as_str(), "unused-resource" | "unknown-resource-type"))
            .collect()
    };
    assert_eq!(found(&by_puts("", "")), Vec::<String>::new());
    for name in ["nightly", "hotfix", "release", "update-qa", "deploy-x"] {
        assert_eq!(found(&by_puts("", &job(name, put))), ["shared-target"], "{name}");
    }
    for step in [
        "{put: also-qa, no_get: true, inputs: [code], params: {action: update}}",
        "{put: pul-qa, no_get: true, inputs: [code], params: {action: destroy}}",
        "{put: pul-qa, no_get: true, inputs: [code], params: {action: update, refresh: true}}",
        "{put: pul-qa, no_get: true, inputs: [code]}",
        "{try: {put: pul-qa, no_get: true, inputs: [code], params: {action: update}}}",
        "{in_parallel: [{put: pul-qa, no_get: true, inputs: [code], params: {action: update}}]}",
        "{put: pul-ci, no_get: true, inputs: [code], ensure: {put: pul-qa, no_get: true, inputs: [code]}}",
        "{put: pul-ci, no_get: true, inputs: [code], on_success: {put: pul-qa, no_get: true, inputs: [code]}}",
    ] {
        assert_eq!(found(&by_puts("", &job("nightly", step))), ["shared-target"], "{step}");
    }
    // A variable of the tool goes before the param, and one of Concourse can hold any name.
    for params in ["stack_name: CI, env: {PULUMI_STACK: QA}", "stack_name: ((hotfix))", "stack_name: ((hotfix.stack))"]
    {
        let step = format!("{{put: pul-qa, no_get: true, inputs: [code], params: {{{params}}}}}");
        assert_eq!(found(&by_puts("", &job("nightly", &step))), ["shared-target"], "{params}");
    }
    // The newest code, beside an approval that nothing uses.
    let follower = "- name: again\n  serial: true\n  plan:\n  - {get: code}\n  \
                    - {get: gate, resource: ci-trigger, passed: [deploy-shop-qa], trigger: true}\n  - ";
    for put in ["{put: pul-qa, no_get: true}", "{put: pul-qa, no_get: true, inputs: all}"] {
        let found = found(&by_puts("", &format!("{follower}{put}\n")));
        assert_eq!(found, ["unapproved-artifact", "shared-target"], "{put}");
    }
    // The job before the gate deploys what is behind it, too.
    assert_eq!(found(&by_puts(&format!("  - {put}\n"), "")), ["shared-target"]);
    assert_eq!(found(&by_puts(&format!("  on_success: {put}\n"), "")), ["shared-target"]);
    // Another stack, a preview, a message, and what the approved version passed.
    for step in [
        "{put: pul-ci, no_get: true, inputs: [code], params: {action: update}}",
        "{put: pul-ci, no_get: true, inputs: [code], params: {env: {PULUMI_STACK: CI}}}",
        "{put: pul-qa, no_get: true, inputs: [code], params: {stack_name: ((ci.stack))}}",
        "{put: pul-qa, no_get: true, inputs: [code], params: {action: preview}}",
        "{put: pul-qa, no_get: true, inputs: [code], params: {action: update, preview: true}}",
        "{put: pul-qa, no_get: true, inputs: [code], params: {action: update, env: {A: c}}}",
        "{put: alerts, no_get: true, inputs: [code], params: {channel: \"#ops\"}}",
    ] {
        assert_eq!(found(&by_puts("", &job("nightly", step))), Vec::<String>::new(), "{step}");
    }
}

#[test]
fn handwritten_task_runs_without_an_approval_and_behind_a_gate() {
    let task = |stage: &str| format!("- {{task: deploy, file: code/deploy.yml, params: {{STAGE: {stage}}}}}\n");
    let pipeline = |more: &str| {
        let sound = by_hand(&[CLAIM, CHECKOUT, &task("QA")]).replace(DEPLOY, &task("CI"));
        sound.replace(
            "  - task: deploy\n    config: {platform: linux, inputs: [{name: code}], run: {path: code/deploy}}\n",
            &format!("  {}", task("CI")),
        ) + more
    };
    let job = |steps: &str| format!("- name: nightly\n  plan:\n  - {{get: code, trigger: true}}\n  {steps}");
    assert_eq!(judged(&pipeline("")), Vec::<String>::new());
    assert_eq!(judged(&pipeline(&job(&task("QA")))), ["shared-target"]);
    assert_eq!(
        judged(&pipeline(&job("- {task: x, file: code/deploy.yml, params: {VERBOSE: 1, STAGE: QA}}\n"))),
        ["shared-target"]
    );
    // What the first stage runs, and what names another stage.
    assert_eq!(judged(&pipeline(&job(&task("CI")))), Vec::<String>::new());
    assert_eq!(judged(&pipeline(&job(&task("Nightly")))), Vec::<String>::new());
}

/// A handwritten pipeline whose stages run a task each, and a job without a gate that does these steps. `{stage}` in the task is
/// the stage.
fn by_tasks(task: &str, steps: &str) -> String {
    let of = |stage: &str| task.replace("{stage}", stage);
    let sound = by_hand(&[CLAIM, CHECKOUT, &of("QA")]);
    let ci = format!("  {}\n", of("CI").trim_end().replace('\n', "\n  "));
    let at = CI.find("  - task: deploy").unwrap()..CI.find("  - put: ci-post").unwrap();
    let sound = sound.replace(&CI[at], &ci);
    if steps.is_empty() {
        return sound;
    }
    format!("{sound}- name: nightly\n  plan:\n  {}\n", steps.trim_end().replace('\n', "\n  "))
}

const GET: &str = "- {get: code, trigger: true}\n";

#[test]
fn handwritten_target_is_known_whatever_else_differs() {
    let task = |shell: &str, params: &str| {
        format!(
            "- task: deploy\n  config: {{platform: linux, inputs: [{{name: code}}], params: {{{params}}}, \
             run: {{path: {shell}, args: [-c, \"cd \\\"$CODE\\\" && ./deploy\"]}}}}\n"
        )
    };
    let gated = task("sh", "STACK: \"{stage}\", CODE: code, LOG_LEVEL: info, IMAGE_TAG: v1");
    assert_eq!(judged(&by_tasks(&gated, "")), Vec::<String>::new());
    let night = |step: &str| judged(&by_tasks(&gated, &format!("{GET}{step}")));
    for (shell, params) in [
        ("sh", "STACK: QA, CODE: code, LOG_LEVEL: debug, IMAGE_TAG: v1"),
        ("sh", "STACK: QA, CODE: code, LOG_LEVEL: info, IMAGE_TAG: v2"),
        ("sh", "STACK: qa, MORE: x"),
        ("/bin/sh", "STACK: QA, CODE: code"),
        ("/usr/bin/bash", "STACK: example/shop/QA"),
    ] {
        assert_eq!(night(&task(shell, params)), ["shared-target"], "{shell} {params}");
    }
    // Files of variables do not say which stack it is.
    let files =
        |stage: &str| format!("STACK: \"{stage}\", CODE: code, VAR_FILE: {stage}.tfvars, VALUES_FILES: {stage}.yml");
    let gated_by_files = task("sh", &files("{stage}"));
    let night_by_files = |params: &str| judged(&by_tasks(&gated_by_files, &format!("{GET}{}", task("sh", params))));
    assert_eq!(judged(&by_tasks(&gated_by_files, "")), Vec::<String>::new());
    assert_eq!(night_by_files("STACK: QA, CODE: code, VAR_FILE: CI.tfvars"), ["shared-target"]);
    assert_eq!(night_by_files("STACK: nightly, CODE: code, VAR_FILE: QA.tfvars"), Vec::<String>::new());
    // The code has another name.
    let renamed = task("sh", "STACK: QA, CODE: src").replace("name: code", "name: src");
    let steps = format!("- {{get: src, resource: code, trigger: true}}\n{renamed}");
    assert_eq!(judged(&by_tasks(&gated, &steps)), ["shared-target"]);
    // Another stack, another thing of the stack, and another script.
    for params in ["STACK: nightly, CODE: code", "STACK: QA, APP: other"] {
        let gated = gated.replace("CODE: code", "CODE: code, APP: shop");
        let steps = format!("{GET}{}", task("sh", params));
        assert_eq!(judged(&by_tasks(&gated, &steps)), Vec::<String>::new(), "{params}");
    }
    assert_eq!(night(&task("sh", "STACK: QA").replace("./deploy", "./audit")), Vec::<String>::new());
}

#[test]
fn handwritten_task_that_is_said_to_fetch_and_is_all_of_the_job_deploys() {
    let task = |file: &str, stage: &str| {
        format!("- {{task: run, file: code/ci/{file}.yml, params: {{STAGE: \"{stage}\"}}}}\n")
    };
    for file in ["fetch-and-deploy", "get-it-out", "login"] {
        let pipeline = by_tasks(&task(file, "{stage}"), &format!("{GET}{}", task(file, "QA")));
        assert_eq!(judged(&pipeline), ["shared-target"], "{file}");
    }
    // What comes before the deployment of both jobs deploys nothing.
    let both = task("login", "{stage}") + &task("deploy", "{stage}");
    let steps = format!("{GET}{}{}", task("login", "QA"), task("audit", "QA"));
    assert_eq!(judged(&by_tasks(&both, &steps)), Vec::<String>::new());
}

#[test]
fn handwritten_put_to_a_resource_with_one_more_key_deploys_the_same() {
    let job =
        "- name: nightly\n  plan:\n  - {get: code, trigger: true}\n  - {put: other, no_get: true, inputs: [code]}\n";
    let with = |source: &str| {
        let resource = format!("resources:\n- {{name: other, type: pulumi, source: {{{source}}}}}\n");
        let found = judged(&by_puts("", job).replacen("resources:\n", &resource, 1));
        found.iter().filter(|rule| *rule == "shared-target").count()
    };
    assert_eq!(with("project_name: shop, stack_name: QA, zz: 1"), 1);
    assert_eq!(with("project_name: shop, stack_name: example/shop/QA, zz: 1"), 1);
    assert_eq!(with("project_name: cart, stack_name: QA, zz: 1"), 0);
    assert_eq!(with("project_name: shop, stack_name: nightly, zz: 1"), 0);
}

#[test]
fn handwritten_job_before_the_gate_runs_the_task_of_the_stage_behind_it() {
    let task = "- {task: deploy, file: code/deploy.yml, params: {STAGE: \"{stage}\"}}\n";
    let of_qa = task.replace("{stage}", "QA");
    let sound = by_tasks(task, "");
    assert_eq!(judged(&sound), Vec::<String>::new());
    let ci = format!("  {}", task.replace("{stage}", "CI"));
    // Beside its own, and in its place.
    for steps in [format!("{ci}  {of_qa}"), format!("  {of_qa}")] {
        assert_eq!(judged(&sound.replace(&ci, &steps)), ["shared-target"], "{steps}");
    }
    // In a job before it.
    let unit = format!("jobs:\n- name: unit\n  plan:\n  {}", format!("{GET}{of_qa}").trim_end().replace('\n', "\n  "));
    let before = sound.replacen("{get: code, trigger: true}", "{get: code, trigger: true, passed: [unit]}", 1);
    assert_eq!(judged(&before.replace("jobs:", &unit)), ["shared-target"]);
    // The same test in both names no stage.
    let test = "- {task: test, file: code/test.yml, params: {SUITE: all}}\n";
    assert_eq!(judged(&by_tasks(&format!("{test}{task}"), &format!("{GET}{test}"))), Vec::<String>::new());
}

/// A handwritten pipeline with a stage behind each of two gates, which runs these tasks.
fn by_two_gates(qa: &str, production: &str) -> String {
    let task = "- {task: deploy, file: code/deploy.yml, params: {STAGE: \"{stage}\"}}\n";
    let record = "- put: qa-post\n  no_get: true\n  inputs: [code]\n  \
                  params: {action: record, title: shop QA deployed., pins: {code: code/.git/ref}}\n";
    let gate = "resources:\n\
                - {name: qa-post, type: github-issues, source: {repository: example/ops, gate: shop/-/QA/deployed, role: post, destination: shop/-/Production/deploy}}\n\
                - {name: qa-trigger, type: github-issues, source: {repository: example/ops, gate: shop/-/QA/deployed, role: trigger, destination: shop/-/Production/deploy}}\n";
    let of = |stages: &str| stages.split_whitespace().map(|stage| task.replace("{stage}", stage)).collect::<String>();
    let first = by_hand(&[CLAIM, CHECKOUT, &of(qa), record]).replace("resources:\n", gate);
    let plan = format!(
        "- {{get: gate, resource: qa-trigger, trigger: true}}\n- {{get: code, passed: [deploy-shop-qa]}}\n{}{CHECKOUT}{}",
        CLAIM.replace("ci-post", "qa-post"),
        of(production)
    );
    format!(
        "{first}- name: deploy-shop-production\n  serial: true\n  plan:\n  {}\n",
        plan.trim_end().replace('\n', "\n  ")
    )
}

#[test]
fn handwritten_stage_runs_the_task_of_another_stage() {
    assert_eq!(judged(&by_two_gates("QA", "Production")), Vec::<String>::new());
    assert_eq!(judged(&by_two_gates("QA Production", "Production")), ["shared-target"]);
    // They have changed places.
    let swapped = by_two_gates("Production", "QA");
    assert_eq!(judged(&swapped), ["shared-target", "shared-target"]);
    // Also where the first job is in another file.
    let gated = swapped.replace(
        &swapped[swapped.find("- name: deploy-shop-ci").unwrap()..swapped.find("- name: deploy-shop-qa").unwrap()],
        "",
    );
    let gated = gated.replace(", passed: [deploy-shop-ci]", "");
    assert_eq!(judged(&gated).iter().filter(|rule| *rule == "shared-target").count(), 2);
    // Both run one test, which names no stage of a gate.
    assert_eq!(judged(&by_two_gates("sandbox QA", "sandbox Production")), Vec::<String>::new());
}

#[test]
fn handwritten_step_runs_across_values() {
    let put = |values: &str, stack: &str| {
        let across = format!("across: [{{var: s, values: {values}}}]");
        let put = format!("{{put: pul, no_get: true, inputs: [code], params: {{stack_name: {stack}}}, {across}}}");
        let found = judged(&across_puts(&format!("  - {put}\n")));
        found.iter().filter(|rule| *rule == "shared-target").count()
    };
    assert_eq!(put("[CI, QA]", "((.:s))"), 1);
    assert_eq!(put("[CI, QA]", "\"(( .:s ))\""), 1);
    assert_eq!(put("[{name: QA}]", "((.:s.name))"), 1);
    // It could be anything.
    assert_eq!(put("((stacks))", "((.:s))"), 1);
    assert_eq!(put("[CI, ((stack))]", "((.:s))"), 1);
    assert_eq!(put("[CI, Dev]", "((.:s))"), 0);
    assert_eq!(put("[QA]", "CI"), 0);
    // Around it, and in a task.
    let within = "  - do: [{put: pul, no_get: true, inputs: [code], params: {stack_name: ((.:s))}}]\n    across: [{var: s, values: [QA]}]\n";
    assert!(judged(&across_puts(within)).contains(&"shared-target".to_owned()));
    let task = "- {task: deploy, file: code/deploy.yml, params: {STAGE: \"{stage}\"}}\n";
    let across = "- {task: x, file: code/deploy.yml, params: {STAGE: ((.:s))}, across: [{var: s, values: [CI, QA]}]}\n";
    assert_eq!(judged(&by_tasks(task, &format!("{GET}{across}"))), ["shared-target"]);
    let file = "- {task: x, file: \"code/((.:s)).yml\", across: [{var: s, values: [deploy]}]}\n";
    let deploy = "- {task: deploy, file: code/deploy.yml, params: {REGION: x}}\n";
    let gated = by_hand(&[CLAIM, CHECKOUT, deploy]);
    let job = format!("- name: nightly\n  plan:\n  {}\n", format!("{GET}{file}").trim_end().replace('\n', "\n  "));
    assert_eq!(judged(&(gated + &job)), ["shared-target"]);
}

/// A handwritten pipeline that deploys one resource by the name of the stack, with more steps in its first job.
fn across_puts(in_ci: &str) -> String {
    let types = RESOURCES.replace(
        "resources:\n",
        "- {name: pulumi, type: registry-image, source: {repository: example/pulumi, tag: \"1\"}}\nresources:\n\
         - {name: pul, type: pulumi, source: {project_name: shop}}\n",
    );
    let put = "- {put: pul, no_get: true, inputs: [code], params: {stack_name: QA}}\n";
    let sound = by_hand(&[CLAIM, CHECKOUT, put]).replace(RESOURCES, &types);
    let (before, gated) = sound.split_once("- name: deploy-shop-qa").unwrap();
    format!("{before}{in_ci}- name: deploy-shop-qa{gated}")
}

#[test]
fn handwritten_task_file_has_many_names() {
    let gated = "- {task: migrate, file: code/ci/migrate.yml, params: {REGION: \"{stage}\"}}\n".replace("{stage}", "x");
    let sound = by_hand(&[CLAIM, CHECKOUT, &gated]);
    let night = |get: &str, file: &str| {
        let more = "resources:\n- {name: other, type: git, source: {uri: https://github.com/example/other}}\n";
        let sound = if get.contains("other") { sound.replace("resources:\n", more) } else { sound.clone() };
        judged(&format!("{sound}- name: tidy\n  plan:\n  - {get}\n  - {{task: m, file: {file}}}\n"))
    };
    let code = "{get: code, trigger: true}";
    for (get, file) in [
        (code, "code/ci/migrate.yml"),
        (code, "code/./ci//migrate.yml"),
        (code, "code/x/../ci/migrate.yml"),
        ("{get: src, resource: code, trigger: true}", "src/ci/migrate.yml"),
    ] {
        assert_eq!(night(get, file), ["shared-target"], "{file}");
    }
    assert_eq!(night(code, "code/ci/test.yml"), Vec::<String>::new());
    // The same path in another repository.
    assert_eq!(night("{get: code, resource: other, trigger: true}", "code/ci/migrate.yml"), Vec::<String>::new());
}

#[test]
fn handwritten_resource_is_called_notify_or_lock() {
    let put = |name: &str, of: &str| {
        let resource = format!("resources:\n- {{name: {name}, type: {of}}}\n");
        let job = format!(
            "- name: tell\n  plan:\n  - {{get: code, trigger: true}}\n  - {{put: {name}, no_get: true, inputs: [code]}}\n"
        );
        let found = judged(&by_puts("", &job).replacen("resources:\n", &resource, 1));
        found.iter().filter(|rule| *rule == "shared-target").count()
    };
    for name in ["slack-notify", "lock", "pulumi-status"] {
        assert_eq!(put(name, "pulumi, source: {project_name: shop, stack_name: QA}"), 1, "{name}");
        assert_eq!(put(name, "pulumi, source: {project_name: locks, stack_name: QA}"), 0, "{name}");
    }
    // What tells people is told behind the gate, too.
    assert_eq!(put("alerts-2", "slack-notification, source: {url: ((slack.url))}"), 0);
}

#[test]
fn handwritten_former_names_are_nobodys_today() {
    let with = |aliases: &str, former: &str| {
        let fields = format!("role: trigger, gate_aliases: [{aliases}], former_destinations: [{former}]");
        by_two_gates("QA", "Production")
            .replace("gate: shop/-/QA/deployed, role: trigger", &format!("gate: shop/-/QA/deployed, {fields}"))
    };
    assert_eq!(judged(&with("old/-/QA/deployed", "old/-/Production/deploy")), Vec::<String>::new());
    assert_eq!(judged(&with("shop/-/CI/deployed", "old/-/Production/deploy")), ["gate-collision"]);
    assert_eq!(judged(&with("old/-/QA/deployed", "shop/-/QA/deploy")), ["gate-collision"]);
    // Two have had one name.
    let both = |aliases: &str, former: &str| {
        with("old/-/QA/deployed", "old/-/QA/deploy").replace(
            "gate: shop/-/CI/deployed, role: trigger",
            &format!(
                "gate: shop/-/CI/deployed, role: trigger, gate_aliases: [{aliases}], former_destinations: [{former}]"
            ),
        )
    };
    assert_eq!(judged(&both("old/-/CI/deployed", "old/-/CI/deploy")), Vec::<String>::new());
    assert_eq!(judged(&both("old/-/QA/deployed", "old/-/CI/deploy")), ["gate-collision"]);
    assert_eq!(judged(&both("old/-/CI/deployed", "old/-/QA/deploy")), ["gate-collision"]);
    for (pipeline, message) in [
        (
            with("shop/-/CI/deployed", ""),
            "`shop/-/CI/deployed` is a former name of the gate `shop/-/QA/deployed`, and the name of a gate today",
        ),
        (
            with("", "shop/-/QA/deploy"),
            "`shop/-/QA/deploy` is a former name of the stage `shop/-/Production/deploy`, and the name of a stage today",
        ),
        (
            both("", "old/-/QA/deploy"),
            "the stages `shop/-/QA/deploy` and `shop/-/Production/deploy` have the same former name `old/-/QA/deploy`",
        ),
    ] {
        let work = Work::new().file("shop.yml", &pipeline);
        for command in ["validate", "verify"] {
            let told = work.run(&[command, "shop.yml"]).ended(1).stderr;
            assert!(told.contains(&format!("error[gate-collision]: {message}")), "{command}: {told}");
        }
    }
}

#[test]
fn handwritten_claim_takes_the_file_that_its_get_wrote() {
    for file in ["./gate//approval.json", "gate/approval.json"] {
        let claim = CLAIM.replace("gate/approval.json", file);
        assert_eq!(judged(&by_hand(&[&claim, CHECKOUT, DEPLOY])), Vec::<String>::new(), "{file}");
    }
    for file in ["code/ops/approval.json", "gate/x/approval.json", "((file))"] {
        let claim = CLAIM.replace("approval: gate/approval.json", &format!("approval: {file}"));
        assert_eq!(judged(&by_hand(&[&claim, CHECKOUT, DEPLOY])), ["unpinned-approval"], "{file}");
    }
    let claim = CLAIM.replace("gate/approval.json", "code/approval.json");
    let work = Work::new().file("shop.yml", &by_hand(&[&claim, CHECKOUT, DEPLOY]));
    for command in ["validate", "verify"] {
        let told = work.run(&[command, "shop.yml"]).stderr;
        assert!(
            told.contains("the claim takes `code/approval.json`, which the get of the approval does not write"),
            "{told}"
        );
        assert!(told.contains("= help: write `approval: gate/approval.json`"), "{told}");
    }
}

#[test]
fn handwritten_artifact_takes_the_folder_of_approved_code() {
    let make = "- task: make\n  config: {platform: linux, outputs: [{name: zz}], run: {path: sh, args: [-c, clone]}}\n";
    let deploy = |input: &str, mapping: &str| {
        format!(
            "- task: deploy\n  config: {{platform: linux, inputs: [{input}], run: {{path: code/deploy}}}}\n{mapping}"
        )
    };
    let mapped = "  input_mapping: {code: zz}\n";
    for step in [
        deploy("{name: code}", mapped),
        deploy("{name: zz, path: code}", ""),
        deploy("{name: code}, {name: zz, path: code/bin}", ""),
        format!("- task: deploy\n  file: code/deploy.yml\n{mapped}"),
    ] {
        assert_eq!(judged(&by_hand(&[CLAIM, CHECKOUT, make, &step])), ["unapproved-artifact"], "{step}");
    }
    for step in [
        deploy("{name: code}, {name: zz}", ""),
        deploy("{name: tools}, {name: code}", "  input_mapping: {tools: zz}\n"),
    ] {
        assert_eq!(judged(&by_hand(&[CLAIM, CHECKOUT, make, &step])), Vec::<String>::new(), "{step}");
    }
}

#[test]
fn handwritten_pin_is_a_file_that_a_get_writes() {
    let sound = by_hand(&[CLAIM, CHECKOUT, DEPLOY]);
    let with = |pin: &str| sound.replace("pins: {code: code/.git/ref}", &format!("pins: {{code: {pin}}}"));
    for pin in ["code/.git/ref", "code/.git/HEAD", "./code/.git//ref"] {
        assert_eq!(judged(&with(pin)), Vec::<String>::new(), "{pin}");
    }
    for pin in ["code/VERSION", "code/.git/commit_message", "summary/ref", "ref", "((pin))", "code/.git/((file))"] {
        assert_eq!(judged(&with(pin)), ["unrecorded-pin"], "{pin}");
    }
    // An image is known by its digest, a version of another type by any file; and an approval hands versions on.
    let more = "- {name: img, type: registry-image, source: {repository: example/img}}\n- {name: own, type: own, source: {}}\n";
    let with = |pin: &str| {
        let gets = "  - {get: img}\n  - {get: own}\n  - task: deploy";
        let pipeline = sound
            .replacen("  - task: deploy", gets, 1)
            .replace("- {name: ci-post", &format!("{more}- {{name: ci-post"));
        let found = judged(&pipeline.replace("code: code/.git/ref}", &format!("code: code/.git/ref, img: {pin}}}")));
        found.iter().filter(|rule| *rule == "unrecorded-pin").count()
    };
    assert_eq!([with("img/digest"), with("img/repository"), with("made/digest")], [0, 1, 1]);
    // It is the file of the input itself, and not of another one or of what a put fetched.
    assert_eq!([with("own/any"), with("code/.git/ref")], [1, 1]);
    let of_image = |pin: &str| {
        let gets = "  - {get: img}\n  - {put: made, resource: img, params: {image: x}}\n  - task: deploy";
        let pipeline = sound
            .replacen("  - task: deploy", gets, 1)
            .replace("- {name: ci-post", &format!("{more}- {{name: ci-post"))
            .replace("code: code/.git/ref}", &format!("code: {pin}}}"));
        judged(&pipeline).iter().filter(|rule| *rule == "unrecorded-pin").count()
    };
    assert_eq!([of_image("img/digest"), of_image("made/digest"), of_image("code/.git/ref")], [1, 1, 0]);
    // A plan that was made is compared by its content.
    assert_eq!(
        judged(&sound.replace("code: code/.git/ref}", "code: code/.git/ref, plan: made/plan}")),
        Vec::<String>::new()
    );
    let handed = by_two_gates("QA", "Production").replacen(
        "title: shop QA deployed., pins: {code: code/.git/ref}",
        "title: shop QA deployed., pins: {code: gate/pins/code}",
        1,
    );
    assert_eq!(judged(&handed), Vec::<String>::new());
}

#[test]
fn two_handwritten_pipelines_put_to_one_resource() {
    let other = by_puts("", "");
    let other = other.split("jobs:").next().unwrap().to_owned()
        + "jobs:\n- name: hotfix\n  plan:\n  - {get: code, trigger: true}\n  \
           - {put: also-qa, no_get: true, inputs: [code], params: {action: update}}\n";
    let work = Work::new().file("shop.yml", &by_puts("", "")).file("other.yml", &other);
    let ran = work.run(&["validate", "shop.yml", "other.yml"]);
    assert!(
        ran.stderr.contains("`hotfix` needs no approval, and does the same as `deploy-shop-qa`, which waits for one"),
        "{}",
        ran.stderr
    );
}

#[test]
fn handwritten_cache_lies_over_the_approved_code() {
    let with = |cache: &str| {
        let task = format!(
            "- task: deploy\n  config: {{platform: linux, inputs: [{{name: code}}], caches: [{{path: {cache}}}], run: {{path: code/deploy}}}}\n"
        );
        by_hand(&[CLAIM, CHECKOUT, &task])
    };
    for cache in ["code", "code/bin", "./code/node_modules", ".", "code/../code"] {
        assert_eq!(judged(&with(cache)), ["unapproved-artifact"], "{cache}");
    }
    assert_eq!(judged(&with("cache")), Vec::<String>::new());
    assert_eq!(judged(&with("codecache")), Vec::<String>::new());
}

#[test]
fn handwritten_gate_and_script_hold_variables() {
    let sound = by_hand(&[CLAIM, CHECKOUT, DEPLOY]);
    let of_variable =
        judged(&sound.replace("gate: shop/-/CI/deployed, role: trigger", "gate: ((gate)), role: trigger"));
    assert!(of_variable.contains(&"variable-place".to_owned()), "{of_variable:?}");
    let task = "- {task: deploy, file: ((folder))/deploy.yml}\n";
    assert_eq!(judged(&by_hand(&[CLAIM, CHECKOUT, task])), ["unapproved-artifact"]);
}

#[test]
fn handwritten_git_configuration_decides_what_is_cloned_behind_a_gate() {
    let code = "{uri: https://github.com/example/shop, branch: main";
    let with =
        |config: &str| by_hand(&[CLAIM, CHECKOUT, DEPLOY]).replace(code, &format!("{code}, git_config: {config}"));
    for config in [
        "[{name: url.https://mirror.example.com/.insteadOf, value: \"https://github.com/\"}]",
        "[{name: filter.lfs.smudge, value: sed s/old/new/}]",
        "[{name: core.sshCommand, value: ./ssh}]",
        "[{name: core.hooksPath, value: /tmp}]",
        "[{name: core.askPass, value: ./ask}]",
        "[{name: credential.helper, value: \"!./ask\"}]",
        "[{name: protocol.ext.allow, value: always}]",
        "((config))",
    ] {
        assert_eq!(judged(&with(config)), ["variable-place"], "{config}");
        let verified = Work::new().file("shop.yml", &with(config)).run(&["verify", "shop.yml"]);
        assert!(verified.stderr.contains("warning[variable-place]"), "{config}: {}", verified.stderr);
        // Without a gate nobody approved anything.
        let free = with(config).replace("- {get: gate, resource: ci-trigger, trigger: true}\n", "");
        assert!(!judged(&free).contains(&"variable-place".to_owned()), "{config}");
    }
    for config in ["[{name: http.sslVerify, value: \"false\"}]", "[{name: credential.helper, value: store}]"] {
        assert_eq!(judged(&with(config)), Vec::<String>::new(), "{config}");
    }
}

#[test]
fn handwritten_approval_is_of_another_repository() {
    let types = RESOURCES.replace(
        "resources:\n",
        "- {name: approved-git, type: registry-image, source: {repository: example/approved-git, tag: \"0.1.0\"}}\nresources:\n",
    );
    let types = types.split("- name: ci-trigger").next().unwrap().to_owned();
    let claim = CLAIM.replace("[gate]", "[code]").replace("gate/approval.json", "code/.git/approval/approval.json");
    let of = |uri: &str| {
        let approved = format!(
            "- name: approved-code\n  type: approved-git\n  source:\n    repository: example/ops\n    \
             gate: shop/-/CI/deployed\n    role: trigger\n    destination: shop/-/QA/deploy\n    git: {{uri: \"{uri}\", branch: main}}\n"
        );
        let plan = format!("- {{get: code, resource: approved-code, trigger: true}}\n{claim}{DEPLOY}");
        let job =
            format!("- name: deploy-shop-qa\n  serial: true\n  plan:\n  {}\n", plan.trim_end().replace('\n', "\n  "));
        judged(&format!("{types}{approved}{CI}{job}"))
    };
    assert_eq!(of("https://github.com/example/shop"), Vec::<String>::new());
    assert_eq!(of("git@github.com:Example/shop.git"), Vec::<String>::new());
    assert_eq!(of("https://github.com/example/other"), ["foreign-version"]);
}

#[test]
fn handwritten_approval_for_one_stage_deploys_another() {
    let both = by_puts("", "");
    let production = "- name: deploy-shop-production\n  serial: true\n  plan:\n  - {get: gate, resource: qa-trigger, trigger: true}\n  \
                      - {put: qa-post, no_get: true, inputs: [gate], params: {action: claim, approval: gate/approval.json}}\n  \
                      - {put: pul-qa, no_get: true, inputs: [gate], params: {action: update}}\n";
    let gate = "resources:\n- {name: qa-post, type: github-issues, source: {repository: example/ops, gate: shop/-/QA/deployed, role: post, destination: shop/-/Production/deploy}}\n\
                - {name: qa-trigger, type: github-issues, source: {repository: example/ops, gate: shop/-/QA/deployed, role: trigger, destination: shop/-/Production/deploy}}\n";
    let pipeline = both.replace("resources:\n", gate) + production;
    let found = judged(&pipeline);
    assert_eq!(found.iter().filter(|rule| *rule == "shared-target").count(), 2, "{found:?}");
    let apart = pipeline
        .replace("inputs: [gate], params: {action: update}", "inputs: [gate], params: {action: update, stack: other}")
        .replace("params: {action: update, env: {A: b}}", "params: {action: update, stack: qa}");
    assert!(!judged(&apart).contains(&"shared-target".to_owned()));
}

#[test]
fn verify_sees_what_is_done_without_an_approval() {
    let job = "- name: nightly\n  plan:\n  - {get: code, trigger: true}\n  - {put: also-qa, no_get: true, inputs: [code]}\n  \
               - {put: pul-ci, no_get: true, inputs: [code]}\n";
    let work = Work::new().file("shop.yml", &by_puts("", job));
    let told = work.run(&["verify", "shop.yml"]).stderr;
    assert!(told.contains("warning[shared-target]: `nightly` needs no approval"), "{told}");
    // What nobody can guess is named, by the environment or as the gate writes it.
    let sound = by_hand(&[CLAIM, CHECKOUT, DEPLOY]);
    let other = "- name: nightly\n  plan:\n  - {get: code, trigger: true}\n  - {task: x, file: code/other.yml}\n";
    let work = Work::new().file("sound.yml", &sound).file("shop.yml", &(sound.clone() + other));
    for environment in ["QA", "qa", "shop/-/QA/deploy"] {
        work.run(&["verify", "--target", &format!("deploy-shop-qa={environment}"), "sound.yml"]).ended(0);
        let told = work.run(&["verify", "--target", &format!("nightly={environment}"), "shop.yml"]).ended(1).stderr;
        assert!(told.contains("error[unapproved-deployment]"), "{environment}: {told}");
    }
    assert!(
        work.run(&["verify", "--target", "nigthly=QA", "shop.yml"]).ended(2).stderr.contains("did you mean `nightly`?")
    );
}

/// Steps within another step.
fn within(step: &str, steps: &str) -> String {
    format!("- {step}:\n    do:\n    {}\n", steps.trim_end().replace('\n', "\n    "))
}

fn hook(step: &str, hook: &str, steps: &str) -> String {
    format!("{}  {hook}:\n    do:\n    {}\n", step, steps.trim_end().replace('\n', "\n    "))
}
