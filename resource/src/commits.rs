//! What changed between two commits, read from the clone in the build directory: the code and the issues may live on
//! different servers, with different credentials.

use std::path::{Path, PathBuf};
use std::{fmt, fs};

use gix_hash::ObjectId;
use gix_object::{CommitRefIter, FindExt as _};
use gix_traverse::commit::Simple;
use gix_traverse::commit::simple::{CommitTimeOrder, Sorting};
use serde::Serialize;

use github_gates::text::one_line;

/// Commits that are shown.
const SHOWN: usize = 50;
/// Commits that are counted.
const COUNTED: usize = 1_000;
/// A git configuration is small.
const MAX_CONFIG: u64 = 1 << 20;

/// A commit as an issue names it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Commit {
    /// Its hash, shortened.
    id: String,
    subject: String,
    author: String,
}

/// The commits of one record.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Changes {
    /// The recorded commit.
    pub(crate) head: Option<Commit>,
    /// One a line, newest first: hash, subject, author.
    pub(crate) commits: Vec<String>,
    /// How many more there are, as far as they were counted.
    pub(crate) more: usize,
    pub(crate) more_uncounted: bool,
    /// GitHub's page that compares the two.
    pub(crate) compare: Option<String>,
    pub(crate) old: Option<String>,
    /// The older commit is not in the clone: rewritten, or cut off.
    pub(crate) old_is_gone: bool,
}

/// The commits that `new` has and `old` has not.
pub(crate) fn changes(clone: &Path, old: Option<&str>, new: &str) -> Result<Changes, String> {
    let git = git_dir(clone)?;
    let mut changes = Changes { old: old.map(str::to_owned), ..Changes::default() };
    changes.compare =
        old.filter(|old| *old != new).and_then(|old| Some(format!("{}/compare/{old}...{new}", web_page(&git)?)));
    let old = old.filter(|old| *old != new);
    let new = ObjectId::from_hex(new.as_bytes()).map_err(|error| error.to_string())?;
    let odb = gix_odb::at(git.join("objects"), new.kind()).map_err(|error| error.to_string())?;
    let mut buffer = Vec::new();
    changes.head = odb.find_commit_iter(&new, &mut buffer).ok().map(|commit| Commit::of(&new, commit));
    let Some(old) = old else { return Ok(changes) };
    let hidden = ObjectId::from_hex(old.as_bytes()).map_err(|error| error.to_string())?;
    if odb.find_commit_iter(&hidden, &mut buffer).is_err() {
        changes.old_is_gone = true;
        return Ok(changes);
    }
    let walk = Simple::new([new], &odb)
        .sorting(Sorting::ByCommitTime(CommitTimeOrder::NewestFirst))
        .and_then(|walk| walk.hide([hidden]))
        .map_err(|error| error.to_string())?;
    for (count, info) in walk.enumerate() {
        let id = info.map_err(|error| error.to_string())?.id;
        if count >= COUNTED {
            changes.more_uncounted = true;
            break;
        }
        if count >= SHOWN {
            changes.more += 1;
            continue;
        }
        let commit = odb.find_commit_iter(&id, &mut buffer).map_err(|error| error.to_string())?;
        changes.commits.push(Commit::of(&id, commit).to_string());
    }
    Ok(changes)
}

impl Commit {
    fn of(id: &ObjectId, commit: CommitRefIter<'_>) -> Self {
        let author = commit.author().map(|author| author.name.to_string()).unwrap_or_default();
        let message = commit.message().map(std::string::ToString::to_string).unwrap_or_default();
        Self {
            id: id.to_hex_with_len(9).to_string(),
            subject: one_line(message.lines().next().unwrap_or_default(), 120),
            author: one_line(&author, 40),
        }
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.id, self.subject, self.author)
    }
}

/// The repository of a clone: its folder `.git`, or the clone itself when it is bare. A `.git` that is a file leads
/// somewhere else, and is not followed.
fn git_dir(clone: &Path) -> Result<PathBuf, String> {
    [clone.join(".git"), clone.to_owned()]
        .into_iter()
        .find(|dir| {
            fs::symlink_metadata(dir).is_ok_and(|data| data.is_dir())
                && fs::symlink_metadata(dir.join("objects")).is_ok_and(|data| data.is_dir())
        })
        .ok_or_else(|| format!("{} is not a clone", clone.display()))
}

/// The page of the repository that was cloned, when it is one of GitHub's form. Credentials that its address may
/// hold are left out.
fn web_page(git: &Path) -> Option<String> {
    let path = git.join("config");
    let data = fs::symlink_metadata(&path).ok()?;
    if !data.is_file() || data.len() > MAX_CONFIG {
        return None;
    }
    let config = fs::read_to_string(path).ok()?;
    let mut in_origin = false;
    for line in config.lines().map(str::trim) {
        if line.starts_with('[') {
            in_origin = line == "[remote \"origin\"]";
        } else if in_origin
            && let Some((key, value)) = line.split_once('=')
            && key.trim() == "url"
        {
            return page_of(value.trim());
        }
    }
    None
}

fn page_of(url: &str) -> Option<String> {
    let (host, path) = if let Some(rest) = url.strip_prefix("https://") {
        let (authority, path) = rest.split_once('/')?;
        (authority.rsplit('@').next()?, path)
    } else if let Some(rest) = url.strip_prefix("ssh://") {
        let (authority, path) = rest.split_once('/')?;
        (authority.rsplit('@').next()?.split(':').next()?, path)
    } else {
        let (authority, path) = url.split_once(':')?;
        (authority.rsplit('@').next()?, path)
    };
    let path = path.strip_suffix(".git").unwrap_or(path).trim_matches('/');
    let plain = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    let (owner, name) = path.split_once('/')?;
    let host_is_plain = host.contains('.') && host.split(':').all(plain);
    (host_is_plain && plain(owner) && plain(name)).then(|| format!("https://{host}/{owner}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_is_made_of_github_addresses_without_credentials() {
        let page = Some("https://github.com/o/r".to_owned());
        for url in [
            "https://github.com/o/r.git",
            "https://user:ghp_secret@github.com/o/r",
            "git@github.com:o/r.git",
            "ssh://git@github.com:22/o/r.git",
        ] {
            assert_eq!(page_of(url), page, "{url}");
        }
        for url in ["git://127.0.0.1/r.git", "/srv/r.git", "https://h.x/a/b/c", "https://h.x/o/r)[x](y", "file:///x/y"]
        {
            assert_eq!(page_of(url), None, "{url}");
        }
    }
}
