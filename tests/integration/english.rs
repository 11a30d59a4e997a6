//! The texts that people read are plain English: no banned phrase, and no sentence that is too long.
//!
//! The list of phrases grows with each review. What is not listed in [`texts`] yet has not been reviewed.

use std::fs;

use ol_pipegen::diagnostic::Rule;

use crate::support::{Work, root};

/// Phrases that reviews have found to be hard to read. The word on the right is only for the failure message.
const BANNED: &[(&str, &str)] = &[
    ("unless said", "[default: …]"),
    ("that is none", "not a valid …"),
    ("which is none", "not a valid …"),
    ("is no yaml", "is not valid YAML"),
    ("is no json", "is not valid JSON"),
    ("is due", "expected"),
    ("comes out as", "is named"),
    ("comes out with", "is named"),
    ("live otherwise", "differ on Concourse"),
    ("as they are rendered", "up to date"),
    ("to mend", "to fix"),
    ("mend it", "fix it"),
    ("somebody who may", "somebody who can"),
    ("without a word", "without a warning"),
    ("is told", "is reported"),
    ("is called as", "has the name of"),
    ("take for an error", "treat as an error"),
    ("take for a warning", "treat as a warning"),
    ("say nothing", "do not report"),
    ("of concourse's", "Concourse …"),
    ("begin with, and", "as a start"),
    ("likes, ", "wants"),
    ("what is set is", "name the thing"),
];

/// Words in a sentence. Above this the sentence must be split.
const LONGEST: usize = 25;

/// A text, and where it is from.
struct Text {
    place: String,
    text: String,
}

/// Everything that has been reviewed: the help of each command, and each rule.
fn texts() -> Vec<Text> {
    let work = Work::new();
    let mut texts = Vec::new();
    let help = work.run(&["--help"]).fine();
    for command in commands(&help) {
        let text = work.run(&[&command, "--help"]).fine();
        texts.push(Text { place: format!("{command} --help"), text });
    }
    texts.push(Text { place: "--help".to_owned(), text: help });
    for rule in Rule::ALL {
        texts.push(Text { place: format!("summary of {rule}"), text: rule.summary().to_owned() });
        texts.push(Text { place: format!("docs/rules/{rule}.md"), text: rule.page().to_owned() });
    }
    texts
}

/// The commands that the help of the program lists.
fn commands(help: &str) -> Vec<String> {
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = list.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

/// The prose of a text, without blocks of code, paragraph by paragraph.
fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    let mut code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
        } else if code {
            continue;
        }
        // A command in a list of commands; what continues it is indented further.
        let item = line.starts_with("  ") && !line.starts_with("   ");
        let line = line.trim();
        let option = line.starts_with('-') || line.starts_with('[') || line.starts_with('<');
        if line.is_empty() || line.starts_with('#') || option || item {
            paragraphs.push(String::new());
        }
        let last = paragraphs.last_mut().unwrap();
        if !last.is_empty() {
            last.push(' ');
        }
        last.push_str(line);
    }
    paragraphs
}

/// The sentences of a paragraph. A colon or a semicolon does not end one.
fn sentences(paragraph: &str) -> impl Iterator<Item = &str> {
    paragraph.split_inclusive(&['.', '?', '!']).collect::<Vec<_>>().into_iter()
}

#[test]
fn texts_contain_no_banned_phrase() {
    let mut found = Vec::new();
    for Text { place, text } in texts() {
        for paragraph in paragraphs(&text) {
            let lower = paragraph.to_lowercase();
            for (phrase, better) in BANNED {
                if lower.contains(phrase) {
                    found.push(format!("{place}: \"{phrase}\" (write: {better}) in: {paragraph}"));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn sentences_are_short() {
    let mut found = Vec::new();
    for Text { place, text } in texts() {
        for paragraph in paragraphs(&text) {
            for sentence in sentences(&paragraph) {
                let words = sentence.split_whitespace().count();
                if words > LONGEST {
                    found.push(format!("{place}: {words} words: {sentence}"));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_help_page_fits_a_screen() {
    let work = Work::new();
    for command in commands(&work.run(&["--help"]).fine()) {
        let help = work.run(&[&command, "--help"]).fine();
        assert!(help.lines().count() <= 40, "`{command} --help` has {} lines:\n{help}", help.lines().count());
        for line in help.lines() {
            assert!(line.chars().count() <= 100, "`{command} --help`: {line}");
        }
    }
}

#[test]
fn the_checks_can_fail() {
    let paragraphs = paragraphs("A flag.\nAll, unless said.\n\n```yaml\nnone: unless said\n```\n");
    assert_eq!(paragraphs.iter().filter(|text| text.contains("unless said")).count(), 1);
    assert_eq!(sentences("One two. Three four five?").map(|text| text.split_whitespace().count()).max(), Some(3));
}

/// Each guarantee of `SECURITY.md` names a test that exists.
#[test]
fn tests_that_the_security_page_names_exist() {
    let page = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let mut sources = String::new();
    for folder in ["tests/integration", "tests/integration/bad", "resource/tests/it"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                sources += &fs::read_to_string(path).unwrap();
            }
        }
    }
    let promises = page.split("## What is not guaranteed").next().unwrap();
    let rows = promises.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---"));
    let mut named = 0;
    for row in rows.filter(|row| !row.ends_with("| test |")) {
        let tests = row.rsplit(" | ").next().unwrap();
        assert!(tests.contains('`'), "SECURITY.md promises without a test: {row}");
        for test in tests.split('`').skip(1).step_by(2) {
            assert!(
                sources.contains(&format!("fn {test}()")),
                "SECURITY.md names the test `{test}`, which does not exist"
            );
            named += 1;
        }
    }
    assert!(named > 20, "{named}");
}
