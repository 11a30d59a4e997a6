//! What the texts of a step tell of it, whatever its type is.

/// Whether a param says that the step only shows what would change: its value is such a word, or its key is one and it is on.
pub fn shows_only(key: &str, value: &str) -> bool {
    const WORDS: [&str; 6] = ["preview", "plan", "plan_only", "dry_run", "dryrun", "diff"];
    let is_word = |text: &str| WORDS.contains(&text.to_ascii_lowercase().replace('-', "_").as_str());
    is_word(value) || value == "true" && is_word(key)
}

/// Whether a text has a name as words of its own, in whatever case.
pub fn has_words(text: &str, name: &str) -> bool {
    let (text, name) = (text.to_lowercase(), name.to_lowercase());
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    !name.is_empty()
        && text
            .match_indices(&name)
            .any(|(at, _)| !is_word(text[..at].chars().next_back()) && !is_word(text[at + name.len()..].chars().next()))
}

/// What the key of a text says of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The text names what is deployed.
    Target,
    /// It names where that is: several things can be there.
    Location,
    /// It names which of several things is deployed there, or what is done with it.
    Subject,
    /// It tells nothing of what is deployed.
    Other,
}

impl Meaning {
    /// The meaning of a key. `stack_name`, `STACK` and `stackName` have the same words.
    pub fn of(key: &str) -> Self {
        const TARGETS: [&str; 13] = [
            "stack",
            "namespace",
            "workspace",
            "release",
            "environment",
            "env",
            "stage",
            "space",
            "target",
            "context",
            "deployment",
            "state",
            "instance",
        ];
        const LOCATIONS: [&str; 20] = [
            "cluster",
            "account",
            "project",
            "region",
            "tenant",
            "subscription",
            "host",
            "hostname",
            "server",
            "endpoint",
            "url",
            "uri",
            "bucket",
            "prefix",
            "database",
            "domain",
            "zone",
            "org",
            "organization",
            "registry",
        ];
        const SUBJECTS: [&str; 41] = [
            "name",
            "dir",
            "directory",
            "path",
            "folder",
            "file",
            "chart",
            "app",
            "application",
            "service",
            "component",
            "module",
            "function",
            "job",
            "site",
            "repository",
            "repo",
            "package",
            "playbook",
            "role",
            "script",
            "command",
            "cmd",
            "run",
            "args",
            "arguments",
            "commands",
            "kubectl",
            "manifest",
            "manifests",
            "files",
            "paths",
            "action",
            "phase",
            "task",
            "step",
            "mode",
            "operation",
            "goal",
            "suite",
            "test",
        ];
        // A file of variables says nothing of where they are used.
        const VARIABLES: [&str; 6] = ["var", "vars", "variables", "values", "tfvars", "parameters"];
        const FILES: [&str; 6] = ["file", "files", "path", "paths", "dir", "directory"];
        let words = words(key);
        let has = |meant: &[&str]| words.clone().any(|word| meant.iter().any(|known| word.eq_ignore_ascii_case(known)));
        if has(&VARIABLES) && has(&FILES) {
            Self::Other
        } else if has(&LOCATIONS) {
            Self::Location
        } else if has(&TARGETS) {
            Self::Target
        } else if has(&SUBJECTS) {
            Self::Subject
        } else {
            Self::Other
        }
    }
}

/// Whether the key of a text says that the text is a path.
pub fn is_path(key: &str) -> bool {
    const PATHS: [&str; 12] = [
        "dir",
        "directory",
        "path",
        "paths",
        "folder",
        "file",
        "files",
        "chart",
        "module",
        "source",
        "src",
        "manifests",
    ];
    words(key).any(|word| PATHS.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

/// The words of a key or a name. `stackName` has two.
pub fn words(key: &str) -> impl Iterator<Item = &str> + Clone {
    let is_between = |c: char| !c.is_ascii_alphanumeric();
    key.split(is_between).flat_map(|part| {
        let mut rest = part;
        std::iter::from_fn(move || {
            let starts = rest
                .as_bytes()
                .windows(2)
                .position(|pair| !pair[0].is_ascii_uppercase() && pair[1].is_ascii_uppercase());
            let (word, after) = rest.split_at(starts.map_or(rest.len(), |at| at + 1));
            rest = after;
            (!word.is_empty()).then_some(word)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{Meaning, has_words, shows_only};

    #[test]
    fn word_stands_alone_in_whatever_case() {
        for text in ["Production", "eu.production", "stack PRODUCTION of shop", "shop_production"] {
            assert!(has_words(text, "Production"), "{text}");
        }
        for text in ["preproduction", "productions", "", "produktion"] {
            assert!(!has_words(text, "Production"), "{text}");
        }
        assert!(!has_words("anything", ""));
    }

    #[test]
    fn keys_name_targets_places_and_subjects() {
        for (meaning, keys) in [
            (Meaning::Target, ["stack_name", "STACK", "stackName", "Namespace", "DEPLOY_ENV"]),
            (Meaning::Location, ["project_name", "CLUSTER", "targetHost", "aws.region", "kubeUrl"]),
            (Meaning::Subject, ["source_dir", "APP", "action", "SCRIPT", "serviceName"]),
            (Meaning::Other, ["LOG_LEVEL", "IMAGE_TAG", "VAR_FILES", "", "values_file"]),
        ] {
            for key in keys {
                assert_eq!(Meaning::of(key), meaning, "{key}");
            }
        }
    }

    #[test]
    fn params_that_only_show() {
        for (key, value) in [("action", "preview"), ("dry-run", "true"), ("Plan_Only", "true"), ("mode", "DIFF")] {
            assert!(shows_only(key, value), "{key}: {value}");
        }
        for (key, value) in [("action", "update"), ("preview", "false"), ("dry_run", ""), ("plan", "a.yml")] {
            assert!(!shows_only(key, value), "{key}: {value}");
        }
    }

    #[test]
    fn names_are_words_of_their_own() {
        for (text, name) in [("shop-QA", "qa"), ("a.b-c", "b-c"), ("values.production.yml", "Production"), ("QA", "qa")]
        {
            assert!(has_words(text, name), "{text} {name}");
        }
        for (text, name) in [("shopqa", "qa"), ("a.b-cd", "b-c"), ("", "qa"), ("qa", ""), ("éqa", "qa")] {
            assert!(!has_words(text, name), "{text} {name}");
        }
    }
}
