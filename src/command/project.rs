//! One project, for the commands that speak of one.

use camino::Utf8Path;
use concourse_pipeline::model::Pipeline;
use yaml_source::Failure;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Levels, did_you_mean};
use yaml_source::files;
use yaml_source::source::Sources;

use crate::content::Content;
use crate::gates;
use crate::manifest::ForeignFile;
use crate::project::{Fleet, Project};
use crate::workspace::{FLEET_FILE, Selected, compile, load, select};

/// A project, understood.
pub(super) struct ReadProject {
    pub(super) fleet: Fleet,
    pub(super) project: Project,
    /// Its pipelines, each with what to call the place where it lives.
    pub(super) pipelines: Vec<(String, Pipeline)>,
}

/// Reads one manifest, with its fleet.
///
/// # Errors
///
/// When a file cannot be read, or the path is none of a manifest.
pub(super) fn read_project(
    manifest: &Utf8Path,
    source_root: Option<&Utf8Path>,
    sources: &mut Sources,
) -> Result<(Option<ReadProject>, Vec<Diagnostic>), Failure> {
    let mut diagnostics = Diagnostics::default();
    let read = read(manifest, source_root, sources, &mut diagnostics)?;
    let read = read.filter(|_| !diagnostics.has_errors());
    Ok((read, Levels::default().apply(diagnostics.into_sorted())))
}

/// The failure for a path that is not a file, with what to name instead.
pub(super) fn not_a_manifest(path: &Utf8Path) -> Failure {
    if path.is_dir() {
        let manifest = yaml_files(path).into_iter().find(|name| name != FLEET_FILE);
        let example = manifest.map_or_else(String::new, |name| format!(", such as {}", path.join(name)));
        return Failure::Usage(format!("{path} is a folder: name one manifest{example}"));
    }
    let folder = path.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
    let names = yaml_files(folder);
    let meant = path.file_name().and_then(|name| did_you_mean(name, names.iter().map(String::as_str)));
    let help = match meant {
        Some(meant) => format!("did you mean {}?", path.with_file_name(meant)),
        None => "name a manifest, such as projects/cart.yml".to_owned(),
    };
    Failure::NoFile { path: path.to_owned(), help }
}

/// Fails for a file that is not a manifest, with what to name instead.
///
/// # Errors
///
/// When the file is a pipeline, a fleet or a kind.
pub(super) fn check_is_manifest(path: &Utf8Path, text: &str) -> Result<(), Failure> {
    if let Some(foreign) = ForeignFile::of_text(text) {
        return Err(Failure::Usage(format!("{path} is {}: name a manifest", foreign.noun)));
    }
    let instead = match Content::of(path, text) {
        Content::Manifest => return Ok(()),
        Content::Pipeline => "is a pipeline: name its manifest",
        Content::Fleet => "is a fleet: name one of its manifests",
        Content::Kind => "is a kind: name a manifest; `ol-pipegen validate` checks a kind",
        Content::Scenario => "is a scenario: name a manifest; `ol-pipegen simulate` plays a scenario",
    };
    Err(Failure::Usage(format!("{path} {instead}")))
}

fn read(
    path: &Utf8Path,
    source_root: Option<&Utf8Path>,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Result<Option<ReadProject>, Failure> {
    if !path.is_file() {
        return Err(not_a_manifest(path));
    }
    let selection = select(&[path.to_owned()])?;
    let [selected] = selection.as_slice() else {
        return Err(Failure::Internal("a path of one manifest selects several".to_owned()));
    };
    if matches!(selected, Selected::Fleet { manifests: None, .. }) {
        return Err(Failure::Usage(format!("{path} is a fleet: name one of its manifests")));
    }
    check_is_manifest(path, files::read(path)?.as_str())?;
    let Some(loaded) = load(selected, sources, diagnostics)? else { return Ok(None) };
    let [manifest] = loaded.manifests.as_slice() else {
        return Err(Failure::Internal("a path of one manifest loads several".to_owned()));
    };
    let compiled = compile(manifest, &loaded, source_root, sources)?;
    diagnostics.extend(compiled.diagnostics);
    let from = diagnostics.len();
    gates::judge_run(&[&compiled.gates], diagnostics);
    diagnostics.take_levels(from, |_| &compiled.levels);
    let Some(project) = compiled.project else { return Ok(None) };
    let pipelines = compiled.pipelines.into_iter().map(|pipeline| {
        let place = match pipeline.concourse.name {
            Some(concourse) => format!("{} on {concourse}", pipeline.name),
            None => pipeline.name,
        };
        (place, pipeline.pipeline)
    });
    Ok(Some(ReadProject { fleet: loaded.fleet, project, pipelines: pipelines.collect() }))
}

/// The names of the YAML files in a folder, sorted.
fn yaml_files(folder: &Utf8Path) -> Vec<String> {
    let entries = folder.read_dir_utf8().into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_owned());
    let mut names: Vec<String> =
        names.filter(|name| matches!(Utf8Path::new(name).extension(), Some("yml" | "yaml"))).collect();
    names.sort();
    names
}
