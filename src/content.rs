//! What a file is, told by what it says.

use camino::Utf8Path;
use yaml_source::yaml::top_level_keys;

use crate::manifest::ForeignFile;
use crate::workspace::FLEET_FILE;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Manifest,
    Fleet,
    Kind,
    /// A pipeline of Concourse's, rendered or handwritten.
    Pipeline,
    /// A story for `simulate`.
    Scenario,
}

impl Content {
    /// In words: `a manifest`.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Manifest => "a manifest",
            Self::Fleet => "a fleet",
            Self::Kind => "a kind",
            Self::Pipeline => "a pipeline",
            Self::Scenario => "a scenario",
        }
    }

    /// Told by the first key that only one of them has; a manifest, if there is none.
    pub(crate) fn of(path: &Utf8Path, text: &str) -> Self {
        Self::recognized(path, text).unwrap_or(Self::Manifest)
    }

    /// The same, for a command that reports what is wrong: a workflow of GitHub, which has jobs too, is none of
    /// Concourse's pipelines, and is reported as a manifest is.
    pub(crate) fn to_check(path: &Utf8Path, text: &str) -> Self {
        match Self::of(path, text) {
            Self::Pipeline if ForeignFile::of_text(text).is_some() => Self::Manifest,
            content => content,
        }
    }

    /// The same, only where the name, a key or the folder tells.
    pub(crate) fn recognized(path: &Utf8Path, text: &str) -> Option<Self> {
        if path.file_name() == Some(FLEET_FILE) {
            return Some(Self::Fleet);
        }
        let mut looks_like_a_pipeline = false;
        for (key, is_map) in top_level_keys(text) {
            match key.as_str() {
                // A manifest of several projects maps them; a fleet lists where they are.
                "projects" if is_map || lists_maps(text) => return Some(Self::Manifest),
                "scenario" => return Some(Self::Scenario),
                "jobs" => return Some(Self::Pipeline),
                "project" | "stack" | "environments" | "overrides" | "source" | "gate" | "inputs" => {
                    return Some(Self::Manifest);
                }
                "concourses" | "projects" | "defaults" => return Some(Self::Fleet),
                "steps" | "about" | "phases" | "options" => return Some(Self::Kind),
                // Kinds have the first two of them as well.
                "resources" | "resource_types" | "var_sources" | "display" | "prototypes" => {
                    looks_like_a_pipeline = true;
                }
                _ => {}
            }
        }
        if looks_like_a_pipeline {
            return Some(Self::Pipeline);
        }
        let mut folders = path.ancestors().skip(1).map(Utf8Path::file_name);
        let is_of_kinds =
            matches!(folders.next(), Some(Some("stacks" | "builds"))) && folders.next() == Some(Some("kinds"));
        is_of_kinds.then_some(Self::Kind)
    }
}

/// Whether `projects` is a list of maps, as it is in no fleet: somebody means the projects of a manifest.
fn lists_maps(text: &str) -> bool {
    let mut after = text.lines().skip_while(|line| !line.starts_with("projects:")).skip(1);
    let item = after.find_map(|line| line.trim_start().strip_prefix("- "));
    let key = item.and_then(|item| item.split_once(':')).filter(|(_, rest)| rest.is_empty() || rest.starts_with(' '));
    key.is_some_and(|(key, _)| key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_tells_what_a_file_is() {
        for (name, text, content) in [
            ("a.yml", "project: a\n", Content::Manifest),
            ("a.yml", "{}", Content::Manifest),
            ("a.yml", "version: 1\nconcourses: {}\nresource_types: {}\n", Content::Fleet),
            ("pipegen.yml", "", Content::Fleet),
            ("a.yml", "version: 1\nprojects: ['*.yml']\n", Content::Fleet),
            ("a.yml", "projects:\n  a: {}\n", Content::Manifest),
            ("a.yml", "projects:\n- a: {}\n", Content::Manifest),
            ("a.yml", "version: 1\nprojects:\n- a/*.yml # all: of them\n", Content::Fleet),
            ("a.yml", "version: 1\nresources: []\nsteps: []\n", Content::Kind),
            ("a.yml", "resource_types: []\nresources: []\njobs: []\n", Content::Pipeline),
            ("kinds/builds/a.yml", "version: 1\nstep: []\n", Content::Kind),
            ("builds/a.yml", "version: 1\nstep: []\n", Content::Manifest),
            ("a.yml", "scenario: a\nsteps: []\n", Content::Scenario),
            ("a.json", r#"{"groups": [], "resources": []}"#, Content::Pipeline),
        ] {
            assert_eq!(Content::of(Utf8Path::new(name), text), content, "{text}");
        }
    }
}
