//! The executable behind `check`, `in` and `out` of the resource type `github-issues`.

use std::process::ExitCode;

use github_issues_resource::SystemClock;

fn main() -> ExitCode {
    github_issues_resource::run(&SystemClock)
}
