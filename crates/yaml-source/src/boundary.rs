//! Which files of a machine someone else's input may name.

use camino::{Utf8Path, Utf8PathBuf};

use crate::files;

/// The folder that the paths of a fleet must not leave: its git repository, or its own folder where there is none.
/// Someone else's fleet must not choose which files of this machine are read, printed or replaced.
#[derive(Clone, Debug)]
pub struct Boundary {
    folder: Utf8PathBuf,
    is_repository: bool,
}

/// How a path leaves a [`Boundary`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crossing {
    /// It leads to another place of the machine.
    Outside,
    /// It leads to the folder of git, which holds commands and often a token.
    Git,
}

impl Boundary {
    /// Returns the boundary of what lies in a folder.
    pub fn around(folder: &Utf8Path) -> Self {
        let folder = files::real(folder);
        match repository_around(&folder) {
            Some(repository) => Self { folder: repository.to_owned(), is_repository: true },
            None => Self { folder, is_repository: false },
        }
    }

    /// Returns what messages call it.
    pub const fn name(&self) -> &'static str {
        if self.is_repository { "the repository" } else { "the fleet's folder" }
    }

    /// Returns how a path leaves it, if it does. Links are followed.
    pub fn crossing(&self, path: &Utf8Path) -> Option<Crossing> {
        match files::real(path).strip_prefix(&self.folder) {
            Err(_) => Some(Crossing::Outside),
            Ok(below) => below.components().any(|part| is_git(part.as_str())).then_some(Crossing::Git),
        }
    }

    /// Returns how a path leaves it, in words that follow the path.
    pub fn described(&self, crossing: Crossing) -> String {
        match crossing {
            Crossing::Outside => format!("is outside of {}", self.name()),
            Crossing::Git => "is in the folder of git".to_owned(),
        }
    }
}

/// Whether a name is that of git's folder. Some file systems take two cases of a name for one.
pub fn is_git(name: &str) -> bool {
    name.eq_ignore_ascii_case(".git")
}

/// Returns the root of the git repository around a folder, which is given without links.
pub fn repository_around(folder: &Utf8Path) -> Option<&Utf8Path> {
    folder.ancestors().find(|around| around.join(".git").exists())
}
