//! The JSON Schemas of manifests and fleets: made from the types, used to check files and published for editors.
//!
//! Files are checked against what is kept of them in `checked/`: the same without what only editors show. Deriving them
//! from the types in each run would take as long as rendering three pipelines; a test holds both equal.

use std::sync::LazyLock;

use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::kind::KindFields;
use crate::simulate::ScenarioFields;

use super::files::{ChainFields, FleetFields, ManifestFields};
use super::scalars::Template;
use super::settings::StageSettings;

/// A file of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileShape {
    /// `projects/NAME.yml`.
    Manifest,
    /// `pipegen.yml`.
    Fleet,
    /// `kinds/stacks/KIND.yml` or `kinds/builds/KIND.yml`.
    Kind,
    /// A scenario of `simulate`.
    Scenario,
}

impl FileShape {
    /// What a person calls it.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Manifest => "a manifest",
            Self::Fleet => "a fleet",
            Self::Kind => "a kind",
            Self::Scenario => "a scenario",
        }
    }

    /// Its name on the command line.
    pub(super) const fn argument(self) -> &'static str {
        match self {
            Self::Manifest => "project",
            Self::Fleet => "fleet",
            Self::Kind => "kind",
            Self::Scenario => "scenario",
        }
    }

    /// How to begin such a file.
    pub(super) const fn beginning(self) -> &'static str {
        match self {
            Self::Manifest => "write `project: NAME` and `stack: {KIND: …}`",
            Self::Fleet => "write `version: 1` and `defaults: {…}`; `ol-pipegen init` shows an example",
            Self::Kind => "write `version: 1` and the fields that `ol-pipegen kind show script` shows",
            Self::Scenario => "write `scenario: WHAT IT SHOWS`, `pipelines: [PATH]` and `steps: […]`",
        }
    }

    /// The schema that files of this shape are checked against. Nothing is required, for another layer may say it.
    pub(crate) fn schema(self) -> &'static Value {
        static MANIFEST: LazyLock<Value> = LazyLock::new(|| kept(FileShape::Manifest));
        static FLEET: LazyLock<Value> = LazyLock::new(|| kept(FileShape::Fleet));
        static KIND: LazyLock<Value> = LazyLock::new(|| kept(FileShape::Kind));
        static SCENARIO: LazyLock<Value> = LazyLock::new(|| kept(FileShape::Scenario));
        match self {
            Self::Manifest => &MANIFEST,
            Self::Fleet => &FLEET,
            Self::Kind => &KIND,
            Self::Scenario => &SCENARIO,
        }
    }

    /// The same with all that there is to say of it.
    pub(super) fn explained_schema(self) -> Value {
        build(self)
    }

    /// The validator of that schema, which can say what is wrong.
    pub(super) fn validator(self) -> &'static Validator {
        static MANIFEST: LazyLock<Validator> = LazyLock::new(|| validator(FileShape::Manifest));
        static FLEET: LazyLock<Validator> = LazyLock::new(|| validator(FileShape::Fleet));
        static KIND: LazyLock<Validator> = LazyLock::new(|| validator(FileShape::Kind));
        static SCENARIO: LazyLock<Validator> = LazyLock::new(|| validator(FileShape::Scenario));
        match self {
            Self::Manifest => &MANIFEST,
            Self::Fleet => &FLEET,
            Self::Kind => &KIND,
            Self::Scenario => &SCENARIO,
        }
    }

    /// The settings that a fleet takes only in its `defaults`.
    pub(crate) fn settings_of_defaults() -> impl Iterator<Item = &'static str> {
        let properties = |schema: &'static Value| schema["properties"].as_object().into_iter().flat_map(Map::keys);
        let fleet = Self::Fleet.schema();
        properties(&fleet["properties"]["defaults"])
            .map(String::as_str)
            .filter(|key| fleet["properties"].get(*key).is_none())
    }

    /// The top-level keys that belong to a layer of settings.
    pub(crate) fn is_stage_setting(key: &str) -> bool {
        static KEYS: LazyLock<Vec<String>> = LazyLock::new(|| {
            FileShape::Manifest.schema()["$defs"]["StageSettings"]["properties"]
                .as_object()
                .map(|properties| properties.keys().cloned().collect())
                .unwrap_or_default()
        });
        KEYS.iter().any(|known| known == key)
    }
}

fn kept(shape: FileShape) -> Value {
    let text = match shape {
        FileShape::Manifest => include_str!("checked/manifest.json"),
        FileShape::Fleet => include_str!("checked/fleet.json"),
        FileShape::Kind => include_str!("checked/kind.json"),
        FileShape::Scenario => include_str!("checked/scenario.json"),
    };
    serde_json::from_str(text).expect("internal error: a schema of this program is not JSON")
}

fn validator(shape: FileShape) -> Validator {
    compile_own(shape.schema())
}

/// Compiles a schema of somebody else's. Its patterns are matched in linear time.
///
/// # Errors
///
/// When it is no schema.
pub(crate) fn compile(schema: &Value) -> Result<Validator, Box<ValidationError<'_>>> {
    jsonschema::options().with_pattern_options(PatternOptions::regex()).build(schema).map_err(Box::new)
}

/// Compiles a schema of this program's. They keep to what draft 7 and draft 2020-12 have in common, and that of draft
/// 7 is the smaller one to hold them against: with the other, half of the time of a small run is spent on it.
pub(crate) fn compile_own(schema: &Value) -> Validator {
    jsonschema::options()
        .with_draft(Draft::Draft7)
        .with_pattern_options(PatternOptions::regex())
        .build(schema)
        .expect("internal error: a schema of this program is none")
}

fn build(shape: FileShape) -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let (title, description, properties) = match shape {
        FileShape::Manifest => {
            let mut all = properties::<ManifestFields>(&mut generator);
            let settings = settings(&mut generator);
            let project = object("A project: what it says lies over what stands beside `projects`.", &settings);
            let projects = json!({
                "description": "Several projects, by their names: one pipeline.",
                "type": "object",
                "examples": [{"shop-network": {}, "shop-cluster": {"needs": ["shop-network"]}}],
                "minProperties": 1,
                "additionalProperties": project,
                "x-template-keys": true,
            });
            all.insert("projects".to_owned(), projects);
            all.extend(settings);
            ("Manifest of ol-pipegen", "One pipeline: a project, its environments and the gates between them.", all)
        }
        FileShape::Fleet => {
            let mut pipeline = generator.subschema_for::<Template>().to_value();
            pipeline["description"] = "The name of each pipeline.".into();
            pipeline["examples"] = json!(["pulumi-{{ name }}"]);
            let mut defaults = Map::from_iter([("pipeline".to_owned(), pipeline)]);
            defaults.extend(settings(&mut generator));
            let mut all = properties::<FleetFields>(&mut generator);
            let mut defaults = object("Any setting of a project.", &defaults);
            defaults["examples"] = json!([{"environments": ["CI", "QA", "Production"]}]);
            all.insert("defaults".to_owned(), defaults);
            ("Fleet of ol-pipegen", "What the manifests of a fleet share.", all)
        }
        FileShape::Kind => (
            "Kind of ol-pipegen",
            "What deploys a stage, or builds an input, in Concourse's own words.",
            properties::<KindFields>(&mut generator),
        ),
        FileShape::Scenario => (
            "Scenario of ol-pipegen",
            "What happens to pipelines, and what comes of it.",
            properties::<ScenarioFields>(&mut generator),
        ),
    };
    let mut schema = object(description, &properties);
    schema["title"] = title.into();
    schema["$defs"] = Value::Object(generator.take_definitions(true));
    normalise(&mut schema);
    schema
}

/// What a layer may say.
fn settings(generator: &mut SchemaGenerator) -> Map<String, Value> {
    let overrides = json!({
        "description": "Settings of one environment, one group or one stage (`GROUP.ENVIRONMENT`). The more precise \
            wins, whichever file it stands in.",
        "examples": [{"Production": {"gate": "preview"}, "partners.Production": {"timeout": "2h"}}],
        "type": "object",
        "additionalProperties": generator.subschema_for::<StageSettings>().to_value(),
        "x-removable": true,
    });
    let mut settings = properties::<ChainFields>(generator);
    settings.extend(properties::<StageSettings>(generator));
    settings.insert("overrides".to_owned(), overrides);
    settings
}

fn properties<T: JsonSchema>(generator: &mut SchemaGenerator) -> Map<String, Value> {
    let mut schema = T::json_schema(generator).to_value();
    match schema.get_mut("properties").map(Value::take) {
        Some(Value::Object(properties)) => properties,
        _ => Map::new(),
    }
}

fn object(description: &str, properties: &Map<String, Value>) -> Value {
    json!({
        "description": description,
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    })
}

/// Makes of what schemars derives what the language means: nothing is required, null is not accepted where absence
/// will do, and a choice of words is an `enum` whose explanations editors show.
fn normalise(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(normalise),
        Value::Object(object) => {
            object.remove("required");
            // A default of a type is that of an absent field, which another layer may give.
            object.remove("default");
            if let Some(Value::String(text)) = object.get_mut("description") {
                // The line breaks of a doc comment are those of its source file.
                *text = text.split("\n\n").map(|part| part.replace('\n', " ")).collect::<Vec<_>>().join("\n\n");
            }
            let nullable = object.get("x-null").is_some();
            if !nullable {
                if let Some(Value::Array(types)) = object.get_mut("type") {
                    types.retain(|name| name != "null");
                    if let [only] = types.as_slice() {
                        object["type"] = only.clone();
                    }
                }
                if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
                    choices.retain(|choice| *choice != json!({"type": "null"}));
                    if let [Value::Object(only)] = choices.as_slice() {
                        let only = only.clone();
                        object.remove("anyOf");
                        for (key, value) in only {
                            object.entry(key).or_insert(value);
                        }
                    }
                }
            }
            if let Some(Value::Array(choices)) = object.get("oneOf")
                && choices.iter().all(|choice| choice.get("const").is_some())
            {
                let words: Vec<Value> = choices.iter().map(|choice| choice["const"].clone()).collect();
                let about: Vec<Value> =
                    choices.iter().map(|choice| choice.get("description").cloned().unwrap_or_default()).collect();
                object.remove("oneOf");
                object.insert("type".to_owned(), "string".into());
                object.insert("enum".to_owned(), words.into());
                object.insert("markdownEnumDescriptions".to_owned(), about.into());
            }
            object.iter_mut().filter(|(keyword, _)| *keyword != "examples").for_each(|(_, value)| normalise(value));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes out what says nothing of whether a file is right.
    fn strip(schema: &mut Value, is_schema: bool) {
        match schema {
            Value::Array(items) => items.iter_mut().for_each(|item| strip(item, true)),
            Value::Object(object) => {
                if is_schema {
                    for annotation in ["title", "description", "examples", "markdownEnumDescriptions"] {
                        object.remove(annotation);
                    }
                }
                for (key, value) in object {
                    // The keys of these are names of the language.
                    strip(value, !is_schema || !matches!(key.as_str(), "properties" | "patternProperties" | "$defs"));
                }
            }
            _ => {}
        }
    }

    #[test]
    fn files_are_checked_against_the_schemas_of_the_types() {
        let shapes = [
            (FileShape::Manifest, "manifest"),
            (FileShape::Fleet, "fleet"),
            (FileShape::Kind, "kind"),
            (FileShape::Scenario, "scenario"),
        ];
        for (shape, name) in shapes {
            let mut derived = shape.explained_schema();
            strip(&mut derived, true);
            if std::env::var_os("OL_PIPEGEN_BLESS").is_some() {
                let path = format!("{}/src/manifest/checked/{name}.json", env!("CARGO_MANIFEST_DIR"));
                std::fs::write(path, serde_json::to_string_pretty(&derived).unwrap() + "\n").unwrap();
            } else {
                let stale = "src/manifest/checked is out of date; run `OL_PIPEGEN_BLESS=1 cargo test --lib`";
                assert!(*shape.schema() == derived, "{stale}");
            }
        }
    }
}
