//! A run over fleets: everything is read, planned and rendered in memory. Nothing is written here.

mod banner;
mod beside;
mod collisions;
mod load;
mod lowered;
mod meta;
mod refused;
mod select;

use std::collections::{BTreeMap, btree_map};

use camino::{Utf8Path, Utf8PathBuf};

use crate::concourse::InstanceVars;
use crate::diagnostic::{Diagnostic, Diagnostics, Levels, Rule, Severity, allow};
use crate::progress::Progress;
use crate::project::Concourse;
use crate::source::{Sources, Span, Unsaved};
use crate::yaml::emit;
use crate::{Failure, files, gates};

pub use banner::{Banner, Origin};
pub(crate) use banner::{is_rendered, quoted, set_pipeline};
pub(crate) use load::{Loaded, LoadedManifest, load, load_fleet, read_manifest};
pub(crate) use lowered::{LoweredPipeline, lower_fleets, lower_manifest_of};
use lowered::{MadeFrom, Seen, lower_fleet};
pub use refused::Rules;
use refused::check_rendered;
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

fn render_fleet(
    selected: &Selected,
    options: &Options,
    sources: &mut Sources,
    seen: &mut Seen,
    diagnostics: &mut Diagnostics,
) -> Result<Option<RenderedFleet>, Failure> {
    let make = |lowered: LoweredPipeline, from: MadeFrom<'_>, loaded: &Loaded, diagnostics: &mut Diagnostics| {
        let (banner, named_at) = from.banner(&lowered, loaded);
        let pipeline = rendered(&lowered, banner, named_at)?;
        let path = loaded.fleet.output.join(pipeline.file_name());
        check_rendered(&pipeline, &path, options.rules, &lowered.places, diagnostics);
        Ok(pipeline)
    };
    let Some((loaded, pipelines)) = lower_fleet(selected, options, sources, seen, diagnostics, &make)? else {
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
    fn banner(&self, lowered: &LoweredPipeline, loaded: &Loaded) -> (Banner, Span) {
        let fleet = &loaded.fleet;
        let banner = |manifest: &Utf8Path, of: Option<&Utf8Path>, discovered: &[String]| Banner {
            manifest: manifest.to_owned(),
            fleet: of.map(Utf8Path::to_owned),
            concourse: lowered.concourse.clone(),
            pipeline: lowered.name.clone(),
            instance_vars: lowered.instance_vars.clone(),
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
