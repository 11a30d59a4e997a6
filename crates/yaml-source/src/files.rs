//! Reading files and folders, with errors that name them.

use std::collections::BTreeMap;
use std::fs::FileType;
use std::sync::{Mutex, PoisonError};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use crate::Failure;
use crate::boundary::repository_around;
use crate::source::SourceText;

/// Reads what is meant to be a text. What is no UTF-8 in it is for the reader of the text to report.
///
/// # Errors
///
/// When it cannot be read, or is a link in a repository that leads out of it.
pub fn read(path: &Utf8Path) -> Result<SourceText, Failure> {
    if leads_out(path) {
        let reason = std::io::Error::other("the link leads out of the repository");
        return Err(Failure::io("read", path, reason));
    }
    std::fs::read(path).map(SourceText::from).map_err(|error| Failure::io("read", path, error))
}

/// Whether a file is a link that leads out of the repository that it lies in: whoever commits such a link chooses which
/// file of this machine is read, and its text would be shown in reports.
fn leads_out(path: &Utf8Path) -> bool {
    let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    let repository = || {
        let folder = real_folder(path.parent().unwrap_or(Utf8Path::new("")));
        repository_around(&folder).map(Utf8Path::to_owned)
    };
    is_link && repository().is_some_and(|repository| !real(path).starts_with(repository))
}

/// Refuses what is no file, such as a device or a pipe, whose text may never end.
///
/// # Errors
///
/// When it is none, or is not there.
pub fn require_regular(path: &Utf8Path) -> Result<(), Failure> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(()),
        Ok(_) => Err(Failure::io("read", path, std::io::Error::other("not a file"))),
        Err(error) => Err(Failure::io("read", path, error)),
    }
}

/// Whether a path stays below the folder that it is taken from.
pub fn is_inside(path: &str) -> bool {
    Utf8Path::new(path).components().all(|part| matches!(part, Utf8Component::Normal(_) | Utf8Component::CurDir))
}

/// Returns what to write in place of a path that leads out of the repository.
pub fn help_for_outside(path: &str) -> String {
    let below = path.trim_start_matches('/');
    if below.is_empty() || !is_inside(below) {
        return "write a path from the root of the repository, such as lib".to_owned();
    }
    format!("write `{below}`: paths begin at the root of the repository")
}

/// The one path of what may be told by several: absolute, without `..` and links. What is not there yet is where its
/// folder is.
pub fn real(path: &Utf8Path) -> Utf8PathBuf {
    if let Ok(real) = path.canonicalize_utf8() {
        return real;
    }
    let start = if path.is_absolute() { Utf8Path::new("/") } else { Utf8Path::new(".") };
    let mut real = start.canonicalize_utf8().unwrap_or_default();
    for part in path.components() {
        match part {
            Utf8Component::ParentDir => {
                real.pop();
            }
            Utf8Component::Normal(name) => {
                real.push(name);
                real = real.canonicalize_utf8().unwrap_or(real);
            }
            Utf8Component::CurDir | Utf8Component::RootDir | Utf8Component::Prefix(_) => {}
        }
    }
    real
}

/// The same of a folder. Whoever asks for a thousand files of one has it looked up once.
pub fn real_folder(folder: &Utf8Path) -> Utf8PathBuf {
    static KNOWN: Mutex<BTreeMap<Utf8PathBuf, Utf8PathBuf>> = Mutex::new(BTreeMap::new());
    // What a thread that panicked left is whole: nothing is half inserted.
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = known.get(folder) {
        return found.clone();
    }
    let found = real(folder);
    known.insert(folder.to_owned(), found.clone());
    found
}

/// The entries of a folder, in no particular order. Names that are no UTF-8 are passed over: nothing of ours has one.
///
/// # Errors
///
/// When it cannot be read.
pub fn list(folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>, Failure> {
    Ok(list_typed(folder)?.into_iter().map(|(path, _)| path).collect())
}

/// The same, each with what it is itself: a link is a link. The system tells that along with the name.
///
/// # Errors
///
/// When it cannot be read.
pub fn list_typed(folder: &Utf8Path) -> Result<Vec<(Utf8PathBuf, FileType)>, Failure> {
    let failure = |error| Failure::io("read", folder, error);
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failure)? {
        let entry = entry.map_err(failure)?;
        if let Ok(path) = Utf8PathBuf::from_path_buf(entry.path()) {
            entries.push((path, entry.file_type().map_err(failure)?));
        }
    }
    Ok(entries)
}

/// The way from a folder to a file.
pub fn relative(path: &Utf8Path, folder: &Utf8Path) -> Utf8PathBuf {
    let parts = |path: &Utf8Path| -> Vec<String> {
        path.components()
            .filter(|part| !matches!(part, Utf8Component::CurDir))
            .map(|part| part.as_str().to_owned())
            .collect()
    };
    let (to, from) = (parts(path), parts(folder));
    let common = to.iter().zip(&from).take_while(|(a, b)| a == b).count();
    // The names on the way back are those of the folders that `..` leaves.
    if path.is_absolute() != folder.is_absolute() || from[common..].iter().any(|part| part == "..") {
        let real = match (path.parent(), path.file_name()) {
            (Some(around), Some(name)) => real_folder(around).join(name),
            _ => real(path),
        };
        return relative(&real, &real_folder(folder));
    }
    let mut way = Utf8PathBuf::new();
    for _ in &from[common..] {
        way.push("..");
    }
    way.extend(&to[common..]);
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_ways_lead_to_one_path() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap().canonicalize_utf8().unwrap();
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::os::unix::fs::symlink("a/b", root.join("link")).unwrap();
        for way in ["a/new.yml", "a/b/../new.yml", "link/../new.yml", "./a/./new.yml"] {
            assert_eq!(real(&root.join(way)), root.join("a/new.yml"), "{way}");
        }
        assert_eq!(real(&root.join("new/../a/b")), root.join("a/b"));
        assert!(real(Utf8Path::new("src")).is_absolute());
    }

    #[test]
    fn way_is_found_from_the_folder_of_the_file() {
        for (path, folder, way) in [
            ("fleet/projects/a.yml", "fleet/rendered", "../projects/a.yml"),
            ("pipegen.yml", "rendered", "../pipegen.yml"),
            ("./pipegen.yml", "rendered", "../pipegen.yml"),
            ("/a/b/pipegen.yml", "/a/b/out", "../pipegen.yml"),
            ("a.yml", "", "a.yml"),
            ("../x/pipegen.yml", "../x/rendered", "../pipegen.yml"),
            ("fleet/pipegen.yml", "fleet/../rendered", "../fleet/pipegen.yml"),
        ] {
            assert_eq!(relative(path.into(), folder.into()), Utf8PathBuf::from(way), "{path} from {folder}");
        }
    }

    #[test]
    fn way_is_the_same_from_wherever_it_is_reported() {
        let here = real(Utf8Path::new("."));
        let name = here.file_name().unwrap_or_default();
        let way = Utf8PathBuf::from(format!("../{name}/pipegen.yml"));
        for folder in [Utf8PathBuf::from("../elsewhere"), here.join("../elsewhere")] {
            assert_eq!(relative("pipegen.yml".into(), &folder), way, "{folder}");
        }
    }
}
