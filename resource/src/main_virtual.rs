//! The executable of the tests: the same program, on a clock that a test turns. It is not part of the image.

use std::process::ExitCode;

use github_issues_resource::VirtualClock;

fn main() -> ExitCode {
    match VirtualClock::from_env() {
        Ok(clock) => github_issues_resource::run(&clock),
        Err(_) => ExitCode::from(101),
    }
}
