//! Reads a fleet and its manifests. Nothing of them is understood here.

use camino::{Utf8Path, Utf8PathBuf};
use yaml_source::Failure;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, one_of};
use yaml_source::parallel::in_parallel;
use yaml_source::source::{FileId, Sources};
use yaml_source::yaml::{Limits, Node, read};

use crate::content::Content;
use crate::manifest::{FileShape, ForeignFile, check};
use crate::project::Fleet;

use super::select::{self, Selected};

/// The manifests of a fleet, read.
pub(crate) struct Loaded {
    pub(crate) fleet: Fleet,
    /// The file that stands for it.
    pub(crate) path: Utf8PathBuf,
    /// All manifests of the fleet are loaded.
    pub(crate) whole: bool,
    pub(crate) manifests: Vec<LoadedManifest>,
}

/// A manifest, read and not yet understood.
pub(crate) struct LoadedManifest {
    pub(crate) path: Utf8PathBuf,
    pub(crate) file: FileId,
}

/// Reads a fleet and its manifests. `None` when the fleet is no YAML.
pub(crate) fn load(
    selected: &Selected,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Result<Option<Loaded>, Failure> {
    let (fleet, path) = match selected {
        Selected::Fleet { path, .. } => {
            let Some(fleet) = Fleet::read(path, sources, diagnostics)? else { return Ok(None) };
            (fleet, path.clone())
        }
        Selected::Alone { manifest } => {
            let folder = manifest.parent().unwrap_or(Utf8Path::new("")).to_owned();
            (Fleet::alone(folder, sources, diagnostics)?, manifest.clone())
        }
    };
    let (paths, whole) = match selected {
        Selected::Fleet { manifests: Some(manifests), .. } => (manifests.clone(), false),
        Selected::Fleet { manifests: None, .. } => {
            let found = select::manifests(&fleet, diagnostics)?;
            // That a fleet reads from outside has been reported.
            if found.is_empty() && !diagnostics.speaks_within(fleet.projects_span) {
                diagnostics.push(no_projects(&fleet)?);
            }
            (found, true)
        }
        Selected::Alone { manifest } => (vec![manifest.clone()], true),
    };
    let texts = in_parallel(&paths, 100, |path| sources.read(path));
    let mut manifests = Vec::with_capacity(paths.len());
    for (path, text) in paths.into_iter().zip(texts) {
        manifests.push(LoadedManifest { file: sources.add(path.as_path(), text?), path });
    }
    Ok(Some(Loaded { fleet, path, whole, manifests }))
}

/// The error for a fleet of which no file is a manifest.
fn no_projects(fleet: &Fleet) -> Result<Diagnostic, Failure> {
    let message = format!("no manifest matches {}", one_of(&fleet.projects));
    let folder = fleet.projects.iter().find(|glob| fleet.folder.join(glob).is_dir());
    let help = match select::yaml_beside_yml(&[], fleet)?.as_slice() {
        [] if folder.is_some() => {
            let folder = folder.map(|folder| folder.trim_end_matches('/')).unwrap_or_default();
            format!("write `projects: [{folder}/*.yml]`: `{folder}` is a folder")
        }
        [] => {
            let name = fleet.projects.iter().find(|glob| glob.matches('*').count() == 1);
            let name = name.map_or_else(|| "projects/cart.yml".to_owned(), |glob| glob.replace('*', "cart"));
            let path = fleet.folder.join(name);
            format!("write `project: cart` and `stack: {{KIND: …}}` in `{path}`, or correct `projects`")
        }
        [first, ..] => {
            format!("rename `{first}` to `{}`, or add a glob that ends in `.yaml`", first.with_extension("yml"))
        }
    };
    Ok(Diagnostic::new(Rule::NoProjects, fleet.projects_span, message).help(help))
}

/// A fleet without its manifests; without a file it is what a manifest in that folder has.
pub(crate) fn load_fleet(
    path: Option<&Utf8Path>,
    folder: &Utf8Path,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Result<Option<Loaded>, Failure> {
    let fleet = match path {
        Some(path) => Fleet::read(path, sources, diagnostics)?,
        None => Some(Fleet::alone(folder.to_owned(), sources, diagnostics)?),
    };
    let path = path.map_or_else(|| folder.to_owned(), Utf8Path::to_owned);
    Ok(fleet.map(|fleet| Loaded { fleet, path, whole: false, manifests: Vec::new() }))
}

/// Reads the manifests of a fleet that a run does not render. One that cannot be read is no reason not to render others.
pub(super) fn load_others(loaded: &Loaded, sources: &mut Sources) -> Vec<LoadedManifest> {
    if loaded.whole {
        return Vec::new();
    }
    let paths = select::others(&loaded.manifests, &loaded.fleet);
    let texts = in_parallel(&paths, 100, |path| sources.read(path).ok());
    let read = paths.into_iter().zip(texts).filter_map(|(path, text)| Some((path, text?)));
    read.map(|(path, text)| LoadedManifest { file: sources.add(path.as_path(), text), path }).collect()
}

/// Warns of what the fleet's globs leave out, though somebody took it for a manifest.
pub(super) fn check_listing(loaded: &Loaded, sources: &Sources, diagnostics: &mut Diagnostics) -> Result<(), Failure> {
    let fleet = &loaded.fleet;
    if fleet.is_alone() {
        return Ok(());
    }
    // What is no manifest is reported as such.
    let is_manifest = |manifest: &&LoadedManifest| {
        let text = sources.get(manifest.file).text.as_str();
        loaded.whole || Content::of(&manifest.path, text) == Content::Manifest && ForeignFile::of_text(text).is_none()
    };
    let manifests = loaded.manifests.iter().filter(is_manifest);
    let rendered: Vec<&Utf8Path> = manifests.map(|manifest| manifest.path.as_path()).collect();
    if !loaded.whole {
        // A text from standard input need not have a file.
        let unlisted = select::unlisted(&rendered, fleet);
        for manifest in unlisted.into_iter().filter(|manifest| manifest.is_file()) {
            diagnostics.push(
                Diagnostic::new(
                    Rule::UnlistedManifest,
                    fleet.projects_span,
                    format!("no glob of this fleet's `projects` matches `{manifest}`"),
                )
                .note("rendering the whole fleet removes the pipeline again")
                .help("add it to `projects`, or move it to where a glob finds it"),
            );
        }
        return Ok(());
    }
    if rendered.is_empty() {
        return Ok(());
    }
    let passed_over = select::yaml_beside_yml(&rendered, fleet)?;
    if !passed_over.is_empty() {
        let shown = passed_over.len().min(5);
        let more = passed_over.len() - shown;
        let more = if more == 0 { String::new() } else { format!(", nor {more} more") };
        diagnostics.push(
            Diagnostic::new(
                Rule::UnlistedManifest,
                fleet.projects_span,
                format!("no glob of this fleet's `projects` matches {}{more}", one_of(&passed_over[..shown])),
            )
            .note("what is not matched is not rendered, and the pipeline that was rendered from it before is removed")
            .help("end the name in `.yml`, or add a glob that ends in `.yaml`"),
        );
    }
    Ok(())
}

/// Reads a manifest and takes out what is wrong with its shape. `None` when nothing is left.
pub(super) fn read_manifest(file: FileId, sources: &Sources, diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut node = read(sources, file, Limits::MANIFEST, diagnostics)?;
    check(&mut node, FileShape::Manifest, diagnostics);
    node.as_map().is_some().then_some(node)
}
