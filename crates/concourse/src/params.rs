//! What the texts of a step tell of it, whatever its type is.

/// Whether a param says that the step only shows what would change: its value is such a word, or its key is one and it is on.
pub fn shows_only(key: &str, value: &str) -> bool {
    const WORDS: [&str; 6] = ["preview", "plan", "plan_only", "dry_run", "dryrun", "diff"];
    let is_word = |text: &str| WORDS.contains(&text.to_ascii_lowercase().replace('-', "_").as_str());
    is_word(value) || value == "true" && is_word(key)
}

/// Whether a text has a name as words of its own, in whatever case.
pub fn has_words(text: &str, name: &str) -> bool {
    let (text, name) = (text.to_lowercase(), name.to_lowercase());
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    !name.is_empty()
        && text
            .match_indices(&name)
            .any(|(at, _)| !is_word(text[..at].chars().next_back()) && !is_word(text[at + name.len()..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::{has_words, shows_only};

    #[test]
    fn params_that_only_show() {
        for (key, value) in [("action", "preview"), ("dry-run", "true"), ("Plan_Only", "true"), ("mode", "DIFF")] {
            assert!(shows_only(key, value), "{key}: {value}");
        }
        for (key, value) in [("action", "update"), ("preview", "false"), ("dry_run", ""), ("plan", "a.yml")] {
            assert!(!shows_only(key, value), "{key}: {value}");
        }
    }

    #[test]
    fn names_are_words_of_their_own() {
        for (text, name) in [("shop-QA", "qa"), ("a.b-c", "b-c"), ("values.production.yml", "Production"), ("QA", "qa")]
        {
            assert!(has_words(text, name), "{text} {name}");
        }
        for (text, name) in [("shopqa", "qa"), ("a.b-cd", "b-c"), ("", "qa"), ("qa", ""), ("éqa", "qa")] {
            assert!(!has_words(text, name), "{text} {name}");
        }
    }
}
