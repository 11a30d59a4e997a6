//! Scenarios: stories that somebody wrote, or that `verify` found, played against pipelines.
//!
//! [`fields`] is what a file of a scenario has, [`steps`] what its steps mean, [`play`] plays them with the model of
//! `verify`, [`report`] shows what came of it, and [`write`] writes the file of a story that `verify` found.

mod fields;
mod play;
mod report;
mod steps;
mod write;

use camino::{Utf8Path, Utf8PathBuf};

use crate::job_target::JobTarget;
use crate::manifest::{FileShape, check};
use yaml_source::Failure;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::{FileId, Sources};
use yaml_source::yaml::{Limits, Node, decode, read};

pub(crate) use fields::ScenarioFields;
pub(crate) use play::{Played, Story, play};
pub(crate) use report::{json, step_text, text};
pub(crate) use write::{SearchArguments, scenario};

/// A scenario that was read.
pub(crate) struct Scenario {
    pub(crate) fields: ScenarioFields,
    /// Where everything stands.
    node: Node,
    /// The folder that paths are relative to.
    folder: Utf8PathBuf,
}

impl Scenario {
    /// Reads a scenario. None when its shape is wrong; then the reason is among the diagnostics.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub(crate) fn read(
        path: &Utf8Path,
        sources: &mut Sources,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<Self>, Failure> {
        let text = sources.read(path)?;
        let file = sources.add(path, text);
        let folder = path.parent().unwrap_or(Utf8Path::new("")).to_owned();
        Ok(Self::of(sources, file, folder, diagnostics))
    }

    fn of(sources: &Sources, file: FileId, folder: Utf8PathBuf, diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut node = read(sources, file, Limits::MANIFEST, diagnostics)?;
        let before = diagnostics.len();
        check(&mut node, FileShape::Scenario, diagnostics);
        if diagnostics.len() > before {
            return None;
        }
        let fields: ScenarioFields = match decode(&node) {
            Ok(fields) => fields,
            Err(error) => {
                let span = error.span.unwrap_or(node.span);
                diagnostics.push(Diagnostic::new(Rule::WrongType, span, error.message).maybe_help(error.help));
                return None;
            }
        };
        let scenario = Self { fields, node, folder };
        if scenario.fields.pipelines.is_empty() {
            let message = "`pipelines` is missing: a scenario names what it is played against";
            let help = "write `pipelines: [PATH]` with manifests, pipelines or fleets";
            diagnostics.push(Diagnostic::new(Rule::MissingField, scenario.node.span, message).help(help));
        }
        scenario.check_steps(diagnostics);
        (diagnostics.len() == before).then_some(scenario)
    }

    /// The files that are set at first, and in each step `set`.
    pub(crate) fn lists(&self) -> Vec<Vec<Utf8PathBuf>> {
        let sets = self.fields.steps.iter().map(|step| &step.set).filter(|set| !set.is_empty());
        let of = |list: &Vec<String>| list.iter().map(|path| self.folder.join(path)).collect();
        std::iter::once(&self.fields.pipelines).chain(sets).map(of).collect()
    }

    /// The environments of jobs.
    pub(crate) fn targets(&self) -> Vec<JobTarget> {
        self.fields.target.iter().map(|(place, environment)| JobTarget::of(place, environment)).collect()
    }

    /// The gets whose versions need no approval: job and name.
    pub(crate) fn unpinned(&self) -> Vec<(String, String)> {
        let split = |get: &String| get.split_once('/').map(|(job, get)| (job.to_owned(), get.to_owned()));
        self.fields.unpinned.iter().filter_map(split).collect()
    }
}
