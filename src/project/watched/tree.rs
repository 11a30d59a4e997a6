use std::cell::Cell;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use yaml_source::files;

use super::Language;

/// Files that are looked at for one project, at most.
const MOST_FILES: usize = 20_000;
/// Folders within folders.
const DEEPEST: usize = 32;
/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// A checkout. Nothing outside of it is ever read, whatever its links say.
pub(super) struct Tree {
    root: Utf8PathBuf,
    left: Cell<usize>,
}

/// Files below a folder.
pub(super) struct Files {
    pub(super) files: Vec<String>,
    /// Was everything seen?
    pub(super) whole: bool,
}

impl Tree {
    /// `None` when there is no such folder.
    pub(super) fn new(root: &Utf8Path) -> Option<Self> {
        Some(Self { root: root.canonicalize_utf8().ok()?, left: Cell::new(MOST_FILES) })
    }

    /// Was there more than one project has reason to hold?
    pub(super) fn is_exhausted(&self) -> bool {
        self.left.get() == 0
    }

    /// Where a path leads, from the root; `None` when it is not there or lies outside.
    fn real(&self, path: &str) -> Option<String> {
        let real = self.root.join(join("", path)?).canonicalize_utf8().ok()?;
        real.strip_prefix(&self.root).ok().map(|path| path.as_str().to_owned())
    }

    /// The file that a path leads to, from the root.
    pub(super) fn file(&self, path: &str) -> Option<String> {
        self.real(path).filter(|path| self.root.join(path).is_file())
    }

    /// The same of a folder.
    pub(super) fn folder(&self, path: &str) -> Option<String> {
        self.real(path).filter(|path| self.root.join(path).is_dir())
    }

    /// A text, unless it is too large to have been written by a person.
    pub(super) fn read(&self, path: &str) -> Option<String> {
        self.left.set(self.left.get().checked_sub(1)?);
        let path = self.root.join(self.file(path)?);
        if std::fs::metadata(&path).ok()?.len() > LARGEST {
            return None;
        }
        Some(String::from_utf8_lossy(&std::fs::read(path).ok()?).into_owned())
    }

    /// Is it there, or does the pattern match something that is?
    pub(super) fn matches(&self, path: &str) -> bool {
        if self.real(path).is_some() {
            return true;
        }
        let (Some(pattern), Some(_)) = (pattern(path), join("", path)) else { return false };
        let folder = path.split(is_special).next().and_then(|before| before.rsplit_once('/')).map_or("", |(it, _)| it);
        let found = self.walk(folder, &|_| true);
        // What was not seen may be what matches.
        !found.whole || found.files.iter().any(|file| covers(&pattern, file))
    }

    /// The code of a project, without its tests, and without the projects within it.
    pub(super) fn project_files(&self, folder: &str) -> Files {
        let mut found = self.walk(folder, &|folder| {
            !["Pulumi.yaml", "Pulumi.yml"].iter().any(|name| self.root.join(folder).join(name).is_file())
        });
        found.files.retain(|file| Language::of(file).is_some() && !Language::is_test(file));
        found
    }

    /// The files behind what an import leads to: itself, or those of a package in Go.
    pub(super) fn files_of(&self, target: &str) -> Vec<String> {
        if self.file(target).is_some() {
            return vec![target.to_owned()];
        }
        let Ok(entries) = files::list(&self.root.join(target)) else { return Vec::new() };
        let mut files: Vec<String> = entries
            .iter()
            .filter_map(|path| path.strip_prefix(&self.root).ok())
            .map(|path| path.as_str().to_owned())
            .filter(|path| Language::of(path) == Some(Language::Go) && !Language::is_test(path))
            .collect();
        files.sort_unstable();
        files
    }

    /// How many files a folder has that holds code of one of the languages, and nothing else. `None` for all others:
    /// data is read in more ways than by imports.
    pub(super) fn folder_of_code(&self, path: &str) -> Option<usize> {
        let found = self.walk(&self.folder(path)?, &|_| true);
        let code = found.files.iter().all(|file| Language::of(file).is_some());
        (code && found.whole && !found.files.is_empty()).then_some(found.files.len())
    }

    /// All files below a folder, without hidden ones, links, and what package managers bring.
    fn walk(&self, folder: &str, enter: &dyn Fn(&str) -> bool) -> Files {
        let mut found = Files { files: Vec::new(), whole: true };
        let Some(start) = self.folder(folder) else { return found };
        let mut waiting = vec![(start, 0)];
        while let Some((folder, depth)) = waiting.pop() {
            let Ok(mut entries) = files::list(&self.root.join(&folder)) else {
                found.whole = false;
                continue;
            };
            entries.sort_unstable();
            for path in entries {
                let name = path.file_name().unwrap_or_default();
                let Ok(kind) = std::fs::symlink_metadata(&path) else { continue };
                let Some(inner) = path.strip_prefix(&self.root).ok().map(|path| path.as_str().to_owned()) else {
                    continue;
                };
                if name.starts_with('.') || kind.is_symlink() {
                    continue;
                }
                if kind.is_dir() {
                    let brought = matches!(name, "node_modules" | "__pycache__" | "venv" | "vendor");
                    if depth == DEEPEST {
                        found.whole = false;
                    } else if !brought && enter(&inner) {
                        waiting.push((inner, depth + 1));
                    }
                    continue;
                }
                let Some(left) = self.left.get().checked_sub(1) else {
                    found.whole = false;
                    return found;
                };
                self.left.set(left);
                found.files.push(inner);
            }
        }
        found
    }
}

/// Is a path below one of the watched ones?
pub(super) fn is_watched(path: &str, watched: &[String]) -> bool {
    watched.iter().any(|watched| {
        Utf8Path::new(path).starts_with(watched) || pattern(watched).is_some_and(|pattern| covers(&pattern, path))
    })
}

/// A path from a folder, without `.` and `..`; `None` when it leaves the root.
pub(super) fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in Utf8Path::new(path).components() {
        match part {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir => {
                parts.pop()?;
            }
            Utf8Component::Normal(name) => parts.push(name),
            Utf8Component::RootDir | Utf8Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

fn is_special(c: char) -> bool {
    matches!(c, '*' | '?' | '[')
}

/// A path of git's that is a pattern
/// ([pathspec](https://git-scm.com/docs/gitglossary#def_pathspec)): its `*` matches slashes, too.
fn pattern(path: &str) -> Option<glob::Pattern> {
    path.contains(is_special).then(|| glob::Pattern::new(path).ok()).flatten()
}

/// Does a pattern match a file, or a folder that it lies in?
fn covers(pattern: &glob::Pattern, path: &str) -> bool {
    Utf8Path::new(path).ancestors().any(|path| pattern.matches(path.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_of_the_root_is_found() {
        let outer = tempfile::tempdir().unwrap();
        let outer = Utf8Path::from_path(outer.path()).unwrap().canonicalize_utf8().unwrap();
        std::fs::create_dir_all(outer.join("root/a")).unwrap();
        std::fs::write(outer.join("secret.py"), "import os").unwrap();
        std::fs::write(outer.join("root/a/in.py"), "import os").unwrap();
        std::os::unix::fs::symlink(outer.join("secret.py"), outer.join("root/a/link.py")).unwrap();
        std::os::unix::fs::symlink(&outer, outer.join("root/out")).unwrap();
        std::os::unix::fs::symlink("a", outer.join("root/b")).unwrap();
        let tree = Tree::new(&outer.join("root")).unwrap();
        for path in ["../secret.py", "a/link.py", "out/secret.py", "/etc/passwd", "a/../../secret.py"] {
            assert_eq!((tree.file(path), tree.read(path), tree.matches(path)), (None, None, false), "{path}");
        }
        assert_eq!(tree.file("b/in.py").as_deref(), Some("a/in.py"));
        assert_eq!(tree.walk("", &|_| true).files, ["a/in.py"]);
        assert!(tree.matches("a/*.py") && !tree.matches("a/*.ts") && !tree.matches("../*.py"));
    }
}
