//! The published schemas: what the program prints is what is committed, and what a fleet of one's own adds is there.

use std::fs;

use serde_json::Value;

use crate::support::{Work, root};

const BLESS: &str = "OL_PIPEGEN_BLESS=1 cargo test --test integration";

const FILES: [(&str, &str); 6] = [
    ("project", "project.v1.json"),
    ("fleet", "fleet.v1.json"),
    ("kind", "kind.v1.json"),
    ("pipeline", "concourse-pipeline.v1.json"),
    ("report", "report.v1.json"),
    ("scenario", "scenario.v1.json"),
];

fn schema(work: &Work, file: &str) -> Value {
    serde_json::from_str(&work.run(&["schema", file]).fine()).unwrap()
}

#[test]
fn committed_schemas_are_those_of_the_program() {
    let work = Work::new();
    for (file, name) in FILES {
        let printed = work.run(&["schema", file]).fine();
        let path = root().join("schemas").join(name);
        if std::env::var_os("OL_PIPEGEN_BLESS").is_some() {
            fs::write(&path, &printed).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == printed, "schemas/{name} is out of date; run `{BLESS}`");
    }
}

#[test]
fn schemas_are_schemas() {
    let work = Work::new();
    for (file, _) in FILES {
        let schema = schema(&work, file);
        assert!(jsonschema::meta::is_valid(&schema), "{file}");
        jsonschema::validator_for(&schema).unwrap();
    }
}

/// Every property that a schema speaks of, by its place.
fn properties<'s>(at: &str, schema: &'s Value, found: &mut Vec<(String, &'s Value)>) {
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        let at = format!("{at}/{key}");
        properties(&at, property, found);
        found.push((at, property));
    }
    for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
        properties(&format!("{at}#{name}"), definition, found);
    }
    for keyword in ["additionalProperties", "items", "then", "else"] {
        if schema[keyword].is_object() {
            properties(&format!("{at}/*"), &schema[keyword], found);
        }
    }
    for keyword in ["anyOf", "allOf"] {
        for schema in schema[keyword].as_array().into_iter().flatten() {
            properties(at, schema, found);
        }
    }
}

#[test]
fn every_field_says_what_it_is_for_with_an_example_that_fits() {
    let work = Work::new();
    let (mut silent, mut without, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for (file, _) in FILES {
        let schema = schema(&work, file);
        let mut found = Vec::new();
        properties(file, &schema, &mut found);
        assert!(found.len() > 10, "{file}: {} properties", found.len());
        for (at, property) in found {
            // What it does not say itself, it may say elsewhere.
            let elsewhere = property["$ref"].as_str().and_then(|target| schema.pointer(target.trim_start_matches('#')));
            let keyword_of = |keyword: &str| property.get(keyword).or_else(|| elsewhere?.get(keyword));
            if keyword_of("description").and_then(Value::as_str).is_none_or(str::is_empty) {
                silent.push(at.clone());
            }
            if file == "report" {
                // Nobody writes one.
                continue;
            }
            // An option of a kind that has a default shows that.
            let examples = keyword_of("examples").and_then(Value::as_array).filter(|examples| !examples.is_empty());
            if examples.is_none() && keyword_of("default").is_none() {
                without.push(at.clone());
            }
            let alone = serde_json::json!({"$defs": schema["$defs"], "allOf": [property]});
            let validator = jsonschema::validator_for(&alone).unwrap();
            for example in examples.into_iter().flatten() {
                wrong.extend(validator.iter_errors(example).map(|error| format!("{at}: {error}")));
            }
        }
    }
    assert_eq!((silent, without, wrong), <(Vec<String>, Vec<String>, Vec<String>)>::default());
}

#[test]
fn manifests_of_this_repository_fit_their_schemas() {
    let work = Work::new();
    let validator = |file: &str| jsonschema::validator_for(&schema(&work, file)).unwrap();
    let (project, fleet, kind) = (validator("project"), validator("fleet"), validator("kind"));
    let mut files = 0;
    for pattern in [
        "pipelines/*/*.yml",
        "pipelines/*/projects/*.yml",
        "tests/fixtures/{examples,alone}/**/*.yml",
        "templates/{stacks,builds}/*.yml",
    ] {
        let patterns: Vec<String> = match pattern.split_once('{') {
            None => vec![pattern.to_owned()],
            Some((before, rest)) => {
                let (choices, after) = rest.split_once('}').unwrap();
                choices.split(',').map(|choice| format!("{before}{choice}{after}")).collect()
            }
        };
        for path in patterns.iter().flat_map(|pattern| glob::glob(root().join(pattern).to_str().unwrap()).unwrap()) {
            let path = path.unwrap();
            let document: Value = serde_saphyr::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let validator = match path.file_name().unwrap().to_str().unwrap() {
                "pipegen.yml" => &fleet,
                _ if path.to_str().unwrap().contains("/templates/") => &kind,
                _ => &project,
            };
            let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{}: {errors:?}", path.display());
            files += 1;
        }
    }
    assert!(files > 35, "{files} files");
}

#[test]
fn kinds_of_a_fleet_are_in_its_schema() {
    let kind = "version: 1\nabout: deploys it\noptions:\n  type: object\n  required: [size]\n  properties: {size: {type: integer, description: How large.}}\nsteps: []\n";
    let work = Work::new().file("pipegen.yml", "version: 1\n").file("kinds/stacks/own.yml", kind);
    let schema = schema(&work, "project");
    let validator = jsonschema::validator_for(&schema).unwrap();
    let manifest = |text: &str| serde_saphyr::from_str::<Value>(text).unwrap();
    assert!(validator.is_valid(&manifest("stack: {own: {size: 3}}")));
    assert!(validator.is_valid(&manifest("stack: {own: {size: '{{ values.size }}'}}")), "a hole keeps its type");
    assert!(validator.is_valid(&manifest("stack: {own: {}}")), "another layer may give it");
    assert!(validator.is_valid(&manifest("stack: {pulumi: {path: a}}")));
    assert!(!validator.is_valid(&manifest("stack: {own: {size: large}}")));
    assert!(!validator.is_valid(&manifest("stack: {own: {sise: 3}}")));
    assert!(!validator.is_valid(&manifest("stack: {other: {}}")), "in a fleet the kinds are known");
    assert!(!validator.is_valid(&manifest("stack: {own: {}, pulumi: {}}")));
    let open = jsonschema::validator_for(&self::schema(&Work::new(), "project")).unwrap();
    assert!(open.is_valid(&manifest("stack: {other: {}}")), "elsewhere there may be others");
}

#[test]
fn null_takes_out_where_keys_are_the_users_and_nowhere_else() {
    let validator = jsonschema::validator_for(&schema(&Work::new(), "project")).unwrap();
    let manifest = |text: &str| serde_saphyr::from_str::<Value>(text).unwrap();
    for text in [
        "env: {A: ~}",
        "values: {a: ~}",
        "inputs: {a: ~}",
        "inputs: {a: {pin: ~, build: {from: {b: ~}}}}",
        "overrides: {QA: ~}",
    ] {
        assert!(validator.is_valid(&manifest(text)), "{text}");
    }
    for text in ["gate: ~", "environments: ~", "source: {paths: ~}", "timeout: ~", "issues: {labels: ~}"] {
        assert!(!validator.is_valid(&manifest(text)), "{text}");
    }
}

/// What the schema of pipelines accepts is held against files that the real `fly` accepts, by `tests/editors/run`.
#[test]
fn pipelines_are_held_against_what_concourse_reads() {
    let validator = jsonschema::validator_for(&schema(&Work::new(), "pipeline")).unwrap();
    let job = |job: &str| serde_saphyr::from_str::<Value>(&format!("jobs: [{{name: a, {job}}}]")).unwrap();
    let rendered = glob::glob(root().join("pipelines/*/rendered/*.yml").to_str().unwrap()).unwrap();
    let mut files = 0;
    for path in rendered.map(Result::unwrap) {
        let pipeline: Value = serde_saphyr::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let errors: Vec<String> = validator.iter_errors(&pipeline).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
        files += 1;
    }
    assert!(files > 20, "{files} files");
    for accepted in ["plan: [{get: a, timeout: soon}]", "plan: [{do: ~}]", "serial: ((serial))", "serial: yes"] {
        assert!(validator.is_valid(&job(accepted)), "{accepted}");
    }
    for refused in [
        "plna: []",
        "serial: maybe",
        "plan: [{attempts: 3}]",
        "plan: [{get: a, triger: true}]",
        "plan: [{get: a, put: a}]",
        "plan: [{get: 1}]",
        "plan: [{task: a}]",
        "plan: [{task: a, config: {run: {path: a}}}]",
        "plan: [{task: a, config: {platform: linux, ouputs: []}}]",
        "plan: [{do: [{try: {in_parallel: {steps: [{get: a, pased: []}]}}}]}]",
        "plan: [{do: [], timeout: 1d}]",
        "plan: [{get: a, attempts: 0}]",
        "plan: [{get: a, on_failure: ~}]",
        "plan: [{get: a, fail_fast: true}]",
        "plan: [{get: a, across: []}]",
        "plan: [{load_var: a}]",
        "plan: [{task: a, file: a/b, container_limits: {memory: 1TB}}]",
    ] {
        assert!(!validator.is_valid(&job(refused)), "{refused}");
    }
}
