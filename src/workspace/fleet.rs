//! The pipelines of fleets in Concourse's words, judged together and not yet written as YAML.

use std::collections::BTreeMap;

use camino::Utf8Path;
use yaml_source::Failure;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, FileLevels, Levels};
use yaml_source::parallel::in_parallel;
use yaml_source::source::{FileId, Sources, Span};

use crate::gates;
use crate::progress::Progress;

use super::beside::Beside;
use super::collisions::{self, ManifestFacts};
use super::compile::{Compiled, CompiledPipeline, compile};
use super::load::{Loaded, LoadedManifest, check_listing, load, load_others};
use super::meta;
use super::select::{self, Selected};

/// How fleets are compiled.
#[derive(Clone, Copy)]
pub(crate) struct Compiling<'o> {
    /// Where the code is checked out.
    pub(crate) source_root: Option<&'o Utf8Path>,
    /// Where it is shown how far the run is.
    pub(crate) progress: &'o Progress,
}

/// The pipelines of fleets in Concourse's words: all that [`render`](crate::render::render) does, but for
/// writing YAML.
///
/// # Errors
///
/// When a file cannot be read.
pub(crate) fn compile_fleets(
    selection: &[Selected],
    options: Compiling<'_>,
    sources: &mut Sources,
) -> Result<(Vec<CompiledPipeline>, Vec<Diagnostic>), Failure> {
    let mut pipelines = Vec::new();
    let mut diagnostics = Diagnostics::default();
    let mut seen = Seen::default();
    let keep = |compiled: CompiledPipeline, _: MadeFrom<'_>, _: &Loaded, _: &mut Diagnostics| Ok(compiled);
    for selected in selection {
        let compiled = compile_fleet(selected, options, sources, &mut seen, &mut diagnostics, &keep)?;
        pipelines.extend(compiled.into_iter().flat_map(|(_, pipelines)| pipelines));
    }
    seen.check(&mut diagnostics);
    Ok((pipelines, Levels::default().apply(diagnostics.into_sorted())))
}

/// What is kept of manifests until all of a run were read.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    facts: Beside<ManifestFacts>,
    gates: Beside<gates::Facts>,
    levels: BTreeMap<FileId, FileLevels>,
}

impl Seen {
    /// Takes in the manifests of a fleet. Those of one that is rendered as a whole are all that there are.
    fn add(&mut self, facts: Beside<ManifestFacts>, loaded: &Loaded, diagnostics: &mut Diagnostics) {
        facts.check(collisions::check_pipelines, diagnostics);
        if loaded.whole {
            collisions::check_overrides(&facts.rendered, &loaded.fleet, diagnostics);
            collisions::check_kinds(&facts.rendered, &loaded.fleet, diagnostics);
        }
        self.facts.extend(facts);
    }

    /// Compares other pipelines with those of the run, too.
    pub(crate) fn look_at(&mut self, gates: gates::Facts) {
        self.gates.rendered.push(gates);
    }

    /// Compares the manifests of a run with one another, and with the others of their fleets.
    pub(crate) fn check(&self, diagnostics: &mut Diagnostics) {
        let from = diagnostics.len();
        self.facts.check(collisions::check_issues, diagnostics);
        self.gates.check(gates::judge_run, diagnostics);
        let unknown = FileLevels::default();
        diagnostics.take_levels(from, |span| self.levels.get(&span.file).unwrap_or(&unknown));
    }
}

/// What a pipeline is made from.
pub(crate) enum MadeFrom<'a> {
    Manifest {
        manifest: &'a LoadedManifest,
        discovered: &'a [String],
        named_at: Span,
    },
    /// The pipeline that sets the others is made from the fleet itself.
    Fleet,
}

/// Makes something of each pipeline of a fleet.
pub(crate) type Make<'m, P> =
    &'m (dyn Fn(CompiledPipeline, MadeFrom<'_>, &Loaded, &mut Diagnostics) -> Result<P, Failure> + Sync);

/// Compiles the manifests of a fleet, compares them with one another and with those that the run does not render, and makes
/// something of each pipeline. `None` when the fleet is no YAML.
pub(crate) fn compile_fleet<P: Send>(
    selected: &Selected,
    options: Compiling<'_>,
    sources: &mut Sources,
    seen: &mut Seen,
    diagnostics: &mut Diagnostics,
    make: Make<'_, P>,
) -> Result<Option<(Loaded, Vec<P>)>, Failure> {
    let from = diagnostics.len();
    let Some(loaded) = load(selected, sources, diagnostics)? else { return Ok(None) };
    check_listing(&loaded, sources, diagnostics)?;
    let others = load_others(&loaded, sources);
    let sources = &*sources;
    let rendering = options.progress.part("rendering", loaded.manifests.len());
    let results = in_parallel(&loaded.manifests, 8, |manifest| {
        rendering.step()?;
        let mut compiled = compile(manifest, &loaded, options.source_root, sources)?;
        let mut pipelines = Vec::with_capacity(compiled.pipelines.len());
        for pipeline in std::mem::take(&mut compiled.pipelines) {
            let (discovered, named_at) = (compiled.discovered.as_slice(), compiled.named_at);
            let from = MadeFrom::Manifest { manifest, discovered, named_at };
            pipelines.push(make(pipeline, from, &loaded, &mut compiled.diagnostics)?);
        }
        // Of ten thousand projects this is half of the memory.
        compiled.project = None;
        Ok::<_, Failure>((pipelines, compiled))
    });
    drop(rendering);
    let mut made = Vec::new();
    let mut facts = Beside::default();
    let mut levels = BTreeMap::new();
    let mut settable = Vec::new();
    for (manifest, result) in loaded.manifests.iter().zip(results) {
        let (pipelines, compiled) = result?;
        diagnostics.extend(compiled.diagnostics);
        made.extend(pipelines);
        facts.rendered.push(compiled.facts);
        seen.gates.rendered.push(compiled.gates);
        levels.insert(manifest.file, compiled.levels);
        settable.extend(compiled.settable);
    }
    compile_others(&others, &loaded, options, sources, &mut facts, seen)?;
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
fn compile_others(
    others: &[LoadedManifest],
    loaded: &Loaded,
    options: Compiling<'_>,
    sources: &Sources,
    facts: &mut Beside<ManifestFacts>,
    seen: &mut Seen,
) -> Result<(), Failure> {
    if others.is_empty() {
        return Ok(());
    }
    let paths: Vec<&Utf8Path> = loaded.manifests.iter().map(|manifest| manifest.path.as_path()).collect();
    let unlisted = select::unlisted(&paths, &loaded.fleet);
    let is_unlisted = |manifest: &&LoadedManifest| unlisted.contains(&manifest.path.as_path());
    // A manifest beside the fleet stands for the one of the same pipeline, which it is tried out in place of.
    let replaced: Vec<String> = (loaded.manifests.iter().zip(&facts.rendered))
        .filter(|(manifest, _)| is_unlisted(manifest))
        .flat_map(|(_, facts)| facts.pipelines().map(str::to_owned))
        .collect();
    let compiled = in_parallel(others, 8, |manifest| {
        let compiled = compile(manifest, loaded, options.source_root, sources)?;
        Ok::<_, Failure>(Compiled { project: None, pipelines: Vec::new(), ..compiled })
    });
    for (file, manifest) in others.iter().zip(compiled) {
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
