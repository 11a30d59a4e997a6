//! Concourse's own git resource, which fetches an approved commit, and what is asked of the clone that it made.

use std::env;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::thread;

use gate_contract::GitSource;
use github_gates::log::Log;
use github_gates::text::one_line;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::protocol::Metadatum;

/// The step of the git resource, below the folder of this executable. The image of `approved-git` has it there.
const GIT_IN: &str = "git/in";

/// Standard output of the git resource is a version and some metadata.
const MAX_OUTPUT: u64 = 1 << 20;

/// Params of a get that would bring something else than the approved commit.
const REFUSED_PARAMS: [(&str, &str); 1] =
    [("submodule_remote", "it takes the newest commits of the submodules, which nobody approved")];

/// What a get of the git resource answers.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    metadata: Vec<Metadatum>,
}

/// The git resource of the image.
pub(crate) struct GitResource {
    program: PathBuf,
}

impl GitResource {
    /// Finds the git resource beside this executable.
    pub(crate) fn find() -> Result<Self> {
        let program = env::current_exe().ok().and_then(|program| Some(program.parent()?.join(GIT_IN)));
        program.filter(|program| program.is_file()).map(|program| Self { program }).ok_or(Error::Unsupported {
            field: "git",
            why: "this image holds no git resource; use the image of the resource type approved-git",
        })
    }

    /// Clones the repository into `dir`, at `commit`, and returns what the git resource tells of the commit.
    ///
    /// What it prints goes to the build's log, without the secrets that the log knows.
    pub(crate) fn fetch(
        &self,
        source: &GitSource,
        commit: &str,
        params: Option<&Value>,
        dir: &Path,
        log: &Log,
    ) -> Result<Vec<Metadatum>> {
        let params = params.unwrap_or(&Value::Null);
        for (param, why) in REFUSED_PARAMS {
            if params.get(param).is_some_and(|value| *value != json!(false)) {
                return Err(Error::BadParams(format!("`{param}` cannot be used with an approval: {why}")));
            }
        }
        let mut request = json!({"source": source, "version": {"ref": commit}});
        // A repository can have many tags, and the commit is known: they are fetched only where the source says so.
        if let Some(source) = request["source"].as_object_mut() {
            source.entry("fetch_tags").or_insert(json!(false));
        }
        if params.is_object() {
            request["params"] = params.clone();
        }
        let failed = |why: String| Error::NotFetched { commit: commit.to_owned(), why };
        let (status, output) = self.run(&request, dir, log).map_err(|error| failed(error.to_string()))?;
        if !status.success() {
            return Err(failed(format!("its resource ended with {status}")));
        }
        let answer: Answer = serde_json::Deserializer::from_slice(&output)
            .into_iter()
            .next()
            .and_then(Result::ok)
            .ok_or_else(|| failed("its resource answered something else than a version".to_owned()))?;
        Ok(answer.metadata)
    }

    fn run(&self, request: &Value, dir: &Path, log: &Log) -> std::io::Result<(ExitStatus, Vec<u8>)> {
        let mut child = Command::new(&self.program)
            .arg(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut stdin), Some(stdout), Some(stderr)) = pipes else { return Ok((child.wait()?, Vec::new())) };
        let request = request.to_string();
        let mut output = Vec::new();
        thread::scope(|scope| {
            // One that ends early does not read all of it.
            scope.spawn(move || stdin.write_all(request.as_bytes()));
            scope.spawn(|| stdout.take(MAX_OUTPUT).read_to_end(&mut output));
            let mut stderr = BufReader::new(stderr);
            let mut line = Vec::new();
            while stderr.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                log.say(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
                line.clear();
            }
        });
        Ok((child.wait()?, output))
    }
}

/// Fails unless the clone in `dir` is at `commit`, and `commit` is on `branch` as the server has it.
///
/// The git resource also takes a commit that only a tag keeps.
pub(crate) fn check_clone(dir: &Path, commit: &str, branch: &str, log: &Log) -> Result<()> {
    let failed = |why: String| Error::NotFetched { commit: commit.to_owned(), why };
    let is_clone = std::fs::symlink_metadata(dir.join(".git")).is_ok_and(|data| data.is_dir());
    if !is_clone {
        return Err(failed("its resource made no clone".to_owned()));
    }
    let git = |arguments: &[&str]| -> Result<Output> {
        let output = Command::new("git")
            .args(["--no-replace-objects", "-c", "safe.directory=*", "-C"])
            .arg(dir)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| failed(format!("the program git did not run: {error}")))?;
        String::from_utf8_lossy(&output.stderr).lines().for_each(|line| log.say(line));
        Ok(output)
    };
    let head = git(&["rev-parse", "--verify", "HEAD^{commit}"])?.stdout;
    if head.trim_ascii() != commit.as_bytes() {
        let head = one_line(&String::from_utf8_lossy(&head), 64);
        return Err(failed(format!("its resource checked out `{head}`")));
    }
    let branch_ref = format!("refs/remotes/origin/{branch}");
    match git(&["merge-base", "--is-ancestor", commit, &branch_ref])?.status.code() {
        Some(0) => Ok(()),
        Some(1) => Err(Error::NotOnBranch { commit: commit.to_owned(), branch: branch.to_owned() }),
        _ => Err(failed(format!("git did not compare it with the branch {branch}"))),
    }
}
