//! What makes inputs, in the words of a manifest: a build kind that is there, or one of one's own.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::import::compare::trial::Trial;
use crate::import::read::source::SourcePipeline;
use crate::import::read::steps::json;
use crate::kind::Family;

use super::candidates::{made, plain, resources, title, types, use_of_existing};
use super::match_kind::{self, match_kind};
use super::new_kind::{JobBody, NewKind, new_kind};
use super::settings::KindUse;
use super::templates::TemplateValues;

/// What makes each input: a kind that is there where its steps are those of the job, else one of one's own.
pub(crate) fn builds(
    read: &SourcePipeline<'_>,
    trial: &Trial,
    new_too: bool,
    name_of: &dyn Fn(&str) -> String,
) -> (BTreeMap<String, KindUse>, Vec<(String, Json)>) {
    let resources = resources(read);
    let is_own = |name: &str| read.shape.builds.keys().any(|input| name_of(&plain(input)) == name);
    let mut builds = BTreeMap::new();
    let mut kinds: Vec<(String, Json)> = Vec::new();
    for (input, index) in &read.shape.builds {
        let job = read.job(*index);
        let mut steps: Vec<Json> = read.body(*index).into_iter().map(json).collect();
        let is_git = |name: &str| read.flow.resources.get(name).is_some_and(|found| found.type_name.as_str() == "git");
        let code = job.takes.iter().rfind(|taking| is_git(taking.resource)).or(job.takes.last());
        let mut env_files = Vec::new();
        let all = Json::Array(steps.clone()).to_string();
        let mut env = Map::new();
        steps.retain(|step| {
            let (Some(name), Some(file)) = (step["load_var"].as_str(), step["file"].as_str()) else { return true };
            let local = format!("((.:{name}))");
            let variables = variables(&Json::Array(read.body(*index).into_iter().map(json).collect()), &local);
            match variables.as_slice() {
                [variable] if all.matches(&local).count() == 1 && variable.starts_with("BUILD_ARG_") => {
                    let variable = variable.trim_start_matches("BUILD_ARG_").to_owned();
                    env.insert(variable.clone(), local.into());
                    env_files.push((variable, file.to_owned()));
                    false
                }
                _ => true,
            }
        });
        one_file_of_tags(&mut steps);
        let body = match_kind::JobSteps {
            steps: &steps,
            resources: &resources,
            known: vec![
                ("code", code.map(|taking| taking.resource.to_owned()).unwrap_or_default()),
                ("phase", "build".to_owned()),
                ("input", input.clone()),
            ],
        };
        let found = trial.fleet().kinds.of(Family::Build).filter(|kind| !is_own(kind.name())).find_map(|kind| {
            let mut found = match_kind(kind, &body)?;
            found.names.insert("env".to_owned(), env.clone().into());
            Some((kind.name().to_owned(), found))
        });
        if let Some((kind, found)) = found.filter(|_| !new_too) {
            let KindUse { options, before, after, .. } = use_of_existing(&kind, &found);
            // What would be said of the put is said of it anyway.
            let mut options = options;
            if let Some(tags) = options.get_mut("tags") {
                // `./` in front hides the artifact from puts that look for it in `params`.
                *tags = tags.as_str().map_or_else(|| tags.clone(), |file| file.trim_start_matches("./").into());
            }
            let built = KindUse {
                kind,
                options: without_variables(options, &env),
                before,
                after,
                env_files,
                ..KindUse::default()
            };
            builds.insert(input.clone(), built);
            continue;
        }
        let body = |job: usize, phase: &'static str| JobBody {
            stage: 0,
            phase,
            words: TemplateValues::default(),
            only: "true".to_owned(),
            steps: read.body(job).into_iter().map(json).collect(),
            hooks: read.hooks(job),
            resources: made(read, job).into_iter().filter(|resource| resource["name"] != input.as_str()).collect(),
            summary: None,
            no_changes: None,
        };
        let check = read.shape.checks.get(input).map(|job| body(*job, "check"));
        let bodies: Vec<JobBody> = check.into_iter().chain([body(*index, "build")]).collect();
        let types = types(read, &bodies);
        let name = name_of(&plain(input));
        let about = format!("makes `{input}`; read from a pipeline");
        let NewKind { mut text, .. } = new_kind(&title(&name), &about, &bodies, 1, &types, true);
        if let (Some(retention), Some(kind)) = (&job.job.build_log_retention, text.as_object_mut()) {
            kind.insert("job".to_owned(), json!({"build_log_retention": retention}));
        }
        builds.insert(input.clone(), KindUse { kind: name.clone(), ..KindUse::default() });
        kinds.push((name, text));
    }
    (builds, kinds)
}

/// A task that does nothing but to copy a file of tags gives way to that file.
fn one_file_of_tags(steps: &mut Vec<Json>) {
    let copied = steps.iter().enumerate().find_map(|(index, step)| {
        let script = step.pointer("/config/run/args")?.as_array()?.last()?.as_str()?;
        let mut commands = script.split(['\n', ';']).map(str::trim).filter(|command| !command.is_empty());
        let copies: Vec<&str> = commands.by_ref().filter(|command| !command.starts_with("ls ")).collect();
        let [copy] = copies.as_slice() else { return None };
        let (from, to) = copy.strip_prefix("cat ")?.split_once(">>")?;
        let is_path =
            |path: &str| !path.is_empty() && path.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
        let (from, to) = (from.trim().trim_start_matches("./"), to.trim());
        (is_path(from) && is_path(to)).then(|| (index, from.to_owned(), to.to_owned()))
    });
    let Some((index, from, to)) = copied else { return };
    for step in steps.iter_mut() {
        if let Some(tags) = step.pointer_mut("/params/additional_tags").filter(|tags| **tags == to) {
            *tags = from.as_str().into();
            steps.remove(index);
            return;
        }
    }
}

/// Build arguments that come from files are no options.
fn without_variables(mut options: Map<String, Json>, env: &Map<String, Json>) -> Map<String, Json> {
    if let Some(args) = options.get_mut("args").and_then(Json::as_object_mut) {
        args.retain(|key, _| !env.contains_key(key));
    }
    options.retain(|_, value| !value.as_object().is_some_and(Map::is_empty));
    options
}

/// The keys under which a text stands.
fn variables(value: &Json, text: &str) -> Vec<String> {
    match value {
        Json::Object(map) => map
            .iter()
            .flat_map(|(key, inner)| if *inner == text { vec![key.clone()] } else { variables(inner, text) })
            .collect(),
        Json::Array(items) => items.iter().flat_map(|item| variables(item, text)).collect(),
        _ => Vec::new(),
    }
}
