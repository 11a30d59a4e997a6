//! No job goes past a gate: each way that was tried, and what the report says of it.

mod handwritten;
mod target;

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
fn variable_that_a_task_made_of_nothing_approved_is_warned_of() {
    let fetch = |inputs: &str| {
        format!(
            "- task: fetch\n  config: {{platform: linux, image_resource: {{type: mock}}{inputs}, outputs: [{{name: v}}], run: {{path: fetch}}}}\n\
             - {{load_var: v, file: v/v}}\n"
        )
    };
    let with = |inputs: &str, by: &str| {
        let manifest = format!("project: shop\n{}before:\n{}", SCRIPT.replace("./deploy.sh", by), fetch(inputs));
        fleet().file("projects/shop.yml", &manifest)
    };
    assert_snapshot!(warned(&with("", "./deploy.sh ((.:v))")), @r#"
    warning[unapproved-artifact]: the variable `v` decides what is deployed, and no approval decides on it
      --> projects/shop.yml:4:3
       |
     4 | - task: fetch
       |   ^^^^^^^^^^^ this task made it, and has no approved input
       |
      ::: built in: stacks/script.yml:52:3
       |
    52 | - task: "{{ phase }}"
       |   ------------------- this step uses it
       |
       = note: in the deploy of `shop` QA
       = help: use an approved artifact, or what a task makes of one

    warning: 1 warning in 1 file
    "#);
    for (inputs, by) in [
        ("", "./deploy.sh"),
        ("", "./deploy.sh ((.:version))"),
        (", inputs: [{name: shop-shop}]", "./deploy.sh ((.:v))"),
    ] {
        with(inputs, by).run(&["render", "--quiet"]).fine();
    }
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
    for name in [
        "url.https://github.com/example/shop.insteadOf",
        "URL.x.pushInsteadOf",
        "core.sshCommand",
        "core.askPass",
        "credential.helper",
        "protocol.ext.allow",
        "((name))",
    ] {
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
        (
            tofu,
            [
                "TF_CLI_ARGS_workspace_new",
                "TF_CLI_ARGS_workspace_select",
                "TF_CLI_ARGS_workspace_show",
                "TF_CLI_ARGS_show",
            ],
        ),
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
    for input in [
        "{github_release: {repository: a/b}, content: []}",
        "{github_release: {repository: a/b}, content: [tag, version]}",
        "{s3: {bucket: b, regexp: a-(.*)}, content: []}",
        "{s3: {bucket: b, regexp: a-(.*)}, content: [version]}",
        "{s3: {bucket: b, regexp: a-(.*)}, params: {skip_download: true}}",
        "{resource: {type: s3, source: {bucket: b, regexp: a-(.*)}}, pin: version, content: []}",
        "{resource: {type: github-release, source: {owner: a, repository: b}}, pin: tag, content: [tag]}",
    ] {
        let work = fleet().file("projects/shop.yml", &format!("project: shop\n{SCRIPT}inputs: {{x: {input}}}\n"));
        let found = warned(&work);
        assert!(found.contains("warning[unpinned-input]: `x` can be replaced under its name"), "{found}");
        assert!(found.contains("1 warning in 1 file"), "{found}");
    }
}
