//! The script `checkout-approved`, as a get writes it, over clones of many shapes, in three shells.
//!
//! A shape either deploys, and then the tree is that of a fresh clone at the approved commit, or is refused, with the
//! words that people read. In both nothing that the clone could bring along is run, and nothing outside of it changes.

mod attributes;
mod branches;
mod clone;
mod compare;
mod config;
mod content;
mod objects;
mod pins;
mod random;
mod submodules;
mod trees;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::support::Lab;

/// The script that a get writes.
fn script() -> &'static str {
    static SCRIPT: OnceLock<String> = OnceLock::new();
    SCRIPT.get_or_init(|| {
        let lab = Lab::new();
        lab.recorded(1);
        lab.close(1, "alice");
        let (run, dir) = lab.get(&lab.version(1), "gate");
        run.succeeds();
        fs::read_to_string(dir.join("checkout-approved")).unwrap()
    })
}

/// Where programs are: for busybox its own alone, and git.
struct Shell {
    command: &'static [&'static str],
    path: String,
}

/// `sleep` does nothing, so that no test waits for a fetch to be tried again.
fn shells() -> &'static [Shell] {
    static SHELLS: OnceLock<(TempDir, Vec<Shell>)> = OnceLock::new();
    let (_, shells) = SHELLS.get_or_init(|| {
        let folder = TempDir::new().unwrap();
        let (idle, applets) = (folder.path().join("idle"), folder.path().join("applets"));
        fs::create_dir(&idle).unwrap();
        fs::create_dir(&applets).unwrap();
        symlink("/bin/true", idle.join("sleep")).unwrap();
        let busybox = found("busybox");
        let list = Command::new(&busybox).arg("--list").output().unwrap();
        for applet in String::from_utf8(list.stdout).unwrap().lines().filter(|applet| *applet != "busybox") {
            symlink(&busybox, applets.join(applet)).unwrap();
        }
        symlink(&busybox, applets.join("busybox")).unwrap();
        symlink(found("git"), applets.join("git")).unwrap();
        let usual = format!("{}:{}", idle.display(), std::env::var("PATH").unwrap());
        let busybox = format!("{}:{}", idle.display(), applets.display());
        for shell in ["dash", "bash"] {
            found(shell);
        }
        let shells = vec![
            Shell { command: &["dash"], path: usual.clone() },
            Shell { command: &["bash"], path: usual },
            Shell { command: &["busybox", "sh"], path: busybox },
        ];
        (folder, shells)
    });
    shells
}

/// Where a program is. These tests need dash, bash, busybox and git.
fn found(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("{program} is not installed"))
}

/// What stands at a path of a work tree.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    File { executable: bool, content: Vec<u8> },
    Link(PathBuf),
    EmptyFolder,
}

type Tree = BTreeMap<PathBuf, Entry>;

fn file(content: &str) -> Entry {
    Entry::File { executable: false, content: content.into() }
}

/// What stands in a folder, but for git's own files.
fn tree(folder: &Path) -> Tree {
    fn walk(root: &Path, folder: &Path, tree: &mut Tree) -> bool {
        let mut is_empty = true;
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().unwrap() == ".git" {
                continue;
            }
            is_empty = false;
            let metadata = fs::symlink_metadata(&path).unwrap();
            let name = path.strip_prefix(root).unwrap().to_owned();
            let entry = if metadata.is_symlink() {
                Entry::Link(fs::read_link(&path).unwrap())
            } else if metadata.is_dir() {
                if !walk(root, &path, tree) {
                    continue;
                }
                Entry::EmptyFolder
            } else {
                let executable = metadata.permissions().mode() & 0o100 != 0;
                Entry::File { executable, content: fs::read(&path).unwrap() }
            };
            tree.insert(name, entry);
        }
        is_empty
    }
    let mut tree = Tree::new();
    walk(folder, folder, &mut tree);
    tree
}

/// A build directory: `origin` is the repository of the code, `code` its clone, as the build's get made it.
struct Build {
    temp: TempDir,
    /// Variables of the script.
    variables: BTreeMap<&'static str, String>,
    /// The pins of the approval.
    pins: BTreeMap<String, String>,
    /// Where the script is, and where the folder of the pins.
    places: [&'static str; 2],
}

/// Where a get of an approval writes both.
const PLACES: [&str; 2] = ["gate/checkout-approved", "gate/pins"];

/// The commit that is approved, and one that is newer.
struct Commits {
    approved: String,
    newer: String,
}

impl Build {
    /// With a repository of the code that has no commit yet.
    fn new() -> Self {
        Self::with_format("sha1")
    }

    fn with_format(format: &str) -> Self {
        let temp = TempDir::new().unwrap();
        for folder in ["home", "build"] {
            fs::create_dir(temp.path().join(folder)).unwrap();
        }
        fs::write(
            temp.path().join("home/.gitconfig"),
            "[user]\nname = a\nemail = a@example.org\n[init]\ndefaultBranch = main\n[protocol \"file\"]\nallow = always\n\
             [advice]\ndetachedHead = false\n[gc]\nauto = 0\n",
        )
        .unwrap();
        let variables =
            [("CODE", "code"), ("CHECKOUT", "code"), ("COMPARE", ""), ("FETCH", "")].map(|(k, v)| (k, v.to_owned()));
        let build = Self { temp, variables: variables.into(), pins: BTreeMap::new(), places: PLACES };
        build.git(build.path(), &["init", "-q", "--object-format", format, "origin"]);
        build
    }

    fn path(&self) -> &Path {
        self.temp.path()
    }

    fn origin(&self) -> PathBuf {
        self.path().join("origin")
    }

    fn code(&self) -> PathBuf {
        self.path().join("build/code")
    }

    /// A file that whatever must not run would make.
    fn canary(&self) -> PathBuf {
        self.path().join("canary")
    }

    /// A program that makes that file.
    fn trap(&self) -> PathBuf {
        let trap = self.path().join("trap");
        fs::write(&trap, format!("#!/bin/sh\ntouch '{}'\ncat\n", self.canary().display())).unwrap();
        fs::set_permissions(&trap, fs::Permissions::from_mode(0o755)).unwrap();
        trap
    }

    fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new("git");
        command
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.path().join("home"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z")
            .env("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z");
        command
    }

    /// What git prints.
    fn git(&self, folder: &Path, args: &[&str]) -> String {
        let ran = self.command(folder).args(args).output().unwrap();
        assert!(ran.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8_lossy(&ran.stdout).trim_end().to_owned()
    }

    /// Commits all that stands in a repository.
    fn commit(&self, repository: &Path, message: &str) -> String {
        self.git(repository, &["add", "-A"]);
        self.git(repository, &["commit", "-q", "--allow-empty", "-m", message]);
        self.git(repository, &["rev-parse", "HEAD"])
    }

    /// Writes files of the code's repository and commits them.
    fn push(&self, files: &[(&str, &str)]) -> String {
        self.push_to(&self.origin(), files)
    }

    fn push_to(&self, repository: &Path, files: &[(&str, &str)]) -> String {
        for (name, content) in files {
            let path = repository.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        self.commit(repository, "a change")
    }

    /// Another repository.
    fn repository(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let path = self.path().join(name);
        self.git(self.path(), &["init", "-q", name]);
        self.push_to(&path, files);
        path
    }

    fn head(&self, repository: &Path) -> String {
        self.git(repository, &["rev-parse", "HEAD"])
    }

    /// Clones as Concourse's git resource does.
    fn clone_code(&self) {
        self.clone_as("code", &self.origin(), &[]);
    }

    fn clone_as(&self, name: &str, origin: &Path, options: &[&str]) {
        let url = format!("file://{}", origin.display());
        let args = ["clone", "-q", "--single-branch", "--branch", "main"];
        let folder = self.path().join("build").join(name);
        let place = folder.display().to_string();
        self.git(self.path(), &[&args[..], options, &[&url, &place]].concat());
        self.git(&folder, &["checkout", "-q", "--detach", "HEAD"]);
        self.git(&folder, &["submodule", "--quiet", "update", "--init", "--recursive"]);
        for file in ["ref", "commit", "commit_message", "describe_ref", "tags"] {
            fs::write(folder.join(".git").join(file), "of the newer commit\n").unwrap();
        }
    }

    fn approve(&mut self, commit: &str) {
        self.pins.insert("code".to_owned(), commit.to_owned());
    }

    /// Two commits of the code, of which the first is approved, and a clone at the second.
    fn two_commits(&mut self) -> Commits {
        let approved = self.push(&[("deploy.sh", "echo approved\n"), ("same", "same\n")]);
        let newer = self.push(&[("deploy.sh", "echo UNAPPROVED\n"), ("new", "UNAPPROVED\n")]);
        self.clone_code();
        self.approve(&approved);
        Commits { approved, newer }
    }

    fn set(&mut self, variable: &'static str, value: &str) {
        self.variables.insert(variable, value.to_owned());
    }

    /// The tree of a fresh clone at the approved commit.
    fn fresh(&self) -> Tree {
        let folder = self.path().join("fresh");
        let url = format!("file://{}", self.origin().display());
        // Nothing is checked out before: that is what a fresh clone means.
        self.git(self.path(), &["clone", "-q", "--no-checkout", &url, "fresh"]);
        self.git(&folder, &["checkout", "-q", "--detach", &self.pins["code"]]);
        self.git(&folder, &["submodule", "--quiet", "update", "--init", "--recursive"]);
        tree(&folder)
    }

    /// Runs the script in a copy of the build directory, so that each shell finds the same.
    fn run(&self, shell: &Shell) -> Ran {
        let place = self.path().join("run");
        if place.exists() {
            fs::remove_dir_all(&place).unwrap();
        }
        let copied = Command::new("cp").arg("-a").arg(self.path().join("build")).arg(&place).status().unwrap();
        assert!(copied.success());
        let [script_place, pins_place] = self.places;
        let pins = place.join(pins_place);
        fs::create_dir_all(&pins).unwrap();
        for (name, version) in &self.pins {
            fs::write(pins.join(name), format!("{version}\n")).unwrap();
        }
        fs::create_dir_all(place.join(script_place).parent().unwrap()).unwrap();
        fs::write(place.join(script_place), script()).unwrap();
        let mut command = Command::new(shell.command[0]);
        if shell.command[0] == "busybox" {
            command = Command::new(found("busybox"));
        }
        let output = command
            .args(&shell.command[1..])
            .arg(script_place)
            .current_dir(&place)
            .env_clear()
            .env("PATH", &shell.path)
            .env("HOME", self.path().join("home"))
            .envs(&self.variables)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(!self.canary().exists(), "{:?} ran what the clone brought along: {text}", shell.command);
        Ran { shell: shell.command.join(" "), code: output.status.code(), text, code_folder: place.join("code") }
    }

    /// All shells put the tree of a fresh clone there.
    fn deploys(&self) {
        self.deploys_tree(&self.fresh());
    }

    fn deploys_tree(&self, expected: &Tree) {
        let want = &self.pins["code"];
        let message = self.git(&self.origin(), &["log", "-1", "--format=%B", want]);
        for shell in shells() {
            let ran = self.run(shell);
            assert_eq!(ran.code, Some(0), "{}: {}", ran.shell, ran.text);
            assert!(ran.text.contains(&format!("code: the approved commit {want}")), "{}", ran.text);
            let found = tree(&ran.code_folder);
            let names: Vec<_> = found.keys().collect();
            assert_eq!(names, expected.keys().collect::<Vec<_>>(), "{}: {}", ran.shell, ran.text);
            assert_eq!(found, *expected, "{}: {}", ran.shell, ran.text);
            let of_git = |file: &str| fs::read_to_string(ran.code_folder.join(".git").join(file)).unwrap();
            assert_eq!(of_git("ref"), format!("{want}\n"));
            assert_eq!(of_git("commit"), format!("{want}\n"));
            assert_eq!(of_git("HEAD"), format!("{want}\n"));
            assert_eq!(of_git("short_ref"), want[..7]);
            for gone in ["describe_ref", "tags", "scratch", "former-modules", "hooks"] {
                assert!(!ran.code_folder.join(".git").join(gone).exists(), "{gone}");
            }
            assert_eq!(of_git("commit_message").trim_end(), message);
            // Later steps use git in the clone.
            assert_eq!(self.git(&ran.code_folder, &["rev-parse", "HEAD"]), *want);
            assert!(!self.canary().exists(), "{}: a later use of git ran what the clone brought along", ran.shell);
        }
    }

    /// All shells refuse, with these words.
    fn refuses(&self, words: &[&str]) {
        for shell in shells() {
            let ran = self.run(shell);
            assert_eq!(ran.code, Some(1), "{}: {}", ran.shell, ran.text);
            let refused = ran.text.split_once("not deployed: ").map(|(_, refused)| refused);
            let refused = refused.unwrap_or_else(|| panic!("{}: {}", ran.shell, ran.text));
            for word in words {
                assert!(refused.contains(word), "{}: `{word}` is not in {}", ran.shell, ran.text);
            }
        }
    }
}

/// What a run of the script gave.
struct Ran {
    shell: String,
    code: Option<i32>,
    text: String,
    code_folder: PathBuf,
}

/// Appends to a file of the clone's git directory.
fn configure(git_directory: &Path, text: &str) {
    let path = git_directory.join("config");
    let before = fs::read_to_string(&path).unwrap();
    fs::write(path, before + text).unwrap();
}
