//! What a file is, told by what it says.

use camino::Utf8Path;

use crate::workspace::FLEET_FILE;
use crate::yaml::top_level_keys;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Manifest,
    Fleet,
    Kind,
    /// A pipeline of Concourse's, rendered or handwritten.
    Pipeline,
}

impl Content {
    /// Told by the first key that only one of them has; by its name, if there is none.
    pub(crate) fn of(path: &Utf8Path, text: &str) -> Self {
        if path.file_name() == Some(FLEET_FILE) {
            return Self::Fleet;
        }
        let mut looks_like_a_pipeline = false;
        for (key, is_map) in top_level_keys(text) {
            match key.as_str() {
                // A manifest of several projects maps them; a fleet lists where they are.
                "projects" if is_map => return Self::Manifest,
                "jobs" => return Self::Pipeline,
                "project" | "stack" | "environments" | "overrides" | "source" | "gate" | "inputs" => {
                    return Self::Manifest;
                }
                "concourses" | "projects" | "defaults" => return Self::Fleet,
                "steps" | "about" | "phases" | "options" => return Self::Kind,
                // Kinds have the first two of them as well.
                "resources" | "resource_types" | "var_sources" | "display" | "prototypes" => {
                    looks_like_a_pipeline = true;
                }
                _ => {}
            }
        }
        if looks_like_a_pipeline { Self::Pipeline } else { Self::Manifest }
    }
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
            ("a.yml", "version: 1\nresources: []\nsteps: []\n", Content::Kind),
            ("a.yml", "resource_types: []\nresources: []\njobs: []\n", Content::Pipeline),
            ("a.json", r#"{"groups": [], "resources": []}"#, Content::Pipeline),
        ] {
            assert_eq!(Content::of(Utf8Path::new(name), text), content, "{text}");
        }
    }
}
