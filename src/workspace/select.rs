use std::collections::BTreeSet;
use std::fs::FileType;

use camino::{Utf8Path, Utf8PathBuf};
use glob::{Pattern, PatternError};
use yaml_source::boundary::{Boundary, Crossing, is_git};
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::{Failure, files};

use crate::project::Fleet;

use super::LoadedManifest;

/// The name of a fleet's file.
pub const FLEET_FILE: &str = "pipegen.yml";

/// What a run renders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selected {
    /// A fleet.
    Fleet {
        /// Its file.
        path: Utf8PathBuf,
        /// Only these of its manifests.
        manifests: Option<Vec<Utf8PathBuf>>,
    },
    /// A manifest that has no fleet.
    Alone {
        /// The manifest.
        manifest: Utf8PathBuf,
    },
}

/// Finds what paths of the command line mean: a fleet's file, a manifest (with the nearest fleet above it), or a folder
/// with every fleet below it. Without paths it is the working folder.
///
/// # Errors
///
/// When a path is not there, or a folder has no fleet below it.
pub fn select(paths: &[Utf8PathBuf]) -> Result<Vec<Selected>, Failure> {
    let here = [Utf8PathBuf::from(".")];
    let mut fleets: BTreeSet<Utf8PathBuf> = BTreeSet::new();
    let mut single: Vec<(Option<Utf8PathBuf>, Utf8PathBuf)> = Vec::new();
    for path in if paths.is_empty() { &here } else { paths } {
        let metadata = std::fs::metadata(path).map_err(|error| Failure::io("read", path, error))?;
        if metadata.is_dir() {
            let found = fleets_below(path)?;
            if found.is_empty() {
                if let Some(fleet) = fleet_above(&path.join(FLEET_FILE))? {
                    return Err(Failure::Usage(format!(
                        "{path} has no {FLEET_FILE}; its fleet is {fleet}: name that file, or single files of {path}"
                    )));
                }
                let other = path.join(FLEET_FILE).with_extension("yaml");
                if other.is_file() {
                    return Err(Failure::Usage(format!("{other} is not read: rename it to {FLEET_FILE}")));
                }
                let (place, init) =
                    if path == "." { ("this folder", String::new()) } else { (path.as_str(), format!(" {path}")) };
                return Err(Failure::Usage(format!(
                    "no fleet ({FLEET_FILE}) in {place} or below it; `ol-pipegen init{init}` writes a first one"
                )));
            }
            fleets.extend(found);
        } else if path.file_name() == Some(FLEET_FILE) {
            fleets.insert(clean(path));
        } else {
            single.push((fleet_above(path)?, clean(path)));
        }
    }
    let mut selection: Vec<Selected> =
        fleets.iter().map(|path| Selected::Fleet { path: path.clone(), manifests: None }).collect();
    for (fleet, manifest) in single {
        match fleet {
            None => selection.push(Selected::Alone { manifest }),
            // It is rendered with the others of its fleet.
            Some(fleet) if fleets.contains(&fleet) => {}
            Some(fleet) => {
                let same = selection.iter_mut().find_map(|selected| match selected {
                    Selected::Fleet { path, manifests: Some(manifests) } if *path == fleet => Some(manifests),
                    _ => None,
                });
                match same {
                    Some(manifests) if manifests.contains(&manifest) => {}
                    Some(manifests) => manifests.push(manifest),
                    None => selection.push(Selected::Fleet { path: fleet, manifests: Some(vec![manifest]) }),
                }
            }
        }
    }
    Ok(selection)
}

/// The same of one file that is a fleet or a manifest and need not be there.
///
/// # Errors
///
/// When its folder is not there.
pub(crate) fn select_file(path: &Utf8Path, is_fleet: bool) -> Result<Selected, Failure> {
    let path = clean(path);
    if is_fleet {
        return Ok(Selected::Fleet { path, manifests: None });
    }
    Ok(match fleet_above(&path)? {
        Some(fleet) => Selected::Fleet { path: fleet, manifests: Some(vec![path]) },
        None => Selected::Alone { manifest: path },
    })
}

/// The manifests that the globs of a fleet match, each once, sorted. Links that lead out of its boundary are reported, and
/// not followed.
///
/// # Errors
///
/// When a match is neither a file nor a folder: a manifest that cannot be read is not taken for one that is gone.
pub(super) fn manifests(fleet: &Fleet, diagnostics: &mut Diagnostics) -> Result<Vec<Utf8PathBuf>, Failure> {
    let mut found = Vec::new();
    for pattern in &fleet.projects {
        let Matches { paths, leaving } = matches(&fleet.folder, pattern, &fleet.boundary)?;
        if let Some((path, crossing)) = leaving {
            let message = format!("manifests are read from `{path}`, which {}", fleet.boundary.described(crossing));
            let help = format!("replace the link by files in {}", fleet.boundary.name());
            diagnostics.push(Diagnostic::new(Rule::OutsideInput, fleet.projects_span, message).help(help));
        }
        for Match { path, own_type } in paths {
            let file_type = match own_type {
                Some(own) if !own.is_symlink() => own,
                _ => std::fs::metadata(&path).map_err(|error| Failure::io("read", &path, error))?.file_type(),
            };
            if file_type.is_file() {
                found.push(path);
            } else if !file_type.is_dir() {
                return Err(Failure::io("read", &path, std::io::Error::other("neither a file nor a folder")));
            }
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Those of the manifests that no glob of their fleet matches.
pub(super) fn unlisted<'m>(manifests: &[&'m Utf8Path], fleet: &Fleet) -> Vec<&'m Utf8Path> {
    let names: BTreeSet<Option<&str>> = manifests.iter().map(|manifest| manifest.file_name()).collect();
    let globs = fleet.projects.iter().map(|pattern| matches(&fleet.folder, pattern, &fleet.boundary));
    let Ok(matched) = globs.collect::<Result<Vec<_>, _>>() else {
        // Who renders one manifest need not hear of the others.
        return Vec::new();
    };
    let listed: BTreeSet<Utf8PathBuf> = matched
        .iter()
        .flat_map(Matches::paths)
        .filter(|path| names.contains(&path.file_name()))
        .map(|path| files::real(path))
        .collect();
    manifests.iter().copied().filter(|manifest| !listed.contains(&files::real(manifest))).collect()
}

/// The manifests of a fleet that are not among those. Of globs that cannot be searched there are none.
pub(super) fn others(manifests: &[LoadedManifest], fleet: &Fleet) -> Vec<Utf8PathBuf> {
    let named: BTreeSet<Utf8PathBuf> = manifests.iter().map(|manifest| files::real(&manifest.path)).collect();
    let globs = fleet.projects.iter().filter_map(|pattern| matches(&fleet.folder, pattern, &fleet.boundary).ok());
    let mut found: Vec<Utf8PathBuf> = globs.flat_map(Matches::into_paths).collect();
    found.sort();
    found.dedup();
    found.retain(|path| path.is_file() && !named.contains(&files::real(path)));
    found
}

/// Files that only their extension, `.yaml` for `.yml`, keeps from being matched.
///
/// # Errors
///
/// When a folder cannot be read.
pub(super) fn yaml_beside_yml(matched: &[&Utf8Path], fleet: &Fleet) -> Result<Vec<Utf8PathBuf>, Failure> {
    let mut found = BTreeSet::new();
    for stem in fleet.projects.iter().filter_map(|pattern| pattern.strip_suffix(".yml")) {
        found.extend(matches(&fleet.folder, &format!("{stem}.yaml"), &fleet.boundary)?.into_paths());
    }
    found.retain(|path| path.is_file() && matched.binary_search(&path.as_path()).is_err());
    Ok(found.into_iter().collect())
}

/// What a glob of a fleet matches.
#[derive(Default)]
struct Matches {
    /// Files and folders inside of the boundary, sorted.
    paths: Vec<Match>,
    /// The first path that leaves it. What lies beyond was not looked at.
    leaving: Option<(Utf8PathBuf, Crossing)>,
}

struct Match {
    path: Utf8PathBuf,
    /// What it is itself, where the folder tells: of ten thousand manifests none has to be asked for it.
    own_type: Option<FileType>,
}

impl Matches {
    fn paths(&self) -> impl Iterator<Item = &Utf8PathBuf> {
        self.paths.iter().map(|found| &found.path)
    }

    fn into_paths(self) -> impl Iterator<Item = Utf8PathBuf> {
        self.paths.into_iter().map(|found| found.path)
    }
}

/// What a glob of a fleet matches. `**` follows no links, and only a name without wildcards leads to the folder of git.
fn matches(folder: &Utf8Path, pattern: &str, boundary: &Boundary) -> Result<Matches, Failure> {
    let not_a_glob = |error: PatternError| Failure::Usage(format!("`projects: [{pattern}]` is not a glob: {error}"));
    Pattern::new(pattern).map_err(not_a_glob)?;
    let names = pattern.split('/').filter(|name| !matches!(*name, "" | "."));
    let parts: Vec<GlobPart<'_>> = names.map(GlobPart::parse).collect::<Result<_, _>>().map_err(not_a_glob)?;
    let start = if folder == "" { Utf8Path::new(".") } else { folder };
    let mut search = ProjectSearch { boundary, matches: Matches::default() };
    search.below(start, None, &parts)?;
    let mut matches = search.matches;
    for found in &mut matches.paths {
        found.path = clean(&found.path);
    }
    matches.paths.sort_by(|one, other| one.path.cmp(&other.path));
    matches.paths.dedup_by(|one, other| one.path == other.path);
    Ok(matches)
}

/// A part of a glob, between slashes.
enum GlobPart<'p> {
    /// A name without wildcards.
    Name(&'p str),
    /// A name with wildcards.
    Like(Pattern),
    /// `**`: any number of folders.
    Folders,
}

impl<'p> GlobPart<'p> {
    fn parse(text: &'p str) -> Result<Self, PatternError> {
        match text {
            "**" => Ok(Self::Folders),
            _ if text.contains(['*', '?', '[']) => Pattern::new(text).map(Self::Like),
            _ => Ok(Self::Name(text)),
        }
    }
}

struct ProjectSearch<'b> {
    boundary: &'b Boundary,
    matches: Matches,
}

impl ProjectSearch<'_> {
    fn below(&mut self, path: &Utf8Path, own_type: Option<FileType>, parts: &[GlobPart<'_>]) -> Result<(), Failure> {
        let Some((part, rest)) = parts.split_first() else {
            self.matches.paths.push(Match { path: path.to_owned(), own_type });
            return Ok(());
        };
        if !path.is_dir() {
            return Ok(());
        }
        match part {
            GlobPart::Name(name) => {
                let path = path.join(name);
                match path.symlink_metadata() {
                    Ok(metadata) => self.into(&path, metadata.file_type(), rest),
                    Err(_) => Ok(()),
                }
            }
            GlobPart::Like(pattern) => {
                for (found, file_type) in files::list_typed(path)? {
                    let name = found.file_name().unwrap_or_default();
                    if pattern.matches(name) && !is_git(name) {
                        self.into(&found, file_type, rest)?;
                    }
                }
                Ok(())
            }
            GlobPart::Folders => {
                self.below(path, own_type, rest)?;
                for (found, file_type) in files::list_typed(path)? {
                    if file_type.is_dir() && !found.file_name().is_some_and(is_git) {
                        self.below(&found, Some(file_type), parts)?;
                    }
                }
                Ok(())
            }
        }
    }

    /// Goes on at a path, unless it leaves the boundary.
    fn into(&mut self, path: &Utf8Path, own_type: FileType, rest: &[GlobPart<'_>]) -> Result<(), Failure> {
        if (own_type.is_symlink() || path.file_name().is_some_and(is_git))
            && let Some(crossing) = self.boundary.crossing(path)
        {
            self.matches.leaving.get_or_insert_with(|| (clean(path), crossing));
            return Ok(());
        }
        self.below(path, Some(own_type), rest)
    }
}

/// Folders that hold no fleets of the user's.
const PASSED_OVER: [&str; 3] = ["target", "node_modules", "vendor"];

fn fleets_below(folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>, Failure> {
    let mut found: Vec<Utf8PathBuf> = search_below(folder)?.0.iter().map(|path| clean(path)).collect();
    found.sort();
    Ok(found)
}

/// The folders where fleets are looked for, itself among them.
///
/// # Errors
///
/// When a folder cannot be read.
pub(crate) fn folders_below(folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>, Failure> {
    Ok(search_below(folder)?.1)
}

/// The fleets below a folder, and the folders that were searched for them.
fn search_below(folder: &Utf8Path) -> Result<(Vec<Utf8PathBuf>, Vec<Utf8PathBuf>), Failure> {
    let (mut fleets, mut searched) = (Vec::new(), Vec::new());
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for (path, file_type) in files::list_typed(&folder)? {
            let name = path.file_name().unwrap_or_default();
            // A link may lead in a circle, or out of the repository.
            if file_type.is_symlink() {
                continue;
            }
            if file_type.is_dir() {
                if !name.starts_with('.') && !PASSED_OVER.contains(&name) {
                    open.push(path);
                }
            } else if name == FLEET_FILE {
                fleets.push(path);
            }
        }
        searched.push(folder);
    }
    Ok((fleets, searched))
}

/// The folders that the globs of a fleet search: what they match changes only with the names in these, and with what
/// links among them lead to.
///
/// # Errors
///
/// When a folder cannot be read.
pub(crate) fn folders_of_globs(folder: &Utf8Path, globs: &[String]) -> Result<BTreeSet<Utf8PathBuf>, Failure> {
    let boundary = Boundary::around(folder);
    let mut found = BTreeSet::from([folder.to_owned()]);
    for glob in globs {
        let beginnings = Utf8Path::new(glob).ancestors().skip(1).filter(|beginning| *beginning != "");
        for beginning in beginnings {
            let paths = matches(folder, beginning.as_str(), &boundary)?.into_paths();
            found.extend(paths.filter(|path| path.is_dir()));
        }
    }
    Ok(found)
}

/// The nearest fleet in the folders above a path.
///
/// # Errors
///
/// When the folder of the path is not there.
pub(crate) fn fleet_above(path: &Utf8Path) -> Result<Option<Utf8PathBuf>, Failure> {
    let mut folder = path.parent().unwrap_or(Utf8Path::new("")).to_owned();
    let here = if folder == "" { Utf8Path::new(".") } else { &folder };
    let absolute = here.canonicalize_utf8().map_err(|error| Failure::io("read", here, error))?;
    // Beyond the working folder the way up has to be spelled out.
    for _ in absolute.ancestors() {
        let fleet = folder.join(FLEET_FILE);
        if fleet.is_file() {
            return Ok(Some(clean(&fleet)));
        }
        folder = match folder.parent() {
            Some(parent) if folder.file_name().is_some() => parent.to_owned(),
            _ if folder.is_absolute() => return Ok(None),
            _ => folder.join(".."),
        };
    }
    Ok(None)
}

/// Without `./` in front.
fn clean(path: &Utf8Path) -> Utf8PathBuf {
    path.components().filter(|part| !matches!(part, camino::Utf8Component::CurDir)).collect()
}
