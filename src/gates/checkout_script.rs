//! Whether a task runs the script of an approval, which checks out and compares the approved versions.

use concourse_pipeline::view::{StepView, field, list, text};
use github_issues_resource::contract::files;
use yaml_source::yaml::{Map, Node};

/// Whether a task runs the script of an approval or a record of its job, and nothing else. `approval` says of an artifact
/// whether a get of the code brings the files of the approval along (`Some(true)`), or whether it has nothing else
/// (`Some(false)`). A script of that name elsewhere is anybody's.
pub(crate) fn runs_checkout(step: &StepView<'_>, approval: impl Fn(&str) -> Option<bool>) -> bool {
    let Some(config) = step.config() else { return false };
    if ![config, step.node].into_iter().all(has_only_known_params) {
        return false;
    }
    let Some((folder, script)) = script(config).and_then(|path| path.split_once('/')) else { return false };
    let inputs = list(config, "inputs").iter();
    let mut inputs = inputs.filter_map(|input| Some((text(field(input, "name")?)?, field(input, "path"))));
    let input = inputs.find(|(name, path)| path.map_or(Some(*name), text) == Some(folder));
    let Some((name, _)) = input else { return false };
    let mapping = field(step.node, "input_mapping").and_then(|mapping| field(mapping, name));
    let artifact = mapping.map_or(Some(name), text);
    match artifact.and_then(approval) {
        Some(true) => {
            script.strip_prefix(files::IN_CLONE).and_then(|rest| rest.strip_prefix('/')) == Some(files::CHECKOUT)
        }
        Some(false) => script == files::CHECKOUT,
        None => false,
    }
}

/// Whether a task tells the script nothing but what it asks for. Variables such as `PATH`, `HOME` and `LD_PRELOAD` decide which
/// programs it runs, and how.
fn has_only_known_params(task: &Node) -> bool {
    const KNOWN: [&str; 6] = ["CODE", "CHECKOUT", "COMPARE", "CONTENT", "FETCH", "NO_SUBMODULES"];
    let is_known = |key: &str| KNOWN.contains(&key) || key.to_ascii_lowercase().ends_with("_proxy");
    let params = field(task, "params").and_then(Node::as_map).map(Map::entries).unwrap_or_default();
    params.iter().all(|entry| is_known(&entry.key))
}

/// The path of the script that a task runs: itself, or as the first argument of a shell of the image. A shell in another folder
/// comes with an artifact.
fn script(config: &Node) -> Option<&str> {
    const SHELLS: [&str; 4] = ["sh", "ash", "bash", "dash"];
    let run = field(config, "run")?;
    // From another folder the path leads elsewhere.
    if field(run, "dir").and_then(text).is_some_and(|dir| !matches!(dir, "" | ".")) {
        return None;
    }
    let program = field(run, "path").and_then(text)?;
    let is_of_image = program.starts_with('/') || !program.contains('/');
    if !is_of_image || !SHELLS.contains(&program.rsplit('/').next().unwrap_or_default()) {
        return Some(program);
    }
    let mut arguments = list(run, "args").iter().map(text);
    // With other options, such as `-c`, `-n` and `-s`, a shell does not run the file.
    let is_option =
        |argument: &&str| argument.strip_prefix('-').is_some_and(|letters| letters.chars().all(|c| "eux".contains(c)));
    let first = arguments.find(|argument| !argument.as_ref().is_some_and(is_option));
    first.flatten().filter(|argument| !argument.starts_with('-'))
}
