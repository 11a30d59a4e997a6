//! `verify`: rendered pipelines hold, and each mechanism of their wiring is missed when it is taken out.

use crate::support::{Ran, Work, root};

/// As many states as a test has time for.
const STATES: &str = "1500";

fn verified(files: &[(&str, &str)]) -> Ran {
    let work = Work::new();
    for (name, text) in files {
        work.write(name, text);
    }
    let names = files.iter().map(|(name, _)| *name);
    work.run(&["verify", "--states", STATES, "--allow-incomplete"].into_iter().chain(names).collect::<Vec<_>>())
}

fn rendered(path: &str) -> String {
    let path = root().join("pipelines").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A text without a part that must be there.
fn without(text: &str, part: &str) -> String {
    replaced(text, part, "")
}

fn replaced(text: &str, part: &str, by: &str) -> String {
    assert!(text.contains(part), "{part} is not in the pipeline");
    text.replacen(part, by, 1)
}

/// The rules that a run reports.
fn rules(ran: &Ran) -> Vec<&str> {
    ran.stderr.lines().filter_map(|line| Some(line.strip_prefix("error[")?.split_once(']')?.0)).collect()
}

#[test]
fn fleets_here_hold() {
    for fleet in ["quickstart", "kubernetes", "ol-infrastructure", "opentofu"] {
        let work = Work::copy_of(&format!("pipelines/{fleet}"));
        let ran = work.run(&["verify", "--states", STATES, "--allow-incomplete"]).ended(0);
        assert!(ran.stdout.starts_with("no way past a gate was found"), "{fleet}: {}", ran.stdout);
        assert_eq!(rules(&ran), [""; 0], "{fleet}");
    }
}

#[test]
fn a_rendered_pipeline_holds_and_chains_of_one_shape_are_searched_once() {
    let ran = verified(&[("atlas.yml", &rendered("ol-infrastructure/rendered/pulumi-mongodb-atlas.yml"))]).ended(0);
    assert!(ran.stdout.contains("\n4 chains of 1 shape, "), "{}", ran.stdout);
}

#[test]
fn chains_across_pipelines_are_searched_together() {
    let names = ["", "-ci", "-qa"].map(|end| format!("pulumi-starrocks-substructure{end}.yml"));
    let texts = names.clone().map(|name| rendered(&format!("ol-infrastructure/rendered/{name}")));
    let files: Vec<(&str, &str)> =
        names.iter().zip(&texts).map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let together = verified(&files).ended(0);
    assert!(together.stdout.contains("\n1 chain of 1 shape, "), "{}", together.stdout);
    assert!(!together.stdout.contains("not judged"), "{}", together.stdout);
    let alone = verified(&files[..1]).ended(0);
    assert!(
        alone.stdout.ends_with("1 stage not judged: no pipeline of this run writes the gate\n"),
        "{}",
        alone.stdout
    );
}

#[test]
fn the_flavour_of_mit_open_learning_is_refuted_by_a_commit_that_lands_before_the_job_starts() {
    let work = Work::copy_of("pipelines/ol-infrastructure");
    let fleet = work.read("pipegen.yml");
    work.write("pipegen.yml", &fleet.replace("    check_every: 15m\n", "    check_every: 15m\n    resource: mitodl\n"));
    work.run(&["render", "--out", "mitodl"]).ended(0);
    let ran = work.run(&["verify", "mitodl/pulumi-airbyte.yml"]).ended(1);
    assert_eq!(rules(&ran), ["wrong-version"], "{}", ran.stderr);
    let code = "ol-infrastructure-pulumi-airbyte";
    let (ci, qa) = ("deploy-ol-application-airbyte-ci", "deploy-ol-application-airbyte-qa");
    let ci_stage = "ol-application-airbyte-ci";
    let issue = "the issue of `[bot] Pulumi ol-application-airbyte CI deployed.`";
    let story = [
        "version A of each resource is there".to_owned(),
        format!("Concourse starts {ci} #1"),
        format!("{ci} #1 deploys {ci_stage}, with version A of {code}"),
        format!("{ci} #1 opens {issue}, with version A of {code}"),
        format!("a person closes {issue}, with version A of {code}"),
        format!("version B of {code} lands"),
        format!("Concourse starts {ci} #2"),
        format!("{ci} #2 deploys {ci_stage}, with version B of {code}"),
        format!("{ci} #2 opens {issue}, with version B of {code}"),
        "Concourse checks github-issues-ol-application-airbyte-ci-trigger".to_owned(),
        format!("Concourse starts {qa} #1"),
        format!("{qa} #1 gets github-issues-ol-application-airbyte-ci-trigger"),
        format!("{qa} #1 deploys ol-application-airbyte-qa, with version B of {code}"),
    ];
    let printed: Vec<&str> = ran.stderr.lines().filter_map(|line| line.trim().strip_prefix("= note: ")).collect();
    let expected = story.iter().enumerate().map(|(at, line)| format!("{:>2}. {line}", at + 1));
    assert_eq!(printed[..story.len()], expected.collect::<Vec<_>>(), "{}", ran.stderr);
    plays_again(&work, &["mitodl/pulumi-airbyte.yml"], "wrong-version");
}

/// The story that `verify --scenario` prints ends with the same violation when `simulate` plays it.
fn plays_again(work: &Work, arguments: &[&str], rule: &str) {
    let arguments: Vec<&str> = ["verify", "--scenario"].iter().chain(arguments).copied().collect();
    let scenario = work.run(&arguments).ended(1).stdout;
    assert!(scenario.ends_with(&format!("- expect:\n    violation: {rule}\n")), "{scenario}");
    work.write("scenario.yml", &scenario);
    let played = work.run(&["simulate", "scenario.yml"]).ended(0);
    assert!(played.stdout.ends_with("\n1 expectation: all true\n"), "{}", played.stdout);
    work.run(&["validate", "scenario.yml"]).ended(0);
}

#[test]
fn a_counterexample_is_false_once_the_pipeline_is_right() {
    let right = rendered("quickstart/rendered/cart.yml");
    let work = Work::new().file("cart.yml", &without(&right, CLAIM));
    let scenario = work.run(&["verify", "--scenario", "cart.yml"]).ended(1).stdout;
    work.write("scenario.yml", &scenario);
    work.run(&["simulate", "scenario.yml"]).ended(0);
    work.write("cart.yml", &right);
    let ran = work.run(&["simulate", "scenario.yml"]).ended(1);
    assert_eq!(rules(&ran), ["false-expectation"], "{}", ran.stderr);
}

#[test]
fn a_project_waits_for_another_one_and_takes_nothing_of_it() {
    let fleet = "version: 1\nconcourses: {main: {target: main, team: shop}}\ndefaults:\n  environments: [CI, QA]\n  \
                 source: {repository: https://github.com/example/shop}\n  \
                 issues: {repository: example/deployments, auth: {token: ((github.token))}}\n";
    // The put of the kind sees all artifacts, also the one by which it waits.
    let shop = "projects:\n  base: {stack: {pulumi: {path: infra/base}}}\n  \
                shop: {stack: {pulumi: {path: infra/shop}}, needs: [base]}\n";
    let work = Work::new().file("pipegen.yml", fleet).file("projects/shop.yml", shop);
    let ran = work.run(&["verify", "--states", "60000", "."]).ended(0);
    assert!(ran.stdout.contains("no way past a gate was found"), "{}{}", ran.stdout, ran.stderr);
    // What a task takes of it by name is not approved.
    let steps = "before: [{task: t, config: {platform: linux, image_resource: {type: registry-image, source: {repository: \
                 alpine, tag: \"3\"}}, inputs: [{name: ARTIFACT}], run: {path: ARTIFACT/run}}}]\n";
    work.run(&["render", "--quiet"]).ended(0);
    let rendered = work.read("rendered/shop.yml");
    let artifact = rendered.lines().rev().find_map(|line| line.trim().strip_prefix("- get: after-")).unwrap();
    let artifact = format!("after-{artifact}");
    let step = steps.trim_start_matches("before: [").trim_end().trim_end_matches(']').replace("ARTIFACT", &artifact);
    let put = rendered.rfind("  - put: pulumi-shop").unwrap();
    let with = format!("{}  - {step}\n{}", &rendered[..put], &rendered[put..]);
    let ran = Work::new().file("shop.yml", &with).run(&["verify", "shop.yml"]).ended(1);
    assert!(ran.stderr.contains("error[wrong-version]"), "{}", ran.stderr);
}

#[test]
fn a_get_can_be_exempt_and_a_manifest_says_so_by_itself() {
    let text = rendered("ol-infrastructure/rendered/packer-pulumi-vault.yml");
    let work = Work::new().file("vault.yml", &text);
    let ran = work.run(&["verify", "vault.yml"]).ended(1);
    assert_eq!(rules(&ran), ["wrong-version"], "{}", ran.stderr);
    let job = "deploy-ol-infrastructure-vault-server-operations";
    let (qa, production) = (format!("{job}.qa/packer-build"), format!("{job}.production/packer-build"));
    work.run(&["verify", "vault.yml", "--unpinned", &qa, "--unpinned", &production]).ended(0);
}

#[test]
fn what_has_errors_is_not_searched() {
    let work = Work::new().file("a.yml", "jobs:\n- name: a\n  plan:\n  - get: nothing\n");
    let ran = work.run(&["verify", "a.yml"]).ended(1);
    assert!(ran.stderr.ends_with("1 error in 1 file; nothing was searched\n"), "{}", ran.stderr);
}

#[test]
fn without_a_gate_nothing_is_verified() {
    let text = rendered("ol-infrastructure/rendered/pulumi-starrocks-substructure-ci.yml");
    let ran = verified(&[("ci.yml", &text)]);
    assert_eq!(ran.fine(), "no job waits for an approval: nothing to verify\n");
}

#[test]
fn a_search_that_stops_before_its_end_is_no_verdict() {
    let work = Work::new().file("cart.yml", &rendered("quickstart/rendered/cart.yml"));
    let run = |more: &[&str]| work.run(&[&["verify", "--states", "100", "cart.yml"], more].concat());
    let cut = run(&[]).ended(5);
    assert!(cut.stdout.starts_with("no way past a gate was found in the part that was searched\n"), "{}", cut.stdout);
    assert!(!cut.stdout.contains("verified"), "{}", cut.stdout);
    let no_verdict = "error: no verdict: 3 of 4 searches stopped after 100 states; raise `--states`, or accept that with \
                      `--allow-incomplete`\n";
    assert_eq!(cut.stderr, no_verdict);
    // No flag hides it.
    for flag in ["--quiet", "--format=json", "--format=github", "--format=sarif"] {
        assert_eq!(run(&[flag]).ended(5).stderr, no_verdict, "{flag}");
    }
    let accepted = run(&["--allow-incomplete"]).ended(0);
    assert!(
        accepted.stdout.ends_with("\nno verdict: 3 of 4 searches stopped after 100 states; raise `--states`\n"),
        "{}",
        accepted.stdout
    );
    let refuted = replaced(&rendered("quickstart/rendered/cart.yml"), CLAIM, "");
    let work = Work::new().file("cart.yml", &refuted);
    let refuted = work.run(&["verify", "--states", "400", "cart.yml"]).ended(1);
    assert!(refuted.stdout.ends_with("searches stopped after 400 states: more may be wrong; raise `--states`\n"));
}

#[test]
fn reports_have_the_formats_of_validate() {
    let text = without(&rendered("quickstart/rendered/cart.yml"), CLAIM);
    let work = Work::new().file("cart.yml", &text);
    let json = work.run(&["verify", "--format", "json", "cart.yml"]).ended(1).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(json.to_string().contains("unapproved-deployment"), "{json}");
    let github = work.run(&["verify", "--format", "github", "cart.yml"]).ended(1).stdout;
    assert!(github.starts_with("::error "), "{github}");
    let sarif = work.run(&["verify", "--format", "sarif", "cart.yml"]).ended(1).stdout;
    assert!(sarif.contains("\"ruleId\": \"unapproved-deployment\""), "{sarif}");
}

/// The claim of the second job of the quickstart.
const CLAIM: &str = "  - put: github-issues-shop-cart-ci-post
    inputs:
    - shop-cart
    params:
      action: claim
      approval: shop-cart/.git/approval/approval.json
    no_get: true
";

/// Weak shapes of real pipelines of MIT Open Learning, each as a small pipeline.
#[test]
fn weak_shapes_are_refuted_or_a_lint_reports_them() {
    // `verify` reports nothing where no approval is involved: a lint of `validate` does.
    let shapes = [
        ("a1", Some("wrong-version"), "ambiguous-issue-title"),
        ("a2", Some("wrong-version"), "ambiguous-issue-title"),
        ("a4", Some("wrong-version"), "unpinned-approval"),
        ("a5", Some("deployed-twice"), "gate-bypass"),
        ("a6", Some("wrong-version"), "skipped-environment"),
        ("a7", Some("wrong-version"), "skipped-environment"),
        ("a8", None, "issue-without-listener"),
        ("a9", None, "skipped-environment"),
        ("a10", Some("wrong-version"), "unpinned-approval"),
    ];
    for (name, refuted, lint) in shapes {
        let work = Work::copy_of("tests/fixtures/upstream");
        let file = format!("{name}.yml");
        let ran =
            work.run(&["verify", "--states", STATES, "--allow-incomplete", &file]).ended(i32::from(refuted.is_some()));
        assert_eq!(rules(&ran), refuted.into_iter().collect::<Vec<_>>(), "{name}: {}", ran.stderr);
        if let Some(rule) = refuted {
            plays_again(&work, &["--states", STATES, "--allow-incomplete", &file], rule);
        }
        let warned = work.run(&["validate", &file]).ended(0).stderr;
        assert!(warned.contains(&format!("warning[{lint}]")), "{name}: {warned}");
    }
    let files = std::fs::read_dir(root().join("tests/fixtures/upstream")).unwrap().count();
    assert_eq!(files, shapes.len());
}

/// A pipeline that is set in the place of another one, while approvals are not used.
mod set_in_its_place {
    use super::*;

    fn changed(old: &str, new: &str) -> (Work, Ran) {
        let work = Work::new().file("old.yml", old).file("new.yml", new);
        let ran = work.run(&["verify", "--states", STATES, "--allow-incomplete", "--from", "old.yml", "new.yml"]);
        (work, ran)
    }

    fn manifest(name: &str) -> String {
        std::fs::read_to_string(root().join("docs/stories/renamed").join(name)).unwrap()
    }

    /// The change keeps all approvals from before.
    fn holds(new: &str) {
        let (_, ran) = changed(&manifest("before.yml"), new);
        assert!(ran.ended(0).stdout.starts_with("no way past a gate was found"));
    }

    /// An approval from before starts nothing, and nothing else is wrong: it deploys no other stage, and no other version.
    fn voids(new: &str) {
        let (work, ran) = changed(&manifest("before.yml"), new);
        let ran = ran.ended(1);
        let found: std::collections::BTreeSet<&str> = rules(&ran).into_iter().collect();
        assert_eq!(found, ["closing-starts-nothing"].into(), "{}", ran.stderr);
        assert!(ran.stderr.contains("a person sets the new pipeline"), "{}", ran.stderr);
        plays_again(
            &work,
            &["--states", STATES, "--allow-incomplete", "--from", "old.yml", "new.yml"],
            "closing-starts-nothing",
        );
    }

    #[test]
    fn a_rename_with_former_names() {
        holds(&manifest("after.yml"));
    }

    #[test]
    fn a_rename_without_former_names() {
        voids(&manifest("forgotten.yml"));
    }

    #[test]
    fn another_name_of_an_environment() {
        voids(&manifest("before.yml").replace("QA", "UAT"));
    }

    #[test]
    fn an_environment_between_two() {
        voids(&manifest("before.yml").replace("CI, QA", "CI, Staging, QA"));
    }

    #[test]
    fn an_environment_less() {
        voids(&manifest("before.yml").replace("CI, QA", "CI"));
    }

    #[test]
    fn a_gate_less() {
        holds(&(manifest("before.yml") + "overrides: {QA: {gate: none}}\n"));
    }

    #[test]
    fn a_button_in_the_place_of_an_issue() {
        holds(&(manifest("before.yml") + "overrides: {QA: {gate: manual}}\n"));
    }

    #[test]
    fn a_preview_in_the_place_of_an_issue() {
        voids(&(manifest("before.yml") + "overrides: {QA: {gate: preview}}\n"));
    }

    #[test]
    fn the_same_pipeline() {
        holds(&manifest("before.yml"));
    }
}

#[test]
fn a_target_can_be_one_step() {
    let text = "\
resources:
- {name: code, type: git, source: {uri: https://github.com/example/shop}}
- {name: lock, type: git, source: {uri: https://github.com/example/locks}}
- {name: closed, type: github-issues, source: {repository: example/ops, issue_prefix: CI deployed., issue_state: closed}}
- {name: posted, type: github-issues, source: {repository: example/ops, issue_title_template: CI deployed., issue_state: open}}
jobs:
- name: deploy-ci
  serial: true
  plan:
  - {get: code, trigger: true}
  - {put: posted, inputs: [], no_get: true}
- name: ship
  serial: true
  plan:
  - {get: closed, trigger: true}
  - {get: lock}
  - {put: lock, inputs: [lock], params: {file: lock/a}, no_get: true}
  - task: apply
    config: {platform: linux, image_resource: {type: mock}, inputs: [], run: {path: make}}
";
    let work = Work::new().file("a.yml", text);
    assert_eq!(rules(&work.run(&["verify", "a.yml"]).ended(1)), ["wrong-version"]);
    // The put of the lock deploys nothing. What is left is that the image has no claim.
    let ran = work.run(&["verify", "--target", "ship/apply=QA", "a.yml"]).ended(1);
    assert_eq!(rules(&ran), ["unapproved-deployment"], "{}", ran.stderr);
    assert!(ran.stderr.contains("--> a.yml:18:11"), "{}", ran.stderr);
}

/// Each mechanism of the wiring, taken out of a rendered pipeline. The table in `docs/verify.md` lists them.
mod taken_out {
    use super::*;

    const CART: &str = "quickstart/rendered/cart.yml";
    const CELERY: &str = "ol-infrastructure/rendered/pulumi-celery-monitoring.yml";
    const AIRBYTE: &str = "ol-infrastructure/rendered/pulumi-airbyte.yml";

    fn finds(text: &str, rule: &str) {
        let ran = verified(&[("pipeline.yml", text)]).ended(1);
        assert!(rules(&ran).first() == Some(&rule), "{}", ran.stderr);
        // No story leads to a stage that no version can reach.
        if rule != "unreachable-environment" {
            let work = Work::new().file("pipeline.yml", text);
            plays_again(&work, &["--states", STATES, "pipeline.yml"], rule);
        }
    }

    #[test]
    fn the_claim() {
        finds(&without(&rendered(CART), CLAIM), "unapproved-deployment");
    }

    #[test]
    fn the_order_of_claim_and_deployment() {
        // The claim comes after the deployment.
        let text = without(&rendered(CART), CLAIM);
        let qa = text.find("- name: deploy-shop-cart-qa").unwrap();
        let hooks = qa + text[qa..].find("  on_success:").unwrap();
        finds(&format!("{}{CLAIM}{}", &text[..hooks], &text[hooks..]), "unapproved-deployment");
    }

    #[test]
    fn the_success_of_the_claim() {
        let tried = CLAIM.replace("\n    ", "\n      ").replacen("  - put: ", "  - try:\n      put: ", 1);
        finds(&replaced(&rendered(CART), CLAIM, &tried), "unapproved-deployment");
    }

    #[test]
    fn the_approved_get() {
        let approved = "  - get: shop-cart\n    resource: github-issues-shop-cart-ci-trigger\n    trigger: true\n";
        let newest = "  - get: gate\n    resource: github-issues-shop-cart-ci-trigger\n    trigger: true\n  - get: shop-cart\n    \
                      passed: [deploy-shop-cart-ci]\n";
        let claim = CLAIM.replace("shop-cart/.git", "gate/.git").replace("    - shop-cart\n", "    - gate\n");
        let text = replaced(&rendered(CART), approved, newest);
        finds(&replaced(&text, CLAIM, &claim), "wrong-version");
    }

    #[test]
    fn the_trigger() {
        let get = "resource: github-issues-shop-cart-ci-trigger\n    trigger: true\n";
        let text = replaced(&rendered(CART), get, "resource: github-issues-shop-cart-ci-trigger\n");
        finds(&text, "closing-starts-nothing");
    }

    #[test]
    fn the_destination_of_the_record() {
        let post = "role: post\n    destination: shop-cart/-/QA/deploy\n";
        let other = "role: post\n    destination: shop-cart/-/Production/deploy\n";
        finds(&replaced(&rendered(CART), post, other), "closing-starts-nothing");
    }

    #[test]
    fn the_pin_of_the_commit() {
        let pins = "      pins:\n        code: shop-cart/.git/ref\n";
        finds(&without(&rendered(CART), pins), "closing-starts-nothing");
    }

    #[test]
    fn the_comparison_of_an_image() {
        let text = rendered(CELERY);
        let start = text.find("  - task: compare-approved").unwrap();
        let end = start + text[start..].find("  - put: pulumi-ol-application").unwrap();
        finds(&format!("{}{}", &text[..start], &text[end..]), "wrong-version");
    }

    #[test]
    fn the_pin_of_an_image() {
        let pin = "        celery-monitoring-docker-image: celery-monitoring-docker-image/digest\n";
        finds(&without(&rendered(CELERY), pin), "unreachable-environment");
    }

    #[test]
    fn the_one_job_of_a_gate() {
        // A second job takes the approval, and neither claims it.
        let text = without(&rendered(CART), CLAIM);
        let start = text.find("- name: deploy-shop-cart-qa").unwrap();
        let end = text.find("- name: deploy-shop-cart-production").unwrap();
        let second = text[start..end].replacen("deploy-shop-cart-qa", "deploy-shop-cart-qa-too", 1);
        finds(&format!("{}{second}{}", &text[..end], &text[end..]), "deployed-twice");
    }

    #[test]
    fn the_inputs_that_nobody_approves() {
        // A newer version of another resource gets into a step that sees all artifacts.
        let resources = "resources:\n";
        let tool = "resources:\n- name: tool\n  type: git\n  source:\n    uri: https://github.com/example/tool\n";
        let get = "  - get: ol-infrastructure-pulumi-airbyte\n    resource: github-issues-ol-application-airbyte-ci-trigger\n";
        let text = replaced(&rendered(AIRBYTE), resources, tool);
        finds(&replaced(&text, get, &format!("  - get: tool\n{get}")), "wrong-version");
    }

    #[test]
    fn the_hooks_that_deploy_nothing() {
        // What `ensure` puts is deployed although the claim was refused.
        let text = rendered(AIRBYTE);
        let qa = text.find("- name: deploy-ol-application-airbyte-qa").unwrap();
        let hooks = qa + text[qa..].find("  on_success:").unwrap();
        let ensure = "  ensure:\n    put: pulumi-ol-application-airbyte\n    params:\n      stack_name: QA\n";
        finds(&format!("{}{ensure}{}", &text[..hooks], &text[hooks..]), "unapproved-deployment");
    }

    /// The pipeline, with a change in one of its jobs.
    fn changed(text: &str, job: &str, part: &str, by: &str) -> String {
        let start = text.find(&format!("- name: {job}\n")).unwrap();
        format!("{}{}", &text[..start], replaced(&text[start..], part, by))
    }

    #[test]
    fn the_order_of_builds() {
        for job in ["deploy-shop-cart-ci", "deploy-shop-cart-qa"] {
            finds(&changed(&rendered(CART), job, "  serial: true\n", ""), "overtaken-deployment");
        }
    }

    #[test]
    fn the_serial_group_of_a_preview() {
        let work = Work::copy_of("docs/stories/preview");
        let text = work.run(&["render", "--stdout", "org.yml"]).fine();
        assert_eq!(rules(&verified(&[("pipeline.yml", &text)]).ended(0)), [""; 0]);
        for job in ["preview-shop-org-qa", "preview-shop-org-production"] {
            let stage = job.strip_prefix("preview-").unwrap();
            let text = changed(&text, job, &format!("  serial_groups:\n  - {stage}\n"), "");
            finds(&text, "stale-preview");
        }
    }

    #[test]
    fn the_record_of_a_success() {
        // `ensure` writes the record whatever becomes of the deployment.
        let text = changed(&rendered(CART), "deploy-shop-cart-ci", "  on_success:\n", "  ensure:\n");
        finds(&text, "undeployed-record");
    }

    #[test]
    fn the_gate() {
        // The job takes what CI deployed, and the issue of CI still asks for an approval of QA.
        let approved = "  - get: shop-cart\n    resource: github-issues-shop-cart-ci-trigger\n    trigger: true\n";
        let passed = "  - get: shop-cart\n    trigger: true\n    passed: [deploy-shop-cart-ci]\n";
        let text = replaced(&without(&rendered(CART), CLAIM), approved, passed);
        let start = text.find("- name: github-issues-shop-cart-ci-trigger").unwrap();
        let end = text.find("- name: github-issues-shop-cart-qa-post").unwrap();
        finds(&format!("{}{}", &text[..start], &text[end..]), "unapproved-deployment");
    }

    #[test]
    fn no_get_protects_nothing() {
        let text = rendered(CART);
        let lines: Vec<&str> = text.lines().filter(|line| line.trim() != "no_get: true").collect();
        assert!(lines.len() < text.lines().count());
        verified(&[("pipeline.yml", &lines.join("\n"))]).ended(0);
    }

    #[test]
    fn the_one_way_to_a_stage() {
        // A job without a gate puts what the gated job puts.
        let text = rendered(AIRBYTE);
        let ci = text.find("- name: deploy-ol-application-airbyte-ci").unwrap();
        let other = text[ci..].replacen("stack_name: CI", "stack_name: QA", 1);
        finds(&format!("{}{other}", &text[..ci]), "unapproved-deployment");
    }
}

#[test]
fn pipeline_that_is_named_twice_is_one() {
    let work = Work::new().file("a.yml", &rendered("quickstart/rendered/cart.yml"));
    let once = work.run(&["verify", "--states", STATES, "--allow-incomplete", "a.yml"]);
    let twice = work.run(&["verify", "--states", STATES, "--allow-incomplete", "a.yml", "./a.yml"]);
    assert_eq!((twice.code, &twice.stdout, &twice.stderr), (once.code, &once.stdout, &once.stderr));
}
