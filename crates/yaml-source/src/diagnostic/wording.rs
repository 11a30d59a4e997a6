//! Grammar in messages is code, not luck.

use std::borrow::Cow;
use std::fmt;

/// `1 error`, `2 errors`.
pub struct Count(pub usize, pub &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.0, self.1, if self.0 == 1 { "" } else { "s" })
    }
}

/// `` `a`, `b` and `c` ``.
pub fn ticked<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    listed(items, "and")
}

/// `` `a`, `b` or `c` ``.
pub fn one_of<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    listed(items, "or")
}

fn listed<T: fmt::Display>(items: impl IntoIterator<Item = T>, last: &str) -> String {
    let items: Vec<String> = items.into_iter().map(|item| format!("`{item}`")).collect();
    match items.as_slice() {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [front @ .., end] => format!("{} {last} {end}", front.join(", ")),
    }
}

/// A text in which nothing acts on a terminal, and nothing ends a line of YAML: names of the input stand in messages.
pub fn visible(text: &str) -> Cow<'_, str> {
    let acts = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    for c in text.chars() {
        if acts(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// The known word that was probably meant.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Nobody misspells what is longer, and to compare costs the square of the length.
    const LONGEST: usize = 128;
    /// Thousands of words may each be held against thousands.
    const MOST: usize = 256;
    let (length, lower) = (word.chars().count(), word.to_lowercase());
    let allowed = |candidate: &str| (candidate.chars().count().max(length) / 3).max(1);
    if word.len() > LONGEST {
        return None;
    }
    known
        .into_iter()
        .filter(|candidate| {
            candidate.len() <= LONGEST && candidate.chars().count().abs_diff(length) <= allowed(candidate)
        })
        .take(MOST)
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= allowed(candidate))
        .min_by_key(|(distance, candidate)| (*distance, *candidate))
        .map(|(_, candidate)| candidate)
}

/// The selector of stages that was probably meant: `a.CI` for `CI.a`, else the nearest word.
pub fn did_you_mean_selector<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let swapped = word.split_once('.').map(|(environment, group)| format!("{group}.{environment}"));
    let swapped =
        swapped.and_then(|swapped| known.clone().into_iter().find(|name| name.eq_ignore_ascii_case(&swapped)));
    swapped.or_else(|| did_you_mean(word, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_prose() {
        assert_eq!(ticked(["a"]), "`a`");
        assert_eq!(ticked(["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(one_of(["a", "b"]), "`a` or `b`");
        assert_eq!(Count(1, "error").to_string(), "1 error");
        assert_eq!(Count(8, "error").to_string(), "8 errors");
    }

    #[test]
    fn nothing_invisible_is_left_in_what_is_shown() {
        assert_eq!(visible("a/b ü.yml"), "a/b ü.yml");
        assert_eq!(visible("a\n\u{1b}[2J\u{85}\u{2028}\u{202e}"), r"a\u{a}\u{1b}[2J\u{85}\u{2028}\u{202e}");
    }

    #[test]
    fn near_word_is_proposed_and_a_far_one_is_not() {
        assert_eq!(did_you_mean("enviroments", ["environments", "env"]), Some("environments"));
        assert_eq!(did_you_mean("Prodution", ["CI", "QA", "Production"]), Some("Production"));
        assert_eq!(did_you_mean("production", ["CI", "QA", "Production"]), Some("Production"));
        assert_eq!(did_you_mean("Prod", ["CI", "QA", "Production"]), None);
        assert_eq!(did_you_mean("edgy", ["main", "edge"]), Some("edge"));
        assert_eq!(did_you_mean("zz", ["main", "edge"]), None);
        let selectors = ["eu", "Production", "eu.QA", "eu.Production"];
        assert_eq!(did_you_mean_selector("Production.eu", selectors), Some("eu.Production"));
        assert_eq!(did_you_mean_selector("production.eu", selectors), Some("eu.Production"));
        assert_eq!(did_you_mean_selector("eu.Prodution", selectors), Some("eu.Production"));
        assert_eq!(did_you_mean_selector("Prodution", selectors), Some("Production"));
        assert_eq!(did_you_mean(&"a".repeat(1 << 20), ["a", &"a".repeat((1 << 20) - 1)]), None);
    }
}
