//! `ol-pipegen`: arguments in, exit code out.

use std::io::Write;
use std::panic::{self, AssertUnwindSafe, Location};
use std::process::ExitCode;
use std::sync::Once;

use clap::Parser;

use ol_pipegen::cli::Cli;
use ol_pipegen::command::{self, Outcome};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    report_panics_without_their_message();
    ExitCode::from(outcome_of(|| command::run(&cli)).code())
}

/// How a run ends, even if it panics.
fn outcome_of(run: impl FnOnce() -> Outcome) -> Outcome {
    panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or(Outcome::CouldNotRun)
}

/// The message of a panic may quote the input, and with it a secret.
fn report_panics_without_their_message() {
    static FIRST: Once = Once::new();
    panic::set_hook(Box::new(|panic| {
        FIRST.call_once(|| {
            // Nothing can be done when it cannot be said.
            let _ = writeln!(std::io::stderr(), "{}", internal_error(panic.location()));
        });
    }));
}

fn internal_error(location: Option<&Location<'_>>) -> String {
    let place = location.map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
    format!("error: internal error{place}; please report it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panic_ends_with_the_code_of_what_could_not_run() {
        report_panics_without_their_message();
        assert_eq!(outcome_of(|| panic!("what the input says")).code(), 3);
        assert_eq!(outcome_of(|| Outcome::Problems).code(), 1);
    }

    #[test]
    fn panic_is_told_by_its_place_alone() {
        let here = Location::caller();
        let told = internal_error(Some(here));
        assert_eq!(told, format!("error: internal error at {}:{}; please report it", file!(), here.line()));
        assert_eq!(internal_error(None), "error: internal error; please report it");
    }
}
