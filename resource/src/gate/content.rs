//! The content of an artifact: one hash of its files.
//!
//! `checkout-approved.sh` computes the same hash with `find`, `sort` and `sha256sum`, so the text that is hashed is theirs:
//! a line `HEX  ./PATH` for each file, sorted by path, byte by byte.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use gate_contract::ContentFiles;
use github_gates::digest::hex;
use github_gates::text::one_line;
use ring::digest::{Context, SHA256};

use crate::error::{Error, Result};
use crate::files::BuildDir;

/// Most files of an artifact.
const MAX_FILES: usize = 100_000;

/// Most bytes of an artifact, about as much as a worker streams in the time that people wait for a deployment.
const MAX_BYTES: u64 = 64 << 30;

/// Deepest folder.
const MAX_DEPTH: usize = 100;

/// Checks that the names of files are usable in a line of the script's parameters.
pub(super) fn check(content: &ContentFiles) -> std::result::Result<(), String> {
    let (ContentFiles::Only(names) | ContentFiles::Except(names)) = content;
    let good = |name: &String| {
        !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'))
            && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
            && !name.ends_with('/')
            && !name.contains("//")
            && !name.contains("/./")
    };
    match content {
        ContentFiles::Only(names) if names.is_empty() => return Err("`only` names no file".to_owned()),
        ContentFiles::Except(names) if names.iter().any(|name| name.contains('/')) => {
            return Err("`except` names what lies in a folder".to_owned());
        }
        ContentFiles::Only(_) | ContentFiles::Except(_) => {}
    }
    names.iter().find(|name| !good(name)).map_or(Ok(()), |name| {
        Err(format!("`{}` is not a path of letters, digits, `-`, `_`, `.` and `/`", one_line(name, 80)))
    })
}

/// Returns the hash of an artifact's content, `sha256:` and 64 hexadecimal digits.
pub(super) fn hash(dir: &BuildDir, artifact: &str, content: &ContentFiles) -> Result<String> {
    let bad = |path: &Path, why: &str| Error::BadFile { path: path.display().to_string(), why: why.to_owned() };
    let root = dir.resolve(artifact)?.ok_or_else(|| bad(Path::new(artifact), "the artifact is not there"))?;
    let mut tree = Tree { root, artifact: artifact.to_owned(), found: BTreeMap::new(), bytes: 0 };
    match content {
        ContentFiles::Only(names) => {
            for name in names {
                tree.take(Path::new(name), 0)?;
            }
        }
        ContentFiles::Except(names) => {
            for name in tree.names(Path::new(""))? {
                if !names.iter().any(|except| Path::new(except) == name) {
                    tree.take(&name, 0)?;
                }
            }
        }
    }
    let mut context = Context::new(&SHA256);
    for (path, hash) in &tree.found {
        context.update(format!("{hash}  ./").as_bytes());
        context.update(path);
        context.update(b"\n");
    }
    Ok(format!("sha256:{}", hex(context.finish().as_ref())))
}

/// The files of an artifact that count.
struct Tree {
    root: PathBuf,
    artifact: String,
    /// Path → hash, in the order of `LC_ALL=C sort`.
    found: BTreeMap<Vec<u8>, String>,
    bytes: u64,
}

impl Tree {
    /// Takes in a file, a link (as what it says, never what it leads to), or a folder with all that is in it.
    fn take(&mut self, path: &Path, depth: usize) -> Result<()> {
        let full = self.root.join(path);
        let data = fs::symlink_metadata(&full).map_err(|error| self.bad(path, &error.to_string()))?;
        if path.as_os_str().as_bytes().iter().any(|byte| byte.is_ascii_control() || *byte == b'\\') {
            return Err(self.bad(path, "has a control character or a backslash in its name"));
        }
        if data.is_dir() {
            if depth == MAX_DEPTH {
                return Err(self.bad(path, "is too deep"));
            }
            for name in self.names(path)? {
                self.take(&name, depth + 1)?;
            }
            return Ok(());
        }
        let hash = if data.is_symlink() {
            let target = fs::read_link(&full).map_err(|error| self.bad(path, &error.to_string()))?;
            let mut context = Context::new(&SHA256);
            context.update(target.as_os_str().as_bytes());
            context.update(b"\n");
            format!("link:{}", hex(context.finish().as_ref()))
        } else if data.is_file() {
            self.bytes += data.len();
            if self.bytes > MAX_BYTES {
                return Err(self.bad(path, "is more than is hashed of one artifact"));
            }
            file_hash(&full).map_err(|error| self.bad(path, &error.to_string()))?
        } else {
            return Err(self.bad(path, "is neither a file, a folder nor a link"));
        };
        if self.found.len() == MAX_FILES {
            return Err(self.bad(path, "is one file too many to be hashed"));
        }
        self.found.insert(path.as_os_str().as_bytes().to_owned(), hash);
        Ok(())
    }

    /// The paths of what a folder holds.
    fn names(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let entries = fs::read_dir(self.root.join(folder)).map_err(|error| self.bad(folder, &error.to_string()))?;
        entries
            .map(|entry| entry.map(|entry| folder.join(entry.file_name())))
            .collect::<io::Result<_>>()
            .map_err(|error| self.bad(folder, &error.to_string()))
    }

    fn bad(&self, path: &Path, why: &str) -> Error {
        Error::BadFile { path: format!("{}/{}", self.artifact, path.display()), why: why.to_owned() }
    }
}

/// Hashes a file bit by bit: it may be larger than memory.
fn file_hash(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(context.finish().as_ref())),
            read => context.update(&buffer[..read]),
        }
    }
}
