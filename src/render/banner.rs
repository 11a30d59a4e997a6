use std::fmt::{self, Write};

use camino::{Utf8Path, Utf8PathBuf};
use concourse_pipeline::model::InstanceVars;
use yaml_source::diagnostic::visible;
use yaml_source::files::relative;

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
    /// Which of its instances.
    pub instance_vars: InstanceVars,
    /// Stages that were found by their files.
    pub discovered: Vec<String>,
}

const MADE_BY: &str = "# Made by ol-pipegen ";
const OF_THE_FLEET: &str = " of the fleet ";

/// Whether a text begins as a rendered file does.
pub(crate) fn is_rendered(text: &str) -> bool {
    text.starts_with(MADE_BY)
}

impl Banner {
    /// The lines, for a file at `target`. Paths are told from its folder, so that they hold wherever it is checked out.
    pub fn text(&self, target: &Utf8Path) -> String {
        let mut text = format!("{MADE_BY}{} from {}\n", env!("CARGO_PKG_VERSION"), self.origin(target));
        text.push_str("# Do not edit: change the manifest, and run `ol-pipegen render`.\n");
        let file = target.file_name().unwrap_or_default();
        let command = set_pipeline(&self.concourse, &self.pipeline, &self.instance_vars, file);
        // Writing to a string does not fail.
        let _ = writeln!(text, "# {}", visible(&command));
        if !self.discovered.is_empty() {
            let _ = writeln!(text, "# Stages found by their files: {}", visible(&self.discovered.join(", ")));
        }
        text
    }

    /// What the first line of a file at `target` is to name.
    pub fn origin(&self, target: &Utf8Path) -> BannerSource {
        let folder = target.parent().unwrap_or(Utf8Path::new(""));
        BannerSource {
            manifest: shown_from(folder, &self.manifest),
            fleet: self.fleet.as_ref().map(|fleet| shown_from(folder, fleet)),
        }
    }

    /// Does the first line of a file name this fleet (or this manifest, where there is no fleet) as what it was made
    /// from? Both are told from the file's folder.
    pub fn names(first_line: &str, file: &Utf8Path, fleet: &Utf8Path) -> bool {
        let wanted = shown_from(file.parent().unwrap_or(Utf8Path::new("")), fleet);
        BannerSource::of_first_line(first_line).is_some_and(|origin| origin.fleet.unwrap_or(origin.manifest) == wanted)
    }
}

/// What a file was made from, as its first line tells it: paths from the file's own folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BannerSource {
    /// The manifest.
    pub manifest: String,
    /// Its fleet, if there is one.
    pub fleet: Option<String>,
}

impl BannerSource {
    /// The origin that the first line of a file names. `None` when the file was not made by this program.
    pub fn of_first_line(first_line: &str) -> Option<Self> {
        let (_version, origin) = first_line.trim_end_matches('\r').strip_prefix(MADE_BY)?.split_once(" from ")?;
        Some(match origin.rsplit_once(OF_THE_FLEET) {
            Some((manifest, fleet)) => Self { manifest: manifest.to_owned(), fleet: Some(fleet.to_owned()) },
            None => Self { manifest: origin.to_owned(), fleet: None },
        })
    }
}

impl fmt::Display for BannerSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.manifest)?;
        self.fleet.as_ref().map_or(Ok(()), |fleet| write!(f, "{OF_THE_FLEET}{fleet}"))
    }
}

fn shown_from(folder: &Utf8Path, path: &Utf8Path) -> String {
    visible(relative(path, folder).as_str()).into_owned()
}

/// The command that sets a pipeline.
pub(crate) fn set_pipeline(concourse: &Concourse, pipeline: &str, vars: &InstanceVars, file: &str) -> String {
    let target = concourse.target.as_deref().unwrap_or("TARGET");
    let team = concourse.team.as_ref().map(|team| format!(" --team {}", quoted(team))).unwrap_or_default();
    let vars: String = vars.flags().map(|(flag, var)| format!(" {flag} {}", quoted(&var))).collect();
    format!("fly -t {} set-pipeline{team} -p {}{vars} -c {}", quoted(target), quoted(pipeline), quoted(file))
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c));
    if plain { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banner_names_its_fleet_and_no_other() {
        let banner = Banner {
            manifest: "fleet/projects/a.yml".into(),
            fleet: Some("fleet/pipegen.yml".into()),
            concourse: Concourse { target: Some("main".into()), ..Concourse::default() },
            pipeline: "a".into(),
            instance_vars: InstanceVars::default(),
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
    fn no_name_ends_a_line_of_the_banner() {
        let banner = Banner {
            manifest: "projects/a\njobs: [].yml".into(),
            fleet: Some("x\u{2028}/pipegen.yml".into()),
            concourse: Concourse {
                target: Some("t\nx: 1".into()),
                team: Some("\u{85}".into()),
                ..Concourse::default()
            },
            pipeline: "a".into(),
            instance_vars: InstanceVars::default(),
            discovered: vec!["x\r".into()],
        };
        let file = Utf8Path::new("rendered/a.yml");
        let text = banner.text(file);
        assert!(text.lines().all(|line| line.starts_with("# ")), "{text}");
        assert!(!text.contains(['\r', '\u{85}', '\u{2028}']), "{text}");
        assert_eq!(BannerSource::of_first_line(text.lines().next().unwrap_or_default()), Some(banner.origin(file)));
    }

    #[test]
    fn words_are_quoted_for_the_shell() {
        assert_eq!(quoted("pr-inf"), "pr-inf");
        assert_eq!(quoted("it's $(x)"), r"'it'\''s $(x)'");
    }
}
