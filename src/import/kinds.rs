//! What could deploy the stages of a pipeline, or make its inputs: kinds that are there, a script, or a kind of one's own.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::kind::{Family, Kind};

use super::draft::{Deploys, Read, resource_of};
use super::graph::json;
use super::own::{Body, OwnKind, own_kind};
use super::place::{Place, Told};
use super::shape::StageJobs;
use super::trial::Trial;
use super::unfill::{self, Unfilled, unfill};
use super::words::Words;

/// The options and variables of the kind `script`.
type Shell = (Map<String, Json>, Map<String, Json>);

/// What deploys the stages.
#[derive(Clone, Debug)]
pub(super) enum Candidate {
    /// A kind that is there: deploy job → what it was given.
    Known { kind: String, given: BTreeMap<usize, Unfilled> },
    /// Shell text of the manifest.
    Script { given: BTreeMap<usize, Shell> },
    /// A kind of the steps that the jobs have.
    Own,
}

impl Candidate {
    /// All that could be, the ones that are there first.
    pub(super) fn all(read: &Read<'_>, trial: &Trial) -> Vec<Self> {
        let mut found: Vec<Self> = trial.fleet().kinds.of(Family::Stack).filter_map(|kind| known(kind, read)).collect();
        found.extend(script(read));
        found.push(Self::Own);
        found
    }

    pub(super) fn told(&self, stage: &StageJobs) -> Told {
        match self {
            Self::Known { given, .. } => given.get(&stage.deploy).map_or_else(Told::default, |given| Told {
                project: given.text("project").map(str::to_owned),
                stack: given.text("stack").map(str::to_owned),
            }),
            Self::Script { .. } | Self::Own => Told::default(),
        }
    }
}

fn resources(read: &Read<'_>) -> BTreeMap<String, Json> {
    read.pipeline.resources.iter().map(|resource| (resource.name.to_string(), json(resource))).collect()
}

fn known(kind: &Kind, read: &Read<'_>) -> Option<Candidate> {
    let resources = resources(read);
    let mut given = BTreeMap::new();
    for stage in read.shape.stages() {
        let mut all: Option<Unfilled> = None;
        for (job, phase) in [(Some(stage.deploy), "deploy"), (stage.preview, "preview")] {
            let Some(job) = job else { continue };
            let steps: Vec<Json> = read.body(job).into_iter().map(json).collect();
            let body = unfill::Body {
                steps: &steps,
                resources: &resources,
                known: vec![("code", stage.code.clone()), ("phase", phase.to_owned())],
            };
            let found = unfill(kind, &body)?;
            match &mut all {
                None => all = Some(found),
                Some(all) => {
                    for (name, value) in found.names {
                        all.names.entry(name).or_insert(value);
                    }
                }
            }
        }
        given.insert(stage.deploy, all?);
    }
    Some(Candidate::Known { kind: kind.name().to_owned(), given })
}

/// What a kind was given, in the words of a manifest.
pub(super) fn deploys(kind: &str, given: &Unfilled) -> Deploys {
    let object = |name: &str| given.names.get(name).and_then(Json::as_object).cloned().unwrap_or_default();
    let mut env = object("env");
    let mut before = given.before.clone();
    let files = object("env_files");
    let mut env_files: Vec<(String, String)> =
        files.iter().filter_map(|(variable, file)| Some((variable.clone(), file.as_str()?.to_owned()))).collect();
    // A file that is read into a variable for nothing but another variable.
    before.retain(|step| {
        let (Some(name), Some(file)) = (step["load_var"].as_str(), step["file"].as_str()) else { return true };
        let local = format!("((.:{name}))");
        let variables: Vec<String> =
            env.iter().filter(|(_, value)| **value == local).map(|(key, _)| key.clone()).collect();
        let [variable] = variables.as_slice() else { return true };
        env.shift_remove(variable);
        env_files.push((variable.clone(), file.to_owned()));
        false
    });
    for value in env.values_mut() {
        if matches!(value, Json::Number(_) | Json::Bool(_)) {
            *value = value.to_string().into();
        }
    }
    let mut options: Json = given.options().into();
    super::own::escape(&mut options);
    Deploys {
        kind: kind.to_owned(),
        options: options.as_object().cloned().unwrap_or_default(),
        env,
        env_files,
        before,
        after: given.after.clone(),
        timeout: given.timeout.clone(),
        attempts: given.attempts,
    }
}

/// Jobs that do nothing but to run shell text in an image.
fn script(read: &Read<'_>) -> Option<Candidate> {
    let mut given = BTreeMap::new();
    for stage in read.shape.stages() {
        let body = read.body(stage.deploy);
        let [step] = body.as_slice() else { return None };
        if stage.preview.is_some() {
            return None;
        }
        given.insert(stage.deploy, shell(&json(step))?);
    }
    Some(Candidate::Script { given })
}

/// The options and variables of the kind `script` for a task.
fn shell(step: &Json) -> Option<Shell> {
    let task = step.as_object()?;
    if !task
        .keys()
        .all(|key| matches!(key.as_str(), "task" | "config" | "params" | "privileged" | "timeout" | "attempts"))
    {
        return None;
    }
    let config = step.get("config")?.as_object()?;
    let fits =
        config.keys().all(|key| matches!(key.as_str(), "platform" | "image_resource" | "inputs" | "params" | "run"));
    if !fits || config.get("platform")? != "linux" {
        return None;
    }
    let image = config.get("image_resource")?;
    let source = image.get("source")?.as_object()?;
    let plain =
        image.get("type")? == "registry-image" && image.get("params").is_none() && image.get("version").is_none();
    if !plain || !source.keys().all(|key| matches!(key.as_str(), "repository" | "tag")) {
        return None;
    }
    let inputs = config.get("inputs").and_then(Json::as_array).into_iter().flatten();
    if { inputs }.any(|input| input.get("path").is_some() || input.get("optional").is_some()) {
        return None;
    }
    let run = config.get("run")?.as_object()?;
    if !run.keys().all(|key| matches!(key.as_str(), "path" | "args")) {
        return None;
    }
    let shell = run.get("path")?.as_str()?;
    let name = shell.rsplit('/').next()?;
    let [flags, text] = run.get("args")?.as_array()?.as_slice() else { return None };
    let (flags, text) = (flags.as_str()?.strip_prefix('-')?, text.as_str()?);
    let known = |c: char| matches!(c, 'c' | 'e' | 'u' | 'x' | 'l');
    if !matches!(name, "sh" | "bash" | "ash")
        || !flags.contains('c')
        || !flags.chars().all(known)
        || flags.contains('l')
    {
        return None;
    }
    // The kind runs its text with `-eu`, at the root of the code.
    let mut deploy = String::new();
    if !flags.contains('u') {
        deploy.push_str("set +u\n");
    }
    if !flags.contains('e') {
        deploy.push_str("set +e\n");
    }
    deploy.push_str("cd \"$OLDPWD\"\n");
    if flags.contains('x') {
        deploy.push_str("set -x\n");
    }
    deploy.push_str(text);
    let mut options = Map::new();
    options.insert("image".to_owned(), source.get("repository")?.clone());
    options.extend(
        source
            .get("tag")
            .map(|tag| ("tag".to_owned(), tag.as_str().map_or_else(|| tag.to_string(), str::to_owned).into())),
    );
    options.insert("deploy".to_owned(), deploy.into());
    if shell != "sh" {
        options.insert("shell".to_owned(), shell.into());
    }
    if task.get("privileged").is_some_and(|privileged| *privileged == true) {
        options.insert("privileged".to_owned(), true.into());
    }
    let mut env = Map::new();
    for params in [config.get("params"), task.get("params")].into_iter().flatten() {
        for (key, value) in params.as_object()? {
            if matches!(key.as_str(), "PHASE" | "STACK" | "ENVIRONMENT" | "CODE" | "SCRIPT" | "SUMMARY") {
                return None;
            }
            let text = value
                .as_str()
                .map_or_else(|| if value.is_null() { String::new() } else { value.to_string() }, str::to_owned);
            env.insert(key.clone(), text.into());
        }
    }
    let mut options: Json = options.into();
    super::own::escape(&mut options);
    Some((options.as_object().cloned()?, env))
}

/// What the kind `script` was given.
pub(super) fn of_script((options, env): &Shell, step: &Json) -> Deploys {
    Deploys {
        kind: "script".to_owned(),
        options: options.clone(),
        env: env.clone(),
        timeout: step["timeout"].as_str().map(str::to_owned),
        attempts: step["attempts"].as_u64(),
        ..Deploys::default()
    }
}

/// A kind of the steps of all stages, and the options of each, by deploy job.
pub(super) fn own(
    name: &str,
    read: &Read<'_>,
    places: &[Vec<Place>],
    words: &dyn Fn(&Place, &StageJobs) -> Words,
) -> (Json, BTreeMap<usize, Map<String, Json>>) {
    let mut bodies = Vec::new();
    let mut jobs = Vec::new();
    let grouped = places.iter().flatten().any(|place| place.group.is_some() || place.project != places[0][0].project);
    for (stage, place) in read.shape.stages().zip(places.iter().flatten()) {
        for (job, phase) in [(Some(stage.deploy), "deploy"), (stage.preview, "preview")] {
            let Some(job) = job else { continue };
            let put = read.opens(job).and_then(|put| put.params.as_ref());
            let file = |key: &str| put.and_then(|params| params.get(key)).map(json);
            bodies.push(Body {
                stage: jobs.len(),
                phase,
                words: words(place, stage),
                only: if grouped {
                    format!(
                        "(project == '{}' and group == '{}' and environment == '{}')",
                        place.project,
                        place.group.as_deref().unwrap_or(""),
                        place.environment
                    )
                } else {
                    format!("environment == '{}'", place.environment)
                },
                steps: read.body(job).into_iter().map(json).collect(),
                hooks: read.hooks(job),
                resources: made(read, job),
                summary: file("body_files").and_then(|files| Some(files.as_array()?.first()?.as_str()?.to_owned())),
                no_changes: file("close_if_file").and_then(|file| Some(file.as_str()?.to_owned())),
            });
        }
        jobs.push(stage.deploy);
    }
    let types = types(read, &bodies);
    let about = format!("what `{name}` does; read from a pipeline");
    let OwnKind { text, options } = own_kind(&title(name), &about, &bodies, jobs.len(), &types, false);
    (text, jobs.into_iter().zip(options).collect())
}

/// What makes each input: a kind that is there where its steps are those of the job, else one of one's own.
pub(super) fn builds(
    read: &Read<'_>,
    trial: &Trial,
    own_too: bool,
) -> (BTreeMap<String, Deploys>, Vec<(String, Json)>) {
    let resources = resources(read);
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
        let body = unfill::Body {
            steps: &steps,
            resources: &resources,
            known: vec![
                ("code", code.map(|taking| taking.resource.to_owned()).unwrap_or_default()),
                ("phase", "build".to_owned()),
                ("input", input.clone()),
            ],
        };
        let found = trial.fleet().kinds.of(Family::Build).find_map(|kind| {
            let mut found = unfill(kind, &body)?;
            found.names.insert("env".to_owned(), env.clone().into());
            Some((kind.name().to_owned(), found))
        });
        if let Some((kind, found)) = found.filter(|_| !own_too) {
            let Deploys { options, before, after, .. } = deploys(&kind, &found);
            // What would be said of the put is said of it anyway.
            let mut options = options;
            if let Some(tags) = options.get_mut("tags") {
                // `./` in front hides the artifact from puts that look for it in `params`.
                *tags = tags.as_str().map_or_else(|| tags.clone(), |file| file.trim_start_matches("./").into());
            }
            let built = Deploys {
                kind,
                options: without_variables(options, &env),
                before,
                after,
                env_files,
                ..Deploys::default()
            };
            builds.insert(input.clone(), built);
            continue;
        }
        let body = |job: usize, phase: &'static str| Body {
            stage: 0,
            phase,
            words: Words::default(),
            only: "true".to_owned(),
            steps: read.body(job).into_iter().map(json).collect(),
            hooks: read.hooks(job),
            resources: made(read, job).into_iter().filter(|resource| resource["name"] != input.as_str()).collect(),
            summary: None,
            no_changes: None,
        };
        let check = read.shape.checks.get(input).map(|job| body(*job, "check"));
        let bodies: Vec<Body> = check.into_iter().chain([body(*index, "build")]).collect();
        let types = types(read, &bodies);
        let name = plain(input);
        let about = format!("makes `{input}`; read from a pipeline");
        let OwnKind { mut text, .. } = own_kind(&title(&name), &about, &bodies, 1, &types, true);
        if let (Some(retention), Some(kind)) = (&job.job.build_log_retention, text.as_object_mut()) {
            kind.insert("job".to_owned(), json!({"build_log_retention": retention}));
        }
        builds.insert(input.clone(), Deploys { kind: name.clone(), ..Deploys::default() });
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

/// The resources that a job's own steps put, but for issues and for what is taken as an input.
fn made(read: &Read<'_>, index: usize) -> Vec<Json> {
    let inputs: Vec<&str> =
        (0..read.flow.jobs.len()).flat_map(|job| read.takes(job)).map(|taking| taking.resource).collect();
    let mut found: Vec<Json> = Vec::new();
    let job = read.job(index).job;
    let hooks = [&job.on_success, &job.on_failure, &job.on_error, &job.on_abort, &job.ensure];
    for step in read.body(index).into_iter().chain(hooks.into_iter().flatten()) {
        step.each(&mut |step| {
            let name = match &step.core {
                crate::concourse::Core::Put(put) => resource_of(put),
                crate::concourse::Core::Get(get) => get.resource.as_ref().unwrap_or(&get.get).as_str(),
                _ => return,
            };
            let resource = read
                .flow
                .resources
                .get(name)
                .filter(|_| !inputs.contains(&name) && !read.flow.issues.contains_key(name));
            if let Some(resource) = resource.map(json).filter(|resource| !found.contains(resource)) {
                found.push(resource);
            }
        });
    }
    found
}

/// The resource types that steps and inputs need, and that the pipeline defines.
fn types(read: &Read<'_>, bodies: &[Body]) -> Vec<Json> {
    let mut names: Vec<String> = Vec::new();
    let inputs =
        read.flow.jobs.iter().flat_map(|job| &job.takes).filter_map(|taking| read.flow.resources.get(taking.resource));
    names.extend(inputs.map(|resource| resource.type_name.to_string()));
    for body in bodies {
        names.extend(body.hooks.iter().flat_map(|(_, hook)| {
            let mut found = Vec::new();
            image_types(hook, &mut found);
            found
        }));
        names.extend(body.resources.iter().filter_map(|resource| resource["type"].as_str()).map(str::to_owned));
        let steps = Json::Array(body.steps.clone());
        let mut images = Vec::new();
        image_types(&steps, &mut images);
        names.extend(images);
    }
    let mut found: Vec<Json> = Vec::new();
    let mut at = 0;
    while at < names.len() {
        let defined = read.pipeline.resource_types.iter().find(|defined| defined.name.as_str() == names[at]);
        if let Some(defined) = defined.map(json).filter(|defined| !found.contains(defined)) {
            if let Some(of) = defined["type"].as_str().filter(|of| defined["name"] != **of) {
                names.push(of.to_owned());
            }
            found.push(defined);
        }
        at += 1;
    }
    found
}

fn image_types(value: &Json, found: &mut Vec<String>) {
    match value {
        Json::Object(map) => {
            found.extend(map.get("image_resource").and_then(|image| Some(image.get("type")?.as_str()?.to_owned())));
            map.values().for_each(|inner| image_types(inner, found));
        }
        Json::Array(items) => items.iter().for_each(|item| image_types(item, found)),
        _ => {}
    }
}

fn title(name: &str) -> String {
    let mut title = name.replace(['-', '_'], " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}

/// A name that a kind can have.
pub(super) fn plain(name: &str) -> String {
    let clean: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c.to_ascii_lowercase() } else { '-' })
        .collect();
    if clean.starts_with(|c: char| c.is_ascii_lowercase()) { clean } else { format!("k-{clean}") }
}

/// The stack of a kind of one's own.
pub(super) fn of_own(name: &str, options: &Map<String, Json>) -> Deploys {
    Deploys { kind: name.to_owned(), options: options.clone(), ..Deploys::default() }
}

/// A kind's file.
pub(super) fn text(kind: &Json) -> Result<String, crate::Failure> {
    let text = crate::yaml::emit(kind).map_err(|error| crate::Failure::Internal(error.to_string()))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shell_tasks_run_the_same_text() {
        let step = json!({"task": "deploy", "params": {"A": 1}, "config": {
            "platform": "linux",
            "image_resource": {"type": "registry-image", "source": {"repository": "alpine"}},
            "inputs": [{"name": "code"}],
            "run": {"path": "bash", "args": ["-exc", "cd code\n./deploy\n"]},
        }});
        let (options, env) = shell(&step).unwrap();
        assert_eq!(options["deploy"], "set +u\ncd \"$OLDPWD\"\nset -x\ncd code\n./deploy\n");
        assert_eq!(options["shell"], "bash");
        assert_eq!(env["A"], "1");
        for (pointer, value) in [
            ("/config/run/args", json!(["-c"])),
            ("/config/run/path", json!("python")),
            ("/config/run/dir", json!("code")),
            ("/config/outputs", json!([{"name": "x"}])),
            ("/file", json!("code/x.yml")),
        ] {
            let mut other = step.clone();
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            other.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(key.to_owned(), value);
            assert_eq!(shell(&other), None, "{pointer}");
        }
    }
}
