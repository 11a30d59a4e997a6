use crate::model::{Core, Inputs, Step};
use yaml_source::yaml::Value;

/// The artifacts that a step uses, as far as it names them.
pub(super) fn artifacts(step: &Step) -> Vec<&str> {
    let mut found = Vec::new();
    match &step.core {
        Core::Task(task) => {
            found.extend(task.image.as_deref());
            found.extend(task.file.as_deref().map(artifact_of));
            match &task.config {
                Some(config) => found.extend(
                    config
                        .inputs
                        .iter()
                        .map(|input| task.input_mapping.get(&input.name).map_or(input.name.as_str(), String::as_str)),
                ),
                None => found.extend(task.input_mapping.values().map(String::as_str)),
            }
        }
        Core::Put(put) => {
            if let Some(Inputs::Named(names)) = &put.inputs {
                found.extend(names.iter().map(String::as_str));
            }
            if let Some(params) = &put.params {
                each_text(params, &mut |text| found.push(artifact_of(text)));
            }
        }
        Core::LoadVar(load) => found.push(artifact_of(&load.file)),
        Core::SetPipeline(set) => {
            found.push(artifact_of(&set.file));
            found.extend(set.var_files.iter().map(|file| artifact_of(file)));
        }
        Core::Get(_) | Core::Try { .. } | Core::Do { .. } | Core::InParallel { .. } => {}
    }
    found
}

/// The artifact that a path begins with.
fn artifact_of(path: &str) -> &str {
    path.split('/').next().unwrap_or_default()
}

fn each_text<'v>(value: &'v Value, visit: &mut impl FnMut(&'v str)) {
    match value {
        Value::Text(text) => visit(text),
        Value::List(items) => items.iter().for_each(|item| each_text(item, visit)),
        Value::Map(map) => map.values().for_each(|value| each_text(value, visit)),
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) => {}
    }
}
