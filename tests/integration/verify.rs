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
    work.run(&["verify", "--states", STATES].into_iter().chain(names).collect::<Vec<_>>())
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
        let ran = work.run(&["verify", "--states", STATES]).ended(0);
        assert!(ran.stdout.contains(": verified up to 2 versions of one resource"), "{fleet}: {}", ran.stdout);
        assert_eq!(rules(&ran), [""; 0], "{fleet}");
    }
}

#[test]
fn a_rendered_pipeline_holds_and_chains_of_one_shape_are_searched_once() {
    let ran = verified(&[("atlas.yml", &rendered("ol-infrastructure/rendered/pulumi-mongodb-atlas.yml"))]).ended(0);
    assert!(ran.stdout.starts_with("4 chains of 1 shape, "), "{}", ran.stdout);
}

#[test]
fn chains_across_pipelines_are_searched_together() {
    let names = ["", "-ci", "-qa"].map(|end| format!("pulumi-starrocks-substructure{end}.yml"));
    let texts = names.clone().map(|name| rendered(&format!("ol-infrastructure/rendered/{name}")));
    let files: Vec<(&str, &str)> =
        names.iter().zip(&texts).map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let together = verified(&files).ended(0);
    assert!(together.stdout.starts_with("1 chain of 1 shape, "), "{}", together.stdout);
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
    let issue = "the issue of `[bot] Pulumi ol-application-airbyte CI deployed.`";
    let story = [
        "version A of each resource is there".to_owned(),
        format!("Concourse starts {ci} #1"),
        format!("{ci} #1 writes into {issue}, with version A of {code}"),
        format!("a person closes {issue}, with version A of {code}"),
        format!("version B of {code} lands"),
        format!("Concourse starts {ci} #2"),
        format!("{ci} #2 writes into {issue}, with version B of {code}"),
        "Concourse checks github-issues-ol-application-airbyte-ci-trigger".to_owned(),
        format!("Concourse starts {qa} #1"),
        format!("{qa} #1 gets github-issues-ol-application-airbyte-ci-trigger"),
        format!("{qa} #1 deploys ol-application-airbyte-qa, with version B of {code}"),
    ];
    let printed: Vec<&str> = ran.stderr.lines().filter_map(|line| line.trim().strip_prefix("= note: ")).collect();
    let expected = story.iter().enumerate().map(|(at, line)| format!("{:>2}. {line}", at + 1));
    assert_eq!(printed[..story.len()], expected.collect::<Vec<_>>(), "{}", ran.stderr);
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
fn a_limit_that_cuts_searches_is_reported() {
    let work = Work::new().file("cart.yml", &rendered("quickstart/rendered/cart.yml"));
    let out = work.run(&["verify", "--states", "100", "cart.yml"]).ended(0).stdout;
    assert!(
        out.contains("searches stopped after 100 states, before that bound: raise `--states` to look further"),
        "{out}"
    );
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

/// Each mechanism of the wiring, taken out of a rendered pipeline. The table in `docs/verify.md` lists them.
mod taken_out {
    use super::*;

    const CART: &str = "quickstart/rendered/cart.yml";
    const CELERY: &str = "ol-infrastructure/rendered/pulumi-celery-monitoring.yml";
    const AIRBYTE: &str = "ol-infrastructure/rendered/pulumi-airbyte.yml";

    fn finds(text: &str, rule: &str) {
        let ran = verified(&[("pipeline.yml", text)]).ended(1);
        assert!(rules(&ran).first() == Some(&rule), "{}", ran.stderr);
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

    #[test]
    fn the_one_way_to_a_stage() {
        // A job without a gate puts what the gated job puts.
        let text = rendered(AIRBYTE);
        let ci = text.find("- name: deploy-ol-application-airbyte-ci").unwrap();
        let other = text[ci..].replacen("stack_name: CI", "stack_name: QA", 1);
        finds(&format!("{}{other}", &text[..ci]), "unapproved-deployment");
    }
}
