//! Writing: what is unchanged is left alone, what is written is whole or not there, and what waits to be written is
//! removed when the run is told to end.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::{Duration, SystemTime};

use camino::Utf8Path;
use tempfile::TempDir;
use yaml_source::Failure;

use crate::interrupt;

/// The text of a file, if there is one.
///
/// # Errors
///
/// When it is there and cannot be read.
pub(crate) fn existing(path: &Utf8Path) -> Result<Option<Vec<u8>>, Failure> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::io("read", path, error)),
    }
}

/// A folder that files are written into. One that is not there yet comes to be with all of its files at once, which also
/// spares the file system a second name for each.
pub(crate) struct Folder<'a> {
    path: &'a Utf8Path,
    /// Where the files wait.
    waiting: Option<TempDir>,
    /// Until the files are written.
    _in_use: InUse,
}

impl<'a> Folder<'a> {
    /// Opens a folder, or begins a new one.
    ///
    /// # Errors
    ///
    /// When it is no folder, or none can be made.
    pub(crate) fn open(path: &'a Utf8Path) -> Result<Self, Failure> {
        interrupt::watch();
        let failure = |error| Failure::io("make the folder", path, error);
        let is_new = fs::symlink_metadata(path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
        let within = if is_new { parent(path) } else { path };
        fs::create_dir_all(within).map_err(failure)?;
        let in_use = InUse::of(within);
        let waiting = if is_new {
            let folder = tempfile::Builder::new().prefix(TEMPORARY).permissions(usual_of_folders()).tempdir_in(within);
            Some(folder.map_err(failure)?)
        } else {
            None
        };
        Ok(Self { path, waiting, _in_use: in_use })
    }

    /// Writes a file.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or the run was told to end.
    pub(crate) fn write(&self, name: &str, text: &[u8]) -> Result<(), Failure> {
        interrupt::check()?;
        let path = self.path.join(name);
        match &self.waiting {
            Some(waiting) => {
                fs::write(waiting.path().join(name), text).map_err(|error| Failure::io("write", &path, error))
            }
            None => replace(&path, text, permissions(&path)),
        }
    }

    /// Lets the files be seen. Where another run has made the folder meanwhile, they join its files.
    ///
    /// # Errors
    ///
    /// When they cannot be put there, or the run was told to end.
    pub(crate) fn close(self) -> Result<(), Failure> {
        interrupt::check()?;
        let Some(waiting) = self.waiting else { return Ok(()) };
        if fs::rename(waiting.path(), self.path).is_ok() {
            // There is nothing to clear up any more.
            let _ = waiting.keep();
            return Ok(());
        }
        let failure = |error| Failure::io("make the folder", self.path, error);
        for entry in fs::read_dir(waiting.path()).map_err(failure)? {
            let entry = entry.map_err(failure)?;
            fs::rename(entry.path(), self.path.as_std_path().join(entry.file_name())).map_err(failure)?;
        }
        Ok(())
    }
}

fn parent(path: &Utf8Path) -> &Utf8Path {
    match path.parent() {
        Some(folder) if folder != "" => folder,
        _ => Utf8Path::new("."),
    }
}

/// Writes a file through another one beside it, so that a reader sees the old text or the new one, never a part, even
/// when the run is killed. It is not forced onto the disk: what a loss of power leaves is the file system's to say.
///
/// # Errors
///
/// When it cannot be written.
pub(crate) fn atomically(path: &Utf8Path, text: &[u8]) -> Result<(), Failure> {
    let _in_use = InUse::of(parent(path));
    replace(path, text, permissions(path))
}

/// The same, for the user alone.
///
/// # Errors
///
/// When it cannot be written.
pub(crate) fn privately(path: &Utf8Path, text: &[u8]) -> Result<(), Failure> {
    let _in_use = InUse::of(parent(path));
    replace(path, text, fs::Permissions::from_mode(0o600))
}

fn replace(path: &Utf8Path, text: &[u8], permissions: fs::Permissions) -> Result<(), Failure> {
    interrupt::watch();
    let failure = |error| Failure::io("write", path, error);
    let mut file = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .permissions(permissions)
        .tempfile_in(parent(path))
        .map_err(failure)?;
    file.write_all(text).map_err(failure)?;
    file.persist(path).map_err(|error| failure(error.error))?;
    Ok(())
}

/// A folder that this run has temporary files in. Other runs see that by a lock of the folder, which the system takes
/// away when the process ends, however it ends.
struct InUse {
    _lock: Option<File>,
}

impl InUse {
    /// Removes what killed runs left in a folder, and locks the folder against such removals. A folder that cannot be
    /// listed is left alone; a file system without locks is used without.
    fn of(folder: &Utf8Path) -> Self {
        let Ok(lock) = File::open(folder) else { return Self { _lock: None } };
        match lock.try_lock() {
            Ok(()) => remove_leftovers(folder, |_| true),
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => remove_leftovers(folder, is_old),
        }
        // Another run holds the folder for itself no longer than it takes to remove files.
        for _ in 0..100 {
            match lock.try_lock_shared() {
                Ok(()) => return Self { _lock: Some(lock) },
                Err(TryLockError::Error(_)) => break,
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(5)),
            }
        }
        Self { _lock: None }
    }
}

/// Removes the temporary files and folders of a folder that `is_abandoned` accepts.
fn remove_leftovers(folder: &Utf8Path, is_abandoned: fn(&fs::Metadata) -> bool) {
    for path in yaml_source::files::list(folder).unwrap_or_default() {
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        if path.file_name().is_some_and(is_temporary) && is_abandoned(&metadata) {
            // Another run may remove it at the same time, and it does no harm if it stays.
            let _ = if metadata.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        }
    }
}

/// Whether a temporary file is so old that no run can still be at it.
fn is_old(metadata: &fs::Metadata) -> bool {
    let age = metadata.modified().ok().and_then(|at| SystemTime::now().duration_since(at).ok());
    age.is_some_and(|age| age > Duration::from_secs(60 * 60))
}

/// Whether a name is one that `tempfile` makes for this program.
fn is_temporary(name: &str) -> bool {
    let random = name.strip_prefix(TEMPORARY).unwrap_or_default();
    random.len() == 6 && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// How the names of files begin that are not yet what they are to be.
const TEMPORARY: &str = ".ol-pipegen-";

/// A temporary folder is its owner's alone; these are less what the user's mask takes away.
fn usual_of_folders() -> fs::Permissions {
    fs::Permissions::from_mode(0o777)
}

/// Those of the file that is replaced, else the usual ones: a temporary file is its owner's alone.
fn permissions(path: &Utf8Path) -> fs::Permissions {
    fs::metadata(path).map_or_else(|_| fs::Permissions::from_mode(0o644), |metadata| metadata.permissions())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_of_killed_runs_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        let two_hours_ago = SystemTime::now() - Duration::from_secs(2 * 60 * 60);
        let left = || {
            let mut left = yaml_source::files::list(folder).unwrap();
            left.sort();
            left.iter().map(|path| path.file_name().unwrap_or_default().to_owned()).collect::<Vec<_>>()
        };
        let kept = [".ol-pipegen-notes.md", ".other-oldold"];
        for name in [".ol-pipegen-oldold", ".ol-pipegen-newnew", kept[0], kept[1]] {
            let file = File::create(folder.join(name)).unwrap();
            if name.contains("old") {
                file.set_modified(two_hours_ago).unwrap();
            }
        }
        fs::create_dir(folder.join(".ol-pipegen-folder")).unwrap();
        // Another run writes there.
        let other = File::open(folder).unwrap();
        other.lock_shared().unwrap();
        drop(InUse::of(folder));
        assert_eq!(left(), [".ol-pipegen-folder", ".ol-pipegen-newnew", kept[0], kept[1]]);
        // It was killed.
        drop(other);
        let one = InUse::of(folder);
        assert_eq!(left(), kept);
        // A run that writes keeps its files.
        File::create(folder.join(".ol-pipegen-newnew")).unwrap();
        let two = InUse::of(folder);
        assert_eq!(left(), [".ol-pipegen-newnew", kept[0], kept[1]]);
        drop((one, two));
        atomically(&folder.join("x.yml"), b"x").unwrap();
        assert_eq!(left(), [kept[0], kept[1], "x.yml"]);
    }

    #[test]
    fn new_folder_is_there_with_all_of_its_files_or_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(root.path()).unwrap();
        let path = root.join("a/rendered");
        let folder = Folder::open(&path).unwrap();
        folder.write("x.yml", b"x").unwrap();
        assert!(!path.exists());
        folder.close().unwrap();
        assert_eq!(fs::read(path.join("x.yml")).unwrap(), b"x");
        // As others make them: whoever may read the folder around may read this one.
        fs::create_dir(root.join("usual")).unwrap();
        let mode =
            |path: &Utf8Path| std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions());
        assert_eq!(mode(&path), mode(&root.join("usual")));

        let other = root.join("b");
        drop(Folder::open(&other).unwrap());
        assert_eq!(yaml_source::files::list(root).unwrap().len(), 2, "what is not closed leaves nothing");

        let (one, two) = (Folder::open(&other).unwrap(), Folder::open(&other).unwrap());
        for (folder, name) in [(one, "one.yml"), (two, "two.yml")] {
            folder.write(name, b"").unwrap();
            folder.close().unwrap();
        }
        assert!(other.join("one.yml").exists() && other.join("two.yml").exists());

        let again = Folder::open(&path).unwrap();
        again.write("y.yml", b"y").unwrap();
        assert_eq!(fs::read(path.join("y.yml")).unwrap(), b"y");
        again.close().unwrap();
    }
}
