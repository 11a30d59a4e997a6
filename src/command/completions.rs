use clap::CommandFactory;
use yaml_source::Failure;

use crate::cli::{Cli, CompletionsArgs};

use super::{Outcome, Output};

pub(super) fn run(args: &CompletionsArgs, output: &mut Output) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "ol-pipegen", &mut script);
    output.print(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Fine)
}
