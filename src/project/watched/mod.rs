//! Do the watched paths of a Pulumi project cover its code? What the project's files import, and no watched path holds,
//! changes without a deployment; a watched folder of code that nothing imports starts deployments for nothing.
//!
//! It is said only of what is certain: files are read, and never run; what is not found in the checkout belongs to
//! somebody else; tests, and imports for type checkers alone, are no part of a deployment.

mod go;
mod javascript;
mod python;
mod tree;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use camino::Utf8Path;
use yaml_source::diagnostic::{Count, Diagnostic, Diagnostics, Rule, ticked};
use yaml_source::source::Span;

use tree::{Tree, is_watched};

/// The code of a Pulumi project, and what is watched for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Code {
    /// The project's folder.
    pub(super) folder: String,
    /// Where it is said.
    pub(super) span: Span,
    /// Watched paths; all when there are none.
    pub(super) watched: Vec<String>,
    /// The watched paths that the manifest itself says.
    pub(super) own: Vec<(String, Span)>,
    /// Folders of the repository that Python finds modules in, besides the project's.
    pub(super) python_path: Vec<String>,
}

/// The languages whose imports are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Python,
    JavaScript,
    Go,
}

/// An import that was found in the checkout.
struct FoundImport {
    line: usize,
    /// As it is written.
    name: String,
    /// What it leads to, from the root: a file, or a package's folder in Go.
    target: String,
}

/// How many imports are told of one project.
const TOLD: usize = 5;

impl Language {
    fn of(path: &str) -> Option<Self> {
        match Utf8Path::new(path).extension()? {
            "py" => Some(Self::Python),
            "ts" | "tsx" | "mts" | "cts" | "js" | "jsx" | "mjs" | "cjs" => Some(Self::JavaScript),
            "go" => Some(Self::Go),
            _ => None,
        }
    }

    /// Is it run by tests alone?
    fn is_test(path: &str) -> bool {
        let path = Utf8Path::new(path);
        let name = path.file_stem().unwrap_or_default();
        path.components().any(|part| matches!(part.as_str(), "test" | "tests" | "__tests__"))
            || name == "conftest"
            || name.starts_with("test_")
            || ["_test", ".test", ".spec"].iter().any(|end| name.ends_with(end))
    }
}

/// Are the watched paths there? A path may be a pattern, as git takes it.
pub(super) fn check_paths(root: &Utf8Path, paths: &[(String, Span)], diagnostics: &mut Diagnostics) {
    let tree = Tree::new(root);
    for (path, span) in paths {
        if tree.as_ref().is_some_and(|tree| tree.matches(path)) {
            continue;
        }
        diagnostics.push(
            Diagnostic::new(Rule::MissingPath, *span, format!("`{path}` is watched, and is not in the code"))
                .help("correct the path, which begins at the root of the repository, or remove it")
                .note(format!("looked in {root}")),
        );
    }
}

/// Reads the code of a project, and compares what it imports with what is watched.
pub(super) fn check_imports(root: &Utf8Path, code: &Code, diagnostics: &mut Diagnostics) {
    if code.watched.is_empty() {
        return;
    }
    let Some(tree) = Tree::new(root) else { return };
    let own = tree.project_files(&code.folder);
    let mut reader = ImportReader { tree: &tree, code, reached: BTreeSet::new(), mentioned: BTreeSet::new() };
    let outside = reader.follow(&own.files);
    report_unwatched(&outside, code, diagnostics);
    if own.whole && !tree.is_exhausted() {
        reader.report_unread(diagnostics);
    }
}

struct ImportReader<'a> {
    tree: &'a Tree,
    code: &'a Code,
    /// Files that the project is made of.
    reached: BTreeSet<String>,
    /// Names of watched folders that stand in one of them.
    mentioned: BTreeSet<String>,
}

impl ImportReader<'_> {
    /// Follows the imports of files, and gives those of the project's own that lead to what is not watched: target →
    /// who imports it, in order.
    fn follow(&mut self, own: &[String]) -> BTreeMap<String, (String, usize, String)> {
        let mut outside = BTreeMap::new();
        let mut waiting: VecDeque<(String, bool)> = own.iter().map(|file| (file.clone(), true)).collect();
        self.reached.extend(own.iter().cloned());
        while let Some((file, is_own)) = waiting.pop_front() {
            let Some(text) = self.tree.read(&file) else { continue };
            let names = self.code.own.iter().map(|(path, _)| last(path)).filter(|name| text.contains(name));
            self.mentioned.extend(names.map(str::to_owned));
            for found in self.imports(&file, &text) {
                if is_own && !is_watched(&found.target, &self.code.watched) {
                    outside.entry(found.target.clone()).or_insert((file.clone(), found.line, found.name));
                }
                for file in self.tree.files_of(&found.target) {
                    if self.reached.insert(file.clone()) {
                        waiting.push_back((file, false));
                    }
                }
            }
        }
        outside
    }

    fn imports(&self, file: &str, text: &str) -> Vec<FoundImport> {
        match Language::of(file) {
            Some(Language::Python) => python::found(text, file, &self.code.folder, &self.code.python_path, self.tree),
            Some(Language::JavaScript) => javascript::found(text, file, self.tree),
            Some(Language::Go) => go::found(text, file, self.tree),
            None => Vec::new(),
        }
    }

    /// A folder counts as read as soon as a file of the project so much as says its name.
    fn report_unread(&self, diagnostics: &mut Diagnostics) {
        for (path, span) in &self.code.own {
            let inside = |inner: &str, outer: &str| Utf8Path::new(inner).starts_with(outer);
            if inside(path, &self.code.folder) || inside(&self.code.folder, path) {
                continue;
            }
            if self.mentioned.contains(last(path)) || self.reached.iter().any(|file| inside(file, path)) {
                continue;
            }
            let Some(files) = self.tree.folder_of_code(path) else { continue };
            diagnostics.push(
                Diagnostic::new(Rule::UnreadPath, *span, format!("nothing that is deployed reads `{path}`"))
                    .note(format!("it holds {} of code, which the project never imports", Count(files, "file")))
                    .help("remove it: every change there starts a deployment"),
            );
        }
    }
}

fn report_unwatched(outside: &BTreeMap<String, (String, usize, String)>, code: &Code, diagnostics: &mut Diagnostics) {
    if outside.is_empty() {
        return;
    }
    let targets: Vec<&String> = outside.keys().take(TOLD).collect();
    let more = outside.len() - targets.len();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let mut diagnostic = Diagnostic::new(
        Rule::UnwatchedImport,
        code.span,
        format!("`{}` imports {}{more}, which no watched path holds", code.folder, ticked(&targets)),
    );
    for (file, line, name) in outside.values().take(TOLD) {
        diagnostic = diagnostic.note(format!("{file}:{line} imports `{name}`"));
    }
    diagnostics.push(
        diagnostic.help("add it to `source.paths` (or the fleet's `common_paths`), so that a change there is deployed"),
    );
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The folders of the repository that a `PYTHONPATH` names: what stands behind the artifact of the code.
pub(super) fn python_path(value: &str, code: &str) -> Vec<String> {
    value
        .split(':')
        .filter_map(|folder| {
            let parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
            let at = parts.iter().position(|part| *part == code)?;
            Some(parts[at + 1..].join("/"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_path_is_found_from_the_root_of_the_code() {
        assert_eq!(python_path("/usr/lib/:/tmp/build/put/infra-x/src/:/tmp/build/put/infra-x", "infra-x"), ["src", ""]);
        assert_eq!(python_path("/usr/lib:src", "infra-x"), [] as [&str; 0]);
    }
}
