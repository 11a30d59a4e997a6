//! Shapes of public pipelines that were judged wrongly: what is right about each.

use insta::assert_snapshot;

use crate::incidents::{finds, finds_no, found};
use crate::support::Work;

const CODE: &str = "resources:\n- {name: code, type: git, source: {uri: https://example.com/code, branch: main}}\n";

/// Jobs that take `code`, in flow style, one a line.
fn jobs(lines: &[&str]) -> String {
    lines.iter().fold(format!("{CODE}jobs:\n"), |text, line| text + &format!("- {{{line}}}\n"))
}

#[test]
fn tick_of_a_clock_skips_no_environment() {
    for kind in ["time", "cron"] {
        let text = format!(
            "resource_types:\n- {{name: cron, type: registry-image, source: {{repository: example/cron-resource, tag: v1}}}}\n\
             resources:\n- {{name: hourly, type: {kind}, source: {{interval: 1h}}}}\n\
             - {{name: code, type: git, source: {{uri: https://example.com/code, branch: main}}}}\njobs:\n\
             - {{name: deploy-staging, plan: [{{get: code, trigger: true}}, {{get: hourly, trigger: true}}]}}\n\
             - {{name: deploy-production, plan: [{{get: hourly, trigger: true}}, {{get: code, passed: [deploy-staging]}}]}}\n"
        );
        finds_no(&[&text], "skipped-environment");
    }
}

#[test]
fn job_that_changes_nothing_may_be_early() {
    for verb in ["plan", "validate", "test", "diff"] {
        let early = jobs(&[
            &format!("name: {verb}-staging, plan: [{{get: code, trigger: true}}]"),
            &format!("name: {verb}-production, plan: [{{get: code, trigger: true}}]"),
        ]);
        finds_no(&[&early], "skipped-environment");
    }
    // What it prepares is deployed behind the environment before, whatever the job is called.
    let prepared = jobs(&[
        "name: bake-staging, plan: [{get: code, trigger: true}]",
        "name: apply-staging, plan: [{get: code, passed: [bake-staging]}]",
        "name: bake-production, plan: [{get: code, trigger: true}]",
        "name: apply-production, plan: [{get: code, passed: [bake-production, apply-staging]}]",
    ]);
    finds_no(&[&prepared], "skipped-environment");
    let skipped = jobs(&[
        "name: deploy-staging, plan: [{get: code, trigger: true}]",
        "name: deploy-production, plan: [{get: code, trigger: true}]",
    ]);
    finds(&[&skipped], "skipped-environment", "- {name: deploy-production");
}

#[test]
fn task_that_runs_from_what_starts_it_is_no_decoupled_deployment() {
    let deploy = |file: &str| {
        format!(
            "resources:\n- {{name: tool, type: git, source: {{uri: https://example.com/tool, branch: main}}}}\n\
             - {{name: code, type: git, source: {{uri: https://example.com/code, branch: main}}}}\njobs:\n\
             - {{name: make, plan: [{{get: code, trigger: true}}]}}\n\
             - name: deploy\n  plan: [{{get: tool, trigger: true}}, {{get: code, passed: [make]}}, {{task: t, file: {file}}}]\n"
        )
    };
    finds_no(&[&deploy("tool/t.yml")], "decoupled-trigger");
    finds(&[&deploy("code/t.yml")], "decoupled-trigger", "plan: [{get: tool");
}

#[test]
fn constants_and_holes_of_other_tools_are_no_secrets() {
    let password = |text: &str| {
        format!(
            "resources:\n- name: code\n  type: git\n  source:\n    uri: https://example.com/code\n    password: {text}\n\
             jobs:\n- {{name: a, plan: [{{get: code, trigger: true}}]}}\n"
        )
    };
    for text in ["x-oauth-basic", "\"${secret}\"", "\"<%= secret %>\"", "\"@SECRET@\"", "\"pre-${a}-post\""] {
        finds_no(&[&password(text)], "plaintext-secret");
    }
    for text in ["hunter2", "\"$ecret\"", "\"@SECRET\"", "\"${}\""] {
        finds(&[&password(text)], "plaintext-secret", "password: ");
    }
}

#[test]
fn one_cause_is_one_report() {
    // What an unreadable step would have got is not missing.
    let work = Work::new().file(
        "a.yml",
        &format!("{CODE}jobs:\n- name: a\n  plan:\n  - aggregate: [{{get: code}}]\n  - {{task: t, file: code/t.yml}}\n- {{name: b, plan: [{{get: code}}]}}\n"),
    );
    let ran = work.run(&["validate", "a.yml"]).ended(1);
    assert!(ran.stderr.contains("missing-step") && ran.stderr.contains("error: 1 error in 1 file"), "{}", ran.stderr);
    // A variable of 7.14 is no key of a map besides.
    let old = "resources:\n- {name: code, type: git, source: {uri: https://example.com/code, branch: {{branch}}}}\n\
               jobs:\n- {name: a, plan: [{get: code, trigger: true}]}\n";
    let work = Work::new().file("a.yml", old);
    let ran = work.run(&["validate", "--concourse", "7.14", "a.yml"]).ended(0);
    assert!(ran.stderr.contains("old-template") && ran.stderr.contains("1 warning in 1 file"), "{}", ran.stderr);
    work.run(&["validate", "--concourse", "7.14", "--strict", "a.yml"]).ended(1);
}

#[test]
fn group_of_a_serial_job_has_no_effect() {
    let lonely = |serial: &str| {
        let text = jobs(&[&format!("name: a, {serial}serial_groups: [lock], plan: [{{get: code, trigger: true}}]")]);
        Work::new().file("a.yml", &text).run(&["validate", "a.yml"]).ended(0).stderr
    };
    assert!(lonely("").contains("write `serial: true` instead"));
    assert!(lonely("serial: true, ").contains("remove the group"));
}

#[test]
fn version_of_a_clock_is_not_called_a_commit() {
    let text = "resources:\n- {name: weekly, type: time, source: {interval: 168h}}\n\
                - {name: image, type: registry-image, source: {repository: example/app}}\njobs:\n\
                - {name: build, plan: [{get: weekly, trigger: true}, {put: image}]}\n\
                - {name: next, plan: [{get: weekly, trigger: true}, {get: image, trigger: true, passed: [build]}]}\n";
    assert_eq!(found(&[text])[0].0, "racing-triggers");
    let ran = Work::new().file("a.yml", text).run(&["validate", "a.yml"]).ended(0);
    assert!(ran.stderr.contains("one version of `weekly`") && !ran.stderr.contains("commit"), "{}", ran.stderr);
}

/// Pipelines that Concourse takes, although it warns of some of them.
const TAKEN: [(&str, &str); 7] = [
    ("capital", "jobs:\n- {name: Deploy-Shop, plan: [{task: t, file: a/t.yml}]}\n"),
    ("variable-in-name", "jobs:\n- {name: \"deploy-((env))\", plan: [{task: t, file: a/t.yml}]}\n"),
    ("set-pipeline-variable", "jobs:\n- {name: a, plan: [{set_pipeline: ((name)), file: code/p.yml}]}\n"),
    ("null-params", "jobs:\n- {name: a, plan: [{task: t, config: {platform: linux, params: , run: {path: ls}}}]}\n"),
    (
        "null-lists",
        "jobs:\n- {name: a, serial_groups: , plan: [{task: t, config: {platform: linux, inputs: , run: {path: ls, args: }}}]}\n",
    ),
    (
        "unknown-field",
        "jobs:\n- {name: a, plan: [{task: t, config: {platform: linux, outputs: [{name: o, optional: true}], run: {path: ls}}}]}\n",
    ),
    ("old-variable", "jobs:\n- {name: a, plan: [{task: t, file: a/t.yml, params: {x: {{branch}}}}]}\n"),
];

#[test]
fn what_validate_accepts_is_drawn_and_compared() {
    for (name, text) in TAKEN {
        let work = Work::new().file("ci.yml", text);
        work.run(&["validate", "--concourse", "7.14", "ci.yml"]).ended(0);
        let drawn = work.run(&["graph", "ci.yml"]).fine();
        assert!(drawn.contains('■'), "{name}: {drawn}");
        assert_eq!(work.run(&["diff", "ci.yml", "ci.yml"]).fine(), "nothing changes\n", "{name}");
    }
}

const BUMP: &str = "resources:\n- {name: version, type: semver, source: {driver: git, uri: https://example.com/v, branch: main, file: v}}\n\
                    - {name: code, type: git, source: {uri: https://example.com/code, branch: main}}\n\
                    jobs:\n- {name: bump, plan: [{get: code, trigger: true}, {get: version}, {put: version, params: {bump: major}}]}\n";

#[test]
fn edges_between_the_same_two_things_are_drawn_apart() {
    let svg = Work::new().file("ci.yml", BUMP).run(&["graph", "ci.yml", "--format", "svg"]).fine();
    let ways: Vec<&str> =
        svg.lines().filter(|line| line.starts_with("<path class=\"edge") && line.contains("version")).collect();
    let ends = |line: &str| {
        let way = line.split("d=\"M").nth(1).unwrap().split('"').next().unwrap();
        let numbers = way.split(|c: char| c != '.' && !c.is_ascii_digit()).filter_map(|part| part.parse().ok());
        let numbers: Vec<f64> = numbers.collect();
        ((numbers[0], numbers[1]), (numbers[numbers.len() - 2], numbers[numbers.len() - 1]))
    };
    assert_eq!(ways.len(), 2, "{svg}");
    // One goes back, so that its end stands where the other begins.
    let ((begin, _), (_, end)) = (ends(ways[0]), ends(ways[1]));
    let apart = (begin.0 - end.0).hypot(begin.1 - end.1);
    assert!((4.0..20.0).contains(&apart), "{ways:?}");
}

#[test]
fn only_triggers_leaves_out_what_starts_nothing() {
    let work = Work::new().file("ci.yml", BUMP);
    let all = work.run(&["graph", "ci.yml"]).fine();
    assert!(all.contains("takes version") || all.contains("versions go to"), "{all}");
    let few = work.run(&["graph", "--only-triggers", "ci.yml"]).fine();
    assert!(few.contains("code") && few.contains("makes"), "{few}");
    assert!(!few.contains("versions go to") && !few.contains("takes version"), "{few}");
}

#[test]
fn summary_counts_reports_by_rule() {
    let lonely = jobs(&["name: a, serial_groups: [x], plan: [{get: code, trigger: true}]"]);
    let both = lonely.clone() + "- {name: b, serial_groups: [y], plan: [{get: code, trigger: true}, {do: []}]}\n";
    let work = Work::new().file("a.yml", &lonely).file("b.yml", &both);
    let ran = work.run(&["validate", "--summary", "a.yml", "b.yml"]).ended(0);
    assert_snapshot!(ran.stdout, @"
    warning  lonely-serial-group  3 reports in 2 files
    warning  empty-plan           1 report in 1 file
    ");
    assert_eq!(ran.stderr, "warning: 4 warnings in 2 files\n");
    // An error is an error.
    work.write("c.yml", "jobs: []\n");
    let ran = work.run(&["validate", "--summary", "a.yml", "c.yml"]).ended(1);
    assert!(ran.stdout.starts_with("error"), "{}", ran.stdout);
    work.run(&["validate", "--summary", "--format", "json", "a.yml"]).ended(2);
}
