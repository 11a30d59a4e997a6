//! The pages of rules are true: what should fail fails by that rule alone, and what should pass passes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use ol_pipegen::diagnostic::Rule;
use serde_json::Value;

use crate::support::{Work, root};

/// What a section of a page shows.
#[derive(Default)]
struct Section<'p> {
    files: Vec<(&'p str, String)>,
    /// Those of a line such as "With `--team shop`:".
    flags: Vec<&'p str>,
}

/// The sections of a page.
fn sections(page: &str) -> BTreeMap<&str, Section<'_>> {
    let mut sections: BTreeMap<&str, Section<'_>> = BTreeMap::new();
    let (mut section, mut file): (&str, Option<(&str, String)>) = ("", None);
    for line in page.lines() {
        match (&mut file, line) {
            (None, line) if line.starts_with("## ") => section = &line[3..],
            (None, line) => {
                if let Some(flags) = line.strip_prefix("With `").and_then(|rest| rest.strip_suffix("`:")) {
                    sections.entry(section).or_default().flags = flags.split(' ').collect();
                }
                let title = line.strip_prefix("```yaml title=\"").and_then(|rest| rest.strip_suffix('"'));
                file = title.map(|title| (title, String::new()));
            }
            (Some(_), "```") => sections.entry(section).or_default().files.extend(file.take()),
            (Some((_, text)), line) => *text += &format!("{line}\n"),
        }
    }
    sections
}

/// The rules that a run over some files reports.
fn reported(Section { files, flags }: &Section<'_>) -> BTreeSet<String> {
    let work = Work::new();
    for (name, text) in files {
        work.write(name, text);
    }
    let mut arguments = vec!["validate", "--format", "json"];
    arguments.extend(flags);
    arguments.extend(files.iter().map(|(name, _)| *name));
    let ran = work.run(&arguments);
    assert!(ran.code <= 1, "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let problems = report["diagnostics"].as_array().unwrap();
    problems.iter().map(|problem| problem["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn examples_of_pages_do_what_they_say() {
    let mut wrong = Vec::new();
    for rule in Rule::ALL {
        let Some(page) = rule.page() else { continue };
        let sections = sections(page);
        let of = |section: &str| reported(sections.get(section).unwrap_or_else(|| panic!("{rule} has no `{section}`")));
        let (fails, passes) = (of("Fails"), of("Passes"));
        if fails != BTreeSet::from([rule.name().to_owned()]) || !passes.is_empty() {
            wrong.push(format!("{rule}: {fails:?}, and what should pass: {passes:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn pages_are_printed_and_none_is_left_over() {
    let work = Work::new();
    let list = work.run(&["rule"]).fine();
    let mut pages = BTreeSet::new();
    for rule in Rule::ALL {
        assert!(list.contains(&format!("{:<24}  ", rule.name())), "{rule}");
        let printed = work.run(&["rule", rule.name()]).fine();
        assert!(printed.starts_with(&format!("# {rule}\n")), "{printed}");
        if let Some(page) = rule.page() {
            assert_eq!(printed, page);
            pages.insert(format!("{rule}.md"));
        }
    }
    let there: BTreeSet<String> = fs::read_dir(root().join("docs/rules"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(there, pages);
    let ran = work.run(&["rule", "gate-by-pass"]).ended(2);
    assert!(ran.stderr.contains("unknown rule `gate-by-pass`; did you mean `gate-bypass`?"), "{}", ran.stderr);
}
