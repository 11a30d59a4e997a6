//! A run over fleets: everything is compiled, and written as YAML in memory. Nothing is written here.

mod banner;
mod collisions;
mod refused;

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use concourse_pipeline::model::{Core, InstanceVars, Pipeline, Step};
use yaml_source::Failure;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Levels, Severity, allow};
use yaml_source::source::{Sources, Span, Unsaved};
use yaml_source::yaml::emit;

use crate::gates;
use crate::progress::Progress;
use crate::project::Concourse;
use crate::workspace::{CompiledPipeline, Compiling, Loaded, MadeFrom, Seen, Selected, compile_fleet, file_name};

pub use banner::{Banner, BannerSource};
pub(crate) use banner::{is_rendered, quoted, set_pipeline};
pub use refused::Rules;
use refused::check_rendered;

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
    /// What was compared. Nobody asks for it again, but to free it takes as long as to compare it, and a program that ends with
    /// the run need not.
    _seen: Seen,
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
    /// The gets that take the newest version although their job waits for an approval, because the manifest says why: job
    /// and name.
    pub(crate) unpinned: BTreeSet<(String, String)>,
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

/// Renders what was selected.
///
/// # Errors
///
/// When a file cannot be read. What is wrong with its content is among the diagnostics.
pub fn render(selection: &[Selected], options: &Options) -> Result<Run, Failure> {
    Ok(collect(selection, options)?.finish(&options.levels))
}

/// A rendered pipeline as a file.
pub(crate) struct File {
    /// Where it is to be.
    pub(crate) path: Utf8PathBuf,
    /// The whole text.
    pub(crate) text: String,
    /// The gets with a reason to take the newest version: job and name.
    pub(crate) unpinned: BTreeSet<(String, String)>,
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
        self.seen.look_at(gates);
    }

    /// A run that has looked at nothing yet.
    pub(crate) fn of(sources: Sources) -> Self {
        Self { sources, diagnostics: Diagnostics::default(), fleets: Vec::new(), seen: Seen::default() }
    }

    /// Collects what is set in the place of these pipelines. Neither is compared with the other.
    pub(crate) fn then(mut self, selection: &[Selected], options: &Options) -> Result<Self, Failure> {
        self.seen.check(&mut self.diagnostics);
        collect_after(self.sources, self.diagnostics, selection, options)
    }

    /// The rendered pipelines.
    pub(crate) fn rendered(&self) -> Vec<File> {
        let of = |fleet: &RenderedFleet| {
            let pipelines = fleet.pipelines.iter().map(|pipeline| {
                let path = fleet.output.join(pipeline.file_name());
                let text = pipeline.text(&path);
                File { path, text, unpinned: pipeline.unpinned.clone() }
            });
            pipelines.collect::<Vec<_>>()
        };
        self.fleets.iter().flat_map(of).collect()
    }

    /// Leaves out what comments allow, and takes each rule for what the run wants it to be.
    pub(crate) fn finish(mut self, levels: &Levels) -> Run {
        self.seen.check(&mut self.diagnostics);
        let diagnostics = levels.apply(allow(self.diagnostics.into_sorted(), &self.sources));
        Run { sources: self.sources, diagnostics, fleets: self.fleets, _seen: self.seen }
    }
}

/// The same, for a run that looks at other files as well.
pub(crate) fn collect(selection: &[Selected], options: &Options) -> Result<Collected, Failure> {
    collect_after(Sources::with_unsaved(options.unsaved.clone()), Diagnostics::default(), selection, options)
}

fn collect_after(
    mut sources: Sources,
    mut diagnostics: Diagnostics,
    selection: &[Selected],
    options: &Options,
) -> Result<Collected, Failure> {
    let mut fleets = Vec::new();
    let mut seen = Seen::default();
    for selected in selection {
        fleets.extend(render_fleet(selected, options, &mut sources, &mut seen, &mut diagnostics)?);
    }
    collisions::check_set(&fleets, &mut diagnostics);
    collisions::check_written(&fleets, &mut diagnostics);
    Ok(Collected { sources, diagnostics, fleets, seen })
}

fn render_fleet(
    selected: &Selected,
    options: &Options,
    sources: &mut Sources,
    seen: &mut Seen,
    diagnostics: &mut Diagnostics,
) -> Result<Option<RenderedFleet>, Failure> {
    let make = |compiled: CompiledPipeline, from: MadeFrom<'_>, loaded: &Loaded, diagnostics: &mut Diagnostics| {
        let (banner, named_at) = from.banner(&compiled, loaded);
        let pipeline = rendered(&compiled, banner, named_at)?;
        let path = loaded.fleet.output.join(pipeline.file_name());
        check_rendered(&pipeline, &path, options.rules, (&compiled.places, &loaded.fleet.kinds), diagnostics);
        Ok(pipeline)
    };
    let compiling = Compiling { source_root: options.source_root.as_deref(), progress: &options.progress };
    let Some((loaded, pipelines)) = compile_fleet(selected, compiling, sources, seen, diagnostics, &make)? else {
        return Ok(None);
    };
    Ok(Some(RenderedFleet {
        output: loaded.fleet.output,
        projects: loaded.fleet.projects,
        kinds: loaded.fleet.kinds_folder,
        whole: loaded.whole,
        pipelines,
        path: loaded.path,
    }))
}

impl MadeFrom<'_> {
    /// The banner of the rendered file, and where the pipeline is named.
    fn banner(&self, compiled: &CompiledPipeline, loaded: &Loaded) -> (Banner, Span) {
        let fleet = &loaded.fleet;
        let banner = |manifest: &Utf8Path, of: Option<&Utf8Path>, discovered: &[String]| Banner {
            manifest: manifest.to_owned(),
            fleet: of.map(Utf8Path::to_owned),
            concourse: compiled.concourse.clone(),
            pipeline: compiled.name.clone(),
            instance_vars: compiled.instance_vars.clone(),
            discovered: discovered.to_vec(),
        };
        match self {
            Self::Manifest { manifest, discovered, named_at } => {
                let of = (!fleet.is_alone()).then_some(loaded.path.as_path());
                (banner(&manifest.path, of, discovered), *named_at)
            }
            Self::Fleet => {
                let named_at = fleet.meta.as_ref().map_or(fleet.projects_span, |meta| meta.span("/pipeline"));
                (banner(&loaded.path, None, &[]), named_at)
            }
        }
    }
}

fn rendered(compiled: &CompiledPipeline, banner: Banner, named_at: Span) -> Result<RenderedPipeline, Failure> {
    let CompiledPipeline { name, instance_vars, concourse, pipeline, .. } = compiled;
    Ok(RenderedPipeline {
        name: name.clone(),
        instance_vars: instance_vars.clone(),
        jobs: pipeline.jobs.len(),
        banner,
        named_at,
        body: emit(pipeline).map_err(|error| Failure::Internal(error.to_string()))?,
        concourse: concourse.clone(),
        unpinned: unpinned(pipeline),
    })
}

/// The gets of which the manifest says why they take the newest version.
fn unpinned(pipeline: &Pipeline) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for job in &pipeline.jobs {
        let mut see = |step: &Step| {
            if let Core::Get(get) = &step.core
                && get.unpinned.is_some()
            {
                found.insert((job.name.to_string(), get.get.to_string()));
            }
        };
        job.plan.iter().for_each(|step| step.each(&mut see));
    }
    found
}
