//! Texts of users in Markdown: as text, or as code.

use crate::diagnostic::visible;

/// A text that Markdown takes for nothing but text.
pub fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in visible(text).chars() {
        if "\\`*_{}[]<>()#+!|~&".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A text as code, between more backticks than it has in a row
/// ([CommonMark, 6.1](https://spec.commonmark.org/0.31.2/#code-spans)).
pub fn as_code(text: &str) -> String {
    let text = visible(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    // A space on either side is taken off again, and keeps the backticks apart.
    let pad = if longest == 0 { "" } else { " " };
    format!("{fence}{pad}{text}{pad}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_no_markdown() {
        assert_eq!(escaped("[bot] a|b <i> *c*"), r"\[bot\] a\|b \<i\> \*c\*");
    }

    #[test]
    fn code_does_not_end_before_its_end() {
        assert_eq!(as_code("main"), "`main`");
        assert_eq!(as_code("a`b"), "`` a`b ``");
        assert_eq!(as_code("``[x](y)`"), "``` ``[x](y)` ```");
    }
}
