//! `ol-pipegen`: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser;

use ol_pipegen::cli::Cli;
use ol_pipegen::command;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(command::run(&Cli::parse()).code())
}
