//! What the name of a job says of what the job does.

/// Words for what a job does that is no deployment to an environment.
const OTHER: [&str; 48] = [
    "acquire",
    "analyze",
    "audit",
    "build",
    "bump",
    "check",
    "checks",
    "claim",
    "cleanup",
    "compile",
    "coverage",
    "create",
    "docs",
    "e2e",
    "format",
    "lint",
    "linter",
    "lock",
    "merge",
    "notify",
    "package",
    "plan",
    "pr",
    "publish",
    "pull",
    "push",
    "release",
    "rotate",
    "rspec",
    "scan",
    "shellcheck",
    "smoke",
    "spec",
    "specs",
    "tag",
    "test",
    "tests",
    "testing",
    "tidy",
    "trigger",
    "unclaim",
    "unit",
    "units",
    "unlock",
    "validate",
    "verify",
    "version",
    "versions",
];

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
pub(in crate::import) enum Role {
    /// It deploys to an environment.
    Stage,
    /// It tests, builds or publishes.
    Other,
    /// The name does not say.
    Unknown,
}

/// What a job is by its name. A word for a deployment counts most: `deploy-test` deploys, and `test-staging` tests.
pub(in crate::import) fn role(name: &str) -> Role {
    let name = name.to_lowercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    if has(&DEPLOYS) {
        return if matches!(words.as_slice(), [first, ..] if OTHER.contains(first)) {
            Role::Other
        } else {
            Role::Stage
        };
    }
    match (has(&OTHER), has(&ENVIRONMENTS)) {
        (true, _) => Role::Other,
        (false, true) => Role::Stage,
        (false, false) => Role::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_job_says_whether_it_deploys() {
        for name in ["deploy-qa", "qa", "deploy-test", "Production", "terraform-apply-dev", "staging_eu"] {
            assert_eq!(role(name), Role::Stage, "{name}");
        }
        for name in
            ["test", "lint", "unit-tests", "test-staging", "smoke-test-qa", "publish", "build-image", "test-deploy"]
        {
            assert_eq!(role(name), Role::Other, "{name}");
        }
        for name in ["front", "one", "end-to-end"] {
            assert_eq!(role(name), Role::Unknown, "{name}");
        }
    }
}
