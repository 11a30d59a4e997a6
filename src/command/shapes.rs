//! The pipelines of a story: those that are set at first, and those that are set in their place.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use crate::content::Content;
use crate::render::{Collected, File, Options, is_rendered};
use crate::verify::Subject;
use crate::workspace::{FLEET_FILE, Selected, select, select_file};
use concourse_pipeline::model::ConcourseVersion;
use concourse_pipeline::validate::{self, Decoded, Vars};
use yaml_source::diagnostic::Diagnostics;
use yaml_source::source::Sources;
use yaml_source::{Failure, files};

/// A pipeline that was read.
struct Known {
    name: String,
    decoded: Decoded,
    /// The gets that nobody has to approve: job and name.
    unpinned: BTreeSet<(String, String)>,
    detects_inputs: bool,
    is_handwritten: bool,
}

/// The pipelines that were read, by how many times pipelines were set before.
pub(super) struct Shapes {
    known: Vec<Vec<Known>>,
}

impl Shapes {
    /// Reads pipelines as they are, and renders manifests and fleets. Each list of paths is set in the place of the one
    /// before it.
    ///
    /// # Errors
    ///
    /// When a file cannot be read. What is wrong with its content is among the diagnostics.
    pub(super) fn read(
        sources: Sources,
        lists: &[Vec<Utf8PathBuf>],
        unpinned: &[(String, String)],
        version: ConcourseVersion,
        options: &Options,
    ) -> Result<(Self, Collected), Failure> {
        let mut known = Vec::new();
        let mut collected = Collected::of(sources);
        for paths in lists {
            let (selection, pipelines) = choose(paths)?;
            collected = collected.then(&selection, options)?;
            known.push(of_list(&mut collected, &pipelines, unpinned, version)?);
        }
        Ok((Self { known: named(known) }, collected))
    }

    /// All pipelines, for a search or a story. What is not set again stays.
    pub(super) fn subjects(&self) -> Vec<Subject<'_>> {
        let mut subjects = Vec::new();
        let mut set: BTreeMap<&str, &Known> = BTreeMap::new();
        let mut order: Vec<&str> = Vec::new();
        for (shape, list) in self.known.iter().enumerate() {
            for known in list {
                if set.insert(&known.name, known).is_none() {
                    order.push(&known.name);
                }
            }
            subjects.extend(order.iter().filter_map(|name| set.get(name)).map(|known| Subject {
                name: known.name.clone(),
                shape,
                pipeline: &known.decoded,
                unpinned: known.unpinned.clone(),
                detects_inputs: known.detects_inputs,
                is_handwritten: known.is_handwritten,
            }));
        }
        subjects
    }
}

fn of_list(
    collected: &mut Collected,
    pipelines: &[Utf8PathBuf],
    unpinned: &[(String, String)],
    version: ConcourseVersion,
) -> Result<Vec<Known>, Failure> {
    let mut list = Vec::new();
    let detects_inputs = version >= ConcourseVersion::V8_0;
    let mut add = |path: &Utf8Path, decoded: Option<Decoded>, own: BTreeSet<(String, String)>, is_handwritten| {
        let name = path.file_stem().unwrap_or_default();
        // Two pipelines of one name are two pipelines.
        let is_taken = list.iter().any(|known: &Known| known.name == name);
        let name = if is_taken { path.as_str() } else { name }.to_owned();
        let unpinned = own.into_iter().chain(unpinned.iter().cloned()).collect();
        list.extend(decoded.map(|decoded| Known { name, decoded, unpinned, detects_inputs, is_handwritten }));
    };
    for path in pipelines {
        let text = collected.sources.read(path)?;
        let file = collected.sources.add(path.as_path(), text);
        let decoded = validate::check(&collected.sources, file, version, &Vars::default(), &mut collected.diagnostics);
        let is_handwritten = !is_rendered(&collected.sources.get(file).text);
        add(path, decoded, BTreeSet::new(), is_handwritten);
    }
    for File { path, text, unpinned } in collected.rendered() {
        let file = collected.sources.add(path.as_path(), text);
        // What was rendered has been checked.
        let decoded =
            validate::decode(&collected.sources, file, version, &Vars::default(), &mut Diagnostics::default());
        add(&path, decoded, unpinned, false);
    }
    Ok(list)
}

/// A single pipeline that is set in the place of a single one is the same pipeline, whatever its file is called.
fn named(mut known: Vec<Vec<Known>>) -> Vec<Vec<Known>> {
    if let Some([first]) = known.first().map(Vec::as_slice) {
        let name = first.name.clone();
        if known.iter().all(|list| list.len() == 1) {
            known.iter_mut().flatten().for_each(|later| later.name.clone_from(&name));
        }
    }
    known
}

/// What is rendered first, and the pipelines that are read as they are.
fn choose(paths: &[Utf8PathBuf]) -> Result<(Vec<Selected>, Vec<Utf8PathBuf>), Failure> {
    let (mut selection, mut pipelines, mut rendered) = (Vec::new(), Vec::new(), Vec::new());
    let mut known = BTreeSet::new();
    // One file that is named twice is one pipeline.
    for path in paths.iter().filter(|path| known.insert(path.canonicalize_utf8().unwrap_or_else(|_| (*path).clone()))) {
        match content(path)? {
            Some(Content::Pipeline) => pipelines.push(path.clone()),
            Some(other @ (Content::Kind | Content::Scenario)) => {
                let noun = other.noun();
                return Err(Failure::Usage(format!("`{path}` is {noun}: name a fleet, a manifest or a pipeline")));
            }
            Some(Content::Fleet) if path.file_name() != Some(FLEET_FILE) => selection.push(select_file(path, true)?),
            _ => rendered.push(path.clone()),
        }
    }
    if !rendered.is_empty() || paths.is_empty() {
        selection.extend(select(&rendered)?);
    }
    Ok((selection, pipelines))
}

/// What a file is; `None` of a folder.
fn content(path: &Utf8Path) -> Result<Option<Content>, Failure> {
    if path.is_dir() {
        return Ok(None);
    }
    Ok(Some(Content::to_check(path, files::read(path)?.as_str())))
}
