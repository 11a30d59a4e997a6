//! What a kind is told of the approval of its own preview, by the kind `opentofu`.

use serde_json::Value;

use crate::support::Work;

const FLEET: &str = "\
version: 1
concourses: {main: {target: main}}
defaults:
  environments: [QA, Production]
  source: {repository: https://github.com/example/shop}
  issues: {repository: example/deployments, auth: {token: ((github.token))}}
";

/// Where the task of a job is told to find the approved plan, and whether it takes the approval.
fn approved(manifest: &str, job: &str) -> (String, bool) {
    let work = Work::new().file("pipegen.yml", FLEET).file("projects/shop.yml", manifest);
    work.run(&["render", "--quiet"]).ended(0);
    let pipeline: Value = serde_saphyr::from_str(&work.read("rendered/shop.yml")).unwrap();
    let jobs = pipeline["jobs"].as_array().unwrap();
    let job = jobs.iter().find(|found| found["name"] == job).unwrap();
    let is_kinds = |step: &&Value| step["task"] == "deploy" || step["task"] == "preview";
    let config = &job["plan"].as_array().unwrap().iter().find(is_kinds).unwrap()["config"];
    let gate = config["inputs"].as_array().unwrap().iter().any(|input| input["name"] == "gate");
    (config["params"]["APPROVED"].as_str().unwrap().to_owned(), gate)
}

fn manifest(more: &str) -> String {
    format!("project: shop\nstack: {{opentofu: {{path: a}}}}\n{more}\n")
}

#[test]
fn deployment_is_held_to_its_own_preview() {
    let checkout = manifest("overrides: {Production: {gate: preview, approval: {code: checkout}}}");
    assert_eq!(approved(&checkout, "deploy-shop-production"), ("gate/pins/plan".into(), true));
    let manifest = manifest("overrides: {Production: {gate: preview}}");
    let inside = "shop-shop/.git/approval/pins/plan".to_owned();
    assert_eq!(approved(&manifest, "deploy-shop-production"), (inside, false));
    assert_eq!(approved(&manifest, "preview-shop-production"), (String::new(), false));
    assert_eq!(approved(&manifest, "deploy-shop-qa"), (String::new(), false));
}

#[test]
fn deployment_is_held_to_no_other_plan() {
    for more in [
        // The issue of the environment before names no plan of this one.
        "",
        // Whatever is newest was not previewed.
        "overrides: {Production: {gate: preview, approval: {approve: latest}}}",
        // Another image records no versions.
        "overrides: {Production: {gate: preview}}\nissues: {resource: mitodl}",
    ] {
        assert_eq!(approved(&manifest(more), "deploy-shop-production"), (String::new(), false), "{more}");
    }
    let off =
        "project: shop\nstack: {opentofu: {path: a, as_previewed: false}}\noverrides: {Production: {gate: preview}}\n";
    assert_eq!(approved(off, "deploy-shop-production"), (String::new(), false));
}

#[test]
fn deployment_that_follows_is_not_held_to_the_preview_before() {
    let manifest = manifest(
        "environments: [QA, Production, Archive]\noverrides: {Production: {gate: preview}, Archive: {gate: none}}",
    );
    assert_eq!(approved(&manifest, "deploy-shop-archive"), (String::new(), false));
}

#[test]
fn only_a_preview_records_its_plan() {
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("projects/shop.yml", &manifest("overrides: {Production: {gate: preview}}"));
    work.run(&["render", "--quiet"]).fine();
    let rendered = work.read("rendered/shop.yml");
    assert_eq!(rendered.matches("plan: summary/plan").count(), 1);
    let (before, _) = rendered.split_once("plan: summary/plan").unwrap();
    assert!(before.rfind("- name: preview-shop-production") > before.rfind("- name: deploy-shop-"));
}
