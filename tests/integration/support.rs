//! A folder of its own for each test, and the real binary run in it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use assert_cmd::cargo::CommandCargoExt;
use tempfile::TempDir;

/// A fleet of two environments.
pub(crate) const SHOP_FLEET: &str = "\
version: 1
concourses: {main: {target: main, team: shop}}
defaults:
  environments: [QA, Production]
  source: {repository: https://github.com/example/shop}
  issues: {repository: example/deployments, auth: {token: ((github.token))}}
";

/// A manifest of that fleet.
pub(crate) fn manifest(project: &str) -> String {
    format!("project: {project}\nstack:\n  pulumi: {{path: infra/{project}}}\n")
}

/// No user's cache: what a test says of a run is true of that run alone.
pub(crate) const NO_CACHE: (&str, &str) = ("XDG_CACHE_HOME", "/dev/null");

/// The project's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder with files, and the program run in it.
pub(crate) struct Work {
    folder: TempDir,
}

/// What a run printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Work {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().expect("a temporary folder") }
    }

    /// With a copy of a folder of the project.
    pub(crate) fn copy_of(folder: &str) -> Self {
        let work = Self::new();
        copy(&root().join(folder), work.path());
        work
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs git there, as somebody.
    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) {
        let settings = ["user.name=a", "user.email=a@example.com", "commit.gpgsign=false", "init.defaultBranch=main"];
        let settings = settings.iter().flat_map(|setting| ["-c", setting]);
        let done = Command::new("git").args(settings).args(arguments).current_dir(self.path()).output();
        let done = done.expect("git starts");
        assert!(done.status.success(), "{done:?}");
    }

    /// With a file.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        self.write(name, text);
        self
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder is made");
        fs::write(path, text).expect("a file is written");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        self.path().join(name).exists()
    }

    /// The names in a folder, sorted.
    pub(crate) fn list(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.path().join(folder))
            .into_iter()
            .flatten()
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Runs the program, with an environment that no machine's own can disturb.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    /// The same, with something on standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        ran(&mut self.command(arguments), input)
    }

    /// Runs the program, and measures the processor time that it takes. How busy the machine is hardly matters to it.
    pub(crate) fn run_measured(&self, arguments: &[&str]) -> (Ran, Duration) {
        let program = self.command(&[]);
        let mut shell = Command::new("sh");
        shell.args(["-c", r#""$@"; code=$?; times >times.txt; exit $code"#, "sh"]).arg(program.get_program());
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        let ran = ran(shell.args(arguments).current_dir(self.path()), "");
        // The second line is of the shell's children: `0m0.120s 0m0.010s`.
        let times = self.read("times.txt");
        let seconds = times.lines().nth(1).expect("two lines").split_whitespace().map(|time| {
            let (minutes, seconds) = time.trim_end_matches('s').split_once('m').expect("minutes");
            minutes.parse::<f64>().expect("a number") * 60.0 + seconds.parse::<f64>().expect("a number")
        });
        (ran, Duration::from_secs_f64(seconds.sum()))
    }

    /// The program, about to be run.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::cargo_bin("ol-pipegen").expect("the binary is built");
        command
            .args(arguments)
            .current_dir(self.path())
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .env("COLUMNS", "100")
            .envs([NO_CACHE]);
        command
    }
}

/// A command, run.
pub(crate) fn ran(command: &mut Command, input: &str) -> Ran {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    // Who does not read it is not interested.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("the binary ends");
    Ran {
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
        code: output.status.code().expect("an exit code"),
    }
}

impl Ran {
    /// It went well and had nothing to say about the input.
    #[track_caller]
    pub(crate) fn fine(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{}", self.stdout);
        self.stdout
    }

    /// It ended with that code.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        self
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder is made");
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let path: PathBuf = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a file is copied");
        }
    }
}
