//! The watched paths of stages, held against the checkout.

use camino::Utf8Path;
use yaml_source::diagnostic::Diagnostics;
use yaml_source::files::is_inside;
use yaml_source::source::Span;
use yaml_source::yaml::Node;

use crate::input::paths;
use crate::kind::Family;
use crate::project::stage::{Project, Stage};
use crate::project::{Fleet, watched};
use crate::template::Filler;

use super::ManifestFile;

/// Are the watched paths there, and does what they watch go with what the code imports?
pub(super) fn check(
    root: &Utf8Path,
    manifest: &ManifestFile<'_>,
    fleet: &Fleet,
    project: &Project,
    diagnostics: &mut Diagnostics,
) {
    let mut codes: Vec<watched::Code> = Vec::new();
    for stage in project.chains.iter().flat_map(|chain| &chain.stages) {
        let own = watched_paths(stage, "/source/paths", diagnostics);
        let common = watched_paths(stage, "/source/common_paths", diagnostics);
        watched::check_paths(root, &[common, own.clone()].concat(), diagnostics);
        let Some(kind) = fleet.kinds.get(Family::Stack, &stage.kind).filter(|kind| kind.name() == "pulumi") else {
            continue;
        };
        // The one path that this kind watches is the project's folder.
        let Some(folder) = paths(kind.watch(&stage.scope, diagnostics)).pop() else { continue };
        let python_path = stage.env.iter().find(|(name, _)| name == "PYTHONPATH").map_or("", |(_, value)| value);
        let code = watched::Code {
            span: stage.span_of("/stack/pulumi/path"),
            watched: stage.code.git.paths.clone(),
            own: own.into_iter().filter(|(_, span)| span.file == manifest.file).collect(),
            python_path: watched::python_path(python_path, stage.code.resource.as_str()),
            folder,
        };
        if is_inside(&code.folder) && !codes.contains(&code) {
            codes.push(code);
        }
    }
    for code in &codes {
        watched::check_imports(root, code, diagnostics);
    }
}

/// Watched paths as they are said, each with its place.
fn watched_paths(stage: &Stage, pointer: &str, diagnostics: &mut Diagnostics) -> Vec<(String, Span)> {
    let items = stage.origin.settings.at(pointer).and_then(Node::as_list).unwrap_or_default();
    let mut filler = Filler::new(diagnostics);
    let filled = items.iter().filter_map(|item| {
        let path = paths([filler.text(item, &stage.scope)?]).pop()?;
        // What leads out of the repository is an error already.
        is_inside(&path).then_some((path, item.span))
    });
    filled.collect()
}
