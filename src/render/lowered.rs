//! The pipelines of manifests and fleets in Concourse's words, judged and not yet written as YAML.

use std::collections::BTreeMap;

use camino::Utf8Path;

use crate::concourse::{InstanceVars, Pipeline};
use crate::diagnostic::{Diagnostic, Diagnostics, FileLevels};
use crate::lower::{lower, repeated_variables};
use crate::parallel::in_parallel;
use crate::plan::plan;
use crate::project::{Concourse, ManifestFile, Project, file_levels, resolve};
use crate::source::{FileId, Sources, Span};
use crate::{Failure, gates};

use super::Options;
use super::beside::Beside;
use super::collisions::{self, Facts};
use super::load::{Loaded, LoadedManifest, check_listing, load, load_others, read_manifest};
use super::meta::{self, Settable};
use super::refused::Places;
use super::select::{self, Selected};

/// A pipeline in Concourse's words, and where it is set.
pub(crate) struct LoweredPipeline {
    pub(crate) name: String,
    pub(crate) instance_vars: InstanceVars,
    pub(crate) concourse: Concourse,
    pub(crate) pipeline: Pipeline,
    /// What it and its jobs are made from.
    pub(crate) places: Places,
}

/// What a manifest comes to. It has no pipelines where something is wrong with it.
struct LoweredManifest {
    pipelines: Vec<LoweredPipeline>,
    named_at: Span,
    discovered: Vec<String>,
    facts: Facts,
    gates: gates::Facts,
    /// What the manifest, and its fleet, make of rules.
    levels: FileLevels,
    /// For the pipeline that sets the others, where the fleet asks for one.
    settable: Option<Settable>,
    diagnostics: Diagnostics,
}

fn lower_manifest(
    manifest: &LoadedManifest,
    loaded: &Loaded,
    options: &Options,
    sources: &Sources,
) -> Result<LoweredManifest, Failure> {
    let fleet = &loaded.fleet;
    let mut diagnostics = Diagnostics::default();
    let mut result = LoweredManifest {
        pipelines: Vec::new(),
        named_at: Span { file: manifest.file, start: 0, end: 0 },
        discovered: Vec::new(),
        facts: Facts::default(),
        gates: gates::Facts::default(),
        levels: fleet.levels.clone(),
        settable: None,
        diagnostics: Diagnostics::default(),
    };
    let name = manifest.path.file_stem().unwrap_or_default();
    if let Some(node) = read_manifest(manifest.file, sources, &mut diagnostics) {
        if let Some(named) = node.at("/pipeline").or_else(|| node.at("/project")) {
            result.named_at = named.span;
        }
        result.levels = fleet.levels.under(file_levels(&node, &mut diagnostics));
        let file = ManifestFile { file: manifest.file, name, node: &node };
        let resolved = resolve(&file, fleet, options.source_root.as_deref(), &mut diagnostics)?;
        result.facts.selectors = resolved.selectors;
        result.facts.approved_selectors = resolved.approved_selectors;
        result.discovered = resolved.discovered;
        let empty = Project::default();
        let project = resolved.project.as_ref().unwrap_or(&empty);
        let plan = plan(project, &mut diagnostics);
        result.facts.add(&plan, fleet);
        let lowered = lower(&plan, project, fleet, &mut diagnostics);
        result.gates = gates::judge(&gates::models(&plan, &lowered, fleet, result.named_at), &mut diagnostics);
        repeated_variables(&lowered, &mut diagnostics);
        if !diagnostics.has_errors() {
            let pipelines = plan.pipelines.iter().zip(lowered).map(|(plan, lowered)| LoweredPipeline {
                name: plan.name.to_string(),
                places: Places::of(plan, result.named_at),
                instance_vars: plan.instance_vars.clone(),
                concourse: fleet.concourses[plan.concourse].clone(),
                pipeline: lowered.pipeline,
            });
            result.pipelines.extend(pipelines);
            let discovered = !result.discovered.is_empty();
            result.settable = fleet
                .meta
                .is_some()
                .then(|| Settable::new(manifest, project, discovered, &result.pipelines, fleet, sources));
        }
    }
    diagnostics.take_levels(0, |_| &result.levels);
    result.diagnostics = diagnostics;
    Ok(result)
}

/// What one manifest comes to in a fleet.
pub(crate) fn lower_manifest_of(
    manifest: &LoadedManifest,
    loaded: &Loaded,
    sources: &Sources,
) -> Result<(Vec<LoweredPipeline>, Diagnostics), Failure> {
    let lowered = lower_manifest(manifest, loaded, &Options::default(), sources)?;
    Ok((lowered.pipelines, lowered.diagnostics))
}

/// The pipelines of fleets in Concourse's words: all that [`render`] does, but for writing YAML.
///
/// # Errors
///
/// When a file cannot be read.
pub(crate) fn lower_fleets(
    selection: &[Selected],
    options: &Options,
    sources: &mut Sources,
) -> Result<(Vec<LoweredPipeline>, Vec<Diagnostic>), Failure> {
    let mut pipelines = Vec::new();
    let mut diagnostics = Diagnostics::default();
    let mut seen = Seen::default();
    let keep = |lowered: LoweredPipeline, _: MadeFrom<'_>, _: &Loaded, _: &mut Diagnostics| Ok(lowered);
    for selected in selection {
        let lowered = lower_fleet(selected, options, sources, &mut seen, &mut diagnostics, &keep)?;
        pipelines.extend(lowered.into_iter().flat_map(|(_, pipelines)| pipelines));
    }
    seen.check(&mut diagnostics);
    Ok((pipelines, options.levels.apply(diagnostics.into_sorted())))
}

/// What is kept of manifests until all of a run were read.
#[derive(Default)]
pub(super) struct Seen {
    facts: Beside<Facts>,
    pub(super) gates: Beside<gates::Facts>,
    levels: BTreeMap<FileId, FileLevels>,
}

impl Seen {
    /// Takes in the manifests of a fleet. Those of one that is rendered as a whole are all that there are.
    fn add(&mut self, facts: Beside<Facts>, loaded: &Loaded, diagnostics: &mut Diagnostics) {
        facts.check(collisions::check_pipelines, diagnostics);
        if loaded.whole {
            collisions::check_overrides(&facts.rendered, &loaded.fleet, diagnostics);
        }
        self.facts.extend(facts);
    }

    /// Compares the manifests of a run with one another, and with the others of their fleets.
    pub(super) fn check(&self, diagnostics: &mut Diagnostics) {
        let from = diagnostics.len();
        self.facts.check(collisions::check_issues, diagnostics);
        self.gates.check(gates::judge_run, diagnostics);
        let unknown = FileLevels::default();
        diagnostics.take_levels(from, |span| self.levels.get(&span.file).unwrap_or(&unknown));
    }
}

/// What a pipeline is made from.
pub(super) enum MadeFrom<'a> {
    Manifest {
        manifest: &'a LoadedManifest,
        discovered: &'a [String],
        named_at: Span,
    },
    /// The pipeline that sets the others is made from the fleet itself.
    Fleet,
}

/// Makes something of each pipeline of a fleet.
pub(super) type Make<'m, P> =
    &'m (dyn Fn(LoweredPipeline, MadeFrom<'_>, &Loaded, &mut Diagnostics) -> Result<P, Failure> + Sync);

/// Lowers the manifests of a fleet, compares them with one another and with those that the run does not render, and makes
/// something of each pipeline. `None` when the fleet is no YAML.
pub(super) fn lower_fleet<P: Send>(
    selected: &Selected,
    options: &Options,
    sources: &mut Sources,
    seen: &mut Seen,
    diagnostics: &mut Diagnostics,
    make: Make<'_, P>,
) -> Result<Option<(Loaded, Vec<P>)>, Failure> {
    let from = diagnostics.len();
    let Some(loaded) = load(selected, sources, diagnostics)? else { return Ok(None) };
    check_listing(&loaded, diagnostics)?;
    let others = load_others(&loaded, sources);
    let sources = &*sources;
    let rendering = options.progress.part("rendering", loaded.manifests.len());
    let results = in_parallel(&loaded.manifests, 8, |manifest| {
        rendering.step()?;
        let mut lowered = lower_manifest(manifest, &loaded, options, sources)?;
        let mut pipelines = Vec::with_capacity(lowered.pipelines.len());
        for pipeline in std::mem::take(&mut lowered.pipelines) {
            let (discovered, named_at) = (lowered.discovered.as_slice(), lowered.named_at);
            let from = MadeFrom::Manifest { manifest, discovered, named_at };
            pipelines.push(make(pipeline, from, &loaded, &mut lowered.diagnostics)?);
        }
        Ok::<_, Failure>((pipelines, lowered))
    });
    drop(rendering);
    let mut made = Vec::new();
    let mut facts = Beside::default();
    let mut levels = BTreeMap::new();
    let mut settable = Vec::new();
    for (manifest, result) in loaded.manifests.iter().zip(results) {
        let (pipelines, lowered) = result?;
        diagnostics.extend(lowered.diagnostics);
        made.extend(pipelines);
        facts.rendered.push(lowered.facts);
        seen.gates.rendered.push(lowered.gates);
        levels.insert(manifest.file, lowered.levels);
        settable.extend(lowered.settable);
    }
    lower_others(&others, &loaded, options, sources, &mut facts, seen)?;
    seen.add(facts, &loaded, diagnostics);
    meta::check_names(&loaded.fleet, &settable, diagnostics);
    // One that knows of some manifests only would have Concourse archive the pipelines of the others.
    if loaded.whole {
        for pipeline in meta::pipelines(&loaded.fleet, &settable, diagnostics) {
            made.push(make(pipeline, MadeFrom::Fleet, &loaded, diagnostics)?);
        }
    }
    let unknown = &loaded.fleet.levels;
    diagnostics.take_levels(from, |span| levels.get(&span.file).or(seen.levels.get(&span.file)).unwrap_or(unknown));
    seen.levels.extend(levels);
    seen.levels.insert(loaded.fleet.projects_span.file, loaded.fleet.levels.clone());
    Ok(Some((loaded, made)))
}

/// Looks at the manifests of a fleet that a run does not render: they may deploy what the rendered ones deploy. What is
/// wrong with them alone is reported when they are rendered.
fn lower_others(
    others: &[LoadedManifest],
    loaded: &Loaded,
    options: &Options,
    sources: &Sources,
    facts: &mut Beside<Facts>,
    seen: &mut Seen,
) -> Result<(), Failure> {
    if others.is_empty() {
        return Ok(());
    }
    let paths: Vec<&Utf8Path> = loaded.manifests.iter().map(|manifest| manifest.path.as_path()).collect();
    let unlisted = select::unlisted(&paths, &loaded.fleet.folder, &loaded.fleet.projects);
    let is_unlisted = |manifest: &&LoadedManifest| unlisted.contains(&manifest.path.as_path());
    // A manifest beside the fleet stands for the one of the same pipeline, which it is tried out in place of.
    let replaced: Vec<String> = (loaded.manifests.iter().zip(&facts.rendered))
        .filter(|(manifest, _)| is_unlisted(manifest))
        .flat_map(|(_, facts)| facts.pipelines().map(str::to_owned))
        .collect();
    let lowered = in_parallel(others, 8, |manifest| lower_manifest(manifest, loaded, options, sources));
    for (file, manifest) in others.iter().zip(lowered) {
        let manifest = manifest?;
        if manifest.facts.pipelines().any(|name| replaced.iter().any(|replaced| replaced == name)) {
            continue;
        }
        facts.others.push(manifest.facts);
        seen.gates.others.push(manifest.gates);
        seen.levels.insert(file.file, manifest.levels);
    }
    Ok(())
}
