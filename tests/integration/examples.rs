//! The examples of the language: what each manifest comes to.

use insta::assert_snapshot;

use crate::graph::{graph, issues};
use crate::support::Work;

fn rendered(pipeline: &str) -> String {
    rendered_by(pipeline, pipeline)
}

fn rendered_by(manifest: &str, pipeline: &str) -> String {
    let work = Work::copy_of("tests/fixtures/examples");
    work.run(&["render", "--quiet", &format!("projects/{manifest}.yml")]).fine();
    work.read(&format!("rendered/{pipeline}.yml"))
}

#[test]
fn simplest() {
    let yaml = rendered("cart");
    assert_snapshot!(graph(&yaml), @r#"
    deploy-shop-cart-ci (serial)
      get shop-cart, starts
      put pulumi-shop-cart {"env_os":{},"env_vars_from_files":{},"stack_name":"CI"}
      on_success: record github-issues-shop-cart-ci-post "[bot] Pulumi shop-cart CI deployed." {"clone":"shop-cart","body_files":["pulumi-shop-cart/deploy_summary.md"],"pins":{"code":"shop-cart/.git/ref"},"ungated":true,"labels":["promotion-to-qa"]}
    deploy-shop-cart-qa (serial)
      get shop-cart of github-issues-shop-cart-ci-trigger, starts
      claim github-issues-shop-cart-ci-post
      put pulumi-shop-cart {"env_os":{},"env_vars_from_files":{},"stack_name":"QA"}
      on_success: record github-issues-shop-cart-qa-post "[bot] Pulumi shop-cart QA deployed." {"clone":"shop-cart","body_files":["pulumi-shop-cart/deploy_summary.md"],"pins":{"code":"shop-cart/.git/ref"},"labels":["promotion-to-production"]}
      on_success: report succeeded to github-issues-shop-cart-ci-post
      on_failure: report failed to github-issues-shop-cart-ci-post
      on_error: report errored to github-issues-shop-cart-ci-post
      on_abort: report aborted to github-issues-shop-cart-ci-post
    deploy-shop-cart-production (serial)
      get shop-cart of github-issues-shop-cart-qa-trigger, starts
      claim github-issues-shop-cart-qa-post
      put pulumi-shop-cart {"env_os":{},"env_vars_from_files":{},"stack_name":"Production"}
      on_success: record github-issues-shop-cart-production-post "[bot] Pulumi shop-cart Production deployed." {"clone":"shop-cart","body_files":["pulumi-shop-cart/deploy_summary.md"],"pins":{"code":"shop-cart/.git/ref"},"labels":["finalized-deployment"]}
      on_success: report succeeded to github-issues-shop-cart-qa-post
      on_failure: report failed to github-issues-shop-cart-qa-post
      on_error: report errored to github-issues-shop-cart-qa-post
      on_abort: report aborted to github-issues-shop-cart-qa-post
    "#);
    assert_snapshot!(issues(&yaml), @r#"
    github-issues-shop-cart-ci-post every never {"gate":"shop-cart/-/CI/deployed","role":"post","destination":"shop-cart/-/QA/deploy"}
    github-issues-shop-cart-qa-post every never {"gate":"shop-cart/-/QA/deployed","role":"post","destination":"shop-cart/-/Production/deploy"}
    github-issues-shop-cart-production-post every never {"gate":"shop-cart/-/Production/deployed","role":"post"}
    "#);
}

#[test]
fn singleton() {
    let yaml = rendered("org");
    assert_snapshot!(graph(&yaml), @r#"
    preview-shop-org-default (serial with shop-org-default)
      get shop-org, starts
      put pulumi-shop-org {"env_os":{},"env_vars_from_files":{},"stack_name":"default","preview":true}
      on_success: record gh-shop-org-default-gate-post "[bot] Pulumi shop-org default ready to deploy." {"close_if_file":"pulumi-shop-org/preview_summary.md.no-changes","clone":"shop-org","pins":{"code":"shop-org/.git/ref"},"ungated":true,"labels":["promotion-to-default"],"body_files":["pulumi-shop-org/preview_summary.md"]}
      on_success: record github-issues-shop-org-default-post "[bot] Pulumi shop-org default deployed." {"unchanged_if_file":"pulumi-shop-org/preview_summary.md.no-changes","clone":"shop-org","pins":{"code":"shop-org/.git/ref"},"labels":["deployed","finalized-deployment"],"body_files":["pulumi-shop-org/preview_summary.md"]}
    deploy-shop-org-default (serial with shop-org-default)
      get shop-org of gh-shop-org-default-gate-trigger, starts
      claim gh-shop-org-default-gate-post
      put pulumi-shop-org {"env_os":{},"env_vars_from_files":{},"stack_name":"default"}
      on_success: record github-issues-shop-org-default-post "[bot] Pulumi shop-org default deployed." {"clone":"shop-org","body_files":["pulumi-shop-org/deploy_summary.md"],"pins":{"code":"shop-org/.git/ref"},"labels":["deployed","finalized-deployment"]}
      on_success: report succeeded to gh-shop-org-default-gate-post
      on_failure: report failed to gh-shop-org-default-gate-post
      on_error: report errored to gh-shop-org-default-gate-post
      on_abort: report aborted to gh-shop-org-default-gate-post
    "#);
    assert_snapshot!(issues(&yaml), @r#"
    gh-shop-org-default-gate-post every never {"gate":"shop-org/-/default/ready","role":"post","destination":"shop-org/-/default/deploy"}
    github-issues-shop-org-default-post every never {"gate":"shop-org/-/default/deployed","role":"post"}
    "#);
}

#[test]
fn stricter_production() {
    let yaml = rendered("api");
    assert_snapshot!(graph(&yaml), @r#"
    deploy-shop-api-ci (serial)
      get shop-api, starts
      put pulumi-shop-api {"env_os":{},"env_vars_from_files":{},"stack_name":"CI"}
      on_success: record github-issues-shop-api-ci-post "[bot] Pulumi shop-api CI deployed." {"clone":"shop-api","body_files":["pulumi-shop-api/deploy_summary.md"],"pins":{"code":"shop-api/.git/ref"},"ungated":true,"labels":["promotion-to-qa"]}
    deploy-shop-api-qa (serial)
      get shop-api of github-issues-shop-api-ci-trigger, starts
      claim github-issues-shop-api-ci-post
      put pulumi-shop-api {"env_os":{},"env_vars_from_files":{},"stack_name":"QA"}
      on_success: record github-issues-shop-api-qa-post "[bot] Pulumi shop-api QA deployed." {"clone":"shop-api","body_files":["pulumi-shop-api/deploy_summary.md"],"pins":{"code":"shop-api/.git/ref"},"labels":["deployed"]}
      on_success: report succeeded to github-issues-shop-api-ci-post
      on_failure: report failed to github-issues-shop-api-ci-post
      on_error: report errored to github-issues-shop-api-ci-post
      on_abort: report aborted to github-issues-shop-api-ci-post
    preview-shop-api-production (serial with shop-api-production)
      get shop-api of github-issues-shop-api-ci-trigger from deploy-shop-api-qa, starts
      put pulumi-shop-api {"env_os":{},"env_vars_from_files":{},"stack_name":"Production","preview":true}
      on_success: record gh-shop-api-production-gate-post "[bot] Pulumi shop-api Production ready to deploy." {"close_if_file":"pulumi-shop-api/preview_summary.md.no-changes","clone":"shop-api","pins":{"code":"shop-api/.git/ref"},"ungated":true,"labels":["promotion-to-production"],"body_files":["pulumi-shop-api/preview_summary.md"]}
      on_success: record github-issues-shop-api-production-post "[bot] Pulumi shop-api Production deployed." {"unchanged_if_file":"pulumi-shop-api/preview_summary.md.no-changes","clone":"shop-api","pins":{"code":"shop-api/.git/ref"},"labels":["deployed","finalized-deployment"],"body_files":["pulumi-shop-api/preview_summary.md"]}
    deploy-shop-api-production (serial with shop-api-production)
      get shop-api of gh-shop-api-production-gate-trigger, starts
      claim gh-shop-api-production-gate-post
      put pulumi-shop-api {"env_os":{},"env_vars_from_files":{},"stack_name":"Production"}
      on_success: record github-issues-shop-api-production-post "[bot] Pulumi shop-api Production deployed." {"clone":"shop-api","body_files":["pulumi-shop-api/deploy_summary.md"],"pins":{"code":"shop-api/.git/ref"},"labels":["deployed","finalized-deployment"]}
      on_success: report succeeded to gh-shop-api-production-gate-post
      on_failure: report failed to gh-shop-api-production-gate-post
      on_error: report errored to gh-shop-api-production-gate-post
      on_abort: report aborted to gh-shop-api-production-gate-post
    "#);
    assert_snapshot!(issues(&yaml), @r#"
    github-issues-shop-api-ci-post every never {"gate":"shop-api/-/CI/deployed","role":"post","destination":"shop-api/-/QA/deploy"}
    github-issues-shop-api-qa-post every never {"gate":"shop-api/-/QA/deployed","role":"post"}
    gh-shop-api-production-gate-post every never {"gate":"shop-api/-/Production/ready","role":"post","destination":"shop-api/-/Production/deploy","soak":86400,"closers":{"teams":["example/sre"]}}
    github-issues-shop-api-production-post every never {"gate":"shop-api/-/Production/deployed","role":"post"}
    "#);
}

#[test]
fn image_of_somebody_elses() {
    let yaml = rendered("search");
    assert_snapshot!(graph(&yaml), @r#"
    deploy-shop-search-ci (serial)
      get search-image, starts {"skip_download":true}
      get shop-search, starts
      put pulumi-shop-search {"env_os":{},"env_vars_from_files":{"SEARCH_IMAGE_DIGEST":"search-image/digest"},"stack_name":"CI"}
      on_success: record github-issues-shop-search-ci-post "[bot] Pulumi shop-search CI deployed." {"clone":"shop-search","body_files":["pulumi-shop-search/deploy_summary.md"],"pins":{"code":"shop-search/.git/ref","search-image":"search-image/digest"},"ungated":true,"labels":["promotion-to-qa"]}
    deploy-shop-search-qa (serial)
      get shop-search of github-issues-shop-search-ci-trigger, starts
      claim github-issues-shop-search-ci-post
      put pulumi-shop-search {"env_os":{},"env_vars_from_files":{"SEARCH_IMAGE_DIGEST":"shop-search/.git/approval/pins/search-image"},"stack_name":"QA"}
      on_success: record github-issues-shop-search-qa-post "[bot] Pulumi shop-search QA deployed." {"clone":"shop-search","body_files":["pulumi-shop-search/deploy_summary.md"],"pins":{"code":"shop-search/.git/ref","search-image":"shop-search/.git/approval/pins/search-image"},"labels":["promotion-to-production"]}
      on_success: report succeeded to github-issues-shop-search-ci-post
      on_failure: report failed to github-issues-shop-search-ci-post
      on_error: report errored to github-issues-shop-search-ci-post
      on_abort: report aborted to github-issues-shop-search-ci-post
    deploy-shop-search-production (serial)
      get shop-search of github-issues-shop-search-qa-trigger, starts
      claim github-issues-shop-search-qa-post
      put pulumi-shop-search {"env_os":{},"env_vars_from_files":{"SEARCH_IMAGE_DIGEST":"shop-search/.git/approval/pins/search-image"},"stack_name":"Production"}
      on_success: record github-issues-shop-search-production-post "[bot] Pulumi shop-search Production deployed." {"clone":"shop-search","body_files":["pulumi-shop-search/deploy_summary.md"],"pins":{"code":"shop-search/.git/ref","search-image":"shop-search/.git/approval/pins/search-image"},"labels":["finalized-deployment"]}
      on_success: report succeeded to github-issues-shop-search-qa-post
      on_failure: report failed to github-issues-shop-search-qa-post
      on_error: report errored to github-issues-shop-search-qa-post
      on_abort: report aborted to github-issues-shop-search-qa-post
    "#);
}

#[test]
fn parallel_chains_one_shorter() {
    let yaml = rendered("db");
    assert_snapshot!(graph(&yaml), @r#"
    deploy-shop-db-orders.ci (serial)
      get shop-db, starts
      put pulumi-shop-db {"env_os":{},"env_vars_from_files":{},"stack_name":"orders.CI"}
      on_success: record github-issues-shop-db-orders.ci-post "[bot] Pulumi shop-db orders.CI deployed." {"clone":"shop-db","body_files":["pulumi-shop-db/deploy_summary.md"],"pins":{"code":"shop-db/.git/ref"},"ungated":true,"labels":["promotion-to-qa"]}
    deploy-shop-db-orders.qa (serial)
      get shop-db of github-issues-shop-db-orders.ci-trigger, starts
      claim github-issues-shop-db-orders.ci-post
      put pulumi-shop-db {"env_os":{},"env_vars_from_files":{},"stack_name":"orders.QA"}
      on_success: record github-issues-shop-db-orders.qa-post "[bot] Pulumi shop-db orders.QA deployed." {"clone":"shop-db","body_files":["pulumi-shop-db/deploy_summary.md"],"pins":{"code":"shop-db/.git/ref"},"labels":["promotion-to-production"]}
      on_success: report succeeded to github-issues-shop-db-orders.ci-post
      on_failure: report failed to github-issues-shop-db-orders.ci-post
      on_error: report errored to github-issues-shop-db-orders.ci-post
      on_abort: report aborted to github-issues-shop-db-orders.ci-post
    deploy-shop-db-orders.production (serial)
      get shop-db of github-issues-shop-db-orders.qa-trigger, starts
      claim github-issues-shop-db-orders.qa-post
      put pulumi-shop-db {"env_os":{},"env_vars_from_files":{},"stack_name":"orders.Production"}
      on_success: record github-issues-shop-db-orders.production-post "[bot] Pulumi shop-db orders.Production deployed." {"clone":"shop-db","body_files":["pulumi-shop-db/deploy_summary.md"],"pins":{"code":"shop-db/.git/ref"},"labels":["finalized-deployment"]}
      on_success: report succeeded to github-issues-shop-db-orders.qa-post
      on_failure: report failed to github-issues-shop-db-orders.qa-post
      on_error: report errored to github-issues-shop-db-orders.qa-post
      on_abort: report aborted to github-issues-shop-db-orders.qa-post
    deploy-shop-db-users.ci (serial)
      get shop-db, starts
      put pulumi-shop-db {"env_os":{},"env_vars_from_files":{},"stack_name":"users.CI"}
      on_success: record github-issues-shop-db-users.ci-post "[bot] Pulumi shop-db users.CI deployed." {"clone":"shop-db","body_files":["pulumi-shop-db/deploy_summary.md"],"pins":{"code":"shop-db/.git/ref"},"ungated":true,"labels":["promotion-to-qa"]}
    deploy-shop-db-users.qa (serial)
      get shop-db of github-issues-shop-db-users.ci-trigger, starts
      claim github-issues-shop-db-users.ci-post
      put pulumi-shop-db {"env_os":{},"env_vars_from_files":{},"stack_name":"users.QA"}
      on_success: record github-issues-shop-db-users.qa-post "[bot] Pulumi shop-db users.QA deployed." {"clone":"shop-db","body_files":["pulumi-shop-db/deploy_summary.md"],"pins":{"code":"shop-db/.git/ref"},"labels":["promotion-to-production"]}
      on_success: report succeeded to github-issues-shop-db-users.ci-post
      on_failure: report failed to github-issues-shop-db-users.ci-post
      on_error: report errored to github-issues-shop-db-users.ci-post
      on_abort: report aborted to github-issues-shop-db-users.ci-post
    deploy-shop-db-users.production (serial)
      get shop-db of github-issues-shop-db-users.qa-trigger, starts
      claim github-issues-shop-db-users.qa-post
      put pulumi-shop-db {"env_os":{},"env_vars_from_files":{},"stack_name":"users.Production"}
      on_success: record github-issues-shop-db-users.production-post "[bot] Pulumi shop-db users.Production deployed." {"clone":"shop-db","body_files":["pulumi-shop-db/deploy_summary.md"],"pins":{"code":"shop-db/.git/ref"},"labels":["finalized-deployment"]}
      on_success: report succeeded to github-issues-shop-db-users.qa-post
      on_failure: report failed to github-issues-shop-db-users.qa-post
      on_error: report errored to github-issues-shop-db-users.qa-post
      on_abort: report aborted to github-issues-shop-db-users.qa-post
    deploy-shop-db-audit.qa (serial)
      get shop-db, starts
      put pulumi-shop-db {"env_os":{},"env_vars_from_files":{},"stack_name":"audit.QA"}
      on_success: record github-issues-shop-db-audit.qa-post "[bot] Pulumi shop-db audit.QA deployed." {"clone":"shop-db","body_files":["pulumi-shop-db/deploy_summary.md"],"pins":{"code":"shop-db/.git/ref"},"ungated":true,"labels":["promotion-to-production"]}
    deploy-shop-db-audit.production (serial)
      get shop-db of github-issues-shop-db-audit.qa-trigger, starts
      claim github-issues-shop-db-audit.qa-post
      put pulumi-shop-db {"env_os":{},"env_vars_from_files":{},"stack_name":"audit.Production"}
      on_success: record github-issues-shop-db-audit.production-post "[bot] Pulumi shop-db audit.Production deployed." {"clone":"shop-db","body_files":["pulumi-shop-db/deploy_summary.md"],"pins":{"code":"shop-db/.git/ref"},"labels":["finalized-deployment"]}
      on_success: report succeeded to github-issues-shop-db-audit.qa-post
      on_failure: report failed to github-issues-shop-db-audit.qa-post
      on_error: report errored to github-issues-shop-db-audit.qa-post
      on_abort: report aborted to github-issues-shop-db-audit.qa-post
    "#);
}

#[test]
fn two_concourses() {
    assert_snapshot!(graph(&rendered("cdn")), @r#"
    deploy-shop-cdn-qa (serial)
      get shop-cdn, starts
      put pulumi-shop-cdn {"env_os":{},"env_vars_from_files":{},"stack_name":"QA"}
      on_success: record github-issues-shop-cdn-qa-post "[bot] Pulumi shop-cdn QA deployed." {"clone":"shop-cdn","body_files":["pulumi-shop-cdn/deploy_summary.md"],"pins":{"code":"shop-cdn/.git/ref"},"ungated":true,"labels":["promotion-to-production"]}
    "#);
    assert_snapshot!(graph(&rendered_by("cdn", "cdn-edge")), @r#"
    preview-shop-cdn-production (serial with shop-cdn-production)
      get shop-cdn-edge of github-issues-shop-cdn-qa-trigger, starts
      claim github-issues-shop-cdn-qa-post
      put pulumi-shop-cdn {"env_os":{},"env_vars_from_files":{},"stack_name":"Production","preview":true}
      on_success: record gh-shop-cdn-production-gate-post "[bot] Pulumi shop-cdn Production ready to deploy." {"close_if_file":"pulumi-shop-cdn/preview_summary.md.no-changes","clone":"shop-cdn-edge","pins":{"code":"shop-cdn-edge/.git/ref"},"labels":["promotion-to-production"],"body_files":["pulumi-shop-cdn/preview_summary.md"]}
      on_success: record github-issues-shop-cdn-production-post "[bot] Pulumi shop-cdn Production deployed." {"unchanged_if_file":"pulumi-shop-cdn/preview_summary.md.no-changes","clone":"shop-cdn-edge","pins":{"code":"shop-cdn-edge/.git/ref"},"labels":["deployed","finalized-deployment"],"body_files":["pulumi-shop-cdn/preview_summary.md"]}
      on_success: report succeeded to github-issues-shop-cdn-qa-post
      on_failure: report failed to github-issues-shop-cdn-qa-post
      on_error: report errored to github-issues-shop-cdn-qa-post
      on_abort: report aborted to github-issues-shop-cdn-qa-post
    deploy-shop-cdn-production (serial with shop-cdn-production)
      get shop-cdn-edge of gh-shop-cdn-production-gate-trigger, starts
      claim gh-shop-cdn-production-gate-post
      put pulumi-shop-cdn {"env_os":{},"env_vars_from_files":{},"stack_name":"Production"}
      on_success: record github-issues-shop-cdn-production-post "[bot] Pulumi shop-cdn Production deployed." {"clone":"shop-cdn-edge","body_files":["pulumi-shop-cdn/deploy_summary.md"],"pins":{"code":"shop-cdn-edge/.git/ref"},"labels":["deployed","finalized-deployment"]}
      on_success: report succeeded to gh-shop-cdn-production-gate-post
      on_failure: report failed to gh-shop-cdn-production-gate-post
      on_error: report errored to gh-shop-cdn-production-gate-post
      on_abort: report aborted to gh-shop-cdn-production-gate-post
    "#);
}

#[test]
fn alone_without_a_fleet() {
    let work = Work::copy_of("tests/fixtures/alone");
    work.run(&["render", "site.yml", "--quiet"]).fine();
    assert_snapshot!(graph(&work.read("rendered/site.yml")), @r#"
    deploy-shop-site-staging (serial)
      get site-site, starts
      task deploy {"PHASE":"deploy","STACK":"staging","ENVIRONMENT":"staging","CODE":"site-site","SCRIPT":"./deploy.sh \"$ENVIRONMENT\""}
    deploy-shop-site-live (serial)
      get site-site from deploy-shop-site-staging
      task deploy {"PHASE":"deploy","STACK":"live","ENVIRONMENT":"live","CODE":"site-site","SCRIPT":"./deploy.sh \"$ENVIRONMENT\""}
      on_success: record github-issues-shop-site-live-post "[bot] Script shop-site live deployed." {"clone":"site-site","body_files":["summary/deploy.md"],"pins":{"code":"site-site/.git/ref"},"ungated":true,"labels":["finalized-deployment"]}
    "#);
}

#[test]
fn image_built_from_another_repository() {
    assert_snapshot!(graph(&rendered("web")), @r#"
    build-web-image
      get web, starts
      task build-container-image {"CONTEXT":"web","DOCKERFILE":"web/docker/Dockerfile","PROGRESS":"plain"}
      task ensure-ecr-repository {"AWS_PAGER":"cat","AWS_REGION":"us-east-1","REPO_NAME":"shop/web"}
      put web-image {"image":"image/image.tar","additional_tags":"web/.git/short_ref"}
    deploy-shop-web-ci (serial)
      get web-image from build-web-image, starts {"skip_download":true}
      get shop-web, starts
      put pulumi-shop-web {"env_os":{},"env_vars_from_files":{"WEB_IMAGE_DIGEST":"web-image/digest"},"stack_name":"CI"}
      on_success: record github-issues-shop-web-ci-post "[bot] Pulumi shop-web CI deployed." {"clone":"shop-web","body_files":["pulumi-shop-web/deploy_summary.md"],"pins":{"code":"shop-web/.git/ref","web-image":"web-image/digest"},"ungated":true,"labels":["promotion-to-qa"]}
    deploy-shop-web-qa (serial)
      get shop-web of github-issues-shop-web-ci-trigger, starts
      claim github-issues-shop-web-ci-post
      put pulumi-shop-web {"env_os":{},"env_vars_from_files":{"WEB_IMAGE_DIGEST":"shop-web/.git/approval/pins/web-image"},"stack_name":"QA"}
      on_success: record github-issues-shop-web-qa-post "[bot] Pulumi shop-web QA deployed." {"clone":"shop-web","body_files":["pulumi-shop-web/deploy_summary.md"],"pins":{"code":"shop-web/.git/ref","web-image":"shop-web/.git/approval/pins/web-image"},"labels":["promotion-to-production"]}
      on_success: report succeeded to github-issues-shop-web-ci-post
      on_failure: report failed to github-issues-shop-web-ci-post
      on_error: report errored to github-issues-shop-web-ci-post
      on_abort: report aborted to github-issues-shop-web-ci-post
    deploy-shop-web-production (serial)
      get shop-web of github-issues-shop-web-qa-trigger, starts
      claim github-issues-shop-web-qa-post
      put pulumi-shop-web {"env_os":{},"env_vars_from_files":{"WEB_IMAGE_DIGEST":"shop-web/.git/approval/pins/web-image"},"stack_name":"Production"}
      on_success: record github-issues-shop-web-production-post "[bot] Pulumi shop-web Production deployed." {"clone":"shop-web","body_files":["pulumi-shop-web/deploy_summary.md"],"pins":{"code":"shop-web/.git/ref","web-image":"shop-web/.git/approval/pins/web-image"},"labels":["finalized-deployment"]}
      on_success: report succeeded to github-issues-shop-web-qa-post
      on_failure: report failed to github-issues-shop-web-qa-post
      on_error: report errored to github-issues-shop-web-qa-post
      on_abort: report aborted to github-issues-shop-web-qa-post
    "#);
}

#[test]
fn one_after_the_other() {
    assert_snapshot!(graph(&rendered("platform")), @r#"
    deploy-shop-network-qa (serial)
      get shop-shop-network, starts
      task deploy {"PHASE":"deploy","TOFU":"tofu","CODE":"shop-shop-network","MODULE":"tofu/network","WORKSPACE":"QA","VAR_FILES":"tofu/network/env/QA.tfvars","BACKEND_FILES":"","LOCKED_PROVIDERS":true,"LOCK_TIMEOUT":"5m","LOCK":true,"APPROVED":"","HIDDEN":"","TF_IN_AUTOMATION":"true"}
      on_success: record github-issues-shop-network-qa-post "[bot] OpenTofu shop-network QA deployed." {"clone":"shop-shop-network","body_files":["summary/deploy.md"],"pins":{"code":"shop-shop-network/.git/ref"},"ungated":true,"labels":["promotion-to-production"]}
    deploy-shop-network-production (serial)
      get shop-shop-network of github-issues-shop-network-qa-trigger, starts
      claim github-issues-shop-network-qa-post
      task deploy {"PHASE":"deploy","TOFU":"tofu","CODE":"shop-shop-network","MODULE":"tofu/network","WORKSPACE":"Production","VAR_FILES":"tofu/network/env/Production.tfvars","BACKEND_FILES":"","LOCKED_PROVIDERS":true,"LOCK_TIMEOUT":"5m","LOCK":true,"APPROVED":"","HIDDEN":"","TF_IN_AUTOMATION":"true"}
      on_success: record github-issues-shop-network-production-post "[bot] OpenTofu shop-network Production deployed." {"clone":"shop-shop-network","body_files":["summary/deploy.md"],"pins":{"code":"shop-shop-network/.git/ref"},"labels":["finalized-deployment"]}
      on_success: report succeeded to github-issues-shop-network-qa-post
      on_failure: report failed to github-issues-shop-network-qa-post
      on_error: report errored to github-issues-shop-network-qa-post
      on_abort: report aborted to github-issues-shop-network-qa-post
    deploy-shop-cluster-qa (serial)
      get after-deploy-shop-network-qa of shop-shop-network from deploy-shop-network-qa, starts
      get shop-shop-cluster, starts
      task deploy {"PHASE":"deploy","TOFU":"tofu","CODE":"shop-shop-cluster","MODULE":"tofu/cluster","WORKSPACE":"QA","VAR_FILES":"tofu/cluster/env/QA.tfvars","BACKEND_FILES":"","LOCKED_PROVIDERS":true,"LOCK_TIMEOUT":"5m","LOCK":true,"APPROVED":"","HIDDEN":"","TF_IN_AUTOMATION":"true"}
      on_success: record github-issues-shop-cluster-qa-post "[bot] OpenTofu shop-cluster QA deployed." {"clone":"shop-shop-cluster","body_files":["summary/deploy.md"],"pins":{"code":"shop-shop-cluster/.git/ref"},"ungated":true,"labels":["promotion-to-production"]}
    deploy-shop-cluster-production (serial)
      get after-deploy-shop-network-production of github-issues-shop-network-qa-trigger from deploy-shop-network-production
      get shop-shop-cluster of github-issues-shop-cluster-qa-trigger, starts
      claim github-issues-shop-cluster-qa-post
      task deploy {"PHASE":"deploy","TOFU":"tofu","CODE":"shop-shop-cluster","MODULE":"tofu/cluster","WORKSPACE":"Production","VAR_FILES":"tofu/cluster/env/Production.tfvars","BACKEND_FILES":"","LOCKED_PROVIDERS":true,"LOCK_TIMEOUT":"5m","LOCK":true,"APPROVED":"","HIDDEN":"","TF_IN_AUTOMATION":"true"}
      on_success: record github-issues-shop-cluster-production-post "[bot] OpenTofu shop-cluster Production deployed." {"clone":"shop-shop-cluster","body_files":["summary/deploy.md"],"pins":{"code":"shop-shop-cluster/.git/ref"},"labels":["finalized-deployment"]}
      on_success: report succeeded to github-issues-shop-cluster-qa-post
      on_failure: report failed to github-issues-shop-cluster-qa-post
      on_error: report errored to github-issues-shop-cluster-qa-post
      on_abort: report aborted to github-issues-shop-cluster-qa-post
    "#);
}

#[test]
fn matrix_with_an_exception() {
    assert_snapshot!(graph(&rendered("workers")), @r#"
    build-mailer-image
      get mailer, starts
      task build-container-image {"CONTEXT":"mailer/workers/mailer","DOCKERFILE":"mailer/workers/mailer/Dockerfile","PROGRESS":"plain"}
      put mailer-image {"image":"image/image.tar","additional_tags":"mailer/.git/short_ref"}
    build-billing-image
      get billing, starts
      task build-container-image {"CONTEXT":"billing/workers/billing","DOCKERFILE":"billing/workers/billing/Dockerfile","PROGRESS":"plain"}
      put billing-image {"image":"image/image.tar","additional_tags":"billing/.git/short_ref"}
    build-reports-image
      get reports, starts
      task build-container-image {"CONTEXT":"reports/workers/reports","DOCKERFILE":"reports/workers/reports/Dockerfile","TARGET":"slim","PROGRESS":"plain"}
      put reports-image {"image":"image/image.tar","additional_tags":"reports/.git/short_ref"}
    deploy-shop-workers-ci (serial)
      get mailer-image from build-mailer-image, starts {"skip_download":true}
      get billing-image from build-billing-image, starts {"skip_download":true}
      get reports-image from build-reports-image, starts {"skip_download":true}
      get shop-workers, starts
      put pulumi-shop-workers {"env_os":{},"env_vars_from_files":{"MAILER_DIGEST":"mailer-image/digest","BILLING_DIGEST":"billing-image/digest","REPORTS_DIGEST":"reports-image/digest"},"stack_name":"CI"}
      on_success: record github-issues-shop-workers-ci-post "[bot] Pulumi shop-workers CI deployed." {"clone":"shop-workers","body_files":["pulumi-shop-workers/deploy_summary.md"],"pins":{"code":"shop-workers/.git/ref","mailer-image":"mailer-image/digest","billing-image":"billing-image/digest","reports-image":"reports-image/digest"},"ungated":true,"labels":["promotion-to-qa"]}
    deploy-shop-workers-qa (serial)
      get shop-workers of github-issues-shop-workers-ci-trigger, starts
      claim github-issues-shop-workers-ci-post
      put pulumi-shop-workers {"env_os":{},"env_vars_from_files":{"MAILER_DIGEST":"shop-workers/.git/approval/pins/mailer-image","BILLING_DIGEST":"shop-workers/.git/approval/pins/billing-image","REPORTS_DIGEST":"shop-workers/.git/approval/pins/reports-image"},"stack_name":"QA"}
      on_success: record github-issues-shop-workers-qa-post "[bot] Pulumi shop-workers QA deployed." {"clone":"shop-workers","body_files":["pulumi-shop-workers/deploy_summary.md"],"pins":{"code":"shop-workers/.git/ref","mailer-image":"shop-workers/.git/approval/pins/mailer-image","billing-image":"shop-workers/.git/approval/pins/billing-image","reports-image":"shop-workers/.git/approval/pins/reports-image"},"labels":["promotion-to-production"]}
      on_success: report succeeded to github-issues-shop-workers-ci-post
      on_failure: report failed to github-issues-shop-workers-ci-post
      on_error: report errored to github-issues-shop-workers-ci-post
      on_abort: report aborted to github-issues-shop-workers-ci-post
    deploy-shop-workers-production (serial)
      get shop-workers of github-issues-shop-workers-qa-trigger, starts
      claim github-issues-shop-workers-qa-post
      put pulumi-shop-workers {"env_os":{},"env_vars_from_files":{"MAILER_DIGEST":"shop-workers/.git/approval/pins/mailer-image","BILLING_DIGEST":"shop-workers/.git/approval/pins/billing-image","REPORTS_DIGEST":"shop-workers/.git/approval/pins/reports-image"},"stack_name":"Production"}
      on_success: record github-issues-shop-workers-production-post "[bot] Pulumi shop-workers Production deployed." {"clone":"shop-workers","body_files":["pulumi-shop-workers/deploy_summary.md"],"pins":{"code":"shop-workers/.git/ref","mailer-image":"shop-workers/.git/approval/pins/mailer-image","billing-image":"shop-workers/.git/approval/pins/billing-image","reports-image":"shop-workers/.git/approval/pins/reports-image"},"labels":["finalized-deployment"]}
      on_success: report succeeded to github-issues-shop-workers-qa-post
      on_failure: report failed to github-issues-shop-workers-qa-post
      on_error: report errored to github-issues-shop-workers-qa-post
      on_abort: report aborted to github-issues-shop-workers-qa-post
    "#);
}

#[test]
fn another_version_in_another_place() {
    let work = Work::copy_of("tests/fixtures/examples");
    let ran = work.run(&["render", "--quiet", "projects/lms.yml"]).ended(0);
    assert_snapshot!(ran.stderr, @"
    warning[unapproved-input]: no issue can name the version of `lms-maple-image` that `lms-campus` campus.QA deploys
      --> projects/lms.yml:12:3
       |
    12 |   lms-{{ values.release }}-image:
       |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = note: no stage before it takes the input
       = help: write `gate: preview`, which names every version

    warning: 1 warning in 1 file
    ");
    assert_snapshot!(graph(&work.read("rendered/lms.yml")), @r#"
    deploy-lms-campus-campus.ci (serial)
      get lms-main-image, starts {"skip_download":true}
      get shop-lms, starts
      put pulumi-lms-campus {"env_os":{"RELEASE":"main"},"env_vars_from_files":{"LMS_DIGEST":"lms-main-image/digest"},"stack_name":"campus.CI"}
      on_success: record github-issues-lms-campus-campus.ci-post "[bot] Pulumi lms-campus campus.CI deployed." {"clone":"shop-lms","body_files":["pulumi-lms-campus/deploy_summary.md"],"pins":{"code":"shop-lms/.git/ref","lms-main-image":"lms-main-image/digest"},"ungated":true,"labels":["promotion-to-qa"]}
    deploy-lms-campus-campus.qa (serial)
      get lms-maple-image {"skip_download":true}
      get shop-lms of github-issues-lms-campus-campus.ci-trigger, starts
      claim github-issues-lms-campus-campus.ci-post
      put pulumi-lms-campus {"env_os":{"RELEASE":"maple"},"env_vars_from_files":{"LMS_DIGEST":"lms-maple-image/digest"},"stack_name":"campus.QA"}
      on_success: record github-issues-lms-campus-campus.qa-post "[bot] Pulumi lms-campus campus.QA deployed." {"clone":"shop-lms","body_files":["pulumi-lms-campus/deploy_summary.md"],"pins":{"code":"shop-lms/.git/ref","lms-maple-image":"lms-maple-image/digest"},"labels":["promotion-to-production"]}
      on_success: report succeeded to github-issues-lms-campus-campus.ci-post
      on_failure: report failed to github-issues-lms-campus-campus.ci-post
      on_error: report errored to github-issues-lms-campus-campus.ci-post
      on_abort: report aborted to github-issues-lms-campus-campus.ci-post
    deploy-lms-campus-campus.production (serial)
      get shop-lms of github-issues-lms-campus-campus.qa-trigger, starts
      claim github-issues-lms-campus-campus.qa-post
      put pulumi-lms-campus {"env_os":{"RELEASE":"maple"},"env_vars_from_files":{"LMS_DIGEST":"shop-lms/.git/approval/pins/lms-maple-image"},"stack_name":"campus.Production"}
      on_success: record github-issues-lms-campus-campus.production-post "[bot] Pulumi lms-campus campus.Production deployed." {"clone":"shop-lms","body_files":["pulumi-lms-campus/deploy_summary.md"],"pins":{"code":"shop-lms/.git/ref","lms-maple-image":"shop-lms/.git/approval/pins/lms-maple-image"},"labels":["finalized-deployment"]}
      on_success: report succeeded to github-issues-lms-campus-campus.qa-post
      on_failure: report failed to github-issues-lms-campus-campus.qa-post
      on_error: report errored to github-issues-lms-campus-campus.qa-post
      on_abort: report aborted to github-issues-lms-campus-campus.qa-post
    deploy-lms-partners-partners.ci (serial)
      get lms-oak-image, starts {"skip_download":true}
      get shop-lms, starts
      put pulumi-lms-partners {"env_os":{"RELEASE":"oak"},"env_vars_from_files":{"LMS_DIGEST":"lms-oak-image/digest"},"stack_name":"partners.CI"}
      on_success: record github-issues-lms-partners-partners.ci-post "[bot] Pulumi lms-partners partners.CI deployed." {"clone":"shop-lms","body_files":["pulumi-lms-partners/deploy_summary.md"],"pins":{"code":"shop-lms/.git/ref","lms-oak-image":"lms-oak-image/digest"},"ungated":true,"labels":["promotion-to-qa"]}
    deploy-lms-partners-partners.qa (serial)
      get shop-lms of github-issues-lms-partners-partners.ci-trigger, starts
      claim github-issues-lms-partners-partners.ci-post
      put pulumi-lms-partners {"env_os":{"RELEASE":"oak"},"env_vars_from_files":{"LMS_DIGEST":"shop-lms/.git/approval/pins/lms-oak-image"},"stack_name":"partners.QA"}
      on_success: record github-issues-lms-partners-partners.qa-post "[bot] Pulumi lms-partners partners.QA deployed." {"clone":"shop-lms","body_files":["pulumi-lms-partners/deploy_summary.md"],"pins":{"code":"shop-lms/.git/ref","lms-oak-image":"shop-lms/.git/approval/pins/lms-oak-image"},"labels":["promotion-to-production"]}
      on_success: report succeeded to github-issues-lms-partners-partners.ci-post
      on_failure: report failed to github-issues-lms-partners-partners.ci-post
      on_error: report errored to github-issues-lms-partners-partners.ci-post
      on_abort: report aborted to github-issues-lms-partners-partners.ci-post
    deploy-lms-partners-partners.production (serial)
      get shop-lms of github-issues-lms-partners-partners.qa-trigger, starts
      claim github-issues-lms-partners-partners.qa-post
      put pulumi-lms-partners {"env_os":{"RELEASE":"oak"},"env_vars_from_files":{"LMS_DIGEST":"shop-lms/.git/approval/pins/lms-oak-image"},"stack_name":"partners.Production"}
      on_success: record github-issues-lms-partners-partners.production-post "[bot] Pulumi lms-partners partners.Production deployed." {"clone":"shop-lms","body_files":["pulumi-lms-partners/deploy_summary.md"],"pins":{"code":"shop-lms/.git/ref","lms-oak-image":"shop-lms/.git/approval/pins/lms-oak-image"},"labels":["finalized-deployment"]}
      on_success: report succeeded to github-issues-lms-partners-partners.qa-post
      on_failure: report failed to github-issues-lms-partners-partners.qa-post
      on_error: report errored to github-issues-lms-partners-partners.qa-post
      on_abort: report aborted to github-issues-lms-partners-partners.qa-post
    "#);
}

#[test]
fn everything_that_a_deployment_can_take() {
    assert_snapshot!(graph(&rendered("mixed")), @r#"
    build-base-image
      get base, starts
      task build-container-image {"CONTEXT":"base","DOCKERFILE":"base/Dockerfile","PROGRESS":"plain"}
      put base-image {"image":"image/image.tar","additional_tags":"base/.git/short_ref"}
    deploy-shop-base-qa (serial)
      get base-image from build-base-image, starts {"skip_download":true}
      get shop-shop-base, starts
      put pulumi-shop-base {"env_os":{},"env_vars_from_files":{},"stack_name":"QA"}
      on_success: record github-issues-shop-base-qa-post "[bot] Pulumi shop-base QA deployed." {"clone":"shop-shop-base","body_files":["pulumi-shop-base/deploy_summary.md"],"pins":{"code":"shop-shop-base/.git/ref","base-image":"base-image/digest"},"ungated":true,"labels":["promotion-to-production"]}
    deploy-shop-base-production (serial)
      get base-image from deploy-shop-base-qa {"skip_download":true}
      get shop-shop-base of github-issues-shop-base-qa-trigger, starts
      claim github-issues-shop-base-qa-post
      compare base-image=digest
      put pulumi-shop-base {"env_os":{},"env_vars_from_files":{},"stack_name":"Production"}
      on_success: record github-issues-shop-base-production-post "[bot] Pulumi shop-base Production deployed." {"clone":"shop-shop-base","body_files":["pulumi-shop-base/deploy_summary.md"],"pins":{"code":"shop-shop-base/.git/ref","base-image":"shop-shop-base/.git/approval/pins/base-image"},"labels":["finalized-deployment"]}
      on_success: report succeeded to github-issues-shop-base-qa-post
      on_failure: report failed to github-issues-shop-base-qa-post
      on_error: report errored to github-issues-shop-base-qa-post
      on_abort: report aborted to github-issues-shop-base-qa-post
    build-shop-image
      get shop, starts
      get base-image from build-base-image, starts {"format":"oci"}
      task build-container-image {"CONTEXT":"shop","DOCKERFILE":"shop/Dockerfile","PROGRESS":"plain"}
      put shop-image {"image":"image/image.tar","additional_tags":"shop/.git/short_ref"}
    deploy-shop-mixed-qa (serial)
      get base-image from build-base-image, starts {"skip_download":true}
      get theme, starts
      get settings, starts
      get exporter, starts
      get schedule
      get shop-image from build-shop-image, starts {"skip_download":true}
      get shop-shop-mixed, starts
      put pulumi-shop-mixed {"env_os":{},"env_vars_from_files":{"BASE_DIGEST":"base-image/digest","SETTINGS_VERSION":"settings/version","EXPORTER_TAG":"exporter/tag","SHOP_DIGEST":"shop-image/digest"},"stack_name":"QA"}
      on_success: record github-issues-shop-mixed-qa-post "[bot] Pulumi shop-mixed QA deployed." {"clone":"shop-shop-mixed","body_files":["pulumi-shop-mixed/deploy_summary.md"],"pins":{"code":"shop-shop-mixed/.git/ref","base-image":"base-image/digest","theme":"theme/version","settings":"settings/version","exporter":"exporter/tag","shop-image":"shop-image/digest"},"content":{"theme":{"except":["url"]},"exporter":{"except":["body","timestamp","url"]}},"ungated":true,"labels":["promotion-to-production"]}
    deploy-shop-mixed-production (serial)
      get theme from deploy-shop-mixed-qa
      get settings from deploy-shop-mixed-qa
      get schedule from deploy-shop-mixed-qa
      get shop-shop-mixed of github-issues-shop-mixed-qa-trigger, starts
      claim github-issues-shop-mixed-qa-post
      compare theme=version settings=version
      put pulumi-shop-mixed {"env_os":{},"env_vars_from_files":{"BASE_DIGEST":"shop-shop-mixed/.git/approval/pins/base-image","SETTINGS_VERSION":"shop-shop-mixed/.git/approval/pins/settings","SHOP_DIGEST":"shop-shop-mixed/.git/approval/pins/shop-image"},"stack_name":"Production"}
      on_success: record github-issues-shop-mixed-production-post "[bot] Pulumi shop-mixed Production deployed." {"clone":"shop-shop-mixed","body_files":["pulumi-shop-mixed/deploy_summary.md"],"pins":{"code":"shop-shop-mixed/.git/ref","base-image":"shop-shop-mixed/.git/approval/pins/base-image","theme":"theme/version","settings":"settings/version","shop-image":"shop-shop-mixed/.git/approval/pins/shop-image"},"content":{"theme":{"except":["url"]}},"labels":["finalized-deployment"]}
      on_success: report succeeded to github-issues-shop-mixed-qa-post
      on_failure: report failed to github-issues-shop-mixed-qa-post
      on_error: report errored to github-issues-shop-mixed-qa-post
      on_abort: report aborted to github-issues-shop-mixed-qa-post
    "#);
}
