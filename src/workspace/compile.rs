//! The sentence: manifest → project → plan → pipeline.

use camino::Utf8Path;
use concourse_pipeline::model::{InstanceVars, Pipeline};
use yaml_source::Failure;
use yaml_source::diagnostic::{Diagnostics, FileLevels};
use yaml_source::source::{Sources, Span};
use yaml_source::yaml::Node;

use crate::gates;
use crate::lower::{lower, repeated_variables};
use crate::plan::plan;
use crate::policy;
use crate::project::{Concourse, ManifestFile, Project, Resolved, file_levels, resolve};

use super::collisions::ManifestFacts;
use super::load::{Loaded, LoadedManifest, read_manifest};
use super::meta::Settable;
use super::places::Places;

/// A pipeline in Concourse's words, and where it is set.
pub(crate) struct CompiledPipeline {
    pub(crate) name: String,
    pub(crate) instance_vars: InstanceVars,
    pub(crate) concourse: Concourse,
    pub(crate) pipeline: Pipeline,
    /// What it and its jobs are made from.
    pub(crate) places: Places,
}

/// What a manifest comes to. It has no pipelines where something is wrong with it.
pub(crate) struct Compiled {
    pub(crate) project: Option<Project>,
    pub(crate) pipelines: Vec<CompiledPipeline>,
    /// What all manifests of a run have to know of it.
    pub(crate) gates: gates::Facts,
    /// What the manifest, and its fleet, make of rules.
    pub(crate) levels: FileLevels,
    pub(crate) diagnostics: Diagnostics,
    pub(super) named_at: Span,
    /// Stages that were found by their files.
    pub(super) discovered: Vec<String>,
    /// What the other manifests of its fleet have to know of it.
    pub(super) facts: ManifestFacts,
    /// For the pipeline that sets the others, where the fleet asks for one.
    pub(super) settable: Option<Settable>,
}

/// A manifest, and what it means.
pub(crate) struct Understood {
    pub(crate) node: Node,
    pub(crate) levels: FileLevels,
    pub(crate) resolved: Resolved,
}

/// Reads a manifest and finds out what it means: manifest → project. `None` when it is no YAML.
///
/// # Errors
///
/// When a file cannot be read.
pub(crate) fn understand(
    manifest: &LoadedManifest,
    loaded: &Loaded,
    source_root: Option<&Utf8Path>,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) -> Result<Option<Understood>, Failure> {
    let Some(node) = read_manifest(manifest.file, sources, diagnostics) else { return Ok(None) };
    let levels = loaded.fleet.levels.under(file_levels(&node, diagnostics));
    let name = manifest.path.file_stem().unwrap_or_default();
    let file = ManifestFile { file: manifest.file, name, node: &node };
    let resolved = resolve(&file, &loaded.fleet, source_root, diagnostics)?;
    Ok(Some(Understood { node, levels, resolved }))
}

/// Makes the pipelines of a manifest: manifest → project → plan → pipeline. They are judged, and not yet compared with those
/// of other manifests.
///
/// # Errors
///
/// When a file cannot be read.
pub(crate) fn compile(
    manifest: &LoadedManifest,
    loaded: &Loaded,
    source_root: Option<&Utf8Path>,
    sources: &Sources,
) -> Result<Compiled, Failure> {
    let fleet = &loaded.fleet;
    let mut diagnostics = Diagnostics::default();
    let mut compiled = Compiled {
        project: None,
        pipelines: Vec::new(),
        gates: gates::Facts::default(),
        levels: fleet.levels.clone(),
        diagnostics: Diagnostics::default(),
        named_at: Span { file: manifest.file, start: 0, end: 0 },
        discovered: Vec::new(),
        facts: ManifestFacts::default(),
        settable: None,
    };
    if let Some(Understood { node, levels, resolved }) =
        understand(manifest, loaded, source_root, sources, &mut diagnostics)?
    {
        if let Some(named) = node.at("/pipeline").or_else(|| node.at("/project")) {
            compiled.named_at = named.span;
        }
        compiled.levels = levels;
        compiled.facts.selectors = resolved.selectors;
        compiled.facts.approved_selectors = resolved.approved_selectors;
        compiled.discovered = resolved.discovered;
        let empty = Project::default();
        let project = resolved.project.as_ref().unwrap_or(&empty);
        let plan = plan(project, &mut diagnostics);
        compiled.facts.add(&plan, fleet);
        let lowered = lower(&plan, project, fleet, &mut diagnostics);
        compiled.gates = gates::judge(&gates::models(&plan, &lowered, fleet, compiled.named_at), &mut diagnostics);
        compiled.facts.met = policy::check(&lowered, fleet, &mut diagnostics);
        repeated_variables(&lowered, &mut diagnostics);
        if !diagnostics.has_errors() {
            let pipelines = plan.pipelines.iter().zip(lowered).map(|(plan, mut lowered)| CompiledPipeline {
                name: plan.name.to_string(),
                places: Places::of(plan, &mut lowered, compiled.named_at),
                instance_vars: plan.instance_vars.clone(),
                concourse: fleet.concourses[plan.concourse].clone(),
                pipeline: lowered.pipeline,
            });
            compiled.pipelines.extend(pipelines);
            let discovered = !compiled.discovered.is_empty();
            compiled.settable = fleet
                .meta
                .is_some()
                .then(|| Settable::new(manifest, project, discovered, &compiled.pipelines, fleet, sources));
        }
        compiled.project = resolved.project;
    }
    diagnostics.take_levels(0, |_| &compiled.levels);
    compiled.diagnostics = diagnostics;
    Ok(compiled)
}
