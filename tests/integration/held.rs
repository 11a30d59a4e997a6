//! `diff` and `validate` of what holds a deployment to its approval besides the claim: the comparison, hashes, the preview that was
//! approved, the image that checks, and which of several approvals decides.

use crate::support::{SHOP_FLEET, Work};
use crate::weaker::{SHOP, WEAKER, section};

/// A pipeline of a manifest with more lines.
#[track_caller]
fn rendered(manifest: &str) -> String {
    let work = Work::new().file("pipegen.yml", SHOP_FLEET).file("projects/shop.yml", manifest);
    work.run(&["render", "--quiet"]).fine();
    work.read("rendered/shop.yml")
}

/// A stack of which a release is a part: Production compares it with what was approved.
fn with_release() -> String {
    rendered(
        "project: shop\nstack: {pulumi: {path: infra}}\ninputs:\n  exporter: {github_release: {repository: prometheus/node_exporter}}\n",
    )
}

/// A stack whose deployment is held to the plan that was approved.
fn with_preview(more: &str) -> String {
    rendered(&format!(
        "project: shop\nstack: {{opentofu: {{path: tofu{more}}}}}\noverrides: {{Production: {{gate: preview}}}}\n"
    ))
}

/// What `diff` reports as weaker, and its exit code.
fn diff(old: &str, new: &str) -> (Vec<String>, String, i32) {
    let work = Work::new().file("old.yml", old).file("new.yml", new);
    let ran = work.run(&["diff", "--fail-on", "weaker", "old.yml", "new.yml"]);
    assert_eq!(ran.stderr, "");
    let lines = section(&ran.stdout, WEAKER).into_iter().map(str::to_owned).collect();
    (lines, ran.stdout, ran.code)
}

#[track_caller]
fn weaker(old: &str, new: &str, parts: &[&str]) {
    assert_ne!(old, new, "nothing was changed");
    let (lines, told, code) = diff(old, new);
    assert!(lines.iter().any(|line| parts.iter().all(|part| line.contains(part))), "no line with {parts:?}: {told}");
    assert_eq!(code, 1, "{told}");
}

#[track_caller]
fn as_strong(old: &str, new: &str) -> String {
    let (lines, told, code) = diff(old, new);
    assert_eq!((lines.len(), code), (0, 0), "{told}");
    told
}

/// What `validate` reports of the gates of a pipeline.
fn validate(pipeline: &str) -> String {
    Work::new().file("new.yml", pipeline).run(&["validate", "new.yml"]).stderr
}

/// A step of a plan that begins with this line, cut out of a pipeline: what is before it, the step, and what is behind it.
#[track_caller]
fn cut<'t>(pipeline: &'t str, first: &str) -> (&'t str, &'t str, &'t str) {
    let at = pipeline.rfind(first).unwrap_or_else(|| panic!("no {first}"));
    let rest = &pipeline[at + first.len()..];
    let end = rest.match_indices('\n').map(|(index, _)| index + 1).find(|index| !rest[*index..].starts_with("    "));
    let end = at + first.len() + end.unwrap_or(rest.len());
    (&pipeline[..at], &pipeline[at..end], &pipeline[end..])
}

/// Further to the right.
fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{}{line}\n", " ".repeat(by))).collect()
}

const COMPARE: &str = "  - task: compare-approved\n";
const CONTENT: &str = "        CONTENT: exporter except body timestamp url\n";
const OF_RECORD: &str =
    "      content:\n        exporter:\n          except:\n          - body\n          - timestamp\n          - url\n";

#[test]
fn comparison_that_a_put_does_not_wait_for_is_weaker() {
    let old = with_release();
    let (before, compare, rest) = cut(&old, COMPARE);
    let (_, put, behind) = cut(rest, "  - put: pulumi-shop\n");
    let tried = format!("{before}  - try:\n{}{rest}", indented(&compare.replacen("  - ", "    ", 1), 4));
    let after = format!("{before}{put}{compare}{behind}");
    let beside = format!("{before}  - in_parallel:\n{}{behind}", indented(&format!("{compare}{put}"), 2));
    let in_hook = format!("{before}{rest}")
        .replace("  on_abort:\n", &format!("  ensure:\n{}  on_abort:\n", compare.replacen("  - ", "    ", 1)));
    let hook_of_claim = format!("{}    ensure:\n{}{rest}", before, indented(&compare.replacen("  - ", "    ", 1), 2));
    for (pipeline, part) in [
        (&tried, "`try`"),
        (&after, "does not wait until `exporter`"),
        (&beside, "`in_parallel`"),
        (&in_hook, "a hook"),
        (&hook_of_claim, "a hook"),
    ] {
        weaker(
            &old,
            pipeline,
            &["deploy-shop-production", "does not wait until `exporter` is the approved version", part],
        );
        assert!(validate(pipeline).contains("warning[unapproved-artifact]"), "{pipeline}");
    }
    assert!(!validate(&old).contains("unapproved-artifact"), "{}", validate(&old));
    // What tells people something may come first.
    let tells = "- name: slack-alert\n  type: slack-notification\n  source: {url: ((slack))}\njobs:\n";
    let first = before.replacen("jobs:\n", tells, 1) + "  - {put: slack-alert, no_get: true, params: {text: begins}}\n";
    as_strong(&old, &format!("{first}{compare}{rest}"));
    // A put of an artifact of its own.
    let named = put.replace("inputs: all", "inputs: [shop-shop]");
    as_strong(&format!("{before}{named}{compare}{behind}"), &format!("{before}{compare}{named}{behind}"));
}

#[test]
fn hash_of_files_that_is_gone_is_weaker() {
    let old = with_release();
    weaker(&old, &old.replace(CONTENT, ""), &["deploy-shop-production", "a hash of the files of `exporter`"]);
    let fewer = old.replace("except body timestamp url", "except body timestamp url node_exporter.tar.gz");
    weaker(&old, &fewer, &["deploy-shop-production", "fewer files of `exporter`"]);
    weaker(&old, &old.replace("except body timestamp url", "only tag"), &["fewer files of `exporter`"]);
    weaker(&old, &old.replace("except body timestamp url", "((files))"), &["fewer files of `exporter`"]);
    // The record that the approval is made of.
    let (first, second) = old.split_once(OF_RECORD).unwrap();
    weaker(&old, &format!("{first}{second}"), &["deploy-shop-qa", "no hash of the files of `exporter`"]);
    weaker(
        &old,
        &old.replacen("          - url\n", "          - url\n          - x\n", 1),
        &["fewer files of `exporter`"],
    );
    // More is no less, and an input that is gone needs no hash.
    as_strong(&old, &old.replace("except body timestamp url", "except url"));
    let bare = rendered("project: shop\nstack: {pulumi: {path: infra}}\n");
    as_strong(&old, &bare);
    as_strong(&bare, &old);
}

#[test]
fn file_that_names_a_version_less_surely_is_weaker() {
    let old = with_release();
    let by = |file: &str| {
        let records = old.replace("exporter: exporter/tag", &format!("exporter: exporter/{file}"));
        records.replace("exporter=tag", &format!("exporter={file}"))
    };
    weaker(&by("commit_sha"), &old, &["deploy-shop-qa", "names `exporter` by `exporter/tag`"]);
    as_strong(&old, &by("commit_sha"));
    let unnamed = old.replacen("        exporter: exporter/tag\n", "", 1).replacen(OF_RECORD, "", 1);
    weaker(&old, &unnamed, &["deploy-shop-qa", "names no version of `exporter`"]);
}

#[test]
fn preview_that_binds_no_longer_is_weaker() {
    let old = with_preview("");
    let parts = ["deploy-shop-production", "the task deploy", "no longer held to `plan`"];
    weaker(&old, &with_preview(", as_previewed: false"), &parts);
    let approved = "APPROVED: shop-shop/.git/approval/pins/plan";
    weaker(&old, &old.replace(approved, "APPROVED: \"\""), &parts);
    weaker(&old, &old.replace(approved, "APPROVED: shop-shop/plan"), &parts);
    weaker(&old, &old.replace(approved, "APPROVED: shop-shop/.git/approval/pins/code"), &parts);
    weaker(&old, &old.replace("pins/plan\n", "pins/planned\n"), &parts);
    as_strong(&with_preview(", as_previewed: false"), &old);
    // Another name of the artifact is the same.
    as_strong(&old, &old.replace("shop-shop", "shop-code"));
    // No preview at all is reported as that.
    let bare = rendered("project: shop\nstack: {opentofu: {path: tofu}}\n");
    assert!(!diff(&old, &bare).1.contains("no longer held to"), "{}", diff(&old, &bare).1);
}

#[test]
fn image_of_another_publisher_that_checks_versions_is_weaker() {
    let old = with_release();
    let parts = ["deploy-shop-production", "`compare-approved` checks approved versions in"];
    for (image, part) in [
        ("repository: evil.example/mallory/git", "`evil.example/mallory/git`"),
        ("repository: mallory/git", "`mallory/git`"),
        ("repository: ((image))", "`((image))`"),
        ("repository: alpine/git\n          registry_mirror: {host: evil.example}", "`alpine/git`"),
        ("repository: alpine/git\n          insecure: true", "`alpine/git`"),
    ] {
        weaker(&old, &old.replace("repository: alpine/git", image), &[parts[0], parts[1], part]);
    }
    let (before, compare, rest) = cut(&old, COMPARE);
    let artifact = compare.replacen("    config:\n", "    image: exporter\n    config:\n", 1);
    weaker(&old, &format!("{before}{artifact}{rest}"), &[parts[0], parts[1], "`exporter`"]);
    let of_type = compare.replacen("type: registry-image", "type: mallory-image", 1);
    weaker(&old, &format!("{before}{of_type}{rest}"), &parts);
    // Under another name it is the task that runs the script.
    let renamed = old.replace("compare-approved", "look").replace("alpine/git", "mallory/git");
    weaker(&old, &renamed, &["`look` checks approved versions in", "`mallory/git`"]);
    // A first one is the usual one.
    let bare = rendered("project: shop\nstack: {pulumi: {path: infra}}\n");
    weaker(&bare, &old.replace("alpine/git", "mallory/git"), &parts);
    as_strong(&old, &old.replace("v2.49.1", "v2.50.0"));
    as_strong(&old, &old.replace("repository: alpine/git", "repository: docker.io/alpine/alpine"));
}

/// The shop, whose job of Production claims its approval as `gate` and gets the code by another step.
fn with_code_by(get: &str) -> String {
    let at = SHOP.find("- name: deploy-shop-production").unwrap();
    let (head, job) = SHOP.split_at(at);
    let job = job
        .replace(
            "{get: code, resource: qa-trigger, trigger: true}",
            &format!("{{get: gate, resource: qa-trigger, trigger: true}}\n  - {get}"),
        )
        .replacen("inputs: [code]", "inputs: [gate]", 1)
        .replace("code/.git/approval/", "gate/.git/approval/");
    format!("{head}{job}")
}

#[test]
fn code_of_an_approval_that_the_job_does_not_claim_is_weaker() {
    for get in [
        "{get: code, resource: ci-trigger, passed: [deploy-shop-qa]}",
        "{get: code, resource: qa-trigger}",
        "{get: code, resource: qa-trigger, passed: [deploy-shop-production]}",
    ] {
        let new = with_code_by(get);
        weaker(SHOP, &new, &["deploy-shop-production"]);
        let found = validate(&new);
        assert!(found.contains("warning[unapproved-artifact]: `code` is what was approved last in"), "{get}: {found}");
    }
    // A comparison with another approval compares nothing.
    let check = "  - task: compare-approved\n    config:\n      platform: linux\n      image_resource: {type: registry-image, source: {repository: alpine/git}}\n      inputs: [{name: more}, {name: tools}]\n      params: {COMPARE: tools=.git/ref}\n      run: {path: sh, args: [more/.git/approval/checkout-approved]}\n  - task: deploy\n    config:\n      inputs: [{name: tools}]\n";
    let with = |approval: &str| {
        let at = SHOP.rfind("  - task: deploy\n    config:\n").unwrap();
        let gets = "- {get: tools, passed: [deploy-shop-qa]}\n  - {get: more, resource: ci-trigger, passed: [deploy-shop-qa]}\n  - {get: code, resource: qa-trigger";
        let (head, rest) = SHOP.split_at(at);
        let rest = rest.replacen("  - task: deploy\n    config:\n", &check.replace("more", approval), 1);
        let rest = rest.replacen("      inputs: [{name: code}]\n", "", 1);
        let head_at = head.rfind("- {get: code, resource: qa-trigger").unwrap();
        format!("{}{}{rest}", &head[..head_at], head[head_at..].replacen("- {get: code, resource: qa-trigger", gets, 1))
    };
    weaker(&with("code"), &with("more"), &["deploy-shop-production", "`tools`"]);
}

#[test]
fn get_of_another_approval_is_told() {
    // In the job of a put that sees all artifacts it can be deployed.
    let old = with_release();
    let get = "  - get: more\n    resource: github-issues-shop-qa-trigger\n    passed:\n    - deploy-shop-production\n";
    let at = old.rfind("  - get: exporter\n").unwrap();
    let hidden = format!("{}{get}{}", &old[..at], &old[at..]);
    weaker(&old, &hidden, &["deploy-shop-production", "as `more`", "which no approval names"]);
    // A step that runs it.
    let used = hidden.replacen(
        "  on_success:\n    in_parallel:\n",
        "  - {task: other, file: more/task.yml}\n  on_success:\n    in_parallel:\n",
        1,
    );
    weaker(&old, &used, &["deploy-shop-production", "`more`"]);
    assert!(validate(&used).contains("warning[unapproved-artifact]: `more`"), "{}", validate(&used));
    // That nothing uses it weakens nothing, and is a change.
    let idle = SHOP.replacen(
        "  - {get: code, resource: qa-trigger, trigger: true}\n",
        "  - {get: code, resource: qa-trigger, trigger: true}\n  - {get: more, resource: ci-trigger, passed: [deploy-shop-qa]}\n",
        1,
    );
    assert!(as_strong(SHOP, &idle).contains("takes `ci-trigger` as `more`"), "{}", as_strong(SHOP, &idle));
    assert!(as_strong(&idle, SHOP).contains("no longer takes `ci-trigger`"), "{}", as_strong(&idle, SHOP));
    let records = |get: &str| {
        let resource = "- name: ci-record\n  type: github-issues\n  source: {repository: example/ops, gate: shop/-/CI/deployed, role: records, access_token: ((token))}\njobs:\n";
        let pipeline = SHOP.replacen("jobs:\n", resource, 1);
        pipeline.replacen(
            "  - {get: code, resource: qa-trigger, trigger: true}\n",
            &format!("  - {{get: code, resource: qa-trigger, trigger: true}}\n{get}"),
            1,
        )
    };
    let told = as_strong(&records(""), &records("  - {get: ci-record}\n"));
    assert!(told.contains("takes `ci-record`"), "{told}");
}

#[test]
fn approval_without_a_claim_is_reported_however_it_is_got() {
    let (head, production) = SHOP.split_at(SHOP.find("- name: deploy-shop-production").unwrap());
    let (before, claim) = production.split_once("  - put: qa-post\n").unwrap();
    let (_, rest) = claim.split_once("approval.json}\n").unwrap();
    let unclaimed = format!("{head}{before}{rest}");
    let message = "warning[unpinned-approval]: `deploy-shop-production` deploys the approval `code` without a claim";
    for get in ["trigger: true", "trigger: true, version: every", "version: every", "trigger: false"] {
        let get = format!("{{get: code, resource: qa-trigger, {get}}}");
        let found = validate(&unclaimed.replace("{get: code, resource: qa-trigger, trigger: true}", &get));
        assert!(found.contains(message), "{get}: {found}");
    }
    let lists = unclaimed.replace("resource: qa-trigger, trigger: true", "resource: qa-trigger");
    let (only_gets, _) = lists.rsplit_once("  - task: deploy\n").unwrap();
    assert!(!validate(only_gets).contains("without a claim"), "{}", validate(only_gets));
}

#[test]
fn pipelines_that_are_set_from_another_place_are_weaker() {
    let old = "resources:\n- {name: code, type: git, source: {uri: https://github.com/example/shop, branch: main}}\n- {name: more, type: git, source: {uri: https://github.com/example/more}}\njobs:\n- name: set\n  plan:\n  - {get: code, trigger: true}\n  - {get: more}\n  - {set_pipeline: shop, file: code/shop.yml}\n";
    let parts = ["job set", "sets the pipeline `shop` from", "github.com/example/shop"];
    weaker(old, &old.replace("example/shop", "mallory/shop"), &parts);
    weaker(old, &old.replace("branch: main", "branch: other"), &parts);
    weaker(old, &old.replace("file: code/", "file: more/"), &parts);
    as_strong(old, &old.replace("example/shop", "example/shop.git"));
    as_strong(old, &old.replace("file: code/shop.yml", "file: code/store.yml"));
}

#[test]
fn set_pipeline_uses_its_file() {
    let set = |file: &str| format!("{SHOP}  - {{set_pipeline: other, file: {file}/other.yml}}\n");
    let (old, new) = (
        set("code"),
        set("tools")
            .replace("- {get: code, resource: qa-trigger", "- {get: tools}\n  - {get: code, resource: qa-trigger"),
    );
    weaker(&old, &new, &["deploy-shop-production", "the newest version of `tools`"]);
    assert!(
        validate(&new).contains("warning[unapproved-artifact]: `tools` is the newest version"),
        "{}",
        validate(&new)
    );
}

#[test]
fn empty_windows_and_expires_of_null_are_weaker() {
    let with = |fields: &str| {
        SHOP.replace(
            "destination: shop/-/Production/deploy, ",
            &format!("destination: shop/-/Production/deploy, {fields}, "),
        )
    };
    let window = "windows: [{days: [mon], from: \"09:00\", to: \"16:00\", zone: UTC}]";
    let old = with(&format!("{window}, expires: 1209600"));
    for (new, field) in [
        (with("windows: [], expires: 1209600"), "windows"),
        (with("windows: null, expires: 1209600"), "windows"),
        (with("expires: 1209600"), "windows"),
        (with(&format!("{window}, expires: null")), "expires"),
        (with(window), "expires"),
    ] {
        weaker(&old, &new, &["qa-trigger", field]);
        as_strong(&new, &old);
    }
    weaker(&with("windows: [((w))]"), &with("windows: []"), &["windows"]);
    weaker(&with("soak: 60"), &with("soak: null"), &["soak"]);
    weaker(&with("reject_labels: [x]"), &with("reject_labels: null"), &["reject_labels"]);
    as_strong(&with("expires: null"), &with("windows: []"));
    as_strong(&with("allow_commit_close: null"), &with("soak: null"));
}
