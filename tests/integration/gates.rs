//! No job goes past a gate: each way that was tried, and what the report says of it.

use insta::assert_snapshot;

use crate::support::Work;

const FLEET: &str = "\
version: 1
concourses: {main: {target: main, team: shop}}
defaults:
  environments: [CI, QA, Production]
  source: {repository: https://github.com/example/shop}
  issues: {repository: example/deployments, auth: {token: ((github.token))}}
";

/// A stage that runs a script.
const SCRIPT: &str = "stack: {script: {image: alpine, tag: \"3\", deploy: ./deploy.sh}}\n";

/// A stage that runs a script, and previews by another one.
const PREVIEWED: &str =
    "stack: {script: {image: alpine, tag: \"3\", deploy: ./d, preview: ./p, target: \"{{ stack }}\"}}\n";

/// A kind that puts to a resource of the manifest.
const KIND: &str = "\
version: 1
title: Cluster
about: deploys by a resource that `extra` defines
phases: [deploy, preview]
steps:
- put: cluster
  inputs: all
  params: {environment: \"{{ environment }}\", phase: \"{{ phase }}\"}
";

/// The resource that the kind puts to.
const CLUSTER: &str = "  resource_types:
  - {name: deployer, type: registry-image, source: {repository: example/deployer, tag: \"1\"}}
  resources:
  - {name: cluster, type: deployer, source: {cluster: all}}
";

fn fleet() -> Work {
    Work::new().file("pipegen.yml", FLEET)
}

/// What a run refuses.
#[track_caller]
fn refused(work: &Work) -> String {
    work.run(&["render", "--quiet"]).ended(1).stderr
}

/// What a run warns of.
#[track_caller]
fn warned(work: &Work) -> String {
    work.run(&["render", "--quiet"]).ended(0).stderr
}

#[track_caller]
fn report(manifest: &str) -> String {
    refused(&fleet().file("projects/shop.yml", manifest))
}

#[test]
fn job_of_extra_puts_to_what_a_kind_deploys_by() {
    let manifest = format!(
        "project: shop\nstack: {{cluster: {{}}}}\nextra:\n{CLUSTER}  jobs:\n  - name: hotfix\n    plan:\n    \
         - {{get: shop-shop, trigger: true}}\n    - {{put: cluster, inputs: all, params: {{environment: Production}}}}\n"
    );
    let work = fleet().file("kinds/stacks/cluster.yml", KIND).file("projects/shop.yml", &manifest);
    assert_snapshot!(refused(&work), @r#"
    warning[unnamed-target]: the kind `cluster` does not name what it deploys
     --> kinds/stacks/cluster.yml:5:1
      |
    5 | steps:
      | ^^^^^
      |
      = note: whether another job deploys the same thing without an approval is not checked
      = help: add `target`, such as `target: "{{ project }}/{{ stack }}"`
    error[step-past-gate]: the put to `cluster` deploys past a gate
     --> projects/shop.yml:9:5
      |
    9 |   - name: hotfix
      |     ^^^^^^^^^^^^
      |
      = note: in the job `hotfix` of `shop` CI
      = help: make it a stage, which has a gate; for something else use a resource of its own

    error: 1 error and 1 warning in 2 files; nothing was written
    "#);
}

#[test]
fn kind_of_another_project_puts_to_a_projects_resource() {
    let sly = "version: 1\nabout: puts to another project's resource\nsteps:\n\
               - put: pulumi-a\n  inputs: all\n  params: {stack_name: Production}\n";
    let work = fleet().file("kinds/stacks/sly.yml", sly).file(
        "projects/shop.yml",
        "environments: [CI, Production]\nprojects:\n  a: {stack: {pulumi: {path: infra/a}}}\n  \
         b: {stack: {sly: {}}, environments: [default], gate: none}\n",
    );
    assert_snapshot!(refused(&work), @"
error[shared-target]: the put to `pulumi-a` can deploy what the deploy of `a` Production deploys behind a gate
 --> kinds/stacks/sly.yml:4:3
  |
4 | - put: pulumi-a
  |   ^^^^^^^^^^^^^
  |
  = note: in the deploy of `b` default
  = note: both put to `pulumi-a`
  = help: put to a resource of its own; if both are kinds, name in `target` what each deploys

error: 1 error in 1 file; nothing was written
");
}

#[test]
fn resource_of_the_same_source_has_another_name_in_another_fleet() {
    let kind = format!("{KIND}target: \"{{{{ project }}}} in {{{{ environment }}}}\"\n");
    let work = Work::new()
        .file("one/pipegen.yml", FLEET)
        .file("one/kinds/stacks/cluster.yml", &kind)
        .file("one/projects/shop.yml", &format!("project: shop\nstack: {{cluster: {{}}}}\nextra:\n{CLUSTER}"))
        .file("two/pipegen.yml", FLEET)
        .file(
            "two/projects/tool.yml",
            &format!(
                "project: tool\n{SCRIPT}extra:\n{}  jobs:\n  - name: sneak\n    plan:\n    \
                 - {{get: shop-tool, trigger: true}}\n    - {{put: other, inputs: all, params: {{environment: Production}}}}\n",
                CLUSTER.replace("name: cluster", "name: other").replace("name: deployer", "name: kube").replace("type: deployer", "type: kube")
            ),
        );
    assert_snapshot!(refused(&work), @"
error[shared-target]: the put to `other` can deploy what the deploy of `shop` QA deploys behind a gate
 --> two/projects/tool.yml:9:5
  |
9 |   - name: sneak
  |     ^^^^^^^^^^^
  |
  = note: in the job `sneak` of `tool` CI
  = note: `other` and `cluster` have the same type and source
  = help: put to a resource of its own; if both are kinds, name in `target` what each deploys

error: 1 error in 1 file; nothing was written
");
}

#[test]
fn kind_is_asked_what_it_deploys() {
    let manifest = format!("project: shop\nstack: {{cluster: {{}}}}\nextra:\n{CLUSTER}");
    let work = fleet().file("kinds/stacks/cluster.yml", KIND).file("projects/shop.yml", &manifest);
    assert_snapshot!(warned(&work), @r#"
warning[unnamed-target]: the kind `cluster` does not name what it deploys
 --> kinds/stacks/cluster.yml:5:1
  |
5 | steps:
  | ^^^^^
  |
  = note: whether another job deploys the same thing without an approval is not checked
  = help: add `target`, such as `target: "{{ project }}/{{ stack }}"`

warning: 1 warning in 1 file
"#);
    // Behind no gate nothing can be passed.
    let work = fleet()
        .file("kinds/stacks/cluster.yml", KIND)
        .file("projects/shop.yml", &format!("environments: [CI]\ngate: none\n{manifest}"));
    work.run(&["render", "--quiet"]).fine();
}

#[test]
fn first_environment_deploys_the_stack_of_the_last() {
    assert_snapshot!(
        report(
            "project: shop\nstack: {pulumi: {path: infra}}\noverrides:\n  CI: {names: {stack: Production, deploy: first, \
             deployed: first, serial_group: x, deployed_title: first deployed.}}\n"
        ),
        @r#"
    error[shared-target]: the deploy of `shop` CI deploys `Pulumi stack Production of github.com/example/shop/infra`, which the deploy of `shop` Production deploys behind another gate
     --> projects/shop.yml:4:23
      |
    2 | stack: {pulumi: {path: infra}}
      |         ------ the other
    3 | overrides:
    4 |   CI: {names: {stack: Production, deploy: first, deployed: first, serial_group: x, deployed_title: first deployed.}}
      |                       ^^^^^^^^^^
      |
      = note: no approval is needed for `first`
      = help: name each stack after its environment: `names: {stack: "{{ environment }}"}`

    error: 1 error in 1 file; nothing was written
    "#
    );
}

#[test]
fn two_projects_deploy_one_thing_behind_two_gates() {
    let manifest = |project: &str| {
        format!(
            "project: {project}\nstack: {{script: {{image: alpine, deploy: ./x, target: \"web of {{{{ environment }}}}\"}}}}\n"
        )
    };
    let work = fleet().file("projects/a.yml", &manifest("a")).file("projects/b.yml", &manifest("b"));
    let report = refused(&work);
    assert!(
        report.contains(
            "the deploy of `a` QA deploys `web of QA`, which the deploy of `b` QA deploys behind another gate"
        ),
        "{report}"
    );
    assert!(report.contains("error: 2 errors in 1 file"), "{report}");
}

#[test]
fn comment_allows_one_target_of_two_jobs() {
    let work = fleet().file(
        "projects/shop.yml",
        "project: shop\n# ol-pipegen: allow shared-target because both log in to organizations of their own\n\
         stack: {script: {image: alpine, deploy: ./x, target: web}}\n",
    );
    work.run(&["render", "--quiet"]).fine();
}

#[test]
fn credential_names_one_cluster_in_one_pipeline() {
    let work = fleet().file("projects/shop.yml", "project: shop\nstack: {helm: {chart: charts/x, namespace: shop}}\n");
    assert_snapshot!(refused(&work), @r#"
    error[shared-target]: the deploys of `shop` CI and `shop` QA deploy `Helm release shop/shop by ((kubeconfig))`, which the deploy of `shop` Production deploys behind another gate
     --> projects/shop.yml:2:9
      |
    2 | stack: {helm: {chart: charts/x, namespace: shop}}
      |         ^^^^
      |
      = note: no approval is needed for `deploy-shop-ci`
      = help: make `release`, `namespace` or `kubeconfig` differ: write `namespace: "shop-{{ stack | lower }}"`, or the credential `((kubeconfig.{{ stack }}))`

    error: 1 error in 1 file; nothing was written
    "#);
    let work = fleet().file(
        "projects/shop.yml",
        "project: shop\nstack: {helm: {chart: charts/x, namespace: shop, kubeconfig: \"((kubeconfig.{{ environment }}))\"}}\n",
    );
    work.run(&["render", "--quiet"]).fine();
    // In another pipeline the credential may name another cluster, if somebody says so.
    let cart = "project: cart\nenvironments: [QA, CI]\nstack: {helm: {chart: charts/x, release: x, namespace: \"{{ stack }}\"}}\n";
    let shop =
        "project: shop\nenvironments: [CI]\ngate: none\nstack: {helm: {chart: charts/x, release: x, namespace: CI}}\n";
    let work = fleet().file("projects/shop.yml", shop).file("projects/cart.yml", cart);
    let report = refused(&work);
    assert!(report.starts_with("error[shared-target]: the deploy of `shop` CI deploys `Helm release CI/x"), "{report}");
    assert!(report.contains("= help: let each environment deploy a stack of its own"), "{report}");
    let reason = "# ol-pipegen: allow shared-target because each pipeline has a credential of its own\nstack:";
    let work = fleet().file("projects/shop.yml", &shop.replace("stack:", reason)).file("projects/cart.yml", cart);
    assert_eq!(warned(&work), "");
}

#[test]
fn job_sets_its_own_pipeline() {
    let manifest = |set: &str| {
        format!(
            "project: shop\n{SCRIPT}extra:\n  jobs:\n  - name: set-itself\n    plan:\n    - {{get: shop-shop, trigger: true}}\n    \
             - {{try: {{set_pipeline: {set}, file: shop-shop/pipeline.yml}}}}\n"
        )
    };
    assert_snapshot!(report(&manifest("self")), @"
    error[set-pipeline-past-gate]: the step sets the pipeline `shop`, and could set it without its gates
     --> projects/shop.yml:5:5
      |
    5 |   - name: set-itself
      |     ^^^^^^^^^^^^^^^^
      |
      = note: in the job `set-itself` of `shop` CI
      = help: remove the step; `meta` in the fleet's file sets pipelines from what was reviewed

    error: 1 error in 1 file; nothing was written
    ");
    assert!(report(&manifest("shop")).contains("[set-pipeline-past-gate]"));
    // A pipeline of something else is nobody's gate.
    fleet().file("projects/shop.yml", &manifest("docs")).run(&["render", "--quiet"]).fine();
    // That of another project is.
    let report = refused(
        &fleet()
            .file("projects/shop.yml", &manifest("docs"))
            .file("projects/docs.yml", &format!("project: docs\n{SCRIPT}")),
    );
    assert!(report.contains("the step sets the pipeline `docs`, and could set it without its gates"), "{report}");
}

#[test]
fn two_projects_have_one_gate_under_two_addresses() {
    let manifest =
        |pipeline: &str, issues: &str| format!("project: shop\npipeline: {pipeline}\nissues: {issues}\n{SCRIPT}");
    let one = manifest("one", "{}").replace("issues: {}\n", "");
    assert_snapshot!(
        refused(
            &fleet()
                .file("projects/a.yml", &one)
                .file("projects/b.yml", &manifest("two", "{api: \"https://api.github.com/\"}"))
        ),
        @"
        error[gate-collision]: two projects have the gate `shop/-/CI/deployed`
         --> projects/b.yml:1:10
          |
        1 | project: shop
          |          ^^^^
          |
         ::: projects/a.yml:1:10
          |
        1 | project: shop
          |          ---- the other
          |
          = note: in the repository github.com/example/deployments
          = note: an approval of the one would deploy the other
          = help: give each `project` a name of its own

        error: 1 error in 1 file; nothing was written
        "
    );
    for issues in [
        "{repository: Example/Deployments}",
        "{api: \"https://API.github.com:443\"}",
        "{api: \"https://api.github.com//\", repository: example/DEPLOYMENTS}",
    ] {
        let work = fleet().file("projects/a.yml", &one).file("projects/b.yml", &manifest("two", issues));
        let report = refused(&work);
        assert!(report.contains("two projects have the gate `shop/-/CI/deployed`"), "{issues}: {report}");
    }
    // Another repository is another gate.
    let work = fleet()
        .file(
            "projects/a.yml",
            &one.replace("./deploy.sh", "./a.sh")
                .replace("deploy: ./a.sh", "deploy: ./a.sh, target: \"a {{ stack }}\""),
        )
        .file("projects/b.yml", &manifest("two", "{repository: example/other}"));
    work.run(&["render", "--quiet"]).fine();
}

#[test]
fn two_fleets_have_one_gate() {
    let work = Work::new()
        .file("x/pipegen.yml", FLEET)
        .file("x/projects/app-x.yml", &format!("project: shop-app\n{SCRIPT}"))
        .file("y/pipegen.yml", FLEET)
        .file("y/projects/app-y.yml", &format!("project: shop-app\n{}", SCRIPT.replace("./deploy.sh", "./other.sh")));
    let report = refused(&work);
    assert!(report.contains("two projects have the gate `shop-app/-/CI/deployed`"), "{report}");
    assert!(report.contains("x/projects/app-x.yml") && report.contains("y/projects/app-y.yml"), "{report}");
}

#[test]
fn extra_writes_an_issue_under_a_gates_title() {
    let manifest = |repository: &str, title: &str| {
        format!(
            "project: shop\n{SCRIPT}extra:\n  resources:\n  - name: notes\n    type: github-issues\n    source:\n      \
             repository: {repository}\n      access_token: ((github.token))\n      issue_prefix: \"{title}\"\n      \
             issue_title_template: \"{title}\"\n      issue_state: open\n  jobs:\n  - name: notes\n    plan:\n    \
             - {{get: shop-shop, trigger: true}}\n    - {{put: notes, inputs: detect, no_get: true, params: {{body_file: shop-shop/NOTES.md}}}}\n"
        )
    };
    assert_snapshot!(report(&manifest("Example/deployments", "[bot] Script shop CI deployed.")), @r#"
    error[gate-collision]: `notes` writes issues under the title of a gate
     --> projects/shop.yml:5:5
      |
    5 |   - name: notes
      |     ^^^^^^^^^^^ the title "[bot] Script shop CI deployed." is that of the gate `shop/-/CI/deployed`
      |
      = note: people approve by the title, and could close the wrong issue
      = help: give the issue another title, in `issue_title_template` and `issue_prefix`

    error: 1 error in 1 file; nothing was written
    "#);
    let begins = report(&manifest("example/deployments", "[bot] Script ((.:what))"));
    assert!(begins.contains("a title that begins with \"[bot] Script\" can be that of the gate"), "{begins}");
    let work = fleet().file("projects/shop.yml", &manifest("example/deployments", "Notes on shop"));
    work.run(&["render", "--quiet"]).fine();
}

#[test]
fn environments_name_a_version_by_two_files() {
    assert_snapshot!(
        report(&format!(
            "project: shop\n{SCRIPT}inputs:\n  rel: {{github_release: {{repository: example/rel}}}}\noverrides:\n  \
             Production: {{inputs: {{rel: {{pin: version}}}}}}\n"
        )),
        @"
        error[unrecorded-pin]: the approval names the file `tag` of `rel`, and the job compares `version`
         --> projects/shop.yml:6:36
          |
        6 |   Production: {inputs: {rel: {pin: version}}}
          |                                    ^^^^^^^ every build of the job fails
          |
          = note: the deploy of `shop` QA records `tag`
          = note: in the deploy of `shop` Production
          = help: use the same file of `rel` in both

        error: 1 error in 1 file; nothing was written
        "
    );
    // So does a preview that starts from the records of the environment before it.
    let previewed = report(
        "project: shop\nstack: {script: {image: alpine, tag: '3', deploy: ./d, preview: ./p, target: '{{ stack }}'}}\n\
         gate: preview\ninputs:\n  rel: {github_release: {repository: example/rel}}\noverrides:\n  \
         Production: {inputs: {rel: {pin: version}}}\n",
    );
    assert!(
        previewed.contains("the record names the file `tag` of `rel`, and the job compares `version`"),
        "{previewed}"
    );
    // What an environment hands on is what the first one recorded.
    let handed_on = report(&format!(
        "project: shop\n{SCRIPT}inputs:\n  base: {{image: {{repository: base}}, env: {{BASE: digest}}}}\noverrides:\n  \
         Production: {{inputs: {{base: {{pin: tag, env: {{BASE: tag}}}}}}}}\n"
    ));
    assert!(
        handed_on.contains("the approval names the file `digest` of `base`, and the job compares `tag`"),
        "{handed_on}"
    );
    fleet()
        .file(
            "projects/shop.yml",
            &format!(
                "project: shop\n{SCRIPT}inputs:\n  rel: {{github_release: {{repository: example/rel}}, pin: version}}\n"
            ),
        )
        .run(&["render", "--quiet"])
        .fine();
}

#[test]
fn input_has_the_name_of_what_its_kind_records() {
    assert_snapshot!(
        report(
            "project: shop\nstack: {helm: {chart: charts/x, namespace: \"{{ environment }}\"}}\noverrides: {QA: {gate: preview}}\n\
             inputs:\n  changes: {git: {repository: https://github.com/example/changes}}\n"
        ),
        @r#"
    warning[preview-credentials]: the preview of `shop` QA has credentials of the deployment: ((kubeconfig))
     --> projects/shop.yml:2:8
      |
    2 | stack: {helm: {chart: charts/x, namespace: "{{ environment }}"}}
      |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: a preview runs code that nobody approved
      = help: give the preview credentials that can only read, in `preview_env` or as the option `preview_kubeconfig`
    error[name-collision]: `changes` is what the stack kind `helm` records in the issue
     --> projects/shop.yml:5:3
      |
    5 |   changes: {git: {repository: https://github.com/example/changes}}
      |   ^^^^^^^
      |
      = help: give the input another name

    error: 1 error and 1 warning in 1 file; nothing was written
    "#
    );
}

/// A manifest with a resource `tools` and steps before the kind's.
fn before(uri: &str, steps: &str) -> String {
    format!(
        "project: shop\n{SCRIPT}before:\n{steps}extra:\n  resources:\n  \
         - {{name: tools, type: git, source: {{uri: \"{uri}\", branch: main}}}}\n"
    )
}

#[test]
fn newest_version_of_something_else_is_warned_of() {
    let with = |steps: &str| fleet().file("projects/shop.yml", &before("https://github.com/example/tools", steps));
    assert_snapshot!(warned(&with("- get: tools\n")), @"
    warning[unapproved-artifact]: `tools` is the newest version, which no approval names
     --> projects/shop.yml:4:3
      |
    4 | - get: tools
      |   ^^^^^^^^^^
      |
      = note: in the deploy of `shop` QA
      = help: make it one of the `inputs`; or write in the get why the newest version may run here: `unpinned: REASON`

    warning: 1 warning in 1 file
    ");
    // A reason lets it run, and is not rendered.
    let work = with("- get: tools\n  unpinned: only its linter runs\n");
    work.run(&["render", "--quiet"]).fine();
    assert!(!work.read("rendered/shop.yml").contains("linter"));
    // One version that is written in the manifest is reviewed with it.
    with("- {get: tools, version: {ref: 61a0b5f3f3bd71a6fb6e3e7ee9c3eecb4bb8a5c1}}\n")
        .run(&["render", "--quiet"])
        .fine();
    assert!(refused(&with("- {get: tools, unpinned: \"\"}\n")).contains("`unpinned`"));
}

#[test]
fn newest_commit_of_the_same_repository_is_refused() {
    for uri in
        ["https://github.com/example/shop.git", "git@github.com:Example/Shop", "https://github.com/example/shop/"]
    {
        let report = report(&before(uri, "- get: tools\n"));
        assert!(
            report.contains("`tools` is the newest commit of the repository of `shop-shop`, whatever was approved"),
            "{uri}: {report}"
        );
    }
    fleet()
        .file("projects/shop.yml", &before("https://github.com/example/shop", "- {get: tools, unpinned: its linter}\n"))
        .run(&["render", "--quiet"])
        .fine();
}

#[test]
fn variable_of_something_unapproved_is_warned_of() {
    let work = fleet().file(
        "projects/shop.yml",
        &before(
            "https://github.com/example/tools",
            "- {get: tools, unpinned: a reason}\n- {load_var: tag, file: tools/tag}\n",
        ),
    );
    assert_snapshot!(warned(&work), @"
    warning[unapproved-artifact]: the step uses `tools`, of which no approval names a version
     --> projects/shop.yml:5:3
      |
    5 | - {load_var: tag, file: tools/tag}
      |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: in the deploy of `shop` QA
      = help: make it one of the `inputs`; or write in the get why the newest version may run here: `unpinned: REASON`

    warning: 1 warning in 1 file
    ");
}

#[test]
fn variable_with_an_approved_version_is_not_replaced() {
    assert_snapshot!(
        report(&format!(
            "project: shop\n{SCRIPT}inputs:\n  base: {{image: {{repository: base}}, env: {{BASE: digest}}}}\n\
             after:\n- {{load_var: base, file: shop-shop/digest}}\n"
        )),
        @"
        error[step-past-gate]: the step replaces the variable `base`, which holds an approved version
         --> projects/shop.yml:6:3
          |
        6 | - {load_var: base, file: shop-shop/digest}
          |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          |
          = note: in the deploy of `shop` QA
          = help: give the variable another name

        error: 1 error in 1 file; nothing was written
        "
    );
}

#[test]
fn approval_of_another_stage_is_not_taken_before() {
    assert_snapshot!(
        report(&format!(
            "project: shop\n{SCRIPT}overrides:\n  QA:\n    before: [{{get: x, resource: github-issues-shop-qa-trigger}}]\n"
        )),
        @"
    error[step-past-gate]: the get of `github-issues-shop-qa-trigger` acts on an approval and does not claim it
     --> projects/shop.yml:5:14
      |
    5 |     before: [{get: x, resource: github-issues-shop-qa-trigger}]
      |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: in the deploy of `shop` QA
      = help: remove the get: only jobs of stages take approvals
    error[step-past-gate]: `x` is the newest commit of the repository of `shop-shop`, whatever was approved
     --> projects/shop.yml:5:14
      |
    5 |     before: [{get: x, resource: github-issues-shop-qa-trigger}]
      |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: in the deploy of `shop` QA
      = help: use `shop-shop`; or write why the newest commit may run here: `unpinned: REASON`

    error: 2 errors in 1 file; nothing was written
    "
    );
}

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
fn difference_names_what_is_taken_at_its_newest() {
    let with = |more: &str| {
        let work = fleet().file("projects/shop.yml", &format!("project: shop\n{SCRIPT}{more}"));
        work.run(&["render", "--quiet"]).fine();
        work.read("rendered/shop.yml")
    };
    let old = with("inputs:\n  tool: {github_release: {repository: example/tool}}\n");
    let new = with("inputs:\n  tool: {github_release: {repository: example/tool}, unpinned: a helper}\n");
    let work = Work::new().file("old.yml", &old).file("new.yml", &new);
    let printed = work.run(&["diff", "old.yml", "new.yml"]).ended(1).stdout;
    assert!(
        printed.contains("deploy-shop-qa: takes the newest version of `tool`, which no approval names any more"),
        "{printed}"
    );
}

/// A stage without a gate of its own, behind one: an input that the gate does not let through starts nothing there.
#[test]
fn input_that_no_gate_let_through_starts_nothing_behind_the_gate() {
    let manifest = format!(
        "project: shop\n{SCRIPT}inputs:\n  held:\n    github_release: {{repository: example/held}}\n  skips-qa:\n    \
         github_release: {{repository: example/skips}}\n    only: [CI, Production]\n  only-here:\n    \
         github_release: {{repository: example/here}}\n    only: [Production]\noverrides: {{Production: {{gate: none}}}}\n"
    );
    let work = fleet().file("projects/shop.yml", &manifest);
    assert_snapshot!(warned(&work), @"
    warning[unapproved-input]: no issue can name the version of `only-here` that `shop` Production deploys
     --> projects/shop.yml:9:3
      |
    9 |   only-here:
      |   ^^^^^^^^^
      |
      = note: no stage before it takes the input
      = help: write `gate: preview`, which names every version

    warning: 1 warning in 1 file
    ");
    let rendered = work.read("rendered/shop.yml");
    let job = rendered.split("- name: deploy-shop-production\n").nth(1).unwrap();
    let gets: Vec<&str> = job.split("- put:").next().unwrap().split("- get: ").skip(1).collect();
    let starting: Vec<&str> =
        gets.iter().filter(|get| get.contains("trigger: true")).map(|get| get.lines().next().unwrap()).collect();
    assert_eq!(starting, ["held", "shop-shop"]);
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
fn code_of_another_name_does_not_skip_the_environment_before() {
    assert_snapshot!(
        report(&format!(
            "project: shop\n{SCRIPT}overrides:\n  QA: {{gate: manual}}\n  Production: {{gate: none, names: {{code: other}}}}\n"
        )),
        @"
    error[step-past-gate]: `shop` Production takes the newest commit of `other`, even if `shop` QA never had it
     --> projects/shop.yml:5:42
      |
    5 |   Production: {gate: none, names: {code: other}}
      |                                          ^^^^^
      |
      = note: in the deploy of `shop` Production
      = note: the code of `shop` QA is `shop-shop`
      = help: use the code of `shop` QA; or set `gate: issue`, whose approval names the commit; or make it a project of its own

    error: 1 error in 1 file; nothing was written
    "
    );
    // A preview shows what CI never had, and closing its issue deploys that.
    let previewed = report(&format!(
        "project: shop\n{PREVIEWED}overrides:\n  QA: {{gate: preview, source: {{branch: release}}, names: {{code: shop-release}}}}\n"
    ));
    assert!(
        previewed.contains("`shop` QA takes the newest commit of `shop-release`, even if `shop` CI never had it"),
        "{previewed}"
    );
    // One line that names the code of all environments is one mistake.
    let manual = report(&format!(
        "project: shop\n{SCRIPT}gate: manual\nnames: {{code: \"code-{{{{ environment | lower }}}}\"}}\n"
    ));
    assert!(manual.contains("newest commit of `code-qa`, even if `shop` CI never had it"), "{manual}");
    assert!(manual.contains("1 error in 1 file"), "{manual}");
}

#[test]
fn code_that_skips_one_environment_is_reported_in_every_chain() {
    // Production would take what passed CI, past QA.
    let back = report(&format!(
        "project: shop\n{SCRIPT}gate: manual\ngroups: [a, b]\noverrides: {{b.QA: {{names: {{code: other}}}}}}\n"
    ));
    assert!(back.contains("`shop` b.QA takes the newest commit of `other`"), "{back}");
    assert!(back.contains("1 error in 1 file"), "{back}");
    // `latest` names no commit.
    let latest = report(&format!(
        "project: shop\n{SCRIPT}overrides:\n  Production: {{approval: {{approve: latest}}, names: {{code: other}}}}\n"
    ));
    assert!(latest.contains("`shop` Production takes the newest commit of `other`"), "{latest}");
    // The build of an input takes the newest commit.
    let built = report(&format!(
        "project: shop\n{SCRIPT}gate: manual\noverrides:\n  Production:\n    names: {{code: other}}\n    inputs: {{img: \
         {{image: {{repository: example/img}}, build: {{with: {{image: {{}}}}}}}}}}\n"
    ));
    assert!(built.contains("`shop` Production takes the newest commit of `other`"), "{built}");
}

#[test]
fn approval_names_the_commit_of_code_of_another_name() {
    for rest in ["", "approval: {code: checkout}\n"] {
        let manifest =
            format!("project: shop\n{SCRIPT}{rest}names: {{code: \"code-{{{{ environment | lower }}}}\"}}\n");
        fleet().file("projects/shop.yml", &manifest).run(&["render", "--quiet"]).fine();
    }
    // What follows an approval checks out what it names.
    let manifest =
        format!("project: shop\n{SCRIPT}overrides: {{Production: {{gate: none, names: {{code: other}}}}}}\n");
    fleet().file("projects/shop.yml", &manifest).run(&["render", "--quiet"]).fine();
}

/// A stage that runs a script, in a fleet of two Concourses.
fn on_two(rest: &str) -> Work {
    Work::new()
        .file("pipegen.yml", &FLEET.replace("shop}}\n", "shop}, edge: {target: edge, team: shop}}\n"))
        .file("projects/shop.yml", &format!("project: shop\n{SCRIPT}{rest}"))
}

#[test]
fn approval_does_not_name_a_commit_of_another_repository() {
    let other = "https://github.com/example/other";
    assert_snapshot!(
        report(&format!(
            "project: shop\n{SCRIPT}overrides: {{Production: {{names: {{code: other}}, source: {{repository: {other}}}}}}}\n"
        )),
        @"
    error[foreign-version]: an approval of `shop` QA names a commit of github.com/example/shop, and `shop` Production takes github.com/example/other
     --> projects/shop.yml:3:69
      |
    3 | overrides: {Production: {names: {code: other}, source: {repository: https://github.com/example/other}}}
      |                                                                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: in the deploy of `shop` Production
      = help: use one repository for all stages, and take the other one as a `git` input; for a mirror, write `# ol-pipegen: allow foreign-version because it is a mirror` above the line

    error: 1 error in 1 file; nothing was written
    "
    );
    for rest in [
        // It follows the approval of QA.
        format!("overrides: {{Production: {{gate: none, names: {{code: other}}, source: {{repository: {other}}}}}}}\n"),
        // A pipeline of its own may have another source under the same name.
        format!("overrides: {{Production: {{concourse: edge, source: {{repository: {other}}}}}}}\n"),
        format!(
            "approval: {{code: checkout}}\noverrides: {{Production: {{concourse: edge, source: {{repository: {other}}}}}}}\n"
        ),
    ] {
        let report = refused(&on_two(&rest));
        assert!(report.contains("names a commit of github.com/example/shop, and `shop` Production takes"), "{report}");
        assert!(report.contains("1 error in 1 file"), "{report}");
    }
    // One repository has many addresses, the approved commit may be on another branch, and a mirror has it, too.
    for source in [
        "source: {repository: \"git@github.com:example/shop.git\"}".to_owned(),
        "source: {branch: release}".to_owned(),
        format!(
            "\n      # ol-pipegen: allow foreign-version because it is a mirror\n      source: {{repository: {other}}}"
        ),
    ] {
        let source = source.trim_start();
        let rest = format!("overrides:\n  Production:\n      concourse: edge\n      {source}\n");
        on_two(&rest).run(&["render", "--quiet"]).ended(0);
    }
}

#[test]
fn approval_does_not_name_a_version_of_another_resource() {
    let two = |input: &str, other: &str| {
        on_two(&format!(
            "inputs: {{x: {input}}}\nrules: {{unknown-resource-type: allow, unpinned-input: allow}}\n\
             overrides: {{Production: {{concourse: edge, inputs: {{x: {other}}}}}}}\n"
        ))
    };
    for (input, other) in [
        ("{git: {repository: https://github.com/example/a}}", "{git: {repository: https://github.com/example/b}}"),
        ("{image: {repository: example/a}, pin: tag}", "{image: {repository: example/b}}"),
        ("{github_release: {repository: example/a}, content: []}", "{github_release: {repository: example/b}}"),
        ("{resource: {type: time, source: {a: b}}, pin: version}", "{resource: {source: {a: c}}}"),
    ] {
        let report = refused(&two(input, other));
        assert!(report.contains("names a version of `x` there, and `shop` Production takes it from"), "{report}");
        assert!(report.contains("1 error in 1 file"), "{report}");
    }
    // Content is the same everywhere, and each Concourse has credentials of its own.
    for (input, other) in [
        ("{image: {repository: example/a}}", "{image: {repository: example/b}}"),
        ("{github_release: {repository: example/a}}", "{github_release: {repository: example/b}}"),
        ("{s3: {bucket: a, regexp: a-(.*)}}", "{s3: {bucket: b}}"),
        (
            "{resource: {type: time, source: {a: b, token: ((a))}}, pin: version}",
            "{resource: {source: {token: ((b))}}}",
        ),
    ] {
        two(input, other).run(&["render", "--quiet"]).ended(0);
    }
}

#[test]
fn input_behind_an_approval_is_built_on_one_concourse() {
    let image = "image: {repository: example/img}, build: {with: {image: {}}}";
    let edge = "overrides: {Production: {concourse: edge}}\n";
    assert_snapshot!(refused(&on_two(&format!("inputs:\n  img: {{{image}}}\n{edge}"))), @"
    error[built-twice]: `img` is built on two Concourses, and two builds of one commit are two versions
     --> projects/shop.yml:4:50
      |
    4 |   img: {image: {repository: example/img}, build: {with: {image: {}}}}
      |                                                  ^^^^^^^^^^^^^^^^^^^
      |
      = note: the approval of `shop` CI names what its own Concourse built, and `shop` Production never has that version
      = help: write `build` in `overrides` for `CI` alone: `overrides: {CI: {inputs: {img: {build: …}}}}`

    error: 1 error in 1 file; nothing was written
    ");
    // An approval that hands the digest over, or names none, needs no second build.
    for rest in [
        format!("inputs: {{img: {{{image}, env: {{IMG: digest}}}}}}\n{edge}"),
        format!("inputs: {{img: {{{image}, unpinned: its linter runs and deploys nothing}}}}\n{edge}"),
        "inputs: {img: {image: {repository: example/img}}}\n\
         overrides: {Production: {concourse: edge}, CI: {inputs: {img: {build: {with: {image: {}}}}}}}\n"
            .to_owned(),
    ] {
        on_two(&rest).run(&["render", "--quiet"]).ended(0);
    }
    // Two chains, each with a build and approvals of its own.
    let groups = format!("groups: [eu, us]\ninputs: {{img: {{{image}}}}}\noverrides: {{us: {{concourse: edge}}}}\n");
    on_two(&groups).run(&["render", "--quiet"]).ended(0);
}

#[test]
fn image_with_content_is_compared_though_the_approval_names_its_tag() {
    let work = fleet().file(
        "projects/shop.yml",
        &format!(
            "project: shop\n{SCRIPT}inputs: {{img: {{image: {{repository: example/img}}, pin: tag, content: [digest], \
             env: {{IMG: tag}}}}}}\n"
        ),
    );
    let rendered = work.run(&["render", "--stdout"]).ended(0).stdout;
    assert_eq!(rendered.matches("CONTENT: img only digest").count(), 2, "{rendered}");
}

#[test]
fn stage_that_new_code_does_not_start_waits_for_a_person_behind_a_gate() {
    for code in ["fetch", "checkout"] {
        for (trigger, expected) in [(false, 0), (true, 1)] {
            let manifest = format!(
                "project: shop\n{SCRIPT}approval: {{code: {code}}}\n\
                 overrides: {{Production: {{gate: none, source: {{trigger: {trigger}}}}}}}\n"
            );
            let rendered = fleet().file("projects/shop.yml", &manifest).run(&["render", "--stdout"]).ended(0).stdout;
            let job = rendered.split("- name: deploy-shop-production").nth(1).unwrap();
            let starts = usize::from(job.contains("trigger: true"));
            assert_eq!(starts, expected, "{code} {trigger}\n{job}");
        }
    }
}

#[test]
fn paths_and_names_do_not_lead_elsewhere() {
    for (rest, message) in [
        ("inputs: {i: {image: {repository: ../x}}}", "`../x` is not the name of an image"),
        ("inputs: {i: {image: {repository: a..b/x}}}", "`a..b/x` is not the name of an image"),
        ("inputs: {i: {image: {repository: a/b}, pin: repository}}", "`repository` of the image `i` names no version"),
        ("inputs: {i: {image: {repository: a/b}, pin: ../j/digest}}", "`../j/digest` is not a file of the input"),
        ("inputs: {i: {image: {repository: a/b}, env: {A: ../j/digest}}}", "`../j/digest` is not a file of the input"),
        ("inputs: {i: {image: {repository: a/b}, env: {A: /etc/x}}}", "`/etc/x` is not a file of the input"),
        ("inputs: {i: {image: {repository: a/b}, env: {A: a//b}}}", "`a//b` is not a file of the input"),
        ("inputs: {i: {git: {paths: [../x]}}}", "`../x` is outside of the repository"),
        ("inputs: {i: {git: {repository: ../x}}}", "`../x` is not an address that git can clone"),
        ("inputs: {i: {github_release: {repository: ../x}}}", "`../x` is not a repository on GitHub"),
        ("inputs: {i: {github_release: {repository: x}}}", "`x` is not a repository on GitHub"),
        ("source: {repository: \"https://github.com/../x\"}", "`https://github.com/../x` is not an address"),
        ("source: {common_paths: [../x]}", "`../x` is outside of the repository"),
        ("issues: {body_files: [/etc/passwd]}", "`/etc/passwd` is outside of what the build has"),
        ("issues: {body_files: [\"{{ code }}/../x\"]}", "`shop-shop/../x` is outside of what the build has"),
        ("overrides: {QA: {stack: {script: {watch: [../x]}}}}", "`../x` is outside of the repository"),
        ("approval: {checkout_image: {repository: ../x}}", "`../x` is not the name of an image"),
        ("overrides: {QA: {stack: {script: {image: \"alpine:3\"}}}}", "`alpine:3` is not the name of an image"),
        (
            "after: [{task: x, config: {platform: linux, image_resource: {type: registry-image, source: {repository: \
             ../x}}, run: {path: sh}}}]",
            "`../x` is not the name of an image",
        ),
    ] {
        let report = report(&format!("project: shop\n{SCRIPT}{rest}\n"));
        assert!(report.contains(message) && report.contains("1 error in 1 file"), "{rest}: {report}");
    }
    for rest in [
        "inputs: {i: {image: {repository: \"localhost:5000/a/b\"}, env: {A: digest, B: tag}}}",
        "inputs: {i: {git: {repository: https://github.com/example/lib, paths: [./lib, lib/x]}, env: {A: .git/ref}}}",
        "inputs: {i: {resource: {type: time}, pin: .x/y, env: {A: my file}}}",
    ] {
        let manifest = format!("project: shop\n{SCRIPT}{rest}\n");
        fleet().file("projects/shop.yml", &manifest).run(&["render", "--quiet"]).ended(0);
    }
}

/// An issue of a manifest's own, in the words of MIT Open Learning's image.
fn own_issue(source: &str, steps: &str) -> String {
    format!(
        "project: shop\n{SCRIPT}extra:\n  resources:\n  - {{name: own, type: github-issues, source: {{repository: \
         example/deployments, access_token: ((github.token)), {source}}}}}\n  jobs:\n  - name: other\n    plan:\n    \
         - {{get: shop-shop, trigger: true}}\n    {steps}\n"
    )
}

#[test]
fn credentials_are_not_posted_by_issues_of_a_manifest() {
    let source = "issue_title_template: Own, issue_prefix: Own";
    assert_snapshot!(
        report(&own_issue(source, "- {put: own, inputs: all, params: {title_template: \"Own ((db.password))\"}}")),
        @"
    error[posted-credential]: a title contains `((db.password))`, whose value would be posted on GitHub
     --> projects/shop.yml:7:5
      |
    7 |   - name: other
      |     ^^^^^^^^^^^
      |
      = note: in the job `other` of `shop` CI
      = help: remove `((db.password))`; for a value that the build loads, write a local variable such as ((.:version)); for a value of the manifest, write a template such as {{ version }}

    error: 1 error in 1 file; nothing was written
    "
    );
    for (source, params, what) in [
        ("issue_title_template: \"Own ((a.b))\", issue_prefix: Own", "{}", "a title contains `((a.b))`"),
        ("issue_prefix: Own, issue_body_template: \"((a.b))\"", "{}", "a body contains `((a.b))`"),
        ("issue_prefix: Own, labels: [x, ((a.b))]", "{}", "a label contains `((a.b))`"),
        (source, "{labels: [((a.b))]}", "a label contains `((a.b))`"),
        (source, "{assignees: [((.:a)), ((a.b))]}", "an assignee contains `((a.b))`"),
        (source, "{body_files: [shop-shop/((a.b))]}", "a file of the body contains `((a.b))`"),
    ] {
        let report = report(&own_issue(source, &format!("- {{put: own, inputs: all, params: {params}}}")));
        assert!(report.contains(what) && report.contains("[posted-credential]"), "{params}: {report}");
        assert_eq!(report.matches("error[").count(), 1, "{params}: {report}");
    }
    let around = own_issue(source, "- {put: own, inputs: all}")
        + "after:\n- {put: own, inputs: all, params: {labels: [\"((a.b))\"]}}\n";
    assert!(report(&around).contains("a label contains `((a.b))`"));
    // A step of the build has loaded it.
    let loaded = own_issue(
        "issue_prefix: Own",
        "- {load_var: version, file: shop-shop/VERSION}\n    \
         - {put: own, inputs: all, params: {title_template: \"Own ((.:version))\"}}",
    );
    let ran = fleet().file("projects/shop.yml", &loaded).run(&["render", "--quiet"]);
    assert!(!ran.stderr.contains("posted-credential"), "{}", ran.stderr);
}

#[test]
fn job_of_extra_does_not_start_by_the_issue_of_a_gate() {
    let watches = |source: &str| own_issue(source, "- {get: own, trigger: true}");
    assert_snapshot!(
        report(&watches("issue_state: closed, issue_prefix: \"[bot] Script shop CI deployed.\"")),
        @r#"
    error[step-past-gate]: closing the issue of the gate `shop/-/CI/deployed` starts `other` past the gate
     --> projects/shop.yml:7:5
      |
    7 |   - name: other
      |     ^^^^^^^^^^^
      |
      = note: `own` watches every closed issue whose title begins with "[bot] Script shop CI deployed."
      = help: remove `trigger`, and watch issues of your own, with another title in `issue_prefix`

    error: 1 error in 1 file; nothing was written
    "#
    );
    for source in [
        "issue_state: closed, issue_prefix: \"[bot]\"",
        "issue_prefix: \"[bot] Script shop CI\"",
        "issue_state: closed",
        "issue_state: closed, labels: [promotion-to-qa]",
        "issue_state: closed, issue_prefix: \"[bot] ((x))\"",
    ] {
        let report = report(&watches(source));
        assert!(
            report.contains("closing the issue of the gate") && report.contains("1 error in"),
            "{source}: {report}"
        );
    }
    // MIT Open Learning's image writes the gate's own issues in those words.
    let mitodl = watches("issue_state: closed, issue_prefix: \"[bot] Script shop CI deployed.\"")
        + "issues: {resource: mitodl}\n";
    let report = report(&mitodl);
    assert!(report.contains("closing the issue of the gate"), "{report}");
    // Without a trigger it would still pass for an approval, and so does an input.
    let read = own_issue("issue_prefix: \"[bot] Script shop CI\"", "- {get: own}");
    let report = self::report(&read);
    assert!(report.contains("`other` takes an approval of the gate") && report.contains("1 error in"), "{report}");
    let input = format!(
        "project: shop\n{SCRIPT}inputs: {{own: {{resource: {{type: github-issues, source: {{repository: \
         example/deployments, access_token: ((github.token)), issue_prefix: \"[bot] Script shop QA\"}}}}, pin: version}}}}\n"
    );
    let report = self::report(&input);
    assert!(report.contains("projects/shop.yml:3:10") && report.contains("1 error in"), "{report}");
    for source in [
        "issue_state: closed, issue_prefix: Own",
        "issue_state: open, issue_prefix: \"[bot] Script shop CI deployed.\"",
        "issue_state: closed, labels: [other]",
        "issue_state: closed, issue_prefix: \"[bot] Script shop CI deployed. Or not\"",
    ] {
        fleet().file("projects/shop.yml", &watches(source)).run(&["render", "--quiet"]).ended(0);
    }
}

#[test]
fn job_of_extra_does_not_write_under_the_title_of_a_gate_of_another_image() {
    let manifest = own_issue(
        "issue_title_template: \"[bot] Script shop CI deployed.\", issue_prefix: \"[bot] Script shop CI deployed.\"",
        "- {put: own, inputs: all}",
    ) + "issues: {resource: mitodl}\n";
    let report = report(&manifest);
    assert!(report.contains("writes issues under the title of a gate"), "{report}");
}

/// A pulumi-like kind whose put gets, so that a later step can use its artifact.
const TOOL: &str = "extra:
  resource_types:
  - {name: deployer, type: registry-image, source: {repository: example/deployer, tag: \"1\"}}
  resources:
  - {name: tool, type: deployer, source: {cluster: all}}
";

#[test]
fn artifact_that_a_put_fetched_is_used_behind_a_gate() {
    let with = |put: &str, task: &str| {
        let steps = format!("before:\n- {put}\n- task: use\n  {task}\n");
        fleet().file("projects/shop.yml", &format!("project: shop\n{SCRIPT}{steps}{TOOL}"))
    };
    let put = "{put: tool, inputs: []}";
    let config = "config: {platform: linux, inputs: [{name: tool}], run: {path: tool/run}}";
    assert_snapshot!(warned(&with(put, config)), @"
    warning[unapproved-artifact]: the step uses `tool`, which a put fetched and no approval names
     --> projects/shop.yml:5:3
      |
    4 | - {put: tool, inputs: []}
      |   ----------------------- the put
    5 | - task: use
      |   ^^^^^^^^^
      |
      = note: in the deploy of `shop` QA
      = help: use an artifact that the approval names; and add `no_get: true` to the put

    warning: 1 warning in 1 file
    ");
    for task in ["file: tool/task.yml", "image: tool\n  config: {platform: linux, run: {path: sh}}"] {
        let printed = warned(&with(put, task));
        assert!(
            printed.contains("the step uses `tool`, which a put fetched and no approval names"),
            "{task}: {printed}"
        );
    }
    with("{put: tool, inputs: [], no_get: true}", "config: {platform: linux, run: {path: sh}}")
        .run(&["render", "--quiet"])
        .fine();
}

#[test]
fn put_makes_another_version_of_what_the_job_takes() {
    let with = |put: &str, uri: &str| {
        format!(
            "project: shop\n{SCRIPT}after:\n- {put}\nextra:\n  resources:\n  \
             - {{name: push, type: git, source: {{uri: \"{uri}\", branch: main}}}}\n"
        )
    };
    let own = "{put: shop-shop, params: {repository: shop-shop}, no_get: true}";
    let manifest = with(own, "https://github.com/example/other").split("extra:").next().unwrap().to_owned();
    assert_snapshot!(report(&manifest), @"
    error[step-past-gate]: the put to `shop-shop` makes another version of `shop-shop`, whose version an issue names
     --> projects/shop.yml:4:3
      |
    4 | - {put: shop-shop, params: {repository: shop-shop}, no_get: true}
      |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: in the deploy of `shop` CI
      = help: put to another resource, with `no_get: true`

    error: 1 error in 1 file; nothing was written
    ");
    let printed = report(&with("{put: push, params: {repository: shop-shop}}", "git@github.com:Example/shop"));
    assert!(
        printed.contains("the put to `push` makes another version of `shop-shop`, whose version an issue names"),
        "{printed}"
    );
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
fn job_sets_the_pipeline_that_sets_the_others() {
    let fleet = format!(
        "{FLEET}meta:\n  pipeline: all\n  source: {{repository: https://github.com/example/shop, folder: .}}\n  \
         image: {{repository: example/ol-pipegen, tag: 0.1.0}}\n"
    );
    let manifest = format!(
        "project: shop\n{SCRIPT}extra:\n  jobs:\n  - name: sneak\n    plan:\n    - {{get: shop-shop, trigger: true}}\n    \
         - {{set_pipeline: all, file: shop-shop/all.yml}}\n"
    );
    let work = Work::new().file("pipegen.yml", &fleet).file("projects/shop.yml", &manifest);
    assert_snapshot!(refused(&work), @"
    error[set-pipeline-past-gate]: the step sets the pipeline `all`, which sets pipelines with gates
     --> projects/shop.yml:5:5
      |
    5 |   - name: sneak
      |     ^^^^^^^^^^^
      |
      = note: in the job `sneak` of `shop` CI
      = help: remove the step; `meta` in the fleet's file sets pipelines from what was reviewed

    error: 1 error in 1 file; nothing was written
    ");
}

#[test]
fn run_of_one_manifest_judges_its_whole_fleet() {
    let manifest = |project: &str, target: &str| {
        format!("project: {project}\nstack: {{script: {{image: alpine, deploy: ./x, target: \"{target}\"}}}}\n")
    };
    let work = fleet()
        .file("projects/a.yml", &manifest("a", "web of {{ environment }}"))
        .file("projects/b.yml", &manifest("b", "web of {{ environment }}"))
        .file("projects/c.yml", &manifest("c", "c {{ environment }}"))
        .file("projects/broken.yml", "project: broken\nstack: {nosuch: {}}\n");
    let run = |manifest: &str| work.run(&["render", "--quiet", manifest]);
    for one in ["projects/a.yml", "projects/b.yml"] {
        let printed = run(one).ended(1).stderr;
        assert!(printed.contains("`web of QA`, which the deploy of `"), "{one}: {printed}");
        assert!(printed.contains("error: 2 errors"), "{one}: {printed}");
    }
    // What concerns only others is theirs, and only what was named is written.
    run("projects/c.yml").fine();
    assert!(work.path().join("rendered/c.yml").is_file() && !work.path().join("rendered/a.yml").exists());
    // One pipeline of two manifests, and one gate.
    work.write(
        "projects/d.yml",
        "project: c\npipeline: c\nstack: {script: {image: alpine, deploy: ./y, target: d}}\ngate: none\n",
    );
    let printed = run("projects/d.yml").ended(1).stderr;
    assert!(printed.contains("two pipelines are named `c`") && printed.contains("projects/c.yml"), "{printed}");
    let printed = work.run(&["validate", "projects/a.yml"]).ended(1).stderr;
    assert!(printed.contains("[shared-target]"), "{printed}");
}

#[test]
fn one_target_has_many_spellings() {
    let with = |a: &str, b: &str| {
        let work = fleet().file("projects/a.yml", &format!("project: a\nstack: {a}\n")).file(
            "projects/b.yml",
            &format!("project: b\nsource: {{repository: git@github.com:Example/shop.git}}\nstack: {b}\n"),
        );
        work.run(&["render", "--quiet"])
    };
    for (a, b) in [
        ("{opentofu: {path: infra/net}}", "{opentofu: {path: ./infra//x/../net/}}"),
        ("{pulumi: {path: infra}}", "{pulumi: {path: ./infra/}}"),
        (
            "{script: {image: a, deploy: x, target: web/{{ stack }}}}",
            "{script: {image: a, deploy: x, target: ' ./web//{{ stack }}'}}",
        ),
    ] {
        let ran = with(&a.replace("web/{{ stack }}", "\"web/{{ stack }}\""), b);
        assert!(ran.code == 1 && ran.stderr.contains("error[shared-target]"), "{b}: {} {}", ran.code, ran.stderr);
    }
    // Another repository of the same name is another thing.
    let work = fleet().file("projects/a.yml", "project: a\nstack: {pulumi: {path: infra}}\n").file(
        "projects/b.yml",
        "project: b\nsource: {repository: https://github.com/other/shop}\nstack: {pulumi: {path: infra}}\n",
    );
    work.run(&["render", "--quiet"]).fine();
}

#[test]
fn empty_target_is_no_name() {
    let manifest = "project: shop\nstack: {script: {image: alpine, tag: '3', deploy: ./x, target: \"\"}}\n";
    assert_snapshot!(warned(&fleet().file("projects/shop.yml", manifest)), @r#"
    warning[unnamed-target]: the kind `script` does not name what it deploys
     --> projects/shop.yml:2:64
      |
    2 | stack: {script: {image: alpine, tag: '3', deploy: ./x, target: ""}}
      |                                                                ^^
      |
      = note: whether another job deploys the same thing without an approval is not checked
      = help: add `target`, such as `target: "{{ project }}/{{ stack }}"`

    warning: 1 warning in 1 file
    "#);
    let kind = format!("{KIND}target: \"{{{{ '' }}}} \"\n");
    let manifest = format!("project: shop\nstack: {{cluster: {{}}}}\nextra:\n{CLUSTER}");
    let work = fleet().file("kinds/stacks/cluster.yml", &kind).file("projects/shop.yml", &manifest);
    assert!(warned(&work).contains("the kind `cluster` does not name what it deploys"));
}

/// Steps within another step.
fn within(step: &str, steps: &str) -> String {
    format!("- {step}:\n    do:\n    {}\n", steps.trim_end().replace('\n', "\n    "))
}

fn hook(step: &str, hook: &str, steps: &str) -> String {
    format!("{}  {hook}:\n    do:\n    {}\n", step, steps.trim_end().replace('\n', "\n    "))
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
}

#[test]
fn manifest_has_the_pipeline_that_sets_the_others() {
    let fleet = format!(
        "{FLEET}meta:\n  pipeline: all\n  source: {{repository: https://github.com/example/shop, folder: .}}\n  \
         image: {{repository: example/ol-pipegen, tag: 0.1.0}}\n"
    );
    let work = Work::new()
        .file("pipegen.yml", &fleet)
        .file("projects/shop.yml", &format!("project: shop\npipeline: all\n{SCRIPT}"));
    for paths in [vec![], vec!["projects/shop.yml"]] {
        let printed = work.run(&[vec!["render", "--quiet"], paths].concat()).ended(1).stderr;
        assert!(printed.contains("two pipelines are named `all`"), "{printed}");
    }
}

#[test]
fn label_of_every_gate_does_not_reject() {
    assert_snapshot!(
        report(&format!("project: shop\n{SCRIPT}approval: {{reject_labels: [hold, Promotion-to-qa]}}\n")),
        @"
    error[wrong-type]: every issue of the gate has the label `promotion-to-qa`, so nothing can be approved
     --> projects/shop.yml:3:34
      |
    3 | approval: {reject_labels: [hold, Promotion-to-qa]}
      |                                  ^^^^^^^^^^^^^^^
      |
      = note: for `shop` QA
      = help: write a label that people set to reject, such as hold

    error: 1 error in 1 file; nothing was written
    "
    );
    let previewed = report(&format!(
        "project: shop\n{PREVIEWED}overrides: {{QA: {{gate: preview, approval: {{reject_labels: [x]}}, issues: {{labels: [x]}}}}}}\n"
    ));
    assert!(previewed.contains("every issue of the gate has the label `x`"), "{previewed}");
}

#[test]
fn error_that_is_known_is_not_reported_again() {
    let rest = "names: {code: c}\noverrides: {Production: {source: {repository: https://github.com/example/other}}}\n";
    let conflict = report(&format!("project: shop\n{SCRIPT}{rest}"));
    assert!(conflict.contains("[conflicting-definition]") && conflict.contains("1 error in 1 file"), "{conflict}");
}

#[test]
fn resource_of_the_same_source_is_spelt_in_another_way() {
    let kind = format!(
        "{KIND}target: \"{{{{ project }}}}/{{{{ stack }}}}\"\nresource_types:\n- name: deployer\n  type: registry-image\n  source: \
         {{repository: example/deployer, tag: \"1\"}}\n  defaults: {{cluster: all}}\nresources:\n\
         - {{name: cluster, type: deployer, source: {{folder: infra/web}}}}\n"
    );
    for (image, source) in [
        ("example/deployer", "{folder: infra/web, cluster: all}"),
        ("docker.io/example/deployer", "{cluster: all, folder: infra/web}"),
        ("example/deployer", "{cluster: all, folder: ./infra//web/}"),
    ] {
        let sneak = format!(
            "project: tool\n{SCRIPT}extra:\n  resource_types:\n  - {{name: kube, type: registry-image, source: {{repository: {image}, \
             tag: \"2\"}}}}\n  resources:\n  - {{name: other, type: kube, source: {source}}}\n  jobs:\n  - name: sneak\n    plan:\n    \
             - {{get: shop-tool, trigger: true}}\n    - {{put: other, inputs: all}}\n"
        );
        let work = fleet()
            .file("kinds/stacks/cluster.yml", &kind)
            .file("projects/shop.yml", "project: shop\nstack: {cluster: {}}\n")
            .file("projects/tool.yml", &sneak);
        let printed = refused(&work);
        assert!(printed.contains("`other` and `cluster` have the same type and source"), "{image} {source}: {printed}");
    }
}

#[test]
fn files_of_a_kind_are_in_artifacts_of_the_build() {
    for (field, file) in
        [("summary", "../../etc/passwd"), ("no_changes", "/etc/passwd"), ("pins", "x/../../y"), ("summary", "..")]
    {
        let value = if field == "pins" { format!("{{x: {file}}}") } else { file.to_owned() };
        let kind = KIND.replace("steps:", &format!("{field}: {value}\nsteps:"));
        let manifest = format!("project: shop\nstack: {{cluster: {{}}}}\ngate: preview\nextra:\n{CLUSTER}");
        let work = fleet().file("kinds/stacks/cluster.yml", &kind).file("projects/shop.yml", &manifest);
        let report = refused(&work);
        let message = format!("`{field}` is `{file}`, outside of what the build has");
        assert!(report.contains(&message) && report.contains("[kind-result]"), "{report}");
    }
}

#[test]
fn empty_target_names_nothing() {
    let script = "stack: {script: {image: alpine, deploy: ./d, target: \"\"}}\n";
    let warned = warned(&fleet().file("projects/shop.yml", &format!("project: shop\n{script}")));
    assert!(warned.contains("[unnamed-target]"), "{warned}");
}

#[test]
fn type_that_is_only_called_time_is_no_clock() {
    let fleet = |image: &str| {
        FLEET.replace(
            "defaults:",
            &format!("resource_types: {{time: {{type: registry-image, source: {{repository: {image}, tag: \"1\"}}}}}}\ndefaults:"),
        )
    };
    let manifest = format!(
        "project: shop\n{SCRIPT}extra: {{resources: [{{name: x, type: time, source: {{uri: there}}}}]}}\nbefore: [{{get: x}}]\n"
    );
    let rendered = |fleet: &str, manifest: &str| {
        Work::new().file("pipegen.yml", fleet).file("projects/shop.yml", manifest).run(&["render", "--quiet"]).stderr
    };
    let printed = rendered(&fleet("example/files"), &manifest);
    assert!(printed.contains("[unapproved-artifact]") && printed.contains("`x`"), "{printed}");
    assert_eq!(rendered(&fleet("registry.example.com/concourse/time-resource"), &manifest), "");
    assert_eq!(rendered(FLEET, &manifest), "");
    let input =
        format!("project: shop\n{SCRIPT}inputs: {{x: {{resource: {{type: time, source: {{a: b}}}}, pin: ~}}}}\n");
    assert!(rendered(&fleet("example/files"), &input).contains("[unpinned-input]"));
    assert_eq!(rendered(FLEET, &input), "");
    // A handwritten job.
    let gated = |types: &str| {
        let text = format!(
            "{types}resources:\n- {{name: x, type: time, source: {{a: b}}}}\n\
             - {{name: gate, type: github-issues, source: {{gate: a/-/QA/deployed, destination: a/-/Production/deploy, role: trigger, repository: a/b}}}}\n\
             - {{name: post, type: github-issues, source: {{gate: a/-/QA/deployed, destination: a/-/Production/deploy, role: post, repository: a/b}}}}\n\
             jobs:\n- name: ship\n  serial: true\n  plan:\n  - {{get: gate, trigger: true}}\n  - {{get: x}}\n\
             - {{put: post, params: {{action: claim, approval: gate/approval.json}}}}\n  - {{task: ship, file: x/ship.yml}}\n"
        );
        let text = text.replace("\n- {put: post", "\n  - {put: post");
        Work::new().file("ship.yml", &text).run(&["validate", "ship.yml"]).stderr
    };
    let own = "resource_types:\n- {name: time, type: registry-image, source: {repository: example/files, tag: \"1\"}}\n\
               - {name: github-issues, type: registry-image, source: {repository: mitodl/github-issues-resource, tag: \"1\"}}\n";
    assert!(gated(own).contains("`x` is the newest version"), "{}", gated(own));
    let none =
        own.lines().filter(|line| !line.contains("name: time")).fold(String::new(), |text, line| text + line + "\n");
    assert!(!gated(&none).contains("`x` is the newest version"), "{}", gated(&none));
}

/// A manifest whose steps before the kind's may use the instance var `y`, which holds the name of the code.
fn with_variable(steps: &str) -> String {
    format!("project: shop\ninstance_vars: {{y: shop}}\nnames: {{code: shop}}\n{SCRIPT}before:\n{steps}")
}

#[test]
fn step_makes_an_artifact_whose_name_is_a_variable() {
    assert_snapshot!(
        report(&with_variable("- {task: t, file: shop/t.yml, output_mapping: {x: ((y))}}\n")),
        @"
    error[step-past-gate]: the step makes the artifact `((y))`, which can be any artifact of the job
     --> projects/shop.yml:6:3
      |
    6 | - {task: t, file: shop/t.yml, output_mapping: {x: ((y))}}
      |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: a variable could put it in the place of an approved artifact
      = note: in the deploy of `shop` CI
      = help: write the name of the artifact without a variable

    error: 1 error in 1 file; nothing was written
    "
    );
    let config =
        "platform: linux, image_resource: {type: registry-image, source: {repository: alpine}}, run: {path: ls}";
    for steps in [
        format!("- {{task: t, config: {{{config}, outputs: [{{name: ((y))}}]}}}}\n"),
        format!("- {{task: t, config: {{{config}, outputs: [{{name: x}}]}}, output_mapping: {{x: s((y))}}}}\n"),
        "- load_var: yy\n  file: shop/yy\n- {task: t, file: shop/t.yml, output_mapping: {x: ((.:yy))}}\n".to_owned(),
        "- {across: [{var: v, values: [a]}], task: t, file: shop/t.yml, output_mapping: {x: ((.:v))}}\n".to_owned(),
        "- {try: {task: t, file: shop/t.yml, output_mapping: {x: ((y))}}}\n".to_owned(),
    ] {
        let found = report(&with_variable(&steps));
        assert!(found.contains("which can be any artifact of the job"), "{steps}\n{found}");
    }
    // In the first environment nothing is approved, and its record names what it deployed.
    let kind = "version: 1\nabout: x\ntarget: \"{{ stack }}\"\nsteps:\n\
                - {task: t, file: shop/t.yml, output_mapping: {x: ((y))}}\n";
    let work = fleet()
        .file("kinds/stacks/sly.yml", kind)
        .file("projects/shop.yml", "project: shop\nnames: {code: shop}\nstack: {sly: {}}\n");
    assert!(refused(&work).contains("which can be any artifact of the job"));
}

#[test]
fn step_uses_an_artifact_whose_name_is_a_variable() {
    let work = |step: &str| {
        fleet().file(
            "projects/shop.yml",
            &format!(
                "project: shop\ninstance_vars: {{y: tools}}\n{SCRIPT}before:\n- {{get: tools, unpinned: a helper}}\n{step}\
                 extra:\n  resources:\n  \
                 - {{name: tools, type: git, source: {{uri: https://github.com/example/tools, branch: main}}}}\n"
            ),
        )
    };
    assert_snapshot!(warned(&work("- {load_var: v, file: ((y))/x}\n")), @"
    warning[unapproved-artifact]: the step uses `((y))`, which can be `tools`, of which no approval names a version
     --> projects/shop.yml:6:3
      |
    6 | - {load_var: v, file: ((y))/x}
      |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: in the deploy of `shop` QA
      = help: make it one of the `inputs`; or write in the get why the newest version may run here: `unpinned: REASON`

    warning: 1 warning in 1 file
    ");
    // A reason lets the helper run.
    assert_eq!(warned(&work("- {task: t, file: ((y))/t.yml}\n")), "");
    let needs = |step: &str| {
        let (a, b) =
            (format!("a: {{{}}}", SCRIPT.trim()), format!("b: {{needs: [a], {}, before: [{step}]}}", SCRIPT.trim()));
        fleet()
            .file("projects/shop.yml", &format!("instance_vars: {{y: after-deploy-a-qa}}\nprojects:\n  {a}\n  {b}\n"))
    };
    for step in [
        "{task: t, file: ((y))/t.yml}",
        "{task: t, file: shop-b/t.yml, image: ((y))}",
        "{task: t, file: shop-b/t.yml, input_mapping: {x: ((y))}}",
        "{task: t, file: after-deploy-a-qa/t.yml}",
    ] {
        let found = warned(&needs(step));
        assert!(found.contains("of which no approval names a version"), "{step}\n{found}");
    }
}

/// A gated project and another one without gates, which deploys its stack `Production`.
fn beside(stack: &str, other: &str) -> Work {
    fleet()
        .file("projects/a.yml", &format!("project: shop\nenvironments: [CI, Production]\nstack: {{{stack}}}\n"))
        .file(
            "projects/b.yml",
            &format!(
                "project: other\npipeline: other\ninstance_vars: {{v: infra}}\nenvironments: [P]\ngate: none\n\
             names: {{code: c, deploy: dep, deployed_title: t, stack: Production}}\n{other}"
            ),
        )
}

const PULUMI: &str = "pulumi: {path: infra}";

#[test]
fn repository_is_spelt_by_percent_encoding() {
    let other = format!("stack: {{{PULUMI}}}\nsource: {{repository: \"https://github.com/example/%73hop\"}}\n");
    assert!(refused(&beside(PULUMI, &other)).contains("error[shared-target]"));
}

#[test]
fn variable_decides_what_a_stage_deploys() {
    assert_snapshot!(refused(&beside(PULUMI, "stack: {pulumi: {path: ((v))}}\n")), @"
    error[variable-place]: `path` holds a variable, so the path is not known before the pipeline runs
     --> projects/b.yml:7:24
      |
    7 | stack: {pulumi: {path: ((v))}}
      |                        ^^^^^
      |
      = help: write the path without a variable

    error: 1 error in 1 file; nothing was written
    ");
    let helm = "helm: {chart: ch, namespace: \"{{ stack }}\"}";
    assert_snapshot!(refused(&beside(helm, "stack: {helm: {chart: ch, namespace: ((v)), release: shop}}\n")), @"
    error[variable-place]: the variable `((v))` decides what the stage deploys
     --> projects/b.yml:7:38
      |
    7 | stack: {helm: {chart: ch, namespace: ((v)), release: shop}}
      |                                      ^^^^^
      |
      = note: the target is `Helm release ((v))/shop by ((kubeconfig))`
      = note: whether another job deploys the same thing without an approval cannot be checked
      = help: write the value in the place of the variable

    error: 1 error in 1 file; nothing was written
    ");
    let tofu = "opentofu: {path: tf}";
    for (gated, other) in [
        (PULUMI, "stack: {pulumi: {path: \"x/((v))\"}}\n"),
        (helm, "stack: {helm: {chart: ch, namespace: shop, release: ((v))}}\n"),
        (tofu, "stack: {opentofu: {path: ((v))}}\n"),
        (tofu, "stack: {opentofu: {path: tf, workspace: ((v))}}\n"),
        (tofu, "stack: {opentofu: {path: tf, backend_files: [((v))]}}\n"),
        (PULUMI, "stack: {script: {image: alpine, deploy: ./d, target: ((v))}}\n"),
    ] {
        let found = refused(&beside(gated, other));
        assert!(found.contains("error[variable-place]") && found.contains("error: 1 error in"), "{other}\n{found}");
    }
    // A name of the stack holds it, too.
    let stack = beside(PULUMI, "stack: {pulumi: {path: infra}}\n").file(
        "projects/b.yml",
        "project: other\nenvironments: [P]\ngate: none\nnames: {code: c, deploy: dep, deployed_title: t, deployed: u, \
         serial_group: g, preview: p, ready: r, ready_title: q, stack: ((v))}\nstack: {pulumi: {path: infra}}\n",
    );
    let found = refused(&stack);
    assert!(found.contains("error[variable-place]"), "{found}");
    // A credential is no place.
    let helm = |namespace: &str| format!("helm: {{chart: ch, namespace: {namespace}, kubeconfig: ((kube))}}");
    assert_eq!(warned(&beside(&helm("\"{{ stack }}\""), &format!("stack: {{{}}}\n", helm("other")))), "");
}

#[test]
fn variable_decides_which_repository_is_meant() {
    assert_snapshot!(refused(&beside(PULUMI, &format!("stack: {{{PULUMI}}}\nsource: {{repository: ((v))}}\n"))), @"
    error[variable-place]: `((v))` holds a variable, so the repository is not known before the pipeline runs
     --> projects/b.yml:8:22
      |
    8 | source: {repository: ((v))}
      |                      ^^^^^
      |
      = help: write the address without a variable; credentials can be variables

    error: 1 error in 1 file; nothing was written
    ");
    let pulumi = |more: &str| refused(&beside(PULUMI, &format!("stack: {{pulumi: {{path: other}}}}\n{more}")));
    for more in [
        "source: {repository: \"https://github.com/((v))/shop\"}\n",
        "source: {repository: \"https://((v))/example/shop\"}\n",
        "source: {repository: ((d:v))}\n",
        "source: {repository: \"git@((v)):example/shop\"}\n",
        "inputs: {lib: {git: {repository: \"https://github.com/((v))/lib\"}}}\n",
        "issues: {repository: \"((v))/deployments\"}\n",
        "issues: {api: ((v))}\n",
    ] {
        let found = pulumi(more);
        assert!(found.contains("error[variable-place]") && found.contains("error: 1 error in"), "{more}\n{found}");
    }
    for address in ["https://((user)):((vault:a/b@c.pw))@github.com/example/other", "((user))@github.com:example/other"]
    {
        let other = format!("stack: {{{PULUMI}}}\nsource: {{repository: \"{address}\"}}\n");
        assert_eq!(warned(&beside(PULUMI, &other)), "", "{address}");
    }
}

#[test]
fn git_configuration_decides_which_repository_is_meant() {
    let found = |name: &str, more: &str| {
        let config = format!("git_config: [{{name: \"{name}\", value: \"https://mirror.example.com/other\"}}]");
        let own = more.replace("CONFIG", &config);
        let work = beside(PULUMI, &format!("stack: {{pulumi: {{path: other}}}}\n{own}"));
        work.run(&["render"]).stderr
    };
    let source = "source: {extra: {CONFIG}}\n";
    for name in ["url.https://github.com/example/shop.insteadOf", "URL.x.pushInsteadOf", "core.sshCommand", "((name))"]
    {
        let found = found(name, source);
        assert!(found.contains("error[variable-place]: ") && found.contains("projects/b.yml"), "{name}: {found}");
    }
    for more in [
        "inputs: {lib: {resource: {type: git, source: {uri: https://github.com/example/lib, CONFIG}}}}\n",
        "extra: {jobs: [{name: j, plan: [{get: lib, trigger: true}]}], resources: [{name: lib, type: git, source: {uri: https://github.com/example/lib, CONFIG}}]}\n",
    ] {
        let found = found("url.x.insteadOf", more);
        assert!(found.contains("error[variable-place]: "), "{more}: {found}");
    }
    for name in ["core.bigFileThreshold", "http.sslVerify", "http.postBuffer"] {
        let found = found(name, source);
        assert!(!found.contains("variable-place"), "{name}: {found}");
    }
}

#[test]
fn one_repository_is_found_however_its_address_is_spelt() {
    for address in [
        "https://github.com:0443/example/shop",
        "ssh://git@github.com:022/example/shop.git",
        "git@[github.com]:example/shop.git",
        "[git@github.com:22]:example/shop.git",
        "https://github.com/other/../example/shop",
    ] {
        let other = format!("stack: {{{PULUMI}}}\nsource: {{repository: \"{address}\"}}\n");
        let found = beside(PULUMI, &other).run(&["render"]).ended(1).stderr;
        assert!(found.contains("shared-target"), "{address}: {found}");
    }
}

#[test]
fn kind_of_a_fleet_names_a_target_by_a_variable() {
    let kind = "version: 1\nabout: x\noptions:\n  type: object\n  properties:\n    cluster: {type: string}\n    \
                key: {type: string, x-secret: true}\ntarget: \"{{ options.cluster }} by {{ options.key }} and ((own))\"\nsteps:\n\
                - {task: t, file: \"{{ code }}/t.yml\", params: {KEY: \"{{ options.key }}\", CLUSTER: \"{{ options.cluster }}\"}}\n";
    let work = |cluster: &str| {
        fleet().file("kinds/stacks/own.yml", kind).file(
            "projects/shop.yml",
            &format!("project: shop\nstack: {{own: {{key: ((key)), cluster: \"{cluster}\"}}}}\n"),
        )
    };
    assert_snapshot!(warned(&work("((v)){{ stack }}")), @r#"
    warning[unnamed-target]: the variable `((v))` decides what the stage deploys
     --> projects/shop.yml:2:38
      |
    2 | stack: {own: {key: ((key)), cluster: "((v)){{ stack }}"}}
      |                                      ^^^^^^^^^^^^^^^^^^
      |
      = note: the target is `((v))CI by ((key)) and ((own))`
      = note: whether another job deploys the same thing without an approval cannot be checked
      = help: write the value in the place of the variable

    warning: 1 warning in 1 file
    "#);
    assert_eq!(warned(&work("{{ stack }}")), "");
}

#[test]
fn variable_of_the_environment_moves_what_a_kind_deploys() {
    assert_snapshot!(
        report("project: shop\nstack: {opentofu: {path: tf}}\nenv: {TF_WORKSPACE: Production}\n"),
        @"
    error[variable-place]: `TF_WORKSPACE` would change what the stack kind `opentofu` deploys
     --> projects/shop.yml:3:7
      |
    3 | env: {TF_WORKSPACE: Production}
      |       ^^^^^^^^^^^^
      |
      = note: other jobs are compared with what the options of the kind say
      = help: write the workspace in the option `workspace`

    error: 1 error in 1 file; nothing was written
    "
    );
    let helm = "stack: {helm: {chart: ch, namespace: \"{{ stack }}\"}}\n";
    let tofu = "stack: {opentofu: {path: tf}}\n";
    let pulumi = "stack: {pulumi: {path: infra}}\n";
    for (stack, variables) in [
        (helm, ["HELM_NAMESPACE", "HELM_KUBECONTEXT", "HELM_KUBEAPISERVER", "KUBECONFIG"]),
        (tofu, ["TF_WORKSPACE", "TF_DATA_DIR", "TF_CLI_ARGS", "TF_CLI_ARGS_init"]),
        (pulumi, ["PULUMI_STACK", "PULUMI_BACKEND_URL", "PULUMI_STACK", "PULUMI_BACKEND_URL"]),
    ] {
        for variable in variables {
            for env in [
                format!("env: {{{variable}: x}}\n"),
                format!("preview_env: {{{variable}: x}}\n"),
                format!("overrides: {{CI: {{env: {{{variable}: x}}}}}}\n"),
                format!("inputs: {{app: {{image: {{repository: app}}, env: {{{variable}: digest}}}}}}\n"),
            ] {
                let found = report(&format!("project: shop\n{stack}{env}"));
                assert!(found.contains(&format!("`{variable}` would change what the stack kind")), "{env}\n{found}");
                assert!(found.contains("error: 1 error"), "{env}\n{found}");
            }
        }
    }
    let kind = "version: 1\nabout: x\ntarget: \"{{ stack }}\"\nreserved_env: {NOMAD_JOB: write the job in `options`}\nsteps:\n\
                - {task: t, file: \"{{ code }}/t.yml\", params: \"{{ env }}\"}\n";
    let work = |variable: &str| {
        fleet()
            .file("kinds/stacks/own.yml", kind)
            .file("projects/shop.yml", &format!("project: shop\nstack: {{own: {{}}}}\nenv: {{{variable}: x}}\n"))
    };
    assert!(refused(&work("NOMAD_JOB")).contains("= help: write the job in `options`"));
    assert_eq!(warned(&work("NOMAD_TOKEN_NAME")), "");
}

#[test]
fn label_or_title_is_longer_than_github_takes() {
    let pulumi = "project: shop\nstack: {pulumi: {path: infra}}\n";
    let long = "x".repeat(51);
    assert_snapshot!(report(&format!("{pulumi}issues: {{labels: [{long}]}}\n")), @"
    error[wrong-type]: a label has 51 characters, and GitHub takes 50 at most
     --> projects/shop.yml:3:19
      |
    3 | issues: {labels: [xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx]}
      |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: it is `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`
      = help: write a text of 50 characters or fewer; a template counts as what it is filled with

    error: 1 error in 1 file; nothing was written
    ");
    let title = "y".repeat(257);
    for more in [
        format!("names: {{promotion_label: \"{{{{ environment }}}}{}\"}}\n", "x".repeat(49)),
        format!("names: {{final_label: {long}}}\n"),
        format!("names: {{deployed_title: \"{{{{ stack }}}} {}\"}}\n", "y".repeat(255)),
        format!("names: {{deployed_title: \"{title} {{{{ stack }}}}\"}}\n"),
        format!("approval: {{reject_labels: [{long}]}}\n"),
    ] {
        let found = report(&format!("{pulumi}{more}"));
        assert!(found.contains("error[wrong-type]") && found.contains("GitHub takes"), "{more}\n{found}");
    }
    for more in [
        format!("issues: {{labels: [{}]}}\n", "é".repeat(50)),
        format!("names: {{deployed_title: \"{{{{ stack }}}} {}\"}}\n", "y".repeat(245)),
    ] {
        assert_eq!(warned(&fleet().file("projects/shop.yml", &format!("{pulumi}{more}"))), "", "{more}");
    }
}

#[test]
fn gates_own_label_rejects_every_approval() {
    let with = |label: &str| format!("project: shop\n{SCRIPT}approval: {{reject_labels: [\"{label}\"]}}\n");
    assert!(report(&with("gate:0123456789ABCDEF")).contains("every issue of the gate has the label"));
    assert_eq!(warned(&fleet().file("projects/shop.yml", &with("gate:hold"))), "");
}

/// A project whose job of `extra` puts to a resource of the type that Pulumi's kind puts to.
fn put_beside_a_kind(source: &str, params: &str) -> Work {
    fleet().file(
        "projects/shop.yml",
        &format!(
            "project: shop\nnames: {{code: shop}}\nstack: {{{PULUMI}}}\nextra:\n  \
             var_sources: [{{name: d, type: dummy, config: {{vars: {{p: shop/infra}}}}}}]\n  \
             resources: [{{name: own, type: pulumi-provisioner, source: {{{source}}}}}]\n  jobs:\n  \
             - {{name: other, plan: [{{get: shop, trigger: true}}, {{put: own, inputs: all, params: {{{params}}}}}]}}\n"
        ),
    )
}

#[test]
fn job_of_extra_puts_by_the_image_that_a_kind_deploys_with() {
    let same = "action: update, project_name: other, source_dir: shop/infra";
    assert_snapshot!(refused(&put_beside_a_kind(same, "stack_name: Production")), @"
    error[shared-target]: the put to `own` deploys what the deploy of `shop` Production deploys behind a gate
     --> projects/shop.yml:8:5
      |
    8 |   - {name: other, plan: [{get: shop, trigger: true}, {put: own, inputs: all, params: {stack_name: Production}}]}
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: in the job `other` of `shop` CI
      = note: `own` and `pulumi-shop` use the same image, and have the same `source_dir` and `stack_name`
      = help: make it a stage, which has a gate; to deploy something else, write another `source_dir` or `stack_name`

    error: 1 error in 1 file; nothing was written
    ");
    for (source, params) in [
        ("action: update, project_name: shop, source_dir: shop/infra, foo: bar", "stack_name: Production"),
        ("action: update, project_name: shop, source_dir: shop/infra, stack_name: QA", ""),
        ("action: update, project_name: shop", "stack_name: QA, source_dir: shop/./infra/"),
    ] {
        let found = refused(&put_beside_a_kind(source, params));
        assert!(found.contains("error[shared-target]") && found.contains("error: 1 error in"), "{source}\n{found}");
    }
    let other = "action: update, project_name: shop, source_dir: other";
    assert_snapshot!(warned(&put_beside_a_kind(other, "stack_name: Production, source_dir: shop/infra")), @"
    warning[shared-target]: the put to `own` can deploy what the deploy of `shop` Production deploys behind a gate
     --> projects/shop.yml:8:5
      |
    8 |   - {name: other, plan: [{get: shop, trigger: true}, {put: own, inputs: all, params: {stack_name: Production, source_dir: shop/infra}}]}
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: in the job `other` of `shop` CI
      = note: `own` and `pulumi-shop` use the same image, and nothing in `source_dir` and `stack_name` tells apart what they deploy
      = help: make it a stage, which has a gate; to deploy something else, write another `source_dir` or `stack_name`

    warning: 1 warning in 1 file
    ");
    for (source, params) in [
        ("action: update, project_name: shop, source_dir: ((d:p))", "stack_name: Production"),
        ("action: update, project_name: shop, source_dir: shop/infra, foo: bar", "stack_name: ((d:p))"),
        ("action: update, project_name: shop, source_dir: shop/infra, foo: bar", "stack_name: example/infra/QA"),
        ("action: update, project_name: shop, source_dir: copy/infra", "stack_name: QA"),
        ("action: update, project_name: shop", "stack_name: QA"),
        ("action: update, project_name: shop", "\"((d:p))\": QA"),
        ("action: update, foo: bar, source_dir: shop/infra", "stack_name: Scratch, \"((d:p))\": QA"),
    ] {
        let found = warned(&put_beside_a_kind(source, params));
        assert!(
            found.contains("warning[shared-target]") && found.contains("1 warning in"),
            "{source} {params}\n{found}"
        );
    }
    for (source, params) in [
        ("action: update, project_name: shop, source_dir: shop/infra, foo: bar", "stack_name: Scratch"),
        ("action: update, project_name: shop, source_dir: shop/infra, foo: bar", "stack_name: CI"),
        ("action: update, project_name: other, source_dir: shop/other", "stack_name: Production"),
    ] {
        assert_eq!(warned(&put_beside_a_kind(source, params)), "", "{source} {params}");
    }
}

#[test]
fn image_of_a_put_comes_from_a_mirror() {
    let work = |params: &str| {
        fleet().file(
            "projects/shop.yml",
            &format!(
                "project: shop\nnames: {{code: shop}}\nstack: {{{PULUMI}}}\nextra:\n  resource_types:\n  \
                 - {{name: own, type: registry-image, source: {{repository: mirror/concourse-pulumi-resource-provisioner}}}}\n  \
                 resources: [{{name: own, type: own, source: {{action: update, source_dir: shop/infra}}}}]\n  jobs:\n  \
                 - {{name: other, plan: [{{get: shop, trigger: true}}, {{put: own, inputs: all, params: {params}}}]}}\n"
            ),
        )
    };
    assert!(refused(&work("{stack_name: QA}")).contains("error[shared-target]: the put to `own` deploys what"));
    let found = warned(&work("((v))"));
    assert!(found.contains("warning[shared-target]: the put to `own` can deploy what"), "{found}");
}

#[test]
fn step_before_puts_by_the_image_that_a_kind_deploys_with() {
    let work = |stack: &str| {
        fleet().file(
            "projects/shop.yml",
            &format!(
                "project: shop\nstack: {{{PULUMI}}}\nbefore:\n\
                 - {{put: own, inputs: all, params: {{stack_name: {stack}, source_dir: shop-shop/infra}}}}\nextra:\n  \
                 resources: [{{name: own, type: pulumi-provisioner, source: {{action: update, foo: bar}}}}]\n"
            ),
        )
    };
    assert!(refused(&work("Production")).contains("error[shared-target]: the put to `own` deploys what"));
    assert_eq!(warned(&work("Scratch")), "");
}

#[test]
fn kind_without_a_target_puts_by_the_image_of_another_kind() {
    let kind = "version: 1\nabout: x\nresources:\n- {name: own, type: pulumi-provisioner, source: {action: update, foo: bar}}\n\
                steps:\n- put: own\n  inputs: all\n  params: {stack_name: Production, source_dir: code/infra}\n";
    let work = fleet().file("kinds/stacks/sly.yml", kind).file(
        "projects/shop.yml",
        &format!(
            "projects:\n  a: {{stack: {{{PULUMI}}}}}\n  \
             b: {{stack: {{sly: {{}}}}, environments: [default], gate: none}}\n"
        ),
    );
    let found = warned(&work);
    assert!(found.contains("warning[shared-target]: the put to `own` can deploy what"), "{found}");
}

#[test]
fn file_of_a_backend_is_written_once() {
    let found = report("project: shop\nstack: {opentofu: {path: tf, backend_files: [a, a, b]}}\n");
    assert_snapshot!(found, @"
    error[wrong-type]: `backend_files` has the same item twice
     --> projects/shop.yml:2:45
      |
    2 | stack: {opentofu: {path: tf, backend_files: [a, a, b]}}
      |                                             ^^^^^^^^^
      |
      = help: keep one of them

    error: 1 error in 1 file; nothing was written
    ");
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
    // The job before the gate deploys what is behind it, too.
    assert_eq!(found(&by_puts(&format!("  - {put}\n"), "")), ["shared-target"]);
    assert_eq!(found(&by_puts(&format!("  on_success: {put}\n"), "")), ["shared-target"]);
    // Another stack, a preview, a message, and what the approved version passed.
    for step in [
        "{put: pul-ci, no_get: true, inputs: [code], params: {action: update}}",
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

#[test]
fn two_handwritten_pipelines_put_to_one_resource() {
    let other = by_puts("", "");
    let other = other.split("jobs:").next().unwrap().to_owned()
        + "jobs:\n- name: hotfix\n  plan:\n  - {get: code, trigger: true}\n  \
           - {put: also-qa, no_get: true, inputs: [code], params: {action: update}}\n";
    let work = Work::new().file("shop.yml", &by_puts("", "")).file("other.yml", &other);
    let ran = work.run(&["validate", "shop.yml", "other.yml"]);
    assert!(
        ran.stderr.contains("`hotfix` does without an approval what `deploy-shop-qa` does behind a gate"),
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
fn put_that_sets_pipelines() {
    let resources = "extra:\n  resource_types:\n  - {name: pipelines, type: registry-image, source: {repository: concourse/concourse-pipeline-resource, tag: \"9\"}}\n  \
                     resources:\n  - {name: own, type: pipelines, source: {teams: [{name: main}]}}\n  jobs:\n  - name: set\n    plan:\n    - {get: shop-shop, trigger: true}\n    ";
    let report = |params: &str| {
        let put = format!("- {{put: own, no_get: true, params: {params}}}\n");
        let work = fleet().file("projects/shop.yml", &format!("project: shop\n{SCRIPT}{resources}{put}"));
        work.run(&["render", "--quiet"]).stderr
    };
    assert!(
        report("{pipelines_file: shop-shop/pipelines.yml}")
            .contains("error[set-pipeline-past-gate]: the step could set any pipeline, also one with gates")
    );
    assert!(
        report("{pipelines: [{name: shop, config_file: shop-shop/p.yml}]}")
            .contains("error[set-pipeline-past-gate]: the step sets the pipeline `shop`")
    );
    assert!(!report("{pipelines: [{name: other, config_file: shop-shop/p.yml}]}").contains("set-pipeline-past-gate"));
}

#[test]
fn job_of_extra_runs_the_script_of_a_gated_stage() {
    let work = fleet().file("projects/shop.yml", &format!("project: shop\n{SCRIPT}"));
    work.run(&["render", "--quiet"]).fine();
    let rendered = work.read("rendered/shop.yml");
    let job = rendered.split("- name: deploy-shop-production\n").nth(1).unwrap();
    let task = job.split("  - task: deploy\n").nth(1).unwrap();
    let task: String =
        task.lines().take_while(|line| line.starts_with("    ")).map(|line| format!("  {line}\n")).collect();
    let extra = format!(
        "extra:\n  jobs:\n  - name: nightly\n    plan:\n    - {{get: shop-shop, trigger: true}}\n    - task: again\n{task}"
    );
    let found = report(&format!("project: shop\n{SCRIPT}{extra}"));
    assert!(
        found.contains(
            "error[shared-target]: `nightly` does without an approval what `deploy-shop-production` does behind a gate"
        ),
        "{found}"
    );
}

#[test]
fn kind_caches_over_the_approved_code() {
    let kind = |cache: &str| {
        format!(
            "version: 1\nabout: x\ntarget: \"{{{{ project }}}}/{{{{ stack }}}}\"\nsteps:\n- task: deploy\n  config:\n    platform: linux\n    \
             image_resource: {{type: registry-image, source: {{repository: alpine}}}}\n    inputs: \"{{{{ task_inputs }}}}\"\n    \
             caches: [{{path: \"{cache}\"}}]\n    run: {{path: \"{{{{ code }}}}/bin/deploy\"}}\n"
        )
    };
    let work = |cache: &str| {
        fleet()
            .file("kinds/stacks/own.yml", &kind(cache))
            .file("projects/shop.yml", "project: shop\nstack: {own: {}}\n")
    };
    let found = refused(&work("{{ code }}/bin"));
    assert!(found.contains("error[step-past-gate]: a cache of the step lies over `shop-shop`"), "{found}");
    assert_eq!(warned(&work("cache")), "");
}

#[test]
fn one_state_is_reached_by_other_files_and_credentials() {
    let two = |first: &str, second: &str| {
        fleet()
            .file("projects/shop.yml", &format!("project: shop\nenvironments: [QA, Production]\nstack: {first}\n"))
            .file(
                "projects/other.yml",
                &format!("project: other\nenvironments: [Production]\ngate: none\nstack: {second}\n"),
            )
    };
    let tofu = |files: &str| format!("{{opentofu: {{path: net, var_files: [], backend_files: {files}}}}}");
    for (first, second) in [("[a]", "[a, ./a]"), ("[a, b]", "[b, a]"), ("[a]", "[a/]")] {
        let found = refused(&two(&tofu(first), &tofu(second)));
        assert!(found.contains("error[shared-target]"), "{first} {second}\n{found}");
    }
    for (first, second) in [("[]", "[\"\"]"), ("[a]", "[\"a\\na\"]")] {
        let found = refused(&two(&tofu(first), &tofu(second)));
        assert!(found.contains("a path on one line"), "{first} {second}\n{found}");
    }
    // One more file may lead elsewhere, and may not.
    let found = warned(&two(&tofu("[a]"), &tofu("[a, b]")));
    assert!(
        found.contains("warning[shared-target]: the deploy of `other` Production deploys `workspace Production"),
        "{found}"
    );
    assert_eq!(warned(&two(&tofu("[a]"), &tofu("[b]"))), "");
    let helm = |namespace: &str, by: &str| {
        format!(
            "{{helm: {{chart: chart, values: [], namespace: {namespace}, release: shop, kubeconfig: \"(({by}))\"}}}}"
        )
    };
    for by in ["kube.production", "vault:kube.production", "kube.production."] {
        let found = refused(&two(&helm("\"shop-{{ stack }}\"", "kube.production"), &helm("shop-Production", by)));
        assert!(found.contains("error[shared-target]"), "{by}\n{found}");
    }
    assert!(refused(&two(&helm("\"shop-{{ stack }}\"", "kube"), &helm("\"\"", "kube"))).contains("namespace"));
}

#[test]
fn pin_of_a_resource_tells_versions_apart() {
    let with = |input: &str| {
        let manifest =
            format!("project: shop\n{SCRIPT}inputs: {{x: {input}}}\nrules: {{unknown-resource-type: allow}}\n");
        fleet().file("projects/shop.yml", &manifest).run(&["render", "--quiet"]).stderr
    };
    for (input, file) in [
        (
            "{resource: {type: git, source: {uri: https://github.com/example/a, branch: main}}, pin: .git/config}",
            ".git/config",
        ),
        (
            "{resource: {type: git, source: {uri: https://github.com/example/a, tag_filter: v*}}, pin: .git/ref}",
            ".git/ref",
        ),
        ("{resource: {type: registry-image, source: {repository: a/b}}, pin: repository}", "repository"),
        ("{resource: {type: s3, source: {bucket: b, regexp: a-(.*)}}, pin: bucket}", "bucket"),
        ("{resource: {type: github-release, source: {owner: a, repository: b}}, pin: body}", "body"),
        ("{github_release: {repository: a/b}, pin: body}", "body"),
        ("{s3: {bucket: b, regexp: a-(.*)}, pin: bucket}", "bucket"),
    ] {
        let found = with(input);
        assert!(found.contains(&format!("`{file}` of `x` names no version")), "{input}\n{found}");
    }
    for input in [
        "{resource: {type: git, source: {uri: https://github.com/example/a, branch: main}}, pin: .git/ref}",
        "{resource: {type: registry-image, source: {repository: a/b}}, pin: digest}",
        "{resource: {type: artifactory}, pin: anything}",
        "{github_release: {repository: a/b}, pin: commit_sha}",
    ] {
        assert_eq!(with(input), "", "{input}");
    }
    // Concourse's own type by its image, under another name.
    let fleet_types = "resource_types:\n  code:\n    type: registry-image\n    source: {repository: docker.io/concourse/git-resource, tag: \"1\"}\n";
    let manifest = format!(
        "project: shop\n{SCRIPT}inputs: {{x: {{resource: {{type: code, source: {{uri: https://github.com/example/a}}}}, pin: .git/config}}}}\n"
    );
    let work = Work::new().file("pipegen.yml", &format!("{FLEET}{fleet_types}")).file("projects/shop.yml", &manifest);
    let found = work.run(&["render", "--quiet"]).stderr;
    assert!(found.contains("`.git/config` of `x` names no version"), "{found}");
}

#[test]
fn name_without_a_hash_is_approved_with_a_warning() {
    for input in ["{github_release: {repository: a/b}, content: []}", "{s3: {bucket: b, regexp: a-(.*)}, content: []}"]
    {
        let work = fleet().file("projects/shop.yml", &format!("project: shop\n{SCRIPT}inputs: {{x: {input}}}\n"));
        let found = warned(&work);
        assert!(found.contains("warning[unpinned-input]: `x` can be replaced under its name"), "{found}");
        assert!(found.contains("1 warning in 1 file"), "{found}");
    }
}

#[test]
fn stage_deploys_what_has_the_name_of_another_environment() {
    let work =
        |stack: &str, more: &str| fleet().file("projects/shop.yml", &format!("project: shop\nstack: {stack}\n{more}"));
    let names = |environment: &str, stack: &str| {
        format!(
            "  {environment}: {{names: {{stack: {stack}, deploy: deploy-{0}, deployed: issue-{0}, deployed_title: \"{0} deployed.\"}}}}\n",
            environment.to_lowercase()
        )
    };
    let more = format!("overrides:\n{}{}", names("QA", "Production"), names("Production", "QA"));
    let found = warned(&work("{pulumi: {path: infra}}", &more));
    for message in [
        "the deploy of `shop` QA deploys `Pulumi stack Production of github.com/example/shop/infra`, which has the name of the environment Production",
        "the deploy of `shop` Production deploys `Pulumi stack QA of github.com/example/shop/infra`, which has the name of the environment QA",
    ] {
        assert!(found.contains(&format!("warning[shared-target]: {message}")), "{found}");
    }
    let swapped = work("{pulumi: {path: infra}}", &more);
    warned(&swapped);
    assert!(swapped.read("rendered/shop.yml").contains("stack_name: Production"));
    assert_eq!(warned(&work("{pulumi: {path: infra}}", "")), "");
    assert_eq!(warned(&work("{pulumi: {path: production/infra}}", "")), "");
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
fn second_project_runs_the_script_of_a_gated_stage() {
    let two = |script: &str| {
        fleet()
            .file("projects/shop.yml", &format!("project: shop\n{SCRIPT}"))
            .file("projects/other.yml", &format!("project: other\nenvironments: [Production]\ngate: none\n{script}"))
    };
    let found = warned(&two(SCRIPT));
    assert!(
        found.contains("warning[shared-target]: the deploy of `other` Production runs the same as the deploy of `shop` Production, which is behind a gate"),
        "{found}"
    );
    assert_eq!(warned(&two(&SCRIPT.replace("deploy: ", "deploy: cd other && "))), "");
    let named = SCRIPT.replace("deploy:", "target: \"other on {{ stack }}\", deploy:");
    assert_eq!(warned(&two(&named)), "");
}

#[test]
fn verify_sees_what_is_done_without_an_approval() {
    let job = "- name: nightly\n  plan:\n  - {get: code, trigger: true}\n  - {put: also-qa, no_get: true, inputs: [code]}\n  \
               - {put: pul-ci, no_get: true, inputs: [code]}\n";
    let work = Work::new().file("shop.yml", &by_puts("", job));
    let told = work.run(&["verify", "shop.yml"]).stderr;
    assert!(told.contains("warning[shared-target]: `nightly` does without an approval"), "{told}");
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
