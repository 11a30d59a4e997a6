//! The schemas as editors get them: what the program checks by, and what it knows besides.

use serde_json::{Map, Value, json};
use yaml_source::diagnostic::Rule;

use crate::kind::{Family, Kind, KindSet};

use super::schema::FileShape;

/// The schema of a file, with the options of the kinds at hand. Where a fleet says which kinds there are, others are
/// refused.
pub(crate) fn published_schema(shape: FileShape, kinds: &KindSet, closed: bool) -> String {
    let mut schema = shape.explained_schema();
    decorate(&mut schema, kinds, closed);
    add_defaults(&mut schema);
    let mut published = Map::from_iter([("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into())]);
    if let Value::Object(own) = schema {
        published.extend(own);
    }
    let mut text = serde_json::to_string_pretty(&Value::Object(published)).unwrap_or_default();
    text.push('\n');
    text
}

fn decorate(schema: &mut Value, kinds: &KindSet, closed: bool) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(|item| decorate(item, kinds, closed)),
        Value::Object(object) => {
            if object.get("x-removable").and_then(Value::as_bool) == Some(true) {
                for values in ["additionalProperties", "patternProperties"] {
                    accept_null(object.get_mut(values));
                }
            }
            if let Some(Value::Object(properties)) = object.get_mut("properties") {
                for (key, family) in [("stack", Family::Stack), ("with", Family::Build)] {
                    if let Some(choice) = properties.get_mut(key).filter(|choice| choice.get("x-choice").is_some()) {
                        *choice = choice_of(choice, kinds, family, closed);
                    }
                }
            }
            if let Some(Value::String(expected)) = object.get("x-expected") {
                // Editors show a pattern, unless they are told better.
                let message = format!("This is not {expected}.");
                object.insert("patternErrorMessage".to_owned(), message.into());
            }
            if object.contains_key("x-rules") {
                let names: Vec<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
                object.insert("propertyNames".to_owned(), json!({"enum": names}));
            }
            object.retain(|keyword, _| !keyword.starts_with("x-"));
            for (keyword, value) in object {
                match (keyword.as_str(), value) {
                    ("examples" | "default" | "enum", _) => {}
                    // Their keys are names, not keywords.
                    ("properties" | "patternProperties" | "$defs", Value::Object(schemas)) => {
                        schemas.values_mut().for_each(|schema| decorate(schema, kinds, closed));
                    }
                    (_, value) => decorate(value, kinds, closed),
                }
            }
        }
        _ => {}
    }
}

/// Null takes an inherited entry out.
fn accept_null(values: Option<&mut Value>) {
    match values {
        Some(Value::Object(patterns)) if patterns.keys().any(|key| key.starts_with('^')) => {
            patterns.values_mut().for_each(|value| *value = or_null(value));
        }
        Some(value @ Value::Object(_)) => *value = or_null(value),
        _ => {}
    }
}

fn or_null(value: &Value) -> Value {
    json!({"anyOf": [value, {"type": "null", "description": "Removes an inherited entry."}]})
}

fn choice_of(choice: &Value, kinds: &KindSet, family: Family, closed: bool) -> Value {
    let properties: Map<String, Value> =
        kinds.of(family).map(|kind| (kind.name().to_owned(), options_of(kind))).collect();
    let others = if closed { Value::Bool(false) } else { json!({"type": ["object", "null"]}) };
    json!({
        "description": choice.get("description").cloned().unwrap_or_default(),
        "examples": choice.get("examples").cloned().unwrap_or_default(),
        "type": "object",
        "minProperties": 1,
        // Beside the properties it would keep yaml-language-server from offering the first.
        "allOf": [{"maxProperties": 1}],
        "properties": properties,
        "additionalProperties": others,
    })
}

/// The options of a kind: none is required, for another layer may give it, and what is not text may be a hole.
fn options_of(kind: &Kind) -> Value {
    let mut schema = kind.options().clone();
    let Value::Object(object) = &mut schema else { return json!({"type": "object"}) };
    object.remove("required");
    object.insert("description".to_owned(), kind.about().into());
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        for property in properties.values_mut() {
            if property.get("type").is_some_and(|kind| kind != "string") {
                let mut either = json!({"anyOf": [property.clone(), {"type": "string", "pattern": r"^\{\{.*\}\}$"}]});
                for annotation in ["description", "default", "examples"] {
                    if let Some(value) = property.get(annotation) {
                        either[annotation] = value.clone();
                    }
                }
                *property = either;
            }
        }
    }
    schema
}

/// Shows beside each field what is built in.
fn add_defaults(schema: &mut Value) {
    let Value::Object(sections) = crate::project::built_in_defaults() else { return };
    for (section, fields) in sections {
        let target = schema.pointer(&format!("/$defs/StageSettings/properties/{section}/$ref")).and_then(Value::as_str);
        let Some(target) = target.map(|target| target.trim_start_matches('#').to_owned()) else { continue };
        let Value::Object(fields) = fields else { continue };
        for (field, default) in fields {
            if let Some(property) = schema.pointer_mut(&format!("{target}/properties/{field}")) {
                property["default"] = default;
            }
        }
    }
}
