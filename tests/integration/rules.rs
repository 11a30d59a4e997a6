//! The pages of rules are true: what should fail fails by that rule alone, and what should pass passes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use yaml_source::diagnostic::Rule;

use crate::support::{Ran, Work, root};

/// What a section of a page shows.
#[derive(Default)]
struct Section<'p> {
    /// Those of fenced blocks, each with the path as its `title`.
    files: Vec<(&'p str, String)>,
    /// Those of a line such as "With `--team shop`:", for `validate` of all files.
    flags: Vec<&'p str>,
    /// That of a line such as "Run `ol-pipegen import pipeline.yml`:", instead of `validate`.
    command: Option<Vec<&'p str>>,
}

/// The sections of a page.
fn sections(page: &str) -> BTreeMap<&str, Section<'_>> {
    let mut sections: BTreeMap<&str, Section<'_>> = BTreeMap::new();
    let (mut section, mut file): (&str, Option<(&str, String)>) = ("", None);
    for line in page.lines() {
        match (&mut file, line) {
            (None, line) if line.starts_with("## ") => section = &line[3..],
            (None, line) => {
                let words = |before: &str| {
                    let words = line.strip_prefix(before).and_then(|rest| rest.strip_suffix("`:"));
                    words.map(|words| words.split(' ').collect::<Vec<_>>())
                };
                let shown = sections.entry(section).or_default();
                shown.flags.extend(words("With `").into_iter().flatten());
                shown.command = words("Run `ol-pipegen ").or_else(|| shown.command.take());
                let title =
                    line.strip_prefix("```").and_then(|block| block.split_once(" title=\"")?.1.strip_suffix('"'));
                file = title.map(|title| (title, String::new()));
            }
            (Some(_), "```") => sections.entry(section).or_default().files.extend(file.take()),
            (Some((_, text)), line) => *text += &format!("{line}\n"),
        }
    }
    sections
}

/// What a run over the files of a section says.
fn ran(Section { files, flags, command }: &Section<'_>) -> Ran {
    let work = Work::new();
    for (name, text) in files {
        work.write(name, text);
    }
    let names = files.iter().map(|(name, _)| *name);
    let validate = || ["validate"].into_iter().chain(flags.iter().copied()).chain(names).collect();
    work.run(&command.clone().unwrap_or_else(validate))
}

/// The rules that a run reports.
fn reported(ran: &Ran) -> BTreeSet<&str> {
    let titles = ran.stderr.lines().filter_map(|line| {
        let title = line.strip_prefix("error[").or_else(|| line.strip_prefix("warning["))?;
        title.split_once("]: ")
    });
    // Annotations name the rule as well.
    let annotations = ran.stdout.lines().filter_map(|line| line.strip_prefix("::error ")?.split_once("title="));
    let annotated = annotations.filter_map(|(_, rest)| rest.split_once("::"));
    titles.map(|(rule, _)| rule).chain(annotated.map(|(rule, _)| rule)).collect()
}

#[test]
fn examples_of_pages_do_what_they_say() {
    let mut wrong = Vec::new();
    for rule in Rule::ALL {
        let sections = sections(rule.page());
        let of = |section: &str| ran(sections.get(section).unwrap_or_else(|| panic!("{rule} has no `{section}`")));
        let (fails, passes) = (of("Fails"), of("Passes"));
        if reported(&fails) != BTreeSet::from([rule.name()]) || !matches!(fails.code, 0 | 1 | 4) {
            wrong.push(format!("{rule}: what should fail by it: {}", fails.stderr));
        }
        if !reported(&passes).is_empty() || passes.code != 0 {
            wrong.push(format!("{rule}: what should pass: {}", passes.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pages_have_the_sections_that_readers_expect() {
    for rule in Rule::ALL {
        let page = rule.page();
        let heads: Vec<&str> = page.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(heads, ["## Why it matters", "## How to fix it", "## Fails", "## Passes"], "{rule}");
        for section in page.split("\n## ").skip(1) {
            let text =
                section.split_once("\n\n").unwrap_or_else(|| panic!("{rule}: no empty line below `{section}`")).1;
            assert!(!text.trim().is_empty(), "{rule}: nothing below `{section}`");
        }
    }
}

#[test]
fn pages_are_printed_and_none_is_left_over() {
    let work = Work::new();
    let list = work.run(&["rule"]).fine();
    for rule in Rule::ALL {
        assert!(list.contains(&format!("{:<24}  ", rule.name())), "{rule}");
        let printed = work.run(&["rule", rule.name()]).fine();
        assert!(printed.starts_with(&format!("# {rule}\n")), "{printed}");
        assert_eq!(printed, rule.page());
        assert!(rule.url().ends_with(&format!("/docs/rules/{rule}.md")), "{}", rule.url());
    }
    let pages: BTreeSet<String> = Rule::ALL.iter().map(|rule| format!("{rule}.md")).collect();
    let there: BTreeSet<String> = fs::read_dir(root().join("docs/rules"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(there, pages);
    let ran = work.run(&["rule", "gate-by-pass"]).ended(2);
    assert!(ran.stderr.contains("unknown rule `gate-by-pass`; did you mean `gate-bypass`?"), "{}", ran.stderr);
}
