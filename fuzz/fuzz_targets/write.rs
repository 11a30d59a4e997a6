//! Writes any value as YAML, and reads the same value back.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use yaml_source::diagnostic::Diagnostics;
use yaml_source::source::Sources;
use yaml_source::yaml::{Limits, Node, NodeKind, Resolved, Value, emit, read};

#[derive(Arbitrary, Debug)]
enum Any {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Any>),
    Map(Vec<(String, Any)>),
}

fuzz_target!(|any: Any| {
    let value = value(any, 0);
    let Ok(text) = emit(&value) else { return };
    let mut sources = Sources::default();
    let mut diagnostics = Diagnostics::default();
    let file = sources.add("written.yml", text.as_str());
    let limits = Limits { size: usize::MAX, depth: 1_000, nodes: usize::MAX, aliases: 0 };
    let node = read(&sources, file, limits, &mut diagnostics);
    let reported = diagnostics.into_sorted();
    assert!(reported.is_empty(), "{reported:?}\n{text}");
    assert!(node.is_some_and(|node| same(&node, &value)), "{value:?}\n{text}");
});

/// Not deeper than any pipeline.
fn value(any: Any, depth: usize) -> Value {
    match any {
        Any::List(_) | Any::Map(_) if depth > 20 => Value::Null,
        Any::Null => Value::Null,
        Any::Bool(value) => Value::Bool(value),
        Any::Integer(value) => Value::Integer(value),
        Any::Float(value) => Value::Float(if value.is_finite() { value } else { 0.0 }),
        Any::Text(text) => Value::Text(text),
        Any::List(items) => Value::List(items.into_iter().map(|item| self::value(item, depth + 1)).collect()),
        Any::Map(entries) => {
            Value::Map(entries.into_iter().map(|(key, value)| (key, self::value(value, depth + 1))).collect())
        }
    }
}

fn same(node: &Node, value: &Value) -> bool {
    match (&node.kind, value) {
        (NodeKind::List(nodes), Value::List(values)) => {
            nodes.len() == values.len() && nodes.iter().zip(values).all(|(node, value)| same(node, value))
        }
        (NodeKind::Map(map), Value::Map(values)) => {
            map.entries().len() == values.len()
                && map
                    .entries()
                    .iter()
                    .zip(values)
                    .all(|(entry, (key, value))| entry.key == *key && same(&entry.value, value))
        }
        (NodeKind::Scalar(scalar), value) => match (scalar.resolve(), value) {
            (Resolved::Null, Value::Null) => true,
            (Resolved::Bool(read), Value::Bool(written)) => read == *written,
            (Resolved::Integer(read), Value::Integer(written)) => i128::from(read) == i128::from(*written),
            (Resolved::Float(read), Value::Float(written)) => read == *written,
            #[expect(clippy::cast_precision_loss, reason = "a whole number that was a float")]
            (Resolved::Integer(read), Value::Float(written)) => read as f64 == *written,
            (Resolved::Text, Value::Text(written)) => scalar.text == *written,
            _ => false,
        },
        _ => false,
    }
}
