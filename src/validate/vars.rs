use crate::diagnostic::Diagnostics;
use crate::source::{FileId, Sources};

/// What `-v`, `-y` and `-l` give, in the order in which `fly` asks them.
#[derive(Clone, Debug, Default)]
pub struct Vars {}

impl Vars {
    /// Reads what the command line gives: `NAME=TEXT` and `NAME=YAML` each, and files. All of the first come before all
    /// of the second, and those before files, of which the last is asked first.
    ///
    /// # Errors
    ///
    /// With what is wrong with an argument.
    pub fn new(texts: &[String], values: &[String]) -> Result<Self, String> {
        let _ = (texts, values);
        Ok(Self {})
    }

    /// Adds a file of variables; it is asked before those that were added before. What is wrong with it is among the
    /// diagnostics.
    pub fn add_file(&mut self, sources: &Sources, file: FileId, diagnostics: &mut Diagnostics) {
        let _ = (sources, file, diagnostics);
    }
}
