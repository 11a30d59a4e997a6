//! The order of the resource's files: each one uses only files that come before it in this list.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// From the files that use nothing to the one that is used by nothing. Files of one line may use each other.
const ORDER: &[&str] = &[
    "build",
    "protocol",
    "error",
    "files",
    "context",
    "cache",
    "commits",
    "git",
    "compat",
    "gate::pins",
    "gate::content",
    "gate::destination",
    "gate::session",
    "gate::stale",
    "gate::page",
    "gate::issues",
    "gate::notices",
    "gate::verdict",
    "gate::draft",
    "gate::append",
    "gate::duplicates",
    "gate::open",
    "gate::check",
    "gate::get",
    "gate::records",
    "gate::record",
    "gate::claim",
    "gate::report",
    "gate",
    "dispatch",
    "cli",
];

/// The place in [`ORDER`] of the longest name that `path` begins with.
fn place(path: &str) -> Option<usize> {
    let begins = |name: &str| path == name || path.strip_prefix(name).is_some_and(|rest| rest.starts_with("::"));
    (0..ORDER.len()).filter(|at| begins(ORDER[*at])).max_by_key(|at| ORDER[*at].len())
}

#[test]
fn each_file_uses_only_files_that_come_before_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut faults = Vec::new();
    let mut used = BTreeSet::new();
    for file in sources(&src) {
        let module = module_of(file.strip_prefix(&src).unwrap());
        if matches!(module.as_str(), "lib" | "main" | "main_virtual") {
            continue;
        }
        let Some(from) = place(&module) else {
            faults.push(format!("{module} is not in the list"));
            continue;
        };
        used.insert(from);
        let text = fs::read_to_string(&file).unwrap();
        for path in paths(&module, is_folder(&file), &text) {
            match place(&path) {
                Some(to) if to > from => faults.push(format!("{module} uses {path}, which comes after it")),
                Some(_) => {}
                None => faults.push(format!("{module} uses {path}, which is not in the list")),
            }
        }
    }
    faults.extend((0..ORDER.len()).filter(|at| !used.contains(at)).map(|at| format!("{} has no file", ORDER[at])));
    assert_eq!(faults, Vec::<String>::new());
}

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn is_folder(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == "mod.rs")
}

fn module_of(file: &Path) -> String {
    let path = file.with_extension("").to_str().unwrap().replace('/', "::");
    path.strip_suffix("::mod").unwrap_or(&path).to_owned()
}

/// The modules of the crate that `text`, the file of `module`, names with `crate::` or `super::`.
fn paths(module: &str, is_folder: bool, text: &str) -> Vec<String> {
    let parent = if is_folder { None } else { module.rsplit_once("::").map(|(parent, _)| parent) };
    // The tests inside a file use the file itself.
    let text = text.split("\n#[cfg(test)]").next().unwrap_or_default();
    let code: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let code = code.join("\n");
    let mut found = Vec::new();
    for (start, base) in [("crate::", Some(String::new())), ("super::", parent.map(|parent| format!("{parent}::")))] {
        let Some(base) = base else { continue };
        for (at, _) in code.match_indices(start) {
            let rest = &code[at + start.len()..];
            for name in rest.strip_prefix('{').map_or_else(|| vec![rest], members) {
                found.extend(name_of(&base, name.trim()));
            }
        }
    }
    found
}

/// The members of a group of imports whose opening brace was just read. A group inside of it stays whole.
fn members(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                found.push(&text[start..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}

#[test]
fn groups_of_imports_are_read_whole() {
    let text = "use crate::{a::{B, C}, d::E,\n    f::G};\nuse super::{h::{i::J}, k::L};\n";
    assert_eq!(paths("m::n", false, text), ["a", "d", "f", "m::h", "m::k"]);
}

/// The modules at the head of a path: the segments in lower case that are followed by another.
fn name_of(base: &str, path: &str) -> Option<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let path = path.split(|c| !is_name(c)).next().unwrap_or_default();
    let modules = path.split("::").take_while(|part| part.starts_with(|c: char| c.is_ascii_lowercase()));
    let name = format!("{base}{}", modules.collect::<Vec<_>>().join("::"));
    (!name.ends_with("::") && !name.is_empty()).then_some(name)
}
