use std::fs::{self, DirBuilder, Metadata};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};

use camino::{Utf8Path, Utf8PathBuf};
use rustix::process::geteuid;
use yaml_source::boundary::repository_around;
use yaml_source::files;

use crate::write;

/// Where it is remembered: a file of the user's cache.
pub(super) struct CacheFile {
    folder: Utf8PathBuf,
    name: String,
    /// What it is of, told by where that really is.
    pub(super) of: String,
}

impl CacheFile {
    /// That of these paths, as they are told from here, and of the folder they are rendered to. `None` where the user
    /// has no cache, and where it lies in a repository, which others could fill.
    pub(super) fn of(paths: &[Utf8PathBuf], out: Option<&Utf8Path>) -> Option<Self> {
        let folder = cache_home()?.join("ol-pipegen");
        let real = files::real(&folder);
        if paths.iter().any(|path| real.starts_with(repository_of(&files::real(path)))) {
            return None;
        }
        let paths: Vec<Utf8PathBuf> = paths.iter().map(|path| files::real(path)).collect();
        let of = format!("{:?}", (files::real(Utf8Path::new(".")), paths, out.map(files::real)));
        let mut hasher = DefaultHasher::new();
        of.hash(&mut hasher);
        Some(Self { folder, name: format!("unchanged-{:016x}", hasher.finish()), of })
    }

    /// What is there, if it is the user's own and nobody else could have written it.
    pub(super) fn read(&self) -> Option<String> {
        let path = self.folder.join(&self.name);
        let folder = fs::symlink_metadata(&self.folder).ok()?;
        let file = fs::symlink_metadata(&path).ok()?;
        let user = geteuid().as_raw();
        let is_trusted = folder.is_dir() && file.is_file() && is_own(&folder, user) && is_own(&file, user);
        is_trusted.then(|| fs::read_to_string(path).ok())?
    }

    /// Replaces what is there. Nothing can be done where that cannot be.
    pub(super) fn write(&self, text: &str) {
        // A new file costs more than to read this one.
        if self.read().is_some_and(|known| known == text) {
            return;
        }
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        if made.is_ok() || made.is_err_and(|error| error.kind() == ErrorKind::AlreadyExists) {
            let _ = write::privately(&self.folder.join(&self.name), text.as_bytes());
        }
    }
}

/// Is it that user's, and can nobody else write it?
fn is_own(metadata: &Metadata, user: u32) -> bool {
    metadata.uid() == user && metadata.mode() & 0o022 == 0
}

/// The folder of the user's caches, as the XDG Base Directory Specification 0.8 has it: a path that is not absolute does
/// not count.
fn cache_home() -> Option<Utf8PathBuf> {
    let absolute = |variable: &str| {
        let path = Utf8PathBuf::from(std::env::var(variable).ok()?);
        path.is_absolute().then_some(path)
    };
    absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))
}

/// The root of a path's repository, or its folder where there is none.
fn repository_of(path: &Utf8Path) -> &Utf8Path {
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    repository_around(folder).unwrap_or(folder)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_others_could_have_written_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record");
        fs::write(&path, "").unwrap();
        let own = |mode, user| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            is_own(&fs::metadata(&path).unwrap(), user)
        };
        let user = geteuid().as_raw();
        assert!(own(0o600, user) && own(0o644, user));
        assert!(!own(0o620, user) && !own(0o602, user));
        assert!(!own(0o600, user + 1));
    }
}
