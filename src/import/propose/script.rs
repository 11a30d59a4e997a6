//! Tasks that run shell text in an image, in the words of the kind `script`.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::import::read::source::SourcePipeline;
use crate::import::read::steps::json;

use super::candidates::Candidate;
use super::settings::KindUse;

/// The options and variables of the kind `script`.
pub(crate) type Shell = (Map<String, Json>, Map<String, Json>);

/// Jobs that do nothing but to run shell text in an image.
pub(crate) fn script(read: &SourcePipeline<'_>) -> Option<Candidate> {
    let mut given = BTreeMap::new();
    for stage in read.shape.stages() {
        let body = read.body(stage.deploy);
        let [step] = body.as_slice() else { return None };
        if stage.preview.is_some() {
            return None;
        }
        given.insert(stage.deploy, shell(&json(step), &stage.code)?);
    }
    Some(Candidate::Script { given })
}

/// The options and variables of the kind `script` for a task.
fn shell(step: &Json, code: &str) -> Option<Shell> {
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
    let text = text.strip_prefix(&format!("cd {code}\n")).unwrap_or_else(|| {
        deploy.push_str("cd \"$OLDPWD\"\n");
        text
    });
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
    super::templates::escape(&mut options);
    Some((options.as_object().cloned()?, env))
}

/// What the kind `script` was given.
pub(crate) fn of_script((options, env): &Shell, step: &Json) -> KindUse {
    KindUse {
        kind: "script".to_owned(),
        options: options.clone(),
        env: env.clone(),
        timeout: step["timeout"].as_str().map(str::to_owned),
        attempts: step["attempts"].as_u64(),
        ..KindUse::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shell_tasks_run_the_same_text() {
        let step = json!({"task": "deploy", "params": {"A": 1}, "config": {
            "platform": "linux",
            "image_resource": {"type": "registry-image", "source": {"repository": "alpine"}},
            "inputs": [{"name": "code"}],
            "run": {"path": "bash", "args": ["-exc", "cd code\n./deploy\n"]},
        }});
        let (options, env) = shell(&step, "code").unwrap();
        assert_eq!(options["deploy"], "set +u\nset -x\n./deploy\n");
        let (elsewhere, _) = shell(&step, "other").unwrap();
        assert_eq!(elsewhere["deploy"], "set +u\ncd \"$OLDPWD\"\nset -x\ncd code\n./deploy\n");
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
            assert_eq!(shell(&other, "code"), None, "{pointer}");
        }
    }
}
