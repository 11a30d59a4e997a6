//! A Concourse, by the `fly` binary: without a shell, and with nothing of the input where fly would take it for a flag.
//! A configuration goes to it by standard input, and nothing secret ever stands on its command line.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::thread;

use camino::{Utf8Path, Utf8PathBuf};
use concourse_pipeline::model::InstanceVars;
use serde::Deserialize;
use serde_json::Value;
use yaml_source::Failure;
use yaml_source::diagnostic::visible;

/// The `fly` binary.
#[derive(Clone, Debug)]
pub(crate) struct Fly {
    path: Utf8PathBuf,
}

/// A team of a Concourse, as fly knows it: by the name of a target, whose own team counts unless one is said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Team {
    pub(crate) target: String,
    pub(crate) team: Option<String>,
}

/// What a pipeline is known by in its team.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FlyPipeline<'p> {
    pub(crate) name: &'p str,
    pub(crate) instance_vars: &'p InstanceVars,
}

impl FlyPipeline<'_> {
    /// As fly takes it of one that is there.
    pub(crate) fn reference(&self) -> String {
        format!("{}{}", self.name, self.instance_vars.reference())
    }
}

/// A pipeline that lives there.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct LivePipeline {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) instance_vars: BTreeMap<String, Value>,
    pub(crate) team_name: String,
    pub(crate) archived: bool,
    /// The job that set it last, if one did.
    #[serde(default)]
    pub(crate) parent_job_id: Option<u64>,
}

impl LivePipeline {
    /// Which instance it is. None when something tells it that is no text, as ours never have it.
    pub(crate) fn instance(&self) -> Option<InstanceVars> {
        let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
        self.instance_vars.iter().map(text).collect()
    }

    /// Is it that pipeline? The order in which its instance is told does not count.
    pub(crate) fn is(&self, named: FlyPipeline<'_>) -> bool {
        let same = |(name, value): (&str, &str)| self.instance_vars.get(name).and_then(Value::as_str) == Some(value);
        self.name == named.name
            && self.instance_vars.len() == named.instance_vars.iter().count()
            && named.instance_vars.iter().all(same)
    }
}

/// What fly says when it does not do what it is asked.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// In its own words.
    message: String,
}

/// What somebody has to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// There is no such target.
    Name,
    /// Nobody is logged in.
    Login,
    /// Its version is too far from Concourse's.
    Sync,
}

impl Refusal {
    /// What has to be done first, where that is known.
    pub(crate) fn remedy(&self) -> Option<Remedy> {
        let mentions = |words: &[&str]| words.iter().any(|word| self.message.contains(word));
        if mentions(&["unknown target"]) {
            Some(Remedy::Name)
        } else if mentions(&["not authorized", "logged out", "login again"]) {
            Some(Remedy::Login)
        } else {
            mentions(&["out of sync"]).then_some(Remedy::Sync)
        }
    }

    /// Does Concourse, or fly, find something wrong with the pipeline itself?
    pub(crate) fn is_of_the_pipeline(&self) -> bool {
        self.message.contains("invalid pipeline config") || self.message.contains("error unmarshaling")
    }

    /// In one line, from which nothing acts on a terminal.
    pub(crate) fn in_a_line(&self) -> String {
        let lines: Vec<&str> = self.message.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let line = lines.join(" ");
        let line = line.strip_prefix("error: ").unwrap_or(&line);
        visible(if line.is_empty() { "it failed without a message" } else { line }).into_owned()
    }
}

/// What fly did, or the reason not to.
pub(crate) type Answer<T> = Result<Result<T, Refusal>, Failure>;

impl Fly {
    /// The binary of that path, or of that name on the path.
    pub(crate) fn new(path: &Utf8Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Is somebody logged in?
    ///
    /// # Errors
    ///
    /// When fly cannot be run.
    pub(crate) fn status(&self, target: &str) -> Answer<()> {
        Ok(self.run(target, &["status".to_owned()], b"")?.map(drop))
    }

    /// The pipelines of a team, archived ones too.
    ///
    /// # Errors
    ///
    /// When fly cannot be run, or prints something else.
    pub(crate) fn pipelines(&self, of: &Team) -> Answer<Vec<LivePipeline>> {
        let mut arguments = vec!["pipelines".to_owned(), "--json".to_owned(), "--include-archived".to_owned()];
        // There is no asking for those of one team, other than the target's own.
        arguments.extend(of.team.as_ref().map(|_| "--all".to_owned()));
        let printed = match self.run(&of.target, &arguments, b"")? {
            Ok(printed) => printed,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let all: Option<Vec<LivePipeline>> = serde_json::from_slice(&printed).map_err(|error| {
            Failure::io("understand what is printed by", &self.path, io::Error::other(error.to_string()))
        })?;
        let mut all = all.unwrap_or_default();
        all.retain(|pipeline| of.team.as_ref().is_none_or(|team| pipeline.team_name == *team));
        Ok(Ok(all))
    }

    /// The configuration of a pipeline, as JSON.
    ///
    /// # Errors
    ///
    /// When fly cannot be run.
    pub(crate) fn configuration(&self, of: &Team, pipeline: FlyPipeline<'_>) -> Answer<Vec<u8>> {
        let pipeline = format!("--pipeline={}", pipeline.reference());
        let mut arguments = vec!["get-pipeline".to_owned(), "--json".to_owned(), pipeline];
        arguments.extend(team(of));
        self.run(&of.target, &arguments, b"")
    }

    /// Sets a pipeline to what is given. A new one is paused.
    ///
    /// # Errors
    ///
    /// When fly cannot be run.
    pub(crate) fn set(&self, of: &Team, pipeline: FlyPipeline<'_>, configuration: &[u8]) -> Answer<()> {
        let mut arguments = vec![
            "set-pipeline".to_owned(),
            "--non-interactive".to_owned(),
            format!("--pipeline={}", pipeline.name),
            "--config=-".to_owned(),
        ];
        arguments.extend(pipeline.instance_vars.flags().map(|(_, var)| format!("--instance-var={var}")));
        arguments.extend(team(of));
        Ok(self.run(&of.target, &arguments, configuration)?.map(drop))
    }

    /// Lets a pipeline run.
    ///
    /// # Errors
    ///
    /// When fly cannot be run.
    pub(crate) fn unpause(&self, of: &Team, pipeline: FlyPipeline<'_>) -> Answer<()> {
        let mut arguments = vec!["unpause-pipeline".to_owned(), format!("--pipeline={}", pipeline.reference())];
        arguments.extend(team(of));
        Ok(self.run(&of.target, &arguments, b"")?.map(drop))
    }

    fn run(&self, target: &str, arguments: &[String], input: &[u8]) -> Answer<Vec<u8>> {
        let failure = |error| Failure::io("run", &self.path, error);
        let mut child = Command::new(&self.path)
            .arg(format!("--target={target}"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failure)?;
        let stdin = child.stdin.take();
        let output = thread::scope(|scope| {
            // Who writes all before reading any waits for ever when the other one does so, too.
            scope.spawn(|| {
                // One that ends without having read it says why.
                let _ = stdin.map(|mut stdin| stdin.write_all(input));
            });
            child.wait_with_output()
        })
        .map_err(failure)?;
        if output.status.success() {
            return Ok(Ok(output.stdout));
        }
        let mut message = String::from_utf8_lossy(&output.stderr).into_owned();
        if message.trim().is_empty() {
            message = String::from_utf8_lossy(&output.stdout).into_owned();
        }
        Ok(Err(Refusal { message: without_colours(&message) }))
    }
}

fn team(of: &Team) -> Option<String> {
    of.team.as_ref().map(|team| format!("--team={team}"))
}

/// What a terminal would be told by `ESC [ … m` is left out.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('m') {
            Some((codes, rest)) if codes.bytes().all(|byte| byte.is_ascii_digit() || byte == b';') => {
                plain.push_str(rest);
            }
            _ => plain.push_str(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(message: &str) -> Refusal {
        Refusal { message: message.to_owned() }
    }

    #[test]
    fn remedy_follows_from_what_fly_says() {
        for (message, remedy) in [
            ("error: unknown target: main", Some(Remedy::Name)),
            ("not authorized. run the following to log in:\n\n    fly -t main login\n", Some(Remedy::Login)),
            ("please login again.\n\ntoken validation failed with error : not authorized", Some(Remedy::Login)),
            ("logged out", Some(Remedy::Login)),
            ("fly version (7.0.0) is out of sync with the target (8.2.5).", Some(Remedy::Sync)),
            ("error: forbidden", None),
        ] {
            assert_eq!(refusal(message).remedy(), remedy, "{message}");
        }
    }

    #[test]
    fn refusal_is_reported_in_a_line() {
        assert_eq!(refusal("error: forbidden\n\n  \u{1b}[2Jx\n").in_a_line(), r"forbidden \u{1b}[2Jx");
        assert_eq!(refusal("").in_a_line(), "it failed without a message");
        assert_eq!(without_colours("\u{1b}[31;1merror\u{1b}[0m: \u{1b}[2Jx"), "error: 2Jx");
    }

    #[test]
    fn hostile_names_are_no_flags() {
        let of = Team { target: "-x".to_owned(), team: Some("--all".to_owned()) };
        // The program prints its arguments.
        let vars = [("--x".to_owned(), "\"; y".to_owned())].into_iter().collect();
        let named = FlyPipeline { name: "$(touch /tmp/x)", instance_vars: &vars };
        let printed = Fly::new("echo".into()).configuration(&of, named).unwrap().unwrap();
        let printed = String::from_utf8(printed).unwrap();
        let pipeline = r#"--pipeline=$(touch /tmp/x)/--x:"\"; y""#;
        assert_eq!(printed, format!("--target=-x get-pipeline --json {pipeline} --team=--all\n"));
    }

    #[test]
    fn large_configuration_reaches_one_that_prints_meanwhile() {
        let fly = Fly::new("cat".into());
        let text = vec![b'x'; 1 << 20];
        // It does not know the flags, and says so; what matters is that both end.
        let named = FlyPipeline { name: "p", instance_vars: &InstanceVars::default() };
        assert!(fly.set(&Team { target: "t".to_owned(), team: None }, named, &text).unwrap().is_err());
    }

    #[test]
    fn missing_fly_is_reported_by_its_path() {
        let error = Fly::new("/nowhere/fly".into()).status("main").unwrap_err();
        assert_eq!(error.to_string(), "cannot run /nowhere/fly: no such file or folder");
    }
}
