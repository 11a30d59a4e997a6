//! Files of other programs, and files of this one in the place of another: what they are is told by their keys.

use yaml_source::diagnostic::{Diagnostic, Rule};
use yaml_source::yaml::{Map, Node, NodeKind, top_level_keys};

use super::schema::FileShape;

/// What to give instead of a file of another program.
const INSTEAD: &str = "name a manifest, a fleet, a kind or a pipeline; keep other files out of the folders of those";

/// A file of another program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ForeignFile {
    /// In words: `a task of Concourse`.
    pub(crate) noun: &'static str,
    /// The key that tells.
    key: &'static str,
    /// What to do instead.
    help: &'static str,
}

impl ForeignFile {
    /// The file of another program that a text is, if it plainly is one.
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        let keys: Vec<(String, bool)> = top_level_keys(text).collect();
        Self::of(&keys.iter().map(|(key, is_map)| (key.as_str(), *is_map)).collect::<Vec<_>>())
    }

    fn of_node(document: &Node) -> Option<Self> {
        let entries = document.as_map().map(Map::entries).unwrap_or_default();
        let keys = entries.iter().map(|entry| (entry.key.as_str(), matches!(entry.value.kind, NodeKind::Map(_))));
        Self::of(&keys.collect::<Vec<_>>())
    }

    /// Told by the keys of the map that a file is, each with whether its value is a map.
    fn of(keys: &[(&str, bool)]) -> Option<Self> {
        let has = |key: &str| keys.iter().any(|(known, _)| *known == key);
        // Of a key that appears twice each value counts, for readers differ in which one they take.
        let maps = |key: &str| has(key) && keys.iter().all(|(known, is_map)| *known != key || *is_map);
        let found = |noun, key, help| Some(Self { noun, key, help });
        if ["project", "projects", "stack"].into_iter().any(has) {
            return None;
        }
        if has("jobs") {
            return if maps("jobs") && has("on") { found("a workflow of GitHub", "jobs", INSTEAD) } else { None };
        }
        if maps("run") && (has("platform") || has("image_resource")) {
            let help = "name its path in a step, `{task: NAME, file: CODE/PATH}`; give a manifest, a fleet, a kind or a \
                        pipeline here";
            return found("a task of Concourse", if has("platform") { "platform" } else { "image_resource" }, help);
        }
        if maps("services") {
            return found("a file of Docker Compose", "services", INSTEAD);
        }
        if has("apiVersion") && has("kind") {
            return found("an object of Kubernetes", "apiVersion", INSTEAD);
        }
        if has("apiVersion") && has("name") {
            let help = "name its folder in a manifest: `stack: {helm: {chart: FOLDER, namespace: …}}`";
            return found("a chart of Helm", "apiVersion", help);
        }
        if has("runtime") && has("name") {
            let help = "name its folder in a manifest: `stack: {pulumi: {path: FOLDER}}`";
            return found("a project of Pulumi", "runtime", help);
        }
        if has("repos") && keys.iter().all(|(key, _)| !matches!(*key, "steps" | "defaults" | "concourses")) {
            return found("a configuration of pre-commit", "repos", INSTEAD);
        }
        None
    }
}

/// The error for a file that plainly is something else than it is read as.
pub(super) fn other_than_expected(document: &Node, shape: FileShape) -> Option<Diagnostic> {
    let wrong = |key, message: String| Diagnostic::new(Rule::WrongType, key, message);
    if let Some(foreign) = ForeignFile::of_node(document) {
        let key = document.entry_at(&format!("/{}", foreign.key))?;
        let message = format!("this is {}, not {}", foreign.noun, shape.noun());
        return Some(wrong(key.key_span, message).help(foreign.help));
    }
    if shape != FileShape::Manifest || ["/project", "/projects", "/stack"].iter().any(|key| document.at(key).is_some())
    {
        return None;
    }
    let first = |keys: &[&str]| keys.iter().find_map(|key| document.entry_at(key));
    let is_list = |key: &str| document.at(key).is_some_and(|value| value.as_list().is_some());
    if let Some(scenario) = first(&["/scenario"]) {
        return Some(
            wrong(scenario.key_span, "this is a scenario, not a manifest".to_owned())
                .help("run `ol-pipegen simulate`, which plays it"),
        );
    }
    if let Some(of_kinds) = first(&["/steps", "/phases"]).filter(|_| !is_list("/jobs")) {
        return Some(
            wrong(of_kinds.key_span, "this is a kind, not a manifest".to_owned())
                .help("move it to `kinds/stacks/` or `kinds/builds/`, or check it with `ol-pipegen validate`"),
        );
    }
    if is_list("/jobs") || is_list("/resources") {
        let key = first(&["/jobs", "/resources"])?;
        return Some(
            wrong(key.key_span, "this is a pipeline of Concourse, not a manifest".to_owned())
                .help("render the manifest that it was made from, or check it with `ol-pipegen validate`"),
        );
    }
    let of_fleets = first(&["/concourses", "/defaults"])?;
    Some(
        wrong(of_fleets.key_span, "this is a fleet, not a manifest".to_owned())
            .help("name the file `pipegen.yml`, and let no glob of `projects` match it"),
    )
}
