//! Files of git's revisions, by the `git` binary: without a shell, and with nothing of the input where git would take it
//! for an option.

use std::collections::BTreeMap;
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};
use yaml_source::Failure;

/// A commit, by its full name: it begins no option, and names nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commit(String);

/// A file that differs between two commits.
pub(crate) struct ChangedFile {
    /// The path from the root of the repository. Where it is not UTF-8, it is good for messages alone.
    pub(crate) path: Utf8PathBuf,
    /// Whether the path is UTF-8.
    pub(crate) has_text_name: bool,
    /// Whether the other commit does not have the file.
    pub(crate) is_gone: bool,
    /// Whether the file is a link in the other commit.
    pub(crate) is_link: bool,
}

impl Commit {
    /// The commit that a revision means (`gitrevisions(7)`).
    ///
    /// # Errors
    ///
    /// When there is none, no repository, or no git.
    pub(crate) fn of(revision: &str) -> Result<Self, Failure> {
        let unknown = || Failure::Usage(format!("git knows no revision `{revision}` here"));
        if git(&["rev-parse", "--git-dir"])?.is_none() {
            return Err(Failure::Usage(format!("there is no git repository here, so no revision `{revision}`")));
        }
        if revision.starts_with('-') || revision.contains(['\0', '\n']) {
            return Err(unknown());
        }
        require_one_meaning(revision)?;
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
    /// When git cannot be run, or the content is missing from a partial clone.
    pub(crate) fn file(&self, path: &Utf8Path) -> Result<Option<Vec<u8>>, Failure> {
        blob(&[], &format!("{}:{path}", self.0))
    }

    /// The files below a path from here that differ in another commit, from the root of the repository.
    ///
    /// # Errors
    ///
    /// When git cannot be run, or the path lies outside of the repository.
    pub(crate) fn changed(&self, other: &Self, below: &Utf8Path) -> Result<Vec<ChangedFile>, Failure> {
        let command = ["--literal-pathspecs", "diff-tree", "--no-ext-diff", "--no-textconv", "--no-relative"];
        let options = ["-r", "-z", "--no-renames", "--raw", &self.0, &other.0, "--", below.as_str()];
        let printed = git(&[&command[..], &options].concat())?
            .ok_or_else(|| Failure::Usage(format!("{below} is not a path of this repository")))?;
        // Without renames a file is `:OLD_MODE NEW_MODE OLD NEW STATUS` and its path.
        let mut parts = printed.split(|byte| *byte == 0);
        let mut changed = Vec::new();
        while let (Some(about), Some(path)) = (parts.next(), parts.next()) {
            let mode = about.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
            changed.push(ChangedFile {
                path: String::from_utf8_lossy(path).into_owned().into(),
                has_text_name: std::str::from_utf8(path).is_ok(),
                is_gone: mode == b"000000",
                is_link: mode == b"120000",
            });
        }
        Ok(changed)
    }
}

impl Commit {
    /// The files below a path from here, from the root of the repository. Empty when there is no such path.
    ///
    /// # Errors
    ///
    /// When git cannot be run, or the path lies outside of the repository.
    pub(crate) fn files(&self, below: &Utf8Path) -> Result<Vec<Utf8PathBuf>, Failure> {
        let options = ["-r", "-z", "--name-only", "--full-name", &self.0, "--", below.as_str()];
        let printed = git(&[&["--literal-pathspecs", "ls-tree"], &options[..]].concat())?
            .ok_or_else(|| Failure::Usage(format!("{below} is not a path of this repository")))?;
        Ok(paths(&printed))
    }
}

/// Paths, each ended by a zero byte. A name that is not UTF-8 is left out.
fn paths(printed: &[u8]) -> Vec<Utf8PathBuf> {
    let names = printed.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    names.filter_map(|name| std::str::from_utf8(name).ok()).map(Utf8PathBuf::from).collect()
}

/// What stood in a folder and was removed, by its name: each with the commit that removed it last. Empty where there is
/// no history.
///
/// # Errors
///
/// When git cannot be run.
pub(crate) fn removed(folder: &Utf8Path) -> Result<BTreeMap<String, Commit>, Failure> {
    let command =
        ["-c", "core.quotePath=false", "-C", folder.as_str(), "log", "--no-ext-diff", "--no-textconv", "--no-renames"];
    let options = ["--diff-filter=D", "--name-only", "--format=%H", "--relative", "--", "."];
    let printed = git(&[&command[..], &options].concat())?.unwrap_or_default();
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
    /// When git cannot be run, or the content is missing from a partial clone.
    pub(crate) fn file_before(&self, folder: &Utf8Path, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        blob(&["-C", folder.as_str()], &format!("{}^:./{name}", self.0))
    }

    /// The beginning of its name, by which people call it.
    pub(crate) fn short(&self) -> &str {
        &self.0[..10]
    }
}

/// Refuses a name that several refs have, such as a tag with the name of a branch: git takes the tag without an error, and
/// whoever can push can push such a tag.
///
/// # Errors
///
/// When git cannot be run, or the name is ambiguous.
fn require_one_meaning(revision: &str) -> Result<(), Failure> {
    let end = revision.find(['~', '^', '@', ':']).unwrap_or(revision.len());
    let name = &revision[..end];
    let is_full_hash = matches!(name.len(), 40 | 64) && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if name.is_empty() || name == "HEAD" || is_full_hash {
        return Ok(());
    }
    let mut found: Vec<(String, Vec<u8>)> = Vec::new();
    for folder in ["refs/", "refs/tags/", "refs/heads/", "refs/remotes/"] {
        let full = format!("{folder}{name}");
        // What a tag with a message points at counts.
        if let Some(commit) = git(&["rev-parse", "--verify", "--quiet", &format!("{full}^{{}}")])? {
            found.push((full, commit));
        }
    }
    // The beginning of a hash is a revision, too, and a ref of that name goes before it.
    if !found.is_empty() && name.len() >= 4 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let named = git(&["rev-parse", &format!("--disambiguate={name}")])?.unwrap_or_default();
        if !named.is_empty() {
            found.push(("a commit".to_owned(), named));
        }
    }
    match found.as_slice() {
        [(one, of_one), (other, of_other), ..] if of_one != of_other => {
            Err(Failure::Usage(format!("`{name}` means {one} and {other}: name one of them in full, such as `{one}`")))
        }
        _ => Ok(()),
    }
}

/// Returns the content of a file. `None` when the commit has no such file.
///
/// # Errors
///
/// When git cannot be run, or the content is missing from a partial clone.
fn blob(options: &[&str], name: &str) -> Result<Option<Vec<u8>>, Failure> {
    let run = |arguments: &[&str]| git(&[options, arguments].concat());
    if let Some(content) = run(&["cat-file", "blob", name])? {
        return Ok(Some(content));
    }
    // A partial clone knows the names of files whose content it does not have. Such a file is not a removed file.
    let is_named = run(&["rev-parse", "--verify", "--quiet", name])?.is_some();
    if is_named && run(&["cat-file", "-t", name])?.is_none() {
        let message = format!("this partial clone does not have the content of {name}");
        return Err(Failure::Usage(format!("{message}: fetch it with `git fetch --refetch --no-filter`")));
    }
    Ok(None)
}

/// Settings that stand above the configuration of the repository, so that no command of the repository runs.
const SETTINGS: [&str; 8] = [
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.hooksPath=/dev/null",
    "core.sshCommand=false",
    "core.askPass=",
    "credential.helper=",
    "diff.external=",
    // Else `log` runs `gpg.program` for each signed commit.
    "log.showSignature=false",
];

/// The same for the environment of git.
const ENVIRONMENT: [(&str, &str); 7] = [
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_PAGER", "cat"),
    // A partial clone fetches what is missing, with commands that the repository names. The first variable forbids that,
    // but older versions of git do not know it. The second variable allows no protocol, in every version.
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_ALLOW_PROTOCOL", ""),
    // A ref below `refs/replace`, which anybody who can push can push, or a graft shows another object in the place of the one
    // that is committed.
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_GRAFT_FILE", "/dev/null"),
];

/// Runs git and returns its output. `None` when git ends with an error. The repository may belong to a stranger, as a
/// pull request does: nothing that its configuration or its attributes name is run, and nothing is fetched.
///
/// # Errors
///
/// When git cannot be run.
fn git(arguments: &[&str]) -> Result<Option<Vec<u8>>, Failure> {
    let output = Command::new("git")
        .arg("--no-pager")
        .args(SETTINGS.iter().flat_map(|setting| ["-c", setting]))
        .args(arguments)
        .envs(ENVIRONMENT)
        .output()
        .map_err(|error| Failure::io("run", Utf8Path::new("git"), error))?;
    Ok(output.status.success().then_some(output.stdout))
}
