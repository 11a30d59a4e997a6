//! `ol-pipegen`: arguments in, exit code out.

use std::io::Write;
use std::panic::{self, AssertUnwindSafe, Location};
use std::process::ExitCode;
use std::sync::Once;

use clap::Parser;
use clap::error::{ContextKind, ContextValue};

use ol_pipegen::cli::Cli;
use ol_pipegen::command::{self, Outcome};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|error| suggested(error).exit());
    report_first_panic_by_its_place(|message| {
        // Nothing can be done when it cannot be said.
        let _ = writeln!(std::io::stderr(), "{message}");
    });
    ExitCode::from(outcome_of(|| command::run(&cli)).code())
}

/// Commands of other tools, and the command here that does the same.
const SYNONYMS: [(&str, &str); 12] = [
    ("apply", "set"),
    ("build", "render"),
    ("check", "validate"),
    ("compile", "render"),
    ("convert", "import"),
    ("deploy", "set"),
    ("generate", "render"),
    ("lint", "validate"),
    ("new", "init"),
    ("plan", "diff"),
    ("test", "validate"),
    ("verify", "validate"),
];

/// The error with the command that was meant, where another tool calls it so.
fn suggested(mut error: clap::Error) -> clap::Error {
    if let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidSubcommand)
        && let Some((_, meant)) = SYNONYMS.iter().find(|(word, _)| word == given)
    {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![(*meant).to_owned()]));
    }
    error
}

/// How a run ends, even if it panics.
fn outcome_of(run: impl FnOnce() -> Outcome) -> Outcome {
    panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or(Outcome::CouldNotRun)
}

/// The message of a panic may quote the input, and with it a secret.
fn report_first_panic_by_its_place(report: impl Fn(&str) + Send + Sync + 'static) {
    let first = Once::new();
    panic::set_hook(Box::new(move |panic| first.call_once(|| report(&internal_error(panic.location())))));
}

fn internal_error(location: Option<&Location<'_>>) -> String {
    let place = location.map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
    format!("error: internal error{place}; please report it")
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn panic_ends_with_the_code_of_what_could_not_run_and_is_reported_by_its_place_alone() {
        static MESSAGES: Mutex<Vec<String>> = Mutex::new(Vec::new());
        report_first_panic_by_its_place(|message| MESSAGES.lock().unwrap().push(message.to_owned()));
        let line = line!() + 1;
        assert_eq!(outcome_of(|| panic!("what the input says")).code(), 3);
        assert_eq!(outcome_of(|| panic!("what follows from it")).code(), 3);
        let _ = panic::take_hook();
        let expected = format!("error: internal error at {}:{line}; please report it", file!());
        assert_eq!(*MESSAGES.lock().unwrap(), [expected]);
        assert_eq!(outcome_of(|| Outcome::Problems).code(), 1);
    }
}
