//! Shapes that went wrong in real pipelines, rebuilt small: each is found, at the place that people would point at.

use std::fmt::Write;

use serde_json::Value;

use crate::support::{Work, root};

const CODE: &str = "- {name: code, type: git, source: {uri: https://github.com/example/infra}}\n";

/// A pipeline with MIT Open Learning's resource of issues. Concourse refuses a resource that no job takes: it is left out.
pub(crate) fn pipeline(resources: &str, jobs: &str) -> String {
    let is_taken =
        |line: &&str| line.split_once("{name: ").is_none_or(|(_, rest)| jobs.contains(rest.split(',').next().unwrap()));
    let resources: String = resources.split_inclusive('\n').filter(is_taken).collect();
    format!(
        "resource_types:\n- {{name: github-issues, type: registry-image, source: {{repository: mitodl/github-issues-resource, tag: \"1.0\"}}}}\nresources:\n{CODE}{resources}jobs:\n{jobs}"
    )
}

/// The two resources of the issues with a title.
fn issues(name: &str, title: &str) -> String {
    let source = "repository: example/ops, access_token: ((github.token))";
    format!(
        "- {{name: {name}-post, type: github-issues, source: {{{source}, issue_state: open, issue_title_template: \"{title}\"}}}}\n\
         - {{name: {name}-trigger, type: github-issues, source: {{{source}, issue_state: closed, issue_prefix: \"{title}\"}}}}\n"
    )
}

/// A job; its steps are in flow style, one a line.
pub(crate) fn job(name: &str, steps: &[&str]) -> String {
    let mut text = format!("- name: {name}\n  plan:\n");
    for step in steps {
        let _ = writeln!(text, "  - {{{step}}}");
    }
    text
}

pub(crate) const DEPLOY: &str = "task: deploy, file: code/deploy.yml";

/// Rule and line of what is found in a file `a.yml`, or in several, named by letters.
pub(crate) fn found(texts: &[&str]) -> Vec<(String, String)> {
    let work = Work::new();
    let names: Vec<String> = ('a'..).take(texts.len()).map(|letter| format!("{letter}.yml")).collect();
    for (name, text) in names.iter().zip(texts) {
        work.write(name, text);
    }
    let mut arguments = vec!["validate", "--format", "json"];
    arguments.extend(names.iter().map(String::as_str));
    let ran = work.run(&arguments).ended(0);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let place = |problem: &Value| {
        let file = problem["place"]["file"].as_str().unwrap();
        let line = usize::try_from(problem["place"]["start"]["line"].as_u64().unwrap()).unwrap();
        work.read(file).lines().nth(line - 1).unwrap().trim().to_owned()
    };
    let problems = report["diagnostics"].as_array().unwrap().iter();
    problems.map(|problem| (problem["rule"].as_str().unwrap().to_owned(), place(problem))).collect()
}

/// Is it found, at a line that begins so?
#[track_caller]
pub(crate) fn finds(texts: &[&str], rule: &str, line: &str) {
    let found = found(texts);
    assert!(found.iter().any(|(of, at)| of == rule && at.starts_with(line)), "{found:#?}");
}

#[track_caller]
pub(crate) fn finds_no(texts: &[&str], rule: &str) {
    let found = found(texts);
    assert!(found.iter().all(|(of, _)| of != rule), "{found:#?}");
}

/// A gate between two jobs, as it is right.
pub(crate) fn chain(name: &str, title: &str) -> String {
    pipeline(
        &issues("qa", title),
        &(job(
            &format!("deploy-{name}-qa"),
            &[
                "get: code, trigger: true",
                DEPLOY,
                "put: qa-post, no_get: true, inputs: [], params: {labels: [promotion-to-production]}",
            ],
        ) + &job(
            &format!("deploy-{name}-production"),
            &["get: qa-trigger, trigger: true", &format!("get: code, passed: [deploy-{name}-qa]"), DEPLOY],
        )),
    )
}

#[test]
fn title_that_is_the_beginning_of_another_starts_production() {
    let mitx = chain("mitx", "[bot] MFE learning deployed to QA for mitx");
    let staging = chain("mitx-staging", "[bot] MFE learning deployed to QA for mitx-staging");
    finds(&[&mitx, &staging], "ambiguous-issue-title", "- {name: qa-trigger");
    finds_no(&[&mitx], "ambiguous-issue-title");
    let other = chain("xpro", "[bot] MFE learning deployed to QA for xpro");
    finds_no(&[&mitx, &other], "ambiguous-issue-title");
}

#[test]
fn titles_with_a_version_at_their_end_begin_alike() {
    let learn = chain("learn", "Release mit-learn {version}");
    let next = chain("learn-nextjs", "Release mit-learn-nextjs {version}");
    // The braces are filled in by each build, and a prefix cannot have them.
    let prefix = |text: &str| {
        text.replace("issue_prefix: \"Release mit-learn {version}\"", "issue_prefix: \"Release mit-learn\"")
    };
    finds(&[&prefix(&learn), &next], "ambiguous-issue-title", "- {name: qa-trigger");
}

#[test]
fn search_for_a_title_finds_another_whose_words_hold_it() {
    let one = chain("mitx", "MFE deployed to QA for mitx");
    let two = chain("residential", "[bot] MFE deployed to QA for mitx staging");
    finds(&[&one, &two], "ambiguous-issue-title", "- {name: qa-post");
    finds_no(
        &[&chain("a", "Site mitx QA deployed."), &chain("b", "Site mitxonline QA deployed.")],
        "ambiguous-issue-title",
    );
}

#[test]
fn closed_issue_names_no_version() {
    finds(&[&chain("shop", "Shop QA deployed.")], "unpinned-approval", "- {get: qa-trigger");
    let every = chain("shop", "Shop QA deployed.")
        .replace("qa-trigger, trigger: true", "qa-trigger, trigger: true, version: every");
    finds_no(&[&every], "unpinned-approval");
}

#[test]
fn deployment_of_something_else_starts_a_gated_job() {
    // Meant as "after the webhook handler", it starts production without an issue.
    let text = chain("applications", "Kubewatch QA deployed.")
        + &job("deploy-webhook-qa", &["get: code, trigger: true", DEPLOY]);
    let text = text.replace("passed: [deploy-applications-qa]", "passed: [deploy-webhook-qa], trigger: true");
    finds(&[&text], "gate-bypass", "- {get: code, passed: [deploy-webhook-qa], trigger: true");
}

#[test]
fn commit_starts_a_preview_beside_its_gate() {
    let text = pipeline(
        &issues("qa", "Lakehouse QA deployed."),
        &job(
            "preview-lakehouse-production",
            &["get: qa-trigger, trigger: true", "get: code, trigger: true", "task: preview, file: code/preview.yml"],
        ),
    );
    finds(&[&text], "gate-bypass", "- {get: code, trigger: true");
}

#[test]
fn image_starts_previews_of_all_environments_at_once() {
    let image = "- {name: image, type: registry-image, source: {repository: example/keycloak}}\n";
    let build = job(
        "build",
        &[
            "get: code, trigger: true",
            "task: build, file: code/build.yml",
            "put: image, inputs: all, params: {image: image/image.tar}",
        ],
    );
    let taken = "get: image, trigger: true, passed: [build]";
    let deploy = job("deploy-keycloak-ci", &[taken, "task: deploy, file: image/deploy.yml"]);
    let preview = job("preview-keycloak-qa", &[taken, "task: preview, file: image/preview.yml"]);
    finds(&[&pipeline(image, &format!("{build}{deploy}{preview}"))], "skipped-environment", "- {get: image");
    let preview = preview.replace("passed: [build]", "passed: [deploy-keycloak-ci]");
    finds_no(&[&pipeline(image, &format!("{build}{deploy}{preview}"))], "skipped-environment");
}

#[test]
fn issue_asks_to_be_closed_and_nobody_listens() {
    let text = pipeline(
        &issues("ci", "Codejail CI deployed."),
        &job(
            "deploy-codejail-ci",
            &[
                "get: code, trigger: true",
                DEPLOY,
                "put: ci-post, no_get: true, inputs: [], params: {labels: [promotion-to-qa]}",
            ],
        ),
    );
    finds(&[&text], "issue-without-listener", "- {put: ci-post");
    let listener = pipeline(
        &issues("ci", "Codejail CI deployed."),
        &job("deploy-codejail-qa", &["get: ci-trigger, trigger: true", "get: code", DEPLOY]),
    );
    finds_no(&[&text, &listener], "issue-without-listener");
}

#[test]
fn commit_goes_to_ci_and_qa_at_once_and_a_push_to_production() {
    let more = "- {name: image, type: registry-image, source: {repository: example/learn}}\n\
                - {name: release, type: git, source: {uri: https://github.com/example/learn, branch: release}}\n";
    let ci = job("deploy-learn-ci", &["get: code, trigger: true", DEPLOY]);
    let qa = job("deploy-learn-qa", &["get: code, trigger: true", "get: image, trigger: true", DEPLOY]);
    let production = job(
        "deploy-learn-production",
        &[
            "get: release, trigger: true",
            "get: code, passed: [deploy-learn-qa]",
            "get: image, passed: [deploy-learn-qa]",
            DEPLOY,
        ],
    );
    let text = pipeline(more, &(ci + &qa + &production));
    finds(&[&text], "skipped-environment", "- {get: code, trigger: true");
    finds(&[&text], "decoupled-trigger", "- {get: release, trigger: true");
}

#[test]
fn image_that_was_not_to_trigger_starts_the_first_deployment_again() {
    let more = "- {name: image, type: registry-image, source: {repository: example/notes}}\n";
    let build = job(
        "build-notes-image",
        &[
            "get: code, trigger: true",
            "task: build, file: code/build.yml",
            "put: image, inputs: all, params: {image: image/image.tar}",
        ],
    );
    let ci = job(
        "deploy-notes-ci",
        &["get: image, passed: [build-notes-image], trigger: true", "get: code, trigger: true", DEPLOY],
    );
    finds(&[&pipeline(more, &(build.clone() + &ci))], "racing-triggers", "- {get: code, trigger: true");
    let ci = ci.replace("passed: [build-notes-image], trigger: true", "passed: [build-notes-image]");
    finds_no(&[&pipeline(more, &(build + &ci))], "racing-triggers");
}

#[test]
fn deployment_takes_the_repository_of_the_image_for_the_image() {
    let more = "- {name: image, type: registry-image, source: {repository: example/xqueue}}\n";
    let build = job(
        "build-xqueue",
        &[
            "get: code, trigger: true",
            "task: build, file: code/build.yml",
            "put: image, inputs: all, params: {image: image/image.tar}",
        ],
    );
    let deploy = job("deploy-xqueue-ci", &["get: code, trigger: true, passed: [build-xqueue]", DEPLOY]);
    finds(&[&pipeline(more, &(build + &deploy))], "undeployed-image", "- {put: image");
}

#[test]
fn label_promises_a_promotion_to_default() {
    let text = pipeline(
        &issues("gate", "Organization default ready."),
        &(job(
            "preview-organization-default",
            &[
                "get: code, trigger: true",
                "task: preview, file: code/preview.yml",
                "put: gate-post, no_get: true, inputs: [], params: {labels: [promotion-to-default]}",
            ],
        ) + &job(
            "deploy-organization-default",
            &["get: gate-trigger, trigger: true", "get: code, passed: [preview-organization-default]", DEPLOY],
        )),
    );
    finds(&[&text], "lying-label", "- {put: gate-post");
}

#[test]
fn what_ends_like_production_is_taken_for_it() {
    let text = pipeline(
        &issues("last", "Shop nonproduction deployed."),
        &job(
            "deploy-shop-nonproduction",
            &[
                "get: code, trigger: true",
                DEPLOY,
                "put: last-post, no_get: true, inputs: [], params: {labels: [finalized-deployment]}",
            ],
        ),
    );
    finds(&[&text], "lying-label", "- {put: last-post");
    finds_no(&[&text.replace("nonproduction", "production")], "lying-label");
}

#[test]
fn names_differ_in_nothing_but_their_separators() {
    let jobs = |one: &str, two: &str| {
        pipeline("", &(job(one, &["get: code, trigger: true", DEPLOY]) + &job(two, &["get: code", DEPLOY])))
    };
    finds(
        &[&jobs("deploy-mitx.staging.qa", "deploy-mitx-staging.qa")],
        "confusable-name",
        "- name: deploy-mitx-staging.qa",
    );
    finds(&[&jobs("deploy-lakehouse.ci", "deploy-lakehouse-qa")], "confusable-name", "- name: deploy-lakehouse-qa");
    finds_no(&[&jobs("deploy-mitx.qa", "deploy-mitx-staging.qa")], "confusable-name");
}

#[test]
fn records_pile_up_as_open_issues() {
    let text = pipeline(
        &issues("last", "Shop production deployed."),
        &job(
            "deploy-shop-production",
            &[
                "get: code, trigger: true",
                DEPLOY,
                "put: last-post, no_get: true, inputs: [], params: {labels: [finalized-deployment]}",
            ],
        ),
    );
    finds(&[&text], "issue-without-listener", "- {put: last-post");
}

#[test]
fn singletons_apply_each_commit_beside_gates() {
    let text =
        chain("network", "Network QA deployed.") + &job("deploy-dns-default", &["get: code, trigger: true", DEPLOY]);
    finds(&[&text], "ungated-deploy", "- {get: code, trigger: true}");
    let alone = pipeline("", &job("deploy-dns-default", &["get: code, trigger: true", DEPLOY]));
    finds_no(&[&alone], "ungated-deploy");
}

#[test]
fn commit_to_the_configuration_goes_to_production_beside_what_is_approved() {
    let config = "- {name: config, type: git, source: {uri: https://github.com/example/config}}\n";
    let text = chain("shop", "Shop QA deployed.").replace("resources:\n", &format!("resources:\n{config}"))
        + &job(
            "deploy-dns-production",
            &["get: config, trigger: true", "get: code, passed: [deploy-shop-production]", DEPLOY],
        );
    finds(&[&text], "ungated-deploy", "- {get: config, trigger: true}");
    let clock = text
        .replace("type: git, source: {uri: https://github.com/example/config}", "type: time, source: {interval: 24h}");
    finds_no(&[&clock], "ungated-deploy");
    let behind = text.replace("get: config, trigger: true", "get: config");
    finds_no(&[&behind], "ungated-deploy");
    // What has passed both of two jobs has passed the gate before one of them.
    let both = chain("shop", "Shop QA deployed.")
        + &job("test", &["get: code, trigger: true", DEPLOY])
        + &job("deploy-dns-production", &["get: code, trigger: true, passed: [test, deploy-shop-production]", DEPLOY]);
    finds_no(&[&both], "ungated-deploy");
}

#[test]
fn chain_that_begins_in_a_gated_environment_deploys_there_by_itself() {
    let text = pipeline(
        &issues("ci", "xPro CI deployed."),
        &(job(
            "deploy-xpro-ci",
            &[
                "get: code, trigger: true",
                DEPLOY,
                "put: ci-post, no_get: true, inputs: [], params: {labels: [promotion-to-qa]}",
            ],
        ) + &job(
            "deploy-xpro-qa",
            &["get: ci-trigger, trigger: true", "get: code, passed: [deploy-xpro-ci]", DEPLOY],
        ) + &job("deploy-mitx-qa", &["get: code, trigger: true", DEPLOY])),
    );
    assert_eq!(found(&[&text]).iter().filter(|(rule, _)| rule == "ungated-deploy").count(), 1);
    finds_no(&[&text.replace("deploy-mitx-qa", "check-mitx-qa")], "ungated-deploy");
}

#[test]
fn test_that_comes_before_a_deployment_skips_nothing() {
    let jobs = |first: &str, second: &str| {
        pipeline(
            "- {name: tools, type: git, source: {uri: https://github.com/example/tools}}\n",
            &(job(first, &["get: tools, trigger: true", "get: code, trigger: true", DEPLOY])
                + &job(second, &["get: tools, trigger: true", &format!("get: code, passed: [{first}]"), DEPLOY])),
        )
    };
    for text in [jobs("shop-test", "shop-dev"), jobs("unit-test", "integration-test"), jobs("build-rc", "check-ci")] {
        finds_no(&[&text], "skipped-environment");
        finds_no(&[&text], "decoupled-trigger");
    }
    // The names tell of another order than the chain: then it is the chain that is right.
    let text = pipeline(
        "",
        &(job("deploy-shop-qa", &["get: code, trigger: true", DEPLOY])
            + &job("deploy-shop-dev", &["get: code, trigger: true, passed: [deploy-shop-qa]", DEPLOY])),
    );
    finds_no(&[&text], "skipped-environment");
}

#[test]
fn image_with_a_tag_of_its_own_is_deployed_by_that() {
    let more = "- {name: image, type: registry-image, source: {repository: example/shop}}\n";
    let build = |params: &str| {
        job(
            "build",
            &[
                "get: code, trigger: true",
                "task: build, file: code/build.yml",
                &format!("put: image, inputs: all, params: {{image: image/image.tar{params}}}"),
            ],
        )
    };
    let deploy = job("deploy-shop-qa", &["get: code, trigger: true, passed: [build]", DEPLOY]);
    finds(&[&pipeline(more, &(build("") + &deploy))], "undeployed-image", "- {put: image");
    let tagged = build(", additional_tags: code/.git/short_ref");
    finds_no(&[&pipeline(more, &(tagged + &deploy))], "undeployed-image");
}

#[test]
fn long_chain_is_looked_at_in_time_that_grows_with_it() {
    let taken = |count: usize| {
        let mut jobs = job("wait", &["get: qa-trigger, trigger: true, version: every"]);
        // The last first, and each after the two before it: whoever looks back for each anew does not come to an end.
        for at in (0..count).rev() {
            let passed = match at {
                0 => String::new(),
                1 => ", passed: [deploy-0-production]".to_owned(),
                _ => format!(", passed: [deploy-{}-production, deploy-{}-production]", at - 1, at - 2),
            };
            jobs += &job(&format!("deploy-{at}-production"), &[&format!("get: code, trigger: true{passed}"), DEPLOY]);
        }
        let work = Work::new().file("a.yml", &pipeline(&issues("qa", "x deployed."), &jobs));
        let (ran, taken) = work.run_measured(&["validate", "--format", "github", "a.yml"]);
        assert_eq!(ran.ended(0).stdout.matches("title=ungated-deploy").count(), count);
        taken
    };
    let (small, large) = (taken(500), taken(4000));
    // Eight times the jobs; twice that is for the machine, and the square would be sixty-four times.
    assert!(large < small * 16 + std::time::Duration::from_secs(1), "{small:?}, {large:?}");
}

/// The pipelines of this repository are free of what lints find, or it is said why not.
#[test]
fn rendered_pipelines_are_free_of_lints() {
    let paths: Vec<String> = glob::glob(root().join("pipelines/*/rendered/*.yml").to_str().unwrap())
        .unwrap()
        .map(|path| path.unwrap().to_str().unwrap().to_owned())
        .collect();
    assert!(paths.len() > 25, "{}", paths.len());
    let mut arguments = vec!["validate", "--format", "github", "--quiet"];
    // The provisioner's image is MIT Open Learning's own, and taken as their pipelines take it.
    arguments.extend(["--allow", "unpinned-resource-type"]);
    arguments.extend(paths.iter().map(String::as_str));
    assert_eq!(Work::new().run(&arguments).fine(), "");
}
