//! Gates, and ways past them.

use insta::assert_snapshot;

use crate::support::{Work, manifest};

use super::{FLEET, of, report, warning};

#[test]
fn gate_of_a_single_stage() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
environments: [default]
"
    ), @"
    error[gate-missing]: `shop-cart` has a single stage, `default`, and no `gate`
     --> projects/a.yml:4:1
      |
    4 | environments: [default]
      | ^^^^^^^^^^^^
      |
      = help: write `gate: preview` to see first what a deployment would change, `gate: manual` to start it by hand, or `gate: none` to deploy every commit

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn gate_that_cannot_cross() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
environments: [QA, Production]
overrides: {Production: {concourse: edge, gate: none}}
"
    ), @"
    error[gate-cannot-cross]: `none` cannot bring a version to `Production` from another Concourse
     --> projects/a.yml:5:49
      |
    5 | overrides: {Production: {concourse: edge, gate: none}}
      |                                                 ^^^^
      |
      = help: write `gate: issue` or `gate: preview`: only an issue can

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn issue_gate_of_a_first_stage() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
overrides: {CI: {gate: issue}}
"
    ), @"
    error[issue-gate-first]: nothing comes before `CI` that could open its issue
     --> projects/a.yml:4:24
      |
    4 | overrides: {CI: {gate: issue}}
      |                        ^^^^^ `CI` is the first of its chain
      |
      = help: remove it: `issue` is the default of all others

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn record_that_mitodls_image_cannot_close() {
    assert_snapshot!(report(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
issues: {resource: mitodl}
record: closed
"
    ), @"
    warning[loose-approval]: an approval deploys whatever is newest to `shop-cart` QA
     --> projects/a.yml:4:20
      |
    4 | issues: {resource: mitodl}
      |                    ^^^^^^
      |
      = note: MIT Open Learning's image records no versions, and lets anybody who can close an issue approve
      = help: write `resource: github-issues`, which deploys what the issue names
    error[no-effect]: MIT Open Learning's image cannot close a record
     --> projects/a.yml:5:9
      |
    5 | record: closed
      |         ^^^^^^
      |
      = help: write `record: open` or `none`, or use `resource: github-issues`

    error: 1 error and 1 warning in 1 file; nothing was compared
    ");
}

#[test]
fn approval_of_whatever_is_newest() {
    assert_snapshot!(warning(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
approval: {approve: latest}
"
    ), @"
    warning[loose-approval]: an approval deploys whatever is newest to `shop-cart` QA
     --> projects/a.yml:4:21
      |
    4 | approval: {approve: latest}
      |                     ^^^^^^
      |
      = help: write `approve: exact`, which deploys what the issue names

    warning: 1 warning in 1 file
    ");
}

#[test]
fn version_that_no_issue_can_name() {
    assert_snapshot!(warning(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
inputs: {img: {image: {repository: a}, only: [QA, Production]}}
"
    ), @"
    warning[unapproved-input]: no issue can name the version of `img` that `shop-cart` QA deploys
     --> projects/a.yml:4:10
      |
    4 | inputs: {img: {image: {repository: a}, only: [QA, Production]}}
      |          ^^^
      |
      = note: no stage before it takes the input
      = help: write `gate: preview`, which names every version

    warning: 1 warning in 1 file
    ");
}

#[test]
fn titles_that_are_taken_for_one_another() {
    let manifest = |project: &str| {
        format!(
            "project: shop-{project}\nstack:\n  pulumi: {{path: infra/{project}}}\nissues: {{resource: mitodl}}\n\
             names: {{deployed_title: \"[bot] Cart deployed to {{{{ environment }}}} for {project}\"}}\n"
        )
    };
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("projects/c.yml", &manifest("shop"))
        .file("projects/d.yml", &manifest("shop-eu"));
    assert_snapshot!(of(&work, 1), @r#"
    warning[loose-approval]: an approval deploys whatever is newest to `shop-shop` QA
     --> projects/c.yml:4:20
      |
    4 | issues: {resource: mitodl}
      |                    ^^^^^^
      |
      = note: MIT Open Learning's image records no versions, and lets anybody who can close an issue approve
      = help: write `resource: github-issues`, which deploys what the issue names
    error[title-collision]: closing the issue of the second would open the gate of the first as well
     --> projects/c.yml:5:25
      |
    5 | names: {deployed_title: "[bot] Cart deployed to {{ environment }} for shop"}
      |                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ "[bot] Cart deployed to CI for shop" is the beginning of
      |
     ::: projects/d.yml:5:25
      |
    5 | names: {deployed_title: "[bot] Cart deployed to {{ environment }} for shop-eu"}
      |                         ------------------------------------------------------ "[bot] Cart deployed to CI for shop-eu"
      |
      = note: with `resource: mitodl` an issue is found by the beginning of its title
      = help: end `names.deployed_title` with a full stop
    warning[loose-approval]: an approval deploys whatever is newest to `shop-shop-eu` QA
     --> projects/d.yml:4:20
      |
    4 | issues: {resource: mitodl}
      |                    ^^^^^^
      |
      = note: MIT Open Learning's image records no versions, and lets anybody who can close an issue approve
      = help: write `resource: github-issues`, which deploys what the issue names

    error: 1 error and 2 warnings in 2 files; nothing was compared
    "#);
}

#[test]
fn titles_that_are_equal() {
    let manifest = |project: &str| {
        format!(
            "project: {project}\nenvironments: [QA, Production]\nstack:\n  pulumi: {{path: infra/{project}}}\n\
             names: {{deployed_title: \"{{{{ environment }}}} deployed\"}}\n"
        )
    };
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("projects/c.yml", &manifest("shop"))
        .file("projects/d.yml", &manifest("shop-eu"));
    assert_snapshot!(of(&work, 1), @r#"
    error[title-collision]: two issues have the title "Production deployed"
     --> projects/c.yml:5:25
      |
    5 | names: {deployed_title: "{{ environment }} deployed"}
      |                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
     ::: projects/d.yml:5:25
      |
    5 | names: {deployed_title: "{{ environment }} deployed"}
      |                         ---------------------------- the other
      |
      = help: put what differs into the title
    error[title-collision]: two issues have the title "QA deployed"
     --> projects/c.yml:5:25
      |
    5 | names: {deployed_title: "{{ environment }} deployed"}
      |                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
     ::: projects/d.yml:5:25
      |
    5 | names: {deployed_title: "{{ environment }} deployed"}
      |                         ---------------------------- the other
      |
      = help: put what differs into the title

    error: 2 errors in 1 file; nothing was compared
    "#);
}

#[test]
fn titles_that_say_nothing() {
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\nnames: {deployed_title: \"\"}\n"
    ), @r#"
    error[title-collision]: the title of an issue begins with no text
     --> projects/a.yml:4:25
      |
    4 | names: {deployed_title: ""}
      |                         ^^
      |
      = note: for `shop` CI
      = help: name the project and the stage in it

    error: 1 error in 1 file; nothing was compared
    "#);
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\nissues: {resource: mitodl}\n\
         names: {deployed_title: ((.:version)) deployed.}\n"
    ), @"
    error[title-collision]: the title of an issue begins with no text
     --> projects/a.yml:5:25
      |
    5 | names: {deployed_title: ((.:version)) deployed.}
      |                         ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: for `shop` CI
      = help: name the project and the stage in it

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn credentials_in_what_is_posted() {
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\n\
         names: {deployed_title: \"shop ((db.password)) on {{ environment }}\"}\n"
    ), @r#"
    error[posted-credential]: a title contains `((db.password))`, whose value would be posted on GitHub
     --> projects/a.yml:4:25
      |
    4 | names: {deployed_title: "shop ((db.password)) on {{ environment }}"}
      |                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: remove `((db.password))`; for a value that the build loads, write a local variable such as ((.:version)); for a value of the manifest, write a template such as {{ version }}

    error: 1 error in 1 file; nothing was compared
    "#);
    for (text, place) in [
        ("names: {ready_title: x ((a.b))}", "a title contains `((a.b))`"),
        ("names: {promotion_label: to-((a.b))}", "a label contains `((a.b))`"),
        ("issues: {labels: [fine, ((a.b))]}", "a label contains `((a.b))`"),
        ("issues: {assignees: [((a.b))]}", "an assignee contains `((a.b))`"),
        ("issues: {body_files: [code/((a.b)).md]}", "a file of the body contains `((a.b))`"),
        ("names: {ready_title: \"x ((.:version)) ((vault:a.b))\"}", "a title contains `((vault:a.b))`"),
    ] {
        let reported = report(&format!("project: shop\nstack:\n  pulumi: {{path: infra}}\n{text}\n"));
        assert!(reported.contains("error[posted-credential]") && reported.contains(place), "{text}: {reported}");
        assert_eq!(reported.matches("error[").count(), 1, "{text}: {reported}");
    }
    warning(
        "project: shop\nstack:\n  pulumi: {path: infra}\nnames: {deployed_title: \"{{ environment }} ((.:version)) deployed.\"}\n",
    );
}

/// A variable that a build loads is filled in a put, and by nothing in a check.
#[test]
fn title_with_a_local_variable_stays_out_of_the_sources_of_mitodls_image() {
    let work = Work::new().file("pipegen.yml", FLEET).file(
        "projects/a.yml",
        "project: shop\nstack:\n  pulumi: {path: infra}\nissues: {resource: mitodl}\n\
         names: {deployed_title: \"{{ environment }} ((.:version)) deployed.\"}\n",
    );
    assert_eq!(work.run(&["render"]).code, 0);
    let rendered = work.read("rendered/a.yml");
    let (resources, jobs) = rendered.split_once("\njobs:").unwrap();
    assert!(jobs.contains("title_template: CI ((.:version)) deployed."), "{jobs}");
    assert!(!resources.contains("((.:"), "{resources}");
    assert!(resources.contains("issue_prefix: \"CI \""), "{resources}");
}

#[test]
fn projects_with_one_gate() {
    let manifest = |path: &str| format!("project: shop\nstack:\n  pulumi: {{path: infra/{path}}}\n");
    let work = Work::new()
        .file("pipegen.yml", FLEET)
        .file("projects/a.yml", &manifest("a"))
        .file("projects/b.yml", &manifest("b"));
    assert_snapshot!(of(&work, 1), @"
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

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn steps_that_go_past_the_gate() {
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\nbefore:\n- get: news\n  resource: shop-a\n  trigger: true\n\
         - get: fresh\n  resource: shop-a\n- get: shop-a\n- task: forge\n  config:\n    platform: linux\n    \
         outputs: [{name: gate}]\n    run: {path: sh}\n- try:\n    task: patch\n    file: shop-a/patch.yml\n    \
         output_mapping: {patched: shop-a}\n"
    ), @"
    error[step-past-gate]: the get of `news` starts the job past its gate
     --> projects/a.yml:5:3
      |
    5 | - get: news
      |   ^^^^^^^^^
      |
      = note: in the deploy of `shop` QA
      = help: remove `trigger`; what may start a deployment belongs in its `inputs`
    error[step-past-gate]: `fresh` is the newest version of `shop-a`, whatever was approved
     --> projects/a.yml:8:3
      |
    8 | - get: fresh
      |   ^^^^^^^^^^
      |
      = note: in the deploy of `shop` CI
      = help: use the artifact `shop-a`, which the job has
    error[name-collision]: the job already has an artifact `shop-a`
      --> projects/a.yml:10:3
       |
    10 | - get: shop-a
       |   ^^^^^^^^^^^
       |
       = note: in the deploy of `shop` CI
       = help: give the get another name
    error[step-past-gate]: the step replaces the artifact `shop-a`, whose version an issue names
      --> projects/a.yml:16:3
       |
    16 | - try:
       |   ^^^^
       |
       = note: in the deploy of `shop` CI
       = help: give the artifact another name

    error: 4 errors in 1 file; nothing was compared
    ");
}

#[test]
fn policy_that_mitodls_image_does_not_know() {
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\nissues: {resource: mitodl}\n\
         approval: {closers: {teams: [example/sre]}, soak: 24h, expires: 7d, reject_labels: [\"no\"], approve: exact}\n"
    ), @r#"
    warning[loose-approval]: an approval deploys whatever is newest to `shop` QA
     --> projects/a.yml:4:20
      |
    4 | issues: {resource: mitodl}
      |                    ^^^^^^
      |
      = note: MIT Open Learning's image records no versions, and lets anybody who can close an issue approve
      = help: write `resource: github-issues`, which deploys what the issue names
    error[no-effect]: `approval.closers` would be lost: MIT Open Learning's image does not know it
     --> projects/a.yml:5:12
      |
    5 | approval: {closers: {teams: [example/sre]}, soak: 24h, expires: 7d, reject_labels: ["no"], approve: exact}
      |            ^^^^^^^
      |
      = help: write `issues: {resource: github-issues}`, or remove this field
    error[no-effect]: `approval.soak` would be lost: MIT Open Learning's image does not know it
     --> projects/a.yml:5:45
      |
    5 | approval: {closers: {teams: [example/sre]}, soak: 24h, expires: 7d, reject_labels: ["no"], approve: exact}
      |                                             ^^^^
      |
      = help: write `issues: {resource: github-issues}`, or remove this field
    error[no-effect]: `approval.expires` would be lost: MIT Open Learning's image does not know it
     --> projects/a.yml:5:56
      |
    5 | approval: {closers: {teams: [example/sre]}, soak: 24h, expires: 7d, reject_labels: ["no"], approve: exact}
      |                                                        ^^^^^^^
      |
      = help: write `issues: {resource: github-issues}`, or remove this field
    error[no-effect]: `approval.reject_labels` would be lost: MIT Open Learning's image does not know it
     --> projects/a.yml:5:69
      |
    5 | approval: {closers: {teams: [example/sre]}, soak: 24h, expires: 7d, reject_labels: ["no"], approve: exact}
      |                                                                     ^^^^^^^^^^^^^
      |
      = help: write `issues: {resource: github-issues}`, or remove this field
    error[no-effect]: `approval.approve` would be lost: MIT Open Learning's image does not know it
     --> projects/a.yml:5:92
      |
    5 | approval: {closers: {teams: [example/sre]}, soak: 24h, expires: 7d, reject_labels: ["no"], approve: exact}
      |                                                                                            ^^^^^^^
      |
      = help: write `issues: {resource: github-issues}`, or remove this field

    error: 5 errors and 1 warning in 1 file; nothing was compared
    "#);
}

#[test]
fn policy_that_nobody_can_keep() {
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\napproval: {not_author: true, approvals: 2}\n"
    ), @"
    error[not-yet]: `not_author` is not supported yet
     --> projects/a.yml:4:12
      |
    4 | approval: {not_author: true, approvals: 2}
      |            ^^^^^^^^^^ part of the language, but not of this version of ol-pipegen
      |
      = help: name who can approve in `closers`: a commit names its author by an address that anybody can write
    error[not-yet]: `approvals` is not supported yet
     --> projects/a.yml:4:30
      |
    4 | approval: {not_author: true, approvals: 2}
      |                              ^^^^^^^^^ part of the language, but not of this version of ol-pipegen
      |
      = help: remove it: GitHub records one person for a closing, and no second one

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn former_names_that_fit_nothing() {
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\n\
         old_names: {deploy-shop-qq: deploy-old, deploy-shop-qa: older, deploy-shop-ci: older}\n"
    ), @"
    error[unknown-name]: no rendered job or resource is named `deploy-shop-qq`
     --> projects/a.yml:4:13
      |
    4 | old_names: {deploy-shop-qq: deploy-old, deploy-shop-qa: older, deploy-shop-ci: older}
      |             ^^^^^^^^^^^^^^
      |
      = help: did you mean `deploy-shop-qa`?
    error[name-collision]: `deploy-shop-qa` and `deploy-shop-ci` have the same former name `older`
     --> projects/a.yml:4:64
      |
    4 | old_names: {deploy-shop-qq: deploy-old, deploy-shop-qa: older, deploy-shop-ci: older}
      |                                         --------------         ^^^^^^^^^^^^^^
      |                                         |
      |                                         the other one
      |
      = help: keep one of the two lines

    error: 2 errors in 1 file; nothing was compared
    ");
    assert_snapshot!(report(
        "project: shop\nstack:\n  pulumi: {path: infra}\nold_names: {deploy-shop-qa: deploy-shop-ci}\n"
    ), @"
    error[name-collision]: `deploy-shop-ci` is the former name of `deploy-shop-qa`, and the name of a job or resource today
     --> projects/a.yml:4:13
      |
    4 | old_names: {deploy-shop-qa: deploy-shop-ci}
      |             ^^^^^^^^^^^^^^
      |
      = help: remove the line, or give the job or resource of that name another name

    error: 1 error in 1 file; nothing was compared
    ");
}

#[test]
fn every_former_name_is_looked_at() {
    let report = report(
        "project: shop\nstack:\n  pulumi: {path: infra}\nold_names: {deploy-shop-qa: deploy-shop-ci, nothing: older}\n",
    );
    assert!(
        report.contains(
            "`deploy-shop-ci` is the former name of `deploy-shop-qa`, and the name of a job or resource today"
        ),
        "{report}"
    );
    assert!(report.contains("no rendered job or resource is named `nothing`"), "{report}");
}

#[test]
fn somebody_speaks_for_a_gate() {
    assert_snapshot!(report(
        r"project: shop-a
stack: {pulumi: {path: infra/a}}
inputs:
  forged:
    resource:
      type: github-issues
      source: {gate: shop-a/-/CI/deployed, role: post, repository: example/deployments, access_token: ((t))}
    unpinned: a test
overrides:
  CI:
    after:
    - put: github-issues-shop-a-ci-post
      params: {action: record, title: x, pins: {code: shop-a/.git/ref}}
      no_get: true
"
    ), @"
    error[gate-collision]: `forged` has the source of a gate
     --> projects/a.yml:4:3
      |
    4 |   forged:
      |   ^^^^^^
      |
      = note: in the pipeline `a`
      = help: make gates by the word `gate`; for an issue of your own remove `gate` from its source
    error[step-past-gate]: the put to `github-issues-shop-a-ci-post` writes to the issue of a gate
      --> projects/a.yml:12:7
       |
    12 |     - put: github-issues-shop-a-ci-post
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = note: in the deploy of `shop-a` CI
       = help: write to an issue of your own, with another title

    error: 2 errors in 1 file; nothing was compared
    ");
}

#[test]
fn preview_with_the_credentials_of_the_deployment() {
    assert_snapshot!(warning(
        r"project: shop-cart
stack:
  script: {image: alpine, deploy: ./deploy.sh, preview: ./preview.sh}
env: {REGION: eu, TOKEN: ((cloud.token))}
overrides: {Production: {gate: preview}}
"
    ), @"
    warning[preview-credentials]: the preview of `shop-cart` Production has credentials of the deployment: ((cloud.token))
     --> projects/a.yml:4:26
      |
    4 | env: {REGION: eu, TOKEN: ((cloud.token))}
      |                          ^^^^^^^^^^^^^^^
      |
      = note: a preview runs code that nobody approved
      = help: give the preview credentials that can only read, in `preview_env`

    warning: 1 warning in 1 file
    ");
}

#[test]
fn version_that_leaves_a_stage_without_a_record_unchanged() {
    assert_snapshot!(warning(
        r"project: shop-cart
stack:
  pulumi: {path: infra/cart}
record: none
overrides: {QA: {gate: preview}, Production: {gate: preview}}
"
    ), @"
    warning[unrecorded-version]: a version that leaves `QA` unchanged ends there
     --> projects/a.yml:4:9
      |
    4 | record: none
      |         ^^^^
      |
      = note: the preview of `Production` starts from records of `QA`, and `QA` has none
      = help: use `record: closed`; or set `approval: {unchanged: stop}` for `QA` to end such versions there

    warning: 1 warning in 1 file
    ");
}

#[test]
fn approval_that_is_void_before_it_counts() {
    assert_snapshot!(report(&(manifest("shop") + "approval: {delay: 1h, expires: 60m}\n")), @"
    error[wrong-type]: an approval waits 1h (`delay`), and is void after 60m (`expires`), so nothing can be approved
     --> projects/a.yml:4:19
      |
    4 | approval: {delay: 1h, expires: 60m}
      |                   ^^           --- `expires` is 60m
      |
      = help: make `expires` longer than `delay`, or remove one of them

    error: 1 error in 1 file; nothing was compared
    ");
    // The fleet's defaults and an override count together.
    let fleet = FLEET.replace("defaults:", "defaults:\n  approval: {expires: 4h}");
    let work = Work::new()
        .file("pipegen.yml", &fleet)
        .file("projects/a.yml", &(manifest("shop") + "overrides: {Production: {approval: {delay: 1d}}}\n"));
    assert_snapshot!(work.run(&["render", "--quiet"]).ended(1).stderr, @"
    error[wrong-type]: an approval waits 1d (`delay`), and is void after 4h (`expires`), so nothing can be approved
     --> projects/a.yml:4:44
      |
    4 | overrides: {Production: {approval: {delay: 1d}}}
      |                                            ^^
      |
     ::: pipegen.yml:4:23
      |
    4 |   approval: {expires: 4h}
      |                       -- `expires` is 4h
      |
      = help: make `expires` longer than `delay`, or remove one of them

    error: 1 error in 1 file; nothing was written
    ");
    let fleet = FLEET.replace("defaults:", "defaults:\n  approval: {delay: 4h}");
    let work = Work::new()
        .file("pipegen.yml", &fleet)
        .file("projects/a.yml", &(manifest("shop") + "overrides: {Production: {approval: {expires: 1h}}}\n"));
    let stderr = work.run(&["render", "--quiet"]).ended(1).stderr;
    assert!(stderr.contains("an approval waits 4h (`delay`), and is void after 1h (`expires`)"), "{stderr}");
    assert!(stderr.contains("projects/a.yml:4:46") && stderr.contains("1 error in "), "{stderr}");
    let fine = Work::new()
        .file("pipegen.yml", FLEET)
        .file("projects/a.yml", &(manifest("shop") + "approval: {delay: 1h, expires: 61m}\n"));
    fine.run(&["render", "--quiet"]).ended(0);
}

#[test]
fn spans_that_leave_no_time() {
    for (field, message) in [
        ("approval: {expires: 0s}", "`expires` is 0s, so an approval is void at once"),
        ("approval: {delay: 0d, expires: 1h}", "`delay` is 0d, so an approval counts at once"),
        ("approval: {delay: 10000d, expires: 1h}", "`delay` is 10000d, which is longer than a year"),
        ("timeout: 0m", "`timeout` is 0m, so every step fails at once"),
        ("issues: {timeout: 0s}", "`timeout` is 0s, so every request to GitHub fails at once"),
        ("approval: {soak: -1h}", "`-1h` is not a duration"),
        ("approval: {soak: 99999999d}", "`99999999d` is not a duration"),
    ] {
        let report = report(&(manifest("shop") + field + "\n"));
        assert!(report.contains(message) && report.contains("1 error in 1 file"), "{field}: {report}");
    }
}
