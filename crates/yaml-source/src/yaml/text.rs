//! How a text is written as a scalar. The YAML crate decides on quotes, but for texts that need none whoever reads them.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;
use serde_saphyr::DoubleQuoted;

use super::EmitError;
use super::scalar::trap;

/// Writes a text as a value. Where it takes several lines, those after the first are `column` deeper than in a map at
/// the left margin.
pub(super) fn write_value(out: &mut String, text: &str, column: usize) -> Result<(), EmitError> {
    if is_plain(text, IN_VALUE) {
        out.push_str(text);
        out.push('\n');
        return Ok(());
    }
    if is_plain_block(text) {
        write_block(out, text, column);
        return Ok(());
    }
    let line = if needs_double_quotes(text) { entry_of(&"k", &DoubleQuoted(text))? } else { entry_of(&"k", &text)? };
    let line = hide_old_templates(line.strip_prefix("k: ").unwrap_or(&line));
    for (index, line) in line.split_inclusive('\n').enumerate() {
        if index > 0 && line != "\n" {
            indent(out, column);
        }
        out.push_str(line);
    }
    Ok(())
}

/// How far behind the beginning of a key its colon may stand, in characters
/// ([YAML 1.2.2, 7.4.2](https://yaml.org/spec/1.2.2/#742-flow-mappings)).
const LONGEST_KEY: usize = 1_024;

/// Writes a text as the key of an entry in that column, the colon included. A long one stands behind `?`, and its colon in
/// a line of its own.
pub(super) fn write_key(out: &mut String, text: &str, column: usize) -> Result<(), EmitError> {
    if text.len() <= LONGEST_KEY && is_plain(text, IN_KEY) {
        out.push_str(text);
        out.push(':');
        return Ok(());
    }
    let line = if needs_double_quotes(text) { entry_of(&DoubleQuoted(text), &())? } else { entry_of(&text, &())? };
    let line = hide_old_templates(&line);
    let explicit = line.strip_prefix("? ").and_then(|rest| rest.strip_suffix("\n: null\n"));
    let implicit = line.strip_suffix(": null\n");
    let Some(key) = explicit.or(implicit).filter(|key| !key.contains('\n')) else {
        return Err(serde::ser::Error::custom(format!("{text:?} as a key takes more than a line")));
    };
    if explicit.is_none() && key.chars().count() <= LONGEST_KEY {
        out.push_str(key);
    } else {
        out.push_str("? ");
        out.push_str(key);
        out.push('\n');
        indent(out, column);
    }
    out.push(':');
    Ok(())
}

fn entry_of(key: &impl Serialize, value: &impl Serialize) -> Result<String, EmitError> {
    struct OneEntry<'a, K, V>(&'a K, &'a V);
    impl<K: Serialize, V: Serialize> Serialize for OneEntry<'_, K, V> {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map([(self.0, self.1)])
        }
    }
    // A folded block is the same text to a parser, and another one to a person.
    let options = serde_saphyr::ser_options! { folded_wrap_chars: usize::MAX };
    Ok(serde_saphyr::to_string_with_options(&OneEntry(key, value), options)?)
}

const IN_KEY: u8 = 1;
const IN_VALUE: u8 = 2;

/// Where a byte within a plain scalar is nothing but itself. In a value, most punctuation is: what makes a comment or a
/// map is a space beside it.
const HARMLESS: [u8; 256] = {
    let mut harmless = [0; 256];
    let mut byte = 0_u8;
    loop {
        harmless[byte as usize] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b' ' | b'(' | b')' | b'_' | b'.' | b'/' | b'-' => {
                IN_KEY | IN_VALUE
            }
            b'#' | b'{' => 0,
            b'!'..=b'~' => IN_VALUE,
            _ => 0,
        };
        if byte == u8::MAX {
            break harmless;
        }
        byte += 1;
    }
};

/// A line that begins with a letter or parenthesis, of letters, digits, spaces and harmless punctuation, and none of the
/// words that YAML 1.1 or 1.2 reads as something else: what nine of ten texts of a pipeline are, and no reader reads
/// otherwise.
fn is_plain(text: &str, place: u8) -> bool {
    let bytes = text.as_bytes();
    matches!(bytes, [b'a'..=b'z' | b'A'..=b'Z' | b'(', ..])
        && bytes.last() != Some(&b' ')
        && bytes.iter().all(|byte| HARMLESS[usize::from(*byte)] & place != 0)
        && !(place == IN_VALUE && bytes.contains(&b':') && (bytes.ends_with(b":") || text.contains(": ")))
        && (bytes.len() > 5
            || !["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"]
                .iter()
                .any(|word| text.eq_ignore_ascii_case(word)))
}

/// Several lines of printable ASCII, the first with something at its very beginning, none or one line break at the end,
/// and nothing that fly 7.14 replaces: a script, in short. As a block, every reader reads it as it stands.
fn is_plain_block(text: &str) -> bool {
    let bytes = text.as_bytes();
    matches!(bytes, [b'!'..=b'~', .., before, last] if *before != b'\n' || *last != b'\n')
        && bytes[..bytes.len() - 1].contains(&b'\n')
        && bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n'))
        && !text.contains("{{")
}

/// Goes to a column.
pub(super) fn indent(out: &mut String, columns: usize) {
    const SPACES: &str = "                                                                ";
    let mut left = columns;
    while left > 0 {
        let some = left.min(SPACES.len());
        out.push_str(&SPACES[..some]);
        left -= some;
    }
}

/// Writes such lines as they are, `column` and a step deeper than the left margin.
fn write_block(out: &mut String, text: &str, column: usize) {
    out.push_str(if text.ends_with('\n') { "|\n" } else { "|-\n" });
    for line in text.lines() {
        if !line.is_empty() {
            indent(out, column + 2);
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// What the YAML crate would write in a form that a reader on the way misreads.
///
/// - libyaml and go-yaml refuse a block scalar whose first line of content begins with a tab.
/// - fly 7.14 replaces `{{name}}` by `null` wherever it stands; only an escape in double quotes hides it.
/// - `09:00` is a number to base 60 to `PyYAML`, as `16:00` is, which the crate knows.
fn needs_double_quotes(text: &str) -> bool {
    if trap(text).is_some() {
        return true;
    }
    let tab_first = text.contains('\n')
        && text
            .split('\n')
            .find(|line| !line.is_empty())
            .is_some_and(|line| line.trim_start_matches(' ').starts_with('\t'));
    tab_first || text.contains("{{") && OLD_TEMPLATE.is_match(text)
}

/// Such a text stands in double quotes, where the escape is the same character.
fn hide_old_templates(written: &str) -> Cow<'_, str> {
    if written.contains("{{") { OLD_TEMPLATE.replace_all(written, r"\u007b{${1}}}") } else { written.into() }
}

/// `{{name}}` as fly 7.14 finds it: Concourse 7.14, `vars/template_resolver.go`.
static OLD_TEMPLATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\{\{([-\w\p{L}]+)\}\}").expect("internal error: a pattern of this program does not compile")
});
