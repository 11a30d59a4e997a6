//! What the name of a job says of what the job does.

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
pub(crate) enum Role {
    /// It deploys to an environment.
    Stage,
    /// It tests, builds or publishes.
    Other,
    /// The name does not say.
    Unknown,
}

/// What a job is by its name. A word for a deployment counts most: `deploy-test` deploys, and `test-staging` tests.
pub(crate) fn role(name: &str) -> Role {
    let name = name.to_lowercase();
    let words = words(&name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    if has(&DEPLOYS) {
        let is_other = words.first().is_some_and(|first| OTHER.contains(first));
        return if is_other { Role::Other } else { Role::Stage };
    }
    match (has(&OTHER), has(&ENVIRONMENTS)) {
        (true, _) => Role::Other,
        (false, true) => Role::Stage,
        (false, false) => Role::Unknown,
    }
}

/// What a job is by its name, in a pipeline whose deployments have a word for it: `integration` beside `deploy-staging` tests.
pub(super) fn role_beside_deployments(name: &str) -> Role {
    let lower = name.to_lowercase();
    let words = words(&lower);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    if has(&TESTS) && !has(&DEPLOYS) { Role::Other } else { role(name) }
}

/// Whether a name has a word for a deployment.
pub(super) fn names_deployment(name: &str) -> bool {
    words(&name.to_lowercase()).iter().any(|word| DEPLOYS.contains(word))
}

/// Whether a name has a word for an environment.
pub(super) fn names_environment(name: &str) -> bool {
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
            assert_eq!(role(name), Role::Stage, "{name}");
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
            assert_eq!(role(name), Role::Other, "{name}");
        }
        for name in ["front", "one", "end-to-end", "integration"] {
            assert_eq!(role(name), Role::Unknown, "{name}");
        }
        assert_eq!(role_beside_deployments("integration"), Role::Other);
        assert_eq!(role_beside_deployments("deploy-integration"), Role::Stage);
    }
}
