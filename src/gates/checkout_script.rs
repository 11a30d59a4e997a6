//! Whether a task runs the script of an approval, which checks out and compares the approved versions.

use concourse_pipeline::view::{StepView, field, list, text};
use github_issues_resource::contract::files;
use yaml_source::yaml::Node;

/// Whether a task runs the script of an approval or a record of its job, and nothing else. `approval` says of an artifact
/// whether a get of the code brings the files of the approval along (`Some(true)`), or whether it has nothing else
/// (`Some(false)`). A script of that name elsewhere is anybody's.
pub(crate) fn runs_checkout(step: &StepView<'_>, approval: impl Fn(&str) -> Option<bool>) -> bool {
    let Some(config) = step.config() else { return false };
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

/// The path of the script that a task runs: itself, or as the first argument of a shell.
fn script(config: &Node) -> Option<&str> {
    const SHELLS: [&str; 4] = ["sh", "ash", "bash", "dash"];
    let run = field(config, "run")?;
    // From another folder the path leads elsewhere.
    if field(run, "dir").and_then(text).is_some_and(|dir| !matches!(dir, "" | ".")) {
        return None;
    }
    let program = field(run, "path").and_then(text)?;
    if !SHELLS.contains(&program.rsplit('/').next().unwrap_or_default()) {
        return Some(program);
    }
    let mut arguments = list(run, "args").iter().map(text);
    // After `-c` stands no file.
    let is_option = |argument: &&str| argument.starts_with('-') && !argument.contains('c');
    let first = arguments.find(|argument| !argument.as_ref().is_some_and(is_option));
    first.flatten().filter(|argument| !argument.starts_with('-'))
}
