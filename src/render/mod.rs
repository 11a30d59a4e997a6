//! A run over fleets: everything is read, planned and rendered in memory. Nothing is written here.

mod banner;
mod beside;
mod collisions;
mod meta;
mod refused;
mod select;

use std::collections::{BTreeMap, btree_map};

use camino::{Utf8Path, Utf8PathBuf};

use crate::concourse::{InstanceVars, Pipeline};
use crate::diagnostic::{Diagnostic, Diagnostics, FileLevels, Levels, Rule, Severity, allow, one_of};
use crate::lower::{lower, repeated_variables};
use crate::manifest::{FileShape, check};
use crate::parallel::in_parallel;
use crate::plan::plan;
use crate::progress::Progress;
use crate::project::{Concourse, Fleet, ManifestFile, Project, file_levels, resolve};
use crate::source::{FileId, Sources, Span, Unsaved};
use crate::yaml::{Limits, Node, emit, read};
use crate::{Failure, files, gates};

pub use banner::{Banner, Origin};
pub(crate) use banner::{is_rendered, quoted, set_pipeline};
use beside::Beside;
use collisions::Facts;
use meta::Settable;
pub use refused::Rules;
use refused::{Places, check_rendered};
pub use select::{FLEET_FILE, Selected, select};
pub(crate) use select::{fleet_above, folders_below, folders_of_globs, select_file};

/// What a run is told.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where the code is checked out.
    pub source_root: Option<Utf8PathBuf>,
    /// A text that stands for a file.
    pub unsaved: Option<Unsaved>,
    /// What is made of rules.
    pub levels: Levels,
    /// By whose rules what is rendered is checked, too.
    pub rules: Rules,
    /// Where it is shown how far the run is.
    pub progress: Progress,
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Run {
    /// The texts that were read, for the report.
    pub sources: Sources,
    /// What is to be said of them.
    pub diagnostics: Vec<Diagnostic>,
    /// The rendered fleets. Only to be written when nothing is wrong.
    pub fleets: Vec<RenderedFleet>,
}

impl Run {
    /// How many problems there are that keep it from being written.
    pub fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity() == Severity::Error).count()
    }
}

/// A fleet's pipelines.
#[derive(Debug)]
pub struct RenderedFleet {
    /// The fleet's file, or that of the manifest that has none.
    pub path: Utf8PathBuf,
    /// The folder of its rendered pipelines.
    pub output: Utf8PathBuf,
    /// Globs of its manifests.
    pub(crate) projects: Vec<String>,
    /// The folder of its own kinds.
    pub(crate) kinds: Utf8PathBuf,
    /// All manifests of the fleet were rendered, so that what is left over in the folder is known to be an orphan.
    pub whole: bool,
    /// The pipelines, in order of their manifests.
    pub pipelines: Vec<RenderedPipeline>,
}

/// A pipeline, ready to be written.
#[derive(Debug)]
pub struct RenderedPipeline {
    /// Its name.
    pub name: String,
    /// Which of its instances.
    pub instance_vars: InstanceVars,
    /// Where it is set.
    pub concourse: Concourse,
    /// How many jobs it has.
    pub jobs: usize,
    /// What it was made from.
    pub banner: Banner,
    /// The YAML below the banner.
    pub body: String,
    /// Where it is said what it is called, as far as that is said.
    pub(crate) named_at: Span,
}

impl RenderedPipeline {
    /// The name of its file.
    pub fn file_name(&self) -> String {
        file_name(&self.name, &self.instance_vars)
    }

    /// The whole text of its file, which is to be at `path`.
    pub fn text(&self, path: &Utf8Path) -> String {
        self.banner.text(path) + &self.body
    }
}

/// The name of a pipeline's file.
pub(crate) fn file_name(name: &str, instance_vars: &InstanceVars) -> String {
    format!("{name}{}.yml", instance_vars.file_name_part())
}

/// Renders what was selected.
///
/// # Errors
///
/// When a file cannot be read. What is wrong with its content is among the diagnostics.
pub fn render(selection: &[Selected], options: &Options) -> Result<Run, Failure> {
    Ok(collect(selection, options)?.settle(&options.levels))
}

/// A run whose problems are not weighed yet.
pub(crate) struct Collected {
    pub(crate) sources: Sources,
    pub(crate) diagnostics: Diagnostics,
    fleets: Vec<RenderedFleet>,
    seen: Seen,
}

impl Collected {
    /// Compares other pipelines with the rendered ones, too.
    pub(crate) fn look_at(&mut self, gates: gates::Facts) {
        self.seen.gates.rendered.push(gates);
    }

    /// Leaves out what comments allow, and takes each rule for what the run wants it to be.
    pub(crate) fn settle(mut self, levels: &Levels) -> Run {
        self.seen.check(&mut self.diagnostics);
        let diagnostics = levels.apply(allow(self.diagnostics.into_sorted(), &self.sources));
        Run { sources: self.sources, diagnostics, fleets: self.fleets }
    }
}

/// What is kept of manifests until all of a run were read.
#[derive(Default)]
struct Seen {
    facts: Beside<Facts>,
    gates: Beside<gates::Facts>,
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
    fn check(&self, diagnostics: &mut Diagnostics) {
        let from = diagnostics.len();
        self.facts.check(collisions::check_issues, diagnostics);
        self.gates.check(gates::judge_run, diagnostics);
        let unknown = FileLevels::default();
        diagnostics.take_levels(from, |span| self.levels.get(&span.file).unwrap_or(&unknown));
    }
}

/// The same, for a run that looks at other files as well.
pub(crate) fn collect(selection: &[Selected], options: &Options) -> Result<Collected, Failure> {
    let mut sources = Sources::with_unsaved(options.unsaved.clone());
    let mut diagnostics = Diagnostics::default();
    let mut fleets = Vec::new();
    let mut seen = Seen::default();
    for selected in selection {
        fleets.extend(render_fleet(selected, options, &mut sources, &mut seen, &mut diagnostics)?);
    }
    collisions::check_fleets(&fleets, &mut diagnostics);
    check_targets(&fleets, &mut diagnostics);
    Ok(Collected { sources, diagnostics, fleets, seen })
}

/// Two fleets may have one folder, but not one file in it.
fn check_targets(fleets: &[RenderedFleet], diagnostics: &mut Diagnostics) {
    if fleets.len() < 2 {
        return;
    }
    // To compare paths part by part takes long where there are thousands.
    let mut seen: BTreeMap<String, (usize, Span)> = BTreeMap::new();
    for (index, fleet) in fleets.iter().enumerate() {
        let folder = files::real(&fleet.output);
        for pipeline in &fleet.pipelines {
            let file_name = pipeline.file_name();
            match seen.entry(folder.join(&file_name).into_string()) {
                btree_map::Entry::Vacant(entry) => {
                    entry.insert((index, pipeline.named_at));
                }
                // Within a fleet it is its pipelines that have one name.
                btree_map::Entry::Occupied(entry) if entry.get().0 == index => {}
                btree_map::Entry::Occupied(entry) => diagnostics.push(
                    Diagnostic::new(
                        Rule::DuplicatePipeline,
                        pipeline.named_at,
                        format!("two pipelines would be written to `{}`", fleet.output.join(file_name)),
                    )
                    .also(entry.get().1, "the other is made from this")
                    .help("give one of them another `pipeline`, or its fleet another `output`"),
                ),
            }
        }
    }
}

/// The manifests of a fleet, read.
pub(crate) struct Loaded {
    pub(crate) fleet: Fleet,
    /// The file that stands for it.
    path: Utf8PathBuf,
    whole: bool,
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
            let found = select::manifests(&fleet.folder, &fleet.projects)?;
            if found.is_empty() {
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
    let help = match select::yaml_beside_yml(&[], &fleet.folder, &fleet.projects)?.as_slice() {
        [] => {
            let name = fleet.projects.iter().find(|glob| glob.matches('*').count() == 1);
            let name = name.map_or_else(|| "projects/cart.yml".to_owned(), |glob| glob.replace('*', "cart"));
            let path = fleet.folder.join(name);
            format!("write `project: cart` and `stack: {{KIND: …}}` in `{path}`, or correct `projects`")
        }
        [first, ..] => format!("rename `{first}` to `{}`, or add a glob that ends in `.yaml`", first.with_extension("yml")),
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

/// What one manifest comes to in a fleet.
pub(crate) fn lower_manifest_of(
    manifest: &LoadedManifest,
    loaded: &Loaded,
    sources: &Sources,
) -> Result<(Vec<LoweredPipeline>, Diagnostics), Failure> {
    let lowered = lower_manifest(manifest, loaded, &Options::default(), sources)?;
    Ok((lowered.pipelines, lowered.diagnostics))
}

/// Reads the manifests of a fleet that a run does not render. One that cannot be read is no reason not to render others.
fn load_others(loaded: &Loaded, sources: &mut Sources) -> Vec<LoadedManifest> {
    if loaded.whole {
        return Vec::new();
    }
    let paths = select::others(&loaded.manifests, &loaded.fleet.folder, &loaded.fleet.projects);
    let texts = in_parallel(&paths, 100, |path| sources.read(path).ok());
    let read = paths.into_iter().zip(texts).filter_map(|(path, text)| Some((path, text?)));
    read.map(|(path, text)| LoadedManifest { file: sources.add(path.as_path(), text), path }).collect()
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

fn render_fleet(
    selected: &Selected,
    options: &Options,
    sources: &mut Sources,
    seen: &mut Seen,
    diagnostics: &mut Diagnostics,
) -> Result<Option<RenderedFleet>, Failure> {
    let from = diagnostics.len();
    let Some(loaded) = load(selected, sources, diagnostics)? else { return Ok(None) };
    check_listing(&loaded, diagnostics)?;
    let others = load_others(&loaded, sources);
    let sources = &*sources;
    let rendering = options.progress.part("rendering", loaded.manifests.len());
    let results = in_parallel(&loaded.manifests, 8, |manifest| {
        rendering.step()?;
        render_manifest(manifest, &loaded, options, sources)
    });
    drop(rendering);
    let mut fleet = RenderedFleet {
        output: loaded.fleet.output.clone(),
        projects: loaded.fleet.projects.clone(),
        kinds: loaded.fleet.kinds_folder.clone(),
        whole: loaded.whole,
        pipelines: Vec::new(),
        path: loaded.path.clone(),
    };
    let mut facts = Beside::default();
    let mut levels = BTreeMap::new();
    let mut settable = Vec::new();
    for (manifest, result) in loaded.manifests.iter().zip(results) {
        let result = result?;
        diagnostics.extend(result.diagnostics);
        fleet.pipelines.extend(result.pipelines);
        facts.rendered.push(result.facts);
        seen.gates.rendered.push(result.gates);
        levels.insert(manifest.file, result.levels);
        settable.extend(result.settable);
    }
    lower_others(&others, &loaded, options, sources, &mut facts, seen)?;
    seen.add(facts, &loaded, diagnostics);
    meta::check_names(&loaded.fleet, &settable, diagnostics);
    // One that knows of some manifests only would have Concourse archive the pipelines of the others.
    if loaded.whole {
        for lowered in meta::pipelines(&loaded.fleet, &settable, diagnostics) {
            let pipeline = rendered_meta(&lowered, &loaded.fleet, &fleet.path)?;
            let path = fleet.output.join(pipeline.file_name());
            check_rendered(&pipeline, &path, options.rules, &lowered.places, diagnostics);
            fleet.pipelines.push(pipeline);
        }
    }
    let unknown = &loaded.fleet.levels;
    diagnostics.take_levels(from, |span| levels.get(&span.file).or(seen.levels.get(&span.file)).unwrap_or(unknown));
    seen.levels.extend(levels);
    seen.levels.insert(loaded.fleet.projects_span.file, loaded.fleet.levels);
    Ok(Some(fleet))
}

/// The pipeline that sets the others is made from the fleet itself.
fn rendered_meta(lowered: &LoweredPipeline, fleet: &Fleet, path: &Utf8Path) -> Result<RenderedPipeline, Failure> {
    let banner = Banner {
        manifest: path.to_owned(),
        fleet: None,
        concourse: lowered.concourse.clone(),
        pipeline: lowered.name.clone(),
        instance_vars: lowered.instance_vars.clone(),
        discovered: Vec::new(),
    };
    let named_at = fleet.meta.as_ref().map_or(fleet.projects_span, |meta| meta.span("/pipeline"));
    rendered(lowered, banner, named_at)
}

fn rendered(lowered: &LoweredPipeline, banner: Banner, named_at: Span) -> Result<RenderedPipeline, Failure> {
    let LoweredPipeline { name, instance_vars, concourse, pipeline, .. } = lowered;
    Ok(RenderedPipeline {
        name: name.clone(),
        instance_vars: instance_vars.clone(),
        jobs: pipeline.jobs.len(),
        banner,
        named_at,
        body: emit(pipeline).map_err(|error| Failure::Internal(error.to_string()))?,
        concourse: concourse.clone(),
    })
}

/// Warns of what the fleet's globs leave out, though somebody took it for a manifest.
fn check_listing(loaded: &Loaded, diagnostics: &mut Diagnostics) -> Result<(), Failure> {
    let fleet = &loaded.fleet;
    if fleet.is_alone() {
        return Ok(());
    }
    let rendered: Vec<&Utf8Path> = loaded.manifests.iter().map(|manifest| manifest.path.as_path()).collect();
    if !loaded.whole {
        for manifest in select::unlisted(&rendered, &fleet.folder, &fleet.projects) {
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
    let passed_over = select::yaml_beside_yml(&rendered, &fleet.folder, &fleet.projects)?;
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

struct RenderedManifest {
    pipelines: Vec<RenderedPipeline>,
    facts: Facts,
    gates: gates::Facts,
    levels: FileLevels,
    settable: Option<Settable>,
    diagnostics: Diagnostics,
}

fn render_manifest(
    manifest: &LoadedManifest,
    loaded: &Loaded,
    options: &Options,
    sources: &Sources,
) -> Result<RenderedManifest, Failure> {
    let fleet = &loaded.fleet;
    let mut lowered = lower_manifest(manifest, loaded, options, sources)?;
    let mut pipelines = Vec::with_capacity(lowered.pipelines.len());
    for pipeline in &lowered.pipelines {
        let banner = Banner {
            manifest: manifest.path.clone(),
            fleet: (!fleet.is_alone()).then(|| loaded.path.clone()),
            concourse: pipeline.concourse.clone(),
            pipeline: pipeline.name.clone(),
            instance_vars: pipeline.instance_vars.clone(),
            discovered: lowered.discovered.clone(),
        };
        let rendered = rendered(pipeline, banner, lowered.named_at)?;
        let path = fleet.output.join(rendered.file_name());
        check_rendered(&rendered, &path, options.rules, &pipeline.places, &mut lowered.diagnostics);
        pipelines.push(rendered);
    }
    let LoweredManifest { facts, gates, levels, settable, diagnostics, .. } = lowered;
    Ok(RenderedManifest { pipelines, facts, gates, levels, settable, diagnostics })
}

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
    for selected in selection {
        let from = diagnostics.len();
        let Some(loaded) = load(selected, sources, &mut diagnostics)? else { continue };
        check_listing(&loaded, &mut diagnostics)?;
        let others = load_others(&loaded, sources);
        let sources = &*sources;
        let rendering = options.progress.part("rendering", loaded.manifests.len());
        let lowered = in_parallel(&loaded.manifests, 8, |manifest| {
            rendering.step()?;
            lower_manifest(manifest, &loaded, options, sources)
        });
        drop(rendering);
        let mut facts = Beside::default();
        let mut levels = BTreeMap::new();
        let mut settable = Vec::new();
        for (file, manifest) in loaded.manifests.iter().zip(lowered) {
            let manifest = manifest?;
            diagnostics.extend(manifest.diagnostics);
            pipelines.extend(manifest.pipelines);
            facts.rendered.push(manifest.facts);
            seen.gates.rendered.push(manifest.gates);
            levels.insert(file.file, manifest.levels);
            settable.extend(manifest.settable);
        }
        lower_others(&others, &loaded, options, sources, &mut facts, &mut seen)?;
        seen.add(facts, &loaded, &mut diagnostics);
        meta::check_names(&loaded.fleet, &settable, &mut diagnostics);
        if loaded.whole {
            pipelines.extend(meta::pipelines(&loaded.fleet, &settable, &mut diagnostics));
        }
        let unknown = &loaded.fleet.levels;
        diagnostics.take_levels(from, |span| levels.get(&span.file).or(seen.levels.get(&span.file)).unwrap_or(unknown));
        seen.levels.extend(levels);
        seen.levels.insert(loaded.fleet.projects_span.file, loaded.fleet.levels);
    }
    seen.check(&mut diagnostics);
    Ok((pipelines, options.levels.apply(diagnostics.into_sorted())))
}

/// Reads a manifest and takes out what is wrong with its shape. `None` when nothing is left.
pub(crate) fn read_manifest(file: FileId, sources: &Sources, diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut node = read(sources, file, Limits::MANIFEST, diagnostics)?;
    check(&mut node, FileShape::Manifest, diagnostics);
    node.as_map().is_some().then_some(node)
}
