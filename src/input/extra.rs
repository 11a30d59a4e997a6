//! Fields of a source that have no word in the language: they go to Concourse as they are.

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::Span;
use yaml_source::yaml::{IndexMap, Value};

/// A field of a source, and its word in a manifest.
pub(crate) type Word = (&'static str, &'static str);

/// What `extra` adds to a source. A field that has a word of its own is reported and left out: two places could say two
/// things. `place` is where a field of `extra` stands, and `whole` what the words belong to, such as `source`.
pub(crate) fn more_fields(
    extra: Option<Value>,
    words: &[Word],
    whole: &str,
    place: impl Fn(&str) -> Span,
    diagnostics: &mut Diagnostics,
) -> IndexMap<String, Value> {
    let Some(Value::Map(mut extra)) = extra else { return IndexMap::default() };
    extra.retain(|key, _| {
        // A resource type that is written in Go reads its fields in any case.
        let Some((_, word)) = words.iter().find(|(own, _)| own.eq_ignore_ascii_case(key)) else { return true };
        diagnostics.push(
            Diagnostic::new(Rule::UnknownField, place(key), format!("`{key}` has no place in `extra`"))
                .help(format!("write `{word}` in `{whole}`")),
        );
        false
    });
    extra
}
