use serde::Serialize;

use super::writer::BlockWriter;

/// Why something could not be written.
#[derive(Debug, thiserror::Error)]
#[error("internal error: {0}")]
pub struct EmitError(String);

impl serde::ser::Error for EmitError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl From<serde_saphyr::SerializeError> for EmitError {
    fn from(error: serde_saphyr::SerializeError) -> Self {
        Self(error.to_string())
    }
}

/// Writes a value as a YAML document: block style, no anchors, no merge keys, multi-line text as `|`, quotes where any
/// reader on Concourse's path would otherwise read something else.
///
/// # Errors
///
/// When the value holds something that YAML cannot say: a bug of this program.
pub fn emit(value: &impl Serialize) -> Result<String, EmitError> {
    let mut text = String::new();
    value.serialize(BlockWriter::document(&mut text))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        assert_eq!(written(&Value::map([("x {{name}}", "a".into())])), "\"x \\u007b{name}}\": a\n");
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
    fn long_keys_are_read_back() {
        for key in
            ["a".repeat(1_025), "a b ".repeat(300) + "x", "\u{1}".repeat(300), "'".repeat(1_024), "é:".repeat(600)]
        {
            let inner =
                || Value::map([(key.as_str(), Value::map([("b", "c".into())])), ("d", Value::List(vec!["e".into()]))]);
            let value = Value::map([("x", Value::map([("y", inner()), ("z", Value::List(vec![inner()]))]))]);
            let text = written(&value);
            assert_eq!(serde_saphyr::from_str::<Value>(&text).unwrap(), value, "{text}");
            let column = "\n    ? ";
            assert!(text.contains(column), "{text}");
        }
        let short = "a".repeat(1_024);
        assert_eq!(written(&Value::map([(short.as_str(), "b".into())])), format!("{short}: b\n"));
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

    fn texts() -> impl Strategy<Value = String> {
        const WORDS: [&str; 14] =
            ["y", "No", "on", "OFF", "true", "Null", "nan", "inf", "+inf", "0x1f", "1e3", "---", "a: b", "a #b"];
        prop_oneof![
            proptest::sample::select(&WORDS[..]).prop_map(str::to_owned),
            "[a-zA-Z0-9_./()@+=, -]{0,12}",
            "[a-z(][!-~ ]{0,8}",
            "[a-z:#'\"{}&*!|>%@` \\n-]{0,12}",
            "( {0,2}[a-z]{0,3}\\n{0,2}){0,4}",
            "\\PC{0,8}",
            any::<String>(),
        ]
        // What the library writes and others misread: `text` says what becomes of it, and tests of their own.
        .prop_map(|text| text.replace('\t', " ").replace("{{", "{"))
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            4 => texts().prop_map(Value::from),
            1 => any::<bool>().prop_map(Value::from),
            1 => any::<i64>().prop_map(Value::Integer),
            1 => any::<f64>().prop_map(Value::Float),
            1 => Just(Value::Null),
        ];
        leaf.prop_recursive(5, 40, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
                proptest::collection::vec((texts(), inner), 0..5)
                    .prop_map(|entries| Value::Map(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// The library's own writer is the judge of layout and quotes.
        #[test]
        fn the_library_writes_the_same(entries in proptest::collection::vec((texts(), values()), 1..5)) {
            let value = Value::Map(entries.into_iter().collect());
            let options = serde_saphyr::ser_options! { folded_wrap_chars: usize::MAX };
            let theirs = serde_saphyr::to_string_with_options(&value, options).unwrap();
            prop_assert_eq!(written(&value), theirs);
        }
    }
}
