use std::sync::LazyLock;

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value, filters, tests};

/// Bytes that a text may come to.
pub(super) const MAX_FILLED: usize = 256 * 1024;

/// The filters, sorted.
pub(super) const FILTERS: [&str; 11] =
    ["credentials", "default", "join", "length", "lower", "pairs", "prefix_keys", "replace", "split", "trim", "upper"];

/// The expressions of the language: minijinja's operators but `*`, its tests, and a handful of filters.
pub(super) fn engine() -> &'static Environment<'static> {
    static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(|| {
        let mut engine = Environment::empty();
        engine.set_undefined_behavior(UndefinedBehavior::Strict);
        engine.set_fuel(Some(100_000));
        engine.add_filter("lower", filters::lower);
        engine.add_filter("upper", filters::upper);
        engine.add_filter("trim", filters::trim);
        engine.add_filter("default", filters::default);
        engine.add_filter("length", filters::length);
        engine.add_filter("replace", replace);
        engine.add_filter("join", join);
        engine.add_filter("split", filters::split);
        engine.add_filter("prefix_keys", prefix_keys);
        engine.add_filter("pairs", pairs);
        engine.add_filter("credentials", credentials);
        engine.add_test("undefined", tests::is_undefined);
        engine.add_test("defined", tests::is_defined);
        engine.add_test("none", tests::is_none);
        engine.add_test("boolean", tests::is_boolean);
        engine.add_test("number", tests::is_number);
        engine.add_test("integer", tests::is_integer);
        engine.add_test("string", tests::is_string);
        engine.add_test("sequence", tests::is_sequence);
        engine.add_test("mapping", tests::is_mapping);
        engine.add_test("startingwith", tests::is_startingwith);
        engine.add_test("endingwith", tests::is_endingwith);
        engine.add_test("eq", tests::is_eq);
        engine.add_test("ne", tests::is_ne);
        engine.add_test("in", tests::is_in);
        engine
    });
    &ENGINE
}

fn too_large() -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("grows beyond {MAX_FILLED} bytes when it is filled"))
}

/// minijinja's own, with a bound: a text of `x` with every `x` replaced by itself does not fit into any memory.
fn replace(text: &str, from: &str, to: &str) -> Result<String, Error> {
    let count = if from.is_empty() { text.chars().count() + 1 } else { text.matches(from).count() };
    match count.checked_mul(to.len()).and_then(|added| added.checked_add(text.len())) {
        Some(size) if size <= MAX_FILLED => Ok(text.replace(from, to)),
        _ => Err(too_large()),
    }
}

/// minijinja's own, with a bound, and only for texts and numbers.
fn join(list: &Value, separator: Option<&str>) -> Result<String, Error> {
    let mut out = String::new();
    for (index, item) in list.try_iter()?.enumerate() {
        if index > 0 {
            out.push_str(separator.unwrap_or_default());
        }
        match item.kind() {
            ValueKind::String | ValueKind::Number => out.push_str(&item.to_string()),
            _ => return Err(Error::new(ErrorKind::InvalidOperation, "`join` takes a list of texts and numbers")),
        }
        if out.len() > MAX_FILLED {
            return Err(too_large());
        }
    }
    Ok(out)
}

/// The entries of a map, as texts `KEY=VALUE`.
fn pairs(map: &Value) -> Result<Vec<String>, Error> {
    let pair = |key: Value| Ok(format!("{key}={}", map.get_item(&key)?));
    keys("pairs", map)?.map(pair).collect()
}

/// The keys of a map whose values hold a credential `((name))`. What a step of the build has read, `((.:name))`, is none.
fn credentials(map: &Value) -> Result<Vec<Value>, Error> {
    let mut found = Vec::new();
    for key in keys("credentials", map)? {
        let value = map.get_item(&key)?;
        if value.as_str().is_some_and(|text| text.split("((").skip(1).any(|rest| !rest.starts_with(".:"))) {
            found.push(key);
        }
    }
    Ok(found)
}

fn keys(filter: &str, map: &Value) -> Result<minijinja::value::ValueIter, Error> {
    if map.kind() != ValueKind::Map {
        return Err(Error::new(ErrorKind::InvalidOperation, format!("`{filter}` takes a map")));
    }
    map.try_iter()
}

/// A map whose keys all begin with a prefix; nothing for `none`, so that an option that was not given adds nothing.
fn prefix_keys(map: &Value, prefix: &str) -> Result<Value, Error> {
    if map.is_none() {
        return Ok(Value::from_pairs(std::iter::empty::<(Value, Value)>()));
    }
    let pairs = keys("prefix_keys", map)?
        .map(|key| Ok((Value::from(format!("{prefix}{key}")), map.get_item(&key)?)))
        .collect::<Result<Vec<_>, Error>>()?;
    Ok(Value::from_pairs(pairs))
}

#[cfg(test)]
mod own_filters {
    use super::*;

    fn evaluated(expression: &str) -> Result<Value, Error> {
        let env =
            Value::from_pairs([("A", "a=b"), ("B", "x((db.password))"), ("C", "((.:digest))"), ("D", "((.:a))((b))")]);
        let scope = Value::from_pairs([("env", env), ("none_yet", Value::from(()))]);
        engine().compile_expression(expression)?.eval(scope)
    }

    #[test]
    fn pairs_are_keys_with_their_values() {
        assert_eq!(
            evaluated("env | pairs | join(' ')").unwrap().to_string(),
            "A=a=b B=x((db.password)) C=((.:digest)) D=((.:a))((b))"
        );
        assert!(evaluated("none_yet | pairs").is_err());
    }

    #[test]
    fn credentials_are_what_the_build_has_not_read_itself() {
        assert_eq!(evaluated("env | credentials | join(' ')").unwrap().to_string(), "B D");
    }
}
