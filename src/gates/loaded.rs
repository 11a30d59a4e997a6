//! *Version*, of variables: what decides on a deployment behind a gate is not loaded from something that nobody approved.

use std::collections::{BTreeMap, BTreeSet};

use concourse_pipeline::variables::of_build;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::secrets::names_secret;
use yaml_source::yaml::Value;

use super::lowered::artifact_of;
use super::model::{Job, Pipeline, Step, Unit, What};
use super::repeated::is_hook;
use super::version::is_exact;
use super::work::Doing;

/// A variable that is loaded from what a task made, when that task got nothing approved; and a step that such a task hands the
/// file or the image that it runs. What a get brings is judged by its version.
pub(super) fn check(job: &Job<'_>, pipeline: &Pipeline<'_>, _: &Unit<'_, '_>, diagnostics: &mut Diagnostics) {
    if !is_exact(job) || !job.steps.iter().any(|step| matches!(step.what, What::Task(_))) {
        return;
    }
    let mut known = Known { approved: job.held(), ..Known::default() };
    for step in &job.steps {
        // A hook cleans up, or tells people what became of the job.
        if !is_hook(step)
            && let Some((what, maker)) = known.decides(step)
            && may_deploy(step, job, pipeline)
        {
            diagnostics.push(
                Diagnostic::new(
                    Rule::UnapprovedArtifact,
                    maker.span,
                    format!("{what} decides what is deployed, and no approval decides on it"),
                )
                .label("this task made it, and has no approved input")
                .also(step.span, "this step uses it")
                .note(job.note())
                .help("use an approved artifact, or what a task makes of one"),
            );
        }
        known.learn(step);
    }
}

fn may_deploy(step: &Step<'_>, job: &Job<'_>, pipeline: &Pipeline<'_>) -> bool {
    matches!(step.what, What::SetPipeline { .. }) || Doing::of(step, job, (0, pipeline)).iter().any(Doing::may_deploy)
}

/// What the steps before a step made, of approved artifacts or of none.
#[derive(Default)]
struct Known<'j, 'a> {
    approved: BTreeSet<&'a str>,
    /// Artifacts, each with the task that made it.
    artifacts: BTreeMap<&'j str, &'j Step<'a>>,
    /// Variables, each with the task that made its file, or decided which file it is.
    variables: BTreeMap<&'j str, &'j Step<'a>>,
}

impl<'j, 'a> Known<'j, 'a> {
    fn learn(&mut self, step: &'j Step<'a>) {
        match &step.what {
            What::Task(task) => {
                let is_of_approved = task.inputs.iter().chain(&task.runs).any(|name| self.approved.contains(name));
                for output in &task.outputs {
                    if is_of_approved {
                        self.artifacts.remove(output);
                        self.approved.insert(output);
                    } else {
                        self.approved.remove(output);
                        self.artifacts.insert(output, step);
                    }
                }
            }
            What::LoadVar { name, file } => {
                let maker = artifact_of(file).and_then(|artifact| self.artifacts.get(artifact)).copied();
                match maker.or_else(|| self.variable_in(step, file)) {
                    Some(maker) => self.variables.insert(name, maker),
                    None => self.variables.remove(name),
                };
            }
            What::Get(_) | What::Put(_) | What::SetPipeline { .. } => {}
        }
    }

    /// What decides on a step, and the task that made it.
    fn decides(&self, step: &Step<'a>) -> Option<(String, &'j Step<'a>)> {
        let of_artifact =
            |artifact: &str| self.artifacts.get(artifact).map(|maker| (format!("the artifact `{artifact}`"), *maker));
        let of_text = |text: &str| {
            let name = of_build(text).find(|name| self.variable(step, name).is_some())?;
            Some((format!("the variable `{name}`"), self.variable(step, name)?))
        };
        let of_value = |value: &Value| find_text("", value, &of_text);
        match &step.what {
            What::Task(task) => {
                let of_runs = || task.runs.iter().find_map(|artifact| of_artifact(artifact));
                let of_params = || of_value(&task.script.params());
                let of_parts = || task.script.parts().iter().flatten().find_map(&of_value);
                of_runs().or_else(of_params).or_else(of_parts).or_else(|| of_value(&task.script.image()))
            }
            What::Put(put) => put.params.and_then(of_value),
            What::SetPipeline { files, vars, .. } => {
                let of_file = |file: &&str| artifact_of(file).and_then(of_artifact).or_else(|| of_text(file));
                files.iter().find_map(of_file).or_else(|| of_value(vars))
            }
            What::Get(_) | What::LoadVar { .. } => None,
        }
    }

    fn variable_in(&self, step: &Step<'a>, text: &str) -> Option<&'j Step<'a>> {
        of_build(text).find_map(|name| self.variable(step, name))
    }

    /// The task that made what a variable holds. One of `across` whose values are not written could hold any other variable.
    fn variable(&self, step: &Step<'a>, name: &str) -> Option<&'j Step<'a>> {
        match step.across.iter().rfind(|local| local.name == name) {
            Some(local) if local.values.is_some() => None,
            Some(_) => self.variables.values().next().copied(),
            None => self.variables.get(name).copied(),
        }
    }
}

/// What is found in a text of a value, secrets apart: a task fetches them, and they decide nothing, as far as their keys tell.
fn find_text<T>(key: &str, value: &Value, find: &impl Fn(&str) -> Option<T>) -> Option<T> {
    match value {
        Value::Text(text) if !is_of_credentials(key) => find(text),
        Value::List(items) => items.iter().find_map(|item| find_text(key, item, find)),
        Value::Map(map) => map.iter().find_map(|(key, value)| find_text(key, value, find)),
        Value::Text(_) | Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) => None,
    }
}

/// Whether a key is that of a secret, or of what is handed out with one, such as `AWS_ACCESS_KEY_ID` and `DB_USER`.
fn is_of_credentials(key: &str) -> bool {
    const LAST_WORDS: [&str; 9] =
        ["auth", "authorization", "cert", "certificate", "credentials", "kubeconfig", "login", "user", "username"];
    const ENDINGS: [&str; 2] = ["access_key_id", "age_key"];
    let key = key.to_ascii_lowercase();
    let last = key.rsplit(['_', '-', '.']).next().unwrap_or_default();
    names_secret(&key) || LAST_WORDS.contains(&last) || ENDINGS.iter().any(|ending| key.ends_with(ending))
}
