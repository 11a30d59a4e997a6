//! The texts that people read are plain English: no banned phrase, and no sentence that is too long.
//!
//! The list of phrases grows with each review, and holds for [`everything`]. The length of sentences holds for [`texts`].

use std::fs;

use yaml_source::diagnostic::Rule;

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
    ("is no ", "is not a …"),
    ("take it out", "remove it"),
    ("take one of them out", "remove one of them"),
    ("leave it out", "remove it"),
    ("leave the line out", "remove the line"),
    ("stands twice", "appears twice"),
    ("stand in another order", "are in another order"),
    ("come out as", "are named"),
    ("text is due", "expected text"),
    ("nothing says", "… is missing"),
    ("nothing right comes", "there is no valid output"),
    ("is said twice", "is set twice"),
    ("are said together", "are set together"),
    ("nothing is called", "… is not defined"),
    ("are called `", "are named"),
    ("it is to be", "expected"),
    ("who may ", "who can"),
    ("brings about", "starts"),
    ("the mended", "the fixed"),
    ("was told", "was reported"),
    ("somebody presses", "somebody starts it by hand"),
    ("takes whoever", "lets anyone"),
];

/// Phrases that hold a banned one and are plain.
const PLAIN: &[&str] = &[
    "there is no ",
    "there's no ",
    "is no longer",
    "is no more",
    "is no smaller",
    "is no larger",
    "of concourse's git resource",
];

/// Words in a sentence. Above this the sentence must be split.
const LONGEST: usize = 25;

/// A text, and where it is from.
struct Text {
    place: String,
    text: String,
}

/// All that people read: help, rules, pages, texts of issues and of kinds, and the messages in the code.
fn everything() -> Vec<Text> {
    let mut texts = texts();
    for page in pages() {
        texts.push(Text { text: fs::read_to_string(root().join(&page)).unwrap(), place: page });
    }
    for source in files_below(&["src", "crates", "resource/src"], &["rs"]) {
        let code = fs::read_to_string(root().join(&source)).unwrap();
        // Tests stand last in a file.
        let code = code.split("#[cfg(test)]\nmod tests").next().unwrap();
        texts.extend(literals(code).into_iter().map(|text| Text { place: source.clone(), text }));
    }
    texts
}

/// The pages of the repository, and the templates of all that is posted or shown.
fn pages() -> Vec<String> {
    let mut pages = files_below(&["docs", "templates", "resource/templates", "pipelines"], &["md", "j2", "yml"]);
    pages.retain(|page| !page.starts_with("pipelines/") || page.ends_with("README.md"));
    let top = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "resource/README.md"];
    pages.extend(top.map(str::to_owned));
    pages
}

/// The files of some kinds below some folders, by their paths from the root.
fn files_below(folders: &[&str], extensions: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Vec<String> = folders.iter().map(|folder| (*folder).to_owned()).collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.file_type().unwrap().is_dir() {
                open.push(path);
            } else if path.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The strings of a Rust file. Comments and documentation are not strings.
fn literals(code: &str) -> Vec<String> {
    let mut literals = Vec::new();
    for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
        let mut rest = line;
        while let Some((_, text)) = rest.split_once('"') {
            let mut end = text.len();
            let mut is_escaped = false;
            for (at, c) in text.char_indices() {
                if c == '"' && !is_escaped {
                    end = at;
                    break;
                }
                is_escaped = c == '\\' && !is_escaped;
            }
            literals.push(text[..end].replace("\\\"", "\""));
            rest = text.get(end + 1..).unwrap_or_default();
        }
    }
    literals
}

/// What has been reviewed for the length of its sentences: the help of each command, and each rule.
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
    for Text { place, text } in everything() {
        for paragraph in paragraphs(&text) {
            let lower = PLAIN.iter().fold(paragraph.to_lowercase(), |text, plain| text.replace(plain, " "));
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

/// How a help begins.
const VERBS: [&str; 36] = [
    "add", "begin", "change", "check", "close", "correct", "define", "end", "get", "give", "hand", "indent", "keep",
    "leave", "let", "list", "make", "move", "name", "put", "quote", "record", "remove", "rename", "render", "run",
    "save", "see", "set", "split", "take", "update", "use", "validate", "wait", "write",
];

#[test]
fn a_help_begins_with_a_verb() {
    let mut count = 0;
    for file in files_below(&["src", "crates"], &["rs"]) {
        let code = fs::read_to_string(root().join(&file)).unwrap();
        for help in code.split(".help(").skip(1) {
            let text = help.trim_start().trim_start_matches("format!(").trim_start();
            let Some(text) = text.strip_prefix('"').filter(|text| !text.starts_with('{')) else { continue };
            let first = text.split([' ', ':']).next().unwrap();
            assert!(VERBS.contains(&first), "{file}: {text:.60}");
            count += 1;
        }
    }
    assert!(count > 200, "{count}");
}

#[test]
fn the_checks_can_fail() {
    let paragraphs = paragraphs("A flag.\nAll, unless said.\n\n```yaml\nnone: unless said\n```\n");
    assert_eq!(paragraphs.iter().filter(|text| text.contains("unless said")).count(), 1);
    assert_eq!(literals("// \"a\"\nlet x = \"b \\\"c\\\"\"; f(\"d\");"), ["b \"c\"", "d"]);
    assert!(everything().len() > 2000);
    assert_eq!(sentences("One two. Three four five?").map(|text| text.split_whitespace().count()).max(), Some(3));
}

/// Each guarantee of `SECURITY.md` names a test that exists.
#[test]
fn tests_that_the_security_page_names_exist() {
    let page = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let mut sources = String::new();
    for folder in ["tests/integration", "tests/integration/bad", "tests/integration/gates", "resource/tests/it"] {
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
