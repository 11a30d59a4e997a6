//! Which stages an entry of the fleet's `policy` or `freezes` is for.
//!
//! A stage is found by the name of its environment, by that of its stack, and by what its kind says that it deploys, so that
//! another name for the same environment does not help. In doubt it is meant: an entry that misses a stage is a way around it.

use concourse_pipeline::job_names::{environment, is_one_environment};
use concourse_pipeline::params;
use yaml_source::diagnostic::Diagnostics;
use yaml_source::yaml::Node;

use crate::gates;
use crate::manifest::Name;
use crate::project::Stage;

use super::globs::Globs;

/// The stages that an entry names.
#[derive(Debug)]
pub(crate) struct MeantStages {
    environments: Vec<Name>,
    projects: Globs,
    targets: Globs,
}

/// A stage, and what its kind says that it deploys.
pub(crate) struct Deployed<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) target: Option<&'a str>,
}

impl MeantStages {
    /// The stages that the fields of an entry name. Globs that are none are reported.
    pub(crate) fn of(
        environments: Vec<Name>,
        projects: &[String],
        targets: &[String],
        entry: &Node,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        Self {
            environments,
            projects: Globs::of(projects, entry, "projects", diagnostics),
            targets: Globs::of(targets, entry, "targets", diagnostics),
        }
    }

    /// Whether a stage is one of them by its names alone.
    pub(crate) fn has_named(&self, project: &str, environment: &str, stack: &str) -> bool {
        let is_named = || self.environments.iter().any(|name| is_called(environment, stack, &name.0));
        self.projects.allow(project) && (self.are_all() || is_named())
    }

    /// Whether a stage is one of them. `others` are the stages of its project.
    pub(crate) fn has(&self, stage: &Deployed<'_>, others: &[Deployed<'_>]) -> bool {
        let Stage { project, environment, stack, .. } = stage.stage;
        let is_target = |target: &str| self.targets.fit(target) || self.targets.fit(&gates::plain(target));
        self.has_named(project, environment, stack)
            || self.projects.allow(project)
                && (stage.target.is_some_and(is_target)
                    || self.environments.iter().any(|name| stage.deploys_to(&name.0, others)))
    }

    fn are_all(&self) -> bool {
        self.environments.is_empty() && self.targets.are_all()
    }

    /// The field in which an entry names stages, where it names some.
    pub(crate) fn field(&self) -> Option<&'static str> {
        if !self.environments.is_empty() {
            Some("environments")
        } else if !self.targets.are_all() {
            Some("targets")
        } else if self.projects.are_all() {
            None
        } else {
            Some("projects")
        }
    }
}

impl Deployed<'_> {
    /// Whether what it deploys names an environment. A text that all stages of a project share, such as the path of their
    /// code, tells nothing of a stage whose stack is of another environment, or where another stage is the one that is meant.
    fn deploys_to(&self, wanted: &str, others: &[Deployed<'_>]) -> bool {
        let named = |stage: &Deployed<'_>| stage.target.map_or(Named::Not, |target| Named::of(target, wanted));
        let is_shared = || {
            let is_other = Named::of(&self.stage.stack, wanted) == Named::Other;
            let is_meant = |stage: &Deployed<'_>| is_called(&stage.stage.environment, &stage.stage.stack, wanted);
            others.len() > 1
                && others.iter().all(|other| named(other) != Named::Not)
                && (is_other || others.iter().any(is_meant))
        };
        named(self) == Named::Wanted && !is_shared()
    }
}

/// Whether an environment, or the stack of a stage, is called so.
fn is_called(environment: &str, stack: &str, wanted: &str) -> bool {
    environment.eq_ignore_ascii_case(wanted)
        || [environment, stack].iter().any(|text| Named::of(text, wanted) == Named::Wanted)
}

/// Whether a text names an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    /// As a name of its own, or as a word beside which stands no other environment.
    Wanted,
    /// Another environment stands there, with or without the wanted one: `production-ci`, `QA`.
    Other,
    Not,
}

impl Named {
    fn of(text: &str, wanted: &str) -> Self {
        let is_wanted = |word: &str| is_one_environment(word, wanted);
        if text.split(['.', '/', ',', ':']).flat_map(str::split_whitespace).any(is_wanted) {
            return Self::Wanted;
        }
        let words: Vec<&str> = words(text).collect();
        let is_other = |word: &str| {
            let is_name = environment(word).is_some() && !is_wanted(word);
            is_name || ["pre", "non", "not"].iter().any(|no| word.eq_ignore_ascii_case(no))
        };
        // A name of several words, such as `pre-production`, is these words in a row.
        let of_wanted: Vec<&str> = self::words(wanted).collect();
        let is_row = |row: &[&str]| row.iter().zip(&of_wanted).all(|(word, wanted)| word.eq_ignore_ascii_case(wanted));
        let has_row = !of_wanted.is_empty() && words.windows(of_wanted.len()).any(is_row);
        let is_of_wanted = |word: &&str| of_wanted.iter().any(|known| known.eq_ignore_ascii_case(word));
        if words.iter().filter(|word| !is_of_wanted(word)).any(|word| is_other(word)) {
            Self::Other
        } else if has_row || words.iter().any(|word| is_wanted(word)) {
            Self::Wanted
        } else {
            Self::Not
        }
    }
}

/// The words of a name without numbers: `shopProduction2` has two.
fn words(text: &str) -> impl Iterator<Item = &str> {
    params::words(text).map(|word| word.trim_matches(|c: char| c.is_ascii_digit())).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Named, words};

    #[test]
    fn texts_name_environments_in_many_ways() {
        for text in [
            "Production",
            "PRODUCTION",
            "prod",
            "applications.shop.Production",
            "applications.ci.Production",
            "release shop in namespace production",
            "shop-production",
            "shopProduction",
            "production-live",
            "Production2",
            "shop_prod_eu",
            "eu-prod/ci",
        ] {
            let wanted = if text.starts_with("eu-prod") { Named::Other } else { Named::Wanted };
            assert_eq!(Named::of(text, "Production"), wanted, "{text}");
        }
        for text in ["production-ci", "preview/QA", "pre-production", "production_tools.staging", "qa"] {
            assert_eq!(Named::of(text, "Production"), Named::Other, "{text}");
        }
        for text in ["", "Live", "preproduction", "productions", "reproduction"] {
            assert_eq!(Named::of(text, "Production"), Named::Not, "{text}");
        }
        assert_eq!(Named::of("shop-pre-production", "Pre-Production"), Named::Wanted);
        assert_eq!(Named::of("live", "Live"), Named::Wanted);
        // Two environments before Production are two.
        for other in ["RC", "staging", "shop-uat", "applications.shop.RC"] {
            assert_eq!(Named::of(other, "QA"), Named::Other, "{other}");
        }
        assert_eq!(Named::of("dev", "CI"), Named::Other);
        assert_eq!(Named::of("shop-dev", "Development"), Named::Wanted);
        assert_eq!(Named::of("shop-live-ci", "Live"), Named::Other);
    }

    #[test]
    fn words_stand_between_other_characters_and_before_capital_letters() {
        for (text, wanted) in [
            ("", &[][..]),
            ("shopProduction2", &["shop", "Production"]),
            ("SHOP-elan_b", &["SHOP", "elan", "b"]),
            ("aBcD", &["a", "Bc", "D"]),
            ("2-eu1", &["eu"]),
        ] {
            assert_eq!(words(text).collect::<Vec<_>>(), wanted, "{text}");
        }
    }
}
