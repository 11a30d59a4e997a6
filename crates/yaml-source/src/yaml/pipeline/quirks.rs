//! What YAML 1.2 has and go-yaml does not.

use std::ops::Range;

/// Something that go-yaml refuses, in a text that is YAML.
pub(super) struct Quirk {
    /// Where in the text.
    pub(super) at: Range<usize>,
    pub(super) message: &'static str,
    pub(super) help: Option<String>,
}

/// A scalar without quotes within brackets ends at a `?`: a key begins there.
pub(super) fn of_flow_scalar(text: &str) -> Option<Quirk> {
    let at = text.find('?').filter(|at| *at > 0)?;
    Some(Quirk {
        at: at..at + 1,
        message: "a text with `?` needs quotes within `{}` and `[]`",
        help: Some(format!("write \"{text}\"")),
    })
}

/// A key within brackets ends with its line, unless a `?` stands before it.
pub(super) fn of_flow_key(before: &str, key: &str) -> Option<Quirk> {
    let is_long = key.contains('\n') && !before.trim_end().ends_with('?');
    let help = "keep the key in one line, or write the comma that is missing before it".to_owned();
    is_long.then_some(Quirk { at: 0..key.len(), message: "a key of more than one line", help: Some(help) })
}

/// The name of an anchor is ASCII.
pub(super) fn of_anchor(name: &str) -> Option<Quirk> {
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let message = "the name of an anchor is letters, digits, `_` and `-`";
    (!name.bytes().all(is_known)).then(|| Quirk { at: 0..name.len() + 1, message, help: None })
}

/// YAML 1.1 has no escape for a slash, and none for half a character, both of which JSON has.
pub(super) fn of_double_quoted(text: &str) -> Option<Quirk> {
    let mut from = 0;
    while let Some(at) = text[from..].find('\\').map(|at| from + at) {
        let rest = &text[at + 1..];
        let code = rest.strip_prefix('u').and_then(|rest| u32::from_str_radix(rest.get(..4)?, 16).ok());
        let is_half = code.is_some_and(|code| (0xd800..0xe000).contains(&code));
        if rest.starts_with('/') || is_half {
            return Some(Quirk {
                at: at..at + if is_half { 6 } else { 2 },
                message: "an escape of JSON that YAML 1.1 does not have",
                help: Some("write the character itself".to_owned()),
            });
        }
        // What is escaped may be a backslash.
        from = at + 1 + rest.chars().next().map_or(0, char::len_utf8);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quirks_are_placed() {
        let at = |quirk: Option<Quirk>| quirk.map(|quirk| quirk.at);
        assert_eq!(at(of_flow_scalar("a?b")), Some(1..2));
        assert_eq!(at(of_flow_scalar("?b")), None);
        assert_eq!(at(of_flow_key("{a: b, ", "c\n d")), Some(0..4));
        assert_eq!(at(of_flow_key("{a: b, ? ", "c\n d")), None);
        assert_eq!(at(of_flow_key("{", "c d")), None);
        assert_eq!(at(of_anchor("a-B_1")), None);
        assert_eq!(at(of_anchor("a.b")), Some(0..4));
        assert_eq!(at(of_double_quoted(r#""\\/ \n \u0041""#)), None);
        assert_eq!(at(of_double_quoted(r#""\\\/""#)), Some(3..5));
        assert_eq!(at(of_double_quoted(r#""é\ud83d\ude00""#)), Some(3..9));
        assert_eq!(at(of_double_quoted("\"\\")), None);
    }
}
