//! Lints on what people write in other ways than the incidents did: neither passed over, nor found where nothing is wrong.

use crate::incidents::{DEPLOY, chain, finds, finds_no, found, job, pipeline};
use crate::support::Work;

/// A pipeline of one job with one task.
fn task(step: &str, config: &str) -> String {
    pipeline(
        "- {name: bucket, type: s3, source: {bucket: example, regexp: a-(.*)}}\n",
        &format!(
            "- name: a\n  plan:\n  - {{get: code, trigger: true}}\n{step}  - task: make\n    config:\n      platform: \
             linux\n      run: {{path: make}}\n{config}"
        ),
    )
}

#[test]
fn artifacts_hide_one_another_where_they_have_one_place() {
    let repeats = |config: &str| task("", config);
    finds(&[&repeats("      inputs: [{name: code}, {name: code}]\n")], "repeated-artifact", "inputs:");
    finds(&[&repeats("      inputs: [{name: code}, {name: b, path: ./code/}]\n")], "repeated-artifact", "inputs:");
    finds(&[&repeats("      outputs: [{name: b}, {name: b, path: c}]\n")], "repeated-artifact", "outputs:");
    finds(&[&repeats("      caches: [{path: b}, {path: ./b}]\n")], "repeated-artifact", "caches:");
    finds_no(&[&repeats("      inputs: [{name: code}, {name: code, path: again}]\n")], "repeated-artifact");
}

#[test]
fn put_detects_the_artifacts_that_its_texts_begin_with() {
    let put = |params: &str| task(&format!("  - {{put: bucket, no_get: true, params: {{{params}}}}}\n"), "");
    finds(&[&put("file: /tmp/build/put/code/a")], "undetected-input", "- {put: bucket");
    finds(
        &[&task("  - {put: bucket, no_get: true, params: {files: code/a bucket/b}}\n", "")
            .replace("- {put", "- {get: bucket}\n  - {put")],
        "undetected-input",
        "- {put: bucket",
    );
    for fine in
        ["file: ./code/a", "file: ../code/a", "file: /tmp/build/put/code/a, repository: code", "text: say code/a"]
    {
        finds_no(&[&put(fine)], "undetected-input");
    }
}

#[test]
fn secrets_are_found_wherever_a_pipeline_has_them() {
    let found_in = |from: &str, to: &str, rule: &str| {
        let text = task("", "").replace(from, to);
        assert_ne!(text, task("", ""));
        assert!(found(&[&text]).iter().any(|(of, _)| of == rule), "{to}: {:#?}", found(&[&text]));
    };
    found_in("name: code, type", "name: code, webhook_token: hunter2, type", "plaintext-secret");
    found_in("{path: make}", "{path: git, args: [clone, \"https://bot:hunter2@example.com/a\"]}", "plaintext-secret");
    found_in("{path: make}", "{path: a, args: [ghp_0123456789abcdefghijABCDEFGHIJ012345]}", "plaintext-secret");
    found_in(
        "example/infra}",
        "example/infra, deploy_key: \"-----BEGIN RSA PRIVATE KEY-----\\nx\"}",
        "plaintext-secret",
    );
    let set = "  - {set_pipeline: b, file: code/b.yml, instance_vars: {token: ((token))}}\n  - task: make";
    found_in("  - task: make", set, "leaked-secret");
    let shell =
        task("", "").replace("{path: make}", "{path: sh, args: [-c, \"git push https://bot:$TOKEN@example.com/a\"]}");
    finds_no(&[&shell], "plaintext-secret");
    finds_no(
        &[&task("", "").replace("name: code, type", "name: code, webhook_token: ((hook)), type")],
        "plaintext-secret",
    );
}

#[test]
fn words_of_yaml_1_1_are_booleans_as_keys_as_well() {
    let with = |params: &str| task(&format!("  - {{put: bucket, no_get: true, params: {{{params}}}}}\n"), "");
    finds(&[&with("y: 1")], "yaml-boolean", "- {put: bucket");
    finds(&[&with("a: [{on: 1}]")], "yaml-boolean", "- {put: bucket");
    finds_no(&[&with("\"y\": 1, debug: yes, yes_please: 1")], "yaml-boolean");
}

#[test]
fn type_that_is_made_of_itself_can_never_be_fetched() {
    let types = |kind: &str| {
        task("", "").replace(
            "resource_types:\n",
            &format!("resource_types:\n- {{name: {kind}, type: {kind}, source: {{repository: a, tag: \"1\"}}}}\n"),
        )
    };
    finds(&[&types("other")], "resource-type-cycle", "- {name: other");
    finds_no(&[&types("registry-image")], "resource-type-cycle");
}

#[test]
fn pattern_for_one_job_says_more_than_it_means() {
    let text = |passed: &str| {
        pipeline(
            "",
            &(job("unit-a", &["get: code, trigger: true", DEPLOY])
                + &job("unit-b", &["get: code, trigger: true", DEPLOY])
                + &job("ship", &[&format!("get: code, passed: [{passed}]"), DEPLOY])),
        )
    };
    finds(&[&text("\"*-a\"")], "needless-passed", "- {get: code, passed:");
    finds_no(&[&text("\"unit-*\"")], "needless-passed");
}

#[test]
fn empty_timeout_is_none() {
    let timeout = |text: &str| task("", &format!("    timeout: {text}\n"));
    finds(&[&timeout("1d")], "malformed-duration", "timeout");
    finds_no(&[&timeout("\"\"")], "malformed-duration");
}

#[test]
fn put_without_a_get_makes_no_artifact() {
    let image = |no_get: bool| {
        task(&format!("  - {{put: bucket, no_get: {no_get}, params: {{file: code/a}}}}\n"), "    image: bucket\n")
    };
    finds(&[&image(true)], "missing-artifact", "image: bucket");
    finds_no(&[&image(false)], "missing-artifact");
}

#[test]
fn title_of_a_book_is_no_title() {
    // GitHub takes 256 characters; the words of half a megabyte, held against one another, would be without end.
    let title = "a ".repeat(1 << 18);
    finds_no(&[&chain("shop", &title)], "missing-artifact");
}

#[test]
fn what_is_held_against_everything_else_takes_no_longer_for_it() {
    let taken = |text: &dyn Fn(usize) -> String| {
        [250, 2000].map(|count| {
            let work = Work::new().file("a.yml", &text(count));
            let (ran, taken) = work.run_measured(&["validate", "--format", "github", "a.yml"]);
            ran.ended(0);
            taken
        })
    };
    let patterns = |count: usize| {
        let first = job("deploy-0-production", &["get: code, trigger: true", DEPLOY]);
        let jobs = (1..count).map(|at| {
            let get = format!("get: code, trigger: true, passed: [\"deploy-{}-*\"]", at - 1);
            job(&format!("deploy-{at}-production"), &[&get, DEPLOY])
        });
        pipeline("", &(first + &jobs.collect::<String>()))
    };
    let artifacts = |count: usize| {
        let tasks = (0..count).map(|at| {
            format!("task: t, config: {{platform: linux, inputs: [{{name: in{at}}}], outputs: [{{name: out{at}}}], run: {{path: a}}}}")
        });
        let steps: Vec<String> = tasks.collect();
        pipeline(
            "",
            &job("make", &["get: code"].into_iter().chain(steps.iter().map(String::as_str)).collect::<Vec<_>>()),
        )
    };
    for text in [&patterns as &dyn Fn(usize) -> String, &artifacts] {
        let [small, large] = taken(text);
        assert!(large < small * 16 + std::time::Duration::from_secs(1), "{small:?}, {large:?}");
    }
}
