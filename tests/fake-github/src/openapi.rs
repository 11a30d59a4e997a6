//! GitHub's `OpenAPI` description, as far as the resource uses the API.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use jsonschema::Validator;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// One of GitHub's descriptions.
#[derive(Deserialize)]
pub struct Description {
    operations: Vec<Operation>,
    #[serde(rename = "$defs")]
    defs: Map<String, Value>,
}

/// One operation.
#[derive(Deserialize)]
pub struct Operation {
    /// GitHub's name for it.
    pub id: String,
    method: String,
    path: String,
    parameters: Vec<Parameter>,
    body: Option<Value>,
    answers: BTreeMap<String, Option<Value>>,
    #[serde(skip)]
    body_validator: OnceLock<Validator>,
    #[serde(skip)]
    answer_validators: OnceLock<BTreeMap<String, Validator>>,
}

#[derive(Deserialize)]
struct Parameter {
    name: String,
    #[serde(rename = "in")]
    place: String,
    required: bool,
    schema: Value,
    #[serde(skip)]
    validator: OnceLock<Validator>,
}

static GITHUB: LazyLock<Description> = LazyLock::new(|| read(include_str!("../description/github.json")));
static GHES: LazyLock<Description> = LazyLock::new(|| read(include_str!("../description/ghes.json")));

fn read(text: &str) -> Description {
    serde_json::from_str(text).expect("extract.mjs writes what is read here")
}

impl Description {
    /// Of api.github.com.
    pub fn github() -> &'static Self {
        &GITHUB
    }

    /// Of the newest GitHub Enterprise Server.
    pub fn ghes() -> &'static Self {
        &GHES
    }

    /// The operation of a request, and the values in its path.
    pub fn operation(&self, method: &str, path: &str) -> Option<(&Operation, BTreeMap<String, String>)> {
        self.operations.iter().filter(|operation| operation.method == method).find_map(|operation| {
            let (want, have): (Vec<&str>, Vec<&str>) = (operation.path.split('/').collect(), path.split('/').collect());
            if want.len() != have.len() {
                return None;
            }
            let mut values = BTreeMap::new();
            for (want, have) in want.iter().zip(&have) {
                match want.strip_prefix('{').and_then(|want| want.strip_suffix('}')) {
                    Some(name) if !have.is_empty() => {
                        values.insert(name.to_owned(), (*have).to_owned());
                    }
                    _ if want == have => {}
                    _ => return None,
                }
            }
            Some((operation, values))
        })
    }

    /// What is wrong with a request.
    pub fn check_request(
        &self,
        operation: &Operation,
        path: &BTreeMap<String, String>,
        query: &[(String, String)],
        body: Option<&Value>,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        for (name, value) in query {
            if !operation.parameters.iter().any(|parameter| parameter.place == "query" && parameter.name == *name) {
                wrong.push(format!("{}: no parameter `{name}` (={value}) is described", operation.id));
            }
        }
        for parameter in &operation.parameters {
            let given = match parameter.place.as_str() {
                "path" => path.get(&parameter.name),
                "query" => query.iter().find(|(name, _)| *name == parameter.name).map(|(_, value)| value),
                _ => continue,
            };
            match given {
                None if parameter.required => wrong.push(format!("{}: `{}` is required", operation.id, parameter.name)),
                None => {}
                Some(text) => {
                    let value = match text.parse::<i64>() {
                        Ok(number) if mentions_integer(&parameter.schema) => json!(number),
                        _ => json!(text),
                    };
                    let validator = parameter.validator.get_or_init(|| self.validator(&parameter.schema));
                    if let Err(error) = validator.validate(&value) {
                        wrong.push(format!("{}: `{}`: {error}", operation.id, parameter.name));
                    }
                }
            }
        }
        match (&operation.body, body) {
            (Some(schema), Some(body)) => {
                let validator = operation.body_validator.get_or_init(|| self.validator(schema));
                wrong.extend(validator.iter_errors(body).map(|error| format!("{}: the body: {error}", operation.id)));
                wrong.extend(
                    self.undescribed_in(schema, body, "")
                        .into_iter()
                        .map(|path| format!("{}: the body's `{path}` is not described", operation.id)),
                );
            }
            (None, Some(body)) => wrong.push(format!("{}: no body is described, and there is {body}", operation.id)),
            _ => {}
        }
        wrong
    }

    /// What is wrong with an answer.
    pub fn check_answer(&self, operation: &Operation, status: u16, body: Option<&Value>) -> Vec<String> {
        let status = status.to_string();
        let Some(schema) = operation.answers.get(&status) else {
            return vec![format!("{}: no answer {status} is described", operation.id)];
        };
        let (Some(schema), Some(body)) = (schema, body) else { return Vec::new() };
        let validators = operation.answer_validators.get_or_init(|| {
            operation
                .answers
                .iter()
                .filter_map(|(status, schema)| Some((status.clone(), self.validator(schema.as_ref()?))))
                .collect()
        });
        let mut wrong: Vec<String> = validators[&status]
            .iter_errors(body)
            .map(|error| format!("{}: answer {status}: {} at {}", operation.id, error, error.instance_path()))
            .collect();
        wrong.extend(
            self.undescribed_in(schema, body, "")
                .into_iter()
                .map(|path| format!("{}: answer {status}: `{path}` is not described", operation.id)),
        );
        wrong
    }

    fn validator(&self, schema: &Value) -> Validator {
        let mut schema = schema.clone();
        if let Some(object) = schema.as_object_mut() {
            object.insert("$defs".to_owned(), Value::Object(self.defs.clone()));
        }
        jsonschema::validator_for(&schema).expect("GitHub's schemas are schemas")
    }

    fn solid<'a>(&'a self, mut schema: &'a Value) -> &'a Value {
        while let Some(name) = schema["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/")) {
            schema = &self.defs[name];
        }
        schema
    }

    /// All schemas that `schema` is put together from.
    fn parts<'a>(&'a self, schema: &'a Value, parts: &mut Vec<&'a Value>) {
        let schema = self.solid(schema);
        parts.push(schema);
        for key in ["allOf", "anyOf", "oneOf"] {
            for part in schema[key].as_array().into_iter().flatten() {
                self.parts(part, parts);
            }
        }
    }

    /// The schemas of a property, in whichever part.
    fn property<'a>(&'a self, schema: &'a Value, name: &str) -> Vec<&'a Value> {
        let mut parts = Vec::new();
        self.parts(schema, &mut parts);
        let mut found: Vec<&Value> = parts.iter().filter_map(|part| part["properties"].get(name)).collect();
        found.extend(parts.iter().map(|part| &part["additionalProperties"]).filter(|free| free.is_object()));
        found
    }

    fn items<'a>(&'a self, schema: &'a Value) -> Vec<&'a Value> {
        let mut parts = Vec::new();
        self.parts(schema, &mut parts);
        parts.iter().filter_map(|part| part.get("items")).collect()
    }

    /// Names in `value` that no part of `schema` has, although it has some.
    fn undescribed_in(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let mut unknown = Vec::new();
        match value {
            Value::Object(object) => {
                for (name, inner) in object {
                    let found = self.property(schema, name);
                    if found.is_empty() {
                        unknown.push(format!("{at}/{name}"));
                    }
                    // It is enough that one of the alternatives describes it all.
                    unknown.extend(least(
                        found.iter().map(|schema| self.undescribed_in(schema, inner, &format!("{at}/{name}"))),
                    ));
                }
            }
            Value::Array(array) => {
                let items = self.items(schema);
                for inner in array {
                    unknown.extend(least(
                        items.iter().map(|schema| self.undescribed_in(schema, inner, &format!("{at}/[]"))),
                    ));
                }
            }
            _ => {}
        }
        unknown
    }

    /// Names that a program reads (as the JSON Schema of its types) and an operation's answer does not have.
    ///
    /// # Panics
    ///
    /// When there is no such operation or answer.
    pub fn undescribed(&self, operation: &str, status: u16, read: &Value) -> Vec<String> {
        let operation = self.operations.iter().find(|known| known.id == operation).expect("an operation of this name");
        let answer = operation.answers[&status.to_string()].as_ref().expect("an answer with a body");
        let defs = read.get("$defs").cloned().unwrap_or_default();
        self.undescribed_by(read, &defs, &[answer], "")
    }

    fn undescribed_by(&self, read: &Value, defs: &Value, described: &[&Value], at: &str) -> Vec<String> {
        if let Some(name) = read["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/")) {
            return self.undescribed_by(&defs[name], defs, described, at);
        }
        let mut unknown = Vec::new();
        for key in ["allOf", "anyOf", "oneOf"] {
            for part in read[key].as_array().into_iter().flatten() {
                unknown.extend(self.undescribed_by(part, defs, described, at));
            }
        }
        if let Some(items) = read.get("items") {
            let described: Vec<&Value> = described.iter().flat_map(|schema| self.items(schema)).collect();
            unknown.extend(self.undescribed_by(items, defs, &described, &format!("{at}/[]")));
        }
        for (name, inner) in read["properties"].as_object().into_iter().flatten() {
            let found: Vec<&Value> = described.iter().flat_map(|schema| self.property(schema, name)).collect();
            if found.is_empty() {
                unknown.push(format!("{at}/{name}"));
            } else {
                unknown.extend(self.undescribed_by(inner, defs, &found, &format!("{at}/{name}")));
            }
        }
        unknown
    }
}

fn mentions_integer(schema: &Value) -> bool {
    schema["type"] == "integer"
        || ["anyOf", "oneOf"]
            .iter()
            .any(|key| schema[key].as_array().is_some_and(|parts| parts.iter().any(mentions_integer)))
}

fn least(lists: impl Iterator<Item = Vec<String>>) -> Vec<String> {
    lists.min_by_key(Vec::len).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(id: &str) -> &'static Operation {
        Description::github().operations.iter().find(|operation| operation.id == id).expect("an operation of this name")
    }

    #[test]
    fn request_outside_the_description_is_told() {
        let github = Description::github();
        let (list, path) = github.operation("GET", "/repos/o/r/issues").expect("the list of issues");
        let query = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        assert!(github.check_request(list, &path, &query("state", "closed"), None).is_empty());
        assert!(!github.check_request(list, &path, &query("state", "shut"), None).is_empty());
        assert!(!github.check_request(list, &path, &query("stat", "closed"), None).is_empty());
        assert!(!github.check_request(list, &path, &query("per_page", "many"), None).is_empty());
        let create = operation("issues/create");
        assert!(!github.check_request(create, &path, &[], Some(&json!({"body": "no title"}))).is_empty());
        assert!(!github.check_request(create, &path, &[], Some(&json!({"title": "t", "nonsense": 1}))).is_empty());
    }

    #[test]
    fn answer_outside_the_description_is_told() {
        let github = Description::github();
        let create = operation("issues/create-comment");
        assert!(!github.check_answer(create, 418, None).is_empty());
        assert!(!github.check_answer(create, 201, Some(&json!({"id": "text"}))).is_empty());
    }

    #[test]
    fn field_that_github_does_not_describe_is_told() {
        let read = json!({"properties": {"number": {}, "nonsense": {}, "user": {"anyOf": [{"$ref": "#/$defs/User"}]}},
            "$defs": {"User": {"properties": {"id": {}, "shoe_size": {}}}}});
        assert_eq!(Description::github().undescribed("issues/get", 200, &read), ["/nonsense", "/user/shoe_size"]);
    }
}
