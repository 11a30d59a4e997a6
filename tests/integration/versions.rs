//! A version is content: which one is the newest is decided by the version, and a name that can come to mean something
//! else is held to what it meant.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Ran, SHOP_FLEET, Work};

fn work(inputs: &str) -> Work {
    let manifest =
        format!("project: shop\nstack: {{script: {{image: alpine, deploy: ./d.sh}}}}\ninputs:\n  {inputs}\n");
    Work::new().file("pipegen.yml", SHOP_FLEET).file("projects/shop.yml", &manifest)
}

fn render(inputs: &str) -> Ran {
    work(inputs).run(&["render", "--quiet"])
}

fn pipeline(inputs: &str) -> Value {
    let work = work(inputs);
    work.run(&["render", "--quiet"]).fine();
    serde_saphyr::from_str(&work.read("rendered/shop.yml")).unwrap()
}

fn source(pipeline: &Value, name: &str) -> Value {
    let resources = pipeline["resources"].as_array().unwrap();
    resources.iter().find(|resource| resource["name"] == name).unwrap()["source"].clone()
}

/// All maps with that key, anywhere.
fn with_key<'v>(value: &'v Value, key: &str, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get(key));
            map.values().for_each(|value| with_key(value, key, found));
        }
        Value::Array(items) => items.iter().for_each(|value| with_key(value, key, found)),
        _ => {}
    }
}

fn found<'v>(pipeline: &'v Value, key: &str) -> Vec<&'v Value> {
    let mut all = Vec::new();
    with_key(pipeline, key, &mut all);
    all
}

#[test]
fn newest_by_version_is_the_order_of_versions() {
    for (image, expected) in [
        ("newest_by: version", json!({"semver_constraint": ">=0.0.0"})),
        ("versions: 27.x", json!({"semver_constraint": "27.x"})),
        ("versions: 27.x, newest_by: version", json!({"semver_constraint": "27.x"})),
        ("tag_regex: '^n-', newest_by: created", json!({"tag_regex": "^n-", "created_at_sort": true})),
        ("tag: '27.1'", json!({"tag": "27.1"})),
    ] {
        let pipeline = pipeline(&format!("ts: {{image: {{repository: typesense/typesense, {image}}}}}"));
        let mut source = source(&pipeline, "ts");
        source.as_object_mut().unwrap().remove("repository");
        assert_eq!(source, expected, "{image}");
    }
}

#[test]
fn pattern_of_tags_is_no_order_of_versions() {
    assert_snapshot!(
        render(r"ts: {image: {repository: typesense/typesense, tag_regex: '^27\.[0-9]+$', newest_by: version}}")
            .ended(1)
            .stderr,
        @r#"
        error[no-effect]: Concourse does not order the tags of `ts` by version when there is a `tag_regex`
         --> projects/shop.yml:4:60
          |
        4 |   ts: {image: {repository: typesense/typesense, tag_regex: '^27\.[0-9]+$', newest_by: version}}
          |                                                            ^^^^^^^^^^^^^^
          |
          = help: write `versions: 27.x` in place of `tag_regex`

        error: 1 error in 1 file; nothing was written
        "#
    );
    assert_snapshot!(
        render(r"ts: {image: {repository: typesense/typesense, tag_regex: '^27\.[0-9]+$'}}").ended(0).stderr,
        @r#"
        warning[unordered-tags]: the newest tag of `ts` is the last one that the registry lists
         --> projects/shop.yml:4:60
          |
        4 |   ts: {image: {repository: typesense/typesense, tag_regex: '^27\.[0-9]+$'}}
          |                                                            ^^^^^^^^^^^^^^
          |
          = note: most registries list tags by letters, where 27.9 comes after 27.10
          = help: write `versions: 27.x` in place of `tag_regex`, or add `newest_by: created`

        warning: 1 warning in 1 file
        "#
    );
    for (image, message) in [
        ("versions: 27.x, tag_regex: '^27'", "`ts` has both `versions` and `tag_regex`"),
        ("versions: 27.x, newest_by: created", "takes the highest version, not the youngest image"),
    ] {
        let ran = render(&format!("ts: {{image: {{repository: typesense/typesense, {image}}}}}")).ended(1);
        assert!(ran.stderr.contains(message), "{}", ran.stderr);
    }
    // Of what is built here, the same is true.
    let built = render("ts: {image: {repository: shop/ts, tag_regex: '^b'}, build: {with: {image: {}}}}").ended(0);
    assert!(built.stderr.contains("unordered-tags"), "{}", built.stderr);
}

#[test]
fn names_that_can_mean_something_else_are_held_to_their_content() {
    for (input, record, compared) in [
        (
            "github_release: {repository: example/tool}",
            json!({"except": ["body", "timestamp", "url"]}),
            "tool except body timestamp url",
        ),
        ("s3: {bucket: b, regexp: 'app-(.*).tgz'}", json!({"except": ["url"]}), "tool except url"),
        (
            "s3: {bucket: b, regexp: 'app-(.*).tgz'}, params: {download_tags: true}",
            json!({"except": ["tags.json", "url"]}),
            "tool except tags.json url",
        ),
        (
            "resource: {type: artifactory}, pin: version, content: [app.jar, lib]",
            json!({"only": ["app.jar", "lib"]}),
            "tool only app.jar lib",
        ),
        (
            "github_release: {repository: example/tool}, content: [checksums.txt]",
            json!({"only": ["checksums.txt"]}),
            "tool only checksums.txt",
        ),
        (
            "resource: {type: github-release, source: {owner: example, repository: tool}}, pin: tag",
            json!({"except": ["body", "timestamp", "url"]}),
            "tool except body timestamp url",
        ),
        (
            "resource: {type: s3, source: {bucket: b, regexp: 'app-(.*).tgz'}}, pin: version",
            json!({"except": ["url"]}),
            "tool except url",
        ),
    ] {
        let pipeline = pipeline(&format!("tool: {{{input}}}\nrules: {{unknown-resource-type: allow}}"));
        // QA and Production record it, and Production is held to what QA recorded.
        let recorded = found(&pipeline, "content");
        assert_eq!(recorded, [&json!({"tool": record}); 2], "{input}");
        assert_eq!(found(&pipeline, "CONTENT"), [&json!(compared)], "{input}");
    }
}

#[test]
fn content_is_not_hashed_where_the_version_is_content() {
    for input in [
        "git: {repository: https://github.com/example/lib}",
        "image: {repository: shop/tool}",
        "s3: {bucket: b, versioned_file: app.tgz}",
        "github_release: {repository: example/tool}, unpinned: its newest is as good",
        "resource: {type: semver}, pin: version",
        "resource: {type: s3, source: {bucket: b, versioned_file: app.tgz}}, pin: version",
    ] {
        let pipeline = pipeline(&format!("tool: {{{input}}}"));
        assert_eq!(found(&pipeline, "content"), Vec::<&Value>::new(), "{input}");
        assert_eq!(found(&pipeline, "CONTENT"), Vec::<&Value>::new(), "{input}");
    }
}

#[test]
fn content_is_named_by_paths_of_the_input() {
    for path in ["../x", "/etc/passwd", "a b", "a/", ".", "a//b", ""] {
        let ran = render(&format!("tool: {{resource: {{type: a}}, pin: v, content: ['{path}']}}")).ended(1);
        assert!(ran.stderr.contains("a file or folder of the input"), "{path}: {}", ran.stderr);
    }
    let ran = render(
        "tool: {github_release: {repository: example/tool}}\n  tool.sha256: {resource: {type: a}, pin: version}",
    )
    .ended(1);
    assert!(ran.stderr.contains("has the name of the hash of `tool`"), "{}", ran.stderr);
}
