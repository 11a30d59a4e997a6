//! How a job behind a gate gets the approved commit: as the version of the gate's own resource, or by a checkout.

use insta::assert_snapshot;
use serde_json::Value;

use crate::graph::graph;
use crate::support::{Ran, Work};

const FLEET: &str = "\
version: 1
concourses: {main: {target: main}, edge: {target: edge}}
defaults:
  environments: [CI, QA, Production]
  source: {repository: https://github.com/example/shop}
  issues: {repository: example/deployments, auth: {token: ((github.token))}}
";

fn work(manifest: &str) -> Work {
    Work::new().file("pipegen.yml", FLEET).file("projects/shop.yml", manifest)
}

fn rendered(manifest: &str) -> String {
    let work = work(manifest);
    work.run(&["render", "--quiet"]).ended(0);
    work.read("rendered/shop.yml")
}

fn render(manifest: &str) -> Ran {
    work(manifest).run(&["render"])
}

fn manifest(more: &str) -> String {
    format!("project: shop\nstack: {{pulumi: {{path: a}}}}\n{more}\n")
}

/// The gets, claims and checks of approvals of each job.
fn takes(manifest: &str) -> String {
    let wanted = ["get", "claim", "checkout", "compare", "load_var"].map(|word| format!("  {word} "));
    let graph = graph(&rendered(manifest));
    let lines = graph.lines().filter(|line| !line.starts_with(' ') || wanted.iter().any(|word| line.starts_with(word)));
    lines.collect::<Vec<_>>().join("\n")
}

fn resource(manifest: &str, name: &str) -> Value {
    let pipeline: Value = serde_saphyr::from_str(&rendered(manifest)).unwrap();
    let resources = pipeline["resources"].as_array().unwrap();
    resources.iter().find(|resource| resource["name"] == name).unwrap().clone()
}

#[test]
fn code_of_a_gated_job_is_the_approved_commit() {
    assert_snapshot!(takes(&manifest("")), @"
    deploy-shop-ci (serial)
      get shop-shop, starts
    deploy-shop-qa (serial)
      get shop-shop of github-issues-shop-ci-trigger, starts
      claim github-issues-shop-ci-post
    deploy-shop-production (serial)
      get shop-shop of github-issues-shop-qa-trigger, starts
      claim github-issues-shop-qa-post
    ");
}

#[test]
fn resource_of_the_approvals_fetches_the_code_and_nothing_of_its_watching() {
    let more = "source: {paths: [lib], private_key: ((shop.deploy_key)), webhook: ((github.webhook))}";
    let ci = resource(&manifest(more), "github-issues-shop-ci-trigger");
    assert_eq!(ci["type"], "approved-git");
    assert_snapshot!(ci["source"]["git"].to_string(), @r#"{"uri":"https://github.com/example/shop","branch":"main","private_key":"((shop.deploy_key))"}"#);
}

#[test]
fn preview_and_its_deployment_take_the_same_commit() {
    assert_snapshot!(takes(&manifest("overrides: {Production: {gate: preview}}")), @"
    deploy-shop-ci (serial)
      get shop-shop, starts
    deploy-shop-qa (serial)
      get shop-shop of github-issues-shop-ci-trigger, starts
      claim github-issues-shop-ci-post
    preview-shop-production (serial with shop-production)
      get shop-shop of github-issues-shop-ci-trigger from deploy-shop-qa, starts
    deploy-shop-production (serial with shop-production)
      get shop-shop of gh-shop-production-gate-trigger, starts
      claim gh-shop-production-gate-post
    ");
}

#[test]
fn checkout_stays_for_who_wants_it() {
    let asked = takes(&manifest("approval: {code: checkout}"));
    assert_snapshot!(asked, @"
    deploy-shop-ci (serial)
      get shop-shop, starts
    deploy-shop-qa (serial)
      get gate of github-issues-shop-ci-trigger, starts
      get shop-shop from deploy-shop-ci
      claim github-issues-shop-ci-post
      checkout shop-shop compare [] fetch []
    deploy-shop-production (serial)
      get gate of github-issues-shop-qa-trigger, starts
      get shop-shop from deploy-shop-qa
      claim github-issues-shop-qa-post
      checkout shop-shop compare [] fetch []
    ");
    let newest = takes(&manifest("approval: {approve: latest}"));
    assert_snapshot!(newest, @"
    deploy-shop-ci (serial)
      get shop-shop, starts
    deploy-shop-qa (serial)
      get gate of github-issues-shop-ci-trigger, starts
      get shop-shop from deploy-shop-ci
      claim github-issues-shop-ci-post
    deploy-shop-production (serial)
      get gate of github-issues-shop-qa-trigger, starts
      get shop-shop from deploy-shop-qa
      claim github-issues-shop-qa-post
    ");
}

#[test]
fn checkout_stays_where_another_repository_is_taken() {
    let theme = "inputs: {theme: {git: {repository: https://github.com/example/theme}}}";
    assert_snapshot!(takes(&manifest(theme)), @"
    deploy-shop-ci (serial)
      get theme, starts
      get shop-shop, starts
    deploy-shop-qa (serial)
      get theme from deploy-shop-ci
      get gate of github-issues-shop-ci-trigger, starts
      get shop-shop from deploy-shop-ci
      claim github-issues-shop-ci-post with theme
      checkout shop-shop theme compare [] fetch []
    deploy-shop-production (serial)
      get theme from deploy-shop-qa
      get gate of github-issues-shop-qa-trigger, starts
      get shop-shop from deploy-shop-qa
      claim github-issues-shop-qa-post with theme
      checkout shop-shop theme compare [] fetch []
    ");
    // One that no approval holds to a version needs no checkout.
    let helper = "inputs: {theme: {git: {repository: https://github.com/example/theme}, pin: null}}";
    assert_snapshot!(takes(&manifest(helper)), @"
    deploy-shop-ci (serial)
      get theme, starts
      get shop-shop, starts
    deploy-shop-qa (serial)
      get theme from deploy-shop-ci
      get shop-shop of github-issues-shop-ci-trigger, starts
      claim github-issues-shop-ci-post
    deploy-shop-production (serial)
      get theme from deploy-shop-qa
      get shop-shop of github-issues-shop-qa-trigger, starts
      claim github-issues-shop-qa-post
    ");
}

/// A clone from before, that a later job takes as it passed there, is a clone of the newest code.
#[test]
fn checkout_of_a_later_job_makes_it_one_of_those_before() {
    let theme = "inputs: {theme: {git: {repository: https://github.com/example/theme}}}";
    assert_snapshot!(takes(&manifest(&format!("overrides: {{Production: {{{theme}}}}}"))), @"
    deploy-shop-ci (serial)
      get shop-shop, starts
    deploy-shop-qa (serial)
      get shop-shop of github-issues-shop-ci-trigger, starts
      claim github-issues-shop-ci-post
    deploy-shop-production (serial)
      get theme
      get shop-shop of github-issues-shop-qa-trigger, starts
      claim github-issues-shop-qa-post
    ");
    let last = "overrides: {Production: {approval: {code: checkout}}}";
    assert_snapshot!(takes(&manifest(last)), @"
    deploy-shop-ci (serial)
      get shop-shop, starts
    deploy-shop-qa (serial)
      get gate of github-issues-shop-ci-trigger, starts
      get shop-shop from deploy-shop-ci
      claim github-issues-shop-ci-post
      checkout shop-shop compare [] fetch []
    deploy-shop-production (serial)
      get gate of github-issues-shop-qa-trigger, starts
      get shop-shop from deploy-shop-qa
      claim github-issues-shop-qa-post
      checkout shop-shop compare [] fetch []
    ");
}

/// Who follows takes the approval that the deployment before took, from the same resource.
#[test]
fn checkout_of_a_follower_makes_it_one_of_who_is_followed() {
    let theme = "inputs: {theme: {git: {repository: https://github.com/example/theme}}}";
    let manifest = manifest(&format!("overrides: {{CI: {{{theme}}}, QA: {{}}, Production: {{gate: none, {theme}}}}}"));
    assert_snapshot!(takes(&manifest), @"
    deploy-shop-ci (serial)
      get theme, starts
      get shop-shop, starts
    deploy-shop-qa (serial)
      get gate of github-issues-shop-ci-trigger, starts
      get shop-shop from deploy-shop-ci
      claim github-issues-shop-ci-post
      checkout shop-shop compare [] fetch []
    deploy-shop-production (serial)
      get theme from deploy-shop-ci
      get gate of github-issues-shop-ci-trigger from deploy-shop-qa, starts
      get shop-shop from deploy-shop-qa, starts
      checkout shop-shop theme compare [] fetch []
    ");
}

#[test]
fn image_that_is_handed_over_is_not_got() {
    let image = "inputs: {app: {image: {repository: example/app}, env: {APP: digest}}}";
    assert_snapshot!(takes(&manifest(image)), @r#"
    deploy-shop-ci (serial)
      get app, starts {"skip_download":true}
      get shop-shop, starts
    deploy-shop-qa (serial)
      get shop-shop of github-issues-shop-ci-trigger, starts
      claim github-issues-shop-ci-post
    deploy-shop-production (serial)
      get shop-shop of github-issues-shop-qa-trigger, starts
      claim github-issues-shop-qa-post
    "#);
    assert_snapshot!(takes(&manifest(&format!("{image}\napproval: {{code: checkout}}"))), @r#"
    deploy-shop-ci (serial)
      get app, starts {"skip_download":true}
      get shop-shop, starts
    deploy-shop-qa (serial)
      get gate of github-issues-shop-ci-trigger, starts
      get shop-shop from deploy-shop-ci
      claim github-issues-shop-ci-post
      checkout shop-shop compare [] fetch []
    deploy-shop-production (serial)
      get gate of github-issues-shop-qa-trigger, starts
      get shop-shop from deploy-shop-qa
      claim github-issues-shop-qa-post
      checkout shop-shop compare [] fetch []
    "#);
    // Kinds that take no files have it read.
    let script = format!("project: shop\nstack: {{script: {{image: alpine, deploy: ./deploy.sh}}}}\n{image}\n");
    let yaml = rendered(&script);
    assert!(yaml.contains("file: shop-shop/.git/approval/pins/app\n"), "{yaml}");
}

#[test]
fn image_that_a_later_job_reads_comes_all_the_way() {
    let image =
        |params: &str| format!("inputs: {{app: {{image: {{repository: example/app}}, env: {{APP: digest}}{params}}}}}");
    let whole = format!("{}\noverrides: {{Production: {{{}}}}}", image(""), image(", params: {skip_download: false}"));
    assert_snapshot!(takes(&manifest(&whole)), @r#"
    deploy-shop-ci (serial)
      get app, starts {"skip_download":true}
      get shop-shop, starts
    deploy-shop-qa (serial)
      get app from deploy-shop-ci {"skip_download":true}
      get shop-shop of github-issues-shop-ci-trigger, starts
      claim github-issues-shop-ci-post
    deploy-shop-production (serial)
      get app from deploy-shop-qa {"skip_download":false}
      get shop-shop of github-issues-shop-qa-trigger, starts
      claim github-issues-shop-qa-post
      compare app=digest
    "#);
}

#[test]
fn what_needs_a_gated_deployment_waits_by_its_approval() {
    let needs = "environments: [QA, Production]\nprojects:\n  network: {stack: {pulumi: {path: b}}}\n  \
                 cluster: {needs: [network], stack: {pulumi: {path: a}}}\n";
    assert_snapshot!(takes(needs), @"
    deploy-network-qa (serial)
      get shop-network, starts
    deploy-network-production (serial)
      get shop-network of github-issues-network-qa-trigger, starts
      claim github-issues-network-qa-post
    deploy-cluster-qa (serial)
      get after-deploy-network-qa of shop-network from deploy-network-qa, starts
      get shop-cluster, starts
    deploy-cluster-production (serial)
      get after-deploy-network-production of github-issues-network-qa-trigger from deploy-network-production
      get shop-cluster of github-issues-cluster-qa-trigger, starts
      claim github-issues-cluster-qa-post
    ");
}

#[test]
fn job_of_ones_own_takes_what_was_deployed_by_its_approval() {
    let extra = |get: &str| manifest(&format!("extra:\n  jobs:\n  - name: mine\n    plan:\n    - {get}\n"));
    let yaml = rendered(&extra(
        "{get: code, resource: github-issues-shop-ci-trigger, passed: [deploy-shop-qa], trigger: true}",
    ));
    assert!(yaml.contains("- name: mine\n"), "{yaml}");
    for get in [
        "{get: code, resource: github-issues-shop-ci-trigger, trigger: true}",
        "{get: code, resource: github-issues-shop-ci-trigger, passed: [deploy-shop-ci]}",
        "{get: code, resource: github-issues-shop-ci-trigger, passed: [deploy-shop-production]}",
    ] {
        let ran = render(&extra(get)).ended(1);
        assert!(ran.stderr.contains("error[step-past-gate]"), "{get}: {}", ran.stderr);
    }
    let ran = render(&extra("{get: code, resource: shop-shop, passed: [deploy-shop-qa]}")).ended(1);
    assert!(
        ran.stderr.contains("take `github-issues-shop-ci-trigger` with `passed: [deploy-shop-qa]`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn fleet_says_which_image_fetches_approved_commits() {
    let fleet = format!(
        "{FLEET}resource_types:\n  approved-git:\n    type: registry-image\n    source: {{repository: mirror/approved-git, tag: \"1\"}}\n    defaults: {{ca_cert: ((github.ca))}}\n"
    );
    let work = Work::new().file("pipegen.yml", &fleet).file("projects/shop.yml", &manifest(""));
    work.run(&["render", "--quiet"]).fine();
    let pipeline: Value = serde_saphyr::from_str(&work.read("rendered/shop.yml")).unwrap();
    assert_snapshot!(pipeline["resource_types"][2].to_string(), @r#"{"name":"approved-git","type":"registry-image","source":{"repository":"mirror/approved-git","tag":"1"},"defaults":{"ca_cert":"((github.ca))"}}"#);
}
