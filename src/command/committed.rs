//! The files that are there already, held against what was rendered.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io::ErrorKind;
use std::sync::OnceLock;

use camino::{Utf8Path, Utf8PathBuf};
use yaml_source::parallel::in_parallel;
use yaml_source::{Failure, files};

use crate::progress::Progress;
use crate::render::{Banner, BannerSource, RenderedFleet, RenderedPipeline};
use crate::write;

/// A file that is not as it was rendered.
pub(super) struct Change<'a> {
    pub(super) path: Utf8PathBuf,
    /// What it is to be; nothing for a file that is not rendered any more.
    pub(super) new: Option<&'a RenderedPipeline>,
}

/// The folder that a fleet is rendered to, and what has to happen there.
pub(super) struct Comparison<'a> {
    pub(super) folder: &'a Utf8Path,
    pub(super) unchanged: usize,
    pub(super) changes: Vec<Change<'a>>,
}

/// What rendering would do to the files that are there, and the reasons not to do it: what was not rendered from the
/// same source is not overwritten.
///
/// # Errors
///
/// When a file or folder cannot be read.
pub(super) fn compare<'a>(
    fleets: &'a [RenderedFleet],
    out: Option<&'a Utf8Path>,
    progress: &Progress,
) -> Result<(Vec<Comparison<'a>>, Vec<String>), Failure> {
    let sources = RenderedSources::new(fleets);
    let mut in_the_way = Vec::new();
    let mut comparisons = Vec::with_capacity(fleets.len());
    for fleet in fleets {
        let folder = out.unwrap_or(&fleet.output);
        let mut comparison = Comparison { folder, unchanged: 0, changes: Vec::new() };
        let comparing = progress.part("comparing", fleet.pipelines.len());
        let standings = in_parallel(&fleet.pipelines, 50, |pipeline| {
            comparing.step()?;
            standing(pipeline, folder, &sources)
        });
        drop(comparing);
        for standing in standings {
            match standing? {
                Standing::Current => comparison.unchanged += 1,
                Standing::Stale(path) => comparison.changes.push(path),
                Standing::InTheWay(reason) => in_the_way.push(reason),
            }
        }
        comparisons.push(comparison);
    }
    let targets: HashSet<String> = fleets
        .iter()
        .flat_map(|fleet| {
            let folder = files::real(out.unwrap_or(&fleet.output));
            fleet.pipelines.iter().map(move |pipeline| folder.join(pipeline.file_name()).into_string())
        })
        .collect();
    for (fleet, comparison) in fleets.iter().zip(&mut comparisons).filter(|(fleet, _)| fleet.whole) {
        comparison.changes.extend(orphans(fleet, comparison.folder, &targets)?);
    }
    Ok((comparisons, in_the_way))
}

/// How a file is, as against what was rendered.
enum Standing<'a> {
    Current,
    Stale(Change<'a>),
    /// It is not to be overwritten, for a reason.
    InTheWay(String),
}

fn standing<'a>(
    pipeline: &'a RenderedPipeline,
    folder: &Utf8Path,
    sources: &RenderedSources<'_>,
) -> Result<Standing<'a>, Failure> {
    let path = folder.join(pipeline.file_name());
    match fs::symlink_metadata(&path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(metadata) => {
            let what = if metadata.is_symlink() { "a link" } else { "not a file" };
            return Ok(Standing::InTheWay(format!("{path} is {what}: {MAKE_ROOM}")));
        }
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Standing::Stale(Change { path, new: Some(pipeline) }));
        }
        Err(error) => return Err(Failure::io("read", &path, error)),
    }
    let old = write::existing(&path)?.unwrap_or_default();
    if old == pipeline.text(&path).as_bytes() {
        return Ok(Standing::Current);
    }
    let first_line = old.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let Some(origin) = BannerSource::of_first_line(&String::from_utf8_lossy(first_line)) else {
        return Ok(Standing::InTheWay(format!("{path} was not made by ol-pipegen: {MAKE_ROOM}")));
    };
    if sources.is_of_another(&origin, &pipeline.banner, &path) {
        return Ok(Standing::InTheWay(format!(
            "{path} was made from {origin}, which is still there: render that too, remove the file, or give one of them \
             another `pipeline` or `output`"
        )));
    }
    Ok(Standing::Stale(Change { path, new: Some(pipeline) }))
}

const MAKE_ROOM: &str = "move or remove it, or set another `output`";

/// What a run renders, by where it really is.
struct RenderedSources<'a> {
    fleets: &'a [RenderedFleet],
    /// Hardly ever asked for, and dear to find.
    found: OnceLock<BTreeSet<Utf8PathBuf>>,
}

impl<'a> RenderedSources<'a> {
    fn new(fleets: &'a [RenderedFleet]) -> Self {
        Self { fleets, found: OnceLock::new() }
    }

    /// Is what a file was made from another manifest or fleet than now, and may it still render that file?
    fn is_of_another(&self, origin: &BannerSource, banner: &Banner, file: &Utf8Path) -> bool {
        let own = banner.origin(file);
        if *origin == own || (origin.manifest == own.manifest && origin.fleet.is_none()) {
            return false;
        }
        let folder = file.parent().unwrap_or(Utf8Path::new(""));
        let manifest = folder.join(&origin.manifest);
        let fleet = origin.fleet.as_ref().map(|fleet| folder.join(fleet));
        let still_there = manifest.is_file() && fleet.as_ref().is_none_or(|fleet| fleet.is_file());
        still_there && !self.holds(&manifest) && !fleet.is_some_and(|fleet| self.holds(&fleet))
    }

    /// Is it a manifest of this run, or a fleet of which all manifests are?
    fn holds(&self, path: &Utf8Path) -> bool {
        let found = self.found.get_or_init(|| {
            let fleets = self.fleets.iter().filter(|fleet| fleet.whole).map(|fleet| &fleet.path);
            let pipelines = self.fleets.iter().flat_map(|fleet| &fleet.pipelines);
            fleets.chain(pipelines.map(|pipeline| &pipeline.banner.manifest)).map(|path| files::real(path)).collect()
        });
        found.contains(&files::real(path))
    }
}

/// Files of the folder that were rendered from this fleet, and are not any more.
fn orphans(
    fleet: &RenderedFleet,
    folder: &Utf8Path,
    targets: &HashSet<String>,
) -> Result<Vec<Change<'static>>, Failure> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let real = files::real(folder);
    let mut orphans = Vec::new();
    for path in files::list(folder)? {
        let name = path.file_name().unwrap_or_default();
        let is_target = targets.contains(real.join(name).as_str());
        if path.extension() != Some("yml") || is_target || !path.is_file() || path.is_symlink() {
            continue;
        }
        let Some(bytes) = write::existing(&path)? else { continue };
        let first_line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        if Banner::names(&String::from_utf8_lossy(first_line), &path, &fleet.path) {
            orphans.push(Change { path, new: None });
        }
    }
    orphans.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(orphans)
}
