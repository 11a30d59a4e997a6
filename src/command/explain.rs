use yaml_source::Failure;
use yaml_source::source::Sources;

use crate::cli::ExplainArgs;
use crate::explain;

use super::project::read_project;
use super::{Outcome, Output};

/// Prints the page for developers.
pub(super) fn run(args: &ExplainArgs, output: &mut Output) -> Result<Outcome, Failure> {
    let mut sources = Sources::default();
    let (read, diagnostics) = read_project(&args.manifest, args.source_root.as_deref(), &mut sources)?;
    output.diagnostics(&diagnostics, &sources, "nothing was explained");
    let Some(read) = read else { return Ok(Outcome::Problems) };
    output.print(&explain::page(&read.project, &read.fleet))?;
    Ok(Outcome::Fine)
}
