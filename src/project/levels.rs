//! What a file makes of rules.

use std::str::FromStr;

use yaml_source::diagnostic::{ALWAYS_AN_ERROR, Diagnostic, Diagnostics, FileLevels, Level, Rule, did_you_mean};
use yaml_source::yaml::{Map, Node, decode};

use crate::manifest::LevelWord;

/// The `rules` of a file.
pub(crate) fn file_levels(file: &Node, diagnostics: &mut Diagnostics) -> FileLevels {
    let rules = file.at("/rules").and_then(Node::as_map).map(Map::entries).unwrap_or_default();
    let mut levels = Vec::new();
    for entry in rules {
        let Ok(rule) = Rule::from_str(&entry.key) else {
            let meant = did_you_mean(&entry.key, Rule::ALL.iter().map(|rule| rule.name()));
            diagnostics.push(
                Diagnostic::new(Rule::UnknownRule, entry.key_span, format!("there is no rule `{}`", entry.key)).help(
                    meant.map_or_else(
                        || "`ol-pipegen rule` lists all".to_owned(),
                        |meant| format!("did you mean `{meant}`?"),
                    ),
                ),
            );
            continue;
        };
        let Ok(word) = decode::<LevelWord>(&entry.value) else { continue };
        let level = match word {
            LevelWord::Deny => Level::Deny,
            LevelWord::Warn => Level::Warn,
            LevelWord::Allow => Level::Allow,
        };
        if level.fits_in_file(rule) {
            levels.push((rule, level));
            continue;
        }
        let wrong = |message| Diagnostic::new(Rule::NoEffect, entry.value.span, message);
        diagnostics.push(if rule.may_be_allowed() {
            wrong(format!("`rules` cannot allow errors, and `{rule}` is an error")).help(format!(
                "remove it, and write `# ol-pipegen: allow {rule} because …` at each place that may stay"
            ))
        } else {
            wrong(format!("`{rule}` is always an error")).note(ALWAYS_AN_ERROR).help("remove it")
        });
    }
    levels.into_iter().collect()
}
