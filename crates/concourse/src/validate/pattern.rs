//! Patterns of names: Concourse has two dialects of them.

use regex::Regex;

/// A pattern of `passed`, from 8.1 on: Go's `path.Match`. One that is malformed matches nothing, without a word.
#[derive(Debug)]
pub(crate) struct PathPattern(Option<Regex>);

/// A pattern of a group's `jobs`: `github.com/gobwas/glob` 0.2.3, without separators.
#[derive(Debug)]
pub(crate) struct GroupPattern(Regex);

impl PathPattern {
    pub(crate) fn new(pattern: &str) -> Self {
        Self(path_expression(pattern).and_then(|expression| compile(&expression)))
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        self.0.as_ref().is_some_and(|expression| expression.is_match(name))
    }
}

impl GroupPattern {
    /// `None` when it is malformed.
    pub(crate) fn new(pattern: &str) -> Option<Self> {
        compile(&group_expression(pattern)?).map(Self)
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        self.0.is_match(name)
    }
}

/// Expressions are limited in size by the library; a pattern beyond that is none.
fn compile(expression: &str) -> Option<Regex> {
    Regex::new(&format!(r"(?s)\A(?:{expression})\z")).ok()
}

fn push_text(c: char, expression: &mut String) {
    expression.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
}

fn path_expression(pattern: &str) -> Option<String> {
    let mut expression = String::new();
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '*' => expression.push_str("[^/]*"),
            '?' => expression.push_str("[^/]"),
            '\\' => push_text(rest.next()?, &mut expression),
            '[' => {
                let is_negated = rest.next_if_eq(&'^').is_some();
                let bound = |rest: &mut std::iter::Peekable<std::str::Chars<'_>>| match rest.next()? {
                    '-' | ']' => None,
                    '\\' => rest.next(),
                    c => Some(c),
                };
                let mut ranges = Vec::new();
                while ranges.is_empty() || rest.peek() != Some(&']') {
                    let low = bound(&mut rest)?;
                    let high = if rest.next_if_eq(&'-').is_some() { bound(&mut rest)? } else { low };
                    ranges.push((low, high));
                }
                rest.next();
                class(&ranges, is_negated, &mut expression);
            }
            c => push_text(c, &mut expression),
        }
    }
    Some(expression)
}

fn class(ranges: &[(char, char)], is_negated: bool, expression: &mut String) {
    let ranges: String = ranges
        .iter()
        .filter(|(low, high)| low <= high)
        .map(|(low, high)| format!(r"\x{{{:x}}}-\x{{{:x}}}", u32::from(*low), u32::from(*high)))
        .collect();
    match (ranges.is_empty(), is_negated) {
        (true, false) => expression.push_str(r"[^\s\S]"),
        (true, true) => expression.push('.'),
        (false, false) => expression.push_str(&format!("[{ranges}]")),
        (false, true) => expression.push_str(&format!("[^{ranges}]")),
    }
}

fn group_expression(pattern: &str) -> Option<String> {
    if pattern.contains(char::REPLACEMENT_CHARACTER) {
        return None;
    }
    // To that library NUL is the end.
    let pattern = pattern.split('\0').next().unwrap_or_default();
    let mut expression = String::new();
    let mut rest = pattern.chars().peekable();
    let mut open = 0;
    while let Some(c) = rest.next() {
        match c {
            '{' => {
                open += 1;
                expression.push_str("(?:");
            }
            ',' if open > 0 => expression.push('|'),
            '}' if open > 0 => {
                open -= 1;
                expression.push(')');
            }
            '?' => expression.push('.'),
            '*' => expression.push_str(".*"),
            '[' => group_range(&mut rest, &mut expression)?,
            // At the end it stands for nothing.
            '\\' => rest.next().into_iter().for_each(|c| push_text(c, &mut expression)),
            c => push_text(c, &mut expression),
        }
    }
    // What is not closed ends with the pattern.
    expression.push_str(&")".repeat(open));
    Some(expression)
}

/// What stands in brackets: one range, or characters, and nothing of both.
fn group_range(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, expression: &mut String) -> Option<()> {
    let is_negated = rest.next_if_eq(&'!').is_some();
    let mut after = rest.clone();
    let first = after.next()?;
    let mut ranges = Vec::new();
    if after.next_if_eq(&'-').is_some() {
        let high = after.next()?;
        if high < first {
            return None;
        }
        ranges.push((first, high));
        *rest = after;
    } else {
        while let Some(c) = rest.next_if(|c| *c != ']') {
            match c {
                '\\' => ranges.extend(rest.next().map(|c| (c, c))),
                c => ranges.push((c, c)),
            }
        }
    }
    if rest.next() != Some(']') || ranges.is_empty() {
        return None;
    }
    class(&ranges, is_negated, expression);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_passed_are_those_of_go() {
        for (pattern, name, expected) in [
            ("a", "a", true),
            ("a*", "a", true),
            ("a*", "abc", true),
            ("a*", "ab/c", false),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("[^a]", "/", true),
            ("[c-a]", "b", false),
            ("[^c-a]", "b", true),
            (r"\*", "*", true),
            (r"[\]]", "]", true),
            ("{a,b}", "{a,b}", true),
            // Malformed.
            ("[", "[", false),
            ("[]a]", "a", false),
            ("[a-]", "a", false),
            (r"a\", "a", false),
            ("a.c", "abc", false),
        ] {
            assert_eq!(PathPattern::new(pattern).matches(name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn patterns_of_groups_are_those_of_their_library() {
        for (pattern, name, expected) in [
            ("a*", "ab/c", true),
            ("**", "", true),
            ("a?c", "a/c", true),
            ("{a,b*}c", "bxc", true),
            ("{a,{b,c}}", "c", true),
            ("{a,b", "b", true),
            ("[!a]", "b", true),
            ("[!a]", "a", false),
            ("[abc]", "c", true),
            ("[a-c]", "b", true),
            ("a,b", "a,b", true),
            ("a}", "a}", true),
            (r"\*", "*", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(GroupPattern::new(pattern).unwrap().matches(name), expected, "{pattern} {name}");
        }
        for pattern in ["[", "[]", "[a", "[c-a]", "[a-cd]", "[a-", "x[!"] {
            assert!(GroupPattern::new(pattern).is_none(), "{pattern}");
        }
    }
}
