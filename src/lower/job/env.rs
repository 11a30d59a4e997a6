//! The environment variables of a job.

use concourse_pipeline::model::{Core, LoadVarStep, Step};
use yaml_source::diagnostic::{Diagnostic, Rule};
use yaml_source::yaml::escape;

use crate::kind::Kind;
use crate::lower::Lowering;
use crate::plan::{StageJob, StagePhase, Taken};
use crate::project::{EnvSource, Input, Stage};

use super::{WiredGate, artifact};

/// Variables of a job that come from files.
pub(super) struct Env {
    /// Variable → value, for kinds that take no files.
    pub(super) values: Vec<(String, String)>,
    /// Variable → file.
    pub(super) files: Vec<(String, String)>,
    /// Steps that read the files.
    pub(super) load: Vec<Step>,
}

impl<'a> Lowering<'_, 'a> {
    /// The variables of a job: those that were said, and those from files of what it takes. What an approval holds to a
    /// version comes from the approval, not from what the build happened to get.
    pub(super) fn env(
        &mut self,
        kind: &Kind,
        variables: &[(String, String)],
        takes: impl Iterator<Item = Taken<'a>>,
        gate: Option<WiredGate<'_, 'a>>,
        stage: &Stage,
    ) -> Env {
        let mut files: Vec<(String, String, bool)> = Vec::new();
        for taken in takes {
            let Taken::Input(input) = taken else { continue };
            for EnvSource { variable, file } in &input.env {
                let twice = variables.iter().any(|(known, _)| known == variable)
                    || files.iter().any(|(known, ..)| known == variable);
                if twice {
                    self.diagnostics.push(
                        Diagnostic::new(
                            Rule::NameCollision,
                            stage.span_of(&format!("/inputs/{}/env/{}", escape(input.name.as_str()), escape(variable))),
                            format!("the variable `{variable}` has two values"),
                        )
                        .note(format!("one of them is `{file}` of `{}`", input.name)),
                    );
                    continue;
                }
                if gate.is_some_and(|(gate, _)| gate.holds(input.name.as_str())) {
                    self.check_file_of_clone(input, variable, file, stage);
                }
                let version = input.pin.file() == Some(file) || input.source.as_type().version_file() == Some(file);
                files.push((variable.clone(), env_file(input, file, gate), version));
            }
        }
        if kind.reads_env_files() {
            let files = files.into_iter().map(|(variable, file, _)| (variable, file)).collect();
            return Env { values: variables.to_vec(), files, load: Vec::new() };
        }
        let mut env = Env { values: variables.to_vec(), files: Vec::new(), load: Vec::new() };
        let mut names: Vec<String> = Vec::new();
        for (variable, file, version) in files {
            let name = local_variable(&variable);
            if names.contains(&name) {
                self.diagnostics.push(
                    Diagnostic::new(
                        Rule::NameCollision,
                        stage.origin.span,
                        format!("two variables are read as `((.:{name}))`"),
                    )
                    .note(format!("one of them is `{variable}`"))
                    .help("give them names that differ by more than their case"),
                );
                continue;
            }
            // A file that looks like JSON or YAML by its name would be read as such.
            let structured = [".json", ".yml", ".yaml"].iter().any(|ending| file.ends_with(ending));
            env.load.push(
                Core::LoadVar(LoadVarStep {
                    load_var: artifact(&name),
                    file: file.as_str().into(),
                    format: structured.then(|| "trim".into()),
                    // A version is no secret, and a log without it answers no question.
                    reveal: version.then_some(true),
                })
                .into(),
            );
            env.values.push((variable, format!("((.:{name}))")));
            names.push(name);
        }
        env
    }
}

/// Where the value of a variable stands.
fn env_file(input: &Input, file: &str, gate: Option<WiredGate<'_, '_>>) -> String {
    match gate {
        Some((gate, wiring)) if input.pin.file() == Some(file) && gate.holds(input.name.as_str()) => {
            wiring.pin(input.name.as_str())
        }
        _ => format!("{}/{file}", input.name),
    }
}

/// The local variable that a file is read into.
fn local_variable(variable: &str) -> String {
    let name: String =
        variable.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_lowercase()) { name } else { format!("v{name}") }
}

/// What the stage sets in the environment of the job.
pub(super) fn settings_of_env<'s>(job: &StageJob<'s>) -> &'s [(String, String)] {
    match job.phase {
        StagePhase::Preview => &job.stage.preview_env,
        StagePhase::Deploy => &job.stage.env,
    }
}
