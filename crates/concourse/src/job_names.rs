//! What the name of a job tells of the job. Lints, the checks of gates and `import` ask here, and have no lists of words of their own.
//!
//! A name is a hint. There are two readings, since a wrong answer costs something else:
//!
//! - Lints and gates ask [`is_deployment`], [`environment_of`] and [`only_observes`]. A wrong answer is a false report, so the
//!   lists are short and hold what the rules were written for.
//! - `import` asks [`job_role`]. A wrong answer is a job at a wrong place in a proposal, which the comparison then shows, so
//!   the lists are long.
//!
//! Both were compared on the 316 names of jobs in the 78 pipelines of this repository. They differ on 35 names about
//! deployments, all of them `preview-…`, which is a job of a stage and deploys nothing. Each of the 11 names that
//! [`only_observes`] knows is [`JobRole::Other`], too.

/// An environment that a name tells of, in the order of promotion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Environment {
    /// Where a commit goes by itself.
    Integration,
    /// Where it is tried.
    Test,
    /// Where people use it.
    Production,
}

/// The environment at the end of a name, and what stands before it.
pub fn environment_of(name: &str) -> Option<(&str, Environment)> {
    let (stem, word) = name.rsplit_once(['-', '.', '_'])?;
    let environment = environment(word)?;
    Some((stem, environment))
}

/// The environment that a word is.
pub fn environment(word: &str) -> Option<Environment> {
    match word.to_ascii_lowercase().as_str() {
        "ci" | "dev" | "development" => Some(Environment::Integration),
        "qa" | "rc" | "test" | "staging" | "uat" => Some(Environment::Test),
        "production" | "prod" => Some(Environment::Production),
        _ => None,
    }
}

/// Whether two words are one name of an environment, one of them perhaps the short one. `QA` and `RC` are two environments of
/// one kind.
pub fn is_one_environment(one: &str, other: &str) -> bool {
    const SHORT: [(&str, &str); 3] = [("prod", "production"), ("prd", "production"), ("dev", "development")];
    let long = |word: &str| {
        let known = SHORT.iter().find(|(short, _)| short.eq_ignore_ascii_case(word));
        known.map_or_else(|| word.to_ascii_lowercase(), |(_, long)| (*long).to_owned())
    };
    long(one) == long(other)
}

/// Whether the name says that the job deploys something, or shows what that would do.
pub(crate) fn is_deployment(name: &str) -> bool {
    ["deploy", "preview", "promote", "apply"].iter().any(|verb| name.contains(verb))
}

/// Whether a word for an environment is more often a word for a task: `unit-test`, `build-rc`.
pub(crate) fn is_task(word: &str) -> bool {
    ["ci", "rc", "test"].iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Whether the name says that the job changes nothing in its environment. `stem` is the name without the environment.
pub fn only_observes(stem: &str) -> bool {
    const OBSERVES: [&str; 12] =
        ["plan", "check", "validate", "lint", "diff", "test", "tests", "verify", "watch", "monitor", "smoke", "e2e"];
    const CHANGES: [&str; 3] = ["deploy", "apply", "promote"];
    let has = |words: &[&str]| stem.split(['-', '_', '.']).any(|word| words.contains(&word));
    has(&OBSERVES) && !has(&CHANGES)
}

/// Whether the name says that the job shows what a deployment would change.
pub fn is_preview(name: &str) -> bool {
    name.split(['-', '_', '.']).any(|word| ["preview", "plan", "diff", "dry"].contains(&word))
}

/// What is deployed, whatever is done with it.
pub(crate) fn without_verb(stem: &str) -> &str {
    ["compile-and-deploy-", "deploy-", "preview-"].iter().find_map(|verb| stem.strip_prefix(verb)).unwrap_or(stem)
}

/// Words for what a job does that is no deployment to an environment.
const OTHER: [&str; 66] = [
    "acquire",
    "analyze",
    "approval",
    "approve",
    "audit",
    "backup",
    "benchmark",
    "benchmarks",
    "build",
    "bump",
    "check",
    "checks",
    "claim",
    "cleanup",
    "compile",
    "coverage",
    "create",
    "delete",
    "destroy",
    "docs",
    "e2e",
    "format",
    "generate",
    "lint",
    "linter",
    "load",
    "lock",
    "merge",
    "notify",
    "package",
    "plan",
    "pr",
    "publish",
    "pull",
    "push",
    "quality",
    "release",
    "rollback",
    "rotate",
    "rspec",
    "scan",
    "security",
    "shellcheck",
    "smoke",
    "sonar",
    "sonarqube",
    "spec",
    "specs",
    "tag",
    "teardown",
    "test",
    "testing",
    "tests",
    "tidy",
    "trigger",
    "unclaim",
    "unit",
    "units",
    "unittest",
    "unittests",
    "unlock",
    "upload",
    "validate",
    "verify",
    "version",
    "versions",
];

/// Words for a test, and for an environment where deployments have no word of their own.
const TESTS: [&str; 5] = ["acceptance", "functional", "integration", "perf", "performance"];

/// Words for a deployment.
const DEPLOYS: [&str; 8] = ["apply", "deploy", "deploys", "deployment", "install", "promote", "rollout", "upgrade"];

/// Words for an environment.
const ENVIRONMENTS: [&str; 22] = [
    "beta",
    "canary",
    "ci",
    "demo",
    "dev",
    "develop",
    "development",
    "live",
    "nonprod",
    "ppd",
    "prd",
    "preprod",
    "preview",
    "prod",
    "production",
    "qa",
    "sandbox",
    "stage",
    "staging",
    "stg",
    "uat",
    "pp",
];

/// What a job is by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobRole {
    /// It deploys to an environment.
    Stage,
    /// It tests, builds or publishes.
    Other,
    /// The name does not say.
    Unknown,
}

/// What a job is by its name. A word for a deployment counts most: `deploy-test` deploys, and `test-staging` tests.
pub fn job_role(name: &str) -> JobRole {
    let name = name.to_lowercase();
    let words = words(&name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    if has(&DEPLOYS) {
        let is_other = words.first().is_some_and(|first| OTHER.contains(first));
        return if is_other { JobRole::Other } else { JobRole::Stage };
    }
    match (has(&OTHER), has(&ENVIRONMENTS)) {
        (true, _) => JobRole::Other,
        (false, true) => JobRole::Stage,
        (false, false) => JobRole::Unknown,
    }
}

/// What a job is by its name, in a pipeline whose deployments have a word for it: `integration` beside `deploy-staging` tests.
pub fn job_role_beside_deployments(name: &str) -> JobRole {
    let lower = name.to_lowercase();
    let words = words(&lower);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    if has(&TESTS) && !has(&DEPLOYS) { JobRole::Other } else { job_role(name) }
}

/// Whether a name has a word for a deployment.
pub fn names_deployment(name: &str) -> bool {
    words(&name.to_lowercase()).iter().any(|word| DEPLOYS.contains(word))
}

/// Whether a name has a word for an environment.
pub fn names_environment(name: &str) -> bool {
    words(&name.to_lowercase()).iter().any(|word| ENVIRONMENTS.contains(word))
}

fn words(name: &str) -> Vec<&str> {
    name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_job_says_whether_it_deploys() {
        for name in ["deploy-qa", "qa", "deploy-test", "Production", "terraform-apply-dev", "staging_eu"] {
            assert_eq!(job_role(name), JobRole::Stage, "{name}");
        }
        for name in [
            "test",
            "lint",
            "unit-tests",
            "test-staging",
            "smoke-test-qa",
            "publish",
            "build-image",
            "test-deploy",
            "approve-prod",
            "destroy-dev",
        ] {
            assert_eq!(job_role(name), JobRole::Other, "{name}");
        }
        for name in ["front", "one", "end-to-end", "integration"] {
            assert_eq!(job_role(name), JobRole::Unknown, "{name}");
        }
        assert_eq!(job_role_beside_deployments("integration"), JobRole::Other);
        assert_eq!(job_role_beside_deployments("deploy-integration"), JobRole::Stage);
    }
}
