//! What a GraphQL answer is. GitHub sends nearly all of them with status 200, faults too.

use serde_json::Value;

use crate::text::one_line;

/// Texts of faults that pass. GitHub gives them no `type`.
const PASSING: [&str; 6] = [
    "something went wrong while executing your query",
    "couldn't respond to your request in time",
    "timed out",
    "timedout",
    "temporarily unavailable",
    "try again",
];

/// The error types that are faults of the server.
const PASSING_TYPES: [&str; 5] =
    ["INTERNAL", "INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT", "RESOURCE_LIMITS_EXCEEDED"];

/// The answer to a query.
pub(super) enum Reading {
    /// The whole of what was asked for.
    Data(Value),
    /// It is not there, or not to be seen.
    NotFound,
    /// The credentials may not see all of it.
    Forbidden(String),
    /// A rate limit.
    Limited,
    /// A fault that passes: the same query gets an answer later.
    Passing(String),
    /// Anything else: a query that the server does not understand, for one.
    Wrong(String),
}

impl Reading {
    pub(super) fn of(mut value: Value) -> Self {
        let errors = value.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
        let has_data = value.get("data").is_some_and(|data| !data.is_null());
        if errors.is_empty() {
            return if has_data {
                Self::Data(value["data"].take())
            } else {
                Self::Passing("the GraphQL answer has no data".to_owned())
            };
        }
        let types: Vec<&str> = errors.iter().filter_map(|error| error["type"].as_str()).collect();
        let messages: Vec<&str> = errors.iter().filter_map(|error| error["message"].as_str()).collect();
        let message = one_line(&messages.join("; "), 400);
        let lower = message.to_ascii_lowercase();
        let has_type = |wanted: &[&str]| types.iter().any(|kind| wanted.contains(kind));
        if has_type(&["RATE_LIMITED", "RATE_LIMIT"]) || lower.contains("secondary rate limit") {
            return Self::Limited;
        }
        if has_type(&["FORBIDDEN", "INSUFFICIENT_SCOPES"]) {
            return Self::Forbidden(message);
        }
        let passing = types.iter().all(|kind| PASSING_TYPES.contains(kind))
            && (!types.is_empty()
                || PASSING.iter().any(|text| lower.contains(text))
                // A query that the server does not understand is told where it went wrong.
                || (!has_data && errors.iter().all(|error| error["locations"].is_null() && error["extensions"].is_null())));
        if passing {
            return Self::Passing(message);
        }
        if has_type(&["NOT_FOUND"]) {
            return Self::NotFound;
        }
        Self::Wrong(message)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kind(value: Value) -> &'static str {
        match Reading::of(value) {
            Reading::Data(_) => "data",
            Reading::NotFound => "not found",
            Reading::Forbidden(_) => "forbidden",
            Reading::Limited => "limited",
            Reading::Passing(_) => "passing",
            Reading::Wrong(_) => "wrong",
        }
    }

    #[test]
    fn faults_that_pass_are_distinguished_from_refusals() {
        let error = |error: Value| json!({"data": null, "errors": [error]});
        let timeout = "We couldn't respond to your request in time. Sorry about that. Please try resubmitting your \
                       request and contact us if the problem persists.";
        let unknown = "Something went wrong while executing your query. Please include `0401:6C25` when reporting.";
        for passing in [
            error(json!({"message": unknown})),
            json!({"errors": [{"message": unknown}]}),
            json!({"data": {"repository": null}, "errors": [{"message": unknown, "path": ["repository"], "locations": []}]}),
            error(json!({"message": timeout})),
            error(json!({"message": "anything that has no type"})),
            error(json!({"type": "SERVICE_UNAVAILABLE", "message": "x"})),
            error(json!({"type": "RESOURCE_LIMITS_EXCEEDED", "message": "x"})),
            json!({"data": null}),
            json!({}),
            json!({"message": "Server Error"}),
        ] {
            assert_eq!(kind(passing.clone()), "passing", "{passing}");
        }
        let undefined = json!({"message": "Field 'x' doesn't exist on type 'Issue'", "locations": [{"line": 1, "column": 1}],
            "extensions": {"code": "undefinedField"}});
        for (value, wanted) in [
            (json!({"data": {"repository": {}}}), "data"),
            (json!({"errors": [undefined]}), "wrong"),
            (json!({"data": {"a": 1}, "errors": [{"message": "half of it"}]}), "wrong"),
            (error(json!({"type": "NOT_FOUND", "message": "Could not resolve to a Repository"})), "not found"),
            (json!({"data": null, "errors": [{"type": "NOT_FOUND"}, {"message": unknown}]}), "not found"),
            (error(json!({"type": "FORBIDDEN", "message": unknown})), "forbidden"),
            (error(json!({"type": "RATE_LIMITED"})), "limited"),
            (error(json!({"message": "You have exceeded a secondary rate limit."})), "limited"),
        ] {
            assert_eq!(kind(value.clone()), wanted, "{value}");
        }
    }
}
