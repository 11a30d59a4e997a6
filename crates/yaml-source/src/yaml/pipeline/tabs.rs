//! Tabs, which go-yaml takes for no indentation, not even of an empty line or a comment.

use std::ops::Range;

/// The first tab before anything else on its line, or between a `-` and its item, that go-yaml trips over. What stands
/// within the given ranges, in order of their beginnings, is quoted, a block or within brackets: there tabs are harmless.
pub(super) fn misplaced(text: &str, harmless: &[Range<usize>]) -> Option<usize> {
    let mut ranges = harmless.iter().peekable();
    let mut harmless_to = 0;
    text.match_indices('\t').map(|(at, _)| at).find(|at| {
        while let Some(range) = ranges.next_if(|range| range.start <= *at) {
            harmless_to = harmless_to.max(range.end);
        }
        if *at < harmless_to {
            return false;
        }
        let before = text[..*at].trim_end_matches([' ', '\t']);
        match before.as_bytes() {
            [] | [.., b'\n' | b'\r'] => true,
            [front @ .., b'-'] => {
                // The indicator of an item, rather than the end of a word.
                front.iter().rev().take_while(|byte| **byte != b'\n').all(|byte| matches!(byte, b' ' | b'-'))
            }
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_are_no_indentation() {
        for (text, at) in [
            ("\ta: b\n", Some(0)),
            ("a: b\n\t\nc: d\n", Some(5)),
            ("a:\n  \t# c\n", Some(5)),
            ("a:\n-\tb\n", Some(4)),
            ("a:\n- -\tb\n", Some(6)),
            ("a:\tb\t# c\n", None),
            ("a: b-\tc\n", None),
        ] {
            assert_eq!(misplaced(text, &[]), at, "{text:?}");
        }
        assert_eq!(misplaced("a: '\n\tb'\nc: '\td'\n\te", &[3..8, 12..16]), Some(17));
    }
}
