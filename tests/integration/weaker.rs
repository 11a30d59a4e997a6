//! `diff` of gates: whatever makes a gate weaker, or lets an approval deploy another stage, is told first and fails.

use crate::support::{SHOP_FLEET, Work, manifest};

/// CI deploys each commit. QA deploys what was approved for it, and Production likewise.
pub(crate) const SHOP: &str = r#"
resource_types:
- {name: github-issues, type: registry-image, source: {repository: mitodl/github-issues-resource, tag: "0.1.0"}}
- {name: approved-git, type: registry-image, source: {repository: mitodl/approved-git-resource, tag: "0.1.0"}}
resources:
- {name: code, type: git, source: {uri: https://github.com/example/shop, branch: main}}
- {name: tools, type: git, source: {uri: https://github.com/example/tools, branch: main}}
- name: ci-post
  type: github-issues
  source: {repository: example/ops, gate: shop/-/CI/deployed, role: post, destination: shop/-/QA/deploy, access_token: ((token))}
- name: ci-trigger
  type: approved-git
  source: {repository: example/ops, gate: shop/-/CI/deployed, role: trigger, destination: shop/-/QA/deploy, access_token: ((token)), git: {uri: https://github.com/example/shop, branch: main}}
- name: qa-post
  type: github-issues
  source: {repository: example/ops, gate: shop/-/QA/deployed, role: post, destination: shop/-/Production/deploy, access_token: ((token))}
- name: qa-trigger
  type: approved-git
  source: {repository: example/ops, gate: shop/-/QA/deployed, role: trigger, destination: shop/-/Production/deploy, access_token: ((token)), git: {uri: https://github.com/example/shop, branch: main}}
jobs:
- name: deploy-shop-ci
  serial: true
  plan:
  - {get: code, trigger: true}
  - task: deploy
    config:
      platform: linux
      image_resource: {type: registry-image, source: {repository: alpine, tag: "3.22"}}
      inputs: [{name: code}]
      params: {STACK: CI, SIZE: small}
      run: {path: code/deploy.sh}
  - put: ci-post
    no_get: true
    inputs: [code]
    params: {action: record, title: shop CI deployed., pins: {code: code/.git/ref}, labels: [promotion-to-qa]}
- name: deploy-shop-qa
  serial: true
  plan:
  - {get: code, resource: ci-trigger, trigger: true}
  - put: ci-post
    no_get: true
    inputs: [code]
    params: {action: claim, approval: code/.git/approval/approval.json}
  - task: deploy
    config:
      platform: linux
      image_resource: {type: registry-image, source: {repository: alpine, tag: "3.22"}}
      inputs: [{name: code}]
      params: {STACK: QA, SIZE: small}
      run: {path: code/deploy.sh}
  - put: qa-post
    no_get: true
    inputs: [code]
    params: {action: record, title: shop QA deployed., pins: {code: code/.git/ref}, labels: [promotion-to-production]}
- name: deploy-shop-production
  serial: true
  plan:
  - {get: code, resource: qa-trigger, trigger: true}
  - put: qa-post
    no_get: true
    inputs: [code]
    params: {action: claim, approval: code/.git/approval/approval.json}
  - task: deploy
    config:
      platform: linux
      image_resource: {type: registry-image, source: {repository: alpine, tag: "3.22"}}
      inputs: [{name: code}]
      params: {STACK: Production, SIZE: large}
      run: {path: code/deploy.sh}
"#;

/// The claim of Production's approval.
const CLAIM: &str = "  - put: qa-post
    no_get: true
    inputs: [code]
    params: {action: claim, approval: code/.git/approval/approval.json}
";

/// A task that deploys a stack.
fn deploy(stack: &str) -> String {
    let task = SHOP.split("  - task: deploy\n").last().unwrap();
    format!("task: deploy\n{}", task.replace("STACK: Production", &format!("STACK: {stack}")))
}

/// The same as a hook, so far to the right.
fn hook(stack: &str, by: usize) -> String {
    let task = deploy(stack);
    let line = |line: &str| format!("{}\n", line.strip_prefix("    ").unwrap_or(line));
    shifted(&task.lines().map(line).collect::<String>(), by)
}

/// The same, further to the right.
fn shifted(text: &str, by: usize) -> String {
    let line = |line: &str| format!("{}{line}\n", " ".repeat(by));
    text.lines().map(line).collect()
}

/// The text with the last occurrence of a part replaced.
fn with_last(text: &str, part: &str, other: &str) -> String {
    let at = text.rfind(part).unwrap_or_else(|| panic!("no {part}"));
    format!("{}{other}{}", &text[..at], &text[at + part.len()..])
}

/// What `diff` says, and the exit code of `--fail-on weaker`.
fn told(old: &str, new: &str) -> (String, i32) {
    let work = Work::new().file("old.yml", old).file("new.yml", new);
    let ran = work.run(&["diff", "--fail-on", "weaker", "old.yml", "new.yml"]);
    assert_eq!(ran.stderr, "");
    (ran.stdout, ran.code)
}

/// The part of a report under a heading.
pub(crate) fn section<'t>(told: &'t str, heading: &str) -> Vec<&'t str> {
    let lines = told.lines().skip_while(|line| *line != heading).skip(1);
    lines.take_while(|line| line.starts_with("  ")).map(str::trim).collect()
}

pub(crate) const WEAKER: &str = "GATES GET WEAKER";
pub(crate) const REDIRECTED: &str = "GATES PROMOTE TO ANOTHER STAGE";

/// Asserts that a pipeline is weaker than the shop's, told by one line with all of these parts.
#[track_caller]
fn weaker(new: &str, parts: &[&str]) {
    one_line(SHOP, new, WEAKER, parts);
}

#[track_caller]
fn one_line(old: &str, new: &str, heading: &str, parts: &[&str]) {
    let (told, code) = told(old, new);
    let lines = section(&told, heading);
    assert!(lines.iter().any(|line| parts.iter().all(|part| line.contains(part))), "no line with {parts:?}: {told}");
    assert_eq!(code, 1, "{told}");
}

/// Asserts that nothing is told of gates.
#[track_caller]
fn as_strong(old: &str, new: &str) -> String {
    let (told, code) = told(old, new);
    assert!(section(&told, WEAKER).is_empty() && section(&told, REDIRECTED).is_empty(), "{told}");
    assert_eq!(code, 0, "{told}");
    told
}

#[test]
fn same_gates_are_as_strong() {
    assert_eq!(as_strong(SHOP, SHOP), "nothing changes\n");
    let other = SHOP.replace("SIZE: large", "SIZE: huge").replace("3.22", "3.23");
    assert!(as_strong(SHOP, &other).contains("the variable `SIZE` changes"));
    // A value that two stages have in common is not what tells them apart.
    as_strong(SHOP, &SHOP.replace("STACK: QA, SIZE: small", "STACK: QA, SIZE: large"));
}

#[test]
fn what_validate_finds_in_the_new_pipeline_alone_is_weaker() {
    let tried = with_last(SHOP, CLAIM, &format!("  - try:\n{}", shifted(&CLAIM.replacen("- ", "  ", 1), 2)));
    weaker(&tried, &["deploy-shop-production", "does not wait for the claim", "`late-claim`"]);
    let behind = with_last(SHOP, CLAIM, "") + CLAIM;
    weaker(&behind, &["deploy-shop-production", "`deploy`", "before the approval is claimed", "`late-claim`"]);
    let beside = shifted(&format!("{CLAIM}  - {}", deploy("Production")), 2);
    let (before, _) = SHOP.rsplit_once(CLAIM).unwrap();
    weaker(&format!("{before}  - in_parallel:\n{beside}"), &["deploy-shop-production", "`late-claim`"]);
    let ensured = format!("{SHOP}  ensure:\n{}", hook("Production", 4));
    weaker(&ensured, &["deploy-shop-production", "`late-claim`"]);
    let failed = format!("{CLAIM}    on_failure:\n{}", hook("Production", 6));
    weaker(&with_last(SHOP, CLAIM, &failed), &["deploy-shop-production", "`late-claim`"]);
    let parallel = with_last(SHOP, "  serial: true\n", "");
    weaker(&parallel, &["deploy-shop-production", "at the same time", "`parallel-deployment`"]);
    let elsewhere = SHOP.replace(
        "- name: qa-trigger\n  type: approved-git\n  source: {repository: example/ops, gate: shop/-/QA/deployed",
        "- name: qa-trigger\n  type: approved-git\n  source: {repository: example/ops, gate: shop/-/CI/deployed",
    );
    let (_, code) = told(SHOP, &elsewhere);
    assert_eq!(code, 1);
}

/// A job that deploys Production once more, with the approval that a get of the gate brings.
pub(crate) fn again(get: &str) -> String {
    format!(
        "- name: redo\n  serial: true\n  plan:\n  - {{get: code, resource: qa-trigger{get}}}\n  - {}",
        deploy("Production")
    )
}

#[test]
fn job_that_deploys_an_approval_once_more_is_weaker() {
    weaker(&format!("{SHOP}{}", again(", trigger: true")), &["redo", "without a claim", "`unpinned-approval`"]);
    weaker(&format!("{SHOP}{}", again("")), &["redo", "without a claim", "`unpinned-approval`"]);
    // A gate that was renamed is still that gate.
    let renamed = format!("{SHOP}{}", again(", trigger: true"))
        .replace("gate: shop/-/QA/deployed,", "gate: shop/-/QA/shipped, gate_aliases: [shop/-/QA/deployed],");
    weaker(&renamed, &["redo", "without a claim", "`unpinned-approval`"]);
}

#[test]
fn job_behind_a_line_break_that_only_concourse_knows_is_seen() {
    let nightly = format!("- name: nightly\n  plan:\n  - {{get: code, trigger: true}}\n  - {}", deploy("Production"));
    for line_break in ["\u{85}", "\u{2028}", "\u{2029}"] {
        let hidden = format!("{SHOP}# The end.{line_break}{}\n", nightly.trim_end().replace('\n', line_break));
        weaker(&hidden, &["nightly", "`deploy-shop-production`", "behind a gate"]);
    }
}

/// Steps that load a variable from what nobody approved, before Production's deployment.
const LOAD: &str = "  - task: fetch
    config:
      platform: linux
      image_resource: {type: registry-image, source: {repository: alpine, tag: \"3.22\"}}
      outputs: [{name: v}]
      run: {path: wget, args: [-O, v/v, https://example.com/newest]}
  - {load_var: v, file: v/v}
";

#[test]
fn loaded_value_that_decides_what_a_gated_job_deploys_is_weaker() {
    let loaded = with_last(SHOP, "  - task: deploy\n", &format!("{LOAD}  - task: deploy\n"));
    let told = ["deploy-shop-production", "no approval decides on it", "`unapproved-artifact`"];
    for (from, to) in [
        ("SIZE: large", "SIZE: ((.:v))"),
        ("SIZE: large", "SIZE: 'a-((.:\"v\".size))'"),
        ("SIZE: large", "SECRETS: {image: ((.:v))}, SIZE: large"),
        (
            "{STACK: Production, SIZE: large}\n      run: {path: code/deploy.sh}",
            "{STACK: Production, SIZE: large}\n      run: {path: code/deploy.sh, args: [((.:v))]}",
        ),
    ] {
        weaker(&with_last(&loaded, from, to), &told);
    }
    // The image of the task that deploys, which `with_last` finds there.
    weaker(&with_last(&loaded, "tag: \"3.22\"", "tag: ((.:v))"), &told);
    // By another variable.
    let across = "  - task: deploy\n    across: [{var: x, values: [((.:v))]}]\n";
    weaker(&with_last(&with_last(&loaded, "  - task: deploy\n", across), "SIZE: large", "SIZE: ((.:x))"), &told);
    let chosen = loaded.replace(
        "  - {load_var: v, file: v/v}\n",
        "  - {load_var: v, file: v/v}\n  - {load_var: w, file: code/((.:v))}\n",
    );
    weaker(&with_last(&chosen, "SIZE: large", "SIZE: ((.:w))"), &told);
    for set in [
        "file: v/pipeline.yml",
        "file: code/a.yml, vars: {size: ((.:v))}",
        "file: code/a.yml, instance_vars: {size: ((.:v))}",
        "file: code/a.yml, var_files: [v/v.yml]",
    ] {
        weaker(&format!("{loaded}  - {{set_pipeline: app, {set}}}\n"), &told);
    }
    // The file and the image that a task runs.
    weaker(&format!("{loaded}  - {{task: more, file: v/task.yml}}\n"), &told);
    for honest in [
        "TOKEN: ((.:v)), SIZE",
        "AWS_ACCESS_KEY_ID: ((.:v.id)), AWS_SECRET_ACCESS_KEY: ((.:v.key)), SIZE",
        "DB_USER: ((.:v)), SIZE",
    ] {
        as_strong(SHOP, &with_last(&loaded, "SIZE", honest));
    }
    let telling = deploy("none").replace("SIZE: large", "TEXT: ((.:v))").replace("code/deploy.sh", "code/tell.sh");
    let hook = telling.replacen("task: deploy", "task: tell", 1).replace('\n', "\n  ");
    as_strong(SHOP, &format!("{loaded}    on_failure:\n      {}\n", hook.trim_end()));
}

#[test]
fn what_validate_finds_in_both_is_no_change() {
    let tried = with_last(SHOP, CLAIM, &format!("  - try:\n{}", shifted(&CLAIM.replacen("- ", "  ", 1), 2)));
    let other = tried.replace("SIZE: large", "SIZE: huge");
    as_strong(&tried, &other);
    // Under another name it is the same.
    let renamed = tried.replace("name: deploy-shop-production", "name: ship\n  old_name: deploy-shop-production");
    assert!(as_strong(&tried, &renamed).contains("job ship: was `deploy-shop-production`"));
    let parallel = with_last(SHOP, "  serial: true\n", "");
    let renamed = parallel.replace("name: deploy-shop-production", "name: ship\n  old_name: deploy-shop-production");
    as_strong(&parallel, &renamed);
    let resource =
        tried.replace("qa-post", "after-qa").replace("- name: after-qa\n", "- name: after-qa\n  old_name: qa-post\n");
    as_strong(&tried, &resource);
    // One of two is one more.
    let both = tried.replace(
        "    inputs: [code]\n    params: {action: claim",
        "    attempts: 2\n    inputs: [code]\n    params: {action: claim",
    );
    as_strong(&tried, &both);
    // A mistake that is mended is no weaker gate.
    let (mended, code) = told(&tried, SHOP);
    assert_eq!((section(&mended, WEAKER).len(), code), (0, 0), "{mended}");
}

#[test]
fn job_without_a_gate_that_deploys_what_a_gated_job_deploys_is_weaker() {
    let nightly = |stack: &str| {
        format!("{SHOP}- name: nightly\n  plan:\n  - {{get: code, trigger: true}}\n  - {}", deploy(stack))
    };
    weaker(&nightly("Production"), &["nightly", "`deploy-shop-production`", "behind a gate"]);
    weaker(&nightly("QA"), &["nightly", "`deploy-shop-qa`"]);
    as_strong(SHOP, &nightly("Nightly"));
    as_strong(SHOP, &nightly("CI"));
    as_strong(&nightly("Production"), &nightly("Production").replace("SIZE: small", "SIZE: tiny"));
    // Whatever else it says besides.
    weaker(&nightly("Production, EXTRA: 1"), &["nightly", "`deploy-shop-production`"]);
    weaker(&nightly("Production").replace("name: nightly", "name: deploy-shop-other"), &["deploy-shop-other"]);
    // A job that is there already.
    let second = SHOP.replacen("  - put: ci-post\n", &format!("  - {}  - put: ci-post\n", deploy("Production")), 1);
    weaker(&second, &["deploy-shop-ci", "`deploy-shop-production`"]);
    let instead = SHOP.replacen("STACK: CI", "STACK: QA", 1);
    weaker(&instead, &["deploy-shop-ci", "`deploy-shop-qa`", "`STACK`"]);
    // In a hook.
    let hook = SHOP.replacen(
        "- name: deploy-shop-qa\n",
        &format!("  on_success:\n{}- name: deploy-shop-qa\n", hook("Production", 4)),
        1,
    );
    weaker(&hook, &["deploy-shop-ci", "`deploy-shop-production`"]);
    // One that only shows what would change does not deploy.
    as_strong(SHOP, &nightly("Production, PHASE: preview"));
    // One that comes after the gate does.
    let follower = format!(
        "{SHOP}- name: again\n  plan:\n  - {{get: code, resource: qa-trigger, passed: [deploy-shop-production], trigger: true}}\n  - {}",
        deploy("Production")
    );
    assert!(section(&told(SHOP, &follower).0, WEAKER).is_empty(), "{}", told(SHOP, &follower).0);
}

#[test]
fn put_to_what_a_gated_job_deploys_is_weaker() {
    let app = "- {name: app, type: cf, source: {api: https://cf.example.com, organization: shop}}\n";
    let with = |text: &str| text.replacen("jobs:\n", &format!("{app}jobs:\n"), 1);
    let put = |space: &str| {
        format!("  - {{put: app, no_get: true, inputs: [code], params: {{manifest: code/app.yml, space: {space}}}}}\n")
    };
    let old = with(&format!("{SHOP}{}", put("production")));
    let new = |space: &str| format!("{old}- name: nightly\n  plan:\n  - {{get: code, trigger: true}}\n{}", put(space));
    one_line(&old, &new("production"), WEAKER, &["nightly", "`deploy-shop-production`", "behind a gate"]);
    as_strong(&old, &new("nightly"));
    // By another resource of the same source.
    let other = "- {name: other, type: cf, source: {api: https://cf.example.com, organization: shop}}\njobs:\n";
    let by_other = with_last(&new("production"), "put: app", "put: other").replacen("jobs:\n", other, 1);
    one_line(&old, &by_other, WEAKER, &["nightly", "`deploy-shop-production`"]);
    // The resource itself names what is deployed.
    let source = |stack: &str| format!("- {{name: {stack}, type: pulumi, source: {{stack: {stack}, path: infra}}}}\n");
    let two = |first: &str, second: &str| {
        let resources = source(first) + &source(second);
        let qa =
            SHOP.replacen("  - put: qa-post\n", "  - {put: QA, no_get: true, inputs: [code]}\n  - put: qa-post\n", 1);
        format!("{qa}  - {{put: Production, no_get: true, inputs: [code]}}\n").replacen(
            "jobs:\n",
            &format!("{resources}jobs:\n"),
            1,
        )
    };
    let old = two("QA", "Production");
    let swapped = old
        .replace("stack: QA", "stack: X")
        .replace("stack: Production", "stack: QA")
        .replace("stack: X", "stack: Production");
    one_line(&old, &swapped, REDIRECTED, &["deploy-shop-qa", "`deploy-shop-production`"]);
}

#[test]
fn approval_that_deploys_what_another_job_deployed_promotes_to_another_stage() {
    let swapped = SHOP
        .replace("STACK: QA", "STACK: X")
        .replace("STACK: Production", "STACK: QA")
        .replace("STACK: X", "STACK: Production");
    let parts = ["deploy-shop-qa", "`STACK`", "`Production`", "`deploy-shop-production`"];
    one_line(SHOP, &swapped, REDIRECTED, &parts);
    one_line(SHOP, &swapped, REDIRECTED, &["deploy-shop-production", "`deploy-shop-qa`"]);
    // Told once.
    assert_eq!(told(SHOP, &swapped).0.matches("STACK").count(), 2, "{}", told(SHOP, &swapped).0);
    // Both deploy it.
    one_line(SHOP, &SHOP.replace("STACK: QA", "STACK: Production"), REDIRECTED, &parts);
    // The other one deploys something else.
    let moved = SHOP.replace("STACK: Production", "STACK: Live").replace("STACK: QA", "STACK: Production");
    one_line(SHOP, &moved, REDIRECTED, &parts);
    // What a gated job takes over from one without a gate.
    one_line(
        SHOP,
        &SHOP.replace("STACK: Production", "STACK: CI"),
        REDIRECTED,
        &["deploy-shop-production", "`deploy-shop-ci`"],
    );
    // A credential or a file that names the stage.
    for key in ["CREDENTIAL", "VALUES"] {
        let with = |qa: &str, production: &str| {
            SHOP.replace("STACK: QA", &format!("STACK: QA, {key}: {qa}"))
                .replace("STACK: Production", &format!("STACK: Production, {key}: {production}"))
        };
        let (old, new) = (with("a.qa.x", "a.production.x"), with("a.production.x", "a.qa.x"));
        one_line(&old, &new, REDIRECTED, &["deploy-shop-qa", key, "`deploy-shop-production`"]);
    }
    // What several stages have in common tells none of them apart.
    let common = |ci: &str| {
        let stages = SHOP.replace("STACK: QA", "CONTEXT: main, STACK: QA");
        stages.replace("STACK: Production", "CONTEXT: main, STACK: Production").replace("STACK: CI", ci)
    };
    as_strong(&common("STACK: CI"), &common("CONTEXT: main, STACK: CI"));
    // Each of several projects has a stage of that name.
    let jobs = SHOP.split_once("jobs:\n").unwrap().1;
    let others =
        jobs.replace("shop", "mail").replace("ci-post", "mail-ci-post").replace("ci-trigger", "mail-ci-trigger");
    let others = others.replace("qa-post", "mail-qa-post").replace("qa-trigger", "mail-qa-trigger");
    let resources = SHOP.split_once("- name: ci-post").unwrap().1.split_once("jobs:\n").unwrap().0;
    let resources = format!("- name: ci-post{resources}")
        .replace("gate: shop", "gate: mail")
        .replace("destination: shop", "destination: mail");
    let resources = resources.replace("name: ci-", "name: mail-ci-").replace("name: qa-", "name: mail-qa-");
    let two = SHOP.replace("jobs:\n", &format!("{resources}jobs:\n")) + &others;
    one_line(&two, &two.replacen("STACK: QA", "STACK: Production", 1), REDIRECTED, &parts);
    // Another name of the job is the same job.
    let renamed = SHOP.replace("name: deploy-shop-production", "name: ship\n  old_name: deploy-shop-production");
    as_strong(SHOP, &renamed);
    let renamed = SHOP.replace("name: deploy-shop-production", "name: ship");
    as_strong(SHOP, &renamed);
    // So is another name of the stack.
    as_strong(SHOP, &SHOP.replace("STACK: Production", "STACK: Live"));
}

#[test]
fn rendered_stacks_that_change_places_promote_to_another_stage() {
    let fleet = SHOP_FLEET.replace("[QA, Production]", "[CI, QA, Production]");
    let helm = |qa: &str, production: &str| {
        format!(
            "project: shop\nstack: {{helm: {{chart: c, namespace: \"{{{{ {{'CI': 'ci', 'QA': '{qa}', 'Production': \
             '{production}'}}[environment] }}}}\"}}}}\n"
        )
    };
    let named = |environment: &str, stack: &str| {
        let name = environment.to_lowercase();
        format!(
            "  {environment}: {{names: {{stack: {stack}, deploy: deploy-shop-{name}, deployed: github-issues-shop-{name}, \
             deployed_title: shop {environment} deployed.}}}}\n"
        )
    };
    let pulumi = |qa: &str, production: &str| {
        format!("{}overrides:\n{}{}", manifest("shop"), named("QA", qa), named("Production", production))
    };
    let render = |manifest: &str| {
        let work = Work::new().file("pipegen.yml", &fleet).file("projects/shop.yml", manifest);
        work.run(&["render", "--quiet"]);
        work.read("rendered/shop.yml")
    };
    for (old, new) in
        [(pulumi("QA", "Production"), pulumi("Production", "QA")), (helm("qa", "production"), helm("production", "qa"))]
    {
        let (old, new) = (render(&old), render(&new));
        one_line(&old, &new, REDIRECTED, &["deploy-shop-qa", "`deploy-shop-production`"]);
    }
}

#[test]
fn job_that_sets_the_pipeline_is_weaker_and_reported() {
    let set = |pipeline: &str| {
        format!(
            "{SHOP}- name: other\n  plan:\n  - {{get: code, trigger: true}}\n  - {{set_pipeline: {pipeline}, file: code/p.yml}}\n"
        )
    };
    weaker(&set("self"), &["other", "could set it without its gates", "`set-pipeline-past-gate`"]);
    weaker(&set("new"), &["other", "`set-pipeline-past-gate`"]);
    weaker(&set("((which))"), &["other", "`set-pipeline-past-gate`"]);
    // Files of other names are the same pipeline.
    as_strong(&set("self"), &set("self").replace("SIZE: small", "SIZE: tiny"));
    let (told, code) = told(SHOP, &set("another"));
    assert!(
        told.contains("job other: is new: new versions of `code` start it; it sets the pipeline `another`"),
        "{told}"
    );
    assert_eq!(code, 0);
}

#[test]
fn new_job_is_reported_with_what_it_does() {
    let new = format!(
        "{SHOP}- name: other\n  plan:\n  - {{get: code, trigger: true}}\n  - {{task: unit, file: code/unit.yml}}\n  - {{put: tools, no_get: true, inputs: [code], params: {{repository: code}}}}\n"
    );
    let told = as_strong(SHOP, &new);
    assert!(
        told.contains("job other: is new: new versions of `code` start it; it runs `unit`, and puts to `tools`"),
        "{told}"
    );
}

/// The shop with that in the source of both resources of Production's gate.
fn with_policy(policy: &str) -> String {
    SHOP.replace("destination: shop/-/Production/deploy,", &format!("destination: shop/-/Production/deploy, {policy}"))
}

#[test]
fn whoever_can_approve_now_and_could_not_before_makes_a_gate_weaker() {
    let closers = |closers: &str| with_policy(&format!("closers: {closers},"));
    let stronger = |old: &str, new: &str| {
        let (told, code) = told(old, new);
        assert!(section(&told, WEAKER).is_empty() && !section(&told, "gates get stronger").is_empty(), "{told}");
        assert_eq!(code, 0, "{told}");
    };
    for (added, who) in [
        ("{roles: [read]}", "role `read`"),
        ("{roles: [write, read]}", "role `read`"),
        ("{roles: [custom]}", "role `custom`"),
        ("{apps: [some-bot]}", "App `some-bot`"),
        ("{users: [mallory]}", "account `mallory`"),
        ("{teams: [example/sre]}", "team `example/sre`"),
        ("{roles: [admin], users: [mallory]}", "account `mallory`"),
        ("((closers))", "`((closers))`"),
        ("{roles: ((roles))}", "`((roles))`"),
    ] {
        weaker(&closers(added), &["qa-trigger", who]);
    }
    for roles in ["{roles: [admin]}", "{roles: [write, maintain, admin]}", "{roles: [Admin]}"] {
        stronger(SHOP, &closers(roles));
        weaker_than(&closers(roles), SHOP, &["qa-trigger", "role `triage`"]);
    }
    // Written out it is the same.
    as_strong(SHOP, &closers("{roles: [triage, write, maintain, admin]}"));
    as_strong(&closers("{users: [Ann]}"), &closers("{users: [ann]}"));
    as_strong(&closers("{roles: [write, admin]}"), &closers("{roles: [admin, write]}"));
    stronger(&closers("{users: [ann, bob]}"), &closers("{users: [ann]}"));
    stronger(&closers("{roles: [admin], apps: [bot]}"), &closers("{roles: [admin]}"));
    weaker_than(&closers("{users: [ann]}"), &closers("{users: [ann, bob]}"), &["account `bob`"]);
    weaker_than(&closers("{users: [ann]}"), &closers("{users: [bob]}"), &["account `bob`"]);
    weaker_than(&closers("{users: [ann]}"), &closers("{teams: [example/sre]}"), &["team `example/sre`"]);
    weaker_than(&closers("{users: [ann]}"), &closers("{roles: [admin]}"), &["role `admin`"]);
    weaker_than(&closers("{users: [ann]}"), SHOP, &["role `triage`", "role `admin`"]);
    // A type can lay them under the source.
    let under = SHOP.replace(
        "repository: mitodl/approved-git-resource, tag: \"0.1.0\"}",
        "repository: mitodl/approved-git-resource, tag: \"0.1.0\"}, defaults: {closers: {roles: [read]}}",
    );
    weaker(&under, &["qa-trigger", "role `read`"]);
}

#[track_caller]
fn weaker_than(old: &str, new: &str, parts: &[&str]) {
    one_line(old, new, WEAKER, parts);
}

#[test]
fn records_of_another_account_or_key_make_a_gate_weaker() {
    weaker(&with_policy("bot: 99999,"), &["qa-trigger", "`source.bot`", "99999"]);
    weaker_than(&with_policy("bot: 1,"), &with_policy("bot: 2,"), &["`source.bot`"]);
    weaker_than(&with_policy("bot: 1,"), SHOP, &["`source.bot`"]);
    weaker_than(&with_policy("signing_key: ((a)),"), &with_policy("signing_key: ((b)),"), &["`source.signing_key`"]);
    weaker_than(&with_policy("signing_key: ((a)),"), SHOP, &["`source.signing_key`"]);
    // Whose credentials they are decides where no account is named.
    let token = SHOP.replace("access_token: ((token))", "access_token: ((other))");
    weaker(&token, &["qa-trigger", "`source.access_token`"]);
    let named = with_policy("bot: 1,");
    let (told, _) = told(&named, &named.replace("access_token: ((token))", "access_token: ((other))"));
    assert!(!section(&told, WEAKER).iter().any(|line| line.contains("qa-trigger")), "{told}");
    // Another image decides what an approval is.
    let image = SHOP.replace("mitodl/approved-git-resource", "mallory/approved-git-resource");
    weaker(&image, &["qa-trigger", "`mallory/approved-git-resource` decides"]);
    as_strong(SHOP, &SHOP.replace("0.1.0", "0.2.0"));
}

#[test]
fn image_that_fetches_for_a_gated_job_is_weaker() {
    let with = |types: &str| SHOP.replacen("resource_types:\n", &format!("resource_types:\n{types}"), 1);
    let shadow = |name: &str, image: &str| {
        with(&format!("- {{name: {name}, type: docker-image, source: {{repository: {image}, tag: \"1\"}}}}\n"))
    };
    for name in ["registry-image", "git", "docker-image", "s3"] {
        weaker(
            &shadow(name, "mallory/own"),
            &[&format!("resource type {name}"), "`mallory/own`", "takes the place of a built-in type"],
        );
        // Of another publisher than before.
        weaker_than(&shadow(name, "example/own"), &shadow(name, "mallory/own"), &["`mallory/own`"]);
        as_strong(&shadow(name, "mallory/own"), &shadow(name, "mallory/own-2"));
        as_strong(&shadow(name, "mallory/own"), SHOP);
        // Concourse's own image by its name.
        as_strong(SHOP, &shadow(name, "concourse/own-resource"));
    }
    as_strong(SHOP, &shadow("slack", "mallory/slack"));
    // A type of another name fetches the image of a gate.
    let fetched = shadow("fetch", "mallory/fetch")
        .replace("{name: approved-git, type: registry-image,", "{name: approved-git, type: fetch,");
    weaker(&fetched, &["qa-trigger", "`mallory/fetch` fetches the image"]);
    // Without a gate nothing gets weaker.
    let free =
        |text: &str| format!("{}jobs: [{{name: a, plan: [{{get: code}}]}}]\n", text.split_once("jobs:\n").unwrap().0);
    as_strong(&free(SHOP), &free(&shadow("git", "mallory/own")));
}

#[test]
fn git_configuration_that_decides_what_a_gated_job_clones_is_weaker() {
    let git = "git: {uri: https://github.com/example/shop, branch: main";
    let with = |config: &str| with_last(SHOP, git, &format!("{git}, git_config: [{{name: {config}}}]"));
    for config in ["filter.lfs.smudge, value: sed s/old/new/", "core.hooksPath, value: /tmp", "core.askPass, value: a"]
    {
        weaker(&with(config), &["`qa-trigger`", "can decide which code git fetches or runs"]);
        one_line(&with("http.sslVerify, value: \"false\""), &with(config), WEAKER, &["variable-place"]);
    }
    as_strong(&with("core.askPass, value: a"), &with("core.askPass, value: b"));
    as_strong(SHOP, &with("http.postBuffer, value: \"1\""));
}

#[test]
fn policy_that_a_variable_decides_could_be_weaker() {
    weaker_than(&with_policy("soak: 3600,"), &with_policy("soak: ((soak)),"), &["`source.soak`"]);
    weaker_than(&with_policy("soak: ((soak)),"), &with_policy("soak: 3600,"), &["`source.soak`"]);
    weaker_than(&with_policy("expires: 3600,"), &with_policy("expires: ((expires)),"), &["`source.expires`"]);
    weaker_than(
        &with_policy("allow_commit_close: false,"),
        &with_policy("allow_commit_close: ((x)),"),
        &["`source.allow_commit_close`"],
    );
    weaker_than(&with_policy("not_before: 2026-02-01T00:00:00Z,"), SHOP, &["`source.not_before`"]);
    weaker_than(
        &with_policy("not_before: 2026-02-01T00:00:00Z,"),
        &with_policy("not_before: 2026-01-01T00:00:00Z,"),
        &["`source.not_before`"],
    );
    as_strong(&with_policy("not_before: 2026-01-01T00:00:00Z,"), &with_policy("not_before: 2026-02-01T00:00:00Z,"));
}

#[test]
fn former_name_that_is_another_stage_promotes_to_another_stage() {
    let former = with_policy("former_destinations: [shop/-/QA/deploy],");
    one_line(SHOP, &former, REDIRECTED, &["qa-trigger", "shop/-/QA/deploy"]);
    let alias = with_policy("gate_aliases: [shop/-/CI/deployed],");
    one_line(SHOP, &alias, REDIRECTED, &["qa-trigger", "shop/-/CI/deployed"]);
    // Production's approvals are for QA, and QA is said to be its new name.
    let renamed = SHOP.replace(
        "destination: shop/-/Production/deploy",
        "destination: shop/-/QA/deploy, former_destinations: [shop/-/Production/deploy]",
    );
    let (told, code) = told(SHOP, &renamed);
    assert_eq!(code, 1, "{told}");
    // A name that nobody has any more is a rename.
    let renamed = SHOP.replace(
        "destination: shop/-/Production/deploy",
        "destination: shop/-/Live/deploy, former_destinations: [shop/-/Production/deploy]",
    );
    as_strong(SHOP, &renamed);
}

/// The newest commit in the job of Production, under that name.
fn second_get(get: &str) -> String {
    with_last(SHOP, CLAIM, &format!("  - {get}\n{CLAIM}"))
}

#[test]
fn second_get_of_the_approved_code_is_reported() {
    let get = second_get("{get: new, resource: code}");
    let mapped = with_last(&get, "    config:\n", "    input_mapping: {code: new}\n    config:\n");
    weaker(&mapped, &["deploy-shop-production", "the newest version of `code`", "`new`"]);
    let file = second_get("{get: new, resource: code}");
    let (before, _) = file.rsplit_once("    config:\n").unwrap();
    weaker(
        &format!("{before}    file: new/deploy.yml\n"),
        &["deploy-shop-production", "the newest version of `code`", "`new`"],
    );
    let image = with_last(&get, "    config:\n", "    image: new\n    config:\n");
    weaker(&image, &["deploy-shop-production", "the newest version of `code`", "`new`"]);
    let put = format!("{get}  - {{put: tools, no_get: true, inputs: [new], params: {{repository: new}}}}\n");
    weaker(&put, &["deploy-shop-production", "the newest version of `code`"]);
    // That nothing uses it is no weaker gate, and is told.
    let told = as_strong(SHOP, &get);
    assert!(told.contains("job deploy-shop-production: takes `code` as `new`"), "{told}");
    // The approved code that comes as a clone is the same code.
    let told = as_strong(
        SHOP,
        &second_get("{get: code, resource: code}")
            .replace("{get: code, resource: code}", "{get: more, resource: tools}"),
    );
    assert!(told.contains("takes `tools` as `more`"), "{told}");
}

#[test]
fn gets_are_compared_by_artifact() {
    let two = second_get("{get: one, resource: tools, passed: [deploy-shop-ci]}\n  - {get: two, resource: tools}");
    let turned = second_get("{get: two, resource: tools}\n  - {get: one, resource: tools, passed: [deploy-shop-ci]}");
    as_strong(&two, &turned);
    let less = second_get("{get: two, resource: tools, passed: [deploy-shop-ci]}\n  - {get: one, resource: tools}");
    weaker_than(&two, &less, &["deploy-shop-production", "did not pass `deploy-shop-ci`"]);
}

#[test]
fn step_that_uses_another_artifact_is_followed() {
    // A helper that the job uses at its newest already.
    let lint = "  - task: lint\n    config:\n      platform: linux\n      image_resource: {type: registry-image, source: {repository: alpine, tag: \"3.22\"}}\n      inputs: [{name: tools}]\n      run: {path: tools/lint.sh}\n";
    let old = second_get("{get: tools}") + lint;
    let task = "  - task: deploy\n    config:\n";
    let mapped = with_last(&old, task, "  - task: deploy\n    input_mapping: {code: tools}\n    config:\n");
    weaker_than(&old, &mapped, &["deploy-shop-production", "task deploy", "`tools`", "no approval names"]);
    let image = mapped.replace("input_mapping: {code: tools}", "image: tools");
    weaker_than(&old, &image, &["deploy-shop-production", "task deploy", "`tools`"]);
    let added = format!("{old}  - {{load_var: stack, file: tools/stack}}\n");
    weaker_than(&old, &added, &["deploy-shop-production", "load_var stack", "`tools`"]);
    // Under another name it is the same helper.
    let renamed = old
        .replace("{get: tools}", "{get: helper, resource: tools}")
        .replace("{name: tools}", "{name: helper}")
        .replace("tools/lint", "helper/lint");
    as_strong(&old, &renamed);
    // An approval for another stage.
    let other = second_get("{get: new, resource: ci-trigger}");
    let other = with_last(&other, "    config:\n", "    input_mapping: {code: new}\n    config:\n");
    let (told, code) = told(SHOP, &other);
    assert_eq!(code, 1, "{told}");
}

#[test]
fn put_without_a_list_of_inputs_uses_every_artifact_before_it() {
    let put = |inputs: &str| format!("  - {{put: app, no_get: true, {inputs}params: {{stack: x}}}}\n");
    let app = |text: &str| text.replacen("jobs:\n", "- {name: app, type: pulumi, source: {path: infra}}\njobs:\n", 1);
    for inputs in ["inputs: all, ", "inputs: detect, ", ""] {
        let old = app(&(SHOP.to_owned() + &put(inputs)));
        let new = app(&(second_get("{get: tools}") + &put(inputs)));
        one_line(&old, &new, WEAKER, &["deploy-shop-production", "the newest version of `tools`"]);
        // The issue of a gate is told what happened, and deploys nothing.
        let record = SHOP.replace("inputs: [code]", "inputs: all");
        as_strong(&record, &with_last(&record, "  - task: deploy\n", "  - {get: tools}\n  - task: deploy\n"));
        // What comes after it is none of its.
        as_strong(&old, &format!("{old}  - {{get: tools}}\n"));
    }
    let named = put("inputs: [code], ");
    as_strong(&app(&(SHOP.to_owned() + &named)), &app(&(second_get("{get: tools}") + &named)));
    // As a manifest says it.
    let render = |more: &str| {
        let work = Work::new().file("pipegen.yml", SHOP_FLEET).file("projects/shop.yml", &(manifest("shop") + more));
        work.run(&["render", "--quiet"]);
        work.read("rendered/shop.yml")
    };
    let tools = "before: [{get: tools, unpinned: because}]\nextra: {resources: [{name: tools, type: git, source: {uri: https://github.com/example/tools, branch: main}}]}\n";
    one_line(&render(""), &render(tools), WEAKER, &["deploy-shop-production", "the newest version of `tools`"]);
}

#[test]
fn new_pipeline_that_deploys_what_a_gated_job_of_another_file_deploys_is_weaker() {
    let (head, jobs) = SHOP.split_once("jobs:\n").unwrap();
    let nightly = |stack: &str| {
        let job = format!("- name: nightly\n  plan:\n  - {{get: code, trigger: true}}\n  - {}", deploy(stack));
        format!("{head}jobs:\n{job}").replace("-trigger", "-unused").replace("-post", "-idle")
    };
    let told = |before: &[(&str, &str)], after: &[(&str, &str)]| {
        let work = Work::new();
        work.git(&["init", "--quiet"]);
        for files in [before, after] {
            for (name, text) in files {
                work.write(name, text);
            }
            work.git(&["add", "."]);
            work.git(&["commit", "--quiet", "--allow-empty", "--message", "a change"]);
        }
        let ran = work.run(&["diff", "--fail-on", "weaker", "HEAD~1..HEAD"]);
        assert_eq!(ran.stderr, "");
        (ran.stdout, ran.code)
    };
    let (same, code) = told(&[("shop.yml", SHOP)], &[("nightly.yml", &nightly("Production"))]);
    assert_eq!(code, 1, "{same}");
    let lines = section(&same, WEAKER);
    assert!(same.contains("nightly.yml:\na new pipeline\n") && lines.len() == 1, "{same}");
    assert!(
        ["job nightly:", "`deploy-shop-production`", "waits for"].iter().all(|part| lines[0].contains(part)),
        "{same}"
    );
    assert_eq!(told(&[("shop.yml", SHOP)], &[("nightly.yml", &nightly("Nightly"))]).1, 0);
    // In a file that was there before; and with both of them there, it is no change.
    let (idle, bad) = (nightly("Nightly"), nightly("Production"));
    assert_eq!(told(&[("shop.yml", SHOP), ("nightly.yml", &idle)], &[("nightly.yml", &bad)]).1, 1);
    let other = bad.replace("name: nightly", "name: nightly\n  max_in_flight: 2");
    assert_eq!(told(&[("shop.yml", SHOP), ("nightly.yml", &bad)], &[("nightly.yml", &other)]).1, 0);
    assert_eq!(jobs.matches("STACK: Production").count(), 1);
}

#[test]
fn value_of_across_that_deploys_a_gated_target_is_weaker() {
    let across = |values: &str| {
        let task = "params: {STACK: CI, SIZE: small}\n      run: {path: code/deploy.sh}\n";
        let of_variable = "params: {STACK: ((.:s)), SIZE: small}\n      run: {path: code/deploy.sh}\n";
        SHOP.replacen(task, &format!("{of_variable}    across: [{{var: s, values: [{values}]}}]\n"), 1)
    };
    let parts = ["job deploy-shop-ci", "does the same as `deploy-shop-production`"];
    one_line(SHOP, &across("CI, Production"), WEAKER, &parts);
    one_line(&across("CI"), &across("CI, Production"), WEAKER, &parts);
    let (told, code) = told(&across("CI"), &across("CI, Dev"));
    assert!(code == 0 && section(&told, WEAKER).is_empty(), "{told}");
}

#[test]
fn image_or_credentials_from_another_place_are_weaker() {
    let at = "repository: mitodl/approved-git-resource, ";
    let vault = |prefix: &str| {
        format!(
            "{SHOP}var_sources: [{{name: v, type: vault, config: {{url: https://vault.example.com, path_prefix: {prefix}}}}}]\n"
        )
    };
    let other = |field: &str| SHOP.replace(at, &format!("{at}{field}, "));
    for (old, new, weaker) in [
        (SHOP.to_owned(), other("registry_mirror: {host: other.example.com}"), true),
        (SHOP.to_owned(), other("insecure: true"), true),
        (SHOP.to_owned(), other("aws_region: us-east-1"), true),
        (other("aws_region: us-east-1"), other("aws_region: us-east-1, aws_account_id: \"1\""), true),
        (other("aws_region: us-east-1"), SHOP.to_owned(), true),
        (SHOP.to_owned(), other("insecure: false"), false),
        (other("insecure: true"), SHOP.to_owned(), false),
        (vault("/a"), vault("/b"), true),
        (SHOP.to_owned(), vault("/a"), false),
        (vault("/a"), SHOP.to_owned(), false),
    ] {
        let work = Work::new().file("old.yml", &old).file("new.yml", &new);
        let ran = work.run(&["diff", "--fail-on", "weaker", "old.yml", "new.yml"]);
        assert_eq!((ran.stdout.contains(WEAKER), ran.code), (weaker, i32::from(weaker)), "{}", ran.stdout);
    }
}
