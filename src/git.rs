//! Files of git's revisions, by the `git` binary: without a shell, and with nothing of the input where git would take it
//! for an option.

use std::collections::BTreeMap;
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};

use crate::Failure;

/// A commit, by its full name: it begins no option, and names nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commit(String);

impl Commit {
    /// The commit that a revision means (`gitrevisions(7)`).
    ///
    /// # Errors
    ///
    /// When there is none, no repository, or no git.
    pub(crate) fn of(revision: &str) -> Result<Self, Failure> {
        let unknown = || Failure::Usage(format!("git knows no revision `{revision}` here"));
        if revision.starts_with('-') || revision.contains(['\0', '\n']) {
            return Err(unknown());
        }
        let wanted = format!("{revision}^{{commit}}");
        let printed = git(&["rev-parse", "--verify", "--quiet", &wanted])?.ok_or_else(unknown)?;
        Self::parse(&printed).ok_or_else(unknown)
    }

    /// The commit in which the ways to two others part.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub(crate) fn before_both(one: &Self, other: &Self) -> Result<Self, Failure> {
        let printed = git(&["merge-base", &one.0, &other.0])?;
        printed
            .as_deref()
            .and_then(Self::parse)
            .ok_or_else(|| Failure::Usage("these revisions have no commit in common".to_owned()))
    }

    fn parse(printed: &[u8]) -> Option<Self> {
        let name = std::str::from_utf8(printed).ok()?.trim_end();
        (matches!(name.len(), 40 | 64) && name.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .then(|| Self(name.to_owned()))
    }

    /// The text of a file, by its path from the root of the repository, or from here with `./` in front. None when it is
    /// not there.
    ///
    /// # Errors
    ///
    /// When git cannot be run.
    pub(crate) fn file(&self, path: &Utf8Path) -> Result<Option<Vec<u8>>, Failure> {
        git(&["cat-file", "blob", &format!("{}:{path}", self.0)])
    }

    /// The files below a path from here that differ from those of another commit, from the root of the repository.
    ///
    /// # Errors
    ///
    /// When git cannot be run, or the path lies outside of the repository.
    pub(crate) fn changed(&self, other: &Self, below: &Utf8Path) -> Result<Vec<Utf8PathBuf>, Failure> {
        let arguments =
            ["--literal-pathspecs", "diff-tree", "-r", "-z", "--no-renames", "--name-only", &self.0, &other.0, "--"];
        let printed = git(&[&arguments[..], &[below.as_str()]].concat())?
            .ok_or_else(|| Failure::Usage(format!("{below} is no path of this repository")))?;
        let names = printed.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        // A name that is no UTF-8 is none of a pipeline that was rendered.
        Ok(names.filter_map(|name| std::str::from_utf8(name).ok()).map(Utf8PathBuf::from).collect())
    }
}

/// What stood in a folder and was removed, by its name: each with the commit that removed it last. Empty where there is
/// no history.
///
/// # Errors
///
/// When git cannot be run.
pub(crate) fn removed(folder: &Utf8Path) -> Result<BTreeMap<String, Commit>, Failure> {
    let arguments =
        ["-c", "core.quotePath=false", "-C", folder.as_str(), "log", "--no-renames", "--diff-filter=D", "--name-only"];
    let printed = git(&[&arguments[..], &["--format=%H", "--relative", "--", "."]].concat())?.unwrap_or_default();
    let mut removed = BTreeMap::new();
    let mut commit = None;
    // A name that is no UTF-8, or would need quotes, is none of a pipeline that was rendered.
    for line in String::from_utf8_lossy(&printed).lines().filter(|line| !line.is_empty()) {
        if let Some(found) = Commit::parse(line.as_bytes()) {
            commit = Some(found);
        } else if let Some(commit) = &commit {
            removed.entry(line.to_owned()).or_insert_with(|| commit.clone());
        }
    }
    Ok(removed)
}

impl Commit {
    /// The text that a file of a folder had before this commit. None when it had none.
    ///
    /// # Errors
    ///
    /// When git cannot be run.
    pub(crate) fn file_before(&self, folder: &Utf8Path, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        git(&["-C", folder.as_str(), "cat-file", "blob", &format!("{}^:./{name}", self.0)])
    }

    /// The beginning of its name, by which people call it.
    pub(crate) fn short(&self) -> &str {
        &self.0[..10]
    }
}

/// What git prints. None when it says no.
fn git(arguments: &[&str]) -> Result<Option<Vec<u8>>, Failure> {
    let output = Command::new("git")
        .args(arguments)
        .output()
        .map_err(|error| Failure::io("run", Utf8Path::new("git"), error))?;
    Ok(output.status.success().then_some(output.stdout))
}
