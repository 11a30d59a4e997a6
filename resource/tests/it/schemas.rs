//! The published JSON Schemas of `source` and `params`: generated from the types, and true.

use std::fs;
use std::path::PathBuf;

use github_issues_resource::contract::{CompatPut, CompatSource, GatePut, GateSource};
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::support::*;

fn schema<T: schemars::JsonSchema>() -> Value {
    SchemaSettings::draft07().into_generator().into_root_schema_for::<T>().to_value()
}

fn published() -> Vec<(&'static str, Value)> {
    vec![
        ("github-issues.source.v1.json", schema::<GateSource>()),
        ("github-issues.params.v1.json", schema::<GatePut>()),
        ("github-issues.compat-source.v1.json", schema::<CompatSource>()),
        ("github-issues.compat-params.v1.json", schema::<CompatPut>()),
    ]
}

#[test]
fn published_schemas_are_those_of_the_types() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schemas");
    for (name, schema) in published() {
        let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        let path = folder.join(name);
        if std::env::var_os("OL_PIPEGEN_BLESS").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let there = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            there == text,
            "schemas/{name} is not that of the types; run OL_PIPEGEN_BLESS=1 cargo test -p github-issues-resource schemas"
        );
    }
}

#[test]
fn schemas_accept_what_the_executable_accepts_and_name_what_it_refuses() {
    let lab = Lab::new()
        .source("closers", json!({"roles": ["maintain"]}))
        .source("signing_key", SIGNING_KEY)
        .source("gate_aliases", json!(["old/-/CI/deployed"]));
    let validator = |name: &str| {
        let (_, schema) = published().into_iter().find(|(known, _)| *known == name).unwrap();
        jsonschema::validator_for(&schema).unwrap()
    };
    let source = validator("github-issues.source.v1.json");
    assert!(source.is_valid(&lab.gate_source("trigger")));
    for (key, value) in
        [("closer", json!({})), ("role", json!("both")), ("gate", json!("a/b/c/d")), ("closers", json!({"user": []}))]
    {
        let mut wrong = lab.gate_source("trigger");
        wrong[key] = value;
        assert!(!source.is_valid(&wrong), "{key}");
        lab.run("check", &json!({"source": wrong}), lab.temp.path(), None).fails("bad-source");
    }
    let params = validator("github-issues.params.v1.json");
    for good in [
        record_params(),
        json!({"action": "claim", "approval": "gate/approval.json"}),
        json!({"action": "report", "status": "failed"}),
    ] {
        assert!(params.is_valid(&good), "{good}");
        let mut wrong = good.clone();
        wrong["nonsense"] = json!(1);
        assert!(!params.is_valid(&wrong), "{wrong}");
    }
    let compat = validator("github-issues.compat-source.v1.json");
    let mut good = Lab::new().compat_source();
    good["app_id"] = json!(4711);
    assert!(compat.is_valid(&good));
    good["gates"] = json!("x");
    assert!(!compat.is_valid(&good));
    assert!(validator("github-issues.compat-params.v1.json").is_valid(&json!({"labels": ["x"], "close_if_file": "y"})));
}

/// README.md names every field, param and error there is, and its example shows each action.
#[test]
fn readme_leaves_nothing_out() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(folder.join("README.md")).unwrap();
    let mut names = Vec::new();
    for (_, schema) in published() {
        property_names(&schema, &mut names);
    }
    // Named together, as the credentials are, or as values of one field.
    for name in names {
        assert!(
            readme.contains(&format!("`{name}`"))
                || readme.contains(&format!("{{{name}"))
                || readme.contains(&format!(", {name}")),
            "README.md does not name `{name}`"
        );
    }
    let sources = ["src/error.rs", "../crates/github/src/error.rs", "../crates/github/src/ledger/refusal.rs"];
    let errors = sources.map(|source| fs::read_to_string(folder.join(source)).unwrap()).concat();
    let ids: Vec<&str> = errors
        .lines()
        .filter_map(|line| line.split_once("=> \"")?.1.strip_suffix("\","))
        .filter(|id| id.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
        .collect();
    assert!(ids.len() > 25, "{ids:?}");
    for id in ids {
        assert!(readme.contains(&format!("`{id}`")), "README.md does not explain `{id}`");
    }
    let yaml = readme.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    for (block, of) in [("action: record", "params"), ("action: claim", "params"), ("action: report", "params")] {
        assert!(yaml.contains(block), "the example has no {of} with {block}");
    }
}

fn property_names(schema: &Value, names: &mut Vec<String>) {
    match schema {
        Value::Object(object) => {
            if let Some(properties) = object.get("properties").and_then(Value::as_object) {
                names.extend(properties.keys().cloned());
            }
            object.values().for_each(|inner| property_names(inner, names));
        }
        Value::Array(array) => array.iter().for_each(|inner| property_names(inner, names)),
        _ => {}
    }
}
