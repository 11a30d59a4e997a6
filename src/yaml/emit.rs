use std::borrow::Cow;

use serde::Serialize;

use super::value::OLD_TEMPLATE;

/// Why something could not be written.
#[derive(Debug, thiserror::Error)]
#[error("internal error: {0}")]
pub struct EmitError(#[from] serde_saphyr::SerializeError);

/// Writes a value as a YAML document: block style, no anchors, no merge keys, multi-line text as `|`, quotes where any
/// reader on Concourse's path would otherwise read something else.
///
/// # Errors
///
/// When the value holds something that YAML cannot say: a bug of this program.
pub fn emit(value: &impl Serialize) -> Result<String, EmitError> {
    let options = serde_saphyr::ser_options! {
        // A folded block is the same text to a parser, and another one to a person.
        folded_wrap_chars: usize::MAX,
    };
    let mut text = serde_saphyr::to_string_with_options(value, options)?;
    // Each such text stands in double quotes (`Text`), where the escape is the same character.
    if text.contains("{{")
        && let Cow::Owned(escaped) = OLD_TEMPLATE.replace_all(&text, r"\u007b{${1}}}")
    {
        text = escaped;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::Value;

    fn written(value: &Value) -> String {
        emit(value).unwrap()
    }

    #[test]
    fn traps_are_quoted() {
        for text in ["on", "y", "No", "1_000", "012", "12:30", "1.10", "null", "~", "", "true", "2001-01-01", "<<", "="]
        {
            let line = written(&Value::map([("a", text.into())]));
            let value = line.trim_end().strip_prefix("a: ").unwrap();
            assert!(value.starts_with(['"', '\'']), "{text:?} came out as {value}");
        }
        assert_eq!(written(&Value::map([("on", "a".into())])), "\"on\": a\n");
    }

    #[test]
    fn old_template_is_hidden_from_old_fly() {
        assert_eq!(written(&Value::map([("a", "x {{name}} y".into())])), "a: \"x \\u007b{name}} y\"\n");
        let script = written(&Value::map([("a", "echo {{one}}\necho {{two}}\n".into())]));
        assert_eq!(script, "a: \"echo \\u007b{one}}\\necho \\u007b{two}}\\n\"\n");
        // Not what fly looks for: left as it is.
        assert_eq!(
            written(&Value::map([("a", "docker ps --format {{.Names}}\n".into())])),
            "a: |\n  docker ps --format {{.Names}}\n"
        );
    }

    #[test]
    fn scripts_are_blocks() {
        assert_eq!(written(&Value::map([("a", "set -e\n\tif x; then\n".into())])), "a: |\n  set -e\n  \tif x; then\n");
        assert_eq!(written(&Value::map([("a", "\tb\nc\n".into())])), "a: \"\\tb\\nc\\n\"\n");
        let long = "word ".repeat(100);
        assert_eq!(written(&Value::map([("a", long.trim_end().into())])).lines().count(), 1);
    }

    #[test]
    fn lists_and_maps_are_blocks() {
        let value = Value::map([
            ("list", Value::List(vec!["a".into(), Value::map([("b", Value::Integer(1)), ("c", Value::Null)])])),
            ("none", Value::List(vec![])),
            ("empty", Value::map([])),
        ]);
        assert_eq!(written(&value), "list:\n- a\n- b: 1\n  c: null\nnone: []\nempty: {}\n");
    }
}
