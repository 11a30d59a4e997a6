//! The examples of the language: what each manifest comes to.

use insta::assert_snapshot;

use crate::graph::{graph, issues};
use crate::support::Work;

fn rendered(pipeline: &str) -> String {
    let work = Work::copy_of("tests/fixtures/examples");
    work.run(&["render", "--quiet"]).fine();
    work.read(&format!("rendered/{pipeline}.yml"))
}

#[test]
fn simplest() {
    let yaml = rendered("cart");
    assert_snapshot!(graph(&yaml), @r#"
    deploy-shop-cart-ci (serial)
      get shop-cart, starts
      put pulumi-shop-cart {"env_os":{},"env_vars_from_files":{},"stack_name":"CI"}
      on_success: record github-issues-shop-cart-ci-post "[bot] Pulumi shop-cart CI deployed." {"clone":"shop-cart","body_files":["pulumi-shop-cart/deploy_summary.md"],"pins":{"code":"shop-cart/.git/ref"},"promotes_to":"QA","labels":["promotion-to-qa"]}
    deploy-shop-cart-qa (serial)
      get gate of github-issues-shop-cart-ci-trigger, starts
      get shop-cart from deploy-shop-cart-ci
      claim github-issues-shop-cart-ci-post for shop-cart/-/QA/deploy
      checkout shop-cart compare [] fetch []
      put pulumi-shop-cart {"env_os":{},"env_vars_from_files":{},"stack_name":"QA"}
      on_success: record github-issues-shop-cart-qa-post "[bot] Pulumi shop-cart QA deployed." {"clone":"shop-cart","body_files":["pulumi-shop-cart/deploy_summary.md"],"pins":{"code":"shop-cart/.git/ref"},"promotes_to":"Production","labels":["promotion-to-production"]}
      on_success: report succeeded to github-issues-shop-cart-ci-post by shop-cart/-/QA/deploy
      on_failure: report failed to github-issues-shop-cart-ci-post by shop-cart/-/QA/deploy
      on_error: report errored to github-issues-shop-cart-ci-post by shop-cart/-/QA/deploy
      on_abort: report aborted to github-issues-shop-cart-ci-post by shop-cart/-/QA/deploy
    deploy-shop-cart-production (serial)
      get gate of github-issues-shop-cart-qa-trigger, starts
      get shop-cart from deploy-shop-cart-qa
      claim github-issues-shop-cart-qa-post for shop-cart/-/Production/deploy
      checkout shop-cart compare [] fetch []
      put pulumi-shop-cart {"env_os":{},"env_vars_from_files":{},"stack_name":"Production"}
      on_success: record github-issues-shop-cart-production-post "[bot] Pulumi shop-cart Production deployed." {"clone":"shop-cart","body_files":["pulumi-shop-cart/deploy_summary.md"],"pins":{"code":"shop-cart/.git/ref"},"labels":["finalized-deployment"]}
      on_success: report succeeded to github-issues-shop-cart-qa-post by shop-cart/-/Production/deploy
      on_failure: report failed to github-issues-shop-cart-qa-post by shop-cart/-/Production/deploy
      on_error: report errored to github-issues-shop-cart-qa-post by shop-cart/-/Production/deploy
      on_abort: report aborted to github-issues-shop-cart-qa-post by shop-cart/-/Production/deploy
    "#);
    assert_snapshot!(issues(&yaml), @r#"
    github-issues-shop-cart-ci-post every never {"gate":"shop-cart/-/CI/deployed","role":"post"}
    github-issues-shop-cart-ci-trigger every 15m {"gate":"shop-cart/-/CI/deployed","role":"trigger"}
    github-issues-shop-cart-qa-post every never {"gate":"shop-cart/-/QA/deployed","role":"post"}
    github-issues-shop-cart-qa-trigger every 15m {"gate":"shop-cart/-/QA/deployed","role":"trigger"}
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
      on_success: record gh-shop-org-default-gate-post "[bot] Pulumi shop-org default ready to deploy." {"close_if_file":"pulumi-shop-org/preview_summary.md.no-changes","update":"body","pins":{"code":"shop-org/.git/ref"},"promotes_to":"default","labels":["promotion-to-default"],"body_files":["pulumi-shop-org/preview_summary.md"],"clone":"shop-org"}
    deploy-shop-org-default (serial with shop-org-default)
      get gate of gh-shop-org-default-gate-trigger, starts
      get shop-org from preview-shop-org-default
      claim gh-shop-org-default-gate-post for shop-org/-/default/deploy
      checkout shop-org compare [] fetch []
      put pulumi-shop-org {"env_os":{},"env_vars_from_files":{},"stack_name":"default"}
      on_success: record gh-shop-org-default-deployed "[bot] Pulumi shop-org default deployed." {"clone":"shop-org","body_files":["pulumi-shop-org/deploy_summary.md"],"pins":{"code":"shop-org/.git/ref"},"labels":["deployed","finalized-deployment"]}
      on_success: report succeeded to gh-shop-org-default-gate-post by shop-org/-/default/deploy
      on_failure: report failed to gh-shop-org-default-gate-post by shop-org/-/default/deploy
      on_error: report errored to gh-shop-org-default-gate-post by shop-org/-/default/deploy
      on_abort: report aborted to gh-shop-org-default-gate-post by shop-org/-/default/deploy
    "#);
    assert_snapshot!(issues(&yaml), @r#"
    gh-shop-org-default-gate-post every never {"gate":"shop-org/-/default/ready","role":"post"}
    gh-shop-org-default-gate-trigger every 15m {"gate":"shop-org/-/default/ready","role":"trigger"}
    gh-shop-org-default-deployed every never {"gate":"shop-org/-/default/deployed","role":"post"}
    "#);
}

#[test]
fn stricter_production() {
    let yaml = rendered("api");
    assert_snapshot!(graph(&yaml), @r#"
    deploy-shop-api-ci (serial)
      get shop-api, starts
      put pulumi-shop-api {"env_os":{},"env_vars_from_files":{},"stack_name":"CI"}
      on_success: record github-issues-shop-api-ci-post "[bot] Pulumi shop-api CI deployed." {"clone":"shop-api","body_files":["pulumi-shop-api/deploy_summary.md"],"pins":{"code":"shop-api/.git/ref"},"promotes_to":"QA","labels":["promotion-to-qa"]}
    deploy-shop-api-qa (serial)
      get gate of github-issues-shop-api-ci-trigger, starts
      get shop-api from deploy-shop-api-ci
      claim github-issues-shop-api-ci-post for shop-api/-/QA/deploy
      checkout shop-api compare [] fetch []
      put pulumi-shop-api {"env_os":{},"env_vars_from_files":{},"stack_name":"QA"}
      on_success: record gh-shop-api-qa-deployed "[bot] Pulumi shop-api QA deployed." {"clone":"shop-api","body_files":["pulumi-shop-api/deploy_summary.md"],"pins":{"code":"shop-api/.git/ref"},"labels":["deployed"]}
      on_success: report succeeded to github-issues-shop-api-ci-post by shop-api/-/QA/deploy
      on_failure: report failed to github-issues-shop-api-ci-post by shop-api/-/QA/deploy
      on_error: report errored to github-issues-shop-api-ci-post by shop-api/-/QA/deploy
      on_abort: report aborted to github-issues-shop-api-ci-post by shop-api/-/QA/deploy
    preview-shop-api-production (serial with shop-api-production)
      get gate of github-issues-shop-api-ci-trigger from deploy-shop-api-qa, starts
      get shop-api from deploy-shop-api-qa, starts
      checkout shop-api compare [] fetch []
      put pulumi-shop-api {"env_os":{},"env_vars_from_files":{},"stack_name":"Production","preview":true}
      on_success: record gh-shop-api-production-gate-post "[bot] Pulumi shop-api Production ready to deploy." {"close_if_file":"pulumi-shop-api/preview_summary.md.no-changes","update":"body","pins":{"code":"shop-api/.git/ref"},"promotes_to":"Production","labels":["promotion-to-production"],"body_files":["pulumi-shop-api/preview_summary.md"],"clone":"shop-api"}
    deploy-shop-api-production (serial with shop-api-production)
      get gate of gh-shop-api-production-gate-trigger, starts
      get shop-api from preview-shop-api-production
      claim gh-shop-api-production-gate-post for shop-api/-/Production/deploy
      checkout shop-api compare [] fetch []
      put pulumi-shop-api {"env_os":{},"env_vars_from_files":{},"stack_name":"Production"}
      on_success: record gh-shop-api-production-deployed "[bot] Pulumi shop-api Production deployed." {"clone":"shop-api","body_files":["pulumi-shop-api/deploy_summary.md"],"pins":{"code":"shop-api/.git/ref"},"labels":["deployed","finalized-deployment"]}
      on_success: report succeeded to gh-shop-api-production-gate-post by shop-api/-/Production/deploy
      on_failure: report failed to gh-shop-api-production-gate-post by shop-api/-/Production/deploy
      on_error: report errored to gh-shop-api-production-gate-post by shop-api/-/Production/deploy
      on_abort: report aborted to gh-shop-api-production-gate-post by shop-api/-/Production/deploy
    "#);
    assert_snapshot!(issues(&yaml), @r#"
    github-issues-shop-api-ci-post every never {"gate":"shop-api/-/CI/deployed","role":"post"}
    github-issues-shop-api-ci-trigger every 15m {"gate":"shop-api/-/CI/deployed","role":"trigger"}
    gh-shop-api-qa-deployed every never {"gate":"shop-api/-/QA/deployed","role":"post"}
    gh-shop-api-production-gate-post every never {"gate":"shop-api/-/Production/ready","role":"post","soak":86400,"closers":{"teams":["example/sre"]}}
    gh-shop-api-production-gate-trigger every 15m {"gate":"shop-api/-/Production/ready","role":"trigger","soak":86400,"closers":{"teams":["example/sre"]}}
    gh-shop-api-production-deployed every never {"gate":"shop-api/-/Production/deployed","role":"post"}
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
      on_success: record github-issues-shop-search-ci-post "[bot] Pulumi shop-search CI deployed." {"clone":"shop-search","body_files":["pulumi-shop-search/deploy_summary.md"],"pins":{"code":"shop-search/.git/ref","search-image":"search-image/digest"},"promotes_to":"QA","labels":["promotion-to-qa"]}
    deploy-shop-search-qa (serial)
      get search-image from deploy-shop-search-ci {"skip_download":true}
      get gate of github-issues-shop-search-ci-trigger, starts
      get shop-search from deploy-shop-search-ci
      claim github-issues-shop-search-ci-post for shop-search/-/QA/deploy
      checkout shop-search compare [] fetch []
      put pulumi-shop-search {"env_os":{},"env_vars_from_files":{"SEARCH_IMAGE_DIGEST":"gate/pins/search-image"},"stack_name":"QA"}
      on_success: record github-issues-shop-search-qa-post "[bot] Pulumi shop-search QA deployed." {"clone":"shop-search","body_files":["pulumi-shop-search/deploy_summary.md"],"pins":{"code":"shop-search/.git/ref","search-image":"gate/pins/search-image"},"promotes_to":"Production","labels":["promotion-to-production"]}
      on_success: report succeeded to github-issues-shop-search-ci-post by shop-search/-/QA/deploy
      on_failure: report failed to github-issues-shop-search-ci-post by shop-search/-/QA/deploy
      on_error: report errored to github-issues-shop-search-ci-post by shop-search/-/QA/deploy
      on_abort: report aborted to github-issues-shop-search-ci-post by shop-search/-/QA/deploy
    deploy-shop-search-production (serial)
      get search-image from deploy-shop-search-qa {"skip_download":true}
      get gate of github-issues-shop-search-qa-trigger, starts
      get shop-search from deploy-shop-search-qa
      claim github-issues-shop-search-qa-post for shop-search/-/Production/deploy
      checkout shop-search compare [] fetch []
      put pulumi-shop-search {"env_os":{},"env_vars_from_files":{"SEARCH_IMAGE_DIGEST":"gate/pins/search-image"},"stack_name":"Production"}
      on_success: record github-issues-shop-search-production-post "[bot] Pulumi shop-search Production deployed." {"clone":"shop-search","body_files":["pulumi-shop-search/deploy_summary.md"],"pins":{"code":"shop-search/.git/ref","search-image":"gate/pins/search-image"},"labels":["finalized-deployment"]}
      on_success: report succeeded to github-issues-shop-search-qa-post by shop-search/-/Production/deploy
      on_failure: report failed to github-issues-shop-search-qa-post by shop-search/-/Production/deploy
      on_error: report errored to github-issues-shop-search-qa-post by shop-search/-/Production/deploy
      on_abort: report aborted to github-issues-shop-search-qa-post by shop-search/-/Production/deploy
    "#);
}

#[test]
fn parallel_chains_one_shorter() {
    let yaml = rendered("db");
    assert_snapshot!(graph(&yaml), @r#"
    deploy-shop-db-orders.ci (serial)
      get shop-db, starts
      put pulumi-shop-db {"env_os":{},"env_vars_from_files":{},"stack_name":"orders.CI"}
      on_success: record github-issues-shop-db-orders.ci-post "[bot] Pulumi shop-db orders.CI deployed." {"clone":"shop-db","body_files":["pulumi-shop-db/deploy_summary.md"],"pins":{"code":"shop-db/.git/ref"},"promotes_to":"orders.QA","labels":["promotion-to-qa"]}
    deploy-shop-db-orders.qa (serial)
      get gate of github-issues-shop-db-orders.ci-trigger, starts
      get shop-db from deploy-shop-db-orders.ci
      claim github-issues-shop-db-orders.ci-post for shop-db/orders/QA/deploy
      checkout shop-db compare [] fetch []
      put pulumi-shop-db {"env_os":{},"env_vars_from_files":{},"stack_name":"orders.QA"}
      on_success: record github-issues-shop-db-orders.qa-post "[bot] Pulumi shop-db orders.QA deployed." {"clone":"shop-db","body_files":["pulumi-shop-db/deploy_summary.md"],"pins":{"code":"shop-db/.git/ref"},"promotes_to":"orders.Production","labels":["promotion-to-production"]}
      on_success: report succeeded to github-issues-shop-db-orders.ci-post by shop-db/orders/QA/deploy
      on_failure: report failed to github-issues-shop-db-orders.ci-post by shop-db/orders/QA/deploy
      on_error: report errored to github-issues-shop-db-orders.ci-post by shop-db/orders/QA/deploy
      on_abort: report aborted to github-issues-shop-db-orders.ci-post by shop-db/orders/QA/deploy
    deploy-shop-db-orders.production (serial)
      get gate of github-issues-shop-db-orders.qa-trigger, starts
      get shop-db from deploy-shop-db-orders.qa
      claim github-issues-shop-db-orders.qa-post for shop-db/orders/Production/deploy
      checkout shop-db compare [] fetch []
      put pulumi-shop-db {"env_os":{},"env_vars_from_files":{},"stack_name":"orders.Production"}
      on_success: record github-issues-shop-db-orders.production-post "[bot] Pulumi shop-db orders.Production deployed." {"clone":"shop-db","body_files":["pulumi-shop-db/deploy_summary.md"],"pins":{"code":"shop-db/.git/ref"},"labels":["finalized-deployment"]}
      on_success: report succeeded to github-issues-shop-db-orders.qa-post by shop-db/orders/Production/deploy
      on_failure: report failed to github-issues-shop-db-orders.qa-post by shop-db/orders/Production/deploy
      on_error: report errored to github-issues-shop-db-orders.qa-post by shop-db/orders/Production/deploy
      on_abort: report aborted to github-issues-shop-db-orders.qa-post by shop-db/orders/Production/deploy
    deploy-shop-db-users.ci (serial)
      get shop-db, starts
      put pulumi-shop-db {"env_os":{},"env_vars_from_files":{},"stack_name":"users.CI"}
      on_success: record github-issues-shop-db-users.ci-post "[bot] Pulumi shop-db users.CI deployed." {"clone":"shop-db","body_files":["pulumi-shop-db/deploy_summary.md"],"pins":{"code":"shop-db/.git/ref"},"promotes_to":"users.QA","labels":["promotion-to-qa"]}
    deploy-shop-db-users.qa (serial)
      get gate of github-issues-shop-db-users.ci-trigger, starts
      get shop-db from deploy-shop-db-users.ci
      claim github-issues-shop-db-users.ci-post for shop-db/users/QA/deploy
      checkout shop-db compare [] fetch []
      put pulumi-shop-db {"env_os":{},"env_vars_from_files":{},"stack_name":"users.QA"}
      on_success: record github-issues-shop-db-users.qa-post "[bot] Pulumi shop-db users.QA deployed." {"clone":"shop-db","body_files":["pulumi-shop-db/deploy_summary.md"],"pins":{"code":"shop-db/.git/ref"},"promotes_to":"users.Production","labels":["promotion-to-production"]}
      on_success: report succeeded to github-issues-shop-db-users.ci-post by shop-db/users/QA/deploy
      on_failure: report failed to github-issues-shop-db-users.ci-post by shop-db/users/QA/deploy
      on_error: report errored to github-issues-shop-db-users.ci-post by shop-db/users/QA/deploy
      on_abort: report aborted to github-issues-shop-db-users.ci-post by shop-db/users/QA/deploy
    deploy-shop-db-users.production (serial)
      get gate of github-issues-shop-db-users.qa-trigger, starts
      get shop-db from deploy-shop-db-users.qa
      claim github-issues-shop-db-users.qa-post for shop-db/users/Production/deploy
      checkout shop-db compare [] fetch []
      put pulumi-shop-db {"env_os":{},"env_vars_from_files":{},"stack_name":"users.Production"}
      on_success: record github-issues-shop-db-users.production-post "[bot] Pulumi shop-db users.Production deployed." {"clone":"shop-db","body_files":["pulumi-shop-db/deploy_summary.md"],"pins":{"code":"shop-db/.git/ref"},"labels":["finalized-deployment"]}
      on_success: report succeeded to github-issues-shop-db-users.qa-post by shop-db/users/Production/deploy
      on_failure: report failed to github-issues-shop-db-users.qa-post by shop-db/users/Production/deploy
      on_error: report errored to github-issues-shop-db-users.qa-post by shop-db/users/Production/deploy
      on_abort: report aborted to github-issues-shop-db-users.qa-post by shop-db/users/Production/deploy
    deploy-shop-db-audit.qa (serial)
      get shop-db, starts
      put pulumi-shop-db {"env_os":{},"env_vars_from_files":{},"stack_name":"audit.QA"}
      on_success: record github-issues-shop-db-audit.qa-post "[bot] Pulumi shop-db audit.QA deployed." {"clone":"shop-db","body_files":["pulumi-shop-db/deploy_summary.md"],"pins":{"code":"shop-db/.git/ref"},"promotes_to":"audit.Production","labels":["promotion-to-production"]}
    deploy-shop-db-audit.production (serial)
      get gate of github-issues-shop-db-audit.qa-trigger, starts
      get shop-db from deploy-shop-db-audit.qa
      claim github-issues-shop-db-audit.qa-post for shop-db/audit/Production/deploy
      checkout shop-db compare [] fetch []
      put pulumi-shop-db {"env_os":{},"env_vars_from_files":{},"stack_name":"audit.Production"}
      on_success: record github-issues-shop-db-audit.production-post "[bot] Pulumi shop-db audit.Production deployed." {"clone":"shop-db","body_files":["pulumi-shop-db/deploy_summary.md"],"pins":{"code":"shop-db/.git/ref"},"labels":["finalized-deployment"]}
      on_success: report succeeded to github-issues-shop-db-audit.qa-post by shop-db/audit/Production/deploy
      on_failure: report failed to github-issues-shop-db-audit.qa-post by shop-db/audit/Production/deploy
      on_error: report errored to github-issues-shop-db-audit.qa-post by shop-db/audit/Production/deploy
      on_abort: report aborted to github-issues-shop-db-audit.qa-post by shop-db/audit/Production/deploy
    "#);
}

#[test]
fn two_concourses() {
    assert_snapshot!(graph(&rendered("cdn")), @r#"
    deploy-shop-cdn-qa (serial)
      get shop-cdn, starts
      put pulumi-shop-cdn {"env_os":{},"env_vars_from_files":{},"stack_name":"QA"}
      on_success: record github-issues-shop-cdn-qa-post "[bot] Pulumi shop-cdn QA deployed." {"clone":"shop-cdn","body_files":["pulumi-shop-cdn/deploy_summary.md"],"pins":{"code":"shop-cdn/.git/ref"},"promotes_to":"Production","labels":["promotion-to-production"]}
    "#);
    assert_snapshot!(graph(&rendered("cdn-edge")), @r#"
    preview-shop-cdn-production (serial with shop-cdn-production)
      get gate of github-issues-shop-cdn-qa-trigger, starts
      get shop-cdn-edge
      claim github-issues-shop-cdn-qa-post for shop-cdn/-/Production/preview
      checkout shop-cdn-edge compare [] fetch [yes]
      put pulumi-shop-cdn {"env_os":{},"env_vars_from_files":{},"stack_name":"Production","preview":true}
      on_success: record gh-shop-cdn-production-gate-post "[bot] Pulumi shop-cdn Production ready to deploy." {"close_if_file":"pulumi-shop-cdn/preview_summary.md.no-changes","update":"body","pins":{"code":"shop-cdn-edge/.git/ref"},"promotes_to":"Production","labels":["promotion-to-production"],"body_files":["pulumi-shop-cdn/preview_summary.md"],"clone":"shop-cdn-edge"}
      on_success: report succeeded to github-issues-shop-cdn-qa-post by shop-cdn/-/Production/preview
      on_failure: report failed to github-issues-shop-cdn-qa-post by shop-cdn/-/Production/preview
      on_error: report errored to github-issues-shop-cdn-qa-post by shop-cdn/-/Production/preview
      on_abort: report aborted to github-issues-shop-cdn-qa-post by shop-cdn/-/Production/preview
    deploy-shop-cdn-production (serial with shop-cdn-production)
      get gate of gh-shop-cdn-production-gate-trigger, starts
      get shop-cdn-edge from preview-shop-cdn-production
      claim gh-shop-cdn-production-gate-post for shop-cdn/-/Production/deploy
      checkout shop-cdn-edge compare [] fetch [yes]
      put pulumi-shop-cdn {"env_os":{},"env_vars_from_files":{},"stack_name":"Production"}
      on_success: record gh-shop-cdn-production-deployed "[bot] Pulumi shop-cdn Production deployed." {"clone":"shop-cdn-edge","body_files":["pulumi-shop-cdn/deploy_summary.md"],"pins":{"code":"shop-cdn-edge/.git/ref"},"labels":["deployed","finalized-deployment"]}
      on_success: report succeeded to gh-shop-cdn-production-gate-post by shop-cdn/-/Production/deploy
      on_failure: report failed to gh-shop-cdn-production-gate-post by shop-cdn/-/Production/deploy
      on_error: report errored to gh-shop-cdn-production-gate-post by shop-cdn/-/Production/deploy
      on_abort: report aborted to gh-shop-cdn-production-gate-post by shop-cdn/-/Production/deploy
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
      on_success: record github-issues-shop-site-live-post "[bot] Script shop-site live deployed." {"clone":"site-site","body_files":["summary/deploy.md"],"pins":{"code":"site-site/.git/ref"},"labels":["finalized-deployment"]}
    "#);
}
