//! What the language means beyond its examples, seen in the promotion graph.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use serde_json::Value;

use crate::graph::{graph, issues};
use crate::support::{SHOP_FLEET, Work};

const FLEET: &str = "\
version: 1
concourses: {main: {target: main}, edge: {target: edge}}
defaults:
  environments: [CI, QA, Production]
  source: {repository: https://github.com/example/shop}
  issues: {repository: example/deployments, auth: {token: ((github.token))}}
";

fn rendered(manifest: &str) -> String {
    let work = Work::new().file("pipegen.yml", FLEET).file("projects/shop.yml", manifest);
    work.run(&["render", "--quiet"]).fine();
    work.read("rendered/shop.yml")
}

/// Only the lines that say who takes what.
fn takes(yaml: &str) -> String {
    graph(yaml)
        .lines()
        .filter(|line| {
            !line.starts_with(' ')
                || line.starts_with("  get")
                || line.starts_with("  claim")
                || line.starts_with("  checkout")
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn webhook_belongs_to_what_is_looked_at() {
    let yaml = rendered(
        "project: shop\nenvironments: [CI, QA]\nstack: {pulumi: {path: a}}\n\
         issues: {check_every: 4h, webhook: ((github.webhook))}\n",
    );
    let printed: Vec<&str> = yaml
        .lines()
        .skip_while(|line| !line.starts_with("- name: github-issues-shop"))
        .take_while(|line| *line != "jobs:")
        .filter(|line| ["- name: ", "  check_every: ", "  webhook_token: "].iter().any(|head| line.starts_with(head)))
        .collect();
    assert_snapshot!(printed.join("\n"), @"
    - name: github-issues-shop-ci-post
      check_every: never
    - name: github-issues-shop-ci-trigger
      check_every: 4h
      webhook_token: ((github.webhook))
    - name: github-issues-shop-qa-post
      check_every: never
    ");
}

#[test]
fn who_follows_a_gated_deployment_takes_its_approval_too() {
    let yaml = rendered(
        "project: shop\nenvironments: [CI, QA, Staging, Production, Archive]\nstack: {pulumi: {path: a}}\n\
         overrides: {Staging: {gate: none}, Production: {gate: manual}, Archive: {gate: preview}}\n",
    );
    assert_snapshot!(takes(&yaml), @"
    deploy-shop-ci (serial)
      get shop-shop, starts
    deploy-shop-qa (serial)
      get shop-shop of github-issues-shop-ci-trigger, starts
      claim github-issues-shop-ci-post
    deploy-shop-staging (serial)
      get shop-shop of github-issues-shop-ci-trigger from deploy-shop-qa, starts
    deploy-shop-production (serial)
      get shop-shop of github-issues-shop-ci-trigger from deploy-shop-staging
    preview-shop-archive (serial with shop-archive)
      get shop-shop of github-issues-shop-ci-trigger from deploy-shop-production, starts
    deploy-shop-archive (serial with shop-archive)
      get shop-shop of gh-shop-archive-gate-trigger, starts
      claim gh-shop-archive-gate-post
    ");
}

#[test]
fn approval_of_whatever_is_newest_checks_nothing_out() {
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("projects/shop.yml", "project: shop\nstack: {pulumi: {path: a}}\noverrides: {QA: {approval: {approve: latest}}, Production: {gate: none}}\n");
    assert_eq!(work.run(&["render", "--quiet"]).code, 0);
    let yaml = work.read("rendered/shop.yml");
    assert_snapshot!(takes(&yaml), @"
    deploy-shop-ci (serial)
      get shop-shop, starts
    deploy-shop-qa (serial)
      get gate of github-issues-shop-ci-trigger, starts
      get shop-shop from deploy-shop-ci
      claim github-issues-shop-ci-post
    deploy-shop-production (serial)
      get shop-shop from deploy-shop-qa, starts
    ");
    assert!(yaml.contains("approve: latest"));
}

#[test]
fn code_and_image_belong_together() {
    let yaml = rendered(
        "project: shop\nenvironments: [CI, QA]\nstack: {pulumi: {path: infra}}\nsource: {paths: [app]}\n\
         inputs:\n  shop-image:\n    image: {repository: shop/app, region: us-east-1}\n    env: {DIGEST: digest, TAG: tag}\n    \
         build: {with: {image: {context: app}}}\n",
    );
    assert_snapshot!(graph(&yaml), @r#"
    build-shop-image
      get shop-shop, starts
      task build-container-image {"CONTEXT":"shop-shop/app","DOCKERFILE":"shop-shop/app/Dockerfile","PROGRESS":"plain"}
      task ensure-ecr-repository {"AWS_PAGER":"cat","AWS_REGION":"us-east-1","REPO_NAME":"shop/app"}
      put shop-image {"image":"image/image.tar","additional_tags":"shop-shop/.git/short_ref"}
    deploy-shop-ci (serial)
      get shop-image from build-shop-image, starts {"skip_download":true}
      get shop-shop from build-shop-image, starts
      put pulumi-shop {"env_os":{},"env_vars_from_files":{"DIGEST":"shop-image/digest","TAG":"shop-image/tag"},"stack_name":"CI"}
      on_success: record github-issues-shop-ci-post "[bot] Pulumi shop CI deployed." {"clone":"shop-shop","body_files":["pulumi-shop/deploy_summary.md"],"pins":{"code":"shop-shop/.git/ref","shop-image":"shop-image/digest"},"ungated":true,"labels":["promotion-to-qa"]}
    deploy-shop-qa (serial)
      get shop-image from deploy-shop-ci {"skip_download":true}
      get shop-shop of github-issues-shop-ci-trigger, starts
      claim github-issues-shop-ci-post
      compare shop-image=digest
      put pulumi-shop {"env_os":{},"env_vars_from_files":{"DIGEST":"shop-shop/.git/approval/pins/shop-image","TAG":"shop-image/tag"},"stack_name":"QA"}
      on_success: record github-issues-shop-qa-post "[bot] Pulumi shop QA deployed." {"clone":"shop-shop","body_files":["pulumi-shop/deploy_summary.md"],"pins":{"code":"shop-shop/.git/ref","shop-image":"shop-shop/.git/approval/pins/shop-image"},"labels":["finalized-deployment"]}
      on_success: report succeeded to github-issues-shop-ci-post
      on_failure: report failed to github-issues-shop-ci-post
      on_error: report errored to github-issues-shop-ci-post
      on_abort: report aborted to github-issues-shop-ci-post
    "#);
}

// The name of a tag can be moved to another commit, and `.git/ref` holds it.
#[test]
fn repository_that_is_filtered_by_tags_is_approved_by_its_commit() {
    let yaml = rendered(
        "project: shop\nenvironments: [CI, QA]\nstack: {script: {image: alpine, deploy: ./deploy.sh}}\n\
         inputs:\n  lib: {git: {repository: https://github.com/example/lib, tag_filter: v*}, params: {submodules: none}}\n",
    );
    assert_snapshot!(graph(&yaml), @r#"
    deploy-shop-ci (serial)
      get lib, starts {"submodules":"none"}
      get shop-shop, starts
      task deploy {"PHASE":"deploy","STACK":"CI","ENVIRONMENT":"CI","CODE":"shop-shop","SCRIPT":"./deploy.sh"}
      on_success: record github-issues-shop-ci-post "[bot] Script shop CI deployed." {"clone":"shop-shop","body_files":["summary/deploy.md"],"pins":{"code":"shop-shop/.git/ref","lib":"lib/.git/HEAD"},"ungated":true,"labels":["promotion-to-qa"]}
    deploy-shop-qa (serial)
      get lib from deploy-shop-ci {"submodules":"none"}
      get gate of github-issues-shop-ci-trigger, starts
      get shop-shop from deploy-shop-ci
      claim github-issues-shop-ci-post with lib
      checkout shop-shop lib compare [] fetch [] no submodules [lib]
      task deploy {"PHASE":"deploy","STACK":"QA","ENVIRONMENT":"QA","CODE":"shop-shop","SCRIPT":"./deploy.sh"}
      on_success: record github-issues-shop-qa-post "[bot] Script shop QA deployed." {"clone":"shop-shop","body_files":["summary/deploy.md"],"pins":{"code":"shop-shop/.git/ref","lib":"lib/.git/HEAD"},"labels":["finalized-deployment"]}
      on_success: report succeeded to github-issues-shop-ci-post
      on_failure: report failed to github-issues-shop-ci-post
      on_error: report errored to github-issues-shop-ci-post
      on_abort: report aborted to github-issues-shop-ci-post
    "#);
}

#[test]
fn file_that_a_checkout_does_not_leave_is_refused_behind_a_gate() {
    let env = |git: &str, file: &str| {
        format!(
            "project: shop\nenvironments: [CI, QA]\nstack: {{script: {{image: alpine, deploy: ./deploy.sh}}}}\n\
             inputs:\n  lib: {{git: {{repository: https://github.com/example/lib{git}}}, env: {{LIB: {file}}}}}\n"
        )
    };
    for file in [".git/ref", ".git/HEAD", ".git/commit", ".git/short_ref", ".git/commit_message", "VERSION"] {
        rendered(&env("", file));
    }
    rendered(&env(", tag_filter: v*", ".git/HEAD"));
    rendered(&env(", tag_filter: v*", ".git/ref").replace("[CI, QA]", "[CI]\ngate: none"));
    for (git, file) in [("", ".git/tags"), (", tag_filter: v*", ".git/ref"), (", tag_filter: v*", ".git/describe_ref")]
    {
        let work = Work::new().file("pipegen.yml", FLEET).file("projects/shop.yml", &env(git, file));
        let ran = work.run(&["render"]).ended(1);
        assert!(ran.stderr.contains(&format!("`{file}` of `lib`")), "{}", ran.stderr);
        assert!(ran.stderr.contains("use `.git/HEAD`"), "{}", ran.stderr);
    }
}

#[test]
fn kinds_that_read_no_files_get_variables() {
    let yaml = rendered(
        "project: shop\nenvironments: [CI, QA]\nstack: {script: {image: alpine, deploy: ./deploy.sh}}\n\
         inputs:\n  charts: {git: {repository: https://github.com/example/charts}, env: {CHARTS_REF: .git/ref}}\n  \
         base: {image: {repository: base}, env: {BASE_DIGEST: digest}, params: {skip_download: false}, trigger: false}\n  \
         tool: {image: {repository: tool}, env: {TOOL_META: metadata.json}, unpinned: a helper, only: [QA]}\n",
    );
    assert_snapshot!(graph(&yaml), @r#"
    deploy-shop-ci (serial)
      get charts, starts
      get base {"skip_download":false}
      get shop-shop, starts
      {"load_var":"charts_ref","file":"charts/.git/ref","reveal":true}
      {"load_var":"base_digest","file":"base/digest","reveal":true}
      task deploy {"CHARTS_REF":"((.:charts_ref))","BASE_DIGEST":"((.:base_digest))","PHASE":"deploy","STACK":"CI","ENVIRONMENT":"CI","CODE":"shop-shop","SCRIPT":"./deploy.sh"}
      on_success: record github-issues-shop-ci-post "[bot] Script shop CI deployed." {"clone":"shop-shop","body_files":["summary/deploy.md"],"pins":{"code":"shop-shop/.git/ref","charts":"charts/.git/ref","base":"base/digest"},"ungated":true,"labels":["promotion-to-qa"]}
    deploy-shop-qa (serial)
      get charts from deploy-shop-ci
      get base from deploy-shop-ci {"skip_download":false}
      get tool {"skip_download":true}
      get gate of github-issues-shop-ci-trigger, starts
      get shop-shop from deploy-shop-ci
      claim github-issues-shop-ci-post with charts
      checkout shop-shop charts compare [base=digest] fetch []
      {"load_var":"charts_ref","file":"gate/pins/charts","reveal":true}
      {"load_var":"base_digest","file":"gate/pins/base","reveal":true}
      {"load_var":"tool_meta","file":"tool/metadata.json","format":"trim"}
      task deploy {"CHARTS_REF":"((.:charts_ref))","BASE_DIGEST":"((.:base_digest))","TOOL_META":"((.:tool_meta))","PHASE":"deploy","STACK":"QA","ENVIRONMENT":"QA","CODE":"shop-shop","SCRIPT":"./deploy.sh"}
      on_success: record github-issues-shop-qa-post "[bot] Script shop QA deployed." {"clone":"shop-shop","body_files":["summary/deploy.md"],"pins":{"code":"shop-shop/.git/ref","charts":"charts/.git/ref","base":"gate/pins/base"},"labels":["finalized-deployment"]}
      on_success: report succeeded to github-issues-shop-ci-post
      on_failure: report failed to github-issues-shop-ci-post
      on_error: report errored to github-issues-shop-ci-post
      on_abort: report aborted to github-issues-shop-ci-post
    "#);
}

#[test]
fn steps_around_and_how_long_and_how_often() {
    let yaml = rendered(
        "project: shop\nenvironments: [CI]\ngate: none\nrecord: none\nstack: {pulumi: {path: infra}}\ntimeout: 1d\nattempts: 3\nenv: {A: b}\n\
         before:\n- {task: first, file: \"{{ code }}/ci/first.yml\", when: \"{{ environment == 'QA' }}\"}\n\
         - {each: [x, z], task: \"each-{{ each }}\", file: \"{{ code }}/ci/{{ each }}.yml\"}\nafter: [{task: last, file: \"{{ code }}/ci/last.yml\"}]\n",
    );
    let plan: serde_json::Value = serde_saphyr::from_str(&yaml).unwrap();
    assert_snapshot!(serde_saphyr::to_string(&plan["jobs"][0]["plan"]).unwrap(), @"
    - get: shop-shop
      trigger: true
    - task: each-x
      file: shop-shop/ci/x.yml
    - task: each-z
      file: shop-shop/ci/z.yml
    - put: pulumi-shop
      inputs: all
      params:
        env_os:
          A: b
        env_vars_from_files: {}
        stack_name: CI
      get_params:
        summary_file: deploy_summary.md
        read_outputs: false
      timeout: 24h
      attempts: 3
    - task: last
      file: shop-shop/ci/last.yml
    ");
}

#[test]
fn records_are_left_where_nothing_else_tells() {
    let record = |manifest: &str| {
        issues(&rendered(&format!("project: shop\nenvironments: [CI, QA]\nstack: {{pulumi: {{path: a}}}}\n{manifest}")))
    };
    assert_snapshot!(record("overrides: {QA: {gate: none}}\n"), @r#"github-issues-shop-qa-post every never {"gate":"shop/-/QA/deployed","role":"post"}"#);
    assert_snapshot!(record("overrides: {QA: {gate: none}, CI: {record: closed}}\n"), @r#"
    github-issues-shop-ci-post every never {"gate":"shop/-/CI/deployed","role":"post"}
    github-issues-shop-qa-post every never {"gate":"shop/-/QA/deployed","role":"post"}
    "#);
    assert_snapshot!(record("overrides: {QA: {gate: none, record: none}}\n"), @"");
    assert_snapshot!(record("overrides: {QA: {gate: preview, record: none}}\n"), @r#"
    github-issues-shop-ci-post every never {"gate":"shop/-/CI/deployed","role":"post"}
    gh-shop-qa-gate-post every never {"gate":"shop/-/QA/ready","role":"post","destination":"shop/-/QA/deploy"}
    "#);
}

#[test]
fn names_are_templates() {
    let yaml = rendered(
        "project: shop\nenvironments: [CI, QA]\ngroups: [eu]\nstack: {pulumi: {path: a}}\n\
         names:\n  stack: \"{{ environment | lower }}-{{ group }}\"\n  code: src\n  deploy: ship-{{ slug }}\n  deployed: shipped-{{ slug }}\n  \
         deployed_title: \"{{ project }} is on {{ stack }} ((.:version)).\"\n  promotion_label: to-{{ environment }}\n  final_label: \"\"\n",
    );
    assert_snapshot!(graph(&yaml), @r#"
    ship-ci-eu (serial)
      get src, starts
      put pulumi-shop {"env_os":{},"env_vars_from_files":{},"stack_name":"ci-eu"}
      on_success: record shipped-ci-eu-post "shop is on ci-eu ((.:version))." {"clone":"src","body_files":["pulumi-shop/deploy_summary.md"],"pins":{"code":"src/.git/ref"},"ungated":true,"labels":["to-QA"]}
    ship-qa-eu (serial)
      get src of shipped-ci-eu-trigger, starts
      claim shipped-ci-eu-post
      put pulumi-shop {"env_os":{},"env_vars_from_files":{},"stack_name":"qa-eu"}
      on_success: record shipped-qa-eu-post "shop is on qa-eu ((.:version))." {"clone":"src","body_files":["pulumi-shop/deploy_summary.md"],"pins":{"code":"src/.git/ref"}}
      on_success: report succeeded to shipped-ci-eu-post
      on_failure: report failed to shipped-ci-eu-post
      on_error: report errored to shipped-ci-eu-post
      on_abort: report aborted to shipped-ci-eu-post
    "#);
}

#[test]
fn more_precise_override_wins_from_whichever_layer() {
    let work = Work::new()
        .file("pipegen.yml", &format!("{FLEET}  overrides: {{eu: {{timeout: 1h}}, QA: {{timeout: 2h}}}}\n"))
        .file(
            "projects/shop.yml",
            "project: shop\ngroups: [eu, us]\ntimeout: 9h\nstack: {pulumi: {path: a}}\noverrides: {QA: {timeout: 3h}, eu.QA: {timeout: 4h}, Production: {timeout: 5h}}\n",
        );
    let timeouts: Vec<String> = ["eu.CI", "eu.QA", "eu.Production", "us.CI", "us.QA", "us.Production"]
        .iter()
        .map(|stage| {
            let shown = work.run(&["show", "projects/shop.yml", stage]).fine();
            let line = shown.lines().find(|line| line.starts_with("timeout")).unwrap();
            format!("{stage} {}", line.split_whitespace().skip(1).collect::<Vec<_>>().join(" "))
        })
        .collect();
    assert_snapshot!(timeouts.join("\n"), @"
    eu.CI 1h # pipegen.yml:7
    eu.QA 4h # projects/shop.yml:5
    eu.Production 1h # pipegen.yml:7
    us.CI 9h # projects/shop.yml:3
    us.QA 3h # projects/shop.yml:5
    us.Production 5h # projects/shop.yml:5
    ");
}

#[test]
fn stages_are_found_by_their_files() {
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("projects/shop.yml", "project: shop\ndiscover: true\nskip: [eu.CI]\nstack: {pulumi: {path: infra/db}}\n");
    for stack in ["eu.CI", "eu.QA", "eu.Production", "us.QA", "us.Production", "notes"] {
        work.write(&format!("code/infra/db/Pulumi.{stack}.yaml"), "");
    }
    let ran = work.run(&["render", "--quiet", "--source-root", "code"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let yaml = work.read("rendered/shop.yml");
    assert_snapshot!(yaml.lines().take(4).collect::<Vec<_>>().join("\n"), @"
    # Made by ol-pipegen 0.1.0 from ../projects/shop.yml of the fleet ../pipegen.yml
    # Do not edit: change the manifest, and run `ol-pipegen render`.
    # fly -t main set-pipeline -p shop -c shop.yml
    # Stages found by their files: eu.QA, eu.Production, us.QA, us.Production
    ");
    assert_snapshot!(takes(&yaml), @"
    deploy-shop-eu.qa (serial)
      get shop-shop, starts
    deploy-shop-eu.production (serial)
      get shop-shop of github-issues-shop-eu.qa-trigger, starts
      claim github-issues-shop-eu.qa-post
    deploy-shop-us.qa (serial)
      get shop-shop, starts
    deploy-shop-us.production (serial)
      get shop-shop of github-issues-shop-us.qa-trigger, starts
      claim github-issues-shop-us.qa-post
    ");
    assert_snapshot!(ran.stderr, @"
    warning[undeclared-stack]: no stage deploys `infra/db/Pulumi.notes.yaml`
     --> projects/shop.yml:4:1
      |
    4 | stack: {pulumi: {path: infra/db}}
      | ^^^^^
      |
      = note: looked in code
      = help: add the stage, or remove the file

    warning: 1 warning in 1 file
    ");
}

#[test]
fn flavour_of_mitodl_has_no_pins() {
    let manifest = "project: shop\nenvironments: [CI, QA]\nissues: {resource: mitodl}\nstack: {pulumi: {path: a}}\noverrides: {QA: {gate: preview}}\n";
    let work = Work::new().file("pipegen.yml", FLEET).file("projects/shop.yml", manifest);
    work.run(&["render", "--quiet"]).ended(0);
    let yaml = work.read("rendered/shop.yml");
    assert_snapshot!(graph(&yaml), @r#"
    deploy-shop-ci (serial)
      get shop-shop, starts
      put pulumi-shop {"env_os":{},"env_vars_from_files":{},"stack_name":"CI"}
      on_success: put github-issues-shop-ci-post {"labels":["deployed"],"assignees":[],"body_files":["pulumi-shop/deploy_summary.md"]}
    preview-shop-qa (serial with shop-qa)
      get shop-shop from deploy-shop-ci, starts
      put pulumi-shop {"env_os":{},"env_vars_from_files":{},"stack_name":"QA","preview":true}
      on_success: put gh-shop-qa-gate-post {"labels":["promotion-to-qa"],"assignees":[],"body_files":["pulumi-shop/preview_summary.md"],"close_if_file":"pulumi-shop/preview_summary.md.no-changes"}
    deploy-shop-qa (serial with shop-qa)
      get gh-shop-qa-gate-trigger, starts
      get shop-shop from preview-shop-qa
      put pulumi-shop {"env_os":{},"env_vars_from_files":{},"stack_name":"QA"}
      on_success: put github-issues-shop-qa-post {"labels":["deployed","finalized-deployment"],"assignees":[],"body_files":["pulumi-shop/deploy_summary.md"]}
    "#);
}

#[test]
fn kind_of_ones_own() {
    let kind = "\
version: 1
title: Nomad
about: runs one Nomad job
options:
  type: object
  required: [job]
  properties:
    job: {type: string, format: path}
    regions: {type: array, items: {type: string}, default: [eu, us]}
    detach: {type: boolean}
    vars: {type: object, default: {}}
watch: [\"{{ options.job }}\"]
phases: [deploy, preview]
resource_types:
- name: nomad
  type: registry-image
  source: {repository: example/nomad-resource}
resources:
- each: \"{{ options.regions }}\"
  name: nomad-{{ each }}
  type: nomad
  source: {address: \"https://nomad.{{ each }}.example.com\", token: ((nomad.token))}
steps:
- each: \"{{ options.regions }}\"
  when: \"{{ not (phase == 'preview' and each == 'us') }}\"
  put: nomad-{{ each }}
  params:
    \"...\": [{region: nowhere, dry: false}, \"{{ options.vars }}\"]
    job: \"{{ code }}/{{ options.job }}\"
    region: \"{{ each }}\"
    plan: \"{{ true if phase == 'preview' else none }}\"
    detach: \"{{ options.detach }}\"
    env: \"{{ env }}\"
- \"{{ [{'task': 'tell', 'file': code ~ '/ci/tell.yml'}] if phase == 'deploy' else none }}\"
summary: nomad-eu/plan.md
pins: {job: nomad-eu/version}
target: \"Nomad job {{ project }} in {{ stack }}\"
";
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("kinds/stacks/nomad.yml", kind)
        .file(
            "projects/shop.yml",
            "project: shop\nenvironments: [Production]\ngate: preview\nstack: {nomad: {job: jobs/shop.hcl, vars: {size: 3, note: \"'...': evil\\nput: other\"}}}\nenv: {A: b}\nrules: {preview-credentials: allow}\n",
        );
    work.run(&["render", "--quiet"]).fine();
    let yaml = work.read("rendered/shop.yml");
    assert_snapshot!(graph(&yaml), @r#"
    preview-shop-production (serial with shop-production)
      get shop-shop, starts
      put nomad-eu {"dry":false,"size":3,"note":"'...': evil\nput: other","job":"shop-shop/jobs/shop.hcl","region":"eu","plan":true,"env":{"A":"b"}}
      on_success: record gh-shop-production-gate-post "[bot] Nomad shop Production ready to deploy." {"clone":"shop-shop","body_files":["nomad-eu/plan.md"],"pins":{"code":"shop-shop/.git/ref","job":"nomad-eu/version"},"ungated":true,"labels":["promotion-to-production"]}
    deploy-shop-production (serial with shop-production)
      get shop-shop of gh-shop-production-gate-trigger, starts
      claim gh-shop-production-gate-post
      put nomad-eu {"dry":false,"size":3,"note":"'...': evil\nput: other","job":"shop-shop/jobs/shop.hcl","region":"eu","env":{"A":"b"}}
      put nomad-us {"dry":false,"size":3,"note":"'...': evil\nput: other","job":"shop-shop/jobs/shop.hcl","region":"us","env":{"A":"b"}}
      task tell null
      on_success: record github-issues-shop-production-post "[bot] Nomad shop Production deployed." {"clone":"shop-shop","body_files":["nomad-eu/plan.md"],"pins":{"code":"shop-shop/.git/ref","job":"nomad-eu/version"},"labels":["deployed","finalized-deployment"]}
      on_success: report succeeded to gh-shop-production-gate-post
      on_failure: report failed to gh-shop-production-gate-post
      on_error: report errored to gh-shop-production-gate-post
      on_abort: report aborted to gh-shop-production-gate-post
    "#);
    let pipeline: serde_json::Value = serde_saphyr::from_str(&yaml).unwrap();
    let plan = pipeline["jobs"][1]["plan"].as_array().unwrap();
    let note = plan.iter().find_map(|step| step["params"]["note"].as_str());
    assert_eq!(note, Some("'...': evil\nput: other"), "a value brings no structure in");
    assert_snapshot!(pipeline["resource_types"].to_string(), @r#"[{"name":"nomad","type":"registry-image","source":{"repository":"example/nomad-resource"}},{"name":"github-issues","type":"registry-image","source":{"repository":"mitodl/github-issues-resource","tag":"0.1.0"}},{"name":"approved-git","type":"registry-image","source":{"repository":"mitodl/approved-git-resource","tag":"0.1.0"}}]"#);
}

#[test]
fn resource_types_of_the_fleet_are_laid_over() {
    let work = Work::new()
        .file(
            "pipegen.yml",
            &format!(
                "{FLEET}resource_types:\n  pulumi-provisioner: {{type: registry-image, source: {{repository: mirror/pulumi, tag: \"3\"}}, check_every: 24h}}\n  \
                 github-issues: {{type: registry-image, source: {{repository: mirror/issues, tag: \"1\"}}, defaults: {{max_wait: 30}}}}\n  unused: {{type: registry-image}}\n"
            ),
        )
        .file("projects/shop.yml", "project: shop\nenvironments: [CI, QA]\nstack: {pulumi: {path: a}}\n");
    work.run(&["render", "--quiet"]).fine();
    let pipeline: serde_json::Value = serde_saphyr::from_str(&work.read("rendered/shop.yml")).unwrap();
    assert_snapshot!(pipeline["resource_types"].to_string(), @r#"[{"name":"pulumi-provisioner","type":"registry-image","source":{"repository":"mirror/pulumi","tag":"3"},"check_every":"24h"},{"name":"github-issues","type":"registry-image","source":{"repository":"mirror/issues","tag":"1"},"defaults":{"max_wait":30}},{"name":"approved-git","type":"registry-image","source":{"repository":"mitodl/approved-git-resource","tag":"0.1.0"}}]"#);
}

#[test]
fn choice_replaces_another_and_null_takes_out() {
    let work = Work::new()
        .file("pipegen.yml", &format!("{FLEET}  stack: {{script: {{image: alpine, deploy: a}}}}\n  env: {{A: x, B: x}}\n  inputs: {{img: {{image: {{repository: a}}}}}}\n"))
        .file("projects/shop.yml", "project: shop\nenvironments: [CI]\ngate: none\nrecord: none\nstack: {pulumi: {path: a}}\nenv: {A: ~}\ninputs: {img: ~}\n");
    work.run(&["render", "--quiet"]).fine();
    assert_snapshot!(graph(&work.read("rendered/shop.yml")), @r#"
    deploy-shop-ci (serial)
      get shop-shop, starts
      put pulumi-shop {"env_os":{"B":"x"},"env_vars_from_files":{},"stack_name":"CI"}
    "#);
}

#[test]
fn an_image_that_the_approval_hands_over_is_not_there_in_its_newest_version() {
    let yaml = rendered(
        "project: shop\nenvironments: [CI, QA]\nstack: {script: {image: alpine, deploy: ./deploy.sh}}\n\
         inputs:\n  told: {image: {repository: shop/told}, env: {TOLD: digest}}\n  \
         read: {image: {repository: shop/read}, params: {format: oci}, env: {READ: digest}}\n",
    );
    let qa = &yaml[yaml.find("deploy-shop-qa").unwrap()..];
    let task = &qa[qa.find("- task: deploy").unwrap()..qa.find("outputs:\n      - name: summary").unwrap()];
    assert!(task.contains("- name: read") && !task.contains("- name: told"), "{task}");
    assert!(qa.contains("COMPARE: read=digest"), "{qa}");
}

#[test]
fn only_versions_are_shown_in_logs() {
    let yaml = rendered(
        "project: shop\nenvironments: [CI]\ngate: none\nstack: {script: {image: alpine, deploy: ./deploy.sh}}\n\
         inputs:\n  img: {image: {repository: shop/img}, params: {format: rootfs}, env: {D: digest, T: rootfs/secret.txt}}\n",
    );
    assert!(yaml.contains("- load_var: d\n    file: img/digest\n    reveal: true\n"), "{yaml}");
    assert!(yaml.contains("- load_var: t\n    file: img/rootfs/secret.txt\n  - "), "{yaml}");
}

#[test]
fn builds_keep_their_steps_whatever_the_name_of_the_input() {
    let yaml = rendered(
        "project: shop\nenvironments: [CI]\ngate: none\nstack: {pulumi: {path: a}}\ninputs:\n  \"{{ name }}-image\":\n    \
         image: {repository: shop/img}\n    build:\n      with: {image: {}}\n      \
         before: [{task: scan, file: shop-shop/scan.yml}]\n",
    );
    assert!(yaml.contains("- task: scan\n"), "{yaml}");
}

#[test]
fn titles_are_looked_for_by_what_stands_before_a_variable() {
    let work = Work::new().file("pipegen.yml", FLEET).file(
        "projects/shop.yml",
        "project: shop\nenvironments: [CI, QA]\nstack: {pulumi: {path: a}}\nissues: {resource: mitodl}\n\
         names: {deployed_title: \"[bot] {{ environment }} has ((.:version)).\"}\n",
    );
    work.run(&["render", "--quiet"]).ended(0);
    let yaml = work.read("rendered/shop.yml");
    assert!(yaml.contains("issue_prefix: \"[bot] CI has \"\n"), "{yaml}");
}

#[test]
fn former_names_are_reported_where_the_new_ones_are() {
    let yaml = rendered(
        "project: shop\nenvironments: [CI, QA]\nstack: {pulumi: {path: a}}\n\
         old_names: {deploy-shop-qa: promote-shop, shop-shop: code}\n",
    );
    assert!(yaml.contains("- name: deploy-shop-qa\n  old_name: promote-shop\n"), "{yaml}");
    assert!(yaml.contains("- name: shop-shop\n  old_name: code\n"), "{yaml}");
    assert_eq!(yaml.matches("old_name").count(), 2, "{yaml}");
}

const GROUPED: &str = "\
project: net
environments: [CI, QA, Production]
groups: [eu, us]
stack: {opentofu: {path: tofu/net}}
";

/// The names of the jobs and resources of a rendered pipeline, without those that only a preview needs.
fn names_without_previews(yaml: &str) -> BTreeSet<String> {
    let pipeline: Value = serde_saphyr::from_str(yaml).unwrap();
    let all = ["jobs", "resources"].into_iter().flat_map(|key| pipeline[key].as_array().unwrap());
    all.map(|one| one["name"].as_str().unwrap().to_owned())
        .filter(|name| !name.starts_with("preview-") && !name.contains("-gate-") && !name.ends_with("-records"))
        .collect()
}

#[test]
fn names_of_jobs_and_resources_do_not_depend_on_gates() {
    let issues = names_without_previews(&rendered(GROUPED));
    assert!(
        issues.contains("deploy-net-eu.qa") && issues.contains("github-issues-net-eu.production-post"),
        "{issues:?}"
    );
    for gates in [
        "overrides: {Production: {gate: preview}}\n",
        "overrides: {QA: {gate: preview}}\n",
        "gate: preview\n",
        "overrides: {QA: {gate: none}, Production: {gate: manual}}\nrecord: open\n",
    ] {
        let yaml = rendered(&format!("{GROUPED}{gates}"));
        let trigger = |name: &String| name.ends_with("-trigger");
        let names: BTreeSet<_> = names_without_previews(&yaml).into_iter().filter(|name| !trigger(name)).collect();
        let expected: BTreeSet<_> = issues.iter().filter(|name| !trigger(name)).cloned().collect();
        assert!(expected.is_superset(&names), "{gates}: {:?}", names.difference(&expected));
        let missing: Vec<_> = expected.difference(&names).filter(|name| !name.ends_with("-post")).collect();
        assert!(missing.is_empty(), "{gates}: {missing:?}");
    }
}

#[test]
fn chains_with_previews_keep_the_history_of_names_with_dashes() {
    let yaml = rendered(&format!("{GROUPED}overrides: {{Production: {{gate: preview}}}}\n"));
    for (new, old) in [
        ("deploy-net-eu.ci", "deploy-net-eu-ci"),
        ("deploy-net-us.production", "deploy-net-us-production"),
        ("preview-net-us.production", "preview-net-us-production"),
        ("gh-net-eu.production-gate-trigger", "gh-net-eu-production-gate-trigger"),
        ("github-issues-net-eu.ci-trigger", "github-issues-net-eu-ci-trigger"),
    ] {
        assert!(yaml.contains(&format!("- name: {new}\n  old_name: {old}\n")), "{new}: {yaml}");
    }
    // What is only put has no history that anybody uses, and a chain without previews had dots before.
    assert!(!yaml.contains("old_name: gh-net-eu-production-deployed"), "{yaml}");
    assert!(!rendered(GROUPED).contains("old_name"));
    // A former name that the manifest gives wins, and a name that is in use is not taken away from whoever has it.
    let own = "gate: preview\nold_names: {deploy-net-eu.qa: ship-qa}\n";
    let yaml = rendered(&format!("{GROUPED}{own}"));
    assert!(yaml.contains("- name: deploy-net-eu.qa\n  old_name: ship-qa\n"), "{yaml}");
    // `a.b-c` and `a-b.c` had the same name with dashes, so nothing was ever rendered with it.
    let yaml = rendered(
        "project: net\ngroups: [a, a-b]\nenvironments: [b-c, c]\ngate: preview\nstack: {opentofu: {path: a}}\n",
    );
    assert!(yaml.contains("old_name: deploy-net-a-c\n") && !yaml.contains("old_name: deploy-net-a-b-c\n"), "{yaml}");
}

const INSTANCES: &str = "\
pipeline: shop
project: shop-{{ name }}
environments: [QA]
gate: none
record: none
stack: {pulumi: {path: infra/shop}}
instance_vars: {region: '{{ name }}', major: '1'}
";

#[test]
fn instances_of_one_pipeline_have_files_and_addresses_of_their_own() {
    let fleet = FLEET.replace("{target: main}", "{target: main, team: shop, url: https://ci.example.com}");
    let work = Work::new()
        .file("pipegen.yml", &fleet)
        .file("projects/eu.yml", INSTANCES)
        .file("projects/us.yml", &INSTANCES.replace("major: '1'", "major: \"it's 2\""));
    assert_snapshot!(work.run(&["render"]).fine(), @r#"
    wrote rendered/shop,region=eu,major=1.yml (1 job)  fly -t main set-pipeline --team shop -p shop -i region=eu -i 'major="1"' -c rendered/shop,region=eu,major=1.yml
    wrote rendered/shop,region=us,major=it%27s%202.yml (1 job)  fly -t main set-pipeline --team shop -p shop -i region=us -i 'major="it'\''s 2"' -c rendered/shop,region=us,major=it%27s%202.yml
    2 pipelines: 2 written, 0 unchanged, 0 removed
    "#);
    assert_snapshot!(work.read("rendered/shop,region=eu,major=1.yml").lines().nth(2).unwrap(), @r#"# fly -t main set-pipeline --team shop -p shop -i region=eu -i 'major="1"' -c shop,region=eu,major=1.yml"#);
    let page = work.run(&["explain", "projects/eu.yml"]).fine();
    assert_snapshot!(page.lines().filter(|line| line.contains("https://ci")).collect::<Vec<_>>().join("\n"), @"
    | **QA** | the newest green build of [`deploy-shop-eu-qa`](https://ci.example.com/teams/shop/pipelines/shop/jobs/deploy-shop-eu-qa?vars.region=%22eu%22&vars.major=%221%22) has your commit |
    1. **QA**: merge it to `main`. [`deploy-shop-eu-qa`](https://ci.example.com/teams/shop/pipelines/shop/jobs/deploy-shop-eu-qa?vars.region=%22eu%22&vars.major=%221%22) deploys it by itself. Concourse looks for it every 1m.
    | **QA** | [`deploy-shop-eu-qa`](https://ci.example.com/teams/shop/pipelines/shop/jobs/deploy-shop-eu-qa?vars.region=%22eu%22&vars.major=%221%22) | [`shop`](https://ci.example.com/teams/shop/pipelines/shop?vars.region=%22eu%22&vars.major=%221%22) on main of the team shop |
    ");
    let shown = work.run(&["show", "projects/eu.yml"]).fine();
    assert_snapshot!(shown.lines().take(5).collect::<Vec<_>>().join("\n"), @"
    # `shop-eu` QA
    project: shop-eu
    pipeline: shop
    instance_vars:
      region: eu                                                             # projects/eu.yml:7
    ");
    work.write("projects/us.yml", &INSTANCES.replace("'{{ name }}'", "eu"));
    assert_snapshot!(work.run(&["render"]).ended(1).stderr, @"
    error[duplicate-pipeline]: two pipelines are named `shop,region=eu,major=1`
     --> projects/us.yml:2:10
      |
    2 | project: shop-{{ name }}
      |          ^^^^^^^^^^^^^^^
      |
     ::: projects/eu.yml:2:10
      |
    2 | project: shop-{{ name }}
      |          --------------- the other is made from this
      |
      = help: set `pipeline` in one of them; the default is the name of the file

    error: 1 error in 1 file; nothing was written
    ");
}

#[test]
fn secret_in_clear_is_refused_however_it_is_written() {
    const STACK: &str = "stack: {pulumi: {path: infra}}\n";
    let token = concat!("gh", "p_Ab3dEfGh1jKlMn0pQrStUvWxYz12345678Zz");
    let rendered = |more: &str| {
        let work = Work::new()
            .file("pipegen.yml", SHOP_FLEET)
            .file("projects/a.yml", &format!("project: shop\n{}\n", more.replace("MARKED", token)));
        let ran = work.run(&["render"]);
        assert!(!(ran.stdout.clone() + &ran.stderr).contains("S3cret"), "{more}: {}", ran.stderr);
        ran
    };
    for more in [
        "env: {DB_PASS: S3cretPassw0rd1}",
        "env: {PGPASS: S3cretPassw0rd1}",
        "env: {PGPASSWORD: S3cretPassw0rd1}",
        "env: {dbpasswd: S3cretPassw0rd1}",
        "env: {DATADOG_APIKEY: S3cretPassw0rd1}",
        "env: {apiKey: S3cretPassw0rd1}",
        "env: {MARKED: x}",
        "preview_env: {MARKED: x}\ngate: preview\nenvironments: [QA]",
        "source: {extra: {git_config: [{name: http.extraheader, value: \"Authorization: Basic S3cretPassw0rd1aaaa=\"}]}}",
        "inputs: {app: {resource: {type: time, source: {headers: {Authorization: \"Basic S3cretPassw0rd1aaaa=\"}}}, pin: x}}",
        "inputs: {app: {resource: {type: time, source: {headers: {X-Api-Key: S3cretPassw0rd1}}}, pin: x}}",
        "inputs: {app: {resource: {type: time, source: {url: \"https://x/?token=S3cretPassw0rd1\"}}, pin: x}}",
        "inputs: {app: {resource: {type: time, source: {MARKED: x}}, pin: x}}",
    ] {
        let ran = rendered(&format!("{STACK}{more}"));
        assert!(ran.code == 1 && ran.stderr.contains("[plaintext-secret]"), "{more}: {}", ran.stderr);
    }
    for deploy in [
        "curl -u bot:S3cretPassw0rd1 https://x",
        "curl -H 'Authorization: Bearer S3cretPassw0rd1' https://x",
        "DB_PASSWORD=S3cretPassw0rd1 psql",
    ] {
        let ran = rendered(&format!("stack: {{script: {{image: alpine, tag: \"3\", deploy: \"{deploy}\"}}}}"));
        assert!(ran.code == 1 && ran.stderr.contains("[plaintext-secret]"), "{deploy}: {}", ran.stderr);
    }
    for more in
        ["env: {BYPASS: S3cretPassw0rd1}", "env: {COMPASS: north1234}", "env: {PASSED_TOKEN_FILE: /run/secret1}"]
    {
        let ran = rendered(&format!("{STACK}{more}"));
        assert!(!ran.stderr.contains("plaintext-secret"), "{more}: {}", ran.stderr);
    }
}

#[test]
fn short_each_of_many_items_ends_at_a_limit() {
    let rendered = |items: usize| {
        let items: Vec<String> = (0..items).map(|item| format!("a{item}")).collect();
        let inputs =
            format!("inputs: {{\"{{{{ each }}}}-x\": {{each: [{}], image: {{repository: x}}}}}}", items.join(", "));
        let work = Work::new()
            .file("pipegen.yml", SHOP_FLEET)
            .file("projects/a.yml", &format!("project: shop\nstack: {{pulumi: {{path: infra}}}}\n{inputs}\n"));
        work.run_measured(&["render", "--quiet"])
    };
    for items in [201, 1_000, 15_000] {
        let (ran, taken) = rendered(items);
        assert!(ran.code == 1 && ran.stderr.contains("[yaml-limit]: more than 200 inputs"), "{items}: {}", ran.stderr);
        assert!(taken < std::time::Duration::from_secs(5), "{items}: {taken:?}");
    }
    rendered(100).0.fine();
}
