use std::fs::{self, File, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Result};

/// The directory that Concourse gave a step, and nothing outside it.
///
/// A path from `params` is relative to it. Neither `..` nor a link leads out: what a path resolves to must lie inside.
#[derive(Debug)]
pub(crate) struct BuildDir {
    root: PathBuf,
}

impl BuildDir {
    pub(crate) fn new(root: &Path) -> Result<Self> {
        let root = fs::canonicalize(root)
            .map_err(|error| Error::BadFile { path: root.display().to_string(), why: error.to_string() })?;
        Ok(Self { root })
    }

    /// Where `path` really is; `None` when nothing is there.
    pub(crate) fn resolve(&self, path: &str) -> Result<Option<PathBuf>> {
        let bad = |why: &str| Error::BadFile { path: path.to_owned(), why: why.to_owned() };
        let relative = Path::new(path);
        if path.is_empty() || path.contains('\0') {
            return Err(bad("is not a path"));
        }
        if !relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(bad("must be relative to the build directory, without `..`"));
        }
        match fs::canonicalize(self.root.join(relative)) {
            Ok(real) if real.starts_with(&self.root) => Ok(Some(real)),
            Ok(_) => Err(bad("leads out of the build directory")),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(bad(&error.to_string())),
        }
    }

    /// The text of a file of at most `limit` bytes; what is not UTF-8 in it is replaced. `None` when it is not there.
    pub(crate) fn read(&self, path: &str, limit: u64) -> Result<Option<String>> {
        let bad = |why: String| Error::BadFile { path: path.to_owned(), why };
        let Some(real) = self.resolve(path)? else { return Ok(None) };
        // A FIFO would hang the step.
        if !fs::metadata(&real).map_err(|error| bad(error.to_string()))?.is_file() {
            return Err(bad("is not a file".to_owned()));
        }
        let mut bytes = Vec::new();
        File::open(&real)
            .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
            .map_err(|error| bad(error.to_string()))?;
        if bytes.len() as u64 > limit {
            return Err(bad(format!("is larger than {limit} bytes")));
        }
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// As [`read`](Self::read), for a file that must be there.
    pub(crate) fn read_required(&self, path: &str, limit: u64) -> Result<String> {
        self.read(path, limit)?.ok_or_else(|| Error::BadFile {
            path: path.to_owned(),
            why: "is not there; does an input or an earlier step of the job make it?".to_owned(),
        })
    }
}

/// Writes a file of an artifact.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    let written = path
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| File::create(path))
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Error::BadFile { path: path.display().to_string(), why: error.to_string() })
}

/// Writes a file of an artifact that everybody may run.
pub(crate) fn write_executable(path: &Path, text: &str) -> Result<()> {
    write(path, text)?;
    fs::set_permissions(path, Permissions::from_mode(0o755))
        .map_err(|error| Error::BadFile { path: path.display().to_string(), why: error.to_string() })
}
