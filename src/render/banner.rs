use std::fmt::Write;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use crate::project::Concourse;

/// The first lines of a rendered pipeline: by what it was made, from what, and how it is used.
#[derive(Clone, Debug)]
pub struct Banner {
    /// The manifest.
    pub manifest: Utf8PathBuf,
    /// The fleet, if there is one.
    pub fleet: Option<Utf8PathBuf>,
    /// Where it is set.
    pub concourse: Concourse,
    /// The pipeline's name.
    pub pipeline: String,
    /// Stages that were found by their files.
    pub discovered: Vec<String>,
}

const MADE_BY: &str = "# Made by ol-pipegen";

impl Banner {
    /// The lines, for a file at `target`. Paths are told from its folder, so that they hold wherever it is checked out.
    pub fn text(&self, target: &Utf8Path) -> String {
        let folder = target.parent().unwrap_or(Utf8Path::new(""));
        let manifest = relative(&self.manifest, folder);
        let mut text = format!("{MADE_BY} {} from {manifest}", env!("CARGO_PKG_VERSION"));
        if let Some(fleet) = &self.fleet {
            text.push_str(&fleet_part(&relative(fleet, folder)));
        }
        text.push_str("\n# Do not edit: change the manifest, and run `ol-pipegen render`.\n");
        let file = target.file_name().unwrap_or_default();
        // Writing to a string does not fail.
        let _ = writeln!(text, "# {}", set_pipeline(&self.concourse, &self.pipeline, file));
        if !self.discovered.is_empty() {
            let _ = writeln!(text, "# Stages found by their files: {}", self.discovered.join(", "));
        }
        text
    }

    /// Does the first line of a file name this fleet (or this manifest, where there is no fleet) as what it was made
    /// from? Both are told from the file's folder.
    pub fn names(first_line: &str, file: &Utf8Path, fleet: &Utf8Path) -> bool {
        let folder = file.parent().unwrap_or(Utf8Path::new(""));
        let origin = relative(fleet, folder);
        first_line.starts_with(MADE_BY)
            && (first_line.ends_with(&fleet_part(&origin)) || first_line.ends_with(&format!(" from {origin}")))
    }
}

fn fleet_part(fleet: &Utf8Path) -> String {
    format!(" of the fleet {fleet}")
}

/// The command that sets a pipeline.
pub(crate) fn set_pipeline(concourse: &Concourse, pipeline: &str, file: &str) -> String {
    let target = concourse.target.as_deref().unwrap_or("TARGET");
    let team = concourse.team.as_ref().map(|team| format!(" --team {}", quoted(team))).unwrap_or_default();
    format!("fly -t {} set-pipeline{team} -p {} -c {}", quoted(target), quoted(pipeline), quoted(file))
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c));
    if plain { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// The way from a folder to a file, both from the same place.
fn relative(path: &Utf8Path, folder: &Utf8Path) -> Utf8PathBuf {
    let parts = |path: &Utf8Path| -> Vec<String> {
        path.components()
            .filter(|part| !matches!(part, Utf8Component::CurDir))
            .map(|part| part.as_str().to_owned())
            .collect()
    };
    let (to, from) = (parts(path), parts(folder));
    let common = to.iter().zip(&from).take_while(|(a, b)| a == b).count();
    // A way out of a folder that is itself told by a way out leads who knows where: then the path is told as it is.
    if from[common..].iter().any(|part| part == "..") {
        return path.to_owned();
    }
    let mut way = Utf8PathBuf::new();
    for _ in &from[common..] {
        way.push("..");
    }
    way.extend(&to[common..]);
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn way_is_told_from_the_folder_of_the_file() {
        for (path, folder, way) in [
            ("fleet/projects/a.yml", "fleet/rendered", "../projects/a.yml"),
            ("pipegen.yml", "rendered", "../pipegen.yml"),
            ("./pipegen.yml", "rendered", "../pipegen.yml"),
            ("/a/b/pipegen.yml", "/a/b/out", "../pipegen.yml"),
            ("a.yml", "", "a.yml"),
            ("../x/pipegen.yml", "../x/rendered", "../pipegen.yml"),
            ("pipegen.yml", "../elsewhere", "pipegen.yml"),
        ] {
            assert_eq!(relative(path.into(), folder.into()), Utf8PathBuf::from(way), "{path} from {folder}");
        }
    }

    #[test]
    fn banner_names_its_fleet_and_no_other() {
        let banner = Banner {
            manifest: "fleet/projects/a.yml".into(),
            fleet: Some("fleet/pipegen.yml".into()),
            concourse: Concourse { name: None, target: Some("main".into()), team: None },
            pipeline: "a".into(),
            discovered: vec!["x.QA".into()],
        };
        let file = Utf8Path::new("fleet/rendered/a.yml");
        let text = banner.text(file);
        let first = text.lines().next().unwrap_or_default();
        assert!(Banner::names(first, file, "fleet/pipegen.yml".into()));
        assert!(!Banner::names(first, file, "other/pipegen.yml".into()));
        assert!(!Banner::names("jobs: []", file, "fleet/pipegen.yml".into()));
        assert!(text.contains("fly -t main set-pipeline -p a -c a.yml\n"));
        assert!(text.ends_with("# Stages found by their files: x.QA\n"));
    }

    #[test]
    fn words_are_quoted_for_the_shell() {
        assert_eq!(quoted("pr-inf"), "pr-inf");
        assert_eq!(quoted("it's $(x)"), r"'it'\''s $(x)'");
    }
}
