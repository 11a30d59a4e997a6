use std::env;
use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use github_gates::clock::Clock;
use github_gates::log::Log;

use crate::build::Build;
use crate::context::Context;
use crate::dispatch::{self, Step};
use crate::error::Error;

/// A request of Concourse's is small; what is larger is none.
const MAX_REQUEST: u64 = 16 << 20;

/// The Concourse resource type `github-issues`: gates between environments, as GitHub issues.
///
/// Concourse runs it as /opt/resource/check, in and out. By hand, give the request on standard input, as in
/// `github-issues-resource check < request.json`.
#[derive(Parser)]
#[command(version, about, verbatim_doc_comment, arg_required_else_help = true)]
struct Cli {
    /// Print every request to GitHub (never its credentials).
    #[arg(short, long, global = true)]
    verbose: bool,
    #[command(subcommand)]
    step: StepArgs,
}

#[derive(Subcommand)]
enum StepArgs {
    /// Print the approvals that are new since the version in the request.
    Check,
    /// Write an approval's files into a directory.
    In {
        /// Where the files go.
        directory: PathBuf,
    },
    /// Record a build, use an approval, or report what became of it.
    Out {
        /// Where the build's artifacts are.
        directory: PathBuf,
    },
}

/// The program: arguments, environment and standard input in; standard output and an exit code out.
///
/// Exit codes: 0 done, 1 the step failed (an `error[…]` line on standard error says why), 2 bad command line.
pub fn run(clock: &dyn Clock) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments()) {
        Ok(cli) => cli,
        Err(error) => {
            // A closed pipe is no reason to panic.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let log = Log::new(cli.verbose);
    let context = Context { clock, log: &log, build: Build::from_env() };
    let step = match &cli.step {
        StepArgs::Check => Step::Check,
        StepArgs::In { directory } => Step::In(directory),
        StepArgs::Out { directory } => Step::Out(directory),
    };
    match read_request().and_then(|request| dispatch::run(step, &request, &context)) {
        Ok(output) => match writeln!(io::stdout().lock(), "{output}") {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(error) => {
            log.say(format_args!("error[{}]: {error}", error.id()));
            ExitCode::FAILURE
        }
    }
}

fn read_request() -> Result<String, Error> {
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .take(MAX_REQUEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::BadRequest(format!("standard input: {error}")))?;
    if bytes.len() as u64 > MAX_REQUEST {
        return Err(Error::BadRequest("standard input is too large for a request".to_owned()));
    }
    String::from_utf8(bytes).map_err(|_| Error::BadRequest("standard input is not UTF-8".to_owned()))
}

/// The arguments, with the step that the program was called as (`/opt/resource/check`) put first.
fn arguments() -> Vec<OsString> {
    let mut arguments: Vec<OsString> = env::args_os().collect();
    let called_as = arguments.first().map(Path::new).and_then(Path::file_name).and_then(|name| name.to_str());
    if let Some(step @ ("check" | "in" | "out")) = called_as {
        let step = OsString::from(step);
        arguments.insert(1, step);
    }
    arguments
}
