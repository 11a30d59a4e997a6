use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use yaml_source::{Failure, files};

use crate::kind::Family;
use crate::render::Run;
use crate::workspace::{FLEET_FILE, folders_below, folders_of_globs};

/// What a run looked at that rendered whole fleets and compared them with what is committed.
///
/// A file is told by what it holds, a folder by the names in it. What a path leads to may change with a link; so of a
/// folder that was searched each link counts as well.
#[derive(Default)]
pub(super) struct Looked {
    pub(super) paths: BTreeSet<Utf8PathBuf>,
    /// Folders of which it matters where they really are: banners tell the way from one to the other.
    pub(super) places: BTreeSet<Utf8PathBuf>,
}

impl Looked {
    /// `None` when a fleet is not rendered as a whole, or something is gone meanwhile.
    pub(super) fn at(paths: &[Utf8PathBuf], run: &Run, folders: &[&Utf8Path]) -> Option<Self> {
        let mut looked = Self::default();
        looked.selecting(paths).ok()?;
        looked.paths.extend(run.sources.written().map(|(_, file)| file.path.clone()));
        for fleet in &run.fleets {
            if !fleet.whole || fleet.path.file_name() != Some(FLEET_FILE) {
                return None;
            }
            let own = parent(&fleet.path);
            looked.places.insert(own.to_owned());
            for folder in folders_of_globs(own, &fleet.projects).ok()? {
                looked.folder(&folder).ok()?;
            }
            for family in [Family::Stack, Family::Build] {
                looked.folder(&fleet.kinds.join(family.folder())).ok()?;
            }
        }
        for folder in folders {
            looked.rendered(folder).ok()?;
        }
        Some(looked)
    }

    /// Finding fleets.
    fn selecting(&mut self, paths: &[Utf8PathBuf]) -> Result<(), Failure> {
        for path in paths {
            self.paths.insert(path.clone());
            if path.is_dir() {
                self.paths.extend(folders_below(path)?.iter().map(|folder| plain(folder).to_owned()));
            }
        }
        Ok(())
    }

    /// Searching a folder, which need not be there.
    fn folder(&mut self, folder: &Utf8Path) -> Result<(), Failure> {
        self.paths.insert(folder.to_owned());
        if folder.is_dir() {
            let links = files::list_typed(folder)?.into_iter().filter(|(_, file_type)| file_type.is_symlink());
            self.paths.extend(links.map(|(path, _)| path));
        }
        Ok(())
    }

    /// Comparing with a folder, where each file may be one that is not rendered any more.
    fn rendered(&mut self, folder: &Utf8Path) -> Result<(), Failure> {
        self.places.insert(folder.to_owned());
        self.paths.insert(folder.to_owned());
        if folder.is_dir() {
            self.paths.extend(files::list(folder)?.into_iter().filter(|path| path.extension() == Some("yml")));
        }
        Ok(())
    }
}

fn parent(path: &Utf8Path) -> &Utf8Path {
    plain(path.parent().unwrap_or(path))
}

/// The one name of a folder that has several, so that it is looked up once.
fn plain(folder: &Utf8Path) -> &Utf8Path {
    let plain = folder.strip_prefix(".").unwrap_or(folder);
    if plain == "" { Utf8Path::new(".") } else { plain }
}
