//! Renders manifests in memory, to compare what they come to with the pipeline that was read.

use camino::{Utf8Path, Utf8PathBuf};
use yaml_source::Failure;
use yaml_source::diagnostic::{Diagnostic, Diagnostics};
use yaml_source::source::Sources;

use crate::kind::{Family, Kind};
use crate::project::Fleet;
use crate::workspace::{Compiled, CompiledPipeline, Loaded, LoadedManifest, compile, load_fleet};

/// A fleet in which manifests are tried: rendered in memory by what `render` itself does.
pub(crate) struct Trial {
    sources: Sources,
    loaded: Loaded,
}

/// What a manifest comes to, and how many warnings there are.
pub(crate) struct TrialRun {
    pub(crate) pipelines: Vec<CompiledPipeline>,
    pub(crate) warnings: usize,
}

impl Trial {
    /// Reads the fleet, or does without one. `None` when it cannot be understood.
    ///
    /// # Errors
    ///
    /// When a file cannot be read.
    pub(crate) fn new(fleet: Option<&Utf8Path>, folder: &Utf8Path) -> Result<Result<Self, Utf8PathBuf>, Failure> {
        let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::default());
        let loaded = load_fleet(fleet, folder, &mut sources, &mut diagnostics)?;
        Ok(match loaded {
            Some(loaded) if !diagnostics.has_errors() => Ok(Self { sources, loaded }),
            _ => Err(fleet.unwrap_or(folder).to_owned()),
        })
    }

    pub(crate) fn fleet(&self) -> &Fleet {
        &self.loaded.fleet
    }

    /// Lets manifests use a kind. One of that name gives way. False when it is none.
    pub(crate) fn add_kind(&mut self, family: Family, name: &str, text: &str) -> bool {
        let mut diagnostics = Diagnostics::default();
        let file = self.sources.add(format!("{}/{name}.yml", family.folder()), text);
        let kind = Kind::read(&self.sources, file, family, name, &mut diagnostics);
        match kind.filter(|_| !diagnostics.has_errors()) {
            Some(kind) => {
                self.loaded.fleet.kinds.put(kind);
                true
            }
            None => false,
        }
    }

    /// What a manifest comes to, or what is wrong with it.
    ///
    /// # Errors
    ///
    /// As of [`crate::render::render`].
    pub(crate) fn render(&mut self, name: &str, text: &str) -> Result<Result<TrialRun, Vec<Diagnostic>>, Failure> {
        let path = Utf8PathBuf::from(format!("{name}.yml"));
        let file = self.sources.add(path.as_path(), text);
        let manifest = LoadedManifest { path, file };
        let Compiled { pipelines, diagnostics, .. } = compile(&manifest, &self.loaded, None, &self.sources)?;
        if diagnostics.has_errors() || pipelines.is_empty() {
            return Ok(Err(diagnostics.into_sorted()));
        }
        Ok(Ok(TrialRun { pipelines, warnings: diagnostics.len() }))
    }
}
