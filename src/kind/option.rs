use serde_json::Value as Json;

/// What a kind's schema says of an option, as far as it is asked for in every stage.
#[derive(Debug)]
pub(crate) struct KindOption {
    pub(crate) name: String,
    /// It is a path.
    pub(crate) is_path: bool,
    /// It is a list of paths.
    pub(crate) has_paths: bool,
    /// It is the name of a credential.
    pub(crate) is_secret: bool,
    /// It is a map of such names.
    pub(crate) has_secrets: bool,
    /// It is a map of the names of variables.
    pub(crate) has_variables: bool,
}

impl KindOption {
    /// The options that a schema declares, in its order.
    pub(super) fn of_schema(schema: &Json) -> Vec<Self> {
        let declared = schema.get("properties").and_then(Json::as_object);
        declared.into_iter().flatten().map(|(name, schema)| Self::new(name, schema)).collect()
    }

    fn new(name: &str, schema: &Json) -> Self {
        let is_path = |schema: &Json| schema.get("format").and_then(Json::as_str) == Some("path");
        let is_so = |schema: &Json, word: &str| schema.get(word).and_then(Json::as_bool) == Some(true);
        let values = |word: &str| schema.get("additionalProperties").is_some_and(|values| is_so(values, word));
        Self {
            name: name.to_owned(),
            is_path: is_path(schema),
            has_paths: schema.get("items").is_some_and(is_path),
            is_secret: is_so(schema, "x-secret"),
            has_secrets: values("x-secret"),
            has_variables: values("x-variable"),
        }
    }
}
